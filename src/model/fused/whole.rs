//! The product in whole numbers: activations and weights as `i16`, sums as `i32`, by AVX-512 VNNI (`vpdpwssd`).
//!
//! One instruction multiplies 32 pairs where AVX-512 in f32 multiplies 16. Each row of activations has its scale, each
//! column of weights its own, chosen so that no sum can overflow whatever the activations: so sums are exact, and the
//! only errors are those of rounding the factors (about 1e-3 of a hidden state's length, see `tests/fused.rs`; eight bits
//! would cost some percent (estimated, not measured), because a few numbers of a state are twenty times the rest).

#![cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]

use super::buffer::Buffer;
use super::product::PANEL;

/// Largest activation after scaling: 13 bits, which leaves the weights 11 to 12 without overflow of a sum of 768.
const LARGEST: f32 = 8191.0;

/// Numbers summed up in `i32` before they become f32; a multiple of 2.
const DEPTH: usize = 768;

/// Inner numbers of each block of a sum: equal, or less in the last.
fn depth(inner: usize) -> usize {
    inner.div_ceil(inner.div_ceil(DEPTH)).next_multiple_of(2)
}

/// Weights in whole numbers, packed in panels of [`PANEL`] columns × pairs of inner numbers, and a scale a column.
pub struct Whole {
    numbers: Buffer,
    scales: Buffer,
}

impl Whole {
    /// Rounds and packs `weight`, one row of `inner` numbers a column; `columns` is a multiple of [`PANEL`].
    pub fn pack(weight: &[f32], inner: usize) -> Self {
        let factors: Vec<f32> = weight.chunks_exact(inner).map(factor).collect();
        let mut numbers = Vec::with_capacity(weight.len() / 2);
        for (panel, factors) in weight.chunks_exact(PANEL * inner).zip(factors.chunks_exact(PANEL)) {
            for k in (0..inner).step_by(2) {
                for (column, factor) in panel.chunks_exact(inner).zip(factors) {
                    let [low, high] = [column[k], column[k + 1]].map(|w| (w * factor).round() as i16 as u16);
                    numbers.push(f32::from_bits(u32::from(low) | u32::from(high) << 16));
                }
            }
        }
        let scales: Vec<f32> = factors.iter().map(|factor| 1.0 / factor).collect();
        Self { numbers: Buffer::of(&numbers), scales: Buffer::of(&scales) }
    }

    /// The first pair.
    pub fn start(&self) -> *const i16 {
        self.numbers.start().cast()
    }

    /// The first column's scale.
    pub fn scales(&self) -> *const f32 {
        self.scales.start()
    }
}

/// The factor that makes whole numbers of a column: as large as `i16` and the largest sum in `i32` allow.
fn factor(column: &[f32]) -> f32 {
    if !column.iter().all(|w| w.is_finite()) {
        return f32::NAN;
    }
    let largest = column.iter().fold(0.0f64, |most, w| most.max(f64::from(w.abs())));
    let block = depth(column.len());
    let sums = column.chunks(block).map(|part| part.iter().map(|w| f64::from(w.abs())).sum::<f64>());
    let sum = sums.fold(0.0, f64::max);
    // rounding adds at most ½ to each of the block's numbers
    let room = f64::from(i32::MAX) / f64::from(LARGEST) - block as f64;
    let factor = (32_000.0 / largest).min(room / sum);
    if factor.is_finite() { factor as f32 } else { 1.0 }
}

/// `rows × columns` of f32 to whole numbers with a scale a row; `columns` is a multiple of 32.
#[derive(Clone, Copy)]
pub struct Rounding {
    pub from: *const f32,
    pub from_stride: usize,
    pub rows: usize,
    pub columns: usize,
    pub to: *mut i16,
    pub to_stride: usize,
    pub scales: *mut f32,
}

/// As [`super::product::Product`], of rounded rows and packed whole weights.
#[derive(Clone, Copy)]
pub struct WholeProduct {
    pub rows: usize,
    pub inner: usize,
    pub columns: usize,
    pub a: *const i16,
    pub a_stride: usize,
    pub a_scales: *const f32,
    pub b: *const i16,
    pub b_scales: *const f32,
    pub c: *mut f32,
    pub c_stride: usize,
    pub start: super::product::Start,
}

#[cfg(target_arch = "x86_64")]
pub use vnni::{linear, round};

#[cfg(target_arch = "x86_64")]
mod vnni {
    use std::arch::x86_64::*;

    use super::super::product::{Ahead, PANEL, Start};
    use super::{LARGEST, Rounding, WholeProduct, depth};

    const ROWS: usize = 14;

    /// Rounds the rows of `p`. A row with a number that is not finite gets the scale NaN.
    ///
    /// # Safety
    /// AVX-512F; all of `p` is valid for its sizes.
    #[target_feature(enable = "avx512f")]
    pub unsafe fn round(p: &Rounding) {
        for row in 0..p.rows {
            let from = p.from.add(row * p.from_stride);
            let (mut most, mut check) = ([_mm512_setzero_ps(); 2], [_mm512_setzero_ps(); 2]);
            for column in (0..p.columns).step_by(32) {
                for i in 0..2 {
                    let x = _mm512_loadu_ps(from.add(column + 16 * i));
                    most[i] = _mm512_max_ps(most[i], _mm512_abs_ps(x));
                    check[i] = _mm512_fmadd_ps(x, _mm512_setzero_ps(), check[i]);
                }
            }
            let check = _mm512_reduce_add_ps(_mm512_add_ps(check[0], check[1]));
            // the smallest normal number keeps the factor finite for a row of zeros
            let most = _mm512_reduce_max_ps(_mm512_max_ps(most[0], most[1])).max(f32::MIN_POSITIVE * 16384.0);
            *p.scales.add(row) = most / LARGEST + check;
            let factor = _mm512_set1_ps(LARGEST / most);
            let to = p.to.add(row * p.to_stride);
            for column in (0..p.columns).step_by(16) {
                let x = _mm512_mul_ps(_mm512_loadu_ps(from.add(column)), factor);
                _mm256_storeu_si256(to.add(column).cast(), _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(x)));
            }
        }
    }

    /// The whole product, then `finish` on each panel of the result (`c`, its stride).
    ///
    /// # Safety
    /// AVX-512F and VNNI; all of `p` is valid for its sizes; `finish` as it asks.
    #[inline(always)]
    pub unsafe fn linear(p: &WholeProduct, finish: impl Fn(*mut f32)) {
        let depth = depth(p.inner);
        for first in (0..p.inner).step_by(depth) {
            let inner = depth.min(p.inner - first);
            for column in (0..p.columns).step_by(PANEL) {
                let c = p.c.add(column);
                let part = WholeProduct {
                    inner,
                    a: p.a.add(first),
                    b: p.b.add(column * p.inner + first * PANEL),
                    b_scales: p.b_scales.add(column),
                    c,
                    start: if first > 0 { Start::Held } else { p.start.from(column) },
                    ..*p
                };
                let next = p.b.wrapping_add((column + PANEL) * p.inner + first * PANEL);
                panel(&part, Ahead::new(next.cast(), inner * PANEL * size_of::<i16>()));
                if first + inner == p.inner {
                    finish(c);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn panel(p: &WholeProduct, ahead: Ahead) {
        let blocks = p.rows.div_ceil(ROWS);
        let mut row = 0;
        for block in 0..blocks {
            let rows = (p.rows - row).div_ceil(blocks - block);
            ahead.call(block, blocks);
            rows_of(&WholeProduct {
                rows,
                a: p.a.add(row * p.a_stride),
                a_scales: p.a_scales.add(row),
                c: p.c.add(row * p.c_stride),
                ..*p
            });
            row += rows;
        }
    }

    macro_rules! rows_of {
        ($($rows:literal)*) => {
            #[target_feature(enable = "avx512f,avx512vnni")]
            unsafe fn rows_of(p: &WholeProduct) {
                match p.rows {
                    $($rows => tile::<$rows>(p),)*
                    _ => {}
                }
            }
        };
    }
    rows_of!(1 2 3 4 5 6 7 8 9 10 11 12 13 14);

    #[inline(always)]
    unsafe fn tile<const N: usize>(p: &WholeProduct) {
        let mut sums = [[_mm512_setzero_si512(); 2]; N];
        let (mut a, mut b) = (p.a, p.b);
        for _ in 0..p.inner / 2 {
            let columns = [_mm512_loadu_si512(b.cast()), _mm512_loadu_si512(b.add(32).cast())];
            for (r, row) in sums.iter_mut().enumerate() {
                let pair = _mm512_set1_epi32(a.add(r * p.a_stride).cast::<i32>().read_unaligned());
                row[0] = _mm512_dpwssd_epi32(row[0], pair, columns[0]);
                row[1] = _mm512_dpwssd_epi32(row[1], pair, columns[1]);
            }
            a = a.add(2);
            b = b.add(64);
        }
        for (r, row) in sums.iter().enumerate() {
            let scale = _mm512_set1_ps(*p.a_scales.add(r));
            for (i, sum) in row.iter().enumerate() {
                let c = p.c.add(r * p.c_stride + 16 * i);
                let held = match p.start {
                    Start::Zero => _mm512_setzero_ps(),
                    Start::Bias(bias) => _mm512_loadu_ps(bias.add(16 * i)),
                    Start::Held => _mm512_loadu_ps(c),
                };
                let scale = _mm512_mul_ps(scale, _mm512_loadu_ps(p.b_scales.add(16 * i)));
                _mm512_storeu_ps(c, _mm512_fmadd_ps(_mm512_cvtepi32_ps(*sum), scale, held));
            }
        }
    }
}
