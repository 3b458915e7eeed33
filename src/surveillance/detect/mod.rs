//! Detectors: each tests every phenotype it can, then all its tests are corrected together; what is left is found.

mod combinations;
mod cusum;
mod farrington;
mod heterogeneity;
mod space;
mod temporal;
mod trend;

pub use combinations::{Known, combinations};
pub use cusum::{Charts, baseline};
pub use heterogeneity::heterogeneity;
pub use temporal::PREGNANCY;
pub use trend::{increases, trend};

use super::calendar::Month;
use super::config::Config;
use super::model::{Method, Multiplicity};
use super::study::{Frame, Group};
use crate::stats::{Adjustment, adjusted};
use rayon::prelude::*;

/// Replicates as extreme as the data after which no more are drawn (Besag and Clifford, Biometrika 1991; 78: 301-304).
const ENOUGH: u32 = 20;

/// One test of a detector, before correction.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// Detector.
    pub method: Method,
    /// Place of the phenotype.
    pub group: usize,
    /// Places of the areas; empty for all.
    pub areas: Vec<usize>,
    /// First and last day of the window, since 1970-01-01.
    pub days: (i64, i64),
    /// Cases in the window.
    pub observed: u64,
    /// Expected without an excess.
    pub expected: f64,
    /// By itself.
    pub p: Option<f64>,
    /// Corrected; filled by [`detect`].
    pub q: Option<f64>,
    /// The detector's own rule gives the alarm; for the others `q` decides.
    pub alarm: Option<bool>,
    /// What was computed.
    pub statistics: Vec<(&'static str, f64)>,
    /// Months with what the detector expected and the count it would have called an alarm, when it looks at months.
    pub months: Vec<(Month, f64, f64)>,
}

/// Where areas lie, by place; none when the coordinates of one are not known.
pub type Places = Option<Vec<(f64, f64)>>;

/// Everything that detectors found over the groups, increases over the years last, and how many tests they made.
pub fn detect(
    frame: &Frame,
    groups: &[Group],
    places: &Places,
    config: &Config,
) -> (Vec<Test>, Vec<Multiplicity>) {
    let charts = Charts::new(frame, groups.len(), config);
    let circles = space::Circles::new(places);
    let tests: Vec<Vec<Test>> = (0..groups.len())
        .into_par_iter()
        .map(|number| {
            let group = &groups[number];
            let counts = group.counts(frame, |_| true);
            let mut tests = charts.tests(frame, &counts, number, config);
            tests.extend(temporal::test(frame, group, number, config));
            tests.extend(farrington::tests(frame, &counts, number, config));
            tests.extend(circles.iter().flat_map(|circles| circles.tests(frame, &counts, number, config)));
            tests
        })
        .collect();
    let (mut found, mut told) = correct(tests.into_iter().flatten().collect(), config);
    found.extend(increases(frame, groups, config));
    if circles.is_none() {
        told.retain(|one| !one.method.starts_with("spa"));
    }
    (found, told)
}

/// Corrects the tests of each method together and keeps what is an alarm.
fn correct(tests: Vec<Test>, config: &Config) -> (Vec<Test>, Vec<Multiplicity>) {
    let methods = [
        Method::Cusum,
        Method::Farrington,
        Method::TemporalScan,
        Method::SpatialScan,
        Method::SpaceTimePermutation,
    ];
    let (mut found, mut told) = (Vec::new(), Vec::new());
    for method in methods {
        let mut own: Vec<Test> = tests.iter().filter(|test| test.method == method).cloned().collect();
        let p: Vec<f64> = own.iter().map(|test| test.p.unwrap_or(1.0)).collect();
        // Charts are corrected by their thresholds: a q beside them would contradict them.
        if method != Method::Cusum {
            own.iter_mut().zip(adjusted(&p, Adjustment::Bh)).for_each(|(test, q)| test.q = Some(q));
        }
        let rate = config.limits.false_discovery_rate;
        let tests = own.len() as u64;
        own.retain(|test| test.alarm.unwrap_or_else(|| test.q.is_some_and(|q| q <= rate)));
        let own = joined(own);
        let (correction, level) = match method {
            Method::Cusum => ("run_length", config.limits.false_signals_per_year),
            _ => ("bh", rate),
        };
        told.push(Multiplicity {
            method: method.name(),
            tests,
            correction: correction.into(),
            level,
            signals: own.len() as u64,
        });
        found.extend(own);
    }
    (found, told)
}

/// Months that follow one another are one excess: counts are summed, the chance of the most surprising month stands for it.
fn joined(tests: Vec<Test>) -> Vec<Test> {
    let mut joined: Vec<Test> = Vec::new();
    for test in tests {
        match joined.last_mut() {
            Some(last) if follows(last, &test) => {
                last.days.1 = test.days.1;
                last.observed += test.observed;
                last.expected += test.expected;
                last.p = last.p.into_iter().chain(test.p).reduce(f64::min);
                last.q = last.q.into_iter().chain(test.q).reduce(f64::min);
                last.months.extend(test.months);
            }
            _ => joined.push(test),
        }
    }
    joined
}

fn follows(last: &Test, test: &Test) -> bool {
    last.method == Method::Farrington && last.group == test.group && last.days.1 + 1 == test.days.0
}

/// First day of a month and last day of another, by place.
fn days(frame: &Frame, first: usize, last: usize) -> (i64, i64) {
    (frame.span.month(first).first_day(), frame.span.month(last).last_day())
}

/// The last `years` years of the study, by place.
fn last_years(frame: &Frame, years: u16) -> std::ops::Range<usize> {
    let months = frame.span.len();
    months.saturating_sub(12 * usize::from(years))..months
}
