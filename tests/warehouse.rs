//! The warehouse: exactly once, whole batches, nothing left of what is forgotten.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::civil::date;
use laennec::document::Document;
use laennec::event::*;
use laennec::warehouse::*;
use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;

const TEXT: &str = "Atrésie de l'œsophage type III, opérée à J2. Pas de CIV.";

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("cohort.db")
    }

    fn open(&self) -> Warehouse {
        Warehouse::open(&self.path()).unwrap()
    }

    fn raw(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    /// Bytes of the file, its log and its index, by name.
    fn bytes(&self) -> Vec<(String, Vec<u8>)> {
        let files = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut all: Vec<_> =
            files.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect();
        all.sort();
        all
    }

    fn holds(&self, needle: &str) -> bool {
        let found = |bytes: &[u8]| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
        self.bytes().iter().any(|(_, bytes)| found(bytes))
    }
}

fn engine(version: &str) -> EngineFingerprint {
    EngineFingerprint {
        engine: format!("laennec {version}"),
        lexicons: vec!["anomalies@1+ab".into(), "contexte@2+cd".into()],
        model: None,
        options: String::new(),
    }
}

fn report(id: &str, version: i64, patient: &str) -> Document {
    Document {
        id: id.into(),
        version,
        patient_id: Some(patient.into()),
        visit_id: Some("S1".into()),
        document_type: Some("CRH".into()),
        date: Some(date(2024, 3, 1)),
        title: Some("Compte rendu titre-secret".into()),
        text: TEXT.into(),
        ..Document::default()
    }
}

fn slice(start: u32, end: u32) -> String {
    TEXT.chars().skip(start as usize).take((end - start) as usize).collect()
}

fn event(document: &Document, engine: &EngineFingerprint, start: u32, end: u32) -> CodedEvent {
    let mut event = CodedEvent {
        event_id: String::new(),
        document_id: document.id.clone(),
        document_version: document.version,
        patient_id: document.patient_id.clone(),
        visit_id: document.visit_id.clone(),
        document_type: document.document_type.clone(),
        document_date: document.date,
        ward: document.ward.clone(),
        section: Some("conclusion".into()),
        start,
        end,
        fragments: vec![],
        text: slice(start, end),
        concept: "oesophageal-atresia".into(),
        label: "Atrésie de l'œsophage".into(),
        codings: vec![coding("CIM-10", "Q39.1"), coding("ORPHA", "1199")],
        subgroups: vec!["al40".into(), "al41".into()],
        assertion: Assertion::Present,
        certainty: 0.9,
        conclusion: Assertion::Present,
        experiencer: Experiencer::Patient,
        fetus_index: None,
        temporality: Temporality::Current,
        event_date: None,
        event_date_precision: None,
        event_date_source: None,
        gestational_age_days: None,
        laterality: None,
        value: None,
        unit: None,
        cues: vec![],
        method: Method::Dictionary,
        position: None,
        confidence: 0.875,
        provenance: Provenance {
            engine: engine.engine.clone().into(),
            lexicons: engine.lexicons.clone().into(),
            model: engine.model.clone(),
            rule: "anomalies:t12".into(),
        },
    };
    event.event_id = event.identity();
    event
}

/// An event that uses every field.
fn full_event(document: &Document, engine: &EngineFingerprint) -> CodedEvent {
    let mut event = CodedEvent {
        fragments: vec![(0, 7), (13, 21)],
        concept: "ventricular-septal-defect".into(),
        label: "Communication interventriculaire".into(),
        codings: vec![coding("CIM-10", "Q21.0")],
        subgroups: vec![],
        assertion: Assertion::Absent,
        experiencer: Experiencer::Fetus,
        fetus_index: Some(2),
        temporality: Temporality::Past,
        event_date: Some(date(2024, 2, 1)),
        event_date_precision: Some(DatePrecision::Month),
        event_date_source: Some(DateSource::Relative),
        gestational_age_days: Some(157),
        laterality: Some(Laterality::Bilateral),
        value: Some(3.25),
        unit: Some("mm".into()),
        cues: vec![CueRef { id: "neg:pas-de".into(), start: 45, end: 51 }],
        method: Method::Neural,
        position: Some("DAS".into()),
        ward: Some("Pavillon B".into()),
        document_type: Some("CR-imagerie".into()),
        document_date: None,
        ..event(document, engine, 0, 21)
    };
    event.provenance.rule = "civ".into();
    event.event_id = event.identity();
    event
}

fn coding(system: &str, code: &str) -> Coding {
    Coding { system: system.into(), code: code.into() }
}

fn content(seed: u8) -> [u8; 32] {
    [seed; 32]
}

fn annotated<'d>(document: &'d Document, seed: u8, events: Vec<CodedEvent>) -> Annotated<'d> {
    Annotated {
        document,
        content_hash: content(seed),
        text_sha256: content(seed ^ 0xff),
        words: None,
        outcome: Outcome::Events(events),
    }
}

fn bad<'d>(document: &'d Document, seed: u8, line: u64) -> Annotated<'d> {
    let outcome = Outcome::Quarantined {
        code: "not-text".into(),
        reason: "the text is not a string".into(),
        origin_file: "notes.jsonl".into(),
        origin_line: line,
    };
    Annotated { document, content_hash: content(seed), text_sha256: content(0), words: None, outcome }
}

fn with_event<'d>(document: &'d Document, seed: u8, engine: &EngineFingerprint) -> Annotated<'d> {
    annotated(document, seed, vec![event(document, engine, 0, 21)])
}

fn key(document: &Document, seed: u8) -> Key<'_> {
    Key {
        document_id: &document.id,
        patient_id: document.patient_id.as_deref(),
        version: document.version,
        content_hash: content(seed),
    }
}

/// One run of one batch; the fates.
fn run(warehouse: &mut Warehouse, engine: &EngineFingerprint, batch: &[Annotated<'_>]) -> Vec<Fate> {
    let mut run = warehouse.begin_run(engine);
    let fates = run.write(batch).unwrap().fates;
    run.finish().unwrap();
    fates
}

fn stored(warehouse: &Warehouse, filter: EventFilter<'_>) -> Vec<CodedEvent> {
    let mut events = Vec::new();
    let collect = |event| {
        events.push(event);
        Ok::<_, WarehouseError>(())
    };
    warehouse.events(filter, collect).unwrap();
    events
}

fn all(warehouse: &Warehouse) -> Vec<CodedEvent> {
    stored(warehouse, EventFilter::All)
}

#[track_caller]
fn assert_sound(warehouse: &Warehouse) {
    let failed: Vec<_> = warehouse.verify().unwrap().into_iter().filter(|check| !check.passed).collect();
    assert_eq!(failed, vec![]);
}

fn failed_checks(warehouse: &Warehouse) -> Vec<&'static str> {
    warehouse.verify().unwrap().into_iter().filter(|check| !check.passed).map(|check| check.name).collect()
}

fn count(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

// Opening

#[test]
fn refuses_what_is_not_a_warehouse_and_leaves_it_alone() {
    let place = Place::new();
    for content in ["not a database at all".repeat(40), "short".into()] {
        fs::write(place.path(), &content).unwrap();
        for result in [Warehouse::open(&place.path()), Warehouse::open_existing(&place.path())] {
            assert!(matches!(result.err(), Some(WarehouseError::Foreign { .. })));
        }
        assert_eq!(fs::read_to_string(place.path()).unwrap(), content);
        assert_eq!(place.bytes().len(), 1);
        fs::remove_file(place.path()).unwrap();
    }
}

#[test]
fn refuses_a_foreign_sqlite_file_and_leaves_it_alone() {
    let place = Place::new();
    place.raw().execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1);").unwrap();
    let before = place.bytes();
    for result in [Warehouse::open(&place.path()), Warehouse::open_existing(&place.path())] {
        assert!(matches!(result.err(), Some(WarehouseError::Foreign { .. })));
    }
    assert_eq!(place.bytes(), before);
}

#[test]
fn refuses_a_newer_schema() {
    let place = Place::new();
    drop(place.open());
    place.raw().pragma_update(None, "user_version", 9000).unwrap();
    for result in [Warehouse::open(&place.path()), Warehouse::open_existing(&place.path())] {
        let error = result.err().unwrap();
        assert!(matches!(error, WarehouseError::Newer { found: 9000, .. }));
        assert!(error.to_string().contains("use a newer laennec"), "{error}");
    }
}

#[test]
fn says_what_is_missing() {
    let place = Place::new();
    assert!(matches!(Warehouse::open_existing(&place.path()).err(), Some(WarehouseError::Missing { .. })));
    let deep = place.folder.path().join("no").join("cohort.db");
    assert!(matches!(Warehouse::open(&deep).err(), Some(WarehouseError::NoFolder { .. })));
    let folder = Warehouse::open(place.folder.path()).err();
    assert!(matches!(folder, Some(WarehouseError::Foreign { .. })));
    assert_eq!(place.bytes(), vec![]);
}

#[test]
#[cfg(unix)]
fn refuses_a_file_that_cannot_be_written() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    drop(place.open());
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o444)).unwrap();
    if fs::OpenOptions::new().append(true).open(place.path()).is_ok() {
        eprintln!("this account may write read-only files: nothing to see here");
        return;
    }
    assert!(matches!(Warehouse::open(&place.path()).err(), Some(WarehouseError::Unwritable { .. })));
    assert!(Warehouse::open_existing(&place.path()).is_ok());
}

#[test]
fn an_empty_file_becomes_a_warehouse_but_not_for_a_reader() {
    let place = Place::new();
    fs::write(place.path(), "").unwrap();
    assert!(matches!(Warehouse::open_existing(&place.path()).err(), Some(WarehouseError::Foreign { .. })));
    assert_sound(&place.open());
}

#[test]
fn a_reader_cannot_write() {
    let place = Place::new();
    drop(place.open());
    let mut reader = Warehouse::open_existing(&place.path()).unwrap();
    let document = report("A", 1, "P");
    let error = reader.begin_run(&engine("1")).write(&[annotated(&document, 1, vec![])]).unwrap_err();
    assert!(matches!(error, WarehouseError::ReadOnly), "{error}");
}

const SCHEMAS: [&str; 2] = [
    include_str!("../src/warehouse/schema/sqlite/0001.sql"),
    include_str!("../src/warehouse/schema/sqlite/0002.sql"),
];

/// A warehouse of an older schema with two documents and their events, as the engine of its time left it.
fn of_schema(version: usize) -> Place {
    let today = Place::new();
    let (document, other, old) = (report("A", 1, "P"), report("B", 1, "Q"), engine("1"));
    let events = vec![event(&document, &old, 0, 21), full_event(&document, &old)];
    let batch = [annotated(&document, 1, events), with_event(&other, 1, &old)];
    run(&mut today.open(), &old, &batch);
    let place = Place::new();
    let connection = place.raw();
    SCHEMAS[..version].iter().for_each(|sql| connection.execute_batch(sql).unwrap());
    connection.execute("ATTACH ?1 AS today", [today.path().to_str().unwrap()]).unwrap();
    for table in
        ["engines", "runs", "documents", "meanings", "meaning_codes", "meaning_subgroups", "rules", "events"]
    {
        let sql = "SELECT group_concat('\"' || name || '\"') FROM pragma_table_info(?1)";
        let columns: String = connection.query_row(sql, [table], |row| row.get(0)).unwrap();
        let from = if table == "events" { "events JOIN today.contexts USING (context)" } else { table };
        let copy = format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM today.{from}");
        assert!(connection.execute(&copy, []).unwrap() > 0, "{table}");
    }
    connection.pragma_update(Some("main"), "application_id", 0x4C41_454E).unwrap();
    connection.pragma_update(Some("main"), "user_version", version as i64).unwrap();
    place
}

fn of_the_first_schema() -> Place {
    of_schema(1)
}

/// The rows of a view in these columns, as text.
fn view(connection: &Connection, view: &str, columns: &str) -> Vec<String> {
    let sql = format!("SELECT json_array({columns}) FROM {view} ORDER BY 1");
    let mut select = connection.prepare(&sql).unwrap();
    select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_warehouse_of_the_second_schema_keeps_every_event() {
    let place = of_schema(2);
    let raw = place.raw();
    let columns = |of: &str| -> String {
        let sql = "SELECT group_concat('\"' || name || '\"') FROM pragma_table_info(?1)";
        raw.query_row(sql, [of], |row| row.get(0)).unwrap()
    };
    let views = ["v_events", "v_documents", "v_event_codes", "v_event_subgroups", "v_runs", "v_cohorts"];
    let old = views.map(|of| (of, columns(of), view(&raw, of, &columns(of))));
    assert_eq!(old[0].2.len(), 3);
    let warehouse = place.open();
    for (of, names, rows) in old {
        assert!(columns(of).starts_with(&names), "{of}: new columns stand at the end");
        assert_eq!(view(&raw, of, &names), rows, "{of}");
    }
    assert_eq!(view(&raw, "patients", "patient_id, patient"), [r#"["P",1]"#, r#"["Q",2]"#]);
    assert_eq!(count(&raw, "SELECT count(*) FROM events WHERE patient IS NULL OR day IS NULL"), 0);
    assert_sound(&warehouse);
}

#[test]
fn a_warehouse_of_the_first_schema_is_brought_to_the_latest() {
    let place = of_the_first_schema();
    assert_eq!(
        count(&place.raw(), "SELECT count(*) FROM pragma_table_info('events') WHERE name = 'conclusion'"),
        0
    );
    let warehouse = place.open();
    let version = count(&place.raw(), "SELECT user_version FROM pragma_user_version");
    assert_eq!(version, 5);
    let events = all(&warehouse);
    assert_eq!(events.len(), 3);
    assert!(events.iter().any(|e| e.assertion == Assertion::Absent));
    assert!(events.iter().all(|e| e.conclusion == e.assertion), "an old event stands as it was read");
    assert_sound(&warehouse);
    drop(warehouse);
    assert_eq!(all(&Warehouse::open_existing(&place.path()).unwrap()), events);
    let document = report("A", 1, "P");
    let mut again = place.open();
    assert_eq!(run(&mut again, &engine("1"), &[with_event(&document, 1, &engine("1"))]), [Fate::Unchanged]);
    assert_eq!(run(&mut again, &engine("2"), &[with_event(&document, 1, &engine("2"))]), [Fate::Replaced]);
    assert_sound(&again);
}

#[test]
fn a_reader_of_an_older_schema_says_what_to_do_and_changes_nothing() {
    let place = of_the_first_schema();
    let before = place.bytes();
    let error = Warehouse::open_existing(&place.path()).err().unwrap();
    assert!(matches!(error, WarehouseError::Older { found: 1, known: 5, .. }), "{error}");
    assert!(error.to_string().contains("to migrate it"), "{error}");
    assert_eq!(place.bytes(), before);
}

// Round trip

#[test]
fn events_come_back_as_they_went_in() {
    let (place, engine) = (Place::new(), engine("1"));
    let document = report("CR-1", 3, "P1");
    let mut events = vec![event(&document, &engine, 0, 21), full_event(&document, &engine)];
    events[1].provenance.model = Some("eds+ff".into());
    let entry = annotated(&document, 1, events.clone());
    assert_eq!(run(&mut place.open(), &engine, &[entry]), [Fate::Written]);
    events.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    assert_eq!(all(&Warehouse::open_existing(&place.path()).unwrap()), events);
}

#[test]
fn events_come_in_the_order_of_the_contract() {
    let (place, engine) = (Place::new(), engine("1"));
    let documents: Vec<_> = ["b", "É", "a", "10", "9", "\u{1F476}"].map(|id| report(id, 1, "P")).into();
    let places = [(30, 40), (0, 7), (0, 4), (13, 21)];
    let events = |document| places.map(|(start, end)| event(document, &engine, start, end)).to_vec();
    let batch: Vec<_> = documents.iter().map(|document| annotated(document, 1, events(document))).collect();
    run(&mut place.open(), &engine, &batch);
    let found = all(&place.open());
    assert_eq!(found.len(), 24);
    assert!(found.is_sorted_by(|a, b| a.sort_key() < b.sort_key()));
}

#[test]
fn listing_never_sorts_more_than_one_document() {
    let place = Place::new();
    let warehouse = place.open();
    let plan = "EXPLAIN QUERY PLAN SELECT d.document_id FROM documents d CROSS JOIN events e ON e.doc = d.doc
        JOIN meanings m ON m.meaning = e.meaning
        ORDER BY d.document_id, e.start, e.\"end\", m.concept, e.event_id";
    let mut statement = warehouse.sqlite().unwrap().prepare(plan).unwrap();
    let steps: Vec<String> = statement.query_map([], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
    assert!(steps.iter().any(|step| step.contains("LAST 4 TERMS")), "{steps:?}");
}

#[test]
fn filters_by_document_and_patient() {
    let (place, engine) = (Place::new(), engine("1"));
    let documents = [report("A", 1, "P1"), report("B", 1, "P2"), report("C", 1, "P1")];
    let batch: Vec<_> = documents.iter().map(|document| with_event(document, 1, &engine)).collect();
    let mut warehouse = place.open();
    run(&mut warehouse, &engine, &batch);
    let ids =
        |filter| stored(&warehouse, filter).into_iter().map(|event| event.document_id).collect::<Vec<_>>();
    assert_eq!(ids(EventFilter::All), ["A", "B", "C"]);
    assert_eq!(ids(EventFilter::Patient("P1")), ["A", "C"]);
    assert_eq!(ids(EventFilter::Document("B")), ["B"]);
    assert!(ids(EventFilter::Document("' OR 1=1 --")).is_empty());
}

#[test]
fn reading_stops_at_the_first_error_of_the_reader() {
    let (place, engine) = (Place::new(), engine("1"));
    let document = report("A", 1, "P");
    let mut warehouse = place.open();
    run(&mut warehouse, &engine, &[annotated(&document, 1, vec![full_event(&document, &engine)])]);
    let result = warehouse.events(EventFilter::All, |_| Err(WarehouseError::Busy));
    assert!(matches!(result, Err(WarehouseError::Busy)));
    assert_eq!(all(&warehouse).len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_string_is_stored_safely(
        id in "[\\PC\0'\"%;\u{1F9EC}]{1,20}", words in proptest::collection::vec("[\\PC\0\n'\"]{0,12}", 6),
    ) {
        let (place, engine) = (Place::new(), engine("1"));
        let mut document = report(&id, -3, &words[0]);
        document.visit_id = None;
        let mut odd = event(&document, &engine, 0, words[1].chars().count() as u32);
        odd.text = words[1].clone();
        odd.section = Some(words[2].clone());
        odd.label = words[3].clone();
        odd.codings = vec![coding(&words[4], &words[5])];
        odd.cues = vec![CueRef { id: words[2].clone(), start: 0, end: 1 }];
        odd.provenance.rule = words[5].clone();
        odd.event_id = odd.identity();
        let mut warehouse = place.open();
        run(&mut warehouse, &engine, &[annotated(&document, 1, vec![odd.clone()])]);
        prop_assert_eq!(&stored(&warehouse, EventFilter::Document(&id)), &vec![odd.clone()]);
        prop_assert_eq!(&stored(&warehouse, EventFilter::Patient(&words[0])), &vec![odd]);
        prop_assert_eq!(warehouse.begin_run(&engine).known(&[key(&document, 1)]).unwrap(), [Standing::Unchanged]);
        warehouse.forget(&[Forget::Document(&id)]).unwrap();
        prop_assert_eq!(all(&warehouse), vec![]);
    }
}

// Replacement

/// Stored first, then arriving in another run, and what is expected.
#[test]
fn replacement_follows_version_content_and_engine() {
    use Fate::*;
    let cases = [
        ("same", (1, 1, "1"), Unchanged),
        ("higher version", (2, 1, "1"), Replaced),
        ("lower version", (0, 1, "1"), Stale),
        ("other content", (1, 2, "1"), Replaced),
        ("other engine", (1, 1, "2"), Replaced),
        ("lower version, other engine", (0, 1, "2"), Stale),
        ("higher version, other content", (2, 2, "1"), Replaced),
    ];
    for (name, (version, seed, engine_version), expected) in cases {
        let place = Place::new();
        let mut warehouse = place.open();
        let old = report("A", 1, "P");
        run(&mut warehouse, &engine("1"), &[with_event(&old, 1, &engine("1"))]);
        let (new, made_by) = (report("A", version, "P"), engine(engine_version));
        let arriving = annotated(&new, seed, vec![full_event(&new, &made_by)]);
        let standing = warehouse.begin_run(&made_by).known(&[key(&new, seed)]).unwrap()[0];
        assert_eq!(standing.needs_work(), expected == Replaced, "{name}");
        assert_eq!(run(&mut warehouse, &made_by, &[arriving]), [expected], "{name}");
        let kept =
            if expected == Replaced { full_event(&new, &made_by) } else { event(&old, &engine("1"), 0, 21) };
        assert_eq!(all(&warehouse), [kept], "{name}");
        assert_sound(&warehouse);
    }
}

#[test]
fn options_are_part_of_the_engine() {
    let place = Place::new();
    let mut warehouse = place.open();
    let document = report("A", 1, "P");
    run(&mut warehouse, &engine("1"), &[with_event(&document, 1, &engine("1"))]);
    let other = EngineFingerprint { options: "sections=conclusion".into(), ..engine("1") };
    assert_eq!(run(&mut warehouse, &other, &[with_event(&document, 1, &other)]), [Fate::Replaced]);
    assert_eq!(run(&mut warehouse, &other, &[with_event(&document, 1, &other)]), [Fate::Unchanged]);
    assert_eq!(all(&warehouse), [event(&document, &other, 0, 21)]);
}

#[test]
fn a_document_may_lose_all_its_events_or_have_none() {
    let (place, engine) = (Place::new(), engine("1"));
    let mut warehouse = place.open();
    let document = report("A", 1, "P");
    run(&mut warehouse, &engine, &[with_event(&document, 1, &engine)]);
    assert_eq!(run(&mut warehouse, &engine, &[annotated(&document, 2, vec![])]), [Fate::Replaced]);
    assert_eq!(all(&warehouse), vec![]);
    assert_eq!(warehouse.counts().unwrap().annotated, 1);
    assert_sound(&warehouse);
}

#[test]
fn a_second_identical_run_leaves_the_file_as_it_is() {
    let (place, engine) = (Place::new(), engine("1"));
    let documents: Vec<_> = (0..50).map(|n| report(&format!("CR-{n}"), 1, "P")).collect();
    let blank = Document::default();
    let batch = || {
        let good = documents.iter().map(|document| with_event(document, 1, &engine));
        good.chain([bad(&blank, 0, 3), bad(&documents[0], 9, 4)]).collect::<Vec<_>>()
    };
    let first = run(&mut place.open(), &engine, &batch());
    assert_eq!(first[50..], [Fate::Quarantined, Fate::Quarantined]);
    let before = place.bytes();
    let mut warehouse = place.open();
    let mut again = warehouse.begin_run(&engine);
    assert_eq!(again.write(&batch()).unwrap().tally, Tally { unchanged: 52, ..Tally::default() });
    assert_eq!(again.id(), None);
    again.finish().unwrap();
    assert_eq!(warehouse.counts().unwrap().runs, 1);
    drop(warehouse);
    assert_eq!(place.bytes(), before);
}

#[test]
fn a_second_content_in_one_run_is_a_conflict_and_the_first_stays() {
    let (place, engine) = (Place::new(), engine("1"));
    let mut warehouse = place.open();
    let document = report("A", 1, "P");
    let twice = || [with_event(&document, 1, &engine), annotated(&document, 2, vec![])];
    assert_eq!(run(&mut warehouse, &engine, &twice()), [Fate::Written, Fate::Conflicted]);
    assert_eq!(run(&mut warehouse, &engine, &twice()), [Fate::Unchanged, Fate::Conflicted], "the next night");
    let mut third = warehouse.begin_run(&engine);
    let standings = third.known(&[key(&document, 1), key(&document, 2)]).unwrap();
    assert_eq!(standings, [Standing::Unchanged, Standing::Changed], "conflicts are decided when writing");
    assert_eq!(third.write(&[annotated(&document, 2, vec![])]).unwrap().fates, [Fate::Conflicted]);
    assert_eq!(third.tally(), Tally { unchanged: 1, conflicted: 1, ..Tally::default() });
    assert_eq!(all(&warehouse).len(), 1);
    let once = [annotated(&document, 2, vec![])];
    assert_eq!(run(&mut warehouse, &engine, &once), [Fate::Replaced], "alone in a run it is a correction");
}

#[test]
fn the_same_document_twice_in_one_run_is_stored_once() {
    let (place, engine) = (Place::new(), engine("1"));
    let mut warehouse = place.open();
    let document = report("A", 1, "P");
    let twice = [with_event(&document, 1, &engine), with_event(&document, 1, &engine)];
    assert_eq!(run(&mut warehouse, &engine, &twice), [Fate::Written, Fate::Unchanged]);
    assert_eq!(all(&warehouse).len(), 1);
}

#[test]
fn versions_in_any_order_end_at_the_highest() {
    let engine = engine("1");
    for order in [[1, 2, 3], [3, 2, 1], [2, 3, 1], [3, 1, 2]] {
        let place = Place::new();
        let mut warehouse = place.open();
        let documents = order.map(|version| report("A", version, "P"));
        let batch =
            documents.each_ref().map(|document| with_event(document, document.version as u8, &engine));
        run(&mut warehouse, &engine, &batch);
        assert_eq!(all(&warehouse)[0].document_version, 3, "{order:?}");
        let before = all(&warehouse);
        run(&mut warehouse, &engine, &batch);
        assert_eq!(all(&warehouse), before);
        assert_eq!(warehouse.counts().unwrap().runs, 1);
        assert_sound(&warehouse);
    }
}

#[test]
fn a_replaced_document_may_change_patient() {
    let (place, engine) = (Place::new(), engine("1"));
    let mut warehouse = place.open();
    let (before, after) = (report("A", 1, "P1"), report("A", 2, "P2"));
    run(&mut warehouse, &engine, &[with_event(&before, 1, &engine)]);
    run(&mut warehouse, &engine, &[with_event(&after, 1, &engine)]);
    assert_eq!(stored(&warehouse, EventFilter::Patient("P1")), vec![]);
    assert_eq!(stored(&warehouse, EventFilter::Patient("P2")), [event(&after, &engine, 0, 21)]);
}

// Quarantine

#[test]
fn what_is_set_aside_never_costs_a_good_neighbour() {
    let engine = engine("1");
    for order in [["good", "bad"], ["bad", "good"]] {
        for bad_version in [0, 1, 2] {
            let place = Place::new();
            let mut warehouse = place.open();
            let (good, poisoned) = (report("A", 1, "P"), report("A", bad_version, "P"));
            let batch = order.map(|which| match which {
                "good" => with_event(&good, 1, &engine),
                _ => bad(&poisoned, 2, 7),
            });
            run(&mut warehouse, &engine, &batch);
            assert_eq!(all(&warehouse), [event(&good, &engine, 0, 21)], "{order:?} {bad_version}");
            let counts = warehouse.counts().unwrap();
            assert_eq!((counts.annotated, counts.quarantined, counts.rejections), (1, 0, 1));
            run(&mut warehouse, &engine, &batch);
            assert_eq!(warehouse.counts().unwrap(), counts, "again");
            assert_sound(&warehouse);
        }
    }
}

#[test]
fn a_quarantined_document_is_known_until_it_succeeds() {
    let (place, engine) = (Place::new(), engine("1"));
    let mut warehouse = place.open();
    let document = report("A", 1, "P");
    assert_eq!(run(&mut warehouse, &engine, &[bad(&document, 1, 7)]), [Fate::Quarantined]);
    let mut second = warehouse.begin_run(&engine);
    assert_eq!(second.known(&[key(&document, 1)]).unwrap(), [Standing::Quarantined]);
    assert_eq!(second.known(&[key(&document, 2)]).unwrap(), [Standing::Changed]);
    assert_eq!(second.tally().quarantined, 1);
    assert_eq!(
        run(&mut warehouse, &engine, &[with_event(&document, 1, &engine)]),
        [Fate::Replaced],
        "retried"
    );
    let (status, reason) = warehouse
        .sqlite()
        .unwrap()
        .query_row("SELECT status, reason FROM v_documents", [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?))
        })
        .unwrap();
    assert_eq!((status.as_str(), reason), ("annotated", None));
    assert_eq!(count(warehouse.sqlite().unwrap(), "SELECT document_annotated FROM v_rejections"), 1);
    assert_sound(&warehouse);
}

#[test]
fn an_input_without_id_is_recorded_once_by_place_and_cause() {
    let (place, engine) = (Place::new(), engine("1"));
    let mut warehouse = place.open();
    let blank = Document::default();
    let batch = [bad(&blank, 0, 1), bad(&blank, 0, 2), bad(&blank, 0, 1)];
    assert_eq!(run(&mut warehouse, &engine, &batch), [Fate::Quarantined, Fate::Quarantined, Fate::Unchanged]);
    let counts = warehouse.counts().unwrap();
    assert_eq!((counts.quarantined, counts.rejections), (0, 2));
    assert_sound(&warehouse);
}

#[test]
fn of_two_quarantined_contents_the_first_keeps_the_row() {
    let (place, engine) = (Place::new(), engine("1"));
    let mut warehouse = place.open();
    let document = report("A", 1, "P");
    for _ in 0..2 {
        run(&mut warehouse, &engine, &[bad(&document, 1, 7), bad(&document, 2, 8)]);
        assert_eq!(
            warehouse.begin_run(&engine).known(&[key(&document, 1)]).unwrap(),
            [Standing::Quarantined]
        );
        let counts = warehouse.counts().unwrap();
        assert_eq!((counts.quarantined, counts.rejections, counts.runs), (1, 2, 1));
    }
}

// Runs

#[test]
fn runs_record_what_they_did() {
    let place = Place::new();
    let mut warehouse = place.open();
    let documents = [report("A", 1, "P"), report("B", 1, "P"), report("C", 1, "P")];
    let batch: Vec<_> = documents.iter().map(|document| with_event(document, 1, &engine("1"))).collect();
    run(&mut warehouse, &engine("1"), &batch[..2]);
    let mut second = warehouse.begin_run(&engine("1"));
    assert_eq!(second.known(&[key(&documents[0], 1)]).unwrap(), [Standing::Unchanged]);
    second.write(&batch[1..]).unwrap();
    drop(second);
    let runs = warehouse.last_runs(10).unwrap();
    assert_eq!(runs.iter().map(|run| run.run_id).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(runs[0].finished_at, None, "dropped: interrupted");
    assert!(runs[1].finished_at.is_some());
    assert_eq!(runs[0].tally, Tally { written: 1, unchanged: 2, events: 1, ..Tally::default() });
    assert_eq!(runs[1].tally, Tally { written: 2, events: 2, ..Tally::default() });
    assert_eq!(runs[0].engine.len(), 64);
    assert_eq!(warehouse.last_runs(1).unwrap().len(), 1);
    assert_sound(&warehouse);
}

#[test]
fn a_failed_batch_leaves_nothing_and_may_be_written_again() {
    let (place, engine) = (Place::new(), engine("1"));
    let mut warehouse = place.open();
    let documents = [report("A", 1, "P"), report("B", 1, "P")];
    let mut stray = event(&documents[1], &engine, 0, 21);
    stray.patient_id = Some("P2".into());
    let mut run = warehouse.begin_run(&engine);
    let wrong = [with_event(&documents[0], 1, &engine), annotated(&documents[1], 1, vec![stray])];
    let error = run.write(&wrong).unwrap_err();
    assert!(matches!(error, WarehouseError::Mismatch { document: 1, field: "patient_id" }), "{error}");
    assert_eq!((run.id(), run.tally()), (None, Tally::default()));
    let right = [with_event(&documents[0], 1, &engine), with_event(&documents[1], 1, &engine)];
    assert_eq!(run.write(&right).unwrap().fates, [Fate::Written, Fate::Written]);
    run.finish().unwrap();
    assert_eq!(warehouse.last_runs(9).unwrap().len(), 1);
    assert_sound(&warehouse);
}

#[test]
fn a_failed_replacement_may_be_written_again() {
    let place = Place::new();
    let mut warehouse = place.open();
    let documents = [report("A", 1, "P"), report("B", 1, "P")];
    run(&mut warehouse, &engine("1"), &[with_event(&documents[0], 1, &engine("1"))]);
    let mut stray = event(&documents[1], &engine("1"), 0, 21);
    stray.document_id = "A".into();
    let mut run = warehouse.begin_run(&engine("1"));
    let wrong = [annotated(&documents[0], 2, vec![]), annotated(&documents[1], 1, vec![stray])];
    run.write(&wrong).unwrap_err();
    assert_eq!(run.write(&[annotated(&documents[0], 2, vec![])]).unwrap().fates, [Fate::Replaced]);
}

// Crashes and concurrency

/// Cuts the log wherever a power loss could have cut it: the warehouse must open at a batch border, with
/// counters that agree.
#[test]
fn after_a_power_loss_progress_and_events_agree() {
    let (place, engine) = (Place::new(), engine("1"));
    let documents: Vec<_> = (0..40).map(|n| report(&format!("CR-{n:02}"), 1, "P")).collect();
    let mut warehouse = place.open();
    let mut run = warehouse.begin_run(&engine);
    for batch in documents.chunks(4) {
        let batch: Vec<_> = batch.iter().map(|document| with_event(document, 1, &engine)).collect();
        run.write(&batch).unwrap();
    }
    let log = fs::read(place.folder.path().join("cohort.db-wal")).unwrap();
    assert!(log.len() > 100_000, "the log holds the run");
    let mut borders = std::collections::BTreeSet::new();
    for cut in (0..=60).map(|n| log.len() * n / 60) {
        let crashed = Place::new();
        fs::copy(place.path(), crashed.path()).unwrap();
        let mut torn = log[..cut].to_vec();
        // A page written by half: its checksum is wrong.
        torn.iter_mut().rev().take(if cut == log.len() { 0 } else { 700 }).for_each(|byte| *byte ^= 0x5a);
        fs::write(crashed.folder.path().join("cohort.db-wal"), torn).unwrap();
        let mut found = crashed.open();
        assert_sound(&found);
        let counts = found.counts().unwrap();
        assert_eq!((counts.annotated % 4, counts.events), (0, counts.annotated), "whole batches at {cut}");
        borders.insert(counts.annotated);
        let rerun: Vec<_> = documents.iter().map(|document| with_event(document, 1, &engine)).collect();
        found.begin_run(&engine).write(&rerun).unwrap();
        assert_eq!(found.counts().unwrap().events, 40);
        assert_sound(&found);
    }
    assert!(borders.len() >= 9, "{borders:?}");
    assert_eq!(borders.last(), Some(&40), "the whole log gives every batch");
}

const CHILD_PATH: &str = "LAENNEC_TEST_WAREHOUSE";

/// Writes batches of four until it is killed; does nothing unless the next test starts it.
#[test]
fn endless_writer() {
    let Some(path) = std::env::var_os(CHILD_PATH) else { return };
    let engine = engine("1");
    let mut warehouse = Warehouse::open(Path::new(&path)).unwrap();
    let first = warehouse.counts().unwrap().annotated;
    let mut run = warehouse.begin_run(&engine);
    for n in first.. {
        let documents: Vec<_> = (0..4).map(|m| report(&format!("{n}-{m}"), 1, "P")).collect();
        let batch: Vec<_> = documents.iter().map(|document| with_event(document, 1, &engine)).collect();
        run.write(&batch).unwrap();
    }
}

#[test]
fn a_killed_writer_leaves_whole_batches() {
    let place = Place::new();
    let reader = || Warehouse::open_existing(&place.path()).and_then(|found| found.counts());
    drop(place.open());
    let test = format!("{}::endless_writer", module_path!().split_once("::").unwrap().1);
    for _ in 0..8 {
        let before = reader().unwrap().annotated;
        let mut writer = std::process::Command::new(std::env::current_exe().unwrap())
            .args([test.as_str(), "--exact"])
            .env(CHILD_PATH, place.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        while reader().unwrap().annotated < before + 20 {
            assert!(writer.try_wait().unwrap().is_none(), "the writer goes on until it is killed");
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        let warehouse = place.open();
        let counts = warehouse.counts().unwrap();
        assert_eq!((counts.annotated % 4, counts.events), (0, counts.annotated));
        let told: u64 = warehouse.last_runs(99).unwrap().iter().map(|run| run.tally.written).sum();
        assert_eq!(told, counts.annotated, "progress and documents agree");
        assert_sound(&warehouse);
    }
}

#[test]
fn a_writer_dropped_inside_a_transaction_leaves_nothing() {
    let (place, engine) = (Place::new(), engine("1"));
    let document = report("A", 1, "P");
    run(&mut place.open(), &engine, &[with_event(&document, 1, &engine)]);
    let raw = place.raw();
    raw.execute_batch("BEGIN IMMEDIATE; DELETE FROM events; UPDATE runs SET events = 77;").unwrap();
    drop(raw);
    let warehouse = place.open();
    assert_eq!(all(&warehouse).len(), 1);
    assert_sound(&warehouse);
}

#[test]
fn readers_see_whole_batches_while_a_run_writes() {
    let (place, engine) = (Place::new(), engine("1"));
    drop(place.open());
    let path = place.path();
    let writer = std::thread::spawn(move || {
        let mut warehouse = Warehouse::open(&path).unwrap();
        let mut run = warehouse.begin_run(&engine);
        for n in 0..60 {
            let documents: Vec<_> = (0..5).map(|m| report(&format!("{n}-{m}"), 1, "P")).collect();
            let batch: Vec<_> = documents.iter().map(|document| with_event(document, 1, &engine)).collect();
            run.write(&batch).unwrap();
        }
        run.finish().unwrap();
    });
    let reader = Warehouse::open_existing(&place.path()).unwrap();
    let mut sizes = vec![];
    while !writer.is_finished() {
        sizes.push(all(&reader).len());
        assert_sound(&reader);
    }
    writer.join().unwrap();
    assert!(sizes.iter().all(|size| size % 5 == 0) && sizes.is_sorted(), "{sizes:?}");
    assert_eq!(all(&reader).len(), 300);
}

#[test]
fn two_writers_share_a_warehouse_without_doubling() {
    let place = Place::new();
    drop(place.open());
    let write = |path: PathBuf| {
        let engine = engine("1");
        let mut warehouse = Warehouse::open(&path).unwrap();
        let mut run = warehouse.begin_run(&engine);
        for n in 0..30 {
            let documents: Vec<_> = (0..5).map(|m| report(&format!("{n}-{m}"), 1, "P")).collect();
            let batch: Vec<_> = documents.iter().map(|document| with_event(document, 1, &engine)).collect();
            run.write(&batch).unwrap();
        }
        run.finish().unwrap()
    };
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let jobs: Vec<_> = (0..2).map(|_| scope.spawn(|| write(place.path()))).collect();
        jobs.into_iter().map(|job| job.join().unwrap()).collect()
    });
    assert_eq!(tallies.iter().map(|tally| tally.written).sum::<u64>(), 150);
    assert_eq!(tallies.iter().map(|tally| tally.unchanged).sum::<u64>(), 150);
    assert_sound(&place.open());
}

#[test]
fn a_locked_warehouse_is_reported() {
    let (place, engine) = (Place::new(), engine("1"));
    let mut warehouse = place.open();
    warehouse.set_patience(Duration::from_millis(20)).unwrap();
    let holder = place.raw();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let document = report("A", 1, "P");
    let mut run = warehouse.begin_run(&engine);
    assert!(matches!(run.write(&[with_event(&document, 1, &engine)]), Err(WarehouseError::Busy)));
    holder.execute_batch("ROLLBACK").unwrap();
    assert_eq!(run.write(&[with_event(&document, 1, &engine)]).unwrap().fates, [Fate::Written]);
}

// Forgetting

/// A warehouse where A and B are of P1 (B also replaced once) and C is of P2, with traces in freed pages.
fn to_be_forgotten(place: &Place) -> Warehouse {
    let engine = engine("1");
    let mut warehouse = place.open();
    let secret = |id: &str, version, patient: &str| {
        let mut document = report(id, version, patient);
        document.text = format!("empan-de-{id}-v{version} texte-de-{id} {TEXT}");
        document
    };
    let documents = [
        secret("doc-alpha", 1, "patient-un"),
        secret("doc-beta", 1, "patient-un"),
        secret("doc-beta", 2, "patient-un"),
        secret("doc-gamma", 1, "patient-deux"),
    ];
    for document in &documents {
        let mut found = event(document, &engine, 0, 21);
        found.text = format!("empan-de-{}-v{}", document.id, document.version);
        found.end = found.text.chars().count() as u32;
        found.event_id = found.identity();
        let fill: Vec<_> =
            (0..30).map(|n| report(&format!("{}-fill-{n}", document.version), 1, "autre")).collect();
        let mut batch = vec![annotated(document, 1, vec![found]), bad(document, 5, document.version as u64)];
        batch.extend(fill.iter().map(|document| with_event(document, 1, &engine)));
        warehouse.begin_run(&engine).keeping_text().write(&batch).unwrap();
    }
    let cohorts = "INSERT INTO cohorts (phenotype, phenotype_version, patient_id, case_level, index_date, evidence) VALUES ('ao', '1', 'patient-un', 'definite', NULL, '[]'),
        ('ao', '1', 'patient-deux', 'definite', NULL, '[]')";
    warehouse.sqlite().unwrap().execute_batch(cohorts).unwrap();
    warehouse.sqlite().unwrap().execute_batch("ANALYZE").unwrap();
    warehouse
}

#[test]
fn a_forgotten_patient_leaves_no_trace_in_any_file() {
    let place = Place::new();
    let mut warehouse = to_be_forgotten(&place);
    let traces = [
        "patient-un",
        "doc-alpha",
        "doc-beta",
        "empan-de-doc-alpha",
        "empan-de-doc-beta-v1",
        "texte-de-doc-beta",
    ];
    traces.iter().for_each(|trace| assert!(place.holds(trace), "{trace} was there"));
    let summary = warehouse.forget(&[Forget::Patient("patient-un")]).unwrap();
    assert_eq!((summary.documents, summary.events, summary.cohorts), (2, 2, 1));
    assert!(summary.rejections > 0);
    traces.iter().for_each(|trace| assert!(!place.holds(trace), "{trace} is left"));
    for kept in ["patient-deux", "doc-gamma", "empan-de-doc-gamma-v1", "texte-de-doc-gamma"] {
        assert!(place.holds(kept), "{kept} stays");
    }
    assert_sound(&warehouse);
    drop(warehouse);
    traces.iter().for_each(|trace| assert!(!place.holds(trace), "{trace} is back"));
}

#[test]
fn what_is_forgotten_is_refused() {
    let (place, engine) = (Place::new(), engine("1"));
    let mut warehouse = to_be_forgotten(&place);
    warehouse
        .forget(&[Forget::Document("doc-gamma"), Forget::Patient("patient-un"), Forget::Patient("opposant")])
        .unwrap();
    let moved = Document { patient_id: None, ..report("doc-alpha", 9, "") };
    let refused = [report("doc-gamma", 9, "patient-neuf"), moved, report("nouveau", 1, "opposant")];
    let batch: Vec<_> = refused.iter().map(|document| with_event(document, 1, &engine)).collect();
    let mut run = warehouse.begin_run(&engine);
    let standings = run.known(&refused.each_ref().map(|document| key(document, 1))).unwrap();
    assert_eq!(standings, [Standing::Forgotten; 3]);
    assert_eq!(run.write(&batch).unwrap().fates, [Fate::Forgotten; 3]);
    let set_aside = refused.each_ref().map(|document| bad(document, 1, 99));
    assert_eq!(run.write(&set_aside).unwrap().fates, [Fate::Forgotten; 3]);
    let other = report("doc-delta", 1, "patient-deux");
    assert_eq!(run.write(&[with_event(&other, 1, &engine)]).unwrap().fates, [Fate::Written]);
    drop(run);
    assert!(!place.holds("opposant"));
    assert_sound(&warehouse);
}

#[test]
fn forgetting_twice_or_the_unknown_is_harmless() {
    let place = Place::new();
    let mut warehouse = to_be_forgotten(&place);
    warehouse.forget(&[Forget::Document("doc-alpha")]).unwrap();
    let counts = warehouse.counts().unwrap();
    assert_eq!(warehouse.forget(&[Forget::Document("doc-alpha")]).unwrap(), ForgetSummary::default());
    assert_eq!(warehouse.counts().unwrap(), counts);
    assert_eq!(warehouse.forget(&[Forget::Patient("nobody")]).unwrap(), ForgetSummary::default());
    assert_sound(&warehouse);
}

#[test]
fn forgetting_says_when_a_reader_keeps_traces() {
    let place = Place::new();
    let mut warehouse = to_be_forgotten(&place);
    warehouse.set_patience(Duration::from_millis(20)).unwrap();
    let reader = place.raw();
    reader.execute_batch("BEGIN; SELECT count(*) FROM events;").unwrap();
    count(&reader, "SELECT count(*) FROM events");
    let error = warehouse.forget(&[Forget::Document("doc-alpha")]).unwrap_err();
    assert!(matches!(error, WarehouseError::TracesRemain), "{error}");
    assert_eq!(failed_checks(&warehouse), ["erasure"]);
    drop(reader);
    warehouse.forget(&[Forget::Document("doc-alpha")]).unwrap();
    assert!(!place.holds("doc-alpha"));
    assert_sound(&warehouse);
}

#[test]
fn forgetting_while_a_job_runs_keeps_its_shared_rows_right() {
    let (place, engine) = (Place::new(), engine("1"));
    let (mut job, mut other) = (place.open(), place.open());
    let documents = [report("A", 1, "P1"), report("B", 1, "P2")];
    let mut run = job.begin_run(&engine);
    run.write(&[with_event(&documents[0], 1, &engine)]).unwrap();
    other.forget(&[Forget::Patient("P1")]).unwrap();
    assert_eq!(count(other.sqlite().unwrap(), "SELECT count(*) FROM meanings"), 0);
    assert_eq!(run.write(&[with_event(&documents[0], 1, &engine)]).unwrap().fates, [Fate::Forgotten]);
    run.write(&[with_event(&documents[1], 1, &engine)]).unwrap();
    run.finish().unwrap();
    assert_eq!(all(&other), [event(&documents[1], &engine, 0, 21)]);
    assert_sound(&other);
}

// Text

#[test]
fn the_report_is_kept_only_on_request() {
    let (place, engine) = (Place::new(), engine("1"));
    let mut warehouse = place.open();
    let document = report("A", 1, "P");
    run(&mut warehouse, &engine, &[with_event(&document, 1, &engine)]);
    assert!(!place.holds("J2. Pas de CIV") && !place.holds("titre-secret"));
    let mut keeping = warehouse.begin_run(&engine).keeping_text();
    assert_eq!(keeping.known(&[key(&document, 1)]).unwrap(), [Standing::Changed]);
    assert_eq!(keeping.write(&[with_event(&document, 1, &engine)]).unwrap().fates, [Fate::Replaced]);
    assert_eq!(keeping.write(&[with_event(&document, 1, &engine)]).unwrap().fates, [Fate::Unchanged]);
    drop(keeping);
    assert!(place.holds("J2. Pas de CIV"));
    assert_sound(&warehouse);
    let odd = "UPDATE documents SET text = replace(text, 'Atr', 'xtr')";
    warehouse.sqlite().unwrap().execute_batch(odd).unwrap();
    assert_eq!(failed_checks(&warehouse), ["kept-text"]);
}

// Verification

#[test]
fn verify_finds_what_was_tampered_with() {
    let cases = [
        ("INSERT INTO documents (document_id, version, status, content_hash, text_sha256, engine, run)
            VALUES ('X', 1, 'annotated', zeroblob(32), zeroblob(31), 1, 1)", vec!["hashes", "document-counters"]),
        ("DELETE FROM events WHERE event = 1", vec!["event-counters"]),
        ("UPDATE runs SET events = events + 1", vec!["event-counters"]),
        ("UPDATE events SET \"end\" = \"end\" + 1 WHERE event = 1", vec!["spans", "identities"]),
        ("UPDATE events SET start = 50 WHERE event = 1", vec!["spans", "identities"]),
        ("UPDATE events SET text = text || 'x' WHERE event = 1", vec!["spans"]),
        ("UPDATE events SET event_id = 'x' WHERE event = 1", vec!["identities"]),
        ("UPDATE contexts SET certainty = 1.5", vec!["probabilities"]),
        ("UPDATE documents SET status = 'quarantined', reason = 'r', reason_code = 'c'", vec!["events-of-annotated"]),
        ("UPDATE documents SET reason = 'r', reason_code = 'c'", vec!["reasons"]),
        ("DELETE FROM meaning_codes WHERE code = 'Q39.1'", vec!["codes"]),
        ("UPDATE meaning_subgroups SET subgroup = 'zz' WHERE subgroup = 'al40'", vec!["subgroups"]),
        ("PRAGMA foreign_keys = OFF; UPDATE events SET doc = 99 WHERE event = 1",
            vec!["foreign-keys", "events-of-annotated"]),
        ("DROP INDEX events_population", vec!["schema"]),
        ("UPDATE meanings SET subgroups = '[\"al41\",\"al40\"]'", vec!["sorted-codes"]),
        ("INSERT INTO events SELECT NULL, event_id, doc, patient, visit_id, meaning, rule, engine, context,
            document_date, start, \"end\", fragments, text, event_date, event_date_precision, event_date_source,
            gestational_age_days, value, unit, cues, confidence, day, report_day
            FROM events WHERE event = 1", vec!["event-counters", "unique-events"]),
        ("UPDATE events SET patient = NULL WHERE event = 1", vec!["patients"]),
        ("UPDATE events SET day = day + 1 WHERE event = 1", vec!["days"]),
        ("INSERT INTO persons (patient, birth_day) VALUES (1, 19000)", vec!["pregnancies"]),
        ("INSERT INTO persons (patient, mother) VALUES (1, 1)", vec!["mothers"]),
    ];
    for (tampering, expected) in cases {
        let (place, engine) = (Place::new(), engine("1"));
        let mut warehouse = place.open();
        let document = report("A", 1, "P");
        run(&mut warehouse, &engine, &[with_event(&document, 1, &engine)]);
        assert_sound(&warehouse);
        warehouse.sqlite().unwrap().execute_batch(tampering).unwrap();
        assert_eq!(failed_checks(&warehouse), expected, "{tampering}");
    }
}

#[test]
fn verify_finds_a_forgotten_document_that_came_back() {
    let place = Place::new();
    let mut warehouse = to_be_forgotten(&place);
    warehouse.forget(&[Forget::Document("doc-alpha")]).unwrap();
    let back = "UPDATE documents SET document_id = 'doc-alpha' WHERE document_id = 'doc-gamma'";
    warehouse.sqlite().unwrap().execute_batch(back).unwrap();
    assert!(failed_checks(&warehouse).contains(&"forgotten"));
}

#[test]
fn verify_finds_damaged_pages() {
    let (place, engine) = (Place::new(), engine("1"));
    let documents: Vec<_> = (0..200).map(|n| report(&format!("CR-{n}"), 1, "P")).collect();
    let batch: Vec<_> = documents.iter().map(|document| with_event(document, 1, &engine)).collect();
    run(&mut place.open(), &engine, &batch);
    let mut bytes = fs::read(place.path()).unwrap();
    let tail = bytes.len() - 3000;
    bytes[tail..].iter_mut().for_each(|byte| *byte ^= 0x33);
    fs::write(place.path(), bytes).unwrap();
    let found = Warehouse::open(&place.path()).and_then(|warehouse| warehouse.verify());
    assert!(found.is_err() || found.is_ok_and(|checks| checks.iter().any(|check| !check.passed)));
}

#[test]
fn no_message_shows_patient_text() {
    let (place, engine) = (Place::new(), engine("1"));
    let mut warehouse = place.open();
    let document = report("A", 1, "P");
    run(&mut warehouse, &engine, &[with_event(&document, 1, &engine)]);
    warehouse
        .sqlite()
        .unwrap()
        .execute_batch("UPDATE events SET text = 'secret'; UPDATE contexts SET assertion = 'secret'")
        .unwrap();
    let error = warehouse.verify().unwrap_err();
    assert!(matches!(error, WarehouseError::Unreadable { .. }));
    assert!(!format!("{error} {error:?}").contains("secret"));
}

// Views

#[test]
fn the_views_are_those_of_the_contract() {
    let columns = |connection: &Connection, view: &str| -> Vec<String> {
        let statement = connection.prepare(&format!("SELECT * FROM {view}")).unwrap();
        statement.column_names().map(str::to_owned).collect()
    };
    let (place, engine) = (Place::new(), engine("1"));
    let mut warehouse = place.open();
    let document = report("A", 1, "P");
    let sample = full_event(&document, &engine);
    run(&mut warehouse, &engine, &[annotated(&document, 1, vec![sample.clone()])]);
    let connection = warehouse.sqlite().unwrap();
    let fields: Vec<String> =
        serde_json::to_value(&sample).unwrap().as_object().unwrap().keys().cloned().collect();
    let found = columns(connection, "v_events");
    fields.iter().for_each(|field| assert!(found.contains(field), "{field}"));
    let start = ["document_id", "version", "patient_id", "status", "reason", "text_sha256"];
    assert_eq!(columns(connection, "v_documents")[..6], start);
    assert_eq!(columns(connection, "v_event_codes"), ["event_id", "system", "code"]);
    let cohorts = ["phenotype", "phenotype_version", "patient_id", "case_level", "index_date"];
    assert_eq!(columns(connection, "v_cohorts")[..5], cohorts);
    assert!(
        ["v_documents", "v_events"].iter().all(|view| !columns(connection, view).contains(&"title".into()))
    );
}

#[test]
fn the_events_view_holds_the_json_of_the_contract() {
    let (place, engine) = (Place::new(), engine("1"));
    let mut warehouse = place.open();
    let document = report("A", 1, "P");
    let events = vec![event(&document, &engine, 0, 21), full_event(&document, &engine)];
    run(&mut warehouse, &engine, &[annotated(&document, 1, events.clone())]);
    for event in events {
        let select = "SELECT * FROM v_events WHERE event_id = ?1";
        let mut statement = warehouse.sqlite().unwrap().prepare(select).unwrap();
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let value = statement
            .query_row([&event.event_id], |row| {
                let lists = ["fragments", "codings", "subgroups", "cues", "provenance"];
                let cell = |(index, name): (usize, &String)| {
                    (name.clone(), json_of(row, index, lists.contains(&name.as_str())))
                };
                Ok(names.iter().enumerate().filter(|(_, name)| *name != "run_id").map(cell).collect())
            })
            .unwrap();
        let mut value = serde_json::Value::Object(value);
        if value["fragments"].is_null() {
            value.as_object_mut().unwrap().remove("fragments");
        }
        assert_eq!(serde_json::from_value::<CodedEvent>(value).unwrap(), event);
    }
}

fn json_of(row: &rusqlite::Row<'_>, index: usize, list: bool) -> serde_json::Value {
    use rusqlite::types::Value;
    match row.get::<_, Value>(index).unwrap() {
        Value::Text(text) if list => serde_json::from_str(&text).unwrap(),
        Value::Text(text) => text.into(),
        Value::Integer(number) => number.into(),
        Value::Real(number) => number.into(),
        _ => serde_json::Value::Null,
    }
}

#[test]
fn codes_and_subgroups_lead_to_events() {
    let (place, engine) = (Place::new(), engine("1"));
    let mut warehouse = place.open();
    let document = report("A", 1, "P");
    let events = vec![event(&document, &engine, 0, 21), full_event(&document, &engine)];
    run(&mut warehouse, &engine, &[annotated(&document, 1, events.clone())]);
    let one =
        |sql: &str| -> String { warehouse.sqlite().unwrap().query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(one("SELECT event_id FROM v_event_codes WHERE code = 'Q21.0'"), events[1].event_id);
    assert_eq!(one("SELECT event_id FROM v_event_subgroups WHERE subgroup = 'al40'"), events[0].event_id);
    let mut explain = warehouse
        .sqlite().unwrap()
        .prepare("EXPLAIN QUERY PLAN SELECT event_id FROM v_event_codes WHERE system = 'CIM-10' AND code = 'Q21.0'")
        .unwrap();
    let steps: Vec<String> = explain.query_map([], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
    assert!(steps.iter().all(|step| step.starts_with("SEARCH")), "{steps:?}");
}

// Speed

/// Prints the figures; fails only when something is slower by an order of magnitude, so that a busy
/// machine does not fail the tests.
#[test]
fn writing_and_looking_up_are_fast() {
    let (place, engine) = (Place::new(), engine("1"));
    let mut warehouse = place.open();
    let documents: Vec<_> =
        (0..5000).map(|n| report(&format!("CR-{n:06}"), 1, &format!("P{}", n / 3))).collect();
    let events = |document| (0..8).map(|n| busy_event(document, &engine, n)).collect();
    let batch: Vec<_> = documents.iter().map(|document| annotated(document, 1, events(document))).collect();
    let mut run = warehouse.begin_run(&engine);
    let start = Instant::now();
    batch.chunks(500).for_each(|batch| drop(run.write(batch).unwrap()));
    let written = 40_000.0 / start.elapsed().as_secs_f64();
    let keys: Vec<_> = documents.iter().map(|document| key(document, 1)).collect();
    let start = Instant::now();
    assert!(run.known(&keys).unwrap().iter().all(|standing| *standing == Standing::Unchanged));
    let looked_up = 5000.0 / start.elapsed().as_secs_f64();
    run.finish().unwrap();
    let start = Instant::now();
    assert_eq!(all(&warehouse).len(), 40_000);
    let read = 40_000.0 / start.elapsed().as_secs_f64();
    eprintln!("{written:.0} events/s written, {looked_up:.0} look-ups/s, {read:.0} events/s read");
    assert!(written > 5_000.0 && looked_up > 10_000.0 && read > 5_000.0);
}

fn busy_event(document: &Document, engine: &EngineFingerprint, n: u32) -> CodedEvent {
    let mut event = event(document, engine, n, n + 12);
    event.concept = format!("concept-{}", (n * 7) % 40);
    event.cues = vec![CueRef { id: "neg:pas-de".into(), start: 45, end: 51 }];
    event.provenance.rule = format!("anomalies:t{}", n * 3);
    event.event_id = event.identity();
    event
}

#[test]
fn a_path_is_named_in_every_message_about_a_file() {
    let error = Warehouse::open_existing(Path::new("/nowhere/cohort.db")).err().unwrap().to_string();
    assert!(error.contains("/nowhere/cohort.db") && error.contains("laennec annotate"), "{error}");
}
