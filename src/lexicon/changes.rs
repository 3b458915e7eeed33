//! What a change of the lexicons can touch: which words a report must hold for its events to differ.
//!
//! Terms and cues are compared as compiled: their words, with every form that each may take, and what they say. A change of
//! anything else (grammar, sections, dates, types of reports, patterns, descriptions, support sets, groups, the order of rows)
//! can touch every report.

use super::folder::Folder;
use super::manifest::{Kind, Manifest};
use super::mechanism::Mechanisms;
use super::problem::Problems;
use super::vocabulary::WordId;
use super::{GAP, Read};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};

/// What two sets of lexicons differ by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changes {
    /// Every report may be touched, for these reasons.
    Everything(Vec<String>),
    /// Some reports may be touched.
    Some(Traced),
}

/// What leads to the reports that may be touched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traced {
    /// The reports that hold the words of a trigger.
    pub triggers: Vec<Trigger>,
    /// The reports that have an event of one of these concepts, however it was found: they say something else now.
    pub concepts: Vec<String>,
    /// True when terms or concepts differ, not cues alone.
    pub of_terms: bool,
}

/// Words that a report must hold to be touched by one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// The change, for people.
    pub reason: String,
    /// For each word of the term or cue, the folded forms of which one must be there.
    pub all_of: Vec<Vec<String>>,
}

/// A compiled term or cue, and where it comes from.
struct Entry {
    rule: String,
    is_term: bool,
    all_of: Vec<Vec<String>>,
}

/// Lexicons as far as they are compared word by word.
struct Compiled {
    /// By all that a term or cue says and matches.
    entries: BTreeMap<String, Entry>,
    /// Keys of `entries` in the order of the rows: of two terms with one form, the first wins.
    order: Vec<String>,
    forms: FxHashSet<String>,
    /// Words whose typing errors are forgiven.
    long_words: FxHashSet<String>,
    /// What each concept says.
    concepts: BTreeMap<String, String>,
}

impl Changes {
    /// Compares two sets of lexicons.
    ///
    /// # Errors
    /// Problems of the folders.
    pub fn between(old: &[Folder], new: &[Folder]) -> Result<Self, Problems> {
        let reasons = beyond_words(old, new)?;
        if !reasons.is_empty() {
            return Ok(Self::Everything(reasons));
        }
        let (old, new) = (Compiled::of(old)?, Compiled::of(new)?);
        if !old.keeps_the_order_of(&new) {
            return Ok(Self::Everything(vec!["the order of terms or cues".to_owned()]));
        }
        let gone = only_in(&old, &new).map(|entry| entry.trigger("removed or changed"));
        let come = only_in(&new, &old).map(|entry| entry.trigger("added or changed"));
        let known = old.forms.symmetric_difference(&new.forms);
        let known = known.map(|form| word_trigger(form, "a word that one of the two does not know"));
        let forgiven = old.long_words.symmetric_difference(&new.long_words);
        let forgiven = forgiven.map(|form| word_trigger(form, "a word whose errors one of the two forgives"));
        let mut triggers: Vec<Trigger> = gone.chain(come).chain(known).chain(forgiven).collect();
        triggers.sort_by(|a, b| (&a.reason, &a.all_of).cmp(&(&b.reason, &b.all_of)));
        triggers.dedup();
        let says_the_same = |(id, says): &(&String, &String)| new.concepts.get(*id) == Some(says);
        let concepts = old.concepts.iter().filter(|concept| !says_the_same(concept));
        let concepts: Vec<String> = concepts.map(|(id, _)| id.clone()).collect();
        let is_of_terms = |one: &Compiled, other: &Compiled| only_in(one, other).any(|entry| entry.is_term);
        let of_terms = !concepts.is_empty() || is_of_terms(&old, &new) || is_of_terms(&new, &old);
        Ok(Self::Some(Traced { triggers, concepts, of_terms }))
    }
}

fn word_trigger(form: &str, reason: &str) -> Trigger {
    Trigger { reason: reason.to_owned(), all_of: vec![vec![form.to_owned()]] }
}

impl Entry {
    fn trigger(&self, what: &str) -> Trigger {
        Trigger { reason: format!("{} {what}", self.rule), all_of: self.all_of.clone() }
    }
}

fn only_in<'c>(one: &'c Compiled, other: &'c Compiled) -> impl Iterator<Item = &'c Entry> {
    one.entries.iter().filter(|(key, _)| !other.entries.contains_key(*key)).map(|(_, entry)| entry)
}

/// Differences that are not of terms or cues, by lexicon.
fn beyond_words(old: &[Folder], new: &[Folder]) -> Result<Vec<String>, Problems> {
    let (old, new) = (by_name(old), by_name(new));
    let mut reasons = Vec::new();
    for name in old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))) {
        let (before, after) = (old.get(name).copied(), new.get(name).copied());
        let kind = before.or(after).map(kind_of).transpose()?;
        let by_words = matches!(kind, Some(Kind::Concepts | Kind::Cues));
        for file in files_that_differ(before, after) {
            if !(by_words && (file == "terms.tsv" || is_harmless(&file, before, after)))
                && file != "cases.toml"
            {
                reasons.push(format!("{name}/{file}"));
            }
        }
    }
    Ok(reasons)
}

fn by_name(folders: &[Folder]) -> BTreeMap<&str, &Folder> {
    folders.iter().map(|folder| (folder.name.as_str(), folder)).collect()
}

fn kind_of(folder: &Folder) -> Result<Kind, Problems> {
    Manifest::read(folder).map(|manifest| manifest.kind).map_err(|problem| Problems(vec![problem]))
}

fn files_that_differ(before: Option<&Folder>, after: Option<&Folder>) -> Vec<String> {
    let is_other = |name: &str| before.and_then(|f| f.get(name)) != after.and_then(|f| f.get(name));
    let names = [before, after].into_iter().flatten().flat_map(|folder| folder.files().map(|(name, _)| name));
    let names: BTreeSet<&str> = names.filter(|name| is_other(name)).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// A manifest whose words for people alone differ; that of a new or removed lexicon, whose terms tell what it touches.
fn is_harmless(file: &str, before: Option<&Folder>, after: Option<&Folder>) -> bool {
    if file != "manifest.toml" {
        return false;
    }
    let (Some(before), Some(after)) = (before, after) else { return true };
    let read = |folder| Manifest::read(folder).ok();
    let (Some(before), Some(after)) = (read(before), read(after)) else { return false };
    before.kind == after.kind
        && before.lasting == after.lasting
        && before.congenital == after.congenital
        && before.left_out == after.left_out
}

impl Compiled {
    fn of(folders: &[Folder]) -> Result<Self, Problems> {
        let (mut read, manifests, ..) = Read::all(folders, Mechanisms::default())?;
        read.vocabulary.settle();
        let classes = read.synonyms.settle(&read.vocabulary, Mechanisms::default());
        let mut forms_of: FxHashMap<WordId, Vec<String>> = FxHashMap::default();
        for (form, word) in read.vocabulary.all() {
            forms_of.entry(classes.of(word).0).or_default().push(form.to_owned());
        }
        forms_of.values_mut().for_each(|forms| forms.sort());
        let all_of = |key: &[WordId]| -> Vec<Vec<String>> {
            let words = key.iter().filter(|word| **word != GAP);
            let class = |word: &WordId| classes.of(read.vocabulary.find(*word)).0;
            words.map(|word| forms_of.get(&class(word)).cloned().unwrap_or_default()).collect()
        };
        let (mut entries, mut order) = (BTreeMap::new(), Vec::new());
        let concepts = &read.concepts;
        for (key, term) in &concepts.keys {
            let term = &concepts.terms[*term as usize];
            let concept = &concepts.concepts[term.concept as usize];
            let lexicon = &manifests[concept.lexicon];
            let rule = format!("{}:{} {:?}", lexicon.id, concept.id, term.text);
            let says = format!(
                "{rule} {} {:?} {:?} {} {:?} {:?} {} {:?} {:?} {} {} {:?}",
                concept.label,
                concept.codings,
                concept.subgroups,
                concept.minor,
                concept.group,
                term.capitals,
                term.ambiguous,
                term.support,
                term.against,
                lexicon.lasting,
                lexicon.congenital,
                lexicon.left_out,
            );
            let entry = Entry { rule, is_term: true, all_of: all_of(key) };
            add(&mut entries, &mut order, says, key, entry);
        }
        for (key, form) in &read.cues.keys {
            let form = &read.cues.forms[*form as usize];
            let cue = &read.cues.cues[form.cue as usize];
            let says = format!(
                "{} {:?} {:?} {:?} {:?} {:?} {}",
                cue.id, cue.category, cue.direction, cue.reach, cue.certainty, cue.effect, form.letters
            );
            let entry = Entry { rule: format!("cue {}", cue.id), is_term: false, all_of: all_of(key) };
            add(&mut entries, &mut order, says, key, entry);
        }
        let forms = read.vocabulary.all().map(|(form, _)| form.to_owned()).collect();
        let long_words = concepts.long_words.clone();
        let says = |concept: &super::Concept| {
            let (label, group) = (&concept.label, concept.group);
            format!("{label} {:?} {:?} {} {group:?}", concept.codings, concept.subgroups, concept.minor)
        };
        let concepts = concepts.concepts.iter().map(|concept| (concept.id.clone(), says(concept))).collect();
        Ok(Self { entries, order, forms, long_words, concepts })
    }

    /// True when what both have stands in the same order in both.
    fn keeps_the_order_of(&self, other: &Self) -> bool {
        let own = self.order.iter().filter(|key| other.entries.contains_key(*key));
        let others = other.order.iter().filter(|key| self.entries.contains_key(*key));
        own.eq(others)
    }
}

/// Files an entry under what it says and every form it matches; two gaps in other places are two entries.
fn add(
    entries: &mut BTreeMap<String, Entry>,
    order: &mut Vec<String>,
    says: String,
    key: &[WordId],
    entry: Entry,
) {
    let gaps: Vec<usize> = (0..key.len()).filter(|i| key[*i] == GAP).collect();
    let key = format!("{says} {gaps:?} {:?}", entry.all_of);
    if entries.insert(key.clone(), entry).is_none() {
        order.push(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::shipped;

    fn with_row(row: &str) -> Vec<Folder> {
        let mut folders = shipped();
        for folder in folders.iter_mut().filter(|folder| folder.name == "malformations") {
            let text = format!("{}\n{row}\n", folder.get("terms.tsv").expect("terms").trim_end());
            let files: Vec<(String, String)> =
                folder.files().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
            let files = files.iter().map(|(name, own)| {
                (name.as_str(), if name == "terms.tsv" { text.as_str() } else { own.as_str() })
            });
            *folder = Folder::from_files("malformations", "malformations", files);
        }
        folders
    }

    #[test]
    fn no_change_touches_nothing() {
        assert_eq!(Changes::between(&shipped(), &shipped()).ok(), Some(Changes::Some(Traced::default())));
    }

    #[test]
    fn a_new_term_touches_the_reports_that_hold_its_words() {
        let new = with_row("omphalocele\texomphale zorglubien\tsynonym\t\t\t\t\t\town\t");
        let Ok(Changes::Some(Traced { triggers, .. })) = Changes::between(&shipped(), &new) else {
            panic!("a term is a matter of words")
        };
        let of_term: Vec<_> = triggers.iter().filter(|t| t.reason.contains("zorglubien")).collect();
        assert!(!of_term.is_empty());
        for trigger in of_term {
            assert!(
                trigger.all_of.iter().any(|forms| forms.contains(&"zorglubien".to_owned())),
                "{trigger:?}"
            );
        }
    }

    #[test]
    fn a_change_of_grammar_touches_everything() {
        let old: Vec<Folder> = shipped().into_iter().filter(|folder| folder.name != "units").collect();
        assert!(matches!(Changes::between(&old, &shipped()), Ok(Changes::Everything(_))));
    }
}
