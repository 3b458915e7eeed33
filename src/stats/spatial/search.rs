//! The best window of each lane: whole numbers are compared everywhere, logarithms taken where they pass.

use std::ops::Range;

use super::lanes::{LANES, Tally};
use super::windows::{Disc, Windows, bound, log_likelihood_ratio};

/// From expected cases to the least number of cases whose ratio reaches a floor, never too high.
pub(super) struct Thresholds {
    floor: f64,
    /// By the square root of the expected share, in equal steps.
    least: Vec<u32>,
    /// Steps² per expected case.
    scale: f64,
}

impl Thresholds {
    /// For windows of `total` cases whose ratio is at least `floor`, above 0.
    pub fn new(floor: f64, total: f64) -> Self {
        let steps = (32.0 * total.sqrt()).clamp(1_024.0, 65_536.0).floor();
        let mut cases = 1_u32;
        let least = (0..=steps as usize).map(|step| {
            let expected = total * (step as f64 / steps).powi(2) * (1.0 - 1e-9);
            while f64::from(cases) <= total && !reaches(f64::from(cases), expected, total, floor) {
                cases += 1;
            }
            cases
        });
        Self { floor, least: least.collect(), scale: steps * steps / total }
    }

    /// The least ratio that is looked for.
    pub fn floor(&self) -> f64 {
        self.floor
    }

    /// Least cases, given the expected ones times `scale`.
    fn least(&self, scaled: f64) -> u32 {
        self.least[(scaled.sqrt() as usize).min(self.least.len() - 1)]
    }
}

fn reaches(cases: f64, expected: f64, total: f64, floor: f64) -> bool {
    expected <= 0.0 || log_likelihood_ratio(cases, expected, total) >= floor
}

/// The search of one batch.
pub(super) struct Search<'a, T> {
    windows: &'a Windows<'a>,
    thresholds: &'a Thresholds,
    /// Least cases of the runs that are being looked at.
    least: Vec<T>,
    best: Vec<f64>,
}

impl<'a, T: Tally> Search<'a, T> {
    pub fn new(windows: &'a Windows<'a>, thresholds: &'a Thresholds) -> Self {
        Self { windows, thresholds, least: vec![T::of(0); windows.longest], best: vec![0.0; LANES] }
    }

    /// The best ratio of each lane; 0 where no window reached the floor.
    pub fn best(self) -> Vec<f64> {
        self.best
    }

    /// Looks at all runs of a circle. `sums`: its cases in the most recent 0, 1, ... periods.
    ///
    /// Looking at 2 x 2 or 3 x 3 neighbouring runs in one comparison was tried: with so many lanes one of them nearly
    /// always asks for a closer look, and little is gained.
    pub fn disc(&mut self, disc: &Disc, sums: &[[T; LANES]]) {
        for start in 0..self.windows.starts {
            let ends = start + 1..self.windows.last_end(start) + 1;
            self.set_least(disc, start, ends.clone());
            let peaks = peaks(&sums[ends.clone()], &self.least);
            let before = &sums[start];
            if (0..LANES).fold(false, |any, lane| any | (peaks[lane] >= before[lane])) {
                for lane in (0..LANES).filter(|&lane| peaks[lane] >= before[lane]) {
                    self.settle(disc, start, ends.clone(), lane, sums);
                }
            }
        }
    }

    fn set_least(&mut self, disc: &Disc, start: usize, ends: Range<usize>) {
        let scale = self.thresholds.scale * self.windows.share(disc);
        let recent = &self.windows.recent;
        for (least, end) in self.least.iter_mut().zip(ends) {
            *least = T::of(self.thresholds.least(scale * (recent[end] - recent[start])));
        }
    }

    /// Takes the logarithms of those runs of one lane that pass.
    fn settle(&mut self, disc: &Disc, start: usize, ends: Range<usize>, lane: usize, sums: &[[T; LANES]]) {
        let total = self.windows.total;
        for (end, &least) in ends.zip(&self.least) {
            let cases = sums[end][lane] - sums[start][lane];
            let (observed, expected) = (f64::from(cases.cases()), self.windows.expected(disc, start, end));
            if cases < least || observed <= expected || bound(observed, expected, total) <= self.best[lane] {
                continue;
            }
            let llr = log_likelihood_ratio(observed, expected, total);
            if llr >= self.thresholds.floor {
                self.best[lane] = self.best[lane].max(llr);
            }
        }
    }
}

/// The largest of cases less threshold over some runs, before what lies before their start is taken off.
fn peaks<T: Tally>(ends: &[[T; LANES]], least: &[T]) -> [T; LANES] {
    let mut peaks = [T::LOWEST; LANES];
    for (sums, &least) in ends.iter().zip(least) {
        for lane in 0..LANES {
            peaks[lane] = peaks[lane].max(sums[lane] - least);
        }
    }
    peaks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A threshold that is too high would lose windows in silence; one that is far too low would cost time.
    #[test]
    fn thresholds_are_tight_and_never_too_high() {
        for (total, floor) in [(20.0, 2.0), (300.0, 0.5), (5_000.0, 8.0)] {
            let thresholds = Thresholds::new(floor, total);
            for k in 1..1_000 {
                let expected = total * f64::from(k) / 1_001.0;
                let least = thresholds.least(thresholds.scale * expected);
                let beyond =
                    |o: &u32| f64::from(*o) > total || reaches(f64::from(*o), expected, total, floor);
                let exact = (1..).find(beyond).unwrap();
                let is_tight = least <= exact && least + 2 + exact / 100 >= exact;
                assert!(is_tight, "{total} {floor} {expected}: {least} {exact}");
            }
        }
    }
}
