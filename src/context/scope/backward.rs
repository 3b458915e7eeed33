//! Cues after the mention that act on what precedes them.

use super::Governor;
use super::place::{
    Place, acts_after, acts_before, governs_inside, is_assertive, opens_complement, reaches_phrase,
};
use crate::context::Reader;
use crate::lexicon::{Category, Effect, Reach, Role};
use crate::segment::{Segmented, TokenRange};

/// A cue after the mention: it governs when it acts backward. The first result found closes the search.
pub(super) fn following(reader: &Reader, place: &Place, index: usize, open: &mut bool) -> Option<Governor> {
    let found = &reader.cues[index];
    let cue = reader.cue(index);
    if place.holds(found) {
        let governor = Governor { cue: index, distance: 0, follows: true, is_header: false };
        return governs_inside(place, cue, found).then_some(governor);
    }
    if found.is_part {
        return None;
    }
    if place.is_known && cue.effect == Effect::General {
        return None;
    }
    if !place.sentence.contains(found.tokens.start as usize) {
        *open = false;
        return None;
    }
    if matches!(cue.category, Category::Stop | Category::Except) {
        *open = false;
        return None;
    }
    let between = TokenRange { start: place.tokens.end, end: found.tokens.start.max(place.tokens.end) };
    let reaches = match cue.reach {
        Reach::Section | Reach::Sentence | Reach::Item => true,
        Reach::Clause => backward_clause(place, between),
        Reach::Word => between.start == between.end,
        // A verb between them is the one that carries the result: "la recherche est négative".
        Reach::Phrase => reaches_phrase(place, trimmed(place.segmented, between), Role::SUBORDINATOR),
    };
    // "n'a pas retrouvé de microdélétion": with a complement the verb is active and says nothing of what precedes it.
    let is_active = acts_after(cue) && opens_complement(place, cue, found);
    if !acts_before(cue) || is_active {
        // A new cue that acts forward opens another statement, unless the same words answer ("malformation : aucune").
        let answers = reader.cues.get(index + 1).is_some_and(|next| next.tokens == found.tokens);
        *open &= answers || cue.reach == Reach::Word || !(is_assertive(cue.category) && acts_after(cue));
        return None;
    }
    let governs = reaches.then_some(Governor {
        cue: index,
        distance: between.end - between.start,
        follows: true,
        is_header: false,
    });
    // A suspicion may still be resolved further on; any other statement closes the search.
    *open &= !is_assertive(cue.category) || cue.category == Category::Possible;
    governs
}

/// Backwards, a comma ends the scope unless the cue follows it at once ("suspicion de coarctation, éliminée"), and so does
/// a bracket that holds more than the cue ("isoimmunisation (Coombs indirect négatif)").
fn backward_clause(place: &Place, between: TokenRange) -> bool {
    let inner = trimmed(place.segmented, between);
    if is_parenthesis(place, inner, between) {
        return true;
    }
    let same_clause = inner.end as usize <= place.clause.end as usize;
    let opened = inner.indices().rev().find(|&i| place.segmented.is_any_mark(i, b"()"));
    let is_aside = opened.is_some_and(|i| place.segmented.is_mark(i, b'(') && i + 1 < inner.end as usize);
    // "un hydramnios et un estomac non vu": the result is that of the last noun, which has an article of its own.
    let has = |i: usize, role| place.segmented.tokens.get(i).is_some_and(|t| t.role.has(role));
    let is_new_noun = inner.indices().any(|i| has(i, Role::COORDINATOR) && has(i + 1, Role::NUMERAL));
    same_clause
        && !is_aside
        && !is_new_noun
        && !inner.indices().any(|i| place.segmented.is_mark(i, b',') || place.segmented.is_mark(i, b';'))
}

/// Most tokens of an aside between a finding and its verb.
const LONGEST_ASIDE: u32 = 10;

/// "La trisomie 21, recherchée de principe, n'a pas été retrouvée": an aside between two commas.
fn is_parenthesis(place: &Place, inner: TokenRange, between: TokenRange) -> bool {
    let comma = |i: u32| place.segmented.is_mark(i as usize, b',');
    let sentence = place.sentence.contains(between.end as usize);
    inner.end < between.end
        && inner.end - inner.start <= LONGEST_ASIDE
        && comma(inner.start)
        && !(inner.start + 1..inner.end).any(comma)
        && sentence
}

/// Leaves out a comma that directly precedes the cue.
fn trimmed(segmented: &Segmented, between: TokenRange) -> TokenRange {
    let ends_with_comma = between.end > between.start && segmented.is_mark(between.end as usize - 1, b',');
    TokenRange { start: between.start, end: between.end - u32::from(ends_with_comma) }
}
