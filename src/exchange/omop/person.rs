//! FACT_RELATIONSHIP: who is whose mother.

use super::Shipped;
use crate::exchange::key_of;
use crate::exchange::table::{Column, Kind, Row};
use crate::population::Person;

/// A row of FACT_RELATIONSHIP: fact 1 is, of fact 2, what the relationship says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactRelationship {
    /// Domain of fact 1.
    pub domain_concept_id_1: i64,
    /// Key of fact 1.
    pub fact_id_1: i64,
    /// Domain of fact 2.
    pub domain_concept_id_2: i64,
    /// Key of fact 2.
    pub fact_id_2: i64,
    /// What fact 1 is.
    pub relationship_concept_id: i64,
}

impl Row for FactRelationship {
    const TABLE: &'static str = "fact_relationship";
    const COLUMNS: &'static [Column] = &[
        Column::required("domain_concept_id_1", Kind::Concept),
        Column::required("fact_id_1", Kind::Key),
        Column::required("domain_concept_id_2", Kind::Concept),
        Column::required("fact_id_2", Kind::Key),
        Column::required("relationship_concept_id", Kind::Concept),
    ];

    fn cells(&self) -> Vec<Option<String>> {
        let cells = [
            self.domain_concept_id_1,
            self.fact_id_1,
            self.domain_concept_id_2,
            self.fact_id_2,
            self.relationship_concept_id,
        ];
        cells.map(|cell| Some(cell.to_string())).to_vec()
    }
}

/// The two rows of a child whose mother is known, mother first; none otherwise.
pub fn relationships(person: &Person, shipped: &Shipped) -> Vec<FactRelationship> {
    let Some(mother) = person.mother_id.as_deref().map(key_of) else { return Vec::new() };
    let child = key_of(&person.patient_id);
    let domain = shipped.person_domain.concept_id;
    let row = |fact_id_1, fact_id_2, relationship_concept_id| FactRelationship {
        domain_concept_id_1: domain,
        fact_id_1,
        domain_concept_id_2: domain,
        fact_id_2,
        relationship_concept_id,
    };
    vec![row(mother, child, shipped.mother_of.concept_id), row(child, mother, shipped.child_of.concept_id)]
}
