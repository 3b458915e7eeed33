//! Finds quantities: values with their unit, alone, in ranges and sizes, after labels, and in tables.
//!
//! One forward pass over the tokens, then one over the tables; each step looks a bounded number of tokens ahead. All
//! words are rows of `lexicons/units`. A date is never a quantity; how long something lasts is both.

mod cell;
mod chain;
mod label;
mod number;
mod scan;
mod unit;
mod words;

pub use scan::find;
pub use unit::{Dimension, Unit};
pub use words::Words;

use crate::segment::TokenRange;

/// A quantity found in a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    /// The value and its unit, when the unit stands beside it.
    pub tokens: TokenRange,
    /// The value, or the lower end of a range.
    pub value: f64,
    /// The upper end of a range.
    pub high: Option<f64>,
    /// `<`, `>`, `<=`, `>=`, `~`: how the text compares.
    pub comparator: Option<String>,
    /// In what it is counted.
    pub unit: Unit,
    /// What is measured, when a label says so: an id of `lexicons/units`.
    pub label: Option<String>,
}

impl Quantity {
    /// The value and the upper end counted in another unit, or `None` when the two do not measure the same.
    pub fn in_unit(&self, unit: &Unit) -> Option<(f64, Option<f64>)> {
        let factor = self.unit.to(unit)?;
        Some((self.value * factor, self.high.map(|high| high * factor)))
    }
}
