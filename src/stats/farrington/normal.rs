//! The normal law: upper tail and its quantile.

use std::f64::consts::SQRT_2;

use statrs::function::erf::{erfc, erfc_inv};

/// The normal quantile of 1 - alpha.
pub(super) fn normal_quantile(alpha: f64) -> f64 {
    SQRT_2 * erfc_inv(2.0 * alpha)
}

/// The normal probability above a value.
pub(super) fn normal_above(value: f64) -> f64 {
    erfc(value / SQRT_2) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    // R 4.2.2: qnorm(1 - c(.05, .001, .5, .9)), pnorm(c(-1, 3, 9), lower.tail = FALSE)
    #[test]
    fn as_r_prints_them() {
        for (alpha, known) in [
            (0.05, 1.644_853_626_951_472),
            (0.001, 3.090_232_306_167_813),
            (0.5, 0.0),
            (0.9, -1.281_551_565_544_601),
        ] {
            assert!((normal_quantile(alpha) - known).abs() < 1e-9, "{alpha}: {}", normal_quantile(alpha));
        }
        for (value, known) in [
            (-1.0, 0.841_344_746_068_542_9),
            (3.0, 1.349_898_031_630_095e-3),
            (9.0, 1.128_588_405_953_84e-19),
        ] {
            assert!((normal_above(value) / known - 1.0).abs() < 1e-9, "{value}: {}", normal_above(value));
        }
    }
}
