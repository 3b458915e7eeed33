//! Expands a written term into the word sequences it stands for: braces, hyphens, prefixes, order of complements.

use super::grammar::{Grammar, Role};
use super::mechanism::{Mechanism, Mechanisms};
use super::vocabulary::{Inflection, TermToken, Vocabulary, WordId, cut};
use crate::normalize::TokenKind;
use std::borrow::Cow;

/// Stands for the gap ` … ` of a cue in a word sequence; never a word.
pub const GAP: WordId = WordId::MAX;

/// Most word sequences one term may expand to; a guard against products of variants.
const MOST_VARIANTS: usize = 48;
/// Pieces of a term whose adjectives change places as complements do.
const MOST_WITH_ADJECTIVES: usize = 3;
/// Shortest remainder after a prefix ("inter" + "auriculaire").
const SHORTEST_STEM: usize = 5;

/// Expands `{a,b}` groups, at any depth. `None` when a brace is not closed.
pub(super) fn braces(term: &str) -> Option<Vec<String>> {
    let Some(open) = term.find('{') else {
        return (!term.contains('}')).then(|| vec![term.to_string()]);
    };
    let mut depth = 0;
    let mut parts = Vec::new();
    let mut from = open + 1;
    for (i, c) in term.char_indices().skip_while(|(i, _)| *i < open) {
        match c {
            '{' => depth += 1,
            ',' if depth == 1 => {
                parts.push(&term[from..i]);
                from = i + 1;
            }
            '}' => {
                depth -= 1;
                if depth == 0 {
                    parts.push(&term[from..i]);
                    let tails = braces(&term[i + 1..])?;
                    let heads = parts.iter().map(|part| braces(part)).collect::<Option<Vec<_>>>()?;
                    let join = |part: String| {
                        tails.iter().map(move |tail| format!("{part}{tail}")).collect::<Vec<_>>()
                    };
                    let head = &term[..open];
                    return Some(
                        heads
                            .into_iter()
                            .flatten()
                            .flat_map(join)
                            .map(|rest| format!("{head}{rest}"))
                            .collect(),
                    );
                }
            }
            _ => {}
        }
    }
    None
}

/// The word sequences of a cue or a title: every token counts, and a gap is `GAP`.
pub(super) fn literal(term: &str, vocabulary: &mut Vocabulary, inflection: &Inflection) -> Vec<WordId> {
    let parts = term.split('\u{2026}').map(|part| {
        let words = cut(part).into_iter().filter(|t| t.kind != TokenKind::Newline);
        words.map(|t| vocabulary.intern_inflected(&t.written, &t.folded, inflection)).collect::<Vec<_>>()
    });
    parts.collect::<Vec<_>>().join(&GAP)
}

/// A word of a concept term, with whether an article or preposition introduces it.
#[derive(Clone, Debug)]
struct Piece {
    words: Vec<WordId>,
    opens_complement: bool,
    is_adjective: bool,
}

/// The word sequences of a concept term: articles, hyphens and the order of complements do not count.
pub(super) fn concept_keys(
    term: &str,
    is_abbreviation: bool,
    left_out: Mechanisms,
    vocabulary: &mut Vocabulary,
    grammar: &Grammar,
) -> Vec<Vec<WordId>> {
    keys_of(&cut(term), is_abbreviation, left_out, vocabulary, grammar)
}

/// The word sequences of a concept term that is cut already.
pub(super) fn keys_of(
    tokens: &[TermToken],
    is_abbreviation: bool,
    left_out: Mechanisms,
    vocabulary: &mut Vocabulary,
    grammar: &Grammar,
) -> Vec<Vec<WordId>> {
    let mut keys = Vec::new();
    let mut add = |tokens: &[TermToken]| {
        for variant in compounds(tokens, grammar) {
            let pieces = pieces(&variant, is_abbreviation, left_out, vocabulary, grammar);
            keys.extend(orders(&pieces, left_out));
        }
    };
    add(tokens);
    let is_bracket = |t: &TermToken| matches!(t.folded.as_str(), "(" | ")" | "[" | "]");
    if tokens.iter().any(is_bracket) {
        add(&tokens.iter().filter(|t| !is_bracket(t)).cloned().collect::<Vec<_>>());
    }
    keys.retain(|key| !key.is_empty());
    keys.sort();
    keys.dedup();
    keys.truncate(MOST_VARIANTS);
    keys
}

/// Writings of the compounds of a term: "inter-auriculaire", "interauriculaire", "inter auriculaire".
fn compounds<'t>(tokens: &'t [TermToken], grammar: &Grammar) -> Vec<Cow<'t, [TermToken]>> {
    let may_vary = |t: &TermToken| t.folded == "-" || grammar.prefix_of(&t.folded).is_some();
    if !tokens.iter().any(may_vary) {
        return vec![Cow::Borrowed(tokens)];
    }
    let apart: Vec<TermToken> = tokens.iter().flat_map(|t| split_prefix(t, grammar)).collect();
    let joined = [join_hyphens(tokens), join_hyphens(&apart), join_prefixes(&apart, grammar)];
    let mut variants: Vec<Cow<'t, [TermToken]>> = vec![Cow::Borrowed(tokens)];
    for variant in [apart].into_iter().chain(joined) {
        let same = |other: &Cow<'t, [TermToken]>| {
            other.iter().map(|t| &t.folded).eq(variant.iter().map(|t| &t.folded))
        };
        if !variants.iter().any(same) {
            variants.push(Cow::Owned(variant));
        }
    }
    variants
}

fn split_prefix(token: &TermToken, grammar: &Grammar) -> Vec<TermToken> {
    let whole = || vec![token.clone()];
    if token.kind != TokenKind::Word {
        return whole();
    }
    let Some(prefix) = grammar.prefix_of(&token.folded) else { return whole() };
    if token.folded.len() < prefix.len() + SHORTEST_STEM || !token.written.is_char_boundary(prefix.len()) {
        return whole();
    }
    // A ligature or accent inside the prefix would make the two spellings differ in length: cut the folded form then.
    let written = if token.written.len() == token.folded.len() { &token.written } else { &token.folded };
    let piece = |written: &str, folded: &str, glued| TermToken {
        written: written.to_string(),
        folded: folded.to_string(),
        kind: TokenKind::Word,
        glued,
    };
    vec![
        piece(&written[..prefix.len()], prefix, token.glued),
        piece(&written[prefix.len()..], &token.folded[prefix.len()..], true),
    ]
}

fn merge(left: &mut TermToken, right: &TermToken) {
    left.written.push_str(&right.written);
    left.folded.push_str(&right.folded);
}

fn join_hyphens(tokens: &[TermToken]) -> Vec<TermToken> {
    let mut out: Vec<TermToken> = Vec::new();
    let mut after_hyphen = false;
    for token in tokens {
        let follows_word = out.last().is_some_and(|t| t.kind == TokenKind::Word);
        if token.folded == "-" && token.glued && follows_word {
            after_hyphen = true;
            continue;
        }
        match out.last_mut() {
            Some(last) if after_hyphen && token.glued && token.kind == TokenKind::Word => merge(last, token),
            _ => out.push(token.clone()),
        }
        after_hyphen = false;
    }
    out
}

fn join_prefixes(tokens: &[TermToken], grammar: &Grammar) -> Vec<TermToken> {
    let mut out: Vec<TermToken> = Vec::new();
    for token in tokens {
        match out.last_mut() {
            Some(last) if token.kind == TokenKind::Word && grammar.is_prefix(&last.folded) => {
                merge(last, token)
            }
            _ => out.push(token.clone()),
        }
    }
    out
}

fn pieces(
    tokens: &[TermToken],
    is_abbreviation: bool,
    left_out: Mechanisms,
    vocabulary: &mut Vocabulary,
    grammar: &Grammar,
) -> Vec<Piece> {
    let keeps_articles = is_abbreviation || left_out.has(Mechanism::Elision);
    let mut pieces: Vec<Piece> = Vec::new();
    let mut opens_complement = false;
    for token in tokens {
        let role = grammar.role_of_text(&token.folded);
        if !keeps_articles && role.has(Role::ARTICLE) {
            opens_complement = true;
            continue;
        }
        if token.folded == "-" || token.kind == TokenKind::Newline {
            continue;
        }
        let word = if is_abbreviation || left_out.has(Mechanism::Inflection) {
            vocabulary.intern(&token.folded)
        } else {
            vocabulary.intern_inflected(&token.written, &token.folded, &grammar.inflection)
        };
        // "type III" is a complement whatever introduces it, and keeps its number.
        let opens = opens_complement || role.has(Role::GRADE);
        let is_adjective = !is_abbreviation && !token.glued && grammar.looks_like_adjective(&token.folded);
        match pieces.last_mut() {
            Some(piece) if !opens && !is_adjective => piece.words.push(word),
            _ => pieces.push(Piece {
                words: vec![word],
                opens_complement: opens,
                is_adjective: !opens && is_adjective,
            }),
        }
        opens_complement = false;
    }
    // Two complements, adjectives or not, change places; of more, only those that an article opens.
    if pieces.len() != MOST_WITH_ADJECTIVES || pieces[0].is_adjective {
        pieces = joined(pieces);
    }
    pieces
}

/// Adjectives put back behind what they follow.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        match out.last_mut() {
            Some(last) if piece.is_adjective => last.words.extend(piece.words),
            _ => out.push(piece),
        }
    }
    out
}

/// The sequence as written and, when a head has two or three complements, the same with them in another order.
fn orders(pieces: &[Piece], left_out: Mechanisms) -> Vec<Vec<WordId>> {
    let flat =
        |order: &[usize]| order.iter().flat_map(|&i| pieces[i].words.iter().copied()).collect::<Vec<_>>();
    let mut keys = vec![flat(&(0..pieces.len()).collect::<Vec<_>>())];
    let may_move = |p: &Piece| p.opens_complement || p.is_adjective;
    let movable = !left_out.has(Mechanism::Order) && pieces.iter().skip(1).all(may_move);
    match pieces.len() {
        3 if movable => keys.push(flat(&[0, 2, 1])),
        4 if movable => {
            for order in [[0, 1, 3, 2], [0, 2, 1, 3], [0, 2, 3, 1], [0, 3, 1, 2], [0, 3, 2, 1]] {
                keys.push(flat(&order));
            }
        }
        _ => {}
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_expand_at_any_depth() {
        assert_eq!(braces("n'{a,ont} {pas,{plus,jamais} été}").map(|v| v.len()), Some(6));
        assert_eq!(braces("élimin{é,er}"), Some(vec!["éliminé".to_string(), "éliminer".to_string()]));
        assert_eq!((braces("a{b"), braces("a}b")), (None, None));
    }
}
