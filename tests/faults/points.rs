//! A panic at the points that the program names (feature `failpoints`): `cargo test --features failpoints faults::points`.

use super::oracle::{Corpus, Job, PATIENCE, SECRET, Scene, both};
use crate::support::Ran;

const CORPUS: Corpus = Corpus(120);
const FILES: usize = 12;

both!(a_panic_around_a_commit, a_panic_while_the_schema_is_made, a_panic_between_forgetting_and_erasing);

/// The job with these points armed, such as `batch-before-commit=3*off->panic`.
fn armed(scene: &Scene, sources: &[String], points: &str) -> Ran {
    let mut job = scene.job(sources, &[]);
    job.env("FAILPOINTS", points);
    Job::start(job).ends_within(PATIENCE)
}

#[track_caller]
fn stopped_there(ran: &Ran, points: &str) {
    assert_ne!(ran.code, 0, "{points}: the point was not reached");
    assert!(!ran.err.contains(SECRET), "{points}: a message shows a report or a password: {}", ran.err);
}

fn a_panic_around_a_commit(scene: &Scene) {
    let sources = CORPUS.write(&scene.bench, FILES);
    let mut before = 0;
    for point in ["batch-before-commit", "batch-after-commit"] {
        for passes in [0, 1, 2] {
            let points = format!("{point}={passes}*off->panic");
            let ran = armed(scene, &sources, &points);
            stopped_there(&ran, &points);
            let documents = scene.place.documents();
            assert_eq!(documents % (CORPUS.0 / FILES) as u64, 0, "{points}: whole batches");
            let least = before + if point == "batch-after-commit" { (CORPUS.0 / FILES) as u64 } else { 0 };
            assert!(documents >= least, "{points}: {documents} documents, {before} before");
            before = documents;
            if documents > 0 {
                scene.verifies();
            }
        }
    }
    scene.completes(&sources, CORPUS);
}

fn a_panic_while_the_schema_is_made(scene: &Scene) {
    let sources = CORPUS.write(&scene.bench, FILES);
    for points in ["migrate-before-commit=panic", "migrate-before-commit=1*panic->off"] {
        let ran = armed(scene, &sources, points);
        stopped_there(&ran, points);
        assert_eq!(scene.place.documents(), 0, "{points}");
    }
    scene.completes(&sources, CORPUS);
}

fn a_panic_between_forgetting_and_erasing(scene: &Scene) {
    let sources = CORPUS.write(&scene.bench, 1);
    scene.annotate(&sources, &[]).ends_with(0);
    let all = scene.command("events", &[]).ends_with(0).json();
    let mut forget = scene.bench.command(&["forget", &scene.place.name(), "--patient", "P0003"]);
    forget.env("FAILPOINTS", "forget-before-erase=panic");
    stopped_there(&Job::start(forget).ends_within(PATIENCE), "forget-before-erase");
    let kept: Vec<_> = all.into_iter().filter(|event| event["patient_id"] != "P0003").collect();
    let events = || scene.command("events", &[]).ends_with(0).json();
    assert_eq!(events(), kept, "the rows are gone already");
    scene.command("forget", &["--patient", "P0003"]).ends_with(0);
    scene.verifies();
    assert_eq!(events(), kept);
}
