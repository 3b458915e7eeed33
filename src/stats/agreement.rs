//! Agreement of two raters on the same subjects: percent agreement and Cohen's kappa.

use serde::Serialize;
use std::collections::BTreeMap;

/// How far two raters agree.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Agreement {
    /// Subjects that both rated.
    pub shared: u64,
    /// Subjects rated the same.
    pub same: u64,
    /// `same / shared`.
    pub share: f64,
    /// Cohen's kappa (Educ Psychol Meas 1960; 20: 37-46); none when chance alone would give full agreement.
    pub kappa: Option<f64>,
}

/// Agreement over pairs of ratings of one subject each; `None` without pairs.
pub fn agreement<T: Ord + Copy>(pairs: &[(T, T)]) -> Option<Agreement> {
    if pairs.is_empty() {
        return None;
    }
    let shared = pairs.len() as f64;
    let same = pairs.iter().filter(|(a, b)| a == b).count();
    let share = same as f64 / shared;
    let mut margins: BTreeMap<T, (f64, f64)> = BTreeMap::new();
    for (a, b) in pairs {
        margins.entry(*a).or_default().0 += 1.0;
        margins.entry(*b).or_default().1 += 1.0;
    }
    let chance: f64 = margins.values().map(|(a, b)| a * b).sum::<f64>() / (shared * shared);
    let kappa = (chance < 1.0).then(|| (share - chance) / (1.0 - chance));
    Some(Agreement { shared: pairs.len() as u64, same: same as u64, share, kappa })
}

#[cfg(test)]
mod tests {
    use super::*;

    // 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: the example of the Wikipedia article "Cohen's kappa", 0.40.
    #[test]
    fn as_published() {
        let cells = [((1, 1), 20), ((1, 0), 5), ((0, 1), 10), ((0, 0), 15)];
        let pairs: Vec<(i32, i32)> = cells.iter().flat_map(|(pair, n)| vec![*pair; *n]).collect();
        let found = agreement(&pairs).unwrap();
        assert_eq!((found.shared, found.same, found.share), (50, 35, 0.7));
        assert!((found.kappa.unwrap() - 0.4).abs() < 1e-12);
        assert_eq!(agreement(&[(1, 1), (1, 1)]).unwrap().kappa, None);
        assert_eq!(agreement::<u8>(&[]), None);
    }
}
