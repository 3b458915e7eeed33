//! The transformer: a model's files, checked → text to pieces, pieces to hidden states, hidden states to decisions.
//!
//! A model is a folder with `config.json`, `tokenizer.json` and `model.safetensors`, as Hugging Face saves it, and our
//! `manifest.toml`, which may be absent from a site's own. Everything is read whole and checked before anything is
//! computed: a model that loads can only fail on a sequence that is too long.

mod candle;
mod config;
mod encoder;
mod error;
mod files;
mod fused;
mod heads;
mod manifest;
mod shipped;
mod steps;
mod tokenizer;
mod weights;

pub use config::Config;
pub use encoder::{ENCODERS, Encoder};
pub use error::ModelError;
pub use files::ModelFiles;
pub use fused::{Fused, Instructions};
pub use heads::{Dense, Head, Heads, Link, argmax, marked, softmax};
pub use manifest::{Architecture, DenseLayer, HeadLabels, Manifest, Measured, Stated};
pub use shipped::shipped;
pub use tokenizer::{Piece, Tokenizer};
pub use weights::{Layer, Linear, Norm, Parameters};

use config::value;
use std::path::Path;
use weights::Weights;

/// Hexadecimal digits of the hash that are written in provenance.
const HASH_DIGITS: usize = 12;

/// A model in memory, ready to be asked by many threads.
pub struct Model {
    id: String,
    version: String,
    hash: String,
    manifest: Option<Manifest>,
    config: Config,
    max_length: usize,
    tokenizer: Tokenizer,
    encoder: Box<dyn Encoder>,
    heads: Heads,
}

impl Model {
    /// The shipped model of this name, else the model in this folder.
    ///
    /// # Errors
    /// No such model, or any fault of its files: see [`ModelError`].
    pub fn load(name_or_dir: &str) -> Result<Self, ModelError> {
        Self::from_files(&find(name_or_dir)?, None)
    }

    /// A model of these files, with the named encoder of [`ENCODERS`], or the fastest for this processor.
    ///
    /// # Errors
    /// Any fault of the files: see [`ModelError`].
    pub fn from_files(files: &ModelFiles, encoder: Option<&str>) -> Result<Self, ModelError> {
        let manifest = Manifest::read(files)?;
        let hash = match &manifest {
            Some(manifest) => manifest.check_files(files)?,
            None => hash_of(files),
        };
        let config = Config::read(files)?;
        let max_length = max_length(files, manifest.as_ref(), &config)?;
        let tokenizer = Tokenizer::read(files, config.vocabulary)?;
        let mut weights = Weights::read(files)?;
        let parameters = weights.parameters(&config)?;
        let heads = match &manifest {
            Some(manifest) => Heads::stated(files, &manifest.heads, &mut weights, config.hidden)?,
            None => Heads::classifier(files, &config, &mut weights)?,
        };
        weights.finish()?;
        let encoder = encoder::build(encoder, &config, parameters)?;
        let id = manifest.as_ref().map_or_else(|| plain_id(&files.name), |m| m.id.clone());
        let version = manifest.as_ref().map_or_else(|| UNSTATED.to_string(), |m| m.version.clone());
        Ok(Self { id, version, hash, manifest, config, max_length, tokenizer, encoder, heads })
    }

    /// `id@version+hash`, the form written in provenance; the hash is cut to 12 hexadecimal digits.
    pub fn id_and_hash(&self) -> String {
        format!("{}@{}+{}", self.id, self.version, &self.hash[..HASH_DIGITS])
    }

    /// What the model says of itself; `None` for a folder of Hugging Face.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    /// Sizes of the network.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Most tokens of a sequence, special tokens counted.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// How text becomes pieces.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The pieces of a text, with byte offsets in it, without special tokens.
    ///
    /// # Errors
    /// A vocabulary without a token for unknown characters meets one.
    pub fn pieces(&self, text: &str) -> Result<Vec<Piece>, ModelError> {
        self.tokenizer.encode(text)
    }

    /// Pieces → hidden states.
    pub fn encoder(&self) -> &dyn Encoder {
        self.encoder.as_ref()
    }

    /// Hidden states → decisions.
    pub fn heads(&self) -> &Heads {
        &self.heads
    }

    /// Weight of a fact, or of `bias`, in the decision to ask; 0 where the manifest has none.
    pub fn gate(&self, fact: &str) -> f64 {
        self.manifest.as_ref().and_then(|m| m.gate.get(fact)).copied().unwrap_or_default()
    }

    /// A temperature or threshold of the manifest.
    pub fn calibration(&self, name: &str) -> Option<f32> {
        self.manifest.as_ref()?.calibration.get(name).map(|&number| number as f32)
    }
}

/// Version of a model that states none.
const UNSTATED: &str = "0";

/// The files of the shipped model of this name, else of this folder.
///
/// # Errors
/// Neither exists; a file cannot be read.
pub fn find(name_or_dir: &str) -> Result<ModelFiles, ModelError> {
    let shipped = shipped();
    if let Some(files) = shipped.iter().find(|files| files.name == name_or_dir) {
        return Ok(files.clone());
    }
    if !Path::new(name_or_dir).is_dir() {
        let names: Vec<&str> = shipped.iter().map(|files| files.name.as_str()).collect();
        let known =
            if names.is_empty() { "a shipped name (there is none)".to_string() } else { names.join(", ") };
        return Err(ModelError::NoModel { name: name_or_dir.to_string(), known });
    }
    ModelFiles::read(Path::new(name_or_dir))
}

fn hash_of(files: &ModelFiles) -> String {
    let hashes: Vec<(&str, String)> =
        files.iter().map(|(name, bytes)| (name, files::sha256(bytes))).collect();
    files::model_hash(hashes.iter().map(|(name, hash)| (*name, hash.as_str())))
}

/// The manifest's limit, which must fit the network, and its architecture, which must be that of `config.json`.
fn max_length(files: &ModelFiles, manifest: Option<&Manifest>, config: &Config) -> Result<usize, ModelError> {
    let (longest, file) = (config.longest(), files.path(files::MANIFEST));
    let Some(manifest) = manifest else { return Ok(longest) };
    if manifest.architecture != config.architecture {
        let (expected, found) = (config.architecture.as_str(), manifest.architecture.as_str());
        return Err(value(&file, "architecture", expected, found, "write the model_type of config.json"));
    }
    if manifest.max_length < 3 || manifest.max_length > longest {
        let (expected, found) =
            (format!("3 to {longest} (positions of the network)"), manifest.max_length.to_string());
        return Err(value(&file, "max_length", &expected, &found, "write the length it was trained with"));
    }
    Ok(manifest.max_length)
}

/// A name fit for provenance, of the name of a folder.
fn plain_id(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(plain).collect()
}
