//! Poisson and quasi-Poisson regression with a log link, by iterated weighted least squares.

mod qr;

use qr::Solution;

/// Relative change of the deviance that ends the iterations, and the most iterations: those of R's `glm`. Kept the
/// same because a group without a case has no finite estimate: where the iterations end is then the answer.
const TOLERANCE: f64 = 1e-8;
const ITERATIONS: usize = 25;

/// What is regressed on what.
#[derive(Clone, Copy, Debug)]
pub struct Regression<'a> {
    /// Columns of the design, each as long as `response`.
    pub columns: &'a [Vec<f64>],
    /// Counts, zero or more.
    pub response: &'a [f64],
    /// Added to the linear predictor, for instance the logarithm of a population.
    pub offset: Option<&'a [f64]>,
    /// Prior weights, zero or more; 1 each without them.
    pub weights: Option<&'a [f64]>,
}

/// A fitted regression.
#[derive(Clone, Debug)]
pub struct LogLinear {
    /// Means at the estimate.
    pub fitted: Vec<f64>,
    /// True when the deviance came to rest within the iterations allowed.
    pub converged: bool,
    /// Rows of positive weight, less the columns kept.
    pub freedom: usize,
    /// Weights of the last least-squares problem, from which the variances come.
    working: Vec<f64>,
    solution: Solution,
}

impl Regression<'_> {
    /// Fits by iterated weighted least squares (McCullagh and Nelder, Generalized Linear Models, 2nd ed. 1989, section
    /// 2.5), from means of one tenth above the counts. `None` when a step leaves the finite numbers, or for lengths
    /// that differ.
    pub fn fit(&self) -> Option<LogLinear> {
        let rows = self.response.len();
        let lengths = self.columns.iter().map(Vec::len);
        if lengths
            .chain([self.offset, self.weights].into_iter().flatten().map(<[f64]>::len))
            .any(|n| n != rows)
        {
            return None;
        }
        let mut fitted: Vec<f64> = self.response.iter().map(|count| count + 0.1).collect();
        let mut predictor: Vec<f64> = fitted.iter().map(|mean| mean.ln()).collect();
        let mut deviance = self.deviance(&fitted);
        let mut last = None;
        let mut converged = false;
        for _ in 0..ITERATIONS {
            let (solution, working) = self.step(&predictor, &fitted);
            predictor = self.predictor(&solution.coefficients);
            fitted = predictor.iter().map(|&eta| mean_of(eta)).collect();
            let next = self.deviance(&fitted);
            if !next.is_finite() || predictor.iter().chain(&fitted).any(|value| !value.is_finite()) {
                return None;
            }
            converged = (next - deviance).abs() / (next.abs() + 0.1) < TOLERANCE;
            (deviance, last) = (next, Some((solution, working)));
            if converged {
                break;
            }
        }
        let (solution, working) = last?;
        let used = (0..rows).filter(|&i| self.weight(i) > 0.0).count();
        let freedom = used.saturating_sub(solution.kept.len());
        Some(LogLinear { fitted, converged, freedom, working, solution })
    }

    /// One weighted least-squares problem.
    fn step(&self, predictor: &[f64], fitted: &[f64]) -> (Solution, Vec<f64>) {
        let working: Vec<f64> = fitted.iter().enumerate().map(|(i, mean)| self.weight(i) * mean).collect();
        let roots: Vec<f64> = working.iter().map(|weight| weight.sqrt()).collect();
        let target = roots.iter().enumerate().map(|(i, root)| {
            root * (predictor[i] - self.offset(i) + (self.response[i] - fitted[i]) / fitted[i])
        });
        let weighted = |column: &Vec<f64>| column.iter().zip(&roots).map(|(x, root)| x * root).collect();
        (qr::solve(self.columns.iter().map(weighted).collect(), target.collect()), working)
    }

    fn predictor(&self, coefficients: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.response.len()];
        for (column, b) in self.columns.iter().zip(coefficients).filter(|(_, b)| **b != 0.0) {
            sums.iter_mut().zip(column).for_each(|(sum, x)| *sum += b * x);
        }
        sums.iter_mut().enumerate().for_each(|(i, sum)| *sum += self.offset(i));
        sums
    }

    fn deviance(&self, fitted: &[f64]) -> f64 {
        let part = |(i, (&y, mean)): (usize, (&f64, &f64))| {
            let surprise = if y > 0.0 { y * (y / mean).ln() - (y - mean) } else { *mean };
            self.weight(i) * surprise
        };
        2.0 * self.response.iter().zip(fitted).enumerate().map(part).sum::<f64>()
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    fn offset(&self, row: usize) -> f64 {
        self.offset.map_or(0.0, |offset| offset[row])
    }
}

/// The inverse of the log link, kept above zero: a mean that vanishes would leave no weight at all.
pub fn mean_of(predictor: f64) -> f64 {
    predictor.exp().max(f64::EPSILON)
}

impl LogLinear {
    /// The coefficient of a column; `None` for a column that depends on earlier ones.
    pub fn coefficient(&self, column: usize) -> Option<f64> {
        self.solution.kept.contains(&column).then(|| self.solution.coefficients[column])
    }

    /// The linear predictor of a row of the design, without its offset.
    pub fn predict(&self, row: &[f64]) -> f64 {
        row.iter().zip(&self.solution.coefficients).map(|(x, b)| x * b).sum()
    }

    /// The variance of the linear predictor of a row, for a dispersion of 1.
    pub fn variance(&self, row: &[f64]) -> f64 {
        self.solution.quadratic_form(|column| row.get(column).copied().unwrap_or(0.0))
    }

    /// The variance of a coefficient, for a dispersion of 1.
    pub fn coefficient_variance(&self, column: usize) -> f64 {
        self.solution.quadratic_form(|other| f64::from(u8::from(other == column)))
    }

    /// The share that each row has in its own fitted value (leverage), of the design that was fitted.
    pub fn leverages(&self, columns: &[Vec<f64>]) -> Vec<f64> {
        let leverage = |(i, weight): (usize, &f64)| {
            weight
                * self.solution.quadratic_form(|column| columns.get(column).map_or(0.0, |values| values[i]))
        };
        self.working.iter().enumerate().map(leverage).collect()
    }

    /// Pearson's estimate of the dispersion, with the weights of the last step. `None` without degrees of freedom.
    pub fn dispersion(&self, response: &[f64]) -> Option<f64> {
        self.weighted_dispersion(response, &self.working)
    }

    /// Mean square of the working residuals (y - mu) / mu under some weights, over the degrees of freedom.
    pub fn weighted_dispersion(&self, response: &[f64], weights: &[f64]) -> Option<f64> {
        let residuals = response.iter().zip(&self.fitted).map(|(y, mean)| (y - mean) / mean);
        let squares: f64 = residuals.zip(weights).filter(|(_, w)| **w > 0.0).map(|(r, w)| w * r * r).sum();
        (self.freedom > 0).then(|| squares / self.freedom as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, known: f64, error: f64) {
        assert!((found - known).abs() <= error * known.abs(), "{found} instead of {known}");
    }

    // R 4.2.2: d <- data.frame(y=c(18,17,15,20,10,20,25,13,12), o=gl(3,1,9), t=gl(3,3))
    // summary(glm(y ~ o + t, family = poisson(), d)), from the help page of glm (Dobson 1990).
    #[test]
    fn dobsons_table() {
        let response = [18.0, 17.0, 15.0, 20.0, 10.0, 20.0, 25.0, 13.0, 12.0];
        let dummy = |member: &dyn Fn(usize) -> bool| (0..9).map(|i| f64::from(u8::from(member(i)))).collect();
        let columns: [Vec<f64>; 5] = [
            vec![1.0; 9],
            dummy(&|i| i % 3 == 1),
            dummy(&|i| i % 3 == 2),
            dummy(&|i| i / 3 == 1),
            dummy(&|i| i / 3 == 2),
        ];
        let fit =
            Regression { columns: &columns, response: &response, offset: None, weights: None }.fit().unwrap();
        assert!(fit.converged && fit.freedom == 4);
        near(fit.coefficient(0).unwrap(), 3.044_522_437_723_422, 1e-9);
        near(fit.coefficient(1).unwrap(), -0.454_255_272_277_595, 1e-9);
        near(fit.coefficient_variance(0).sqrt(), 0.170_898_651_504_023_5, 1e-9);
        near(fit.leverages(&columns).iter().sum(), 5.0, 1e-12);
    }

    /// The estimate of one group is its weighted rate, and a row of weight zero counts for nothing.
    #[test]
    fn a_rate_has_a_closed_form() {
        let offset = [1.0_f64.ln(), 3.0_f64.ln(), 7.0_f64.ln()];
        let regression = Regression {
            columns: &[vec![1.0; 3]],
            response: &[2.0, 5.0, 400.0],
            offset: Some(&offset),
            weights: Some(&[1.0, 0.5, 0.0]),
        };
        let fit = regression.fit().unwrap();
        near(fit.coefficient(0).unwrap(), (4.5_f64 / 2.5).ln(), 1e-9);
        assert_eq!(fit.freedom, 1);
    }

    #[test]
    fn what_cannot_be_fitted() {
        let short = [1.0];
        let columns = [vec![1.0, 1.0]];
        let regression = Regression { columns: &columns, response: &short, offset: None, weights: None };
        assert!(regression.fit().is_none());
        let infinite = [vec![1.0, f64::INFINITY]];
        let regression =
            Regression { columns: &infinite, response: &[1.0, 2.0], offset: None, weights: None };
        assert!(regression.fit().is_none());
    }
}
