//! What can go wrong with a publication, and what to do about it. No message holds patient text or a password.

use crate::exchange::ExchangeError;
use crate::warehouse::WarehouseError;

/// Why nothing was published. In a database nothing is ever half-written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The warehouse cannot be read.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// A row or a file cannot be made.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The address of the database is not understood. It is not repeated: it may hold a password.
    #[error(
        "the address of the database is not understood ({0}); it is postgres://USER@HOST:PORT/DATABASE?schema=SCHEMA&vocabulary=SCHEMA"
    )]
    Address(&'static str),
    /// The database cannot be reached.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Server(#[from] crate::server::ServerError),
    /// The database refused or does not answer.
    #[error("{doing}: the database says: {cause}; nothing was published")]
    Database {
        /// What was being done.
        doing: String,
        /// The cause, without the data of any row.
        cause: String,
    },
    /// A table is there and is not that of the CDM.
    #[error(
        "table {table}: {found}; this is not the table of OMOP CDM 5.4: give another schema, or repair the table"
    )]
    NotCdm {
        /// The table.
        table: String,
        /// What differs.
        found: String,
    },
    /// Keys do not fit in the column that is there.
    #[error(
        "{table}.{column} is a 32-bit integer, and {count} identifiers of the warehouse do not fit in it (texts become keys of 63 \
         bits); annotate with the numeric keys of the CDM as document_id and patient_id, or run ALTER TABLE {table} ALTER COLUMN {column} \
         TYPE bigint"
    )]
    Narrow {
        /// The table.
        table: String,
        /// The column.
        column: &'static str,
        /// How many do not fit.
        count: usize,
    },
    /// Two identifiers have one key.
    #[error(
        "two {what} of the warehouse have the same key in OMOP; use the numeric keys of the CDM as identifiers"
    )]
    Collision {
        /// Whose identifiers.
        what: &'static str,
    },
    /// A definition of somebody else has a key of ours.
    #[error(
        "table {table} has {count} definitions of others under the keys of ours; change the version of the phenotypes, or publish into \
         another schema"
    )]
    Taken {
        /// The table.
        table: String,
        /// How many.
        count: i64,
    },
}

#[cfg(feature = "postgres")]
impl PublishError {
    /// The error of a database, told without the data of any row.
    pub(super) fn of(doing: impl Into<String>) -> impl Fn(::postgres::Error) -> Self {
        let doing = doing.into();
        move |error| Self::Database { doing: doing.clone(), cause: cause(&error) }
    }

    /// The error of a stream of rows to a database.
    pub(super) fn of_stream(doing: &str, error: &std::io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<::postgres::Error>());
        let cause = inner.map_or_else(|| format!("the connection broke ({})", error.kind()), cause);
        Self::Database { doing: doing.to_string(), cause }
    }
}

#[cfg(feature = "postgres")]
/// Classes of SQLSTATE whose messages name tables, rights, roles and resources, never values.
const PLAIN_CLASSES: [&str; 10] = ["08", "25", "28", "3D", "3F", "42", "53", "54", "55", "57"];

#[cfg(feature = "postgres")]
/// A message of the server may quote the data it refuses: of those, only code and place are told.
fn cause(error: &::postgres::Error) -> String {
    let Some(told) = error.as_db_error() else { return error.to_string() };
    let code = told.code().code();
    if code.get(..2).is_some_and(|class| PLAIN_CLASSES.contains(&class)) {
        return format!("{} (SQLSTATE {code})", told.message());
    }
    let place: Vec<&str> = [told.table(), told.column(), told.constraint()].into_iter().flatten().collect();
    format!("SQLSTATE {code} {}", place.join(" ")).trim_end().to_string()
}
