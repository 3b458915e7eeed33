//! Months counted from year 0, and the days they hold.

use crate::warehouse::{date_of, day_of};

/// A month: twelve times the year, plus 0 for January.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(pub i32);

impl Month {
    /// The month of a day since 1970-01-01.
    pub fn of_day(day: i64) -> Option<Self> {
        Self::parse(date_of(day)?.get(..7)?)
    }

    /// Reads `2024-03`, or a longer ISO date.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, rest) = text.split_once('-')?;
        let (year, month): (i32, i32) = (year.parse().ok()?, rest.get(..2)?.parse().ok()?);
        ((0..=9999).contains(&year) && (1..=12).contains(&month)).then(|| Self(year * 12 + month - 1))
    }

    /// The year.
    pub fn year(self) -> i32 {
        self.0.div_euclid(12)
    }

    /// From 1 for January.
    pub fn number(self) -> u32 {
        self.0.rem_euclid(12) as u32 + 1
    }

    /// The month `count` later.
    pub fn plus(self, count: i32) -> Self {
        Self(self.0 + count)
    }

    /// First day, since 1970-01-01.
    pub fn first_day(self) -> i64 {
        day_of(&format!("{self}-01")).unwrap_or_default()
    }

    /// Last day, since 1970-01-01.
    pub fn last_day(self) -> i64 {
        self.plus(1).first_day() - 1
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:04}-{:02}", self.year(), self.number())
    }
}

/// Whole months, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First month.
    pub first: Month,
    /// Last month.
    pub last: Month,
}

impl Span {
    /// The last `years` whole years that end `delay` months before the last whole month of the cut-off, a day.
    pub fn before(cutoff: i64, years: u16, delay: u16) -> Option<Self> {
        let month = Month::of_day(cutoff)?;
        let whole = if month.last_day() == cutoff { month } else { month.plus(-1) };
        let last = whole.plus(-i32::from(delay));
        Some(Self { first: last.plus(1 - 12 * i32::from(years)), last })
    }

    /// Number of months.
    pub fn len(self) -> usize {
        (self.last.0 - self.first.0 + 1).max(0) as usize
    }

    /// The place of a month in it.
    pub fn place(self, month: Month) -> Option<usize> {
        (self.first <= month && month <= self.last).then(|| (month.0 - self.first.0) as usize)
    }

    /// The month at a place.
    pub fn month(self, place: usize) -> Month {
        self.first.plus(place as i32)
    }

    /// All of them, in order.
    pub fn months(self) -> impl Iterator<Item = Month> {
        (self.first.0..=self.last.0).map(Month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_months_before_a_day() {
        let day = |text| day_of(text).unwrap();
        for (cutoff, delay, first, last) in [
            ("2024-12-31", 0, "2022-01", "2024-12"),
            ("2024-12-30", 0, "2021-12", "2024-11"),
            ("2024-02-29", 1, "2021-02", "2024-01"),
        ] {
            let span = Span::before(day(cutoff), 3, delay).unwrap();
            assert_eq!(
                (span.first.to_string(), span.last.to_string()),
                (first.into(), last.into()),
                "{cutoff}"
            );
            assert_eq!(span.len(), 36);
        }
        assert_eq!(Month::parse("2024-02").unwrap().last_day(), day("2024-02-29"));
        for wrong in ["2024", "2024-13", "2024-1", "x-01", ""] {
            assert_eq!(Month::parse(wrong), None, "{wrong}");
        }
    }
}
