//! `laennec phenotype test`: runs the vignettes stored in definitions, each definition on a small warehouse of its own.

use super::super::{Failed, Outcome, Result, load_lexicons, print};
use super::find;
use crate::code::Enricher;
use crate::cohort::{Runnable, run_vignettes};
use crate::phenotype::Vocabulary;

pub(super) fn run(names: &[String], failures: bool) -> Result {
    let definitions = find::definitions(names)?;
    let vocabulary = Vocabulary::shipped().map_err(Failed::new)?;
    let lexicons = load_lexicons(&[])?;
    let enricher = Enricher::new(&lexicons);
    let (mut ran, mut failed) = (0, Vec::new());
    for loaded in definitions.iter().filter(|loaded| !loaded.definition.cases.is_empty()) {
        let runnable = Runnable::new(loaded).map_err(find::told)?;
        let problems =
            run_vignettes(&runnable, &vocabulary, &|event| enricher.enrich(event)).map_err(Failed::new)?;
        ran += loaded.definition.cases.len();
        failed.extend(problems);
    }
    if failures {
        failed.iter().try_for_each(print)?;
    }
    print(format!("{} of {ran} vignettes pass, in {} definitions", ran - failed.len(), definitions.len()))?;
    match (ran, failed.is_empty()) {
        (0, _) => Err(Failed("no vignette ran: write [[case]] tables in the definitions".into())),
        (_, false) => Err(Failed(format!("{} vignettes fail; --failures names them", failed.len()))),
        _ => Ok(Outcome::Done),
    }
}
