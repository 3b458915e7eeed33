//! COHORT and COHORT_DEFINITION: who is a case of which phenotype, from when.

use super::Shipped;
use crate::exchange::table::{Column, Kind, Row, fit, storable};
use crate::exchange::{key_of, short_key_of};

/// A membership as the warehouse has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Id of the phenotype.
    pub phenotype: String,
    /// Its version.
    pub version: String,
    /// Patient.
    pub patient_id: String,
    /// ISO date; without one there is no row, since a cohort must say when it begins.
    pub index_date: Option<String>,
    /// ISO date of the last that is known of the patient.
    pub last_date: Option<String>,
}

/// A row of COHORT.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CohortRow {
    /// Key of the definition.
    pub cohort_definition_id: i64,
    /// Key of the person.
    pub subject_id: i64,
    /// Index date.
    pub cohort_start_date: String,
    /// The last that is known, never before the start.
    pub cohort_end_date: String,
}

impl Row for CohortRow {
    const TABLE: &'static str = "cohort";
    const COLUMNS: &'static [Column] = &[
        Column::required("cohort_definition_id", Kind::Key),
        Column::required("subject_id", Kind::Key),
        Column::required("cohort_start_date", Kind::Date),
        Column::required("cohort_end_date", Kind::Date),
    ];

    fn cells(&self) -> Vec<Option<String>> {
        let cells = [
            self.cohort_definition_id.to_string(),
            self.subject_id.to_string(),
            self.cohort_start_date.clone(),
            self.cohort_end_date.clone(),
        ];
        cells.map(Some).to_vec()
    }
}

impl CohortRow {
    /// The row of a membership, when its index date is known.
    pub fn of(member: &Member) -> Option<Self> {
        let start = member.index_date.clone()?;
        let last = member.last_date.as_ref().filter(|last| **last > start);
        Some(Self {
            cohort_definition_id: definition_key(&member.phenotype, &member.version),
            subject_id: key_of(&member.patient_id),
            cohort_end_date: last.unwrap_or(&start).clone(),
            cohort_start_date: start,
        })
    }
}

/// The key of a version of a phenotype.
fn definition_key(phenotype: &str, version: &str) -> i64 {
    short_key_of(&format!("{phenotype}\n{version}"))
}

/// A row of COHORT_DEFINITION.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CohortDefinitionRow {
    /// Key of the definition.
    pub cohort_definition_id: i64,
    /// `laennec`, the phenotype, its version.
    pub cohort_definition_name: String,
    /// What it is, and where the definition can be read.
    pub cohort_definition_description: String,
    /// 0: the vocabularies have no concept for a definition in TOML.
    pub definition_type_concept_id: i64,
    /// How to read the definition: the command.
    pub cohort_definition_syntax: String,
    /// The domain of persons.
    pub subject_concept_id: i64,
    /// Day of the run that found the cohort.
    pub cohort_initiation_date: Option<String>,
}

impl Row for CohortDefinitionRow {
    const TABLE: &'static str = "cohort_definition";
    const COLUMNS: &'static [Column] = &[
        Column::required("cohort_definition_id", Kind::Key),
        Column::required("cohort_definition_name", Kind::Text(255)),
        Column::optional("cohort_definition_description", Kind::LongText),
        Column::required("definition_type_concept_id", Kind::Concept),
        Column::optional("cohort_definition_syntax", Kind::LongText),
        Column::required("subject_concept_id", Kind::Concept),
        Column::optional("cohort_initiation_date", Kind::Date),
    ];

    fn cells(&self) -> Vec<Option<String>> {
        vec![
            Some(self.cohort_definition_id.to_string()),
            Some(self.cohort_definition_name.clone()),
            Some(self.cohort_definition_description.clone()),
            Some(self.definition_type_concept_id.to_string()),
            Some(self.cohort_definition_syntax.clone()),
            Some(self.subject_concept_id.to_string()),
            self.cohort_initiation_date.clone(),
        ]
    }
}

impl CohortDefinitionRow {
    /// What the descriptions of ours begin with.
    pub const OURS: &'static str = "Laennec phenotype ";

    /// The row of a version of a phenotype; `run_on` is the ISO date of its last run.
    pub fn of(phenotype: &str, version: &str, run_on: Option<&str>, shipped: &Shipped) -> Self {
        let (phenotype_text, version_text) = (storable(phenotype), storable(version));
        Self {
            cohort_definition_id: definition_key(phenotype, version),
            cohort_definition_name: fit(&format!("laennec {phenotype} {version}"), 255),
            cohort_definition_description: format!(
                "{}{phenotype_text}, version {version_text}; all levels of case",
                Self::OURS
            ),
            definition_type_concept_id: 0,
            cohort_definition_syntax: format!("laennec phenotype show {phenotype_text} --toml"),
            subject_concept_id: shipped.person_domain.concept_id,
            cohort_initiation_date: run_on.map(str::to_string),
        }
    }
}
