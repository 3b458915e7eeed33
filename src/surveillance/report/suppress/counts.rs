//! The counts of a phenotype that a report may show, and which of them are hidden.

use std::collections::{BTreeMap, BTreeSet};

use super::table::{Table, is_small};
use crate::surveillance::model::Watched;

/// A place for a count in the tables of a phenotype.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// Over all births.
    Total,
    /// Born alive.
    Live,
    /// Of the total, those that nobody disputes.
    Undisputed,
    /// Of a year.
    Year(String),
    /// Of an area.
    Area(String),
    /// Of a level.
    Level(String),
    /// New since the run before.
    New,
    /// Changed.
    Changed,
    /// Gone.
    Lost,
}

/// The counts of a phenotype by slot.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// As counted.
    pub of: BTreeMap<Slot, u64>,
    /// Slots that are not shown.
    pub hidden: BTreeSet<Slot>,
}

impl Counts {
    /// All that a report could show of a phenotype.
    pub fn new(watched: &Watched) -> Self {
        let mut of = BTreeMap::from([
            (Slot::New, watched.new),
            (Slot::Changed, watched.changed),
            (Slot::Lost, watched.lost),
        ]);
        let rates = [
            (Slot::Total, watched.total),
            (Slot::Live, watched.live),
            (Slot::Undisputed, watched.undisputed),
        ];
        of.extend(rates.into_iter().filter_map(|(slot, rate)| Some((slot, rate?.cases))));
        of.extend(watched.by_year.iter().map(|year| (Slot::Year(year.name.clone()), year.value.cases)));
        of.extend(watched.by_area.iter().map(|area| (Slot::Area(area.name.clone()), area.value.cases)));
        of.extend(watched.levels.iter().map(|(level, count)| (Slot::Level(level.clone()), *count)));
        Self { of, hidden: BTreeSet::new() }
    }

    /// The count of a slot when it is shown.
    pub fn shown(&self, slot: &Slot) -> Option<u64> {
        self.of.get(slot).copied().filter(|_| !self.hidden.contains(slot))
    }

    /// Hides a slot, unless its count is zero. True when it was shown before.
    pub fn hide(&mut self, slot: &Slot) -> bool {
        self.of.get(slot).is_some_and(|&count| count > 0) && self.hidden.insert(slot.clone())
    }

    /// Hides what can be told from this phenotype's own tables.
    pub fn protect(&mut self, least: u64) {
        let small: Vec<Slot> = self
            .of
            .iter()
            .filter(|(_, count)| is_small(**count, least))
            .map(|(slot, _)| slot.clone())
            .collect();
        self.hidden.extend(small);
        if self.of.get(&Slot::Total).is_some_and(|_| self.hidden.contains(&Slot::Total)) {
            self.hide_all();
        } else if let Some(&total) = self.of.get(&Slot::Total) {
            for parts in [is_year, is_area, is_live, is_undisputed] {
                self.protect_parts(parts, total, least);
            }
        }
        self.protect_levels(least);
        self.protect_new(least);
    }

    /// A hidden total is small: zeros beside hidden parts would tell how few share it, so they go too.
    fn hide_all(&mut self) {
        let all: Vec<Slot> = self.of.keys().filter(|slot| !is_change(slot)).cloned().collect();
        self.hidden.extend(all);
        for slot in [Slot::New, Slot::Changed, Slot::Lost] {
            self.hide(&slot);
        }
    }

    /// In a first run every case is new: beside a total of those in areas with births that tells how many are not.
    fn protect_new(&mut self, least: u64) {
        let new = self.of.get(&Slot::New).copied().unwrap_or(0);
        let levels: u64 = self.of.iter().filter(|(slot, _)| is_level(slot)).map(|(_, count)| count).sum();
        let total = self.of.get(&Slot::Total).copied();
        if [total, Some(levels)].into_iter().flatten().any(|whole| is_small(whole.abs_diff(new), least)) {
            self.hide(&Slot::New);
        }
    }

    fn protect_parts(&mut self, is_part: fn(&Slot) -> bool, total: u64, least: u64) {
        let slots: Vec<Slot> = self.of.keys().filter(|slot| is_part(slot)).cloned().collect();
        if slots.is_empty() {
            return; // The table is not in the report.
        }
        let counts: Vec<u64> = slots.iter().map(|slot| self.of[slot]).collect();
        let mut hidden: Vec<bool> = slots.iter().map(|slot| self.hidden.contains(slot)).collect();
        let is_safe = Table { counts: &counts, hidden: &mut hidden, total }.protect(least);
        self.hidden.extend(
            slots.into_iter().zip(hidden).filter(|(_, hide)| *hide || !is_safe).map(|(slot, _)| slot),
        );
    }

    /// Levels sum to all cases, of which those without an area or with an unknown outcome are in no rate.
    fn protect_levels(&mut self, least: u64) {
        let levels: Vec<Slot> = self.of.keys().filter(|slot| is_level(slot)).cloned().collect();
        let all: u64 = levels.iter().map(|level| self.of[level]).sum();
        let outside = self.of.get(&Slot::Total).map_or(0, |total| total.abs_diff(all));
        if is_small(outside, least) {
            self.hidden.extend(levels);
        } else {
            self.protect_parts(is_level, all, least);
        }
    }
}

fn is_change(slot: &Slot) -> bool {
    matches!(slot, Slot::New | Slot::Changed | Slot::Lost)
}

fn is_year(slot: &Slot) -> bool {
    matches!(slot, Slot::Year(_))
}

fn is_area(slot: &Slot) -> bool {
    matches!(slot, Slot::Area(_))
}

fn is_live(slot: &Slot) -> bool {
    *slot == Slot::Live
}

fn is_undisputed(slot: &Slot) -> bool {
    *slot == Slot::Undisputed
}

fn is_level(slot: &Slot) -> bool {
    matches!(slot, Slot::Level(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surveillance::model::{Named, Rate};

    fn rate(cases: u64) -> Rate {
        Rate { cases, births: 10_000.0, ..Rate::default() }
    }

    fn watched(total: u64, live: u64, years: &[u64]) -> Watched {
        let by_year = years.iter().zip(2020..);
        Watched {
            total: Some(rate(total)),
            live: Some(rate(live)),
            by_year: by_year.map(|(n, year)| Named { name: year.to_string(), value: rate(*n) }).collect(),
            ..Watched::default()
        }
    }

    fn shown(watched: &Watched) -> Vec<Option<u64>> {
        let mut counts = Counts::new(watched);
        counts.protect(11);
        let years = watched.by_year.iter().map(|year| Slot::Year(year.name.clone()));
        [Slot::Total, Slot::Live].into_iter().chain(years).map(|slot| counts.shown(&slot)).collect()
    }

    #[test]
    fn what_is_left() {
        let (s, n) = (None, Some);
        for (total, live, years, expected) in [
            (70, 50, vec![30, 40], vec![n(70), n(50), n(30), n(40)]),
            (70, 70, vec![30, 40], vec![n(70), n(70), n(30), n(40)]),
            // 5 were not born alive.
            (70, 65, vec![30, 40], vec![n(70), s, n(30), n(40)]),
            (70, 50, vec![5, 0, 65], vec![n(70), n(50), s, n(0), s]),
            // A small total: all goes, or zeros would tell that each of ten years has one.
            (10, 0, vec![5, 0, 5], vec![s, s, s, s, s]),
            // Five years that sum to 12 would all be nearly known, so the table is withheld.
            (12, 12, vec![4, 2, 2, 2, 2, 0], vec![n(12), n(12), s, s, s, s, s, s]),
        ] {
            assert_eq!(shown(&watched(total, live, &years)), expected, "{total} {live} {years:?}");
        }
    }

    #[test]
    fn new_cases_do_not_tell_cases_outside_of_rates() {
        let mut one = watched(47, 47, &[]);
        one.new = 48;
        let mut counts = Counts::new(&one);
        counts.protect(11);
        assert_eq!(counts.shown(&Slot::New), None, "1 of 48 is in no rate");
    }

    #[test]
    fn levels_do_not_tell_cases_outside_of_rates() {
        let mut one = watched(30, 30, &[]);
        one.levels = vec![("definite".into(), 20), ("probable".into(), 13)];
        let mut counts = Counts::new(&one);
        counts.protect(11);
        assert_eq!(counts.shown(&Slot::Level("definite".into())), None, "3 of 33 are in no rate");
    }
}
