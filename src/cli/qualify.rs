//! `laennec qualify`: context of spans found by somebody else's tool.

use super::Result;
use super::advice::{Advice, Ask};
use super::lines::{self, Object};
use crate::event::{Assertion, CueRef, Experiencer, Temporality};
use crate::pipeline::{Engine, Qualified};
use crate::span::{CodePoints, Span};
use serde_json::{Value, json};

/// Shown under the options.
pub(super) const EXAMPLE: &str = "\
Example:
  echo '{\"id\": 1, \"text\": \"No X.\", \"entities\": [{\"start\": 3, \"end\": 4}]}' | laennec qualify";

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    input: lines::Input,
    #[command(flatten)]
    advice: Advice,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let engine = arguments.advice.of(arguments.input.engine()?, Ask::Always)?;
    lines::each(&arguments.input, |object| qualify(&engine, object))
}

fn qualify(engine: &Engine, mut object: Object) -> std::result::Result<Value, String> {
    let document = lines::document(&object)?;
    let points = CodePoints::new(&document.text);
    let Some(Value::Array(entities)) = object.get_mut("entities") else {
        return Err("no entities; give a list of {\"start\", \"end\"}".into());
    };
    let spans = entities.iter().map(|e| span(e, &points)).collect::<std::result::Result<Vec<_>, _>>()?;
    let read = engine.qualify_guarded(&document, &spans).map_err(|failure| failure.to_string())?;
    for (entity, read) in entities.iter_mut().zip(read) {
        if let Value::Object(entity) = entity {
            entity.extend(attributes(read, &points));
        }
    }
    Ok(Value::Object(object))
}

fn span(entity: &Value, points: &CodePoints) -> std::result::Result<Span, String> {
    let offset = |name: &str| entity.get(name).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let byte = |name: &str| offset(name).and_then(|n| points.to_byte(n));
    match (byte("start"), byte("end")) {
        (Some(start), Some(end)) if start <= end => Ok(Span::new(start, end)),
        _ => Err("an entity's start or end is missing or outside the text (unit: code points)".into()),
    }
}

fn attributes(read: Qualified, points: &CodePoints) -> Object {
    let reading = read.reading;
    let cue = |(id, span): (String, Span)| CueRef {
        id,
        start: points.of_byte(span.start),
        end: points.of_byte(span.end),
    };
    let doubtful =
        matches!(reading.assertion, Assertion::Possible | Assertion::Hypothetical | Assertion::NotAssessed);
    let relative =
        !matches!(reading.experiencer, Experiencer::Patient | Experiencer::Fetus | Experiencer::Other);
    let fields = json!({
        "assertion": reading.assertion,
        "certainty": reading.certainty,
        "conclusion": read.conclusion,
        "experiencer": reading.experiencer,
        "fetus_index": reading.fetus_index,
        "temporality": reading.temporality,
        "section": read.section,
        "cues": reading.cues.into_iter().map(cue).collect::<Vec<_>>(),
        "negated": reading.assertion == Assertion::Absent,
        "hypothetical": doubtful,
        "historical": reading.temporality == Temporality::Past,
        "family": relative,
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Object::new(),
    }
}
