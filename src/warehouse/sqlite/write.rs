//! Runs: batches of annotated documents, each one transaction.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::Warehouse;
use super::keys::{Keys, find_engine};
use super::store::{
    Cause, Refusals, Stamp, delete_events, find_document, put_document, put_events, put_patient,
    put_rejection, rejection_is_known,
};
use crate::document::Document;
use crate::event::CodedEvent;
use crate::warehouse::rules::{Arriving, Stored, fate_of_annotated, quarantine_takes_row, standing};
use crate::warehouse::{
    Annotated, BatchSummary, EngineFingerprint, Fate, Key, Outcome, Standing, Tally, WarehouseError,
};

/// A run of one engine over some documents. Dropping it without [`Run::finish`] leaves it marked as
/// interrupted; what was written stays.
pub struct Run<'w> {
    connection: &'w mut Connection,
    progress: Progress,
    keys: Keys,
    met: KeySet,
    engine: EngineFingerprint,
    keep_text: bool,
}

/// The row of a run. There is none until something is written.
#[derive(Clone, Copy, Default)]
pub(super) struct Progress {
    run: Option<i64>,
    pub tally: Tally,
    documents_added: u64,
    pub events_removed: u64,
}

impl Warehouse {
    /// Starts a run. Nothing is written before the first batch that changes something.
    pub fn begin_run(&mut self, engine: &EngineFingerprint) -> Run<'_> {
        Run {
            connection: &mut self.connection,
            progress: Progress::default(),
            keys: Keys::default(),
            met: KeySet::default(),
            engine: engine.clone(),
            keep_text: false,
        }
    }
}

impl Run<'_> {
    /// Stores the text and title of documents too. A document stored without them counts as changed.
    pub fn keeping_text(mut self) -> Self {
        self.keep_text = true;
        self
    }

    /// The number of the run, once it has written something.
    pub fn id(&self) -> Option<i64> {
        self.progress.run
    }

    /// Totals so far.
    pub fn tally(&self) -> Tally {
        self.progress.tally
    }

    /// Where each document stands, in the order of `keys`, so that only what needs work is annotated.
    ///
    /// What needs no work is counted here and must not be written again.
    pub fn known(&mut self, keys: &[Key<'_>]) -> Result<Vec<Standing>, WarehouseError> {
        let snapshot = self.connection.transaction()?;
        let refusals = Refusals::load(&snapshot)?;
        let engine = find_engine(&snapshot, &self.engine)?;
        let mut standings = Vec::with_capacity(keys.len());
        for key in keys {
            let arriving = arriving(key.version, key.content_hash, engine, self.keep_text);
            let found = look_up(&snapshot, &refusals, key, &arriving, &mut self.met)?;
            count_settled(&mut self.progress.tally, found);
            standings.push(found);
        }
        Ok(standings)
    }

    /// Writes one batch in one transaction: documents, events, rejections and the counters of the run.
    ///
    /// When it returns, the batch is on disk; when it fails, nothing of the batch is stored, and the same
    /// batch may be written again.
    pub fn write(&mut self, batch: &[Annotated<'_>]) -> Result<BatchSummary, WarehouseError> {
        let (fates, tally) = self.in_batch(|writer| writer.store_all(batch))?;
        Ok(BatchSummary { fates, tally })
    }

    /// Does `work` in one transaction, with the counters of the run; gives what it gave, and its share of the tally.
    pub(super) fn in_batch<T>(
        &mut self,
        work: impl FnOnce(&mut BatchWriter<'_>) -> Result<T, WarehouseError>,
    ) -> Result<(T, Tally), WarehouseError> {
        let result = self.try_batch(work);
        if result.is_err() {
            // Keys of rows that the failed transaction took back.
            self.keys = Keys::default();
        }
        result
    }

    fn try_batch<T>(
        &mut self,
        work: impl FnOnce(&mut BatchWriter<'_>) -> Result<T, WarehouseError>,
    ) -> Result<(T, Tally), WarehouseError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        self.keys.refresh(&transaction)?;
        let mut writer = BatchWriter {
            engine_key: find_engine(&transaction, &self.engine)?,
            refusals: Refusals::load(&transaction)?,
            transaction: &transaction,
            keys: &mut self.keys,
            met: &mut self.met,
            engine: &self.engine,
            keep_text: self.keep_text,
            progress: Progress { tally: Tally::default(), ..self.progress },
            changed: false,
        };
        let done = work(&mut writer)?;
        let (tally, changed, mut progress) = (writer.progress.tally, writer.changed, writer.progress);
        progress.tally = self.progress.tally;
        progress.tally.add(&tally);
        if changed {
            save_progress(&transaction, &progress, false)?;
            transaction.commit()?;
        }
        self.progress = progress;
        Ok((done, tally))
    }

    /// Marks the run as finished and gives its totals. A run that wrote nothing leaves no row.
    pub fn finish(self) -> Result<Tally, WarehouseError> {
        save_progress(self.connection, &self.progress, true)?;
        Ok(self.progress.tally)
    }
}

fn arriving(version: i64, content_hash: [u8; 32], engine: Option<i64>, keep_text: bool) -> Arriving {
    Arriving { version, content_hash, engine, keep_text }
}

fn look_up(
    connection: &Connection,
    refusals: &Refusals,
    key: &Key<'_>,
    arriving: &Arriving,
    met: &mut KeySet,
) -> rusqlite::Result<Standing> {
    if refusals.hold(connection, key.document_id, key.patient_id)? {
        return Ok(Standing::Forgotten);
    }
    let found = find_document(connection, key.document_id)?;
    let stored = found.as_ref().map(|found| &found.stored);
    let standing = standing(stored, arriving);
    if let (Standing::Unchanged | Standing::Quarantined, Some(stored)) = (standing, stored) {
        met.insert(stored.key);
    }
    Ok(standing)
}

fn count_settled(tally: &mut Tally, standing: Standing) {
    match standing {
        Standing::New | Standing::Changed => {}
        Standing::Unchanged => tally.count(Fate::Unchanged),
        Standing::Quarantined => tally.count(Fate::Quarantined),
        Standing::Stale => tally.count(Fate::Stale),
        Standing::Forgotten => tally.count(Fate::Forgotten),
    }
}

fn save_progress(connection: &Connection, progress: &Progress, finished: bool) -> rusqlite::Result<()> {
    let Some(run) = progress.run else { return Ok(()) };
    let tally = &progress.tally;
    let update = "UPDATE runs SET written = ?2, replaced = ?3, unchanged = ?4, stale = ?5, conflicted = ?6,
        forgotten = ?7, quarantined = ?8, events = ?9, documents_added = ?10, events_removed = ?11,
        finished_at = iif(?12, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), NULL) WHERE run = ?1";
    connection.prepare_cached(update)?.execute(params![
        run,
        tally.written as i64,
        tally.replaced as i64,
        tally.unchanged as i64,
        tally.stale as i64,
        tally.conflicted as i64,
        tally.forgotten as i64,
        tally.quarantined as i64,
        tally.events as i64,
        progress.documents_added as i64,
        progress.events_removed as i64,
        finished,
    ])?;
    Ok(())
}

/// One batch being written.
pub(super) struct BatchWriter<'b> {
    pub transaction: &'b Transaction<'b>,
    pub refusals: Refusals,
    pub keys: &'b mut Keys,
    met: &'b mut KeySet,
    engine: &'b EngineFingerprint,
    engine_key: Option<i64>,
    keep_text: bool,
    pub progress: Progress,
    pub changed: bool,
}

impl BatchWriter<'_> {
    fn store_all(&mut self, batch: &[Annotated<'_>]) -> Result<Vec<Fate>, WarehouseError> {
        let mut fates = Vec::with_capacity(batch.len());
        for (position, entry) in batch.iter().enumerate() {
            let fate = self.store(position, entry)?;
            self.progress.tally.count(fate);
            fates.push(fate);
        }
        Ok(fates)
    }

    fn store(&mut self, position: usize, entry: &Annotated<'_>) -> Result<Fate, WarehouseError> {
        let document = entry.document;
        if self.refusals.hold(self.transaction, &document.id, document.patient_id.as_deref())? {
            return Ok(Fate::Forgotten);
        }
        match &entry.outcome {
            Outcome::Events(events) => {
                belong(events, document)
                    .map_err(|field| WarehouseError::Mismatch { document: position, field })?;
                Ok(self.store_events(entry, events)?)
            }
            Outcome::Quarantined { code, reason, origin_file, origin_line } => {
                let cause = Cause { code, reason, file: origin_file, line: *origin_line };
                Ok(self.set_aside(entry, cause)?)
            }
        }
    }

    fn store_events(&mut self, entry: &Annotated<'_>, events: &[CodedEvent]) -> rusqlite::Result<Fate> {
        let stored = self.stored(entry)?;
        let fate = fate_of_annotated(stored.as_ref(), &self.arriving(entry));
        if matches!(fate, Fate::Written | Fate::Replaced) {
            let doc = self.put_row(stored.as_ref(), entry, None)?;
            put_patient(self.transaction, self.keys, entry.document)?;
            put_events(self.transaction, self.keys, Some(doc), events)?;
            self.progress.tally.events += events.len() as u64;
        } else if let (Fate::Unchanged, Some(stored)) = (fate, &stored) {
            self.met.insert(stored.key);
        }
        Ok(fate)
    }

    fn set_aside(&mut self, entry: &Annotated<'_>, cause: Cause<'_>) -> rusqlite::Result<Fate> {
        let recorded = self.record(entry, cause)?;
        if entry.document.id.is_empty() {
            return Ok(if recorded { Fate::Quarantined } else { Fate::Unchanged });
        }
        let (stored, arriving) = (self.stored(entry)?, self.arriving(entry));
        let takes_row = quarantine_takes_row(stored.as_ref(), &arriving);
        if takes_row {
            self.put_row(stored.as_ref(), entry, Some(cause))?;
        } else if let (Standing::Quarantined, Some(stored)) = (standing(stored.as_ref(), &arriving), &stored)
        {
            self.met.insert(stored.key);
        }
        Ok(if recorded || takes_row { Fate::Quarantined } else { Fate::Unchanged })
    }

    /// The rejection needs the run as its parent, and the run is made only if the rejection is new.
    fn record(&mut self, entry: &Annotated<'_>, cause: Cause<'_>) -> rusqlite::Result<bool> {
        if rejection_is_known(self.transaction, entry, cause)? {
            return Ok(false);
        }
        let run = self.open_run()?.run;
        put_rejection(self.transaction, entry, cause, run)?;
        Ok(true)
    }

    fn put_row(
        &mut self,
        stored: Option<&Stored>,
        entry: &Annotated<'_>,
        cause: Option<Cause<'_>>,
    ) -> rusqlite::Result<i64> {
        let stamp = self.open_run()?;
        match stored {
            Some(stored) => self.progress.events_removed += delete_events(self.transaction, stored.key)?,
            None => self.progress.documents_added += 1,
        }
        put_document(self.transaction, stored.map(|stored| stored.key), entry, cause, stamp)
    }

    fn stored(&self, entry: &Annotated<'_>) -> rusqlite::Result<Option<Stored>> {
        let Some(found) = find_document(self.transaction, &entry.document.id)? else { return Ok(None) };
        let met = self.progress.run == Some(found.run) || self.met.contains(found.stored.key);
        Ok(Some(Stored { met, ..found.stored }))
    }

    fn arriving(&self, entry: &Annotated<'_>) -> Arriving {
        arriving(entry.document.version, entry.content_hash, self.engine_key, self.keep_text)
    }

    /// The run and its engine, stored on the first change.
    pub fn open_run(&mut self) -> rusqlite::Result<Stamp> {
        self.changed = true;
        let engine = self.keys.engine(self.transaction, self.engine)?;
        self.engine_key = Some(engine);
        let run = match self.progress.run {
            Some(run) => run,
            None => insert_run(self.transaction, engine)?,
        };
        self.progress.run = Some(run);
        Ok(Stamp { engine, run, keep_text: self.keep_text })
    }
}

fn insert_run(connection: &Connection, engine: i64) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(
            "INSERT INTO runs (engine, started_at) VALUES (?1, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
        )?
        .insert([engine])
}

/// Events repeat these fields of their document; the warehouse stores them once.
fn belong(events: &[CodedEvent], document: &Document) -> Result<(), &'static str> {
    for event in events {
        if event.document_id != document.id {
            return Err("document_id");
        }
        if event.document_version != document.version {
            return Err("document_version");
        }
        if event.patient_id != document.patient_id {
            return Err("patient_id");
        }
        if event.visit_id != document.visit_id {
            return Err("visit_id");
        }
    }
    Ok(())
}

/// Documents that a run found unchanged: a second content for one of them is a conflict. One bit a
/// document, because a run may meet tens of millions.
#[derive(Default)]
struct KeySet {
    words: Vec<u64>,
}

impl KeySet {
    fn insert(&mut self, key: i64) {
        let word = (key / 64) as usize;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (key % 64);
    }

    fn contains(&self, key: i64) -> bool {
        self.words.get((key / 64) as usize).is_some_and(|word| word >> (key % 64) & 1 == 1)
    }
}
