//! The way to a PostgreSQL server: restarts, ended connections, cuts, resets and silence. A run goes on by connecting
//! again, or ends with a message; the next one completes the work.

use std::time::{Duration, Instant};

use super::oracle::{Corpus, Job, PATIENCE, Scene, fails_cleanly, keeps_the_secret};
use super::proxy::{Fault, Proxy};
use super::server::{self, Server};
use crate::support::Ran;

const FILES: usize = 30;
const CORPUS: Corpus = Corpus(300);

/// A scene on a database of its own, and its sources.
fn scene(server: &Server) -> (Scene, Vec<String>) {
    let scene = Scene::postgres(server.database());
    let sources = CORPUS.write(&scene.bench, FILES);
    (scene, sources)
}

fn database(scene: &Scene) -> &server::Database {
    match &scene.place {
        super::oracle::Place::Postgres(database) => database,
        super::oracle::Place::Sqlite(_) => unreachable!("these tests are about a server"),
    }
}

/// Either the run survived and has done everything, or it failed as the contract says; then the next one completes.
#[track_caller]
fn survives_or_fails_cleanly(scene: &Scene, sources: &[String], ran: &Ran) {
    eprintln!("exit code {}: {}", ran.code, ran.err.lines().last().unwrap_or_default());
    keeps_the_secret(ran);
    if ran.code == 0 {
        scene.is_clean(CORPUS);
    } else {
        fails_cleanly(ran);
    }
    scene.completes(sources, CORPUS);
}

#[test]
fn the_server_restarts_in_the_middle_or_is_not_there() {
    let Some(server) = server::own(&[], &[]) else { return };
    a_server_that_is_not_there(&server);
    for pause in [Duration::ZERO, Duration::from_secs(2)] {
        let (scene, sources) = scene(&server);
        let mut job = Job::start(scene.job(&sources, &[]));
        let seen = job.until(|| scene.place.documents() > 0);
        server.stop();
        std::thread::sleep(pause);
        server.go().unwrap();
        let ran = job.ends_within(PATIENCE);
        assert!(seen, "the job ended before it was seen to write: {}", ran.err);
        survives_or_fails_cleanly(&scene, &sources, &ran);
    }
}

fn a_server_that_is_not_there(server: &Server) {
    let (scene, sources) = scene(server);
    server.stop();
    let ran = scene.annotate(&sources[..1], &[]);
    fails_cleanly(&ran);
    for command in ["events", "verify"] {
        let ran = scene.command(command, &[]).ends_with(1);
        keeps_the_secret(&ran);
    }
    server.go().unwrap();
    scene.completes(&sources, CORPUS);
}

#[test]
fn an_administrator_ends_the_connection() {
    let Some(server) = server::shared() else { return };
    let (scene, sources) = scene(server);
    let mut job = Job::start(scene.job(&sources, &[]));
    assert!(job.until(|| scene.place.documents() > 0), "the job ended too early");
    let ended = database(&scene).terminate_others();
    let ran = job.ends_within(PATIENCE);
    eprintln!("{ended} connections ended");
    survives_or_fails_cleanly(&scene, &sources, &ran);
}

/// Bytes that an undisturbed run sends, through a proxy without faults.
fn bytes_of_a_run(server: &Server) -> u64 {
    let (scene, sources) = scene(server);
    let proxy = Proxy::before(server.port());
    let into = database(&scene).url_through(proxy.port());
    Job::start(scene.job_into(&into, &sources, &[])).ends_within(PATIENCE).ends_with(0);
    scene.is_clean(CORPUS);
    assert!(proxy.forwarded() > 10_000, "the proxy sees the run");
    proxy.forwarded()
}

#[test]
fn the_connection_is_cut_or_reset() {
    let Some(server) = server::shared() else { return };
    let whole = bytes_of_a_run(server);
    let quick = [(Fault::Cut, 1), (Fault::Reset, 4), (Fault::Cut, 7), (Fault::Refuse, 9)];
    let every = (0..20).flat_map(|n| [(Fault::Cut, n), (Fault::Reset, n), (Fault::Refuse, n)]);
    let cases = if super::oracle::full() {
        every.map(|(f, n)| (f, n, 20)).collect()
    } else {
        quick.map(|(f, n)| (f, n, 10)).to_vec()
    };
    for (fault, part, parts) in cases {
        let (scene, sources) = scene(server);
        let proxy = Proxy::before(server.port());
        proxy.fail_after(whole * part / parts, fault);
        // A reset may reach one side only, which then hears nothing.
        let into = database(&scene).url_through(proxy.port()) + IMPATIENT;
        let mut job = Job::start(scene.job_into(&into, &sources, &[]));
        // The network comes back after a second: a run that connects again may go on.
        let started = Instant::now();
        job.until(|| proxy.forwarded() >= whole * part / parts && started.elapsed() > Duration::from_secs(1));
        proxy.mend();
        let ran = job.ends_within(PATIENCE);
        eprintln!("{fault:?} after {part}/{parts}");
        survives_or_fails_cleanly(&scene, &sources, &ran);
    }
}

/// Parameters that a site gives so that a dead network is noticed.
const IMPATIENT: &str = "&connect_timeout=3&tcp_user_timeout=3000&keepalives_idle=1&keepalives_interval=1&keepalives_retries=2&patience=8";

/// Nothing comes back, and nothing is closed: at the first word, and among the batches. The proxy's own system still
/// acknowledges what the client sends, so that no timer of TCP can notice: the program must.
#[test]
fn a_silent_connection_does_not_hang() {
    let Some(server) = server::shared() else { return };
    let whole = bytes_of_a_run(server);
    std::thread::scope(|threads| {
        for after in [0, whole / 2] {
            threads.spawn(move || {
                let (scene, sources) = scene(server);
                let proxy = Proxy::before(server.port());
                proxy.fail_after(after, Fault::Stall);
                let into = database(&scene).url_through(proxy.port()) + IMPATIENT;
                let ran = Job::start(scene.job_into(&into, &sources, &[])).ends_within(PATIENCE);
                eprintln!("silence after {after} bytes");
                // The connection that the silent job left may hold locks until the server notices.
                database(&scene).terminate_others();
                survives_or_fails_cleanly(&scene, &sources, &ran);
            });
        }
    });
}

/// A socket works as a host does, and a wrong URL is refused without showing its password.
#[test]
fn the_ways_to_name_a_server() {
    let Some(server) = server::shared() else { return };
    let (scene, sources) = scene(server);
    let socket = database(&scene).socket_url();
    Job::start(scene.job_into(&socket, &sources, &[])).ends_within(PATIENCE).ends_with(0);
    scene.is_clean(CORPUS);
    let url = database(&scene).url();
    let wrong = [
        url.replace("/essai_", "/no_such_"),
        url.replace("?schema=entrepot", "?schema=entrepot&no_such_parameter=1"),
        url.replace("@127.0.0.1", "@no-such-host.invalid"),
    ];
    for wrong in wrong {
        let ran = Job::start(scene.job_into(&wrong, &sources[..1], &[])).ends_within(PATIENCE);
        assert!(matches!(ran.code, 1 | 2), "{}: {}", ran.code, ran.err);
        keeps_the_secret(&ran);
    }
}
