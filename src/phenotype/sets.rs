//! The meanings of each set of a definition, as one table of a statement.

use super::definition::Definition;
use super::plan::in_order;
use super::sql::{Dialect, Sql};

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
    ///
    /// Structured events are found by codes where the set has any, those of a text by terms where it has any.
    pub fn write(sql: &mut Sql, definition: &Definition) -> Self {
        let (mut names, mut asked) = (Vec::new(), Asked::default());
        for (number, (name, set)) in in_order(&definition.sets).into_iter().enumerate() {
            let set = set.get_ref();
            let termed = !set.subgroups.is_empty() || !set.concepts.is_empty();
            for (structured, by_code) in [(1, !set.codes.is_empty()), (0, !termed)] {
                let named = [&set.codes, &set.concepts, &set.subgroups];
                let taken_out = [&set.not_codes, &set.not_concepts, &set.not_subgroups];
                for (out, [codes, concepts, subgroups]) in [(0, named), (1, taken_out)] {
                    let row = |span: String| format!("({number}, {structured}, {out}, {span})");
                    if by_code {
                        asked.codes.extend(codes.iter().map(|code| row(code_span(sql, code))));
                    } else {
                        let spans = concepts.iter().flat_map(|name| concept_spans(sql, name));
                        asked.concepts.extend(spans.map(row));
                        asked.subgroups.extend(subgroups.iter().map(|id| row(sql.bind(id.as_str()))));
                    }
                }
            }
            names.push(name.to_string());
        }
        sql.table("sets", &asked.select(sql.dialect));
        Self { names }
    }

    /// The number of a set.
    pub fn number(&self, name: &str) -> usize {
        self.names.iter().position(|known| known == name).unwrap_or_default()
    }
}

/// Rows of `(number, structured, taken out, from and until, or the name)` asked of each table of meanings.
#[derive(Default)]
struct Asked {
    codes: Vec<String>,
    concepts: Vec<String>,
    subgroups: Vec<String>,
}

impl Asked {
    /// A meaning belongs to a set by a code, a concept or a subgroup that the set names and does not take out again.
    fn select(&self, dialect: Dialect) -> String {
        let bytewise = dialect.bytewise();
        let between =
            |column: &str| format!("{column}{bytewise} >= a.first AND {column}{bytewise} <= a.last");
        let by_code = format!("meaning_codes m ON m.system = a.system AND {}", between("m.code"));
        let by_concept = format!("meanings m ON {}", between("m.concept"));
        let by_subgroup = "meaning_subgroups m ON m.subgroup = a.subgroup";
        let selects: Vec<String> = [
            matched(&self.codes, "system, first, last", "m.code", &by_code),
            matched(&self.concepts, "first, last", "''", &by_concept),
            matched(&self.subgroups, "subgroup", "''", by_subgroup),
        ]
        .into_iter()
        .flatten()
        .collect();
        if selects.is_empty() {
            return "SELECT -1 AS number, -1 AS structured, meaning FROM meanings WHERE meaning < 0".into();
        }
        format!(
            "SELECT DISTINCT number, structured, meaning FROM (
    {}) AS s
  GROUP BY number, structured, meaning, code HAVING max(taken_out) = 0",
            selects.join("\n    UNION ALL ")
        )
    }
}

/// The meanings that rows of one kind ask for; a code taken out takes out that code only.
fn matched(rows: &[String], columns: &str, code: &str, meanings: &str) -> Option<String> {
    let select = || {
        format!(
            "SELECT number, structured, taken_out, {code} AS code, m.meaning
    FROM (WITH asked(number, structured, taken_out, {columns}) AS (VALUES {}) SELECT * FROM asked) AS a
    CROSS JOIN {meanings}",
            rows.join(", ")
        )
    };
    (!rows.is_empty()).then(select)
}

/// `CIM-10:Q39.1` with what lies under it, or `CIM-10:Q20-Q26` with all between and under: system, first, last.
fn code_span(sql: &mut Sql, code: &str) -> String {
    let (system, code) = code.split_once(':').unwrap_or(("CIM-10", code));
    let (first, last) = match BY_PREFIX.contains(&system) {
        true => code
            .split_once('-')
            .map_or((code, format!("{code}{LAST}")), |(first, last)| (first, format!("{last}{LAST}"))),
        false => (code, code.to_string()),
    };
    format!("{}, {}, {}", sql.bind(system), sql.bind(first), sql.bind(last))
}

/// `name.*` takes the concept and all under its name.
fn concept_spans(sql: &mut Sql, concept: &str) -> Vec<String> {
    let own = |sql: &mut Sql, name: &str| {
        let name = sql.bind(name);
        format!("{name}, {name}")
    };
    match concept.strip_suffix(".*") {
        None => vec![own(sql, concept)],
        Some(root) => {
            let under = format!("{}, {}", sql.bind(format!("{root}.")), sql.bind(format!("{root}.{LAST}")));
            vec![own(sql, root), under]
        }
    }
}
