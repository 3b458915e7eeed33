//! Drops ambiguous terms without support nearby, and terms that a nearby word speaks against.

use super::{About, Candidate, Rule, definition};
use crate::lexicon::{Lexicons, SupportSets, Term};
use crate::segment::{Segmented, Span, TokenRange};
use rustc_hash::FxHashSet;

/// How many tokens on each side may hold a word of a support set.
const SUPPORT_WITHIN: usize = 60;
/// How many tokens on each side may hold a word that speaks against a term.
const AGAINST_WITHIN: usize = 12;

/// Keeps the candidates that stand, and tells why the others do not.
///
/// An ambiguous term needs a supporting word, section, type of report or ward; an unambiguous mention of the same organ; or
/// its definition in the report ("atrésie de l'œsophage (AO)"). What the report defines as something else is never it.
pub(super) fn settle(
    segmented: &Segmented,
    lexicons: &Lexicons,
    about: About,
    candidates: &mut Vec<Candidate>,
    unresolved: &mut Vec<Unresolved>,
) {
    let doubtful = |c: &Candidate| term_of(lexicons, c).is_some_and(|t| t.ambiguous || t.against != 0);
    if !candidates.iter().any(doubtful) {
        return;
    }
    let evidence = Evidence::gather(segmented, lexicons, about, candidates);
    candidates.retain(|candidate| {
        let Some(term) = term_of(lexicons, candidate) else { return true };
        let fault = evidence.fault(segmented, lexicons, candidate, term);
        unresolved.extend(fault.map(|why| Unresolved {
            span: segmented.span(candidate.tokens),
            concept: candidate.concept,
            why,
        }));
        fault.is_none()
    });
}

/// An ambiguous term that stands for nothing here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unresolved {
    /// Original bytes.
    pub span: Span,
    /// What it might have been.
    pub concept: u32,
    /// Why it is not.
    pub why: Why,
}

/// Why an ambiguous term stands for nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Why {
    /// None of these sets is met nearby.
    NoSupport(SupportSets),
    /// One of these sets speaks against it nearby.
    Against(SupportSets),
    /// The report defines the abbreviation as something else.
    DefinedOtherwise,
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
    /// Abbreviations that the report defines as something that is no mention.
    foreign: FxHashSet<u32>,
    /// Sets that the report meets by its type and ward.
    of_report: SupportSets,
}

impl Evidence {
    fn gather(segmented: &Segmented, lexicons: &Lexicons, about: About, candidates: &[Candidate]) -> Self {
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
        let (mut defined, mut foreign) = (FxHashSet::default(), FxHashSet::default());
        let ambiguous = |c: &&Candidate| term_of(lexicons, c).is_some_and(|t| t.ambiguous);
        for candidate in candidates.iter().filter(ambiguous) {
            let Some(open) = definition::opening(segmented, candidate.tokens) else { continue };
            let word = first_word(segmented, candidate);
            if ends.contains(&(open as u32, candidate.concept)) {
                defined.insert((word, candidate.concept));
            } else if definition::spelt_from(segmented, open, candidate.tokens).is_some() {
                foreign.insert(word);
            }
        }
        foreign.retain(|word| !defined.iter().any(|(known, _)| known == word));
        let of_report = lexicons.concepts.met_by_report(about.document_type, about.ward);
        Self { organs, defined, foreign, of_report }
    }

    /// Why a candidate does not stand; `None` when it does.
    fn fault(
        &self,
        segmented: &Segmented,
        lexicons: &Lexicons,
        candidate: &Candidate,
        term: &Term,
    ) -> Option<Why> {
        let word = first_word(segmented, candidate);
        if term.ambiguous && self.foreign.contains(&word) {
            return Some(Why::DefinedOtherwise);
        }
        if term.against != 0 {
            let against = sets_near(segmented, lexicons, candidate.tokens, AGAINST_WITHIN) & term.against;
            if against != 0 {
                return Some(Why::Against(against));
            }
        }
        let stands = !term.ambiguous
            || self.defined.contains(&(word, candidate.concept))
            || (self.of_report | of_section(segmented, lexicons, candidate)) & term.support != 0
            || sets_near(segmented, lexicons, candidate.tokens, SUPPORT_WITHIN) & term.support != 0
            || self.organ_near(segmented, lexicons, candidate, term);
        (!stands).then_some(Why::NoSupport(term.support))
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

/// The sets that the section of a candidate meets.
fn of_section(segmented: &Segmented, lexicons: &Lexicons, candidate: &Candidate) -> SupportSets {
    let section = segmented.section_of(candidate.tokens.start as usize);
    section.map_or(0, |s| lexicons.concepts.met_by_section(&lexicons.sections[s.kind as usize].id))
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
