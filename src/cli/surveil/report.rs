//! `laennec surveil report`: one page, or one JSON object, of a run.

use super::super::{Failed, Outcome, Result, print};
use super::settings::{Settings, read_map};
use crate::surveillance::{Shown, html, json, report_of, stored_run};
use crate::warehouse::{Place, Warehouse};
use clap::ValueEnum;
use std::path::PathBuf;

/// Write the report of a run.
///
/// Without --patient-level nobody is shown: counts from 1 to 10 (`least_cell` of the configuration) are left out, and as many
/// others as it takes so that they cannot be computed.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The warehouse.
    #[arg(long, value_name = "FILE|URL")]
    warehouse: Place,
    /// The run; the last one when left out.
    #[arg(long, value_name = "RUN")]
    run: Option<i64>,
    /// Only runs of a configuration.
    #[arg(long, value_name = "NAME", conflicts_with = "run")]
    name: Option<String>,
    /// Form of the report.
    #[arg(long, value_enum, default_value = "html")]
    format: Format,
    /// File to write, replaced if it exists; standard output when left out.
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,
    /// Show counts of any size, and cases with their evidence: patients.
    #[arg(long)]
    patient_level: bool,
    /// The map of the areas, as GeoJSON; that of the configuration when it can still be read.
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Property of the map that holds the code of the area.
    #[arg(long, value_name = "NAME", requires = "map")]
    property: Option<String>,
    /// Folder of the configuration, for its map and definitions.
    #[arg(long, value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One page, no script, nothing fetched.
    Html,
    /// One JSON object.
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let warehouse = Warehouse::open_existing_at(&arguments.warehouse)?;
    let run = stored_run(&warehouse, arguments.run, arguments.name.as_deref())?;
    let settings = Settings::stored(&run, &arguments.folder)?;
    let map = match &arguments.map {
        Some(file) => Some(read_map(file, arguments.property.as_deref())?),
        None => settings.map().unwrap_or_else(|Failed(message)| {
            eprintln!("laennec: without a map: {message}; give it by --map, or its folder by --folder");
            None
        }),
    };
    let loaded = if arguments.patient_level { settings.definitions()? } else { Vec::new() };
    let shown = if arguments.patient_level { Shown::Patients(&loaded) } else { Shown::Nobody };
    let report = report_of(&warehouse, &run, &shown)?;
    let text = match arguments.format {
        Format::Html => html(&report, map.as_ref()),
        Format::Json => json(&report),
    };
    let text = text.map_err(Failed)?;
    match &arguments.into {
        None => print(text)?,
        Some(file) => {
            std::fs::write(file, text).map_err(|error| Failed(format!("{}: {error}", file.display())))?
        }
    }
    Ok(Outcome::Done)
}
