//! `laennec publish omop`: a warehouse into the tables of OMOP, in a folder or a database.

use super::events::{read_concepts, stamp};
use super::{Failed, Outcome, Result, print};
use crate::exchange::publish::{Publication, PublishError, Summary, to_folder};
#[cfg(feature = "postgres")]
use crate::exchange::publish::{Replace, to_database};
use crate::warehouse::{Place, Warehouse};
use clap::Subcommand;
use std::path::{Path, PathBuf};

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  laennec publish omop cohort.db --into omop/                 note_nlp.csv, fact_relationship.csv, cohort.csv, cohort_definition.csv
  laennec publish omop cohort.db --into 'postgres://etl@localhost/cdm?schema=cdm'
  laennec publish omop cohort.db --into 'postgres://etl@localhost/cdm?schema=results&vocabulary=vocab'

Publishing again replaces what was published before; rows of other systems are left alone. See docs/exchange.md.";

/// Write events, persons and cohorts where others look for them.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    form: Form,
}

#[derive(Subcommand)]
enum Form {
    /// The tables NOTE_NLP, FACT_RELATIONSHIP, COHORT and COHORT_DEFINITION of OMOP CDM 5.4.
    Omop(Omop),
}

#[derive(clap::Args)]
struct Omop {
    /// The warehouse.
    warehouse: Place,
    /// A folder, for CSV files; or a database: `postgres://USER@HOST/DATABASE?schema=CDM&vocabulary=VOCAB`.
    #[arg(long, value_name = "DIR|URL")]
    into: String,
    /// Concepts of codes, as CSV with the header `system,code,concept_id,source_concept_id`; they win over those of the database.
    #[arg(long, value_name = "FILE")]
    concepts: Option<PathBuf>,
    /// This warehouse alone publishes into that database: delete all that Laennec wrote in NOTE_NLP before, so that
    /// what was forgotten here goes there too.
    #[arg(long)]
    alone: bool,
}

impl From<PublishError> for Failed {
    fn from(error: PublishError) -> Self {
        Failed::new(error)
    }
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let Form::Omop(omop) = &arguments.form;
    let is_database = ["postgres://", "postgresql://"].iter().any(|start| omop.into.starts_with(start));
    if !is_database && omop.into.contains("://") {
        return Err(Failed("--into is a folder, or an address that begins with postgres://".into()));
    }
    if omop.alone && !is_database {
        return Err(Failed("--alone goes with a database: a folder is written anew anyway".into()));
    }
    let warehouse = Warehouse::open_existing_at(&omop.warehouse)?;
    let concepts = read_concepts(omop.concepts.as_deref())?;
    let mut publication = Publication::new(&warehouse, concepts, stamp(&warehouse)?)?;
    let summary = match is_database {
        true => into_database(&mut publication, omop)?,
        false => to_folder(&publication, Path::new(&omop.into))?,
    };
    told(&summary)?;
    let is_whole = summary.undated == 0 && summary.unnamed == 0;
    Ok(if is_whole { Outcome::Done } else { Outcome::SetAside })
}

#[cfg(feature = "postgres")]
fn into_database(publication: &mut Publication, omop: &Omop) -> Result<Summary> {
    let replace = if omop.alone { Replace::Everything } else { Replace::NotesOfThisWarehouse };
    Ok(to_database(publication, &omop.into, replace)?)
}

#[cfg(not(feature = "postgres"))]
fn into_database(_: &mut Publication, _: &Omop) -> Result<Summary> {
    Err(Failed::new(crate::warehouse::WarehouseError::NoPostgres))
}

fn told(summary: &Summary) -> Result<()> {
    let Summary { notes, relationships, members, definitions, undated, unnamed } = summary;
    if *undated > 0 {
        eprintln!("{undated} members of cohorts have no index date and were left out");
    }
    if *unnamed > 0 {
        eprintln!(
            "{unnamed} relationships were left out: the vocabularies have no concept for mother and child"
        );
    }
    print(format!(
        "published: note_nlp {notes}, fact_relationship {relationships}, cohort {members}, cohort_definition {definitions}"
    ))
}
