//! Does the certainty mean what it says: predicted chance of presence against what was really present.

use super::Judged;
use super::gold::GoldMention;
use crate::event::{Assertion, Reading};

/// Buckets of equal width.
const BUCKETS: usize = 10;

/// The mentions whose predicted chance lies in one tenth; its upper end belongs to the next, but for the last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Lower end.
    pub low: f64,
    /// Mentions in it.
    pub n: usize,
    /// Mean predicted chance.
    pub predicted: f64,
    /// Share that was present.
    pub present: f64,
}

/// The reliability of the certainties.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// Mentions whose presence is known.
    pub n: usize,
    /// The buckets that hold a mention.
    pub buckets: Vec<Bucket>,
    /// Mean squared distance of chance and truth.
    pub brier: f64,
    /// Mean distance of mean chance and share present, weighted by bucket.
    pub expected_error: f64,
}

impl Calibration {
    /// Of the mentions whose presence is known; `None` when there is none.
    pub fn of(judged: &[Judged]) -> Option<Self> {
        let known = |one: &Judged| Some((chance(&one.found.reading), was_present(one.mention)?));
        Self::of_pairs(&judged.iter().filter_map(known).collect::<Vec<_>>())
    }

    fn of_pairs(pairs: &[(f64, bool)]) -> Option<Self> {
        let n = pairs.len();
        let weight = |bucket: &Bucket| bucket.n as f64 / n as f64;
        let buckets: Vec<Bucket> = (0..BUCKETS).filter_map(|i| bucket(pairs, i)).collect();
        let squares = pairs.iter().map(|(chance, present)| (chance - f64::from(u8::from(*present))).powi(2));
        (n > 0).then(|| Self {
            n,
            brier: squares.sum::<f64>() / n as f64,
            expected_error: buckets.iter().map(|b| weight(b) * (b.predicted - b.present).abs()).sum(),
            buckets,
        })
    }
}

fn bucket(pairs: &[(f64, bool)], index: usize) -> Option<Bucket> {
    let place = |chance: f64| ((chance * BUCKETS as f64 + 1e-9) as usize).min(BUCKETS - 1);
    let inside: Vec<&(f64, bool)> = pairs.iter().filter(|(chance, _)| place(*chance) == index).collect();
    let n = inside.len();
    let present = inside.iter().filter(|(_, present)| *present).count();
    (n > 0).then(|| Bucket {
        low: index as f64 / BUCKETS as f64,
        n,
        predicted: inside.iter().map(|(chance, _)| chance).sum::<f64>() / n as f64,
        present: present as f64 / n as f64,
    })
}

/// The chance of presence that a reading states: its certainty, turned round for what is said to be absent.
fn chance(reading: &Reading) -> f64 {
    let certainty = reading.certainty;
    if reading.assertion == Assertion::Absent { 1.0 - certainty } else { certainty }
}

/// Whether the finding was there: the outcome where gold tells it, else a gold assertion that is surely present or absent.
fn was_present(mention: &GoldMention) -> Option<bool> {
    let only = |value: Assertion| mention.truth.assertion.iter().all(|a| *a == value);
    let of_assertion = match mention.truth.assertion.is_empty() {
        true => None,
        false if only(Assertion::Present) => Some(true),
        false => only(Assertion::Absent).then_some(false),
    };
    mention.outcome.or(of_assertion)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_computed_by_hand() {
        let found =
            Calibration::of_pairs(&[(1.0, true), (1.0, false), (0.3, true), (0.3, false), (0.0, false)]);
        let found = found.expect("pairs");
        // Squares 0, 1, 0.49, 0.09, 0; buckets |1 − 0.5| · 2/5, |0.3 − 0.5| · 2/5, 0.
        assert!((found.brier - 1.58 / 5.0).abs() < 1e-12);
        assert!((found.expected_error - 0.28).abs() < 1e-12);
        let places: Vec<(f64, usize)> = found.buckets.iter().map(|b| (b.low, b.n)).collect();
        assert_eq!(places, [(0.0, 1), (0.3, 2), (0.9, 2)]);
        assert_eq!(Calibration::of_pairs(&[]), None);
    }
}
