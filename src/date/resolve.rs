//! From what a date says to the day it means, given the dates that the record knows.

use super::{Amount, Calendar, Direction, Found, Kind, Sense, Unit};
use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

/// How many days after the report a date without year may still lie.
///
/// The year that puts the date last before this day is taken: reports tell the past and announce the weeks ahead.
/// EDS-NLP takes the report's own year, which is wrong every winter; its cases agree with any horizon of 88 to 105.
const HORIZON: i64 = 92;
/// Days from the last period to the beginning of the pregnancy.
const TO_CONCEPTION: i64 = 14;
/// Days after the last period within which a report still tells that pregnancy: it may come weeks after its end.
const LONGEST_STORY: i64 = 400;
/// Gestational ages, in days, that a report can state.
const PLAUSIBLE_GESTATION: std::ops::RangeInclusive<u16> = 28..=315;

/// The dates that others are counted from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anchors {
    /// Day of the report.
    pub report: Option<Date>,
    /// Birth of the person that the record is about.
    pub birth: Option<Date>,
    /// First day of the last period before the pregnancy that the report is about; see [`last_period`].
    pub last_period: Option<Date>,
}

/// How exactly a resolved date is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    /// To the day.
    Day,
    /// To the week.
    Week,
    /// To the month; the date is its first day when the month is named.
    Month,
    /// To the year; the date is its first day when the year is named.
    Year,
    /// Counted from the last period.
    GestationalWeek,
    /// Counted from birth in months or years.
    Age,
}

impl Precision {
    /// Name in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Precision::Day => "day",
            Precision::Week => "week",
            Precision::Month => "month",
            Precision::Year => "year",
            Precision::GestationalWeek => "gestational_week",
            Precision::Age => "age",
        }
    }

    fn of(unit: Unit) -> Self {
        match unit {
            Unit::Minute | Unit::Hour | Unit::Day => Precision::Day,
            Unit::Week => Precision::Week,
            Unit::Month => Precision::Month,
            Unit::Year => Precision::Year,
        }
    }
}

/// Where a resolved date comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The text gives it, year included.
    Explicit,
    /// The text gives it without its year.
    Inferred,
    /// It is counted from another date.
    Relative,
}

impl Source {
    /// Name in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Explicit => "explicit",
            Source::Inferred => "inferred",
            Source::Relative => "relative",
        }
    }
}

/// The day that a date means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resolved {
    /// The day, or the first of the month or year.
    pub date: Date,
    /// Hour and minute when given.
    pub time: Option<(u8, u8)>,
    /// How exactly it is known.
    pub precision: Precision,
    /// Where it comes from.
    pub source: Source,
}

impl Found {
    /// How exactly this date can be known, once resolved.
    pub fn precision(&self) -> Precision {
        match self.kind {
            Kind::Absolute(Calendar { day: Some(_), .. }) | Kind::Weekday { .. } => Precision::Day,
            Kind::Absolute(Calendar { month: Some(_), .. }) => Precision::Month,
            Kind::Absolute(_) => Precision::Year,
            Kind::Relative { amount, .. } | Kind::Duration(amount) => Precision::of(amount.finest()),
            Kind::Age(amount) if amount.finest() <= Unit::Day => Precision::Day,
            Kind::Age(_) => Precision::Age,
            Kind::Gestation { .. } => Precision::GestationalWeek,
            Kind::Postnatal { unit, .. } if unit > Unit::Day => Precision::Age,
            Kind::Postnatal { .. } => Precision::Day,
            Kind::After { unit, .. } => Precision::of(unit),
        }
    }
}

/// The day that a date means, or `None` when it is impossible or its anchor is not known.
///
/// A duration is resolved to its end when it begins on the day of the report. What is counted from an event of the
/// story ("J+2", "la veille") has no date.
pub fn resolve(found: &Found, anchors: &Anchors) -> Option<Resolved> {
    let with = |date, source| Resolved { date, time: None, precision: found.precision(), source };
    let relative = |date| with(date, Source::Relative);
    match found.kind {
        Kind::Absolute(calendar) => {
            let time = calendar.hour.map(|hour| (hour, calendar.minute.unwrap_or(0)));
            let source = if calendar.year.is_some() { Source::Explicit } else { Source::Inferred };
            let date = calendar_day(calendar, found.tense, anchors.report)?;
            Some(Resolved { time, ..with(date, source) })
        }
        Kind::Relative { direction, amount } => {
            let days = i64::from(amount.in_days());
            let days = if direction == Direction::Past { -days } else { days };
            days_after(anchors.report?, days).map(relative)
        }
        Kind::Duration(amount) => days_after(anchors.report?, i64::from(amount.in_days())).map(relative),
        Kind::Weekday { weekday, direction } => {
            nearest_weekday(anchors.report?, weekday, direction).map(relative)
        }
        Kind::Age(_) if found.sense == Sense::Today => None,
        Kind::Age(amount) => since_birth(anchors, amount).map(relative),
        Kind::Postnatal { count, unit } => since_birth(anchors, Amount::of(count, unit)).map(relative),
        Kind::Gestation { .. } => {
            let days = plausible_gestation(found)?;
            days_after(anchors.last_period?, i64::from(days)).map(relative)
        }
        Kind::After { .. } => None,
    }
}

/// The first day of the last period, from what the report states, or `None`.
///
/// In order: its own date; the beginning of the pregnancy; the gestational age at birth, when birth is known; the
/// gestational age on the day of the report ("terme du jour"), when birth is not known; a calendar day written beside
/// its gestational age ("15.03.2024 (23 SA)"), when it belongs to a pregnancy that the report can be about.
pub fn last_period(found: &[Found], anchors: &Anchors) -> Option<Date> {
    stated(found, anchors, Sense::LastPeriod, 0)
        .or_else(|| stated(found, anchors, Sense::Conception, TO_CONCEPTION))
        .or_else(|| match anchors.birth.filter(|birth| is_recent(*birth, anchors.report)) {
            Some(birth) => {
                counted(found, Sense::Birth, birth).or_else(|| counted(found, Sense::Today, birth))
            }
            None => counted(found, Sense::Today, anchors.report?),
        })
        .or_else(|| found.windows(2).find_map(|pair| dated_gestation(&pair[0], &pair[1], anchors)))
}

/// The day that the first calendar date of this sense gives, some days back.
fn stated(found: &[Found], anchors: &Anchors, sense: Sense, back: i64) -> Option<Date> {
    let mut dates = found.iter().filter(|f| f.sense == sense && matches!(f.kind, Kind::Absolute(_)));
    dates.find_map(|f| days_after(resolve(f, anchors)?.date, -back))
}

/// The last period counted back from `day` by the first gestational age of this sense.
fn counted(found: &[Found], sense: Sense, day: Date) -> Option<Date> {
    let mut ages = found.iter().filter(|f| f.sense == sense).filter_map(plausible_gestation);
    ages.find_map(|days| days_after(day, -i64::from(days)))
}

/// The last period from a calendar day and the gestational age beside it, in either order.
fn dated_gestation(a: &Found, b: &Found, anchors: &Anchors) -> Option<Date> {
    let (day, days) = match (a.kind, b.kind) {
        (Kind::Absolute(Calendar { day: Some(_), .. }), _) => (a, plausible_gestation(b)?),
        (_, Kind::Absolute(Calendar { day: Some(_), .. })) => (b, plausible_gestation(a)?),
        _ => return None,
    };
    let is_beside = b.tokens.start.saturating_sub(a.tokens.end) <= 1;
    (is_beside && a.sense == Sense::Plain && b.sense == Sense::Plain).then_some(())?;
    let date = days_after(resolve(day, anchors)?.date, -i64::from(days))?;
    let end = anchors.birth.or(anchors.report)?;
    (0..=LONGEST_STORY).contains(&days_between(date, end)).then_some(date)
}

/// True when the person of the record is the child: a mother's own birth says nothing of her pregnancy.
fn is_recent(birth: Date, report: Option<Date>) -> bool {
    const CHILDHOOD: i64 = 11 * 365;
    report.is_none_or(|report| days_between(birth, report) < CHILDHOOD)
}

/// The days of a gestational age that a report can state.
pub(super) fn plausible_gestation(found: &Found) -> Option<u16> {
    match found.kind {
        Kind::Gestation { days } if PLAUSIBLE_GESTATION.contains(&days) => Some(days),
        _ => None,
    }
}

fn calendar_day(calendar: Calendar, tense: Option<Direction>, report: Option<Date>) -> Option<Date> {
    let (month, day) = (calendar.month.unwrap_or(1) as i8, calendar.day.unwrap_or(1) as i8);
    if let Some(year) = calendar.year {
        return Date::new(year, month, day).ok();
    }
    let report = report?;
    let latest = match tense {
        Some(Direction::Past) => days_after(report, -1)?,
        Some(Direction::Future) => days_after(report, 365)?,
        _ => days_after(report, HORIZON)?,
    };
    // 29 February may ask for the year before last leap year.
    let years = (0..=8).map(|back| report.year() + 1 - back);
    years.filter_map(|year| Date::new(year, month, day).ok()).find(|date| *date <= latest)
}

fn nearest_weekday(report: Date, weekday: u8, direction: Direction) -> Option<Date> {
    let weekday = Weekday::from_monday_one_offset(weekday as i8).ok()?;
    let nth = if direction == Direction::Past { -1 } else { 1 };
    report.nth_weekday(nth, weekday).ok()
}

/// A day of life; `None` after the report, because the age was then somebody else's or a plan.
fn since_birth(anchors: &Anchors, amount: Amount) -> Option<Date> {
    let [years, months, weeks] = [amount.years, amount.months, amount.weeks].map(i64::from);
    let days = i64::from(amount.days) + i64::from(amount.hours) / 24;
    let span = Span::new().try_years(years).ok()?.try_months(months).ok()?;
    let span = span.try_weeks(weeks).ok()?.try_days(days).ok()?;
    let date = anchors.birth?.checked_add(span).ok()?;
    anchors.report.is_none_or(|report| date <= report).then_some(date)
}

fn days_after(date: Date, days: i64) -> Option<Date> {
    date.checked_add(days.days()).ok()
}

fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(i64::MAX, |span| i64::from(span.get_days()))
}
