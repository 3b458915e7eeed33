//! Runs: batches of annotated documents, each one transaction.

use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, VecDeque};

use super::bulk;
use super::database::{Access, Database, Transaction, params};
use super::fault;
use super::history::{Retiring, retire};
use super::keys::{Keys, find_engine};
use super::rules::{Arriving, Stored, fate_of_annotated, quarantine_takes_row, standing};
use super::snapshots::Snapshots;
use super::store::{
    Cause, Found, Placed, Refusals, Stamp, now, put_documents, put_events, put_rejection, rejection_is_known,
};
use super::{
    Annotated, BatchSummary, EngineFingerprint, Fate, Key, Outcome, Standing, Tally, Warehouse,
    WarehouseError,
};
use crate::document::Document;
use crate::event::CodedEvent;

type Result<T> = std::result::Result<T, WarehouseError>;

/// A run of one engine over some documents. Dropping it without [`Run::finish`] leaves it marked as
/// interrupted; what was written stays.
pub struct Run<'w> {
    pub(super) database: &'w mut Database,
    progress: Progress,
    keys: Keys,
    met: KeySet,
    engine: EngineFingerprint,
    keep_text: bool,
    /// What was taken in hand for each batch that is not written yet.
    pub(super) claimed: VecDeque<Option<i64>>,
    /// How far each followed source was read.
    watermarks: BTreeMap<String, String>,
    /// The connection was lost, and what was committed is to be read again.
    returned: bool,
    /// The run as it was when the last commit was asked for.
    perhaps: Option<i64>,
    snapshots: Option<Snapshots<'w>>,
}

/// A server that goes away more often than this during one step is left alone.
const MOST_RETURNS: usize = 3;

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
            database: &mut self.database,
            progress: Progress::default(),
            keys: Keys::default(),
            met: KeySet::default(),
            engine: engine.clone(),
            keep_text: false,
            claimed: VecDeque::new(),
            watermarks: BTreeMap::new(),
            returned: false,
            perhaps: None,
            snapshots: None,
        }
    }
}

impl<'w> Run<'w> {
    /// Stores the lexicons of the engine too, when the warehouse does not know it yet.
    pub fn keeping_lexicons(mut self, snapshots: Snapshots<'w>) -> Self {
        self.snapshots = Some(snapshots);
        self
    }
}

impl Run<'_> {
    /// Stores the text and title of documents too. A document stored without them counts as changed.
    pub fn keeping_text(mut self) -> Self {
        self.keep_text = true;
        self
    }

    /// Remembers, with the next batch, how far a followed source was read.
    pub fn follow(&mut self, source: &str, value: &str) {
        self.watermarks.insert(source.to_owned(), value.to_owned());
    }

    /// True for a document that the run found settled.
    pub(super) fn has_met(&self, doc: i64) -> bool {
        self.met.contains(doc)
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
    pub fn known(&mut self, keys: &[Key<'_>]) -> Result<Vec<Standing>> {
        self.lasting(|run| run.look_up(keys))
    }

    fn look_up(&mut self, keys: &[Key<'_>]) -> Result<Vec<Standing>> {
        let snapshot = self.database.begin(Access::Read)?;
        let refusals = Refusals::load(&snapshot)?;
        let engine = find_engine(&snapshot, &self.engine)?;
        let ids: Vec<&str> = keys.iter().map(|key| key.document_id).collect();
        let rows = bulk::documents(&snapshot, &ids)?;
        let mut standings = Vec::with_capacity(keys.len());
        for key in keys {
            let arriving = arriving(key.version, key.content_hash, engine, self.keep_text);
            let found = if refusals.hold(&snapshot, key.document_id, key.patient_id)? {
                Standing::Forgotten
            } else {
                meet(rows.get(key.document_id), &arriving, &mut self.met)
            };
            standings.push(found);
        }
        snapshot.commit()?;
        standings.iter().for_each(|standing| count_settled(&mut self.progress.tally, *standing));
        Ok(standings)
    }

    /// Writes one batch in one transaction: documents, events, rejections and the counters of the run.
    ///
    /// When it returns, the batch is on disk; when it fails, nothing of the batch is stored, and the same
    /// batch may be written again.
    pub fn write(&mut self, batch: &[Annotated<'_>]) -> Result<BatchSummary> {
        if batch.is_empty() && self.claimed.front().is_none_or(Option::is_none) {
            self.claimed.pop_front();
            return Ok(BatchSummary::default());
        }
        let (fates, tally) = self.lasting(|run| run.in_batch(|writer| writer.store_all(batch)))?;
        Ok(BatchSummary { fates, tally })
    }

    /// Records documents set aside, in a batch of their own that no claim was made for.
    pub fn record(&mut self, aside: &[Annotated<'_>]) -> Result<BatchSummary> {
        let held = std::mem::take(&mut self.claimed);
        let written = self.write(aside);
        self.claimed = held;
        written
    }

    /// Does `work` in one transaction, with the counters of the run; gives what it gave, and its share of the tally.
    pub(super) fn in_batch<T>(
        &mut self,
        work: impl FnOnce(&mut BatchWriter<'_>) -> Result<T>,
    ) -> Result<(T, Tally)> {
        let result = self.try_batch(work);
        if result.is_err() {
            // Keys of rows that the failed transaction took back.
            self.keys = Keys::default();
        }
        result
    }

    fn try_batch<T>(&mut self, work: impl FnOnce(&mut BatchWriter<'_>) -> Result<T>) -> Result<(T, Tally)> {
        let transaction = self.database.begin(Access::Write)?;
        #[cfg(feature = "postgres")]
        if std::mem::take(&mut self.returned) {
            // Under the lock: a commit whose answer was lost may still have been on its way.
            let run = self.progress.run.or(self.perhaps);
            if let Some(committed) = read_progress(&transaction, Progress { run, ..self.progress })? {
                self.progress = committed;
            }
        }
        self.keys.refresh(&transaction)?;
        let mut writer = BatchWriter {
            engine_key: find_engine(&transaction, &self.engine)?,
            refusals: Refusals::load(&transaction)?,
            transaction: &transaction,
            keys: &mut self.keys,
            met: &mut self.met,
            engine: &self.engine,
            snapshots: self.snapshots,
            keep_text: self.keep_text,
            progress: Progress { tally: Tally::default(), ..self.progress },
            changed: false,
        };
        if let Some(Some(claim)) = self.claimed.front() {
            super::claims::release(&transaction, *claim)?;
            writer.changed = true;
        }
        let done = work(&mut writer)?;
        let (tally, changed, mut progress) = (writer.progress.tally, writer.changed, writer.progress);
        progress.tally = self.progress.tally;
        progress.tally.add(&tally);
        if changed {
            save_progress(&transaction, &progress, false)?;
            save_watermarks(&transaction, &progress, &self.watermarks)?;
            fault::point("batch-before-commit");
            self.perhaps = progress.run;
            transaction.commit()?;
            fault::point("batch-after-commit");
        }
        self.progress = progress;
        self.claimed.pop_front();
        Ok((done, tally))
    }

    /// After a lost connection: finds the server again, and what was committed of the run. False where there is nothing
    /// to find again.
    fn come_back(&mut self) -> Result<bool> {
        match &*self.database {
            Database::Sqlite(_) => Ok(false),
            #[cfg(feature = "postgres")]
            Database::Postgres(server) => {
                server.reconnect()?;
                self.keys = Keys::default();
                self.returned = true;
                Ok(true)
            }
        }
    }

    /// Does `work`, again after a lost connection: what it does twice it finds done.
    pub(super) fn lasting<T>(&mut self, work: impl FnMut(&mut Self) -> Result<T>) -> Result<T> {
        self.limit(true);
        let done = self.returning(work);
        self.limit(false);
        done
    }

    /// A step of a job is short: a server that takes long over one has fallen silent.
    fn limit(&self, on: bool) {
        #[cfg(feature = "postgres")]
        if let Database::Postgres(server) = &*self.database {
            server.limit(on);
        }
        #[cfg(not(feature = "postgres"))]
        let _ = on;
    }

    fn returning<T>(&mut self, mut work: impl FnMut(&mut Self) -> Result<T>) -> Result<T> {
        for _ in 0..MOST_RETURNS {
            match work(self) {
                Err(WarehouseError::Lost) if self.come_back()? => {}
                other => return other,
            }
        }
        work(self)
    }

    /// Marks the run as finished and gives its totals. A run that wrote nothing leaves no row.
    pub fn finish(mut self) -> Result<Tally> {
        self.lasting(|run| {
            if run.progress.run.is_none() && run.claimed.is_empty() {
                return Ok(());
            }
            let transaction = run.database.begin(Access::Write)?;
            for claim in run.claimed.iter().flatten() {
                super::claims::release(&transaction, *claim)?;
            }
            save_progress(&transaction, &run.progress, true)?;
            save_watermarks(&transaction, &run.progress, &run.watermarks)?;
            transaction.commit()
        })?;
        Ok(self.progress.tally)
    }
}

fn arriving(version: i64, content_hash: [u8; 32], engine: Option<i64>, keep_text: bool) -> Arriving {
    Arriving { version, content_hash, engine, keep_text }
}

fn meet(found: Option<&Found>, arriving: &Arriving, met: &mut KeySet) -> Standing {
    let stored = found.map(|found| &found.stored);
    let standing = standing(stored, arriving);
    if let (Standing::Unchanged | Standing::Quarantined | Standing::Stale, Some(stored)) = (standing, stored)
    {
        met.insert(stored.key);
    }
    standing
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

fn save_progress(database: &Database, progress: &Progress, finished: bool) -> Result<()> {
    let Some(run) = progress.run else { return Ok(()) };
    let tally = &progress.tally;
    let finished_at = finished.then(now);
    let update = "UPDATE runs SET written = ?2, replaced = ?3, unchanged = ?4, stale = ?5, conflicted = ?6,
        forgotten = ?7, quarantined = ?8, events = ?9, documents_added = ?10, events_removed = ?11,
        finished_at = ?12 WHERE run = ?1";
    let counts = params![
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
        &finished_at,
    ];
    database.execute(update, counts).map(|_| ())
}

fn save_watermarks(
    database: &Database,
    progress: &Progress,
    watermarks: &BTreeMap<String, String>,
) -> Result<()> {
    let Some(run) = progress.run else { return Ok(()) };
    let put = "INSERT INTO watermarks (source, value, run) VALUES (?1, ?2, ?3)
        ON CONFLICT (source) DO UPDATE SET value = excluded.value, run = excluded.run";
    let mut pairs = watermarks.iter();
    pairs.try_for_each(|(source, value)| database.execute(put, params![source, value, run]).map(|_| ()))
}

/// Progress as it was committed, if the run was: a commit whose answer was lost has counted all the same.
#[cfg(feature = "postgres")]
fn read_progress(database: &Database, known: Progress) -> Result<Option<Progress>> {
    let Some(run) = known.run else { return Ok(None) };
    let sql = "SELECT written, replaced, conflicted, quarantined, events, documents_added, events_removed
        FROM runs WHERE run = ?1";
    database.first(sql, params![run], |row| {
        Ok(Progress {
            run: Some(run),
            tally: Tally {
                written: row.count()?,
                replaced: row.count()?,
                conflicted: row.count()?,
                quarantined: row.count()?,
                events: row.count()?,
                ..known.tally
            },
            documents_added: row.count()?,
            events_removed: row.count()?,
        })
    })
}

/// One batch being written.
pub(super) struct BatchWriter<'b> {
    pub transaction: &'b Transaction<'b>,
    pub refusals: Refusals,
    pub keys: &'b mut Keys,
    met: &'b mut KeySet,
    engine: &'b EngineFingerprint,
    snapshots: Option<Snapshots<'b>>,
    engine_key: Option<i64>,
    keep_text: bool,
    pub progress: Progress,
    pub changed: bool,
}

/// What becomes of one document id in a batch.
struct Slot<'b> {
    /// Its row before the batch.
    row: Option<Found>,
    /// Its row as of the entries looked at so far.
    stored: Option<Stored>,
    /// The entry that takes the row in the end.
    chosen: Option<(&'b Annotated<'b>, Option<Cause<'b>>)>,
}

/// The document ids of a batch.
struct Slots<'b> {
    slots: FxHashMap<String, Slot<'b>>,
    /// In the order of arrival.
    ids: Vec<&'b str>,
}

impl<'b> Slots<'b> {
    fn look_up(database: &Database, batch: &'b [Annotated<'b>]) -> Result<Self> {
        let ids = batch.iter().map(|entry| entry.document.id.as_str()).filter(|id| !id.is_empty());
        let mut ids: Vec<&str> = ids.collect();
        let mut rows = bulk::documents(database, &ids)?;
        let mut slots = FxHashMap::default();
        ids.retain(|id| {
            let is_new = !slots.contains_key(*id);
            if is_new {
                let row = rows.remove(*id);
                let stored = row.as_ref().map(|row| row.stored.clone());
                slots.insert((*id).to_owned(), Slot { row, stored, chosen: None });
            }
            is_new
        });
        Ok(Self { slots, ids })
    }

    /// The slots that change, in the order of arrival.
    fn changed(&self) -> impl Iterator<Item = (&Slot<'b>, &'b Annotated<'b>, Option<Cause<'b>>)> {
        self.ids.iter().filter_map(|id| {
            let slot = self.slots.get(*id)?;
            let (entry, cause) = slot.chosen?;
            Some((slot, entry, cause))
        })
    }
}

impl BatchWriter<'_> {
    /// Decides the fate of each entry in turn, then writes what stays, table by table.
    fn store_all<'b>(&mut self, batch: &'b [Annotated<'b>]) -> Result<Vec<Fate>> {
        let mut slots = Slots::look_up(self.transaction, batch)?;
        let mut fates = Vec::with_capacity(batch.len());
        for (position, entry) in batch.iter().enumerate() {
            let fate = self.decide(position, entry, &mut slots)?;
            self.progress.tally.count(fate);
            fates.push(fate);
        }
        self.apply(&slots)?;
        Ok(fates)
    }

    fn decide<'b>(
        &mut self,
        position: usize,
        entry: &'b Annotated<'b>,
        slots: &mut Slots<'b>,
    ) -> Result<Fate> {
        let document = entry.document;
        if self.refusals.hold(self.transaction, &document.id, document.patient_id.as_deref())? {
            return Ok(Fate::Forgotten);
        }
        let slot = slots.slots.get_mut(&document.id);
        match (&entry.outcome, slot) {
            (Outcome::Events(events), Some(slot)) => {
                belong(events, document)
                    .map_err(|field| WarehouseError::Mismatch { document: position, field })?;
                self.accept(entry, events.len() as u64, slot)
            }
            (Outcome::Events(_), None) => {
                Err(WarehouseError::Mismatch { document: position, field: "document_id" })
            }
            (Outcome::Quarantined { code, reason, origin_file, origin_line }, slot) => {
                let cause = Cause { code, reason, file: origin_file, line: *origin_line };
                self.set_aside(entry, cause, slot)
            }
        }
    }

    fn accept<'b>(&mut self, entry: &'b Annotated<'b>, events: u64, slot: &mut Slot<'b>) -> Result<Fate> {
        let stored = self.stored(slot);
        let fate = fate_of_annotated(stored.as_ref(), &self.arriving(entry));
        if matches!(fate, Fate::Written | Fate::Replaced) {
            self.choose(entry, None, slot)?;
            self.progress.tally.events += events;
        } else if let (Fate::Unchanged | Fate::Stale, Some(row)) = (fate, &slot.row) {
            self.met.insert(row.stored.key);
        }
        Ok(fate)
    }

    fn set_aside<'b>(
        &mut self,
        entry: &'b Annotated<'b>,
        cause: Cause<'b>,
        slot: Option<&mut Slot<'b>>,
    ) -> Result<Fate> {
        let recorded = self.record(entry, cause)?;
        let mut takes_row = false;
        if let Some(slot) = slot {
            let (stored, arriving) = (self.stored(slot), self.arriving(entry));
            takes_row = quarantine_takes_row(stored.as_ref(), &arriving);
            if takes_row {
                self.choose(entry, Some(cause), slot)?;
            } else if let (Standing::Quarantined, Some(row)) =
                (standing(stored.as_ref(), &arriving), &slot.row)
            {
                self.met.insert(row.stored.key);
            }
        }
        Ok(if recorded || takes_row { Fate::Quarantined } else { Fate::Unchanged })
    }

    /// The rejection needs the run as its parent, and the run is made only if the rejection is new.
    fn record(&mut self, entry: &Annotated<'_>, cause: Cause<'_>) -> Result<bool> {
        if rejection_is_known(self.transaction, entry, cause)? {
            return Ok(false);
        }
        let run = self.open_run()?.run;
        put_rejection(self.transaction, entry, cause, run)?;
        Ok(true)
    }

    /// Gives the row of an id to an entry; the events of one chosen before never reach the disk.
    fn choose<'b>(
        &mut self,
        entry: &'b Annotated<'b>,
        cause: Option<Cause<'b>>,
        slot: &mut Slot<'b>,
    ) -> Result<()> {
        self.open_run()?;
        match (&slot.row, &slot.chosen) {
            (None, None) => self.progress.documents_added += 1,
            (_, Some((before, None))) => self.progress.events_removed += events_of(before).len() as u64,
            _ => {}
        }
        let Arriving { version, content_hash, engine, keep_text } = self.arriving(entry);
        slot.stored = Some(Stored {
            key: slot.row.as_ref().map_or(0, |row| row.stored.key),
            version,
            annotated: cause.is_none(),
            content_hash,
            engine: engine.unwrap_or_default(),
            has_text: keep_text,
            withdrawn: false,
            met: true,
        });
        slot.chosen = Some((entry, cause));
        Ok(())
    }

    fn apply(&mut self, slots: &Slots<'_>) -> Result<()> {
        if slots.changed().next().is_none() {
            return Ok(());
        }
        let (database, stamp) = (self.transaction, self.open_run()?);
        let retiring: Vec<Retiring> = slots
            .changed()
            .filter_map(|(slot, entry, _)| Retiring::of(&slot.row.as_ref()?.stored, entry, stamp.engine))
            .collect();
        self.progress.events_removed += retire(database, &retiring, stamp.run)?;
        let count = slots.changed().filter(|(slot, ..)| slot.row.is_none()).count();
        let mut new = bulk::new_documents(database, count)?.into_iter();
        let place = |(slot, entry, cause): (&Slot<'_>, _, _)| {
            let key = slot.row.as_ref().map(|row| row.stored.key).or_else(|| new.next());
            Placed { key: key.unwrap_or_default(), entry, cause }
        };
        let placed: Vec<Placed<'_>> = slots.changed().map(place).collect();
        self.put(&placed, stamp)
    }

    fn put(&mut self, placed: &[Placed<'_>], stamp: Stamp) -> Result<()> {
        let database: &Database = self.transaction;
        bulk::clear_documents(database, &placed.iter().map(|one| one.key).collect::<Vec<_>>())?;
        put_documents(database, placed, stamp)?;
        let annotated = || placed.iter().filter(|one| one.cause.is_none()).map(|one| (one.key, one.entry));
        let ids: Vec<&str> =
            annotated().filter_map(|(_, entry)| entry.document.patient_id.as_deref()).collect();
        self.keys.meet_patients(database, &ids)?;
        for (_, entry) in annotated() {
            put_birth(database, self.keys, entry.document)?;
        }
        let events =
            annotated().flat_map(|(key, entry)| events_of(entry).iter().map(move |e| (Some(key), e)));
        put_events(database, self.keys, events)
    }

    fn stored(&self, slot: &Slot<'_>) -> Option<Stored> {
        let stored = slot.stored.clone()?;
        let met = stored.met
            || slot.row.as_ref().is_some_and(|row| self.progress.run == Some(row.run))
            || self.met.contains(stored.key);
        Some(Stored { met, ..stored })
    }

    fn arriving(&self, entry: &Annotated<'_>) -> Arriving {
        arriving(entry.document.version, entry.content_hash, self.engine_key, self.keep_text)
    }

    /// The run and its engine, stored on the first change.
    pub fn open_run(&mut self) -> Result<Stamp> {
        self.changed = true;
        if let (None, Some(snapshots)) = (self.engine_key, self.snapshots) {
            super::snapshots::keep(self.transaction, snapshots)?;
        }
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

fn events_of<'b>(entry: &'b Annotated<'_>) -> &'b [CodedEvent] {
    match &entry.outcome {
        Outcome::Events(events) => events,
        Outcome::Quarantined { .. } => &[],
    }
}

/// The birth date that a report gives of its patient.
fn put_birth(database: &Database, keys: &mut Keys, document: &Document) -> Result<()> {
    let (Some(id), Some(birth)) = (&document.patient_id, document.birth_date) else { return Ok(()) };
    let patient = keys.patient(database, id)?;
    let update = "UPDATE patients SET birth_day = ?2 WHERE patient = ?1 AND birth_day IS DISTINCT FROM ?2";
    database.execute(update, params![patient, super::store::day(birth)]).map(|_| ())
}

fn insert_run(database: &Database, engine: i64) -> Result<i64> {
    let insert = "INSERT INTO runs (engine, started_at) VALUES (?1, ?2) RETURNING run";
    database.scalar(insert, params![engine, &now()])
}

/// Events repeat these fields of their document; the warehouse stores them once.
fn belong(events: &[CodedEvent], document: &Document) -> std::result::Result<(), &'static str> {
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
