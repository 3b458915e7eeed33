//! One report as text for a screen: a pure function of the report, its sections, its events and the look asked for.

use super::drawing::{Marked, under};
use super::fold::{Margin, fold};
use super::labels::Labels;
use super::legend::{Legend, Part};
use super::paint::{Ink, Tone};
use super::spots::{Spot, Spots, What};
use super::text::{self, Row};
use crate::document::Document;
use crate::event::CodedEvent;

/// Fewest columns left to the text, whatever the width.
const NARROWEST: usize = 20;
/// Columns at the right edge that the text leaves to the numbers.
const MARGIN: usize = 6;
/// Fewest digits of the line numbers.
const FEWEST_DIGITS: usize = 3;
/// What parts the line numbers from the text of the report, and from what is said of it.
const TEXT: char = '│';
const NOTE: char = '╎';
/// Longest title shown, in characters.
const LONGEST_TITLE: usize = 200;

/// How it should look.
pub(super) struct Look<'a> {
    pub width: usize,
    pub is_colored: bool,
    pub labels: &'a Labels,
}

/// A section: its name, and the code point where its title starts.
pub(super) struct Heading {
    pub name: String,
    pub start: usize,
}

/// Renders a report with the mentions of `events` underlined and their cues joined to them. Linear in its length.
pub(super) fn render(
    document: &Document,
    headings: &[Heading],
    events: &[CodedEvent],
    look: &Look,
) -> String {
    let text: Vec<char> = document.text.chars().collect();
    let lines = text::lines(&text);
    let legend = Legend { labels: look.labels, text: &text, headings, lines: &lines };
    let digits = lines.len().to_string().len().max(FEWEST_DIGITS);
    let width = look.width.saturating_sub(digits + 3).max(NARROWEST);
    let page = Page { text: &text, events, legend, look, digits, width, ink: Ink::new(look.is_colored) };
    page.write(document, headings, &lines)
}

/// The headings that say something new: a list item may be a section of the kind it stands in.
fn changes(headings: &[Heading]) -> impl Iterator<Item = &Heading> {
    let before = std::iter::once(None).chain(headings.iter().map(Some));
    headings.iter().zip(before).filter(|(h, before)| before.is_none_or(|b| b.name != h.name)).map(|(h, _)| h)
}

struct Page<'a> {
    text: &'a [char],
    events: &'a [CodedEvent],
    legend: Legend<'a>,
    look: &'a Look<'a>,
    /// Digits of the line numbers.
    digits: usize,
    /// Columns right of them.
    width: usize,
    ink: Ink,
}

impl Page<'_> {
    fn write(mut self, document: &Document, headings: &[Heading], lines: &[(usize, usize)]) -> String {
        self.head(document);
        let spots = Spots::new(self.events);
        let loose = spots.loose(self.events, self.width / 2);
        let rows = text::rows(self.text, lines, self.width - MARGIN, &loose, &spots.tight());
        let mut sweep = spots.sweep();
        let mut headings = changes(headings).peekable();
        let mut is_told = vec![false; self.events.len()];
        for row in &rows {
            while let Some(heading) = headings.next_if(|h| h.start < row.end.max(row.start + 1)) {
                self.heading(heading);
            }
            let here = sweep.row(row);
            self.row(row, &spots, &here);
            self.legends(&here, &mut is_told);
        }
        // A mention that no row shows is told all the same.
        (0..self.events.len()).for_each(|index| self.legend(index, &mut is_told));
        self.key();
        self.ink.finish()
    }

    /// Which report this is. What is said of the report as a whole goes here, a line each.
    fn head(&mut self, document: &Document) {
        let count = self.events.len();
        let word = self.look.labels.word(if count > 1 { "mentions" } else { "mention" });
        let date = document.date.map(|date| date.to_string());
        let named =
            [Some(&document.id), document.document_type.as_ref(), document.title.as_ref(), date.as_ref()];
        let strong = |name: &String| vec![(Tone::Strong, text::flat(name.chars(), LONGEST_TITLE))];
        let mut parts: Vec<Vec<Part>> = named.into_iter().flatten().map(strong).collect();
        parts.push(vec![(Tone::Plain, format!("{count} {word}"))]);
        self.rule('═');
        let margin = Margin { before: String::new(), width: self.look.width };
        fold(&mut self.ink, &parts, &margin);
        self.rule('─');
    }

    /// The kind of section that the engine sees from the next row on.
    fn heading(&mut self, heading: &Heading) {
        let most = self.width.saturating_sub(2);
        let name = text::flat(heading.name.chars(), most / 2);
        let (blank, rule) = (" ".repeat(self.digits), "─".repeat(2));
        self.ink.push(Tone::Dim, &format!("{blank} ├{rule} {name}"));
        self.ink.end_line();
    }

    /// A row of the report, and what is drawn under it.
    fn row(&mut self, row: &Row, spots: &Spots, here: &[Spot]) {
        let columns = text::columns(self.text, row);
        let number = if row.is_first { row.line.to_string() } else { String::new() };
        self.gutter(&number, TEXT);
        self.text(row, here, &columns);
        self.ink.end_line();
        if here.is_empty() {
            return;
        }
        let marked = Marked { events: self.events, spots, here, start: row.start, columns: &columns };
        for lane in under(&marked, self.width).lanes() {
            self.gutter("", NOTE);
            lane.iter().for_each(|cell| self.ink.push(cell.tone, cell.glyph.encode_utf8(&mut [0; 4])));
            self.ink.end_line();
        }
    }

    fn gutter(&mut self, number: &str, rule: char) {
        let width = self.digits;
        self.ink.push(Tone::Dim, &format!("{number:>width$} {rule} "));
    }

    fn text(&mut self, row: &Row, here: &[Spot], columns: &[usize]) {
        let mut tones = vec![Tone::Plain; row.end - row.start];
        // Mentions sort before cues of the same place; painted last, they win.
        for spot in here.iter().filter(|s| matches!(s.what, What::Cue(_))) {
            tones[spot.start - row.start..spot.end - row.start].fill(Tone::Cue);
        }
        for spot in here {
            if let What::Mention(index) = spot.what {
                let tone = Tone::Mention(self.events[index].assertion);
                tones[spot.start - row.start..spot.end - row.start].fill(tone);
            }
        }
        let mut shown = String::new();
        for (i, c) in self.text[row.start..row.end].iter().enumerate() {
            shown.clear();
            text::write(&mut shown, *c, columns[i]);
            self.ink.push(tones[i], &shown);
        }
    }

    /// The legends of the mentions that begin in a row.
    fn legends(&mut self, here: &[Spot], is_told: &mut [bool]) {
        for spot in here {
            if let What::Mention(index) = spot.what {
                self.legend(index, is_told);
            }
        }
    }

    /// The legend of one mention, unless it is told already.
    fn legend(&mut self, index: usize, is_told: &mut [bool]) {
        if std::mem::replace(&mut is_told[index], true) {
            return;
        }
        let ((tone, number), parts) = self.legend.of(index + 1, &self.events[index]);
        self.gutter("", NOTE);
        self.ink.push(tone, &number);
        self.ink.push(Tone::Plain, " ");
        let before = format!("{} {NOTE} {}", " ".repeat(self.digits), " ".repeat(number.len() + 1));
        let margin = Margin { before, width: self.look.width };
        fold(&mut self.ink, &parts, &margin);
    }

    /// How to read the underlines.
    fn key(&mut self) {
        self.rule('─');
        let margin = Margin { before: String::new(), width: self.look.width };
        fold(&mut self.ink, &self.legend.key(), &margin);
    }

    fn rule(&mut self, glyph: char) {
        self.ink.push(Tone::Dim, &String::from_iter(std::iter::repeat_n(glyph, self.look.width)));
        self.ink.end_line();
    }
}
