//! Which cues govern a mention: scopes bounded by clause, sentence, list item and section.

use super::Reader;
use super::cue::CueMatch;
use super::person::FETUS_PREFIX;
use crate::lexicon::{Category, Cue, Direction, Reach, Role};
use crate::mention::Mention;
use crate::segment::{Segmented, TokenKind, TokenRange};

/// How many tokens away a cue may stand: bounds the work on a text without sentence ends.
const FARTHEST: usize = 120;
/// Most headers looked at before a mention.
const MOST_HEADERS: usize = 4;
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
    let place = Place::of(reader.segmented, mention);
    let next = reader.cues.partition_point(|c| c.tokens.start < mention.tokens.start);
    let mut cues = headers(reader, &place, next);
    let mut open = true;
    let from = place.sentence.start.min(place.line.start);
    for index in (next.saturating_sub(MOST_CUES)..next).rev() {
        let found = &reader.cues[index];
        if found.tokens.start < from {
            break;
        }
        if found.tokens.start < place.sentence.start && !found.is_line_wide {
            continue;
        }
        cues.extend(preceding(reader, &place, index, &mut open));
    }
    let mut open = true;
    for index in (next..reader.cues.len()).take(MOST_CUES) {
        if reader.cues[index].tokens.start as usize > mention.tokens.end as usize + FARTHEST || !open {
            break;
        }
        cues.extend(following(reader, &place, index, &mut open));
    }
    let with_mention = |&index: &usize| reader.cues[index].tokens.start == mention.tokens.start;
    let mut beginning = (next..reader.cues.len()).take(MOST_CUES).take_while(with_mention);
    let is_test = beginning.any(|index| reader.cue(index).id.starts_with(TEST_PREFIX));
    Governing { cues, is_negated_verb: is_negated_verb(&place), is_test }
}

/// The cues before the mention that head its list or section ("Signes négatifs :").
fn headers(reader: &Reader, place: &Place, next: usize) -> Vec<Governor> {
    let known = reader.headers.partition_point(|&index| index < next);
    let last = reader.headers[known.saturating_sub(MOST_HEADERS)..known].iter();
    let reaches = |index: usize| match reader.cue(index).reach {
        Reach::Section => reaches_section(place, &reader.cues[index]),
        _ => reaches_paragraph(place, &reader.cues[index]),
    };
    last.filter(|&&index| reaches(index) && acts_after(reader.cue(index)))
        .map(|&cue| {
            let distance = place.tokens.start - reader.cues[cue].tokens.end.min(place.tokens.start);
            Governor { cue, distance, follows: false, is_header: true }
        })
        .collect()
}

/// Most tokens of a bullet before a name that opens a line.
const LEAD: u32 = 2;
/// Prefix of the ids that name tests.
const TEST_PREFIX: &str = "test.";
/// Most words between a verb and the second word of its negation ("ne fume vraiment pas").
const CLOSES_WITHIN: usize = 3;
/// Most words between the first word of a negation and its verb ("n'a pu être réalisée").
const OPENS_WITHIN: usize = 4;

fn is_negated_verb(place: &Place) -> bool {
    let (start, end) = (place.tokens.start as usize, place.tokens.end as usize);
    let role = |i: usize| place.segmented.tokens[i].role;
    let words = |i: &usize| place.segmented.tokens[*i].kind == TokenKind::Word;
    let before = (start.saturating_sub(OPENS_WITHIN)..start).rev().take_while(words);
    let after = (end..(end + CLOSES_WITHIN).min(place.sentence.end as usize)).take_while(words);
    let opens = |i: usize| role(i).has(Role::NEGATION_OPEN);
    let closes = |i: usize| role(i).has(Role::NEGATION_CLOSE);
    let mut inside = start..end;
    let opened = before.clone().position(opens);
    let closed_before = before.clone().position(closes);
    opened.is_some_and(|o| o <= 1 && closed_before.is_none())
        && (after.into_iter().any(closes) || inside.any(closes))
}

/// Prefix of the ids of cues that answer an item (": non"): they count only where the item ends.
const ANSWER_PREFIX: &str = "answer.";

/// A ticked box is an answer wherever it stands.
fn is_answer(id: &str) -> bool {
    id.strip_prefix(ANSWER_PREFIX).is_some_and(|rest| !rest.starts_with("box"))
}

/// True when the item, the cell or the sentence ends after a cue.
fn ends_item(place: &Place, found: &CueMatch) -> bool {
    let next = found.tokens.end as usize;
    let closes = |token: usize| place.segmented.is_any_mark(token, b",;.|");
    closes(next - 1)
        || next >= place.sentence.end as usize
        || place.segmented.tokens[next].kind == TokenKind::Newline
        || place.segmented.is_any_mark(next, b",;.|/)(-\t")
}

/// Where a mention stands.
struct Place<'s, 't> {
    segmented: &'s Segmented<'t>,
    tokens: TokenRange,
    sentence: TokenRange,
    clause: TokenRange,
    line: TokenRange,
}

impl<'s, 't> Place<'s, 't> {
    fn of(segmented: &'s Segmented<'t>, mention: &Mention) -> Self {
        let start = mention.tokens.start as usize;
        Self {
            segmented,
            tokens: mention.tokens,
            sentence: segmented.sentence_of(start),
            clause: segmented.clause_of(start),
            line: segmented.line_of(start),
        }
    }

    /// True when a cue lies inside the mention or overlaps it: it is part of the concept's name.
    fn holds(&self, cue: &CueMatch) -> bool {
        self.tokens.overlaps(cue.tokens)
    }

    /// True when the mention lies inside the cue: in its gap, or among its words ("sans antécédents").
    fn is_inside(&self, cue: &CueMatch) -> bool {
        cue.tokens.start < self.tokens.start && self.tokens.end <= cue.tokens.end
    }
}

fn is_doubt(category: Category) -> bool {
    matches!(category, Category::Possible | Category::Hypothetical | Category::NotAssessed)
}

/// "Il n'a pas été noté de déficit", ": risque combiné de T21": a cue that follows its finding acts forward when "of"
/// opens one after it.
fn opens_complement(place: &Place, cue: &Cue, found: &CueMatch) -> bool {
    let next = place.segmented.tokens.get(found.tokens.end as usize);
    is_assertive(cue.category) && next.is_some_and(|t| t.role.has(Role::PARTITIVE))
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
    if place.is_inside(found) {
        let governs = cue.category == Category::Negation || (is_doubt(cue.category) && acts_after(cue));
        return governs.then_some(Governor { cue: index, distance: 0, follows: false, is_header: false });
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
        Reach::Section => false,
        _ if !*open || (between.end - between.start) as usize > FARTHEST => false,
        Reach::Sentence => place.sentence.contains(found.tokens.start as usize),
        Reach::Item => place.line.contains(found.tokens.start as usize),
        Reach::Clause => {
            opens_line_of_fetus(place, cue, found) || reaches_clause(reader, place, index, between)
        }
        Reach::Phrase => reaches_phrase(place, between, Role::VERB.and(Role::SUBORDINATOR)),
        Reach::Word => reaches_word(place, between),
    };
    ((acts_after(cue) || opens_complement(place, cue, found)) && reaches).then_some(Governor {
        cue: index,
        distance: between.end - between.start,
        follows: false,
        is_header: false,
    })
}

/// A header ("Signes négatifs :") governs to the next blank line or title.
fn reaches_section(place: &Place, found: &CueMatch) -> bool {
    let segmented = place.segmented;
    let (last, to) = (found.tokens.end.saturating_sub(1) as usize, place.tokens.start as usize);
    let same = |token| segmented.section_of(token).map(|s| s.title);
    // What stands beyond the frame of the header's section is under another label.
    let framed = segmented.section_of(last).is_none_or(|s| s.frame.contains(to));
    framed && same(last) == same(to) && reaches_paragraph(place, found)
}

/// True when no blank line stands between a header and the mention.
fn reaches_paragraph(place: &Place, found: &CueMatch) -> bool {
    let (from, to) = (found.tokens.end as usize, place.tokens.start as usize);
    let is_break = |i: usize| place.segmented.tokens[i].kind == TokenKind::Newline;
    from <= to
        && to - from <= 4 * FARTHEST
        && !(from..to).any(|i| is_break(i) && i + 1 < to && is_break(i + 1))
}

/// True when a cue heads what follows it: a section-wide cue, or a fetus named at the start of a paragraph.
pub(super) fn is_header(segmented: &Segmented, cue: &Cue, found: &CueMatch) -> bool {
    let start = found.tokens.start as usize;
    let is_break =
        |back: usize| start.checked_sub(back).is_none_or(|i| segmented.tokens[i].kind == TokenKind::Newline);
    cue.reach == Reach::Section || (cue.id.starts_with(FETUS_PREFIX) && is_break(1) && is_break(2))
}

/// "J2 : clarté nucale normale. Pas d'hygroma": a fetus named at the start of a line owns the line.
fn opens_line_of_fetus(place: &Place, cue: &Cue, found: &CueMatch) -> bool {
    let starts =
        found.tokens.start <= place.line.start + LEAD && place.line.contains(found.tokens.start as usize);
    cue.id.starts_with(FETUS_PREFIX) && starts
}

/// A clause cue reaches the mention in its own clause, and over commas as long as the list goes on.
fn reaches_clause(reader: &Reader, place: &Place, index: usize, between: TokenRange) -> bool {
    let cue_end = reader.cues[index].tokens.end as usize - 1;
    if !place.clause.contains(cue_end) {
        return is_fronted(reader, place, index, between);
    }
    if is_assertive(reader.cue(index).category) && is_cut(place.segmented, between) {
        return false;
    }
    let joint =
        |i: usize| place.segmented.is_mark(i, b',') || place.segmented.tokens[i].role.has(Role::COORDINATOR);
    !between.indices().any(joint) || !list_is_over(reader, place, index, between)
}

/// "Chez le premier jumeau, on note une omphalocèle": what opens the sentence frames the clause after its comma.
fn is_fronted(reader: &Reader, place: &Place, index: usize, between: TokenRange) -> bool {
    let opens = reader.cues[index].tokens.start == place.sentence.start;
    let frames = !is_assertive(reader.cue(index).category);
    let commas = between.indices().filter(|&i| place.segmented.is_mark(i, b',')).count();
    let closed = between.indices().any(|i| place.segmented.is_mark(i, b';'));
    opens && frames && commas == 1 && !closed
}

/// How many tokens back a cue of the same kind makes a list of statements.
const SAID_WITHIN: u32 = 24;

/// "pas de fièvre, pas de toux, rhinorrhée claire", "sans fièvre ni frisson, toux": a cue that was said again before
/// the last item holds for that item only, and any other statement between ends the list too.
fn list_is_over(reader: &Reader, place: &Place, index: usize, between: TokenRange) -> bool {
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
        found.tokens.start >= between.start
            && found.tokens.end <= between.end
            && is_assertive(reader.cue(other).category)
    });
    said_before || said_between || joins_something_else(place.segmented, between)
}

/// True when what follows a comma or coordinator is no item of the list: "pas de fièvre et le bilan est normal" (after a
/// bare noun, a noun with its article), "en faveur d'une opacité, complété par un scanner" (after a noun with its
/// article, no noun with an article).
fn joins_something_else(segmented: &Segmented, between: TokenRange) -> bool {
    let has = |i: usize, role| segmented.tokens.get(i).is_some_and(|t| t.role.has(role));
    let is_bare = !has(between.start as usize, Role::DETERMINER);
    let opens_noun = Role::DETERMINER.and(Role::PARTITIVE).and(Role::COORDINATOR).and(Role::ARTICLE);
    between.indices().any(|i| match is_bare {
        true => (segmented.is_mark(i, b',') || has(i, Role::COORDINATOR)) && has(i + 1, Role::DETERMINER),
        false => segmented.is_mark(i, b',') && !has(i + 1, opens_noun),
    })
}

/// A colon, a verb, or the end of a bracket opened before the cue ends what is said before it.
fn is_cut(segmented: &Segmented, between: TokenRange) -> bool {
    let mut depth = 0;
    for i in between.indices() {
        depth += i32::from(segmented.is_mark(i, b'(')) - i32::from(segmented.is_mark(i, b')'));
        let verb = segmented.tokens[i].role.has(Role::VERB) && i > between.start as usize;
        if depth < 0 || verb || segmented.is_mark(i, b':') {
            return true;
        }
    }
    false
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

/// A phrase cue reaches the next comma, mark or word with one of the roles `breaks`.
fn reaches_phrase(place: &Place, between: TokenRange, breaks: Role) -> bool {
    let segmented = place.segmented;
    place.sentence.contains(between.start.saturating_sub(1) as usize)
        && between
            .indices()
            .all(|i| !segmented.tokens[i].role.has(breaks) && !segmented.is_any_mark(i, b",;:.()|"))
}

/// A word cue reaches the word that follows it, articles left out.
fn reaches_word(place: &Place, between: TokenRange) -> bool {
    between
        .indices()
        .all(|i| place.segmented.tokens[i].role.has(Role::ARTICLE) || place.segmented.is_mark(i, b'-'))
}

/// A cue after the mention: it governs when it acts backward. The first result found closes the search.
fn following(reader: &Reader, place: &Place, index: usize, open: &mut bool) -> Option<Governor> {
    let found = &reader.cues[index];
    let cue = reader.cue(index);
    if place.holds(found) || (is_answer(&cue.id) && !ends_item(place, found)) {
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
    // A suspicion may still be resolved further on; any other statement closes the search.
    *open &= !is_assertive(cue.category) || cue.category == Category::Possible;
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
