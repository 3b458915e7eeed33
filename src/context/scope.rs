//! Which cues govern a mention: scopes bounded by clause, sentence, list item and section.

use super::Reader;
use super::cue::CueMatch;
use crate::lexicon::{Category, Cue, Direction, Reach, Role};
use crate::mention::Mention;
use crate::segment::{Segmented, TokenKind, TokenRange};

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
}

/// Finds the cues whose scope holds the mention.
pub(super) fn govern(reader: &Reader, mention: &Mention) -> Governing {
    let place = Place::of(reader.segmented, mention);
    let next = reader.cues.partition_point(|c| c.tokens.start < mention.tokens.start);
    let mut cues = Vec::new();
    let mut open = true;
    for index in (next.saturating_sub(MOST_CUES)..next).rev() {
        let Some(governor) = preceding(reader, &place, index, &mut open) else { continue };
        cues.push(governor);
    }
    let mut open = true;
    for index in (next..reader.cues.len()).take(MOST_CUES) {
        if reader.cues[index].tokens.start as usize > mention.tokens.end as usize + FARTHEST || !open {
            break;
        }
        cues.extend(following(reader, &place, index, &mut open));
    }
    Governing { cues }
}

/// Where a mention stands.
struct Place<'s, 't> {
    segmented: &'s Segmented<'t>,
    tokens: TokenRange,
    sentence: TokenRange,
    clause: TokenRange,
}

impl<'s, 't> Place<'s, 't> {
    fn of(segmented: &'s Segmented<'t>, mention: &Mention) -> Self {
        let start = mention.tokens.start as usize;
        Self {
            segmented,
            tokens: mention.tokens,
            sentence: segmented.sentence_of(start),
            clause: segmented.clause_of(start),
        }
    }

    /// True when a cue lies inside the mention: it is part of the concept's name.
    fn holds(&self, cue: &CueMatch) -> bool {
        self.tokens.overlaps(cue.tokens) && !self.is_in_gap(cue)
    }

    fn is_in_gap(&self, cue: &CueMatch) -> bool {
        cue.gap.start < cue.gap.end && cue.gap.overlaps(self.tokens) && cue.tokens.start < self.tokens.start
    }
}

fn acts_after(cue: &Cue) -> bool {
    matches!(cue.direction, Direction::After | Direction::Both)
}

fn acts_before(cue: &Cue) -> bool {
    matches!(cue.direction, Direction::Before | Direction::Both)
}

/// A cue before the mention: it governs when it acts forward and nothing between them ends its scope.
fn preceding(reader: &Reader, place: &Place, index: usize, open: &mut bool) -> Option<Governor> {
    let found = &reader.cues[index];
    let cue = reader.cue(index);
    if place.is_in_gap(found) {
        return Some(Governor { cue: index, distance: 0, follows: false, is_header: false });
    }
    if place.holds(found) {
        return None;
    }
    let is_stop = matches!(cue.category, Category::Stop | Category::Except);
    if is_stop {
        *open &= !place.sentence.contains(found.tokens.start as usize);
        return None;
    }
    let between = TokenRange { start: found.tokens.end, end: place.tokens.start.max(found.tokens.end) };
    let reaches = match cue.reach {
        Reach::Section => reaches_section(place, found),
        _ if !*open || (between.end - between.start) as usize > FARTHEST => false,
        Reach::Sentence => place.sentence.contains(found.tokens.start as usize),
        Reach::Item => {
            place.segmented.line_of(found.tokens.start as usize).contains(place.tokens.start as usize)
        }
        Reach::Clause => reaches_clause(reader, place, index, between),
        Reach::Phrase => reaches_phrase(place.segmented, place, between),
    };
    (acts_after(cue) && reaches).then_some(Governor {
        cue: index,
        distance: between.end - between.start,
        follows: false,
        is_header: cue.reach == Reach::Section,
    })
}

/// A header ("Signes négatifs :") governs to the next blank line or title.
fn reaches_section(place: &Place, found: &CueMatch) -> bool {
    let segmented = place.segmented;
    let (from, to) = (found.tokens.end as usize, place.tokens.start as usize);
    let same = |token| segmented.section_of(token).map(|s| s.title);
    if from > to || same(from.saturating_sub(1)) != same(to) || to - from > 4 * FARTHEST {
        return false;
    }
    // A header ends its own line or opens a list on it; it does not run over a blank line.
    let is_break = |i: usize| segmented.tokens[i].kind == TokenKind::Newline;
    !(from..to).any(|i| is_break(i) && i + 1 < to && is_break(i + 1))
}

/// A clause cue reaches the mention in its own clause, and over commas as long as the list goes on.
fn reaches_clause(reader: &Reader, place: &Place, index: usize, between: TokenRange) -> bool {
    if !place.clause.contains(reader.cues[index].tokens.end as usize - 1) {
        return false;
    }
    let commas = between.indices().filter(|&i| place.segmented.is_mark(i, b',')).count();
    commas == 0 || !list_is_over(reader, place, index, between)
}

/// "pas de fièvre, pas de toux, rhinorrhée claire": a cue that is said again before each item ends at the comma.
fn list_is_over(reader: &Reader, place: &Place, index: usize, between: TokenRange) -> bool {
    let category = reader.cue(index).category;
    let said_before = reader.cues[..index].iter().enumerate().rev().take(8).any(|(other, found)| {
        place.sentence.contains(found.tokens.start as usize)
            && reader.cues[other].tokens != reader.cues[index].tokens
            && reader.cue(other).category == category
            && follows_comma(place.segmented, reader.cues[index].tokens.start as usize)
    });
    let decides_between = reader.cues[index + 1..].iter().enumerate().take(16).any(|(i, found)| {
        let other = reader.cue(index + 1 + i).category;
        found.tokens.start < between.end && is_assertive(other) && other != category
    });
    said_before || decides_between
}

fn follows_comma(segmented: &Segmented, token: usize) -> bool {
    token > 0 && segmented.is_mark(token - 1, b',')
}

fn is_assertive(category: Category) -> bool {
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

/// A phrase cue reaches the next comma, coordinator of clauses, or verb.
fn reaches_phrase(segmented: &Segmented, place: &Place, between: TokenRange) -> bool {
    let breaks = Role::VERB.and(Role::SUBORDINATOR);
    place.sentence.contains(between.start.saturating_sub(1) as usize)
        && between.indices().all(|i| {
            let token = &segmented.tokens[i];
            !token.role.has(breaks) && !b",;:.()|".iter().any(|&mark| segmented.is_mark(i, mark))
        })
}

/// A cue after the mention: it governs when it acts backward. The first result found closes the search.
fn following(reader: &Reader, place: &Place, index: usize, open: &mut bool) -> Option<Governor> {
    let found = &reader.cues[index];
    let cue = reader.cue(index);
    if place.holds(found) {
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
        Reach::Phrase => reaches_phrase(place.segmented, place, trimmed(place.segmented, between)),
    };
    if !acts_before(cue) {
        // A new cue that acts forward opens another statement.
        *open &= !(is_assertive(cue.category) && acts_after(cue));
        return None;
    }
    let governs = reaches.then_some(Governor {
        cue: index,
        distance: between.end - between.start,
        follows: true,
        is_header: false,
    });
    *open &= !is_assertive(cue.category);
    governs
}

/// Backwards, a comma ends the scope unless the cue follows it at once ("suspicion de coarctation, éliminée").
fn backward_clause(place: &Place, between: TokenRange) -> bool {
    let inner = trimmed(place.segmented, between);
    let same_clause = inner.end as usize <= place.clause.end as usize;
    same_clause
        && !inner.indices().any(|i| place.segmented.is_mark(i, b',') || place.segmented.is_mark(i, b';'))
}

/// Leaves out a comma that directly precedes the cue.
fn trimmed(segmented: &Segmented, between: TokenRange) -> TokenRange {
    let ends_with_comma = between.end > between.start && segmented.is_mark(between.end as usize - 1, b',');
    TokenRange { start: between.start, end: between.end - u32::from(ends_with_comma) }
}
