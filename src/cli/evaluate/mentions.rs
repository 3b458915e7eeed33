//! `laennec evaluate mentions`: which mentions are found, against marked files.

use super::super::advice::{Advice, Ask};
use super::super::progress::table;
use super::super::{Failed, MOST_THREADS, Outcome, Result, load_engine, on_threads, print};
use super::Intervals;
use super::gold::read_objects;
use crate::evaluate::{Counts, FoundSpan, MentionTally, MentionsGold, read_mentions};
use crate::event::CodedEvent;
use crate::pipeline::Engine;
use crate::span::{CodePoints, Span};
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
    let engine = options.advice.of(load_engine(&options.lexicon)?, Ask::Always)?;
    on_threads(options.threads, || {
        let tallies = tallies(&engine, &gold, options.coded)?;
        show(&tallies, options)
    })?
}

fn tallies(engine: &Engine, gold: &[MentionsGold], coded: bool) -> Result<Vec<MentionTally>> {
    let found = engine.annotate_batch(gold.iter().map(|g| &g.document).collect::<Vec<_>>());
    let tally = |(gold, events): (&MentionsGold, std::result::Result<Vec<CodedEvent>, _>)| {
        let events: Vec<CodedEvent> =
            events.map_err(|failure: crate::pipeline::Failure| Failed::new(failure))?;
        let points = CodePoints::new(&gold.document.text);
        let counted = events.iter().filter(|e| !coded || !e.subgroups.is_empty());
        let mut spans: Vec<FoundSpan> = counted.filter_map(|event| found_span(event, &points)).collect();
        // Two concepts of one span are one mention.
        spans.dedup_by(|b, a| {
            a.span == b.span && {
                a.names.append(&mut b.names);
                true
            }
        });
        Ok(MentionTally::of(gold, &spans))
    };
    gold.iter().zip(found).map(tally).collect()
}

fn found_span(event: &CodedEvent, points: &CodePoints) -> Option<FoundSpan> {
    let span = Span::new(points.to_byte(event.start)?, points.to_byte(event.end)?);
    Some(FoundSpan { span, names: event.subgroups.iter().chain([&event.concept]).cloned().collect() })
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
        print(format!("subgroup right: {} of {}, {}", sum.subgroup.tp, sum.subgroup.n(), text(right)))?;
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
        "subgroup": {"n": sum.subgroup.n(), "right": sum.subgroup.tp, "accuracy": value(figure(&|t| t.subgroup.recall()))}})
}
