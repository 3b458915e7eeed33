//! Phenotypes: definitions written by epidemiologists, checked, explained, and compiled to SQL.
//!
//! `definition` is the file as written, `plan` has its names resolved, `compile` writes one statement. No document is
//! opened and nothing is run here: `cohort` runs statements on a warehouse.

mod check;
mod circe;
mod compile;
mod definition;
mod evidence;
mod facts;
mod family;
mod library;
mod plan;
mod prose;
mod sets;
mod shipped;
mod sql;
mod vocabulary;

pub use check::check;
pub use circe::{Imported, import};
pub use compile::{Compiler, Facts, Held, Output, Relation, staging};
pub use definition::*;
pub use library::{Loaded, definitions_at, shipped_definitions};
pub use plan::{Evidence, Node, NodeKind, Plan, Source};
pub use prose::paragraph;
pub use sql::Dialect;
pub use vocabulary::{Known, Vocabulary};
