//! A temporary file that brings together the events of each report, in whatever order they come.

use rusqlite::{Connection, params};

use crate::event::CodedEvent;
use crate::warehouse::WarehouseError;

/// Events of reports, waiting for those of the same report. Memory stays small whatever their number: SQLite keeps
/// them in a nameless temporary file, which is gone when this is dropped, or when the process ends.
pub struct Spool {
    connection: Connection,
    added: i64,
}

/// An event with where it was read: a number that the caller gives, and a line.
#[derive(Clone, Debug)]
pub struct Spooled {
    /// The event.
    pub event: CodedEvent,
    /// Number of the file.
    pub file: i64,
    /// Line in it.
    pub line: i64,
}

impl Spool {
    /// An empty spool.
    pub fn new() -> Result<Self, WarehouseError> {
        let connection = Connection::open("")?;
        connection.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;
            CREATE TABLE spooled (document_id TEXT, place INTEGER, file INTEGER, line INTEGER, event TEXT,
                PRIMARY KEY (document_id, place)) WITHOUT ROWID;",
        )?;
        Ok(Self { connection, added: 0 })
    }

    /// Adds one event.
    pub fn add(&mut self, one: &Spooled) -> Result<(), WarehouseError> {
        self.added += 1;
        let event = super::store::json(&one.event)?;
        let insert = "INSERT INTO spooled VALUES (?1, ?2, ?3, ?4, ?5)";
        let row = params![one.event.document_id, self.added, one.file, one.line, event];
        self.connection.prepare_cached(insert)?.execute(row)?;
        Ok(())
    }

    /// Gives the events of each report, in order of arrival, one report at a time.
    pub fn each_document<E: From<WarehouseError>>(
        &self,
        mut each: impl FnMut(Vec<Spooled>) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = "SELECT event, file, line FROM spooled ORDER BY document_id, place";
        let mut select = self.connection.prepare(sql).map_err(WarehouseError::from)?;
        let mut rows = select.query([]).map_err(WarehouseError::from)?;
        let mut open: Vec<Spooled> = Vec::new();
        while let Some(row) = rows.next().map_err(WarehouseError::from)? {
            let one = read(row)?;
            if open.first().is_some_and(|first| first.event.document_id != one.event.document_id) {
                each(std::mem::take(&mut open))?;
            }
            open.push(one);
        }
        if open.is_empty() { Ok(()) } else { each(open) }
    }
}

fn read(row: &rusqlite::Row<'_>) -> Result<Spooled, WarehouseError> {
    let event: String = row.get(0)?;
    let event =
        serde_json::from_str(&event).map_err(|_| WarehouseError::Unreadable { column: "spooled.event" })?;
    Ok(Spooled { event, file: row.get(1)?, line: row.get(2)? })
}
