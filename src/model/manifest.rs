//! `manifest.toml` of a model: what it is, whose it is, what it was trained on, how good it was measured to be.

use super::error::ModelError;
use super::files::{MANIFEST, ModelFiles, model_hash, sha256};
use crate::problem::Problem;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The networks that this program can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// BERT: positions from 0.
    Bert,
    /// XLM-RoBERTa: positions from one past the padding index.
    XlmRoberta,
    /// CamemBERT: as XLM-RoBERTa.
    Camembert,
}

impl Architecture {
    /// The spelling of the manifest and of `model_type` in `config.json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Architecture::Bert => "bert",
            Architecture::XlmRoberta => "xlm-roberta",
            Architecture::Camembert => "camembert",
        }
    }
}

/// `manifest.toml`. Every key is needed unless it says otherwise; unknown keys are refused.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name of the model: lower-case letters, digits and hyphens.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// Version of the weights.
    pub version: String,
    /// SPDX expression or the name of the terms of use.
    pub licence: String,
    /// Where the weights that the training began with come from.
    pub origin: String,
    /// The network.
    pub architecture: Architecture,
    /// Most tokens of a sequence, special tokens counted.
    pub max_length: usize,
    /// What it was trained on.
    pub trained_on: Vec<String>,
    /// What was measured, `[[measured]]`.
    #[serde(default)]
    pub measured: Vec<Measured>,
    /// Name → hash and size, of every file but the manifest.
    pub files: BTreeMap<String, Stated>,
    /// Labels of the heads; a head that is absent here is absent from the weights.
    #[serde(default)]
    pub heads: HeadLabels,
    /// Temperatures and thresholds, by name.
    #[serde(default)]
    pub calibration: BTreeMap<String, f64>,
    /// Weight of each fact, and of `bias`, in the decision to ask: log-odds that the rules are wrong.
    #[serde(default)]
    pub gate: BTreeMap<String, f64>,
}

/// One figure, with where and when it was measured.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// What the figure is of.
    pub what: String,
    /// The figure, with its interval.
    pub figure: String,
    /// On which data, on which machine.
    #[serde(rename = "where")]
    pub place: String,
    /// ISO date.
    pub date: String,
}

/// What a file must be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// Hexadecimal SHA-256.
    pub sha256: String,
    /// Length.
    pub bytes: u64,
}

/// The labels of each head in the order of its rows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadLabels {
    /// Units of the layer between a span and its heads, and the facts that it reads beside the hidden states.
    pub dense: Option<DenseLayer>,
    /// Of a span.
    pub assertion: Option<Vec<String>>,
    /// Of a marked span.
    pub experiencer: Option<Vec<String>>,
    /// Of a marked span.
    pub temporality: Option<Vec<String>>,
    /// Of a token: `O`, `B-…`, `I-…`.
    pub mention: Option<Vec<String>>,
    /// Dimensions of the vector of a span.
    pub link: Option<usize>,
}

/// The layer between a span and its heads.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenseLayer {
    /// Numbers that come out.
    pub units: usize,
    /// Names of the facts that follow the hidden states, each 0 or 1.
    pub facts: Vec<String>,
}

impl Manifest {
    /// Reads the manifest of a model, or `None` when it has none, as folders of Hugging Face.
    pub(super) fn read(files: &ModelFiles) -> Result<Option<Self>, ModelError> {
        let Some(bytes) = files.get(MANIFEST) else { return Ok(None) };
        let path = files.path(MANIFEST);
        let text = std::str::from_utf8(bytes).map_err(|e| {
            let line = 1 + bytes[..e.valid_up_to()].iter().filter(|b| **b == b'\n').count();
            ModelError::Manifest(Problem::at(&path, line, "not UTF-8; save the file as UTF-8"))
        })?;
        let manifest: Manifest =
            toml::from_str(text).map_err(|e| ModelError::Manifest(located(&path, text, &e)))?;
        manifest.check(&path, text)?;
        Ok(Some(manifest))
    }

    fn check(&self, path: &str, text: &str) -> Result<(), ModelError> {
        let refuse = |key: &str, message: String| {
            let line = text.lines().position(|l| l.trim_start().starts_with(key)).map(|i| i + 1);
            Err(ModelError::Manifest(Problem { file: path.to_string(), line, message }))
        };
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.id.is_empty() || !self.id.chars().all(is_name) {
            let found = &self.id;
            return refuse(
                "id",
                format!("id {found:?}: expected lower-case letters, digits and hyphens; rename it"),
            );
        }
        let stated = [
            ("title", &self.title),
            ("version", &self.version),
            ("licence", &self.licence),
            ("origin", &self.origin),
        ];
        if let Some((key, _)) = stated.iter().find(|(_, value)| value.trim().is_empty()) {
            return refuse(key, format!("{key} is empty; say it"));
        }
        if self.version.contains(['@', '+']) || self.version.contains(char::is_whitespace) {
            return refuse("version", format!("version {:?}: expected no space, @ or +", self.version));
        }
        if let Some((key, value)) = self.calibration.iter().find(|(_, value)| !value.is_finite()) {
            return refuse(key, format!("calibration {key}: expected a finite number, found {value}"));
        }
        Ok(())
    }

    /// Holds every file against its stated hash and size; the hash of the model.
    pub(super) fn check_files(&self, files: &ModelFiles) -> Result<String, ModelError> {
        if let Some(name) = self.files.keys().find(|name| files.get(name).is_none()) {
            return Err(ModelError::NoFile { file: files.path(name) });
        }
        let mut hashes = Vec::new();
        for (name, bytes) in files.iter() {
            let found = sha256(bytes);
            if name != MANIFEST {
                let stated = self.files.get(name);
                stated.ok_or_else(|| ModelError::Unlisted { file: files.path(name) })?.check(
                    &files.path(name),
                    bytes,
                    &found,
                )?;
            }
            hashes.push((name, found));
        }
        Ok(model_hash(hashes.iter().map(|(name, hash)| (*name, hash.as_str()))))
    }
}

impl Stated {
    fn check(&self, path: &str, bytes: &[u8], hash: &str) -> Result<(), ModelError> {
        let (file, length) = (path.to_string(), bytes.len() as u64);
        if length != self.bytes {
            return Err(ModelError::Size { file, expected: self.bytes, found: length });
        }
        if hash != self.sha256 {
            return Err(ModelError::Hash { file, expected: self.sha256.clone(), found: hash.to_string() });
        }
        Ok(())
    }
}

/// The problem that a TOML reader found, with its line.
fn located(path: &str, text: &str, error: &toml::de::Error) -> Problem {
    let lines_before =
        |end: usize| text.as_bytes()[..end.min(text.len())].iter().filter(|b| **b == b'\n').count();
    let line = error.span().map(|span| 1 + lines_before(span.start));
    Problem { file: path.to_string(), line, message: error.message().to_string() }
}
