//! The contract's table of fields, and how the values of one record become a [`Document`].

use serde_json::{Map, Value};

use super::{Reason, date};
use crate::document::Document;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Id,
    Text,
    Patient,
    Date,
    Type,
    Version,
    Visit,
    Title,
    BirthDate,
    Language,
    Ward,
}

/// Every spelling that is read; the short one of a field comes first.
const SPELLINGS: [(&str, Field); 21] = [
    ("document_id", Field::Id),
    ("note_id", Field::Id),
    ("text", Field::Text),
    ("note_text", Field::Text),
    ("patient_id", Field::Patient),
    ("person_id", Field::Patient),
    ("document_date", Field::Date),
    ("note_date", Field::Date),
    ("note_datetime", Field::Date),
    ("document_type", Field::Type),
    ("note_class", Field::Type),
    ("version", Field::Version),
    ("visit_id", Field::Visit),
    ("visit_occurrence_id", Field::Visit),
    ("title", Field::Title),
    ("note_title", Field::Title),
    ("birth_date", Field::BirthDate),
    ("language", Field::Language),
    ("ward", Field::Ward),
    ("care_site", Field::Ward),
    ("unit_name", Field::Ward),
];

/// Read as the document date when no spelling of the contract gives one; else a field like any unknown one.
const DATE_ALIAS: &str = "date";

const ID_LIMIT: usize = 255;

/// Index of a spelling in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(usize);

impl Slot {
    pub(super) fn named(name: &str) -> Option<Self> {
        SPELLINGS.iter().position(|(spelling, _)| *spelling == name).map(Self)
    }

    pub(super) fn field(self) -> Field {
        SPELLINGS[self.0].1
    }
}

/// The value of a field, as far as the contract cares.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    Absent,
    Text(String),
    Integer(i128),
    /// Anything else, by the name of its kind.
    Other(&'static str),
}

impl From<Value> for Scalar {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Absent,
            Value::String(text) => Self::Text(text),
            Value::Number(number) => match number.as_i128() {
                Some(integer) => Self::Integer(integer),
                None => Self::Other("a number that is not a 64-bit integer"),
            },
            Value::Bool(_) => Self::Other("a boolean"),
            Value::Array(_) => Self::Other("an array"),
            Value::Object(_) => Self::Other("an object"),
        }
    }
}

/// The values of one record, filled by a format.
pub(super) struct Fields {
    values: [Option<Scalar>; SPELLINGS.len()],
    /// Fields outside the contract; their values are null unless they are to be kept.
    others: Map<String, Value>,
    keep_others: bool,
    duplicate: Option<Reason>,
}

impl Fields {
    pub(super) fn new(keep_others: bool) -> Self {
        Self { values: Default::default(), others: Map::new(), keep_others, duplicate: None }
    }

    /// Whether the value of a field outside the contract matters.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.keep_others || name == DATE_ALIAS
    }

    /// Sets a field of the contract. One set twice has no value worth naming in a rejection.
    pub(super) fn set(&mut self, slot: Slot, value: Scalar) {
        let place = &mut self.values[slot.0];
        if place.is_none() {
            *place = Some(value);
        } else {
            *place = Some(Scalar::Other("two values"));
            self.set_duplicate(Some(SPELLINGS[slot.0].0));
        }
    }

    /// Sets a field outside the contract; give null for one that is not wanted.
    pub(super) fn set_other(&mut self, name: String, value: Value) {
        if self.others.insert(name, value).is_some() {
            self.set_duplicate(None);
        }
    }

    pub(super) fn set_duplicate(&mut self, field: Option<&'static str>) {
        self.duplicate.get_or_insert(Reason::DuplicateKey { field });
    }

    /// The identifier to name in a rejection: only one that is valid and that nothing contradicts.
    pub(super) fn document_id(&self) -> Option<String> {
        let mut ids = slots(Field::Id).filter_map(|at| {
            let value = self.values[at].clone()?;
            document_id(SPELLINGS[at].0, value).transpose()
        });
        let id = ids.next()?.ok()?;
        ids.all(|other| other.as_ref() == Ok(&id)).then_some(id)
    }

    /// The patient of a record that is refused, when one was found and no other.
    pub(super) fn patient_id(&self) -> Option<String> {
        let mut ids = slots(Field::Patient).filter_map(|at| {
            let value = self.values[at].clone()?;
            identifier(SPELLINGS[at].0, value).transpose()
        });
        let id = ids.next()?.ok()?;
        ids.all(|other| other.as_ref() == Ok(&id)).then_some(id)
    }

    /// Validates everything. The text may take `text_limit` bytes.
    pub(super) fn into_document(mut self, text_limit: usize) -> Result<Document, Reason> {
        if let Some(reason) = self.duplicate.take() {
            return Err(reason);
        }
        let missing = |field, also| Reason::MissingField { field, also };
        let document = Document {
            id: self.take(Field::Id, document_id)?.ok_or_else(|| missing("document_id", "note_id"))?,
            version: self.take(Field::Version, version)?.unwrap_or(0),
            patient_id: self.take(Field::Patient, identifier)?,
            visit_id: self.take(Field::Visit, identifier)?,
            document_type: self.take(Field::Type, label)?,
            title: self.take(Field::Title, label)?,
            ward: self.take_ward(),
            date: self.take_date()?,
            birth_date: self.take(Field::BirthDate, iso_date)?,
            language: self.take(Field::Language, label)?,
            text: self.take(Field::Text, text)?.ok_or_else(|| missing("text", "note_text"))?,
            source_fields: if self.keep_others { self.others } else { Map::new() },
        };
        let (bytes, limit) = (document.text.len() as u64, text_limit as u64);
        if bytes > limit { Err(Reason::TooLarge { bytes, limit }) } else { Ok(document) }
    }

    /// The value of a field, all its spellings converted and compared.
    fn take<T: PartialEq>(
        &mut self,
        field: Field,
        convert: fn(&'static str, Scalar) -> Result<Option<T>, Reason>,
    ) -> Result<Option<T>, Reason> {
        let mut kept: Option<(&'static str, T)> = None;
        for at in slots(field) {
            let name = SPELLINGS[at].0;
            let value = self.values[at].take().unwrap_or(Scalar::Absent);
            let Some(value) = convert(name, value)? else { continue };
            match &kept {
                Some((first, other)) if *other != value => {
                    return Err(Reason::ConflictingFields { first, second: name });
                }
                Some(_) => {}
                None => kept = Some((name, value)),
            }
        }
        Ok(kept.map(|(_, value)| value))
    }

    /// The first of its spellings that has a value. They may differ (an identifier, a name), and what they hold was
    /// ignored before: nothing in them sets a report aside.
    fn take_ward(&mut self) -> Option<String> {
        slots(Field::Ward).find_map(|at| {
            let value = self.values[at].take()?;
            identifier(SPELLINGS[at].0, value).ok().flatten()
        })
    }

    fn take_date(&mut self) -> Result<Option<jiff::civil::Date>, Reason> {
        if let Some(date) = self.take(Field::Date, iso_date)? {
            return Ok(Some(date));
        }
        let alias = self.others.remove(DATE_ALIAS).map_or(Scalar::Absent, Scalar::from);
        iso_date(DATE_ALIAS, alias)
    }
}

/// Places in the table of the spellings of a field.
fn slots(field: Field) -> impl Iterator<Item = usize> {
    (0..SPELLINGS.len()).filter(move |&at| SPELLINGS[at].1 == field)
}

fn text(field: &'static str, value: Scalar) -> Result<Option<String>, Reason> {
    match value {
        Scalar::Absent => Ok(None),
        Scalar::Text(text) if text.contains('\0') => Err(Reason::NulCharacter { field }),
        Scalar::Text(text) => Ok(Some(text)),
        Scalar::Integer(_) => Err(wrong_type(field, "a string", "a number")),
        Scalar::Other(found) => Err(wrong_type(field, "a string", found)),
    }
}

pub(super) fn label(field: &'static str, value: Scalar) -> Result<Option<String>, Reason> {
    Ok(text(field, value)?.filter(|label| !label.is_empty()))
}

pub(super) fn document_id(field: &'static str, value: Scalar) -> Result<Option<String>, Reason> {
    let Some(id) = string_or_integer(field, value)? else { return Ok(None) };
    let bad = |problem| Err(Reason::BadIdentifier { field, problem });
    if id.trim().is_empty() {
        bad("is empty")
    } else if id.chars().nth(ID_LIMIT).is_some() {
        bad("is longer than 255 characters")
    } else {
        Ok(Some(id))
    }
}

pub(super) fn identifier(field: &'static str, value: Scalar) -> Result<Option<String>, Reason> {
    Ok(string_or_integer(field, value)?.filter(|id| !id.is_empty()))
}

fn string_or_integer(field: &'static str, value: Scalar) -> Result<Option<String>, Reason> {
    match value {
        Scalar::Integer(integer) => Ok(Some(integer.to_string())),
        Scalar::Other(found) => Err(wrong_type(field, "a string or an integer", found)),
        other => match text(field, other)? {
            Some(id) if id.chars().any(char::is_control) => {
                Err(Reason::BadIdentifier { field, problem: "holds control characters" })
            }
            id => Ok(id),
        },
    }
}

fn version(field: &'static str, value: Scalar) -> Result<Option<i64>, Reason> {
    let expected = "an integer of at most 64 bits";
    match value {
        Scalar::Integer(integer) => {
            integer.try_into().map(Some).map_err(|_| wrong_type(field, expected, "a larger integer"))
        }
        Scalar::Other(found) => Err(wrong_type(field, expected, found)),
        other => match text(field, other)?.as_deref().map(str::trim) {
            None | Some("") => Ok(None),
            Some(figures) => {
                figures.parse().map(Some).map_err(|_| wrong_type(field, expected, "another string"))
            }
        },
    }
}

pub(super) fn iso_date(field: &'static str, value: Scalar) -> Result<Option<jiff::civil::Date>, Reason> {
    let value = match value {
        Scalar::Integer(_) => Scalar::Other("a number"),
        other => other,
    };
    if let Scalar::Other(found) = value {
        return Err(wrong_type(field, "an ISO date in a string", found));
    }
    match text(field, value)?.as_deref().map(str::trim) {
        None | Some("") => Ok(None),
        Some(written) => date::parse(written).map(Some).ok_or(Reason::ImpossibleDate { field }),
    }
}

fn wrong_type(field: &'static str, expected: &'static str, found: &'static str) -> Reason {
    Reason::WrongType { field, expected, found }
}
