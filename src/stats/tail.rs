//! Tails of the Poisson and binomial laws, each computed on its own side, so that small ones keep all their digits.
//!
//! The functions of `statrs` stop after 140 steps of a continued fraction and take differences of logarithms of the
//! gamma function: some 1e-6 is lost at a million cases, and all of a tail below 1e-16. Masses are those of Loader
//! (Fast and accurate computation of binomial probabilities, 2000), which R uses too.

use statrs::function::gamma::ln_gamma;
use std::f64::consts::TAU;

/// What is left of ln n! after Stirling's formula.
fn stirling_rest(n: f64) -> f64 {
    if n < 15.0 {
        return ln_gamma(n + 1.0) - (n + 0.5) * n.ln() + n - 0.5 * TAU.ln();
    }
    let square = n * n;
    let inner = 1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square;
    (1.0 / 12.0 - (1.0 / 360.0 - inner / square) / square) / n
}

/// x ln(x / m) + m - x without cancellation, for positive numbers whose difference x - m is known to all its digits.
fn deviance(x: f64, m: f64, difference: f64) -> f64 {
    if difference.abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() - difference;
    }
    let v = difference / (x + m);
    let mut sum = difference * v;
    let mut term = 2.0 * x * v;
    for j in 1..1000 {
        term *= v * v;
        let next = sum + term / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// ln P(X = x) for the Poisson law of mean `m` > 0.
pub(super) fn poisson_log_mass(x: f64, m: f64) -> f64 {
    if x <= 0.0 { -m } else { -stirling_rest(x) - deviance(x, m, x - m) - 0.5 * (TAU * x).ln() }
}

/// P(X = x) for the Poisson law of mean `m` > 0.
pub(super) fn poisson_mass(x: f64, m: f64) -> f64 {
    poisson_log_mass(x, m).exp()
}

/// P(X >= x) for a whole `x` and a mean `m` > 0; its relative error stays near 1e-13 in the far tail too.
pub(super) fn poisson_at_least(x: f64, m: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if x <= m { 1.0 - sum_down(x - 1.0, m) } else { sum_up(x, m) }
}

/// P(X <= x), as [`poisson_at_least`].
pub(super) fn poisson_at_most(x: f64, m: f64) -> f64 {
    if x <= m { sum_down(x, m) } else { 1.0 - sum_up(x + 1.0, m) }
}

fn sum_up(x: f64, m: f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0, 1.0, x);
    while term > 1e-17 * sum {
        k += 1.0;
        term *= m / k;
        sum += term;
    }
    poisson_mass(x, m) * sum
}

fn sum_down(x: f64, m: f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0, 1.0, x);
    while term > 1e-17 * sum && k > 0.0 {
        term *= k / m;
        sum += term;
        k -= 1.0;
    }
    poisson_mass(x, m) * sum
}

/// A share and its complement, both with all their digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    /// The share.
    pub p: f64,
    /// 1 - p.
    pub q: f64,
}

impl Share {
    /// From the share.
    pub fn of(p: f64) -> Self {
        Self { p, q: 1.0 - p }
    }

    /// The complement.
    pub fn other(self) -> Self {
        Self { p: self.q, q: self.p }
    }
}

/// ln P(X = x) for the binomial law; `x` and `n` need not be whole.
pub(super) fn binomial_log_mass(x: f64, n: f64, share: Share) -> f64 {
    let rest = n - x;
    if x <= 0.0 {
        return n * log_of_complement(share);
    }
    if rest <= 0.0 {
        return n * log_of_complement(share.other());
    }
    let stirling = stirling_rest(n) - stirling_rest(x) - stirling_rest(rest);
    // x - n p, from the smaller share: that of 1 - 1e-9 has lost half of its digits.
    let more = if share.p < share.q { x - n * share.p } else { n * share.q - rest };
    let away = deviance(x, n * share.p, more) + deviance(rest, n * share.q, -more);
    stirling - away - 0.5 * (TAU.ln() + x.ln() + (rest / n).ln())
}

fn log_of_complement(share: Share) -> f64 {
    if share.p < 0.5 { (-share.p).ln_1p() } else { share.q.ln() }
}

/// P(X >= x) of `n` trials for a whole `x`.
pub(super) fn binomial_at_least(x: f64, n: f64, share: Share) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if x > n { 0.0 } else { beta_below(x, n - x + 1.0, share) }
}

/// P(X <= x) of `n` trials for a whole `x`.
pub(super) fn binomial_at_most(x: f64, n: f64, share: Share) -> f64 {
    binomial_at_least(n - x, n, share.other())
}

/// The regularised incomplete beta function: the mass of the beta law below the share.
fn beta_below(a: f64, b: f64, share: Share) -> f64 {
    if share.p <= 0.0 || share.q <= 0.0 {
        return if share.p <= 0.0 { 0.0 } else { 1.0 };
    }
    // a - (a + b) p, from the smaller share: that of 1 - 1e-9 has lost half of its digits.
    let short = if share.p < share.q { a - (a + b) * share.p } else { (a + b) * share.q - b };
    if short >= 0.0 {
        beta_front(a, b, share) * fraction(a, b, share, short)
    } else {
        1.0 - beta_front(b, a, share.other()) * fraction(b, a, share.other(), -short)
    }
}

/// p^a q^b / B(a, b).
fn beta_front(a: f64, b: f64, share: Share) -> f64 {
    binomial_log_mass(a, a + b, share).exp() * (a * b / (a + b))
}

/// The continued fraction of DiDonato and Morris (ACM Trans Math Softw 1992; 18: 360-373, formula 9), where `short` is
/// a - (a + b) p and not negative. Some multiple of the root of the larger parameter is enough steps, so the bound is for
/// numbers that no request may hold.
fn fraction(a: f64, b: f64, share: Share, short: f64) -> f64 {
    let (start, slope) = (1.0 + short, 1.0 + 1.0 / a);
    let (mut above, mut below, mut ratio) = (0.0, slope / start, slope / start);
    let mut before = 1.0;
    for n in 1..20_000_000 {
        let n = f64::from(n);
        let (w, s) = (n * (b - n) * share.p, a + 2.0 * n - 1.0);
        let alpha = before * (before + b / a) * (a / s) * (a / s) * w * share.p;
        before = n / a + 1.0;
        let beta = n + w / s + before / (slope + 2.0 * n / a) * (start + n * (share.q + 1.0));
        let scale = alpha * below + beta;
        let next = (alpha * above + beta * ratio) / scale;
        (above, below) = (ratio / scale, 1.0 / scale);
        let change = (next - ratio).abs();
        ratio = next;
        if change <= 2e-16 * ratio {
            break;
        }
    }
    ratio
}

/// The share below which the beta law has this mass.
pub(super) fn beta_quantile(a: f64, b: f64, mass: f64) -> Share {
    let slope = |s: Share| beta_front(a, b, s) / (s.p * s.q);
    if beta_below(a, b, Share::of(0.5)) >= mass {
        Share::of(root(0.0, 0.5, |p| (beta_below(a, b, Share::of(p)) - mass, slope(Share::of(p)))))
    } else {
        let turned = |q: f64| Share::of(q).other();
        Share::of(root(0.0, 0.5, |q| (mass - beta_below(a, b, turned(q)), slope(turned(q))))).other()
    }
}

/// Where an increasing function is zero between two ends: Newton's method, and halves where it leaves them.
pub(super) fn root(low: f64, high: f64, function: impl Fn(f64) -> (f64, f64)) -> f64 {
    let (mut low, mut high) = (low, high);
    let mut at = f64::midpoint(low, high);
    for _ in 0..2000 {
        let (value, slope) = function(at);
        if value < 0.0 {
            low = at;
        } else {
            high = at;
        }
        let newton = at - value / slope;
        let next = if newton > low && newton < high { newton } else { halfway(low, high) };
        if (next - at).abs() <= 2.0 * f64::EPSILON * at || next <= low || next >= high {
            return next;
        }
        at = next;
    }
    at
}

/// The middle, or the middle of the exponents when the ends are of different sizes.
fn halfway(low: f64, high: f64) -> f64 {
    if low > 0.0 && high > 4.0 * low {
        ((low.ln() + high.ln()) / 2.0).exp()
    } else {
        f64::midpoint(low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-12, "{found:e} {expected:e}");
    }

    // mpmath 1.4.1, 40 digits: gammainc(x, 0, m, regularized=True).
    #[test]
    fn poisson_tails_keep_their_digits() {
        close(poisson_at_least(3.0, 0.06), 3.441_824_024_472_02e-5);
        close(poisson_at_least(5.0, 1e-4), 8.332_638_918_649_93e-23);
        close(poisson_at_least(30.0, 0.5), 2.164_467_298_149_86e-42);
        close(poisson_at_least(1e6, 990_000.0), 5.446_644_693_010_809e-24);
        close(poisson_at_most(0.0, 3.0), (-3.0_f64).exp());
        close(poisson_at_least(4.0, 2.5) + poisson_at_most(3.0, 2.5), 1.0);
    }

    #[test]
    fn binomial_tails_at_the_ends() {
        close(binomial_at_least(1.0, 10.0, Share::of(0.3)), 1.0 - 0.7_f64.powi(10));
        close(binomial_at_least(10.0, 10.0, Share::of(0.3)), 0.3_f64.powi(10));
        close(binomial_at_most(0.0, 1e9, Share::of(1e-9)), (1e9 * (-1e-9_f64).ln_1p()).exp());
        assert_eq!(
            (binomial_at_least(0.0, 3.0, Share::of(0.5)), binomial_at_least(4.0, 3.0, Share::of(0.5))),
            (1.0, 0.0)
        );
    }

    #[test]
    fn a_root_is_found_where_the_slope_says_nothing() {
        close(root(0.0, 8.0, |x| (x - 3.0, 0.0)), 3.0);
        close(root(1e-300, 1.0, |x| (x.ln() + 400.0, f64::NAN)), (-400.0_f64).exp());
    }
}
