//! `evaluate assertion`: counts on small gold files, every form of gold, faults, requirements, determinism.

use std::fs;

use laennec::context::Mechanism;
use serde_json::{Value, json};

use crate::support::{Bench, root};

/// Two documents whose reading is sure: an absence, a doubt, a presence of the mother.
fn gold() -> String {
    let absent = json!({"id": "a", "text": "Pas de fente palatine.", "phenomenon": "denial", "set": "dev",
        "entities": [{"start": 7, "end": 21, "assertion": "absent", "outcome": false}]});
    let doubt = json!({"id": "b", "text": "Suspicion de trisomie. Fente palatine.", "phenomenon": "doubt", "set": "held",
        "entities": [
            {"start": 13, "end": 21, "assertion": ["present", "possible"], "experiencer": "mother"},
            {"start": 23, "end": 37, "assertion": "absent", "negated": true, "temporality": "current"}]});
    format!("{absent}\n\n{doubt}\n")
}

fn evaluate(bench: &Bench, more: &[&str]) -> Value {
    let arguments = [&["evaluate", "assertion"], more, &["--json"]].concat();
    bench.run(&arguments).ends_with(0).json().remove(0)
}

fn part<'v>(report: &'v Value, name: &str) -> &'v Value {
    let parts = report["parts"].as_array().unwrap();
    &parts.iter().find(|p| p["part"] == name).unwrap()["measures"]
}

fn counts(measure: &Value) -> [u64; 4] {
    ["tp", "fp", "fn", "tn"].map(|name| measure[name].as_u64().unwrap())
}

#[test]
fn counts_are_those_of_the_gold() {
    let bench = Bench::new();
    bench.file("gold.jsonl", gold());
    let report = evaluate(&bench, &["gold.jsonl", "--calibration", "--errors"]);
    assert_eq!((&report["documents"], &report["mentions"]), (&json!(2), &json!(3)));
    let all = part(&report, "all");
    assert_eq!(counts(&all["negation"]), [1, 0, 1, 1]);
    // Present and possible are accepted: the reading is taken as right.
    assert_eq!(counts(&all["doubt"]), [1, 0, 0, 2]);
    assert_eq!(counts(&all["relative"]), [0, 0, 1, 0]);
    assert_eq!((&all["assertion"]["n"], &all["assertion"]["right"]), (&json!(3), &json!(2)));
    assert_eq!((&all["all"]["n"], &all["all"]["right"]), (&json!(3), &json!(1)));
    assert_eq!(all["other"]["f1"]["value"], Value::Null, "no support and no prediction");
    assert!(all.get("fetus_index").is_none(), "no truth, no score");
    assert_eq!(report["calibration"]["n"], 2);
    let errors = report["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2);
    assert_eq!((&errors[0]["text"], &errors[0]["start"]), (&json!("trisomie"), &json!(13)));
    assert_eq!(
        errors[0]["faults"],
        json!([{"attribute": "experiencer", "expected": "mother", "found": "patient"}])
    );
    let held = evaluate(&bench, &["gold.jsonl", "--set", "held"]);
    assert_eq!(held["mentions"], 2);
    let names: Vec<&Value> = report["groups"].as_array().unwrap().iter().map(|g| &g["group"]).collect();
    assert_eq!(names, ["denial", "doubt"]);
}

#[test]
fn tables_show_what_is_not_defined_and_errors_on_demand() {
    let bench = Bench::new();
    bench.file("gold.jsonl", gold());
    let plain = bench.run(&["evaluate", "assertion", "gold.jsonl"]).ends_with(0);
    assert!(plain.out.contains('–') && !plain.out.contains("trisomie"), "{}", plain.out);
    let errors = bench.run(&["evaluate", "assertion", "gold.jsonl", "--errors", "negation"]).ends_with(0);
    assert!(errors.out.contains("b 23-37  negation: absent → present  (no cue)"), "{}", errors.out);
    assert!(errors.out.contains("[[Fente palatine]].") && !errors.out.contains("[[trisomie]]"));
}

#[test]
fn the_corpus_form_is_scored_as_its_scorer_does() {
    let event = |start: u32, end: u32, polarity: &str, modality: &str| {
        json!({"id": start, "type": "EVENT", "start": start,
        "end": end, "polarity": polarity, "contextualModality": modality})
    };
    let entity = |start: u32, end: u32| json!({"type": "CLINENTITY", "start": start, "end": end});
    let text = "Pas de fente palatine. Fente labiale.";
    let line = json!({"doc_id": "1", "text": text, "entities": [
        entity(7, 21), event(7, 12, "NEG", "ACTUAL"), event(23, 28, "NEG", "HYPOTHETICAL-IF"), entity(29, 36),
        {"type": "ACTOR", "start": 0, "end": 3}]});
    let bench = Bench::new();
    bench.file("gold.jsonl", line.to_string());
    let report = evaluate(&bench, &["gold.jsonl", "--by", "type"]);
    let events = part(&report, "EVENT");
    assert_eq!(counts(&events["negation"]), [1, 0, 1, 0]);
    assert_eq!(counts(&events["doubt"]), [0, 0, 1, 1]);
    // The second entity overlaps no event and is left out.
    assert_eq!(counts(&part(&report, "CLINENTITY")["negation"]), [1, 0, 0, 0]);
}

#[test]
fn the_cases_of_cues_are_gold() {
    let bench = Bench::new();
    fs::copy(root().join("lexicons/context/cases.toml"), bench.path("cases.toml")).unwrap();
    let report = evaluate(&bench, &["cases.toml", "--set", "held", "--by", "register"]);
    let groups: Vec<&Value> = report["groups"].as_array().unwrap().iter().map(|g| &g["group"]).collect();
    assert!(groups.contains(&&json!("telegraphic")), "{groups:?}");
    let all = &part(&report, "all")["all"];
    assert!(all["n"].as_u64() > Some(100) && all["accuracy"]["value"].as_f64() > Some(0.85), "{all}");
    let (low, high) = (all["accuracy"]["low"].as_f64(), all["accuracy"]["high"].as_f64());
    assert!(low < all["accuracy"]["value"].as_f64() && all["accuracy"]["value"].as_f64() < high, "{all}");
}

#[test]
fn a_bad_line_is_named_and_not_quoted() {
    let bench = Bench::new();
    let bad = [
        ("{\"secret", "not a JSON object"),
        ("{\"id\": 1, \"entities\": []}", "no text"),
        ("{\"id\": 1, \"text\": \"secret\"}", "no entities"),
        ("{\"id\": 1, \"text\": \"secret\", \"entities\": [{\"start\": 0, \"end\": 9}]}", "code points"),
        (
            "{\"id\": 1, \"text\": \"secret\", \"entities\": [{\"start\": 0, \"end\": 6, \"assertion\": \"secret\"}]}",
            "unknown value of assertion; write present, absent",
        ),
    ];
    for (line, message) in bad {
        bench.file("gold.jsonl", format!("{}{line}\n", gold()));
        let ran = bench.run(&["evaluate", "assertion", "gold.jsonl"]).ends_with(1);
        assert!(ran.err.contains("gold.jsonl:4: ") && ran.err.contains(message), "{}", ran.err);
        assert!(!ran.err.contains("secret") && ran.out.is_empty(), "{}", ran.err);
    }
    bench.file("cases.toml", "[[case]]\ntext = \"{{secret|secret}}\"\n");
    let ran = bench.run(&["evaluate", "assertion", "cases.toml"]).ends_with(1);
    assert!(ran.err.contains("cases.toml:1: ") && !ran.err.contains("secret"), "{}", ran.err);
    bench.file("cases.toml", "[[case]]\nid = \"a\"\ntext = [\"secret\"]\ntitle = 3\n");
    let ran = bench.run(&["evaluate", "assertion", "cases.toml"]).ends_with(1);
    assert!(ran.err.contains("cases.toml:3: ") && !ran.err.contains("secret"), "{}", ran.err);
    bench.file("cases.toml", "case = \"secret\"\n");
    let ran = bench.run(&["evaluate", "assertion", "cases.toml"]).ends_with(1);
    assert!(ran.err.contains("cases.toml:1: ") && !ran.err.contains("secret"), "{}", ran.err);
    bench.file("empty.jsonl", "");
    let ran = bench.run(&["evaluate", "assertion", "empty.jsonl"]).ends_with(1);
    assert!(ran.err.contains("no mention"), "{}", ran.err);
}

#[test]
fn a_requirement_that_is_not_reached_fails() {
    let bench = Bench::new();
    bench.file("gold.jsonl", gold());
    let run = |required: &str| bench.run(&["evaluate", "assertion", "gold.jsonl", "--require", required]);
    run("negation=0.6,doubt=1").ends_with(0);
    let short = run("negation=0.9,doubt=1,other=0.5").ends_with(1);
    assert!(short.err.contains("negation F1 0.6667, at least 0.9"), "{}", short.err);
    assert!(short.err.contains("other F1 is not defined") && !short.err.contains("doubt"), "{}", short.err);
    run("nothing=0.9").ends_with(2);
    run("negation=90").ends_with(2);
}

#[test]
fn threads_do_not_matter_and_the_seed_does() {
    let gold = root().join("examples/context_gold.jsonl");
    let gold = gold.to_str().unwrap();
    let bench = Bench::new();
    let run = |threads: &str, seed: &str| {
        let arguments =
            ["evaluate", "assertion", gold, "--model", "off", "--json", "--resamples", "200", "--seed", seed];
        let output = bench.command(&arguments).env("RAYON_NUM_THREADS", threads).output().unwrap();
        assert!(output.status.success());
        output.stdout
    };
    assert!(run("1", "5") == run("2", "5"));
    assert!(run("2", "5") != run("2", "6"));
}

/// A suspicion that the report rules out further on, and a finding that it never takes up again.
const CONCLUDED: &str = "Suspicion d'omphalocèle. Fente palatine. Au contrôle, pas d'omphalocèle.";

#[test]
fn the_conclusion_is_scored_where_the_gold_tells_it() {
    let bench = Bench::new();
    let gold = json!({"id": "a", "text": CONCLUDED, "entities": [
        {"start": 12, "end": 23, "assertion": "possible", "conclusion": "absent"},
        {"start": 25, "end": 39, "conclusion": ["absent", "possible"]},
        {"start": 60, "end": 71, "assertion": "absent"}]});
    bench.file("gold.jsonl", gold.to_string());
    let report = evaluate(&bench, &["gold.jsonl", "--errors", "conclusion"]);
    assert!(report.get("unscored_conclusions").is_none());
    let all = part(&report, "all");
    assert_eq!((&all["conclusion"]["n"], &all["conclusion"]["right"]), (&json!(2), &json!(1)));
    assert_eq!((&all["all"]["n"], &all["all"]["right"]), (&json!(3), &json!(2)));
    let fault = json!([{"attribute": "conclusion", "expected": "absent|possible", "found": "present"}]);
    assert_eq!((report["errors"].as_array().unwrap().len(), &report["errors"][0]["faults"]), (1, &fault));
    let plain = bench.run(&["evaluate", "assertion", "gold.jsonl", "--errors", "conclusion"]).ends_with(0);
    assert!(plain.out.contains("a 25-39  conclusion: absent|possible → present  (no cue)"), "{}", plain.out);
    let run = |required: &str| bench.run(&["evaluate", "assertion", "gold.jsonl", "--require", required]);
    run("conclusion=0.5").ends_with(0);
    let short = run("conclusion=0.9").ends_with(1);
    assert!(short.err.contains("conclusion accuracy 0.5000, at least 0.9"), "{}", short.err);
}

#[test]
fn a_mark_may_tell_the_conclusion() {
    let bench = Bench::new();
    let marked = CONCLUDED.replacen("omphalocèle", "{{omphalocèle|possible conclusion:absent}}", 1);
    let case = |text: &str| format!("[[case]]\nid = \"a\"\ntext = \"{text}\"\n");
    bench.file("cases.toml", case(&marked.replace("pas d'omphalocèle", "pas d'{{omphalocèle|absent}}")));
    let all = part(&evaluate(&bench, &["cases.toml"]), "all").clone();
    assert_eq!((&all["conclusion"]["n"], &all["conclusion"]["right"]), (&json!(1), &json!(1)));
    assert_eq!(all["all"]["right"], 2);
    for bad in ["conclusion:secret", "conclusion:", "conclusion", "conclusion:fetus1"] {
        bench.file("cases.toml", case(&format!("{{{{a|{bad}}}}}")));
        let ran = bench.run(&["evaluate", "assertion", "cases.toml"]).ends_with(1);
        assert!(ran.err.contains("cases.toml:1: mark 1: ") && !ran.err.contains("secret"), "{}", ran.err);
    }
}

#[test]
fn each_mechanism_is_left_out_in_turn() {
    let bench = Bench::new();
    let concluded = json!({"doc_id": 1, "id": 1, "text": CONCLUDED,
        "entities": [
        {"start": 12, "end": 23, "conclusion": "absent"}, {"start": 60, "end": 71}]});
    bench.file("gold.jsonl", format!("{}{concluded}\n", gold()));
    let report = evaluate(&bench, &["gold.jsonl", "--ablation"]);
    let rows = report["ablation"].as_array().unwrap();
    assert_eq!(rows.len(), 1 + Mechanism::ALL.len());
    let names: Vec<&str> = rows.iter().filter_map(|row| row["without"].as_str()).collect();
    assert_eq!(names, Mechanism::ALL.map(Mechanism::name));
    let full = &rows[0];
    assert_eq!((&full["part"], &full["without"]), (&json!("all"), &Value::Null));
    let value = &part(&report, "all")["negation"]["f1"]["value"];
    assert_eq!(full["measures"]["negation"], json!({"f1": value, "difference": 0.0}));
    let last = &rows.last().unwrap()["measures"];
    assert_eq!(last["conclusion"], json!({"accuracy": 0.0, "difference": -1.0}));
    assert_eq!(last["all"], json!({"accuracy": 0.25, "difference": -0.25}));
    assert_eq!(rows[1]["measures"]["other"], json!({"f1": null, "difference": null}));
    let run = || bench.run(&["evaluate", "assertion", "gold.jsonl", "--ablation"]).ends_with(0);
    let (once, again) = (run(), run());
    assert!(once.out.contains("without negated-verbs") && once.out.contains("0.250 −0.250"), "{}", once.out);
    assert!(
        once.err.is_empty() && once.out == again.out && once.out.lines().all(|l| l.chars().count() <= 110)
    );
    assert!(evaluate(&bench, &["gold.jsonl"]).get("ablation").is_none());
}
