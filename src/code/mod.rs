//! Builds the coded event of a mention: codes, subgroups, place, date, provenance.

mod enrich;
mod hierarchy;

pub use enrich::Enricher;
pub use hierarchy::{BPA, CIM10, Hierarchy, Known, Relative};

use crate::document::Document;
use crate::event::{
    Assertion, CodedEvent, Coding, CueRef, DatePrecision, DateSource, EventDate, Laterality, Method,
    Provenance, Reading, Temporality,
};
use crate::lexicon::{Concept, Lexicons};
use crate::mention::{Mention, Rule, Side};

/// Confidence by how the concept was found; measured on the shipped gold, see `docs/events.md`.
const SURE_TERM: f64 = 0.95;
const PATTERN: f64 = 0.9;
const SHARED_HEAD: f64 = 0.85;
const DESCRIPTION: f64 = 0.8;
const SUPPORTED_ABBREVIATION: f64 = 0.8;

/// What surrounds a mention, as read by the earlier stages.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Assertion, experiencer, temporality and their cues.
    pub reading: Reading,
    /// What the whole report concludes.
    pub conclusion: Assertion,
    /// Id of the section.
    pub section: Option<String>,
    /// Date written for the mention.
    pub date: Option<EventDate>,
    /// Gestational age written for the mention, in days.
    pub gestational_age_days: Option<u16>,
}

/// Concept of what a model takes for a finding and no lexicon names: for people to review, never coded.
pub const FINDING: &str = "finding";

/// Builds events; holds what all events of a run share.
pub struct Coder {
    provenance: Provenance,
}

impl Coder {
    /// A coder whose events name the given engine and lexicons.
    pub fn new(engine: &str, lexicons: &Lexicons) -> Self {
        let provenance = Provenance {
            engine: engine.into(),
            lexicons: lexicons.references().into(),
            model: None,
            rule: String::new(),
        };
        Self { provenance }
    }

    /// This coder, whose events name a model.
    pub fn with_model(mut self, model: Option<String>) -> Self {
        self.provenance.model = model;
        self
    }

    /// The provenance that all events share; its `rule` is empty.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// The event of a mention, or `None` for a given span without concept; what a model tags and no concept is like becomes
    /// an event of [`FINDING`]. `point` turns bytes into code points.
    pub fn event(
        &self,
        document: &Document,
        mention: &Mention,
        setting: Setting,
        lexicons: &Lexicons,
        point: impl Fn(u32) -> u32,
    ) -> Option<CodedEvent> {
        let concept = mention.concept.map(|c| &lexicons.concepts.concepts[c as usize]);
        if concept.is_none() && !matches!(mention.rule, Rule::Tagged(_)) {
            return None;
        }
        let text = mention.span.slice(&document.text);
        let date = setting.date.or_else(|| date_of_report(document, setting.reading.temporality));
        let reading = setting.reading;
        let mut event = CodedEvent {
            event_id: String::new(),
            document_id: document.id.clone(),
            document_version: document.version,
            patient_id: document.patient_id.clone(),
            visit_id: document.visit_id.clone(),
            document_type: document.document_type.clone(),
            document_date: document.date,
            ward: document.ward.clone(),
            section: setting.section,
            start: point(mention.span.start),
            end: point(mention.span.end),
            fragments: mention.fragments.iter().map(|f| (point(f.start), point(f.end))).collect(),
            text: text.to_string(),
            concept: concept.map_or(FINDING, |c| &c.id).to_string(),
            label: concept.map_or(text, |c| &c.label).to_string(),
            codings: concept.map(codings).unwrap_or_default(),
            subgroups: concept.map(|c| c.subgroups.clone()).unwrap_or_default(),
            assertion: reading.assertion,
            certainty: reading.certainty,
            conclusion: setting.conclusion,
            experiencer: reading.experiencer,
            fetus_index: reading.fetus_index,
            temporality: reading.temporality,
            event_date: date.map(|d| d.date),
            event_date_precision: date.map(|d| d.precision),
            event_date_source: date.map(|d| d.source),
            gestational_age_days: setting.gestational_age_days,
            laterality: mention.side.map(laterality),
            value: mention.value,
            unit: mention.unit.clone(),
            cues: reading
                .cues
                .into_iter()
                .map(|(id, span)| CueRef { id, start: point(span.start), end: point(span.end) })
                .collect(),
            method: match mention.rule {
                Rule::Pattern(_) | Rule::Description(_) => Method::Pattern,
                Rule::Tagged(_) => Method::Neural,
                Rule::Term(_) | Rule::Given => Method::Dictionary,
            },
            position: None,
            confidence: confidence(mention, lexicons),
            provenance: Provenance { rule: rule(mention, concept, lexicons), ..self.provenance.clone() },
        };
        event.event_id = event.identity();
        Some(event)
    }
}

fn codings(concept: &Concept) -> Vec<Coding> {
    let coding = |(system, code): &(String, String)| Coding { system: system.clone(), code: code.clone() };
    concept.codings.iter().map(coding).collect()
}

/// A finding that holds now is dated by its report when the text gives no date; a past one stays undated.
fn date_of_report(document: &Document, temporality: Temporality) -> Option<EventDate> {
    let date = document.date.filter(|_| temporality == Temporality::Current)?;
    Some(EventDate { date, precision: DatePrecision::Day, source: DateSource::DocumentDate })
}

fn laterality(side: Side) -> Laterality {
    match side {
        Side::Left => Laterality::Left,
        Side::Right => Laterality::Right,
        Side::Bilateral => Laterality::Bilateral,
        Side::Unilateral => Laterality::Unilateral,
    }
}

fn confidence(mention: &Mention, lexicons: &Lexicons) -> f64 {
    match mention.rule {
        Rule::Pattern(_) => PATTERN,
        Rule::Description(_) => DESCRIPTION,
        Rule::Tagged(percent) => f64::from(percent) / 100.0,
        Rule::Term(number) if lexicons.concepts.terms[number as usize].ambiguous => SUPPORTED_ABBREVIATION,
        _ if !mention.fragments.is_empty() => SHARED_HEAD,
        _ => SURE_TERM,
    }
}

/// `lexicon:term:…` or `lexicon:pattern:…`.
fn rule(mention: &Mention, concept: Option<&Concept>, lexicons: &Lexicons) -> String {
    let lexicon = concept.map_or(FINDING, |c| &lexicons.manifests[c.lexicon].id);
    match mention.rule {
        Rule::Term(number) => format!("{lexicon}:term:{}", lexicons.concepts.terms[number as usize].text),
        Rule::Pattern(number) => {
            format!("{lexicon}:pattern:{}", lexicons.patterns.patterns[number as usize].id)
        }
        Rule::Description(number) => {
            format!("{lexicon}:description:{}", lexicons.descriptions.descriptions[number as usize].id)
        }
        Rule::Given => format!("{lexicon}:given"),
        Rule::Tagged(_) => format!("{lexicon}:tagged"),
    }
}
