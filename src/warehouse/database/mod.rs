//! One connection to one database, SQLite or PostgreSQL, behind one small language.
//!
//! Statements are written once, in the SQL that both understand, with places `?1`, `?2`, …; what PostgreSQL spells
//! otherwise is put right on the way ([`dialect`]). A row is read column after column.

mod cell;
mod dialect;
#[cfg(feature = "postgres")]
mod server;
mod sqlite;

pub(super) use cell::{Cell, Cells, FromCell, Param, Row, params};
#[cfg(feature = "postgres")]
pub(super) use server::{Server, copy};
pub(super) use sqlite::Embedded;

use super::WarehouseError;

/// An open connection.
pub(super) enum Database {
    Sqlite(Embedded),
    #[cfg(feature = "postgres")]
    Postgres(Box<Server>),
}

type Result<T> = std::result::Result<T, WarehouseError>;

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// One consistent state, nothing written.
    Read,
    /// The only writer until it ends.
    Write,
}

impl Database {
    /// Runs a statement; gives the number of rows it changed.
    pub fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64> {
        match self {
            Self::Sqlite(database) => database.execute(sql, params),
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => server.execute(&dialect::translated(sql), params),
        }
    }

    /// Runs several statements without values.
    pub fn batch(&self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(database) => database.batch(sql),
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => server.batch(sql),
        }
    }

    /// Runs a statement of our own making that is never run again; gives the number of rows it changed.
    pub fn execute_once(&self, sql: &str) -> Result<u64> {
        match self {
            Self::Sqlite(database) => Ok(database.connection.execute(sql, [])? as u64),
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => server.execute_once(sql),
        }
    }

    /// Gives each row to `each`; for results of any length. `each` may ask for more.
    pub fn each<E: From<WarehouseError>>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        each: impl FnMut(&mut Row<'_>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        match self {
            Self::Sqlite(database) => database.each(sql, params, each),
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => server.each(&dialect::translated(sql), params, each),
        }
    }

    /// What `read` makes of each row; for short results.
    pub fn list<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        read: impl Fn(&mut Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        match self {
            Self::Sqlite(database) => database.list(sql, params, read),
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => server.list(&dialect::translated(sql), params, read),
        }
    }

    /// What `read` makes of the first row, if there is one.
    pub fn first<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        read: impl Fn(&mut Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        match self {
            Self::Sqlite(database) => database.first(sql, params, read),
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => {
                Ok(server.list(&dialect::translated(sql), params, read)?.into_iter().next())
            }
        }
    }

    /// The first column of the first row.
    pub fn scalar<T: FromCell>(&self, sql: &str, params: &[Param<'_>]) -> Result<T> {
        let found = self.first(sql, params, |row| row.next())?;
        found.ok_or(WarehouseError::Unreadable { column: "a query that gives no row" })
    }

    /// True when there is a row.
    pub fn exists(&self, sql: &str, params: &[Param<'_>]) -> Result<bool> {
        Ok(self.first(sql, params, |_| Ok(()))?.is_some())
    }

    /// Begins a transaction, which is taken back unless committed.
    pub fn begin(&self, access: Access) -> Result<Transaction<'_>> {
        match self {
            Self::Sqlite(database) => database.begin(access)?,
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => server.begin(access)?,
        }
        Ok(Transaction { database: self, open: true })
    }

    /// Begins a reading transaction that outlives the caller.
    pub fn hold(&self) -> Result<()> {
        std::mem::forget(self.begin(Access::Read)?);
        Ok(())
    }

    /// Ends what [`Database::hold`] began.
    pub fn release(&self) -> Result<()> {
        self.end("ROLLBACK")
    }

    /// True inside a transaction.
    pub fn in_transaction(&self) -> bool {
        match self {
            Self::Sqlite(database) => database.in_transaction(),
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => server.in_transaction(),
        }
    }

    /// The dialect of the statements that the population tower writes for this database.
    pub fn dialect(&self) -> super::Dialect {
        match self {
            Self::Sqlite(_) => super::Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => super::Dialect::Postgres,
        }
    }

    fn end(&self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(database) => database.batch(sql),
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => server.end(sql),
        }
    }
}

/// An open transaction. Dropped without [`Transaction::commit`], it leaves nothing.
pub(super) struct Transaction<'d> {
    database: &'d Database,
    open: bool,
}

impl Transaction<'_> {
    /// Makes what was done durable.
    pub fn commit(mut self) -> Result<()> {
        self.open = false;
        self.database.end("COMMIT").inspect_err(|_| {
            // A commit that failed for want of room leaves the transaction open.
            let _ = self.database.end("ROLLBACK");
        })
    }
}

impl std::ops::Deref for Transaction<'_> {
    type Target = Database;

    fn deref(&self) -> &Database {
        self.database
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.open {
            // After a lost connection there is nothing to take back.
            let _ = self.database.end("ROLLBACK");
        }
    }
}
