//! Any files as a lexicon: loaded, or refused with problems that name a file.
#![no_main]

use laennec::lexicon::{Folder, Lexicons, read_cases};
use libfuzzer_sys::fuzz_target;

const KINDS: [&str; 7] = ["concepts", "cues", "sections", "abbreviations", "dates", "documents", "grammar"];
const FILES: [&str; 5] = ["terms.tsv", "cases.toml", "groups.tsv", "support.toml", "patterns.toml"];

// The first byte chooses the kind; 0xFF separates the files.
fuzz_target!(|data: &[u8]| {
    let Some((&kind, rest)) = data.split_first() else { return };
    let kind = KINDS[kind as usize % KINDS.len()];
    let manifest = format!(
        "id = \"f\"\nkind = \"{kind}\"\ntitle = \"F\"\nversion = \"1\"\nlicence = \"MIT\"\nsource = \"fuzz\"\n"
    );
    let texts: Vec<String> =
        rest.split(|&b| b == 0xFF).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
    let mut files = vec![("manifest.toml", manifest.as_str())];
    files.extend(FILES.into_iter().zip(texts.iter().map(String::as_str)));
    if texts.len() < 2 {
        files.push(("cases.toml", ""));
    }
    let folder = Folder::from_files("f", "f", files);
    if let Err(problems) = read_cases(&folder) {
        assert!(!problems.is_empty() && problems.iter().all(|p| p.file.starts_with("f/")));
    }
    if let Err(problems) = Lexicons::from_folders(&[folder]) {
        assert!(!problems.0.is_empty());
    }
});
