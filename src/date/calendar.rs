//! Calendar dates: "12/03/2020", "2020-03-12", "12 mars", "03/2020", "en 2019", each with its time of day.

use super::scan::{Scanner, digits};
use super::words::{Role, Unit};
use super::{Bound, Calendar, Kind};
use crate::segment::TokenKind;

/// Years that a report speaks of.
const YEARS: std::ops::RangeInclusive<u32> = 1900..=2099;
/// Two-digit years below this one are of this century.
const PIVOT: u32 = 40;
/// Prepositions before a calendar date.
const BEFORE_DATE: [Role; 6] = [Role::On, Role::In, Role::From, Role::Since, Role::Until, Role::Range];
/// Prepositions before a month or a year that stands alone.
const BEFORE_YEAR: [Role; 6] = [Role::In, Role::From, Role::Since, Role::Until, Role::Of, Role::Range];

/// A calendar date read at some token.
#[derive(Clone, Copy)]
struct Read {
    date: Calendar,
    end: usize,
}

impl Scanner<'_, '_> {
    /// Takes the calendar date that begins at the number `i`.
    pub(super) fn calendar(&mut self, i: usize) -> Option<usize> {
        if let Some(end) = self.first_of_two_days(i) {
            return Some(end);
        }
        let read = self.date_at(i, self.has_any_before(i, &BEFORE_DATE)).or_else(|| self.year_alone(i))?;
        Some(self.take(i, read))
    }

    /// Takes the calendar date that begins at the month `i`: "mars 2020", "en mars".
    pub(super) fn month(&mut self, i: usize) -> Option<usize> {
        let (month, is_short, end) = self.month_at(i)?;
        let date = Calendar { month: Some(month), ..Calendar::default() };
        if let Some(read) = self.year_after(Read { date, end }) {
            return Some(self.take(i, read));
        }
        let is_said = self.has_any_before(i, &BEFORE_YEAR) || self.tense(end).is_some();
        (is_said && !is_short && !self.is_vetoed(i)).then(|| self.take(i, Read { date, end }))
    }

    fn take(&mut self, i: usize, read: Read) -> usize {
        let Read { date, end } = self.time_after(read);
        let tense = if date.year.is_none() { self.tense(end) } else { None };
        let end = self.push(i, tense.map_or(end, |(_, end)| end), Kind::Absolute(date));
        self.settle(tense.map(|(direction, _)| direction));
        end
    }

    /// The "3" of "du 3 au 6 juin": its month and year stand in the second date.
    fn first_of_two_days(&mut self, i: usize) -> Option<usize> {
        let day = self.number_at(i).and_then(|(day, width)| day_of(day, width))?;
        let joins = |role| self.term(i + 1, role).map(|(_, end)| end);
        let at = joins(Role::Until).or_else(|| joins(Role::Range)).or_else(|| joins(Role::And))?;
        let next = self.date_at(at, true).filter(|r| r.date.day.is_some() && r.date.month.is_some())?;
        if !self.has_any_before(i, &[Role::On, Role::From]) || next.date.day <= Some(day) {
            return None;
        }
        let date = Calendar { day: Some(day), hour: None, minute: None, ..next.date };
        self.push(i, i + 1, Kind::Absolute(date));
        self.bound_last(Bound::From);
        let end = self.take(at, next);
        self.bound_last(Bound::Until);
        Some(end)
    }

    /// A date with a day or a month at the number `i`; `is_said` when a preposition stands before it.
    fn date_at(&self, i: usize, is_said: bool) -> Option<Read> {
        self.day_month_name(i)
            .or_else(|| self.three_numbers(i, is_said))
            .or_else(|| self.two_numbers(i, is_said))
            .or_else(|| self.decimal_date(i, is_said))
    }

    // ---- names of months

    fn month_at(&self, i: usize) -> Option<(u8, bool, usize)> {
        if let Some((value, end)) = self.term(i, Role::Month) {
            return Some((value.count as u8, false, end));
        }
        let (value, end) = self.term(i, Role::ShortMonth)?;
        let has_point =
            self.is_mark(end, b'.') && self.is_glued(end) && self.kind(end + 1) == Some(TokenKind::Number);
        Some((value.count as u8, true, if has_point { end + 1 } else { end }))
    }

    fn day_month_name(&self, i: usize) -> Option<Read> {
        let day = self.number_at(i).and_then(|(day, width)| day_of(day, width))?;
        let at = self.term(i + 1, Role::Ordinal).map_or(i + 1, |(_, end)| end);
        let (month, _, end) = self.month_at(at)?;
        let read = Read { date: Calendar { day: Some(day), month: Some(month), ..Calendar::default() }, end };
        self.year_after(read).or(Some(read))
    }

    /// The year after a month: four digits, or two when nothing else could follow.
    fn year_after(&self, read: Read) -> Option<Read> {
        let at = self.over_break(read.end);
        let (number, width) = self.number_at(at)?;
        let is_two = width == 2 && at == read.end && read.date.month.is_some() && self.ends_phrase(at + 1);
        let year = match width {
            4 => Some(number).filter(|year| YEARS.contains(year)),
            _ => is_two.then(|| century(number)),
        }?;
        let is_measure = at != read.end && self.is(at + 1, Role::NotDateAfter);
        let date = Calendar { year: Some(year as i16), ..read.date };
        (!is_measure).then_some(Read { date, end: at + 1 })
    }

    fn ends_phrase(&self, i: usize) -> bool {
        match self.kind(i) {
            None | Some(TokenKind::Newline) => true,
            Some(TokenKind::Mark) => [b'.', b',', b';', b':', b')'].iter().any(|&m| self.is_mark(i, m)),
            _ => false,
        }
    }

    // ---- numbers

    /// "12/03/2020", "12.03.20", "12-03-2020", "12 03 20", "2020-03-12".
    fn three_numbers(&self, i: usize, is_said: bool) -> Option<Read> {
        let (first, first_width) = self.number_at(i)?;
        let (mark, at) = self.separator(i + 1)?;
        let (second, second_width) = self.number_at(at)?;
        let (again, last) = self.separator(at + 1)?;
        let (third, third_width) = self.number_at(last)?;
        if mark != again || second_width > 2 || !self.ends_clean(last + 1, mark) {
            return None;
        }
        let end = last + 1;
        if first_width == 4 && third_width <= 2 && mark != b' ' {
            let date = full(third, second, first).filter(|_| third_width == 2 || mark == b'-')?;
            return Some(Read { date, end });
        }
        let is_padded = first_width == 2 && second_width == 2;
        let year = match (third_width, mark) {
            (4, b' ') => third * u32::from(is_padded && is_said),
            (4, _) => third,
            (2, _) if self.is_vetoed(i) || (mark == b'-' && !self.is_glued(at)) => return None,
            (2, b'/') => century(third),
            (2, b'.' | b'-') if is_padded || is_said => century(third),
            (2, b' ') if is_padded && is_said => century(third),
            _ => return None,
        };
        Some(Read { date: full(first, second, year).filter(|_| first_width <= 2)?, end })
    }

    /// The mark between two numbers of a date, and the token after it; a space counts as one.
    fn separator(&self, i: usize) -> Option<(u8, usize)> {
        let token = self.kind(i)?;
        if token == TokenKind::Number {
            return (!self.is_glued(i)).then_some((b' ', i));
        }
        let mark = [b'/', b'.', b'-'].into_iter().find(|&mark| self.is_mark(i, mark))?;
        (self.is_glued(i) == self.is_glued(i + 1)).then_some((mark, i + 1))
    }

    /// False when more digits or letters go on after a date.
    fn ends_clean(&self, end: usize, mark: u8) -> bool {
        if mark == b' ' {
            return self.kind(end) != Some(TokenKind::Number);
        }
        let goes_on = self.is_glued(end) && self.is_glued_number(end + 1);
        let same =
            self.is_mark(end, mark) || (self.is_mark(end, b'/') && mark != b'.') || self.is_mark(end, b',');
        !(goes_on && same)
    }

    /// "12/03" and "03/2020"; "12-03" and "12.03" only after a preposition.
    fn two_numbers(&self, i: usize, is_said: bool) -> Option<Read> {
        let (first, first_width) = self.number_at(i)?;
        let (mark, at) = self.separator(i + 1).filter(|(mark, _)| *mark != b' ')?;
        let (second, width) = self.number_at(at)?;
        let end = at + 1;
        let is_word_glued =
            self.is_glued(end) && matches!(self.kind(end), Some(TokenKind::Word | TokenKind::Number));
        if !self.is_glued(at) || is_word_glued || !self.ends_clean(end, mark) || self.is_barred(i, end) {
            return None;
        }
        let is_padded = first_width == 2 && width >= 2;
        let read = |date| Some(Read { date, end });
        if width == 4 {
            let month = month_of(first, first_width)?;
            let is_date = YEARS.contains(&second) && (is_padded || (is_said && mark == b'/'));
            let date = Calendar { year: Some(second as i16), month: Some(month), ..Calendar::default() };
            return is_date.then_some(date).and_then(read);
        }
        let (day, month) = (day_of(first, first_width)?, month_of(second, width)?);
        let in_list = self.calendar_just_before(i).is_some_and(|date| date.day.is_some());
        let is_fraction = !is_padded && first < second && second <= 5 && !self.is_mark(end, b':');
        let is_date = match mark {
            b'/' => is_padded || (is_said || in_list) && !is_fraction,
            _ => is_padded && is_said && !self.is_mark(end, b'-'),
        };
        is_date
            .then_some(Calendar { day: Some(day), month: Some(month), ..Calendar::default() })
            .and_then(read)
    }

    /// "12.03" after a preposition and "03.2020", which the tokeniser reads as decimals.
    fn decimal_date(&self, i: usize, is_said: bool) -> Option<Read> {
        let [first, rest] = self.decimal_at(i)?;
        let second = rest.strip_prefix(b".").filter(|_| first.len() == 2 && is_said)?;
        let (low, high, end) = (digits(first)?, digits(second)?, i + 1);
        if self.is_barred(i, end) || self.is_glued(end) && self.is_glued_number(end + 1) {
            return None;
        }
        let date = match second.len() {
            2 => Calendar { day: day_of(low, 2), month: Some(month_of(high, 2)?), ..Calendar::default() },
            4 if YEARS.contains(&high) => {
                Calendar { month: Some(month_of(low, 2)?), year: Some(high as i16), ..Calendar::default() }
            }
            _ => return None,
        };
        (date.day.is_some() || date.year.is_some()).then_some(Read { date, end })
    }

    /// True when the words around a short date say that it is a score, a pressure or a measure.
    fn is_barred(&self, i: usize, end: usize) -> bool {
        self.is_vetoed(i) || self.is(end, Role::NotDateAfter) || self.is_mark(end, b'%')
    }

    /// "2019" after a preposition, or alone or listed in brackets.
    fn year_alone(&self, i: usize) -> Option<Read> {
        let (number, _) = self.number_at(i).filter(|(n, width)| *width == 4 && YEARS.contains(n))?;
        let end = i + 1;
        let mark = |i: usize, marks: &[u8]| marks.iter().any(|&m| self.is_mark(i, m));
        let is_listed = i > 0 && mark(i - 1, b"(,") && mark(end, b"),");
        let in_list = is_listed && (self.is_mark(i - 1, b'(') || self.calendar_just_before(i).is_some());
        let joins = self.is(i.wrapping_sub(1), Role::Range) && self.calendar_just_before(i).is_some();
        let is_said = self.has_any_before(i, &BEFORE_YEAR) || joins || in_list;
        let is_glued_on = self.is_glued(end) && matches!(self.kind(end), Some(TokenKind::Word));
        let goes_on = self.is_glued(end) && self.is_glued_number(end + 1) && !mark(end, b"-,");
        (is_said && !is_glued_on && !goes_on && !self.is_barred(i, end) && !self.is_quantity_range(end))
            .then_some(Read { date: Calendar { year: Some(number as i16), ..Calendar::default() }, end })
    }

    /// "de 2000 à 2500 g" is a range of measures.
    fn is_quantity_range(&self, i: usize) -> bool {
        let Some((_, at)) = self.term(i, Role::Range) else { return false };
        self.kind(at) == Some(TokenKind::Number)
            && (self.number_at(at).is_none_or(|(n, _)| !YEARS.contains(&n))
                || self.is(at + 1, Role::NotDateAfter))
    }

    // ---- time of day

    fn time_after(&self, read: Read) -> Read {
        if read.date.day.is_none() || !self.reads_times {
            return read;
        }
        let comma = if self.is_mark(read.end, b',') { read.end + 1 } else { read.end };
        let said = self.term(comma, Role::At).map(|(_, end)| end);
        let Some((hour, minute, end)) = self.time(said.unwrap_or(read.end), said.is_some()) else {
            return read;
        };
        Read { date: Calendar { hour: Some(hour), minute, ..read.date }, end }
    }

    /// "11h13", "11 h", "18:42" at token `i`; an hour without minutes only when a preposition announces it.
    fn time(&self, i: usize, is_said: bool) -> Option<(u8, Option<u8>, usize)> {
        let hour = self.number_at(i).filter(|&(hour, width)| hour < 24 && width <= 2)?.0 as u8;
        let minute_at =
            |i| self.number_at(i).filter(|&(minute, width)| minute < 60 && width == 2).map(|(m, _)| m as u8);
        if self.is_mark(i + 1, b':') && self.is_glued(i + 1) {
            return Some((hour, Some(minute_at(i + 2).filter(|_| self.is_glued(i + 2))?), i + 3));
        }
        let (_, end) = self.term(i + 1, Role::Unit).filter(|(value, _)| value.unit == Unit::Hour)?;
        match minute_at(end) {
            Some(minute) => Some((hour, Some(minute), end + 1)),
            None => is_said.then_some((hour, None, end)),
        }
    }
}

fn day_of(day: u32, width: usize) -> Option<u8> {
    ((1..=31).contains(&day) && width <= 2).then_some(day as u8)
}

fn month_of(month: u32, width: usize) -> Option<u8> {
    ((1..=12).contains(&month) && width <= 2).then_some(month as u8)
}

fn century(year: u32) -> u32 {
    if year < PIVOT { 2000 + year } else { 1900 + year }
}

fn full(day: u32, month: u32, year: u32) -> Option<Calendar> {
    let (day, month) = (day_of(day, 2)?, month_of(month, 2)?);
    let year = Some(year).filter(|year| YEARS.contains(year))? as i16;
    Some(Calendar { year: Some(year), month: Some(month), day: Some(day), ..Calendar::default() })
}
