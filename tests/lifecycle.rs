//! The life of a warehouse after its first run: what is set aside and mended, corrected reports, withdrawals, oppositions,
//! history, changed lexicons, two jobs at once, tables as sources.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::faults::oracle::{Job, PATIENCE, SECRET, Scene, both, keeps_the_secret, write_lines};
use crate::faults::server;
use crate::support::{Bench, Ran, root};

both!(
    what_is_set_aside_is_read_once_mended,
    a_corrected_report,
    a_complete_source,
    patients_who_oppose,
    old_history_is_purged,
    two_jobs_share_the_work,
    reports_that_change_patient,
    a_report_that_comes_back_older,
    refused_lines_of_a_patient,
);

/// A report, with a name that no message may show.
fn report(n: usize, version: i64, text: &str) -> String {
    json!({
        "document_id": format!("A{n}"), "patient_id": format!("P{n}"), "version": version,
        "document_date": "2024-01-02", "document_type": "CRH", "text": format!("{text} Madame {SECRET}."),
    })
    .to_string()
}

fn file(scene: &Scene, name: &str, lines: &[String]) {
    scene.bench.file(name, lines.join("\n") + "\n");
}

/// `laennec COMMAND SOURCE --into WAREHOUSE`, by the rules alone.
fn job(scene: &Scene, command: &str, source: &str, options: &[&str]) -> Ran {
    let into = scene.place.name();
    let head = [command, source, "--into", into.as_str(), "--model", "off", "--json"];
    let ran = scene.bench.run(&[&head, options].concat());
    keeps_the_secret(&ran);
    ran
}

/// Fields of the summary of a job.
#[track_caller]
fn counts<const N: usize>(ran: &Ran, names: [&str; N], expected: [u64; N]) {
    let summary = ran.summary();
    assert_eq!(names.map(|name| summary[name].as_u64().unwrap()), expected, "{names:?}: {summary}");
}

fn rows(scene: &Scene, sql: &str) -> Vec<String> {
    scene.place.rows(sql).unwrap().into_iter().map(|row| row.join(" ")).collect()
}

fn diff(scene: &Scene, before: &str, after: &str, options: &[&str]) -> Ran {
    let place = scene.place.name();
    let head = ["diff", before, after, "--warehouse", place.as_str()];
    let ran = scene.bench.run(&[&head, options].concat());
    keeps_the_secret(&ran);
    assert!(!ran.out.contains(SECRET), "{}", ran.out);
    ran
}

/// The lines of a diff as `change report concept reason fields`.
fn changes(scene: &Scene, before: &str, after: &str) -> Vec<String> {
    let lines = diff(scene, before, after, &["--format", "jsonl"]).ends_with(0).json();
    let field = |line: &Value, name: &str| line[name].as_str().unwrap().to_string();
    let shown = |line: &Value| {
        let names = ["change", "document_id", "concept", "reason"];
        let fields = line["fields"].as_array().unwrap().iter().map(|f| f.as_str().unwrap());
        let fields: Vec<&str> = fields.filter(|name| *name == "assertion").collect();
        names
            .map(|name| field(line, name))
            .into_iter()
            .chain(fields.iter().map(|f| f.to_string()))
            .collect::<Vec<_>>()
            .join(" ")
    };
    lines.iter().map(shown).collect()
}

fn status(scene: &Scene) -> Value {
    scene.command("status", &["--json"]).ends_with(0).json().remove(0)
}

// ---------------------------------------------------------------- one report after another

fn what_is_set_aside_is_read_once_mended(scene: &Scene) {
    let long = format!("Spina bifida. {}", "Examen normal. ".repeat(40));
    let good = [report(1, 1, "Omphalocèle. Pas de pied bot."), report(2, 1, "Trisomie 21.")];
    let bad = [
        report(3, 1, "Fente labiale.").replace("2024-01-02", "2023-02-30"),
        format!("{{ broken {SECRET}"),
        report(5, 1, &long),
    ];
    file(scene, "a.jsonl", &[good.as_slice(), &bad].concat());
    let limit = ["--max-document-bytes", "300"];
    let first = job(scene, "annotate", "a.jsonl", &limit).ends_with(3);
    counts(&first, ["written", "quarantined", "events"], [2, 3, 3]);
    let told = status(scene);
    let expected = json!({"impossible_date": 1, "not_json": 1, "too_large": 1});
    assert_eq!((&told["reasons"], &told["documents"], &told["events"]), (&expected, &2.into(), &3.into()));
    assert_eq!(
        (&told["withdrawn"], &told["retired_events"], &told["forgotten"]),
        (&0.into(), &0.into(), &0.into())
    );
    let aside = told["set_aside"].as_array().unwrap();
    let places: Vec<_> =
        aside.iter().map(|one| (one["file"].as_str().unwrap(), one["line"].as_u64().unwrap())).collect();
    assert_eq!(places, [("a.jsonl", 3), ("a.jsonl", 4), ("a.jsonl", 5)]);
    let (engine, run) = (&told["engines"][0], &told["runs"][0]);
    assert!(engine["engine"].as_str().unwrap().starts_with("laennec ") && engine["model"].is_null());
    assert_eq!(engine["documents"], 2);
    assert_eq!((&run["run"], &run["state"]), (&1.into(), &"finished".into()));
    assert_eq!((&run["written"], &run["quarantined"], &run["events"]), (&2.into(), &3.into(), &3.into()));
    let table = scene.command("status", &[]).ends_with(0);
    for word in ["impossible_date", "a.jsonl:4", "malformations@", "finished", "laennec retry"] {
        assert!(table.out.contains(word), "{word}: {}", table.out);
    }
    assert!(!table.out.contains(SECRET) && !told.to_string().contains(SECRET));

    job(scene, "retry", "a.jsonl", &limit).ends_with(3);
    let mended = [report(3, 1, "Fente labiale."), report(4, 1, "Anencéphalie."), report(5, 1, &long)];
    file(scene, "a.jsonl", &[good.as_slice(), &mended].concat());
    let before = rows(scene, "SELECT document_id FROM v_documents WHERE status = 'annotated' ORDER BY 1");
    assert_eq!(before, ["A1", "A2"]);
    counts(
        &job(scene, "retry", "a.jsonl", &[]).ends_with(0),
        ["written", "unchanged", "quarantined"],
        [3, 2, 0],
    );
    counts(
        &job(scene, "retry", "a.jsonl", &[]).ends_with(0),
        ["written", "unchanged", "quarantined"],
        [0, 5, 0],
    );
    assert_eq!(status(scene)["documents"], 5);
    assert_eq!(rows(scene, "SELECT count(*) FROM v_retired_events"), ["0"], "good reports stay as they are");
    scene.verifies();
}

fn a_corrected_report(scene: &Scene) {
    let third = report(3, 1, "Laparoschisis.");
    file(scene, "a.jsonl", &[report(1, 1, "Omphalocèle."), report(2, 1, "Trisomie 21."), third.clone()]);
    file(
        scene,
        "b.jsonl",
        &[report(1, 1, "Omphalocèle ? Spina bifida."), report(2, 2, "Trisomie 18."), third],
    );
    job(scene, "annotate", "a.jsonl", &[]).ends_with(0);
    counts(&job(scene, "annotate", "b.jsonl", &[]).ends_with(0), ["written", "unchanged"], [2, 1]);
    let retired = "SELECT document_id, document_version, concept, made_by, retired_by, reason FROM v_retired_events ORDER BY 1";
    assert_eq!(rows(scene, retired), ["A1 1 omphalocele 1 2 content", "A2 1 down 1 2 version"]);
    let expected = [
        "changed A1 omphalocele content assertion",
        "gained A1 spina_bifida content",
        "lost A2 down version",
        "gained A2 edwards version",
    ];
    assert_eq!(changes(scene, "1", "2"), expected);
    assert!(changes(scene, "2", "2").is_empty());
    let all = ["gained A1 omphalocele new", "gained A2 down new", "gained A3 gastroschisis new"];
    assert_eq!(changes(scene, "0", "1"), all);
    let table = diff(scene, "1", "2", &[]).ends_with(0);
    assert!(
        table.out.contains("2 gained, 1 lost, 1 changed") && table.out.contains("spina bifida"),
        "{}",
        table.out
    );
    let unknown = diff(scene, "1", "9", &[]).ends_with(1);
    assert!(unknown.err.contains("no run 9") && unknown.err.contains("`laennec status`"), "{}", unknown.err);
    scene.verifies();
    // The lower version comes again: it is left alone.
    counts(&job(scene, "annotate", "a.jsonl", &[]).ends_with(0), ["stale"], [1]);
    scene.verifies();
    // What a patient leaves behind includes the history.
    scene.command("forget", &["--patient", "P1"]).ends_with(0);
    assert_eq!(rows(scene, "SELECT count(*) FROM v_retired_events WHERE document_id = 'A1'"), ["0"]);
    scene.verifies();
}

fn a_complete_source(scene: &Scene) {
    let lines: Vec<String> = (1..=4).map(|n| report(n, 1, "Omphalocèle. Pied bot.")).collect();
    file(scene, "all.jsonl", &lines);
    file(scene, "less.jsonl", &[&lines[..1], &lines[2..]].concat());
    file(scene, "bad.jsonl", &[&lines[..1], &[format!("{{ {SECRET}")]].concat());
    let standing =
        || rows(scene, "SELECT document_id FROM v_documents WHERE status = 'annotated' ORDER BY 1");
    job(scene, "annotate", "all.jsonl", &["--complete"]).ends_with(0);
    let whole = scene.digest();
    let names = ["written", "unchanged", "withdrawn"];
    counts(&job(scene, "annotate", "less.jsonl", &["--complete"]).ends_with(0), names, [0, 3, 1]);
    scene.verifies();
    assert_eq!(standing(), ["A1", "A3", "A4"]);
    assert_eq!(rows(scene, "SELECT status FROM v_documents WHERE document_id = 'A2'"), ["withdrawn"]);
    let retired = "SELECT document_id, reason, count(*) FROM v_retired_events GROUP BY 1, 2";
    assert_eq!(rows(scene, retired), ["A2 withdrawn 2"]);
    assert_eq!(changes(scene, "1", "2"), ["lost A2 omphalocele withdrawn", "lost A2 clubfoot withdrawn"]);
    assert_eq!(status(scene)["withdrawn"], 1);
    counts(&job(scene, "annotate", "less.jsonl", &["--complete"]).ends_with(0), names, [0, 3, 0]);
    // It comes back.
    counts(&job(scene, "annotate", "all.jsonl", &["--complete"]).ends_with(0), names, [1, 3, 0]);
    scene.verifies();
    assert_eq!((standing().len(), scene.digest()), (4, whole.clone()));
    assert!(changes(scene, "1", "3").is_empty());
    // Some of the source cannot be read: nobody knows what is missing.
    let refused = job(scene, "annotate", "bad.jsonl", &["--complete"]).ends_with(1);
    assert!(
        refused.err.contains("none withdrawn") && refused.err.contains("mend the source"),
        "{}",
        refused.err
    );
    scene.verifies();
    assert_eq!((standing().len(), scene.digest()), (4, whole));
    let lines =
        scene.bench.run(&["annotate", "all.jsonl", "--into", "x.jsonl", "--model", "off", "--complete"]);
    assert!(lines.ends_with(1).err.contains("--into cohort.db"));
}

/// Regression: what a report said while it was of another patient stayed, or stood in the way of forgetting.
fn reports_that_change_patient(scene: &Scene) {
    let of = |n: usize, version: i64, patient: &str| {
        report(n, version, "Omphalocèle.").replace(&format!("P{n}"), patient)
    };
    file(scene, "a.jsonl", &[of(1, 1, "PA"), of(2, 1, "PA"), of(3, 1, "PC")]);
    file(scene, "b.jsonl", &[of(1, 2, "PB"), of(3, 2, "PB")]);
    for source in ["a.jsonl", "b.jsonl"] {
        job(scene, "annotate", source, &[]).ends_with(0);
    }
    scene.command("forget", &["--document", "A2"]).ends_with(0);
    scene.verifies();
    scene.command("forget", &["--patient", "PA"]).ends_with(0);
    scene.verifies();
    assert_eq!(rows(scene, "SELECT document_id FROM v_retired_events"), ["A3"]);
    scene.command("forget", &["--document", "A3"]).ends_with(0);
    scene.verifies();
    assert_eq!(rows(scene, "SELECT patient_id FROM patients"), ["PB"], "PC is named by nothing any more");
}

/// Regression: a withdrawn report whose correction was taken back was never read again.
fn a_report_that_comes_back_older(scene: &Scene) {
    let other = report(2, 1, "Trisomie 21.");
    file(scene, "new.jsonl", &[report(1, 2, "Omphalocèle."), other.clone()]);
    file(scene, "without.jsonl", std::slice::from_ref(&other));
    file(scene, "old.jsonl", &[report(1, 1, "Laparoschisis."), other]);
    for source in ["new.jsonl", "without.jsonl", "old.jsonl"] {
        job(scene, "annotate", source, &["--complete"]).ends_with(0);
        scene.verifies();
    }
    assert_eq!(
        rows(scene, "SELECT document_id, version, status FROM v_documents ORDER BY 1"),
        ["A1 1 annotated", "A2 1 annotated"]
    );
}

/// Regression: a line that could not be read kept its id and lost its patient.
fn refused_lines_of_a_patient(scene: &Scene) {
    let bad = report(1, 1, "Omphalocèle.").replace("2024-01-02", "2023-02-30");
    let twice = [report(2, 1, "Trisomie 21."), report(2, 1, "Omphalocèle.")];
    file(scene, "a.jsonl", &[&[bad], twice.as_slice()].concat());
    job(scene, "annotate", "a.jsonl", &[]).ends_with(3);
    let told = status(scene);
    assert_eq!(told["reasons"], json!({"conflict": 1, "impossible_date": 1}), "{told}");
    let aside = "SELECT document_id, patient_id, code FROM v_rejections ORDER BY 1";
    assert_eq!(rows(scene, aside), ["A1 P1 impossible_date", "A2 P2 conflict"]);
    scene.command("forget", &["--patient", "P1"]).ends_with(0);
    scene.verifies();
    assert_eq!(rows(scene, aside), ["A2 P2 conflict"]);
    assert_eq!(rows(scene, "SELECT document_id FROM v_documents"), ["A2"]);
}

fn patients_who_oppose(scene: &Scene) {
    let lines: Vec<String> = (1..=3).map(|n| report(n, 1, "Omphalocèle.")).collect();
    file(scene, "a.jsonl", &lines);
    job(scene, "annotate", "a.jsonl", &[]).ends_with(0);
    scene.bench.file("opposed.txt", "P1\r\n\n  P9 \n");
    for _ in 0..2 {
        let ran = job(scene, "annotate", "a.jsonl", &["--opposed", "opposed.txt"]).ends_with(0);
        counts(&ran, ["written", "unchanged", "forgotten"], [0, 2, 1]);
        assert_eq!(rows(scene, "SELECT document_id FROM v_documents ORDER BY 1"), ["A2", "A3"]);
        assert_eq!(status(scene)["forgotten"].as_u64().unwrap(), 3, "two patients, and the report of one");
        scene.verifies();
    }
    // Refused from then on, without the list and under another id.
    let other = report(1, 1, "Omphalocèle.").replace("\"A1\"", "\"B1\"");
    file(scene, "b.jsonl", &[other, report(9, 1, "Pied bot.")]);
    counts(&job(scene, "annotate", "b.jsonl", &[]).ends_with(0), ["written", "forgotten"], [0, 2]);
    let missing = job(scene, "annotate", "a.jsonl", &["--opposed", "no.txt"]).ends_with(1);
    assert!(missing.err.contains("no.txt") && missing.err.contains("one id a line"), "{}", missing.err);
}

fn old_history_is_purged(scene: &Scene) {
    file(scene, "a.jsonl", &[report(1, 1, "Omphalocèle. Pied bot."), report(2, 1, "Trisomie 21.")]);
    file(scene, "b.jsonl", &[report(1, 1, "Spina bifida."), report(2, 1, "Trisomie 21.")]);
    for source in ["a.jsonl", "b.jsonl"] {
        job(scene, "annotate", source, &[]).ends_with(0);
    }
    let (events, history) = (scene.digest(), "SELECT count(*) FROM v_retired_events");
    let purge =
        |age: &str, options: &[&str]| scene.command("purge", &[&["--older-than", age], options].concat());
    assert_eq!(purge("0d", &[]).ends_with(0).out, "deleted: 0 retired events, 0 settled rejections\n");
    let told = purge("2999-01-01", &["--dry-run"]).ends_with(0).out;
    assert_eq!(told, "would be deleted: 2 retired events, 0 settled rejections\n");
    assert_eq!(rows(scene, history), ["2"], "nothing is changed by asking");
    assert_eq!(purge("2999-01-01", &[]).ends_with(0).out, told.replace("would be deleted", "deleted"));
    assert_eq!(rows(scene, history), ["0"]);
    scene.verifies();
    assert_eq!(scene.digest(), events);
    // What run 1 had is gone: it counts as no events.
    assert_eq!(changes(scene, "1", "2"), ["gained A1 spina_bifida new"]);
    for wrong in ["zorg", "2024-13-01", "d"] {
        let refused = purge(wrong, &[]).ends_with(1);
        assert!(refused.err.contains("365d"), "{}", refused.err);
    }
}

/// From both ends of the same files: each job does what the other has not done.
fn two_jobs_share_the_work(scene: &Scene) {
    const REPORTS: usize = 1200;
    let text =
        "Omphalocèle. Pas de pied bot. Suspicion de trisomie 21. Antécédent de spina bifida chez la mère. ";
    let lines: Vec<String> = (0..REPORTS).map(|n| report(n, 1, &text.repeat(4))).collect();
    let mut files = write_lines(&scene.bench, "part", &lines, 24);
    let start = |files: &[String]| Job::start(scene.job(files, &["--threads", "1"]));
    let first = start(&files);
    files.reverse();
    let second = start(&files);
    let ends = [first, second].map(|job| job.ends_within(PATIENCE).ends_with(0).summary());
    let sum = |name: &str| ends.iter().map(|end| end[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("written"), sum("unchanged")), (REPORTS as u64, REPORTS as u64), "{ends:?}");
    assert!(ends.iter().all(|end| end["written"].as_u64() > Some(0)), "not shared: {ends:?}");
    assert_eq!(rows(scene, "SELECT count(*) FROM claims"), ["0"]);
    assert_eq!(scene.place.documents(), REPORTS as u64);
    scene.verifies();
}

// ---------------------------------------------------------------- changed lexicons

/// Reports that hold the words of the edits below, most of them in one report only.
const OWN: [&str; 24] = [
    "On note un syndrome de zorglub.",
    "Syndrome de Zorgulb.",
    "Maladies zorglubiennes rares.",
    "Maladie zorglubienne rare et fente palatine.",
    "Maladie zorlgubienne rare.",
    "Frobrnatose clonique nette.",
    "Fr0bmatose clonique.",
    "Gauche est la frobmatose.",
    "Frobnie gauche supérieure et inférieure.",
    "Supérieure gauche frobnie.",
    "Éventration des frobnies supérieures gauches.",
    "Omphalocèle nonobstant.",
    "Nonobstant, pied bot.",
    "Pas de laparoschisis.",
    "Laparoshisis opéré.",
    "Suspicion de pied bot droit.",
    "Pied bot bilatéral.",
    "Exomphalos de 4 cm.",
    "Caryotype : 47,XX,+21.",
    "Œsophage interrompu à hauteur de T2.",
    "Un zorglub noir.",
    "Zygomatorhées gauches.",
    "Zygomatorrhax.",
    "Enfant bien portant.",
];

const HEADER: &str = "concept\tterm\tkind\tcodings\tgroup\tflags\tsupport\tagainst\tsource\tnote\n";

/// A bench with the demonstration reports and those above, as `c.jsonl`; how many there are.
fn corpus(bench: &Bench) -> usize {
    let mut text = fs::read_to_string(root().join("examples/reports.jsonl")).unwrap();
    for (n, own) in OWN.iter().enumerate() {
        text += &format!(
            "{}\n",
            json!({"document_id": format!("own-{n:02}"), "document_type": "CRH", "text": own})
        );
    }
    bench.file("c.jsonl", &text);
    text.lines().count()
}

/// Lexicons to be added: `--lexicon` for each.
#[derive(Clone, Copy)]
enum Edit {
    /// The shipped ones alone.
    None,
    /// Rows at the end of a file of a shipped lexicon.
    Add(&'static str, &'static str, &'static str),
    /// Text of the terms of a shipped lexicon in the place of other text.
    Replace(&'static str, &'static str, &'static str),
    /// A lexicon of concepts named `own`, of these rows.
    Own(&'static [&'static str]),
}

impl Edit {
    fn arguments(self, bench: &Bench, stem: &str) -> Vec<String> {
        let folder = |name: &str| bench.path(&format!("{stem}/{name}"));
        let folder = match self {
            Self::None => return Vec::new(),
            Self::Add(name, file, rows) => {
                let folder = copied(name, folder(name));
                let path = folder.join(file);
                fs::write(
                    &path,
                    fs::read_to_string(&path).unwrap().trim_end().to_string() + "\n" + rows + "\n",
                )
                .unwrap();
                folder
            }
            Self::Replace(name, old, new) => {
                let path = copied(name, folder(name)).join("terms.tsv");
                let text = fs::read_to_string(&path).unwrap();
                assert!(text.contains(old), "{old:?} is not in {name}");
                fs::write(&path, text.replace(old, new)).unwrap();
                folder(name)
            }
            Self::Own(terms) => {
                let manifest = "id = \"own\"\nkind = \"concepts\"\ntitle = \"t\"\nversion = \"1\"\nlicence = \"MIT\"\nsource = \"own\"\n";
                bench.file(&format!("{stem}/own/manifest.toml"), manifest);
                bench.file(&format!("{stem}/own/cases.toml"), "");
                // A file of support of a lexicon can touch every report.
                if terms.iter().any(|term| term.ends_with("worm")) {
                    let support = "[[support]]\nid = \"worm\"\nwords = [\"larve\"]\n";
                    bench.file(&format!("{stem}/own/support.toml"), support);
                }
                bench.file(&format!("{stem}/own/terms.tsv"), HEADER.to_string() + &terms.join("\n") + "\n");
                folder("own")
            }
        };
        vec!["--lexicon".to_string(), folder.to_str().unwrap().to_string()]
    }
}

fn copied(name: &str, to: PathBuf) -> PathBuf {
    fs::create_dir_all(&to).unwrap();
    for entry in fs::read_dir(root().join("lexicons").join(name)).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    to
}

fn into(bench: &Bench, command: &str, warehouse: &str, lexicons: &[String], options: &[&str]) -> Ran {
    let head = [command, "c.jsonl", "--into", warehouse, "--model", "off"];
    let lexicons: Vec<&str> = lexicons.iter().map(String::as_str).collect();
    bench.run(&[&head, lexicons.as_slice(), options].concat()).ends_with(0)
}

/// What is said of a patient, without who says it.
fn said(events: &str) -> Vec<String> {
    let said = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap();
        ["document_id", "start", "concept", "label", "codings", "assertion"]
            .map(|f| event[f].to_string())
            .join(" ")
    };
    events.lines().map(said).collect()
}

/// What is known of a corpus read with some lexicons.
struct Known {
    warehouse: String,
    events: String,
}

impl Known {
    fn new(bench: &Bench, edit: Edit, stem: &str) -> Self {
        let warehouse = format!("{stem}.db");
        into(bench, "annotate", &warehouse, &edit.arguments(bench, stem), &[]);
        Self { events: bench.run(&["events", &warehouse]).ends_with(0).out, warehouse }
    }

    /// A copy, with what its log holds.
    fn copied(&self, bench: &Bench, stem: &str) -> Self {
        let warehouse = format!("{stem}.db");
        for suffix in
            ["", "-wal"].into_iter().filter(|s| bench.path(&format!("{}{s}", self.warehouse)).exists())
        {
            let (from, to) = (format!("{}{suffix}", self.warehouse), format!("{warehouse}{suffix}"));
            fs::copy(bench.path(&from), bench.path(&to)).unwrap();
        }
        Self { warehouse, events: self.events.clone() }
    }

    /// After this, `reannotate` with `new` leaves byte for byte what a fresh warehouse would hold. How many reports it read
    /// again, and what it gives and a fresh warehouse holds, when they differ.
    fn reannotated(self, bench: &Bench, new: Edit, stem: &str) -> (u64, Option<String>) {
        let fresh = Self::new(bench, new, stem);
        assert_ne!(said(&self.events), said(&fresh.events), "the edit changes nothing in these reports");
        let ran = into(bench, "reannotate", &self.warehouse, &new.arguments(bench, stem), &["--json"]);
        let given = bench.run(&["events", &self.warehouse]).ends_with(0).out;
        let differs = given.lines().zip(fresh.events.lines()).find(|(a, b)| a != b);
        let differs = differs.map(|(a, b)| format!("given\n{a}\nfresh\n{b}"));
        let differs = differs.or((given != fresh.events).then(|| "more or fewer events".to_string()));
        (ran.summary()["written"].as_u64().unwrap(), differs)
    }
}

/// Each edit in a copy of what was known before.
fn after(bench: &Bench, edits: &[(&str, Edit, Edit)], mut each: impl FnMut(&str, u64, Option<String>)) {
    let shipped = Known::new(bench, NOTHING, "shipped");
    for (number, (name, old, new)) in edits.iter().enumerate() {
        let known = match old {
            Edit::None => shipped.copied(bench, &format!("known-{number}")),
            old => Known::new(bench, *old, &format!("old-{number}")),
        };
        let warehouse = known.warehouse.clone();
        let (again, differs) = known.reannotated(bench, *new, &format!("new-{number}"));
        if number == 0 {
            bench.run(&["verify", &warehouse]).ends_with(0);
        }
        each(name, again, differs);
    }
}

/// Edits that touch some reports, not all.
fn hold(edits: &[(&str, Edit, Edit)]) {
    let bench = Bench::new();
    let all = corpus(&bench) as u64;
    after(&bench, edits, |name, again, differs| {
        assert_eq!(differs, None, "{name}");
        assert!(0 < again && again < all, "{name}: {again} of {all} reports are read again");
    });
}

const NOTHING: Edit = Edit::None;
const SYNONYM: &str = "omphalocele\tsyndrome de zorglub\tsynonym";

#[test]
fn reannotate_reads_what_a_new_term_can_touch() {
    let add = |rows| Edit::Add("malformations", "terms.tsv", rows);
    hold(&[
        (
            "a word with an accent, in the plural",
            NOTHING,
            add("omphalocele\tmaladie zorglubienne rare\tsynonym"),
        ),
        (
            "a typing error",
            NOTHING,
            Edit::Own(&["own.z\tsyndrome zorglubienne\tpreferred", "own.y\tmaladie zorglubienne\tpreferred"]),
        ),
        ("a scanning error", NOTHING, Edit::Own(&["own.f\tfrobmatose clonique\tpreferred"])),
        (
            "a term in another order, and one that shares a head",
            NOTHING,
            Edit::Own(&[
                "own.s\tfrobnie gauche supérieure\tpreferred",
                "own.i\tfrobnie gauche inférieure\tpreferred",
            ]),
        ),
        ("a lexicon taken away", Edit::Own(&["own.z\tsyndrome de zorglub\tpreferred"]), NOTHING),
    ]);
}

#[test]
fn reannotate_reads_what_another_term_or_cue_can_touch() {
    let replace = |old, new| Edit::Replace("malformations", old, new);
    let cue = "zz.nonobstant\tnonobstant\tnegation\tbefore\tclause\t\t\t";
    let possible = "zz.nonobstant\tnonobstant\tpossible\tbefore\tclause\t0.5\t\t";
    let cue = Edit::Add("context", "terms.tsv", cue);
    hold(&[
        ("a term removed", Edit::Add("malformations", "terms.tsv", SYNONYM), NOTHING),
        (
            "a label",
            NOTHING,
            replace(
                "clubfoot\tpied bot varus équin\tpreferred",
                "clubfoot\tpied bot varus équin congénital\tpreferred",
            ),
        ),
        ("a code", NOTHING, replace("CIM-10:Q79.2 HPO:HP:0001539", "CIM-10:Q79.9 HPO:HP:0001539")),
        (
            "an ambiguous term",
            NOTHING,
            replace("clubfoot\tpied bot\tsynonym\t\t\t\t", "clubfoot\tpied bot\tsynonym\t\t\tambiguous\t"),
        ),
        ("a cue that says something else", cue, Edit::Add("context", "terms.tsv", possible)),
        ("a cue taken away", cue, NOTHING),
    ]);
}

#[test]
fn reannotate_reads_everything_after_a_change_of_grammar() {
    let bench = Bench::new();
    let all = corpus(&bench);
    into(&bench, "annotate", "w.db", &[], &[]);
    let before = bench.run(&["events", "w.db"]).out;
    let plan = |edit: Edit, stem: &str| {
        into(&bench, "reannotate", "w.db", &edit.arguments(&bench, stem), &["--plan"]).out
    };
    assert!(plan(NOTHING, "none").ends_with("0 documents to read again, 0 that no change can touch\n"));
    let grammar = plan(Edit::Add("grammar", "confusions.tsv", "vv\tw"), "grammar");
    assert!(grammar.contains("grammar/confusions.tsv"), "{grammar}");
    assert!(
        grammar.ends_with(&format!("{all} documents to read again, 0 that no change can touch\n")),
        "{grammar}"
    );
    // A term: some reports, with the reason; and their names.
    let term = Edit::Add("malformations", "terms.tsv", SYNONYM);
    let of_term = plan(term, "term");
    let again: usize = of_term.lines().last().unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(of_term.contains("does not know") && 2 * again < all, "{of_term}");
    let options = ["--plan", "--documents"];
    let named = into(&bench, "reannotate", "w.db", &term.arguments(&bench, "named"), &options).out;
    assert_eq!(named.lines().count(), again);
    assert!(named.lines().any(|line| line.starts_with("own-00\t")), "{named}");
    assert_eq!(bench.run(&["events", "w.db"]).out, before, "a plan changes nothing");
    let ran = into(
        &bench,
        "reannotate",
        "w.db",
        &Edit::Add("grammar", "confusions.tsv", "vv\tw").arguments(&bench, "g"),
        &["--json"],
    );
    assert_eq!(ran.summary()["written"], all);
    let nowhere = bench.run(&["reannotate", "c.jsonl", "--into", "none.db", "--model", "off"]).ends_with(1);
    assert!(nowhere.err.contains("no warehouse here") && !bench.path("none.db").exists(), "{}", nowhere.err);
}

/// Edits whose reports are not all found.
#[test]
fn reannotate_misses_nothing() {
    let bench = Bench::new();
    corpus(&bench);
    const LEFT: &str = "own.g\tzygomatorrhée gauche\tpreferred";
    const RIGHT: &str = "own.d\tzygomatorrhées droites\tpreferred";
    let near: &[&str] =
        &["own.l\tzygomatorrhal\tpreferred", "own.n\tzygomatorrhan machin\tpreferred\t\t\tambiguous\tworm"];
    let nearer: &[&str] = &[
        "own.l\tzygomatorrhal\tpreferred",
        "own.n\tzygomatorrhan machin\tpreferred\t\t\tambiguous\tworm",
        "own.t\tzygomatorrhan truc\tpreferred",
    ];
    let black: &[&str] = &["own.a\tzorglub noir\tpreferred", "own.b\tzorglub noir\tpreferred"];
    let white: &[&str] = &["own.b\tzorglub noir\tpreferred", "own.a\tzorglub noir\tpreferred"];
    let replace = |old, new| Edit::Replace("malformations", old, new);
    let edits = [
        (
            "the code of a concept found by a pattern",
            NOTHING,
            replace("preferred\tCIM-10:Q90.0\tdown\t", "preferred\tCIM-10:Q99.9\tdown\t"),
        ),
        (
            "the code of a concept found by a description",
            NOTHING,
            replace("CIM-10:Q39.0 HPO:HP:0002032", "CIM-10:Q39.9 HPO:HP:0002032"),
        ),
        ("the order of two rows", Edit::Own(black), Edit::Own(white)),
        ("a typing error of a plural that another term has", Edit::Own(&[LEFT, RIGHT]), Edit::Own(&[LEFT])),
        ("a plural that makes a typing error readable", Edit::Own(&[LEFT]), Edit::Own(&[LEFT, RIGHT])),
        ("a word between two others", Edit::Own(near), Edit::Own(nearer)),
    ];
    let mut missed = Vec::new();
    after(&bench, &edits, |name, _, differs| {
        missed.extend(differs.map(|differs| format!("{name}: {differs}")));
    });
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

// ---------------------------------------------------------------- tables as sources

/// A SQLite warehouse, and a database for the source; `None` without a server.
fn with_tables(sql: &str) -> Option<(Scene, server::Database)> {
    let database = server::shared()?.database();
    database.client().batch_execute(sql).unwrap();
    Some((Scene::sqlite(), database))
}

const NOTE: &str = "CREATE TABLE note (note_id bigint PRIMARY KEY, person_id bigint, note_date date, note_datetime timestamp,
        note_class_concept_id int, note_title varchar(250), note_text text, visit_occurrence_id bigint, updated_at timestamptz);
    INSERT INTO note VALUES
        (9007199254740993, 1, '2024-01-02', '2024-01-02 10:11:12', 0, 'CRH', 'Omphalocèle. Pas de pied bot.', 7, '2024-02-01 10:00+01'),
        (2, 1, '2024-01-03', NULL, 0, NULL, 'Trisomie 21.', 8, '2024-02-02'),
        (3, 2, NULL, '2023-05-06 23:59:59', 0, NULL, 'Fente labiale.', NULL, '2024-02-03')";

#[test]
fn a_table_of_notes_is_a_source() {
    let Some((scene, database)) = with_tables(NOTE) else { return };
    let source = format!("{}&table=public.note", database.url());
    counts(&job(&scene, "annotate", &source, &[]).ends_with(0), ["written", "events"], [3, 4]);
    let stored = "SELECT document_id, patient_id, document_date, visit_id FROM v_documents ORDER BY 1";
    assert_eq!(
        rows(&scene, stored),
        ["2 1 2024-01-03 8", "3 2 2023-05-06 ", "9007199254740993 1 2024-01-02 7"]
    );
    let condition = format!("{source}&where=person_id%20=%202");
    counts(&job(&scene, "annotate", &condition, &[]).ends_with(0), ["documents", "unchanged"], [1, 1]);
    scene.verifies();
}

#[test]
fn a_table_with_other_names_is_a_source() {
    let sql = r#"CREATE SCHEMA dpi; CREATE TABLE dpi.cr ("Ident" varchar(20), nip int, corps text, "date cr" date);
        INSERT INTO dpi.cr VALUES ('K1', 5, 'Spina bifida.', '2024-03-04'), ('K2', 6, 'Laparoschisis.', '2024-03-05'),
            ('K3', 7, NULL, '2024-03-05'), (NULL, 7, 'Anencéphalie', '2024-03-05')"#;
    let Some((scene, database)) = with_tables(sql) else { return };
    let names = "table=dpi.cr&document_id=Ident&patient_id=nip&text=corps&document_date=date%20cr";
    let ran = job(&scene, "annotate", &format!("{}&{names}", database.url()), &[]).ends_with(3);
    counts(&ran, ["written", "quarantined"], [2, 2]);
    let place = "?table=dpi.cr:3: set aside (missing_field)";
    assert!(ran.err.contains(place) && ran.err.contains("postgres://127.0.0.1:"), "{}", ran.err);
    let stored = "SELECT document_id, patient_id, document_date FROM v_documents WHERE status = 'annotated' ORDER BY 1";
    assert_eq!(rows(&scene, stored), ["K1 5 2024-03-04", "K2 6 2024-03-05"]);
    let aside = &status(&scene)["set_aside"];
    let file = aside[0]["file"].as_str().unwrap();
    assert!(file.ends_with("?table=dpi.cr") && !file.contains(SECRET), "{aside}");
    assert_eq!((&aside[0]["line"], &aside[1]["line"]), (&3.into(), &4.into()));
}

#[test]
fn a_followed_table_is_read_from_where_it_was_left() {
    let Some((scene, database)) = with_tables(NOTE) else { return };
    let source = format!("{}&table=public.note&since=updated_at", database.url());
    let names = ["documents", "written", "unchanged"];
    counts(&job(&scene, "annotate", &source, &[]).ends_with(0), names, [3, 3, 0]);
    counts(&job(&scene, "annotate", &source, &[]).ends_with(0), names, [1, 0, 1]);
    let later = "INSERT INTO note (note_id, person_id, note_text, updated_at) VALUES (4, 3, 'Spina bifida.', '2024-02-04');
        UPDATE note SET note_text = 'Trisomie 18.', updated_at = '2024-02-05' WHERE note_id = 2";
    database.client().batch_execute(later).unwrap();
    counts(&job(&scene, "annotate", &source, &[]).ends_with(0), names, [3, 2, 1]);
    assert_eq!(
        changes(&scene, "1", "2"),
        ["lost 2 down content", "gained 2 edwards content", "gained 4 spina_bifida new"]
    );
    counts(&job(&scene, "annotate", &source, &[]).ends_with(0), names, [1, 0, 1]);
    assert_eq!(rows(&scene, "SELECT value FROM watermarks"), ["2024-02-05 00:00:00+00"]);
    scene.verifies();
}

/// By numbers, whose order is not that of their letters.
#[test]
fn a_followed_table_is_read_whole_after_kills() {
    let sql = "CREATE TABLE cr AS SELECT n AS document_id, n AS seen, 'Omphalocèle. Pas de pied bot.' AS text
        FROM generate_series(1, 9000) n";
    let Some((scene, database)) = with_tables(sql) else { return };
    let sources = [format!("{}&table=public.cr&since=seen", database.url())];
    let mut before = 0;
    for _ in 0..2 {
        let mut running = Job::start(scene.job(&sources, &["--threads", "1"]));
        running.until(|| scene.place.documents() > before);
        running.kill();
        before = scene.place.documents();
    }
    scene.annotate(&sources, &[]).ends_with(0);
    assert_eq!(scene.place.documents(), 9000);
    assert_eq!(rows(&scene, "SELECT value FROM watermarks"), ["9000"]);
    scene.verifies();
}

#[test]
fn a_table_that_cannot_be_read_is_told_with_a_remedy() {
    let Some((scene, database)) = with_tables(NOTE) else { return };
    let url = database.url();
    let refused = |rest: &str, words: &[&str]| {
        let ran = job(&scene, "annotate", &format!("{url}{rest}"), &[]).ends_with(1);
        words.iter().for_each(|word| assert!(ran.err.contains(word), "{word}: {}", ran.err));
        assert!(!Path::new(&scene.place.name()).exists(), "nothing is made: {}", ran.err);
    };
    refused("&table=public.absent", &["no such table", "table=schema.note", "grant SELECT"]);
    refused("&table=public.note&text=corps", &["no column corps", "correct the address"]);
    refused("&table=public.note&since=seen", &["no column seen"]);
    refused("&table=public.note&zorg=1", &["zorg: not a parameter", "since", "text=note_text"]);
    refused("", &["name of a table", "?table=note"]);
    refused("&table=public.note&where=zorg", &["SQLSTATE 42703", "condition of the address"]);
    let closed = format!("postgres://postgres:{SECRET}@127.0.0.1:1/x?table=public.note");
    let ran = job(&scene, "annotate", &closed, &[]).ends_with(1);
    assert!(ran.err.contains("cannot connect") && ran.err.contains("PGPASSWORD"), "{}", ran.err);
}

/// The whole is read, whatever was read before: nothing else can tell what is gone, set aside or out of date.
#[test]
fn a_followed_table_is_read_whole_where_that_is_needed() {
    let Some((scene, database)) = with_tables(NOTE) else { return };
    database
        .client()
        .batch_execute("INSERT INTO note VALUES (1, 4, NULL, NULL, 0, NULL, NULL, NULL, '2024-01-01')")
        .unwrap();
    let source = format!("{}&table=public.note&since=updated_at", database.url());
    job(&scene, "annotate", &source, &[]).ends_with(3);
    database.client().batch_execute("UPDATE note SET note_text = 'Anencéphalie.' WHERE note_id = 1").unwrap();
    let lexicon =
        Edit::Replace("malformations", "CIM-10:Q79.2 HPO:HP:0001539", "CIM-10:Q79.9 HPO:HP:0001539");
    let lexicon = lexicon.arguments(&scene.bench, "new");
    let lexicon: Vec<&str> = lexicon.iter().map(String::as_str).collect();
    let mut faults = Vec::new();
    let ran = job(&scene, "retry", &source, &[]);
    if ran.summary()["written"] != 1 {
        faults.push("retry does not read the mended row");
    }
    job(&scene, "reannotate", &source, &lexicon);
    if !scene.command("events", &[]).out.contains("Q79.9") {
        faults.push("reannotate does not read the report that its plan names");
    }
    let ran = job(&scene, "annotate", &source, &[&["--complete"], lexicon.as_slice()].concat());
    if ran.code != 1 || !ran.err.contains("read it whole") {
        faults.push("--complete is not refused where some is not looked at");
    }
    assert!(faults.is_empty(), "{faults:?}");
}

/// Regression: a condition could end the reading transaction and write.
#[test]
fn a_condition_is_one_statement() {
    let Some((scene, database)) = with_tables(NOTE) else { return };
    let condition =
        "TRUE)%3BCOMMIT%3BCREATE TABLE pwned(a int)%3BBEGIN%3BDECLARE x CURSOR FOR SELECT 1 WHERE (FALSE";
    let source = format!("{}&table=public.note&where={condition}", database.url());
    job(&scene, "annotate", &source, &[]).ends_with(1);
    let found = database.client().query("SELECT 1 FROM pg_class WHERE relname = 'pwned'", &[]).unwrap();
    assert!(found.is_empty(), "the condition has written in the database of the source");
}

/// Regression: an address whose scheme is mistyped was taken for a file and shown with its password.
#[test]
fn a_mistyped_address_is_not_shown() {
    let bench = Bench::new();
    for command in ["status", "verify", "events"] {
        let ran = bench.run(&[command, &format!("postgress://u:{SECRET}@h/d")]).ends_with(1);
        assert!(ran.err.contains("postgres://") && !ran.err.contains(SECRET), "{}", ran.err);
    }
}

// ---------------------------------------------------------------- the same on both kinds of warehouse

#[test]
fn a_simulated_maternity_is_the_same_on_both() {
    let Some(server) = server::shared() else { return };
    let scenes = [Scene::sqlite(), Scene::postgres(server.database())];
    scenes[0].bench.run(&["simulate", "--births", "500", "--seed", "3", "--into", "sim"]).ends_with(0);
    let file = |name: &str| scenes[0].bench.path("sim").join(name).to_str().unwrap().to_string();
    let given = scenes.each_ref().map(|scene| {
        let place = scene.place.name();
        let run = |arguments: &[&str]| scene.bench.run(arguments).ends_with(0).out;
        job(scene, "annotate", &file("reports.jsonl"), &[]).ends_with(0);
        run(&[
            "load",
            "--into",
            &place,
            "--persons",
            &file("persons.jsonl"),
            "--events",
            &file("events.jsonl"),
        ]);
        let definitions = ["eurocat/all_anomalies", "eurocat/limb", "eurocat/down", "chd_severe", "fasd"];
        let head = ["phenotype", "run", "--warehouse", &place];
        let cohorts = run(&[&head, definitions.as_slice(), &["--format", "jsonl", "--explain"]].concat());
        let left = run(&[&head, &definitions[..1], &["--attrition"]].concat());
        let sheet = run(&["review", "sample", &place, "--phenotype", "eurocat/all_anomalies", "-n", "20"]);
        let findings = run(&["findings", &place]);
        scene.verifies();
        let stored =
            rows(scene, "SELECT phenotype, patient_id, case_level, index_date FROM v_cohorts ORDER BY 1, 2");
        [cohorts, left, sheet, findings, stored.join("\n")]
    });
    let [embedded, server] = given;
    assert!(embedded[0].contains("\"case_level\":\"definite\"") && embedded[2].lines().count() == 20);
    for (number, (one, other)) in embedded.iter().zip(&server).enumerate() {
        assert!(!one.is_empty());
        let differs = one.lines().zip(other.lines()).find(|(a, b)| a != b);
        assert_eq!(differs, None, "output {number}");
        assert_eq!(one.len(), other.len(), "output {number}");
    }
}
