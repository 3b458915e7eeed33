//! The study: cases of each phenotype by area and month over births, from which every detector reads.

use super::calendar::{Month, Span};
use super::denominators::Denominators;
use super::model::{CaseCell, Named, PER, Rate};
use crate::stats::poisson_interval;
use crate::warehouse::WatchedCase;
use std::collections::BTreeMap;

/// Level of every interval.
pub const LEVEL: f64 = 0.95;

/// How a pregnancy ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Live birth.
    Live,
    /// Fetal death.
    Death,
    /// Termination for fetal anomaly.
    Termination,
    /// Not known.
    Unknown,
}

impl Ending {
    fn of(outcome: Option<&str>) -> Self {
        match outcome {
            Some("live_birth") => Self::Live,
            Some("fetal_death") => Self::Death,
            Some("topfa") => Self::Termination,
            _ => Self::Unknown,
        }
    }
}

/// A case of the study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Patient.
    pub patient_id: String,
    /// Place of the area among the denominators; none when the residence is not known or not among them.
    pub area: Option<usize>,
    /// Area as the warehouse has it.
    pub residence: Option<String>,
    /// Place of the month in the study.
    pub month: Option<usize>,
    /// The day that counts it, since 1970-01-01.
    pub day: Option<i64>,
    /// Estimated day of conception.
    pub conception: Option<i64>,
    /// How the pregnancy ended.
    pub ending: Ending,
    /// Level.
    pub level: String,
    /// Class of the child.
    pub class: Option<String>,
    /// Reviewers disagree, or did not decide.
    pub disputed: bool,
}

/// The cases of a phenotype.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Id of the definition.
    pub id: String,
    /// French name.
    pub title: String,
    /// Version of the definition.
    pub version: String,
    /// In the order of patients.
    pub lines: Vec<Line>,
}

/// Counts of cases by area, then month.
pub type Counts = Vec<Vec<u32>>;

impl Group {
    /// The cases of a phenotype in a study.
    pub fn of(id: &str, title: &str, version: &str, cases: &[&WatchedCase], study: &Frame) -> Self {
        let lines = cases.iter().map(|case| study.line(case)).collect();
        Self { id: id.into(), title: title.into(), version: version.into(), lines }
    }

    /// The same without disputed cases; none when there are none.
    pub fn undisputed(&self) -> Option<Self> {
        if !self.lines.iter().any(|line| line.disputed) {
            return None;
        }
        let lines = self.lines.iter().filter(|line| !line.disputed).cloned().collect();
        Some(Self { lines, ..self.clone() })
    }

    /// Cases by area and month that `keep` keeps, where births are known.
    pub fn counts(&self, frame: &Frame, keep: impl Fn(&Line) -> bool) -> Counts {
        let mut counts = vec![vec![0; frame.span.len()]; frame.denominators.areas.len()];
        for line in self.lines.iter().filter(|line| keep(line)) {
            if let (Some(area), Some(month), true) = (line.area, line.month, frame.has_births(line)) {
                counts[area][month] += 1;
            }
        }
        counts
    }

    /// Cells of the model: every case of the study, with births or without.
    pub fn cells(&self, frame: &Frame) -> Vec<CaseCell> {
        let mut cells: BTreeMap<(Option<&str>, usize), CaseCell> = BTreeMap::new();
        for line in &self.lines {
            let Some(month) = line.month else { continue };
            // Areas out of the study stay unnamed: their codes may be those of small places.
            let area = line.area.map(|area| frame.denominators.areas[area].as_str());
            let cell = cells.entry((area, month)).or_insert_with(|| CaseCell {
                area: area.map(str::to_string),
                month: frame.span.month(month).to_string(),
                ..CaseCell::default()
            });
            match line.ending {
                Ending::Live => cell.live += 1,
                Ending::Death => cell.fetal_deaths += 1,
                Ending::Termination => cell.terminations += 1,
                Ending::Unknown => cell.unknown += 1,
            }
            cell.disputed += u64::from(line.disputed);
        }
        cells.into_values().collect()
    }
}

/// What all phenotypes share: months and births.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Months of the study.
    pub span: Span,
    /// Births.
    pub denominators: Denominators,
}

impl Frame {
    fn line(&self, case: &WatchedCase) -> Line {
        Line {
            patient_id: case.patient_id.clone(),
            area: case.area.as_deref().and_then(|area| self.denominators.area(area)),
            residence: case.area.clone(),
            month: case.case_day.and_then(Month::of_day).and_then(|month| self.span.place(month)),
            day: case.case_day,
            conception: case.conception_day,
            ending: Ending::of(case.outcome.as_deref()),
            level: case.case_level.clone(),
            class: case.class.clone(),
            disputed: case.disputed,
        }
    }

    /// True for a case that counts in time: of an area of the study, when there are any.
    pub fn has_place(&self, line: &Line) -> bool {
        self.denominators.areas.is_empty() || line.area.is_some()
    }

    /// True for a case that counts over births: of an area and month with births.
    pub fn has_births(&self, line: &Line) -> bool {
        let place = line.area.zip(line.month);
        place.is_some_and(|(area, month)| self.denominators.total(area, month).is_some())
    }

    /// Births of an area, or of all, in some months of the study.
    pub fn births(&self, area: Option<usize>, months: std::ops::Range<usize>) -> f64 {
        self.sum(area, months, |cell| cell.total())
    }

    /// Live births of an area, or of all, in some months of the study.
    pub fn live_births(&self, area: Option<usize>, months: std::ops::Range<usize>) -> f64 {
        self.sum(area, months, |cell| cell.live)
    }

    fn sum(
        &self,
        area: Option<usize>,
        months: std::ops::Range<usize>,
        of: impl Fn(super::denominators::Cell) -> f64,
    ) -> f64 {
        let cells = &self.denominators.cells;
        let chosen = cells.iter().enumerate().filter(|(place, _)| area.is_none_or(|area| area == *place));
        let months = months.start..months.end.min(self.span.len());
        chosen.flat_map(|(_, of_area)| of_area[months.clone()].iter().flatten()).map(|cell| of(*cell)).sum()
    }

    /// Places of the months of each year of the study that has any, with the year.
    pub fn years(&self) -> Vec<(i32, std::ops::Range<usize>)> {
        let mut years: Vec<(i32, std::ops::Range<usize>)> = Vec::new();
        for (place, month) in self.span.months().enumerate() {
            match years.last_mut() {
                Some((year, months)) if *year == month.year() => months.end = place + 1,
                _ => years.push((month.year(), place..place + 1)),
            }
        }
        years
    }

    /// Rates of counts: of all, by year, by area.
    pub fn rates(&self, counts: &Counts) -> (Option<Rate>, Vec<Named<Rate>>, Vec<Named<Rate>>) {
        let all = 0..self.span.len();
        let of_years = self.years().into_iter().filter_map(|(year, months)| {
            let value = rate(sum(counts, None, months.clone()), self.births(None, months))?;
            Some(Named { name: year.to_string(), value })
        });
        let of_areas = self.denominators.areas.iter().enumerate().filter_map(|(area, code)| {
            let value = rate(sum(counts, Some(area), all.clone()), self.births(Some(area), all.clone()))?;
            Some(Named { name: code.clone(), value })
        });
        let total = rate(sum(counts, None, all.clone()), self.births(None, all.clone()));
        (total, of_years.collect(), of_areas.collect())
    }
}

/// Cases of an area, or of all, in some months.
pub fn sum(counts: &Counts, area: Option<usize>, months: std::ops::Range<usize>) -> u64 {
    let chosen = counts.iter().enumerate().filter(|(place, _)| area.is_none_or(|area| area == *place));
    chosen.flat_map(|(_, of_area)| &of_area[months.clone()]).map(|count| u64::from(*count)).sum()
}

/// A rate per 10,000 with its exact limits; none without births.
pub fn rate(cases: u64, births: f64) -> Option<Rate> {
    let limits = (births > 0.0).then(|| poisson_interval(cases, LEVEL)).flatten()?;
    let per = |count: f64| count / births * PER;
    // Years that were spread over months add up again.
    let births = (births * 1e6).round() / 1e6;
    Some(Rate { cases, births, rate: per(cases as f64), lo: per(limits.low), hi: per(limits.high) })
}
