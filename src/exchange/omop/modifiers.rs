//! `term_modifiers` of NOTE_NLP: what an event says beyond its concept, as pairs `name=value` joined by commas.

use crate::event::{Assertion, CodedEvent, DatePrecision, Experiencer, Temporality};
use crate::exchange::table::storable;
use std::borrow::Cow;

/// The modifiers of an event, in a fixed order, as many whole ones as `length` characters hold.
///
/// What may change the truth of the term comes first, so that it is never what is left out. In a value `,` is written
/// `;`, `=` is written `:`, and controls are spaces: the pairs can be cut at commas and at the first `=`.
pub fn modifiers(event: &CodedEvent, length: usize) -> String {
    let mut text = String::new();
    let mut characters = 0;
    for (name, value) in truth(event).into_iter().chain(details(event)) {
        let pair = format!("{}{name}={}", if text.is_empty() { "" } else { "," }, plain(&value));
        characters += pair.chars().count();
        if characters > length {
            break;
        }
        text.push_str(&pair);
    }
    text
}

type Pair = (&'static str, String);

/// What bears on whether the patient has the condition, and when.
fn truth(event: &CodedEvent) -> Vec<Pair> {
    let mut pairs = said(event.assertion);
    if !matches!(event.certainty, 0.0 | 1.0) {
        pairs.push(("certainty", event.certainty.to_string()));
    }
    if event.experiencer != Experiencer::Patient {
        pairs.push(("subject", event.experiencer.as_str().into()));
    }
    pairs.extend(event.fetus_index.map(|index| ("fetus_index", index.to_string())));
    match event.temporality {
        Temporality::Current => {}
        Temporality::Past => pairs.push(("history", "true".into())),
        Temporality::Planned => pairs.push(("planned", "true".into())),
    }
    if event.conclusion != event.assertion {
        pairs.push(("conclusion", event.conclusion.as_str().into()));
    }
    pairs
}

/// The modifiers of the CDM that an assertion is.
fn said(assertion: Assertion) -> Vec<Pair> {
    let name = match assertion {
        Assertion::Present => return Vec::new(),
        Assertion::Absent => "negation",
        Assertion::Possible => "uncertain",
        Assertion::Hypothetical => "conditional",
        Assertion::NotAssessed => "not_assessed",
    };
    vec![(name, "true".into())]
}

/// Everything else, the concept among it: the columns hold none when no vocabulary has it.
fn details(event: &CodedEvent) -> Vec<Pair> {
    let codes: Vec<String> =
        event.codings.iter().map(|coding| format!("{}|{}", coding.system, coding.code)).collect();
    let pairs = [
        ("concept_date", concept_date(event)),
        ("gestational_age_days", event.gestational_age_days.map(|days| days.to_string())),
        ("laterality", event.laterality.map(|side| side.as_str().into())),
        ("value", event.value.map(|value| value.to_string())),
        ("unit", event.unit.clone()),
        ("concept", Some(event.concept.clone())),
        ("codes", (!codes.is_empty()).then(|| codes.join(" "))),
        ("section", event.section.clone()),
        ("method", Some(event.method.as_str().into())),
        ("confidence", Some(event.confidence.to_string())),
    ];
    pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The date of the event as finely as it is known; that of the report, which `nlp` readers have, is left out.
fn concept_date(event: &CodedEvent) -> Option<String> {
    let date = event.event_date.filter(|date| Some(*date) != event.document_date)?.to_string();
    let length = match event.event_date_precision {
        Some(DatePrecision::Year) => 4,
        Some(DatePrecision::Month) => 7,
        _ => date.len(),
    };
    date.get(..length).map(str::to_string)
}

fn plain(value: &str) -> String {
    let spelled = |c: char| match c {
        ',' => ';',
        '=' => ':',
        c if c.is_control() && c != '\0' => ' ',
        c => c,
    };
    let value: Cow<'_, str> = storable(value);
    value.chars().map(spelled).collect()
}
