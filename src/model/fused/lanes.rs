//! Vectors of f32 behind one trait: AVX-512, AVX2 with FMA, and plain Rust.
//!
//! The products and the elementwise steps are written once over [`Lanes`]. Every method is `#[inline(always)]` and ends
//! inside a function that enables the features, so that each becomes the one instruction it names.

/// A vector of `WIDTH` numbers.
///
/// # Safety
/// The methods may run only on a processor with the features of the implementation, inside a function that enables
/// them; pointers must be valid for `WIDTH` numbers. No alignment is asked.
pub unsafe trait Lanes: Copy {
    /// Numbers in a vector.
    const WIDTH: usize;

    unsafe fn splat(x: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn div(self, other: Self) -> Self;
    /// `self × b + c`.
    unsafe fn fma(self, b: Self, c: Self) -> Self;
    /// The larger of the two; `other` where either is not a number.
    unsafe fn max(self, other: Self) -> Self;
    /// The smaller of the two; `other` where either is not a number.
    unsafe fn min(self, other: Self) -> Self;
    /// To the nearest integer, for numbers below 2^22.
    unsafe fn round(self) -> Self;
    /// `self × 2^n` for whole `n` from -126 to 127.
    unsafe fn scale(self, n: Self) -> Self;
    /// Sum over the lanes, in a fixed order.
    unsafe fn total(self) -> f32;
    /// Largest lane.
    unsafe fn largest(self) -> f32;
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Lanes;

    const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

    /// The methods that are one intrinsic each, and those that are given.
    macro_rules! lanes {
        (
            $name:ident, $register:ty, $width:literal, $splat:ident, $load:ident, $store:ident, $fma:ident,
            [$($operation:ident $intrinsic:ident),*], $($given:item)*
        ) => {
            #[derive(Clone, Copy)]
            pub struct $name($register);

            // SAFETY: each method is its intrinsic; load and store touch `WIDTH` numbers.
            unsafe impl Lanes for $name {
                const WIDTH: usize = $width;

                #[inline(always)]
                unsafe fn splat(x: f32) -> Self {
                    Self($splat(x))
                }
                #[inline(always)]
                unsafe fn load(from: *const f32) -> Self {
                    Self($load(from))
                }
                #[inline(always)]
                unsafe fn store(self, to: *mut f32) {
                    $store(to, self.0)
                }
                #[inline(always)]
                unsafe fn fma(self, b: Self, c: Self) -> Self {
                    Self($fma(self.0, b.0, c.0))
                }
                $(
                    #[inline(always)]
                    unsafe fn $operation(self, other: Self) -> Self {
                        Self($intrinsic(self.0, other.0))
                    }
                )*
                $($given)*
            }
        };
    }

    lanes! {
        Avx512, __m512, 16, _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_fmadd_ps,
        [
            add _mm512_add_ps, sub _mm512_sub_ps, mul _mm512_mul_ps, div _mm512_div_ps,
            max _mm512_max_ps, min _mm512_min_ps, scale _mm512_scalef_ps
        ],
        #[inline(always)]
        unsafe fn round(self) -> Self {
            Self(_mm512_roundscale_ps::<NEAREST>(self.0))
        }
        #[inline(always)]
        unsafe fn total(self) -> f32 {
            _mm512_reduce_add_ps(self.0)
        }
        #[inline(always)]
        unsafe fn largest(self) -> f32 {
            _mm512_reduce_max_ps(self.0)
        }
    }

    lanes! {
        Avx2, __m256, 8, _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_fmadd_ps,
        [
            add _mm256_add_ps, sub _mm256_sub_ps, mul _mm256_mul_ps, div _mm256_div_ps,
            max _mm256_max_ps, min _mm256_min_ps
        ],
        #[inline(always)]
        unsafe fn round(self) -> Self {
            Self(_mm256_round_ps::<NEAREST>(self.0))
        }
        #[inline(always)]
        unsafe fn scale(self, n: Self) -> Self {
            let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n.0), _mm256_set1_epi32(127));
            Self(_mm256_mul_ps(self.0, _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent))))
        }
        #[inline(always)]
        unsafe fn total(self) -> f32 {
            let mut lanes = [0.0; 8];
            self.store(lanes.as_mut_ptr());
            super::total(lanes)
        }
        #[inline(always)]
        unsafe fn largest(self) -> f32 {
            let mut lanes = [0.0; 8];
            self.store(lanes.as_mut_ptr());
            super::largest(lanes)
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512};

#[inline(always)]
fn total([a, b, c, d, e, f, g, h]: [f32; 8]) -> f32 {
    ((a + e) + (b + f)) + ((c + g) + (d + h))
}

#[inline(always)]
fn largest(lanes: [f32; 8]) -> f32 {
    lanes.into_iter().fold(f32::NEG_INFINITY, f32::max)
}

/// Eight lanes of plain Rust, which the compiler turns into what the target has at least. No fused multiply and add:
/// without the instruction it would be a call of the C library.
#[derive(Clone, Copy)]
pub struct Portable([f32; 8]);

impl Portable {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        let mut out = self.0;
        for (x, y) in out.iter_mut().zip(other.0) {
            *x = f(*x, y);
        }
        Self(out)
    }
}

// SAFETY: no features are asked; `load` and `store` copy `WIDTH` numbers.
unsafe impl Lanes for Portable {
    const WIDTH: usize = 8;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Self([x; 8])
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(from.cast::<[f32; 8]>().read_unaligned())
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        to.cast::<[f32; 8]>().write_unaligned(self.0)
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self.zip(other, |x, y| x + y)
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        self.zip(other, |x, y| x - y)
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        self.zip(other, |x, y| x * y)
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        self.zip(other, |x, y| x / y)
    }
    #[inline(always)]
    unsafe fn fma(self, b: Self, c: Self) -> Self {
        self.zip(b, |x, y| x * y).zip(c, |x, y| x + y)
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        self.zip(other, |x, y| if x > y { x } else { y })
    }
    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        self.zip(other, |x, y| if x < y { x } else { y })
    }
    #[inline(always)]
    unsafe fn round(self) -> Self {
        // Adding and taking away 1.5 × 2^23 rounds what is smaller than 2^22, without a call of the C library.
        const SHIFT: f32 = 12_582_912.0;
        self.zip(self, |x, _| (x + SHIFT) - SHIFT)
    }
    #[inline(always)]
    unsafe fn scale(self, n: Self) -> Self {
        // The exponent's bits stand at the foot of the mantissa of n + 1.5 × 2^23.
        self.zip(n, |x, n| x * f32::from_bits(((n + 12_582_912.0).to_bits() << 23).wrapping_add(127 << 23)))
    }
    #[inline(always)]
    unsafe fn total(self) -> f32 {
        total(self.0)
    }
    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        largest(self.0)
    }
}
