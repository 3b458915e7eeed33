//! Numbers, durations, dates and ranges, in words.

use super::Writer;
use crate::phenotype::definition::{Calendar, Missing, Range, ValueRange};

const YEAR: f64 = 365.25;

/// A number of days this near to whole years is read as years.
const NEAR_YEAR: f64 = 0.8;

/// Both ends of a range, as words.
type Ends<'e> = (Option<&'e str>, Option<&'e str>);

impl Writer<'_> {
    /// Small numbers in words, others in digits with a comma.
    pub(super) fn number(&self, number: f64) -> String {
        let whole = number.fract() == 0.0 && (0.0..10.0).contains(&number);
        let word = whole.then(|| self.phrases.word("numbers", number as usize)).flatten();
        word.map_or_else(|| digits(number), str::to_string)
    }

    /// A count, in words when small.
    pub(super) fn count(&self, number: usize) -> String {
        self.phrases.word("numbers", number).map_or_else(|| number.to_string(), str::to_string)
    }

    /// A duration: years when it is whole years, days otherwise.
    pub(super) fn duration(&self, days: f64) -> String {
        let years = (days / YEAR).round();
        if years >= 1.0 && (days - years * YEAR).abs() <= NEAR_YEAR.max(0.25 * years) {
            let key = if years < 2.0 { "unit.year" } else { "unit.years" };
            return self.phrases.fill(key, &[("n", &self.number(years))]);
        }
        let key = if days < 2.0 { "unit.day" } else { "unit.days" };
        self.phrases.fill(key, &[("n", &self.number(days))])
    }

    /// A gestational age: weeks and days.
    fn gestation(&self, days: f64) -> String {
        let (weeks, rest) = ((days / 7.0).floor(), days % 7.0);
        let key = if rest == 0.0 { "unit.weeks" } else { "unit.weeks_and" };
        self.phrases.fill(key, &[("n", &digits(weeks)), ("d", &digits(rest))])
    }

    fn day(&self, text: &str) -> String {
        let parts: Vec<usize> = text.split('-').filter_map(|part| part.parse().ok()).collect();
        let [year, month, day] = parts[..] else { return text.to_string() };
        let Some(name) = self.phrases.word("months", month.wrapping_sub(1)) else { return text.to_string() };
        let key = if day == 1 { "calendar.first" } else { "calendar.day" };
        self.phrases.fill(key, &[("day", &day.to_string()), ("month", name), ("year", &year.to_string())])
    }

    fn ends(&self, prefix: &str, (from, below): Ends<'_>) -> String {
        let kind = match (from, below) {
            (Some(_), Some(_)) => "both",
            (Some(_), None) => "from",
            (None, Some(_)) => "below",
            (None, None) => "known",
        };
        let values = [("from", from.unwrap_or_default()), ("below", below.unwrap_or_default())];
        self.phrases.fill(&format!("range.{prefix}_{kind}"), &values)
    }

    fn range(&self, prefix: &str, range: &Range, write: impl Fn(f64) -> String) -> String {
        let (from, below) = (range.from.map(&write), range.below.map(&write));
        self.unless_missing(range, self.ends(prefix, (from.as_deref(), below.as_deref())))
    }

    fn unless_missing(&self, range: &Range, text: String) -> String {
        match range.missing {
            Missing::Refuse => text,
            Missing::Accept => self.phrases.fill("range.accept", &[("text", &text)]),
        }
    }

    pub(super) fn certainty(&self, range: &Range) -> String {
        self.range("certainty", range, digits)
    }

    pub(super) fn gestational_age(&self, range: &Range) -> String {
        self.range("gestation", range, |days| self.gestation(days))
    }

    pub(super) fn term(&self, range: &Range) -> String {
        self.range("term", range, |days| self.gestation(days))
    }

    pub(super) fn value(&self, value: &ValueRange) -> String {
        let unit = value.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
        let range = Range { from: value.from, below: value.below, missing: Missing::Refuse };
        self.range("value", &range, |number| format!("{}{unit}", digits(number)))
    }

    /// An age; a negative one is so long before birth.
    pub(super) fn age(&self, range: &Range) -> String {
        let (from, below) = (range.from, range.below);
        let early = |end: Option<f64>| end.is_some_and(|end| end < 0.0);
        let key = match (from, below) {
            (Some(0.0), None) => "range.birth_on",
            (Some(0.0), Some(_)) => "range.birth_to",
            (None, Some(0.0)) => "range.before_birth",
            (Some(_), Some(0.0)) if early(from) => "range.before_from",
            (Some(_), Some(_)) if early(from) && early(below) => "range.birth_both",
            (Some(_), Some(_)) if early(from) => "range.birth_until",
            (Some(_), None) if early(from) => "range.birth_from",
            (None, Some(_)) if early(below) => "range.birth_below",
            _ => return self.range("age", range, |days| self.duration(days)),
        };
        let write = |end: Option<f64>| end.map(|end| self.duration(end.abs())).unwrap_or_default();
        let text = self.phrases.fill(key, &[("from", &write(from)), ("below", &write(below))]);
        self.unless_missing(range, text)
    }

    pub(super) fn calendar(&self, prefix: &str, calendar: &Calendar) -> String {
        let [from, until] =
            [&calendar.from, &calendar.until].map(|text| text.as_deref().map(|text| self.day(text)));
        let kind = match (&from, &until) {
            (Some(_), Some(_)) => "both",
            (Some(_), None) => "from",
            (None, Some(_)) => "until",
            (None, None) => return String::new(),
        };
        let values =
            [("from", from.as_deref().unwrap_or_default()), ("until", until.as_deref().unwrap_or_default())];
        self.phrases.fill(&format!("calendar.{prefix}_{kind}"), &values)
    }
}

/// Digits, with the comma of French.
fn digits(number: f64) -> String {
    number.to_string().replace('.', ",")
}
