//! Subgroups of concepts and their parents: which groups a concept reaches, and which organ it speaks of.

use super::coded::CodeRanges;
use super::problem::Problem;
use super::table::Table;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// A subgroup, closed over its parents.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// A subgroup of EUROCAT.
    pub eurocat: bool,
    /// French name.
    pub label: String,
    /// Its parents.
    pub parents: Vec<String>,
    /// The group itself and all its ancestors, sorted.
    pub reached: Vec<String>,
    /// Number of the organ group: the ancestor just below the top; 0 to 63.
    pub organ: Option<u32>,
    /// Codes that reach it by themselves.
    pub codes: CodeRanges,
}

#[derive(Default)]
pub(super) struct Groups(FxHashMap<String, Group>);

const COLUMNS: [&str; 7] = ["group", "parents", "label", "counted", "eurocat", "cim10", "note"];

impl Groups {
    pub fn get(&self, id: &str) -> Option<&Group> {
        self.0.get(id)
    }

    pub fn all(&self) -> impl Iterator<Item = (&str, &Group)> {
        self.0.iter().map(|(id, group)| (id.as_str(), group))
    }

    /// Id, label and parents of every group, by id.
    pub fn in_order(&self) -> impl Iterator<Item = (&str, &str, &[String])> {
        let mut groups: Vec<_> = self.all().collect();
        groups.sort_by_key(|(id, _)| *id);
        groups.into_iter().map(|(id, group)| (id, group.label.as_str(), group.parents.as_slice()))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads `groups.tsv`; unknown parents, duplicates and cycles are problems.
    pub fn read(file: &str, text: &str, problems: &mut Vec<Problem>) -> Self {
        let Some(table) = Table::read(file, text, COLUMNS, 3, problems) else { return Self::default() };
        let mut parents: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
        for row in &table.rows {
            let id = table.cell(row, 0);
            let counted = table.cell(row, 3);
            if id.is_empty() {
                problems.push(Problem::at(file, row.line, "empty group id"));
            }
            if !matches!(counted, "" | "yes" | "minor" | "no") {
                let message = format!("counted is {counted:?}; expected yes, minor or no");
                problems.push(Problem::at(file, row.line, message));
            }
            if parents.insert(id, table.cell(row, 1).split_whitespace().collect()).is_some() {
                problems.push(Problem::at(file, row.line, format!("duplicate id: group {id:?}")));
            }
        }
        let mut organs: Vec<&str> = Vec::new();
        let mut groups = FxHashMap::default();
        for row in &table.rows {
            let id = table.cell(row, 0);
            let Some(unknown) = parents[id].iter().find(|p| !parents.contains_key(*p)) else {
                let reached = ancestors(id, &parents);
                if parents[id].iter().any(|p| ancestors(p, &parents).contains(id)) {
                    problems.push(Problem::at(file, row.line, format!("group {id:?} is its own ancestor")));
                }
                let organ = organ_of(id, &reached, &parents, &mut organs);
                let eurocat = table.cell(row, 4) == "yes";
                let reached = reached.into_iter().map(str::to_string).collect();
                let codes = CodeRanges::read(table.cell(row, 5), table.cell(row, 6));
                let label = table.cell(row, 2).to_string();
                let parents = parents[id].iter().map(|parent| parent.to_string()).collect();
                groups.insert(id.to_string(), Group { eurocat, label, parents, reached, organ, codes });
                continue;
            };
            problems.push(Problem::at(file, row.line, format!("unknown parent {unknown:?}")));
        }
        Self(groups)
    }
}

fn ancestors<'a>(id: &'a str, parents: &FxHashMap<&'a str, Vec<&'a str>>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::from([id]);
    let mut open = vec![id];
    while let Some(group) = open.pop() {
        for &parent in parents.get(group).into_iter().flatten() {
            if reached.insert(parent) {
                open.push(parent);
            }
        }
    }
    reached
}

/// The first ancestor whose only parent is a top group, numbered in order of appearance.
fn organ_of<'a>(
    id: &'a str,
    reached: &BTreeSet<&'a str>,
    parents: &FxHashMap<&'a str, Vec<&'a str>>,
    organs: &mut Vec<&'a str>,
) -> Option<u32> {
    let is_top = |group: &str| parents.get(group).is_none_or(Vec::is_empty);
    let below_top = |group: &&&str| !is_top(group) && parents[**group].iter().all(|p| is_top(p));
    let organ = *reached.iter().find(below_top).unwrap_or(&id);
    let number = organs.iter().position(|o| *o == organ).unwrap_or_else(|| {
        organs.push(organ);
        organs.len() - 1
    });
    u32::try_from(number).ok().filter(|n| *n < 64)
}
