//! Cohorts: membership, level, index date and evidence of each case; why the others are out; how many each rule leaves.

mod attrition;
mod explain;
pub mod review;
mod run;
mod vignette;

pub use attrition::{Line, attrition};
pub use explain::{Marked, explain};
pub use run::{Case, Runnable, cases, store};
pub use vignette::run_vignettes;
