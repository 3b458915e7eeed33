//! Why a patient is in, and why one is out: the rules that hold with their events, and the first rule that failed.

use super::run::Runnable;
use crate::phenotype::{Facts, Marks, NodeKind, Output, Vocabulary};
use crate::warehouse::{Warehouse, WarehouseError};
use std::collections::{BTreeMap, BTreeSet};

/// What holds for one patient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marked {
    /// Patient.
    pub patient_id: String,
    /// Numbers of what holds; see [`Marks`].
    pub holds: BTreeSet<usize>,
    /// Events by the number of their rule.
    pub events: BTreeMap<usize, Vec<String>>,
}

impl Marked {
    /// True for a case.
    pub fn is_case(&self, runnable: &Runnable<'_>) -> bool {
        self.holds.contains(&Marks::of(&runnable.plan).standing())
    }

    /// Events of each named rule that holds, in the order of rules.
    pub fn rules<'r>(&'r self, runnable: &'r Runnable<'_>) -> Vec<(&'r str, &'r [String])> {
        let named = |(number, events): (&usize, &'r Vec<String>)| {
            let name = runnable.plan.nodes.get(*number)?.name?;
            self.holds.contains(number).then_some((name, events.as_slice()))
        };
        self.events.iter().filter_map(named).collect()
    }

    /// For a patient who is not a case, the first rule that failed: of the weakest level when no level is reached,
    /// else what removed the case.
    pub fn failed(&self, runnable: &Runnable<'_>) -> String {
        let reached = runnable.plan.steps.iter().any(|node| self.holds.contains(node));
        if reached {
            return self.removal(runnable).unwrap_or_else(|| "review".to_string());
        }
        let weakest = runnable.plan.steps.last().copied().unwrap_or_default();
        self.first_failing(runnable, weakest).unwrap_or_else(|| "level".to_string())
    }

    fn removal(&self, runnable: &Runnable<'_>) -> Option<String> {
        let (definition, plan) = (&runnable.loaded.definition, &runnable.plan);
        let exclude = plan.excludes.iter().position(|node| self.holds.contains(node));
        if let Some(exclude) = exclude {
            return definition.excludes.get(exclude).map(|exclude| exclude.get_ref().name.clone());
        }
        let marks = Marks::of(plan);
        let veto = (0..plan.vetoes.len()).find(|veto| self.holds.contains(&marks.veto(*veto)))?;
        definition.vetoes.get(veto).map(|veto| veto.get_ref().name.clone())
    }

    fn first_failing(&self, runnable: &Runnable<'_>, node: usize) -> Option<String> {
        let nodes = &runnable.plan.nodes;
        let name = nodes[node].name.map(str::to_string);
        match &nodes[node].kind {
            NodeKind::Evidence(_) | NodeKind::Person(_) => name,
            NodeKind::Any(children) | NodeKind::AtLeast(_, children) => {
                let child = children.iter().find(|child| !self.holds.contains(child))?;
                self.first_failing(runnable, *child)
            }
            NodeKind::All(affirmed, denied) => {
                if let Some(child) = affirmed.iter().find(|child| !self.holds.contains(child)) {
                    return self.first_failing(runnable, *child);
                }
                let child = denied.iter().find(|child| self.holds.contains(child))?;
                Some(format!("not {}", nodes[*child].name.unwrap_or("rules")))
            }
            NodeKind::None(children) => {
                let child = children.iter().find(|child| self.holds.contains(child))?;
                Some(format!("not {}", nodes[*child].name.unwrap_or("rules")))
            }
        }
    }
}

/// Hands over every patient of the warehouse with what holds, in the order of patients.
///
/// # Errors
/// The warehouse cannot be read.
pub fn explain(
    warehouse: &Warehouse,
    runnable: &Runnable<'_>,
    vocabulary: &Vocabulary,
    facts: Facts,
    mut each: impl FnMut(&Marked),
) -> Result<(), WarehouseError> {
    let mut current: Option<Marked> = None;
    let statement = runnable.statement(vocabulary, facts, Output::Marks);
    warehouse.select(&statement, |row| {
        let [patient, mark, event] = row else { return };
        let patient = patient.as_text().unwrap_or_default();
        if current.as_ref().is_none_or(|marked| marked.patient_id != patient) {
            if let Some(done) = current.take() {
                each(&done);
            }
            current = Some(Marked { patient_id: patient.to_string(), ..Marked::default() });
        }
        let (Some(marked), Some(mark)) = (current.as_mut(), mark.as_integer()) else { return };
        let Ok(mark) = usize::try_from(mark) else { return };
        match event.as_text() {
            None => drop(marked.holds.insert(mark)),
            Some(event) => {
                let events = marked.events.entry(mark).or_default();
                if events.last().is_none_or(|last| last != event) {
                    events.push(event.to_string());
                }
            }
        }
    })?;
    if let Some(done) = current {
        each(&done);
    }
    Ok(())
}
