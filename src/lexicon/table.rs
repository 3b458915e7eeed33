//! Reads tab-separated tables with a header line, keeping line numbers for messages, and lays a site's rows over shipped ones.

use super::folder::Folder;
use super::problem::Problem;
use crate::normalize::fold;

/// One row of a table.
pub(crate) struct Row<'a> {
    /// Line in its file, from 1.
    pub line: usize,
    /// Number of its file.
    pub file: u16,
    /// An overlay disabled its term; what it says of its concept still holds.
    pub is_muted: bool,
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
    known: [&'static str; N],
    /// Names of the files that the rows come from.
    pub files: Vec<String>,
    pub rows: Vec<Row<'a>>,
    /// What overlays disabled: id, term, and the place that did it.
    pub disabled: Vec<(String, String, String)>,
}

/// What an overlay does with a row.
const ACTIONS: [&str; 3] = ["add", "change", "disable"];

impl<'a, const N: usize> Table<'a, N> {
    /// Reads `text`. The first `required` of the `known` columns must be there; unknown columns are refused.
    pub fn read(
        file: &str,
        text: &'a str,
        known: [&'static str; N],
        required: usize,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let sheet = Sheet::read(file, text, &known, required, problems)?;
        let columns = known.map(|column| sheet.place(column));
        Some(Self { columns, known, files: vec![file.to_string()], rows: sheet.rows, disabled: Vec::new() })
    }

    /// The rows of `terms.tsv`, with those of the overlays laid over them in the order the overlays were given.
    pub fn of_terms(
        folder: &'a Folder,
        known: [&'static str; N],
        required: usize,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let text = folder.get("terms.tsv").unwrap_or("");
        let mut table = Self::read(&folder.path("terms.tsv"), text, known, required, problems)?;
        for (file, text) in folder.overlays() {
            table.lay_over(file, text, problems);
        }
        Some(table)
    }

    fn lay_over(&mut self, file: &str, text: &'a str, problems: &mut Vec<Problem>) {
        let columns: Vec<&str> = ["action"].into_iter().chain(self.known).collect();
        let Some(sheet) = Sheet::read(file, text, &columns, 1, problems) else { return };
        self.files.push(file.to_string());
        let number = (self.files.len() - 1) as u16;
        let places = self.known.map(|column| sheet.place(column));
        for row in &sheet.rows {
            let cells = places.map(|place| row.get(place));
            let action = row.get(sheet.place("action"));
            let done = match action {
                "add" | "" => self.append(cells, number, row.line),
                "disable" => self.disable(cells, &format!("{file}:{}", row.line)),
                "change" => self.change(cells, number, row.line),
                _ => Err(format!("unknown action {action:?}; expected one of {}", ACTIONS.join(", "))),
            };
            if let Err(message) = done {
                problems.push(Problem::at(file, row.line, message));
            }
        }
    }

    fn append(&mut self, cells: [&'a str; N], file: u16, line: usize) -> Result<(), String> {
        let mut row = Row { line, file, is_muted: false, cells: Vec::new() };
        (0..N).for_each(|column| self.set(&mut row, column, cells[column]));
        self.rows.push(row);
        Ok(())
    }

    fn set(&mut self, row: &mut Row<'a>, column: usize, text: &'a str) {
        if text.is_empty() {
            return;
        }
        let place = self.columns[column].unwrap_or_else(|| {
            let widest =
                self.rows.iter().map(|r| r.cells.len()).chain(self.columns.iter().flatten().map(|c| c + 1));
            widest.max().unwrap_or(0)
        });
        self.columns[column] = Some(place);
        if row.cells.len() <= place {
            row.cells.resize(place + 1, "");
        }
        row.cells[place] = if text == "-" { "" } else { text };
    }

    /// The rows with this id and, when it is given, this term.
    fn meant(&self, id: &str, term: &str) -> Result<Vec<usize>, String> {
        let folded = fold(term).text().to_string();
        let fits = |row: &Row| {
            (id.is_empty() || self.cell(row, 0) == id)
                && (term.is_empty() || fold(self.cell(row, 1)).text() == folded)
        };
        let found: Vec<usize> = (0..self.rows.len()).filter(|&i| fits(&self.rows[i])).collect();
        match found.is_empty() || (id.is_empty() && term.is_empty()) {
            true => Err(format!(
                "no row has {} {id:?} and {} {term:?}; see `laennec lexicon show TERM`",
                self.known[0], self.known[1]
            )),
            false => Ok(found),
        }
    }

    fn disable(&mut self, cells: [&'a str; N], place: &str) -> Result<(), String> {
        let (id, term) = (cells[0], cells[1]);
        for i in self.meant(id, term)? {
            self.rows[i].is_muted = true;
            let (id, term) = (self.cell(&self.rows[i], 0), self.cell(&self.rows[i], 1));
            self.disabled.push((id.to_string(), term.to_string(), place.to_string()));
        }
        // With all its terms gone, a concept goes too.
        let ids: Vec<&str> = self.rows.iter().filter(|r| r.is_muted).map(|r| self.cell(r, 0)).collect();
        let lives = |id: &str| self.rows.iter().any(|r| !r.is_muted && self.cell(r, 0) == id);
        let dead: Vec<&str> = ids.into_iter().filter(|id| !lives(id)).collect();
        let columns = self.columns[0];
        self.rows.retain(|row| !dead.contains(&row.get(columns)));
        Ok(())
    }

    fn change(&mut self, cells: [&'a str; N], file: u16, line: usize) -> Result<(), String> {
        let (id, term) = (cells[0], cells[1]);
        let found = self.meant(id, term)?;
        // What is said of a concept stands on its preferred row, else its first.
        let is_preferred = |i: &&usize| self.cell(&self.rows[**i], 2) == "preferred";
        let one = found.iter().find(is_preferred).or(found.first()).copied();
        let targets = if term.is_empty() { one.into_iter().collect() } else { found };
        for i in targets {
            let mut row =
                Row { line, file, is_muted: self.rows[i].is_muted, cells: self.rows[i].cells.clone() };
            (2..N).for_each(|column| self.set(&mut row, column, cells[column]));
            self.rows[i] = row;
        }
        Ok(())
    }

    /// The cell of known column number `column` in `row`.
    pub fn cell<'r>(&self, row: &Row<'r>, column: usize) -> &'r str {
        row.get(self.columns.get(column).copied().flatten())
    }

    /// A problem of a row, with its place.
    pub fn problem(&self, row: &Row, message: impl Into<String>) -> Problem {
        Problem::at(&self.files[row.file as usize], row.line, message)
    }
}

/// The rows of one file, as its own header orders them.
struct Sheet<'a> {
    names: Vec<&'a str>,
    rows: Vec<Row<'a>>,
}

impl<'a> Sheet<'a> {
    fn read(
        file: &str,
        text: &'a str,
        known: &[&str],
        required: usize,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(i, line)| (i + 1, line.trim_end_matches('\r')))
            .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        let Some((header_line, header)) = lines.next() else {
            let expected = known.join(", ");
            problems.push(Problem::of(file, format!("empty; its first line names the columns {expected}")));
            return None;
        };
        let names: Vec<&str> = header.trim_start_matches('\u{FEFF}').split('\t').map(str::trim).collect();
        let before = problems.len();
        for (i, name) in names.iter().enumerate() {
            if !known.contains(name) {
                let expected = known.join(", ");
                let message = format!("unknown column {name:?}; expected {expected}");
                problems.push(Problem::at(file, header_line, message));
            } else if names[..i].contains(name) {
                problems.push(Problem::at(file, header_line, format!("column {name:?} is named twice")));
            }
        }
        for column in known.iter().take(required).filter(|column| !names.contains(column)) {
            problems.push(Problem::at(file, header_line, format!("column {column:?} is missing")));
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
                rows.push(Row { line, file: 0, is_muted: false, cells });
            }
        }
        Some(Self { names, rows })
    }

    fn place(&self, column: &str) -> Option<usize> {
        self.names.iter().position(|name| *name == column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [&str; 4] = ["concept", "term", "kind", "codings"];

    fn laid(overlay: &str) -> Result<Vec<String>, Vec<Problem>> {
        let base = "concept\tterm\tkind\na\tun\tpreferred\na\tdeux\tsynonym\nb\ttrois\tpreferred\n";
        let mut folder = Folder::from_files("base", "base", [("terms.tsv", base)]);
        folder.add_overlay("site/base.tsv", overlay);
        let mut problems = Vec::new();
        let table = Table::of_terms(&folder, COLUMNS, 2, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        let table = table.ok_or_else(Vec::new)?;
        let shown = |row: &Row| {
            let cells: Vec<&str> = (0..4).map(|c| table.cell(row, c)).collect();
            let muted = if row.is_muted { " muted" } else { "" };
            format!("{}{muted} {}:{}", cells.join("|"), table.files[row.file as usize], row.line)
        };
        Ok(table.rows.iter().map(shown).collect())
    }

    #[test]
    fn an_overlay_adds_changes_and_disables_rows() {
        let rows = laid(
            "action\tconcept\tterm\tkind\tcodings\nadd\tb\tquatre\tsynonym\nchange\ta\t\t\tX:1\ndisable\ta\tdeux\n",
        );
        let expected = [
            "a|un|preferred|X:1 site/base.tsv:3",
            "a|deux|synonym| muted base/terms.tsv:3",
            "b|trois|preferred| base/terms.tsv:4",
            "b|quatre|synonym| site/base.tsv:2",
        ];
        assert_eq!(rows.unwrap(), expected);
        let rows = laid("action\tconcept\tterm\ndisable\ta\t\n").unwrap();
        assert_eq!(rows, ["b|trois|preferred| base/terms.tsv:4"], "without terms there is no concept");
    }

    #[test]
    fn what_an_overlay_cannot_do_is_told_with_its_line() {
        for (overlay, place, told) in [
            ("action\tconcept\tterm\ndisable\tc\t\n", "site/base.tsv:2", "no row has concept \"c\""),
            ("action\tconcept\tterm\nremove\ta\tun\n", "site/base.tsv:2", "unknown action"),
            ("concept\tterm\na\tun\n", "site/base.tsv:1", "column \"action\" is missing"),
            ("action\tconcept\tterm\ndisable\t\t\n", "site/base.tsv:2", "no row has"),
        ] {
            let problem = laid(overlay).unwrap_err()[0].to_string();
            assert!(problem.starts_with(place) && problem.contains(told), "{problem}");
        }
    }
}
