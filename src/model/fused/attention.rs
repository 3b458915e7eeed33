//! Attention of one sequence: every head's `softmax(Q Kᵀ) V`, a few rows at a time.

use super::elementwise::softmax2;
use super::lanes::Lanes;
use super::product::{Ahead, Product, Start, Tiles, panel};

/// Columns added to the rows of scratch matrices, so that rows do not fall on the same lines of the first cache.
pub const GAP: usize = 16;

/// One sequence: rows of `[Q | K | V]`, each `heads × size` wide. The result takes the place of Q.
///
/// Q is expected to be scaled by `log2(e) / √size`, so that the softmax works to the base 2.
#[derive(Clone, Copy)]
pub struct Attention {
    pub qkv: *mut f32,
    pub stride: usize,
    pub length: usize,
    pub heads: usize,
    pub size: usize,
    /// Room for [`keys_room`] numbers.
    pub keys: *mut f32,
    /// Room for [`scores_room`] numbers.
    pub scores: *mut f32,
}

/// Row stride of the scratch of a sequence.
fn stride(length: usize) -> usize {
    length.next_multiple_of(16) + GAP
}

/// Numbers of the transposed keys of one head.
pub fn keys_room(length: usize, size: usize) -> usize {
    stride(length) * size
}

/// Numbers of the scores of one tile's rows.
pub fn scores_room(length: usize) -> usize {
    stride(length) * 14
}

/// Attends in place.
///
/// # Safety
/// All of `p` is valid for its sizes and apart from each other.
#[inline(always)]
pub unsafe fn attend<V: Tiles>(p: &Attention) {
    let hidden = p.heads * p.size;
    let padded = p.length.next_multiple_of(V::WIDTH);
    let stride = stride(p.length);
    for head in 0..p.heads {
        let q = p.qkv.add(head * p.size);
        let v = q.add(2 * hidden);
        transpose::<V>(q.add(hidden), p, stride);
        let blocks = p.length.div_ceil(V::ROWS);
        let mut row = 0;
        for block in 0..blocks {
            let rows = (p.length - row).div_ceil(blocks - block);
            let q = q.add(row * p.stride);
            panel::<V>(
                &Product {
                    rows,
                    inner: p.size,
                    columns: padded,
                    a: q,
                    a_stride: p.stride,
                    b: p.keys,
                    b_stride: stride,
                    c: p.scores,
                    c_stride: stride,
                    start: Start::Zero,
                },
                Ahead::NONE,
            );
            softmax2::<V>(p.scores, rows, p.length, stride);
            panel::<V>(
                &Product {
                    rows,
                    inner: p.length,
                    columns: p.size,
                    a: p.scores,
                    a_stride: stride,
                    b: v,
                    b_stride: p.stride,
                    c: q,
                    c_stride: p.stride,
                    start: Start::Zero,
                },
                Ahead::NONE,
            );
            row += rows;
        }
    }
}

/// Writes the keys of one head as `size × length`.
#[inline(always)]
unsafe fn transpose<V: Lanes>(k: *const f32, p: &Attention, stride: usize) {
    for column in 0..p.size {
        for row in 0..p.length {
            *p.keys.add(column * stride + row) = *k.add(row * p.stride + column)
        }
    }
}
