//! From cases and births to findings: rates, trends, tests, signals. Pure: the same inputs give the same findings.

use super::calendar::Span;
use super::checks::diagnostics;
use super::config::{Config, DatedBy};
use super::denominators::{Denominators, diagnostic};
use super::detect::{self, Known, Places, Test};
use super::model::{Area, Findings, Method, Multiplicity};
use super::quality::Volumes;
use super::rates::rates;
use super::signal::{self, Earlier};
use super::study::{Frame, Group};
use super::tables::Row;
use crate::population::Births;
use crate::warehouse::WatchedCase;
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
    let (phenotypes, mut told) = rates(inputs, &frame, &groups);
    let mut findings = Findings {
        first_month: span.first.to_string(),
        last_month: span.last.to_string(),
        areas: areas(inputs, &frame),
        births: frame.denominators.birth_cells(span),
        phenotypes,
        diagnostics: diagnostics(inputs, &frame, &groups),
        ..Findings::default()
    };
    let places = places(inputs, &frame);
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
    // What was conceived later is not all born, and would be missing from its month.
    let unborn = if config.dated_by == DatedBy::Conception { detect::PREGNANCY } else { 0 };
    let span = Span::before(cutoff - unborn, config.years, config.delay_months);
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
    let groups: Vec<Group> = without
        .into_iter()
        .zip(groups)
        .map(|(without, all)| without.unwrap_or_else(|| all.clone()))
        .collect();
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
