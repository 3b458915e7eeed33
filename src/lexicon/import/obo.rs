//! Reads an OBO graph: codes with their parents, former codes, and cross references.

use super::super::problem::Problem;
use super::{CodeRow, input};
use std::collections::BTreeMap;
use std::path::Path;

/// What a graph holds.
#[derive(Default)]
pub(super) struct Graph {
    pub version: String,
    pub codes: Vec<CodeRow>,
    /// `UMLS:C…` by code.
    pub references: BTreeMap<String, Vec<String>>,
}

/// Reads the `[Term]` stanzas.
pub(super) fn read(path: &Path) -> Result<Graph, Problem> {
    let text = input::text(path)?;
    let mut graph = Graph::default();
    let mut is_term = false;
    for line in text.lines() {
        let line = line.trim_end();
        if line.starts_with('[') {
            is_term = line == "[Term]";
            if is_term {
                graph.codes.push(CodeRow { status: "valid", ..CodeRow::default() });
            }
            continue;
        }
        let Some((key, value)) = line.split_once(": ") else { continue };
        if !is_term {
            if key == "data-version" {
                graph.version = value.rsplit('/').next().unwrap_or(value).to_string();
            }
            continue;
        }
        let Some(code) = graph.codes.last_mut() else { continue };
        let first = value.split_whitespace().next().unwrap_or_default();
        match key {
            "id" => code.code = first.to_string(),
            "name" => code.label = value.replace('\t', " "),
            "is_a" => code.parents.push(first.to_string()),
            "is_obsolete" if value == "true" => code.status = "obsolete",
            "xref" if first.starts_with("UMLS:") => {
                graph.references.entry(code.code.clone()).or_default().push(first.to_string());
            }
            _ => {}
        }
    }
    graph.codes.retain(|code| !code.code.is_empty());
    match graph.codes.is_empty() {
        true => Err(Problem::of(&input::name(path), "holds no [Term]; give the graph in OBO format, hp.obo")),
        false => Ok(graph),
    }
}
