//! What a statement is given and what a row holds, whatever the database.

use std::borrow::Cow;

use crate::warehouse::WarehouseError;

/// A value bound to a statement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::warehouse) enum Param<'p> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'p str),
    Blob(&'p [u8]),
    /// A list of texts; PostgreSQL only.
    Texts(&'p [&'p str]),
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::warehouse) enum Cell<'r> {
    Null,
    Integer(i64),
    Real(f64),
    Text(Cow<'r, str>),
    Blob(&'r [u8]),
}

macro_rules! param_from {
    ($($from:ty => |$value:ident| $param:expr),+ $(,)?) => {
        $(impl<'p> From<$from> for Param<'p> {
            fn from($value: $from) -> Self {
                $param
            }
        })+
    };
}

param_from! {
    i64 => |value| Param::Integer(value),
    u32 => |value| Param::Integer(value.into()),
    u16 => |value| Param::Integer(value.into()),
    u8 => |value| Param::Integer(value.into()),
    bool => |value| Param::Integer(value.into()),
    f64 => |value| Param::Real(value),
    &'p str => |value| Param::Text(value),
    &'p String => |value| Param::Text(value),
    &'p [u8] => |value| Param::Blob(value),
    &'p Vec<u8> => |value| Param::Blob(value),
    &'p [u8; 32] => |value| Param::Blob(value),
}

impl<'p, T: Into<Param<'p>>> From<Option<T>> for Param<'p> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Param::Null, Into::into)
    }
}

impl<'p> From<&'p Option<String>> for Param<'p> {
    fn from(value: &'p Option<String>) -> Self {
        value.as_deref().into()
    }
}

impl<'p> From<&'p Option<Vec<u8>>> for Param<'p> {
    fn from(value: &'p Option<Vec<u8>>) -> Self {
        value.as_deref().into()
    }
}

/// The values of a statement, in the order of their numbers.
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::warehouse::database::Param::from($value)),*] as &[$crate::warehouse::database::Param<'_>] };
}
pub(in crate::warehouse) use params;

/// A type that a cell can be read as.
pub(in crate::warehouse) trait FromCell: Sized {
    fn from_cell(cell: Cell<'_>) -> Option<Self>;
}

impl FromCell for i64 {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Integer(value) => Some(value),
            _ => None,
        }
    }
}

macro_rules! small_integer {
    ($($kind:ty),+) => {
        $(impl FromCell for $kind {
            fn from_cell(cell: Cell<'_>) -> Option<Self> {
                i64::from_cell(cell)?.try_into().ok()
            }
        })+
    };
}
small_integer!(u8, u16, u32, u64);

impl FromCell for bool {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        i64::from_cell(cell).map(|value| value != 0)
    }
}

impl FromCell for f64 {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Real(value) => Some(value),
            Cell::Integer(value) => Some(value as f64),
            _ => None,
        }
    }
}

impl FromCell for String {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Text(text) => Some(text.into_owned()),
            _ => None,
        }
    }
}

impl FromCell for Vec<u8> {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Blob(bytes) => Some(bytes.to_vec()),
            _ => None,
        }
    }
}

impl FromCell for [u8; 32] {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Blob(bytes) => bytes.try_into().ok(),
            _ => None,
        }
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            other => T::from_cell(other).map(Some),
        }
    }
}

/// A row of either database.
pub(in crate::warehouse) trait Cells {
    /// The cell of a column, from 0; `None` when it is of a kind that the warehouse does not use.
    fn cell(&self, index: usize) -> Option<Cell<'_>>;

    /// Number of columns.
    fn width(&self) -> usize;
}

/// The columns of a row, one after the other.
pub(in crate::warehouse) struct Row<'r> {
    cells: &'r dyn Cells,
    index: usize,
}

impl<'r> Row<'r> {
    pub fn of(cells: &'r dyn Cells) -> Self {
        Self { cells, index: 0 }
    }

    /// The next column.
    pub fn next<T: FromCell>(&mut self) -> Result<T, WarehouseError> {
        self.index += 1;
        self.cells
            .cell(self.index - 1)
            .and_then(T::from_cell)
            .ok_or(WarehouseError::Unreadable { column: "a column of a query" })
    }

    /// The next column, a count.
    pub fn count(&mut self) -> Result<u64, WarehouseError> {
        self.next::<i64>().map(|count| count.max(0) as u64)
    }

    /// The next column as parsed text, unless NULL.
    pub fn optional<T>(
        &mut self,
        column: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, WarehouseError> {
        self.index += 1;
        match self.cells.cell(self.index - 1) {
            Some(Cell::Null) => Ok(None),
            Some(Cell::Text(text)) => parse(&text).map(Some).ok_or(WarehouseError::Unreadable { column }),
            _ => Err(WarehouseError::Unreadable { column }),
        }
    }

    /// The next column as parsed text.
    pub fn required<T>(
        &mut self,
        column: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, WarehouseError> {
        self.optional(column, parse)?.ok_or(WarehouseError::Unreadable { column })
    }

    /// The next column, a JSON list; NULL is the empty one.
    pub fn json<T: serde::de::DeserializeOwned>(
        &mut self,
        column: &'static str,
    ) -> Result<Vec<T>, WarehouseError> {
        let parse = |text: &str| serde_json::from_str(text).ok();
        Ok(self.optional(column, parse)?.unwrap_or_default())
    }

    /// Every column.
    pub fn cells(&self) -> impl Iterator<Item = Option<Cell<'r>>> {
        let cells = self.cells;
        (0..cells.width()).map(move |index| cells.cell(index))
    }
}
