//! What is loadable and wrong all the same: terms too short, terms of two concepts, cues that never act, abbreviations that are words.

use super::Lexicons;
use super::grammar::Role;
use super::manifest::BARE_SOURCE;
use super::problem::Problem;
use crate::normalize::fold;
use rustc_hash::FxHashSet;

/// Licence of what has none.
const UNKNOWN: &str = "unknown";

/// The faults of these lexicons, in the order of their places.
pub fn faults(lexicons: &Lexicons) -> Vec<Problem> {
    let mut found = Vec::new();
    licences(lexicons, &mut found);
    short_terms(lexicons, &mut found);
    twins(lexicons, &mut found);
    hidden_cues(lexicons, &mut found);
    abbreviations(lexicons, &mut found);
    found.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    found
}

fn at(lexicons: &Lexicons, term: u32, message: String) -> Problem {
    let (file, line) = lexicons.concepts.terms[term as usize].place;
    Problem::at(&lexicons.concepts.files[file as usize], line as usize, message)
}

/// A lexicon must say under which terms it is used; a bare list is a trial and says so in every listing.
fn licences(lexicons: &Lexicons, found: &mut Vec<Problem>) {
    let silent = lexicons.manifests.iter().filter(|m| m.source != BARE_SOURCE);
    for manifest in silent.filter(|m| m.licence.trim().to_lowercase() == UNKNOWN) {
        let message = "licence is unknown; say under which terms the words are used";
        found.push(Problem::of(&format!("{}/manifest.toml", manifest.id), message));
    }
}

/// A term of one letter, or of none, is found everywhere.
fn short_terms(lexicons: &Lexicons, found: &mut Vec<Problem>) {
    for (term, number) in lexicons.concepts.terms.iter().zip(0..) {
        let letters = fold(&term.text).text().chars().filter(|c| c.is_alphanumeric()).count();
        if letters < 2 {
            let message =
                format!("term {:?} folds to {letters} letters; write it out, or delete the line", term.text);
            found.push(at(lexicons, number, message));
        }
    }
}

/// The same words under two concepts of one lexicon, neither of which is marked as ambiguous.
fn twins(lexicons: &Lexicons, found: &mut Vec<Problem>) {
    // Where keys of two terms meet, they stand under one node of the index.
    let mut seen: FxHashSet<(u32, u32)> = FxHashSet::default();
    for keys in lexicons.terms.all_values() {
        let keys: Vec<_> = keys.iter().map(|&key| lexicons.term_keys[key as usize]).collect();
        for (i, key) in keys.iter().enumerate() {
            let term = &lexicons.concepts.terms[key.term as usize];
            let is_twin = |other: &&super::TermKey| {
                let other_term = &lexicons.concepts.terms[other.term as usize];
                other.own == key.own
                    && other_term.concept != term.concept
                    && lexicons.concepts.concepts[other_term.concept as usize].lexicon
                        == lexicons.concepts.concepts[term.concept as usize].lexicon
                    && !other_term.ambiguous
                    && !term.ambiguous
            };
            let Some(other) = keys[..i].iter().find(is_twin) else { continue };
            let pair = (key.term.min(other.term), key.term.max(other.term));
            if seen.insert(pair) {
                let first = &lexicons.concepts.terms[pair.0 as usize];
                let second = &lexicons.concepts.terms[pair.1 as usize];
                let message = format!(
                    "{:?} is read as {:?} of {} ({}) too; delete one, or flag both ambiguous with support",
                    second.text,
                    first.text,
                    lexicons.concepts.concepts[first.concept as usize].id,
                    lexicons.concepts.place(first),
                );
                found.push(at(lexicons, pair.1, message));
            }
        }
    }
}

/// A form of a site that a cue of another file has too: the first acts, or both do, and neither is what the site meant.
fn hidden_cues(lexicons: &Lexicons, found: &mut Vec<Problem>) {
    for forms in lexicons.cue_trie.all_values() {
        let acting = |form: &u32| &lexicons.cues[lexicons.cue_forms[*form as usize].cue as usize];
        for (i, form) in forms.iter().enumerate() {
            let (cue, letters) = (acting(form), &lexicons.cue_forms[*form as usize].letters);
            let same = |other: &&u32| {
                lexicons.cue_forms[**other as usize].letters == *letters
                    && acting(other).place.0 != cue.place.0
            };
            if let Some(other) = forms[..i].iter().find(same) {
                let message = format!(
                    "cue {} is hidden by {}, which has the same words ({}:{}); disable that one, or delete this one",
                    cue.id,
                    acting(other).id,
                    acting(other).place.0,
                    acting(other).place.1
                );
                found.push(Problem::at(&cue.place.0, cue.place.1, message));
            }
        }
    }
}

/// An abbreviation that is a word of the language: in a text in capitals it is read as the word.
fn abbreviations(lexicons: &Lexicons, found: &mut Vec<Problem>) {
    let is_function_word = |word: &str| {
        let role = lexicons.vocabulary.get(word).role;
        [
            Role::ARTICLE,
            Role::COORDINATOR,
            Role::PREPOSITION,
            Role::PRONOUN,
            Role::SUBORDINATOR,
            Role::DETERMINER,
        ]
        .iter()
        .any(|one| role.has(*one))
    };
    for (term, number) in lexicons.concepts.terms.iter().zip(0..) {
        let Some(written) = term.capitals.as_ref().filter(|_| !term.ambiguous) else { continue };
        let folded = fold(written).text().to_string();
        if is_function_word(&folded) || super::import::is_word(&folded) {
            let message = format!(
                "abbreviation {written:?} is the word {folded:?} in a text in capitals; flag it ambiguous, with support"
            );
            found.push(at(lexicons, number, message));
        }
    }
}
