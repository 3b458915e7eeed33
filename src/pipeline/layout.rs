//! What `segment` gives of a report: its sections, sentences, dates, periods, tables and quantities.

use super::Engine;
use super::times::Times;
use crate::document::Document;
use crate::quantity::{self, Quantity, Unit};
use crate::segment::{self, Section, Segmented, SentenceRules, Table};
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// Titled parts.
    pub sections: Vec<SectionSpan>,
    /// Sentences.
    pub sentences: Vec<Span>,
    /// Dates, durations and ages.
    pub dates: Vec<DateSpan>,
    /// Periods, from the date that begins one to what ends it.
    pub periods: Vec<Span>,
    /// Tables.
    pub tables: Vec<TableSpan>,
    /// Values with their units.
    pub quantities: Vec<QuantitySpan>,
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

/// A table of a report, in original bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSpan {
    /// All of it.
    pub span: Span,
    /// Its cells, row by row; a cell may be empty.
    pub rows: Vec<Vec<Span>>,
}

/// A quantity of a report, in original bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantitySpan {
    /// Where it stands.
    pub span: Span,
    /// The value, or the lower end of a range.
    pub value: f64,
    /// The upper end of a range.
    pub high: Option<f64>,
    /// `<`, `>`, `<=`, `>=`, `~`.
    pub comparator: Option<String>,
    /// Id of the unit.
    pub unit: String,
    /// What the unit measures.
    pub dimension: String,
    /// What is measured, when a label says so.
    pub label: Option<String>,
    /// The value and the upper end in the units that the caller asked for.
    pub converted: Vec<(String, f64, Option<f64>)>,
}

/// What a caller may ask of a layout.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayoutOptions {
    /// How sentences are cut.
    pub sentences: SentenceRules,
    /// Leave the time of day out of calendar dates.
    pub days_only: bool,
    /// Units that quantities are converted to, where they can be.
    pub units: Vec<Unit>,
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
        let tables = segment::tables(&segmented);
        Layout {
            sections: segmented.sections.iter().map(section).collect(),
            sentences: segmented.sentences.iter().map(|s| segmented.span(*s)).collect(),
            dates: times.spans(&segmented),
            periods: times.periods(&segmented),
            quantities: quantity::find(&segmented, &tables, &times.not_quantities(), &self.measures)
                .iter()
                .map(|q| self.quantity(&segmented, q, &options.units))
                .collect(),
            tables: tables.iter().map(|t| table(&segmented, t)).collect(),
        }
    }

    /// A unit by its id, simple or composed ("kg", "kg_per_m2").
    pub fn unit(&self, id: &str) -> Option<Unit> {
        self.measures.named(id)
    }

    fn quantity(&self, segmented: &Segmented, found: &Quantity, units: &[Unit]) -> QuantitySpan {
        let converted = units.iter().filter_map(|unit| {
            let (value, high) = found.in_unit(unit)?;
            Some((unit.id.clone(), value, high))
        });
        QuantitySpan {
            span: segmented.span(found.tokens),
            value: found.value,
            high: found.high,
            comparator: found.comparator.clone(),
            unit: found.unit.id.clone(),
            dimension: self.measures.name(&found.unit.dimension),
            label: found.label.clone(),
            converted: converted.collect(),
        }
    }
}

fn table(segmented: &Segmented, table: &Table) -> TableSpan {
    let row = |row: &Vec<_>| row.iter().map(|cell| segmented.span(*cell)).collect();
    TableSpan { span: segmented.span(table.tokens), rows: table.rows.iter().map(row).collect() }
}
