//! `laennec show`: what a clinician sees, the same events as `annotate`, and any text whatever.
//!
//! `UPDATE_GOLDEN=1 cargo test show` rewrites `tests/golden/show.txt`.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Bench, Ran, root};

const ESCAPE: char = '\u{1B}';

fn line(id: &str, kind: &str, text: &str) -> String {
    json!({"document_id": id, "document_type": kind, "text": text}).to_string()
}

/// Shows these texts, one report each.
fn show(texts: &[&str], more: &[&str]) -> Ran {
    let lines: Vec<String> =
        texts.iter().enumerate().map(|(i, text)| line(&format!("D{i}"), "CRH", text)).collect();
    let arguments = [&["show", "-"], more].concat();
    Bench::new().run_with_input(&arguments, lines.join("\n"))
}

/// Columns of a line without marks of no width, for the plain letters of these tests.
fn longest(out: &str) -> usize {
    out.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

/// The legends: number and what follows it.
fn legends(out: &str) -> Vec<(usize, &str)> {
    let parsed = |line| -> Option<(usize, &str)> {
        let rest = str::trim_start(line).strip_prefix("╎ [")?;
        let (digits, rest) = rest.split_once("] ")?;
        let number = digits.parse().ok()?;
        rest.starts_with(char::is_alphanumeric).then_some((number, rest))
    };
    out.lines().filter_map(parsed).collect()
}

#[test]
fn show_reads_as_recorded() {
    let short = [
        line("S1", "CR-echo-foetale", "Pas de fente, d'omphalocèle ni de laparoschisis."),
        line(
            "S2",
            "CR-echo-foetale",
            "Suspicion de fente palatine chez le père, atrésie de l'œsophage possible.",
        ),
        line(
            "S3",
            "CRH",
            "ANTÉCÉDENTS FAMILIAUX\nMère : spina bifida opéré en 1998.\n\nCONCLUSION\n\tPied bot varus équin gauche.\r\nRecherche de trisomie 21. Palais non étudié, fente non évaluable.",
        ),
        line("S4", "CRH", "Atre\u{301}sie duode\u{301}nale 🙂 sans 漢字 omphalocèle, pas de T21, CIV ?"),
    ];
    let chosen = fs::read_to_string(root().join("examples/reports.jsonl")).unwrap();
    let chosen =
        chosen.lines().filter(|l| ["\"R001\"", "\"R011\"", "\"R023\""].iter().any(|id| l.contains(id)));
    let input = short.into_iter().chain(chosen.map(str::to_string)).collect::<Vec<_>>().join("\n");
    let found = Bench::new().run_with_input(&["show", "-"], input).ends_with(0).out;
    assert!(longest(&found) <= 100 && !found.contains(ESCAPE));
    let path = root().join("tests/golden/show.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &found).unwrap();
    }
    let recorded = fs::read_to_string(&path).unwrap_or_default();
    let differs = recorded.lines().zip(found.lines()).position(|(a, b)| a != b);
    assert!(recorded == found, "line {differs:?} differs; read it, then UPDATE_GOLDEN=1 cargo test show");
}

#[test]
fn show_tells_the_events_of_annotate() {
    let bench = Bench::new().with_reports();
    let events = bench.run(&["annotate", "reports.jsonl", "--into", "-"]).ends_with(0).json();
    let shown = bench.run(&["show", "reports.jsonl", "--width", "300"]).ends_with(0).out;
    let mut told: Vec<&str> = Vec::new();
    for report in shown.split("\n\n═") {
        let mut legends = legends(report);
        legends.sort_unstable();
        assert!(legends.iter().map(|l| l.0).eq(1..=legends.len()), "{report}");
        told.extend(legends.iter().map(|l| l.1));
    }
    assert_eq!(told.len(), events.len());
    for (event, legend) in events.iter().zip(told) {
        assert!(legend.starts_with(event["label"].as_str().unwrap()), "{legend}: {event}");
        assert_eq!(legend.contains(" · absent"), event["assertion"] == "absent", "{legend}: {event}");
        for cue in event["cues"].as_array().unwrap() {
            assert!(legend.contains(cue["id"].as_str().unwrap()), "{legend}: {cue}");
        }
    }
}

#[test]
fn a_cue_is_joined_to_each_of_its_mentions() {
    let out = show(&["Pas de fente palatine, d'omphalocèle ni de laparoschisis."], &[]).ends_with(0).out;
    let rows: Vec<&str> = out.lines().skip(3).take(3).collect();
    let expected = [
        "  1 │ Pas de fente palatine, d'omphalocèle ni de laparoschisis.",
        "    ╎ ──┬─── ××××××××××××××    ××××××××××× ──┬── ×××××××××××××",
        "    ╎   └────[1]───────────────[2]           └───[3]",
    ];
    assert_eq!(rows, expected);
    assert_eq!(out.matches("« Pas de » neg.pas_de").count(), 2);
}

#[test]
fn a_cue_on_another_line_is_told_with_its_line() {
    let out = show(&["Suites simples. Pas de\nfente palatine."], &[]).ends_with(0).out;
    assert!(out.contains("└─▸[1]") && out.contains("« Pas de » neg.pas_de (l. 1)"), "{out}");
    let out = show(&["Suites simples.\nMère :\n- spina bifida"], &[]).ends_with(0).out;
    assert!(out.contains("présent · mère · actuel · rubrique Antécédents maternels (l. 2)"), "{out}");
}

#[test]
fn a_conclusion_is_told_where_it_differs() {
    let out = show(&["Suspicion d'omphalocèle. Au contrôle, pas d'omphalocèle."], &[]).ends_with(0).out;
    assert_eq!(out.matches("conclusion : absent").count(), 1, "{out}");
    assert!(out.contains("possible (66 %) · conclusion : absent · patient"), "{out}");
}

#[test]
fn show_chooses_a_document_and_a_concept() {
    let bench = Bench::new();
    let lines = [
        line("a", "CRH", "Omphalocèle."),
        line("b", "CRH", "Trisomie 21. Omphalocèle."),
        line("c", "CRH", "RAS."),
    ];
    bench.file("in.jsonl", lines.join("\n"));
    let shown = |more: &[&str]| bench.run(&[&["show", "in.jsonl"], more].concat());
    let all = shown(&[]).ends_with(0).out;
    assert_eq!(all.matches("═\n").count(), 3);
    assert!(all.contains("c · CRH · 0 mention\n"), "{all}");
    let one = shown(&["--document", "b"]).ends_with(0).out;
    assert!(one.contains("b · CRH · 2 mentions") && !one.contains("a · CRH"), "{one}");
    let down = shown(&["--concept", "down"]).ends_with(0).out;
    assert!(down.contains("b · CRH · 1 mention\n") && !down.contains("a · CRH"), "{down}");
    assert!(shown(&["--document", "z"]).ends_with(1).err.contains("no document z"));
    assert!(shown(&["--concept", "nothing"]).ends_with(1).err.contains("no such concept"));
    assert!(shown(&["--concept", "spina_bifida", "--document", "a"]).out.is_empty());
    shown(&["--width", "10"]).ends_with(2);
    shown(&["--color", "pink"]).ends_with(2);
    assert!(shown(&["--type", "CRH"]).ends_with(1).err.contains("plain text"));
    bench.run(&["show", "missing.txt"]).ends_with(1);
    bench.run(&["show", "missing.jsonl"]).ends_with(1);
}

#[test]
fn plain_text_takes_its_type_and_date_from_the_options() {
    let bench = Bench::new();
    bench.file("folder/scan.txt", "Omphalocèle.");
    let patient = bench.run(&["show", "folder/scan.txt"]).ends_with(0).out;
    assert!(patient.contains("omphalocèle (Q79.2) · présent · patient · actuel"), "{patient}");
    let given = ["--type", "CR-echo-foetale", "--title", "Un titre", "--date", "2024-03-12"];
    for path in ["folder/scan.txt", "folder"] {
        let out = bench.run(&[&["show", path][..], &given].concat()).ends_with(0).out;
        assert!(out.contains("scan · CR-echo-foetale · Un titre · 2024-03-12 · 1 mention"), "{out}");
        assert!(out.contains("présent · fœtus · actuel"), "{out}");
    }
    bench.file("binary.txt", [0_u8, 1, 2, 3]);
    assert!(bench.run(&["show", "binary.txt"]).ends_with(3).err.contains("set aside (not_text)"));
    bench.file("own/manifest.toml", "");
    bench.run(&["show", "folder/scan.txt", "--lexicon", "own"]).ends_with(1);
}

#[test]
fn a_bad_document_is_set_aside_and_the_others_shown() {
    let bench = Bench::new();
    bench.file("in.jsonl", format!("not json\n{}\n", line("a", "CRH", "Omphalocèle.")));
    let ran = bench.run(&["show", "in.jsonl"]).ends_with(3);
    assert!(ran.err.contains("in.jsonl:1") && ran.err.contains("not_json"), "{}", ran.err);
    assert!(ran.out.contains("a · CRH · 1 mention"));
}

#[test]
fn colours_are_asked_for_or_left_out() {
    let text = ["Pas de fente palatine."];
    let always = show(&text, &["--color", "always"]).ends_with(0).out;
    let plain = show(&text, &[]).ends_with(0).out;
    assert!(always.contains(ESCAPE) && !plain.contains(ESCAPE));
    assert_eq!(show(&text, &["--color", "never"]).out, plain);
    let mut stripped = String::new();
    let mut is_code = false;
    for c in always.chars() {
        is_code |= c == ESCAPE;
        if !is_code {
            stripped.push(c);
        }
        is_code &= c != 'm';
    }
    assert_eq!(stripped, plain);
}

/// Texts that no report should be, and some are.
fn odd_texts() -> Vec<String> {
    let odd = [
        "",
        "\n",
        "\r\n\r\n",
        "\r",
        " ",
        "\t",
        "a",
        "Omphalocèle",
        "\u{FEFF}Omphalocèle\u{200B}.",
        "Pas d'ompha\u{200B}locèle\u{AD}.",
        "\u{202E}פתולוגיה omphalocèle תקין\u{202C} ; pas de fente.",
        "\u{1B}[31mPas de fente\u{1B}[0m \u{7} \u{9B}2J",
        "Pas\tde\tfente\t\t.",
        "Pas de\n\n\nfente\u{2028}palatine",
        "漢字漢字 pas de fente 漢字 🙂🙂👩‍👩‍👧 omphalocèle",
        "pas de fente\rpas de CIV\r\npas de T21\n\rfin",
    ];
    let mut texts: Vec<String> = odd.iter().map(ToString::to_string).collect();
    texts.push(format!("e{} pas de fente{}", "\u{301}".repeat(3000), "\u{308}".repeat(500)));
    texts.push("x".repeat(1000) + " omphalocèle " + &"y".repeat(1000));
    texts.push("omphalocèle".repeat(50));
    texts.push("pas d'".repeat(50) + "omphalocèle");
    texts.push("atrésie duodénale, jéjunale, iléale, colique, anale et œsophagienne, ".repeat(20));
    texts.push("fente ".repeat(60) + "non retrouvée ; ni CIV ni CIA chez le père ou la mère.");
    texts
}

/// Texts put together at random, always the same ones.
fn patchworks() -> Vec<String> {
    const PIECES: [&str; 24] = [
        "pas de ",
        "fente palatine",
        "omphalocèle",
        "atrésie duodénale, jéjunale et iléale",
        "CIV",
        "T21",
        " ni ",
        "\n",
        "\r\n",
        "\t",
        " ",
        ", ",
        ". ",
        " : ",
        " ?",
        "chez le père ",
        "CONCLUSION :",
        "suspicion de ",
        "\u{301}",
        "漢字",
        "🙂",
        "\u{200B}",
        "פתו",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    ];
    let mut state = 20_240_312_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    (0..200).map(|i| (0..i).map(|_| PIECES[random(PIECES.len())]).collect()).collect()
}

#[test]
fn any_text_is_shown() {
    let texts = [odd_texts(), patchworks()].concat();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for width in ["40", "41", "100", "1000"] {
        let ran = show(&texts, &["--width", width]).ends_with(0);
        assert_eq!(ran.out.matches("═\n").count(), texts.len());
        assert!(!ran.out.contains([ESCAPE, '\u{7}', '\u{9B}', '\u{202E}', '\t', '\r']));
        let counts = ran.out.lines().filter(|l| l.starts_with('D')).filter_map(|l| l.split(" · ").nth(2));
        let count = |c: &str| c.split(' ').next().and_then(|n| n.parse::<usize>().ok());
        assert_eq!(counts.filter_map(count).sum::<usize>(), legends(&ran.out).len(), "width {width}");
    }
    show(&texts, &["--color", "always"]).ends_with(0);
}

/// How long it takes to show a text.
fn time(text: &str) -> (Duration, Ran) {
    let input = line("D", "CRH", text);
    let bench = Bench::new();
    let started = Instant::now();
    let ran = bench.run_with_input(&["show", "-"], input).ends_with(0);
    (started.elapsed(), ran)
}

#[test]
fn long_lines_take_linear_time() {
    let families = [
        "pas d'omphalocèle ni de fente, ".to_string(),
        "omphalocèle ".to_string(),
        "x".to_string(),
        "\u{301}\u{200B}".to_string(),
        "fente palatine possible\n".to_string(),
        "pas de ".to_string(),
    ];
    for piece in families {
        let (taken, ran) = time(&piece.repeat((1 << 20) / piece.len()));
        // Generous: a debug build on a busy machine; a quadratic step would take hours.
        assert!(taken < Duration::from_secs(120), "{:?} for 1 MB of {piece:?}", taken);
        assert!(longest(&ran.out) <= 600, "{piece:?}");
    }
}
