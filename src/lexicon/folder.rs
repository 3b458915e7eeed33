//! The files of one lexicon, from a directory, a bare list, or the copy shipped in the program.

use super::manifest::BARE_SOURCE;
use super::problem::Problem;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// The files that a lexicon may hold; others are left alone.
const FILES: [&str; 10] = [
    "manifest.toml",
    "terms.tsv",
    "cases.toml",
    "groups.tsv",
    "support.toml",
    "patterns.toml",
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
}

impl Folder {
    /// A folder whose files are given as text.
    pub fn from_files<'a>(
        name: &str,
        origin: &str,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let files = files.into_iter().map(|(file, text)| (file.to_string(), text.to_string())).collect();
        Self { name: name.to_string(), origin: origin.to_string(), files }
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
        Ok(Self { name: name.unwrap_or(stem), origin, files })
    }

    /// The text of a file, or `None` when the folder has none of that name.
    pub fn get(&self, file: &str) -> Option<&str> {
        self.files.get(file).map(String::as_str)
    }

    /// The text of a file that must be there.
    pub(super) fn require(&self, file: &str) -> Result<&str, Problem> {
        self.get(file).ok_or_else(|| Problem::of(&self.path(file), "file is missing; every lexicon has one"))
    }

    /// The path of a file, for messages.
    pub fn path(&self, file: &str) -> String {
        if self.origin.ends_with(".tsv") { self.origin.clone() } else { format!("{}/{file}", self.origin) }
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
