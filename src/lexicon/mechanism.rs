//! The mechanisms that find a term beyond its exact form, each of which a lexicon or a measurement can leave out.

/// One mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mechanism {
    /// Plural and feminine.
    Inflection,
    /// Articles and "of" do not count.
    Elision,
    /// Complements and adjectives in another order.
    Order,
    /// Sides, degrees and breaks between the words of a term.
    Insertion,
    /// Another word for the head: absence and agenesis.
    Synonyms,
    /// The adjective for the noun: duodenal and "of the duodenum".
    Derivation,
    /// Abbreviations that the report itself explains.
    Definitions,
    /// Heads and complements shared by several findings.
    Coordination,
    /// One typing error in a long word.
    Typing,
    /// Letters that scanning confuses.
    Recognition,
    /// Findings told in other words, by their parts.
    Descriptions,
}

impl Mechanism {
    /// All of them.
    pub const ALL: [Mechanism; 11] = [
        Self::Inflection,
        Self::Elision,
        Self::Order,
        Self::Insertion,
        Self::Synonyms,
        Self::Derivation,
        Self::Definitions,
        Self::Coordination,
        Self::Typing,
        Self::Recognition,
        Self::Descriptions,
    ];

    /// Its name in manifests and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inflection => "inflection",
            Self::Elision => "elision",
            Self::Order => "order",
            Self::Insertion => "insertion",
            Self::Synonyms => "synonyms",
            Self::Derivation => "derivation",
            Self::Definitions => "definitions",
            Self::Coordination => "coordination",
            Self::Typing => "typing",
            Self::Recognition => "recognition",
            Self::Descriptions => "descriptions",
        }
    }

    /// The mechanism of this name.
    ///
    /// # Errors
    /// An unknown name, with those that are known.
    pub fn parse(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|m| m.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            format!("unknown mechanism {name:?}; expected one of {known}")
        })
    }
}

/// A set of mechanisms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mechanisms(u16);

impl Mechanisms {
    /// These and one more.
    pub fn with(self, mechanism: Mechanism) -> Self {
        Self(self.0 | 1 << mechanism as u8)
    }

    /// These and those.
    pub fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// These but for those.
    pub fn less(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// True when the mechanism is among these.
    pub fn has(self, mechanism: Mechanism) -> bool {
        self.0 & (1 << mechanism as u8) != 0
    }

    /// True when one is in both sets.
    pub fn meets(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// Names of these, in the order of [`Mechanism::ALL`].
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Mechanism::ALL.into_iter().filter(move |m| self.has(*m)).map(Mechanism::name)
    }

    /// True when there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_refused() {
        for mechanism in Mechanism::ALL {
            assert_eq!(Mechanism::parse(mechanism.name()), Ok(mechanism));
        }
        assert!(Mechanism::parse("magic").unwrap_err().contains("inflection, elision"));
        let set = Mechanisms::default().with(Mechanism::Typing);
        assert!(set.has(Mechanism::Typing) && !set.has(Mechanism::Order) && !set.is_empty());
    }
}
