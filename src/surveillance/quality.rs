//! What explains most false signals: more documents, a new type of document, another engine, more codes, missing births.

use super::calendar::Month;
use super::denominators::diagnostic;
use super::detect::Test;
use super::model::{Diagnostic, Method};
use super::study::{Frame, Group};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Months before a window that it is compared with.
const BEFORE: i32 = 24;
/// Fewest months before a window that say what is usual.
const LEAST_BEFORE: i32 = 6;
/// A volume that is so many times that of before is a jump, and the inverse a fall.
const JUMP: f64 = 1.5;
/// A type of document that makes up such a share of a window and was not there before is new.
const NEW_TYPE: f64 = 0.02;
/// A share of cases without an area, or of documents read by another engine, that is worth saying.
const SHARE: f64 = 0.1;

/// How much the warehouse holds, month by month.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Volumes {
    /// Month, type of document, documents.
    pub documents: Vec<(String, String, u64)>,
    /// Month, engine, documents.
    pub engines: Vec<(String, i64, u64)>,
    /// Month, coded events.
    pub codes: Vec<(String, u64)>,
}

/// A count by month.
type Monthly = BTreeMap<i32, u64>;

/// Months of a window and those before it.
#[derive(Clone, Copy)]
struct Window {
    first: i32,
    last: i32,
}

impl Window {
    fn of(test: &Test) -> Option<Self> {
        Some(Self { first: Month::of_day(test.days.0)?.0, last: Month::of_day(test.days.1)?.0 })
    }

    /// The two years before, or what the warehouse holds of them; none when that is too little to compare with. `first` is
    /// the first month that the warehouse holds anything of.
    fn before(self, first: i32) -> Option<(i32, i32)> {
        let from = first.max(self.first - BEFORE);
        (self.first - from >= LEAST_BEFORE).then_some((from, self.first - 1))
    }

    /// What a month of the window has on average, and a month of before.
    fn means(self, counts: &Monthly, before: (i32, i32)) -> (f64, f64) {
        let mean = |from: i32, to: i32| {
            let sum: u64 = counts.range(from..=to).map(|(_, count)| count).sum();
            sum as f64 / f64::from((to - from + 1).max(1))
        };
        (mean(self.first, self.last), mean(before.0, before.1))
    }
}

fn monthly<'v>(rows: impl Iterator<Item = (&'v str, u64)>) -> Monthly {
    let mut counts = Monthly::new();
    for (month, count) in rows {
        if let Some(month) = Month::parse(month) {
            *counts.entry(month.0).or_default() += count;
        }
    }
    counts
}

/// What may explain a signal.
pub fn diagnostics(
    frame: &Frame,
    group: &Group,
    test: &Test,
    volumes: &Volumes,
    mothers: &BTreeMap<String, String>,
) -> Vec<Diagnostic> {
    let Some(window) = Window::of(test) else { return Vec::new() };
    let documents = monthly(volumes.documents.iter().map(|(month, _, n)| (month.as_str(), *n)));
    let codes = monthly(volumes.codes.iter().map(|(month, n)| (month.as_str(), *n)));
    let mut found = Vec::new();
    found.extend(jump("documents", window, &documents));
    found.extend(jump("codes", window, &codes));
    found.extend(new_types(window, volumes));
    found.extend(other_engine(window, volumes));
    found.extend(missing_births(frame, test));
    found.extend(without_area(group));
    found.extend(siblings(frame, group, test, mothers));
    if test.expected < 1.0 {
        let expected = format!("{:.2}", test.expected);
        found.push(diagnostic("few_expected", false, [("expected", expected)]));
    }
    found
}

fn jump(what: &str, window: Window, counts: &Monthly) -> Option<Diagnostic> {
    let (now, before) = window.means(counts, window.before(*counts.keys().next()?)?);
    let ratio = now / before;
    let direction = match ratio {
        ratio if ratio >= JUMP => "jump",
        ratio if ratio <= 1.0 / JUMP => "fall",
        _ => return None,
    };
    let values =
        [("now", format!("{now:.1}")), ("before", format!("{before:.1}")), ("ratio", format!("{ratio:.2}"))];
    Some(diagnostic(&format!("{what}_{direction}"), ratio >= JUMP, values))
}

/// Types of document that the window has and the months before had not.
fn new_types(window: Window, volumes: &Volumes) -> Vec<Diagnostic> {
    let mut by_type: BTreeMap<&str, Monthly> = BTreeMap::new();
    let mut all = 0.0;
    for (month, kind, count) in &volumes.documents {
        let Some(month) = Month::parse(month) else { continue };
        *by_type.entry(kind).or_default().entry(month.0).or_default() += count;
        if (window.first..=window.last).contains(&month.0) {
            all += *count as f64;
        }
    }
    let first = by_type.values().filter_map(|counts| counts.keys().next()).min();
    let Some(before) = first.and_then(|first| window.before(*first)) else { return Vec::new() };
    let is_new = |counts: &Monthly| {
        let (now, before) = window.means(counts, before);
        let months = f64::from(window.last - window.first + 1);
        before == 0.0 && now * months >= NEW_TYPE * all && now > 0.0
    };
    let new = by_type.iter().filter(|(kind, counts)| !kind.is_empty() && is_new(counts));
    new.map(|(kind, _)| diagnostic("new_document_type", true, [("type", (*kind).to_string())])).collect()
}

/// Documents of the window were read by an engine that read few of those before.
fn other_engine(window: Window, volumes: &Volumes) -> Option<Diagnostic> {
    let mut by_engine: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
    let mut totals = (0.0, 0.0);
    for (month, engine, count) in &volumes.engines {
        let month = Month::parse(month)?.0;
        let shares = by_engine.entry(*engine).or_default();
        if (window.first..=window.last).contains(&month) {
            shares.0 += *count as f64;
            totals.0 += *count as f64;
        } else if (window.first - BEFORE..window.first).contains(&month) {
            shares.1 += *count as f64;
            totals.1 += *count as f64;
        }
    }
    if totals.0 <= 0.0 || totals.1 <= 0.0 {
        return None;
    }
    let more = |(now, before): &(f64, f64)| (now / totals.0 - before / totals.1).max(0.0);
    let changed: f64 = by_engine.values().map(more).sum();
    (changed >= SHARE)
        .then(|| diagnostic("engine_changed", true, [("share", format!("{:.0}", changed * 100.0))]))
}

/// Months of the window, or of the two years before it, in which an area of the signal has no births.
fn missing_births(frame: &Frame, test: &Test) -> Option<Diagnostic> {
    let window = Window::of(test)?;
    let cells = frame.denominators.cells.iter().enumerate();
    let areas = cells.filter(|(area, _)| test.areas.is_empty() || test.areas.contains(area));
    let months: Vec<usize> =
        (window.first - BEFORE..=window.last).filter_map(|month| frame.span.place(Month(month))).collect();
    let of_area = |cells: &[Option<super::denominators::Cell>]| {
        months.iter().filter(|month| cells[**month].is_none()).count()
    };
    let missing: usize = areas.map(|(_, cells)| of_area(cells)).sum();
    (missing > 0 && test.method != Method::TemporalScan)
        .then(|| diagnostic("births_incomplete", true, [("months", missing.to_string())]))
}

/// Cases of the study whose residence is not known, or has no births.
fn without_area(group: &Group) -> Option<Diagnostic> {
    let of_study = group.lines.iter().filter(|line| line.month.is_some());
    let (all, without) =
        of_study.fold((0, 0), |(all, without), line| (all + 1, without + usize::from(line.area.is_none())));
    let share = without as f64 / f64::from(u32::try_from(all.max(1)).unwrap_or(u32::MAX));
    (share >= SHARE).then(|| {
        let values = [("cases", without.to_string()), ("share", format!("{:.0}", share * 100.0))];
        diagnostic("area_unknown", false, values)
    })
}

/// Cases of one mother in the window count for one: twins, or children of the same family.
fn siblings(
    frame: &Frame,
    group: &Group,
    test: &Test,
    mothers: &BTreeMap<String, String>,
) -> Option<Diagnostic> {
    let in_window = group.lines.iter().filter(|line| is_in(frame, line, test));
    let mut seen = BTreeSet::new();
    // A woman stands for a child without a record.
    let mother =
        |line: &super::study::Line| mothers.get(&line.patient_id).unwrap_or(&line.patient_id).clone();
    let again = in_window.filter(|line| !seen.insert(mother(line))).count();
    (again > 0).then(|| diagnostic("siblings", true, [("cases", again.to_string())]))
}

/// True for a case that a test counts in its window.
pub fn is_in(frame: &Frame, line: &super::study::Line, test: &Test) -> bool {
    let by_conception = test.method == Method::TemporalScan;
    let day = if by_conception { line.conception } else { line.day };
    if !(if by_conception { frame.has_place(line) } else { frame.has_births(line) }) {
        return false;
    }
    let in_area = test.areas.is_empty() || line.area.is_some_and(|area| test.areas.contains(&area));
    in_area && day.is_some_and(|day| (test.days.0..=test.days.1).contains(&day))
}
