//! Half-open byte ranges into an original text, and their translation to Unicode code points.

use serde::{Deserialize, Serialize};

/// A half-open range `start..end` of bytes in the text of a document.
///
/// Both ends lie on character boundaries of that text. Texts are limited to 4 GiB, so offsets are `u32`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span `start..end`; an inverted pair gives an empty span at `start`.
    pub fn new(start: u32, end: u32) -> Self {
        Self { start, end: end.max(start) }
    }

    /// Number of bytes.
    pub fn len(self) -> u32 {
        self.end - self.start
    }

    /// True when the span holds no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The text under the span, or `""` when the span does not fit `text`.
    pub fn slice(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// True when the two spans share at least one byte.
    pub fn overlaps(self, other: Span) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// True when `other` lies wholly inside this span.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The smallest span that covers both.
    pub fn join(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// Bytes between two remembered code-point counts.
const STRIDE: usize = 256;

/// Translates byte offsets of one text to code-point offsets (the unit of the contract and of OMOP) and back.
///
/// Building costs one pass over the text; each translation reads at most `STRIDE` bytes.
pub struct CodePoints<'t> {
    text: &'t str,
    counts: Vec<u32>,
}

impl<'t> CodePoints<'t> {
    /// Counts the code points of `text`, remembering a total every `STRIDE` bytes.
    pub fn new(text: &'t str) -> Self {
        let mut total = 0;
        let counts = text
            .as_bytes()
            .chunks(STRIDE)
            .map(|chunk| {
                let before = total;
                total += leading_bytes(chunk);
                before
            })
            .collect();
        Self { text, counts }
    }

    /// Code points before byte `offset`; offsets past the end count the whole text.
    pub fn of_byte(&self, offset: u32) -> u32 {
        let offset = (offset as usize).min(self.text.len());
        let block = (offset / STRIDE).min(self.counts.len().saturating_sub(1));
        let Some(&before) = self.counts.get(block) else { return 0 };
        before + leading_bytes(&self.text.as_bytes()[block * STRIDE..offset])
    }

    /// Byte offset of code point number `index`, or `None` when the text is shorter.
    pub fn to_byte(&self, index: u32) -> Option<u32> {
        let block = self.counts.partition_point(|&count| count <= index).saturating_sub(1);
        let mut seen = self.counts.get(block).copied().unwrap_or(0);
        for (i, &byte) in self.text.as_bytes().iter().enumerate().skip(block * STRIDE) {
            if is_leading(byte) {
                if seen == index {
                    return Some(i as u32);
                }
                seen += 1;
            }
        }
        (seen == index).then_some(self.text.len() as u32)
    }
}

fn is_leading(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

fn leading_bytes(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|&&b| is_leading(b)).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_points_round_trip_on_mixed_text() {
        let text = "é".repeat(1500) + "a\u{200B}œ" + &"x".repeat(3000);
        let points = CodePoints::new(&text);
        for (index, (byte, _)) in text.char_indices().enumerate().step_by(7) {
            assert_eq!(points.of_byte(byte as u32), index as u32);
            assert_eq!(points.to_byte(index as u32), Some(byte as u32));
        }
        let count = text.chars().count() as u32;
        assert_eq!(points.to_byte(count), Some(text.len() as u32));
        assert_eq!(points.to_byte(count + 1), None);
    }

    #[test]
    fn code_points_of_empty_text() {
        let points = CodePoints::new("");
        assert_eq!((points.of_byte(0), points.to_byte(0), points.to_byte(1)), (0, Some(0), None));
    }
}
