//! Rules for sentences that a caller may give in place of the engine's own reading of line breaks.

use super::{Segmented, TokenKind};

/// How a report is cut into sentences. The default is the engine's own reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SentenceRules {
    /// Points, exclamation and question marks end no sentence.
    pub ignores_points: bool,
    /// Bytes of line breaks, in the original, that only wrap a line, as the caller knows.
    pub soft_breaks: Vec<u32>,
    /// What line breaks do. `None`: the engine decides by titles, blank lines, items, rows, colons and capitals.
    pub lines: Option<LineRules>,
}

/// Plain rules for line breaks: a run of them ends a sentence or does not, whatever the titles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRules {
    /// Fewest breaks that can end a sentence.
    pub fewest: usize,
    /// So many breaks end one whatever follows.
    pub always: Option<usize>,
    /// What must begin the next line, unless an item does.
    pub capitals: Capitals,
    /// Marks that begin an item when they stand alone at the start of a line.
    pub bullets: Vec<char>,
}

impl Default for LineRules {
    fn default() -> Self {
        Self { fewest: 1, always: None, capitals: Capitals::default(), bullets: Vec::new() }
    }
}

/// The first letters that make a line the start of a sentence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Capitals {
    /// Any capital.
    #[default]
    Any,
    /// A capital before small letters.
    Title,
    /// Capitals say nothing: every counted break ends a sentence.
    Ignored,
}

impl LineRules {
    /// True when the line break at `i` ends a sentence. The first break of a run speaks for all.
    pub(super) fn breaks(&self, segmented: &Segmented, i: usize) -> bool {
        let is_break = |i: &usize| segmented.tokens[*i].kind == TokenKind::Newline;
        if i.checked_sub(1).is_some_and(|before| is_break(&before)) {
            return false;
        }
        let count = (i..segmented.tokens.len()).take_while(is_break).count();
        let next = i + count;
        if next == segmented.tokens.len() || self.always.is_some_and(|always| count >= always) {
            return true;
        }
        self.is_bullet(segmented, next) || (count >= self.fewest && self.begins(segmented, next))
    }

    fn begins(&self, segmented: &Segmented, token: usize) -> bool {
        match self.capitals {
            Capitals::Ignored => true,
            Capitals::Any => segmented.is_capitalised(token),
            Capitals::Title => segmented.is_capitalised(token) && !segmented.is_upper(token),
        }
    }

    /// "- item", and not "-- item", "-2 DS" or "->".
    fn is_bullet(&self, segmented: &Segmented, token: usize) -> bool {
        let stands_alone = segmented.tokens.get(token + 1).is_none_or(|t| t.space_before);
        let mut written = segmented.written(token).chars();
        stands_alone && written.next().is_some_and(|mark| self.bullets.contains(&mark))
    }
}
