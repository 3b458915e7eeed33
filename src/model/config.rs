//! `config.json` as Hugging Face writes it: the sizes of the network, and what this program cannot run.

use super::error::ModelError;
use super::files::{CONFIG, ModelFiles};
use super::manifest::Architecture;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The sizes of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The network.
    pub architecture: Architecture,
    /// Numbers of a hidden state.
    pub hidden: usize,
    /// Transformer layers.
    pub layers: usize,
    /// Attention heads of a layer.
    pub heads: usize,
    /// Numbers between the two products of a feed-forward block.
    pub intermediate: usize,
    /// Rows of the table of embeddings.
    pub vocabulary: usize,
    /// Rows of the table of positions.
    pub positions: usize,
    /// Rows of the table of token types.
    pub types: usize,
    /// Added to a variance before its square root.
    pub epsilon: f32,
    /// Position of the first token: 0, or one past the padding index.
    pub first_position: usize,
    /// Names of the classes of a Hugging Face classifier, in order.
    pub labels: Vec<String>,
}

/// The keys that matter; the others of Hugging Face are of training and generation.
#[derive(Deserialize)]
struct Written {
    model_type: String,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    type_vocab_size: Option<usize>,
    layer_norm_eps: Option<f64>,
    hidden_act: Option<String>,
    position_embedding_type: Option<String>,
    pad_token_id: Option<usize>,
    is_decoder: Option<bool>,
    id2label: Option<BTreeMap<String, String>>,
}

/// More than any encoder of text has; a larger number is a fault, and would ask for memory without end.
const MOST: usize = 1 << 24;

impl Config {
    /// Tokens of the longest sequence that there are positions for.
    pub fn longest(&self) -> usize {
        self.positions.saturating_sub(self.first_position)
    }

    /// Numbers of one attention head.
    pub fn head_size(&self) -> usize {
        self.hidden / self.heads
    }

    pub(super) fn read(files: &ModelFiles) -> Result<Self, ModelError> {
        let file = files.path(CONFIG);
        let written: Written =
            serde_json::from_slice(files.require(CONFIG)?).map_err(|e| ModelError::Malformed {
                file: file.clone(),
                expected: "the config.json of a transformer",
                found: e.to_string(),
            })?;
        written.config(&file)
    }
}

impl Written {
    fn config(&self, file: &str) -> Result<Config, ModelError> {
        let architecture = self.architecture(file)?;
        self.check_kind(file)?;
        self.check_sizes(file)?;
        let first_position = match architecture {
            Architecture::Bert => 0,
            Architecture::XlmRoberta | Architecture::Camembert => self.pad_token_id.unwrap_or(1) + 1,
        };
        Ok(Config {
            architecture,
            hidden: self.hidden_size,
            layers: self.num_hidden_layers,
            heads: self.num_attention_heads,
            intermediate: self.intermediate_size,
            vocabulary: self.vocab_size,
            positions: self.max_position_embeddings,
            types: self.type_vocab_size.unwrap_or(2),
            epsilon: self.layer_norm_eps.unwrap_or(1e-12) as f32,
            first_position,
            labels: self.labels(file)?,
        })
    }

    fn architecture(&self, file: &str) -> Result<Architecture, ModelError> {
        let all = [Architecture::Bert, Architecture::XlmRoberta, Architecture::Camembert];
        let known = all.into_iter().find(|a| a.as_str() == self.model_type);
        known.ok_or_else(|| {
            value(
                file,
                "model_type",
                "bert, xlm-roberta or camembert",
                &self.model_type,
                "choose a model of these families",
            )
        })
    }

    /// Variants under the same name whose result would differ quietly.
    fn check_kind(&self, file: &str) -> Result<(), ModelError> {
        let remedy = "this variant is not supported";
        let gelu = self.hidden_act.as_deref().unwrap_or("gelu");
        if gelu != "gelu" {
            return Err(value(file, "hidden_act", "gelu", gelu, remedy));
        }
        let positions = self.position_embedding_type.as_deref().unwrap_or("absolute");
        if positions != "absolute" {
            return Err(value(file, "position_embedding_type", "absolute", positions, remedy));
        }
        if self.is_decoder == Some(true) {
            return Err(value(file, "is_decoder", "false", "true", remedy));
        }
        Ok(())
    }

    fn check_sizes(&self, file: &str) -> Result<(), ModelError> {
        let sizes = [
            ("hidden_size", self.hidden_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("vocab_size", self.vocab_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size.unwrap_or(2)),
        ];
        let remedy = "take the config.json saved with the weights";
        if let Some((key, size)) = sizes.iter().find(|(_, size)| *size == 0 || *size > MOST) {
            return Err(value(file, key, &format!("1 to {MOST}"), &size.to_string(), remedy));
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            let expected = format!("a divisor of hidden_size {}", self.hidden_size);
            return Err(value(
                file,
                "num_attention_heads",
                &expected,
                &self.num_attention_heads.to_string(),
                remedy,
            ));
        }
        if self.pad_token_id.is_some_and(|id| id >= self.vocab_size) {
            let found = self.pad_token_id.unwrap_or_default().to_string();
            return Err(value(file, "pad_token_id", &format!("below {}", self.vocab_size), &found, remedy));
        }
        let epsilon = self.layer_norm_eps.unwrap_or(1e-12);
        if !(epsilon > 0.0 && epsilon < 1.0) {
            return Err(value(file, "layer_norm_eps", "between 0 and 1", &epsilon.to_string(), remedy));
        }
        Ok(())
    }

    /// `id2label` in the order of its numbers, which must be 0, 1, 2 …
    fn labels(&self, file: &str) -> Result<Vec<String>, ModelError> {
        let written = self.id2label.iter().flatten().count();
        let label = |i: usize| self.id2label.as_ref()?.get(&i.to_string()).cloned();
        let labels: Option<Vec<String>> = (0..written).map(label).collect();
        labels.ok_or_else(|| {
            let found = format!("{written} labels with other numbers");
            value(
                file,
                "id2label",
                "labels numbered 0, 1, 2 …",
                &found,
                "save the model again with its labels",
            )
        })
    }
}

/// The refusal of a value of `config.json`.
pub(super) fn value(
    file: &str,
    field: &str,
    expected: &str,
    found: &str,
    remedy: &'static str,
) -> ModelError {
    let [file, field, expected, found] = [file, field, expected, found].map(str::to_string);
    ModelError::Value { file, field, expected, found, remedy }
}
