//! Gestational ages ("22 SA + 3 j") and days of life ("J3", "J+2").

use super::Kind;
use super::scan::Scanner;
use super::words::{Role, Unit};
use crate::segment::TokenKind;

/// Weeks that a gestational age can count.
const WEEKS: std::ops::RangeInclusive<u32> = 3..=45;
/// Weeks that a gestational age without its unit's full name can count ("à 22 semaines").
const BARE_WEEKS: std::ops::RangeInclusive<u32> = 11..=42;
/// Highest day of life read from "J".
const LAST_DAY: u32 = 400;

impl Scanner<'_, '_> {
    /// A gestational age at token `i`, in days, and the token after it. With `bare`, plain weeks will do.
    pub(super) fn gestation(&self, i: usize, bare: bool) -> Option<(u16, usize)> {
        let (weeks, extra) = match self.number_at(i) {
            Some((weeks, 1 | 2)) => (weeks, 0),
            Some(_) => return None,
            None => (u32::from(self.half_number(i)?), 3),
        };
        if !WEEKS.contains(&weeks) {
            return None;
        }
        let total = |days: u32| (weeks * 7 + extra + days) as u16;
        if let Some((days, end)) = self.plus_days(i + 1) {
            let mark = self.term(end, Role::GestationMark);
            if let Some((offset, end)) = mark {
                return Some((total(days) + offset.count as u16, end));
            }
            return (bare && self.is_labelled_term(i) && BARE_WEEKS.contains(&weeks))
                .then_some((total(days), end));
        }
        let at = self.range_end(i + 1, weeks as u16).unwrap_or(i + 1);
        let at = self.term(at, Role::Ordinal).map_or(at, |(_, end)| end);
        if let Some((offset, end)) = self.gestation_mark(at) {
            let (days, end) = self.days_after(end).unwrap_or((0, end));
            return Some((total(days) + offset, end));
        }
        let (_, end) =
            self.unit(at).filter(|(unit, _)| *unit == Unit::Week && BARE_WEEKS.contains(&weeks))?;
        let days = self.days_after(end);
        (bare || days.is_some()).then(|| days.unwrap_or((0, end))).map(|(days, end)| (total(days), end))
    }

    fn gestation_mark(&self, i: usize) -> Option<(u16, usize)> {
        let (value, end) = self.term(self.over_break(i), Role::GestationMark)?;
        Some((value.count as u16, end))
    }

    /// "+2" before the unit, as in "39+2 SA".
    fn plus_days(&self, i: usize) -> Option<(u32, usize)> {
        let (days, _) = self.number_at(i + 1).filter(|&(days, width)| days <= 6 && width == 1)?;
        self.is_mark(i, b'+').then_some((days, i + 2))
    }

    /// The days after the weeks: "+ 3 j", "+3", "et 3 jours", "2/7".
    fn days_after(&self, i: usize) -> Option<(u32, usize)> {
        let has_plus = self.is_mark(i, b'+');
        let at = if has_plus { i + 1 } else { self.term(i, Role::And).map_or(i, |(_, end)| end) };
        let (days, _) = self.number_at(at).filter(|&(days, width)| days <= 6 && width == 1)?;
        if let Some((Unit::Day, end)) = self.unit(at + 1) {
            return Some((days, end));
        }
        if self.is_mark(at + 1, b'/') && self.number_at(at + 2) == Some((7, 1)) {
            let end = at + 3;
            return Some((
                days,
                self.unit(end).filter(|(unit, _)| *unit == Unit::Day).map_or(end, |(_, end)| end),
            ));
        }
        let is_measure = self.is(at + 1, Role::NotDateAfter) || self.is_mark(at + 1, b'%');
        (has_plus && !is_measure && !self.is_glued_number(at + 1)).then_some((days, at + 1))
    }

    /// A day, hour, week or month of life written with its initial at token `i`.
    pub(super) fn day_of_life(&mut self, i: usize, unit: Unit) -> Option<usize> {
        let (sign, at) = self.sign(i + 1);
        let (count, _) = self.number_at(at)?;
        let (start_ok, joined) = (self.starts_letter(i), self.is_glued(i + 1) || unit == Unit::Day);
        // "H1N1", "D3A0" and "J3.5" are codes and measures.
        let is_cut =
            self.is_glued(at + 1) && matches!(self.kind(at + 1), Some(TokenKind::Word | TokenKind::Number));
        if !start_ok || !joined || is_cut || !(sign.is_none() || self.is_glued(at)) {
            return None;
        }
        let end = at + 1;
        let life = self.term(end, Role::Life).map(|(_, end)| end);
        let post = self.term(end, Role::Post).map(|(_, end)| end);
        let is_signed = sign.is_some() && self.is_glued(at) && self.text.is_upper(i);
        if !(life.is_some() || is_signed || self.is_plausible_letter(i, unit, count)) {
            return None;
        }
        let kind = match (sign, post) {
            (None, None) => Kind::Postnatal { count: count as u16, unit },
            (sign, _) => Kind::After { count: sign.unwrap_or(1) * count as i16, unit },
        };
        Some(self.push(i, life.or(post).unwrap_or(end), kind))
    }

    fn sign(&self, i: usize) -> (Option<i16>, usize) {
        match () {
            () if self.is_mark(i, b'+') => (Some(1), i + 1),
            () if self.is_mark(i, b'-') && self.is_glued(i) => (Some(-1), i + 1),
            () => (None, i),
        }
    }

    fn starts_letter(&self, i: usize) -> bool {
        let after_code = matches!(self.kind(i.wrapping_sub(1)), Some(TokenKind::Number | TokenKind::Word));
        !(self.is_glued(i) && i > 0 && after_code)
    }

    /// Letters other than J also name vertebrae, arteries and receptors, so they need more.
    fn is_plausible_letter(&self, i: usize, unit: Unit, count: u32) -> bool {
        let is_upper = self.text.is_upper(i);
        let is_since = self.has_any_before(i, &[Role::From, Role::Since, Role::Until]);
        match unit {
            Unit::Day if self.has_twins && (1..=2).contains(&count) => self.has_before(i, Role::At),
            Unit::Day => count <= LAST_DAY && (is_upper || self.is_glued(i + 1)),
            Unit::Hour => is_upper && count <= 168 && (count > 2 || is_since),
            Unit::Month => is_upper && count <= 36 && (is_since || self.has_before(i, Role::At)),
            Unit::Week => is_upper && count <= 52 && (is_since || count > 5 && self.has_before(i, Role::At)),
            _ => false,
        }
    }
}
