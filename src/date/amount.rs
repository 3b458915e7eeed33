//! Amounts of time: what they are, how they are read, how long they last.

use super::scan::Scanner;
use super::words::{Role, Unit, Value};

/// An amount of time in the units that the text uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Amount {
    /// Years.
    pub years: u16,
    /// Months.
    pub months: u16,
    /// Weeks.
    pub weeks: u16,
    /// Days.
    pub days: u16,
    /// Hours.
    pub hours: u16,
    /// Minutes.
    pub minutes: u16,
}

impl Amount {
    /// `count` units.
    pub fn of(count: u16, unit: Unit) -> Self {
        let mut amount = Self::default();
        *amount.slot(unit) = count;
        amount
    }

    fn slot(&mut self, unit: Unit) -> &mut u16 {
        match unit {
            Unit::Minute => &mut self.minutes,
            Unit::Hour => &mut self.hours,
            Unit::Day => &mut self.days,
            Unit::Week => &mut self.weeks,
            Unit::Month => &mut self.months,
            Unit::Year => &mut self.years,
        }
    }

    fn add(&mut self, count: u16, unit: Unit) {
        let slot = self.slot(unit);
        *slot = slot.saturating_add(count);
    }

    /// Adds half a unit, in the unit below it.
    fn add_half(&mut self, unit: Unit) {
        match unit {
            Unit::Year => self.add(6, Unit::Month),
            Unit::Month => self.add(15, Unit::Day),
            Unit::Week => self.add(3, Unit::Day),
            Unit::Day => self.add(12, Unit::Hour),
            Unit::Hour => self.add(30, Unit::Minute),
            Unit::Minute => {}
        }
    }

    /// Whole days, a year counting 365 and a month 30, as EDS-NLP counts them.
    pub fn in_days(self) -> i32 {
        let [years, months, weeks, days, hours] =
            [self.years, self.months, self.weeks, self.days, self.hours].map(i32::from);
        years * 365 + months * 30 + weeks * 7 + days + hours / 24
    }

    /// The units it is written in, the longest first.
    pub fn parts(self) -> impl Iterator<Item = (u16, Unit)> {
        let parts = [
            (self.years, Unit::Year),
            (self.months, Unit::Month),
            (self.weeks, Unit::Week),
            (self.days, Unit::Day),
            (self.hours, Unit::Hour),
            (self.minutes, Unit::Minute),
        ];
        parts.into_iter().filter(|(count, _)| *count > 0)
    }

    /// Its longest unit with the count; zero days when it is nothing.
    pub fn leading(self) -> (u16, Unit) {
        self.parts().next().unwrap_or_default()
    }

    /// Its shortest unit, which says how exactly it is known.
    pub fn finest(self) -> Unit {
        self.parts().last().map_or(Unit::Day, |(_, unit)| unit)
    }
}

/// A number as written before a unit.
struct Count {
    whole: u16,
    has_half: bool,
    end: usize,
}

impl Scanner<'_, '_> {
    /// An amount at token `i`, and the token after it. Of a range, the lower end counts.
    pub(super) fn amount(&self, i: usize) -> Option<(Amount, usize)> {
        let count = self.count(i)?;
        let at = self.range_end(count.end, count.whole).unwrap_or(count.end);
        let (mut unit, mut end) = self.unit(at)?;
        let mut amount = Amount::of(count.whole, unit);
        if count.has_half {
            amount.add_half(unit);
        }
        while let Some((more, smaller, after)) = self.smaller_part(end, unit) {
            amount.add(more, smaller);
            (unit, end) = (smaller, after);
        }
        if let Some(after) = self.half(end) {
            amount.add_half(unit);
            end = after;
        }
        Some((amount, end))
    }

    fn count(&self, i: usize) -> Option<Count> {
        if let Some((number, width)) = self.number_at(i) {
            return (width <= 4).then_some(Count { whole: number as u16, has_half: false, end: i + 1 });
        }
        if let Some(whole) = self.half_number(i) {
            return Some(Count { whole, has_half: true, end: i + 1 });
        }
        let (value, end) = self.term(i, Role::Number)?;
        Some(Count { whole: value.count.unsigned_abs(), has_half: false, end })
    }

    /// The end of the second bound of a range that begins with `low`: "3 à 4", "6-8".
    pub(super) fn range_end(&self, i: usize, low: u16) -> Option<usize> {
        let (_, end) = self.term(i, Role::Range)?;
        self.count(end).filter(|high| high.whole > low).map(|high| high.end)
    }

    /// The unit at token `i`, which may stand on the next line.
    pub(super) fn unit(&self, i: usize) -> Option<(Unit, usize)> {
        let i = self.over_break(i);
        let (Value { unit, .. }, end) = self.term(i, Role::Unit)?;
        // In "3 j3" the letter belongs to what follows.
        let is_glued_on = end == i + 1 && self.is_glued_number(end) && self.width(i) == 1;
        (!is_glued_on).then_some((unit, end))
    }

    fn smaller_part(&self, i: usize, unit: Unit) -> Option<(u16, Unit, usize)> {
        let start = self.term(i, Role::And).map_or(i, |(_, end)| end);
        let (number, width) = self.number_at(start).filter(|_| unit > Unit::Hour)?;
        let (smaller, end) = self.unit(start + 1)?;
        (width <= 2 && smaller < unit).then_some((number as u16, smaller, end))
    }

    fn half(&self, i: usize) -> Option<usize> {
        if let Some((_, end)) = self.term(i, Role::Half) {
            return Some(end);
        }
        let is_fraction = self.number_at(i) == Some((1, 1))
            && self.is_mark(i + 1, b'/')
            && self.number_at(i + 2) == Some((2, 1));
        is_fraction.then_some(i + 3)
    }
}
