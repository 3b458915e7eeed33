//! `laennec findings`: what each patient of a warehouse has, with the evidence.

use super::{Failed, Outcome, Result, print, progress};
use crate::event::{Assertion, CodedEvent, Experiencer, Temporality};
use crate::warehouse::{EventFilter, Place, Warehouse};
use std::collections::BTreeMap;

/// Longest evidence shown, in characters.
const LONGEST_EVIDENCE: usize = 60;

/// Print the findings of each patient, with their evidence.
///
/// A finding is a concept said to be present in the patient or the fetus by at least one report. The other mentions of
/// the same concept are counted beside it: possible, absent.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The warehouse.
    warehouse: Place,
    /// Which findings.
    #[command(flatten)]
    filter: Filter,
}

/// Which findings are shown.
#[derive(clap::Args, Default)]
pub(super) struct Filter {
    /// Only this patient.
    #[arg(long, value_name = "ID")]
    patient: Option<String>,
    /// Minor anomalies too.
    #[arg(long)]
    minor: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    show(&arguments.warehouse, &arguments.filter)?;
    Ok(Outcome::Done)
}

/// The mentions of one concept in one person.
#[derive(Default)]
struct Finding {
    label: String,
    codes: String,
    evidence: Option<String>,
    present: usize,
    possible: usize,
    absent: usize,
    is_past: bool,
}

/// Patient, whose finding, fetus index, concept.
type Key = (String, Experiencer, Option<u8>, String);

/// Prints the table of findings.
pub(super) fn show(place: &Place, filter: &Filter) -> Result<()> {
    let warehouse = Warehouse::open_existing_at(place)?;
    let wanted = filter.patient.as_deref().map_or(EventFilter::All, EventFilter::Patient);
    let mut findings: BTreeMap<Key, Finding> = BTreeMap::new();
    warehouse.events(wanted, |event| {
        let own = matches!(event.experiencer, Experiencer::Patient | Experiencer::Fetus);
        if own && (filter.minor || is_counted(&event)) {
            let patient =
                event.patient_id.clone().unwrap_or_else(|| format!("document {}", event.document_id));
            let key = (patient, event.experiencer, event.fetus_index, event.concept.clone());
            findings.entry(key).or_default().add(&event);
        }
        Ok::<(), Failed>(())
    })?;
    let mut out = progress::table(&["patient", "whose", "finding", "codes", "+", "?", "-", "first evidence"]);
    let mut last = String::new();
    for ((patient, whose, index, _), finding) in findings.iter().filter(|(_, f)| f.present > 0) {
        let shown = if *patient == last { String::new() } else { patient.clone() };
        last.clone_from(patient);
        let whose = format!("{}{}", whose.as_str(), index.map(|i| format!(" {i}")).unwrap_or_default());
        let past = if finding.is_past { " (past)" } else { "" };
        let counts = [finding.present, finding.possible, finding.absent].map(|n| n.to_string());
        let [present, possible, absent] = counts;
        let evidence = finding.evidence.clone().unwrap_or_default();
        let label = format!("{}{past}", finding.label);
        out.add_row([shown, whose, label, finding.codes.clone(), present, possible, absent, evidence]);
    }
    print(out)
}

/// A subgroup of the surveillance is reached; a minor anomaly reaches none.
fn is_counted(event: &CodedEvent) -> bool {
    event.subgroups.len() > 1 || event.codings.iter().any(|c| c.system == "EUROCAT")
}

impl Finding {
    fn add(&mut self, event: &CodedEvent) {
        match event.assertion {
            Assertion::Present => self.present += 1,
            Assertion::Possible => self.possible += 1,
            Assertion::Absent => self.absent += 1,
            Assertion::Hypothetical | Assertion::NotAssessed => {}
        }
        if event.assertion == Assertion::Present && self.evidence.is_none() {
            self.label.clone_from(&event.label);
            self.codes = codes(event);
            self.evidence = Some(evidence(event));
            self.is_past = event.temporality == Temporality::Past;
        }
    }
}

fn codes(event: &CodedEvent) -> String {
    let code = |c: &crate::event::Coding| format!("{}:{}", c.system, c.code);
    let shown = event.codings.iter().filter(|c| c.system != "HPO" && c.system != "ORPHA");
    shown.map(code).collect::<Vec<_>>().join(" ")
}

fn evidence(event: &CodedEvent) -> String {
    if event.is_structured() {
        let date = event.event_date.map(|date| date.to_string());
        let parts = [Some(event.method.as_str().to_owned()), event.position.clone(), date];
        return parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    }
    let date = event.document_date.map(|d| format!(" {d}")).unwrap_or_default();
    let flat: String = event.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = flat.chars().take(LONGEST_EVIDENCE).collect();
    format!("{}{date}: \u{AB} {short} \u{BB} [{}..{}]", event.document_id, event.start, event.end)
}
