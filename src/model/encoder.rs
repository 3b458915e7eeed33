//! Which implementation of the network runs: the one place that knows them all.

use super::candle::Candle;
use super::config::Config;
use super::error::ModelError;
use super::fused::{Fused, Instructions};
use super::weights::Parameters;

/// Token ids → final hidden states.
pub trait Encoder: Send + Sync {
    /// Numbers of a hidden state.
    fn hidden(&self) -> usize;

    /// Name of the implementation, for provenance and benches.
    fn name(&self) -> &'static str;

    /// For each sequence of token ids (special tokens included) its final hidden states, row-major tokens × hidden.
    ///
    /// The result of a sequence is the same to the byte whatever its neighbours in the batch and the number of threads.
    ///
    /// # Errors
    /// A sequence longer than the table of positions, an id without a row, a result that is not finite.
    fn encode(&self, sequences: &[&[u32]]) -> Result<Vec<Vec<f32>>, ModelError>;
}

/// The names of the encoders. The fused ones need a processor with their instructions, and widths that are
/// multiples of 32.
pub const ENCODERS: &[&str] = &["candle", "fused-vnni", "fused-avx512", "fused-avx2", "fused-portable"];

/// The encoder of this name, or the fastest that this processor can run.
pub(super) fn build(
    name: Option<&str>,
    config: &Config,
    parameters: Parameters,
) -> Result<Box<dyn Encoder>, ModelError> {
    let fused = |name: &str| Instructions::ALL.into_iter().find(|i| i.name() == name);
    match (name, fused(name.unwrap_or_default())) {
        (None, _) => fastest(config, parameters),
        (Some("candle"), _) => Ok(Box::new(Candle::new(config, parameters)?)),
        (Some(_), Some(instructions)) => Ok(Box::new(Fused::new(config, parameters, instructions)?)),
        (Some(name), None) => {
            Err(ModelError::NoEncoder { name: name.to_string(), known: ENCODERS.join(", ") })
        }
    }
}

/// Plain Rust does a fifth of what candle does, so the fused pass is taken only with instructions of its own.
fn fastest(config: &Config, parameters: Parameters) -> Result<Box<dyn Encoder>, ModelError> {
    match Instructions::available().first() {
        Some(&instructions) if Fused::fits(config) && instructions != Instructions::Portable => {
            Ok(Box::new(Fused::new(config, parameters, instructions)?))
        }
        _ => Ok(Box::new(Candle::new(config, parameters)?)),
    }
}
