//! Which patients are judged: a draw by stratum, proportional with a floor, the same for the same seed.

use super::Source;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The stratum of patients that are no case and have weak evidence.
pub const NON_CASE: &str = "non_case";

/// Fewest drawn of a stratum, if it has so many.
const FLOOR: usize = 5;

/// The stratum of a case.
pub fn stratum(case_level: &str, source: Source) -> String {
    format!("{case_level}/{}", source.as_str())
}

/// A patient drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Pick {
    /// Who.
    pub patient_id: String,
    /// Of which stratum.
    pub stratum: String,
    /// Patients of the stratum.
    pub stratum_size: usize,
    /// Patients drawn of it.
    pub sampled: usize,
    /// Patients that this one stands for.
    pub weight: f64,
}

/// Draws about `n` patients: of each stratum its part of `n`, and five at least. Order and choice come from a hash of
/// the seed and the patient, so that they do not depend on the order of the warehouse, and a larger draw with the same
/// seed keeps the patients of a smaller one.
pub fn draw(strata: &BTreeMap<String, Vec<String>>, n: usize, seed: u64) -> Vec<Pick> {
    let sizes: Vec<usize> = strata.values().map(Vec::len).collect();
    let mut picks = Vec::new();
    for ((stratum, patients), sampled) in strata.iter().zip(allocate(&sizes, n)) {
        let mut ordered: Vec<&String> = patients.iter().collect();
        ordered.sort_by_cached_key(|id| rank(seed, id));
        picks.extend(ordered.into_iter().take(sampled).map(|patient_id| Pick {
            patient_id: patient_id.clone(),
            stratum: stratum.clone(),
            stratum_size: patients.len(),
            sampled,
            weight: patients.len() as f64 / sampled as f64,
        }));
    }
    picks.sort_by_cached_key(|pick| rank(seed, &pick.patient_id));
    picks
}

fn rank(seed: u64, patient_id: &str) -> [u8; 32] {
    Sha256::new().chain_update(seed.to_le_bytes()).chain_update(patient_id).finalize().into()
}

/// How many of each stratum: the floor, then one at a time by Sainte-Laguë's rule, so that what is above the floor is
/// in proportion to the sizes.
fn allocate(sizes: &[usize], n: usize) -> Vec<usize> {
    let mut given: Vec<usize> = sizes.iter().map(|size| FLOOR.min(*size)).collect();
    let missing = n.min(sizes.iter().sum()).saturating_sub(given.iter().sum());
    for _ in 0..missing {
        let claim = |i: &usize| sizes[*i] as f64 / (2 * given[*i] + 1) as f64;
        let open = (0..sizes.len()).filter(|i| given[*i] < sizes[*i]);
        // The first of equals, so that the order of the strata decides.
        let Some(next) = open.rev().max_by(|a, b| claim(a).total_cmp(&claim(b))) else { break };
        given[next] += 1;
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_with_a_floor() {
        for (sizes, n, expected) in [
            (vec![80, 20], 10, vec![5, 5]),
            (vec![80, 20], 20, vec![15, 5]),
            (vec![80, 20], 50, vec![40, 10]),
            (vec![900, 3, 97], 100, vec![88, 3, 9]),
            (vec![3, 2], 100, vec![3, 2]),
            (vec![50, 50, 50], 3, vec![5, 5, 5]),
            (vec![], 10, vec![]),
        ] {
            assert_eq!(allocate(&sizes, n), expected, "{sizes:?} {n}");
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_and_a_larger_draw_keeps_it() {
        let patients: Vec<String> = (0..60).map(|i| format!("P{i}")).collect();
        let mut turned = patients.clone();
        turned.reverse();
        let strata = |patients| BTreeMap::from([("a".to_string(), patients)]);
        let ids = |picks: Vec<Pick>| picks.into_iter().map(|p| p.patient_id).collect::<Vec<_>>();
        let ten = ids(draw(&strata(patients.clone()), 10, 1));
        assert_eq!(ten, ids(draw(&strata(turned), 10, 1)));
        assert_ne!(ten, ids(draw(&strata(patients.clone()), 10, 2)));
        let twenty = ids(draw(&strata(patients), 20, 1));
        assert!(ten.iter().all(|id| twenty.contains(id)));
    }
}
