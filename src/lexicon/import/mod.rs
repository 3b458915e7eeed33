//! Turns a terminology that a site supplies into a lexicon: reads its format, cleans its terms, says what was dropped and why.

mod atih;
mod claml;
mod filter;
mod hpo;
mod input;
mod obo;
mod orphanet;
mod table;
mod umls;
mod write;

pub use filter::{Dropped, Reason, is_word};
pub use table::Mapping;

use super::problem::Problem;
use filter::Kept;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// HPO translation in the babelon format, with synonyms and the graph beside it.
    Hpo,
    /// Orphanet nomenclature, XML or JSON.
    Orphanet,
    /// CIM-10 in ClaML.
    Claml,
    /// `LIBCIM10MULTI.TXT` of the ATIH.
    Atih,
    /// `MRCONSO.RRF` of the UMLS, its French rows.
    Umls,
    /// A table with a mapping of its columns.
    Table,
}

/// What to import.
#[derive(Clone, Debug)]
pub struct Request {
    /// The format.
    pub format: Format,
    /// The files of the terms.
    pub files: Vec<PathBuf>,
    /// HPO: the table of synonyms.
    pub synonyms: Option<PathBuf>,
    /// HPO: the graph, `hp.obo`, with hierarchy and cross references.
    pub graph: Option<PathBuf>,
    /// Table: which column holds what.
    pub mapping: Mapping,
    /// Version of the terminology, where the files do not say it.
    pub version: Option<String>,
    /// Licence, where the format does not imply it.
    pub licence: Option<String>,
}

/// A term as its file gives it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Raw {
    /// Number of its file in `Terminology::files`, and its line there, or its number in a file without lines.
    pub place: (usize, usize),
    /// Code of its concept, as in `CodeRow::code`.
    pub code: String,
    /// The words.
    pub text: String,
    /// It is the concept's label.
    pub is_label: bool,
    /// The file says that it is not French.
    pub is_foreign: bool,
    /// The same in the language of origin, where the file gives it.
    pub original: String,
}

impl Raw {
    /// A French term.
    fn term(place: (usize, usize), code: &str, text: &str, is_label: bool) -> Self {
        let (code, text) = (code.to_string(), text.trim().to_string());
        Self { place, code, text, is_label, is_foreign: false, original: String::new() }
    }
}

/// A code of a system, with its place in the hierarchy.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct CodeRow {
    pub code: String,
    pub parents: Vec<String>,
    pub label: String,
    /// `valid`, `obsolete`, or `group`: a chapter or a block, which codes nothing.
    pub status: &'static str,
}

/// What the files of a terminology hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Terminology {
    /// Code system of the concepts.
    pub system: String,
    pub title: String,
    pub source: String,
    pub licence: String,
    pub version: String,
    pub files: Vec<String>,
    pub terms: Vec<Raw>,
    pub codes: Vec<CodeRow>,
    /// Codes in other systems, `SYSTEM:CODE`, by code.
    pub references: BTreeMap<String, Vec<String>>,
    /// Rows that could not be read.
    pub faults: Vec<Dropped>,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Id of the lexicon.
    pub id: String,
    /// Licence, as written to the manifest.
    pub licence: String,
    /// Concepts with at least one term.
    pub concepts: usize,
    /// Terms kept.
    pub terms: usize,
    /// Of these, terms that were cleaned.
    pub cleaned: usize,
    /// Codes of the hierarchy.
    pub codes: usize,
    /// Rows dropped, by reason.
    pub dropped: BTreeMap<Reason, usize>,
}

/// Imports a terminology into a new folder.
///
/// # Errors
/// A file that cannot be read or is of another format, a folder that is not empty, a disk that is full.
pub fn import(request: &Request, into: &Path) -> Result<Summary, Problem> {
    let id = into.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if id.is_empty() {
        return Err(Problem::of(&into.display().to_string(), "has no name; give the path of a new folder"));
    }
    write::refuse_used(into)?;
    let mut terminology = match request.format {
        Format::Hpo => hpo::read(request),
        Format::Orphanet => orphanet::read(request),
        Format::Claml => claml::read(request),
        Format::Atih => atih::read(request),
        Format::Umls => umls::read(request),
        Format::Table => table::read(request),
    }?;
    if let Some(version) = &request.version {
        terminology.version.clone_from(version);
    }
    if let Some(licence) = &request.licence {
        terminology.licence.clone_from(licence);
    }
    let (kept, dropped) = filter::clean(&terminology)?;
    if kept.is_empty() {
        let file = terminology.files.first().cloned().unwrap_or_default();
        return Err(Problem::of(
            &file,
            "no term is left to import; is it the format you named? see `laennec lexicon import --help`",
        ));
    }
    let summary = summary(&id, &terminology, &kept, &dropped);
    write::lexicon(&id, &terminology, &kept, &dropped, into)?;
    Ok(summary)
}

fn summary(id: &str, terminology: &Terminology, kept: &[Kept], dropped: &[Dropped]) -> Summary {
    let mut by_reason = BTreeMap::new();
    dropped.iter().for_each(|row| *by_reason.entry(row.reason).or_insert(0) += 1);
    let mut concepts: Vec<&str> = kept.iter().map(|term| term.code.as_str()).collect();
    concepts.sort_unstable();
    concepts.dedup();
    Summary {
        id: id.to_string(),
        licence: terminology.licence.clone(),
        concepts: concepts.len(),
        terms: kept.len(),
        cleaned: kept.iter().filter(|term| term.is_cleaned).count(),
        codes: terminology.codes.len(),
        dropped: by_reason,
    }
}
