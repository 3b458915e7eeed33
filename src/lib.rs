//! Clinical NLP and phenotyping for French hospital warehouses: reports in, coded events out.
//!
//! Data flows one way: `source → normalize → segment → mention → context → code → warehouse`. See
//! `docs/architecture.md` for the map, the invariants and the glossary.

pub mod document;
pub mod event;
pub mod lexicon;
pub mod mention;
pub mod normalize;
pub mod segment;
pub mod source;
pub mod span;
pub mod warehouse;
