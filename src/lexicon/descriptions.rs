//! Findings told in other words: parts that stand near one another in a sentence, in any order.

use super::cases::unmark;
use super::concepts::Concepts;
use super::expand::{braces, concept_keys};
use super::folder::Folder;
use super::grammar::Grammar;
use super::manifest::{lines_of_entries, parse_toml};
use super::mechanism::Mechanisms;
use super::problem::Problem;
use super::vocabulary::{Vocabulary, WordId};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

/// Most parts of one description.
const MOST_PARTS: usize = 6;
/// Most words between two neighbouring parts that a description may allow.
const FARTHEST: u8 = 12;
/// Words between two neighbouring parts, unless the description says otherwise.
const USUAL: u8 = 2;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    words: Vec<WordSet>,
    #[serde(default)]
    description: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordSet {
    id: String,
    words: Vec<String>,
    #[serde(rename = "note", default)]
    _note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    concept: String,
    parts: Vec<Vec<String>>,
    within: Option<u8>,
    #[serde(default)]
    ordered: bool,
    #[serde(default)]
    across: bool,
    #[serde(default)]
    without: Vec<String>,
    #[serde(default)]
    examples: Vec<String>,
    #[serde(default)]
    counter_examples: Vec<String>,
    #[serde(rename = "note", default)]
    _note: String,
}

/// A description of a lexicon.
#[derive(Clone, Debug)]
pub struct Description {
    /// Stable id.
    pub id: String,
    /// Index of its concept.
    pub concept: u32,
    /// For each part, the number of its set of phrases.
    pub parts: Vec<u32>,
    /// Most words between two neighbouring parts.
    pub within: u8,
    /// The parts stand in the order given.
    pub ordered: bool,
    /// A comma, a bracket or a coordinator may stand between the parts.
    pub across: bool,
    /// The set of phrases none of which may stand in or beside it.
    pub without: Option<u32>,
    /// Sentences with the span that is found in them; and sentences in which its concept is not found.
    pub examples: Vec<Example>,
}

/// A sentence that a description reads, or leaves alone.
#[derive(Clone, Debug)]
pub struct Example {
    /// `file:line`.
    pub place: String,
    /// The sentence.
    pub text: String,
    /// It shows what is found, not what is left alone.
    pub is_found: bool,
    /// The bytes that are found, where it says.
    pub span: Option<(u32, u32)>,
}

/// All descriptions, as read.
#[derive(Default)]
pub struct Descriptions {
    /// Every description; mentions refer to them by index.
    pub descriptions: Vec<Description>,
    /// For each set of phrases, the descriptions that are looked for where one of its phrases stands.
    pub anchored: Vec<Vec<u32>>,
    /// Phrases, with the number of their set.
    pub(super) keys: Vec<(Vec<WordId>, u32)>,
    sets: FxHashMap<Vec<String>, u32>,
}

impl Descriptions {
    /// Adds the `descriptions.toml` and `descriptions-….toml` of a folder.
    pub(super) fn add(
        &mut self,
        folder: &Folder,
        concepts: &Concepts,
        lexicon: usize,
        vocabulary: &mut Vocabulary,
        grammar: &Grammar,
        problems: &mut Vec<Problem>,
    ) {
        let known: FxHashMap<&str, u32> = concepts.ids_of(lexicon).collect();
        let find = |id: &str| match known.get(id) {
            None if concepts.is_disabled(id) => Ok(None),
            None => Err(format!("unknown concept {id:?}; add it to terms.tsv")),
            found => Ok(found.copied()),
        };
        let mut seen = FxHashSet::default();
        for (name, text) in folder.descriptions() {
            self.add_file(&folder.path(name), text, &find, &mut seen, vocabulary, grammar, problems);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn add_file(
        &mut self,
        file: &str,
        text: &str,
        find: &dyn Fn(&str) -> Result<Option<u32>, String>,
        seen: &mut FxHashSet<String>,
        vocabulary: &mut Vocabulary,
        grammar: &Grammar,
        problems: &mut Vec<Problem>,
    ) {
        let entries: File = match parse_toml(file, text) {
            Ok(entries) => entries,
            Err(problem) => return problems.push(problem),
        };
        let (sets, lines) = (lines_of_entries(text, "[[words]]"), lines_of_entries(text, "[[description]]"));
        let mut shared: FxHashMap<String, Vec<String>> = FxHashMap::default();
        for (i, set) in entries.words.into_iter().enumerate() {
            let line = sets.get(i).copied().unwrap_or(1);
            if shared.insert(set.id.clone(), set.words).is_some() {
                problems.push(Problem::at(file, line, format!("duplicate id: words {:?}", set.id)));
            }
        }
        for (i, entry) in entries.description.into_iter().enumerate() {
            let line = lines.get(i).copied().unwrap_or(1);
            let unique = match seen.insert(entry.id.clone()) {
                true => Ok(()),
                false => Err(format!("duplicate id: description {:?}", entry.id)),
            };
            let read = unique.and_then(|()| match find(&entry.concept)? {
                Some(concept) => {
                    self.read(entry, concept, &format!("{file}:{line}"), &shared, vocabulary, grammar)
                }
                None => Ok(()),
            });
            if let Err(message) = read {
                problems.push(Problem::at(file, line, message));
            }
        }
    }

    fn read(
        &mut self,
        entry: Entry,
        concept: u32,
        place: &str,
        shared: &FxHashMap<String, Vec<String>>,
        vocabulary: &mut Vocabulary,
        grammar: &Grammar,
    ) -> Result<(), String> {
        let within = entry.within.unwrap_or(USUAL);
        if !(2..=MOST_PARTS).contains(&entry.parts.len()) {
            return Err(format!("has {} parts; write 2 to {MOST_PARTS}, or a term", entry.parts.len()));
        }
        if within > FARTHEST {
            return Err(format!("within is {within}; at most {FARTHEST} words may stand between two parts"));
        }
        let mut set = |words: &[String]| self.set(words, shared, vocabulary, grammar);
        let parts = entry.parts.iter().map(|part| set(part)).collect::<Result<Vec<u32>, String>>()?;
        let without = (!entry.without.is_empty()).then(|| set(&entry.without)).transpose()?;
        let found = entry.examples.iter().map(|text| (text, true));
        let left = entry.counter_examples.iter().map(|text| (text, false));
        let examples = found.chain(left).map(|(text, is_found)| example(place, text, is_found));
        let examples = examples.collect::<Result<Vec<_>, String>>()?;
        self.descriptions.push(Description {
            id: entry.id,
            concept,
            parts,
            within,
            ordered: entry.ordered,
            across: entry.across,
            without,
            examples,
        });
        Ok(())
    }

    /// The number of a set of phrases; equal sets share one.
    fn set(
        &mut self,
        words: &[String],
        shared: &FxHashMap<String, Vec<String>>,
        vocabulary: &mut Vocabulary,
        grammar: &Grammar,
    ) -> Result<u32, String> {
        let mut phrases = Vec::new();
        for word in words {
            match word.strip_prefix('@') {
                None => phrases.push(word.clone()),
                Some(id) => phrases.extend(
                    shared
                        .get(id)
                        .ok_or_else(|| format!("unknown words {id:?}; add a [[words]] of this id"))?
                        .clone(),
                ),
            }
        }
        phrases.sort();
        phrases.dedup();
        if phrases.is_empty() {
            return Err("a part has no words".into());
        }
        if let Some(known) = self.sets.get(&phrases) {
            return Ok(*known);
        }
        let number = self.sets.len() as u32;
        for phrase in &phrases {
            let written = grammar.conjugation.expand(phrase, &grammar.inflection)?;
            for form in braces(&written).ok_or("a brace is not closed")? {
                let keys = concept_keys(&form, false, Mechanisms::default(), vocabulary, grammar);
                if keys.is_empty() {
                    return Err(format!("part {phrase:?} is empty: write words that count"));
                }
                self.keys.extend(keys.into_iter().map(|key| (key, number)));
            }
        }
        self.sets.insert(phrases, number);
        Ok(number)
    }

    /// Anchors each description at the part whose phrases are looked for by the fewest. Call once, after the last `add`.
    pub(super) fn settle(&mut self) {
        let mut uses = vec![0_u32; self.sets.len()];
        self.descriptions.iter().flat_map(|d| &d.parts).for_each(|set| uses[*set as usize] += 1);
        self.anchored = vec![Vec::new(); self.sets.len()];
        for (number, description) in self.descriptions.iter().enumerate() {
            if let Some(anchor) = description.parts.iter().min_by_key(|set| uses[**set as usize]) {
                self.anchored[*anchor as usize].push(number as u32);
            }
        }
    }
}

fn example(place: &str, text: &str, is_found: bool) -> Result<Example, String> {
    let (plain, marks) = unmark(&text.replace("}}", "|}}"))?;
    match marks.as_slice() {
        [] | [_] => Ok(Example {
            place: place.to_string(),
            text: plain,
            is_found,
            span: marks.first().map(|mark| (mark.start, mark.end)),
        }),
        _ => Err(format!("example {text:?} has more than one mark")),
    }
}
