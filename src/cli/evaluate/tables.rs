//! The report as tables that fit a terminal.

use super::super::progress::table;
use super::super::{Result, print};
use super::errors::Error;
use super::{Group, Part, Report, ablation, scored};
use crate::evaluate::{Calibration, Counts, Measure};

/// Shown where a figure is not defined.
const UNDEFINED: &str = "–";

/// Prints everything that was asked for.
pub(super) fn show(report: &Report, errors: Option<&[Error]>) -> Result<()> {
    let level = report.resampling.level * 100.0;
    print(format!(
        "{} documents, {} marked mentions; {level} % intervals of {} resamples of documents, seed {}",
        report.gold.len(),
        report.judged.len(),
        report.resampling.resamples,
        report.resampling.seed,
    ))?;
    report.parts.iter().try_for_each(|part| show_part(report, part))?;
    if !report.groups.is_empty() {
        show_groups(report)?;
    }
    match &report.calibration {
        Some(Some(calibration)) => show_calibration(calibration)?,
        Some(None) => print("\nno mention tells whether its finding was present: no calibration")?,
        None => {}
    }
    if let Some(ablated) = &report.ablation {
        ablation::show(&report.parts, ablated)?;
    }
    if let Some(errors) = errors {
        print(format!("\n{} errors: expected → found (cues)", errors.len()))?;
        errors.iter().try_for_each(|error| print(error.text()))?;
    }
    Ok(())
}

fn show_part(report: &Report, part: &Part) -> Result<()> {
    print(format!("\n{}", part.name))?;
    let ends = |of: &dyn Fn(Counts) -> Option<f64>, measure: Measure| {
        let interval = report.resampling.interval(&part.replicates, |t| of(t.counts(measure)));
        let ends = interval.map(|i| format!(" [{:.3}–{:.3}]", i.low, i.high)).unwrap_or_default();
        format!("{}{ends}", figure(of(part.tally.counts(measure))))
    };
    let mut questions = table(&["question", "tp", "fp", "fn", "support", "precision", "recall", "F1"]);
    let mut values = table(&["attribute", "n", "right", "accuracy"]);
    for measure in scored(&part.tally) {
        let (name, c) = (measure.as_str().to_string(), part.tally.counts(measure));
        if measure.is_binary() {
            let counts = [c.tp, c.fp, c.fn_, c.support()].map(|n| n.to_string());
            let figures = [
                ends(&Counts::precision, measure),
                ends(&Counts::recall, measure),
                ends(&Counts::f1, measure),
            ];
            questions.add_row([name].into_iter().chain(counts).chain(figures));
        } else {
            values.add_row([name, c.n().to_string(), c.tp.to_string(), ends(&Counts::accuracy, measure)]);
        }
    }
    let print_filled = |table: comfy_table::Table| if table.is_empty() { Ok(()) } else { print(table) };
    print_filled(questions)?;
    print_filled(values)
}

/// A figure, or the sign that it is not defined.
pub(super) fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| UNDEFINED.into(), |value| format!("{value:.3}"))
}

/// The questions shown for each group.
const OF_GROUP: [Measure; 4] = [Measure::Negation, Measure::Doubt, Measure::Past, Measure::Fetus];

fn show_groups(report: &Report) -> Result<()> {
    let many = report.parts.len() > 1;
    let name = |group: &Group| match many {
        true => format!("{} / {}", group.part, group.name),
        false => group.name.clone(),
    };
    let mut out =
        table(&[report.by.as_str(), "n", "all right", "negation F1", "doubt F1", "past F1", "fetus F1"]);
    for group in &report.groups {
        let all = group.tally.counts(Measure::All);
        let f1 = OF_GROUP.map(|measure| figure(group.tally.counts(measure).f1()));
        let head = [name(group), all.n().to_string(), figure(all.accuracy())];
        out.add_row(head.into_iter().chain(f1));
    }
    print(format!("\n{out}"))
}

fn show_calibration(found: &Calibration) -> Result<()> {
    let mut out = table(&["stated chance", "n", "mean stated", "share present"]);
    for bucket in &found.buckets {
        out.add_row([
            format!("{:.1}–{:.1}", bucket.low, bucket.low + 0.1),
            bucket.n.to_string(),
            figure(Some(bucket.predicted)),
            figure(Some(bucket.present)),
        ]);
    }
    print(format!("\n{out}"))?;
    print(format!(
        "{} mentions whose presence is known: Brier score {:.3}, expected calibration error {:.3}",
        found.n, found.brier, found.expected_error
    ))
}
