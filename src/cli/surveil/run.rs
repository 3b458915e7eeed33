//! `laennec surveil run`: one run of surveillance.

use super::super::progress::table;
use super::super::{Failed, Outcome, Result, print};
use super::settings::Settings;
use super::{chance, number, places};
use crate::surveillance::model::{Diagnostic, Signal};
use crate::surveillance::{Asked, Ran, again, run as run_surveillance};
use crate::warehouse::{Place, Warehouse, day_of};
use clap::ValueEnum;
use serde_json::json;
use std::path::PathBuf;

/// Find what is new since the last run, compute rates, look for excesses, and store it all.
///
/// The same configuration on the same data changes nothing: run it as often as you like. Counts are shown whatever their
/// size, to people who may read the warehouse; what leaves it is `surveil report`. Ends with 3 when rows of births or
/// cases were left out, and says which.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The warehouse.
    #[arg(long, value_name = "FILE|URL")]
    warehouse: Place,
    /// What to watch, and how; `laennec surveil config` prints the shipped one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Last day of the data, YYYY-MM-DD; today when left out.
    #[arg(long, value_name = "DATE")]
    cutoff: Option<String>,
    /// How the summary is printed.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Make a stored run again from what was stored with it, and say whether it gives the same; stores nothing.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["config", "cutoff"])]
    again: Option<i64>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// One JSON object.
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    if let Some(number) = arguments.again {
        return run_again(&arguments.warehouse, number);
    }
    let settings = Settings::read(arguments.config.as_deref())?;
    let map = settings.map()?;
    let loaded = settings.definitions()?;
    let (reference, associations) = (settings.reference()?, settings.associations()?);
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let cutoff = arguments.cutoff.as_deref().unwrap_or(&now[..10]);
    let cutoff = day_of(cutoff).ok_or_else(|| Failed("--cutoff is a date written YYYY-MM-DD".into()))?;
    if day_of(&now[..10]).is_some_and(|today| cutoff > today) {
        return Err(Failed(
            "--cutoff is later than today; later runs of this name could not end before it".into(),
        ));
    }
    let mut warehouse = Warehouse::open_to_change(&arguments.warehouse)?;
    let asked = Asked {
        config: &settings.config,
        config_text: &settings.text,
        loaded: &loaded,
        cutoff,
        centroids: settings.centroids(map.as_ref()),
        names: settings.names(map.as_ref()),
        reference: &reference,
        associations: &associations,
        now,
    };
    let ran = run_surveillance(&mut warehouse, &asked)?;
    match arguments.format {
        Format::Table => tell(&ran)?,
        Format::Json => print(summary(&ran))?,
    }
    let set_aside = ran.findings.diagnostics.iter().any(|one| one.serious);
    Ok(if set_aside { Outcome::SetAside } else { Outcome::Done })
}

fn run_again(place: &Place, run: i64) -> Result {
    let warehouse = Warehouse::open_existing_at(place)?;
    let (stored, made) = again(&warehouse, run)?;
    if stored == made {
        print(format!("run {run}: the same cases, births and configuration give the same findings"))?;
        return Ok(Outcome::Done);
    }
    let differs = |name: &str, same: bool| (!same).then(|| name.to_string());
    let parts = [
        differs("phenotypes", stored.phenotypes == made.phenotypes),
        differs("signals", stored.signals == made.signals),
        differs("combinations", stored.combinations == made.combinations),
        differs("diagnostics", stored.diagnostics == made.diagnostics),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    Err(Failed(format!(
        "run {run} made again differs in {}; a patient of it may have been forgotten since, or the program is another version",
        parts.join(", ")
    )))
}

fn summary(ran: &Ran) -> serde_json::Value {
    json!({
        "run": ran.record.number, "previous": ran.record.previous, "stored": ran.stored, "cutoff": ran.record.cutoff,
        "first_month": ran.findings.first_month, "last_month": ran.findings.last_month, "patients": ran.people,
        "phenotypes": ran.findings.phenotypes.iter().map(|one| json!({
            "phenotype": one.id, "version": one.version, "new": one.new, "changed": one.changed, "lost": one.lost,
            "total": one.total, "live": one.live, "undisputed": one.undisputed, "trend": one.trend, "heterogeneity": one.heterogeneity,
        })).collect::<Vec<_>>(),
        "signals": ran.findings.signals, "combinations": ran.findings.combinations,
        "multiplicity": ran.findings.multiplicity, "diagnostics": ran.findings.diagnostics,
        "inputs_sha256": ran.record.inputs_sha256,
    })
}

fn tell(ran: &Ran) -> Result<()> {
    let record = &ran.record;
    let findings = &ran.findings;
    let state = if ran.stored { "stored" } else { "nothing has changed since; this is the last run again" };
    print(format!(
        "run {} of {}, data until {}, months {} to {}: {state}",
        record.number, record.name, record.cutoff, findings.first_month, findings.last_month
    ))?;
    let mut shown = table(&["phenotype", "title", "new", "changed", "gone", "cases", "per 10,000", "95 %"]);
    for one in findings
        .phenotypes
        .iter()
        .filter(|one| one.new + one.changed + one.lost > 0 || one.total.is_some_and(|rate| rate.cases > 0))
    {
        let limits = one.total.map(|rate| format!("{:.2}–{:.2}", rate.lo, rate.hi)).unwrap_or_default();
        let cases = one.total.map(|rate| rate.cases.to_string()).unwrap_or_else(|| "–".into());
        let counts = [one.new, one.changed, one.lost].map(|count| count.to_string());
        let [new, changed, lost] = counts;
        shown.add_row([
            &one.id,
            &one.title,
            &new,
            &changed,
            &lost,
            &cases,
            &number(one.total.map(|rate| rate.rate), 2),
            &limits,
        ]);
    }
    print(shown)?;
    tell_signals(&findings.signals)?;
    let tests: Vec<String> =
        findings.multiplicity.iter().map(|one| format!("{} {}", one.tests, one.method)).collect();
    print(format!("tests made: {}", tests.join(", ")))?;
    findings.diagnostics.iter().try_for_each(|one| print(diagnostic(one)))
}

/// The table of signals.
pub(super) fn tell_signals(signals: &[Signal]) -> Result<()> {
    if signals.is_empty() {
        return print("no signal");
    }
    let mut shown =
        table(&["signal", "phenotype", "method", "areas", "window", "observed, expected", "p, q", "state"]);
    for one in signals {
        let state = if one.state.closed { "closed" } else { "open" };
        shown.add_row([
            one.id.clone(),
            one.phenotype.clone(),
            one.method.name(),
            places(&one.areas),
            format!("{} {}", one.first_day, one.last_day),
            format!("{}, {:.2}", one.observed, one.expected),
            format!("{}, {}", chance(one.p), chance(one.q)),
            format!("{state}, run {}", one.last_run),
        ]);
    }
    whole(&mut shown, 0);
    print(shown)?;
    print("A signal asks for validation by an expert; it concludes nothing.")
}

/// Keeps what people copy, such as an id, in one piece.
fn whole(shown: &mut comfy_table::Table, column: usize) {
    if let Some(column) = shown.column_mut(column) {
        column.set_constraint(comfy_table::ColumnConstraint::ContentWidth);
    }
}

/// A diagnostic in English, by its kind and values.
pub(super) fn diagnostic(one: &Diagnostic) -> String {
    let value = |name: &str| one.values.get(name).map_or("?", String::as_str);
    let said = match one.kind.as_str() {
        "no_births" => format!(
            "no births from {} to {}: no rate is computed, no excess over births looked for; load them by `laennec load --into W --births FILE`",
            value("first"),
            value("last")
        ),
        "study_shortened" => {
            format!("births begin in {}: the study does too, instead of {}", value("first"), value("asked"))
        }
        "births_missing" => format!(
            "births: area {} has no row for {} months from {} to {}: they are in no rate",
            value("area"),
            value("months"),
            value("first"),
            value("last")
        ),
        "births_overlap" => format!(
            "births: area {}, period {}: another row speaks of the same days; both are left out, keep one",
            value("area"),
            value("period")
        ),
        "births_zero" => format!(
            "births: area {}, period {}: no births, but cases; they are in no rate, correct the row",
            value("area"),
            value("period")
        ),
        "area_without_births" => {
            format!(
                "configuration: area {} has no row of births; load them, or take the area out",
                value("area")
            )
        }
        "area_unknown_code" => format!(
            "{} patients live under {} codes of residence that have no births{}: they are in no rate; load the births, name the [areas] of the study, or set residence_prefix if residences are finer than areas",
            value("cases"),
            value("codes"),
            if value("named").is_empty() {
                String::new()
            } else {
                format!(" (among them {})", value("named"))
            },
        ),
        "area_without_coordinates" => {
            format!("areas {} have no coordinates: no clusters in space are looked for", value("areas"))
        }
        "study_ends_early" => format!(
            "births of all areas end in {}: so does the study, instead of {}; nothing later is looked for",
            value("last"),
            value("asked")
        ),
        "cases_elsewhere" => format!("{} patients live outside the areas of the study", value("cases")),
        "cases_nowhere" => format!("{} patients have no known area: they are in no rate", value("cases")),
        "cases_undated" => format!("{} patients have no date: they are in no count", value("cases")),
        kind => {
            let values: Vec<String> =
                one.values.iter().map(|(name, value)| format!("{name} {value}")).collect();
            format!("{kind}: {}", values.join(", "))
        }
    };
    if one.serious { format!("! {said}") } else { format!("  {said}") }
}
