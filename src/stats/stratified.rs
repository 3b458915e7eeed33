//! A proportion over strata drawn at different rates, with intervals that stay defined when a stratum is unanimous.

use super::interval::{Interval, exact, score, score_variance, z_of};
use serde::Serialize;

/// One stratum: its size in the population, and what was seen of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stratum {
    /// Members in the population.
    pub size: u64,
    /// Members judged.
    pub judged: u64,
    /// Successes among them.
    pub successes: u64,
}

/// A proportion weighted by the sizes of the strata.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Weighted {
    /// The estimate.
    pub share: f64,
    /// Clopper–Pearson on the effective size (Korn and Graubard, Survey Methodology 1998; 24: 193-201): the size of a
    /// simple draw with the same variance, at most the number judged.
    pub exact: Interval,
    /// Stratified Wilson (Yan and Su, Stat Biopharm Res 2010; 2: 329-335), in one step.
    pub wilson: Interval,
}

/// The weighted proportion of the strata of which something was judged; the others are left out. `None` when none was,
/// or for a level outside ]0, 1[. With one stratum both intervals are those of a plain proportion.
pub fn weighted(strata: &[Stratum], level: f64) -> Option<Weighted> {
    let z = z_of(level)?;
    let seen: Vec<&Stratum> = strata.iter().filter(|s| s.judged > 0 && s.size > 0).collect();
    let all: f64 = seen.iter().map(|s| s.size as f64).sum();
    let parts: Vec<Part> = seen.iter().map(|s| Part::of(s, all)).collect();
    let share: f64 = parts.iter().map(|p| p.weight * p.share).sum();
    let size = effective_size(&parts, share);
    let exact = exact(share * size, size, level)?;
    Some(Weighted { share, exact, wilson: stratified_wilson(&parts, z) })
}

struct Part {
    weight: f64,
    share: f64,
    judged: f64,
}

impl Part {
    fn of(stratum: &Stratum, all: f64) -> Self {
        let judged = stratum.judged as f64;
        Self { weight: stratum.size as f64 / all, share: stratum.successes as f64 / judged, judged }
    }

    fn variance(&self) -> f64 {
        self.share * (1.0 - self.share) / self.judged
    }
}

fn effective_size(parts: &[Part], share: f64) -> f64 {
    let judged: f64 = parts.iter().map(|p| p.judged).sum();
    let variance: f64 = parts.iter().map(|p| p.weight * p.weight * p.variance()).sum();
    if variance > 0.0 { (share * (1.0 - share) / variance).min(judged) } else { judged }
}

/// Score intervals of the strata at a common narrower quantile, summed with the weights.
fn stratified_wilson(parts: &[Part], z: f64) -> Interval {
    let spread = |p: &Part| score_variance(p.share, p.judged, z);
    let together: f64 = parts.iter().map(|p| p.weight * p.weight * spread(p)).sum();
    let apart: f64 = parts.iter().map(|p| p.weight * spread(p).sqrt()).sum();
    let quantile = z * together.sqrt() / apart;
    let ends = parts.iter().map(|p| (p.weight, score(p.share, p.judged, quantile)));
    ends.fold(Interval { low: 0.0, high: 0.0 }, |sum, (weight, end)| Interval {
        low: sum.low + weight * end.low,
        high: sum.high + weight * end.high,
    })
}

#[cfg(test)]
mod tests {
    use super::super::interval::{clopper_pearson, wilson};
    use super::*;

    fn close(a: Interval, b: Interval) {
        assert!((a.low - b.low).abs() < 1e-9 && (a.high - b.high).abs() < 1e-9, "{a:?} {b:?}");
    }

    #[test]
    fn one_stratum_is_a_plain_proportion() {
        for (successes, judged) in [(7, 10), (10, 10), (0, 4)] {
            let found = weighted(&[Stratum { size: 40, judged, successes }], 0.95).unwrap();
            close(found.wilson, wilson(successes, judged, 0.95).unwrap());
            close(found.exact, clopper_pearson(successes, judged, 0.95).unwrap());
        }
    }

    #[test]
    fn weights_are_the_sizes() {
        let strata = [
            Stratum { size: 90, judged: 10, successes: 9 },
            Stratum { size: 10, judged: 10, successes: 5 },
            Stratum { size: 50, judged: 0, successes: 0 },
        ];
        let found = weighted(&strata, 0.95).unwrap();
        assert!((found.share - 0.86).abs() < 1e-12);
        // By hand: variance 0.81 * 0.009 + 0.01 * 0.025 = 0.00754; 0.86 * 0.14 / 0.00754 = 15.9682 judged.
        let parts: Vec<Part> = strata[..2].iter().map(|s| Part::of(s, 100.0)).collect();
        assert!((effective_size(&parts, found.share) - 15.968_170).abs() < 1e-5);
        for ends in [found.exact, found.wilson] {
            assert!(ends.low < 0.86 && 0.86 < ends.high && ends.high < 1.0, "{ends:?}");
        }
        assert_eq!(weighted(&strata[2..], 0.95), None);
    }
}
