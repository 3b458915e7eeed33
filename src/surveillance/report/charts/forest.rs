//! Observed over expected at the published rate, one line a phenotype, on a logarithmic axis.

use super::scale::{Scale, log_ticks};
use super::{Figure, Studio};
use crate::surveillance::report::shown::{ShownPhenotype, ShownReference};
use crate::surveillance::svg::{Anchor, Svg, cut};

const WIDTH: f64 = 760.0;
const ROW: f64 = 24.0;
const TOP: f64 = 34.0;
const PLOT: (f64, f64) = (262.0, 578.0);
/// Phenotypes on a chart: what fits on a printed page.
const MOST: usize = 30;
/// The axis goes no further than this, and its inverse, whatever the limits are.
const FARTHEST: f64 = 50.0;

/// The numbers of a line.
struct Row<'a> {
    title: &'a str,
    numbers: Option<(f64, f64, f64)>,
}

impl Row<'_> {
    fn differs(&self) -> bool {
        self.numbers.is_some_and(|(_, lo, hi)| lo > 1.0 || hi < 1.0)
    }
}

/// Charts of all phenotypes with a published rate, in their order.
pub fn draw(studio: &Studio) -> Vec<Figure> {
    let rows: Vec<Row> = studio.shown.findings.phenotypes.iter().filter_map(row).collect();
    let chart = |(i, rows)| chart(studio, rows, &format!("forest{}", i + 1));
    rows.chunks(MOST).enumerate().map(chart).collect()
}

fn row(phenotype: &ShownPhenotype) -> Option<Row<'_>> {
    let ShownReference { ratio, lo, hi, .. } = phenotype.reference.as_ref()?;
    Some(Row {
        title: &phenotype.title,
        numbers: (*ratio).zip(*lo).zip(*hi).map(|((ratio, lo), hi)| (ratio, lo, hi)),
    })
}

fn chart(studio: &Studio, rows: &[Row], id: &str) -> Figure {
    let bottom = TOP + ROW * rows.len() as f64 + 6.0;
    let (low, high) = ends(rows);
    let scale = Scale::log((low, high), PLOT);
    let mut svg = Svg::new(id, WIDTH, bottom + 44.0);
    axis(studio, &mut svg, &scale, &log_ticks(low, high), bottom);
    for (i, row) in rows.iter().enumerate() {
        let y = TOP + ROW * (i as f64 + 0.5) + 4.0;
        svg.text("label", (4.0, y + 4.0), Anchor::Start, &cut(row.title, PLOT.0 - 24.0));
        draw_row(studio, &mut svg, &scale, row, y);
    }
    let caption = caption(studio, rows);
    Figure { svg: svg.finish(studio.word("forest_title"), &caption), caption }
}

/// From the lowest to the highest limit, at least from a half to two.
fn ends(rows: &[Row]) -> (f64, f64) {
    let numbers = || rows.iter().filter_map(|row| row.numbers);
    let low =
        numbers().map(|(ratio, lo, _)| if lo > 0.0 { lo } else { ratio.max(0.1) / 2.0 }).fold(0.5, f64::min);
    let high = numbers().map(|(_, _, hi)| hi).fold(2.0, f64::max);
    ((low * 0.9).max(1.0 / FARTHEST), (high * 1.1).min(FARTHEST))
}

fn axis(studio: &Studio, svg: &mut Svg, scale: &Scale, ticks: &[f64], bottom: f64) {
    svg.text("head", (4.0, 18.0), Anchor::Start, studio.word("forest_phenotype"));
    svg.text("head", (WIDTH - 4.0, 18.0), Anchor::End, studio.word("forest_interval"));
    svg.line("axis", (4.0, TOP - 6.0), (WIDTH - 4.0, TOP - 6.0));
    for &tick in ticks {
        let x = scale.at(tick);
        svg.line("grid", (x, TOP), (x, bottom));
        let decimals = if tick < 0.1 { 2 } else { usize::from(tick < 1.0) };
        svg.text("tick", (x, bottom + 17.0), Anchor::Middle, &studio.labels.decimal(tick, decimals));
    }
    svg.line("one", (scale.at(1.0), TOP - 2.0), (scale.at(1.0), bottom));
    svg.line("axis", (PLOT.0, bottom), (PLOT.1, bottom));
    svg.text(
        "title",
        (f64::midpoint(PLOT.0, PLOT.1), bottom + 37.0),
        Anchor::Middle,
        studio.word("forest_axis"),
    );
}

fn draw_row(studio: &Studio, svg: &mut Svg, scale: &Scale, row: &Row, y: f64) {
    let labels = studio.labels;
    let Some((ratio, lo, hi)) = row.numbers else {
        svg.text("label", (WIDTH - 4.0, y + 4.0), Anchor::End, &labels.number.suppressed);
        return;
    };
    let [ratio_text, lo_text, hi_text] = [ratio, lo, hi].map(|value| labels.measure(value));
    let values = [("title", row.title.to_string()), ("ratio", ratio_text), ("lo", lo_text), ("hi", hi_text)];
    let text = labels.sentence("figures", "forest_numbers", &values);
    svg.titled(&labels.sentence("figures", "forest_mark", &values), |svg| {
        svg.line("limits", (scale.at(lo), y), (scale.at(hi), y));
        if row.differs() {
            svg.diamond("far", (scale.at(ratio), y), 6.5);
        } else {
            svg.circle("near", (scale.at(ratio), y), 4.5);
        }
    });
    svg.text("label", (WIDTH - 4.0, y + 4.0), Anchor::End, &text);
}

fn caption(studio: &Studio, rows: &[Row]) -> String {
    let differ: Vec<&str> = rows.iter().filter(|row| row.differs()).map(|row| row.title).collect();
    let all = rows.iter().filter(|row| row.numbers.is_some()).count();
    let values = [("all", studio.labels.count(all as u64)), ("names", studio.list(&differ))];
    studio.labels.counted("figures", "forest_caption", differ.len(), &values)
}
