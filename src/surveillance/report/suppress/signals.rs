//! Which signals may show their count: one that its phenotype's tables or another signal do not turn into a small one.

use std::collections::{BTreeMap, BTreeSet};

use super::counts::{Counts, Slot};
use super::table::is_small;
use crate::surveillance::model::{Signal, Watched};

/// More windows of one phenotype could be added and subtracted in ways that are not worked out here.
const MOST_OF_ONE: usize = 2;

/// What the counts of signals are judged by.
pub struct Windows<'a> {
    /// Phenotypes, for what is part of what.
    pub watched: &'a [Watched],
    /// Their counts, after suppression.
    pub counts: &'a BTreeMap<String, Counts>,
    /// Least count that may be shown.
    pub least: u64,
}

impl Windows<'_> {
    /// Ids of the signals whose count may be shown; those first in the list win.
    pub fn shown<'s>(&self, signals: &'s [Signal]) -> BTreeSet<&'s str> {
        let mut shown: Vec<&Signal> = Vec::new();
        for signal in signals {
            if self.is_safe_alone(signal) && shown.iter().all(|other| self.are_safe_together(signal, other)) {
                let same = shown.iter().filter(|other| other.phenotype == signal.phenotype).count();
                if same < MOST_OF_ONE {
                    shown.push(signal);
                }
            }
        }
        shown.into_iter().map(|signal| signal.id.as_str()).collect()
    }

    fn is_safe_alone(&self, signal: &Signal) -> bool {
        if signal.observed == 0 {
            return true;
        }
        let around = self.around(&signal.phenotype, &signal.areas, years(signal));
        signal.observed >= self.least && around.is_some_and(|sums| self.leave_enough(&sums, signal.observed))
    }

    fn leave_enough(&self, sums: &[u64], part: u64) -> bool {
        sums.iter().all(|sum| sum.checked_sub(part).is_some_and(|rest| !is_small(rest, self.least)))
    }

    /// The shown sums of which cases in these areas and years are a part. None when one of their cells is hidden: a
    /// window inside of it would bound it.
    fn around(&self, phenotype: &str, areas: &[String], years: (i32, i32)) -> Option<Vec<u64>> {
        let counts = self.counts.get(phenotype)?;
        let areas = areas.iter().map(|area| Slot::Area(area.clone()));
        let years =
            counts.of.keys().filter(|slot| matches!(slot, Slot::Year(year) if covers(years, year))).cloned();
        let parts = [vec![Slot::Total], areas.collect(), years.collect()];
        let sums = parts.into_iter().filter(|slots| slots.iter().any(|slot| counts.of.contains_key(slot)));
        sums.map(|slots| slots.iter().map(|slot| shown_or_absent(counts, slot)).sum()).collect()
    }

    fn are_safe_together(&self, one: &Signal, other: &Signal) -> bool {
        if !self.are_related(&one.phenotype, &other.phenotype) {
            return true;
        }
        if !are_apart(one, other) {
            return !is_small(one.observed.abs_diff(other.observed), self.least);
        }
        let areas: Vec<String> = match (one.areas.is_empty(), other.areas.is_empty()) {
            (false, false) => {
                one.areas.iter().chain(&other.areas).cloned().collect::<BTreeSet<_>>().into_iter().collect()
            }
            _ => Vec::new(),
        };
        let ((a, b), (c, d)) = (years(one), years(other));
        let around = self.around(&one.phenotype, &areas, (a.min(c), b.max(d)));
        one.phenotype != other.phenotype
            || around.is_some_and(|sums| self.leave_enough(&sums, one.observed + other.observed))
    }

    /// The same, or one is part of the other.
    pub fn are_related(&self, one: &str, other: &str) -> bool {
        let is_part = |part: &str, whole: &str| {
            self.watched
                .iter()
                .any(|watched| watched.id == part && watched.within.iter().any(|id| id == whole))
        };
        one == other || is_part(one, other) || is_part(other, one)
    }
}

/// A cell that the report does not have counts nothing.
fn shown_or_absent(counts: &Counts, slot: &Slot) -> Option<u64> {
    if counts.of.contains_key(slot) { counts.shown(slot) } else { Some(0) }
}

/// First and last year in which the cases of a window may be counted. Who is conceived in it is born up to a year later.
fn years(signal: &Signal) -> (i32, i32) {
    let year = |day: &str| day.get(..4).and_then(|year| year.parse().ok());
    let later = i32::from(signal.dated_by == "conception");
    (
        year(&signal.first_day).unwrap_or(i32::MIN),
        year(&signal.last_day).map_or(i32::MAX, |year: i32| year + later),
    )
}

fn covers((first, last): (i32, i32), year: &str) -> bool {
    year.parse().is_ok_and(|year: i32| first <= year && year <= last)
}

/// No case can be in both windows.
fn are_apart(one: &Signal, other: &Signal) -> bool {
    let in_time =
        one.dated_by == other.dated_by && (one.last_day < other.first_day || other.last_day < one.first_day);
    let in_space = !one.areas.is_empty()
        && !other.areas.is_empty()
        && !one.areas.iter().any(|area| other.areas.contains(area));
    in_time || in_space
}
