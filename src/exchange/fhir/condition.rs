//! Condition: what the patient is said to have, may have, or not have.

use super::Shipped;
use super::extension::extensions;
use super::parts::{Fields, body_site, coded, encounter, finding, id_of, identifier, note, subject};
use super::when::{onset, recorded};
use crate::event::{Assertion, CodedEvent, Temporality};
use serde_json::{Value, json};

const CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const VERIFICATION: &str = "http://terminology.hl7.org/CodeSystem/condition-ver-status";
const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/condition-category";

/// The Condition of an event of the patient; `document` is the address of its report.
pub(super) fn condition(event: &CodedEvent, document: Option<&str>, shipped: &Shipped) -> Value {
    let sites: Vec<Value> = event.laterality.iter().map(|side| body_site(*side, shipped)).collect();
    let evidence: Vec<Value> = document.iter().map(|at| json!({"detail": [{"reference": at}]})).collect();
    Fields::resource("Condition", &id_of(&event.event_id))
        .with("extension", extensions(event, true))
        .with("identifier", vec![identifier("event", &event.event_id)])
        .with("clinicalStatus", coded(CLINICAL, clinical_status(event), ""))
        .with("verificationStatus", coded(VERIFICATION, verification_status(event), ""))
        .with("category", vec![coded(CATEGORY, "encounter-diagnosis", "")])
        .with("code", finding(event, shipped))
        .with("bodySite", sites)
        .with("subject", subject(event))
        .with("encounter", encounter(event))
        .with_choice(onset(event))
        .with("recordedDate", recorded(event).unwrap_or_default())
        .with("evidence", evidence)
        .with("note", note(event))
        .into()
}

/// "Inactive" covers what is not there; FHIR keeps "resolved" for what was.
fn clinical_status(event: &CodedEvent) -> &'static str {
    match (event.assertion, event.temporality) {
        (Assertion::Absent, _) => "inactive",
        (_, Temporality::Past) => "resolved",
        (_, Temporality::Current | Temporality::Planned) => "active",
    }
}

/// A suspicion more likely than not is provisional, a lesser one is one of several that are considered.
fn verification_status(event: &CodedEvent) -> &'static str {
    match event.assertion {
        Assertion::Absent => "refuted",
        Assertion::Hypothetical | Assertion::NotAssessed => "unconfirmed",
        Assertion::Present | Assertion::Possible if event.temporality == Temporality::Planned => {
            "unconfirmed"
        }
        Assertion::Present => "confirmed",
        Assertion::Possible if event.certainty >= 0.5 => "provisional",
        Assertion::Possible => "differential",
    }
}
