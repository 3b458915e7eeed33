//! `laennec model list|check|show|bench`: the transformers that ship, and a site's own.

use super::progress::table;
use super::{Failed, Outcome, Result, on_threads, print};
use crate::model::{ENCODERS, Manifest, Model, ModelFiles, find, shipped};
use clap::Subcommand;
use rustix::time::{ClockId, clock_gettime};

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  laennec model list                        the models inside the program
  laennec model check my-camembert-bio      hashes, names, shapes, numbers, tokenizer and labels of a folder
  laennec model show my-camembert-bio       what it says of itself: origin, training, labels, measured figures
  laennec model bench --encoder candle      tokens a second of one core

A model is a shipped name, or a folder with config.json, tokenizer.json and model.safetensors as Hugging Face saves a
BERT, CamemBERT or XLM-RoBERTa (a token classifier needs labels O, B-kind, I-kind), with or without our manifest.toml.";

/// List, check, show and measure transformers.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the models inside the program, with version, licence and size.
    List,
    /// Check the files of models: which file, what was expected, what was found, what to do.
    Check {
        /// Shipped names or folders; default: all that ship.
        #[arg(value_name = "NAME|DIR")]
        models: Vec<String>,
    },
    /// Show what a model says of itself.
    Show {
        /// Shipped name or folder.
        #[arg(value_name = "NAME|DIR")]
        model: String,
    },
    /// Measure the speed of one core, and check that the same input gives the same bytes.
    Bench {
        /// Shipped name or folder; default: the first that ships.
        #[arg(value_name = "NAME|DIR")]
        model: Option<String>,
        /// Tokens of a sequence.
        #[arg(long, default_value_t = 48, value_parser = clap::value_parser!(u16).range(1..))]
        length: u16,
        /// Sequences of a pass.
        #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
        sequences: u16,
        /// Implementation of the network; default: the fastest for this processor.
        #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(ENCODERS))]
        encoder: Option<String>,
    },
}

pub(super) fn run(arguments: &Arguments) -> Result {
    match &arguments.command {
        Command::List => list(),
        Command::Check { models } => check(models),
        Command::Show { model } => show(model),
        Command::Bench { model, length, sequences, encoder } => {
            let model = load(&model_or_first(model.as_deref())?, encoder.as_deref())?;
            bench(&model, usize::from(*length), usize::from(*sequences))
        }
    }
}

fn load(files: &ModelFiles, encoder: Option<&str>) -> Result<Model> {
    Model::from_files(files, encoder).map_err(Failed::new)
}

const NONE_SHIPPED: &str = "no model ships with this program; name a folder";

fn model_or_first(model: Option<&str>) -> Result<ModelFiles> {
    match model {
        Some(model) => find(model).map_err(Failed::new),
        None => shipped().into_iter().next().ok_or_else(|| Failed(NONE_SHIPPED.into())),
    }
}

fn list() -> Result {
    let models = shipped();
    if models.is_empty() {
        print(NONE_SHIPPED)?;
        return Ok(Outcome::Done);
    }
    let mut out = table(&["model", "version", "licence", "MB", "layers × hidden", "heads"]);
    for files in models {
        let model = load(&files, None)?;
        let text =
            |of: fn(&Manifest) -> &String| model.manifest().map_or("-", |m| of(m).as_str()).to_string();
        let size = format!("{:.1}", files.size() as f64 / 1e6);
        let shape = format!("{} × {}", model.config().layers, model.config().hidden);
        out.add_row([
            text(|m| &m.id),
            text(|m| &m.version),
            text(|m| &m.licence),
            size,
            shape,
            heads(&model),
        ]);
    }
    print(out)?;
    Ok(Outcome::Done)
}

fn check(models: &[String]) -> Result {
    let found = match models {
        [] => shipped(),
        named => named.iter().map(|m| find(m)).collect::<std::result::Result<_, _>>().map_err(Failed::new)?,
    };
    if found.is_empty() {
        return Err(Failed(NONE_SHIPPED.into()));
    }
    for files in &found {
        let model = load(files, None)?;
        probe(&model)?;
        let hashes = match model.manifest() {
            Some(manifest) => format!("{} hashes as stated", manifest.files.len()),
            None => "no manifest.toml, so no hash is stated and none was compared".to_string(),
        };
        print(format!("{}: {}, {hashes}: no problem", model.id_and_hash(), summary(&model)))?;
    }
    Ok(Outcome::Done)
}

/// Runs the longest sequence there may be: finite weights do not promise finite answers.
fn probe(model: &Model) -> Result<()> {
    let ids = sequences(model, 1, model.max_length());
    model.encoder().encode(&[&ids[0]]).map_err(Failed::new)?;
    Ok(())
}

fn summary(model: &Model) -> String {
    let config = model.config();
    format!(
        "{}, {} layers × {}, {} pieces, at most {} tokens, heads {}",
        config.architecture.as_str(),
        config.layers,
        config.hidden,
        model.tokenizer().len(),
        model.max_length(),
        heads(model)
    )
}

fn heads(model: &Model) -> String {
    let sizes: Vec<String> =
        model.heads().sizes().iter().map(|(name, size)| format!("{name} {size}")).collect();
    if sizes.is_empty() { "none".into() } else { sizes.join(", ") }
}

fn show(model: &str) -> Result {
    let files = find(model).map_err(Failed::new)?;
    let model = load(&files, None)?;
    print(model.id_and_hash())?;
    print(format!("  network    {}", summary(&model)))?;
    print(format!("  size       {:.1} MB", files.size() as f64 / 1e6))?;
    print(format!("  encoder    {}", model.encoder().name()))?;
    match model.manifest() {
        Some(manifest) => show_manifest(manifest)?,
        None => print("  manifest   none: origin, licence and training are not stated")?,
    }
    let heads = model.heads();
    for head in
        [&heads.assertion, &heads.experiencer, &heads.temporality, &heads.mention].into_iter().flatten()
    {
        print(format!("  {:<11}{}", head.name, head.labels.join(", ")))?;
    }
    Ok(Outcome::Done)
}

fn show_manifest(manifest: &Manifest) -> Result<()> {
    print(format!("  title      {}", manifest.title))?;
    print(format!("  licence    {}", manifest.licence))?;
    print(format!("  origin     {}", manifest.origin))?;
    for source in &manifest.trained_on {
        print(format!("  trained on {source}"))?;
    }
    for measured in &manifest.measured {
        print(format!(
            "  measured   {}: {} ({}, {})",
            measured.what, measured.figure, measured.place, measured.date
        ))?;
    }
    for (name, number) in &manifest.calibration {
        print(format!("  calibrated {name} = {number}"))?;
    }
    for (name, stated) in &manifest.files {
        print(format!("  file       {name}, {} bytes, sha256 {}", stated.bytes, stated.sha256))?;
    }
    Ok(())
}

/// Passes measured after the first, which warms caches and gives the bytes to compare with.
const PASSES: usize = 7;

fn bench(model: &Model, length: usize, count: usize) -> Result {
    if length > model.max_length() {
        return Err(Failed(format!(
            "--length {length}: expected at most {} (the model's)",
            model.max_length()
        )));
    }
    let ids = sequences(model, count, length);
    let batch: Vec<&[u32]> = ids.iter().map(Vec::as_slice).collect();
    let mut seconds = on_threads(1, || measure(model, &batch))??;
    seconds.sort_by(f64::total_cmp);
    let rate = |seconds: f64| (length * count) as f64 / seconds;
    let (median, slowest, fastest) = (seconds[PASSES / 2], seconds[PASSES - 1], seconds[0]);
    print(format!(
        "{} on {}: {count} sequences of {length} tokens, {PASSES} passes: {:.0} tokens a CPU-second (lowest {:.0}, \
         highest {:.0}); all finite, all passes the same to the byte",
        model.id_and_hash(),
        model.encoder().name(),
        rate(median),
        rate(slowest),
        rate(fastest),
    ))?;
    Ok(Outcome::Done)
}

/// Processor seconds of this thread, a pass each.
fn measure(model: &Model, batch: &[&[u32]]) -> Result<Vec<f64>> {
    let first = model.encoder().encode(batch).map_err(Failed::new)?;
    let pass = |number: usize| {
        let start = processor_seconds();
        let states = model.encoder().encode(batch).map_err(Failed::new)?;
        let seconds = processor_seconds() - start;
        let is_same =
            |(a, b): (&Vec<f32>, &Vec<f32>)| a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()));
        if first.iter().zip(&states).all(is_same) {
            Ok(seconds)
        } else {
            Err(Failed(format!(
                "pass {number} gave other bytes than the first: a fault of the encoder, report it"
            )))
        }
    };
    (1..=PASSES).map(pass).collect()
}

fn processor_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Sequences of ids spread over the vocabulary, between begin and end, always the same.
fn sequences(model: &Model, count: usize, length: usize) -> Vec<Vec<u32>> {
    let pieces = model.tokenizer().len() as u64;
    let id = |i: u64| (i.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1) >> 33) % pieces;
    let sequence = |s: usize| {
        let mut ids: Vec<u32> = (0..length).map(|t| id((s * length + t) as u64 + 1) as u32).collect();
        ids[0] = model.tokenizer().bos;
        ids[length - 1] = model.tokenizer().eos;
        ids
    };
    (0..count).map(sequence).collect()
}
