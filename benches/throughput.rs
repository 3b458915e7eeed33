//! Throughput of the text tower: MB of text per CPU-second, with more terms, with two threads; start-up.
//!
//! Rates count the CPU time of one thread, because wall time on a shared machine measures the neighbours. Only the
//! gain of a second thread is wall time: it asks how long one waits, and is the best of several interleaved runs on
//! each side, since a neighbour can make a run longer but never shorter.

#![allow(clippy::expect_used)]

mod support;

use laennec::event::CodedEvent;
use laennec::pipeline::Engine;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use support::{Corpus, Targets, engine, median, range, shared, timed};

/// Passes of which the median is taken.
const ROUNDS: usize = 9;
/// Times the corpus is read in one pass.
const REPEATS: usize = 4;
/// Engines built of which the median start-up is taken.
const STARTS: usize = 5;

/// Least MB of text per CPU-second of one thread.
const LEAST_RATE: f64 = 15.0;
/// Most times slower with 50,000 terms more.
const MOST_SLOWDOWN: f64 = 1.3;
/// Least gain of a second thread.
const LEAST_GAIN: f64 = 1.8;
/// Most CPU-seconds of a start with 50,000 terms more.
const MOST_START: f64 = 1.0;

fn main() -> ExitCode {
    let corpus = support::corpus();
    println!("machine: {}", support::machine());
    println!(
        "reports: {}, {} documents, {:.2} MB",
        corpus.path.display(),
        corpus.documents.len(),
        corpus.bytes as f64 / 1e6
    );
    println!("rival: EDS-NLP 0.23.0 on the 908 reports: 0.11 MB/s with dates, 0.43 MB/s without");
    let lists = ["lex_2k", "lex_50k"].map(|name| (name, shared(&format!("bench/{name}.tsv"))));
    let mut contenders = vec![Contender::new("shipped", None, &corpus)];
    for (name, list) in &lists {
        contenders.extend(list.as_ref().map(|path| Contender::new(name, Some(path), &corpus)));
    }
    let mut targets = Targets::default();
    rates(&mut contenders, &corpus, &mut targets);
    for contender in &contenders[1..] {
        compare(&contenders[0], contender, &corpus, &mut targets);
    }
    threads(&contenders[0], &corpus, &mut targets);
    targets.exit()
}

/// An engine to be measured, and what it has to answer.
struct Contender {
    name: String,
    engine: Engine,
    start: f64,
    answer: Answer,
    seconds: Vec<f64>,
}

/// How many events, and a digest of them.
#[derive(Clone, Copy, PartialEq)]
struct Answer {
    events: usize,
    digest: [u8; 32],
}

impl Contender {
    fn new(name: &str, list: Option<&Path>, corpus: &Corpus) -> Self {
        let starts = (0..STARTS).map(|_| timed(|| engine(list)).0).collect();
        let engine = engine(list);
        let answer = answer(&annotate(&engine, corpus));
        Self { name: name.into(), engine, start: median(starts), answer, seconds: Vec::new() }
    }

    /// CPU seconds to read the corpus once; the answer must not change.
    fn pass(&mut self, corpus: &Corpus) {
        let (seconds, events) = timed(|| {
            let read = |_| corpus.documents.iter().map(|d| self.engine.annotate(d).len()).sum::<usize>();
            (0..REPEATS).map(read).sum::<usize>()
        });
        assert_eq!(events, self.answer.events * REPEATS, "{}: a pass gave other events", self.name);
        self.seconds.push(seconds / REPEATS as f64);
    }
}

fn annotate(engine: &Engine, corpus: &Corpus) -> Vec<CodedEvent> {
    corpus.documents.iter().flat_map(|document| engine.annotate(document)).collect()
}

fn answer(events: &[CodedEvent]) -> Answer {
    let mut hash = Sha256::new();
    for event in events {
        hash.update(serde_json::to_vec(event).expect("an event is JSON"));
    }
    Answer { events: events.len(), digest: hash.finalize().into() }
}

fn rates(contenders: &mut [Contender], corpus: &Corpus, targets: &mut Targets) {
    for _ in 0..ROUNDS {
        contenders.iter_mut().for_each(|contender| contender.pass(corpus));
    }
    println!(
        "lexicons          terms   events   start-up CPU-s   MB per CPU-s (median; range)   ns per byte"
    );
    let megabytes = corpus.bytes as f64 / 1e6;
    for contender in contenders.iter() {
        let (best, worst) = range(&contender.seconds);
        let middle = median(contender.seconds.clone());
        println!(
            "{:<14} {:>8} {:>8} {:>16.3}   {:>8.1}; {:.1} to {:.1} {:>22.1}",
            contender.name,
            contender.engine.lexicons().concepts.terms.len(),
            contender.answer.events,
            contender.start,
            megabytes / middle,
            megabytes / worst,
            megabytes / best,
            middle * 1e9 / corpus.bytes as f64,
        );
        assert!(answer(&annotate(&contender.engine, corpus)) == contender.answer, "the answer changed");
    }
    let rate = megabytes / median(contenders[0].seconds.clone());
    targets.check(
        rate >= LEAST_RATE,
        &format!("{rate:.1} MB per CPU-second with the shipped lexicons; target {LEAST_RATE}"),
    );
}

/// The price of the added terms, and proof that they change nothing else.
fn compare(shipped: &Contender, other: &Contender, corpus: &Corpus, targets: &mut Targets) {
    let ratios = other.seconds.iter().zip(&shipped.seconds).map(|(with, without)| with / without);
    let ratio = median(ratios.collect());
    let what = format!("{ratio:.2} times slower with {}; target {MOST_SLOWDOWN} with lex_50k", other.name);
    targets.check(ratio <= MOST_SLOWDOWN, &what);
    let what = format!("{:.2} CPU-seconds to start with {}; target {MOST_START}", other.start, other.name);
    targets.check(other.start < MOST_START, &what);
    let list = format!("{}:", other.name.replace('_', "-"));
    let mut theirs = annotate(&other.engine, corpus);
    theirs.retain(|event| !event.provenance.rule.starts_with(&list));
    let without_lexicons = |mut events: Vec<CodedEvent>| {
        events.iter_mut().for_each(|event| event.provenance.lexicons = Default::default());
        events
    };
    let same =
        answer(&without_lexicons(theirs)) == answer(&without_lexicons(annotate(&shipped.engine, corpus)));
    targets.check(same, &format!("the shipped lexicons find the same with {}", other.name));
}

/// Wall time of one thread over two, the best run of each.
fn threads(contender: &Contender, corpus: &Corpus, targets: &mut Targets) {
    let pools = [1, 2].map(|n| rayon::ThreadPoolBuilder::new().num_threads(n).build().expect("a pool"));
    let mut best = [f64::MAX; 2];
    let mut processor = [0.0; 2];
    for round in 0..ROUNDS * 2 {
        // Which of the two goes first alternates, so that neither always follows the other.
        for side in [round % 2, 1 - round % 2] {
            let (started, before) = (Instant::now(), support::process_seconds().0);
            let events: Vec<_> = pools[side].install(|| contender.engine.annotate_batch(&corpus.documents));
            best[side] = best[side].min(started.elapsed().as_secs_f64());
            processor[side] += support::process_seconds().0 - before;
            let events: Vec<CodedEvent> = events.into_iter().flat_map(|e| e.expect("no failure")).collect();
            assert!(answer(&events) == contender.answer, "{} threads gave other events", side + 1);
        }
    }
    let gain = best[0] / best[1];
    let what = format!(
        "two threads are {gain:.2} times one, in wall time, for {:.2} times the CPU time; target {LEAST_GAIN}",
        processor[1] / processor[0]
    );
    targets.check(gain >= LEAST_GAIN, &what);
}
