//! Exact limits of a funnel: the counts that a Poisson law reaches with a small probability.

use statrs::function::gamma::{gamma_lr, gamma_ur};

/// Counts at or beyond which a tail of a Poisson law of this mean lies: `P(X <= low) = tail` and `P(X >= high) = tail`,
/// made continuous by the incomplete gamma function (Garwood F, Biometrika 1936; 28: 437-442), so that a count is beyond
/// a limit exactly when its tail is smaller. None for a mean that is not above zero, or above a hundred million.
pub fn poisson_limits(mean: f64, tail: f64) -> Option<(f64, f64)> {
    if !(mean > 0.0 && mean < 1e8) {
        return None;
    }
    let far = mean + 12.0 * mean.sqrt() + 24.0;
    let high = bisect(1e-9, far, |count| gamma_lr(count, mean) <= tail);
    let low = if (-mean).exp() > tail {
        0.0
    } else {
        bisect(0.0, far, |count| gamma_ur(count + 1.0, mean) >= tail)
    };
    Some((low, high))
}

/// Whether a count is as far out as a limit: its own tail is not above that of the limit.
pub fn is_beyond(count: u64, mean: f64, tail: f64) -> bool {
    mean > 0.0
        && mean < 1e8
        && (gamma_ur(count as f64 + 1.0, mean) <= tail || count > 0 && gamma_lr(count as f64, mean) <= tail)
}

/// Where a condition begins to hold, between two ends.
fn bisect(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `P(X <= count)`, by summing the law.
    fn below(count: u64, mean: f64) -> f64 {
        let terms = std::iter::successors(Some((0, (-mean).exp())), |(k, term)| {
            Some((k + 1, term * mean / (k + 1) as f64))
        });
        terms.take(count as usize + 1).map(|(_, term)| term).sum()
    }

    #[test]
    fn whole_counts_are_beyond_when_their_tail_is_small() {
        for mean in [0.01, 0.7, 3.0, 12.5, 80.0, 400.0] {
            for tail in [0.001, 0.025] {
                let (low, high) = poisson_limits(mean, tail).unwrap();
                for count in 1..700 {
                    assert_eq!(
                        (count as f64) >= high,
                        1.0 - below(count - 1, mean) <= tail,
                        "{mean} {tail} {count}"
                    );
                    assert_eq!((count as f64) <= low, below(count, mean) <= tail, "{mean} {tail} {count}");
                    let is_out = (count as f64) >= high || (count as f64) <= low;
                    assert_eq!(is_beyond(count, mean, tail), is_out, "{mean} {tail} {count}");
                }
            }
        }
        assert!(is_beyond(0, 12.5, 0.025) && !is_beyond(0, 0.7, 0.025) && !is_beyond(3, 0.0, 0.025));
        assert_eq!((poisson_limits(0.0, 0.025), poisson_limits(f64::NAN, 0.025)), (None, None));
    }
}
