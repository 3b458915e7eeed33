//! `laennec surveil`: new cases, rates, signals that stay themselves, reports without patients; and what is refused.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::faults::server;
use crate::support::{Bench, Ran};

const CONFIG: &str = "name = \"test\"\nphenotypes = [\"eurocat/omphalocele\"]\n";

/// Ten years of two areas: a case every third month in each, and six more in the second half of 2024 in area 35.
struct Maternity {
    persons: Vec<Value>,
    events: Vec<Value>,
    births: String,
}

impl Maternity {
    fn new() -> Self {
        let mut made = Self { persons: Vec::new(), events: Vec::new(), births: String::new() };
        made.births.push_str("area,period,live_births,stillbirths\n");
        for month in 0..120 {
            let period = format!("{}-{:02}", 2015 + month / 12, month % 12 + 1);
            writeln!(made.births, "35,{period},1000,4\n56,{period},500,2").unwrap();
            if month % 3 == 0 {
                made.case("35", &format!("{period}-11"));
                made.case("56", &format!("{period}-21"));
            }
            if month >= 114 {
                made.case("35", &format!("{period}-15"));
                made.case("35", &format!("{period}-17"));
            }
        }
        made
    }

    fn case(&mut self, area: &str, born: &str) -> String {
        let patient = format!("PAT-{:03}", self.persons.len());
        self.persons.push(json!({
            "patient_id": patient, "birth_date": born, "gestational_age_days_at_birth": 273, "outcome": "live_birth",
            "residence": area,
        }));
        self.events.push(json!({
            "patient_id": patient, "codings": [{"system": "CIM-10", "code": "Q79.2"}], "event_date": born,
            "position": "DP", "visit_id": format!("S-{patient}"),
        }));
        patient
    }

    fn write(&self, bench: &Bench) {
        let lines = |rows: &[Value]| rows.iter().map(|row| format!("{row}\n")).collect::<String>();
        bench.file("persons.jsonl", lines(&self.persons));
        bench.file("events.jsonl", lines(&self.events));
        bench.file("births.csv", &self.births);
        bench.file("surveillance.toml", CONFIG);
    }
}

/// A warehouse with the maternity.
struct Ward {
    bench: Bench,
    place: String,
    maternity: Maternity,
}

impl Ward {
    fn new() -> Self {
        Self::at(Bench::new(), "w.db".into())
    }

    fn at(bench: Bench, place: String) -> Self {
        let ward = Self { bench, place, maternity: Maternity::new() };
        ward.maternity.write(&ward.bench);
        ward.load(&["--persons", "persons.jsonl", "--events", "events.jsonl", "--births", "births.csv"])
            .ends_with(0);
        ward
    }

    fn load(&self, files: &[&str]) -> Ran {
        self.bench.run(&[&["load", "--into", &self.place, "--json"], files].concat())
    }

    fn run(&self, more: &[&str]) -> Ran {
        let base = ["surveil", "run", "--warehouse", &self.place, "--format", "json"];
        let own = ["--config", "surveillance.toml", "--cutoff", "2024-12-31"];
        self.bench.run(&[&base, &own[..], more].concat())
    }

    fn summary(&self) -> Value {
        self.run(&[]).ends_with(0).json().remove(0)
    }

    fn surveil(&self, what: &str, more: &[&str]) -> Ran {
        self.bench.run(&[&["surveil", what], more, &["--warehouse", &self.place]].concat())
    }
}

/// The chart of area 35.
fn chart(summary: &Value) -> &Value {
    let signals = summary["signals"].as_array().unwrap();
    let of = |signal: &&Value| signal["method"] == "cusum" && signal["areas"] == json!(["35"]);
    signals.iter().find(of).unwrap_or_else(|| panic!("no signal in area 35: {signals:?}"))
}

#[test]
fn cases_are_new_once_and_the_excess_is_a_signal() {
    let ward = Ward::new();
    let first = ward.summary();
    assert_eq!(first["patients"], json!({"cases": 92, "new": 92, "changed": 0}));
    assert_eq!(first["stored"], true);
    // 92 cases for 180,720 births: 5.09 per 10,000.
    let rate = first["phenotypes"][0]["total"]["rate"].as_f64().unwrap();
    assert!((rate - 92.0 / 180_720.0 * 1e4).abs() < 1e-9, "{rate}");
    let chart = chart(&first);
    assert!(chart["observed"].as_u64().unwrap() >= 12 && chart["ratio"].as_f64().unwrap() > 3.0, "{chart}");
    assert!(chart["first_day"].as_str().unwrap() >= "2024-06-01", "{chart}");
    let again = ward.summary();
    assert_eq!(
        (&again["run"], &again["stored"], &again["signals"]),
        (&json!(1), &json!(false), &first["signals"])
    );
}

#[test]
fn what_is_new_changed_or_gone_is_told_with_its_reason() {
    let mut ward = Ward::new();
    ward.summary();
    let new = ward.maternity.case("56", "2024-12-24");
    ward.maternity.persons[3]["residence"] = json!("35");
    ward.maternity.write(&ward.bench);
    ward.load(&["--persons", "persons.jsonl", "--events", "events.jsonl"]).ends_with(0);
    let sheet = "phenotype,patient_id,verdict,reviewer,reviewed_at\neurocat/omphalocele,PAT-000,rejected,AB,2025-01-02\n\
        eurocat/omphalocele,PAT-002,uncertain,AB,2025-01-02\n";
    ward.bench.file("sheet.csv", sheet);
    ward.bench.run(&["review", "import", &ward.place, "sheet.csv"]).ends_with(0);
    let second = ward.summary();
    assert_eq!(second["patients"], json!({"cases": 92, "new": 1, "changed": 3}));
    let of = &second["phenotypes"][0];
    assert_eq!((&of["new"], &of["changed"], &of["lost"]), (&json!(1), &json!(2), &json!(1)));
    let lines = ward.surveil("cases", &["--format", "jsonl"]).ends_with(0).json();
    let why =
        |patient: &str| lines.iter().find(|line| line["patient_id"] == patient).map(|line| &line["why"]);
    assert_eq!(why(&new), Some(&json!("new")));
    assert_eq!(why("PAT-003"), Some(&json!("area 56>35")));
    assert_eq!(why("PAT-002"), Some(&json!("disputed no>yes")));
    assert_eq!(why("PAT-000"), Some(&json!("review")));
    let line = lines.iter().find(|line| line["patient_id"] == *new).unwrap();
    assert_eq!(
        (&line["case_level"], &line["evidence"][0]["date"]),
        (&json!("probable"), &json!("2024-12-24"))
    );
    assert_eq!(second["phenotypes"][0]["total"]["cases"], 92);
}

#[test]
fn a_closed_signal_stays_closed_and_keeps_its_name() {
    let mut ward = Ward::new();
    let id = chart(&ward.summary())["id"].as_str().unwrap().to_string();
    ward.surveil("close", &[&id, "--reason", "code copied by mistake", "--by", "AB"]).ends_with(0);
    ward.maternity.case("35", "2024-12-24");
    ward.maternity.write(&ward.bench);
    ward.load(&["--persons", "persons.jsonl", "--events", "events.jsonl"]).ends_with(0);
    let second = ward.summary();
    let chart = chart(&second);
    assert_eq!((&chart["id"], &chart["first_run"], &chart["last_run"]), (&json!(id), &json!(1), &json!(2)));
    let listed = |more: &[&str]| {
        let signals = ward.surveil("list", &[&["--json"], more].concat()).ends_with(0).json();
        signals.into_iter().find(|signal| signal["id"] == *id)
    };
    assert_eq!(listed(&[]), None);
    assert_eq!(listed(&["--all"]).unwrap()["state"]["reason"], "code copied by mistake");
    assert!(ward.surveil("close", &[&id, "--reason", "again"]).ends_with(1).err.contains("closed already"));
    ward.surveil("close", &[&id, "--reopen"]).ends_with(0);
    assert!(listed(&[]).is_some());
    assert!(ward.surveil("close", &["0000000000", "--reason", "x"]).ends_with(1).err.contains("no signal"));
}

#[test]
fn a_cut_off_goes_forward_and_not_beyond_today() {
    let ward = Ward::new();
    ward.summary();
    let base = ["surveil", "run", "--warehouse", &ward.place, "--config", "surveillance.toml", "--cutoff"];
    let run = |cutoff: &str| ward.bench.run(&[&base[..], &[cutoff]].concat());
    assert!(run("2024-06-30").ends_with(1).err.contains("another name"));
    assert!(run("2999-12-31").ends_with(1).err.contains("later than today"));
    assert!(run("soon").ends_with(1).err.contains("YYYY-MM-DD"));
}

/// Those conceived in the last months are not all born.
#[test]
fn a_study_by_conception_ends_before_the_unborn() {
    let ward = Ward::new();
    ward.bench.file("surveillance.toml", format!("{CONFIG}dated_by = \"conception\"\n"));
    let summary = ward.summary();
    assert_eq!(summary["last_month"], "2024-03");
    let rate = summary["phenotypes"][0]["total"]["rate"].as_f64().unwrap();
    assert!(rate > 4.0, "{rate}: months without births of children who are not born yet");
}

#[test]
fn a_report_shows_patients_only_when_asked() {
    let ward = Ward::new();
    ward.summary();
    let public = ward.surveil("report", &["--format", "html"]).ends_with(0).out;
    let private = ward.surveil("report", &["--format", "html", "--patient-level"]).ends_with(0).out;
    assert!(
        public.starts_with("<!doctype html>") || public.starts_with("<!DOCTYPE html>"),
        "{:.100}",
        public
    );
    assert!(!public.contains("PAT-"), "a patient is shown");
    assert!(private.contains("PAT-091"), "no patient is shown");
    for page in [&public, &private] {
        assert!(!page.contains("<script") && !page.contains("<link") && !page.contains("src=\"http"));
    }
    // Forty cases in area 56 and fifty-two in area 35: nothing under eleven stands in the JSON without patients.
    let json: Value =
        serde_json::from_str(&ward.surveil("report", &["--format", "json"]).ends_with(0).out).unwrap();
    let years = json["findings"]["phenotypes"][0]["by_year"].as_array().unwrap();
    assert!(years.iter().all(|year| year["cases"] == "suppressed" || year["cases"].as_u64() > Some(10)));
    assert!(years.iter().any(|year| year["cases"] == "suppressed"));
    let id = chart(&ward.summary())["id"].as_str().unwrap().to_string();
    let shown = ward.surveil("show", &[&id, "--patient-level"]).ends_with(0).out;
    assert!(shown.contains("PAT-091") && shown.contains("validation by an expert"), "{shown}");
    assert!(!ward.surveil("show", &[&id]).ends_with(0).out.contains("PAT-091"));
}

#[test]
fn a_run_is_made_again_from_what_was_stored_and_forgotten_patients_leave_it() {
    let ward = Ward::new();
    ward.summary();
    let again = |code| {
        ward.bench.run(&["surveil", "run", "--warehouse", &ward.place, "--again", "1"]).ends_with(code)
    };
    again(0);
    ward.bench.run(&["forget", &ward.place, "--patient", "PAT-050"]).ends_with(0);
    assert!(again(1).err.contains("forgotten"));
    ward.bench.run(&["verify", &ward.place]).ends_with(0);
    let bytes = std::fs::read(ward.bench.path(&ward.place)).unwrap();
    assert!(!bytes.windows(7).any(|window| window == b"PAT-050"), "a trace of a forgotten patient");
}

#[test]
fn what_is_missing_or_impossible_is_named() {
    let bench = Bench::new();
    let maternity = Maternity::new();
    maternity.write(&bench);
    let load = |files: &[&str]| bench.run(&[&["load", "--into", "w.db", "--json"], files].concat());
    load(&["--persons", "persons.jsonl", "--events", "events.jsonl"]).ends_with(0);
    let run = |config: &str| {
        bench.file("own.toml", format!("{CONFIG}{config}"));
        let base =
            ["surveil", "run", "--warehouse", "w.db", "--config", "own.toml", "--cutoff", "2024-12-31"];
        bench.run(&base)
    };
    let none = run("").ends_with(3);
    assert!(none.out.contains("no births from 2015-01 to 2024-12"), "{}", none.out);
    bench.file(
        "bad.csv",
        "area,period,live_births\n35,2024,-3\n35,2024-13,5\n35,2023,100\n35,2023,100\n56,2024-01,0\n",
    );
    let refused = load(&["--births", "bad.csv"]).ends_with(3);
    assert_eq!(refused.summary()["quarantined"], 3);
    let told = bench.run(&["status", "w.db"]).ends_with(0).out;
    assert!(told.contains("duplicate-births"), "{told}");
    load(&["--births", "births.csv"]).ends_with(0);
    let doubled = run("").ends_with(3).out;
    assert!(doubled.contains("area 35, period 2023: another row"), "{doubled}");
    let unknown = run("[areas]\n\"99\" = \"Nowhere\"\n").ends_with(3).out;
    assert!(
        unknown.contains("area 99 has no row of births") && unknown.contains("live outside the areas"),
        "{unknown}"
    );
    for (config, told) in [
        ("years = 2\n", "own.toml:3: years is from 3 to 50"),
        ("colour = 1\n", "own.toml:3: "),
        ("phenotypes = []\n", "own.toml"),
        ("[map]\nfile = \"none.geojson\"\n", "none.geojson"),
    ] {
        let error = run(config).ends_with(1).err;
        assert!(error.contains(told), "{config}: {error}");
    }
    bench.run(&["surveil", "run"]).ends_with(2);
    assert!(bench.run(&["surveil", "report", "--warehouse", "none.db"]).ends_with(1).err.contains("none.db"));
}

#[test]
fn one_thread_or_two_one_database_or_the_other() {
    let ward = Ward::new();
    let first = ward.summary();
    let other = Ward::new();
    let mut command = other.bench.command(&[
        "surveil",
        "run",
        "--warehouse",
        &other.place,
        "--format",
        "json",
        "--config",
        "surveillance.toml",
        "--cutoff",
        "2024-12-31",
    ]);
    command.env("RAYON_NUM_THREADS", "1");
    let alone: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    assert_eq!(alone, first);
    let Some(server) = server::shared() else { return };
    let remote = Ward::at(Bench::new(), server.database().url());
    assert_eq!(remote.summary(), first);
    assert_eq!(remote.summary()["stored"], false);
    remote.bench.run(&["forget", &remote.place, "--patient", "PAT-050"]).ends_with(0);
    remote.bench.run(&["verify", &remote.place]).ends_with(0);
}

// Statistics

fn stats(method: &str, request: &Value) -> Value {
    let bench = Bench::new();
    bench.run_with_input(&["stats", method], request.to_string()).ends_with(0).json().remove(0)
}

#[test]
fn published_answers() {
    let near = |value: &Value, expected: f64, tolerance: f64| {
        let value = value.as_f64().unwrap();
        assert!((value - expected).abs() <= tolerance, "{value} is not {expected}");
    };
    for (cases, denominator, answer) in
        [(1222, 5_019_804, [2.43, 2.30, 2.57]), (1322, 12_146_210, [1.09, 1.03, 1.15])]
    {
        let found = stats(
            "poisson-ci",
            &json!({"cases": cases, "denominator": denominator, "per": 10_000, "level": 0.95}),
        );
        near(&found["rate"], answer[0], 0.005);
        near(&found["lo"], answer[1], 0.005);
        near(&found["hi"], answer[2], 0.005);
    }
    near(&stats("observed-expected", &json!({"observed": 3, "expected": 0.06}))["p_upper"], 3.44e-5, 5e-8);
    let scan = stats("scan-probability", &json!({"k": 5, "n": 8, "w": 0.1}));
    near(&scan["p"], 0.0176, 5e-5);
    assert_eq!(scan["exact"], true);
    // Whole numbers may be written with decimals, areas named by numbers, and a seed given where something may be drawn.
    assert_eq!(stats("scan-probability", &json!({"k": 5.0, "n": 8.0, "w": 0.1, "seed": 3})), scan);
    let areas: Vec<Value> =
        (0..4).map(|id| json!({"id": id, "x": id, "y": 0, "cases": if id == 2 { 30 } else { 4 }, "population": 100.0})).collect();
    let found = stats("spatial-scan", &json!({"areas": areas, "replications": 99.0, "seed": 1}));
    assert_eq!((&found["clusters"][0]["areas"], &found["clusters"][0]["p"]), (&json!([2]), &json!(0.01)));
    let fdr = stats("fdr", &json!({"p": [0.01, 0.04, 0.03], "method": "bh"}));
    assert_eq!(fdr["adjusted"], json!([0.03, 0.04, 0.04]));
}

#[test]
fn one_answer_a_request_and_refusals_name_the_row() {
    let bench = Bench::new();
    let two =
        bench.run_with_input(&["stats", "fdr"], r#"{"p":[0.5],"method":"holm"} {"p":[],"method":"bh"}"#);
    assert!(two.code == 0 || two.code == 1);
    for (method, request, told) in [
        ("ears", r#"{"counts":[1,2,-3]}"#, "counts, row 3"),
        ("poisson-ci", r#"{"cases":3,"denominator":0}"#, "denominator"),
        (
            "spatial-scan",
            r#"{"areas":[{"id":"a","x":0,"y":0,"cases":1,"population":5},{"id":"b","x":1,"y":0,"cases":2,"population":0}]}"#,
            "row 2",
        ),
        (
            "space-time-permutation",
            r#"{"areas":[{"id":"a","x":0,"y":0},{"id":"b","x":1,"y":0}],"cases":[{"area":"a","period":1},{"area":"z","period":1}]}"#,
            "row 2",
        ),
        ("fdr", r#"{"p":[0.1,1.5],"method":"bh"}"#, "row 2"),
        ("fdr", r#"{"p":[0.1,null],"method":"bh"}"#, "p, row 2"),
        ("ears", r#"{"counts":[1,2,null]}"#, "counts, row 3"),
        ("trend", r#"{"cases":[1,2,3],"denominators":[10,0,10]}"#, "denominators, row 2"),
        ("poisson-ci", r#"{"cases":3,"denominator":10,"levle":0.9}"#, "levle"),
        ("poisson-ci", "", "no request"),
        ("poisson-ci", "{", "request 1"),
    ] {
        let refused = bench.run_with_input(&["stats", method], request).ends_with(1);
        assert!(refused.err.contains(told), "{method} {request}: {}", refused.err);
    }
    bench.run(&["stats", "magic"]).ends_with(2);
}
