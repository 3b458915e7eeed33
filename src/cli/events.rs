//! `laennec events`: the events stored in a warehouse.

use super::{Failed, Outcome, Result, print};
use crate::event::CodedEvent;
use crate::warehouse::{EventFilter, Place, Warehouse, WarehouseError};
use clap::ValueEnum;

/// Print the events stored in a warehouse, in the order of documents and of places in them.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The warehouse.
    warehouse: Place,
    /// Form of the output.
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// Only the events of this document.
    #[arg(long, value_name = "ID", conflicts_with = "patient")]
    document: Option<String>,
    /// Only the events of this patient.
    #[arg(long, value_name = "ID")]
    patient: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values with a header line; lists are JSON.
    Csv,
}

impl From<WarehouseError> for Failed {
    fn from(error: WarehouseError) -> Self {
        Failed::new(error)
    }
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let warehouse = Warehouse::open_existing_at(&arguments.warehouse)?;
    let filter = match (&arguments.document, &arguments.patient) {
        (Some(id), _) => EventFilter::Document(id),
        (None, Some(id)) => EventFilter::Patient(id),
        (None, None) => EventFilter::All,
    };
    match arguments.format {
        Format::Jsonl => warehouse.events(filter, |event| {
            let line = serde_json::to_string(&event).map_err(Failed::new)?;
            print(line)
        })?,
        Format::Csv => csv(&warehouse, filter)?,
    }
    Ok(Outcome::Done)
}

fn csv(warehouse: &Warehouse, filter: EventFilter) -> Result<()> {
    let mut out = csv::Writer::from_writer(std::io::stdout().lock());
    out.write_record(COLUMNS).map_err(Failed::new)?;
    warehouse.events(filter, |event| {
        let row = row(&event).map_err(Failed::new)?;
        match out.write_record(row) {
            Err(error) if matches!(error.kind(), csv::ErrorKind::Io(e) if e.kind() == std::io::ErrorKind::BrokenPipe) => {
                std::process::exit(0)
            }
            other => other.map_err(Failed::new),
        }
    })?;
    out.flush().map_err(Failed::new)
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
