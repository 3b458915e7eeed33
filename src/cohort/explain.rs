//! Why a patient is in, and why one is out: the rules that hold with their events, and the first rule that failed.

use super::run::Runnable;
use crate::phenotype::{Facts, Held, NodeKind, Output, Vocabulary};
use crate::warehouse::{Value, Warehouse, WarehouseError};
use std::collections::BTreeMap;

/// What holds for one patient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marked {
    /// Patient.
    pub patient_id: String,
    /// True for a case.
    pub is_case: bool,
    /// What holds, by [`Held`]; empty when nothing was found.
    pub holds: Vec<bool>,
    /// Events by the number of their rule.
    pub events: BTreeMap<usize, Vec<String>>,
}

impl Marked {
    /// Events of each rule that holds, in the order of rules.
    pub fn rules<'r>(&'r self, runnable: &'r Runnable<'_>) -> Vec<(&'r str, &'r [String])> {
        let named = |(number, events): (&usize, &'r Vec<String>)| {
            let name = runnable.plan.nodes.get(*number)?.name?;
            self.holds(*number).then_some((name, events.as_slice()))
        };
        self.events.iter().filter_map(named).collect()
    }

    fn holds(&self, number: usize) -> bool {
        self.holds.get(number).copied().unwrap_or_default()
    }

    /// For a patient who is not a case, the first rule that failed: of the weakest level when no level is reached,
    /// else what removed the case.
    pub fn failed(&self, runnable: &Runnable<'_>) -> String {
        if runnable.plan.steps.iter().any(|node| self.holds(*node)) {
            return self.removal(runnable).unwrap_or_else(|| "review".to_string());
        }
        let weakest = runnable.plan.steps.last().copied().unwrap_or_default();
        self.first_failing(runnable, weakest).unwrap_or_else(|| "level".to_string())
    }

    fn removal(&self, runnable: &Runnable<'_>) -> Option<String> {
        let (definition, plan) = (&runnable.loaded.definition, &runnable.plan);
        if let Some(exclude) = plan.excludes.iter().position(|node| self.holds(*node)) {
            return definition.excludes.get(exclude).map(|exclude| exclude.get_ref().name.clone());
        }
        let held = Held::of(plan);
        let veto = (0..plan.vetoes.len()).find(|veto| self.holds(held.veto(*veto)))?;
        definition.vetoes.get(veto).map(|veto| veto.get_ref().name.clone())
    }

    fn first_failing(&self, runnable: &Runnable<'_>, node: usize) -> Option<String> {
        let nodes = &runnable.plan.nodes;
        let denied = |children: &[usize]| {
            let child = children.iter().find(|child| self.holds(**child))?;
            Some(format!("not {}", nodes[*child].name.unwrap_or("rules")))
        };
        match &nodes[node].kind {
            NodeKind::Evidence(_) | NodeKind::Person(_) => nodes[node].name.map(str::to_string),
            NodeKind::Any(children) | NodeKind::AtLeast(_, children) => {
                let child = children.iter().find(|child| !self.holds(**child))?;
                self.first_failing(runnable, *child)
            }
            NodeKind::All(affirmed, none) => match affirmed.iter().find(|child| !self.holds(**child)) {
                Some(child) => self.first_failing(runnable, *child),
                None => denied(none),
            },
            NodeKind::None(children) => denied(children),
        }
    }
}

/// Hands over one patient, or every patient of the warehouse, with what holds, in the order of patients.
///
/// # Errors
/// The warehouse cannot be read.
pub fn explain(
    warehouse: &Warehouse,
    runnable: &Runnable<'_>,
    vocabulary: &Vocabulary,
    facts: Facts,
    patient: Option<&str>,
    mut each: impl FnMut(&Marked),
) -> Result<(), WarehouseError> {
    let mut current: Option<Marked> = None;
    let statement = runnable.statement(warehouse.dialect(), vocabulary, facts, Output::Marks(patient));
    warehouse.select(&statement, |row| {
        let Some(patient) = row.first().and_then(Value::as_text) else { return };
        if current.as_ref().is_none_or(|marked| marked.patient_id != patient)
            && let Some(done) =
                current.replace(Marked { patient_id: patient.to_string(), ..Marked::default() })
        {
            each(&done);
        }
        if let Some(marked) = current.as_mut() {
            add(marked, row);
        }
    })?;
    current.iter().for_each(each);
    Ok(())
}

/// One row: a pregnancy and a person of the same record add up.
fn add(marked: &mut Marked, row: &[Value]) {
    let [_, step, rule, event, held @ ..] = row else { return };
    marked.is_case |= step.as_integer().is_some();
    marked.holds.resize(held.len(), false);
    for (known, held) in marked.holds.iter_mut().zip(held) {
        *known |= held.as_integer() == Some(1);
    }
    let rule = rule.as_integer().and_then(|rule| usize::try_from(rule).ok());
    if let (Some(rule), Some(event)) = (rule, event.as_text()) {
        marked.events.entry(rule).or_default().push(event.to_string());
    }
}
