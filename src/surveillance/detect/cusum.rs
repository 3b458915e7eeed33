//! Likelihood-ratio CUSUM of monthly counts, one chart an area and one for all: made to find a given ratio soonest, with
//! thresholds so that all charts together give so many false signals a year.

use super::super::config::Config;
use super::super::model::Method;
use super::super::study::{Counts, Frame, sum};
use super::{Test, days};
use crate::stats::{likelihood_sum, run_length, threshold_for};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;

/// Expected counts are rounded up to this many steps in each factor of e before a threshold is computed: 2 % at most.
const STEPS: f64 = 50.0;

/// Run lengths above this are not computed with all their figures.
const FAR: f64 = 1e11;

/// The charts of a run.
pub struct Charts {
    /// Months from which expected counts are learnt, and months that are watched.
    reference: Range<usize>,
    watched: Range<usize>,
    /// Number of charts.
    charts: f64,
    /// Months between two false signals of one chart.
    run_length: f64,
    /// Thresholds by rounded expected count.
    thresholds: Mutex<BTreeMap<i64, Option<f64>>>,
}

impl Charts {
    /// For so many phenotypes.
    pub fn new(frame: &Frame, groups: usize, config: &Config) -> Self {
        let months = frame.span.len();
        let watched = months.saturating_sub(config.limits.watch_months.into())..months;
        // With one area the chart of all is the same.
        let areas = frame.denominators.areas.len();
        let charts = (groups.max(1) * if areas == 1 { 1 } else { areas + 1 }) as f64;
        let run_length = charts * 12.0 / config.limits.false_signals_per_year;
        Self { charts, reference: 0..watched.start, watched, run_length, thresholds: Mutex::default() }
    }

    /// One test a chart that has births in the months watched.
    pub fn tests(&self, frame: &Frame, counts: &Counts, number: usize, config: &Config) -> Vec<Test> {
        let areas = frame.denominators.areas.len();
        let whole = (areas > 1).then_some(None);
        let charts = whole.into_iter().chain((0..areas).map(Some));
        charts.filter_map(|area| self.test(frame, counts, area, number, config)).collect()
    }

    fn test(
        &self,
        frame: &Frame,
        counts: &Counts,
        area: Option<usize>,
        number: usize,
        config: &Config,
    ) -> Option<Test> {
        let rate = baseline(frame, counts, area, self.reference.clone(), config.cusum.prior_cases)?;
        let at = |month: usize| month..month + 1;
        let expected: Vec<f64> =
            self.watched.clone().map(|month| rate * frame.births(area, at(month))).collect();
        let observed: Vec<f64> =
            self.watched.clone().map(|month| sum(counts, area, at(month)) as f64).collect();
        let mean = expected.iter().sum::<f64>() / expected.len().max(1) as f64;
        if mean <= 0.0 {
            return None;
        }
        let ratio = config.cusum.ratio;
        let careful = careful(counts, area, self.reference.clone(), config.cusum.prior_cases);
        let mean = mean * careful;
        let judged: Vec<f64> = expected.iter().map(|expected| expected * careful).collect();
        let chart = likelihood_sum(&observed, &judged, ratio);
        let threshold = self.threshold(mean, ratio)?;
        let (peak, highest) = chart
            .iter()
            .copied()
            .enumerate()
            .fold((0, 0.0), |best, (place, value)| if value > best.1 { (place, value) } else { best });
        // The change begins after the chart was last at zero.
        let start =
            chart[..=peak].iter().rposition(|value| *value <= 0.0).map_or(0, |zero| zero + 1).min(peak);
        let window = self.watched.start + start..self.watched.start + peak + 1;
        Some(Test {
            method: Method::Cusum,
            group: number,
            areas: area.into_iter().collect(),
            days: days(frame, window.start, window.end - 1),
            observed: observed[start..=peak].iter().sum::<f64>() as u64,
            expected: expected[start..=peak].iter().sum(),
            p: self.chance(mean, ratio, highest, threshold),
            q: None,
            alarm: Some(highest >= threshold),
            statistics: vec![
                ("cusum", highest),
                ("threshold", threshold),
                ("monthly_expected", mean),
                (
                    "false_signals_a_year",
                    if highest < threshold {
                        f64::INFINITY
                    } else {
                        self.false_signals(mean, ratio, highest)
                    },
                ),
            ],
            months: Vec::new(),
        })
    }

    /// The threshold of an expected count, computed once for those alike.
    fn threshold(&self, mean: f64, ratio: f64) -> Option<f64> {
        let step = (mean.ln() * STEPS).ceil() as i64;
        if let Ok(known) = self.thresholds.lock()
            && let Some(threshold) = known.get(&step)
        {
            return *threshold;
        }
        let threshold = threshold_for((step as f64 / STEPS).exp(), ratio, self.run_length);
        if let Ok(mut known) = self.thresholds.lock() {
            known.insert(step, threshold);
        }
        threshold
    }

    /// Signals a year that all charts together would give if nothing happened and each had its threshold at this height.
    fn false_signals(&self, mean: f64, ratio: f64, highest: f64) -> f64 {
        let length = run_length(mean, ratio, highest).filter(|length| (1.0..FAR).contains(length));
        12.0 * self.charts / length.unwrap_or_else(|| highest.exp())
    }

    /// The chance that a chart without excess reaches so high while it is watched; not computed for a chart that stays
    /// under half of its threshold, which nobody asks about.
    fn chance(&self, mean: f64, ratio: f64, highest: f64, threshold: f64) -> Option<f64> {
        if highest < threshold / 2.0 {
            return Some(1.0);
        }
        let watched = self.watched.len() as f64;
        Some(match run_length(mean, ratio, highest).filter(|length| (1.0..FAR).contains(length)) {
            Some(length) => -(-watched / length).exp_m1(),
            // The chance that a likelihood ratio ever exceeds e^h is at most e^-h.
            None => (watched * (-highest).exp()).min(1.0),
        })
    }
}

/// Standard errors that are added to a rate before a chart judges by it.
const ERRORS: f64 = 0.5;

/// What an estimated rate is multiplied by before a chart judges by it: one that was learnt from few cases may be too low, and
/// its chart then gives false signals. On simulated births charts that took rates as they were gave 1.6 times the false
/// signals that they were allowed (`benches/record/2026-11-30-surveillance.md`).
fn careful(counts: &Counts, area: Option<usize>, reference: Range<usize>, prior: f64) -> f64 {
    let cases = sum(counts, area, reference) as f64;
    let learnt = if area.is_some() { cases + prior } else { cases };
    1.0 + ERRORS / learnt.max(0.5).sqrt()
}

/// Expected cases a birth in an area, or in all: the rate of the area in the reference months drawn towards that of all
/// areas by `prior` cases (the mean of a gamma distribution after its data; Clayton and Kaldor, Biometrics 1987;
/// 43: 671-681). Half a case stands for none. None without births.
pub fn baseline(
    frame: &Frame,
    counts: &Counts,
    area: Option<usize>,
    reference: Range<usize>,
    prior: f64,
) -> Option<f64> {
    let of = |area| (sum(counts, area, reference.clone()) as f64, frame.births(area, reference.clone()));
    let (cases, births) = of(None);
    if births <= 0.0 {
        return None;
    }
    let region = cases.max(0.5) / births;
    Some(match area {
        None => region,
        Some(_) => {
            let (cases, births) = of(area);
            let prior = prior.max(0.5);
            (cases + prior) / (births + prior / region)
        }
    })
}
