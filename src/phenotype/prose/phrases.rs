//! The phrases of a reading, from `phenotypes/prose.toml`: looked up by key, filled in, with elision.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../../../phenotypes/prose.toml");

/// Small words that are shortened before a vowel, as they stand in `{word name}`.
const ELIDED: [(&str, &str); 2] = [("de ", "d'"), ("que ", "qu'")];

static SHIPPED: LazyLock<Phrases> = LazyLock::new(|| Phrases::read(TEXT));

/// Phrases by dotted key. A key without phrase gives the key, which tests refuse.
pub(super) struct Phrases {
    texts: BTreeMap<String, String>,
    lists: BTreeMap<String, Vec<String>>,
}

impl Phrases {
    /// The shipped ones.
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    fn read(text: &str) -> Self {
        let mut phrases = Self { texts: BTreeMap::new(), lists: BTreeMap::new() };
        let table: toml::Table = text.parse().unwrap_or_default();
        phrases.flatten("", &table);
        phrases
    }

    fn flatten(&mut self, prefix: &str, table: &toml::Table) {
        for (key, value) in table {
            let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            match value {
                toml::Value::Table(table) => self.flatten(&key, table),
                toml::Value::Array(list) => {
                    let words = list.iter().filter_map(|word| word.as_str().map(str::to_string));
                    self.lists.insert(key, words.collect());
                }
                toml::Value::String(text) => {
                    self.texts.insert(key, text.clone());
                }
                _ => {}
            }
        }
    }

    /// A phrase without places to fill.
    pub fn get<'p>(&'p self, key: &'p str) -> &'p str {
        self.find(key).unwrap_or(key)
    }

    /// A phrase, if there is one of that key.
    pub fn find(&self, key: &str) -> Option<&str> {
        self.texts.get(key).map(String::as_str)
    }

    /// The word of a list.
    pub fn word(&self, list: &str, place: usize) -> Option<&str> {
        self.lists.get(list)?.get(place).map(String::as_str)
    }

    /// A phrase with its places filled, in one pass: braces in a value stay as they are.
    pub fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        let mut rest = self.get(key);
        let mut filled = String::new();
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, tail)) = after.split_once('}') else { break };
            filled.push_str(before);
            let word = ELIDED.iter().find(|(word, _)| name.starts_with(word));
            let name = word.map_or(name, |(word, _)| &name[word.len()..]);
            let value = values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
            filled.push_str(word.map_or("", |(full, short)| if has_vowel(value) { short } else { full }));
            filled.push_str(value);
            rest = tail;
        }
        filled.push_str(rest);
        filled
    }

    /// `a, b et c`, by `list.and` or `list.or`.
    pub fn join(&self, key: &str, words: &[String]) -> String {
        match words {
            [] => String::new(),
            [one] => one.clone(),
            [first @ .., last] => self.fill(key, &[("list", &first.join(", ")), ("last", last)]),
        }
    }
}

/// Whether a word begins with a vowel, as written.
fn has_vowel(word: &str) -> bool {
    let vowel =
        |c: char| "aeiou\u{e0}\u{e2}\u{e9}\u{e8}\u{ea}\u{ee}\u{f4}\u{153}".contains(c.to_ascii_lowercase());
    word.starts_with(vowel)
}
