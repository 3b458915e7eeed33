//! The stream of chance of one delivery: the same seed and number give the same draws, whatever the other deliveries.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Draws of one delivery. Every method is built on 32 bits of ChaCha8, whose output is fixed by its definition.
pub(super) struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream of delivery `number` under `seed`.
    pub fn new(seed: u64, number: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(number);
        Self(generator)
    }

    /// A number in 0..1.
    pub fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    /// True with this probability.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A number below `count`; 0 when `count` is 0.
    pub fn below(&mut self, count: usize) -> usize {
        ((u64::from(self.0.next_u32()) * count as u64) >> 32) as usize
    }

    /// A whole number from `low` to `high`, both included.
    pub fn between(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1).max(1) as usize) as i32
    }

    /// One of a list, or `None` when it is empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.below(list.len()))
    }

    /// An index, with these cumulated weights; the last one when rounding leaves none.
    pub fn weighted(&mut self, cumulated: &[f64]) -> usize {
        let draw = self.unit() * cumulated.last().copied().unwrap_or(0.0);
        cumulated.partition_point(|&c| c <= draw).min(cumulated.len().saturating_sub(1))
    }
}
