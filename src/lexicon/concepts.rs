//! Clinical concepts: terms, codes, subgroups, and what decides an ambiguous term.

use super::expand::{keys_of, literal};
use super::folder::Folder;
use super::grammar::Grammar;
use super::groups::Groups;
use super::manifest::{Manifest, lines_of_entries, parse_toml};
use super::problem::Problem;
use super::table::Table;
use super::vocabulary::{Vocabulary, WordId, cut};
use crate::normalize::{TokenKind, fold};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

/// Most words of a term; longer ones are refused, which bounds the work at each place of a text.
const LONGEST_TERM: usize = 48;
/// Shortest word in which a typing error is forgiven, in bytes.
pub(super) const SHORTEST_CORRECTED: usize = 8;
/// Most support sets over all lexicons: one bit each.
const MOST_SUPPORT_SETS: usize = 128;

/// Support sets, one bit each.
pub type SupportSets = u128;

/// A concept of a lexicon.
#[derive(Clone, Debug)]
pub struct Concept {
    /// Stable id.
    pub id: String,
    /// French preferred label.
    pub label: String,
    /// Codes as (system, code), sorted.
    pub codings: Vec<(String, String)>,
    /// Subgroups reached, parents included, sorted.
    pub subgroups: Vec<String>,
    /// A minor anomaly, not counted by itself.
    pub minor: bool,
    /// Index of its lexicon.
    pub lexicon: usize,
    /// Bit of the organ group it supports, when unambiguous terms of it stand near an ambiguous one.
    pub group: Option<u32>,
    /// Line of its preferred row.
    pub(super) line: usize,
}

/// A written form of a concept.
#[derive(Clone, Debug)]
pub struct Term {
    /// Index of its concept.
    pub concept: u32,
    /// The form as written in its lexicon, which names the rule that matched.
    pub text: Box<str>,
    /// The abbreviation as written: its capitals must be met.
    pub capitals: Option<Box<str>>,
    /// Counts only with support.
    pub ambiguous: bool,
    /// Bits of the sets of which one must be near, for an ambiguous term.
    pub support: SupportSets,
    /// Bits of the sets that veto the term when near.
    pub against: SupportSets,
    /// Number of its file in `Concepts::files`, and its line there.
    pub place: (u16, u32),
}

/// All concept lexicons, as read.
#[derive(Default)]
pub struct Concepts {
    /// Every concept; terms refer to them by index.
    pub concepts: Vec<Concept>,
    /// Every term.
    pub terms: Vec<Term>,
    /// Files that the terms come from.
    pub files: Vec<String>,
    /// Terms that an overlay disabled: id of the concept, term, place of the overlay's row.
    pub disabled: Vec<(String, String, String)>,
    /// Longer words of the terms, as folded, in which a typing error is forgiven.
    pub(super) long_words: FxHashSet<String>,
    /// Word sequences of the terms.
    pub(super) keys: Vec<(Vec<WordId>, u32)>,
    /// Words and phrases of the support sets, with the number of their set.
    pub(super) support_keys: Vec<(Vec<WordId>, u32)>,
    /// Subgroups of the lexicons that have any.
    pub(super) groups: Vec<Groups>,
    support_sets: FxHashMap<(usize, String), u32>,
    /// Bits of the sets that act over a short distance only, and that distance in characters.
    close: Vec<(SupportSets, u32)>,
    /// Where a set is met without a word of it.
    places: Vec<(SupportSets, Places)>,
    /// Ids of the support sets, by bit.
    set_names: Vec<String>,
}

/// Where a support set is met by the report itself: sections and types of documents by id, wards by a part of their name.
#[derive(Clone, Debug, Default)]
struct Places {
    sections: Vec<String>,
    documents: Vec<String>,
    wards: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SupportFile {
    #[serde(default)]
    support: Vec<SupportSet>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SupportSet {
    id: String,
    words: Vec<String>,
    within: Option<u32>,
    #[serde(default)]
    sections: Vec<String>,
    #[serde(default)]
    documents: Vec<String>,
    #[serde(default)]
    wards: Vec<String>,
    #[serde(rename = "note", default)]
    _note: String,
}

const COLUMNS: [&str; 10] =
    ["concept", "term", "kind", "codings", "group", "flags", "support", "against", "source", "note"];

impl Concepts {
    /// Adds a folder of kind `concepts`.
    pub(super) fn add(
        &mut self,
        folder: &Folder,
        manifest: &Manifest,
        lexicon: usize,
        vocabulary: &mut Vocabulary,
        grammar: &Grammar,
        problems: &mut Vec<Problem>,
    ) {
        let groups = match folder.get("groups.tsv") {
            Some(text) => Groups::read(&folder.path("groups.tsv"), text, problems),
            None => Groups::default(),
        };
        self.add_support(folder, lexicon, vocabulary, grammar, problems);
        let Some(table) = Table::of_terms(folder, COLUMNS, 2, problems) else { return };
        let first_file = self.files.len();
        self.files.extend(table.files.iter().cloned());
        self.disabled.extend(table.disabled.iter().cloned());
        let mut reader = Reader { all: self, manifest, lexicon, groups, seen: FxHashMap::default() };
        for row in &table.rows {
            let place = ((first_file + row.file as usize) as u16, row.line as u32);
            let cell = |column| table.cell(row, column);
            if let Err(message) = reader.row(place, row.is_muted, cell, vocabulary, grammar) {
                problems.push(table.problem(row, message));
            }
        }
        let groups = reader.groups;
        self.groups.push(groups);
    }

    /// Index of the concept with this id in a lexicon.
    pub fn find(&self, lexicon: usize, id: &str) -> Option<u32> {
        let found = self.concepts.iter().position(|c| c.lexicon == lexicon && c.id == id);
        found.map(|i| i as u32)
    }

    /// True when an overlay took away all terms of a concept.
    pub(super) fn is_disabled(&self, id: &str) -> bool {
        self.disabled.iter().any(|(disabled, _, _)| disabled == id)
    }

    /// `file:line` of a term.
    pub fn place(&self, term: &Term) -> String {
        format!("{}:{}", self.files[term.place.0 as usize], term.place.1)
    }

    /// Id and index of every concept of a lexicon.
    pub(super) fn ids_of(&self, lexicon: usize) -> impl Iterator<Item = (&str, u32)> {
        let numbered = self.concepts.iter().zip(0..);
        numbered.filter(move |(c, _)| c.lexicon == lexicon).map(|(c, i)| (c.id.as_str(), i))
    }

    /// Of these sets, those that act at this distance, in characters.
    pub fn acting(&self, sets: SupportSets, distance: u32) -> SupportSets {
        self.close.iter().filter(|(_, reach)| distance > *reach).fold(sets, |sets, (bit, _)| sets & !bit)
    }

    /// The sets that a report meets by its type and its ward.
    pub fn met_by_report(&self, document_type: Option<&str>, ward: Option<&str>) -> SupportSets {
        let ward = ward.map(|ward| fold(ward).text().to_string());
        let met = |places: &Places| {
            document_type.is_some_and(|id| places.documents.iter().any(|known| known == id))
                || ward
                    .as_ref()
                    .is_some_and(|ward| places.wards.iter().any(|part| ward.contains(part.as_str())))
        };
        self.places.iter().filter(|(_, places)| met(places)).fold(0, |sets, (bit, _)| sets | bit)
    }

    /// The sets that a section meets.
    pub fn met_by_section(&self, section: &str) -> SupportSets {
        let met = |places: &Places| places.sections.iter().any(|known| known == section);
        self.places.iter().filter(|(_, places)| met(places)).fold(0, |sets, (bit, _)| sets | bit)
    }

    /// Ids of these sets.
    pub fn names_of(&self, sets: SupportSets) -> impl Iterator<Item = &str> {
        let named = self.set_names.iter().enumerate();
        named.filter(move |(bit, _)| sets & (1 << bit) != 0).map(|(_, name)| name.as_str())
    }

    fn add_support(
        &mut self,
        folder: &Folder,
        lexicon: usize,
        vocabulary: &mut Vocabulary,
        grammar: &Grammar,
        problems: &mut Vec<Problem>,
    ) {
        let Some(text) = folder.get("support.toml") else { return };
        let file = folder.path("support.toml");
        let sets: SupportFile = match parse_toml(&file, text) {
            Ok(sets) => sets,
            Err(problem) => return problems.push(problem),
        };
        let lines = lines_of_entries(text, "[[support]]");
        for (i, set) in sets.support.into_iter().enumerate() {
            let line = lines.get(i).copied().unwrap_or(1);
            let bit = self.support_sets.len() as u32;
            if bit as usize >= MOST_SUPPORT_SETS {
                return problems
                    .push(Problem::of(&file, format!("more than {MOST_SUPPORT_SETS} support sets in all")));
            }
            if self.support_sets.insert((lexicon, set.id.clone()), bit).is_some() {
                problems.push(Problem::at(&file, line, format!("duplicate id: support set {:?}", set.id)));
            }
            self.close.extend(set.within.map(|reach| (1 << bit, reach)));
            self.set_names.push(set.id.clone());
            let wards = set.wards.iter().map(|ward| fold(ward).text().to_string()).collect();
            let places = Places { sections: set.sections, documents: set.documents, wards };
            if !(places.sections.is_empty() && places.documents.is_empty() && places.wards.is_empty()) {
                self.places.push((1 << bit, places));
            }
            for word in set.words {
                let key = literal(&word, vocabulary, &grammar.inflection);
                if key.is_empty() {
                    problems.push(Problem::at(&file, line, format!("empty word in set {:?}", set.id)));
                }
                self.support_keys.push((key, bit));
            }
        }
    }
}

/// Reads the rows of one `terms.tsv`.
struct Reader<'a> {
    all: &'a mut Concepts,
    manifest: &'a Manifest,
    lexicon: usize,
    groups: Groups,
    seen: FxHashMap<String, u32>,
}

impl Reader<'_> {
    fn row<'r>(
        &mut self,
        place: (u16, u32),
        is_muted: bool,
        cell: impl Fn(usize) -> &'r str,
        vocabulary: &mut Vocabulary,
        grammar: &Grammar,
    ) -> Result<(), String> {
        let line = place.1 as usize;
        let (id, text, kind) = (cell(0), cell(1), cell(2));
        check_id(id)?;
        let tokens = cut(text);
        if !tokens.iter().any(|t| matches!(t.kind, TokenKind::Word | TokenKind::Number)) {
            return Err("empty term: write the words, or delete the line".into());
        }
        let has_preferred = !kind.is_empty();
        if !matches!(kind, "" | "preferred" | "synonym" | "abbreviation") {
            return Err(format!("unknown kind {kind:?}; expected preferred, synonym or abbreviation"));
        }
        let flags = flags(cell(5))?;
        let concept = self.concept(line, id, text, kind)?;
        if kind == "preferred" || (!has_preferred && self.all.concepts[concept as usize].line == line) {
            self.describe(concept, line, text, cell(3), cell(4), flags.minor)?;
        } else if !cell(3).is_empty() || !cell(4).is_empty() {
            return Err("codings and group belong on the preferred row of the concept".into());
        }
        let capitals = (kind == "abbreviation" || (self.manifest.kind_is_bare() && is_acronym(text)))
            .then(|| text.into());
        let term = Term {
            concept,
            text: text.into(),
            capitals,
            ambiguous: flags.ambiguous,
            support: self.sets(cell(6))?,
            against: self.sets(cell(7))?,
            place,
        };
        if term.ambiguous && term.support == 0 && cell(6).is_empty() && self.groups.is_empty() {
            return Err("an ambiguous term needs support: name a set of support.toml".into());
        }
        if is_muted {
            return Ok(());
        }
        let number = self.all.terms.len() as u32;
        if !term.ambiguous && term.capitals.is_none() {
            for token in tokens.iter().filter(|t| t.folded.len() >= SHORTEST_CORRECTED) {
                if !self.all.long_words.contains(&token.folded) {
                    self.all.long_words.insert(token.folded.clone());
                }
            }
        }
        let left_out = self.manifest.left_out;
        for key in keys_of(&tokens, term.capitals.is_some(), left_out, vocabulary, grammar) {
            if key.len() > LONGEST_TERM {
                return Err(format!("the term has {} words; at most {LONGEST_TERM} are read", key.len()));
            }
            self.all.keys.push((key, number));
        }
        self.all.terms.push(term);
        Ok(())
    }

    /// The concept of a row, made by its first row. A second preferred row is a duplicate id.
    fn concept(&mut self, line: usize, id: &str, label: &str, kind: &str) -> Result<u32, String> {
        if let Some(&index) = self.seen.get(id) {
            let known = &mut self.all.concepts[index as usize];
            if kind == "preferred" {
                if known.line != 0 {
                    return Err(format!(
                        "duplicate id: concept {id:?} has a preferred row at line {} already",
                        known.line
                    ));
                }
                known.line = line;
                known.label = label.to_string();
            }
            return Ok(index);
        }
        let index = self.all.concepts.len() as u32;
        self.seen.insert(id.to_string(), index);
        self.all.concepts.push(Concept {
            id: id.to_string(),
            label: label.to_string(),
            codings: Vec::new(),
            subgroups: Vec::new(),
            minor: false,
            lexicon: self.lexicon,
            group: None,
            line: if kind == "synonym" || kind == "abbreviation" { 0 } else { line },
        });
        Ok(index)
    }

    fn describe(
        &mut self,
        concept: u32,
        line: usize,
        label: &str,
        codings: &str,
        group: &str,
        minor: bool,
    ) -> Result<(), String> {
        let mut codes = codings.split_whitespace().map(|c| self.coding(c)).collect::<Result<Vec<_>, _>>()?;
        let bare = self.manifest.kind_is_bare();
        let id = self.all.concepts[concept as usize].id.clone();
        if bare && let Some((system, _)) = id.split_once(':') {
            codes.push((system.to_string(), id.clone()));
        }
        let mut reached = None;
        if !group.is_empty() {
            let found = self
                .groups
                .get(group)
                .ok_or_else(|| format!("unknown group {group:?}; add it to groups.tsv"))?;
            if found.eurocat {
                codes.push(("EUROCAT".into(), group.to_string()));
            }
            reached = Some((found.reached.clone(), found.organ));
        }
        codes.sort();
        codes.dedup();
        let known = &mut self.all.concepts[concept as usize];
        known.codings = codes;
        known.line = line;
        known.label = label.to_string();
        known.minor = minor;
        if let Some((subgroups, organ)) = reached {
            known.subgroups = subgroups;
            known.group = organ.map(|o| o + (self.lexicon as u32) * 64);
        }
        Ok(())
    }

    fn coding(&self, text: &str) -> Result<(String, String), String> {
        let (system, code) =
            text.split_once(':').ok_or_else(|| format!("coding {text:?} is not SYSTEM:CODE"))?;
        let systems = &self.manifest.code_systems;
        if code.is_empty() || !(systems.is_empty() || systems.iter().any(|s| s == system)) {
            return Err(format!("coding {text:?}: system not in the manifest's code_systems {systems:?}"));
        }
        Ok((system.to_string(), code.to_string()))
    }

    fn sets(&self, ids: &str) -> Result<SupportSets, String> {
        ids.split_whitespace().try_fold(0, |bits, id| {
            let bit = self.all.support_sets.get(&(self.lexicon, id.to_string()));
            bit.map(|bit| bits | 1 << bit)
                .ok_or_else(|| format!("unknown support set {id:?}; add it to support.toml"))
        })
    }
}

struct Flags {
    ambiguous: bool,
    minor: bool,
}

fn flags(text: &str) -> Result<Flags, String> {
    let mut flags = Flags { ambiguous: false, minor: false };
    for flag in text.split_whitespace() {
        match flag {
            "ambiguous" => flags.ambiguous = true,
            "minor" => flags.minor = true,
            _ => return Err(format!("unknown flag {flag:?}; expected ambiguous or minor")),
        }
    }
    Ok(flags)
}

fn check_id(id: &str) -> Result<(), String> {
    // The French CIM-10 has codes such as F03+01.
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '-' | '+');
    if id.is_empty() {
        Err("empty concept id".into())
    } else if id.len() > 255 || !id.chars().all(legal) {
        Err(format!("concept id {id:?} holds a character other than letters, digits, _ . : - +"))
    } else {
        Ok(())
    }
}

/// True for two to six capitals and digits: an acronym in a list that does not say so.
fn is_acronym(text: &str) -> bool {
    (2..=6).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}
