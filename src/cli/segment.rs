//! `laennec segment`: sections, sentences and dates of documents.

use super::Result;
use super::lines::{self, Object};
use crate::pipeline::Engine;
use crate::span::{CodePoints, Span};
use serde_json::{Value, json};

pub(super) fn run(input: &lines::Input) -> Result {
    lines::each(input, segment)
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
