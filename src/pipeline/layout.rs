//! What `segment` gives of a report: its sections, sentences, dates and periods.

use super::Engine;
use super::times::Times;
use crate::document::Document;
use crate::segment::{Section, Segmented, SentenceRules};
use crate::span::Span;
use jiff::civil::{Date, DateTime};

/// A section of a report, in original bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionSpan {
    /// Id of its kind.
    pub kind: String,
    /// The title.
    pub title: Span,
    /// What stands under it.
    pub body: Span,
}

/// A report cut into its parts, in original bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Titled parts.
    pub sections: Vec<SectionSpan>,
    /// Sentences.
    pub sentences: Vec<Span>,
    /// Dates, durations and ages.
    pub dates: Vec<DateSpan>,
    /// Periods, from the date that begins one to what ends it.
    pub periods: Vec<Span>,
}

/// A date of a report, in original bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateSpan {
    /// Where it stands.
    pub span: Span,
    /// `absolute`, `relative`, `weekday`, `duration`, `age`, `gestational_age`, `postnatal` or `after`.
    pub kind: &'static str,
    /// What it says, in the normal form of `lexicons/dates`.
    pub value: String,
    /// How finely.
    pub precision: &'static str,
    /// The day it means, when that is known.
    pub date: Option<Date>,
    /// That day with the time of day that the text gives, else midnight.
    pub datetime: Option<DateTime>,
    /// Days from the report to that day.
    pub delta_days: Option<i32>,
}

/// What a caller may ask of a layout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayoutOptions {
    /// How sentences are cut.
    pub sentences: SentenceRules,
    /// Leave the time of day out of calendar dates.
    pub days_only: bool,
}

impl Engine {
    /// The parts of a report, read as the engine reads them.
    pub fn layout(&self, document: &Document) -> Layout {
        self.layout_with(document, &LayoutOptions::default())
    }

    /// The parts of a report, read as the caller asks.
    pub fn layout_with(&self, document: &Document, options: &LayoutOptions) -> Layout {
        let segmented = Segmented::with_rules(&document.text, &self.lexicons, &options.sentences);
        let times = if options.days_only {
            Times::days_of(document, &segmented, &self.dates)
        } else {
            Times::of(document, &segmented, &self.dates)
        };
        let section = |s: &Section| SectionSpan {
            kind: self.lexicons.sections[s.kind as usize].id.clone(),
            title: segmented.span(s.title),
            body: segmented.span(s.body),
        };
        Layout {
            sections: segmented.sections.iter().map(section).collect(),
            sentences: segmented.sentences.iter().map(|s| segmented.span(*s)).collect(),
            dates: times.spans(&segmented),
            periods: times.periods(&segmented),
        }
    }
}
