//! Many rows at once: prepared statements in a loop on SQLite, arrays and the binary form of COPY on PostgreSQL.

use rustc_hash::FxHashMap;

use super::WarehouseError;
use super::database::{Database, Param, Row, params};
use super::keys::find_or_insert_patient;
use super::store::{FIND_DOCUMENT, Found, found};

type Result<T> = std::result::Result<T, WarehouseError>;

/// How a column is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Real,
    Text,
    Blob,
}

/// A table that is filled.
pub(super) struct Table {
    pub name: &'static str,
    pub columns: &'static [(&'static str, Kind)],
    /// What SQLite does with a row whose key is there; on PostgreSQL such rows are deleted first.
    pub on_conflict: &'static str,
}

/// Takes the rows of a table, one after the other.
pub(super) type Rows<'r> = &'r mut dyn FnMut(&[Param<'_>]) -> Result<()>;

/// Fills a table with the rows that `work` hands over. `work` must not use the database.
pub(super) fn fill(
    database: &Database,
    table: &Table,
    work: impl FnOnce(Rows<'_>) -> Result<()>,
) -> Result<()> {
    match database {
        Database::Sqlite(file) => {
            let sql = insert(table);
            work(&mut |row| file.execute(&sql, row).map(|_| ()))
        }
        #[cfg(feature = "postgres")]
        Database::Postgres(server) => {
            use tokio_postgres::types::Type;
            let kind = |kind| match kind {
                Kind::Integer => Type::INT8,
                Kind::Real => Type::FLOAT8,
                Kind::Text => Type::TEXT,
                Kind::Blob => Type::BYTEA,
            };
            let columns: Vec<_> = table.columns.iter().map(|(name, of)| (*name, kind(*of))).collect();
            super::database::copy(server, table.name, &columns, work)
        }
    }
}

fn insert(table: &Table) -> String {
    let names: Vec<String> = table.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let places: Vec<String> = (1..=names.len()).map(|number| format!("?{number}")).collect();
    format!(
        "INSERT INTO {} ({}) VALUES ({}) {}",
        table.name,
        names.join(", "),
        places.join(", "),
        table.on_conflict
    )
}

/// The rows of some document ids, by id.
pub(super) fn documents(database: &Database, ids: &[&str]) -> Result<FxHashMap<String, Found>> {
    let mut rows = FxHashMap::default();
    match database {
        Database::Sqlite(file) => {
            let sql = format!("{FIND_DOCUMENT} WHERE document_id = ?1");
            for id in ids {
                if let Some(found) = file.first(&sql, params![*id], found)? {
                    rows.insert((*id).to_owned(), found);
                }
            }
        }
        #[cfg(feature = "postgres")]
        Database::Postgres(server) => {
            let sql = format!("{FIND_DOCUMENT} WHERE document_id = ANY ($1)");
            let read = |row: &mut Row<'_>| Ok((found(row)?, row.next::<String>()?));
            let found = server.list(&sql, &[Param::Texts(ids)], read)?;
            rows.extend(found.into_iter().map(|(found, id)| (id, found)));
        }
    }
    Ok(rows)
}

/// The keys of some patients, each stored if need be.
pub(super) fn patients(database: &Database, ids: &[&str]) -> Result<FxHashMap<String, i64>> {
    let mut keys = FxHashMap::default();
    match database {
        Database::Sqlite(_) => {
            for id in ids {
                if !keys.contains_key(*id) {
                    keys.insert((*id).to_owned(), find_or_insert_patient(database, id)?);
                }
            }
        }
        #[cfg(feature = "postgres")]
        Database::Postgres(server) => {
            let read = |row: &mut Row<'_>| Ok((row.next::<String>()?, row.next::<i64>()?));
            let find = "SELECT patient_id, patient FROM patients WHERE patient_id = ANY ($1)";
            keys.extend(server.list(find, &[Param::Texts(ids)], read)?);
            let missing: Vec<&str> = ids.iter().copied().filter(|id| !keys.contains_key(*id)).collect();
            // In order of arrival, each once.
            let insert = "INSERT INTO patients (patient_id) SELECT id FROM unnest($1::text[]) WITH ORDINALITY AS u (id, place)
                GROUP BY id ORDER BY min(place) RETURNING patient_id, patient";
            if !missing.is_empty() {
                keys.extend(server.list(insert, &[Param::Texts(&missing)], read)?);
            }
        }
    }
    Ok(keys)
}

/// Keys for `count` new documents, never given before.
pub(super) fn new_documents(database: &Database, count: usize) -> Result<Vec<i64>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    match database {
        Database::Sqlite(file) => {
            let last = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'documents'), 0)";
            let last: i64 = file.first(last, &[], |row: &mut Row<'_>| row.next())?.unwrap_or(0);
            Ok((1..=count as i64).map(|number| last + number).collect())
        }
        #[cfg(feature = "postgres")]
        Database::Postgres(server) => server.list(
            "SELECT nextval(pg_get_serial_sequence('documents', 'doc')) FROM generate_series(1, $1)",
            params![count as i64],
            |row| row.next(),
        ),
    }
}

/// Makes room for rows with these keys: on PostgreSQL, COPY does not replace.
pub(super) fn clear_documents(database: &Database, keys: &[i64]) -> Result<()> {
    match database {
        Database::Sqlite(_) => Ok(()),
        #[cfg(feature = "postgres")]
        Database::Postgres(server) => {
            server.batch(&format!("DELETE FROM documents WHERE doc IN {}", list(keys)))
        }
    }
}

/// `(1, 2, 3)`: keys are numbers of our own, so that a list of them needs no places.
pub(super) fn list(keys: &[i64]) -> String {
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    format!("({})", keys.join(", "))
}
