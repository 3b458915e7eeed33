//! The charts of a report, drawn from what it shows.

mod areas;
mod curve;
mod forest;
mod funnel;
mod limits;
mod scale;

use serde::Serialize;
use std::collections::BTreeMap;

use super::labels::Labels;
use super::shown::{Shown, ShownPhenotype, ShownSignal};
use crate::surveillance::map::{Drawing, Map};

/// A chart and what it says in words.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// The SVG element.
    pub svg: String,
    /// Its finding.
    pub caption: String,
}

/// The charts of a signal.
#[derive(Clone, Debug, Serialize)]
pub struct Dossier {
    /// Counts through time.
    pub curve: Option<Figure>,
    /// Rates on the map.
    pub map: Option<Figure>,
    /// Rates against births.
    pub funnel: Option<Figure>,
}

/// All charts.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Shapes of areas, used by the maps.
    pub shapes: Option<String>,
    /// Rates against published ones, some phenotypes a chart.
    pub forest: Vec<Figure>,
    /// By id of the signal.
    pub dossiers: BTreeMap<String, Dossier>,
}

/// What every chart needs.
pub struct Studio<'a> {
    /// Words.
    pub labels: &'a Labels,
    /// What may be shown.
    pub shown: &'a Shown,
    /// Names of areas by code, from the report or else from the map.
    pub names: BTreeMap<String, String>,
}

impl Studio<'_> {
    /// The name of an area, or its code.
    pub fn name<'s>(&'s self, code: &'s str) -> &'s str {
        self.names.get(code).map_or(code, String::as_str)
    }

    /// Names in a row, the last of many left out.
    pub fn list(&self, names: &[&str]) -> String {
        const MOST: usize = 6;
        let mut told = names[..names.len().min(MOST)].join(", ");
        if names.len() > MOST {
            told.push(' ');
            told.push_str(&self.labels.counted("figures", "others", names.len() - MOST, &[]));
        }
        told
    }

    fn word(&self, key: &str) -> &str {
        self.labels.known("figures", key)
    }
}

/// Draws all charts. Areas without a name in the report take the one of the map.
pub fn draw(shown: &Shown, map: Option<&Map>, labels: &Labels) -> Figures {
    let studio = Studio { labels, shown, names: names(shown, map) };
    let drawing = map.map(|map| map.draw(shown.findings.areas.iter().map(|area| area.code.as_str())));
    let dossier = |(i, signal): (usize, &ShownSignal)| {
        (signal.id.clone(), draw_signal(&studio, drawing.as_ref(), signal, &format!("s{}", i + 1)))
    };
    Figures {
        forest: forest::draw(&studio),
        dossiers: shown.findings.signals.iter().enumerate().map(dossier).collect(),
        shapes: drawing.filter(|_| !shown.findings.signals.is_empty()).map(|drawing| drawing.symbols()),
    }
}

/// Names of areas by code.
pub fn names(shown: &Shown, map: Option<&Map>) -> BTreeMap<String, String> {
    let mut names = map.map(Map::names).unwrap_or_default();
    let named = shown.findings.areas.iter().filter_map(|area| Some((area.code.clone(), area.name.clone()?)));
    names.extend(named);
    names
}

fn draw_signal(studio: &Studio, drawing: Option<&Drawing>, signal: &ShownSignal, id: &str) -> Dossier {
    let watched = |one: &&ShownPhenotype| one.id == signal.phenotype;
    let phenotype = studio.shown.findings.phenotypes.iter().find(watched);
    Dossier {
        curve: curve::draw(studio, signal, phenotype, &format!("{id}-curve")),
        map: drawing
            .and_then(|drawing| areas::draw(studio, drawing, signal, phenotype?, &format!("{id}-map"))),
        funnel: phenotype
            .and_then(|phenotype| funnel::draw(studio, phenotype, signal, &format!("{id}-funnel"))),
    }
}
