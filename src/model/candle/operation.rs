//! The steps between products as operations of candle, each on the tensor that a product has just made.

use crate::model::steps;
use crate::model::weights::Norm;
use candle_core::{CpuStorage, Error, InplaceOp1, InplaceOp2, Layout, Result};

pub(super) struct AddBias {
    pub bias: Vec<f32>,
}

pub(super) struct Gelu {
    pub bias: Vec<f32>,
}

pub(super) struct AddNorm {
    pub bias: Vec<f32>,
    pub norm: Norm,
    pub epsilon: f32,
}

pub(super) struct Normalise {
    pub norm: Norm,
    pub epsilon: f32,
}

pub(super) struct Softmax {
    pub scale: f32,
}

/// The numbers of a whole tensor of `f32`.
fn numbers<'s>(storage: &'s mut CpuStorage, layout: &Layout) -> Result<&'s mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(numbers), Some((start, end))) => Ok(&mut numbers[start..end]),
        _ => Err(Error::Msg("expected a contiguous tensor of f32".into())),
    }
}

impl InplaceOp1 for AddBias {
    fn name(&self) -> &'static str {
        "add-bias"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        steps::add_bias(numbers(storage, layout)?, &self.bias);
        Ok(())
    }
}

impl InplaceOp1 for Gelu {
    fn name(&self) -> &'static str {
        "bias-gelu"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        steps::bias_gelu(numbers(storage, layout)?, &self.bias);
        Ok(())
    }
}

impl InplaceOp1 for Normalise {
    fn name(&self) -> &'static str {
        "norm"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        steps::norm(numbers(storage, layout)?, &self.norm, self.epsilon);
        Ok(())
    }
}

impl InplaceOp1 for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let width = layout.dims().last().copied().unwrap_or(1);
        steps::softmax(numbers(storage, layout)?, width, self.scale);
        Ok(())
    }
}

impl InplaceOp2 for AddNorm {
    fn name(&self) -> &'static str {
        "bias-add-norm"
    }

    fn cpu_fwd(
        &self,
        to: &mut CpuStorage,
        layout: &Layout,
        from: &CpuStorage,
        from_layout: &Layout,
    ) -> Result<()> {
        let (CpuStorage::F32(residual), Some((start, end))) = (from, from_layout.contiguous_offsets()) else {
            return Err(Error::Msg("expected a contiguous tensor of f32".into()));
        };
        steps::bias_add_norm(
            numbers(to, layout)?,
            &self.bias,
            &residual[start..end],
            &self.norm,
            self.epsilon,
        );
        Ok(())
    }
}
