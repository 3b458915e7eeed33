//! The encoder on candle: right and simple, on any processor; the reference for the others.

use super::Encoder;
use super::config::Config;
use super::error::ModelError;
use super::weights::{Layer, Linear, Norm, Parameters};
use candle_core::{D, Device, Result, Tensor};
use candle_nn::ops::{layer_norm, softmax_last_dim};
use rayon::prelude::*;

/// A post-norm transformer of `f32` on the processor.
pub(super) struct Candle {
    config: Config,
    /// Tables of embeddings; the layers are taken out, they live in `blocks`.
    parameters: Parameters,
    norm: Normalisation,
    blocks: Vec<Block>,
}

/// A layer as tensors.
struct Block {
    /// Queries, keys and values of all heads side by side: one product instead of three.
    attend: Product,
    project: Product,
    attention_norm: Normalisation,
    expand: Product,
    contract: Product,
    norm: Normalisation,
}

/// `x · weight + bias`, the weight turned to inputs × outputs once.
struct Product {
    weight: Tensor,
    bias: Tensor,
}

struct Normalisation {
    weight: Tensor,
    bias: Tensor,
    epsilon: f32,
}

impl Candle {
    pub fn new(config: &Config, mut parameters: Parameters) -> std::result::Result<Self, ModelError> {
        let layers = std::mem::take(&mut parameters.layers);
        let blocks = layers.into_iter().map(|layer| Block::new(config, layer)).collect::<Result<_>>()?;
        let norm = Normalisation::new(config, &parameters.norm)?;
        Ok(Self { config: config.clone(), parameters, norm, blocks })
    }

    /// One sequence, alone: no padding and no neighbour can touch it.
    fn states(&self, sequence: usize, ids: &[u32]) -> std::result::Result<Vec<f32>, ModelError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let sums = self.parameters.embed(sequence, ids, self.config.hidden)?;
        let mut x = Tensor::from_vec(sums, (ids.len(), self.config.hidden), &Device::Cpu)?;
        x = self.norm.apply(&x)?;
        for block in &self.blocks {
            x = block.apply(&x, &self.config)?;
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

    /// Sequences run side by side, one product at a time each. The library may split a large product over idle threads;
    /// it splits rows and columns, never a sum, so the bytes do not depend on it.
    fn encode(&self, sequences: &[&[u32]]) -> std::result::Result<Vec<Vec<f32>>, ModelError> {
        let all: Vec<_> = sequences.par_iter().enumerate().map(|(i, ids)| self.states(i, ids)).collect();
        all.into_iter().collect()
    }
}

impl Block {
    fn new(config: &Config, layer: Layer) -> Result<Self> {
        let attend = Linear {
            weight: [layer.query.weight, layer.key.weight, layer.value.weight].concat(),
            bias: [layer.query.bias, layer.key.bias, layer.value.bias].concat(),
            inputs: config.hidden,
        };
        Ok(Self {
            attend: Product::new(attend)?,
            project: Product::new(layer.attention)?,
            attention_norm: Normalisation::new(config, &layer.attention_norm)?,
            expand: Product::new(layer.expand)?,
            contract: Product::new(layer.contract)?,
            norm: Normalisation::new(config, &layer.norm)?,
        })
    }

    /// tokens × hidden → tokens × hidden.
    fn apply(&self, x: &Tensor, config: &Config) -> Result<Tensor> {
        let attended = self.project.apply(&self.attention(x, config)?)?;
        let x = self.attention_norm.apply(&(attended + x)?)?;
        let fed = self.contract.apply(&self.expand.apply(&x)?.gelu_erf()?)?;
        self.norm.apply(&(fed + x)?)
    }

    fn attention(&self, x: &Tensor, config: &Config) -> Result<Tensor> {
        let (tokens, size) = (x.dim(0)?, config.head_size());
        // tokens × (3 · heads · size) → 3 × heads × tokens × size
        let parts = self
            .attend
            .apply(x)?
            .reshape((tokens, 3, config.heads, size))?
            .permute((1, 2, 0, 3))?
            .contiguous()?;
        let (queries, keys, values) = (parts.get(0)?, parts.get(1)?, parts.get(2)?);
        let queries = (queries * (1.0 / (size as f64).sqrt()))?;
        let weights = softmax_last_dim(&queries.matmul(&keys.transpose(D::Minus1, D::Minus2)?)?)?;
        weights.matmul(&values)?.transpose(0, 1)?.reshape((tokens, config.hidden))
    }
}

impl Product {
    fn new(linear: Linear) -> Result<Self> {
        let outputs = linear.bias.len();
        let weight =
            Tensor::from_vec(linear.weight, (outputs, linear.inputs), &Device::Cpu)?.t()?.contiguous()?;
        Ok(Self { weight, bias: Tensor::from_vec(linear.bias, outputs, &Device::Cpu)? })
    }

    fn apply(&self, x: &Tensor) -> Result<Tensor> {
        x.matmul(&self.weight)?.broadcast_add(&self.bias)
    }
}

impl Normalisation {
    fn new(config: &Config, norm: &Norm) -> Result<Self> {
        let vector = |numbers: &[f32]| Tensor::new(numbers, &Device::Cpu);
        Ok(Self { weight: vector(&norm.weight)?, bias: vector(&norm.bias)?, epsilon: config.epsilon })
    }

    fn apply(&self, x: &Tensor) -> Result<Tensor> {
        layer_norm(x, &self.weight, &self.bias, self.epsilon)
    }
}
