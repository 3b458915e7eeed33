//! The encoder on candle: right and simple, on any processor; the reference for the others.

mod operation;

use super::Encoder;
use super::config::Config;
use super::error::ModelError;
use super::weights::{Layer, Linear, Parameters};
use candle_core::{D, Device, Result, Tensor};
use operation::{AddBias, AddNorm, Gelu, Normalise, Softmax};
use rayon::prelude::*;

/// A post-norm transformer of `f32` on the processor.
pub(super) struct Candle {
    config: Config,
    /// Tables of embeddings; the layers are taken out, they live in `blocks`.
    parameters: Parameters,
    norm: Normalise,
    blocks: Vec<Block>,
}

/// A layer as tensors, each of inputs × outputs, with what is done to the result in place.
struct Block {
    /// Queries, keys and values of all heads side by side: one product instead of three.
    attend: (Tensor, AddBias),
    project: (Tensor, AddNorm),
    expand: (Tensor, Gelu),
    contract: (Tensor, AddNorm),
    softmax: Softmax,
    heads: usize,
}

impl Candle {
    /// Also asks the library of products, for the whole process, to leave threads to us: sequences run side by side.
    pub fn new(config: &Config, mut parameters: Parameters) -> std::result::Result<Self, ModelError> {
        gemm::set_threading_threshold(usize::MAX);
        let layers = std::mem::take(&mut parameters.layers);
        let blocks = layers.into_iter().map(|layer| Block::new(config, layer)).collect::<Result<_>>()?;
        let norm = Normalise { norm: parameters.norm.clone(), epsilon: config.epsilon };
        Ok(Self { config: config.clone(), parameters, norm, blocks })
    }

    /// One sequence, alone: no padding and no neighbour can touch it.
    fn states(&self, sequence: usize, ids: &[u32]) -> std::result::Result<Vec<f32>, ModelError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let sums = self.parameters.embed(sequence, ids, self.config.hidden)?;
        let mut x = Tensor::from_vec(sums, (ids.len(), self.config.hidden), &Device::Cpu)?;
        x.inplace_op1(&self.norm)?;
        for block in &self.blocks {
            x = block.apply(&x)?;
        }
        let states: Vec<f32> = x.flatten_all()?.to_vec1()?;
        if states.iter().all(|v| v.is_finite()) {
            Ok(states)
        } else {
            Err(ModelError::NotFinite { sequence })
        }
    }
}

impl Encoder for Candle {
    fn hidden(&self) -> usize {
        self.config.hidden
    }

    fn name(&self) -> &'static str {
        "candle"
    }

    /// Sequences run side by side, each on one thread. Sequences of one length are not stacked: the library picks other
    /// kernels for small products, so the bytes of a stack could differ from those of its parts.
    fn encode(&self, sequences: &[&[u32]]) -> std::result::Result<Vec<Vec<f32>>, ModelError> {
        let all: Vec<_> = sequences.par_iter().enumerate().map(|(i, ids)| self.states(i, ids)).collect();
        all.into_iter().collect()
    }
}

impl Block {
    fn new(config: &Config, layer: Layer) -> Result<Self> {
        let epsilon = config.epsilon;
        let attend = Linear {
            weight: [layer.query.weight, layer.key.weight, layer.value.weight].concat(),
            bias: [layer.query.bias, layer.key.bias, layer.value.bias].concat(),
            inputs: config.hidden,
        };
        Ok(Self {
            attend: (matrix(&attend)?, AddBias { bias: attend.bias }),
            project: (
                matrix(&layer.attention)?,
                AddNorm { bias: layer.attention.bias, norm: layer.attention_norm, epsilon },
            ),
            expand: (matrix(&layer.expand)?, Gelu { bias: layer.expand.bias }),
            contract: (
                matrix(&layer.contract)?,
                AddNorm { bias: layer.contract.bias, norm: layer.norm, epsilon },
            ),
            softmax: Softmax { scale: 1.0 / (config.head_size() as f32).sqrt() },
            heads: config.heads,
        })
    }

    /// tokens × hidden → tokens × hidden.
    fn apply(&self, x: &Tensor) -> Result<Tensor> {
        let attended = self.attention(x)?.matmul(&self.project.0)?;
        attended.inplace_op2(x, &self.project.1)?;
        let fed = attended.matmul(&self.expand.0)?;
        fed.inplace_op1(&self.expand.1)?;
        let out = fed.matmul(&self.contract.0)?;
        out.inplace_op2(&attended, &self.contract.1)?;
        Ok(out)
    }

    fn attention(&self, x: &Tensor) -> Result<Tensor> {
        let (tokens, hidden) = x.dims2()?;
        let parts = x.matmul(&self.attend.0)?;
        parts.inplace_op1(&self.attend.1)?;
        // Views, not copies: tokens × (3 · heads · size) → 3 × heads × tokens × size.
        let parts = parts.reshape((tokens, 3, self.heads, hidden / self.heads))?.permute((1, 2, 0, 3))?;
        let part = |i| parts.narrow(0, i, 1)?.squeeze(0);
        let (queries, keys, values) = (part(0)?, part(1)?, part(2)?);
        let weights = queries.matmul(&keys.transpose(D::Minus1, D::Minus2)?)?;
        weights.inplace_op1(&self.softmax)?;
        weights.matmul(&values)?.transpose(0, 1)?.reshape((tokens, hidden))
    }
}

/// The weight turned to inputs × outputs, once.
fn matrix(linear: &Linear) -> Result<Tensor> {
    Tensor::from_slice(&linear.weight, (linear.bias.len(), linear.inputs), &Device::Cpu)?.t()?.contiguous()
}
