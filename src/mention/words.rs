//! What each token is to the index of terms: its word, or the one it was meant to be.

use crate::lexicon::{Lexicons, Mechanism, Mechanisms, WordId};
use crate::segment::{Segmented, TokenKind};

/// Shortest word whose letters may have been confused by scanning, in bytes.
const SHORTEST_SCANNED: usize = 8;

/// A token, as the index of terms sees it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Word {
    /// The word that stands for it in the index; 0 when no lexicon has it.
    pub class: WordId,
    /// Its own word.
    pub own: WordId,
    /// The mechanisms that make it count.
    pub by: Mechanisms,
    /// Tokens that follow and belong to it: "hydrocépha1ie" is cut at its digit.
    pub more: u8,
}

/// The words of a report, one a token.
pub(super) fn of(segmented: &Segmented, lexicons: &Lexicons, left_out: Mechanisms) -> Vec<Word> {
    let word = |i: usize| {
        let token = &segmented.tokens[i];
        if token.word != 0 {
            let (class, by) = lexicons.classes.of(token.word);
            return Word { class, own: token.word, by, more: 0 };
        }
        match token.kind {
            TokenKind::Word | TokenKind::Number => {
                meant(segmented, lexicons, left_out, i).unwrap_or_default()
            }
            TokenKind::Mark | TokenKind::Newline => Word::default(),
        }
    };
    (0..segmented.tokens.len()).map(word).collect()
}

/// The word that an unknown token was meant to be.
fn meant(segmented: &Segmented, lexicons: &Lexicons, left_out: Mechanisms, token: usize) -> Option<Word> {
    let scanned =
        || (!left_out.has(Mechanism::Recognition)).then(|| scanned(segmented, lexicons, token)).flatten();
    let typed = || {
        let (read, grammar) = (segmented.word(token), &lexicons.grammar);
        let is_on = !left_out.has(Mechanism::Typing);
        let (word, meant) = is_on.then(|| lexicons.term_spelling.correct(read)).flatten()?;
        // "Macro-" for "micro-" is no typing error.
        let prefixes = grammar.prefix_of(read).zip(grammar.prefix_of(meant));
        prefixes.is_none_or(|(read, meant)| read == meant).then_some((word, Mechanism::Typing, 0))
    };
    let (own, mechanism, more) = scanned().or_else(typed)?;
    let (class, by) = lexicons.classes.of(own);
    Some(Word { class, own, by: by.with(mechanism), more })
}

/// The word that one kind of confusion of letters hides, with the tokens it takes besides the first.
fn scanned(segmented: &Segmented, lexicons: &Lexicons, token: usize) -> Option<(WordId, Mechanism, u8)> {
    let glued = |i: usize| {
        let piece = segmented.tokens.get(i);
        piece.is_some_and(|t| !t.space_before && matches!(t.kind, TokenKind::Word | TokenKind::Number))
    };
    if token > 0 && glued(token) && segmented.tokens[token - 1].kind != TokenKind::Mark {
        return None;
    }
    let more = (token + 1..token + 5).take_while(|&i| glued(i)).count();
    let (first, last) = (&segmented.tokens[token], &segmented.tokens[token + more]);
    let read = &segmented.text()[first.start as usize..last.end as usize];
    if read.len() < SHORTEST_SCANNED || !read.bytes().any(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    let undone = |(confused, printed): &(String, String)| {
        let word = read.contains(confused.as_str()).then(|| read.replace(confused.as_str(), printed))?;
        Some(lexicons.vocabulary.get(&word).word).filter(|word| *word != 0)
    };
    let word = lexicons.grammar.confusions().iter().find_map(undone)?;
    Some((word, Mechanism::Recognition, more as u8))
}
