//! Values in tables: their unit stands in the head of the column, in a cell beside them, or follows from a label.

use super::scan::Reader;
use super::{Quantity, Unit};
use crate::lexicon::UnitRole;
use crate::segment::{Table, TokenKind, TokenRange};

/// Most tokens of a head cell that are searched for its unit.
const LONGEST_HEAD: usize = 12;

/// A number, range or bound that fills a cell.
struct Value {
    tokens: TokenRange,
    low: f64,
    high: Option<f64>,
    comparator: Option<String>,
}

enum Cell {
    Value(Value),
    Unit(Unit),
    Other,
}

/// What the head of a column says.
#[derive(Clone, Default)]
struct Head {
    label: Option<String>,
    unit: Option<Unit>,
}

/// The quantities of the cells that hold none yet.
pub(super) fn find(reader: &Reader, tables: &[Table], known: &[Quantity]) -> Vec<Quantity> {
    let mut found = Vec::new();
    for table in tables {
        let cells = |row: &Vec<TokenRange>| row.iter().map(|c| reader.cell(*c, known)).collect::<Vec<_>>();
        let first = cells(&table.rows[0]);
        let has_head = !first.iter().any(|c| matches!(c, Cell::Value(_)));
        let heads: Vec<Head> = match has_head {
            true => table.rows[0].iter().map(|c| reader.head(*c)).collect(),
            false => Vec::new(),
        };
        for row in &table.rows[usize::from(has_head)..] {
            let name = row.first().map(|c| reader.head(*c)).unwrap_or_default();
            found.extend(quantities(reader, cells(row), &heads, &name));
        }
    }
    found
}

fn quantities(reader: &Reader, cells: Vec<Cell>, heads: &[Head], name: &Head) -> Vec<Quantity> {
    let units = row_units(&cells);
    let mut found = Vec::new();
    for (column, cell) in cells.into_iter().enumerate() {
        let Cell::Value(value) = cell else { continue };
        let head = heads.get(column).cloned().unwrap_or_default();
        let label = head.label.or_else(|| name.label.clone());
        let of_label = || label.as_deref().and_then(|label| reader.default_unit(label, value.low));
        let written = head.unit.or_else(|| units[column].clone()).or_else(|| name.unit.clone());
        let Some(unit) = written.or_else(of_label) else { continue };
        let fits =
            |label: &String| reader.words.defaults(label).iter().any(|d| d.unit.dimension == unit.dimension);
        let Value { tokens, low, high, comparator } = value;
        found.push(Quantity { tokens, value: low, high, comparator, label: label.filter(fits), unit });
    }
    found
}

/// The unit that the cells of a row give each of its columns.
///
/// Units beside each other are one unit. When a unit comes first, each one counts for the values after it; else for
/// those before it, and the last one also for what follows.
fn row_units(cells: &[Cell]) -> Vec<Option<Unit>> {
    let mut units = vec![None; cells.len()];
    let leads = cells.iter().find(|c| !matches!(c, Cell::Other)).is_some_and(|c| matches!(c, Cell::Unit(_)));
    let mut open: Option<Unit> = None;
    let mut since = 0;
    for (i, cell) in cells.iter().enumerate() {
        let is_next = i > 0 && matches!(cells[i - 1], Cell::Unit(_));
        match cell {
            Cell::Unit(unit) => {
                open = Some(open.take().filter(|_| is_next).map_or_else(|| unit.clone(), |o| o.times(unit)));
                if !leads {
                    units[since..i].fill(open.clone());
                }
            }
            // A value after a unit begins the next group.
            Cell::Value(_) if is_next => since = i,
            _ => {}
        }
        if leads || i >= since {
            units[i] = open.clone();
        }
    }
    units
}

impl Reader<'_, '_> {
    fn cell(&self, cell: TokenRange, known: &[Quantity]) -> Cell {
        let next = known.partition_point(|q| q.tokens.end <= cell.start);
        if known.get(next).is_some_and(|q| q.tokens.overlaps(cell)) {
            return Cell::Other;
        }
        if let Some((unit, end)) = self.unit_after(cell.start as usize)
            && end == cell.end as usize
        {
            return Cell::Unit(unit);
        }
        self.value(cell).map_or(Cell::Other, Cell::Value)
    }

    /// The value that fills a cell, but for a flag after it: "4,2", "> 5", "4.0-10.0", "94.4 +".
    fn value(&self, cell: TokenRange) -> Option<Value> {
        let (from, to) = (cell.start as usize, cell.end as usize);
        let sign = self.term(from, UnitRole::Comparator);
        let at = sign.map_or(from, |(_, end)| end);
        let first = self.grouped(at).filter(|n| self.kind(at) == Some(TokenKind::Number) && n.end <= to)?;
        let high = self.term(first.end, UnitRole::To).filter(|(term, _)| term.value.is_empty());
        let high =
            high.and_then(|(_, next)| self.grouped(next)).filter(|n| n.end <= to && n.value > first.value);
        let end = high.map_or(first.end, |n| n.end);
        let is_flag = |i: usize| self.kind(i) == Some(TokenKind::Mark) && !self.text.is_any_mark(i, b"/%.,:");
        (end..to).all(is_flag).then(|| Value {
            tokens: TokenRange::new(from, end),
            low: first.value,
            high: high.map(|n| n.value),
            comparator: sign.map(|(term, _)| term.id.clone()),
        })
    }

    /// The label and the unit of a head cell: "Poids (kg)", "Hb en g/dL", "mg/L".
    fn head(&self, cell: TokenRange) -> Head {
        let (from, to) = (cell.start as usize, cell.end as usize);
        let label = self.term(from, UnitRole::Label).filter(|(_, end)| *end <= to);
        let mut unit = self.unit_after(from).filter(|(_, end)| *end == to);
        for i in (from..to).take(LONGEST_HEAD) {
            unit = unit.or_else(|| self.unit_in_brackets(i).filter(|(_, end)| *end <= to));
        }
        Head { label: label.map(|(term, _)| term.id.clone()), unit: unit.map(|(unit, _)| unit) }
    }
}
