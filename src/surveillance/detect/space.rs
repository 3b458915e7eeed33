//! Clusters in space, and in space and time: circles of areas (Kulldorff), where the coordinates of all areas are known.

use super::super::config::Config;
use super::super::model::Method;
use super::super::study::{Counts, Frame};
use super::{Places, Test, days, last_years};
use crate::stats::spatial;

/// The circles of a run, made once for all phenotypes.
pub struct Circles(spatial::Circles);

impl Circles {
    /// None without coordinates, or with fewer than three areas.
    pub fn new(places: &Places) -> Option<Self> {
        let places = places.as_ref().filter(|places| places.len() > 2)?;
        let points: Vec<[f64; 2]> = places.iter().map(|(x, y)| [*x, *y]).collect();
        spatial::Circles::new(&points).map(Self)
    }

    /// The primary cluster in space, and the primary one in space and time that lasts until now.
    pub fn tests(&self, frame: &Frame, counts: &Counts, number: usize, config: &Config) -> Vec<Test> {
        let in_space = self.in_space(frame, counts, number, config);
        in_space.into_iter().chain(self.in_time(frame, counts, number, config)).collect()
    }

    fn in_space(&self, frame: &Frame, counts: &[Vec<u32>], number: usize, config: &Config) -> Option<Test> {
        let rules = &config.spatial_scan;
        let months = last_years(frame, rules.years);
        let cases: Vec<u32> = counts.iter().map(|area| area[months.clone()].iter().sum()).collect();
        let births: Vec<f64> =
            (0..counts.len()).map(|area| frame.births(Some(area), months.clone())).collect();
        if cases.iter().sum::<u32>() < rules.least_cases {
            return None;
        }
        let effort = effort(config, number);
        let cluster = spatial::poisson(&self.0, &cases, &births, &effort).into_iter().next()?;
        Some(test(Method::SpatialScan, number, &cluster, days(frame, months.start, months.end - 1)))
    }

    fn in_time(&self, frame: &Frame, counts: &[Vec<u32>], number: usize, config: &Config) -> Option<Test> {
        let rules = &config.space_time;
        let months = last_years(frame, rules.years);
        let at = |area: usize, period: usize| {
            let count = counts[area][months.start + period] as usize;
            std::iter::repeat_n(spatial::Case { area, period }, count)
        };
        let cells = (0..counts.len()).flat_map(|area| (0..months.len()).map(move |period| (area, period)));
        let cases: Vec<spatial::Case> = cells.flat_map(|(area, period)| at(area, period)).collect();
        if cases.len() < rules.least_cases as usize {
            return None;
        }
        let longest = rules.longest_months as usize;
        let study = spatial::Study { periods: months.len(), longest, is_prospective: true };
        let found = spatial::permutation(&self.0, &cases, study, &effort(config, number));
        let cluster = found.into_iter().next()?;
        let window = days(frame, months.start + cluster.periods.0, months.end - 1);
        Some(test(Method::SpaceTimePermutation, number, &cluster, window))
    }
}

fn effort(config: &Config, number: usize) -> spatial::Effort {
    spatial::Effort {
        max_fraction: config.spatial_scan.largest_share,
        replications: config.limits.replications,
        seed: config.seed.wrapping_add(number as u64),
        stop_after: Some(super::ENOUGH),
        most: 1,
    }
}

fn test(method: Method, number: usize, cluster: &spatial::Cluster, days: (i64, i64)) -> Test {
    Test {
        method,
        group: number,
        areas: cluster.areas.clone(),
        days,
        observed: cluster.observed.into(),
        expected: cluster.expected,
        p: cluster.p,
        q: None,
        alarm: None,
        statistics: vec![("llr", cluster.llr)],
        months: Vec::new(),
    }
}
