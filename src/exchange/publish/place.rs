//! Where a database is, and which schemas of it are meant.

use super::PublishError;
use crate::server::{Address, connect as connect_to};
use ::postgres::Client;

/// Schemas of a database, checked to be plain names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The schema of the tables that are written.
    pub schema: String,
    /// The schema of the vocabularies.
    pub vocabulary: String,
}

impl Place {
    /// A table of the schema, as SQL names it.
    pub fn table(&self, name: &str) -> String {
        format!("\"{}\".\"{name}\"", self.schema)
    }

    /// A table of the vocabularies, as SQL names it.
    pub fn vocabulary_table(&self, name: &str) -> String {
        format!("\"{}\".\"{name}\"", self.vocabulary)
    }
}

/// Connects to the database of an address. The only place that does.
pub(super) fn connect(address: &str) -> Result<(Client, Place), PublishError> {
    let (address, place) = read(address)?;
    let address = Address::parse(&address)?;
    if !address.rest.is_empty() {
        return Err(PublishError::Address("it has a parameter of no known name"));
    }
    Ok((connect_to(&address)?, place))
}

/// Takes `schema` (default: public) and `vocabulary` (default: the same schema) out of an address.
fn read(address: &str) -> Result<(String, Place), PublishError> {
    let (base, query) = address.split_once('?').unwrap_or((address, ""));
    let (mut schema, mut vocabulary, mut others) = (None, None, Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("schema", name)) => schema = Some(plain(name)?),
            Some(("vocabulary", name)) => vocabulary = Some(plain(name)?),
            _ => others.push(pair),
        }
    }
    let schema = schema.unwrap_or("public").to_string();
    let vocabulary = vocabulary.map_or_else(|| schema.clone(), str::to_string);
    let address = if others.is_empty() { base.to_string() } else { format!("{base}?{}", others.join("&")) };
    Ok((address, Place { schema, vocabulary }))
}

/// A name that needs no care inside quotes: letters, digits, `_`, `$`, `-`.
fn plain(name: &str) -> Result<&str, PublishError> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '-');
    match (1..=63).contains(&name.len()) && name.chars().all(is_plain) {
        true => Ok(name),
        false => {
            Err(PublishError::Address("the name of a schema is letters, digits, _, $ and -, at most 63"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_taken_out_of_the_address() {
        let table = [
            ("postgres://u@h/d", "postgres://u@h/d", "public", "public"),
            ("postgres://u@h/d?schema=cdm", "postgres://u@h/d", "cdm", "cdm"),
            (
                "postgres://h/d?connect_timeout=3&schema=cdm&vocabulary=v",
                "postgres://h/d?connect_timeout=3",
                "cdm",
                "v",
            ),
        ];
        for (given, rest, schema, vocabulary) in table {
            let place = Place { schema: schema.into(), vocabulary: vocabulary.into() };
            assert_eq!(read(given).unwrap(), (rest.to_string(), place), "{given}");
        }
    }

    #[test]
    fn a_refused_address_is_not_repeated() {
        for bad in
            ["postgres://u:secret@h/d?schema=a\"b", "postgres://u:secret@h:port/d", "postgres://h/d?secret=1"]
        {
            let message = connect(bad).err().unwrap().to_string();
            assert!(
                message.to_lowercase().contains("postgres://user@host") && !message.contains("secret"),
                "{message}"
            );
        }
    }
}
