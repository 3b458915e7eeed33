//! A folder of plain text files, one report each, named by the stem of the file.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::fields::{Fields, Scalar, Slot};
use super::{Origin, Raw, Reason, Record, SourceError, encoding};

/// The `.txt` files directly in a folder, in the order of their names. Hidden files are left out.
pub(super) struct Texts {
    paths: std::vec::IntoIter<PathBuf>,
}

impl Texts {
    /// An empty folder is an empty source; a folder that holds only other things is most likely the wrong one.
    pub(super) fn open(path: &str) -> Result<Self, SourceError> {
        let (paths, others) = list(Path::new(path)).map_err(|error| SourceError::unreadable(path, error))?;
        if paths.is_empty() && others > 0 {
            return Err(SourceError::NoTextFiles { path: path.to_owned() });
        }
        Ok(Self { paths: paths.into_iter() })
    }
}

impl Iterator for Texts {
    type Item = Result<Record, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let path = self.paths.next()?;
        let bytes = path.metadata().map_or(0, |metadata| metadata.len());
        let origin = Origin { file: path.display().to_string(), line: 1 };
        Some(Ok(Record { origin, raw: Raw::TextFile(path), bytes, watermark: None }))
    }
}

/// Bytes of all the reports of a folder.
pub(super) fn total_bytes(folder: &Path) -> Option<u64> {
    let (paths, _) = list(folder).ok()?;
    Some(paths.iter().filter_map(|path| path.metadata().ok()).map(|metadata| metadata.len()).sum())
}

/// The reports of a folder, and the number of its other entries.
fn list(folder: &Path) -> io::Result<(Vec<PathBuf>, usize)> {
    let (mut paths, mut others) = (Vec::new(), 0);
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if is_report(&path) {
            paths.push(path);
        } else {
            others += 1;
        }
    }
    paths.sort_unstable();
    Ok((paths, others))
}

/// Pipes and devices are left out with folders: opening one could wait for ever.
fn is_report(path: &Path) -> bool {
    let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let is_text = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("txt"));
    is_text && !is_hidden && !path.is_dir() && path.metadata().map_or(true, |metadata| metadata.is_file())
}

/// Reads one file into `fields`, giving the encoding.
pub(super) fn read(path: &Path, text_limit: usize, fields: &mut Fields) -> Result<&'static str, Reason> {
    let problem = "cannot be taken from a file name that is not UTF-8";
    let bad_name = Reason::BadIdentifier { field: "document_id", problem };
    let id = path.file_stem().and_then(|stem| stem.to_str()).ok_or(bad_name)?;
    set(fields, "document_id", id.to_owned());
    let bytes = contents(path, text_limit)?;
    let is_wide = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
    if !is_wide {
        refuse_binary(&bytes)?;
    }
    let (text, encoding) = encoding::decode_file(bytes)?;
    refuse_binary(text.as_bytes())?;
    set(fields, "text", text);
    Ok(encoding)
}

fn set(fields: &mut Fields, name: &str, value: String) {
    if let Some(slot) = Slot::named(name) {
        fields.set(slot, Scalar::Text(value));
    }
}

/// The bytes of a file, never more than the limit: twice that of the text, since UTF-16 may take that.
fn contents(path: &Path, text_limit: usize) -> Result<Vec<u8>, Reason> {
    let limit = (text_limit as u64).saturating_mul(2).saturating_add(3);
    let unreadable = |error: io::Error| Reason::Unreadable { kind: error.kind() };
    let file = File::open(path).map_err(unreadable)?;
    let announced = file.metadata().map_err(unreadable)?.len();
    if announced > limit {
        return Err(Reason::TooLarge { bytes: announced, limit: text_limit as u64 });
    }
    let mut bytes = Vec::with_capacity(announced as usize);
    file.take(limit + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(Reason::TooLarge { bytes: bytes.len() as u64, limit: text_limit as u64 });
    }
    Ok(bytes)
}

/// Text may hold the odd control character that a printer once wanted; a U+0000, or one byte in fifty and four
/// at least, is no text.
fn refuse_binary(bytes: &[u8]) -> Result<(), Reason> {
    let controls = bytes.iter().filter(|&&byte| is_control(byte)).count();
    let is_binary = bytes.contains(&0) || (controls >= 4 && controls * 50 > bytes.len());
    if is_binary { Err(Reason::NotText { controls, bytes: bytes.len() }) } else { Ok(()) }
}

fn is_control(byte: u8) -> bool {
    byte == 0x7F || (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | 0x0B | 0x0C | b'\r'))
}
