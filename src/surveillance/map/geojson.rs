//! Reads areas from GeoJSON, which a user brings and nobody has checked.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

use super::{Polygon, Position, Ring, Shape};

/// Largest file, in bytes: every commune of France, generalised, is under 20 million.
const MOST_BYTES: usize = 64 << 20;
/// Most features and positions; communes of France are 35,000.
const MOST_FEATURES: usize = 50_000;
/// See above.
const MOST_POSITIONS: usize = 4_000_000;
/// Properties that hold a code, tried in this order.
const CODES: [&str; 5] = ["code", "id", "insee", "code_insee", "dep"];
/// Properties that hold a name.
const NAMES: [&str; 2] = ["nom", "name"];

#[derive(Deserialize)]
struct Collection {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    features: Option<Vec<Feature>>,
}

#[derive(Deserialize)]
struct Feature {
    #[serde(default)]
    id: Option<Value>,
    #[serde(default)]
    properties: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    geometry: Option<Geometry>,
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Polygon(Vec<Vec<Vec<f64>>>),
    MultiPolygon(Vec<Vec<Vec<Vec<f64>>>>),
}

/// Areas in the order of their codes.
pub fn read(text: &str, property: Option<&str>) -> Result<Vec<Shape>, String> {
    if text.len() > MOST_BYTES {
        return Err(format!("{} bytes; at most {MOST_BYTES} are read: simplify the outlines", text.len()));
    }
    let features = features(text.trim_start_matches('\u{feff}'))?;
    let source = CodeSource::find(&features, property)?;
    let mut shapes: BTreeMap<String, (usize, Shape)> = BTreeMap::new();
    let mut positions = 0;
    for (i, feature) in features.into_iter().enumerate() {
        let shape = shape(feature, &source).map_err(|problem| format!("feature {}: {problem}", i + 1))?;
        positions += super::positions(&shape).count();
        if positions > MOST_POSITIONS {
            return Err(format!("more than {MOST_POSITIONS} positions: simplify the outlines"));
        }
        if let Some((first, shape)) = shapes.insert(shape.code.clone(), (i + 1, shape)) {
            let problem = "an area is one feature; join them, or name the property of the code";
            return Err(format!("features {first} and {} have the code {:?}: {problem}", i + 1, shape.code));
        }
    }
    Ok(shapes.into_values().map(|(_, shape)| shape).collect())
}

fn features(text: &str) -> Result<Vec<Feature>, String> {
    let collection: Collection =
        serde_json::from_str(text).map_err(|error| format!("not GeoJSON of polygons: {error}"))?;
    if collection.kind != "FeatureCollection" {
        return Err(format!("type is {:?}; a FeatureCollection is expected", collection.kind));
    }
    let features = collection.features.unwrap_or_default();
    match features.len() {
        0 => Err("no features; one for each area is expected".to_string()),
        n if n > MOST_FEATURES => Err(format!("{n} features; at most {MOST_FEATURES} are read")),
        _ => Ok(features),
    }
}

/// Where the code of a feature stands.
enum CodeSource {
    Property(String),
    Id,
}

impl CodeSource {
    fn find(features: &[Feature], property: Option<&str>) -> Result<Self, String> {
        if let Some(property) = property {
            return Ok(Self::Property(property.to_string()));
        }
        let all_have = |source: &Self| features.iter().all(|feature| source.code(feature).is_some());
        let tried = CODES.iter().map(|code| Self::Property(code.to_string())).chain([Self::Id]);
        tried.into_iter().find(all_have).ok_or_else(|| {
            let known = features.first().and_then(|feature| feature.properties.as_ref());
            let known: Vec<&str> = known.into_iter().flatten().take(20).map(|(key, _)| key.as_str()).collect();
            format!(
                "no property {} and no id in every feature; name the property that holds the code (the first feature has: {})",
                CODES.join(", "),
                known.join(", ")
            )
        })
    }

    fn code(&self, feature: &Feature) -> Option<String> {
        match self {
            Self::Property(property) => text(feature.properties.as_ref()?.get(property)?),
            Self::Id => text(feature.id.as_ref()?),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Property(property) => property,
            Self::Id => "id",
        }
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            Some(text.trim().to_string()).filter(|text| !text.is_empty() && text.len() <= 200)
        }
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn shape(feature: Feature, source: &CodeSource) -> Result<Shape, String> {
    let code = source.code(&feature).ok_or_else(|| {
        format!(
            "property {:?} is missing, or neither a text of 1 to 200 characters nor a number",
            source.name()
        )
    })?;
    let properties = feature.properties.unwrap_or_default();
    let name = NAMES.iter().find_map(|name| text(properties.get(*name)?));
    let polygons = match feature.geometry {
        Some(Geometry::Polygon(polygon)) => vec![polygon],
        Some(Geometry::MultiPolygon(polygons)) => polygons,
        None => {
            return Err(format!("area {code:?} has no geometry; a Polygon or a MultiPolygon is expected"));
        }
    };
    let polygons: Result<Vec<Polygon>, String> = polygons.into_iter().map(polygon).collect();
    let polygons = polygons.map_err(|problem| format!("area {code:?}: {problem}"))?;
    if polygons.is_empty() {
        return Err(format!("area {code:?} has no polygon"));
    }
    Ok(Shape { code, name, polygons })
}

fn polygon(rings: Vec<Vec<Vec<f64>>>) -> Result<Polygon, String> {
    if rings.is_empty() {
        return Err("a polygon without a ring".to_string());
    }
    rings.into_iter().map(ring).collect()
}

fn ring(positions: Vec<Vec<f64>>) -> Result<Ring, String> {
    let ring: Result<Ring, String> = positions.iter().map(|one| position(one)).collect();
    let ring = ring?;
    if ring.len() < 4 || ring.first() != ring.last() {
        return Err(format!(
            "a ring of {} positions; at least 4 are expected, the last like the first",
            ring.len()
        ));
    }
    Ok(ring)
}

fn position(numbers: &[f64]) -> Result<Position, String> {
    match numbers {
        [x, y, ..] if x.abs() <= 180.0 && y.abs() <= 90.0 => Ok((*x, *y)),
        [x, y, ..] => Err(format!(
            "position [{x}, {y}] is not a longitude and a latitude in degrees; convert the map to WGS 84 (EPSG:4326)"
        )),
        _ => Err("a position with less than 2 numbers".to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: &str = r#"{"type": "Polygon", "coordinates": [[[0,0],[1,0],[1,1],[0,0]]]}"#;

    fn collection(features: &[String]) -> String {
        format!(r#"{{"type": "FeatureCollection", "features": [{}]}}"#, features.join(","))
    }

    fn feature(start: &str, geometry: &str) -> String {
        format!(r#"{{"type": "Feature", {start}, "geometry": {geometry}}}"#)
    }

    #[test]
    fn codes_and_names() {
        let tried = |start: &str, property| {
            let shape = read(&collection(&[feature(start, SQUARE)]), property).unwrap().remove(0);
            (shape.code, shape.name.unwrap_or_default())
        };
        let pair = |code: &str, name: &str| (code.to_string(), name.to_string());
        assert_eq!(tried(r#""properties": {"insee": "35", "nom": "Ille"}"#, None), pair("35", "Ille"));
        assert_eq!(tried(r#""properties": {"code": 7, "insee": "35", "name": "X"}"#, None), pair("7", "X"));
        assert_eq!(tried(r#""properties": {"code": 7, "z": "z1"}"#, Some("z")), pair("z1", ""));
        assert_eq!(tried(r#""properties": null, "id": "2A""#, None), pair("2A", ""));
    }

    #[test]
    fn errors_name_the_fault() {
        let coded = |geometry: &str| feature(r#""properties": {"code": "35"}"#, geometry);
        let ring = |ring: &str| coded(&format!(r#"{{"type": "Polygon", "coordinates": [{ring}]}}"#));
        for (text, expected) in [
            ("{".to_string(), "not GeoJSON"),
            (r#"{"type": "Feature"}"#.into(), "a FeatureCollection is expected"),
            (collection(&[]), "no features"),
            (collection(&[coded("null")]), "area \"35\" has no geometry"),
            (collection(&[coded(r#"{"type": "Point", "coordinates": [1, 2]}"#)]), "unknown variant `Point`"),
            (collection(&[ring("[[0,0],[1,0],[0,0]]")]), "a ring of 3 positions"),
            (collection(&[ring("[[0,0],[1,0],[1,1],[2,2]]")]), "the last like the first"),
            (collection(&[ring("[[652000,6862000],[1,0],[1,1],[2,2]]")]), "convert the map to WGS 84"),
            (collection(&[ring("[[0],[1,0],[1,1],[2,2]]")]), "less than 2 numbers"),
            (collection(&[coded(SQUARE), coded(SQUARE)]), "features 1 and 2 have the code \"35\""),
            (collection(&[feature(r#""properties": {"x": 1}"#, SQUARE)]), "the first feature has: x"),
        ] {
            let error = read(&text, None).unwrap_err();
            assert!(error.contains(expected), "{error:?} lacks {expected:?}");
        }
        let error = read(&collection(&[coded(SQUARE)]), Some("z")).unwrap_err();
        assert_eq!(
            error,
            "feature 1: property \"z\" is missing, or neither a text of 1 to 200 characters nor a number"
        );
    }
}
