//! Cuts a report into tokens, lines, sections, sentences and clauses. Total, linear, never changes the text.

mod clause;
mod rules;
mod section;
mod sentence;
mod table;

pub use crate::normalize::{TokenKind, fold};
pub use crate::span::Span;
pub use rules::{Capitals, LineRules, SentenceRules};
pub use table::{Table, tables};

use crate::lexicon::{Entry, Lexicons, Role, WordId};
use crate::normalize::{Folded, RawToken, tokenize};

/// A token of a report: a half-open byte range of the folded text, and its word when a lexicon knows it.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// First folded byte.
    pub start: u32,
    /// One past the last folded byte.
    pub end: u32,
    /// Word id, 0 when no lexicon has it.
    pub word: WordId,
    /// What it is made of.
    pub kind: TokenKind,
    /// White space or a line break stands before it.
    pub space_before: bool,
    /// Roles of the word.
    pub role: Role,
}

/// A half-open range of token indices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenRange {
    /// First token.
    pub start: u32,
    /// One past the last token.
    pub end: u32,
}

impl TokenRange {
    /// The tokens `start..end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end.max(start) as u32 }
    }

    /// As a range of indices.
    pub fn indices(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// True when the token is inside.
    pub fn contains(self, token: usize) -> bool {
        self.indices().contains(&token)
    }

    /// True when the two ranges share a token.
    pub fn overlaps(self, other: TokenRange) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// A titled part of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// Index in `Lexicons::sections`.
    pub kind: u32,
    /// The title.
    pub title: TokenRange,
    /// What stands under it, up to the next title.
    pub body: TokenRange,
    /// The part of the body that its subject and time hold for: "Antécédents familiaux : RAS" speaks of its own line, and
    /// what follows under another label does not belong to it.
    pub frame: TokenRange,
}

/// A report cut into pieces.
pub struct Segmented<'t> {
    folded: Folded<'t>,
    /// Every token, line breaks included.
    pub tokens: Vec<Token>,
    /// Lines, in text order, without their line breaks.
    pub lines: Vec<TokenRange>,
    /// Titled parts, in text order; what stands before the first title belongs to none.
    pub sections: Vec<Section>,
    /// Sentences, in text order; they cover every token that is not a line break.
    pub sentences: Vec<TokenRange>,
    /// Clauses, in text order; each lies inside one sentence.
    pub clauses: Vec<TokenRange>,
}

impl<'t> Segmented<'t> {
    /// Cuts `text`.
    pub fn new(text: &'t str, lexicons: &Lexicons) -> Self {
        Self::with_rules(text, lexicons, &SentenceRules::default())
    }

    /// Cuts `text`, its sentences by these rules.
    pub fn with_rules(text: &'t str, lexicons: &Lexicons, rules: &SentenceRules) -> Self {
        let folded = fold(text);
        let tokens = tokens_of(&folded, lexicons);
        let lines = lines_of(&tokens);
        let (sections, sentences, clauses) = (Vec::new(), Vec::new(), Vec::new());
        let mut segmented = Self { folded, tokens, lines, sections, sentences, clauses };
        segmented.sections = section::find(&segmented, lexicons);
        segmented.sentences = sentence::find(&segmented, lexicons, rules);
        section::narrow(&mut segmented);
        segmented.clauses = clause::find(&segmented, lexicons);
        segmented
    }

    /// The text as received.
    pub fn original(&self) -> &'t str {
        self.folded.original()
    }

    /// The folded text.
    pub fn text(&self) -> &str {
        self.folded.text()
    }

    /// The folded text of a token.
    pub fn word(&self, token: usize) -> &str {
        let token = &self.tokens[token];
        &self.folded.text()[token.start as usize..token.end as usize]
    }

    /// The original text of a token.
    pub fn written(&self, token: usize) -> &'t str {
        let token = &self.tokens[token];
        self.folded.original_slice(token.start, token.end)
    }

    /// The original span of a range of tokens; empty at its start when the range is.
    pub fn span(&self, range: TokenRange) -> Span {
        match self.tokens.get(range.indices()) {
            Some([first, .., last] | [first @ last]) => self.folded.to_original(first.start, last.end),
            _ => {
                let end = self.original().len() as u32;
                let at = self
                    .tokens
                    .get(range.start as usize)
                    .map_or(end, |t| self.folded.to_original(t.start, t.start).start);
                Span::new(at, at)
            }
        }
    }

    /// The original span of a range of folded bytes.
    pub fn span_of_folded(&self, start: u32, end: u32) -> Span {
        self.folded.to_original(start, end)
    }

    /// The tokens that share a byte with a range of folded bytes.
    pub fn tokens_in_folded(&self, start: u32, end: u32) -> TokenRange {
        let from = self.tokens.partition_point(|t| t.end <= start);
        let to = self.tokens.partition_point(|t| t.start < end);
        TokenRange::new(from, to)
    }

    /// The tokens that share a byte with an original span.
    pub fn tokens_in_span(&self, span: Span) -> TokenRange {
        let start = self.folded.of_original(span.start);
        let end = self.folded.of_original(span.end);
        self.tokens_in_folded(start, end.max(start + 1))
    }

    /// The sentence that holds a token, or the last one before it.
    pub fn sentence_of(&self, token: usize) -> TokenRange {
        at_or_before(&self.sentences, token)
    }

    /// The clause that holds a token, or the last one before it.
    pub fn clause_of(&self, token: usize) -> TokenRange {
        at_or_before(&self.clauses, token)
    }

    /// The section whose title or body holds a token.
    pub fn section_of(&self, token: usize) -> Option<&Section> {
        let next = self.sections.partition_point(|s| s.title.start as usize <= token);
        next.checked_sub(1).map(|i| &self.sections[i])
    }

    /// The line that holds a token, or the last one before it.
    pub fn line_of(&self, token: usize) -> TokenRange {
        at_or_before(&self.lines, token)
    }

    /// True when the token begins with a capital in the original.
    pub fn is_capitalised(&self, token: usize) -> bool {
        self.written(token).chars().next().is_some_and(char::is_uppercase)
    }

    /// True when the token has letters and none of them is lower case in the original.
    pub fn is_upper(&self, token: usize) -> bool {
        let written = self.written(token);
        written.chars().any(char::is_uppercase) && !written.chars().any(char::is_lowercase)
    }

    /// True when the token is one of these marks.
    pub fn is_any_mark(&self, token: usize, marks: &[u8]) -> bool {
        marks.iter().any(|&mark| self.is_mark(token, mark))
    }

    /// True when the token is this mark.
    pub fn is_mark(&self, token: usize, mark: u8) -> bool {
        let text = self.folded.text().as_bytes();
        self.tokens.get(token).is_some_and(|t| t.end - t.start == 1 && text[t.start as usize] == mark)
    }
}

fn lines_of(tokens: &[Token]) -> Vec<TokenRange> {
    let mut start = 0;
    let breaks = tokens.iter().enumerate().filter(|(_, t)| t.kind == TokenKind::Newline).map(|(i, _)| i);
    let lines =
        breaks.chain([tokens.len()]).map(|end| TokenRange::new(std::mem::replace(&mut start, end + 1), end));
    lines.collect()
}

fn at_or_before(ranges: &[TokenRange], token: usize) -> TokenRange {
    let next = ranges.partition_point(|r| r.start as usize <= token);
    next.checked_sub(1).map_or_else(TokenRange::default, |i| ranges[i])
}

fn tokens_of(folded: &Folded, lexicons: &Lexicons) -> Vec<Token> {
    let text = folded.text();
    let mut tokens = Vec::with_capacity(text.len() / 5 + 8);
    let mut joins = folded.joins().iter().copied().peekable();
    tokenize(text, |raw| {
        while joins.next_if(|&join| join <= raw.start).is_some() {}
        let join = joins.next_if(|&join| join < raw.end);
        let token = token(text, lexicons, raw);
        match join.filter(|_| token.word == 0).and_then(|join| compound(text, lexicons, raw, join)) {
            Some(parts) => tokens.extend(parts),
            None => tokens.push(token),
        }
    });
    tokens
}

fn token(text: &str, lexicons: &Lexicons, raw: RawToken) -> Token {
    let RawToken { start, end, kind, space_before } = raw;
    let entry = match kind {
        TokenKind::Newline => Entry::default(),
        _ => lexicons.vocabulary.get(&text[start as usize..end as usize]),
    };
    Token { start, end, word: entry.word, kind, space_before, role: entry.role }
}

/// The two words of a compound whose own hyphen stood at the line end ("spina-⏎bifida"), when both are known.
fn compound(text: &str, lexicons: &Lexicons, raw: RawToken, join: u32) -> Option<[Token; 2]> {
    let left = token(text, lexicons, RawToken { end: join, ..raw });
    let right = token(text, lexicons, RawToken { start: join, space_before: false, ..raw });
    (left.word != 0 && right.word != 0).then_some([left, right])
}

/// Tokens of list and title numbering at the start of a line: how many stand there, and whether they are a bullet.
#[derive(Clone, Copy, Default)]
struct Lead {
    tokens: usize,
    is_bullet: bool,
}

/// Reads "-", "•", "1)", "2.1", "II.", "a)" or "[x]" at the start of a line.
fn lead(segmented: &Segmented, from: usize, to: usize) -> Lead {
    let mark = |i: usize, marks: &[u8]| i < to && segmented.is_any_mark(i, marks);
    if from >= to {
        return Lead::default();
    }
    if mark(from, b"-*+#>") {
        let more = (from..to.min(from + 4)).take_while(|&i| mark(i, b"-*+#>")).count();
        // A minus or plus that touches a digit is a sign: "-2 DS", "+21".
        let signs =
            segmented.tokens.get(from + 1).is_some_and(|t| t.kind == TokenKind::Number && !t.space_before);
        return if more == 1 && signs { Lead::default() } else { Lead { tokens: more, is_bullet: true } };
    }
    let is_number = segmented.tokens[from].kind == TokenKind::Number;
    let word = segmented.word(from);
    let is_roman =
        word.len() <= 4 && word.bytes().all(|b| matches!(b, b'i' | b'v' | b'x')) && segmented.is_upper(from);
    let spaced = |i: usize| segmented.tokens.get(i).is_some_and(|t| t.space_before);
    if is_number && word.contains('.') && spaced(from + 1) && segmented.is_capitalised(from + 1) {
        return Lead { tokens: 1, is_bullet: true };
    }
    let closes =
        mark(from + 1, b").") || (is_number && mark(from + 1, b"/-")) || (is_roman && mark(from + 1, b"-"));
    if (is_number || is_roman || word.len() == 1)
        && closes
        && (spaced(from + 2) || mark(from + 1, b")") || mark(from + 2, b"-"))
    {
        return Lead { tokens: if mark(from + 2, b"-") { 3 } else { 2 }, is_bullet: true };
    }
    Lead::default()
}
