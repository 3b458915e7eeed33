//! The promises of a warehouse, checked one by one against what it holds.

use std::collections::HashSet;

use rusqlite::Connection;

use super::database::{Access, Database, params};
use super::family::WRONGLY_DERIVED;
use super::forget::count_refused;
use super::read::each_event;
use super::store::json;
use super::{Check, EventFilter, WarehouseError, schema};
use crate::event::{CodedEvent, hex};
use sha2::{Digest, Sha256};

/// Questions whose answer is the number of rows that break the promise.
const COUNTED: &[(&str, &str, &str)] = &[
    (
        "shared-rows",
        "events or retired events that name a missing row",
        "SELECT (SELECT count(*) FROM events e LEFT JOIN meanings m ON m.meaning = e.meaning
                LEFT JOIN rules r ON r.rule = e.rule LEFT JOIN engines g ON g.engine = e.engine
                LEFT JOIN contexts c ON c.context = e.context
                WHERE m.meaning IS NULL OR r.rule IS NULL OR g.engine IS NULL OR c.context IS NULL)
            + (SELECT count(*) FROM retired x LEFT JOIN documents d ON d.doc = x.doc
                LEFT JOIN meanings m ON m.meaning = x.meaning LEFT JOIN patients p ON p.patient = x.patient
                WHERE d.doc IS NULL OR m.meaning IS NULL OR (x.patient IS NOT NULL AND p.patient IS NULL))",
    ),
    (
        "unique-documents",
        "document ids stored twice",
        "SELECT count(*) - count(DISTINCT document_id) FROM documents",
    ),
    (
        "events-of-annotated",
        "events without an annotated document",
        "SELECT count(*) FROM events e LEFT JOIN documents d ON d.doc = e.doc
            WHERE e.doc IS NOT NULL AND (d.status IS DISTINCT FROM 'annotated' OR d.withdrawn IS NOT NULL)",
    ),
    (
        "patients",
        "events of another patient than their document, or structured events of none",
        "SELECT (SELECT count(*) FROM documents d JOIN events e ON e.doc = d.doc
                LEFT JOIN patients p ON p.patient = e.patient WHERE p.patient_id IS DISTINCT FROM d.patient_id)
            + (SELECT count(*) FROM events WHERE doc IS NULL AND patient IS NULL)",
    ),
    (
        "days",
        "events whose days are not those of their dates",
        "SELECT count(*) FROM events WHERE day IS DISTINCT FROM unixepoch(coalesce(event_date, document_date)) / 86400
            OR report_day IS DISTINCT FROM unixepoch(coalesce(document_date, event_date)) / 86400",
    ),
    ("pregnancies", "persons whose pregnancy is not what their dates and siblings say", WRONGLY_DERIVED),
    ("mothers", "persons who are their own mother", "SELECT count(*) FROM persons WHERE mother = patient"),
    (
        "reasons",
        "documents whose status and reason disagree",
        "SELECT count(*) FROM documents
            WHERE (status = 'quarantined') IS DISTINCT FROM (reason IS NOT NULL AND reason_code IS NOT NULL)",
    ),
    (
        "hashes",
        "hashes that are not 32 bytes long",
        "SELECT (SELECT count(*) FROM documents WHERE length(text_sha256) <> 32 OR length(content_hash) <> 32)
            + (SELECT count(*) FROM forgotten WHERE length(hash) <> 32)
            + (SELECT count(*) FROM engines WHERE length(fingerprint) <> 32)",
    ),
    (
        "document-counters",
        "documents more or fewer than the runs added and forgetting removed",
        "SELECT abs((SELECT count(*) FROM documents) + (SELECT forgotten_documents FROM warehouse)
            - (SELECT CAST(coalesce(sum(documents_added), 0) AS bigint) FROM runs))",
    ),
    (
        "event-counters",
        "events more or fewer than the runs added, replaced and forgetting removed",
        "SELECT abs((SELECT count(*) FROM events) + (SELECT forgotten_events FROM warehouse)
            - (SELECT CAST(coalesce(sum(events - events_removed), 0) AS bigint) FROM runs))",
    ),
    (
        "surveillance",
        "cases or signals of surveillance whose run or patient is missing, or that stand twice",
        "SELECT (SELECT count(*) FROM surveil_cases c LEFT JOIN patients p ON p.patient = c.patient
                LEFT JOIN surveil_runs r ON r.number = c.from_run WHERE p.patient IS NULL OR r.number IS NULL)
            + (SELECT count(*) FROM signals s LEFT JOIN surveil_runs r ON r.number = s.last_run WHERE r.number IS NULL)
            + (SELECT count(*) FROM (SELECT 1 AS one FROM surveil_cases WHERE until_run IS NULL
                GROUP BY name, phenotype, patient HAVING count(*) > 1) AS twice)",
    ),
    (
        "erasure",
        "erasure left unfinished: close the other programs, then run the last `laennec forget` again",
        "SELECT erasing FROM warehouse",
    ),
];

/// Questions whose lists each database opens in its own way.
const LISTS_OF_SQLITE: [&str; 2] = [
    "SELECT count(*) FROM meanings m WHERE
        (SELECT count(*) FROM meaning_codes c WHERE c.meaning = m.meaning) <> json_array_length(m.codings)
        OR EXISTS (SELECT 1 FROM json_each(m.codings) j WHERE NOT EXISTS (SELECT 1 FROM meaning_codes c
            WHERE c.meaning = m.meaning AND c.system = j.value ->> 'system' AND c.code = j.value ->> 'code'))",
    "SELECT count(*) FROM meanings m WHERE
        (SELECT count(*) FROM meaning_subgroups s WHERE s.meaning = m.meaning)
            <> json_array_length(m.subgroups)
        OR EXISTS (SELECT 1 FROM json_each(m.subgroups) j WHERE NOT EXISTS (SELECT 1
            FROM meaning_subgroups s WHERE s.meaning = m.meaning AND s.subgroup = j.value))",
];

#[cfg(feature = "postgres")]
const LISTS_OF_POSTGRES: [&str; 2] = [
    "SELECT count(*) FROM meanings m WHERE
        (SELECT count(*) FROM meaning_codes c WHERE c.meaning = m.meaning) <> json_array_length(m.codings::json)
        OR EXISTS (SELECT 1 FROM json_array_elements(m.codings::json) j WHERE NOT EXISTS (SELECT 1
            FROM meaning_codes c WHERE c.meaning = m.meaning AND c.system = j ->> 'system' AND c.code = j ->> 'code'))",
    "SELECT count(*) FROM meanings m WHERE
        (SELECT count(*) FROM meaning_subgroups s WHERE s.meaning = m.meaning)
            <> json_array_length(m.subgroups::json)
        OR EXISTS (SELECT 1 FROM json_array_elements_text(m.subgroups::json) j (value) WHERE NOT EXISTS (SELECT 1
            FROM meaning_subgroups s WHERE s.meaning = m.meaning AND s.subgroup = j.value))",
];

/// Checks every promise, on one consistent state of the warehouse.
pub(super) fn verify(database: &Database) -> Result<Vec<Check>, WarehouseError> {
    let snapshot = database.begin(Access::Read)?;
    let (mut checks, lists) = match database {
        Database::Sqlite(file) => {
            let file = &file.connection;
            (vec![check_file(file)?, check_schema(file)?, check_references(file)?], LISTS_OF_SQLITE)
        }
        #[cfg(feature = "postgres")]
        Database::Postgres(_) => (vec![check_server_schema(database)?], LISTS_OF_POSTGRES),
    };
    let problems = [
        ("codes", "concepts whose list of codes and indexed codes disagree"),
        ("subgroups", "concepts whose list of subgroups and indexed subgroups disagree"),
    ];
    let lists = problems.iter().zip(lists).map(|((name, problem), sql)| (*name, *problem, sql));
    for (name, problem, sql) in COUNTED.iter().copied().chain(lists) {
        let found: i64 = snapshot.scalar(sql, &[])?;
        checks.push(counted(name, problem, found as u64, &[]));
    }
    let refused = count_refused(&snapshot)?;
    checks.push(counted("forgotten", "rows of forgotten documents or patients", refused, &[]));
    checks.extend(check_events(&snapshot)?);
    snapshot.commit()?;
    Ok(checks)
}

fn counted(name: &'static str, problem: &str, found: u64, examples: &[String]) -> Check {
    let message = match (found, examples) {
        (0, _) => "ok".to_owned(),
        (_, []) => format!("{found} {problem}"),
        _ => format!("{found} {problem}, for instance {}", examples.join(", ")),
    };
    Check { name, passed: found == 0, message }
}

fn check_file(file: &Connection) -> rusqlite::Result<Check> {
    let found: String = file.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    Ok(Check { name: "file", passed: found == "ok", message: found })
}

fn check_references(file: &Connection) -> rusqlite::Result<Check> {
    let sql = "SELECT count(*) FROM pragma_foreign_key_check";
    let found: i64 = file.query_row(sql, [], |row| row.get(0))?;
    Ok(counted("foreign-keys", "rows that refer to a missing row", found as u64, &[]))
}

/// Tables, indexes and views are those of the schema files. Additions of others are their business.
fn check_schema(file: &Connection) -> rusqlite::Result<Check> {
    let mut find = file.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?1 AND sql IS ?2")?;
    let mut altered = Vec::new();
    for (name, sql) in schema::objects()? {
        if !find.exists((&name, &sql))? {
            altered.push(name);
        }
    }
    let found = altered.len() as u64;
    Ok(counted("schema", "tables, indexes or views missing or altered", found, &altered))
}

/// Columns of tables and views are those of the schema on SQLite, which holds the same.
#[cfg(feature = "postgres")]
fn check_server_schema(database: &Database) -> Result<Check, WarehouseError> {
    let find = "SELECT 1 FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = ?1 AND column_name = ?2";
    let mut missing = Vec::new();
    for (table, column) in schema::columns()? {
        if !database.exists(find, params![&table, &column])? {
            missing.push(format!("{table}.{column}"));
        }
    }
    let found = missing.len() as u64;
    Ok(counted("schema", "columns of tables or views missing", found, &missing))
}

/// A promise about single events, and how many break it.
struct EventCheck {
    name: &'static str,
    problem: &'static str,
    holds: fn(&CodedEvent) -> bool,
    found: u64,
    examples: Vec<String>,
}

/// Examples named in a message.
const EXAMPLES: usize = 3;

impl EventCheck {
    fn new(name: &'static str, problem: &'static str, holds: fn(&CodedEvent) -> bool) -> Self {
        Self { name, problem, holds, found: 0, examples: Vec::new() }
    }

    fn look(&mut self, event: &CodedEvent) {
        if !(self.holds)(event) {
            self.fail(event);
        }
    }

    fn fail(&mut self, event: &CodedEvent) {
        self.found += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(event.event_id.clone());
        }
    }

    fn close(self) -> Check {
        counted(self.name, self.problem, self.found, &self.examples)
    }
}

fn event_checks() -> Vec<EventCheck> {
    vec![
        EventCheck::new("spans", "events whose span does not fit their text", span_fits),
        EventCheck::new("identities", "events whose id is not the hash of what they are", identity_holds),
        EventCheck::new(
            "sorted-codes",
            "events whose codes or subgroups are not sorted and unique",
            codes_sorted,
        ),
        EventCheck::new("probabilities", "events with a certainty or confidence outside 0 to 1", in_range),
    ]
}

/// One pass over the events; memory holds one document. The digest is that of `laennec events --format jsonl`: the same
/// events have the same one in any warehouse.
fn check_events(database: &Database) -> Result<Vec<Check>, WarehouseError> {
    let mut checks = event_checks();
    let mut twice = EventCheck::new("unique-events", "events whose id is stored twice", |_| true);
    let mut kept =
        EventCheck::new("kept-text", "events whose text is not at their place in the report", |_| true);
    let mut current = CurrentDocument::default();
    let (mut digest, mut count) = (Sha256::new(), 0_u64);
    each_event(database, EventFilter::All, |event| {
        current.enter(database, &event)?;
        count += 1;
        digest.update(json(&event)?);
        digest.update(b"\n");
        checks.iter_mut().for_each(|check| check.look(&event));
        if !current.is_new(&event) {
            twice.fail(&event);
        }
        if !current.agrees(&event) {
            kept.fail(&event);
        }
        Ok::<_, WarehouseError>(())
    })?;
    let told = format!("{count} events, sha256 {}", hex(&digest.finalize()));
    let digest = Check { name: "digest", passed: true, message: told };
    Ok(checks.into_iter().chain([twice, kept]).map(EventCheck::close).chain([digest]).collect())
}

/// The document whose events are passing. Identities include the document, so ids that are identities
/// can only repeat inside one; those of structured events are kept apart by an index.
#[derive(Default)]
struct CurrentDocument {
    id: Option<String>,
    text: Option<String>,
    seen: HashSet<String>,
}

impl CurrentDocument {
    fn enter(&mut self, database: &Database, event: &CodedEvent) -> Result<(), WarehouseError> {
        if self.id.as_ref() == Some(&event.document_id) {
            return Ok(());
        }
        let text = "SELECT text FROM documents WHERE document_id = ?1";
        self.text = database.first(text, params![&event.document_id], |row| row.next())?.flatten();
        self.id = Some(event.document_id.clone());
        self.seen.clear();
        Ok(())
    }

    fn is_new(&mut self, event: &CodedEvent) -> bool {
        event.is_structured() || self.seen.insert(event.event_id.clone())
    }

    /// True when the report was not kept.
    fn agrees(&self, event: &CodedEvent) -> bool {
        let Some(text) = &self.text else { return true };
        let length = event.end.saturating_sub(event.start) as usize;
        text.chars().skip(event.start as usize).take(length).eq(event.text.chars())
    }
}

fn span_fits(event: &CodedEvent) -> bool {
    let inside = |&(start, end): &(u32, u32)| event.start <= start && start < end && end <= event.end;
    event.start <= event.end
        && event.text.chars().count() == (event.end - event.start) as usize
        && event.fragments.iter().all(inside)
}

fn identity_holds(event: &CodedEvent) -> bool {
    event.is_structured() || event.event_id == event.identity()
}

fn codes_sorted(event: &CodedEvent) -> bool {
    event.codings.is_sorted_by(|a, b| a < b) && event.subgroups.is_sorted_by(|a, b| a < b)
}

fn in_range(event: &CodedEvent) -> bool {
    (0.0..=1.0).contains(&event.certainty) && (0.0..=1.0).contains(&event.confidence)
}
