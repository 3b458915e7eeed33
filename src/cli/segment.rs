//! `laennec segment`: sections, sentences and dates of documents.

use super::lines::{self, Object};
use super::{Result, load_engine, on_threads};
use crate::pipeline::Engine;
use crate::span::{CodePoints, Span};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Print the sections, sentences and dates of documents, one JSON object a line.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// JSON lines with `text` (and `id`, `document_date`); `-` for standard input.
    #[arg(default_value = "-")]
    file: String,
    /// Add a lexicon folder; one with the id of a shipped lexicon takes its place.
    #[arg(long, value_name = "DIR")]
    lexicon: Vec<PathBuf>,
    /// Number of threads; 0 for one per core.
    #[arg(long, default_value_t = 0)]
    threads: usize,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let engine = load_engine(&arguments.lexicon)?;
    on_threads(arguments.threads, || lines::each(&arguments.file, |object| segment(&engine, object)))?
}

fn segment(engine: &Engine, object: Object) -> std::result::Result<Value, String> {
    let document = lines::document(&object)?;
    let points = CodePoints::new(&document.text);
    let layout = engine.layout(&document);
    let range = |span: Span| json!({"start": points.of_byte(span.start), "end": points.of_byte(span.end)});
    let mut answer = Object::new();
    for name in ["id", "document_id", "note_id"] {
        if let Some(id) = object.get(name) {
            answer.insert(name.to_string(), id.clone());
        }
    }
    let sections = layout.sections.iter().map(|s| {
        json!({
            "kind": s.kind,
            "title_start": points.of_byte(s.title.start),
            "title_end": points.of_byte(s.title.end),
            "start": points.of_byte(s.body.start),
            "end": points.of_byte(s.body.end),
        })
    });
    answer.insert("sections".into(), sections.collect());
    answer.insert("sentences".into(), layout.sentences.iter().map(|s| range(*s)).collect());
    let dates = layout.dates.iter().map(|d| {
        json!({
            "start": points.of_byte(d.span.start),
            "end": points.of_byte(d.span.end),
            "kind": d.kind,
            "value": d.value,
            "precision": d.precision,
            "date": d.date,
        })
    });
    answer.insert("dates".into(), dates.collect());
    Ok(Value::Object(answer))
}
