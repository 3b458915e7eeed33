//! The forward pass over one group of sequences.

use super::Fused;
use super::attention::{Attention, GAP, keys_room, scores_room};
use super::buffer::Buffer;
use super::elementwise::Norm;
use super::pack::{Affine, Layer, Linear, Packed};
use super::product::{PANEL, Product, Start};
use super::whole::{Rounding, Whole, WholeProduct};

/// Room of one pass, used again by the next.
#[derive(Default)]
pub struct Scratch {
    states: Buffer,
    /// Q, K and V of all rows, then the inside of the feed-forward.
    wide: Buffer,
    keys: Buffer,
    scores: Buffer,
    zeros: Buffer,
    /// Rows in whole numbers, two to an f32.
    whole: Buffer,
    scales: Buffer,
}

/// Rows in scratch: the first number of the first row, and the distance to the next row.
#[derive(Clone, Copy)]
struct Rows {
    start: *mut f32,
    stride: usize,
}

/// One pass: an encoder, the rows of a group, and where their numbers are.
struct Pass<'a> {
    encoder: &'a Fused,
    group: &'a [&'a [u32]],
    rows: usize,
    states: Rows,
    qkv: Rows,
    inside: Rows,
    keys: *mut f32,
    scores: *mut f32,
    zeros: *const f32,
    whole: *mut i16,
    scales: *mut f32,
}

/// What a product does with its result.
#[derive(Clone, Copy)]
enum After {
    Nothing,
    Gelu,
}

/// Hidden states of each sequence of `group`, whose ids and lengths have been checked.
pub fn run(encoder: &Fused, group: &[&[u32]], scratch: &mut Scratch) -> Vec<Vec<f32>> {
    let config = &encoder.config;
    let rows = group.iter().map(|sequence| sequence.len()).sum();
    let longest = group.iter().map(|sequence| sequence.len()).max().unwrap_or(0);
    let place = |buffer: &mut Buffer, columns: usize| Rows {
        start: buffer.room(rows * (columns + GAP)).as_mut_ptr(),
        stride: columns + GAP,
    };
    let states = place(&mut scratch.states, config.hidden);
    let widest = config.intermediate.max(3 * config.hidden);
    let wide = place(&mut scratch.wide, widest);
    let pass = Pass {
        encoder,
        group,
        rows,
        states,
        qkv: Rows { stride: 3 * config.hidden + GAP, ..wide },
        inside: Rows { stride: config.intermediate + GAP, ..wide },
        keys: scratch.keys.room(keys_room(longest, config.head_size())).as_mut_ptr(),
        scores: scratch.scores.room(scores_room(longest)).as_mut_ptr(),
        zeros: scratch.zeros.room(config.hidden).as_ptr(),
        whole: scratch.whole.room(rows * (widest / 2 + GAP)).as_mut_ptr().cast(),
        scales: scratch.scales.room(rows).as_mut_ptr(),
    };
    pass.embed();
    for layer in &encoder.layers {
        pass.layer(layer);
    }
    pass.collect()
}

impl Pass<'_> {
    fn layer(&self, layer: &Layer) {
        let bias = |linear: &Linear| Start::Bias(linear.bias.start());
        self.product(&layer.qkv, self.states, self.qkv, bias(&layer.qkv), After::Nothing);
        self.attend();
        self.product(&layer.output, self.qkv, self.states, Start::Held, After::Nothing);
        self.norm(layer.output.bias.start(), &layer.attention_norm);
        self.product(&layer.up, self.states, self.inside, bias(&layer.up), After::Gelu);
        self.product(&layer.down, self.inside, self.states, Start::Held, After::Nothing);
        self.norm(layer.down.bias.start(), &layer.output_norm);
    }

    fn product(&self, linear: &Linear, from: Rows, to: Rows, start: Start, after: After) {
        match &linear.weight {
            Packed::Real(weight) => self.real(linear, weight, from, to, start, after),
            Packed::Whole(weight) => self.whole(linear, weight, from, to, start, after),
        }
    }

    fn real(&self, linear: &Linear, weight: &Buffer, from: Rows, to: Rows, start: Start, after: After) {
        let product = Product {
            rows: self.rows,
            inner: linear.inner,
            columns: linear.columns,
            a: from.start,
            a_stride: from.stride,
            b: weight.start(),
            b_stride: PANEL,
            c: to.start,
            c_stride: to.stride,
            start,
        };
        let kernels = &self.encoder.kernels;
        // SAFETY: the kernels are those of a path that is available; the rows lie in scratch that `run` made large
        // enough and that nothing else holds; weights have the sizes that `pack` checked.
        unsafe {
            match after {
                After::Nothing => (kernels.linear)(&product),
                After::Gelu => (kernels.linear_gelu)(&product),
            }
        }
    }

    fn whole(&self, linear: &Linear, weight: &Whole, from: Rows, to: Rows, start: Start, after: After) {
        let Some(kernels) = &self.encoder.kernels.whole else { return };
        let stride = linear.inner + 2 * GAP;
        let rounding = Rounding {
            from: from.start,
            from_stride: from.stride,
            rows: self.rows,
            columns: linear.inner,
            to: self.whole,
            to_stride: stride,
            scales: self.scales,
        };
        let product = WholeProduct {
            rows: self.rows,
            inner: linear.inner,
            columns: linear.columns,
            a: self.whole,
            a_stride: stride,
            a_scales: self.scales,
            b: weight.start(),
            b_scales: weight.scales(),
            c: to.start,
            c_stride: to.stride,
            start,
        };
        // SAFETY: as in `real`.
        unsafe {
            (kernels.round)(&rounding);
            match after {
                After::Nothing => (kernels.linear)(&product),
                After::Gelu => (kernels.linear_gelu)(&product),
            }
        }
    }

    fn norm(&self, bias: *const f32, affine: &Affine) {
        let norm = Norm {
            x: self.states.start,
            rows: self.rows,
            columns: self.encoder.config.hidden,
            stride: self.states.stride,
            bias,
            gain: affine.gain.start(),
            shift: affine.shift.start(),
            eps: self.encoder.config.epsilon,
        };
        // SAFETY: as in `real`.
        unsafe { (self.encoder.kernels.norm)(&norm) }
    }

    fn attend(&self) {
        let config = &self.encoder.config;
        let mut row = 0;
        for sequence in self.group {
            // SAFETY: as in `real`; the sequence's rows stand from `row` on, keys and scores have room for the
            // longest.
            unsafe {
                (self.encoder.kernels.attend)(&Attention {
                    qkv: self.qkv.start.add(row * self.qkv.stride),
                    stride: self.qkv.stride,
                    length: sequence.len(),
                    heads: config.heads,
                    size: config.head_size(),
                    keys: self.keys,
                    scores: self.scores,
                });
            }
            row += sequence.len();
        }
    }

    /// Word and place of each token, normalised.
    fn embed(&self) {
        let tables = &self.encoder.parameters;
        let hidden = self.encoder.config.hidden;
        let tokens = self.group.iter().flat_map(|ids| ids.iter().zip(tables.places.chunks_exact(hidden)));
        for (row, (id, place)) in tokens.enumerate() {
            let word = &tables.words[*id as usize * hidden..][..hidden];
            for ((x, word), place) in self.state(row).iter_mut().zip(word).zip(place) {
                *x = word + place;
            }
        }
        self.norm(self.zeros, &self.encoder.norm);
    }

    /// The state of token `row` of the group.
    #[allow(clippy::mut_from_ref)] // the rows are raw; each call's row is let go before the next
    fn state(&self, row: usize) -> &mut [f32] {
        // SAFETY: `row` is below `rows`, for which `run` made room; no other reference into the states is alive.
        unsafe {
            std::slice::from_raw_parts_mut(
                self.states.start.add(row * self.states.stride),
                self.encoder.config.hidden,
            )
        }
    }

    fn collect(&self) -> Vec<Vec<f32>> {
        let mut row = 0;
        let mut take = |sequence: &&[u32]| {
            let mut out = Vec::with_capacity(sequence.len() * self.encoder.config.hidden);
            for _ in 0..sequence.len() {
                out.extend_from_slice(self.state(row));
                row += 1;
            }
            out
        };
        self.group.iter().map(&mut take).collect()
    }
}
