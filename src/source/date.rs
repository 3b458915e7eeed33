//! ISO dates as sources write them: a date, or a date with a time of which the date is kept.

use jiff::civil::{Date, Time};

/// The date that `text` starts with, as written: no time zone moves it. `None` when the date is not in the
/// calendar, or when what follows is not a time.
pub(super) fn parse(text: &str) -> Option<Date> {
    let (day, rest) = text.split_at_checked(10)?;
    is_time_or_nothing(rest).then_some(())?;
    let mut parts = day.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2)? as i8;
    let day = digits(parts.next()?, 2)? as i8;
    Date::new(year, month, day).ok()
}

fn digits(part: &str, width: usize) -> Option<i16> {
    let numeric = part.len() == width && part.bytes().all(|b| b.is_ascii_digit());
    if numeric { part.parse().ok() } else { None }
}

fn is_time_or_nothing(rest: &str) -> bool {
    if rest.is_empty() {
        return true;
    }
    rest.strip_prefix(['T', 't', ' ']).is_some_and(|time| without_offset(time).parse::<Time>().is_ok())
}

/// Drops `Z`, ` UTC`, `+01`, `+0100` or `-05:00` from the end of a time; anything else is left for the parser of
/// times to refuse.
fn without_offset(time: &str) -> &str {
    for suffix in ["Z", "z", " UTC"] {
        if let Some(bare) = time.strip_suffix(suffix) {
            return bare;
        }
    }
    match time.rfind(['+', '-']) {
        Some(sign) if is_offset(&time[sign + 1..]) => time[..sign].trim_end_matches(' '),
        _ => time,
    }
}

fn is_offset(offset: &str) -> bool {
    let figures = offset.bytes().filter(u8::is_ascii_digit).count();
    matches!((offset.len(), figures), (2, 2) | (4, 4))
        || (offset.len(), figures, offset.as_bytes().get(2)) == (5, 4, Some(&b':'))
}
