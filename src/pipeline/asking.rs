//! Asks a model about a batch of reports, all together: findings in sentences that may hold one, then the doubtful mentions.

use super::Failure;
use crate::context::{About, Judge, Opinion, Question, Sequence};
use crate::document::Document;
use crate::event::Reading;
use crate::lexicon::Lexicons;
use crate::mention::{Mention, Sentence, Tagged, Tagger, with_tagged};
use crate::model::{Model, ModelError};
use crate::segment::Segmented;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Sequences encoded at once by a thread: enough rows for the products, few enough to bound memory.
const TOGETHER: usize = 16;

/// The model that advises the rules, when there is one.
#[derive(Default)]
pub(super) struct Adviser {
    model: Option<Arc<Model>>,
    judge: Option<Judge>,
    tagger: Option<Tagger>,
    always: bool,
}

/// What a model said of a report.
#[derive(Default)]
pub(super) struct Advice {
    tagged: Vec<Tagged>,
    /// By number of the mention.
    opinions: Vec<(usize, Opinion)>,
}

impl Advice {
    /// True when the model tagged nothing.
    pub fn has_no_findings(&self) -> bool {
        self.tagged.is_empty()
    }
}

/// What is to be asked of one report, gathered while it is read.
pub(super) struct Asked<'a> {
    adviser: &'a Adviser,
    /// Sentences are asked for: a report whose spans are given needs no others.
    tags: bool,
    sentences: Result<Vec<Sentence>, ModelError>,
    questions: Vec<(usize, Question)>,
}

impl Asked<'_> {
    /// Adds the question about a mention, when its reading is doubtful enough.
    pub fn add(&mut self, mention: usize, question: Question) {
        if self.adviser.judge.as_ref().is_some_and(|judge| judge.asks(question.facts)) {
            self.questions.push((mention, question));
        }
    }

    /// Keeps the questions about the first mentions: those found besides given spans are not asked about.
    pub fn keep(&mut self, mentions: usize) {
        self.questions.retain(|(number, _)| *number < mentions);
    }

    /// Adds the sentences that may hold a finding that no lexicon names; where not every sentence is asked about, only of
    /// reports of births, where what no lexicon names is sought.
    pub fn add_sentences(&mut self, segmented: &Segmented, mentions: &[Mention], is_of_birth: bool) {
        let reads = self.tags && (self.adviser.always || is_of_birth);
        if let Some(tagger) = self.adviser.tagger.as_ref().filter(|_| reads) {
            self.sentences = tagger.sentences(segmented, mentions);
        }
    }

    fn sequences(&self, document: &Document) -> Result<Vec<Sequence>, ModelError> {
        let Some(judge) = &self.adviser.judge else { return Ok(Vec::new()) };
        let about =
            About { document_type: document.document_type.as_deref(), title: document.title.as_deref() };
        let mut questions: Vec<_> =
            self.questions.iter().map(|(number, question)| (*number, question)).collect();
        questions.sort_by_key(|(number, question)| (question.window, *number));
        judge.sequences(&document.text, about, &questions)
    }
}

impl Adviser {
    /// An adviser that asks this model, `always` or where the rules are in doubt.
    ///
    /// # Errors
    /// The model has neither heads for the context nor one for mentions, or was trained for another engine.
    pub fn new(model: Arc<Model>, lexicons: &Lexicons, always: bool) -> Result<Self, ModelError> {
        let judges = model.heads().assertion.is_some();
        let judge = judges.then(|| Judge::new(Arc::clone(&model), always)).transpose()?;
        let tagger = Tagger::new(Arc::clone(&model), lexicons, always)?;
        if judge.is_none() && tagger.is_none() {
            return Err(ModelError::Unfit {
                expected: "heads for the context or for mentions",
                found: "none".into(),
            });
        }
        Ok(Self { model: Some(model), judge, tagger, always })
    }

    /// Name and hash of the model and how it is asked: with these its advice is what it is.
    pub fn reference(&self) -> Option<String> {
        let model = self.model.as_ref()?.id_and_hash();
        Some(if self.always { format!("{model}+always") } else { model })
    }

    /// A place for what is to be asked of one report; `None` where nobody is asked.
    pub fn asked(&self, tags: bool) -> Option<Asked<'_>> {
        let asked = Asked { adviser: self, tags, sentences: Ok(Vec::new()), questions: Vec::new() };
        self.model.is_some().then_some(asked)
    }

    /// The findings that the model sees in the sentences of each report; `None` for a report without such sentences.
    pub fn tag(&self, reports: &[(&Document, Option<Asked>)]) -> Vec<Result<Option<Advice>, Failure>> {
        let Some(tagger) = &self.tagger else { return reports.iter().map(|_| Ok(None)).collect() };
        let wanted: Vec<_> = reports.iter().map(|(_, asked)| sentences(asked.as_ref())).collect();
        let read = |report: usize, sentence: &&Sentence, states: &[f32]| {
            tagger.read(&reports[report].0.text, sentence, states)
        };
        let found = encoded(tagger.model(), &wanted, read);
        let advice =
            |tagged: Vec<Tagged>| (!tagged.is_empty()).then_some(Advice { tagged, opinions: Vec::new() });
        found.into_iter().map(|found| found.map(advice)).collect()
    }

    /// What the model says of the doubtful mentions of each report; `None` for a report without such mentions.
    pub fn judge(
        &self,
        reports: Vec<(&Document, Option<Asked>, Advice)>,
    ) -> Vec<Result<Option<Advice>, Failure>> {
        let Some(judge) = &self.judge else { return reports.iter().map(|_| Ok(None)).collect() };
        let sequences = |(document, asked, _): &(&Document, Option<Asked>, Advice)| match asked {
            Some(asked) if !asked.questions.is_empty() => asked.sequences(document).map_err(|_| Failure),
            _ => Ok(Vec::new()),
        };
        let sequences: Vec<_> = reports.par_iter().map(sequences).collect();
        let wanted: Vec<_> =
            sequences.iter().map(|s| s.as_ref().map(|s| pieces(s)).map_err(|_| Failure)).collect();
        let found = encoded(judge.model(), &wanted, |_, sequence: &&Sequence, states| {
            judge.opinions(sequence, states)
        });
        let advice =
            |(opinions, (_, _, advice)): (Result<Vec<_>, Failure>, (&Document, Option<Asked>, Advice))| {
                let opinions = opinions?;
                Ok((!opinions.is_empty()).then_some(Advice { opinions, ..advice }))
            };
        found.into_iter().zip(reports).map(advice).collect()
    }

    /// The mentions of a report with those that the model tagged.
    pub fn complete(&self, advice: &Advice, segmented: &Segmented, mentions: Vec<Mention>) -> Vec<Mention> {
        match advice.tagged.is_empty() {
            true => mentions,
            false => with_tagged(segmented, mentions, &advice.tagged),
        }
    }

    /// Gives the opinions to the readings of a report's mentions.
    pub fn advise(&self, advice: &Advice, mentions: &[Mention], readings: &mut [Reading]) {
        let Some(judge) = &self.judge else { return };
        for (number, opinion) in &advice.opinions {
            judge.overrule(&mut readings[*number], opinion, mentions[*number].span);
        }
    }
}

/// Pieces to encode, and what they are for.
type Wanted<'s, T> = Vec<(&'s [u32], T)>;

fn sentences<'s>(asked: Option<&'s Asked>) -> Result<Wanted<'s, &'s Sentence>, Failure> {
    match asked.map(|asked| &asked.sentences) {
        None => Ok(Vec::new()),
        Some(Ok(sentences)) => Ok(sentences.iter().map(|s| (s.ids.as_slice(), s)).collect()),
        Some(Err(_)) => Err(Failure),
    }
}

fn pieces(sequences: &[Sequence]) -> Wanted<'_, &Sequence> {
    sequences.iter().map(|s| (s.ids.as_slice(), s)).collect()
}

/// Equal pieces, and everyone who asks about them: report, number within the report, what for.
struct Shared<'s, T> {
    ids: &'s [u32],
    askers: Vec<(usize, usize, &'s T)>,
}

/// What the model answers to an asker: report, number within the report, answer.
type Answer<R> = (usize, usize, Result<Vec<R>, Failure>);

/// What `read` makes of the hidden states of everything that the reports want, in their order. Sequences that several
/// reports share are encoded once: hospital sentences repeat.
fn encoded<T: Sync, R: Send>(
    model: &Model,
    wanted: &[Result<Wanted<T>, Failure>],
    read: impl Fn(usize, &T, &[f32]) -> Result<Vec<R>, ModelError> + Sync,
) -> Vec<Result<Vec<R>, Failure>> {
    let answer = |(shared, states): (&Shared<T>, Result<Vec<f32>, ModelError>)| -> Vec<Answer<R>> {
        let states = states.map_err(|_| Failure);
        let one = |&(report, number, what): &(usize, usize, &T)| {
            let states = states.as_ref().map_err(|_| Failure);
            (report, number, states.and_then(|states| read(report, what, states).map_err(|_| Failure)))
        };
        shared.askers.iter().map(one).collect()
    };
    let some = |some: &[Shared<T>]| -> Vec<Answer<R>> {
        let states = states(model, &some.iter().map(|shared| shared.ids).collect::<Vec<_>>());
        some.iter().zip(states).flat_map(answer).collect()
    };
    let mut answers: Vec<_> = shared(wanted).par_chunks(TOGETHER).flat_map_iter(some).collect();
    answers.sort_by_key(|(report, number, _)| (*report, *number));
    let mut found: Vec<Result<Vec<R>, Failure>> =
        wanted.iter().map(|w| w.as_ref().map(|_| Vec::new()).map_err(|_| Failure)).collect();
    for (report, _, answer) in answers {
        match (&mut found[report], answer) {
            (Ok(found), Ok(more)) => found.extend(more),
            (failed, _) => *failed = Err(Failure),
        }
    }
    found
}

/// The sequences of all reports, equal ones once, in the order of their first asker.
fn shared<'s, T>(wanted: &'s [Result<Wanted<'s, T>, Failure>]) -> Vec<Shared<'s, T>> {
    let mut all: Vec<Shared<T>> = Vec::new();
    let mut known: FxHashMap<&[u32], usize> = FxHashMap::default();
    for (report, wanted) in wanted.iter().enumerate() {
        for (number, (ids, what)) in wanted.iter().flatten().enumerate() {
            let place = *known.entry(ids).or_insert(all.len());
            if place == all.len() {
                all.push(Shared { ids, askers: Vec::new() });
            }
            all[place].askers.push((report, number, what));
        }
    }
    all
}

/// The hidden states of each sequence; after a fault each is encoded alone, so that only its report fails.
fn states(model: &Model, sequences: &[&[u32]]) -> Vec<Result<Vec<f32>, ModelError>> {
    match model.encoder().encode(sequences) {
        Ok(states) => states.into_iter().map(Ok).collect(),
        Err(error) if sequences.len() == 1 => vec![Err(error)],
        Err(_) => sequences.iter().flat_map(|one| states(model, &[one])).collect(),
    }
}
