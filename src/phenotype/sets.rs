//! The meanings of each set of a definition, as one table of a statement.

use super::definition::{Definition, Set};
use super::plan::in_order;
use super::sql::{Sql, unioned};

/// Code systems whose hierarchy is in the spelling: a code holds every code that begins with it.
const BY_PREFIX: [&str; 3] = ["CIM-10", "ATC", "CCAM"];

/// Sorts after any character of a code.
const LAST: char = '\u{FFFF}';

/// The sets of a definition, by number.
pub(super) struct Sets {
    names: Vec<String>,
}

impl Sets {
    /// Writes `sets(number, structured, meaning)`: what each set, in the order of the file, accepts of structured events
    /// (`structured = 1`) and of events of a text.
    pub fn write(sql: &mut Sql, definition: &Definition) -> Self {
        let mut names = Vec::new();
        let mut rows = Vec::new();
        for (number, (name, set)) in in_order(&definition.sets).into_iter().enumerate() {
            let set = set.get_ref();
            let (coded, termed) = (coded(sql, set), termed(sql, set));
            let either =
                |first: &Option<String>, second: &Option<String>| first.clone().or_else(|| second.clone());
            for (structured, body) in [(1, either(&coded, &termed)), (0, either(&termed, &coded))] {
                let row = |body| {
                    format!(
                        "SELECT {number} AS number, {structured} AS structured, meaning FROM (\n  {body}) AS s"
                    )
                };
                rows.extend(body.map(row));
            }
            names.push(name.to_string());
        }
        if rows.is_empty() {
            rows.push(
                "SELECT -1 AS number, -1 AS structured, meaning FROM meanings WHERE meaning < 0".into(),
            );
        }
        sql.table("sets", &unioned(&rows));
        Self { names }
    }

    /// The number of a set.
    pub fn number(&self, name: &str) -> usize {
        self.names.iter().position(|known| known == name).unwrap_or_default()
    }
}

fn coded(sql: &mut Sql, set: &Set) -> Option<String> {
    if set.codes.is_empty() {
        return None;
    }
    let wanted = code_conditions(sql, &set.codes);
    let mut body = format!("SELECT DISTINCT meaning FROM meaning_codes WHERE ({wanted})");
    if !set.not_codes.is_empty() {
        let unwanted = code_conditions(sql, &set.not_codes);
        body.push_str(&format!("\n    AND NOT ({unwanted})"));
    }
    Some(body)
}

fn code_conditions(sql: &mut Sql, codes: &[String]) -> String {
    let conditions: Vec<String> = codes.iter().map(|code| code_condition(sql, code)).collect();
    conditions.join(" OR ")
}

/// `CIM-10:Q39.1` with what lies under it, or `CIM-10:Q20-Q26` with all between and under.
fn code_condition(sql: &mut Sql, code: &str) -> String {
    let (system, code) = code.split_once(':').unwrap_or(("CIM-10", code));
    let bytewise = sql.dialect.bytewise();
    let system_mark = sql.bind(system);
    if !BY_PREFIX.contains(&system) {
        let code = sql.bind(code);
        return format!("(system = {system_mark} AND code = {code})");
    }
    let (first, last) = code.split_once('-').unwrap_or((code, code));
    let from = sql.bind(first);
    let until = sql.bind(format!("{last}{LAST}"));
    format!("(system = {system_mark} AND code{bytewise} >= {from} AND code{bytewise} < {until})")
}

fn termed(sql: &mut Sql, set: &Set) -> Option<String> {
    if set.subgroups.is_empty() && set.concepts.is_empty() {
        return None;
    }
    let mut wanted = Vec::new();
    if !set.subgroups.is_empty() {
        wanted.push(subgroup_select(sql, &set.subgroups));
    }
    if !set.concepts.is_empty() {
        wanted.push(concept_select(sql, &set.concepts));
    }
    let mut body = wanted.join("\n  UNION ");
    if !set.not_subgroups.is_empty() {
        body.push_str(&format!("\n  EXCEPT {}", subgroup_select(sql, &set.not_subgroups)));
    }
    if !set.not_concepts.is_empty() {
        body.push_str(&format!("\n  EXCEPT {}", concept_select(sql, &set.not_concepts)));
    }
    Some(body)
}

fn subgroup_select(sql: &mut Sql, subgroups: &[String]) -> String {
    let condition = sql.within("subgroup", subgroups);
    format!("SELECT meaning FROM meaning_subgroups WHERE {condition}")
}

/// `name.*` takes the concept and all under its name.
fn concept_select(sql: &mut Sql, concepts: &[String]) -> String {
    let bytewise = sql.dialect.bytewise();
    let condition = |sql: &mut Sql, concept: &String| match concept.strip_suffix(".*") {
        None => format!("concept = {}", sql.bind(concept.as_str())),
        Some(root) => {
            let (own, from) = (sql.bind(root), sql.bind(format!("{root}.")));
            let until = sql.bind(format!("{root}.{LAST}"));
            format!("concept = {own} OR (concept{bytewise} >= {from} AND concept{bytewise} < {until})")
        }
    };
    let conditions: Vec<String> = concepts.iter().map(|concept| condition(sql, concept)).collect();
    format!("SELECT meaning FROM meanings WHERE {}", conditions.join(" OR "))
}
