//! Persons who are the subject of more than their clause: of a sentence, of a line, of the relative clause after them.

use super::place::{Place, names_person};
use crate::context::Reader;
use crate::context::cue::CueMatch;
use crate::lexicon::{Category, Cue, Role};
use crate::segment::{TokenKind, TokenRange};

/// Most tokens of a bullet before a name that opens a line.
const LEAD: u32 = 2;

/// "La patiente est diabétique, mais son fœtus …": a person named at the start of a sentence is its subject to its end, as
/// long as no other person is named.
pub(super) fn opens_sentence(reader: &Reader, place: &Place, index: usize, between: TokenRange) -> bool {
    let (cue, found) = (reader.cue(index), &reader.cues[index]);
    let is_one_person = matches!(
        cue.category,
        Category::Patient
            | Category::Fetus
            | Category::Mother
            | Category::Father
            | Category::Sibling
            | Category::Other
    );
    is_one_person
        && starts_sentence(place, found)
        && place.sentence.contains(found.tokens.start as usize)
        && !names_somebody(reader, index, between)
}

/// True when a person is named among the tokens `between` cue number `index` and a mention.
fn names_somebody(reader: &Reader, index: usize, between: TokenRange) -> bool {
    let inside = reader.cues[index + 1..].iter().take_while(|c| c.tokens.start < between.end);
    let names = |c: &CueMatch| names_person(reader.lexicons.cues[c.cue as usize].category);
    inside.into_iter().any(|c| c.tokens.start >= between.start && names(c))
}

/// True when only articles, prepositions and bullets stand before a cue in its sentence.
fn starts_sentence(place: &Place, found: &CueMatch) -> bool {
    let start = found.tokens.start as usize;
    if start > place.sentence.start as usize && place.segmented.is_mark(start - 1, b':') {
        return true;
    }
    let lead = TokenRange { start: place.sentence.start, end: found.tokens.start };
    let counts = Role::ARTICLE.and(Role::DETERMINER).and(Role::PREPOSITION);
    let is_lead = |i: usize| {
        let token = &place.segmented.tokens[i];
        token.kind != TokenKind::Word || token.role.has(counts)
    };
    lead.end - lead.start.min(lead.end) <= LEAD && lead.indices().all(is_lead)
}

/// "J2 : clarté nucale normale. Pas d'hygroma": a fetus named at the start of a line, or before a colon at the start of a
/// sentence, owns the rest of the line.
pub(super) fn opens_line_of_fetus(place: &Place, cue: &Cue, found: &CueMatch) -> bool {
    let start = found.tokens.start as usize;
    let opens_line = found.tokens.start <= place.line.start + LEAD;
    let is_label = || {
        let sentence = place.segmented.sentence_of(start).start;
        let end = found.tokens.end as usize;
        let has_colon = place.segmented.is_mark(end - 1, b':') || place.segmented.is_mark(end, b':');
        found.tokens.start <= sentence + LEAD && has_colon
    };
    cue.effect.fetus().is_some() && place.line.contains(start) && (opens_line || is_label())
}

/// "son neveu qui présente une varicelle": the relative clause speaks of the person before it.
pub(super) fn is_antecedent(reader: &Reader, place: &Place, index: usize) -> bool {
    let next = reader.cues[index].tokens.end;
    let is_relative =
        place.segmented.tokens.get(next as usize).is_some_and(|t| t.role.has(Role::SUBORDINATOR));
    names_person(reader.cue(index).category) && is_relative && place.clause.start == next
}
