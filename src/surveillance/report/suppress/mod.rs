//! What of a report may be shown to anybody: the one way from a [`Report`] to a [`Shown`].
//!
//! Without patients no count from 1 to `least_cell - 1` is shown, nor anything computed from one, nor any count that
//! gives such a one away together with the rest of the page. What is not shown at all, because no rule was found that
//! is surely right: counts by month or by area and year, the statistics of the methods, days, the words of people.
//! Two reports of different dates are not protected against each other.

mod counts;
mod family;
mod pairs;
mod rates;
mod signals;
mod table;
mod window;

use std::collections::BTreeSet;

use self::rates::Rates;
use self::signals::Windows;
use super::shown::{SUPPRESSED, Shown, ShownFindings, ShownTests};
use crate::surveillance::model::{Diagnostic, Multiplicity, Report};

/// No threshold and no number of births is above this, so that sums do not overflow.
const MOST: u64 = 1 << 40;

/// A report after suppression. `public` are the places of diagnostics that never hold a count.
pub fn suppress(report: &Report, public: &BTreeSet<String>) -> Shown {
    let (findings, least) = (&report.findings, report.least_cell.min(MOST));
    let counts = family::protect(&findings.phenotypes, least);
    let rates = Rates::new(findings, &counts, least);
    let windows = Windows { watched: &findings.phenotypes, counts: &counts, least };
    let tell = |told: &[Diagnostic]| diagnostics(told, public, least);
    Shown {
        run: report.run.clone(),
        findings: ShownFindings {
            first_month: findings.first_month.clone(),
            last_month: findings.last_month.clone(),
            areas: rates.areas(),
            phenotypes: rates.phenotypes(),
            signals: window::signals(report, &windows, &tell),
            combinations: pairs::combinations(&findings.combinations, &windows),
            diagnostics: tell(&findings.diagnostics),
            multiplicity: findings.multiplicity.iter().map(|one| tests(one, least)).collect(),
        },
        least_cell: least,
        new_cases: if least == 0 { report.new_cases.clone() } else { Vec::new() },
        changed_cases: if least == 0 { report.changed_cases.clone() } else { Vec::new() },
    }
}

fn tests(of: &Multiplicity, least: u64) -> ShownTests {
    ShownTests {
        method: of.method.clone(),
        tests: of.tests,
        correction: of.correction.clone(),
        level: of.level,
        left: (least == 0).then_some(of.signals),
    }
}

/// Diagnostics that bound a count by being there at all.
const BOUNDS: [&str; 1] = ["few_expected"];

/// Diagnostics of which only public places keep their values.
fn diagnostics(told: &[Diagnostic], public: &BTreeSet<String>, least: u64) -> Vec<Diagnostic> {
    let mut told = told.to_vec();
    told.retain(|one| least == 0 || !BOUNDS.contains(&one.kind.as_str()));
    for diagnostic in told.iter_mut().filter(|_| least > 0) {
        for (_, value) in diagnostic.values.iter_mut().filter(|(place, _)| !public.contains(*place)) {
            *value = SUPPRESSED.to_string();
        }
    }
    told
}

/// Births as a count.
fn whole(births: f64) -> u64 {
    (births.ceil().max(0.0) as u64).min(MOST)
}

/// Two significant digits: an expected count in full would be an equation on the hidden counts it was computed from.
fn rough(value: f64) -> f64 {
    round_to(value, 2, f64::round)
}

/// One significant digit, upwards, so that it is never more surprising than it was.
fn rough_up(p: f64) -> f64 {
    round_to(p, 1, f64::ceil).min(1.0)
}

fn round_to(value: f64, digits: i32, round: fn(f64) -> f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let places = digits - 1 - value.abs().log10().floor() as i32;
    let scale = 10_f64.powi(places.abs().min(300));
    // Dividing by a whole power of ten gives the nearest number to the decimal, which multiplying does not.
    if places >= 0 { round(value * scale - 1e-9) / scale } else { round(value / scale - 1e-9) * scale }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits() {
        for (value, rounded, up) in [
            (4.2371, 4.2, 1.0),
            (0.03, 0.03, 0.03),
            (0.0312, 0.031, 0.04),
            (0.0, 0.0, 0.0),
            (0.96, 0.96, 1.0),
        ] {
            assert_eq!((rough(value), rough_up(value)), (rounded, up));
        }
        assert_eq!((rough(1234.0), rough(99.6)), (1200.0, 100.0));
    }
}
