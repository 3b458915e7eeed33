//! Runs a compiled definition on a warehouse: who is a case, at which level, dated when, by which events.

use crate::phenotype::{Compiler, Dialect, Facts, Loaded, Output, Plan, Vocabulary};
use crate::problem::Problem;
use crate::warehouse::{Membership, Statement, Value, Warehouse, WarehouseError, date_of};
use serde::Serialize;

/// A definition that can be run: read, resolved, ready to compile.
pub struct Runnable<'d> {
    /// As read.
    pub loaded: &'d Loaded,
    /// With names resolved.
    pub plan: Plan<'d>,
}

impl<'d> Runnable<'d> {
    /// Resolves a definition.
    ///
    /// # Errors
    /// Names that mean nothing, circles, rules that affirm nothing, a level nobody declared: file and line.
    pub fn new(loaded: &'d Loaded) -> Result<Self, Vec<Problem>> {
        let plan = Plan::of(&loaded.definition, &loaded.source())?;
        Ok(Self { loaded, plan })
    }

    /// The statement that gives `output`.
    pub fn statement(
        &self,
        dialect: Dialect,
        vocabulary: &Vocabulary,
        facts: Facts,
        output: Output<'_>,
    ) -> Statement {
        let definition = &self.loaded.definition;
        Compiler { definition, plan: &self.plan, vocabulary, dialect, facts }.statement(output)
    }

    /// The name of the level of a step, from 1; step 0 is a case by the word of a reviewer alone, of the strongest level.
    pub fn level(&self, step: i64) -> &str {
        let definition = &self.loaded.definition;
        let step = usize::try_from(step - 1).ok().and_then(|step| definition.steps.get(step));
        step.map_or_else(
            || definition.levels.first().map_or("", String::as_str),
            |step| step.get_ref().name.as_str(),
        )
    }
}

/// One case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Case {
    /// Patient; the mother's when the child has no record.
    pub patient_id: String,
    /// Id of the definition.
    pub phenotype: String,
    /// Its version.
    pub version: String,
    /// Level reached.
    pub case_level: String,
    /// ISO date.
    pub index_date: Option<String>,
    /// Class of the child, when the classes were run too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Ids of the events that speak for it, in the order of days.
    pub evidence: Vec<String>,
}

/// The cases of a definition, in the order of patients.
///
/// # Errors
/// The warehouse cannot be read.
pub fn cases(
    warehouse: &Warehouse,
    runnable: &Runnable<'_>,
    vocabulary: &Vocabulary,
    facts: Facts,
) -> Result<Vec<Case>, WarehouseError> {
    let mut found: Vec<Case> = Vec::new();
    warehouse.select(&runnable.statement(warehouse.dialect(), vocabulary, facts, Output::Cases), |row| {
        let [patient, step, index, event] = row else { return };
        let patient = patient.as_text().unwrap_or_default();
        if found.last().is_none_or(|case| case.patient_id != patient) {
            found.push(new_case(runnable, patient, step.as_integer().unwrap_or_default(), index));
        }
        if let (Some(case), Some(event)) = (found.last_mut(), event.as_text())
            && !case.evidence.iter().any(|known| known == event)
        {
            case.evidence.push(event.to_string());
        }
    })?;
    Ok(found)
}

fn new_case(runnable: &Runnable<'_>, patient: &str, step: i64, index: &Value) -> Case {
    Case {
        patient_id: patient.to_string(),
        phenotype: runnable.loaded.id().to_string(),
        version: runnable.loaded.version.clone(),
        case_level: runnable.level(step).to_string(),
        index_date: index.as_integer().and_then(date_of),
        class: None,
        evidence: Vec::new(),
    }
}

/// Stores the cases of a definition as its cohort, in place of what the same version had.
///
/// # Errors
/// The warehouse cannot be written.
pub fn store(warehouse: &mut Warehouse, loaded: &Loaded, cases: &[Case]) -> Result<(), WarehouseError> {
    fn member(case: &Case) -> Membership<'_> {
        Membership {
            patient_id: &case.patient_id,
            case_level: &case.case_level,
            index_date: case.index_date.as_deref(),
            evidence: &case.evidence,
            class: case.class.as_deref(),
        }
    }
    let members: Vec<Membership<'_>> = cases.iter().map(member).collect();
    warehouse.put_cohort(loaded.id(), &loaded.version, &members)
}
