//! `laennec forget`: removes documents or patients from a warehouse, for good.

use super::annotate::read_ids;
use super::{Outcome, Result, print};
use crate::warehouse::{Forget, Place, Warehouse};
use std::path::PathBuf;

/// Remove documents or patients: no row stays, and they are refused afterwards.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("target").required(true).multiple(true))]
pub(super) struct Arguments {
    /// The warehouse.
    warehouse: Place,
    /// A document to forget; repeatable.
    #[arg(long, value_name = "ID", group = "target")]
    document: Vec<String>,
    /// A patient to forget, with all documents; repeatable.
    #[arg(long, value_name = "ID", group = "target")]
    patient: Vec<String>,
    /// Patients to forget, one id a line.
    #[arg(long, value_name = "FILE", group = "target")]
    patients: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let documents = arguments.document.iter().map(|id| Forget::Document(id));
    let listed = arguments.patients.as_deref().map_or(Ok(Vec::new()), read_ids)?;
    let patients = arguments.patient.iter().chain(&listed).map(|id| Forget::Patient(id));
    let targets: Vec<Forget> = documents.chain(patients).collect();
    let summary = Warehouse::open_to_change(&arguments.warehouse)?.forget(&targets)?;
    print(format!(
        "forgotten: {} documents, {} events, {} persons, {} reviews",
        summary.documents, summary.events, summary.persons, summary.reviews
    ))?;
    Ok(Outcome::Done)
}
