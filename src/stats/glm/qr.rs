//! Least squares by Householder reflections, setting aside the columns that depend on earlier ones.

/// What is left of a column, relative to its first length, below which it depends on the columns before it. R's `glm`
/// uses the same number, and a model must drop the same columns to give the same answer.
const DEPENDENT: f64 = 1e-11;

/// The solution of a least-squares problem.
#[derive(Clone, Debug)]
pub(super) struct Solution {
    /// One coefficient a column, in the order of the columns given; zero for a column set aside.
    pub coefficients: Vec<f64>,
    /// Columns kept, in the order of the triangle.
    pub kept: Vec<usize>,
    /// Upper triangle: `triangle[j][i]` is row i of column j, i <= j.
    triangle: Vec<Vec<f64>>,
}

impl Solution {
    /// The squared length of R'^-1 x for a row x of the design: its variance, before scaling.
    pub fn quadratic_form(&self, row: impl Fn(usize) -> f64) -> f64 {
        let mut solved: Vec<f64> = Vec::with_capacity(self.kept.len());
        for (column, &source) in self.triangle.iter().zip(&self.kept) {
            let known = dot(column, &solved);
            let diagonal = column.get(solved.len()).copied().unwrap_or(f64::NAN);
            solved.push((row(source) - known) / diagonal);
        }
        dot(&solved, &solved)
    }
}

/// Minimises |X b - y|. The columns of X and y are consumed as working space.
pub(super) fn solve(mut columns: Vec<Vec<f64>>, mut target: Vec<f64>) -> Solution {
    let width = columns.len();
    let lengths: Vec<f64> = columns.iter().map(|column| length(column)).collect();
    let mut order: Vec<usize> = (0..width).collect();
    let (mut step, mut candidates) = (0, width);
    while step < candidates.min(target.len()) {
        let left = length(&columns[step][step..]);
        if left.is_finite() && left <= lengths[order[step]] * DEPENDENT {
            columns[step..].rotate_left(1);
            order[step..].rotate_left(1);
            candidates -= 1;
        } else {
            reflect(&mut columns, &mut target, step, left);
            step += 1;
        }
    }
    finish(columns, &target, order, step, width)
}

/// Turns column `step` onto its diagonal, and the columns after it and the target with it.
fn reflect(columns: &mut [Vec<f64>], target: &mut [f64], step: usize, left: f64) {
    let (done, after) = columns.split_at_mut(step + 1);
    let pivot = &mut done[step];
    let diagonal = if pivot[step] > 0.0 { -left } else { left };
    pivot[step] -= diagonal;
    let mirror = &pivot[step..];
    // |mirror|^2 / 2, without a second pass.
    let scale = -diagonal * mirror[0];
    for other in after.iter_mut().map(Vec::as_mut_slice).chain([target]) {
        let other = &mut other[step..];
        let share = dot(mirror, other) / scale;
        other.iter_mut().zip(mirror).for_each(|(value, m)| *value -= share * m);
    }
    pivot[step] = diagonal;
}

/// Substitutes back, and keeps of the working space the triangle alone.
fn finish(
    mut columns: Vec<Vec<f64>>,
    target: &[f64],
    mut order: Vec<usize>,
    rank: usize,
    width: usize,
) -> Solution {
    columns.truncate(rank);
    order.truncate(rank);
    columns.iter_mut().enumerate().for_each(|(j, column)| column.truncate(j + 1));
    let mut solved = target[..rank].to_vec();
    for j in (0..rank).rev() {
        let value = solved[j] / columns[j][j];
        solved[j] = value;
        solved[..j].iter_mut().zip(&columns[j]).for_each(|(s, r)| *s -= value * r);
    }
    let mut coefficients = vec![0.0; width];
    order.iter().zip(solved).for_each(|(&source, value)| coefficients[source] = value);
    Solution { coefficients, kept: order, triangle: columns }
}

/// Sum of products, in four lanes so that the compiler may use the wide registers. Stops at the shorter of the two.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let size = a.len().min(b.len());
    let (a4, b4) = (a[..size].chunks_exact(4), b[..size].chunks_exact(4));
    let rest: f64 = a4.remainder().iter().zip(b4.remainder()).map(|(x, y)| x * y).sum();
    let mut lanes = [0.0; 4];
    for (x, y) in a4.zip(b4) {
        (0..4).for_each(|lane| lanes[lane] += x[lane] * y[lane]);
    }
    rest + lanes.iter().sum::<f64>()
}

fn length(values: &[f64]) -> f64 {
    dot(values, values).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    // By hand: the line through (1, 1), (2, 3), (3, 2), (4, 5) is y = 0 + 1.1 x, and (X'X)^-1 = [1.5 -0.5; -0.5 0.2].
    #[test]
    fn a_line() {
        let columns = vec![vec![1.0; 4], vec![1.0, 2.0, 3.0, 4.0]];
        let solution = solve(columns, vec![1.0, 3.0, 2.0, 5.0]);
        assert!(solution.coefficients[0].abs() < 1e-14 && (solution.coefficients[1] - 1.1).abs() < 1e-14);
        let variance = |row: [f64; 2]| solution.quadratic_form(|j| row[j]);
        assert!((variance([1.0, 0.0]) - 1.5).abs() < 1e-14);
        assert!((variance([0.0, 1.0]) - 0.2).abs() < 1e-14);
        assert!((variance([1.0, 5.0]) - (1.5 - 5.0 + 5.0)).abs() < 1e-13);
    }

    #[test]
    fn a_column_that_depends_on_earlier_ones_is_set_aside() {
        let columns = vec![vec![1.0; 4], vec![0.0; 4], vec![2.0; 4], vec![1.0, 2.0, 3.0, 4.0]];
        let solution = solve(columns, vec![1.0, 3.0, 2.0, 5.0]);
        assert_eq!(solution.kept, [0, 3]);
        assert_eq!(solution.coefficients[1..3], [0.0, 0.0]);
        assert!((solution.coefficients[3] - 1.1).abs() < 1e-14);
    }

    #[test]
    fn fewer_rows_than_columns() {
        let solution = solve(vec![vec![2.0], vec![1.0]], vec![4.0]);
        assert_eq!((solution.kept, solution.coefficients), (vec![0], vec![2.0, 0.0]));
        assert!(solve(vec![Vec::new()], Vec::new()).kept.is_empty());
    }
}
