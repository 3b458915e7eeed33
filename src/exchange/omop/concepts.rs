//! Concepts of the standard vocabularies for codes: read from a file, or found in a database.

use crate::event::Coding;
use crate::exchange::ExchangeError;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Read;

/// The concepts of a code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Concept {
    /// The standard concept that the code maps to; 0 when there is none.
    pub standard: i64,
    /// The concept of the code itself; 0 when there is none.
    pub source: i64,
}

/// Concepts by code system and code.
#[derive(Clone, Debug, Default)]
pub struct Concepts(BTreeMap<String, BTreeMap<String, Concept>>);

/// The columns of a file of concepts, in any order.
const HEADER: [&str; 4] = ["system", "code", "concept_id", "source_concept_id"];

/// A line of a file of concepts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    system: String,
    code: String,
    concept_id: Option<i64>,
    source_concept_id: Option<i64>,
}

impl Concepts {
    /// Reads CSV with the header `system,code,concept_id,source_concept_id`; an empty number is 0.
    ///
    /// # Errors
    /// Another header, a cell that is no whole number, a code given twice with other concepts; `file` names it.
    pub fn read(csv: impl Read, file: &str) -> Result<Self, ExchangeError> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(csv);
        let refused = |message| ExchangeError::Concepts { file: file.to_string(), line: 1, message };
        let found = reader.headers().map_err(|error| refused(expected(&error)))?;
        let is_whole =
            found.len() == HEADER.len() && HEADER.iter().all(|name| found.iter().any(|f| f == *name));
        if !is_whole {
            return Err(refused(format!("the header is {}, not what is here", HEADER.join(","))));
        }
        let mut concepts = Self::default();
        for (line, row) in (2_u64..).zip(reader.deserialize::<Line>()) {
            let refused = |message| ExchangeError::Concepts { file: file.to_string(), line, message };
            let row = row.map_err(|error| refused(expected(&error)))?;
            let concept = Concept {
                standard: row.concept_id.unwrap_or_default(),
                source: row.source_concept_id.unwrap_or_default(),
            };
            if concepts.get(&row.system, &row.code).is_some_and(|known| known != concept) {
                return Err(refused(format!("{} {} has two lines; leave one", row.system, row.code)));
            }
            concepts.put(&row.system, &row.code, concept);
        }
        Ok(concepts)
    }

    /// The concepts of a code.
    pub fn get(&self, system: &str, code: &str) -> Option<Concept> {
        self.0.get(system)?.get(code).copied()
    }

    /// Sets the concepts of a code.
    pub fn put(&mut self, system: &str, code: &str, concept: Concept) {
        self.0.entry(system.to_string()).or_default().insert(code.to_string(), concept);
    }

    /// The concepts of the first of these codes that has a standard one, else of the first that has one of its own,
    /// in the order of `rank`, then of the codes; zeros when none has.
    pub fn of(&self, codings: &[Coding], rank: impl Fn(&str) -> usize) -> Concept {
        let mut known: Vec<(usize, Concept)> = codings
            .iter()
            .filter_map(|coding| Some((rank(&coding.system), self.get(&coding.system, &coding.code)?)))
            .collect();
        known.sort_by_key(|(rank, concept)| (concept.standard == 0, concept.source == 0, *rank));
        known.first().map(|(_, concept)| *concept).unwrap_or_default()
    }
}

/// What a row should have been, in one line.
fn expected(error: &csv::Error) -> String {
    let header = format!("a line is {}, and ids are whole numbers", HEADER.join(","));
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => format!("{err}; {header}"),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} cells instead of {expected_len}; {header}")
        }
        _ => format!("not CSV in UTF-8; {header}"),
    }
}
