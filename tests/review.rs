//! Cases judged by people: the draw, the sheet and back, and the figures, checked by hand.

use std::collections::BTreeMap;
use std::fmt::Write;

use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::support::{Bench, Ran};

const CLEAR: &str = "Compte rendu. Atrésie de l'œsophage opérée à J2. Suites simples.";
const DOUBT: &str = "Compte rendu. Suspicion d'atrésie de l'œsophage à confirmer.";
const OTHER: &str = "Compte rendu. Examen sans particularité.";
const PHENOTYPE: &str = "oesophageal_atresia";

/// definite/text P00..P05 (P05 by the report of the mother, M05), definite/both P06..P11, probable/code C0..C3,
/// weak P12..P15 by text and W0 by code, nothing P16 and P17.
fn bench() -> Bench {
    let bench = Bench::new();
    let mut reports = String::new();
    let mut add = |patient: &str, text: &str| {
        let report = json!({"document_id": format!("D-{patient}"), "text": text, "patient_id": patient,
            "document_date": "2024-02-03", "document_type": "CRH"});
        writeln!(reports, "{report}").unwrap();
    };
    for i in (0..=17).filter(|i| *i != 5) {
        add(
            &format!("P{i:02}"),
            if i < 12 {
                CLEAR
            } else if i < 16 {
                DOUBT
            } else {
                OTHER
            },
        );
    }
    add("M05", CLEAR);
    bench.file("reports.jsonl", &reports);
    bench.run(&["annotate", "reports.jsonl", "--into", "w.db"]).ends_with(0);
    let db = Connection::open(bench.path("w.db")).unwrap();
    db.execute_batch(
        "INSERT INTO patients (patient_id) VALUES ('P05'), ('C0'), ('C1'), ('C2'), ('C3'), ('W0');
        INSERT INTO persons (patient, mother) SELECT c.patient, m.patient FROM patients c, patients m
            WHERE c.patient_id = 'P05' AND m.patient_id = 'M05';
        INSERT INTO contexts (assertion, certainty, conclusion, experiencer, temporality, method, position)
            VALUES ('present', 1.0, 'present', 'patient', 'current', 'structured', 'DP');",
    )
    .unwrap();
    for patient in (6..12).map(|i| format!("P{i:02}")).chain(["C0", "C1", "C2", "C3", "W0"].map(String::from))
    {
        coded(&db, &patient);
    }
    for i in 0..12 {
        let own = if i == 5 { "D-M05".to_string() } else { format!("D-P{i:02}") };
        let mut evidence = vec![event_of(&db, &own)];
        if i >= 6 {
            evidence.push(format!("S-P{i:02}"));
        }
        case(&db, &format!("P{i:02}"), "definite", &evidence);
    }
    for patient in ["C0", "C1", "C2", "C3"] {
        case(&db, patient, "probable", &[format!("S-{patient}")]);
    }
    bench
}

fn coded(db: &Connection, patient: &str) {
    let sql = "INSERT INTO events (event_id, patient, meaning, rule, engine, context, start, \"end\", text, confidence,
            event_date, day, report_day)
        SELECT ?1, (SELECT patient FROM patients WHERE patient_id = ?2), e.meaning, e.rule, e.engine,
            (SELECT context FROM contexts WHERE method = 'structured'), 0, 0, '', 1.0, '2024-02-01', 19754, 19754
        FROM events e JOIN meanings m USING (meaning) WHERE m.subgroups LIKE '%oesophageal_atresia%' LIMIT 1";
    assert_eq!(db.execute(sql, params![format!("S-{patient}"), patient]).unwrap(), 1);
}

fn event_of(db: &Connection, document: &str) -> String {
    let sql =
        "SELECT event_id FROM v_events WHERE document_id = ?1 AND subgroups LIKE '%oesophageal_atresia%'";
    db.query_row(sql, [document], |row| row.get(0)).expect(document)
}

fn case(db: &Connection, patient: &str, level: &str, evidence: &[String]) {
    let sql = "INSERT INTO cohorts (phenotype, phenotype_version, patient_id, case_level, index_date, evidence, class,
        run_at) VALUES (?1, ?2, ?3, ?4, '2024-02-03', ?5, 'isolated', ?6)";
    let evidence = serde_json::to_string(evidence).unwrap();
    db.execute(sql, params![PHENOTYPE, "2", patient, level, evidence, "2026-11-23T10:00:00Z"]).unwrap();
    // An earlier run, with a version that sorts later.
    let old = params![PHENOTYPE, "9", patient, "possible", "[]", "2026-11-01T10:00:00Z"];
    db.execute(sql, old).unwrap();
}

fn sample(bench: &Bench, more: &[&str]) -> Ran {
    let mut arguments = vec!["review", "sample", "w.db", "--phenotype", PHENOTYPE];
    arguments.extend(more);
    bench.run(&arguments).ends_with(0)
}

#[test]
fn the_draw_is_stratified_weighted_and_repeatable() {
    let bench = bench();
    let first = sample(&bench, &["--n", "10"]);
    assert_eq!(first.out, sample(&bench, &["--n", "10"]).out);
    assert_ne!(first.out, sample(&bench, &["--n", "10", "--seed", "7"]).out);
    let mut strata: BTreeMap<String, (i64, i64, i64)> = BTreeMap::new();
    for line in first.json() {
        let size = line["stratum_size"].as_i64().unwrap();
        let sampled = line["sampled"].as_i64().unwrap();
        let seen = strata.entry(line["stratum"].as_str().unwrap().into()).or_insert((size, sampled, 0));
        seen.2 += 1;
        assert_eq!(line["weight"].as_f64().unwrap(), size as f64 / sampled as f64);
        assert_eq!(line["phenotype_version"], "2");
        for empty in ["verdict", "reviewer", "reviewed_at", "reason"] {
            assert_eq!(line[empty], "");
        }
    }
    let expected = [
        ("definite/both", (6, 5, 5)),
        ("definite/text", (6, 5, 5)),
        ("non_case", (5, 5, 5)),
        ("probable/code", (4, 4, 4)),
    ];
    assert_eq!(strata, BTreeMap::from(expected.map(|(name, counts)| (name.to_string(), counts))));
    let all = sample(&bench, &["--n", "1000"]).json();
    assert_eq!(all.len(), 21);
    assert!(all.iter().all(|line| !["M05", "P16", "P17"].contains(&line["patient_id"].as_str().unwrap())));
}

#[test]
fn the_sheet_shows_the_evidence_and_the_words_only_when_they_are_at_hand() {
    let bench = bench();
    let bare = sample(&bench, &["--n", "1000"]).json();
    let with = sample(&bench, &["--n", "1000", "--reports", "reports.jsonl"]).json();
    let of =
        |lines: &[Value], patient: &str| lines.iter().find(|l| l["patient_id"] == patient).unwrap().clone();
    let line = of(&bare, "P07");
    assert_eq!(line["snippets"][0]["text"], "«Atrésie de l'œsophage»");
    assert_eq!(line["snippets"][0]["document_id"], "D-P07");
    assert_eq!(line["snippets"][0]["document_date"], "2024-02-03");
    assert_eq!(line["codes"][0]["position"], "DP");
    assert_eq!((&line["case_level"], &line["class"]), (&json!("definite"), &json!("isolated")));
    let text = |line: &Value| line["snippets"][0]["text"].as_str().unwrap().to_string();
    assert_eq!(text(&of(&with, "P07")), "Compte rendu. «Atrésie de l'œsophage» opérée à J2. Suites simples.");
    // In the report of the mother.
    assert_eq!(of(&with, "P05")["snippets"][0]["document_id"], "D-M05");
    let weak = of(&with, "P12");
    assert!(
        text(&weak).contains("«atrésie de l'œsophage»") && weak["snippets"][0]["assertion"] == "possible"
    );
    assert_eq!((&weak["case_level"], &weak["stratum"]), (&Value::Null, &json!("non_case")));
    assert_eq!(of(&with, "W0")["snippets"], json!([]));
    bench.run(&["review", "sample", "w.db", "--phenotype", "none"]).ends_with(1);
}

/// Fills the sheet: of each stratum, in order of patients, the verdicts given.
fn fill(sheet: &str, verdicts: &[(&str, &[&str])]) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(sheet.as_bytes());
    let mut rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    rows.sort_by(|a, b| a["patient_id"].cmp(&b["patient_id"]));
    for (stratum, given) in verdicts {
        let of = rows.iter_mut().filter(|row| row["stratum"] == *stratum);
        for (row, verdict) in of.zip(*given) {
            row.insert("verdict".into(), (*verdict).into());
        }
    }
    rows
}

fn as_csv(rows: &[BTreeMap<String, String>], delimiter: u8) -> Vec<u8> {
    let mut out = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    out.write_record(rows[0].keys()).unwrap();
    for row in rows {
        out.write_record(row.values()).unwrap();
    }
    out.into_inner().unwrap()
}

const VERDICTS: [(&str, &[&str]); 4] = [
    ("definite/text", &["validé", "validated", "Valide", "validated", "rejeté"]),
    ("definite/both", &["validated", "validated", "validated", "validated", "validated"]),
    ("probable/code", &["validated", "validated", "rejected", "incertain"]),
    ("non_case", &["validated", "rejected", "rejected", "rejected", ""]),
];

fn reviewed() -> Bench {
    let bench = bench();
    sample(&bench, &["--n", "10", "--format", "csv", "--out", "sheet.csv"]);
    bench.file("filled.csv", as_csv(&fill(&bench.read("sheet.csv"), &VERDICTS), b','));
    let ran = bench.run(&["review", "import", "w.db", "filled.csv", "--reviewer", "AB"]).ends_with(0);
    assert_eq!(
        ran.out.trim(),
        "18 verdicts stored, 0 replaced, 0 already there; 1 lines without a verdict; 0 set aside"
    );
    bench
}

fn rows(bench: &Bench, sql: &str) -> i64 {
    Connection::open(bench.path("w.db")).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_sheet_goes_round_and_is_stored_once() {
    let bench = reviewed();
    let ran = bench.run(&["review", "import", "w.db", "filled.csv", "--reviewer", "AB"]).ends_with(0);
    assert!(ran.out.starts_with("0 verdicts stored, 0 replaced, 18 already there"), "{}", ran.out);
    assert_eq!(rows(&bench, "SELECT count(*) FROM reviews"), 18);
    assert_eq!(
        rows(&bench, "SELECT count(*) FROM v_reviews WHERE verdict = 'rejected' AND source = 'text'"),
        1
    );
    assert_eq!(
        rows(&bench, "SELECT count(*) FROM v_reviews WHERE stratum = 'non_case' AND source IS NULL"),
        4
    );
    // A sheet with verdicts is never written over.
    let again = ["review", "sample", "w.db", "--phenotype", PHENOTYPE, "--out", "filled.csv"];
    assert!(bench.run(&again).ends_with(1).err.contains("new file"));
    // As a French spreadsheet saves it, with the reviewer's change of mind on the day stored.
    let mut changed = fill(&bench.read("filled.csv"), &[]);
    let day: String = Connection::open(bench.path("w.db"))
        .unwrap()
        .query_row("SELECT min(reviewed_at) FROM reviews", [], |row| row.get(0))
        .unwrap();
    let (year, month, date) = (&day[..4], &day[5..7], &day[8..]);
    let row = changed
        .iter_mut()
        .find(|row| row["stratum"] == "definite/text" && row["verdict"] == "rejeté")
        .unwrap();
    row.insert("reviewed_at".into(), format!("{date}/{month}/{year}"));
    row.insert("verdict".into(), "incertain".into());
    row.insert("reason".into(), "à revoir".into());
    let text = String::from_utf8(as_csv(&changed, b';')).unwrap();
    let latin: Vec<u8> =
        text.replace('œ', "oe").chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    bench.file("excel.csv", latin);
    let ran = bench.run(&["review", "import", "w.db", "excel.csv", "--reviewer", "AB"]).ends_with(0);
    assert!(ran.out.starts_with("0 verdicts stored, 1 replaced, 17 already there"), "{}", ran.out);
    assert_eq!(rows(&bench, "SELECT count(*) FROM reviews WHERE reason = 'à revoir'"), 1);
    // Forgetting takes the verdicts along.
    bench.run(&["forget", "w.db", "--patient", "P12"]).ends_with(0);
    assert_eq!(rows(&bench, "SELECT count(*) FROM v_reviews WHERE patient_id = 'P12'"), 0);
}

#[test]
fn bad_lines_are_set_aside_and_their_neighbours_stored() {
    let bench = bench();
    let sheet = sample(&bench, &["--n", "10"]).json();
    let (good, other) = (&sheet[0], &sheet[1]);
    let line = |change: &[(&str, &str)]| {
        let mut line = good.clone();
        line["verdict"] = json!("rejected");
        line["reviewer"] = json!("AB");
        for (name, value) in change {
            line[*name] = json!(value);
        }
        line.to_string()
    };
    let lines = [
        line(&[("verdict", "peut-être")]),
        line(&[("reviewer", "")]),
        line(&[("patient_id", other["patient_id"].as_str().unwrap())]),
        line(&[("patient_id", "SECRET"), ("sheet_id", "")]),
        line(&[("reviewed_at", "2024-13-01")]),
        "{".into(),
        line(&[("reviewed_at", "2024-03-01")]),
        line(&[("reviewed_at", "2024-03-01T12:00:00Z")]),
    ];
    bench.file("back.jsonl", lines.join("\n"));
    let ran = bench.run(&["review", "import", "w.db", "back.jsonl"]).ends_with(3);
    assert!(
        ran.out.contains("1 verdicts stored, 0 replaced, 1 already there") && ran.out.contains("6 set aside")
    );
    let named: Vec<&str> = ran.err.lines().map(|l| l.split(": ").next().unwrap()).collect();
    assert_eq!(named, (1..=6).map(|i| format!("back.jsonl:{i}")).collect::<Vec<_>>());
    assert!(!ran.err.contains("SECRET") && !ran.err.contains("peut"), "{}", ran.err);
    assert_eq!(rows(&bench, "SELECT count(*) FROM reviews WHERE reviewed_at = '2024-03-01'"), 1);
    bench.run(&["review", "import", "none.db", "back.jsonl"]).ends_with(1);
    assert!(!bench.path("none.db").exists());
}

fn report(bench: &Bench) -> Value {
    let arguments = ["review", "report", "w.db", "--phenotype", PHENOTYPE, "--format", "json"];
    bench.run(&arguments).ends_with(0).json().remove(0)
}

#[track_caller]
fn near(value: &Value, expected: f64) {
    let value = value.as_f64().unwrap();
    assert!((value - expected).abs() < 1e-6, "{value} for {expected}");
}

#[test]
fn predictive_values_by_hand() {
    let bench = reviewed();
    let report = report(&bench);
    let all = &report["overall"];
    let counts =
        ["cases", "reviewed", "validated", "rejected", "uncertain"].map(|name| all[name].as_i64().unwrap());
    assert_eq!(counts, [16, 14, 11, 2, 1]);
    near(&all["ppv"], 11.0 / 13.0);
    // (6 * 4/5 + 6 * 5/5 + 4 * 2/3) / 16
    near(&all["weighted"]["share"], (4.8 + 6.0 + 8.0 / 3.0) / 16.0);
    // 9 of 10, exact: 0.5550 to 0.9975 (any table of the binomial law).
    let definite = &report["by_case_level"][0];
    assert_eq!(definite["name"], "definite");
    near(&definite["ppv"], 0.9);
    assert!((definite["exact"]["low"].as_f64().unwrap() - 0.5550).abs() < 5e-5);
    assert!((definite["exact"]["high"].as_f64().unwrap() - 0.9975).abs() < 5e-5);
    let names = |key: &str| -> Vec<String> {
        report[key].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap().into()).collect()
    };
    assert_eq!(names("by_source"), ["both", "code", "text"]);
    assert_eq!(names("by_stratum"), ["definite/both", "definite/text", "probable/code"]);
    near(&report["by_stratum"][2]["ppv"], 2.0 / 3.0);
    let weak = &report["non_cases"];
    assert_eq!((weak["patients"].as_i64(), weak["reviewed"].as_i64()), (Some(5), Some(4)));
    near(&weak["share"], 0.25);
    assert_eq!(report["agreement"], json!([]));
    let table = bench.run(&["review", "report", "w.db"]).ends_with(0).out;
    assert!(table.contains("0.846") && table.contains("independent"), "{table}");
}

#[test]
fn sensitivity_by_hand() {
    let fresh = bench();
    // No verdict: all cases, 12 by text, 10 by codes, 6 by both: 13 * 11 / 7 - 1.
    let before = report(&fresh);
    assert_eq!(before["sensitivity_basis"], "all_cases");
    near(&before["sensitivity"][0]["estimate"]["total"], 13.0 * 11.0 / 7.0 - 1.0);
    near(&before["sensitivity"][0]["phenotype"][0], 16.0 / (13.0 * 11.0 / 7.0 - 1.0));
    assert_eq!(before["overall"]["ppv"], Value::Null);
    // Verdicts: 4.8, 6 and 2.67 cases; 12 * 10 / 7 - 1, variance 12 * 10 * 5 * 3 / (49 * 8).
    let after = report(&reviewed());
    assert_eq!(after["sensitivity_basis"], "validated_weighted");
    let all = &after["sensitivity"][0];
    assert_eq!((&all["text_only"], &all["code_only"], &all["both"]), (&json!(5), &json!(3), &json!(6)));
    near(&all["estimate"]["total"], 12.0 * 10.0 / 7.0 - 1.0);
    near(&all["estimate"]["variance"], 1800.0 / 392.0);
    near(&all["phenotype"][0], 14.0 / (12.0 * 10.0 / 7.0 - 1.0));
    let definite = &after["sensitivity"][1];
    assert_eq!(definite["case_level"], "definite");
    near(&definite["estimate"]["total"], 11.0);
    // No report finds a probable case: nothing can be said.
    assert_eq!(
        (&after["sensitivity"][2]["estimate"], &after["sensitivity"][2]["phenotype"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn reviewers_who_differ() {
    let bench = reviewed();
    let both: Vec<Value> = sample(&bench, &["--n", "10"]).json();
    let both =
        both.iter().filter(|line| line["stratum"] == "definite/both").take(2).zip(["validated", "rejected"]);
    let lines: Vec<String> = both
        .map(|(line, verdict)| {
            json!({"phenotype": PHENOTYPE, "patient_id": line["patient_id"], "verdict": verdict}).to_string()
        })
        .collect();
    bench.file("second.jsonl", lines.join("\n"));
    bench.run(&["review", "import", "w.db", "second.jsonl", "--reviewer", "CD"]).ends_with(0);
    let report = report(&bench);
    let pair = &report["agreement"][0];
    assert_eq!((&pair["first"], &pair["second"]), (&json!("AB"), &json!("CD")));
    assert_eq!((&pair["shared"], &pair["same"]), (&json!(2), &json!(1)));
    near(&pair["share"], 0.5);
    near(&pair["kappa"], 0.0);
    // One against one is no verdict.
    assert_eq!(report["overall"]["uncertain"], 2);
    assert_eq!(report["overall"]["validated"], 10);
}
