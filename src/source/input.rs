//! A stream of bytes cut into records without ever holding more than one, and none that is too long.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::compression::Compression;
use super::{Origin, SourceError};

const BUFFER: usize = 256 << 10;

/// An open file (or standard input), decompressed, its UTF-8 byte order mark dropped.
pub(super) struct Input {
    /// Bytes to give before those of `reader`: the head of the file, later what was given back.
    pending: Vec<u8>,
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
            pending: head,
            reader: Box::new(reader),
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
        let origin = Origin { file: self.path.clone(), line: first_line };
        Cut { origin, content }
    }

    /// Gives back the last bytes of the cut just made, which start a line: the next cut begins with them.
    pub(super) fn give_back(&mut self, mut tail: Vec<u8>) {
        self.lines -= count_lines(&tail);
        self.is_inside_line = false;
        tail.append(&mut self.pending);
        self.pending = tail;
    }

    /// Physical line of the last byte that was cut.
    pub(super) fn last_line(&self) -> u64 {
        self.lines + u64::from(self.is_inside_line)
    }

    /// Stored bytes (compressed if they are) read since this was last asked.
    pub(super) fn take_bytes(&mut self) -> u64 {
        let stored = self.stored.load(Ordering::Relaxed);
        stored - std::mem::replace(&mut self.reported, stored)
    }

    fn gather(
        &mut self,
        limit: usize,
        mut end: impl FnMut(&[u8]) -> Option<usize>,
    ) -> io::Result<Option<Content>> {
        let mut content = Content::Kept(Vec::new());
        let mut started = false;
        loop {
            let piece = match self.fill() {
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
            let (length, lines, ends_line) = (taken.len(), count_lines(taken), taken.ends_with(b"\n"));
            self.consume(length);
            self.lines += lines;
            self.is_inside_line = !ends_line;
            if stop.is_some() {
                return Ok(Some(content));
            }
        }
    }

    fn fill(&mut self) -> io::Result<&[u8]> {
        if self.pending.is_empty() { self.reader.fill_buf() } else { Ok(&self.pending) }
    }

    fn consume(&mut self, length: usize) {
        if self.pending.is_empty() {
            self.reader.consume(length);
        } else {
            self.pending.drain(..length);
        }
    }
}

/// Bytes of `piece` up to the end of its first line: cuts lines.
pub(super) fn line_end(piece: &[u8]) -> Option<usize> {
    memchr::memchr(b'\n', piece).map(|at| at + 1)
}

fn count_lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
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
