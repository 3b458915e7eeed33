//! Reads tab-separated tables with a header line, keeping line numbers for messages.

use super::problem::Problem;

/// One row of a table.
pub(crate) struct Row<'a> {
    /// Line in the file, from 1.
    pub line: usize,
    cells: Vec<&'a str>,
}

impl<'a> Row<'a> {
    /// The cell of column number `column`, trimmed; empty when the row or the table has none.
    pub fn get(&self, column: Option<usize>) -> &'a str {
        column.and_then(|c| self.cells.get(c)).copied().unwrap_or_default()
    }
}

/// A table: which known column stands where, and the rows.
pub(crate) struct Table<'a, const N: usize> {
    columns: [Option<usize>; N],
    pub rows: Vec<Row<'a>>,
}

impl<'a, const N: usize> Table<'a, N> {
    /// Reads `text`. The first `required` of the `known` columns must be there; unknown columns are refused.
    pub fn read(
        file: &str,
        text: &'a str,
        known: [&str; N],
        required: usize,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(i, line)| (i + 1, line.trim_end_matches('\r')))
            .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        let Some((header_line, header)) = lines.next() else {
            problems.push(Problem::of(
                file,
                format!("empty; its first line names the columns {}", known.join(", ")),
            ));
            return None;
        };
        let names: Vec<&str> = header.trim_start_matches('\u{FEFF}').split('\t').map(str::trim).collect();
        let before = problems.len();
        for (i, name) in names.iter().enumerate() {
            if !known.contains(name) {
                let expected = known.join(", ");
                problems.push(Problem::at(
                    file,
                    header_line,
                    format!("unknown column {name:?}; expected {expected}"),
                ));
            } else if names[..i].contains(name) {
                problems.push(Problem::at(file, header_line, format!("column {name:?} is named twice")));
            }
        }
        let columns = known.map(|column| names.iter().position(|name| *name == column));
        for (column, place) in known.iter().zip(columns).take(required) {
            if place.is_none() {
                problems.push(Problem::at(file, header_line, format!("column {column:?} is missing")));
            }
        }
        if problems.len() > before {
            return None;
        }
        let mut rows = Vec::new();
        for (line, content) in lines {
            let cells: Vec<&str> = content.split('\t').map(str::trim).collect();
            if cells.len() > names.len() {
                let message =
                    format!("{} cells for {} columns; is a tab too many?", cells.len(), names.len());
                problems.push(Problem::at(file, line, message));
            } else {
                rows.push(Row { line, cells });
            }
        }
        Some(Self { columns, rows })
    }

    /// The cell of known column number `column` in `row`.
    pub fn cell<'r>(&self, row: &Row<'r>, column: usize) -> &'r str {
        row.get(self.columns.get(column).copied().flatten())
    }
}
