//! Signals: what a test found, declared as a window with its counts, curve, diagnostics, and a name that stays from run to run.

use super::analyse::Inputs;
use super::calendar::Month;
use super::detect::{PREGNANCY, Test, baseline};
use super::model::{Area, Curve, Method, Signal, State, Undisputed};
use super::quality::{diagnostics, is_in};
use super::study::{Frame, Group, LEVEL};
use crate::event::hex;
use crate::stats::poisson_interval;
use crate::warehouse::{WatchedCase, date_of, day_of};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Months shown before a window.
const BEFORE: i32 = 36;
/// Bytes of the hash that names a signal.
const ID: usize = 5;

/// A signal of an earlier run.
#[derive(Clone, Debug, PartialEq)]
pub struct Earlier {
    /// As it was.
    pub signal: Signal,
    /// Whether people have dealt with it.
    pub state: State,
}

/// What signals are made from.
pub struct Context<'c> {
    /// Inputs of the analysis.
    pub inputs: &'c Inputs<'c>,
    /// Months and births.
    pub frame: &'c Frame,
    /// Cases.
    pub groups: &'c [Group],
    /// Tests that stay without disputed cases; none when no case is disputed.
    pub undisputed: Option<&'c [Test]>,
}

/// Signals of the tests, the least likely by chance first. `first_run` and `last_run` are 0 for a new one.
pub fn signals(context: &Context<'_>, tests: impl Iterator<Item = Test>) -> Vec<Signal> {
    let mut found: Vec<Signal> = Vec::new();
    for test in tests {
        let signal = signal(context, &test, &found);
        found.push(signal);
    }
    found.sort_by(|a, b| {
        let p = |signal: &Signal| signal.p.unwrap_or(1.0);
        rank(a).total_cmp(&rank(b)).then(p(a).total_cmp(&p(b))).then_with(|| a.id.cmp(&b.id))
    });
    found
}

/// How surprising a signal is among all tests of its method: q, for a chart the false signals a year at its height.
fn rank(signal: &Signal) -> f64 {
    let of_chart = signal.statistics.iter().find(|(name, _)| name == "false_signals_a_year");
    signal.q.or(of_chart.map(|(_, value)| *value)).unwrap_or(1.0)
}

fn signal(context: &Context<'_>, test: &Test, found: &[Signal]) -> Signal {
    let (group, frame) = (&context.groups[test.group], context.frame);
    let config = context.inputs.config;
    let limits = (test.expected > 0.0).then(|| poisson_interval(test.observed, LEVEL)).flatten();
    let mut signal = Signal {
        id: String::new(),
        phenotype: group.id.clone(),
        title: group.title.clone(),
        method: test.method,
        areas: test.areas.iter().map(|area| frame.denominators.areas[*area].clone()).collect(),
        first_day: date_of(test.days.0).unwrap_or_default(),
        last_day: date_of(test.days.1).unwrap_or_default(),
        dated_by: if test.method == Method::TemporalScan { "conception" } else { config.dated_by.as_str() }
            .into(),
        observed: test.observed,
        expected: test.expected,
        ratio: limits.map(|_| test.observed as f64 / test.expected),
        lo: limits.map(|limits| limits.low / test.expected),
        hi: limits.map(|limits| limits.high / test.expected),
        p: test.p,
        q: test.q,
        statistics: test.statistics.iter().map(|(name, value)| ((*name).to_string(), *value)).collect(),
        undisputed: undisputed(context, test),
        curve: curve(context, test),
        diagnostics: diagnostics(frame, group, test, context.inputs.volumes, context.inputs.mothers),
        excluded: BTreeMap::new(),
        first_run: 0,
        last_run: 0,
        state: State::default(),
    };
    let earlier = context.inputs.earlier.iter().filter(|earlier| is_same(&earlier.signal, &signal));
    let free = |earlier: &&Earlier| !found.iter().any(|other| other.id == earlier.signal.id);
    match earlier.filter(free).max_by_key(|earlier| (earlier.signal.last_run, earlier.signal.id.clone())) {
        Some(earlier) => {
            signal.id.clone_from(&earlier.signal.id);
            signal.first_run = earlier.signal.first_run;
            if !has_grown(earlier, &signal) {
                signal.state = earlier.state.clone();
            }
        }
        None => {
            let taken = |id: &String| {
                found.iter().any(|other| other.id == *id)
                    || context.inputs.earlier.iter().any(|other| other.signal.id == *id)
            };
            let name = &context.inputs.config.name;
            signal.id =
                (0..).map(|number| id(name, &signal, number)).find(|id| !taken(id)).unwrap_or_default();
        }
    }
    signal
}

/// True when a signal that was closed is more than what was closed: half as many cases again, three at least.
fn has_grown(closed: &Earlier, now: &Signal) -> bool {
    let before = closed.signal.observed;
    closed.state.closed && now.observed >= before + 3.max(before / 2)
}

/// The name of a signal that no earlier run has seen.
fn id(config: &str, signal: &Signal, number: u32) -> String {
    let (method, areas, number) = (signal.method.name(), signal.areas.join(","), number.to_string());
    let mut hash = Sha256::new();
    for part in [config, &signal.phenotype, &method, &areas, &signal.first_day, &signal.last_day, &number] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hex(&hash.finalize()[..ID])
}

/// The same excess: phenotype and method are the same, windows overlap, and at least half of all areas are of both.
pub fn is_same(a: &Signal, b: &Signal) -> bool {
    let common = a.areas.iter().filter(|area| b.areas.contains(area)).count();
    let share = 2 * common >= a.areas.len() + b.areas.len() - common;
    let overlap = a.first_day <= b.last_day && b.first_day <= a.last_day;
    a.phenotype == b.phenotype && a.method == b.method && share && overlap
}

/// The window without disputed cases, and whether the detector finds it without them; none when it has none.
fn undisputed(context: &Context<'_>, test: &Test) -> Option<Undisputed> {
    let tests = context.undisputed?;
    let in_window = context.groups[test.group].lines.iter().filter(|line| is_in(context.frame, line, test));
    let disputed = in_window.filter(|line| line.disputed).count() as u64;
    if disputed == 0 {
        return None;
    }
    let observed = test.observed.saturating_sub(disputed);
    let same = |other: &&Test| {
        (other.method, other.group) == (test.method, test.group)
            && (other.areas == test.areas || other.areas.iter().any(|area| test.areas.contains(area)))
            && other.days.0 <= test.days.1
            && test.days.0 <= other.days.1
    };
    let other = tests.iter().find(same);
    Some(Undisputed { observed, p: other.and_then(|other| other.p), stands: other.is_some() })
}

/// Counts by month around the window, with what was expected.
fn curve(context: &Context<'_>, test: &Test) -> Curve {
    let (frame, group) = (context.frame, &context.groups[test.group]);
    let by_conception = test.method == Method::TemporalScan;
    let (Some(first), Some(last)) = (Month::of_day(test.days.0), Month::of_day(test.days.1)) else {
        return Curve::default();
    };
    let first = first.plus(-BEFORE).max(frame.span.first);
    let last = frame.span.last.max(last);
    let mut observed = vec![0; (last.0 - first.0 + 1).max(0) as usize];
    for line in &group.lines {
        let day = if by_conception { line.conception } else { line.day };
        let counted = if by_conception { frame.has_place(line) } else { frame.has_births(line) };
        let in_area = test.areas.is_empty() || line.area.is_some_and(|area| test.areas.contains(&area));
        let month = day.and_then(Month::of_day).filter(|month| (first..=last).contains(month));
        if let Some(month) = month.filter(|_| counted && in_area) {
            observed[(month.0 - first.0) as usize] += 1;
        }
    }
    let months: Vec<Month> = (first.0..=last.0).map(Month).collect();
    let expected = match by_conception {
        true => evenly(test, &months, frame.span.last.last_day()),
        false => expected(context, test, &months),
    };
    // Where the detector looks at months, it says itself what it expected.
    let told = |month: &Month| test.months.iter().find(|(of, _, _)| of == month);
    let expected = months.iter().zip(expected);
    Curve {
        expected: expected.map(|(month, other)| told(month).map(|(_, mean, _)| *mean).or(other)).collect(),
        threshold: months.iter().map(|month| told(month).map(|(_, _, bound)| *bound)).collect(),
        months: months.iter().map(Month::to_string).collect(),
        observed,
    }
}

/// Conceptions spread evenly; none in months whose children are not all born by `last`.
fn evenly(test: &Test, months: &[Month], last: i64) -> Vec<Option<f64>> {
    let daily = test.expected / (test.days.1 - test.days.0 + 1) as f64;
    let of = |month: &Month| daily * (month.last_day() - month.first_day() + 1) as f64;
    months.iter().map(|month| (month.last_day() + PREGNANCY <= last).then(|| of(month))).collect()
}

/// The rate of the areas before the months watched, times their births.
fn expected(context: &Context<'_>, test: &Test, months: &[Month]) -> Vec<Option<f64>> {
    let (frame, config) = (context.frame, context.inputs.config);
    let counts = context.groups[test.group].counts(frame, |_| true);
    let reference = 0..frame.span.len().saturating_sub(config.limits.watch_months.into());
    let all: Vec<Option<usize>> =
        if test.areas.is_empty() { vec![None] } else { test.areas.iter().map(|area| Some(*area)).collect() };
    let rates: Vec<Option<f64>> = all
        .iter()
        .map(|area| baseline(frame, &counts, *area, reference.clone(), config.cusum.prior_cases))
        .collect();
    let of = |month: &Month| {
        let place = frame.span.place(*month)?;
        let births = |area: &Option<usize>| frame.births(*area, place..place + 1);
        let sum: f64 = all.iter().zip(&rates).map(|(area, rate)| rate.unwrap_or(0.0) * births(area)).sum();
        (sum > 0.0).then_some(sum)
    };
    months.iter().map(of).collect()
}

/// True for a case that a signal of these findings counts, or would count.
pub fn holds(areas: &[Area], signal: &Signal, case: &WatchedCase) -> bool {
    let (Some(first), Some(last)) = (day_of(&signal.first_day), day_of(&signal.last_day)) else {
        return false;
    };
    let day = if signal.dated_by == "conception" { case.conception_day } else { case.case_day };
    let by_conception = signal.dated_by == "conception";
    let month = day.and_then(Month::of_day).map(|month| month.to_string());
    let of_study = areas.iter().find(|area| case.area.as_ref() == Some(&area.code));
    let has_births = of_study.is_some_and(|area| {
        by_conception || month.is_some_and(|month| !area.missing_months.contains(&month))
    });
    let in_area =
        signal.areas.is_empty() || case.area.as_ref().is_some_and(|area| signal.areas.contains(area));
    let in_area = in_area && (areas.is_empty() || has_births);
    case.phenotype == signal.phenotype && in_area && day.is_some_and(|day| (first..=last).contains(&day))
}
