//! Reads gold files: JSON lines, or the cases of a lexicon of cues.

use super::super::cases::{document as case_document, expectation};
use super::super::lines::{self, Object};
use super::super::{Failed, Result};
use crate::document::Document;
use crate::evaluate::{GoldDocument, GoldMention, Truth, read_object};
use crate::lexicon::{Case, Problem, parse_cases};
use crate::span::Span;

type Read<T> = std::result::Result<T, String>;

/// The documents of all files with the mentions of `set`, or all; a fault ends it, with every fault of that file.
pub(in crate::cli) fn read(paths: &[String], set: Option<&str>) -> Result<Vec<GoldDocument>> {
    let mut gold = Vec::new();
    for path in paths {
        gold.extend(read_file(path).map_err(Failed)?);
    }
    let chosen = |mention: &GoldMention| set.is_none_or(|set| mention.set.as_deref() == Some(set));
    gold.iter_mut().for_each(|document| document.mentions.retain(chosen));
    gold.retain(|document| !document.mentions.is_empty());
    if gold.iter().flat_map(|document| &document.mentions).all(|mention| mention.truth == Truth::default()) {
        let of_set = set.map(|set| format!(" of set {set:?}")).unwrap_or_default();
        let what = "give entities an `assertion`, `experiencer`, `temporality`, … (see --help)";
        return Err(Failed(format!("{}: no mention{of_set} with a truth; {what}", paths.join(", "))));
    }
    Ok(gold)
}

fn read_file(path: &str) -> Read<Vec<GoldDocument>> {
    let bytes = std::fs::read(path).map_err(|e| format!("{path}: cannot be read: {e}"))?;
    let is_cases = std::path::Path::new(path).extension().is_some_and(|e| e == "toml");
    if is_cases { read_cases(path, &bytes) } else { read_lines(path, &bytes, read_object) }
}

/// Most faults told at once.
const MOST_TOLD: usize = 20;

fn told(faults: &[String]) -> String {
    let first = faults[..faults.len().min(MOST_TOLD)].join("\n");
    match faults.len().saturating_sub(MOST_TOLD) {
        0 => first,
        more => format!("{first}\n… and {more} more faults"),
    }
}

/// The objects of a file of JSON lines, each read with its report.
pub(super) fn read_objects<T>(
    path: &str,
    read: impl Fn(&Object, Document) -> Read<T>,
) -> std::result::Result<Vec<T>, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{path}: cannot be read: {e}"))?;
    read_lines(path, &bytes, read)
}

fn read_lines<T>(path: &str, bytes: &[u8], read: impl Fn(&Object, Document) -> Read<T>) -> Read<Vec<T>> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let lines = bytes.split(|b| *b == b'\n').enumerate();
    let (mut gold, mut faults) = (Vec::new(), Vec::new());
    for (i, line) in lines.filter(|(_, line)| !line.trim_ascii().is_empty()) {
        match read_line(line, i + 1, &read) {
            Ok(document) => gold.push(document),
            Err(fault) => faults.push(format!("{path}:{}: {fault}", i + 1)),
        }
    }
    if faults.is_empty() { Ok(gold) } else { Err(told(&faults)) }
}

/// The messages of the JSON parser may quote the input, so only its position is told.
fn read_line<T>(line: &[u8], number: usize, read: impl Fn(&Object, Document) -> Read<T>) -> Read<T> {
    let object: Object = serde_json::from_slice(line)
        .map_err(|e| format!("not a JSON object (column {}); write one object a line", e.column()))?;
    let names = ["id", "doc_id", "document_id", "note_id"];
    let id = names.iter().find_map(|name| object.get(*name)).map(|id| match id.as_str() {
        Some(id) => id.to_string(),
        None => id.to_string(),
    });
    let id = id.unwrap_or_else(|| format!("line {number}"));
    let document = Document { id, ..lines::document(&object)? };
    read(&object, document)
}

/// Each case is one document.
fn read_cases(path: &str, bytes: &[u8]) -> Read<Vec<GoldDocument>> {
    let text =
        std::str::from_utf8(bytes).map_err(|_| format!("{path}: not UTF-8; save the file as UTF-8"))?;
    let cases = parse_cases(path, text)
        .map_err(|problems| told(&problems.into_iter().map(unquoted).collect::<Vec<_>>()))?;
    let (read, faults): (Vec<_>, Vec<_>) = cases.iter().map(read_case).partition(|r| r.is_ok());
    let faults: Vec<String> = faults.into_iter().filter_map(Read::err).collect();
    if faults.is_empty() { Ok(read.into_iter().flatten().collect()) } else { Err(told(&faults)) }
}

/// Without the value that a message about its type quotes: it may be the text of a report.
fn unquoted(mut problem: Problem) -> String {
    let is_quoting = ["invalid type", "invalid value"].iter().any(|what| problem.message.starts_with(what));
    if let Some((_, expected)) = problem.message.rsplit_once(", expected ").filter(|_| is_quoting) {
        problem.message = format!("invalid value, expected {expected}");
    }
    problem.to_string()
}

fn read_case(case: &Case) -> Read<GoldDocument> {
    let given = |text: &String| (!text.is_empty()).then(|| text.clone());
    let id = given(&case.id).unwrap_or_else(|| case.place.clone());
    let mention = |(i, mark): (usize, &crate::lexicon::Mark)| {
        let at = |_| format!("{}: mark {}: unknown expectation; is it a lexicon of cues?", case.place, i + 1);
        Ok(GoldMention {
            span: Span::new(mark.start, mark.end),
            phenomenon: given(&case.phenomenon),
            register: given(&case.register),
            set: given(&case.set),
            truth: truth(&mark.expected).map_err(at)?,
            ..GoldMention::default()
        })
    };
    let mentions = case.marks.iter().enumerate().map(mention).collect::<Read<_>>()?;
    Ok(GoldDocument { document: Document { id, ..case_document(case) }, mentions })
}

fn truth(words: &str) -> Read<Truth> {
    let expected = expectation(words)?;
    Ok(Truth {
        assertion: vec![expected.assertion],
        experiencer: vec![expected.experiencer],
        fetus_index: vec![expected.fetus_index],
        temporality: vec![expected.temporality],
        conclusion: expected.conclusion.into_iter().collect(),
        ..Truth::default()
    })
}
