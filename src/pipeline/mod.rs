//! The order of the stages, and the only place that knows it; one report at a time, or a batch on all threads.

#[cfg(feature = "neural")]
mod asking;
#[cfg(not(feature = "neural"))]
#[path = "asking_off.rs"]
mod asking;
mod layout;
mod signature;
mod times;

pub use layout::{DateSpan, Layout, LayoutOptions, QuantitySpan, SectionSpan, TableSpan};
pub use signature::{may_hold, signature};

use crate::code::{Coder, Setting};
use crate::context::{Mechanism, Mechanisms, Nature, Owner, Profile, Question, Reader, Statement, conclude};
use crate::date;
use crate::document::Document;
use crate::event::{Assertion, CodedEvent, Provenance, Reading};
use crate::lexicon::{Lexicons, Manifest, Subject};
use crate::mention::{self, About, Mention, Unresolved};
#[cfg(feature = "neural")]
use crate::model::{Model, ModelError};
use crate::quantity;
use crate::segment::{Segmented, TokenRange};
use crate::span::{CodePoints, Span};
use asking::{Advice, Adviser, Asked};
use jiff::civil::Date;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(feature = "neural")]
use std::sync::Arc;
use times::Times;

/// Name and version of the engine, as written in provenance.
pub const ENGINE: &str = concat!("laennec ", env!("CARGO_PKG_VERSION"));

/// Oldest age, in years, at which a record's patient may be called a fetus by the text.
const CHILD_YEARS: i16 = 18;

/// The text tower: a report goes in, its coded events come out. Immutable, shared by all threads.
pub struct Engine {
    lexicons: Lexicons,
    dates: date::Words,
    measures: quantity::Words,
    coder: Coder,
    mechanisms: Mechanisms,
    adviser: Adviser,
}

/// A report whose annotation failed: a fault of the engine, never of its neighbours.
#[derive(Debug, thiserror::Error)]
#[error("the engine failed on this document; please report it with the engine's version")]
pub struct Failure;

/// What is read of a span found by somebody else's tool.
#[derive(Clone, Debug, PartialEq)]
pub struct Qualified {
    /// Assertion, experiencer, temporality and cues.
    pub reading: Reading,
    /// What the whole report concludes of it.
    pub conclusion: Assertion,
    /// Id of the section.
    pub section: Option<String>,
}

impl Engine {
    /// An engine that reads with the given lexicons.
    ///
    /// # Errors
    /// A role or value of a lexicon of dates or units that the engine does not know.
    pub fn new(lexicons: Lexicons) -> Result<Self, String> {
        let rows = lexicons.dates.iter().map(|d| (d.role.as_str(), d.words.as_slice(), d.value.as_str()));
        let dates = date::Words::new(rows, lexicons.vocabulary.len())?;
        let measures = quantity::Words::new(&lexicons.units)?;
        let coder = Coder::new(ENGINE, &lexicons);
        Ok(Self {
            coder,
            dates,
            measures,
            lexicons,
            mechanisms: Mechanisms::default(),
            adviser: Adviser::default(),
        })
    }

    /// This engine, advised by a model.
    ///
    /// # Errors
    /// The model has no head that this engine can use.
    #[cfg(feature = "neural")]
    pub fn advised_by(self, model: Arc<Model>, always: bool) -> Result<Self, ModelError> {
        let adviser = Adviser::new(model, &self.lexicons, always)?;
        Ok(Self { coder: self.coder.with_model(adviser.reference()), adviser, ..self })
    }

    /// This engine with one mechanism of the reading of context left out, to measure what it brings.
    pub fn without(self, mechanism: Mechanism) -> Self {
        Self { mechanisms: self.mechanisms.without(mechanism), ..self }
    }

    /// The lexicons in use.
    pub fn lexicons(&self) -> &Lexicons {
        &self.lexicons
    }

    /// Engine, lexicons and model: everything but the report that decides its events.
    pub fn provenance(&self) -> &Provenance {
        self.coder.provenance()
    }

    /// The coded events of a report by the rules alone, in the contract's order. Total: every text gives a result.
    pub fn annotate(&self, document: &Document) -> Vec<CodedEvent> {
        self.read(document, &Advice::default(), &mut None)
    }

    /// The events of each report of a batch, in the order of the batch, on all threads of the current pool; the model is
    /// asked about the whole batch together. A fault of the engine or of the model is confined to its report.
    pub fn annotate_batch<'d>(
        &self,
        documents: impl IntoParallelIterator<Item = &'d Document>,
    ) -> Vec<Result<Vec<CodedEvent>, Failure>> {
        self.advised(documents, true, |document, advice, asked| self.read(document, advice, asked))
    }

    /// The events of one report, as `annotate_batch`.
    pub fn annotate_guarded(&self, document: &Document) -> Result<Vec<CodedEvent>, Failure> {
        self.annotate_batch([document]).pop().unwrap_or(Err(Failure))
    }

    /// What `read` makes of each report: first without advice, gathering what is to be asked; again where the model tags
    /// findings; and again where it has opinions of mentions. Most reports are read once.
    fn advised<'d, T: Send>(
        &self,
        documents: impl IntoParallelIterator<Item = &'d Document>,
        tags: bool,
        read: impl Fn(&Document, &Advice, &mut Option<Asked>) -> T + Sync,
    ) -> Vec<Result<T, Failure>> {
        let reread = |document: &'d Document, advice: &Advice| {
            let mut asked = self.adviser.asked(tags);
            let result = guarded(|| read(document, advice, &mut asked));
            (result, asked)
        };
        let first = |document| {
            let (result, asked) = reread(document, &Advice::default());
            (result, (document, asked))
        };
        let (results, asked): (Vec<_>, Vec<_>) = documents.into_par_iter().map(first).unzip();
        let tagged = self.adviser.tag(&asked);
        let second = |((result, (document, asked)), advice): ((Result<T, Failure>, (&'d Document, _)), _)| {
            match advice {
                Ok(None) => (result, (document, asked, Advice::default())),
                Ok(Some(advice)) => {
                    let (result, asked) = reread(document, &advice);
                    (result, (document, asked, advice))
                }
                Err(failure) => (Err(failure), (document, None, Advice::default())),
            }
        };
        let read_again = results.into_par_iter().zip(asked).zip(tagged).map(second);
        let (results, asked): (Vec<_>, Vec<_>) = read_again.unzip();
        let documents: Vec<&Document> = asked.iter().map(|(document, ..)| *document).collect();
        let third = |((result, document), advice): ((Result<T, Failure>, &Document), _)| match advice {
            Ok(None) => result,
            Ok(Some(advice)) => guarded(|| read(document, &advice, &mut None)),
            Err(failure) => Err(failure),
        };
        results.into_par_iter().zip(documents).zip(self.adviser.judge(asked)).map(third).collect()
    }

    /// The events of a report, with the advice of a model; what to ask is added to `asked`.
    fn read(&self, document: &Document, advice: &Advice, asked: &mut Option<Asked>) -> Vec<CodedEvent> {
        let segmented = Segmented::new(&document.text, &self.lexicons);
        let mentions = mention::find(&segmented, &self.lexicons, self.about(document));
        if let Some(asked) = asked {
            asked.add_sentences(&segmented, &mentions, self.is_of_birth(document));
        }
        if mentions.is_empty() && advice.has_no_findings() {
            return Vec::new();
        }
        // What a model tags is no name: the cues in it govern as they would without it.
        let reader = self.reader(&segmented, document).knowing(&mentions);
        let mentions = self.adviser.complete(advice, &segmented, mentions);
        let points = CodePoints::new(&document.text);
        let times = Times::of(document, &segmented, &self.dates);
        let mut readings = self.readings(&reader, &times, &segmented, &mentions, asked);
        self.adviser.advise(advice, &mentions, &mut readings);
        let conclusions = self.conclusions(&reader, &mentions, &readings);
        let event = |(mention, (reading, conclusion)): (&Mention, (Reading, Assertion))| {
            let found = times.nearest(&segmented, mention);
            let setting = Setting {
                section: self.section_id(&segmented, mention.tokens),
                date: times.date(found, &reading),
                gestational_age_days: times.gestational_age(&segmented, mention, &reading),
                reading,
                conclusion,
            };
            self.coder.event(document, mention, setting, &self.lexicons, |byte| points.of_byte(byte))
        };
        let mut events = Vec::with_capacity(mentions.len());
        events.extend(mentions.iter().zip(readings.into_iter().zip(conclusions)).filter_map(event));
        events.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        events
    }

    /// Reads the context of given spans (original bytes) by the rules alone, in the order given. Total.
    pub fn qualify(&self, document: &Document, spans: &[Span]) -> Vec<Qualified> {
        self.read_given(document, spans, &Advice::default(), &mut None)
    }

    /// As `qualify`, asking the model about doubtful spans; a fault is confined to the report.
    ///
    /// # Errors
    /// A fault of the engine or of the model.
    pub fn qualify_guarded(&self, document: &Document, spans: &[Span]) -> Result<Vec<Qualified>, Failure> {
        let read = |document: &Document, advice: &Advice, asked: &mut Option<Asked>| {
            self.read_given(document, spans, advice, asked)
        };
        self.advised([document], false, read).pop().unwrap_or(Err(Failure))
    }

    fn read_given(
        &self,
        document: &Document,
        spans: &[Span],
        advice: &Advice,
        asked: &mut Option<Asked>,
    ) -> Vec<Qualified> {
        let segmented = Segmented::new(&document.text, &self.lexicons);
        let (mentions, found) = self.given(document, &segmented, spans);
        let reader = self.reader(&segmented, document).knowing(&found);
        let times = Times::of(document, &segmented, &self.dates);
        let mut readings = self.readings(&reader, &times, &segmented, &mentions, asked);
        if let Some(asked) = asked {
            asked.keep(spans.len());
        }
        self.adviser.advise(advice, &mentions, &mut readings);
        let conclusions = self.conclusions(&reader, &mentions, &readings);
        let qualified = |(mention, (reading, conclusion)): (&Mention, (Reading, Assertion))| Qualified {
            reading,
            conclusion,
            section: self.section_id(&segmented, mention.tokens),
        };
        let read = mentions.iter().zip(readings.into_iter().zip(conclusions));
        read.take(spans.len()).map(qualified).collect()
    }

    /// What a model is asked of given spans (original bytes), in the order given, and what the rules made of them.
    pub fn questions(&self, document: &Document, spans: &[Span]) -> Vec<(Reading, Question)> {
        let segmented = Segmented::new(&document.text, &self.lexicons);
        let (mentions, found) = self.given(document, &segmented, spans);
        let reader = self.reader(&segmented, document).knowing(&found);
        let times = Times::of(document, &segmented, &self.dates);
        let asked = mentions.iter().take(spans.len());
        asked
            .map(|mention| {
                reader.read_and_ask(
                    mention,
                    self.nature(mention),
                    self.is_long_ago(&times, &segmented, mention),
                )
            })
            .collect()
    }

    /// The mentions of given spans, then those the engine finds besides, which have their say in what the report concludes;
    /// and all that the engine finds.
    fn given(
        &self,
        document: &Document,
        segmented: &Segmented,
        spans: &[Span],
    ) -> (Vec<Mention>, Vec<Mention>) {
        let found = mention::find(segmented, &self.lexicons, self.about(document));
        // A span that no lexicon knows is the same finding as another with the same words.
        let given = spans.iter().map(|span| Mention {
            concept: found.iter().find(|m| m.span.overlaps(*span)).and_then(|m| m.concept),
            ..Mention::given(segmented, *span)
        });
        let besides = found.iter().filter(|m| !spans.iter().any(|span| span.overlaps(m.span))).cloned();
        (given.chain(besides).collect(), found)
    }

    /// What the sentence says of each mention, in their order.
    fn readings(
        &self,
        reader: &Reader,
        times: &Times,
        segmented: &Segmented,
        mentions: &[Mention],
        asked: &mut Option<Asked>,
    ) -> Vec<Reading> {
        let read = |(number, mention): (usize, &Mention)| {
            let (nature, is_long_ago) = (self.nature(mention), self.is_long_ago(times, segmented, mention));
            let Some(asked) = asked else { return reader.read(mention, nature, is_long_ago) };
            let (reading, question) = reader.read_and_ask(mention, nature, is_long_ago);
            asked.add(number, question);
            reading
        };
        mentions.iter().enumerate().map(read).collect()
    }

    /// The text dates the mention well before the report.
    fn is_long_ago(&self, times: &Times, segmented: &Segmented, mention: &Mention) -> bool {
        self.mechanisms.has(Mechanism::Dates) && times.is_long_ago(times.nearest(segmented, mention))
    }

    /// What the report concludes of each mention, in their order. Mentions of one concept, or of one text where no lexicon
    /// knows it, are of one finding.
    fn conclusions(&self, reader: &Reader, mentions: &[Mention], readings: &[Reading]) -> Vec<Assertion> {
        let finding = |mention: &Mention| match mention.concept {
            Some(concept) => Cow::from(&self.lexicons.concepts.concepts[concept as usize].id),
            None => Cow::from(reader.words(mention)),
        };
        let findings: Vec<Cow<str>> = mentions.iter().map(finding).collect();
        let statement = |((mention, reading), finding)| {
            let mention: &Mention = mention;
            Statement { finding, tokens: mention.tokens, side: mention.side, reading }
        };
        let pairs = mentions.iter().zip(readings).zip(findings.iter().map(AsRef::as_ref));
        conclude(reader, &pairs.map(statement).collect::<Vec<_>>())
    }

    /// The mentions of a text, with the id of their concept.
    pub fn mentions(&self, text: &str) -> Vec<(Mention, String)> {
        let segmented = Segmented::new(text, &self.lexicons);
        let id = |m: &Mention| m.concept.map(|c| self.lexicons.concepts.concepts[c as usize].id.clone());
        mention::find(&segmented, &self.lexicons, About::default())
            .into_iter()
            .filter_map(|m| id(&m).map(|id| (m, id)))
            .collect()
    }

    /// The ambiguous terms of a report that stand for nothing in it, in text order, with the reason.
    pub fn unresolved(&self, document: &Document) -> Vec<Unresolved> {
        let segmented = Segmented::new(&document.text, &self.lexicons);
        let (mentions, unresolved) = mention::find_and_tell(&segmented, &self.lexicons, self.about(document));
        let is_read = |u: &Unresolved| mentions.iter().any(|m| m.span.overlaps(u.span));
        unresolved.into_iter().filter(|u| !is_read(u)).collect()
    }

    fn about<'d>(&'d self, document: &'d Document) -> About<'d> {
        let kind = document.document_type.as_deref().and_then(|name| self.lexicons.document_kind(name));
        About { document_type: kind.map(|kind| kind.id.as_str()), ward: document.ward.as_deref() }
    }

    fn reader<'s, 't>(&'s self, segmented: &'s Segmented<'t>, document: &Document) -> Reader<'s, 't> {
        let profile = match self.mechanisms.has(Mechanism::Reports) {
            true => self.profile(document),
            false => Profile::default(),
        };
        Reader::new(segmented, &self.lexicons, profile, self.mechanisms)
    }

    /// The type decides; a title may betray that a report is about a fetus, or that it informs in general.
    fn profile(&self, document: &Document) -> Profile {
        let title = document.title.as_deref().unwrap_or_default();
        let of_type = document.document_type.as_deref().and_then(|n| self.lexicons.document_kind(n));
        let kinds: Vec<_> = of_type.into_iter().chain(self.lexicons.document_kinds_in(title)).collect();
        let is_fetal = kinds.iter().any(|k| k.subject == Some(Subject::Fetus));
        let subject = if is_fetal { Some(Subject::Fetus) } else { kinds.iter().find_map(|k| k.subject) };
        let age = document.birth_date.zip(document.date).map(|(birth, date)| date.year() - birth.year());
        Profile {
            subject: subject.unwrap_or(Subject::Patient),
            is_child: age.is_some_and(|years| years < CHILD_YEARS),
            is_hypothetical: kinds.iter().any(|k| k.is_hypothetical),
        }
    }

    /// True for a report of a kind that tells malformations: about a fetus, a birth, a child.
    fn is_of_birth(&self, document: &Document) -> bool {
        let profile = self.profile(document);
        profile.is_child || profile.subject != Subject::Patient
    }

    fn nature(&self, mention: &Mention) -> Nature {
        let concept = mention.concept.map(|c| &self.lexicons.concepts.concepts[c as usize]);
        let manifest = concept.map(|c| &self.lexicons.manifests[c.lexicon]);
        let owner = |m: &Manifest| if m.congenital { Owner::Congenital } else { Owner::Maternal };
        manifest.map_or_else(Nature::default, |m| Nature {
            lasting: m.lasting,
            owner: owner(m),
            ..Nature::default()
        })
    }

    fn section_id(&self, segmented: &Segmented, tokens: TokenRange) -> Option<String> {
        let section = segmented.section_of(tokens.start as usize)?;
        Some(self.lexicons.sections[section.kind as usize].id.clone())
    }
}

/// Runs `work` on one report; a panic is a failure of that report.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Failure)
}

/// The hashes by which a report is known to be unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashes {
    /// SHA-256 of the text.
    pub text: [u8; 32],
    /// SHA-256 of everything of the report that decides its events or is stored with them.
    pub content: [u8; 32],
}

/// The hashes of a report.
pub fn hashes(document: &Document) -> Hashes {
    let text: [u8; 32] = Sha256::digest(&document.text).into();
    let date = |d: Option<Date>| d.map(|d| d.to_string()).unwrap_or_default();
    let or_empty = |t: &Option<String>| t.clone().unwrap_or_default();
    let mut hash = Sha256::new();
    for part in [
        document.id.clone(),
        document.version.to_string(),
        or_empty(&document.patient_id),
        or_empty(&document.visit_id),
        or_empty(&document.document_type),
        or_empty(&document.title),
        date(document.date),
        date(document.birth_date),
        or_empty(&document.language),
    ] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    // A report without a ward keeps the hash it had before wards were read.
    if let Some(ward) = &document.ward {
        hash.update((ward.len() as u64).to_le_bytes());
        hash.update(ward);
    }
    hash.update(text);
    Hashes { text, content: hash.finalize().into() }
}
