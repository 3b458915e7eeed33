//! The rate of each area on the map, in up to five classes of as many areas, numbered so that colour is not needed.

use std::collections::BTreeMap;

use super::{Figure, Studio};
use crate::surveillance::map::{Drawing, Outline};
use crate::surveillance::report::shown::{ShownPhenotype, ShownSignal};
use crate::surveillance::svg::{Anchor, Hatch, Svg};

/// The most classes.
const CLASSES: usize = 5;
/// Space for the legend at the right, px.
const LEGEND: f64 = 220.0;
/// Smallest area that has room for the number of its class, px.
const ROOM: f64 = 15.0;

/// What an area is filled with.
enum Fill {
    /// Class, from 1, and rate.
    Class(usize, f64),
    Suppressed,
    NoData,
}

/// The map of a phenotype with the areas of a signal outlined; none when the map has none of the areas of the report.
pub fn draw(
    studio: &Studio,
    drawing: &Drawing,
    signal: &ShownSignal,
    phenotype: &ShownPhenotype,
    id: &str,
) -> Option<Figure> {
    drawing.outlines().find(|(_, outline)| outline.is_asked)?;
    let classes = classes(phenotype);
    let mut svg = Svg::new(id, drawing.size.0 + LEGEND, drawing.size.1.max(230.0));
    let rates: BTreeMap<&str, Option<f64>> =
        phenotype.by_area.iter().map(|area| (area.name.as_str(), area.rate.rate)).collect();
    let fill = |code| fill(rates.get(code).copied(), &classes);
    let fills: Vec<(&str, &Outline, Fill)> =
        drawing.outlines().map(|(code, outline)| (code, outline, fill(code))).collect();
    for (code, outline, fill) in &fills {
        draw_area(studio, &mut svg, code, outline, fill);
    }
    for (_, outline, _) in fills.iter().filter(|(code, ..)| signal.areas.iter().any(|area| area == code)) {
        svg.shape("outlined-back", &outline.id, None);
        svg.shape("outlined", &outline.id, None);
    }
    for (_, outline, fill) in &fills {
        number_area(&mut svg, outline, fill);
    }
    legend(studio, &mut svg, drawing.size.0 + 18.0, &classes, &fills, !signal.areas.is_empty());
    let caption = caption(studio, signal, phenotype, classes.len());
    let title = studio.labels.sentence("figures", "map_title", &[("title", phenotype.title.clone())]);
    Some(Figure { svg: svg.finish(&title, &caption), caption })
}

/// Rates in order, cut into classes of as many areas; equal rates are in one class.
fn classes(phenotype: &ShownPhenotype) -> Vec<(f64, f64)> {
    let mut rates: Vec<f64> = phenotype.by_area.iter().filter_map(|area| area.rate.rate).collect();
    rates.sort_by(f64::total_cmp);
    let mut classes: Vec<(f64, f64)> = Vec::new();
    for class in 0..CLASSES {
        let (from, to) = (rates.len() * class / CLASSES, rates.len() * (class + 1) / CLASSES);
        let above = classes.last().map_or(f64::NEG_INFINITY, |last| last.1);
        let mut members = rates[from..].iter().copied().filter(|rate| *rate > above);
        if let (Some(low), Some(high)) = (members.next(), rates[..to].last().copied())
            && high >= low
        {
            classes.push((low, high));
        }
    }
    classes
}

fn fill(rate: Option<Option<f64>>, classes: &[(f64, f64)]) -> Fill {
    match rate {
        None => Fill::NoData,
        Some(None) => Fill::Suppressed,
        Some(Some(rate)) => {
            Fill::Class(classes.iter().position(|(_, high)| rate <= *high).unwrap_or(0) + 1, rate)
        }
    }
}

fn draw_area(studio: &Studio, svg: &mut Svg, code: &str, outline: &Outline, fill: &Fill) {
    let area = ("area", studio.name(code).to_string());
    let sentence = |key: &str, more: &[(&str, String)]| {
        studio.labels.sentence("figures", key, &[std::slice::from_ref(&area), more].concat())
    };
    match fill {
        Fill::Class(class, rate) => {
            let values = [("rate", studio.labels.measure(*rate)), ("class", class.to_string())];
            svg.titled(&sentence("map_mark", &values), |svg| {
                svg.shape(&format!("area class{class}"), &outline.id, None);
            });
        }
        Fill::Suppressed => svg.titled(&sentence("map_mark_suppressed", &[]), |svg| {
            svg.shape("area", &outline.id, Some(Hatch::Suppressed));
        }),
        Fill::NoData => svg.titled(&sentence("map_mark_none", &[]), |svg| {
            svg.shape("area", &outline.id, Some(Hatch::NoData));
        }),
    }
}

fn number_area(svg: &mut Svg, outline: &Outline, fill: &Fill) {
    if let (Fill::Class(class, _), true) = (fill, outline.extent.0.min(outline.extent.1) >= ROOM) {
        let (x, y) = outline.centre;
        svg.text(&format!("number on{class}"), (x, y + 4.0), Anchor::Middle, &class.to_string());
    }
}

fn legend(
    studio: &Studio,
    svg: &mut Svg,
    x: f64,
    classes: &[(f64, f64)],
    fills: &[(&str, &Outline, Fill)],
    has_areas: bool,
) {
    svg.text("head", (x, 22.0), Anchor::Start, studio.word("map_legend"));
    let mut y = 34.0;
    let mut line = |svg: &mut Svg, text: &str, draw: &dyn Fn(&mut Svg, f64)| {
        draw(svg, y);
        svg.text("tick", (x + 34.0, y + 13.0), Anchor::Start, text);
        y += 25.0;
    };
    for (i, (low, high)) in classes.iter().enumerate() {
        let class = i + 1;
        let [low, high] = [low, high].map(|rate| studio.labels.measure(*rate));
        let key = if low == high { "map_class_same" } else { "map_class" };
        let text = studio.labels.sentence(
            "figures",
            key,
            &[("class", class.to_string()), ("lo", low), ("hi", high)],
        );
        line(svg, &text, &|svg, y| svg.rect(&format!("area class{class}"), (x, y), (26.0, 18.0)));
    }
    if fills.iter().any(|(_, _, fill)| matches!(fill, Fill::Suppressed)) {
        line(svg, studio.word("suppressed"), &|svg, y| svg.hatched(Hatch::Suppressed, (x, y), (26.0, 18.0)));
    }
    if fills.iter().any(|(_, _, fill)| matches!(fill, Fill::NoData)) {
        line(svg, studio.word("map_no_data"), &|svg, y| svg.hatched(Hatch::NoData, (x, y), (26.0, 18.0)));
    }
    if has_areas {
        line(svg, studio.word("map_signal"), &|svg, y| {
            svg.rect("outlined", (x + 1.0, y + 1.0), (24.0, 16.0))
        });
    }
}

fn caption(studio: &Studio, signal: &ShownSignal, phenotype: &ShownPhenotype, classes: usize) -> String {
    let rates = phenotype.by_area.iter().filter_map(|area| Some((area.rate.rate?, area.name.as_str())));
    let mut rates: Vec<(f64, &str)> = rates.collect();
    rates.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
    let mut parts = Vec::new();
    match (rates.first(), rates.last()) {
        (Some((lo, lowest)), Some((hi, highest))) => {
            let values = [
                ("classes", classes.to_string()),
                ("lo", studio.labels.measure(*lo)),
                ("hi", studio.labels.measure(*hi)),
                ("lowest", studio.name(lowest).to_string()),
                ("highest", studio.name(highest).to_string()),
            ];
            let key = if classes > 1 { "map_caption" } else { "map_caption_same" };
            parts.push(studio.labels.sentence("figures", key, &values));
        }
        _ => parts.push(studio.word("map_caption_none").to_string()),
    }
    if !signal.areas.is_empty() {
        let names: Vec<&str> = signal.areas.iter().map(|code| studio.name(code)).collect();
        let areas = studio.list(&names);
        parts.push(studio.labels.sentence("figures", "map_caption_areas", &[("areas", areas)]));
    }
    let hidden = phenotype.by_area.iter().filter(|area| area.rate.rate.is_none()).count();
    parts.push(studio.labels.counted("figures", "hidden_areas", hidden, &[]));
    parts.join(" ").trim_end().to_string()
}
