//! Finds the word of a list that is one typing error away: an insertion, deletion, change or swap of a letter.
//!
//! Two words are one error apart only when they, or what is left of them without one letter, are equal. So each word is filed
//! under the hashes of these forms, which are computed from two running sums without making the forms.

use super::vocabulary::WordId;

/// Longest word that is corrected, in bytes.
const LONGEST: usize = 40;
/// Multiplier of the running sums.
const BASE: u64 = 0x9E37_79B9_7F4A_7C15;

/// The words of a list, under the hashes of the forms they take when one letter is left out.
#[derive(Default)]
pub struct Spelling {
    shortest: usize,
    words: Vec<(Box<str>, WordId)>,
    /// Hash and index of a word, sorted by hash.
    filed: Vec<(u32, u32)>,
    /// Where the hashes that begin with each prefix start in `filed`.
    buckets: Vec<u32>,
    shift: u32,
}

impl Spelling {
    /// Files those of `words` that have `shortest` bytes or more; shorter words have too many neighbours.
    pub(super) fn new<'w>(shortest: usize, words: impl IntoIterator<Item = (&'w str, WordId)>) -> Self {
        let fits = |(word, _): &(&str, WordId)| (shortest..=LONGEST).contains(&word.len()) && word.is_ascii();
        let mut words: Vec<(Box<str>, WordId)> =
            words.into_iter().filter(fits).map(|(word, id)| (word.into(), id)).collect();
        words.sort();
        words.dedup();
        let mut filed = Vec::with_capacity(words.iter().map(|(word, _)| word.len() + 1).sum());
        for (i, (word, _)) in words.iter().enumerate() {
            each_form(word.as_bytes(), |hash| filed.push((hash, i as u32)));
        }
        filed.sort_unstable();
        filed.dedup();
        let bits = (usize::BITS - filed.len().leading_zeros()).clamp(1, 20);
        let shift = u32::BITS - bits;
        let mut buckets = vec![0_u32; (1 << bits) + 1];
        filed.iter().for_each(|(hash, _)| buckets[(hash >> shift) as usize + 1] += 1);
        (1..buckets.len()).for_each(|i| buckets[i] += buckets[i - 1]);
        Self { shortest, buckets, shift, words, filed }
    }

    /// The one word that `folded` differs from by at most one error, its first letter being right; `None` when there are two.
    pub fn correct(&self, folded: &str) -> Option<(WordId, &str)> {
        let length = folded.len();
        let may_be = (self.shortest.saturating_sub(1)..=LONGEST).contains(&length) && folded.is_ascii();
        if self.filed.is_empty() || !may_be {
            return None;
        }
        let mut found: Option<(WordId, &str)> = None;
        let mut is_one = true;
        each_form(folded.as_bytes(), |hash| {
            for word in self.filed_under(hash) {
                let (word, id) = &self.words[*word as usize];
                let is_near = word.as_bytes()[0] == folded.as_bytes()[0]
                    && is_one_error_away(word.as_bytes(), folded.as_bytes());
                if is_near {
                    is_one &= found.is_none_or(|(found, _)| found == *id);
                    found = Some((*id, word));
                }
            }
        });
        found.filter(|_| is_one)
    }

    fn filed_under(&self, hash: u32) -> impl Iterator<Item = &u32> {
        let bucket = (hash >> self.shift) as usize;
        let (from, to) = (self.buckets[bucket] as usize, self.buckets[bucket + 1] as usize);
        self.filed[from..to].iter().filter(move |(filed, _)| *filed == hash).map(|(_, word)| word)
    }
}

/// The hash of a word, and those of what is left of it without each of its letters.
fn each_form(word: &[u8], mut each: impl FnMut(u32)) {
    let step = |sum: u64, byte: u8| sum.wrapping_mul(BASE).wrapping_add(u64::from(byte));
    // `tails[i]` is the sum of what follows letter i, `powers` what a head is raised by before it.
    let mut tails = [(0_u64, 1_u64); LONGEST + 1];
    let length = word.len().min(LONGEST);
    for i in (0..length).rev() {
        let (tail, power) = tails[i + 1];
        tails[i] = (u64::from(word[i]).wrapping_mul(power).wrapping_add(tail), power.wrapping_mul(BASE));
    }
    each(mixed(tails[0].0));
    let mut head = 0;
    for i in 0..length {
        let (tail, power) = tails[i + 1];
        each(mixed(head_then(head, power, tail)));
        head = step(head, word[i]);
    }
}

fn head_then(head: u64, power: u64, tail: u64) -> u64 {
    head.wrapping_mul(power).wrapping_add(tail)
}

fn mixed(sum: u64) -> u32 {
    ((sum ^ (sum >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32) as u32
}

/// True when one insertion, deletion, change or swap of neighbours turns `a` into `b`, or they are equal.
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
        let spelling =
            Spelling::new(6, [("conclusion", 1), ("conclusions", 1), ("omphalocele", 2), ("short", 3)]);
        for (written, meant) in [
            ("concluson", Some(1)),
            ("conclusiion", Some(1)),
            ("conclusoin", Some(1)),
            ("conclusiom", Some(1)),
            ("conclusion", Some(1)),
            ("ompahlocele", Some(2)),
            ("conclsin", None),
            ("xonclusion", None),
            ("shorts", None),
            ("", None),
        ] {
            assert_eq!(spelling.correct(written).map(|(id, _)| id), meant, "{written}");
        }
    }

    #[test]
    fn a_word_between_two_others_is_not_corrected() {
        let spelling = Spelling::new(6, [("fraction", 1), ("friction", 2)]);
        assert_eq!(spelling.correct("fractoin"), Some((1, "fraction")));
        assert_eq!(spelling.correct("fruction"), None, "one error from each is no answer");
        assert_eq!(Spelling::default().correct("fraction"), None);
    }

    #[test]
    fn every_single_error_of_a_word_is_corrected() {
        let word = "laparoschisis";
        let spelling = Spelling::new(6, [(word, 7)]);
        for i in 1..word.len() {
            let without = format!("{}{}", &word[..i], &word[i + 1..]);
            let changed = format!("{}q{}", &word[..i], &word[i + 1..]);
            let more = format!("{}q{}", &word[..i], &word[i..]);
            for form in [without, changed, more] {
                assert_eq!(spelling.correct(&form), Some((7, word)), "{form}");
            }
        }
    }
}
