//! Where a mention stands, and what kind of words and marks stand around it.

use crate::context::cue::CueMatch;
use crate::context::person::person;
use crate::context::{Mechanism, Reader};
use crate::lexicon::{Category, Cue, Direction, Effect, Role};
use crate::mention::Mention;
use crate::segment::{Segmented, TokenRange};

/// Where a mention stands.
pub(super) struct Place<'s, 't> {
    pub segmented: &'s Segmented<'t>,
    pub tokens: TokenRange,
    pub sentence: TokenRange,
    pub clause: TokenRange,
    pub line: TokenRange,
    /// The mention begins with the name of a test.
    pub is_test: bool,
    /// The mention is named as known: "sa BPCO", "cette anémie".
    pub is_known: bool,
}

impl<'s, 't> Place<'s, 't> {
    pub fn of(reader: &Reader<'s, 't>, mention: &Mention) -> Self {
        let (segmented, start) = (reader.segmented, mention.tokens.start as usize);
        let sentence = segmented.sentence_of(start);
        let has_clauses = reader.uses(Mechanism::Clauses);
        Self {
            segmented,
            tokens: mention.tokens,
            sentence,
            clause: if has_clauses { segmented.clause_of(start) } else { sentence },
            line: segmented.line_of(start),
            is_test: names_test(reader, mention),
            is_known: start > 0 && segmented.tokens[start - 1].role.has(Role::POSSESSIVE),
        }
    }

    /// True when a cue lies inside the mention or overlaps it: it is part of the concept's name.
    pub fn holds(&self, cue: &CueMatch) -> bool {
        self.tokens.overlaps(cue.tokens)
    }
}

/// True when a cue governs a span that is one of its words or stands in its gap: "sans <antécédents>", "n'a pas
/// <montré>", "l'image <évoque>", or of a span that holds a doubt of its own: "<diabète, probablement de type 2>". Words of
/// a request ("à la <recherche> de") happen all the same.
pub(super) fn governs_inside(place: &Place, cue: &Cue, found: &CueMatch) -> bool {
    let lies = |range: TokenRange| range.start <= place.tokens.start && place.tokens.end <= range.end;
    let holds = place.tokens.start < found.tokens.start && found.tokens.end <= place.tokens.end;
    match cue.category {
        Category::Negation => {
            let first = place.segmented.tokens[found.tokens.start as usize].role;
            let denies = acts_after(cue) || first.has(Role::NEGATION_OPEN.and(Role::NEGATION_CLOSE));
            found.tokens.start < place.tokens.start && denies
        }
        Category::Possible => lies(found.tokens) || holds,
        Category::Past | Category::History => lies(found.tokens),
        category if names_person(category) => lies(found.tokens),
        Category::Hypothetical | Category::NotAssessed => lies(found.gap) && acts_after(cue),
        _ => false,
    }
}

pub(super) fn acts_after(cue: &Cue) -> bool {
    matches!(cue.direction, Direction::After | Direction::Both)
}

pub(super) fn acts_before(cue: &Cue) -> bool {
    matches!(cue.direction, Direction::Before | Direction::Both)
}

pub(super) fn is_assertive(category: Category) -> bool {
    matches!(
        category,
        Category::Negation
            | Category::Possible
            | Category::Hypothetical
            | Category::NotAssessed
            | Category::Present
            | Category::Normal
    )
}

/// A phrase cue reaches the next comma, mark or word with one of the roles `breaks`.
pub(super) fn reaches_phrase(place: &Place, between: TokenRange, breaks: Role) -> bool {
    let segmented = place.segmented;
    place.sentence.contains(between.start.saturating_sub(1) as usize)
        && between
            .indices()
            .all(|i| !segmented.tokens[i].role.has(breaks) && !segmented.is_any_mark(i, b",;:.()|"))
}

/// True when a mention begins with the name of a test, which a negative result does not deny.
fn names_test(reader: &Reader, mention: &Mention) -> bool {
    let from = reader.cues.partition_point(|c| c.tokens.start < mention.tokens.start);
    let mut beginning = reader.cues[from..].iter().take_while(|c| c.tokens.start == mention.tokens.start);
    beginning.any(|c| reader.lexicons.cues[c.cue as usize].effect == Effect::Test)
}

/// True when a cue names whose finding it is.
pub(super) fn names_person(category: Category) -> bool {
    person(category).is_some()
}

/// "Il n'a pas été noté de déficit", ": risque combiné de T21": a cue that follows its finding acts forward when "of"
/// opens one after it.
pub(super) fn opens_complement(place: &Place, cue: &Cue, found: &CueMatch) -> bool {
    let next = place.segmented.tokens.get(found.tokens.end as usize);
    is_assertive(cue.category) && next.is_some_and(|t| t.role.has(Role::PARTITIVE))
}
