//! The terms of the concepts with their gender, articles and elisions; the concepts with their codes and subgroups.

use super::chance::Chance;
use super::data::Values;
use super::tables::Reader;
use super::template::Form;
use crate::lexicon::{Folder, Table};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

/// Articles and endings of one gender and number; empty in `elided` where nothing changes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Articles {
    a: String,
    the: String,
    of: String,
    of_the: String,
    of_a: String,
    no: String,
    pub e: String,
}

impl Articles {
    fn of_form(&self, form: Form) -> &str {
        match form {
            Form::Bare => "",
            Form::A => &self.a,
            Form::The => &self.the,
            Form::Of => &self.of,
            Form::OfThe => &self.of_the,
            Form::OfA => &self.of_a,
            Form::No => &self.no,
        }
    }
}

/// A written form of a concept.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub text: Box<str>,
    /// Index into the articles.
    gender: usize,
    elided: bool,
    /// It can be denied: it does not deny something itself.
    pub deniable: bool,
}

/// A concept that reports may name.
#[derive(Clone, Debug)]
pub(super) struct Concept {
    pub id: Box<str>,
    pub terms: Vec<Term>,
    /// First CIM-10 code, with its point.
    pub code: Box<str>,
    /// Counted subgroups reached, parents included, sorted.
    pub groups: Vec<Box<str>>,
}

/// Concepts by number and by id.
#[derive(Default)]
pub(super) struct Concepts {
    pub all: Vec<Concept>,
    pub by_id: FxHashMap<String, usize>,
    articles: Vec<Articles>,
    elided: Articles,
}

struct Heads<'a> {
    genders: FxHashMap<&'a str, (usize, bool)>,
    vowels: &'a str,
    negating: &'a [String],
}

const TERMS: [&str; 10] =
    ["concept", "term", "kind", "codings", "group", "flags", "support", "against", "source", "note"];
const GROUPS: [&str; 7] = ["group", "parents", "label", "counted", "eurocat", "cim10", "note"];
const GENDERS: [&str; 4] = ["m", "f", "mp", "fp"];
/// Only terms written for the lexicon: the translated labels of HPO are not what people write.
const WRITTEN: [&str; 2] = ["own", "table"];

impl Concepts {
    /// Reads the terms of the lexicon of malformations.
    pub fn read(
        reader: &mut Reader,
        lexicon: &Folder,
        articles: &FxHashMap<String, Articles>,
        values: &Values,
    ) -> Self {
        let (vowels, negating) = (&values.vowels, &values.negating);
        let heads = Heads { genders: genders(reader), vowels, negating };
        let groups = closures(reader, lexicon);
        let mut concepts = Concepts {
            articles: GENDERS.iter().filter_map(|g| articles.get(*g).cloned()).collect(),
            elided: articles.get("elided").cloned().unwrap_or_default(),
            ..Self::default()
        };
        if concepts.articles.len() != GENDERS.len() {
            let file = reader.folder.path("phrases.toml");
            reader.fault(&file, 1, "articles are needed for m, f, mp, fp and elided");
        }
        let file = lexicon.path("terms.tsv");
        let text = lexicon.get("terms.tsv").unwrap_or_default();
        if let Some(table) = Table::read(&file, text, TERMS, 2, &mut reader.problems) {
            for row in &table.rows {
                concepts.row(std::array::from_fn(|column| table.cell(row, column)), &heads, &groups);
            }
        }
        concepts
    }

    fn row(&mut self, cells: [&str; 10], heads: &Heads, groups: &FxHashMap<String, Vec<Box<str>>>) {
        let [id, term, kind, codings, group, flags, _, _, source, _] = cells;
        let number = *self.by_id.entry(id.to_string()).or_insert_with(|| {
            self.all.push(Concept { id: id.into(), terms: Vec::new(), code: "".into(), groups: Vec::new() });
            self.all.len() - 1
        });
        let concept = &mut self.all[number];
        if kind == "preferred" {
            let code = codings.split_whitespace().find_map(|c| c.strip_prefix("CIM-10:"));
            concept.code = code.unwrap_or_default().into();
            concept.groups = groups.get(group).cloned().unwrap_or_default();
        }
        let usable = matches!(kind, "preferred" | "synonym") && WRITTEN.contains(&source);
        if usable && !flags.contains("ambiguous") && !flags.contains("regex") {
            concept.terms.extend(heads.term(term));
        }
    }

    /// A term of a concept; with `deny`, one that can be denied, if there is one.
    pub fn term(&self, concept: usize, deny: bool, chance: &mut Chance) -> Option<&Term> {
        let terms = &self.all[concept].terms;
        let drawn = chance.pick(terms)?;
        if !deny || drawn.deniable { Some(drawn) } else { terms.iter().find(|t| t.deniable).or(Some(drawn)) }
    }

    /// Writes a form of a term.
    pub fn write(&self, term: &Term, form: Form, capital: bool, out: &mut String) {
        let start = out.len();
        let articles = &self.articles[term.gender];
        let elided = self.elided.of_form(form);
        let article = if term.elided && !elided.is_empty() { elided } else { articles.of_form(form) };
        out.push_str(article);
        out.push_str(&term.text);
        if capital {
            super::render::capitalize(out, start);
        }
    }

    /// Writes a word after "of", elided where it must be.
    pub fn write_of(&self, text: &str, vowels: &str, out: &mut String) {
        let elided = text.to_lowercase().starts_with(|c| vowels.contains(c));
        out.push_str(if elided { &self.elided.of } else { &self.articles[0].of });
        out.push_str(text);
    }

    /// The ending of a participle that agrees with a term.
    pub fn ending(&self, term: &Term) -> &str {
        &self.articles[term.gender].e
    }
}

impl Heads<'_> {
    fn term(&self, text: &str) -> Option<Term> {
        let head = text.split([' ', '\'']).next().unwrap_or_default();
        let (gender, aspirated) = *self.genders.get(head)?;
        let elided = !aspirated && text.starts_with(|c| self.vowels.contains(c));
        let deniable = !self.negating.iter().any(|n| text.contains(n.as_str()));
        Some(Term { text: text.into(), gender, elided, deniable })
    }
}

fn genders<'a>(reader: &mut Reader<'a>) -> FxHashMap<&'a str, (usize, bool)> {
    let mut genders = FxHashMap::default();
    let Some(rows) = reader.rows("words.tsv", ["word", "gender", "aspirated"]) else { return genders };
    for (line, [word, gender, aspirated]) in rows.cells() {
        match GENDERS.iter().position(|g| *g == gender) {
            Some(number) => drop(genders.insert(word, (number, !aspirated.is_empty()))),
            None => reader.fault(&rows.file, line, format!("gender {gender:?}; expected m, f, mp or fp")),
        }
    }
    genders
}

/// For each group, itself and its ancestors as far as they are counted.
fn closures(reader: &mut Reader, lexicon: &Folder) -> FxHashMap<String, Vec<Box<str>>> {
    let file = lexicon.path("groups.tsv");
    let text = lexicon.get("groups.tsv").unwrap_or_default();
    let Some(table) = Table::read(&file, text, GROUPS, 4, &mut reader.problems) else {
        return FxHashMap::default();
    };
    let rows: FxHashMap<&str, (&str, bool)> = table
        .rows
        .iter()
        .map(|row| (table.cell(row, 0), (table.cell(row, 1), table.cell(row, 3) == "yes")))
        .collect();
    rows.keys().map(|group| (group.to_string(), counted(group, &rows))).collect()
}

fn counted(group: &str, rows: &FxHashMap<&str, (&str, bool)>) -> Vec<Box<str>> {
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    let mut open = vec![group];
    while let Some(group) = open.pop() {
        if let Some((parents, true)) = rows.get(group)
            && seen.insert(group)
        {
            open.extend(parents.split_whitespace());
        }
    }
    let mut found: Vec<Box<str>> = seen.into_iter().map(Into::into).collect();
    found.sort();
    found
}
