//! Percentile intervals by resampling whole documents: mentions of one report are not independent.

use rayon::prelude::*;
use std::ops::AddAssign;

/// How intervals are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resampling {
    /// Number of replicates.
    pub resamples: u32,
    /// Seed of the generator.
    pub seed: u64,
    /// Share of the replicates between the ends, in (0, 1).
    pub level: f64,
}

/// The ends of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Resampling {
    /// One tally a replicate: as many documents as there are, drawn with replacement.
    ///
    /// Each replicate has a generator of its own, seeded by its number: the threads do not matter.
    pub fn replicates<T>(&self, documents: &[T]) -> Vec<T>
    where
        T: Default + Send + Sync + for<'t> AddAssign<&'t T>,
    {
        (0..u64::from(self.resamples)).into_par_iter().map(|r| replicate(documents, self.seed, r)).collect()
    }

    /// The interval of a figure over the replicates; those where it is not defined are left out.
    pub fn interval<T>(&self, replicates: &[T], figure: impl Fn(&T) -> Option<f64>) -> Option<Interval> {
        let mut values: Vec<f64> = replicates.iter().filter_map(figure).collect();
        values.sort_by(f64::total_cmp);
        let tail = (1.0 - self.level) / 2.0;
        Some(Interval { low: quantile(&values, tail)?, high: quantile(&values, 1.0 - tail)? })
    }
}

fn replicate<T: Default + for<'t> AddAssign<&'t T>>(documents: &[T], seed: u64, number: u64) -> T {
    let mut state = mix(seed ^ mix(number));
    let mut sum = T::default();
    for _ in documents {
        sum += &documents[below(&mut state, documents.len())];
    }
    sum
}

/// The quantile of sorted values, with linear interpolation between neighbours (type 7 of Hyndman and Fan, 1996).
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    let (low, high) = (sorted.get(below)?, sorted.get(above)?);
    Some(low + (high - low) * (place - below as f64))
}

/// The odd step of splitmix64 (Steele, Lea and Flood, 2014): fast, well mixed, no secret.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finaliser of splitmix64 after one step from `state`.
fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(STEP);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The next number below `bound`, by multiplication: its bias is under `bound` / 2^64.
fn below(state: &mut u64, bound: usize) -> usize {
    let number = mix(*state);
    *state = state.wrapping_add(STEP);
    ((u128::from(number) * bound as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::super::score::Tally;
    use super::*;

    #[test]
    fn the_generator_is_splitmix64() {
        // First numbers of the reference implementation (Vigna) from seed 1234567.
        let mut state = 1_234_567_u64;
        let mut next = || {
            let number = mix(state);
            state = state.wrapping_add(STEP);
            number
        };
        assert_eq!([next(), next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn draws_are_even() {
        let (mut state, mut seen) = (1, [0_u32; 5]);
        (0..10_000).for_each(|_| seen[below(&mut state, 5)] += 1);
        assert!(seen.iter().all(|n| (1800..2200).contains(n)), "{seen:?}");
    }

    #[test]
    fn quantiles_are_those_computed_by_hand() {
        let values = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(quantile(&values, 0.0), Some(1.0));
        assert_eq!(quantile(&values, 0.5), Some(2.5));
        assert_eq!(quantile(&values, 1.0), Some(4.0));
        assert_eq!((quantile(&[7.0], 0.3), quantile(&[], 0.3)), (Some(7.0), None));
    }

    #[test]
    fn one_document_has_an_interval_of_no_width() {
        let resampling = Resampling { resamples: 50, seed: 7, level: 0.95 };
        let replicates = resampling.replicates(&[Tally::default()]);
        assert_eq!(replicates.len(), 50);
        assert_eq!(resampling.interval(&replicates, |_| Some(0.5)), Some(Interval { low: 0.5, high: 0.5 }));
        assert_eq!(resampling.interval(&replicates, |_| None), None);
    }
}
