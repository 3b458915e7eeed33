//! The report of a run: one page of HTML that needs nothing else, or the same as JSON.
//!
//! Both are made from [`Shown`], which suppresses small counts whenever the report says so; no caller can forget.

mod charts;
mod labels;
mod page;
pub mod shown;
mod suppress;

use self::labels::Labels;
use self::shown::Shown;
use super::map::Map;
use super::model::Report;

/// The page: accessible, printable, without scripts and without anything fetched. Errors are faults of the data files
/// of the program.
pub fn html(report: &Report, map: Option<&Map>) -> Result<String, String> {
    let labels = Labels::shipped()?;
    page::render(&suppress::suppress(report, &labels.public_places), map, labels)
}

/// The report as it is with patients, and after suppression without: suppressed counts are `"suppressed"`, and what is
/// computed from them is null.
pub fn json(report: &Report) -> Result<String, String> {
    let text = match report.least_cell {
        0 => serde_json::to_string_pretty(report),
        _ => serde_json::to_string_pretty(&suppressed(report)?),
    };
    text.map_err(|error| error.to_string())
}

/// What of a report may be shown.
pub fn suppressed(report: &Report) -> Result<Shown, String> {
    Ok(suppress::suppress(report, &Labels::shipped()?.public_places))
}

#[cfg(test)]
mod attack;
#[cfg(test)]
mod example;
#[cfg(test)]
mod tests;
