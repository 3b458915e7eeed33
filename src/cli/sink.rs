//! Where events go: a warehouse, a file of JSON lines, or standard output.

use super::{Failed, Result};
use crate::lexicon::{Folder, Lexicons, Manifest};
use crate::pipeline::Engine;
use crate::warehouse::{Annotated, EngineFingerprint, Fate, Key, Outcome, Place, Run, Standing, Warehouse};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The value of `--into`.
#[derive(Clone, Debug)]
pub(super) enum Destination {
    /// A warehouse.
    Warehouse(Place),
    /// A file of JSON lines, written whole or not at all.
    Lines(PathBuf),
    /// Standard output.
    Stdout,
    /// An address of no known kind. It may hold a password, which a fault of the arguments would repeat.
    Unknown,
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let path = PathBuf::from(text);
        match path.extension().and_then(|e| e.to_str()) {
            _ if text == "-" => Ok(Self::Stdout),
            _ if text.starts_with("postgres://") || text.starts_with("postgresql://") => {
                Ok(Self::Warehouse(Place::Server(text.into())))
            }
            _ if text.contains("://") => Ok(Self::Unknown),
            Some("jsonl" | "ndjson") => Ok(Self::Lines(path)),
            Some("db" | "sqlite" | "sqlite3") => Ok(Self::Warehouse(Place::File(path))),
            _ => Err(
                "give a .db file (SQLite warehouse), postgres://…, a .jsonl file, or - for standard output"
                    .into(),
            ),
        }
    }
}

/// An open destination.
pub(super) enum Sink<'w> {
    /// A run of a warehouse.
    Warehouse(Box<Run<'w>>),
    /// JSON lines.
    Lines(Box<dyn Write + Send + 'w>),
}

impl Destination {
    /// The place of the warehouse, when it is one.
    pub fn warehouse(&self) -> Option<&Place> {
        match self {
            Self::Warehouse(place) => Some(place),
            _ => None,
        }
    }

    /// Refuses a destination that is one of the sources: the reports would be lost.
    pub fn check_apart(&self, sources: &[String]) -> Result<()> {
        let (Self::Warehouse(Place::File(path)) | Self::Lines(path)) = self else { return Ok(()) };
        let Ok(path) = path.canonicalize() else { return Ok(()) };
        match sources.iter().find(|source| Path::new(source).canonicalize().is_ok_and(|s| s == path)) {
            Some(source) => {
                Err(Failed(format!("--into {source} is a source of this run; give another file")))
            }
            None => Ok(()),
        }
    }

    /// Opens the destination, gives it to `work`, and closes it. After an error a file of lines does not appear.
    pub fn open(
        &self,
        engine: &Engine,
        options: &str,
        keep_text: bool,
        work: impl FnOnce(&mut Sink) -> Result<()>,
    ) -> Result<()> {
        match self {
            Self::Warehouse(place) => {
                let mut warehouse = Warehouse::open_at(place).map_err(Failed::new)?;
                let snapshots = || snapshots(engine.lexicons());
                let run = warehouse.begin_run(&fingerprint(engine, options)).keeping_lexicons(&snapshots);
                let mut sink = Sink::Warehouse(Box::new(if keep_text { run.keeping_text() } else { run }));
                work(&mut sink)?;
                match sink {
                    Sink::Warehouse(run) => run.finish().map(drop).map_err(Failed::new),
                    Sink::Lines(_) => Ok(()),
                }
            }
            Self::Lines(path) => {
                let partial = partial_beside(path);
                let written = write_lines(path, &partial, work).and_then(|()| {
                    std::fs::rename(&partial, path).map_err(|e| Failed(format!("{}: {e}", path.display())))
                });
                written.inspect_err(|_| drop(std::fs::remove_file(&partial)))
            }
            Self::Unknown => Err(Failed("--into: give postgres://…, a .db file, a .jsonl file, or -".into())),
            Self::Stdout => {
                let mut out = BufWriter::new(std::io::stdout());
                work(&mut Sink::Lines(Box::new(&mut out)))?;
                out.flush().map_err(|e| Failed(format!("standard output: {e}")))
            }
        }
    }
}

/// A name beside `path` that no user file has: written first, renamed when whole.
pub(super) fn partial_beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.partial", std::process::id()))
}

fn write_lines(path: &Path, partial: &Path, work: impl FnOnce(&mut Sink) -> Result<()>) -> Result<()> {
    let failed = |e: std::io::Error| Failed(format!("{}: cannot be written: {e}", path.display()));
    let mut out = BufWriter::new(std::fs::File::create(partial).map_err(failed)?);
    work(&mut Sink::Lines(Box::new(&mut out)))?;
    out.flush().map_err(failed)?;
    out.get_ref().sync_all().map_err(failed)
}

/// The lexicons in use, packed, by the names that provenance gives them.
pub(super) fn snapshots(lexicons: &Lexicons) -> Vec<(String, Vec<u8>)> {
    let named = lexicons.manifests.iter().map(Manifest::reference).zip(&lexicons.folders);
    named
        .filter_map(|(name, folder)| Some((name, zstd::encode_all(folder.packed().as_bytes(), 3).ok()?)))
        .collect()
}

/// A lexicon as [`snapshots`] packed it.
pub(super) fn unpacked(content: &[u8]) -> Option<Folder> {
    let text = zstd::decode_all(content).ok()?;
    Folder::unpacked(std::str::from_utf8(&text).ok()?)
}

pub(super) fn fingerprint(engine: &Engine, options: &str) -> EngineFingerprint {
    let provenance = engine.provenance();
    EngineFingerprint {
        engine: provenance.engine.to_string(),
        lexicons: provenance.lexicons.to_vec(),
        model: provenance.model.clone(),
        options: options.to_string(),
    }
}

impl Sink<'_> {
    /// Where each document stands; a file of lines knows none.
    pub fn standings(&mut self, keys: &[Key]) -> Result<Vec<Standing>> {
        match self {
            Self::Warehouse(run) => run.known(keys).map_err(Failed::new),
            Self::Lines(_) => Ok(vec![Standing::New; keys.len()]),
        }
    }

    /// Takes documents in hand: true for those that no other job holds.
    pub fn claim(&mut self, keys: &[Key]) -> Result<Vec<bool>> {
        match self {
            Self::Warehouse(run) => run.claim(keys).map_err(Failed::new),
            Self::Lines(_) => Ok(vec![true; keys.len()]),
        }
    }

    /// Records documents set aside besides those of the batches.
    pub fn record(&mut self, aside: &[Annotated]) -> Result<()> {
        match self {
            Self::Warehouse(run) if !aside.is_empty() => run.record(aside).map(drop).map_err(Failed::new),
            _ => Ok(()),
        }
    }

    /// Remembers, with the next batch, how far a followed source was read.
    pub fn follow(&mut self, source: &str, value: &str) {
        if let Self::Warehouse(run) = self {
            run.follow(source, value);
        }
    }

    /// Withdraws the documents that the run has not met.
    pub fn withdraw_unmet(&mut self) -> Result<u64> {
        match self {
            Self::Warehouse(run) => run.withdraw_unmet().map_err(Failed::new),
            Self::Lines(_) => Ok(0),
        }
    }

    /// Writes a batch and tells the fate of each of its documents, in order.
    pub fn write(&mut self, batch: &[Annotated]) -> Result<Vec<Fate>> {
        match self {
            Self::Warehouse(run) => Ok(run.write(batch).map_err(Failed::new)?.fates),
            Self::Lines(out) => batch.iter().map(|one| write_events(out, &one.outcome)).collect(),
        }
    }
}

fn write_events(out: &mut dyn Write, outcome: &Outcome) -> Result<Fate> {
    let Outcome::Events(events) = outcome else { return Ok(Fate::Quarantined) };
    for event in events {
        let line = serde_json::to_string(event).map_err(Failed::new)?;
        match writeln!(out, "{line}") {
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
            other => other.map_err(|e| Failed(format!("output: {e}")))?,
        }
    }
    Ok(Fate::Written)
}
