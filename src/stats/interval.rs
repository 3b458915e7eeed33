//! Intervals of a proportion: Clopper–Pearson (exact) and Wilson (score).

use super::refused::Refused;
use super::request::{level, usual_level, whole};
use super::tail::beta_quantile;
use serde::{Deserialize, Serialize};
use statrs::function::erf::erfc_inv;

/// Both ends of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The normal quantile of a two-sided level: 1.96 for 0.95. `None` for a level outside ]0, 1[.
pub fn z_of(level: f64) -> Option<f64> {
    (level > 0.0 && level < 1.0).then(|| std::f64::consts::SQRT_2 * erfc_inv(1.0 - level))
}

/// The exact interval of `x` successes among `n`, from the quantiles of the beta law (Clopper and Pearson,
/// Biometrika 1934; 26: 404-413). Its coverage is never below the level. `None` without trials, with more successes
/// than trials, or for a level outside ]0, 1[.
pub fn clopper_pearson(x: u64, n: u64, level: f64) -> Option<Interval> {
    (x <= n).then(|| exact(x as f64, n as f64, level)).flatten()
}

/// The same of numbers that need not be whole, for an effective size.
pub(super) fn exact(x: f64, n: f64, level: f64) -> Option<Interval> {
    z_of(level)?;
    if n <= 0.0 {
        return None;
    }
    let tail = (1.0 - level) / 2.0;
    let low = if x <= 0.0 { 0.0 } else { beta_quantile(x, n - x + 1.0, tail).p };
    let high = if x >= n { 1.0 } else { beta_quantile(n - x, x + 1.0, tail).q };
    Some(Interval { low, high })
}

/// The score interval of `x` successes among `n` (Wilson, J Am Stat Assoc 1927; 22: 209-212), without correction for
/// continuity. `None` as for [`clopper_pearson`].
pub fn wilson(x: u64, n: u64, level: f64) -> Option<Interval> {
    let z = z_of(level)?;
    (n > 0 && x <= n).then(|| score(x as f64 / n as f64, n as f64, z))
}

/// The score interval of a share with a quantile of one's own.
pub(super) fn score(share: f64, n: f64, z: f64) -> Interval {
    let shrink = 1.0 + z * z / n;
    let middle = (share + z * z / (2.0 * n)) / shrink;
    let half = z * score_variance(share, n, z).sqrt() / shrink;
    let low = if share <= 0.0 { 0.0 } else { (middle - half).max(0.0) };
    let high = if share >= 1.0 { 1.0 } else { (middle + half).min(1.0) };
    Interval { low, high }
}

/// What stands under the root of the score interval; never zero.
pub(super) fn score_variance(share: f64, n: f64, z: f64) -> f64 {
    share * (1.0 - share) / n + z * z / (4.0 * n * n)
}

/// What `binomial-ci` reads.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BinomialRequest {
    /// Successes, whole.
    pub x: f64,
    /// Trials, whole.
    pub n: f64,
    /// Level of the intervals; 0.95 without it.
    #[serde(default = "usual_level")]
    pub level: f64,
}

/// Both ends, as answers name them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ends {
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

/// A proportion with its two intervals.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Binomial {
    /// Successes over trials.
    pub estimate: f64,
    /// Exact: covers at least at the level.
    pub clopper_pearson: Ends,
    /// Score: covers at the level on average.
    pub wilson: Ends,
}

/// The proportion of a request with both intervals. Refused: numbers that are not whole, no trials, more successes than
/// trials, a level outside ]0, 1[.
pub fn binomial(request: &BinomialRequest) -> Result<Binomial, Refused> {
    let (x, n, level) = (whole("x", request.x)?, whole("n", request.n)?, level(request.level)?);
    if n == 0 {
        return Err(Refused::field("n", "expected at least one trial, found 0"));
    }
    let ends = |found: Option<Interval>| {
        let problem = || Refused::field("x", format!("expected at most n ({n}), found {x}"));
        found.map(|Interval { low, high }| Ends { lo: low, hi: high }).ok_or_else(problem)
    };
    let (clopper_pearson, wilson) = (ends(clopper_pearson(x, n, level))?, ends(wilson(x, n, level))?);
    Ok(Binomial { estimate: x as f64 / n as f64, clopper_pearson, wilson })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<Interval>, low: f64, high: f64) {
        let found = found.unwrap();
        assert!((found.low - low).abs() < 5e-5 && (found.high - high).abs() < 5e-5, "{found:?}");
    }

    // Newcombe RG, Two-sided confidence intervals for the single proportion, Stat Med 1998; 17: 857-872, table I.
    #[test]
    fn as_published() {
        for (x, n, exact, score) in [
            (81, 263, (0.2527, 0.3676), (0.2553, 0.3662)),
            (15, 148, (0.0578, 0.1617), (0.0624, 0.1605)),
            (0, 20, (0.0, 0.1684), (0.0, 0.1611)),
            (1, 29, (0.0009, 0.1776), (0.0061, 0.1718)),
        ] {
            near(clopper_pearson(x, n, 0.95), exact.0, exact.1);
            near(wilson(x, n, 0.95), score.0, score.1);
        }
    }

    /// P(X <= x) for the binomial law, by its definition; logarithms of the terms are summed, so any size works.
    fn binomial_below(x: u64, n: u64, p: f64) -> f64 {
        let mut log = n as f64 * (-p).ln_1p();
        let mut sum = log.exp();
        for k in 1..=x {
            log += ((n - k + 1) as f64 / k as f64).ln() + p.ln() - (-p).ln_1p();
            sum += log.exp();
        }
        sum
    }

    #[test]
    fn the_exact_ends_leave_half_of_the_rest_in_each_tail() {
        for (x, n) in [(1, 3), (7, 10), (99, 100), (200, 800_000), (4_000, 9_000), (30_000, 100_000)] {
            let Interval { low, high } = clopper_pearson(x, n, 0.95).unwrap();
            let (below, above) = (binomial_below(x, n, high), 1.0 - binomial_below(x - 1, n, low));
            assert!((below - 0.025).abs() < 1e-6 && (above - 0.025).abs() < 1e-6, "{x}/{n}: {below} {above}");
        }
    }

    // The first two: mpmath 1.4.1, 40 digits, the root of the sum of the terms (scipy 1.17.1 is 1e-8 off there). The last
    // one: R 4.2, binom.test(1e5, 1e7).
    #[test]
    fn all_digits_at_all_sizes() {
        for (x, n, level, low, high) in [
            (1, 1_000_000_000, 0.95, None, 5.571_643_378_203_114e-9),
            (5, 1_000_000_000, 0.5, None, 7.422_701_826_528_592e-9),
            (100_000, 10_000_000, 0.95, Some(0.009_938_423_056_847_697), 0.010_061_860_890_182_24),
        ] {
            let found = clopper_pearson(x, n, level).unwrap();
            assert!((found.high / high - 1.0).abs() < 1e-11, "{x}/{n}: {found:?}");
            assert!(low.is_none_or(|low: f64| (found.low / low - 1.0).abs() < 1e-11), "{x}/{n}: {found:?}");
        }
    }

    #[test]
    fn requests() {
        let of = |x, n, level| binomial(&BinomialRequest { x, n, level });
        let found = of(15.0, 148.0, 0.95).unwrap();
        assert_eq!(found.estimate, 15.0 / 148.0);
        assert!((found.clopper_pearson.lo - 0.0578).abs() < 5e-5 && (found.wilson.hi - 0.1605).abs() < 5e-5);
        for (x, n, level, field) in [
            (2.0, 1.0, 0.9, "x"),
            (0.5, 1.0, 0.9, "x"),
            (0.0, 0.0, 0.9, "n"),
            (-1.0, 1.0, 0.9, "x"),
            (1.0, 2.0, 1.0, "level"),
        ] {
            assert_eq!(of(x, n, level).unwrap_err().field, field);
        }
    }

    #[test]
    fn the_ends_of_the_range() {
        near(clopper_pearson(20, 20, 0.95), 1.0 - 0.1684, 1.0);
        near(wilson(20, 20, 0.95), 1.0 - 0.1611, 1.0);
        for (x, n, level) in [(0, 0, 0.95), (3, 2, 0.95), (1, 2, 0.0), (1, 2, 1.0), (1, 2, f64::NAN)] {
            assert_eq!((clopper_pearson(x, n, level), wilson(x, n, level)), (None, None));
        }
        assert!((z_of(0.95).unwrap() - 1.959_963_985).abs() < 1e-8);
    }
}
