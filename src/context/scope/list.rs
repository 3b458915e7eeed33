//! Where a list of findings that share a cue ends: at another statement, another person, another kind of noun.

use super::place::{Place, is_assertive, names_person};
use crate::context::Reader;
use crate::lexicon::Role;
use crate::segment::{Segmented, TokenRange};

/// How many tokens back a cue of the same kind makes a list of statements.
const SAID_WITHIN: u32 = 24;

/// "pas de fièvre, pas de toux, rhinorrhée claire", "sans fièvre ni frisson, toux": a cue that was said again before
/// the last item holds for that item only, and any other statement between ends the list too.
pub(super) fn is_over(reader: &Reader, place: &Place, index: usize, between: TokenRange) -> bool {
    let here = &reader.cues[index];
    let category = reader.cue(index).category;
    let said_before = (index.saturating_sub(8)..index).any(|other| {
        let found = &reader.cues[other];
        place.sentence.contains(found.tokens.start as usize)
            && found.tokens.end <= here.tokens.start
            && found.tokens.end + SAID_WITHIN >= here.tokens.start
            && reader.cue(other).category == category
    });
    let said_between = (index + 1..reader.cues.len()).take(16).any(|other| {
        let found = &reader.cues[other];
        !found.is_part
            && found.tokens.start >= between.start
            && found.tokens.end <= between.end
            && (is_assertive(reader.cue(other).category) || names_person(reader.cue(other).category))
    });
    said_before
        || said_between
        || (place.is_test && place.segmented.is_mark(place.tokens.start as usize - 1, b','))
        || is_qualified(place, between)
        || joins_something_else(place.segmented, between)
}

/// "pas de malformation visible, pyélectasie gauche": after one comma, a noun that is told more of is a new finding; an
/// item of a list is bare, or the list goes on.
fn is_qualified(place: &Place, between: TokenRange) -> bool {
    let segmented = place.segmented;
    let is_joint = |i: usize| segmented.is_mark(i, b',') || segmented.tokens[i].role.has(Role::COORDINATOR);
    let told = Role::MODIFIER.and(Role::LEFT).and(Role::RIGHT).and(Role::BILATERAL);
    let (start, end) = (place.tokens.start as usize, place.tokens.end as usize);
    let is_told = |i: usize| i < place.clause.end as usize && segmented.tokens[i].role.has(told);
    segmented.is_mark(start - 1, b',')
        && between.indices().filter(|&i| is_joint(i)).count() == 1
        && is_told(end)
        && !(end..place.clause.end as usize).any(is_joint)
}

/// "d'anomalies graves telles que l'omphalocèle ou la fente": where the examples begin, which make a list of their own.
fn examples_from(segmented: &Segmented, between: TokenRange) -> Option<u32> {
    let such = between.indices().rev().find(|&i| segmented.tokens[i].role.has(Role::EXEMPLIFIER))?;
    Some(such as u32 + 2)
}

/// True when what follows a comma or coordinator is no item of the list: "pas de fièvre et le bilan est normal" (after a
/// bare noun, a noun with its article), "en faveur d'une opacité, complété par un scanner" (after a noun with its
/// article, no noun with an article).
fn joins_something_else(segmented: &Segmented, between: TokenRange) -> bool {
    let has = |i: usize, role| segmented.tokens.get(i).is_some_and(|t| t.role.has(role));
    let start = examples_from(segmented, between);
    let between = TokenRange { start: start.unwrap_or(between.start).min(between.end), ..between };
    let is_bare = !has(between.start as usize, Role::DETERMINER);
    let comma = |i: &usize| segmented.is_mark(*i, b',');
    // ", et" opens another statement; a list puts no comma before its last item.
    let last = between.indices().rev().find(comma);
    if last.is_some_and(|i| has(i + 1, Role::COORDINATOR)) && between.indices().filter(comma).count() == 1 {
        return true;
    }
    let opens_noun = Role::DETERMINER.and(Role::PARTITIVE).and(Role::COORDINATOR).and(Role::ARTICLE);
    between.indices().any(|i| match is_bare {
        true => (segmented.is_mark(i, b',') || has(i, Role::COORDINATOR)) && has(i + 1, Role::DETERMINER),
        false => segmented.is_mark(i, b',') && !has(i + 1, opens_noun),
    })
}
