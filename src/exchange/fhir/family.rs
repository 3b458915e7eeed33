//! FamilyMemberHistory: what a relative has. It can say only what is there, so nothing else is written as one.

use super::Shipped;
use super::extension::extensions;
use super::parts::{Fields, ROLES, coding, finding, id_of, identifier, note, subject};
use super::when::recorded;
use crate::event::{Assertion, CodedEvent, Temporality};
use serde_json::{Value, json};

/// The FamilyMemberHistory of an event; none when the person is no relative, or the finding is not said to be there.
pub(super) fn family_history(event: &CodedEvent, shipped: &Shipped) -> Option<Value> {
    let is_there = event.assertion == Assertion::Present && event.temporality != Temporality::Planned;
    let (code, display) = shipped.kin(event.experiencer).filter(|_| is_there)?;
    let condition = Fields::new().with("code", finding(event, shipped)).with("note", note(event));
    let resource = Fields::resource("FamilyMemberHistory", &id_of(&event.event_id))
        .with("extension", extensions(event, true))
        .with("identifier", vec![identifier("event", &event.event_id)])
        .with("status", "partial")
        .with("patient", subject(event))
        .with("date", recorded(event).unwrap_or_default())
        .with("relationship", json!({"coding": [coding(ROLES, code, display)]}))
        .with("condition", vec![Value::from(condition)]);
    Some(resource.into())
}
