//! Rows of OMOP tables: columns in the order of the CDM, cells that fit them.

use std::borrow::Cow;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A key: of a note, a person, a definition. 64 bits in the tables we make.
    Key,
    /// A concept of the vocabularies: 32 bits.
    Concept,
    /// A text of at most so many characters.
    Text(usize),
    /// A text of any length.
    LongText,
    /// A date.
    Date,
    /// A time without zone.
    DateTime,
}

/// A column of the CDM.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// True when it may not be empty.
    pub is_required: bool,
}

impl Column {
    /// A column that may not be empty.
    pub(super) const fn required(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, is_required: true }
    }

    /// A column that may be empty.
    pub(super) const fn optional(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, is_required: false }
    }
}

/// A row of a table.
pub trait Row {
    /// Name of the table.
    const TABLE: &'static str;
    /// Its columns, in the order of the CDM.
    const COLUMNS: &'static [Column];

    /// One cell for each column; `None` is NULL.
    fn cells(&self) -> Vec<Option<String>>;
}

/// The names of the columns of a table.
pub fn header<R: Row>() -> Vec<&'static str> {
    R::COLUMNS.iter().map(|column| column.name).collect()
}

/// The cells of a row as CSV has them: NULL is empty.
pub fn plain_cells<R: Row>(row: &R) -> Vec<String> {
    row.cells().into_iter().map(Option::unwrap_or_default).collect()
}

/// The first `length` characters of a text that PostgreSQL can hold: NUL becomes U+FFFD.
pub(super) fn fit(text: &str, length: usize) -> String {
    let short = text.char_indices().nth(length).map_or(text, |(end, _)| &text[..end]);
    storable(short).into_owned()
}

/// A text that PostgreSQL can hold: NUL becomes U+FFFD.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    match text.contains('\0') {
        true => Cow::Owned(text.replace('\0', "\u{FFFD}")),
        false => Cow::Borrowed(text),
    }
}
