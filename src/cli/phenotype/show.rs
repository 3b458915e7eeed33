//! `laennec phenotype show`: a definition in a French paragraph, as TOML, or as the SQL that is run.

use super::super::{Failed, Outcome, Result, load_lexicons, print};
use super::{find, names};
use crate::cohort::Runnable;
use crate::phenotype::{Dialect, Facts, Output, Vocabulary, paragraph};

pub(super) fn run(name: &str, sql: bool, toml: bool) -> Result {
    let labels = names::labels(&load_lexicons(&[])?)?;
    for loaded in find::definitions(&[name.to_string()])? {
        if toml {
            print(&loaded.text)?;
            continue;
        }
        let runnable = Runnable::new(&loaded).map_err(find::told)?;
        let said = paragraph(&loaded.definition, &runnable.plan, &|id| labels.get(id).cloned());
        print(format!("{} (version {})\n\n{said}", loaded.id(), loaded.version))?;
        if sql {
            let vocabulary = Vocabulary::shipped().map_err(Failed::new)?;
            let statement = runnable.statement(Dialect::Sqlite, &vocabulary, Facts::Inline, Output::Cases);
            print(format!("\n{};", statement.sql))?;
            for (number, value) in statement.values.iter().enumerate() {
                print(format!("-- ?{} = {value:?}", number + 1))?;
            }
        }
    }
    Ok(Outcome::Done)
}
