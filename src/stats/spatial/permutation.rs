//! The space-time permutation scan: cases alone, without population.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::draw::Null;
use super::monte_carlo::clusters;
use super::request::{check_work, circles, default_fraction, default_replications, default_seed, effort};
use super::windows::Windows;
use super::{AreaId, Circles, Cluster, Effort};
use crate::stats::refused::Refused;

/// Most cases.
const MOST_CASES: usize = 1_000_000;

/// Most areas times periods: the memory of a batch of replicates, 64 MB.
const MOST_CELLS: usize = 250_000;

/// Largest number of a period: whole numbers are exact up to there.
const LARGEST_PERIOD: f64 = 9e15;

/// Request of [`space_time_permutation`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpaceTimePermutationRequest {
    /// The areas: 2 to 2,000.
    pub areas: Vec<Place>,
    /// The cases: 1 to 1,000,000.
    pub cases: Vec<CaseAt>,
    /// Largest share of the cases in a circle, in ]0, 1[.
    #[serde(default = "default_fraction")]
    pub max_fraction: f64,
    /// Longest cluster, in periods; half of the study by default.
    #[serde(
        default,
        alias = "max_duration",
        alias = "max_length",
        deserialize_with = "crate::stats::request::maybe_integer"
    )]
    pub max_periods: Option<i64>,
    /// First and last period of the study; those of the cases by default.
    #[serde(default)]
    pub periods: Option<[f64; 2]>,
    /// Only clusters that last until the end of the study.
    #[serde(default)]
    pub prospective: bool,
    /// Replicates: 0 to 1,000,000.
    #[serde(default = "default_replications", deserialize_with = "crate::stats::request::integer")]
    pub replications: i64,
    /// Seed of the replicates.
    #[serde(default = "default_seed", deserialize_with = "crate::stats::request::integer")]
    pub seed: u64,
}

/// An area.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Its name, its own.
    pub id: AreaId,
    /// Abscissa of the centroid, in any unit of length.
    pub x: f64,
    /// Ordinate, in the same unit.
    pub y: f64,
}

/// A case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseAt {
    /// Name of its area.
    pub area: AreaId,
    /// Its period: a whole number, counted from anywhere.
    pub period: f64,
}

/// Answer of [`space_time_permutation`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpaceTimePermutation {
    /// The primary cluster, then those that share no area with a better one; at most 20.
    pub clusters: Vec<SpaceTimeCluster>,
}

/// One cluster in space and time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpaceTimeCluster {
    /// Names of its areas, in the order of the request.
    pub areas: Vec<AreaId>,
    /// First period.
    pub first_period: i64,
    /// Last period, included.
    pub last_period: i64,
    /// Cases inside.
    pub observed: u32,
    /// Cases expected inside.
    pub expected: f64,
    /// Log likelihood ratio.
    pub llr: f64,
    /// Monte Carlo p; null without replicates.
    pub p: Option<f64>,
}

/// A case as plain numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its area, by its place in the list of areas.
    pub area: usize,
    /// Its period, from 0.
    pub period: usize,
}

/// The time of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Study {
    /// Number of periods.
    pub periods: usize,
    /// Longest cluster, in periods.
    pub longest: usize,
    /// Only clusters that last until the last period.
    pub is_prospective: bool,
}

/// The space-time permutation scan statistic (Kulldorff, Heffernan, Hartman, Assunção and Mostashari, PLoS Med 2005; 2:
/// e59): the circle and run of periods whose O ln(O/E) + (N - O) ln((N - O)/(N - E)) is largest among those with more
/// cases than expected, E = cases of the circle times cases of the run / all cases.
///
/// Circles are those of [`spatial_scan`](super::spatial_scan), up to `max_fraction` of the cases. p = (1 + replicates
/// whose maximum is at least that of the cluster) / (1 + replicates), the periods being dealt anew among the cases. It
/// finds interaction of space and time: an excess that lasts throughout, or that is everywhere at once, is none. It
/// assumes that the share of each area changes little over the study otherwise.
///
/// # Errors
/// Fewer than 2 areas or more than 2,000; a name twice; coordinates that are not finite; no case; a case of an unknown
/// area, of a fractional period or outside `periods`; settings outside their range; more than 250,000 areas times
/// periods; work of more than about a minute.
pub fn space_time_permutation(
    request: &SpaceTimePermutationRequest,
) -> Result<SpaceTimePermutation, Refused> {
    let effort = effort(request.max_fraction, request.replications, request.seed)?;
    let circles = circles(request.areas.iter().map(|area| (&area.id, area.x, area.y)))?;
    let (first, cases, study) = read(request)?;
    let scan = Scan::new(&circles, &cases, study);
    let windows = scan.windows(&circles, &effort);
    let null = scan.null(&windows);
    check_work(&windows, null.draws(), &effort)?;
    let found = clusters(&windows, &scan.series(&windows), &null, &effort, study.periods);
    let named = |cluster: Cluster| SpaceTimeCluster {
        areas: cluster.areas.iter().map(|&area| request.areas[area].id.clone()).collect(),
        first_period: first + cluster.periods.0 as i64,
        last_period: first + cluster.periods.1 as i64,
        observed: cluster.observed,
        expected: cluster.expected,
        llr: cluster.llr,
        p: cluster.p,
    };
    Ok(SpaceTimePermutation { clusters: found.into_iter().map(named).collect() })
}

/// The first period, the cases and the time of a request.
fn read(request: &SpaceTimePermutationRequest) -> Result<(i64, Vec<Case>, Study), Refused> {
    let (first, last) = bounds(request)?;
    let places: HashMap<_, usize> = request.areas.iter().map(|area| area.id.text()).zip(0..).collect();
    let read = |(index, case): (usize, &CaseAt)| {
        let name = case.area.text();
        let problem = || format!("area {name:?} is not among the areas");
        let area = *places.get(&name).ok_or_else(|| Refused::row("cases", index, problem()))?;
        if !(first..=last).contains(&case.period) {
            let problem = format!("period {} lies outside of the study, {first} to {last}", case.period);
            return Err(Refused::row("cases", index, problem));
        }
        Ok(Case { area, period: (case.period - first) as usize })
    };
    let cases = request.cases.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    Ok((first as i64, cases, study(request, last - first + 1.0)?))
}

/// First and last period of the study.
fn bounds(request: &SpaceTimePermutationRequest) -> Result<(f64, f64), Refused> {
    let whole = |period: f64| period.fract() == 0.0 && period.abs() <= LARGEST_PERIOD;
    if request.cases.is_empty() || request.cases.len() > MOST_CASES {
        let problem = format!("1 to {MOST_CASES} are taken, found {}", request.cases.len());
        return Err(Refused::field("cases", problem));
    }
    if let Some((index, case)) = request.cases.iter().enumerate().find(|(_, case)| !whole(case.period)) {
        return Err(Refused::row(
            "cases",
            index,
            format!("period must be a whole number, found {}", case.period),
        ));
    }
    let periods = || request.cases.iter().map(|case| case.period);
    match request.periods {
        None => Ok((periods().fold(f64::INFINITY, f64::min), periods().fold(f64::NEG_INFINITY, f64::max))),
        Some([first, last]) if whole(first) && whole(last) && first <= last => Ok((first, last)),
        Some([first, last]) => {
            let problem = format!("two whole numbers are expected, first and last, found {first} and {last}");
            Err(Refused::field("periods", problem))
        }
    }
}

fn study(request: &SpaceTimePermutationRequest, periods: f64) -> Result<Study, Refused> {
    let cells = periods * request.areas.len() as f64;
    if cells > MOST_CELLS as f64 {
        let problem = format!("areas times periods come to {cells}, at most {MOST_CELLS} are taken");
        return Err(Refused::field("periods", problem + "; count in longer periods"));
    }
    let periods = periods as usize;
    let longest = request.max_periods.unwrap_or((periods / 2).max(1) as i64);
    if longest < 1 {
        return Err(Refused::field("max_periods", format!("must be at least 1, found {longest}")));
    }
    let longest = usize::try_from(longest).unwrap_or(periods).min(periods);
    Ok(Study { periods, longest, is_prospective: request.prospective })
}

/// The same of plain numbers. Empty without cases, with a case outside of the areas or of the study, or when areas times
/// periods exceed 250,000.
pub fn permutation(circles: &Circles, cases: &[Case], study: Study, effort: &Effort) -> Vec<Cluster> {
    let inside = |case: &Case| case.area < circles.len() && case.period < study.periods;
    let cells = circles.len().checked_mul(study.periods);
    let sized = cases.len() <= MOST_CASES && cells.is_some_and(|cells| cells <= MOST_CELLS);
    if cases.is_empty() || !sized || !cases.iter().all(inside) {
        return Vec::new();
    }
    let scan = Scan::new(circles, cases, study);
    let windows = scan.windows(circles, effort);
    clusters(&windows, &scan.series(&windows), &scan.null(&windows), effort, study.periods)
}

/// Cases and their margins; time runs backwards.
struct Scan {
    areas: Vec<u16>,
    slots: Vec<u32>,
    by_area: Vec<f64>,
    by_slot: Vec<u32>,
    study: Study,
}

impl Scan {
    fn new(circles: &Circles, cases: &[Case], study: Study) -> Self {
        let (mut by_area, mut by_slot) = (vec![0.0; circles.len()], vec![0; study.periods]);
        let slot = |case: &Case| study.periods - 1 - case.period;
        for case in cases {
            by_area[case.area] += 1.0;
            by_slot[slot(case)] += 1;
        }
        let areas = cases.iter().map(|case| case.area as u16).collect();
        Self { areas, slots: cases.iter().map(|case| slot(case) as u32).collect(), by_area, by_slot, study }
    }

    fn windows<'a>(&'a self, circles: &'a Circles, effort: &Effort) -> Windows<'a> {
        let runs = (self.study.longest, self.study.is_prospective);
        Windows::new(circles, &self.by_area, effort.max_fraction, &self.by_slot, runs)
    }

    fn null(&self, windows: &Windows<'_>) -> Null {
        Null::permutation(self.areas.clone(), self.slots.iter().copied(), windows.rows())
    }

    /// Cases of each area in the most recent 0, 1, ... periods.
    fn series(&self, windows: &Windows<'_>) -> Vec<u32> {
        let width = windows.rows() + 1;
        let mut series = vec![0; width * self.by_area.len()];
        for (&area, &slot) in self.areas.iter().zip(&self.slots) {
            if (slot as usize) < windows.rows() {
                series[usize::from(area) * width + slot as usize + 1] += 1;
            }
        }
        for area in series.chunks_mut(width) {
            (1..width).for_each(|period| area[period] += area[period - 1]);
        }
        series
    }
}

#[cfg(test)]
mod tests {
    use super::super::log_likelihood_ratio;
    use super::*;

    /// Nine areas on a grid, cases that follow no law.
    fn grid(number: usize, periods: usize) -> (Vec<[f64; 2]>, Vec<Case>) {
        let points = (0..9).map(|k| [f64::from(k % 3), f64::from(k / 3)]).collect();
        let mut state = 12_345_u64;
        let mut below = |most: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % most
        };
        (points, (0..number).map(|_| Case { area: below(9).min(below(9)), period: below(periods) }).collect())
    }

    /// By definition: every centre, radius and run, counted anew.
    fn brute_force(points: &[[f64; 2]], cases: &[Case], study: Study) -> (f64, u32, f64) {
        let n = cases.len() as f64;
        let square = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2);
        let mut best = (0.0, 0, 0.0);
        for (centre, edge) in points.iter().flat_map(|&c| points.iter().map(move |&e| (c, e))) {
            let near = |c: &Case| square(centre, points[c.area]) <= square(centre, edge);
            let inside = cases.iter().filter(|c| near(c)).count() as f64;
            for (first, last) in (0..study.periods).flat_map(|f| (f..study.periods).map(move |l| (f, l))) {
                let is_run =
                    last - first < study.longest && (!study.is_prospective || last + 1 == study.periods);
                if !is_run || inside > 0.5 * n {
                    continue;
                }
                let during = |c: &&Case| (first..=last).contains(&c.period);
                let expected = inside * cases.iter().filter(during).count() as f64 / n;
                let observed = cases.iter().filter(during).filter(|c| near(c)).count();
                let llr = log_likelihood_ratio(observed as f64, expected, n);
                if llr > best.0 {
                    best = (llr, observed as u32, expected);
                }
            }
        }
        best
    }

    #[test]
    fn the_primary_cluster_is_that_of_brute_force() {
        let effort = Effort { replications: 0, ..Effort::default() };
        for number in [3, 20, 60, 150] {
            for (periods, longest, is_prospective) in
                [(8, 4, false), (8, 8, true), (5, 2, false), (1, 1, false)]
            {
                let (points, cases) = grid(number, periods);
                let study = Study { periods, longest, is_prospective };
                let found = permutation(&Circles::new(&points).unwrap(), &cases, study, &effort);
                let (llr, observed, expected) = brute_force(&points, &cases, study);
                assert_eq!(found.is_empty(), llr == 0.0);
                if let Some(found) = found.first() {
                    assert!((found.llr - llr).abs() < 1e-9 * llr, "{found:?} {llr}");
                    assert_eq!((found.observed, found.expected), (observed, expected));
                }
            }
        }
    }

    /// Two cases of one area in the first period, two of the other in the second: one deal of three separates them so.
    #[test]
    fn p_is_that_of_the_exact_law() {
        let circles = Circles::new(&[[0.0, 0.0], [1.0, 0.0]]).unwrap();
        let cases = [(0, 0), (0, 0), (1, 1), (1, 1)].map(|(area, period)| Case { area, period });
        let effort = Effort { replications: 9_999, ..Effort::default() };
        for is_prospective in [true, false] {
            let study = Study { periods: 2, longest: 1, is_prospective };
            let found = permutation(&circles, &cases, study, &effort);
            assert!((found[0].p.unwrap() - 1.0 / 3.0).abs() < 0.015, "{found:?}");
            assert!((found[0].llr - 2.0 * (4.0_f64 / 3.0).ln()).abs() < 1e-12);
        }
    }

    fn request(json: &str) -> SpaceTimePermutationRequest {
        let areas = r#"[{"id":"a","x":0,"y":0},{"id":"b","x":1,"y":0},{"id":"c","x":9,"y":9}]"#;
        serde_json::from_str(&format!(r#"{{"areas":{areas},{json}}}"#)).unwrap()
    }

    #[test]
    fn periods_count_from_anywhere() {
        let case = |area: &str, period: i32| format!(r#"{{"area":"{area}","period":{period}}}"#);
        let mut cases: Vec<String> =
            (2_010..2_018).flat_map(|p| [case("a", p), case("b", p), case("c", p)]).collect();
        cases.extend((0..6).map(|_| case("c", 2_016)));
        let json = format!(r#""cases":[{}],"max_duration":3"#, cases.join(","));
        let primary = &space_time_permutation(&request(&json)).unwrap().clusters[0];
        assert_eq!((primary.areas.as_slice(), primary.observed), (&[AreaId::from("c")][..], 7));
        assert_eq!((primary.first_period, primary.last_period), (2_016, 2_016));
        assert!((primary.expected - 14.0 * 9.0 / 30.0).abs() < 1e-12);
        let later = format!(r#"{json},"periods":[2000,2020],"prospective":true"#);
        assert_eq!(space_time_permutation(&request(&later)).unwrap().clusters, []);
    }

    #[test]
    fn refusals_name_field_and_row() {
        let one = r#"{"area":"a","period":3}"#;
        for (json, expected) in [
            (
                format!(r#""cases":[{one},{{"area":"x","period":1}}]"#),
                "cases, row 2: area \"x\" is not among the areas",
            ),
            (
                format!(r#""cases":[{one},{{"area":"a","period":1.5}}]"#),
                "cases, row 2: period must be a whole",
            ),
            (
                format!(r#""cases":[{one}],"periods":[4,9]"#),
                "cases, row 1: period 3 lies outside of the study, 4 to 9",
            ),
            (format!(r#""cases":[{one}],"periods":[9,4]"#), "periods: two whole numbers are expected"),
            (
                format!(r#""cases":[{one}],"periods":[0,1000000]"#),
                "periods: areas times periods come to 3000003",
            ),
            (format!(r#""cases":[{one}],"max_periods":0"#), "max_periods: must be at least 1, found 0"),
            (format!(r#""cases":[{one}],"max_fraction":0"#), "max_fraction: must lie in ]0, 1["),
            (format!(r#""cases":[{one}],"replications":1000001"#), "replications: must lie in 0..1000000"),
            (r#""cases":[]"#.to_string(), "cases: 1 to 1000000 are taken, found 0"),
        ] {
            let found = space_time_permutation(&request(&json)).unwrap_err().to_string();
            assert!(found.starts_with(expected), "{found}");
        }
        let (points, cases) = grid(200, 20_000);
        let areas = points.iter().zip('a'..).map(|(p, id)| Place {
            id: AreaId::Text(id.to_string()),
            x: p[0],
            y: p[1],
        });
        let cases = cases.iter().map(|c| CaseAt {
            area: AreaId::Text(char::from(b'a' + c.area as u8).to_string()),
            period: c.period as f64,
        });
        let mut long = request(&format!(r#""cases":[{one}]"#));
        (long.areas, long.cases) = (areas.collect(), cases.collect());
        let found = space_time_permutation(&long).unwrap_err().to_string();
        assert!(found.starts_with("replications: windows times replications come to"), "{found}");
    }
}
