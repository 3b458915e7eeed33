//! Colours and underline glyphs: the look of each assertion, with and without colour.

use crate::event::Assertion;
use clap::builder::styling::{Ansi256Color, Color, Style};

/// What a piece of the output is, and so how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    /// Line numbers, section names, separators.
    Dim,
    /// The name of the report.
    Strong,
    /// A cue and its line to the mention.
    Cue,
    /// A mention, its underline and its number.
    Mention(Assertion),
}

impl Tone {
    /// The colours of Okabe and Ito, told apart by every kind of sight, as nearest in the table of 256.
    fn style(self) -> Style {
        let colored = |number: u8| Style::new().fg_color(Some(Color::Ansi256(Ansi256Color(number))));
        match self {
            Self::Plain => Style::new(),
            Self::Dim => Style::new().dimmed(),
            Self::Strong => Style::new().bold(),
            Self::Cue => colored(36),
            Self::Mention(Assertion::Present) => colored(166).bold(),
            Self::Mention(Assertion::Absent) => colored(32).bold(),
            Self::Mention(Assertion::Possible) => colored(214).bold(),
            Self::Mention(Assertion::Hypothetical) => colored(175).bold(),
            Self::Mention(Assertion::NotAssessed) => colored(245).bold(),
        }
    }
}

/// The underline of a mention: the assertion can be read without colour.
pub(super) fn underline(assertion: Assertion) -> char {
    match assertion {
        Assertion::Present => '━',
        Assertion::Absent => '×',
        Assertion::Possible => '~',
        Assertion::Hypothetical => '┄',
        Assertion::NotAssessed => '·',
    }
}

/// The underline of a cue.
pub(super) const CUE: char = '─';

/// Text that grows piece by piece, in colour or plain.
pub(super) struct Ink {
    out: String,
    is_colored: bool,
    tone: Tone,
}

impl Ink {
    pub fn new(is_colored: bool) -> Self {
        Self { out: String::new(), is_colored, tone: Tone::Plain }
    }

    pub fn push(&mut self, tone: Tone, text: &str) {
        if !text.is_empty() {
            self.turn(tone);
            self.out.push_str(text);
        }
    }

    /// Ends the line; no line ends with spaces, nor in colour.
    pub fn end_line(&mut self) {
        self.turn(Tone::Plain);
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push('\n');
    }

    pub fn finish(self) -> String {
        self.out
    }

    fn turn(&mut self, tone: Tone) {
        if self.is_colored && tone != self.tone {
            let (before, after) = (self.tone.style(), tone.style());
            self.out.push_str(&format!("{before:#}{after}"));
        }
        self.tone = tone;
    }
}
