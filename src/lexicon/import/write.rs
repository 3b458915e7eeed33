//! Writes an imported lexicon: manifest, terms, codes, cases, and the report of what was dropped.

use super::super::problem::Problem;
use super::Terminology;
use super::filter::{Dropped, Kept};
use std::fmt::Write;
use std::path::Path;

/// Most cases that an import writes for itself.
const MOST_CASES: usize = 60;
/// Shortest label that a case is made of, in bytes.
const SHORTEST_CASE: usize = 12;

/// Refuses a folder that holds anything.
pub(super) fn refuse_used(into: &Path) -> Result<(), Problem> {
    let is_used = std::fs::read_dir(into).is_ok_and(|mut entries| entries.next().is_some());
    match is_used || into.is_file() {
        true => Err(Problem::of(
            &into.display().to_string(),
            "is not empty; give a new folder, or remove this one first",
        )),
        false => Ok(()),
    }
}

/// Writes all files of the lexicon.
pub(super) fn lexicon(
    id: &str,
    terminology: &Terminology,
    kept: &[Kept],
    dropped: &[Dropped],
    into: &Path,
) -> Result<(), Problem> {
    let fault =
        |e: std::io::Error| Problem::of(&into.display().to_string(), format!("cannot be written: {e}"));
    std::fs::create_dir_all(into).map_err(fault)?;
    for (name, text) in [
        ("terms.tsv", terms(terminology, kept)),
        ("codes.tsv", codes(terminology)),
        ("cases.toml", cases(terminology, kept)),
        ("dropped.tsv", report(terminology, dropped)),
        // Last, so that a folder whose writing failed is no lexicon.
        ("manifest.toml", manifest(id, terminology)),
    ] {
        std::fs::write(into.join(name), text).map_err(fault)?;
    }
    Ok(())
}

/// The concept of a code: its own id where it has a prefix ("HP:0000003"), else the system and the code.
fn concept(terminology: &Terminology, code: &str) -> String {
    if code.contains(':') { code.to_string() } else { format!("{}:{code}", terminology.system) }
}

fn manifest(id: &str, terminology: &Terminology) -> String {
    let mut systems = vec![terminology.system.as_str()];
    systems
        .extend(terminology.references.values().flatten().filter_map(|code| Some(code.split_once(':')?.0)));
    systems.sort_unstable();
    systems.dedup();
    let text = |text: &str| toml::Value::from(text).to_string();
    let list = systems.iter().map(|system| text(system)).collect::<Vec<_>>().join(", ");
    format!(
        "id = {}\nkind = \"concepts\"\ntitle = {}\nversion = {}\nlicence = {}\nsource = {}\ncode_systems = [{list}]\n",
        text(id),
        text(&terminology.title),
        text(&terminology.version),
        text(&terminology.licence),
        text(&terminology.source),
    )
}

fn terms(terminology: &Terminology, kept: &[Kept]) -> String {
    let mut out = String::from("concept\tterm\tkind\tcodings\n");
    let mut last = "";
    for term in kept {
        let is_first = term.code != last;
        last = &term.code;
        let mut codings = String::new();
        if is_first {
            codings = format!("{}:{}", terminology.system, term.code);
            let others = terminology.references.get(&term.code).into_iter().flatten();
            others.for_each(|code| codings.push_str(&format!(" {code}")));
        }
        let kind = match (is_first, term.is_abbreviation) {
            (true, _) => "preferred",
            (false, true) => "abbreviation",
            (false, false) => "synonym",
        };
        let _ = writeln!(out, "{}\t{}\t{kind}\t{codings}", concept(terminology, &term.code), term.text);
    }
    out
}

fn codes(terminology: &Terminology) -> String {
    let mut out = String::from("system\tcode\tparents\tlabel\tstatus\n");
    for code in &terminology.codes {
        let (system, parents) = (&terminology.system, code.parents.join(" "));
        let _ = writeln!(
            out,
            "{system}\t{}\t{parents}\t{}\t{}",
            code.code,
            code.label.replace(['\t', '\n'], " "),
            code.status
        );
    }
    out
}

/// Labels of the lexicon, evenly spread, each to be found as a whole.
fn cases(terminology: &Terminology, kept: &[Kept]) -> String {
    let is_plain =
        |text: &str| text.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '\'' | '\u{2019}'));
    let fit: Vec<&Kept> = kept
        .iter()
        .filter(|t| t.is_label && !t.is_abbreviation && t.text.len() >= SHORTEST_CASE && is_plain(&t.text))
        .collect();
    let step = fit.len().div_ceil(MOST_CASES).max(1);
    let mut out = String::from(
        "# Made by the import: labels of the lexicon, each to be found as a whole. Add your own sentences below.\n",
    );
    for (i, term) in fit.iter().step_by(step).enumerate() {
        let mark = format!("{{{{{}|{}}}}}", term.text, concept(terminology, &term.code));
        let _ = write!(out, "\n[[case]]\nid = \"import-{:03}\"\ntext = {}\n", i + 1, toml::Value::from(mark));
    }
    out
}

fn report(terminology: &Terminology, dropped: &[Dropped]) -> String {
    let mut out = String::from("file\tline\treason\tcode\tterm\n");
    for row in dropped {
        let file = terminology.files.get(row.place.0).map_or("", String::as_str);
        let _ = writeln!(out, "{file}\t{}\t{}\t{}\t{}", row.place.1, row.reason.name(), row.code, row.text);
    }
    out
}
