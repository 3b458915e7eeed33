//! The table of concepts and vocabularies that ships with the engine: `src/exchange/omop.toml`.

use crate::exchange::ExchangeError;
use serde::Deserialize;

const FILE: &str = "src/exchange/omop.toml";

/// The table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shipped {
    /// A doubt of this certainty or less means that the term does not exist.
    pub very_low_certainty: f64,
    /// The domain of persons.
    pub person_domain: Term,
    /// Fact 1 is the mother of fact 2.
    pub mother_of: Term,
    /// Fact 1 is the child of fact 2.
    pub child_of: Term,
    /// Code systems, the preferred one first.
    pub systems: Vec<System>,
}

/// A concept with the name that it must have.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// Its id in the standard vocabularies; 0 when it has none.
    pub concept_id: i64,
    /// Its name there.
    pub name: String,
}

/// A code system of events and the vocabularies that hold its codes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// As in events.
    pub name: String,
    /// Values of `vocabulary_id`, the preferred one first.
    pub vocabularies: Vec<String>,
}

impl Shipped {
    /// Reads the shipped table.
    ///
    /// # Errors
    /// A fault in it.
    pub fn read() -> Result<Self, ExchangeError> {
        toml::from_str(include_str!("../omop.toml"))
            .map_err(|error| ExchangeError::Shipped { file: FILE, message: error.message().to_string() })
    }

    /// The place of a code system in the order of preference; those not named come last.
    pub fn rank(&self, system: &str) -> usize {
        self.systems.iter().position(|known| known.name == system).unwrap_or(self.systems.len())
    }
}
