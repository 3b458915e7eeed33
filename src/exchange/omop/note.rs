//! NOTE_NLP: one row for each event that was read in a report.

use super::{Concepts, Shipped, modifiers};
use crate::event::{Assertion, CodedEvent, DatePrecision, Experiencer, Provenance, Temporality, hex};
use crate::exchange::table::{Column, Kind, Row, fit, storable};
use crate::exchange::{Stamp, key_of};
use sha2::{Digest, Sha256};

/// The section of a note: Laennec's sections are no concepts of the vocabularies.
const NO_SECTION: i64 = 0;
const SNIPPET: usize = 250;
const VARIANT: usize = 250;
const SYSTEM: usize = 250;
const MODIFIERS: usize = 2000;
/// What every `nlp_system` of ours begins with, so that our rows can be told from those of others.
const OURS: &str = "laennec ";

/// A row of NOTE_NLP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteNlp {
    /// Key of the event.
    pub note_nlp_id: i64,
    /// Key of the report.
    pub note_id: i64,
    /// Concept of the section; 0.
    pub section_concept_id: i64,
    /// The mention: the warehouse holds no text around it.
    pub snippet: String,
    /// First code point of the mention in the note.
    pub offset: String,
    /// The mention as written.
    pub lexical_variant: String,
    /// Standard concept, or 0.
    pub note_nlp_concept_id: i64,
    /// Concept of the code itself, or 0.
    pub note_nlp_source_concept_id: i64,
    /// What read the note.
    pub nlp_system: String,
    /// Day of the run.
    pub nlp_date: String,
    /// Time of the run.
    pub nlp_datetime: String,
    /// Whether the patient has or had it.
    pub term_exists: bool,
    /// When.
    pub term_temporal: TermTemporal,
    /// The rest.
    pub term_modifiers: String,
}

impl Row for NoteNlp {
    const TABLE: &'static str = "note_nlp";
    const COLUMNS: &'static [Column] = &[
        Column::required("note_nlp_id", Kind::Key),
        Column::required("note_id", Kind::Key),
        Column::optional("section_concept_id", Kind::Concept),
        Column::optional("snippet", Kind::Text(SNIPPET)),
        Column::optional("offset", Kind::Text(50)),
        Column::required("lexical_variant", Kind::Text(VARIANT)),
        Column::optional("note_nlp_concept_id", Kind::Concept),
        Column::optional("note_nlp_source_concept_id", Kind::Concept),
        Column::optional("nlp_system", Kind::Text(SYSTEM)),
        Column::required("nlp_date", Kind::Date),
        Column::optional("nlp_datetime", Kind::DateTime),
        Column::optional("term_exists", Kind::Text(1)),
        Column::optional("term_temporal", Kind::Text(50)),
        Column::optional("term_modifiers", Kind::Text(MODIFIERS)),
    ];

    fn cells(&self) -> Vec<Option<String>> {
        let cells = [
            self.note_nlp_id.to_string(),
            self.note_id.to_string(),
            self.section_concept_id.to_string(),
            self.snippet.clone(),
            self.offset.clone(),
            self.lexical_variant.clone(),
            self.note_nlp_concept_id.to_string(),
            self.note_nlp_source_concept_id.to_string(),
            self.nlp_system.clone(),
            self.nlp_date.clone(),
            self.nlp_datetime.clone(),
            if self.term_exists { "Y" } else { "N" }.to_string(),
            self.term_temporal.as_str().to_string(),
            self.term_modifiers.clone(),
        ];
        cells.map(Some).to_vec()
    }
}

/// `term_temporal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermTemporal {
    /// Over, or dated before the report.
    Past,
    /// Now.
    Present,
    /// Foreseen.
    Future,
}

impl TermTemporal {
    /// As the column has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Past => "Past",
            Self::Present => "Present",
            Self::Future => "Future",
        }
    }
}

/// Makes the rows of one run.
pub struct NoteNlpMaker<'m> {
    /// Concepts of codes.
    pub concepts: &'m Concepts,
    /// Order of code systems, and the certainty that is very low.
    pub shipped: &'m Shipped,
    /// When the run took place.
    pub stamp: Stamp,
}

impl NoteNlpMaker<'_> {
    /// The row of an event; none for a structured event, which was read in no note.
    pub fn row(&self, event: &CodedEvent) -> Option<NoteNlp> {
        if event.is_structured() {
            return None;
        }
        let concept = self.concepts.of(&event.codings, |system| self.shipped.rank(system));
        Some(NoteNlp {
            note_nlp_id: key_of(&event.event_id),
            note_id: key_of(&event.document_id),
            section_concept_id: NO_SECTION,
            snippet: fit(&event.text, SNIPPET),
            offset: event.start.to_string(),
            lexical_variant: fit(&event.text, VARIANT),
            note_nlp_concept_id: concept.standard,
            note_nlp_source_concept_id: concept.source,
            nlp_system: nlp_system(&event.provenance),
            nlp_date: self.stamp.date(),
            nlp_datetime: self.stamp.datetime(),
            term_exists: term_exists(event, self.shipped.very_low_certainty),
            term_temporal: term_temporal(event),
            term_modifiers: modifiers(event, MODIFIERS),
        })
    }
}

/// Whether the patient has or had the condition, by the list of the CDM: not when negated or ruled out, conditional, of very
/// low certainty, or of anybody but the patient. Nor, by the sense of the flag, when it was not examined or is only
/// foreseen. It is the sentence that counts (`assertion`); what the whole report concludes is a modifier.
pub fn term_exists(event: &CodedEvent, very_low_certainty: f64) -> bool {
    let is_said = match event.assertion {
        Assertion::Present => true,
        Assertion::Possible => event.certainty > very_low_certainty,
        Assertion::Absent | Assertion::Hypothetical | Assertion::NotAssessed => false,
    };
    is_said && event.experiencer == Experiencer::Patient && event.temporality != Temporality::Planned
}

/// When the condition holds, by the list of the CDM: past with a history, or when dated before the report.
pub fn term_temporal(event: &CodedEvent) -> TermTemporal {
    match event.temporality {
        Temporality::Past => TermTemporal::Past,
        Temporality::Planned => TermTemporal::Future,
        Temporality::Current if is_dated_before(event) => TermTemporal::Past,
        Temporality::Current => TermTemporal::Present,
    }
}

/// True when all of what the date covers is before the report: "2024" is not before a report of March 2024.
fn is_dated_before(event: &CodedEvent) -> bool {
    let (Some(date), Some(report)) = (event.event_date, event.document_date) else { return false };
    let last = match event.event_date_precision {
        Some(DatePrecision::Year) => date.last_of_year(),
        Some(DatePrecision::Month) => date.last_of_month(),
        Some(DatePrecision::Week | DatePrecision::GestationalWeek) => {
            date.saturating_add(jiff::Span::new().days(6))
        }
        // The unit of the age is not known: it may have been years.
        Some(DatePrecision::Age) => date.saturating_add(jiff::Span::new().days(365)),
        Some(DatePrecision::Day) | None => date,
    };
    last < report
}

/// The engine, a hash of all lexicons, the model, then as many names of lexicons as fit. What another program made and
/// Laennec stored says so, and begins like ours: `laennec stored …`.
pub fn nlp_system(made: &Provenance) -> String {
    let stored = if made.engine.starts_with(OURS) { "" } else { "laennec stored " };
    let digest = Sha256::digest(made.lexicons.join("\n").as_bytes());
    let lexicons = hex(&digest[..6]);
    let names: Vec<&str> = made.lexicons.iter().filter_map(|name| name.split('+').next()).collect();
    let model = made.model.as_ref().map(|model| format!("; model {model}")).unwrap_or_default();
    let all = format!("{stored}{}; lexicons {lexicons}{model}: {}", made.engine, names.join(" "));
    fit(&storable(&all), SYSTEM)
}
