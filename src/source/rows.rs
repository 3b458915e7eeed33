//! What does not come from text, row by row: the cells of a JSON object or of a CSV record, by the name of their field.

use std::ops::RangeInclusive;

use jiff::civil::Date;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::fields::{self, Scalar};
use super::{Format, Raw, Reason, Record, Records, Rejection, SourceError, csv, jsonl};

/// Largest row, in bytes.
const LIMIT: usize = 16 << 20;

/// What the rows of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// People: birth, outcome, mother.
    Persons,
    /// Events: coded diagnoses, or events exported by `laennec events`.
    Events,
    /// Births of areas, by period.
    Births,
}

impl Kind {
    /// Columns of which a CSV header must name one, and how a message names them.
    fn columns(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::Persons => (&["patient_id", "person_id"], "patient_id or person_id"),
            Self::Events => {
                (&["patient_id", "person_id", "document_id"], "patient_id, person_id or document_id")
            }
            Self::Births => (&["area"], "area"),
        }
    }
}

/// Opens the rows of `path`: a `.jsonl` (`.ndjson`, `.json`) or `.csv` file, plain, `.gz` or `.zst`, or `-` for JSONL on
/// standard input.
///
/// # Errors
/// When the path is missing, unreadable or of another kind, or when a CSV header names no column of this kind.
pub fn open_rows(path: &str, kind: Kind) -> Result<Records, SourceError> {
    Ok(match Format::of(path)? {
        Format::JsonLines(compression) => Box::new(jsonl::Lines::open(path, compression, LIMIT)?),
        Format::Csv(compression) => {
            Box::new(csv::Rows::open_table(path, compression, LIMIT, kind.columns())?)
        }
        Format::Folder => return Err(SourceError::Unsupported { path: path.to_owned() }),
    })
}

/// Reads a record by `read`; whatever is wrong is told with its place.
pub(super) fn read<T>(
    record: Record,
    read: impl FnOnce(&mut Cells) -> Result<T, Reason>,
) -> Result<T, Rejection> {
    let cells = match record.raw {
        Raw::Json(line) => jsonl::read_object(line),
        Raw::Csv { row, header } => csv::read_cells(row, &header),
        Raw::TextFile(_) => Err(Reason::NotText { controls: 0, bytes: 0 }),
        Raw::Refused(reason) => Err(reason),
    };
    let value = cells.and_then(|cells| read(&mut Cells(cells)));
    value.map_err(|reason| Rejection { origin: record.origin, document_id: None, patient_id: None, reason })
}

/// The cells of one row.
pub(super) struct Cells(Map<String, Value>);

impl Cells {
    /// True when a field has a value, be it an empty list.
    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null() && value != "")
    }

    /// The first of some spellings that has a value, and the value.
    fn take(&mut self, names: &[&'static str]) -> Option<(&'static str, Value)> {
        let name = *names.iter().find(|name| self.has(name))?;
        self.0.remove(name).map(|value| (name, value))
    }

    /// An identifier: a string or an integer.
    pub fn identifier(&mut self, names: &[&'static str]) -> Result<Option<String>, Reason> {
        match self.take(names) {
            Some((name, value)) => fields::identifier(name, Scalar::from(value)),
            None => Ok(None),
        }
    }

    /// An identifier as documents have it: at most 255 characters.
    pub fn document_id(&mut self, names: &[&'static str]) -> Result<Option<String>, Reason> {
        match self.take(names) {
            Some((name, value)) => fields::document_id(name, Scalar::from(value)),
            None => Ok(None),
        }
    }

    /// A string.
    pub fn text(&mut self, name: &'static str) -> Result<Option<String>, Reason> {
        match self.take(&[name]) {
            Some((_, value)) => fields::label(name, Scalar::from(value)),
            None => Ok(None),
        }
    }

    /// An ISO date, with or without a time.
    pub fn date(&mut self, name: &'static str) -> Result<Option<Date>, Reason> {
        match self.take(&[name]) {
            Some((_, value)) => fields::iso_date(name, Scalar::from(value)),
            None => Ok(None),
        }
    }

    /// A whole number in a range; `expected` tells the range. Tables write 273 as "273" or 273.0.
    pub fn integer(
        &mut self,
        names: &[&'static str],
        range: RangeInclusive<i64>,
        expected: &'static str,
    ) -> Result<Option<i64>, Reason> {
        let Some((field, value)) = self.take(names) else { return Ok(None) };
        let number = number_of(&value).filter(|n| n.fract() == 0.0 && n.abs() < 9e15).map(|n| n as i64);
        match number.filter(|n| range.contains(n)) {
            Some(number) => Ok(Some(number)),
            None => Err(Reason::BadValue { field, expected }),
        }
    }

    /// A number.
    pub fn number(&mut self, field: &'static str) -> Result<Option<f64>, Reason> {
        let Some((_, value)) = self.take(&[field]) else { return Ok(None) };
        match number_of(&value).filter(|n| n.is_finite()) {
            Some(number) => Ok(Some(number)),
            None => Err(Reason::BadValue { field, expected: "a number" }),
        }
    }

    /// A probability.
    pub fn probability(&mut self, field: &'static str) -> Result<Option<f64>, Reason> {
        match self.number(field)? {
            Some(number) if !(0.0..=1.0).contains(&number) => {
                Err(Reason::BadValue { field, expected: "a number from 0 to 1" })
            }
            number => Ok(number),
        }
    }

    /// A word of a vocabulary.
    pub fn word<T>(
        &mut self,
        field: &'static str,
        parse: impl Fn(&str) -> Option<T>,
        expected: &'static str,
    ) -> Result<Option<T>, Reason> {
        let Some((_, value)) = self.take(&[field]) else { return Ok(None) };
        match value.as_str().and_then(|text| parse(text.trim())) {
            Some(word) => Ok(Some(word)),
            None => Err(Reason::BadValue { field, expected }),
        }
    }

    /// A list or an object; a CSV cell holds it as JSON.
    pub fn json<T: DeserializeOwned>(
        &mut self,
        field: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, Reason> {
        let Some((_, value)) = self.take(&[field]) else { return Ok(None) };
        let read = match &value {
            Value::String(text) => serde_json::from_str(text),
            _ => serde_json::from_value(value),
        };
        read.map(Some).map_err(|_| Reason::BadValue { field, expected })
    }

    /// A list of words: a JSON list, or a string of words set apart by spaces, commas or semicolons.
    pub fn list(&mut self, field: &'static str, expected: &'static str) -> Result<Vec<Value>, Reason> {
        let Some((_, value)) = self.take(&[field]) else { return Ok(Vec::new()) };
        match value {
            Value::Array(items) => Ok(items),
            Value::String(text) if text.trim_start().starts_with('[') => {
                serde_json::from_str(&text).map_err(|_| Reason::BadValue { field, expected })
            }
            Value::String(text) => {
                let words = text.split([' ', ',', ';', '|']).filter(|word| !word.is_empty());
                Ok(words.map(Value::from).collect())
            }
            _ => Err(Reason::BadValue { field, expected }),
        }
    }
}

fn number_of(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
