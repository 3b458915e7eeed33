//! The table of one rule of evidence: the events that satisfy it, whose they are, and what is counted.

use super::compile::{Compiler, Relation};
use super::definition::{
    Count, Index, Landmark, MethodFilter, Missing, Per, Phase, Range, Role, Rule, Subject, Take, Twins,
};
use super::facts::{between, in_calendar};
use super::plan::{Evidence, NodeKind};
use super::sets::Sets;
use super::sql::Sql;

const STRUCTURED: &str = "structured";

/// Writes `e{number}`; its column `counts` is what is counted.
pub(super) fn evidence_table(
    sql: &mut Sql,
    compiler: &Compiler<'_>,
    sets: &Sets,
    number: usize,
    evidence: &Evidence<'_>,
) {
    let rule = evidence.rule;
    let table = facts_of(compiler, rule);
    let conditions = event_conditions(sql, evidence);
    let (join, window) = window(sql, compiler, evidence).unwrap_or_default();
    let mut selects = Vec::new();
    for (structured, prefix) in [(true, 's'), (false, 't')] {
        let Some(contexts) = contexts(sql, compiler, rule, structured) else { continue };
        let name = format!("c{number}{prefix}");
        sql.table(&name, &contexts);
        for (member, set) in evidence.sets.iter().enumerate() {
            let set = sets.number(set);
            let counts = counts(rule, member);
            selects.push(format!(
                "SELECT DISTINCT f.subject, f.event, f.doc, f.day, f.report_day, {counts} AS counts FROM {table} f{join}
    WHERE f.meaning IN (SELECT meaning FROM {prefix}{set}) AND f.context IN (SELECT context FROM {name}){conditions}{window}"
            ));
        }
    }
    let body = selects.join("\n  UNION ALL ");
    if rule.per == Some(Per::Document) {
        let enough = sql.bind(i64::from(rule.at_least.unwrap_or(1)));
        sql.table(&format!("d{number}"), &body);
        let kept = format!(
            "SELECT d.* FROM d{number} d JOIN (SELECT subject, doc FROM d{number} WHERE doc IS NOT NULL
    GROUP BY subject, doc HAVING count(DISTINCT counts) >= {enough}) AS k ON k.subject = d.subject AND k.doc = d.doc"
        );
        sql.table(&format!("e{number}"), &kept);
    } else {
        sql.table(&format!("e{number}"), &body);
    }
}

/// How many different things a rule needs, all its events together; what is counted inside one report is settled there.
pub(super) fn least(rule: &Rule) -> u32 {
    if rule.per == Some(Per::Document) { 1 } else { rule.at_least.unwrap_or(1) }
}

/// What is counted, as a column.
fn counts(rule: &Rule, member: usize) -> String {
    match count_of(rule) {
        Count::Events => "f.event".into(),
        // An event without a report is a source of its own.
        Count::Documents => "coalesce(f.doc, -f.event)".into(),
        Count::DocumentTypes => "(SELECT c.document_type FROM contexts c WHERE c.context = f.context)".into(),
        Count::Days => "f.day".into(),
        Count::Stays => {
            "(SELECT coalesce(x.visit_id, d.visit_id) FROM events x LEFT JOIN documents d ON d.doc = x.doc
      WHERE x.event = f.event)"
                .into()
        }
        Count::Sets => member.to_string(),
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

/// The contexts a rule accepts among structured events, or among those of a text; `None` when it accepts none.
fn contexts(sql: &mut Sql, compiler: &Compiler<'_>, rule: &Rule, structured: bool) -> Option<String> {
    let method = rule.method.unwrap_or_default();
    let mut conditions = vec![match (structured, method) {
        (true, MethodFilter::Structured | MethodFilter::Any) => format!("method = {}", sql.bind(STRUCTURED)),
        (false, MethodFilter::Text | MethodFilter::Any) => format!("method <> {}", sql.bind(STRUCTURED)),
        (false, MethodFilter::Dictionary) => format!("method = {}", sql.bind("dictionary")),
        (false, MethodFilter::Pattern) => format!("method = {}", sql.bind("pattern")),
        (false, MethodFilter::Neural) => format!("method = {}", sql.bind("neural")),
        _ => return None,
    }];
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
    Some(format!("SELECT context FROM contexts WHERE {}", conditions.join("\n    AND ")))
}

fn ward_condition(sql: &mut Sql, piece: &str) -> String {
    let escaped = piece.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let piece = sql.bind(format!("%{escaped}%"));
    format!("lower(ward) LIKE {piece} ESCAPE '\\'")
}

/// Conditions on the event itself, each beginning with ` AND`.
fn event_conditions(sql: &mut Sql, evidence: &Evidence<'_>) -> String {
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
    conditions.extend(rule.phase.map(phase_condition));
    if let Some(value) = &rule.value {
        let range = Range { from: value.from, below: value.below, missing: Missing::Refuse };
        conditions.push(between(sql, "f.value", &range));
        if let Some(unit) = &value.unit {
            let unit = sql.bind(unit.as_str());
            conditions.push(format!("(SELECT u.unit FROM events u WHERE u.event = f.event) = {unit}"));
        }
    }
    if let Some(other) = evidence.same_document {
        conditions
            .push(format!("(f.subject, f.doc) IN (SELECT subject, doc FROM e{other} WHERE doc IS NOT NULL)"));
    }
    if let Some(other) = evidence.not_same_document {
        conditions.push(format!(
            "(f.doc IS NULL OR (f.subject, f.doc) NOT IN (SELECT subject, doc FROM e{other} WHERE doc IS NOT NULL))"
        ));
    }
    conditions.iter().map(|condition| format!("\n    AND {condition}")).collect()
}

fn phase_condition(phase: Phase) -> String {
    match phase {
        Phase::Prenatal => "f.context NOT IN (SELECT context FROM after_birth)
    AND CASE WHEN f.born IS NULL THEN f.context IN (SELECT context FROM before_birth) ELSE f.report_day < f.born END",
        Phase::Postnatal => "(f.context IN (SELECT context FROM after_birth)
    OR CASE WHEN f.born IS NULL THEN f.context NOT IN (SELECT context FROM before_birth) ELSE f.report_day >= f.born END)",
    }
    .to_string()
}

/// Days between the event and a landmark or the events of another rule: a join, and a condition.
fn window(sql: &mut Sql, compiler: &Compiler<'_>, evidence: &Evidence<'_>) -> Option<(String, String)> {
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
        return Some((String::new(), format!("\n    AND {days}")));
    }
    let other = evidence.within?;
    let take = match (&compiler.definition.index, within.of.as_str()) {
        (Index::Rule(index), "index") => index.take,
        _ => within.take,
    };
    if take == Take::Any {
        let days = between(sql, "(f.day - w.day)", &range);
        let join = format!(" JOIN e{other} w ON w.subject = f.subject AND w.event <> f.event");
        return Some((join, format!("\n    AND {days}")));
    }
    let bound = if take == Take::First { "min" } else { "max" };
    let NodeKind::Evidence(asked) = &compiler.plan.nodes[other].kind else { return None };
    let enough = sql.bind(i64::from(least(asked.rule)));
    let days = between(sql, "(f.day - w.day)", &range);
    let join = format!(
        " JOIN (SELECT subject, {bound}(day) AS day FROM e{other} GROUP BY subject HAVING count(DISTINCT counts) >= {enough}) AS w
      ON w.subject = f.subject"
    );
    Some((join, format!("\n    AND {days}")))
}
