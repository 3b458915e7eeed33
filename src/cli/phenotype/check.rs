//! `laennec phenotype check`: what is wrong with definitions, by file and line.

use super::super::{Outcome, Result, print};
use super::find;
use crate::cohort::Runnable;

pub(super) fn run(names: &[String]) -> Result {
    let definitions = find::definitions(names)?;
    let mut problems = Vec::new();
    for loaded in &definitions {
        if let Err(found) = Runnable::new(loaded) {
            problems.extend(found);
        }
    }
    if !problems.is_empty() {
        return Err(find::told(problems));
    }
    print(format!("{} definitions, no problem", definitions.len()))?;
    Ok(Outcome::Done)
}
