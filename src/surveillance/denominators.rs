//! Births by area and month, from rows by year, month or week; what is missing, doubled or impossible is said.

use super::calendar::{Month, Span};
use super::model::{BirthCell, Diagnostic};
use crate::population::Births;
use std::collections::{BTreeMap, BTreeSet};

/// Days of a week.
const WEEK: i64 = 7;

/// Births of an area in a month.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cell {
    /// Born alive.
    pub live: f64,
    /// Born dead.
    pub still: f64,
}

impl Cell {
    /// All births.
    pub fn total(self) -> f64 {
        self.live + self.still
    }

    fn add(&mut self, births: &Births, share: f64) {
        self.live += births.live_births as f64 * share;
        self.still += births.stillbirths.unwrap_or(0) as f64 * share;
    }
}

/// Births of the study.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Denominators {
    /// Codes of the areas, in order.
    pub areas: Vec<String>,
    /// By area, then month of the study; none where no row says anything.
    pub cells: Vec<Vec<Option<Cell>>>,
    /// What is wrong with the rows.
    pub diagnostics: Vec<Diagnostic>,
}

impl Denominators {
    /// Reads the rows of the areas asked for (all when none is named) over the study. A year or a week is spread over its
    /// days. A period that two rows of one area speak of, as a year and one of its months, is refused: such rows are left
    /// out with a diagnostic that names them.
    pub fn of(rows: &[Births], wanted: &BTreeSet<&str>, span: Span) -> Self {
        let of_area = |row: &&Births| wanted.is_empty() || wanted.contains(row.area.as_str());
        let mut by_area: BTreeMap<&str, Vec<&Births>> =
            wanted.iter().map(|area| (*area, Vec::new())).collect();
        for row in rows.iter().filter(of_area) {
            by_area.entry(&row.area).or_default().push(row);
        }
        let mut found = Self::default();
        for (area, rows) in by_area {
            let rows = found.without_overlaps(&rows);
            found.areas.push(area.to_string());
            found.cells.push(months(&rows, span));
        }
        found.tell_missing(span);
        found
    }

    /// The place of an area.
    pub fn area(&self, code: &str) -> Option<usize> {
        self.areas.binary_search_by(|known| known.as_str().cmp(code)).ok()
    }

    /// All births of an area in a month; none where they are not known, or zero.
    pub fn total(&self, area: usize, month: usize) -> Option<f64> {
        let total = self.cells.get(area)?.get(month).copied().flatten()?.total();
        (total > 0.0).then_some(total)
    }

    /// True when no area has a month with births.
    pub fn is_empty(&self) -> bool {
        !self.cells.iter().flatten().flatten().any(|cell| cell.total() > 0.0)
    }

    /// The first month of which some area has births.
    pub fn first_known(&self) -> Option<usize> {
        self.cells.iter().filter_map(|months| months.iter().position(Option::is_some)).min()
    }

    /// The last month that every area has births of which has any of the last two years.
    pub fn last_known(&self) -> Option<usize> {
        let lasts = self.cells.iter().filter_map(|months| {
            let last = months.iter().rposition(Option::is_some)?;
            (last + 24 >= months.len()).then_some(last)
        });
        lasts.min()
    }

    /// Months of an area without a row.
    pub fn missing(&self, area: usize, span: Span) -> Vec<String> {
        let cells = self.cells.get(area).map_or(&[][..], Vec::as_slice);
        let missing = cells.iter().enumerate().filter(|(_, cell)| cell.is_none());
        missing.map(|(place, _)| span.month(place).to_string()).collect()
    }

    /// As the model has them.
    pub fn birth_cells(&self, span: Span) -> Vec<BirthCell> {
        let mut cells = Vec::new();
        for (area, months) in self.areas.iter().zip(&self.cells) {
            for (place, cell) in months.iter().enumerate() {
                let Some(cell) = cell else { continue };
                let month = span.month(place).to_string();
                cells.push(BirthCell { area: area.clone(), month, live: cell.live, still: cell.still });
            }
        }
        cells
    }

    /// Leaves out every row whose days another row of the area has too.
    fn without_overlaps<'r>(&mut self, rows: &[&'r Births]) -> Vec<&'r Births> {
        let mut dated: Vec<((i64, i64), &Births)> =
            rows.iter().filter_map(|row| Some((days(&row.period)?, *row))).collect();
        dated.sort_by_key(|(days, _)| *days);
        let mut doubled = BTreeSet::new();
        let mut open: Option<((i64, i64), usize)> = None;
        for (place, (days, _)) in dated.iter().enumerate() {
            match open {
                Some((last, before)) if days.0 <= last.1 => {
                    doubled.extend([before, place]);
                    open = Some(if days.1 > last.1 { (*days, place) } else { (last, before) });
                }
                _ => open = Some((*days, place)),
            }
        }
        for place in &doubled {
            let row = dated[*place].1;
            let values = [("area", row.area.clone()), ("period", row.period.clone())];
            self.diagnostics.push(diagnostic("births_overlap", true, values));
        }
        dated
            .iter()
            .enumerate()
            .filter(|(place, _)| !doubled.contains(place))
            .map(|(_, (_, row))| *row)
            .collect()
    }

    fn tell_missing(&mut self, span: Span) {
        for area in 0..self.areas.len() {
            let missing = self.missing(area, span);
            if missing.is_empty() {
                continue;
            }
            let values = [
                ("area", self.areas[area].clone()),
                ("months", missing.len().to_string()),
                ("first", missing[0].clone()),
                ("last", missing[missing.len() - 1].clone()),
            ];
            self.diagnostics.push(diagnostic("births_missing", true, values));
        }
    }
}

/// A diagnostic with its values.
pub fn diagnostic<const N: usize>(kind: &str, serious: bool, values: [(&str, String); N]) -> Diagnostic {
    let values = values.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
    Diagnostic { kind: kind.into(), serious, values }
}

/// First and last day of a period: a year, a month or an ISO week.
fn days(period: &str) -> Option<(i64, i64)> {
    if let Some((year, week)) = period.split_once("-W") {
        let week = jiff::civil::ISOWeekDate::new(
            year.parse().ok()?,
            week.parse().ok()?,
            jiff::civil::Weekday::Monday,
        );
        let monday = crate::warehouse::day_of(&week.ok()?.date().to_string())?;
        return Some((monday, monday + WEEK - 1));
    }
    match Month::parse(period) {
        Some(month) => Some((month.first_day(), month.last_day())),
        None => {
            let year: i32 = period.parse().ok()?;
            Some((Month(year * 12).first_day(), Month(year * 12 + 11).last_day()))
        }
    }
}

/// The births of an area by month of the study, each row spread over its days.
fn months(rows: &[&Births], span: Span) -> Vec<Option<Cell>> {
    let mut cells: Vec<Option<Cell>> = vec![None; span.len()];
    let mut covered = vec![0; span.len()];
    for row in rows {
        let Some((first, last)) = days(&row.period) else { continue };
        let (Some(from), Some(to)) = (Month::of_day(first), Month::of_day(last)) else { continue };
        for month in (from.0..=to.0).map(Month) {
            let Some(place) = span.place(month) else { continue };
            let shared = last.min(month.last_day()) - first.max(month.first_day()) + 1;
            cells[place].get_or_insert_default().add(row, shared as f64 / (last - first + 1) as f64);
            covered[place] += shared;
        }
    }
    // A month of which some weeks are missing is no denominator.
    let whole = |place: usize| span.month(place).last_day() - span.month(place).first_day() + 1;
    cells
        .iter_mut()
        .enumerate()
        .filter(|(place, _)| covered[*place] < whole(*place))
        .for_each(|(_, cell)| *cell = None);
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn births(area: &str, period: &str, live: i64, still: i64) -> Births {
        Births { area: area.into(), period: period.into(), live_births: live, stillbirths: Some(still) }
    }

    fn span(first: &str, last: &str) -> Span {
        Span { first: Month::parse(first).unwrap(), last: Month::parse(last).unwrap() }
    }

    #[test]
    fn years_are_spread_and_months_are_taken() {
        let rows = [births("35", "2023", 36_500, 365), births("35", "2024-01", 1000, 4)];
        let found = Denominators::of(&rows, &BTreeSet::new(), span("2023-02", "2024-02"));
        assert!((found.total(0, 0).unwrap() - 101.0 * 28.0).abs() < 1e-6);
        assert_eq!(found.total(0, 11), Some(1004.0));
        assert_eq!(
            (found.total(0, 12), found.missing(0, span("2023-02", "2024-02"))),
            (None, vec!["2024-02".into()])
        );
        assert_eq!(found.diagnostics[0].kind, "births_missing");
    }

    #[test]
    fn weeks_fill_a_month_or_not() {
        let weeks: Vec<Births> =
            (1..=9).map(|week| births("a", &format!("2024-W{week:02}"), 70, 0)).collect();
        let found = Denominators::of(&weeks, &BTreeSet::new(), span("2024-01", "2024-03"));
        assert!((found.total(0, 0).unwrap() - 310.0).abs() < 1e-9);
        assert!((found.total(0, 1).unwrap() - 290.0).abs() < 1e-9);
        assert_eq!(found.total(0, 2), None, "three days of March are no month");
    }

    #[test]
    fn what_two_rows_say_is_left_out_and_named() {
        let rows =
            [births("35", "2023", 1200, 0), births("35", "2023-05", 90, 0), births("56", "2023", 600, 0)];
        let found = Denominators::of(&rows, &BTreeSet::new(), span("2023-01", "2023-12"));
        let named: Vec<&str> = found
            .diagnostics
            .iter()
            .filter(|d| d.kind == "births_overlap")
            .map(|d| d.values["period"].as_str())
            .collect();
        assert_eq!(named, ["2023", "2023-05"]);
        assert_eq!(found.total(0, 4), None);
        assert!(found.total(1, 4).is_some());
    }

    #[test]
    fn an_area_that_is_asked_for_and_has_no_births_is_said() {
        let found = Denominators::of(&[], &BTreeSet::from(["35"]), span("2023-01", "2023-12"));
        assert!(found.is_empty());
        assert_eq!(
            (found.areas.as_slice(), found.diagnostics[0].values["months"].as_str()),
            (&["35".to_string()][..], "12")
        );
    }
}
