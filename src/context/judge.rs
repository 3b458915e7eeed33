//! Asks a model about mentions whose reading by the rules may be wrong, and says what it answers.

use super::question::{Facts, Question};
use crate::event::{Assertion, Experiencer, Reading, Temporality};
use crate::model::{Head, Model, ModelError, argmax, marked, softmax};
use crate::segment::Span;
use std::sync::Arc;

/// Most pieces of a report's title and of a section's title that are read.
const TITLE_PIECES: usize = 10;
const SECTION_PIECES: usize = 8;
/// Fewest pieces of a sequence: what stands before a window, and as much again to read.
const LEAST_LENGTH: usize = 64;

/// Chance of presence that each class of an assertion stands for: `docs/context.md`, Certainty.
const CLASSES: [(&str, Assertion, f64); 7] = [
    ("present", Assertion::Present, 1.0),
    ("absent", Assertion::Absent, 1.0),
    ("possible-low", Assertion::Possible, 0.28),
    ("possible-mid", Assertion::Possible, 0.68),
    ("possible-high", Assertion::Possible, 0.86),
    ("hypothetical", Assertion::Hypothetical, 0.1),
    ("not_assessed", Assertion::NotAssessed, 0.0),
];

/// A model with heads for the context, and how it is asked.
#[derive(Clone)]
pub struct Judge {
    model: Arc<Model>,
    gate: Vec<f64>,
    bias: f64,
    /// The rules' verdict is asked about where the gate's log-odds reach this.
    ask_from: f64,
    assertions: Attribute<usize>,
    experiencers: Attribute<Experiencer>,
    times: Attribute<Temporality>,
}

/// How one head is read.
#[derive(Clone)]
struct Attribute<T> {
    values: Vec<T>,
    temperature: f32,
    /// The chance from which the model overrules the rules.
    overrules_from: f32,
}

/// The pieces that a model reads, and the spans it is asked about in them.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence {
    /// Token ids, special tokens included.
    pub ids: Vec<u32>,
    /// The questions: number given by the caller, first and last piece of the span, facts.
    pub spans: Vec<(usize, usize, usize, Facts)>,
}

/// What the model says of a mention; each attribute with its chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Opinion {
    assertion: (Assertion, f64, f32),
    experiencer: (Experiencer, f32),
    temporality: (Temporality, f32),
}

/// What is told of a report besides its text.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'d> {
    /// Type of the report, as the contract spells it.
    pub document_type: Option<&'d str>,
    /// Its title.
    pub title: Option<&'d str>,
}

impl Judge {
    /// A judge that asks this model; `always` asks about every mention, else the gate decides.
    ///
    /// # Errors
    /// The model lacks a head for the context, or was trained with other facts or classes.
    pub fn new(model: Arc<Model>, always: bool) -> Result<Self, ModelError> {
        let heads = model.heads();
        let facts = heads.dense.as_ref().map(|dense| dense.facts.as_slice()).unwrap_or_default();
        if facts != Facts::NAMES {
            let other = facts.iter().find(|fact| !Facts::NAMES.contains(&fact.as_str()));
            let found = other.cloned().unwrap_or_else(|| format!("{} facts", facts.len()));
            return Err(ModelError::Unfit { expected: "the facts of this engine in its order", found });
        }
        if model.max_length() < LEAST_LENGTH {
            let found = format!("max_length {}", model.max_length());
            return Err(ModelError::Unfit { expected: "sequences of 64 tokens or more", found });
        }
        let class = |name: &str| CLASSES.iter().position(|(class, ..)| *class == name);
        let number = |name: &str, otherwise: f32| model.calibration(name).unwrap_or(otherwise);
        let assertions = Attribute::of(&model, heads.assertion.as_ref(), "assertion", class)?;
        let experiencers =
            Attribute::of(&model, heads.experiencer.as_ref(), "experiencer", Experiencer::parse)?;
        let times = Attribute::of(&model, heads.temporality.as_ref(), "temporality", Temporality::parse)?;
        let gate = Facts::NAMES.iter().map(|fact| model.gate(fact)).collect();
        let ask_from = if always { f64::NEG_INFINITY } else { f64::from(number("ask", 0.0)) };
        Ok(Self { gate, bias: model.gate("bias"), ask_from, assertions, experiencers, times, model })
    }

    /// The model that is asked.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// True when the rules' verdict on a mention is doubtful enough.
    pub fn asks(&self, facts: Facts) -> bool {
        let weights = facts.values().zip(&self.gate).filter(|(holds, _)| *holds);
        self.bias + weights.map(|(_, weight)| weight).sum::<f64>() >= self.ask_from
    }

    /// What to read for these questions about one report, each with a number of the caller's; those about one window share
    /// a sequence.
    ///
    /// # Errors
    /// The tokenizer refuses a text.
    pub fn sequences(
        &self,
        text: &str,
        about: About,
        questions: &[(usize, &Question)],
    ) -> Result<Vec<Sequence>, ModelError> {
        let mut sequences = Vec::new();
        for group in questions.chunk_by(|(_, a), (_, b)| (a.window, a.title) == (b.window, b.title)) {
            self.window(text, about, group, &mut sequences)?;
        }
        Ok(sequences)
    }

    fn window(
        &self,
        text: &str,
        about: About,
        group: &[(usize, &Question)],
        sequences: &mut Vec<Sequence>,
    ) -> Result<(), ModelError> {
        let Some((_, first)) = group.first() else { return Ok(()) };
        let tokenizer = self.model.tokenizer();
        let head = self.head(text, about, first)?;
        let pieces = tokenizer.encode(first.window.slice(text))?;
        let room = self.model.max_length().saturating_sub(head.len() + 1);
        let sequence = |from: usize, spans: &[(usize, usize, usize, Facts)]| {
            let to = pieces.len().min(from + room);
            let ids =
                head.iter().copied().chain(pieces[from..to].iter().map(|p| p.id)).chain([tokenizer.eos]);
            let place = |piece: usize| head.len() + piece.min(to - 1) - from;
            let moved = spans.iter().map(|&(n, a, b, facts)| (n, place(a), place(b), facts));
            Sequence { ids: ids.collect(), spans: moved.collect() }
        };
        let mut spans = Vec::new();
        for (number, question) in group {
            // A given span may begin in white space, before the first token of its window.
            let inside_window = |byte: u32| byte.saturating_sub(first.window.start);
            let (start, end) = (inside_window(question.mention.start), inside_window(question.mention.end));
            let inside = |p: &crate::model::Piece| p.start < end && p.end > start;
            let from = pieces.iter().position(inside);
            let to = pieces.iter().rposition(inside);
            spans.extend(from.zip(to).map(|(from, to)| (*number, from, to, question.facts)));
        }
        if pieces.len() <= room {
            sequences.extend((!spans.is_empty()).then(|| sequence(0, &spans)));
            return Ok(());
        }
        // Of a longer window, each span with as much around it as there is room for.
        for span in spans {
            let middle = (span.1 + span.2).div_ceil(2).saturating_sub(room / 2).min(pieces.len() - room);
            sequences.push(sequence(middle.min(span.1), &[span]));
        }
        Ok(())
    }

    /// What stands before the window: type of report, whose record it is, titles.
    fn head(&self, text: &str, about: About, question: &Question) -> Result<Vec<u32>, ModelError> {
        let tokenizer = self.model.tokenizer();
        let kind = about.document_type.unwrap_or("none");
        let kind = tokenizer.token(&format!("<type:{kind}>")).or_else(|_| tokenizer.token("<type:none>"))?;
        let record = tokenizer.token(&format!("<record:{}>", question.facts.record()))?;
        let separator = tokenizer.token("<mask>")?;
        let pieces = |text: &str, most: usize| {
            let pieces = tokenizer.encode(text)?;
            Ok::<Vec<u32>, ModelError>(pieces.iter().take(most).map(|p| p.id).collect())
        };
        let mut ids = vec![tokenizer.bos, kind, record];
        ids.extend(pieces(about.title.unwrap_or_default(), TITLE_PIECES)?);
        ids.push(separator);
        ids.extend(pieces(question.title.map_or("", |title| title.slice(text)), SECTION_PIECES)?);
        ids.push(separator);
        Ok(ids)
    }

    /// What the model says of each span of a sequence, with the caller's number, of the sequence's hidden states.
    ///
    /// # Errors
    /// A number that is not finite.
    pub fn opinions(&self, sequence: &Sequence, states: &[f32]) -> Result<Vec<(usize, Opinion)>, ModelError> {
        let opinion = |&(number, first, last, facts): &(usize, usize, usize, Facts)| {
            Ok((number, self.opinion(states, first, last, facts)?))
        };
        sequence.spans.iter().map(opinion).collect()
    }

    fn opinion(
        &self,
        states: &[f32],
        first: usize,
        last: usize,
        facts: Facts,
    ) -> Result<Opinion, ModelError> {
        let heads = self.model.heads();
        let mut input = marked(states, self.model.config().hidden, first, last)?;
        input.extend(facts.values().map(|holds| f32::from(u8::from(holds))));
        let dense = match &heads.dense {
            Some(dense) => dense.apply(&input)?,
            None => input,
        };
        Ok(Opinion {
            assertion: self.assertion(&self.assertions.chances(heads.assertion.as_ref(), &dense)?)?,
            experiencer: self.experiencers.best(heads.experiencer.as_ref(), &dense)?,
            temporality: self.times.best(heads.temporality.as_ref(), &dense)?,
        })
    }

    /// The assertion with the highest chance over its degrees, the certainty it stands for, and that chance.
    fn assertion(&self, chances: &[f32]) -> Result<(Assertion, f64, f32), ModelError> {
        let classes: Vec<_> = self.assertions.values.iter().map(|&class| CLASSES[class]).collect();
        let of = |wanted: Assertion| {
            let of_it = classes.iter().zip(chances).filter(move |((_, value, _), _)| *value == wanted);
            of_it.map(|((_, _, certainty), chance)| (*certainty, *chance))
        };
        let sums: Vec<f32> =
            Assertion::ALL.iter().map(|&value| of(value).map(|(_, chance)| chance).sum()).collect();
        let best = argmax(&sums)?;
        let weighed: f64 =
            of(Assertion::ALL[best]).map(|(certainty, chance)| certainty * f64::from(chance)).sum();
        Ok((Assertion::ALL[best], hundredths(weighed / f64::from(sums[best])), sums[best]))
    }

    /// The reading of the rules, where the model is sure enough that it is another; its place is named as evidence.
    pub fn overrule(&self, reading: &mut Reading, opinion: &Opinion, mention: Span) {
        let mut said = |id: &str| reading.cues.push((id.to_string(), mention));
        let (assertion, certainty, chance) = opinion.assertion;
        if assertion != reading.assertion && chance >= self.assertions.overrules_from {
            (reading.assertion, reading.certainty) = (assertion, certainty);
            said("model.assertion");
        }
        let (experiencer, chance) = opinion.experiencer;
        if experiencer != reading.experiencer && chance >= self.experiencers.overrules_from {
            (reading.experiencer, reading.fetus_index) = (experiencer, None);
            said("model.experiencer");
        }
        let (temporality, chance) = opinion.temporality;
        if temporality != reading.temporality && chance >= self.times.overrules_from {
            reading.temporality = temporality;
            said("model.temporality");
        }
        reading.cues.sort_by_key(|(_, span)| (span.start, span.end));
    }
}

impl<T: Copy> Attribute<T> {
    fn of(
        model: &Model,
        head: Option<&Head>,
        name: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Self, ModelError> {
        let unfit = |found: &str| ModelError::Unfit {
            expected: "heads of assertion, experiencer, temporality with the contract's values",
            found: found.to_string(),
        };
        let labels = &head.ok_or_else(|| unfit(&format!("no head {name}")))?.labels;
        let values = labels.iter().map(|label| parse(label).ok_or_else(|| unfit(label)));
        let number =
            |what: &str, otherwise| model.calibration(&format!("{what}_{name}")).unwrap_or(otherwise);
        Ok(Self {
            values: values.collect::<Result<_, _>>()?,
            temperature: number("temperature", 1.0),
            overrules_from: number("overrule", 0.5),
        })
    }

    fn chances(&self, head: Option<&Head>, input: &[f32]) -> Result<Vec<f32>, ModelError> {
        let logits = head.map(|head| head.logits(input)).transpose()?.unwrap_or_default();
        Ok(softmax(&logits, self.temperature))
    }

    fn best(&self, head: Option<&Head>, input: &[f32]) -> Result<(T, f32), ModelError> {
        let chances = self.chances(head, input)?;
        let best = argmax(&chances)?;
        Ok((self.values[best], chances[best]))
    }
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
