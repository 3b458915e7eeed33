//! `laennec surveil list`: signals, or runs.

use super::super::progress::table;
use super::super::{Failed, Outcome, Result, print};
use super::run::tell_signals;
use crate::surveillance::model::Signal;
use crate::surveillance::{record_of, signal_of};
use crate::warehouse::{Place, Warehouse};
use std::collections::BTreeMap;

/// List signals, or runs.
///
/// Counts are those of the last run that saw the signal, shown whatever their size.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The warehouse.
    #[arg(long, value_name = "FILE|URL")]
    warehouse: Place,
    /// Only those of a configuration.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Closed signals too.
    #[arg(long)]
    all: bool,
    /// Runs instead of signals.
    #[arg(long)]
    runs: bool,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let warehouse = Warehouse::open_existing_at(&arguments.warehouse)?;
    if arguments.runs {
        runs(&warehouse, arguments)?
    } else {
        signals(&warehouse, arguments)?
    }
    Ok(Outcome::Done)
}

fn signals(warehouse: &Warehouse, arguments: &Arguments) -> Result<()> {
    let mut by_name: BTreeMap<String, Vec<Signal>> = BTreeMap::new();
    for stored in warehouse.stored_signals(arguments.name.as_deref())? {
        let signal = signal_of(&stored)?;
        if arguments.all || !signal.state.closed {
            by_name.entry(stored.name).or_default().push(signal);
        }
    }
    if by_name.is_empty() && !arguments.json {
        return tell_signals(&[]);
    }
    for (name, signals) in by_name {
        if !arguments.json {
            print(format!("{name}:"))?;
            tell_signals(&signals)?;
            continue;
        }
        for signal in &signals {
            let mut line = serde_json::json!({ "name": &name });
            let own = serde_json::to_value(signal).map_err(Failed::new)?;
            if let (Some(line), serde_json::Value::Object(own)) = (line.as_object_mut(), own) {
                line.extend(own);
            }
            print(line)?;
        }
    }
    Ok(())
}

fn runs(warehouse: &Warehouse, arguments: &Arguments) -> Result<()> {
    let mut shown = table(&["run", "name", "made", "data until", "definitions", "inputs"]);
    for run in warehouse.surveil_runs(arguments.name.as_deref())? {
        let record = record_of(&run)?;
        if arguments.json {
            print(serde_json::to_string(&record).map_err(Failed::new)?)?;
        }
        shown.add_row([
            record.number.to_string(),
            record.name,
            record.ran_at,
            record.cutoff,
            record.definitions.len().to_string(),
            record.inputs_sha256.chars().take(12).collect(),
        ]);
    }
    if arguments.json { Ok(()) } else { print(shown) }
}
