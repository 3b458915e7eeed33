//! CIM-10 in ClaML, the XML of the World Health Organization: chapters, blocks, categories, with their rubrics.

use super::super::problem::Problem;
use super::orphanet::entity_text;
use super::{CodeRow, Raw, Request, Terminology, atih, input};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Rubrics whose words name what is coded.
const NAMING: [&str; 3] = ["preferred", "preferredLong", "inclusion"];

/// Reads the classes.
pub(super) fn read(request: &Request) -> Result<Terminology, Problem> {
    let mut terminology = Terminology {
        system: "CIM-10".into(),
        title: "CIM-10".into(),
        source: "ClaML".into(),
        licence: atih::LICENCE.into(),
        version: "unknown".into(),
        ..Terminology::default()
    };
    for path in &request.files {
        let (name, text) = (input::name(path), input::text(path)?);
        classes(&name, terminology.files.len(), &text, &mut terminology)?;
        terminology.files.push(name);
    }
    Ok(terminology)
}

fn attribute(tag: &BytesStart, name: &str) -> String {
    let found = tag.attributes().flatten().find(|a| a.key.as_ref() == name);
    found.map(|a| a.value.into_owned()).unwrap_or_default()
}

fn classes(name: &str, number: usize, text: &str, terminology: &mut Terminology) -> Result<(), Problem> {
    let mut reader = Reader::from_str(text);
    let (mut line, mut from) = (1, 0);
    let (mut code, mut rubric, mut words) = (None::<CodeRow>, String::new(), String::new());
    let mut is_open = false;
    loop {
        let at = reader.buffer_position() as usize;
        let event = reader.read_event().map_err(|e| {
            let read = text.as_bytes()[..at.min(text.len())].iter().filter(|b| **b == b'\n').count();
            Problem::at(name, 1 + read, format!("not well-formed XML: {e}"))
        })?;
        match event {
            Event::Start(tag) | Event::Empty(tag) => match tag.name().as_ref() {
                "Title" => terminology.version = attribute(&tag, "version"),
                "Class" => {
                    line += text.as_bytes()[from..at].iter().filter(|b| **b == b'\n').count();
                    from = at;
                    let status = if attribute(&tag, "kind") == "category" { "valid" } else { "group" };
                    code = Some(CodeRow { code: attribute(&tag, "code"), status, ..CodeRow::default() });
                }
                "SuperClass" => {
                    let parent = attribute(&tag, "code");
                    code.iter_mut().for_each(|code| code.parents.push(parent.clone()));
                }
                "Rubric" => rubric = attribute(&tag, "kind"),
                "Label" => (words.clear(), is_open = true).0,
                _ => {}
            },
            Event::Text(part) if is_open => words.push_str(&part),
            Event::GeneralRef(entity) if is_open => {
                words.push_str(&entity_text(&entity));
            }
            Event::End(tag) => match tag.name().as_ref() {
                "Label" => {
                    is_open = false;
                    let label = words.split_whitespace().collect::<Vec<_>>().join(" ");
                    let Some(code) = code.as_mut().filter(|_| NAMING.contains(&rubric.as_str())) else {
                        continue;
                    };
                    let is_label = rubric == NAMING[0] && code.label.is_empty();
                    if is_label {
                        code.label.clone_from(&label);
                    }
                    // Chapters and blocks code nothing: their titles are no terms.
                    if code.status == "valid" {
                        terminology.terms.push(Raw::term((number, line), &code.code, &label, is_label));
                    }
                }
                "Class" => terminology.codes.extend(code.take().filter(|code| !code.code.is_empty())),
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    match terminology.codes.is_empty() {
        true => Err(Problem::of(name, "holds no <Class>; give the ClaML file of the CIM-10")),
        false => Ok(()),
    }
}
