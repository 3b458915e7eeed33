//! Cues before the mention that act on what follows them.

use super::place::{
    Place, acts_after, governs_inside, is_assertive, names_person, opens_complement, reaches_phrase,
};
use super::{FARTHEST, Governor};
use crate::context::cue::CueMatch;
use crate::context::{Mechanism, Reader};
use crate::lexicon::{Category, Cue, Effect, Reach, Role};
use crate::segment::{Segmented, TokenKind, TokenRange};

/// Most tokens of a bullet before a name that opens a line.
const LEAD: u32 = 2;

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
        Reach::Clause if opens_sentence(reader, place, index, between) => true,
        _ if !open.admits(cue.category) => false,
        Reach::Sentence => place.sentence.contains(found.tokens.start as usize),
        Reach::Item => place.line.contains(found.tokens.start as usize),
        Reach::Clause => {
            opens_line_of_fetus(place, cue, found) || reaches_clause(reader, place, index, between)
        }
        Reach::Phrase => {
            let is_acts_own = cue.category == Category::Negation && names_known_finding(place, between);
            !is_acts_own && reaches_phrase(place, between, Role::VERB.and(Role::SUBORDINATOR))
        }
        Reach::Word => reaches_word(place, between),
    };
    ((acts_after(cue) || opens_complement(place, cue, found)) && reaches).then_some(Governor {
        cue: index,
        distance: between.end - between.start,
        follows: false,
        is_header: false,
    })
}

/// "n'avait pas entendu le souffle": the act is denied; what its complement names with an article is known.
fn names_known_finding(place: &Place, between: TokenRange) -> bool {
    between.indices().skip(1).any(|i| place.segmented.tokens[i].role.has(Role::DETERMINER))
}

/// "La patiente est diabétique, mais son fœtus …": a person named at the start of a sentence is its subject to its end, as
/// long as no other person is named.
fn opens_sentence(reader: &Reader, place: &Place, index: usize, between: TokenRange) -> bool {
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
fn opens_line_of_fetus(place: &Place, cue: &Cue, found: &CueMatch) -> bool {
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

/// A clause cue reaches the mention in its own clause, and over commas as long as the list goes on.
fn reaches_clause(reader: &Reader, place: &Place, index: usize, between: TokenRange) -> bool {
    let cue_end = reader.cues[index].tokens.end as usize - 1;
    if !place.clause.contains(cue_end) {
        return is_antecedent(reader, place, index) || is_fronted(reader, place, index, between);
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
        || !between.indices().any(joint)
        || !list_is_over(reader, place, index, between)
}

/// "son neveu qui présente une varicelle": the relative clause speaks of the person before it.
fn is_antecedent(reader: &Reader, place: &Place, index: usize) -> bool {
    let next = reader.cues[index].tokens.end;
    let is_relative =
        place.segmented.tokens.get(next as usize).is_some_and(|t| t.role.has(Role::SUBORDINATOR));
    names_person(reader.cue(index).category) && is_relative && place.clause.start == next
}

/// "Chez le premier jumeau, on note une omphalocèle": what opens the sentence frames the clause after its comma.
fn is_fronted(reader: &Reader, place: &Place, index: usize, between: TokenRange) -> bool {
    let start = reader.cues[index].tokens.start;
    let opens = start == place.sentence.start || place.segmented.is_mark(start as usize - 1, b';');
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

/// True when what follows a comma or coordinator is no item of the list: "pas de fièvre et le bilan est normal" (after a
/// bare noun, a noun with its article), "en faveur d'une opacité, complété par un scanner" (after a noun with its
/// article, no noun with an article).
fn joins_something_else(segmented: &Segmented, between: TokenRange) -> bool {
    let has = |i: usize, role| segmented.tokens.get(i).is_some_and(|t| t.role.has(role));
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
