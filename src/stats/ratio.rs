//! The ratio of two rates, exact given the sum of their cases.

use super::refused::Refused;
use super::request::{level, positive, usual_level, whole};
use super::tail::{Share, beta_quantile, binomial_at_least, binomial_at_most, binomial_log_mass};
use serde::{Deserialize, Serialize};

/// What `rate-ratio` reads.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatioRequest {
    /// Cases of the first group, whole.
    pub cases1: f64,
    /// Size of the first group.
    pub denominator1: f64,
    /// Cases of the second group, whole.
    pub cases2: f64,
    /// Size of the second group.
    pub denominator2: f64,
    /// Level of the interval; 0.95 without it.
    #[serde(default = "usual_level")]
    pub level: f64,
}

/// The first rate over the second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RateRatio {
    /// The ratio; `None` without cases in the second group.
    pub ratio: Option<f64>,
    /// Lower end.
    pub lo: f64,
    /// Upper end; `None` when it is unbounded.
    pub hi: Option<f64>,
    /// Two-sided probability under equal rates: that of all outcomes no likelier than this one.
    pub p: f64,
}

/// The ratio of two Poisson rates. Given the sum of the cases, those of the first group follow a binomial law, so the
/// interval is that of Clopper and Pearson as odds (Przyborowski and Wilenski, Biometrika 1940; 31: 313-323) and the
/// probability that of R's `poisson.test`. Refused: cases that are not whole, denominators that are not positive, a
/// level outside ]0, 1[.
pub fn rate_ratio(request: &RatioRequest) -> Result<RateRatio, Refused> {
    let cases = [whole("cases1", request.cases1)? as f64, whole("cases2", request.cases2)? as f64];
    let sizes =
        [positive("denominator1", request.denominator1)?, positive("denominator2", request.denominator2)?];
    Ok(ratio_of(cases, sizes, (1.0 - level(request.level)?) / 2.0))
}

fn ratio_of([x1, x2]: [f64; 2], [d1, d2]: [f64; 2], tail: f64) -> RateRatio {
    let scale = d2 / d1;
    let odds = |share: Share| share.p / share.q * scale;
    let lo = if x1 <= 0.0 { 0.0 } else { odds(beta_quantile(x1, x2 + 1.0, tail)) };
    let hi = (x2 > 0.0).then(|| odds(beta_quantile(x2, x1 + 1.0, tail).other()));
    let share = Share { p: d1 / (d1 + d2), q: d2 / (d1 + d2) };
    RateRatio { ratio: (x2 > 0.0).then(|| x1 / x2 * scale), lo, hi, p: two_sided(x1, x1 + x2, share) }
}

/// Outcomes whose probabilities differ by less count as equally likely, as in R.
const SAME: f64 = 1e-7;

/// The probability of all outcomes of `n` trials that are no likelier than `x`, as R's `binom.test` sums them.
fn two_sided(x: f64, n: f64, share: Share) -> f64 {
    let mean = n * share.p;
    if x == mean {
        return 1.0;
    }
    let limit = binomial_log_mass(x, n, share) + SAME.ln_1p();
    let unlikely = |k: f64| binomial_log_mass(k, n, share) <= limit;
    let p = if x < mean {
        let from = first_whole(mean.ceil(), n + 1.0, &unlikely);
        binomial_at_most(x, n, share) + binomial_at_least(from, n, share)
    } else {
        let upto = first_whole(0.0, mean.floor() + 1.0, &|k| !unlikely(k)) - 1.0;
        binomial_at_least(x, n, share) + if upto < 0.0 { 0.0 } else { binomial_at_most(upto, n, share) }
    };
    p.min(1.0)
}

/// The first whole number from `low` on that is so, if all after it are; `high` when none below it is.
fn first_whole(low: f64, high: f64, so: &impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (low, high);
    while low < high {
        let middle = f64::midpoint(low, high).floor();
        if so(middle) {
            high = middle;
        } else {
            low = middle + 1.0;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(x1: f64, d1: f64, x2: f64, d2: f64) -> Result<RateRatio, Refused> {
        let (cases1, denominator1, cases2, denominator2) = (x1, d1, x2, d2);
        rate_ratio(&RatioRequest { cases1, denominator1, cases2, denominator2, level: 0.95 })
    }

    // R 4.2: poisson.test(c(x1, x2), c(d1, d2)); the first pair is the example of its help page.
    #[test]
    fn as_in_r() {
        for (x1, d1, x2, d2, expected) in [
            (
                11.0,
                800.0,
                21.0,
                3_011.0,
                [0.858_426_403_391_639_2, 4.277_265_943_654_071, 0.079_668_633_033_329_52],
            ),
            (
                2.0,
                300.0,
                40.0,
                1_000.0,
                [0.019_512_978_233_705_923, 0.642_692_628_208_517_6, 0.002_764_076_800_906_06],
            ),
        ] {
            let found = ratio(x1, d1, x2, d2).unwrap();
            for (value, expected) in [found.lo, found.hi.unwrap(), found.p].iter().zip(expected) {
                assert!((value / expected - 1.0).abs() < 1e-12, "{found:?}");
            }
            assert!((found.ratio.unwrap() - x1 * d2 / d1 / x2).abs() < 1e-12);
        }
    }

    #[test]
    fn groups_without_cases() {
        let none = ratio(0.0, 3.0, 9.0, 2.0).unwrap();
        assert_eq!((none.ratio, none.lo), (Some(0.0), 0.0));
        assert!(
            (none.hi.unwrap() - 0.337_753_460_196_445_14).abs() < 1e-12
                && (none.p - 0.4_f64.powi(9)).abs() < 1e-15
        );
        let other = ratio(9.0, 2.0, 0.0, 3.0).unwrap();
        assert_eq!((other.ratio, other.hi), (None, None));
        assert!((other.lo - 1.0 / 0.337_753_460_196_445_14).abs() < 1e-11);
        assert_eq!(ratio(0.0, 2.0, 0.0, 3.0).unwrap(), RateRatio { ratio: None, lo: 0.0, hi: None, p: 1.0 });
    }

    #[test]
    fn equal_rates_and_refusals() {
        assert_eq!(ratio(5.0, 10.0, 5.0, 10.0).unwrap().p, 1.0);
        assert!((ratio(4.0, 10.0, 6.0, 10.0).unwrap().p - 772.0 / 1024.0).abs() < 1e-14);
        assert_eq!(ratio(5.0, 10.0, 5.5, 10.0).unwrap_err().field, "cases2");
        assert_eq!(ratio(5.0, -1.0, 5.0, 10.0).unwrap_err().field, "denominator1");
    }
}
