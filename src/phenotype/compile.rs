//! Turns a plan into one SQL statement: sets, facts, one table a rule, then levels, exclusions and vetoes.
//!
//! Names in the statement: `s1` meanings of a set for structured events and `t1` for those of a text, `facts` the events
//! with the subject they speak of, `e3` the events that satisfy rule 3, `n3` the subjects for whom it holds. A subject is
//! the key of a patient; the negative key of a woman stands for a pregnancy of hers whose child has no record.

use super::definition::{Definition, Index, Landmark, Role, Subject, Take};
use super::evidence::{evidence_table, holds_table};
use super::facts;
use super::plan::{NodeKind, Plan};
use super::sets::Sets;
use super::sql::{Dialect, Sql};
use super::vocabulary::Vocabulary;
use crate::warehouse::Statement;

/// Where a statement finds its facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facts {
    /// In the statement itself.
    Inline,
    /// In temporary tables made before it for many definitions at once; see [`staging`].
    Staged,
}

/// What a statement gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// `patient_id, step, index_day, event_id`, one row an event of evidence, in the order of patients and days.
    Cases,
    /// `patient_id, mark, event_id`: what holds for whom and by which events, in the order of patients.
    Marks,
    /// `mark, subjects`: for how many it holds; then, from [`Marks::remaining`], how many remain.
    Counts,
}

/// A definition with its plan, ready to be written as SQL.
#[derive(Clone, Copy)]
pub struct Compiler<'c> {
    /// The definition.
    pub definition: &'c Definition,
    /// Its plan.
    pub plan: &'c Plan<'c>,
    /// Types of report that are made before, or only after, birth.
    pub vocabulary: &'c Vocabulary,
    /// Database.
    pub dialect: Dialect,
    /// Where facts are.
    pub facts: Facts,
}

impl Compiler<'_> {
    /// The statement, with its values bound.
    pub fn statement(&self, output: Output) -> Statement {
        let mut sql = Sql::new(self.dialect);
        let sets = Sets::write(&mut sql, self.definition);
        if self.facts == Facts::Inline {
            sql.table("wanted", &sets.all());
            for relation in relations(self.definition) {
                facts::write(&mut sql, relation, self.vocabulary);
            }
        }
        if roles(self.definition).contains(&Role::Twin) {
            facts::write_twins(&mut sql, self.definition.subject);
        }
        facts::write_phases(&mut sql, self.vocabulary);
        for number in 0..self.plan.nodes.len() {
            self.node(&mut sql, &sets, number);
        }
        self.verdicts(&mut sql);
        let body = match output {
            Output::Cases => self.cases(),
            Output::Marks => self.marks(),
            Output::Counts => self.counts(),
        };
        sql.push("\n");
        sql.push(body);
        Statement { sql: sql.text, values: sql.values }
    }

    fn node(&self, sql: &mut Sql, sets: &Sets, number: usize) {
        let name = format!("n{number}");
        let subjects =
            |nodes: &[usize]| nodes.iter().map(|n| format!("SELECT subject FROM n{n}")).collect::<Vec<_>>();
        match &self.plan.nodes[number].kind {
            NodeKind::Evidence(evidence) => {
                evidence_table(sql, self, sets, number, evidence);
                let body = holds_table(sql, number, evidence);
                sql.table(&name, &body);
            }
            NodeKind::Person(rule) => {
                let body = facts::persons(sql, rule);
                sql.table(&name, &body);
            }
            NodeKind::Any(children) | NodeKind::None(children) => {
                sql.table(&name, &subjects(children).join("\n  UNION "));
            }
            NodeKind::All(affirmed, denied) => {
                let mut body = subjects(affirmed).join("\n  INTERSECT ");
                for denied in subjects(denied) {
                    body.push_str("\n  EXCEPT ");
                    body.push_str(&denied);
                }
                sql.table(&name, &body);
            }
            NodeKind::AtLeast(least, children) => {
                let union = subjects(children).join("\n  UNION ALL ");
                let least = sql.bind(i64::from(*least));
                let body = format!(
                    "SELECT subject FROM (\n  {union}) AS held GROUP BY subject HAVING count(*) >= {least}"
                );
                sql.table(&name, &body);
            }
        }
    }

    /// `held`: every step a subject reaches; `standing`: the strongest that no exclusion removes.
    fn verdicts(&self, sql: &mut Sql) {
        let held = self.plan.steps.iter().enumerate();
        let held: Vec<String> =
            held.map(|(step, node)| format!("SELECT subject, {} AS step FROM n{node}", step + 1)).collect();
        sql.table("held", &held.join("\n  UNION ALL "));
        for (number, veto) in self.plan.vetoes.iter().enumerate() {
            let body = veto_table(*veto);
            sql.table(&format!("v{number}"), &body);
        }
        let phenotype = sql.bind(self.definition.id.get_ref().as_str());
        let reviewed = format!(
            "SELECT r.patient, r.verdict FROM reviews r WHERE r.phenotype = {phenotype} AND r.verdict <> 'uncertain'
    AND NOT EXISTS (SELECT 1 FROM reviews l WHERE l.phenotype = r.phenotype AND l.patient = r.patient
      AND l.verdict <> 'uncertain' AND (l.reviewed_at, l.reviewer) > (r.reviewed_at, r.reviewer))"
        );
        sql.table("reviewed", &reviewed);
        for stage in 0..=self.removals() {
            let body = self.remaining(stage);
            sql.table(&format!("remaining{stage}"), &body);
        }
        let last = self.removals();
        sql.table(
            "standing",
            &format!(
                "SELECT subject, min(step) AS step FROM (
    SELECT subject, step FROM remaining{last} WHERE abs(subject) NOT IN (SELECT patient FROM reviewed WHERE verdict = 'rejected')
    UNION ALL SELECT patient, 0 FROM reviewed WHERE verdict = 'validated' AND patient NOT IN (SELECT abs(subject) FROM remaining{last})
  ) AS settled GROUP BY subject"
            ),
        );
    }

    /// How many exclusions and vetoes there are.
    fn removals(&self) -> usize {
        self.plan.excludes.len() + self.plan.vetoes.len()
    }

    /// The steps that stand after the first `stage` removals.
    fn remaining(&self, stage: usize) -> String {
        let Some(last) = stage.checked_sub(1) else { return "SELECT subject, step FROM held".to_string() };
        let keep = match last.checked_sub(self.plan.excludes.len()) {
            Some(veto) => format!("subject NOT IN (SELECT subject FROM v{veto})"),
            None => {
                let exclude = self.definition.excludes[last].get_ref();
                let removed = format!("subject IN (SELECT subject FROM n{})", self.plan.excludes[last]);
                match self.steps_of(&exclude.levels) {
                    None => format!("NOT {removed}"),
                    Some(steps) => format!("NOT (step IN ({steps}) AND {removed})"),
                }
            }
        };
        format!("SELECT subject, step FROM remaining{last} WHERE {keep}")
    }

    /// The numbers of the steps that lead to some levels; `None` for all of them.
    fn steps_of(&self, levels: &[String]) -> Option<String> {
        let numbered = self.definition.steps.iter().enumerate();
        let steps = numbered
            .filter(|(_, step)| levels.contains(&step.get_ref().name))
            .map(|(n, _)| (n + 1).to_string());
        (!levels.is_empty()).then(|| steps.collect::<Vec<_>>().join(", "))
    }

    fn cases(&self) -> String {
        let mut proofs = Vec::new();
        for (step, node) in self.plan.steps.iter().enumerate() {
            for leaf in self.plan.affirming(*node) {
                proofs.push(format!(
                    "SELECT k.subject, e.event, e.day FROM standing k JOIN e{leaf} e ON e.subject = k.subject WHERE k.step = {}",
                    step + 1
                ));
            }
        }
        if proofs.is_empty() {
            proofs.push("SELECT subject, NULL AS event, NULL AS day FROM standing WHERE step < 0".into());
        }
        let (index, join) = self.index();
        format!(
            ",\nproofs AS MATERIALIZED (\n  {}),
spans AS MATERIALIZED (\n  SELECT subject, min(day) AS first, max(day) AS last FROM proofs GROUP BY subject)
SELECT o.patient_id, k.step, {index} AS index_day, x.event_id
FROM standing k JOIN patients o ON o.patient = abs(k.subject)
LEFT JOIN persons q ON q.patient = k.subject
LEFT JOIN spans a ON a.subject = k.subject{join}
LEFT JOIN proofs v ON v.subject = k.subject
LEFT JOIN events x ON x.event = v.event
ORDER BY o.patient_id, k.step, v.day, x.event_id",
            proofs.join("\n  UNION ")
        )
    }

    /// The expression of the index day, and the join it needs.
    fn index(&self) -> (String, String) {
        let born = "q.birth_day, CASE WHEN k.subject > 0 THEN o.birth_day END";
        let conceived = "q.conception_day, q.birth_day - q.gestational_age_days + 14";
        match (&self.definition.index, self.plan.index) {
            (Index::Of(Landmark::Birth), _) => (format!("coalesce({born}, a.first)"), String::new()),
            (Index::Of(Landmark::Conception), _) => {
                (format!("coalesce({conceived}, a.first)"), String::new())
            }
            (Index::Of(Landmark::Last), _) => ("a.last".into(), String::new()),
            (Index::Rule(index), Some(node)) => {
                let column = if index.take == Take::Last { "last" } else { "first" };
                (
                    format!("coalesce(i.{column}, a.first)"),
                    format!("\nLEFT JOIN n{node} i ON i.subject = k.subject"),
                )
            }
            _ => ("a.first".into(), String::new()),
        }
    }

    /// Marks: a rule by its number; after the rules the exclusions, the vetoes, then `rejected` and `standing`.
    fn marks(&self) -> String {
        let mut rows = vec!["SELECT patient AS subject, -1 AS mark, NULL AS event FROM patients".to_string()];
        for (number, node) in self.plan.nodes.iter().enumerate() {
            rows.push(format!("SELECT subject, {number}, NULL FROM n{number}"));
            if matches!(node.kind, NodeKind::Evidence(_)) {
                rows.push(format!("SELECT subject, {number}, event FROM e{number}"));
            }
        }
        let marks = Marks::of(self.plan);
        for veto in 0..self.plan.vetoes.len() {
            rows.push(format!("SELECT subject, {}, NULL FROM v{veto}", marks.veto(veto)));
        }
        rows.push(format!(
            "SELECT patient, {}, NULL FROM reviewed WHERE verdict = 'rejected'",
            marks.rejected()
        ));
        rows.push(format!("SELECT subject, {}, NULL FROM standing", marks.standing()));
        format!(
            "SELECT o.patient_id, m.mark, x.event_id FROM (\n  {}) AS m
JOIN patients o ON o.patient = abs(m.subject) LEFT JOIN events x ON x.event = m.event
ORDER BY o.patient_id, m.mark, x.event_id",
            unioned(&rows)
        )
    }

    fn counts(&self) -> String {
        let marks = Marks::of(self.plan);
        let mut rows = vec!["SELECT -1 AS mark, count(*) AS subjects FROM patients".to_string()];
        let count =
            |mark: usize, table: String| format!("SELECT {mark}, count(DISTINCT abs(subject)) FROM {table}");
        rows.extend((0..self.plan.nodes.len()).map(|number| count(number, format!("n{number}"))));
        rows.extend(
            (0..=self.removals()).map(|stage| count(marks.remaining() + stage, format!("remaining{stage}"))),
        );
        rows.push(count(marks.standing(), "standing".into()));
        format!("{}\nORDER BY mark", unioned(&rows))
    }
}

/// The numbers that name things in the rows of [`Output::Marks`] and [`Output::Counts`].
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    nodes: usize,
    vetoes: usize,
}

impl Marks {
    /// The marks of a plan; its rules come first, by their own numbers.
    pub fn of(plan: &Plan<'_>) -> Self {
        Self { nodes: plan.nodes.len(), vetoes: plan.vetoes.len() }
    }

    /// A veto.
    pub fn veto(self, number: usize) -> usize {
        self.nodes + number
    }

    /// Rejected by a reviewer.
    pub fn rejected(self) -> usize {
        self.nodes + self.vetoes
    }

    /// A case.
    pub fn standing(self) -> usize {
        self.rejected() + 1
    }

    /// What remains before any removal; the next numbers follow the exclusions, then the vetoes.
    pub fn remaining(self) -> usize {
        self.standing() + 1
    }
}

/// SQLite takes at most 500 parts in one union; groups of groups take any number.
fn unioned(rows: &[String]) -> String {
    const PARTS: usize = 200;
    if rows.len() <= PARTS {
        return rows.join("\n  UNION ALL ");
    }
    let groups: Vec<String> = rows
        .chunks(PARTS)
        .map(|rows| format!("SELECT * FROM (\n  {}) AS part", rows.join("\n  UNION ALL ")))
        .collect();
    groups.join("\n  UNION ALL ")
}

/// A subject whose finding is excluded after it was suspected, with nothing for it on that day or later.
fn veto_table([when, after, unless]: [usize; 3]) -> String {
    let day = |node: usize, bound: &str, name: &str| {
        format!("(SELECT subject, {bound}(report_day) AS day FROM e{node} GROUP BY subject) AS {name}")
    };
    format!(
        "SELECT w.subject FROM {} JOIN {} ON a.subject = w.subject LEFT JOIN {} ON u.subject = w.subject
    WHERE w.day >= a.day AND (u.day IS NULL OR u.day < w.day)",
        day(when, "max", "w"),
        day(after, "min", "a"),
        day(unless, "max", "u")
    )
}

/// The tables of facts that a definition reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// Events by the patient of the record.
    Own,
    /// Events by the child they speak of.
    Child,
    /// Events of the mother, by her child.
    Mother,
}

fn roles(definition: &Definition) -> Vec<Role> {
    definition.rules.values().filter_map(|rule| rule.get_ref().role).collect()
}

/// The tables of facts that a definition reads.
pub fn relations(definition: &Definition) -> Vec<Relation> {
    let base = match definition.subject {
        Subject::Patient => Relation::Own,
        Subject::Child => Relation::Child,
    };
    let mother = roles(definition).contains(&Role::Mother).then_some(Relation::Mother);
    std::iter::once(base).chain(mother).collect()
}

/// Statements that make the temporary tables of facts for some definitions: run before any of them, on one connection.
pub fn staging(definitions: &[&Definition], vocabulary: &Vocabulary, dialect: Dialect) -> Vec<Statement> {
    let plain = |sql: &str| Statement { sql: sql.to_string(), values: Vec::new() };
    let mut statements = vec![
        plain("DROP TABLE IF EXISTS temp.wanted"),
        plain("CREATE TEMP TABLE wanted (meaning INTEGER PRIMARY KEY)"),
    ];
    for definition in definitions {
        let mut sql = Sql::new(dialect);
        let sets = Sets::write(&mut sql, definition);
        let select = sets.all();
        let text = format!(
            "INSERT INTO wanted {}\nSELECT meaning FROM ({select}) AS w WHERE true ON CONFLICT DO NOTHING",
            sql.text
        );
        statements.push(Statement { sql: text, values: sql.values });
    }
    let mut needed: Vec<Relation> = definitions.iter().flat_map(|definition| relations(definition)).collect();
    needed.sort_unstable();
    needed.dedup();
    for relation in needed {
        statements.extend(facts::stage(relation, vocabulary, dialect));
    }
    statements
}
