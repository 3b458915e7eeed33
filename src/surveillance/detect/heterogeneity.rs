//! Do rates differ between areas: chi-square, by replication where expected counts are small.

use super::super::config::Config;
use super::super::model::Heterogeneity;
use super::super::study::{Counts, Frame, sum};
use crate::stats::{chi_square_upper, multinomial_counts};

/// Expected count under which the chi-square law is not trusted.
const SMALL: f64 = 5.0;

/// The test over the whole study; `q` is still `p`. None with fewer than two areas or cases.
///
/// The statistic is the sum of (observed - expected)^2 / expected, where cases are shared out as births are.
pub fn heterogeneity(
    frame: &Frame,
    counts: &Counts,
    number: usize,
    config: &Config,
) -> Option<Heterogeneity> {
    let all = 0..frame.span.len();
    let births: Vec<f64> = (0..counts.len()).map(|area| frame.births(Some(area), all.clone())).collect();
    let observed: Vec<u64> = (0..counts.len()).map(|area| sum(counts, Some(area), all.clone())).collect();
    let (cases, total): (u64, f64) = (observed.iter().sum(), births.iter().sum());
    let shares: Vec<f64> = births.iter().map(|births| births / total).collect();
    let areas = shares.iter().filter(|share| **share > 0.0).count();
    if areas < 2 || cases < 2 {
        return None;
    }
    let chi_square = statistic(&observed, &shares, cases);
    let df = areas as u32 - 1;
    let least =
        shares.iter().filter(|share| **share > 0.0).fold(f64::INFINITY, |least, share| least.min(*share));
    let p = if least * cases as f64 >= SMALL {
        chi_square_upper(chi_square, f64::from(df))
    } else {
        let seed = config.seed.wrapping_add(number as u64);
        let replicate =
            |draw: u32| statistic(&multinomial_counts(cases, &shares, seed, draw), &shares, cases);
        let (mut as_high, mut draws) = (0, 0);
        while draws < config.limits.replications && as_high < super::ENOUGH {
            as_high += u32::from(replicate(draws) >= chi_square - 1e-9);
            draws += 1;
        }
        if as_high == super::ENOUGH {
            f64::from(as_high) / f64::from(draws)
        } else {
            f64::from(as_high + 1) / f64::from(draws + 1)
        }
    };
    Some(Heterogeneity { chi_square, df, p, q: p })
}

fn statistic(observed: &[u64], shares: &[f64], cases: u64) -> f64 {
    let areas = observed.iter().zip(shares).filter(|(_, share)| **share > 0.0);
    areas
        .map(|(observed, share)| {
            let expected = share * cases as f64;
            (*observed as f64 - expected).powi(2) / expected
        })
        .sum()
}
