//! The Human Phenotype Ontology: French labels (babelon), French synonyms, the graph.

use super::super::problem::Problem;
use super::filter::Dropped;
use super::{Raw, Request, Terminology, input, obo};
use std::path::Path;

/// Reads the labels, and the synonyms and the graph where they are given.
pub(super) fn read(request: &Request) -> Result<Terminology, Problem> {
    let mut terminology = Terminology {
        system: "HPO".into(),
        title: "Human Phenotype Ontology, French".into(),
        source: "HPO translations, babelon (https://github.com/obophenotype/hpo-translations)".into(),
        licence:
            "HPO licence (https://hpo.jax.org/app/license): cite, show the version, no alteration of content"
                .into(),
        version: "unknown".into(),
        ..Terminology::default()
    };
    for file in &request.files {
        labels(file, &mut terminology)?;
    }
    if let Some(file) = &request.synonyms {
        synonyms(file, &mut terminology)?;
    }
    if let Some(file) = &request.graph {
        let graph = obo::read(file)?;
        terminology.version = graph.version;
        terminology.codes = graph.codes;
        terminology.references = graph.references;
    }
    Ok(terminology)
}

/// The column of this name in the header of a table.
fn column(file: &str, header: &str, name: &str) -> Result<usize, Problem> {
    header.split('\t').position(|column| column.trim() == name).ok_or_else(|| {
        Problem::at(
            file,
            1,
            format!("column {name:?} is missing; is it the babelon table of the translations?"),
        )
    })
}

fn labels(path: &Path, terminology: &mut Terminology) -> Result<(), Problem> {
    let (file, text) = (input::name(path), input::text(path)?);
    let number = terminology.files.len();
    let mut lines = text.lines().enumerate();
    let header = lines.next().map_or("", |(_, line)| line);
    let at = |name| column(&file, header, name);
    let [id, predicate, original, status, value] = [
        at("subject_id")?,
        at("predicate_id")?,
        at("source_value")?,
        at("translation_status")?,
        at("translation_value")?,
    ];
    for (i, line) in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let cell = |column: usize| cells.get(column).copied().unwrap_or_default().trim();
        if !cell(id).starts_with("HP:") {
            terminology.faults.push(Dropped::fault((number, i + 1), line));
        } else if cell(predicate) == "rdfs:label" {
            terminology.terms.push(Raw {
                place: (number, i + 1),
                code: cell(id).to_string(),
                text: cell(value).to_string(),
                is_label: true,
                is_foreign: cell(status) == NOT_TRANSLATED,
                original: cell(original).to_string(),
            });
        }
    }
    terminology.files.push(file);
    Ok(())
}

/// Status of what is still in the language of origin.
const NOT_TRANSLATED: &str = "NOT_TRANSLATED";

/// Rows of `id`, synonyms joined by `|`, comment, status.
fn synonyms(path: &Path, terminology: &mut Terminology) -> Result<(), Problem> {
    let (file, text) = (input::name(path), input::text(path)?);
    let number = terminology.files.len();
    for (i, line) in text.lines().enumerate() {
        let cells: Vec<&str> = line.split('\t').collect();
        let cell = |column: usize| cells.get(column).copied().unwrap_or_default().trim();
        if !cell(0).starts_with("HP:") {
            // The first two lines are headers.
            if i > 1 {
                terminology.faults.push(Dropped::fault((number, i + 1), line));
            }
            continue;
        }
        for text in cell(1).split('|') {
            terminology.terms.push(Raw {
                place: (number, i + 1),
                code: cell(0).to_string(),
                text: text.trim().to_string(),
                is_label: false,
                is_foreign: cell(3) == NOT_TRANSLATED,
                original: String::new(),
            });
        }
    }
    terminology.files.push(file);
    Ok(())
}
