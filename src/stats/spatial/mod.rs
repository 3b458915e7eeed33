//! Scans for clusters in space, and in space and time: where, when, how unlikely.
//!
//! [`Circles`] are made once for a set of areas; [`poisson`] and [`permutation`] count on them. Both find the window
//! whose likelihood ratio is largest and compare it with the largest of each replicate under chance, so that the many
//! windows looked at are paid for by one test.

mod circles;
mod draw;
mod lanes;
mod monte_carlo;
mod permutation;
mod poisson;
mod request;
mod search;
mod windows;

pub use circles::{Circles, LARGEST_COORDINATE, MOST_AREAS};
pub use permutation::{
    Case, CaseAt, Place, SpaceTimeCluster, SpaceTimePermutation, SpaceTimePermutationRequest, Study,
    permutation, space_time_permutation,
};
pub use poisson::{AreaCount, SpatialCluster, SpatialScan, SpatialScanRequest, poisson, spatial_scan};
pub use request::AreaId;
pub use windows::log_likelihood_ratio;

/// How far a scan goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Largest share of the expected cases that a circle may hold, in ]0, 1[; 0.5 is the custom.
    pub max_fraction: f64,
    /// Replicates under chance; without any, there is no p.
    pub replications: u32,
    /// Seed of the replicates.
    pub seed: u64,
    /// Stop once so many replicates reach the primary cluster; its p is then that number over the replicates drawn
    /// (Besag and Clifford, Biometrika 1991; 78: 301-304). It is as valid as the p of all replicates and, where nothing
    /// clusters, needs few of them. Those of secondary clusters are then estimates from the same replicates. Twenty is a
    /// usual number: the p of a cluster that is none is then known to about a fifth of itself.
    pub stop_after: Option<u32>,
    /// Most clusters to report.
    pub most: usize,
}

impl Default for Effort {
    fn default() -> Self {
        Self { max_fraction: 0.5, replications: 999, seed: 1, stop_after: None, most: 20 }
    }
}

/// A cluster: more cases in a circle, in a run of periods, than chance lets expect.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Its areas, by their place in the list of areas, ascending.
    pub areas: Vec<usize>,
    /// First and last period, from 0; both 0 where there is no time.
    pub periods: (usize, usize),
    /// Cases inside.
    pub observed: u32,
    /// Cases expected inside.
    pub expected: f64,
    /// Log likelihood ratio.
    pub llr: f64,
    /// Share of replicates, with the data themselves, whose best window is at least as good. `None` without replicates.
    pub p: Option<f64>,
}
