//! When a run took place: the only time that an exchange knows, given by the caller.

use super::ExchangeError;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

/// The time of a run, in UTC, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(DateTime);

impl Stamp {
    /// Reads `2024-03-01T10:00:00Z`, as the warehouse writes it, the same with another offset, or `2024-03-01`, which is its
    /// midnight.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, ExchangeError> {
        let refused = |_| ExchangeError::Stamp { found: text.to_string() };
        if text.contains('T') {
            let instant = text.parse::<Timestamp>().map_err(refused)?;
            return Ok(Self(Offset::UTC.to_datetime(instant)));
        }
        text.parse::<Date>().map(|date| Self(date.at(0, 0, 0, 0))).map_err(refused)
    }

    /// The day, ISO.
    pub fn date(self) -> String {
        self.0.date().to_string()
    }

    /// The time without zone, as a column of OMOP has it: `2024-03-01 10:00:00`.
    pub fn datetime(self) -> String {
        self.0.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The instant, as FHIR has it: `2024-03-01T10:00:00Z`.
    pub fn instant(self) -> String {
        self.0.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}
