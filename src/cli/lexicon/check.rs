//! `laennec lexicon check`: faults of the data, each with its place and what to do.

use super::super::{Failed, Outcome, Result, cases, folders, print};
use crate::code::Hierarchy;
use crate::lexicon::{Folder, Kind, Lexicons, faults, read_cases};
use std::path::PathBuf;

pub(super) fn run(dirs: &[PathBuf]) -> Result {
    let folders = folders(dirs)?;
    let lexicons = Lexicons::from_folders(&folders).map_err(Failed::new)?;
    let mut found: Vec<String> = faults(&lexicons).iter().map(ToString::to_string).collect();
    found.extend(of_codes(&lexicons, &folders[folders.len() - dirs.len()..]));
    let mut count = 0;
    for folder in &folders {
        match read_cases(folder) {
            Ok(cases) => {
                count += cases.len();
                let is_cues = lexicons.manifests.iter().any(|m| m.id == folder.name && m.kind == Kind::Cues);
                found.extend(if is_cues { cases::unreadable(&cases) } else { Vec::new() });
            }
            Err(problems) => found.extend(problems.iter().map(ToString::to_string)),
        }
    }
    if !found.is_empty() {
        return Err(Failed(found.join("\n")));
    }
    let terms = lexicons.concepts.terms.len();
    let (cues, titles) = (lexicons.cues.len(), lexicons.sections.len());
    print(format!(
        "{} lexicons: {} concepts, {terms} terms, {} patterns, {cues} cues, {titles} kinds of sections, {count} cases: no problem",
        folders.len(),
        lexicons.concepts.concepts.len(),
        lexicons.patterns.patterns.len(),
    ))?;
    Ok(Outcome::Done)
}

/// Codes that their systems have not, or no longer, each at the line of its concept; of the folders that were named, or of
/// all: a site's list may be older than the shipped codes.
fn of_codes(lexicons: &Lexicons, named: &[Folder]) -> Vec<String> {
    let hierarchy = Hierarchy::new(lexicons);
    let is_meant = |concept: u32| {
        let id = &lexicons.manifests[lexicons.concepts.concepts[concept as usize].lexicon].id;
        named.is_empty() || named.iter().any(|folder| folder.name == *id)
    };
    let told = |(concept, fault): (u32, String)| {
        let term = lexicons.concepts.terms.iter().find(|term| term.concept == concept);
        let place = term.map(|term| lexicons.concepts.place(term)).unwrap_or_default();
        format!("{place}: {fault}")
    };
    hierarchy.faults().into_iter().filter(|(concept, _)| is_meant(*concept)).map(told).collect()
}
