//! Tables of tab-separated facts: published rates, known associations, the tree of subgroups.

use std::collections::BTreeMap;
use std::path::Path;

/// A row by column.
pub type Row = BTreeMap<String, String>;

/// Published rates, shipped.
pub const REFERENCE: &str = include_str!("../../surveillance/reference.tsv");
/// Known associations, shipped.
pub const ASSOCIATIONS: &str = include_str!("../../surveillance/associations.tsv");
/// The subgroups of EUROCAT with their parents, shipped.
pub const SUBGROUPS: &str = include_str!("../../phenotypes/eurocat/subgroups.tsv");

/// Tables larger than this are no tables of facts.
const LARGEST: u64 = 16 << 20;

/// Reads a table: lines that begin with `#` are left out, the first other line names the columns.
///
/// # Errors
/// File and line of a row that has not as many cells, or a column that is missing.
pub fn read(file: &str, text: &str, columns: &[&str]) -> Result<Vec<Row>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .quoting(false)
        .comment(Some(b'#'))
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let told = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        format!("{file}:{line}: not a row of this table: as many tab-separated cells as the first line has")
    };
    let header: Vec<String> =
        reader.headers().map_err(told)?.iter().map(|name| name.trim().to_string()).collect();
    if let Some(missing) = columns.iter().find(|column| !header.iter().any(|name| name == *column)) {
        return Err(format!("{file}: no column {missing:?}; the columns are {}", columns.join(", ")));
    }
    let row = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.map_err(told)?;
        Ok(header.iter().cloned().zip(record.iter().map(|cell| cell.trim().to_string())).collect())
    };
    reader.records().map(row).collect()
}

/// Reads a file of the user.
///
/// # Errors
/// The file cannot be read, or what [`read`] refuses.
pub fn read_file(path: &Path, columns: &[&str]) -> Result<Vec<Row>, String> {
    read(&path.display().to_string(), &text_of(path, LARGEST)?, columns)
}

/// The text of a file of at most `largest` bytes.
///
/// # Errors
/// The file cannot be read, is larger, or is not UTF-8.
pub fn text_of(path: &Path, largest: u64) -> Result<String, String> {
    use std::io::Read;
    let told = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| told(&error))?;
    file.take(largest + 1).read_to_end(&mut bytes).map_err(|error| told(&error))?;
    if bytes.len() as u64 > largest {
        return Err(told(&format!("larger than {} MiB", largest >> 20)));
    }
    String::from_utf8(bytes).map_err(|_| told(&"not UTF-8; save the file as UTF-8"))
}
