//! Least figures that a run must reach, for continuous integration.

use super::super::{Failed, Result};
use super::{Part, measure};
use crate::evaluate::Measure;

/// A measure and the least F1 or accuracy it must have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Requirement {
    measure: Measure,
    least: f64,
}

/// Reads `negation=0.90`.
pub(super) fn parse(text: &str) -> std::result::Result<Requirement, String> {
    let (name, least) = text.split_once('=').ok_or("write NAME=LEAST, for instance negation=0.90")?;
    let least = least.parse().ok().filter(|least| (0.0..=1.0).contains(least));
    let least = least.ok_or("the least figure lies between 0 and 1")?;
    Ok(Requirement { measure: measure(name)?, least })
}

/// Fails with every figure that falls short, in any part.
pub(super) fn check(requirements: &[Requirement], parts: &[Part]) -> Result<()> {
    let pairs = parts.iter().flat_map(|part| requirements.iter().map(move |required| (part, required)));
    let short: Vec<String> = pairs.filter_map(|(part, required)| shortfall(part, required)).collect();
    if short.is_empty() {
        Ok(())
    } else {
        Err(Failed(format!("required, not reached: {}", short.join("; "))))
    }
}

fn shortfall(part: &Part, required: &Requirement) -> Option<String> {
    let Requirement { measure, least } = *required;
    let name = measure.as_str();
    let figure = if measure.is_binary() { "F1" } else { "accuracy" };
    match measure.value(part.tally.counts(measure)) {
        Some(value) if value >= least => None,
        Some(value) => Some(format!("{}: {name} {figure} {value:.4}, at least {least}", part.name)),
        None => Some(format!("{}: {name} {figure} is not defined on this gold, at least {least}", part.name)),
    }
}
