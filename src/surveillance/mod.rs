//! Surveillance: new cases, rates over births, detectors, and signals that ask a registry to look.
//!
//! `cases` reads who is a case and `changes` compares with the run before; `analyse` turns cases and births into findings
//! without a warehouse; `run` stores them; `dossier` and `report` show them.

mod analyse;
mod calendar;
mod cases;
mod changes;
mod config;
mod denominators;
mod detect;
mod dossier;
mod left_out;
mod map;
pub mod model;
mod quality;
mod report;
mod run;
mod signal;
mod study;
mod svg;
pub mod tables;

pub use analyse::{Definition, Inputs, analyse};
pub use changes::is_status;
pub use config::{Config, DEFAULT, MapFile};
pub use detect::Known;
pub use dossier::{Shown, report_of};
pub use map::Map;
pub use quality::Volumes;
pub use report::{html, json};
pub use run::{Asked, People, Ran, RunFault, again, config_of, record_of, run, signal_of, stored_run};
pub use signal::Earlier;
