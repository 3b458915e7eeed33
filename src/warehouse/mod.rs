//! The warehouse: documents, events and the progress of runs, committed together in one SQLite file or one schema of a
//! PostgreSQL server.
//!
//! # Guarantees
//!
//! * **Atomic.** A batch (its documents, their events, the counters of the run) is one transaction. There is
//!   no state file beside the warehouse, so progress and events cannot disagree.
//! * **Durable.** What [`Run::write`] returned is on disk (`synchronous=FULL`, `synchronous_commit=on`: one fsync a
//!   batch, a few milliseconds). After a kill or a power loss the warehouse opens at the last returned batch; running
//!   the same job again completes it.
//! * **Idempotent.** The same documents with the same engine change nothing in the file.
//! * **Isolated.** Readers see whole batches only, and never wait for the writer (write-ahead log).
//! * **Forgetting.** [`Warehouse::forget`] erases the pages, not just the rows, and refuses re-ingestion.
//!
//! Deliberately absent: the text and title of reports (kept only on request), and every rule about what an
//! event means.

// Without servers there is one database, and what tells it from the other is of no use.
#![cfg_attr(
    not(feature = "postgres"),
    allow(dead_code, unused_variables, unused_imports, irrefutable_let_patterns)
)]

mod bulk;
mod claims;
mod cohorts;
mod database;
mod diff;
mod error;
mod family;
mod fault;
mod forget;
mod history;
mod keys;
mod lifecycle;
mod load;
mod open;
mod query;
mod read;
mod review;
mod rules;
mod schema;
mod snapshots;
mod spool;
mod statement;
mod status;
mod store;
mod surveillance;
mod verify;
mod write;

pub use error::WarehouseError;
pub use open::{Place, Warehouse};
pub use review::{CohortRecord, Member, Review, ReviewFate};
pub use snapshots::{Engine, Snapshots, Stamped};
pub use spool::{Spool, Spooled};
pub use statement::{Dialect, Statement, Value, date_of, day_of};
pub use surveillance::{
    CaseSpan, KnownPerson, SeenSignal, StoredSignal, SurveilChanges, SurveilRun, WatchedCase,
};
pub use write::Run;

use crate::document::Document;
use crate::event::CodedEvent;

/// What makes two annotations of one document comparable: anything that can change an event is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineFingerprint {
    /// Engine name and version, as in [`crate::event::Provenance`].
    pub engine: String,
    /// `name@version+hash` of every lexicon, sorted, as in [`crate::event::Provenance`].
    pub lexicons: Vec<String>,
    /// Name and hash of the model, if any.
    pub model: Option<String>,
    /// Settings that change events, in a canonical spelling; empty for the defaults.
    pub options: String,
}

/// One document with what annotating it gave.
#[derive(Debug)]
pub struct Annotated<'d> {
    /// The document; an empty `id` means that none could be read.
    pub document: &'d Document,
    /// Hash of everything in the document that can change its events.
    pub content_hash: [u8; 32],
    /// SHA-256 of the text.
    pub text_sha256: [u8; 32],
    /// Signature of its words, for those who plan what a change of lexicon touches.
    pub words: Option<Vec<u8>>,
    /// What came out.
    pub outcome: Outcome,
}

/// What annotating one document gave.
#[derive(Debug)]
pub enum Outcome {
    /// Its events, possibly none.
    Events(Vec<CodedEvent>),
    /// It was set aside. None of these fields may hold patient text.
    Quarantined {
        /// Short stable code of the cause.
        code: String,
        /// The cause, for people.
        reason: String,
        /// File or source it came from.
        origin_file: String,
        /// Line or record in it, from 1; 0 when there is none.
        origin_line: u64,
    },
}

/// What the warehouse did with one document of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Stored; the id was new.
    Written,
    /// Stored in place of an older version, other content, another engine or a quarantined row.
    Replaced,
    /// Already there, made by the same engine: nothing was written.
    Unchanged,
    /// A higher version is stored: left alone.
    Stale,
    /// A second content for the same version in this run: the first stays. The caller sets it aside.
    Conflicted,
    /// Its id or its patient was forgotten: refused.
    Forgotten,
    /// Recorded as set aside.
    Quarantined,
}

/// Where a document stands before it is annotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not in the warehouse: annotate it.
    New,
    /// Another version, content or engine: annotate it.
    Changed,
    /// Nothing to do.
    Unchanged,
    /// Nothing to do: the same engine has already set the same content aside.
    Quarantined,
    /// Nothing to do: a higher version is stored.
    Stale,
    /// Nothing to do: its id or its patient was forgotten.
    Forgotten,
}

impl Standing {
    /// True when the document has to be annotated and written.
    pub fn needs_work(self) -> bool {
        matches!(self, Self::New | Self::Changed)
    }
}

/// What [`Run::known`] needs to know of a document.
#[derive(Clone, Copy, Debug)]
pub struct Key<'d> {
    /// Its id.
    pub document_id: &'d str,
    /// Its patient.
    pub patient_id: Option<&'d str>,
    /// Its version.
    pub version: i64,
    /// As in [`Annotated`].
    pub content_hash: [u8; 32],
}

/// How many documents met each [`Fate`], and how many events were stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// [`Fate::Written`].
    pub written: u64,
    /// [`Fate::Replaced`].
    pub replaced: u64,
    /// [`Fate::Unchanged`], and what [`Run::known`] found unchanged.
    pub unchanged: u64,
    /// [`Fate::Stale`].
    pub stale: u64,
    /// [`Fate::Conflicted`].
    pub conflicted: u64,
    /// [`Fate::Forgotten`].
    pub forgotten: u64,
    /// [`Fate::Quarantined`].
    pub quarantined: u64,
    /// Events stored.
    pub events: u64,
}

impl Tally {
    fn count(&mut self, fate: Fate) {
        let counter = match fate {
            Fate::Written => &mut self.written,
            Fate::Replaced => &mut self.replaced,
            Fate::Unchanged => &mut self.unchanged,
            Fate::Stale => &mut self.stale,
            Fate::Conflicted => &mut self.conflicted,
            Fate::Forgotten => &mut self.forgotten,
            Fate::Quarantined => &mut self.quarantined,
        };
        *counter += 1;
    }

    fn add(&mut self, other: &Tally) {
        self.written += other.written;
        self.replaced += other.replaced;
        self.unchanged += other.unchanged;
        self.stale += other.stale;
        self.conflicted += other.conflicted;
        self.forgotten += other.forgotten;
        self.quarantined += other.quarantined;
        self.events += other.events;
    }
}

/// What one batch did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchSummary {
    /// The fate of each document, in the order of the batch.
    pub fates: Vec<Fate>,
    /// Their totals.
    pub tally: Tally,
}

/// What became of the persons, births or structured events of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// New.
    pub written: u64,
    /// Stored in place of other content.
    pub replaced: u64,
    /// Already there, the same.
    pub unchanged: u64,
    /// Refused: of a forgotten patient.
    pub forgotten: u64,
}

/// A run that wrote something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRecord {
    /// Its number in this warehouse.
    pub run_id: i64,
    /// Fingerprint of its engine, in hexadecimal digits.
    pub engine: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// `None` while it runs, and for ever when it was interrupted.
    pub finished_at: Option<String>,
    /// What it did, as of its last batch that wrote something.
    pub tally: Tally,
}

/// A patient in a cohort.
#[derive(Clone, Copy, Debug)]
pub struct Membership<'m> {
    /// Patient.
    pub patient_id: &'m str,
    /// Level reached.
    pub case_level: &'m str,
    /// ISO date.
    pub index_date: Option<&'m str>,
    /// Ids of events.
    pub evidence: &'m [String],
    /// Class of the child.
    pub class: Option<&'m str>,
}

/// Which events to read.
#[derive(Clone, Copy, Debug)]
pub enum EventFilter<'a> {
    /// All of them.
    All,
    /// Those of one document.
    Document(&'a str),
    /// Those of the documents of one patient.
    Patient(&'a str),
}

/// What to forget.
#[derive(Clone, Copy, Debug)]
pub enum Forget<'a> {
    /// One document.
    Document(&'a str),
    /// One patient with all the documents.
    Patient(&'a str),
}

/// How many rows were forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForgetSummary {
    /// Documents, annotated or quarantined.
    pub documents: u64,
    /// Events.
    pub events: u64,
    /// Inputs set aside.
    pub rejections: u64,
    /// Cohort memberships of the patients concerned, their mothers and children; run the phenotypes again.
    pub cohorts: u64,
    /// Persons.
    pub persons: u64,
    /// Reviews of cases.
    pub reviews: u64,
}

/// An engine that made what is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineRecord {
    /// Name and version.
    pub name: String,
    /// Its lexicons, `id@version+hash`.
    pub lexicons: Vec<String>,
    /// Its model, if any.
    pub model: Option<String>,
    /// Settings that change events.
    pub options: String,
    /// Documents that it has read last.
    pub documents: u64,
}

/// An input set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// File or table.
    pub file: String,
    /// Line or row, from 1.
    pub line: u64,
    /// Stable code of the cause.
    pub code: String,
    /// The cause, for people.
    pub reason: String,
    /// Its document id, when it could be read.
    pub document_id: Option<String>,
}

/// What purging deleted, or would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Retired events.
    pub events: u64,
    /// Rejections of reports that were read since.
    pub rejections: u64,
}

/// How an event differs between two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// The later run has it.
    Gained,
    /// The earlier run had it.
    Lost,
    /// Both have an event of the concept at the place, and say something else of it.
    Changed,
}

/// An event that differs between two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// How.
    pub kind: ChangeKind,
    /// Its report.
    pub document_id: String,
    /// First code point.
    pub start: i64,
    /// One past the last.
    pub end: i64,
    /// Its concept.
    pub concept: String,
    /// Label of the concept.
    pub label: String,
    /// Why the report was written again: `new`, `version`, `content`, `engine`, `withdrawn`.
    pub reason: String,
    /// What differs, of a changed one.
    pub fields: Vec<&'static str>,
}

/// How many rows the warehouse holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Documents with their events.
    pub annotated: u64,
    /// Documents set aside and not annotated since.
    pub quarantined: u64,
    /// Inputs set aside, with or without a document id.
    pub rejections: u64,
    /// Events.
    pub events: u64,
    /// Runs that wrote something.
    pub runs: u64,
    /// Identifiers refused.
    pub forgotten: u64,
}

/// One promise of the warehouse, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Stable name.
    pub name: &'static str,
    /// True when the promise holds.
    pub passed: bool,
    /// What was found; never patient text.
    pub message: String,
}
