//! What a report shows of a stored run: its findings with the present state of signals and, if patients are shown, cases
//! with their evidence.

use super::cases::{Fault, watched};
use super::config::Config;
use super::fault::RunFault;
use super::left_out;
use super::model::{CaseLine, EvidenceLine, Report, Signal};
use super::signal::holds;
use super::stored::{config_of, record_of, signal_of, whole_findings};
use crate::event::CodedEvent;
use crate::phenotype::{Definition, Loaded, Vocabulary, staging};
use crate::warehouse::{CaseSpan, EventFilter, SurveilRun, Warehouse, WarehouseError, WatchedCase, date_of};
use std::collections::{BTreeMap, BTreeSet};

/// Who is shown.
pub enum Shown<'l> {
    /// Nobody: small counts are suppressed.
    Nobody,
    /// Patients; those left out are found with these definitions.
    Patients(&'l [Loaded]),
}

/// The report of a run.
///
/// # Errors
/// What is stored cannot be read.
pub fn report_of(warehouse: &Warehouse, run: &SurveilRun, shown: &Shown<'_>) -> Result<Report, RunFault> {
    let config = config_of(run)?;
    let mut report =
        Report { run: record_of(run)?, findings: whole_findings(warehouse, run)?, ..Report::default() };
    let states = states(warehouse, &run.name)?;
    for signal in &mut report.findings.signals {
        if let Some(stored) = states.get(&signal.id) {
            signal.state.clone_from(&stored.state);
        }
    }
    match shown {
        Shown::Nobody => report.least_cell = config.least_cell.max(1),
        Shown::Patients(loaded) => add_patients(warehouse, run, &config, loaded, &mut report)?,
    }
    Ok(report)
}

fn states(warehouse: &Warehouse, name: &str) -> Result<BTreeMap<String, Signal>, RunFault> {
    let stored = warehouse.stored_signals(Some(name))?;
    stored.iter().map(|one| Ok((one.signal.clone(), signal_of(one)?))).collect()
}

fn add_patients(
    warehouse: &Warehouse,
    run: &SurveilRun,
    config: &Config,
    loaded: &[Loaded],
    report: &mut Report,
) -> Result<(), RunFault> {
    let mut lines = Lines { warehouse, events: BTreeMap::new() };
    let changed = warehouse.changed_cases(&run.name, run.number)?;
    let key = |span: &CaseSpan| (span.case.phenotype.clone(), span.case.patient_id.clone());
    let begun: BTreeSet<(String, String)> =
        changed.iter().filter(|span| span.from_run == run.number).map(key).collect();
    for span in &changed {
        let begins = span.from_run == run.number;
        let goes_on = begun.contains(&key(span));
        match (begins, span.why == super::changes::NEW) {
            (true, true) => report.new_cases.push(lines.changed(&span.case, &span.why, "new")?),
            (true, false) => report.changed_cases.push(lines.changed(&span.case, &span.why, "changed")?),
            (false, _) if !goes_on => {
                report.changed_cases.push(lines.changed(
                    &span.case,
                    span.ended.as_deref().unwrap_or_default(),
                    "gone",
                )?);
            }
            (false, _) => {}
        }
    }
    let cases = warehouse.watched_cases(&run.name, run.number)?;
    let left_out = left_out_of(warehouse, config, loaded, &report.findings.signals)?;
    let areas = &report.findings.areas;
    for signal in &report.findings.signals {
        let of_signal = cases.iter().filter(|span| holds(areas, signal, &span.case));
        let own = of_signal.map(|span| lines.line(&span.case, "")).collect::<Result<_, _>>()?;
        report.signal_cases.insert(signal.id.clone(), own);
        let others = left_out.iter().filter(|(case, _)| holds(areas, signal, case));
        let others = others.map(|(case, why)| lines.line(case, why)).collect::<Result<_, _>>()?;
        report.signal_excluded.insert(signal.id.clone(), others);
    }
    Ok(())
}

/// Patients near the phenotypes of the signals, as the warehouse has them now.
fn left_out_of(
    warehouse: &Warehouse,
    config: &Config,
    loaded: &[Loaded],
    signals: &[Signal],
) -> Result<Vec<(WatchedCase, String)>, RunFault> {
    let vocabulary = Vocabulary::shipped().map_err(|problems| RunFault::Told(problems.to_string()))?;
    let named: BTreeSet<&str> = signals.iter().map(|signal| signal.phenotype.as_str()).collect();
    let mut loaded = watched(loaded, config.dated_by);
    loaded.retain(|one| named.contains(one.id()));
    if loaded.is_empty() {
        return Ok(Vec::new());
    }
    let definitions: Vec<&Definition> = loaded.iter().map(|one| &one.definition).collect();
    warehouse.execute(&staging(&definitions, &vocabulary, warehouse.dialect()))?;
    let mut found = Vec::new();
    for one in &loaded {
        found.extend(left_out::read(warehouse, one, &vocabulary, config).map_err(RunFault::Cases)?);
    }
    Ok(found)
}

/// Cases with their evidence; the events of a record are read once.
struct Lines<'w> {
    warehouse: &'w Warehouse,
    events: BTreeMap<String, Vec<EvidenceLine>>,
}

impl Lines<'_> {
    fn changed(&mut self, case: &WatchedCase, why: &str, change: &str) -> Result<CaseLine, RunFault> {
        Ok(CaseLine { change: change.to_string(), ..self.line(case, why)? })
    }

    fn line(&mut self, case: &WatchedCase, why: &str) -> Result<CaseLine, RunFault> {
        let evidence = self.evidence(case).map_err(|error| RunFault::Cases(Fault::Warehouse(error)))?;
        Ok(CaseLine {
            patient_id: case.patient_id.clone(),
            phenotype: case.phenotype.clone(),
            case_level: case.case_level.clone(),
            class: case.class.clone(),
            outcome: case.outcome.clone(),
            date: case.case_day.and_then(date_of),
            conception_date: case.conception_day.and_then(date_of),
            area: case.area.clone(),
            disputed: case.disputed,
            evidence,
            why: why.to_string(),
            change: String::new(),
        })
    }

    /// The events that speak for a case, from its own record and from that of its mother.
    fn evidence(&mut self, case: &WatchedCase) -> Result<Vec<EvidenceLine>, WarehouseError> {
        if case.evidence.is_empty() {
            return Ok(Vec::new());
        }
        let mother = self.warehouse.known_mother(&case.patient_id)?;
        let mut lines = Vec::new();
        for patient in std::iter::once(&case.patient_id).chain(&mother) {
            let of_record = self.of_record(patient)?;
            lines.extend(of_record.iter().filter(|line| case.evidence.contains(&line.event_id)).cloned());
        }
        lines.sort_by(|a, b| (&a.date, &a.event_id).cmp(&(&b.date, &b.event_id)));
        Ok(lines)
    }

    fn of_record(&mut self, patient: &str) -> Result<&[EvidenceLine], WarehouseError> {
        if !self.events.contains_key(patient) {
            let mut lines = Vec::new();
            self.warehouse.events(EventFilter::Patient(patient), |event| {
                lines.push(evidence_line(&event));
                Ok::<_, WarehouseError>(())
            })?;
            self.events.insert(patient.to_string(), lines);
        }
        Ok(&self.events[patient])
    }
}

/// The codes of a coded event, which has no words.
fn codes(event: &CodedEvent) -> String {
    let codes: Vec<String> =
        event.codings.iter().map(|coding| format!("{} {}", coding.system, coding.code)).collect();
    codes.join(", ")
}

fn evidence_line(event: &CodedEvent) -> EvidenceLine {
    let date = event.event_date.or(event.document_date);
    EvidenceLine {
        event_id: event.event_id.clone(),
        date: date.map(|date| date.to_string()),
        document_type: event.document_type.clone(),
        label: event.label.clone(),
        text: if event.is_structured() { codes(event) } else { event.text.clone() },
        assertion: event.conclusion.as_str().to_string(),
    }
}
