//! Looks terms up in the token trie, skipping what does not count inside a concept.

use super::words::Word;
use super::{Candidate, Rule, coordination};
use crate::lexicon::{Lexicons, Mechanism, Mechanisms, NodeId, Role, Term, hash_word};
use crate::segment::{Segmented, TokenKind, TokenRange};

/// Most tokens skipped in a row between two words of a term ("atrésie de⏎⏎l'œsophage").
const LONGEST_SKIP: usize = 4;
/// Most modifiers skipped inside one term ("sténose serrée congénitale de l'uretère").
const MOST_MODIFIERS: usize = 2;
/// Shortest word that is a term by itself although it is misspelt, in bytes.
const SHORTEST_ALONE: usize = 9;

/// One matched word of a term.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub token: usize,
    pub word: Word,
    pub node: NodeId,
    /// An article or "of" stands before it.
    pub introduced: bool,
    /// It is the first word of the term.
    pub is_first: bool,
    /// The first word of the match, as it is.
    pub head: Word,
    /// Hash of the words up to this one, as they are.
    pub own: u32,
    /// The mechanisms that led here.
    pub by: Mechanisms,
}

impl Step {
    pub fn first(token: usize, word: Word, node: NodeId) -> Self {
        Self {
            token,
            word,
            node,
            introduced: false,
            is_first: true,
            head: word,
            own: hash_word(0, word.own),
            by: word.by,
        }
    }

    /// This step after the words of another match.
    pub fn after(self, last: &Step) -> Self {
        let by = last.by.and(self.word.by);
        Self { own: hash_word(last.own, self.word.own), by, is_first: false, head: last.head, ..self }
    }

    /// One past its last token.
    pub fn end(&self) -> usize {
        self.token + 1 + usize::from(self.word.more)
    }
}

/// A term that a match spells, and the mechanisms that it took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spelt {
    pub term: u32,
    pub by: Mechanisms,
}

/// Adds the candidates of all terms, with those that share a head or a complement.
pub(super) fn find(segmented: &Segmented, lexicons: &Lexicons, words: &[Word], out: &mut Vec<Candidate>) {
    let mut steps = Vec::new();
    for (start, word) in words.iter().enumerate() {
        if word.class == 0 {
            continue;
        }
        let Some(root) = lexicons.terms.root(word.class) else { continue };
        steps.clear();
        steps.push(Step::first(start, *word, root));
        walk(segmented, words, |node, word| lexicons.terms.child(node, word.class), &mut steps);
        let found = out.len();
        let mut longest = 0;
        for (i, step) in steps.iter().enumerate() {
            let tokens = TokenRange::new(start, step.end());
            for spelt in spelt(segmented, lexicons, step, tokens) {
                out.push(candidate(lexicons, spelt, tokens, tokens, None));
                longest = i + 1;
            }
        }
        if out.len() > found && longest > 1 {
            coordination::find(segmented, lexicons, words, &steps[..longest], out);
        }
    }
}

/// Extends a match word by word as far as `child` leads.
pub(super) fn walk(
    segmented: &Segmented,
    words: &[Word],
    child: impl Fn(NodeId, &Word) -> Option<NodeId>,
    steps: &mut Vec<Step>,
) {
    let Some(mut last) = steps.last().copied() else { return };
    let (mut modifiers, mut skipped, mut introduced) = (0, 0, false);
    let mut by = Mechanisms::default();
    let mut i = last.end();
    while let Some((word, token)) = words.get(i).zip(segmented.tokens.get(i)) {
        let next = if word.own == 0 { None } else { child(last.node, word) };
        if let Some(node) = next {
            last = Step { token: i, word: *word, node, introduced, ..last }.after(&last);
            last.by = last.by.and(by);
            steps.push(last);
            (skipped, introduced) = (0, false);
            i = last.end();
            continue;
        }
        skipped += 1;
        let is_article = token.role.has(Role::ARTICLE);
        let is_modifier = token.role.has(Role::MODIFIER) && modifiers < MOST_MODIFIERS;
        modifiers += usize::from(is_modifier && !is_article);
        introduced |= is_article;
        by = match (is_article, is_modifier) {
            (true, _) => by.with(Mechanism::Elision),
            (_, true) => by.with(Mechanism::Insertion),
            _ => by,
        };
        let may_skip =
            is_article || is_modifier || token.kind == TokenKind::Newline || is_hyphen(segmented, i);
        if !may_skip || skipped > LONGEST_SKIP {
            return;
        }
        i += 1;
    }
}

/// The terms that a match spells. Those whose own words are met come before those of other words that mean the same, which
/// count only where there is none of the former.
pub(super) fn spelt(
    segmented: &Segmented,
    lexicons: &Lexicons,
    step: &Step,
    tokens: TokenRange,
) -> impl Iterator<Item = Spelt> {
    let replacing = Mechanisms::default().with(Mechanism::Synonyms).with(Mechanism::Derivation);
    let keys = || lexicons.terms.values(step.node).iter().map(|&key| lexicons.term_keys[key as usize]);
    let is_own = keys().any(|key| key.own == step.own);
    keys().filter(move |key| !is_own || key.own == step.own).filter_map(move |key| {
        let term = &lexicons.concepts.terms[key.term as usize];
        // An adjective is no head: "réflexe anal absent" is no "anus absent".
        if key.head != step.head.own && !step.head.by.has(Mechanism::Synonyms) {
            return None;
        }
        let by = if is_own { step.by.less(replacing) } else { step.by };
        let left_out = lexicons.left_out(term.concept);
        let stands = !by.meets(left_out) && accepts(segmented, term, step, by, tokens);
        stands.then_some(Spelt { term: key.term, by })
    })
}

/// A hyphen between two words, with space on at most one side.
pub(super) fn is_hyphen(segmented: &Segmented, token: usize) -> bool {
    segmented.is_mark(token, b'-')
        && !(segmented.tokens[token].space_before
            && segmented.tokens.get(token + 1).is_none_or(|next| next.space_before))
}

/// True when the capitals of an abbreviation are met, and a misspelt term is long enough to be meant.
fn accepts(segmented: &Segmented, term: &Term, step: &Step, by: Mechanisms, tokens: TokenRange) -> bool {
    // One word of the same meaning is not the term: "anomalie" is no "malformation" by itself.
    if step.is_first && (by.has(Mechanism::Synonyms) || by.has(Mechanism::Derivation)) {
        return false;
    }
    if by.has(Mechanism::Typing) {
        let is_alone = tokens.end - tokens.start == 1;
        let is_long = !is_alone || segmented.word(step.token).len() >= SHORTEST_ALONE;
        return is_long && term.capitals.is_none() && !term.ambiguous;
    }
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
    spelt: Spelt,
    tokens: TokenRange,
    claims: TokenRange,
    fragments: Option<[TokenRange; 2]>,
) -> Candidate {
    let concept = lexicons.concepts.terms[spelt.term as usize].concept;
    Candidate {
        tokens,
        claims,
        fragments,
        rule: Rule::Term(spelt.term),
        concept,
        lexicon: lexicons.concepts.concepts[concept as usize].lexicon,
        by: spelt.by,
        parts: Vec::new(),
        value: None,
        unit: None,
        span: None,
    }
}
