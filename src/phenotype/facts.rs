//! Events with the subject they speak of: the patient of the record, the child of a pregnancy, the child of a mother.

use super::compile::{Facts, Relation};
use super::definition::{Calendar, Missing, Range, Rule, Subject};
use super::sql::{Dialect, Sql};
use super::vocabulary::Vocabulary;
use crate::warehouse::Statement;

/// Older than this at the report, in days, a patient of whose fetus a report speaks is the woman.
const GROWN: i64 = 3650;

/// The columns of every table of facts. `shared` is 1 for a finding of a multiple pregnancy whose child is not named;
/// `born` and `conceived` are days of the subject.
const COLUMNS: &str = "subject, event, meaning, structured, context, doc, day, report_day, gestation, value, shared, born, conceived";

impl Relation {
    /// The name of its table.
    pub(super) fn table(self) -> &'static str {
        match self {
            Relation::Own => "own_facts",
            Relation::Child => "facts",
            Relation::Mother => "mother_facts",
        }
    }
}

/// Writes one table of facts, each row with the number of a set it belongs to.
pub(super) fn write(sql: &mut Sql, relation: Relation, vocabulary: &Vocabulary, facts: Facts) {
    let table = relation.table();
    let body = match facts {
        Facts::Inline => select(sql, relation, vocabulary, facts),
        Facts::Staged => format!(
            "SELECT a.number, f.* FROM sets a CROSS JOIN staged_{table} f ON f.meaning = a.meaning AND f.structured = a.structured"
        ),
    };
    sql.table(table, &body);
}

/// Statements that make one table of facts as a temporary one, clustered for reading by meaning.
pub(super) fn stage(relation: Relation, vocabulary: &Vocabulary, dialect: Dialect) -> Vec<Statement> {
    let plain = |sql: String| Statement { sql, values: Vec::new() };
    let table = format!("staged_{}", relation.table());
    let mut sql = Sql::new(dialect);
    let body = select(&mut sql, relation, vocabulary, Facts::Staged);
    vec![
        plain(format!("DROP TABLE IF EXISTS {}.{table}", dialect.temporary())),
        plain(format!(
            "CREATE TEMP TABLE {table} ({})",
            COLUMNS
                .split(", ")
                .map(|column| format!("{column} {}", kind(column, dialect)))
                .collect::<Vec<_>>()
                .join(", ")
        )),
        Statement { sql: format!("INSERT INTO {table} ({COLUMNS})\n  {body}"), values: sql.values },
        plain(match dialect {
            Dialect::Sqlite => format!("CREATE INDEX temp.{table}_meaning ON {table} (meaning)"),
            Dialect::Postgres => format!("CREATE INDEX ON {table} (meaning)"),
        }),
    ]
}

fn kind(column: &str, dialect: Dialect) -> &'static str {
    match (column, dialect) {
        ("value", Dialect::Sqlite) => "REAL",
        ("value", Dialect::Postgres) => "double precision",
        (_, Dialect::Sqlite) => "INTEGER",
        (_, Dialect::Postgres) => "bigint",
    }
}

fn select(sql: &mut Sql, relation: Relation, vocabulary: &Vocabulary, facts: Facts) -> String {
    let events = match relation {
        Relation::Own => own_events("e.patient", "0", "", "", facts),
        Relation::Child => child_events(sql, vocabulary, facts),
        Relation::Mother => mother_events(facts),
    };
    let number = if facts == Facts::Inline { "b.number, " } else { "" };
    format!(
        "SELECT {number}b.subject, b.event, b.meaning, b.structured, b.context, b.doc, b.day, b.report_day, b.gestation, b.value, b.shared,
    coalesce(q.birth_day, o.birth_day) AS born,
    coalesce(q.conception_day, q.birth_day - q.gestational_age_days + 14) AS conceived
  FROM (
    {events}
  ) AS b LEFT JOIN persons q ON q.patient = b.subject LEFT JOIN patients o ON o.patient = b.subject
  WHERE b.subject IS NOT NULL"
    )
}

const STRUCTURED: &str = "CASE WHEN c.method = 'structured' THEN 1 ELSE 0 END";

/// In the statement itself an event comes once for each set that holds it; staged, once.
fn own_events(subject: &str, shared: &str, join: &str, condition: &str, facts: Facts) -> String {
    let (number, from, among) = match facts {
        Facts::Inline => (
            "a.number, ",
            "sets a CROSS JOIN events e ON e.meaning = a.meaning",
            format!("{STRUCTURED} = a.structured"),
        ),
        Facts::Staged => ("", "wanted a CROSS JOIN events e ON e.meaning = a.meaning", "true".to_string()),
    };
    format!(
        "SELECT {number}{subject} AS subject, e.event, e.meaning, {STRUCTURED} AS structured, e.context, e.doc, e.day, e.report_day,
      e.gestational_age_days AS gestation, e.value, {shared} AS shared
    FROM {from} JOIN contexts c ON c.context = e.context{join}
    WHERE {among} AND e.patient IS NOT NULL{condition}"
    )
}

/// A finding of the fetus goes to the child of that pregnancy; without its record, to the pregnancy of the woman. A
/// woman's own findings are no child's: who has children here was born long before them.
fn child_events(sql: &mut Sql, vocabulary: &Vocabulary, facts: Facts) -> String {
    let types = sql.within("c.document_type", &vocabulary.of_the_fetus);
    // A coded event has no type of report: without the first condition the second would be neither true nor false.
    let types = format!("c.document_type IS NOT NULL AND {types}");
    let fetal = format!("(c.experiencer = 'fetus' OR (c.experiencer = 'patient' AND {types}))");
    let join = format!(
        "\n    LEFT JOIN persons p ON p.mother = CASE WHEN {fetal} THEN e.patient END
      AND e.report_day BETWEEN p.pregnancy_from AND p.pregnancy_until
      AND (c.fetus_index IS NULL OR p.multiple = 0 OR c.fetus_index = p.multiple_birth_rank)"
    );
    let mother = "(SELECT 1 FROM persons m WHERE m.mother = e.patient)";
    let subject = format!(
        "CASE WHEN NOT {fetal} THEN CASE WHEN EXISTS {mother} THEN NULL ELSE e.patient END
      WHEN p.patient IS NOT NULL THEN p.patient WHEN EXISTS {mother} THEN -e.patient
      WHEN e.report_day - (SELECT coalesce(w.birth_day, r.birth_day) FROM patients r LEFT JOIN persons w ON w.patient = r.patient
        WHERE r.patient = e.patient) > {GROWN} THEN -e.patient ELSE e.patient END"
    );
    own_events(
        &subject,
        "CASE WHEN p.multiple = 1 AND c.fetus_index IS NULL THEN 1 ELSE 0 END",
        &join,
        "",
        facts,
    )
}

/// What the child's record says of the mother, and what the mother's own record says of her during the pregnancy.
fn mother_events(facts: Facts) -> String {
    let told = own_events("e.patient", "0", "", " AND c.experiencer = 'mother'", facts);
    let join = "\n    JOIN persons p ON p.mother = e.patient AND e.report_day BETWEEN p.pregnancy_from AND p.pregnancy_until";
    let own = own_events("p.patient", "0", join, " AND c.experiencer = 'patient'", facts);
    format!("{told}\n    UNION ALL {own}")
}

/// Writes `twin_facts`: the facts of the co-twin, by the subject.
pub(super) fn write_twins(sql: &mut Sql, subject: Subject) {
    let table = if subject == Subject::Child { "facts" } else { "own_facts" };
    let columns = COLUMNS.split(", ").skip(1).filter(|column| !matches!(*column, "born" | "conceived"));
    let columns: Vec<String> = columns.map(|column| format!("f.{column}")).collect();
    let body = format!(
        "SELECT f.number, t.patient AS subject, {}, t.birth_day AS born,
    coalesce(t.conception_day, t.birth_day - t.gestational_age_days + 14) AS conceived
  FROM {table} f JOIN persons s ON s.patient = f.subject
  JOIN persons t ON t.mother = s.mother AND t.patient <> s.patient AND abs(t.birth_day - s.birth_day) <= 3",
        columns.join(", ")
    );
    sql.table("twin_facts", &body);
}

/// The contexts of reports that are only made after birth.
pub(super) fn after_birth(sql: &mut Sql, vocabulary: &Vocabulary) -> String {
    let after = sql.within("document_type", &vocabulary.after_birth);
    format!("SELECT context FROM contexts WHERE {after}")
}

/// The contexts that speak of a child not yet born.
pub(super) fn before_birth(sql: &mut Sql, vocabulary: &Vocabulary) -> String {
    let before = sql.within("document_type", &vocabulary.before_birth);
    let after = sql.within("document_type", &vocabulary.after_birth);
    format!(
        "SELECT context FROM contexts WHERE ({before} OR experiencer = 'fetus')
        AND (document_type IS NULL OR NOT {after})"
    )
}

/// What a rule on the person asks of `q`, the person of the subject `l.subject`.
pub(super) fn person(sql: &mut Sql, rule: &Rule) -> String {
    let mut conditions = Vec::new();
    if let Some(person) = &rule.person {
        if let Some(outcomes) = &person.outcome {
            conditions.push(sql.within("q.outcome", outcomes));
        }
        if let Some(sex) = &person.sex {
            conditions.push(format!("q.sex = {}", sql.bind(sex.as_str())));
        }
        if let Some(range) = &person.gestational_age_days {
            conditions.push(between(sql, "q.gestational_age_days", range));
        }
        if let Some(multiple) = person.multiple {
            conditions.push(format!("q.multiple = {}", i64::from(multiple)));
        }
        if let Some(birth) = &person.birth {
            conditions.push(in_calendar(sql, "q.birth_day", birth));
        }
        if let Some(areas) = &person.residence {
            let areas: Vec<String> = areas.iter().map(|area| area_condition(sql, area)).collect();
            conditions.push(format!("({})", areas.join(" OR ")));
        }
        if let Some(known) = person.mother_known {
            conditions.push(format!("q.mother IS {}NULL", if known { "NOT " } else { "" }));
        }
    }
    if let Some(followed) = rule.followed {
        let days = sql.bind(i64::from(followed.days));
        let iso = sql.dialect.iso_date(&format!("q.birth_day + {days}"));
        conditions.push(format!(
            "(EXISTS (SELECT 1 FROM patients o JOIN documents d ON d.patient_id = o.patient_id
      WHERE o.patient = q.patient AND d.document_date >= {iso})
    OR EXISTS (SELECT 1 FROM events e WHERE e.doc IS NULL AND e.patient = q.patient AND e.day >= q.birth_day + {days}))"
        ));
    }
    if conditions.is_empty() {
        conditions.push("true".into());
    }
    conditions.join(" AND ")
}

fn area_condition(sql: &mut Sql, area: &str) -> String {
    let area = sql.bind(area);
    format!("substr(q.residence, 1, length({area})) = {area}")
}

/// `column` in a range, by its rule for what is not known.
pub(super) fn between(sql: &mut Sql, column: &str, range: &Range) -> String {
    let mut parts = Vec::new();
    if let Some(from) = range.from {
        parts.push(format!("{column} >= {}", sql.bind(from)));
    }
    if let Some(below) = range.below {
        parts.push(format!("{column} < {}", sql.bind(below)));
    }
    let range_holds = if parts.is_empty() { "true".into() } else { parts.join(" AND ") };
    match range.missing {
        Missing::Accept => format!("({column} IS NULL OR ({range_holds}))"),
        Missing::Refuse => format!("({column} IS NOT NULL AND {range_holds})"),
    }
}

/// `column`, a day, between two dates of the calendar.
pub(super) fn in_calendar(sql: &mut Sql, column: &str, calendar: &Calendar) -> String {
    let bound = |sql: &mut Sql, text: &Option<String>, sign: &str| {
        let day = text.as_deref().and_then(crate::warehouse::day_of)?;
        Some(format!("{column} {sign} {}", sql.bind(day)))
    };
    let from = bound(sql, &calendar.from, ">=");
    let until = bound(sql, &calendar.until, "<=");
    let parts: Vec<String> = from.into_iter().chain(until).collect();
    if parts.is_empty() { "true".into() } else { parts.join(" AND ") }
}
