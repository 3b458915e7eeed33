//! Reading back: events in the contract's order, counts, runs.

use rustc_hash::FxHashMap;

use super::database::{Access, Database, Row, params};
use super::keys::{Context, Meaning};
use super::{Check, Counts, EventFilter, RunRecord, Tally, Warehouse, WarehouseError, verify};
use crate::event::{
    Assertion, CodedEvent, DatePrecision, DateSource, Experiencer, Laterality, Method, Provenance,
    Temporality,
};

/// What is read of an event, whatever it comes from.
macro_rules! event_columns {
    () => {
        " e.event_id, e.meaning, e.engine, e.context, (SELECT name FROM rules r WHERE r.rule = e.rule),
            e.document_date, e.start, e.\"end\", e.fragments, e.text, e.event_date, e.event_date_precision,
            e.event_date_source, e.gestational_age_days, e.value, e.unit, e.cues, e.confidence "
    };
}

/// CROSS JOIN fixes the order of the loops: documents by id, then the events of each, so that sorting
/// never holds more than one document.
macro_rules! select_events {
    ($where:literal) => {
        concat!(
            "SELECT d.document_id, d.version, d.patient_id, d.visit_id,",
            event_columns!(),
            "FROM documents d CROSS JOIN events e ON e.doc = d.doc JOIN meanings m ON m.meaning = e.meaning ",
            $where,
            " ORDER BY d.document_id, e.start, e.\"end\", m.concept, e.event_id"
        )
    };
}

/// Those that come from no report, by patient, then day; sorting never holds more than one patient.
macro_rules! select_structured {
    ($where:literal) => {
        concat!(
            "SELECT '', 0, p.patient_id, e.visit_id,",
            event_columns!(),
            "FROM patients p CROSS JOIN events e INDEXED BY events_patient ON e.patient = p.patient AND e.doc IS NULL
            JOIN meanings m ON m.meaning = e.meaning ",
            $where,
            " ORDER BY p.patient_id, e.day, m.concept, e.event_id"
        )
    };
}

impl Warehouse {
    /// Gives every event of the filter to `each`, in the contract's order, one at a time, from one
    /// consistent state of the warehouse. Stops at the first error of `each`.
    pub fn events<E: From<WarehouseError>>(
        &self,
        filter: EventFilter<'_>,
        each: impl FnMut(CodedEvent) -> Result<(), E>,
    ) -> Result<(), E> {
        // One transaction, so that shared rows come from the same state as the events; none when `each` of
        // an outer call asks for more.
        let outer = self.database.in_transaction();
        let snapshot = (!outer).then(|| self.database.begin(Access::Read)).transpose()?;
        each_event(&self.database, filter, each)?;
        snapshot.map_or(Ok(()), |snapshot| snapshot.commit().map_err(E::from))
    }

    /// How many rows there are.
    pub fn counts(&self) -> Result<Counts, WarehouseError> {
        let sql = "SELECT (SELECT count(*) FROM documents WHERE status = 'annotated' AND withdrawn IS NULL),
            (SELECT count(*) FROM documents WHERE status = 'quarantined'), (SELECT count(*) FROM rejections),
            (SELECT count(*) FROM events), (SELECT count(*) FROM runs), (SELECT count(*) FROM forgotten)";
        let counts = self.database.first(sql, &[], read_counts)?;
        counts.ok_or(WarehouseError::Unreadable { column: "counts" })
    }

    /// The latest runs, newest first.
    pub fn last_runs(&self, limit: u32) -> Result<Vec<RunRecord>, WarehouseError> {
        let sql = "SELECT run_id, engine, started_at, finished_at, written, replaced, unchanged, stale,
            conflicted, forgotten, quarantined, events FROM v_runs ORDER BY run_id DESC LIMIT ?1";
        self.database.list(sql, params![limit], read_run)
    }

    /// Checks every promise of the warehouse. Reads all of it.
    pub fn verify(&self) -> Result<Vec<Check>, WarehouseError> {
        verify::verify(&self.database)
    }
}

/// See [`Warehouse::events`]; the caller holds the transaction.
pub(super) fn each_event<E: From<WarehouseError>>(
    database: &Database,
    filter: EventFilter<'_>,
    mut each: impl FnMut(CodedEvent) -> Result<(), E>,
) -> Result<(), E> {
    let mut shared = Shared::new(database);
    let (queries, id): (&[&str], _) = match filter {
        EventFilter::All => (&[select_structured!(""), select_events!("")], None),
        EventFilter::Document(id) => (&[select_events!("WHERE d.document_id = ?1")], Some(id)),
        EventFilter::Patient(id) => {
            let structured = select_structured!("WHERE p.patient_id = ?1");
            (&[structured, select_events!("WHERE d.patient_id = ?1")], Some(id))
        }
    };
    for sql in queries {
        let id = id.map(|id| params![id].to_vec()).unwrap_or_default();
        database.each(sql, &id, |row| each(read_event(row, &mut shared)?))?;
    }
    Ok(())
}

/// Finds structured events by their id.
pub(super) struct StructuredReader<'c> {
    database: &'c Database,
    shared: Shared<'c>,
}

impl<'c> StructuredReader<'c> {
    pub fn new(database: &'c Database) -> Self {
        Self { database, shared: Shared::new(database) }
    }

    /// In two steps: a kept statement that joins by a partial index is prepared anew at each call, which took
    /// three times as long (SQLite 3.54, 2026-11-24).
    pub fn find(&mut self, event_id: &str) -> Result<Option<CodedEvent>, WarehouseError> {
        let find = "SELECT event FROM events WHERE event_id = ?1 AND doc IS NULL";
        let key = self.database.first(find, params![event_id], |row| row.next::<i64>())?;
        let Some(key) = key else { return Ok(None) };
        let sql = concat!(
            "SELECT '', 0, (SELECT patient_id FROM patients p WHERE p.patient = e.patient), e.visit_id,",
            event_columns!(),
            "FROM events e WHERE e.event = ?1"
        );
        let mut found = None;
        self.database.each(sql, params![key], |row| {
            found = Some(read_event(row, &mut self.shared)?);
            Ok::<_, WarehouseError>(())
        })?;
        Ok(found)
    }
}

/// Rows that many events share, each read once.
struct Shared<'c> {
    database: &'c Database,
    meanings: FxHashMap<i64, Meaning>,
    engines: FxHashMap<i64, Provenance>,
    contexts: FxHashMap<i64, Context>,
}

impl<'c> Shared<'c> {
    fn new(database: &'c Database) -> Self {
        Self {
            database,
            meanings: FxHashMap::default(),
            engines: FxHashMap::default(),
            contexts: FxHashMap::default(),
        }
    }

    fn meaning(&mut self, key: i64) -> Result<&Meaning, WarehouseError> {
        if !self.meanings.contains_key(&key) {
            let sql = "SELECT concept, label, codings, subgroups FROM meanings WHERE meaning = ?1";
            self.meanings.insert(key, one(self.database, sql, key, "events.meaning", read_meaning)?);
        }
        Ok(&self.meanings[&key])
    }

    fn engine(&mut self, key: i64) -> Result<&Provenance, WarehouseError> {
        if !self.engines.contains_key(&key) {
            let sql = "SELECT name, lexicons, model FROM engines WHERE engine = ?1";
            self.engines.insert(key, one(self.database, sql, key, "events.engine", read_engine)?);
        }
        Ok(&self.engines[&key])
    }

    fn context(&mut self, key: i64) -> Result<&Context, WarehouseError> {
        if !self.contexts.contains_key(&key) {
            let sql =
                "SELECT document_type, section, ward, assertion, certainty, conclusion, experiencer, fetus_index,
                temporality, laterality, method, position FROM contexts WHERE context = ?1";
            self.contexts.insert(key, one(self.database, sql, key, "events.context", read_context)?);
        }
        Ok(&self.contexts[&key])
    }
}

fn one<T>(
    database: &Database,
    sql: &str,
    key: i64,
    column: &'static str,
    read: fn(&mut Row<'_>) -> Result<T, WarehouseError>,
) -> Result<T, WarehouseError> {
    database.first(sql, params![key], read)?.ok_or(WarehouseError::Unreadable { column })
}

fn read_meaning(columns: &mut Row<'_>) -> Result<Meaning, WarehouseError> {
    Ok(Meaning {
        concept: columns.next()?,
        label: columns.next()?,
        codings: columns.json("meanings.codings")?,
        subgroups: columns.json("meanings.subgroups")?,
    })
}

fn read_engine(columns: &mut Row<'_>) -> Result<Provenance, WarehouseError> {
    Ok(Provenance {
        engine: columns.next::<String>()?.into(),
        lexicons: columns.json::<String>("engines.lexicons")?.into(),
        model: columns.next()?,
        rule: String::new(),
    })
}

fn read_context(columns: &mut Row<'_>) -> Result<Context, WarehouseError> {
    Ok(Context {
        document_type: columns.next()?,
        section: columns.next()?,
        ward: columns.next()?,
        assertion: columns.required("contexts.assertion", Assertion::parse)?,
        certainty: columns.next()?,
        conclusion: columns.required("contexts.conclusion", Assertion::parse)?,
        experiencer: columns.required("contexts.experiencer", Experiencer::parse)?,
        fetus_index: columns.next()?,
        temporality: columns.required("contexts.temporality", Temporality::parse)?,
        laterality: columns.optional("contexts.laterality", Laterality::parse)?,
        method: columns.required("contexts.method", Method::parse)?,
        position: columns.next()?,
    })
}

/// Fields are read in the order of the columns of `select_events!`.
fn read_event(columns: &mut Row<'_>, shared: &mut Shared<'_>) -> Result<CodedEvent, WarehouseError> {
    let (document_id, document_version) = (columns.next()?, columns.next()?);
    let (patient_id, visit_id, event_id) = (columns.next()?, columns.next()?, columns.next()?);
    let Meaning { concept, label, codings, subgroups } = shared.meaning(columns.next()?)?.clone();
    let engine = shared.engine(columns.next()?)?.clone();
    let context = shared.context(columns.next()?)?.clone();
    let provenance = Provenance { rule: columns.next()?, ..engine };
    Ok(CodedEvent {
        event_id,
        document_id,
        document_version,
        patient_id,
        visit_id,
        document_type: context.document_type,
        document_date: columns.optional("document_date", |text| text.parse().ok())?,
        ward: context.ward,
        section: context.section,
        start: columns.next()?,
        end: columns.next()?,
        fragments: columns.json("events.fragments")?,
        text: columns.next()?,
        concept,
        label,
        codings,
        subgroups,
        assertion: context.assertion,
        certainty: context.certainty,
        conclusion: context.conclusion,
        experiencer: context.experiencer,
        fetus_index: context.fetus_index,
        temporality: context.temporality,
        event_date: columns.optional("events.event_date", |text| text.parse().ok())?,
        event_date_precision: columns.optional("events.event_date_precision", DatePrecision::parse)?,
        event_date_source: columns.optional("events.event_date_source", DateSource::parse)?,
        gestational_age_days: columns.next()?,
        laterality: context.laterality,
        value: columns.next()?,
        unit: columns.next()?,
        cues: columns.json("events.cues")?,
        method: context.method,
        position: context.position,
        confidence: columns.next()?,
        provenance,
    })
}

fn read_counts(columns: &mut Row<'_>) -> Result<Counts, WarehouseError> {
    Ok(Counts {
        annotated: columns.count()?,
        quarantined: columns.count()?,
        rejections: columns.count()?,
        events: columns.count()?,
        runs: columns.count()?,
        forgotten: columns.count()?,
    })
}

fn read_run(columns: &mut Row<'_>) -> Result<RunRecord, WarehouseError> {
    Ok(RunRecord {
        run_id: columns.next()?,
        engine: columns.next()?,
        started_at: columns.next()?,
        finished_at: columns.next()?,
        tally: Tally {
            written: columns.count()?,
            replaced: columns.count()?,
            unchanged: columns.count()?,
            stale: columns.count()?,
            conflicted: columns.count()?,
            forgotten: columns.count()?,
            quarantined: columns.count()?,
            events: columns.count()?,
        },
    })
}
