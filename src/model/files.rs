//! The files of one model: read whole from a folder, or embedded in the program; never mapped.

use super::error::ModelError;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// Where the model says what it is; absent from folders of Hugging Face.
pub(super) const MANIFEST: &str = "manifest.toml";
/// Sizes of the network.
pub(super) const CONFIG: &str = "config.json";
/// How text becomes pieces.
pub(super) const TOKENIZER: &str = "tokenizer.json";
/// The numbers.
pub(super) const WEIGHTS: &str = "model.safetensors";
/// The model card; it decides nothing, so it is no part of the model's hash.
const CARD: &str = "README.md";

/// The files that are read, with the most bytes of each; others in the folder are left alone.
const FILES: [(&str, u64); 5] =
    [(MANIFEST, 1 << 20), (CONFIG, 1 << 20), (TOKENIZER, 64 << 20), (WEIGHTS, 4 << 30), (CARD, 1 << 20)];

/// The files of a model: name → bytes.
#[derive(Clone, Debug)]
pub struct ModelFiles {
    /// Name of the folder.
    pub name: String,
    origin: String,
    files: BTreeMap<String, Cow<'static, [u8]>>,
}

impl ModelFiles {
    /// Files embedded in the program.
    pub fn embedded(name: &str, files: &[(&str, &'static [u8])]) -> Self {
        let files = files.iter().map(|&(file, bytes)| (file.to_string(), Cow::Borrowed(bytes))).collect();
        Self { name: name.to_string(), origin: format!("models/{name}"), files }
    }

    /// Reads the files of a folder whole.
    ///
    /// # Errors
    /// A path that is no folder, a file that cannot be read or that is larger than its kind may be.
    pub fn read(folder: &Path) -> Result<Self, ModelError> {
        let origin = folder.display().to_string();
        let name =
            folder.canonicalize().ok().and_then(|p| Some(p.file_name()?.to_string_lossy().into_owned()));
        let mut files = BTreeMap::new();
        for (file, limit) in FILES {
            if folder.join(file).exists() {
                files.insert(file.to_string(), Cow::Owned(read_whole(&folder.join(file), limit)?));
            }
        }
        Ok(Self { name: name.unwrap_or_else(|| origin.clone()), origin, files })
    }

    /// The bytes of a file, or `None` when the model has none of that name.
    pub fn get(&self, file: &str) -> Option<&[u8]> {
        self.files.get(file).map(AsRef::as_ref)
    }

    /// The bytes of a file that must be there.
    pub(super) fn require(&self, file: &str) -> Result<&[u8], ModelError> {
        self.get(file).ok_or_else(|| ModelError::NoFile { file: self.path(file) })
    }

    /// The path of a file, for messages.
    pub fn path(&self, file: &str) -> String {
        format!("{}/{file}", self.origin)
    }

    /// Names and bytes, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_ref()))
    }

    /// Bytes of all files together.
    pub fn size(&self) -> u64 {
        self.files.values().map(|bytes| bytes.len() as u64).sum()
    }
}

/// SHA-256 in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hash of a model: of the names and hashes of the files that decide what it answers.
pub(super) fn model_hash<'a>(hashes: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let deciding = hashes.into_iter().filter(|(name, _)| *name != CARD);
    let listing: String = deciding.map(|(name, hash)| format!("{hash}  {name}\n")).collect();
    sha256(listing.as_bytes())
}

fn read_whole(path: &Path, limit: u64) -> Result<Vec<u8>, ModelError> {
    let file = path.display().to_string();
    let unreadable = |e: std::io::Error| ModelError::Unreadable { file: file.clone(), why: e.to_string() };
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(path).map_err(unreadable)?;
    opened.take(limit + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(ModelError::TooLarge { file, limit });
    }
    Ok(bytes)
}
