//! The SQLite backend: opening a file safely. Writing, reading and forgetting are the files beside.

mod cohorts;
mod family;
mod forget;
mod keys;
mod load;
mod query;
mod read;
mod review;
mod spool;
mod store;
mod write;

pub(super) use family::WRONGLY_DERIVED;
pub(super) use forget::count_refused;
pub(super) use read::each_event;
pub use review::{CohortRecord, Member, Review, ReviewFate};
pub use spool::{Spool, Spooled};
pub use write::Run;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use rusqlite::types::FromSql;
use rusqlite::{Connection, OpenFlags};

use super::{WarehouseError, schema};

/// A writer waits this long for another one: erasing (`VACUUM`) a large file holds the lock for a while.
const PATIENCE: Duration = Duration::from_secs(60);

/// Kibibytes of pages in memory. Small, so that memory does not grow with the warehouse: with 16 MiB a run over
/// 100,000 reports peaked 1.46 times higher than one over 10,000, with 2 MiB 1.03 times. It costs 8 % of CPU when
/// two million events are written (2026-11-23).
const CACHE_KIB: i64 = 2 * 1024;

/// Pages in the log before it is folded into the file: 64 MiB, so that one fold serves many batches.
const LOG_PAGES: i64 = 16 * 1024;

/// First bytes of every SQLite file.
const HEADER: &[u8] = b"SQLite format 3\0";

/// Statements kept prepared; more than this backend has.
const STATEMENTS: usize = 64;

/// An open warehouse: one connection to one SQLite file.
///
/// It may move between threads; several warehouses, in this or other processes, may open one file.
pub struct Warehouse {
    connection: Connection,
}

impl Warehouse {
    /// Opens the warehouse at `path` for writing; makes it, or migrates it to the latest schema.
    ///
    /// The folder must exist. A file that is not a warehouse is refused and left as it is.
    pub fn open(path: &Path) -> Result<Self, WarehouseError> {
        check_place(path)?;
        let mut connection =
            connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        if connection.is_readonly("main")? {
            return Err(WarehouseError::Unwritable { path: path.into() });
        }
        schema::recognise(&connection, path)?;
        configure_writer(&connection, path)?;
        schema::migrate(&mut connection, path)?;
        Ok(Self { connection })
    }

    /// A warehouse in memory, for vignettes and tests; it ends with the value.
    pub fn in_memory() -> Result<Self, WarehouseError> {
        let mut connection = Connection::open_in_memory()?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        schema::migrate(&mut connection, Path::new(":memory:"))?;
        Ok(Self { connection })
    }

    /// Opens an existing warehouse for reading; it cannot change anything.
    pub fn open_existing(path: &Path) -> Result<Self, WarehouseError> {
        if !path.exists() {
            return Err(WarehouseError::Missing { path: path.into() });
        }
        check_place(path)?;
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        match schema::recognise(&connection, path)? {
            schema::LATEST => Ok(Self { connection }),
            0 => Err(WarehouseError::Foreign { path: path.into() }),
            found => Err(WarehouseError::Older { path: path.into(), found, known: schema::LATEST }),
        }
    }

    /// Sets how long to wait for another writer before [`WarehouseError::Busy`]; one minute at first.
    pub fn set_patience(&self, patience: Duration) -> Result<(), WarehouseError> {
        Ok(self.connection.busy_timeout(patience)?)
    }

    /// The connection, for the population tower, which reads the views in SQL.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }
}

fn check_place(path: &Path) -> Result<(), WarehouseError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return Err(WarehouseError::NoFolder { path: path.into() });
    }
    if path.is_dir() || has_other_header(path) {
        return Err(WarehouseError::Foreign { path: path.into() });
    }
    Ok(())
}

/// SQLite takes a file shorter than its header for an empty database, and would write over it.
fn has_other_header(path: &Path) -> bool {
    let mut header = Vec::with_capacity(HEADER.len());
    let read = File::open(path).and_then(|file| file.take(HEADER.len() as u64).read_to_end(&mut header));
    read.is_ok() && !header.is_empty() && header != HEADER
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, WarehouseError> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|_| WarehouseError::Unwritable { path: path.into() })?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// `FULL` rather than `NORMAL`: NORMAL survives a power loss whole but may lose the last batches, and a job
/// that has reported success must not. It costs one fsync a batch.
fn configure_writer(connection: &Connection, path: &Path) -> Result<(), WarehouseError> {
    let mode =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    if mode != "wal" {
        return Err(WarehouseError::FileSystem { path: path.into() });
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    Ok(connection.pragma_update(None, "journal_size_limit", LOG_PAGES * 4096)?)
}

/// The single value of a query without parameters.
fn scalar<T: FromSql>(connection: &Connection, sql: &str) -> rusqlite::Result<T> {
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
}
