//! The ways through the processor, and the choice among them at run time.

use super::attention::{Attention, attend};
use super::elementwise::{Norm, gelu, norm};
use super::lanes::Portable;
#[cfg(target_arch = "x86_64")]
use super::lanes::{Avx2, Avx512};
#[cfg(target_arch = "x86_64")]
use super::product::PANEL;
use super::product::{Product, linear};
use super::whole::{Rounding, WholeProduct};

/// Instructions that a forward pass is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// AVX-512F, with the products in whole numbers of 16 bits by AVX-512 VNNI: faster than f32, and rounded.
    Vnni,
    /// AVX-512F.
    Avx512,
    /// AVX2 and FMA.
    Avx2,
    /// Plain Rust.
    Portable,
}

impl Instructions {
    /// All, the fastest first.
    pub const ALL: [Self; 4] = [Self::Vnni, Self::Avx512, Self::Avx2, Self::Portable];

    /// Those this processor has, the fastest first.
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|instructions| instructions.is_available()).collect()
    }

    /// Whether this processor has them.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Vnni => is_x86_feature_detected!("avx512vnni") && Self::Avx512.is_available(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Vnni | Self::Avx512 | Self::Avx2 => false,
            Self::Portable => true,
        }
    }

    /// Name of the encoder that runs on them.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vnni => "fused-vnni",
            Self::Avx512 => "fused-avx512",
            Self::Avx2 => "fused-avx2",
            Self::Portable => "fused-portable",
        }
    }
}

/// The steps of a forward pass. Each may be called only where its instructions are available.
#[derive(Clone, Copy)]
pub struct Kernels {
    /// A product with packed weights.
    pub linear: unsafe fn(&Product),
    /// A product with packed weights, then GELU.
    pub linear_gelu: unsafe fn(&Product),
    /// The products in whole numbers, where they are used; the two above are then not.
    pub whole: Option<WholeKernels>,
    /// LayerNorm.
    pub norm: unsafe fn(&Norm),
    /// Attention of one sequence.
    pub attend: unsafe fn(&Attention),
}

/// Products in whole numbers.
#[derive(Clone, Copy)]
pub struct WholeKernels {
    /// Rows to whole numbers.
    pub round: unsafe fn(&Rounding),
    /// A product with packed weights.
    pub linear: unsafe fn(&WholeProduct),
    /// A product with packed weights, then GELU.
    pub linear_gelu: unsafe fn(&WholeProduct),
}

/// The generic steps, made for one kind of vector with its features enabled.
macro_rules! kernels {
    ($lanes:ty $(, #[$features:meta])?) => {{
        $(#[$features])?
        unsafe fn plain(p: &Product) {
            linear::<$lanes>(p, |_| ());
        }
        $(#[$features])?
        unsafe fn with_gelu(p: &Product) {
            linear::<$lanes>(p, |part| gelu::<$lanes>(part.c, part.rows, part.columns, part.c_stride));
        }
        $(#[$features])?
        unsafe fn normalise(p: &Norm) {
            norm::<$lanes>(p);
        }
        $(#[$features])?
        unsafe fn attention(p: &Attention) {
            attend::<$lanes>(p);
        }
        Kernels { linear: plain, linear_gelu: with_gelu, whole: None, norm: normalise, attend: attention }
    }};
}

#[cfg(target_arch = "x86_64")]
impl WholeKernels {
    const VNNI: Self = Self { round: super::whole::round, linear: Self::plain, linear_gelu: Self::with_gelu };

    #[target_feature(enable = "avx512f,avx512vnni")]
    unsafe fn plain(p: &WholeProduct) {
        super::whole::linear(p, |_| ());
    }

    #[target_feature(enable = "avx512f,avx512vnni")]
    unsafe fn with_gelu(p: &WholeProduct) {
        super::whole::linear(p, |c| gelu::<Avx512>(c, p.rows, PANEL, p.c_stride));
    }
}

impl Kernels {
    /// The kernels of `instructions`; the portable ones where this processor has them not.
    pub fn of(instructions: Instructions) -> Self {
        match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Vnni if instructions.is_available() => {
                Self { whole: Some(WholeKernels::VNNI), ..Self::of(Instructions::Avx512) }
            }
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 if instructions.is_available() => {
                kernels!(Avx512, #[target_feature(enable = "avx512f")])
            }
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 if instructions.is_available() => {
                kernels!(Avx2, #[target_feature(enable = "avx2,fma")])
            }
            _ => kernels!(Portable),
        }
    }
}
