//! Why numbers were refused: which field, which row of it, and what was expected.

use std::fmt;

/// Numbers that a method does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Field of the request, for instance `counts`.
    pub field: &'static str,
    /// Place in a list, from 1.
    pub row: Option<usize>,
    /// What was expected, and what was found.
    pub problem: String,
}

impl Refused {
    /// A field that is refused as a whole.
    pub fn field(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field, row: None, problem: problem.into() }
    }

    /// A row of a list, counted from 0 here and told from 1.
    pub fn row(field: &'static str, index: usize, problem: impl Into<String>) -> Self {
        Self { field, row: Some(index + 1), problem: problem.into() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row {
            Some(row) => write!(out, "{}, row {row}: {}", self.field, self.problem),
            None => write!(out, "{}: {}", self.field, self.problem),
        }
    }
}

impl std::error::Error for Refused {}
