//! Rows of events: coded diagnoses of a hospital, or events that `laennec events` exported.

use serde_json::Value;

use super::codes::coding;
use super::persons::{GESTATION, LONGEST_PREGNANCY};
use super::rows::{self, Cells};
use super::{Origin, Reason, Record, Rejection};
use crate::event::{
    Assertion, CodedEvent, Coding, DatePrecision, DateSource, Experiencer, Laterality, Method, Provenance,
    Temporality,
};

/// An event as received.
#[derive(Clone, Debug)]
pub struct ReceivedEvent {
    /// The event; `label` is empty when the row has none.
    pub event: CodedEvent,
    /// Where it starts.
    pub origin: Origin,
    /// True for an exported event of a report, whose concept, codes and subgroups are to be kept as they are.
    pub is_complete: bool,
}

/// What made an event that does not say it.
const LOADED: &str = "laennec load";

const CODINGS: &str = r#"a list of {"system","code"}, or of SYSTEM:CODE"#;
const SUBGROUPS: &str = "a list of subgroup ids";
const PLACE: &str = "a whole number, 0 or more";

/// Reads a row of events.
///
/// # Errors
/// A [`Rejection`] when the row cannot be accepted; it names fields, never what they hold.
pub fn read_event(record: Record) -> Result<ReceivedEvent, Rejection> {
    let origin = record.origin.clone();
    let (event, is_complete) = rows::read(record, event)?;
    Ok(ReceivedEvent { event, origin, is_complete })
}

fn event(cells: &mut Cells) -> Result<(CodedEvent, bool), Reason> {
    let given = ["concept", "label", "codings", "subgroups"].iter().all(|name| cells.has(name));
    let event_id = cells.document_id(&["event_id"])?;
    let document_id = cells.document_id(&["document_id", "note_id"])?.unwrap_or_default();
    let is_complete = given && !document_id.is_empty();
    let mut event = described(cells, document_id)?;
    place(cells, &mut event)?;
    meaning(cells, &mut event, is_complete)?;
    reading(cells, &mut event)?;
    dates(cells, &mut event)?;
    made(cells, &mut event)?;
    check(&event)?;
    identify(&mut event, event_id)?;
    Ok((event, is_complete))
}

/// The event with whose it is; everything else by default.
fn described(cells: &mut Cells, document_id: String) -> Result<CodedEvent, Reason> {
    let any = i64::MIN..=i64::MAX;
    Ok(CodedEvent {
        event_id: String::new(),
        document_version: cells
            .integer(&["document_version", "version"], any, "a whole number")?
            .unwrap_or(0),
        patient_id: cells.identifier(&["patient_id", "person_id"])?,
        visit_id: cells.identifier(&["visit_id", "visit_occurrence_id"])?,
        document_type: cells.text("document_type")?,
        document_date: cells.date("document_date")?,
        ward: cells.identifier(&["ward", "care_site", "unit_name"])?,
        section: cells.text("section")?,
        start: 0,
        end: 0,
        fragments: Vec::new(),
        text: String::new(),
        concept: String::new(),
        label: String::new(),
        codings: Vec::new(),
        subgroups: Vec::new(),
        assertion: Assertion::Present,
        certainty: 1.0,
        conclusion: Assertion::Present,
        experiencer: Experiencer::Patient,
        fetus_index: None,
        temporality: Temporality::Current,
        event_date: None,
        event_date_precision: None,
        event_date_source: None,
        gestational_age_days: None,
        laterality: None,
        value: cells.number("value")?,
        unit: cells.text("unit")?,
        cues: Vec::new(),
        method: if document_id.is_empty() { Method::Structured } else { Method::Dictionary },
        position: cells.word("position", position, "DP, DR or DAS")?,
        confidence: 1.0,
        provenance: Provenance { engine: LOADED.into(), ..Provenance::default() },
        document_id,
    })
}

fn position(text: &str) -> Option<String> {
    let position = text.to_ascii_uppercase();
    matches!(position.as_str(), "DP" | "DR" | "DAS").then_some(position)
}

fn place(cells: &mut Cells, event: &mut CodedEvent) -> Result<(), Reason> {
    event.text = cells.text("text")?.unwrap_or_default();
    let within = 0..=i64::from(u32::MAX);
    let start = cells.integer(&["start"], within.clone(), PLACE)?.unwrap_or(0);
    let end = cells.integer(&["end"], within, PLACE)?;
    let end = end.unwrap_or(start + event.text.chars().count() as i64);
    (event.start, event.end) = (start as u32, end as u32);
    event.fragments = cells.json("fragments", "a list of [start,end]")?.unwrap_or_default();
    Ok(())
}

/// Codes brought to one spelling, but for events that are to come back as they were.
fn meaning(cells: &mut Cells, event: &mut CodedEvent, is_complete: bool) -> Result<(), Reason> {
    event.label = cells.text("label")?.unwrap_or_default();
    event.codings = codings(cells, is_complete)?;
    event.subgroups = subgroups(cells)?;
    let concept = cells.text("concept")?;
    let first_code = event.codings.first().map(|c| format!("{}:{}", c.system, c.code));
    let named = concept.or(first_code).or_else(|| event.subgroups.first().cloned());
    event.concept = named.ok_or(Reason::NoMeaning)?;
    Ok(())
}

fn codings(cells: &mut Cells, is_complete: bool) -> Result<Vec<Coding>, Reason> {
    let bad = || Reason::BadValue { field: "codings", expected: CODINGS };
    let read = |value: &Value| match is_complete {
        true => serde_json::from_value(value.clone()).ok().or_else(|| coding(value)),
        false => coding(value),
    };
    let list = cells.list("codings", CODINGS)?;
    let mut codings = list.iter().map(|value| read(value).ok_or_else(bad)).collect::<Result<Vec<_>, _>>()?;
    codings.sort();
    codings.dedup();
    Ok(codings)
}

fn subgroups(cells: &mut Cells) -> Result<Vec<String>, Reason> {
    let bad = || Reason::BadValue { field: "subgroups", expected: SUBGROUPS };
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(bad);
    let list = cells.list("subgroups", SUBGROUPS)?;
    let mut subgroups = list.iter().map(text).collect::<Result<Vec<_>, _>>()?;
    subgroups.sort();
    subgroups.dedup();
    Ok(subgroups)
}

fn reading(cells: &mut Cells, event: &mut CodedEvent) -> Result<(), Reason> {
    const ASSERTIONS: &str = "present, absent, possible, hypothetical or not_assessed";
    const PERSONS: &str = "patient, fetus, mother, father, sibling, family or other";
    const SIDES: &str = "left, right, bilateral or unilateral";
    event.assertion = cells.word("assertion", Assertion::parse, ASSERTIONS)?.unwrap_or(Assertion::Present);
    event.certainty = cells.probability("certainty")?.unwrap_or(1.0);
    event.conclusion = cells.word("conclusion", Assertion::parse, ASSERTIONS)?.unwrap_or(event.assertion);
    event.experiencer =
        cells.word("experiencer", Experiencer::parse, PERSONS)?.unwrap_or(Experiencer::Patient);
    let index = cells.integer(&["fetus_index"], 1..=255, "a whole number from 1 to 255")?;
    event.fetus_index = index.map(|index| index as u8);
    let times = "current, past or planned";
    event.temporality = cells.word("temporality", Temporality::parse, times)?.unwrap_or(Temporality::Current);
    event.laterality = cells.word("laterality", Laterality::parse, SIDES)?;
    event.cues = cells.json("cues", r#"a list of {"id","start","end"}"#)?.unwrap_or_default();
    Ok(())
}

fn dates(cells: &mut Cells, event: &mut CodedEvent) -> Result<(), Reason> {
    const PRECISIONS: &str = "day, week, month, year, gestational_week or age";
    const SOURCES: &str = "explicit, relative or document_date";
    event.event_date = cells.date("event_date")?;
    let precision = cells.word("event_date_precision", DatePrecision::parse, PRECISIONS)?;
    event.event_date_precision = precision.or(event.event_date.map(|_| DatePrecision::Day));
    event.event_date_source = cells.word("event_date_source", DateSource::parse, SOURCES)?;
    // What the engine read is kept as it was read.
    let longest = if event.is_structured() { LONGEST_PREGNANCY } else { u16::MAX.into() };
    let age = cells.integer(&["gestational_age_days"], 0..=longest, GESTATION)?;
    event.gestational_age_days = age.map(|days| days as u16);
    Ok(())
}

fn made(cells: &mut Cells, event: &mut CodedEvent) -> Result<(), Reason> {
    let methods = "dictionary, pattern, neural or structured";
    event.method = cells.word("method", Method::parse, methods)?.unwrap_or(event.method);
    event.confidence = cells.probability("confidence")?.unwrap_or(1.0);
    let provenance = cells.json("provenance", r#"{"engine","lexicons","model","rule"}"#)?;
    event.provenance = provenance.unwrap_or_else(|| event.provenance.clone());
    Ok(())
}

fn check(event: &CodedEvent) -> Result<(), Reason> {
    if event.is_structured() && event.patient_id.is_none() {
        return Err(Reason::MissingField { field: "patient_id", also: "person_id" });
    }
    let length = event.text.chars().count() as i64;
    if i64::from(event.end) - i64::from(event.start) != length {
        return Err(Reason::BadValue { field: "text", expected: "as many characters as end minus start" });
    }
    let inside = |&(start, end): &(u32, u32)| event.start <= start && start < end && end <= event.end;
    match event.fragments.iter().all(inside) {
        true => Ok(()),
        false => Err(Reason::BadValue { field: "fragments", expected: "pieces between start and end" }),
    }
}

/// The id of an event of a report is the hash of what it is; that of a structured one is anybody's.
fn identify(event: &mut CodedEvent, given: Option<String>) -> Result<(), Reason> {
    let identity = if event.is_structured() { event.structured_identity() } else { event.identity() };
    match given {
        Some(id) if id != identity && !event.is_structured() => {
            let expected = "the hash of the event; leave it out, and it is made";
            Err(Reason::BadValue { field: "event_id", expected })
        }
        given => {
            event.event_id = given.unwrap_or(identity);
            Ok(())
        }
    }
}
