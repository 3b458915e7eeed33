//! The contract of each command: what goes in, what comes out, how it ends, and what survives an interruption.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Bench, Ran, reports};

/// The fields of an event, in the order of the contract; `fragments` only when discontinuous.
const FIELDS: [&str; 33] = [
    "event_id",
    "document_id",
    "document_version",
    "patient_id",
    "visit_id",
    "document_type",
    "document_date",
    "section",
    "start",
    "end",
    "fragments",
    "text",
    "concept",
    "label",
    "codings",
    "subgroups",
    "assertion",
    "certainty",
    "conclusion",
    "experiencer",
    "fetus_index",
    "temporality",
    "event_date",
    "event_date_precision",
    "event_date_source",
    "gestational_age_days",
    "laterality",
    "value",
    "unit",
    "cues",
    "method",
    "confidence",
    "provenance",
];

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// A line of JSONL with one finding.
fn line(id: &str, version: i64, text: &str) -> String {
    json!({"document_id": id, "version": version, "patient_id": format!("P-{id}"), "text": text}).to_string()
}

fn concepts(ran: &Ran) -> Vec<String> {
    ran.json().iter().map(|e| e["concept"].as_str().unwrap().to_string()).collect()
}

/// A warehouse of the demonstration reports, `c.db`.
fn warehouse() -> Bench {
    let bench = Bench::new().with_reports();
    bench.run(&["annotate", "reports.jsonl", "--into", "c.db"]).ends_with(0);
    bench
}

// ---------------------------------------------------------------- annotate

#[test]
fn annotate_writes_the_same_events_everywhere() {
    let bench = Bench::new().with_reports();
    let piped = bench.run(&["annotate", "reports.jsonl", "--into", "-"]).ends_with(0);
    for event in piped.json() {
        let expected: Vec<&str> =
            FIELDS.into_iter().filter(|f| *f != "fragments" || event.get("fragments").is_some()).collect();
        assert_eq!(keys(&event), expected);
        assert_eq!(keys(&event["provenance"]), ["engine", "lexicons", "model", "rule"]);
    }
    bench.run(&["annotate", "reports.jsonl", "--into", "events.jsonl"]).ends_with(0);
    assert_eq!(bench.read("events.jsonl"), piped.out);
    assert!(!bench.path("events.partial").exists());
    bench.run(&["annotate", "reports.jsonl", "--into", "c.db"]).ends_with(0);
    assert_eq!(bench.run(&["events", "c.db"]).ends_with(0).out, piped.out);
    assert_eq!(bench.run(&["verify", "c.db"]).ends_with(0).code, 0);
}

#[test]
fn annotate_ends_with_one_summary_line() {
    let bench = Bench::new().with_reports();
    let first = bench.run(&["annotate", "reports.jsonl", "--into", "c.db", "--json"]).ends_with(0);
    assert_eq!(first.err.lines().count(), 1, "{}", first.err);
    assert!(first.out.is_empty());
    let summary = first.summary();
    for key in ["documents", "written", "unchanged", "quarantined", "events", "bytes", "seconds"] {
        assert!(summary[key].is_number(), "{key}: {summary}");
    }
    let bytes: usize = reports().iter().map(|r| r.text.len()).sum();
    assert_eq!(
        (&summary["documents"], &summary["written"], &summary["bytes"]),
        (&48.into(), &48.into(), &bytes.into())
    );
    let stored = bench.run(&["events", "c.db"]).out.lines().count();
    assert_eq!(summary["events"], stored);
    let table = bench.run(&["annotate", "reports.jsonl", "--into", "d.db"]).ends_with(0);
    for word in ["documents", "written", "set aside", "events", "MB/s", "48"] {
        assert!(table.err.contains(word), "{word}: {}", table.err);
    }
}

/// The files of a warehouse, without its log and its index.
fn digest(bench: &Bench) -> Vec<u8> {
    fs::read(bench.path("c.db")).unwrap()
}

#[test]
fn a_second_run_writes_nothing() {
    let bench = warehouse();
    let before = digest(&bench);
    let again =
        bench.run(&["annotate", "reports.jsonl", "--into", "c.db", "--json", "--threads", "1"]).ends_with(0);
    let summary = again.summary();
    assert_eq!(
        (&summary["written"], &summary["unchanged"], &summary["events"]),
        (&0.into(), &48.into(), &0.into())
    );
    assert!(digest(&bench) == before, "the file changed");
}

#[test]
fn a_higher_version_replaces_and_a_lower_one_is_left() {
    let bench = Bench::new();
    let annotate = |lines: &[String]| {
        let ran = bench
            .run_with_input(&["annotate", "-", "--into", "c.db", "--json"], lines.join("\n"))
            .ends_with(0);
        ran.summary()
    };
    let stored = || concepts(&bench.run(&["events", "c.db"]).ends_with(0));
    annotate(&[line("a", 1, "Omphalocèle."), line("b", 0, "Trisomie 21.")]);
    assert_eq!(stored(), ["omphalocele", "down"]);
    let summary = annotate(&[line("a", 2, "Laparoschisis."), line("b", 0, "Trisomie 21.")]);
    assert_eq!((&summary["written"], &summary["unchanged"]), (&1.into(), &1.into()));
    assert_eq!(stored(), ["gastroschisis", "down"]);
    let before = digest(&bench);
    let summary = annotate(&[line("a", 1, "Omphalocèle.")]);
    assert_eq!((&summary["written"], &summary["stale"]), (&0.into(), &1.into()));
    assert!(digest(&bench) == before, "a stale version changed the file");
    let summary = annotate(&[line("a", 2, "Trisomie 18.")]);
    assert_eq!(summary["written"], 1, "a corrected text under the same version, in a later run");
    assert_eq!(stored(), ["edwards", "down"]);
    bench.run(&["verify", "c.db"]).ends_with(0);
}

#[test]
fn a_lexicon_of_the_site_is_added_or_takes_the_place_of_a_shipped_one() {
    let bench = Bench::new();
    bench.file("cardiac.tsv", "X:1\tsouffle cardiaque\n");
    let text = line("a", 0, "Souffle cardiaque. Trisomie 21.");
    let added = bench
        .run_with_input(&["annotate", "-", "--into", "-", "--lexicon", "cardiac.tsv"], &text)
        .ends_with(0);
    assert_eq!(concepts(&added), ["X:1", "down"]);
    let lexicons = added.json()[0]["provenance"]["lexicons"].to_string();
    assert!(lexicons.contains("cardiac@0+") && lexicons.contains("malformations@"), "{lexicons}");
    bench.file("malformations.tsv", "X:1\tsouffle cardiaque\n");
    let alone = ["annotate", "-", "--into", "-", "--lexicon", "malformations.tsv"];
    assert_eq!(concepts(&bench.run_with_input(&alone, &text).ends_with(0)), ["X:1"]);
}

#[test]
fn another_lexicon_makes_the_events_anew() {
    let bench = warehouse();
    bench.file("cardiac.tsv", "X:1\tsouffle\n");
    let arguments = ["annotate", "reports.jsonl", "--into", "c.db", "--json", "--lexicon", "cardiac.tsv"];
    assert_eq!(bench.run(&arguments).ends_with(0).summary()["written"], 48);
    assert_eq!(bench.run(&arguments).ends_with(0).summary()["unchanged"], 48);
    bench.run(&["verify", "c.db"]).ends_with(0);
}

#[test]
fn only_the_sections_asked_for_are_kept() {
    let bench = Bench::new();
    let text = line("a", 0, "MOTIF\nOmphalocèle.\n\nCONCLUSION\nTrisomie 21.\n");
    let run = |sections: &str| {
        let ran = bench.run_with_input(&["annotate", "-", "--into", "-", "--sections", sections], &text);
        concepts(&ran.ends_with(0))
    };
    assert_eq!(run("conclusion"), ["down"]);
    assert_eq!(run("conclusion,motif"), ["omphalocele", "down"]);
}

#[test]
fn text_is_stored_only_on_request() {
    let bench = Bench::new();
    for (arguments, kept) in [(vec![], false), (vec!["--keep-text"], true)] {
        let name = format!("{kept}.db");
        let text = line("a", 0, "Omphalocèle chez Zorglub.");
        bench
            .run_with_input(&[&["annotate", "-", "--into", &name], &arguments[..]].concat(), &text)
            .ends_with(0);
        let bytes = fs::read(bench.path(&name)).unwrap();
        assert_eq!(bytes.windows(7).any(|w| w == b"Zorglub"), kept, "{name}");
    }
}

#[test]
fn every_kind_of_source_is_read() {
    let bench = Bench::new();
    let lines = [line("a", 0, "Trisomie 21."), line("b", 0, "Omphalocèle.")].join("\n");
    bench.file("in.jsonl", &lines);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(lines.as_bytes()).unwrap();
    bench.file("in.jsonl.gz", gz.finish().unwrap());
    bench.file("in.jsonl.zst", zstd::encode_all(lines.as_bytes(), 1).unwrap());
    bench.file("in.csv", "note_id;note_text\na;Trisomie 21.\nb;Omphalocèle.\n");
    bench.file("latin.csv", b"document_id,text\na,Trisomie 21.\nb,Omphaloc\xE8le.\n");
    bench.file("notes/a.txt", "Trisomie 21.");
    bench.file("notes/b.txt", b"Omphaloc\xE8le.");
    for source in ["in.jsonl", "in.jsonl.gz", "in.jsonl.zst", "in.csv", "latin.csv", "notes", "-"] {
        let ran = bench.run_with_input(&["annotate", source, "--into", "-"], &lines).ends_with(0);
        assert_eq!(concepts(&ran), ["down", "omphalocele"], "{source}");
        assert_eq!(ran.json()[1]["text"], "Omphalocèle", "{source}");
    }
    let both = bench.run(&["annotate", "in.jsonl", "notes", "--into", "c.db", "--json"]);
    assert_eq!(both.code, 3, "the same ids with other metadata are a conflict: {}", both.err);
    let latin = bench.run(&["annotate", "latin.csv", "--into", "d.db"]).ends_with(0);
    assert!(latin.err.contains("Windows-1252"), "{}", latin.err);
    bench.file("mojibake.jsonl", line("m", 0, "OmphalocÃ¨le et atrÃ©sie de lâ€™Å“sophage."));
    let mojibake = bench.run(&["annotate", "mojibake.jsonl", "--into", "d.db"]).ends_with(0);
    assert!(mojibake.err.contains("1 documents hold text that was decoded wrongly"), "{}", mojibake.err);
}

#[test]
fn nothing_in_gives_nothing_out() {
    let bench = Bench::new();
    bench.file("empty.jsonl", "\n\n");
    let ran = bench.run(&["annotate", "empty.jsonl", "--into", "c.db", "--json"]).ends_with(0);
    assert_eq!(ran.summary()["documents"], 0);
    assert_eq!(bench.run(&["events", "c.db"]).ends_with(0).out, "");
    bench.run(&["verify", "c.db"]).ends_with(0);
    assert_eq!(bench.run(&["segment"]).ends_with(0).out, "");
    assert_eq!(bench.run(&["qualify"]).ends_with(0).out, "");
}

// ---------------------------------------------------------------- events, findings, verify, forget

#[test]
fn events_come_as_jsonl_or_csv_and_can_be_chosen() {
    let bench = warehouse();
    let all = bench.run(&["events", "c.db"]).ends_with(0).json();
    let table = bench.run(&["events", "c.db", "--format", "csv"]).ends_with(0).out;
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let headers: Vec<_> = rows.headers().unwrap().iter().collect();
    assert_eq!(headers, [&FIELDS[..], &["position", "ward"]].concat());
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), all.len());
    for (row, event) in rows.iter().zip(&all) {
        for (cell, field) in row.iter().zip(FIELDS) {
            match &event[field] {
                Value::Null => assert_eq!(cell, "", "{field}"),
                Value::String(text) => assert_eq!(cell, text, "{field}"),
                other => assert_eq!(&serde_json::from_str::<Value>(cell).unwrap(), other, "{field}"),
            }
        }
    }
    let of = |field: &str, value: &str| all.iter().filter(|e| e[field] == value).cloned().collect::<Vec<_>>();
    let run = |arguments: &[&str]| bench.run(&[&["events", "c.db"], arguments].concat()).ends_with(0).json();
    assert_eq!(run(&["--document", "R004"]), of("document_id", "R004"));
    assert_eq!(run(&["--patient", "P01"]), of("patient_id", "P01"));
    assert_eq!(run(&["--document", "nobody"]), Vec::<Value>::new());
}

#[test]
fn offsets_of_events_are_code_points() {
    let text = "👶🏽 é e\u{301} : omphalocèle.";
    let bench = Bench::new();
    let ran = bench.run_with_input(&["annotate", "-", "--into", "-"], line("a", 0, text)).ends_with(0);
    let event = &ran.json()[0];
    let (start, end) = (event["start"].as_u64().unwrap() as usize, event["end"].as_u64().unwrap() as usize);
    assert_eq!(text.chars().skip(start).take(end - start).collect::<String>(), "omphalocèle");
    assert_eq!((start, event["text"].as_str()), (10, Some("omphalocèle")));
}

#[test]
fn findings_show_each_patient_with_evidence() {
    let bench = warehouse();
    let all = bench.run(&["findings", "c.db"]).ends_with(0).out;
    for word in ["patient", "finding", "P01", "R001", "trisomie 21", "EUROCAT:down"] {
        assert!(all.contains(word), "{word}");
    }
    let one = bench.run(&["findings", "c.db", "--patient", "P01"]).ends_with(0).out;
    assert!(one.contains("P01") && !one.contains("P02") && one.len() < all.len());
    let minor = bench.run(&["findings", "c.db", "--minor"]).ends_with(0).out;
    assert!(minor.len() > all.len());
    let after = bench.run(&["annotate", "reports.jsonl", "--into", "c.db", "--findings"]).ends_with(0).out;
    assert_eq!(after, all, "--findings prints what `findings` prints");
}

#[test]
fn verify_sees_tampering() {
    let bench = warehouse();
    let sound = bench.run(&["verify", "c.db"]).ends_with(0).out;
    assert!(sound.contains("ok") && !sound.contains("BROKEN"));
    let sqlite = rusqlite::Connection::open(bench.path("c.db")).unwrap();
    let changed: usize = ["event", "events"]
        .iter()
        .filter_map(|table| {
            sqlite.execute(&format!("UPDATE {table} SET start = start + 1 WHERE rowid = 3"), []).ok()
        })
        .sum();
    drop(sqlite);
    assert_eq!(changed, 1, "the table of events has another name: mend this test");
    let broken = bench.run(&["verify", "c.db"]).ends_with(1);
    assert!(broken.out.contains("BROKEN") && broken.err.contains("broken"), "{}", broken.err);
}

#[test]
fn what_is_forgotten_is_gone_and_refused() {
    let bench = warehouse();
    let documents = |bench: &Bench| {
        let mut count = BTreeMap::new();
        for event in bench.run(&["events", "c.db"]).json() {
            *count.entry(event["document_id"].as_str().unwrap().to_string()).or_insert(0) += 1;
        }
        count
    };
    let before = documents(&bench);
    let patient: Vec<&str> =
        reports().iter().filter(|r| r.patient_id.as_deref() == Some("P01")).map(|r| r.id.as_str()).collect();
    let ran = bench.run(&["forget", "c.db", "--document", "R010", "--patient", "P01"]).ends_with(0);
    assert!(ran.out.contains(&format!("forgotten: {} documents", patient.len() + 1)), "{}", ran.out);
    let gone = |id: &str| id == "R010" || patient.contains(&id);
    let expected: BTreeMap<_, _> = before.into_iter().filter(|(id, _)| !gone(id)).collect();
    assert_eq!(documents(&bench), expected);
    let again = bench.run(&["annotate", "reports.jsonl", "--into", "c.db", "--json"]).ends_with(0).summary();
    assert_eq!((&again["forgotten"], &again["written"]), (&(patient.len() + 1).into(), &0.into()));
    assert_eq!(documents(&bench), expected);
    bench.run(&["verify", "c.db"]).ends_with(0);
    let bytes = fs::read(bench.path("c.db")).unwrap();
    assert!(!bytes.windows(4).any(|w| w == b"R010"), "the id stays in the file");
}

// ---------------------------------------------------------------- segment and qualify

fn part(text: &str, of: &Value, start: &str, end: &str) -> String {
    let at = |name: &str| of[name].as_u64().expect(name) as usize;
    text.chars().skip(at(start)).take(at(end) - at(start)).collect()
}

const SCAN: &str = "👶 Écho du 12/03/2024\nMOTIF : hernie.\nCONCLUSION\nPas d'omphalocèle. Suivi à 24 SA.";

#[test]
fn segment_gives_sections_and_sentences() {
    let bench = Bench::new();
    let input = json!({"document_id": 7, "text": SCAN, "other": "x"}).to_string();
    let answer = &bench.run_with_input(&["segment"], &input).ends_with(0).json()[0];
    assert_eq!(answer["document_id"], 7, "the id comes back as it went in");
    let sections = answer["sections"].as_array().unwrap();
    let read: Vec<(&str, String, String)> = sections
        .iter()
        .map(|s| {
            assert_eq!(keys(s), ["kind", "title_start", "title_end", "start", "end"]);
            let title = part(SCAN, s, "title_start", "title_end");
            (s["kind"].as_str().unwrap(), title, part(SCAN, s, "start", "end").trim().to_string())
        })
        .collect();
    assert_eq!(read[0].0, "motif");
    assert!(read[0].1.starts_with("MOTIF") && read[0].2 == "hernie.", "{read:?}");
    assert_eq!(read[1], ("conclusion", "CONCLUSION".into(), "Pas d'omphalocèle. Suivi à 24 SA.".into()));
    let sentences = answer["sentences"].as_array().unwrap();
    let sentences: Vec<String> = sentences.iter().map(|s| part(SCAN, s, "start", "end")).collect();
    assert!(sentences.contains(&"Pas d'omphalocèle.".to_string()), "{sentences:?}");
    assert!(sentences.contains(&"Suivi à 24 SA.".to_string()), "{sentences:?}");
}

#[test]
fn segment_gives_dates() {
    let bench = Bench::new();
    let input = json!({"id": "x", "text": SCAN, "document_date": "2024-03-12"}).to_string();
    let answer = &bench.run_with_input(&["segment"], &input).ends_with(0).json()[0];
    assert_eq!(keys(answer), ["id", "sections", "sentences", "dates", "periods", "tables", "quantities"]);
    let dates = answer["dates"].as_array().expect("dates");
    for date in dates {
        assert_eq!(
            keys(date),
            ["start", "end", "kind", "value", "precision", "date", "datetime", "delta_days"]
        );
    }
    let written: Vec<String> = dates.iter().map(|d| part(SCAN, d, "start", "end")).collect();
    assert_eq!(written, ["12/03/2024", "24 SA"]);
}

#[test]
fn segment_gives_tables_and_quantities() {
    let bench = Bench::new();
    let text = "👶 BIP 54 mm, < 10ᵉ p.\nPoids | 3,2 | kg\nTaille | 48-50 | cm";
    let input = json!({"id": "x", "text": text}).to_string();
    let answer = &bench.run_with_input(&["segment", "--unit", "g"], &input).ends_with(0).json()[0];
    let quantities = answer["quantities"].as_array().unwrap();
    assert_eq!(keys(&quantities[0]), ["start", "end", "value", "unit", "dimension"]);
    assert_eq!(keys(&quantities[1]), ["start", "end", "value", "unit", "dimension", "label", "converted"]);
    assert_eq!(quantities[1]["converted"], json!({"g": 3200}));
    let read: Vec<_> =
        quantities.iter().map(|q| (part(text, q, "start", "end"), &q["value"], &q["high"])).collect();
    let expected = [
        ("54 mm", json!(54), json!(null)),
        ("3,2", json!(3.2), json!(null)),
        ("48-50", json!(48), json!(50)),
    ];
    assert!(read.iter().map(|(t, v, h)| (t.as_str(), (*v).clone(), (*h).clone())).eq(expected), "{read:?}");
    let table = &answer["tables"][0];
    assert_eq!(part(text, table, "start", "end"), "Poids | 3,2 | kg\nTaille | 48-50 | cm");
    assert_eq!(part(text, &table["rows"][1][0], "start", "end"), "Taille");
    let ran = bench.run_with_input(&["segment", "--unit", "stone"], &input).ends_with(1);
    assert!(ran.err.contains("stone"), "{}", ran.err);
}

#[test]
fn segment_cuts_sentences_as_asked() {
    let text = "Liste :\n- un. Deux\nTrois\n\nquatre";
    let cases: [(&[&str], &[&str]); 4] = [
        (&["segment"], &["Liste :", "- un.", "Deux", "Trois", "quatre"]),
        (&["segment", "--bullets=-"], &["Liste :", "- un.", "Deux", "Trois\n\nquatre"]),
        (&["segment", "--newlines=2", "--capitals=ignore"], &["Liste :\n- un.", "Deux\nTrois", "quatre"]),
        (&["segment", "--ignore-points", "--hard-newlines=2"], &["Liste :\n- un. Deux", "Trois", "quatre"]),
    ];
    for (command, expected) in cases {
        let input = json!({"text": text}).to_string();
        let answer = &Bench::new().run_with_input(command, &input).ends_with(0).json()[0];
        let sentences = answer["sentences"].as_array().unwrap().iter();
        let read: Vec<String> = sentences.map(|s| part(text, s, "start", "end")).collect();
        assert_eq!(read, expected, "{command:?}");
    }
    let input = json!({"text": "👶 Vu.\nIl va bien\nLe matin", "soft_newlines": [16, 3, 99]}).to_string();
    let answer = &Bench::new().run_with_input(&["segment"], &input).ends_with(0).json()[0];
    assert_eq!(answer["sentences"].as_array().unwrap().len(), 2, "{answer}");
}

#[test]
fn qualify_gives_the_same_lines_with_their_context() {
    let text = "👶 Pas d'omphalocèle. Mère : fente palatine opérée. Suspicion de CIV.";
    let entity = |word: &str| {
        let byte = text.find(word).unwrap();
        let start = text[..byte].chars().count();
        json!({"start": start, "end": start + word.chars().count(), "label": word})
    };
    let entities: Vec<Value> = ["omphalocèle", "fente palatine", "CIV"].map(entity).into();
    let input = json!({"id": "n", "mine": [1], "text": text, "document_type": "CRH", "entities": entities});
    let ran = Bench::new().run_with_input(&["qualify"], input.to_string()).ends_with(0);
    let answer = &ran.json()[0];
    assert_eq!(keys(answer), ["id", "mine", "text", "document_type", "entities"]);
    let read = answer["entities"].as_array().unwrap();
    let said: Vec<_> = read
        .iter()
        .zip(&entities)
        .map(|(found, given)| {
            let names = [
                "start",
                "end",
                "label",
                "assertion",
                "certainty",
                "conclusion",
                "experiencer",
                "fetus_index",
                "temporality",
                "section",
                "cues",
                "negated",
                "hypothetical",
                "historical",
                "family",
            ];
            assert_eq!(keys(found), names);
            assert!(given.as_object().unwrap().iter().all(|(key, value)| found[key] == *value));
            let is = |name: &str| found[name].as_bool().unwrap();
            assert_eq!(is("negated"), found["assertion"] == "absent");
            assert_eq!(is("historical"), found["temporality"] == "past");
            let flags = [is("negated"), is("hypothetical"), is("family")];
            (found["assertion"].as_str().unwrap(), found["experiencer"].as_str().unwrap(), flags)
        })
        .collect();
    let expected = [
        ("absent", "patient", [true, false, false]),
        ("present", "mother", [false, false, true]),
        ("possible", "patient", [false, true, false]),
    ];
    assert_eq!(said, expected);
    let cue = &read[0]["cues"][0];
    assert_eq!(keys(cue), ["id", "start", "end"]);
    assert_eq!(part(text, cue, "start", "end"), "Pas d'");
}

#[test]
fn qualify_keeps_the_order_of_lines_on_any_number_of_threads() {
    let lines: Vec<String> = (0..300)
        .map(|i| json!({"id": i, "text": "Pas de CIV.", "entities": [{"start": 7, "end": 10}]}).to_string())
        .collect();
    for threads in ["1", "4"] {
        let ran = Bench::new()
            .run_with_input(&["qualify", "-", "--threads", threads], lines.join("\n"))
            .ends_with(0);
        assert!(ran.json().iter().enumerate().all(|(i, answer)| answer["id"] == i));
    }
}

// ---------------------------------------------------------------- lexicon, help, pipes

#[test]
fn lexicons_are_listed_checked_and_shown() {
    let bench = Bench::new();
    let list = bench.run(&["lexicon", "list"]).ends_with(0).out;
    for word in ["malformations", "context", "sections", "abbreviations", "licence", "HPO"] {
        assert!(list.contains(word), "{word}");
    }
    let check = bench.run(&["lexicon", "check"]).ends_with(0).out;
    assert!(check.contains("9 lexicons") && check.contains("no problem"), "{check}");
    let sentence = bench.run(&["lexicon", "show", "atrésie de l'œsophage de type III"]).ends_with(0).out;
    assert!(sentence.contains("oesophageal_atresia") && sentence.contains("Q39"), "{sentence}");
    let concept = bench.run(&["lexicon", "show", "omphalocele"]).ends_with(0).out;
    assert!(concept.contains("Q79.2") && concept.contains("abdominal_wall"), "{concept}");
    let none = bench.run(&["lexicon", "show", "bonjour"]).ends_with(0).out;
    assert!(none.contains("no concept"), "{none}");
}

#[test]
fn help_shows_examples_and_exit_codes() {
    let bench = Bench::new();
    let help = bench.run(&["--help"]).ends_with(0).out;
    for word in ["Examples:", "laennec annotate", "Exit codes: 0 done, 1 failed, 2 usage, 3"] {
        assert!(help.contains(word), "{word}");
    }
    for command in
        ["annotate", "show", "events", "findings", "verify", "forget", "segment", "qualify", "lexicon"]
    {
        assert!(help.contains(command), "{command}");
        let own = bench.run(&[command, "--help"]).ends_with(0).out;
        assert!(own.contains("Usage: laennec") && own.contains("--help"), "{command}: {own}");
    }
    assert!(bench.run(&["--version"]).ends_with(0).out.starts_with("laennec 0."));
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let bench = warehouse();
    let many: String = bench.read("reports.jsonl").repeat(8);
    bench.file("many.jsonl", many.replace("\"document_id\"", "\"entities\": [], \"document_id\""));
    let commands = [
        "events c.db",
        "events c.db --format csv",
        "findings c.db",
        "annotate reports.jsonl --into -",
        "segment many.jsonl",
        "qualify many.jsonl",
        "lexicon list",
        "lexicon show omphalocele",
    ];
    for command in commands {
        let script = format!("\"$LAENNEC\" {command} | head -c 1 >/dev/null; exit ${{PIPESTATUS[0]}}");
        let mut bash = Command::new("bash");
        bash.args(["-c", &script]).current_dir(bench.path("")).env("LAENNEC", env!("CARGO_BIN_EXE_laennec"));
        let output = bash.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let quiet = said.is_empty() || command.starts_with("annotate") && !said.contains("pipe");
        assert!(quiet && !said.contains("panicked"), "{command}: {said}");
        assert_eq!(output.status.code(), Some(0), "{command}: {said}");
    }
}

// ---------------------------------------------------------------- interruption

/// Documents committed to a warehouse, as another program sees them; 0 while there is none.
fn committed(path: &Path) -> i64 {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let Ok(warehouse) = rusqlite::Connection::open_with_flags(path, flags) else { return 0 };
    warehouse.query_row("SELECT count(*) FROM v_documents", [], |row| row.get(0)).unwrap_or(0)
}

/// Waits until more than `before` documents are committed; `None` when the run ended first.
fn wait_for_more(child: &mut std::process::Child, path: &Path, before: i64) -> Option<i64> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        let now = committed(path);
        if now > before {
            return Some(now);
        }
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        std::thread::sleep(Duration::from_millis(3));
    }
    panic!("no batch was committed within a minute");
}

/// Short reports, enough for several batches.
fn many(count: usize) -> String {
    let texts = [
        "Pas d'omphalocèle. Trisomie 21.",
        "Atrésie de l'œsophage de type III opérée à J2.",
        "Suspicion de CIV.",
        "RAS.",
    ];
    (0..count).map(|i| line(&format!("D{i:05}"), 0, texts[i % texts.len()]) + "\n").collect()
}

#[test]
fn a_killed_run_goes_on_to_the_same_warehouse() {
    const DOCUMENTS: usize = 2048 * 5;
    let bench = Bench::new();
    bench.file("in.jsonl", many(DOCUMENTS));
    let arguments = |into| ["annotate", "in.jsonl", "--into", into, "--json"];
    bench.run(&arguments("whole.db")).ends_with(0);
    let warehouse = bench.path("killed.db");
    let mut done = 0;
    for _ in 0..3 {
        let mut child = bench.command(&arguments("killed.db")).spawn().unwrap();
        let Some(now) = wait_for_more(&mut child, &warehouse, done) else { break };
        child.kill().unwrap();
        child.wait().unwrap();
        done = committed(&warehouse);
        assert!(done >= now, "what was committed is lost");
        assert_eq!(done % 2048, 0, "half a batch is there");
        let part = bench.run(&["events", "killed.db"]).ends_with(0);
        let last = part.json().last().unwrap()["document_id"].as_str().unwrap().to_string();
        assert!(last < format!("D{done:05}"), "events without their document");
        bench.run(&["verify", "killed.db"]).ends_with(0);
    }
    assert!(done > 0, "no run was killed");
    let rest = bench.run(&arguments("killed.db")).ends_with(0).summary();
    assert_eq!((&rest["documents"], &rest["unchanged"]), (&DOCUMENTS.into(), &done.into()));
    let events = |name| bench.run(&["events", name]).ends_with(0).out;
    assert!(
        events("killed.db") == events("whole.db"),
        "the events differ from those of an uninterrupted run"
    );
    bench.run(&["verify", "killed.db"]).ends_with(0);
}

#[test]
fn a_polite_stop_ends_at_the_border_of_a_batch() {
    let bench = Bench::new();
    let mut command = bench.command(&["annotate", "-", "--into", "c.db"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Reports without end: the run can only end because it is told to.
    let feed = std::thread::spawn(move || {
        let mut i = 0;
        while writeln!(stdin, "{}", line(&format!("D{i:07}"), 0, "Trisomie 21.")).is_ok() {
            i += 1;
        }
    });
    wait_for_more(&mut child, &bench.path("c.db"), 0).expect("the run goes on");
    let kill = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    feed.join().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("run the same command again"), "{said}");
    assert_eq!(committed(&bench.path("c.db")) % 2048, 0, "half a batch is there");
    bench.run(&["verify", "c.db"]).ends_with(0);
}

#[test]
fn readers_are_served_while_a_run_writes() {
    let bench = Bench::new();
    bench.file("in.jsonl", many(2048 * 4));
    let mut child = bench.command(&["annotate", "in.jsonl", "--into", "c.db"]).spawn().unwrap();
    wait_for_more(&mut child, &bench.path("c.db"), 0).expect("a batch");
    let part = bench.run(&["events", "c.db"]).ends_with(0);
    assert!(part.out.lines().count() > 1000);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
