//! Events that are stored no more: kept with the run that took them out, and why.

use super::bulk::list;
use super::database::Database;
use super::rules::Stored;
use super::{Annotated, WarehouseError};

/// A report whose events give way to others.
pub(super) struct Retiring {
    doc: i64,
    reason: &'static str,
}

impl Retiring {
    /// Why the events of a stored report give way to those of an entry; `None` when it has none.
    pub fn of(stored: &Stored, entry: &Annotated<'_>, engine: i64) -> Option<Self> {
        let reason = match stored {
            _ if stored.version != entry.document.version => "version",
            _ if stored.content_hash != entry.content_hash => "content",
            _ if stored.engine != engine => "engine",
            // Only more of the report is kept: its events come back as they were.
            _ => "kept",
        };
        stored.annotated.then_some(Self { doc: stored.key, reason })
    }

    /// A report that its source no longer has.
    pub fn withdrawn(doc: i64) -> Self {
        Self { doc, reason: "withdrawn" }
    }
}

/// Why events are retired, as stored.
const REASONS: [&str; 5] = ["version", "content", "engine", "kept", "withdrawn"];

/// Moves the events of some reports to the history; gives how many there were.
pub(super) fn retire(database: &Database, reports: &[Retiring], run: i64) -> Result<u64, WarehouseError> {
    for reason in REASONS {
        let docs: Vec<i64> = reports.iter().filter(|one| one.reason == reason).map(|one| one.doc).collect();
        if docs.is_empty() {
            continue;
        }
        database.batch(&format!(
            "INSERT INTO retired (event_id, doc, document_version, patient, meaning, rule, engine, context, document_date,
                start, \"end\", fragments, text, event_date, event_date_precision, event_date_source, gestational_age_days,
                value, unit, cues, confidence, made_by, retired_by, reason)
            SELECT e.event_id, e.doc, d.version, e.patient, e.meaning, e.rule, e.engine, e.context, e.document_date,
                e.start, e.\"end\", e.fragments, e.text, e.event_date, e.event_date_precision, e.event_date_source,
                e.gestational_age_days, e.value, e.unit, e.cues, e.confidence, d.run, {run}, '{reason}'
            FROM documents d JOIN events e ON e.doc = d.doc WHERE d.doc IN {} ORDER BY e.event",
            list(&docs)
        ))?;
    }
    let docs: Vec<i64> = reports.iter().map(|one| one.doc).collect();
    if docs.is_empty() {
        return Ok(0);
    }
    database.execute_once(&format!("DELETE FROM events WHERE doc IN {}", list(&docs)))
}
