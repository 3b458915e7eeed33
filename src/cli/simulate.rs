//! `laennec simulate`: writes a simulated maternity, with its truth, into a folder.

use super::progress;
use super::{Failed, MOST_THREADS, Outcome, Result, on_threads};
use crate::simulate::{Output, Simulator, Tally};
use rayon::prelude::*;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  laennec simulate --births 2000 --seed 1 --into demo
  laennec simulate --births 1000000 --seed 7 --into big --force --json
  laennec annotate demo/reports.jsonl --into demo.db

Figures obtained on simulated births are not clinical evidence.";

/// Deliveries made in one piece, and pieces made at once: they bound memory whatever the number of births.
const PIECE: u64 = 500;
const PIECES: u64 = 16;

/// The files of a run, in the order in which they are written.
const FILES: [&str; 5] = ["reports.jsonl", "persons.jsonl", "events.jsonl", "truth.jsonl", "births.csv"];

/// Write a simulated maternity: reports, persons, coded stays, births, and the truth.
///
/// The same seed gives the same bytes; more births only add lines.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Number of deliveries; a twin delivery gives two children.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    births: u64,
    /// Seed of all draws.
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// Folder to write; made when missing.
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    /// Write into a folder that is not empty; the files of an earlier simulation are replaced.
    #[arg(long)]
    force: bool,
    /// Number of threads; 0 for one per core.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=MOST_THREADS))]
    threads: u16,
    /// End with one JSON summary line on standard error.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    prepare(&arguments.into, arguments.force)?;
    let simulator = Simulator::shipped().map_err(Failed::new)?;
    let started = Instant::now();
    let tally = on_threads(arguments.threads, || simulate(arguments, &simulator))??;
    report(&tally, arguments, started.elapsed().as_secs_f64());
    Ok(Outcome::Done)
}

/// Makes the folder; one that holds anything is refused unless `force`.
fn prepare(folder: &Path, force: bool) -> Result<()> {
    let fault = |e: std::io::Error| Failed(format!("{}: {e}", folder.display()));
    std::fs::create_dir_all(folder).map_err(fault)?;
    let is_empty = std::fs::read_dir(folder).map_err(fault)?.next().is_none();
    if is_empty || force {
        return Ok(());
    }
    let name = folder.display();
    Err(Failed(format!(
        "{name} is not empty; name a new folder, or add --force to replace a simulation there"
    )))
}

/// Writes all files under names of their own first, so that a stopped run leaves no half-written one.
fn simulate(arguments: &Arguments, simulator: &Simulator) -> Result<Tally> {
    let mut sink = Sink::open(&arguments.into)?;
    let bar = progress::steps(arguments.births as usize, arguments.json);
    let mut tally = Tally::default();
    let mut from = 0;
    while from < arguments.births {
        let until = arguments.births.min(from + PIECE * PIECES);
        let starts: Vec<u64> = (from..until).step_by(PIECE as usize).collect();
        let piece = |start: &u64| simulator.run(arguments.seed, *start, until.min(start + PIECE));
        let outputs: Vec<Output> = starts.par_iter().map(piece).collect();
        for output in &outputs {
            sink.write(output)?;
            tally.add(&output.tally);
        }
        bar.inc(until - from);
        from = until;
    }
    sink.finish(&tally)?;
    bar.finish_and_clear();
    Ok(tally)
}

/// The open files.
struct Sink {
    files: Vec<(PathBuf, BufWriter<File>)>,
}

impl Sink {
    fn open(folder: &Path) -> Result<Self> {
        let open = |name: &&str| {
            let path = folder.join(name);
            let partial = partial(&path);
            let file = File::create(&partial).map_err(|e| Failed(format!("{}: {e}", partial.display())))?;
            Ok((path, BufWriter::with_capacity(1 << 20, file)))
        };
        Ok(Self { files: FILES.iter().map(open).collect::<Result<_>>()? })
    }

    fn put(&mut self, number: usize, text: &str) -> Result<()> {
        let (path, file) = &mut self.files[number];
        file.write_all(text.as_bytes()).map_err(|e| Failed(format!("{}: {e}", path.display())))
    }

    fn write(&mut self, output: &Output) -> Result<()> {
        let texts = [&output.reports, &output.persons, &output.events, &output.truth];
        texts.iter().enumerate().try_for_each(|(number, text)| self.put(number, text))
    }

    fn finish(mut self, tally: &Tally) -> Result<()> {
        self.put(FILES.len() - 1, &tally.births_csv())?;
        for (path, file) in &mut self.files {
            let fault = |e: std::io::Error| Failed(format!("{}: {e}", path.display()));
            file.flush().map_err(fault)?;
            std::fs::rename(partial(path), &path).map_err(fault)?;
        }
        Ok(())
    }
}

fn partial(path: &Path) -> PathBuf {
    path.with_extension("partial")
}

fn report(tally: &Tally, arguments: &Arguments, seconds: f64) {
    let (live, still) = tally.total();
    if arguments.json {
        let summary = serde_json::json!({
            "deliveries": tally.deliveries, "live_births": live, "stillbirths": still,
            "terminations": tally.terminations, "cases": tally.cases, "documents": tally.documents,
            "seed": arguments.seed, "seconds": (seconds * 1000.0).round() / 1000.0,
        });
        eprintln!("{summary}");
        return;
    }
    eprintln!(
        "{} deliveries ({live} live births, {still} stillbirths, {} terminations), {} cases, {} documents in {seconds:.1} s: {}",
        tally.deliveries,
        tally.terminations,
        tally.cases,
        tally.documents,
        arguments.into.display(),
    );
}
