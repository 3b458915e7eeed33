//! What the tests share: the shipped engine, the demonstration reports, and the program as a job would run it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use laennec::document::Document;
use laennec::lexicon::Lexicons;
use laennec::pipeline::Engine;
use laennec::source::{self, Options};
use tempfile::TempDir;

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The engine with the shipped lexicons, loaded once for the whole binary.
pub fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let lexicons = Lexicons::load(vec![]).expect("the shipped lexicons load");
        Engine::new(lexicons).expect("the shipped words of dates load")
    })
}

/// The demonstration reports, as `annotate` would read them.
pub fn reports() -> &'static [Document] {
    static REPORTS: OnceLock<Vec<Document>> = OnceLock::new();
    REPORTS.get_or_init(|| {
        let options = Options::default();
        let path = root().join("examples/reports.jsonl");
        let records = source::open(path.to_str().unwrap(), &options).unwrap();
        records.map(|record| record.unwrap().read(&options).unwrap().document).collect()
    })
}

/// A report with this text and nothing else.
pub fn document(text: &str) -> Document {
    Document { id: "D".into(), text: text.into(), ..Document::default() }
}

/// What a run of the program gave.
#[derive(Debug)]
pub struct Ran {
    /// Exit code; -1 after a signal.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("messages are UTF-8");
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Checks the exit code, showing what was said otherwise.
    #[track_caller]
    pub fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "standard error:\n{}\nstandard output:\n{:.2000}", self.err, self.out);
        self
    }

    /// The JSON objects of standard output.
    pub fn json(&self) -> Vec<serde_json::Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// The last line of standard error as JSON: the summary of `--json`.
    pub fn summary(&self) -> serde_json::Value {
        serde_json::from_str(self.err.lines().last().expect("a summary line")).expect(&self.err)
    }
}

/// The program, in a folder of its own.
pub struct Bench {
    folder: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, making its folders.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The program in this folder, ready to start. Two threads: the machines of the project have two cores.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_laennec"));
        command.current_dir(self.folder.path()).args(arguments).env("RAYON_NUM_THREADS", "2");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    pub fn run_with_input(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Ran {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.as_ref().to_vec();
        let feed = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        feed.join().unwrap();
        Ran::of(output)
    }

    /// Puts the demonstration reports here, as `reports.jsonl`.
    pub fn with_reports(self) -> Self {
        std::fs::copy(root().join("examples/reports.jsonl"), self.path("reports.jsonl")).unwrap();
        self
    }
}
