//! The figures of each phenotype: rates, published rates beside them, trends, differences between areas; with and without
//! disputed cases.

use super::analyse::{Definition, Inputs};
use super::config::Config;
use super::detect;
use super::model::{Multiplicity, PER, Reference, Watched};
use super::study::{Ending, Frame, Group, LEVEL, Line, rate, sum};
use super::tables::Row;
use crate::stats::{Adjustment, adjusted, poisson_interval};
use rayon::prelude::*;

/// The figures of every phenotype, trends and differences between areas corrected over all of them, and how many tests
/// these were.
pub fn rates(inputs: &Inputs<'_>, frame: &Frame, groups: &[Group]) -> (Vec<Watched>, Vec<Multiplicity>) {
    let mut phenotypes = watched(inputs, frame, groups);
    let told = correct(&mut phenotypes, inputs.config);
    correct_without(&mut phenotypes, inputs.config);
    (phenotypes, told)
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
    let live_cases = sum(&live, None, all.clone());
    let counted = |level: &&String| inputs.config.levels.contains(level);
    let levels = inputs.definitions[number].levels.iter().filter(counted);
    Watched {
        id: group.id.clone(),
        title: group.title.clone(),
        version: group.version.clone(),
        levels: levels.map(|level| (level.clone(), of_level(group, level))).collect(),
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
    let row = ["total", "non_chromosomal", "live"]
        .iter()
        .find_map(|scope| rows.iter().find(|row| of(row, scope)))?;
    let scope = row.get("scope")?.as_str();
    let all = 0..frame.span.len();
    let keep = |line: &Line| match scope {
        "non_chromosomal" => line.class.as_deref() != Some("chromosomal"),
        "live" => line.ending == Ending::Live,
        _ => true,
    };
    let births =
        if scope == "live" { frame.live_births(None, all.clone()) } else { frame.births(None, all.clone()) };
    let observed = sum(&group.counts(frame, keep), None, all);
    let published: f64 = row.get("per_10000")?.parse().ok().filter(|rate: &f64| *rate > 0.0)?;
    let expected = published / PER * births;
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
    correct(&mut without, config);
    for (one, corrected) in phenotypes.iter_mut().zip(without) {
        if let Some(own) = one.without_disputed.as_mut() {
            (own.trend, own.heterogeneity) = (corrected.trend, corrected.heterogeneity);
        }
    }
}

/// Corrects trends, then differences between areas, each over all phenotypes.
fn correct(phenotypes: &mut [Watched], config: &Config) -> Vec<Multiplicity> {
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
    phenotypes
        .iter_mut()
        .filter_map(|one| one.heterogeneity.as_mut())
        .zip(&areas)
        .for_each(|(one, q)| one.q = *q);
    vec![told("trend", &trends), told("heterogeneity", &areas)]
}
