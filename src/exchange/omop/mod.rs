//! Rows of the OMOP Common Data Model 5.4 from events, persons and memberships of cohorts.

mod cohort;
mod concepts;
mod modifiers;
mod note;
mod person;
mod shipped;

pub use cohort::{CohortDefinitionRow, CohortRow, Member};
pub use concepts::{Concept, Concepts};
pub use modifiers::modifiers;
pub use note::{NoteNlp, NoteNlpMaker, TermTemporal, nlp_system, term_exists, term_temporal};
pub use person::{FactRelationship, relationships};
pub use shipped::{Shipped, System, Term};
