//! The map of areas that a user gives: read, named, measured and drawn.

mod drawing;
mod geojson;

use std::collections::BTreeMap;

pub use drawing::{Drawing, Outline};

/// Kilometres in a degree of latitude (mean radius 6,371 km).
const KM_PER_DEGREE: f64 = 6371.0 * std::f64::consts::PI / 180.0;

/// Longitude and latitude in degrees, WGS 84.
pub type Position = (f64, f64);

/// A closed line; the first position is also the last.
pub type Ring = Vec<Position>;

/// An outline, then its holes.
pub type Polygon = Vec<Ring>;

/// An area of the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Code, as births have it.
    pub code: String,
    /// Name, when the file has one.
    pub name: Option<String>,
    /// Parts; at least one.
    pub polygons: Vec<Polygon>,
}

/// The areas of a map, in the order of their codes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    shapes: Vec<Shape>,
}

impl Map {
    /// Reads a GeoJSON FeatureCollection (RFC 7946) of polygons. `property` holds the code of each area; without it the
    /// first of `code`, `id`, `insee`, `code_insee`, `dep` that every feature has, else the `id` of features. Errors
    /// begin with `file` and say which feature, what was found and what was expected.
    pub fn read(file: &str, text: &str, property: Option<&str>) -> Result<Self, String> {
        geojson::read(text, property)
            .map(|shapes| Self { shapes })
            .map_err(|problem| format!("{file}: {problem}"))
    }

    /// Areas in the order of their codes.
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// Names by code, of the areas that have one.
    pub fn names(&self) -> BTreeMap<String, String> {
        self.shapes.iter().filter_map(|shape| Some((shape.code.clone(), shape.name.clone()?))).collect()
    }

    /// The centre of mass of the largest polygon of each area, in kilometres east and north of the middle of the map.
    /// The projection is equirectangular at the middle latitude: distances are off by less than 1 % over a region and by
    /// some percent over France, which is enough to order areas by distance.
    pub fn centroids(&self) -> BTreeMap<String, (f64, f64)> {
        let (west, south, east, north) = bounds(self.positions());
        let middle = (f64::midpoint(west, east), f64::midpoint(south, north));
        let shrink = middle.1.to_radians().cos();
        let project = |&(longitude, latitude): &Position| {
            ((longitude - middle.0) * shrink * KM_PER_DEGREE, (latitude - middle.1) * KM_PER_DEGREE)
        };
        let centre = |shape: &Shape| {
            let polygons = shape.polygons.iter().map(|polygon| centre_of(polygon, &project));
            polygons.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, centre)| (shape.code.clone(), centre))
        };
        self.shapes.iter().filter_map(centre).collect()
    }

    /// The map fitted to these areas; others are drawn as far as they are on it. Codes that the map lacks are ignored.
    pub fn draw<'a>(&self, codes: impl Iterator<Item = &'a str>) -> Drawing {
        drawing::draw(&self.shapes, &codes.collect())
    }

    fn positions(&self) -> impl Iterator<Item = &Position> {
        self.shapes.iter().flat_map(positions)
    }
}

/// All positions of a shape.
fn positions(shape: &Shape) -> impl Iterator<Item = &Position> {
    shape.polygons.iter().flatten().flatten()
}

/// West, south, east and north ends; zeros without positions.
fn bounds<'a>(positions: impl Iterator<Item = &'a Position>) -> (f64, f64, f64, f64) {
    let widen = |ends: Option<(f64, f64, f64, f64)>, &(x, y): &Position| {
        let (west, south, east, north) = ends.unwrap_or((x, y, x, y));
        Some((west.min(x), south.min(y), east.max(x), north.max(y)))
    };
    positions.fold(None, widen).unwrap_or_default()
}

/// Surface and centre of mass of a polygon less its holes. A polygon without surface has the middle of its ends.
fn centre_of(polygon: &[Ring], project: &dyn Fn(&Position) -> (f64, f64)) -> (f64, (f64, f64)) {
    let (mut surface, mut x, mut y) = (0.0, 0.0, 0.0);
    for (i, ring) in polygon.iter().enumerate() {
        let points: Vec<(f64, f64)> = ring.iter().map(project).collect();
        let (part, centre) = ring_centre(&points);
        let part = if i == 0 { part } else { -part };
        (surface, x, y) = (surface + part, x + part * centre.0, y + part * centre.1);
    }
    if surface > 1e-9 {
        return (surface, (x / surface, y / surface));
    }
    let points: Vec<(f64, f64)> = polygon.iter().take(1).flatten().map(project).collect();
    let (west, south, east, north) = bounds(points.iter());
    (0.0, (f64::midpoint(west, east), f64::midpoint(south, north)))
}

/// Surface and centre of mass of a ring (shoelace formula), reckoned from its first point so that nothing cancels.
fn ring_centre(points: &[(f64, f64)]) -> (f64, (f64, f64)) {
    let Some(&(x0, y0)) = points.first() else { return (0.0, (0.0, 0.0)) };
    let (mut twice, mut x, mut y) = (0.0, 0.0, 0.0);
    for pair in points.windows(2) {
        let ((a, b), (c, d)) = ((pair[0].0 - x0, pair[0].1 - y0), (pair[1].0 - x0, pair[1].1 - y0));
        let cross = a * d - c * b;
        (twice, x, y) = (twice + cross, x + (a + c) * cross, y + (b + d) * cross);
    }
    if twice == 0.0 {
        (0.0, (x0, y0))
    } else {
        (twice.abs() / 2.0, (x0 + x / (3.0 * twice), y0 + y / (3.0 * twice)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(west: f64, south: f64, side: f64) -> Ring {
        let (east, north) = (west + side, south + side);
        vec![(west, south), (east, south), (east, north), (west, north), (west, south)]
    }

    fn map(polygons: Vec<Polygon>) -> Map {
        Map { shapes: vec![Shape { code: "a".into(), name: None, polygons }] }
    }

    #[test]
    fn centres() {
        // The large square counts, not the island; the middle of the map is (0, 0) in both directions.
        let both = map(vec![vec![square(-2.0, -2.0, 2.0)], vec![square(1.0, 1.0, 1.0)]]);
        let (x, y) = both.centroids()["a"];
        assert!((x + KM_PER_DEGREE).abs() < 1e-6 && (y + KM_PER_DEGREE).abs() < 1e-6, "{x} {y}");
        // A hole in the upper right quarter: (4 * 0 - 1 * 0.5) / 3 of a degree.
        let holed = map(vec![vec![square(-1.0, -1.0, 2.0), square(0.0, 0.0, 1.0)]]);
        let (x, y) = holed.centroids()["a"];
        assert!((x / KM_PER_DEGREE + 1.0 / 6.0).abs() < 1e-9 && (y - x).abs() < 1e-9);
    }

    #[test]
    fn a_line_has_a_middle() {
        let flat = map(vec![vec![vec![(0.0, 0.0), (2.0, 0.0), (0.0, 0.0), (0.0, 0.0)]]]);
        assert!(flat.centroids()["a"].0.abs() < 1e-9);
        assert!(Map::default().centroids().is_empty());
    }
}
