//! The command line: one file per command; the only readers of arguments, environment and terminal.

mod advice;
mod annotate;
mod cases;
mod diff;
mod evaluate;
mod events;
mod findings;
mod forget;
mod lexicon;
mod lines;
mod load;
#[cfg(feature = "neural")]
mod model;
mod output;
mod phenotype;
mod progress;
mod publish;
mod purge;
mod qualify;
mod questions;
mod reannotate;
mod retry;
mod review;
mod segment;
mod show;
mod simulate;
mod sink;
mod stats;
mod status;
mod surveil;
mod verify;

use crate::lexicon::{Folder, Lexicons};
use crate::pipeline::Engine;
use clap::{Parser, Subcommand};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How a command ended, as the exit codes of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// 0: done.
    Done,
    /// 3: done, but something was set aside, and said.
    SetAside,
}

/// 1: a command failed; the message says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failed(String);

impl Failed {
    fn new(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Writes a file that must not exist yet: what a person made by hand is never written over.
fn write_new(path: &Path, text: &str) -> Result<()> {
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        Failed(format!("{}: {error}; give the path of a new file in a folder that exists", path.display()))
    })
}

type Result<T = Outcome> = std::result::Result<T, Failed>;

const EXAMPLES: &str = "\
Examples:
  laennec annotate reports.jsonl --into cohort.db            annotate into an embedded warehouse; run again to resume
  laennec annotate notes/ --into events.jsonl --threads 8    a folder of .txt files, events as JSON lines
  laennec load --into cohort.db --events pmsi.csv            coded diagnoses, persons, births beside the reports
  laennec events cohort.db --format jsonl --patient P12      the stored events of a patient
  laennec show report.txt --type CRH                         a report with its mentions and their cues marked
  laennec qualify spans.jsonl                                context of spans found by another tool
  laennec simulate --births 2000 --into demo                 a simulated maternity whose truth is known
  laennec lexicon test                                       run the cases stored beside the lexicons
  laennec surveil run --warehouse cohort.db                  new cases, rates over births, signals

Exit codes: 0 done, 1 failed, 2 usage, 3 done but some documents were set aside.";

/// Clinical NLP for French hospital warehouses: reports in, coded events out.
#[derive(Parser)]
#[command(name = "laennec", version, about, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Read reports and write their coded events.
    #[command(after_help = annotate::EXAMPLES)]
    Annotate(annotate::Arguments),
    /// Load what does not come from text into a warehouse: persons, coded diagnoses, births.
    #[command(after_help = load::EXAMPLES)]
    Load(load::Arguments),
    /// Print the events stored in a warehouse.
    Events(events::Arguments),
    /// Write events, persons and cohorts where others look for them: an OMOP warehouse.
    #[command(after_help = publish::EXAMPLES)]
    Publish(publish::Arguments),
    /// Print the findings of each patient of a warehouse, with their evidence.
    Findings(findings::Arguments),
    /// Cases to judge by people, their verdicts, and what these say of a phenotype.
    #[command(after_help = review::EXAMPLES)]
    Review(review::Arguments),
    /// Read again only what a change of lexicons can touch.
    #[command(after_help = reannotate::EXAMPLES)]
    Reannotate(reannotate::Arguments),
    /// Read again what was set aside.
    #[command(after_help = retry::EXAMPLES)]
    Retry(retry::Arguments),
    /// Show what a warehouse holds: runs, versions, documents set aside.
    #[command(after_help = status::EXAMPLES)]
    Status(status::Arguments),
    /// Show what changed in the events between two runs.
    #[command(after_help = diff::EXAMPLES)]
    Diff(diff::Arguments),
    /// Delete old history from a warehouse.
    #[command(after_help = purge::EXAMPLES)]
    Purge(purge::Arguments),
    /// Check every promise of a warehouse.
    Verify(verify::Arguments),
    /// Remove a document or a patient from a warehouse, and refuse them afterwards.
    Forget(forget::Arguments),
    #[command(after_help = show::EXAMPLES)]
    Show(show::Arguments),
    /// Print the sections, sentences, dates, tables and quantities of documents: JSON lines with `text`, `id`, `document_date`.
    #[command(after_help = segment::EXAMPLES)]
    Segment(segment::Arguments),
    /// Read the context of given spans: JSON lines with `text` and `entities` [{"start","end"}] in code points.
    #[command(after_help = qualify::EXAMPLE)]
    Qualify(qualify::Arguments),
    /// Print what a model is asked of marked spans, with the truth: the input of models/train.
    Questions(questions::Arguments),
    /// Measure what is read against what people marked.
    Evaluate(evaluate::Arguments),
    /// Write a simulated maternity, with the truth.
    #[command(after_help = simulate::EXAMPLES)]
    Simulate(simulate::Arguments),
    /// List, check, test, show and import lexicons.
    #[command(after_help = lexicon::EXAMPLES)]
    Lexicon(lexicon::Arguments),
    /// List, check, show and measure transformers.
    #[cfg(feature = "neural")]
    #[command(after_help = model::EXAMPLES)]
    Model(model::Arguments),
    /// List, show, check, test, run and import phenotypes.
    #[command(after_help = phenotype::EXAMPLES)]
    Phenotype(phenotype::Arguments),
    /// Watch phenotypes: new cases, rates over births, signals, reports.
    #[command(after_help = surveil::EXAMPLES)]
    Surveil(surveil::Arguments),
    /// Compute one statistic: JSON in, JSON out.
    #[command(after_help = stats::EXAMPLES)]
    Stats(stats::Arguments),
}

/// Runs the command named by the arguments of the process.
pub fn run() -> ExitCode {
    #[cfg(feature = "postgres")]
    if let Some(password) = std::env::var_os("PGPASSWORD") {
        crate::server::set_password(password.as_encoded_bytes());
    }
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Command::Annotate(arguments) => annotate::run(&arguments),
        Command::Load(arguments) => load::run(&arguments),
        Command::Events(arguments) => events::run(&arguments),
        Command::Publish(arguments) => publish::run(&arguments),
        Command::Findings(arguments) => findings::run(&arguments),
        Command::Review(arguments) => review::run(&arguments),
        Command::Reannotate(arguments) => reannotate::run(&arguments),
        Command::Retry(arguments) => retry::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Purge(arguments) => purge::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Forget(arguments) => forget::run(&arguments),
        Command::Show(arguments) => show::run(&arguments),
        Command::Segment(arguments) => segment::run(&arguments),
        Command::Qualify(arguments) => qualify::run(&arguments),
        Command::Questions(arguments) => questions::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Lexicon(arguments) => lexicon::run(&arguments),
        #[cfg(feature = "neural")]
        Command::Model(arguments) => model::run(&arguments),
        Command::Phenotype(arguments) => phenotype::run(&arguments),
        Command::Surveil(arguments) => surveil::run(&arguments),
        Command::Stats(arguments) => stats::run(&arguments),
    };
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::SetAside) => ExitCode::from(3),
        Err(Failed(message)) => {
            eprintln!("laennec: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Loads the shipped lexicons and those of `--lexicon`; one with the id of a shipped one takes its place.
fn load_lexicons(paths: &[PathBuf]) -> Result<Lexicons> {
    Lexicons::from_folders(&folders(paths)?).map_err(Failed::new)
}

/// An engine with these lexicons.
fn load_engine(paths: &[PathBuf]) -> Result<Engine> {
    Engine::new(load_lexicons(paths)?).map_err(Failed)
}

fn folders(paths: &[PathBuf]) -> Result<Vec<Folder>> {
    let extra = paths.iter().map(|path| Folder::read(path)).collect::<std::result::Result<Vec<_>, _>>();
    let extra = extra.map_err(Failed::new)?;
    let shipped = crate::lexicon::shipped().into_iter().filter(|s| !extra.iter().any(|e| e.name == s.name));
    Ok(shipped.chain(extra.iter().cloned()).collect())
}

/// Most threads of a run: more than any machine has cores, few enough to start.
const MOST_THREADS: i64 = 512;

/// Runs `work` on a pool of `threads` threads; 0 means one per core.
fn on_threads<T: Send>(threads: u16, work: impl FnOnce() -> T + Send) -> Result<T> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build();
    Ok(pool.map_err(Failed::new)?.install(work))
}

/// Writes to standard output; a closed pipe ends the command quietly, as `head` expects.
fn print(text: impl std::fmt::Display) -> Result<()> {
    use std::io::Write;
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        other => other.map_err(|e| Failed(format!("standard output: {e}"))),
    }
}
