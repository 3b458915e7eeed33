//! Stored runs: what is kept beside their cases, reading it again, and making a run again from it.

use super::analyse::{Definition, Inputs, add_cells, analyse, without_cells};
use super::cases::Cases;
use super::config::Config;
use super::detect::Known;
use super::fault::RunFault;
use super::model::{Findings, RunRecord, Signal, State};
use super::quality::Volumes;
use super::signal::Earlier;
use super::tables::Row;
use crate::population::Births;
use crate::warehouse::{StoredSignal, SurveilRun, Warehouse, WarehouseError, WatchedCase, day_of};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a run reads besides cases, stored so that it can be made again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Background {
    pub births: Vec<(String, String, i64, Option<i64>)>,
    pub centroids: BTreeMap<String, (f64, f64)>,
    pub names: BTreeMap<String, String>,
    pub volumes: Volumes,
    pub definitions: Vec<(String, String, String, Vec<String>)>,
    pub reference: Vec<Row>,
    pub associations: Vec<Row>,
    /// Subgroups with what they are part of.
    pub subgroups: Vec<Row>,
    /// The configuration with every key: later programs may have other defaults.
    pub config: String,
}

impl Background {
    pub fn births(&self) -> Vec<Births> {
        let row = |(area, period, live_births, stillbirths): &(String, String, i64, Option<i64>)| Births {
            area: area.clone(),
            period: period.clone(),
            live_births: *live_births,
            stillbirths: *stillbirths,
        };
        self.births.iter().map(row).collect()
    }
}

/// The findings of what a run has read.
///
/// # Errors
/// See [`analyse`].
pub(super) fn analysed(
    config: &Config,
    background: &Background,
    cases: &Cases,
    cutoff: i64,
    earlier: &[Earlier],
) -> Result<Findings, String> {
    let definition = |(id, title, version, levels): &(String, String, String, Vec<String>)| Definition {
        id: id.clone(),
        title: title.clone(),
        version: version.clone(),
        levels: levels.clone(),
    };
    let definitions: Vec<Definition> = background.definitions.iter().map(definition).collect();
    let births = background.births();
    analyse(&Inputs {
        config,
        definitions: &definitions,
        cases: &cases.counted,
        births: &births,
        cutoff,
        centroids: &background.centroids,
        names: &background.names,
        volumes: &background.volumes,
        mothers: &cases.mothers,
        reference: &background.reference,
        known: &Known::of(&background.subgroups, &background.associations),
        earlier,
    })
}

/// Makes a stored run again from what was stored with it, and gives the findings stored and those made again. Diagnostics
/// that need more than that (mothers, cases left out) are not compared.
///
/// # Errors
/// See [`RunFault`].
pub fn again(warehouse: &Warehouse, number: i64) -> Result<(Findings, Findings), RunFault> {
    let run = warehouse.surveil_run(number)?.ok_or_else(|| no_run(number))?;
    let background = background_of(&run)?;
    let config = config_of(&run)?;
    let cutoff = day_of(&record_of(&run)?.cutoff).unwrap_or_default();
    let cases = Cases { counted: spans(warehouse, &run)?, ..Cases::default() };
    let mut made = analysed(&config, &background, &cases, cutoff, &[]).map_err(RunFault::Told)?;
    let mut stored = findings_of(&run)?;
    made = without_cells(&made);
    for findings in [&mut made, &mut stored] {
        for watched in &mut findings.phenotypes {
            (watched.new, watched.changed, watched.lost) = (0, 0, 0);
        }
        for signal in &mut findings.signals {
            signal.diagnostics.retain(|one| one.kind != "siblings");
            signal.excluded.clear();
            (signal.first_run, signal.last_run, signal.state) = (0, 0, State::default());
            signal.id.clear();
        }
        // Names decide the order of those that are alike otherwise.
        findings.signals.sort_by(|a, b| {
            let key =
                |one: &Signal| (one.phenotype.clone(), one.method, one.areas.clone(), one.first_day.clone());
            key(a).cmp(&key(b))
        });
    }
    Ok((stored, made))
}

fn no_run(number: i64) -> RunFault {
    RunFault::Told(format!("no run {number} of surveillance; `laennec surveil list --runs` shows them"))
}

/// The run of a number, or the last one of a name or of all.
///
/// # Errors
/// There is none.
pub fn stored_run(
    warehouse: &Warehouse,
    number: Option<i64>,
    name: Option<&str>,
) -> Result<SurveilRun, RunFault> {
    let found = match number {
        Some(number) => Some(warehouse.surveil_run(number)?.ok_or_else(|| no_run(number))?),
        None => warehouse.last_surveil_run(name)?,
    };
    let of = name.map_or_else(String::new, |name| format!(" of the name {name:?}"));
    found.ok_or_else(|| {
        RunFault::Told(format!(
            "no run of surveillance{of}; make one by `laennec surveil run`, or see `laennec surveil list --runs`"
        ))
    })
}

fn background_of(run: &SurveilRun) -> Result<Background, RunFault> {
    serde_json::from_str(&run.context).map_err(|error| RunFault::Stored(run.number, error.to_string()))
}

/// The configuration of a stored run, with every key as it was.
///
/// # Errors
/// It cannot be read.
pub fn config_of(run: &SurveilRun) -> Result<Config, RunFault> {
    let text = background_of(run)?.config;
    let read = Config::read("the configuration of the run", &text);
    read.map_err(|problem| RunFault::Stored(run.number, problem))
}

/// What identifies a stored run.
///
/// # Errors
/// It cannot be read.
pub fn record_of(run: &SurveilRun) -> Result<RunRecord, RunFault> {
    serde_json::from_str(&run.record).map_err(|error| RunFault::Stored(run.number, error.to_string()))
}

/// What a stored run found, with its counts by area and month.
///
/// # Errors
/// It cannot be read.
pub fn whole_findings(warehouse: &Warehouse, run: &SurveilRun) -> Result<Findings, RunFault> {
    let told = |problem: String| RunFault::Stored(run.number, problem);
    let (config, background) = (config_of(run)?, background_of(run)?);
    let cutoff = day_of(&record_of(run)?.cutoff).unwrap_or_default();
    let mut findings = findings_of(run)?;
    add_cells(&mut findings, &config, &spans(warehouse, run)?, &background.births(), cutoff).map_err(told)?;
    Ok(findings)
}

/// What a stored run found.
///
/// # Errors
/// It cannot be read.
pub fn findings_of(run: &SurveilRun) -> Result<Findings, RunFault> {
    serde_json::from_str(&run.findings).map_err(|error| RunFault::Stored(run.number, error.to_string()))
}

/// A stored signal with what people said of it.
///
/// # Errors
/// It cannot be read.
pub fn signal_of(stored: &StoredSignal) -> Result<Signal, RunFault> {
    let signal: Result<Signal, _> = serde_json::from_str(&stored.content);
    let mut signal = signal.map_err(|error| RunFault::Stored(stored.last_run, error.to_string()))?;
    signal.state = State {
        closed: stored.closed_at.is_some(),
        at: stored.closed_at.clone(),
        by: stored.closed_by.clone(),
        reason: stored.reason.clone(),
    };
    (signal.first_run, signal.last_run) = (stored.first_run, stored.last_run);
    Ok(signal)
}

pub(super) fn spans(warehouse: &Warehouse, run: &SurveilRun) -> Result<Vec<WatchedCase>, WarehouseError> {
    let spans = warehouse.watched_cases(&run.name, run.number)?;
    Ok(spans.into_iter().map(|span| span.case).collect())
}
