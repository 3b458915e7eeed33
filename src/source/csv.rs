//! CSV with a header, cut into records by a scanner that holds one record at a time and notices broken quotes.
//!
//! A general CSV reader accepts a quote that is not doubled and may go on with fields that belong to two
//! patients. Here such a record is set aside, and its end is where reading the stray quote as text leads, provided
//! that leaves the right number of fields; else it is the end of the line that holds the quote.

use std::sync::Arc;

use ::csv::{ReaderBuilder, StringRecord, Terminator};
use serde_json::{Map, Value};

use super::compression::Compression;
use super::fields::{Field, Fields, Scalar, Slot};
use super::input::{Content, Input, line_end};
use super::{Raw, Reason, Record, SourceError, encoding};

const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];
const HEADER_LIMIT: usize = 1 << 20;

/// What the first line says: the delimiter and the columns. Names are matched without regard to ASCII case, since
/// some databases export them in capitals.
#[derive(Debug)]
pub(super) struct Header {
    delimiter: u8,
    columns: Vec<Column>,
}

#[derive(Debug, PartialEq)]
enum Column {
    Known(Slot),
    Other(String),
    /// Spreadsheets leave such columns behind; nothing can refer to them.
    Unnamed,
}

impl Header {
    fn of(line: Vec<u8>, path: &str) -> Result<Self, SourceError> {
        let missing =
            || SourceError::MissingColumn { path: path.to_owned(), missing: "document_id or note_id" };
        let (line, _) = encoding::decode(line).map_err(|_| missing())?;
        let candidates = || DELIMITERS.iter().map(|&delimiter| Self::split(&line, delimiter));
        let header = candidates().find(|header| header.has(Field::Id)).ok_or_else(missing)?;
        if !header.has(Field::Text) {
            return Err(SourceError::MissingColumn { path: path.to_owned(), missing: "text or note_text" });
        }
        header.without_duplicates(path)
    }

    /// The header of a table that names one of some columns; `missing` is how a message names them.
    fn of_table(
        line: Vec<u8>,
        path: &str,
        (names, missing): (&[&str], &'static str),
    ) -> Result<Self, SourceError> {
        let missing = || SourceError::MissingColumn { path: path.to_owned(), missing };
        let (line, _) = encoding::decode(line).map_err(|_| missing())?;
        let is_named =
            |column: &Column| matches!(column, Column::Other(name) if names.contains(&name.as_str()));
        let mut candidates = DELIMITERS.iter().map(|&delimiter| Self::split_table(&line, delimiter));
        let header = candidates.find(|header| header.columns.iter().any(is_named)).ok_or_else(missing)?;
        header.without_duplicates(path)
    }

    fn split_table(line: &str, delimiter: u8) -> Self {
        let column = |cell: &str| match cell.trim().to_ascii_lowercase() {
            name if name.is_empty() => Column::Unnamed,
            name => Column::Other(name),
        };
        Self { delimiter, columns: split(line, delimiter).unwrap_or_default().iter().map(column).collect() }
    }

    fn split(line: &str, delimiter: u8) -> Self {
        let cells = split(line, delimiter).unwrap_or_default();
        Self { delimiter, columns: cells.iter().map(Column::named).collect() }
    }

    fn has(&self, field: Field) -> bool {
        self.columns.iter().any(|column| matches!(column, Column::Known(slot) if slot.field() == field))
    }

    fn without_duplicates(self, path: &str) -> Result<Self, SourceError> {
        for (second, column) in self.columns.iter().enumerate() {
            let is_same = |other: &Column| other == column && *other != Column::Unnamed;
            if let Some(first) = self.columns[..second].iter().position(is_same) {
                let (path, first, second) = (path.to_owned(), first + 1, second + 1);
                return Err(SourceError::DuplicateColumn { path, first, second });
            }
        }
        Ok(self)
    }
}

impl Column {
    fn named(cell: &str) -> Self {
        let name = cell.trim();
        match Slot::named(&name.to_ascii_lowercase()) {
            Some(slot) => Self::Known(slot),
            None if name.is_empty() => Self::Unnamed,
            None => Self::Other(name.to_owned()),
        }
    }
}

/// The records of a file below its header.
pub(super) struct Rows {
    input: Input,
    header: Arc<Header>,
    limit: usize,
}

impl Rows {
    pub(super) fn open(path: &str, compression: Compression, limit: usize) -> Result<Self, SourceError> {
        let mut input = Input::open(path, compression)?;
        let line = first_line(&mut input)?;
        Ok(Self { input, header: Arc::new(Header::of(line, path)?), limit })
    }
}

impl Rows {
    /// Opens a table whose header names one of some columns.
    pub(super) fn open_table(
        path: &str,
        compression: Compression,
        limit: usize,
        columns: (&[&str], &'static str),
    ) -> Result<Self, SourceError> {
        let mut input = Input::open(path, compression)?;
        let line = first_line(&mut input)?;
        Ok(Self { input, header: Arc::new(Header::of_table(line, path, columns)?), limit })
    }
}

/// The first line that is not blank; empty when there is none or when it is too long for a header.
fn first_line(input: &mut Input) -> Result<Vec<u8>, SourceError> {
    while let Some(cut) = input.cut(HEADER_LIMIT, line_end) {
        match cut?.content {
            Content::Kept(line) if line.trim_ascii().is_empty() => {}
            Content::Kept(mut line) => {
                drop_line_end(&mut line);
                return Ok(line);
            }
            Content::Skipped(_) => break,
        }
    }
    Ok(Vec::new())
}

impl Iterator for Rows {
    type Item = Result<Record, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut scanner = Scanner::new(self.header.delimiter);
            let cut = match self.input.cut(self.limit, |piece| scanner.end(piece))? {
                Ok(cut) => cut,
                Err(error) => return Some(Err(error)),
            };
            if let Some(tail) = scanner.take_overshoot(self.header.columns.len()) {
                self.input.give_back(tail);
            }
            if let Some(raw) = self.raw(cut.content, scanner.fault(self.input.last_line())) {
                return Some(Ok(Record {
                    origin: cut.origin,
                    raw,
                    bytes: self.input.take_bytes(),
                    watermark: None,
                }));
            }
        }
    }
}

impl Rows {
    /// What a cut holds, `None` for a blank line.
    fn raw(&self, content: Content, fault: Option<Reason>) -> Option<Raw> {
        match (fault, content) {
            (Some(reason), _) => Some(Raw::Refused(reason)),
            (None, Content::Skipped(bytes)) => {
                Some(Raw::Refused(Reason::TooLarge { bytes, limit: self.limit as u64 }))
            }
            (None, Content::Kept(mut row)) => {
                drop_line_end(&mut row);
                (!row.is_empty()).then(|| Raw::Csv { row, header: Arc::clone(&self.header) })
            }
        }
    }
}

fn drop_line_end(line: &mut Vec<u8>) {
    line.pop_if(|byte| *byte == b'\n');
    line.pop_if(|byte| *byte == b'\r');
}

/// Reads a row into `fields`, giving the encoding.
pub(super) fn read(row: Vec<u8>, header: &Header, fields: &mut Fields) -> Result<&'static str, Reason> {
    let (row, encoding) = encoding::decode(row)?;
    let cells = split(&row, header.delimiter).unwrap_or_default();
    let (expected, found) = (header.columns.len(), cells.len());
    if expected != found {
        return Err(Reason::FieldCount { expected, found });
    }
    for (column, cell) in header.columns.iter().zip(&cells) {
        match column {
            Column::Known(slot) => fields.set(*slot, scalar(*slot, cell)),
            Column::Unnamed => {}
            Column::Other(name) => {
                let value = if fields.wants(name) { Value::from(cell) } else { Value::Null };
                fields.set_other(name.clone(), value);
            }
        }
    }
    Ok(encoding)
}

/// Reads a row of a table; an empty cell has no value.
pub(super) fn read_cells(row: Vec<u8>, header: &Header) -> Result<Map<String, Value>, Reason> {
    let (row, _) = encoding::decode(row)?;
    let cells = split(&row, header.delimiter).unwrap_or_default();
    let (expected, found) = (header.columns.len(), cells.len());
    if expected != found {
        return Err(Reason::FieldCount { expected, found });
    }
    let named = header.columns.iter().zip(&cells).filter_map(|(column, cell)| match column {
        Column::Other(name) if !cell.is_empty() => Some((name.clone(), Value::from(cell))),
        _ => None,
    });
    Ok(named.collect())
}

/// CSV cannot tell an empty cell from no value; only a text may be empty.
fn scalar(slot: Slot, cell: &str) -> Scalar {
    if cell.is_empty() && slot.field() != Field::Text {
        Scalar::Absent
    } else {
        Scalar::Text(cell.to_owned())
    }
}

/// The fields of one record, unquoted. Only `\n` ends a record: a lone `\r` is text.
fn split(record: &str, delimiter: u8) -> Option<StringRecord> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .terminator(Terminator::Any(b'\n'))
        .buffer_capacity(record.len().clamp(1, 64 << 10))
        .from_reader(record.as_bytes())
        .into_records()
        .next()?
        .ok()
}

/// How far past a stray quote a closing one is searched for, in bytes: longer than nearly every report, and short
/// enough to be tried at every line of a file that never closes any.
const LOOKAHEAD: usize = 16 << 10;

/// Finds where a record ends, one piece of the stream after another.
struct Scanner {
    delimiter: u8,
    state: State,
    fields: usize,
    /// A bare field held an odd number of quotes.
    is_odd: bool,
    stray: Stray,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    FieldStart,
    Bare,
    /// In a bare field, after an odd number of quotes.
    BareOdd,
    Quoted,
    /// After a quote inside a quoted field.
    Closing,
    /// After such a quote and a carriage return.
    ClosingReturn,
    Ended,
}

/// Whether a quoted field held a quote that is not doubled.
#[derive(Debug, PartialEq, Eq)]
enum Stray {
    None,
    /// On the line being read.
    OnThisLine,
    /// On a line before; these are the bytes since the end of that line.
    Before(Vec<u8>),
}

impl Scanner {
    fn new(delimiter: u8) -> Self {
        Self { delimiter, state: State::FieldStart, fields: 1, is_odd: false, stray: Stray::None }
    }

    /// Bytes of `piece` that belong to the record when it ends there.
    fn end(&mut self, piece: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < piece.len() {
            let start = at;
            at = piece.len().min(at + self.plain_run(&piece[at..]) + 1);
            self.step(piece[at - 1]);
            self.follow_stray(&piece[start..at]);
            if self.state == State::Ended || self.has_looked_enough() {
                return Some(at);
            }
        }
        None
    }

    /// Bytes that change nothing: report texts are long, and this is the sequential half.
    fn plain_run(&self, piece: &[u8]) -> usize {
        let next = match self.state {
            State::Quoted if self.stray == Stray::None => memchr::memchr(b'"', piece),
            State::Quoted => memchr::memchr2(b'"', b'\n', piece),
            State::Bare | State::BareOdd => memchr::memchr3(b'"', b'\n', self.delimiter, piece),
            _ => Some(0),
        };
        next.unwrap_or(piece.len().saturating_sub(1))
    }

    fn step(&mut self, byte: u8) {
        let is_delimiter = byte == self.delimiter;
        self.state = match (self.state, byte) {
            (State::FieldStart, b'"') => State::Quoted,
            (State::Quoted, b'"') => State::Closing,
            (State::Quoted, _) => State::Quoted,
            (State::Closing, b'"') => State::Quoted,
            (State::Closing, b'\r') => State::ClosingReturn,
            (State::Closing, _) if is_delimiter => State::FieldStart,
            (State::Closing | State::ClosingReturn, b'\n') => State::Ended,
            (State::Closing | State::ClosingReturn, _) => self.go_on_quoted(byte),
            (_, b'\n') => self.end_bare(State::Ended),
            (_, _) if is_delimiter => self.end_bare(State::FieldStart),
            (State::BareOdd, b'"') => State::Bare,
            (_, b'"') => State::BareOdd,
            (State::BareOdd, _) => State::BareOdd,
            _ => State::Bare,
        };
        self.fields += usize::from(self.state == State::FieldStart);
    }

    fn go_on_quoted(&mut self, byte: u8) -> State {
        if self.stray == Stray::None {
            self.stray = Stray::OnThisLine;
        }
        if byte == b'"' { State::Closing } else { State::Quoted }
    }

    /// An odd quote in a bare field is most often the tail of a quoted one that was cut too early.
    fn end_bare(&mut self, next: State) -> State {
        self.is_odd |= self.state == State::BareOdd;
        next
    }

    /// Remembers what follows the line of the first stray quote. `run` never goes past the end of a line then.
    fn follow_stray(&mut self, run: &[u8]) {
        match &mut self.stray {
            Stray::None => {}
            Stray::OnThisLine if run.ends_with(b"\n") => self.stray = Stray::Before(Vec::new()),
            Stray::OnThisLine => {}
            Stray::Before(tail) => tail.extend_from_slice(run),
        }
    }

    fn has_looked_enough(&self) -> bool {
        matches!(&self.stray, Stray::Before(tail) if tail.len() > LOOKAHEAD)
    }

    /// The bytes read past the record, when the stray quote turns out to have ended its field: the search for
    /// another end found none, or one that does not leave as many fields as there are `columns`.
    fn take_overshoot(&mut self, columns: usize) -> Option<Vec<u8>> {
        if self.state == State::Ended && self.fields == columns {
            return None;
        }
        let Stray::Before(tail) = &mut self.stray else { return None };
        self.state = State::Ended;
        Some(std::mem::take(tail))
    }

    /// What the quotes of the record say, once its last piece was seen.
    fn fault(&self, last_line: u64) -> Option<Reason> {
        if self.is_odd || self.state == State::BareOdd || self.stray != Stray::None {
            Some(Reason::MalformedQuotes { last_line })
        } else if self.state == State::Quoted {
            Some(Reason::UnclosedQuote { last_line })
        } else {
            None
        }
    }
}
