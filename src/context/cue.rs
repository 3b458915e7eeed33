//! Finds the cues of a report: at each place the longest, which hides the shorter ones inside it.

use crate::lexicon::{Category, Effect, GAP, Lexicons, NodeId, Reach, Role};
use crate::segment::{Segmented, TokenKind, TokenRange};

/// Most words that may stand in the gap of a cue.
const LONGEST_GAP: usize = 4;

/// Spaces that set two columns apart.
const COLUMN_GAP: u32 = 2;

/// A cue found in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct CueMatch {
    /// Index in `Lexicons::cues`.
    pub cue: u32,
    /// Tokens from its first to its last word.
    pub tokens: TokenRange,
    /// The words inside its gap; empty when it has none.
    pub gap: TokenRange,
    /// It may govern beyond its sentence, to the end of its line.
    pub is_line_wide: bool,
    /// It is a word of a finding's name ("hydrocéphalie fœtale", "fente labiale avec fente palatine") and speaks of no other.
    pub is_part: bool,
}

#[derive(Clone, Copy)]
struct Found {
    end: usize,
    /// The words inside its gap; empty when it has none.
    gap: TokenRange,
    node: NodeId,
}

impl Found {
    /// More words of its own, then no gap: of "suspicion de" and "suspicion … de" the first is meant where both fit.
    fn rank(&self) -> (usize, bool) {
        (self.end - (self.gap.end - self.gap.start) as usize, self.gap.start == self.gap.end)
    }
}

/// All cues, in text order. A phrase that several cues share gives one match for each.
///
/// Without lookalikes, phrases that are no cues hide none.
pub(super) fn find(segmented: &Segmented, lexicons: &Lexicons, has_lookalikes: bool) -> Vec<CueMatch> {
    let finder = Finder { segmented, lexicons, has_lookalikes };
    let mut matches = Vec::new();
    for sentence in &segmented.sentences {
        let mut i = sentence.start as usize;
        while i < sentence.end as usize {
            let Some(found) = finder.longest(i, sentence.end as usize) else {
                i += 1;
                continue;
            };
            finder.push(i, found, &mut matches);
            i = found.end;
        }
    }
    matches
}

struct Finder<'s, 't> {
    segmented: &'s Segmented<'t>,
    lexicons: &'s Lexicons,
    has_lookalikes: bool,
}

impl Finder<'_, '_> {
    /// Adds the cues of a match, and those inside its gap. Several rows may share a phrase, some but for an accent.
    fn push(&self, start: usize, found: Found, matches: &mut Vec<CueMatch>) {
        let tokens = TokenRange::new(start, found.end);
        let forms = self.lexicons.cue_trie.values(found.node);
        let written = self.segmented.span(tokens).slice(self.segmented.original());
        let as_written =
            |form: u32| forms.len() == 1 || self.lexicons.cue_forms[form as usize].accents_match(written);
        let any = forms.iter().any(|&form| as_written(form));
        let first = matches.len();
        for &form in forms.iter().filter(|&&form| !any || as_written(form)) {
            let cue = self.lexicons.cue_forms[form as usize].cue;
            if self.acts(cue, found.end) && !matches[first..].iter().any(|m| m.cue == cue) {
                let known = &self.lexicons.cues[cue as usize];
                let is_line_wide = known.reach == Reach::Item || known.effect.fetus().is_some();
                matches.push(CueMatch { cue, tokens, gap: found.gap, is_line_wide, is_part: false });
            }
        }
        self.inside_gap(found.gap, matches);
    }

    /// Adds the cues inside a gap, but for its negations: those belong to the phrase around it ("ne peut pas exclure").
    fn inside_gap(&self, gap: TokenRange, matches: &mut Vec<CueMatch>) {
        let mut i = gap.start as usize;
        while i < gap.end as usize {
            let Some(inner) = self.longest(i, gap.end as usize) else {
                i += 1;
                continue;
            };
            let first = matches.len();
            self.push(i, inner, matches);
            let mut kept = matches.split_off(first);
            kept.retain(|m| self.lexicons.cues[m.cue as usize].category != Category::Negation);
            matches.append(&mut kept);
            i = inner.end;
        }
    }

    fn longest(&self, start: usize, end: usize) -> Option<Found> {
        let word = self.segmented.tokens[start].word;
        let root = if word == 0 { None } else { self.lexicons.cue_trie.root(word) }?;
        let mut best = None;
        self.extend(root, start + 1, end, TokenRange::default(), &mut best);
        best
    }

    /// Goes on from `node` at token `at`; a gap opens at most once, which bounds the work.
    fn extend(&self, mut node: NodeId, mut at: usize, end: usize, gap: TokenRange, best: &mut Option<Found>) {
        loop {
            let found = Found { end: at, gap, node };
            if self.ends_cue(node, at) && best.is_none_or(|b| found.rank() > b.rank()) {
                *best = Some(found);
            }
            if gap == TokenRange::default()
                && let Some(open) = self.lexicons.cue_trie.child(node, GAP)
            {
                self.close_gap(open, at, end, best);
            }
            at = self.skip_breaks(node, at, end);
            let word = self.segmented.tokens.get(at).filter(|t| at < end && t.word != 0).map(|t| t.word);
            let Some(next) = word.and_then(|word| self.lexicons.cue_trie.child(node, word)) else { return };
            node = next;
            at += 1;
        }
    }

    /// A line break inside a phrase counts for nothing, nor does the hyphen of a compound ("grand-mère").
    fn skip_breaks(&self, node: NodeId, from: usize, end: usize) -> usize {
        let counts = |i: usize| self.lexicons.cue_trie.child(node, self.segmented.tokens[i].word).is_some();
        let is_joint = |i: usize| {
            let token = &self.segmented.tokens[i];
            let is_hyphen = self.segmented.is_mark(i, b'-') && !token.space_before;
            (token.kind == TokenKind::Newline || is_hyphen) && !counts(i)
        };
        from + (from..end).take_while(|&i| is_joint(i)).count()
    }

    fn close_gap(&self, open: NodeId, at: usize, end: usize, best: &mut Option<Found>) {
        for skipped in 0..=LONGEST_GAP {
            let i = at + skipped;
            let Some(token) = self.segmented.tokens.get(i).filter(|_| i < end) else { return };
            if let Some(node) = self.lexicons.cue_trie.child(open, token.word).filter(|_| token.word != 0) {
                // Even an empty gap differs from the default, which stands for "no gap yet": a cue has a word before it.
                self.extend(node, i + 1, end, TokenRange::new(at, i), best);
            }
            // A gap holds words: it never crosses a mark that ends a clause.
            if self.segmented.is_any_mark(i, b",;:.|") {
                return;
            }
        }
    }

    /// True when a cue that acts ends at token `end`, where the walk stands at `node`.
    fn ends_cue(&self, node: NodeId, end: usize) -> bool {
        let forms = self.lexicons.cue_trie.values(node);
        forms.iter().any(|&form| self.acts(self.lexicons.cue_forms[form as usize].cue, end))
    }

    /// An answer acts only where its item ends; a lookalike only when those are asked for.
    fn acts(&self, cue: u32, end: usize) -> bool {
        let cue = &self.lexicons.cues[cue as usize];
        match (cue.category, cue.effect) {
            (_, Effect::Answer) => self.ends_item(end),
            (Category::Pseudo, Effect::None) => self.has_lookalikes,
            _ => true,
        }
    }

    /// True when the item, the cell or the sentence ends before token `next`.
    fn ends_item(&self, next: usize) -> bool {
        let mark = |token: usize, marks: &[u8]| self.segmented.is_any_mark(token, marks);
        mark(next - 1, b",;.|")
            || self.segmented.tokens.get(next).is_none_or(|token| {
                token.kind == TokenKind::Newline
                    || mark(next, b",;.|/)(\t")
                    || (mark(next, b"-") && token.space_before)
                    || token.start - self.segmented.tokens[next - 1].end >= COLUMN_GAP
                    || token.role.has(Role::COORDINATOR)
                    || next >= self.segmented.sentence_of(next - 1).end as usize
            })
    }
}
