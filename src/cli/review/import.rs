//! `laennec review import`: the verdicts of a filled sheet, stored once.

use super::super::{Outcome, Result, print};
use crate::cohort::review::{NON_CASE, Verdict, sheet_id};
use crate::source::{SheetRow, read_sheet};
use crate::warehouse::{Place, Review, ReviewFate, Warehouse};
use std::collections::BTreeMap;

/// Read a filled sheet into the warehouse.
///
/// Lines without a verdict are left for later; lines that cannot be read are named with the reason, and the others are
/// stored together. The same sheet again changes nothing.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The warehouse.
    warehouse: Place,
    /// The sheet: `.csv`, else JSON lines; `-` is JSON lines on standard input.
    file: String,
    /// Who judged, where a line does not say.
    #[arg(long, value_name = "NAME")]
    reviewer: Option<String>,
}

type Cells = BTreeMap<String, String>;

pub(super) fn run(arguments: &Arguments) -> Result {
    let mut warehouse = Warehouse::open_to_change(&arguments.warehouse)?;
    let rows = read_sheet(&arguments.file, "patient_id").map_err(super::super::Failed::new)?;
    let mut aside: Vec<(u64, String)> = Vec::new();
    let (mut lines, mut reviews, mut open) = (Vec::new(), Vec::new(), 0);
    for row in rows {
        match read(&row, arguments.reviewer.as_deref()) {
            Ok(Some(review)) => {
                lines.push(row.line);
                reviews.push(review);
            }
            Ok(None) => open += 1,
            Err(reason) => aside.push((row.line, reason)),
        }
    }
    let today: String = jiff::Timestamp::now().to_string().chars().take(10).collect();
    let fates = warehouse.store_reviews(&reviews, &today)?;
    let unknown = lines.iter().zip(&fates).filter(|(_, fate)| **fate == ReviewFate::UnknownPatient);
    aside.extend(unknown.map(|(line, _)| (*line, "the patient is not in the warehouse".into())));
    aside.sort();
    for (line, reason) in &aside {
        eprintln!("{}:{line}: {reason}", arguments.file);
    }
    let count = |wanted| fates.iter().filter(|fate| **fate == wanted).count();
    print(format!(
        "{} verdicts stored, {} replaced, {} already there; {open} lines without a verdict; {} set aside",
        count(ReviewFate::Stored),
        count(ReviewFate::Replaced),
        count(ReviewFate::Unchanged),
        aside.len()
    ))?;
    Ok(if aside.is_empty() { Outcome::Done } else { Outcome::SetAside })
}

/// The review of a row, none without a verdict, or why it is set aside. No message repeats what the row says.
fn read(row: &SheetRow, reviewer: Option<&str>) -> std::result::Result<Option<Review>, String> {
    let cells = row.cells.as_ref().map_err(ToString::to_string)?;
    let Some(verdict) = cells.get("verdict") else { return Ok(None) };
    let verdict = Verdict::read(verdict).ok_or("verdict must be validated, rejected or uncertain")?;
    let required = |name: &str| cells.get(name).cloned().ok_or(format!("{name} is missing"));
    let (phenotype, patient_id) = (required("phenotype")?, required("patient_id")?);
    check_identity(cells, &phenotype, &patient_id)?;
    let reviewer = cells.get("reviewer").cloned().or(reviewer.map(str::to_string));
    let stratum = cells.get("stratum").cloned();
    let source = stratum.as_deref().filter(|s| *s != NON_CASE).and_then(|s| s.rsplit_once('/'));
    Ok(Some(Review {
        phenotype,
        patient_id,
        verdict: verdict.as_str().into(),
        reviewer: reviewer.ok_or("reviewer is missing; fill the column, or give --reviewer")?,
        reviewed_at: cells.get("reviewed_at").map(|text| date(text)).transpose()?,
        reason: cells.get("reason").cloned(),
        case_level: cells.get("case_level").cloned(),
        source: source.map(|(_, source)| source.to_string()),
        stratum,
    }))
}

/// A sheet whose columns were sorted apart, or whose identifiers lost their zeros, would judge other patients.
fn check_identity(cells: &Cells, phenotype: &str, patient_id: &str) -> std::result::Result<(), String> {
    let (Some(id), Some(version)) = (cells.get("sheet_id"), cells.get("phenotype_version")) else {
        return Ok(());
    };
    if *id == sheet_id(phenotype, version, patient_id) {
        return Ok(());
    }
    Err("sheet_id is not that of this phenotype, version and patient; a column was changed or sorted alone"
        .into())
}

/// ISO, with or without a time, or day first, as spreadsheets make of it.
fn date(text: &str) -> std::result::Result<String, String> {
    let day = text.split(['T', ' ']).next().unwrap_or_default();
    let parts: Vec<&str> = day.split('/').collect();
    let iso = match parts[..] {
        [day, month, year] => format!("{year:0>4}-{month:0>2}-{day:0>2}"),
        _ => day.to_string(),
    };
    let date: std::result::Result<jiff::civil::Date, _> = iso.parse();
    date.map(|date| date.to_string()).map_err(|_| "reviewed_at must be a date written YYYY-MM-DD".into())
}
