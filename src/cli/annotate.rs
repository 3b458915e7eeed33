//! `laennec annotate`: reads reports, writes their coded events, exactly once.

use super::advice::{Advice, Ask};
use super::sink::{Destination, Sink};
use super::{Failed, MOST_THREADS, Outcome, Result, findings, load_engine, on_threads, progress};
use crate::document::Document;
use crate::event::CodedEvent;
use crate::pipeline::{Engine, Failure, Hashes, hashes};
use crate::source::{self, Options, Origin, Received, Record, Rejection};
use crate::warehouse::{self, Annotated, Fate, Key, Standing};
use indicatif::ProgressBar;
use rayon::prelude::*;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// Most stored bytes, and most records, held at once: they bound memory whatever the size of the corpus.
const BATCH_BYTES: u64 = 4 << 20;
const BATCH_RECORDS: usize = 2048;
/// Most documents set aside that are named one by one; the warehouse keeps them all.
const MOST_NAMED: u64 = 20;

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  laennec annotate reports.jsonl.gz --into cohort.db
  laennec annotate 2023.csv 2024.csv --into cohort.db --lexicon my-lexicon --threads 8
  zcat notes.jsonl.gz | laennec annotate - --into - | jq .concept";

/// Read reports and write their coded events.
///
/// A warehouse run can be repeated at any time: documents that are already there, made by the same engine, are left alone.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// `.jsonl[.gz|.zst]`, `.csv[.gz]`, a folder of `.txt`, or `-` for JSON lines on standard input.
    #[arg(required = true)]
    source: Vec<String>,
    /// `cohort.db` (a SQLite warehouse), `events.jsonl`, or `-` for JSON lines on standard output.
    #[arg(long, value_name = "DEST")]
    into: Destination,
    /// Add a lexicon folder; one with the id of a shipped lexicon takes its place.
    #[arg(long, value_name = "DIR")]
    lexicon: Vec<PathBuf>,
    #[command(flatten)]
    advice: Advice,
    /// Number of threads; 0 for one per core.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=MOST_THREADS))]
    threads: u16,
    /// Keep only the events of these sections (ids of `laennec segment`), separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "KIND")]
    sections: Vec<String>,
    /// Store the text of the reports in the warehouse.
    #[arg(long)]
    keep_text: bool,
    /// Largest text of a document, in bytes; larger ones are set aside.
    #[arg(long, default_value_t = 64 << 20, value_name = "BYTES")]
    max_document_bytes: usize,
    /// End with one JSON summary line on standard error instead of a table.
    #[arg(long)]
    json: bool,
    /// After the run, print the findings of each patient with their evidence.
    #[arg(long)]
    findings: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    if arguments.findings && arguments.into.warehouse().is_none() {
        return Err(Failed("--findings reads a warehouse; write --into cohort.db".into()));
    }
    arguments.into.check_apart(&arguments.source)?;
    let engine = arguments.advice.of(load_engine(&arguments.lexicon)?, Ask::InDoubt)?;
    if let Some(unknown) =
        arguments.sections.iter().find(|s| !engine.lexicons().sections.iter().any(|k| k.id == **s))
    {
        return Err(Failed(format!(
            "--sections {unknown}: no such kind of section; see lexicons/sections/terms.tsv"
        )));
    }
    let started = Instant::now();
    let counts = on_threads(arguments.threads, || annotate(arguments, &engine))??;
    counts.report(arguments.json, started.elapsed().as_secs_f64())?;
    if let Some(path) = arguments.into.warehouse().filter(|_| arguments.findings) {
        findings::show(path, &findings::Filter::default())?;
    }
    Ok(if counts.quarantined > 0 { Outcome::SetAside } else { Outcome::Done })
}

fn annotate(arguments: &Arguments, engine: &Engine) -> Result<Counts> {
    let options = Options { max_document_bytes: arguments.max_document_bytes, keep_source_fields: false };
    // Every source is opened before anything is written: a wrong path must not leave half a job.
    let sources = arguments.source.iter().map(|path| source::open(path, &options).map_err(Failed::new));
    let sources = sources.collect::<Result<Vec<_>>>()?;
    let total = arguments.source.iter().map(|path| source::size_hint_bytes(path)).sum();
    let bar = progress::bar(total, arguments.json);
    let stop = interruption()?;
    let mut counts = Counts::default();
    let worker = Worker { engine, options, sections: &arguments.sections, bar: &bar };
    arguments.into.open(engine, &arguments.sections.join(","), arguments.keep_text, |sink| {
        for mut records in sources {
            while let Some(batch) = next_batch(&mut *records)? {
                worker.batch(batch, sink, &mut counts)?;
                if stop.load(Ordering::Relaxed) {
                    return Err(Failed(
                        "stopped at the end of a batch; run the same command again to go on".into(),
                    ));
                }
            }
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    Ok(counts)
}

/// A flag that the first SIGTERM or SIGINT raises; the second ends the process at once.
fn interruption() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&stop))
            .map_err(Failed::new)?;
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(Failed::new)?;
    }
    Ok(stop)
}

type RecordIter = dyn Iterator<Item = std::result::Result<Record, source::SourceError>> + Send;

fn next_batch(records: &mut RecordIter) -> Result<Option<Vec<Record>>> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    while bytes < BATCH_BYTES && batch.len() < BATCH_RECORDS {
        match records.next() {
            Some(record) => {
                let record = record.map_err(Failed::new)?;
                bytes += record.bytes();
                batch.push(record);
            }
            None => break,
        }
    }
    Ok((!batch.is_empty()).then_some(batch))
}

/// A document read and hashed.
struct Prepared {
    document: Document,
    hashes: Hashes,
    origin: Origin,
    recoded: bool,
    mojibake: bool,
}

struct Worker<'a> {
    engine: &'a Engine,
    options: Options,
    sections: &'a [String],
    bar: &'a ProgressBar,
}

impl Worker<'_> {
    /// Reads, annotates and writes one batch; only the write is sequential.
    fn batch(&self, batch: Vec<Record>, sink: &mut Sink, counts: &mut Counts) -> Result<()> {
        let stored: u64 = batch.iter().map(Record::bytes).sum();
        let read: Vec<_> = batch.into_par_iter().map(|record| self.prepare(record)).collect();
        counts.read(&read);
        let documents: Vec<&Prepared> = read.iter().filter_map(|r| r.as_ref().ok()).collect();
        let keys: Vec<Key> = documents.iter().map(|p| key(p)).collect();
        let standings = sink.standings(&keys)?;
        standings.iter().for_each(|standing| counts.settled(*standing));
        let mut needs_work = standings.iter().map(|s| s.needs_work());
        let work: Vec<_> = read.iter().filter(|r| r.is_err() || needs_work.next().unwrap_or(true)).collect();
        let annotated = self.annotate(&work);
        let fates = sink.write(&annotated)?;
        for (one, fate) in annotated.iter().zip(fates) {
            counts.written(one, fate);
        }
        self.bar.inc(stored);
        self.bar.set_message(format!("{} documents, {} events", counts.documents, counts.events));
        Ok(())
    }

    fn prepare(&self, record: Record) -> std::result::Result<Prepared, Rejection> {
        let Received { document, origin, encoding, mojibake } = record.read(&self.options)?;
        Ok(Prepared { hashes: hashes(&document), document, origin, recoded: encoding != "utf-8", mojibake })
    }

    /// What is to be written of each record; the documents among them are annotated together.
    fn annotate<'d>(&self, work: &[&'d std::result::Result<Prepared, Rejection>]) -> Vec<Annotated<'d>> {
        let documents: Vec<&Document> =
            work.iter().filter_map(|r| Some(&r.as_ref().ok()?.document)).collect();
        let mut events = self.engine.annotate_batch(documents).into_iter();
        let one = |read: &&'d std::result::Result<Prepared, Rejection>| match read {
            Ok(prepared) => {
                let outcome = match events.next().unwrap_or(Err(Failure)) {
                    Ok(events) => warehouse::Outcome::Events(self.of_sections(events)),
                    Err(failure) => set_aside("engine_failure", &failure, &prepared.origin),
                };
                let Hashes { text, content } = prepared.hashes;
                Annotated { document: &prepared.document, content_hash: content, text_sha256: text, outcome }
            }
            Err(rejection) => Annotated {
                document: NO_DOCUMENT.get_or_init(Document::default),
                content_hash: [0; 32],
                text_sha256: [0; 32],
                outcome: set_aside(rejection.reason.code(), &rejection.reason, &rejection.origin),
            },
        };
        work.iter().map(one).collect()
    }

    fn of_sections(&self, mut events: Vec<CodedEvent>) -> Vec<CodedEvent> {
        if !self.sections.is_empty() {
            events.retain(|e| e.section.as_ref().is_some_and(|s| self.sections.contains(s)));
        }
        events
    }
}

/// Stands for a document that could not be read.
static NO_DOCUMENT: OnceLock<Document> = OnceLock::new();

fn key(prepared: &Prepared) -> Key<'_> {
    Key {
        document_id: &prepared.document.id,
        patient_id: prepared.document.patient_id.as_deref(),
        version: prepared.document.version,
        content_hash: prepared.hashes.content,
    }
}

fn set_aside(code: &str, reason: &dyn std::fmt::Display, origin: &Origin) -> warehouse::Outcome {
    warehouse::Outcome::Quarantined {
        code: code.to_string(),
        reason: reason.to_string(),
        origin_file: origin.file.clone(),
        origin_line: origin.line,
    }
}

/// What a run did, for its closing table.
#[derive(Default)]
struct Counts {
    documents: u64,
    written: u64,
    unchanged: u64,
    stale: u64,
    forgotten: u64,
    quarantined: u64,
    events: u64,
    bytes: u64,
    recoded: u64,
    mojibake: u64,
}

impl Counts {
    fn read(&mut self, batch: &[std::result::Result<Prepared, Rejection>]) {
        self.documents += batch.len() as u64;
        for prepared in batch.iter().filter_map(|r| r.as_ref().ok()) {
            self.bytes += prepared.document.text.len() as u64;
            self.recoded += u64::from(prepared.recoded);
            self.mojibake += u64::from(prepared.mojibake);
        }
    }

    /// Counts a document that needs no work.
    fn settled(&mut self, standing: Standing) {
        match standing {
            Standing::New | Standing::Changed => {}
            Standing::Unchanged => self.unchanged += 1,
            Standing::Stale => self.stale += 1,
            Standing::Forgotten => self.forgotten += 1,
            Standing::Quarantined => self.quarantined += 1,
        }
    }

    fn written(&mut self, one: &Annotated, fate: Fate) {
        match (&one.outcome, fate) {
            (warehouse::Outcome::Quarantined { code, reason, origin_file, origin_line }, _) => {
                self.set_aside(&format!("{origin_file}:{origin_line}: set aside ({code}): {reason}"));
            }
            (_, Fate::Conflicted) => self.set_aside(&format!(
                "document {}: set aside (conflict): this run has another text for the same id and version; give it a version",
                one.document.id
            )),
            (warehouse::Outcome::Events(events), Fate::Written | Fate::Replaced) => {
                self.written += 1;
                self.events += events.len() as u64;
            }
            (_, Fate::Stale) => self.stale += 1,
            (_, Fate::Forgotten) => self.forgotten += 1,
            _ => self.unchanged += 1,
        }
    }

    fn set_aside(&mut self, message: &str) {
        self.quarantined += 1;
        match self.quarantined {
            n if n <= MOST_NAMED => eprintln!("{message}"),
            n if n == MOST_NAMED + 1 => {
                eprintln!("… more documents set aside; the warehouse lists them in v_rejections")
            }
            _ => {}
        }
    }

    fn report(&self, as_json: bool, seconds: f64) -> Result<()> {
        if as_json {
            let line = serde_json::json!({
                "documents": self.documents, "written": self.written, "unchanged": self.unchanged,
                "quarantined": self.quarantined, "events": self.events, "bytes": self.bytes, "seconds": seconds,
                "stale": self.stale, "forgotten": self.forgotten, "recoded": self.recoded, "mojibake": self.mojibake,
            });
            eprintln!("{line}");
            return Ok(());
        }
        let mut out =
            progress::table(&["documents", "written", "unchanged", "set aside", "events", "MB", "MB/s"]);
        let megabytes = self.bytes as f64 / 1e6;
        let counts = [self.documents, self.written, self.unchanged, self.quarantined, self.events];
        let measures = [format!("{megabytes:.1}"), format!("{:.1}", megabytes / seconds.max(1e-9))];
        out.add_row(counts.map(|n| n.to_string()).into_iter().chain(measures));
        eprintln!("{out}");
        let notes = [
            (self.stale, "older than the stored version, left alone"),
            (self.forgotten, "refused: forgotten document or patient"),
            (self.recoded, "not UTF-8: read as Windows-1252 or its kin"),
            (self.mojibake, "hold text that was decoded wrongly before it came here; mend it at its source"),
        ];
        for (count, note) in notes.iter().filter(|(count, _)| *count > 0) {
            eprintln!("{count} documents {note}");
        }
        Ok(())
    }
}
