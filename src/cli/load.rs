//! `laennec load`: persons, coded diagnoses, births and exported events, into a warehouse.

use super::sink::Destination;
use super::{Failed, Outcome, Result, load_lexicons, progress};
use crate::code::Enricher;
use crate::document::Document;
use crate::event::CodedEvent;
use crate::lexicon::Lexicons;
use crate::population::Births;
use crate::source::{self, Kind, Origin, ReceivedEvent, Record, Records, Rejection};
use crate::warehouse::{self, Annotated, EngineFingerprint, Loaded, Run, Spool, Spooled, Tally, Warehouse};
use indicatif::ProgressBar;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;
use std::time::Instant;

/// Rows, and events of reports, in one transaction.
const BATCH: usize = 4096;
/// Most rows set aside that are named one by one; the warehouse keeps them all.
const MOST_NAMED: u64 = 20;
/// What the warehouse remembers as the engine of reports whose events were loaded.
const ENGINE: &str = "laennec load";

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  laennec load --into cohort.db --persons children.csv --births births.csv
  laennec load --into cohort.db --events pmsi.jsonl.gz       coded diagnoses: patient_id, codings, event_date, position
  laennec events a.db | laennec load --into b.db --events -  the events of another warehouse, unchanged

Rows already there are left alone, so that any load can be repeated. A person, an area with its period, a coded diagnosis
and a report with its version are replaced by what is loaded.";

/// Load what does not come from text: persons, coded diagnoses, births; or exported events.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub(super) struct Arguments {
    /// The warehouse (`cohort.db`), made if need be.
    #[arg(long, value_name = "WAREHOUSE")]
    into: Destination,
    /// Persons: `.jsonl` or `.csv` (plain, `.gz`, `.zst`), or `-` for JSON lines on standard input; repeatable.
    #[arg(long, value_name = "FILE", group = "what")]
    persons: Vec<String>,
    /// Events, coded or exported; repeatable.
    #[arg(long, value_name = "FILE", group = "what")]
    events: Vec<String>,
    /// Births by area and period; repeatable.
    #[arg(long, value_name = "FILE", group = "what")]
    births: Vec<String>,
    /// Add a lexicon folder; one with the id of a shipped lexicon takes its place.
    #[arg(long, value_name = "DIR")]
    lexicon: Vec<PathBuf>,
    /// End with one JSON summary line on standard error instead of a table.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    fn files(&self) -> Vec<(Kind, &String)> {
        let persons = self.persons.iter().map(|file| (Kind::Persons, file));
        let births = self.births.iter().map(|file| (Kind::Births, file));
        persons.chain(births).chain(self.events.iter().map(|file| (Kind::Events, file))).collect()
    }
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let Some(place) = arguments.into.warehouse() else {
        return Err(Failed("--into: load writes to a warehouse; give a .db file or postgres://…".into()));
    };
    let files = arguments.files();
    if files.iter().filter(|(_, file)| *file == "-").count() > 1 {
        return Err(Failed("standard input can be read once; give `-` to one option only".into()));
    }
    let paths: Vec<String> = files.iter().map(|(_, file)| (*file).clone()).collect();
    arguments.into.check_apart(&paths)?;
    let started = Instant::now();
    let lexicons = load_lexicons(&arguments.lexicon)?;
    // Every file is opened before anything is written: a wrong path must not leave half a job.
    let open = |(kind, file): &(Kind, &String)| source::open_rows(file, *kind).map_err(Failed::new);
    let opened = files.iter().map(open).collect::<Result<Vec<_>>>()?;
    let bar = progress::bar(paths.iter().map(|file| source::size_hint_bytes(file)).sum(), arguments.json);
    let mut warehouse = Warehouse::open_at(place)?;
    let mut loader = Loader::new(&mut warehouse, &lexicons, &bar)?;
    for (number, (rows, (kind, _))) in opened.into_iter().zip(&files).enumerate() {
        loader.file(*kind, number as i64, rows)?;
    }
    let counts = loader.finish(&paths)?;
    bar.finish_and_clear();
    counts.report(arguments.json, started.elapsed().as_secs_f64());
    Ok(if counts.quarantined > 0 { Outcome::SetAside } else { Outcome::Done })
}

/// A run of the warehouse that takes rows in.
struct Loader<'a> {
    run: Run<'a>,
    enricher: Enricher<'a>,
    bar: &'a ProgressBar,
    spool: Spool,
    counts: Counts,
    /// Where the births of each area and period were told.
    births: BTreeMap<(String, String), Origin>,
}

type Read<T> = std::result::Result<T, Rejection>;

impl<'a> Loader<'a> {
    fn new(warehouse: &'a mut Warehouse, lexicons: &'a Lexicons, bar: &'a ProgressBar) -> Result<Self> {
        let engine = EngineFingerprint { engine: ENGINE.into(), ..EngineFingerprint::default() };
        let (run, spool) = (warehouse.begin_run(&engine), Spool::new()?);
        let enricher = Enricher::new(lexicons);
        Ok(Self { run, enricher, bar, spool, counts: Counts::default(), births: BTreeMap::new() })
    }

    fn file(&mut self, kind: Kind, number: i64, mut rows: Records) -> Result<()> {
        while let Some(batch) = next_batch(&mut rows)? {
            let bytes: u64 = batch.iter().map(Record::bytes).sum();
            match kind {
                Kind::Persons => self.persons(batch)?,
                Kind::Births => self.births(batch)?,
                Kind::Events => self.events(number, batch)?,
            }
            self.bar.inc(bytes);
            self.bar.set_message(self.counts.progress());
        }
        Ok(())
    }

    fn persons(&mut self, batch: Vec<Record>) -> Result<()> {
        let read: Vec<Read<_>> = batch.into_par_iter().map(source::read_person).collect();
        let persons = self.good(read)?;
        self.counts.persons += persons.len() as u64;
        let loaded = self.run.write_persons(&persons)?;
        self.counts.add(loaded);
        Ok(())
    }

    fn births(&mut self, batch: Vec<Record>) -> Result<()> {
        let origins: Vec<Origin> = batch.iter().map(|record| record.origin.clone()).collect();
        let read: Vec<Read<_>> = batch.into_par_iter().map(source::read_births).collect();
        let (mut first, mut doubled) = (Vec::new(), Vec::new());
        for (read, origin) in read.into_iter().zip(origins) {
            match read.as_ref().ok().and_then(|births| self.known_births(births, &origin)) {
                Some(reason) => doubled.push(Aside::new("duplicate-births", &reason, origin)),
                None => first.push(read),
            }
        }
        let births = self.good(first)?;
        set_aside(&mut self.run, &mut self.counts, doubled)?;
        self.counts.births += births.len() as u64;
        let loaded = self.run.write_births(&births)?;
        self.counts.add(loaded);
        Ok(())
    }

    /// Why births that an earlier row of this load has told already are refused.
    fn known_births(&mut self, births: &Births, origin: &Origin) -> Option<String> {
        let key = (births.area.clone(), births.period.clone());
        match self.births.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(origin.clone());
                None
            }
            Entry::Occupied(entry) => {
                let Origin { file, line } = entry.get();
                Some(format!(
                    "births of area {:?} in {} are told by {file}:{line} already; keep one row of each area and period",
                    births.area, births.period
                ))
            }
        }
    }

    /// Structured events are stored at once; those of reports wait for the others of their report.
    fn events(&mut self, file: i64, batch: Vec<Record>) -> Result<()> {
        let enricher = &self.enricher;
        let read: Vec<Read<_>> = batch.into_par_iter().map(|record| event(enricher, record)).collect();
        let events = self.good(read)?;
        self.counts.events += events.len() as u64;
        let (structured, of_reports): (Vec<_>, Vec<_>) =
            events.into_iter().partition(|one| one.event.is_structured());
        for ReceivedEvent { event, origin, .. } in of_reports {
            self.spool.add(&Spooled { event, file, line: origin.line as i64 })?;
        }
        let structured: Vec<CodedEvent> = structured.into_iter().map(|one| one.event).collect();
        let loaded = self.run.write_structured(&structured)?;
        self.counts.add(loaded);
        Ok(())
    }

    /// What could be read; the rest is set aside.
    fn good<T>(&mut self, read: Vec<Read<T>>) -> Result<Vec<T>> {
        let (good, bad): (Vec<_>, Vec<_>) = read.into_iter().partition(|one| one.is_ok());
        let bad = bad.into_iter().filter_map(Read::err);
        let bad = bad.map(|one| Aside::new(one.reason.code(), &one.reason, one.origin));
        set_aside(&mut self.run, &mut self.counts, bad.collect())?;
        Ok(good.into_iter().filter_map(Read::ok).collect())
    }

    /// Stores the reports whose events have been waiting, and closes the run.
    fn finish(self, files: &[String]) -> Result<Counts> {
        let Self { mut run, spool, mut counts, bar, .. } = self;
        let mut batch: Vec<Report> = Vec::new();
        spool.each_document(|events| {
            batch.push(Report::of(events, files));
            if batch.iter().map(|report| report.events.len()).sum::<usize>() >= BATCH {
                store(&mut run, &mut counts, std::mem::take(&mut batch))?;
                bar.set_message(counts.progress());
            }
            Ok::<_, Failed>(())
        })?;
        store(&mut run, &mut counts, batch)?;
        run.finish()?;
        Ok(counts)
    }
}

fn event(enricher: &Enricher, record: Record) -> Read<ReceivedEvent> {
    let mut one = source::read_event(record)?;
    if !one.is_complete {
        enricher.enrich(&mut one.event);
    }
    Ok(one)
}

fn next_batch(rows: &mut Records) -> Result<Option<Vec<Record>>> {
    let batch = rows.by_ref().take(BATCH).collect::<std::result::Result<Vec<_>, _>>();
    let batch = batch.map_err(Failed::new)?;
    Ok((!batch.is_empty()).then_some(batch))
}

/// A row set aside, and why.
struct Aside {
    code: &'static str,
    reason: String,
    origin: Origin,
}

impl Aside {
    fn new(code: &'static str, reason: &dyn std::fmt::Display, origin: Origin) -> Self {
        Self { code, reason: reason.to_string(), origin }
    }
}

/// Records rows set aside in the warehouse, and names the first ones.
fn set_aside(run: &mut Run, counts: &mut Counts, rows: Vec<Aside>) -> Result<()> {
    let none = Document::default();
    let annotated = rows.iter().map(|row| Annotated {
        document: &none,
        content_hash: [0; 32],
        text_sha256: [0; 32],
        words: None,
        outcome: warehouse::Outcome::Quarantined {
            code: row.code.into(),
            reason: row.reason.clone(),
            origin_file: row.origin.file.clone(),
            origin_line: row.origin.line,
        },
    });
    run.write(&annotated.collect::<Vec<_>>())?;
    rows.iter().for_each(|row| counts.set_aside(row));
    Ok(())
}

/// A report as its events tell it: without text.
struct Report {
    document: Document,
    events: Vec<CodedEvent>,
    superseded: u64,
    aside: Vec<Aside>,
}

impl Report {
    /// The report of some events: the highest version counts, and the first event of it says whose report it is.
    fn of(mut waiting: Vec<Spooled>, files: &[String]) -> Self {
        let version = waiting.iter().map(|one| one.event.document_version).max().unwrap_or(0);
        let all = waiting.len();
        waiting.retain(|one| one.event.document_version == version);
        let document = waiting.first().map(|one| document(&one.event)).unwrap_or_default();
        let superseded = (all - waiting.len()) as u64;
        let mut report = Self { document, events: Vec::new(), superseded, aside: Vec::new() };
        // Stable: of two events with one id, the first to come stays, and they stand side by side.
        waiting.sort_by(|a, b| a.event.sort_key().cmp(&b.event.sort_key()));
        for one in waiting {
            if let Err(reason) = report.add(one.event) {
                let file = files.get(one.file as usize).cloned().unwrap_or_default();
                let origin = Origin { file, line: one.line as u64 };
                report.aside.push(Aside::new("conflict", &reason, origin));
            }
        }
        report
    }

    fn add(&mut self, event: CodedEvent) -> std::result::Result<(), &'static str> {
        if event.patient_id != self.document.patient_id || event.visit_id != self.document.visit_id {
            return Err("another patient_id or visit_id than the first event of the same report");
        }
        match self.events.last().filter(|last| last.event_id == event.event_id) {
            Some(last) if *last == event => Ok(()),
            Some(_) => Err("the same event_id as another event of the report, with other content"),
            None => {
                self.events.push(event);
                Ok(())
            }
        }
    }

    fn annotated(&mut self) -> Result<Annotated<'_>> {
        let mut hash = Sha256::new();
        for event in &self.events {
            hash.update(serde_json::to_vec(event).map_err(Failed::new)?);
        }
        Ok(Annotated {
            document: &self.document,
            content_hash: hash.finalize().into(),
            text_sha256: Sha256::digest(b"").into(),
            words: None,
            outcome: warehouse::Outcome::Events(std::mem::take(&mut self.events)),
        })
    }
}

fn document(event: &CodedEvent) -> Document {
    Document {
        id: event.document_id.clone(),
        version: event.document_version,
        patient_id: event.patient_id.clone(),
        visit_id: event.visit_id.clone(),
        document_type: event.document_type.clone(),
        date: event.document_date,
        ward: event.ward.clone(),
        ..Document::default()
    }
}

/// Stores some reports in one transaction.
fn store(run: &mut Run, counts: &mut Counts, mut reports: Vec<Report>) -> Result<()> {
    let aside = reports.iter_mut().flat_map(|report| std::mem::take(&mut report.aside)).collect();
    counts.stale += reports.iter().map(|report| report.superseded).sum::<u64>();
    counts.documents += reports.len() as u64;
    let annotated = reports.iter_mut().map(Report::annotated).collect::<Result<Vec<_>>>()?;
    counts.add_documents(&run.write(&annotated)?.tally);
    set_aside(run, counts, aside)
}

/// What a load did, for its closing table.
#[derive(Default)]
struct Counts {
    persons: u64,
    births: u64,
    events: u64,
    documents: u64,
    written: u64,
    replaced: u64,
    unchanged: u64,
    stale: u64,
    forgotten: u64,
    quarantined: u64,
}

impl Counts {
    fn add(&mut self, loaded: Loaded) {
        self.written += loaded.written;
        self.replaced += loaded.replaced;
        self.unchanged += loaded.unchanged;
        self.forgotten += loaded.forgotten;
    }

    fn add_documents(&mut self, tally: &Tally) {
        self.written += tally.written;
        self.replaced += tally.replaced;
        self.unchanged += tally.unchanged;
        self.stale += tally.stale;
        self.forgotten += tally.forgotten;
    }

    fn set_aside(&mut self, row: &Aside) {
        self.quarantined += 1;
        let Aside { code, reason, origin } = row;
        match self.quarantined {
            n if n <= MOST_NAMED => {
                eprintln!("{}:{}: set aside ({code}): {reason}", origin.file, origin.line)
            }
            n if n == MOST_NAMED + 1 => {
                eprintln!("… more rows set aside; the warehouse lists them in v_rejections")
            }
            _ => {}
        }
    }

    fn progress(&self) -> String {
        format!("{} persons, {} births, {} events", self.persons, self.births, self.events)
    }

    fn report(&self, as_json: bool, seconds: f64) {
        let rows = [
            ("persons", self.persons),
            ("births", self.births),
            ("events", self.events),
            ("documents", self.documents),
            ("written", self.written),
            ("replaced", self.replaced),
            ("unchanged", self.unchanged),
            ("stale", self.stale),
            ("forgotten", self.forgotten),
            ("quarantined", self.quarantined),
        ];
        if as_json {
            let counts = rows.iter().map(|(name, count)| (name.to_string(), (*count).into()));
            let mut line: serde_json::Map<String, serde_json::Value> = counts.collect();
            line.insert("seconds".into(), seconds.into());
            eprintln!("{}", serde_json::Value::Object(line));
            return;
        }
        let name = |name: &'static str| if name == "quarantined" { "set aside" } else { name };
        let names: Vec<&str> = rows.iter().map(|(row, _)| name(row)).collect();
        let mut out = progress::table(&names);
        out.add_row(rows.iter().map(|(_, count)| count.to_string()));
        eprintln!("{out}");
        if self.forgotten > 0 {
            eprintln!("{} refused: forgotten document or patient", self.forgotten);
        }
    }
}
