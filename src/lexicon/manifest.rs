//! The manifest of a lexicon: what it is, whose it is, and under which licence it may be used.

use super::folder::Folder;
use super::mechanism::{Mechanism, Mechanisms};
use super::problem::Problem;
use serde::Deserialize;

/// The `source` of a list that has no manifest of its own.
pub(super) const BARE_SOURCE: &str = "bare list";

/// What the words of a lexicon are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Clinical concepts, with codes.
    Concepts,
    /// Context cues.
    Cues,
    /// Section titles.
    Sections,
    /// Abbreviations with a point that ends no sentence.
    Abbreviations,
    /// Words of dates and durations.
    Dates,
    /// Types of documents.
    Documents,
    /// Function words, modifiers and inflection.
    Grammar,
    /// Units, labels and words of measures.
    Units,
    /// Rows of a site, laid over other lexicons.
    Overlay,
}

impl Kind {
    /// The spelling of the manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Concepts => "concepts",
            Kind::Cues => "cues",
            Kind::Sections => "sections",
            Kind::Abbreviations => "abbreviations",
            Kind::Dates => "dates",
            Kind::Documents => "documents",
            Kind::Grammar => "grammar",
            Kind::Units => "units",
            Kind::Overlay => "overlay",
        }
    }
}

/// `manifest.toml`, with the hash of the whole folder.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name of the folder.
    pub id: String,
    /// What the words are for.
    pub kind: Kind,
    /// One line for people.
    pub title: String,
    /// Version of the data.
    pub version: String,
    /// SPDX expression or the name of the terms of use.
    pub licence: String,
    /// Where the words come from.
    pub source: String,
    /// Code systems that `codings` may name; empty allows any.
    #[serde(default)]
    pub code_systems: Vec<String>,
    /// Concepts last: a history of one does not make it past.
    #[serde(default)]
    pub lasting: bool,
    /// Concepts are congenital: in an obstetric report they are the fetus's.
    #[serde(default)]
    pub congenital: bool,
    /// Mechanisms of matching that its terms do without.
    #[serde(default)]
    without: Vec<String>,
    /// The same, as a set.
    #[serde(skip)]
    pub left_out: Mechanisms,
    /// First eight hexadecimal digits of the SHA-256 of the folder.
    #[serde(skip)]
    pub hash: String,
}

impl Manifest {
    /// Reads and checks the manifest of a folder.
    pub(super) fn read(folder: &Folder) -> Result<Self, Problem> {
        let file = folder.path("manifest.toml");
        let text = folder.require("manifest.toml")?;
        let mut manifest: Manifest = parse_toml(&file, text)?;
        for (key, value) in [
            ("id", &manifest.id),
            ("title", &manifest.title),
            ("version", &manifest.version),
            ("licence", &manifest.licence),
            ("source", &manifest.source),
        ] {
            if value.trim().is_empty() {
                return Err(Problem::at(&file, line_of(text, key), format!("{key} is empty; say it")));
            }
        }
        if manifest.id != folder.name {
            let message = format!("id {:?} differs from the folder's name {:?}", manifest.id, folder.name);
            return Err(Problem::at(&file, line_of(text, "id"), message));
        }
        for name in &manifest.without {
            let mechanism =
                Mechanism::parse(name).map_err(|e| Problem::at(&file, line_of(text, "without"), e))?;
            manifest.left_out = manifest.left_out.with(mechanism);
        }
        manifest.hash = folder.digest()[..4].iter().map(|b| format!("{b:02x}")).collect();
        Ok(manifest)
    }

    /// True for a list of codes and terms without a manifest of its own.
    pub(super) fn kind_is_bare(&self) -> bool {
        self.source == BARE_SOURCE
    }

    /// `id@version+hash`, the form written in provenance.
    pub fn reference(&self) -> String {
        format!("{}@{}+{}", self.id, self.version, self.hash)
    }
}

/// Parses TOML; an error names the line and what was expected.
pub(crate) fn parse_toml<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<T, Problem> {
    toml::from_str(text).map_err(|error| match error.span() {
        Some(span) => {
            let line =
                1 + text.as_bytes()[..span.start.min(text.len())].iter().filter(|b| **b == b'\n').count();
            Problem::at(file, line, error.message())
        }
        None => Problem::of(file, error.message()),
    })
}

/// The lines of the ids of the tables headed by `header`, in order.
pub(super) fn lines_of_entries(text: &str, header: &str) -> Vec<usize> {
    let mut lines: Vec<usize> = Vec::new();
    let mut is_open = false;
    for (i, line) in text.lines().enumerate() {
        if line.trim() == header {
            lines.push(i + 1);
            is_open = true;
        } else if is_open && line.trim_start().starts_with("id") {
            lines.pop();
            lines.push(i + 1);
            is_open = false;
        }
    }
    lines
}

fn line_of(text: &str, key: &str) -> usize {
    text.lines().position(|line| line.trim_start().starts_with(key)).map_or(1, |i| i + 1)
}
