//! The one rule of overlap: within a lexicon, the mention that claims more tokens wins.

use super::{Candidate, Rule};
use crate::lexicon::Lexicons;
use crate::segment::TokenRange;
use std::collections::BTreeMap;

/// The candidates that stand, in text order.
///
/// Lexicons do not hide each other's mentions. Within one lexicon the candidates are taken in this order and kept when no
/// token they claim is taken: more tokens claimed; earlier start; a pattern (it carries a value) before a term; in one
/// piece before discontinuous; by fewer mechanisms; lower rule number. Descriptions come last: one stands only beside the
/// others, or in the place of those that say less ("malformation vertébrale").
pub(super) fn resolve(candidates: Vec<Candidate>, lexicons: &Lexicons) -> Vec<Candidate> {
    let is_description = |c: &Candidate| matches!(c.rule, Rule::Description(_));
    let (mut described, mut named): (Vec<_>, Vec<_>) = candidates.into_iter().partition(is_description);
    sort(&mut named);
    sort(&mut described);
    let mut kept: Vec<Candidate> = Vec::new();
    let tokens = named.iter().chain(&described).map(|c| c.claims.end as usize).max().unwrap_or(0);
    let mut taken = vec![usize::MAX; tokens];
    for candidate in named {
        let claims = &mut taken[candidate.claims.indices()];
        if claims.iter().all(|&by| by != candidate.lexicon) {
            claims.fill(candidate.lexicon);
            kept.push(candidate);
        }
    }
    if !described.is_empty() {
        describe(described, &mut kept, lexicons);
    }
    kept.sort_by_key(|c| (c.tokens, c.lexicon, c.rule));
    kept
}

fn sort(candidates: &mut [Candidate]) {
    candidates.sort_by_key(|c| {
        let is_term = matches!(c.rule, Rule::Term(_));
        let claimed = c.claims.end - c.claims.start;
        (
            c.lexicon,
            u32::MAX - claimed,
            c.claims.start,
            is_term,
            c.fragments.is_some(),
            c.by,
            c.tokens,
            c.rule,
        )
    });
}

/// Adds the descriptions that stand, longest first. What stands between the parts of one hinders it not.
fn describe(described: Vec<Candidate>, kept: &mut Vec<Candidate>, lexicons: &Lexicons) {
    kept.sort_by_key(|c| c.tokens);
    // What overlaps a candidate begins at most as many tokens before it as the longest is long.
    let longest = kept.iter().chain(&described).map(|c| c.tokens.end - c.tokens.start).max().unwrap_or(0);
    let before = |tokens: TokenRange| TokenRange { start: tokens.start.saturating_sub(longest), end: 0 };
    let after = |tokens: TokenRange| TokenRange { start: tokens.end, end: 0 };
    let mut standing: BTreeMap<(usize, TokenRange), Candidate> = BTreeMap::new();
    let mut is_replaced = vec![false; kept.len()];
    for candidate in described {
        let (lexicon, tokens) = (candidate.lexicon, candidate.tokens);
        let mut others = standing.range((lexicon, before(tokens))..(lexicon, after(tokens)));
        if others.any(|(_, other)| other.tokens.overlaps(tokens)) {
            continue;
        }
        let from = kept.partition_point(|c| c.tokens < before(tokens));
        let to = kept.partition_point(|c| c.tokens < after(tokens));
        let touches = |other: &Candidate| candidate.parts.iter().any(|part| part.overlaps(other.tokens));
        let touched: Vec<usize> =
            (from..to).filter(|&i| kept[i].lexicon == lexicon && touches(&kept[i])).collect();
        if touched.iter().all(|&i| says_less(kept[i].concept, candidate.concept, lexicons)) {
            touched.iter().for_each(|&i| is_replaced[i] = true);
            standing.insert((lexicon, tokens), candidate);
        }
    }
    let mut replaced = is_replaced.into_iter();
    kept.retain(|_| !replaced.next().unwrap_or(false));
    kept.extend(standing.into_values());
}

/// One concept reaches some of the subgroups of another and no others, or it is the one that the other is a kind of
/// ("hip_dislocation", "hip_dislocation.bilateral").
fn says_less(one: u32, other: u32, lexicons: &Lexicons) -> bool {
    let concept = |number: u32| &lexicons.concepts.concepts[number as usize];
    let (one, other) = (concept(one), concept(other));
    let is_kind = other.id.strip_prefix(one.id.as_str()).is_some_and(|rest| rest.starts_with('.'));
    let is_within = one.subgroups.iter().all(|group| other.subgroups.contains(group));
    is_kind || (!one.subgroups.is_empty() && one.subgroups.len() < other.subgroups.len() && is_within)
}
