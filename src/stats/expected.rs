//! Observed against expected cases: the standardised ratio, its exact interval, and how likely as many would be.

use super::poisson::poisson_interval;
use super::refused::Refused;
use super::request::{level, positive, usual_level, whole};
use super::tail::poisson_at_least;
use serde::{Deserialize, Serialize};

/// What `observed-expected` reads.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedRequest {
    /// Observed cases, whole.
    pub observed: f64,
    /// Expected cases, taken as known.
    pub expected: f64,
    /// Level of the interval; 0.95 without it.
    #[serde(default = "usual_level")]
    pub level: f64,
}

/// Observed over expected.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ObservedExpected {
    /// The standardised ratio.
    pub sir: f64,
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
    /// Probability of as many cases or more by chance.
    pub p_upper: f64,
}

/// The ratio of observed to expected cases with the limits of Garwood (Breslow and Day, Statistical Methods in Cancer
/// Research, vol. II, IARC 1987, chapter 2) and the upper tail of the Poisson law. The expected number is taken as known
/// without error. Refused: observed cases that are not whole, expected ones that are not positive or above 10^12, a
/// level outside ]0, 1[.
pub fn observed_expected(request: &ExpectedRequest) -> Result<ObservedExpected, Refused> {
    let observed = whole("observed", request.observed)?;
    let expected = positive("expected", request.expected)?;
    if expected > 1e12 {
        return Err(Refused::field("expected", format!("expected at most 10^12, found {expected}")));
    }
    let ends = poisson_interval(observed, level(request.level)?)
        .ok_or_else(|| Refused::field("observed", "expected a count with an interval"))?;
    let [sir, lo, hi] = [observed as f64, ends.low, ends.high].map(|count| count / expected);
    Ok(ObservedExpected { sir, lo, hi, p_upper: poisson_upper(observed, expected) })
}

/// P(X >= observed) for a Poisson mean; exact to some 1e-12 of itself in the far tail too. 0 for means that are not
/// positive, unless nothing was observed.
pub fn poisson_upper(observed: u64, mean: f64) -> f64 {
    match (observed, mean > 0.0) {
        (0, _) => 1.0,
        (_, false) => 0.0,
        _ => poisson_at_least(observed as f64, mean),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(observed: f64, expected: f64) -> Result<ObservedExpected, Refused> {
        observed_expected(&ExpectedRequest { observed, expected, level: 0.95 })
    }

    // R 4.2: ppois(observed - 1, expected, lower = FALSE); limits qgamma(0.025, 3) / 0.06 and qgamma(0.975, 4) / 0.06.
    #[test]
    fn as_in_r() {
        let found = of(3.0, 0.06).unwrap();
        assert!(
            (found.p_upper / 3.441_824_024_472_022e-5 - 1.0).abs() < 1e-12
                && (found.sir - 50.0).abs() < 1e-12
        );
        assert!((found.lo - 10.311_2).abs() < 1e-3 && (found.hi - 146.121).abs() < 1e-2, "{found:?}");
        assert!((poisson_upper(30, 0.5) / 2.164_467_298_149_864e-42 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_observed_and_refusals() {
        let none = of(0.0, 2.0).unwrap();
        assert_eq!((none.sir, none.lo, none.p_upper), (0.0, 0.0, 1.0));
        assert_eq!(
            (poisson_upper(1, 0.0), poisson_upper(0, 0.0), poisson_upper(1, f64::NAN)),
            (0.0, 1.0, 0.0)
        );
        for (observed, expected, field) in
            [(1.0, 0.0, "expected"), (1.0, 1e13, "expected"), (0.1, 1.0, "observed")]
        {
            assert_eq!(of(observed, expected).unwrap_err().field, field);
        }
    }
}
