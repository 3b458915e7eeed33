//! The data of the simulation, shipped inside the program.

use crate::lexicon::Folder;

/// Embeds the named files of `simulation/`.
macro_rules! files {
    ($($file:literal),+) => { &[$(($file, include_str!(concat!("../../simulation/", $file)))),+] };
}

const FILES: &[(&str, &str)] = files!(
    "areas.tsv",
    "associations.tsv",
    "documents.toml",
    "families.tsv",
    "frames.tsv",
    "gestation.tsv",
    "denials.tsv",
    "phenotypes.tsv",
    "phrases.toml",
    "prevalence.tsv",
    "traps.tsv",
    "words.tsv",
    "wrong_codes.tsv"
);

/// Ids of the subgroups that have a definition: the truth names no other.
pub(super) fn is_subgroup(id: &str) -> bool {
    const TABLE: &str = include_str!("../../phenotypes/eurocat/subgroups.tsv");
    TABLE.lines().skip(1).any(|row| row.split('\t').next() == Some(id))
}

/// The shipped files.
pub(super) fn folder() -> Folder {
    Folder::from_files("simulation", "simulation", FILES.iter().copied())
}
