//! `laennec phenotype check`: what is wrong with definitions, by file and line.

use super::super::{Failed, Outcome, Result, load_lexicons, print};
use super::{find, names};
use crate::cohort::{Runnable, cases};
use crate::phenotype::{Facts, Vocabulary, check};
use crate::problem::Problem;
use crate::warehouse::Warehouse;

pub(super) fn run(names: &[String]) -> Result {
    let definitions = find::definitions(names)?;
    let mut problems = Vec::new();
    let (vocabulary, lexicons) = (Vocabulary::shipped().map_err(Failed::new)?, load_lexicons(&[])?);
    let known = names::known(&lexicons);
    let empty = Warehouse::in_memory().map_err(Failed::new)?;
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
                problems.extend(refused(&empty, &runnable, &vocabulary));
            }
        }
    }
    if !problems.is_empty() {
        return Err(find::told(problems));
    }
    print(format!("{} definitions, no problem", definitions.len()))?;
    Ok(Outcome::Done)
}

/// A definition may be sound and yet too large for the database: an empty warehouse says so.
fn refused(empty: &Warehouse, runnable: &Runnable<'_>, vocabulary: &Vocabulary) -> Option<Problem> {
    let error = cases(empty, runnable, vocabulary, Facts::Inline).err()?;
    // The database may repeat the whole statement.
    let error: String = error.to_string().chars().take(200).collect();
    let at = runnable.loaded.definition.id.span();
    let message = format!(
        "too large for the database ({error}); fewer rules with within, same_document or not_same_document"
    );
    Some(runnable.loaded.source().problem(at, message))
}
