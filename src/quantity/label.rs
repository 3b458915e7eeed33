//! Labels and the values after them: "poids : 75", "TA 12/8", "poids / IMC / taille : 57/22/150".

use super::Unit;
use super::scan::{Reader, Scanner};
use crate::lexicon::{UnitRole, UnitTerm};
use crate::segment::TokenKind;

/// Most labels that may stand together.
const MOST_LABELS: usize = 6;
/// Most words between a label and its value.
const MOST_FILLERS: usize = 4;

/// A label with the unit written beside it: "Poids (kg)".
pub(super) struct Label<'s> {
    pub term: &'s UnitTerm,
    pub unit: Option<Unit>,
}

/// A value of a label, without a unit of its own unless one follows.
struct Value {
    low: f64,
    start: usize,
    end: usize,
    unit: Option<Unit>,
}

impl<'s> Scanner<'s, '_> {
    /// The values of the labels that begin at token `i`; gives the token after the last.
    pub(super) fn labelled(&mut self, i: usize) -> Option<usize> {
        let (labels, end) = self.reader.labels(i)?;
        let (at, is_announced) = self.reader.over_fillers(end, labels.len() > 1);
        if let [label] = labels.as_slice()
            && label.unit.is_none()
            && !self.reader.divides(i)
        {
            // A value with its unit is read like any other; the label names it.
            self.label = Some((label.term, end));
            let opens =
                at > end && self.reader.term(at - 1, UnitRole::Open).is_some_and(|(_, next)| next == at);
            if let Some(after) = self.measure(at - usize::from(opens)) {
                return Some(after);
            }
        }
        let most = if labels[0].term.is_pair { 2 } else { labels.len() };
        let values = self.reader.values(at, most)?;
        let after = values.last()?.end;
        let is_named = self.reader.is_label(after);
        let fits = values.len() == most || (is_named && values.len() < most);
        if !fits || self.reader.divides(i) || !self.reader.may_end(after, is_announced) {
            return None;
        }
        let named: Vec<_> =
            values.iter().enumerate().map(|(k, value)| (&labels[k.min(labels.len() - 1)], value)).collect();
        let units = named
            .iter()
            .map(|(label, value)| self.reader.unit_for(label, value))
            .collect::<Option<Vec<_>>>()?;
        for ((label, value), unit) in named.into_iter().zip(units) {
            self.push(value.start, value.end, (value.low, None), None, unit, Some(label.term.id.clone()));
        }
        Some(after)
    }
}

impl<'s> Reader<'s, '_> {
    /// The labels from token `i`, with what joins them; `None` when an unknown word is joined to them.
    pub(super) fn labels(&self, i: usize) -> Option<(Vec<Label<'s>>, usize)> {
        let mut labels = Vec::new();
        let mut at = i;
        loop {
            let (term, end) = self.term(at, UnitRole::Label)?;
            let (unit, end) = self.unit_in_brackets(end).map_or((None, end), |(unit, end)| (Some(unit), end));
            labels.push(Label { term, unit });
            let next = self.term(end, UnitRole::Joint).map_or(end, |(_, next)| next);
            if labels.len() == MOST_LABELS || !self.is_label(next) {
                let is_cut = self.text.is_mark(end, b'/') && self.kind(next) == Some(TokenKind::Word);
                return (!is_cut).then_some((labels, end));
            }
            at = next;
        }
    }

    pub(super) fn is_label(&self, i: usize) -> bool {
        self.term(i, UnitRole::Label).is_some()
    }

    /// True when a slash joins the label at `i` to a word before it.
    fn divides(&self, i: usize) -> bool {
        i >= 2 && self.text.is_mark(i - 1, b'/') && self.kind(i - 2) == Some(TokenKind::Word)
    }

    /// The unit of "(kg)", "[kg]" or "en kg".
    pub(super) fn unit_in_brackets(&self, i: usize) -> Option<(Unit, usize)> {
        if let Some((_, end)) = self.term(i, UnitRole::In) {
            return self.unit_after(end);
        }
        if !self.text.is_any_mark(i, b"([") {
            return None;
        }
        let (unit, end) = self.unit_after(i + 1)?;
        self.text.is_any_mark(end, b")]").then_some((unit, end + 1))
    }

    /// Past the words and marks between labels and values, and whether a mark announces the values.
    fn over_fillers(&self, i: usize, may_break: bool) -> (usize, bool) {
        let mut at = i;
        let mut is_announced = false;
        for _ in 0..MOST_FILLERS {
            let is_break = self.kind(at) == Some(TokenKind::Newline);
            if let Some((_, end)) = self.term(at, UnitRole::Filler) {
                is_announced |= self.text.is_any_mark(at, b":=");
                at = end;
            } else if self.text.is_mark(at, b'\t') || (is_break && (may_break || is_announced)) {
                (at, is_announced) = (at + 1, is_announced || is_break);
            } else {
                break;
            }
        }
        (at, is_announced)
    }

    /// Numbers from token `i`, alone or with their units, joined like labels; `None` when there are more than `most`.
    fn values(&self, i: usize, most: usize) -> Option<Vec<Value>> {
        let mut values = Vec::new();
        let mut at = i;
        while let Some(number) = self.number(at).filter(|_| self.kind(at) == Some(TokenKind::Number)) {
            if values.len() == most {
                return None;
            }
            let (unit, end) =
                self.unit_of_value(number.end).map_or((None, number.end), |(unit, end)| (Some(unit), end));
            values.push(Value { low: number.value, start: at, end, unit });
            at = self.term(end, UnitRole::Joint).map_or(end, |(_, next)| next);
            while self.text.is_mark(at, b'\t') {
                at += 1;
            }
        }
        Some(values)
    }

    /// True when a bare value may end before token `i`.
    fn may_end(&self, i: usize, is_announced: bool) -> bool {
        match self.kind(i) {
            None | Some(TokenKind::Newline) => true,
            Some(TokenKind::Mark) if self.text.is_mark(i, b'/') => self.is_label(i + 1),
            Some(TokenKind::Mark) if self.text.is_mark(i, b'-') => !self.touches(i),
            Some(TokenKind::Mark) => !self.text.is_any_mark(i, b"%+"),
            Some(TokenKind::Number) => false,
            Some(TokenKind::Word) => self.is_label(i) || (is_announced && self.text.tokens[i].space_before),
        }
    }

    /// The unit written with the value or the label, else the first default of the label that the value is likely in.
    fn unit_for(&self, label: &Label, value: &Value) -> Option<Unit> {
        let written = value.unit.clone().or_else(|| label.unit.clone());
        written.or_else(|| self.default_unit(&label.term.id, value.low))
    }

    pub(super) fn default_unit(&self, label: &str, value: f64) -> Option<Unit> {
        let likely = |d: &&super::words::DefaultUnit| (d.least..=d.most).contains(&value);
        self.words.defaults(label).iter().find(likely).map(|d| d.unit.clone())
    }
}
