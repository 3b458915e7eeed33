//! placeholder
use super::{Outcome, Result};
/// .
#[derive(clap::Args)]
pub(super) struct Arguments {}
pub(super) fn run(_: &Arguments) -> Result {
    Ok(Outcome::Done)
}
