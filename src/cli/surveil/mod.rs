//! `laennec surveil run|cases|list|show|close|report|config`: what is new, what is in excess, and the evidence.

mod cases;
mod close;
mod list;
mod report;
mod run;
mod settings;
mod show;

use super::{Failed, Outcome, Result, print};
use crate::surveillance::{DEFAULT, RunFault};
use clap::Subcommand;

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  laennec load --into cohort.db --persons persons.csv --births births.csv
  laennec surveil run --warehouse cohort.db                       every EUROCAT subgroup, the shipped configuration
  laennec surveil config > surveillance.toml                      a start for one of your own
  laennec surveil run --warehouse cohort.db --config surveillance.toml --cutoff 2024-12-31
  laennec surveil cases --warehouse cohort.db                     cases new or changed since the run before
  laennec surveil list --warehouse cohort.db
  laennec surveil show 3f2a91c0d4 --warehouse cohort.db --patient-level
  laennec surveil close 3f2a91c0d4 --warehouse cohort.db --reason 'two reports of one child'
  laennec surveil report --warehouse cohort.db --format html --into report.html";

/// Watch phenotypes: new cases, rates over births, signals, reports.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Find what is new since the last run, compute rates, look for excesses, and store it all.
    Run(run::Arguments),
    /// Print the cases that are new, changed or gone since the run before, with their evidence: shows patients.
    Cases(cases::Arguments),
    /// List signals, or runs.
    List(list::Arguments),
    /// Show the dossier of a signal.
    Show(show::Arguments),
    /// Close a signal with a reason, or open it again.
    Close(close::Arguments),
    /// Write the report of a run.
    Report(report::Arguments),
    /// Print the shipped configuration.
    Config,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    match &arguments.command {
        Command::Run(arguments) => run::run(arguments),
        Command::Cases(arguments) => cases::run(arguments),
        Command::List(arguments) => list::run(arguments),
        Command::Show(arguments) => show::run(arguments),
        Command::Close(arguments) => close::run(arguments),
        Command::Report(arguments) => report::run(arguments),
        Command::Config => {
            print(DEFAULT.trim_end())?;
            Ok(Outcome::Done)
        }
    }
}

impl From<RunFault> for Failed {
    fn from(fault: RunFault) -> Self {
        Failed::new(fault)
    }
}

/// Areas of a signal, for people.
fn places(areas: &[String]) -> String {
    if areas.is_empty() { "all".into() } else { areas.join(", ") }
}

/// A number with as many decimals as it deserves; a dash for none.
fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "–".into(), |value| format!("{value:.decimals$}"))
}

/// A p-value, for people.
fn chance(value: Option<f64>) -> String {
    match value {
        None => "–".into(),
        Some(value) if value < 0.001 => format!("{value:.1e}"),
        Some(value) => format!("{value:.3}"),
    }
}
