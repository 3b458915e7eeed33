//! What a warehouse publishes to others: tables of OMOP in a folder or in a database.

#[cfg(feature = "postgres")]
mod columns;
mod contents;
mod error;
mod folder;
#[cfg(feature = "postgres")]
mod place;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod vocabulary;

pub use contents::Publication;
pub use error::PublishError;
pub use folder::to_folder;
#[cfg(feature = "postgres")]
pub use postgres::{Replace, to_database};

/// What was published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows of NOTE_NLP.
    pub notes: u64,
    /// Rows of FACT_RELATIONSHIP.
    pub relationships: u64,
    /// Rows of COHORT.
    pub members: u64,
    /// Rows of COHORT_DEFINITION.
    pub definitions: u64,
    /// Members of cohorts left out, because their index date is not known.
    pub undated: u64,
    /// Relationships left out, because the vocabularies of the database do not name them.
    pub unnamed: u64,
}
