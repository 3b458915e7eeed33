//! Hostile definitions: refused at once with file and line, or bound and harmless. Never a panic, never a table touched.

use std::fmt::Write;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::json;

use crate::support::{Bench, Ran};

/// Each within a second of processor time; the wall of a loaded machine is given more.
const MOST: Duration = Duration::from_secs(if cfg!(debug_assertions) { 4 } else { 1 });

/// Breaks out of every kind of quotes, ends the statement, and drops what the cohorts rest on.
const ATTACK: &str = "x'); DROP TABLE events; DELETE FROM patients; --";

/// An attack as a TOML string that also closes double quotes, brackets and backquotes.
fn quoted() -> String {
    format!("'''{}\"]`; {}'''", ATTACK.replace('\'', "\""), "' OR '1'='1")
        .replace("' OR '1'='1'''", "\" OR \"1\"=\"1'''")
}

/// The same with a single quote, in a basic string.
fn single() -> String {
    format!("\"{ATTACK}' OR '1'='1\"")
}

const HEAD: &str = "id = \"hostile\"\ntitle = \"x\"\ndefinition = \"x\"\nlevels = [\"definite\"]\n";
const SET: &str = "[sets.s]\ncodes = [\"CIM-10:E10\"]\n";
const RULE: &str = "[rules.r]\nset = \"s\"\n";
const LEVEL: &str = "[[level]]\nname = \"definite\"\nwhen = \"r\"\n";
const CASE: &str = "[[case]]\nname = \"a\"\nexpect = \"definite\"\nevents = [{ codes = [\"CIM-10:E10\"], date = \"2024-01-05\" }]\n";

/// Of the definitions below, those that hold whatever the attack says.
const NAMES: [usize; 6] = [1, 19, 20, 21, 22, 23];

fn sound() -> String {
    [HEAD, SET, RULE, LEVEL, CASE].concat()
}

fn timed(bench: &Bench, arguments: &[&str]) -> Ran {
    let start = Instant::now();
    let ran = bench.run(arguments);
    let took = start.elapsed();
    assert!(took < MOST, "{arguments:?} took {took:?}");
    assert!(!ran.err.contains("panicked") && ran.code != 101 && ran.code >= 0, "{}", ran.err);
    ran
}

/// Refused by `check`, and never run, with the file, a line and some words.
#[track_caller]
fn refused(content: impl AsRef<[u8]>, words: &str) {
    refused_at(content, words, true);
}

#[track_caller]
fn refused_at(content: impl AsRef<[u8]>, words: &str, with_line: bool) {
    let bench = Bench::new();
    bench.file("hostile.toml", content);
    let ran = timed(&bench, &["phenotype", "check", "hostile.toml"]).ends_with(1);
    let line =
        ran.err.split_once("hostile.toml:").map(|(_, rest)| rest.split(':').next().unwrap_or_default());
    assert!(line.is_some(), "no file in {}", ran.err);
    if with_line {
        assert!(line.unwrap().parse::<usize>().is_ok(), "no line in {:.400}", ran.err);
    }
    assert!(ran.err.contains(words), "{words:?} is not in {:.600}", ran.err);
    assert!(ran.err.len() < 20_000, "{} bytes of message", ran.err.len());
}

fn warehouse() -> Bench {
    let bench = Bench::new();
    let code = |patient: &str, code: &str| json!({"patient_id": patient, "codings": [{"system": "CIM-10", "code": code}], "event_date": "2024-02-02"});
    bench.file("e.jsonl", format!("{}\n{}\n", code("A", "E10.1"), code("B", "I10")));
    bench.file("p.csv", "patient_id,birth_date,sex,residence\nA,2000-01-01,F,69001\nB,2000-01-01,M,69002\n");
    bench.run(&["load", "--into", "w.db", "--events", "e.jsonl", "--persons", "p.csv"]).ends_with(0);
    bench
}

fn counts(bench: &Bench) -> Vec<i64> {
    let db = Connection::open(bench.path("w.db")).unwrap();
    let count =
        |table: &&str| db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
    ["events", "patients", "persons", "meanings", "meaning_codes", "contexts", "reviews", "sqlite_master"]
        .iter()
        .map(count)
        .collect()
}

#[test]
fn sql_in_any_string_is_refused_or_bound() {
    let bench = warehouse();
    let before = counts(&bench);
    let mut tried = 0;
    for (round, text) in [quoted(), single()].into_iter().enumerate() {
        let rule = |more: &str| [HEAD, SET, RULE, more, "\n", LEVEL].concat();
        let list = format!("[{text}]");
        let definitions = [
            // Parts that a statement meets, alone.
            [HEAD, &format!("[sets.s]\ncodes = [{}]\n", text.replacen('x', "CIM-10:E10", 1)), RULE, LEVEL]
                .concat(),
            [HEAD, &format!("[sets.s]\ncodes = [\"CIM-10:E10\"]\nnot_codes = {list}\n"), RULE, LEVEL]
                .concat(),
            [HEAD, &format!("[sets.s]\nsubgroups = {list}\n"), RULE, LEVEL].concat(),
            [HEAD, &format!("[sets.s]\nsubgroups = [\"chd\"]\nnot_subgroups = {list}\n"), RULE, LEVEL]
                .concat(),
            [HEAD, &format!("[sets.s]\nconcepts = {list}\n"), RULE, LEVEL].concat(),
            [HEAD, &format!("[sets.s]\nconcepts = [\"chd.*\"]\nnot_concepts = {list}\n"), RULE, LEVEL]
                .concat(),
            rule(&format!("wards = {{ like = {list} }}")),
            rule(&format!("value = {{ from = 0, unit = {text} }}")),
            rule(&format!("assertion = {list}")),
            rule(&format!("experiencer = {list}")),
            rule(&format!("temporality = {list}")),
            rule(&format!("document_types = {list}")),
            rule(&format!("sections = {list}")),
            rule(&format!("laterality = {list}")),
            rule(&format!("position = {list}")),
            rule(&format!("calendar = {{ from = {text}, until = \"1900-01-01\" }}")),
            rule(&format!("[rules.q]\nperson = {{ outcome = {list} }}"))
                .replace("when = \"r\"", "when = { all = [\"r\", \"q\"] }"),
            rule(&format!("[rules.q]\nperson = {{ sex = {text} }}"))
                .replace("when = \"r\"", "when = { all = [\"r\", \"q\"] }"),
            rule(&format!("[rules.q]\nperson = {{ residence = {list} }}"))
                .replace("when = \"r\"", "when = { all = [\"r\", \"q\"] }"),
            // Keys of tables, and names that point to them.
            sound()
                .replace("[sets.s]", &format!("[sets.{}]", single()))
                .replace("set = \"s\"", &format!("set = {}", single())),
            sound()
                .replace("[rules.r]", &format!("[rules.{}]", single()))
                .replace("when = \"r\"", &format!("when = {}", single())),
            sound().replace("\"definite\"", &text),
            sound().replace("\"hostile\"", &text),
            sound().replace("title = \"x\"", &format!("title = {text}")),
            [&sound()[..], "[[exclude]]\nname = ", &text, "\nwhen = \"r\"\n"].concat(),
            rule(&format!("same_document = {text}")),
            rule(&format!("within = {{ of = {text}, from = 0 }}")),
            sound().replace("levels", &format!("index = {{ rule = {text} }}\nlevels")),
        ];
        for (number, definition) in definitions.iter().enumerate() {
            bench.file("hostile.toml", definition);
            let at = format!("{number}: {definition}");
            let ran = timed(
                &bench,
                &["phenotype", "run", "hostile.toml", "--warehouse", "w.db", "--format", "jsonl"],
            );
            // Where the attack is a name or takes nothing out, A is found as before.
            let most = usize::from(NAMES.contains(&number));
            assert!(ran.out.lines().count() <= most && !ran.out.contains("\"B\""), "{at}\n{}", ran.out);
            assert!(
                ran.code == 0 || (ran.code == 1 && ran.err.contains("hostile.toml:")),
                "{at}\n{}",
                ran.err
            );
            tried += 1;
            assert_eq!(counts(&bench), before, "{at}");
            if round == 0 {
                continue;
            }
            for more in ["--explain", "--attrition"].into_iter().filter(|_| number % 4 == 0) {
                timed(&bench, &["phenotype", "run", "hostile.toml", "--warehouse", "w.db", more]);
            }
            assert_eq!(counts(&bench), before, "{at}");
            let checked = timed(&bench, &["phenotype", "check", "hostile.toml"]);
            // A title is prose.
            let fine = number == 23 && checked.code == 0;
            assert!(
                fine || (checked.code == 1 && checked.err.contains("hostile.toml:")),
                "{at}\n{}",
                checked.err
            );
            let shown = timed(&bench, &["phenotype", "show", "hostile.toml", "--sql"]);
            if let Some((_, statement)) = shown.out.split_once("\nWITH ") {
                let statement = statement.split(";\n-- ?").next().unwrap();
                assert!(!statement.contains("DROP") && !statement.contains("DELETE"), "{at}\n{statement}");
            }
        }
    }
    assert_eq!(tried, 56);
    bench.run(&["verify", "w.db"]).ends_with(0);
}

#[test]
fn signs_of_patterns_stand_for_themselves() {
    let bench = warehouse();
    for piece in ["%", "_", "\\\\", "%%", "é%"] {
        let more = format!("wards = {{ like = [\"{piece}\"] }}\n");
        bench.file("hostile.toml", [HEAD, SET, RULE, &more, LEVEL].concat());
        let ran =
            timed(&bench, &["phenotype", "run", "hostile.toml", "--warehouse", "w.db", "--format", "jsonl"]);
        assert_eq!(ran.ends_with(0).out, "", "no ward is known: {piece}");
    }
}

#[test]
fn circles_are_refused() {
    let rules = |rules: &str, when: &str| {
        format!("{HEAD}{SET}{rules}[[level]]\nname = \"definite\"\nwhen = {when}\n")
    };
    for (text, words) in [
        (rules("[rules.r]\nany = [\"r\"]\n", "\"r\""), "needs itself"),
        (rules("[rules.r]\nany = [\"q\"]\n[rules.q]\nall = [\"r\"]\n", "\"r\""), "needs itself"),
        (rules("[rules.r]\nany = [{ all = [{ at_least = 1, of = [\"r\"] }] }]\n", "\"r\""), "needs itself"),
        (rules("[rules.r]\nset = \"s\"\nwithin = { of = \"r\", from = 0 }\n", "\"r\""), "needs itself"),
        (
            rules(
                "[rules.r]\nset = \"s\"\nsame_document = \"q\"\n[rules.q]\nset = \"s\"\nnot_same_document = \"r\"\n",
                "\"r\"",
            ),
            "needs itself",
        ),
        (
            rules(
                "[rules.r]\nset = \"s\"\nwithin = { of = \"q\", from = 0 }\n[rules.q]\nset = \"s\"\nsame_document = \"r\"\n",
                "{ any = [\"r\", \"q\"] }",
            ),
            "needs itself",
        ),
        (
            rules("[rules.r]\nset = \"s\"\nwithin = { of = \"index\", from = 0 }\n", "\"r\"")
                .replace("levels", "index = { rule = \"r\" }\nlevels"),
            "needs itself",
        ),
        (rules("[rules.r]\nset = \"s\"\nwithin = { of = \"index\", from = 0 }\n", "\"r\""), "cannot move"),
        (rules("[rules.r]\nset = \"s\"\n[rules.q]\nnone = [\"r\"]\n", "\"q\""), "only denies"),
    ] {
        refused(text, words);
    }
}

#[test]
fn depth_is_refused_whatever_the_order() {
    for open in ["{ any = [", "{ all = ["] {
        let deep = format!("{}\"r\"{}", open.repeat(10_000), "] }".repeat(10_000));
        refused(sound().replace("when = \"r\"", &format!("when = {deep}")), "");
    }
    for upwards in [false, true] {
        for count in [40, 490, 10_000] {
            let mut rules: Vec<String> =
                (1..count).map(|n| format!("[rules.r{n}]\nany = [\"r{}\"]\n", n - 1)).collect();
            rules.insert(0, "[rules.r0]\nset = \"s\"\n".into());
            if upwards {
                rules.reverse();
            }
            let level = LEVEL.replace("\"r\"", &format!("\"r{}\"", count - 1));
            refused(
                [HEAD, SET, &rules.concat(), &level, CASE].concat(),
                if count > 500 { "500" } else { "deep" },
            );
            let leaning =
                rules.concat().replace("any = [", "set = \"s\"\nsame_document = ").replace("\"]", "\"");
            refused([HEAD, SET, &leaning, &level, CASE].concat(), if count > 500 { "500" } else { "deep" });
        }
    }
    refused(format!("a = {}", "[".repeat(100_000)), "");
    refused(format!("[{}]", vec!["a"; 10_000].join(".")), "");
}

#[test]
fn size_is_refused() {
    let many = |count: usize| {
        let mut text = [HEAD, SET].concat();
        for n in 0..count {
            writeln!(text, "[rules.r{n}]\nset = \"s\"").unwrap();
        }
        text + LEVEL
    };
    refused(many(5_000), "500");
    refused_at(many(100_000), "KiB", false);
    let parts = vec!["\"r\""; 50_000].join(", ");
    refused(sound().replace("when = \"r\"", &format!("when = {{ any = [{parts}] }}")), "twice");
    let nested = vec!["{ any = [\"r\"] }"; 20_000].join(", ");
    refused(sound().replace("when = \"r\"", &format!("when = {{ any = [{nested}] }}")), "500");
    refused_at(format!("{}# {}", sound(), "x".repeat(10 << 20)), "KiB", false);
    refused_at(vec![b'a'; 10 << 20], "KiB", false);
    let codes: String = (0..30_000).map(|n| format!("\"ATC:X{n}\",")).collect();
    let words: String = (0..30_000).map(|n| format!("\"{n}\",")).collect();
    refused(sound().replace("set = \"s\"", &format!("set = \"s\"\nwards = {{ like = [{words}] }}")), "8000");
    refused(sound().replacen("codes = [\"CIM-10:E10\"]", &format!("codes = [{codes}]"), 1), "8000");
}

#[test]
fn what_is_no_text_is_refused() {
    refused(sound().replace("title = \"x\"", "title = \"a\u{0}b\""), "");
    refused(sound().replace("title = \"x\"", "title = \"a\u{1b}[2Jb\""), "");
    refused(
        sound().replace("[sets.s]", "[sets.\"s\\u0000\"]").replace("set = \"s\"", "set = \"s\\u0000\""),
        "rename",
    );
    refused(sound().replace("CIM-10:E10", "CIM-10:E10\\u0000"), "code");
    refused(sound().replace("CIM-10:E10", "CIM-10:\\u202eE10"), "code");
    refused(sound().replace("\"definite\"", "\"d\\u0007\""), "level");
    let mut bytes = sound().into_bytes();
    bytes[20] = 0xff;
    refused_at(bytes, "UTF-8", false);
    refused_at([0xff, 0xfe, b'i', 0], "UTF-8", false);
    refused("", "missing field");
    refused("\u{feff}", "missing field");
    refused("id", "");
    // Bound: a NUL in a ward finds nothing, and hurts nothing.
    let bench = warehouse();
    let more = "wards = { like = [\"a\\u0000' OR 1=1 --\"] }\n";
    bench.file("hostile.toml", [HEAD, SET, RULE, more, LEVEL].concat());
    let ran =
        timed(&bench, &["phenotype", "run", "hostile.toml", "--warehouse", "w.db", "--format", "jsonl"]);
    assert_eq!(ran.ends_with(0).out, "");
}

#[test]
fn keys_words_and_ids_that_are_not_known_are_refused() {
    refused(format!("{}nonsense = 1\n", sound()), "nonsense");
    refused(sound().replace("set = \"s\"", "set = \"s\"\nsql = \"DROP TABLE events\""), "sql");
    refused(sound().replace("title = \"x\"", "title = \"x\"\ntitle = \"y\""), "duplicate");
    refused(sound().replace(RULE, &RULE.repeat(2)), "duplicate");
    refused(sound().replace(SET, &SET.repeat(2)), "duplicate");
    refused(sound().replace(LEVEL, ""), "[[level]]");
    refused(sound().replace(CASE, &CASE.repeat(2)), "two cases");
    refused(
        format!("{}[[exclude]]\nname = \"e\"\nwhen = \"r\"\n", sound())
            .replace("when = \"r\"\n[[case", "when = \"q\"\n[[case"),
        "no rule \"q\"",
    );
    refused(sound().replace("set = \"s\"", "set = \"s\"\nmethod = \"sql\""), "unknown variant `sql`");
    refused(sound().replace("set = \"s\"", "set = \"s\"\ncount = \"rows\""), "");
    let bench = Bench::new();
    bench.file("two/a.toml", sound());
    bench.file("two/b.toml", sound().replace("E10", "E11"));
    for command in ["check", "test"] {
        let ran = timed(&bench, &["phenotype", command, "two"]).ends_with(1);
        assert!(ran.err.contains("two/b.toml:1:") && ran.err.contains("two/a.toml"), "{}", ran.err);
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    for (more, words) in [
        ("at_least = 99999999999999999999", ""),
        ("at_least = 9223372036854775807", ""),
        ("at_least = -1", ""),
        ("at_least = 0", "at_least"),
        ("at_least = 1.5", ""),
        ("within = { of = \"birth\", from = 9223372036854775807 }", ""),
        ("within = { of = \"birth\", from = 10, until = -10 }", "never hold"),
        ("age_days = { from = nan }", "number"),
        ("age_days = { below = inf }", "number"),
        ("age_days = { from = 10, below = 10 }", "never hold"),
        ("age_days = { from = 10, below = -10 }", "never hold"),
        ("certainty = { from = 1.1 }", "outside"),
        ("certainty = { from = -0.1 }", "outside"),
        ("gestational_age_days = { from = 100000 }", "outside"),
        ("value = { from = nan, unit = \"g\" }", "number"),
        ("age_days = { from = 1e400 }", ""),
    ] {
        refused(sound().replace("set = \"s\"", &format!("set = \"s\"\n{more}")), words);
    }
    // Extremes that are numbers: accepted, and nobody is so old.
    let bench = warehouse();
    for more in [
        "within = { of = \"birth\", from = -2147483648, until = -2147483647 }",
        "within = { of = \"birth\", from = 2147483646, until = 2147483647 }",
        "age_days = { from = 1.7e308 }",
        "at_least = 4294967295",
    ] {
        bench.file("hostile.toml", sound().replace("set = \"s\"", &format!("set = \"s\"\n{more}")));
        let ran =
            timed(&bench, &["phenotype", "run", "hostile.toml", "--warehouse", "w.db", "--format", "jsonl"]);
        assert_eq!(ran.ends_with(0).out, "", "{more}");
    }
    let followed = "[rules.q]\nfollowed = { days = 4294967295 }\n[[level]]";
    let text =
        sound().replace("[[level]]", followed).replace("when = \"r\"", "when = { all = [\"r\", \"q\"] }");
    bench.file("hostile.toml", text);
    let ran =
        timed(&bench, &["phenotype", "run", "hostile.toml", "--warehouse", "w.db", "--format", "jsonl"]);
    assert_eq!(ran.ends_with(0).out, "", "nobody is followed eleven million years");
}

#[test]
fn dates_that_are_none_are_refused_and_the_ends_of_time_are_not() {
    for date in
        ["2023-02-30", "2023-13-01", "2023-00-10", "02/03/2024", "2024-1-1", "20240101", "99999-12-31", ""]
    {
        let more = format!("set = \"s\"\ncalendar = {{ from = \"{date}\" }}");
        refused(sound().replace("set = \"s\"", &more), "no date");
        refused(sound().replace("date = \"2024-01-05\"", &format!("date = \"{date}\"")), "no date");
    }
    refused(sound().replace("set = \"s\"", "set = \"s\"\ncalendar = { from = 2024-01-01 }"), "");
    let bench = warehouse();
    for (from, until, found) in
        [("0001-01-01", "9999-12-31", 1), ("9999-12-31", "9999-12-31", 0), ("0001-01-01", "0001-01-01", 0)]
    {
        let more = format!("set = \"s\"\ncalendar = {{ from = \"{from}\", until = \"{until}\" }}");
        bench.file("hostile.toml", sound().replace("set = \"s\"", &more));
        let ran =
            timed(&bench, &["phenotype", "run", "hostile.toml", "--warehouse", "w.db", "--format", "jsonl"]);
        assert_eq!(ran.ends_with(0).out.lines().count(), found, "{from} {until}");
    }
    for date in ["0001-01-01", "9999-12-31"] {
        let text = sound().replace("2024-01-05", date);
        bench.file("hostile.toml", text.replace("levels", "index = \"conception\"\nlevels"));
        timed(&bench, &["phenotype", "test", "hostile.toml", "--failures"]).ends_with(0);
    }
}

#[cfg(unix)]
#[test]
fn loops_of_links_and_what_is_no_file_are_refused() {
    use std::os::unix::fs::symlink;
    let bench = Bench::new();
    bench.file("loop/a.toml", sound());
    symlink(bench.path("loop"), bench.path("loop/again")).unwrap();
    timed(&bench, &["phenotype", "check", "loop"]).ends_with(0);
    symlink(bench.path("loop"), bench.path("loop/b.toml")).unwrap();
    let ran = timed(&bench, &["phenotype", "check", "loop"]).ends_with(1);
    assert!(ran.err.contains("loop/b.toml: cannot be read"), "{}", ran.err);
    bench.file("ring/a.toml", sound());
    symlink(bench.path("ring/c.toml"), bench.path("ring/b.toml")).unwrap();
    symlink(bench.path("ring/b.toml"), bench.path("ring/c.toml")).unwrap();
    let ran = timed(&bench, &["phenotype", "check", "ring"]).ends_with(1);
    assert!(ran.err.contains("ring/b.toml: cannot be read"), "{}", ran.err);
    timed(&bench, &["phenotype", "check", "ring/b.toml"]).ends_with(1);
    bench.file("empty/readme.txt", "x");
    let ran = timed(&bench, &["phenotype", "check", "empty"]).ends_with(1);
    assert!(ran.err.contains("empty: no .toml file"), "{}", ran.err);
    let ran = timed(&bench, &["phenotype", "check", "/dev/zero"]).ends_with(1);
    assert!(ran.err.contains("KiB") || ran.err.contains("UTF-8"), "{}", ran.err);
}

#[test]
fn hostile_expressions_of_another_system_are_refused() {
    let bench = Bench::new();
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let nested = format!("{{\"ConceptSets\": {deep}}}");
    let attack = json!({"ConceptSets": [{"id": 0, "name": ATTACK, "expression": {"items": [{"concept": {
        "CONCEPT_CODE": ATTACK, "VOCABULARY_ID": "ICD10", "CONCEPT_NAME": ATTACK, "CONCEPT_ID": 1}}]}}],
        "PrimaryCriteria": {"CriteriaList": [{"ConditionOccurrence": {"CodesetId": 0}}]}});
    for (content, code) in [(deep, 1), (nested, 1), ("{}".into(), 1), ("null".into(), 1), ("\u{0}".into(), 1)]
    {
        bench.file("x.json", content);
        let ran = timed(&bench, &["phenotype", "import", "circe", "x.json"]);
        assert_eq!(ran.code, code, "{:.300}{:.300}", ran.err, ran.out);
        assert!(ran.err.contains("x.json"), "{:.300}", ran.err);
    }
    bench.file("x.json", attack.to_string());
    let ran = timed(&bench, &["phenotype", "import", "circe", "x.json", "--into", "x.toml"]);
    assert!([0, 1, 3].contains(&ran.code), "{}", ran.err);
    if bench.path("x.toml").exists() {
        let checked = timed(&bench, &["phenotype", "check", "x.toml"]).ends_with(1);
        assert!(checked.err.contains("x.toml:") && !checked.err.contains("TOML parse"), "{}", checked.err);
    }
}
