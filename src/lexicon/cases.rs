//! Sentences with marked spans, stored beside the data they test: `Pas d'{{omphalocèle|absent}}.`

use super::folder::Folder;
use super::manifest::parse_toml;
use super::problem::Problem;
use serde::Deserialize;

/// One case as written in `cases.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    id: String,
    text: String,
    #[serde(default)]
    phenomenon: String,
    #[serde(default)]
    register: String,
    #[serde(default)]
    set: String,
    document_type: Option<String>,
    document_date: Option<String>,
    title: Option<String>,
    #[serde(rename = "note", default)]
    _note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    #[serde(default)]
    case: Vec<Entry>,
}

/// A marked span: byte offsets into the text without marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// What is expected of it.
    pub expected: String,
}

/// A sentence and what must be read in it.
#[derive(Clone, Debug)]
pub struct Case {
    /// File and line, for messages.
    pub place: String,
    /// The case's own id; may be empty.
    pub id: String,
    /// The text without marks.
    pub text: String,
    /// The marks, in text order.
    pub marks: Vec<Mark>,
    /// What it tests.
    pub phenomenon: String,
    /// `dictated`, `telegraphic` or `checklist`.
    pub register: String,
    /// `dev` or `held`.
    pub set: String,
    /// Type of the report.
    pub document_type: Option<String>,
    /// Date of the report, ISO.
    pub document_date: Option<String>,
    /// Title of the report.
    pub title: Option<String>,
}

/// Reads the cases of a folder. A malformed mark is a problem: a case that asserts nothing would pass for ever.
///
/// # Errors
/// Every fault of the file, with its line.
pub fn read_cases(folder: &Folder) -> Result<Vec<Case>, Vec<Problem>> {
    let file = folder.path("cases.toml");
    let text = folder.require("cases.toml").map_err(|p| vec![p])?;
    parse_cases(&file, text)
}

/// The cases of a text; `file` is its name in messages.
///
/// # Errors
/// Every fault of the text, with its line.
pub fn parse_cases(file: &str, text: &str) -> Result<Vec<Case>, Vec<Problem>> {
    let entries: CaseFile = parse_toml(file, text).map_err(|p| vec![p])?;
    let lines: Vec<usize> =
        text.lines().enumerate().filter(|(_, l)| l.trim() == "[[case]]").map(|(i, _)| i + 1).collect();
    let mut problems = Vec::new();
    let mut cases = Vec::new();
    for (i, entry) in entries.case.into_iter().enumerate() {
        let line = lines.get(i).copied().unwrap_or(1);
        match unmark(&entry.text) {
            Ok((text, marks)) => cases.push(Case {
                place: format!("{file}:{line}"),
                id: entry.id,
                text,
                marks,
                phenomenon: entry.phenomenon,
                register: entry.register,
                set: entry.set,
                document_type: entry.document_type,
                document_date: entry.document_date,
                title: entry.title,
            }),
            Err(message) => problems.push(Problem::at(file, line, message)),
        }
    }
    for (i, case) in cases.iter().enumerate().filter(|(_, case)| !case.id.is_empty()) {
        if cases[..i].iter().any(|other| other.id == case.id) {
            problems.push(Problem::of(&case.place, format!("duplicate id: case {:?}", case.id)));
        }
    }
    if problems.is_empty() { Ok(cases) } else { Err(problems) }
}

/// Takes the marks out of a text.
///
/// # Errors
/// A mark that is not closed, holds no span, has no `|`, or stands inside another.
pub fn unmark(marked: &str) -> Result<(String, Vec<Mark>), String> {
    let mut text = String::new();
    let mut marks = Vec::new();
    let mut rest = marked;
    while let Some(open) = rest.find("{{") {
        let outside = &rest[..open];
        if outside.contains("}}") {
            return Err("}} closes no mark".into());
        }
        text.push_str(outside);
        let inside = &rest[open + 2..];
        let close = inside.find("}}").ok_or("{{ is not closed by }}")?;
        let (span, expected) =
            inside[..close].rsplit_once('|').ok_or("a mark has no |: write {{span|expected}}")?;
        if span.trim().is_empty() {
            return Err("a mark holds no span".into());
        }
        if span.contains("{{") {
            return Err("a mark stands inside another".into());
        }
        let start = text.len() as u32;
        text.push_str(span);
        marks.push(Mark { start, end: text.len() as u32, expected: expected.trim().to_string() });
        rest = &inside[close + 2..];
    }
    if rest.contains("}}") {
        return Err("}} closes no mark".into());
    }
    text.push_str(rest);
    Ok((text, marks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_marks_and_refuses_malformed_ones() {
        let (text, marks) = unmark("Pas d'{{é|absent}}, {{b|}}.").expect("well formed");
        assert_eq!(text, "Pas d'é, b.");
        assert_eq!(marks[0], Mark { start: 6, end: 8, expected: "absent".into() });
        assert_eq!(marks[1].expected, "");
        for bad in ["{{a|b", "a}}", "{{a}}", "{{ |x}}", "{{a {{b|c}}|d}}"] {
            assert!(unmark(bad).is_err(), "{bad}");
        }
    }
}
