//! Observation: a measured value, and what is said of somebody who is not the patient.

use super::Shipped;
use super::extension::extensions;
use super::parts::{
    Fields, ROLES, body_site, coding, encounter, finding, id_of, identifier, note, quantity, subject,
};
use super::when::when;
use crate::event::{Assertion, CodedEvent, Experiencer};
use serde_json::{Value, json};

/// The id of the person inside the resource.
const FOCUS: &str = "focus";

/// The Observation of an event; `document` is the address of its report.
pub(super) fn observation(event: &CodedEvent, document: Option<&str>, shipped: &Shipped) -> Value {
    let value = quantity(event);
    let is_other = event.experiencer != Experiencer::Patient;
    let contained: Vec<Value> = is_other.then(|| person(event, shipped)).into_iter().collect();
    let focus: Vec<Value> = is_other.then(|| json!({"reference": format!("#{FOCUS}")})).into_iter().collect();
    let source: Vec<Value> = document.iter().map(|at| json!({"reference": at})).collect();
    Fields::resource("Observation", &id_of(&event.event_id))
        .with("contained", contained)
        .with("extension", extensions(event, value.is_none()))
        .with("identifier", vec![identifier("event", &event.event_id)])
        .with("status", "final")
        .with("code", finding(event, shipped))
        .with("subject", subject(event))
        .with("focus", focus)
        .with("encounter", encounter(event))
        .with_choice(when(event, ["effectiveDateTime", "effectivePeriod"]))
        .with_choice(Some(answer(event, value)))
        .with("note", note(event))
        .with("bodySite", event.laterality.map(|side| body_site(side, shipped)).unwrap_or_default())
        .with("derivedFrom", source)
        .into()
}

/// The value measured, else the assertion; what was not examined has no value, and says why.
fn answer(event: &CodedEvent, value: Option<Value>) -> (&'static str, Value) {
    const ABSENT: &str = "http://terminology.hl7.org/CodeSystem/data-absent-reason";
    match (value, event.assertion) {
        (Some(value), _) => ("valueQuantity", value),
        (None, Assertion::NotAssessed) => {
            ("dataAbsentReason", json!({"coding": [coding(ABSENT, "not-performed", "Not Performed")]}))
        }
        (None, assertion) => {
            let coding = coding("urn:laennec:assertion", assertion.as_str(), "");
            ("valueCodeableConcept", json!({"coding": [coding], "text": assertion.as_str()}))
        }
    }
}

/// Whom the finding is about.
fn person(event: &CodedEvent, shipped: &Shipped) -> Value {
    let role = shipped.kin(event.experiencer);
    let codings: Vec<Value> = role.iter().map(|(code, display)| coding(ROLES, code, display)).collect();
    let rank = event.fetus_index.map(|index| index.to_string());
    let identifiers: Vec<Value> = rank.iter().map(|rank| identifier("fetus-index", rank)).collect();
    let relationship = Fields::new().with("coding", codings).with("text", event.experiencer.as_str());
    Fields::resource("RelatedPerson", FOCUS)
        .with("identifier", identifiers)
        .with("patient", subject(event))
        .with("relationship", vec![Value::from(relationship)])
        .into()
}
