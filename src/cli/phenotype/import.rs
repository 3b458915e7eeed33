//! `laennec phenotype import`: definitions of other systems, as far as they map.

use super::super::{Failed, Outcome, Result, print, write_new};
use crate::phenotype;
use clap::Subcommand;
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub(super) enum Format {
    /// A cohort expression of OHDSI Circe (ATLAS): what maps becomes a draft, what does not is listed.
    Circe {
        /// The JSON file.
        file: PathBuf,
        /// Write the draft to this file instead of standard output; it must not exist.
        #[arg(long, value_name = "FILE")]
        into: Option<PathBuf>,
    },
}

pub(super) fn run(format: &Format) -> Result {
    let Format::Circe { file, into } = format;
    let json = std::fs::read_to_string(file).map_err(|e| Failed(format!("{}: {e}", file.display())))?;
    let imported = phenotype::import(&json, &file.display().to_string()).map_err(Failed::new)?;
    match into {
        Some(path) => write_new(path, &imported.toml)?,
        None => print(imported.toml.trim_end())?,
    }
    Ok(told(file, &imported.unmapped))
}

/// Says on standard error what was left out; a draft that lost something is not the same definition.
fn told(file: &Path, unmapped: &[String]) -> Outcome {
    if unmapped.is_empty() {
        return Outcome::Done;
    }
    eprintln!("{}: {} parts do not map and are not in the draft:", file.display(), unmapped.len());
    unmapped.iter().for_each(|part| eprintln!("  {part}"));
    Outcome::SetAside
}
