//! Rate of each area against its births, in the limits that chance alone would seldom leave.

use super::limits::{is_beyond, poisson_limits};
use super::scale::{Scale, decimals, ticks};
use super::{Figure, Studio};
use crate::surveillance::model::PER;
use crate::surveillance::report::shown::{ShownNamed, ShownPhenotype, ShownSignal};
use crate::surveillance::svg::{Anchor, Svg, cut, width_of};

const SIZE: (f64, f64) = (760.0, 400.0);
const LEFT: f64 = 62.0;
const RIGHT: f64 = 744.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 340.0;
/// Points of each curve of limits.
const STEPS: usize = 120;
/// Tails of the limits: 95 % and 99.8 %.
const TAILS: [(f64, &str); 2] = [(0.025, "limit-95"), (0.001, "limit-998")];

/// Where an area lies.
struct Point<'a> {
    code: &'a str,
    births: f64,
    rate: f64,
    /// Beyond the limits 95 % (1) or 99.8 % (2).
    beyond: usize,
}

/// The funnel of a phenotype; none without an overall rate, under three areas, or when most areas are suppressed, since
/// the others would be those without cases.
pub fn draw(studio: &Studio, phenotype: &ShownPhenotype, signal: &ShownSignal, id: &str) -> Option<Figure> {
    let overall = phenotype.total?.rate.filter(|rate| *rate > 0.0)?;
    let points: Vec<Point> = phenotype.by_area.iter().filter_map(|area| point(area, overall)).collect();
    if points.len() < 3 || points.len() * 2 < phenotype.by_area.len() {
        return None;
    }
    let most = points.iter().map(|point| point.births).fold(0.0, f64::max);
    let highest = points.iter().map(|point| point.rate).fold(overall * 2.0, f64::max);
    let (x_ticks, y_ticks) = (ticks(most * 1.04, 6, true), ticks(highest * 1.05, 5, false));
    let end = |ticks: &[f64]| ticks.last().copied().unwrap_or(1.0);
    let x = Scale::linear((0.0, most * 1.08), (LEFT, RIGHT));
    let y = Scale::linear((0.0, end(&y_ticks)), (BOTTOM, TOP));
    let mut svg = Svg::new(id, SIZE.0, SIZE.1);
    let x_ticks: Vec<f64> = x_ticks.into_iter().filter(|tick| *tick <= most * 1.08).collect();
    axes(studio, &mut svg, (&x, &x_ticks), (&y, &y_ticks));
    limits(&mut svg, &x, &y, overall, (most * 1.08, end(&y_ticks)));
    legend(studio, &mut svg);
    draw_points(studio, &mut svg, &x, &y, &points, signal);
    let caption = caption(studio, phenotype, &points, overall);
    let title = studio.labels.sentence("figures", "funnel_title", &[("title", phenotype.title.clone())]);
    Some(Figure { svg: svg.finish(&title, &caption), caption })
}

fn point(area: &ShownNamed, overall: f64) -> Option<Point<'_>> {
    let (births, rate, cases) =
        (area.rate.births.filter(|births| *births > 0.0)?, area.rate.rate?, area.rate.cases.count()?);
    let mean = overall * births / PER;
    let beyond = TAILS.iter().filter(|(tail, _)| is_beyond(cases, mean, *tail)).count();
    Some(Point { code: &area.name, births, rate, beyond })
}

fn axes(studio: &Studio, svg: &mut Svg, (x, x_ticks): (&Scale, &[f64]), (y, y_ticks): (&Scale, &[f64])) {
    let places = decimals(y_ticks);
    for &tick in y_ticks {
        svg.line("grid", (LEFT, y.at(tick)), (RIGHT, y.at(tick)));
        svg.text("tick", (LEFT - 8.0, y.at(tick) + 4.0), Anchor::End, &studio.labels.decimal(tick, places));
    }
    for &tick in x_ticks {
        svg.line("axis", (x.at(tick), BOTTOM), (x.at(tick), BOTTOM + 5.0));
        svg.text("tick", (x.at(tick), BOTTOM + 20.0), Anchor::Middle, &studio.labels.decimal(tick, 0));
    }
    svg.line("axis", (LEFT, BOTTOM), (RIGHT, BOTTOM));
    svg.text(
        "title",
        (f64::midpoint(LEFT, RIGHT), BOTTOM + 46.0),
        Anchor::Middle,
        studio.word("births_axis"),
    );
    svg.upwards("title", (14.0, f64::midpoint(TOP, BOTTOM)), studio.word("rate_axis"));
}

/// Curves of the limits, left out where they are above the paper.
fn limits(svg: &mut Svg, x: &Scale, y: &Scale, overall: f64, (most, highest): (f64, f64)) {
    svg.line("overall", (LEFT, y.at(overall)), (RIGHT, y.at(overall)));
    for (tail, class) in TAILS {
        let limits = (1..=STEPS).filter_map(|step| {
            // Closer together where the curve is steep.
            let births = most * (step as f64 / STEPS as f64).powi(2);
            let (low, high) = poisson_limits(overall * births / PER, tail)?;
            Some((births, low * PER / births, high * PER / births))
        });
        let limits: Vec<(f64, f64, f64)> = limits.collect();
        let place = |births, rate: f64| (rate > 0.0 && rate <= highest).then(|| (x.at(births), y.at(rate)));
        for curve in [
            limits.iter().filter_map(|&(births, low, _)| place(births, low)).collect::<Vec<_>>(),
            limits.iter().filter_map(|&(births, _, high)| place(births, high)).collect(),
        ] {
            svg.polyline(class, &curve);
        }
    }
}

fn legend(studio: &Studio, svg: &mut Svg) {
    let mut at = LEFT;
    for (class, key) in
        [("overall", "funnel_overall"), ("limit-95", "funnel_95"), ("limit-998", "funnel_998")]
    {
        svg.line(class, (at, 14.0), (at + 24.0, 14.0));
        at = entry(studio, svg, at + 30.0, key);
    }
    at = LEFT;
    for (beyond, key) in [(0, "funnel_inside"), (1, "funnel_outside"), (2, "funnel_far")] {
        mark(svg, (at + 8.0, 32.0), beyond);
        at = entry(studio, svg, at + 20.0, key);
    }
}

fn entry(studio: &Studio, svg: &mut Svg, at: f64, key: &str) -> f64 {
    let y = if key.starts_with("funnel_9") || key == "funnel_overall" { 18.0 } else { 36.0 };
    svg.text("tick", (at, y), Anchor::Start, studio.word(key));
    at + width_of(studio.word(key)) + 18.0
}

fn mark(svg: &mut Svg, at: (f64, f64), beyond: usize) {
    match beyond {
        0 => svg.circle("near", at, 4.0),
        1 => svg.circle("out", at, 4.5),
        _ => svg.diamond("far", at, 6.5),
    }
}

/// Points, and the names of those beyond a limit or of the signal where nothing is in their way.
fn draw_points(studio: &Studio, svg: &mut Svg, x: &Scale, y: &Scale, points: &[Point], signal: &ShownSignal) {
    for point in points {
        let texts = [
            ("area", studio.name(point.code).to_string()),
            ("rate", studio.labels.measure(point.rate)),
            ("births", studio.labels.decimal(point.births, 0)),
        ];
        let title = studio.labels.sentence("figures", "funnel_mark", &texts);
        svg.titled(&title, |svg| mark(svg, (x.at(point.births), y.at(point.rate)), point.beyond));
    }
    let mut named: Vec<&Point> =
        points.iter().filter(|p| p.beyond > 0 || signal.areas.iter().any(|area| area == p.code)).collect();
    named.sort_by(|a, b| b.beyond.cmp(&a.beyond).then(b.rate.total_cmp(&a.rate)));
    let mut taken: Vec<(f64, f64, f64)> =
        points.iter().map(|p| (x.at(p.births) - 6.0, x.at(p.births) + 6.0, y.at(p.rate))).collect();
    for point in named {
        name_point(svg, (x.at(point.births), y.at(point.rate)), studio.name(point.code), &mut taken);
    }
}

/// Writes a name beside its point, on the side that is free; it can be read by hovering when neither is.
fn name_point(svg: &mut Svg, (x, y): (f64, f64), name: &str, taken: &mut Vec<(f64, f64, f64)>) {
    let name = cut(name, 150.0);
    let width = width_of(&name);
    for (from, anchor, place) in
        [(x + 10.0, Anchor::Start, x + 10.0), (x - 10.0 - width, Anchor::End, x - 10.0)]
    {
        let is_free =
            |&(a, b, other): &(f64, f64, f64)| b < from || a > from + width || (other - y).abs() > 13.0;
        if from > LEFT && from + width < RIGHT && taken.iter().all(is_free) {
            svg.text("label", (place, y + 4.0), anchor, &name);
            taken.push((from, from + width, y));
            return;
        }
    }
}

fn caption(studio: &Studio, phenotype: &ShownPhenotype, points: &[Point], overall: f64) -> String {
    let far: Vec<&str> = points.iter().filter(|p| p.beyond == 2).map(|p| studio.name(p.code)).collect();
    let values = [
        ("all", studio.labels.count(points.len() as u64)),
        ("rate", studio.labels.measure(overall)),
        ("names", studio.list(&far)),
    ];
    let hidden = phenotype.by_area.iter().filter(|area| area.rate.cases.count().is_none()).count();
    let hidden = studio.labels.counted("figures", "hidden_areas", hidden, &[]);
    format!("{} {hidden}", studio.labels.counted("figures", "funnel_caption", far.len(), &values))
        .trim_end()
        .to_string()
}
