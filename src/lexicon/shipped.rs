//! The lexicons shipped inside the program, so that it runs from any folder.

use super::folder::Folder;

/// Embeds the named files of a folder under `lexicons/`.
macro_rules! folder {
    ($name:literal: $($file:literal),+) => {
        ($name, &[$(($file, include_str!(concat!("../../lexicons/", $name, "/", $file)))),+] as &[(&str, &str)])
    };
}

const FOLDERS: &[(&str, &[(&str, &str)])] = &[
    folder!("abbreviations": "manifest.toml", "terms.tsv", "cases.toml"),
    folder!("context": "manifest.toml", "terms.tsv", "cases.toml"),
    folder!("dates": "manifest.toml", "terms.tsv", "cases.toml"),
    folder!("documents": "manifest.toml", "terms.tsv", "cases.toml"),
    folder!("grammar": "manifest.toml", "terms.tsv", "inflection.tsv", "conjugation.tsv", "verbs.tsv", "synonyms.tsv", "confusions.tsv", "cases.toml"),
    folder!("malformations": "manifest.toml", "terms.tsv", "groups.tsv", "support.toml", "patterns.toml", "descriptions-digestive.toml",
        "descriptions-genetics.toml", "descriptions-head.toml", "descriptions-heart.toml", "descriptions-limbs.toml",
        "descriptions-nervous.toml", "descriptions-urogenital.toml", "cases.toml"),
    folder!("perinatal": "manifest.toml", "terms.tsv", "groups.tsv", "support.toml", "patterns.toml", "cases.toml"),
    folder!("sections": "manifest.toml", "terms.tsv", "cases.toml"),
    folder!("units": "manifest.toml", "terms.tsv", "cases.toml"),
];

/// The shipped folders, in alphabetical order.
pub fn shipped() -> Vec<Folder> {
    let folder = |(name, files): &(&str, &[(&str, &str)])| {
        Folder::from_files(name, &format!("lexicons/{name}"), files.iter().copied())
    };
    FOLDERS.iter().map(folder).collect()
}
