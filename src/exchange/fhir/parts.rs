//! The data types of FHIR that every resource is made of.

use super::Shipped;
use crate::event::{CodedEvent, Laterality, hex};
use crate::exchange::table::storable;
use serde_json::{Map, Number, Value, json};
use sha2::{Digest, Sha256};

const SNOMED: &str = "http://snomed.info/sct";
pub(super) const ROLES: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";

/// A resource, or a part of one, whose fields are added in the order of the specification.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// No field yet.
    pub fn new() -> Self {
        Self(Map::new())
    }

    /// A resource of this type.
    pub fn resource(kind: &str, id: &str) -> Self {
        Self::new().with("resourceType", kind).with("id", id)
    }

    /// Adds a field. FHIR has no null, no empty text, no empty list and no empty object: those are left out.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let is_empty = match &value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            Value::Bool(_) | Value::Number(_) => false,
        };
        if !is_empty {
            self.0.insert(name.to_string(), value);
        }
        self
    }

    /// Adds a field of a choice, whose name says its type.
    pub fn with_choice(self, choice: Option<(&str, Value)>) -> Self {
        match choice {
            Some((name, value)) => self.with(name, value),
            None => self,
        }
    }
}

impl From<Fields> for Value {
    fn from(fields: Fields) -> Self {
        Value::Object(fields.0)
    }
}

/// A text as FHIR takes it: no control but tab and line ends, no blanks around.
pub(super) fn text(text: &str) -> String {
    let allowed = |c: char| if c.is_control() && !matches!(c, '\t' | '\n' | '\r') { ' ' } else { c };
    storable(text.trim()).chars().map(allowed).collect::<String>().trim().to_string()
}

/// The id of a resource: the identifier itself when FHIR allows it, else a hash of it.
pub(super) fn id_of(identifier: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let is_id = (1..=64).contains(&identifier.len()) && identifier.chars().all(allowed);
    if is_id { identifier.to_string() } else { hex(&Sha256::digest(identifier.as_bytes())[..16]) }
}

/// The address of a resource in its bundle: an UUID of version 8 (RFC 9562), made of a hash.
pub(super) fn address(kind: &str, identifier: &str) -> String {
    let digest = Sha256::digest(format!("{kind}\n{identifier}").as_bytes());
    let mut bytes: Vec<u8> = digest.iter().take(16).copied().collect();
    let mut stamp = |place: usize, keep: u8, mark: u8| {
        if let Some(byte) = bytes.get_mut(place) {
            *byte = *byte & keep | mark;
        }
    };
    stamp(6, 0x0F, 0x80);
    stamp(8, 0x3F, 0x80);
    let groups = [0..4, 4..6, 6..8, 8..10, 10..16];
    let groups: Vec<String> = groups.map(|range| hex(bytes.get(range).unwrap_or_default())).to_vec();
    format!("urn:uuid:{}", groups.join("-"))
}

/// An identifier of ours.
pub(super) fn identifier(of: &str, value: &str) -> Value {
    json!({"system": format!("urn:laennec:{of}"), "value": text(value)})
}

/// A reference to something that is not in the bundle.
pub(super) fn elsewhere(kind: &str, of: &str, value: &str) -> Value {
    json!({"type": kind, "identifier": identifier(of, value)})
}

/// The patient of an event; without an id, whoever the report is about.
pub(super) fn subject(event: &CodedEvent) -> Value {
    match event.patient_id.as_deref().filter(|id| !text(id).is_empty()) {
        Some(id) => elsewhere("Patient", "patient", id),
        None => elsewhere("Patient", "patient-of-document", &event.document_id),
    }
}

/// The stay of an event.
pub(super) fn encounter(event: &CodedEvent) -> Value {
    let id = event.visit_id.as_deref().filter(|id| !text(id).is_empty());
    id.map_or(Value::Null, |id| elsewhere("Encounter", "visit", id))
}

/// One coding as a CodeableConcept.
pub(super) fn coded(system: &str, code: &str, display: &str) -> Value {
    json!({"coding": [coding(system, code, display)]})
}

/// A Coding.
pub(super) fn coding(system: &str, code: &str, display: &str) -> Value {
    Fields::new().with("system", system).with("code", code).with("display", display).into()
}

/// What was found: every code, the concept of the lexicon, the preferred label.
pub(super) fn finding(event: &CodedEvent, shipped: &Shipped) -> Value {
    let label = text(&event.label);
    let mut codings: Vec<Value> =
        event.codings.iter().map(|c| coding(&shipped.uri(&c.system), &code(&c.code), "")).collect();
    codings.push(coding("urn:laennec:concept", &code(&event.concept), &label));
    Fields::new().with("coding", codings).with("text", label).into()
}

/// A code: single blanks inside, none around.
fn code(code: &str) -> String {
    text(code).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The side of the body.
pub(super) fn body_site(laterality: Laterality, shipped: &Shipped) -> Value {
    let coding = shipped.side(laterality).map(|(code, display)| json!([coding(SNOMED, code, display)]));
    Fields::new().with("coding", coding.unwrap_or_default()).with("text", laterality.as_str()).into()
}

/// The mention as written, as a note.
pub(super) fn note(event: &CodedEvent) -> Value {
    match text(&event.text) {
        written if written.is_empty() => Value::Null,
        written => json!([{"text": written}]),
    }
}

/// A measured value; nothing when it is no number.
pub(super) fn quantity(event: &CodedEvent) -> Option<Value> {
    let value = decimal(event.value?)?;
    let unit = text(event.unit.as_deref().unwrap_or_default());
    Some(Fields::new().with("value", value).with("unit", unit).into())
}

/// A number, whole numbers without a point: digits after it would claim a precision.
pub(super) fn decimal(value: f64) -> Option<Value> {
    const LARGEST: f64 = 1e15;
    if value.fract() == 0.0 && value.abs() < LARGEST {
        #[allow(clippy::cast_possible_truncation)]
        return Some(Value::from(value as i64));
    }
    Number::from_f64(value).map(Value::Number)
}
