//! The schema and its migrations, forward only; tells a warehouse from anybody else's file.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::WarehouseError;

/// `PRAGMA application_id` of every warehouse: "LAEN".
const APPLICATION_ID: i64 = 0x4C41_454E;

/// One SQL file a version; the schema version is the number of files applied (`PRAGMA user_version`).
const MIGRATIONS: &[&str] =
    &[include_str!("schema/0001.sql"), include_str!("schema/0002.sql"), include_str!("schema/0003.sql")];

/// The schema this engine writes.
pub(super) const LATEST: i64 = MIGRATIONS.len() as i64;

/// The schema version of our file, 0 for an empty one; refuses foreign and newer files.
pub(super) fn recognise(connection: &Connection, path: &Path) -> Result<i64, WarehouseError> {
    let read = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let application = read("application_id").map_err(|error| not_ours(error, path))?;
    let version = read("user_version")?;
    match application {
        APPLICATION_ID if version > LATEST => {
            Err(WarehouseError::Newer { path: path.into(), found: version, known: LATEST })
        }
        APPLICATION_ID => Ok(version),
        0 if version == 0 && is_empty(connection)? => Ok(0),
        _ => Err(WarehouseError::Foreign { path: path.into() }),
    }
}

/// Name and SQL of everything the schema files make.
pub(super) fn objects() -> rusqlite::Result<Vec<(String, Option<String>)>> {
    let pristine = Connection::open_in_memory()?;
    for migration in MIGRATIONS {
        pristine.execute_batch(migration)?;
    }
    let mut select = pristine.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name")?;
    select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn not_ours(error: rusqlite::Error, path: &Path) -> WarehouseError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => WarehouseError::Foreign { path: path.into() },
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            WarehouseError::Unwritable { path: path.into() }
        }
        _ => error.into(),
    }
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}

/// Brings the file to the latest schema in one transaction: a crash leaves the schema it had.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), WarehouseError> {
    if recognise(connection, path)? == LATEST {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Read again under the lock: another program may have migrated it in between.
    let version = recognise(&transaction, path)?;
    for migration in &MIGRATIONS[version as usize..] {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", LATEST)?;
    Ok(transaction.commit()?)
}
