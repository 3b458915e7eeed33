//! Text of a statement with the values bound to it: nothing that a user wrote is ever spliced into SQL.

pub use crate::warehouse::Dialect;
use crate::warehouse::Value;
use std::collections::HashMap;

impl Dialect {
    pub(super) fn placeholder(self, number: usize) -> String {
        match self {
            Dialect::Sqlite => format!("?{number}"),
            Dialect::Postgres => format!("${number}"),
        }
    }

    /// The ISO date of a day counted from 1970-01-01.
    pub(super) fn iso_date(self, day: &str) -> String {
        match self {
            Dialect::Sqlite => format!("date(({day}) * 86400, 'unixepoch')"),
            Dialect::Postgres => format!("to_char(date '1970-01-01' + ({day})::integer, 'YYYY-MM-DD')"),
        }
    }

    /// The schema of temporary tables.
    pub(super) fn temporary(self) -> &'static str {
        match self {
            Dialect::Sqlite => "temp",
            Dialect::Postgres => "pg_temp",
        }
    }

    /// Codes are compared byte by byte, whatever the language of the server.
    pub(super) fn bytewise(self) -> &'static str {
        match self {
            Dialect::Sqlite => "",
            Dialect::Postgres => " COLLATE \"C\"",
        }
    }
}

/// A statement being written.
#[derive(Clone, Debug, Default)]
pub(super) struct Sql {
    pub dialect: Dialect,
    pub text: String,
    pub values: Vec<Value>,
    /// Where each text is among the values.
    texts: HashMap<String, usize>,
}

impl Sql {
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, ..Self::default() }
    }

    pub fn push(&mut self, text: impl AsRef<str>) {
        self.text.push_str(text.as_ref());
    }

    /// Binds a value and gives its placeholder. An equal value is bound once.
    pub fn bind(&mut self, value: impl Into<Value>) -> String {
        let value = value.into();
        let known = match &value {
            Value::Text(text) => self.texts.get(text).copied(),
            _ => self.values.iter().position(|known| *known == value),
        };
        let place = known.unwrap_or_else(|| {
            if let Value::Text(text) = &value {
                self.texts.insert(text.clone(), self.values.len());
            }
            self.values.push(value);
            self.values.len() - 1
        });
        self.dialect.placeholder(place + 1)
    }

    /// `column IN (…)`.
    pub fn within<'t>(&mut self, column: &str, words: impl IntoIterator<Item = &'t String>) -> String {
        let marks: Vec<String> = words.into_iter().map(|word| self.bind(word.as_str())).collect();
        format!("{column} IN ({})", marks.join(", "))
    }

    /// Adds one named table to the `WITH` list.
    pub fn table(&mut self, name: &str, body: &str) {
        self.push(if self.text.is_empty() { "WITH " } else { ",\n" });
        self.push(format!("{name} AS MATERIALIZED (\n  {body})"));
    }
}

/// SQLite takes at most 500 parts in one union; groups of groups take any number.
pub(super) fn unioned(rows: &[String]) -> String {
    const PARTS: usize = 200;
    if rows.len() <= PARTS {
        return rows.join("\n  UNION ALL ");
    }
    let groups: Vec<String> = rows
        .chunks(PARTS)
        .map(|rows| format!("SELECT * FROM (\n  {}) AS part", rows.join("\n  UNION ALL ")))
        .collect();
    groups.join("\n  UNION ALL ")
}
