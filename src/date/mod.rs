//! Finds dates, durations, ages and gestational ages, resolves them, and says which one a mention goes with.
//!
//! One forward pass over the tokens ([`find`]); most tokens cost one look-up by word id. What a date says
//! ([`Found::normal_form`]) is kept apart from the day it means ([`resolve`]), which needs other dates.

mod amount;
mod attach;
mod calendar;
mod gestation;
mod norm;
mod phrase;
mod resolve;
mod scan;
mod words;

pub use amount::Amount;
pub use attach::{Period, gestational_age, nearest, periods, report_gestational_age};
pub use resolve::{Anchors, Precision, Resolved, Source, last_period, resolve};
pub use scan::{find, find_days};
pub use words::{Unit, Words};

use crate::segment::TokenRange;

/// A calendar date as far as the text gives it. It may be impossible (30 February): [`resolve`] then gives nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Calendar {
    /// Year, four digits.
    pub year: Option<i16>,
    /// Month, 1–12.
    pub month: Option<u8>,
    /// Day of the month, 1–31.
    pub day: Option<u8>,
    /// Hour, 0–23.
    pub hour: Option<u8>,
    /// Minute, 0–59.
    pub minute: Option<u8>,
}

/// Where a date lies, seen from the day of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Before.
    Past,
    /// The same day, week or month.
    Current,
    /// After.
    Future,
}

/// What kind of date was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A calendar date.
    Absolute(Calendar),
    /// An amount before or after the day of the report.
    Relative {
        /// Before or after.
        direction: Direction,
        /// How far.
        amount: Amount,
    },
    /// The last or next such weekday.
    Weekday {
        /// 1 is Monday.
        weekday: u8,
        /// Last or next.
        direction: Direction,
    },
    /// How long something lasts.
    Duration(Amount),
    /// The age of a person.
    Age(Amount),
    /// Time since the last menstrual period.
    Gestation {
        /// Completed days.
        days: u16,
    },
    /// Time since birth, written as a day of life ("J3", "H6").
    Postnatal {
        /// How many.
        count: u16,
        /// Of what.
        unit: Unit,
    },
    /// Time since an event that only the story dates ("J+2", "3 mois plus tard", "la veille").
    After {
        /// How many; negative before the event.
        count: i16,
        /// Of what.
        unit: Unit,
    },
}

/// What a date is the date of, when a word beside it says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sense {
    /// Nothing said: it may date a finding.
    #[default]
    Plain,
    /// A birth.
    Birth,
    /// First day of the last menstrual period.
    LastPeriod,
    /// Beginning of the pregnancy, two weeks later.
    Conception,
    /// Expected day of birth.
    Due,
    /// The state on the day of the report: the term reached, the age of the person.
    Today,
}

/// End of a period that a date gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// Since that date.
    From,
    /// Up to that date.
    Until,
}

/// A date found in a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub tokens: TokenRange,
    /// What.
    pub kind: Kind,
    /// What it is the date of.
    pub sense: Sense,
    /// Which end of a period it gives.
    pub bound: Option<Bound>,
    /// "dernier" or "prochain" beside a calendar date without year.
    pub tense: Option<Direction>,
    /// One past the last token of its line when the date opens the line or list item, else 0.
    pub opens_until: u32,
}
