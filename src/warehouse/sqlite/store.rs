//! Rows of documents, events and rejections: each function is one statement or one loop over one.

use jiff::civil::{Date, date};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::keys::{Keys, json};
use super::scalar;
use crate::document::Document;
use crate::event::{CodedEvent, DatePrecision, DateSource};
use crate::warehouse::Annotated;
use crate::warehouse::rules::{Stored, forgotten_hash};

/// The first of the days that SQL counts.
const UNIX_EPOCH: Date = date(1970, 1, 1);

const FIND_DOCUMENT: &str =
    "SELECT doc, version, status = 'annotated', content_hash, engine, run, text IS NOT NULL
    FROM documents WHERE document_id = ?1";

const INSERT_DOCUMENT: &str =
    "INSERT INTO documents (document_id, version, patient_id, visit_id, document_type,
    document_date, status, reason_code, reason, content_hash, text_sha256, engine, run, title, text, ward)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";

const UPDATE_DOCUMENT: &str = "UPDATE documents SET version = ?2, patient_id = ?3, visit_id = ?4,
    document_type = ?5, document_date = ?6, status = ?7, reason_code = ?8, reason = ?9, content_hash = ?10,
    text_sha256 = ?11, engine = ?12, run = ?13, title = ?14, text = ?15, ward = ?16 WHERE document_id = ?1";

const INSERT_EVENT: &str = "INSERT INTO events (event_id, doc, patient, visit_id, meaning, rule, engine,
    context, document_date, start, \"end\", fragments, text, event_date, event_date_precision, event_date_source,
    gestational_age_days, value, unit, cues, confidence, day, report_day)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)";

const FIND_REJECTION: &str = "SELECT 1 FROM rejections WHERE file = ?1 AND line = ?2 AND code = ?3
    AND reason = ?4 AND document_id IS ?5 AND patient_id IS ?6";

const PUT_REJECTION: &str = "INSERT OR REPLACE INTO rejections (file, line, code, reason, document_id,
    patient_id, run) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// A documents row as found, with the run that wrote it.
pub(super) struct Found {
    pub stored: Stored,
    pub run: i64,
}

/// The row of a document id.
pub(super) fn find_document(connection: &Connection, document_id: &str) -> rusqlite::Result<Option<Found>> {
    connection.prepare_cached(FIND_DOCUMENT)?.query_row([document_id], found).optional()
}

fn found(row: &Row<'_>) -> rusqlite::Result<Found> {
    let stored = Stored {
        key: row.get(0)?,
        version: row.get(1)?,
        annotated: row.get(2)?,
        content_hash: row.get(3)?,
        engine: row.get(4)?,
        has_text: row.get(6)?,
        met: false,
    };
    Ok(Found { stored, run: row.get(5)? })
}

/// Why a document is set aside.
#[derive(Clone, Copy)]
pub(super) struct Cause<'c> {
    pub code: &'c str,
    pub reason: &'c str,
    pub file: &'c str,
    pub line: u64,
}

/// The columns of a documents row that do not come from the document.
#[derive(Clone, Copy)]
pub(super) struct Stamp {
    pub engine: i64,
    pub run: i64,
    pub keep_text: bool,
}

/// Adds the row of a new id, or overwrites the row of a known one; gives its key.
pub(super) fn put_document(
    connection: &Connection,
    known: Option<i64>,
    entry: &Annotated<'_>,
    cause: Option<Cause<'_>>,
    stamp: Stamp,
) -> rusqlite::Result<i64> {
    let document = entry.document;
    let kept = stamp.keep_text.then_some(document);
    let row = params![
        document.id,
        document.version,
        document.patient_id,
        document.visit_id,
        document.document_type,
        document.date.map(|date| date.to_string()),
        if cause.is_some() { "quarantined" } else { "annotated" },
        cause.map(|cause| cause.code),
        cause.map(|cause| cause.reason),
        entry.content_hash,
        entry.text_sha256,
        stamp.engine,
        stamp.run,
        kept.and_then(|document| document.title.as_deref()),
        kept.map(|document| document.text.as_str()),
        document.ward,
    ];
    match known {
        None => connection.prepare_cached(INSERT_DOCUMENT)?.insert(row),
        Some(key) => connection.prepare_cached(UPDATE_DOCUMENT)?.execute(row).map(|_| key),
    }
}

/// Deletes the events of a document; gives how many there were.
pub(super) fn delete_events(connection: &Connection, doc: i64) -> rusqlite::Result<u64> {
    let deleted = connection.prepare_cached("DELETE FROM events WHERE doc = ?1")?.execute([doc])?;
    Ok(deleted as u64)
}

/// Adds events: those of a document, or structured ones when there is none.
pub(super) fn put_events<'e>(
    connection: &Connection,
    keys: &mut Keys,
    doc: Option<i64>,
    events: impl IntoIterator<Item = &'e CodedEvent>,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(INSERT_EVENT)?;
    for event in events {
        let patient = event.patient_id.as_deref().map(|id| keys.patient(connection, id));
        let shared = Shared {
            doc,
            patient: patient.transpose()?,
            meaning: keys.meaning(connection, event)?,
            rule: keys.rule(connection, &event.provenance.rule)?,
            engine: keys.provenance(connection, &event.provenance)?,
            context: keys.context(connection, event)?,
        };
        put_event(&mut insert, shared, event)?;
    }
    Ok(())
}

/// Stores the patient of a report, with the birth date that the report gives.
pub(super) fn put_patient(
    connection: &Connection,
    keys: &mut Keys,
    document: &Document,
) -> rusqlite::Result<()> {
    let Some(id) = &document.patient_id else { return Ok(()) };
    let patient = keys.patient(connection, id)?;
    let Some(birth) = document.birth_date else { return Ok(()) };
    let update = "UPDATE patients SET birth_day = ?2 WHERE patient = ?1 AND birth_day IS NOT ?2";
    connection.prepare_cached(update)?.execute(params![patient, day(birth)]).map(|_| ())
}

/// Days since 1970-01-01.
pub(super) fn day(date: Date) -> i64 {
    i64::from((date - UNIX_EPOCH).get_days())
}

/// Keys of the rows an event shares with others.
struct Shared {
    doc: Option<i64>,
    patient: Option<i64>,
    meaning: i64,
    rule: i64,
    engine: i64,
    context: i64,
}

fn put_event(insert: &mut CachedStatement<'_>, shared: Shared, event: &CodedEvent) -> rusqlite::Result<()> {
    insert.execute(params![
        event.event_id,
        shared.doc,
        shared.patient,
        if shared.doc.is_none() { event.visit_id.as_deref() } else { None },
        shared.meaning,
        shared.rule,
        shared.engine,
        shared.context,
        event.document_date.map(|date| date.to_string()),
        event.start,
        event.end,
        json_unless_empty(&event.fragments)?,
        event.text,
        event.event_date.map(|date| date.to_string()),
        event.event_date_precision.map(DatePrecision::as_str),
        event.event_date_source.map(DateSource::as_str),
        event.gestational_age_days,
        event.value,
        event.unit,
        json_unless_empty(&event.cues)?,
        event.confidence,
        event.event_date.or(event.document_date).map(day),
        event.document_date.or(event.event_date).map(day),
    ])?;
    Ok(())
}

fn json_unless_empty<T: serde::Serialize>(list: &[T]) -> rusqlite::Result<Option<String>> {
    if list.is_empty() { Ok(None) } else { json(&list).map(Some) }
}

/// True when the same input was set aside before for the same cause.
pub(super) fn rejection_is_known(
    connection: &Connection,
    entry: &Annotated<'_>,
    cause: Cause<'_>,
) -> rusqlite::Result<bool> {
    let (id, patient) = (known_id(entry), &entry.document.patient_id);
    let row = params![cause.file, cause.line as i64, cause.code, cause.reason, id, patient];
    connection.prepare_cached(FIND_REJECTION)?.exists(row)
}

/// Records an input set aside.
pub(super) fn put_rejection(
    connection: &Connection,
    entry: &Annotated<'_>,
    cause: Cause<'_>,
    run: i64,
) -> rusqlite::Result<()> {
    let (id, patient) = (known_id(entry), &entry.document.patient_id);
    let row = params![cause.file, cause.line as i64, cause.code, cause.reason, id, patient, run];
    connection.prepare_cached(PUT_REJECTION)?.execute(row).map(|_| ())
}

fn known_id<'e>(entry: &'e Annotated<'_>) -> Option<&'e str> {
    Some(entry.document.id.as_str()).filter(|id| !id.is_empty())
}

/// Identifiers that are refused.
pub(super) struct Refusals {
    salt: Vec<u8>,
    any: bool,
}

/// A kind of identifier that can be forgotten.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Document,
    Patient,
}

impl Refusals {
    /// Reads the salt, and whether there is anything to refuse: most warehouses never hash an id.
    pub fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let any = scalar(connection, "SELECT EXISTS (SELECT 1 FROM forgotten)")?;
        Ok(Self { salt: scalar(connection, "SELECT salt FROM warehouse")?, any })
    }

    /// True when anything at all was forgotten.
    pub fn any(&self) -> bool {
        self.any
    }

    /// True when the document or its patient was forgotten.
    pub fn hold(
        &self,
        connection: &Connection,
        document: &str,
        patient: Option<&str>,
    ) -> rusqlite::Result<bool> {
        if !self.any || self.holds(connection, Kind::Document, document)? {
            return Ok(self.any);
        }
        patient.map_or(Ok(false), |id| self.holds(connection, Kind::Patient, id))
    }

    /// True when this one identifier was forgotten.
    pub fn holds(&self, connection: &Connection, kind: Kind, id: &str) -> rusqlite::Result<bool> {
        let mut find = connection.prepare_cached("SELECT 1 FROM forgotten WHERE hash = ?1")?;
        find.exists([self.hash(kind, id)])
    }

    /// Refuses an identifier from now on.
    pub fn add(&self, connection: &Connection, kind: Kind, id: &str) -> rusqlite::Result<()> {
        let mut insert = connection.prepare_cached("INSERT OR IGNORE INTO forgotten (hash) VALUES (?1)")?;
        insert.execute([self.hash(kind, id)]).map(|_| ())
    }

    fn hash(&self, kind: Kind, id: &str) -> [u8; 32] {
        let kind = match kind {
            Kind::Document => "document",
            Kind::Patient => "patient",
        };
        forgotten_hash(&self.salt, kind, id)
    }
}
