//! A statement of the population tower with the values bound to it, whatever the database that runs it.

/// Where two databases spell the same thing differently; everything else is common SQL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded warehouse.
    #[default]
    Sqlite,
    /// The warehouse on a server.
    Postgres,
}

/// A value bound to a statement, or read from a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Not known.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// A text.
    Text(String),
}

impl Value {
    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_string())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Integer(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Value::Real(number)
    }
}

/// SQL with its values. The SQL is the engine's own; whatever a user wrote is among the values.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Text, with numbered places for the values.
    pub sql: String,
    /// The values, in the order of their numbers.
    pub values: Vec<Value>,
}

/// The unix epoch, from which the warehouse counts days.
const EPOCH: jiff::civil::Date = jiff::civil::date(1970, 1, 1);

/// The day of an ISO date, as the warehouse counts: days since 1970-01-01.
pub fn day_of(text: &str) -> Option<i64> {
    let date: jiff::civil::Date = text.get(..10).unwrap_or(text).parse().ok()?;
    Some(i64::from(date.since((jiff::Unit::Day, EPOCH)).ok()?.get_days()))
}

/// The ISO date of a day.
pub fn date_of(day: i64) -> Option<String> {
    let span = jiff::Span::new().try_days(day).ok()?;
    EPOCH.checked_add(span).ok().map(|date| date.to_string())
}
