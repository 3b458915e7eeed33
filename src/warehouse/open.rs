//! Opening a warehouse safely: a SQLite file or a schema of a PostgreSQL server.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

#[cfg(feature = "postgres")]
use super::database::Server;
use super::database::{Database, Embedded};
use super::{Dialect, WarehouseError, schema};
#[cfg(feature = "postgres")]
use crate::server::Address;

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

/// Where a warehouse is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A SQLite file.
    File(PathBuf),
    /// A schema of a PostgreSQL server, as `postgres://…`. Holds a password perhaps: shown by [`fmt::Display`] only.
    Server(String),
}

impl FromStr for Place {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Of any kind: a mistyped one may hold a password too, which only an address keeps from being shown.
        Ok(if text.contains("://") { Self::Server(text.into()) } else { Self::File(text.into()) })
    }
}

impl From<&Path> for Place {
    fn from(path: &Path) -> Self {
        Self::File(path.into())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(out),
            #[cfg(feature = "postgres")]
            Self::Server(url) => match Address::parse(url) {
                Ok(address) => address.place().fmt(out),
                Err(_) => "postgres://…".fmt(out),
            },
            #[cfg(not(feature = "postgres"))]
            Self::Server(_) => "postgres://…".fmt(out),
        }
    }
}

/// An open warehouse: one connection to one SQLite file or one schema of a PostgreSQL server.
///
/// It may move between threads; several warehouses, in this or other processes, may open one place.
pub struct Warehouse {
    pub(super) database: Database,
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
        Ok(Self::of(connection))
    }

    /// As [`Warehouse::open`], whatever the kind of place.
    pub fn open_at(place: &Place) -> Result<Self, WarehouseError> {
        match place {
            Place::File(path) => Self::open(path),
            #[cfg(feature = "postgres")]
            Place::Server(url) => Self::on_server(url, schema::migrate_server),
            #[cfg(not(feature = "postgres"))]
            Place::Server(_) => Err(WarehouseError::NoPostgres),
        }
    }

    /// A warehouse in memory, for vignettes and tests; it ends with the value.
    pub fn in_memory() -> Result<Self, WarehouseError> {
        let mut connection = Connection::open_in_memory()?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        schema::migrate(&mut connection, Path::new(":memory:"))?;
        Ok(Self::of(connection))
    }

    /// Opens an existing warehouse for reading; it cannot change anything.
    pub fn open_existing(path: &Path) -> Result<Self, WarehouseError> {
        if !path.exists() {
            return Err(WarehouseError::Missing { path: path.into() });
        }
        check_place(path)?;
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        match schema::recognise(&connection, path)? {
            schema::LATEST => Ok(Self::of(connection)),
            0 => Err(WarehouseError::Foreign { path: path.into() }),
            found => Err(WarehouseError::Older { path: path.into(), found, known: schema::LATEST }),
        }
    }

    /// As [`Warehouse::open_existing`], whatever the kind of place.
    pub fn open_existing_at(place: &Place) -> Result<Self, WarehouseError> {
        match place {
            Place::File(path) => Self::open_existing(path),
            #[cfg(feature = "postgres")]
            Place::Server(url) => Self::on_server(url, schema::recognise_server),
            #[cfg(not(feature = "postgres"))]
            Place::Server(_) => Err(WarehouseError::NoPostgres),
        }
    }

    /// Opens an existing warehouse for writing: a path that holds none makes none.
    pub fn open_to_change(place: &Place) -> Result<Self, WarehouseError> {
        match place {
            Place::File(path) if !path.exists() => Err(WarehouseError::Missing { path: path.into() }),
            Place::File(path) => Self::open(path),
            Place::Server(_) => Self::open_existing_at(place),
        }
    }

    #[cfg(feature = "postgres")]
    fn on_server(
        url: &str,
        check: fn(&Database, &Server) -> Result<(), WarehouseError>,
    ) -> Result<Self, WarehouseError> {
        let database = Database::Postgres(Box::new(Server::connect(Address::parse(url)?)?));
        if let Database::Postgres(server) = &database {
            check(&database, server)?;
        }
        Ok(Self { database })
    }

    fn of(connection: Connection) -> Self {
        Self { database: Database::Sqlite(Embedded { connection }) }
    }

    /// Sets how long to wait for another writer before [`WarehouseError::Busy`]; one minute at first.
    pub fn set_patience(&self, patience: Duration) -> Result<(), WarehouseError> {
        match &self.database {
            Database::Sqlite(file) => Ok(file.connection.busy_timeout(patience)?),
            #[cfg(feature = "postgres")]
            Database::Postgres(server) => {
                server.batch(&format!("SET lock_timeout = '{}ms'", patience.as_millis().max(1)))
            }
        }
    }

    /// Reads everything from one state from now on, until [`Warehouse::end_reading`].
    pub fn begin_reading(&self) -> Result<(), WarehouseError> {
        self.database.hold()
    }

    /// Lets go of the state that was read.
    pub fn end_reading(&self) -> Result<(), WarehouseError> {
        self.database.release()
    }

    /// The connection to the SQLite file, if it is one: for those who read the views in SQL.
    pub fn sqlite(&self) -> Option<&Connection> {
        match &self.database {
            Database::Sqlite(file) => Some(&file.connection),
            #[cfg(feature = "postgres")]
            Database::Postgres(_) => None,
        }
    }

    /// The dialect of the statements that this warehouse understands.
    pub fn dialect(&self) -> Dialect {
        self.database.dialect()
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
