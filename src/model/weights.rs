//! The numbers of a model: `model.safetensors` → named tensors of finite `f32` → the parts of a network.

use super::config::Config;
use super::error::ModelError;
use super::files::{ModelFiles, WEIGHTS};
use candle_core::{DType, Device, Tensor};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::BTreeMap;

/// Prefixes that Hugging Face puts before the names of an encoder inside a task.
const PREFIXES: [&str; 2] = ["bert.", "roberta."];

/// Parts of other tasks, saved with the encoder and of no use here.
const SPARE: [&str; 4] = ["pooler.", "cls.", "lm_head.", "embeddings.position_ids"];

/// Tensors not yet taken, by name without prefix; values row-major.
pub(super) struct Weights {
    file: String,
    tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

/// A product with a matrix, and an addition: `out = weight · in + bias`.
#[derive(Clone, Debug)]
pub struct Linear {
    /// Rows of `inputs` numbers, one row an output.
    pub weight: Vec<f32>,
    /// One number an output.
    pub bias: Vec<f32>,
    /// Length of the input.
    pub inputs: usize,
}

/// Scale and shift of a layer normalisation.
#[derive(Clone, Debug)]
pub struct Norm {
    /// One factor a number of the hidden state.
    pub weight: Vec<f32>,
    /// One addend a number of the hidden state.
    pub bias: Vec<f32>,
}

/// One transformer layer (post-norm): attention, then feed-forward.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Hidden → queries of all heads.
    pub query: Linear,
    /// Hidden → keys of all heads.
    pub key: Linear,
    /// Hidden → values of all heads.
    pub value: Linear,
    /// Heads → hidden.
    pub attention: Linear,
    /// After the attention and its residual.
    pub attention_norm: Norm,
    /// Hidden → intermediate, before erf-GELU.
    pub expand: Linear,
    /// Intermediate → hidden.
    pub contract: Linear,
    /// After the feed-forward and its residual.
    pub norm: Norm,
}

/// All numbers of an encoder, checked against `config.json`: what every implementation of [`super::Encoder`] is built of.
#[derive(Clone, Debug)]
pub struct Parameters {
    /// Row of a token id, `hidden` numbers each.
    pub words: Vec<f32>,
    /// Row of a place in the sequence, from 0: its position, with the embedding of token type 0 added.
    pub places: Vec<f32>,
    /// After the sum of embeddings.
    pub norm: Norm,
    /// From the first to the last.
    pub layers: Vec<Layer>,
}

impl Weights {
    /// Reads all tensors, converts them to `f32`, and refuses any number that is not finite.
    pub fn read(files: &ModelFiles) -> Result<Self, ModelError> {
        let file = files.path(WEIGHTS);
        let archive =
            SafeTensors::deserialize(files.require(WEIGHTS)?).map_err(|e| ModelError::Malformed {
                file: file.clone(),
                expected: "a whole file of safetensors",
                found: e.to_string(),
            })?;
        let mut tensors = BTreeMap::new();
        for (name, view) in archive.iter() {
            let short = PREFIXES.iter().find_map(|p| name.strip_prefix(p)).unwrap_or(name);
            if SPARE.iter().any(|spare| short.starts_with(spare)) {
                continue;
            }
            let values = values(&file, name, &view)?;
            tensors.insert(short.to_string(), (view.shape().to_vec(), values));
        }
        Ok(Self { file, tensors })
    }

    /// True when a tensor of this name is left.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Takes a head, `name.weight` and `name.bias`, with one row a label.
    pub fn head(&mut self, name: &str, labels: usize, inputs: usize) -> Result<Linear, ModelError> {
        let rows = self.tensors.get(&format!("{name}.weight")).and_then(|(shape, _)| shape.first().copied());
        match rows {
            Some(found) if found != labels => Err(ModelError::Labels {
                file: self.file.clone(),
                head: name.to_string(),
                expected: labels,
                found,
            }),
            _ => self.linear(name, labels, inputs),
        }
    }

    /// Takes a tensor of a known shape.
    pub fn take(&mut self, name: &str, expected: &[usize]) -> Result<Vec<f32>, ModelError> {
        let (file, tensor, expected) = (self.file.clone(), name.to_string(), expected.to_vec());
        match self.tensors.remove(name) {
            None => Err(ModelError::NoTensor { file, tensor, expected }),
            Some((found, _)) if found != expected => Err(ModelError::Shape { file, tensor, expected, found }),
            Some((_, values)) => Ok(values),
        }
    }

    fn linear(&mut self, name: &str, outputs: usize, inputs: usize) -> Result<Linear, ModelError> {
        let weight = self.take(&format!("{name}.weight"), &[outputs, inputs])?;
        Ok(Linear { weight, bias: self.take(&format!("{name}.bias"), &[outputs])?, inputs })
    }

    fn norm(&mut self, name: &str, hidden: usize) -> Result<Norm, ModelError> {
        let weight = self.take(&format!("{name}.weight"), &[hidden])?;
        Ok(Norm { weight, bias: self.take(&format!("{name}.bias"), &[hidden])? })
    }

    /// Takes everything that an encoder is made of.
    pub fn parameters(&mut self, config: &Config) -> Result<Parameters, ModelError> {
        let hidden = config.hidden;
        let words = self.take("embeddings.word_embeddings.weight", &[config.vocabulary, hidden])?;
        let positions = self.take("embeddings.position_embeddings.weight", &[config.positions, hidden])?;
        let types = self.take("embeddings.token_type_embeddings.weight", &[config.types, hidden])?;
        let used = positions.get(config.first_position * hidden..).unwrap_or_default();
        let places = used.iter().zip(types[..hidden].iter().cycle()).map(|(p, t)| p + t).collect();
        let norm = self.norm("embeddings.LayerNorm", hidden)?;
        let layers = (0..config.layers).map(|i| self.layer(i, config)).collect::<Result<_, _>>()?;
        Ok(Parameters { words, places, norm, layers })
    }

    fn layer(&mut self, index: usize, config: &Config) -> Result<Layer, ModelError> {
        let (hidden, intermediate) = (config.hidden, config.intermediate);
        let name = |part: &str| format!("encoder.layer.{index}.{part}");
        Ok(Layer {
            query: self.linear(&name("attention.self.query"), hidden, hidden)?,
            key: self.linear(&name("attention.self.key"), hidden, hidden)?,
            value: self.linear(&name("attention.self.value"), hidden, hidden)?,
            attention: self.linear(&name("attention.output.dense"), hidden, hidden)?,
            attention_norm: self.norm(&name("attention.output.LayerNorm"), hidden)?,
            expand: self.linear(&name("intermediate.dense"), intermediate, hidden)?,
            contract: self.linear(&name("output.dense"), hidden, intermediate)?,
            norm: self.norm(&name("output.LayerNorm"), hidden)?,
        })
    }

    /// Refuses what is left: a network of other parts would run, and answer something else.
    pub fn finish(self) -> Result<(), ModelError> {
        match self.tensors.into_iter().next() {
            None => Ok(()),
            Some((tensor, (found, _))) => Err(ModelError::SpareTensor { file: self.file, tensor, found }),
        }
    }
}

impl Parameters {
    /// Sums of word and place for each token, `hidden` numbers each, before the normalisation.
    ///
    /// # Errors
    /// More tokens than places, or an id without a row. `sequence` is the place in the batch, for the message.
    pub fn embed(&self, sequence: usize, ids: &[u32], hidden: usize) -> Result<Vec<f32>, ModelError> {
        let limit = self.places.len() / hidden;
        if ids.len() > limit {
            return Err(ModelError::TooLong { sequence, limit, found: ids.len() });
        }
        let mut out = Vec::with_capacity(ids.len() * hidden);
        for (&id, place) in ids.iter().zip(self.places.chunks_exact(hidden)) {
            let rows = self.words.len() / hidden;
            let row = self.words.chunks_exact(hidden).nth(id as usize);
            let row = row.ok_or(ModelError::NoRow { sequence, rows, found: id })?;
            out.extend(row.iter().zip(place).map(|(w, p)| w + p));
        }
        Ok(out)
    }
}

fn values(file: &str, name: &str, view: &TensorView<'_>) -> Result<Vec<f32>, ModelError> {
    let (file, tensor) = (file.to_string(), name.to_string());
    let kind = match view.dtype() {
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::BF16,
        Dtype::F32 => DType::F32,
        other => return Err(ModelError::Type { file, tensor, found: format!("{other:?}") }),
    };
    let raw = Tensor::from_raw_buffer(view.data(), kind, view.shape(), &Device::Cpu)?;
    let values: Vec<f32> = raw.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(values),
        Some(index) => Err(ModelError::WeightNotFinite { file, tensor, index, found: values[index] }),
    }
}
