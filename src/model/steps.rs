//! The steps between products, on plain rows of `f32`: softmax, erf-GELU, sum and normalisation.
//!
//! One pass each over memory that the product before has just written, in the calling thread. Those of candle cost more than
//! the products: they copy, and hand rows of 64 K numbers to one spinning pool that all callers wait for in turn. The loops
//! have no branch and no call, so that they compile to vector instructions of any processor.

use super::weights::Norm;

/// Adds `bias` to every row.
pub(super) fn add_bias(rows: &mut [f32], bias: &[f32]) {
    for row in rows.chunks_exact_mut(bias.len()) {
        row.iter_mut().zip(bias).for_each(|(x, b)| *x += b);
    }
}

/// `gelu(x + bias)`, the exact one with the error function, which BERT was trained with.
pub(super) fn bias_gelu(rows: &mut [f32], bias: &[f32]) {
    for row in rows.chunks_exact_mut(bias.len()) {
        for (x, b) in row.iter_mut().zip(bias) {
            let y = *x + b;
            *x = 0.5 * y * (1.0 + erf(y * std::f32::consts::FRAC_1_SQRT_2));
        }
    }
}

/// `norm(x + bias + residual)` of every row.
pub(super) fn bias_add_norm(rows: &mut [f32], bias: &[f32], residual: &[f32], norm: &Norm, epsilon: f32) {
    let width = bias.len();
    for (row, rest) in rows.chunks_exact_mut(width).zip(residual.chunks_exact(width)) {
        row.iter_mut().zip(bias.iter().zip(rest)).for_each(|(x, (b, r))| *x += b + r);
        normalise(row, norm, epsilon);
    }
}

/// Layer normalisation of every row.
pub(super) fn norm(rows: &mut [f32], norm: &Norm, epsilon: f32) {
    rows.chunks_exact_mut(norm.bias.len()).for_each(|row| normalise(row, norm, epsilon));
}

fn normalise(row: &mut [f32], norm: &Norm, epsilon: f32) {
    let width = row.len() as f32;
    let mean = sum(row, |x| x) / width;
    let variance = sum(row, |x| (x - mean) * (x - mean)) / width;
    let scale = 1.0 / (variance + epsilon).sqrt();
    for (x, (w, b)) in row.iter_mut().zip(norm.weight.iter().zip(&norm.bias)) {
        *x = (*x - mean) * scale * w + b;
    }
}

/// `softmax(scale · x)` of every row of `width` numbers.
pub(super) fn softmax(rows: &mut [f32], width: usize, scale: f32) {
    for row in rows.chunks_exact_mut(width) {
        let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        row.iter_mut().for_each(|x| *x = exp((*x - highest) * scale));
        let total = 1.0 / sum(row, |x| x);
        row.iter_mut().for_each(|x| *x *= total);
    }
}

/// Eight running sums: vector instructions, in an order that never changes.
fn sum(row: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0_f32; 8];
    let chunks = row.chunks_exact(8);
    let rest: f32 = chunks.remainder().iter().map(|&x| of(x)).sum();
    for chunk in chunks {
        sums.iter_mut().zip(chunk).for_each(|(s, &x)| *s += of(x));
    }
    sums.iter().sum::<f32>() + rest
}

/// The error function, to 5e-7: the rational approximation of Eigen and XLA, constant beyond 4.
#[inline(always)]
#[expect(clippy::excessive_precision, reason = "as published")]
fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let s = x * x;
    let mut p = -2.726_142_3e-10;
    for c in [2.770_681_4e-8, -2.101_024e-6, -5.692_506_4e-5, -7.349_906e-4, -2.954_599_8e-3, -1.609_603_3e-2]
    {
        p = p * s + c;
    }
    let mut q = -1.456_607_2e-5;
    for c in [-2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2] {
        q = q * s + c;
    }
    x * p / q
}

/// The exponential of numbers not above 0, to 2e-7: powers of two by their bits, the rest by the polynomial of Cephes.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// 1.5 · 2²³: adding it rounds a small number to an integer, which then stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let is_nan = x.is_nan();
    let x = x.max(-87.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let r = x - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
        p = p * r + c;
    }
    let power = f32::from_bits(((shifted.to_bits() as i32 - ROUND.to_bits() as i32 + 127) << 23) as u32);
    if is_nan { f32::NAN } else { (p * r * r + r + 1.0) * power }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f32, expected: f64, tolerance: f64) {
        assert!((f64::from(found) - expected).abs() <= tolerance, "{found} {expected}");
    }

    #[test]
    fn the_exponential_is_that_of_the_library() {
        for i in 0..20_000 {
            let x = -90.0 + 90.0 * i as f32 / 19_999.0;
            let expected = f64::from(x).exp();
            close(exp(x), expected, expected * 3e-7 + 1e-37);
        }
        assert!(exp(f32::NAN).is_nan() && exp(f32::NEG_INFINITY) < 1e-37);
    }

    #[test]
    fn the_error_function_is_that_of_its_series() {
        // erf x = 2/√π · Σ (-1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1)), summed in f64.
        let series = |x: f64| {
            let (mut term, mut total) = (x, x);
            for n in 1..200 {
                term *= -x * x / f64::from(n);
                total += term / f64::from(2 * n + 1);
            }
            total * std::f64::consts::FRAC_2_SQRT_PI
        };
        for i in -3500..=3500 {
            let x = i as f32 / 1000.0;
            close(erf(x), series(f64::from(x)), 5e-7);
        }
        close(erf(30.0), 1.0, 5e-7);
        close(erf(-30.0), -1.0, 5e-7);
        assert!(erf(f32::NAN).is_nan());
    }

    #[test]
    fn rows_are_softmax_and_normal() {
        for width in [1, 7, 8, 33] {
            let mut rows: Vec<f32> = (0..3 * width).map(|i| ((i * 7919) % 101) as f32 / 10.0 - 5.0).collect();
            let mut shares = rows.clone();
            softmax(&mut shares, width, 0.5);
            shares.chunks(width).for_each(|row| close(row.iter().sum(), 1.0, 1e-6));
            let plain = Norm { weight: vec![1.0; width], bias: vec![0.0; width] };
            norm(&mut rows, &plain, 1e-12);
            if width > 1 {
                for row in rows.chunks(width) {
                    close(row.iter().sum::<f32>() / width as f32, 0.0, 1e-6);
                    close(row.iter().map(|x| x * x).sum::<f32>() / width as f32, 1.0, 1e-5);
                }
            }
        }
    }
}
