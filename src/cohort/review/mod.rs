//! Review of cases by people: which ones to judge, and what their verdicts say of the phenotype.

mod report;
mod sample;
mod sheet;
mod verdict;

pub use report::{Case, Figures, Missed, Pair, Report, Sensitivity, disputed, report};
pub use sample::{NON_CASE, Pick, draw, stratum};
pub use sheet::{Code, Line, Snippet, case_line, sheet_id};
pub use verdict::Verdict;

use serde::{Deserialize, Serialize};

/// What the evidence of a case comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Reports only.
    Text,
    /// Coded events only.
    Code,
    /// Reports and coded events.
    Both,
    /// None of the evidence is in the warehouse any more.
    Unknown,
}

impl Source {
    /// The source of a case with evidence of these kinds.
    pub fn of(by_text: bool, by_codes: bool) -> Self {
        match (by_text, by_codes) {
            (true, true) => Self::Both,
            (true, false) => Self::Text,
            (false, true) => Self::Code,
            (false, false) => Self::Unknown,
        }
    }

    /// Its name in a stratum.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Code => "code",
            Self::Both => "both",
            Self::Unknown => "unknown",
        }
    }
}
