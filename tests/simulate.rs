//! The simulated maternity: same seed, same bytes; the truth agrees with the persons; the data is all used.

use crate::support::{Bench, root};
use laennec::simulate::{Output, Simulator};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

const DELIVERIES: u64 = 20_000;

/// One simulation for all the tests that read it, with the places of the templates it left unused.
fn simulated() -> &'static (Output, Vec<String>) {
    static OUTPUT: OnceLock<(Output, Vec<String>)> = OnceLock::new();
    OUTPUT.get_or_init(|| {
        let simulator = Simulator::shipped().unwrap();
        let output = simulator.run(1, 0, DELIVERIES);
        (output, simulator.unused())
    })
}

fn lines(text: &str) -> impl Iterator<Item = Value> {
    text.lines().map(|line| serde_json::from_str(line).expect(line))
}

/// Rows of a table under the root, by the names of their columns.
fn rows(path: &str) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    let mut lines = text.lines().filter(|l| !l.starts_with('#'));
    let names: Vec<String> = lines.next().unwrap().split('\t').map(str::to_string).collect();
    lines.map(|l| names.iter().cloned().zip(l.split('\t').map(str::to_string)).collect()).collect()
}

fn files(output: &Output) -> [(&'static str, &str); 4] {
    [
        ("reports", output.reports.as_str()),
        ("persons", output.persons.as_str()),
        ("events", output.events.as_str()),
        ("truth", output.truth.as_str()),
    ]
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let run = |seed| Simulator::shipped().unwrap().run(seed, 0, 150);
    let (first, again, other) = (run(3), run(3), run(4));
    assert_eq!(files(&first), files(&again));
    assert_ne!(first.reports, other.reports);
}

#[test]
fn more_deliveries_only_add_lines() {
    let simulator = Simulator::shipped().unwrap();
    let (short, long) = (simulator.run(3, 0, 100), simulator.run(3, 0, 200));
    for ((name, short), (_, long)) in files(&short).iter().zip(files(&long)) {
        assert!(long.starts_with(short), "{name}");
        assert!(long.len() > short.len(), "{name}");
    }
}

#[test]
fn every_placeholder_is_filled() {
    for report in lines(&simulated().0.reports) {
        for field in ["text", "title"] {
            let text = report[field].as_str().unwrap();
            assert!(!text.is_empty() && !text.contains(['{', '}']), "{report}");
            assert!(!text.contains("  -") && !text.contains(" de a") && !text.contains("  ."), "{report}");
        }
    }
}

#[test]
fn no_template_is_left_unused() {
    // A rare condition brings its own sentence: one in 100,000 births does not reach it.
    let left: Vec<&String> = simulated().1.iter().filter(|p| !is_of_a_rare_condition(p)).collect();
    assert!(left.is_empty(), "{left:#?}");
}

fn is_of_a_rare_condition(place: &str) -> bool {
    let frames = std::fs::read_to_string(root().join("simulation/frames.tsv")).unwrap();
    let line = place.strip_prefix("simulation/frames.tsv:").and_then(|p| p.split(':').next());
    let line = line.and_then(|n| n.parse::<usize>().ok()).and_then(|n| frames.lines().nth(n - 1));
    let condition = line.and_then(|l| l.strip_prefix("with_")?.split('\t').next());
    let row = |id: &str| rows("simulation/prevalence.tsv").into_iter().find(|row| row["id"] == id);
    condition.and_then(row).is_some_and(|row| row["per_10000"].parse::<f64>().unwrap() < 2.0)
}

#[test]
fn every_sentence_has_enough_paraphrases() {
    let frames = rows("simulation/frames.tsv");
    let count = |kind: &str, register: char| {
        frames.iter().filter(|f| f["kind"] == kind && f["registers"].contains(register)).count()
    };
    for register in ['t', 's', 'd', 'l'] {
        let family = ["sibling", "relative", "own_mother"].iter().map(|k| count(k, register)).sum::<usize>();
        let counts = [count("present", register), count("absent", register), count("suspected", register)];
        assert!(counts[0] >= 12 && counts[1] >= 12 && counts[2] >= 10, "{register}: {counts:?}");
        assert!(family >= 8 && count("previous", register) >= 6, "{register}");
    }
}

#[test]
fn the_truth_agrees_with_the_persons() {
    let output = &simulated().0;
    let persons: BTreeMap<String, Value> =
        lines(&output.persons).map(|p| (p["patient_id"].as_str().unwrap().to_string(), p)).collect();
    let mothers: BTreeSet<&str> = persons.values().filter_map(|p| p["mother_id"].as_str()).collect();
    let mut seen = BTreeSet::new();
    let mut stands_for_child = 0;
    for truth in lines(&output.truth) {
        let id = truth["patient_id"].as_str().unwrap();
        let person = persons.get(id).unwrap_or_else(|| panic!("{id} is not in persons"));
        assert!(seen.insert(id.to_string()), "{id} twice");
        let note = truth["note"].as_str().unwrap();
        assert!(!note.is_empty(), "{id}");
        if person["mother_id"].is_null() {
            stands_for_child += 1;
            assert!(!mothers.contains(id) && note.contains("no row of its own"), "{truth}");
        } else {
            assert_eq!(
                person["outcome"] == "live_birth",
                !note.contains("fetal_death") && !note.contains("topfa")
            );
        }
        let is_case = !truth["phenotypes"].as_object().unwrap().is_empty();
        assert_eq!(is_case, !truth["class"].is_null(), "{truth}");
        assert_eq!(is_case, note.contains("has "), "{truth}");
    }
    assert!(stands_for_child > 3, "{stands_for_child}");
}

#[test]
fn phenotypes_are_closed_over_the_counted_groups() {
    let groups: BTreeMap<String, BTreeMap<String, String>> =
        rows("lexicons/malformations/groups.tsv").into_iter().map(|r| (r["group"].clone(), r)).collect();
    for truth in lines(&simulated().0.truth) {
        let phenotypes = truth["phenotypes"].as_object().unwrap();
        for subgroup in phenotypes.keys().filter_map(|p| p.strip_prefix("eurocat/")) {
            assert_eq!(groups[subgroup]["counted"], "yes", "{truth}");
            for parent in groups[subgroup]["parents"].split_whitespace() {
                assert!(phenotypes.contains_key(&format!("eurocat/{parent}")), "{parent}: {truth}");
            }
        }
    }
}

#[test]
fn reports_and_events_belong_to_known_persons() {
    let output = &simulated().0;
    let persons: BTreeSet<String> =
        lines(&output.persons).map(|p| p["patient_id"].as_str().unwrap().to_string()).collect();
    let types = [
        "CRH",
        "CRO",
        "CR-consultation",
        "CR-imagerie",
        "CR-echo-foetale",
        "CR-accouchement",
        "CR-anapath",
        "CR-genetique",
        "CR-foetopathologie",
        "RCP",
        "lettre",
        "urgences",
    ];
    let mut used = BTreeSet::new();
    for report in lines(&output.reports) {
        assert!(persons.contains(report["patient_id"].as_str().unwrap()), "{report}");
        let name = report["document_type"].as_str().unwrap().to_string();
        assert!(types.contains(&name.as_str()), "{name}");
        used.insert(name);
    }
    assert!(used.len() >= 10, "{used:?}");
    for event in lines(&output.events) {
        assert!(persons.contains(event["patient_id"].as_str().unwrap()), "{event}");
    }
}

/// Cases by subgroup.
fn cases() -> BTreeMap<String, f64> {
    let mut cases = BTreeMap::new();
    for truth in lines(&simulated().0.truth) {
        for phenotype in truth["phenotypes"].as_object().unwrap().keys() {
            *cases.entry(phenotype.clone()).or_insert(0.0) += 1.0;
        }
    }
    cases
}

#[test]
fn prevalence_is_that_of_the_table() {
    let cases = cases();
    let births = DELIVERIES as f64 / 10_000.0;
    let table = rows("simulation/prevalence.tsv");
    let mut tested = 0;
    for row in &table {
        let one_row = table.iter().filter(|r| r["group"] == row["group"]).count() == 1;
        let is_leaf = ["chromosomal", "genetic", "genetic_syndromes", "laterality", "vascular_disruption"]
            .iter()
            .all(|g| *g != row["group"]);
        let expected = row["per_10000"].parse::<f64>().unwrap() * births;
        if !one_row || !is_leaf || expected < 3.0 || ["minor", "preterm"].contains(&row["class"].as_str()) {
            continue;
        }
        // A subgroup reached from other rows too, or beside chromosomal anomalies, has more.
        let more = if row["scope"] == "non_chromosomal" { 3.0 } else { 1.5 };
        let found = cases.get(&format!("eurocat/{}", row["group"])).copied().unwrap_or(0.0);
        let spread = 4.0 * expected.sqrt();
        assert!(
            found >= expected * 0.8 - spread && found <= expected * more + spread,
            "{}: {found} cases, {expected:.1} expected",
            row["group"]
        );
        tested += 1;
    }
    assert!(tested > 30, "{tested}");
    let all = cases["eurocat/all_anomalies"] / births;
    assert!((200.0..300.0).contains(&all), "all anomalies: {all} per 10,000");
}

#[test]
fn the_command_writes_a_folder_once() {
    let bench = Bench::new();
    let arguments = ["simulate", "--births", "60", "--seed", "9", "--into", "sim", "--json"];
    let ran = bench.run(&arguments);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.summary()["deliveries"], 60);
    let first = bench.read("sim/reports.jsonl");
    let api = Simulator::shipped().unwrap().run(9, 0, 60);
    assert_eq!(first, api.reports);
    let ran = bench.run(&arguments);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("--force"), "{}", ran.err);
    let ran = bench.run(&[&arguments[..], &["--force", "--threads", "1"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(first, bench.read("sim/reports.jsonl"));
    assert_eq!(std::fs::read_dir(bench.path("sim")).unwrap().count(), 5);
    let births = bench.read("sim/births.csv");
    assert_eq!(births.lines().next(), Some("area,period,live_births,stillbirths"));
}

#[test]
fn the_reports_can_be_annotated() {
    let bench = Bench::new();
    assert_eq!(bench.run(&["simulate", "--births", "40", "--into", "sim"]).code, 0);
    let ran = bench.run(&["annotate", "sim/reports.jsonl", "--into", "sim.db", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.summary()["events"].as_u64() > Some(100));
}
