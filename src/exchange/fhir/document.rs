//! DocumentReference: the report that events were read in. Provenance: what read it.

use super::extension::string;
use super::parts::{Fields, address, coded, encounter, id_of, identifier, subject, text};
use crate::event::CodedEvent;
use crate::exchange::Stamp;
use serde_json::{Value, json};

/// The report of an event. Its text stays where it is; its day is the period of the care it tells.
pub(super) fn document_reference(event: &CodedEvent, stamp: Stamp) -> Value {
    let kind = text(event.document_type.as_deref().unwrap_or_default());
    let day = event.document_date.map(|date| date.to_string()).unwrap_or_default();
    let attachment =
        Fields::new().with("contentType", "text/plain").with("language", "fr").with("creation", day.clone());
    let visit = Some(encounter(event)).filter(|visit| !visit.is_null());
    let context = Fields::new()
        .with("encounter", visit.into_iter().collect::<Vec<_>>())
        .with("period", Fields::new().with("start", day));
    Fields::resource("DocumentReference", &id_of(&format!("document {}", event.document_id)))
        .with(
            "extension",
            string("document-version", &event.document_version.to_string()).into_iter().collect::<Vec<_>>(),
        )
        .with("identifier", vec![identifier("document", &event.document_id)])
        .with("status", "current")
        .with("type", Fields::new().with("text", kind))
        .with("subject", subject(event))
        .with("date", stamp.instant())
        .with("content", json!([{"attachment": Value::from(attachment)}]))
        .with("context", context)
        .into()
}

/// What made the resources of these events, which all have the same maker.
pub(super) fn provenance(made: &[&CodedEvent], id: &str, document: Option<&str>, stamp: Stamp) -> Value {
    const AGENTS: &str = "http://terminology.hl7.org/CodeSystem/provenance-participant-type";
    let reference = |event: &&CodedEvent| json!({"reference": address("event", &event.event_id)});
    let entities: Vec<Value> =
        document.iter().map(|at| json!({"role": "source", "what": {"reference": at}})).collect();
    let who = json!({"type": "Device", "display": made.first().map(|event| maker(event))});
    Fields::resource("Provenance", id)
        .with("target", made.iter().map(reference).collect::<Vec<_>>())
        .with("recorded", stamp.instant())
        .with("agent", json!([{"type": coded(AGENTS, "assembler", "Assembler"), "who": who}]))
        .with("entity", entities)
        .into()
}

/// Engine, model and lexicons; what is unknown says so.
pub(super) fn maker(event: &CodedEvent) -> String {
    let made = &event.provenance;
    let parts = [Some(made.engine.to_string()), made.model.clone(), Some(made.lexicons.join(" "))];
    let parts: Vec<String> =
        parts.into_iter().flatten().map(|part| text(&part)).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "unknown".to_string() } else { parts.join("; ") }
}
