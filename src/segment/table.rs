//! Finds tables: lines cut by bars, tabs or columns of spaces.

use super::{Segmented, TokenKind, TokenRange};

/// Spaces that part two columns.
const GAP: u32 = 2;
/// Bytes by which the cells of a column of spaces may be out of line.
const SLACK: u32 = 2;

/// A table of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// All of it.
    pub tokens: TokenRange,
    /// Its rows, cell by cell; cells may be empty, rows may be short.
    pub rows: Vec<Vec<TokenRange>>,
}

/// What parts the cells of a line.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    Bars,
    Tabs,
    Columns,
}

/// The tables of a report, in text order: two lines or more that are cut alike. Linear.
pub fn tables(segmented: &Segmented) -> Vec<Table> {
    let mut tables = Vec::new();
    let mut style = None;
    let mut rows: Vec<Vec<TokenRange>> = Vec::new();
    for &line in &segmented.lines {
        let row = row(segmented, line);
        let goes_on = row.as_ref().is_some_and(|(kind, cells)| {
            style == Some(*kind) && (*kind != Style::Columns || is_aligned(segmented, &rows, cells))
        });
        if !goes_on {
            close(&mut tables, style, &mut rows);
            style = row.as_ref().map(|(kind, _)| *kind);
        }
        // A ruler between the head and the rows is no row.
        rows.extend(row.map(|(_, cells)| cells).filter(|cells| cells.iter().any(|c| c.start < c.end)));
    }
    close(&mut tables, style, &mut rows);
    tables
}

fn close(tables: &mut Vec<Table>, style: Option<Style>, rows: &mut Vec<Vec<TokenRange>>) {
    let rows = std::mem::take(rows);
    let width = rows.first().map_or(0, Vec::len);
    // Two short lines with a wide space are chance.
    let is_table = rows.len() >= 2 && (style != Some(Style::Columns) || rows.len() >= 3 || width >= 3);
    let (Some(first), Some(last)) =
        (rows.first().and_then(|r| r.first()), rows.last().and_then(|r| r.last()))
    else {
        return;
    };
    if is_table {
        tables.push(Table { tokens: TokenRange { start: first.start, end: last.end }, rows });
    }
}

/// The cells of a line, when something cuts it.
fn row(segmented: &Segmented, line: TokenRange) -> Option<(Style, Vec<TokenRange>)> {
    let is_tab = |i: usize| segmented.is_mark(i, b'\t');
    let mut inner = line.indices();
    while inner.clone().next().is_some_and(is_tab) {
        inner.start += 1;
    }
    while inner.clone().next_back().is_some_and(is_tab) {
        inner.end -= 1;
    }
    if inner.is_empty() {
        return None;
    }
    if inner.clone().any(|i| is_bar(segmented, i)) {
        let from = inner.start + usize::from(is_bar(segmented, inner.start));
        let to = inner.end - usize::from(inner.end > from && is_bar(segmented, inner.end - 1));
        return Some((Style::Bars, split(from, to, |i| is_bar(segmented, i))));
    }
    if inner.clone().any(is_tab) {
        return Some((Style::Tabs, split(inner.start, inner.end, is_tab)));
    }
    let cells = columns(segmented, inner.start, inner.end);
    (cells.len() >= 2).then_some((Style::Columns, cells))
}

/// The ranges between the tokens that part them, which belong to no cell.
fn split(from: usize, to: usize, parts: impl Fn(usize) -> bool) -> Vec<TokenRange> {
    let mut start = from;
    let mut cells = Vec::new();
    for i in (from..to).filter(|&i| parts(i)) {
        cells.push(TokenRange::new(start, i));
        start = i + 1;
    }
    cells.push(TokenRange::new(start, to));
    cells
}

fn columns(segmented: &Segmented, from: usize, to: usize) -> Vec<TokenRange> {
    let mut start = from;
    let mut cells = Vec::new();
    for i in from + 1..to {
        if segmented.tokens[i].start - segmented.tokens[i - 1].end >= GAP {
            cells.push(TokenRange::new(start, i));
            start = i;
        }
    }
    cells.push(TokenRange::new(start, to));
    cells
}

/// True when each cell begins or ends where that of the line before does, seen from the start of its line.
fn is_aligned(segmented: &Segmented, rows: &[Vec<TokenRange>], cells: &[TokenRange]) -> bool {
    let Some(before) = rows.last().filter(|row| row.len() == cells.len()) else { return false };
    let place = |row: &[TokenRange], cell: &TokenRange| {
        let line = line_start(segmented, row[0].start as usize);
        let (first, last) =
            (&segmented.tokens[cell.start as usize], &segmented.tokens[cell.end as usize - 1]);
        (first.start - line, last.end - line)
    };
    before.iter().zip(cells).all(|(a, b)| {
        let ((start, end), (other_start, other_end)) = (place(before, a), place(cells, b));
        start.abs_diff(other_start) <= SLACK || end.abs_diff(other_end) <= SLACK
    })
}

fn line_start(segmented: &Segmented, first: usize) -> u32 {
    let before = first.checked_sub(1).map(|i| &segmented.tokens[i]);
    before.filter(|t| t.kind == TokenKind::Newline).map_or(segmented.tokens[first].start, |t| t.end)
}

/// A vertical bar, whole or broken, or the bar of a drawn table.
fn is_bar(segmented: &Segmented, token: usize) -> bool {
    segmented.tokens[token].kind == TokenKind::Mark
        && matches!(segmented.word(token), "|" | "\u{A6}" | "\u{2502}" | "\u{2503}")
}
