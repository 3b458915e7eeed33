//! The best window of many replicates at once: one replicate per lane, one look at each window for all of them.
//!
//! Expected cases are the same in every replicate, hence so is the least number of cases with which a window matters.
//! Each window costs a comparison of whole numbers per lane; logarithms are for the few windows that pass.

use std::ops::{AddAssign, Sub};

use super::draw::Null;
use super::search::{Search, Thresholds};
use super::windows::Windows;

/// Replicates per batch.
pub(super) const LANES: usize = 64;

/// Cases in a batch: 16 bits where the total allows, since twice as many fit a register.
pub(super) trait Tally:
    Copy + Ord + AddAssign + Sub<Output = Self> + From<bool> + Send + Sync
{
    /// Below every count.
    const LOWEST: Self;
    /// The largest total whose sums and differences fit.
    const MOST: u32;
    /// A number up to `MOST + 1`.
    fn of(cases: u32) -> Self;
    /// Back; never negative here.
    fn cases(self) -> u32;
}

macro_rules! tally {
    ($($number:ty),*) => {$(
        impl Tally for $number {
            const LOWEST: Self = <$number>::MIN;
            const MOST: u32 = <$number>::MAX as u32 - 1;
            fn of(cases: u32) -> Self {
                cases as Self
            }
            fn cases(self) -> u32 {
                self as u32
            }
        }
    )*};
}
tally!(i16, i32);

/// The best ratio of each of `count` replicates from number `first` on; 0 for those without a window that reaches the
/// floor.
pub(super) fn maxima(
    windows: &Windows<'_>,
    null: &Null,
    seed: u64,
    (first, count): (u64, usize),
    thresholds: &Thresholds,
) -> Vec<f64> {
    let mut best = if windows.total <= f64::from(i16::MOST) {
        batch::<i16>(windows, null, seed, (first, count), thresholds)
    } else {
        batch::<i32>(windows, null, seed, (first, count), thresholds)
    };
    best.truncate(count);
    best
}

fn batch<T: Tally>(
    windows: &Windows<'_>,
    null: &Null,
    seed: u64,
    (first, count): (u64, usize),
    thresholds: &Thresholds,
) -> Vec<f64> {
    let series = draw::<T>(windows, null, seed, (first, count));
    let mut search = Search::new(windows, thresholds);
    windows.walk(
        (&series, [T::of(0); LANES]),
        |sums, values| sums.iter_mut().zip(values).for_each(|(sum, &value)| *sum += value),
        |_, disc, sums| search.disc(disc, sums),
    );
    search.best()
}

/// Cases of each area in the most recent 0, 1, ... periods, by lane.
fn draw<T: Tally>(
    windows: &Windows<'_>,
    null: &Null,
    seed: u64,
    (first, count): (u64, usize),
) -> Vec<[T; LANES]> {
    let width = windows.rows() + 1;
    let mut series = vec![[T::of(0); LANES]; windows.circles.len() * width];
    let draw = |lane: usize| {
        null.draw(seed, first + lane as u64, |area, slot| {
            series[area * width + slot + 1][lane] += T::from(true);
        });
    };
    (0..count.min(LANES)).for_each(draw);
    for area in series.chunks_mut(width) {
        for period in 1..width {
            let before = area[period - 1];
            area[period].iter_mut().zip(before).for_each(|(sum, cases)| *sum += cases);
        }
    }
    series
}
