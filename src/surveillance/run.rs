//! One run: cases are read, compared with those of the run before, analysed, and stored in one transaction.

use super::analyse::without_cells;
use super::cases::{self, Cases, runnable};
use super::changes::{Changes, GONE, NEW, is_status};
use super::config::Config;
use super::fault::RunFault;
use super::left_out;
use super::model::{Findings, RunRecord, Signal};
use super::quality::Volumes;
use super::signal::{Earlier, holds};
use super::stored::{Background, analysed, findings_of, record_of, signal_of, spans};
use super::tables::{self, Row};
use crate::event::hex;
use crate::phenotype::{Loaded, Vocabulary};
use crate::warehouse::{
    SeenSignal, SurveilChanges, SurveilRun, Warehouse, WarehouseError, WatchedCase, date_of, day_of,
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// What a run is made with.
pub struct Asked<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// As written.
    pub config_text: &'a str,
    /// Definitions, the one that gives classes among them if classes are wanted.
    pub loaded: &'a [Loaded],
    /// Last day of the data, since 1970-01-01.
    pub cutoff: i64,
    /// Coordinates of areas.
    pub centroids: BTreeMap<String, (f64, f64)>,
    /// Names of areas.
    pub names: BTreeMap<String, String>,
    /// Published rates.
    pub reference: &'a [Row],
    /// Known associations.
    pub associations: &'a [Row],
    /// Now, as the warehouse writes instants.
    pub now: String,
}

/// A run as it ended.
#[derive(Clone, Debug)]
pub struct Ran {
    /// What identifies it.
    pub record: RunRecord,
    /// What it found.
    pub findings: Findings,
    /// Patients, each once whatever the number of its phenotypes.
    pub people: People,
    /// False when the last run had the same inputs: nothing was stored, and this is that run.
    pub stored: bool,
}

/// Patients with any change, each once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct People {
    /// Cases of some phenotype.
    pub cases: usize,
    /// New for some phenotype.
    pub new: usize,
    /// Changed or lost for some phenotype.
    pub changed: usize,
}

impl People {
    fn of(changes: &Changes, cases: &[WatchedCase]) -> Self {
        let count = |patients: Vec<&str>| patients.into_iter().collect::<BTreeSet<_>>().len();
        let begun = |is_new: bool| {
            let begun = changes.begun.iter().filter(move |(_, why)| (why == NEW) == is_new && is_status(why));
            begun.map(|(case, _)| case.patient_id.as_str())
        };
        let ended = changes.ended.iter().filter(|(_, _, why)| is_status(why));
        Self {
            cases: count(cases.iter().map(|case| case.patient_id.as_str()).collect()),
            new: count(begun(true).collect()),
            changed: count(begun(false).chain(ended.map(|(_, patient, _)| patient.as_str())).collect()),
        }
    }
}

/// Makes a run.
///
/// # Errors
/// See [`RunFault`]; nothing is stored then.
pub fn run(warehouse: &mut Warehouse, asked: &Asked<'_>) -> Result<Ran, RunFault> {
    let config = asked.config;
    let generation = warehouse.generation()?;
    let vocabulary = Vocabulary::shipped().map_err(told)?;
    let watched = cases::watched(asked.loaded, config.dated_by);
    let classes = asked.loaded.iter().find(|loaded| loaded.id() == cases::CLASSES);
    let last = warehouse.last_surveil_run(None)?.map_or(0, |run| run.number);
    let previous = warehouse.last_surveil_run(Some(&config.name))?;
    let before = previous.as_ref().map(record_of).transpose()?;
    check(config, &watched, before.as_ref(), asked.cutoff)?;
    let cases = cases::read(warehouse, &watched, classes, &vocabulary, config, asked.cutoff)?;
    let background = background(warehouse, asked, &watched)?;
    let engines = engines(warehouse)?;
    let definitions: Vec<&Loaded> = watched.iter().chain(classes).collect();
    let record = RunRecord {
        number: last + 1,
        previous: previous.as_ref().map(|run| run.number),
        inputs_sha256: inputs_sha256(asked, &background, &cases.counted, &engines),
        definitions: definitions.iter().map(|one| (one.id().to_string(), one.version.clone())).collect(),
        engines,
        ..record(asked)
    };
    let standing = match &previous {
        Some(run) => spans(warehouse, run)?,
        None => Vec::new(),
    };
    let mut changes = Changes::between(&standing, &cases.counted);
    if let (Some(previous), Some(before)) = (&previous, before)
        && before.inputs_sha256 == record.inputs_sha256
        && changes == Changes::default()
    {
        let mut findings = findings_of(previous)?;
        add_states(warehouse, &config.name, &mut findings)?;
        return Ok(Ran { findings, record: before, people: People::default(), stored: false });
    }
    say_why_gone(warehouse, &watched, &cases, &vocabulary, &mut changes)?;
    let mut findings = findings(warehouse, config, &background, &cases, asked.cutoff)?;
    complete(&mut findings, record.number, &changes);
    count_excluded(warehouse, &watched, config, &vocabulary, &mut findings)?;
    let texts: Vec<(String, String)> = definitions.iter().map(|one| text_of(one)).collect();
    let row = row(asked, &record, &background, &findings).map_err(told)?;
    let stored = warehouse.store_surveil_run(&SurveilChanges {
        run: &row,
        ended: &changes.ended,
        begun: &changes.begun,
        signals: &seen(warehouse, &config.name, &findings)?,
        definitions: &texts,
        generation,
    })?;
    if !stored {
        return Err(RunFault::Overtaken);
    }
    let people = People::of(&changes, &cases.counted);
    Ok(Ran { record, findings, people, stored: true })
}

/// What of a record is asked for.
fn record(asked: &Asked<'_>) -> RunRecord {
    RunRecord {
        name: asked.config.name.clone(),
        title: asked.config.title.clone(),
        ran_at: asked.now.clone(),
        cutoff: date_of(asked.cutoff).unwrap_or_default(),
        config_sha256: sha256(&[asked.config_text.as_bytes()]),
        program: format!("laennec {}", env!("CARGO_PKG_VERSION")),
        seed: asked.config.seed,
        ..RunRecord::default()
    }
}

/// The text of a definition, by the name under which it is kept.
fn text_of(one: &Loaded) -> (String, String) {
    (format!("phenotype:{}@{}", one.id(), one.version), one.text.clone())
}

/// Refuses what would spoil the series of runs.
fn check(
    config: &Config,
    watched: &[Loaded],
    before: Option<&RunRecord>,
    cutoff: i64,
) -> Result<(), RunFault> {
    let known: BTreeSet<&String> = watched.iter().flat_map(|one| &one.definition.levels).collect();
    if let Some(level) = config.levels.iter().find(|level| !known.contains(level)) {
        let known: Vec<&str> = known.into_iter().map(String::as_str).collect();
        let message =
            format!("levels: no definition has the level {level:?}; they have {}", known.join(", "));
        return Err(RunFault::Told(message));
    }
    let last = before.and_then(|before| day_of(&before.cutoff));
    if last.is_some_and(|last| cutoff < last) {
        let message = format!(
            "run {} of {:?} had data until {}: an earlier cut-off would make its cases new again; give the configuration another name",
            before.map_or(0, |before| before.number),
            config.name,
            before.map_or("", |before| before.cutoff.as_str()),
        );
        return Err(RunFault::Told(message));
    }
    Ok(())
}

/// What people have said of signals since they were stored.
fn add_states(warehouse: &Warehouse, name: &str, findings: &mut Findings) -> Result<(), RunFault> {
    for stored in warehouse.stored_signals(Some(name))? {
        let state = signal_of(&stored)?.state;
        findings
            .signals
            .iter_mut()
            .filter(|one| one.id == stored.signal)
            .for_each(|one| one.state = state.clone());
    }
    Ok(())
}

fn background(warehouse: &Warehouse, asked: &Asked<'_>, watched: &[Loaded]) -> Result<Background, RunFault> {
    let subgroups = tables::read("phenotypes/eurocat/subgroups.tsv", tables::SUBGROUPS, &["id", "parent"]);
    let mut subgroups = subgroups.map_err(RunFault::Told)?;
    subgroups.iter_mut().for_each(|row| row.retain(|column, _| ["id", "parent"].contains(&column.as_str())));
    let births = warehouse.births()?.into_iter();
    let definition = |one: &Loaded| {
        let definition = &one.definition;
        (one.id().to_string(), definition.title.clone(), one.version.clone(), definition.levels.clone())
    };
    Ok(Background {
        births: births.map(|row| (row.area, row.period, row.live_births, row.stillbirths)).collect(),
        centroids: asked.centroids.clone(),
        names: asked.names.clone(),
        volumes: Volumes {
            documents: warehouse.documents_by_month()?,
            engines: warehouse.engines_by_month()?,
            codes: warehouse.codes_by_month()?,
        },
        definitions: watched.iter().map(definition).collect(),
        reference: asked.reference.to_vec(),
        associations: asked.associations.to_vec(),
        subgroups,
        config: Config::complete("the configuration", asked.config_text).map_err(RunFault::Told)?,
    })
}

/// Engines whose events are stored, each once.
fn engines(warehouse: &Warehouse) -> Result<Vec<String>, WarehouseError> {
    let told = |engine: crate::warehouse::Engine| {
        let of = engine.fingerprint;
        let model = of.model.map_or_else(String::new, |model| format!(", {model}"));
        format!("{} [{}]{model}", of.engine, of.lexicons.join(", "))
    };
    Ok(warehouse.engines_in_use()?.into_iter().map(told).collect())
}

fn sha256(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex(&hash.finalize())
}

fn inputs_sha256(
    asked: &Asked<'_>,
    background: &Background,
    cases: &[WatchedCase],
    engines: &[String],
) -> String {
    let versions: Vec<String> =
        asked.loaded.iter().map(|one| format!("{}@{}", one.id(), one.version)).collect();
    let cases: Vec<String> = cases.iter().map(|case| format!("{case:?}")).collect();
    let background = serde_json::to_string(background).unwrap_or_default();
    sha256(&[
        env!("CARGO_PKG_VERSION").as_bytes(),
        asked.config_text.as_bytes(),
        &asked.cutoff.to_le_bytes(),
        versions.join("\n").as_bytes(),
        engines.join("\n").as_bytes(),
        background.as_bytes(),
        cases.join("\n").as_bytes(),
    ])
}

fn findings(
    warehouse: &Warehouse,
    config: &Config,
    background: &Background,
    cases: &Cases,
    cutoff: i64,
) -> Result<Findings, RunFault> {
    let stored = warehouse.stored_signals(Some(&config.name))?;
    let earlier = stored.iter().map(|one| {
        let signal = signal_of(one)?;
        Ok(Earlier { state: signal.state.clone(), signal })
    });
    let earlier = earlier.collect::<Result<Vec<_>, RunFault>>()?;
    analysed(config, background, cases, cutoff, &earlier).map_err(RunFault::Told)
}

/// What only the run knows: its number, and how many cases changed.
fn complete(findings: &mut Findings, number: i64, changes: &Changes) {
    let tallies = changes.tallies();
    for watched in &mut findings.phenotypes {
        let tally = tallies.get(watched.id.as_str()).copied().unwrap_or_default();
        (watched.new, watched.changed, watched.lost) = (tally.new, tally.changed, tally.lost);
    }
    for signal in &mut findings.signals {
        signal.last_run = number;
        if signal.first_run == 0 {
            signal.first_run = number;
        }
    }
}

/// The rule by which each lost case is none any more.
fn say_why_gone(
    warehouse: &Warehouse,
    watched: &[Loaded],
    cases: &Cases,
    vocabulary: &Vocabulary,
    changes: &mut Changes,
) -> Result<(), RunFault> {
    let key = |case: &WatchedCase| (case.phenotype.clone(), case.patient_id.clone());
    let weaker: BTreeMap<(String, String), &str> =
        cases.weaker.iter().map(|case| (key(case), case.case_level.as_str())).collect();
    let mut unexplained: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (phenotype, patient, why) in changes.ended.iter_mut().filter(|(_, _, why)| why == GONE) {
        match weaker.get(&(phenotype.clone(), patient.clone())) {
            Some(level) => *why = format!("level >{level}"),
            None => drop(unexplained.entry(phenotype.clone()).or_default().insert(patient.clone())),
        }
    }
    for (phenotype, patients) in unexplained {
        let loaded = watched.iter().find(|loaded| *loaded.id() == phenotype);
        let reasons = match loaded {
            Some(loaded) => left_out::reasons(warehouse, &runnable(loaded)?, vocabulary, &patients)?,
            None => BTreeMap::new(),
        };
        let gone = changes.ended.iter_mut().filter(|(of, _, why)| *of == phenotype && why == GONE);
        for (_, patient, why) in gone {
            let reason = reasons.get(patient).cloned();
            *why = reason.unwrap_or_else(|| {
                if loaded.is_none() { "not watched" } else { "not in the warehouse" }.into()
            });
        }
    }
    Ok(())
}

/// How many cases in the window of each signal are not counted, by reason.
fn count_excluded(
    warehouse: &Warehouse,
    watched: &[Loaded],
    config: &Config,
    vocabulary: &Vocabulary,
    findings: &mut Findings,
) -> Result<(), RunFault> {
    let mut by_phenotype = BTreeMap::new();
    for signal in &mut findings.signals {
        let Some(loaded) = watched.iter().find(|loaded| loaded.id() == signal.phenotype) else { continue };
        if !by_phenotype.contains_key(&signal.phenotype) {
            let left = left_out::read(warehouse, loaded, vocabulary, config)?;
            by_phenotype.insert(signal.phenotype.clone(), left);
        }
        for (case, why) in &by_phenotype[&signal.phenotype] {
            if holds(&findings.areas, signal, case) {
                *signal.excluded.entry(why.clone()).or_default() += 1;
            }
        }
    }
    Ok(())
}

/// The row of a run.
fn row(
    asked: &Asked<'_>,
    record: &RunRecord,
    background: &Background,
    findings: &Findings,
) -> serde_json::Result<SurveilRun> {
    Ok(SurveilRun {
        number: record.number,
        name: record.name.clone(),
        record: serde_json::to_string(record)?,
        config: asked.config_text.to_string(),
        context: serde_json::to_string(background)?,
        findings: serde_json::to_string(&without_cells(findings))?,
    })
}

/// The signals as they are stored. The analysis leaves the state of one that was closed and has grown open.
fn seen(warehouse: &Warehouse, name: &str, findings: &Findings) -> Result<Vec<SeenSignal>, RunFault> {
    let stored = warehouse.stored_signals(Some(name))?;
    let closed = stored.iter().filter(|one| one.closed_at.is_some());
    let closed: BTreeSet<&str> = closed.map(|one| one.signal.as_str()).collect();
    let seen = |signal: &Signal| {
        let content = serde_json::to_string(signal).map_err(told)?;
        let reopens = closed.contains(signal.id.as_str()) && !signal.state.closed;
        Ok(SeenSignal { signal: signal.id.clone(), content, reopens })
    };
    findings.signals.iter().map(seen).collect()
}

fn told(error: impl std::fmt::Display) -> RunFault {
    RunFault::Told(error.to_string())
}
