//! The tables of a database: made when missing, else taken as they are, types and lengths included.

use super::PublishError;
use super::place::Place;
use crate::exchange::table::{fit, storable};
use crate::exchange::{Column, Kind, Row};
use ::postgres::Transaction;
use std::collections::BTreeMap;

/// A table as it is.
pub(super) struct Target {
    /// As SQL names it.
    pub name: String,
    columns: Vec<Found>,
}

/// A column as it is.
struct Found {
    name: &'static str,
    /// A 32-bit integer.
    is_narrow: bool,
    /// Most characters.
    length: Option<usize>,
}

impl Target {
    /// Finds a table, or makes it.
    pub fn of<R: Row>(transaction: &mut Transaction<'_>, place: &Place) -> Result<Self, PublishError> {
        let name = place.table(R::TABLE);
        let mut known = read(transaction, place, R::TABLE)?;
        if known.is_empty() {
            let doing = format!("making table {name}");
            transaction.batch_execute(&definition::<R>(&name)).map_err(PublishError::of(doing))?;
            known = read(transaction, place, R::TABLE)?;
        }
        let columns = R::COLUMNS.iter().map(|column| found(column, &known));
        let columns = columns.collect::<Result<Vec<_>, String>>();
        let columns = columns.map_err(|found| PublishError::NotCdm { table: name.clone(), found })?;
        Ok(Self { name, columns })
    }

    /// True when a column holds 32-bit integers.
    pub fn is_narrow(&self, column: &str) -> bool {
        self.columns.iter().any(|found| found.name == column && found.is_narrow)
    }

    /// Refuses keys that a column cannot hold.
    pub fn check(&self, column: &'static str, keys: impl Iterator<Item = i64>) -> Result<(), PublishError> {
        if !self.is_narrow(column) {
            return Ok(());
        }
        let count = keys.filter(|key| i32::try_from(*key).is_err()).count();
        if count == 0 {
            Ok(())
        } else {
            Err(PublishError::Narrow { table: self.name.clone(), column, count })
        }
    }

    /// The statement that takes lines of [`Target::line`].
    pub fn copy(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|found| format!("\"{}\"", found.name)).collect();
        format!("COPY {} ({}) FROM STDIN", self.name, names.join(", "))
    }

    /// A row in the text format of COPY, cut to the lengths of the columns.
    pub fn line(&self, cells: Vec<Option<String>>) -> String {
        let cell = |(found, cell): (&Found, Option<String>)| match (cell, found.length) {
            (None, _) => "\\N".to_string(),
            (Some(text), Some(length)) => escaped(&fit(&text, length)),
            (Some(text), None) => escaped(&storable(&text)),
        };
        let cells: Vec<String> = self.columns.iter().zip(cells).map(cell).collect();
        cells.join("\t") + "\n"
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '\t' => escaped.push_str("\\t"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Type and length of each column of a table; none when there is no such table.
fn read(
    transaction: &mut Transaction<'_>,
    place: &Place,
    table: &str,
) -> Result<BTreeMap<String, (String, Option<i32>)>, PublishError> {
    const SQL: &str = "SELECT column_name::text, data_type::text, character_maximum_length::int4
        FROM information_schema.columns WHERE table_schema = $1::text AND table_name = $2::text";
    let rows = transaction
        .query(SQL, &[&place.schema, &table])
        .map_err(PublishError::of("reading the catalogue"))?;
    Ok(rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect())
}

/// How a column of the CDM is in the table, or what is wrong with it.
fn found(column: &Column, known: &BTreeMap<String, (String, Option<i32>)>) -> Result<Found, String> {
    let Some((kind, length)) = known.get(column.name) else {
        return Err(format!("there is no column {}", column.name));
    };
    let accepted: &[&str] = match column.kind {
        Kind::Key | Kind::Concept => &["integer", "bigint", "numeric"],
        Kind::Text(_) | Kind::LongText => &["character varying", "text", "character"],
        Kind::Date | Kind::DateTime => &["date", "timestamp without time zone", "timestamp with time zone"],
    };
    if !accepted.contains(&kind.as_str()) {
        return Err(format!("column {} is of type {kind}, not {}", column.name, accepted.join(" or ")));
    }
    let length = length.and_then(|length| usize::try_from(length).ok());
    Ok(Found { name: column.name, is_narrow: kind == "integer", length })
}

/// The definition of a table of the CDM, with keys of 64 bits.
fn definition<R: Row>(name: &str) -> String {
    let column = |column: &Column| {
        let kind = match column.kind {
            Kind::Key => "bigint".to_string(),
            Kind::Concept => "integer".to_string(),
            Kind::Text(length) => format!("varchar({length})"),
            Kind::LongText => "text".to_string(),
            Kind::Date => "date".to_string(),
            Kind::DateTime => "timestamp".to_string(),
        };
        format!("\"{}\" {kind}{}", column.name, if column.is_required { " NOT NULL" } else { "" })
    };
    let columns: Vec<String> = R::COLUMNS.iter().map(column).collect();
    format!("CREATE TABLE {name} ({})", columns.join(", "))
}
