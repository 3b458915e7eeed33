//! Rows of documents, events and rejections: what is written in each column.

use jiff::civil::{Date, date};

use super::bulk::{Kind as Column, Table, fill};
use super::database::{Database, Param, Row, params};
use super::keys::Keys;
use super::rules::{Stored, forgotten_hash};
use super::{Annotated, WarehouseError};
use crate::event::{CodedEvent, DatePrecision, DateSource};

type Result<T> = std::result::Result<T, WarehouseError>;

/// The first of the days that SQL counts.
const UNIX_EPOCH: Date = date(1970, 1, 1);

/// Followed by a condition; read by [`found`].
pub(super) const FIND_DOCUMENT: &str =
    "SELECT doc, version, status = 'annotated', content_hash, engine, run, text IS NOT NULL,
    withdrawn IS NOT NULL, document_id FROM documents";

const DOCUMENTS: Table = Table {
    name: "documents",
    columns: &[
        ("doc", Column::Integer),
        ("document_id", Column::Text),
        ("version", Column::Integer),
        ("patient_id", Column::Text),
        ("visit_id", Column::Text),
        ("document_type", Column::Text),
        ("document_date", Column::Text),
        ("status", Column::Text),
        ("reason_code", Column::Text),
        ("reason", Column::Text),
        ("content_hash", Column::Blob),
        ("text_sha256", Column::Blob),
        ("engine", Column::Integer),
        ("run", Column::Integer),
        ("title", Column::Text),
        ("text", Column::Text),
        ("ward", Column::Text),
        ("words", Column::Blob),
    ],
    on_conflict: "ON CONFLICT (doc) DO UPDATE SET version = excluded.version, patient_id = excluded.patient_id,
        visit_id = excluded.visit_id, document_type = excluded.document_type, document_date = excluded.document_date,
        status = excluded.status, reason_code = excluded.reason_code, reason = excluded.reason,
        content_hash = excluded.content_hash, text_sha256 = excluded.text_sha256, engine = excluded.engine,
        run = excluded.run, title = excluded.title, text = excluded.text, ward = excluded.ward,
        words = excluded.words, withdrawn = NULL",
};

const EVENTS: Table = Table {
    name: "events",
    columns: &[
        ("event_id", Column::Text),
        ("doc", Column::Integer),
        ("patient", Column::Integer),
        ("visit_id", Column::Text),
        ("meaning", Column::Integer),
        ("rule", Column::Integer),
        ("engine", Column::Integer),
        ("context", Column::Integer),
        ("document_date", Column::Text),
        ("start", Column::Integer),
        ("end", Column::Integer),
        ("fragments", Column::Text),
        ("text", Column::Text),
        ("event_date", Column::Text),
        ("event_date_precision", Column::Text),
        ("event_date_source", Column::Text),
        ("gestational_age_days", Column::Integer),
        ("value", Column::Real),
        ("unit", Column::Text),
        ("cues", Column::Text),
        ("confidence", Column::Real),
        ("day", Column::Integer),
        ("report_day", Column::Integer),
    ],
    on_conflict: "",
};

/// A documents row as found, with the run that wrote it.
#[derive(Clone)]
pub(super) struct Found {
    pub stored: Stored,
    pub run: i64,
}

/// Reads a row of [`FIND_DOCUMENT`].
pub(super) fn found(row: &mut Row<'_>) -> Result<Found> {
    let (key, version, annotated) = (row.next()?, row.next()?, row.next()?);
    let (content_hash, engine, run, has_text) = (row.next()?, row.next()?, row.next()?, row.next()?);
    let withdrawn = row.next()?;
    let stored = Stored { key, version, annotated, content_hash, engine, has_text, withdrawn, met: false };
    Ok(Found { stored, run })
}

/// The row of a document id.
pub(super) fn find_document(database: &Database, document_id: &str) -> Result<Option<Found>> {
    database.first(&format!("{FIND_DOCUMENT} WHERE document_id = ?1"), params![document_id], found)
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

/// A documents row to write.
pub(super) struct Placed<'b> {
    pub key: i64,
    pub entry: &'b Annotated<'b>,
    pub cause: Option<Cause<'b>>,
}

/// Writes documents, each in place of the row with its key.
pub(super) fn put_documents(database: &Database, placed: &[Placed<'_>], stamp: Stamp) -> Result<()> {
    fill(database, &DOCUMENTS, |put| {
        for Placed { key, entry, cause } in placed {
            let document = entry.document;
            let kept = stamp.keep_text.then_some(document);
            let date = document.date.map(|date| date.to_string());
            put(params![
                *key,
                &document.id,
                document.version,
                &document.patient_id,
                &document.visit_id,
                &document.document_type,
                &date,
                if cause.is_some() { "quarantined" } else { "annotated" },
                cause.map(|cause| cause.code),
                cause.map(|cause| cause.reason),
                &entry.content_hash,
                &entry.text_sha256,
                stamp.engine,
                stamp.run,
                kept.and_then(|document| document.title.as_deref()),
                kept.map(|document| document.text.as_str()),
                &document.ward,
                &entry.words,
            ])?;
        }
        Ok(())
    })
}

/// Deletes the events of a document; gives how many there were.
pub(super) fn delete_events(database: &Database, doc: i64) -> Result<u64> {
    database.execute("DELETE FROM events WHERE doc = ?1", params![doc])
}

/// Adds events, each with the key of its document; structured ones have none.
pub(super) fn put_events<'e>(
    database: &Database,
    keys: &mut Keys,
    events: impl Iterator<Item = (Option<i64>, &'e CodedEvent)>,
) -> Result<()> {
    let mut rows = Vec::new();
    for (doc, event) in events {
        let patient = event.patient_id.as_deref().map(|id| keys.patient(database, id));
        let shared = Shared {
            doc,
            patient: patient.transpose()?,
            meaning: keys.meaning(database, event)?,
            rule: keys.rule(database, &event.provenance.rule)?,
            engine: keys.provenance(database, &event.provenance)?,
            context: keys.context(database, event)?,
        };
        rows.push((shared, event));
    }
    if rows.is_empty() {
        return Ok(());
    }
    fill(database, &EVENTS, |put| rows.iter().try_for_each(|(shared, event)| put_event(put, shared, event)))
}

/// Days since 1970-01-01.
pub(super) fn day(date: Date) -> i64 {
    i64::from((date - UNIX_EPOCH).get_days())
}

/// This second, as RFC 3339 in UTC.
pub(super) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A list of the contract as a JSON column.
pub(super) fn json<T: serde::Serialize>(list: &T) -> Result<String> {
    serde_json::to_string(list).map_err(|error| WarehouseError::Storage(error.to_string()))
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

fn put_event(
    put: &mut dyn FnMut(&[Param<'_>]) -> Result<()>,
    shared: &Shared,
    event: &CodedEvent,
) -> Result<()> {
    let [document_date, event_date] =
        [event.document_date, event.event_date].map(|date| date.map(|date| date.to_string()));
    let (fragments, cues) = (json_unless_empty(&event.fragments)?, json_unless_empty(&event.cues)?);
    put(params![
        &event.event_id,
        shared.doc,
        shared.patient,
        if shared.doc.is_none() { event.visit_id.as_deref() } else { None },
        shared.meaning,
        shared.rule,
        shared.engine,
        shared.context,
        &document_date,
        event.start,
        event.end,
        &fragments,
        &event.text,
        &event_date,
        event.event_date_precision.map(DatePrecision::as_str),
        event.event_date_source.map(DateSource::as_str),
        event.gestational_age_days,
        event.value,
        &event.unit,
        &cues,
        event.confidence,
        event.event_date.or(event.document_date).map(day),
        event.document_date.or(event.event_date).map(day),
    ])
}

fn json_unless_empty<T: serde::Serialize>(list: &[T]) -> Result<Option<String>> {
    if list.is_empty() { Ok(None) } else { json(&list).map(Some) }
}

/// True when the same input was set aside before for the same cause.
pub(super) fn rejection_is_known(
    database: &Database,
    entry: &Annotated<'_>,
    cause: Cause<'_>,
) -> Result<bool> {
    let (id, patient) = (known_id(entry), &entry.document.patient_id);
    let find = "SELECT 1 FROM rejections WHERE file = ?1 AND line = ?2 AND code = ?3 AND reason = ?4
        AND document_id IS NOT DISTINCT FROM ?5 AND patient_id IS NOT DISTINCT FROM ?6";
    database.exists(find, params![cause.file, cause.line as i64, cause.code, cause.reason, id, patient])
}

/// Records an input set aside.
pub(super) fn put_rejection(
    database: &Database,
    entry: &Annotated<'_>,
    cause: Cause<'_>,
    run: i64,
) -> Result<()> {
    let (id, patient) = (known_id(entry), &entry.document.patient_id);
    let put = "INSERT INTO rejections (file, line, code, reason, document_id, patient_id, run)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (file, line, code) DO UPDATE SET reason = excluded.reason,
        document_id = excluded.document_id, patient_id = excluded.patient_id, run = excluded.run";
    let row = params![cause.file, cause.line as i64, cause.code, cause.reason, id, patient, run];
    database.execute(put, row).map(|_| ())
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
    pub fn load(database: &Database) -> Result<Self> {
        let any = database.exists("SELECT 1 FROM forgotten LIMIT 1", &[])?;
        Ok(Self { salt: database.scalar("SELECT salt FROM warehouse", &[])?, any })
    }

    /// The salt of the hashes of this warehouse.
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// True when anything at all was forgotten.
    pub fn any(&self) -> bool {
        self.any
    }

    /// True when the document or its patient was forgotten.
    pub fn hold(&self, database: &Database, document: &str, patient: Option<&str>) -> Result<bool> {
        if !self.any || self.holds(database, Kind::Document, document)? {
            return Ok(self.any);
        }
        patient.map_or(Ok(false), |id| self.holds(database, Kind::Patient, id))
    }

    /// True when this one identifier was forgotten.
    pub fn holds(&self, database: &Database, kind: Kind, id: &str) -> Result<bool> {
        database.exists("SELECT 1 FROM forgotten WHERE hash = ?1", params![&self.hash(kind, id)])
    }

    /// Refuses an identifier from now on.
    pub fn add(&self, database: &Database, kind: Kind, id: &str) -> Result<()> {
        let insert = "INSERT INTO forgotten (hash) VALUES (?1) ON CONFLICT DO NOTHING";
        database.execute(insert, params![&self.hash(kind, id)]).map(|_| ())
    }

    fn hash(&self, kind: Kind, id: &str) -> [u8; 32] {
        let kind = match kind {
            Kind::Document => "document",
            Kind::Patient => "patient",
        };
        forgotten_hash(&self.salt, kind, id)
    }
}
