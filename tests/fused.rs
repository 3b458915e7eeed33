//! The fused encoder against a plain one in f64, on all instructions that this processor has.

use laennec::model::{
    Architecture, Config, Encoder, Fused, Instructions, Layer, Linear, ModelError, Norm, Parameters,
};

fn config(hidden: usize, heads: usize, layers: usize) -> Config {
    Config {
        architecture: Architecture::Bert,
        hidden,
        layers,
        heads,
        intermediate: 2 * hidden + 32,
        vocabulary: 50,
        positions: 140,
        types: 2,
        epsilon: 1e-12,
        first_position: 0,
        labels: Vec::new(),
    }
}

/// Numbers between -½ and ½, the same for the same seed.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / 16_777_216.0 - 0.5
    }

    fn take(&mut self, count: usize, size: f32, middle: f32) -> Vec<f32> {
        (0..count).map(|_| middle + size * self.next()).collect()
    }

    fn norm(&mut self, hidden: usize) -> Norm {
        Norm { weight: self.take(hidden, 0.6, 1.0), bias: self.take(hidden, 0.4, 0.0) }
    }

    fn linear(&mut self, inputs: usize, outputs: usize) -> Linear {
        let size = 4.0 / (inputs as f32).sqrt();
        Linear { weight: self.take(inputs * outputs, size, 0.0), bias: self.take(outputs, 1.0, 0.0), inputs }
    }

    fn layer(&mut self, hidden: usize, inside: usize) -> Layer {
        Layer {
            query: self.linear(hidden, hidden),
            key: self.linear(hidden, hidden),
            value: self.linear(hidden, hidden),
            attention: self.linear(hidden, hidden),
            attention_norm: self.norm(hidden),
            expand: self.linear(hidden, inside),
            contract: self.linear(inside, hidden),
            norm: self.norm(hidden),
        }
    }
}

/// Weights that spread the states: attention far from even, GELU on both sides of zero.
fn parameters(config: &Config, seed: u64) -> Parameters {
    let mut numbers = Numbers(seed);
    Parameters {
        words: numbers.take(config.vocabulary * config.hidden, 2.0, 0.0),
        places: numbers.take(config.longest() * config.hidden, 2.0, 0.0),
        norm: numbers.norm(config.hidden),
        layers: (0..config.layers).map(|_| numbers.layer(config.hidden, config.intermediate)).collect(),
    }
}

fn build(instructions: Instructions, config: &Config, parameters: &Parameters) -> Fused {
    Fused::new(config, parameters.clone(), instructions).unwrap()
}

fn ids(length: usize, seed: u64) -> Vec<u32> {
    let mut numbers = Numbers(seed);
    (0..length).map(|_| ((numbers.next() + 0.5) * 50.0) as u32).collect()
}

/// The reference: one token, head and sum after the other, in f64.
struct Reference<'a> {
    config: &'a Config,
    parameters: &'a Parameters,
}

impl Reference<'_> {
    fn linear(&self, linear: &Linear, x: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let row = |x: &Vec<f64>| {
            let dot = |(w, b): (&[f32], &f32)| {
                f64::from(*b) + w.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum::<f64>()
            };
            linear.weight.chunks_exact(x.len()).zip(&linear.bias).map(dot).collect()
        };
        x.iter().map(row).collect()
    }

    fn norm(&self, norm: &Norm, x: &mut [Vec<f64>]) {
        for row in x {
            let n = row.len() as f64;
            let mean = row.iter().sum::<f64>() / n;
            let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
            let by = (variance + f64::from(self.config.epsilon)).sqrt();
            for ((x, gain), shift) in row.iter_mut().zip(&norm.weight).zip(&norm.bias) {
                *x = (*x - mean) / by * f64::from(*gain) + f64::from(*shift);
            }
        }
    }

    fn attention(&self, layer: &Layer, x: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let [q, k, v] = [&layer.query, &layer.key, &layer.value].map(|linear| self.linear(linear, x));
        let size = self.config.head_size();
        let row = |q: &Vec<f64>| {
            let mut out = vec![0.0; self.config.hidden];
            for head in 0..self.config.heads {
                let part = head * size..(head + 1) * size;
                let dot = |k: &Vec<f64>| {
                    q[part.clone()].iter().zip(&k[part.clone()]).map(|(q, k)| q * k).sum::<f64>()
                };
                let scores: Vec<f64> = k.iter().map(|k| dot(k) / (size as f64).sqrt()).collect();
                let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let total: f64 = scores.iter().map(|s| (s - most).exp()).sum();
                for (score, v) in scores.iter().zip(&v) {
                    for i in part.clone() {
                        out[i] += (score - most).exp() / total * v[i];
                    }
                }
            }
            out
        };
        q.iter().map(row).collect()
    }

    fn encode(&self, ids: &[u32]) -> Vec<f32> {
        let hidden = self.config.hidden;
        let embed = |(id, place): (&u32, &[f32])| {
            let word = &self.parameters.words[*id as usize * hidden..][..hidden];
            word.iter().zip(place).map(|(w, p)| f64::from(*w) + f64::from(*p)).collect()
        };
        let mut x: Vec<Vec<f64>> =
            ids.iter().zip(self.parameters.places.chunks_exact(hidden)).map(embed).collect();
        self.norm(&self.parameters.norm, &mut x);
        for layer in &self.parameters.layers {
            let attended = self.linear(&layer.attention, &self.attention(layer, &x));
            add(&mut x, &attended);
            self.norm(&layer.attention_norm, &mut x);
            let mut inside = self.linear(&layer.expand, &x);
            inside.iter_mut().flatten().for_each(|x| *x = gelu(*x));
            add(&mut x, &self.linear(&layer.contract, &inside));
            self.norm(&layer.norm, &mut x);
        }
        x.into_iter().flatten().map(|x| x as f32).collect()
    }
}

fn add(x: &mut [Vec<f64>], y: &[Vec<f64>]) {
    for (x, y) in x.iter_mut().flatten().zip(y.iter().flatten()) {
        *x += y;
    }
}

fn gelu(x: f64) -> f64 {
    x * 0.5 * (1.0 + erf(x / 2f64.sqrt()))
}

/// erf by its series near zero, by the continued fraction of erfc beyond.
fn erf(x: f64) -> f64 {
    let a = x.abs();
    let value = if a < 3.0 {
        let (mut term, mut sum) = (a, a);
        for n in 1..100 {
            term *= -a * a / n as f64;
            sum += term / (2 * n + 1) as f64;
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    } else {
        let fraction = (1..60).rev().fold(a, |rest, n| a + n as f64 / 2.0 / rest);
        1.0 - (-a * a).exp() / fraction / std::f64::consts::PI.sqrt()
    };
    value.copysign(x)
}

/// Fails where `found` is further from `expected` than the rounding of the instructions allows: one number, against
/// the largest; all, in relative length.
fn assert_close(instructions: Instructions, found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len());
    let pairs = || found.iter().zip(expected);
    let largest = pairs().map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let squares: f64 = pairs().map(|(a, b)| f64::from(a - b).powi(2)).sum();
    let relative = (squares / expected.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>()).sqrt();
    let size = expected.iter().fold(1.0, |most: f32, x| most.max(x.abs()));
    let limits = if instructions == Instructions::Vnni { (2e-2, 2e-3) } else { (1e-4, 2e-5) };
    assert!(
        largest <= limits.0 * size && relative <= limits.1,
        "{instructions:?}, {what}: largest {largest}, relative {relative}"
    );
}

#[test]
fn all_instructions_agree_with_the_reference() {
    for (hidden, heads, layers) in [(64, 2, 3), (64, 1, 2), (96, 3, 2), (96, 1, 2), (128, 2, 2), (384, 12, 2)]
    {
        let config = config(hidden, heads, layers);
        let parameters = parameters(&config, hidden as u64);
        let lengths = [1, 2, 7, 13, 14, 15, 16, 17, 31, 33, 48, 64, 130];
        let sequences: Vec<Vec<u32>> = lengths.iter().map(|n| ids(*n, *n as u64)).collect();
        let reference = Reference { config: &config, parameters: &parameters };
        let expected: Vec<Vec<f32>> = sequences.iter().map(|ids| reference.encode(ids)).collect();
        let batch: Vec<&[u32]> = sequences.iter().map(|ids| &ids[..]).collect();
        for instructions in Instructions::available() {
            let found = build(instructions, &config, &parameters).encode(&batch).unwrap();
            for ((found, expected), n) in found.iter().zip(&expected).zip(lengths) {
                assert_close(instructions, found, expected, &format!("{hidden}/{heads}, {n} tokens"));
            }
        }
    }
}

/// Wide enough that a sum is cut into blocks; a few numbers of the states twenty times the rest, as trained networks
/// have them.
#[test]
fn wide_networks_with_outliers_agree_with_the_reference() {
    let config = Config { intermediate: 1600, ..config(512, 8, 2) };
    let mut parameters = parameters(&config, 5);
    for layer in &mut parameters.layers {
        layer.norm.weight[7] = 20.0;
        layer.attention_norm.weight[300] = -20.0;
        layer.expand.weight[99] = 3.0;
    }
    let ids = ids(40, 2);
    let expected = Reference { config: &config, parameters: &parameters }.encode(&ids);
    for instructions in Instructions::available() {
        let found = build(instructions, &config, &parameters).encode(&[&ids]).unwrap();
        assert_close(instructions, &found[0], &expected, "outliers");
    }
}

/// What overflows if the factors of the whole numbers are chosen badly: all numbers at the largest, of one sign.
#[test]
fn equal_numbers_do_not_overflow() {
    let config = Config { intermediate: 1536, ..config(64, 2, 1) };
    let mut parameters = parameters(&config, 5);
    let layer = &mut parameters.layers[0];
    layer.expand.weight.fill(0.0);
    layer.expand.bias.fill(3.0);
    layer.contract.weight.fill(0.5);
    layer.contract.weight[..1536].fill(-0.5);
    let expected = Reference { config: &config, parameters: &parameters }.encode(&[1, 2, 3]);
    for instructions in Instructions::available() {
        let found = build(instructions, &config, &parameters).encode(&[&[1, 2, 3]]).unwrap();
        assert_close(instructions, &found[0], &expected, "equal numbers");
    }
}

#[test]
fn the_last_place_is_the_limit() {
    let config = Config { first_position: 2, ..config(64, 2, 1) };
    let parameters = parameters(&config, 3);
    let ids = ids(138, 1);
    let expected = Reference { config: &config, parameters: &parameters }.encode(&ids);
    for instructions in Instructions::available() {
        let encoder = build(instructions, &config, &parameters);
        assert_close(instructions, &encoder.encode(&[&ids]).unwrap()[0], &expected, "all places");
        let found = encoder.encode(&[&[1], &[0; 139]]);
        assert!(matches!(found, Err(ModelError::TooLong { sequence: 1, limit: 138, found: 139 })));
    }
}

#[test]
fn bytes_do_not_depend_on_the_batch() {
    let config = config(96, 3, 2);
    let parameters = parameters(&config, 9);
    let sequences: Vec<Vec<u32>> = (0..60).map(|i| ids(i * 7 % 41, i as u64)).collect();
    for instructions in Instructions::available() {
        let encoder = build(instructions, &config, &parameters);
        let alone = |ids: &Vec<u32>| encoder.encode(&[ids]).unwrap().swap_remove(0);
        let alone: Vec<Vec<f32>> = sequences.iter().map(alone).collect();
        for step in [1, 7, 23] {
            let order: Vec<usize> = (0..60).map(|i| i * step % 60).collect();
            let batch: Vec<&[u32]> = order.iter().map(|i| &sequences[*i][..]).collect();
            let together = encoder.encode(&batch).unwrap();
            for (states, i) in together.iter().zip(order) {
                let (found, expected) = (states.iter(), alone[i].iter());
                let same = found.map(|x| x.to_bits()).eq(expected.map(|x| x.to_bits()));
                assert!(same, "{instructions:?} sequence {i}");
            }
        }
    }
}

#[test]
fn nothing_in_nothing_out() {
    let config = config(64, 2, 1);
    let parameters = parameters(&config, 1);
    for instructions in Instructions::available() {
        let encoder = build(instructions, &config, &parameters);
        assert!(encoder.encode(&[]).unwrap().is_empty());
        let found = encoder.encode(&[&[], &[1, 2], &[]]).unwrap();
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [0, 128, 0]);
    }
}

#[test]
fn ids_without_a_row_are_refused() {
    let config = config(64, 2, 1);
    let parameters = parameters(&config, 1);
    for instructions in Instructions::available() {
        let encoder = build(instructions, &config, &parameters);
        let found = encoder.encode(&[&[49], &[50]]);
        assert!(matches!(found, Err(ModelError::NoRow { sequence: 1, rows: 50, found: 50 })));
        assert!(encoder.encode(&[&[u32::MAX]]).is_err());
    }
}

#[test]
fn networks_that_do_not_fit_are_refused() {
    let fit = config(64, 2, 1);
    let numbers = parameters(&fit, 1);
    for wrong in [
        Config { heads: 3, ..fit.clone() },
        Config { heads: 0, ..fit.clone() },
        Config { heads: 4, ..fit.clone() },
        Config { hidden: 0, ..fit.clone() },
        Config { intermediate: 100, ..fit.clone() },
    ] {
        assert!(!Fused::fits(&wrong));
        let found = Fused::new(&wrong, numbers.clone(), Instructions::Portable);
        assert!(matches!(found, Err(ModelError::NoEncoder { .. })), "{wrong:?}");
    }
    let wrong: [fn(&mut Parameters); 4] = [
        |p| p.layers[0].contract.bias.truncate(63),
        |p| p.layers[0].query.weight.push(0.0),
        |p| p.norm.weight.clear(),
        |p| p.words.truncate(49 * 64),
    ];
    for wrong in wrong {
        let mut numbers = numbers.clone();
        wrong(&mut numbers);
        let found = Fused::new(&fit, numbers, Instructions::Portable);
        assert!(matches!(found, Err(ModelError::Shape { .. })));
    }
}

#[test]
fn what_is_not_a_number_is_an_error() {
    let config = config(64, 2, 2);
    let places: [fn(&mut Parameters) -> &mut f32; 8] = [
        |p| &mut p.words[1],
        |p| &mut p.places[65],
        |p| &mut p.layers[0].query.weight[5],
        |p| &mut p.layers[1].value.weight[5],
        |p| &mut p.layers[1].attention.bias[5],
        |p| &mut p.layers[0].expand.weight[5],
        |p| &mut p.layers[1].contract.weight[5],
        |p| &mut p.layers[1].norm.weight[5],
    ];
    for (i, place) in places.iter().enumerate() {
        for bad in [f32::NAN, f32::INFINITY] {
            let mut parameters = parameters(&config, 1);
            *place(&mut parameters) = bad;
            for instructions in Instructions::available() {
                let found = build(instructions, &config, &parameters).encode(&[&[], &[0, 1, 2, 3, 0, 1]]);
                let refused = matches!(found, Err(ModelError::NotFinite { sequence: 1 }));
                assert!(refused, "{instructions:?}, place {i}, {bad}");
            }
        }
    }
}
