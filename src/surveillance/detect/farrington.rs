//! Months above their history: the flexible Farrington method on all areas together, for phenotypes with enough cases. The p
//! of a month is the larger of Farrington's and of an exact comparison with the history.

use super::super::config::Config;
use super::super::model::Method;
use super::super::study::{Counts, Frame, sum};
use super::{Test, days};
use crate::stats::binomial_upper;
use crate::stats::farrington::{Rule, Series, ThresholdMethod, verdict};

/// A test for each month watched; none for a phenotype with few cases or a short study.
pub fn tests(frame: &Frame, counts_of: &Counts, number: usize, config: &Config) -> Vec<Test> {
    let months = frame.span.len();
    let rules = &config.farrington;
    let back = 12 * usize::from(rules.years_back) + usize::from(rules.window);
    let first = months.saturating_sub(config.limits.watch_months.into()).max(back);
    let monthly: Vec<u64> = (0..months).map(|month| sum(counts_of, None, month..month + 1)).collect();
    let yearly = monthly.iter().sum::<u64>() as f64 * 12.0 / months.max(1) as f64;
    if first >= months || yearly < f64::from(rules.least_yearly) {
        return Vec::new();
    }
    let Some(population) = population(frame) else { return Vec::new() };
    let (rule, history) = (rule(config), 0..months.saturating_sub(config.limits.watch_months.into()));
    let counts: Vec<f64> = monthly.iter().map(|count| *count as f64).collect();
    let series = Series { counts: &counts, population: Some(&population) };
    let of_history = (sum(counts_of, None, history.clone()), frame.births(None, history));
    let test = |month: usize| {
        let said = verdict(&series, &rule, month + 1);
        let (expected, bound) = (said.expected?, said.upper?);
        let p = said.p?.max(beside_history(monthly[month], population[month], of_history));
        Some(Test {
            method: Method::Farrington,
            group: number,
            areas: Vec::new(),
            days: days(frame, month, month),
            observed: monthly[month],
            expected,
            p: Some(p),
            q: None,
            alarm: None,
            statistics: Vec::new(),
            months: vec![(frame.span.month(month), expected, bound)],
        })
    };
    (first..months).filter_map(test).collect()
}

/// The chance of so many cases in a month, given how many there were in it and in its history together: exact for Poisson
/// counts. Farrington's own p, from an estimated mean, is several times too small far in the tail, where a hundred
/// phenotypes are corrected (on Poisson series of 8 a month, 23 of 10,000 were under 0.0001, R surveillance 1.20.3).
fn beside_history(cases: u64, births: f64, (of_history, births_of_history): (u64, f64)) -> f64 {
    binomial_upper(cases, cases + of_history, births / (births + births_of_history))
}

/// Months, negative binomial bounds; what is watched now is no history.
fn rule(config: &Config) -> Rule {
    let rules = &config.farrington;
    Rule {
        frequency: 12,
        years: rules.years_back.into(),
        half_window: rules.window.into(),
        periods: rules.seasons.into(),
        past_excluded: config.limits.watch_months.into(),
        threshold_method: ThresholdMethod::NbPlugin,
        alpha: config.limits.false_discovery_rate,
        ..Rule::default()
    }
}

/// Births of each month; none when some are not known, for a month without births would be one without cases.
fn population(frame: &Frame) -> Option<Vec<f64>> {
    let births: Vec<f64> = (0..frame.span.len()).map(|month| frame.births(None, month..month + 1)).collect();
    births.iter().all(|births| *births > 0.0).then_some(births)
}
