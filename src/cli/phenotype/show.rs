//! `laennec phenotype show`: a definition in a French paragraph, as TOML, or as the SQL that is run.

use super::super::{Failed, Outcome, Result, print};
use super::find;
use crate::cohort::Runnable;
use crate::phenotype::{Facts, Output, Vocabulary};

pub(super) fn run(name: &str, sql: bool, toml: bool) -> Result {
    for loaded in find::definitions(&[name.to_string()])? {
        if toml {
            print(&loaded.text)?;
            continue;
        }
        let runnable = Runnable::new(&loaded).map_err(find::told)?;
        let definition = &loaded.definition;
        print(format!(
            "{} ({}, {})\n\n{}",
            definition.title,
            loaded.id(),
            loaded.version,
            definition.prose.trim()
        ))?;
        if sql {
            let vocabulary = Vocabulary::shipped().map_err(Failed::new)?;
            let statement = runnable.statement(&vocabulary, Facts::Inline, Output::Cases);
            print(format!("\n{};", statement.sql))?;
            for (number, value) in statement.values.iter().enumerate() {
                print(format!("-- ?{} = {value:?}", number + 1))?;
            }
        }
    }
    Ok(Outcome::Done)
}
