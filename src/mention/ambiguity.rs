//! Drops ambiguous terms without support nearby, and terms that a nearby word speaks against.

use super::{Candidate, Rule};
use crate::lexicon::{Lexicons, SupportSets, Term};
use crate::segment::{Segmented, TokenRange};
use rustc_hash::FxHashSet;

/// How many tokens on each side may hold a word of a support set.
const SUPPORT_WITHIN: usize = 60;
/// How many tokens on each side may hold a word that speaks against a term.
const AGAINST_WITHIN: usize = 12;

/// Keeps the candidates that stand: an ambiguous term needs a supporting word, an unambiguous mention of the same organ,
/// or its definition in the report ("atrésie de l'œsophage (AO)").
pub(super) fn settle(segmented: &Segmented, lexicons: &Lexicons, candidates: &mut Vec<Candidate>) {
    let doubtful = |c: &Candidate| term_of(lexicons, c).is_some_and(|t| t.ambiguous || t.against != 0);
    if !candidates.iter().any(doubtful) {
        return;
    }
    let evidence = Evidence::gather(segmented, lexicons, candidates);
    candidates.retain(|candidate| match term_of(lexicons, candidate) {
        Some(term) => evidence.stands(segmented, lexicons, candidate, term),
        None => true,
    });
}

fn term_of<'l>(lexicons: &'l Lexicons, candidate: &Candidate) -> Option<&'l Term> {
    match candidate.rule {
        Rule::Term(number) => lexicons.concepts.terms.get(number as usize),
        _ => None,
    }
}

/// What the unambiguous mentions of a report say about the ambiguous ones.
struct Evidence {
    /// Token and organ group of each unambiguous mention, by token.
    organs: Vec<(u32, u32)>,
    /// Concepts of the abbreviations that the report defines, as (first word, concept).
    defined: FxHashSet<(u32, u32)>,
}

impl Evidence {
    fn gather(segmented: &Segmented, lexicons: &Lexicons, candidates: &[Candidate]) -> Self {
        let mut organs = Vec::new();
        let mut ends = FxHashSet::default();
        let sure = |c: &&Candidate| term_of(lexicons, c).is_none_or(|t| !t.ambiguous);
        for candidate in candidates.iter().filter(sure) {
            let concept = &lexicons.concepts.concepts[candidate.concept as usize];
            organs.extend(concept.group.map(|group| (candidate.tokens.start, group)));
            ends.insert((candidate.tokens.end, candidate.concept));
        }
        organs.sort_unstable();
        organs.dedup();
        let defines = |c: &&Candidate| {
            let opens = c.tokens.start.checked_sub(1).filter(|&i| segmented.is_mark(i as usize, b'('));
            opens.is_some_and(|open| ends.contains(&(open, c.concept)))
        };
        let defined =
            candidates.iter().filter(defines).map(|c| (first_word(segmented, c), c.concept)).collect();
        Self { organs, defined }
    }

    fn stands(&self, segmented: &Segmented, lexicons: &Lexicons, candidate: &Candidate, term: &Term) -> bool {
        if term.against != 0
            && sets_near(segmented, lexicons, candidate.tokens, AGAINST_WITHIN) & term.against != 0
        {
            return false;
        }
        !term.ambiguous
            || self.defined.contains(&(first_word(segmented, candidate), candidate.concept))
            || sets_near(segmented, lexicons, candidate.tokens, SUPPORT_WITHIN) & term.support != 0
            || self.organ_near(segmented, lexicons, candidate, term)
    }

    fn organ_near(
        &self,
        segmented: &Segmented,
        lexicons: &Lexicons,
        candidate: &Candidate,
        term: &Term,
    ) -> bool {
        let Some(group) = lexicons.concepts.concepts[candidate.concept as usize].group else { return false };
        let from = candidate.tokens.start.saturating_sub(SUPPORT_WITHIN as u32);
        let to = candidate.tokens.end + SUPPORT_WITHIN as u32;
        let first = self.organs.partition_point(|(token, _)| *token < from);
        let mut same =
            self.organs[first..].iter().take_while(|(token, _)| *token < to).filter(|(_, o)| *o == group);
        let acts = |token: u32| {
            let distance = distance(segmented, candidate.tokens, token as usize);
            term.support == 0 || lexicons.concepts.acting(term.support, distance) != 0
        };
        same.any(|(token, _)| acts(*token))
    }
}

fn first_word(segmented: &Segmented, candidate: &Candidate) -> u32 {
    segmented.tokens.get(candidate.tokens.start as usize).map_or(0, |t| t.word)
}

/// The support sets that have a word or phrase starting within `reach` tokens of a mention, its own words left out.
fn sets_near(segmented: &Segmented, lexicons: &Lexicons, mention: TokenRange, reach: usize) -> SupportSets {
    let (start, end) = (mention.start as usize, mention.end as usize);
    let before = start.saturating_sub(reach)..start;
    let after = end..(end + reach).min(segmented.tokens.len());
    let acting =
        |i| lexicons.concepts.acting(sets_at(segmented, lexicons, i), distance(segmented, mention, i));
    before.chain(after).fold(0, |sets, i| sets | acting(i))
}

/// How many characters of folded text lie between a mention and a token.
fn distance(segmented: &Segmented, mention: TokenRange, token: usize) -> u32 {
    let at = &segmented.tokens[token];
    let first = segmented.tokens.get(mention.start as usize).map_or(0, |t| t.start);
    let last = segmented.tokens.get((mention.end as usize).saturating_sub(1)).map_or(0, |t| t.end);
    first.saturating_sub(at.end).max(at.start.saturating_sub(last))
}

/// The support sets that have a word or phrase starting at a token.
fn sets_at(segmented: &Segmented, lexicons: &Lexicons, token: usize) -> SupportSets {
    let mut sets = 0;
    let mut node = lexicons.supports.root(segmented.tokens[token].word);
    let mut at = token;
    while let Some(here) = node {
        sets |= lexicons.supports.values(here).iter().fold(0, |sets, &set| sets | 1 << set);
        at += 1;
        node = segmented.tokens.get(at).and_then(|t| lexicons.supports.child(here, t.word));
    }
    sets
}
