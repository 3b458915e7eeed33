//! The definitions at hand: those shipped, those of a folder, and families made from a table.

use super::definition::Definition;
use super::plan::Source;
use super::shipped;
use crate::problem::Problem;
use sha2::{Digest, Sha256};
use std::path::Path;

/// A definition longer than this was not written by a person.
const LONGEST: usize = 512 << 10;

/// A definition with the text it was read from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// File, for messages; a member of a family names the family's.
    pub file: String,
    /// TOML.
    pub text: String,
    /// First 12 hexadecimal digits of the hash of the text.
    pub version: String,
    /// As read.
    pub definition: Definition,
}

impl Loaded {
    /// Reads a definition.
    ///
    /// # Errors
    /// Not TOML, or not a definition: file and line.
    pub fn read(file: &str, text: &str) -> Result<Self, Problem> {
        if text.len() > LONGEST {
            return Err(Problem::of(
                file,
                format!("longer than {} KiB; split the definition", LONGEST >> 10),
            ));
        }
        let definition = toml::from_str(text).map_err(|error: toml::de::Error| {
            let at = error.span().unwrap_or(0..0);
            Source { file, text }.problem(at, error.message())
        })?;
        let hash = Sha256::digest(text.as_bytes());
        let version = crate::event::hex(&hash[..6]);
        Ok(Self { file: file.to_string(), text: text.to_string(), version, definition })
    }

    /// Name of the definition.
    pub fn id(&self) -> &str {
        self.definition.id.get_ref()
    }

    /// Where it was read, for problems.
    pub fn source(&self) -> Source<'_> {
        Source { file: &self.file, text: &self.text }
    }
}

/// Every shipped definition, in the order of ids.
///
/// # Errors
/// The faults of the shipped files.
pub fn shipped_definitions() -> Result<Vec<Loaded>, Vec<Problem>> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for (file, text) in shipped::FILES {
        keep(Loaded::read(file, text), &mut found, &mut problems);
    }
    for family in shipped::FAMILIES {
        match super::family::members(family.template_file, family.template, family.table_file, family.table) {
            Ok(members) => members.into_iter().for_each(|(file, text)| {
                let known = found
                    .iter()
                    .any(|loaded: &Loaded| text.starts_with(&format!("id = \"{}\"\n", loaded.id())));
                if !known {
                    keep(Loaded::read(&file, &text), &mut found, &mut problems);
                }
            }),
            Err(problem) => problems.push(problem),
        }
    }
    found.sort_by(|a, b| a.id().cmp(b.id()));
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

fn keep(read: Result<Loaded, Problem>, found: &mut Vec<Loaded>, problems: &mut Vec<Problem>) {
    match read {
        Ok(loaded) => found.push(loaded),
        Err(problem) => problems.push(problem),
    }
}

/// The definitions of a file or of every `.toml` file of a folder, in the order of names.
///
/// # Errors
/// What cannot be read, with file and line.
pub fn definitions_at(path: &Path) -> Result<Vec<Loaded>, Vec<Problem>> {
    let shown = path.display().to_string();
    let files = if path.is_dir() {
        let entries =
            std::fs::read_dir(path).map_err(|error| vec![Problem::of(&shown, error.to_string())])?;
        let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
        files.sort();
        files
    } else {
        vec![path.to_path_buf()]
    };
    if files.is_empty() {
        return Err(vec![Problem::of(
            &shown,
            "no .toml file in this folder; a definition is one .toml file",
        )]);
    }
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for file in files {
        let shown = file.display().to_string();
        let read = read_file(&file, &shown).and_then(|text| Loaded::read(&shown, &text));
        keep(read, &mut found, &mut problems);
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// Reads no more than a definition may hold: a path may name something endless.
fn read_file(path: &Path, shown: &str) -> Result<String, Problem> {
    use std::io::Read;
    let problem = |error: std::io::Error| Problem::of(shown, format!("cannot be read: {error}"));
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(problem)?;
    file.take(LONGEST as u64 + 1).read_to_end(&mut bytes).map_err(problem)?;
    String::from_utf8(bytes).map_err(|_| Problem::of(shown, "not UTF-8; save the file as UTF-8"))
}
