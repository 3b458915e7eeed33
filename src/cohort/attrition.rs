//! How many patients remain after each rule.

use super::run::Runnable;
use crate::phenotype::{Facts, Held, NodeKind, Output, Vocabulary};
use crate::warehouse::{Value, Warehouse, WarehouseError};
use serde::Serialize;

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
    let mut counts: Vec<u64> = Vec::new();
    warehouse.select(&runnable.statement(warehouse.dialect(), vocabulary, facts, Output::Counts), |row| {
        let number = |value: &Value| {
            value.as_integer().and_then(|count| u64::try_from(count).ok()).unwrap_or_default()
        };
        counts = row.iter().map(number).collect();
    })?;
    Ok(lines(runnable, &counts))
}

/// `counts` as [`Output::Counts`] gives them.
fn lines(runnable: &Runnable<'_>, counts: &[u64]) -> Vec<Line> {
    let (definition, plan) = (&runnable.loaded.definition, &runnable.plan);
    let at = |place: usize| counts.get(place).copied().unwrap_or_default();
    let (held, remaining) = (|number: usize| at(1 + number), 1 + Held::of(plan).count());
    let line = |kind, name: &str, patients| Line { kind, name: name.to_string(), patients };
    let mut lines = vec![line("warehouse", "patients", at(0))];
    for (number, node) in plan.nodes.iter().enumerate() {
        if let (Some(name), NodeKind::Evidence(_) | NodeKind::Person(_)) = (node.name, &node.kind) {
            lines.push(line("rule", name, held(number)));
        }
    }
    for (step, node) in definition.steps.iter().zip(&plan.steps) {
        lines.push(line("level", &step.get_ref().name, held(*node)));
    }
    lines.push(line("entered", "any level", at(remaining)));
    let removals = definition.excludes.iter().map(|e| ("exclude", &e.get_ref().name));
    let removals = removals.chain(definition.vetoes.iter().map(|v| ("veto", &v.get_ref().name)));
    for (stage, (kind, name)) in removals.enumerate() {
        lines.push(line(kind, name, at(remaining + stage + 1)));
    }
    lines.push(line("cases", "after review", counts.last().copied().unwrap_or_default()));
    lines
}
