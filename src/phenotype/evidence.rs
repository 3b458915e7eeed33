//! The rules of evidence: the events that satisfy each, whose they are, and what is counted.

use super::compile::{Compiler, Relation};
use super::definition::{
    Count, Index, Landmark, MethodFilter, Missing, Per, Phase, Range, Role, Rule, Subject, Take, Twins,
};
use super::facts::{after_birth, before_birth, between, in_calendar};
use super::plan::{Evidence, NodeKind};
use super::sets::Sets;
use super::sql::{Sql, unioned};
use super::vocabulary::Vocabulary;
use std::collections::BTreeSet;

const STRUCTURED: &str = "structured";

/// The table that holds the events of each rule of evidence.
pub(super) type Tables<'t> = &'t dyn Fn(usize) -> String;

/// Writes the events that satisfy some rules, which may lean on rules whose events are written.
///
/// Rules that lean on the same table in the same way are answered in one pass: each row of facts meets the rules of its
/// set. SQLite copies a table wherever it is named, so each is named as few times as can be.
pub(super) fn marks_table(
    sql: &mut Sql,
    compiler: &Compiler<'_>,
    sets: &Sets,
    rules: &[usize],
    name: &str,
    tables: Tables<'_>,
) {
    let mut groups: Vec<(&'static str, Vec<Demand>)> = Vec::new();
    for number in rules {
        let NodeKind::Evidence(evidence) = &compiler.plan.nodes[*number].kind else { continue };
        let table = facts_of(compiler, evidence.rule);
        let demand = Demand::of(sql, compiler, sets, *number, evidence, tables);
        let beside = |demands: &[Demand]| demands.iter().all(|known| known.leans_as(&demand));
        match groups.iter_mut().find(|(known, demands)| *known == table && beside(demands)) {
            Some((_, demands)) => demands.push(demand),
            None => groups.push((table, vec![demand])),
        }
    }
    let mut selects: Vec<String> = groups.iter().map(|(table, demands)| select(table, demands)).collect();
    // Who was validated by a reviewer is looked at even when nothing speaks for it any more.
    let leans = |number: &usize| match &compiler.plan.nodes[*number].kind {
        NodeKind::Evidence(evidence) => evidence.leans_on().next().is_some(),
        _ => false,
    };
    if !rules.iter().any(leans) {
        selects.push(
            "SELECT -1 AS rule, patient AS subject, NULL AS event, NULL AS doc, NULL AS day, NULL AS report_day, 0 AS counts, 0 AS counted_in
  FROM reviewed WHERE verdict = 'validated'"
                .into(),
        );
    }
    sql.table(name, &unioned(&selects));
}

/// What a rule asks of an event, in SQL.
struct Demand {
    rule: usize,
    sets: Vec<usize>,
    lean: Option<Lean>,
    conditions: String,
    counts: &'static str,
    per_document: bool,
}

/// The rule whose events a window starts from, and the table that holds them.
#[derive(Clone, PartialEq, Eq)]
struct Lean {
    table: String,
    rule: usize,
    /// From any of its events, not from the first or last alone.
    any: bool,
}

impl Demand {
    fn leans_as(&self, other: &Self) -> bool {
        let way = |demand: &Self| demand.lean.as_ref().map(|lean| (lean.table.clone(), lean.any));
        way(self) == way(other)
    }

    fn of(
        sql: &mut Sql,
        compiler: &Compiler<'_>,
        sets: &Sets,
        rule: usize,
        evidence: &Evidence<'_>,
        tables: Tables<'_>,
    ) -> Self {
        let (lean, window) = window(sql, compiler, evidence, tables).unwrap_or_default();
        let contexts = contexts(sql, compiler, evidence.rule);
        let mut conditions = vec![format!("f.context IN (\n        {contexts})")];
        conditions.extend(event_conditions(sql, compiler, evidence, tables));
        conditions.extend(window);
        Self {
            rule,
            sets: evidence.sets.iter().map(|set| sets.number(set)).collect(),
            lean,
            conditions: conditions.join("\n      AND "),
            counts: counts(evidence.rule),
            per_document: evidence.rule.per == Some(Per::Document),
        }
    }
}

/// One pass over a table of facts for several rules.
fn select(table: &str, demands: &[Demand]) -> String {
    let pairs = demands.iter().flat_map(|demand| demand.sets.iter().map(|set| (demand.rule, *set)));
    let pairs: Vec<String> = pairs.map(|(rule, set)| format!("({rule}, {set})")).collect();
    let counts: String =
        demands.iter().map(|demand| format!(" WHEN {} THEN {}", demand.rule, demand.counts)).collect();
    let conditions: String = demands
        .iter()
        .map(|demand| format!("\n    WHEN {} THEN {}", demand.rule, demand.conditions))
        .collect();
    let per_document =
        demands.iter().filter(|demand| demand.per_document).map(|demand| demand.rule.to_string());
    let per_document = std::iter::once("-1".to_string()).chain(per_document).collect::<Vec<_>>().join(", ");
    let leans: Vec<(usize, &Lean)> =
        demands.iter().filter_map(|demand| Some((demand.rule, demand.lean.as_ref()?))).collect();
    let distinct = if leans.is_empty() { "" } else { "DISTINCT " };
    let join = join(&leans);
    format!(
        "SELECT {distinct}a.rule, f.subject, f.event, f.doc, f.day, f.report_day, CASE a.rule{counts} END AS counts,
    CASE WHEN a.rule IN ({per_document}) THEN coalesce(f.doc, -f.event) ELSE 0 END AS counted_in
  FROM (WITH asked(rule, number) AS (VALUES {}) SELECT rule, number FROM asked) AS a
  JOIN {table} f ON f.number = a.number{join}
  WHERE CASE a.rule{conditions} END",
        pairs.join(", ")
    )
}

/// The days that windows start from, by the rule that has the window.
fn join(leans: &[(usize, &Lean)]) -> String {
    let Some((_, Lean { table, any, .. })) = leans.first() else { return String::new() };
    let pairs: Vec<String> = leans.iter().map(|(rule, lean)| format!("({rule}, {})", lean.rule)).collect();
    let pairs = format!(
        "(WITH leans(rule, other) AS (VALUES {}) SELECT rule, other FROM leans) AS l",
        pairs.join(", ")
    );
    if *any {
        return format!(
            "
  JOIN {pairs} ON l.rule = a.rule
  JOIN {table} w ON w.rule = l.other AND w.subject = f.subject AND w.event <> f.event"
        );
    }
    format!(
        "
  JOIN (SELECT l.rule, m.subject, min(m.day) AS first, max(m.day) AS last, count(DISTINCT m.counts) AS n
    FROM {pairs} JOIN {table} m ON m.rule = l.other GROUP BY l.rule, m.subject) AS w
    ON w.rule = a.rule AND w.subject = f.subject"
    )
}

/// How many different things a rule needs.
pub(super) fn least(rule: &Rule) -> u32 {
    rule.at_least.unwrap_or(1)
}

/// What is counted, as a column.
fn counts(rule: &Rule) -> &'static str {
    match count_of(rule) {
        Count::Events => "f.event",
        // An event without a report is a source of its own.
        Count::Documents => "coalesce(f.doc, -f.event)",
        Count::DocumentTypes => "(SELECT c.document_type FROM contexts c WHERE c.context = f.context)",
        Count::Days => "f.day",
        Count::Stays => {
            "(SELECT coalesce(x.visit_id, d.visit_id) FROM events x LEFT JOIN documents d ON d.doc = x.doc WHERE x.event = f.event)"
        }
        Count::Sets => "a.number",
    }
}

/// Reports repeat themselves, so they are counted by document unless said.
fn count_of(rule: &Rule) -> Count {
    rule.count.unwrap_or(match rule.method {
        Some(MethodFilter::Structured) => Count::Events,
        _ => Count::Documents,
    })
}

fn facts_of(compiler: &Compiler<'_>, rule: &Rule) -> &'static str {
    match (rule.role.unwrap_or_default(), compiler.definition.subject) {
        (Role::Mother, _) => Relation::Mother.table(),
        (Role::Twin, _) => "twin_facts",
        (Role::Subject, Subject::Child) => Relation::Child.table(),
        (Role::Subject, Subject::Patient) => Relation::Own.table(),
    }
}

/// The contexts a rule accepts.
fn contexts(sql: &mut Sql, compiler: &Compiler<'_>, rule: &Rule) -> String {
    let method = match rule.method.unwrap_or_default() {
        MethodFilter::Any => "true".to_string(),
        MethodFilter::Structured => format!("method = {}", sql.bind(STRUCTURED)),
        MethodFilter::Text => format!("method <> {}", sql.bind(STRUCTURED)),
        MethodFilter::Dictionary => format!("method = {}", sql.bind("dictionary")),
        MethodFilter::Pattern => format!("method = {}", sql.bind("pattern")),
        MethodFilter::Neural => format!("method = {}", sql.bind("neural")),
    };
    let mut conditions = vec![method];
    let words = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<String>>();
    let assertion = rule.assertion.clone().unwrap_or_else(|| words(&["present"]));
    conditions.push(sql.within("conclusion", &assertion));
    if rule.role.unwrap_or_default() != Role::Mother || rule.experiencer.is_some() {
        let usual = match compiler.definition.subject {
            Subject::Child => words(&["patient", "fetus"]),
            Subject::Patient => words(&["patient"]),
        };
        let experiencer = rule.experiencer.clone().unwrap_or(usual);
        conditions.push(sql.within("experiencer", &experiencer));
    }
    let temporality = rule.temporality.clone().unwrap_or_else(|| words(&["current", "past"]));
    conditions.push(sql.within("temporality", &temporality));
    let lists = [
        ("document_type", &rule.document_types),
        ("section", &rule.sections),
        ("laterality", &rule.laterality),
        ("position", &rule.position),
    ];
    for (column, list) in lists {
        conditions.extend(list.as_ref().map(|list| sql.within(column, list)));
    }
    for (column, list) in [("document_type", &rule.not_document_types), ("section", &rule.not_sections)] {
        conditions.extend(
            list.as_ref().map(|list| format!("({column} IS NULL OR NOT {})", sql.within(column, list))),
        );
    }
    if let Some(certainty) = &rule.certainty {
        conditions.push(between(sql, "certainty", certainty));
    }
    if let Some(wards) = &rule.wards {
        let like: Vec<String> = wards.like.iter().map(|piece| ward_condition(sql, piece)).collect();
        let missing = (wards.missing == Missing::Accept).then(|| "ward IS NULL".to_string());
        let any: Vec<String> = missing.into_iter().chain(like).collect();
        conditions.push(format!("({})", any.join(" OR ")));
    }
    format!("SELECT context FROM contexts WHERE {}", conditions.join("\n        AND "))
}

fn ward_condition(sql: &mut Sql, piece: &str) -> String {
    let small = piece.to_lowercase();
    // SQLite knows capitals without accents only.
    let accented: BTreeSet<char> = small.chars().filter(|c| !c.is_ascii() && c.is_alphabetic()).collect();
    let ward = accented.into_iter().fold("lower(ward)".to_string(), |ward, letter| {
        let capital: String = letter.to_uppercase().collect();
        format!("replace({ward}, {}, {})", sql.bind(capital), sql.bind(letter.to_string()))
    });
    let escaped = small.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let piece = sql.bind(format!("%{escaped}%"));
    format!("{ward} LIKE {piece} ESCAPE '\\'")
}

/// Conditions on the event itself.
fn event_conditions(
    sql: &mut Sql,
    compiler: &Compiler<'_>,
    evidence: &Evidence<'_>,
    tables: Tables<'_>,
) -> Vec<String> {
    let rule = evidence.rule;
    let mut conditions = Vec::new();
    if rule.twins.unwrap_or_default() == Twins::Named {
        conditions.push("f.shared = 0".to_string());
    }
    if let Some(age) = &rule.age_days {
        conditions.push(between(sql, "(f.day - f.born)", age));
    }
    if let Some(gestation) = &rule.gestational_age_days {
        conditions.push(between(sql, "coalesce(f.gestation, f.day - f.conceived + 14)", gestation));
    }
    if let Some(calendar) = &rule.calendar {
        conditions.push(in_calendar(sql, "f.day", calendar));
    }
    conditions.extend(rule.phase.map(|phase| phase_condition(sql, compiler.vocabulary, phase)));
    if let Some(value) = &rule.value {
        let range = Range { from: value.from, below: value.below, missing: Missing::Refuse };
        conditions.push(between(sql, "f.value", &range));
        if let Some(unit) = &value.unit {
            let unit = sql.bind(unit.as_str());
            conditions.push(format!("(SELECT u.unit FROM events u WHERE u.event = f.event) = {unit}"));
        }
    }
    if let Some(other) = evidence.same_document {
        let before = tables(other);
        conditions.push(format!("(f.subject, f.doc) IN (SELECT subject, doc FROM {before} WHERE rule = {other} AND doc IS NOT NULL)"));
    }
    if let Some(other) = evidence.not_same_document {
        let before = tables(other);
        conditions.push(format!(
            "(f.doc IS NULL OR (f.subject, f.doc) NOT IN (SELECT subject, doc FROM {before} WHERE rule = {other} AND doc IS NOT NULL))"
        ));
    }
    conditions
}

fn phase_condition(sql: &mut Sql, vocabulary: &Vocabulary, phase: Phase) -> String {
    let (after, before) = (after_birth(sql, vocabulary), before_birth(sql, vocabulary));
    match phase {
        Phase::Prenatal => format!(
            "f.context NOT IN ({after})
      AND CASE WHEN f.born IS NULL THEN f.context IN ({before}) ELSE f.report_day < f.born END"
        ),
        Phase::Postnatal => format!(
            "(f.context IN ({after})
      OR CASE WHEN f.born IS NULL THEN f.context NOT IN ({before}) ELSE f.report_day >= f.born END)"
        ),
    }
}

/// Days between the event and a landmark or the events of another rule: that rule, and a condition.
fn window(
    sql: &mut Sql,
    compiler: &Compiler<'_>,
    evidence: &Evidence<'_>,
    tables: Tables<'_>,
) -> Option<(Option<Lean>, Option<String>)> {
    let within = evidence.rule.within.as_ref()?;
    let range = Range {
        from: within.from.map(f64::from),
        below: within.until.map(|until| f64::from(until) + 1.0),
        missing: Missing::Refuse,
    };
    let landmark = match (within.of.as_str(), &compiler.definition.index) {
        ("birth", _) | ("index", Index::Of(Landmark::Birth)) => Some("f.born"),
        ("conception", _) | ("index", Index::Of(Landmark::Conception)) => Some("f.conceived"),
        _ => None,
    };
    if let Some(landmark) = landmark {
        let days = between(sql, &format!("(f.day - {landmark})"), &range);
        return Some((None, Some(days)));
    }
    let other = evidence.within?;
    let take = match (&compiler.definition.index, within.of.as_str()) {
        (Index::Rule(index), "index") => index.take,
        _ => within.take,
    };
    let lean = Lean { table: tables(other), rule: other, any: take == Take::Any };
    let condition = match take {
        Take::Any => between(sql, "(f.day - w.day)", &range),
        Take::First | Take::Last => {
            let NodeKind::Evidence(asked) = &compiler.plan.nodes[other].kind else { return None };
            let day = if take == Take::First { "w.first" } else { "w.last" };
            let enough = sql.bind(i64::from(least(asked.rule)));
            format!("w.n >= {enough} AND {}", between(sql, &format!("(f.day - {day})"), &range))
        }
    };
    Some((Some(lean), Some(condition)))
}
