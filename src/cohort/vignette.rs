//! Runs the vignettes of a definition on a small warehouse in memory: each case's patients, then the verdict expected.

use super::explain::explain;
use super::run::{Case, Runnable, cases};
use crate::document::Document;
use crate::event::{Assertion, CodedEvent, Coding, Experiencer, Laterality, Method, Provenance, Temporality};
use crate::phenotype::{Facts, Vignette, VignetteEvent, VignettePerson, Vocabulary};
use crate::population::Person;
use crate::problem::Problem;
use crate::warehouse::{Annotated, EngineFingerprint, Outcome, Run, Warehouse, WarehouseError};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// The patient of a vignette who is not named.
const PATIENT: &str = "P";

/// Runs every vignette; one problem for each verdict that is not the one expected.
///
/// `enrich` completes the subgroups and codes of an event, as loading does.
///
/// # Errors
/// The warehouse in memory failed.
pub fn run_vignettes(
    runnable: &Runnable<'_>,
    vocabulary: &Vocabulary,
    enrich: &dyn Fn(&mut CodedEvent),
) -> Result<Vec<Problem>, WarehouseError> {
    let definition = &runnable.loaded.definition;
    let mut warehouse = Warehouse::in_memory()?;
    {
        let engine = EngineFingerprint { engine: "vignettes".into(), ..EngineFingerprint::default() };
        let mut run = warehouse.begin_run(&engine);
        for (number, vignette) in definition.cases.iter().enumerate() {
            fill(&mut run, &Names(number), vignette.get_ref(), enrich)?;
        }
        run.finish()?;
    }
    let found = cases(&warehouse, runnable, vocabulary, Facts::Inline)?;
    let found: BTreeMap<&str, &Case> = found.iter().map(|case| (case.patient_id.as_str(), case)).collect();
    let mut failed = BTreeMap::new();
    explain(&warehouse, runnable, vocabulary, Facts::Inline, None, |marked| {
        if !marked.is_case {
            failed.insert(marked.patient_id.clone(), marked.failed(runnable));
        }
    })?;
    let mut problems = Vec::new();
    for (number, vignette) in definition.cases.iter().enumerate() {
        let own = vignette.get_ref().person.as_ref().and_then(|person| person.patient_id.as_deref());
        let patient = Names(number).of(own.unwrap_or(PATIENT));
        let verdict = verdict(vignette.get_ref(), found.get(patient.as_str()).copied(), failed.get(&patient));
        let name = &vignette.get_ref().name;
        let problem = |found| runnable.loaded.source().problem(vignette.span(), format!("{name}: {found}"));
        problems.extend(verdict.err().map(problem));
    }
    Ok(problems)
}

fn verdict(vignette: &Vignette, case: Option<&Case>, failed: Option<&String>) -> Result<(), String> {
    let level = case.map_or("none", |case| case.case_level.as_str());
    if level != vignette.expect {
        let why = failed.map(|failed| format!(" (failed: {failed})")).unwrap_or_default();
        return Err(format!("expected {}, found {level}{why}", vignette.expect));
    }
    let index = case.and_then(|case| case.index_date.as_ref());
    if vignette.index.is_some() && vignette.index.as_ref() != index {
        return Err(format!("expected the index {:?}, found {index:?}", vignette.index));
    }
    if vignette.failed.is_some() && vignette.failed.as_ref() != failed {
        return Err(format!("expected {:?} to fail, found {failed:?}", vignette.failed));
    }
    Ok(())
}

/// Names of persons and reports, kept apart between vignettes.
struct Names(usize);

impl Names {
    fn of(&self, name: &str) -> String {
        format!("{}:{name}", self.0)
    }
}

fn fill(
    run: &mut Run<'_>,
    names: &Names,
    vignette: &Vignette,
    enrich: &dyn Fn(&mut CodedEvent),
) -> Result<(), WarehouseError> {
    let persons: Vec<Person> =
        vignette.person.iter().chain(&vignette.persons).map(|one| person(names, one)).collect();
    run.write_persons(&persons)?;
    let own = vignette.person.as_ref().and_then(|person| person.patient_id.as_deref()).unwrap_or(PATIENT);
    let mut structured = Vec::new();
    let mut reports: BTreeMap<String, Vec<CodedEvent>> = BTreeMap::new();
    for (place, given) in vignette.events.iter().enumerate() {
        let mut event = event(names, given, own, place);
        enrich(&mut event);
        match given.document {
            None => structured.push(event),
            Some(_) => reports.entry(event.document_id.clone()).or_default().push(event),
        }
    }
    run.write_structured(&structured)?;
    let reports: Vec<(Document, Vec<CodedEvent>)> =
        reports.into_values().filter_map(|events| Some((report(events.first()?), events))).collect();
    let annotated: Vec<Annotated<'_>> = reports
        .iter()
        .map(|(document, events)| Annotated {
            document,
            content_hash: [0; 32],
            text_sha256: [0; 32],
            words: None,
            outcome: Outcome::Events(events.clone()),
        })
        .collect();
    run.write(&annotated).map(|_| ())
}

fn person(names: &Names, given: &VignettePerson) -> Person {
    Person {
        patient_id: names.of(given.patient_id.as_deref().unwrap_or(PATIENT)),
        birth_date: date(&given.birth_date),
        sex: given.sex.clone(),
        gestational_age_days: given.gestational_age_days_at_birth.map(i64::from),
        outcome: given.outcome.clone(),
        mother_id: given.mother_id.as_deref().map(|mother| names.of(mother)),
        multiple_birth_rank: given.multiple_birth_rank.map(i64::from),
        residence: given.residence.clone(),
        conception_date: date(&given.conception_date),
    }
}

fn date(text: &Option<String>) -> Option<Date> {
    text.as_deref()?.parse().ok()
}

fn report(event: &CodedEvent) -> Document {
    Document {
        id: event.document_id.clone(),
        version: 1,
        patient_id: event.patient_id.clone(),
        visit_id: event.visit_id.clone(),
        document_type: event.document_type.clone(),
        date: event.document_date,
        ward: event.ward.clone(),
        ..Document::default()
    }
}

fn event(names: &Names, given: &VignetteEvent, own: &str, place: usize) -> CodedEvent {
    let in_report = given.document.is_some();
    let day = date(&given.date);
    let assertion = given.assertion.as_deref().and_then(Assertion::parse).unwrap_or(Assertion::Present);
    let event_date = date(&given.event_date).or(day);
    let mut event = CodedEvent {
        event_id: String::new(),
        document_id: given.document.as_deref().map(|document| names.of(document)).unwrap_or_default(),
        document_version: 1,
        patient_id: Some(names.of(given.patient.as_deref().unwrap_or(own))),
        visit_id: given.visit.clone(),
        document_type: given.document_type.clone(),
        document_date: day.filter(|_| in_report),
        section: given.section.clone(),
        ward: given.ward.clone(),
        start: place as u32,
        end: place as u32 + 1,
        fragments: Vec::new(),
        text: String::new(),
        concept: given.concept.clone().unwrap_or_default(),
        label: String::new(),
        codings: given.codes.iter().filter_map(|code| coding(code)).collect(),
        subgroups: given.subgroups.clone(),
        assertion,
        certainty: given.certainty.unwrap_or(1.0),
        conclusion: assertion,
        experiencer: given
            .experiencer
            .as_deref()
            .and_then(Experiencer::parse)
            .unwrap_or(Experiencer::Patient),
        fetus_index: given.fetus_index,
        temporality: given
            .temporality
            .as_deref()
            .and_then(Temporality::parse)
            .unwrap_or(Temporality::Current),
        event_date,
        event_date_precision: event_date.map(|_| crate::event::DatePrecision::Day),
        event_date_source: None,
        gestational_age_days: given.gestational_age_days,
        laterality: given.laterality.as_deref().and_then(Laterality::parse),
        value: given.value,
        unit: given.unit.clone(),
        cues: Vec::new(),
        method: if in_report { Method::Dictionary } else { Method::Structured },
        confidence: 1.0,
        position: given.position.clone(),
        provenance: Provenance::default(),
    };
    event.event_id = if in_report { event.identity() } else { names.of(&place.to_string()) };
    event
}

fn coding(code: &str) -> Option<Coding> {
    let (system, code) = code.split_once(':')?;
    Some(Coding { system: system.to_string(), code: code.to_string() })
}
