//! Finds the word of a small list that is one typing error away: an insertion, deletion, change or swap of a letter.

use super::vocabulary::{Vocabulary, WordId};
use rustc_hash::{FxHashMap, FxHashSet};

/// Shortest word in which an error is forgiven, in bytes; shorter words have too many neighbours.
const SHORTEST: usize = 6;

/// The words of a list, under each form they take when one byte is deleted.
#[derive(Default)]
pub struct Typos {
    by_deletion: FxHashMap<Box<str>, Vec<(Box<str>, WordId)>>,
}

impl Typos {
    /// Indexes `words`.
    pub(super) fn new(words: &[String], vocabulary: &Vocabulary) -> Self {
        let mut typos = Self::default();
        let unique: FxHashSet<&String> =
            words.iter().filter(|w| w.len() >= SHORTEST && w.is_ascii()).collect();
        for word in unique {
            let id = vocabulary.get(word).word;
            for form in deletions(word).chain([word.clone()]) {
                typos.by_deletion.entry(form.into()).or_default().push((word.as_str().into(), id));
            }
        }
        typos.by_deletion.values_mut().for_each(|words| words.sort());
        typos
    }

    /// The first word, in alphabetical order, that `folded` differs from by one error.
    pub fn correct(&self, folded: &str) -> Option<WordId> {
        if folded.len() + 1 < SHORTEST || folded.len() > 40 || !folded.is_ascii() {
            return None;
        }
        let forms = deletions(folded).chain([folded.to_string()]);
        let near = forms.filter_map(|form| self.by_deletion.get(form.as_str())).flatten();
        near.filter(|(word, _)| is_one_error_away(word.as_bytes(), folded.as_bytes()))
            .min()
            .map(|(_, id)| *id)
    }
}

fn deletions(word: &str) -> impl Iterator<Item = String> + '_ {
    (0..word.len()).map(|i| format!("{}{}", &word[..i], &word[i + 1..]))
}

/// True when one insertion, deletion, change or swap of neighbours turns `a` into `b`.
fn is_one_error_away(a: &[u8], b: &[u8]) -> bool {
    let start = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[start..], &b[start..]);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);
    matches!((a, b), ([], []) | ([_], []) | ([], [_]) | ([_], [_]))
        || matches!((a, b), ([x, y], [z, w]) if x == w && y == z)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_error_and_no_more() {
        for (a, b, near) in [
            ("conclusion", "concluson", true),
            ("conclusion", "conclusiion", true),
            ("conclusion", "conclusoin", true),
            ("conclusion", "conclusiom", true),
            ("conclusion", "conclsin", false),
        ] {
            assert_eq!(is_one_error_away(a.as_bytes(), b.as_bytes()), near, "{a} {b}");
        }
    }
}
