//! `laennec phenotype list|show|check|test|run|import`: definitions, and the cohorts they give.

mod check;
pub(super) mod find;
mod import;
mod names;
mod run;
mod show;
mod test;

use super::{Outcome, Result, print};
use clap::Subcommand;

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  laennec phenotype list
  laennec phenotype show oesophageal_atresia --sql
  laennec phenotype check my-phenotypes/ && laennec phenotype test my-phenotypes/ --failures
  laennec phenotype run oesophageal_atresia --warehouse cohort.db
  laennec phenotype run eurocat --warehouse cohort.db --format jsonl
  laennec phenotype run my.toml --warehouse cohort.db --explain --patient P12
  laennec phenotype run chd_severe --warehouse cohort.db --attrition";

/// List, show, check, test, run and import phenotypes.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List definitions, with version, status and number of cases.
    List {
        /// Ids, families (`eurocat`), files or folders; default: those shipped.
        definitions: Vec<String>,
    },
    /// Say a definition in a French paragraph.
    Show {
        /// Id or file.
        definition: String,
        /// Print the SQL and its values too.
        #[arg(long)]
        sql: bool,
        /// Print the definition as TOML instead: a start for one of your own.
        #[arg(long, conflicts_with = "sql")]
        toml: bool,
    },
    /// Check definitions: file, line, what to do.
    Check {
        /// Ids, families, files or folders; default: those shipped.
        definitions: Vec<String>,
    },
    /// Run the vignettes stored in definitions.
    Test {
        /// Ids, families, files or folders; default: those shipped.
        definitions: Vec<String>,
        /// Print every failing vignette.
        #[arg(long)]
        failures: bool,
    },
    /// Run definitions on a warehouse and store their cohorts.
    Run(run::Arguments),
    /// Read a definition of another system.
    Import {
        #[command(subcommand)]
        format: import::Format,
    },
}

pub(super) fn run(arguments: &Arguments) -> Result {
    match &arguments.command {
        Command::List { definitions } => list(definitions),
        Command::Show { definition, sql, toml } => show::run(definition, *sql, *toml),
        Command::Check { definitions } => check::run(definitions),
        Command::Test { definitions, failures } => test::run(definitions, *failures),
        Command::Run(arguments) => run::run(arguments),
        Command::Import { format } => import::run(format),
    }
}

fn list(definitions: &[String]) -> Result {
    let mut table = super::progress::table(&["id", "title", "version", "status", "levels", "cases"]);
    for loaded in find::definitions(definitions)? {
        let definition = &loaded.definition;
        table.add_row([
            loaded.id().to_string(),
            definition.title.clone(),
            loaded.version.clone(),
            format!("{:?}", definition.status).to_lowercase(),
            definition.levels.join(", "),
            definition.cases.len().to_string(),
        ]);
    }
    print(table)?;
    Ok(Outcome::Done)
}
