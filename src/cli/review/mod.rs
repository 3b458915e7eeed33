//! `laennec review`: cases to judge by people, their verdicts back, and what these say of the phenotype.

mod import;
mod report;
mod sample;

use super::Result;
use clap::Subcommand;

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  laennec review sample cohort.db --phenotype omphalocele --reports reports.jsonl --format csv --out sheet.csv
  laennec review import cohort.db sheet.csv --reviewer AB    lines without a verdict are left for later
  laennec review report cohort.db --phenotype omphalocele";

/// Draw cases to judge, read the verdicts back, and report what they say of a phenotype.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Draw cases, and patients with weak evidence, as a sheet to fill: it shows patient text.
    Sample(sample::Arguments),
    /// Read a filled sheet into the warehouse.
    Import(import::Arguments),
    /// Print predictive value, agreement and sensitivity.
    Report(report::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> Result {
    match &arguments.command {
        Command::Sample(arguments) => sample::run(arguments),
        Command::Import(arguments) => import::run(arguments),
        Command::Report(arguments) => report::run(arguments),
    }
}

/// Why a phenotype without cases is refused.
fn no_cases(phenotype: &str) -> super::Failed {
    super::Failed(format!(
        "{phenotype}: no cases in this warehouse; run the phenotype first, or check its name"
    ))
}
