//! FHIR R4: one collection for each report with its events, or for the structured events of each patient.

mod bundle;
mod condition;
mod document;
mod extension;
mod family;
mod observation;
mod parts;
mod shipped;
mod when;

pub use bundle::{Bundles, bundle};
pub use shipped::Shipped;
