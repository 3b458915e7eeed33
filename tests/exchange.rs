//! Events in the forms of others: every rule of docs/exchange.md, on small events, then through the program.

use jiff::civil::date;
use laennec::event::*;
use laennec::exchange::{Kind, Row, Stamp, header, key_of, omop, plain_cells, short_key_of};
use laennec::population::Person;
use serde_json::json;

use crate::support::{Bench, root};

mod database;
mod resources;

fn stamp() -> Stamp {
    Stamp::parse("2024-05-02T10:11:12Z").unwrap()
}

/// A finding of the patient, in a report.
pub fn event() -> CodedEvent {
    CodedEvent {
        event_id: "0123456789abcdef0123456789abcdef".into(),
        document_id: "42".into(),
        document_version: 1,
        patient_id: Some("P1".into()),
        visit_id: Some("V1".into()),
        document_type: Some("CRH".into()),
        document_date: Some(date(2024, 3, 15)),
        ward: None,
        section: Some("conclusion".into()),
        start: 10,
        end: 31,
        fragments: vec![],
        text: "Atrésie de l'œsophage".into(),
        concept: "oesophageal_atresia".into(),
        label: "atrésie de l'œsophage".into(),
        codings: vec![coding("CIM-10", "Q39.0"), coding("HPO", "HP:0002032"), coding("ORPHA", "1199")],
        subgroups: vec![],
        assertion: Assertion::Present,
        certainty: 1.0,
        conclusion: Assertion::Present,
        experiencer: Experiencer::Patient,
        fetus_index: None,
        temporality: Temporality::Current,
        event_date: Some(date(2024, 3, 15)),
        event_date_precision: Some(DatePrecision::Day),
        event_date_source: Some(DateSource::DocumentDate),
        gestational_age_days: None,
        laterality: None,
        value: None,
        unit: None,
        cues: vec![],
        method: Method::Dictionary,
        position: None,
        confidence: 0.95,
        provenance: Provenance {
            engine: "laennec 0.1.0".into(),
            lexicons: vec!["context@1+ab".to_string(), "malformations@2+cd".to_string()].into(),
            model: None,
            rule: "malformations:term:atresie".into(),
        },
    }
}

fn coding(system: &str, code: &str) -> Coding {
    Coding { system: system.into(), code: code.into() }
}

/// A coded diagnosis of a stay.
pub fn structured() -> CodedEvent {
    CodedEvent {
        event_id: "s1".into(),
        document_id: String::new(),
        document_version: 0,
        document_date: None,
        document_type: None,
        section: None,
        start: 0,
        end: 0,
        text: String::new(),
        event_date_source: None,
        method: Method::Structured,
        position: Some("DP".into()),
        ..event()
    }
}

fn changed(change: impl FnOnce(&mut CodedEvent)) -> CodedEvent {
    let mut event = event();
    change(&mut event);
    event
}

fn note(event: &CodedEvent, concepts: &omop::Concepts) -> Option<omop::NoteNlp> {
    let shipped = omop::Shipped::read().unwrap();
    omop::NoteNlpMaker { concepts, shipped: &shipped, stamp: stamp() }.row(event)
}

// ---------------------------------------------------------------- keys

#[test]
fn keys_are_numbers_as_they_are_and_hashes_of_the_rest() {
    let itself = ["0", "42", "-7", "9223372036854775807"];
    for id in itself {
        assert_eq!(key_of(id).to_string(), id);
    }
    let hashed = ["", "042", "+42", "P1", "9223372036854775808", "4 2", "é"];
    let mut keys: Vec<i64> = hashed.iter().map(|id| key_of(id)).collect();
    assert!(keys.iter().all(|key| *key > i64::from(i32::MAX)), "{keys:?}");
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), hashed.len());
    // For ever: the first 63 bits of SHA-256("P1"), as `printf P1 | sha256sum` gives them.
    assert_eq!(key_of("P1"), 9_076_288_033_219_926_860);
    assert!((1..=i64::from(i32::MAX)).contains(&short_key_of("a\n1")));
    assert_ne!(short_key_of("a\n1"), short_key_of("a\n2"));
}

#[test]
fn stamps_are_times_or_days() {
    let table = [
        ("2024-05-02T10:11:12Z", "2024-05-02", "2024-05-02 10:11:12", "2024-05-02T10:11:12Z"),
        ("2024-05-02T10:11:12.345Z", "2024-05-02", "2024-05-02 10:11:12", "2024-05-02T10:11:12Z"),
        ("2024-05-02T01:11:12+02:00", "2024-05-01", "2024-05-01 23:11:12", "2024-05-01T23:11:12Z"),
        ("2024-05-02", "2024-05-02", "2024-05-02 00:00:00", "2024-05-02T00:00:00Z"),
    ];
    for (text, day, time, instant) in table {
        let stamp = Stamp::parse(text).unwrap();
        assert_eq!(
            (stamp.date(), stamp.datetime(), stamp.instant()),
            (day.into(), time.into(), instant.into())
        );
    }
    for bad in ["", "2024", "02/05/2024", "2024-05-02T10:11:12", "2024-05-02T10"] {
        assert!(Stamp::parse(bad).is_err(), "{bad}");
    }
}

// ---------------------------------------------------------------- columns

/// Columns of a table, with type and whether required, as the CDM has them.
fn cdm(table: &str) -> Vec<(String, String, bool)> {
    let path = root().join("tests/data/omop_cdm54_fields.csv");
    let mut reader = csv::Reader::from_path(path).unwrap();
    let rows = reader.records().map(Result::unwrap).filter(|row| &row[0] == table);
    rows.map(|row| (row[1].to_string(), row[2].to_string(), &row[3] == "Yes")).collect()
}

fn check_columns<R: Row>() {
    let ours: Vec<_> = R::COLUMNS
        .iter()
        .map(|column| {
            let kind = match column.kind {
                Kind::Key | Kind::Concept => "integer".to_string(),
                Kind::Text(length) => format!("varchar({length})"),
                Kind::LongText => "varchar(MAX)".to_string(),
                Kind::Date => "date".to_string(),
                Kind::DateTime => "datetime".to_string(),
            };
            (column.name.to_string(), kind, column.is_required)
        })
        .collect();
    assert!(!ours.is_empty());
    assert_eq!(ours, cdm(R::TABLE), "{}", R::TABLE);
}

#[test]
fn columns_are_those_of_the_cdm() {
    check_columns::<omop::NoteNlp>();
    check_columns::<omop::FactRelationship>();
    check_columns::<omop::CohortRow>();
    check_columns::<omop::CohortDefinitionRow>();
    assert_eq!(header::<omop::NoteNlp>().len(), 14);
}

#[test]
fn cells_fit_their_columns() {
    let long = "é\u{1F600}\0,=\n".repeat(2000);
    let huge = changed(|e| {
        e.text.clone_from(&long);
        e.section = Some(long.clone());
        e.unit = Some(long.clone());
        e.concept.clone_from(&long);
        e.provenance.engine = long.as_str().into();
        e.provenance.lexicons = vec![long.clone()].into();
        e.provenance.model = Some(long.clone());
        e.start = u32::MAX;
    });
    let row = note(&huge, &omop::Concepts::default()).unwrap();
    let cells = row.cells();
    assert_eq!(cells.len(), omop::NoteNlp::COLUMNS.len());
    for (column, cell) in omop::NoteNlp::COLUMNS.iter().zip(&cells) {
        let cell = cell.as_ref().unwrap();
        if let Kind::Text(length) = column.kind {
            assert!(cell.chars().count() <= length, "{}", column.name);
        }
        assert!(!cell.contains('\0') && (!column.is_required || !cell.is_empty()), "{}", column.name);
    }
    assert_eq!(row.snippet.chars().count(), 250);
    assert!(row.snippet.starts_with("é\u{1F600}\u{FFFD},=\né"));
    let name = "n".repeat(400);
    let shipped = omop::Shipped::read().unwrap();
    let definition = omop::CohortDefinitionRow::of(&name, "1", None, &shipped);
    assert_eq!(definition.cohort_definition_name.chars().count(), 255);
}

// ---------------------------------------------------------------- NOTE_NLP

#[test]
fn an_event_is_a_row_of_note_nlp() {
    let row = note(&event(), &omop::Concepts::default()).unwrap();
    let cells = plain_cells(&row);
    let expected = [
        &key_of("0123456789abcdef0123456789abcdef").to_string(),
        "42",
        "0",
        "Atrésie de l'œsophage",
        "10",
        "Atrésie de l'œsophage",
        "0",
        "0",
        &row.nlp_system,
        "2024-05-02",
        "2024-05-02 10:11:12",
        "Y",
        "Present",
        "concept=oesophageal_atresia,codes=CIM-10|Q39.0 HPO|HP:0002032 ORPHA|1199,section=conclusion,method=dictionary,confidence=0.95",
    ];
    assert_eq!(cells, expected);
    assert!(row.nlp_system.starts_with("laennec 0.1.0; lexicons "), "{}", row.nlp_system);
    assert!(row.nlp_system.ends_with(": context@1 malformations@2"), "{}", row.nlp_system);
}

#[test]
fn a_structured_event_is_in_no_note() {
    assert_eq!(note(&structured(), &omop::Concepts::default()), None);
}

#[test]
fn rows_of_others_that_we_store_begin_like_ours() {
    let made = Provenance { engine: "otherlab 3".into(), ..Provenance::default() };
    assert!(omop::nlp_system(&made).starts_with("laennec stored otherlab 3; lexicons "));
    let other =
        |lexicon: &str| Provenance { lexicons: vec![lexicon.to_string()].into(), ..event().provenance };
    assert_ne!(omop::nlp_system(&other("a@1+ab")), omop::nlp_system(&other("a@1+cd")));
}

/// Every value of every attribute: the term exists only where no line of the CDM's list, nor the sense of the flag, denies it.
#[test]
fn term_exists_by_its_truth_table() {
    let very_low = omop::Shipped::read().unwrap().very_low_certainty;
    let mut yes = Vec::new();
    for &assertion in Assertion::ALL {
        for &experiencer in Experiencer::ALL {
            for &temporality in Temporality::ALL {
                for certainty in [0.0, 0.2, 0.28, 0.35, 0.5, 0.66, 1.0] {
                    let event = changed(|e| {
                        (e.assertion, e.experiencer) = (assertion, experiencer);
                        (e.temporality, e.certainty) = (temporality, certainty);
                        e.conclusion = Assertion::Absent;
                    });
                    if omop::term_exists(&event, very_low) {
                        yes.push((assertion, experiencer, temporality, certainty.to_string()));
                    }
                }
            }
        }
    }
    let of = |assertion, certainty: &[&str]| {
        let times = [Temporality::Current, Temporality::Past];
        let rows = times.into_iter().flat_map(|time| certainty.iter().map(move |c| (time, (*c).to_string())));
        rows.map(|(time, c)| (assertion, Experiencer::Patient, time, c)).collect::<Vec<_>>()
    };
    let mut expected = of(Assertion::Present, &["0", "0.2", "0.28", "0.35", "0.5", "0.66", "1"]);
    expected.extend(of(Assertion::Possible, &["0.5", "0.66", "1"]));
    assert_eq!(yes, expected);
}

#[test]
fn term_temporal_by_its_truth_table() {
    use DatePrecision::{Age, Day, GestationalWeek, Month, Week, Year};
    use Temporality::{Current, Past, Planned};
    // The report is of 2024-03-15.
    let table = [
        (Current, None, None, "Present"),
        (Current, Some(date(2024, 3, 15)), Some(Day), "Present"),
        (Current, Some(date(2024, 3, 14)), Some(Day), "Past"),
        (Current, Some(date(2024, 3, 14)), None, "Past"),
        (Current, Some(date(2024, 3, 20)), Some(Day), "Present"),
        (Current, Some(date(2024, 3, 1)), Some(Month), "Present"),
        (Current, Some(date(2024, 2, 1)), Some(Month), "Past"),
        (Current, Some(date(2024, 1, 1)), Some(Year), "Present"),
        (Current, Some(date(2023, 1, 1)), Some(Year), "Past"),
        (Current, Some(date(2024, 3, 11)), Some(Week), "Present"),
        (Current, Some(date(2024, 3, 4)), Some(GestationalWeek), "Past"),
        (Current, Some(date(2023, 6, 1)), Some(Age), "Present"),
        (Current, Some(date(2022, 6, 1)), Some(Age), "Past"),
        (Past, None, None, "Past"),
        (Past, Some(date(2024, 3, 20)), Some(Day), "Past"),
        (Planned, Some(date(2024, 3, 1)), Some(Day), "Future"),
    ];
    for (temporality, day, precision, expected) in table {
        let event = changed(|e| {
            (e.temporality, e.event_date, e.event_date_precision) = (temporality, day, precision);
        });
        assert_eq!(omop::term_temporal(&event).as_str(), expected, "{temporality:?} {day:?} {precision:?}");
    }
    let undated = changed(|e| {
        (e.event_date, e.document_date) = (Some(date(1990, 1, 1)), None);
    });
    assert_eq!(omop::term_temporal(&undated).as_str(), "Present");
}

#[test]
fn modifiers_begin_with_what_bears_on_the_truth() {
    let tail = "concept=oesophageal_atresia,codes=CIM-10|Q39.0 HPO|HP:0002032 ORPHA|1199,section=conclusion,method=dictionary,confidence=0.95";
    type Change = fn(&mut CodedEvent);
    let table: &[(Change, &str)] = &[
        (|_| {}, ""),
        (|e| e.assertion = Assertion::Absent, "negation=true,conclusion=present,"),
        (
            |e| (e.assertion, e.conclusion, e.certainty) = (Assertion::Possible, Assertion::Absent, 0.66),
            "uncertain=true,certainty=0.66,conclusion=absent,",
        ),
        (
            |e| (e.assertion, e.certainty) = (Assertion::Hypothetical, 0.1),
            "conditional=true,certainty=0.1,conclusion=present,",
        ),
        (
            |e| {
                (e.assertion, e.conclusion, e.certainty) =
                    (Assertion::NotAssessed, Assertion::NotAssessed, 0.0)
            },
            "not_assessed=true,",
        ),
        (|e| (e.experiencer, e.fetus_index) = (Experiencer::Fetus, Some(2)), "subject=fetus,fetus_index=2,"),
        (|e| e.temporality = Temporality::Past, "history=true,"),
        (|e| e.temporality = Temporality::Planned, "planned=true,"),
        (
            |e| (e.event_date, e.event_date_precision) = (Some(date(2019, 3, 1)), Some(DatePrecision::Month)),
            "concept_date=2019-03,",
        ),
        (
            |e| (e.value, e.unit, e.laterality) = (Some(14.5), Some("m,m=\n".into()), Some(Laterality::Left)),
            "laterality=left,value=14.5,unit=m;m: ,",
        ),
        (|e| e.gestational_age_days = Some(157), "gestational_age_days=157,"),
    ];
    for (change, start) in table {
        assert_eq!(omop::modifiers(&changed(change), 2000), format!("{start}{tail}"));
    }
    let negated = changed(|e| e.assertion = Assertion::Absent);
    assert_eq!(omop::modifiers(&negated, 40), "negation=true,conclusion=present");
    assert_eq!(omop::modifiers(&negated, 0), "");
}

#[test]
fn concepts_come_from_the_file_given() {
    let file = "system,code,concept_id,source_concept_id\nCIM-10,Q39.0,4000,45000\nHPO, HP:0002032 ,5000,\nORPHA,1199,,7000\n";
    let concepts = omop::Concepts::read(file.as_bytes(), "c.csv").unwrap();
    let of = |event: &CodedEvent| {
        let row = note(event, &concepts).unwrap();
        (row.note_nlp_concept_id, row.note_nlp_source_concept_id)
    };
    // Orphanet comes first, but a standard concept matters more; then the order is ORPHA, CIM-10, HPO.
    assert_eq!(of(&event()), (4000, 45000));
    assert_eq!(of(&changed(|e| drop(e.codings.remove(0)))), (5000, 0));
    assert_eq!(of(&changed(|e| drop(e.codings.drain(..2)))), (0, 7000));
    assert_eq!(of(&changed(|e| e.codings.clear())), (0, 0));
    let table = [
        ("system,code\nA,1\n", "c.csv:1: the header is system,code,concept_id,"),
        ("system,code,concept_id,source_concept_id\nA,1,x,\n", "c.csv:2: "),
        ("system,code,concept_id,source_concept_id\nA,1,1,\nA,1,2,\n", "c.csv:3: A 1 has two lines"),
        ("system,code,concept_id,source_concept_id,more\nA,1,1,,\n", "c.csv:1: the header is "),
        ("system,code,concept_id,source_concept_id\nA,1\n", "c.csv:2: 2 cells instead of 4"),
    ];
    for (file, start) in table {
        let message = omop::Concepts::read(file.as_bytes(), "c.csv").unwrap_err().to_string();
        assert!(message.starts_with(start), "{message}");
    }
}

// ---------------------------------------------------------------- persons and cohorts

#[test]
fn a_child_and_its_mother_are_related_both_ways() {
    let shipped = omop::Shipped::read().unwrap();
    let child = Person { patient_id: "C".into(), mother_id: Some("12".into()), ..Person::default() };
    let rows: Vec<Vec<String>> = omop::relationships(&child, &shipped).iter().map(plain_cells).collect();
    let (mother, child) = ("12".to_string(), key_of("C").to_string());
    let expected = [
        ["56", &mother, "56", &child, &shipped.mother_of.concept_id.to_string()],
        ["56", &child, "56", &mother, &shipped.child_of.concept_id.to_string()],
    ];
    assert_eq!(rows, expected);
    assert!(
        omop::relationships(&Person { patient_id: "C".into(), ..Person::default() }, &shipped).is_empty()
    );
}

#[test]
fn a_member_is_in_its_cohort_from_the_index_date_to_the_last_that_is_known() {
    let member = |index: Option<&str>, last: Option<&str>| omop::Member {
        phenotype: "chd".into(),
        version: "1+ab".into(),
        patient_id: "7".into(),
        index_date: index.map(Into::into),
        last_date: last.map(Into::into),
    };
    let table = [
        (Some("2024-01-02"), Some("2024-06-01"), Some("2024-06-01")),
        (Some("2024-01-02"), Some("2023-06-01"), Some("2024-01-02")),
        (Some("2024-01-02"), None, Some("2024-01-02")),
        (None, Some("2023-06-01"), None),
    ];
    for (index, last, end) in table {
        let row = omop::CohortRow::of(&member(index, last));
        assert_eq!(row.as_ref().map(|row| row.cohort_end_date.as_str()), end);
        let key = short_key_of("chd\n1+ab").to_string();
        let expected = end.map(|end| vec![key, "7".into(), index.unwrap().into(), end.into()]);
        assert_eq!(row.as_ref().map(plain_cells), expected);
    }
    let shipped = omop::Shipped::read().unwrap();
    let definition = omop::CohortDefinitionRow::of("chd", "1+ab", Some("2024-05-02"), &shipped);
    let expected = [
        &short_key_of("chd\n1+ab").to_string(),
        "laennec chd 1+ab",
        "Laennec phenotype chd, version 1+ab; all levels of case",
        "0",
        "laennec phenotype show chd --toml",
        "56",
        "2024-05-02",
    ];
    assert_eq!(plain_cells(&definition), expected);
}

// ---------------------------------------------------------------- through the program

/// A warehouse of the demonstration reports with two persons, a coded diagnosis and a cohort: `c.db`.
pub fn warehouse() -> Bench {
    let bench = Bench::new().with_reports();
    bench.run(&["annotate", "reports.jsonl", "--into", "c.db", "--model", "off"]).ends_with(0);
    bench.file("persons.csv", "patient_id,birth_date,mother_id\nC1,2024-01-02,M1\n77,2023-01-02,78\n");
    let pmsi =
        json!({"patient_id": "C1", "codings": ["Q39.1"], "event_date": "2024-01-03", "position": "DP"});
    bench.file("pmsi.jsonl", pmsi.to_string());
    bench.run(&["load", "--into", "c.db", "--persons", "persons.csv", "--events", "pmsi.jsonl"]).ends_with(0);
    bench.run(&["phenotype", "run", "oesophageal_atresia", "--warehouse", "c.db"]).ends_with(0);
    bench
}

fn rows(csv: &str) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(csv.as_bytes()).records().map(Result::unwrap).collect()
}

#[test]
fn events_come_out_in_every_form() {
    let bench = warehouse();
    let stored = bench.run(&["events", "c.db"]).ends_with(0).json();
    let of_reports = stored.iter().filter(|event| event.get("document_id").is_some()).count();
    let table = bench.run(&["events", "c.db", "--format", "omop"]).ends_with(0).out;
    assert_eq!(table.lines().next().unwrap(), header::<omop::NoteNlp>().join(","));
    assert_eq!(rows(&table).len(), of_reports);
    let bundles = bench.run(&["events", "c.db", "--format", "fhir"]).ends_with(0);
    let mut resources = 0;
    for bundle in bundles.json() {
        let kinds = resources::check_bundle(&bundle);
        resources +=
            kinds.iter().filter(|kind| !["DocumentReference", "Provenance"].contains(&kind.as_str())).count();
    }
    assert_eq!(resources, stored.len());
    for format in ["jsonl", "csv", "omop", "fhir"] {
        let piped = bench.run(&["events", "c.db", "--format", format]).ends_with(0).out;
        let ran = bench.run(&["events", "c.db", "--format", format, "--output", "out"]).ends_with(0);
        assert!(ran.out.is_empty());
        assert_eq!(bench.read("out"), piped, "{format}");
    }
}

#[test]
fn an_output_that_fails_leaves_nothing() {
    let bench = warehouse();
    bench.file("bad.csv", "nothing\n1\n");
    let bad = bench
        .run(&["events", "c.db", "--format", "omop", "--concepts", "bad.csv", "--output", "o.csv"])
        .ends_with(1);
    assert!(bad.err.contains("bad.csv:1: "), "{}", bad.err);
    assert!(
        bench
            .run(&["events", "c.db", "--output", "no/o.jsonl"])
            .ends_with(1)
            .err
            .contains("cannot be written")
    );
    for arguments in [&["--concepts", "bad.csv"][..], &["--format", "parquet"], &["--output", "./c.db"]] {
        bench.run(&[&["events", "c.db"], arguments].concat()).ends_with(1);
    }
    bench.run(&["verify", "c.db"]).ends_with(0);
    let left = std::fs::read_dir(bench.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<String> = left.map(|name| name.to_string_lossy().into_owned()).collect();
    assert!(!left.iter().any(|name| name.contains("partial") || name == "o.csv"), "{left:?}");
}

#[test]
fn a_folder_gets_the_four_tables() {
    let bench = warehouse();
    let ran = bench.run(&["publish", "omop", "c.db", "--into", "omop"]).ends_with(0);
    assert!(ran.out.starts_with("published: note_nlp "), "{}", ran.out);
    let read = |name: &str| bench.read(&format!("omop/{name}.csv"));
    let names = ["note_nlp", "fact_relationship", "cohort", "cohort_definition"];
    let first: Vec<String> = names.iter().map(|name| read(name)).collect();
    let printed = bench.run(&["events", "c.db", "--format", "omop"]).out;
    assert_eq!(first[0], printed);
    assert_eq!(rows(&first[1]).len(), 4);
    assert!(!rows(&first[2]).is_empty());
    assert_eq!(rows(&first[3]).len(), 1);
    bench.run(&["publish", "omop", "c.db", "--into", "omop"]).ends_with(0);
    assert_eq!(names.iter().map(|name| read(name)).collect::<Vec<_>>(), first);
    let files = std::fs::read_dir(bench.path("omop")).unwrap().count();
    assert_eq!(files, 4);
    for bad in ["mysql://h/d", "c.db/x"] {
        bench.run(&["publish", "omop", "c.db", "--into", bad]).ends_with(1);
    }
}

#[cfg(feature = "parquet")]
#[test]
fn a_parquet_file_holds_what_the_csv_holds() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let bench = warehouse();
    bench.run(&["events", "c.db", "--format", "parquet", "--output", "e.parquet"]).ends_with(0);
    let table = bench.run(&["events", "c.db", "--format", "csv"]).ends_with(0).out;
    let reader = SerializedFileReader::new(std::fs::File::open(bench.path("e.parquet")).unwrap()).unwrap();
    let fields = reader.metadata().file_metadata().schema().get_fields().to_vec();
    let names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
    assert_eq!(names.join(","), table.lines().next().unwrap());
    let expected = rows(&table);
    let mut count = 0;
    for (row, expected) in reader.get_row_iter(None).unwrap().zip(&expected) {
        for ((name, field), cell) in row.unwrap().get_column_iter().zip(expected) {
            let found = match field {
                parquet::record::Field::Null => String::new(),
                parquet::record::Field::Str(text) => text.clone(),
                parquet::record::Field::Double(number) => json!(number).to_string(),
                other => other.to_string(),
            };
            assert_eq!(found, cell, "{name}");
        }
        count += 1;
    }
    assert_eq!(count, expected.len());
}
