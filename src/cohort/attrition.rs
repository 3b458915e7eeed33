//! How many patients remain after each rule.

use super::run::Runnable;
use crate::phenotype::{Facts, Marks, NodeKind, Output, Vocabulary};
use crate::warehouse::{Warehouse, WarehouseError};
use serde::Serialize;
use std::collections::BTreeMap;

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What was asked: `warehouse`, `rule`, `level`, `exclude`, `veto`, `cases`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Patients for whom it holds, or who remain after it.
    pub patients: u64,
}

/// The table of a definition: each rule by itself, then who enters, then who remains after each removal.
///
/// # Errors
/// The warehouse cannot be read.
pub fn attrition(
    warehouse: &Warehouse,
    runnable: &Runnable<'_>,
    vocabulary: &Vocabulary,
    facts: Facts,
) -> Result<Vec<Line>, WarehouseError> {
    let mut counts = BTreeMap::new();
    warehouse.select(&runnable.statement(vocabulary, facts, Output::Counts), |row| {
        if let [mark, count] = row {
            let count = u64::try_from(count.as_integer().unwrap_or_default()).unwrap_or_default();
            counts.insert(mark.as_integer().unwrap_or_default(), count);
        }
    })?;
    let count = |mark: usize| counts.get(&(mark as i64)).copied().unwrap_or_default();
    Ok(lines(runnable, counts.get(&-1).copied().unwrap_or_default(), count))
}

fn lines(runnable: &Runnable<'_>, everybody: u64, count: impl Fn(usize) -> u64) -> Vec<Line> {
    let (definition, plan) = (&runnable.loaded.definition, &runnable.plan);
    let marks = Marks::of(plan);
    let line = |kind, name: &str, patients| Line { kind, name: name.to_string(), patients };
    let mut lines = vec![line("warehouse", "patients", everybody)];
    for (number, node) in plan.nodes.iter().enumerate() {
        if let (Some(name), NodeKind::Evidence(_) | NodeKind::Person(_)) = (node.name, &node.kind) {
            lines.push(line("rule", name, count(number)));
        }
    }
    for (step, node) in definition.steps.iter().zip(&plan.steps) {
        lines.push(line("level", &step.get_ref().name, count(*node)));
    }
    lines.push(line("entered", "any level", count(marks.remaining())));
    let removals = definition.excludes.iter().map(|e| ("exclude", &e.get_ref().name));
    let removals = removals.chain(definition.vetoes.iter().map(|v| ("veto", &v.get_ref().name)));
    for (stage, (kind, name)) in removals.enumerate() {
        lines.push(line(kind, name, count(marks.remaining() + stage + 1)));
    }
    lines.push(line("cases", "after review", count(marks.standing())));
    lines
}
