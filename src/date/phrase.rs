//! What each word and number begins: ages, delays, relative dates, or the announcement of what comes next.

use super::scan::{Announced, Scanner};
use super::words::{Role, Term, Unit, Value};
use super::{Amount, Bound, Direction, Kind, Sense};
use crate::segment::TokenKind;

/// Fewest weeks that a bare "N semaines" after a preposition must count to be a gestational age.
const FEWEST_BARE_WEEKS: u16 = 11;

impl<'s> Scanner<'s, '_> {
    /// Reads what begins at the word `i`; gives the token to go on with.
    pub(super) fn word(&mut self, i: usize, terms: &'s [Term]) -> usize {
        let mut next = i + 1;
        for term in terms {
            let end = i + 1 + term.rest.len();
            if end < next || !self.has_rest(i, term) {
                continue;
            }
            if let Some(after) = self.act(term, i, end) {
                return after;
            }
            next = end;
        }
        next
    }

    fn act(&mut self, term: &Term, i: usize, end: usize) -> Option<usize> {
        let value = term.value;
        match term.role {
            Role::Month | Role::ShortMonth => self.month(i),
            Role::Letter => self.day_of_life(i, value.unit),
            Role::Relative => Some(self.adverb(i, end, value)),
            Role::Narrative => Some(self.push(i, end, Kind::After { count: value.count, unit: value.unit })),
            Role::Past => self.distance(i, end, Direction::Past),
            Role::Since => {
                self.distance(i, end, Direction::Past).or_else(|| self.announce(term.role, i, end))
            }
            Role::Future => self.distance(i, end, Direction::Future),
            Role::During => {
                let (amount, after) = self.amount(self.after_approx(end))?;
                Some(self.push(i, after, Kind::Duration(amount)))
            }
            Role::Age | Role::AgeAt => self.stated_age(term.role, i, end),
            Role::At => self.at(i, end).or_else(|| self.announce(Role::At, i, end)),
            Role::Weekday => self.weekday(i, end, value.count as u8),
            Role::Number => self.told_amount(i),
            Role::Birth => self.expect(Sense::Birth, end),
            Role::LastPeriod => self.expect(Sense::LastPeriod, end),
            Role::Conception => self.expect(Sense::Conception, end),
            Role::Due => self.expect(Sense::Due, end),
            Role::Today => self.expect(Sense::Today, end),
            Role::NotDateBefore => {
                self.veto_end = end;
                None
            }
            Role::Person => {
                self.person_end = end;
                None
            }
            Role::Skip => Some(end),
            Role::Delay => self.delay(end),
            Role::GestationOf => {
                let at = self.after_approx(end);
                let (days, after) = self.gestation(at, true)?;
                Some(self.push(at, after, Kind::Gestation { days }))
            }
            Role::Twins => {
                self.has_twins = true;
                None
            }
            Role::Range if self.last_end() == i => self.announce(Role::Range, i, end),
            Role::On | Role::In | Role::Of | Role::From | Role::Until => self.announce(term.role, i, end),
            _ => None,
        }
    }

    fn announce(&mut self, role: Role, i: usize, end: usize) -> Option<usize> {
        self.prepend(role, i, end);
        None
    }

    fn expect(&mut self, sense: Sense, end: usize) -> Option<usize> {
        self.announced = Announced { sense, end };
        None
    }

    /// "depuis" belongs to a relative date and to no other: "depuis hier", but "depuis le 12/03".
    fn start_with_since(&self, i: usize) -> usize {
        if self.has_before(i, Role::Since) { self.chain.start } else { i }
    }

    fn adverb(&mut self, i: usize, end: usize, value: Value) -> usize {
        let direction = match value.count {
            0 => Direction::Current,
            ..0 => Direction::Past,
            _ => Direction::Future,
        };
        let amount = Amount::of(value.count.unsigned_abs(), value.unit);
        let start = self.start_with_since(i);
        self.push(start, end, Kind::Relative { direction, amount })
    }

    fn distance(&mut self, i: usize, end: usize, direction: Direction) -> Option<usize> {
        let at = self.after_approx(end);
        if self.is(i, Role::Since)
            && let Some((days, after)) = self.gestation(at, false)
        {
            let end = self.push(at, after, Kind::Gestation { days });
            self.found.last_mut()?.bound = Some(Bound::From);
            return Some(end);
        }
        let (amount, after) = self.amount(at)?;
        Some(self.push(i, after, Kind::Relative { direction, amount }))
    }

    fn stated_age(&mut self, role: Role, i: usize, end: usize) -> Option<usize> {
        let mut at = self.after_approx(end);
        while self.is_mark(at, b':') || self.is_mark(at, b'=') {
            at += 1;
        }
        let (amount, after) = self.amount(at)?;
        let after = self.push(i, after, Kind::Age(amount));
        if role == Role::Age {
            self.found.last_mut()?.sense = Sense::Today;
        }
        Some(after)
    }

    /// What follows "à": a gestational age, a day of life, a delay after an operation, an age.
    fn at(&mut self, i: usize, end: usize) -> Option<usize> {
        // "tous les 2 à 3 mois" is a frequency.
        if i > 0 && self.number_at(i - 1).is_some() && self.last_end() != i {
            return None;
        }
        let at = self.after_approx(end);
        if let Some((days, after)) = self.gestation(at, true) {
            self.prepend(Role::At, i, at);
            return Some(self.push(at, after, Kind::Gestation { days }));
        }
        let (amount, after) = self.amount(at)?;
        if let Some(after) = self.since_event(at, amount, after) {
            return Some(after);
        }
        let (count, unit) = amount.leading();
        let is_age = unit >= Unit::Day && count > 0 && !(unit == Unit::Week && count >= FEWEST_BARE_WEEKS);
        is_age.then(|| {
            self.prepend(Role::At, i, at);
            self.push(at, after, Kind::Age(amount))
        })
    }

    /// An amount counted from birth, an operation, or an event told before.
    fn since_event(&mut self, i: usize, amount: Amount, end: usize) -> Option<usize> {
        let (count, unit) = amount.leading();
        let signed = count.min(i16::MAX as u16) as i16;
        let after = |sign: i16| Kind::After { count: sign * signed, unit };
        let cases = [
            (Role::Life, Kind::Postnatal { count, unit }),
            (Role::Post, after(1)),
            (Role::Later, after(1)),
            (Role::Earlier, after(-1)),
        ];
        let (end, kind) = cases.into_iter().find_map(|(role, kind)| Some((self.term(end, role)?.1, kind)))?;
        (unit > Unit::Minute).then(|| self.push(i, end, kind))
    }

    /// "après 3 jours", "au bout de 2 mois".
    fn delay(&mut self, end: usize) -> Option<usize> {
        let at = self.after_approx(end);
        let (amount, after) = self.amount(at)?;
        if let Some(after) = self.since_event(at, amount, after) {
            return Some(after);
        }
        let (count, unit) = amount.leading();
        let count = i16::try_from(count).ok()?;
        Some(self.push(at, after, Kind::After { count, unit }))
    }

    fn told_amount(&mut self, i: usize) -> Option<usize> {
        let (amount, end) = self.amount(i)?;
        self.since_event(i, amount, end)
    }

    fn weekday(&mut self, i: usize, end: usize, weekday: u8) -> Option<usize> {
        if let Some((direction, after)) = self.tense(end) {
            let start = self.start_with_since(i);
            return Some(self.push(start, after, Kind::Weekday { weekday, direction }));
        }
        if self.has_before(i, Role::Since) && !matches!(self.kind(end), Some(TokenKind::Number)) {
            let kind = Kind::Weekday { weekday, direction: Direction::Past };
            return Some(self.push(self.chain.start, end, kind));
        }
        // "le lundi 12 mars": the preposition goes on.
        if self.chain.end == i {
            self.chain.end = end;
        } else {
            self.prepend(Role::On, i, end);
        }
        if self.announced.end == i {
            self.announced.end = end;
        }
        None
    }

    /// "dernier", "prochain" at token `i`.
    pub(super) fn tense(&self, i: usize) -> Option<(Direction, usize)> {
        let last = self.term(i, Role::Last).map(|(_, end)| (Direction::Past, end));
        last.or_else(|| self.term(i, Role::Next).map(|(_, end)| (Direction::Future, end)))
    }

    pub(super) fn number(&mut self, i: usize) -> Option<usize> {
        if let Some((days, end)) = self.gestation(i, self.is_labelled_term(i)) {
            return Some(self.push(i, end, Kind::Gestation { days }));
        }
        if self.starts_clean(i)
            && let Some(end) = self.calendar(i)
        {
            return Some(end);
        }
        self.nth_day(i).or_else(|| self.told_amount(i)).or_else(|| self.bare_age(i))
    }

    /// "3e jour de vie".
    fn nth_day(&mut self, i: usize) -> Option<usize> {
        let (count, width) = self.number_at(i)?;
        let (_, at) = self.term(i + 1, Role::Ordinal).filter(|_| width <= 3)?;
        let (unit, end) = self.unit(at)?;
        self.since_event(i, Amount::of(count as u16, unit), end)
    }

    /// An age that no word announces: "(37 ans)", "mère 29 ans", ", 3 mois (née le".
    fn bare_age(&mut self, i: usize) -> Option<usize> {
        let (amount, end) = self.amount(i)?;
        let unit = amount.leading().1;
        let is_person = self.person_end == i
            || (self.chain.end == i && self.chain.start == self.person_end && self.has_before(i, Role::Of));
        let is_aside = i > 0 && (self.is_mark(i - 1, b'(') || self.is_mark(i - 1, b','));
        let is_ended = matches!(self.kind(end), None | Some(TokenKind::Newline | TokenKind::Mark))
            && !self.is_mark(end, b'/');
        let is_born = is_ended && self.is(end + 1, Role::Birth) || self.follows_birth(i);
        let is_age =
            unit >= Unit::Day && is_person || is_aside && is_ended && (unit == Unit::Year || is_born);
        if !is_age {
            return None;
        }
        let end = self.push(i, end, Kind::Age(amount));
        self.found.last_mut()?.sense = Sense::Today;
        Some(end)
    }
}
