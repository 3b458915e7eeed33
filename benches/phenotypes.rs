//! Phenotypes over warehouses of a million to 50 million events: CPU time, memory, and whether the cases are those planted.
//!
//! `cargo bench --bench phenotypes -- 1 5` makes warehouses of 1 and 5 million events and measures on each;
//! `--about 1` gives every one of them the births and malformations of 1 million events, so that only ordinary rows grow;
//! `--into FOLDER` keeps the warehouses, and takes them from there when they are.

#![allow(clippy::expect_used)]

#[path = "support/big.rs"]
mod big;
mod support;

use big::{CHECKED, Size, Truth};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;
use support::{Targets, process_seconds, watch};

/// Most CPU seconds for all definitions, and for one.
const MOST_SECONDS: [f64; 2] = [60.0, 1.0];
/// Most MB of memory at any time.
const MOST_MEMORY: f64 = 500.0;
const SEED: u64 = 9;
/// The definitions beside the EUROCAT family.
const NAMED: [&str; 5] =
    ["oesophageal_atresia", "cleft_palate_isolated", "fasd", "chd_severe", "limb_transverse_upper"];

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let (mut folder, mut about, mut sizes) = (temporary.path().to_path_buf(), None, Vec::new());
    while let Some(word) = words.next() {
        match word.as_str() {
            "--into" => folder = words.next().map(PathBuf::from).expect("a folder"),
            "--about" => about = words.next().map(|word| millions(&word)),
            size => sizes.push(millions(size)),
        }
    }
    if sizes.is_empty() {
        sizes = vec![1_000_000, 5_000_000];
    }
    println!("machine: {}", support::machine());
    let mut targets = Targets::default();
    for rows in sizes {
        measure(&folder, Size { rows, about: about.unwrap_or(rows), seed: SEED }, &mut targets);
    }
    targets.exit()
}

fn millions(text: &str) -> u64 {
    (text.parse::<f64>().expect("millions of events") * 1e6) as u64
}

/// Makes the warehouse, unless it is there, and runs everything on it.
fn measure(folder: &Path, size: Size, targets: &mut Targets) {
    let path = folder.join(format!("big_{}_{}.db", size.rows, size.about));
    let truth = warehouse(&path, size);
    let stored = std::fs::metadata(&path).map_or(0.0, |m| m.len() as f64 / 1e9);
    println!(
        "\n{} events ({} of malformations), {} patients, {} births, {} reports, {stored:.2} GB",
        truth.rows, truth.about_malformations, truth.patients, truth.births, truth.documents
    );
    println!("| command | CPU s | wall s | peak MB | cases |\n|---|---|---|---|---|");
    let run = |name: &str, words: &[&str]| run(&path, name, words);
    let one = format!("eurocat/{}", CHECKED[0]);
    let first = run("one subgroup, file not in memory", &[&one]);
    let single = run("one subgroup, again", &[&one]);
    let all = run("all subgroups, file not in memory", &["eurocat"]);
    let again = run("all subgroups, again", &["eurocat"]);
    run("five named definitions", &NAMED);
    for name in NAMED {
        run(name, &[name]);
    }
    run("one subgroup, --attrition", &[&one, "--attrition"]);
    run("one subgroup, --explain --patient", &[&one, "--explain", "--patient", &truth.patient]);
    run("all subgroups, --explain --patient", &["eurocat", "--explain", "--patient", &truth.patient]);
    for (measured, most) in [(&all, MOST_SECONDS[0]), (&again, MOST_SECONDS[0])] {
        check(targets, "all subgroups", measured, most);
    }
    for measured in [&first, &single] {
        check(targets, "one subgroup", measured, MOST_SECONDS[1]);
    }
    for group in CHECKED {
        let (planted, id) = (truth.cases.get(group).copied().unwrap_or_default(), format!("eurocat/{group}"));
        let found = all.cases.get(&id).copied().unwrap_or_default();
        targets.check(found == planted, &format!("{id}: {found} cases found, {planted} planted"));
    }
    targets.check(single.cases == first.cases, "the same cases again");
}

fn check(targets: &mut Targets, what: &str, measured: &Measured, most: f64) {
    let (seconds, peak) = (measured.seconds, measured.peak);
    targets.check(seconds < most, &format!("{what}: {seconds:.2} CPU-seconds; target {most}"));
    targets.check(peak < MOST_MEMORY, &format!("{what}: {peak:.0} MB; target {MOST_MEMORY}"));
}

fn warehouse(path: &Path, size: Size) -> Truth {
    let beside = path.with_extension("json");
    if let (true, Ok(text)) = (path.exists(), std::fs::read_to_string(&beside)) {
        return serde_json::from_str(&text).expect("what was planted");
    }
    let started = Instant::now();
    let truth = big::make(path, size);
    std::fs::write(&beside, serde_json::to_string(&truth).expect("JSON")).expect("the truth is written");
    println!("{} made in {:.0} s", path.display(), started.elapsed().as_secs_f64());
    truth
}

struct Measured {
    seconds: f64,
    peak: f64,
    cases: BTreeMap<String, u64>,
}

/// Runs the program and prints one row of the table. A name that says so first drops the file from the memory of the system.
fn run(path: &Path, name: &str, words: &[&str]) -> Measured {
    if name.ends_with("not in memory") {
        let drop = format!("of={}", path.display());
        let mut command = Command::new("dd");
        command.args([&drop, "oflag=nocache", "conv=notrunc,fdatasync", "count=0"]);
        command.stderr(Stdio::null()).status().expect("dd runs");
    }
    let lines = path.with_extension("out");
    let out = File::create(&lines).expect("a file for the lines");
    let (before, started) = (process_seconds().1, Instant::now());
    let mut command = Command::new(env!("CARGO_BIN_EXE_laennec"));
    command.args(["phenotype", "run"]).args(words).args(["--format", "jsonl", "--warehouse"]).arg(path);
    let mut child = command.stdout(out).spawn().expect("the program starts");
    let peak = watch(&mut child);
    assert!(child.wait().expect("the program ends").success(), "{name} failed");
    let (wall, seconds) = (started.elapsed().as_secs_f64(), process_seconds().1 - before);
    let mut cases = BTreeMap::new();
    for line in std::fs::read_to_string(&lines).expect("lines").lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let counted = if line["kind"] == "cases" { line["patients"].as_u64().unwrap_or_default() } else { 1 };
        if line["kind"] == "cases" || line["case_level"].is_string() {
            *cases.entry(line["phenotype"].as_str().unwrap_or_default().to_string()).or_default() += counted;
        }
    }
    std::fs::remove_file(&lines).expect("the lines are removed");
    let total: u64 = cases.values().sum();
    println!("| {name} | {seconds:.2} | {wall:.2} | {peak:.0} | {total} |");
    Measured { seconds, peak, cases }
}
