//! Runs the statements of the population tower: values bound, rows handed over one by one.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{ToSql, params_from_iter};

use super::Warehouse;
use crate::warehouse::{Statement, Value, WarehouseError};

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Value::Integer(number) => ToSqlOutput::from(*number),
            Value::Real(number) => ToSqlOutput::from(*number),
            Value::Text(text) => ToSqlOutput::from(text.as_str()),
        })
    }
}

impl From<ValueRef<'_>> for Value {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => Value::Integer(number),
            ValueRef::Real(number) => Value::Real(number),
            ValueRef::Text(text) | ValueRef::Blob(text) => {
                Value::Text(String::from_utf8_lossy(text).into_owned())
            }
        }
    }
}

impl Warehouse {
    /// Hands each row of a statement to `each`.
    pub fn select(
        &self,
        statement: &Statement,
        mut each: impl FnMut(&[Value]),
    ) -> Result<(), WarehouseError> {
        let mut prepared = self.connection.prepare(&statement.sql)?;
        let columns = prepared.column_count();
        let mut rows = prepared.query(params_from_iter(&statement.values))?;
        let mut row_values = vec![Value::Null; columns];
        while let Some(row) = rows.next()? {
            for (column, value) in row_values.iter_mut().enumerate() {
                *value = row.get_ref(column)?.into();
            }
            each(&row_values);
        }
        Ok(())
    }

    /// Runs statements that give no rows, one after the other; temporary tables live as long as the warehouse is open.
    pub fn execute(&self, statements: &[Statement]) -> Result<(), WarehouseError> {
        for statement in statements {
            self.connection.prepare(&statement.sql)?.execute(params_from_iter(&statement.values))?;
        }
        Ok(())
    }
}
