//! The exact law of the scan statistic: one determinant in place of a sum over all ways of filling the windows.
//!
//! The period holds L whole windows and a rest. The numbers of points up to u, w + u, 2w + u... are paths that grow
//! with u; no window holds k points when each, lowered by k for every window, stays below the one before it, and such
//! families are counted by determinants (Karlin and McGregor, Pacific J Math 1959; 9: 1141-1164). Huntington and Naus (Ann
//! Probab 1975; 3: 894-896) sum products of two determinants over all numbers of points in the cells. A path ends where
//! the next one starts, so the sum is one over the principal minors of a single matrix, hence (Cauchy and Binet) a
//! coefficient of one bordered determinant as a polynomial of z. It is read off the values on the unit circle. With
//! Poisson weights of the same density each coefficient is a probability, so nothing is lost to cancellation.

use super::tail::poisson_mass;
use std::f64::consts::TAU;

/// Weights below this are left out.
const NOTHING: f64 = 1e-20;

/// The probability that no window of width `w` holds `k` of `n` uniform points, for 2 <= k <= n and 0 < w < 1, to some
/// 1e-13 in absolute terms. `None` when it would take more than `work` complex multiplications.
pub(super) fn none_holds(k: usize, n: usize, w: f64, work: f64) -> Option<f64> {
    if w < 1e-6 {
        return None;
    }
    let windows = (1.0 / w + 1e-12).floor() as usize;
    if n > (windows + 1) * (k - 1) {
        return Some(0.0);
    }
    let matrix = Bordered::new(k, n, w, windows, work)?;
    let points = matrix.circle(n, w, windows);
    if points as f64 / 2.0 * matrix.effort() > work {
        return None;
    }
    let mut sum = 0.0;
    for point in 0..points / 2 {
        // In halves of the step between points, so that the angle stays small.
        let turn = |halves: usize| TAU * (halves % (2 * points)) as f64 / (2 * points) as f64;
        let value = matrix.determinant(Complex::unit(turn(2 * point + 1)));
        sum += value.times(Complex::unit(-turn((2 * point + 1) * windows))).re;
    }
    let sign = if (windows + matrix.sites).is_multiple_of(2) { 1.0 } else { -1.0 };
    let share = sign * sum * 2.0 / points as f64 / poisson_mass(n as f64, n as f64);
    Some(share.clamp(0.0, 1.0))
}

/// The bordered matrix. Row `r` is the path that starts at depth k + r, column `c` the end at depth c + 1; the first row
/// and the last column are the border. Elsewhere z multiplies the entries, and 1 stands left of the diagonal.
struct Bordered {
    k: usize,
    sites: usize,
    /// Entries on the left of the diagonal.
    left: usize,
    /// Entries of each row from the column `row - left` on to `row + k - 1`.
    rows: Vec<Vec<f64>>,
}

impl Bordered {
    fn new(k: usize, n: usize, w: f64, windows: usize, work: f64) -> Option<Self> {
        let sites = (windows + 1) * k - n - 1;
        let [rest, gap, whole] = weights(n, w, windows);
        let left = whole.len().saturating_sub(k).max(1);
        if sites as f64 * left as f64 * (2 * left + k) as f64 > work {
            return None;
        }
        let go = |start: usize, end: usize| match start.checked_sub(end) {
            None => 0.0,
            Some(points) if start <= sites => at(&whole, points),
            Some(points) if end > sites => at(&rest, points),
            Some(_) => (end..=sites).map(|stop| at(&rest, start - stop) * at(&gap, stop - end)).sum(),
        };
        let entry = |row: usize, shift: usize| match (row + shift).checked_sub(left) {
            Some(column) if column <= sites => go(k + row, column + 1),
            _ => 0.0,
        };
        let rows = (0..=sites).map(|row| (0..left + k).map(|shift| entry(row, shift)).collect()).collect();
        Some(Self { k, sites, left, rows })
    }

    /// Complex multiplications of one determinant.
    fn effort(&self) -> f64 {
        (self.sites * self.left * (2 * self.left + self.k)) as f64
    }

    /// How many points of the circle are enough: the coefficients on which each falls are probabilities of numbers of
    /// points, and those that share one must be nothing.
    fn circle(&self, n: usize, w: f64, windows: usize) -> usize {
        let rest = (1.0 - windows as f64 * w).max(0.0);
        let weight = |cells: usize| {
            let points = n as f64 + (cells as f64 - windows as f64) * self.k as f64;
            let mean = n as f64 * (cells as f64 * w + rest);
            if points < 0.0 || mean <= 0.0 { 0.0 } else { poisson_mass(points, mean) }
        };
        let far =
            (0..=self.sites).filter(|&cells| weight(cells) > 1e-17).map(|cells| cells.abs_diff(windows));
        let far = far.max().unwrap_or(0) + 1;
        far + far % 2
    }

    /// One row at one z, `left + k` entries and room for what exchanges of rows push to the right.
    fn row(&self, row: usize, z: Complex) -> Vec<Complex> {
        let factor = if row == 0 { Complex::ONE } else { z };
        let mut out: Vec<Complex> = self.rows[row].iter().map(|&value| factor.scaled(value)).collect();
        if row > 0 {
            out[self.left - 1].re += 1.0;
        }
        out.resize(2 * self.left + self.k, Complex::ZERO);
        out
    }

    /// The determinant, by elimination within the band with exchanges of rows.
    fn determinant(&self, z: Complex) -> Complex {
        let mut product = Complex::ONE;
        // Rows that reach the present column, each from that column on.
        let mut open: Vec<Vec<Complex>> = Vec::new();
        let mut next = 0;
        for column in 0..=self.sites {
            while next <= self.sites && next <= column + self.left {
                let mut row = self.row(next, z);
                row.drain(..(column + self.left - next).min(self.left));
                row.resize(2 * self.left + self.k, Complex::ZERO);
                open.push(row);
                next += 1;
            }
            let best = (0..open.len()).max_by(|&a, &b| open[a][0].square().total_cmp(&open[b][0].square()));
            let Some(best) = best else { return Complex::ZERO };
            if best % 2 == 1 {
                product = product.scaled(-1.0);
            }
            let pivot = open.remove(best);
            product = product.times(pivot[0]);
            if pivot[0].square() == 0.0 {
                return Complex::ZERO;
            }
            let inverse = pivot[0].inverse();
            for row in &mut open {
                let factor = row[0].times(inverse);
                for j in 1..row.len() {
                    row[j - 1] = row[j].minus(factor.times(pivot[j]));
                }
                if let Some(last) = row.last_mut() {
                    *last = Complex::ZERO;
                }
            }
        }
        product
    }
}

/// Poisson weights of the numbers of points in the rest of the period, in what the rest lacks to a window, in a window.
fn weights(n: usize, w: f64, windows: usize) -> [Vec<f64>; 3] {
    let rest = (1.0 - windows as f64 * w).max(0.0);
    [rest, (w - rest).max(0.0), w].map(|width| {
        let mean = n as f64 * width;
        if mean <= 0.0 {
            return vec![1.0];
        }
        (0..)
            .map(f64::from)
            .take_while(|&x| x <= mean || poisson_mass(x, mean) > NOTHING)
            .map(|x| poisson_mass(x, mean))
            .collect()
    })
}

fn at(values: &[f64], place: usize) -> f64 {
    values.get(place).copied().unwrap_or(0.0)
}

/// As much of the complex numbers as a determinant needs.
#[derive(Clone, Copy, Debug)]
struct Complex {
    re: f64,
    im: f64,
}

impl Complex {
    const ZERO: Self = Self { re: 0.0, im: 0.0 };
    const ONE: Self = Self { re: 1.0, im: 0.0 };

    fn unit(angle: f64) -> Self {
        Self { re: angle.cos(), im: angle.sin() }
    }

    fn scaled(self, by: f64) -> Self {
        Self { re: self.re * by, im: self.im * by }
    }

    fn times(self, other: Self) -> Self {
        Self { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }

    fn minus(self, other: Self) -> Self {
        Self { re: self.re - other.re, im: self.im - other.im }
    }

    fn square(self) -> f64 {
        self.re * self.re + self.im * self.im
    }

    fn inverse(self) -> Self {
        Self { re: self.re / self.square(), im: -self.im / self.square() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Naus (1965): P(k = 3, n = 3) = 3 w^2 - 2 w^3; k = 2: (1 - (n - 1) w)^n without one.
    #[test]
    fn closed_forms() {
        for w in [0.01, 0.1, 0.23, 0.5, 0.77] {
            let none = none_holds(3, 3, w, 1e8).unwrap();
            assert!((none - (1.0 - 3.0 * w * w + 2.0 * w * w * w)).abs() < 1e-12, "{w}: {none}");
        }
        for n in [2_usize, 5, 11, 30] {
            let expected = (1.0 - (n - 1) as f64 * 0.03).powi(n as i32);
            assert!((none_holds(2, n, 0.03, 1e8).unwrap() - expected).abs() < 1e-12);
        }
    }

    // The sum of Huntington and Naus (1975) itself, over all numbers of points in the cells, by mpmath 1.4.1 with 30 digits.
    #[test]
    fn as_summed() {
        for (k, n, w, p) in [
            (3, 7, 0.22, 0.971_649_219_988_48),
            (4, 9, 0.3, 0.989_108_632),
            (4, 8, 0.27, 0.864_873_681_383_701),
            (3, 6, 0.17, 0.699_720_349_52),
        ] {
            let none = none_holds(k, n, w, 1e8).unwrap();
            assert!((1.0 - none - p).abs() < 1e-12, "{k} {n} {w}: {none}");
        }
    }

    #[test]
    fn too_many_points_for_the_windows() {
        assert_eq!(none_holds(3, 9, 0.26, 1e8), Some(0.0));
        assert!(none_holds(3, 8, 0.26, 1e8).unwrap() > 0.0);
    }

    #[test]
    fn work_is_bounded() {
        assert_eq!(none_holds(5, 2_000, 1e-4, 1e6), None);
        assert_eq!(none_holds(5, 2_000, 1e-9, 1e6), None);
    }
}
