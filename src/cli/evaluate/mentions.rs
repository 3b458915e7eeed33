//! `laennec evaluate mentions`: which mentions are found, against marked files.

use super::super::advice::{Advice, Ask};
use super::super::progress::table;
use super::super::{Failed, MOST_THREADS, Outcome, Result, folders, on_threads, print};
use super::Intervals;
use super::ablation::compared;
use super::gold::read_objects;
use crate::evaluate::{Counts, FoundSpan, MentionTally, MentionsGold, flat, read_mentions};
use crate::event::CodedEvent;
use crate::lexicon::{Lexicons, Mechanism, Mechanisms};
use crate::mention::Mention;
use crate::pipeline::Engine;
use crate::span::{CodePoints, Span};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Gold files are JSON lines with `text` and either
  mentions  [{\"text\", \"nth\", \"subgroup\"}]: the nth place of some words, and the subgroup or concept it names
  entities  [{\"start\", \"end\", \"type\"}]: those of one type count, as in the E3C corpus

Exact: the same first and last character. Overlapping: a character in common, each mention paired once.
Subgroup: of the overlapping pairs whose subgroup is marked, those that are coded with it.

Examples:
  laennec evaluate mentions e3c.jsonl --type CLINENTITY --lexicon hpo-fr --model always
  laennec evaluate mentions malformations.jsonl --coded --model off";

#[derive(clap::Args)]
pub(super) struct Options {
    /// Files of marked documents.
    #[arg(required = true)]
    gold: Vec<String>,
    /// The type of the entities that count.
    #[arg(long = "type", value_name = "TYPE", default_value = "CLINENTITY")]
    kind: String,
    /// Count only what is coded to a subgroup: findings without one are no malformations.
    #[arg(long)]
    coded: bool,
    /// Of mentions that overlap, count only the longest: for gold without nested mentions, several lexicons.
    #[arg(long)]
    flat: bool,
    /// Measure too which concept each marked span is given, where its `cui` is the UMLS code of a concept.
    #[arg(long)]
    link: bool,
    /// Leave a mechanism of matching out.
    #[arg(long, value_name = "MECHANISM", value_parser = Mechanism::parse)]
    without: Vec<Mechanism>,
    /// What each mechanism brings: the figures without it.
    #[arg(long)]
    ablation: bool,
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

/// Name and counts of one way to pair.
type Row = (&'static str, fn(&MentionTally) -> Counts);

const ROWS: [Row; 2] = [("exact", |t| t.exact), ("overlapping", |t| t.overlap)];

pub(super) fn run(options: &Options) -> Result {
    let mut gold = Vec::new();
    for path in &options.gold {
        let read = |object: &_, document| read_mentions(object, document, &options.kind);
        gold.extend(read_objects(path, read).map_err(Failed)?);
    }
    let without = options.without.iter().fold(Mechanisms::default(), |set, m| set.with(*m));
    on_threads(options.threads, || {
        let tallies = tallies(&engine(options, without)?, &gold, options)?;
        show(&tallies, options)?;
        if options.ablation {
            ablate(&tallies, &gold, options, without)?;
        }
        Ok(Outcome::Done)
    })?
}

fn engine(options: &Options, without: Mechanisms) -> Result<Engine> {
    let lexicons = Lexicons::without(&folders(&options.lexicon)?, without).map_err(Failed::new)?;
    options.advice.of(Engine::new(lexicons).map_err(Failed)?, Ask::Always)
}

/// The figures of the engine without each mechanism, beside those with all.
fn ablate(
    full: &[MentionTally],
    gold: &[MentionsGold],
    options: &Options,
    without: Mechanisms,
) -> Result<()> {
    let sum = |tallies: &[MentionTally]| {
        let mut sum = MentionTally::default();
        tallies.iter().for_each(|tally| sum += tally);
        sum
    };
    let full = sum(full);
    let mut out =
        table(&["without", "exact F1", "overlapping P", "overlapping R", "overlapping F1", "subgroup"]);
    for mechanism in Mechanism::ALL {
        let less = sum(&tallies(&engine(options, without.with(mechanism))?, gold, options)?);
        let figures: [fn(&MentionTally) -> Option<f64>; 5] = [
            |t| t.exact.f1(),
            |t| t.overlap.precision(),
            |t| t.overlap.recall(),
            |t| t.overlap.f1(),
            |t| t.subgroup.recall(),
        ];
        let cells = figures.map(|of| compared(of(&less), of(&full)));
        out.add_row([mechanism.name().to_string()].into_iter().chain(cells));
    }
    print(format!("\n{out}"))
}

fn tallies(engine: &Engine, gold: &[MentionsGold], options: &Options) -> Result<Vec<MentionTally>> {
    let mut carried: FxHashMap<String, FxHashSet<String>> = FxHashMap::default();
    for concept in engine.lexicons().concepts.concepts.iter().filter(|_| options.link) {
        for code in codes(&concept.codings) {
            carried.entry(code).or_default().extend(codes(&concept.codings));
        }
    }
    let found = engine.annotate_batch(gold.iter().map(|g| &g.document).collect::<Vec<_>>());
    let tally = |(gold, events): (&MentionsGold, std::result::Result<Vec<CodedEvent>, _>)| {
        let events: Vec<CodedEvent> =
            events.map_err(|failure: crate::pipeline::Failure| Failed::new(failure))?;
        let points = CodePoints::new(&gold.document.text);
        let counted = events.iter().filter(|e| !options.coded || !e.subgroups.is_empty());
        let mut spans: Vec<FoundSpan> = counted.filter_map(|event| found_span(event, &points)).collect();
        // Two concepts of one span are one mention.
        spans.dedup_by(|b, a| {
            a.span == b.span && {
                a.names.append(&mut b.names);
                true
            }
        });
        if options.flat {
            spans = flat(spans);
        }
        let mut tally = MentionTally::of(gold, &spans);
        if options.link {
            tally.link = links(engine, &carried, gold);
        }
        Ok(tally)
    };
    gold.iter().zip(found).map(tally).collect()
}

/// Which marked spans are given a concept of their code: the concepts of the longest mention in the span's own words.
/// `carried` has for each code those of the concepts that carry it: a code of one system stands for its references.
fn links(engine: &Engine, carried: &FxHashMap<String, FxHashSet<String>>, gold: &MentionsGold) -> Counts {
    let mut counts = Counts::default();
    let concepts = &engine.lexicons().concepts.concepts;
    let asked = gold.mentions.iter().filter_map(|(span, code)| Some((span, code.as_ref()?)));
    for (span, code) in asked.filter(|(_, code)| carried.contains_key(*code)) {
        let mentions = engine.mentions(span.slice(&gold.document.text));
        let length = |m: &Mention| m.span.end - m.span.start;
        let longest = mentions.iter().map(|(m, _)| length(m)).max();
        let best = mentions.iter().filter(|(m, _)| Some(length(m)) == longest).filter_map(|(m, _)| m.concept);
        let is_right = |found: String| carried.get(&found).is_some_and(|codes| codes.contains(code));
        match best.flat_map(|c| codes(&concepts[c as usize].codings)).any(is_right) {
            true => counts.tp += 1,
            false => counts.fn_ += 1,
        }
    }
    counts
}

fn codes(codings: &[(String, String)]) -> impl Iterator<Item = String> + '_ {
    codings.iter().map(|(system, code)| format!("{system}:{code}"))
}

fn found_span(event: &CodedEvent, points: &CodePoints) -> Option<FoundSpan> {
    let span = Span::new(points.to_byte(event.start)?, points.to_byte(event.end)?);
    let codes = event.codings.iter().map(|coding| format!("{}:{}", coding.system, coding.code));
    Some(FoundSpan {
        span,
        names: event.subgroups.iter().chain([&event.concept]).cloned().chain(codes).collect(),
    })
}

fn show(tallies: &[MentionTally], options: &Options) -> Result {
    let resampling = options.intervals.resampling();
    let replicates = resampling.replicates(tallies);
    let mut sum = MentionTally::default();
    tallies.iter().for_each(|tally| sum += tally);
    let figure = |of: &dyn Fn(&MentionTally) -> Option<f64>| {
        let interval = resampling.interval(&replicates, of);
        (of(&sum), interval.map(|i| i.low), interval.map(|i| i.high))
    };
    if options.json {
        return print(as_json(&sum, tallies.len(), figure)).map(|()| Outcome::Done);
    }
    let text = |(value, low, high): (Option<f64>, Option<f64>, Option<f64>)| match (value, low, high) {
        (Some(value), Some(low), Some(high)) => format!("{value:.3} [{low:.3}–{high:.3}]"),
        _ => "–".to_string(),
    };
    let mut out = table(&["mentions", "tp", "fp", "fn", "precision", "recall", "F1"]);
    for (name, of) in ROWS {
        let c = of(&sum);
        let counts = [c.tp, c.fp, c.fn_].map(|n| n.to_string());
        let figures = [figure(&|t| of(t).precision()), figure(&|t| of(t).recall()), figure(&|t| of(t).f1())];
        out.add_row([name.to_string()].into_iter().chain(counts).chain(figures.map(text)));
    }
    print(format!("{} documents, {} marked mentions\n{out}", tallies.len(), sum.exact.support()))?;
    if sum.subgroup.n() > 0 {
        let right = figure(&|t| t.subgroup.recall());
        print(format!(
            "subgroup or code right: {} of {}, {}",
            sum.subgroup.tp,
            sum.subgroup.n(),
            text(right)
        ))?;
    }
    if sum.link.n() > 0 {
        let right = figure(&|t| t.link.recall());
        print(format!(
            "concept right, given the span: {} of {}, {}",
            sum.link.tp,
            sum.link.n(),
            text(right)
        ))?;
    }
    Ok(Outcome::Done)
}

type Figure = (Option<f64>, Option<f64>, Option<f64>);

fn as_json(
    sum: &MentionTally,
    documents: usize,
    figure: impl Fn(&dyn Fn(&MentionTally) -> Option<f64>) -> Figure,
) -> Value {
    let value = |(value, low, high): Figure| json!({"value": value, "low": low, "high": high});
    let row = |of: fn(&MentionTally) -> Counts| {
        let c = of(sum);
        json!({"tp": c.tp, "fp": c.fp, "fn": c.fn_,
            "precision": value(figure(&|t| of(t).precision())),
            "recall": value(figure(&|t| of(t).recall())),
            "f1": value(figure(&|t| of(t).f1()))})
    };
    json!({"documents": documents, "mentions": sum.exact.support(),
        "exact": row(ROWS[0].1), "overlapping": row(ROWS[1].1),
        "link": {"n": sum.link.n(), "right": sum.link.tp, "accuracy": value(figure(&|t| t.link.recall()))},
        "subgroup": {"n": sum.subgroup.n(), "right": sum.subgroup.tp, "accuracy": value(figure(&|t| t.subgroup.recall()))}})
}
