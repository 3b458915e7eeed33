//! The Orphanet nomenclature: the XML of Orphadata, or JSON.

use super::super::problem::Problem;
use super::filter::Dropped;
use super::{CodeRow, Raw, Request, Terminology, input};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

/// Names of foreign systems in the nomenclature, and ours.
const SYSTEMS: [(&str, &str); 4] =
    [("ICD-10", "CIM-10"), ("UMLS", "UMLS"), ("OMIM", "OMIM"), ("MeSH", "MeSH")];

/// Reads every file by what it begins with.
pub(super) fn read(request: &Request) -> Result<Terminology, Problem> {
    let mut terminology = Terminology {
        system: "ORPHA".into(),
        title: "Orphanet nomenclature, French".into(),
        source: "Orphadata, INSERM (https://www.orphadata.com)".into(),
        licence: "CC BY 4.0, Orphanet/INSERM".into(),
        version: "unknown".into(),
        ..Terminology::default()
    };
    for path in &request.files {
        let (name, text) = (input::name(path), input::text(path)?);
        let number = terminology.files.len();
        match text.trim_start_matches('\u{FEFF}').trim_start().as_bytes().first() {
            Some(b'<') => xml(&name, number, &text, &mut terminology)?,
            Some(b'{' | b'[') => json(&name, number, &text, &mut terminology)?,
            _ => return Err(Problem::of(&name, "is neither XML nor JSON; give a file of Orphadata")),
        }
        terminology.files.push(name);
    }
    Ok(terminology)
}

/// A disorder, as far as it has been read.
#[derive(Default)]
struct Disorder {
    code: String,
    name: String,
    synonyms: Vec<String>,
    references: Vec<String>,
}

impl Disorder {
    fn add(self, place: (usize, usize), terminology: &mut Terminology) {
        let is_code = !self.code.is_empty() && self.code.bytes().all(|b| b.is_ascii_digit());
        if !is_code || self.name.is_empty() {
            return terminology.faults.push(Dropped::fault(place, &self.name));
        }
        let term = |(text, is_label): (&String, bool)| Raw::term(place, &self.code, text, is_label);
        let synonyms = self.synonyms.iter().map(|text| (text, false));
        terminology.terms.extend([(&self.name, true)].into_iter().chain(synonyms).map(term));
        if !terminology.references.contains_key(&self.code) {
            terminology.codes.push(CodeRow {
                code: self.code.clone(),
                label: self.name.clone(),
                status: "valid",
                ..CodeRow::default()
            });
        }
        terminology.references.entry(self.code).or_default().extend(self.references);
    }
}

/// `<Disorder>` with `<OrphaCode>`, `<Name>`, `<Synonym>`, `<ExternalReference>`.
fn xml(name: &str, number: usize, text: &str, terminology: &mut Terminology) -> Result<(), Problem> {
    let line_of = |at: u64| {
        1 + text.as_bytes()[..(at as usize).min(text.len())].iter().filter(|b| **b == b'\n').count()
    };
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut disorder = Disorder::default();
    let (mut system, mut content) = (String::new(), String::new());
    let (mut line, mut from) = (1, 0);
    loop {
        let at = reader.buffer_position();
        let event = reader.read_event().map_err(|e| {
            Problem::at(name, line_of(reader.buffer_position()), format!("not well-formed XML: {e}"))
        })?;
        match event {
            Event::Start(tag) => {
                let tag = tag.name().as_ref().to_string();
                if tag == "Disorder" && !path.iter().any(|open| open == "Disorder") {
                    // Lines are counted on from the last disorder.
                    line += text.as_bytes()[from..at as usize].iter().filter(|b| **b == b'\n').count();
                    from = at as usize;
                    disorder = Disorder::default();
                }
                path.push(tag);
                content.clear();
            }
            Event::Text(words) => content.push_str(&words),
            Event::GeneralRef(entity) => content.push_str(&entity_text(&entity)),
            Event::End(_) => {
                let tag = path.pop().unwrap_or_default();
                let words = std::mem::take(&mut content);
                let parent = path.last().map_or("", String::as_str);
                match (tag.as_str(), parent) {
                    ("OrphaCode" | "OrphaNumber", "Disorder") => disorder.code = words.trim().to_string(),
                    ("Name", "Disorder") => disorder.name = words,
                    ("Synonym", _) => disorder.synonyms.push(words),
                    ("Source", "ExternalReference") => system = words,
                    ("Reference", "ExternalReference") => disorder.references.extend(coding(&system, &words)),
                    ("Disorder", _) if !path.iter().any(|open| open == "Disorder") => {
                        std::mem::take(&mut disorder).add((number, line), terminology);
                    }
                    _ => {}
                }
            }
            Event::Empty(tag) if tag.name().as_ref() == "JDBOR" => {}
            Event::Eof => break,
            _ => {}
        }
    }
    match path.is_empty() {
        true => Ok(()),
        false => {
            Err(Problem::of(name, format!("ends inside <{}>; is the download complete?", path.join("/"))))
        }
    }
}

/// The character of a named or numbered entity; unknown ones stay as they are, for the filter to see.
pub(super) fn entity_text(entity: &str) -> String {
    let number = entity.strip_prefix('#').and_then(|n| match n.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => n.parse().ok(),
    });
    let named = [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\'')];
    let named = named.iter().find(|(name, _)| *name == entity).map(|(_, c)| *c);
    match number.and_then(char::from_u32).or(named) {
        Some(c) => c.to_string(),
        None => format!("&{entity};"),
    }
}

fn coding(system: &str, code: &str) -> Option<String> {
    let (_, system) = SYSTEMS.iter().find(|(name, _)| *name == system.trim())?;
    let code = code.trim().trim_end_matches(['*', '+']);
    (!code.is_empty() && !code.contains(char::is_whitespace)).then(|| format!("{system}:{code}"))
}

/// A list of entities with `orphanumber`, `name`, `synonymes`; or an object of names by code.
fn json(name: &str, number: usize, text: &str, terminology: &mut Terminology) -> Result<(), Problem> {
    let value: Value = serde_json::from_str(text.trim_start_matches('\u{FEFF}'))
        .map_err(|e| Problem::at(name, e.line(), format!("not valid JSON: {e}")))?;
    match value {
        Value::Array(entities) => {
            for (i, entity) in entities.iter().enumerate() {
                of_entity(entity).add((number, i + 1), terminology);
            }
        }
        Value::Object(names) => {
            for (i, (code, label)) in names.iter().enumerate() {
                let name = label.as_str().unwrap_or_default().to_string();
                Disorder { code: code.clone(), name, ..Disorder::default() }
                    .add((number, i + 1), terminology);
            }
        }
        _ => return Err(Problem::of(name, "is no list of entities and no object of names by code")),
    }
    Ok(())
}

fn of_entity(entity: &Value) -> Disorder {
    let text = |key: &str| match &entity[key] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    let list = |key: &str| {
        let joined = text(key);
        joined
            .split(';')
            .map(|part| part.trim().to_string())
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
    };
    let references = [("icd10", "ICD-10"), ("umls", "UMLS"), ("omim", "OMIM"), ("mesh", "MeSH")];
    let references = references.iter().flat_map(|(key, system)| {
        list(key).into_iter().filter_map(|code| coding(system, &code)).collect::<Vec<_>>()
    });
    Disorder {
        code: text("orphanumber"),
        name: text("name"),
        synonyms: list("synonymes"),
        references: references.collect(),
    }
}
