//! Rows of a PostgreSQL table as reports, through a cursor on the server.
//!
//! The server hands over each row as one JSON object, so that a row is read and refused as a line of JSON is.

use std::collections::VecDeque;

use postgres::{Client, SimpleQueryMessage};

use super::fields::Slot;
use super::{Origin, Raw, Record, SourceError};
use crate::server::{Address, connect, quoted};

/// Rows that come over at once.
const FETCH: usize = 256;

/// Names in an address that are not those of fields.
const TABLE: &str = "table";
const SINCE: &str = "since";
const WHERE: &str = "where";

/// The rows of a table, in the order of the column it is followed by, else of the reports' ids.
pub(super) struct Rows {
    client: Client,
    pending: VecDeque<(Vec<u8>, Option<String>)>,
    place: String,
    line: u64,
    finished: bool,
}

/// `postgres://…?table=note`, read.
pub(super) struct Query {
    address: Address,
    /// What its rows are said to come from: never a user or a password.
    pub(super) place: String,
    table: (String, String),
    since: Option<String>,
    condition: Option<String>,
    /// Field of the contract, column of the table.
    mapping: Vec<(String, String)>,
}

impl Query {
    pub(super) fn parse(url: &str) -> Result<Self, SourceError> {
        let address = Address::parse(url).map_err(SourceError::server)?;
        let (mut table, mut since, mut condition, mut mapping) = (None, None, None, Vec::new());
        for (name, value) in &address.rest {
            match name.as_str() {
                TABLE => table = Some(value.clone()),
                SINCE => since = Some(value.clone()),
                WHERE => condition = Some(value.clone()),
                field if Slot::named(field).is_some() => mapping.push((field.to_owned(), value.clone())),
                _ => return Err(SourceError::Parameter { name: name.clone() }),
            }
        }
        let table = table.ok_or(SourceError::NoTable)?;
        let place = format!("{}&table={table}", address.place().split("?schema=").next().unwrap_or_default());
        let place = place.replacen("&table", "?table", 1);
        let table = match table.split_once('.') {
            Some((schema, table)) => (schema.to_owned(), table.to_owned()),
            None => (address.schema.clone().unwrap_or_else(|| "public".to_owned()), table),
        };
        Ok(Self { address, place, table, since, condition, mapping })
    }

    /// The name under which the warehouse remembers how far the table was read: it holds all that decides which rows are
    /// read, and in which order. `None` when it is read whole each time.
    pub(super) fn followed(&self) -> Option<String> {
        let since = self.since.as_ref()?;
        let (place, (schema, table)) = (&self.place, &self.table);
        let condition = self.condition.as_deref().unwrap_or_default();
        Some(format!("{place} {schema}.{table} since={since} where={condition} {:?}", self.mapping))
    }

    /// True when rows of the table may be left out.
    pub(super) fn is_partial(&self) -> bool {
        self.since.is_some() || self.condition.is_some()
    }

    pub(super) fn open(&self, from: Option<&str>) -> Result<Rows, SourceError> {
        let mut client = connect(&self.address).map_err(SourceError::server)?;
        let columns = self.columns(&mut client)?;
        let lost = |error: postgres::Error| SourceError::query(&self.place, &error);
        client
            .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL timezone = 'UTC'")
            .map_err(lost)?;
        // In the form that takes one statement only: a condition cannot bring a second one.
        client.execute(&self.cursor(&columns, from), &[]).map_err(lost)?;
        Ok(Rows { client, pending: VecDeque::new(), place: self.place.clone(), line: 0, finished: false })
    }

    /// Columns that the contract knows, under the names it knows them by.
    fn columns(&self, client: &mut Client) -> Result<Vec<(String, String)>, SourceError> {
        // Materialized views are in no view of the standard. What may not be read is as good as not there.
        let sql = "SELECT a.attname::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped
            AND has_column_privilege(c.oid, a.attnum, 'SELECT') ORDER BY a.attnum";
        let lost = |error: postgres::Error| SourceError::query(&self.place, &error);
        let rows = client.query(sql, &[&self.table.0, &self.table.1]).map_err(lost)?;
        let known: Vec<String> = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
        if known.is_empty() {
            return Err(SourceError::MissingTable { place: self.place.clone() });
        }
        let asked = self.mapping.iter().map(|(_, column)| column).chain(&self.since);
        if let Some(column) = asked.into_iter().find(|column| !known.contains(column)) {
            return Err(SourceError::MissingTableColumn {
                place: self.place.clone(),
                column: column.clone(),
            });
        }
        let mapped = |column: &String| self.mapping.iter().any(|(_, of)| of == column);
        let own = known.iter().filter(|column| Slot::named(column).is_some() && !mapped(column));
        let taken = |column: &&String| !self.mapping.iter().any(|(field, _)| field == *column);
        let own = own.filter(taken).map(|column| (column.clone(), column.clone()));
        Ok(self.mapping.iter().cloned().chain(own).collect())
    }

    fn cursor(&self, columns: &[(String, String)], from: Option<&str>) -> String {
        let fields: Vec<String> =
            columns.iter().map(|(field, column)| format!("{} AS {field}", quoted(column))).collect();
        let id = columns.iter().find(|(field, _)| matches!(field.as_str(), "document_id" | "note_id"));
        let id = id.map_or_else(|| "1".to_owned(), |(_, column)| format!("s.{}", quoted(column)));
        let table = format!("{}.{}", quoted(&self.table.0), quoted(&self.table.1));
        // With its table: an order by a bare name is that of what is selected, which is text.
        let since = self.since.as_deref().map(|column| format!("s.{}", quoted(column)));
        let value = since.as_ref().map_or("NULL".into(), |column| format!("{column}::text"));
        let order = since.as_ref().map_or(id.clone(), |column| format!("{column}, {id}"));
        let mut conditions: Vec<String> = self.condition.iter().map(|text| format!("({text})")).collect();
        if let (Some(column), Some(from)) = (&since, from) {
            // The last value again: rows that came within the same instant are known by their hash.
            conditions.push(format!("{column} >= {}", literal(from)));
        }
        let conditions = if conditions.is_empty() { "TRUE".into() } else { conditions.join(" AND ") };
        format!(
            "DECLARE laennec_source NO SCROLL CURSOR FOR
            SELECT (SELECT row_to_json(r)::text FROM (SELECT {}) r), {value}
            FROM {table} s WHERE {conditions} ORDER BY {order}",
            fields.iter().map(|field| format!("s.{field}")).collect::<Vec<_>>().join(", ")
        )
    }
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Rows {
    fn fetch(&mut self) -> Result<(), SourceError> {
        let fetch = format!("FETCH {FETCH} FROM laennec_source");
        let messages =
            self.client.simple_query(&fetch).map_err(|error| SourceError::query(&self.place, &error))?;
        for message in messages {
            if let SimpleQueryMessage::Row(row) = message {
                let json = row.get(0).unwrap_or_default().as_bytes().to_vec();
                self.pending.push_back((json, row.get(1).map(str::to_owned)));
            }
        }
        self.finished = self.pending.is_empty();
        Ok(())
    }
}

impl Iterator for Rows {
    type Item = Result<Record, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.pending.is_empty()
            && !self.finished
            && let Err(error) = self.fetch()
        {
            self.finished = true;
            return Some(Err(error));
        }
        let (json, watermark) = self.pending.pop_front()?;
        self.line += 1;
        let bytes = json.len() as u64;
        let origin = Origin { file: self.place.clone(), line: self.line };
        Some(Ok(Record { origin, raw: Raw::Json(json), bytes, watermark }))
    }
}
