//! Finds candidate mentions of concepts and keeps, by one rule, those that stand.

mod ambiguity;
mod coordination;
mod definition;
mod description;
mod dictionary;
#[cfg(feature = "neural")]
mod link;
mod overlap;
mod pattern;
mod side;
pub mod suggest;
#[cfg(feature = "neural")]
mod tagger;
mod words;

pub use ambiguity::{Unresolved, Why};
pub use side::Side;
#[cfg(feature = "neural")]
pub use tagger::{Sentence, Tagged, Tagger, with_tagged};

use crate::lexicon::{Lexicons, Mechanism, Mechanisms};
use crate::segment::{Segmented, TokenRange};
use crate::span::Span;

/// Most mentions kept in one document; a longer list is an attack or a dictionary, not a report.
const MOST_MENTIONS: usize = 20_000;

/// What found a mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A term: index in `Concepts::terms`.
    Term(u32),
    /// A pattern: index in `Patterns::patterns`.
    Pattern(u32),
    /// A description: index in `Descriptions::descriptions`.
    Description(u32),
    /// Given by the caller.
    Given,
    /// Tagged by a model, with the chance in percent that it is a finding.
    Tagged(u8),
}

/// A span of text that names a concept.
#[derive(Clone, Debug, PartialEq)]
pub struct Mention {
    /// Tokens from the first to the last word.
    pub tokens: TokenRange,
    /// The original bytes of the pieces, when the mention is discontinuous; empty otherwise.
    pub fragments: Vec<Span>,
    /// Original bytes from the first to the last word.
    pub span: Span,
    /// Index of the concept; `None` for a span given by the caller, or tagged by a model and like no concept.
    pub concept: Option<u32>,
    /// What found it.
    pub rule: Rule,
    /// Measured value.
    pub value: Option<f64>,
    /// Unit of the value, folded.
    pub unit: Option<String>,
    /// Side of the body.
    pub side: Option<Side>,
}

impl Mention {
    /// A mention for a span found by somebody else's tool.
    pub fn given(segmented: &Segmented, span: Span) -> Self {
        let tokens = segmented.tokens_in_span(span);
        Self {
            tokens,
            fragments: Vec::new(),
            span,
            concept: None,
            rule: Rule::Given,
            value: None,
            unit: None,
            side: None,
        }
    }
}

/// A mention that may be dropped by the ambiguity or overlap rules.
#[derive(Clone, Debug)]
struct Candidate {
    tokens: TokenRange,
    /// The tokens no other mention of the lexicon may have; part of `tokens` when a head is shared.
    claims: TokenRange,
    fragments: Option<[TokenRange; 2]>,
    rule: Rule,
    concept: u32,
    lexicon: usize,
    value: Option<f64>,
    unit: Option<String>,
    /// The mechanisms that it took.
    by: Mechanisms,
    /// The parts of a description, in no order; what stands between them is not of it.
    parts: Vec<TokenRange>,
    /// Original span, when it is not the span of the tokens.
    span: Option<Span>,
}

/// What is known of a report besides its text, by which ambiguous terms are decided.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'d> {
    /// Id of its type.
    pub document_type: Option<&'d str>,
    /// The ward, as the source writes it.
    pub ward: Option<&'d str>,
}

/// The mentions of a report, in text order. Linear in its length: terms, gaps and coordinations are bounded.
pub fn find(segmented: &Segmented, lexicons: &Lexicons, about: About) -> Vec<Mention> {
    find_and_tell(segmented, lexicons, about).0
}

/// The mentions of a report, and the ambiguous terms that stand for nothing in it, both in text order.
pub fn find_and_tell(
    segmented: &Segmented,
    lexicons: &Lexicons,
    about: About,
) -> (Vec<Mention>, Vec<Unresolved>) {
    let mut candidates = Vec::new();
    let words = words::of(segmented, lexicons, lexicons.left_out);
    dictionary::find(segmented, lexicons, &words, &mut candidates);
    pattern::find(segmented, lexicons, &mut candidates);
    if !lexicons.left_out.has(Mechanism::Descriptions) {
        description::find(segmented, lexicons, &words, &mut candidates);
    }
    let mut unresolved = Vec::new();
    ambiguity::settle(segmented, lexicons, about, &mut candidates, &mut unresolved);
    definition::find(segmented, lexicons, &mut candidates);
    let mut kept = overlap::resolve(candidates, lexicons);
    kept.truncate(MOST_MENTIONS);
    let mentions: Vec<Mention> = kept.into_iter().map(|candidate| mention(segmented, candidate)).collect();
    unresolved.sort_by_key(|u| (u.span, u.concept));
    (mentions, unresolved)
}

/// A term that stands in a text, whether or not it counts there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// Original bytes.
    pub span: Span,
    /// Index of the term.
    pub term: u32,
    /// The mechanisms that it took.
    pub by: Mechanisms,
}

/// Every term that stands in a text, before ambiguity and overlap are decided, in text order.
pub fn standing(segmented: &Segmented, lexicons: &Lexicons) -> Vec<Standing> {
    let mut candidates = Vec::new();
    let words = words::of(segmented, lexicons, lexicons.left_out);
    dictionary::find(segmented, lexicons, &words, &mut candidates);
    let of_term = |c: &Candidate| match c.rule {
        Rule::Term(term) => Some(Standing { span: segmented.span(c.tokens), term, by: c.by }),
        _ => None,
    };
    let mut standing: Vec<Standing> = candidates.iter().filter_map(of_term).collect();
    standing.sort_by_key(|s| (s.span, s.by, s.term));
    standing
}

fn mention(segmented: &Segmented, candidate: Candidate) -> Mention {
    Mention {
        side: side::of(segmented, &candidate),
        span: candidate.span.unwrap_or_else(|| segmented.span(candidate.tokens)),
        tokens: candidate.tokens,
        fragments: candidate.fragments.into_iter().flatten().map(|piece| segmented.span(piece)).collect(),
        concept: Some(candidate.concept),
        rule: candidate.rule,
        value: candidate.value,
        unit: candidate.unit,
    }
}
