//! Disks that fail: full ones, limits on the size of files, and each write and each sync in turn.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::oracle::{Chance, Corpus, Job, PATIENCE, Scene, fails_cleanly, full, keeps_the_secret, size};
use super::server;
use crate::support::Ran;

const FILES: usize = 6;
const CORPUS: Corpus = Corpus(60);
const ENOSPC: &str = "28";
const EIO: &str = "5";
/// What the paths of these files of a server hold.
const TABLES: &str = "/base/";
const LOG: &str = "/pg_wal/";

/// A library that makes writes fail, compiled from tests/faults/shim.c; `None`, and a line, without a C compiler.
fn shim() -> Option<&'static Path> {
    static SHIM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let compile = || {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (source, made) = (folder.join("shim.c"), folder.join(format!("shim-{}.so", std::process::id())));
        std::fs::write(&source, include_str!("shim.c")).unwrap();
        let mut compiler = Command::new("cc");
        let output =
            compiler.args(["-O1", "-shared", "-fPIC", "-o"]).args([&made, &source]).args(["-ldl"]).output();
        let Ok(output) = output else {
            eprintln!("skipped: no C compiler");
            return None;
        };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // One name for all processes: nothing piles up, and a rename is atomic.
        let shim = folder.join("shim.so");
        std::fs::rename(&made, &shim).unwrap();
        Some(shim)
    };
    SHIM.get_or_init(compile).as_deref()
}

/// The job with the shim before its writes to the warehouse.
fn shimmed(scene: &Scene, sources: &[String], variables: &[(&str, &str)]) -> Ran {
    let mut job = scene.job(sources, &[]);
    job.env("LD_PRELOAD", shim().unwrap()).env("SHIM_PATH", "cohort.db").envs(variables.iter().copied());
    Job::start(job).ends_within(PATIENCE)
}

/// How many calls of a kind an undisturbed run makes: the proof that the shim meets them all.
fn calls(kind: &str) -> u64 {
    let scene = Scene::sqlite();
    let sources = CORPUS.write(&scene.bench, FILES);
    let count = scene.bench.path("count");
    shimmed(&scene, &sources, &[("SHIM_KIND", kind), ("SHIM_COUNT", count.to_str().unwrap())]).ends_with(0);
    scene.bench.read("count").parse().unwrap()
}

#[test]
fn each_write_and_each_sync_may_fail() {
    if shim().is_none() {
        return;
    }
    let (writes, syncs) = (calls("write"), calls("sync"));
    assert!(writes > 50 && syncs > FILES as u64, "the shim meets {writes} writes and {syncs} syncs");
    let mut cases: Vec<(&str, u64, &str, bool)> = Vec::new();
    if full() {
        for n in 1..=50.min(writes) {
            cases.extend([("write", n, ENOSPC, true), ("write", n, ENOSPC, false), ("write", n, EIO, false)]);
        }
        cases.extend((1..=50.min(syncs)).flat_map(|n| [("sync", n, EIO, false), ("sync", n, EIO, true)]));
        cases.extend((1..=40).map(|n| ("write", writes * n / 40, ENOSPC, true)));
    } else {
        // One call in each sixth of the run.
        let mut chance = Chance::new(17);
        let mut draw = |all: u64, sixth: u64| 1 + (all * sixth + chance.below(all)) / 6;
        cases.extend((0..6).map(|sixth| ("write", draw(writes, sixth), ENOSPC, true)));
        cases.extend((0..3).map(|third| ("write", draw(writes, 2 * third), EIO, false)));
        cases.extend((0..3).map(|third| ("sync", draw(syncs, 2 * third + 1), EIO, false)));
    }
    let mut failed = 0;
    for (case, &(kind, n, error, stays)) in cases.iter().enumerate() {
        let number = n.to_string();
        let mut variables = vec![("SHIM_KIND", kind), ("SHIM_CALL", &number), ("SHIM_ERRNO", error)];
        variables.extend(stays.then_some(("SHIM_STICKY", "1")));
        let scene = Scene::sqlite();
        let sources = CORPUS.write(&scene.bench, FILES);
        let ran = shimmed(&scene, &sources, &variables);
        let said = format!("{kind} {n} with error {error}, for ever: {stays}: {ran:?}");
        if ran.code == 0 {
            // What failed was not needed: the empty file at the very start, or folding the log at the very end.
            keeps_the_secret(&ran);
            assert_eq!(scene.digest(), CORPUS.clean(), "exit code 0, but not everything is there: {said}");
        } else {
            failed += 1;
            eprintln!("{said}");
            fails_cleanly(&ran);
            if scene.place.documents() > 0 {
                scene.verifies();
            }
        }
        // Half of the sample is enough: starting the program is what costs.
        if full() || case % 2 == 0 {
            scene.completes(&sources, CORPUS);
        }
    }
    eprintln!("{failed} of {} failing calls ended the run", cases.len());
    assert!(failed * 3 > cases.len() * 2, "only {failed} of {} ended the run", cases.len());
}

#[test]
fn a_limit_on_the_size_of_files() {
    // In blocks of 512 bytes: while the schema is made, and among the batches. Batch systems set the limit both with
    // the signal ignored and at its default.
    const IGNORED: &str = "trap '' XFSZ";
    let cases = [(700, IGNORED), (64, ":"), (64, IGNORED), (700, ":")];
    for (blocks, signal) in cases.into_iter().take(size(2, 4)) {
        let scene = Scene::sqlite();
        let sources = Corpus(300).write(&scene.bench, FILES);
        let job = scene.job(&sources, &[]);
        let mut limited = Command::new("sh");
        limited.args(["-c", &format!("{signal}; ulimit -c 0; ulimit -f {blocks}; exec \"$@\""), "sh"]);
        limited.arg(job.get_program()).args(job.get_args()).current_dir(job.get_current_dir().unwrap());
        limited.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let ran = Job::start(limited).ends_within(PATIENCE);
        if signal == ":" && ran.code == -1 {
            // Killed by SIGXFSZ, as by any other signal: what was committed stays.
            keeps_the_secret(&ran);
        } else {
            fails_cleanly(&ran);
        }
        assert!(scene.place.documents() < 300, "{blocks} blocks are no limit");
        if scene.place.documents() > 0 {
            scene.verifies();
        }
        scene.completes(&sources, Corpus(300));
    }
}

/// A server whose disk is full for the files whose path holds a word, as long as a file, the gate, is there.
struct Full {
    server: server::Server,
    gates: tempfile::TempDir,
}

impl Full {
    fn of(word: &str) -> Option<Self> {
        let shim = shim()?;
        let gates = tempfile::tempdir_in("/tmp").unwrap();
        // The account of the server must see the gate.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(gates.path(), open).unwrap();
        let copy = gates.path().join("shim.so");
        std::fs::copy(shim, &copy).unwrap();
        let gate = gates.path().join("full");
        let variables = [
            ("LD_PRELOAD", copy.to_str().unwrap()),
            ("SHIM_PATH", word),
            ("SHIM_ERRNO", ENOSPC),
            ("SHIM_GATE", gate.to_str().unwrap()),
        ];
        let server = server::own(&[], &variables)?;
        let disk = Self { server, gates };
        disk.prove(word);
        Some(disk)
    }

    /// The proof that the disk is full when it should be, without the program; the server is up again at the end.
    fn prove(&self, word: &str) {
        let database = self.server.database();
        database.client().batch_execute("CREATE TABLE grown (x int)").unwrap();
        let grow = "INSERT INTO grown SELECT generate_series(1, 100000)";
        database.client().batch_execute(grow).unwrap();
        self.fill();
        let error = database.client().batch_execute(grow).unwrap_err();
        self.make_room();
        if word == TABLES {
            assert_eq!(error.code(), Some(&postgres::error::SqlState::DISK_FULL), "{error:?}");
        } else {
            assert!(self.server.log().contains("PANIC"), "{error:?}: {}", self.server.log());
            self.server.stop();
            self.server.go().unwrap();
        }
        database.client().batch_execute(grow).unwrap();
    }

    fn fill(&self) {
        std::fs::write(self.gates.path().join("full"), "").unwrap();
    }

    fn make_room(&self) {
        std::fs::remove_file(self.gates.path().join("full")).unwrap();
        assert!(
            self.server.log().contains("No space left on device"),
            "no write failed: {}",
            self.server.log()
        );
    }
}

/// The files of the tables cannot grow: each statement that needs a page fails, and the server stays.
#[test]
fn a_server_whose_tables_find_no_room() {
    let Some(disk) = Full::of(TABLES) else { return };
    let (scene, corpus) = (Scene::postgres(disk.server.database()), Corpus(300));
    let sources = corpus.write(&scene.bench, FILES);
    scene.annotate(&sources[..2], &[]).ends_with(0);
    disk.fill();
    let ran = scene.annotate(&sources, &[]);
    disk.make_room();
    fails_cleanly(&ran);
    scene.verifies();
    scene.completes(&sources, corpus);
}

/// The log of the server cannot be written: it stops at the first commit, and does not come back before there is room.
#[test]
fn a_server_whose_log_finds_no_room() {
    let Some(disk) = Full::of(LOG) else { return };
    let (scene, corpus) = (Scene::postgres(disk.server.database()), Corpus(300));
    let sources = corpus.write(&scene.bench, FILES);
    scene.annotate(&sources[..2], &[]).ends_with(0);
    disk.fill();
    let ran = scene.annotate(&sources, &[]);
    disk.make_room();
    disk.server.stop();
    disk.server.go().unwrap();
    fails_cleanly(&ran);
    scene.verifies();
    scene.completes(&sources, corpus);
}
