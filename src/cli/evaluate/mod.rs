//! `laennec evaluate assertion|mentions`: precision, recall and F1 against marked files.

mod ablation;
mod errors;
pub(super) mod gold;
mod mentions;
mod require;
mod tables;

use super::advice::{Advice, Ask};
use super::{Failed, MOST_THREADS, Outcome, Result, load_engine, on_threads, print};
use crate::evaluate::{Calibration, Found, GoldDocument, Judged, Measure, Resampling, Tally, pair, read_all};
use crate::pipeline::Engine;
use clap::Subcommand;
use require::Requirement;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Shown under the options.
const EXAMPLES: &str = "\
Gold files:
  .jsonl  the lines of `qualify`, each entity with its truth: `assertion`, `experiencer`,
          `temporality`, `fetus_index`, `conclusion` (a value, or a list of accepted ones), or
          the booleans `negated`, `hypothetical`, `historical`, `family`; also `phenomenon`,
          `register`, `set`, `type`, and `outcome` for --calibration
  .jsonl  the E3C corpus (`doc_id`, `polarity`, `contextualModality`), reported by type
  .toml   cases beside a lexicon of cues

An attribute without truth is not scored; a value is right when it is accepted. Doubt is
possible, hypothetical or not assessed. A figure that is not defined is shown as –.
Intervals are percentiles over documents drawn with replacement. See docs/evaluation.md.

Examples:
  laennec evaluate assertion gold.jsonl
  laennec evaluate assertion lexicons/context/cases.toml --set held --by register
  laennec evaluate assertion gold.jsonl --errors negation
  laennec evaluate assertion gold.jsonl --ablation
  laennec evaluate assertion gold.jsonl --require negation=0.90,all=0.85 --json";

/// Measure what is read against what people marked.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Assertion, experiencer and temporality of marked spans.
    #[command(after_help = EXAMPLES)]
    Assertion(Options),
    /// Which mentions are found: exact and overlapping spans, subgroups.
    #[command(after_help = mentions::EXAMPLES)]
    Mentions(mentions::Options),
}

/// What splits the mentions into groups.
#[derive(Clone, Copy, clap::ValueEnum)]
enum By {
    Phenomenon,
    Register,
    Set,
    Type,
    #[value(name = "document_type")]
    DocumentType,
}

impl By {
    fn as_str(self) -> &'static str {
        match self {
            By::Phenomenon => "phenomenon",
            By::Register => "register",
            By::Set => "set",
            By::Type => "type",
            By::DocumentType => "document_type",
        }
    }
}

#[derive(clap::Args)]
struct Options {
    /// Files of marked documents.
    #[arg(required = true)]
    gold: Vec<String>,
    /// Only the mentions of this set.
    #[arg(long)]
    set: Option<String>,
    /// What splits the mentions into groups.
    #[arg(long, value_enum, default_value = "phenomenon")]
    by: By,
    /// List the errors, of one attribute or of all: prints the marked text.
    #[arg(long, value_name = "ATTRIBUTE", num_args = 0..=1, default_missing_value = "all", value_parser = measure)]
    errors: Option<Measure>,
    /// Compare the stated certainty with what was really present.
    #[arg(long)]
    calibration: bool,
    /// Score the engine without each mechanism of the reading of context in turn.
    #[arg(long)]
    ablation: bool,
    /// Fail below these figures (F1 or accuracy), in every part: `negation=0.90,all=0.85`.
    #[arg(long, value_name = "NAME=LEAST", value_delimiter = ',', value_parser = require::parse)]
    require: Vec<Requirement>,
    #[command(flatten)]
    intervals: Intervals,
    /// One JSON object.
    #[arg(long)]
    json: bool,
    /// Add a lexicon folder; one with the id of a shipped lexicon takes its place.
    #[arg(long, value_name = "DIR")]
    lexicon: Vec<PathBuf>,
    #[command(flatten)]
    advice: Advice,
    /// Number of threads; 0 for one per core.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=MOST_THREADS))]
    threads: u16,
}

/// How intervals are made.
#[derive(clap::Args)]
struct Intervals {
    /// Share of the resamples between the ends of an interval.
    #[arg(long, default_value_t = 0.95, value_parser = level)]
    level: f64,
    /// Number of resamples.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    resamples: u32,
    /// Seed of the resampling.
    #[arg(long, default_value_t = 20_261_123)]
    seed: u64,
}

impl Intervals {
    fn resampling(&self) -> Resampling {
        Resampling { resamples: self.resamples, seed: self.seed, level: self.level }
    }
}

fn measure(name: &str) -> std::result::Result<Measure, String> {
    let known: Vec<&str> = Measure::EACH.iter().map(|m| m.as_str()).collect();
    Measure::parse(name).ok_or_else(|| format!("one of {}", known.join(", ")))
}

fn level(text: &str) -> std::result::Result<f64, String> {
    let level = text.parse().ok().filter(|level| *level > 0.0 && *level < 1.0);
    level.ok_or_else(|| "a share between 0 and 1, for instance 0.95".into())
}

/// Everything that is reported.
struct Report<'g> {
    gold: &'g [GoldDocument],
    judged: Vec<Judged<'g>>,
    resampling: Resampling,
    parts: Vec<Part>,
    by: By,
    groups: Vec<Group>,
    /// Outer `None`: not asked for; inner: of no mention is it known whether the finding was present.
    calibration: Option<Option<Calibration>>,
    /// `None`: not asked for.
    ablation: Option<Vec<ablation::Ablated>>,
}

/// Mentions reported apart, with the replicates of their tally.
struct Part {
    name: String,
    tally: Tally,
    replicates: Vec<Tally>,
}

/// The mentions of one phenomenon, register, … of a part.
struct Group {
    part: String,
    name: String,
    tally: Tally,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let options = match &arguments.command {
        Command::Assertion(options) => options,
        Command::Mentions(options) => return mentions::run(options),
    };
    let gold = gold::read(&options.gold, options.set.as_deref())?;
    let engine = options.advice.of(load_engine(&options.lexicon)?, Ask::Always)?;
    on_threads(options.threads, || {
        let found = read(&engine, &gold)?;
        evaluate(&engine, &gold, &found, options)
    })?
}

/// What an engine reads of every marked span.
fn read(engine: &Engine, gold: &[GoldDocument]) -> Result<Vec<Vec<Found>>> {
    read_all(gold, |document, spans| {
        let read = engine.qualify_guarded(document, spans).map_err(Failed::new)?.into_iter();
        Ok(read.map(|q| Found { reading: q.reading, conclusion: q.conclusion }).collect())
    })
}

fn evaluate(engine: &Engine, gold: &[GoldDocument], found: &[Vec<Found>], options: &Options) -> Result {
    let mut report = report(gold, found, options);
    report.ablation = options.ablation.then(|| ablation::measure(gold, options)).transpose()?;
    let errors = options.errors.map(|measure| errors::find(engine, &report, measure));
    if options.json {
        print(as_json(&report, options, errors))?;
    } else {
        tables::show(&report, errors.as_deref())?;
    }
    require::check(&options.require, &report.parts)?;
    Ok(Outcome::Done)
}

fn report<'g>(gold: &'g [GoldDocument], found: &'g [Vec<Found>], options: &Options) -> Report<'g> {
    let judged = pair(gold, found);
    let resampling = options.intervals.resampling();
    let part = |(name, judged): (String, Vec<Judged>)| Part {
        name,
        tally: Tally::of(&judged),
        replicates: resampling.replicates(&Tally::by_document(&judged)),
    };
    Report {
        gold,
        resampling,
        parts: by_part(&judged).into_iter().map(part).collect(),
        by: options.by,
        groups: groups(gold, &judged, options.by),
        calibration: options.calibration.then(|| Calibration::of(&judged)),
        ablation: None,
        judged,
    }
}

/// The mentions of each part; those of no part are of the part `all`.
fn by_part<'g>(judged: &[Judged<'g>]) -> BTreeMap<String, Vec<Judged<'g>>> {
    split(judged, |one| Some(one.mention.part.clone().unwrap_or_else(|| "all".into())))
}

/// The mentions by a key, in the order of the keys; those without key are left out.
fn split<'g>(
    judged: &[Judged<'g>],
    key: impl Fn(&Judged<'g>) -> Option<String>,
) -> BTreeMap<String, Vec<Judged<'g>>> {
    let mut split: BTreeMap<String, Vec<Judged>> = BTreeMap::new();
    for one in judged {
        if let Some(key) = key(one) {
            split.entry(key).or_default().push(*one);
        }
    }
    split
}

fn groups(gold: &[GoldDocument], judged: &[Judged], by: By) -> Vec<Group> {
    let key = |one: &Judged| match by {
        By::Phenomenon => one.mention.phenomenon.clone(),
        By::Register => one.mention.register.clone(),
        By::Set => one.mention.set.clone(),
        By::Type => one.mention.kind.clone(),
        By::DocumentType => gold[one.document].document.document_type.clone(),
    };
    let of_part = |(part, judged): (String, Vec<Judged>)| {
        let groups = split(&judged, key).into_iter();
        groups
            .map(|(name, judged)| Group { part: part.clone(), name, tally: Tally::of(&judged) })
            .collect::<Vec<_>>()
    };
    by_part(judged).into_iter().flat_map(of_part).collect()
}

fn as_json(report: &Report, options: &Options, errors: Option<Vec<errors::Error>>) -> Value {
    let mut object = json!({
        "files": options.gold,
        "documents": report.gold.len(),
        "mentions": report.judged.len(),
        "set": options.set,
        "level": options.intervals.level,
        "resamples": options.intervals.resamples,
        "seed": options.intervals.seed,
        "parts": report.parts.iter().map(|part| part_json(report, part)).collect::<Vec<_>>(),
        "by": report.by.as_str(),
        "groups": report.groups.iter().map(group_json).collect::<Vec<_>>(),
    });
    if let Some(calibration) = &report.calibration {
        object["calibration"] = calibration.as_ref().map_or(Value::Null, calibration_json);
    }
    if let Some(ablated) = &report.ablation {
        object["ablation"] = ablation::json(&report.parts, ablated);
    }
    if let Some(errors) = errors {
        object["errors"] = errors.iter().map(errors::Error::json).collect();
    }
    object
}

fn part_json(report: &Report, part: &Part) -> Value {
    let mut measures = serde_json::Map::new();
    for measure in scored(&part.tally) {
        let figure = |of: fn(&crate::evaluate::Counts) -> Option<f64>| {
            let interval = report.resampling.interval(&part.replicates, |t| of(&t.counts(measure)));
            let value = of(&part.tally.counts(measure));
            json!({"value": value, "low": interval.map(|i| i.low), "high": interval.map(|i| i.high)})
        };
        let mut fields = counts_json(measure, &part.tally);
        if measure.is_binary() {
            fields["precision"] = figure(|c| c.precision());
            fields["recall"] = figure(|c| c.recall());
            fields["f1"] = figure(|c| c.f1());
        } else {
            fields["accuracy"] = figure(|c| c.accuracy());
        }
        measures.insert(measure.as_str().into(), fields);
    }
    json!({"part": part.name, "measures": measures})
}

fn counts_json(measure: Measure, tally: &Tally) -> Value {
    let c = tally.counts(measure);
    match measure.is_binary() {
        true => {
            json!({"n": c.n(), "support": c.support(), "tp": c.tp, "fp": c.fp, "fn": c.fn_, "tn": c.tn})
        }
        false => json!({"n": c.n(), "right": c.tp}),
    }
}

/// The measures that at least one truth speaks of.
fn scored(tally: &Tally) -> impl Iterator<Item = Measure> + '_ {
    Measure::EACH.into_iter().filter(|m| tally.counts(*m).n() > 0)
}

fn group_json(group: &Group) -> Value {
    let mut measures = serde_json::Map::new();
    for measure in scored(&group.tally) {
        let mut fields = counts_json(measure, &group.tally);
        let name = if measure.is_binary() { "f1" } else { "accuracy" };
        fields[name] = json!(measure.value(group.tally.counts(measure)));
        measures.insert(measure.as_str().into(), fields);
    }
    json!({"part": group.part, "group": group.name, "measures": measures})
}

fn calibration_json(found: &Calibration) -> Value {
    let bucket = |b: &crate::evaluate::Bucket| json!({"low": b.low, "n": b.n, "predicted": b.predicted, "present": b.present});
    json!({"n": found.n, "brier": found.brier, "expected_calibration_error": found.expected_error,
        "buckets": found.buckets.iter().map(bucket).collect::<Vec<_>>()})
}
