//! The map on paper: outlines in tenths of a pixel, each defined once in a page and used by every map of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::{Polygon, Position, Shape, bounds, centre_of, positions};
use crate::surveillance::svg::{escape, short};

/// Width and height that a map may take, px.
const ROOM: (f64, f64) = (520.0, 480.0);
/// Kept free around, so that thick outlines are whole.
const MARGIN: f64 = 4.0;

/// Outlines that were placed.
#[derive(Clone, Debug, Default)]
pub struct Drawing {
    /// By code.
    outlines: BTreeMap<String, Outline>,
    /// Width and height, px.
    pub size: (f64, f64),
}

/// An area on paper.
#[derive(Clone, Debug)]
pub struct Outline {
    /// Name of its shape in the page.
    pub id: String,
    path: String,
    /// Centre of the largest polygon.
    pub centre: (f64, f64),
    /// Width and height, px.
    pub extent: (f64, f64),
    /// It is one of those that the map was fitted to.
    pub is_asked: bool,
}

impl Drawing {
    /// Areas by code.
    pub fn outlines(&self) -> impl Iterator<Item = (&str, &Outline)> {
        self.outlines.iter().map(|(code, outline)| (code.as_str(), outline))
    }

    /// An invisible element that defines all shapes.
    pub fn symbols(&self) -> String {
        let mut out = String::from(
            r#"<svg class="shapes" width="0" height="0" aria-hidden="true" focusable="false"><defs>"#,
        );
        for outline in self.outlines.values() {
            let _ = write!(out, r#"<path id="{}" fill-rule="evenodd" d="{}"/>"#, outline.id, outline.path);
        }
        out.push_str("</defs></svg>");
        out
    }
}

/// Fits the asked areas, or all when the map has none of them, into the room. Equirectangular at the middle latitude.
pub fn draw(shapes: &[Shape], asked: &BTreeSet<&str>) -> Drawing {
    let is_asked = |shape: &&Shape| asked.contains(shape.code.as_str());
    let fits_all = !shapes.iter().any(|shape| is_asked(&shape));
    let fitted = shapes.iter().filter(|shape| fits_all || is_asked(shape));
    let (west, south, east, north) = bounds(fitted.flat_map(positions));
    let shrink = f64::midpoint(south, north).to_radians().cos().max(0.01);
    let (width, height) = (((east - west) * shrink).max(1e-6), (north - south).max(1e-6));
    let scale = ((ROOM.0 - 2.0 * MARGIN) / width).min((ROOM.1 - 2.0 * MARGIN) / height);
    let size = (width * scale + 2.0 * MARGIN, height * scale + 2.0 * MARGIN);
    let project =
        move |&(x, y): &Position| ((x - west) * shrink * scale + MARGIN, (north - y) * scale + MARGIN);
    let mut outlines = BTreeMap::new();
    for (i, shape) in shapes.iter().enumerate() {
        let outline = outline(shape, i, is_asked(&shape), &project);
        outlines.extend(
            outline.filter(|(_, ends)| is_on(*ends, size)).map(|(outline, _)| (shape.code.clone(), outline)),
        );
    }
    Drawing { outlines, size }
}

type Ends = (f64, f64, f64, f64);

fn is_on((left, top, right, bottom): Ends, (width, height): (f64, f64)) -> bool {
    right >= 0.0 && bottom >= 0.0 && left <= width && top <= height
}

fn outline(
    shape: &Shape,
    index: usize,
    is_asked: bool,
    project: &dyn Fn(&Position) -> (f64, f64),
) -> Option<(Outline, Ends)> {
    let points: Vec<(f64, f64)> = positions(shape).map(project).collect();
    let ends = bounds(points.iter());
    let centre = shape
        .polygons
        .iter()
        .map(|polygon| centre_of(polygon, project))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    let path = path(&shape.polygons, project);
    let extent = (ends.2 - ends.0, ends.3 - ends.1);
    Some((
        Outline { id: escape(&format!("area{}", index + 1)), path, centre: centre.1, extent, is_asked },
        ends,
    ))
}

/// Rings as relative moves of whole tenths; points that fall on the one before are left out, and rings that fall on
/// one or two points.
fn path(polygons: &[Polygon], project: &dyn Fn(&Position) -> (f64, f64)) -> String {
    let mut out = String::new();
    for ring in polygons.iter().flatten() {
        let tenths = |position| {
            let (x, y) = project(position);
            ((x * 10.0).round() as i64, (y * 10.0).round() as i64)
        };
        let mut points: Vec<(i64, i64)> = ring.iter().map(tenths).collect();
        points.dedup();
        let Some((first, rest)) = points.split_first().filter(|(_, rest)| rest.len() > 2) else { continue };
        let length = |tenths: i64| short(tenths as f64 / 10.0);
        let _ = write!(out, "M{} {}", length(first.0), length(first.1));
        let mut at = *first;
        for &point in &rest[..rest.len() - 1] {
            let _ = write!(out, "l{} {}", length(point.0 - at.0), length(point.1 - at.1));
            at = point;
        }
        out.push('z');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(code: &str, west: f64) -> Shape {
        let east = west + 1.0;
        let ring = vec![(west, -0.5), (east, -0.5), (east, 0.5), (west, 0.5), (west, -0.5)];
        Shape { code: code.into(), name: None, polygons: vec![vec![ring]] }
    }

    #[test]
    fn the_asked_areas_fill_the_paper() {
        let drawing = draw(&[square("a", 0.0), square("b", 1.0), square("far", 50.0)], &["a", "b"].into());
        let codes: Vec<&str> = drawing.outlines().map(|(code, _)| code).collect();
        assert_eq!(codes, ["a", "b"], "what is off the paper is left out");
        assert_eq!(drawing.size.0, ROOM.0);
        let a = &drawing.outlines["a"];
        assert_eq!(a.path, "M4 260l256 0l0 -256l-256 0z");
        assert!((a.centre.0 - 132.0).abs() < 1e-6);
    }

    #[test]
    fn no_area_of_the_report_is_on_the_map() {
        assert_eq!(draw(&[square("a", 0.0)], &["z"].into()).outlines().count(), 1);
        assert_eq!(draw(&[], &BTreeSet::new()).outlines().count(), 0);
    }
}
