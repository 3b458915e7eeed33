//! Warehouses of older schemas, migrated while the job is killed, and warehouses that are somebody else's.

use std::path::Path;
use std::time::Instant;

use laennec::event::CodedEvent;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::oracle::{Chance, Corpus, Job, PATIENCE, Place, Scene, fails_cleanly, keeps_the_secret, size};
use super::server::{self, SCHEMA};

/// The published schema files, which are never edited.
const SCHEMAS: [&str; 3] = [
    include_str!("../../src/warehouse/schema/sqlite/0001.sql"),
    include_str!("../../src/warehouse/schema/sqlite/0002.sql"),
    include_str!("../../src/warehouse/schema/sqlite/0003.sql"),
];

/// Reports of the old warehouse: enough that the migration takes some milliseconds.
const OLD: usize = 2000;

/// The event of report `n` of an old warehouse.
fn old_event(n: usize) -> CodedEvent {
    let value = json!({
        "event_id": "", "document_id": format!("OLD-{n:05}"), "document_version": 1, "patient_id": format!("A{:04}", n / 2),
        "visit_id": null, "document_type": "CRH", "document_date": "2023-05-17", "section": "conclusion", "start": 0,
        "end": 11, "text": "Trisomie 21", "concept": "down", "label": "trisomie 21",
        "codings": [{"system": "CIM-10", "code": "Q90.9"}], "subgroups": ["chromosomal"],
        "assertion": if n.is_multiple_of(3) { "absent" } else { "present" }, "certainty": 0.9,
        "conclusion": if n.is_multiple_of(3) { "absent" } else { "present" }, "experiencer": "patient",
        "fetus_index": null, "temporality": "current", "event_date": "2023-05-17", "event_date_precision": "day",
        "event_date_source": "document_date", "gestational_age_days": null, "laterality": null, "value": null,
        "unit": null, "cues": [], "method": "dictionary", "confidence": 0.875,
        "provenance": {"engine": "laennec 0.0.9", "lexicons": ["malformations@1"], "model": null, "rule": "malformations:t1"},
    });
    let mut event: CodedEvent = serde_json::from_value(value).unwrap();
    event.event_id = event.identity();
    event
}

/// A warehouse of schema 2 or 3 with `OLD` reports, filled through SQL as the engine of its time filled it.
fn old_warehouse(path: &Path, version: usize) {
    let connection = Connection::open(path).unwrap();
    SCHEMAS[..2].iter().for_each(|sql| connection.execute_batch(sql).unwrap());
    let codings = r#"[{"system":"CIM-10","code":"Q90.9"}]"#;
    connection
        .execute_batch(&format!(
            "BEGIN;
            INSERT INTO engines VALUES (1, zeroblob(32), 'laennec 0.0.9', '[\"malformations@1\"]', NULL, '');
            INSERT INTO runs (run, engine, started_at, finished_at, written, events, documents_added)
                VALUES (1, 1, '2023-06-01T00:00:00Z', '2023-06-01T00:01:00Z', {OLD}, {OLD}, {OLD});
            INSERT INTO meanings VALUES (1, 'down', 'trisomie 21', '{codings}', '[\"chromosomal\"]');
            INSERT INTO meaning_codes VALUES (1, 'CIM-10', 'Q90.9');
            INSERT INTO meaning_subgroups VALUES (1, 'chromosomal');
            INSERT INTO rules VALUES (1, 'malformations:t1');"
        ))
        .unwrap();
    {
        let mut document = connection
            .prepare(
                "INSERT INTO documents (doc, document_id, version, patient_id, document_type, document_date, status,
                    content_hash, text_sha256, engine, run)
                VALUES (?1, ?2, 1, ?3, 'CRH', '2023-05-17', 'annotated', zeroblob(32), zeroblob(32), 1, 1)",
            )
            .unwrap();
        let mut stored = connection
            .prepare(
                "INSERT INTO events (event, event_id, doc, meaning, rule, engine, document_type, document_date, section,
                    start, \"end\", text, assertion, certainty, conclusion, experiencer, temporality, event_date,
                    event_date_precision, event_date_source, method, confidence)
                VALUES (?1, ?2, ?1, 1, 1, 1, 'CRH', '2023-05-17', 'conclusion', 0, 11, ?3, ?4, 0.9, ?4, 'patient',
                    'current', '2023-05-17', 'day', 'document_date', 'dictionary', 0.875)",
            )
            .unwrap();
        for n in 0..OLD {
            let event = old_event(n);
            let key = n as i64 + 1;
            document.execute(params![key, event.document_id, event.patient_id]).unwrap();
            let assertion = if n.is_multiple_of(3) { "absent" } else { "present" };
            stored.execute(params![key, event.event_id, event.text, assertion]).unwrap();
        }
    }
    connection.execute_batch("COMMIT").unwrap();
    SCHEMAS[2..version].iter().for_each(|sql| connection.execute_batch(sql).unwrap());
    connection.pragma_update(None, "application_id", 0x4C41_454E).unwrap();
    connection.pragma_update(None, "user_version", version as i64).unwrap();
}

/// Schema and number of events, read beside whatever runs.
fn state(path: &Path) -> (i64, i64) {
    let connection = Connection::open(path).unwrap();
    let one = |sql: &str| connection.query_row(sql, [], |row| row.get(0)).unwrap();
    (one("SELECT user_version FROM pragma_user_version"), one("SELECT count(*) FROM events"))
}

/// The events of the old reports, as the program prints them.
fn old_events(scene: &Scene) -> Vec<Value> {
    let mut events = scene.command("events", &["--format", "jsonl"]).ends_with(0).json();
    events.retain(|event| event["document_id"].as_str().unwrap().starts_with("OLD-"));
    events
}

#[test]
fn a_killed_migration_leaves_the_old_schema_or_the_new() {
    let expected: Vec<Value> = (0..OLD).map(|n| serde_json::to_value(old_event(n)).unwrap()).collect();
    let mut chance = Chance::new(19);
    for (version, kills) in [(2, size(3, 60)), (3, size(2, 60))] {
        let scene = Scene::sqlite();
        let Place::Sqlite(path) = &scene.place else { unreachable!() };
        let sources = Corpus(20).write(&scene.bench, 1);
        let template = scene.bench.path("old.db");
        old_warehouse(&template, version);
        let fresh = || {
            for suffix in ["", "-wal", "-shm"] {
                drop(std::fs::remove_file(scene.bench.path(&format!("cohort.db{suffix}"))));
            }
            std::fs::copy(&template, path).unwrap();
            let mut job = Job::start(scene.job(&sources, &[]));
            // The log appears when the warehouse is opened, and the migration begins.
            let log = scene.bench.path("cohort.db-wal");
            job.until(|| log.exists());
            job
        };
        // One migration in peace: how long it lasts.
        let mut job = fresh();
        let started = Instant::now();
        job.until(|| state(path).0 > version as i64);
        let lasts = started.elapsed();
        job.ends_within(PATIENCE).ends_with(0);
        let (mut old, mut new, mut inside) = (0, 0, 0);
        for _ in 0..kills {
            let job = fresh();
            std::thread::sleep(lasts.mul_f64(chance.below(1200) as f64 / 1000.0));
            inside += usize::from(job.kill());
            let (found, events) = state(path);
            assert!(events >= OLD as i64, "{events} events in schema {found}");
            old += usize::from(found == version as i64);
            new += usize::from(found > version as i64);
        }
        eprintln!("schema {version}, {lasts:?}: {inside} kills; {old} times still old, {new} times new");
        assert!(inside > 0);
        scene.annotate(&sources, &[]).ends_with(0);
        assert!(state(path).0 >= 3);
        scene.verifies();
        assert!(old_events(&scene) == expected, "the old events are what they were");
        assert_eq!(scene.place.documents(), OLD as u64 + 20);
    }
}

#[test]
fn a_file_of_somebody_else_is_refused_and_left() {
    let scene = Scene::sqlite();
    let Place::Sqlite(path) = &scene.place else { unreachable!() };
    let theirs = Connection::open(path).unwrap();
    theirs
        .execute_batch("CREATE TABLE patients (name TEXT); INSERT INTO patients VALUES ('Zorglub')")
        .unwrap();
    drop(theirs);
    let before = std::fs::read(path).unwrap();
    let sources = Corpus(20).write(&scene.bench, 1);
    let refusals = [
        scene.annotate(&sources, &[]),
        scene.command("verify", &[]),
        scene.command("events", &[]),
        scene.command("forget", &["--patient", "P1"]),
    ];
    for ran in refusals {
        let ran = ran.ends_with(1);
        keeps_the_secret(&ran);
        assert!(ran.err.contains("not a Laennec warehouse"), "{}", ran.err);
    }
    assert_eq!(std::fs::read(path).unwrap(), before);
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 2, "no file beside it");
}

/// Tables of the schema, then the rows of theirs.
fn theirs(scene: &Scene) -> (Vec<Vec<String>>, Vec<Vec<String>>) {
    let tables = format!(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = '{SCHEMA}' ORDER BY 1"
    );
    (scene.place.rows(&tables).unwrap(), scene.place.rows("SELECT * FROM patients").unwrap())
}

#[test]
fn a_schema_of_somebody_else_is_refused_and_left() {
    let Some(server) = server::shared() else { return };
    let scene = Scene::postgres(server.database());
    let Place::Postgres(database) = &scene.place else { unreachable!() };
    let sources = Corpus(20).write(&scene.bench, 1);
    let sql = format!(
        "CREATE SCHEMA {SCHEMA}; CREATE TABLE {SCHEMA}.patients (name text); INSERT INTO {SCHEMA}.patients VALUES ('Zorglub')"
    );
    database.client().batch_execute(&sql).unwrap();
    let before = theirs(&scene);
    let refusals = [
        scene.annotate(&sources, &[]),
        scene.command("verify", &[]),
        scene.command("events", &[]),
        scene.command("forget", &["--patient", "P1"]),
    ];
    for ran in refusals {
        keeps_the_secret(&ran.ends_with(1));
    }
    assert_eq!(theirs(&scene), before);
    let elsewhere = database.url().replace(SCHEMA, "ailleurs");
    Job::start(scene.job_into(&elsewhere, &sources, &[])).ends_within(PATIENCE).ends_with(0);
    assert_eq!(theirs(&scene), before, "a schema beside it is no harm");
}

/// A database administrator makes the schema; the account of the job may not be allowed to.
#[test]
fn an_empty_schema_becomes_a_warehouse() {
    let Some(server) = server::shared() else { return };
    let scene = Scene::postgres(server.database());
    let Place::Postgres(database) = &scene.place else { unreachable!() };
    let sources = Corpus(20).write(&scene.bench, 1);
    let missing = scene.command("verify", &[]);
    fails_cleanly(&missing);
    database.client().batch_execute(&format!("CREATE SCHEMA {SCHEMA}")).unwrap();
    scene.completes(&sources, Corpus(20));
}

/// A server that an earlier version of the program has filled.
#[test]
fn a_schema_of_the_version_before_is_migrated() {
    let Some(server) = server::shared() else { return };
    let scene = Scene::postgres(server.database());
    let Place::Postgres(database) = &scene.place else { unreachable!() };
    let schema = include_str!("../../src/warehouse/schema/postgres/0004.sql");
    let sql = format!("CREATE SCHEMA {SCHEMA}; SET search_path TO {SCHEMA}; {schema}");
    database.client().batch_execute(&sql).unwrap();
    let sources = Corpus(20).write(&scene.bench, 1);
    scene.completes(&sources, Corpus(20));
    let version = scene.place.rows("SELECT schema_version::text FROM warehouse").unwrap();
    assert_eq!(version, [["5"]]);
}
