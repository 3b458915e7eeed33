//! The fast encoder: one fused forward pass on the processor, without a tensor library.
//!
//! The rows of several sequences stand one below the other, without padding; the linear layers run over all of them,
//! attention over one sequence and head at a time. A residual is added by letting the product start from it, the bias
//! behind it by the LayerNorm that follows, GELU on each panel while it is in the first cache. So a layer is seven
//! passes over memory: QKV, attention in place, output product, LayerNorm, two products of the feed-forward, LayerNorm.
//!
//! **Bytes.** Every sum of a row runs in an order that depends on the network and on the sequence's length alone, so a
//! sequence's hidden states do not depend on its neighbours, on its place or on the threads. Between processors with
//! other [`Instructions`] they differ: f32 by about 1e-6 of a hidden state's length, `Vnni` by about 1e-3.
//!
//! **Not taken**, by estimate and not by trial: FMA in f16 (its sums must be widened every 32 to 64 numbers), products of
//! eight bits (twice as fast again, some percent off). No AMX path yet.

// `unsafe` stands in this module alone. Intrinsics ask for features, which `Kernels::of` has checked; and the kernels
// work on raw rows that `pass.rs` sets up, in whole panels. An `unsafe fn`
// here is a kernel whose whole body stands on its contract.
#![allow(unsafe_code, unsafe_op_in_unsafe_fn)]

mod attention;
mod buffer;
mod elementwise;
mod kernels;
mod lanes;
mod pack;
mod pass;
mod product;
mod whole;

pub use self::kernels::Instructions;

use self::kernels::Kernels;
use self::pack::{Affine, Layer, Packer, check};
use self::pass::{Scratch, run};
use super::Encoder;
use super::config::Config;
use super::error::ModelError;
use super::weights::Parameters;
use rayon::prelude::*;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most rows that go through a layer together: what a layer holds of them then about fits in the second cache.
const GROUP_ROWS: usize = 256;

/// Fewest rows that are worth a thread: below, reading the weights costs more than the products.
const LEAST_ROWS: usize = 64;

/// A BERT-type encoder with its weights packed.
pub struct Fused {
    config: Config,
    instructions: Instructions,
    kernels: Kernels,
    /// Tables of embeddings; the layers are taken out, they live in `layers`.
    parameters: Parameters,
    norm: Affine,
    layers: Vec<Layer>,
    scratch: Mutex<Vec<Scratch>>,
}

impl Fused {
    /// Whether the kernels can run this network: all widths whole panels.
    pub fn fits(config: &Config) -> bool {
        let whole = |n: usize| n > 0 && n.is_multiple_of(product::PANEL);
        config.heads > 0
            && whole(config.hidden)
            && whole(config.intermediate)
            && config.hidden.is_multiple_of(config.heads)
            && whole(config.head_size())
    }

    /// Packs the weights for `instructions`.
    ///
    /// # Errors
    /// A network that does not [fit](Fused::fits), instructions that this processor has not, a tensor of another size
    /// than the config says.
    pub fn new(
        config: &Config,
        mut parameters: Parameters,
        instructions: Instructions,
    ) -> Result<Self, ModelError> {
        if !Self::fits(config) || !instructions.is_available() {
            let known = "candle (the fused ones need their instructions and widths in multiples of 32)";
            return Err(ModelError::NoEncoder { name: instructions.name().into(), known: known.into() });
        }
        check(parameters.words.len(), config.vocabulary * config.hidden)?;
        check(parameters.places.len(), config.longest() * config.hidden)?;
        let kernels = Kernels::of(instructions);
        let packer = Packer { config, whole: kernels.whole.is_some() };
        let norm = packer.affine(&parameters.norm)?;
        let layers = std::mem::take(&mut parameters.layers);
        let layers = layers.iter().map(|layer| packer.layer(layer)).collect::<Result<_, _>>()?;
        let config = config.clone();
        Ok(Self { config, instructions, kernels, parameters, norm, layers, scratch: Mutex::default() })
    }

    /// Refuses ids without a row and sequences without places; `sequence` is the place in the batch.
    fn check(&self, sequence: usize, ids: &[u32]) -> Result<(), ModelError> {
        let (limit, rows) = (self.config.longest(), self.config.vocabulary);
        if ids.len() > limit {
            return Err(ModelError::TooLong { sequence, limit, found: ids.len() });
        }
        match ids.iter().find(|id| **id as usize >= rows) {
            Some(&found) => Err(ModelError::NoRow { sequence, rows, found }),
            None => Ok(()),
        }
    }

    /// Encodes checked sequences, with scratch that is given back.
    fn encode_group(&self, group: &Group<'_>) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut scratch = self.pool().pop().unwrap_or_default();
        let out = run(self, group.sequences, &mut scratch);
        self.pool().push(scratch);
        match out.iter().position(|states| !is_finite(states)) {
            None => Ok(out),
            Some(i) => Err(ModelError::NotFinite { sequence: group.first + i }),
        }
    }

    fn pool(&self) -> MutexGuard<'_, Vec<Scratch>> {
        // scratch holds no state, so what a panic left behind is as good as any
        self.scratch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Encoder for Fused {
    fn hidden(&self) -> usize {
        self.config.hidden
    }

    fn name(&self) -> &'static str {
        self.instructions.name()
    }

    fn encode(&self, sequences: &[&[u32]]) -> Result<Vec<Vec<f32>>, ModelError> {
        for (i, ids) in sequences.iter().enumerate() {
            self.check(i, ids)?;
        }
        let rows: usize = sequences.iter().map(|ids| ids.len()).sum();
        let share = rows.div_ceil(rayon::current_num_threads()).clamp(LEAST_ROWS, GROUP_ROWS);
        let groups = groups(sequences, share);
        let states: Vec<_> = groups.par_iter().map(|group| self.encode_group(group)).collect();
        let mut out = Vec::with_capacity(sequences.len());
        for states in states {
            out.extend(states?);
        }
        Ok(out)
    }
}

/// Without an early end, so that it becomes vector instructions.
fn is_finite(states: &[f32]) -> bool {
    states.iter().fold(true, |finite, x| finite & x.is_finite())
}

/// Neighbours in a batch that are encoded together.
struct Group<'a> {
    first: usize,
    sequences: &'a [&'a [u32]],
}

/// Cuts a batch into groups of at most `most` tokens; a longer sequence is a group of its own.
fn groups<'a>(sequences: &'a [&'a [u32]], most: usize) -> Vec<Group<'a>> {
    let mut groups = Vec::new();
    let (mut first, mut rows) = (0, 0);
    for (i, ids) in sequences.iter().enumerate() {
        if i > first && rows + ids.len() > most {
            groups.push(Group { first, sequences: &sequences[first..i] });
            (first, rows) = (i, 0);
        }
        rows += ids.len();
    }
    if first < sequences.len() {
        groups.push(Group { first, sequences: &sequences[first..] });
    }
    groups
}
