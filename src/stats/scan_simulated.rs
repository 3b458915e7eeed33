//! Uniform points by chance, seeded: what has no exact value within the work allowed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Sets of points, when so many may be drawn.
const SETS: usize = 100_000;

/// A stream of numbers from 0 to 1, fixed by its seed.
pub(super) struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A number in 0..1.
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform points of 0..1 in order: cumulated exponential spacings over their sum (Devroye, Non-Uniform Random
    /// Variate Generation, 1986, chapter V.3), which needs no sorting.
    pub fn ordered(&mut self, points: &mut [f64]) {
        let mut sum = 0.0;
        for point in points.iter_mut() {
            sum -= (-self.unit()).ln_1p();
            *point = sum;
        }
        sum -= (-self.unit()).ln_1p();
        points.iter_mut().for_each(|point| *point /= sum);
    }
}

/// The share of seeded sets (100,000, or as many as `draws` points make, 1,000 at least) of `n` points in which some window of width `w` holds `k` (2 <= k <= n); one set more than
/// were drawn counts as holding them, so it is never 0.
pub(super) fn some_holds(k: usize, n: usize, w: f64, draws: usize, seed: u64) -> f64 {
    let sets = (draws / n.max(1)).clamp(1_000, SETS);
    let mut stream = Stream::new(seed);
    let mut points = vec![0.0; n];
    let mut holding = 0_usize;
    for _ in 0..sets {
        stream.ordered(&mut points);
        holding += usize::from(points.windows(k).any(|window| window[k - 1] - window[0] <= w));
    }
    (holding + 1) as f64 / (sets + 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordered_points_are_uniform_and_repeat() {
        let (mut first, mut sum) = ([0.0; 3], [0.0; 3]);
        let mut stream = Stream::new(7);
        for _ in 0..20_000 {
            stream.ordered(&mut first);
            assert!(first[0] <= first[1] && first[1] <= first[2] && first[2] < 1.0);
            sum.iter_mut().zip(first).for_each(|(sum, point)| *sum += point / 20_000.0);
        }
        assert!(
            sum.iter().zip([0.25, 0.5, 0.75]).all(|(found, mean)| (found - mean).abs() < 0.01),
            "{sum:?}"
        );
        let mut again = [0.0; 3];
        Stream::new(7).ordered(&mut again);
        Stream::new(7).ordered(&mut first);
        assert_eq!(first, again);
    }
}
