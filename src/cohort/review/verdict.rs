//! What a reviewer says of a case, in any of the spellings of `phenotypes/verdicts.tsv`.

use serde::Serialize;

/// What a reviewer says of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is one.
    Validated,
    /// It is none.
    Rejected,
    /// The record does not tell.
    Uncertain,
}

impl Verdict {
    /// The spelling of the warehouse.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Validated => "validated",
            Self::Rejected => "rejected",
            Self::Uncertain => "uncertain",
        }
    }

    /// Reads the spelling of the warehouse.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Validated, Self::Rejected, Self::Uncertain].into_iter().find(|v| v.as_str() == text)
    }

    /// Reads what a person wrote, in any case.
    pub fn read(text: &str) -> Option<Self> {
        let word = text.trim().to_lowercase();
        let rows = include_str!("../../../phenotypes/verdicts.tsv").lines();
        let mut rows = rows.filter(|row| !row.starts_with('#')).filter_map(|row| row.split_once('\t'));
        rows.find(|(_, known)| *known == word).and_then(|(verdict, _)| Self::parse(verdict))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        for (text, verdict) in [
            ("validated", Some(Verdict::Validated)),
            (" Validé ", Some(Verdict::Validated)),
            ("valide", Some(Verdict::Validated)),
            ("REJETÉ", Some(Verdict::Rejected)),
            ("rejete", Some(Verdict::Rejected)),
            ("incertain", Some(Verdict::Uncertain)),
            ("verdict", None),
            ("", None),
            ("maybe", None),
        ] {
            assert_eq!(Verdict::read(text), verdict, "{text}");
        }
    }
}
