//! The side of the body that a mention speaks of.

use super::Candidate;
use crate::lexicon::Role;
use crate::segment::{Segmented, TokenKind};

/// How many tokens after a mention may name its side ("pied bot varus équin à droite").
const AFTER: usize = 4;
/// How many tokens before it ("rein gauche : dysplasie multikystique").
const BEFORE: usize = 3;

/// Side of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Left.
    Left,
    /// Right.
    Right,
    /// Both sides.
    Bilateral,
    /// One side, not said which.
    Unilateral,
}

/// The side named inside the mention, else just after it, else just before it, in its clause.
pub(super) fn of(segmented: &Segmented, candidate: &Candidate) -> Option<Side> {
    let tokens = candidate.tokens;
    let clause = segmented.clause_of(tokens.start as usize);
    let (start, end) = (tokens.start as usize, tokens.end as usize);
    let after = end..end.saturating_add(AFTER).min((clause.end as usize).max(end));
    let before = start.saturating_sub(BEFORE).max(clause.start as usize).min(start)..start;
    let after = after.take_while(|&i| !is_stop(segmented, i));
    let before = before.rev().take_while(|&i| !is_stop(segmented, i));
    side(segmented, tokens.indices()).or_else(|| side(segmented, after)).or_else(|| side(segmented, before))
}

fn is_stop(segmented: &Segmented, token: usize) -> bool {
    let token_is_mark = segmented.tokens[token].kind == TokenKind::Mark;
    token_is_mark && segmented.is_any_mark(token, b",;.")
}

fn side(segmented: &Segmented, tokens: impl Iterator<Item = usize>) -> Option<Side> {
    let mut roles = Role::default();
    for i in tokens {
        roles = roles.and(segmented.tokens[i].role);
    }
    match (roles.has(Role::LEFT), roles.has(Role::RIGHT)) {
        _ if roles.has(Role::BILATERAL) => Some(Side::Bilateral),
        (true, true) => Some(Side::Bilateral),
        (true, false) => Some(Side::Left),
        (false, true) => Some(Side::Right),
        _ => roles.has(Role::UNILATERAL).then_some(Side::Unilateral),
    }
}
