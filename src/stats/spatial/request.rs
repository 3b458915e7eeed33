//! What both scans ask of a request, and how it is refused.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::circles::{Circles, LARGEST_COORDINATE, MOST_AREAS};
use super::{Effort, windows::Windows};
use crate::stats::refused::Refused;

/// Clusters in an answer.
const MOST_CLUSTERS: usize = 20;

/// Most replicates.
const MOST_REPLICATIONS: i64 = 1_000_000;

/// Most looks at a window, by [`Windows::work`], in all replicates: about a minute of one core.
const MOST_LOOKS: f64 = 5e11;

/// Most draws of a case: cases times replicates, about a minute of one core.
const MOST_DRAWS: f64 = 1e10;

pub(super) fn default_fraction() -> f64 {
    0.5
}

pub(super) fn default_replications() -> i64 {
    999
}

pub(super) fn default_seed() -> u64 {
    1
}

/// The name of an area: a text or a whole number, given back as it came; `1` and `"1"` name the same area.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged, expecting = "the name of an area is a text or a whole number")]
pub enum AreaId {
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
}

impl AreaId {
    /// As a text.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Text(text) => Cow::Borrowed(text),
        }
    }
}

impl From<&str> for AreaId {
    fn from(text: &str) -> Self {
        Self::Text(text.to_string())
    }
}

/// The settings that both scans have.
pub(super) fn effort(max_fraction: f64, replications: i64, seed: u64) -> Result<Effort, Refused> {
    if !(max_fraction > 0.0 && max_fraction < 1.0) {
        return Err(Refused::field("max_fraction", format!("must lie in ]0, 1[, found {max_fraction}")));
    }
    if !(0..=MOST_REPLICATIONS).contains(&replications) {
        let problem = format!("must lie in 0..{MOST_REPLICATIONS}, found {replications}");
        return Err(Refused::field("replications", problem));
    }
    let replications = u32::try_from(replications).unwrap_or(0);
    Ok(Effort { max_fraction, replications, seed, stop_after: None, most: MOST_CLUSTERS })
}

/// The circles around areas given as name and coordinates.
pub(super) fn circles<'a>(areas: impl Iterator<Item = (&'a AreaId, f64, f64)>) -> Result<Circles, Refused> {
    let mut known = std::collections::HashMap::new();
    let mut points = Vec::new();
    for (index, (id, x, y)) in areas.enumerate() {
        let id = id.text();
        if let Some(before) = known.insert(id.clone(), index) {
            let problem = format!("area {id:?} is already that of row {}", before + 1);
            return Err(Refused::row("areas", index, problem));
        }
        if let Some(bad) = [x, y].into_iter().find(|c| c.is_nan() || c.abs() > LARGEST_COORDINATE) {
            let problem =
                format!("coordinates must be finite and at most {LARGEST_COORDINATE:e}, found {bad}");
            return Err(Refused::row("areas", index, problem));
        }
        points.push([x, y]);
    }
    if points.len() < 2 {
        return Err(Refused::field("areas", format!("at least 2 are needed, found {}", points.len())));
    }
    Circles::new(&points).ok_or_else(|| {
        Refused::field("areas", format!("at most {MOST_AREAS} are taken, found {}", points.len()))
    })
}

/// Refuses a scan that would take too long.
pub(super) fn check_work(windows: &Windows<'_>, draws: usize, effort: &Effort) -> Result<(), Refused> {
    // The data themselves cost as much as many replicates.
    let looks = windows.work() * f64::from(effort.replications.max(100));
    if looks > MOST_LOOKS {
        let problem =
            format!("windows times replications come to {looks:.1e}, at most {MOST_LOOKS:e} are taken");
        return Err(Refused::field("replications", problem + "; ask for fewer, or for smaller windows"));
    }
    let draws = draws as f64 * f64::from(effort.replications);
    if draws > MOST_DRAWS {
        let problem =
            format!("cases times replications come to {draws:.1e}, at most {MOST_DRAWS:e} are taken");
        return Err(Refused::field("replications", problem));
    }
    Ok(())
}
