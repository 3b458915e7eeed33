//! Reads, checks, expands and indexes everything under `lexicons/`: the words of the engine.

mod cases;
mod changes;
mod coded;
mod codes;
mod concepts;
mod conjugation;
mod cues;
mod descriptions;
mod expand;
mod faults;
mod folder;
mod grammar;
mod groups;
pub mod import;
mod manifest;
mod mechanism;
mod patterns;
use crate::problem;
mod shipped;
mod spelling;
mod synonyms;
mod table;
mod trie;
mod units;
mod vocabulary;
mod words;

pub use cases::{Case, Mark, parse_cases, read_cases, unmark};
pub use changes::{Changes, Traced, Trigger};
pub use codes::{Code, CodeSystem, CodeSystems, Validity};
pub use concepts::{Concept, Concepts, SupportSets, Term};
pub use cues::{Category, Cue, CueForm, Direction, Effect, Reach};
pub use descriptions::{Description, Descriptions, Example};
pub use expand::GAP;
pub use faults::faults;
pub use folder::Folder;
pub use grammar::{Grammar, Role};
pub(crate) use manifest::parse_toml;
pub use manifest::{Kind, Manifest};
pub use mechanism::{Mechanism, Mechanisms};
pub use patterns::{Pattern, PatternMatch, Patterns};
pub use problem::{Problem, Problems};
pub use shipped::shipped;
pub use spelling::Spelling;
pub use synonyms::Classes;
pub(crate) use table::{Row, Table};
pub use trie::{NodeId, TokenTrie};
pub use units::{UnitRole, UnitTerm};
pub use vocabulary::{Entry, Vocabulary, WordId};
pub use words::{DateTerm, DocumentKind, SectionKind, Subject};

use cues::Cues;
use rustc_hash::{FxHashMap, FxHashSet};
use synonyms::Synonyms;
use words::{Words, name_words};

/// Code system of the subgroups of `groups.tsv`.
const EUROCAT: &str = "EUROCAT";

/// Shortest word of a title in which a typing error is forgiven, in bytes.
const SHORTEST_IN_TITLE: usize = 6;

/// A word sequence of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TermKey {
    /// Index of its term.
    pub term: u32,
    /// Its own first word.
    pub head: WordId,
    /// Hash of its own words: a text that has other words of the same meaning has another.
    pub own: u32,
}

/// Adds a word to the hash of a word sequence; the hash of none is 0.
pub fn hash_word(hash: u32, word: WordId) -> u32 {
    (hash.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9)
}

/// Every lexicon in use, indexed for the text tower. Immutable once loaded.
pub struct Lexicons {
    /// One manifest a lexicon, in the order given; `Concept::lexicon` is an index into it.
    pub manifests: Vec<Manifest>,
    /// All words.
    pub vocabulary: Vocabulary,
    /// Function words, endings.
    pub grammar: Grammar,
    /// Words and phrases of the support sets; values are the numbers of the sets.
    pub supports: TokenTrie,
    /// Concepts and their terms.
    pub concepts: Concepts,
    /// Mechanisms of matching that no lexicon may use.
    pub left_out: Mechanisms,
    /// Index of `term_keys`, by the words that stand for those of the terms.
    pub terms: TokenTrie,
    /// Written forms of the terms.
    pub term_keys: Vec<TermKey>,
    /// Words that stand for one another inside a term.
    pub classes: Classes,
    /// Typing errors in the longer words of the terms.
    pub term_spelling: Spelling,
    /// Findings told in other words.
    pub descriptions: Descriptions,
    /// Phrases of the descriptions; values are the numbers of their sets.
    pub phrases: TokenTrie,
    /// Context cues.
    pub cues: Vec<Cue>,
    /// Written forms of the cues.
    pub cue_forms: Vec<CueForm>,
    /// Index of `cue_forms`.
    pub cue_trie: TokenTrie,
    /// Kinds of sections.
    pub sections: Vec<SectionKind>,
    /// Index of the titles; values are indices of `sections`.
    pub titles: TokenTrie,
    /// Typing errors in titles.
    pub title_spelling: Spelling,
    /// Words whose final point ends no sentence.
    pub abbreviations: FxHashSet<WordId>,
    /// Words and phrases of dates.
    pub dates: Vec<DateTerm>,
    /// Units and the words of measures. They stay out of `vocabulary`, where "g" is a side too.
    pub units: Vec<UnitTerm>,
    /// Described findings.
    pub patterns: Patterns,
    /// Code systems with their hierarchy.
    pub codes: CodeSystems,
    /// What all this was read from.
    pub folders: Vec<Folder>,
    documents: Vec<DocumentKind>,
    document_names: FxHashMap<String, u32>,
}

impl Lexicons {
    /// Loads the shipped lexicons and the given folders.
    ///
    /// # Errors
    /// Every problem of every file, with file and line.
    pub fn load(extra: Vec<Folder>) -> Result<Self, Problems> {
        Self::from_folders(&shipped().into_iter().chain(extra).collect::<Vec<_>>())
    }

    /// Loads exactly the given folders.
    ///
    /// # Errors
    /// Every problem of every file, with file and line.
    pub fn from_folders(folders: &[Folder]) -> Result<Self, Problems> {
        Self::without(folders, Mechanisms::default())
    }

    /// Loads exactly the given folders, to be read without some mechanisms of matching.
    ///
    /// # Errors
    /// Every problem of every file, with file and line.
    pub fn without(folders: &[Folder], left_out: Mechanisms) -> Result<Self, Problems> {
        let (read, manifests, units, codes) = Read::all(folders, left_out)?;
        let indexed = read.index(manifests, left_out);
        Ok(Self { units, codes, folders: folders.to_vec(), ..indexed })
    }
}

impl Read {
    /// Reads the given folders.
    fn all(
        folders: &[Folder],
        left_out: Mechanisms,
    ) -> Result<(Self, Vec<Manifest>, Vec<UnitTerm>, CodeSystems), Problems> {
        let mut problems = Vec::new();
        let mut manifests = read_manifests(folders, &mut problems);
        manifests.iter_mut().for_each(|m| m.left_out = m.left_out.and(left_out));
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        let folders = &laid_over(folders, &manifests, &mut problems);
        let of_kind =
            |kind: Kind| manifests.iter().zip(folders).enumerate().filter(move |(_, (m, _))| m.kind == kind);
        let mut grammar = Grammar::default();
        of_kind(Kind::Grammar).for_each(|(_, (_, folder))| grammar.add(folder, &mut problems));
        if left_out.has(Mechanism::Inflection) {
            grammar.inflection = Default::default();
        }
        let mut vocabulary = Vocabulary::default();
        grammar.intern(&mut vocabulary);
        let mut synonyms = Synonyms::default();
        of_kind(Kind::Grammar).for_each(|(_, (_, folder))| {
            synonyms.add(folder, &mut vocabulary, &grammar.inflection, &mut problems);
        });
        let mut descriptions = Descriptions::default();
        let mut codes = CodeSystems::default();
        let mut words = Words::default();
        let mut cues = Cues::default();
        let mut concepts = Concepts::default();
        let mut patterns = Patterns::default();
        let mut unit_terms = Vec::new();
        for (lexicon, (manifest, folder)) in manifests.iter().zip(folders).enumerate() {
            let (vocabulary, problems) = (&mut vocabulary, &mut problems);
            match manifest.kind {
                Kind::Grammar | Kind::Overlay => {}
                Kind::Sections => words.add_sections(folder, vocabulary, &grammar, problems),
                Kind::Abbreviations => words.add_abbreviations(folder, vocabulary, problems),
                Kind::Documents => words.add_documents(folder, problems),
                Kind::Dates => words.add_dates(folder, vocabulary, problems),
                Kind::Units => units::read(folder, &mut unit_terms, problems),
                Kind::Cues => cues.add(folder, vocabulary, &grammar, problems),
                Kind::Concepts => {
                    codes.add(folder, problems);
                    concepts.add(folder, manifest, lexicon, vocabulary, &grammar, problems);
                    patterns.add(folder, &concepts, lexicon, problems);
                    descriptions.add(folder, &concepts, lexicon, vocabulary, &grammar, problems);
                }
            }
        }
        if let Err(problem) = patterns.settle() {
            problems.push(problem);
        }
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        descriptions.settle();
        concepts.groups.iter().for_each(|groups| codes.add_groups(EUROCAT, groups.in_order()));
        let read = Self { vocabulary, grammar, words, cues, concepts, patterns, descriptions, synonyms };
        Ok((read, manifests, unit_terms, codes))
    }
}

/// All lexicons as read, not yet indexed.
struct Read {
    vocabulary: Vocabulary,
    grammar: Grammar,
    words: Words,
    cues: Cues,
    concepts: Concepts,
    patterns: Patterns,
    descriptions: Descriptions,
    synonyms: Synonyms,
}

impl Read {
    fn index(self, manifests: Vec<Manifest>, left_out: Mechanisms) -> Lexicons {
        let Self { mut vocabulary, grammar, mut words, mut cues, mut concepts, patterns, .. } = self;
        let mut descriptions = self.descriptions;
        vocabulary.settle();
        let classes = self.synonyms.settle(&vocabulary, left_out);
        let (terms, term_keys) = index_terms(std::mem::take(&mut concepts.keys), &vocabulary, &classes);
        let long_words = std::mem::take(&mut concepts.long_words);
        let long_words = long_words.iter().map(|word| (word.as_str(), vocabulary.get(word).word));
        let settled = |id: WordId| if id == GAP { GAP } else { vocabulary.find(id) };
        let trie = |keys: Vec<(Vec<WordId>, u32)>| {
            let keys = keys.into_iter().map(|(key, value)| (key.into_iter().map(settled).collect(), value));
            TokenTrie::build(keys.collect(), vocabulary.len())
        };
        for date in &mut words.dates {
            date.words.iter_mut().for_each(|word| *word = settled(*word));
        }
        let title_words = words.title_words.iter().map(|word| (word.as_str(), vocabulary.get(word).word));
        Lexicons {
            left_out,
            terms,
            term_keys,
            term_spelling: Spelling::new(concepts::SHORTEST_CORRECTED, long_words),
            title_spelling: Spelling::new(SHORTEST_IN_TITLE, title_words),
            phrases: trie(std::mem::take(&mut descriptions.keys)),
            classes,
            descriptions,
            supports: trie(std::mem::take(&mut concepts.support_keys)),
            cue_trie: trie(std::mem::take(&mut cues.keys)),
            titles: trie(std::mem::take(&mut words.titles)),
            abbreviations: words.abbreviations.iter().map(|&word| settled(word)).collect(),
            manifests,
            vocabulary,
            grammar,
            concepts,
            cues: cues.cues,
            cue_forms: cues.forms,
            sections: words.sections,
            dates: words.dates,
            units: Vec::new(),
            codes: CodeSystems::default(),
            folders: Vec::new(),
            patterns,
            documents: words.documents,
            document_names: words.document_names,
        }
    }
}

/// The index of the terms, by the words that stand for theirs.
fn index_terms(
    keys: Vec<(Vec<WordId>, u32)>,
    vocabulary: &Vocabulary,
    classes: &Classes,
) -> (TokenTrie, Vec<TermKey>) {
    let mut term_keys = Vec::with_capacity(keys.len());
    let of_class = |(mut key, term): (Vec<WordId>, u32)| {
        let own = key.iter().fold(0, |hash, word| hash_word(hash, vocabulary.find(*word)));
        let head = key.first().map_or(0, |word| vocabulary.find(*word));
        key.iter_mut().for_each(|word| *word = classes.of(vocabulary.find(*word)).0);
        term_keys.push(TermKey { term, head, own });
        (key, term_keys.len() as u32 - 1)
    };
    let keys = keys.into_iter().map(of_class).collect();
    (TokenTrie::build(keys, vocabulary.len()), term_keys)
}

/// The folders, those of overlays laid over the folders that their tables name.
fn laid_over(folders: &[Folder], manifests: &[Manifest], problems: &mut Vec<Problem>) -> Vec<Folder> {
    let mut laid = folders.to_vec();
    let overlays = folders.iter().zip(manifests).filter(|(_, m)| m.kind == Kind::Overlay);
    for (id, file, text) in overlays.flat_map(|(folder, _)| folder.tables()) {
        let may_be = |m: &Manifest| {
            matches!(
                m.kind,
                Kind::Concepts | Kind::Cues | Kind::Sections | Kind::Abbreviations | Kind::Documents
            )
        };
        match manifests.iter().position(|m| m.id == id && may_be(m)) {
            Some(target) => laid[target].add_overlay(&file, text),
            None => {
                let known: Vec<&str> =
                    manifests.iter().filter(|m| may_be(m)).map(|m| m.id.as_str()).collect();
                let message = format!(
                    "{id:?} is no lexicon to lay rows over; name the file after one of {}",
                    known.join(", ")
                );
                problems.push(Problem::of(&file, message));
            }
        }
    }
    laid
}

impl Lexicons {
    /// The mechanisms that the lexicon of a concept does without.
    pub fn left_out(&self, concept: u32) -> Mechanisms {
        self.manifests[self.concepts.concepts[concept as usize].lexicon].left_out
    }

    /// The type of document that a spelling or a title names, by the longest known name it begins with.
    pub fn document_kind(&self, name: &str) -> Option<&DocumentKind> {
        let words = name_words(name);
        let known = (1..=words.len()).rev().find_map(|n| self.document_names.get(&words[..n].join(" ")));
        known.map(|&i| &self.documents[i as usize])
    }

    /// The types of document whose name stands anywhere in a title.
    pub fn document_kinds_in(&self, title: &str) -> impl Iterator<Item = &DocumentKind> {
        let words = name_words(title);
        let names = (0..words.len()).flat_map(|from| (from + 1..=words.len()).map(move |to| (from, to)));
        let found = names
            .filter_map(|(from, to)| self.document_names.get(&words[from..to].join(" ")))
            .collect::<Vec<_>>();
        found.into_iter().map(|&i| &self.documents[i as usize])
    }

    /// `id@version+hash` of every lexicon that decides events, sorted; units decide none.
    pub fn references(&self) -> Vec<String> {
        let deciding = self.manifests.iter().filter(|m| m.kind != Kind::Units);
        let mut references: Vec<String> = deciding.map(Manifest::reference).collect();
        references.sort();
        references
    }
}

fn read_manifests(folders: &[Folder], problems: &mut Vec<Problem>) -> Vec<Manifest> {
    let mut manifests: Vec<Manifest> = Vec::new();
    for folder in folders {
        let read = Manifest::read(folder).and_then(|manifest| {
            folder.require("cases.toml")?;
            if manifest.kind != Kind::Overlay {
                folder.require("terms.tsv")?;
            }
            match manifests.iter().any(|m| m.id == manifest.id) {
                true => Err(Problem::of(
                    &folder.path("manifest.toml"),
                    format!("duplicate id: lexicon {:?}", manifest.id),
                )),
                false => Ok(manifest),
            }
        });
        match read {
            Ok(manifest) => manifests.push(manifest),
            Err(problem) => problems.push(problem),
        }
    }
    manifests
}
