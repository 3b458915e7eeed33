//! `laennec annotate`: reads reports, writes their coded events, exactly once.

use super::advice::{Advice, Ask};
use super::sink::{Destination, Sink};
use super::{Failed, MOST_THREADS, Outcome, Result, findings, load_engine, on_threads, progress};
use crate::document::Document;
use crate::event::CodedEvent;
use crate::pipeline::{Engine, Failure, Hashes, hashes, signature};
use crate::source::{self, Options, Origin, Received, Record, Rejection};
use crate::warehouse::{self, Annotated, Fate, Forget, Key, Place, Standing, Warehouse, WarehouseError};
use indicatif::ProgressBar;
use rayon::prelude::*;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Most stored bytes, and most records, held at once: they bound memory whatever the size of the corpus.
const BATCH_BYTES: u64 = 4 << 20;
const BATCH_RECORDS: usize = 2048;
/// Most documents set aside that are named one by one; the warehouse keeps them all.
const MOST_NAMED: u64 = 20;

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  laennec annotate reports.jsonl.gz --into cohort.db
  laennec annotate 'postgres://reader@host/ehr?table=omop.note&since=updated_at' --into 'postgres://writer@host/research'
  laennec annotate 2023.csv 2024.csv --into cohort.db --lexicon my-lexicon --threads 8
  zcat notes.jsonl.gz | laennec annotate - --into - | jq .concept";

/// Read reports and write their coded events.
///
/// A warehouse run can be repeated at any time: documents that are already there, made by the same engine, are left alone.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// `.jsonl[.gz|.zst]`, `.csv[.gz]`, a folder of `.txt`, `-` for JSON lines on standard input, or
    /// `postgres://…?table=note` (`&since=COLUMN` reads only what changed; `&text=COLUMN` names columns).
    #[arg(required = true)]
    source: Vec<String>,
    /// `cohort.db` (a SQLite warehouse), `postgres://…?schema=laennec`, `events.jsonl`, or `-` for JSON lines on standard output.
    #[arg(long, value_name = "DEST")]
    pub(super) into: Destination,
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
    /// The sources hold every document there is: those of the warehouse that are not among them are withdrawn.
    #[arg(long)]
    complete: bool,
    /// Patients who oppose, one id a line: forgotten before the run, and refused from then on.
    #[arg(long, value_name = "FILE")]
    opposed: Option<PathBuf>,
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
    run_as(arguments, Mode::Usual)
}

/// Runs in a mode.
pub(super) fn run_as(arguments: &Arguments, mode: Mode) -> Result {
    arguments.check(mode)?;
    run_with(arguments, &arguments.engine()?, mode)
}

/// Runs in a mode, with an engine; the arguments are checked.
pub(super) fn run_with(arguments: &Arguments, engine: &Engine, mode: Mode) -> Result {
    if let Some(unknown) =
        arguments.sections.iter().find(|s| !engine.lexicons().sections.iter().any(|k| k.id == **s))
    {
        return Err(Failed(format!(
            "--sections {unknown}: no such kind of section; see lexicons/sections/terms.tsv"
        )));
    }
    let started = Instant::now();
    let counts = on_threads(arguments.threads, || annotate(arguments, engine, mode))??;
    counts.report(arguments.json, started.elapsed().as_secs_f64())?;
    if let Some(place) = arguments.into.warehouse().filter(|_| arguments.findings) {
        findings::show(place, &findings::Filter::default())?;
    }
    Ok(if counts.quarantined > 0 { Outcome::SetAside } else { Outcome::Done })
}

fn annotate(arguments: &Arguments, engine: &Engine, mode: Mode) -> Result<Counts> {
    let options = Options { max_document_bytes: arguments.max_document_bytes, keep_source_fields: false };
    if arguments.complete {
        arguments.check_whole()?;
    }
    // Before any source is open: erasing waits for every transaction of the database, that of a source too.
    arguments.honour_opposition()?;
    // Every source is opened before anything is written: a wrong path must not leave half a job.
    let sources = arguments.source.iter().map(|path| Source::open(path, &arguments.into, &options, mode));
    let sources = sources.collect::<Result<Vec<_>>>()?;
    let total = arguments.source.iter().map(|path| source::size_hint_bytes(path)).sum();
    let bar = progress::bar(total, arguments.json);
    let stop = interruption()?;
    let mut counts = Counts::default();
    let worker = Worker { engine, options, sections: &arguments.sections, bar: &bar, mode, stop: &stop };
    arguments.into.open(engine, &arguments.options(), arguments.keep_text, |sink| {
        for source in sources {
            worker.source(source, sink, &mut counts)?;
        }
        if arguments.complete {
            counts.withdrawn = worker.withdraw(sink, &counts)?;
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    Ok(counts)
}

impl Arguments {
    /// Refuses what the arguments cannot mean, before anything is loaded.
    pub fn check(&self, mode: Mode) -> Result<()> {
        if self.complete || mode != Mode::Usual {
            self.warehouse()?;
        }
        if self.findings && self.into.warehouse().is_none() {
            return Err(Failed("--findings reads a warehouse; write --into cohort.db".into()));
        }
        self.into.check_apart(&self.source)
    }

    /// The warehouse, without which nothing is known of earlier runs.
    pub fn warehouse(&self) -> Result<&Place> {
        let none =
            || Failed("what was written before is known to a warehouse only; write --into cohort.db".into());
        self.into.warehouse().ok_or_else(none)
    }

    /// The engine that these arguments ask for.
    pub fn engine(&self) -> Result<Engine> {
        self.advice.of(load_engine(&self.lexicon)?, Ask::InDoubt)
    }

    /// Settings that change events, in their canonical spelling.
    pub fn options(&self) -> String {
        self.sections.join(",")
    }

    /// What a source leaves out is not gone.
    fn check_whole(&self) -> Result<()> {
        for path in &self.source {
            if source::is_partial(path).map_err(Failed::new)? {
                return Err(Failed(
                    "--complete: a source with since= or where= does not hold every document; read it whole"
                        .into(),
                ));
            }
        }
        Ok(())
    }

    /// Patients who oppose are forgotten, and refused from then on.
    fn honour_opposition(&self) -> Result<()> {
        let Some(list) = &self.opposed else { return Ok(()) };
        let Some(place) = self.into.warehouse() else {
            return Err(Failed("--opposed is kept by a warehouse; write --into cohort.db".into()));
        };
        let patients = read_ids(list)?;
        let mut warehouse = Warehouse::open_at(place)?;
        let targets: Vec<Forget> =
            warehouse.not_yet_forgotten(&patients)?.into_iter().map(Forget::Patient).collect();
        if !targets.is_empty() || warehouse.is_erasing()? {
            warehouse.forget(&targets)?;
        }
        Ok(())
    }
}

/// Identifiers, one a line; blank lines are none.
pub(super) fn read_ids(path: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failed(format!("{}: {error}; give a text file with one id a line", path.display()))
    })?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

/// What a run works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// What is new or changed.
    Usual,
    /// That, of sources that are read from their beginning.
    Again,
    /// That, and what the same engine has set aside.
    Retry,
}

impl Mode {
    fn asks_for(self, standing: Standing) -> bool {
        standing.needs_work() || (self == Self::Retry && standing == Standing::Quarantined)
    }
}

/// An open source.
struct Source {
    records: source::Records,
    /// Its name in the warehouse, when it is followed by a column.
    followed: Option<String>,
}

impl Source {
    fn open(path: &str, into: &Destination, options: &Options, mode: Mode) -> Result<Self> {
        let followed = source::followed(path).map_err(Failed::new)?;
        let from = match (&followed, into.warehouse()) {
            (Some(name), Some(place)) if mode == Mode::Usual => known_watermark(place, name)?,
            _ => None,
        };
        let records = source::open_from(path, from.as_deref(), options).map_err(Failed::new)?;
        Ok(Self { records, followed })
    }
}

/// How far a source was read into a warehouse, which may not be there yet.
fn known_watermark(place: &Place, name: &str) -> Result<Option<String>> {
    match Warehouse::open_existing_at(place) {
        Ok(warehouse) => Ok(warehouse.watermark(name)?),
        Err(
            WarehouseError::Missing { .. } | WarehouseError::NoSchema { .. } | WarehouseError::Older { .. },
        ) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A flag that the first SIGTERM or SIGINT raises; the second ends the process at once.
fn interruption() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&stop))
            .map_err(Failed::new)?;
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(Failed::new)?;
    }
    // A limit on the size of files then fails the write, which is told, instead of ending the process.
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default()).map_err(Failed::new)?;
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

type Read = std::result::Result<Prepared, Box<Refused>>;

/// A record that could not be read, with what stands for its document: its id, if that could be read.
struct Refused {
    rejection: Rejection,
    document: Document,
}

impl From<Rejection> for Box<Refused> {
    fn from(rejection: Rejection) -> Self {
        let id = rejection.document_id.clone().unwrap_or_default().into_string();
        let patient_id = rejection.patient_id.clone().map(str::into_string);
        Box::new(Refused { rejection, document: Document { id, patient_id, ..Document::default() } })
    }
}

/// Batches that wait for another job, at most; they bound memory.
const MOST_PARKED: usize = 3;
/// Between two looks at what another job has in hand.
const PAUSE: Duration = Duration::from_millis(100);

struct Worker<'a> {
    engine: &'a Engine,
    options: Options,
    sections: &'a [String],
    bar: &'a ProgressBar,
    mode: Mode,
    stop: &'a AtomicBool,
}

impl Worker<'_> {
    /// Reads a source to its end, each batch while the one before is written. Reports that another job has in hand are
    /// looked at again later.
    fn source(&self, mut source: Source, sink: &mut Sink, counts: &mut Counts) -> Result<()> {
        let mut parked: VecDeque<Vec<Read>> = VecDeque::new();
        let (mut ready, mut reached): (Option<Ready>, _) = (None, None);
        while let Some(mut batch) = next_batch(&mut *source.records)? {
            let stored: u64 = batch.iter().map(Record::bytes).sum();
            reached = batch.iter_mut().filter_map(|record| record.watermark.take()).next_back().or(reached);
            let read: Vec<_> = batch.into_par_iter().map(|record| self.prepare(record)).collect();
            counts.read(&read);
            let (work, left) = self.share(read, sink, counts)?;
            if !left.is_empty() {
                parked.push_back(left);
            }
            let keeps = matches!(sink, Sink::Warehouse(_));
            let before = ready.take();
            let (annotated, written) =
                rayon::join(|| self.annotate(work, keeps), || self.write(before, sink, counts));
            written?;
            let reached = source.followed.clone().zip(reached.clone()).filter(|_| parked.is_empty());
            ready = Some(Ready { reached, ..annotated });
            self.bar.inc(stored);
            self.bar.set_message(format!("{} documents, {} events", counts.documents, counts.events));
            if self.is_stopped() || parked.len() > MOST_PARKED {
                self.write(ready.take(), sink, counts)?;
                self.heed()?;
                self.settle(&mut parked, sink, counts)?;
            }
        }
        self.write(ready, sink, counts)?;
        while !parked.is_empty() {
            self.settle(&mut parked, sink, counts)?;
        }
        if let Some((name, value)) = source.followed.zip(reached) {
            sink.follow(&name, &value);
        }
        Ok(())
    }

    /// Waits until the other job has written the oldest parked batch, or has let go of it.
    fn settle(&self, parked: &mut VecDeque<Vec<Read>>, sink: &mut Sink, counts: &mut Counts) -> Result<()> {
        let mut left = parked.pop_front().unwrap_or_default();
        loop {
            let (work, others) = self.share(left, sink, counts)?;
            self.write(Some(self.annotate(work, true)), sink, counts)?;
            if others.is_empty() {
                return Ok(());
            }
            left = others;
            self.heed()?;
            std::thread::sleep(PAUSE);
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn heed(&self) -> Result<()> {
        match self.is_stopped() {
            true => Err(Failed("stopped at the end of a batch; run the same command again to go on".into())),
            false => Ok(()),
        }
    }

    /// What of a batch is to be annotated here, and what another job has in hand.
    fn share(&self, read: Vec<Read>, sink: &mut Sink, counts: &mut Counts) -> Result<(Vec<Read>, Vec<Read>)> {
        let keys: Vec<Key> = read.iter().filter_map(|r| r.as_ref().ok()).map(key).collect();
        let standings = sink.standings(&keys)?;
        let asked: Vec<bool> = standings.iter().map(|standing| self.mode.asks_for(*standing)).collect();
        let wanted: Vec<Key> =
            keys.iter().zip(&asked).filter(|(_, asked)| **asked).map(|(key, _)| *key).collect();
        let mut free = sink.claim(&wanted)?.into_iter();
        let mut places = standings.iter().zip(asked);
        let (mut work, mut left) = (Vec::new(), Vec::new());
        for one in read {
            match one.is_ok().then(|| places.next()).flatten() {
                None => work.push(one),
                Some((standing, false)) => counts.settled(*standing),
                Some((_, true)) if free.next().unwrap_or(true) => work.push(one),
                Some((_, true)) => left.push(one),
            }
        }
        Ok((work, left))
    }

    /// Annotates the documents among the records together; with the signature of their words for a warehouse.
    fn annotate(&self, work: Vec<Read>, signs: bool) -> Ready {
        let documents: Vec<&Document> =
            work.iter().filter_map(|r| Some(&r.as_ref().ok()?.document)).collect();
        let sign = |document: &&Document| signs.then(|| signature(&document.text, self.engine.lexicons()));
        let words: Vec<_> = documents.par_iter().map(sign).collect();
        let mut events = self.engine.annotate_batch(documents).into_iter().zip(words);
        let outcome = |read: &Read| match read {
            Ok(prepared) => match events.next() {
                Some((Ok(events), words)) => (warehouse::Outcome::Events(self.of_sections(events)), words),
                _ => (set_aside("engine_failure", &Failure, &prepared.origin), None),
            },
            Err(refused) => {
                let Rejection { origin, reason, .. } = &refused.rejection;
                (set_aside(reason.code(), reason, origin), None)
            }
        };
        let outcomes = work.iter().map(outcome).collect();
        Ready { work, outcomes, reached: None }
    }

    /// Writes one batch, if there is one.
    fn write(&self, ready: Option<Ready>, sink: &mut Sink, counts: &mut Counts) -> Result<()> {
        let Some(ready) = ready else { return Ok(()) };
        if let Some((name, value)) = &ready.reached {
            sink.follow(name, value);
        }
        let annotated: Vec<Annotated> = ready.work.iter().zip(ready.outcomes).map(annotated).collect();
        let fates = sink.write(&annotated)?;
        for (one, fate) in annotated.iter().zip(&fates) {
            counts.written(one, *fate);
        }
        let conflicts = ready.work.iter().zip(fates).filter(|(_, fate)| *fate == Fate::Conflicted);
        sink.record(&conflicts.filter_map(|(read, _)| conflict(read)).collect::<Vec<_>>())
    }

    /// Withdraws what the sources no longer have; not when some of what they have could not be read.
    fn withdraw(&self, sink: &mut Sink, counts: &Counts) -> Result<u64> {
        if counts.documents == 0 {
            return Err(Failed(
                "--complete: the sources hold no document at all; nothing was withdrawn; check the paths"
                    .into(),
            ));
        }
        if counts.quarantined > 0 {
            return Err(Failed(
                "--complete: some documents were set aside, so nobody knows whether the others are all there is; every document was written, none withdrawn; mend the source, then run this again".into(),
            ));
        }
        sink.withdraw_unmet()
    }

    fn prepare(&self, record: Record) -> Read {
        let Received { document, origin, encoding, mojibake } = record.read(&self.options)?;
        Ok(Prepared { hashes: hashes(&document), document, origin, recoded: encoding != "utf-8", mojibake })
    }

    fn of_sections(&self, mut events: Vec<CodedEvent>) -> Vec<CodedEvent> {
        if !self.sections.is_empty() {
            events.retain(|e| e.section.as_ref().is_some_and(|s| self.sections.contains(s)));
        }
        events
    }
}

/// A batch that is annotated and not yet written.
struct Ready {
    work: Vec<Read>,
    /// What came out of each, with the signature of its words.
    outcomes: Vec<(warehouse::Outcome, Option<Vec<u8>>)>,
    /// Name of the source and how far it was read, when nothing before is left to another job.
    reached: Option<(String, String)>,
}

/// What the warehouse keeps of a second text for the same id and version.
fn conflict(read: &Read) -> Option<Annotated<'_>> {
    let prepared = read.as_ref().ok()?;
    let outcome = set_aside("conflict", &CONFLICT, &prepared.origin);
    Some(annotated((read, (outcome, None))))
}

/// Why a second text is set aside.
const CONFLICT: &str = "this run has another text for the same id and version; give it a version";

fn annotated((read, (outcome, words)): (&Read, (warehouse::Outcome, Option<Vec<u8>>))) -> Annotated<'_> {
    match read {
        Ok(prepared) => Annotated {
            document: &prepared.document,
            content_hash: prepared.hashes.content,
            text_sha256: prepared.hashes.text,
            words,
            outcome,
        },
        Err(refused) => Annotated {
            document: &refused.document,
            content_hash: [0; 32],
            text_sha256: [0; 32],
            words: None,
            outcome,
        },
    }
}

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
    withdrawn: u64,
}

impl Counts {
    fn read(&mut self, batch: &[Read]) {
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
            (_, Fate::Conflicted) => {
                self.set_aside(&format!("document {}: set aside (conflict): {CONFLICT}", one.document.id))
            }
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
                "withdrawn": self.withdrawn,
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
            (self.withdrawn, "withdrawn: no longer in their source"),
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
