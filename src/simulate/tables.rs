//! Rows of the data files, with their cells read as numbers and ids; a fault names file and line.

use crate::lexicon::{Folder, Problem, Row, Table};

/// Collects the faults of the data files.
pub(super) struct Reader<'a> {
    pub folder: &'a Folder,
    pub problems: Vec<Problem>,
}

/// The rows of one file and where they stand, for messages.
pub(super) struct Rows<'a, const N: usize> {
    pub file: String,
    table: Table<'a, N>,
}

impl<'a> Reader<'a> {
    /// The text of a file that must be there.
    pub fn text(&mut self, file: &str) -> &'a str {
        match self.folder.get(file) {
            Some(text) => text,
            None => {
                self.problems.push(Problem::of(&self.folder.path(file), "file is missing"));
                ""
            }
        }
    }

    /// The rows of a table; empty after a fault.
    pub fn rows<const N: usize>(&mut self, file: &str, columns: [&'static str; N]) -> Option<Rows<'a, N>> {
        let text = self.text(file);
        let file = self.folder.path(file);
        let table = Table::read(&file, text, columns, N, &mut self.problems)?;
        Some(Rows { file, table })
    }

    /// Adds a fault at a line.
    pub fn fault(&mut self, file: &str, line: usize, message: impl Into<String>) {
        self.problems.push(Problem::at(file, line, message));
    }

    /// A number, or a fault; an empty cell is 0.
    pub fn number(&mut self, file: &str, line: usize, text: &str) -> f64 {
        if text.is_empty() {
            return 0.0;
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() && number >= 0.0 => number,
            _ => {
                self.fault(file, line, format!("{text:?} is not a number of 0 or more"));
                0.0
            }
        }
    }
}

impl<'a, const N: usize> Rows<'a, N> {
    /// Lines and cells, one array a row.
    pub fn cells(&self) -> Vec<(usize, [&'a str; N])> {
        let cells = |row: &Row<'a>| std::array::from_fn(|column| self.table.cell(row, column));
        self.table.rows.iter().map(|row| (row.line, cells(row))).collect()
    }
}
