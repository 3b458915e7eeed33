//! The pass over the tokens, and what it makes of numbers and their unit: values, ranges, sizes, fractions.

use super::chain::{Chain, Join, shares_unit};
use super::{Quantity, Unit, Words, cell};
use crate::lexicon::{UnitRole, UnitTerm, WordId};
use crate::segment::{Segmented, Table, TokenKind, TokenRange};

/// How many tokens after a label may hold its value.
const LABEL_REACH: usize = 8;

/// The quantities of a report in text order, none overlapping; `dates` holds ranges that are none, in text order.
pub fn find(text: &Segmented, tables: &[Table], dates: &[TokenRange], words: &Words) -> Vec<Quantity> {
    let reader = Reader { text, words, ids: words.ids_of(text) };
    let mut scanner = Scanner { reader, found: Vec::new(), label: None };
    let is_date = |tokens: TokenRange| {
        let next = dates.partition_point(|d| d.end <= tokens.start);
        dates.get(next).is_some_and(|d| d.overlaps(tokens))
    };
    let mut dates = dates.iter().peekable();
    let mut i = 0;
    while i < text.tokens.len() {
        while dates.next_if(|d| d.end as usize <= i).is_some() {}
        i = match dates.peek().filter(|d| d.contains(i)) {
            Some(date) => date.end as usize,
            None => scanner.step(i),
        };
    }
    let Scanner { reader, mut found, .. } = scanner;
    let in_cells = cell::find(&reader, tables, &found);
    found.extend(in_cells);
    found.sort_by_key(|q| q.tokens);
    // What a label or a list took of a date is given back.
    found.retain(|q| !is_date(q.tokens));
    found
}

/// A report with the ids of its words of measures.
pub(super) struct Reader<'s, 't> {
    pub text: &'s Segmented<'t>,
    pub words: &'s Words,
    pub ids: Vec<WordId>,
}

impl<'s> Reader<'s, '_> {
    /// The longest term of this role at token `i`, and the token after it.
    pub fn term(&self, i: usize, role: UnitRole) -> Option<(&'s UnitTerm, usize)> {
        let written = |term: &UnitTerm, end: usize| match &term.exact {
            Some(exact) => self.text.span(TokenRange::new(i, end)).slice(self.text.original()) == exact,
            None => true,
        };
        self.words.longest(&self.ids, i, |term, end| term.role == role && written(term, end))
    }

    pub fn kind(&self, i: usize) -> Option<TokenKind> {
        self.text.tokens.get(i).map(|t| t.kind)
    }

    /// True when a word or number, or any mark, at `i` touches what is before it.
    pub fn is_glued_on(&self, i: usize) -> bool {
        let token = self.text.tokens.get(i).filter(|t| !t.space_before);
        token.is_some_and(|t| match t.kind {
            TokenKind::Word | TokenKind::Number => true,
            TokenKind::Mark => self.text.word(i) == "\u{2044}",
            TokenKind::Newline => false,
        })
    }

    /// True when token `i` follows the one before it without white space, whatever it is.
    pub fn touches(&self, i: usize) -> bool {
        self.text.tokens.get(i).is_some_and(|t| !t.space_before && t.kind != TokenKind::Newline)
    }

    /// True when a number at `i` is its own: no tail of a code, a telephone number or a decimal.
    pub fn starts_clean(&self, i: usize) -> bool {
        let is_number = |i: usize| self.kind(i) == Some(TokenKind::Number);
        if i >= 2 && is_number(i) && is_number(i - 1) && is_number(i - 2) {
            return false;
        }
        if i == 0 || !self.touches(i) {
            return true;
        }
        let follows = |kind| i >= 2 && self.touches(i - 1) && self.kind(i - 2) == Some(kind);
        match self.kind(i - 1) {
            Some(TokenKind::Mark) if self.text.is_any_mark(i - 1, b".,") => false,
            Some(TokenKind::Mark) if self.text.is_any_mark(i - 1, b"-/'^*") => {
                !follows(TokenKind::Number) && !follows(TokenKind::Word)
            }
            Some(TokenKind::Word) => self.term(i - 1, UnitRole::By).is_some(),
            Some(TokenKind::Number) => false,
            _ => self.text.word(i - 1) != "\u{2044}",
        }
    }
}

pub(super) struct Scanner<'s, 't> {
    pub reader: Reader<'s, 't>,
    pub found: Vec<Quantity>,
    /// The last label, and the token after it.
    pub label: Option<(&'s UnitTerm, usize)>,
}

impl<'s> Scanner<'s, '_> {
    fn step(&mut self, i: usize) -> usize {
        if let Some((label, end)) = self.reader.term(i, UnitRole::Label) {
            return self.labelled(i).unwrap_or_else(|| {
                self.label = Some((label, end));
                end
            });
        }
        if self.reader.kind(i) == Some(TokenKind::Word)
            && self.reader.term(i, UnitRole::Power).is_some()
            && let Some((_, end)) = self.reader.unit(i)
        {
            // A unit without a value, as in the head of a column: its digits are no value.
            return end;
        }
        self.measure(i).unwrap_or(i + 1)
    }

    /// The quantities that begin at token `i`; gives the token to go on with.
    pub(super) fn measure(&mut self, i: usize) -> Option<usize> {
        let reader = &self.reader;
        let (comparator, mut at) = match reader.term(i, UnitRole::Comparator) {
            Some((term, end)) => (Some(term.id.clone()), end),
            None => (None, i),
        };
        let opener = reader.term(at, UnitRole::Open);
        at = opener.map_or(at, |(_, end)| end);
        if let Some((value, unit, end)) = reader.in_minutes(at) {
            return Some(self.timed((i, at), comparator, opener.is_some(), value, &unit, end));
        }
        let has_minus = reader.text.is_mark(at, b'-') && reader.touches(at + 1) && !reader.touches(at);
        let from = at + usize::from(has_minus);
        let follows = self.found.last().is_some_and(|q| q.tokens.end as usize + 1 == from);
        let chain = reader.chain(from, opener.map(|(term, _)| term))?;
        if !follows && !reader.starts_clean(from) {
            return None;
        }
        if reader.is_clock(i, &chain) {
            return Some(chain.end);
        }
        let start = if comparator.is_some() { i } else { at };
        Some(self.push_chain(chain, (i, start), comparator, has_minus))
    }

    /// Gives each number of the chain its unit, or makes a range, a fraction or a value of two units of them.
    fn push_chain(
        &mut self,
        chain: Chain,
        (whole, start): (usize, usize),
        comparator: Option<String>,
        has_minus: bool,
    ) -> usize {
        let Chain { numbers, starts, joins, unit, end } = chain;
        let sign = if has_minus { -1.0 } else { 1.0 };
        let last = numbers[numbers.len() - 1];
        let is_length = self.reader.words.is_length(&unit.dimension);
        let is_pressure = self.reader.words.is_base(&unit.dimension, "pressure");
        let label = self.label_for(&unit, start);
        match joins.as_slice() {
            [] => {
                let (value, end) = self.reader.compound(last.value, &unit, end).unwrap_or((last.value, end));
                self.push(start, end, (sign * value, None), comparator, unit, label);
                return end;
            }
            [Join::To] if numbers[0].value < last.value => {
                self.push(whole, end, (sign * numbers[0].value, Some(last.value)), comparator, unit, label);
            }
            [Join::Slash] if !is_pressure && !is_length => {
                if last.value > 0.0 {
                    self.push(start, end, (numbers[0].value / last.value, None), comparator, unit, label);
                }
            }
            joins if shares_unit(joins, is_length, is_pressure) => {
                for (k, (number, from)) in numbers.iter().zip(&starts).enumerate() {
                    let to = if k + 1 == numbers.len() { end } else { number.end };
                    let comparator = comparator.clone().filter(|_| k == 0);
                    let from = if k == 0 { start } else { *from };
                    self.push(from, to, (number.value, None), comparator, unit.clone(), label.clone());
                }
            }
            _ => self.push(starts[starts.len() - 1], end, (last.value, None), None, unit, label),
        }
        end
    }

    /// "5'14''", and "entre 5'14'' et 6'05".
    fn timed(
        &mut self,
        (whole, start): (usize, usize),
        comparator: Option<String>,
        is_opened: bool,
        value: f64,
        unit: &Unit,
        end: usize,
    ) -> usize {
        let to = self.reader.term(end, UnitRole::To).filter(|_| is_opened);
        let label = self.label_for(unit, start);
        if let Some((high, _, after)) = to.and_then(|(_, next)| self.reader.in_minutes(next)) {
            self.push(whole, after, (value, Some(high)), comparator, unit.clone(), label);
            return after;
        }
        self.push(start, end, (value, None), comparator, unit.clone(), label);
        end
    }

    /// The label that stands shortly before token `i` on its line, when it can be counted in this unit.
    fn label_for(&self, unit: &Unit, i: usize) -> Option<String> {
        let (label, end) = self.label.filter(|(_, end)| *end <= i && i - end <= LABEL_REACH)?;
        let breaks = |j: usize| {
            self.reader.kind(j) == Some(TokenKind::Newline) || self.reader.text.is_any_mark(j, b";.")
        };
        let fits = self.reader.words.defaults(&label.id).iter().any(|d| d.unit.dimension == unit.dimension);
        (fits && !(end..i).any(breaks)).then(|| label.id.clone())
    }

    pub(super) fn push(
        &mut self,
        start: usize,
        end: usize,
        (value, high): (f64, Option<f64>),
        comparator: Option<String>,
        unit: Unit,
        label: Option<String>,
    ) {
        let tokens = TokenRange::new(start, end);
        self.found.push(Quantity { tokens, value, high, comparator, unit, label });
    }
}
