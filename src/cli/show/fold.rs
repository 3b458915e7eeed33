//! Folds a list of parts, set apart by dots, to the width of the screen.

use super::legend::Part;
use super::paint::{Ink, Tone};
use super::text::width;

const DOT: &str = " ·";

/// Where lines that go on begin and end.
pub(super) struct Margin {
    pub before: String,
    pub width: usize,
}

/// Writes `parts` after what stands on the line already, as wide as `margin.before`, and ends the line.
pub(super) fn fold(ink: &mut Ink, parts: &[Vec<Part>], margin: &Margin) {
    let mut fold = Fold { ink, margin, column: width(&margin.before) };
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            fold.part(part);
        } else {
            part.iter().for_each(|(tone, text)| fold.write(*tone, text));
        }
    }
    ink.end_line();
}

struct Fold<'a> {
    ink: &'a mut Ink,
    margin: &'a Margin,
    column: usize,
}

impl Fold<'_> {
    /// A part after another: on this line when it fits with the dot that may follow it.
    fn part(&mut self, part: &[Part]) {
        self.ink.push(Tone::Dim, DOT);
        self.column += width(DOT);
        let length: usize = part.iter().map(|(_, text)| width(text)).sum();
        if self.column + 1 + length <= self.edge() {
            self.ink.push(Tone::Plain, " ");
            self.column += 1;
        } else {
            self.next_line();
        }
        part.iter().for_each(|(tone, text)| self.write(*tone, text));
    }

    /// Writes text that may be longer than a line.
    fn write(&mut self, tone: Tone, text: &str) {
        for c in text.chars() {
            let mut bytes = [0; 4];
            let c = c.encode_utf8(&mut bytes);
            if self.column + width(c) > self.edge() {
                self.next_line();
            }
            self.ink.push(tone, c);
            self.column += width(c);
        }
    }

    /// Columns that may be filled; a dot may follow.
    fn edge(&self) -> usize {
        self.margin.width.saturating_sub(width(DOT))
    }

    fn next_line(&mut self) {
        self.ink.end_line();
        self.ink.push(Tone::Dim, &self.margin.before);
        self.column = width(&self.margin.before);
    }
}
