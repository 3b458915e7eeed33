//! What the engine knows of types of report, and what a checker knows of codes and lexicons.

use crate::problem::Problem;
use serde::Deserialize;
use std::collections::BTreeSet;

/// Types of report by what they say of time and person; `phenotypes/vocabulary.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vocabulary {
    /// Every type of the contract.
    pub document_types: Vec<String>,
    /// Types that speak of the fetus, whatever the record.
    pub of_the_fetus: Vec<String>,
    /// Types made before birth.
    pub before_birth: Vec<String>,
    /// Types only made after birth.
    pub after_birth: Vec<String>,
}

impl Vocabulary {
    /// The shipped one.
    ///
    /// # Errors
    /// A fault in the shipped file.
    pub fn shipped() -> Result<Self, Problem> {
        const FILE: &str = "phenotypes/vocabulary.toml";
        toml::from_str(include_str!("../../phenotypes/vocabulary.toml"))
            .map_err(|e| Problem::of(FILE, e.message()))
    }
}

/// What a checker may hold a definition against. An empty list is not held against anything.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Subgroups of the lexicons.
    pub subgroups: BTreeSet<String>,
    /// Concepts of the lexicons.
    pub concepts: BTreeSet<String>,
    /// Kinds of section.
    pub sections: BTreeSet<String>,
}
