//! Patients who come near a phenotype and are not counted: of a weaker level, removed by a rule, rejected by reviewers.

use super::cases::{Fault, Reader, runnable};
use super::config::Config;
use crate::cohort;
use crate::phenotype::{Facts, Loaded, Vocabulary};
use crate::warehouse::{Warehouse, WatchedCase};
use std::collections::{BTreeMap, BTreeSet};

/// Each with the reason: `level possible`, `rule NAME` or `review`. The facts of the definition are staged.
///
/// # Errors
/// The warehouse cannot be read.
pub fn read(
    warehouse: &Warehouse,
    loaded: &Loaded,
    vocabulary: &Vocabulary,
    config: &Config,
) -> Result<Vec<(WatchedCase, String)>, Fault> {
    let mut entering = loaded.clone();
    entering.definition.excludes.clear();
    entering.definition.vetoes.clear();
    // Under a name that no reviewer has judged.
    let id = format!("{} before removals", loaded.id());
    entering.definition.id = toml::Spanned::new(0..0, id);
    let (as_is, entering) = (runnable(loaded)?, runnable(&entering)?);
    let cases = cohort::cases(warehouse, &as_is, vocabulary, Facts::Staged)?;
    let levels: BTreeMap<&str, &str> =
        cases.iter().map(|case| (case.patient_id.as_str(), case.case_level.as_str())).collect();
    let mut entered = cohort::cases(warehouse, &entering, vocabulary, Facts::Staged)?;
    entered.retain(|case| {
        let level = levels.get(case.patient_id.as_str());
        level.is_none_or(|level| !config.levels.iter().any(|counted| counted == level))
    });
    let removed = entered.iter().filter(|case| !levels.contains_key(case.patient_id.as_str()));
    let removed: BTreeSet<String> = removed.map(|case| case.patient_id.clone()).collect();
    let why = reasons(warehouse, &as_is, vocabulary, &removed)?;
    let reader = Reader::new(warehouse, &entered, config)?;
    let mut found = Vec::new();
    for mut case in entered {
        case.phenotype = loaded.id().to_string();
        let why = match levels.get(case.patient_id.as_str()) {
            Some(level) => format!("level {level}"),
            None => why.get(&case.patient_id).cloned().unwrap_or_default(),
        };
        found.push((reader.watched(case, None, false)?, why));
    }
    Ok(found)
}

/// More patients than this are explained by one question over all.
const MANY: usize = 50;

/// Why each of these patients is no case: `review`, `rule NAME`, or `date >` for one who is, dated after the cut-off.
///
/// # Errors
/// The warehouse cannot be read.
pub fn reasons(
    warehouse: &Warehouse,
    runnable: &cohort::Runnable<'_>,
    vocabulary: &Vocabulary,
    patients: &BTreeSet<String>,
) -> Result<BTreeMap<String, String>, Fault> {
    let mut found = BTreeMap::new();
    let mut explain = |patient: Option<&str>| {
        cohort::explain(warehouse, runnable, vocabulary, Facts::Staged, patient, |marked| {
            if patients.contains(&marked.patient_id) {
                let why = match marked.failed(runnable).as_str() {
                    _ if marked.is_case => "date >".to_string(),
                    "review" => "review".to_string(),
                    rule => format!("rule {rule}"),
                };
                found.insert(marked.patient_id.clone(), why);
            }
        })
    };
    if patients.len() > MANY {
        explain(None)?;
    } else {
        patients.iter().try_for_each(|patient| explain(Some(patient)))?;
    }
    Ok(found)
}
