//! EARS C1, C2 and C3: daily counts against the week before.

use super::refused::Refused;
use super::request;
use serde::{Deserialize, Serialize};

/// Days of a baseline.
const BASELINE: usize = 7;
/// Days between the baseline of C2 and its day.
const LAG: usize = 2;

/// What `ears` reads.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarsRequest {
    /// Whole counts, one a day, in order.
    #[serde(deserialize_with = "super::request::numbers")]
    pub counts: Vec<f64>,
}

/// The three statistics of each day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ears {
    /// Standardised by days t-7..t-1; `None` while they are incomplete, or when they are all equal.
    pub c1: Vec<Option<f64>>,
    /// Standardised by days t-9..t-3; `None` as for C1.
    pub c2: Vec<Option<f64>>,
    /// Sum of what C2 exceeds 1 by, over t-2..t; `None` when C2 of one of them is.
    pub c3: Vec<Option<f64>>,
    /// Days above the usual thresholds.
    pub alarms: EarsAlarms,
}

/// Days above 3, 3 and 2, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EarsAlarms {
    /// C1 above 3.
    pub c1: Vec<usize>,
    /// C2 above 3.
    pub c2: Vec<usize>,
    /// C3 above 2.
    pub c3: Vec<usize>,
}

/// The statistics of a request. Refused: an empty list, one of more than a million, counts that are not whole.
pub fn ears(request: &EarsRequest) -> Result<Ears, Refused> {
    request::counts("counts", &request.counts)?;
    Ok(ears_of(&request.counts))
}

/// EARS C1, C2, C3 of daily counts (Hutwagner, Thompson, Seeman and Treadwell, J Urban Health 2003; 80: i89-i96; in the
/// form of Fricker, Hegler and Dunfee, Stat Med 2008; 27: 3407-3429). `surveillance::earsC` of R differs: its
/// thresholds are normal quantiles (3.09 for C1 and C2, 1.96 for C3), a flat baseline has the deviation `minSigma`, and
/// its C3 sums days t-2 and t-1 only, so that the day itself never weighs.
pub fn ears_of(counts: &[f64]) -> Ears {
    let c1 = standardised(counts, 0);
    let c2 = standardised(counts, LAG);
    let c3: Vec<Option<f64>> = (0..counts.len()).map(|day| excess(&c2, day)).collect();
    let alarms = EarsAlarms { c1: above(&c1, 3.0), c2: above(&c2, 3.0), c3: above(&c3, 2.0) };
    Ears { c1, c2, c3, alarms }
}

fn standardised(counts: &[f64], lag: usize) -> Vec<Option<f64>> {
    (0..counts.len())
        .map(|day| {
            let from = day.checked_sub(BASELINE + lag)?;
            let (mean, deviation) = spread(&counts[from..from + BASELINE])?;
            Some((counts[day] - mean) / deviation)
        })
        .collect()
}

/// Mean and sample standard deviation. Equal values are compared as they are: their deviation could come out as dust.
fn spread(values: &[f64]) -> Option<(f64, f64)> {
    if values.iter().all(|&value| value == values[0]) {
        return None;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((mean, (squares / (values.len() - 1) as f64).sqrt()))
}

fn excess(c2: &[Option<f64>], day: usize) -> Option<f64> {
    let days = c2.get(day.checked_sub(2)?..=day)?;
    days.iter().try_fold(0.0, |sum, value| value.map(|value| sum + (value - 1.0).max(0.0)))
}

fn above(values: &[Option<f64>], threshold: f64) -> Vec<usize> {
    (1..).zip(values).filter(|(_, value)| value.is_some_and(|v| v > threshold)).map(|(day, _)| day).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<f64>, expected: f64) {
        assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?} {expected}");
    }

    // By hand: the baseline 1..7 has mean 4 and sample variance 28 / 6; that of day 10 for C1 mean 41 / 7 and variance
    // 64 / 7.
    #[test]
    fn by_hand() {
        let counts = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 12.0, 4.0, 16.0, 4.0, 4.0];
        let found = ears_of(&counts);
        let deviation = (28.0_f64 / 6.0).sqrt();
        near(found.c1[7], 8.0 / deviation);
        near(found.c2[9], 12.0 / deviation);
        near(found.c1[9], (16.0 - 41.0 / 7.0) / (64.0_f64 / 7.0).sqrt());
        assert_eq!((found.c1[6], found.c2[8], found.c3[10]), (None, None, None));
        let sum = found.c2[9..12].iter().map(|value| (value.unwrap() - 1.0).max(0.0)).sum();
        near(found.c3[11], sum);
        assert_eq!(found.alarms, EarsAlarms { c1: vec![8, 10], c2: vec![10], c3: vec![12] });
    }

    #[test]
    fn a_flat_baseline_says_nothing() {
        let mut counts = [2.0; 12];
        counts[11] = 9.0;
        let found = ears_of(&counts);
        assert!(found.c1.iter().chain(&found.c2).chain(&found.c3).all(Option::is_none));
    }

    #[test]
    fn refused() {
        let of = |counts: &[f64]| ears(&EarsRequest { counts: counts.to_vec() }).unwrap_err();
        assert_eq!((of(&[1.0, -1.0]).field, of(&[1.0, -1.0]).row), ("counts", Some(2)));
        assert_eq!(of(&[1.5]).row, Some(1));
        assert_eq!(of(&[]).row, None);
        assert_eq!(of(&vec![0.0; 1_000_001]).row, None);
    }
}
