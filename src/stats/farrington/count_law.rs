//! Upper tails and quantiles of the Poisson and negative binomial laws.
//!
//! `statrs` takes the negative binomial tail from a continued fraction cut at 140 terms and from differences of
//! logarithms of gamma functions; both lose digits when the size is large, which is the rule here: the size grows
//! without bound as the dispersion nears 1. So the mass comes from Loader's saddle point expansion (Loader C, Fast and
//! accurate computation of binomial probabilities, 2000) and the tail from the mass times a fraction run to its end.

use std::f64::consts::TAU;

use statrs::function::gamma::ln_gamma;

use super::normal::{normal_above, normal_quantile};

/// Mean above which the law is taken as nearly normal: it comes of a standard error that says little, never of cases.
/// The bound is then exact to one count in 1e10.
const LARGE: f64 = 1e10;
/// Size under which a negative binomial law of a large mean is not nearly normal.
const NEARLY_NORMAL: f64 = 1e6;
/// Steps of a fraction. The largest count taken needs some 100,000.
const STEPS: usize = 1_000_000;
/// Dispersion above which a series of the upper tail is slower than its fraction anywhere.
const SLOW: f64 = 1e4;

/// A law of counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum CountLaw {
    /// Variance equal to the mean.
    Poisson { mean: f64 },
    /// Variance `mean * dispersion`.
    NegativeBinomial { mean: f64, dispersion: f64, size: f64 },
}

impl CountLaw {
    /// The law of a mean and of a dispersion of 1 or more. `None` for a mean that is not above zero or not finite, and
    /// for one beyond 1e10 of a law that is far from normal.
    pub fn new(mean: f64, dispersion: f64) -> Option<Self> {
        let law = if dispersion > 1.0 {
            Self::NegativeBinomial { mean, dispersion, size: mean / (dispersion - 1.0) }
        } else {
            Self::Poisson { mean }
        };
        let workable = mean <= LARGE || mean >= NEARLY_NORMAL * (dispersion - 1.0);
        (mean > 0.0 && mean.is_finite() && dispersion.is_finite() && workable).then_some(law)
    }

    /// P(count >= y) for a whole y.
    pub fn at_least(&self, y: f64) -> f64 {
        if y <= 0.0 {
            return 1.0;
        }
        let (mean, deviation) = self.moments();
        if mean > LARGE {
            return normal_above((y - 0.5 - mean) / deviation);
        }
        let mass = self.log_mass(y).exp();
        match *self {
            Self::Poisson { mean } if y > mean => mass * rising(y, mean),
            Self::Poisson { mean } => 1.0 - mass * y / mean * falling(y - 1.0, mean),
            Self::NegativeBinomial { mean, dispersion, size } => {
                let (more, less) = ((dispersion - 1.0) / dispersion, 1.0 / dispersion);
                if y > mean + dispersion || (y > mean && dispersion > SLOW) {
                    mass * beta_fraction(y, size, more)
                } else if y > mean {
                    mass * ratio_sum(|step| (size + y + step - 1.0) * more / (y + step))
                } else if dispersion > 1.1 {
                    1.0 - mass * y / size * beta_fraction(size, y, less)
                } else {
                    // The first term of the fraction is a difference of numbers that are nearly equal here.
                    let previous = |k: f64| (k / ((size + k - 1.0) * more)).max(0.0);
                    1.0 - mass * previous(y) * ratio_sum(|step| previous(y - step))
                }
            }
        }
    }

    /// The least count that at most a share `alpha` exceeds.
    pub fn quantile_above(&self, alpha: f64) -> Option<f64> {
        let (mean, deviation) = self.moments();
        if mean > LARGE {
            return Some(self.nearly_normal_quantile(normal_quantile(alpha)));
        }
        // As R does, so that a share equal to a tail but for rounding is taken as equal.
        let allowed = alpha + 64.0 * f64::EPSILON * (1.0 - alpha);
        let enough = |count: f64| self.at_least(count + 1.0) <= allowed;
        if enough(0.0) {
            return Some(0.0);
        }
        let mut high = (mean + 2.0 * deviation).ceil();
        while !enough(high) {
            high = 2.0 * high + 1.0;
            if !high.is_finite() {
                return None;
            }
        }
        // Most often the bound is above the mean, and tails below it are slow.
        let center = mean.floor();
        let mut low = if enough(center) { 0.0 } else { center };
        while high - low > 1.0 {
            let middle = f64::midpoint(low, high).floor();
            if middle <= low {
                break;
            }
            if enough(middle) { high = middle } else { low = middle }
        }
        Some(high)
    }

    /// The quantile by the first terms of Cornish and Fisher's expansion.
    fn nearly_normal_quantile(&self, z: f64) -> f64 {
        let (mean, deviation) = self.moments();
        let dispersion = deviation * deviation / mean;
        let skewness = (2.0 * dispersion - 1.0) / deviation;
        (mean + deviation * (z + skewness * (z * z - 1.0) / 6.0)).floor()
    }

    fn moments(&self) -> (f64, f64) {
        match *self {
            Self::Poisson { mean } => (mean, mean.sqrt()),
            Self::NegativeBinomial { mean, dispersion, .. } => (mean, (mean * dispersion).sqrt()),
        }
    }

    /// ln P(count = y) for y >= 1.
    fn log_mass(&self, y: f64) -> f64 {
        match *self {
            Self::Poisson { mean } => -stirling_error(y) - deviance_part(y, mean) - 0.5 * (TAU * y).ln(),
            Self::NegativeBinomial { dispersion, size, .. } => {
                let all = size + y;
                let errors = stirling_error(all) - stirling_error(size) - stirling_error(y);
                let parts = deviance_part(size, all / dispersion)
                    + deviance_part(y, all * ((dispersion - 1.0) / dispersion));
                errors - parts - 0.5 * (TAU * y).ln() + 0.5 * (size / all).ln()
            }
        }
    }
}

/// ln Γ(x + 1) - ln(sqrt(2 π x) (x / e)^x).
fn stirling_error(x: f64) -> f64 {
    if x > 30.0 {
        let square = x * x;
        return (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / (1680.0 * square)) / square) / square) / x;
    }
    ln_gamma(x + 1.0) - 0.5 * (TAU * x).ln() - x * x.ln() + x
}

/// x ln(x / mean) + mean - x, without loss near the mean.
fn deviance_part(x: f64, mean: f64) -> f64 {
    let share = (mean - x) / x;
    if share.abs() < 0.1 { x * (share - share.ln_1p()) } else { x * (x / mean).ln() + mean - x }
}

/// P(count >= y) / P(count = y) of Poisson's law, by its series.
fn rising(y: f64, mean: f64) -> f64 {
    ratio_sum(|step| mean / (y + step))
}

/// P(count <= y) / P(count = y) of Poisson's law, by its series.
fn falling(y: f64, mean: f64) -> f64 {
    ratio_sum(|step| ((y - step + 1.0) / mean).max(0.0))
}

/// 1 + r(1) + r(1) r(2) + ..., until a term no longer counts.
fn ratio_sum(ratio: impl Fn(f64) -> f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for step in 1..=STEPS {
        term *= ratio(step as f64);
        sum += term;
        if term <= sum * f64::EPSILON / 4.0 {
            break;
        }
    }
    sum
}

/// The incomplete beta function over its prefix x^a (1-x)^b / (a B(a, b)), by its continued fraction (Abramowitz and
/// Stegun 26.5.8) evaluated by Lentz's method.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for step in 1..=STEPS {
        let m = step as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            fraction *= d * c;
            change = d * c;
        }
        if (change - 1.0).abs() < 4.0 * f64::EPSILON {
            break;
        }
    }
    fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_add_up_to_their_masses() {
        for (mean, dispersion) in [(0.3, 1.0), (40.0, 1.0), (0.3, 1.2), (40.0, 1.000_001), (300.0, 25.0)] {
            let law = CountLaw::new(mean, dispersion).unwrap();
            for y in [1.0, 2.0, 17.0, 40.0, 41.0, 42.0, 55.0] {
                let mass = law.log_mass(y).exp();
                let difference = law.at_least(y) - law.at_least(y + 1.0);
                assert!((difference - mass).abs() < 1e-12 + 1e-9 * mass, "{mean} {dispersion} {y}");
            }
        }
    }

    // R 4.2.2: ppois(y - 1, mean, lower.tail = FALSE), pnbinom(y - 1, size = mean / (phi - 1), prob = 1 / phi,
    // lower.tail = FALSE), and qpois(1 - alpha, mean), qnbinom(1 - alpha, ...)
    #[test]
    fn as_r_prints_them() {
        for (mean, dispersion, y, known, alpha, bound) in REFERENCE {
            let law = CountLaw::new(mean, dispersion).unwrap();
            let found = law.at_least(y);
            assert!(
                (found / known - 1.0).abs() < 1e-9,
                "{mean} {dispersion} {y}: {found} instead of {known}"
            );
            assert_eq!(law.quantile_above(alpha), Some(bound), "{mean} {dispersion} {alpha}");
        }
    }

    const REFERENCE: [(f64, f64, f64, f64, f64, f64); 14] = [
        (0.3, 1.0, 4.0, 2.658_111_900_217_398e-4, 0.05, 1.0),
        (40.0, 1.0, 60.0, 1.879_628_568_645_083e-3, 0.01, 55.0),
        (40.0, 1.0, 38.0, 6.453_492_639_226_497e-1, 0.05, 51.0),
        (5e4, 1.0, 51_000.0, 4.177_619_402_065_651e-6, 0.001, 50_692.0),
        (0.3, 1.2, 5.0, 3.230_181_128_006_134e-4, 0.05, 1.0),
        (12.5, 3.0, 30.0, 1.216_433_217_474_383e-2, 0.05, 24.0),
        (40.0, 1.000_01, 60.0, 1.879_725_277_527_871e-3, 0.005, 57.0),
        (300.0, 25.0, 90.0, 9.995_924_077_414_684e-1, 0.05, 455.0),
        (300.0, 25.0, 600.0, 2.487_373_733_603_632e-3, 0.01, 537.0),
        (1e5, 40.0, 106_000.0, 1.593_875_083_040_177e-3, 0.05, 103_312.0),
        (5e-9, 1.05, 1.0, 4.879_016_405_040_8e-9, 0.05, 0.0),
        (1e-9, 5.0, 1.0, 4.023_594_780_275_786e-10, 0.01, 0.0),
        (2.0, 1e5, 40.0, 1.451_866_829_131_426e-4, 0.001, 0.0),
        (2.0, 60.0, 150.0, 8.801_807_715_721_797e-4, 0.05, 9.0),
    ];

    // R 4.2.2: qpois(0.95, 5e10), qnbinom(0.95, size = 5e10 / 1.5, prob = 1 / 2.5), qnbinom(0.99, 3e13 / 0.2, 1 / 1.2)
    #[test]
    fn large_means_are_nearly_normal() {
        for (mean, dispersion, alpha, known) in [
            (5e10, 1.0, 0.05, 50_000_367_801.0),
            (5e10, 2.5, 0.05, 50_000_581_545.0),
            (3e13, 1.2, 0.01, 30_000_013_958_088.0),
        ] {
            let law = CountLaw::new(mean, dispersion).unwrap();
            let bound = law.quantile_above(alpha).unwrap();
            assert!((bound - known).abs() <= 2.0, "{mean} {dispersion}: {bound} instead of {known}");
            assert!((law.at_least(known) / alpha - 1.0).abs() < 1e-4);
            assert_eq!(law.at_least(1e9), 1.0);
        }
    }

    #[test]
    fn what_has_no_law() {
        for mean in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(CountLaw::new(mean, 2.0), None);
        }
        assert_eq!(CountLaw::new(1.0, f64::NAN), None);
        assert_eq!(CountLaw::new(1e12, 1e9), None);
    }
}
