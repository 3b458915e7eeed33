//! Brings reports in: one file per format, one error type per outcome, nothing decoded before it is asked for.
//!
//! Reading has two halves. [`open`] gives a sequential, cheap stream of raw [`Record`]s in bounded memory;
//! [`Record::read`] is the pure, costly half (decode, parse, validate) that parallel workers call. A fault
//! inside one report is a [`Rejection`] and leaves its neighbours alone; a fault of the file itself is a
//! [`SourceError`] and ends the stream.
//!
//! A further format (Parquet) is one more file here, one variant of `Format` and one of `Raw`.

mod births;
mod codes;
mod compression;
mod csv;
mod date;
mod encoding;
mod error;
mod events;
mod fields;
mod folder;
mod input;
mod jsonl;
mod persons;
#[cfg(feature = "postgres")]
mod postgres;
mod rows;
mod sheet;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::document::Document;
pub use births::read_births;
use compression::Compression;
pub use error::{Reason, Rejection, SourceError};
pub use events::{ReceivedEvent, read_event};
use fields::Fields;
pub use persons::read_person;
pub use rows::{Kind, open_rows};
pub use sheet::{SheetRow, read_sheet};

/// What a source may hold and what is kept of it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Largest text accepted, in bytes of UTF-8; never more than 4 GiB, the reach of a span.
    pub max_document_bytes: usize,
    /// Whether fields that the contract does not name are kept in [`Document::source_fields`].
    pub keep_source_fields: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_document_bytes: 64 << 20, keep_source_fields: false }
    }
}

impl Options {
    fn text_limit(&self) -> usize {
        self.max_document_bytes.min(u32::MAX as usize)
    }

    /// Bytes a raw record may take: escapes and quotes make it longer than its text.
    fn raw_limit(&self) -> usize {
        self.text_limit().saturating_mul(2).saturating_add(64 << 10)
    }
}

/// Where a record comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Path as given, or the path of the one file inside a folder; `-` for standard input.
    pub file: String,
    /// Physical line where the record starts, from 1; always 1 for a file that is one report.
    pub line: u64,
}

/// A report as the sequential reader found it, not yet decoded.
#[derive(Debug)]
pub struct Record {
    /// Where it starts.
    pub origin: Origin,
    raw: Raw,
    bytes: u64,
    /// How far the source was read with this record, when it is followed by a column.
    pub watermark: Option<String>,
}

#[derive(Debug)]
enum Raw {
    Json(Vec<u8>),
    Csv {
        row: Vec<u8>,
        header: Arc<csv::Header>,
    },
    TextFile(PathBuf),
    /// The sequential half already knows that the record cannot be read.
    Refused(Reason),
}

/// A valid report, with what was learnt while reading it.
#[derive(Debug)]
pub struct Received {
    /// The report.
    pub document: Document,
    /// Where it starts.
    pub origin: Origin,
    /// Encoding recognised: `utf-8`, `windows-1252`, `iso-8859-15`, `utf-16le` or `utf-16be`.
    pub encoding: &'static str,
    /// True when the text looks like UTF-8 once read as Latin-1 and written again. The text is not repaired.
    pub mojibake: bool,
}

/// The stream given by [`open`]; after an error it gives nothing more.
pub type Records = Box<dyn Iterator<Item = Result<Record, SourceError>> + Send>;

/// Opens `path`: a `.jsonl` (`.ndjson`, `.json`) or `.csv` file, plain, `.gz` or `.zst`; a folder of `.txt`;
/// or `-` for JSONL on standard input; or `postgres://…?table=note`, a table of a server.
///
/// A compressed file that is damaged or cut short gives the records found before the damage, then one error:
/// the caller keeps them and the run fails, since nobody knows how many reports are missing.
///
/// # Errors
/// When the path is missing, unreadable or of another kind, or when a CSV header lacks a required column.
pub fn open(path: &str, options: &Options) -> Result<Records, SourceError> {
    open_from(path, None, options)
}

/// The name under which a source that is followed by a column (`postgres://…&since=COLUMN`) is remembered; `None` for one
/// that is always read whole.
///
/// # Errors
/// An address that cannot be read.
pub fn followed(path: &str) -> Result<Option<String>, SourceError> {
    match path.split_once("://") {
        #[cfg(feature = "postgres")]
        Some(("postgres" | "postgresql", _)) => {
            let query = postgres::Query::parse(path)?;
            Ok(query.followed())
        }
        _ => Ok(None),
    }
}

/// True for a source that may leave out some of what it holds: a table with `since` or `where`.
///
/// # Errors
/// An address that cannot be read.
pub fn is_partial(path: &str) -> Result<bool, SourceError> {
    match path.split_once("://") {
        #[cfg(feature = "postgres")]
        Some(("postgres" | "postgresql", _)) => Ok(postgres::Query::parse(path)?.is_partial()),
        _ => Ok(false),
    }
}

/// As [`open`]; a source that is followed is read from this value of its column on.
///
/// # Errors
/// As [`open`].
pub fn open_from(path: &str, from: Option<&str>, options: &Options) -> Result<Records, SourceError> {
    #[cfg(feature = "postgres")]
    if let Some(("postgres" | "postgresql", _)) = path.split_once("://") {
        return Ok(Box::new(postgres::Query::parse(path)?.open(from)?));
    }
    #[cfg(not(feature = "postgres"))]
    let _ = from;
    let limit = options.raw_limit();
    Ok(match Format::of(path)? {
        Format::JsonLines(compression) => Box::new(jsonl::Lines::open(path, compression, limit)?),
        Format::Csv(compression) => Box::new(csv::Rows::open(path, compression, limit)?),
        Format::Folder => Box::new(folder::Texts::open(path)?),
    })
}

/// One `.txt` file as a record, named by its stem like the files of a folder.
///
/// # Errors
/// When the path is missing or is no file.
pub fn text_file(path: &str) -> Result<Record, SourceError> {
    let metadata = std::fs::metadata(path).map_err(|error| SourceError::unreadable(path, error))?;
    if !metadata.is_file() {
        return Err(SourceError::Unsupported { path: path.to_owned() });
    }
    let origin = Origin { file: path.to_owned(), line: 1 };
    Ok(Record { origin, raw: Raw::TextFile(path.into()), bytes: metadata.len(), watermark: None })
}

/// Bytes that [`Record::bytes`] will add up to, about: the size of the file as stored, or of all `.txt` files of
/// a folder. `None` when it cannot be known, as for standard input.
pub fn size_hint_bytes(path: &str) -> Option<u64> {
    if path == "-" {
        return None;
    }
    let metadata = std::fs::metadata(path).ok()?;
    if metadata.is_dir() { folder::total_bytes(Path::new(path)) } else { Some(metadata.len()) }
}

impl Record {
    /// Bytes of the source, as stored (compressed if it is), consumed since the record before. Buffering makes
    /// single values uneven; their sum is what a progress bar needs.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Decodes, parses and validates. Pure but for the `.txt` files of a folder, which are opened here.
    ///
    /// # Errors
    /// A [`Rejection`] when this report cannot be accepted.
    pub fn read(self, options: &Options) -> Result<Received, Rejection> {
        let mut fields = Fields::new(options.keep_source_fields);
        let parsed = match self.raw {
            Raw::Json(line) => jsonl::read(line, &mut fields),
            Raw::Csv { row, header } => csv::read(row, &header, &mut fields),
            Raw::TextFile(path) => folder::read(&path, options.text_limit(), &mut fields),
            Raw::Refused(reason) => Err(reason),
        };
        let document_id = fields.document_id().map(String::into_boxed_str);
        let patient_id = fields.patient_id().map(String::into_boxed_str);
        match parsed.and_then(|encoding| Ok((encoding, fields.into_document(options.text_limit())?))) {
            Ok((encoding, document)) => {
                let mojibake = encoding::looks_like_mojibake(&document.text);
                Ok(Received { document, origin: self.origin, encoding, mojibake })
            }
            Err(reason) => Err(Rejection { origin: self.origin, document_id, patient_id, reason }),
        }
    }
}

enum Format {
    JsonLines(Compression),
    Csv(Compression),
    Folder,
}

impl Format {
    fn of(path: &str) -> Result<Self, SourceError> {
        if path == "-" {
            return Ok(Self::JsonLines(Compression::None));
        }
        if let Some((scheme, _)) = path.split_once("://") {
            return Err(refuse_url(scheme));
        }
        let name = path.to_ascii_lowercase();
        if name.ends_with(".parquet") {
            return Err(SourceError::NotInThisBuild { what: "Parquet" });
        }
        let metadata = std::fs::metadata(path).map_err(|error| SourceError::unreadable(path, error))?;
        if metadata.is_dir() {
            return Ok(Self::Folder);
        }
        Self::of_name(&name).ok_or_else(|| SourceError::Unsupported { path: path.to_owned() })
    }

    fn of_name(name: &str) -> Option<Self> {
        let (compression, stem) = Compression::of_name(name);
        match stem.rsplit_once('.')?.1 {
            "jsonl" | "ndjson" | "json" => Some(Self::JsonLines(compression)),
            "csv" => Some(Self::Csv(compression)),
            _ => None,
        }
    }
}

/// A URL may carry a password: only its scheme is ever repeated.
fn refuse_url(scheme: &str) -> SourceError {
    match scheme {
        "postgres" | "postgresql" => SourceError::NotInThisBuild { what: "PostgreSQL" },
        _ => SourceError::Unsupported { path: format!("{scheme}://…") },
    }
}
