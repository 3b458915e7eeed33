//! `laennec surveil show`: the dossier of a signal, in the terminal.

use super::super::progress::table;
use super::super::{Failed, Outcome, Result, print};
use super::close::unknown;
use super::run::diagnostic;
use super::settings::Settings;
use super::{chance, number, places};
use crate::surveillance::model::{CaseLine, Report, Signal};
use crate::surveillance::{Shown, json, report_of, stored_run};
use crate::warehouse::{Place, Warehouse};
use std::path::PathBuf;

/// Show the dossier of a signal: window, method, counts, curve, what may explain it.
///
/// Counts under the least cell of the configuration are shown with --patient-level only, as are cases with their evidence.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Id of the signal.
    signal: String,
    /// The warehouse.
    #[arg(long, value_name = "FILE|URL")]
    warehouse: Place,
    /// Show counts of any size and cases with their evidence: patients.
    #[arg(long)]
    patient_level: bool,
    /// One JSON object.
    #[arg(long)]
    json: bool,
    /// Folder of the configuration, for the definitions that it names.
    #[arg(long, value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let warehouse = Warehouse::open_existing_at(&arguments.warehouse)?;
    let stored = warehouse.stored_signals(None)?;
    let found = stored.iter().find(|one| one.signal == arguments.signal);
    let found = found.ok_or_else(|| unknown(&arguments.signal))?;
    let run = stored_run(&warehouse, Some(found.last_run), None)?;
    let loaded = if arguments.patient_level {
        Settings::stored(&run, &arguments.folder)?.definitions()?
    } else {
        Vec::new()
    };
    let shown = if arguments.patient_level { Shown::Patients(&loaded) } else { Shown::Nobody };
    let mut report = report_of(&warehouse, &run, &shown)?;
    report.findings.signals.retain(|signal| signal.id == arguments.signal);
    if arguments.json || !arguments.patient_level {
        // Suppression is made in one place only.
        let text = json(&report).map_err(Failed)?;
        return public(&text, arguments);
    }
    report.findings.signals.iter().try_for_each(|signal| tell(signal, &report))?;
    Ok(Outcome::Done)
}

/// The signal as the report without patients has it.
fn public(text: &str, arguments: &Arguments) -> Result {
    let report: serde_json::Value = serde_json::from_str(text).map_err(Failed::new)?;
    let signals = report["findings"]["signals"].as_array().cloned().unwrap_or_default();
    for signal in signals {
        if arguments.json {
            print(signal)?;
            continue;
        }
        let mut shown = table(&["what", "value"]);
        for (name, value) in signal.as_object().into_iter().flatten().filter(|(name, _)| *name != "curve") {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_string);
            shown.add_row([name.clone(), text]);
        }
        print(shown)?;
    }
    Ok(Outcome::Done)
}

fn tell(signal: &Signal, report: &Report) -> Result<()> {
    let limits = format!("{}–{}", number(signal.lo, 2), number(signal.hi, 2));
    print(format!("{} ({}), {}", signal.title, signal.phenotype, signal.id))?;
    print(format!("  first seen by run {}, last by run {}", signal.first_run, signal.last_run))?;
    print(format!(
        "  {}, {} to {} by {}, areas {}",
        signal.method.name(),
        signal.first_day,
        signal.last_day,
        signal.dated_by,
        places(&signal.areas)
    ))?;
    print(format!(
        "  observed {}, expected {:.2}, ratio {} ({limits}), p {}, q {}",
        signal.observed,
        signal.expected,
        number(signal.ratio, 2),
        chance(signal.p),
        chance(signal.q)
    ))?;
    for (name, value) in &signal.statistics {
        print(format!("  {name} {value:.4}"))?;
    }
    if let Some(without) = signal.undisputed {
        let stands = if without.stands { "stands" } else { "does not stand" };
        print(format!("  without disputed cases: {} observed, the signal {stands}", without.observed))?;
    }
    signal.diagnostics.iter().try_for_each(|one| print(diagnostic(one)))?;
    if let Some(reason) = &signal.state.reason {
        print(format!("  closed: {reason}"))?;
    }
    print("cases")?;
    lines(report.signal_cases.get(&signal.id))?;
    print("not counted")?;
    lines(report.signal_excluded.get(&signal.id))?;
    print("A signal asks for validation by an expert; it concludes nothing.")
}

fn lines(cases: Option<&Vec<CaseLine>>) -> Result<()> {
    let mut shown = table(&["patient", "level", "date", "area", "why", "evidence"]);
    for case in cases.into_iter().flatten() {
        shown.add_row(super::cases::cells(case));
    }
    print(shown)
}
