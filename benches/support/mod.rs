//! What the benches share: reports, a clock of CPU time, medians, targets.

// Each bench is a program of its own and uses its part.
#![allow(dead_code)]

use laennec::document::Document;
use laennec::lexicon::{Folder, Lexicons, shipped};
use laennec::pipeline::Engine;
use laennec::source::{self, Options};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode};
use std::time::Duration;

/// Least bytes of text of a pass: the clock must count milliseconds, not ticks.
const LEAST_BYTES: usize = 2_000_000;

/// The reports that are measured.
pub struct Corpus {
    pub path: PathBuf,
    pub documents: Vec<Document>,
    pub bytes: usize,
}

/// The 908 case reports where they are, else the shipped reports, repeated to 2 MB.
pub fn corpus() -> Corpus {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/reports.jsonl");
    let path = shared("corpora/pamj_fr.jsonl").unwrap_or(shipped);
    let one = read(&path);
    let mut documents = one.clone();
    while bytes(&documents) < LEAST_BYTES {
        documents.extend(one.iter().cloned());
    }
    Corpus { bytes: bytes(&documents), path, documents }
}

fn bytes(documents: &[Document]) -> usize {
    documents.iter().map(|d| d.text.len()).sum()
}

fn read(path: &Path) -> Vec<Document> {
    let options = Options::default();
    let records = source::open(path.to_str().expect("UTF-8 path"), &options).expect("reports open");
    records.map(|r| r.expect("a record").read(&options).expect("a report").document).collect()
}

/// A file of the folder shared beside the checkout, when it is there.
pub fn shared(file: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(file);
    path.exists().then_some(path)
}

/// An engine with the shipped lexicons and, when given, a list of `code<TAB>term`.
pub fn engine(list: Option<&Path>) -> Engine {
    let extra = list.map(|path| Folder::read(path).expect("the list is readable"));
    let folders: Vec<Folder> = shipped().into_iter().chain(extra).collect();
    let lexicons = Lexicons::from_folders(&folders).unwrap_or_else(|problems| panic!("{problems}"));
    Engine::new(lexicons).unwrap_or_else(|fault| panic!("{fault}"))
}

/// The shipped lexicons.
pub fn shipped_lexicons() -> Lexicons {
    Lexicons::from_folders(&shipped()).unwrap_or_else(|problems| panic!("{problems}"))
}

/// CPU seconds of this thread so far, to the nanosecond.
pub fn thread_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// CPU seconds of this process and of the children it waited for, to the tick of 10 ms.
pub fn process_seconds() -> (f64, f64) {
    let text = std::fs::read_to_string("/proc/self/stat").expect("Linux with /proc");
    let after_name = text.rsplit_once(')').expect("a process name").1;
    let ticks: Vec<u64> =
        after_name.split_whitespace().skip(11).take(4).map(|n| n.parse().expect("ticks")).collect();
    ((ticks[0] + ticks[1]) as f64 / 100.0, (ticks[2] + ticks[3]) as f64 / 100.0)
}

/// CPU seconds that `work` takes on this thread, and its result.
pub fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let before = thread_seconds();
    let result = work();
    (thread_seconds() - before, result)
}

/// The greatest high-water mark of memory seen until the child ends, in MB.
pub fn watch(child: &mut Child) -> f64 {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0_f64;
    while child.try_wait().expect("the child is ours").is_none() {
        peak = peak.max(high_water(&status).unwrap_or(0.0));
        std::thread::sleep(Duration::from_millis(5));
    }
    peak
}

fn high_water(status: &str) -> Option<f64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib * 1.024e-3)
}

/// The middle value.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Least and greatest.
pub fn range(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::MAX, f64::MIN), |(low, high), &v| (low.min(v), high.max(v)))
}

/// Counts the targets that are met.
#[derive(Default)]
pub struct Targets {
    missed: usize,
}

impl Targets {
    /// Prints and counts one target.
    pub fn check(&mut self, met: bool, what: &str) {
        println!("{} {what}", if met { "PASS" } else { "FAIL" });
        self.missed += usize::from(!met);
    }

    /// Fails when a target was missed.
    pub fn exit(self) -> ExitCode {
        println!("{} targets missed", self.missed);
        if self.missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Model of the processor and number of cores, for the records.
pub fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find(|l| l.starts_with(name));
        line.and_then(|l| l.split_once(':')).map_or("unknown", |(_, value)| value.trim()).to_string()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{} (model {}), {cores} cores", field("model name"), field("model\t"))
}
