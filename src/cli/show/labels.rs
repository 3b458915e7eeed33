//! What the values of the contract are called on the screen: the words of `lexicons/labels.toml`.

use super::super::{Failed, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

const SHIPPED: &str = include_str!("../../../lexicons/labels.toml");

type Names = BTreeMap<String, String>;

/// The words, by field and value of the contract.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Labels {
    assertion: Names,
    experiencer: Names,
    temporality: Names,
    laterality: Names,
    word: Names,
}

impl Labels {
    pub fn shipped() -> Result<Self> {
        toml::from_str(SHIPPED).map_err(|error| Failed(format!("lexicons/labels.toml: {error}")))
    }

    pub fn assertion<'a>(&'a self, value: &'a str) -> &'a str {
        named(&self.assertion, value)
    }

    pub fn experiencer<'a>(&'a self, value: &'a str) -> &'a str {
        named(&self.experiencer, value)
    }

    pub fn temporality<'a>(&'a self, value: &'a str) -> &'a str {
        named(&self.temporality, value)
    }

    pub fn laterality<'a>(&'a self, value: &'a str) -> &'a str {
        named(&self.laterality, value)
    }

    /// A word that is no value of the contract.
    pub fn word<'a>(&'a self, id: &'a str) -> &'a str {
        named(&self.word, id)
    }
}

/// The word for a value; the value itself where there is none.
fn named<'a>(names: &'a Names, value: &'a str) -> &'a str {
    names.get(value).map_or(value, String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Assertion, Experiencer, Laterality, Temporality};

    #[test]
    fn every_value_of_the_contract_has_a_word() {
        let labels = Labels::shipped().unwrap();
        assert!(Assertion::ALL.iter().all(|v| labels.assertion.contains_key(v.as_str())));
        assert!(Experiencer::ALL.iter().all(|v| labels.experiencer.contains_key(v.as_str())));
        assert!(Temporality::ALL.iter().all(|v| labels.temporality.contains_key(v.as_str())));
        assert!(Laterality::ALL.iter().all(|v| labels.laterality.contains_key(v.as_str())));
        assert_eq!(labels.word("unheard of"), "unheard of");
    }
}
