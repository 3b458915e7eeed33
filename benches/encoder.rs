//! Speed of the encoders: 64 sequences of 48 tokens on one thread, random weights, tokens per CPU-second.
//!
//! `cargo bench --bench encoder` prints a table of this program's encoders, after a check that they agree.
//! `--serve` answers `name shape seconds` on standard input instead, for `encoder/compare.py`.

use laennec::model::{Architecture, Config, Encoder, Fused, Instructions, Layer, Linear, Norm, Parameters};
use std::io::{BufRead, Write};

const SHAPES: [(&str, [usize; 4]); 3] =
    [("4x256", [4, 256, 8, 1024]), ("6x384", [6, 384, 12, 1536]), ("12x768", [12, 768, 12, 3072])];
const SEQUENCES: u32 = 64;
const TOKENS: u32 = 48;

/// What may go wrong, and may cross threads.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let served = std::env::args().any(|a| a == "--serve");
    pool.install(|| if served { serve() } else { table() })
}

fn table() -> Result<(), Failure> {
    for (shape, sizes) in SHAPES {
        for instructions in Instructions::available() {
            let encoder = encoder(instructions, sizes)?;
            check(&encoder, sizes)?;
            println!("{shape}\t{}\t{:.0}", encoder.name(), measure(&encoder, 1.5)?);
        }
    }
    Ok(())
}

fn serve() -> Result<(), Failure> {
    let mut encoders = Vec::new();
    for (shape, sizes) in SHAPES {
        for instructions in Instructions::available() {
            encoders.push((shape, encoder(instructions, sizes)?));
        }
    }
    let names: Vec<&str> = Instructions::available().iter().map(|i| i.name()).collect();
    answer(&format!("ready {}", names.join(" ")))?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let parts: Vec<&str> = line.split_whitespace().collect();
        let [name, shape, seconds] = parts[..] else { return Err("expected: name shape seconds".into()) };
        let asked = encoders.iter().find(|(s, e)| *s == shape && e.name() == name);
        let (_, encoder) = asked.ok_or("no such encoder")?;
        answer(&format!("{:.1}", measure(encoder, seconds.parse()?)?))?;
    }
    Ok(())
}

fn answer(line: &str) -> std::io::Result<()> {
    println!("{line}");
    std::io::stdout().flush()
}

/// Tokens per CPU-second over at least `seconds`, after one round to warm up.
fn measure(encoder: &Fused, seconds: f64) -> Result<f64, Failure> {
    let sequences = sequences();
    let batch: Vec<&[u32]> = sequences.iter().map(|ids| &ids[..]).collect();
    encoder.encode(&batch)?;
    let (start, mut rounds) = (cpu_seconds(), 0);
    loop {
        std::hint::black_box(encoder.encode(&batch)?);
        rounds += 1;
        let spent = cpu_seconds() - start;
        if spent >= seconds {
            return Ok(f64::from(rounds * SEQUENCES * TOKENS) / spent);
        }
    }
}

/// Refuses an encoder whose answer is not that of plain Rust, within a hundredth of its length.
fn check(encoder: &Fused, sizes: [usize; 4]) -> Result<(), Failure> {
    let sequences = sequences();
    let found = encoder.encode(&[&sequences[0]])?.swap_remove(0);
    let plain = self::encoder(Instructions::Portable, sizes)?.encode(&[&sequences[0]])?.swap_remove(0);
    let squares: f32 = found.iter().zip(&plain).map(|(a, b)| (a - b).powi(2)).sum();
    let relative = (squares / plain.iter().map(|x| x * x).sum::<f32>()).sqrt();
    println!("\t{}\trelative difference from plain Rust {relative:.1e}", encoder.name());
    if relative < 1e-2 { Ok(()) } else { Err(format!("{} is wrong: {relative}", encoder.name()).into()) }
}

fn sequences() -> Vec<Vec<u32>> {
    (0..SEQUENCES).map(|i| (0..TOKENS).map(|j| (i * 37 + j * 11) % 1000).collect()).collect()
}

/// The processor's time for this process, all threads.
fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn encoder(
    instructions: Instructions,
    [layers, hidden, heads, intermediate]: [usize; 4],
) -> Result<Fused, laennec::model::ModelError> {
    let config = Config {
        architecture: Architecture::Bert,
        hidden,
        layers,
        heads,
        intermediate,
        vocabulary: 1000,
        positions: 512,
        types: 2,
        epsilon: 1e-12,
        first_position: 0,
        labels: Vec::new(),
    };
    let mut numbers = Numbers(1);
    let parameters = Parameters {
        words: numbers.take(1000 * hidden, 0.07),
        places: numbers.take(512 * hidden, 0.07),
        norm: numbers.norm(hidden),
        layers: (0..layers).map(|_| numbers.layer(hidden, intermediate)).collect(),
    };
    Fused::new(&config, parameters, instructions)
}

/// Random weights of the size that BERT is started with.
struct Numbers(u64);

impl Numbers {
    fn take(&mut self, count: usize, size: f32) -> Vec<f32> {
        let mut next = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((self.0 >> 40) as f32 / 16_777_216.0 - 0.5) * size
        };
        (0..count).map(|_| next()).collect()
    }

    fn norm(&mut self, hidden: usize) -> Norm {
        Norm { weight: vec![1.0; hidden], bias: self.take(hidden, 0.1) }
    }

    fn linear(&mut self, inputs: usize, outputs: usize) -> Linear {
        Linear { weight: self.take(inputs * outputs, 0.07), bias: self.take(outputs, 0.1), inputs }
    }

    fn layer(&mut self, hidden: usize, intermediate: usize) -> Layer {
        Layer {
            query: self.linear(hidden, hidden),
            key: self.linear(hidden, hidden),
            value: self.linear(hidden, hidden),
            attention: self.linear(hidden, hidden),
            attention_norm: self.norm(hidden),
            expand: self.linear(hidden, intermediate),
            contract: self.linear(intermediate, hidden),
            norm: self.norm(hidden),
        }
    }
}
