//! A light French clause splitter: the clause is the home of a cue's scope.

use super::{Segmented, TokenKind, TokenRange};
use crate::lexicon::{Lexicons, Role};

/// How many tokens after a comma or coordinator may hold the verb that makes it the start of a clause.
const VERB_WITHIN: usize = 6;

/// What follows from what stands before it.
const ARROW: &str = "→";

/// The clauses of a report, in text order; together they cover its sentences.
pub(super) fn find(segmented: &Segmented, lexicons: &Lexicons) -> Vec<TokenRange> {
    let mut clauses = Vec::with_capacity(segmented.sentences.len() * 2);
    for sentence in &segmented.sentences {
        let mut start = sentence.start as usize;
        for i in sentence.indices().skip(1) {
            if begins_clause(segmented, lexicons, i, sentence.end as usize) {
                if i > start {
                    clauses.push(TokenRange::new(start, i));
                }
                start = i;
            }
        }
        clauses.push(TokenRange::new(start, sentence.end as usize));
    }
    clauses
}

fn begins_clause(segmented: &Segmented, lexicons: &Lexicons, i: usize, end: usize) -> bool {
    let token = &segmented.tokens[i];
    match token.kind {
        TokenKind::Mark if segmented.word(i) == ARROW => true,
        TokenKind::Mark => match segmented.text().as_bytes()[token.start as usize] {
            b';' => true,
            b',' => has_verb_ahead(segmented, i + 1, end) || is_participle(segmented, lexicons, i + 1, end),
            // A dash with space on both sides sets something apart.
            b'-' => {
                token.space_before
                    && segmented.tokens.get(i + 1).is_some_and(|t| t.space_before)
                    && i + 1 < end
            }
            _ => false,
        },
        TokenKind::Word if token.role.has(Role::SUBORDINATOR) => {
            !segmented.tokens[i - 1].role.has(Role::EXEMPLIFIER)
        }
        TokenKind::Word if token.role.has(Role::COORDINATOR) => has_verb_ahead(segmented, i + 1, end),
        _ => false,
    }
}

/// "sans troubles urinaires, évoluant dans un contexte de fièvre": a participle after a comma opens a clause.
fn is_participle(segmented: &Segmented, lexicons: &Lexicons, token: usize, end: usize) -> bool {
    token < end && lexicons.grammar.looks_like_participle(segmented.word(token))
}

/// True when a subject and its verb, or a pronoun, come before the next comma, coordinator or subordinator.
fn has_verb_ahead(segmented: &Segmented, from: usize, end: usize) -> bool {
    let breaks = Role::COORDINATOR.and(Role::SUBORDINATOR);
    let window = from..end.min(from + VERB_WITHIN);
    for i in window {
        let token = &segmented.tokens[i];
        let is_break =
            token.kind != TokenKind::Word || (token.role.has(breaks) && !token.role.has(Role::PRONOUN));
        if is_break {
            return false;
        }
        let opens_object = |i: usize| {
            let objects = Role::DETERMINER.and(Role::NUMERAL);
            segmented.tokens.get(i).is_some_and(|t| i < end && t.role.has(objects))
        };
        if i == from && token.role.has(Role::PRESENT) && opens_object(i + 1) {
            return true;
        }
        // In capitals "A" may be the preposition: "REIN EN FER A CHEVAL".
        let is_auxiliary = token.role.has(Role::AUXILIARY)
            && segmented.written(i).bytes().all(|byte| byte.is_ascii_lowercase());
        if is_auxiliary || token.role.has(Role::PRONOUN.and(Role::VERB)) {
            return true;
        }
    }
    false
}
