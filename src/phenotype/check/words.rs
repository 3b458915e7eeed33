//! Lists of words in a definition: what may stand in them, and the name that was probably meant.

use std::collections::BTreeSet;

/// A name this far from a known one, in edits, is taken for a slip.
const NEAR: usize = 3;

/// ` (did you mean …?)`, or nothing.
pub(super) fn suggestion<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let most = NEAR.min(name.chars().count() / 3).max(1);
    let nearest = known
        .into_iter()
        .map(|candidate| (strsim::osa_distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= most || candidate.split('.').any(|part| part == name))
        .min();
    nearest.map(|(_, candidate)| format!("; did you mean {candidate:?}?")).unwrap_or_default()
}

/// The words that stand twice in a list, once each.
pub(super) fn repeated(list: &[String]) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    let twice: BTreeSet<&str> = list.iter().map(String::as_str).filter(|word| !seen.insert(*word)).collect();
    twice.into_iter().collect()
}

/// Names of this language: they become names of files, of columns and of marks.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '/');
    !name.is_empty() && name.chars().all(plain) && name.split('/').all(|part| !part.is_empty())
}

/// Names of levels, which may hold an acronym.
pub(super) fn is_level(name: &str) -> bool {
    is_name(&name.to_ascii_lowercase())
}

/// An ISO date, and nothing else.
pub(super) fn day(text: &str) -> Option<jiff::civil::Date> {
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}
