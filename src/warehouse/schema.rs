//! The schema and its migrations, forward only; tells a warehouse from anybody else's file or tables.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::WarehouseError;
#[cfg(feature = "postgres")]
use super::database::{Access, Database, Server};
use super::fault;

/// `PRAGMA application_id` of every warehouse: "LAEN".
const APPLICATION_ID: i64 = 0x4C41_454E;

/// One SQL file a version; the schema version is the number of files applied (`PRAGMA user_version`).
const MIGRATIONS: &[&str] = &[
    include_str!("schema/sqlite/0001.sql"),
    include_str!("schema/sqlite/0002.sql"),
    include_str!("schema/sqlite/0003.sql"),
    include_str!("schema/sqlite/0004.sql"),
    include_str!("schema/sqlite/0005.sql"),
];

/// The first schema that a server held, whole, and the later ones; each says its version.
#[cfg(feature = "postgres")]
const ON_A_SERVER: &[&str] =
    &[include_str!("schema/postgres/0004.sql"), include_str!("schema/postgres/0005.sql")];

/// The version that the first of [`ON_A_SERVER`] makes.
#[cfg(feature = "postgres")]
const FIRST_ON_A_SERVER: i64 = LATEST + 1 - ON_A_SERVER.len() as i64;

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

/// Table or view, and column, of everything the schema files make.
#[cfg(feature = "postgres")]
pub(super) fn columns() -> rusqlite::Result<Vec<(String, String)>> {
    let pristine = Connection::open_in_memory()?;
    for migration in MIGRATIONS {
        pristine.execute_batch(migration)?;
    }
    let sql = "SELECT s.name, c.name FROM sqlite_schema s, pragma_table_info(s.name) c
        WHERE s.type IN ('table', 'view') AND s.name NOT LIKE 'sqlite_%' ORDER BY 1, 2";
    let mut select = pristine.prepare(sql)?;
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
    fault::point("migrate-before-commit");
    Ok(transaction.commit()?)
}

/// What the schema of a server holds.
#[cfg(feature = "postgres")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// No such schema.
    Missing,
    /// A schema without tables, views or functions.
    Empty,
    /// Somebody else's.
    Foreign,
    /// A warehouse of this version.
    Version(i64),
}

#[cfg(feature = "postgres")]
fn found(database: &Database, schema: &str) -> Result<Found, WarehouseError> {
    use super::database::params;
    let known = "SELECT 1 FROM pg_namespace WHERE nspname = ?1";
    if !database.exists(known, params![schema])? {
        return Ok(Found::Missing);
    }
    if !database.scalar::<bool>("SELECT has_schema_privilege(?1, 'USAGE')", params![schema])? {
        return Err(WarehouseError::Rights(format!("USAGE on schema {schema}")));
    }
    let ours = "SELECT 1 FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = ?1 AND c.relname = 'warehouse' AND a.attname = 'schema_version'";
    if database.exists(ours, params![schema])? {
        let version = database.scalar("SELECT schema_version FROM warehouse", &[])?;
        return Ok(Found::Version(version));
    }
    // What extensions bring is nobody's.
    let any = "SELECT 1 FROM (
            SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ?1
            UNION ALL SELECT f.oid FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace WHERE n.nspname = ?1) AS o
        WHERE NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = o.oid AND d.deptype = 'e') LIMIT 1";
    Ok(if database.exists(any, params![schema])? { Found::Foreign } else { Found::Empty })
}

/// Makes the schema of a server a warehouse of this version if there is nothing in it or an older one, in one transaction;
/// refuses anything else.
#[cfg(feature = "postgres")]
pub(super) fn migrate_server(database: &Database, server: &Server) -> Result<(), WarehouseError> {
    if found(database, server.schema())? == Found::Version(LATEST) {
        return Ok(());
    }
    // Looked at again under the lock: another program may have made it in between.
    let transaction = database.begin(Access::Write)?;
    match found(database, server.schema())? {
        Found::Missing => {
            database.batch(&format!("CREATE SCHEMA {}", crate::server::quoted(server.schema())))?;
            ON_A_SERVER.iter().try_for_each(|migration| database.batch(migration))?;
        }
        Found::Empty => ON_A_SERVER.iter().try_for_each(|migration| database.batch(migration))?,
        Found::Version(version @ FIRST_ON_A_SERVER..LATEST) => {
            let later = &ON_A_SERVER[(version + 1 - FIRST_ON_A_SERVER) as usize..];
            later.iter().try_for_each(|migration| database.batch(migration))?;
        }
        _ => recognise_server(database, server)?,
    }
    fault::point("migrate-before-commit");
    transaction.commit()
}

/// Refuses what is no warehouse of this version.
#[cfg(feature = "postgres")]
pub(super) fn recognise_server(database: &Database, server: &Server) -> Result<(), WarehouseError> {
    let place = server.address().place();
    match found(database, server.schema())? {
        Found::Version(LATEST) => Ok(()),
        Found::Version(found) if found > LATEST => {
            Err(WarehouseError::Newer { path: place.into(), found, known: LATEST })
        }
        Found::Version(found) => Err(WarehouseError::Older { path: place.into(), found, known: LATEST }),
        Found::Missing | Found::Empty => Err(WarehouseError::NoSchema { place }),
        Found::Foreign => Err(WarehouseError::ForeignSchema { place }),
    }
}
