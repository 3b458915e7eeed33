//! What can go wrong with a warehouse, and what to do about it. No message holds patient text.

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Why a warehouse could not be opened, read or written. Nothing is ever half-written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WarehouseError {
    /// No file at the path.
    #[error("{0}: there is no warehouse here; check the path, or make one with `laennec annotate SOURCE --into {0}`", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The folder that should hold the file is missing.
    #[error("{}: its folder does not exist; create the folder, or correct the path", path.display())]
    NoFolder {
        /// The warehouse asked for.
        path: PathBuf,
    },
    /// The file or its folder cannot be written, or not be read.
    #[error("{}: cannot be opened; this account needs the right to read and write the file and its folder (SQLite keeps two small files beside it)", path.display())]
    Unwritable {
        /// The warehouse asked for.
        path: PathBuf,
    },
    /// Somebody else's file.
    #[error("{}: not a Laennec warehouse; the file was left as it is; choose another path", path.display())]
    Foreign {
        /// The file found.
        path: PathBuf,
    },
    /// Made by a later version of the engine.
    #[error("{}: has schema {found}, and this laennec knows schemas up to {known}; use a newer laennec", path.display())]
    Newer {
        /// The warehouse.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The latest schema known here.
        known: i64,
    },
    /// Made by an earlier version, and opened for reading only.
    #[error("{}: has schema {found}, older than {known}; `laennec annotate SOURCE --into` it once to migrate it", path.display())]
    Older {
        /// The warehouse.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The schema needed.
        known: i64,
    },
    /// The file system cannot hold a write-ahead log.
    #[error("{}: this file system cannot hold a warehouse (no shared memory, as on many network drives); use a local disk", path.display())]
    FileSystem {
        /// The warehouse asked for.
        path: PathBuf,
    },
    /// Another program holds the write lock.
    #[error("the warehouse is busy: another program is using it; wait until it ends, then run this again")]
    Busy,
    /// No room left.
    #[error(
        "the disk that holds the warehouse is full; make room, then run this again: what was written before is safe"
    )]
    Full,
    /// Reading or writing the file failed below SQLite.
    #[error(
        "the disk that holds the warehouse does not answer as it should ({0}); see that it has room and works, then run the same command again: what was written before is safe"
    )]
    Disk(String),
    /// Opened for reading, or the medium became read-only.
    #[error("the warehouse is open for reading only; check the rights on the file and its folder")]
    ReadOnly,
    /// The file is not what SQLite wrote.
    #[error("the warehouse is damaged; restore a copy, or annotate again into a new file")]
    Damaged,
    /// A value in the warehouse is not one of the contract.
    #[error("the warehouse holds a value that this laennec cannot read in {column}; run `laennec verify`")]
    Unreadable {
        /// Column of the value.
        column: &'static str,
    },
    /// An event that does not belong to the document it came with: a fault of the caller.
    #[error(
        "document {document} of the batch came with an event of another {field}; nothing of the batch was written; please report this fault"
    )]
    Mismatch {
        /// Position in the batch, from 0.
        document: usize,
        /// The field that differs.
        field: &'static str,
    },
    /// The rows are gone, but only the owner of the tables can write them anew.
    #[error(
        "every row was deleted and is refused from now on, but traces stay in the files of the tables, which only their owner can write anew; run the same `laennec forget` again as the owner of the schema"
    )]
    NotOwner,
    /// The rows are gone, but old pages could not be erased yet.
    #[error(
        "every row was deleted and is refused from now on, but traces stay in the file while another program uses it; close the other programs, then run the same `laennec forget` again"
    )]
    TracesRemain,
    /// Built without PostgreSQL.
    #[error("PostgreSQL is not in this build; build with `--features postgres`, or give a .db file")]
    NoPostgres,
    /// The server cannot be reached.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Server(#[from] crate::server::ServerError),
    /// A run that is not there.
    #[error("there is no run {run} in this warehouse; `laennec status` lists them")]
    NoRun {
        /// Its number.
        run: i64,
    },
    /// Runs in the wrong order.
    #[error("give the earlier run first, then the later one; 0 is the empty warehouse")]
    RunOrder,
    /// Nothing in the schema, or no schema.
    #[error(
        "{place}: there is no warehouse in this schema; check it, or run `laennec annotate SOURCE --into` to make one"
    )]
    NoSchema {
        /// Host, port, database and schema.
        place: String,
    },
    /// The schema holds other people's tables.
    #[error(
        "{place}: this schema holds tables that are not a Laennec warehouse; it was left as it is; choose another schema (?schema=…)"
    )]
    ForeignSchema {
        /// Host, port, database and schema.
        place: String,
    },
    /// The account may not do this.
    #[error(
        "the server refused an operation for want of rights ({0}); see the GRANT script in docs/warehouse.md"
    )]
    Rights(String),
    /// The server went away.
    #[error(
        "the connection to the server was lost; run the same command again to go on: what was written before is safe"
    )]
    Lost,
    /// Anything else that the database reports, without its values.
    #[error(
        "the warehouse refused an operation ({0}); run the same command again, and report this with the version of laennec if it stays"
    )]
    Storage(String),
}

impl From<rusqlite::Error> for WarehouseError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::SystemIoFailure) => Self::Disk(error.to_string()),
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Self::ReadOnly,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged,
            _ => Self::Storage(error.to_string()),
        }
    }
}

#[cfg(feature = "postgres")]
impl From<crate::server::StepError> for WarehouseError {
    fn from(error: crate::server::StepError) -> Self {
        match error {
            crate::server::StepError::Silent => Self::Lost,
            crate::server::StepError::Database(error) => error.into(),
        }
    }
}

#[cfg(feature = "postgres")]
impl From<tokio_postgres::Error> for WarehouseError {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        let Some(of_server) = error.as_db_error() else {
            return if is_lost(&error) { Self::Lost } else { Self::Storage(error.to_string()) };
        };
        // Details and messages may repeat values; codes and names of tables do not.
        let table = of_server.table().or(of_server.constraint()).unwrap_or("no table named");
        let told = format!("SQLSTATE {}, {table}", of_server.code().code());
        match of_server.code() {
            &SqlState::LOCK_NOT_AVAILABLE | &SqlState::T_R_DEADLOCK_DETECTED => Self::Busy,
            &SqlState::DISK_FULL => Self::Full,
            &SqlState::INSUFFICIENT_PRIVILEGE => Self::Rights(told),
            &SqlState::READ_ONLY_SQL_TRANSACTION => Self::ReadOnly,
            &SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED => Self::Damaged,
            &SqlState::IO_ERROR => Self::Disk(told),
            code if is_of_shutdown(code) => Self::Lost,
            _ => Self::Storage(told),
        }
    }
}

/// The server is stopping, starting, or has ended this session.
#[cfg(feature = "postgres")]
fn is_of_shutdown(code: &tokio_postgres::error::SqlState) -> bool {
    matches!(code.code().get(..2), Some("57" | "08")) && code.code() != "57014"
}

#[cfg(feature = "postgres")]
fn is_lost(error: &tokio_postgres::Error) -> bool {
    use std::error::Error;
    error.is_closed() || error.source().is_some_and(|source| source.is::<std::io::Error>())
}
