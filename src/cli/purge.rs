//! `laennec purge`: deletes old history.

use super::{Failed, Outcome, Result, print};
use crate::warehouse::{Place, Warehouse};
use jiff::ToSpan;

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  laennec purge cohort.db --older-than 365d --dry-run
  laennec purge cohort.db --older-than 2025-01-01";

/// Delete the history of events that older runs retired, and settled rejections. What is stored now stays.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The warehouse: a `.db` file or `postgres://…`.
    warehouse: Place,
    /// A number of days (`365d`) or a date (`2025-01-01`): runs that began before lose their history.
    #[arg(long, value_name = "AGE")]
    older_than: String,
    /// Only tell what would be deleted.
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let day = day(&arguments.older_than)?;
    let purged = Warehouse::open_to_change(&arguments.warehouse)?.purge(&day, arguments.dry_run)?;
    let verb = if arguments.dry_run { "would be deleted" } else { "deleted" };
    print(format!("{verb}: {} retired events, {} settled rejections", purged.events, purged.rejections))?;
    Ok(Outcome::Done)
}

/// The first day that is kept, as an ISO date.
fn day(age: &str) -> Result<String> {
    let wrong =
        || Failed(format!("--older-than {age}: give a number of days, as 365d, or a date, as 2025-01-01"));
    if let Ok(date) = age.parse::<jiff::civil::Date>() {
        return Ok(date.to_string());
    }
    let days: i64 = age.strip_suffix('d').and_then(|days| days.parse().ok()).ok_or_else(wrong)?;
    let today: jiff::civil::Date =
        jiff::Timestamp::now().strftime("%F").to_string().parse().map_err(|_| wrong())?;
    let span = (0..=1_000_000).contains(&days).then(|| days.days()).ok_or_else(wrong)?;
    today.checked_sub(span).map(|date| date.to_string()).map_err(|_| wrong())
}
