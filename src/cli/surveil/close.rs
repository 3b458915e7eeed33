//! `laennec surveil close`: what people concluded of a signal.

use super::super::{Failed, Outcome, Result, print};
use crate::warehouse::{Place, Warehouse};

/// Close a signal with a reason, or open it again.
///
/// A closed signal stays closed when later runs see the same excess; a new excess, in another window, is a new signal.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Id of the signal.
    signal: String,
    /// The warehouse.
    #[arg(long, value_name = "FILE|URL")]
    warehouse: Place,
    /// Why: no name of a patient, for it is shown by `list` and in reports with patients.
    #[arg(long, value_name = "TEXT", required_unless_present = "reopen")]
    reason: Option<String>,
    /// Who decided.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Open it again instead.
    #[arg(long, conflicts_with_all = ["reason", "by"])]
    reopen: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let mut warehouse = Warehouse::open_to_change(&arguments.warehouse)?;
    let known = warehouse.stored_signals(None)?;
    let known = known.iter().find(|one| one.signal == arguments.signal);
    let known = known.ok_or_else(|| unknown(&arguments.signal))?;
    if known.closed_at.is_some() && !arguments.reopen {
        return Err(Failed(format!(
            "{} is closed already; open it again by --reopen first",
            arguments.signal
        )));
    }
    let today = jiff::Timestamp::now().strftime("%F").to_string();
    let reason = arguments.reason.as_deref().map(str::trim);
    if reason.is_some_and(str::is_empty) {
        return Err(Failed("--reason is empty; say what was concluded".into()));
    }
    let closed = reason.map(|reason| (today.as_str(), arguments.by.as_deref(), reason));
    warehouse.set_signal_state(&arguments.signal, closed)?;
    let state = if arguments.reopen { "open" } else { "closed" };
    print(format!("{}: {state}", arguments.signal))?;
    Ok(Outcome::Done)
}

/// Why an id is refused.
pub(super) fn unknown(signal: &str) -> Failed {
    Failed(format!("no signal {signal:?}; `laennec surveil list --all` shows them"))
}
