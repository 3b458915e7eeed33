//! Kulldorff's spatial scan: cases over populations, one table of counts.

use serde::{Deserialize, Serialize};

use super::draw::{Alias, Null};
use super::monte_carlo::clusters;
use super::request::{check_work, circles, default_fraction, default_replications, default_seed, effort};
use super::windows::Windows;
use super::{AreaId, Circles, Cluster, Effort};
use crate::stats::refused::Refused;

/// Most cases, all areas together.
const MOST_CASES: f64 = 1e7;

/// Largest population of an area.
const MOST_PEOPLE: f64 = 1e15;

/// Request of [`spatial_scan`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpatialScanRequest {
    /// The areas: 2 to 2,000.
    pub areas: Vec<AreaCount>,
    /// Largest share of the expected cases in a circle, in ]0, 1[.
    #[serde(default = "default_fraction")]
    pub max_fraction: f64,
    /// Replicates: 0 to 1,000,000.
    #[serde(default = "default_replications", deserialize_with = "crate::stats::request::integer")]
    pub replications: i64,
    /// Seed of the replicates.
    #[serde(default = "default_seed", deserialize_with = "crate::stats::request::integer")]
    pub seed: u64,
}

/// An area with its counts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AreaCount {
    /// Its name, its own.
    pub id: AreaId,
    /// Abscissa of the centroid, in any unit of length.
    pub x: f64,
    /// Ordinate, in the same unit.
    pub y: f64,
    /// Cases: a whole number.
    pub cases: f64,
    /// People, or person-years.
    pub population: f64,
}

/// Answer of [`spatial_scan`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpatialScan {
    /// The primary cluster, then those that overlap no better one; at most 20.
    pub clusters: Vec<SpatialCluster>,
}

/// One cluster of areas.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpatialCluster {
    /// Names of its areas, in the order of the request.
    pub areas: Vec<AreaId>,
    /// Cases inside.
    pub observed: u32,
    /// Cases expected inside.
    pub expected: f64,
    /// Log likelihood ratio.
    pub llr: f64,
    /// Monte Carlo p; null without replicates.
    pub p: Option<f64>,
}

/// The spatial scan statistic of the Poisson model (Kulldorff, Commun Stat Theory Methods 1997; 26: 1481-1496): the
/// circle whose O ln(O/E) + (N - O) ln((N - O)/(N - E)) is largest among those with more cases than expected.
///
/// Circles grow around each area by the distance between centroids, areas at equal distance together, up to
/// `max_fraction` of the expected cases. Secondary clusters: the best circles that share no area with a better one.
/// p = (1 + replicates whose maximum is at least that of the cluster) / (1 + replicates), the N cases falling by
/// population. It assumes that cases are independent and that the population is the one at risk, of the same age and
/// sex everywhere (otherwise give expected cases as population). A cluster is found as circle, whatever its shape.
///
/// # Errors
/// Fewer than 2 areas or more than 2,000; a name twice; coordinates that are not finite; cases that are no whole
/// number, or without population; no population at all; more than 10,000,000 cases; settings outside their range; work
/// of more than about a minute.
pub fn spatial_scan(request: &SpatialScanRequest) -> Result<SpatialScan, Refused> {
    let effort = effort(request.max_fraction, request.replications, request.seed)?;
    let circles = circles(request.areas.iter().map(|area| (&area.id, area.x, area.y)))?;
    let (cases, population) = counts(&request.areas)?;
    let scan = Scan::new(&circles, &cases, &population, &effort);
    check_work(&scan.windows, scan.null.draws(), &effort)?;
    let named = |cluster: Cluster| SpatialCluster {
        areas: cluster.areas.iter().map(|&area| request.areas[area].id.clone()).collect(),
        observed: cluster.observed,
        expected: cluster.expected,
        llr: cluster.llr,
        p: cluster.p,
    };
    Ok(SpatialScan { clusters: scan.clusters(&cases, &effort).into_iter().map(named).collect() })
}

fn counts(areas: &[AreaCount]) -> Result<(Vec<u32>, Vec<f64>), Refused> {
    for (index, AreaCount { cases, population, .. }) in areas.iter().enumerate() {
        let refuse = |problem| Err(Refused::row("areas", index, problem));
        if !(*cases >= 0.0 && *cases <= MOST_CASES && cases.fract() == 0.0) {
            return refuse(format!("cases must be a whole number in 0..{MOST_CASES}, found {cases}"));
        }
        if !(*population >= 0.0 && *population <= MOST_PEOPLE) {
            return refuse(format!("population must lie in 0..{MOST_PEOPLE:e}, found {population}"));
        }
        if *cases > 0.0 && *population == 0.0 {
            return refuse(format!("{cases} cases in an area without population"));
        }
    }
    if areas.iter().all(|area| area.population == 0.0) {
        return Err(Refused::field("areas", "no area has a population"));
    }
    if areas.iter().map(|area| area.cases).sum::<f64>() > MOST_CASES {
        return Err(Refused::field("areas", format!("at most {MOST_CASES} cases are taken, all together")));
    }
    Ok(areas.iter().map(|area| (area.cases as u32, area.population)).unzip())
}

/// The same of plain numbers: cases and population (or expected cases, to any factor) of each area of `circles`.
/// Empty when the lists differ in length, when there are no cases or no population, or when an area has cases without
/// population.
pub fn poisson(circles: &Circles, cases: &[u32], population: &[f64], effort: &Effort) -> Vec<Cluster> {
    let same = cases.len() == circles.len() && population.len() == circles.len();
    let sound = |(&cases, &people): (&u32, &f64)| {
        (0.0..=MOST_PEOPLE).contains(&people) && (cases == 0 || people > 0.0)
    };
    let total: f64 = cases.iter().copied().map(f64::from).sum();
    if !same || !cases.iter().zip(population).all(sound) || total > MOST_CASES {
        return Vec::new();
    }
    Scan::new(circles, cases, population, effort).clusters(cases, effort)
}

struct Scan<'a> {
    windows: Windows<'a>,
    null: Null,
}

impl<'a> Scan<'a> {
    fn new(circles: &'a Circles, cases: &[u32], population: &'a [f64], effort: &Effort) -> Self {
        let total = cases.iter().sum();
        let windows = Windows::new(circles, population, effort.max_fraction, &[total], (1, true));
        Self { windows, null: Null::Multinomial { alias: Alias::new(population), cases: total } }
    }

    fn clusters(&self, cases: &[u32], effort: &Effort) -> Vec<Cluster> {
        let series: Vec<u32> = cases.iter().flat_map(|&cases| [0, cases]).collect();
        clusters(&self.windows, &series, &self.null, effort, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sids() -> SpatialScanRequest {
        let rows = include_str!("nc_sids.tsv").lines().filter(|line| !line.starts_with('#')).skip(1);
        let areas = rows.map(|row| {
            let cells: Vec<&str> = row.split('\t').collect();
            let [x, y, cases, population] = [1, 2, 3, 4].map(|cell: usize| cells[cell].parse().unwrap());
            AreaCount { id: AreaId::from(cells[0]), x, y, cases, population }
        });
        SpatialScanRequest { areas: areas.collect(), max_fraction: 0.5, replications: 999, seed: 1 }
    }

    // Kulldorff 1997: 139 cases for 72.67 expected in five counties, log likelihood ratio 25.38; the same by brute force
    // in R 4.2 on nc.sids of spData 2.2.1 (x, y): 72.66942 and 25.38068.
    #[test]
    fn sudden_infant_deaths_in_north_carolina() {
        let request = sids();
        assert_eq!(request.areas.len(), 100);
        let found = spatial_scan(&request).unwrap();
        let primary = &found.clusters[0];
        let mut names: Vec<_> = primary.areas.iter().map(AreaId::text).collect();
        names.sort();
        assert_eq!(names, ["Bladen", "Columbus", "Hoke", "Robeson", "Scotland"]);
        assert_eq!((primary.observed, primary.p), (139, Some(0.001)));
        assert!((primary.expected - 72.669_42).abs() < 1e-5 && (primary.llr - 25.380_68).abs() < 1e-5);
        let mut seen = std::collections::HashSet::new();
        assert!(found.clusters.iter().flat_map(|c| &c.areas).all(|name| seen.insert(name.text())));
        assert!(found.clusters.is_sorted_by(|a, b| a.llr >= b.llr && a.p <= b.p));
    }

    /// Two areas of equal population, three cases: all fall in one with probability 1/4, else the best has two.
    #[test]
    fn p_is_that_of_the_exact_law() {
        let circles = Circles::new(&[[0.0, 0.0], [1.0, 0.0]]).unwrap();
        let effort = Effort { replications: 9_999, ..Effort::default() };
        let p = |cases: [u32; 2]| poisson(&circles, &cases, &[5.0, 5.0], &effort)[0].p.unwrap();
        assert!((p([3, 0]) - 0.25).abs() < 0.015, "{}", p([3, 0]));
        assert_eq!(p([1, 2]), 1.0);
    }

    /// Above 32,766 cases the lanes have 32 bits. Normal approximation of the binomial law, twice P(X > 20,199.5).
    #[test]
    fn many_cases() {
        let circles = Circles::new(&[[0.0, 0.0], [1.0, 0.0]]).unwrap();
        let effort = Effort { replications: 499, ..Effort::default() };
        let found = poisson(&circles, &[20_200, 19_800], &[1.0, 1.0], &effort);
        assert!((found[0].p.unwrap() - 0.046).abs() < 0.03, "{found:?}");
    }

    #[test]
    fn nothing_to_find() {
        let request = |cases: [f64; 3], replications| {
            let area = |(k, cases): (usize, f64)| AreaCount {
                id: AreaId::Number(k as i64),
                x: k as f64,
                y: 0.0,
                cases,
                population: 10.0,
            };
            let areas = cases.into_iter().enumerate().map(area).collect();
            spatial_scan(&SpatialScanRequest { areas, max_fraction: 0.5, replications, seed: 1 })
                .unwrap()
                .clusters
        };
        assert_eq!(request([0.0; 3], 99), []);
        assert_eq!(request([4.0; 3], 99), []);
        let found = request([4.0, 0.0, 0.0], 0);
        assert_eq!((found.len(), found[0].observed, found[0].p), (1, 4, None));
        assert!((found[0].llr - 4.0 * 3.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn refusals_name_field_and_row() {
        let refused = |change: &dyn Fn(&mut SpatialScanRequest)| {
            let mut request = sids();
            change(&mut request);
            spatial_scan(&request).unwrap_err().to_string()
        };
        for (change, expected) in [
            (
                &(|r: &mut _| area(r, 6).cases = -1.0) as &dyn Fn(&mut SpatialScanRequest),
                "areas, row 7: cases must",
            ),
            (&|r| area(r, 6).cases = 1.5, "areas, row 7: cases must be a whole number"),
            (&|r| area(r, 2).population = -3.0, "areas, row 3: population must lie"),
            (&|r| area(r, 2).population = 0.0, "areas, row 3: 11 cases in an area without population"),
            (&|r| area(r, 99).x = f64::NAN, "areas, row 100: coordinates must be finite"),
            (&|r| area(r, 1).id = "Ashe".into(), "areas, row 2: area \"Ashe\" is already that of row 1"),
            (&|r| r.areas.truncate(1), "areas: at least 2 are needed, found 1"),
            (&|r| r.max_fraction = 1.0, "max_fraction: must lie in ]0, 1[, found 1"),
            (&|r| r.replications = -1, "replications: must lie in 0..1000000, found -1"),
            (
                &|r| r.areas.iter_mut().for_each(|a| (a.cases, a.population) = (0.0, 0.0)),
                "areas: no area has a",
            ),
            (
                &|r| (area(r, 0).cases, r.replications) = (9e6, 10_000),
                "replications: cases times replications",
            ),
            (&|r| area(r, 0).cases = 1e7, "areas: at most 10000000 cases"),
        ] {
            let found = refused(change);
            assert!(found.starts_with(expected), "{found}");
        }
    }

    fn area(request: &mut SpatialScanRequest, index: usize) -> &mut AreaCount {
        &mut request.areas[index]
    }
}
