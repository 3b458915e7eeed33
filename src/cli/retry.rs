//! `laennec retry`: reads again what was set aside.

use super::annotate::{self, Mode};
use super::{Outcome, Result};

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  laennec retry reports.jsonl --into cohort.db               after mending lines, or with a newer laennec";

/// Read again the documents of a source that were set aside, and whatever is new or changed.
#[derive(clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    #[command(flatten)]
    annotate: annotate::Arguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    annotate::run_as(&arguments.annotate, Mode::Retry)
}
