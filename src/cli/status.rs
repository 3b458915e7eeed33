//! `laennec status`: what a warehouse holds, who made it, and what is set aside.

use super::{Outcome, Result, print, progress};
use crate::warehouse::{Place, RunRecord, Warehouse};

/// Runs and inputs set aside that are shown.
const SHOWN: u32 = 20;

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  laennec status cohort.db
  laennec status 'postgres://host/research?schema=laennec' --json | jq .quarantined";

/// Show runs, versions, documents set aside with their reasons, and throughput of a warehouse.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The warehouse: a `.db` file or `postgres://…`.
    warehouse: Place,
    /// One JSON object instead of tables.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let warehouse = Warehouse::open_existing_at(&arguments.warehouse)?;
    if arguments.json { as_json(&warehouse) } else { as_tables(&warehouse) }
}

fn as_json(warehouse: &Warehouse) -> Result {
    let counts = warehouse.counts()?;
    let (withdrawn, retired) = warehouse.history()?;
    let runs: Vec<_> = warehouse.last_runs(SHOWN)?.iter().map(run_as_json).collect();
    let engines = warehouse.engines()?.into_iter().map(|engine| {
        serde_json::json!({
            "engine": engine.name, "lexicons": engine.lexicons, "model": engine.model,
            "options": engine.options, "documents": engine.documents,
        })
    });
    let reasons = warehouse.reasons()?.into_iter();
    let reasons: serde_json::Map<String, _> = reasons.map(|(code, count)| (code, count.into())).collect();
    let aside = warehouse.set_aside(SHOWN)?.into_iter().map(|one| {
        serde_json::json!({
            "file": one.file, "line": one.line, "code": one.code, "reason": one.reason,
            "document_id": one.document_id,
        })
    });
    print(serde_json::json!({
        "documents": counts.annotated, "withdrawn": withdrawn, "events": counts.events, "retired_events": retired,
        "quarantined": counts.quarantined, "rejections": counts.rejections, "forgotten": counts.forgotten,
        "reasons": reasons, "set_aside": aside.collect::<Vec<_>>(), "engines": engines.collect::<Vec<_>>(),
        "runs": runs,
    }))?;
    Ok(Outcome::Done)
}

fn run_as_json(run: &RunRecord) -> serde_json::Value {
    serde_json::json!({
        "run": run.run_id, "started_at": run.started_at, "finished_at": run.finished_at,
        "state": state(run), "written": run.tally.written, "replaced": run.tally.replaced,
        "unchanged": run.tally.unchanged, "stale": run.tally.stale, "conflicted": run.tally.conflicted,
        "forgotten": run.tally.forgotten, "quarantined": run.tally.quarantined, "events": run.tally.events,
        "documents_per_second": throughput(run),
    })
}

fn as_tables(warehouse: &Warehouse) -> Result {
    let counts = warehouse.counts()?;
    let (withdrawn, retired) = warehouse.history()?;
    let mut table =
        progress::table(&["documents", "withdrawn", "set aside", "events", "retired", "forgotten"]);
    let row = [counts.annotated, withdrawn, counts.quarantined, counts.events, retired, counts.forgotten];
    table.add_row(row.map(|count| count.to_string()));
    print(table)?;
    let mut table = progress::table(&[
        "run",
        "started",
        "state",
        "written",
        "replaced",
        "unchanged",
        "set aside",
        "events",
        "doc/s",
    ]);
    for run in warehouse.last_runs(SHOWN)? {
        let tally = &run.tally;
        let counts = [tally.written, tally.replaced, tally.unchanged, tally.quarantined, tally.events];
        let speed = throughput(&run).map(|speed| format!("{speed:.0}")).unwrap_or_default();
        let head = [run.run_id.to_string(), run.started_at.clone(), state(&run).to_owned()];
        table.add_row(head.into_iter().chain(counts.map(|count| count.to_string())).chain([speed]));
    }
    print(table)?;
    let mut table = progress::table(&["engine", "lexicons", "model", "documents"]);
    for engine in warehouse.engines()? {
        let model = engine.model.unwrap_or_else(|| "–".to_owned());
        let lexicons = format!("{}{}", engine.lexicons.join("\n"), shown_options(&engine.options));
        table.add_row([engine.name, lexicons, model, engine.documents.to_string()]);
    }
    print(table)?;
    set_aside(warehouse)?;
    Ok(Outcome::Done)
}

fn shown_options(options: &str) -> String {
    if options.is_empty() { String::new() } else { format!("\nonly sections {options}") }
}

fn set_aside(warehouse: &Warehouse) -> Result<()> {
    let reasons = warehouse.reasons()?;
    if reasons.is_empty() {
        return Ok(());
    }
    let mut table = progress::table(&["set aside for", "inputs"]);
    for (code, count) in reasons {
        table.add_row([code, count.to_string()]);
    }
    print(table)?;
    for one in warehouse.set_aside(SHOWN)? {
        print(format!("{}:{}: {}: {}", one.file, one.line, one.code, one.reason))?;
    }
    print("`laennec retry SOURCE --into WAREHOUSE` reads them again; v_rejections lists all")
}

fn state(run: &RunRecord) -> &'static str {
    if run.finished_at.is_some() { "finished" } else { "running or interrupted" }
}

/// Documents a second of a finished run.
fn throughput(run: &RunRecord) -> Option<f64> {
    let at = |text: &str| text.parse::<jiff::Timestamp>().ok();
    let seconds = at(run.finished_at.as_deref()?)?.as_second() - at(&run.started_at)?.as_second();
    let tally = &run.tally;
    let documents = tally.written + tally.replaced + tally.unchanged + tally.quarantined;
    Some(documents as f64 / seconds.max(1) as f64)
}
