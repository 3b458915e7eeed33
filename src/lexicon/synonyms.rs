//! Words that stand for one another inside a term: synonym heads, and the adjective for its noun.

use super::folder::Folder;
use super::mechanism::{Mechanism, Mechanisms};
use super::problem::Problem;
use super::table::Table;
use super::vocabulary::{Inflection, Vocabulary, WordId, cut};
use rustc_hash::FxHashMap;

/// The sets of all lexicons of kind `grammar`, as read.
#[derive(Default)]
pub(super) struct Synonyms {
    sets: Vec<(Vec<WordId>, Mechanism)>,
}

/// For each word, the word that stands for its set in the index of terms, and by which mechanism.
#[derive(Default)]
pub struct Classes {
    of_word: Vec<(WordId, Mechanisms)>,
}

impl Synonyms {
    /// Adds the `synonyms.tsv` of a folder: `kind` (`head` or `adjective`), the words that mean the same, separated by spaces.
    pub fn add(
        &mut self,
        folder: &Folder,
        vocabulary: &mut Vocabulary,
        inflection: &Inflection,
        problems: &mut Vec<Problem>,
    ) {
        let Some(text) = folder.get("synonyms.tsv") else { return };
        let file = folder.path("synonyms.tsv");
        let Some(table) = Table::read(&file, text, ["kind", "words", "note"], 2, problems) else { return };
        for row in &table.rows {
            let mechanism = match table.cell(row, 0) {
                "head" => Mechanism::Synonyms,
                "adjective" => Mechanism::Derivation,
                kind => {
                    let message = format!("unknown kind {kind:?}; expected head or adjective");
                    problems.push(Problem::at(&file, row.line, message));
                    continue;
                }
            };
            let tokens = table.cell(row, 1).split_whitespace().flat_map(cut);
            let words: Vec<WordId> =
                tokens.map(|t| vocabulary.intern_inflected(&t.written, &t.folded, inflection)).collect();
            if words.len() < 2 {
                problems.push(Problem::at(
                    &file,
                    row.line,
                    "fewer than two words; name those that mean the same",
                ));
            }
            self.sets.push((words, mechanism));
        }
    }

    /// The classes, once the vocabulary is settled. A word of two sets joins them.
    pub fn settle(&self, vocabulary: &Vocabulary, left_out: Mechanisms) -> Classes {
        let mut classes: FxHashMap<WordId, (WordId, Mechanisms)> = FxHashMap::default();
        for (words, mechanism) in self.sets.iter().filter(|(_, mechanism)| !left_out.has(*mechanism)) {
            let words: Vec<WordId> = words.iter().map(|word| vocabulary.find(*word)).collect();
            for word in &words {
                classes.entry(*word).or_insert((*word, Mechanisms::default()));
            }
            let joined: Vec<WordId> = words.iter().map(|word| classes[word].0).collect();
            let Some(class) = joined.iter().min().copied() else { continue };
            for entry in classes.values_mut().filter(|(of, _)| joined.contains(of)) {
                *entry = (class, entry.1.with(*mechanism));
            }
        }
        let own = |word: WordId| (word, Mechanisms::default());
        let of = |word| classes.get(&word).copied().unwrap_or_else(|| own(word));
        let of_word = (0..vocabulary.len() as WordId).map(of).collect();
        Classes { of_word }
    }
}

impl Classes {
    /// The word that stands for this one in the index of terms, and the mechanisms that make it do so.
    pub fn of(&self, word: WordId) -> (WordId, Mechanisms) {
        self.of_word.get(word as usize).copied().unwrap_or((word, Mechanisms::default()))
    }
}
