//! A table of a site, CSV or TSV, with a mapping of its columns.

use super::super::problem::Problem;
use super::filter::Dropped;
use super::{Raw, Request, Terminology, input};

/// Which column, by its name in the header, holds what.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// Code of the concept.
    pub code: String,
    /// The term.
    pub term: String,
    /// The concept's label, where the table has one beside the terms.
    pub label: Option<String>,
    /// Code system of the codes.
    pub system: String,
    /// Other codes: (system, column).
    pub codings: Vec<(String, String)>,
}

/// Reads the rows; the separator is the one that the header has most of.
pub(super) fn read(request: &Request) -> Result<Terminology, Problem> {
    let mapping = &request.mapping;
    let mut terminology = Terminology {
        system: mapping.system.clone(),
        title: "Table of the site".into(),
        source: "supplied by the site".into(),
        licence: String::new(),
        version: "1".into(),
        ..Terminology::default()
    };
    for path in &request.files {
        rows(path, mapping, &mut terminology)?;
    }
    if terminology.licence.is_empty() && request.licence.is_none() {
        let file = terminology.files.first().cloned().unwrap_or_default();
        return Err(Problem::of(
            &file,
            "its licence is unknown; say under which terms you use it, with --licence",
        ));
    }
    Ok(terminology)
}

fn rows(path: &std::path::Path, mapping: &Mapping, terminology: &mut Terminology) -> Result<(), Problem> {
    let (file, text) = (input::name(path), input::text(path)?);
    let text = text.trim_start_matches('\u{FEFF}');
    let number = terminology.files.len();
    let header = text.lines().next().unwrap_or_default();
    let separator =
        [b'\t', b';', b',', b'|'].into_iter().rev().max_by_key(|s| header.bytes().filter(|b| b == s).count());
    let mut builder = csv::ReaderBuilder::new();
    let mut reader =
        builder.delimiter(separator.unwrap_or(b'\t')).flexible(true).from_reader(text.as_bytes());
    let names = reader.headers().map_err(|e| Problem::at(&file, 1, format!("no header: {e}")))?.clone();
    let place = |name: &str| {
        names.iter().position(|column| column.trim() == name).ok_or_else(|| {
            let known: Vec<&str> = names.iter().map(str::trim).collect();
            Problem::at(&file, 1, format!("no column {name:?}; the header has {}", known.join(", ")))
        })
    };
    let (code, term) = (place(&mapping.code)?, place(&mapping.term)?);
    let label = mapping.label.as_deref().map(place).transpose()?;
    let codings = mapping.codings.iter().map(|(system, column)| Ok((system, place(column)?)));
    let codings = codings.collect::<Result<Vec<_>, Problem>>()?;
    let mut seen = std::collections::HashSet::new();
    for (i, record) in reader.records().enumerate() {
        let Ok(record) = record else {
            terminology.faults.push(Dropped::fault((number, i + 2), ""));
            continue;
        };
        let line = record.position().map_or(i + 2, |p| p.line() as usize);
        let cell = |column: usize| record.get(column).unwrap_or_default().trim();
        if cell(code).is_empty() {
            terminology.faults.push(Dropped::fault((number, line), cell(term)));
            continue;
        }
        let is_first = seen.insert(cell(code).to_string());
        let labels = label.filter(|_| is_first).map(|column| (cell(column), true));
        let terms = cell(term).split('|').map(|text| (text.trim(), is_first && label.is_none()));
        for (text, is_label) in labels.into_iter().chain(terms) {
            terminology.terms.push(Raw::term((number, line), cell(code), text, is_label));
        }
        let known = terminology.references.entry(cell(code).to_string()).or_default();
        let given = codings.iter().filter(|(_, column)| !cell(*column).is_empty());
        known.extend(given.map(|(system, column)| format!("{system}:{}", cell(*column).replace(' ', ""))));
    }
    terminology.references.values_mut().for_each(|codings| {
        codings.sort();
        codings.dedup();
    });
    terminology.files.push(file);
    Ok(())
}
