//! EUROCAT's clusters in time: the shortest run of conceptions, its chance judged over every number of cases.

use super::super::config::Config;
use super::super::model::Method;
use super::super::study::{Frame, Group};
use super::Test;
use crate::stats::{Scanned, Simulation, best_probability, best_window};

/// Days from conception to birth: those conceived later are not all born.
pub const PREGNANCY: i64 = 266;

/// Shortest time that is looked at: three years.
const LEAST_DAYS: i64 = 3 * 365;

/// The most surprising run of conceptions of a phenotype; none when there are too few cases.
///
/// The years end where all that was conceived is born. Conceptions are taken as spread evenly over them when nothing
/// happens.
pub fn test(frame: &Frame, group: &Group, number: usize, config: &Config) -> Option<Test> {
    let rules = &config.temporal_scan;
    let last = frame.span.last.last_day() - PREGNANCY;
    // Before the study nobody may have looked.
    let first = (last - i64::from(rules.years) * 365 + 1).max(frame.span.first.first_day());
    let length = last - first + 1;
    if length < LEAST_DAYS {
        return None;
    }
    let lines = group.lines.iter().filter(|line| frame.has_place(line));
    let mut days: Vec<i64> = lines.filter_map(|line| line.conception).collect();
    days.retain(|day| (first..=last).contains(day));
    days.sort_unstable();
    if !(rules.least_cases as usize..=rules.most_cases as usize).contains(&days.len()) {
        return None;
    }
    let scanned = Scanned {
        period_days: length as u64,
        min_cases: rules.least_in_cluster as usize,
        max_span_days: rules.longest_days.into(),
    };
    let best = best_window(&days, scanned)?;
    let simulation = Simulation {
        replications: config.limits.replications as usize,
        enough: super::ENOUGH as usize,
        seed: config.seed.wrapping_add(number as u64),
    };
    let chance = best_probability(&days, scanned, simulation)?;
    let span = best.last_day - best.first_day + 1;
    Some(Test {
        method: Method::TemporalScan,
        group: number,
        areas: Vec::new(),
        days: (best.first_day, best.last_day),
        observed: best.n as u64,
        expected: days.len() as f64 * span as f64 / length as f64,
        p: Some(chance),
        q: None,
        alarm: None,
        statistics: vec![
            ("cases_in_study", days.len() as f64),
            ("span_days", span as f64),
            ("p_window", best.p),
        ],
        months: Vec::new(),
    })
}
