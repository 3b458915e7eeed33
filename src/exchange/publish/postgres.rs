//! Publication into a database of PostgreSQL: one transaction replaces what was published before.

use super::columns::Target;
use super::contents::Cohorts;
use super::place::{Place, connect};
use super::vocabulary::Vocabulary;
use super::{Publication, PublishError, Summary};
use crate::exchange::Row;
use crate::exchange::omop::{CohortDefinitionRow, CohortRow, FactRelationship, NoteNlp};
use ::postgres::{CopyInWriter, Transaction};
use std::collections::BTreeMap;
use std::io::Write;

/// The lock that two publications at once would both take: the letters of "laennec" as a number.
const LOCK: i64 = 0x6c_61_65_6e_6e_65_63;
/// Keys of rows deleted at once.
const CHUNK: usize = 10_000;

/// Which rows of NOTE_NLP a publication replaces. Rows of others are never touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// Ours, of the notes of this warehouse: several warehouses may publish into one database.
    NotesOfThisWarehouse,
    /// Ours, all of them: also of notes that were forgotten or came from another warehouse.
    Everything,
}

/// Publishes into the database of an address, whose parameter `schema` names the schema of the CDM (default: public), and
/// `vocabulary` that of the vocabularies (default: the same).
///
/// # Errors
/// The warehouse cannot be read, or the database refuses: nothing is published then.
pub fn to_database(
    publication: &mut Publication<'_>,
    address: &str,
    replace: Replace,
) -> Result<Summary, PublishError> {
    let (mut client, place) = connect(address)?;
    let mut transaction = client.transaction().map_err(PublishError::of("beginning"))?;
    let lock = transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]);
    lock.map_err(PublishError::of("waiting for another publication"))?;
    let is_named = learn(publication, &mut transaction, &place)?;
    let mut summary =
        Summary { notes: notes(publication, &mut transaction, &place, replace)?, ..Summary::default() };
    let relationships = publication.relationships()?;
    match is_named {
        true => summary.relationships = put_relationships(&relationships, &mut transaction, &place)?,
        false => summary.unnamed = relationships.len() as u64,
    }
    let cohorts = publication.cohorts()?;
    (summary.members, summary.definitions) = put_cohorts(&cohorts, &mut transaction, &place)?;
    summary.undated = cohorts.undated;
    transaction.commit().map_err(PublishError::of("committing"))?;
    Ok(summary)
}

/// Takes concepts from the vocabularies of the database; those of a file win. False when the vocabularies do not name
/// the relationships of mother and child.
fn learn(
    publication: &mut Publication<'_>,
    transaction: &mut Transaction<'_>,
    place: &Place,
) -> Result<bool, PublishError> {
    let Some(vocabulary) = Vocabulary::find(transaction, place)? else { return Ok(true) };
    let mut codes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (system, code) in publication.codes()? {
        codes.entry(system).or_default().push(code);
    }
    for system in publication.shipped.systems.clone() {
        let codes = codes.remove(&system.name).unwrap_or_default();
        for (code, concept) in vocabulary.concepts(transaction, &system, &codes)? {
            if publication.concepts.get(&system.name, &code).is_none() {
                publication.concepts.put(&system.name, &code, concept);
            }
        }
    }
    let mother = vocabulary.term(transaction, &publication.shipped.mother_of)?;
    let child = vocabulary.term(transaction, &publication.shipped.child_of)?;
    let Some((mother, child)) = mother.zip(child) else { return Ok(false) };
    publication.shipped.mother_of.concept_id = mother;
    publication.shipped.child_of.concept_id = child;
    Ok(true)
}

fn notes(
    publication: &Publication<'_>,
    transaction: &mut Transaction<'_>,
    place: &Place,
    replace: Replace,
) -> Result<u64, PublishError> {
    let target = Target::of::<NoteNlp>(transaction, place)?;
    let keys = publication.note_keys()?;
    target.check("note_id", keys.iter().copied())?;
    delete_notes(transaction, &target, &keys, replace)?;
    let mut numbers = Numbers::of(transaction, &target)?;
    let mut stream = Stream::begin(transaction, &target)?;
    publication.notes(|mut row| {
        row.note_nlp_id = numbers.number(row.note_nlp_id)?;
        stream.add(&row)
    })?;
    stream.finish()
}

fn delete_notes(
    transaction: &mut Transaction<'_>,
    target: &Target,
    keys: &[i64],
    replace: Replace,
) -> Result<(), PublishError> {
    let failed = PublishError::of(format!("deleting from {}", target.name));
    let ours = format!("DELETE FROM {} WHERE nlp_system LIKE 'laennec %'", target.name);
    match replace {
        Replace::Everything => transaction.execute(&ours, &[]).map(drop).map_err(failed),
        Replace::NotesOfThisWarehouse => {
            let sql = format!("{ours} AND note_id = ANY($1::bigint[])");
            delete(transaction, &sql, keys).map_err(failed)
        }
    }
}

/// Runs a deletion for all keys, some thousands at a time.
fn delete(transaction: &mut Transaction<'_>, sql: &str, keys: &[i64]) -> Result<(), ::postgres::Error> {
    keys.chunks(CHUNK).try_for_each(|chunk| transaction.execute(sql, &[&chunk]).map(drop))
}

/// Gives rows their numbers.
enum Numbers {
    /// The key of the event, which stays the same for ever.
    Keys,
    /// In a column of 32 bits: the next that is free.
    Next { number: i64, table: String },
}

impl Numbers {
    fn of(transaction: &mut Transaction<'_>, target: &Target) -> Result<Self, PublishError> {
        if !target.is_narrow("note_nlp_id") {
            return Ok(Self::Keys);
        }
        let sql = format!("SELECT coalesce(max(note_nlp_id), 0)::bigint + 1 FROM {}", target.name);
        let row = transaction.query_one(&sql, &[]).map_err(PublishError::of("reading the last number"))?;
        Ok(Self::Next { number: row.get(0), table: target.name.clone() })
    }

    fn number(&mut self, key: i64) -> Result<i64, PublishError> {
        let Self::Next { number, table } = self else { return Ok(key) };
        let this = *number;
        *number += 1;
        match i32::try_from(this) {
            Ok(_) => Ok(this),
            Err(_) => Err(PublishError::Narrow { table: table.clone(), column: "note_nlp_id", count: 1 }),
        }
    }
}

/// Replaces what is said of the mothers of these children.
fn put_relationships(
    rows: &[FactRelationship],
    transaction: &mut Transaction<'_>,
    place: &Place,
) -> Result<u64, PublishError> {
    let target = Target::of::<FactRelationship>(transaction, place)?;
    target.check("fact_id_1", rows.iter().map(|row| row.fact_id_1))?;
    target.check("fact_id_2", rows.iter().map(|row| row.fact_id_2))?;
    // Mother first, then child: the child is fact 2 of the first row, fact 1 of the second.
    for (column, pair) in [("fact_id_2", 0), ("fact_id_1", 1)] {
        let rows: Vec<&FactRelationship> = rows.iter().skip(pair).step_by(2).collect();
        let Some(first) = rows.first() else { continue };
        let sql = format!(
            "DELETE FROM {} WHERE domain_concept_id_1 = {domain} AND domain_concept_id_2 = {domain}
                AND relationship_concept_id = {} AND {column} = ANY($1::bigint[])",
            target.name,
            first.relationship_concept_id,
            domain = first.domain_concept_id_1,
        );
        let child = |row: &&FactRelationship| if pair == 0 { row.fact_id_2 } else { row.fact_id_1 };
        let children: Vec<i64> = rows.iter().map(child).collect();
        delete(transaction, &sql, &children)
            .map_err(PublishError::of(format!("deleting from {}", target.name)))?;
    }
    put(rows, transaction, &target)
}

/// Replaces the cohorts of these definitions.
fn put_cohorts(
    cohorts: &Cohorts,
    transaction: &mut Transaction<'_>,
    place: &Place,
) -> Result<(u64, u64), PublishError> {
    let definitions = Target::of::<CohortDefinitionRow>(transaction, place)?;
    let members = Target::of::<CohortRow>(transaction, place)?;
    members.check("subject_id", cohorts.members.iter().map(|row| row.subject_id))?;
    let keys: Vec<i64> = cohorts.definitions.iter().map(|row| row.cohort_definition_id).collect();
    check_free(transaction, &definitions, &keys)?;
    for target in [&members, &definitions] {
        let sql = format!("DELETE FROM {} WHERE cohort_definition_id = ANY($1::bigint[])", target.name);
        delete(transaction, &sql, &keys)
            .map_err(PublishError::of(format!("deleting from {}", target.name)))?;
    }
    let definitions = put(&cohorts.definitions, transaction, &definitions)?;
    Ok((put(&cohorts.members, transaction, &members)?, definitions))
}

/// Refuses keys that definitions of others have.
fn check_free(transaction: &mut Transaction<'_>, target: &Target, keys: &[i64]) -> Result<(), PublishError> {
    let sql = format!(
        "SELECT count(*) FROM {} WHERE cohort_definition_id = ANY($1::bigint[])
            AND coalesce(cohort_definition_description, '') NOT LIKE '{}%'",
        target.name,
        CohortDefinitionRow::OURS
    );
    let row = transaction.query_one(&sql, &[&keys]).map_err(PublishError::of("reading definitions"))?;
    match row.get(0) {
        0 => Ok(()),
        count => Err(PublishError::Taken { table: target.name.clone(), count }),
    }
}

fn put<R: Row>(rows: &[R], transaction: &mut Transaction<'_>, target: &Target) -> Result<u64, PublishError> {
    let mut stream = Stream::begin(transaction, target)?;
    rows.iter().try_for_each(|row| stream.add(row))?;
    stream.finish()
}

/// Rows on their way into a table.
struct Stream<'t> {
    target: &'t Target,
    out: CopyInWriter<'t>,
}

impl<'t> Stream<'t> {
    fn begin(transaction: &'t mut Transaction<'_>, target: &'t Target) -> Result<Self, PublishError> {
        let failed = PublishError::of(format!("writing {}", target.name));
        let out = transaction.copy_in(&target.copy()).map_err(failed)?;
        Ok(Self { target, out })
    }

    fn add<R: Row>(&mut self, row: &R) -> Result<(), PublishError> {
        let line = self.target.line(row.cells());
        let failed = |error| PublishError::of_stream(&format!("writing {}", self.target.name), &error);
        self.out.write_all(line.as_bytes()).map_err(failed)
    }

    fn finish(self) -> Result<u64, PublishError> {
        self.out.finish().map_err(PublishError::of(format!("writing {}", self.target.name)))
    }
}
