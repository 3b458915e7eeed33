//! The normal form of a date: what it says, before any other date is known.

use super::{Amount, Calendar, Direction, Found, Kind, Unit};
use std::fmt::{Display, Formatter, Result};

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

impl Found {
    /// The normal form, as listed at the head of `lexicons/dates/terms.tsv`.
    pub fn normal_form(&self) -> String {
        match self.kind {
            Kind::Absolute(calendar) => calendar.to_string(),
            Kind::Relative { direction, amount } => format!("{}{}", direction.sign(), Total(amount)),
            Kind::Weekday { weekday, direction } => {
                let name = WEEKDAYS[(weekday as usize + 6) % 7];
                format!("{}{name}", direction.sign())
            }
            Kind::Duration(amount) => format!("during {}", Total(amount)),
            Kind::Age(amount) => format!("age{}", Parts(amount)),
            Kind::Gestation { days } => format!("GA {days}"),
            Kind::Postnatal { count, unit } => format!("{}{count}", letter(unit)),
            Kind::After { count, unit } => format!("{}{count:+}", letter(unit)),
        }
    }
}

impl Direction {
    fn sign(self) -> &'static str {
        match self {
            Direction::Past => "-",
            Direction::Current => "~",
            Direction::Future => "+",
        }
    }
}

fn letter(unit: Unit) -> char {
    match unit {
        Unit::Minute | Unit::Hour => 'H',
        Unit::Day => 'J',
        Unit::Week => 'S',
        Unit::Month => 'M',
        Unit::Year => 'A',
    }
}

/// Parts that the text does not give are question marks.
impl Display for Calendar {
    fn fmt(&self, f: &mut Formatter) -> Result {
        match self.year {
            Some(year) => write!(f, "{year:04}")?,
            None => f.write_str("????")?,
        }
        for part in [self.month, self.day] {
            match part {
                Some(part) => write!(f, "-{part:02}")?,
                None => f.write_str("-??")?,
            }
        }
        if let Some(hour) = self.hour {
            write!(f, " {hour:02}h")?;
        }
        if let Some(minute) = self.minute {
            write!(f, "{minute:02}m")?;
        }
        Ok(())
    }
}

/// An amount as one number of days, or of the hours or minutes that make it up.
struct Total(Amount);

impl Display for Total {
    fn fmt(&self, f: &mut Formatter) -> Result {
        let (leading, unit) = self.0.leading();
        let (count, unit) = match unit {
            Unit::Hour | Unit::Minute => (i32::from(leading), unit),
            _ => (self.0.in_days(), Unit::Day),
        };
        write!(f, "{count} {}{}", unit.name(), if count > 1 { "s" } else { "" })
    }
}

/// An amount in its own units.
struct Parts(Amount);

impl Display for Parts {
    fn fmt(&self, f: &mut Formatter) -> Result {
        for (count, unit) in self.0.parts() {
            write!(f, " {count} {}{}", unit.name(), if count > 1 { "s" } else { "" })?;
        }
        Ok(())
    }
}
