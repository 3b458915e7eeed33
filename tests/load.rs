//! `laennec load`: what does not come from text goes in once, comes out unchanged, and can be forgotten.

use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{Bench, Ran};

fn load(bench: &Bench, more: &[&str]) -> Ran {
    bench.run(&[&["load", "--into", "w.db", "--json"], more].concat())
}

fn sql(bench: &Bench) -> Connection {
    Connection::open(bench.path("w.db")).unwrap()
}

/// The rows of a question, cells set apart by bars.
fn rows(bench: &Bench, question: &str) -> Vec<String> {
    let connection = sql(bench);
    let mut select = connection.prepare(question).unwrap();
    let columns = select.column_count();
    let cell = |row: &rusqlite::Row<'_>, at| match row.get::<_, rusqlite::types::Value>(at).unwrap() {
        rusqlite::types::Value::Null => String::new(),
        rusqlite::types::Value::Integer(number) => number.to_string(),
        rusqlite::types::Value::Text(text) => text,
        other => format!("{other:?}"),
    };
    let line =
        |row: &rusqlite::Row<'_>| Ok((0..columns).map(|at| cell(row, at)).collect::<Vec<_>>().join("|"));
    select.query_map([], line).unwrap().map(Result::unwrap).collect()
}

fn events(bench: &Bench, more: &[&str]) -> Vec<Value> {
    bench.run(&[&["events", "w.db"], more].concat()).ends_with(0).json()
}

fn counts(ran: &Ran, names: &[&str]) -> Vec<u64> {
    let summary = ran.summary();
    names.iter().map(|name| summary[name].as_u64().unwrap()).collect()
}

const FATES: [&str; 4] = ["written", "replaced", "unchanged", "quarantined"];

fn diagnosis(patient: &str, code: &str) -> Value {
    json!({"patient_id": patient, "codings": [{"system": "CIM-10", "code": code}], "event_date": "2024-03-02",
        "position": "DP", "visit_id": "S1"})
}

fn lines(values: &[Value]) -> String {
    values.iter().map(|value| format!("{value}\n")).collect()
}

// Events

#[test]
fn a_coded_diagnosis_is_an_event_of_no_report() {
    let bench = Bench::new();
    bench.file("e.jsonl", lines(&[diagnosis("P1", "Q39.1")]));
    let ran = load(&bench, &["--events", "e.jsonl"]).ends_with(0);
    assert_eq!(counts(&ran, &["events", "documents", "written"]), [1, 0, 1]);
    let found = events(&bench, &["--patient", "P1"]);
    assert_eq!(found, events(&bench, &[]));
    let expected = json!({
        "document_version": 0, "patient_id": "P1", "visit_id": "S1", "concept": "CIM-10:Q39.1",
        "codings": [{"system": "CIM-10", "code": "Q39.1"}],
        "subgroups": ["all_anomalies", "digestive", "oesophageal_atresia"], "assertion": "present", "certainty": 1.0,
        "conclusion": "present", "experiencer": "patient", "temporality": "current", "event_date": "2024-03-02",
        "event_date_precision": "day", "method": "structured", "position": "DP", "confidence": 1.0, "text": "",
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&found[0][field], value, "{field}");
    }
    assert_eq!((found[0].get("document_id"), found[0].get("ward")), (None, None));
    let stored = "SELECT doc, day, report_day, visit_id FROM events";
    assert_eq!(rows(&bench, stored), ["|19784|19784|S1"]);
    let view = "SELECT document_id, patient_id, visit_id, position, method FROM v_events";
    assert_eq!(rows(&bench, view), ["|P1|S1|DP|structured"]);
    let findings = bench.run(&["findings", "w.db"]).ends_with(0).out;
    assert!(findings.contains("CIM-10:Q39.1") && findings.contains("structured DP"), "{findings}");
    bench.run(&["verify", "w.db"]).ends_with(0);
}

#[test]
fn every_spelling_of_a_code_is_the_same_row() {
    let bench = Bench::new();
    let code =
        |system: &str, code: &str| json!({"patient_id": "P", "codings": [{"system": system, "code": code}]});
    let short = |codings: Value| json!({"person_id": "P", "codings": codings});
    let spellings = [
        code("CIM-10", "Q39.1"),
        code("ICD-10", "Q391"),
        code("cim10", "q39.1"),
        code("icd 10", "Q39.1+"),
        short(json!(["Q391"])),
        short(json!("ICD10:q391")),
    ];
    bench.file("e.jsonl", lines(&spellings));
    bench.file(
        "e.csv",
        "patient_id;codings\nP;Q391\nP;\"[{\"\"system\"\":\"\"CIM10\"\",\"\"code\"\":\"\"Q39.1\"\"}]\"\n",
    );
    let ran = load(&bench, &["--events", "e.jsonl", "--events", "e.csv"]).ends_with(0);
    assert_eq!(counts(&ran, &FATES), [1, 0, 7, 0]);
    assert_eq!(rows(&bench, "SELECT system, code FROM v_event_codes"), ["CIM-10|Q39.1"]);
}

#[test]
fn a_concept_gives_what_the_row_lacks_and_subgroups_are_closed() {
    let bench = Bench::new();
    bench.file(
        "e.jsonl",
        lines(&[
            json!({"patient_id": "A", "concept": "oesophageal_atresia"}),
            json!({"patient_id": "B", "subgroups": ["oesophageal_atresia"]}),
            json!({"patient_id": "C", "codings": ["Q38.1"]}),
            json!({"patient_id": "D", "codings": ["I10"], "label": "Hypertension"}),
        ]),
    );
    load(&bench, &["--events", "e.jsonl"]).ends_with(0);
    let found = events(&bench, &[]);
    let closed = json!(["all_anomalies", "digestive", "oesophageal_atresia"]);
    assert_eq!((&found[0]["subgroups"], &found[1]["subgroups"]), (&closed, &closed));
    assert!(
        found[0]["codings"].as_array().unwrap().contains(&json!({"system": "HPO", "code": "HP:0002032"}))
    );
    assert_ne!(found[0]["label"], "oesophageal_atresia");
    assert_eq!(
        found[2]["subgroups"],
        json!(["digestive_minor"]),
        "a minor anomaly reaches no counted subgroup"
    );
    assert_eq!((&found[3]["subgroups"], &found[3]["label"]), (&json!([]), &json!("Hypertension")));
}

#[test]
fn the_same_rows_again_change_nothing_and_other_content_replaces() {
    let bench = Bench::new();
    let named =
        |date: &str| json!({"event_id": "E1", "patient_id": "P", "codings": ["Q39.1"], "event_date": date});
    bench.file("e.jsonl", lines(&[named("2024-01-01"), diagnosis("P", "Q21.0"), diagnosis("P", "Q21.0")]));
    let once = load(&bench, &["--events", "e.jsonl"]).ends_with(0);
    assert_eq!(counts(&once, &FATES), [2, 0, 1, 0]);
    let stored = rows(&bench, "SELECT * FROM v_events ORDER BY event_id");
    let again = load(&bench, &["--events", "e.jsonl"]).ends_with(0);
    assert_eq!(counts(&again, &FATES), [0, 0, 3, 0]);
    assert_eq!(rows(&bench, "SELECT * FROM v_events ORDER BY event_id"), stored);
    bench.file("e.jsonl", lines(&[named("2024-01-02")]));
    let other = load(&bench, &["--events", "e.jsonl"]).ends_with(0);
    assert_eq!(counts(&other, &FATES), [0, 1, 0, 0]);
    assert_eq!(rows(&bench, "SELECT event_date FROM v_events WHERE event_id = 'E1'"), ["2024-01-02"]);
    assert_eq!(rows(&bench, "SELECT count(*) FROM events"), ["2"]);
    bench.run(&["verify", "w.db"]).ends_with(0);
}

/// A warehouse with annotated reports and coded diagnoses; what `events` says of it.
fn exported(bench: &Bench) -> String {
    bench.file(
        "e.jsonl",
        lines(&[diagnosis("P1", "Q39.1"), diagnosis("zz", "Q21.0"), diagnosis("P1", "I10")]),
    );
    load(bench, &["--events", "e.jsonl"]).ends_with(0);
    bench.run(&["annotate", "reports.jsonl", "--into", "w.db"]).ends_with(0);
    bench.run(&["events", "w.db"]).ends_with(0).out
}

#[test]
fn exported_events_load_back_unchanged_in_any_order_and_form() {
    let bench = Bench::new().with_reports();
    let all = exported(&bench);
    assert!(all.lines().count() > 100);
    let mut shuffled: Vec<&str> = all.lines().collect();
    shuffled.sort_by_key(|line| line.bytes().map(u64::from).sum::<u64>() * 7919 % 1009);
    bench.file("straight.jsonl", &all);
    bench.file("shuffled.jsonl", shuffled.join("\n"));
    bench.file("table.csv", bench.run(&["events", "w.db", "--format", "csv"]).ends_with(0).out);
    for file in ["straight.jsonl", "shuffled.jsonl", "table.csv"] {
        std::fs::remove_file(bench.path("w2.db")).ok();
        let arguments = ["load", "--into", "w2.db", "--events", file, "--json"];
        let once = bench.run(&arguments).ends_with(0);
        assert_eq!(counts(&once, &["events", "replaced", "unchanged"])[1..], [0, 0], "{file}");
        assert!(bench.run(&["events", "w2.db"]).ends_with(0).out == all, "{file}");
        let again = bench.run(&arguments).ends_with(0);
        assert_eq!(counts(&again, &["written", "replaced"]), [0, 0], "{file}");
        assert!(bench.run(&["events", "w2.db"]).ends_with(0).out == all, "{file}");
        bench.run(&["verify", "w2.db"]).ends_with(0);
    }
    let piped =
        bench.run_with_input(&["load", "--into", "w3.db", "--events", "-", "--json"], &all).ends_with(0);
    assert_eq!(counts(&piped, &["events"]), [all.lines().count() as u64]);
    assert!(bench.run(&["events", "w3.db"]).ends_with(0).out == all);
}

#[test]
fn the_ward_of_a_report_goes_with_its_events() {
    let bench = Bench::new();
    let report = json!({"document_id": "D", "text": "Atrésie de l'œsophage.", "unit_name": "Néonatologie"});
    bench.file("r.jsonl", lines(&[report]));
    bench.run(&["annotate", "r.jsonl", "--into", "w.db"]).ends_with(0);
    assert_eq!(events(&bench, &[])[0]["ward"], "Néonatologie");
    assert_eq!(rows(&bench, "SELECT ward FROM v_documents"), ["Néonatologie"]);
    let all = bench.run(&["events", "w.db"]).out;
    bench.file("all.jsonl", &all);
    bench.run(&["load", "--into", "w2.db", "--events", "all.jsonl"]).ends_with(0);
    assert_eq!(bench.run(&["events", "w2.db"]).ends_with(0).out, all);
}

fn text_event(version: i64, patient: &str, text: &str) -> Value {
    json!({"document_id": "D", "document_version": version, "patient_id": patient, "text": text, "concept": "x"})
}

#[test]
fn of_two_versions_the_higher_counts_and_a_report_has_one_patient() {
    let bench = Bench::new();
    let all = [text_event(1, "P", "old"), text_event(2, "P", "new"), text_event(2, "Q", "foreign")];
    bench.file("e.jsonl", lines(&all));
    let ran = load(&bench, &["--events", "e.jsonl"]).ends_with(3);
    assert_eq!(counts(&ran, &["documents", "written", "stale", "quarantined"]), [1, 1, 1, 1]);
    assert!(ran.err.contains("e.jsonl:3: set aside (conflict)"), "{}", ran.err);
    assert_eq!(rows(&bench, "SELECT text, document_version FROM v_events"), ["new|2"]);
    bench.run(&["verify", "w.db"]).ends_with(0);
}

// Bad rows

#[test]
fn a_bad_row_is_set_aside_with_its_place_and_its_neighbours_are_loaded() {
    let good = json!({"patient_id": "good", "codings": ["Q39.1"], "birth_date": "2024-01-01"});
    let cases: &[(&str, &str, &str)] = &[
        ("--persons", r#"{"birth_date":"2024-01-01"}"#, "required field patient_id is missing"),
        ("--persons", r#"{"patient_id":"secret","birth_date":"secret"}"#, "birth_date is not a date"),
        ("--persons", r#"{"patient_id":"secret","birth_date":"2024-02-30"}"#, "birth_date is not a date"),
        ("--persons", r#"{"patient_id":"secret","gestational_age_days_at_birth":331}"#, "from 0 to 330"),
        ("--persons", r#"{"patient_id":"secret","gestational_age_days_at_birth":-1}"#, "from 0 to 330"),
        ("--persons", r#"{"patient_id":"secret","gestational_age_days_at_birth":"secret"}"#, "from 0 to 330"),
        ("--persons", r#"{"patient_id":"secret","outcome":"secret"}"#, "outcome must be live_birth"),
        ("--persons", r#"{"patient_id":"secret","mother_id":"secret"}"#, "nobody is their own mother"),
        ("--persons", r#"{"patient_id":"secret","multiple_birth_rank":0}"#, "multiple_birth_rank must be"),
        (
            "--persons",
            r#"{"patient_id":"secret","birth_date":"2024-01-01","conception_date":"2024-01-02"}"#,
            "conception_date must be no later than birth_date",
        ),
        ("--persons", r#"{"patient_id":["secret"]}"#, "patient_id must be a string or an integer"),
        ("--persons", r#"{"patient_id":"secret""#, "not a JSON object"),
        ("--persons", r#"["secret"]"#, "not a JSON object"),
        ("--persons", r#"{"patient_id":"secret","patient_id":"two"}"#, "occurs twice"),
        ("--events", r#"{"codings":["Q39.1"]}"#, "required field patient_id is missing"),
        ("--events", r#"{"patient_id":"secret"}"#, "an event needs codings, concept or subgroups"),
        ("--events", r#"{"patient_id":"secret","codings":[],"subgroups":[]}"#, "an event needs codings"),
        ("--events", r#"{"patient_id":"secret","codings":["secret"]}"#, "codings must be a list"),
        ("--events", r#"{"patient_id":"secret","codings":[{"code":"Q39.1"}]}"#, "codings must be a list"),
        ("--events", r#"{"patient_id":"secret","codings":7}"#, "codings must be a list"),
        ("--events", r#"{"patient_id":"secret","concept":"x","subgroups":[7]}"#, "subgroups must be a list"),
        ("--events", r#"{"patient_id":"secret","concept":"x","position":"secret"}"#, "position must be DP"),
        (
            "--events",
            r#"{"patient_id":"secret","concept":"x","assertion":"secret"}"#,
            "assertion must be present",
        ),
        (
            "--events",
            r#"{"patient_id":"secret","concept":"x","experiencer":"secret"}"#,
            "experiencer must be",
        ),
        (
            "--events",
            r#"{"patient_id":"secret","concept":"x","temporality":"secret"}"#,
            "temporality must be",
        ),
        ("--events", r#"{"patient_id":"secret","concept":"x","method":"secret"}"#, "method must be"),
        (
            "--events",
            r#"{"patient_id":"secret","concept":"x","certainty":1.5}"#,
            "certainty must be a number from 0",
        ),
        ("--events", r#"{"patient_id":"secret","concept":"x","value":"secret"}"#, "value must be a number"),
        (
            "--events",
            r#"{"patient_id":"secret","concept":"x","event_date":"01/02/2024"}"#,
            "event_date is not a date",
        ),
        ("--events", r#"{"patient_id":"secret","concept":"x","gestational_age_days":400}"#, "from 0 to 330"),
        (
            "--events",
            r#"{"patient_id":"secret","concept":"x","text":"secret","end":2}"#,
            "text must be as many",
        ),
        (
            "--events",
            r#"{"patient_id":"secret","concept":"x","text":"abc","fragments":[[2,9]]}"#,
            "fragments must be",
        ),
        ("--events", r#"{"patient_id":"secret","concept":"x","cues":7}"#, "cues must be"),
        ("--events", r#"{"document_id":"d","concept":"x","event_id":"secret"}"#, "event_id must be the hash"),
        ("--births", r#"{"period":"2024","live_births":1}"#, "required field area is missing"),
        ("--births", r#"{"area":"secret","live_births":1}"#, "required field period is missing"),
        ("--births", r#"{"area":"secret","period":"2024"}"#, "required field live_births is missing"),
        ("--births", r#"{"area":"secret","period":"2024-13","live_births":1}"#, "period must be a year"),
        ("--births", r#"{"area":"secret","period":"2024-W54","live_births":1}"#, "period must be a year"),
        ("--births", r#"{"area":"secret","period":"24","live_births":1}"#, "period must be a year"),
        ("--births", r#"{"area":"secret","period":"2024","live_births":-1}"#, "live_births must be"),
        (
            "--births",
            r#"{"area":"secret","period":"2024","live_births":1,"stillbirths":1.5}"#,
            "stillbirths must be",
        ),
    ];
    for kind in ["--persons", "--events", "--births"] {
        let bench = Bench::new();
        let good = match kind {
            "--births" => r#"{"area":"35","period":"2024","live_births":9}"#.to_owned(),
            _ => good.to_string(),
        };
        let cases: Vec<_> = cases.iter().filter(|case| case.0 == kind).collect();
        for chunk in cases.chunks(20) {
            let bad: String = chunk.iter().map(|(_, line, _)| format!("{line}\n")).collect();
            bench.file("rows.jsonl", format!("{bad}{good}\n"));
            let ran = load(&bench, &[kind, "rows.jsonl"]).ends_with(3);
            assert_eq!(ran.summary()["quarantined"], chunk.len(), "{}", ran.err);
            assert!(!ran.err.contains("secret"), "{}", ran.err);
            for (number, (said, (_, line, reason))) in ran.err.lines().zip(chunk).enumerate() {
                assert!(
                    said.starts_with(&format!("rows.jsonl:{}: set aside (", number + 1)),
                    "{said}\n{line}"
                );
                assert!(said.contains(reason), "{said}\n{line}");
            }
        }
        assert_eq!(rows(&bench, "SELECT count(*) FROM v_rejections"), [cases.len().min(40).to_string()]);
        let loaded = "SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM persons) + (SELECT count(*) FROM births)";
        assert_eq!(rows(&bench, loaded), ["1"], "{kind}");
        bench.run(&["verify", "w.db"]).ends_with(0);
    }
}

#[test]
fn bad_tables_and_wrong_uses_say_what_to_do() {
    let bench = Bench::new();
    bench.file(
        "p.csv",
        "patient_id,birth_date\nA,2024-01-01\nB,2024-01-01,3\n\"C\"x,2024-01-01\nD,2024-01-04\n",
    );
    let ran = load(&bench, &["--persons", "p.csv"]).ends_with(3);
    assert!(ran.err.contains("p.csv:3: set aside (field_count)"), "{}", ran.err);
    assert!(ran.err.contains("p.csv:4: set aside (malformed_quotes)"), "{}", ran.err);
    assert_eq!(rows(&bench, "SELECT patient_id FROM v_persons ORDER BY 1"), ["A", "D"]);
    bench.file("other.csv", "name,age\nx,3\n");
    let said = |arguments: &[&str], code| load(&bench, arguments).ends_with(code).err;
    assert!(said(&["--persons", "other.csv"], 1).contains("none is patient_id or person_id"));
    assert!(said(&["--births", "other.csv"], 1).contains("none is area"));
    assert!(said(&["--persons", "missing.csv"], 1).contains("no such file"));
    assert!(said(&["--persons", "p.txt"], 1).contains("p.txt"));
    assert!(said(&["--persons", "-", "--events", "-"], 1).contains("can be read once"));
    assert!(said(&[], 2).contains("--persons"));
    assert!(
        bench
            .run(&["load", "--into", "e.jsonl", "--persons", "p.csv"])
            .ends_with(1)
            .err
            .contains("warehouse")
    );
    let before = std::fs::metadata(bench.path("w.db")).unwrap().len();
    said(&["--persons", "p.csv", "--births", "missing.csv"], 1);
    assert_eq!(std::fs::metadata(bench.path("w.db")).unwrap().len(), before);
}

// Persons and births

fn persons(bench: &Bench, table: &str) -> Ran {
    bench.file("p.csv", table);
    load(bench, &["--persons", "p.csv"]).ends_with(0)
}

const PREGNANCIES: &str =
    "SELECT patient_id, pregnancy_from, pregnancy_until, multiple FROM v_persons ORDER BY patient_id";

#[test]
fn pregnancies_are_counted_from_conception_gestation_or_birth() {
    let bench = Bench::new();
    persons(
        &bench,
        "patient_id,birth_date,gestational_age_days_at_birth,conception_date
A,2024-01-01,,2023-04-15
B,2024-01-01T08:30:00,270,
C,2024-01-01,,
D,,,2023-04-15
E,,,
",
    );
    let expected = [
        "A|2023-04-01|2024-12-31|0",
        "B|2023-04-06|2024-12-31|0",
        "C|2023-03-13|2024-12-31|0",
        "D|2023-04-01|2025-01-19|0",
        "E|||0",
    ];
    assert_eq!(rows(&bench, PREGNANCIES), expected);
    let conceptions = rows(&bench, "SELECT patient_id, conception_date FROM v_persons ORDER BY 1");
    assert_eq!(conceptions, ["A|2023-04-15", "B|2023-04-20", "C|", "D|2023-04-15", "E|"]);
    bench.run(&["verify", "w.db"]).ends_with(0);
}

#[test]
fn siblings_bound_a_pregnancy_and_twins_share_theirs() {
    let bench = Bench::new();
    let table = "patient_id,birth_date,gestational_age_days_at_birth,mother_id,multiple_birth_rank
first,2024-01-01,280,M,
";
    persons(&bench, table);
    assert_eq!(rows(&bench, PREGNANCIES), ["first|2023-03-27|2024-12-31|0"]);
    let more = "patient_id,birth_date,gestational_age_days_at_birth,mother_id,multiple_birth_rank
twin-a,2024-12-01,238,M,1
twin-b,2024-12-03,,M,2
alone,2024-12-02,280,OTHER,
ranked,2024-12-02,280,,2
";
    persons(&bench, more);
    let expected = [
        "alone|2024-02-26|2025-12-02|0",
        "first|2023-03-27|2024-02-12|0",
        "ranked|2024-02-26|2025-12-02|1",
        "twin-a|2024-04-07|2025-12-01|1",
        "twin-b|2024-02-13|2025-12-03|1",
    ];
    assert_eq!(rows(&bench, PREGNANCIES), expected);
    let again = persons(&bench, more);
    assert_eq!(counts(&again, &FATES), [0, 0, 4, 0]);
    let corrected = persons(
        &bench,
        "patient_id,birth_date,gestational_age_days_at_birth,mother_id\ntwin-b,2024-12-03,238,OTHER\n",
    );
    assert_eq!(counts(&corrected, &FATES), [0, 1, 0, 0]);
    let after = rows(&bench, PREGNANCIES);
    assert!(after.contains(&"first|2023-03-27|2024-04-06|0".to_string()), "{after:?}");
    assert!(after.contains(&"twin-a|2024-04-07|2025-12-01|0".to_string()), "{after:?}");
    assert!(after.contains(&"twin-b|2024-04-09|2025-12-03|1".to_string()), "{after:?}");
    bench.run(&["verify", "w.db"]).ends_with(0);
}

#[test]
fn a_pregnancy_never_ends_before_its_birth() {
    let bench = Bench::new();
    // Nine months apart and no gestational age: the usual 294 days would reach back before the elder child.
    persons(&bench, "patient_id,birth_date,mother_id\nelder,2024-01-01,M\nyounger,2024-10-01,M\n");
    assert_eq!(rows(&bench, PREGNANCIES)[0], "elder|2023-03-13|2024-01-01|0");
    bench.run(&["verify", "w.db"]).ends_with(0);
}

#[test]
fn births_are_kept_by_area_and_period() {
    let bench = Bench::new();
    let table =
        "area,period,live_births,stillbirths\n35,2024,12000,60\n35,2024-03,1000,\n35,2024-W12,230,1\n";
    bench.file("b.csv", table);
    let ran = load(&bench, &["--births", "b.csv"]).ends_with(0);
    assert_eq!(counts(&ran, &["births", "written"]), [3, 3]);
    assert_eq!(counts(&load(&bench, &["--births", "b.csv"]).ends_with(0), &FATES), [0, 0, 3, 0]);
    bench.file("b.jsonl", r#"{"area":35,"period":2024,"live_births":"12001"}"#);
    assert_eq!(counts(&load(&bench, &["--births", "b.jsonl"]).ends_with(0), &FATES), [0, 1, 0, 0]);
    let expected = ["35|2024|12001|", "35|2024-03|1000|", "35|2024-W12|230|1"];
    assert_eq!(rows(&bench, "SELECT * FROM v_births ORDER BY period"), expected);
}

// Forgetting

fn holds(path: &Path, needle: &str) -> bool {
    let bytes = std::fs::read(path).unwrap();
    bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

const FAMILY: &str = "patient_id,birth_date,gestational_age_days_at_birth,mother_id
enfant-un,2024-01-01,280,mere-secrete
enfant-deux,2024-12-01,238,mere-secrete
enfant-trois,2024-12-02,238,mere-secrete
";

fn family() -> Bench {
    let bench = Bench::new();
    bench.file("p.csv", FAMILY);
    let of_mother = json!({"document_id": "doc-mere", "patient_id": "mere-secrete", "text": "hydramnios", "concept": "x"});
    let all = [
        diagnosis("enfant-un", "Q39.1"),
        diagnosis("enfant-deux", "Q21.0"),
        diagnosis("mere-secrete", "O40"),
        of_mother,
    ];
    bench.file("e.jsonl", lines(&all));
    load(&bench, &["--persons", "p.csv", "--events", "e.jsonl"]).ends_with(0);
    sql(&bench)
        .execute_batch(
            "INSERT INTO cohorts (phenotype, phenotype_version, patient_id, case_level, evidence)
                SELECT 'ao', '1', patient_id, 'definite', '[]' FROM patients;
            INSERT INTO reviews (phenotype, patient, verdict, reviewer, reviewed_at, reason)
                SELECT 'ao', patient, 'validated', 'r', '2026-01-01', 'revue-de-' || patient_id FROM patients",
        )
        .unwrap();
    bench
}

#[test]
fn a_forgotten_child_leaves_no_trace() {
    let bench = family();
    let traces = ["enfant-deux", "revue-de-enfant-deux"];
    traces.iter().for_each(|trace| {
        assert!(holds(&bench.path("w.db"), trace) || holds(&bench.path("w.db-wal"), trace))
    });
    let ran = bench.run(&["forget", "w.db", "--patient", "enfant-deux"]).ends_with(0);
    assert_eq!(ran.out.trim(), "forgotten: 0 documents, 1 events, 1 persons, 1 reviews");
    traces.iter().for_each(|trace| assert!(!holds(&bench.path("w.db"), trace), "{trace}"));
    let after = rows(&bench, PREGNANCIES);
    assert_eq!(
        after[1], "enfant-un|2023-03-27|2024-04-07|0",
        "the next pregnancy is that of the third child"
    );
    assert!(after[0].ends_with("|0"), "no twin any more: {after:?}");
    assert_eq!(
        rows(&bench, "SELECT patient_id FROM v_cohorts"),
        ["enfant-trois", "enfant-un"],
        "the mother's rested on it"
    );
    let refused = load(&bench, &["--persons", "p.csv", "--events", "e.jsonl"]).ends_with(0);
    assert_eq!(counts(&refused, &["written", "replaced", "unchanged", "forgotten"]), [0, 0, 5, 2]);
    assert!(!holds(&bench.path("w.db"), "enfant-deux"));
    bench.run(&["verify", "w.db"]).ends_with(0);
}

#[test]
fn a_forgotten_mother_leaves_no_trace_in_her_children() {
    let bench = family();
    let ran = bench.run(&["forget", "w.db", "--patient", "mere-secrete"]).ends_with(0);
    assert_eq!(ran.out.trim(), "forgotten: 1 documents, 2 events, 0 persons, 1 reviews");
    for trace in ["mere-secrete", "doc-mere", "hydramnios"] {
        assert!(!holds(&bench.path("w.db"), trace), "{trace}");
    }
    let expected = [
        "enfant-deux|2024-04-07|2025-12-01|0",
        "enfant-trois|2024-04-08|2025-12-02|0",
        "enfant-un|2023-03-27|2024-12-31|0",
    ];
    assert_eq!(rows(&bench, PREGNANCIES), expected);
    assert_eq!(rows(&bench, "SELECT count(*) FROM v_cohorts"), ["0"]);
    let again = load(&bench, &["--persons", "p.csv", "--events", "e.jsonl"]).ends_with(0);
    assert_eq!(counts(&again, &["written", "replaced", "unchanged", "forgotten"]), [0, 0, 5, 2]);
    assert_eq!(rows(&bench, PREGNANCIES), expected);
    assert!(!holds(&bench.path("w.db"), "mere-secrete"));
    bench.run(&["verify", "w.db"]).ends_with(0);
}

#[test]
fn a_mother_known_by_one_child_goes_with_it() {
    let bench = Bench::new();
    persons(&bench, "patient_id,mother_id\nenfant-seul,mere-seule\n");
    bench.run(&["forget", "w.db", "--patient", "enfant-seul"]).ends_with(0);
    assert_eq!(rows(&bench, "SELECT * FROM patients"), Vec::<String>::new());
    assert!(!holds(&bench.path("w.db"), "mere-seule"));
}

#[test]
fn verify_finds_what_was_tampered_with() {
    let cases = [
        ("UPDATE persons SET multiple = 0", "pregnancies"),
        ("UPDATE persons SET pregnancy_until = pregnancy_until + 1", "pregnancies"),
        ("UPDATE persons SET mother = NULL", "pregnancies"),
        ("UPDATE persons SET mother = patient", "mothers"),
        ("UPDATE events SET patient = NULL WHERE doc IS NULL", "patients"),
        ("UPDATE events SET report_day = NULL", "days"),
        ("DELETE FROM events WHERE doc IS NULL", "event-counters"),
        ("PRAGMA foreign_keys = OFF; UPDATE reviews SET patient = 90 + patient", "foreign-keys"),
    ];
    for (tampering, check) in cases {
        let bench = family();
        bench.run(&["verify", "w.db"]).ends_with(0);
        sql(&bench).execute_batch(tampering).unwrap();
        let found = bench.run(&["verify", "w.db"]).ends_with(1).out;
        let broken = found.lines().any(|line| line.contains("BROKEN") && line.contains(check));
        assert!(broken, "{tampering}: {found}");
    }
}
