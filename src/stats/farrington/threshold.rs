//! The largest count that chance explains, from the expected count and its error.

use super::count_law::CountLaw;
use super::fit::Prediction;
use super::normal::{normal_above, normal_quantile};
use super::{PowerTransform, Rule, ThresholdMethod};
use crate::stats::glm::mean_of;

/// What a threshold says of an observed count. An undefined number is NaN here; answers say null.
#[derive(Clone, Copy, Debug)]
pub(super) struct Threshold {
    /// Expected count.
    pub expected: f64,
    /// Largest count that chance explains at the level alpha.
    pub upper: f64,
    /// Excess of the observed count over the expected, as a share of that of the bound.
    pub score: f64,
    /// Probability of the observed count or more.
    pub p: f64,
}

/// The threshold at a prediction, and where the observed count stands.
pub(super) fn threshold(prediction: &Prediction, rule: &Rule, observed: f64) -> Threshold {
    match rule.threshold_method {
        ThresholdMethod::Delta => delta(prediction, rule, observed),
        ThresholdMethod::NbPlugin => by_count_law(prediction, prediction.eta, rule, observed),
        ThresholdMethod::Muan => by_count_law(
            prediction,
            prediction.eta + normal_quantile(rule.alpha) * prediction.error,
            rule,
            observed,
        ),
    }
}

/// A normal interval of the transformed count, the error of the mean by the delta method (Farrington et al. 1996).
fn delta(prediction: &Prediction, rule: &Rule, observed: f64) -> Threshold {
    let mean = mean_of(prediction.eta);
    let error = prediction.error * mean;
    let tau = prediction.dispersion + error * error / mean;
    let (exponent, deviation) = match rule.power_transform {
        PowerTransform::None => (1.0, (mean * tau).sqrt()),
        PowerTransform::SquareRoot => (0.5, (tau / 4.0).sqrt()),
        PowerTransform::TwoThirds => (2.0 / 3.0, (4.0 / 9.0 * mean.cbrt() * tau).sqrt()),
    };
    let middle = mean.powf(exponent);
    let reach = normal_quantile(rule.alpha) * deviation;
    let bound = |value: f64| value.powf(1.0 / exponent);
    let upper = bound(middle + reach).max(bound(middle - reach));
    let p = normal_above((observed.powf(exponent) - middle) / deviation);
    Threshold { expected: mean, upper, score: (observed - mean) / (upper - mean), p }
}

/// A quantile of the negative binomial law, or of Poisson's for counts that are not overdispersed (Noufaily et al. 2013). The score compares with the logarithm of the expected count, as R's package does.
fn by_count_law(prediction: &Prediction, eta: f64, rule: &Rule, observed: f64) -> Threshold {
    let law = CountLaw::new(eta.exp(), prediction.dispersion);
    let (upper, p) = law
        .and_then(|law| Some((law.quantile_above(rule.alpha)?, law.at_least(observed))))
        .unwrap_or((f64::NAN, f64::NAN));
    let score = (observed - prediction.eta) / (upper - prediction.eta);
    Threshold { expected: prediction.eta.exp(), upper, score, p }
}
