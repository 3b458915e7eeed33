//! The scan statistic: how likely some window of a given width holds as many points, wherever it lies.

use super::refused::Refused;
use super::request::whole;
use super::scan_exact::none_holds;
use super::scan_simulated::some_holds;
use super::tail::{Share, binomial_at_least, binomial_log_mass};
use serde::{Deserialize, Serialize};

/// What `scan-probability` reads.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScanRequest {
    /// Points in some window, whole and at least 1.
    pub k: f64,
    /// Points in all, whole.
    pub n: f64,
    /// Width of the window as a share of the period, above 0 and below 1.
    pub w: f64,
    /// Seed of the simulation, where there is one.
    #[serde(default, deserialize_with = "super::request::maybe_integer")]
    pub seed: Option<u64>,
}

/// A scan probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Scan {
    /// The probability that some window holds `k` points or more.
    pub p: f64,
    /// Whether `p` is the exact value, to some 1e-8 of itself, rather than an approximation or a simulation.
    pub exact: bool,
}

/// The largest number of points.
const MOST: u64 = 100_000;
/// Below this the approximation, whose relative error is near `p`, is better than the complement of a determinant.
const SMALL: f64 = 1e-6;
/// Below this times the number of windows (100 at least), that complement has fewer than 8 digits.
const DIGITS: f64 = 1e-7;
/// Below this the approximation is good to some percents of itself.
const APPROXIMATE: f64 = 0.05;

/// What one probability may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// Complex multiplications of an exact value; 1e9 are about a second.
    pub work: f64,
    /// Points drawn by a simulation.
    pub draws: usize,
    /// Seed of the simulation.
    pub seed: u64,
}

/// The effort of a single request.
pub(super) const SINGLE: Effort = Effort { work: 1e9, draws: 200_000_000, seed: 0x5ca1_ab1e };

/// The scan probability of a request. Refused: numbers that are not whole, no `k`, more than 100,000 points, a width
/// outside ]0, 1[.
pub fn scan(request: &ScanRequest) -> Result<Scan, Refused> {
    let (k, n) = (whole("k", request.k)?, whole("n", request.n)?);
    if k == 0 {
        return Err(Refused::field("k", "expected at least 1, found 0"));
    }
    if n > MOST {
        return Err(Refused::field("n", format!("expected at most {MOST} points, found {n}")));
    }
    if !(request.w > 0.0 && request.w < 1.0) {
        let problem = format!("expected a share of the period above 0 and below 1, found {}", request.w);
        return Err(Refused::field("w", problem));
    }
    Ok(probability(k, n, request.w, Effort { seed: request.seed.unwrap_or(SINGLE.seed), ..SINGLE }))
}

/// The probability that some window of width `w` of the period holds `k` or more of `n` uniform points.
///
/// Exact: the closed forms of k = 2, of k = n, and of 2 k > n with w <= 1/2 (Naus, J Am Stat Assoc 1965; 60: 532-538);
/// else the determinants of Huntington and Naus (1975), summed in one, while `p` is at least 1e-6 and the work bounded;
/// they count as exact from 1e-5 (more beyond 100 windows), where 8 digits are left. Otherwise the approximation of
/// Wallenstein and Neff (Stat Med 1987; 6: 197-207) where it gives less than 0.05, and a seeded simulation of 100,000
/// sets of points (fewer above 2,000 points) elsewhere. Widths are clamped to ]0, 1[: at 1 and
/// above the answer is whether there are `k` points, at 0 and below it is 0 for two points or more.
pub fn scan_probability(k: u64, n: u64, w: f64) -> Scan {
    probability(k, n, w, SINGLE)
}

/// The same with an effort of one's own.
pub(super) fn probability(k: u64, n: u64, w: f64, effort: Effort) -> Scan {
    let exact = |p: f64| Scan { p, exact: true };
    if k > n || n > MOST {
        return Scan { p: if k > n { 0.0 } else { 1.0 }, exact: k > n };
    }
    if k <= 1 || w >= 1.0 {
        return exact(1.0);
    }
    if w.is_nan() || w <= 0.0 {
        return exact(0.0);
    }
    closed(k, n, w).map(exact).unwrap_or_else(|| general(k, n, w, effort))
}

/// The cases that have a closed form.
fn closed(k: u64, n: u64, w: f64) -> Option<f64> {
    let points = n as f64;
    if k == 2 {
        let room = 1.0 - (points - 1.0) * w;
        return Some(if room <= 0.0 { 1.0 } else { -(points * (-(points - 1.0) * w).ln_1p()).exp_m1() });
    }
    if k == n {
        return Some(w.powf(points - 1.0) * (points - (points - 1.0) * w));
    }
    (2 * k > n && w <= 0.5).then(|| naus(k, n, w).min(1.0))
}

/// (k / w - n - 1) b(k; n, w) + 2 P(X >= k): exact where [`closed`] says so, else the approximation of Wallenstein and
/// Neff. It is above 1 where it is useless, and infinite where a window expects `k` points, where it could be anything.
fn naus(k: u64, n: u64, w: f64) -> f64 {
    let (k, n, share) = (k as f64, n as f64, Share::of(w));
    let factor = k / w - n - 1.0;
    if factor < 0.0 {
        return f64::INFINITY;
    }
    factor * binomial_log_mass(k, n, share).exp() + 2.0 * binomial_at_least(k, n, share)
}

fn general(k: u64, n: u64, w: f64, effort: Effort) -> Scan {
    let approximation = naus(k, n, w);
    if certain(k, n, w) {
        return Scan { p: 1.0, exact: true };
    }
    if approximation >= SMALL
        && let Some(none) = none_holds(k as usize, n as usize, w, effort.work)
        && none < 1.0
    {
        let p = 1.0 - none;
        return Scan { p, exact: p >= DIGITS * (1.0 / w).max(100.0) };
    }
    if approximation < APPROXIMATE {
        return Scan { p: approximation, exact: false };
    }
    Scan { p: some_holds(k as usize, n as usize, w, effort.draws, effort.seed), exact: false }
}

/// What [`closed`] and the approximation give, within [0, 1]: quick, and near `p` where that is small.
pub(super) fn quick(k: u64, n: u64, w: f64) -> f64 {
    if k <= 1 || w >= 1.0 {
        return 1.0;
    }
    closed(k, n, w).unwrap_or_else(|| naus(k, n, w).min(1.0))
}

/// Whether p is 1 within 1e-12. The numbers of points in disjoint windows are negatively dependent, so that all of them
/// are below `k` is less likely than if they were independent (Joag-Dev and Proschan, Ann Stat 1983; 11: 286-295).
fn certain(k: u64, n: u64, w: f64) -> bool {
    let windows = (1.0 / w + 1e-12).floor();
    let below = 1.0 - binomial_at_least(k as f64, n as f64, Share::of(w));
    windows * below.ln() < -28.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Scan, p: f64, exact: bool) {
        assert!((found.p - p).abs() < 1e-10 * p && found.exact == exact, "{found:?} {p}");
    }

    // k > n / 2 and w <= 1/2: the formula of Naus (1965) by hand.
    #[test]
    fn closed_forms() {
        near(scan_probability(5, 8, 0.1), 0.017_601_14, true);
        near(scan_probability(2, 3, 0.1), 1.0 - 0.512, true);
        near(scan_probability(4, 4, 0.7), 4.0 * 0.343 - 3.0 * 0.240_1, true);
        near(scan_probability(2, 40, 0.1), 1.0, true);
    }

    // 2,000,000 sets of points by numpy (seed 2): 0.6875365 (standard error 3e-4), 0.8523425 (3e-4), 0.979368 (1e-4),
    // 0.5743525 (4e-4), 0.8022635 (3e-4), 0.8463535 (3e-4).
    #[test]
    fn as_simulated() {
        for (k, n, w, simulated) in [
            (3, 8, 0.1, 0.687_536_5),
            (3, 8, 0.13, 0.852_342_5),
            (4, 6, 0.6, 0.979_368),
            (4, 12, 0.1, 0.574_352_5),
            (5, 20, 0.1, 0.802_263_5),
            (4, 5, 0.6, 0.846_353_5),
        ] {
            let found = scan_probability(k, n, w);
            assert!(found.exact && (found.p - simulated).abs() < 1.5e-3, "{k} {n} {w}: {found:?}");
        }
    }

    #[test]
    fn own_simulation_agrees() {
        let (simulated, exact) = (some_holds(4, 12, 0.1, 200_000, 1), scan_probability(4, 12, 0.1));
        assert!((simulated - exact.p).abs() < 0.015, "{simulated} {exact:?}");
    }

    #[test]
    fn small_probabilities_join_the_approximation() {
        for w in [0.001, 0.0011, 0.0012, 0.0013, 0.0014, 0.0015, 0.0016, 0.0017] {
            let found = scan_probability(4, 10, w);
            assert!((naus(4, 10, w) / found.p - 1.0).abs() < 1e-6 && !found.exact, "{w}: {found:?}");
        }
    }

    #[test]
    fn the_ends_of_the_range() {
        near(scan_probability(1, 5, 0.1), 1.0, true);
        assert_eq!(scan_probability(6, 5, 0.1), Scan { p: 0.0, exact: true });
        assert_eq!(scan_probability(2, 5, 1.0).p, 1.0);
        assert_eq!(scan_probability(2, 5, f64::NAN).p, 0.0);
        assert_eq!(scan_probability(3, 90_000, 1e-5).p, 1.0);
        let of = |k, n, w| scan(&ScanRequest { k, n, w, seed: None }).map_err(|refused| refused.field);
        assert_eq!(of(0.0, 5.0, 0.1), Err("k"));
        assert_eq!(of(2.5, 5.0, 0.1), Err("k"));
        assert_eq!(of(2.0, 1e6, 0.1), Err("n"));
        assert_eq!(
            (of(2.0, 5.0, 0.0), of(2.0, 5.0, 1.0), of(2.0, 5.0, f64::NAN)),
            (Err("w"), Err("w"), Err("w"))
        );
    }
}
