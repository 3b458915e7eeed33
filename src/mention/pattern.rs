//! Turns the matches of the patterns' automaton into candidates, with their value and unit.

use super::{Candidate, Rule};
use crate::lexicon::Lexicons;
use crate::segment::Segmented;

/// Adds the candidates of all patterns.
pub(super) fn find(segmented: &Segmented, lexicons: &Lexicons, out: &mut Vec<Candidate>) {
    let text = segmented.text();
    lexicons.patterns.find(text, |found| {
        let tokens = segmented.tokens_in_folded(found.start, found.end);
        let concept = lexicons.patterns.patterns[found.pattern as usize].concept;
        out.push(Candidate {
            tokens,
            claims: tokens,
            fragments: None,
            rule: Rule::Pattern(found.pattern),
            concept,
            lexicon: lexicons.concepts.concepts[concept as usize].lexicon,
            by: Default::default(),
            parts: Vec::new(),
            value: found.value,
            unit: found.unit.and_then(|(from, to)| text.get(from as usize..to as usize)).map(str::to_string),
            span: Some(segmented.span_of_folded(found.start, found.end)),
        });
    });
}
