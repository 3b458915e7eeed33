//! Data as chance alone would have them: each replicate from its own stream, whatever the others draw.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// How cases fall when nothing clusters.
pub(super) enum Null {
    /// So many cases over the areas, each by the weight of the area.
    Multinomial { alias: Alias, cases: u32 },
    /// The area of each case, and the period of the most recent ones (backwards): the periods are dealt anew.
    Permutation { areas: Vec<u16>, slots: Vec<u32> },
}

impl Null {
    /// The areas of the cases, and their periods counted back from the last one; only periods before `rows` matter.
    pub fn permutation(areas: Vec<u16>, periods: impl Iterator<Item = u32>, rows: usize) -> Self {
        Self::Permutation { areas, slots: periods.filter(|&slot| (slot as usize) < rows).collect() }
    }

    /// Cases to draw per replicate.
    pub fn draws(&self) -> usize {
        match self {
            Self::Multinomial { cases, .. } => *cases as usize,
            Self::Permutation { slots, .. } => slots.len(),
        }
    }

    /// Draws replicate `number`: `place` is given the area and the period of each case.
    pub fn draw(&self, seed: u64, number: u64, mut place: impl FnMut(usize, usize)) {
        let mut chance = stream(seed, number);
        match self {
            Self::Multinomial { alias, cases } => {
                (0..*cases).for_each(|_| place(alias.draw(&mut chance), 0));
            }
            Self::Permutation { areas, slots } => deal(areas.clone(), slots, &mut chance, place),
        }
    }
}

/// Gives the periods to cases picked without replacement (the shuffle of Fisher and Yates, stopped when no period that
/// matters is left).
fn deal(mut areas: Vec<u16>, slots: &[u32], chance: &mut ChaCha8Rng, mut place: impl FnMut(usize, usize)) {
    for (dealt, &slot) in slots.iter().enumerate() {
        let left = (areas.len() - dealt) as u64;
        // 32 bits times the number left: a case is favoured by less than one in 2,000 million / left.
        let pick = dealt + ((u64::from(chance.next_u32()) * left) >> 32) as usize;
        areas.swap(dealt, pick);
        place(usize::from(areas[dealt]), slot as usize);
    }
}

/// The stream of one replicate: the same seed and number give the same draws on any number of threads.
fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut generator = ChaCha8Rng::from_seed(key);
    generator.set_stream(number);
    generator
}

/// A table that draws an area by its weight in constant time (Walker, ACM Trans Math Softw 1977; 3: 253-256; built as
/// by Vose, IEEE Trans Softw Eng 1991; 17: 972-975).
pub(super) struct Alias {
    /// Chance to stay, of 2^32; where to go otherwise, and where one is: a branch on chance costs more than a look.
    columns: Vec<(u64, [u32; 2])>,
}

impl Alias {
    /// The table of these weights, of which one at least is positive.
    pub fn new(weights: &[f64]) -> Self {
        let whole: f64 = weights.iter().sum();
        let mut heights: Vec<f64> = weights.iter().map(|w| w / whole * weights.len() as f64).collect();
        let (mut low, mut high): (Vec<usize>, Vec<usize>) =
            (0..heights.len()).partition(|&k| heights[k] < 1.0);
        let mut columns: Vec<_> = (0..heights.len() as u32).map(|k| (1 << 32, [k, k])).collect();
        while let (Some(&short), Some(&tall)) = (low.last(), high.last()) {
            low.pop();
            columns[short] = ((heights[short] * 4_294_967_296.0) as u64, [tall as u32, short as u32]);
            heights[tall] -= 1.0 - heights[short];
            if heights[tall] < 1.0 {
                high.pop();
                low.push(tall);
            }
        }
        Self { columns }
    }

    fn draw(&self, chance: &mut ChaCha8Rng) -> usize {
        let bits = chance.next_u64();
        let column = (((bits >> 32) * self.columns.len() as u64) >> 32) as usize;
        let (stays, areas) = self.columns[column];
        areas[usize::from(bits & 0xffff_ffff < stays)] as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_drawn_by_their_weight() {
        let weights = [5.0, 0.0, 1.0, 2.0, 12.0];
        let null = Null::Multinomial { alias: Alias::new(&weights), cases: 200_000 };
        let mut counts = [0.0; 5];
        null.draw(1, 7, |area, _| counts[area] += 1.0);
        for (count, weight) in counts.iter().zip(weights) {
            let expected = weight * 10_000.0;
            assert!((count - expected).abs() <= 4.0 * f64::sqrt(expected), "{counts:?}");
        }
    }

    /// A weight that rounding leaves without a partner must not turn into draws of an area without weight.
    #[test]
    fn no_weight_no_draw() {
        for n in [3_usize, 7, 49, 100] {
            let weights: Vec<f64> =
                (0..n).map(|k| if k % 3 == 0 { 0.1 + k as f64 / 7.0 } else { 0.0 }).collect();
            let null = Null::Multinomial { alias: Alias::new(&weights), cases: 20_000 };
            null.draw(3, 0, |area, _| assert_eq!(area % 3, 0));
        }
    }

    #[test]
    fn a_deal_keeps_both_margins() {
        let areas = vec![0, 0, 0, 1, 1, 2];
        let null = Null::permutation(areas.clone(), [0, 1, 1, 2, 3, 3].into_iter(), 4);
        let mut means = [[0.0; 4]; 3];
        for number in 0..3_000 {
            let (mut by_area, mut by_period) = ([0; 3], [0; 4]);
            null.draw(5, number, |area, slot| {
                by_area[area] += 1;
                by_period[slot] += 1;
                means[area][slot] += 1.0 / 3_000.0;
            });
            assert_eq!((by_area, by_period), ([3, 2, 1], [1, 2, 1, 2]));
        }
        // Expected: 3 cases of area 0 times 2 of period 1, of 6; its standard error over the draws is 0.012.
        assert!(
            (means[0][1] - 1.0_f64).abs() < 0.05 && (means[2][0] - 1.0 / 6.0_f64).abs() < 0.03,
            "{means:?}"
        );
    }
}
