//! `laennec surveil cases`: the list of new cases, and of those that changed or went.

use super::super::progress::table;
use super::super::{Failed, Outcome, Result, print};
use crate::surveillance::model::CaseLine;
use crate::surveillance::{Shown, is_status, report_of, stored_run};
use crate::warehouse::{Place, Warehouse};
use clap::ValueEnum;

/// Print the cases that are new, changed or gone since the run before, with their evidence: shows patients.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The warehouse.
    #[arg(long, value_name = "FILE|URL")]
    warehouse: Place,
    /// The run; the last one when left out.
    #[arg(long, value_name = "RUN")]
    run: Option<i64>,
    /// Only runs of a configuration.
    #[arg(long, value_name = "NAME", conflicts_with = "run")]
    name: Option<String>,
    /// Only this phenotype.
    #[arg(long, value_name = "ID")]
    phenotype: Option<String>,
    /// Also cases that changed in nothing but their evidence or the version of their definition.
    #[arg(long)]
    all: bool,
    /// How lines are printed.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated, with a header.
    Csv,
}

const HEADER: [&str; 8] = ["change", "phenotype", "patient", "level", "date", "area", "why", "evidence"];

pub(super) fn run(arguments: &Arguments) -> Result {
    let warehouse = Warehouse::open_existing_at(&arguments.warehouse)?;
    let run = stored_run(&warehouse, arguments.run, arguments.name.as_deref())?;
    let report = report_of(&warehouse, &run, &Shown::Patients(&[]))?;
    let lines = report.new_cases.iter().chain(&report.changed_cases);
    let wanted = |case: &&CaseLine| {
        let of_phenotype = arguments.phenotype.as_ref().is_none_or(|id| *id == case.phenotype);
        of_phenotype && (arguments.all || is_status(&case.why))
    };
    let lines = lines.filter(wanted);
    match arguments.format {
        Format::Jsonl => {
            for case in lines {
                print(serde_json::to_string(case).map_err(Failed::new)?)?;
            }
        }
        Format::Csv => csv(lines)?,
        Format::Table => {
            let mut shown = table(&HEADER);
            for case in lines {
                shown.add_row(row(case));
            }
            print(shown)?;
        }
    }
    Ok(Outcome::Done)
}

fn csv<'c>(lines: impl Iterator<Item = &'c CaseLine>) -> Result<()> {
    let mut csv = csv::Writer::from_writer(std::io::stdout());
    csv.write_record(HEADER).map_err(Failed::new)?;
    for case in lines {
        csv.write_record(row(case)).map_err(Failed::new)?;
    }
    csv.flush().map_err(Failed::new)
}

/// The cells under [`HEADER`].
fn row(case: &CaseLine) -> [String; 8] {
    let [patient, level, date, area, why, evidence] = cells(case);
    [case.change.clone(), case.phenotype.clone(), patient, level, date, area, why, evidence]
}

/// Patient, level, date, area, why, evidence.
pub(super) fn cells(case: &CaseLine) -> [String; 6] {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let evidence: Vec<String> = case
        .evidence
        .iter()
        .map(|line| {
            let place = line.document_type.as_deref().unwrap_or("code");
            format!("{} {place}: {}", line.date.as_deref().unwrap_or("?"), line.text)
        })
        .collect();
    let level =
        if case.disputed { format!("{}, disputed", case.case_level) } else { case.case_level.clone() };
    [
        case.patient_id.clone(),
        level,
        text(&case.date),
        text(&case.area),
        case.why.clone(),
        evidence.join("; "),
    ]
}
