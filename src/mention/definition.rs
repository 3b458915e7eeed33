//! Abbreviations that a report explains: "atrésie de l'œsophage (AO)", "AO (atrésie de l'œsophage)".

use super::{Candidate, Rule};
use crate::lexicon::{Lexicons, Mechanism, Mechanisms, Role};
use crate::segment::{Segmented, TokenKind, TokenRange};
use rustc_hash::FxHashMap;

/// Letters of an abbreviation.
const LETTERS: std::ops::RangeInclusive<usize> = 2..=6;
/// Most words before an opening bracket that an abbreviation may be made of.
const FARTHEST: usize = 12;

/// Adds a candidate wherever an abbreviation stands that the report has explained by a term.
pub(super) fn find(segmented: &Segmented, lexicons: &Lexicons, out: &mut Vec<Candidate>) {
    let mut explained: FxHashMap<&str, usize> = FxHashMap::default();
    for (i, candidate) in out.iter().enumerate() {
        let Rule::Term(number) = candidate.rule else { continue };
        let term = &lexicons.concepts.terms[number as usize];
        let is_on = !lexicons.left_out(candidate.concept).has(Mechanism::Definitions);
        if term.ambiguous || term.capitals.is_some() || !is_on {
            continue;
        }
        let after = short_after(segmented, candidate.tokens);
        let short = after.or_else(|| short_before(segmented, candidate.tokens));
        if let Some(short) = short.filter(|&short| is_made_of(segmented, short, candidate.tokens.indices())) {
            let longest = explained.entry(segmented.word(short)).or_insert(i);
            let length = |i: usize| out[i].tokens.end - out[i].tokens.start;
            if length(i) > length(*longest) {
                *longest = i;
            }
        }
    }
    if explained.is_empty() {
        return;
    }
    for i in 0..segmented.tokens.len() {
        if !is_short(segmented, i) {
            continue;
        }
        if let Some(&long) = explained.get(segmented.word(i)) {
            let tokens = TokenRange::new(i, i + 1);
            let by = Mechanisms::default().with(Mechanism::Definitions);
            out.push(Candidate { tokens, claims: tokens, fragments: None, by, ..out[long].clone() });
        }
    }
}

/// The bracket that opens just before an abbreviation alone in it, when there is one.
pub(super) fn opening(segmented: &Segmented, tokens: TokenRange) -> Option<usize> {
    let open = (tokens.start as usize).checked_sub(1).filter(|&i| segmented.is_mark(i, b'('))?;
    segmented.is_mark(tokens.end as usize, b')').then_some(open)
}

/// The first of the words before the bracket that spell the abbreviation in it: "aide opératoire (AO)".
pub(super) fn spelt_from(segmented: &Segmented, open: usize, tokens: TokenRange) -> Option<usize> {
    let short = tokens.start as usize;
    let letters = segmented.word(short).chars().count();
    let counted = |i: &usize| segmented.tokens[*i].kind == TokenKind::Word && !is_small(segmented, *i);
    let words: Vec<usize> =
        (open.saturating_sub(FARTHEST)..open).rev().filter(counted).take(letters).collect();
    let from = words.last().copied().filter(|_| words.len() == letters)?;
    (initials(segmented, from..open) == segmented.word(short)).then_some(from)
}

fn initials(segmented: &Segmented, words: std::ops::Range<usize>) -> String {
    let counted = words.filter(|&i| segmented.tokens[i].kind == TokenKind::Word && !is_small(segmented, i));
    counted.filter_map(|i| segmented.word(i).chars().next()).collect()
}

fn is_small(segmented: &Segmented, token: usize) -> bool {
    let role = segmented.tokens[token].role;
    role.has(Role::ARTICLE) || role.has(Role::PREPOSITION) || role.has(Role::COORDINATOR)
}

/// "… (AO)": the abbreviation in the brackets behind a term.
fn short_after(segmented: &Segmented, term: TokenRange) -> Option<usize> {
    let (open, short) = (term.end as usize, term.end as usize + 1);
    let is_alone = segmented.is_mark(open, b'(') && segmented.is_mark(short + 1, b')');
    (is_alone && is_short(segmented, short)).then_some(short)
}

/// "AO (…)": the abbreviation before the brackets that hold a term.
fn short_before(segmented: &Segmented, term: TokenRange) -> Option<usize> {
    let open = (term.start as usize).checked_sub(1).filter(|&i| segmented.is_mark(i, b'('))?;
    let short = open.checked_sub(1).filter(|&i| is_short(segmented, i))?;
    segmented.is_mark(term.end as usize, b')').then_some(short)
}

pub(super) fn is_short(segmented: &Segmented, token: usize) -> bool {
    segmented.tokens.get(token).is_some_and(|t| {
        t.kind == TokenKind::Word
            && LETTERS.contains(&((t.end - t.start) as usize))
            && segmented.is_upper(token)
    })
}

/// The abbreviation begins as the term does, and its letters stand in the term in this order.
fn is_made_of(segmented: &Segmented, short: usize, term: std::ops::Range<usize>) -> bool {
    let words = term.filter(|&i| segmented.tokens[i].kind == TokenKind::Word);
    let mut written = words.flat_map(|i| segmented.word(i).chars());
    let mut letters = segmented.word(short).chars();
    letters.next() == written.next() && letters.all(|letter| written.any(|c| c == letter))
}
