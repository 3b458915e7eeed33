//! The whole job into a warehouse: how much of the speed of the text tower is left, how fast a second run is, and how memory
//! grows with a million small documents.
//!
//! The tower is measured by the program itself, writing JSON lines to nowhere, in rounds interleaved with the others: wall time
//! on two threads, best of the rounds, since a neighbour can make a run longer but never shorter. PostgreSQL is measured
//! when LAENNEC_BENCH_POSTGRES holds an address (its schema is dropped); a million documents when LAENNEC_BENCH_FULL is set.

#![allow(clippy::expect_used)]

mod support;

use laennec::document::Document;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;
use support::{Targets, process_seconds, watch};

/// Reports of a round.
const REPORTS: usize = 8_000;
const ROUNDS: usize = 3;
/// Least share of the speed of the tower.
const LEAST_SHARE: f64 = 0.70;
/// Least gain of a run over an unchanged corpus.
const LEAST_GAIN: f64 = 8.0;
/// Most times more memory for a hundred times the documents.
const MOST_GROWTH: f64 = 1.1;

/// What one run cost.
#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
    peak: f64,
}

/// Where a run writes.
enum Into {
    Nowhere,
    File(PathBuf),
    Server(String),
}

fn main() -> ExitCode {
    println!("machine: {}", support::machine());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let corpus = support::corpus();
    let source = folder.path().join("reports.jsonl");
    let bytes = write(&source, corpus.documents.iter().cycle().take(REPORTS));
    println!("reports: {}, repeated to {REPORTS}, {:.1} MB", corpus.path.display(), bytes as f64 / 1e6);
    let server = std::env::var("LAENNEC_BENCH_POSTGRES").ok();
    if server.is_none() {
        println!("PostgreSQL: not measured, LAENNEC_BENCH_POSTGRES is not set");
    }
    let mut targets = Targets::default();
    let (mut tower, mut rows) = (Vec::new(), vec![("SQLite", Vec::new(), Vec::new())]);
    rows.extend(server.iter().map(|_| ("PostgreSQL", Vec::new(), Vec::new())));
    for round in 0..ROUNDS {
        tower.push(run(&source, &Into::Nowhere, REPORTS));
        for (name, first, again) in &mut rows {
            let into = match (*name, &server) {
                ("PostgreSQL", Some(url)) => Into::Server(fresh_schema(url)),
                _ => Into::File(folder.path().join(format!("{round}.db"))),
            };
            first.push(run(&source, &into, REPORTS));
            again.push(run(&source, &into, 0));
        }
    }
    println!("{:>12} {:>8} {:>8} {:>9} {:>9}", "", "wall s", "CPU-s", "MB/s", "peak MB");
    let tower = best(&tower);
    show("tower", tower, bytes);
    for (name, first, again) in &rows {
        let (first, again) = (best(first), best(again));
        show(name, first, bytes);
        show("again", again, bytes);
        let share = tower.wall / first.wall;
        targets.check(
            share >= LEAST_SHARE,
            &format!("{name}: {share:.2} of the speed of the tower; target {LEAST_SHARE}"),
        );
        let gain = first.wall / again.wall;
        targets.check(
            gain >= LEAST_GAIN,
            &format!("{name}: {gain:.1} times faster over an unchanged corpus; target {LEAST_GAIN}"),
        );
    }
    if std::env::var_os("LAENNEC_BENCH_FULL").is_some() {
        memory(folder.path(), &mut targets);
    }
    targets.exit()
}

/// Peaks at ten thousand and at a million small documents.
fn memory(folder: &Path, targets: &mut Targets) {
    let small = Document {
        id: "S".into(),
        text: "Échographie : hernie diaphragmatique gauche. Pas de trisomie 21.".into(),
        ..Document::default()
    };
    let peaks = [10_000, 1_000_000].map(|size| {
        let source = folder.join("small.jsonl");
        write(&source, std::iter::repeat_n(&small, size));
        let cost = run(&source, &Into::File(folder.join(format!("small-{size}.db"))), size);
        println!(
            "{size} small documents: {:.0} a second, {:.1} CPU-s, peak {:.1} MB",
            size as f64 / cost.wall,
            cost.cpu,
            cost.peak
        );
        cost.peak
    });
    let growth = peaks[1] / peaks[0];
    targets.check(
        growth <= MOST_GROWTH,
        &format!("{growth:.2} times the memory for a hundred times the documents; target {MOST_GROWTH}"),
    );
}

fn best(costs: &[Cost]) -> Cost {
    let least = |of: fn(&Cost) -> f64| costs.iter().map(of).fold(f64::MAX, f64::min);
    Cost {
        wall: least(|c| c.wall),
        cpu: least(|c| c.cpu),
        peak: costs.iter().map(|c| c.peak).fold(0.0, f64::max),
    }
}

fn show(name: &str, cost: Cost, bytes: usize) {
    let Cost { wall, cpu, peak } = cost;
    println!("{name:>12} {wall:>8.2} {cpu:>8.2} {:>9.2} {peak:>9.1}", bytes as f64 / 1e6 / wall);
}

/// Writes documents under ids of their own, five to a patient, and gives their bytes of text.
fn write<'d>(path: &Path, documents: impl Iterator<Item = &'d Document>) -> usize {
    let mut out = BufWriter::new(std::fs::File::create(path).expect("the source is created"));
    let mut bytes = 0;
    for (number, document) in documents.enumerate() {
        let line = serde_json::json!({
            "document_id": format!("{}-{number}", document.id), "patient_id": format!("P{}", number / 5),
            "document_date": "2020-01-31", "text": document.text,
        });
        writeln!(out, "{line}").expect("the source is written");
        bytes += document.text.len();
    }
    out.flush().expect("the source is written");
    bytes
}

/// Runs the program by the rules alone, which are the faster tower, and checks that it wrote what it had to.
fn run(source: &Path, into: &Into, written: usize) -> Cost {
    let place = match into {
        Into::Nowhere => "-".to_owned(),
        Into::File(path) => path.display().to_string(),
        Into::Server(url) => url.clone(),
    };
    let (before, started) = (process_seconds().1, Instant::now());
    let mut command = Command::new(env!("CARGO_BIN_EXE_laennec"));
    command.arg("annotate").arg(source).args([
        "--into",
        &place,
        "--model",
        "off",
        "--threads",
        "2",
        "--json",
    ]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let peak = watch(&mut child);
    let output = child.wait_with_output().expect("the program ends");
    let (wall, cpu) = (started.elapsed().as_secs_f64(), process_seconds().1 - before);
    let summary: serde_json::Value = serde_json::from_slice(&output.stderr).expect("a summary");
    assert!(output.status.success() && summary["written"] == written, "the job failed: {summary}");
    Cost { wall, cpu, peak }
}

/// The address, with a schema that holds nothing.
fn fresh_schema(url: &str) -> String {
    let mark = if url.contains('?') { '&' } else { '?' };
    let mut client = postgres::Client::connect(url, postgres::NoTls).expect("the server answers");
    client.batch_execute("DROP SCHEMA IF EXISTS laennec_bench CASCADE").expect("the schema is dropped");
    format!("{url}{mark}schema=laennec_bench")
}
