//! The expected count of a position: a quasi-Poisson regression of its reference values, old outbreaks down-weighted.

use statrs::function::beta::beta_reg;

use super::reference::Reference;
use super::{Rule, Series};
use crate::stats::glm::{LogLinear, Regression};

/// What the reference values say of the position.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prediction {
    /// Logarithm of the expected count.
    pub eta: f64,
    /// Standard error of `eta`.
    pub error: f64,
    /// Dispersion of the counts, 1 or more.
    pub dispersion: f64,
}

/// A fitted model and what the threshold asks of it.
struct Model {
    fit: LogLinear,
    /// Never below 1.
    dispersion: f64,
    /// What variances of coefficients and of the prediction are multiplied by.
    scale: f64,
}

/// Reference values laid out for the regression. The columns of a design are the constant, the time when there is a
/// trend, and one for each season but the first.
struct Baseline<'a> {
    rule: &'a Rule,
    counts: Vec<f64>,
    times: Vec<f64>,
    seasons: Vec<i64>,
    /// Seasons present, in order.
    levels: Vec<i64>,
    offset: Option<Vec<f64>>,
}

/// Expects a count at `position`. `None` where the regression fails or leaves no degree of freedom.
pub(super) fn predict(
    series: &Series,
    rule: &Rule,
    position: usize,
    reference: Reference,
) -> Option<Prediction> {
    let baseline = Baseline::of(series, rule, reference);
    if rule.periods > 1
        && (baseline.levels.len() < 2 || baseline.levels.last() != Some(&(rule.periods as i64)))
    {
        return None;
    }
    let time = position as f64;
    let offset = series.population.map_or(Some(0.0), |all| all.get(position - 1).map(|p| p.ln()))?;
    let (trend, model) = baseline.choose(time, offset)?;
    let row = baseline.row(trend, time);
    let eta = model.fit.predict(&row) + offset;
    let error = (model.fit.variance(&row) * model.scale).sqrt();
    (eta.is_finite() && error.is_finite()).then_some(Prediction { eta, error, dispersion: model.dispersion })
}

impl<'a> Baseline<'a> {
    fn of(series: &Series, rule: &'a Rule, reference: Reference) -> Self {
        let Reference { positions, seasons } = reference;
        let values =
            |all: &[f64]| positions.iter().filter_map(|&p| all.get(p - 1).copied()).collect::<Vec<_>>();
        let mut levels = seasons.clone();
        levels.sort_unstable();
        levels.dedup();
        Self {
            rule,
            counts: values(series.counts),
            times: positions.iter().map(|&position| position as f64).collect(),
            offset: series.population.map(|all| values(all).into_iter().map(f64::ln).collect()),
            seasons,
            levels,
        }
    }

    /// The trend is kept when three years or more speak for it, when it is significant, and when it does not lead
    /// beyond the largest reference count (Farrington et al. 1996; Noufaily et al. 2013).
    fn choose(&self, time: f64, offset: f64) -> Option<(bool, Model)> {
        if self.rule.trend
            && let Some(model) = self.model(true)
        {
            let predicted = (model.fit.predict(&self.row(true, time)) + offset).exp();
            let largest = self.counts.iter().copied().fold(0.0, f64::max);
            let significant = model.p_of(1).is_some_and(|p| p < self.rule.p_threshold_trend);
            if self.rule.years >= 3 && significant && predicted.max(f64::EPSILON) <= largest {
                return Some((true, model));
            }
        }
        Some((false, self.model(false)?))
    }

    /// The model with or without trend. `None` when the first regression does not converge, when the second leaves the
    /// finite numbers, or when no degree of freedom is left; without a trend there may still be a model.
    fn model(&self, trend: bool) -> Option<Model> {
        let columns = self.columns(trend);
        let regression = Regression {
            columns: &columns,
            response: &self.counts,
            offset: self.offset.as_deref(),
            weights: None,
        };
        let first = regression.fit().filter(|fit| fit.converged)?;
        let scale = first.dispersion(&self.counts)?;
        if !self.rule.reweight {
            return Some(Model { fit: first, dispersion: scale.max(1.0), scale });
        }
        let residuals = anscombe(&self.counts, &first.fitted, &first.leverages(&columns), scale.max(1.0));
        let weights = down_weighted(&residuals, self.rule.weights_threshold);
        let fit = Regression { weights: Some(&weights), ..regression }.fit()?;
        let dispersion = fit.dispersion(&self.counts)?.max(1.0);
        // R's package scales variances by the mean square of the working residuals under these weights alone, without
        // the means; answers are compared with it, so that scale is kept.
        let scale = fit.weighted_dispersion(&self.counts, &weights)?;
        Some(Model { fit, dispersion, scale })
    }

    fn columns(&self, trend: bool) -> Vec<Vec<f64>> {
        let mut columns = vec![vec![1.0; self.counts.len()]];
        columns.extend(trend.then(|| self.times.clone()));
        let member = |level: i64| self.seasons.iter().map(|&s| f64::from(u8::from(s == level))).collect();
        columns.extend(self.levels.iter().skip(1).map(|&level| member(level)));
        columns
    }

    /// The row of the design at a time in the last season.
    fn row(&self, trend: bool, time: f64) -> Vec<f64> {
        let mut row = vec![1.0];
        row.extend(trend.then_some(time));
        let last = self.levels.len().saturating_sub(1);
        row.extend((1..=last).map(|level| f64::from(u8::from(level == last))));
        row
    }
}

impl Model {
    /// Two-sided p of a coefficient, by the t law. `None` for a column that depends on earlier ones.
    fn p_of(&self, column: usize) -> Option<f64> {
        let coefficient = self.fit.coefficient(column)?;
        let square = coefficient * coefficient / (self.scale * self.fit.coefficient_variance(column));
        let freedom = self.fit.freedom as f64;
        square.is_finite().then(|| beta_reg(freedom / 2.0, 0.5, freedom / (freedom + square)))
    }
}

/// Anscombe residuals of Poisson counts, standardised (Davison and Snell 1991; Farrington et al. 1996).
/// A value that its own parameter fits exactly has no residual.
fn anscombe(counts: &[f64], fitted: &[f64], leverages: &[f64], dispersion: f64) -> Vec<f64> {
    let residual = |((count, mean), leverage): ((&f64, &f64), &f64)| {
        let free = 1.0 - leverage;
        if free < 10.0 * f64::EPSILON {
            return 0.0;
        }
        1.5 * (count.powf(2.0 / 3.0) * mean.powf(-1.0 / 6.0) - mean.sqrt()) / (dispersion * free).sqrt()
    };
    counts.iter().zip(fitted).zip(leverages).map(residual).collect()
}

/// Weights that fall with the square of a residual above the threshold, and that sum to the number of values.
fn down_weighted(residuals: &[f64], threshold: f64) -> Vec<f64> {
    let raw = |&residual: &f64| if residual > threshold { residual.powi(-2) } else { 1.0 };
    let share = residuals.len() as f64 / residuals.iter().map(raw).sum::<f64>();
    residuals.iter().map(|residual| share * raw(residual)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_residual_loses_weight_and_the_sum_stays() {
        let weights = down_weighted(&[0.0, -4.0, 2.0, 4.0], 2.58);
        assert!((weights.iter().sum::<f64>() - 4.0).abs() < 1e-12);
        assert!((weights[0] / weights[3] - 16.0).abs() < 1e-12);
        assert_eq!((weights[0], weights[0]), (weights[1], weights[2]));
    }

    #[test]
    fn residuals_by_hand() {
        // 1.5 (8^(2/3) 64^(-1/6) - 8) / sqrt(2 x 0.5)
        let found = anscombe(&[8.0, 3.0], &[64.0, 3.0], &[0.5, 1.0], 2.0);
        assert!((found[0] - 1.5 * (4.0 / 2.0 - 8.0)).abs() < 1e-12);
        assert_eq!(found[1], 0.0);
    }

    // R 4.2.2: 2 * pt(-2.5, 7)
    #[test]
    fn p_of_a_coefficient() {
        let p = beta_reg(3.5, 0.5, 7.0 / (7.0 + 6.25));
        assert!((p - 0.040_992_218_585_752_87).abs() < 1e-12, "{p}");
    }
}
