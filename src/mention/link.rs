//! Links a finding told in other words to the concept whose term is nearest: by the model's vectors and by common letters.

use crate::lexicon::Lexicons;
use crate::model::{Model, ModelError};
use crate::segment::fold;
use rustc_hash::FxHashSet;
use std::sync::OnceLock;

/// Terms encoded at once.
const TOGETHER: usize = 64;

/// The terms that a finding may be linked to.
pub struct Linker {
    terms: Vec<Target>,
    /// Vectors of all terms, row-major; made when first needed.
    vectors: OnceLock<Vec<f32>>,
    /// Share of common letters in the score, against that of the vectors.
    letters: f32,
    links_from: f32,
}

struct Target {
    concept: u32,
    text: Box<str>,
    trigrams: Vec<u32>,
}

impl Linker {
    /// A linker to the unambiguous terms of these lexicons.
    pub fn new(model: &Model, lexicons: &Lexicons) -> Self {
        let mut seen = FxHashSet::default();
        let sure = lexicons.concepts.terms.iter().filter(|term| !term.ambiguous && term.capitals.is_none());
        let once = sure.filter(|term| seen.insert((term.concept, &term.text)));
        let target = once.map(|term| Target {
            concept: term.concept,
            text: term.text.clone(),
            trigrams: trigrams(&term.text),
        });
        let number = |name: &str, otherwise| model.calibration(name).unwrap_or(otherwise);
        Self {
            terms: target.collect(),
            vectors: OnceLock::new(),
            letters: number("link_letters", 0.3),
            links_from: number("link", 0.8),
        }
    }

    /// The concept of the nearest term, when it is near enough. `states` are the hidden states of the finding's pieces.
    ///
    /// # Errors
    /// A number that is not finite.
    pub fn link(&self, model: &Model, words: &str, states: &[f32]) -> Result<Option<u32>, ModelError> {
        let Some(head) = &model.heads().link else { return Ok(None) };
        let (own, letters) = (head.vector(states)?, trigrams(words));
        let vectors = self.vectors(model)?;
        let mut best: Option<(f32, u32)> = None;
        for (term, vector) in self.terms.iter().zip(vectors.chunks_exact(head.dimension())) {
            let cosine: f32 = own.iter().zip(vector).map(|(a, b)| a * b).sum();
            let score = (1.0 - self.letters) * cosine + self.letters * dice(&letters, &term.trigrams);
            if best.is_none_or(|(highest, _)| score > highest) {
                best = Some((score, term.concept));
            }
        }
        Ok(best.filter(|(score, _)| *score >= self.links_from).map(|(_, concept)| concept))
    }

    fn vectors(&self, model: &Model) -> Result<&[f32], ModelError> {
        if let Some(vectors) = self.vectors.get() {
            return Ok(vectors);
        }
        let mut vectors = Vec::new();
        for terms in self.terms.chunks(TOGETHER) {
            self.encode(model, terms, &mut vectors)?;
        }
        Ok(self.vectors.get_or_init(|| vectors))
    }

    fn encode(&self, model: &Model, terms: &[Target], vectors: &mut Vec<f32>) -> Result<(), ModelError> {
        let Some(head) = &model.heads().link else { return Ok(()) };
        let (tokenizer, hidden) = (model.tokenizer(), model.config().hidden);
        let ids = |term: &Target| {
            let pieces = tokenizer.encode(&term.text)?;
            let inside = pieces.iter().map(|p| p.id).take(model.max_length().saturating_sub(2));
            Ok([tokenizer.bos].into_iter().chain(inside).chain([tokenizer.eos]).collect())
        };
        let sequences = terms.iter().map(ids).collect::<Result<Vec<Vec<u32>>, ModelError>>()?;
        let sequences: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
        for states in model.encoder().encode(&sequences)? {
            vectors.extend(head.vector(&states[hidden..states.len() - hidden])?);
        }
        Ok(())
    }
}

/// The three-letter pieces of folded words, sorted, each once.
fn trigrams(text: &str) -> Vec<u32> {
    let folded = fold(text);
    let words = folded.text().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut found: Vec<u32> = words.flat_map(|word| of_word(word).collect::<Vec<_>>()).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// With a space before and after, so that beginnings and ends count.
fn of_word(word: &str) -> impl Iterator<Item = u32> {
    let padded: Vec<u32> =
        [' '].into_iter().chain(word.chars()).chain([' ']).map(|c| c as u32 & 0x3FF).collect();
    let pieces: Vec<u32> = padded.windows(3).map(|w| w[0] << 20 | w[1] << 10 | w[2]).collect();
    pieces.into_iter()
}

/// Twice the common pieces over all pieces, 0 to 1.
fn dice(a: &[u32], b: &[u32]) -> f32 {
    let (mut i, mut j, mut common) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => (i, j, common) = (i + 1, j + 1, common + 1),
        }
    }
    2.0 * common as f32 / (a.len() + b.len()).max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_letters_count_without_accents_and_case() {
        assert_eq!(dice(&trigrams("Atrésie"), &trigrams("ATRESIE")), 1.0);
        assert_eq!(dice(&trigrams("fente"), &trigrams("rein")), 0.0);
        let near = dice(&trigrams("laparochisis"), &trigrams("laparoschisis"));
        assert!(near > 0.7 && near < 1.0, "{near}");
        assert_eq!(dice(&[], &[]), 0.0);
    }
}
