//! The line of a patient to judge: why it was drawn, the evidence in its words, and columns to fill.

use super::Pick;
use crate::event::{CodedEvent, Method};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Most snippets on a line.
const MOST_SNIPPETS: usize = 5;
/// Characters shown on each side of a mention.
const AROUND: usize = 120;
/// Marks around a mention.
const MARKS: [char; 2] = ['\u{AB}', '\u{BB}'];
const CUT: char = '\u{2026}';

/// One patient to judge.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// Ties the line to its phenotype, version and patient: see [`sheet_id`].
    pub sheet_id: String,
    /// Phenotype.
    pub phenotype: String,
    /// Its version.
    pub phenotype_version: String,
    /// Patient.
    pub patient_id: String,
    /// Stratum of the draw.
    pub stratum: String,
    /// Patients of the stratum.
    pub stratum_size: usize,
    /// Patients drawn of it.
    pub sampled: usize,
    /// Patients that this one stands for.
    pub weight: f64,
    /// Level of the case; none for a patient that is no case.
    pub case_level: Option<String>,
    /// Index date.
    pub index_date: Option<String>,
    /// Class.
    pub class: Option<String>,
    /// What reports say.
    pub snippets: Vec<Snippet>,
    /// Coded evidence.
    pub codes: Vec<Code>,
    /// To fill: validated, rejected or uncertain.
    pub verdict: String,
    /// To fill.
    pub reviewer: String,
    /// To fill: a date.
    pub reviewed_at: String,
    /// To fill.
    pub reason: String,
}

/// A mention in its words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snippet {
    /// Report.
    pub document_id: String,
    /// Its type.
    pub document_type: Option<String>,
    /// Its date.
    pub document_date: Option<String>,
    /// Section of the mention.
    pub section: Option<String>,
    /// What the report says of it.
    pub assertion: &'static str,
    /// The mention between marks, in its sentence when the text is at hand.
    pub text: String,
}

/// A coded event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Code {
    /// `SYSTEM:CODE`, several apart by spaces.
    pub codes: String,
    /// Label.
    pub label: String,
    /// Date.
    pub date: Option<String>,
    /// Main, related or associated diagnosis.
    pub position: Option<String>,
}

/// Identifies a line; a sheet whose columns were sorted apart is noticed by it.
pub fn sheet_id(phenotype: &str, version: &str, patient_id: &str) -> String {
    let mut hash = Sha256::new();
    for part in [phenotype, version, patient_id] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The line of a patient drawn, with its evidence; `text` gives the text of a report in the version of the event.
pub fn case_line<'t>(
    (phenotype, version): (&str, &str),
    pick: &Pick,
    evidence: &[CodedEvent],
    text: impl Fn(&CodedEvent) -> Option<&'t str>,
) -> Line {
    let (coded, said): (Vec<_>, Vec<_>) = evidence.iter().partition(|e| e.method == Method::Structured);
    let mut codes: Vec<Code> = coded.into_iter().map(Code::of).collect();
    codes.dedup();
    Line {
        sheet_id: sheet_id(phenotype, version, &pick.patient_id),
        phenotype: phenotype.into(),
        phenotype_version: version.into(),
        patient_id: pick.patient_id.clone(),
        stratum: pick.stratum.clone(),
        stratum_size: pick.stratum_size,
        sampled: pick.sampled,
        weight: pick.weight,
        case_level: None,
        index_date: None,
        class: None,
        snippets: chosen(said).into_iter().map(|e| Snippet::of(e, text(e))).collect(),
        codes,
        verdict: String::new(),
        reviewer: String::new(),
        reviewed_at: String::new(),
        reason: String::new(),
    }
}

/// The first mention of each report, then the others, up to the most shown.
fn chosen(said: Vec<&CodedEvent>) -> Vec<&CodedEvent> {
    let is_first =
        |i: usize, e: &CodedEvent| said[..i].iter().all(|other| other.document_id != e.document_id);
    let (first, others): (Vec<_>, Vec<_>) = said.iter().enumerate().partition(|(i, e)| is_first(*i, e));
    first.into_iter().chain(others).take(MOST_SNIPPETS).map(|(_, e)| *e).collect()
}

impl Snippet {
    fn of(event: &CodedEvent, text: Option<&str>) -> Self {
        let around = text.and_then(|text| around(event, text));
        Self {
            document_id: event.document_id.clone(),
            document_type: event.document_type.clone(),
            document_date: event.document_date.map(|date| date.to_string()),
            section: event.section.clone(),
            assertion: event.assertion.as_str(),
            text: around.unwrap_or_else(|| marked("", &event.text, "")),
        }
    }
}

impl Code {
    fn of(event: &CodedEvent) -> Self {
        let codes = event.codings.iter().map(|c| format!("{}:{}", c.system, c.code));
        Self {
            codes: codes.collect::<Vec<_>>().join(" "),
            label: event.label.clone(),
            date: event.event_date.map(|date| date.to_string()),
            position: event.position.clone(),
        }
    }
}

/// The mention with the words around it; none when the text is not the one that the event was read in.
fn around(event: &CodedEvent, text: &str) -> Option<String> {
    let letters: Vec<char> = text.chars().collect();
    let (start, end) = (event.start as usize, event.end as usize);
    let span: String = letters.get(start..end)?.iter().collect();
    if event.fragments.is_empty() && span != event.text {
        return None;
    }
    let from = start.saturating_sub(AROUND);
    let until = (end + AROUND).min(letters.len());
    let cut = |is_cut: bool| if is_cut { CUT.to_string() } else { String::new() };
    let before: String = letters[from..start].iter().collect();
    let after: String = letters[end..until].iter().collect();
    Some(marked(&(cut(from > 0) + &before), &span, &(after + &cut(until < letters.len()))))
}

/// On one line, so that a spreadsheet shows it.
fn marked(before: &str, span: &str, after: &str) -> String {
    let all = format!("{before}{}{span}{}{after}", MARKS[0], MARKS[1]);
    all.split_whitespace().collect::<Vec<_>>().join(" ")
}
