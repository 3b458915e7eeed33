//! Mentions in words that no lexicon holds: a model tags the findings of a sentence, and a linker looks for their concept.

use super::link::Linker;
use super::{Mention, Rule};
use crate::lexicon::{Lexicons, Role, WordId};
use crate::model::{Head, Model, ModelError, softmax};
use crate::segment::{Segmented, TokenKind, TokenRange, fold};
use crate::span::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// From how many concepts on that begin with a word it is a head, unless the manifest says otherwise (`head_concepts`; 0: no
/// word is one). "Atrésie", "absence", "malformation" begin findings of many kinds.
const HEAD_CONCEPTS: f32 = 4.0;
/// Longest finding that is believed, in tokens.
const LONGEST: u32 = 24;

/// A model with a head for mentions, and which sentences it reads.
pub struct Tagger {
    model: Arc<Model>,
    linker: Linker,
    /// Words that begin the terms of several concepts.
    heads: FxHashSet<WordId>,
    /// For each label, whether it begins or continues a finding.
    labels: Vec<Label>,
    always: bool,
    found_from: f32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    Outside,
    Begin,
    Inside,
}

/// A sentence, or a part of a long one, to be tagged.
#[derive(Clone, Debug, PartialEq)]
pub struct Sentence {
    /// Token ids, special tokens included.
    pub ids: Vec<u32>,
    /// Original bytes of each piece, special tokens left out.
    pieces: Vec<Span>,
}

/// A finding that the model sees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tagged {
    /// Original bytes.
    pub span: Span,
    /// The concept it is linked to, when one is near enough.
    pub concept: Option<u32>,
    /// Chance that it is right, 0 to 1.
    pub chance: f32,
}

impl Tagger {
    /// A tagger of this model, or `None` when it has no head for mentions. `always` reads every sentence, else those where
    /// a head of terms stands outside all mentions.
    ///
    /// # Errors
    /// A label that is not of the form `O`, `B-…`, `I-…`.
    pub fn new(model: Arc<Model>, lexicons: &Lexicons, always: bool) -> Result<Option<Self>, ModelError> {
        let Some(head) = &model.heads().mention else { return Ok(None) };
        let labels = head.labels.iter().map(|label| label_of(label)).collect::<Result<_, _>>()?;
        let found_from = model.calibration("mention").unwrap_or(0.5);
        let concepts = model.calibration("head_concepts").unwrap_or(HEAD_CONCEPTS) as usize;
        let (linker, heads) = (Linker::new(&model, lexicons), heads(lexicons, concepts));
        Ok(Some(Self { linker, heads, labels, always, found_from, model }))
    }

    /// The sentences of a report to be read, given the mentions that are found already.
    ///
    /// # Errors
    /// The tokenizer refuses a text.
    pub fn sentences(
        &self,
        segmented: &Segmented,
        mentions: &[Mention],
    ) -> Result<Vec<Sentence>, ModelError> {
        let mut sentences = Vec::new();
        if !self.always && self.heads.is_empty() {
            return Ok(sentences);
        }
        let taken = taken(segmented, mentions);
        let is_loose = |i: usize| self.heads.contains(&segmented.tokens[i].word) && !taken[i];
        for &sentence in &segmented.sentences {
            if self.always || sentence.indices().any(is_loose) {
                self.cut(segmented.span(sentence), segmented.original(), &mut sentences)?;
            }
        }
        Ok(sentences)
    }

    fn cut(&self, sentence: Span, text: &str, sentences: &mut Vec<Sentence>) -> Result<(), ModelError> {
        let tokenizer = self.model.tokenizer();
        let pieces = tokenizer.encode(sentence.slice(text))?;
        for part in pieces.chunks(self.model.max_length().saturating_sub(2).max(1)) {
            let ids = [tokenizer.bos].into_iter().chain(part.iter().map(|p| p.id)).chain([tokenizer.eos]);
            let place = |p: &crate::model::Piece| Span::new(sentence.start + p.start, sentence.start + p.end);
            sentences.push(Sentence { ids: ids.collect(), pieces: part.iter().map(place).collect() });
        }
        Ok(())
    }

    /// The findings of a sentence of a report, of its hidden states.
    ///
    /// # Errors
    /// A number that is not finite.
    pub fn read(&self, text: &str, sentence: &Sentence, states: &[f32]) -> Result<Vec<Tagged>, ModelError> {
        let hidden = self.model.config().hidden;
        let findings = self.findings(sentence, states, hidden)?;
        let tagged = |(first, last, chance): (usize, usize, f32)| {
            let span = Span::new(sentence.pieces[first].start, sentence.pieces[last].end);
            let states = &states[(first + 1) * hidden..(last + 2) * hidden];
            let link = self.linker.link(&self.model, span.slice(text), states)?;
            Ok(Tagged { span, concept: link, chance })
        };
        findings.into_iter().map(tagged).collect()
    }

    /// First and last piece of each finding, with the lowest chance of its pieces.
    fn findings(
        &self,
        sentence: &Sentence,
        states: &[f32],
        hidden: usize,
    ) -> Result<Vec<(usize, usize, f32)>, ModelError> {
        let Some(head) = &self.model.heads().mention else { return Ok(Vec::new()) };
        let mut findings: Vec<(usize, usize, f32)> = Vec::new();
        let mut is_open = false;
        for piece in 0..sentence.pieces.len() {
            let (label, chance) = self.label(head, &states[(piece + 1) * hidden..(piece + 2) * hidden])?;
            match (label, findings.last_mut()) {
                (Label::Outside, _) => is_open = false,
                (Label::Inside, Some(last)) if is_open => (last.1, last.2) = (piece, last.2.min(chance)),
                _ => {
                    findings.push((piece, piece, chance));
                    is_open = true;
                }
            }
        }
        findings.retain(|(_, _, chance)| *chance >= self.found_from);
        Ok(findings)
    }

    /// The likeliest label of a piece, with the chance that it is in a finding.
    fn label(&self, head: &Head, state: &[f32]) -> Result<(Label, f32), ModelError> {
        let chances = softmax(&head.logits(state)?, 1.0);
        let of = |wanted: Label| {
            let of_it = self.labels.iter().zip(&chances).filter(|(label, _)| **label == wanted);
            of_it.map(|(_, chance)| *chance).sum::<f32>()
        };
        let outside = of(Label::Outside);
        Ok(match outside >= 0.5 {
            true => (Label::Outside, 1.0 - outside),
            false if of(Label::Begin) >= of(Label::Inside) => (Label::Begin, 1.0 - outside),
            false => (Label::Inside, 1.0 - outside),
        })
    }

    /// The model that is asked.
    pub fn model(&self) -> &Model {
        &self.model
    }
}

/// The mentions found already and those tagged besides, in text order; what touches a mention found already, or is longer
/// than any finding, is left out.
pub fn with_tagged(segmented: &Segmented, found: Vec<Mention>, tagged: &[Tagged]) -> Vec<Mention> {
    let mut mentions = found;
    let taken = taken(segmented, &mentions);
    for one in tagged {
        let tokens = trimmed(segmented, segmented.tokens_in_span(one.span));
        let length = tokens.end - tokens.start;
        if (1..=LONGEST).contains(&length) && !taken[tokens.indices()].contains(&true) {
            let percent = (one.chance * 100.0).round() as u8;
            let span = segmented.span(tokens);
            mentions.push(Mention {
                concept: one.concept,
                rule: Rule::Tagged(percent),
                span,
                ..Mention::given(segmented, one.span)
            });
        }
    }
    mentions.sort_by_key(|m| (m.tokens, m.rule));
    mentions
}

/// For each token whether a mention holds it.
fn taken(segmented: &Segmented, mentions: &[Mention]) -> Vec<bool> {
    let mut taken = vec![false; segmented.tokens.len()];
    mentions.iter().for_each(|mention| taken[mention.tokens.indices()].fill(true));
    taken
}

/// Without articles, prepositions, sides and degrees at the ends: a lexicon's mentions have none there either.
fn trimmed(segmented: &Segmented, tokens: TokenRange) -> TokenRange {
    let loose = [
        Role::ARTICLE,
        Role::MODIFIER,
        Role::COORDINATOR,
        Role::PREPOSITION,
        Role::DETERMINER,
        Role::PARTITIVE,
    ];
    let is_loose = |token: usize| {
        let token = &segmented.tokens[token];
        token.kind != TokenKind::Word && token.kind != TokenKind::Number
            || loose.iter().any(|role| token.role.has(*role))
    };
    let start = tokens.indices().find(|&token| !is_loose(token)).unwrap_or(tokens.end as usize);
    let end = tokens.indices().rfind(|&token| !is_loose(token)).map_or(start, |last| last + 1);
    TokenRange::new(start, end)
}

fn label_of(label: &str) -> Result<Label, ModelError> {
    match label.split_once('-').map_or(label, |(first, _)| first) {
        "O" => Ok(Label::Outside),
        "B" => Ok(Label::Begin),
        "I" => Ok(Label::Inside),
        _ => Err(ModelError::Unfit { expected: "labels O, B-… and I-…", found: label.to_string() }),
    }
}

/// The words that begin the terms of at least so many concepts; none for 0.
fn heads(lexicons: &Lexicons, least: usize) -> FxHashSet<WordId> {
    let mut concepts: FxHashMap<WordId, FxHashSet<u32>> = FxHashMap::default();
    for term in lexicons.concepts.terms.iter().filter(|term| !term.ambiguous) {
        let first = term.text.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty());
        let word = first.map(|first| lexicons.vocabulary.get(fold(first).text()).word);
        if let Some(word) = word.filter(|word| *word != 0) {
            concepts.entry(word).or_default().insert(term.concept);
        }
    }
    concepts.retain(|_, concepts| least > 0 && concepts.len() >= least);
    concepts.into_keys().collect()
}
