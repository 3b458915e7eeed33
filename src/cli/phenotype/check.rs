//! `laennec phenotype check`: what is wrong with definitions, by file and line.

use super::super::{Failed, Outcome, Result, load_lexicons, print};
use super::find;
use crate::cohort::Runnable;
use crate::lexicon::Lexicons;
use crate::phenotype::{Known, Vocabulary, check};

pub(super) fn run(names: &[String]) -> Result {
    let definitions = find::definitions(names)?;
    let mut problems = Vec::new();
    let (vocabulary, lexicons) = (Vocabulary::shipped().map_err(Failed::new)?, load_lexicons(&[])?);
    let known = known(&lexicons);
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

/// What the lexicons name.
fn known(lexicons: &Lexicons) -> Known {
    Known {
        subgroups: lexicons.subgroups().map(str::to_string).collect(),
        concepts: lexicons.concepts.concepts.iter().map(|concept| concept.id.clone()).collect(),
        sections: Default::default(),
    }
}
