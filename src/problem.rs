//! What is wrong with data that a user wrote, where, and what to do: one line per problem.

use std::fmt;

/// A fault in a file of data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Path or shipped name of the file.
    pub file: String,
    /// Line, from 1; `None` when the whole file is meant.
    pub line: Option<usize>,
    /// What was found, what was expected, what to do.
    pub message: String,
}

impl Problem {
    /// A problem at a line of a file.
    pub fn at(file: &str, line: usize, message: impl Into<String>) -> Self {
        Self { file: file.to_string(), line: Some(line), message: message.into() }
    }

    /// A problem with a file as a whole.
    pub fn of(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_string(), line: None, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{}: {}", self.file, line, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

/// All the problems found while loading, in file order; never empty.
#[derive(Debug, thiserror::Error)]
#[error("{}", lines(.0))]
pub struct Problems(pub Vec<Problem>);

/// Most problems told at once; a wrong column would otherwise fill the screen.
const MOST_TOLD: usize = 40;

fn lines(problems: &[Problem]) -> String {
    let mut lines: Vec<String> = problems.iter().take(MOST_TOLD).map(ToString::to_string).collect();
    if problems.len() > MOST_TOLD {
        lines.push(format!("… and {} more problems", problems.len() - MOST_TOLD));
    }
    lines.join("\n")
}
