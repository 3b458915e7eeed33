//! `laennec phenotype check`: what is wrong with definitions, by file and line.

use super::super::{Failed, Outcome, Result, load_lexicons, print};
use super::{find, names};
use crate::cohort::Runnable;
use crate::phenotype::{Vocabulary, check};

pub(super) fn run(names: &[String]) -> Result {
    let definitions = find::definitions(names)?;
    let mut problems = Vec::new();
    let (vocabulary, lexicons) = (Vocabulary::shipped().map_err(Failed::new)?, load_lexicons(&[])?);
    let known = names::known(&lexicons);
    for loaded in &definitions {
        match Runnable::new(loaded) {
            Err(found) => problems.extend(found),
            Ok(runnable) => {
                problems.extend(check(
                    &loaded.definition,
                    &runnable.plan,
                    &loaded.source(),
                    &known,
                    &vocabulary,
                ));
            }
        }
    }
    if !problems.is_empty() {
        return Err(find::told(problems));
    }
    print(format!("{} definitions, no problem", definitions.len()))?;
    Ok(Outcome::Done)
}
