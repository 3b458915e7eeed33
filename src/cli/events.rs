//! `laennec events`: the events stored in a warehouse.

use super::output::{told, told_csv, write_to};
use super::{Failed, Outcome, Result};
use crate::event::CodedEvent;
use crate::exchange::{Stamp, fhir, header, omop, plain_cells};
use crate::warehouse::{EventFilter, Place, Warehouse, WarehouseError};
use clap::ValueEnum;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Print the events stored in a warehouse, in the order of documents and of places in them.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The warehouse.
    warehouse: Place,
    /// Form of the output.
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// Write to this file, whole or not at all, instead of standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Only the events of this document.
    #[arg(long, value_name = "ID", conflicts_with = "patient")]
    document: Option<String>,
    /// Only the events of this patient.
    #[arg(long, value_name = "ID")]
    patient: Option<String>,
    /// OMOP only: concepts of codes, as CSV with the header `system,code,concept_id,source_concept_id`.
    #[arg(long, value_name = "FILE")]
    concepts: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values with a header line; lists are JSON.
    Csv,
    /// The table NOTE_NLP of OMOP CDM 5.4, as CSV; events that come from no report are left out.
    Omop,
    /// FHIR R4: one Bundle a line for each report, or for the structured events of each patient.
    Fhir,
    /// Parquet, with typed columns; needs `--output`, and a build with the feature `parquet`.
    Parquet,
}

impl From<WarehouseError> for Failed {
    fn from(error: WarehouseError) -> Self {
        Failed::new(error)
    }
}

type Out<'o> = &'o mut (dyn Write + Send);

pub(super) fn run(arguments: &Arguments) -> Result {
    if arguments.concepts.is_some() && arguments.format != Format::Omop {
        return Err(Failed("--concepts goes with --format omop".into()));
    }
    if arguments.format == Format::Parquet && arguments.output.is_none() {
        return Err(Failed("--format parquet needs --output FILE".into()));
    }
    check_apart(arguments)?;
    let warehouse = Warehouse::open_existing_at(&arguments.warehouse)?;
    let filter = match (&arguments.document, &arguments.patient) {
        (Some(id), _) => EventFilter::Document(id),
        (None, Some(id)) => EventFilter::Patient(id),
        (None, None) => EventFilter::All,
    };
    let concepts = read_concepts(arguments.concepts.as_deref())?;
    write_to(arguments.output.as_deref(), |out| match arguments.format {
        Format::Jsonl => jsonl(&warehouse, filter, out),
        Format::Csv => csv(&warehouse, filter, out),
        Format::Omop => omop(&warehouse, filter, &concepts, out),
        Format::Fhir => fhir(&warehouse, filter, out),
        Format::Parquet => parquet_file(&warehouse, filter, out),
    })?;
    Ok(Outcome::Done)
}

/// Refuses an output that is the warehouse: it would be lost.
fn check_apart(arguments: &Arguments) -> Result<()> {
    let at = |path: &PathBuf| path.canonicalize().ok();
    let Place::File(warehouse) = &arguments.warehouse else { return Ok(()) };
    match arguments.output.as_ref().and_then(at) {
        Some(output) if Some(&output) == at(warehouse).as_ref() => {
            Err(Failed("--output is the warehouse; give another file".into()))
        }
        _ => Ok(()),
    }
}

/// The concepts of a file; none without one.
pub(super) fn read_concepts(path: Option<&Path>) -> Result<omop::Concepts> {
    let Some(path) = path else { return Ok(omop::Concepts::default()) };
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| Failed(format!("{name}: {error}")))?;
    omop::Concepts::read(file, &name).map_err(Failed::new)
}

/// When the last run that wrote something began: the date of what it wrote, the same however often it is printed. A
/// warehouse without runs has no event of a report.
pub(super) fn stamp(warehouse: &Warehouse) -> Result<Stamp> {
    let last = warehouse.last_runs(1)?;
    let time = last.first().map_or("1970-01-01", |run| &run.started_at);
    Stamp::parse(time).map_err(Failed::new)
}

fn jsonl(warehouse: &Warehouse, filter: EventFilter, out: Out) -> Result<()> {
    warehouse.events(filter, |event| {
        let line = serde_json::to_string(&event).map_err(Failed::new)?;
        writeln!(out, "{line}").map_err(told)
    })
}

fn csv(warehouse: &Warehouse, filter: EventFilter, out: Out) -> Result<()> {
    let mut out = csv::Writer::from_writer(out);
    out.write_record(COLUMNS).map_err(told_csv)?;
    warehouse.events(filter, |event| {
        let row = row(&event).map_err(Failed::new)?;
        out.write_record(row).map_err(told_csv)
    })?;
    out.flush().map_err(told)
}

fn omop(warehouse: &Warehouse, filter: EventFilter, concepts: &omop::Concepts, out: Out) -> Result<()> {
    let shipped = omop::Shipped::read().map_err(Failed::new)?;
    let maker = omop::NoteNlpMaker { concepts, shipped: &shipped, stamp: stamp(warehouse)? };
    let mut out = csv::Writer::from_writer(out);
    out.write_record(header::<omop::NoteNlp>()).map_err(told_csv)?;
    warehouse.events(filter, |event| match maker.row(&event) {
        Some(row) => out.write_record(plain_cells(&row)).map_err(told_csv),
        None => Ok(()),
    })?;
    out.flush().map_err(told)
}

fn fhir(warehouse: &Warehouse, filter: EventFilter, out: Out) -> Result<()> {
    let shipped = fhir::Shipped::read().map_err(Failed::new)?;
    let mut bundles = fhir::Bundles::new(&shipped, stamp(warehouse)?);
    warehouse.events(filter, |event| match bundles.add(event) {
        Some(bundle) => writeln!(out, "{bundle}").map_err(told),
        None => Ok(()),
    })?;
    match bundles.finish() {
        Some(bundle) => writeln!(out, "{bundle}").map_err(told),
        None => Ok(()),
    }
}

#[cfg(feature = "parquet")]
fn parquet_file(warehouse: &Warehouse, filter: EventFilter, out: Out) -> Result<()> {
    let mut file = crate::exchange::EventFile::new(out).map_err(Failed::new)?;
    warehouse.events(filter, |event| file.add(event).map_err(Failed::new))?;
    file.finish().map(drop).map_err(Failed::new)
}

#[cfg(not(feature = "parquet"))]
fn parquet_file(_: &Warehouse, _: EventFilter, _: Out) -> Result<()> {
    Err(Failed("this build has no Parquet: build it with `cargo build --release --features parquet`".into()))
}

/// The columns of the CSV form: the fields of the contract, in its order.
const COLUMNS: [&str; 35] = [
    "event_id",
    "document_id",
    "document_version",
    "patient_id",
    "visit_id",
    "document_type",
    "document_date",
    "section",
    "start",
    "end",
    "fragments",
    "text",
    "concept",
    "label",
    "codings",
    "subgroups",
    "assertion",
    "certainty",
    "conclusion",
    "experiencer",
    "fetus_index",
    "temporality",
    "event_date",
    "event_date_precision",
    "event_date_source",
    "gestational_age_days",
    "laterality",
    "value",
    "unit",
    "cues",
    "method",
    "confidence",
    "provenance",
    "position",
    "ward",
];

/// The cells of one event: text as it is, lists and objects as JSON, nothing for what is unknown.
fn row(event: &CodedEvent) -> serde_json::Result<Vec<String>> {
    let value = serde_json::to_value(event)?;
    let cell = |column: &&str| match value.get(*column) {
        None | Some(serde_json::Value::Null) => String::new(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    Ok(COLUMNS.iter().map(cell).collect())
}
