//! Dates as finely as they are known.

use crate::event::{CodedEvent, DatePrecision, DateSource};
use jiff::civil::Date;
use serde_json::{Value, json};

/// When the event took place, as the field `{prefix}DateTime` or `{prefix}Period`.
///
/// FHIR writes years, months and days; a week is the period of its seven days; of an age, whose unit is not kept, only
/// the first day it may mean is known.
pub(super) fn when<'n>(event: &CodedEvent, names: [&'n str; 2]) -> Option<(&'n str, Value)> {
    let [date_time, period] = names;
    let date = event.event_date?;
    Some(match event.event_date_precision {
        Some(DatePrecision::Year) => (date_time, json!(partial(date, 4))),
        Some(DatePrecision::Month) => (date_time, json!(partial(date, 7))),
        Some(DatePrecision::Day) | None => (date_time, json!(date.to_string())),
        Some(DatePrecision::Week | DatePrecision::GestationalWeek) => {
            let last = date.saturating_add(jiff::Span::new().days(6));
            (period, json!({"start": date.to_string(), "end": last.to_string()}))
        }
        Some(DatePrecision::Age) => (period, json!({"start": date.to_string()})),
    })
}

/// When the condition began: only a date that the text gives to it, not that of the report or of the stay.
pub(super) fn onset(event: &CodedEvent) -> Option<(&'static str, Value)> {
    let is_written = matches!(event.event_date_source, Some(DateSource::Explicit | DateSource::Relative));
    if is_written { when(event, ["onsetDateTime", "onsetPeriod"]) } else { None }
}

/// When it was written down: the day of the report, or of a structured event.
pub(super) fn recorded(event: &CodedEvent) -> Option<String> {
    let date =
        if event.is_structured() { event.event_date.or(event.document_date) } else { event.document_date };
    date.map(|date| date.to_string())
}

fn partial(date: Date, length: usize) -> String {
    date.to_string().chars().take(length).collect()
}
