//! The files of one lexicon, from a directory, a bare list, or the copy shipped in the program.

use super::manifest::{BARE_SOURCE, Kind};
use super::problem::Problem;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// The files that a lexicon may hold; others are left alone.
const FILES: [&str; 13] = [
    "manifest.toml",
    "terms.tsv",
    "cases.toml",
    "groups.tsv",
    "support.toml",
    "patterns.toml",
    "codes.tsv",
    "synonyms.tsv",
    "confusions.tsv",
    "inflection.tsv",
    "conjugation.tsv",
    "verbs.tsv",
    "edsnlp_labels.tsv",
];

/// The files of one lexicon, read whole.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Name of the folder.
    pub name: String,
    /// Where it was read, for messages.
    pub origin: String,
    files: BTreeMap<String, String>,
    /// Rows that sites lay over `terms.tsv`: name of their file, text.
    overlays: Vec<(String, String)>,
}

impl Folder {
    /// A folder whose files are given as text.
    pub fn from_files<'a>(
        name: &str,
        origin: &str,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let files = files.into_iter().map(|(file, text)| (file.to_string(), text.to_string())).collect();
        Self { name: name.to_string(), origin: origin.to_string(), files, overlays: Vec::new() }
    }

    /// Reads a directory, or a bare list of `code<TAB>term` lines, which becomes a lexicon for trials.
    ///
    /// # Errors
    /// A path that is neither, or a file that cannot be read or is not UTF-8.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let origin = path.display().to_string();
        let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_file() && path.extension().is_some_and(|e| e == "tsv") {
            return Ok(bare_list(&stem, &origin, &read_text(path)?));
        }
        if !path.is_dir() {
            return Err(Problem::of(
                &origin,
                "no such lexicon: give a folder with manifest.toml, terms.tsv and cases.toml, or a .tsv list of code<TAB>term",
            ));
        }
        let name = path.canonicalize().ok().and_then(|p| Some(p.file_name()?.to_string_lossy().into_owned()));
        let mut files = BTreeMap::new();
        for file in FILES {
            let path = path.join(file);
            if path.exists() {
                files.insert(file.to_string(), read_text(&path)?);
            }
        }
        for file in descriptions_of(path) {
            files.insert(file.clone(), read_text(&path.join(&file))?);
        }
        let folder = Self { name: name.unwrap_or(stem), origin, files, overlays: Vec::new() };
        if is_overlay(&folder) { folder.with_tables(path) } else { Ok(folder) }
    }

    /// This overlay with the tables that its directory holds, one for each lexicon it is laid over.
    fn with_tables(mut self, path: &Path) -> Result<Self, Problem> {
        let unreadable = |e: std::io::Error| Problem::of(&self.origin, format!("cannot be read: {e}"));
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|e| e == "tsv")
                && let Some(name) = path.file_name().map(|n| n.to_string_lossy().into_owned())
            {
                self.files.insert(name, read_text(&path)?);
            }
        }
        Ok(self)
    }

    /// The tables of an overlay: the id of the lexicon each is laid over, its file for messages, its text.
    pub(super) fn tables(&self) -> impl Iterator<Item = (&str, String, &str)> {
        let tables = self.files.iter().filter_map(|(name, text)| Some((name.strip_suffix(".tsv")?, text)));
        tables.map(|(id, text)| (id, self.path(&format!("{id}.tsv")), text.as_str()))
    }

    /// Lays the rows of a text over `terms.tsv`.
    pub(super) fn add_overlay(&mut self, file: &str, text: &str) {
        self.overlays.push((file.to_string(), text.to_string()));
    }

    /// Rows to be laid over `terms.tsv`: file, text.
    pub(super) fn overlays(&self) -> impl Iterator<Item = (&str, &str)> {
        self.overlays.iter().map(|(file, text)| (file.as_str(), text.as_str()))
    }

    /// The text of a file, or `None` when the folder has none of that name.
    pub fn get(&self, file: &str) -> Option<&str> {
        self.files.get(file).map(String::as_str)
    }

    /// Names and texts of the files of described findings, by name.
    pub(super) fn descriptions(&self) -> impl Iterator<Item = (&str, &str)> {
        let of_descriptions = self.files.iter().filter(|(name, _)| is_of_descriptions(name));
        of_descriptions.map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// The text of a file that must be there.
    pub(super) fn require(&self, file: &str) -> Result<&str, Problem> {
        self.get(file).ok_or_else(|| Problem::of(&self.path(file), "file is missing; every lexicon has one"))
    }

    /// The path of a file, for messages.
    pub fn path(&self, file: &str) -> String {
        if self.origin.ends_with(".tsv") { self.origin.clone() } else { format!("{}/{file}", self.origin) }
    }

    /// Everything in the folder, as JSON.
    pub fn packed(&self) -> String {
        let overlays: Vec<_> =
            self.overlays.iter().map(|(file, text)| serde_json::json!([file, text])).collect();
        serde_json::json!({ "name": self.name, "origin": self.origin, "files": self.files, "overlays": overlays })
            .to_string()
    }

    /// A folder from what [`Folder::packed`] gave.
    pub fn unpacked(text: &str) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct Packed {
            name: String,
            origin: String,
            files: BTreeMap<String, String>,
            overlays: Vec<(String, String)>,
        }
        let Packed { name, origin, files, overlays } = serde_json::from_str(text).ok()?;
        Some(Self { name, origin, files, overlays })
    }

    /// Names and texts of the files.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// SHA-256 of the names and contents of all files.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for (name, text) in &self.files {
            for part in [name, text] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part.as_bytes());
            }
        }
        hash.finalize().into()
    }
}

/// The files of described findings of a directory: `descriptions.toml`, `descriptions-heart.toml`.
fn descriptions_of(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| is_of_descriptions(name)).collect()
}

fn is_of_descriptions(name: &str) -> bool {
    name.strip_prefix("descriptions")
        .and_then(|rest| rest.strip_suffix(".toml"))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// True when the manifest says so; a manifest that cannot be read is told later.
fn is_overlay(folder: &Folder) -> bool {
    let manifest = folder.get("manifest.toml").and_then(|text| text.parse::<toml::Table>().ok());
    manifest.is_some_and(|m| m.get("kind").and_then(toml::Value::as_str) == Some(Kind::Overlay.as_str()))
}

fn read_text(path: &Path) -> Result<String, Problem> {
    let origin = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|e| Problem::of(&origin, format!("cannot be read: {e}")))?;
    String::from_utf8(bytes).map_err(|e| {
        let line = 1 + e.as_bytes()[..e.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count();
        Problem::at(&origin, line, "not UTF-8; save the file as UTF-8")
    })
}

/// Gives a bare list the files of a lexicon. Its licence is unknown, which is said in every listing.
fn bare_list(stem: &str, origin: &str, text: &str) -> Folder {
    let id: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let manifest = format!(
        "id = \"{id}\"\nkind = \"concepts\"\ntitle = \"Bare list\"\nversion = \"0\"\nlicence = \"unknown (bare list)\"\n\
         source = \"{BARE_SOURCE}\"\n"
    );
    let terms = format!("concept\tterm\n{text}");
    Folder::from_files(
        &id,
        origin,
        [("manifest.toml", manifest.as_str()), ("terms.tsv", &terms), ("cases.toml", "")],
    )
}
