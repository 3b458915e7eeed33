//! Numbers up to the unit they share, and values counted in two units.

use super::Unit;
use super::number::Number;
use super::scan::Reader;
use crate::lexicon::{UnitRole, UnitTerm};
use crate::segment::TokenKind;

/// Most numbers that may share one unit.
const MOST_NUMBERS: usize = 6;

/// What stands between two numbers that share a unit.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Join {
    To,
    By,
    Comma,
    And,
    Slash,
}

/// Numbers up to their unit.
pub(super) struct Chain {
    pub numbers: Vec<Number>,
    pub starts: Vec<usize>,
    pub joins: Vec<Join>,
    pub unit: Unit,
    pub end: usize,
}

/// True when every number of the chain is a quantity: sizes, lists that end with "et", blood pressures.
pub(super) fn shares_unit(joins: &[Join], is_length: bool, is_pressure: bool) -> bool {
    let all = |join| joins.iter().all(|j| *j == join);
    let (last, before) = (joins[joins.len() - 1], &joins[..joins.len() - 1]);
    let is_list = last == Join::And && before.iter().all(|j| *j == Join::Comma);
    (is_length && (all(Join::By) || all(Join::Slash))) || (is_pressure && all(Join::Slash)) || is_list
}

impl Reader<'_, '_> {
    /// The numbers from token `i` up to their unit.
    pub(super) fn chain(&self, i: usize, opener: Option<&UnitTerm>) -> Option<Chain> {
        let mut number = self.grouped(i)?;
        let (mut numbers, mut starts, mut joins) = (vec![number], vec![i], Vec::new());
        while numbers.len() <= MOST_NUMBERS {
            let unit = self.unit_of_value(number.end);
            // "une PA" is no number of packs.
            let is_told = self.kind(number.end - 1) == Some(TokenKind::Word);
            if let Some((unit, end)) = unit.filter(|_| !(is_told && self.text.is_upper(number.end))) {
                return Some(Chain { numbers, starts, joins, unit, end });
            }
            let (join, next) = self.join(number.end, opener)?;
            number = self.grouped(next)?;
            numbers.push(number);
            starts.push(next);
            joins.push(join);
        }
        None
    }

    /// The unit after a value; the number of a smaller unit may touch it ("1m50").
    pub(super) fn unit_of_value(&self, i: usize) -> Option<(Unit, usize)> {
        let (unit, end) = self.unit(i)?;
        let is_end = !self.is_glued_on(end) || self.compound(0.0, &unit, end).is_some();
        is_end.then_some((unit, end))
    }

    fn join(&self, i: usize, opener: Option<&UnitTerm>) -> Option<(Join, usize)> {
        if let Some((term, end)) = self.term(i, UnitRole::To)
            // Only the right opener makes a range of "et".
            && (term.value.is_empty() || opener.is_some_and(|open| open.id == term.value))
        {
            return Some((Join::To, end));
        }
        let role = |role, join| self.term(i, role).map(|(_, end)| (join, end));
        if self.text.is_mark(i, b'/') {
            return Some((Join::Slash, i + 1));
        }
        if self.text.is_mark(i, b',') && !self.touches(i + 1) {
            return Some((Join::Comma, i + 1));
        }
        role(UnitRole::By, Join::By).or_else(|| role(UnitRole::And, Join::And))
    }

    /// The value with the count of the smaller unit after it: "1 m 50", "1h30", "3 kg 200", "2 h 30 min".
    pub(super) fn compound(&self, value: f64, unit: &Unit, i: usize) -> Option<(f64, usize)> {
        let (smaller, digits) = self.words.compounds.get(&unit.id)?;
        if let Some((_, next)) = self.term(i, UnitRole::And) {
            let count = self.digits(next, *digits)?;
            let (written, end) = self.unit_after(next + 1).filter(|(u, _)| u.id == smaller.id)?;
            return Some((value + count * written.factor / unit.factor, end));
        }
        let count = self.digits(i, *digits)?;
        let total = value + count * smaller.factor / unit.factor;
        if let Some((next, end)) = self.unit_after(i + 1) {
            return (next.id == smaller.id).then_some((total, end));
        }
        let width = self.text.word(i).len();
        let is_bare = width == *digits && !self.is_glued_on(i + 1);
        let is_joined = self.term(i + 1, UnitRole::By).is_some() || self.text.is_mark(i + 1, b'/');
        (is_bare && !is_joined).then_some((total, i + 1))
    }

    /// Minutes and seconds: "5'14''".
    pub(super) fn in_minutes(&self, i: usize) -> Option<(f64, Unit, usize)> {
        let minutes = self.digits(i, 3).filter(|_| self.starts_clean(i))?;
        let is_prime = self.text.is_mark(i + 1, b'\'') && self.touches(i + 1) && self.touches(i + 2);
        let seconds = self.digits(i + 2, 2).filter(|s| is_prime && *s < 60.0)?;
        let second = self.words.named("second")?;
        let primes =
            (i + 3..i + 5).take_while(|&j| self.text.is_any_mark(j, b"'\"") && self.touches(j)).count();
        Some((minutes * 60.0 + seconds, second, i + 3 + primes))
    }

    /// "à 10h30": a time of day.
    pub(super) fn is_clock(&self, i: usize, chain: &Chain) -> bool {
        let is_before =
            (i.saturating_sub(2)..i).any(|j| self.term(j, UnitRole::Clock).is_some_and(|(_, end)| end == i));
        is_before && chain.joins.is_empty() && chain.unit.id == "hour"
    }
}
