//! Events as a Parquet file: typed columns, bounded memory.

use crate::event::CodedEvent;
use arrow_array::{ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use jiff::civil::Date;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use serde::Serialize;
use std::io::Write;
use std::sync::Arc;

/// Events turned into columns at once.
const BATCH: usize = 4096;
/// Events in a row group: what the writer keeps in memory, encoded, until the group is full.
const GROUP: usize = 16 * BATCH;
const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// How a column is made.
enum Make {
    Text(fn(&CodedEvent) -> Option<String>),
    Whole(fn(&CodedEvent) -> Option<i64>),
    Real(fn(&CodedEvent) -> Option<f64>),
    Day(fn(&CodedEvent) -> Option<Date>),
}
use Make::{Day, Real, Text, Whole};

/// The columns of the CSV form, in its order; lists and objects are JSON.
const COLUMNS: [(&str, Make); 35] = [
    ("event_id", Text(|e| Some(e.event_id.clone()))),
    ("document_id", Text(|e| (!e.is_structured()).then(|| e.document_id.clone()))),
    ("document_version", Whole(|e| Some(e.document_version))),
    ("patient_id", Text(|e| e.patient_id.clone())),
    ("visit_id", Text(|e| e.visit_id.clone())),
    ("document_type", Text(|e| e.document_type.clone())),
    ("document_date", Day(|e| e.document_date)),
    ("section", Text(|e| e.section.clone())),
    ("start", Whole(|e| Some(e.start.into()))),
    ("end", Whole(|e| Some(e.end.into()))),
    ("fragments", Text(|e| if e.fragments.is_empty() { None } else { json(&e.fragments) })),
    ("text", Text(|e| Some(e.text.clone()))),
    ("concept", Text(|e| Some(e.concept.clone()))),
    ("label", Text(|e| Some(e.label.clone()))),
    ("codings", Text(|e| json(&e.codings))),
    ("subgroups", Text(|e| json(&e.subgroups))),
    ("assertion", Text(|e| Some(e.assertion.as_str().into()))),
    ("certainty", Real(|e| Some(e.certainty))),
    ("conclusion", Text(|e| Some(e.conclusion.as_str().into()))),
    ("experiencer", Text(|e| Some(e.experiencer.as_str().into()))),
    ("fetus_index", Whole(|e| e.fetus_index.map(i64::from))),
    ("temporality", Text(|e| Some(e.temporality.as_str().into()))),
    ("event_date", Day(|e| e.event_date)),
    ("event_date_precision", Text(|e| e.event_date_precision.map(|p| p.as_str().into()))),
    ("event_date_source", Text(|e| e.event_date_source.map(|s| s.as_str().into()))),
    ("gestational_age_days", Whole(|e| e.gestational_age_days.map(i64::from))),
    ("laterality", Text(|e| e.laterality.map(|side| side.as_str().into()))),
    ("value", Real(|e| e.value)),
    ("unit", Text(|e| e.unit.clone())),
    ("cues", Text(|e| json(&e.cues))),
    ("method", Text(|e| Some(e.method.as_str().into()))),
    ("confidence", Real(|e| Some(e.confidence))),
    ("provenance", Text(|e| json(&e.provenance))),
    ("position", Text(|e| e.position.clone())),
    ("ward", Text(|e| e.ward.clone())),
];

/// A Parquet file of events that is being written. It is whole only after [`EventFile::finish`].
pub struct EventFile<W: Write + Send> {
    writer: ArrowWriter<W>,
    schema: Arc<Schema>,
    waiting: Vec<CodedEvent>,
}

impl<W: Write + Send> EventFile<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn new(out: W) -> Result<Self> {
        let fields = COLUMNS.iter().map(|(name, make)| Field::new(*name, kind(make), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP))
            .build();
        let writer = ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties))?;
        Ok(Self { writer, schema, waiting: Vec::with_capacity(BATCH) })
    }

    /// Adds an event.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn add(&mut self, event: CodedEvent) -> Result<()> {
        self.waiting.push(event);
        if self.waiting.len() == BATCH { self.write_waiting() } else { Ok(()) }
    }

    /// Ends the file and gives the output back.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn finish(mut self) -> Result<W> {
        if !self.waiting.is_empty() {
            self.write_waiting()?;
        }
        self.writer.into_inner()
    }

    fn write_waiting(&mut self) -> Result<()> {
        let columns = COLUMNS.iter().map(|(_, make)| column(make, &self.waiting)).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        self.waiting.clear();
        self.writer.write(&batch)
    }
}

fn kind(make: &Make) -> DataType {
    match make {
        Text(_) => DataType::Utf8,
        Whole(_) => DataType::Int64,
        Real(_) => DataType::Float64,
        Day(_) => DataType::Date32,
    }
}

fn column(make: &Make, events: &[CodedEvent]) -> ArrayRef {
    match make {
        Text(cell) => Arc::new(events.iter().map(cell).collect::<StringArray>()),
        Whole(cell) => Arc::new(events.iter().map(cell).collect::<Int64Array>()),
        Real(cell) => Arc::new(events.iter().map(cell).collect::<Float64Array>()),
        Day(cell) => Arc::new(events.iter().map(|event| cell(event).and_then(day)).collect::<Date32Array>()),
    }
}

/// Days since 1970-01-01.
fn day(date: Date) -> Option<i32> {
    Some(date.since((jiff::Unit::Day, EPOCH)).ok()?.get_days())
}

fn json(value: &impl Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}
