//! Runs the statements of the population tower: values bound, rows handed over one by one.

use super::database::{Cell, Param};
use super::{Statement, Value, Warehouse, WarehouseError};

impl<'v> From<&'v Value> for Param<'v> {
    fn from(value: &'v Value) -> Self {
        match value {
            Value::Null => Param::Null,
            Value::Integer(number) => Param::Integer(*number),
            Value::Real(number) => Param::Real(*number),
            Value::Text(text) => Param::Text(text),
        }
    }
}

impl From<Cell<'_>> for Value {
    fn from(cell: Cell<'_>) -> Self {
        match cell {
            Cell::Null => Value::Null,
            Cell::Integer(number) => Value::Integer(number),
            Cell::Real(number) => Value::Real(number),
            Cell::Text(text) => Value::Text(text.into_owned()),
            Cell::Blob(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
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
        let values: Vec<Param<'_>> = statement.values.iter().map(Param::from).collect();
        let mut row_values = Vec::new();
        self.database.each(&statement.sql, &values, |row| {
            row_values.clear();
            row_values.extend(row.cells().map(|cell| cell.map_or(Value::Null, Value::from)));
            each(&row_values);
            Ok(())
        })
    }

    /// Runs statements that give no rows, one after the other; temporary tables live as long as the warehouse is open.
    pub fn execute(&self, statements: &[Statement]) -> Result<(), WarehouseError> {
        for statement in statements {
            let values: Vec<Param<'_>> = statement.values.iter().map(Param::from).collect();
            self.database.execute(&statement.sql, &values)?;
        }
        Ok(())
    }
}
