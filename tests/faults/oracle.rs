//! What the fault tests share: a corpus, what one uninterrupted run makes of it, the two kinds of warehouse, jobs.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};

use super::server::Database;
use crate::support::{Bench, Ran};

/// Stands in every report and in the password of every server; must not come out in any message.
pub const SECRET: &str = "Zorglub";

/// A job that is not at its end after this long hangs.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Whether to run at full size: hundreds of kills and failures instead of a sample.
pub fn full() -> bool {
    std::env::var("LAENNEC_FAULTS").is_ok_and(|value| value == "full")
}

/// The first size in CI, the second when `LAENNEC_FAULTS=full`.
pub fn size(quick: usize, all: usize) -> usize {
    if full() { all } else { quick }
}

/// A stream of numbers that is the same in every run (splitmix64).
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        (1..items.len()).rev().for_each(|i| items.swap(i, self.below(i as u64 + 1) as usize));
    }
}

// ---------------------------------------------------------------- the corpus

const FINDINGS: [&str; 6] = [
    "trisomie 21",
    "omphalocèle",
    "atrésie de l'œsophage",
    "fente labiale",
    "communication interventriculaire",
    "pied bot",
];

/// Small reports, the same for the same number: ids, patients, dates and findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Corpus(pub usize);

impl Corpus {
    /// The reports as JSON lines.
    pub fn lines(self) -> Vec<String> {
        (0..self.0).map(report).collect()
    }

    /// Writes the reports to this many files; their names. Each file is a batch of its own, so that there are as many
    /// commits as files.
    pub fn write(self, bench: &Bench, files: usize) -> Vec<String> {
        write_lines(bench, "part", &self.lines(), files)
    }

    /// The digest of what one uninterrupted run over these reports leaves in a fresh warehouse.
    pub fn clean(self) -> String {
        static KNOWN: OnceLock<Mutex<BTreeMap<usize, String>>> = OnceLock::new();
        let mut known = KNOWN.get_or_init(Mutex::default).lock().unwrap_or_else(|poison| poison.into_inner());
        let fresh = || {
            let scene = Scene::sqlite();
            scene.annotate(&self.write(&scene.bench, 1), &[]).ends_with(0);
            scene.digest()
        };
        known.entry(self.0).or_insert_with(fresh).clone()
    }
}

/// Writes lines to this many files, in order; their names.
pub fn write_lines(bench: &Bench, stem: &str, lines: &[String], files: usize) -> Vec<String> {
    let names = (0..files).map(|n| format!("{stem}-{n:03}.jsonl")).collect::<Vec<_>>();
    for (name, part) in names.iter().zip(lines.chunks(lines.len().div_ceil(files))) {
        bench.file(name, part.join("\n") + "\n");
    }
    names
}

fn report(n: usize) -> String {
    let finding = |k: usize| FINDINGS[(n + k) % FINDINGS.len()];
    let text = match n % 5 {
        0 => format!("Enfant {SECRET}. Présence d'une {}. Pas de {}.", finding(0), finding(1)),
        1 => format!("Échographie de {SECRET} à 22 SA : {}. Absence de {}.", finding(0), finding(2)),
        2 => format!("Suspicion de {} chez {SECRET}. Antécédent de {} chez la mère.", finding(0), finding(3)),
        3 => format!("Conclusion : {} opérée à J2. Ni {} ni {}.", finding(0), finding(1), finding(4)),
        _ => format!("{SECRET} va bien. Examen normal, pas de {}. {} ?", finding(1), finding(2)),
    };
    serde_json::json!({
        "document_id": format!("CR-{n:05}"), "patient_id": format!("P{:04}", n / 3), "version": 1,
        "document_date": format!("2024-{:02}-{:02}", 1 + n % 12, 1 + n % 28), "document_type": "CRH", "text": text,
    })
    .to_string()
}

// ---------------------------------------------------------------- where events go

/// A warehouse of either kind.
pub enum Place {
    Sqlite(PathBuf),
    Postgres(Database),
}

impl Place {
    /// As the commands take it.
    pub fn name(&self) -> String {
        match self {
            Self::Sqlite(path) => path.to_str().unwrap().to_string(),
            Self::Postgres(database) => database.url(),
        }
    }

    /// The rows of a query, as text; an error when there is no warehouse yet.
    pub fn rows(&self, sql: &str) -> Result<Vec<Vec<String>>, String> {
        match self {
            Self::Sqlite(path) => sqlite_rows(path, sql).map_err(|error| error.to_string()),
            Self::Postgres(database) => database.rows(sql).map_err(|error| format!("{error:?}")),
        }
    }

    /// How many documents were committed.
    pub fn documents(&self) -> u64 {
        let rows = self.rows("SELECT count(*) FROM v_documents").unwrap_or_default();
        rows.first().map_or(0, |row| row[0].parse().unwrap())
    }
}

fn sqlite_rows(path: &PathBuf, sql: &str) -> rusqlite::Result<Vec<Vec<String>>> {
    use rusqlite::types::Value;
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let cell = |value| match value {
        Value::Null => String::new(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text,
        Value::Blob(bytes) => format!("{bytes:02x?}"),
    };
    let rows = statement.query_map([], |row| (0..columns).map(|i| row.get(i).map(cell)).collect())?;
    rows.collect()
}

/// A folder for the sources, and a warehouse.
pub struct Scene {
    pub bench: Bench,
    pub place: Place,
}

impl Scene {
    pub fn sqlite() -> Self {
        let bench = Bench::new();
        Self { place: Place::Sqlite(bench.path("cohort.db")), bench }
    }

    pub fn postgres(database: Database) -> Self {
        Self { bench: Bench::new(), place: Place::Postgres(database) }
    }

    /// A fresh scene of the same kind.
    pub fn again(&self) -> Self {
        match &self.place {
            Place::Sqlite(_) => Self::sqlite(),
            Place::Postgres(database) => Self::postgres(database.another()),
        }
    }

    /// The job over these sources, ready to start. One thread: the tests themselves use the cores.
    pub fn job(&self, sources: &[String], options: &[&str]) -> Command {
        self.job_into(&self.place.name(), sources, options)
    }

    /// The job into a name of the warehouse of one's own, such as one that goes through a proxy.
    pub fn job_into(&self, into: &str, sources: &[String], options: &[&str]) -> Command {
        let mut arguments = vec!["annotate", "--into", into, "--model", "off", "--json"];
        arguments.extend(options);
        arguments.extend(sources.iter().map(String::as_str));
        self.bench.command(&arguments)
    }

    /// Runs the job to its end.
    pub fn annotate(&self, sources: &[String], options: &[&str]) -> Ran {
        Job::start(self.job(sources, options)).ends_within(PATIENCE)
    }

    /// `laennec COMMAND WAREHOUSE …`, to its end.
    pub fn command(&self, command: &str, options: &[&str]) -> Ran {
        let into = self.place.name();
        Job::start(self.bench.command(&[&[command, into.as_str()], options].concat())).ends_within(PATIENCE)
    }

    /// SHA-256 of the stored events as `laennec events` prints them: every field, in the order of the contract.
    pub fn digest(&self) -> String {
        let events = self.command("events", &["--format", "jsonl"]).ends_with(0);
        assert!(!events.out.is_empty(), "no event is stored");
        Sha256::digest(&events.out).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[track_caller]
    pub fn verifies(&self) {
        self.command("verify", &[]).ends_with(0);
    }

    /// The same job again, to its end: then the warehouse is what one uninterrupted run would have left.
    #[track_caller]
    pub fn completes(&self, sources: &[String], corpus: Corpus) {
        self.annotate(sources, &[]).ends_with(0);
        self.is_clean(corpus);
    }

    #[track_caller]
    pub fn is_clean(&self, corpus: Corpus) {
        self.verifies();
        assert_eq!(self.place.documents(), corpus.0 as u64, "each report once");
        assert_eq!(self.digest(), corpus.clean(), "not the events of an uninterrupted run");
    }
}

/// Two thin tests, one for each kind of warehouse, of a scenario written once.
macro_rules! both {
    ($($scenario:ident),+ $(,)?) => {$(
        mod $scenario {
            use crate::faults::{oracle::Scene, server};

            #[test]
            fn sqlite() {
                super::$scenario(&Scene::sqlite());
            }

            #[test]
            fn postgres() {
                if let Some(server) = server::shared() {
                    super::$scenario(&Scene::postgres(server.database()));
                }
            }
        }
    )+};
}
pub(crate) use both;

// ---------------------------------------------------------------- jobs

/// A running program; killed when dropped.
pub struct Job {
    child: Child,
    started: Instant,
}

impl Job {
    pub fn start(mut command: Command) -> Self {
        Self { child: command.spawn().unwrap(), started: Instant::now() }
    }

    pub fn with_input(mut command: Command) -> (Self, std::process::ChildStdin) {
        let mut job = Self::start({
            command.stdin(Stdio::piped());
            command
        });
        let stdin = job.child.stdin.take().unwrap();
        (job, stdin)
    }

    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// SIGTERM, as a scheduler sends it.
    pub fn terminate(&self) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    }

    /// SIGKILL; true when the job was still running.
    pub fn kill(mut self) -> bool {
        let was_running = self.runs();
        drop(self.child.kill());
        self.child.wait().unwrap();
        was_running
    }

    /// Waits until `seen` or the end of the job; false at the end.
    pub fn until(&mut self, mut seen: impl FnMut() -> bool) -> bool {
        while self.runs() {
            if seen() {
                return true;
            }
            assert!(self.started.elapsed() < PATIENCE, "nothing happens");
            sleep(Duration::from_micros(300));
        }
        false
    }

    /// What the job said, when it ends in time.
    #[track_caller]
    pub fn ends_within(mut self, limit: Duration) -> Ran {
        let (mut out, mut err) = (self.child.stdout.take().unwrap(), self.child.stderr.take().unwrap());
        let read = |from: &mut dyn Read| {
            let mut bytes = Vec::new();
            from.read_to_end(&mut bytes).unwrap();
            String::from_utf8(bytes).expect("messages are UTF-8")
        };
        let (code, out, err) = std::thread::scope(|scope| {
            let out = scope.spawn(move || read(&mut out));
            let err = scope.spawn(move || read(&mut err));
            let deadline = Instant::now() + limit;
            while self.runs() && Instant::now() < deadline {
                sleep(Duration::from_millis(1));
            }
            let hangs = self.runs();
            drop(self.child.kill());
            let status = self.child.wait().unwrap();
            let code = if hangs { None } else { Some(status.code().unwrap_or(-1)) };
            (code, out.join().unwrap(), err.join().unwrap())
        });
        let code = code.unwrap_or_else(|| panic!("not at its end after {limit:?}; it said: {err}"));
        Ran { code, out, err }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A failure as the contract wants it: exit code 1, what to do, no panic, nothing of a report or of a password.
#[track_caller]
pub fn fails_cleanly(ran: &Ran) {
    let Ran { code, err, .. } = ran;
    assert_eq!(*code, 1, "{err}");
    keeps_the_secret(ran);
    assert!(
        err.contains("run this again") || err.contains("again") || err.contains("run `laennec"),
        "no remedy: {err}"
    );
}

#[track_caller]
pub fn keeps_the_secret(ran: &Ran) {
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    assert!(!ran.err.contains(SECRET), "a message shows a report or a password: {}", ran.err);
}
