//! Finds section titles at line starts and cuts the report into sections.

use super::{Section, Segmented, TokenKind, TokenRange, lead};
use crate::lexicon::{Lexicons, NodeId, Role};

/// Most tokens of a line that are looked at for a title.
const LONGEST_TITLE: usize = 14;
/// Most tokens of a label that is no known title ("Terme : 22 SA").
const LONGEST_LABEL: usize = 5;
/// Most tokens between a title and its colon ("Échographie du 12/03/2024 :").
const LONGEST_TAIL: usize = 8;

/// The sections of a report, in text order.
pub(super) fn find(segmented: &Segmented, lexicons: &Lexicons) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut open_frame = false;
    let end = segmented.tokens.len();
    for &line in &segmented.lines {
        if let Some((kind, title)) = title_of(segmented, lexicons, line.start as usize, line.end as usize) {
            if let Some(last) = sections.last_mut() {
                last.body.end = title.start;
                last.frame.end = last.frame.end.min(title.start);
            }
            let body = TokenRange::new(title.end as usize, end);
            sections.push(Section { kind, title, body, frame: body });
            open_frame = title.end < line.end;
        } else if open_frame && ends_frame(segmented, line) {
            if let Some(last) = sections.last_mut() {
                last.frame.end = line.start;
            }
            open_frame = false;
        }
    }
    sections
}

/// A blank line, or a line that opens with a label of its own.
fn ends_frame(segmented: &Segmented, line: TokenRange) -> bool {
    let (first, end) = (line.start as usize, line.end as usize);
    let first = first + lead(segmented, first, end).tokens;
    first >= end
        || (segmented.is_capitalised(first)
            && colon_after(segmented, first, end.min(first + LONGEST_LABEL)).is_some())
}

/// The title that opens the line `from..to`, when there is one.
fn title_of(segmented: &Segmented, lexicons: &Lexicons, from: usize, to: usize) -> Option<(u32, TokenRange)> {
    let lead = lead(segmented, from, to);
    let first = from + lead.tokens;
    let word = segmented.tokens.get(first).filter(|t| first < to && t.kind == TokenKind::Word)?;
    // Most lines end here: their first word begins no title, even with one error.
    let may_be_misspelt = to - first <= LONGEST_TITLE || colon_after(segmented, first, to).is_some();
    if lexicons.titles.root(word.word).is_none() && !word.role.has(Role::ARTICLE) && !may_be_misspelt {
        return None;
    }
    let (kind, end) = longest(segmented, lexicons, first, to)?;
    let capital = segmented.is_capitalised(first);
    let has_article = segmented.tokens[first].role.has(Role::DETERMINER);
    let title = |end: usize| Some((kind, TokenRange::new(first, end)));
    match ending(segmented, end, to) {
        Ending::Alone if capital && !has_article && !(lead.is_bullet && is_dash(segmented, from)) => {
            title(end)
        }
        Ending::Colon(colon) => title(colon + 1),
        Ending::Tail(colon) if capital && !has_article => title(colon + 1),
        Ending::Text if is_shouted(segmented, first, end, to) => title(end),
        _ => None,
    }
}

/// "CONCLUSION Fœtus eutrophe." or "ÉCHOGRAPHIE DU 12/03/2024": capitals that end where the title ends.
fn is_shouted(segmented: &Segmented, first: usize, end: usize, to: usize) -> bool {
    let counts = |i: &usize| {
        segmented.tokens[*i].kind == TokenKind::Word && !segmented.tokens[*i].role.has(Role::ARTICLE)
    };
    let mut rest = (end..to).filter(counts);
    let next = rest.next();
    (first..end).filter(counts).all(|i| segmented.is_upper(i) && segmented.word(i).len() > 2)
        && next.is_none_or(|i| !segmented.is_upper(i))
}

fn is_dash(segmented: &Segmented, token: usize) -> bool {
    segmented.is_any_mark(token, b"-*+")
}

/// What follows a title on its line.
enum Ending {
    /// Nothing, or a final point.
    Alone,
    /// A colon, at this token.
    Colon(usize),
    /// A few words, then a colon at this token.
    Tail(usize),
    /// Other text.
    Text,
}

fn ending(segmented: &Segmented, at: usize, to: usize) -> Ending {
    if at >= to || (segmented.is_mark(at, b'.') && at + 1 == to) {
        return Ending::Alone;
    }
    let tabs = (at..to).take_while(|&i| segmented.is_mark(i, b'\t')).count();
    if segmented.is_mark(at + tabs, b':') {
        return Ending::Colon(at + tabs);
    }
    match colon_after(segmented, at, to.min(at + LONGEST_TAIL)) {
        Some(colon) => Ending::Tail(colon),
        None => Ending::Text,
    }
}

/// The first colon of the line, unless a sentence or a clause ends before it.
fn colon_after(segmented: &Segmented, from: usize, to: usize) -> Option<usize> {
    let stops = |i: usize| segmented.is_any_mark(i, b".;,!?|\t");
    let end = to.min(from + LONGEST_TITLE);
    (from..end).take_while(|&i| !stops(i)).find(|&i| segmented.is_mark(i, b':'))
}

/// The longest title at `first`: its section and the token after it. One word may hold one typing error.
fn longest(segmented: &Segmented, lexicons: &Lexicons, first: usize, to: usize) -> Option<(u32, usize)> {
    let mut node: Option<NodeId> = None;
    let mut best = None;
    let mut misspelt = false;
    for i in first..to.min(first + LONGEST_TITLE) {
        let token = &segmented.tokens[i];
        let step = |word| match node {
            None => lexicons.titles.root(word),
            Some(node) => lexicons.titles.child(node, word),
        };
        let next = match step(token.word) {
            Some(next) => Some(next),
            None if token.role.has(Role::ARTICLE) || (node.is_some() && is_joint(segmented, i)) => continue,
            None if misspelt || token.kind != TokenKind::Word => None,
            None => {
                misspelt = true;
                lexicons.title_spelling.correct(segmented.word(i)).and_then(|(word, _)| step(word))
            }
        };
        let Some(next) = next else { break };
        if let Some(&kind) = lexicons.titles.values(next).first() {
            best = Some((kind, i + 1));
        }
        node = Some(next);
    }
    best
}

/// A hyphen, slash or apostrophe between words of a title.
fn is_joint(segmented: &Segmented, token: usize) -> bool {
    segmented.is_any_mark(token, b"-/'()&,")
}

/// "Antécédents familiaux : RAS. Examen clinique : normal": on the line of a title, a later sentence that opens with a label of
/// its own ends what the title frames.
pub(super) fn narrow(segmented: &mut Segmented) {
    for index in 0..segmented.sections.len() {
        let section = segmented.sections[index];
        let line = segmented.line_of(section.title.start as usize);
        let first = segmented.sentences.partition_point(|s| s.start < section.body.start);
        let inside =
            segmented.sentences[first..].iter().take_while(|s| s.start < line.end.min(section.frame.end));
        let labelled = inside.skip(1).find(|s| opens_with_label(segmented, **s)).map(|s| s.start);
        if let Some(start) = labelled {
            segmented.sections[index].frame.end = start;
        }
    }
}

fn opens_with_label(segmented: &Segmented, sentence: TokenRange) -> bool {
    let (first, end) = (sentence.start as usize, sentence.end as usize);
    segmented.is_capitalised(first) && colon_after(segmented, first, end.min(first + LONGEST_LABEL)).is_some()
}
