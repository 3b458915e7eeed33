//! Bundle: a report, its events, and what read them, together.

use super::Shipped;
use super::condition::condition;
use super::document::{document_reference, maker, provenance};
use super::family::family_history;
use super::observation::observation;
use super::parts::{address, id_of, identifier, subject};
use crate::event::{CodedEvent, Experiencer};
use crate::exchange::Stamp;
use serde_json::{Value, json};

/// Gathers events that come in the order of the warehouse, a report or a patient at a time.
pub struct Bundles<'s> {
    shipped: &'s Shipped,
    stamp: Stamp,
    group: Vec<CodedEvent>,
}

impl<'s> Bundles<'s> {
    /// Nothing gathered yet.
    pub fn new(shipped: &'s Shipped, stamp: Stamp) -> Self {
        Self { shipped, stamp, group: Vec::new() }
    }

    /// Adds an event; gives the bundle that it ends, if it does.
    pub fn add(&mut self, event: CodedEvent) -> Option<Value> {
        let goes_on = self.group.last().is_none_or(|last| key(last) == key(&event));
        let ended = if goes_on { None } else { self.finish() };
        self.group.push(event);
        ended
    }

    /// The last bundle.
    pub fn finish(&mut self) -> Option<Value> {
        let group = std::mem::take(&mut self.group);
        bundle(&group, self.shipped, self.stamp)
    }
}

/// What the events of one bundle share.
fn key(event: &CodedEvent) -> (bool, &str) {
    match event.is_structured() {
        true => (true, event.patient_id.as_deref().unwrap_or_default()),
        false => (false, &event.document_id),
    }
}

/// The bundle of the events of one report, or of the structured events of one patient; none of no event.
pub fn bundle(events: &[CodedEvent], shipped: &Shipped, stamp: Stamp) -> Option<Value> {
    let first = events.first()?;
    let (kind, name) =
        if first.is_structured() { ("patient", key(first).1) } else { ("document", key(first).1) };
    let document = (!first.is_structured()).then(|| address("document", name));
    let mut entries = Vec::new();
    if let Some(at) = &document {
        entries.push(entry(at, document_reference(first, stamp)));
    }
    for event in events {
        let at = address("event", &event.event_id);
        entries.push(entry(&at, resource(event, document.as_deref(), shipped)));
    }
    for (rank, made) in by_maker(events).iter().enumerate() {
        let own = format!("provenance {kind} {name} {rank}");
        entries.push(entry(&address("", &own), provenance(made, &id_of(&own), document.as_deref(), stamp)));
    }
    Some(json!({
        "resourceType": "Bundle",
        "id": id_of(&format!("bundle {kind} {name}")),
        "identifier": subject_or_document(first),
        "type": "collection",
        "timestamp": stamp.instant(),
        "entry": entries,
    }))
}

/// The events by what made them, in the order of the first of each.
fn by_maker(events: &[CodedEvent]) -> Vec<Vec<&CodedEvent>> {
    let mut found: Vec<Vec<&CodedEvent>> = Vec::new();
    for event in events {
        match found.iter_mut().find(|group| group.first().is_some_and(|one| maker(one) == maker(event))) {
            Some(group) => group.push(event),
            None => found.push(vec![event]),
        }
    }
    found
}

fn entry(at: &str, resource: Value) -> Value {
    json!({"fullUrl": at, "resource": resource})
}

fn subject_or_document(event: &CodedEvent) -> Value {
    match event.is_structured() {
        true => subject(event).get("identifier").cloned().unwrap_or_default(),
        false => identifier("document", &event.document_id),
    }
}

/// The resource that says what the event says.
fn resource(event: &CodedEvent, document: Option<&str>, shipped: &Shipped) -> Value {
    if let Some(history) = family_history(event, shipped) {
        return history;
    }
    let is_condition = event.experiencer == Experiencer::Patient && event.value.is_none();
    match is_condition {
        true => condition(event, document, shipped),
        false => observation(event, document, shipped),
    }
}
