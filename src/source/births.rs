//! Rows of births: how many, where, when.

use super::rows::{self, Cells};
use super::{Reason, Record, Rejection};
use crate::population::Births;

const COUNT: &str = "a whole number, 0 or more";
const PERIOD: &str = "a year (2024), a month (2024-03) or an ISO week (2024-W12)";

/// Reads a row of births.
///
/// # Errors
/// A [`Rejection`] when the row cannot be accepted.
pub fn read_births(record: Record) -> Result<Births, Rejection> {
    rows::read(record, births)
}

fn births(cells: &mut Cells) -> Result<Births, Reason> {
    let missing = |field| Reason::MissingField { field, also: "no other spelling" };
    let period = cells.identifier(&["period"])?.ok_or_else(|| missing("period"))?;
    let period = period.trim();
    if !is_period(period) {
        return Err(Reason::BadValue { field: "period", expected: PERIOD });
    }
    Ok(Births {
        area: cells.identifier(&["area"])?.ok_or_else(|| missing("area"))?,
        period: period.to_owned(),
        live_births: cells
            .integer(&["live_births"], 0..=i64::MAX, COUNT)?
            .ok_or_else(|| missing("live_births"))?,
        stillbirths: cells.integer(&["stillbirths"], 0..=i64::MAX, COUNT)?,
    })
}

fn is_period(text: &str) -> bool {
    let figures = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    let within = |part: &str, last: u8| {
        figures(part, 2) && part.parse::<u8>().is_ok_and(|number| (1..=last).contains(&number))
    };
    match text.split_once('-') {
        None => figures(text, 4),
        Some((year, rest)) => {
            let is_part = match rest.strip_prefix('W') {
                Some(week) => within(week, 53),
                None => within(rest, 12),
            };
            figures(year, 4) && is_part
        }
    }
}
