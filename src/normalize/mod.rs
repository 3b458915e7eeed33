//! Folds case, accents, ligatures, punctuation and page layout, keeping an exact map back to the original.

mod characters;
mod fold;
mod furniture;
mod token;

pub use fold::fold;
pub use token::{RawToken, TokenKind, tokenize};

use crate::span::Span;

/// A place where the distance between folded and original offsets changes.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    folded: u32,
    original: u32,
}

/// A folded text and its map back to the original.
///
/// The folded text is lower case, without accents, ligatures, invisible characters, page furniture and line-end
/// hyphens. Line breaks and tabs remain, because segmentation needs them.
pub struct Folded<'t> {
    original: &'t str,
    text: String,
    anchors: Vec<Anchor>,
    joins: Vec<u32>,
}

impl<'t> Folded<'t> {
    /// The folded text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text as received.
    pub fn original(&self) -> &'t str {
        self.original
    }

    /// Folded offsets where a word was joined over a line end, ascending: the hyphen may yet have been its own.
    pub fn joins(&self) -> &[u32] {
        &self.joins
    }

    /// The span of original bytes that the folded bytes `start..end` come from, on character boundaries.
    ///
    /// Combining marks that follow the last character belong to it. An empty folded range gives an empty span.
    pub fn to_original(&self, start: u32, end: u32) -> Span {
        let from = self.original_of(start);
        if start >= end {
            return Span::new(from, from);
        }
        let last = self.original_of(end - 1) as usize;
        let tail = &self.original[last..];
        let length: usize = tail
            .char_indices()
            .enumerate()
            .take_while(|(i, (_, c))| *i == 0 || characters::is_combining(*c))
            .map(|(_, (_, c))| c.len_utf8())
            .sum();
        Span::new(from, (last + length) as u32)
    }

    /// The original text that the folded bytes `start..end` come from.
    pub fn original_slice(&self, start: u32, end: u32) -> &'t str {
        self.to_original(start, end).slice(self.original)
    }

    /// The folded offset of the first folded byte that comes from original byte `offset` or later.
    pub fn of_original(&self, offset: u32) -> u32 {
        let next = self.anchors.partition_point(|a| a.original < offset);
        let limit = self.anchors.get(next).map_or(self.text.len() as u32, |a| a.folded);
        let Some(anchor) = next.checked_sub(1).map(|i| self.anchors[i]) else { return offset.min(limit) };
        (anchor.folded + (offset - anchor.original)).min(limit)
    }

    /// The original character boundary at or before the source of folded byte `offset`.
    fn original_of(&self, offset: u32) -> u32 {
        let at = self.anchors.partition_point(|a| a.folded <= offset);
        let raw = match at.checked_sub(1) {
            Some(i) => self.anchors[i].original + (offset - self.anchors[i].folded),
            None => offset,
        };
        self.original.floor_char_boundary(raw as usize) as u32
    }
}
