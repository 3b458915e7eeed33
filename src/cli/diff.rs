//! `laennec diff`: what changed in the stored events between two runs.

use super::{Outcome, Result, print, progress};
use crate::warehouse::{Change, ChangeKind, Place, Warehouse};
use clap::ValueEnum;
use std::collections::BTreeMap;

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  laennec diff 3 5 --warehouse cohort.db                     by concept and reason, from run 3 to run 5
  laennec diff 3 5 --warehouse cohort.db --format jsonl      event by event
`laennec status` lists the runs; run 0 is the empty warehouse.";

/// Show the events gained, lost and changed between two runs, by concept and by reason.
///
/// Reasons: new (a report seen for the first time, or without events before), version and content (a corrected report), engine (other lexicons, cues,
/// model or laennec), withdrawn (its source no longer has it). A purged history counts as no events.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The earlier run.
    before: i64,
    /// The later run.
    after: i64,
    /// The warehouse: a `.db` file or `postgres://…`.
    #[arg(long)]
    warehouse: Place,
    /// Form of the output.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line per concept and reason.
    Table,
    /// A JSON object per event.
    Jsonl,
}

/// Concept, label, reason.
type Key = (String, String, String);

pub(super) fn run(arguments: &Arguments) -> Result {
    let warehouse = Warehouse::open_existing_at(&arguments.warehouse)?;
    if arguments.format == Format::Jsonl {
        let mut failure = None;
        warehouse.diff(arguments.before, arguments.after, |change| {
            if failure.is_none() {
                failure = print(line(&change)).err();
            }
            Ok(())
        })?;
        return failure.map_or(Ok(Outcome::Done), Err);
    }
    let mut sums: BTreeMap<Key, [u64; 3]> = BTreeMap::new();
    warehouse.diff(arguments.before, arguments.after, |change| {
        let place = match change.kind {
            ChangeKind::Gained => 0,
            ChangeKind::Lost => 1,
            ChangeKind::Changed => 2,
        };
        sums.entry((change.concept, change.label, change.reason)).or_default()[place] += 1;
        Ok(())
    })?;
    let mut table = progress::table(&["concept", "label", "reason", "gained", "lost", "changed"]);
    for ((concept, label, reason), counts) in &sums {
        let head = [concept.clone(), label.clone(), reason.clone()];
        table.add_row(head.into_iter().chain(counts.map(|count| count.to_string())));
    }
    print(table)?;
    let total = sums.values().fold([0; 3], |sum, row| [sum[0] + row[0], sum[1] + row[1], sum[2] + row[2]]);
    print(format!("{} gained, {} lost, {} changed", total[0], total[1], total[2]))?;
    Ok(Outcome::Done)
}

fn line(change: &Change) -> serde_json::Value {
    let kind = match change.kind {
        ChangeKind::Gained => "gained",
        ChangeKind::Lost => "lost",
        ChangeKind::Changed => "changed",
    };
    serde_json::json!({
        "change": kind, "document_id": change.document_id, "start": change.start, "end": change.end,
        "concept": change.concept, "label": change.label, "reason": change.reason, "fields": change.fields,
    })
}
