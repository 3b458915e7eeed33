//! Numbers: digits with a decimal part, groups of thousands, fractions, words.

use super::scan::Reader;
use crate::lexicon::UnitRole;
use crate::segment::TokenKind;

/// Longest number read, in characters: longer ones are codes.
const LONGEST: usize = 15;
/// Most groups of three digits after the first.
const MOST_GROUPS: usize = 3;

/// A number, and the token after it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Number {
    pub value: f64,
    pub end: usize,
}

impl Reader<'_, '_> {
    /// The number at token `i`.
    pub(super) fn number(&self, i: usize) -> Option<Number> {
        if self.kind(i) != Some(TokenKind::Number) {
            return self.told(i);
        }
        if self.is_glued_on(i + 1) && self.is_glued_on(i + 2) && self.text.word(i + 1) == "\u{2044}" {
            return self.fraction(i);
        }
        Some(Number { value: decimal(self.text.word(i))?, end: i + 1 })
    }

    /// A number in words: "cent vingt" is what its parts make together.
    fn told(&self, i: usize) -> Option<Number> {
        let (term, mut end) = self.term(i, UnitRole::Number)?;
        let (mut value, mut least) = (term.factor, term.factor);
        for _ in 0..MOST_GROUPS {
            let Some((next, after)) = self.term(end, UnitRole::Number) else { break };
            let round = [1000.0, 100.0].into_iter().find(|round| least >= *round && least % round == 0.0);
            if round.is_none_or(|round| next.factor >= round) {
                break;
            }
            (value, least, end) = (value + next.factor, next.factor, after);
        }
        Some(Number { value, end })
    }

    /// A fraction, which one character of the text may write, after a whole number or not: "1½".
    fn fraction(&self, i: usize) -> Option<Number> {
        let word = self.text.word(i);
        let digits = self.text.written(i).bytes().take_while(u8::is_ascii_digit).count();
        let (whole, top) = if digits < word.len() { word.split_at(digits) } else { ("0", word) };
        let whole = if whole.is_empty() { 0.0 } else { decimal(whole)? };
        let below = decimal(self.text.word(i + 2)).filter(|n| *n > 0.0)?;
        Some(Number { value: whole + decimal(top)? / below, end: i + 3 })
    }

    /// The number at token `i` with its groups of thousands: "250 000".
    pub(super) fn grouped(&self, i: usize) -> Option<Number> {
        let first = self.number(i)?;
        let is_head = |text: &str| text.len() <= 3 && !text.starts_with('0') && is_digits(text);
        if self.kind(i) != Some(TokenKind::Number) || !is_head(self.text.word(i)) {
            return Some(first);
        }
        let groups = (first.end..).take(MOST_GROUPS).take_while(|&j| self.is_group(j)).count();
        let more = (first.end..first.end + groups).filter_map(|j| decimal(self.text.word(j)));
        Some(Number { value: more.fold(first.value, |sum, n| sum * 1000.0 + n), end: first.end + groups })
    }

    /// Three digits, one space after the digits before.
    fn is_group(&self, i: usize) -> bool {
        self.kind(i) == Some(TokenKind::Number)
            && is_digits(self.text.word(i))
            && self.text.word(i).len() == 3
            && self.text.tokens[i].start - self.text.tokens[i - 1].end == 1
    }

    /// The whole number of at most `width` digits at token `i`.
    pub(super) fn digits(&self, i: usize, width: usize) -> Option<f64> {
        let is_number = self.kind(i) == Some(TokenKind::Number);
        let word = is_number.then(|| self.text.word(i)).filter(|w| w.len() <= width && is_digits(w))?;
        decimal(word)
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn decimal(text: &str) -> Option<f64> {
    (text.len() <= LONGEST).then(|| text.replace(',', ".").parse().ok())?
}
