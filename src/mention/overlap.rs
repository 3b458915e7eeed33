//! The one rule of overlap: within a lexicon, the mention that claims more tokens wins.

use super::{Candidate, Rule};

/// The candidates that stand, in text order.
///
/// Lexicons do not hide each other's mentions. Within one lexicon the candidates are taken in this order and kept when no
/// token they claim is taken: more tokens claimed; earlier start; a pattern (it carries a value) before a term; in one
/// piece before discontinuous; lower rule number.
pub(super) fn resolve(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.sort_by_key(|c| {
        let is_term = matches!(c.rule, Rule::Term(_));
        let claimed = c.claims.end - c.claims.start;
        (c.lexicon, u32::MAX - claimed, c.claims.start, is_term, c.fragments.is_some(), c.tokens, c.rule)
    });
    let tokens = candidates.iter().map(|c| c.claims.end as usize).max().unwrap_or(0);
    let mut taken = vec![usize::MAX; tokens];
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        let claims = &mut taken[candidate.claims.indices()];
        if claims.iter().all(|&by| by != candidate.lexicon) {
            claims.fill(candidate.lexicon);
            kept.push(candidate);
        }
    }
    kept.sort_by_key(|c| (c.tokens, c.lexicon, c.rule));
    kept
}
