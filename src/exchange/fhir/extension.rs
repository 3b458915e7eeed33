//! What an event says and FHIR has no field for.

use super::parts::{decimal, text};
use crate::event::{Assertion, CodedEvent, Temporality};
use serde_json::{Value, json};

/// The extensions of an event. `is_told` is true when the resource has a field for each assertion.
pub(super) fn extensions(event: &CodedEvent, is_told: bool) -> Vec<Value> {
    let mut found = Vec::new();
    // Two assertions are both "unconfirmed" in FHIR.
    let is_merged = matches!(event.assertion, Assertion::Hypothetical | Assertion::NotAssessed);
    if is_merged || !is_told && event.assertion != Assertion::Present {
        found.push(code("assertion", event.assertion.as_str()));
    }
    if !matches!(event.certainty, 0.0 | 1.0) {
        found.extend(decimal(event.certainty).map(|value| extension("certainty", "valueDecimal", value)));
    }
    if event.conclusion != event.assertion {
        found.push(code("conclusion", event.conclusion.as_str()));
    }
    if event.temporality != Temporality::Current {
        found.push(code("temporality", event.temporality.as_str()));
    }
    found.extend(event.gestational_age_days.map(gestational_age));
    found.extend(event.position.as_deref().and_then(|position| string("position", position)));
    found.extend(place(event));
    found.extend(decimal(event.confidence).map(|value| extension("confidence", "valueDecimal", value)));
    found
}

fn extension(name: &str, kind: &str, value: Value) -> Value {
    json!({"url": format!("urn:laennec:extension:{name}"), kind: value})
}

fn code(name: &str, value: &str) -> Value {
    extension(name, "valueCode", json!(value))
}

/// An extension that holds a text; none when it is empty.
pub(super) fn string(name: &str, value: &str) -> Option<Value> {
    let value = text(value);
    (!value.is_empty()).then(|| extension(name, "valueString", json!(value)))
}

/// Days of amenorrhoea.
fn gestational_age(days: u16) -> Value {
    let quantity = json!({"value": days, "unit": "d", "system": "http://unitsofmeasure.org", "code": "d"});
    extension("gestational-age", "valueQuantity", quantity)
}

/// Section and code points of the mention.
fn place(event: &CodedEvent) -> Vec<Value> {
    if event.is_structured() {
        return Vec::new();
    }
    let section = event.section.as_deref().and_then(|section| string("section", section));
    let span = string("span", &format!("{}..{}", event.start, event.end));
    section.into_iter().chain(span).collect()
}
