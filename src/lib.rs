//! Clinical NLP and phenotyping for French hospital warehouses: reports in, coded events out.
//!
//! Data flows one way: `source → normalize → segment → mention → context → code → warehouse`. See
//! `docs/architecture.md` for the map, the invariants and the glossary.

#![cfg_attr(test, allow(clippy::expect_used, clippy::unwrap_used))]

pub mod cli;
pub mod code;
pub mod cohort;
pub mod context;
pub mod date;
pub mod document;
pub mod evaluate;
pub mod event;
pub mod exchange;
pub mod lexicon;
pub mod mention;
#[cfg(feature = "neural")]
pub mod model;
pub mod normalize;
pub mod phenotype;
pub mod pipeline;
pub mod population;
pub mod problem;
pub mod quantity;
pub mod segment;
#[cfg(feature = "postgres")]
pub mod server;
pub mod simulate;
pub mod source;
pub mod span;
pub mod stats;
pub mod surveillance;
pub mod warehouse;
