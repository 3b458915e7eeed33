//! Capture–recapture with two sources: how many cases there are in all, from how many each source found.

use super::interval::{Interval, z_of};
use serde::Serialize;

/// The number of cases estimated from two sources.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Capture {
    /// Estimated number in all.
    pub total: f64,
    /// Variance of the estimate.
    pub variance: f64,
    /// Interval of the total; it never reaches below what was found.
    pub interval: Interval,
    /// Found by at least one source.
    pub found: u64,
}

/// Chapman's estimator for `first` cases of one source, `second` of the other, `both` of them common (Chapman, Univ
/// Calif Publ Stat 1951; 1: 131-160), the variance of Seber (1970) and a normal interval. It assumes that the sources
/// are independent, that the population is closed and that cases are matched without error; positive dependence makes
/// it too low. `None` when more are common than one source has, or for a level outside ]0, 1[.
pub fn chapman(first: u64, second: u64, both: u64, level: f64) -> Option<Capture> {
    let z = z_of(level)?;
    if both > first.min(second) {
        return None;
    }
    let [n1, n2, m] = [first, second, both].map(|count| count as f64);
    let total = (n1 + 1.0) * (n2 + 1.0) / (m + 1.0) - 1.0;
    let variance = (n1 + 1.0) * (n2 + 1.0) * (n1 - m) * (n2 - m) / ((m + 1.0) * (m + 1.0) * (m + 2.0));
    let (found, half) = (first + second - both, z * variance.sqrt());
    let interval = Interval { low: (total - half).max(found as f64), high: total + half };
    Some(Capture { total, variance, interval, found })
}

impl Capture {
    /// The share of all cases that `count` of them are, with the interval that follows from that of the total.
    pub fn share(&self, count: u64) -> Option<(f64, Interval)> {
        let of = |total: f64| (count as f64 / total).min(1.0);
        let defined = self.total > 0.0 && self.interval.low > 0.0;
        let ends = Interval { low: of(self.interval.high), high: of(self.interval.low) };
        defined.then(|| (of(self.total), ends))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Seber GAF, The Estimation of Animal Abundance, 2nd ed. 1982, formulas 3.4 and 3.5, worked by hand:
    // 11 * 16 / 6 - 1 = 28.33 and 11 * 16 * 5 * 10 / (36 * 7) = 34.92 for 10, 15 and 5.
    #[test]
    fn by_hand() {
        let found = chapman(10, 15, 5, 0.95).unwrap();
        assert!((found.total - 28.333_333).abs() < 1e-5 && (found.variance - 34.920_635).abs() < 1e-5);
        assert_eq!(found.found, 20);
        assert_eq!(found.interval.low, 20.0);
        assert!((found.interval.high - (28.333_333 + 1.959_964 * 5.909_368)).abs() < 1e-4);
        let (share, ends) = found.share(20).unwrap();
        assert!((share - 0.705_882).abs() < 1e-5 && ends.high == 1.0);
    }

    #[test]
    fn the_ends_of_the_range() {
        let same = chapman(7, 7, 7, 0.95).unwrap();
        assert_eq!((same.total, same.variance, same.found), (7.0, 0.0, 7));
        assert_eq!(same.share(7).unwrap().1, Interval { low: 1.0, high: 1.0 });
        assert_eq!(chapman(0, 0, 0, 0.95).unwrap().share(0), None);
        assert_eq!(chapman(3, 4, 5, 0.95), None);
        assert_eq!(chapman(3, 4, 2, 1.0), None);
    }
}
