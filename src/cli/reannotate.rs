//! `laennec reannotate`: after a change of lexicons, reads again only what the change can touch.

use super::annotate::{self, Mode};
use super::sink::{fingerprint, unpacked};
use super::{Failed, Outcome, Result, print, progress};
use crate::lexicon::{Changes, Folder, Traced, Trigger};
use crate::pipeline::may_hold;
use crate::warehouse::{EngineFingerprint, Place, Stamped, Warehouse};
use std::collections::BTreeMap;

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  laennec reannotate reports.jsonl --into cohort.db --lexicon mine --plan    which documents, and why; changes nothing
  laennec reannotate reports.jsonl --into cohort.db --lexicon mine           the same events as a full run, sooner
Terms and cues are traced to the documents that may hold their words; any other change reads every document again, and so
does a change of terms where a model is asked (--model off asks none).";

/// Read again the documents that a change of lexicon, cue, model or engine can touch; the others are known to stay the same.
#[derive(clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    #[command(flatten)]
    annotate: annotate::Arguments,
    /// Only show how many documents would be read again, and why.
    #[arg(long)]
    plan: bool,
    /// With --plan: name the documents, one a line with its reason.
    #[arg(long, requires = "plan")]
    documents: bool,
}

/// What to do with the documents of one engine.
struct Plan {
    /// Key of the engine.
    engine: i64,
    changes: Changes,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    arguments.annotate.check(Mode::Again)?;
    let place = arguments.annotate.warehouse()?;
    let engine = arguments.annotate.engine()?;
    let now = fingerprint(&engine, &arguments.annotate.options());
    let plans = plans(place, &now, &engine.lexicons().folders)?;
    if arguments.plan {
        return show(place, &plans, arguments.documents);
    }
    let snapshots = || super::sink::snapshots(engine.lexicons());
    let mut warehouse = Warehouse::open_to_change(place)?;
    let reader = Warehouse::open_existing_at(place)?;
    let mut run = warehouse.begin_run(&now).keeping_lexicons(&snapshots);
    for plan in &plans {
        let Changes::Some(traced) = &plan.changes else { continue };
        reader.each_read_by(plan.engine, &traced.concepts, |reports| {
            let same: Vec<&Stamped> =
                reports.iter().filter(|report| touched(report, traced).is_none()).collect();
            run.restamp(plan.engine, &same).map_err(Failed::from)
        })?;
    }
    run.finish()?;
    drop(reader);
    drop(warehouse);
    annotate::run_with(&arguments.annotate, &engine, Mode::Again)
}

/// What differs between each engine whose events are stored and the present one.
fn plans(place: &Place, now: &EngineFingerprint, folders: &[Folder]) -> Result<Vec<Plan>> {
    let warehouse = Warehouse::open_existing_at(place)?;
    let mut plans = Vec::new();
    for engine in warehouse.engines_in_use()? {
        if engine.fingerprint == *now {
            continue;
        }
        let changes = changes(&warehouse, &engine.fingerprint, now, folders)?;
        plans.push(Plan { engine: engine.key, changes });
    }
    Ok(plans)
}

fn changes(
    warehouse: &Warehouse,
    before: &EngineFingerprint,
    now: &EngineFingerprint,
    folders: &[Folder],
) -> Result<Changes> {
    let differs = [
        ("the engine", before.engine != now.engine),
        ("the model", before.model != now.model),
        ("the sections asked for", before.options != now.options),
    ];
    let reasons: Vec<String> =
        differs.iter().filter(|(_, differs)| *differs).map(|(what, _)| (*what).to_owned()).collect();
    if !reasons.is_empty() {
        return Ok(Changes::Everything(reasons));
    }
    let mut old = Vec::new();
    for name in &before.lexicons {
        match warehouse.snapshot(name)?.as_deref().and_then(unpacked) {
            Some(folder) => old.push(folder),
            None => return Ok(Changes::Everything(vec![format!("{name}, which was not kept")])),
        }
    }
    // Units decide no event and are not among the lexicons of an engine.
    let units = folders.iter().filter(|folder| !old.iter().any(|known| known.name == folder.name));
    let units: Vec<Folder> = units.filter(|folder| is_of_units(folder)).cloned().collect();
    old.extend(units);
    // In the order of the present ones: the first of two terms of equal rank wins.
    old.sort_by_key(|folder| {
        folders.iter().position(|known| known.name == folder.name).unwrap_or(usize::MAX)
    });
    match Changes::between(&old, folders).map_err(Failed::new)? {
        Changes::Some(traced) if traced.of_terms && now.model.is_some() => {
            Ok(Changes::Everything(vec!["terms: the model may link what it finds to any".to_owned()]))
        }
        changes => Ok(changes),
    }
}

fn is_of_units(folder: &Folder) -> bool {
    folder.get("manifest.toml").is_some_and(|text| text.contains("kind = \"units\""))
}

/// The first reason to read a report again.
fn touched<'t>(report: &Stamped, traced: &'t Traced) -> Option<&'t str> {
    let Some(words) = &report.words else { return Some("its words were not kept") };
    let holds = |trigger: &&Trigger| {
        trigger.all_of.iter().all(|forms| forms.iter().any(|form| may_hold(words, form)))
    };
    let by_words = traced.triggers.iter().find(holds).map(|trigger| trigger.reason.as_str());
    by_words.or(report.says_otherwise.then_some("an event of a concept that says something else"))
}

fn show(place: &Place, plans: &[Plan], documents: bool) -> Result {
    let warehouse = Warehouse::open_existing_at(place)?;
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    let (mut same, mut again) = (0_u64, 0_u64);
    for plan in plans {
        let concepts: &[String] = match &plan.changes {
            Changes::Everything(_) => &[],
            Changes::Some(traced) => &traced.concepts,
        };
        warehouse.each_read_by(plan.engine, concepts, |reports| {
            for report in &reports {
                let reason = match &plan.changes {
                    Changes::Everything(reasons) => Some(reasons.join(", ")),
                    Changes::Some(traced) => touched(report, traced).map(str::to_owned),
                };
                let Some(reason) = reason else {
                    same += 1;
                    continue;
                };
                again += 1;
                if documents {
                    print(format!("{}\t{reason}", report.document_id))?;
                }
                *reasons.entry(reason).or_default() += 1;
            }
            Ok::<(), Failed>(())
        })?;
    }
    if documents {
        return Ok(Outcome::Done);
    }
    let mut table = progress::table(&["reason", "documents"]);
    for (reason, count) in &reasons {
        table.add_row([reason.clone(), count.to_string()]);
    }
    print(table)?;
    print(format!("{again} documents to read again, {same} that no change can touch"))?;
    Ok(Outcome::Done)
}
