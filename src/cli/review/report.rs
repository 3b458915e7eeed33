//! `laennec review report`: predictive value, agreement and sensitivity, with their intervals and methods.

use super::super::progress::table;
use super::super::{Failed, Outcome, Result, print};
use super::no_cases;
use crate::cohort::review::{Case, Figures, Missed, Report, Source, report};
use crate::stats::Interval;
use crate::warehouse::{Place, Warehouse};
use clap::ValueEnum;
use serde::Serialize;

/// How each figure is made, beside the figures.
const METHODS: [(&str, &str); 4] = [
    (
        "ppv",
        "validated / (validated + rejected); uncertain patients are left out; intervals Clopper-Pearson (exact) and Wilson",
    ),
    (
        "weighted",
        "strata of level and source weighted by their sizes; exact: Clopper-Pearson on the effective size (Korn-Graubard 1998); wilson: stratified Wilson (Yan-Su 2010)",
    ),
    ("agreement", "last verdict of each reviewer on shared patients; Cohen's kappa over three verdicts"),
    (
        "sensitivity",
        "Chapman's estimator with Seber's variance and a normal interval; assumes that reports and codes find cases independently of each other: positive dependence makes sensitivity too high",
    ),
];

/// Print what the verdicts say of a phenotype.
///
/// Cases are those of the latest run. Without --phenotype, every phenotype that has cases.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The warehouse.
    warehouse: Place,
    /// Phenotype, as the cohort names it.
    #[arg(long, value_name = "ID")]
    phenotype: Option<String>,
    /// Form of the report.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Level of the intervals.
    #[arg(long, default_value_t = 0.95, value_parser = level)]
    level: f64,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Format {
    /// Tables.
    Table,
    /// One JSON object a phenotype.
    Json,
}

fn level(text: &str) -> std::result::Result<f64, String> {
    let level = text.parse().ok().filter(|level| *level > 0.0 && *level < 1.0);
    level.ok_or_else(|| "a share between 0 and 1, for instance 0.95".into())
}

#[derive(Serialize)]
struct Object<'r> {
    phenotype: &'r str,
    phenotype_version: &'r str,
    run_at: Option<&'r str>,
    #[serde(flatten)]
    report: &'r Report,
    methods: serde_json::Map<String, serde_json::Value>,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let warehouse = Warehouse::open_existing_at(&arguments.warehouse)?;
    let names = match &arguments.phenotype {
        Some(name) => vec![name.clone()],
        None => warehouse.reviewed_phenotypes()?,
    };
    if names.is_empty() {
        return Err(Failed("no phenotype has cases in this warehouse; run one first".into()));
    }
    for name in &names {
        one(&warehouse, name, arguments)?;
    }
    Ok(Outcome::Done)
}

fn one(warehouse: &Warehouse, phenotype: &str, arguments: &Arguments) -> Result<()> {
    let found = warehouse.latest_cohort(phenotype)?;
    let Some(cohort) = found else {
        if arguments.phenotype.is_some() {
            return Err(no_cases(phenotype));
        }
        eprintln!("{}", no_cases(phenotype));
        return Ok(());
    };
    let case = |member: &crate::warehouse::Member| Case {
        patient_id: member.patient_id.clone(),
        case_level: member.case_level.clone(),
        source: Source::of(member.by_text, member.by_codes),
    };
    let cases: Vec<Case> = cohort.members.iter().map(case).collect();
    let report = report(&cases, &cohort.weak, &warehouse.reviews(phenotype)?, arguments.level);
    if arguments.format == Format::Table {
        return print(format!("{phenotype} {}\n{}", cohort.version, tables(&report)));
    }
    let methods = METHODS.iter().map(|(name, text)| ((*name).to_string(), (*text).into())).collect();
    let (phenotype_version, run_at) = (cohort.version.as_str(), cohort.run_at.as_deref());
    let object = Object { phenotype, phenotype_version, run_at, report: &report, methods };
    print(serde_json::to_string(&object).map_err(Failed::new)?)
}

fn tables(report: &Report) -> String {
    let mut parts = vec![values(report), beside(report), sensitivity(report)];
    if !report.agreement.is_empty() {
        parts.push(agreement(report));
    }
    parts.extend(METHODS.iter().map(|(name, text)| format!("{name}: {text}.")));
    parts.join("\n")
}

fn values(report: &Report) -> String {
    let mut out = table(&[
        "cases", "all", "judged", "+", "-", "?", "PPV", "exact", "Wilson", "weighted", "exact", "Wilson",
    ]);
    let groups = [&report.by_case_level, &report.by_source, &report.by_stratum];
    out.add_row(row(&report.overall));
    for figures in groups.into_iter().flatten() {
        out.add_row(row(figures));
    }
    out.to_string()
}

fn row(figures: &Figures) -> Vec<String> {
    let counts = [figures.cases, figures.reviewed, figures.validated, figures.rejected, figures.uncertain];
    let weighted = figures.weighted;
    let mut cells = vec![figures.name.clone()];
    cells.extend(counts.map(|n| n.to_string()));
    cells.extend([share(figures.ppv), ends(figures.exact), ends(figures.wilson)]);
    cells.push(share(weighted.map(|w| w.share)));
    cells.extend([ends(weighted.map(|w| w.exact)), ends(weighted.map(|w| w.wilson))]);
    cells
}

fn beside(report: &Report) -> String {
    let Missed { patients, reviewed, validated, .. } = report.non_cases;
    let mut lines = vec![format!(
        "no case, weak evidence: {patients} patients, {reviewed} judged, {validated} are cases: {} {}",
        share(report.non_cases.share),
        ends(report.non_cases.exact)
    )];
    if report.overall.not_covered > 0 && report.overall.reviewed > 0 {
        let count = report.overall.not_covered;
        lines.push(format!("{count} cases are in strata without a verdict: weighted figures leave them out"));
    }
    if report.gone > 0 {
        lines.push(format!("{} patients judged are neither now", report.gone));
    }
    lines.join("\n")
}

fn sensitivity(report: &Report) -> String {
    let mut out =
        table(&["level", "text only", "codes only", "both", "all, estimated", "phenotype", "text", "codes"]);
    for line in &report.sensitivity {
        let total =
            line.estimate.map(|e| format!("{:.1} [{:.1}, {:.1}]", e.total, e.interval.low, e.interval.high));
        let with_ends = |found: Option<(f64, Interval)>| {
            found.map_or_else(none, |(value, interval)| format!("{value:.3} {}", ends(Some(interval))))
        };
        out.add_row([
            line.case_level.clone().unwrap_or_else(|| "all".into()),
            line.text_only.to_string(),
            line.code_only.to_string(),
            line.both.to_string(),
            total.unwrap_or_else(none),
            with_ends(line.phenotype),
            with_ends(line.text),
            with_ends(line.code),
        ]);
    }
    format!("sensitivity by capture-recapture, on {}\n{out}", report.sensitivity_basis)
}

fn agreement(report: &Report) -> String {
    let mut out = table(&["reviewers", "shared", "same", "agreement", "kappa"]);
    for pair in &report.agreement {
        let found = pair.agreement;
        out.add_row([
            format!("{}, {}", pair.first, pair.second),
            found.shared.to_string(),
            found.same.to_string(),
            share(Some(found.share)),
            share(found.kappa),
        ]);
    }
    out.to_string()
}

fn none() -> String {
    "\u{2013}".into()
}

fn share(value: Option<f64>) -> String {
    value.map_or_else(none, |value| format!("{value:.3}"))
}

fn ends(interval: Option<Interval>) -> String {
    interval.map_or_else(none, |i| format!("[{:.3}, {:.3}]", i.low, i.high))
}
