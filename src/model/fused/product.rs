//! The matrix product: register tiles over panels of weights.
//!
//! A tile keeps `ROWS × VECTORS` sums in registers while it runs along the inner side. Each element of the result is one
//! sum, started from its bias or from what stands there and added up in the order of the inner side; the height of the
//! tile does not change it. So a row's result depends on that row alone, whatever stands above and below.

use super::lanes::Lanes;

/// Columns of a panel of packed weights.
pub const PANEL: usize = 32;

/// What a sum starts from.
#[derive(Clone, Copy)]
pub enum Start {
    /// Nothing.
    Zero,
    /// One number a column: a bias.
    Bias(*const f32),
    /// What the result holds: a residual, or the sum so far.
    Held,
}

impl Start {
    /// The start of the columns from `column` on.
    #[inline(always)]
    pub(super) unsafe fn from(self, column: usize) -> Self {
        match self {
            Self::Bias(bias) => Self::Bias(bias.add(column)),
            start => start,
        }
    }
}

/// Weights that the next panel reads, called for while this one runs: they come from far, and nothing else hides it.
#[derive(Clone, Copy)]
pub struct Ahead {
    from: *const i8,
    lines: usize,
}

impl Ahead {
    /// Nothing to call for.
    pub const NONE: Self = Self { from: std::ptr::null(), lines: 0 };

    /// `bytes` from `from` on; the address need not be valid.
    pub fn new(from: *const i8, bytes: usize) -> Self {
        Self { from, lines: bytes / LINE }
    }

    /// Calls for part `i` of `parts`.
    #[inline(always)]
    pub fn call(self, i: usize, parts: usize) {
        for line in self.lines * i / parts..self.lines * (i + 1) / parts {
            call(self.from.wrapping_add(line * LINE));
        }
    }
}

/// Bytes of a cache line.
const LINE: usize = 64;

#[inline(always)]
fn call(line: *const i8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing, whatever the address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(line);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
}

/// `c[rows × columns] = start + a[rows × inner] · b[inner × columns]`, in row-major order, each with its row stride.
#[derive(Clone, Copy)]
pub struct Product {
    pub rows: usize,
    pub inner: usize,
    pub columns: usize,
    pub a: *const f32,
    pub a_stride: usize,
    pub b: *const f32,
    pub b_stride: usize,
    pub c: *mut f32,
    pub c_stride: usize,
    pub start: Start,
}

/// Tiles of one kind of vector.
///
/// # Safety
/// As [`Lanes`].
pub unsafe trait Tiles: Lanes {
    /// Most rows of a tile.
    const ROWS: usize;
    /// Vectors of a full tile; a product's last tile may be one vector wide.
    const VECTORS: usize;

    /// The product of `p`, which is at most `ROWS` high and just `VECTORS` vectors wide, or just one.
    ///
    /// # Safety
    /// The matrices of `p` must be valid, `c` apart from the others.
    unsafe fn tile(p: &Product);
}

#[inline(always)]
unsafe fn tile<V: Lanes, const ROWS: usize, const VECTORS: usize>(p: &Product) {
    let mut sums = [[V::splat(0.0); VECTORS]; ROWS];
    match p.start {
        Start::Zero => {}
        Start::Bias(bias) => {
            for row in &mut sums {
                for (v, sum) in row.iter_mut().enumerate() {
                    *sum = V::load(bias.add(v * V::WIDTH));
                }
            }
        }
        Start::Held => {
            for (r, row) in sums.iter_mut().enumerate() {
                for (v, sum) in row.iter_mut().enumerate() {
                    *sum = V::load(p.c.add(r * p.c_stride + v * V::WIDTH));
                }
            }
        }
    }
    let (mut a, mut b) = (p.a, p.b);
    for _ in 0..p.inner {
        let mut columns = [V::splat(0.0); VECTORS];
        for (v, column) in columns.iter_mut().enumerate() {
            *column = V::load(b.add(v * V::WIDTH));
        }
        for (r, row) in sums.iter_mut().enumerate() {
            let x = V::splat(*a.add(r * p.a_stride));
            for (sum, column) in row.iter_mut().zip(columns) {
                *sum = x.fma(column, *sum);
            }
        }
        a = a.add(1);
        b = b.add(p.b_stride);
    }
    for (r, row) in sums.iter().enumerate() {
        for (v, sum) in row.iter().enumerate() {
            sum.store(p.c.add(r * p.c_stride + v * V::WIDTH));
        }
    }
}

macro_rules! tiles {
    ($lanes:ty, $(#[$features:meta])? $most:literal, $vectors:literal, $($rows:literal)*) => {
        // SAFETY: each tile runs with the features of its vector.
        unsafe impl Tiles for $lanes {
            const ROWS: usize = $most;
            const VECTORS: usize = $vectors;

            #[inline]
            $(#[$features])?
            unsafe fn tile(p: &Product) {
                match (p.rows, p.columns / <$lanes>::WIDTH) {
                        $(
                            ($rows, $vectors) => tile::<$lanes, $rows, $vectors>(p),
                            ($rows, _) => tile::<$lanes, $rows, 1>(p),
                        )*
                        _ => {}
                    }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
tiles!(super::lanes::Avx512, #[target_feature(enable = "avx512f")] 14, 2, 1 2 3 4 5 6 7 8 9 10 11 12 13 14);
#[cfg(target_arch = "x86_64")]
tiles!(super::lanes::Avx2, #[target_feature(enable = "avx2,fma")] 6, 2, 1 2 3 4 5 6);
tiles!(super::lanes::Portable, 4, 1, 1 2 3 4);

/// Most inner numbers multiplied in one go, so that a panel's part stays near.
const DEPTH: usize = 384;

/// The whole product of `p`, whose `b` is packed (panels of [`PANEL`] columns, each `inner × PANEL`), then `finish` on
/// each panel of the result while it is still near.
///
/// # Safety
/// As [`Tiles::tile`], over all rows and columns; `finish` as it asks.
#[inline(always)]
pub unsafe fn linear<V: Tiles>(p: &Product, finish: impl Fn(&Product)) {
    let depth = p.inner.div_ceil(p.inner.div_ceil(DEPTH));
    for first in (0..p.inner).step_by(depth) {
        let inner = depth.min(p.inner - first);
        for column in (0..p.columns).step_by(PANEL) {
            let part = Product {
                inner,
                columns: PANEL,
                a: p.a.add(first),
                b: p.b.add(column * p.inner + first * PANEL),
                c: p.c.add(column),
                start: if first > 0 { Start::Held } else { p.start.from(column) },
                ..*p
            };
            let next = p.b.wrapping_add((column + PANEL) * p.inner + first * PANEL);
            panel::<V>(&part, Ahead::new(next.cast(), inner * PANEL * size_of::<f32>()));
            if first + inner == p.inner {
                finish(&part);
            }
        }
    }
}

/// A product whose columns are few: all its rows, tile by tile.
///
/// # Safety
/// As [`Tiles::tile`], over all rows and columns.
#[inline(always)]
pub unsafe fn panel<V: Tiles>(p: &Product, ahead: Ahead) {
    let width = V::VECTORS * V::WIDTH;
    for column in (0..p.columns).step_by(width) {
        let columns = width.min(p.columns - column);
        // blocks of the same height, or one less
        let blocks = p.rows.div_ceil(V::ROWS);
        let mut row = 0;
        for block in 0..blocks {
            let rows = (p.rows - row).div_ceil(blocks - block);
            ahead.call(block, blocks);
            V::tile(&Product {
                rows,
                columns,
                a: p.a.add(row * p.a_stride),
                b: p.b.add(column),
                c: p.c.add(row * p.c_stride + column),
                start: p.start.from(column),
                ..*p
            });
            row += rows;
        }
    }
}
