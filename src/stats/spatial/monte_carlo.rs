//! The p of each cluster: how often the best window of data by chance is at least as good.

use rayon::prelude::*;

use super::draw::Null;
use super::lanes::{LANES, maxima};
use super::search::Thresholds;
use super::windows::{Best, Windows};
use super::{Cluster, Effort};

/// Ratios that differ by less are equal: the same window, summed in another order, differs in the last digits.
const ROUNDING: f64 = 1e-9;

/// The clusters of a scan with their p: the best windows of the data, none of which shares an area with a better one.
/// `series`: cases of each area in the most recent 0, 1, ... periods; `study`: number of periods.
pub(super) fn clusters(
    windows: &Windows<'_>,
    series: &[u32],
    null: &Null,
    effort: &Effort,
    study: usize,
) -> Vec<Cluster> {
    let found = windows.disjoint(windows.best(series), effort.most);
    let levels: Vec<f64> = found.iter().map(|best| best.llr * (1.0 - ROUNDING)).collect();
    let counted = Trial { windows, null, effort }.count(&levels);
    let cluster = |(best, p): (&Best, Option<f64>)| Cluster {
        areas: windows.areas(&windows.discs[best.disc]),
        periods: (study - best.end, study - 1 - best.start),
        observed: best.observed,
        expected: best.expected,
        llr: best.llr,
        p,
    };
    found.iter().zip(counted).map(cluster).collect()
}

struct Trial<'a> {
    windows: &'a Windows<'a>,
    null: &'a Null,
    effort: &'a Effort,
}

impl Trial<'_> {
    /// The p of each level; the levels descend.
    fn count(&self, levels: &[f64]) -> Vec<Option<f64>> {
        let (Some(&primary), Some(&lowest)) = (levels.first(), levels.last()) else { return Vec::new() };
        if self.effort.replications == 0 {
            return vec![None; levels.len()];
        }
        let mut tally = Count::new(levels, self.effort.stop_after);
        let first = self.batch(0, &Thresholds::new(primary, self.windows.total), lowest);
        let floor = first.iter().copied().fold(primary, f64::min) * 0.8;
        let thresholds = Thresholds::new(floor.max(lowest), self.windows.total);
        tally.add(&first);
        let rest = 1..self.effort.replications.div_ceil(LANES as u32);
        if self.effort.stop_after.is_some() {
            rest.map_while(|number| {
                (!tally.is_over).then(|| tally.add(&self.batch(number, &thresholds, lowest)))
            })
            .for_each(drop);
        } else {
            let batches = rest.into_par_iter().map(|number| self.batch(number, &thresholds, lowest));
            batches.collect::<Vec<_>>().iter().for_each(|best| tally.add(best));
        }
        tally.p()
    }

    /// The best ratios of a batch, exact wherever they reach `lowest`. A high floor is quick, and is lowered for those
    /// below it.
    fn batch(&self, number: u32, thresholds: &Thresholds, lowest: f64) -> Vec<f64> {
        let first = u64::from(number) * LANES as u64;
        let left = u64::from(self.effort.replications).saturating_sub(first);
        let lanes = (first, left.min(LANES as u64) as usize);
        let (mut best, mut floor) =
            (maxima(self.windows, self.null, self.effort.seed, lanes, thresholds), thresholds.floor());
        while floor > lowest && best.contains(&0.0) {
            floor = if floor > 0.5 { (floor * 0.6).max(lowest) } else { lowest };
            let lower = Thresholds::new(floor, self.windows.total);
            best = maxima(self.windows, self.null, self.effort.seed, lanes, &lower);
        }
        best
    }
}

/// How many replicates reached each level.
struct Count<'a> {
    levels: &'a [f64],
    reached: Vec<u32>,
    drawn: u32,
    stop_after: Option<u32>,
    is_over: bool,
}

impl<'a> Count<'a> {
    fn new(levels: &'a [f64], stop_after: Option<u32>) -> Self {
        Self { levels, reached: vec![0; levels.len()], drawn: 0, stop_after, is_over: false }
    }

    /// Replicates after the stop are not counted, even if their batch was drawn.
    fn add(&mut self, best: &[f64]) {
        for best in best {
            if self.is_over {
                return;
            }
            self.drawn += 1;
            for (reached, level) in self.reached.iter_mut().zip(self.levels) {
                *reached += u32::from(best >= level);
            }
            self.is_over = self.stop_after.is_some_and(|stop| self.reached[0] >= stop.max(1));
        }
    }

    fn p(&self) -> Vec<Option<f64>> {
        let own = if self.is_over { 0.0 } else { 1.0 };
        let p = |&reached: &u32| (f64::from(reached) + own) / (f64::from(self.drawn) + own);
        self.reached.iter().map(|reached| (self.drawn > 0).then(|| p(reached))).collect()
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    use super::super::{Case, Circles, Effort, Study, permutation, poisson};

    fn grid() -> Circles {
        Circles::new(&(0..16).map(|k| [f64::from(k % 4), f64::from(k / 4)]).collect::<Vec<_>>()).unwrap()
    }

    /// 150 cases that chance alone spread over 16 areas and 12 periods.
    fn chance(seed: u64) -> Vec<Case> {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        let mut below = |most: u64| ((u64::from(generator.next_u32()) * most) >> 32) as usize;
        (0..150).map(|_| Case { area: below(16), period: below(12) }).collect()
    }

    fn counts(cases: &[Case]) -> Vec<u32> {
        let mut counts = vec![0; 16];
        cases.iter().for_each(|case| counts[case.area] += 1);
        counts
    }

    const STUDY: Study = Study { periods: 12, longest: 6, is_prospective: true };

    /// Under chance alone p is uniform: 300 tests, hence a standard error of 0.017 for both measures.
    #[test]
    fn p_is_uniform_under_chance() {
        let circles = grid();
        for stop_after in [None, Some(10)] {
            let effort = Effort { replications: 99, most: 1, stop_after, ..Effort::default() };
            let mut values: [Vec<f64>; 2] = Default::default();
            for seed in 0..300 {
                let (cases, effort) = (chance(seed), Effort { seed, ..effort });
                values[0].extend(poisson(&circles, &counts(&cases), &[1.0; 16], &effort)[0].p);
                values[1].extend(permutation(&circles, &cases, STUDY, &effort)[0].p);
            }
            for values in values {
                let mean = values.iter().sum::<f64>() / 300.0;
                let low = values.iter().filter(|&&p| p <= 0.1).count() as f64 / 300.0;
                assert!(
                    (mean - 0.5).abs() < 0.06 && (low - 0.1).abs() < 0.055,
                    "{stop_after:?} {mean} {low}"
                );
            }
        }
    }

    #[test]
    fn threads_change_nothing() {
        let cases = chance(5);
        let study = Study { is_prospective: false, ..STUDY };
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let effort = Effort { replications: 499, ..Effort::default() };
            pool.install(|| {
                let circles = grid();
                let space = poisson(&circles, &counts(&cases), &[1.0; 16], &effort);
                (space, permutation(&circles, &cases, study, &effort))
            })
        };
        let alone = run(1);
        assert_eq!(alone, run(3));
        assert!(alone.0.len() > 1 && alone.1.len() > 1);
    }

    /// An early stop counts the same replicates; the primary p does not depend on what else is reported.
    #[test]
    fn stops_at_the_asked_exceedance() {
        let (circles, counts) = (grid(), counts(&chance(8)));
        let p = |effort: Effort| poisson(&circles, &counts, &[1.0; 16], &effort)[0].p.unwrap();
        let all = Effort { replications: 999, ..Effort::default() };
        assert_eq!(p(all), p(Effort { most: 1, ..all }));
        let stopped = p(Effort { stop_after: Some(20), ..all });
        let draws = 20.0 / stopped;
        assert!((draws - draws.round()).abs() < 1e-9 && draws < 999.0, "{stopped}");
        assert!((stopped - p(all)).abs() < 3.0 * stopped / 20.0_f64.sqrt(), "{stopped} {}", p(all));
        let never = Effort { stop_after: Some(1_000), ..all };
        assert_eq!(p(never), p(all));
    }
}
