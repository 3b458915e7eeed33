//! What the lexicons miss in a corpus: phrases behind known heads, abbreviations with their definitions, misspelt terms.

use super::{Mention, definition};
use crate::lexicon::{Lexicons, Role};
use crate::segment::{Segmented, TokenKind, TokenRange};
use rustc_hash::{FxHashMap, FxHashSet};

/// Words of a phrase, its head included.
const MOST_WORDS: usize = 5;
/// Terms of at least so many concepts begin with a head.
const HEAD_CONCEPTS: usize = 3;
/// Words that an abbreviation in brackets may stand for.
const LONGEST_DEFINITION: usize = 8;

/// What is suggested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A noun phrase that begins as terms do.
    Phrase,
    /// An abbreviation, with what the reports say it stands for.
    Abbreviation,
    /// A word that is one letter away from one of a term.
    Misspelling,
}

/// A phrase that the lexicons do not hold, with what it may mean.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Suggestion {
    /// What it is.
    pub kind: Kind,
    /// The phrase, folded.
    pub phrase: String,
    /// Its definition, or the word it is near to; empty for a phrase.
    pub meaning: String,
}

/// Reads reports for what the lexicons miss.
pub struct Suggester<'l> {
    lexicons: &'l Lexicons,
    heads: FxHashSet<String>,
}

impl<'l> Suggester<'l> {
    /// A suggester beside these lexicons.
    pub fn new(lexicons: &'l Lexicons) -> Self {
        let mut concepts: FxHashMap<String, FxHashSet<u32>> = FxHashMap::default();
        for term in lexicons.concepts.terms.iter().filter(|t| !t.ambiguous && t.capitals.is_none()) {
            let folded = crate::segment::fold(&term.text).text().to_string();
            let mut words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
            let head = words.next().filter(|head| head.len() > 3);
            if let Some(head) = head.filter(|_| words.next().is_some()) {
                concepts.entry(head.to_string()).or_default().insert(term.concept);
            }
        }
        concepts.retain(|_, of| of.len() >= HEAD_CONCEPTS);
        Self { lexicons, heads: concepts.into_keys().collect() }
    }

    /// What a report holds and the lexicons do not, each once.
    pub fn read(&self, segmented: &Segmented, mentions: &[Mention]) -> FxHashSet<Suggestion> {
        let mut taken = vec![false; segmented.tokens.len()];
        mentions.iter().for_each(|mention| taken[mention.tokens.indices()].fill(true));
        let mut found = FxHashSet::default();
        for (token, is_taken) in taken.iter().enumerate() {
            found.extend(self.abbreviation(segmented, token));
            found.extend(self.misspelling(segmented, token));
            if !is_taken {
                found.extend(self.phrase(segmented, &taken, token));
            }
        }
        found
    }

    /// A head with the adjectives and complements behind it.
    fn phrase(&self, segmented: &Segmented, taken: &[bool], head: usize) -> Option<Suggestion> {
        let word = segmented.word(head);
        let singular = word.strip_suffix('s').unwrap_or(word);
        if !self.heads.contains(word) && !self.heads.contains(singular) {
            return None;
        }
        let sentence = segmented.sentence_of(head);
        let (mut end, mut words, mut opened) = (head + 1, 1, false);
        for (i, is_taken) in taken.iter().enumerate().take(sentence.end as usize).skip(head + 1) {
            let token = &segmented.tokens[i];
            let is_article = token.role.has(Role::ARTICLE);
            let is_word = token.kind == TokenKind::Word && !is_taken && words < MOST_WORDS;
            let is_adjective = self.lexicons.grammar.looks_like_adjective(segmented.word(i));
            let belongs = is_word && !is_verb(token.role) && (opened || is_adjective) && !is_article;
            if belongs {
                (end, words, opened) = (i + 1, words + 1, false);
            } else if is_article && !opened {
                opened = true;
            } else if token.kind != TokenKind::Newline && !segmented.is_mark(i, b'-') {
                break;
            }
        }
        (words > 1).then(|| Suggestion {
            kind: Kind::Phrase,
            phrase: phrase_of(segmented, TokenRange::new(head, end)),
            meaning: String::new(),
        })
    }

    /// An abbreviation alone in brackets behind the words that spell it.
    fn abbreviation(&self, segmented: &Segmented, token: usize) -> Option<Suggestion> {
        let short = TokenRange::new(token, token + 1);
        let is_known = segmented.tokens[token].word != 0;
        let open = definition::opening(segmented, short)?;
        if is_known || !definition::is_short(segmented, token) {
            return None;
        }
        let from = definition::spelt_from(segmented, open, short)?;
        let long = TokenRange::new(from, open);
        let is_long = (long.end - long.start) as usize <= 2 * LONGEST_DEFINITION;
        is_long.then(|| Suggestion {
            kind: Kind::Abbreviation,
            phrase: segmented.written(token).to_string(),
            meaning: phrase_of(segmented, long),
        })
    }

    /// A word that no lexicon knows and that is one letter away from one of a term.
    fn misspelling(&self, segmented: &Segmented, token: usize) -> Option<Suggestion> {
        let at = &segmented.tokens[token];
        if at.word != 0 || at.kind != TokenKind::Word {
            return None;
        }
        let (_, meant) = self.lexicons.term_spelling.correct(segmented.word(token))?;
        let (phrase, meaning) = (segmented.word(token).to_string(), meant.to_string());
        Some(Suggestion { kind: Kind::Misspelling, phrase, meaning })
    }
}

fn is_verb(role: Role) -> bool {
    [
        Role::VERB,
        Role::PRONOUN,
        Role::SUBORDINATOR,
        Role::COORDINATOR,
        Role::PREPOSITION,
        Role::NEGATION_CLOSE,
    ]
    .iter()
    .any(|one| role.has(*one))
}

/// The folded words of a phrase, joined as they are written.
fn phrase_of(segmented: &Segmented, tokens: TokenRange) -> String {
    let mut phrase = String::new();
    for i in tokens.indices() {
        let token = &segmented.tokens[i];
        if token.kind == TokenKind::Newline {
            continue;
        }
        if !phrase.is_empty() && token.space_before {
            phrase.push(' ');
        }
        phrase.push_str(segmented.word(i));
    }
    phrase
}
