//! Cleans the terms of a terminology, and tells every row that is dropped with its reason.

use super::super::manifest::parse_toml;
use super::super::problem::Problem;
use super::{CodeRow, Raw, Terminology};
use crate::normalize::fold;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;
use std::sync::OnceLock;

const RULES: &str = include_str!("../../../lexicons/import.toml");

/// Most characters of an abbreviation.
const LONGEST_ABBREVIATION: usize = 6;

/// Why a row was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Not of the format.
    Unreadable,
    /// Nothing but marks.
    Empty,
    /// The file says that it is not translated.
    NotTranslated,
    /// English left over.
    English,
    /// Markup that cannot be cleaned.
    Markup,
    /// A definition, not a term.
    TooLong,
    /// Says too little.
    TooBroad,
    /// What a classification has left over, or a risk or an examination.
    Residual,
    /// The nomenclature has withdrawn it.
    Withdrawn,
    /// A modifier, a mode of inheritance, a frequency.
    NoFinding,
    /// An abbreviation that is too short.
    ShortAbbreviation,
    /// An abbreviation that is a French word.
    AbbreviationIsWord,
    /// A synonym that is the label of another concept.
    LabelOfAnother,
    /// One synonym of two concepts.
    TwoConcepts,
    /// The same again, in other letters.
    Duplicate,
}

impl Reason {
    /// What the reports call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable row",
            Self::Empty => "empty term",
            Self::NotTranslated => "not translated",
            Self::English => "English left over",
            Self::Markup => "markup left over",
            Self::TooLong => "too long for a term",
            Self::TooBroad => "too broad",
            Self::Residual => "residual category, risk or examination",
            Self::Withdrawn => "withdrawn by the nomenclature",
            Self::NoFinding => "modifier, inheritance or frequency",
            Self::ShortAbbreviation => "abbreviation too short",
            Self::AbbreviationIsWord => "abbreviation is a French word",
            Self::LabelOfAnother => "label of another concept",
            Self::TwoConcepts => "synonym of two concepts",
            Self::Duplicate => "duplicate",
        }
    }
}

/// A row that was dropped.
#[derive(Clone, Debug, PartialEq)]
pub struct Dropped {
    /// Number of its file, and its line there.
    pub place: (usize, usize),
    /// Why.
    pub reason: Reason,
    /// Code of its concept; may be empty.
    pub code: String,
    /// The term.
    pub text: String,
}

impl Dropped {
    /// A row that is not of the format.
    pub(super) fn fault(place: (usize, usize), text: &str) -> Self {
        let text = text.chars().take(80).collect::<String>().replace(['\t', '\n', '\r'], " ");
        Self { place, reason: Reason::Unreadable, code: String::new(), text }
    }

    fn of(raw: &Raw, reason: Reason) -> Self {
        let text = raw.text.replace(['\t', '\n', '\r'], " ");
        Self { place: raw.place, reason, code: raw.code.clone(), text }
    }
}

/// A term that is kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kept {
    pub code: String,
    pub text: String,
    pub is_label: bool,
    pub is_abbreviation: bool,
    /// Something was taken off.
    pub is_cleaned: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    english: FxHashSet<String>,
    french: FxHashSet<String>,
    english_endings: Vec<String>,
    broad: FxHashSet<String>,
    bare: FxHashSet<String>,
    residual: Vec<String>,
    endings: Vec<String>,
    roots: FxHashMap<String, String>,
    marked: Marked,
    abbreviations: Abbreviations,
    limits: Limits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Marked {
    drop: Vec<String>,
    strip: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Abbreviations {
    words: FxHashSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    words: usize,
    shortest_abbreviation: usize,
}

/// True for a folded French word that an abbreviation may be mistaken for.
pub fn is_word(folded: &str) -> bool {
    static WORDS: OnceLock<FxHashSet<String>> = OnceLock::new();
    let words = WORDS.get_or_init(|| {
        parse_toml("lexicons/import.toml", RULES)
            .map(|rules: Rules| rules.abbreviations.words)
            .unwrap_or_default()
    });
    words.contains(folded)
}

/// The terms that are kept, labels first within a concept, and the rows that are dropped.
pub(super) fn clean(terminology: &Terminology) -> Result<(Vec<Kept>, Vec<Dropped>), Problem> {
    let rules: Rules = parse_toml("lexicons/import.toml", RULES)?;
    let mut dropped = terminology.faults.clone();
    let mut candidates = Vec::new();
    let obsolete: FxHashSet<&str> =
        terminology.codes.iter().filter(|c| c.status == "obsolete").map(|c| c.code.as_str()).collect();
    let root = rules.roots.get(&terminology.system).filter(|_| !terminology.codes.is_empty());
    let below = root.map(|root| below(root, &terminology.codes));
    for raw in &terminology.terms {
        let is_beside = below.as_ref().is_some_and(|below| !below.contains(raw.code.as_str()));
        let withdrawn = obsolete.contains(raw.code.as_str()).then_some(Reason::Withdrawn);
        let withdrawn = withdrawn.or(is_beside.then_some(Reason::NoFinding));
        for part in parts(raw) {
            match withdrawn.map_or_else(|| rules.clean(&part), Err) {
                Ok(kept) => candidates.push((kept, raw)),
                Err(reason) => dropped.push(Dropped::of(&part, reason)),
            }
        }
    }
    let kept = one_concept_each(candidates, &terminology.codes, &mut dropped);
    dropped.sort_by_key(|row| row.place);
    Ok((kept, dropped))
}

/// The term, and the abbreviation that stands behind it in brackets: "… obstructive (BPCO)".
fn parts(raw: &Raw) -> Vec<Raw> {
    let split = raw.text.trim().strip_suffix(')').and_then(|text| text.rsplit_once(" ("));
    match split.filter(|(term, short)| is_abbreviation(short) && !is_abbreviation(term)) {
        Some((term, short)) => vec![
            Raw { text: term.to_string(), ..raw.clone() },
            Raw { text: short.to_string(), is_label: false, ..raw.clone() },
        ],
        None => vec![raw.clone()],
    }
}

impl Rules {
    fn clean(&self, raw: &Raw) -> Result<Kept, Reason> {
        let text = self.without_additions(&without_markup(&raw.text));
        let folded = fold(&text).text().to_string();
        let words: Vec<&str> = words(&folded).collect();
        if words.is_empty() || !folded.contains(|c: char| c.is_alphabetic()) {
            return Err(Reason::Empty);
        }
        if raw.is_foreign {
            return Err(Reason::NotTranslated);
        }
        if self.marked.drop.iter().any(|mark| folded.starts_with(mark.as_str())) {
            return Err(Reason::Withdrawn);
        }
        if folded.contains(['<', '>', '&', '%', '|']) {
            return Err(Reason::Markup);
        }
        if self.is_english(&words, &folded, &raw.original) {
            return Err(Reason::English);
        }
        if words.len() > self.limits.words {
            return Err(Reason::TooLong);
        }
        if self.broad.contains(&folded) || self.bare.contains(&folded) {
            return Err(Reason::TooBroad);
        }
        if self.residual.iter().any(|start| folded.starts_with(start.as_str())) {
            return Err(Reason::Residual);
        }
        let is_abbreviation = is_abbreviation(&text);
        if is_abbreviation && text.chars().count() < self.limits.shortest_abbreviation || folded.len() < 2 {
            return Err(Reason::ShortAbbreviation);
        }
        if is_abbreviation && self.abbreviations.words.contains(&folded) {
            return Err(Reason::AbbreviationIsWord);
        }
        let is_cleaned = text != raw.text;
        Ok(Kept { code: raw.code.clone(), text, is_label: raw.is_label, is_abbreviation, is_cleaned })
    }

    /// Without what classifications and nomenclatures add to a name.
    fn without_additions(&self, text: &str) -> String {
        let mut text = without_code(text).to_string();
        let folded = fold(&text).text().to_string();
        if let Some(mark) = self.marked.strip.iter().find(|mark| folded.starts_with(mark.as_str())) {
            text = text.chars().skip(mark.chars().count()).collect();
        }
        loop {
            let folded = fold(&text).text().to_string();
            // An ending has as many characters folded as written: no ligature is in it.
            let ending =
                self.endings.iter().find(|end| folded.ends_with(end.as_str()) && folded.len() > end.len());
            let Some(ending) = ending else { break };
            let kept = text.chars().count().saturating_sub(ending.chars().count());
            text = text.chars().take(kept).collect();
        }
        text.trim().trim_end_matches(['.', ',', ';', ':']).trim().to_string()
    }

    fn is_english(&self, words: &[&str], folded: &str, original: &str) -> bool {
        if words.iter().any(|word| self.french.contains(*word)) {
            return false;
        }
        let ends = |word: &&str| self.english_endings.iter().any(|end| word.ends_with(end.as_str()));
        words.iter().any(|word| self.english.contains(*word))
            || (folded == fold(original).text() && words.iter().any(ends))
    }
}

/// The words of a folded text; an elided article is one, with its apostrophe.
fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split_inclusive(|c: char| !c.is_alphanumeric()).filter_map(|word| {
        let bare = word.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '\'');
        let bare = if bare.len() > 2 { bare.trim_end_matches('\'') } else { bare };
        (!bare.is_empty() && bare != "'").then_some(bare)
    })
}

/// Tags out, entities read, those that have lost their sign included ("quot;"), white space made single.
fn without_markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        // A comparison is no tag.
        let close = rest[open..]
            .find('>')
            .filter(|_| rest[open + 1..].starts_with(|c: char| c.is_alphabetic() || c == '/'));
        match close {
            Some(close) => {
                out.push_str(&rest[..open]);
                out.push(' ');
                rest = &rest[open + close + 1..];
            }
            None => {
                out.push_str(&rest[..=open]);
                rest = &rest[open + 1..];
            }
        }
    }
    out.push_str(rest);
    for (entity, text) in ENTITIES {
        if out.contains(entity) {
            out = out.replace(&format!("&{entity}"), text).replace(entity, text);
        }
    }
    out.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .trim_matches(['"', '\u{AB}', '\u{BB}', ' ', '*', '\u{2022}'])
        .to_string()
}

/// Entities that translation tables hold.
const ENTITIES: [(&str, &str); 6] =
    [("quot;", "\""), ("amp;", "&"), ("lt;", "<"), ("gt;", ">"), ("apos;", "'"), ("nbsp;", " ")];

/// Without a code of the CIM-10 and the mark after it: "N46 - stérilité".
fn without_code(text: &str) -> &str {
    let text = text.trim();
    let bytes = text.as_bytes();
    if bytes.len() < 4 || !bytes[0].is_ascii_uppercase() || !bytes[1..3].iter().all(u8::is_ascii_digit) {
        return text;
    }
    let code = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'.').count();
    let rest = text[code..].trim_start();
    match rest.strip_prefix(['-', ':', '\u{2013}', '\u{2014}']) {
        Some(rest) if code <= 6 => rest.trim_start(),
        _ => text,
    }
}

fn is_abbreviation(text: &str) -> bool {
    let length = text.chars().count();
    let capitals = text.chars().filter(|c| c.is_uppercase()).count();
    length <= LONGEST_ABBREVIATION
        && capitals * 2 > length
        && text.chars().all(|c| c.is_alphanumeric() || c == '-')
}

/// Gives each folded term to one concept: the one whose label it is, else the one above all others that have it; else to none.
fn one_concept_each(
    candidates: Vec<(Kept, &Raw)>,
    codes: &[CodeRow],
    dropped: &mut Vec<Dropped>,
) -> Vec<Kept> {
    let parents: FxHashMap<&str, &[String]> =
        codes.iter().map(|code| (code.code.as_str(), code.parents.as_slice())).collect();
    let key = |kept: &Kept| words(fold(&kept.text).text()).collect::<Vec<_>>().join(" ");
    let keys: Vec<String> = candidates.iter().map(|(kept, _)| key(kept)).collect();
    let mut holders: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    keys.iter().enumerate().for_each(|(i, key)| holders.entry(key).or_default().push(i));
    let mut verdicts: Vec<Option<Reason>> = vec![None; candidates.len()];
    for of_key in holders.values() {
        let (first_label, codes) = (
            of_key.iter().find(|&&i| candidates[i].0.is_label),
            of_key.iter().map(|&i| candidates[i].0.code.as_str()).collect::<FxHashSet<_>>(),
        );
        let owner = first_label.map(|&i| candidates[i].0.code.as_str());
        let owner = owner.or_else(|| {
            let is_above_all =
                |one: &&str| codes.iter().all(|other| other == one || is_above(one, other, &parents));
            codes.iter().copied().find(is_above_all)
        });
        let chosen = of_key.iter().copied().filter(|&i| Some(candidates[i].0.code.as_str()) == owner);
        let chosen = chosen.clone().find(|&i| candidates[i].0.is_label).or_else(|| chosen.clone().next());
        for &i in of_key.iter().filter(|&&i| Some(i) != chosen) {
            verdicts[i] = Some(match owner {
                Some(owner) if owner == candidates[i].0.code => Reason::Duplicate,
                Some(_) => Reason::LabelOfAnother,
                None => Reason::TwoConcepts,
            });
        }
    }
    let mut kept = Vec::new();
    for ((term, raw), verdict) in candidates.into_iter().zip(verdicts) {
        match verdict {
            Some(reason) => dropped.push(Dropped::of(raw, reason)),
            None => kept.push(term),
        }
    }
    kept.sort_by(|a, b| (&a.code, !a.is_label, &a.text).cmp(&(&b.code, !b.is_label, &b.text)));
    kept
}

/// The descendants of a code.
fn below<'c>(root: &'c str, codes: &'c [CodeRow]) -> FxHashSet<&'c str> {
    let mut children: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
    for code in codes {
        code.parents.iter().for_each(|parent| children.entry(parent).or_default().push(&code.code));
    }
    let (mut found, mut open) = (FxHashSet::default(), vec![root]);
    while let Some(code) = open.pop() {
        let new = children.get(code).into_iter().flatten().filter(|child| found.insert(**child));
        open.extend(new.copied().collect::<Vec<_>>());
    }
    found
}

/// Longest way up that is looked at.
const HIGHEST: usize = 24;

/// One code is an ancestor of another.
fn is_above(one: &str, other: &str, parents: &FxHashMap<&str, &[String]>) -> bool {
    let mut level: FxHashSet<&str> = FxHashSet::from_iter([other]);
    for _ in 0..HIGHEST {
        level = level
            .iter()
            .flat_map(|code| parents.get(code).copied().unwrap_or_default())
            .map(String::as_str)
            .collect();
        if level.contains(one) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(code: &str, text: &str, is_label: bool) -> Raw {
        Raw::term((0, 1), code, text, is_label)
    }

    fn cleaned(text: &str) -> Result<String, Reason> {
        let rules: Rules = parse_toml("lexicons/import.toml", RULES).unwrap();
        rules.clean(&raw("X", text, true)).map(|kept| kept.text)
    }

    #[test]
    fn terms_are_cleaned() {
        for (text, clean) in [
            ("quot;N46 - stérilité, chez l'hommequot;", "stérilité, chez l'homme"),
            ("Tumeur <i>maligne</i> du foie", "Tumeur maligne du foie"),
            ("Choléra, sans précision", "Choléra"),
            ("Fièvre typhoïde SAI", "Fièvre typhoïde"),
            ("NON RARE EN EUROPE : Maladie de Crohn", "Maladie de Crohn"),
            ("Q35 : fente palatine", "fente palatine"),
            ("Syndrome de Brown", "Syndrome de Brown"),
            ("B12", "B12"),
        ] {
            assert_eq!(cleaned(text).as_deref(), Ok(clean), "{text}");
        }
    }

    #[test]
    fn what_is_no_term_is_dropped_with_its_reason() {
        for (text, reason) in [
            ("", Reason::Empty),
            ("12 - 34", Reason::Empty),
            ("Abnormal serum cobalamin level", Reason::English),
            ("très rare (lt;4-1%)", Reason::Markup),
            ("anomalie", Reason::TooBroad),
            ("Autres anémies carentielles", Reason::Residual),
            ("OBSOLETE: Syndrome de X", Reason::Withdrawn),
            ("SA", Reason::ShortAbbreviation),
            ("MAI", Reason::AbbreviationIsWord),
            (
                "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept",
                Reason::TooLong,
            ),
        ] {
            assert_eq!(cleaned(text), Err(reason), "{text}");
        }
    }

    #[test]
    fn a_term_of_two_concepts_goes_to_the_one_it_labels() {
        let terms = vec![
            raw("A", "Fente labio-palatine", false),
            raw("B", "fente labio palatine", true),
            raw("A", "fente", true),
            raw("A", "Fente", false),
            raw("B", "ouverture", false),
            raw("A", "ouverture", false),
            raw("C", "brèche", false),
            raw("C", "bronchopathie obstructive (BPCO)", true),
            raw("B", "brèche", false),
        ];
        let below =
            CodeRow { code: "C".into(), parents: vec!["B".into()], status: "valid", ..CodeRow::default() };
        let (kept, dropped) =
            clean(&Terminology { terms, codes: vec![below], ..Terminology::default() }).unwrap();
        let kept: Vec<(&str, &str)> = kept.iter().map(|k| (k.code.as_str(), k.text.as_str())).collect();
        assert_eq!(
            kept,
            [
                ("A", "fente"),
                ("B", "fente labio palatine"),
                ("B", "brèche"),
                ("C", "bronchopathie obstructive"),
                ("C", "BPCO")
            ]
        );
        let reasons: Vec<Reason> = dropped.iter().map(|d| d.reason).collect();
        assert_eq!(reasons.len(), 5);
        for reason in [Reason::LabelOfAnother, Reason::Duplicate, Reason::TwoConcepts] {
            assert!(reasons.contains(&reason), "{reason:?}");
        }
    }
}
