//! Families: one template and a table of many definitions that differ only in their codes and options.
//!
//! In a template `{{column}}` is the text of a cell, `{{[column]}}` its comma-separated words as a TOML list, `{{[PREFIX:column]}}`
//! the same with a prefix to each word; lines between `{{#column}}` and `{{/column}}` stay when the cell is not empty,
//! those between `{{^column}}` and `{{/column}}` when it is.

#[cfg(test)]
mod tests;

use crate::problem::Problem;
use std::collections::BTreeMap;

/// A row of a table by column.
type Row = BTreeMap<String, String>;

/// The members of a family: file for messages, and TOML.
///
/// # Errors
/// A table that cannot be read, or a template that names no column: file and line.
pub(super) fn members(
    template_file: &str,
    template: &str,
    table_file: &str,
    table: &str,
) -> Result<Vec<(String, String)>, Problem> {
    let rows = rows(table_file, table)?;
    let member = |row: &Row| {
        let text = expand(template_file, template, row)?;
        let id = row.get("id").map(String::as_str).unwrap_or_default();
        Ok((format!("{template_file}[{id}]"), text))
    };
    rows.iter().map(member).collect()
}

fn rows(file: &str, table: &str) -> Result<Vec<Row>, Problem> {
    let mut reader = csv::ReaderBuilder::new().delimiter(b'\t').quoting(false).from_reader(table.as_bytes());
    let problem = |error: csv::Error| {
        let line = error.position().map_or(1, |position| position.line() as usize);
        Problem::at(file, line, "not a row of this table: as many tab-separated cells as the first line has")
    };
    let columns: Vec<String> = reader.headers().map_err(problem)?.iter().map(str::to_string).collect();
    let row = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.map_err(problem)?;
        Ok(columns.iter().cloned().zip(record.iter().map(str::to_string)).collect())
    };
    reader.records().map(row).collect()
}

fn expand(file: &str, template: &str, row: &Row) -> Result<String, Problem> {
    let mut text = String::new();
    let mut shown = vec![true];
    for (number, line) in template.lines().enumerate() {
        let at = |message: String| Problem::at(file, number + 1, message);
        let cell =
            |column: &str| row.get(column).ok_or_else(|| at(format!("no column {column:?} in the table")));
        let mark = line.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        match mark.and_then(|mark| mark.split_at_checked(1)) {
            Some(("#", column)) => shown.push(!cell(column)?.is_empty()),
            Some(("^", column)) => shown.push(cell(column)?.is_empty()),
            Some(("/", _)) => drop(shown.pop()),
            _ if shown.iter().all(|shown| *shown) => {
                text.push_str(&fill(line, cell)?);
                text.push('\n');
            }
            _ => {}
        }
    }
    Ok(text)
}

fn fill<'r>(line: &str, cell: impl Fn(&str) -> Result<&'r String, Problem>) -> Result<String, Problem> {
    let mut filled = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else { break };
        filled.push_str(before);
        match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            None => filled.push_str(&escaped(cell(name)?)),
            Some(name) => {
                let (prefix, column) =
                    name.split_once(':').map_or(("", name), |(prefix, column)| (prefix, column));
                let separator = if prefix.is_empty() { "" } else { ":" };
                let words = cell(column)?.split(',').map(str::trim).filter(|word| !word.is_empty());
                let words: Vec<String> =
                    words.map(|word| format!("\"{prefix}{separator}{}\"", escaped(word))).collect();
                filled.push_str(&format!("[{}]", words.join(", ")));
            }
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
