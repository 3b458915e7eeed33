//! A stream of bytes cut into records without ever holding more than one, and none that is too long.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::compression::Compression;
use super::{Origin, SourceError};

const BUFFER: usize = 256 << 10;

/// An open file (or standard input), decompressed, its UTF-8 byte order mark dropped.
pub(super) struct Input {
    reader: Box<dyn BufRead + Send>,
    path: String,
    remedy: &'static str,
    stored: Arc<AtomicU64>,
    reported: u64,
    lines: u64,
    is_inside_line: bool,
    finished: bool,
}

/// One record as cut.
pub(super) struct Cut {
    pub(super) origin: Origin,
    /// Stored bytes consumed since the cut before.
    pub(super) bytes: u64,
    /// Physical line where the record ends.
    pub(super) last_line: u64,
    pub(super) content: Content,
}

/// The bytes of a record, or their number when there are too many to keep.
pub(super) enum Content {
    Kept(Vec<u8>),
    Skipped(u64),
}

impl Input {
    pub(super) fn open(path: &str, compression: Compression) -> Result<Self, SourceError> {
        let stored = Arc::new(AtomicU64::new(0));
        let counted = Counted { inner: raw(path)?, count: Arc::clone(&stored) };
        let remedy = compression.remedy();
        let damaged = |source| SourceError::Damaged { path: path.to_owned(), line: 0, source, remedy };
        let mut reader = BufReader::with_capacity(BUFFER, compression.decompress(counted).map_err(damaged)?);
        let head = first_bytes(&mut reader).map_err(damaged)?;
        if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) {
            return Err(SourceError::Utf16 { path: path.to_owned() });
        }
        let head = head.strip_prefix(b"\xEF\xBB\xBF").map(<[u8]>::to_vec).unwrap_or(head);
        Ok(Self {
            reader: Box::new(Cursor::new(head).chain(reader)),
            path: path.to_owned(),
            remedy,
            stored,
            reported: 0,
            lines: 0,
            is_inside_line: false,
            finished: false,
        })
    }

    /// Cuts the next record. `end` is shown the bytes in order, piece by piece, and says how many of a piece
    /// belong to the record when it ends there. Past `limit` bytes the record is counted instead of kept.
    pub(super) fn cut(
        &mut self,
        limit: usize,
        end: impl FnMut(&[u8]) -> Option<usize>,
    ) -> Option<Result<Cut, SourceError>> {
        if self.finished {
            return None;
        }
        let first_line = self.lines + 1;
        match self.gather(limit, end) {
            Ok(Some(content)) => Some(Ok(self.finish_cut(first_line, content))),
            Ok(None) => {
                self.finished = true;
                None
            }
            Err(source) => {
                self.finished = true;
                let (path, line) = (self.path.clone(), self.lines);
                Some(Err(SourceError::Damaged { path, line, source, remedy: self.remedy }))
            }
        }
    }

    fn finish_cut(&mut self, first_line: u64, content: Content) -> Cut {
        let stored = self.stored.load(Ordering::Relaxed);
        let bytes = stored - self.reported;
        self.reported = stored;
        let origin = Origin { file: self.path.clone(), line: first_line };
        Cut { origin, bytes, last_line: self.lines + u64::from(self.is_inside_line), content }
    }

    fn gather(
        &mut self,
        limit: usize,
        mut end: impl FnMut(&[u8]) -> Option<usize>,
    ) -> io::Result<Option<Content>> {
        let mut content = Content::Kept(Vec::new());
        let mut started = false;
        loop {
            let piece = match self.reader.fill_buf() {
                Ok(piece) => piece,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if piece.is_empty() {
                return Ok(started.then_some(content));
            }
            started = true;
            let stop = end(piece);
            let taken = &piece[..stop.unwrap_or(piece.len())];
            content.extend(taken, limit);
            self.lines += memchr::memchr_iter(b'\n', taken).count() as u64;
            self.is_inside_line = taken.last() != Some(&b'\n');
            let length = taken.len();
            self.reader.consume(length);
            if stop.is_some() {
                return Ok(Some(content));
            }
        }
    }
}

impl Content {
    fn extend(&mut self, piece: &[u8], limit: usize) {
        match self {
            Self::Kept(kept) if kept.len() + piece.len() <= limit => kept.extend_from_slice(piece),
            Self::Kept(kept) => *self = Self::Skipped((kept.len() + piece.len()) as u64),
            Self::Skipped(length) => *length += piece.len() as u64,
        }
    }
}

fn raw(path: &str) -> Result<Box<dyn Read + Send>, SourceError> {
    if path == "-" {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).map_err(|error| SourceError::unreadable(path, error))?;
    Ok(Box::new(file))
}

/// The first bytes, enough for a byte order mark; a pipe may give them one at a time.
fn first_bytes(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(3);
    reader.take(3).read_to_end(&mut head)?;
    Ok(head)
}

/// Counts the bytes read through it.
struct Counted {
    inner: Box<dyn Read + Send>,
    count: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.count.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}
