//! Phenotypes through the program: the language, feature by feature, cohorts and their reasons, the word of reviewers,
//! and the compiled statement against a plain evaluation in memory.

use std::collections::{BTreeMap, BTreeSet};

use laennec::cohort::{Runnable, cases};
use laennec::document::Document;
use laennec::event::{
    Assertion, CodedEvent, Coding, DatePrecision, Experiencer, Method, Provenance, Temporality,
};
use laennec::phenotype::{Dialect, Facts, Loaded, Vocabulary, staging};
use laennec::population::Person;
use laennec::warehouse::{Annotated, EngineFingerprint, Outcome, Warehouse, date_of};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{Bench, Ran, root};

const FEATURES: usize = 29;
const VIGNETTES: usize = 220;

fn features() -> String {
    root().join("tests/data/phenotypes").to_str().unwrap().to_string()
}

#[test]
fn every_feature_of_the_language_holds_on_both_sides_of_its_boundaries() {
    let bench = Bench::new();
    let checked = bench.run(&["phenotype", "check", &features()]).ends_with(0).out;
    assert_eq!(checked.trim(), format!("{FEATURES} definitions, no problem"));
    let ran = bench.run(&["phenotype", "test", &features(), "--failures"]).ends_with(0).out;
    assert_eq!(ran.trim(), format!("{VIGNETTES} of {VIGNETTES} vignettes pass, in {FEATURES} definitions"));
}

#[test]
fn every_feature_has_cases_and_others_and_a_wrong_expectation_is_told() {
    let bench = Bench::new();
    for file in std::fs::read_dir(features()).unwrap().map(|entry| entry.unwrap().path()) {
        let text = std::fs::read_to_string(&file).unwrap();
        let cases = text.matches("[[case]]").count();
        assert!(cases >= 4, "{} has {cases} vignettes", file.display());
        let none = text.matches("expect = \"none\"").count();
        // What is tried of an index is its day.
        assert!(none < cases && (none > 0 || text.contains("index = \"20")), "{}", file.display());
    }
    let wrong = std::fs::read_to_string(root().join("tests/data/phenotypes/calendar.toml")).unwrap();
    bench.file("wrong.toml", wrong.replacen("expect = \"none\"", "expect = \"season\"", 1));
    let ran = bench.run(&["phenotype", "test", "wrong.toml", "--failures"]).ends_with(1);
    assert!(
        ran.out.contains("wrong.toml:22: la veille: expected season, found none (failed: leap)"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("7 of 8 vignettes pass"), "{}", ran.out);
}

// A small warehouse

const SMALL: &str = r#"id = "small"
title = "Atrésie de l'œsophage"
definition = "Codée et dite, l'une des deux, ou suspectée ; sauf trisomie 18."
index = "birth"
[sets.atresia]
codes = ["CIM-10:Q39.0", "CIM-10:Q39.1"]
subgroups = ["oesophageal_atresia"]
[sets.trisomy]
codes = ["CIM-10:Q91"]
[rules.coded]
set = "atresia"
method = "structured"
[rules.read]
set = "atresia"
method = "text"
document_types = ["CRH"]
[rules.suspected]
set = "atresia"
assertion = ["possible"]
[rules.trisomy]
set = "trisomy"
[[level]]
name = "definite"
when = { all = ["coded", "read"] }
[[level]]
name = "probable"
when = { any = ["coded", "read"] }
[[level]]
name = "possible"
when = "suspected"
[[exclude]]
name = "eighteen"
when = "trisomy"
[[case]]
name = "un code"
expect = "probable"
events = [{ codes = ["CIM-10:Q39.1"], date = "2024-01-05" }]
[[case]]
name = "une trisomie"
expect = "none"
events = [{ codes = ["CIM-10:Q91.3"], date = "2024-01-05" }]
"#;

/// A: code and report. B: code. C: report. D: suspicion. E: code and trisomy. F: a report of nothing. G: known only.
fn small() -> Bench {
    let bench = Bench::new();
    bench.file("small.toml", SMALL);
    let report = |patient: &str, text: &str| {
        let day = "2024-02-03";
        json!({"document_id": format!("D-{patient}"), "text": text, "patient_id": patient, "document_date": day,
            "document_type": "CRH"})
        .to_string()
    };
    let reports = [
        report("A", "Compte rendu. Atrésie de l'œsophage opérée à J2. Suites simples."),
        report("C", "Compte rendu. Nouveau-né porteur d'une atrésie de l'œsophage de type III."),
        report("D", "Compte rendu. Suspicion d'atrésie de l'œsophage à confirmer."),
        report("F", "Compte rendu. Examen sans particularité."),
    ];
    bench.file("r.jsonl", reports.join("\n"));
    let code = |patient: &str, code: &str| {
        json!({"patient_id": patient, "codings": [{"system": "CIM-10", "code": code}], "event_date": "2024-02-02",
            "position": "DP"})
        .to_string()
    };
    let codes = [code("A", "Q39.1"), code("B", "Q39.0"), code("E", "Q39.1"), code("E", "Q91.3")];
    bench.file("e.jsonl", codes.join("\n"));
    let persons: String = "ABCDEFG".chars().map(|patient| format!("{patient},2024-02-01\n")).collect();
    bench.file("p.csv", format!("patient_id,birth_date\n{persons}"));
    bench.run(&["annotate", "r.jsonl", "--into", "w.db"]).ends_with(0);
    bench.run(&["load", "--into", "w.db", "--events", "e.jsonl", "--persons", "p.csv"]).ends_with(0);
    bench
}

fn run(bench: &Bench, more: &[&str]) -> Ran {
    bench.run(&[&["phenotype", "run", "small.toml", "--warehouse", "w.db"], more].concat())
}

fn cohort(bench: &Bench) -> Vec<String> {
    let db = Connection::open(bench.path("w.db")).unwrap();
    let sql =
        "SELECT concat_ws('|', phenotype, phenotype_version, patient_id, case_level, index_date, evidence)
        FROM v_cohorts ORDER BY phenotype, patient_id";
    let mut select = db.prepare(sql).unwrap();
    select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn levels(ran: &Ran) -> Vec<(String, String)> {
    let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_string();
    ran.json().iter().map(|line| (text(line, "patient_id"), text(line, "case_level"))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(patient, level)| (patient.to_string(), level.to_string())).collect()
}

const LEVELS: [(&str, &str); 4] =
    [("A", "definite"), ("B", "probable"), ("C", "probable"), ("D", "possible")];

#[test]
fn a_cohort_is_printed_stored_once_and_the_same_again() {
    let bench = small();
    let dry = run(&bench, &["--dry-run", "--format", "jsonl"]).ends_with(0);
    assert_eq!(levels(&dry), pairs(&LEVELS));
    assert_eq!(cohort(&bench), Vec::<String>::new(), "--dry-run stores nothing");
    let first = run(&bench, &["--format", "jsonl"]).ends_with(0);
    assert_eq!(first.out, dry.out);
    let stored = cohort(&bench);
    assert_eq!(stored.len(), 4);
    for (line, row) in first.json().iter().zip(&stored) {
        assert_eq!(line["index_date"], "2024-02-01");
        let evidence = line["evidence"].to_string();
        let cells = ["phenotype", "version", "patient_id", "case_level", "index_date"];
        let cells: Vec<&str> = cells.iter().map(|key| line[*key].as_str().unwrap()).collect();
        assert_eq!(*row, format!("{}|{evidence}", cells.join("|")));
    }
    assert_eq!(first.json()[0]["evidence"].as_array().unwrap().len(), 2, "the code and the report");
    assert_eq!(run(&bench, &["--format", "jsonl"]).ends_with(0).out, first.out);
    assert_eq!(cohort(&bench), stored, "the same version replaces its own cohort");
    let evidence = first.json()[2]["evidence"][0].as_str().unwrap().to_string();
    let events = bench.run(&["events", "w.db", "--patient", "C"]).ends_with(0).json();
    assert!(
        events.iter().any(|event| event["event_id"] == evidence.as_str() && event["document_id"] == "D-C")
    );
    bench.run(&["verify", "w.db"]).ends_with(0);
}

#[test]
fn a_cohort_has_three_formats() {
    let bench = small();
    let csv = run(&bench, &["--format", "csv"]).ends_with(0).out;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    let found: Vec<(String, String)> =
        rows.iter().map(|row| (row["patient_id"].clone(), row["case_level"].clone())).collect();
    assert_eq!(found, pairs(&LEVELS));
    assert_eq!(rows[0]["evidence"].split(' ').count(), 2);
    let table = run(&bench, &[]).ends_with(0).out;
    assert!(table.contains("definite") && table.contains("2 events"), "{table}");
    let one = run(&bench, &["--format", "jsonl", "--patient", "B"]).ends_with(0);
    assert_eq!(levels(&one), pairs(&[("B", "probable")]));
    assert_eq!(cohort(&bench).len(), 4, "--patient chooses what is printed, not what is stored");
    let nobody = run(&bench, &["--format", "csv", "--patient", "nobody"]).ends_with(0).out;
    assert_eq!(nobody.lines().count(), 1, "a header and no row: {nobody}");
}

#[test]
fn each_case_has_its_rules_and_each_other_the_first_that_failed() {
    let bench = small();
    let lines = run(&bench, &["--explain", "--format", "jsonl"]).ends_with(0).json();
    let rules = |line: &Value| line["rules"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let expected: [(&str, &[&str], Option<&str>); 7] = [
        ("A", &["coded", "read"], None),
        ("B", &["coded"], None),
        ("C", &["read"], None),
        ("D", &["suspected"], None),
        ("E", &["coded", "trisomy"], Some("eighteen")),
        ("F", &[], Some("suspected")),
        ("G", &[], Some("suspected")),
    ];
    assert_eq!(lines.len(), expected.len());
    for (line, (patient, held, failed)) in lines.iter().zip(expected) {
        assert_eq!((line["patient_id"].as_str(), line["failed"].as_str()), (Some(patient), failed));
        assert_eq!(rules(line), held, "{patient}");
        assert_eq!(line["case_level"].is_null(), failed.is_some());
    }
    assert_eq!(lines[0]["rules"]["coded"].as_array().unwrap().len(), 1);
    let csv = run(&bench, &["--explain", "--format", "csv"]).ends_with(0).out;
    assert!(csv.lines().any(|line| line.starts_with("E,small,") && line.ends_with(",eighteen")), "{csv}");
    let table = run(&bench, &["--explain", "--patient", "F"]).ends_with(0).out;
    assert!(table.contains("failed: suspected") && !table.contains("eighteen"), "{table}");
}

#[test]
fn attrition_counts_patients_rule_by_rule() {
    let bench = small();
    let expected = [
        ("warehouse", "patients", 7),
        ("rule", "coded", 3),
        ("rule", "read", 2),
        ("rule", "suspected", 1),
        ("rule", "trisomy", 1),
        ("level", "definite", 1),
        ("level", "probable", 4),
        ("level", "possible", 1),
        ("entered", "any level", 5),
        ("exclude", "eighteen", 4),
        ("cases", "after review", 4),
    ];
    let lines = run(&bench, &["--attrition", "--format", "jsonl"]).ends_with(0).json();
    let found: Vec<(&str, &str, i64)> = lines
        .iter()
        .map(|line| {
            let text = |key: &str| line[key].as_str().unwrap();
            (text("kind"), text("name"), line["patients"].as_i64().unwrap())
        })
        .collect();
    assert_eq!(found, expected);
    let csv = run(&bench, &["--attrition", "--format", "csv"]).ends_with(0).out;
    assert_eq!(csv.lines().next(), Some("phenotype,kind,name,patients"));
    assert_eq!(csv.lines().count(), 1 + expected.len());
    assert_eq!(cohort(&bench), Vec::<String>::new(), "counting stores nothing");
}

#[test]
fn several_definitions_together_give_what_each_gives_alone() {
    let bench = small();
    bench.file("other.toml", SMALL.replace("\"small\"", "\"other\"").replace("Q39.0", "Q38.0"));
    let alone = run(&bench, &["--dry-run", "--format", "jsonl"]).ends_with(0);
    let explained = run(&bench, &["--dry-run", "--explain", "--format", "jsonl"]).ends_with(0);
    let together = run(&bench, &["other.toml", "--dry-run", "--format", "jsonl"]).ends_with(0);
    let both = run(&bench, &["other.toml", "--dry-run", "--explain", "--format", "jsonl"]).ends_with(0);
    let of = |ran: &Ran, id: &str| {
        let named = format!("\"phenotype\":\"{id}\"");
        ran.out
            .lines()
            .filter(|line| line.contains(&named))
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    assert_eq!(of(&together, "small"), alone.out);
    assert_eq!(of(&both, "small"), explained.out);
    assert_eq!(of(&together, "other").lines().count(), 3, "B has the other code");
    run(&bench, &["other.toml", "small.toml"]).ends_with(0);
    assert_eq!(cohort(&bench).len(), 7);
}

#[test]
fn exit_codes_and_what_is_not_there() {
    let bench = small();
    let missing = bench.run(&["phenotype", "run", "small.toml", "--warehouse", "none.db"]).ends_with(1);
    assert!(missing.err.contains("none.db") && !bench.path("none.db").exists(), "{}", missing.err);
    let unknown = bench.run(&["phenotype", "run", "smal.toml", "--warehouse", "w.db"]).ends_with(1);
    assert!(unknown.err.contains("smal.toml") && unknown.err.contains("phenotype list"), "{}", unknown.err);
    bench.run(&["phenotype", "run", "--warehouse", "w.db"]).ends_with(2);
    run(&bench, &["--explain", "--attrition"]).ends_with(2);
    run(&bench, &["--format", "xml"]).ends_with(2);
    bench.file("circle.toml", SMALL.replace("{ any = [\"coded\", \"read\"] }", "\"nobody\""));
    let refused = bench.run(&["phenotype", "run", "circle.toml", "--warehouse", "w.db"]).ends_with(1);
    assert!(refused.err.contains("circle.toml:") && refused.err.contains("nobody"), "{}", refused.err);
    bench.file("nothing.toml", &SMALL[..SMALL.find("[[case]]").unwrap()]);
    bench.run(&["phenotype", "test", "nothing.toml"]).ends_with(1);
    assert_eq!(cohort(&bench), Vec::<String>::new());
}

#[test]
fn a_definition_is_said_in_french_and_its_statement_holds_no_word_of_it() {
    let bench = small();
    let text =
        SMALL.replace("codes = [\"CIM-10:Q91\"]", "codes = [\"CIM-10:Q91\"]\nnot_codes = [\"CIM-10:Q91.7\"]");
    let wards = "document_types = [\"CRH\"]\nwards = { like = [\"pavillon zz\"], missing = \"accept\" }";
    bench.file("small.toml", text.replace("document_types = [\"CRH\"]", wards));
    let said = bench.run(&["phenotype", "show", "small.toml"]).ends_with(0).out;
    for words in ["Le cas est certain", "Q39.1", "pavillon zz", "naissance", "Q91"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("SELECT"));
    let shown = bench.run(&["phenotype", "show", "small.toml", "--sql"]).ends_with(0).out;
    let start = shown.find("WITH sets").unwrap();
    let (statement, values) = shown[start..].split_once(";\n-- ?1").unwrap();
    for word in
        ["small", "Q39", "Q91", "CIM-10", "pavillon", "CRH", "oesophageal_atresia", "definite", "eighteen"]
    {
        assert!(!statement.contains(word), "{word} stands in the statement");
    }
    for word in ["Q39.0", "pavillon", "oesophageal_atresia", "CRH"] {
        assert!(values.contains(word), "{word} is not bound");
    }
    let toml = bench.run(&["phenotype", "show", "small.toml", "--toml"]).ends_with(0).out;
    assert_eq!(toml.trim_end(), bench.read("small.toml").trim_end());
}

// Reviews

fn judge(bench: &Bench, verdicts: &[(&str, &str, &str, &str)]) {
    let db = Connection::open(bench.path("w.db")).unwrap();
    for (patient, verdict, reviewer, day) in verdicts {
        let sql = "INSERT INTO reviews (phenotype, patient, verdict, reviewer, reviewed_at)
            SELECT 'small', patient, ?2, ?3, ?4 FROM patients WHERE patient_id = ?1";
        assert_eq!(db.execute(sql, [patient, verdict, reviewer, day]).unwrap(), 1);
    }
}

#[test]
fn the_last_sure_word_of_reviewers_is_honoured() {
    let bench = small();
    judge(
        &bench,
        &[
            ("A", "rejected", "r", "2026-01-02"),
            ("B", "uncertain", "r", "2026-01-02"),
            ("C", "rejected", "r", "2026-01-02"),
            ("C", "validated", "s", "2026-01-03"),
            ("C", "uncertain", "r", "2026-01-04"),
            ("E", "validated", "r", "2026-01-02"),
            ("F", "validated", "r", "2026-01-02"),
            ("G", "validated", "r", "2026-01-02"),
            ("G", "rejected", "r", "2026-01-03"),
        ],
    );
    let ran = run(&bench, &["--format", "jsonl"]).ends_with(0);
    let expected =
        [("B", "probable"), ("C", "probable"), ("D", "possible"), ("E", "definite"), ("F", "definite")];
    assert_eq!(levels(&ran), pairs(&expected));
    assert_eq!(cohort(&bench).len(), 5);
    let explained = run(&bench, &["--explain", "--format", "jsonl"]).ends_with(0).json();
    assert_eq!(
        (explained[0]["failed"].as_str(), explained[0]["patient_id"].as_str()),
        (Some("review"), Some("A"))
    );
    let counted = run(&bench, &["--attrition", "--format", "jsonl"]).ends_with(0).json();
    assert_eq!(counted.last().unwrap()["patients"], 5);
    // The word is about this definition only.
    bench.file("other.toml", SMALL.replace("\"small\"", "\"other\""));
    let other = bench.run(&["phenotype", "run", "other.toml", "--warehouse", "w.db", "--format", "jsonl"]);
    assert_eq!(levels(&other.ends_with(0)), pairs(&LEVELS));
    // The same reviewer, on a later day, changes her mind.
    judge(&bench, &[("A", "validated", "r", "2026-02-01"), ("E", "rejected", "r", "2026-02-01")]);
    let expected =
        [("A", "definite"), ("B", "probable"), ("C", "probable"), ("D", "possible"), ("F", "definite")];
    assert_eq!(levels(&run(&bench, &["--format", "jsonl"]).ends_with(0)), pairs(&expected));
}

// Other systems

#[test]
fn circe_expressions_become_drafts_and_what_does_not_map_is_listed() {
    let bench = Bench::new();
    let mut codes = BTreeSet::new();
    for name in ["clefts", "diabetes", "gastroschisis"] {
        let file = root().join(format!("tests/data/circe/{name}.json"));
        let draft = format!("{name}.toml");
        let ran = bench.run(&["phenotype", "import", "circe", file.to_str().unwrap(), "--into", &draft]);
        codes.insert(ran.code);
        assert_eq!(ran.code == 3, ran.err.contains("do not map"), "{name}: {} {}", ran.code, ran.err);
        if ran.code == 3 {
            let told: usize = ran.err.split_once(": ").unwrap().1.split(' ').next().unwrap().parse().unwrap();
            assert_eq!(ran.err.lines().filter(|line| line.starts_with("  ")).count(), told);
        }
        let checked = bench.run(&["phenotype", "check", &draft]).ends_with(1).err;
        let others: Vec<&str> = checked.lines().filter(|line| !line.contains("no [[case]]")).collect();
        assert_eq!(others, Vec::<&str>::new(), "{name}");
        let again = bench.run(&["phenotype", "import", "circe", file.to_str().unwrap(), "--into", &draft]);
        assert_eq!(again.code, 1, "a draft is never written over: {}", again.err);
    }
    assert!(codes.contains(&3) && codes.iter().all(|code| [0, 3].contains(code)), "{codes:?}");
    bench.file("bad.json", "{\"ConceptSets\": [");
    let bad = bench.run(&["phenotype", "import", "circe", "bad.json"]).ends_with(1);
    assert!(bad.err.contains("bad.json") && bad.out.is_empty(), "{}", bad.err);
    bench.run(&["phenotype", "import", "circe", "none.json"]).ends_with(1);
}

#[test]
fn a_folder_with_two_definitions_of_one_id_is_refused() {
    let bench = small();
    bench.file("two/a.toml", SMALL);
    bench.file("two/b.toml", SMALL.replace("Q39.0", "Q39.2"));
    let ran = bench.run(&["phenotype", "run", "two", "--warehouse", "w.db"]).ends_with(1);
    assert!(ran.err.contains("two/b.toml:1:") && ran.err.contains("two/a.toml"), "{}", ran.err);
    run(&bench, &["small.toml"]).ends_with(0);
}

#[test]
fn many_windows_and_chains_of_windows_fit_the_database() {
    let bench = Bench::new();
    let mut text =
        SMALL[..SMALL.find("[[level]]").unwrap()].replace("index = \"birth\"\n", "levels = [\"definite\"]\n");
    text.push_str("[rules.w0]\nset = \"atresia\"\n");
    let windows: Vec<usize> = (1..=40).collect();
    for number in &windows {
        // Chains of three, side by side.
        let of = if number % 3 == 1 { 0 } else { number - 1 };
        text.push_str(&format!(
            "[rules.w{number}]\nset = \"atresia\"\nwithin = {{ of = \"w{of}\", from = 1, until = {} }}\n",
            10 + number
        ));
    }
    let names: Vec<String> = windows.iter().rev().map(|number| format!("\"w{number}\"")).collect();
    text.push_str(&format!(
        "[[level]]\nname = \"definite\"\nwhen = {{ any = [{}, \"read\", \"suspected\", \"coded\"] }}\n",
        names.join(", ")
    ));
    text.push_str("[[exclude]]\nname = \"eighteen\"\nwhen = \"trisomy\"\n");
    text.push_str("[[case]]\nname = \"un code\"\nexpect = \"definite\"\nevents = [{ codes = [\"CIM-10:Q39.1\"], date = \"2024-01-05\" }]\n");
    bench.file("chains.toml", &text);
    bench.run(&["phenotype", "check", "chains.toml"]).ends_with(0);
    bench.run(&["phenotype", "test", "chains.toml"]).ends_with(0);
}

// Against a plain evaluation

/// Code systems whose order of codes is that of their numbers: four findings, two of which are one set.
const CODES: [&str; 4] = ["E10.1", "E11.2", "I10", "J45.0"];
const SETS: [(&str, &[usize]); 3] = [("diabetes", &[0, 1]), ("pressure", &[2]), ("asthma", &[3])];

/// One event: patient, code, day, report (none: a code of the hospital), present.
#[derive(Clone, Debug)]
struct Fact {
    patient: usize,
    code: usize,
    day: i64,
    report: Option<usize>,
    present: bool,
}

/// One rule of evidence.
#[derive(Clone, Debug)]
struct Asked {
    set: usize,
    method: &'static str,
    least: usize,
    count: &'static str,
    ages: Option<(i64, i64)>,
    absent: bool,
}

/// Rules, how they are put together, and which of them excludes.
#[derive(Clone, Debug)]
struct Family {
    rules: Vec<Asked>,
    shape: &'static str,
    exclude: bool,
}

const PATIENTS: usize = 4;
const BIRTH: i64 = 19_000;

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let fact =
        (0..PATIENTS, 0..CODES.len(), 0..5_i64, proptest::option::of(0..3_usize), prop::bool::weighted(0.8));
    let fact = fact.prop_map(|(patient, code, day, report, present)| {
        // A report has one day.
        let day = BIRTH + report.map_or(day, |report| report as i64) * 10;
        Fact { patient, code, day, report, present: present || report.is_none() }
    });
    prop::collection::vec(fact, 0..14)
}

fn families() -> impl Strategy<Value = Family> {
    let rule = (
        0..SETS.len(),
        select(vec!["structured", "text", "any"]),
        1..4_usize,
        select(vec!["events", "documents", "days"]),
        proptest::option::of((0..3_i64, 1..4_i64)),
        prop::bool::weighted(0.2),
    );
    let rule = rule.prop_map(|(set, method, least, count, ages, absent)| Asked {
        set,
        method,
        least,
        count,
        ages: ages.map(|(from, length)| (from * 10, (from + length) * 10)),
        absent,
    });
    let shapes = select(vec!["any", "all", "none", "two", "nested"]);
    (prop::collection::vec(rule, 4), shapes, any::<bool>()).prop_map(|(rules, shape, exclude)| Family {
        rules,
        shape,
        exclude,
    })
}

fn toml_of(family: &Family) -> String {
    let mut text =
        String::from("id = \"random\"\ntitle = \"x\"\ndefinition = \"x\"\nlevels = [\"definite\"]\n");
    for (name, codes) in SETS {
        let codes: Vec<String> =
            codes.iter().map(|code| format!("\"CIM-10:{}\"", &CODES[*code][..3])).collect();
        text.push_str(&format!("[sets.{name}]\ncodes = [{}]\n", codes.join(", ")));
    }
    for (number, rule) in family.rules.iter().enumerate() {
        text.push_str(&format!(
            "[rules.r{number}]\nset = \"{}\"\nmethod = \"{}\"\n",
            SETS[rule.set].0, rule.method
        ));
        text.push_str(&format!("at_least = {}\ncount = \"{}\"\n", rule.least, rule.count));
        if let Some((from, below)) = rule.ages {
            text.push_str(&format!("age_days = {{ from = {from}, below = {below} }}\n"));
        }
        if rule.absent {
            text.push_str("assertion = [\"absent\"]\n");
        }
    }
    let when = match family.shape {
        "any" => "{ any = [\"r0\", \"r1\", \"r2\"] }",
        "all" => "{ all = [\"r0\", \"r1\"] }",
        "none" => "{ all = [\"r0\"], none = [\"r1\", \"r2\"] }",
        "two" => "{ at_least = 2, of = [\"r0\", \"r1\", \"r2\"] }",
        _ => "{ any = [{ all = [\"r0\", { none = [\"r1\"] }] }, { all = [\"r1\", \"r2\"] }] }",
    };
    text.push_str(&format!("[[level]]\nname = \"definite\"\nwhen = {when}\n"));
    if family.exclude {
        text.push_str("[[exclude]]\nname = \"out\"\nwhen = \"r3\"\n");
    }
    text
}

/// The definition as a person would apply it, patient by patient.
fn plainly(family: &Family, facts: &[Fact]) -> Vec<String> {
    // The last patient's birth is not known.
    let holds = |patient: usize, rule: &Asked| {
        let (mut events, mut sources, mut days) = (0, BTreeSet::new(), BTreeSet::new());
        for (number, fact) in facts.iter().enumerate() {
            let kind = if fact.report.is_some() { "text" } else { "structured" };
            let born = patient + 1 < PATIENTS;
            let age = fact.day - BIRTH;
            let counts = fact.patient == patient
                && SETS[rule.set].1.contains(&fact.code)
                && (rule.method == "any" || rule.method == kind)
                && fact.present != rule.absent
                && rule.ages.is_none_or(|(from, below)| born && from <= age && age < below);
            if counts {
                events += 1;
                sources.insert(fact.report.map_or(1000 + number, |report| report));
                days.insert(fact.day);
            }
        }
        let n = match rule.count {
            "events" => events,
            "documents" => sources.len(),
            _ => days.len(),
        };
        n >= rule.least
    };
    let is_case = |patient: &usize| {
        let [a, b, c, out] = [0, 1, 2, 3].map(|rule| holds(*patient, &family.rules[rule]));
        let entered = match family.shape {
            "any" => a || b || c,
            "all" => a && b,
            "none" => a && !b && !c,
            "two" => usize::from(a) + usize::from(b) + usize::from(c) >= 2,
            _ => (a && !b) || (b && c),
        };
        entered && !(family.exclude && out)
    };
    (0..PATIENTS).filter(is_case).map(|patient| format!("P{patient}")).collect()
}

fn event_of(fact: &Fact, number: usize) -> CodedEvent {
    let day = date_of(fact.day).unwrap().parse().ok();
    let assertion = if fact.present { Assertion::Present } else { Assertion::Absent };
    let mut event = CodedEvent {
        event_id: format!("E{number}"),
        document_id: fact.report.map(|report| format!("D{}-{report}", fact.patient)).unwrap_or_default(),
        document_version: 1,
        patient_id: Some(format!("P{}", fact.patient)),
        visit_id: None,
        document_type: None,
        document_date: day.filter(|_| fact.report.is_some()),
        section: None,
        ward: None,
        start: number as u32,
        end: number as u32 + 1,
        fragments: Vec::new(),
        text: String::new(),
        concept: String::new(),
        label: String::new(),
        codings: vec![Coding { system: "CIM-10".into(), code: CODES[fact.code].into() }],
        subgroups: Vec::new(),
        assertion,
        certainty: 1.0,
        conclusion: assertion,
        experiencer: Experiencer::Patient,
        fetus_index: None,
        temporality: Temporality::Current,
        event_date: day,
        event_date_precision: Some(DatePrecision::Day),
        event_date_source: None,
        gestational_age_days: None,
        laterality: None,
        value: None,
        unit: None,
        cues: Vec::new(),
        method: if fact.report.is_some() { Method::Dictionary } else { Method::Structured },
        confidence: 1.0,
        position: None,
        provenance: Provenance::default(),
    };
    if fact.report.is_some() {
        event.event_id = event.identity();
    }
    event
}

fn warehouse_of(facts: &[Fact]) -> Warehouse {
    let mut warehouse = Warehouse::in_memory().unwrap();
    let mut run = warehouse.begin_run(&EngineFingerprint::default());
    let born = date_of(BIRTH).unwrap().parse().ok();
    let person = |patient: usize| Person {
        patient_id: format!("P{patient}"),
        birth_date: born.filter(|_| patient + 1 < PATIENTS),
        ..Person::default()
    };
    run.write_persons(&(0..PATIENTS).map(person).collect::<Vec<_>>()).unwrap();
    let (mut codes, mut reports) = (Vec::new(), BTreeMap::<String, Vec<CodedEvent>>::new());
    for (number, fact) in facts.iter().enumerate() {
        let event = event_of(fact, number);
        match fact.report {
            None => codes.push(event),
            Some(_) => reports.entry(event.document_id.clone()).or_default().push(event),
        }
    }
    run.write_structured(&codes).unwrap();
    let document = |events: &[CodedEvent]| Document {
        id: events[0].document_id.clone(),
        version: 1,
        patient_id: events[0].patient_id.clone(),
        date: events[0].document_date,
        ..Document::default()
    };
    let reports: Vec<(Document, Vec<CodedEvent>)> =
        reports.into_values().map(|events| (document(&events), events)).collect();
    let annotated = reports.iter().map(|(document, events)| Annotated {
        document,
        content_hash: [0; 32],
        text_sha256: [0; 32],
        words: None,
        outcome: Outcome::Events(events.clone()),
    });
    run.write(&annotated.collect::<Vec<_>>()).unwrap();
    run.finish().unwrap();
    warehouse
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, rng_seed: RngSeed::Fixed(17), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_statement_finds_whom_a_plain_reading_finds(facts in facts(), families in prop::collection::vec(families(), 3)) {
        let vocabulary = Vocabulary::shipped().unwrap();
        let warehouse = warehouse_of(&facts);
        for family in &families {
            let loaded = Loaded::read("random.toml", &toml_of(family)).unwrap();
            let runnable = Runnable::new(&loaded).unwrap();
            let expected = plainly(family, &facts);
            warehouse.execute(&staging(&[&loaded.definition], &vocabulary, Dialect::Sqlite)).unwrap();
            for place in [Facts::Inline, Facts::Staged] {
                let found = cases(&warehouse, &runnable, &vocabulary, place).unwrap();
                let found: Vec<String> = found.into_iter().map(|case| case.patient_id).collect();
                prop_assert_eq!(&found, &expected, "{:?} {:?}", place, family);
            }
        }
    }
}
