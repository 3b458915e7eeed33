//! A sheet that a person filled, as CSV or JSON lines: what a spreadsheet makes of either is read too.

use std::collections::BTreeMap;
use std::io::Read;

use ::csv::{ReaderBuilder, StringRecord};
use serde_json::Value;

use super::{Reason, SourceError, encoding};

/// A row of a sheet: its cells by column, empty ones left out.
#[derive(Debug)]
pub struct SheetRow {
    /// Line where it starts, from 1.
    pub line: u64,
    /// The cells, or why they cannot be read.
    pub cells: Result<BTreeMap<String, String>, Reason>,
}

/// Reads a sheet whole: sheets are as long as people are patient. CSV by its name (`.csv`), else JSON lines; `-` is
/// JSON lines on standard input.
///
/// # Errors
/// When the file cannot be read, is not text, or has no column `key`.
pub fn read_sheet(path: &str, key: &'static str) -> Result<Vec<SheetRow>, SourceError> {
    let (text, _) =
        encoding::decode_file(bytes(path)?).map_err(|_| SourceError::Utf16 { path: path.into() })?;
    if path.to_ascii_lowercase().ends_with(".csv") { rows(&text, path, key) } else { Ok(lines(&text)) }
}

fn bytes(path: &str) -> Result<Vec<u8>, SourceError> {
    let mut bytes = Vec::new();
    let read = match path {
        "-" => std::io::stdin().read_to_end(&mut bytes).map(|_| ()),
        _ => std::fs::read(path).map(|read| bytes = read),
    };
    read.map_err(|error| SourceError::unreadable(path, error))?;
    Ok(bytes)
}

fn rows(text: &str, path: &str, key: &'static str) -> Result<Vec<SheetRow>, SourceError> {
    let missing = || SourceError::MissingColumn { path: path.into(), missing: key };
    let parse = |delimiter: &u8| {
        let mut reader =
            ReaderBuilder::new().delimiter(*delimiter).flexible(true).from_reader(text.as_bytes());
        let header = reader.headers().ok()?.clone();
        header.iter().any(|name| name.trim() == key).then_some((reader, header))
    };
    let (reader, header) = b",;\t".iter().find_map(parse).ok_or_else(missing)?;
    let read = reader.into_records().filter_map(|row| match row {
        Ok(row) if row.iter().all(str::is_empty) => None,
        Ok(row) => {
            Some(SheetRow { line: row.position().map_or(0, |p| p.line()), cells: cells(&header, &row) })
        }
        Err(error) => {
            let line = error.position().map_or(0, |p| p.line());
            Some(SheetRow { line, cells: Err(Reason::Undecodable { byte: 0 }) })
        }
    });
    Ok(read.collect())
}

fn cells(header: &StringRecord, row: &StringRecord) -> Result<BTreeMap<String, String>, Reason> {
    if header.len() != row.len() {
        return Err(Reason::FieldCount { expected: header.len(), found: row.len() });
    }
    let cells = header.iter().zip(row).map(|(name, cell)| (name.trim(), cell.trim()));
    Ok(cells.filter(|(_, cell)| !cell.is_empty()).map(|(name, cell)| (name.into(), cell.into())).collect())
}

fn lines(text: &str) -> Vec<SheetRow> {
    let numbered = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    numbered.map(|(i, line)| SheetRow { line: i as u64 + 1, cells: object(line) }).collect()
}

/// Texts and numbers of an object; what the sheet only shows (lists) is left out.
fn object(line: &str) -> Result<BTreeMap<String, String>, Reason> {
    let problem = |column| Reason::NotJson { column, problem: "no JSON object" };
    let object: serde_json::Map<String, Value> =
        serde_json::from_str(line).map_err(|error| problem(error.column()))?;
    let cells = object.into_iter().filter_map(|(name, value)| match value {
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => Some((name, text.trim().to_string())),
        Value::Number(number) => Some((name, number.to_string())),
        _ => None,
    });
    Ok(cells.collect())
}
