//! Finds described findings: all their parts near one another in a sentence.

use super::dictionary::{self, Step};
use super::words::Word;
use super::{Candidate, Rule};
use crate::lexicon::{Description, Lexicons, Role};
use crate::segment::{Segmented, TokenKind, TokenRange};

/// How many words beside a description may veto it.
const VETO_WITHIN: usize = 3;
/// Most tokens between two neighbouring parts, those that do not count included.
const FARTHEST: usize = 24;
/// Most phrases looked at on each side of an anchor.
const MOST_NEAR: usize = 200;

/// Most tokens from the anchor to another part.
const FARTHEST_PART: u32 = 60;

/// A phrase of a description, where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    tokens: TokenRange,
    set: u32,
}

/// Adds the candidates of all descriptions.
pub(super) fn find(segmented: &Segmented, lexicons: &Lexicons, words: &[Word], out: &mut Vec<Candidate>) {
    if lexicons.descriptions.descriptions.is_empty() {
        return;
    }
    let hits = hits(segmented, lexicons, words);
    for (i, hit) in hits.iter().enumerate() {
        let anchored = lexicons.descriptions.anchored.get(hit.set as usize).map_or(&[][..], Vec::as_slice);
        if anchored.is_empty() {
            continue;
        }
        let sentence = segmented.sentence_of(hit.tokens.start as usize);
        let near = near(&hits, i, sentence);
        for &number in anchored {
            let description = &lexicons.descriptions.descriptions[number as usize];
            if let Some(parts) = parts(segmented, description, *hit, near)
                && !is_vetoed(segmented, description, cover_of(&parts), sentence, near)
            {
                out.push(candidate(lexicons, number, parts));
            }
        }
    }
}

/// The phrases of a report, in text order; of phrases of one set that start at one token, the longest.
fn hits(segmented: &Segmented, lexicons: &Lexicons, words: &[Word]) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut steps = Vec::new();
    for (start, word) in words.iter().enumerate() {
        let Some(node) = lexicons.phrases.root(word.own) else { continue };
        steps.clear();
        steps.push(Step::first(start, *word, node));
        dictionary::walk(segmented, words, |node, word| lexicons.phrases.child(node, word.own), &mut steps);
        let first = hits.len();
        for step in steps.iter().rev() {
            let tokens = TokenRange::new(start, step.end());
            for &set in lexicons.phrases.values(step.node) {
                if !hits[first..].iter().any(|hit: &Hit| hit.set == set) {
                    hits.push(Hit { tokens, set });
                }
            }
        }
    }
    hits.sort_unstable();
    hits
}

/// The hits around one that its description may reach, in its sentence.
fn near(hits: &[Hit], at: usize, sentence: TokenRange) -> &[Hit] {
    let place = hits[at].tokens.start;
    let inside = |hit: &&Hit| {
        sentence.contains(hit.tokens.start as usize) && hit.tokens.start.abs_diff(place) <= FARTHEST_PART
    };
    let before = hits[..at].iter().rev().take(MOST_NEAR).take_while(inside).count();
    let after = hits[at..].iter().take(MOST_NEAR).take_while(inside).count();
    &hits[at - before..at + after]
}

/// The places of all parts, when all are there.
///
/// Starting at the anchor, the nearest missing part on either side is taken, until none is missing.
fn parts(
    segmented: &Segmented,
    description: &Description,
    anchor: Hit,
    near: &[Hit],
) -> Option<Vec<TokenRange>> {
    let sets = &description.parts;
    let mut found: Vec<Option<TokenRange>> = vec![None; sets.len()];
    let first = sets.iter().position(|set| *set == anchor.set)?;
    found[first] = Some(anchor.tokens);
    let (mut low, mut high, mut cover) = (first, first, anchor.tokens);
    while found.contains(&None) {
        let may_be = |part: usize, is_after: bool| {
            found[part].is_none()
                && (!description.ordered || if is_after { part == high + 1 } else { part + 1 == low })
        };
        let mut best: Option<(usize, u32, usize, TokenRange)> = None;
        for hit in near {
            let is_after = hit.tokens.start >= cover.end;
            if !is_after && hit.tokens.end > cover.start {
                continue;
            }
            let Some(part) = (0..sets.len()).find(|&p| sets[p] == hit.set && may_be(p, is_after)) else {
                continue;
            };
            let between = match is_after {
                true => TokenRange { start: cover.end, end: hit.tokens.start },
                false => TokenRange { start: hit.tokens.end, end: cover.start },
            };
            let Some(gap) = gap(segmented, between, description) else { continue };
            let length = hit.tokens.end - hit.tokens.start;
            let rank = (gap, u32::MAX - length, part, hit.tokens);
            if best.is_none_or(|best| rank < best) {
                best = Some(rank);
            }
        }
        let (_, _, part, tokens) = best?;
        found[part] = Some(tokens);
        (low, high) = (low.min(part), high.max(part));
        cover = TokenRange { start: cover.start.min(tokens.start), end: cover.end.max(tokens.end) };
    }
    Some(found.into_iter().flatten().collect())
}

/// From the first word of the first part to the last word of the last one.
fn cover_of(parts: &[TokenRange]) -> TokenRange {
    let start = parts.iter().map(|part| part.start).min().unwrap_or(0);
    TokenRange { start, end: parts.iter().map(|part| part.end).max().unwrap_or(start) }
}

/// How many words that count stand between two parts; `None` when they are too many, or something ends the search.
fn gap(segmented: &Segmented, between: TokenRange, description: &Description) -> Option<usize> {
    if (between.end - between.start) as usize > FARTHEST {
        return None;
    }
    let mut words = 0;
    for i in between.indices() {
        let token = &segmented.tokens[i];
        if ends(segmented, i) {
            if !description.across || segmented.is_any_mark(i, b";") {
                return None;
            }
            continue;
        }
        words += usize::from(counts(token.kind, token.role));
    }
    (words <= description.within as usize).then_some(words)
}

fn counts(kind: TokenKind, role: Role) -> bool {
    matches!(kind, TokenKind::Word | TokenKind::Number)
        && !role.has(Role::ARTICLE)
        && !role.has(Role::MODIFIER)
}

/// What separates findings: a comma, a bracket, a slash, a coordinator, a word that opens a clause.
fn ends(segmented: &Segmented, token: usize) -> bool {
    let role = segmented.tokens[token].role;
    segmented.is_any_mark(token, b",;()[]/|+")
        || role.has(Role::COORDINATOR)
        || opens_clause(segmented, token)
}

/// A subordinator; of two letters, elided, only before a pronoun, since it is reflexive before a verb.
fn opens_clause(segmented: &Segmented, token: usize) -> bool {
    let is_pronoun = |next: usize| segmented.tokens.get(next).is_some_and(|t| t.role.has(Role::PRONOUN));
    let is_short = segmented.word(token).len() <= 2;
    segmented.tokens[token].role.has(Role::SUBORDINATOR) && (!is_short || is_pronoun(token + 1))
}

/// A word that speaks against the description stands in it or just beside it.
fn is_vetoed(
    segmented: &Segmented,
    description: &Description,
    cover: TokenRange,
    sentence: TokenRange,
    near: &[Hit],
) -> bool {
    let Some(without) = description.without else { return false };
    let beside = |tokens: &mut dyn Iterator<Item = usize>| {
        let mut words = 0;
        let open = |&i: &usize| {
            let token = &segmented.tokens[i];
            words += usize::from(counts(token.kind, token.role));
            words <= VETO_WITHIN && !ends(segmented, i)
        };
        tokens.take_while(open).count() as u32
    };
    let before = beside(&mut (sentence.start as usize..cover.start as usize).rev());
    let after = beside(&mut (cover.end as usize..sentence.end as usize));
    let reach = TokenRange { start: cover.start - before, end: cover.end + after };
    near.iter().any(|hit| hit.set == without && hit.tokens.overlaps(reach))
}

fn candidate(lexicons: &Lexicons, number: u32, parts: Vec<TokenRange>) -> Candidate {
    let tokens = cover_of(&parts);
    let concept = lexicons.descriptions.descriptions[number as usize].concept;
    Candidate {
        tokens,
        claims: tokens,
        fragments: None,
        rule: Rule::Description(number),
        concept,
        lexicon: lexicons.concepts.concepts[concept as usize].lexicon,
        by: Default::default(),
        parts,
        value: None,
        unit: None,
        span: None,
    }
}
