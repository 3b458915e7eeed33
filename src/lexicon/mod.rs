//! Reads, checks, expands and indexes everything under `lexicons/`: the words of the engine.

mod cases;
mod coded;
mod concepts;
mod conjugation;
mod cues;
mod expand;
mod folder;
mod grammar;
mod groups;
mod manifest;
mod patterns;
use crate::problem;
mod shipped;
mod table;
mod trie;
mod typo;
mod units;
mod vocabulary;
mod words;

pub use cases::{Case, Mark, parse_cases, read_cases, unmark};
pub use concepts::{Concept, Concepts, SupportSets, Term};
pub use cues::{Category, Cue, CueForm, Direction, Effect, Reach};
pub use expand::GAP;
pub use folder::Folder;
pub use grammar::{Grammar, Role};
pub(crate) use manifest::parse_toml;
pub use manifest::{Kind, Manifest};
pub use patterns::{Pattern, PatternMatch, Patterns};
pub use problem::{Problem, Problems};
pub use shipped::shipped;
pub(crate) use table::{Row, Table};
pub use trie::{NodeId, TokenTrie};
pub use typo::Typos;
pub use units::{UnitRole, UnitTerm};
pub use vocabulary::{Entry, Vocabulary, WordId};
pub use words::{DateTerm, DocumentKind, SectionKind, Subject};

use cues::Cues;
use rustc_hash::{FxHashMap, FxHashSet};
use words::{Words, name_words};

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
    /// Index of `concepts.terms`.
    pub terms: TokenTrie,
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
    pub title_typos: Typos,
    /// Words whose final point ends no sentence.
    pub abbreviations: FxHashSet<WordId>,
    /// Words and phrases of dates.
    pub dates: Vec<DateTerm>,
    /// Units and the words of measures. They stay out of `vocabulary`, where "g" is a side too.
    pub units: Vec<UnitTerm>,
    /// Described findings.
    pub patterns: Patterns,
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
        let mut problems = Vec::new();
        let manifests = read_manifests(folders, &mut problems);
        let of_kind =
            |kind: Kind| manifests.iter().zip(folders).enumerate().filter(move |(_, (m, _))| m.kind == kind);
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        let mut grammar = Grammar::default();
        of_kind(Kind::Grammar).for_each(|(_, (_, folder))| grammar.add(folder, &mut problems));
        let mut vocabulary = Vocabulary::default();
        grammar.intern(&mut vocabulary);
        let mut words = Words::default();
        let mut cues = Cues::default();
        let mut concepts = Concepts::default();
        let mut patterns = Patterns::default();
        let mut unit_terms = Vec::new();
        for (lexicon, (manifest, folder)) in manifests.iter().zip(folders).enumerate() {
            let (vocabulary, problems) = (&mut vocabulary, &mut problems);
            match manifest.kind {
                Kind::Grammar => {}
                Kind::Sections => words.add_sections(folder, vocabulary, &grammar, problems),
                Kind::Abbreviations => words.add_abbreviations(folder, vocabulary, problems),
                Kind::Documents => words.add_documents(folder, problems),
                Kind::Dates => words.add_dates(folder, vocabulary, problems),
                Kind::Units => units::read(folder, &mut unit_terms, problems),
                Kind::Cues => cues.add(folder, vocabulary, &grammar, problems),
                Kind::Concepts => {
                    concepts.add(folder, manifest, lexicon, vocabulary, &grammar, problems);
                    patterns.add(folder, &concepts, lexicon, problems);
                }
            }
        }
        if let Err(problem) = patterns.settle() {
            problems.push(problem);
        }
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        let lexicons = Self::index(manifests, vocabulary, grammar, words, cues, concepts, patterns);
        Ok(Self { units: unit_terms, ..lexicons })
    }

    fn index(
        manifests: Vec<Manifest>,
        mut vocabulary: Vocabulary,
        grammar: Grammar,
        mut words: Words,
        mut cues: Cues,
        mut concepts: Concepts,
        patterns: Patterns,
    ) -> Self {
        vocabulary.settle();
        let settled = |id: WordId| if id == GAP { GAP } else { vocabulary.find(id) };
        let trie = |keys: Vec<(Vec<WordId>, u32)>| {
            let keys = keys.into_iter().map(|(key, value)| (key.into_iter().map(settled).collect(), value));
            TokenTrie::build(keys.collect(), vocabulary.len())
        };
        for date in &mut words.dates {
            date.words.iter_mut().for_each(|word| *word = settled(*word));
        }
        Self {
            terms: trie(std::mem::take(&mut concepts.keys)),
            supports: trie(std::mem::take(&mut concepts.support_keys)),
            cue_trie: trie(std::mem::take(&mut cues.keys)),
            titles: trie(std::mem::take(&mut words.titles)),
            title_typos: Typos::new(&words.title_words, &vocabulary),
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
            patterns,
            documents: words.documents,
            document_names: words.document_names,
        }
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
            folder.require("terms.tsv")?;
            folder.require("cases.toml")?;
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
