//! The lines that a delivery leaves beside its reports: persons, coded stays, and the truth.

use super::calendar::iso;
use super::chance::Chance;
use super::data::{Class, Condition, Data};
use super::population::{Child, Delivery, Finding, Outcome};
use super::shipped::is_subgroup;
use std::fmt::Write;

/// Diagnoses that are not coded.
const MISSING: f64 = 0.15;
/// Diagnoses coded by a neighbour.
const WRONG: f64 = 0.015;
/// Excluded suspicions that are coded all the same.
const CODED_THOUGH_EXCLUDED: f64 = 0.06;
/// Stays whose codes have no point.
const WITHOUT_POINT: f64 = 0.5;

/// Writes a JSON string.
pub(super) fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// The pseudonym of the mother.
pub(super) fn mother_id(delivery: &Delivery) -> String {
    format!("M{:07}", delivery.number)
}

/// The pseudonym of a child.
pub(super) fn child_id(delivery: &Delivery, child: &Child) -> String {
    let suffix = if child.rank == 2 { "B" } else { "" };
    format!("E{:07}{suffix}", delivery.number)
}

/// The pseudonym under which a child's evidence is: the mother's when the child has no row.
pub(super) fn subject_id(delivery: &Delivery, child: &Child) -> String {
    if delivery.has_row { child_id(delivery, child) } else { mother_id(delivery) }
}

/// Lines of `persons.jsonl`.
pub(super) fn persons(data: &Data, delivery: &Delivery, out: &mut String) {
    let area = data.areas.get(delivery.area).map_or("", |a| a.0.as_str());
    let mother = mother_id(delivery);
    let mother_birth = delivery.birth() - delivery.maternal_age * 365 - (delivery.number % 365) as i32;
    let _ = writeln!(
        out,
        "{{\"patient_id\":\"{mother}\",\"birth_date\":\"{}\",\"sex\":\"F\",\"residence\":\"{area}\"}}",
        iso(mother_birth)
    );
    for child in delivery.children.iter().filter(|_| delivery.has_row) {
        let _ = write!(
            out,
            "{{\"patient_id\":\"{}\",\"birth_date\":\"{}\",\"sex\":\"{}\",\"gestational_age_days_at_birth\":{},\"outcome\":\"{}\",\"mother_id\":\"{mother}\"",
            child_id(delivery, child),
            iso(delivery.birth()),
            if child.is_girl { "F" } else { "M" },
            delivery.gestation,
            delivery.outcome.as_str(),
        );
        if child.rank > 0 {
            let _ = write!(out, ",\"multiple_birth_rank\":{}", child.rank);
        }
        let _ = writeln!(
            out,
            ",\"residence\":\"{area}\",\"conception_date\":\"{}\"}}",
            iso(delivery.conception())
        );
    }
}

/// One stay and its diagnoses.
struct Stay<'a> {
    patient: &'a str,
    visit: String,
    day: i32,
    has_point: bool,
    diagnoses: Vec<String>,
}

impl Stay<'_> {
    fn write(&self, out: &mut String) {
        for (number, code) in self.diagnoses.iter().enumerate() {
            let code = if self.has_point { code.clone() } else { code.replace('.', "") };
            let position = if number == 0 { "DP" } else { "DAS" };
            let _ = writeln!(
                out,
                "{{\"patient_id\":\"{}\",\"codings\":[{{\"system\":\"CIM-10\",\"code\":\"{code}\"}}],\"event_date\":\"{}\",\"position\":\"{position}\",\"visit_id\":\"{}\",\"assertion\":\"present\",\"method\":\"structured\"}}",
                self.patient,
                iso(self.day),
                self.visit,
            );
        }
    }
}

/// Lines of `events.jsonl`.
pub(super) fn events(data: &Data, delivery: &Delivery, chance: &mut Chance, out: &mut String) {
    let mother = mother_id(delivery);
    mother_stay(data, delivery, &mother, chance).write(out);
    for child in &delivery.children {
        if delivery.outcome != Outcome::Live && !delivery.has_row {
            continue;
        }
        let patient = child_id(delivery, child);
        birth_stay(data, delivery, child, &patient, chance).write(out);
        for (number, finding) in child.findings.iter().enumerate() {
            if delivery.outcome == Outcome::Live {
                later_stay(data, delivery, finding, number, &patient, chance, out);
            }
        }
    }
}

fn mother_stay<'a>(data: &Data, delivery: &Delivery, mother: &'a str, chance: &mut Chance) -> Stay<'a> {
    let first = match delivery.outcome {
        Outcome::Live if chance.happens(0.21) => "O82",
        Outcome::Live => "O80",
        Outcome::Death => "O36.4",
        Outcome::Topfa => "O35.8",
    };
    let mut diagnoses = vec![first.to_string()];
    let seen = delivery.children.iter().flat_map(|c| &c.findings).find(|f| f.seen.is_some());
    if let Some(finding) = seen.filter(|_| chance.happens(0.7)) {
        let condition = &data.conditions[finding.condition];
        let code = match condition.class {
            Class::Chromosomal => "O35.1",
            _ => data.families[condition.family].mother_code.as_str(),
        };
        if code != first {
            diagnoses.push(code.to_string());
        }
    }
    diagnoses.push(match (delivery.outcome, delivery.children.len()) {
        (Outcome::Live, 1) => "Z37.0".to_string(),
        (Outcome::Live, _) => "Z37.2".to_string(),
        _ => "Z37.1".to_string(),
    });
    stay(mother, delivery, "M", delivery.birth(), diagnoses, chance)
}

fn birth_stay<'a>(
    data: &Data,
    delivery: &Delivery,
    child: &Child,
    patient: &'a str,
    chance: &mut Chance,
) -> Stay<'a> {
    let mut diagnoses = Vec::new();
    diagnoses.push(match delivery.outcome {
        Outcome::Live if delivery.gestation < 259 => "P07.3".to_string(),
        Outcome::Live if child.rank > 0 => "Z38.3".to_string(),
        Outcome::Live => "Z38.0".to_string(),
        Outcome::Death => "P95".to_string(),
        Outcome::Topfa => "P96.4".to_string(),
    });
    let late = delivery.birth() + 5;
    for finding in child.findings.iter().filter(|f| delivery.outcome != Outcome::Live || f.from <= late) {
        diagnoses.extend(code(data, finding, chance));
    }
    stay(patient, delivery, "N", delivery.birth(), diagnoses, chance)
}

fn later_stay(
    data: &Data,
    delivery: &Delivery,
    finding: &Finding,
    number: usize,
    patient: &str,
    chance: &mut Chance,
    out: &mut String,
) {
    let condition = &data.conditions[finding.condition];
    let stays = finding.repaired.is_some() || (condition.class.is_major() && chance.happens(0.35));
    if finding.excluded || !stays {
        return;
    }
    let day = finding.repaired.unwrap_or(finding.from.max(delivery.birth() + 6));
    let Some(code) = code(data, finding, chance) else { return };
    stay(patient, delivery, &format!("S{number}"), day, vec![code], chance).write(out);
}

fn stay<'a>(
    patient: &'a str,
    delivery: &Delivery,
    suffix: &str,
    day: i32,
    diagnoses: Vec<String>,
    chance: &mut Chance,
) -> Stay<'a> {
    let visit = format!("V{:07}{suffix}", delivery.number) + if patient.ends_with('B') { "B" } else { "" };
    Stay { patient, visit, day, has_point: !chance.happens(WITHOUT_POINT), diagnoses }
}

/// The code of a finding as the stay has it, which may be none or a wrong one.
fn code(data: &Data, finding: &Finding, chance: &mut Chance) -> Option<String> {
    let code = data.concepts.all[finding.concept].code.as_ref();
    let is_coded =
        if finding.excluded { chance.happens(CODED_THOUGH_EXCLUDED) } else { !chance.happens(MISSING) };
    if code.is_empty() || !is_coded {
        return None;
    }
    let wrong = data.wrong_codes.get(code).filter(|_| chance.happens(WRONG));
    Some(wrong.and_then(|list| chance.pick(list)).map_or_else(|| code.to_string(), String::clone))
}

/// What is true of a child.
struct Verdict<'a> {
    groups: Vec<&'a str>,
    class: Option<&'static str>,
    findings: Vec<&'a Finding>,
}

/// Lines of `truth.jsonl`.
pub(super) fn truth(data: &Data, delivery: &Delivery, out: &mut String) -> usize {
    let mut cases = 0;
    for child in &delivery.children {
        let verdict = verdict(data, child);
        let is_case = !verdict.groups.is_empty();
        let note = note(data, delivery, child, &verdict);
        if note.is_empty() {
            continue;
        }
        cases += usize::from(is_case);
        let _ = write!(out, "{{\"patient_id\":\"{}\",\"phenotypes\":{{", subject_id(delivery, child));
        let subgroups =
            verdict.groups.iter().filter(|g| is_subgroup(g)).map(|g| format!("\"eurocat/{g}\":\"definite\""));
        let definitions = definitions(data, &verdict).map(|id| format!("\"{id}\":\"definite\""));
        out.push_str(&subgroups.chain(definitions).collect::<Vec<_>>().join(","));
        out.push_str("},\"class\":");
        match verdict.class {
            Some(class) => string(out, class),
            None => out.push_str("null"),
        }
        out.push_str(",\"note\":");
        string(out, &note);
        out.push_str("}\n");
    }
    cases
}

fn verdict<'a>(data: &'a Data, child: &'a Child) -> Verdict<'a> {
    let is_case = |f: &&Finding| !f.excluded && condition(data, f).class.is_major();
    let findings: Vec<&Finding> = child.findings.iter().filter(is_case).collect();
    let mut groups: Vec<&str> =
        findings.iter().flat_map(|f| data.concepts.all[f.concept].groups.iter().map(AsRef::as_ref)).collect();
    groups.sort_unstable();
    groups.dedup();
    Verdict { class: class(data, &findings), groups, findings }
}

fn condition<'a>(data: &'a Data, finding: &Finding) -> &'a Condition {
    &data.conditions[finding.condition]
}

/// How the anomalies of a child are classed; the cause comes first.
fn class(data: &Data, findings: &[&Finding]) -> Option<&'static str> {
    let cause = findings.iter().map(|f| condition(data, f).class).max()?;
    let mut families: Vec<usize> =
        findings.iter().filter(|f| !f.sequence).map(|f| condition(data, f).family).collect();
    families.sort_unstable();
    families.dedup();
    Some(match cause {
        Class::Chromosomal => "chromosomal",
        Class::Genetic => "genetic_syndrome",
        Class::Teratogenic => "teratogenic",
        _ if families.len() > 1 => "multiple",
        _ => "isolated",
    })
}

/// The definitions beside the subgroups that hold for the child.
fn definitions<'a>(data: &'a Data, verdict: &Verdict) -> impl Iterator<Item = &'a str> {
    let has = |group: &String| verdict.groups.contains(&group.as_str());
    let reaches = |finding: &&Finding, any: &[String]| {
        let groups = &data.concepts.all[finding.concept].groups;
        any.iter().any(|g| groups.iter().any(|own| **own == **g))
    };
    let holds = |d: &&super::data::Definition| {
        d.any.iter().any(has)
            && !d.none.iter().any(has)
            && (!d.isolated || verdict.findings.iter().all(|f| reaches(f, &d.any)))
    };
    let held: Vec<&str> = data.definitions.iter().filter(holds).map(|d| d.id.as_str()).collect();
    held.into_iter()
}

/// What a reader of the truth should know; empty for a child of whom nothing is said.
fn note(data: &Data, delivery: &Delivery, child: &Child, verdict: &Verdict) -> String {
    let mut notes = Vec::new();
    let concepts = |f: &&Finding| data.concepts.all[f.concept].id.to_string();
    if !verdict.findings.is_empty() {
        let list: Vec<String> = verdict.findings.iter().map(concepts).collect();
        notes.push(format!("has {}", list.join(" ")));
    }
    let minor = |f: &&Finding| !f.excluded && !condition(data, f).class.is_major();
    let minor: Vec<String> = child.findings.iter().filter(minor).map(|f| concepts(&f)).collect();
    if !minor.is_empty() {
        notes.push(format!("not counted {}", minor.join(" ")));
    }
    if let Some((trap, condition)) = delivery.trap {
        notes.push(format!("trap {} {}", data.traps[trap].id, data.conditions[condition].id));
    }
    let is_affected = |c: &Child| c.rank != child.rank && !verdict_is_empty(data, c);
    if delivery.children.iter().any(is_affected) {
        notes.push("trap co_twin".to_string());
    }
    if delivery.outcome != Outcome::Live && !notes.is_empty() {
        notes.push(delivery.outcome.as_str().to_string());
        if !delivery.has_row {
            notes.push("no row of its own: the mother stands for it".to_string());
        } else if delivery.in_mother {
            notes.push("documents in the record of the mother".to_string());
        }
    }
    notes.join("; ")
}

fn verdict_is_empty(data: &Data, child: &Child) -> bool {
    verdict(data, child).groups.is_empty()
}
