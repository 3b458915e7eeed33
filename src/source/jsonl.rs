//! JSON Lines: one object a line, strictly read.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Value};

use super::compression::Compression;
use super::fields::{Fields, Scalar, Slot};
use super::input::{Content, Input, line_end};
use super::{Raw, Reason, Record, SourceError, encoding};

/// The lines of a file that are not blank.
pub(super) struct Lines {
    input: Input,
    limit: usize,
}

impl Lines {
    pub(super) fn open(path: &str, compression: Compression, limit: usize) -> Result<Self, SourceError> {
        Ok(Self { input: Input::open(path, compression)?, limit })
    }
}

impl Iterator for Lines {
    type Item = Result<Record, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let cut = match self.input.cut(self.limit, line_end)? {
                Ok(cut) => cut,
                Err(error) => return Some(Err(error)),
            };
            if let Some(raw) = raw(cut.content, self.limit) {
                return Some(Ok(Record {
                    origin: cut.origin,
                    raw,
                    bytes: self.input.take_bytes(),
                    watermark: None,
                }));
            }
        }
    }
}

/// What a line holds, `None` for a blank one.
fn raw(content: Content, limit: usize) -> Option<Raw> {
    match content {
        Content::Kept(line) if line.trim_ascii().is_empty() => None,
        Content::Kept(line) => Some(Raw::Json(line)),
        Content::Skipped(bytes) => Some(Raw::Refused(Reason::TooLarge { bytes, limit: limit as u64 })),
    }
}

/// Reads a line into `fields`, giving the encoding. After an error `fields` holds what came before it.
pub(super) fn read(line: Vec<u8>, fields: &mut Fields) -> Result<&'static str, Reason> {
    let (text, encoding) = encoding::decode(line)?;
    let mut json = serde_json::Deserializer::from_str(text.trim_ascii_end());
    match Object(fields).deserialize(&mut json).and_then(|()| json.end()) {
        Ok(()) => Ok(encoding),
        Err(error) => Err(explain(&text, &error)),
    }
}

/// Reads a line whole; a key that occurs twice is refused.
pub(super) fn read_object(line: Vec<u8>) -> Result<Map<String, Value>, Reason> {
    let (text, _) = encoding::decode(line)?;
    let mut json = serde_json::Deserializer::from_str(text.trim_ascii_end());
    let mut repeats = false;
    let value = Strict { repeats: &mut repeats }.deserialize(&mut json);
    match value.and_then(|value| json.end().map(|()| value)) {
        Ok(_) if repeats => Err(Reason::DuplicateKey { field: None }),
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Reason::NotJson { column: 1, problem: "the top level is not an object" }),
        Err(error) => Err(explain(&text, &error)),
    }
}

/// The message of serde_json may quote the input: only its position and category are used.
fn explain(text: &str, error: &serde_json::Error) -> Reason {
    let column = error.column();
    let surrogate = lone_surrogate(text.as_bytes());
    let problem = match error.classify() {
        Category::Syntax | Category::Io => match surrogate {
            Some(at) if at < column => return Reason::LoneSurrogate { column: at + 1 },
            _ => "syntax error",
        },
        Category::Eof => "ends before the object does",
        Category::Data => "the top level is not an object",
    };
    Reason::NotJson { column, problem }
}

/// Offset of the first escaped surrogate that is not half of a pair. Backslashes occur in strings only, so
/// nothing but them needs to be followed.
fn lone_surrogate(json: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &json[at..]) {
        at += found;
        at += match unit(&json[at..]) {
            Some(0xD800..=0xDBFF) => match json.get(at + 6..).and_then(unit) {
                Some(0xDC00..=0xDFFF) => 12,
                _ => return Some(at),
            },
            Some(0xDC00..=0xDFFF) => return Some(at),
            _ => 2,
        };
        if at >= json.len() {
            return None;
        }
    }
    None
}

/// The code unit of the `\uXXXX` escape that `json` starts with.
fn unit(json: &[u8]) -> Option<u16> {
    let figures = json.get(..6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(figures).ok()?, 16).ok()
}

/// Reads the top-level object.
struct Object<'f>(&'f mut Fields);

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let fields = self.0;
        while let Some(key) = map.next_key::<String>()? {
            if let Some(slot) = Slot::named(&key) {
                fields.set(slot, map.next_value()?);
            } else if fields.wants(&key) {
                let mut repeats = false;
                let value = map.next_value_seed(Strict { repeats: &mut repeats })?;
                fields.set_other(key, value);
                if repeats {
                    fields.set_duplicate(None);
                }
            } else {
                map.next_value::<IgnoredAny>()?;
                fields.set_other(key, Value::Null);
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

/// Takes what the contract may want and only names the rest.
struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Scalar, E> {
        Ok(Scalar::Text(text))
    }

    fn visit_i64<E>(self, integer: i64) -> Result<Scalar, E> {
        Ok(Scalar::Integer(integer.into()))
    }

    fn visit_u64<E>(self, integer: u64) -> Result<Scalar, E> {
        Ok(Scalar::Integer(integer.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar::from(Value::from(number)))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::from(Value::Bool(value)))
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::from(Value::Array(Vec::new())))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::from(Value::Object(Map::new())))
    }
}

/// Reads any value whole and tells whether an object inside it repeats a key, which `Value` alone would hide.
struct Strict<'r> {
    repeats: &'r mut bool,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_i64<E>(self, integer: i64) -> Result<Value, E> {
        Ok(Value::from(integer))
    }

    fn visit_u64<E>(self, integer: u64) -> Result<Value, E> {
        Ok(Value::from(integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Strict { repeats: self.repeats })? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(Strict { repeats: self.repeats })?;
            *self.repeats |= entries.insert(key, value).is_some();
        }
        Ok(Value::Object(entries))
    }
}
