//! The words that any lexicon knows, with their inflected forms: each surface form leads to one word id.

use super::grammar::Role;
use super::problem::Problem;
use super::table::Table;
use crate::normalize::{TokenKind, fold, tokenize};
use rustc_hash::{FxHashMap, FxHashSet};

/// Id of a word known to some lexicon; all the inflected forms of a word share it. 0 is "unknown".
pub type WordId = u32;

/// Shortest word that is inflected, in characters: shorter ones are function words and abbreviations.
const SHORTEST_INFLECTED: usize = 4;
/// Shortest word that takes a plural when it has no plural mark yet ("bot").
const SHORTEST_PLURAL: usize = 3;

/// An ending and what may stand in its place, both as written and folded.
struct Ending {
    written: String,
    folded_len: usize,
    replacements: Vec<String>,
}

/// Rules of inflection, longest ending first.
#[derive(Default)]
pub(super) struct Inflection {
    endings: Vec<Ending>,
}

impl Inflection {
    /// Reads `inflection.tsv`: `ending` and the space-separated `forms` that may replace it (`-` for nothing).
    pub fn read(file: &str, text: &str, problems: &mut Vec<Problem>) -> Self {
        let Some(table) = Table::read(file, text, ["ending", "forms", "note"], 2, problems) else {
            return Self::default();
        };
        let mut endings: Vec<Ending> = table
            .rows
            .iter()
            .map(|row| {
                let written = table.cell(row, 0).trim_start_matches('-').to_lowercase();
                let forms = table.cell(row, 1).split_whitespace();
                let replacements =
                    forms.map(|form| fold(form.trim_start_matches('-')).text().to_string()).collect();
                Ending { folded_len: fold(&written).text().len(), written, replacements }
            })
            .collect();
        endings.sort_by_key(|e| std::cmp::Reverse(e.written.len()));
        Self { endings }
    }

    /// True when `form` is one of the forms derived from `written`, with the same accents.
    pub fn derives(&self, written: &str, form: &str) -> bool {
        let may = written.chars().count() >= SHORTEST_INFLECTED && form.starts_with(written);
        may && self.forms(written, fold(written).text()).any(|derived| derived == fold(form).text())
    }

    /// The other forms of a word, folded; `written` has its accents, `folded` has none.
    fn forms(&self, written: &str, folded: &str) -> impl Iterator<Item = String> {
        let rule = self.endings.iter().find(|e| written.ends_with(&e.written));
        rule.into_iter().flat_map(move |ending| {
            let stem = folded[..folded.len().saturating_sub(ending.folded_len)].to_string();
            ending.replacements.iter().map(move |form| format!("{stem}{form}"))
        })
    }
}

/// What is known of a surface form. Forms of one word share the id but not the roles: "confirmée" is no verb.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entry {
    /// The word; 0 when no lexicon has the form.
    pub word: WordId,
    /// What the form may do in a sentence.
    pub role: Role,
}

/// The surface forms of all lexicons.
#[derive(Default)]
pub struct Vocabulary {
    entries: FxHashMap<Box<str>, Entry>,
    /// Written forms whose other forms are known.
    inflected: FxHashSet<Box<str>>,
    /// Union-find: words whose forms meet are one word.
    parents: Vec<WordId>,
}

impl Vocabulary {
    /// What is known of a folded surface form.
    pub fn get(&self, folded: &str) -> Entry {
        self.entries.get(folded).copied().unwrap_or_default()
    }

    /// Every folded surface form that leads to a word, sorted.
    pub fn forms(&self, is_meant: impl Fn(WordId) -> bool) -> Vec<&str> {
        let mut forms: Vec<&str> =
            self.entries.iter().filter(|(_, entry)| is_meant(entry.word)).map(|(form, _)| &**form).collect();
        forms.sort_unstable();
        forms
    }

    /// Every folded surface form with its word.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, WordId)> {
        self.entries.iter().map(|(form, entry)| (&**form, entry.word))
    }

    /// Gives a role to a surface form.
    pub(super) fn give(&mut self, folded: &str, role: Role) {
        self.intern(folded);
        if let Some(entry) = self.entries.get_mut(folded) {
            entry.role = entry.role.and(role);
        }
    }

    /// One past the highest id.
    pub fn len(&self) -> usize {
        self.parents.len() + 1
    }

    /// True when no lexicon holds a word.
    pub fn is_empty(&self) -> bool {
        self.parents.is_empty()
    }

    pub(super) fn intern(&mut self, folded: &str) -> WordId {
        if let Some(entry) = self.entries.get(folded) {
            return entry.word;
        }
        let word = self.len() as WordId;
        self.parents.push(word);
        self.entries.insert(folded.into(), Entry { word, role: Role::default() });
        word
    }

    /// Interns a word with its other forms.
    pub(super) fn intern_inflected(
        &mut self,
        written: &str,
        folded: &str,
        inflection: &Inflection,
    ) -> WordId {
        let id = self.intern(folded);
        let length = written.chars().count();
        let takes_plural = length >= SHORTEST_PLURAL
            && self.get(folded).role == Role::default()
            && !folded.ends_with(['s', 'x']);
        // By the written form: "confirme" and "confirmé" fold alike and have other forms.
        if (length >= SHORTEST_INFLECTED || takes_plural) && self.inflected.insert(written.into()) {
            for form in inflection.forms(written, folded) {
                self.alias(&form, id);
            }
        }
        id
    }

    /// Makes `folded` a form of the word `id`.
    pub(super) fn alias(&mut self, folded: &str, id: WordId) {
        match self.entries.get(folded).map(|entry| entry.word) {
            Some(other) => self.unite(id, other),
            None => {
                self.entries.insert(folded.into(), Entry { word: id, role: Role::default() });
            }
        }
    }

    fn unite(&mut self, a: WordId, b: WordId) {
        let (a, b) = (self.find(a), self.find(b));
        self.parents[a.max(b) as usize - 1] = a.min(b);
    }

    /// The word that stands for `id` after all unions.
    pub(super) fn find(&self, mut id: WordId) -> WordId {
        while id != 0 && self.parents[id as usize - 1] != id {
            id = self.parents[id as usize - 1];
        }
        id
    }

    /// Replaces every id by the word that stands for it. Call once, after the last `intern`.
    pub(super) fn settle(&mut self) {
        let roots: Vec<WordId> = (0..self.len() as WordId).map(|id| self.find(id)).collect();
        for entry in self.entries.values_mut() {
            entry.word = roots[entry.word as usize];
        }
        self.parents.iter_mut().zip(&roots[1..]).for_each(|(parent, root)| *parent = *root);
    }
}

/// One token of a term of a lexicon.
#[derive(Clone, Debug)]
pub(super) struct TermToken {
    /// As written, in lower case.
    pub written: String,
    /// Folded.
    pub folded: String,
    pub kind: TokenKind,
    /// No white space stands before it.
    pub glued: bool,
}

/// Cuts a term as the engine cuts a text.
pub(super) fn cut(term: &str) -> Vec<TermToken> {
    let folded = fold(term);
    let mut tokens = Vec::new();
    tokenize(folded.text(), |t| {
        tokens.push(TermToken {
            written: folded.original_slice(t.start, t.end).to_lowercase(),
            folded: folded.text()[t.start as usize..t.end as usize].to_string(),
            kind: t.kind,
            glued: !t.space_before,
        });
    });
    tokens
}
