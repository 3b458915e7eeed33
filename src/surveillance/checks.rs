//! What may make the rates wrong: births that are missing, cases without a place or a date, areas without coordinates.

use super::analyse::Inputs;
use super::denominators::diagnostic;
use super::model::Diagnostic;
use super::study::{Frame, Group};
use std::collections::{BTreeMap, BTreeSet};

/// Everything found, the faults of the births first.
pub fn diagnostics(inputs: &Inputs<'_>, frame: &Frame, groups: &[Group]) -> Vec<Diagnostic> {
    let mut found = frame.denominators.diagnostics.clone();
    if frame.denominators.is_empty() {
        let values = [("first", frame.span.first.to_string()), ("last", frame.span.last.to_string())];
        found.push(diagnostic("no_births", true, values));
    }
    let wanted: BTreeSet<&str> = inputs.births.iter().map(|row| row.area.as_str()).collect();
    for area in inputs.config.areas.keys().filter(|area| !wanted.contains(area.as_str())) {
        found.push(diagnostic("area_without_births", true, [("area", area.clone())]));
    }
    let (mut outside, mut elsewhere): (BTreeMap<&str, BTreeSet<&str>>, BTreeSet<&str>) = Default::default();
    let (mut nowhere, mut undated) = (BTreeSet::new(), BTreeSet::new());
    let mut zero: BTreeSet<(usize, usize)> = BTreeSet::new();
    for line in groups.iter().flat_map(|group| &group.lines) {
        let patient = line.patient_id.as_str();
        if line.day.is_none() {
            undated.insert(patient);
        }
        let Some(month) = line.month else { continue };
        match (line.area, line.residence.as_deref()) {
            (Some(area), _) if is_zero(frame, area, month) => drop(zero.insert((area, month))),
            (Some(_), _) => {}
            (None, None) => drop(nowhere.insert(patient)),
            // Who chooses areas leaves the others out on purpose.
            (None, Some(code)) if wanted.contains(code) || !inputs.config.areas.is_empty() => {
                elsewhere.insert(patient);
            }
            (None, Some(code)) => drop(outside.entry(code).or_default().insert(patient)),
        }
    }
    let told = |kind: &str, serious: bool, patients: &BTreeSet<&str>| {
        (!patients.is_empty()).then(|| diagnostic(kind, serious, [("cases", patients.len().to_string())]))
    };
    // Codes of places with few patients are not named.
    let all: BTreeSet<&str> = outside.values().flatten().copied().collect();
    if !all.is_empty() {
        let least = inputs.config.least_cell.max(1) as usize;
        let named: Vec<&str> =
            outside.iter().filter(|(_, patients)| patients.len() >= least).map(|(code, _)| *code).collect();
        let values = [
            ("cases", all.len().to_string()),
            ("codes", outside.len().to_string()),
            ("named", named.join(", ")),
        ];
        found.push(diagnostic("area_unknown_code", true, values));
    }
    found.extend(told("cases_elsewhere", false, &elsewhere));
    found.extend(told("cases_nowhere", false, &nowhere));
    found.extend(told("cases_undated", true, &undated));
    for (area, month) in zero {
        let values = [
            ("area", frame.denominators.areas[area].clone()),
            ("period", frame.span.month(month).to_string()),
        ];
        found.push(diagnostic("births_zero", true, values));
    }
    let placed = frame.denominators.areas.iter().filter(|code| inputs.centroids.contains_key(*code)).count();
    if placed < frame.denominators.areas.len() && !inputs.centroids.is_empty() {
        let missing = frame.denominators.areas.iter().filter(|code| !inputs.centroids.contains_key(*code));
        let missing: Vec<&str> = missing.map(String::as_str).collect();
        found.push(diagnostic("area_without_coordinates", true, [("areas", missing.join(", "))]));
    }
    found
}

/// A row says that nobody was born.
fn is_zero(frame: &Frame, area: usize, month: usize) -> bool {
    let cell = frame.denominators.cells.get(area).and_then(|months| months.get(month));
    cell.copied().flatten().is_some_and(|cell| cell.total() <= 0.0)
}
