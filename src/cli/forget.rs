//! `laennec forget`: removes documents or patients from a warehouse, for good.

use super::{Failed, Outcome, Result, print};
use crate::warehouse::{Forget, Warehouse};
use std::path::PathBuf;

/// Remove documents or patients: no row stays, and they are refused afterwards.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("target").required(true).multiple(true))]
pub(super) struct Arguments {
    /// The warehouse.
    warehouse: PathBuf,
    /// A document to forget; repeatable.
    #[arg(long, value_name = "ID", group = "target")]
    document: Vec<String>,
    /// A patient to forget, with all documents; repeatable.
    #[arg(long, value_name = "ID", group = "target")]
    patient: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    if !arguments.warehouse.exists() {
        return Err(Failed(format!("{}: no such warehouse", arguments.warehouse.display())));
    }
    let documents = arguments.document.iter().map(|id| Forget::Document(id));
    let patients = arguments.patient.iter().map(|id| Forget::Patient(id));
    let targets: Vec<Forget> = documents.chain(patients).collect();
    let summary = Warehouse::open(&arguments.warehouse)?.forget(&targets)?;
    print(format!(
        "forgotten: {} documents, {} events, {} persons, {} reviews",
        summary.documents, summary.events, summary.persons, summary.reviews
    ))?;
    Ok(Outcome::Done)
}
