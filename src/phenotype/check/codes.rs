//! What a checker knows of codes: the categories of the CIM-10 that exist, and the subdivisions of its chapter XVII.

use std::collections::BTreeSet;

const BLOCKS: &str = include_str!("../../../phenotypes/cim10_blocks.tsv");
const ANOMALIES: &str = include_str!("../../../phenotypes/eurocat/codes.tsv");

/// Systems whose codes hold every code that begins with them, and may be given as ranges.
const BY_PREFIX: [&str; 3] = ["CIM-10", "ATC", "CCAM"];

/// Letters of the chapter whose subdivisions are known.
const KNOWN_TO_FOUR: char = 'Q';

/// The codes that exist, as far as the shipped tables say.
pub(in crate::phenotype) struct Codes {
    blocks: Vec<(&'static str, &'static str, Vec<&'static str>)>,
    anomalies: BTreeSet<&'static str>,
}

impl Codes {
    /// The shipped tables.
    pub fn shipped() -> Self {
        let blocks = rows(BLOCKS).filter_map(|cells| {
            let missing = cells.get(4)?.split(',').filter(|code| !code.is_empty()).collect();
            Some((*cells.first()?, *cells.get(1)?, missing))
        });
        let anomalies = rows(ANOMALIES).filter_map(|cells| cells.first().copied());
        Self { blocks: blocks.collect(), anomalies: anomalies.collect() }
    }

    /// What is wrong with `SYSTEM:CODE` or `SYSTEM:FIRST-LAST`.
    pub fn fault(&self, text: &str) -> Option<String> {
        let Some((system, code)) = text.split_once(':') else {
            return Some(format!("code {text:?} names no system; write \"CIM-10:{text}\""));
        };
        if let Some(fault) = system_fault(system, text) {
            return Some(fault);
        }
        let strange = |c: char| c.is_whitespace() || c.is_control();
        if code.is_empty() || code.contains(strange) {
            return Some(format!("code {text:?} is not SYSTEM:CODE; take out what is not of the code"));
        }
        if system != "CIM-10" {
            return None;
        }
        match code.split_once('-') {
            None => self.cim10_fault(code),
            Some((first, last)) => self.range_fault(text, first, last),
        }
    }

    fn range_fault(&self, text: &str, first: &str, last: &str) -> Option<String> {
        let ends = self.cim10_fault(first).or_else(|| self.cim10_fault(last));
        let reversed = || format!("range {text:?} ends before it begins; put the first code first");
        ends.or_else(|| (first > last).then(reversed))
    }

    fn cim10_fault(&self, code: &str) -> Option<String> {
        if !is_cim10(code) {
            let example = "a letter, two digits, then a point and more digits, as in Q39.1";
            return Some(format!("CIM-10 code {code:?} is malformed; write {example}"));
        }
        let category = &code[..3];
        if !self.has_category(category) {
            return Some(format!("CIM-10 has no category {category}; correct {code:?}"));
        }
        let four = code.get(..5)?;
        let known = !code.starts_with(KNOWN_TO_FOUR) || self.has_anomaly(four);
        (!known).then(|| {
            let there = self.anomalies.range(category..).take_while(|code| code.starts_with(category));
            let there: Vec<&str> = there.copied().collect();
            format!("CIM-10 has no code {four}; category {category} has {}", there.join(", "))
        })
    }

    fn has_category(&self, category: &str) -> bool {
        let holds = |(first, last, missing): &(&str, &str, Vec<&str>)| {
            *first <= category && category <= *last && !missing.contains(&category)
        };
        self.blocks.iter().any(holds)
    }

    fn has_anomaly(&self, code: &str) -> bool {
        self.anomalies.range(code..).next().is_some_and(|found| found.starts_with(code))
    }
}

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().skip(1).map(|line| line.split('\t').collect())
}

fn system_fault(system: &str, text: &str) -> Option<String> {
    let plain: String =
        system.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let meant = match plain.as_str() {
        "CIM10" | "ICD10" | "ICD" | "CIM" => "CIM-10",
        "ATC" | "CCAM" | "HPO" | "ORPHA" | "EUROCAT" => plain.as_str(),
        "HP" => "HPO",
        "ORPHANET" => "ORPHA",
        _ if system.is_empty() || !system.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') => {
            return Some(format!("code {text:?} is not SYSTEM:CODE, as in \"CIM-10:Q39.1\""));
        }
        _ => return None,
    };
    (meant != system).then(|| format!("system {system:?} is written {meant:?} here; correct {text:?}"))
}

fn is_cim10(code: &str) -> bool {
    let bytes = code.as_bytes();
    let category =
        bytes.len() >= 3 && bytes[0].is_ascii_uppercase() && bytes[1..3].iter().all(u8::is_ascii_digit);
    let tail = bytes.get(3..).unwrap_or_default();
    category
        && code.is_ascii()
        && (tail.is_empty()
            || (tail[0] == b'.' && (2..=5).contains(&tail.len()) && tail[1..].iter().all(is_digit)))
}

fn is_digit(byte: &u8) -> bool {
    byte.is_ascii_digit() || *byte == b'+'
}

/// Whether every code of `code` is one of `wider`, both `SYSTEM:CODE` or ranges.
pub(super) fn covers(wider: &str, code: &str) -> bool {
    let (Some((wide_system, wide)), Some((system, code))) = (wider.split_once(':'), code.split_once(':'))
    else {
        return wider == code;
    };
    if wide_system != system || !BY_PREFIX.contains(&system) {
        return wider == code || (wide_system == system && wide == code);
    }
    let (from, until) = ends(wide);
    let (first, last) = ends(code);
    from <= first && (last < until || last.starts_with(until))
}

fn ends(code: &str) -> (&str, &str) {
    code.split_once('-').unwrap_or((code, code))
}
