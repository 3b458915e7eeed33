//! Reads marked mentions from a JSON object: Laennec's own form, or that of the E3C corpus.

use crate::document::Document;
use crate::event::{Assertion, Experiencer, Temporality};
use crate::span::{CodePoints, Span};
use serde_json::{Map, Value};

/// What people say of a mention: the accepted values of each attribute; none where they say nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Truth {
    /// Accepted assertions.
    pub assertion: Vec<Assertion>,
    /// Accepted experiencers.
    pub experiencer: Vec<Experiencer>,
    /// Accepted temporalities.
    pub temporality: Vec<Temporality>,
    /// Accepted fetuses; `None` among them accepts no number.
    pub fetus_index: Vec<Option<u8>>,
    /// Accepted conclusions of the whole report.
    pub conclusion: Vec<Assertion>,
    /// Assertion `absent`, yes or no.
    pub negated: Option<bool>,
    /// Assertion `possible`, `hypothetical` or `not_assessed`, yes or no.
    pub hypothetical: Option<bool>,
    /// Temporality `past`, yes or no.
    pub historical: Option<bool>,
    /// Experiencer a relative by blood, yes or no.
    pub family: Option<bool>,
}

/// A marked mention.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GoldMention {
    /// Where it stands, in original bytes.
    pub span: Span,
    /// Its type in the corpus.
    pub kind: Option<String>,
    /// Each value of this is reported apart: the type in E3C, where types are two readings of one text.
    pub part: Option<String>,
    /// What it tests.
    pub phenomenon: Option<String>,
    /// Style of writing.
    pub register: Option<String>,
    /// Development or held out.
    pub set: Option<String>,
    /// What people say of it.
    pub truth: Truth,
    /// Whether the finding was really there, by the whole report.
    pub outcome: Option<bool>,
}

/// A report with its marked mentions: the unit of resampling.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GoldDocument {
    /// Text, type, title, date.
    pub document: Document,
    /// In the order of the file.
    pub mentions: Vec<GoldMention>,
}

type Object = Map<String, Value>;

/// The marked mentions of a report. An object with `doc_id` and without `id` is of the E3C corpus.
///
/// # Errors
/// What is wrong and what to write; never a word of the file.
pub fn read_object(object: &Object, document: Document) -> Result<GoldDocument, String> {
    let Some(Value::Array(entities)) = object.get("entities") else {
        return Err("no entities; give a list of {\"start\", \"end\"} with their truth".into());
    };
    let points = CodePoints::new(&document.text);
    let mentions = match object.contains_key("doc_id") && !object.contains_key("id") {
        true => corpus_mentions(entities, &points)?,
        false => own_mentions(object, entities, &points)?,
    };
    Ok(GoldDocument { document, mentions })
}

fn own_mentions(
    object: &Object,
    entities: &[Value],
    points: &CodePoints,
) -> Result<Vec<GoldMention>, String> {
    let named = |entity: &Value, field: &str| word(entity.get(field)).or_else(|| word(object.get(field)));
    let mention = |entity: &Value| {
        Ok(GoldMention {
            span: span(entity, points)?,
            kind: word(entity.get("type")),
            part: None,
            phenomenon: named(entity, "phenomenon"),
            register: named(entity, "register"),
            set: named(entity, "set"),
            truth: truth(entity)?,
            outcome: boolean(entity, "outcome")?,
        })
    };
    numbered(entities, mention)
}

/// Applies `read` to each entity and says which one is at fault.
fn numbered<T>(entities: &[Value], read: impl Fn(&Value) -> Result<T, String>) -> Result<Vec<T>, String> {
    let read = |(i, entity)| read(entity).map_err(|e| format!("entity {}: {e}", i + 1));
    entities.iter().enumerate().map(read).collect()
}

fn word(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(str::to_string)
}

fn offset(entity: &Value, name: &str) -> Option<u32> {
    entity.get(name).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok())
}

fn span(entity: &Value, points: &CodePoints) -> Result<Span, String> {
    let byte = |name: &str| offset(entity, name).and_then(|n| points.to_byte(n));
    match (byte("start"), byte("end")) {
        (Some(start), Some(end)) if start < end => Ok(Span::new(start, end)),
        _ => Err("start or end is missing, empty or outside the text; count in code points".into()),
    }
}

fn truth(entity: &Value) -> Result<Truth, String> {
    let assertions = names(Assertion::ALL, |v| v.as_str());
    Ok(Truth {
        assertion: accepted(entity, "assertion", Assertion::parse, &assertions)?,
        experiencer: accepted(
            entity,
            "experiencer",
            Experiencer::parse,
            &names(Experiencer::ALL, |v| v.as_str()),
        )?,
        temporality: accepted(
            entity,
            "temporality",
            Temporality::parse,
            &names(Temporality::ALL, |v| v.as_str()),
        )?,
        fetus_index: indices(entity)?,
        conclusion: accepted(entity, "conclusion", Assertion::parse, &assertions)?,
        negated: boolean(entity, "negated")?,
        hypothetical: boolean(entity, "hypothetical")?,
        historical: boolean(entity, "historical")?,
        family: boolean(entity, "family")?,
    })
}

fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> String {
    all.iter().map(|value| name(*value)).collect::<Vec<_>>().join(", ")
}

/// One accepted value or a list of them; absent and null say nothing.
fn accepted<T>(
    entity: &Value,
    field: &str,
    parse: impl Fn(&str) -> Option<T>,
    known: &str,
) -> Result<Vec<T>, String> {
    let parse = |value: &Value| {
        value.as_str().and_then(&parse).ok_or_else(|| format!("unknown value of {field}; write {known}"))
    };
    match entity.get(field) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(values)) => values.iter().map(parse).collect(),
        Some(value) => Ok(vec![parse(value)?]),
    }
}

/// Accepted numbers of a fetus. Here null says something: no number.
fn indices(entity: &Value) -> Result<Vec<Option<u8>>, String> {
    let index = |value: &Value| match value {
        Value::Null => Ok(None),
        value => {
            let number = value.as_u64().and_then(|n| u8::try_from(n).ok()).filter(|n| *n > 0);
            number.map(Some).ok_or("unknown value of fetus_index; write a number from 1, or null".to_string())
        }
    };
    match entity.get("fetus_index") {
        None => Ok(Vec::new()),
        Some(Value::Array(values)) => values.iter().map(index).collect(),
        Some(value) => Ok(vec![index(value)?]),
    }
}

fn boolean(entity: &Value, field: &str) -> Result<Option<bool>, String> {
    match entity.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(_) => Err(format!("{field} is not true or false")),
    }
}

/// The mentions of E3C (Magnini et al., 2020): events with their own label, clinical entities with that of the event that
/// shares most characters with them (the first of equals); an entity without event, and every other type, is left out.
fn corpus_mentions(entities: &[Value], points: &CodePoints) -> Result<Vec<GoldMention>, String> {
    let of_type = |kind: &'static str| entities.iter().filter(move |e| e["type"] == kind);
    let mention = |entity: &Value, event: &Value| {
        let kind = word(entity.get("type"));
        let (span, part) = (span(entity, points)?, kind.clone());
        Ok(GoldMention { span, kind, part, truth: corpus_truth(event), ..GoldMention::default() })
    };
    let labelled = |entity: &Value| match entity["type"].as_str() {
        Some("EVENT") => mention(entity, entity).map(Some),
        Some("CLINENTITY") => {
            most_shared(entity, of_type("EVENT")).map(|event| mention(entity, event)).transpose()
        }
        _ => Ok(None),
    };
    Ok(numbered(entities, labelled)?.into_iter().flatten().collect())
}

fn most_shared<'e>(entity: &Value, events: impl Iterator<Item = &'e Value>) -> Option<&'e Value> {
    let place = |e: &Value| offset(e, "start").zip(offset(e, "end"));
    let (start, end) = place(entity)?;
    let mut best: Option<(u32, &Value)> = None;
    for event in events {
        let Some((from, to)) = place(event) else { continue };
        let shared = end.min(to).saturating_sub(start.max(from));
        if shared > best.map_or(0, |(most, _)| most) {
            best = Some((shared, event));
        }
    }
    best.map(|(_, event)| event)
}

fn corpus_truth(event: &Value) -> Truth {
    let modality = event["contextualModality"].as_str().unwrap_or_default();
    Truth {
        negated: Some(event["polarity"] == "NEG"),
        hypothetical: Some(modality == "HEDGED" || modality.starts_with("HYPOTHETICAL")),
        ..Truth::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(object: Value) -> Result<GoldDocument, String> {
        let text = object["text"].as_str().unwrap().to_string();
        read_object(object.as_object().unwrap(), Document { text, ..Document::default() })
    }

    #[test]
    fn one_value_or_a_list_is_accepted() {
        let gold = read(json!({"id": 1, "text": "é abc", "phenomenon": "p", "entities": [
            {"start": 2, "end": 5, "assertion": "absent", "experiencer": ["mother", "family"],
             "fetus_index": [1, null], "negated": true, "outcome": false, "phenomenon": "q"},
            {"start": 0, "end": 1, "fetus_index": null}]}));
        let gold = gold.unwrap().mentions;
        assert_eq!(gold[0].span, Span::new(3, 6));
        assert_eq!(gold[0].truth.experiencer, [Experiencer::Mother, Experiencer::Family]);
        assert_eq!((gold[0].truth.negated, gold[0].outcome), (Some(true), Some(false)));
        assert_eq!(gold[0].truth.fetus_index, [Some(1), None]);
        let phenomena: Vec<Option<&str>> = gold.iter().map(|m| m.phenomenon.as_deref()).collect();
        assert_eq!(phenomena, [Some("q"), Some("p")]);
        assert_eq!(gold[1].truth, Truth { fetus_index: vec![None], ..Truth::default() });
    }

    #[test]
    fn faults_name_the_entity_and_quote_nothing() {
        for bad in [
            json!({"start": 0, "end": 9}),
            json!({"start": 0, "end": 1, "assertion": "secret"}),
            json!({"start": 0, "end": 1, "conclusion": ["absent", "secret"]}),
            json!({"start": 0, "end": 1, "fetus_index": 0}),
            json!({"start": 0, "end": 1, "negated": "secret"}),
            json!("secret"),
        ] {
            let entities = json!([{"start": 0, "end": 1}, bad]);
            let error = read(json!({"id": 1, "text": "abc", "entities": entities})).unwrap_err();
            assert!(error.starts_with("entity 2: ") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_corpus_entity_takes_the_label_of_the_event_it_overlaps_most() {
        let event = |start: u32, end: u32, polarity: &str, modality: &str| {
            json!({"type": "EVENT", "start": start, "end": end,
            "polarity": polarity, "contextualModality": modality})
        };
        let entity = |start: u32, end: u32| json!({"type": "CLINENTITY", "start": start, "end": end});
        let gold = read(json!({"doc_id": "d", "text": "abcdefghijklmnop", "entities": [
            entity(0, 6), event(0, 2, "POS", "GENERIC"), event(3, 6, "NEG", "HEDGED"), entity(8, 12),
            event(8, 10, "POS", "HYPOTHETICAL-IF"), event(10, 12, "NEG", "ACTUAL"), entity(13, 15),
            {"type": "ACTOR", "start": 0, "end": 2}]}));
        let gold = gold.unwrap().mentions;
        let labels = |kind: &str| {
            let of_kind = gold.iter().filter(|m| m.part.as_deref() == Some(kind));
            of_kind.map(|m| (m.truth.negated.unwrap(), m.truth.hypothetical.unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(labels("EVENT"), [(false, false), (true, true), (false, true), (true, false)]);
        assert_eq!(labels("CLINENTITY"), [(true, true), (false, true)]);
        assert_eq!(gold.len(), 6);
    }
}
