//! Cuts a report into sentences: points that end something, line breaks that begin something.

use super::{Segmented, TokenKind, TokenRange, lead};
use crate::lexicon::{Lexicons, Role};

/// The sentences of a report, in text order, without the line breaks around them.
pub(super) fn find(segmented: &Segmented, lexicons: &Lexicons) -> Vec<TokenRange> {
    let tokens = &segmented.tokens;
    let mut sentences = Vec::new();
    let mut titles = segmented.sections.iter().map(|s| s.title).peekable();
    let mut start = 0;
    let mut close = |start: &mut usize, end: usize| {
        if end <= *start {
            return;
        }
        let skip = tokens[*start..end].iter().take_while(|t| t.kind == TokenKind::Newline).count();
        let from = *start + skip;
        let tail = tokens[from..end].iter().rev().take_while(|t| t.kind == TokenKind::Newline).count();
        if end - tail > from {
            sentences.push(TokenRange::new(from, end - tail));
        }
        *start = end;
    };
    let mut i = 0;
    while i < tokens.len() {
        while titles.next_if(|title| title.end as usize <= i).is_some() {}
        if let Some(title) = titles.peek()
            && title.start as usize == i
        {
            close(&mut start, line_lead_start(segmented, i));
        }
        let ends = match tokens[i].kind {
            TokenKind::Newline => breaks_line(segmented, i).then_some(i + 1),
            TokenKind::Mark => ends_sentence(segmented, lexicons, i),
            _ => None,
        };
        i = ends.unwrap_or(i + 1);
        if ends.is_some() {
            close(&mut start, i);
        }
    }
    close(&mut start, tokens.len());
    sentences
}

/// The numbering before a title belongs to the title's sentence.
fn line_lead_start(segmented: &Segmented, title: usize) -> usize {
    let back =
        segmented.tokens[..title].iter().rev().take(4).take_while(|t| t.kind != TokenKind::Newline).count();
    title - back
}

/// The token after the sentence that ends with the mark at `i`, or `None` when the mark ends none.
fn ends_sentence(segmented: &Segmented, lexicons: &Lexicons, i: usize) -> Option<usize> {
    let mark = segmented.text().as_bytes()[segmented.tokens[i].start as usize];
    let is_end = match mark {
        b'!' => true,
        b'?' => !is_aside(segmented, i),
        b'.' => ends_with_point(segmented, lexicons, i),
        _ => false,
    };
    if !is_end {
        return None;
    }
    // "...", "?!", and a closing quote or bracket that touches the mark belong to the sentence.
    let closing = |&j: &usize| {
        segmented.tokens[j].kind == TokenKind::Mark
            && !segmented.tokens[j].space_before
            && b".!?\")".contains(&segmented.text().as_bytes()[segmented.tokens[j].start as usize])
    };
    Some(i + 1 + (i + 1..segmented.tokens.len()).take(8).take_while(closing).count())
}

/// A question mark inside brackets, or before a lower-case answer ("CIV ? non"), doubts one word and ends nothing.
fn is_aside(segmented: &Segmented, i: usize) -> bool {
    segmented.is_mark(i + 1, b')')
        || segmented.tokens.get(i + 1).is_some_and(|t| {
            t.kind == TokenKind::Word
                && t.space_before
                && !segmented.is_capitalised(i + 1)
                && t.end - t.start <= 4
        })
}

fn ends_with_point(segmented: &Segmented, lexicons: &Lexicons, i: usize) -> bool {
    let tokens = &segmented.tokens;
    let Some(before) = i.checked_sub(1).map(|j| &tokens[j]) else { return false };
    let next = tokens.get(i + 1);
    let glued = next.is_some_and(|t| !t.space_before && t.kind != TokenKind::Newline);
    if tokens[i].space_before && glued {
        return false;
    }
    if glued {
        // "fébrile.Patient" lacks a space; "E.Coli", "10.5", "www.chu" and "..." do not.
        return before.kind == TokenKind::Word
            && before.end - before.start >= 3
            && next.is_some_and(|t| t.kind == TokenKind::Word && t.end - t.start >= 2)
            && segmented.is_capitalised(i + 1)
            && !segmented.is_upper(i - 1)
            || next.is_some_and(|t| t.kind == TokenKind::Mark);
    }
    match before.kind {
        TokenKind::Word => {
            let is_initial =
                before.end - before.start == 1 && segmented.is_upper(i - 1) && before.space_before;
            let goes_on = next.is_some_and(|t| t.kind != TokenKind::Newline);
            let is_abbreviation = before.word != 0 && lexicons.abbreviations.contains(&before.word);
            !(goes_on && (is_initial || is_abbreviation))
        }
        TokenKind::Number => !starts_line(segmented, i - 1),
        _ => true,
    }
}

fn starts_line(segmented: &Segmented, token: usize) -> bool {
    token == 0 || segmented.tokens[token - 1].kind == TokenKind::Newline
}

/// True when the line break at `i` begins a sentence: a blank line, a bullet, a table row or a capital after it.
fn breaks_line(segmented: &Segmented, i: usize) -> bool {
    let tokens = &segmented.tokens;
    let Some(next) = tokens.get(i + 1) else { return true };
    if next.kind == TokenKind::Newline
        || i.checked_sub(1).is_none_or(|j| tokens[j].kind == TokenKind::Newline)
    {
        return true;
    }
    let line_end = tokens.len().min(i + 8);
    if lead(segmented, i + 1, line_end).is_bullet
        || segmented.is_mark(i + 1, b'|')
        || segmented.is_mark(i + 1, b'[')
    {
        return true;
    }
    let last = &tokens[i - 1];
    let awaits = Role::ARTICLE.and(Role::PREPOSITION).and(Role::COORDINATOR);
    let goes_on = last.role.has(awaits) || segmented.is_mark(i - 1, b',') || segmented.is_mark(i - 1, b'(');
    match next.kind {
        TokenKind::Word => segmented.is_capitalised(i + 1) && !goes_on,
        // A line that begins with a date or a measure begins a sentence when the line before was a title or an entry.
        _ => segmented.is_mark(i - 1, b':') && !goes_on,
    }
}
