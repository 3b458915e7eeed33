//! Counts through time: by month with patients; by year, from the table of years, without.

use super::scale::{Scale, ticks};
use super::{Figure, Studio};
use crate::surveillance::model::Curve;
use crate::surveillance::report::shown::{Cell, ShownPhenotype, ShownSignal};
use crate::surveillance::svg::{Anchor, Hatch, Svg, width_of};

const SIZE: (f64, f64) = (760.0, 320.0);
const LEFT: f64 = 56.0;
const RIGHT: f64 = 748.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 268.0;

/// Bars of a chart, in order.
struct Bars {
    times: Vec<String>,
    observed: Vec<Cell>,
    expected: Vec<Option<f64>>,
    threshold: Vec<Option<f64>>,
    /// Which bars are of the window.
    window: Vec<bool>,
    is_monthly: bool,
}

/// The curve of a signal; none when there is nothing to draw.
pub fn draw(
    studio: &Studio,
    signal: &ShownSignal,
    phenotype: Option<&ShownPhenotype>,
    id: &str,
) -> Option<Figure> {
    let bars = match &signal.curve {
        Some(curve) => by_month(curve, signal),
        None => by_year(phenotype?, signal),
    };
    if bars.times.is_empty() {
        return None;
    }
    let caption = caption(studio, signal, &bars);
    let title = studio.labels.sentence("figures", "curve_title", &[("title", signal.title.clone())]);
    Some(Figure { svg: chart(studio, &bars, id).finish(&title, &caption), caption })
}

fn by_month(curve: &Curve, signal: &ShownSignal) -> Bars {
    let window = |month: &String| {
        let month = month.as_str();
        signal.first_day.get(..7).is_some_and(|first| first <= month)
            && signal.last_day.get(..7).is_some_and(|last| month <= last)
    };
    let n = curve.months.len().min(curve.observed.len());
    let padded = |values: &[Option<f64>]| (0..n).map(|i| values.get(i).copied().flatten()).collect();
    Bars {
        times: curve.months[..n].to_vec(),
        observed: curve.observed[..n].iter().map(|&count| Cell::Count(count)).collect(),
        expected: padded(&curve.expected),
        threshold: padded(&curve.threshold),
        window: curve.months[..n].iter().map(window).collect(),
        is_monthly: true,
    }
}

/// Years of the phenotype, all areas together, against its mean rate: nothing that its table does not show.
fn by_year(phenotype: &ShownPhenotype, signal: &ShownSignal) -> Bars {
    let rate = phenotype.total.and_then(|total| total.cases.count().map(|cases| (cases, total.births)));
    let mean = rate.and_then(|(cases, births)| Some(cases as f64 / births.filter(|births| *births > 0.0)?));
    let years = || phenotype.by_year.iter();
    let window = |year: &str| {
        signal.first_day.get(..4).is_some_and(|first| first <= year)
            && signal.last_day.get(..4).is_some_and(|last| year <= last)
    };
    Bars {
        times: years().map(|year| year.name.clone()).collect(),
        observed: years().map(|year| year.rate.cases).collect(),
        expected: years().map(|year| Some(mean? * year.rate.births?)).collect(),
        threshold: vec![None; phenotype.by_year.len()],
        window: years().map(|year| window(&year.name)).collect(),
        is_monthly: false,
    }
}

fn chart(studio: &Studio, bars: &Bars, id: &str) -> Svg {
    let counts = bars.observed.iter().filter_map(|cell| cell.count()).map(|count| count as f64);
    let lines = bars.expected.iter().chain(&bars.threshold).filter_map(|value| *value);
    let highest = counts.chain(lines).fold(1.0, f64::max);
    let y_ticks = ticks(highest, 5, true);
    let y = Scale::linear((0.0, y_ticks.last().copied().unwrap_or(1.0)), (BOTTOM, TOP));
    let step = (RIGHT - LEFT) / bars.times.len() as f64;
    let mut svg = Svg::new(id, SIZE.0, SIZE.1);
    shade_window(&mut svg, bars, step);
    y_axis(studio, &mut svg, bars, &y, &y_ticks);
    draw_bars(studio, &mut svg, bars, &y, step);
    steps(&mut svg, "expected", &bars.expected, &y, step);
    steps(&mut svg, "threshold", &bars.threshold, &y, step);
    x_axis(studio, &mut svg, bars, step);
    legend(studio, &mut svg, bars);
    svg
}

fn shade_window(svg: &mut Svg, bars: &Bars, step: f64) {
    let (Some(first), Some(last)) =
        (bars.window.iter().position(|w| *w), bars.window.iter().rposition(|w| *w))
    else {
        return;
    };
    let (from, to) = (LEFT + step * first as f64, LEFT + step * (last + 1) as f64);
    svg.rect("window", (from, TOP), (to - from, BOTTOM - TOP));
    svg.line("window-edge", (from, TOP), (from, BOTTOM));
    svg.line("window-edge", (to, TOP), (to, BOTTOM));
}

fn y_axis(studio: &Studio, svg: &mut Svg, bars: &Bars, y: &Scale, ticks: &[f64]) {
    for &tick in ticks {
        svg.line("grid", (LEFT, y.at(tick)), (RIGHT, y.at(tick)));
        svg.text("tick", (LEFT - 8.0, y.at(tick) + 4.0), Anchor::End, &studio.labels.decimal(tick, 0));
    }
    let title = if bars.is_monthly { "cases_axis_month" } else { "cases_axis_year" };
    svg.upwards("title", (14.0, f64::midpoint(TOP, BOTTOM)), studio.word(title));
}

fn draw_bars(studio: &Studio, svg: &mut Svg, bars: &Bars, y: &Scale, step: f64) {
    let width = (step * 0.8).min(46.0);
    for (i, cell) in bars.observed.iter().enumerate() {
        let left = LEFT + step * (i as f64 + 0.5) - width / 2.0;
        let class = if bars.window[i] { "bar in-window" } else { "bar" };
        svg.titled(&title(studio, bars, i), |svg| match cell {
            Cell::Count(0) => svg.rect("unseen", (left, TOP), (width, BOTTOM - TOP)),
            Cell::Count(count) => {
                svg.rect(class, (left, y.at(*count as f64)), (width, BOTTOM - y.at(*count as f64)))
            }
            // The same height for all: it says nothing.
            Cell::Suppressed => {
                svg.hatched(Hatch::Suppressed, (left, BOTTOM - 56.0), (width, 56.0));
                svg.text(
                    "tick",
                    (left + width / 2.0, BOTTOM - 62.0),
                    Anchor::Middle,
                    &studio.labels.number.suppressed,
                );
            }
        });
    }
}

fn title(studio: &Studio, bars: &Bars, i: usize) -> String {
    let labels = studio.labels;
    let count = match bars.observed[i] {
        Cell::Count(count) => labels.count(count),
        Cell::Suppressed => labels.number.suppressed.clone(),
    };
    let values = [("time", labels.day(&bars.times[i])), ("count", count)];
    match bars.expected[i] {
        Some(expected) => {
            let [time, count] = values;
            labels.sentence(
                "figures",
                "curve_mark_expected",
                &[time, count, ("expected", labels.measure(expected))],
            )
        }
        None => labels.sentence("figures", "curve_mark", &values),
    }
}

/// A line in steps, broken where there is no value.
fn steps(svg: &mut Svg, class: &str, values: &[Option<f64>], y: &Scale, step: f64) {
    for run in values.iter().enumerate().collect::<Vec<_>>().split(|(_, value)| value.is_none()) {
        let ends = run.iter().filter_map(|(i, value)| Some((LEFT + step * *i as f64, y.at((**value)?))));
        let points: Vec<(f64, f64)> = ends.flat_map(|(x, y)| [(x, y), (x + step, y)]).collect();
        if !points.is_empty() {
            svg.polyline(class, &points);
        }
    }
}

/// A tick at each January, and its year where there is room.
fn x_axis(studio: &Studio, svg: &mut Svg, bars: &Bars, step: f64) {
    let mut free = LEFT - 20.0;
    for (i, time) in bars.times.iter().enumerate() {
        let x = LEFT + step * (i as f64 + if bars.is_monthly { 0.0 } else { 0.5 });
        let starts_year = !bars.is_monthly || time.ends_with("-01");
        if starts_year {
            svg.line("axis", (x, BOTTOM), (x, BOTTOM + 5.0));
        }
        let text = time.get(..4).unwrap_or(time);
        let middle = if bars.is_monthly { x + step / 2.0 } else { x };
        if starts_year && middle - 18.0 > free && middle + 18.0 < SIZE.0 {
            svg.text("tick", (middle, BOTTOM + 20.0), Anchor::Middle, text);
            free = middle + 24.0;
        }
    }
    svg.line("axis", (LEFT, BOTTOM), (RIGHT, BOTTOM));
    let title = if bars.is_monthly { "time_axis_month" } else { "time_axis_year" };
    svg.text("title", (f64::midpoint(LEFT, RIGHT), BOTTOM + 44.0), Anchor::Middle, studio.word(title));
}

fn legend(studio: &Studio, svg: &mut Svg, bars: &Bars) {
    let mut at = LEFT;
    let mut entry = |key: &str, draw: &dyn Fn(&mut Svg, f64)| {
        draw(svg, at);
        svg.text("tick", (at + 24.0, 18.0), Anchor::Start, studio.word(key));
        at += 24.0 + width_of(studio.word(key)) + 14.0;
    };
    entry("observed", &|svg, x| svg.rect("bar", (x, 8.0), (18.0, 12.0)));
    entry(if bars.is_monthly { "window" } else { "window_years" }, &|svg, x| {
        svg.rect("window", (x, 6.0), (18.0, 16.0));
        svg.rect("bar in-window", (x + 4.0, 10.0), (10.0, 12.0));
    });
    if bars.expected.iter().any(Option::is_some) {
        let key = if bars.is_monthly { "expected" } else { "expected_mean" };
        entry(key, &|svg, x| svg.line("expected", (x, 14.0), (x + 18.0, 14.0)));
    }
    if bars.threshold.iter().any(Option::is_some) {
        entry("threshold", &|svg, x| svg.line("threshold", (x, 14.0), (x + 18.0, 14.0)));
    }
    if bars.observed.contains(&Cell::Suppressed) {
        entry("suppressed", &|svg, x| svg.hatched(Hatch::Suppressed, (x, 8.0), (18.0, 12.0)));
    }
}

fn caption(studio: &Studio, signal: &ShownSignal, bars: &Bars) -> String {
    let labels = studio.labels;
    let period = [("first", labels.day(&signal.first_day)), ("last", labels.day(&signal.last_day))];
    if !bars.is_monthly {
        let hidden = bars.observed.iter().filter(|cell| **cell == Cell::Suppressed).count();
        return labels.counted("figures", "curve_caption_year", hidden, &period);
    }
    let [first, last] = period;
    let main = match (signal.observed, signal.expected) {
        (Cell::Count(observed), Some(expected)) => {
            let numbers = [("observed", labels.count(observed)), ("expected", labels.measure(expected))];
            labels.sentence("figures", "curve_caption_month", &[[first, last], numbers].concat())
        }
        _ => labels.sentence("figures", "curve_caption_month_other", &[first, last]),
    };
    let in_window = (0..bars.times.len()).filter(|&i| bars.window[i]);
    let counts = in_window.filter_map(|i| Some((bars.observed[i].count().filter(|count| *count > 0)?, i)));
    // The first of equal months.
    match counts.max_by_key(|&(count, i)| (count, usize::MAX - i)) {
        Some((count, i)) => {
            let values = [("month", labels.day(&bars.times[i])), ("count", labels.count(count))];
            format!("{main} {}", labels.sentence("figures", "curve_peak", &values))
        }
        None => main,
    }
}
