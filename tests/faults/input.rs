//! Bad input, as the program meets it: what is bad is set aside or refused with a remedy, what is good is kept, and no
//! message shows a report.

use std::fs;

use crate::support::{Bench, Ran};

/// Stands in the text of every report here; must not come out in any message.
const SECRET: &str = "Zorglub";

fn good(id: &str) -> String {
    format!(r#"{{"document_id":"{id}","patient_id":"P{id}","text":"Trisomie 21 chez {SECRET}."}}"#)
}

fn text(fields: &str) -> String {
    format!(r#"{{"document_id":"bad",{fields}"text":"Omphalocèle chez {SECRET}."}}"#)
}

#[track_caller]
fn keeps_the_secret(ran: &Ran) {
    assert!(!ran.err.contains(SECRET), "a message shows a report: {}", ran.err);
}

/// The documents that have events, in order.
fn documents(ran: &Ran) -> Vec<String> {
    let mut ids: Vec<String> =
        ran.json().iter().map(|e| e["document_id"].as_str().unwrap().to_string()).collect();
    ids.dedup();
    ids
}

/// What is bad, the line, the code of the reason. Each alone is in tests/source.rs; here all stand in one file.
fn bad_lines() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let json = |line: String| line.into_bytes();
    let with = |inside: &str| json(format!(r#"{{"document_id":"bad","text":"{SECRET} {inside}"}}"#));
    let mut undecodable = with("");
    undecodable.splice(30..30, [0xC3, 0x28, 0x81, 0x8D, 0x8F]);
    vec![
        ("not JSON", json(format!("Omphalocèle chez {SECRET}")), "not_json"),
        ("cut short", json(format!(r#"{{"document_id":"bad","text":"{SECRET}"#)), "not_json"),
        ("not an object", json(format!(r#"["{SECRET}"]"#)), "not_json"),
        ("two objects", json(good("x") + &good("y")), "not_json"),
        ("no document_id", json(format!(r#"{{"text":"{SECRET}"}}"#)), "missing_field"),
        ("no text", json(r#"{"document_id":"bad"}"#.into()), "missing_field"),
        ("text is null", json(r#"{"document_id":"bad","text":null}"#.into()), "missing_field"),
        ("NUL", with("\\u0000"), "nul_character"),
        ("lone surrogate", with("\\ud83d"), "lone_surrogate"),
        ("duplicate key", json(text(&format!(r#""text":"{SECRET} 2","#))), "duplicate_key"),
        ("impossible date", json(text(r#""document_date":"2023-02-30","#)), "impossible_date"),
        ("date is no date", json(text(&format!(r#""document_date":"{SECRET}","#))), "impossible_date"),
        ("too large", with(&"x".repeat(3000)), "too_large"),
        (
            "long identifier",
            json(format!(r#"{{"document_id":"{}","text":"{SECRET}"}}"#, "i".repeat(256))),
            "bad_identifier",
        ),
        ("text is a number", json(r#"{"document_id":"bad","text":12}"#.into()), "wrong_type"),
        ("text is a list", json(format!(r#"{{"document_id":"bad","text":["{SECRET}"]}}"#)), "wrong_type"),
        ("two names, two values", json(text(r#""note_id":"other","#)), "conflicting_fields"),
        ("not text", undecodable, "undecodable"),
    ]
}

#[test]
fn a_bad_line_is_set_aside_and_its_neighbours_are_written() {
    let bad = bad_lines();
    let ids: Vec<String> = (0..=bad.len()).map(|i| format!("good-{i:02}")).collect();
    let mut lines: Vec<Vec<u8>> = vec![good(&ids[0]).into_bytes()];
    for ((_, line, _), id) in bad.iter().zip(&ids[1..]) {
        lines.extend([line.clone(), good(id).into_bytes()]);
    }
    let bench = Bench::new();
    bench.file("in.jsonl", lines.join(&b'\n'));
    let count = |n: usize| serde_json::Value::from(n);
    let annotate = |into: &str| {
        bench.run(&["annotate", "in.jsonl", "--into", into, "--max-document-bytes", "2000", "--json"])
    };
    for into in ["cohort.db", "-", "events.jsonl"] {
        let ran = annotate(into).ends_with(3);
        keeps_the_secret(&ran);
        for (i, (name, _, code)) in bad.iter().enumerate() {
            let said = format!("in.jsonl:{}: set aside ({code}): ", 2 * i + 2);
            assert!(ran.err.contains(&said), "{name}: {said:?} is not in {}", ran.err);
        }
        let summary = ran.summary();
        assert_eq!(summary["documents"], count(lines.len()));
        assert_eq!((&summary["written"], &summary["quarantined"]), (&count(ids.len()), &count(bad.len())));
        let events = match into {
            "cohort.db" => bench.run(&["events", into]).ends_with(0),
            "events.jsonl" => Ran { code: 0, out: bench.read(into), err: String::new() },
            _ => ran,
        };
        assert_eq!(documents(&events), ids, "into {into}");
    }
    bench.run(&["verify", "cohort.db"]).ends_with(0);
    let again = annotate("cohort.db").ends_with(3);
    keeps_the_secret(&again);
    let summary = again.summary();
    assert_eq!((&summary["unchanged"], &summary["written"]), (&count(ids.len()), &count(0)));
}

#[test]
fn many_bad_lines_are_counted_and_named_up_to_a_limit() {
    let bench = Bench::new();
    let lines: Vec<String> =
        (0..60).map(|i| if i % 2 == 0 { good(&i.to_string()) } else { format!("{{{SECRET}") }).collect();
    bench.file("in.jsonl", lines.join("\n"));
    let ran = bench.run(&["annotate", "in.jsonl", "--into", "c.db", "--json"]).ends_with(3);
    assert_eq!((&ran.summary()["quarantined"], &ran.summary()["written"]), (&30.into(), &30.into()));
    assert!(ran.err.lines().count() < 30 && ran.err.contains("v_rejections"), "{}", ran.err);
    keeps_the_secret(&ran);
}

#[test]
fn bad_csv_records_and_files_are_set_aside_too() {
    let bench = Bench::new();
    bench.file(
        "in.csv",
        format!("document_id,text\na,Trisomie 21 {SECRET}\nb,x,{SECRET},y\nc,Trisomie 21\n,{SECRET}\n"),
    );
    bench.file("notes/a.txt", format!("Trisomie 21 {SECRET}"));
    bench.file("notes/b.txt", [b"\x00\x01\x02\x03\x04\x05\x06".as_slice(), SECRET.as_bytes()].concat());
    bench.file("notes/c.txt", "Trisomie 21");
    for (source, count, expected) in
        [("in.csv", 2, "in.csv:3: set aside (field_count)"), ("notes", 1, "b.txt")]
    {
        let ran = bench.run(&["annotate", source, "--into", "-", "--json"]).ends_with(3);
        keeps_the_secret(&ran);
        assert!(ran.err.contains(expected), "{}", ran.err);
        assert_eq!(ran.summary()["quarantined"], count);
        assert_eq!(documents(&ran), ["a", "c"]);
    }
}

#[test]
fn two_texts_for_one_document_are_a_conflict_and_the_first_stays() {
    let bench = Bench::new();
    let other = format!(r#"{{"document_id":"a","text":"Omphalocèle chez {SECRET}."}}"#);
    bench.file("in.jsonl", [good("a"), other, good("z")].join("\n"));
    let ran = bench.run(&["annotate", "in.jsonl", "--into", "c.db", "--json"]).ends_with(3);
    keeps_the_secret(&ran);
    assert!(ran.err.contains("conflict"), "{}", ran.err);
    let events = bench.run(&["events", "c.db"]).ends_with(0);
    assert_eq!(documents(&events), ["a", "z"]);
    assert!(!events.out.contains("Omphalocèle"), "the second text took the place of the first");
}

#[test]
fn qualify_and_segment_set_bad_lines_aside() {
    let line = |entities: &str| format!(r#"{{"id":1,"text":"Pas de {SECRET}.","entities":{entities}}}"#);
    let good = line(r#"[{"start":7,"end":14}]"#);
    let bad = [
        SECRET.to_string(),
        "[]".into(),
        r#"{"id":1}"#.into(),
        format!(r#"{{"id":1,"text":"{SECRET}"}}"#),
        line(r#"[{"start":7,"end":99}]"#),
        line(r#"[{"start":9,"end":7}]"#),
        line(r#"[{"start":-1,"end":7}]"#),
        line(r#"[{"start":"7","end":9}]"#),
        line(r#"[{}]"#),
        line(r#"{}"#),
        format!(r#"{{"text":"{SECRET}","document_date":"2023-02-30","entities":[]}}"#),
    ];
    let bench = Bench::new();
    for bad in &bad {
        let ran = bench.run_with_input(&["qualify"], [&good, bad.as_str(), &good].join("\n")).ends_with(3);
        assert_eq!(ran.json().len(), 2, "{bad}");
        assert!(ran.err.contains("-:2: set aside: "), "{bad}: {}", ran.err);
        keeps_the_secret(&ran);
    }
    for bad in &bad[..3] {
        let ran = bench.run_with_input(&["segment"], [&good, bad.as_str(), &good].join("\n")).ends_with(3);
        assert_eq!(ran.json().len(), 2, "{bad}");
        keeps_the_secret(&ran);
    }
    for command in ["qualify", "segment"] {
        let ran = bench.run(&[command, "nowhere.jsonl"]).ends_with(1);
        assert!(ran.err.contains("nowhere.jsonl"), "{}", ran.err);
    }
}

// ---------------------------------------------------------------- what cannot be done at all

/// A folder with a good source, things that are none, and files that must not be touched.
fn troubled() -> Bench {
    let bench = Bench::new();
    bench.file("good.jsonl", good("a"));
    bench.file("folder.jsonl/x", "");
    bench.file("empty/readme.md", SECRET);
    bench.file("reports.doc", SECRET);
    bench.file("utf16.jsonl", [0xFF, 0xFE, b'{', 0]);
    bench.file("headless.csv", format!("{SECRET},b\n1,2\n"));
    let mut cut = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut cut, good("a").repeat(50).as_bytes()).unwrap();
    let whole = cut.finish().unwrap();
    bench.file("cut.jsonl.gz", &whole[..whole.len() - 20]);
    bench.file(
        "text.db",
        format!("{SECRET} is not a database, and long enough to be taken for one: {}", "x".repeat(5000)),
    );
    let foreign = rusqlite::Connection::open(bench.path("foreign.db")).unwrap();
    foreign
        .execute_batch("CREATE TABLE patients(name TEXT); INSERT INTO patients VALUES('Zorglub');")
        .unwrap();
    bench.file("folder.db/x", "");
    bench.run(&["annotate", "good.jsonl", "--into", "good.db"]).ends_with(0);
    bench
}

#[test]
fn what_cannot_be_read_or_written_fails_with_a_remedy_and_touches_nothing() {
    // Arguments, then what the message must hold: the path, and a word of the remedy.
    let table: &[(&[&str], &[&str])] = &[
        (&["annotate", "nowhere.jsonl", "--into", "new.db"], &["nowhere.jsonl", "check the path"]),
        (&["annotate", "nowhere/", "--into", "new.db"], &["nowhere", "check the path"]),
        (
            &["annotate", "good.jsonl", "nowhere.jsonl", "--into", "new.db"],
            &["nowhere.jsonl", "check the path"],
        ),
        (&["annotate", "folder.jsonl", "--into", "new.db"], &["folder.jsonl", ".txt"]),
        (&["annotate", "empty", "--into", "new.db"], &["empty", ".txt"]),
        (&["annotate", "reports.doc", "--into", "new.db"], &["reports.doc", ".jsonl"]),
        (&["annotate", "utf16.jsonl", "--into", "-"], &["utf16.jsonl", "iconv"]),
        (&["annotate", "headless.csv", "--into", "-"], &["headless.csv", "name the columns"]),
        (&["annotate", "cut.jsonl.gz", "--into", "-"], &["cut.jsonl.gz", "run again"]),
        (
            &["annotate", "postgres://u:Zorglub@h/d?table=note", "--into", "new.db"],
            &["postgres://h:5432/d", "cannot connect"],
        ),
        (&["annotate", "good.jsonl", "--into", "nowhere/new.db"], &["nowhere/new.db", "folder"]),
        (&["annotate", "good.jsonl", "--into", "folder.db"], &["folder.db"]),
        (&["annotate", "good.jsonl", "--into", "/proc/new.db"], &["/proc/new.db"]),
        (&["annotate", "good.jsonl", "--into", "text.db"], &["text.db", "other"]),
        (&["annotate", "good.jsonl", "--into", "foreign.db"], &["foreign.db", "other"]),
        (
            &["annotate", "good.jsonl", "--into", "nowhere/events.jsonl"],
            &["nowhere/events", "cannot be written"],
        ),
        (&["annotate", "good.jsonl", "--into", "folder.jsonl"], &["folder.jsonl"]),
        (&["annotate", "good.jsonl", "--into", "-", "--findings"], &["--findings", "cohort.db"]),
        (&["annotate", "good.jsonl", "--into", "new.db", "--sections", "nothing"], &["nothing", "sections"]),
        (
            &["annotate", "good.jsonl", "--into", "new.db", "--lexicon", "nowhere"],
            &["nowhere", "give a folder"],
        ),
        (&["events", "nowhere.db"], &["nowhere.db"]),
        (&["events", "text.db"], &["text.db"]),
        (&["events", "foreign.db"], &["foreign.db"]),
        (&["verify", "nowhere.db"], &["nowhere.db"]),
        (&["verify", "foreign.db"], &["foreign.db"]),
        (&["findings", "nowhere.db"], &["nowhere.db"]),
        (&["forget", "nowhere.db", "--document", "a"], &["nowhere.db"]),
        (&["forget", "foreign.db", "--document", "a"], &["foreign.db"]),
        (&["lexicon", "check", "nowhere"], &["nowhere", "give a folder"]),
        (&["lexicon", "test", "empty"], &["empty/manifest.toml", "missing"]),
    ];
    let bench = troubled();
    let untouched = ["text.db", "foreign.db", "good.db", "good.jsonl"];
    let before = untouched.map(|name| fs::read(bench.path(name)).unwrap());
    let mut faults = Vec::new();
    for (arguments, expected) in table {
        let ran = bench.run(arguments);
        let unsaid: Vec<_> = expected.iter().filter(|part| !ran.err.contains(**part)).collect();
        if ran.code != 1 || !unsaid.is_empty() || ran.err.contains(SECRET) || ran.err.contains("panicked") {
            faults.push(format!("{arguments:?}: code {}, not said {unsaid:?}: {}", ran.code, ran.err.trim()));
        }
    }
    for (name, content) in untouched.iter().zip(before) {
        assert!(fs::read(bench.path(name)).unwrap() == content, "{name} was changed");
    }
    for name in ["new.db", "new.db-wal", "nowhere", "nowhere.db", "folder.partial"] {
        assert!(!bench.path(name).exists(), "{name} was left behind");
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_damaged_source_gives_no_file_of_events() {
    let bench = troubled();
    let ran = bench.run(&["annotate", "cut.jsonl.gz", "--into", "events.jsonl"]).ends_with(1);
    keeps_the_secret(&ran);
    assert!(!bench.path("events.jsonl").exists() && !bench.path("events.partial").exists());
    bench.file("events.jsonl", "what was there before\n");
    bench.run(&["annotate", "cut.jsonl.gz", "--into", "events.jsonl"]).ends_with(1);
    assert_eq!(bench.read("events.jsonl"), "what was there before\n", "a failed run took the old file");
}

/// Regression: `--into` naming a source replaced the reports by their events, and a file `events.partial` of the user
/// was lost.
#[test]
fn a_run_never_overwrites_its_source_or_a_neighbour() {
    let bench = Bench::new();
    bench.file("in.jsonl", good("a"));
    bench.run(&["annotate", "in.jsonl", "--into", "./in.jsonl"]);
    assert!(bench.read("in.jsonl") == good("a"), "the reports were replaced by their events");
    bench.file("events.partial", "mine");
    bench.run(&["annotate", "in.jsonl", "--into", "events.jsonl"]).ends_with(0);
    assert!(bench.path("events.partial").exists(), "a file of the user was removed");
    assert_eq!(bench.read("events.partial"), "mine");
}

#[test]
fn a_file_that_may_not_be_read_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let bench = troubled();
    let path = bench.file("closed.jsonl", good("a"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    // Root reads everything: then there is nothing to refuse.
    let expected = if fs::read(&path).is_ok() { 0 } else { 1 };
    let ran = bench.run(&["annotate", "closed.jsonl", "--into", "-"]).ends_with(expected);
    assert!(expected == 0 || ran.err.contains("permissions"), "{}", ran.err);
}

#[test]
fn wrong_arguments_end_with_2() {
    let table: &[&[&str]] = &[
        &[],
        &["diagnose"],
        &["annotate"],
        &["annotate", "good.jsonl"],
        &["annotate", "good.jsonl", "--into", "events.txt"],
        &["annotate", "good.jsonl", "--into", "events.xml"],
        &["annotate", "good.jsonl", "--into", "c.db", "--unknown"],
        &["annotate", "good.jsonl", "--into", "c.db", "--threads", "many"],
        &["annotate", "good.jsonl", "--into", "c.db", "--model"],
        &["events"],
        &["events", "good.db", "--format", "xml"],
        &["events", "good.db", "--document", "a", "--patient", "b"],
        &["forget", "good.db"],
        &["verify"],
        &["lexicon"],
        &["lexicon", "mend"],
        &["qualify", "a", "b"],
    ];
    let bench = Bench::new();
    for arguments in table {
        let ran = bench.run(arguments).ends_with(2);
        assert!(ran.err.contains("Usage") || ran.err.contains("--help"), "{arguments:?}: {}", ran.err);
        assert!(ran.out.is_empty(), "{arguments:?}");
    }
}

// ---------------------------------------------------------------- lexicons

const MANIFEST: &str = "\
id = \"mine\"
kind = \"concepts\"
title = \"Mine\"
version = \"1\"
licence = \"MIT\"
source = \"us\"
code_systems = [\"CIM-10\"]
";
const TERMS: &str = "\
concept\tterm\tkind\tcodings\tgroup\tflags\tsupport\tagainst
gizmo\tgizmose rénale\tpreferred\tCIM-10:Q63.8\tkidney\t\t\t
gizmo\tmaladie de Gizmo\tsynonym\t\t\t\t\t
gadget\tGDG\tabbreviation\t\t\tambiguous\turinary\t
gadget\tgadgetose\tpreferred\t\tkidney\t\t\t
";
const CASES: &str = "[[case]]\ntext = \"Une {{gizmose rénale|gizmo}} est vue.\"\n";
const GROUPS: &str = "group\tparents\tlabel\tcounted\nall\t\tTout\tyes\nkidney\tall\tRein\tyes\n";
const SUPPORT: &str = "[[support]]\nid = \"urinary\"\nwords = [\"rein\", \"vessie\"]\n";
const PATTERNS: &str = "\
[[pattern]]
id = \"gizmo.measure\"
concept = \"gizmo\"
regex = 'gizmo [0-9]{1,3} mm'
examples = [\"gizmo 12 mm\"]
counter_examples = [\"gizmo\"]
";

const FILES: [(&str, &str); 6] = [
    ("manifest.toml", MANIFEST),
    ("terms.tsv", TERMS),
    ("cases.toml", CASES),
    ("groups.tsv", GROUPS),
    ("support.toml", SUPPORT),
    ("patterns.toml", PATTERNS),
];

/// A whole lexicon in the folder `mine`, with one file changed.
fn lexicon(file: &str, content: &str) -> Bench {
    let bench = Bench::new();
    for (name, text) in FILES {
        bench.file(&format!("mine/{name}"), if name == file { content } else { text });
    }
    bench
}

#[test]
fn a_whole_lexicon_is_accepted_and_used() {
    let bench = lexicon("", "");
    bench.run(&["lexicon", "check", "mine"]).ends_with(0);
    bench.run(&["lexicon", "test", "mine"]).ends_with(0);
    let listed = bench.run(&["lexicon", "list", "mine"]).ends_with(0);
    assert!(listed.out.contains("mine") && listed.out.contains("MIT"), "{}", listed.out);
    let line = r#"{"document_id":"a","text":"Gizmose rénale gauche. GDG du rein. gizmo 12 mm."}"#;
    let ran = bench.run_with_input(&["annotate", "-", "--into", "-", "--lexicon", "mine"], line).ends_with(0);
    let found: Vec<String> = ran.json().iter().map(|e| format!("{}", e["text"])).collect();
    assert_eq!(found, ["\"Gizmose rénale\"", "\"GDG\"", "\"gizmo 12 mm\""], "{}", ran.out);
}

#[test]
fn a_faulty_lexicon_is_refused_with_file_and_line() {
    // File, what is replaced in it, by what, and what the message must hold.
    let table: &[(&str, &str, &str, &[&str])] = &[
        ("terms.tsv", "\tmaladie de Gizmo\t", "\t\t", &["mine/terms.tsv:3: ", "empty term"]),
        ("terms.tsv", "\tmaladie de Gizmo\t", "\t \u{200B} \t", &["mine/terms.tsv:3: ", "empty term"]),
        ("terms.tsv", "\tmaladie de Gizmo\t", "\t---\t", &["mine/terms.tsv:3: ", "empty term"]),
        (
            "terms.tsv",
            "concept\tterm\tkind",
            "concept\tterm\tkidn",
            &["mine/terms.tsv:1: ", "unknown column \"kidn\""],
        ),
        ("terms.tsv", "concept\tterm\tkind", "concept\tname\tkind", &["mine/terms.tsv:1: ", "name"]),
        ("terms.tsv", "synonym", "synonim", &["mine/terms.tsv:3: ", "unknown kind", "synonym"]),
        (
            "terms.tsv",
            "gizmo\tmaladie de Gizmo\tsynonym",
            "gizmo\tmaladie de Gizmo\tpreferred",
            &["mine/terms.tsv:3: ", "duplicate id", "line 2"],
        ),
        (
            "terms.tsv",
            "Q63.8\tkidney",
            "Q63.8\tliver",
            &["mine/terms.tsv:2: ", "unknown group \"liver\"", "groups.tsv"],
        ),
        ("terms.tsv", "CIM-10:Q63.8", "CIM10:Q63.8", &["mine/terms.tsv:2: ", "code_systems"]),
        ("terms.tsv", "CIM-10:Q63.8", "Q63.8", &["mine/terms.tsv:2: ", "SYSTEM:CODE"]),
        ("terms.tsv", "ambiguous", "vague", &["mine/terms.tsv:4: ", "unknown flag"]),
        ("terms.tsv", "urinary", "cardiac", &["mine/terms.tsv:4: ", "unknown support set", "support.toml"]),
        ("terms.tsv", "gizmo\tmaladie", "giz mo\tmaladie", &["mine/terms.tsv:3: ", "concept id"]),
        ("terms.tsv", "synonym\t\t\t\t\t", "synonym\t\t\t\t\t\t\t", &["mine/terms.tsv:3: ", "cells"]),
        ("manifest.toml", "licence = \"MIT\"\n", "", &["mine/manifest.toml:", "licence"]),
        ("manifest.toml", "\"MIT\"", "\" \"", &["mine/manifest.toml:5: ", "licence is empty"]),
        ("manifest.toml", "title =", "titel =", &["mine/manifest.toml:3: ", "titel", "title"]),
        ("manifest.toml", "id = \"mine\"", "id = \"yours\"", &["mine/manifest.toml:1: ", "folder's name"]),
        ("manifest.toml", "\"concepts\"", "\"words\"", &["mine/manifest.toml:2: ", "words", "concepts"]),
        ("groups.tsv", "all\t\tTout", "all\tkidney\tTout", &["mine/groups.tsv:2: ", "its own ancestor"]),
        ("groups.tsv", "kidney\tall", "kidney\tbody", &["mine/groups.tsv:3: ", "unknown parent \"body\""]),
        (
            "groups.tsv",
            "kidney\tall\tRein\tyes\n",
            "kidney\tall\tRein\tyes\nkidney\t\tRein\tyes\n",
            &["mine/groups.tsv:4: ", "duplicate id"],
        ),
        ("groups.tsv", "Rein\tyes", "Rein\tmaybe", &["mine/groups.tsv:3: ", "maybe"]),
        ("support.toml", "words", "word", &["mine/support.toml:3: ", "word"]),
        (
            "support.toml",
            "\"vessie\"]\n",
            "\"vessie\"]\n[[support]]\nid = \"urinary\"\nwords = [\"x\"]\n",
            &["mine/support.toml:5: ", "urinary"],
        ),
        ("support.toml", "\"vessie\"", "\"\"", &["mine/support.toml:", "empty word"]),
        ("patterns.toml", "{1,3}", "+", &["mine/patterns.toml:2: ", "bound every repetition"]),
        (
            "patterns.toml",
            "gizmo [0-9]{1,3} mm",
            "(?:gizmo)?",
            &["mine/patterns.toml:2: ", "may match nothing"],
        ),
        (
            "patterns.toml",
            "gizmo [0-9]{1,3} mm",
            "gizmo (",
            &["mine/patterns.toml:2: ", "not a regular expression"],
        ),
        (
            "patterns.toml",
            "counter_examples = [\"gizmo\"]",
            "counter_examples = [\"gizmo 3 mm\"]",
            &["mine/patterns.toml:2: ", "counter-example", "matches"],
        ),
        (
            "patterns.toml",
            "examples = [\"gizmo 12 mm\"]",
            "examples = [\"gizmo\"]",
            &["mine/patterns.toml:2: ", "does not match as a whole"],
        ),
        (
            "patterns.toml",
            "concept = \"gizmo\"",
            "concept = \"gizmos\"",
            &["mine/patterns.toml:2: ", "unknown concept"],
        ),
        ("patterns.toml", "regex =", "regexp =", &["mine/patterns.toml:4: ", "regexp"]),
        (
            "cases.toml",
            "{{gizmose rénale|gizmo}}",
            "{{gizmose rénale|gizmo",
            &["mine/cases.toml:1: ", "not closed"],
        ),
        ("cases.toml", "text =", "texte =", &["mine/cases.toml:2: ", "texte"]),
    ];
    let mut faults = Vec::new();
    for (file, from, to, expected) in table {
        let original = FILES.iter().find(|(name, _)| name == file).unwrap().1;
        assert!(original.contains(from), "{file} does not hold {from:?}");
        let bench = lexicon(file, &original.replacen(from, to, 1));
        let ran = bench.run(&["lexicon", "check", "mine"]);
        let unsaid: Vec<_> = expected.iter().filter(|part| !ran.err.contains(**part)).collect();
        if ran.code != 1 || !unsaid.is_empty() {
            faults.push(format!(
                "{file} with {to:?}: code {}, not said {unsaid:?}: {}",
                ran.code,
                ran.err.trim()
            ));
        }
        // One fault of each file is enough to see that no job starts with it.
        let is_first = table.iter().find(|row| row.0 == *file).is_some_and(|row| row.2 == *to);
        if is_first && *file != "cases.toml" {
            let line = r#"{"document_id":"a","text":"x"}"#;
            let ran = bench.run_with_input(&["annotate", "-", "--into", "c.db", "--lexicon", "mine"], line);
            if ran.code != 1 || bench.path("c.db").exists() {
                faults.push(format!("{file} with {to:?}: annotate runs with it"));
            }
        }
    }
    for missing in ["manifest.toml", "terms.tsv", "cases.toml"] {
        let bench = lexicon("", "");
        fs::remove_file(bench.path("mine").join(missing)).unwrap();
        let ran = bench.run(&["lexicon", "check", "mine"]).ends_with(1);
        assert!(ran.err.contains(&format!("mine/{missing}: file is missing")), "{}", ran.err);
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn two_lexicons_or_two_cases_of_one_name_are_refused() {
    let bench =
        lexicon("cases.toml", "[[case]]\nid = \"a\"\ntext = \"x\"\n\n[[case]]\nid = \"a\"\ntext = \"y\"\n");
    let ran = bench.run(&["lexicon", "check", "mine"]).ends_with(1);
    assert!(ran.err.contains("mine/cases.toml:5: duplicate id"), "{}", ran.err);
    let bench = lexicon("", "");
    for (name, text) in FILES {
        bench.file(&format!("other/mine/{name}"), text);
    }
    let ran = bench.run(&["lexicon", "check", "mine", "other/mine"]).ends_with(1);
    assert!(ran.err.contains("duplicate id: lexicon \"mine\""), "{}", ran.err);
}

#[test]
fn a_lexicon_that_is_not_utf8_says_where() {
    let bench = lexicon("", "");
    bench.file("mine/terms.tsv", [TERMS.as_bytes(), b"x\tmaladie \xE9trange\n"].concat());
    let ran = bench.run(&["lexicon", "check", "mine"]).ends_with(1);
    assert!(ran.err.contains("mine/terms.tsv:6: not UTF-8"), "{}", ran.err);
}
