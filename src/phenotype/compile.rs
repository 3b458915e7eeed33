//! Turns a plan into one SQL statement: sets, facts, the events of each rule, then one row a subject that says what holds.
//!
//! Names in the statement: `s1` meanings of a set for structured events and `t1` for those of a text, `facts` the events
//! with the subject they speak of, `e3` the events that satisfy rule 3, `h3` whether it holds. A subject is the key of a
//! patient; the negative key of a woman stands for a pregnancy of hers whose child has no record. Each table is named
//! once or twice only: SQLite copies the tree of a named table wherever it is named.

use super::definition::{Definition, Index, Landmark, Role, Subject, Take};
use super::evidence::{least, marks_table};
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
pub enum Output<'o> {
    /// `patient_id, step, index_day, event_id`: one row an event of evidence, in the order of patients and days.
    Cases,
    /// `patient_id, step, rule, event_id`, then what [`Held`] names: one row an event that any rule met; a patient
    /// for whom nothing was found has one row of nulls. Of one patient, or of all.
    Marks(Option<&'o str>),
    /// One row: the patients of the warehouse, then for how many each of [`Held`] holds, then how many have entered,
    /// how many remain after each exclusion and veto, and how many are cases.
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
    pub fn statement(&self, output: Output<'_>) -> Statement {
        let mut sql = Sql::new(self.dialect);
        let sets = Sets::write(&mut sql, self.definition);
        for relation in relations(self.definition) {
            facts::write(&mut sql, relation, self.vocabulary, self.facts);
        }
        if roles(self.definition).contains(&Role::Twin) {
            facts::write_twins(&mut sql, self.definition.subject);
        }
        self.reviewed(&mut sql);
        self.marks(&mut sql, &sets);
        self.layers(&mut sql);
        self.verdict(&mut sql);
        let body = match output {
            Output::Cases => self.cases(),
            Output::Marks(patient) => self.explanation(&mut sql, patient),
            Output::Counts => self.counts(),
        };
        sql.push("\n");
        sql.push(body);
        Statement { sql: sql.text, values: sql.values }
    }

    /// The numbers of the rules of evidence.
    fn leaves(&self) -> Vec<usize> {
        let is_leaf = |number: &usize| matches!(self.plan.nodes[*number].kind, NodeKind::Evidence(_));
        (0..self.plan.nodes.len()).filter(is_leaf).collect()
    }

    /// `reviewed`: the last word of reviewers on each patient, where they were sure.
    fn reviewed(&self, sql: &mut Sql) {
        let phenotype = sql.bind(self.definition.id.get_ref().as_str());
        let body = format!(
            "SELECT DISTINCT patient, verdict FROM reviews r
  WHERE r.phenotype = {phenotype} AND r.verdict <> 'uncertain'
    AND NOT EXISTS (SELECT 1 FROM reviews l WHERE l.phenotype = r.phenotype AND l.patient = r.patient
      AND l.verdict <> 'uncertain' AND (l.reviewed_at, l.reviewer) > (r.reviewed_at, r.reviewer))"
        );
        sql.table("reviewed", &body);
    }

    /// `marks`: every event that satisfies a rule; `counted`: how many different things it shows, of whom, and when.
    fn marks(&self, sql: &mut Sql, sets: &Sets) {
        let layers = self.leaf_layers();
        let table = |layer: usize| format!("marks{layer}");
        let layer_of = |rule: usize| layers.iter().position(|rules| rules.contains(&rule));
        let tables = |rule: usize| table(layer_of(rule).unwrap_or_default());
        for (number, rules) in layers.iter().enumerate() {
            let name = if layers.len() == 1 { "marks".to_string() } else { table(number) };
            marks_table(sql, self, sets, rules, &name, &tables);
        }
        if layers.len() > 1 {
            let all: Vec<String> = (0..layers.len())
                .map(|layer| {
                    format!(
                        "SELECT rule, subject, event, doc, day, report_day, counts, counted_in FROM {}",
                        table(layer)
                    )
                })
                .collect();
            sql.table("marks", &all.join("\n  UNION ALL "));
        }
        sql.table(
            "counted",
            "SELECT subject, rule, max(n) AS n, min(first) AS first, max(last) AS last,
    min(reported_first) AS reported_first, max(reported_last) AS reported_last
  FROM (
    SELECT subject, rule, count(DISTINCT counts) AS n, min(day) AS first, max(day) AS last,
      min(report_day) AS reported_first, max(report_day) AS reported_last
    FROM marks GROUP BY subject, rule, counted_in
  ) AS together GROUP BY subject, rule",
        );
        let columns: Vec<String> =
            self.leaves().into_iter().map(|number| self.leaf_columns(sql, number)).collect();
        sql.table(
            "held0",
            &format!("SELECT subject,\n    {}\n  FROM counted GROUP BY subject", columns.join(",\n    ")),
        );
    }

    /// The rules of evidence by what they lean on: first those that lean on no other, then those that lean on them.
    fn leaf_layers(&self) -> Vec<Vec<usize>> {
        let mut depth = vec![0; self.plan.nodes.len()];
        let mut layers = vec![Vec::new()];
        for number in self.leaves() {
            let NodeKind::Evidence(evidence) = &self.plan.nodes[number].kind else { continue };
            depth[number] = evidence.leans_on().map(|other| depth[other] + 1).max().unwrap_or_default();
            layers.resize(layers.len().max(depth[number] + 1), Vec::new());
            layers[depth[number]].push(number);
        }
        layers
    }

    /// Whether the rule holds, and the days that others ask it for.
    fn leaf_columns(&self, sql: &mut Sql, number: usize) -> String {
        let NodeKind::Evidence(evidence) = &self.plan.nodes[number].kind else { return String::new() };
        let least = sql.bind(i64::from(least(evidence.rule)));
        let mut columns =
            vec![format!("max(CASE WHEN rule = {number} AND n >= {least} THEN 1 ELSE 0 END) AS h{number}")];
        let mut day = |asked: bool, column: &str, name: &str| {
            if asked {
                columns.push(format!("max(CASE WHEN rule = {number} THEN {column} END) AS {name}{number}"));
            }
        };
        let in_veto = |place: usize| self.plan.vetoes.iter().any(|veto| veto[place] == number);
        day(in_veto(0) || in_veto(2), "reported_last", "latest");
        day(in_veto(1), "reported_first", "earliest");
        day(self.plan.index == Some(number), "first", "first");
        day(self.plan.index == Some(number), "last", "last");
        columns.join(", ")
    }

    /// `held1`, `held2`, …: rules of rules, those that need nothing but the tables before them together.
    fn layers(&self, sql: &mut Sql) {
        let depths = self.depths();
        let deepest = depths.iter().copied().max().unwrap_or_default();
        for depth in 1..=deepest {
            let mut columns = Vec::new();
            for (number, _) in depths.iter().enumerate().filter(|(_, own)| **own == depth) {
                let condition = self.condition(sql, number);
                columns.push(format!("CASE WHEN {condition} THEN 1 ELSE 0 END AS h{number}"));
            }
            let join = if depth == 1 { " LEFT JOIN persons q ON q.patient = l.subject" } else { "" };
            let body =
                format!("SELECT l.*,\n    {}\n  FROM held{} l{join}", columns.join(",\n    "), depth - 1);
            sql.table(&format!("held{depth}"), &body);
        }
    }

    /// 0 for rules of evidence, 1 for those on the person, one more than what it needs for a rule of rules.
    fn depths(&self) -> Vec<usize> {
        let mut depths: Vec<usize> = Vec::new();
        for node in &self.plan.nodes {
            let deepest = |children: &[usize]| {
                children.iter().map(|child| depths[*child]).max().unwrap_or_default() + 1
            };
            depths.push(match &node.kind {
                NodeKind::Evidence(_) => 0,
                NodeKind::Person(_) => 1,
                NodeKind::Any(children) | NodeKind::None(children) | NodeKind::AtLeast(_, children) => {
                    deepest(children)
                }
                NodeKind::All(affirmed, denied) => deepest(affirmed).max(deepest(denied)),
            });
        }
        depths
    }

    fn condition(&self, sql: &mut Sql, number: usize) -> String {
        let held = |nodes: &[usize], join: &str, value: u8| {
            nodes.iter().map(|node| format!("h{node} = {value}")).collect::<Vec<_>>().join(join)
        };
        match &self.plan.nodes[number].kind {
            NodeKind::Evidence(_) => format!("h{number} = 1"),
            NodeKind::Person(rule) => facts::person(sql, rule),
            NodeKind::Any(children) => held(children, " OR ", 1),
            NodeKind::None(children) => held(children, " AND ", 0),
            NodeKind::All(affirmed, denied) if denied.is_empty() => held(affirmed, " AND ", 1),
            NodeKind::All(affirmed, denied) => {
                format!("{} AND {}", held(affirmed, " AND ", 1), held(denied, " AND ", 0))
            }
            NodeKind::AtLeast(least, children) => {
                let sum: Vec<String> = children.iter().map(|child| format!("h{child}")).collect();
                format!("{} >= {}", sum.join(" + "), sql.bind(i64::from(*least)))
            }
        }
    }

    /// `judged`: the vetoes, what remains after each removal, the word of reviewers; `verdict`: the step that stands.
    fn verdict(&self, sql: &mut Sql) {
        let last = self.depths().into_iter().max().unwrap_or_default();
        let mut columns: Vec<String> =
            self.plan.vetoes.iter().enumerate().map(|(number, veto)| veto_column(number, *veto)).collect();
        for (word, column) in [("rejected", "refused"), ("validated", "confirmed")] {
            columns.push(format!(
                "CASE WHEN abs(l.subject) IN (SELECT patient FROM reviewed WHERE verdict = '{word}') THEN 1 ELSE 0 END AS {column}"
            ));
        }
        sql.table("judged", &format!("SELECT l.*,\n    {}\n  FROM held{last} l", columns.join(",\n    ")));
        let stages: Vec<String> = (0..=self.removals())
            .map(|stage| format!("{} AS remaining{stage}", self.first_step(stage)))
            .collect();
        sql.table("staged", &format!("SELECT l.*,\n    {}\n  FROM judged l", stages.join(",\n    ")));
        let last = self.removals();
        sql.table(
            "verdict",
            &format!(
                "SELECT l.*, abs(l.subject) AS patient, CASE WHEN refused = 1 THEN NULL WHEN confirmed = 1 THEN coalesce(remaining{last}, 0)
      ELSE remaining{last} END AS step\n  FROM staged l"
            ),
        );
    }

    /// How many exclusions and vetoes there are.
    fn removals(&self) -> usize {
        self.plan.excludes.len() + self.plan.vetoes.len()
    }

    /// The strongest step that holds and that none of the first `stage` removals takes away.
    fn first_step(&self, stage: usize) -> String {
        let step = |(number, node): (usize, &usize)| {
            let level = &self.definition.steps[number].get_ref().name;
            let kept: String = (0..stage).filter_map(|removal| self.kept(removal, level)).collect();
            format!(" WHEN h{node} = 1{kept} THEN {}", number + 1)
        };
        let cases: String = self.plan.steps.iter().enumerate().map(step).collect();
        format!("CASE{cases} END")
    }

    /// The condition under which a removal leaves a level alone; `None` when it does not concern it.
    fn kept(&self, removal: usize, level: &str) -> Option<String> {
        match removal.checked_sub(self.plan.excludes.len()) {
            Some(veto) => Some(format!(" AND v{veto} = 0")),
            None => {
                let levels = &self.definition.excludes[removal].get_ref().levels;
                let concerned = levels.is_empty() || levels.iter().any(|name| name == level);
                concerned.then(|| format!(" AND h{} = 0", self.plan.excludes[removal]))
            }
        }
    }

    fn cases(&self) -> String {
        let proofs: String = self
            .plan
            .steps
            .iter()
            .enumerate()
            .map(|(step, node)| {
                let rules: Vec<String> = self.plan.affirming(*node).iter().map(ToString::to_string).collect();
                let rules = if rules.is_empty() { "-1".to_string() } else { rules.join(", ") };
                format!(" WHEN {} THEN m.rule IN ({rules})", step + 1)
            })
            .collect();
        let index = self.index();
        format!(
            "SELECT o.patient_id, v.step, {index} AS index_day, x.event_id
FROM verdict v JOIN patients o ON o.patient = v.patient
LEFT JOIN persons q ON q.patient = v.subject
LEFT JOIN marks m ON m.subject = v.subject AND m.rule >= 0 AND CASE v.step{proofs} ELSE true END
LEFT JOIN events x ON x.event = m.event
WHERE v.step IS NOT NULL
ORDER BY o.patient_id, v.step, m.day, x.event_id"
        )
    }

    /// The expression of the index day.
    fn index(&self) -> String {
        let evidence = |bound: &str| format!("{bound}(m.day) OVER (PARTITION BY v.subject)");
        let first = evidence("min");
        let born = "q.birth_day, CASE WHEN v.subject > 0 THEN o.birth_day END";
        let conceived = "q.conception_day, q.birth_day - q.gestational_age_days + 14";
        match (&self.definition.index, self.plan.index) {
            (Index::Of(Landmark::Birth), _) => format!("coalesce({born}, {first})"),
            (Index::Of(Landmark::Conception), _) => format!("coalesce({conceived}, {first})"),
            (Index::Of(Landmark::Last), _) => evidence("max"),
            (Index::Rule(index), Some(node)) => {
                let column = if index.take == Take::Last { "last" } else { "first" };
                format!("coalesce(v.{column}{node}, {first})")
            }
            _ => first,
        }
    }

    fn explanation(&self, sql: &mut Sql, patient: Option<&str>) -> String {
        let only = patient
            .map(|patient| format!("WHERE o.patient_id = {}\n", sql.bind(patient)))
            .unwrap_or_default();
        let held: Vec<String> =
            Held::of(self.plan).columns().iter().map(|column| format!("v.{column}")).collect();
        format!(
            "SELECT o.patient_id, v.step, m.rule, x.event_id, {}
FROM patients o
LEFT JOIN verdict v ON v.patient = o.patient
LEFT JOIN marks m ON m.subject = v.subject AND m.rule >= 0
LEFT JOIN events x ON x.event = m.event
{only}ORDER BY o.patient_id, v.step IS NULL, v.step, m.rule, m.day, x.event_id",
            held.join(", ")
        )
    }

    fn counts(&self) -> String {
        let sums =
            Held::of(self.plan).columns().into_iter().map(|column| format!("coalesce(sum({column}), 0)"));
        let stages = (0..=self.removals()).map(|stage| format!("count(remaining{stage})"));
        let columns: Vec<String> = sums.chain(stages).collect();
        format!("SELECT (SELECT count(*) FROM patients), {}, count(step) FROM verdict", columns.join(", "))
    }
}

/// The columns that say what holds for a subject: a rule each, then a veto each, then the refusal of a reviewer.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    nodes: usize,
    vetoes: usize,
}

impl Held {
    /// Those of a plan; its rules come first, by their own numbers.
    pub fn of(plan: &Plan<'_>) -> Self {
        Self { nodes: plan.nodes.len(), vetoes: plan.vetoes.len() }
    }

    /// The place of a veto.
    pub fn veto(self, number: usize) -> usize {
        self.nodes + number
    }

    /// How many there are.
    pub fn count(self) -> usize {
        self.nodes + self.vetoes + 1
    }

    fn columns(self) -> Vec<String> {
        let nodes = (0..self.nodes).map(|number| format!("h{number}"));
        let vetoes = (0..self.vetoes).map(|number| format!("v{number}"));
        nodes.chain(vetoes).chain(["refused".to_string()]).collect()
    }
}

/// A finding excluded after it was suspected, with nothing for it on that day or later.
fn veto_column(number: usize, [when, after, unless]: [usize; 3]) -> String {
    format!(
        "CASE WHEN h{when} = 1 AND h{after} = 1 AND l.latest{when} >= l.earliest{after}
      AND (l.latest{unless} IS NULL OR l.latest{unless} < l.latest{when}) THEN 1 ELSE 0 END AS v{number}"
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
    let plain = |sql: String| Statement { sql, values: Vec::new() };
    let mut statements = vec![
        plain(format!("DROP TABLE IF EXISTS {}.wanted", dialect.temporary())),
        plain("CREATE TEMP TABLE wanted (meaning INTEGER PRIMARY KEY)".into()),
    ];
    for definition in definitions {
        let mut sql = Sql::new(dialect);
        Sets::write(&mut sql, definition);
        let text = format!(
            "INSERT INTO wanted {}\nSELECT meaning FROM sets WHERE true ON CONFLICT DO NOTHING",
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
