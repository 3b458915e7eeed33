//! Which cues govern a mention: scopes bounded by clause, sentence, list item and section.

mod backward;
mod forward;
mod header;
mod list;
mod place;
mod subject;

pub(super) use header::is_header;

use super::{Mechanism, Reader};
use crate::lexicon::Role;
use crate::mention::Mention;
use crate::segment::TokenKind;
use place::Place;

/// How many tokens away a cue may stand: bounds the work on a text without sentence ends.
const FARTHEST: usize = 120;
/// Most cues looked at on each side of a mention.
const MOST_CUES: usize = 64;

/// A cue that governs the mention.
#[derive(Clone, Copy, Debug)]
pub(super) struct Governor {
    /// Index in `Reader::cues`.
    pub cue: usize,
    /// Tokens between cue and mention.
    pub distance: u32,
    /// The cue stands after the mention.
    pub follows: bool,
    /// The cue heads a list or a section, and yields to what stands nearer.
    pub is_header: bool,
}

impl Governor {
    pub fn rank(&self) -> (bool, u32) {
        (self.is_header, self.distance)
    }
}

/// The cues that govern one mention.
pub(super) struct Governing {
    pub cues: Vec<Governor>,
    /// The mention is a verb between the two words of its negation ("ne fume pas").
    pub is_negated_verb: bool,
    /// The mention begins with the name of a test, which a negative result does not deny.
    pub is_test: bool,
}

/// Finds the cues whose scope holds the mention.
pub(super) fn govern(reader: &Reader, mention: &Mention) -> Governing {
    let place = Place::of(reader, mention);
    let next = reader.cues.partition_point(|c| c.tokens.start < mention.tokens.start);
    let mut cues = match reader.uses(Mechanism::Headers) {
        true => header::headers(reader, &place, next),
        false => Vec::new(),
    };
    let mut open = forward::Open { statements: true, persons: true };
    let from = place.sentence.start.min(place.line.start);
    for index in (next.saturating_sub(MOST_CUES)..next).rev() {
        let found = &reader.cues[index];
        if found.tokens.start < from {
            break;
        }
        if found.tokens.start < place.sentence.start && !found.is_line_wide {
            continue;
        }
        cues.extend(forward::preceding(reader, &place, index, &mut open));
    }
    let mut open = true;
    for index in (next..reader.cues.len()).take(MOST_CUES) {
        if reader.cues[index].tokens.start as usize > mention.tokens.end as usize + FARTHEST || !open {
            break;
        }
        cues.extend(backward::following(reader, &place, index, &mut open));
    }
    Governing {
        cues,
        is_negated_verb: reader.uses(Mechanism::NegatedVerbs) && is_negated_verb(&place),
        is_test: place.is_test,
    }
}

/// Most words between a verb and the second word of its negation ("ne fume vraiment pas").
const CLOSES_WITHIN: usize = 3;
/// Most words between the first word of a negation and its verb ("n'a pu être réalisée").
const OPENS_WITHIN: usize = 4;

/// "ne <fume> pas", "non <traité>".
fn is_negated_verb(place: &Place) -> bool {
    let (start, end) = (place.tokens.start as usize, place.tokens.end as usize);
    let role = |i: usize| place.segmented.tokens[i].role;
    let words = |i: &usize| place.segmented.tokens[*i].kind == TokenKind::Word;
    let before = (start.saturating_sub(OPENS_WITHIN)..start).rev().take_while(words);
    let after = (end..(end + CLOSES_WITHIN).min(place.sentence.end as usize)).take_while(words);
    let opens = |i: usize| role(i).has(Role::NEGATION_OPEN);
    let closes = |i: usize| role(i).has(Role::NEGATION_CLOSE);
    let mut inside = start..end;
    let is_prefixed = end == start + 1 && start > 0 && role(start - 1).has(Role::NEGATION_PREFIX);
    let opened = before.clone().position(opens);
    let closed_before = before.clone().position(closes);
    let is_enclosed = opened.is_some_and(|o| o <= 1 && closed_before.is_none())
        && (after.into_iter().any(closes) || inside.any(closes));
    is_enclosed || (is_prefixed && !place.segmented.is_mark(end, b':'))
}
