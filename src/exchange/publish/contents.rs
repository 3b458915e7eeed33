//! The rows that a warehouse gives, all from one state of it.

// Some of it is for databases only.
#![cfg_attr(not(feature = "postgres"), allow(dead_code))]

use super::PublishError;
use crate::exchange::omop::{
    CohortDefinitionRow, CohortRow, Concepts, FactRelationship, Member, NoteNlp, NoteNlpMaker, Shipped,
    relationships,
};
use crate::exchange::{Stamp, key_of};
use crate::population::Person;
use crate::warehouse::{EventFilter, Statement, Value, Warehouse};

/// A warehouse that is being published.
pub struct Publication<'w> {
    warehouse: &'w Warehouse,
    /// Concepts of codes; those of a database are added before it is written.
    pub(super) concepts: Concepts,
    pub(super) shipped: Shipped,
    stamp: Stamp,
}

/// The cohorts of a warehouse.
pub(super) struct Cohorts {
    pub definitions: Vec<CohortDefinitionRow>,
    pub members: Vec<CohortRow>,
    /// Members whose index date is not known.
    pub undated: u64,
}

impl<'w> Publication<'w> {
    /// Prepares the publication of a warehouse, read from one state until this value ends.
    ///
    /// # Errors
    /// The warehouse cannot be read.
    pub fn new(warehouse: &'w Warehouse, concepts: Concepts, stamp: Stamp) -> Result<Self, PublishError> {
        let shipped = Shipped::read()?;
        warehouse.begin_reading()?;
        Ok(Self { warehouse, concepts, shipped, stamp })
    }

    /// Gives each row of NOTE_NLP, in the order of the warehouse.
    pub(super) fn notes(
        &self,
        mut each: impl FnMut(NoteNlp) -> Result<(), PublishError>,
    ) -> Result<(), PublishError> {
        let maker = NoteNlpMaker { concepts: &self.concepts, shipped: &self.shipped, stamp: self.stamp };
        self.warehouse.events(EventFilter::All, |event| maker.row(&event).map_or(Ok(()), &mut each))
    }

    /// The keys of all reports, those set aside too: they may have had events before.
    pub(super) fn note_keys(&self) -> Result<Vec<i64>, PublishError> {
        let sql = "SELECT document_id FROM v_documents WHERE document_id IS NOT NULL ORDER BY document_id";
        let mut keys = Vec::new();
        self.warehouse.select(&statement(sql), |row| keys.extend(text(row, 0).map(|id| key_of(&id))))?;
        apart(keys, "documents")
    }

    /// The children whose mother is known.
    pub(super) fn relationships(&self) -> Result<Vec<FactRelationship>, PublishError> {
        let sql =
            "SELECT patient_id, mother_id FROM v_persons WHERE mother_id IS NOT NULL ORDER BY patient_id";
        let mut rows = Vec::new();
        self.warehouse.select(&statement(sql), |row| {
            let person = Person {
                patient_id: text(row, 0).unwrap_or_default(),
                mother_id: text(row, 1),
                ..Person::default()
            };
            rows.extend(relationships(&person, &self.shipped));
        })?;
        Ok(rows)
    }

    /// Every version of every phenotype that was run, with its members.
    pub(super) fn cohorts(&self) -> Result<Cohorts, PublishError> {
        // The last that is known of a patient is the latest report.
        let sql = "SELECT c.phenotype, c.phenotype_version, c.patient_id, c.index_date, d.last_date, c.run_at
            FROM v_cohorts c LEFT JOIN (
                SELECT patient_id, max(document_date) AS last_date FROM v_documents WHERE status = 'annotated'
                GROUP BY patient_id
            ) d ON d.patient_id = c.patient_id
            ORDER BY c.phenotype, c.phenotype_version, c.patient_id";
        let mut cohorts = Cohorts { definitions: Vec::new(), members: Vec::new(), undated: 0 };
        self.warehouse.select(&statement(sql), |row| {
            let member = Member {
                phenotype: text(row, 0).unwrap_or_default(),
                version: text(row, 1).unwrap_or_default(),
                patient_id: text(row, 2).unwrap_or_default(),
                index_date: text(row, 3),
                last_date: text(row, 4),
            };
            let run_on = text(row, 5).and_then(|time| time.get(..10).map(str::to_string));
            cohorts.add(&member, run_on.as_deref(), &self.shipped);
        })?;
        let keys = cohorts.definitions.iter().map(|definition| definition.cohort_definition_id).collect();
        apart(keys, "phenotypes")?;
        Ok(cohorts)
    }

    /// Every code of every event.
    pub(super) fn codes(&self) -> Result<Vec<(String, String)>, PublishError> {
        let sql = "SELECT DISTINCT system, code FROM v_event_codes ORDER BY system, code";
        let mut codes = Vec::new();
        self.warehouse.select(&statement(sql), |row| codes.extend(text(row, 0).zip(text(row, 1))))?;
        Ok(codes)
    }
}

impl Drop for Publication<'_> {
    /// Lets go of the state that was read; there is nothing to undo.
    fn drop(&mut self) {
        drop(self.warehouse.end_reading());
    }
}

impl Cohorts {
    /// Adds a member; the members of one definition come together.
    fn add(&mut self, member: &Member, run_on: Option<&str>, shipped: &Shipped) {
        let definition = CohortDefinitionRow::of(&member.phenotype, &member.version, run_on, shipped);
        let key = definition.cohort_definition_id;
        if self.definitions.last().is_none_or(|last| last.cohort_definition_id != key) {
            self.definitions.push(definition);
        }
        match CohortRow::of(member) {
            Some(row) => self.members.push(row),
            None => self.undated += 1,
        }
    }
}

fn statement(sql: &str) -> Statement {
    Statement { sql: sql.to_string(), values: Vec::new() }
}

fn text(row: &[Value], place: usize) -> Option<String> {
    row.get(place).and_then(Value::as_text).map(str::to_string)
}

/// Refuses keys that two identifiers share.
fn apart(keys: Vec<i64>, what: &'static str) -> Result<Vec<i64>, PublishError> {
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    match sorted.windows(2).any(|pair| pair.first() == pair.last()) {
        true => Err(PublishError::Collision { what }),
        false => Ok(keys),
    }
}
