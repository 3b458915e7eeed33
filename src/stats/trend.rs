//! Trend of a rate over the years: average annual percentage change, and chi-square tests of trend and of departure.

use serde::{Deserialize, Serialize};
use statrs::function::erf::erfc;
use statrs::function::gamma::gamma_ur;

use super::glm::{LogLinear, Regression};
use super::interval::z_of;
use super::refused::Refused;

/// Most periods taken.
const LONGEST: usize = 1_000_000;
/// Largest count and denominator taken: sums stay exact.
const LARGEST: f64 = 1e12;

/// Request of `laennec stats trend`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrendRequest {
    /// Cases of each year, oldest first; years are equally spaced.
    #[serde(deserialize_with = "super::request::numbers")]
    pub cases: Vec<f64>,
    /// Births, persons or person-years of each year.
    #[serde(deserialize_with = "super::request::numbers")]
    pub denominators: Vec<f64>,
    /// Level of the interval.
    #[serde(default = "level")]
    pub level: f64,
}

fn level() -> f64 {
    0.95
}

/// Answer of `laennec stats trend`. Change and interval are null when all cases fall in the first or in the last year:
/// the change then has no finite estimate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trend {
    /// Average annual percentage change of the rate.
    pub aapc: Option<f64>,
    /// Lower end of the interval, in percent.
    pub lo: Option<f64>,
    /// Upper end of the interval, in percent.
    pub hi: Option<f64>,
    /// Two-sided p of Wald's test of no change.
    pub p: Option<f64>,
    /// Chi-square of the linear trend in rates, 1 degree of freedom.
    pub chi_square: f64,
    /// Its p.
    pub chi_square_p: f64,
    /// Chi-square of the departure from a linear trend, n - 2 degrees of freedom.
    pub non_linear_chi_square: f64,
    /// Its p.
    pub non_linear_p: f64,
    /// Pearson's chi-square of the regression over its n - 2 degrees of freedom: near 1 for Poisson counts.
    pub dispersion: Option<f64>,
}

/// The trend of a rate by Poisson regression on the year with the logarithm of the denominator as offset, and the
/// chi-square tests that EUROCAT applies to ten years of an anomaly (EUROCAT Statistical Monitoring Protocol, trends;
/// Armitage P, Biometrics 1955; 11: 375-386, for Poisson counts).
///
/// `aapc` is 100 (exp(b) - 1), its interval is Wald's on b with normal quantiles. With E = denominators times the common
/// rate and t the year, the chi-square of trend is (sum t (O - E))^2 / (sum t^2 E - (sum t E)^2 / sum E), and that of
/// departure is sum (O - E)^2 / E less the former.
///
/// Assumes independent Poisson cases and a constant change from year to year; a `dispersion` well above 1 says that the
/// interval is too narrow. Not for a trend that turns (see `non_linear_p`), nor for fewer than some five cases a year.
///
/// # Errors
///
/// For lists of different lengths, fewer than 3 years, no case at all, negative or fractional cases and denominators
/// that are not above zero (with their row), and a level outside ]0, 1[.
pub fn trend(request: &TrendRequest) -> Result<Trend, Refused> {
    let z = z_of(request.level).ok_or_else(|| {
        Refused::field("level", format!("expected between 0 and 1, found {}", request.level))
    })?;
    request.check()?;
    let (cases, denominators) = (request.cases.as_slice(), request.denominators.as_slice());
    let (linear, departure) = chi_squares(cases, denominators);
    let change = change(cases, denominators);
    let percent = |beta: f64| Some(100.0 * beta.exp_m1()).filter(|value| value.is_finite());
    let end = |sign: f64| change.as_ref().and_then(|c| percent(c.beta + sign * z * c.error));
    Ok(Trend {
        aapc: change.as_ref().and_then(|c| percent(c.beta)),
        lo: end(-1.0),
        hi: end(1.0),
        p: change.as_ref().map(|c| erfc((c.beta / c.error).abs() / std::f64::consts::SQRT_2)),
        chi_square: linear,
        chi_square_p: chi_square_above(linear, 1.0),
        non_linear_chi_square: departure,
        non_linear_p: chi_square_above(departure, cases.len() as f64 - 2.0),
        dispersion: change.map(|c| c.dispersion),
    })
}

impl TrendRequest {
    fn check(&self) -> Result<(), Refused> {
        let (size, years) = (self.denominators.len(), self.cases.len());
        if !(3..=LONGEST).contains(&years) {
            return Err(Refused::field("cases", format!("expected 3 to {LONGEST} years, found {years}")));
        }
        if size != years {
            let problem = format!("expected as many numbers as there are years, {years}, found {size}");
            return Err(Refused::field("denominators", problem));
        }
        let case = |&value: &f64| (0.0..=LARGEST).contains(&value) && value.fract() == 0.0;
        let denominator = |&value: &f64| value > 0.0 && value <= LARGEST;
        each("cases", &self.cases, case, "a whole number from 0")?;
        each("denominators", &self.denominators, denominator, "a number above 0")?;
        if self.cases.iter().all(|&count| count == 0.0) {
            return Err(Refused::field("cases", "expected one case at least: no case, no trend"));
        }
        Ok(())
    }
}

/// Every row meets a condition.
fn each(field: &'static str, rows: &[f64], sound: fn(&f64) -> bool, expected: &str) -> Result<(), Refused> {
    match rows.iter().position(|value| !sound(value)) {
        Some(row) => {
            let problem = format!("expected {expected} to {LARGEST}, found {}", rows[row]);
            Err(Refused::row(field, row, problem))
        }
        None => Ok(()),
    }
}

/// Change of the logarithm of the rate from one year to the next.
struct Change {
    beta: f64,
    error: f64,
    dispersion: f64,
}

/// `None` when all cases fall in the first or in the last year, or when the regression does not come to rest.
fn change(cases: &[f64], denominators: &[f64]) -> Option<Change> {
    let ends = [cases.first()?, cases.last()?];
    let total: f64 = cases.iter().sum();
    if ends.contains(&&total) {
        return None;
    }
    let columns = [vec![1.0; cases.len()], (1..=cases.len()).map(|year| year as f64).collect()];
    let offset: Vec<f64> = denominators.iter().map(|value| value.ln()).collect();
    let regression = Regression { columns: &columns, response: cases, offset: Some(&offset), weights: None };
    let fit = regression.fit().filter(|fit| fit.converged)?;
    let error = fit.coefficient_variance(1).sqrt();
    Some(Change { beta: fit.coefficient(1)?, error, dispersion: pearson(cases, &fit) })
        .filter(|c| c.error.is_finite() && c.error > 0.0 && c.dispersion.is_finite())
}

fn pearson(cases: &[f64], fit: &LogLinear) -> f64 {
    let parts = cases.iter().zip(&fit.fitted).map(|(count, mean)| (count - mean).powi(2) / mean);
    parts.sum::<f64>() / fit.freedom as f64
}

/// The chi-squares of linear trend and of departure from it.
fn chi_squares(cases: &[f64], denominators: &[f64]) -> (f64, f64) {
    let rate = cases.iter().sum::<f64>() / denominators.iter().sum::<f64>();
    let expected: Vec<f64> = denominators.iter().map(|value| value * rate).collect();
    let mean =
        expected.iter().enumerate().map(|(t, e)| t as f64 * e).sum::<f64>() / expected.iter().sum::<f64>();
    // Around the mean year, where the sums of squares lose nothing; the tests do not depend on where years begin.
    let (mut slope, mut variance, mut all) = (0.0, 0.0, 0.0);
    for (t, (count, e)) in cases.iter().zip(&expected).enumerate() {
        let year = t as f64 - mean;
        slope += year * (count - e);
        variance += year * year * e;
        all += (count - e).powi(2) / e;
    }
    let linear = slope * slope / variance;
    (linear, (all - linear).max(0.0))
}

/// The chi-square probability above a value.
fn chi_square_above(value: f64, freedom: f64) -> f64 {
    if value > 0.0 { gamma_ur(freedom / 2.0, value / 2.0) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    fn request(cases: &[f64], denominators: &[f64], level: f64) -> TrendRequest {
        TrendRequest { cases: cases.to_vec(), denominators: denominators.to_vec(), level }
    }

    fn requests() -> [TrendRequest; 4] {
        let births = [10210.0, 10050.0, 9980.0, 10120.0, 10300.0, 10240.0, 10110.0, 9890.0, 9900.0, 10005.0];
        let outbreak = [3.0, 0.0, 4.0, 2.0, 40.0, 35.0, 60.0, 81.0, 77.0, 150.0, 160.0, 201.0];
        [
            request(&[12.0, 15.0, 11.0, 18.0, 20.0, 17.0, 22.0, 25.0, 21.0, 27.0], &births, 0.95),
            request(&[0.0, 1.0, 0.0, 2.0, 0.0], &[5000.5, 5100.0, 5200.0, 4800.0, 4900.0], 0.9),
            request(&[900.0, 850.0, 1100.0, 700.0, 640.0], &[1e5, 1.1e5, 1.2e5, 9e4, 1e5], 0.99),
            request(&outbreak, &[1e6; 12], 0.95),
        ]
    }

    // R 4.2.2, with o the cases, n the denominators and t <- seq_along(o):
    // m <- glm(o ~ t + offset(log(n)), family = poisson); b, e and p from summary(m)$coefficients["t", c(1, 2, 4)];
    // 100 * (exp(b + c(0, -1, 1) * qnorm(1 - (1 - level) / 2) * e) - 1); E <- n * sum(o) / sum(n);
    // x <- sum(t * (o - E))^2 / (sum(t^2 * E) - sum(t * E)^2 / sum(E)); d <- sum((o - E)^2 / E) - x; pchisq of both;
    // sum(residuals(m, "pearson")^2) / m$df.residual
    const AS_R_PRINTS_THEM: [[f64; 9]; 4] = [
        [
            8.967_003_106_067_907,
            3.576_452_046_169_809,
            1.463_810_095_199_047e1,
            9.083_940_670_950_858e-4,
            1.114_019_397_668_132e1,
            8.447_705_710_124_276e-4,
            2.559_408_810_642_598,
            9.589_030_021_895_832e-1,
            3.360_528_988_135_377e-1,
        ],
        [
            1.976_291_861_494_315e1,
            -3.972_497_034_710_805e1,
            1.379_618_352_370_454e2,
            6.657_098_662_389_898e-1,
            1.892_351_704_636_721e-1,
            6.635_539_421_823_147e-1,
            5.389_367_770_712_798,
            1.454_074_401_505_392e-1,
            1.659_742_666_206_668,
        ],
        [
            -6.151_718_941_349_77,
            -8.821_633_563_137_754,
            -3.403_623_010_044_976,
            1.458_622_053_974_161e-8,
            3.215_855_412_920_892e1,
            1.420_897_126_011_445e-8,
            3.364_550_073_928_508e1,
            2.353_705_615_185_075e-7,
            1.181_791_490_100_234e1,
        ],
        [
            3.909_296_224_069_787e1,
            3.531_990_346_845_526e1,
            4.297_122_336_775_973e1,
            2.742_801_667_371_698e-122,
            6.878_582_045_261_012e2,
            1.306_321_961_482_08e-151,
            8.504_585_451_448_929e1,
            5.112_166_940_454_137e-14,
            6.485_626_419_230_432,
        ],
    ];

    #[test]
    fn as_r_prints_them() {
        for (request, known) in requests().iter().zip(AS_R_PRINTS_THEM) {
            let found = trend(request).unwrap();
            let change = [found.aapc, found.lo, found.hi, found.p].map(Option::unwrap);
            let linear = [found.chi_square, found.chi_square_p];
            let departure = [found.non_linear_chi_square, found.non_linear_p, found.dispersion.unwrap()];
            let all = change.into_iter().chain(linear).chain(departure);
            for (place, (found, known)) in all.zip(known).enumerate() {
                assert!((found / known - 1.0).abs() < 1e-8, "number {place}: {found} instead of {known}");
            }
        }
    }

    #[test]
    fn no_change_at_all() {
        let found = trend(&request(&[4.0; 3], &[100.0; 3], 0.95)).unwrap();
        assert!(found.aapc.unwrap().abs() < 1e-9 && found.p.unwrap() > 0.999_999);
        assert_eq!((found.chi_square, found.chi_square_p, found.non_linear_p), (0.0, 1.0, 1.0));
    }

    #[test]
    fn a_change_without_a_finite_estimate_is_null() {
        let found = trend(&request(&[0.0, 0.0, 5.0], &[100.0; 3], 0.95)).unwrap();
        assert_eq!((found.aapc, found.lo, found.p, found.dispersion), (None, None, None, None));
        // sum E = 5, mean year 2, (5 x 1 year)^2 / (5/3 x 2).
        assert!((found.chi_square - 7.5).abs() < 1e-12);
    }

    #[test]
    fn what_is_refused() {
        for (cases, denominators, level, field, row) in [
            (vec![1.0, 2.0], vec![1.0, 2.0], 0.95, "cases", None),
            (vec![0.0; 3], vec![9.0; 3], 0.95, "cases", None),
            (vec![1.0, -2.0, 1.0], vec![9.0; 3], 0.95, "cases", Some(2)),
            (vec![1.0, 2.0, 1.5], vec![9.0; 3], 0.95, "cases", Some(3)),
            (vec![1.0, 2.0, f64::NAN], vec![9.0; 3], 0.95, "cases", Some(3)),
            (vec![1.0; 3], vec![9.0; 4], 0.95, "denominators", None),
            (vec![1.0; 3], vec![0.0, 9.0, 9.0], 0.95, "denominators", Some(1)),
            (vec![1.0; 3], vec![9.0; 3], 1.0, "level", None),
        ] {
            let refused = trend(&request(&cases, &denominators, level)).unwrap_err();
            assert_eq!((refused.field, refused.row), (field, row), "{refused}");
        }
        assert!(
            serde_json::from_str::<TrendRequest>(r#"{"cases":[1,2,3],"denominators":[1,2,3],"x":1}"#)
                .is_err()
        );
    }
}
