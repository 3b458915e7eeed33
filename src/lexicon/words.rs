//! Section titles, abbreviations, types of documents and words of dates: lists with one or two attributes.

use super::expand::braces;
use super::folder::Folder;
use super::grammar::{Grammar, Role};
use super::problem::Problem;
use super::table::Table;
use super::vocabulary::{Vocabulary, WordId, cut};
use crate::normalize::TokenKind;
use rustc_hash::FxHashMap;

/// Whose findings a section or a type of document reports, unless the text says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subject {
    /// The person of the record.
    #[default]
    Patient,
    /// The child of the present pregnancy.
    Fetus,
    /// The child for congenital findings, the woman for all others: a report of delivery.
    Birth,
    /// The child unless the text speaks of a disease that no pregnancy concerns: a meeting of specialists.
    Prenatal,
    /// The child when the text speaks of a fetus, else the person of the record: a karyotype, an image.
    Either,
    /// The mother.
    Mother,
    /// Relatives.
    Family,
}

impl Subject {
    fn parse(text: &str) -> Result<Option<Self>, String> {
        Ok(Some(match text {
            "" => return Ok(None),
            "patient" => Subject::Patient,
            "fetus" => Subject::Fetus,
            "birth" => Subject::Birth,
            "prenatal" => Subject::Prenatal,
            "either" => Subject::Either,
            "mother" => Subject::Mother,
            "family" => Subject::Family,
            _ => {
                return Err(format!(
                    "subject {text:?} is not patient, fetus, birth, prenatal, either, mother or family"
                ));
            }
        }))
    }
}

/// A kind of section.
#[derive(Clone, Debug)]
pub struct SectionKind {
    /// Stable id.
    pub id: String,
    /// French label.
    pub label: String,
    /// Whose findings it reports.
    pub subject: Option<Subject>,
    /// It reports the history.
    pub is_history: bool,
    /// It reports plans.
    pub is_planned: bool,
    /// It reports general information.
    pub is_hypothetical: bool,
    /// It gives what the report concludes.
    pub is_conclusion: bool,
}

/// A type of document.
#[derive(Clone, Debug)]
pub struct DocumentKind {
    /// Id of the contract.
    pub id: String,
    /// Whose the congenital findings are.
    pub subject: Option<Subject>,
    /// It gives general information, not findings.
    pub is_hypothetical: bool,
}

/// A word or phrase of a date, with what it does there.
#[derive(Clone, Debug)]
pub struct DateTerm {
    /// Role in a date ("month", "unit", …).
    pub role: String,
    /// The phrase, as word ids.
    pub words: Vec<WordId>,
    /// Value of the role ("3", "day", …).
    pub value: String,
}

/// The lists of all lexicons.
#[derive(Default)]
pub(super) struct Words {
    pub sections: Vec<SectionKind>,
    pub titles: Vec<(Vec<WordId>, u32)>,
    /// Words of titles, folded, for the search of typing errors.
    pub title_words: Vec<String>,
    /// Abbreviations that end with a point, folded, without it.
    pub abbreviations: Vec<WordId>,
    pub documents: Vec<DocumentKind>,
    /// Folded, trimmed spelling → index in `documents`.
    pub document_names: FxHashMap<String, u32>,
    pub dates: Vec<DateTerm>,
}

impl Words {
    /// Adds a folder of kind `sections`.
    pub fn add_sections(
        &mut self,
        folder: &Folder,
        vocabulary: &mut Vocabulary,
        grammar: &Grammar,
        problems: &mut Vec<Problem>,
    ) {
        const COLUMNS: [&str; 7] =
            ["section", "term", "label", "subject", "temporality", "assertion", "note"];
        each_row(folder, COLUMNS, problems, |cell, is_muted| {
            let section = self.section(cell)?;
            if is_muted {
                return Ok(());
            }
            for title in braces(cell(1)).ok_or("a brace is not closed")? {
                let tokens = cut(&title);
                let words = tokens.iter().filter(|t| t.kind == TokenKind::Word);
                self.title_words.extend(words.map(|t| t.folded.clone()));
                let key = title_key(&title, vocabulary, grammar);
                if key.is_empty() {
                    return Err("empty term".into());
                }
                self.titles.push((key, section));
            }
            Ok(())
        });
    }

    fn section<'r>(&mut self, cell: &dyn Fn(usize) -> &'r str) -> Result<u32, String> {
        let id = cell(0);
        if id.is_empty() {
            return Err("empty section id".into());
        }
        if let Some(known) = self.sections.iter().position(|s| s.id == id) {
            return Ok(known as u32);
        }
        let flag = |column: usize, value: &str| match cell(column) {
            "" => Ok(false),
            text if text == value => Ok(true),
            text => Err(format!("{text:?} is not allowed here; leave it empty or write {value:?}")),
        };
        let is_planned = cell(4) == "planned";
        let is_conclusion = cell(5) == "conclusion";
        self.sections.push(SectionKind {
            id: id.to_string(),
            label: cell(2).to_string(),
            subject: Subject::parse(cell(3))?,
            is_history: !is_planned && flag(4, "history")?,
            is_planned,
            is_hypothetical: !is_conclusion && flag(5, "hypothetical")?,
            is_conclusion,
        });
        Ok(self.sections.len() as u32 - 1)
    }

    /// Adds a folder of kind `abbreviations`.
    pub fn add_abbreviations(
        &mut self,
        folder: &Folder,
        vocabulary: &mut Vocabulary,
        problems: &mut Vec<Problem>,
    ) {
        each_row(folder, ["abbreviation", "expansion", "note"], problems, |cell, is_muted| {
            let tokens = cut(cell(0));
            // The last word before the final point is what a sentence splitter meets.
            if let [.., word, point] = tokens.as_slice()
                && point.folded == "."
                && !is_muted
            {
                self.abbreviations.push(vocabulary.intern(&word.folded));
            }
            if tokens.is_empty() { Err("empty term".into()) } else { Ok(()) }
        });
    }

    /// Adds a folder of kind `documents`.
    pub fn add_documents(&mut self, folder: &Folder, problems: &mut Vec<Problem>) {
        each_row(folder, ["document", "term", "subject", "assertion", "note"], problems, |cell, is_muted| {
            let (id, term) = (cell(0), cell(1));
            if id.is_empty() || term.is_empty() {
                return Err("empty id or term".into());
            }
            let index = match self.documents.iter().position(|d| d.id == id) {
                Some(index) => index as u32,
                None => {
                    let is_hypothetical = match cell(3) {
                        "" => false,
                        "hypothetical" => true,
                        text => return Err(format!("assertion {text:?} is not hypothetical or empty")),
                    };
                    let subject = Subject::parse(cell(2))?;
                    self.documents.push(DocumentKind { id: id.to_string(), subject, is_hypothetical });
                    self.document_names.insert(name_words(id).join(" "), self.documents.len() as u32 - 1);
                    self.documents.len() as u32 - 1
                }
            };
            if !is_muted {
                self.document_names.entry(name_words(term).join(" ")).or_insert(index);
            }
            Ok(())
        });
    }

    /// Adds a folder of kind `dates`.
    pub fn add_dates(&mut self, folder: &Folder, vocabulary: &mut Vocabulary, problems: &mut Vec<Problem>) {
        each_row(folder, ["role", "term", "value", "note"], problems, |cell, _| {
            for form in braces(cell(1)).ok_or("a brace is not closed")? {
                let words: Vec<WordId> = cut(&form).iter().map(|t| vocabulary.intern(&t.folded)).collect();
                if words.is_empty() || cell(0).is_empty() {
                    return Err("empty role or term".into());
                }
                self.dates.push(DateTerm { role: cell(0).to_string(), words, value: cell(2).to_string() });
            }
            Ok(())
        });
    }
}

/// The words of a title that count: articles and marks do not.
fn title_key(title: &str, vocabulary: &mut Vocabulary, grammar: &Grammar) -> Vec<WordId> {
    let counts = |kind, folded: &str| {
        matches!(kind, TokenKind::Word | TokenKind::Number)
            && !grammar.role_of_text(folded).has(Role::ARTICLE)
    };
    let tokens = cut(title).into_iter().filter(|t| counts(t.kind, &t.folded));
    tokens.map(|t| vocabulary.intern_inflected(&t.written, &t.folded, &grammar.inflection)).collect()
}

/// Most words of a name of a document type that are compared.
const LONGEST_NAME: usize = 12;

/// The words under which names of document types are compared: folded, without marks.
pub(super) fn name_words(name: &str) -> Vec<String> {
    let words = cut(name).into_iter().filter(|t| t.kind != TokenKind::Mark && t.kind != TokenKind::Newline);
    words.map(|t| t.folded).take(LONGEST_NAME).collect()
}

/// Calls `read` with the cells of each row, and whether an overlay disabled it.
pub(super) fn each_row<const N: usize>(
    folder: &Folder,
    columns: [&'static str; N],
    problems: &mut Vec<Problem>,
    mut read: impl for<'r> FnMut(&dyn Fn(usize) -> &'r str, bool) -> Result<(), String>,
) {
    let Some(table) = Table::of_terms(folder, columns, 2, problems) else {
        return;
    };
    let mut faults = Vec::new();
    for row in &table.rows {
        if let Err(message) = read(&|column| table.cell(row, column), row.is_muted) {
            faults.push(table.problem(row, message));
        }
    }
    problems.extend(faults);
}
