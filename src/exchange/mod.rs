//! Events in the forms of others: tables of OMOP, bundles of FHIR, Parquet; and their publication in a warehouse of OMOP.
//!
//! Everything but [`publish`] is a pure function of events: no clock, no file, no database. The day of a run is given
//! by the caller, so that the same warehouse gives the same bytes. The rules are written in `docs/exchange.md`.
//!
//! Deliberately absent: any judgement on an event. What the event says is spelled in another vocabulary, and what that
//! vocabulary cannot say is kept in a modifier or an extension, or the event is left out and counted.

mod error;
pub mod fhir;
mod key;
pub mod omop;
#[cfg(feature = "parquet")]
mod parquet;
pub mod publish;
mod stamp;
mod table;

pub use error::ExchangeError;
pub use key::{key_of, short_key_of};
#[cfg(feature = "parquet")]
pub use parquet::EventFile;
pub use stamp::Stamp;
pub use table::{Column, Kind, Row, header, plain_cells};
