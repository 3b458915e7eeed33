//! Bytes to text: which encoding a report is in, and whether an earlier tool already got it wrong.
//!
//! UTF-8 is recognised by its validity. What is not UTF-8 in a French hospital is windows-1252 or ISO-8859-15.
//! chardetng never answers the second and its other answers are never right here, so the choice is made by the
//! few bytes that differ: read as windows-1252, the ligature oe of ISO-8859-15 becomes one half, and the words
//! that hold it (heart, fetus, edema, sister) are lost.

use encoding_rs::{Encoding, ISO_8859_15, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::Reason;

pub(super) const UTF_8: &str = "utf-8";

/// Decodes one record, giving the name of the encoding found.
pub(super) fn decode(bytes: Vec<u8>) -> Result<(String, &'static str), Reason> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok((text, UTF_8)),
        Err(error) => decode_western(error.as_bytes(), error.utf8_error().valid_up_to()),
    }
}

/// Decodes a whole file, which may start with a byte order mark and be UTF-16.
pub(super) fn decode_file(mut bytes: Vec<u8>) -> Result<(String, &'static str), Reason> {
    let Some((encoding, length)) = Encoding::for_bom(&bytes) else {
        return decode(bytes);
    };
    if encoding != UTF_16LE && encoding != UTF_16BE {
        return decode(bytes.split_off(length));
    }
    let name = if encoding == UTF_16LE { "utf-16le" } else { "utf-16be" };
    match encoding.decode_without_bom_handling_and_without_replacement(&bytes[length..]) {
        Some(text) => Ok((text.into_owned(), name)),
        None => Err(Reason::Undecodable { byte: length }),
    }
}

fn decode_western(bytes: &[u8], first_fault: usize) -> Result<(String, &'static str), Reason> {
    if is_damaged_utf8(bytes) {
        return Err(Reason::Undecodable { byte: first_fault });
    }
    if let Some(byte) = bytes.iter().position(|b| matches!(b, 0x81 | 0x8D | 0x8F | 0x90 | 0x9D)) {
        return Err(Reason::Undecodable { byte });
    }
    let (encoding, name) =
        if is_latin9(bytes) { (ISO_8859_15, "iso-8859-15") } else { (WINDOWS_1252, "windows-1252") };
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    Ok((text.into_owned(), name))
}

/// True when accents are mostly well-formed UTF-8: a text cut inside a character, say. Reading it as Western
/// would spoil every accent.
fn is_damaged_utf8(bytes: &[u8]) -> bool {
    let (mut sound, mut broken) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        sound += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    sound > broken
}

/// True for ISO-8859-15. 0x80–0x9F are typographic signs in windows-1252 and unused here; 0xA4 is the euro sign
/// here and a sign nobody types there; 0xBC and 0xBD are the ligature here and fractions there.
fn is_latin9(bytes: &[u8]) -> bool {
    let is_windows = bytes.iter().any(|b| matches!(b, 0x80..=0x9F));
    !is_windows && (bytes.contains(&0xA4) || bytes.windows(4).any(is_ligature) || starts_with_ligature(bytes))
}

/// Second letters that follow a ligature at the start of French words, in lower case; fractions are followed by
/// a unit instead, as a rule after a space.
const AFTER_INITIAL_LIGATURE: [(u8, u8); 7] =
    [(b'd', 0xE8), (b'd', b'e'), (b's', b'o'), (b's', b't'), (b'i', b'l'), (b'u', b'f'), (b'u', b'v')];

fn is_ligature(window: &[u8]) -> bool {
    let &[before, 0xBC | 0xBD, next, after] = window else { return false };
    if before.is_ascii_digit() {
        return false;
    }
    (is_letter(before) && is_letter(next)) || opens_word(next, after)
}

fn starts_with_ligature(bytes: &[u8]) -> bool {
    matches!(*bytes, [0xBC | 0xBD, next, after, ..] if opens_word(next, after))
}

fn opens_word(next: u8, after: u8) -> bool {
    is_letter(next) && AFTER_INITIAL_LIGATURE.contains(&(next | 0x20, after | 0x20))
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0xC0
}

/// What bytes 0x80–0x9F become in windows-1252.
const WINDOWS_HIGH: &str = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";

/// True when at least two characters look like UTF-8 read as Latin-1 or windows-1252.
pub(super) fn looks_like_mojibake(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut signs = memchr::memchr_iter(0xC3, bytes).filter(|&at| is_misread(&text[at..]));
    signs.nth(1).is_some()
}

/// True when `text` starts with what a lead byte and its continuation become. All lead bytes of interest give a
/// letter between U+00C0 and U+00FF, hence 0xC3 in UTF-8.
fn is_misread(text: &str) -> bool {
    let mut chars = text.chars();
    let (Some(lead), Some(next)) = (chars.next(), chars.next()) else { return false };
    match lead {
        'Ã' => matches!(next, '\u{80}'..='\u{BF}') || WINDOWS_HIGH.contains(next),
        'Â' => matches!(next, '\u{A0}'..='\u{BF}'),
        'Å' => matches!(next, '\u{92}' | '\u{93}' | '’' | '“'),
        'â' => matches!(next, '\u{80}' | '€' | '‰'),
        _ => false,
    }
}
