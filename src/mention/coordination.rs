//! Coordinated concepts that share a head ("fentes labiale et palatine") or a complement ("sténose ou atrésie duodénale").

use super::Candidate;
use super::dictionary::{Spelt, Step, candidate, spelt, walk};
use super::words::Word;
use crate::lexicon::{Lexicons, Mechanism, Role};
use crate::segment::{Segmented, TokenKind, TokenRange};

/// Most items of one coordination.
const MOST_ITEMS: usize = 8;
/// Most tokens of a coordinator, its comma and its line breaks.
const LONGEST_JOINT: usize = 4;

/// Adds the candidates that share words with the match `steps`.
pub(super) fn find(
    segmented: &Segmented,
    lexicons: &Lexicons,
    words: &[Word],
    steps: &[Step],
    out: &mut Vec<Candidate>,
) {
    share_head(segmented, lexicons, words, steps, out);
    share_complement(segmented, lexicons, words, steps, out);
}

/// "atrésie de l'œsophage et du duodénum": the words after the joint go on from a node inside the match.
fn share_head(
    segmented: &Segmented,
    lexicons: &Lexicons,
    words: &[Word],
    steps: &[Step],
    out: &mut Vec<Candidate>,
) {
    let [first, .., last] = steps else { return };
    let mut end = last.end();
    for _ in 0..MOST_ITEMS {
        let Some(item) = after_joint(segmented, end) else { return };
        let Some(tail_end) = (1..steps.len()).rev().find_map(|kept| {
            let tail = tail_of(segmented, lexicons, words, &steps[..kept], steps[kept].introduced, item)?;
            let head = TokenRange::new(first.token, steps[kept - 1].end());
            let cover = TokenRange::new(first.token, tail.range.end as usize);
            let found = tail
                .terms
                .iter()
                .map(|&term| candidate(lexicons, term, cover, tail.range, Some([head, tail.range])));
            out.extend(found);
            Some(tail.range.end as usize)
        }) else {
            return;
        };
        end = tail_end;
    }
}

struct Tail {
    range: TokenRange,
    terms: Vec<Spelt>,
}

/// The longest term that starts with the words of `head` and goes on at token `from`.
///
/// The new complement must be built as the first one: introduced by "of" when it was, else an adjective. Without this,
/// "fente labiale et palais normal" would read as a cleft palate.
fn tail_of(
    segmented: &Segmented,
    lexicons: &Lexicons,
    words: &[Word],
    head: &[Step],
    introduced: bool,
    from: usize,
) -> Option<Tail> {
    let last = head.last()?;
    let is_article = |i: usize| segmented.tokens.get(i).is_some_and(|t| t.role.has(Role::ARTICLE));
    let start = (from..from + 3).find(|&i| !is_article(i))?;
    if introduced != (start > from) {
        return None;
    }
    let (token, word) = segmented.tokens.get(start).zip(words.get(start)).filter(|(t, _)| t.word != 0)?;
    let is_number = token.kind == TokenKind::Number;
    if !introduced && !is_number && !lexicons.grammar.looks_like_adjective(segmented.word(start)) {
        return None;
    }
    let node = lexicons.terms.child(last.node, word.class)?;
    let step = Step { token: start, word: *word, node, introduced, ..*last }.after(last);
    let mut steps = vec![step];
    walk(segmented, words, |node, word| lexicons.terms.child(node, word.class), &mut steps);
    steps.iter().rev().find_map(|step| {
        let range = TokenRange::new(start, step.end());
        let terms: Vec<Spelt> = shared(spelt(segmented, lexicons, step, range), lexicons).collect();
        (!terms.is_empty()).then_some(Tail { range, terms })
    })
}

/// The terms of lexicons that share heads and complements.
fn shared(terms: impl Iterator<Item = Spelt>, lexicons: &Lexicons) -> impl Iterator<Item = Spelt> {
    let may = |spelt: &Spelt| {
        let concept = lexicons.concepts.terms[spelt.term as usize].concept;
        !lexicons.left_out(concept).has(Mechanism::Coordination)
    };
    terms.filter(may).map(|spelt| Spelt { by: spelt.by.with(Mechanism::Coordination), ..spelt })
}

/// "sténose ou atrésie duodénale": the word before the joint takes the complement of the match.
fn share_complement(
    segmented: &Segmented,
    lexicons: &Lexicons,
    words: &[Word],
    steps: &[Step],
    out: &mut Vec<Candidate>,
) {
    let [first, complement @ .., last] = steps else { return };
    let Some(head) = before_joint(segmented, first.token) else { return };
    let Some(root) = lexicons.terms.root(words[head].class) else { return };
    let start = Step { introduced: first.introduced, ..Step::first(head, words[head], root) };
    let last_step = complement.iter().chain([last]).try_fold(start, |from, step| {
        let node = lexicons.terms.child(from.node, step.word.class)?;
        Some(Step { node, ..*step }.after(&from))
    });
    let Some(step) = last_step else { return };
    let head = TokenRange::new(head, head + 1);
    let tail = TokenRange::new(steps[1].token, last.end());
    let cover = TokenRange::new(head.start as usize, last.end());
    for term in shared(spelt(segmented, lexicons, &step, cover), lexicons) {
        out.push(candidate(lexicons, term, cover, head, Some([head, tail])));
    }
}

/// The token after a comma, slash or coordinator that follows token `end`.
fn after_joint(segmented: &Segmented, end: usize) -> Option<usize> {
    let joint =
        (end..segmented.tokens.len()).take(LONGEST_JOINT).take_while(|&i| is_joint(segmented, i)).count();
    let joins = (end..end + joint).any(|i| segmented.tokens[i].kind != TokenKind::Newline);
    joins.then_some(end + joint)
}

/// The token before a coordinator that precedes token `start`.
fn before_joint(segmented: &Segmented, start: usize) -> Option<usize> {
    let joint =
        (start.saturating_sub(LONGEST_JOINT)..start).rev().take_while(|&i| is_joint(segmented, i)).count();
    let joins = (start - joint..start).any(|i| segmented.tokens[i].role.has(Role::COORDINATOR));
    if joins { (start - joint).checked_sub(1) } else { None }
}

fn is_joint(segmented: &Segmented, token: usize) -> bool {
    let is_mark = |mark| segmented.is_mark(token, mark);
    segmented.tokens[token].role.has(Role::COORDINATOR)
        || is_mark(b',')
        || is_mark(b'/')
        || is_mark(b'+')
        || segmented.tokens[token].kind == TokenKind::Newline
}
