//! The dates of a report, given to its mentions: which day, which gestational age.

use super::DateSpan;
use crate::date::{self, Anchors, Found, Precision, Source};
use crate::document::Document;
use crate::event::{DatePrecision, DateSource, EventDate, Experiencer, Reading, Temporality};
use crate::mention::Mention;
use crate::segment::{Segmented, TokenRange};
use crate::span::Span;
use jiff::civil::Date;

/// Days after which a dated finding that does not last is taken to be over.
const LONG_AGO: i32 = 60;

/// The dates of one report and what they are counted from.
pub(super) struct Times {
    found: Vec<Found>,
    anchors: Anchors,
    /// Gestational age on the day of the report; looked up once, since it reads every date.
    report_gestational_age: Option<u16>,
}

impl Times {
    /// Finds the dates of a report.
    pub fn of(document: &Document, segmented: &Segmented, words: &date::Words) -> Self {
        Self::from(document, date::find(segmented, words))
    }

    /// As [`Times::of`], calendar dates without their time of day.
    pub fn days_of(document: &Document, segmented: &Segmented, words: &date::Words) -> Self {
        Self::from(document, date::find_days(segmented, words))
    }

    fn from(document: &Document, found: Vec<Found>) -> Self {
        let mut anchors = Anchors { report: document.date, birth: document.birth_date, last_period: None };
        anchors.last_period = date::last_period(&found, &anchors);
        Self { report_gestational_age: date::report_gestational_age(&found), found, anchors }
    }

    /// The date that goes with a mention.
    pub fn nearest(&self, segmented: &Segmented, mention: &Mention) -> Option<&Found> {
        date::nearest(&self.found, segmented, mention.tokens)
    }

    /// The day that the date of a mention means. An age is counted from the patient's birth, so it dates nobody else's finding.
    pub fn date(&self, found: Option<&Found>, reading: &Reading) -> Option<EventDate> {
        let resolved = date::resolve(found?, &self.anchors)?;
        let precision = match resolved.precision {
            Precision::Day => DatePrecision::Day,
            Precision::Week => DatePrecision::Week,
            Precision::Month => DatePrecision::Month,
            Precision::Year => DatePrecision::Year,
            Precision::GestationalWeek => DatePrecision::GestationalWeek,
            Precision::Age if is_own(reading) => DatePrecision::Age,
            Precision::Age => return None,
        };
        let source = match resolved.source {
            Source::Explicit | Source::Inferred => DateSource::Explicit,
            Source::Relative => DateSource::Relative,
        };
        Some(EventDate { date: resolved.date, precision, source })
    }

    /// True when the date of a mention lies well before the report, and is not said to be a beginning.
    pub fn is_long_ago(&self, found: Option<&Found>) -> bool {
        let Some(found) = found else { return false };
        let report = self.anchors.report;
        let days = match found.kind {
            // A report names its own time by days or months: a month or a year alone is history, even when its own date is unknown.
            date::Kind::Absolute(day) if report.is_none() && day.year.is_some() && day.day.is_none() => {
                LONG_AGO
            }
            date::Kind::Relative { direction: date::Direction::Past, amount } => amount.in_days(),
            date::Kind::Absolute(_) => date::resolve(found, &self.anchors)
                .and_then(|r| r.date.until(report?).ok())
                .map_or(0, |gap| gap.get_days()),
            _ => 0,
        };
        days >= LONG_AGO && found.bound != Some(date::Bound::From)
    }

    /// The gestational age written for a mention, else, for what the fetus has now, the one of the report.
    pub fn gestational_age(
        &self,
        segmented: &Segmented,
        mention: &Mention,
        reading: &Reading,
    ) -> Option<u16> {
        let is_now = reading.experiencer == Experiencer::Fetus && reading.temporality == Temporality::Current;
        let of_report = || self.report_gestational_age.filter(|_| is_now);
        date::gestational_age(&self.found, segmented, mention.tokens).or_else(of_report)
    }

    /// The periods that the dates bound.
    pub fn periods(&self, segmented: &Segmented) -> Vec<Span> {
        date::periods(&self.found).iter().map(|period| segmented.span(period.tokens)).collect()
    }

    /// The tokens of everything that is no quantity: what says when, and not how long.
    pub fn not_quantities(&self) -> Vec<TokenRange> {
        let is_moment = |f: &&Found| !matches!(f.kind, date::Kind::Duration(_));
        self.found.iter().filter(is_moment).map(|f| f.tokens).collect()
    }

    /// Every date with its place.
    pub fn spans(&self, segmented: &Segmented) -> Vec<DateSpan> {
        let span = |found: &Found| {
            let resolved = date::resolve(found, &self.anchors);
            let day = resolved.map(|r| r.date);
            let (hour, minute) = resolved.and_then(|r| r.time).unwrap_or_default();
            DateSpan {
                span: segmented.span(found.tokens),
                kind: kind_name(found),
                value: found.normal_form(),
                precision: found.precision().as_str(),
                date: day,
                datetime: day.map(|d| d.at(hour as i8, minute as i8, 0, 0)),
                delta_days: day.zip(self.anchors.report).and_then(|(day, report)| days_from(report, day)),
            }
        };
        self.found.iter().map(span).collect()
    }
}

/// The days from the report to a day, negative before it.
fn days_from(report: Date, day: Date) -> Option<i32> {
    report.until(day).ok().map(|gap| gap.get_days())
}

fn is_own(reading: &Reading) -> bool {
    matches!(reading.experiencer, Experiencer::Patient | Experiencer::Fetus)
}

fn kind_name(found: &Found) -> &'static str {
    match found.kind {
        date::Kind::Absolute(_) => "absolute",
        date::Kind::Relative { .. } => "relative",
        date::Kind::Weekday { .. } => "weekday",
        date::Kind::Duration(_) => "duration",
        date::Kind::Age(_) => "age",
        date::Kind::Gestation { .. } => "gestational_age",
        date::Kind::Postnatal { .. } => "postnatal",
        date::Kind::After { .. } => "after",
    }
}
