//! What is above and below a code, its label, and whether it may be used.
//!
//! A system that a lexicon brings (`codes.tsv`, `groups.tsv`) answers by its graph. The CIM-10 may not be shipped: where no
//! site has imported it, its structure answers, which is known: chapters, blocks, and the beginning of the code. The fifth
//! digits of ICD-10-BPA, the extension of the British paediatricians that EUROCAT uses, are a system of their own.

use crate::lexicon::{Code, Lexicons, Validity};

const BLOCKS: &str = include_str!("../../phenotypes/cim10_blocks.tsv");
const ANOMALIES: &str = include_str!("../../phenotypes/eurocat/codes.tsv");

/// The classification in use in France.
pub const CIM10: &str = "CIM-10";
/// Its British extension for anomalies.
pub const BPA: &str = "ICD-10-BPA";

/// A code on the way up or down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relative {
    /// The code, or the range of a block or a chapter.
    pub code: String,
    /// Its label; may be empty.
    pub label: String,
}

/// What is known of a code.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Its label; may be empty.
    pub label: String,
    /// Whether it may be used.
    pub validity: Validity,
}

/// The code systems of the lexicons, and the structure of the CIM-10.
pub struct Hierarchy<'l> {
    lexicons: &'l Lexicons,
    blocks: Vec<Block>,
    anomalies: Vec<&'static str>,
}

struct Block {
    first: &'static str,
    last: &'static str,
    label: &'static str,
    chapter: &'static str,
    missing: Vec<&'static str>,
}

impl Block {
    fn holds(&self, code: &str) -> bool {
        code.get(..3).is_some_and(|category| self.first <= category && category <= self.last)
    }

    fn range(&self) -> String {
        format!("{}-{}", self.first, self.last)
    }
}

impl<'l> Hierarchy<'l> {
    /// The hierarchy that these lexicons bring.
    pub fn new(lexicons: &'l Lexicons) -> Self {
        let rows = |text: &'static str| text.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
        let block = |cells: Vec<&'static str>| {
            let missing = cells.get(4).map_or("", |cell| cell).split(',').filter(|code| !code.is_empty());
            Some(Block {
                first: cells.first()?,
                last: cells.get(1)?,
                label: cells.get(2)?,
                chapter: cells.get(3)?,
                missing: missing.collect(),
            })
        };
        let anomalies = rows(ANOMALIES).filter_map(|cells| cells.first().copied());
        Self { lexicons, blocks: rows(BLOCKS).filter_map(block).collect(), anomalies: anomalies.collect() }
    }

    /// Names of the systems that answer, sorted.
    pub fn systems(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.lexicons.codes.names().chain([CIM10, BPA]).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What is known of a code; `None` when its system has none such, or does not answer.
    pub fn get(&self, system: &str, code: &str) -> Option<Known> {
        if let Some(graph) = self.lexicons.codes.get(system) {
            let found = graph.get(code)?;
            return Some(Known { label: found.label.clone(), validity: found.validity });
        }
        let label = String::new();
        match system {
            CIM10 => self.structural(code).map(|validity| Known { label: self.label(code), validity }),
            BPA => {
                let four = code.get(..5).filter(|four| self.structural(four).is_some());
                let is_extended = code.len() == 6 && code.ends_with(|c: char| c.is_ascii_digit());
                four.filter(|_| is_extended || code.len() == 5)
                    .map(|_| Known { label, validity: Validity::Valid })
            }
            _ => None,
        }
    }

    /// Everything above a code, the nearest first.
    pub fn ancestors(&self, system: &str, code: &str) -> Vec<Relative> {
        if let Some(graph) = self.lexicons.codes.get(system) {
            return relatives(graph.ancestors(code));
        }
        if self.get(system, code).is_none() {
            return Vec::new();
        }
        let shorter = (3..code.len()).rev().filter_map(|n| code.get(..n)).filter(|part| !part.ends_with('.'));
        let mut found: Vec<Relative> = match code.contains('-') {
            true => Vec::new(),
            false => {
                shorter.map(|part| Relative { code: part.to_string(), label: self.label(part) }).collect()
            }
        };
        let Some(block) = self.blocks.iter().find(|block| block.holds(code)) else { return found };
        if block.range() != code && self.chapter(block.chapter) != code {
            found.push(Relative { code: block.range(), label: block.label.to_string() });
        }
        if self.chapter(block.chapter) != code {
            found.push(Relative { code: self.chapter(block.chapter), label: String::new() });
        }
        found
    }

    /// Everything below a code, the nearest first; of the CIM-10 without its list, blocks and the codes that are known.
    pub fn descendants(&self, system: &str, code: &str) -> Vec<Relative> {
        if let Some(graph) = self.lexicons.codes.get(system) {
            return relatives(graph.descendants(code));
        }
        if system != CIM10 {
            return Vec::new();
        }
        let (first, last) = code.split_once('-').unwrap_or((code, code));
        let within = |block: &&Block| {
            code.contains('-') && first <= block.first && block.last <= last && block.range() != code
        };
        let blocks = self.blocks.iter().filter(within);
        let blocks = blocks.map(|block| Relative { code: block.range(), label: block.label.to_string() });
        let below = |known: &&&str| {
            let of_length = known.get(..first.len()).unwrap_or_default();
            first <= of_length && of_length <= last && **known != code
        };
        let codes = self.anomalies.iter().filter(below);
        blocks.chain(codes.map(|code| Relative { code: (*code).to_string(), label: String::new() })).collect()
    }

    /// What is wrong with the codings of the concepts: (concept, system, code, fault).
    pub fn faults(&self) -> Vec<(u32, String)> {
        let mut faults = Vec::new();
        for (concept, number) in self.lexicons.concepts.concepts.iter().zip(0..) {
            for (system, code) in &concept.codings {
                let answers = self.lexicons.codes.get(system).is_some() || system == CIM10 || system == BPA;
                let fault = match self.get(system, code) {
                    None if answers => {
                        "is not a code of its system; correct it, or import the system's newer list"
                    }
                    Some(known) if known.validity == Validity::Obsolete => {
                        "is obsolete; give the code that replaced it"
                    }
                    _ => continue,
                };
                faults.push((number, format!("{system}:{code} {fault}")));
            }
        }
        faults
    }

    /// Validity by structure: a chapter or block, a category of a block, a subdivision; of chapter XVII those that exist.
    fn structural(&self, code: &str) -> Option<Validity> {
        if code.contains('-') {
            let is_block = self.blocks.iter().any(|b| b.range() == code || self.chapter(b.chapter) == code);
            return is_block.then_some(Validity::Group);
        }
        let bytes = code.as_bytes();
        let is_category = code.is_ascii()
            && bytes.len() >= 3
            && bytes[0].is_ascii_uppercase()
            && bytes[1..3].iter().all(u8::is_ascii_digit);
        let tail = code.get(3..)?;
        let is_tail = tail.is_empty()
            || tail.strip_prefix('.').is_some_and(|digits| {
                (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit() || b == b'+')
            })
            || tail.strip_prefix('+').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        let block = self.blocks.iter().find(|block| block.holds(code)).filter(|_| is_category && is_tail)?;
        if block.missing.contains(&&code[..3]) {
            return None;
        }
        // The anomalies are listed to four characters; a fifth digit is the extension's.
        let is_known = !code.starts_with('Q') || self.anomalies.iter().any(|known| known.starts_with(code));
        is_known.then_some(Validity::Valid)
    }

    /// The range of a chapter: "Q00-Q99".
    fn chapter(&self, chapter: &str) -> String {
        let mut blocks = self.blocks.iter().filter(|block| block.chapter == chapter);
        let first = blocks.next().map_or("", |block| block.first);
        format!("{first}-{}", blocks.next_back().map_or(first, |block| block.last))
    }

    fn label(&self, code: &str) -> String {
        let block = self.blocks.iter().find(|block| block.range() == code);
        block.map_or(String::new(), |block| block.label.to_string())
    }
}

fn relatives(codes: Vec<&Code>) -> Vec<Relative> {
    let relative = |code: &Code| Relative { code: code.code.clone(), label: code.label.clone() };
    codes.into_iter().map(relative).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(relatives: Vec<Relative>) -> Vec<String> {
        relatives.into_iter().map(|relative| relative.code).collect()
    }

    #[test]
    fn a_code_of_the_cim10_is_in_its_category_block_and_chapter() {
        let lexicons = Lexicons::load(vec![]).unwrap();
        let hierarchy = Hierarchy::new(&lexicons);
        assert_eq!(codes(hierarchy.ancestors(CIM10, "Q39.1")), ["Q39", "Q38-Q45", "Q00-Q99"]);
        assert_eq!(codes(hierarchy.ancestors(CIM10, "Q38-Q45")), ["Q00-Q99"]);
        assert!(codes(hierarchy.descendants(CIM10, "Q00-Q99")).contains(&"Q39.1".to_string()));
        assert!(codes(hierarchy.descendants(CIM10, "Q39")).iter().all(|code| code.starts_with("Q39.")));
        assert_eq!(hierarchy.get(CIM10, "Q38-Q45").unwrap().validity, Validity::Group);
        for unknown in ["Q08", "Q39.7", "q39.1", "Q39.", "", "é", "Q39.1x"] {
            assert!(hierarchy.get(CIM10, unknown).is_none(), "{unknown}");
            assert_eq!(hierarchy.ancestors(CIM10, unknown), [], "{unknown}");
        }
    }

    #[test]
    fn the_fifth_digit_of_the_extension_is_no_code_of_the_cim10() {
        let lexicons = Lexicons::load(vec![]).unwrap();
        let hierarchy = Hierarchy::new(&lexicons);
        assert!(hierarchy.get(CIM10, "Q79.80").is_none());
        assert!(hierarchy.get(BPA, "Q79.80").is_some());
        assert_eq!(codes(hierarchy.ancestors(BPA, "Q79.80"))[..2], ["Q79.8", "Q79"]);
        assert!(hierarchy.get(BPA, "Q08.80").is_none());
    }

    #[test]
    fn subgroups_are_a_system_and_the_shipped_codes_are_valid() {
        let lexicons = Lexicons::load(vec![]).unwrap();
        let hierarchy = Hierarchy::new(&lexicons);
        let above = codes(hierarchy.ancestors("EUROCAT", "oesophageal_atresia"));
        assert_eq!(above, ["digestive", "all_anomalies"]);
        assert!(codes(hierarchy.descendants("EUROCAT", "digestive")).contains(&"cdh".to_string()));
        assert_eq!(hierarchy.faults(), []);
    }
}
