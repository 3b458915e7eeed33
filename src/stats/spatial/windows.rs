//! The windows of a scan: circles that hold few enough of the whole, times runs of whole periods.

use std::collections::HashSet;

use super::circles::Circles;

/// The log likelihood ratio of a window with more cases than expected (Kulldorff, Commun Stat Theory Methods 1997; 26:
/// 1481-1496): O ln(O/E) + (N - O) ln((N - O)/(N - E)); 0 without excess.
pub fn log_likelihood_ratio(observed: f64, expected: f64, total: f64) -> f64 {
    if observed <= expected || expected <= 0.0 || expected >= total {
        return 0.0;
    }
    let rest = total - observed;
    let outside = if rest > 0.0 { rest * (rest / (total - expected)).ln() } else { 0.0 };
    (observed * (observed / expected).ln() + outside).max(0.0)
}

/// An upper bound of the same without logarithms: the divergence of Kullback and Leibler is below that of Pearson.
pub(super) fn bound(observed: f64, expected: f64, total: f64) -> f64 {
    (observed - expected).powi(2) / (expected * (1.0 - expected / total))
}

/// A circle that holds more than the one before it around the same centre.
#[derive(Clone, Copy, Debug)]
pub(super) struct Disc {
    pub centre: u16,
    /// What it adds to the one before: this range of the centre's order.
    pub from: u16,
    pub to: u16,
    /// Weight inside: population, or cases of all periods.
    pub weight: f64,
    /// Not the same areas as a circle of an earlier centre.
    pub fresh: bool,
}

/// All windows of one scan. Time runs backwards, so that windows which end in the last period start at 0.
pub(super) struct Windows<'a> {
    pub circles: &'a Circles,
    /// By centre, growing.
    pub discs: Vec<Disc>,
    /// Weight of every area, and of all.
    weights: &'a [f64],
    whole: f64,
    /// Cases of the most recent 0, 1, ... periods.
    pub recent: Vec<f64>,
    /// All cases.
    pub total: f64,
    /// A run starts at one of so many recent periods, and is at most so long.
    pub starts: usize,
    pub longest: usize,
}

/// The best window of a circle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Best {
    pub disc: usize,
    /// The run, backwards: from `start` (included) to `end` (excluded) periods before the end of the study.
    pub start: usize,
    pub end: usize,
    pub observed: u32,
    pub expected: f64,
    pub llr: f64,
}

impl<'a> Windows<'a> {
    /// The circles that hold at most `fraction` of the weight, and the runs of at most `longest` periods, of which
    /// `periods` has the cases, most recent first; with `prospective`, those that hold the most recent one.
    pub fn new(
        circles: &'a Circles,
        weights: &'a [f64],
        fraction: f64,
        periods: &[u32],
        (longest, prospective): (usize, bool),
    ) -> Self {
        let whole: f64 = weights.iter().sum();
        let longest = longest.min(periods.len());
        let rows = if prospective { longest } else { periods.len() };
        let mut recent = vec![0.0];
        recent.extend(periods.iter().scan(0.0, |sum, &cases| {
            *sum += f64::from(cases);
            Some(*sum)
        }));
        let total = recent.last().copied().unwrap_or(0.0);
        recent.truncate(rows + 1);
        let starts = if prospective { 1 } else { rows };
        let discs = discs(circles, weights, fraction * whole * (1.0 + 1e-12));
        Self { circles, discs, weights, whole, recent, total, starts, longest }
    }

    /// Periods that a window can reach.
    pub fn rows(&self) -> usize {
        self.recent.len() - 1
    }

    /// Last period of the runs that begin here.
    pub fn last_end(&self, start: usize) -> usize {
        (start + self.longest).min(self.rows())
    }

    /// Expected cases of a circle in a run.
    pub fn expected(&self, disc: &Disc, start: usize, end: usize) -> f64 {
        disc.weight * (self.recent[end] - self.recent[start]) / self.whole
    }

    /// What a case of a run adds to the expected cases of this circle.
    pub fn share(&self, disc: &Disc) -> f64 {
        disc.weight / self.whole
    }

    /// What one look at everything costs: one per window, and 16 per period of each circle, whose sum is read from
    /// memory.
    pub fn work(&self) -> f64 {
        let runs: f64 = (0..self.starts).map(|start| (self.last_end(start) - start) as f64).sum();
        let fresh = self.discs.iter().filter(|disc| disc.fresh).count();
        runs * fresh as f64 + 16.0 * (self.rows() * self.discs.len()) as f64
    }

    /// Areas of a circle, in their own order.
    pub fn areas(&self, disc: &Disc) -> Vec<usize> {
        let inside = &self.circles.order(usize::from(disc.centre))[..usize::from(disc.to)];
        let mut areas: Vec<_> = inside.iter().map(|&area| usize::from(area)).collect();
        areas.sort_unstable();
        areas
    }

    /// Visits each circle with the sum of its areas: `series` has `rows() + 1` values per area.
    pub fn walk<V: Copy>(
        &self,
        (series, zero): (&[V], V),
        add: impl Fn(&mut V, &V),
        mut visit: impl FnMut(usize, &Disc, &[V]),
    ) {
        let width = self.rows() + 1;
        let mut sums = vec![zero; width];
        let mut centre = None;
        for (number, disc) in self.discs.iter().enumerate() {
            if centre.replace(disc.centre) != Some(disc.centre) {
                sums.fill(zero);
            }
            for area in self.added(disc) {
                for (sum, value) in sums.iter_mut().zip(&series[area * width..]) {
                    add(sum, value);
                }
            }
            if disc.fresh {
                visit(number, disc, &sums);
            }
        }
    }

    /// Areas with weight that a circle adds to the one before.
    fn added(&self, disc: &Disc) -> impl Iterator<Item = usize> {
        let ring =
            &self.circles.order(usize::from(disc.centre))[usize::from(disc.from)..usize::from(disc.to)];
        ring.iter().map(|&area| usize::from(area)).filter(|&area| self.weights[area] > 0.0)
    }

    /// The best window of every circle that has an excess. `series`: cases of each area in the most recent 0, 1, ...
    /// periods.
    pub fn best(&self, series: &[u32]) -> Vec<Best> {
        let mut found = Vec::new();
        self.walk(
            (series, 0),
            |sum, value| *sum += value,
            |number, disc, sums| found.extend(self.best_run(number, disc, sums)),
        );
        found
    }

    fn best_run(&self, number: usize, disc: &Disc, sums: &[u32]) -> Option<Best> {
        let mut best: Option<Best> = None;
        for start in 0..self.starts {
            for end in start + 1..=self.last_end(start) {
                let (observed, expected) = (sums[end] - sums[start], self.expected(disc, start, end));
                let least = best.map_or(0.0, |b| b.llr * (1.0 + 1e-9));
                let cases = f64::from(observed);
                if cases <= expected || bound(cases, expected, self.total) <= least {
                    continue;
                }
                let llr = log_likelihood_ratio(cases, expected, self.total);
                if llr > least {
                    best = Some(Best { disc: number, start, end, observed, expected, llr });
                }
            }
        }
        best
    }

    /// The best window, then the best of those that share no area with a better one, and so on. Of two equal ones, to
    /// nine decimals, the one whose centre comes first.
    pub fn disjoint(&self, mut found: Vec<Best>, most: usize) -> Vec<Best> {
        let rounded = |b: &Best| (b.llr * 1e9).round();
        found.sort_by(|a, b| rounded(b).total_cmp(&rounded(a)));
        let mut taken = vec![false; self.circles.len()];
        let mut kept = Vec::new();
        for best in found {
            let areas = self.areas(&self.discs[best.disc]);
            if kept.len() < most && !areas.iter().any(|&area| taken[area]) {
                areas.iter().for_each(|&area| taken[area] = true);
                kept.push(best);
            }
        }
        kept
    }
}

/// The circles with weight, each heavier than the one before around its centre, none above `most`.
fn discs(circles: &Circles, weights: &[f64], most: f64) -> Vec<Disc> {
    let mut discs = Vec::new();
    let mut seen = HashSet::new();
    for centre in 0..circles.len() {
        let (mut weight, mut from, mut mark) = (0.0, 0, 0_u64);
        let around = discs.len();
        for (ring, to) in circles.rings(centre) {
            let added = circles.order(centre)[ring..to].iter().map(|&area| usize::from(area));
            let heavy: Vec<usize> = added.filter(|&area| weights[area] > 0.0).collect();
            weight += heavy.iter().map(|&area| weights[area]).sum::<f64>();
            if weight > most {
                break;
            }
            if !heavy.is_empty() {
                mark = heavy.iter().fold(mark, |mark, &area| mark ^ mix(area as u64 + 1));
                let fresh = seen.insert(mark);
                discs.push(Disc { centre: centre as u16, from: from as u16, to: to as u16, weight, fresh });
                from = to;
            }
        }
        // Circles that are all known already need no walk.
        let known = discs[around..].iter().rev().take_while(|disc| !disc.fresh).count();
        discs.truncate(discs.len() - known);
    }
    discs
}

/// 64 bits that stand for an area; those of a set are combined by exclusive or (SplitMix64; Steele, Lea and Flood,
/// OOPSLA 2014: 453-472).
fn mix(area: u64) -> u64 {
    let mut z = area.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    // R 4.2: 139 * log(139/72.66942) + 1364 * log(1364/(1503 - 72.66942)) is 25.38068, as in Kulldorff 1997.
    #[test]
    fn the_ratio_and_its_bound() {
        let (o, e, n) = (139.0, 72.669_42, 1503.0);
        assert!((log_likelihood_ratio(o, e, n) - 25.380_68).abs() < 1e-4);
        assert!(bound(o, e, n) > log_likelihood_ratio(o, e, n));
        assert_eq!(log_likelihood_ratio(70.0, e, n), 0.0);
        assert!((log_likelihood_ratio(5.0, 1.0, 5.0) - 5.0 * 5.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn circles_grow_up_to_the_fraction_and_no_set_counts_twice() {
        let circles = Circles::new(&[[0.0, 0.0], [1.0, 0.0], [2.5, 0.0], [10.0, 0.0]]).unwrap();
        let weights = [1.0, 2.0, 0.0, 3.0];
        let windows = Windows::new(&circles, &weights, 0.5, &[6], (1, true));
        let sets: Vec<_> = windows.discs.iter().filter(|d| d.fresh).map(|d| windows.areas(d)).collect();
        assert_eq!(sets, [vec![0], vec![0, 1], vec![1], vec![3]]);
        assert_eq!(windows.expected(&windows.discs[1], 0, 1), 3.0);
        assert_eq!(windows.work(), 4.0 + 16.0 * windows.discs.len() as f64);
    }
}
