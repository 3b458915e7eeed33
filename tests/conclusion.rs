//! What a report concludes of a finding it speaks of several times, through the program and its warehouse.

use laennec::event::Assertion::{self, Absent, Possible, Present};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::Bench;

/// A report, and of each mention what is said of it and what the report concludes.
struct Told {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
    read: &'static [(Assertion, Assertion)],
}

const TABLE: &[Told] = &[
    Told {
        name: "suspected, then ruled out",
        kind: "CRH",
        text: "Suspicion d'omphalocèle à l'entrée. L'échographie ne montre pas d'omphalocèle.",
        read: &[(Possible, Absent), (Absent, Absent)],
    },
    Told {
        name: "suspected, then confirmed",
        kind: "CRH",
        text: "Suspicion d'omphalocèle à l'entrée. Omphalocèle confirmée à la naissance.",
        read: &[(Possible, Present), (Present, Present)],
    },
    Told {
        name: "settled without its name",
        kind: "CRH",
        text: "Suspicion d'omphalocèle. L'hypothèse a été écartée.",
        read: &[(Possible, Absent)],
    },
    Told {
        name: "what is not open is not settled",
        kind: "CRH",
        text: "Omphalocèle. L'hypothèse a été écartée.",
        read: &[(Present, Present)],
    },
    Told {
        name: "another finding is left alone",
        kind: "CRH",
        text: "Suspicion d'omphalocèle. Pas de fente palatine.",
        read: &[(Possible, Possible), (Absent, Absent)],
    },
    Told {
        name: "sides kept apart",
        kind: "CRH",
        text: "Suspicion de pied bot gauche. Pied bot droit. À la naissance, pas de pied bot gauche.",
        read: &[(Possible, Absent), (Present, Present), (Absent, Absent)],
    },
    Told {
        name: "fetuses kept apart",
        kind: "CR-echo-foetale",
        text: "Jumeau 1 : suspicion d'omphalocèle.\nJumeau 2 : pas d'omphalocèle.",
        read: &[(Possible, Possible), (Absent, Absent)],
    },
    Told {
        name: "one fetus taken up again",
        kind: "CR-echo-foetale",
        text: "Jumeau 1 : suspicion d'omphalocèle.\nJumeau 2 : omphalocèle.\nJumeau 1 : pas d'omphalocèle.",
        read: &[(Possible, Absent), (Present, Present), (Absent, Absent)],
    },
    Told {
        name: "the conclusion outweighs the body, wherever it stands",
        kind: "CRH",
        text: "CONCLUSION\nPas d'omphalocèle.\n\nEXAMEN CLINIQUE\nOmphalocèle.",
        read: &[(Absent, Absent), (Present, Absent)],
    },
];

fn annotated(told: &Told) -> Vec<Value> {
    let line = json!({"document_id": "D", "document_type": told.kind, "text": told.text}).to_string();
    Bench::new().run_with_input(&["annotate", "-", "--into", "-"], line).ends_with(0).json()
}

#[test]
fn the_report_concludes() {
    let mut wrong = Vec::new();
    for told in TABLE {
        let found: Vec<(Value, Value)> =
            annotated(told).iter().map(|e| (e["assertion"].clone(), e["conclusion"].clone())).collect();
        let expected: Vec<(Value, Value)> =
            told.read.iter().map(|(a, c)| (json!(a.as_str()), json!(c.as_str()))).collect();
        if found != expected {
            wrong.push(format!("{}: {found:?}", told.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_past_stands_as_it_was_read() {
    let text = "ANTÉCÉDENTS\nSuspicion d'appendicite en 2010.\n\nEXAMEN CLINIQUE\nPas d'appendicite.";
    let places = text.match_indices("appendicite").map(|(at, word)| (text[..at].chars().count(), word.len()));
    let entities: Vec<Value> = places.map(|(at, n)| json!({"start": at, "end": at + n})).collect();
    let line = json!({"id": "D", "text": text, "document_date": "2024-03-12", "entities": entities});
    let read = Bench::new().run_with_input(&["qualify"], line.to_string()).ends_with(0).json();
    let of = |i: usize, field: &str| read[0]["entities"][i][field].clone();
    assert_eq!((of(0, "temporality"), of(0, "conclusion")), (json!("past"), of(0, "assertion")));
    assert_ne!(of(0, "conclusion"), json!("absent"));
    assert_eq!(of(1, "conclusion"), json!("absent"));
}

#[test]
fn the_events_of_a_warehouse_and_its_view_carry_it() {
    let bench = Bench::new();
    bench.file(
        "in.jsonl",
        json!({"document_id": "D", "document_type": "CRH", "text": TABLE[0].text}).to_string(),
    );
    bench.run(&["annotate", "in.jsonl", "--into", "cohort.db"]).ends_with(0);
    let events = bench.run(&["events", "cohort.db"]).ends_with(0).json();
    let told: Vec<&Value> = events.iter().map(|e| &e["conclusion"]).collect();
    assert_eq!(told, ["absent", "absent"]);
    let connection = Connection::open(bench.path("cohort.db")).unwrap();
    let sql = "SELECT group_concat(assertion || '/' || conclusion, ' ' ORDER BY start) FROM v_events";
    let found: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(found, "possible/absent absent/absent");
    bench.run(&["verify", "cohort.db"]).ends_with(0);
}
