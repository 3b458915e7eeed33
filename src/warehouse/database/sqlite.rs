//! The embedded database: one SQLite file.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};

use super::{Access, Cell, Cells, Param, Result, Row};
use crate::warehouse::WarehouseError;

/// A connection to a SQLite file.
pub(in crate::warehouse) struct Embedded {
    pub connection: Connection,
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Param::Null => ValueRef::Null,
            Param::Integer(value) => ValueRef::Integer(value),
            Param::Real(value) => ValueRef::Real(value),
            Param::Text(text) => ValueRef::Text(text.as_bytes()),
            Param::Blob(bytes) => ValueRef::Blob(bytes),
            Param::Texts(_) => return Err(rusqlite::Error::InvalidParameterName("a list".into())),
        }))
    }
}

impl Cells for rusqlite::Row<'_> {
    fn cell(&self, index: usize) -> Option<Cell<'_>> {
        Some(match self.get_ref(index).ok()? {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(value) => Cell::Integer(value),
            ValueRef::Real(value) => Cell::Real(value),
            ValueRef::Text(text) => Cell::Text(std::str::from_utf8(text).ok()?.into()),
            ValueRef::Blob(bytes) => Cell::Blob(bytes),
        })
    }

    fn width(&self) -> usize {
        self.as_ref().column_count()
    }
}

impl Embedded {
    pub fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64> {
        Ok(self.connection.prepare_cached(sql)?.execute(params_from_iter(params))? as u64)
    }

    pub fn batch(&self, sql: &str) -> Result<()> {
        Ok(self.connection.execute_batch(sql)?)
    }

    pub fn each<E: From<WarehouseError>>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        mut each: impl FnMut(&mut Row<'_>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let mut select = self.connection.prepare(sql).map_err(WarehouseError::from)?;
        let mut rows = select.query(params_from_iter(params)).map_err(WarehouseError::from)?;
        while let Some(row) = rows.next().map_err(WarehouseError::from)? {
            each(&mut Row::of(row))?;
        }
        Ok(())
    }

    pub fn list<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        read: impl Fn(&mut Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut select = self.connection.prepare_cached(sql)?;
        let mut rows = select.query(params_from_iter(params))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(&mut Row::of(row))?);
        }
        Ok(found)
    }

    pub fn first<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        read: impl Fn(&mut Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut select = self.connection.prepare_cached(sql)?;
        let mut rows = select.query(params_from_iter(params))?;
        rows.next()?.map(|row| read(&mut Row::of(row))).transpose()
    }

    /// A reader waits for nobody; a writer takes the lock at once, not at the first change, which could fail half-way.
    pub fn begin(&self, access: Access) -> Result<()> {
        self.batch(match access {
            Access::Read => "BEGIN",
            Access::Write => "BEGIN IMMEDIATE",
        })
    }

    pub fn in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }
}
