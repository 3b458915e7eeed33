//! `laennec verify`: checks every promise of a warehouse.

use super::{Failed, Outcome, Result, print, progress};
use crate::warehouse::{Place, Warehouse};

/// Check every promise of a warehouse; ends with 1 when one is broken.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The warehouse: a `.db` file or `postgres://…`.
    warehouse: Place,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let checks = Warehouse::open_existing_at(&arguments.warehouse)?.verify()?;
    let mut out = progress::table(&["check", "result", "detail"]);
    for check in &checks {
        out.add_row([
            check.name.to_string(),
            if check.passed { "ok" } else { "BROKEN" }.into(),
            check.message.clone(),
        ]);
    }
    print(out)?;
    match checks.iter().filter(|c| !c.passed).count() {
        0 => Ok(Outcome::Done),
        broken => Err(Failed(format!("{broken} of {} checks are broken", checks.len()))),
    }
}
