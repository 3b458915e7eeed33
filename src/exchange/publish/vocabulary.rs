//! Concepts found in the vocabularies of a database.

use super::PublishError;
use super::place::Place;
use crate::exchange::omop::{Concept, System, Term};
use ::postgres::Transaction;
use std::collections::BTreeMap;

/// Codes asked for at once.
const CHUNK: usize = 5000;

/// The vocabularies of a database.
pub(super) struct Vocabulary<'p> {
    place: &'p Place,
}

impl<'p> Vocabulary<'p> {
    /// The vocabularies, when the database has them.
    pub fn find(transaction: &mut Transaction<'_>, place: &'p Place) -> Result<Option<Self>, PublishError> {
        let mut is_whole = true;
        for table in ["concept", "concept_relationship"] {
            let name = place.vocabulary_table(table);
            let row = transaction.query_one("SELECT to_regclass($1::text) IS NOT NULL", &[&name]);
            is_whole &= row.map_err(failed)?.get::<_, bool>(0);
        }
        Ok(is_whole.then_some(Self { place }))
    }

    /// The concepts of codes of a system. Of the vocabularies of the system the first that has a code counts; of
    /// several standard concepts that a code maps to, that of the lowest id.
    pub fn concepts(
        &self,
        transaction: &mut Transaction<'_>,
        system: &System,
        codes: &[String],
    ) -> Result<BTreeMap<String, Concept>, PublishError> {
        let sql = format!(
            "SELECT c.vocabulary_id::text, c.concept_code::text, c.concept_id::bigint, coalesce(min(s.concept_id), 0)::bigint
            FROM {concept} c
            LEFT JOIN {relationship} r ON r.concept_id_1 = c.concept_id AND r.relationship_id = 'Maps to'
                AND coalesce(r.invalid_reason, '') = ''
            LEFT JOIN {concept} s ON s.concept_id = r.concept_id_2 AND s.standard_concept = 'S'
            WHERE c.vocabulary_id = ANY($1::text[]) AND c.concept_code = ANY($2::text[])
            GROUP BY 1, 2, 3 ORDER BY array_position($1::text[], c.vocabulary_id::text), 2, 3",
            concept = self.place.vocabulary_table("concept"),
            relationship = self.place.vocabulary_table("concept_relationship"),
        );
        let mut found = BTreeMap::new();
        for chunk in codes.chunks(CHUNK) {
            for row in transaction.query(&sql, &[&system.vocabularies, &chunk]).map_err(failed)? {
                let concept = Concept { source: row.get(2), standard: row.get(3) };
                found.entry(row.get(1)).or_insert(concept);
            }
        }
        Ok(found)
    }

    /// The id of the standard concept that has the name of a term: that of the term when it has, else another's;
    /// nothing when none or several have it.
    pub fn term(&self, transaction: &mut Transaction<'_>, term: &Term) -> Result<Option<i64>, PublishError> {
        let sql = format!(
            "SELECT concept_id::bigint FROM {} WHERE concept_name = $1::text AND standard_concept = 'S' ORDER BY 1",
            self.place.vocabulary_table("concept")
        );
        let rows = transaction.query(&sql, &[&term.name]).map_err(failed)?;
        let ids: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
        Ok(match ids.as_slice() {
            ids if ids.contains(&term.concept_id) => Some(term.concept_id),
            [id] => Some(*id),
            _ => None,
        })
    }
}

fn failed(error: ::postgres::Error) -> PublishError {
    PublishError::of("reading the vocabularies")(error)
}
