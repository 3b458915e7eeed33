//! A report as rows of a terminal: lines wrapped between words, every code point with its column.

use unicode_normalization::char::is_combining_mark;
use unicode_width::UnicodeWidthChar;

/// Columns from one tab stop to the next.
const TAB: usize = 8;
/// Most code points of a row, as a multiple of its width: marks of no width could make it endless.
const MOST_PER_COLUMN: usize = 4;

/// One row of the screen, as code points `start..end` of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Line of the report, from 1.
    pub line: usize,
    /// The row opens its line.
    pub is_first: bool,
    pub start: usize,
    pub end: usize,
}

/// Ranges that should stay on one row, sorted and apart.
#[derive(Default)]
pub(super) struct Glue {
    ranges: Vec<(usize, usize)>,
}

impl Glue {
    pub fn new(mut ranges: Vec<(usize, usize)>) -> Self {
        ranges.sort_unstable();
        let mut apart: Vec<(usize, usize)> = Vec::new();
        for (start, end) in ranges {
            match apart.last_mut() {
                Some(last) if start < last.1 => last.1 = last.1.max(end),
                _ => apart.push((start, end)),
            }
        }
        Self { ranges: apart }
    }

    /// True when a break at `at` would cut a range.
    fn holds(&self, at: usize) -> bool {
        let next = self.ranges.partition_point(|range| range.1 <= at);
        self.ranges.get(next).is_some_and(|range| range.0 < at)
    }
}

/// The lines of a report as `start..end`, ends of line left out: `\n`, `\r\n` or `\r`.
pub(super) fn lines(text: &[char]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, &c) in text.iter().enumerate() {
        let is_pair = c == '\n' && at > 0 && text[at - 1] == '\r';
        if is_pair {
            start = at + 1;
        } else if matches!(c, '\n' | '\r') {
            found.push((start, at));
            start = at + 1;
        }
    }
    if start < text.len() {
        found.push((start, text.len()));
    }
    found
}

/// Wraps lines to `width` columns, where possible outside `loose`, else outside `tight`, else between words.
pub(super) fn rows(
    text: &[char],
    lines: &[(usize, usize)],
    width: usize,
    loose: &Glue,
    tight: &Glue,
) -> Vec<Row> {
    let mut rows = Vec::with_capacity(lines.len());
    for (index, &(start, end)) in lines.iter().enumerate() {
        let mut from = start;
        loop {
            let to = row_end(text, from, end, width, loose, tight);
            rows.push(Row { line: index + 1, is_first: from == start, start: from, end: to });
            from = to;
            if from >= end {
                break;
            }
        }
    }
    rows
}

/// Where the row that starts at `from` ends: after `from`, unless the line does.
fn row_end(text: &[char], from: usize, end: usize, width: usize, loose: &Glue, tight: &Glue) -> usize {
    let full = filled(text, from, end, width);
    if full == end {
        return end;
    }
    // A space may hang over the edge.
    let reach = if text[full].is_whitespace() { full + 1 } else { full };
    let breaks = || (from + 1..=reach).rev().filter(|&at| text[at - 1].is_whitespace());
    let after = |part: usize| from + (full - from) / part;
    let whole = breaks().take_while(|&at| at > after(2)).find(|&at| !loose.holds(at));
    let cut = whole.or_else(|| breaks().take_while(|&at| at > after(3)).find(|&at| !tight.holds(at)));
    cut.or_else(|| breaks().next()).unwrap_or(full)
}

/// How far the code points from `from` fit into `width` columns; one at least.
fn filled(text: &[char], from: usize, end: usize, width: usize) -> usize {
    let mut column = 0;
    let last = end.min(from.saturating_add(width * MOST_PER_COLUMN));
    for (at, &c) in text.iter().enumerate().take(last).skip(from) {
        column += columns_of(c, column);
        if column > width {
            return at.max(from + 1);
        }
    }
    last
}

/// The column where each code point of a row starts, and where the last one ends.
pub(super) fn columns(text: &[char], row: &Row) -> Vec<usize> {
    let mut column = 0;
    let mut starts = Vec::with_capacity(row.end - row.start + 1);
    for &c in &text[row.start..row.end] {
        starts.push(column);
        column += columns_of(c, column);
    }
    starts.push(column);
    starts
}

/// Columns that `c` takes when it starts at `column`.
fn columns_of(c: char, column: usize) -> usize {
    if c == '\t' { TAB - column % TAB } else { shown(c).map_or(0, |c| c.width().unwrap_or(0)) }
}

/// Writes `c`, which starts at `column`, as it may be shown.
pub(super) fn write(out: &mut String, c: char, column: usize) {
    if c == '\t' {
        out.extend(std::iter::repeat_n(' ', columns_of(c, column)));
    } else {
        out.extend(shown(c));
    }
}

/// The character to show: none of a report may move the cursor, turn the direction or change the colour.
fn shown(c: char) -> Option<char> {
    match c {
        '\u{0}'..='\u{1F}' => char::from_u32(0x2400 + u32::from(c)),
        '\u{7F}' => Some('\u{2421}'),
        '\u{80}'..='\u{9F}' => Some('\u{FFFD}'),
        '\u{2028}' | '\u{2029}' => Some('\u{2424}'),
        '\u{AD}' => None,
        c if c.width() == Some(0) && !is_combining_mark(c) => None,
        c => Some(c),
    }
}

/// A text on one line: runs of white space as one space, nothing that a terminal would obey, `most` characters.
pub(super) fn flat(text: impl Iterator<Item = char>, most: usize) -> String {
    let mut out = String::new();
    for (count, c) in text.enumerate() {
        if count == most {
            out.push('…');
            break;
        }
        match c {
            c if c.is_whitespace() && (out.is_empty() || out.ends_with(' ')) => {}
            c if c.is_whitespace() => out.push(' '),
            c => out.extend(shown(c)),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(|c| columns_of(c, 0)).sum()
}
