//! What a wider phenotype and its parts tell of each other.
//!
//! A malformation of the heart is also a malformation: where both counts are shown, their difference is a count too.
//! Parts need not add up to the whole, since a child may have several; they are protected as if they did.

use std::collections::BTreeMap;

use super::counts::{Counts, Slot};
use super::table::{Table, is_ambiguous, is_small};
use crate::surveillance::model::Watched;

/// Counts of all phenotypes, by id, hidden until nothing small can be told.
pub fn protect(watched: &[Watched], least: u64) -> BTreeMap<String, Counts> {
    let mut all: BTreeMap<String, Counts> =
        watched.iter().map(|one| (one.id.clone(), Counts::new(one))).collect();
    // Slots are only ever hidden, so that this ends.
    while least > 1 && hides_more(watched, &mut all, least) {}
    all
}

fn hides_more(watched: &[Watched], all: &mut BTreeMap<String, Counts>, least: u64) -> bool {
    let before = hidden(all);
    all.values_mut().for_each(|counts| counts.protect(least));
    for whole in watched {
        protect_parts(&whole.id, watched, all, least);
    }
    hidden(all) > before
}

fn hidden(all: &BTreeMap<String, Counts>) -> usize {
    all.values().map(|counts| counts.hidden.len()).sum()
}

fn protect_parts(whole: &str, watched: &[Watched], all: &mut BTreeMap<String, Counts>, least: u64) {
    let is_within = |one: &&Watched| one.id != whole && one.within.iter().any(|id| id == whole);
    let parts: Vec<&Watched> = watched.iter().filter(is_within).collect();
    // A part of a part would be counted twice in a sum.
    let is_direct =
        |one: &&&Watched| !parts.iter().any(|other| other.id != one.id && one.within.contains(&other.id));
    let direct: Vec<&str> = parts.iter().filter(is_direct).map(|one| one.id.as_str()).collect();
    let Some(counts) = all.get(whole).cloned() else { return };
    for (slot, &count) in &counts.of {
        let shown = counts.shown(slot);
        for part in &parts {
            hide_rest(all, &part.id, slot, shown, least);
        }
        if shown.is_some() {
            hide_together(all, &direct, slot, count, least);
        }
    }
}

/// Hides a part whose whole is hidden, or that leaves a small rest.
fn hide_rest(all: &mut BTreeMap<String, Counts>, part: &str, slot: &Slot, whole: Option<u64>, least: u64) {
    let Some(counts) = all.get_mut(part) else { return };
    let gives_away = match (whole, counts.of.get(slot)) {
        (Some(whole), Some(&part)) => whole.checked_sub(part).is_some_and(|rest| is_small(rest, least)),
        (None, _) => true,
        (_, None) => false,
    };
    if gives_away {
        counts.hide(slot);
    }
}

/// Hides parts until those that are hidden cannot be told from the whole and the others.
fn hide_together(all: &mut BTreeMap<String, Counts>, parts: &[&str], slot: &Slot, whole: u64, least: u64) {
    let parts: Vec<&str> = parts
        .iter()
        .copied()
        .filter(|part| all.get(*part).is_some_and(|one| one.of.contains_key(slot)))
        .collect();
    let counts: Vec<u64> = parts.iter().map(|part| all[*part].of[slot]).collect();
    let mut hidden: Vec<bool> = parts.iter().map(|part| all[*part].hidden.contains(slot)).collect();
    while !is_safe(&counts, &hidden, whole, least) {
        if !(Table { counts: &counts, hidden: &mut hidden, total: whole }).hide_smallest() {
            break; // All parts are hidden: they are only known to be at most the whole.
        }
    }
    for (part, _) in parts.iter().zip(hidden).filter(|(_, hide)| *hide) {
        if let Some(one) = all.get_mut(*part) {
            one.hide(slot);
        }
    }
}

fn is_safe(counts: &[u64], hidden: &[bool], whole: u64, least: u64) -> bool {
    let shown: u64 = counts.iter().zip(hidden).filter(|(_, hidden)| !**hidden).map(|(count, _)| count).sum();
    let k = hidden.iter().filter(|hidden| **hidden).count() as u64;
    match whole.saturating_sub(shown) {
        0 => true, // They overlap or leave nothing: no bound on what is hidden.
        rest if k == 0 => counts.len() < 2 || !is_small(rest, least),
        rest => is_ambiguous(k, rest, least),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surveillance::model::Rate;

    fn watched(id: &str, within: &[&str], cases: u64) -> Watched {
        Watched {
            id: id.into(),
            within: within.iter().map(ToString::to_string).collect(),
            total: Some(Rate { cases, births: 10_000.0, ..Rate::default() }),
            ..Watched::default()
        }
    }

    fn totals(watched: &[Watched]) -> Vec<Option<u64>> {
        let all = protect(watched, 11);
        watched.iter().map(|one| all[&one.id].shown(&Slot::Total)).collect()
    }

    #[test]
    fn a_part_does_not_tell_the_rest() {
        let one = |part| totals(&[watched("heart", &[], 40), watched("vsd", &["heart"], part)]);
        assert_eq!(one(20), [Some(40), Some(20)]);
        assert_eq!(one(37), [Some(40), None]);
        assert_eq!(one(40), [Some(40), Some(40)]);
    }

    #[test]
    fn a_hidden_part_takes_another_with_it() {
        let parts = [
            watched("heart", &[], 100),
            watched("vsd", &["heart"], 60),
            watched("asd", &["heart"], 35),
            watched("tga", &["heart"], 5),
        ];
        assert_eq!(totals(&parts), [Some(100), Some(60), None, None]);
    }

    #[test]
    fn a_hidden_whole_hides_its_parts() {
        let parts = [
            watched("all", &[], 100),
            watched("heart", &["all"], 95),
            watched("vsd", &["all", "heart"], 60),
            watched("limb", &["all"], 0),
        ];
        assert_eq!(totals(&parts), [Some(100), None, None, Some(0)]);
    }
}
