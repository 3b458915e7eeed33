//! The output vocabulary and its versioned form: what one mention in one report says, coded.
//!
//! `CodedEvent` is the border between the text tower and the population tower. Offsets are Unicode code
//! points into the original text, end exclusive. Field names and values are those of the contract.

use crate::span::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// A code in a code system, for instance `CIM-10` and `Q39.0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Coding {
    /// Code system: `CIM-10`, `HPO`, `ORPHA`, `EUROCAT`, …
    pub system: String,
    /// Code, spelled as its system spells it.
    pub code: String,
}

/// Declares an enum of the contract with its spelling in JSON, SQL and data files.
macro_rules! vocabulary {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every value, in the order of the contract.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The spelling of the contract.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }

            /// Reads the spelling of the contract.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some($name::$variant),)+ _ => None }
            }
        }
    };
}

vocabulary! {
    /// What the report says of the finding.
    Assertion {
        /// Said to be there.
        Present = "present",
        /// Said to be absent, or ruled out.
        Absent = "absent",
        /// Suspected, probable, not excluded.
        Possible = "possible",
        /// Asked for, to be ruled out, conditional, a risk, general information.
        Hypothetical = "hypothetical",
        /// Could not be, or was not, examined.
        NotAssessed = "not_assessed",
    }
}

vocabulary! {
    /// Whose finding it is.
    Experiencer {
        /// The person whose record this is.
        Patient = "patient",
        /// The child of the present pregnancy, in the record of the pregnant woman.
        Fetus = "fetus",
        /// The mother of the patient.
        Mother = "mother",
        /// The father of the patient or of the fetus.
        Father = "father",
        /// A brother or sister.
        Sibling = "sibling",
        /// Any other relative by blood.
        Family = "family",
        /// Anybody else: a spouse, a contact, a fetus of an earlier pregnancy.
        Other = "other",
    }
}

vocabulary! {
    /// When the finding holds, relative to the report.
    Temporality {
        /// Now, or lasting.
        Current = "current",
        /// No longer present: repaired, resolved, of an earlier pregnancy.
        Past = "past",
        /// Foreseen.
        Planned = "planned",
    }
}

vocabulary! {
    /// Side of the body.
    Laterality {
        /// Left.
        Left = "left",
        /// Right.
        Right = "right",
        /// Both sides.
        Bilateral = "bilateral",
        /// One side, not said which.
        Unilateral = "unilateral",
    }
}

vocabulary! {
    /// How the concept was found.
    Method {
        /// A term of a lexicon.
        Dictionary = "dictionary",
        /// A pattern of a lexicon.
        Pattern = "pattern",
        /// A trained model.
        Neural = "neural",
        /// Loaded from structured data.
        Structured = "structured",
    }
}

vocabulary! {
    /// How finely the date of an event is known.
    DatePrecision {
        /// To the day.
        Day = "day",
        /// To the week; the date is its first day.
        Week = "week",
        /// To the month; the date is its first day.
        Month = "month",
        /// To the year; the date is its first day.
        Year = "year",
        /// To the week of gestation.
        GestationalWeek = "gestational_week",
        /// To the age of the patient, in the unit used by the report.
        Age = "age",
    }
}

vocabulary! {
    /// Where the date of an event comes from.
    DateSource {
        /// Written in full in the text.
        Explicit = "explicit",
        /// Written relative to another date and resolved.
        Relative = "relative",
        /// The date of the report.
        DocumentDate = "document_date",
    }
}

/// What the context of a mention says of it: the common language of `context` and `code`.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// What the report says.
    pub assertion: Assertion,
    /// How sure the report is, 0 to 1; see `docs/events.md`.
    pub certainty: f64,
    /// Whose finding it is.
    pub experiencer: Experiencer,
    /// Which fetus of a multiple pregnancy, from 1.
    pub fetus_index: Option<u8>,
    /// When it holds.
    pub temporality: Temporality,
    /// Ids and original bytes of the cues that decided, in text order.
    pub cues: Vec<(String, Span)>,
}

/// A context cue that helped decide, with its place in the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CueRef {
    /// Id of the cue in its lexicon, or of the structural rule.
    pub id: String,
    /// First code point.
    pub start: u32,
    /// One past the last code point.
    pub end: u32,
}

/// The date of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventDate {
    /// First day that the expression covers.
    pub date: Date,
    /// How finely it is known.
    pub precision: DatePrecision,
    /// Where it comes from.
    pub source: DateSource,
}

/// What made an event: enough to make it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Engine name and version; shared, because every event of a run carries it.
    pub engine: Arc<str>,
    /// `name@version+hash` of every lexicon in use, sorted.
    pub lexicons: Arc<[String]>,
    /// Name and hash of the model, when one was used.
    pub model: Option<String>,
    /// The term or pattern that matched, as `lexicon:id`.
    pub rule: String,
}

/// One coded event: the contract's JSON object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodedEvent {
    /// 32 hexadecimal digits; the same input and engine give the same id.
    pub event_id: String,
    /// Report the event was read in; empty for a structured event, which comes from none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub document_id: String,
    /// Version of that report.
    pub document_version: i64,
    /// Patient of the record.
    pub patient_id: Option<String>,
    /// Stay.
    pub visit_id: Option<String>,
    /// Type of the report.
    pub document_type: Option<String>,
    /// Date of the report.
    pub document_date: Option<Date>,
    /// Ward or unit of care of the report, or of the stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ward: Option<String>,
    /// Kind of the section that holds the mention.
    pub section: Option<String>,
    /// First code point of the mention.
    pub start: u32,
    /// One past the last code point.
    pub end: u32,
    /// The pieces of a discontinuous mention; empty otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fragments: Vec<(u32, u32)>,
    /// The mention as written, from `start` to `end`.
    pub text: String,
    /// Concept id in its lexicon.
    pub concept: String,
    /// French preferred label.
    pub label: String,
    /// Codes, sorted.
    pub codings: Vec<Coding>,
    /// EUROCAT subgroups reached, parents included, sorted.
    pub subgroups: Vec<String>,
    /// What the report says.
    pub assertion: Assertion,
    /// How sure the report is of that assertion, 0 to 1.
    pub certainty: f64,
    /// What the whole report concludes of the finding: a suspicion may be confirmed or ruled out elsewhere in it.
    pub conclusion: Assertion,
    /// Whose finding it is.
    pub experiencer: Experiencer,
    /// Which fetus of a multiple pregnancy, from 1.
    pub fetus_index: Option<u8>,
    /// When it holds.
    pub temporality: Temporality,
    /// Date of the event.
    pub event_date: Option<Date>,
    /// Its precision.
    pub event_date_precision: Option<DatePrecision>,
    /// Its source.
    pub event_date_source: Option<DateSource>,
    /// Gestational age at the event, in days of amenorrhoea.
    pub gestational_age_days: Option<u16>,
    /// Side of the body.
    pub laterality: Option<Laterality>,
    /// Measured value.
    pub value: Option<f64>,
    /// Unit of the value.
    pub unit: Option<String>,
    /// The cues that decided, in text order.
    pub cues: Vec<CueRef>,
    /// How the concept was found.
    pub method: Method,
    /// Rank of a coded diagnosis in its stay: `DP`, `DR` or `DAS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// Confidence that concept and assertion are right, 0 to 1.
    pub confidence: f64,
    /// What made the event.
    pub provenance: Provenance,
}

impl CodedEvent {
    /// True when the event comes from no report.
    pub fn is_structured(&self) -> bool {
        self.document_id.is_empty()
    }

    /// The contract's order of the events read in reports: by report, then place, then concept.
    pub fn sort_key(&self) -> (&str, u32, u32, &str, &str) {
        (&self.document_id, self.start, self.end, &self.concept, &self.event_id)
    }

    /// Hash of what identifies a structured event that has no id of its own: patient, stay, what was coded, when, in
    /// which place of the stay, and what is said of it.
    pub fn structured_identity(&self) -> String {
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        let codes = self.codings.iter().flat_map(|coding| [coding.system.clone(), coding.code.clone()]);
        let mut parts = vec![
            optional(&self.patient_id),
            optional(&self.visit_id),
            self.event_date.map(|date| date.to_string()).unwrap_or_default(),
            optional(&self.position),
            optional(&self.ward),
            self.concept.clone(),
            self.subgroups.join(" "),
            self.value.map(|value| value.to_string()).unwrap_or_default(),
            optional(&self.unit),
            self.assertion.as_str().to_owned(),
            self.experiencer.as_str().to_owned(),
            self.temporality.as_str().to_owned(),
            self.fetus_index.map(|index| index.to_string()).unwrap_or_default(),
        ];
        parts.extend(codes);
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        hex(&hash.finalize()[..16])
    }

    /// Hash of what identifies an event: report, version, place, concept, rule and engine.
    pub fn identity(&self) -> String {
        let mut hash = Sha256::new();
        let place = format!("{} {} {}", self.document_version, self.start, self.end);
        let engine: &str = &self.provenance.engine;
        for part in [self.document_id.as_str(), &place, &self.concept, &self.provenance.rule, engine] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        for (start, end) in &self.fragments {
            hash.update(start.to_le_bytes());
            hash.update(end.to_le_bytes());
        }
        hex(&hash.finalize()[..16])
    }
}

/// Lower-case hexadecimal digits of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
