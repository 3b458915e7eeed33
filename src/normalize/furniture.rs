//! Finds page furniture: page numbers, and the header and footer lines repeated beside them.

use crate::span::Span;
use rustc_hash::FxHashMap;
use std::hash::{Hash, Hasher};

/// Longest line that can be furniture, in bytes.
const LONGEST_LINE: usize = 140;
/// How many lines above and below a page number may belong to the same header or footer.
const REACH: usize = 4;

/// The lines to leave out, sorted and apart, each with its line break and the blank lines beside it.
///
/// A line goes when it is a page number, or when it repeats beside a page number a line that stands beside another
/// one or at the top of the text. A line that is merely repeated stays: "RAS" under ten titles is clinical.
pub(super) fn find(text: &str) -> Vec<Span> {
    if !may_hold_page_numbers(text) {
        return Vec::new();
    }
    let lines = split_lines(text);
    let marks: Vec<usize> = (0..lines.len()).filter(|&i| is_page_number(lines[i].slice(text))).collect();
    let mut drop = vec![false; lines.len()];
    for &mark in &marks {
        drop[mark] = true;
    }
    drop_repeated_beside(text, &lines, &marks, &mut drop);
    if marks.is_empty() { Vec::new() } else { merge(text, &lines, &drop) }
}

/// A cheap look before lines are cut: a page number needs the word or a fraction alone on its line.
fn may_hold_page_numbers(text: &str) -> bool {
    let bytes = text.as_bytes();
    ["Page ", "page ", "PAGE "].iter().any(|word| memchr::memmem::find(bytes, word.as_bytes()).is_some())
}

fn split_lines(text: &str) -> Vec<Span> {
    let mut from = 0;
    let mut lines = Vec::new();
    for end in memchr::memchr_iter(b'\n', text.as_bytes()).map(|i| i + 1).chain([text.len()]) {
        if end > from {
            lines.push(Span::new(from as u32, end as u32));
            from = end;
        }
    }
    lines
}

/// True for a short line that ends with "page 2", "Page 2/3" or "page 2 sur 3".
fn is_page_number(line: &str) -> bool {
    let line = line.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '.' | ')'));
    if line.len() > LONGEST_LINE || !line.ends_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let total = line.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end();
    let tail = total.len().saturating_sub(24);
    let lower = total[total.ceil_char_boundary(tail)..].to_ascii_lowercase();
    let page = lower
        .trim_end_matches(|c: char| !c.is_ascii_digit() && !c.is_ascii_alphabetic())
        .trim_end_matches("sur")
        .trim_end_matches("de")
        .trim_end()
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .trim_end();
    page.ends_with("page")
}

fn drop_repeated_beside(text: &str, lines: &[Span], marks: &[usize], drop: &mut [bool]) {
    // The first page's header stands at the top of the text, not beside a page number.
    let places = std::iter::once(0).chain(marks.iter().copied());
    let mut seen: FxHashMap<u64, (usize, Vec<usize>)> = FxHashMap::default();
    let mut next = 0;
    for (place, mark) in places.enumerate() {
        let reach = mark.saturating_sub(REACH).max(next)..(mark + REACH + 1).min(lines.len());
        next = reach.end.max(next);
        for i in reach {
            let line = lines[i].slice(text).trim();
            if line.is_empty() || line.len() > LONGEST_LINE || drop[i] {
                continue;
            }
            let (first_place, repeats) = seen.entry(masked_hash(line)).or_insert((place, Vec::new()));
            if *first_place != place {
                repeats.push(i);
            }
        }
    }
    for (_, repeats) in seen.into_values() {
        for i in repeats {
            drop[i] = true;
        }
    }
}

/// A hash of the line with its digits masked, so that dates and page numbers do not tell headers apart.
fn masked_hash(line: &str) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    for byte in line.bytes().filter(|b| !b.is_ascii_whitespace()) {
        if byte.is_ascii_digit() { b'0' } else { byte }.hash(&mut hasher);
    }
    hasher.finish()
}

fn merge(text: &str, lines: &[Span], drop: &[bool]) -> Vec<Span> {
    let blank = |i: usize| lines[i].slice(text).trim().is_empty();
    let mut spans: Vec<Span> = Vec::new();
    let mut i = 0;
    while i < lines.len() {
        if !drop[i] {
            i += 1;
            continue;
        }
        let from = i;
        while i < lines.len() && (drop[i] || blank(i)) {
            i += 1;
        }
        spans.push(Span::new(lines[from].start, lines[i - 1].end));
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str) -> String {
        let mut out = text.to_string();
        for span in find(text).into_iter().rev() {
            out.replace_range(span.start as usize..span.end as usize, "");
        }
        out
    }

    #[test]
    fn a_term_cut_by_a_page_break_is_joined() {
        let body = "Ligne.\nAutre ligne.\nEncore une.\nEt une.\nPuis une.\nUne.\nAtrésie de\n";
        let text = format!("CHU de Valmont\n{body}Page 1/2\n\nCHU de Valmont\nl'œsophage\n");
        assert_eq!(kept(&text), format!("CHU de Valmont\n{body}l'œsophage\n"));
    }

    #[test]
    fn repeated_clinical_lines_stay() {
        let text = "Coeur :\nRAS\nFoie :\nRAS\nPage 1\n";
        assert_eq!(kept(text), "Coeur :\nRAS\nFoie :\nRAS\n");
        assert_eq!(kept("Voir page 12 du classeur."), "Voir page 12 du classeur.");
    }
}
