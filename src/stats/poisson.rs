//! The exact interval of a rate: cases of the Poisson law over a denominator.

use super::interval::Interval;
use super::refused::Refused;
use super::request::{level, positive, usual_level, whole};
use super::tail::{poisson_at_least, poisson_at_most, poisson_mass, root};
use serde::{Deserialize, Serialize};

/// What `poisson-ci` reads.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoissonRequest {
    /// Number of cases, whole.
    pub cases: f64,
    /// Size of what they were found in: births, person-years.
    pub denominator: f64,
    /// The rate is told per this many of the denominator; 1 without it.
    #[serde(default = "one")]
    pub per: f64,
    /// Level of the interval; 0.95 without it.
    #[serde(default = "usual_level")]
    pub level: f64,
}

fn one() -> f64 {
    1.0
}

/// A rate with its exact interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PoissonRate {
    /// Cases per `per` of the denominator.
    pub rate: f64,
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

/// The rate of a request with the exact interval of Garwood. Refused: cases that are not whole numbers from 0 to 10^12,
/// a denominator or a `per` that is not positive, a level outside ]0, 1[.
pub fn poisson_rate(request: &PoissonRequest) -> Result<PoissonRate, Refused> {
    let cases = whole("cases", request.cases)?;
    let scale = positive("per", request.per)? / positive("denominator", request.denominator)?;
    let ends = poisson_ends(cases as f64, (1.0 - level(request.level)?) / 2.0);
    Ok(PoissonRate { rate: cases as f64 * scale, lo: ends.low * scale, hi: ends.high * scale })
}

/// The exact interval of the mean of a Poisson law from one count (Garwood, Biometrika 1936; 28: 437-442): the halves
/// of the chi-square quantiles. Its coverage is never below the level. `None` for a level outside ]0, 1[, or for more
/// than 10^12 cases.
pub fn poisson_interval(cases: u64, level: f64) -> Option<Interval> {
    let cases = whole("cases", cases as f64).ok()?;
    super::request::level(level).ok().map(|level| poisson_ends(cases as f64, (1.0 - level) / 2.0))
}

fn poisson_ends(cases: f64, tail: f64) -> Interval {
    let low = if cases <= 0.0 { 0.0 } else { mean_below(cases, tail) };
    let high = if cases <= 0.0 { -tail.ln() } else { mean_above(cases, tail) };
    Interval { low, high }
}

/// The mean at which `cases` or more have the probability `tail`.
fn mean_below(cases: f64, tail: f64) -> f64 {
    root(0.0, cases + 1.0, |m| (poisson_at_least(cases, m) - tail, poisson_mass(cases - 1.0, m)))
}

/// The mean at which `cases` or fewer have the probability `tail`, found by log-space steps below a Chernoff bound.
fn mean_above(cases: f64, tail: f64) -> f64 {
    let far = -tail.ln();
    let bound = cases + far + (far * far + 2.0 * cases * far).sqrt() + 1.0;
    root(cases, bound, |m| (tail - poisson_at_most(cases, m), poisson_mass(cases, m)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(cases: f64, denominator: f64, per: f64) -> Result<PoissonRate, Refused> {
        poisson_rate(&PoissonRequest { cases, denominator, per, level: 0.95 })
    }

    // R 4.2: qgamma(0.025, cases), qgamma(0.975, cases + 1).
    #[test]
    fn as_in_r() {
        for (cases, low, high) in [
            (5, 1.623_486_390_118_420_7, 11.668_332_079_322_667),
            (1222, 1_154.437_326_100_901_1, 1_292.484_898_447_940_2),
            (10_000_000, 9_993_802.996_884_268, 10_006_199.897_731_498),
        ] {
            let found = poisson_interval(cases, 0.95).unwrap();
            assert!(
                (found.low / low - 1.0).abs() < 1e-12 && (found.high / high - 1.0).abs() < 1e-12,
                "{found:?}"
            );
        }
    }

    // Two rates per 10,000 as their authors round them: 2.43 (2.30-2.57) and 1.09 (1.03-1.15).
    #[test]
    fn rates_per_ten_thousand() {
        for (cases, denominator, expected) in
            [(1_222.0, 5_019_804.0, [243.0, 230.0, 257.0]), (1_322.0, 12_146_210.0, [109.0, 103.0, 115.0])]
        {
            let found = rate(cases, denominator, 1e4).unwrap();
            assert_eq!([found.rate, found.lo, found.hi].map(|value| (value * 100.0).round()), expected);
        }
    }

    #[test]
    fn no_case_has_a_closed_form() {
        let found = poisson_interval(0, 0.95).unwrap();
        assert_eq!(found.low, 0.0);
        assert!((found.high - 40.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn refused() {
        for (cases, denominator, per, field) in [
            (-1.0, 1.0, 1.0, "cases"),
            (1.5, 1.0, 1.0, "cases"),
            (f64::NAN, 1.0, 1.0, "cases"),
            (1.0, 0.0, 1.0, "denominator"),
            (1.0, 1.0, f64::INFINITY, "per"),
        ] {
            assert_eq!(rate(cases, denominator, per).unwrap_err().field, field);
        }
        assert_eq!(poisson_interval(3, f64::NAN), None);
        assert_eq!(poisson_interval(u64::MAX, 0.95), None);
    }
}
