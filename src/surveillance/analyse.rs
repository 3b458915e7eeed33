//! From cases and births to findings: rates, trends, tests, signals. Pure: the same inputs give the same findings.

use super::calendar::Span;
use super::config::Config;
use super::denominators::{Denominators, diagnostic};
use super::detect::{self, Known, Places, Test};
use super::model::{
    Area, Combinations, Diagnostic, Findings, Method, Multiplicity, Reference, Watched,
};
use super::quality::Volumes;
use super::signal::{self, Earlier};
use super::study::{Ending, Frame, Group, LEVEL, rate};
use super::tables::Row;
use crate::population::Births;
use crate::stats::{Adjustment, adjusted, poisson_interval};
use crate::warehouse::WatchedCase;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A definition that is watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definition {
    /// Id.
    pub id: String,
    /// French name.
    pub title: String,
    /// Version.
    pub version: String,
    /// Names of its levels, strongest first.
    pub levels: Vec<String>,
}

/// All that goes into an analysis.
pub struct Inputs<'i> {
    /// The configuration.
    pub config: &'i Config,
    /// What is watched, in order.
    pub definitions: &'i [Definition],
    /// Cases of counted levels.
    pub cases: &'i [WatchedCase],
    /// Rows of births.
    pub births: &'i [Births],
    /// Last day of the data, since 1970-01-01.
    pub cutoff: i64,
    /// Coordinates of areas.
    pub centroids: &'i BTreeMap<String, (f64, f64)>,
    /// Names of areas.
    pub names: &'i BTreeMap<String, String>,
    /// Volumes of the warehouse.
    pub volumes: &'i Volumes,
    /// Mothers by patient.
    pub mothers: &'i BTreeMap<String, String>,
    /// Published rates.
    pub reference: &'i [Row],
    /// What is known of pairs.
    pub known: &'i Known,
    /// Signals of earlier runs.
    pub earlier: &'i [Earlier],
}

/// Analyses the inputs.
///
/// # Errors
/// The cut-off leaves no study.
pub fn analyse(inputs: &Inputs<'_>) -> Result<Findings, String> {
    let config = inputs.config;
    let frame = frame(config, inputs.births, inputs.cutoff)?;
    let span = frame.span;
    let groups = groups(inputs, &frame);
    let mut findings = Findings {
        first_month: span.first.to_string(),
        last_month: span.last.to_string(),
        areas: areas(inputs, &frame),
        births: frame.denominators.birth_cells(span),
        phenotypes: watched(inputs, &frame, &groups),
        diagnostics: diagnostics(inputs, &frame, &groups),
        combinations: Combinations::default(),
        ..Findings::default()
    };
    let mut told = correct_rates(&mut findings.phenotypes, config);
    let places = places(inputs, &frame);
    correct_without(&mut findings.phenotypes, config);
    let (tests, corrections) = detect::detect(&frame, &groups, &places, config);
    if let Some(trend) = told.first_mut() {
        trend.signals = tests.iter().filter(|test| test.method == Method::Trend).count() as u64;
    }
    let undisputed = undisputed(&frame, &groups, &places, config);
    let known = signal::Context { inputs, frame: &frame, groups: &groups, undisputed: undisputed.as_deref() };
    findings.signals = signal::signals(&known, tests.into_iter());
    findings.combinations = detect::combinations(&groups, inputs.known, config);
    told.extend(corrections);
    told.push(Multiplicity {
        method: "combinations".into(),
        tests: findings.combinations.tested,
        correction: "bh".into(),
        level: config.limits.false_discovery_rate,
        signals: findings.combinations.found.len() as u64,
    });
    findings.multiplicity = told;
    Ok(findings)
}

fn groups(inputs: &Inputs<'_>, frame: &Frame) -> Vec<Group> {
    let by_id = by_phenotype(inputs.cases);
    let group = |one: &Definition| {
        let cases = by_id.get(one.id.as_str()).map_or(&[][..], Vec::as_slice);
        Group::of(&one.id, &one.title, &one.version, cases, frame)
    };
    inputs.definitions.iter().map(group).collect()
}

fn by_phenotype(cases: &[WatchedCase]) -> BTreeMap<&str, Vec<&WatchedCase>> {
    let mut by_id: BTreeMap<&str, Vec<&WatchedCase>> = BTreeMap::new();
    for case in cases {
        by_id.entry(&case.phenotype).or_default().push(case);
    }
    by_id
}

/// Takes out the counts by area and month, which cases and births give again: they are most of what findings hold.
pub fn without_cells(findings: &Findings) -> Findings {
    let mut findings = findings.clone();
    findings.births.clear();
    findings.phenotypes.iter_mut().for_each(|one| one.cells.clear());
    findings
}

/// Puts back what [`without_cells`] took out.
///
/// # Errors
/// The cut-off leaves no study.
pub fn add_cells(
    findings: &mut Findings,
    config: &Config,
    cases: &[WatchedCase],
    births: &[Births],
    cutoff: i64,
) -> Result<(), String> {
    let frame = frame(config, births, cutoff)?;
    findings.births = frame.denominators.birth_cells(frame.span);
    let by_id = by_phenotype(cases);
    for one in &mut findings.phenotypes {
        let cases = by_id.get(one.id.as_str()).map_or(&[][..], Vec::as_slice);
        one.cells = Group::of(&one.id, &one.title, &one.version, cases, &frame).cells(&frame);
    }
    Ok(())
}

fn frame(config: &Config, births: &[Births], cutoff: i64) -> Result<Frame, String> {
    let span = Span::before(cutoff, config.years, config.delay_months);
    let span = span.filter(|span| span.first.0 > 0).ok_or("the cut-off leaves no study")?;
    let wanted: BTreeSet<&str> = config.areas.keys().map(String::as_str).collect();
    let denominators = Denominators::of(births, &wanted, span);
    let known = shortened(&denominators, config, span);
    if known == span {
        return Ok(Frame { span, denominators });
    }
    let mut denominators = Denominators::of(births, &wanted, known);
    if known.first > span.first {
        let values = [("first", known.first.to_string()), ("asked", span.first.to_string())];
        denominators.diagnostics.push(diagnostic("study_shortened", false, values));
    }
    if known.last < span.last {
        let values = [("last", known.last.to_string()), ("asked", span.last.to_string())];
        denominators.diagnostics.push(diagnostic("study_ends_early", true, values));
    }
    Ok(Frame { span: known, denominators })
}

/// The months of the study that have births: from the first that any area knows to the last that all know which know any of
/// the last two years. Never shorter than three years and the months watched.
fn shortened(denominators: &Denominators, config: &Config, span: Span) -> Span {
    let least = 36 + usize::from(config.limits.watch_months);
    let last = denominators.last_known().unwrap_or(span.len() - 1);
    let first = denominators.first_known().unwrap_or(0);
    let first = if last + 1 >= first + least { first } else { 0 };
    let last = if last + 1 >= first + least { last } else { span.len() - 1 };
    Span { first: span.month(first), last: span.month(last) }
}

/// The tests that stay without disputed cases; none when no case is disputed.
fn undisputed(frame: &Frame, groups: &[Group], places: &Places, config: &Config) -> Option<Vec<Test>> {
    let without: Vec<Option<Group>> = groups.iter().map(Group::undisputed).collect();
    if without.iter().all(Option::is_none) {
        return None;
    }
    let groups: Vec<Group> =
        without.into_iter().zip(groups).map(|(without, all)| without.unwrap_or_else(|| all.clone())).collect();
    Some(detect::detect(frame, &groups, places, config).0)
}

fn areas(inputs: &Inputs<'_>, frame: &Frame) -> Vec<Area> {
    let all = 0..frame.span.len();
    let area = |(place, code): (usize, &String)| Area {
        code: code.clone(),
        name: inputs.names.get(code).cloned(),
        births: frame.births(Some(place), all.clone()).round() as u64,
        missing_months: frame.denominators.missing(place, frame.span),
    };
    frame.denominators.areas.iter().enumerate().map(area).collect()
}

/// Coordinates by place of the area; none unless all are known.
fn places(inputs: &Inputs<'_>, frame: &Frame) -> Places {
    frame.denominators.areas.iter().map(|code| inputs.centroids.get(code).copied()).collect()
}

fn watched(inputs: &Inputs<'_>, frame: &Frame, groups: &[Group]) -> Vec<Watched> {
    let with_and_without = |(number, group): (usize, &Group)| {
        let without = group.undisputed().map(|group| Box::new(one_watched(inputs, frame, number, &group)));
        let mut all = one_watched(inputs, frame, number, group);
        all.cells = group.cells(frame);
        all.within = within(inputs, &group.id);
        all.undisputed = without.as_ref().and_then(|without| without.total);
        all.without_disputed = without;
        all
    };
    groups.par_iter().enumerate().map(with_and_without).collect()
}

/// The other watched phenotypes of the family that this one is a part of.
fn within(inputs: &Inputs<'_>, id: &str) -> Vec<String> {
    let Some(wider) = inputs.known.wider(id) else { return Vec::new() };
    let short = |one: &Definition| one.id.rsplit('/').next().unwrap_or(&one.id).to_string();
    let is_wider = |one: &&Definition| one.id != id && wider.contains(&short(one));
    inputs.definitions.iter().filter(is_wider).map(|one| one.id.clone()).collect()
}

fn one_watched(inputs: &Inputs<'_>, frame: &Frame, number: usize, group: &Group) -> Watched {
    let counts = group.counts(frame, |_| true);
    let (total, by_year, by_area) = frame.rates(&counts);
    let all = 0..frame.span.len();
    let live = group.counts(frame, |line| line.ending == Ending::Live);
    let live_cases = super::study::sum(&live, None, all.clone());
    let levels = &inputs.definitions[number].levels;
    Watched {
        id: group.id.clone(),
        title: group.title.clone(),
        version: group.version.clone(),
        levels: levels.iter().map(|level| (level.clone(), of_level(group, level))).collect(),
        total,
        live: rate(live_cases, frame.live_births(None, all)),
        by_year,
        by_area,
        reference: reference(frame, group, inputs.reference),
        trend: detect::trend(frame, &counts, inputs.config),
        heterogeneity: detect::heterogeneity(frame, &counts, number, inputs.config),
        ..Watched::default()
    }
}

fn of_level(group: &Group, level: &str) -> u64 {
    group.lines.iter().filter(|line| line.month.is_some() && line.level == level).count() as u64
}

/// The published rate of a phenotype with the observed cases of the same scope over those it makes one expect.
fn reference(frame: &Frame, group: &Group, rows: &[Row]) -> Option<Reference> {
    let of = |row: &&Row, scope: &str| {
        row.get("phenotype") == Some(&group.id) && row.get("scope").is_some_and(|known| known == scope)
    };
    let row = ["total", "non_chromosomal", "live"].iter().find_map(|scope| rows.iter().find(|row| of(row, scope)))?;
    let scope = row.get("scope")?.as_str();
    let all = 0..frame.span.len();
    let keep = |line: &super::study::Line| match scope {
        "non_chromosomal" => line.class.as_deref() != Some("chromosomal"),
        "live" => line.ending == Ending::Live,
        _ => true,
    };
    let births = if scope == "live" { frame.live_births(None, all.clone()) } else { frame.births(None, all.clone()) };
    let observed = super::study::sum(&group.counts(frame, keep), None, all);
    let published: f64 = row.get("per_10000")?.parse().ok().filter(|rate: &f64| *rate > 0.0)?;
    let expected = published / super::model::PER * births;
    let limits = poisson_interval(observed, LEVEL)?;
    (expected > 0.0).then(|| Reference {
        rate: published,
        source: row.get("source").cloned().unwrap_or_default(),
        ratio: observed as f64 / expected,
        lo: limits.low / expected,
        hi: limits.high / expected,
        scope: scope.to_string(),
    })
}

/// The same without disputed cases: each phenotype without them, among all the others as they are.
fn correct_without(phenotypes: &mut [Watched], config: &Config) {
    if phenotypes.iter().all(|one| one.without_disputed.is_none()) {
        return;
    }
    let mut without: Vec<Watched> =
        phenotypes.iter().map(|one| one.without_disputed.as_deref().unwrap_or(one).clone()).collect();
    correct_rates(&mut without, config);
    for (one, corrected) in phenotypes.iter_mut().zip(without) {
        if let Some(own) = one.without_disputed.as_mut() {
            (own.trend, own.heterogeneity) = (corrected.trend, corrected.heterogeneity);
        }
    }
}

/// Corrects trends, then differences between areas, each over all phenotypes.
fn correct_rates(phenotypes: &mut [Watched], config: &Config) -> Vec<Multiplicity> {
    let level = config.limits.false_discovery_rate;
    let told = |method: &str, q: &[f64]| Multiplicity {
        method: method.into(),
        tests: q.len() as u64,
        correction: "bh".into(),
        level,
        signals: q.iter().filter(|q| **q <= level).count() as u64,
    };
    let p: Vec<f64> = phenotypes.iter().filter_map(|one| Some(one.trend?.p)).collect();
    let trends = adjusted(&p, Adjustment::Bh);
    phenotypes.iter_mut().filter_map(|one| one.trend.as_mut()).zip(&trends).for_each(|(one, q)| one.q = *q);
    let p: Vec<f64> = phenotypes.iter().filter_map(|one| Some(one.heterogeneity?.p)).collect();
    let areas = adjusted(&p, Adjustment::Bh);
    phenotypes.iter_mut().filter_map(|one| one.heterogeneity.as_mut()).zip(&areas).for_each(|(one, q)| one.q = *q);
    vec![told("trend", &trends), told("heterogeneity", &areas)]
}

/// What may make the rates wrong.
fn diagnostics(inputs: &Inputs<'_>, frame: &Frame, groups: &[Group]) -> Vec<Diagnostic> {
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
            (None, Some(code)) if wanted.contains(code) => drop(elsewhere.insert(patient)),
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
