//! The Poisson CUSUM: a sum that grows while counts exceed what was expected.

use super::refused::Refused;
use super::request;
use serde::{Deserialize, Serialize};

/// What `cusum` reads: the alternative is either `lambda1` or `rho`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CusumRequest {
    /// Whole counts, one a period, in order.
    #[serde(deserialize_with = "super::request::numbers")]
    pub counts: Vec<f64>,
    /// Expected counts in control.
    pub lambda0: Baseline,
    /// Expected counts out of control: the sum is in cases.
    #[serde(default)]
    pub lambda1: Option<f64>,
    /// Ratio out of control: the sum is a logarithm of likelihoods.
    #[serde(default)]
    pub rho: Option<f64>,
    /// Threshold, in the unit of the sum.
    pub h: f64,
}

/// Expected counts: the same for all periods, or one for each.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Baseline {
    /// The same for all.
    Same(f64),
    /// One for each.
    Each(Vec<f64>),
}

/// The sum after each period, and where it reaches the threshold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cusum {
    /// The sum; it is not set back after an alarm.
    pub s: Vec<f64>,
    /// Whether the sum is at the threshold or above.
    pub alarm: Vec<bool>,
}

/// The CUSUM of a request. With `lambda1` the sum is that of Lucas (Technometrics 1985; 27: 129-144): S = max(0, S + x -
/// k), k = (lambda1 - lambda0) / (ln lambda1 - ln lambda0). With `rho` it is the logarithm of the likelihood ratio of
/// rho lambda0 against lambda0: S = max(0, S + x ln rho - lambda0 (rho - 1)). An alarm is S >= h in both, as in Lucas
/// and in R's `surveillance::algo.cusum`. Refused: counts that are not whole, rates and thresholds that are not
/// positive, a `lambda0` of another length, an alternative that is missing, double, or not above `lambda0`.
pub fn cusum(request: &CusumRequest) -> Result<Cusum, Refused> {
    request::counts("counts", &request.counts)?;
    let lambda0 = baseline(request)?;
    let h = request::positive("h", request.h)?;
    let s = match (request.lambda1, request.rho) {
        (Some(lambda1), None) => case_sum(&request.counts, &lambda0, higher(lambda1, &lambda0)?),
        (None, Some(rho)) => likelihood_sum(&request.counts, &lambda0, above_one(rho)?),
        (Some(_), Some(_)) => {
            return Err(Refused::field("rho", "expected either lambda1 or rho, found both"));
        }
        (None, None) => return Err(Refused::field("lambda1", "expected lambda1 or rho, found neither")),
    };
    let alarm = s.iter().map(|&sum| sum >= h).collect();
    Ok(Cusum { s, alarm })
}

fn baseline(request: &CusumRequest) -> Result<Vec<f64>, Refused> {
    let periods = request.counts.len();
    let values = match &request.lambda0 {
        Baseline::Same(value) => {
            rate("lambda0", *value)?;
            vec![*value; periods]
        }
        Baseline::Each(values) => values.clone(),
    };
    if values.len() != periods {
        let problem = format!("expected one value or {periods}, one for each count, found {}", values.len());
        return Err(Refused::field("lambda0", problem));
    }
    match values.iter().position(|&value| rate("lambda0", value).is_err()) {
        Some(row) => {
            Err(Refused::row("lambda0", row, format!("expected a rate above 0, found {}", values[row])))
        }
        None => Ok(values),
    }
}

/// A mean of counts: 10^12 at most, like the counts.
fn rate(field: &'static str, value: f64) -> Result<f64, Refused> {
    if (1e-12..=1e12).contains(&value) {
        return Ok(value);
    }
    Err(Refused::field(field, format!("expected a rate above 0 (1e-12 to 1e12), found {value}")))
}

fn higher(lambda1: f64, lambda0: &[f64]) -> Result<f64, Refused> {
    rate("lambda1", lambda1)?;
    match lambda0.iter().find(|&&value| value >= lambda1) {
        Some(value) => {
            Err(Refused::field("lambda1", format!("expected more than lambda0 ({value}), found {lambda1}")))
        }
        None => Ok(lambda1),
    }
}

fn above_one(rho: f64) -> Result<f64, Refused> {
    if rho > 1.0 && rho <= 1e6 {
        return Ok(rho);
    }
    Err(Refused::field("rho", format!("expected a ratio above 1 (up to 10^6), found {rho}")))
}

/// The sum of Lucas, in cases: for each period `counts[t] - k`, never below 0.
fn case_sum(counts: &[f64], lambda0: &[f64], lambda1: f64) -> Vec<f64> {
    let reference = |lambda0: f64| (lambda1 - lambda0) / (lambda1 / lambda0).ln();
    sums(counts.iter().zip(lambda0).map(|(x, &lambda0)| x - reference(lambda0)))
}

/// The sum of logarithms of likelihood ratios; `counts` and `lambda0` are of the same length, `rho` is above 1.
pub fn likelihood_sum(counts: &[f64], lambda0: &[f64], rho: f64) -> Vec<f64> {
    let gain = rho.ln();
    sums(counts.iter().zip(lambda0).map(|(x, lambda0)| x * gain - lambda0 * (rho - 1.0)))
}

fn sums(steps: impl Iterator<Item = f64>) -> Vec<f64> {
    steps
        .scan(0.0_f64, |sum, step| {
            *sum = (*sum + step).max(0.0);
            Some(*sum)
        })
        .collect()
}

/// The estimated start of the change for an alarm at index `alarm`: the index after the last zero of the sum (Page,
/// Biometrika 1954; 41: 100-115), both counted from 0. `None` when the sum is zero there, or not so long.
pub fn change_start(s: &[f64], alarm: usize) -> Option<usize> {
    let upto = s.get(..=alarm)?;
    let start = upto.iter().rposition(|&sum| sum <= 0.0).map_or(0, |zero| zero + 1);
    (start <= alarm).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(request: &str) -> Result<Cusum, Refused> {
        cusum(&serde_json::from_str(request).unwrap())
    }

    // R 4.2, surveillance 1.20.3: algo.cusum with trans = "none" takes the same k and h; here worked by hand with e^2 = rho
    // and k = (l1 - l0) / 2.
    #[test]
    fn by_hand() {
        let rho = 2.0_f64.exp();
        let text = format!(r#"{{"counts": [0, 9, 1, 9], "lambda0": 1, "lambda1": {rho}, "h": 5}}"#);
        let k = (rho - 1.0) / 2.0;
        let found = of(&text).unwrap();
        let expected = [0.0, 9.0 - k, 10.0 - 2.0 * k, 19.0 - 3.0 * k];
        assert!(found.s.iter().zip(expected).all(|(s, expected)| (s - expected).abs() < 1e-12), "{found:?}");
        assert_eq!(found.alarm, [false, true, false, true]);
    }

    #[test]
    fn both_forms_agree_up_to_the_unit() {
        let cases = of(r#"{"counts": [3, 0, 7, 2], "lambda0": 2, "lambda1": 3, "h": 1}"#).unwrap();
        let likelihood =
            of(r#"{"counts": [3, 0, 7, 2], "lambda0": [2, 2, 2, 2], "rho": 1.5, "h": 1}"#).unwrap();
        let gain = 1.5_f64.ln();
        assert!(cases.s.iter().zip(&likelihood.s).all(|(a, b)| (a * gain - b).abs() < 1e-12));
    }

    #[test]
    fn the_threshold_itself_is_an_alarm() {
        let h = 3.0 * 2.0_f64.ln() - 1.0;
        assert_eq!(
            of(&format!(r#"{{"counts": [3], "lambda0": 1, "rho": 2, "h": {h}}}"#)).unwrap().alarm,
            [true]
        );
    }

    #[test]
    fn starts_after_the_last_zero() {
        let s = [0.0, 0.5, 0.0, 1.0, 2.0];
        assert_eq!((change_start(&s, 4), change_start(&s, 1), change_start(&s, 2)), (Some(3), Some(1), None));
        assert_eq!((change_start(&s, 5), change_start(&[1.0], 0)), (None, Some(0)));
    }

    #[test]
    fn refused() {
        for (rest, field, row) in [
            (r#""lambda0": 1, "h": 1"#, "lambda1", None),
            (r#""lambda0": 1, "lambda1": 2, "rho": 2, "h": 1"#, "rho", None),
            (r#""lambda0": 1, "lambda1": 1, "h": 1"#, "lambda1", None),
            (r#""lambda0": 1, "rho": 1, "h": 1"#, "rho", None),
            (r#""lambda0": [1], "rho": 2, "h": 1"#, "lambda0", None),
            (r#""lambda0": [1, 0], "rho": 2, "h": 1"#, "lambda0", Some(2)),
            (r#""lambda0": 1, "rho": 2, "h": 0"#, "h", None),
        ] {
            let found = of(&format!(r#"{{"counts": [1, 2], {rest}}}"#)).unwrap_err();
            assert_eq!((found.field, found.row), (field, row), "{rest}");
        }
        assert_eq!(of(r#"{"counts": [1, -2], "lambda0": 1, "rho": 2, "h": 1}"#).unwrap_err().row, Some(2));
    }
}
