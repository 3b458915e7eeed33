//! Pairs of phenotypes after suppression.

use super::counts::Slot;
use super::signals::Windows;
use super::table::is_small;
use super::{rough, rough_up};
use crate::surveillance::model::{Combination, Combinations};
use crate::surveillance::report::shown::{Cell, ShownCombination, ShownCombinations};

/// Pairs with the counts that may be shown: neither small, nor leaving a small rest of either phenotype or of another pair.
pub fn combinations(all: &Combinations, windows: &Windows) -> ShownCombinations {
    let least = windows.least;
    let mut shown: Vec<&Combination> = Vec::new();
    for pair in &all.found {
        if least == 0 || is_safe(pair, windows) && shown.iter().all(|other| are_safe(pair, other, windows)) {
            shown.push(pair);
        }
    }
    let hides_some = shown.len() < all.found.len();
    let is_shown = |pair: &Combination| shown.iter().any(|other| other.pair == pair.pair);
    let rest = |pair: &&Combination| is_small(all.children.abs_diff(pair.observed), least);
    let hides_children = is_small(all.children, least) || shown.iter().any(rest);
    ShownCombinations {
        children: if hides_children { Cell::Suppressed } else { Cell::Count(all.children) },
        tested: all.tested,
        left_out: all.left_out,
        found: all.found.iter().map(|pair| combination(pair, is_shown(pair), hides_some, least)).collect(),
    }
}

fn is_safe(pair: &Combination, windows: &Windows) -> bool {
    let leaves_enough = |id: &String| match windows.counts.get(id) {
        Some(counts) if counts.of.contains_key(&Slot::Total) => counts
            .shown(&Slot::Total)
            .and_then(|total| total.checked_sub(pair.observed))
            .is_some_and(|rest| !is_small(rest, windows.least)),
        _ => true,
    };
    !is_small(pair.observed, windows.least) && leaves_enough(&pair.pair.0) && leaves_enough(&pair.pair.1)
}

/// Children with a heart defect and a cleft are some of those with any malformation and a cleft.
fn are_safe(one: &Combination, other: &Combination, windows: &Windows) -> bool {
    let are_related = |a: &str, b: &str| windows.are_related(a, b);
    let ((a, b), (c, d)) = (&one.pair, &other.pair);
    let may_nest = are_related(a, c) && are_related(b, d) || are_related(a, d) && are_related(b, c);
    !may_nest || !is_small(one.observed.abs_diff(other.observed), windows.least)
}

fn combination(pair: &Combination, is_shown: bool, hides_some: bool, least: u64) -> ShownCombination {
    let beside = |value: f64| Some(value).filter(|_| is_shown);
    let expected = if least == 0 { pair.expected } else { rough(pair.expected) };
    let ratio = if least == 0 { pair.ratio } else { rough(pair.observed as f64 / expected) };
    let up = |value| if least == 0 { value } else { rough_up(value) };
    ShownCombination {
        pair: pair.pair.clone(),
        titles: pair.titles.clone(),
        observed: if is_shown { Cell::Count(pair.observed) } else { Cell::Suppressed },
        expected: beside(expected),
        ratio: beside(ratio).filter(|ratio| ratio.is_finite()),
        p: beside(up(pair.p)),
        q: beside(up(pair.q)).filter(|_| !hides_some),
    }
}
