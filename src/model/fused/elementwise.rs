//! What stands between the products: GELU, LayerNorm and softmax, each over whole vectors.

use super::lanes::Lanes;

/// Polynomial of `2^r` on `[-½, ½]`, relative error 2e-9 before rounding (fitted by reweighted least squares).
const EXP2: [f32; 7] = [
    1.0,
    std::f32::consts::LN_2,
    0.240_226_47,
    0.055_503_29,
    0.009_618_489,
    0.001_339_993_1,
    0.000_153_458_12,
];

/// `2^x` for `x ≤ 0`; what is below 2^-126 becomes 2^-126. NaN stays NaN.
#[inline(always)]
unsafe fn exp2<V: Lanes>(x: V) -> V {
    let x = V::splat(-126.0).max(x);
    let whole = x.round();
    let rest = x.sub(whole);
    let mut sum = V::splat(EXP2[6]);
    for c in EXP2[..6].iter().rev() {
        sum = sum.fma(rest, V::splat(*c));
    }
    sum.scale(whole)
}

/// Beyond this, erf rounds to ±1 in f32.
const ERF_END: f32 = 3.832_507;
/// Rational approximation of erf, `x P(x²) / Q(x²)`, highest power first (as in XLA and Eigen).
#[expect(clippy::excessive_precision, reason = "as published")]
const ERF_P: [f32; 7] = [
    -2.726_142_3e-10,
    2.770_681_4e-8,
    -2.101_024_0e-6,
    -5.692_506_4e-5,
    -7.349_906_3e-4,
    -2.954_599_8e-3,
    -1.609_603_3e-2,
];
const ERF_Q: [f32; 5] = [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329_2e-3, -1.426_473_9e-2];

/// erf within 2.5e-7.
#[inline(always)]
unsafe fn erf<V: Lanes>(x: V) -> V {
    let x = V::splat(-ERF_END).max(V::splat(ERF_END).min(x));
    let square = x.mul(x);
    let mut p = V::splat(ERF_P[0]);
    for c in &ERF_P[1..] {
        p = p.fma(square, V::splat(*c));
    }
    let mut q = V::splat(ERF_Q[0]);
    for c in &ERF_Q[1..] {
        q = q.fma(square, V::splat(*c));
    }
    x.mul(p).div(q)
}

/// GELU with erf, in place, over `rows × columns`; `columns` is a multiple of the width.
///
/// # Safety
/// `x` is valid for the rows at `stride`.
#[inline(always)]
pub unsafe fn gelu<V: Lanes>(x: *mut f32, rows: usize, columns: usize, stride: usize) {
    for row in 0..rows {
        for column in (0..columns).step_by(V::WIDTH) {
            let at = x.add(row * stride + column);
            let v = V::load(at);
            let half = v.mul(V::splat(0.5));
            half.fma(erf(v.mul(V::splat(std::f32::consts::FRAC_1_SQRT_2))), half).store(at);
        }
    }
}

/// Rows to normalise in place: `x = (x + bias − mean) / √(variance + eps) · gain + shift`.
#[derive(Clone, Copy)]
pub struct Norm {
    pub x: *mut f32,
    pub rows: usize,
    pub columns: usize,
    pub stride: usize,
    pub bias: *const f32,
    pub gain: *const f32,
    pub shift: *const f32,
    pub eps: f32,
}

/// Normalises the rows of `p`, whose columns are a multiple of 32.
///
/// # Safety
/// All of `p` is valid for its sizes.
#[inline(always)]
pub unsafe fn norm<V: Lanes>(p: &Norm) {
    let count = p.columns as f32;
    for row in 0..p.rows {
        let x = p.x.add(row * p.stride);
        let mut sums = [V::splat(0.0); 2];
        for column in (0..p.columns).step_by(2 * V::WIDTH) {
            for (i, sum) in sums.iter_mut().enumerate() {
                let at = column + i * V::WIDTH;
                let v = V::load(x.add(at)).add(V::load(p.bias.add(at)));
                v.store(x.add(at));
                *sum = sum.add(v);
            }
        }
        let mean = V::splat(sums[0].add(sums[1]).total() / count);
        let mut squares = [V::splat(0.0); 2];
        for column in (0..p.columns).step_by(2 * V::WIDTH) {
            for (i, sum) in squares.iter_mut().enumerate() {
                let v = V::load(x.add(column + i * V::WIDTH)).sub(mean);
                *sum = v.fma(v, *sum);
            }
        }
        let variance = squares[0].add(squares[1]).total() / count;
        let by = V::splat(1.0 / (variance + p.eps).sqrt());
        for column in (0..p.columns).step_by(V::WIDTH) {
            let v = V::load(x.add(column)).sub(mean).mul(by);
            v.fma(V::load(p.gain.add(column)), V::load(p.shift.add(column))).store(x.add(column));
        }
    }
}

/// Softmax to the base 2 in place over the first `length` of each row; the row's room reaches to a whole vector.
///
/// # Safety
/// `x` is valid for the rows at `stride`, which is at least `length` rounded up to the width.
#[inline(always)]
pub unsafe fn softmax2<V: Lanes>(x: *mut f32, rows: usize, length: usize, stride: usize) {
    let padded = length.next_multiple_of(V::WIDTH);
    for row in 0..rows {
        let x = x.add(row * stride);
        for column in length..padded {
            *x.add(column) = f32::NEG_INFINITY;
        }
        let mut largest = V::splat(f32::NEG_INFINITY);
        for column in (0..padded).step_by(V::WIDTH) {
            largest = largest.max(V::load(x.add(column)));
        }
        let largest = V::splat(largest.largest());
        let mut sum = V::splat(0.0);
        for column in (0..padded).step_by(V::WIDTH) {
            let e = exp2(V::load(x.add(column)).sub(largest));
            e.store(x.add(column));
            sum = sum.add(e);
        }
        let by = V::splat(1.0 / sum.total());
        for column in (0..padded).step_by(V::WIDTH) {
            V::load(x.add(column)).mul(by).store(x.add(column));
        }
    }
}
