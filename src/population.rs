//! What is known of people and of areas outside reports: the border between `source` and `warehouse`.

use jiff::civil::Date;

/// How a pregnancy ended, in the spelling of the contract.
pub const OUTCOMES: [&str; 3] = ["live_birth", "fetal_death", "topfa"];

/// A person: a child, born or not, or anybody else.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Person {
    /// Pseudonym.
    pub patient_id: String,
    /// Date of birth, or of the end of the pregnancy.
    pub birth_date: Option<Date>,
    /// `F`, `M`, or what the source writes.
    pub sex: Option<String>,
    /// Gestational age at birth, in days of amenorrhoea.
    pub gestational_age_days: Option<i64>,
    /// One of [`OUTCOMES`].
    pub outcome: Option<String>,
    /// Pseudonym of the mother.
    pub mother_id: Option<String>,
    /// Rank among the children of one pregnancy, from 1.
    pub multiple_birth_rank: Option<i64>,
    /// Code of the area of residence.
    pub residence: Option<String>,
    /// Date of conception.
    pub conception_date: Option<Date>,
}

/// The births of an area in a period: a denominator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Births {
    /// Code of the area.
    pub area: String,
    /// `2024`, `2024-03` or `2024-W12`.
    pub period: String,
    /// Children born alive.
    pub live_births: i64,
    /// Children born dead.
    pub stillbirths: Option<i64>,
}
