//! What can go wrong: with one report (`Reason`, `Rejection`) or with a whole source (`SourceError`).
//!
//! No message repeats a value of the input. Names of fields are those of the contract, never keys as read, since
//! a broken export can put anything there; all the rest is lines, columns and counts of bytes.

use std::io;

use super::Origin;

/// Why one report was set aside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The line is not one JSON object.
    #[error("not a JSON object on one line: {problem} at column {column}")]
    NotJson {
        /// Byte of the line where reading stopped, from 1.
        column: usize,
        /// The kind of fault.
        problem: &'static str,
    },
    /// A required field is absent or null.
    #[error("required field {field} is missing (also read: {also})")]
    MissingField {
        /// Short spelling.
        field: &'static str,
        /// OMOP spelling.
        also: &'static str,
    },
    /// The same key occurs twice in one object.
    #[error("{} occurs twice in the object; keep one", .field.unwrap_or("a key outside the contract"))]
    DuplicateKey {
        /// The key when the contract names it.
        field: Option<&'static str>,
    },
    /// Two spellings of one field disagree.
    #[error("{first} and {second} are two names of one field and have different values; keep one")]
    ConflictingFields {
        /// Spelling met first in the table of the contract.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A value is of a kind that the field does not take.
    #[error("{field} must be {expected}; found {found}")]
    WrongType {
        /// Spelling used by the record.
        field: &'static str,
        /// What the field takes.
        expected: &'static str,
        /// Kind of value found.
        found: &'static str,
    },
    /// An identifier is empty, too long or holds control characters.
    #[error("{field} {problem}")]
    BadIdentifier {
        /// Spelling used by the record.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A date that is not in the calendar or not ISO.
    #[error("{field} is not a date of the calendar written YYYY-MM-DD, with or without a time")]
    ImpossibleDate {
        /// Spelling used by the record.
        field: &'static str,
    },
    /// U+0000, which warehouses cannot store.
    #[error("{field} holds the character U+0000; remove it from the export")]
    NulCharacter {
        /// Spelling used by the record.
        field: &'static str,
    },
    /// Half of a surrogate pair, which is no character.
    #[error("half of a surrogate pair is escaped at column {column}; the export cut a character in two")]
    LoneSurrogate {
        /// Byte of the line where the escape starts, from 1.
        column: usize,
    },
    /// More bytes than `Options::max_document_bytes` allows.
    #[error("{bytes} bytes where at most {limit} are read")]
    TooLarge {
        /// Size found: of the text, or of the raw record when it was skipped unread.
        bytes: u64,
        /// Largest size for that.
        limit: u64,
    },
    /// Bytes that are neither UTF-8 nor a Western encoding.
    #[error("neither UTF-8 nor windows-1252 at byte {byte}; export again as UTF-8")]
    Undecodable {
        /// First byte that fits neither, from 0.
        byte: usize,
    },
    /// A `.txt` file with binary content.
    #[error("binary content: {controls} control characters in {bytes} bytes; expected plain text")]
    NotText {
        /// Control characters found.
        controls: usize,
        /// Bytes looked at.
        bytes: usize,
    },
    /// A CSV record without as many fields as the header.
    #[error("{found} fields where the header has {expected}; quote the fields that hold the delimiter")]
    FieldCount {
        /// Columns of the header.
        expected: usize,
        /// Fields of the record.
        found: usize,
    },
    /// A quote inside a CSV field that is not doubled.
    #[error("a quote inside a field is not doubled; lines up to {last_line} may belong to this record")]
    MalformedQuotes {
        /// Last physical line of what was set aside.
        last_line: u64,
    },
    /// A quoted CSV field open at the end of the file.
    #[error("a quoted field is never closed; lines up to {last_line}, the end of the file, were not read")]
    UnclosedQuote {
        /// Last physical line of what was set aside.
        last_line: u64,
    },
    /// A value that its field does not take.
    #[error("{field} must be {expected}")]
    BadValue {
        /// The field.
        field: &'static str,
        /// What it takes.
        expected: &'static str,
    },
    /// A person who is her own mother.
    #[error("mother_id is patient_id: nobody is their own mother")]
    OwnMother,
    /// An event that says nothing.
    #[error("an event needs codings, concept or subgroups; it has none")]
    NoMeaning,
    /// A file of a folder that the system does not let us read.
    #[error("the file cannot be read ({kind})")]
    Unreadable {
        /// What the system says.
        kind: io::ErrorKind,
    },
}

impl Reason {
    /// Stable short name, for reports, metrics and the warehouse.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotJson { .. } => "not_json",
            Self::MissingField { .. } => "missing_field",
            Self::DuplicateKey { .. } => "duplicate_key",
            Self::ConflictingFields { .. } => "conflicting_fields",
            Self::WrongType { .. } => "wrong_type",
            Self::BadIdentifier { .. } => "bad_identifier",
            Self::ImpossibleDate { .. } => "impossible_date",
            Self::NulCharacter { .. } => "nul_character",
            Self::LoneSurrogate { .. } => "lone_surrogate",
            Self::TooLarge { .. } => "too_large",
            Self::Undecodable { .. } => "undecodable",
            Self::NotText { .. } => "not_text",
            Self::FieldCount { .. } => "field_count",
            Self::MalformedQuotes { .. } => "malformed_quotes",
            Self::UnclosedQuote { .. } => "unclosed_quote",
            Self::BadValue { .. } => "bad_value",
            Self::OwnMother => "own_mother",
            Self::NoMeaning => "no_meaning",
            Self::Unreadable { .. } => "unreadable",
        }
    }
}

/// One report set aside. Its message holds nothing of the report, not even the identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{}: {reason}", .origin.file, .origin.line)]
pub struct Rejection {
    /// Where the record starts.
    pub origin: Origin,
    /// The identifier, when one valid and unambiguous was found.
    pub document_id: Option<Box<str>>,
    /// The patient, when one was found: what is set aside must be forgotten with the rest.
    pub patient_id: Option<Box<str>>,
    /// Why.
    pub reason: Reason,
}

/// A fault of the source itself: no further record can be read from it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// Nothing at that path.
    #[error("{path}: no such file or folder; check the path")]
    NotFound {
        /// Path as given.
        path: String,
    },
    /// The system refuses.
    #[error("{path}: cannot be opened ({source}); check its permissions")]
    Unreadable {
        /// Path as given.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// A kind of source that Laennec does not read.
    #[error(
        "{path}: not a source; give a .jsonl or .csv file (plain, .gz or .zst), a folder of .txt files, \
         or - for JSONL on standard input"
    )]
    Unsupported {
        /// Path as given; of a URL, the scheme only.
        path: String,
    },
    /// A kind of source that needs another build.
    #[error("{what} sources are not in this build; export the reports to .jsonl or .csv")]
    NotInThisBuild {
        /// Name of the format.
        what: &'static str,
    },
    /// The server cannot be reached.
    #[error("{0}")]
    Server(String),
    /// An address of a server without the name of a table.
    #[error("a source on a server needs the name of a table: postgres://…?table=note")]
    NoTable,
    /// A parameter of an address that means nothing.
    #[error(
        "{name}: not a parameter of a source; known are table, since, where, schema, and fields of the contract with the name of their column (text=note_text)"
    )]
    Parameter {
        /// As written.
        name: String,
    },
    /// No such table, or no right to see it.
    #[error(
        "{place}: there is no such table, or this account may not see it; name it with its schema (table=schema.note) and grant SELECT"
    )]
    MissingTable {
        /// Host, port, database and table.
        place: String,
    },
    /// The address names a column that is not there.
    #[error("{place}: the table has no column {column}; correct the address")]
    MissingTableColumn {
        /// Host, port, database and table.
        place: String,
        /// As written.
        column: String,
    },
    /// The server refuses the query, or went away.
    #[error(
        "{place}: cannot be read ({reason}); check the rights on the table and the condition of the address, then run the same command again to go on"
    )]
    Query {
        /// Host, port, database and table.
        place: String,
        /// SQLSTATE, or what happened to the connection; never a value.
        reason: String,
    },
    /// The stream broke, or what it holds does not decompress.
    #[error("{path}: damaged or cut short after line {line} ({source}); {remedy}, then run again")]
    Damaged {
        /// Path as given.
        path: String,
        /// Complete physical lines read before.
        line: u64,
        /// What the system or the decompressor says.
        source: io::Error,
        /// What to do.
        remedy: &'static str,
    },
    /// JSONL or CSV in UTF-16.
    #[error("{path}: UTF-16; convert it first: iconv -f UTF-16 -t UTF-8")]
    Utf16 {
        /// Path as given.
        path: String,
    },
    /// A CSV header that does not name the required columns.
    #[error(
        "{path}: the first line must name the columns, separated by comma, semicolon or tab; \
         none is {missing}"
    )]
    MissingColumn {
        /// Path as given.
        path: String,
        /// Spellings of the required field.
        missing: &'static str,
    },
    /// A CSV header with the same column twice.
    #[error("{path}: columns {first} and {second} have the same name; rename one")]
    DuplicateColumn {
        /// Path as given.
        path: String,
        /// Position of the first, from 1.
        first: usize,
        /// Position of the second, from 1.
        second: usize,
    },
    /// A folder with files, none of them `.txt`.
    #[error("{path}: no .txt file directly in this folder; give the folder that holds them, or a file")]
    NoTextFiles {
        /// Path as given.
        path: String,
    },
}

#[cfg(feature = "postgres")]
impl SourceError {
    pub(super) fn server(error: crate::server::ServerError) -> Self {
        Self::Server(error.to_string())
    }

    pub(super) fn query(place: &str, error: &postgres::Error) -> Self {
        let reason = match error.code() {
            Some(code) => format!("SQLSTATE {}", code.code()),
            None => "the connection was lost".into(),
        };
        Self::Query { place: place.to_owned(), reason }
    }
}

impl SourceError {
    pub(super) fn unreadable(path: &str, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path },
            _ => Self::Unreadable { path, source },
        }
    }
}
