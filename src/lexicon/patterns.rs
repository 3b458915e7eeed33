//! Described findings (karyotypes, measures) as regular expressions, compiled into one automaton.

use super::concepts::Concepts;
use super::folder::Folder;
use super::manifest::{lines_of_entries, parse_toml};
use super::problem::Problem;
use crate::normalize::fold;
use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use regex_automata::{Input, Span as Range};
use serde::Deserialize;

/// Longest match of a pattern, in bytes: it bounds how far the automaton reads ahead, so that a search of all
/// matches is linear (an unbounded pattern made it quadratic: 10 s on 160 kB).
const LONGEST_MATCH: usize = 160;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PatternFile {
    #[serde(default)]
    pattern: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    concept: String,
    regex: String,
    #[serde(default)]
    examples: Vec<String>,
    #[serde(default)]
    counter_examples: Vec<String>,
    #[serde(rename = "note", default)]
    _note: String,
}

/// A pattern of a lexicon.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// Stable id.
    pub id: String,
    /// Index of its concept.
    pub concept: u32,
    single: Regex,
}

/// A match of a pattern in folded text.
#[derive(Clone, Debug, PartialEq)]
pub struct PatternMatch {
    /// Index of the pattern.
    pub pattern: u32,
    /// First folded byte.
    pub start: u32,
    /// One past the last folded byte.
    pub end: u32,
    /// The number of the group `value`.
    pub value: Option<f64>,
    /// Folded range of the group `unit`.
    pub unit: Option<(u32, u32)>,
}

/// All patterns, and the automaton that finds any of them in one pass.
#[derive(Default)]
pub struct Patterns {
    /// Every pattern; matches refer to them by index.
    pub patterns: Vec<Pattern>,
    sources: Vec<String>,
    combined: Option<Regex>,
}

impl Patterns {
    /// Adds the `patterns.toml` of a folder, when there is one.
    pub(super) fn add(
        &mut self,
        folder: &Folder,
        concepts: &Concepts,
        lexicon: usize,
        problems: &mut Vec<Problem>,
    ) {
        let Some(text) = folder.get("patterns.toml") else { return };
        let file = folder.path("patterns.toml");
        let entries: PatternFile = match parse_toml(&file, text) {
            Ok(entries) => entries,
            Err(problem) => return problems.push(problem),
        };
        let lines = lines_of_entries(text, "[[pattern]]");
        for (i, entry) in entries.pattern.into_iter().enumerate() {
            let line = lines.get(i).copied().unwrap_or(1);
            let mut fail = |message: String| problems.push(Problem::at(&file, line, message));
            if self.patterns.iter().any(|p| p.id == entry.id) {
                fail(format!("duplicate id: pattern {:?}", entry.id));
                continue;
            }
            let Some(concept) = concepts.find(lexicon, &entry.concept) else {
                if concepts.is_disabled(&entry.concept) {
                    continue;
                }
                fail(format!("unknown concept {:?}; add it to terms.tsv", entry.concept));
                continue;
            };
            match compile(&entry) {
                Ok(single) => {
                    self.patterns.push(Pattern { id: entry.id, concept, single });
                    self.sources.push(entry.regex);
                }
                Err(message) => fail(message),
            }
        }
    }

    /// Compiles all patterns into one automaton. Call once, after the last `add`.
    pub(super) fn settle(&mut self) -> Result<(), Problem> {
        if !self.sources.is_empty() {
            let combined = builder().build_many(&self.sources);
            self.combined = Some(combined.map_err(|e| Problem::of("patterns.toml", e.to_string()))?);
        }
        Ok(())
    }

    /// Calls `each` with the leftmost matches of all patterns in folded text; the first pattern wins at a place.
    pub fn find(&self, text: &str, mut each: impl FnMut(PatternMatch)) {
        let Some(combined) = &self.combined else { return };
        for found in combined.find_iter(text) {
            // Without Unicode classes a match may end inside a character; such a match is none.
            if text.is_char_boundary(found.start()) && text.is_char_boundary(found.end()) {
                each(self.describe(found.pattern().as_u32(), text, found.span()));
            }
        }
    }

    fn describe(&self, pattern: u32, text: &str, span: Range) -> PatternMatch {
        let mut found =
            PatternMatch { pattern, start: span.start as u32, end: span.end as u32, value: None, unit: None };
        let single = &self.patterns[pattern as usize].single;
        if single.captures_len() > 1 {
            let mut groups = single.create_captures();
            single.captures(Input::new(text).span(span), &mut groups);
            let value = groups.get_group_by_name("value").and_then(|g| text.get(g.range()));
            found.value = value.and_then(|v| v.trim().replace(' ', "").replace(',', ".").parse().ok());
            found.unit = groups.get_group_by_name("unit").map(|g| (g.start as u32, g.end as u32));
        }
        found
    }
}

fn builder() -> regex_automata::meta::Builder {
    let mut builder = Regex::builder();
    builder.syntax(syntax::Config::new().unicode(false).utf8(false));
    builder.configure(Regex::config().utf8_empty(false));
    builder
}

fn compile(entry: &Entry) -> Result<Regex, String> {
    let hir = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(&entry.regex);
    let hir = hir.map_err(|e| format!("not a regular expression: {e}"))?;
    if hir.properties().maximum_len().is_none_or(|most| most > LONGEST_MATCH) {
        return Err(format!(
            "may match more than {LONGEST_MATCH} bytes; bound every repetition, as in {{0,30}}"
        ));
    }
    if hir.properties().minimum_len().is_none_or(|least| least == 0) {
        return Err("may match nothing; ask for at least one character".into());
    }
    let regex = builder().build(&entry.regex).map_err(|e| e.to_string())?;
    for example in &entry.examples {
        let text = fold(example);
        if !regex.find(text.text()).is_some_and(|m| m.start() == 0 && m.end() == text.text().len()) {
            return Err(format!("example {example:?} does not match as a whole"));
        }
    }
    match entry.counter_examples.iter().find(|example| regex.is_match(fold(example).text())) {
        Some(example) => Err(format!("counter-example {example:?} matches")),
        None => Ok(regex),
    }
}
