//! Looks terms up in the token trie, skipping what does not count inside a concept.

use super::{Candidate, Rule, coordination};
use crate::lexicon::{Lexicons, NodeId, Role, Term, WordId};
use crate::segment::{Segmented, TokenKind, TokenRange};

/// Most tokens skipped in a row between two words of a term ("atrésie de⏎⏎l'œsophage").
const LONGEST_SKIP: usize = 4;
/// Most modifiers skipped inside one term ("sténose serrée congénitale de l'uretère").
const MOST_MODIFIERS: usize = 2;

/// One matched word of a term.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub token: usize,
    pub word: WordId,
    pub node: NodeId,
    /// An article or "of" stands before it.
    pub introduced: bool,
}

/// Adds the candidates of all terms, with those that share a head or a complement.
pub(super) fn find(segmented: &Segmented, lexicons: &Lexicons, out: &mut Vec<Candidate>) {
    let mut steps = Vec::new();
    for start in 0..segmented.tokens.len() {
        let word = segmented.tokens[start].word;
        if word == 0 {
            continue;
        }
        let Some(root) = lexicons.terms.root(word) else { continue };
        steps.clear();
        steps.push(Step { token: start, word, node: root, introduced: false });
        walk(segmented, lexicons, &mut steps);
        let found = out.len();
        let mut longest = 0;
        for (i, step) in steps.iter().enumerate() {
            let tokens = TokenRange::new(start, step.token + 1);
            for &number in lexicons.terms.values(step.node) {
                if accepts(segmented, &lexicons.concepts.terms[number as usize], tokens) {
                    out.push(candidate(lexicons, number, tokens, tokens, None));
                    longest = i + 1;
                }
            }
        }
        if out.len() > found && longest > 1 {
            coordination::find(segmented, lexicons, &steps[..longest], out);
        }
    }
}

/// Extends a match word by word as far as the trie goes.
pub(super) fn walk(segmented: &Segmented, lexicons: &Lexicons, steps: &mut Vec<Step>) {
    let Some(mut last) = steps.last().copied() else { return };
    let mut modifiers = 0;
    let mut skipped = 0;
    let mut introduced = false;
    for (i, token) in segmented.tokens.iter().enumerate().skip(last.token + 1) {
        let next = if token.word == 0 { None } else { lexicons.terms.child(last.node, token.word) };
        if let Some(node) = next {
            last = Step { token: i, word: token.word, node, introduced };
            steps.push(last);
            (skipped, introduced) = (0, false);
            continue;
        }
        skipped += 1;
        let is_article = token.role.has(Role::ARTICLE);
        let is_modifier = token.role.has(Role::MODIFIER) && modifiers < MOST_MODIFIERS;
        modifiers += usize::from(is_modifier && !is_article);
        introduced |= is_article;
        let may_skip =
            is_article || is_modifier || token.kind == TokenKind::Newline || is_hyphen(segmented, i);
        if !may_skip || skipped > LONGEST_SKIP {
            return;
        }
    }
}

/// A hyphen between two words, with space on at most one side.
pub(super) fn is_hyphen(segmented: &Segmented, token: usize) -> bool {
    segmented.is_mark(token, b'-')
        && !(segmented.tokens[token].space_before
            && segmented.tokens.get(token + 1).is_none_or(|next| next.space_before))
}

/// True when the capitals of an abbreviation are met.
pub(super) fn accepts(segmented: &Segmented, term: &Term, tokens: TokenRange) -> bool {
    let Some(capitals) = &term.capitals else { return true };
    let written = segmented.span(tokens).slice(segmented.original());
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<Vec<_>>();
    let (expected, found) = (letters(capitals), letters(written));
    if expected.len() == found.len() {
        expected.iter().zip(&found).all(|(e, f)| !e.is_uppercase() || f.is_uppercase() || !f.is_alphabetic())
    } else {
        !found.iter().any(|c| c.is_lowercase())
    }
}

pub(super) fn candidate(
    lexicons: &Lexicons,
    number: u32,
    tokens: TokenRange,
    claims: TokenRange,
    fragments: Option<[TokenRange; 2]>,
) -> Candidate {
    let concept = lexicons.concepts.terms[number as usize].concept;
    Candidate {
        tokens,
        claims,
        fragments,
        rule: Rule::Term(number),
        concept,
        lexicon: lexicons.concepts.concepts[concept as usize].lexicon,
        value: None,
        unit: None,
        span: None,
    }
}
