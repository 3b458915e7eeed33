//! The table of names that ships with the engine: `src/exchange/fhir.toml`.

use crate::event::{Experiencer, Laterality};
use crate::exchange::ExchangeError;
use serde::Deserialize;

const FILE: &str = "src/exchange/fhir.toml";

/// The table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shipped {
    systems: Vec<System>,
    kin: Vec<Kin>,
    sides: Vec<Side>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct System {
    name: String,
    uri: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kin {
    experiencer: Experiencer,
    code: String,
    display: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Side {
    laterality: Laterality,
    code: String,
    display: String,
}

impl Shipped {
    /// Reads the shipped table.
    ///
    /// # Errors
    /// A fault in it.
    pub fn read() -> Result<Self, ExchangeError> {
        toml::from_str(include_str!("../fhir.toml"))
            .map_err(|error| ExchangeError::Shipped { file: FILE, message: error.message().to_string() })
    }

    /// The URI of a code system.
    pub(super) fn uri(&self, system: &str) -> String {
        match self.systems.iter().find(|known| known.name == system) {
            Some(known) => known.uri.clone(),
            None => format!("urn:laennec:system:{}", plain(system)),
        }
    }

    /// Code and display of a relative; none of anybody else.
    pub(super) fn kin(&self, experiencer: Experiencer) -> Option<(&str, &str)> {
        let known = self.kin.iter().find(|known| known.experiencer == experiencer)?;
        Some((&known.code, &known.display))
    }

    /// Code and display of a side.
    pub(super) fn side(&self, laterality: Laterality) -> Option<(&str, &str)> {
        let known = self.sides.iter().find(|known| known.laterality == laterality)?;
        Some((&known.code, &known.display))
    }
}

/// Letters and digits in lower case, anything else a hyphen: what an URN may hold.
fn plain(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(letter).collect()
}
