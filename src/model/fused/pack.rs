//! Weights as the kernels read them: sizes checked, scaled and packed once, at load.

use super::super::config::Config;
use super::super::error::ModelError;
use super::super::weights;
use super::buffer::Buffer;
use super::product::PANEL;
use super::whole::Whole;

/// A linear layer: packed weights and a bias.
pub struct Linear {
    pub weight: Packed,
    pub bias: Buffer,
    pub inner: usize,
    pub columns: usize,
}

/// Weights in the form that the products read.
pub enum Packed {
    /// Panels of [`PANEL`] columns, each `inner × PANEL`.
    Real(Buffer),
    /// Rounded to `i16`.
    Whole(Whole),
}

/// Gain and shift of a LayerNorm.
pub struct Affine {
    pub gain: Buffer,
    pub shift: Buffer,
}

/// One layer of the encoder.
pub struct Layer {
    pub qkv: Linear,
    pub output: Linear,
    pub attention_norm: Affine,
    pub up: Linear,
    pub down: Linear,
    pub output_norm: Affine,
}

/// Packs layers of one network; `whole` rounds their weights.
pub struct Packer<'a> {
    pub config: &'a Config,
    pub whole: bool,
}

impl Packer<'_> {
    /// Packs one layer.
    ///
    /// # Errors
    /// A tensor of another size than the config says.
    pub fn layer(&self, layer: &weights::Layer) -> Result<Layer, ModelError> {
        let Config { hidden, intermediate, .. } = *self.config;
        // the softmax works to the base 2
        let scale = std::f32::consts::LOG2_E / (self.config.head_size() as f32).sqrt();
        let qkv = [(&layer.query, scale), (&layer.key, 1.0), (&layer.value, 1.0)];
        Ok(Layer {
            qkv: self.linear(&qkv, hidden, hidden)?,
            output: self.linear(&[(&layer.attention, 1.0)], hidden, hidden)?,
            attention_norm: self.affine(&layer.attention_norm)?,
            up: self.linear(&[(&layer.expand, 1.0)], hidden, intermediate)?,
            down: self.linear(&[(&layer.contract, 1.0)], intermediate, hidden)?,
            output_norm: self.affine(&layer.norm)?,
        })
    }

    /// A LayerNorm over the hidden state.
    ///
    /// # Errors
    /// As [`Packer::layer`].
    pub fn affine(&self, norm: &weights::Norm) -> Result<Affine, ModelError> {
        check(norm.weight.len(), self.config.hidden)?;
        check(norm.bias.len(), self.config.hidden)?;
        Ok(Affine { gain: Buffer::of(&norm.weight), shift: Buffer::of(&norm.bias) })
    }

    /// Packs layers of the same input side by side, each `columns` wide and multiplied by its number.
    fn linear(
        &self,
        parts: &[(&weights::Linear, f32)],
        inner: usize,
        columns: usize,
    ) -> Result<Linear, ModelError> {
        let (mut numbers, mut bias) = (Vec::new(), Vec::new());
        for (part, scale) in parts {
            check(part.weight.len(), columns * inner)?;
            check(part.bias.len(), columns)?;
            numbers.extend(part.weight.iter().map(|w| w * scale));
            bias.extend(part.bias.iter().map(|b| b * scale));
        }
        let weight =
            if self.whole { Packed::Whole(Whole::pack(&numbers, inner)) } else { panels(&numbers, inner) };
        Ok(Linear { weight, bias: Buffer::of(&bias), inner, columns: columns * parts.len() })
    }
}

fn panels(weight: &[f32], inner: usize) -> Packed {
    let mut packed = Vec::with_capacity(weight.len());
    for panel in weight.chunks_exact(PANEL * inner) {
        packed.extend((0..inner).flat_map(|k| (0..PANEL).map(move |column| panel[column * inner + k])));
    }
    Packed::Real(Buffer::of(&packed))
}

/// The kernels work without bounds: a size must be what the config says.
pub fn check(found: usize, expected: usize) -> Result<(), ModelError> {
    let tensor = || "of an encoder's parameters".to_string();
    let file = || "parameters".to_string();
    match found == expected {
        true => Ok(()),
        false => Err(ModelError::Shape {
            file: file(),
            tensor: tensor(),
            expected: vec![expected],
            found: vec![found],
        }),
    }
}
