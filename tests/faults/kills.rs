//! Jobs that are killed, stopped, or run at the same time: the next run goes on, and nothing is lost or doubled.

use std::io::Write;
use std::process::ChildStdin;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::oracle::{Chance, Corpus, Job, PATIENCE, Scene, both, fails_cleanly, full, size};

/// Files, each a batch of its own: a kill finds some committed, one half done, and the rest not begun.
const FILES: usize = 30;

fn corpus() -> Corpus {
    Corpus(size(300, 4000))
}

both!(
    kills_anywhere,
    a_stop_waits_for_the_batch,
    a_second_signal_ends_at_once,
    two_writers_and_kills_of_one,
    a_killed_forgetting,
);

/// Kills a job again and again until it has done everything; at full size over several fresh warehouses.
fn kills_anywhere(scene: &Scene) {
    let mut chance = Chance::new(7);
    let (mut kills, mut inside) = kills_until_done(scene, &mut chance);
    while full() && kills < 200 {
        let (more, more_inside) = kills_until_done(&scene.again(), &mut chance);
        (kills, inside) = (kills + more, inside + more_inside);
    }
    eprintln!("{kills} kills, {inside} of them between the first and the last batch");
    assert!(inside > 0, "no kill met a job that was writing");
}

/// One run of the same job in peace: when it begins to write, and how long it lasts.
fn times_of_a_run() -> (Duration, Duration) {
    static TIMES: OnceLock<(Duration, Duration)> = OnceLock::new();
    *TIMES.get_or_init(|| {
        let scene = Scene::sqlite();
        let started = Instant::now();
        let mut job = Job::start(scene.job(&corpus().write(&scene.bench, FILES), &[]));
        job.until(|| scene.place.documents() > 0);
        let first = started.elapsed();
        job.ends_within(PATIENCE).ends_with(0);
        (first, started.elapsed())
    })
}

/// Kills a job at most eight times, or forty at full size, and lets it end; how many kills, how many while it wrote.
fn kills_until_done(scene: &Scene, chance: &mut Chance) -> (usize, usize) {
    let sources = corpus().write(&scene.bench, FILES);
    let (first, whole) = times_of_a_run();
    let (mut inside, mut cycles) = (0, 0);
    let wanted = size(8, 40);
    while cycles < wanted {
        let before = scene.place.documents();
        if before == corpus().0 as u64 {
            break;
        }
        let mut command = scene.job(&sources, &[]);
        if cycles % 4 == 0 {
            // A job that lingers at each commit is met while it writes even on a busy machine.
            command.env("FAILPOINTS", "batch-before-commit=sleep(20);batch-after-commit=sleep(20)");
        }
        let mut job = Job::start(command);
        match cycles % 4 {
            // Anywhere: mostly while the lexicons are read.
            1 => std::thread::sleep(whole.mul_f64(chance.below(1000) as f64 / 1000.0)),
            // Around the writing.
            2 => std::thread::sleep(
                first.mul_f64(0.9) + (whole - first).mul_f64(chance.below(1000) as f64 / 1000.0),
            ),
            // Inside it, as soon as there is more, and some milliseconds later.
            nth => {
                job.until(|| scene.place.documents() > before);
                std::thread::sleep(Duration::from_micros(chance.below(if nth == 0 { 60_000 } else { 3000 })));
            }
        }
        if !job.kill() {
            // It was done before the kill: what it left is judged below.
            break;
        }
        cycles += 1;
        let after = scene.place.documents();
        assert!(after >= before, "{after} documents after a kill, {before} before");
        inside += usize::from(after > before && after < corpus().0 as u64);
        if after > 0 && cycles % 3 == 0 {
            scene.verifies();
        }
    }
    scene.completes(&sources, corpus());
    (cycles, inside)
}

/// A job over a file, standard input and a file: the first is written, the input has come in part, and the job waits
/// for the rest, which is given too.
fn waiting_job(scene: &Scene) -> (Job, ChildStdin, String, Vec<String>) {
    let files = Corpus(60).write(&scene.bench, 3);
    let sources = [files[0].clone(), "-".into(), files[2].clone()];
    let (mut job, mut input) = Job::with_input(scene.job(&sources, &[]));
    let lines = scene.bench.read(&files[1]);
    let (first, rest) = lines.split_once('\n').unwrap();
    writeln!(input, "{first}").unwrap();
    assert!(job.until(|| scene.place.documents() == 20), "the first file is a batch");
    (job, input, rest.to_string(), files)
}

fn a_stop_waits_for_the_batch(scene: &Scene) {
    let (job, mut input, rest, files) = waiting_job(scene);
    job.terminate();
    std::thread::sleep(Duration::from_millis(50));
    // The batch that waited for its input gets it; the job may as well have ended already.
    drop(input.write_all(rest.as_bytes()));
    drop(input);
    let stopped = job.ends_within(Duration::from_secs(10));
    fails_cleanly(&stopped);
    assert!(stopped.err.contains("run the same command again"), "{}", stopped.err);
    let written = scene.place.documents();
    assert!(written == 20 || written == 40, "{written} documents: not whole batches");
    scene.verifies();
    scene.completes(&files, Corpus(60));
}

fn a_second_signal_ends_at_once(scene: &Scene) {
    let (mut job, input, _, files) = waiting_job(scene);
    let asked = Instant::now();
    job.terminate();
    job.until(|| asked.elapsed() > Duration::from_millis(100));
    if job.runs() {
        job.terminate();
    }
    let ended = job.ends_within(Duration::from_secs(2)).ends_with(1);
    drop(input);
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
    scene.completes(&files, Corpus(60));
}

fn two_writers_and_kills_of_one(scene: &Scene) {
    let sources = corpus().write(&scene.bench, FILES);
    let backwards: Vec<String> = sources.iter().rev().cloned().collect();
    let steady = Job::start(scene.job(&sources, &[]));
    let mut chance = Chance::new(11);
    let mut kills = 0;
    for _ in 0..size(2, 20) {
        let before = scene.place.documents();
        let mut killed = Job::start(scene.job(&backwards, &[]));
        killed.until(|| scene.place.documents() > before);
        std::thread::sleep(Duration::from_micros(chance.below(4000)));
        kills += usize::from(killed.kill());
    }
    let second = Job::start(scene.job(&backwards, &[]));
    steady.ends_within(PATIENCE).ends_with(0);
    second.ends_within(PATIENCE).ends_with(0);
    eprintln!("{kills} kills beside a second writer");
    scene.is_clean(corpus());
    // The counters of the runs tell each document and each event once, whoever wrote it.
    let told = scene.place.rows("SELECT sum(written), sum(events) FROM v_runs").unwrap();
    let stored = scene.place.rows("SELECT count(*) FROM v_events").unwrap();
    assert_eq!(told[0], [corpus().0.to_string(), stored[0][0].clone()]);
}

fn a_killed_forgetting(scene: &Scene) {
    let sources = Corpus(300).write(&scene.bench, 1);
    scene.annotate(&sources, &[]).ends_with(0);
    let all = scene.command("events", &[]).ends_with(0).json();
    let mut chance = Chance::new(13);
    let patients = ["P0003", "P0050", "P0051", "P0099"];
    for patient in patients {
        for _ in 0..size(2, 20) {
            let job = Job::start(scene.bench.command(&["forget", &scene.place.name(), "--patient", patient]));
            std::thread::sleep(Duration::from_micros(chance.below(25_000)));
            job.kill();
        }
        scene.command("forget", &["--patient", patient]).ends_with(0);
    }
    scene.verifies();
    let ran = scene.annotate(&sources, &[]).ends_with(0);
    assert_eq!((&ran.summary()["forgotten"], &ran.summary()["written"]), (&12.into(), &0.into()));
    scene.verifies();
    let kept: Vec<_> =
        all.into_iter().filter(|e| !patients.contains(&e["patient_id"].as_str().unwrap())).collect();
    assert_eq!(
        scene.command("events", &[]).ends_with(0).json(),
        kept,
        "the events of the others, and only they"
    );
}
