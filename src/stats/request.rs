//! The checks that the requests of the statistics share.

use super::refused::Refused;
use serde::{Deserialize, Deserializer, de::Error};

/// The longest list that a request may hold.
pub(super) const LONGEST: usize = 1_000_000;
/// The largest count that a request may hold: the work of an exact tail grows with its root.
const LARGEST: f64 = 1e12;

/// A list of numbers. One that is missing (`null`) is read as no number, which the checks of the method refuse with its row.
pub(super) fn numbers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
    let values = Vec::<Option<f64>>::deserialize(from)?;
    Ok(values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
}

/// A whole number, written as `5` or as `5.0`.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a whole number")]
enum Whole {
    Unsigned(u64),
    Signed(i64),
    Decimal(f64),
}

/// Above this a decimal does not tell one whole number from the next.
const LARGEST_DECIMAL: f64 = 9e15;

impl Whole {
    fn into<T: TryFrom<i128>, E: Error>(self) -> Result<T, E> {
        let value = match self {
            Self::Unsigned(value) => value.into(),
            Self::Signed(value) => value.into(),
            Self::Decimal(value) if value.fract() == 0.0 && value.abs() <= LARGEST_DECIMAL => value as i128,
            Self::Decimal(value) => return Err(E::custom(format!("expected a whole number, found {value}"))),
        };
        T::try_from(value).map_err(|_| E::custom(format!("{value} is out of range")))
    }
}

/// A whole number, written with decimals or not.
pub(super) fn integer<'de, D: Deserializer<'de>, T: TryFrom<i128>>(from: D) -> Result<T, D::Error> {
    Whole::deserialize(from)?.into()
}

/// The same where it may be left out.
pub(super) fn maybe_integer<'de, D: Deserializer<'de>, T: TryFrom<i128>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    Option::<Whole>::deserialize(from)?.map(Whole::into).transpose()
}

/// Two whole numbers.
pub(super) fn integers<'de, D: Deserializer<'de>>(from: D) -> Result<[i64; 2], D::Error> {
    let [first, second] = <[Whole; 2]>::deserialize(from)?;
    Ok([first.into()?, second.into()?])
}

/// The level of intervals when the request has none.
pub(super) fn usual_level() -> f64 {
    0.95
}

/// A level between 0 and 1, neither included.
pub(super) fn level(value: f64) -> Result<f64, Refused> {
    let tail = (1.0 - value) / 2.0;
    if value > 0.0 && tail > 0.0 {
        return Ok(value);
    }
    Err(Refused::field("level", format!("expected a number above 0 and below 1, found {value}")))
}

/// A whole number from 0 to 10^12.
pub(super) fn whole(field: &'static str, value: f64) -> Result<u64, Refused> {
    is_whole(value).then_some(value as u64).ok_or_else(|| Refused::field(field, not_whole(value)))
}

/// A positive number.
pub(super) fn positive(field: &'static str, value: f64) -> Result<f64, Refused> {
    if (1e-100..=1e100).contains(&value) {
        return Ok(value);
    }
    Err(Refused::field(field, format!("expected a number above 0 (1e-100 to 1e100), found {value}")))
}

/// A list of whole numbers that is neither empty nor too long.
pub(super) fn counts(field: &'static str, values: &[f64]) -> Result<(), Refused> {
    length(field, values.len())?;
    match values.iter().position(|&value| !is_whole(value)) {
        Some(row) => Err(Refused::row(field, row, not_whole(values[row]))),
        None => Ok(()),
    }
}

/// A length that is neither zero nor too large.
pub(super) fn length(field: &'static str, found: usize) -> Result<(), Refused> {
    match found {
        0 => Err(Refused::field(field, "expected at least one value, found an empty list")),
        1..=LONGEST => Ok(()),
        _ => Err(Refused::field(field, format!("expected at most {LONGEST} values, found {found}"))),
    }
}

fn is_whole(value: f64) -> bool {
    (0.0..=LARGEST).contains(&value) && value.fract() == 0.0
}

fn not_whole(value: f64) -> String {
    format!("expected a whole number from 0 to 10^12, found {value}")
}
