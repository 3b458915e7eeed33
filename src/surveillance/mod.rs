//! Surveillance: new cases, rates over births, detectors, and signals that ask a registry to look.
//!
//! `cases` reads who is a case and `changes` compares with the run before; `analyse` turns cases and births into findings
//! without a warehouse; `run` stores them; `dossier` and `report` show them.

mod analyse;
mod calendar;
mod cases;
mod changes;
mod checks;
mod config;
mod denominators;
mod detect;
mod dossier;
mod fault;
mod left_out;
mod map;
pub mod model;
mod quality;
mod rates;
mod report;
mod run;
mod signal;
mod stored;
mod study;
mod svg;
pub mod tables;

pub use analyse::{Definition, Inputs, analyse};
pub use changes::is_status;
pub use config::{Config, DEFAULT, MapFile};
pub use detect::Known;
pub use dossier::{Shown, report_of};
pub use fault::RunFault;
pub use map::Map;
pub use quality::Volumes;
pub use report::{html, json};
pub use run::{Asked, People, Ran, run};
pub use signal::Earlier;
pub use stored::{again, config_of, record_of, signal_of, stored_run};
