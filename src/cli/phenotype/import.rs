//! `laennec phenotype import`: definitions of other systems, as far as they map.

use super::super::{Outcome, Result};
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(super) enum Format {
    /// A cohort expression of OHDSI Circe (ATLAS).
    Circe {
        /// The JSON file.
        file: PathBuf,
    },
}

pub(super) fn run(format: &Format) -> Result {
    let Format::Circe { file: _ } = format;
    Ok(Outcome::Done)
}
