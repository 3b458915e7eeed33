//! `laennec phenotype run`: cohorts from a warehouse, with the reason for each patient.

use super::super::progress::table;
use super::super::{Failed, Outcome, Result, print};
use super::find;
use crate::cohort::{self, Case, Marked, Runnable};
use crate::phenotype::{Definition, Facts, Loaded, Vocabulary, staging};
use crate::warehouse::{Place, Warehouse};
use clap::ValueEnum;
use serde_json::json;
use std::collections::BTreeMap;

/// The definition that gives the class of a child, and the family whose children have one.
const CLASSES: &str = "eurocat/class";

/// Run definitions on a warehouse and store their cohorts.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Ids, families (`eurocat`), files or folders.
    #[arg(required = true)]
    definitions: Vec<String>,
    /// The warehouse.
    #[arg(long, value_name = "FILE")]
    warehouse: Place,
    /// How lines are printed.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// For each case the rules that hold with their events; for everyone else the first rule that failed.
    #[arg(long)]
    explain: bool,
    /// How many patients remain after each rule.
    #[arg(long, conflicts_with = "explain")]
    attrition: bool,
    /// Only this patient.
    #[arg(long, value_name = "ID")]
    patient: Option<String>,
    /// Print only; leave the stored cohorts as they are.
    #[arg(long)]
    dry_run: bool,
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

pub(super) fn run(arguments: &Arguments) -> Result {
    let loaded = find::definitions(&arguments.definitions)?;
    let runnables =
        loaded.iter().map(Runnable::new).collect::<std::result::Result<Vec<_>, _>>().map_err(find::told)?;
    let vocabulary = Vocabulary::shipped().map_err(Failed::new)?;
    let mut warehouse = if arguments.dry_run {
        Warehouse::open_existing_at(&arguments.warehouse)
    } else {
        Warehouse::open_to_change(&arguments.warehouse)
    }
    .map_err(Failed::new)?;
    let facts = stage(&warehouse, &loaded, &vocabulary)?;
    if arguments.attrition {
        return attrition(&warehouse, &runnables, &vocabulary, facts, arguments.format);
    }
    let classes = classes(&warehouse, &runnables, &vocabulary, facts)?;
    let mut cohorts = Vec::with_capacity(runnables.len());
    for runnable in &runnables {
        let mut cases = cohort::cases(&warehouse, runnable, &vocabulary, facts).map_err(Failed::new)?;
        if runnable.loaded.id().starts_with(find::FAMILY) && runnable.loaded.id() != CLASSES {
            cases.iter_mut().for_each(|case| case.class = classes.get(&case.patient_id).cloned());
        }
        if !arguments.dry_run {
            cohort::store(&mut warehouse, runnable.loaded, &cases).map_err(Failed::new)?;
        }
        cohorts.push(cases);
    }
    // Printed when all are stored: a reader who closes the pipe early costs no cohort.
    let mut printer = Printer::new(arguments.format);
    let chosen = |patient: &str| arguments.patient.as_deref().is_none_or(|wanted| wanted == patient);
    for (runnable, cases) in runnables.iter().zip(&cohorts) {
        if arguments.explain {
            let by_patient = cases.iter().map(|case| (case.patient_id.as_str(), case)).collect();
            explain(
                &warehouse,
                runnable,
                &vocabulary,
                facts,
                &by_patient,
                arguments.patient.as_deref(),
                &mut printer,
            )?;
        } else {
            cases.iter().filter(|case| chosen(&case.patient_id)).try_for_each(|case| printer.case(case))?;
        }
    }
    printer.finish()
}

/// Many definitions read the facts once; one definition finds them in its own statement.
fn stage(warehouse: &Warehouse, loaded: &[Loaded], vocabulary: &Vocabulary) -> Result<Facts> {
    if loaded.len() < 2 {
        return Ok(Facts::Inline);
    }
    let definitions: Vec<&Definition> = loaded.iter().map(|loaded| &loaded.definition).collect();
    warehouse.execute(&staging(&definitions, vocabulary, warehouse.dialect())).map_err(Failed::new)?;
    Ok(Facts::Staged)
}

fn classes(
    warehouse: &Warehouse,
    runnables: &[Runnable<'_>],
    vocabulary: &Vocabulary,
    facts: Facts,
) -> Result<BTreeMap<String, String>> {
    let Some(classes) = runnables.iter().find(|runnable| runnable.loaded.id() == CLASSES) else {
        return Ok(BTreeMap::new());
    };
    let cases = cohort::cases(warehouse, classes, vocabulary, facts).map_err(Failed::new)?;
    Ok(cases.into_iter().map(|case| (case.patient_id, case.case_level)).collect())
}

fn attrition(
    warehouse: &Warehouse,
    runnables: &[Runnable<'_>],
    vocabulary: &Vocabulary,
    facts: Facts,
    format: Format,
) -> Result {
    let mut shown = table(&["phenotype", "what", "name", "patients"]);
    let mut csv = csv::Writer::from_writer(std::io::stdout());
    if format == Format::Csv {
        csv.write_record(["phenotype", "kind", "name", "patients"]).map_err(Failed::new)?;
    }
    for runnable in runnables {
        for line in cohort::attrition(warehouse, runnable, vocabulary, facts).map_err(Failed::new)? {
            let row =
                [runnable.loaded.id().to_string(), line.kind.into(), line.name, line.patients.to_string()];
            match format {
                Format::Table => drop(shown.add_row(row)),
                Format::Jsonl => print(
                    json!({"phenotype": row[0], "kind": row[1], "name": row[2], "patients": line.patients}),
                )?,
                Format::Csv => csv.write_record(row).map_err(Failed::new)?,
            }
        }
    }
    if format == Format::Table {
        print(shown)?;
    }
    csv.flush().map_err(Failed::new)?;
    Ok(Outcome::Done)
}

fn explain(
    warehouse: &Warehouse,
    runnable: &Runnable<'_>,
    vocabulary: &Vocabulary,
    facts: Facts,
    cases: &BTreeMap<&str, &Case>,
    patient: Option<&str>,
    printer: &mut Printer,
) -> Result<()> {
    let mut outcome = Ok(());
    cohort::explain(warehouse, runnable, vocabulary, facts, patient, |marked| {
        if outcome.is_ok() {
            outcome = printer.explanation(runnable, marked, cases.get(marked.patient_id.as_str()).copied());
        }
    })
    .map_err(Failed::new)?;
    outcome
}

/// Prints lines as they come; a table waits for the end to know its widths.
struct Printer {
    format: Format,
    table: comfy_table::Table,
    csv: csv::Writer<std::io::Stdout>,
    headed: bool,
}

const COLUMNS: [&str; 8] =
    ["patient_id", "phenotype", "version", "case_level", "index_date", "class", "evidence", "failed"];

impl Printer {
    fn new(format: Format) -> Self {
        let table = table(&["patient", "phenotype", "level", "index date", "class", "evidence"]);
        Self { format, table, csv: csv::Writer::from_writer(std::io::stdout()), headed: false }
    }

    fn case(&mut self, case: &Case) -> Result<()> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        match self.format {
            Format::Jsonl => print(serde_json::to_string(case).map_err(Failed::new)?),
            Format::Csv => self.record(&[
                case.patient_id.clone(),
                case.phenotype.clone(),
                case.version.clone(),
                case.case_level.clone(),
                text(&case.index_date),
                text(&case.class),
                case.evidence.join(" "),
                String::new(),
            ]),
            Format::Table => {
                let count = format!("{} events", case.evidence.len());
                let (date, class) = (text(&case.index_date), text(&case.class));
                self.table.add_row([
                    &case.patient_id,
                    &case.phenotype,
                    &case.case_level,
                    &date,
                    &class,
                    &count,
                ]);
                Ok(())
            }
        }
    }

    fn explanation(&mut self, runnable: &Runnable<'_>, marked: &Marked, case: Option<&Case>) -> Result<()> {
        let rules: serde_json::Map<_, _> = marked
            .rules(runnable)
            .into_iter()
            .map(|(name, events)| (name.to_string(), json!(events)))
            .collect();
        match (case, self.format) {
            (Some(case), Format::Jsonl) => {
                let mut line = serde_json::to_value(case).map_err(Failed::new)?;
                line["rules"] = rules.into();
                print(line)
            }
            (Some(case), Format::Csv) => self.case(case),
            (Some(case), Format::Table) => {
                self.case(case)?;
                for (name, events) in marked.rules(runnable) {
                    self.table.add_row(["", "", name, "", "", &events.join(" ")]);
                }
                Ok(())
            }
            (None, format) => self.failure(runnable, marked, rules, format),
        }
    }

    fn failure(
        &mut self,
        runnable: &Runnable<'_>,
        marked: &Marked,
        rules: serde_json::Map<String, serde_json::Value>,
        format: Format,
    ) -> Result<()> {
        let (id, version, failed) = (runnable.loaded.id(), &runnable.loaded.version, marked.failed(runnable));
        let patient = &marked.patient_id;
        match format {
            Format::Jsonl => print(json!({
                "patient_id": patient, "phenotype": id, "version": version, "case_level": null, "failed": failed, "rules": rules,
            })),
            Format::Csv => {
                let text = [patient, id, version, "", "", "", "", &failed].map(str::to_string);
                self.record(&text)
            }
            Format::Table => {
                self.table.add_row([patient, id, "–", "", "", &format!("failed: {failed}")]);
                Ok(())
            }
        }
    }

    fn record(&mut self, record: &[String; 8]) -> Result<()> {
        self.head()?;
        self.csv.write_record(record).map_err(Failed::new)
    }

    fn head(&mut self) -> Result<()> {
        if !std::mem::replace(&mut self.headed, true) {
            self.csv.write_record(COLUMNS).map_err(Failed::new)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result {
        if self.format == Format::Table {
            print(&self.table)?;
        }
        if self.format == Format::Csv {
            self.head()?;
        }
        self.csv.flush().map_err(Failed::new)?;
        Ok(Outcome::Done)
    }
}
