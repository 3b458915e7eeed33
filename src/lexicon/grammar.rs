//! Function words, modifiers, coordination and inflection, from the lexicons of kind `grammar`.

use super::conjugation::Conjugation;
use super::folder::Folder;
use super::problem::Problem;
use super::table::Table;
use super::vocabulary::{Inflection, Vocabulary, cut};
use rustc_hash::FxHashMap;

/// What a word may do in a sentence: a set of roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Role(u32);

impl Role {
    /// Article or "of": does not count inside a concept.
    pub const ARTICLE: Role = Role(1);
    /// Side, extent, severity: may stand inside a concept without being part of it.
    pub const MODIFIER: Role = Role(1 << 1);
    /// Joins like with like.
    pub const COORDINATOR: Role = Role(1 << 2);
    /// Opens a subordinate clause.
    pub const SUBORDINATOR: Role = Role(1 << 3);
    /// A conjugated verb that often stands alone.
    pub const VERB: Role = Role(1 << 4);
    /// Left.
    pub const LEFT: Role = Role(1 << 5);
    /// Right.
    pub const RIGHT: Role = Role(1 << 6);
    /// Both sides.
    pub const BILATERAL: Role = Role(1 << 7);
    /// One side.
    pub const UNILATERAL: Role = Role(1 << 8);
    /// Introduces a numbered kind: type, grade, stage.
    pub const GRADE: Role = Role(1 << 9);
    /// First part of compounds.
    pub const PREFIX: Role = Role(1 << 10);
    /// Preposition other than "of".
    pub const PREPOSITION: Role = Role(1 << 11);
    /// Subject pronoun: starts a clause.
    pub const PRONOUN: Role = Role(1 << 12);
    /// Opens the negation of a verb.
    pub const NEGATION_OPEN: Role = Role(1 << 13);
    /// Closes the negation of a verb.
    pub const NEGATION_CLOSE: Role = Role(1 << 14);

    /// Article, possessive or demonstrative that opens a noun phrase; "of" is none.
    pub const DETERMINER: Role = Role(1 << 15);

    /// "Of" after a negated verb, which opens what is denied.
    pub const PARTITIVE: Role = Role(1 << 16);

    /// "One", which an article may also be: nothing need follow it.
    pub const NUMERAL: Role = Role(1 << 17);

    /// Opens a phrase that tells when or why, which what is said before it does not govern.
    pub const ADJUNCT: Role = Role(1 << 18);

    /// Denies the adjective after it.
    pub const NEGATION_PREFIX: Role = Role(1 << 19);

    /// Names what is known already: "his", "this".
    pub const POSSESSIVE: Role = Role(1 << 20);

    /// A verb when it is written without accent.
    pub const AUXILIARY: Role = Role(1 << 21);

    /// A verb in the present where an article follows it: "présente une fente".
    pub const PRESENT: Role = Role(1 << 22);

    /// Opens examples with the subordinator after it, which opens no clause there: "such as".
    pub const EXEMPLIFIER: Role = Role(1 << 23);

    const NAMES: [(&'static str, Role); 23] = [
        ("article", Role::ARTICLE),
        ("modifier", Role::MODIFIER),
        ("coordinator", Role::COORDINATOR),
        ("subordinator", Role::SUBORDINATOR),
        ("verb", Role::VERB),
        ("left", Role::LEFT),
        ("right", Role::RIGHT),
        ("bilateral", Role::BILATERAL),
        ("unilateral", Role::UNILATERAL),
        ("grade", Role::GRADE),
        ("prefix", Role::PREFIX),
        ("preposition", Role::PREPOSITION),
        ("pronoun", Role::PRONOUN),
        ("determiner", Role::DETERMINER),
        ("numeral", Role::NUMERAL),
        ("partitive", Role::PARTITIVE),
        ("negation_open", Role::NEGATION_OPEN),
        ("negation_close", Role::NEGATION_CLOSE),
        ("adjunct", Role::ADJUNCT),
        ("possessive", Role::POSSESSIVE),
        ("auxiliary", Role::AUXILIARY),
        ("negation_prefix", Role::NEGATION_PREFIX),
        ("exemplifier", Role::EXEMPLIFIER),
    ];

    /// True when this set shares a role with `other`.
    pub fn has(self, other: Role) -> bool {
        self.0 & other.0 != 0
    }

    /// The set of both.
    pub const fn and(self, other: Role) -> Role {
        Role(self.0 | other.0)
    }
}

/// The grammar of all lexicons of that kind.
#[derive(Default)]
pub struct Grammar {
    roles: FxHashMap<String, Role>,
    /// Endings of adjectives, folded, without their plural.
    adjective_endings: Vec<String>,
    /// Endings of present participles, folded.
    participle_endings: Vec<String>,
    /// Prefixes by their first byte, longest first: every word of every term is looked up.
    prefixes: FxHashMap<u8, Vec<String>>,
    /// Forms that are one word ("iii", "3"), in the order of the rows.
    groups: Vec<Vec<String>>,
    pub(super) inflection: Inflection,
    pub(super) conjugation: Conjugation,
    /// Letters that scanning confuses, as read and as meant.
    confusions: Vec<(String, String)>,
}

impl Grammar {
    /// Adds a folder of kind `grammar`: `terms.tsv` with `role` and `term`, inflection and conjugation.
    pub(super) fn add(&mut self, folder: &Folder, problems: &mut Vec<Problem>) {
        if let Some(text) = folder.get("inflection.tsv") {
            self.inflection = Inflection::read(&folder.path("inflection.tsv"), text, problems);
        }
        self.conjugation.add(folder, problems);
        self.add_confusions(folder, problems);
        let file = folder.path("terms.tsv");
        let text = folder.get("terms.tsv").unwrap_or("");
        let Some(table) = Table::read(&file, text, ["role", "term", "note"], 2, problems) else { return };
        for row in &table.rows {
            let forms: Vec<String> = table
                .cell(row, 1)
                .split_whitespace()
                .flat_map(cut)
                .map(|token| token.folded)
                .filter(|form| form != "-")
                .collect();
            if forms.is_empty() {
                problems.push(Problem::at(&file, row.line, "empty term"));
            }
            if !table.cell(row, 0).ends_with("_ending") {
                self.groups.push(forms.clone());
            }
            match table.cell(row, 0) {
                "same" | "known" => {}
                "adjective_ending" => self.adjective_endings.extend(forms),
                "participle_ending" => self.participle_endings.extend(forms),
                name => match Role::NAMES.iter().find(|(known, _)| *known == name) {
                    Some((_, role)) => self.give(forms, *role),
                    None => problems.push(Problem::at(&file, row.line, format!("unknown role {name:?}"))),
                },
            }
        }
        self.prefixes.values_mut().for_each(|group| group.sort_by_key(|p| std::cmp::Reverse(p.len())));
    }

    /// `confusions.tsv`: what scanning reads, and what was printed.
    fn add_confusions(&mut self, folder: &Folder, problems: &mut Vec<Problem>) {
        let Some(text) = folder.get("confusions.tsv") else { return };
        let file = folder.path("confusions.tsv");
        let Some(table) = Table::read(&file, text, ["read", "printed", "note"], 2, problems) else { return };
        for row in &table.rows {
            let [read, printed] = [0, 1].map(|column| table.cell(row, column).to_string());
            match read.is_empty() || printed.is_empty() || read == printed {
                true => problems.push(Problem::at(&file, row.line, "name two different groups of letters")),
                false => self.confusions.push((read, printed)),
            }
        }
    }

    fn give(&mut self, forms: Vec<String>, role: Role) {
        for form in forms {
            if role == Role::PREFIX {
                self.prefixes.entry(form.as_bytes()[0]).or_default().push(form.clone());
            }
            let entry = self.roles.entry(form).or_default();
            *entry = entry.and(role);
        }
    }

    /// Interns every form that has a role, and makes one word of the forms of a row.
    pub(super) fn intern(&self, vocabulary: &mut Vocabulary) {
        for group in &self.groups {
            if let Some((first, rest)) = group.split_first() {
                let id = vocabulary.intern(first);
                rest.iter().for_each(|form| vocabulary.alias(form, id));
            }
        }
        for (form, role) in &self.roles {
            vocabulary.give(form, *role);
        }
        for form in self.conjugation.finite() {
            vocabulary.intern(&form);
            vocabulary.give(&form, Role::VERB);
        }
        for form in self.conjugation.present() {
            vocabulary.intern(&form);
            vocabulary.give(&form, Role::PRESENT);
        }
        // A tab is a cell border.
        let border = vocabulary.intern("|");
        vocabulary.alias("\t", border);
    }

    pub(super) fn role_of_text(&self, folded: &str) -> Role {
        self.roles.get(folded).copied().unwrap_or_default()
    }

    pub(super) fn is_prefix(&self, folded: &str) -> bool {
        self.role_of_text(folded).has(Role::PREFIX)
    }

    /// The prefix that a folded word begins with.
    pub fn prefix_of(&self, folded: &str) -> Option<&str> {
        let group = self.prefixes.get(folded.as_bytes().first()?)?;
        group.iter().map(String::as_str).find(|prefix| folded.starts_with(prefix))
    }

    /// Letters that scanning confuses, as read and as printed.
    pub fn confusions(&self) -> &[(String, String)] {
        &self.confusions
    }

    /// True when a folded word has the ending of a present participle.
    pub fn looks_like_participle(&self, folded: &str) -> bool {
        folded.len() > 5 && self.participle_endings.iter().any(|e| folded.ends_with(e.as_str()))
    }

    /// True when a folded word has the ending of an adjective, singular or plural.
    pub fn looks_like_adjective(&self, folded: &str) -> bool {
        let singular = folded.strip_suffix('s').unwrap_or(folded);
        self.adjective_endings.iter().any(|e| singular.ends_with(e.as_str()) || folded.ends_with(e.as_str()))
    }
}
