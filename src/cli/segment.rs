//! `laennec segment`: sections, sentences, dates, periods, tables and quantities of documents.

use super::lines::{self, Object};
use super::{Failed, Result};
use crate::document::Document;
use crate::pipeline::{DateSpan, Engine, LayoutOptions, QuantitySpan, SectionSpan, TableSpan};
use crate::segment::{Capitals, LineRules, SentenceRules};
use crate::span::{CodePoints, Span};
use serde_json::{Value, json};

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Example:
  echo '{\"id\": 1, \"text\": \"CONCLUSION : RAS le 02/04/2024.\"}' | laennec segment

A line may hold `soft_newlines`: offsets of line breaks that only wrap a line.
Without --newlines, --hard-newlines, --capitals and --bullets the engine decides by itself which line breaks end a
sentence: before titles, items, rows and capitals, after colons and blank lines.";

/// Cut documents into their parts.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    input: lines::Input,
    /// Dates end before their time of day.
    #[arg(long)]
    days_only: bool,
    /// Also give quantities in this unit, where they can be (an id: g, cm3, kg_per_m2); repeatable.
    #[arg(long, value_name = "UNIT")]
    unit: Vec<String>,
    /// Points, exclamation and question marks end no sentence.
    #[arg(long, help_heading = "Sentences")]
    ignore_points: bool,
    /// Fewest line breaks that may end a sentence.
    #[arg(long, value_name = "N", help_heading = "Sentences")]
    newlines: Option<usize>,
    /// So many line breaks end a sentence whatever follows.
    #[arg(long, value_name = "N", help_heading = "Sentences")]
    hard_newlines: Option<usize>,
    /// What must begin the next line: any capital, a capital before small letters, or nothing.
    #[arg(long, value_enum, help_heading = "Sentences")]
    capitals: Option<CapitalRule>,
    /// Marks that begin an item, and no others; written together.
    #[arg(long, value_name = "MARKS", help_heading = "Sentences", allow_hyphen_values = true)]
    bullets: Option<String>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum CapitalRule {
    Any,
    Title,
    Ignore,
}

impl Arguments {
    fn options(&self) -> LayoutOptions {
        let is_ruled = self.newlines.is_some()
            || self.hard_newlines.is_some()
            || self.capitals.is_some()
            || self.bullets.is_some();
        let sentences = SentenceRules {
            ignores_points: self.ignore_points,
            lines: is_ruled.then(|| self.line_rules()),
            ..SentenceRules::default()
        };
        LayoutOptions { sentences, days_only: self.days_only, units: Vec::new() }
    }

    fn line_rules(&self) -> LineRules {
        LineRules {
            fewest: self.newlines.unwrap_or(1),
            always: self.hard_newlines,
            capitals: match self.capitals {
                None | Some(CapitalRule::Any) => Capitals::Any,
                Some(CapitalRule::Title) => Capitals::Title,
                Some(CapitalRule::Ignore) => Capitals::Ignored,
            },
            bullets: self.bullets.as_deref().unwrap_or_default().chars().collect(),
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let engine = arguments.input.engine()?;
    let known = |id: &String| {
        engine
            .unit(id)
            .ok_or_else(|| Failed(format!("unit {id:?} is not known; give an id of lexicons/units")))
    };
    let units = arguments.unit.iter().map(known).collect::<Result<_>>()?;
    let options = LayoutOptions { units, ..arguments.options() };
    lines::each(&arguments.input, |object| segment(&engine, &options, object))
}

fn segment(engine: &Engine, options: &LayoutOptions, object: Object) -> std::result::Result<Value, String> {
    let document = lines::document(&object)?;
    let points = CodePoints::new(&document.text);
    let layout = engine.layout_with(&document, &of_line(options, &object, &document, &points));
    let mut answer = Object::new();
    for name in ["id", "document_id", "note_id"] {
        if let Some(id) = object.get(name) {
            answer.insert(name.to_string(), id.clone());
        }
    }
    let spans = |spans: &[Span]| spans.iter().map(|s| range(*s, &points)).collect::<Value>();
    answer.insert("sections".into(), layout.sections.iter().map(|s| section(s, &points)).collect());
    answer.insert("sentences".into(), spans(&layout.sentences));
    answer.insert("dates".into(), layout.dates.iter().map(|d| date(d, &points)).collect());
    answer.insert("periods".into(), spans(&layout.periods));
    answer.insert("tables".into(), layout.tables.iter().map(|t| table(t, &points)).collect());
    answer.insert("quantities".into(), layout.quantities.iter().map(|q| quantity(q, &points)).collect());
    Ok(Value::Object(answer))
}

/// The options of the command with what a line says of its own breaks.
fn of_line(
    options: &LayoutOptions,
    object: &Object,
    document: &Document,
    points: &CodePoints,
) -> LayoutOptions {
    let mut options = options.clone();
    let offsets = object.get("soft_newlines").and_then(Value::as_array).into_iter().flatten();
    let bytes = offsets.filter_map(|offset| points.to_byte(u32::try_from(offset.as_u64()?).ok()?));
    let is_break = |byte: &u32| matches!(document.text.as_bytes().get(*byte as usize), Some(b'\n' | b'\r'));
    options.sentences.soft_breaks = bytes.filter(is_break).collect();
    options
}

fn range(span: Span, points: &CodePoints) -> Value {
    json!({"start": points.of_byte(span.start), "end": points.of_byte(span.end)})
}

fn section(section: &SectionSpan, points: &CodePoints) -> Value {
    json!({
        "kind": section.kind,
        "title_start": points.of_byte(section.title.start),
        "title_end": points.of_byte(section.title.end),
        "start": points.of_byte(section.body.start),
        "end": points.of_byte(section.body.end),
    })
}

fn date(date: &DateSpan, points: &CodePoints) -> Value {
    json!({
        "start": points.of_byte(date.span.start),
        "end": points.of_byte(date.span.end),
        "kind": date.kind,
        "value": date.value,
        "precision": date.precision,
        "date": date.date,
        "datetime": date.datetime,
        "delta_days": date.delta_days,
    })
}

fn table(table: &TableSpan, points: &CodePoints) -> Value {
    let row = |row: &Vec<Span>| row.iter().map(|cell| range(*cell, points)).collect::<Value>();
    json!({
        "start": points.of_byte(table.span.start),
        "end": points.of_byte(table.span.end),
        "rows": table.rows.iter().map(row).collect::<Value>(),
    })
}

/// Fields without a value are left out.
fn quantity(quantity: &QuantitySpan, points: &CodePoints) -> Value {
    let mut fields = Object::new();
    fields.insert("start".into(), points.of_byte(quantity.span.start).into());
    fields.insert("end".into(), points.of_byte(quantity.span.end).into());
    fields.insert("value".into(), number(quantity.value));
    fields.extend(quantity.high.map(|high| ("high".into(), number(high))));
    fields.extend(quantity.comparator.clone().map(|sign| ("comparator".into(), sign.into())));
    fields.insert("unit".into(), quantity.unit.clone().into());
    fields.insert("dimension".into(), quantity.dimension.clone().into());
    fields.extend(quantity.label.clone().map(|label| ("label".into(), label.into())));
    if !quantity.converted.is_empty() {
        let value = |low: f64, high: Option<f64>| match high {
            Some(high) => json!([number(low), number(high)]),
            None => number(low),
        };
        let converted: Object =
            quantity.converted.iter().map(|(unit, low, high)| (unit.clone(), value(*low, *high))).collect();
        fields.insert("converted".into(), converted.into());
    }
    Value::Object(fields)
}

/// A number without the last digits that binary fractions add, and without a point when it is whole.
fn number(value: f64) -> Value {
    let text = format!("{value:.12e}");
    let value = text.parse::<f64>().unwrap_or(value);
    let is_whole = value.fract() == 0.0 && value.abs() < 1e15;
    if is_whole { json!(value as i64) } else { json!(value) }
}
