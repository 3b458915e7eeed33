//! Cues before the mention that act on what follows them.

use super::place::{
    Place, acts_after, governs_inside, is_assertive, names_person, opens_complement, reaches_phrase,
};
use super::{FARTHEST, Governor, list, subject};
use crate::context::{Mechanism, Reader};
use crate::lexicon::{Category, Cue, Effect, Reach, Role};
use crate::segment::{Segmented, TokenKind, TokenRange};

/// What may still be found before a mention, going away from it.
pub(super) struct Open {
    /// Cues of assertion and time.
    pub statements: bool,
    /// Persons: an exception changes none ("un frère avec une sténose").
    pub persons: bool,
}

impl Open {
    fn admits(&self, category: Category) -> bool {
        if names_person(category) { self.persons } else { self.statements }
    }
}

/// A cue before the mention: it governs when it acts forward and nothing between them ends its scope.
pub(super) fn preceding(reader: &Reader, place: &Place, index: usize, open: &mut Open) -> Option<Governor> {
    let found = &reader.cues[index];
    let cue = reader.cue(index);
    if place.holds(found) {
        let governor = Governor { cue: index, distance: 0, follows: false, is_header: false };
        return governs_inside(place, cue, found).then_some(governor);
    }
    if found.is_part {
        return None;
    }
    if matches!(cue.category, Category::Stop | Category::Except) {
        if place.sentence.contains(found.tokens.start as usize) {
            open.statements = false;
            open.persons &= cue.category == Category::Except;
        }
        return None;
    }
    let between = TokenRange { start: found.tokens.end, end: place.tokens.start.max(found.tokens.end) };
    if place.is_known && (cue.category == Category::Negation || cue.effect == Effect::General) {
        return None;
    }
    let reaches = match cue.reach {
        Reach::Section => false,
        _ if (between.end - between.start) as usize > FARTHEST => false,
        Reach::Clause if subject::opens_sentence(reader, place, index, between) => true,
        _ if !open.admits(cue.category) => false,
        Reach::Sentence => place.sentence.contains(found.tokens.start as usize),
        Reach::Item => place.line.contains(found.tokens.start as usize),
        Reach::Clause => {
            subject::opens_line_of_fetus(place, cue, found) || reaches_clause(reader, place, index, between)
        }
        Reach::Phrase => {
            let is_acts_own = cue.category == Category::Negation && names_known_finding(place, between);
            !is_acts_own && reaches_phrase(place, between, Role::VERB.and(Role::SUBORDINATOR))
        }
        Reach::Word => reaches_word(place, between),
    };
    let acts = acts_after(cue) || opens_complement(place, cue, found);
    (acts && reaches || opens_aside(place, cue, between)).then_some(Governor {
        cue: index,
        distance: between.end - between.start,
        follows: false,
        is_header: false,
    })
}

/// "cardiopathie maternelle (T4F)": whom the word before a bracket names has what the bracket tells.
fn opens_aside(place: &Place, cue: &Cue, between: TokenRange) -> bool {
    let is = |i: u32, mark| place.segmented.is_mark(i as usize, mark);
    names_person(cue.category)
        && is(between.start, b'(')
        && !(between.start..between.end).any(|i| is(i, b')'))
}

/// "n'avait pas entendu le souffle": the act is denied; what its complement names with an article is known.
fn names_known_finding(place: &Place, between: TokenRange) -> bool {
    between.indices().skip(1).any(|i| place.segmented.tokens[i].role.has(Role::DETERMINER))
}

/// A clause cue reaches the mention in its own clause, and over commas as long as the list goes on.
fn reaches_clause(reader: &Reader, place: &Place, index: usize, between: TokenRange) -> bool {
    let cue_end = reader.cues[index].tokens.end as usize - 1;
    if !place.clause.contains(cue_end) {
        return subject::is_antecedent(reader, place, index) || is_fronted(reader, place, index, between);
    }
    // "pas de foyer à la radiographie": the examination took place.
    let is_examined =
        place.is_test && between.indices().any(|i| place.segmented.tokens[i].role.has(Role::PREPOSITION));
    let is_closed = is_examined
        || place.segmented.is_mark(between.start as usize, b',')
        || is_cut(place.segmented, between);
    if is_assertive(reader.cue(index).category) && is_closed {
        return false;
    }
    let joint =
        |i: usize| place.segmented.is_mark(i, b',') || place.segmented.tokens[i].role.has(Role::COORDINATOR);
    !reader.uses(Mechanism::Lists)
        || is_fronted(reader, place, index, between)
        || !between.indices().any(joint)
        || !list::is_over(reader, place, index, between)
}

/// "Chez le premier jumeau, on note une omphalocèle": what opens the sentence frames the clause after its comma.
fn is_fronted(reader: &Reader, place: &Place, index: usize, between: TokenRange) -> bool {
    let start = reader.cues[index].tokens.start;
    let opens = start == place.sentence.start || place.segmented.is_any_mark(start as usize - 1, b";:");
    let frames = !is_assertive(reader.cue(index).category);
    let commas = between.indices().filter(|&i| place.segmented.is_mark(i, b',')).count();
    let closed = between.indices().any(|i| place.segmented.is_mark(i, b';'));
    opens && frames && commas == 1 && !closed
}

/// "pas de fièvre⏎toux ++": a line break ends what is said before it, unless the phrase goes on over it.
fn ends_line_of_item(segmented: &Segmented, i: usize) -> bool {
    let joins = Role::ARTICLE.and(Role::COORDINATOR).and(Role::PREPOSITION).and(Role::DETERMINER);
    let goes_on = |i: usize| segmented.tokens.get(i).is_some_and(|t| t.role.has(joins.and(Role::PARTITIVE)));
    let is_break = segmented.tokens[i].kind == TokenKind::Newline;
    is_break && !goes_on(i - 1) && !goes_on(i + 1) && !segmented.is_any_mark(i - 1, b",-")
}

/// A colon, a verb, a word that tells when or why ("pas de fièvre depuis l'admission"), or the end of a bracket opened
/// before the cue ends what is said before it.
fn is_cut(segmented: &Segmented, between: TokenRange) -> bool {
    let mut depth = 0;
    for i in between.indices() {
        depth += i32::from(segmented.is_mark(i, b'(')) - i32::from(segmented.is_mark(i, b')'));
        let verb = segmented.tokens[i].role.has(Role::VERB) && i > between.start as usize;
        let adjunct = segmented.tokens[i].role.has(Role::ADJUNCT);
        let item = i > between.start as usize && ends_line_of_item(segmented, i);
        if depth < 0 || verb || adjunct || item || segmented.is_mark(i, b':') {
            return true;
        }
    }
    false
}

/// A word cue reaches the word that follows it, articles left out.
fn reaches_word(place: &Place, between: TokenRange) -> bool {
    between
        .indices()
        .all(|i| place.segmented.tokens[i].role.has(Role::ARTICLE) || place.segmented.is_mark(i, b'-'))
}
