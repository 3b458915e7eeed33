//! Trends over the last years, as EUROCAT reports them.

use super::super::config::Config;
use super::super::model::{Method, Trend};
use super::super::study::{Counts, Frame, Group, LEVEL, sum};
use super::{Test, days};
use crate::stats::{self, Adjustment, TrendRequest, adjusted};

/// p of the departure from a straight line under which a change is no trend.
const NOT_LINEAR: f64 = 0.05;

/// The trend of the whole years that the study ends with; `q` is still `p`. None with few cases or years without births.
pub fn trend(frame: &Frame, counts: &Counts, config: &Config) -> Option<Trend> {
    let months = frame.span.len();
    let years = months.min(12 * usize::from(config.trend.years)) / 12;
    let start = months - 12 * years;
    let year = |number: usize| start + 12 * number..start + 12 * (number + 1);
    let cases: Vec<u64> = (0..years).map(|number| sum(counts, None, year(number))).collect();
    let births: Vec<f64> = (0..years).map(|number| frame.births(None, year(number))).collect();
    if cases.iter().sum::<u64>() < u64::from(config.trend.least_cases) {
        return None;
    }
    let cases = cases.iter().map(|count| *count as f64).collect();
    let found = stats::trend(&TrendRequest { cases, denominators: births, level: LEVEL }).ok()?;
    // Years that end with another month than December bear the name of the one they end in.
    let of = |number: usize| frame.span.month(year(number).end - 1).year();
    let p = found.p?;
    Some(Trend {
        years: (of(0), of(years - 1)),
        aapc: found.aapc?,
        lo: found.lo?,
        hi: found.hi?,
        p,
        q: p,
        non_linear_p: Some(found.non_linear_p),
    })
}

/// Increases over the years, corrected together: the last two years beside the mean of all. A change that is no straight
/// line is no trend.
pub fn increases(frame: &Frame, groups: &[Group], config: &Config) -> Vec<Test> {
    let counts: Vec<Counts> = groups.iter().map(|group| group.counts(frame, |_| true)).collect();
    let found: Vec<(usize, Trend)> = counts
        .iter()
        .enumerate()
        .filter_map(|(number, counts)| Some((number, trend(frame, counts, config)?)))
        .collect();
    let p: Vec<f64> = found.iter().map(|(_, trend)| trend.p).collect();
    let q = adjusted(&p, Adjustment::Bh);
    let rate = config.limits.false_discovery_rate;
    let is_increase = |trend: &Trend, q: f64| {
        trend.aapc > 0.0 && q <= rate && trend.non_linear_p.is_none_or(|p| p >= NOT_LINEAR)
    };
    let found = found.into_iter().zip(q).filter(|((_, trend), q)| is_increase(trend, *q));
    found.map(|((number, trend), q)| test(frame, &counts[number], number, &trend, q)).collect()
}

fn test(frame: &Frame, counts: &Counts, number: usize, trend: &Trend, q: f64) -> Test {
    let months = frame.span.len();
    let (all, last) = (0..months, months.saturating_sub(24)..months);
    let mean = sum(counts, None, all.clone()) as f64 / frame.births(None, all);
    Test {
        method: Method::Trend,
        group: number,
        areas: Vec::new(),
        days: days(frame, last.start, months - 1),
        observed: sum(counts, None, last.clone()),
        expected: mean * frame.births(None, last),
        p: Some(trend.p),
        q: Some(q),
        alarm: Some(true),
        statistics: vec![("aapc", trend.aapc), ("aapc_lo", trend.lo), ("aapc_hi", trend.hi)],
        months: Vec::new(),
    }
}
