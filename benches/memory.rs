//! Memory and speed of the whole job: the program annotates 10,000 and 100,000 reports into a warehouse.
//!
//! The peak is `VmHWM`, the kernel's own high-water mark, read while the program runs; CPU time is the kernel's count
//! of the finished child, all threads together.

#![allow(clippy::expect_used)]

mod support;

use laennec::document::Document;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;
use support::{Targets, process_seconds, watch};

/// Numbers of reports compared.
const SIZES: [usize; 2] = [10_000, 100_000];
/// Most MB of memory at any time.
const MOST_MEMORY: f64 = 250.0;
/// Most times more memory for ten times the reports.
const MOST_GROWTH: f64 = 1.1;

fn main() -> ExitCode {
    println!("machine: {}", support::machine());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let corpus = support::corpus();
    println!("reports: {}, repeated under new ids", corpus.path.display());
    println!(
        "   reports       MB   events   peak MB   CPU-s   wall s   reports per CPU-s   MB per CPU-s   warehouse MB"
    );
    let peaks = SIZES.map(|size| {
        let source = folder.path().join("reports.jsonl");
        let bytes = write(&source, &corpus.documents, size);
        annotate(&source, &folder.path().join(format!("{size}.db")), size, bytes)
    });
    let mut targets = Targets::default();
    for (size, peak) in SIZES.iter().zip(peaks) {
        targets.check(
            peak < MOST_MEMORY,
            &format!("peak of {peak:.0} MB for {size} reports; target {MOST_MEMORY}"),
        );
    }
    let growth = peaks[1] / peaks[0];
    let what = format!("{growth:.2} times the memory for ten times the reports; target {MOST_GROWTH}");
    targets.check(growth <= MOST_GROWTH, &what);
    targets.exit()
}

/// Writes `size` reports under ids of their own, five to a patient, and gives their bytes of text.
fn write(path: &Path, documents: &[Document], size: usize) -> usize {
    let mut out = BufWriter::new(std::fs::File::create(path).expect("the source is created"));
    let mut bytes = 0;
    for (number, document) in documents.iter().cycle().take(size).enumerate() {
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

/// Runs the program and prints one row of the table; gives the peak in MB.
fn annotate(source: &Path, warehouse: &Path, size: usize, bytes: usize) -> f64 {
    let (before, started) = (process_seconds().1, Instant::now());
    let program = env!("CARGO_BIN_EXE_laennec");
    let mut command = Command::new(program);
    command.arg("annotate").arg(source).arg("--into").arg(warehouse).arg("--json");
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().expect("the program starts");
    let peak = watch(&mut child);
    let output = child.wait_with_output().expect("the program ends");
    let (wall, seconds) = (started.elapsed().as_secs_f64(), process_seconds().1 - before);
    let summary: serde_json::Value = serde_json::from_slice(&output.stderr).expect("a summary");
    assert!(output.status.success() && summary["written"] == size, "the job failed: {summary}");
    assert!(summary["bytes"] == bytes, "the job read another text: {summary}");
    let megabytes = bytes as f64 / 1e6;
    let stored = std::fs::metadata(warehouse).map_or(0.0, |m| m.len() as f64 / 1e6);
    println!(
        "{size:>10} {megabytes:>8.1} {:>8} {peak:>9.1} {seconds:>7.2} {wall:>8.2} {:>19.0} {:>14.1} {stored:>14.1}",
        summary["events"].as_u64().unwrap_or(0),
        size as f64 / seconds,
        megabytes / seconds,
    );
    peak
}
