//! Reads the files of a terminology: plain or gzip, UTF-8 or Latin-1.

use super::super::problem::Problem;
use flate2::read::GzDecoder;
use std::io::Read;
use std::path::Path;

/// Most bytes of a file once unpacked: MRCONSO of all languages has 2 GB, and a bomb has more.
const LARGEST: u64 = 4 << 30;

/// The name of a file, for messages and reports.
pub(super) fn name(path: &Path) -> String {
    path.display().to_string()
}

/// The bytes of a file, unpacked when it is gzip.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, Problem> {
    let fault = |e: std::io::Error| Problem::of(&name(path), format!("cannot be read: {e}"));
    let mut file = std::fs::File::open(path).map_err(fault)?;
    let mut start = [0; 2];
    let is_gzip = file.read_exact(&mut start).is_ok() && start == [0x1F, 0x8B];
    let file = std::fs::File::open(path).map_err(fault)?;
    let mut bytes = Vec::new();
    let read = match is_gzip {
        true => GzDecoder::new(file).take(LARGEST).read_to_end(&mut bytes),
        false => file.take(LARGEST).read_to_end(&mut bytes),
    };
    read.map_err(fault)?;
    if bytes.len() as u64 == LARGEST {
        return Err(Problem::of(&name(path), "larger than 4 GB; keep the rows you need"));
    }
    Ok(bytes)
}

/// The text of a file: UTF-8, else Latin-1, in which every byte is a character.
pub(super) fn text(path: &Path) -> Result<String, Problem> {
    let text = String::from_utf8(bytes(path)?);
    Ok(text.unwrap_or_else(|e| e.into_bytes().into_iter().map(char::from).collect()))
}
