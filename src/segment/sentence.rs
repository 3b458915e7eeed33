//! Cuts a report into sentences: points that end something, line breaks that begin something.

use super::{Segmented, SentenceRules, Span, TokenKind, TokenRange, lead};
use crate::lexicon::{Lexicons, Role};

/// The sentences of a report, in text order, without the line breaks around them.
pub(super) fn find(segmented: &Segmented, lexicons: &Lexicons, rules: &SentenceRules) -> Vec<TokenRange> {
    let tokens = &segmented.tokens;
    let soft = soft_breaks(segmented, rules);
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
        if let Some(title) = titles.peek().filter(|_| rules.lines.is_none())
            && title.start as usize == i
            && !follows_soft_break(segmented, &soft, i)
        {
            close(&mut start, line_lead_start(segmented, i));
        }
        let ends = match tokens[i].kind {
            TokenKind::Newline if soft.binary_search(&i).is_ok() => None,
            TokenKind::Newline => match &rules.lines {
                Some(lines) => lines.breaks(segmented, i).then_some(i + 1),
                None => breaks_line(segmented, i).then_some(i + 1),
            },
            TokenKind::Mark if !rules.ignores_points => ends_sentence(segmented, lexicons, i),
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

/// The tokens of the line breaks that only wrap a line, ascending.
fn soft_breaks(segmented: &Segmented, rules: &SentenceRules) -> Vec<usize> {
    let at = |&byte: &u32| segmented.tokens_in_span(Span::new(byte, byte.saturating_add(1))).start as usize;
    let mut soft: Vec<usize> = rules.soft_breaks.iter().map(at).collect();
    soft.sort_unstable();
    soft
}

/// True when the line of a title is said to continue the line before it.
fn follows_soft_break(segmented: &Segmented, soft: &[usize], title: usize) -> bool {
    let line = line_lead_start(segmented, title);
    line.checked_sub(1).is_some_and(|before| soft.binary_search(&before).is_ok())
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
    let closing = (i + 1..segmented.tokens.len()).take(8).take_while(|&j| is_closing(segmented, j)).count();
    Some(i + 1 + closing)
}

/// A question mark inside brackets, or apart and before a short lower-case answer ("CIV ? non"), ends nothing.
fn is_aside(segmented: &Segmented, i: usize) -> bool {
    let answer = |t: &super::Token| {
        t.kind == TokenKind::Word && t.end - t.start <= 4 && !segmented.is_capitalised(i + 1)
    };
    segmented.is_mark(i + 1, b')')
        || (segmented.tokens[i].space_before && segmented.tokens.get(i + 1).is_some_and(answer))
}

fn ends_with_point(segmented: &Segmented, lexicons: &Lexicons, i: usize) -> bool {
    let Some(before) = i.checked_sub(1).map(|j| &segmented.tokens[j]) else { return false };
    let after = (i + 1..segmented.tokens.len()).take(4).find(|&j| !is_closing(segmented, j));
    let next = after.map(|j| &segmented.tokens[j]);
    let is_glued =
        next.is_some_and(|t| !t.space_before && t.kind != TokenKind::Newline) && after == Some(i + 1);
    if is_glued {
        return !segmented.tokens[i].space_before && lacks_space(segmented, i);
    }
    let goes_on = next.is_some_and(|t| t.kind != TokenKind::Newline);
    let new_start = after.is_some_and(|j| segmented.is_capitalised(j));
    match before.kind {
        TokenKind::Word if goes_on => {
            let is_initial =
                before.end - before.start == 1 && segmented.is_upper(i - 1) && before.space_before;
            let is_unit = i >= 2 && segmented.tokens[i - 2].kind == TokenKind::Number && new_start;
            let is_abbreviation = before.word != 0 && lexicons.abbreviations.contains(&before.word);
            !is_initial && (!is_abbreviation || is_unit)
        }
        TokenKind::Number => !starts_line(segmented, i - 1),
        _ => true,
    }
}

/// "fébrile.Patient" lacks a space; "E.Coli", "10.5", "J.-C." and "www.chu" do not.
fn lacks_space(segmented: &Segmented, i: usize) -> bool {
    let (before, next) = (&segmented.tokens[i - 1], &segmented.tokens[i + 1]);
    before.kind == TokenKind::Word
        && before.end - before.start >= 3
        && next.kind == TokenKind::Word
        && next.end - next.start >= 2
        && segmented.is_capitalised(i + 1)
        && !segmented.is_upper(i - 1)
}

/// A closing quote or bracket, or another point, that touches what is before it.
fn is_closing(segmented: &Segmented, token: usize) -> bool {
    let t = &segmented.tokens[token];
    t.kind == TokenKind::Mark && !t.space_before && segmented.is_any_mark(token, b".!?\")")
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
    let goes_on = (last.role.has(awaits) && !last.role.has(Role::NUMERAL))
        || segmented.is_mark(i - 1, b',')
        || segmented.is_mark(i - 1, b'(');
    // What follows a line that ends with a colon is its list or its text.
    if segmented.is_mark(i - 1, b':') || is_row(segmented, i + 1) {
        return true;
    }
    next.kind == TokenKind::Word && segmented.is_capitalised(i + 1) && !goes_on
}

/// True when a cell border stands near the start of the line at `token`.
fn is_row(segmented: &Segmented, token: usize) -> bool {
    let mut line = (token..segmented.tokens.len())
        .take(12)
        .take_while(|&i| segmented.tokens[i].kind != TokenKind::Newline);
    line.any(|i| segmented.is_mark(i, b'|') || (segmented.is_mark(i, b'\t') && i > token))
}
