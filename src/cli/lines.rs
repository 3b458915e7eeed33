//! Reads JSON lines, works on them on all threads in bounded batches, writes the answers in order.

use super::{Failed, MOST_THREADS, Outcome, Result, load_engine, on_threads};
use crate::document::Document;
use crate::pipeline::Engine;
use rayon::prelude::*;
use serde_json::{Map, Value};
use std::io::{BufRead, Write};
use std::path::PathBuf;

/// Most bytes of lines held at once, so that memory does not grow with the input.
const BATCH_BYTES: usize = 4 << 20;
/// Longest line read, in bytes; a longer one is set aside.
const LONGEST_LINE: u64 = 256 << 20;

/// A JSON object read from a line.
pub(super) type Object = Map<String, Value>;

/// What a command that works line by line is given.
#[derive(clap::Args)]
pub(super) struct Input {
    /// JSON lines; `-` for standard input.
    #[arg(default_value = "-")]
    file: String,
    /// Add a lexicon folder; one with the id of a shipped lexicon takes its place.
    #[arg(long, value_name = "DIR")]
    lexicon: Vec<PathBuf>,
    /// Number of threads; 0 for one per core.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=MOST_THREADS))]
    threads: u16,
}

/// Gives each line of the input to `work` and prints what it returns.
///
/// A line that is not a JSON object, or that `work` refuses, is named on standard error and set aside.
pub(super) fn each(
    input: &Input,
    work: impl Fn(Object) -> std::result::Result<Value, String> + Send + Sync,
) -> Result {
    on_threads(input.threads, || each_line(&input.file, work))?
}

impl Input {
    /// An engine with the lexicons asked for.
    pub(super) fn engine(&self) -> Result<Engine> {
        load_engine(&self.lexicon)
    }
}

fn each_line(path: &str, work: impl Fn(Object) -> std::result::Result<Value, String> + Sync) -> Result {
    let mut input: Box<dyn BufRead + Send> = match path {
        "-" => Box::new(std::io::BufReader::new(std::io::stdin())),
        path => {
            let file =
                std::fs::File::open(path).map_err(|e| Failed(format!("{path}: cannot be read: {e}")))?;
            Box::new(std::io::BufReader::new(file))
        }
    };
    let mut output = std::io::BufWriter::new(std::io::stdout().lock());
    let mut number = 0;
    let mut outcome = Outcome::Done;
    loop {
        let batch = read_batch(&mut input, &mut number).map_err(|e| Failed(format!("{path}: {e}")))?;
        if batch.is_empty() {
            break;
        }
        let answers: Vec<_> = batch.par_iter().map(|(line, bytes)| (line, answer(bytes, &work))).collect();
        for (line, answer) in answers {
            match answer {
                Ok(text) => write_line(&mut output, &text)?,
                Err(reason) => {
                    eprintln!("{path}:{line}: set aside: {reason}");
                    outcome = Outcome::SetAside;
                }
            }
        }
    }
    output.flush().map_err(|e| Failed(format!("standard output: {e}")))?;
    Ok(outcome)
}

fn write_line(output: &mut impl Write, text: &str) -> Result<()> {
    match writeln!(output, "{text}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        other => other.map_err(|e| Failed(format!("standard output: {e}"))),
    }
}

type Numbered = (u64, Vec<u8>);

fn read_batch(input: &mut dyn BufRead, number: &mut u64) -> std::io::Result<Vec<Numbered>> {
    let mut batch = Vec::new();
    let mut held = 0;
    while held < BATCH_BYTES {
        let mut line = Vec::new();
        let read = std::io::Read::take(&mut *input, LONGEST_LINE).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        *number += 1;
        held += read;
        if !line.iter().all(u8::is_ascii_whitespace) {
            batch.push((*number, line));
        }
    }
    Ok(batch)
}

/// The messages of the JSON parser may quote the input, so only its position is told.
fn answer(
    bytes: &[u8],
    work: &impl Fn(Object) -> std::result::Result<Value, String>,
) -> std::result::Result<String, String> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let object: Object = serde_json::from_slice(bytes)
        .map_err(|e| format!("not a JSON object (column {}); write one object a line", e.column()))?;
    work(object).map(|value| value.to_string())
}

/// The report of a line, as far as reading it needs.
pub(super) fn document(object: &Object) -> std::result::Result<Document, String> {
    let owned = |names: &[&str]| string(object, names).map(str::to_string);
    Ok(Document {
        text: owned(&["text", "note_text"]).ok_or("no text; give the report in `text`")?,
        document_type: owned(&["document_type", "note_class"]),
        title: owned(&["title", "note_title"]),
        date: date(object, &["document_date", "note_date", "note_datetime"])?,
        birth_date: date(object, &["birth_date"])?,
        ..Document::default()
    })
}

/// A string field under any of its names.
fn string<'o>(object: &'o Object, names: &[&str]) -> Option<&'o str> {
    names.iter().find_map(|name| object.get(*name)).and_then(Value::as_str)
}

/// A date field under any of its names; a time after it is left out.
fn date(object: &Object, names: &[&str]) -> std::result::Result<Option<jiff::civil::Date>, String> {
    let Some(text) = string(object, names) else { return Ok(None) };
    let day = text.get(..10).unwrap_or(text);
    day.parse().map(Some).map_err(|_| format!("{} is not an ISO date", names.join(" / ")))
}
