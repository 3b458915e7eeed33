//! The same reports again: repeated, shuffled, split, on one thread or two, and among poisoned ones.

use super::oracle::{Chance, Corpus, SECRET, Scene, both, keeps_the_secret, size, write_lines};
use crate::support::Ran;

both!(the_same_reports_again, other_ways_to_the_same_warehouse, poisoned_reports);

#[track_caller]
fn wrote(ran: &Ran, written: usize, unchanged: usize) {
    let summary = ran.summary();
    assert_eq!(
        (&summary["written"], &summary["unchanged"]),
        (&written.into(), &unchanged.into()),
        "{summary}"
    );
}

/// Three times as it is, then in another order, another cut, another number of threads: nothing changes.
fn the_same_reports_again(scene: &Scene) {
    let corpus = Corpus(size(300, 2000));
    let sources = corpus.write(&scene.bench, 1);
    wrote(&scene.annotate(&sources, &["--threads", "1"]).ends_with(0), corpus.0, 0);
    scene.is_clean(corpus);
    let runs = scene.place.rows("SELECT run_id FROM v_runs ORDER BY 1").unwrap();
    for _ in 0..2 {
        wrote(&scene.annotate(&sources, &[]).ends_with(0), 0, corpus.0);
    }
    let mut shuffled = corpus.lines();
    Chance::new(3).shuffle(&mut shuffled);
    let shuffled = write_lines(&scene.bench, "shuffled", &shuffled, 7);
    wrote(&scene.annotate(&shuffled, &["--threads", "2"]).ends_with(0), 0, corpus.0);
    scene.is_clean(corpus);
    assert_eq!(
        scene.place.rows("SELECT run_id FROM v_runs ORDER BY 1").unwrap(),
        runs,
        "a run that wrote nothing leaves no row"
    );
}

/// Shuffled, in seven files, on two threads, into a fresh warehouse: the same events. Twice in one run: once stored.
fn other_ways_to_the_same_warehouse(scene: &Scene) {
    let corpus = Corpus(size(300, 2000));
    let mut lines = corpus.lines();
    Chance::new(5).shuffle(&mut lines);
    let mut sources = write_lines(&scene.bench, "shuffled", &lines, 7);
    sources.push(sources[0].clone());
    let again = lines.len().div_ceil(7);
    wrote(&scene.annotate(&sources, &["--threads", "2"]).ends_with(0), corpus.0, again);
    scene.is_clean(corpus);
}

/// Kinds of poison: the line, and the code of its reason.
fn poison(kind: usize, n: usize) -> (Vec<u8>, &'static str) {
    let id = format!("poison-{n}");
    let line =
        |id: &str, text: &str| format!(r#"{{"document_id":"{id}","patient_id":"P-{n}","text":{text}}}"#);
    let omphalocele = format!(r#""Omphalocèle chez {SECRET} {n}.""#);
    let text = |line: String, code| (line.into_bytes(), code);
    match kind % 10 {
        0 => text(format!("{{ {SECRET} {n}"), "not_json"),
        1 => text(
            line(&id, &omphalocele).replace("{n}.", "{n}\\u0000.").replace("chez", "\\u0000 chez"),
            "nul_character",
        ),
        2 => {
            let mut bytes = line(&id, &omphalocele).into_bytes();
            let place = bytes.len() - 4;
            bytes.splice(place..place, [0xC3, 0x28, 0x81, 0x8D, 0x8F]);
            (bytes, "undecodable")
        }
        3 => text(line(&id, &format!("\"{SECRET} {}\"", "x".repeat(5000))), "too_large"),
        4 => text(line(&"i".repeat(256), &omphalocele), "bad_identifier"),
        5 => text(line(&format!("bad\\u0000{n}"), &omphalocele), "nul_character"),
        6 => text(line(&id, "12"), "wrong_type"),
        7 => text(line(&id, &format!("[{omphalocele}]")), "wrong_type"),
        8 => text(line(&id, r#""lone \ud83d half""#), "lone_surrogate"),
        _ => text(
            line(&id, &omphalocele).replace("\"text\"", "\"document_date\":\"2023-02-30\",\"text\""),
            "impossible_date",
        ),
    }
}

/// Good reports are all written, poisoned ones all listed with their reason, again and again.
fn poisoned_reports(scene: &Scene) {
    const POISONED: usize = 40;
    let corpus = Corpus(size(1000, 10_000));
    let every = corpus.0 / POISONED;
    let (mut lines, mut expected) = (Vec::new(), Vec::new());
    for (n, good) in corpus.lines().into_iter().enumerate() {
        lines.push(good.into_bytes());
        if n % every == every / 2 {
            let (line, code) = poison(n / every, n);
            lines.push(line);
            expected.push((lines.len().to_string(), code.to_string()));
        }
    }
    assert_eq!(expected.len(), POISONED);
    scene.bench.file("in.jsonl", lines.join(&b'\n'));
    let sources = ["in.jsonl".to_string()];
    for (written, unchanged) in [(corpus.0, 0), (0, corpus.0)] {
        let ran = scene.annotate(&sources, &["--max-document-bytes", "4000"]).ends_with(3);
        keeps_the_secret(&ran);
        wrote(&ran, written, unchanged);
        assert_eq!(ran.summary()["quarantined"], POISONED);
        let rows = scene.place.rows("SELECT line, code, reason FROM v_rejections ORDER BY line").unwrap();
        let found: Vec<_> = rows.iter().map(|row| (row[0].clone(), row[1].clone())).collect();
        assert_eq!(found, expected);
        assert!(rows.iter().all(|row| !row[2].is_empty() && !row[2].contains(SECRET)), "{rows:?}");
    }
    scene.verifies();
    assert_eq!(scene.digest(), corpus.clean());
    assert_eq!(
        scene.place.rows("SELECT count(*) FROM v_documents WHERE status = 'annotated'").unwrap()[0][0],
        corpus.0.to_string()
    );
}
