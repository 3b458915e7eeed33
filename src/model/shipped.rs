//! The models shipped inside the program, so that it runs from any folder.

use super::files::ModelFiles;

/// Embeds the files of a folder under `models/`.
macro_rules! folder {
    ($name:literal: $($file:literal),+) => {
        ($name, &[$(($file, include_bytes!(concat!("../../models/", $name, "/", $file)).as_slice())),+] as &[(&str, &[u8])])
    };
}

/// Name of a folder, and its files by name.
type Embedded = (&'static str, &'static [(&'static str, &'static [u8])]);

/// The first is the default of commands that take a model.
const FOLDERS: &[Embedded] = &[
    folder!("laennec-perinatal": "manifest.toml", "config.json", "tokenizer.json", "model.safetensors", "README.md"),
];

/// The shipped models, the default first.
pub fn shipped() -> Vec<ModelFiles> {
    FOLDERS.iter().map(|(name, files)| ModelFiles::embedded(name, files)).collect()
}
