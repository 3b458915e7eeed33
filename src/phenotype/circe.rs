//! Cohort expressions of OHDSI Circe, read into a draft definition: what maps is written, what does not is listed.

mod concepts;
mod criteria;
mod groups;
#[cfg(test)]
mod tests;
mod write;

use super::check::Codes;
use super::definition::Definition;
use super::plan::{Plan, Source};
use crate::problem::Problem;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use write::{Expr, quoted, slug};

/// Larger than any cohort expression written by people.
const MOST_BYTES: usize = 4 << 20;

/// A definition made from a cohort expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The definition, as a file to read over and complete.
    pub toml: String,
    /// What was not taken over, by its place in the JSON, one sentence each.
    pub unmapped: Vec<String>,
}

/// Reads a cohort expression. `file` is for messages, and gives the id.
///
/// # Errors
/// A file that is no cohort expression, is too large, or of whose entry events nothing could be taken over.
pub fn import(json: &str, file: &str) -> Result<Imported, Problem> {
    if json.len() > MOST_BYTES {
        return Err(Problem::of(
            file,
            format!("more than {} MiB; a cohort expression is small, is this one?", MOST_BYTES >> 20),
        ));
    }
    let value: Value = serde_json::from_str(json).map_err(|e| {
        Problem::at(file, e.line(), format!("no readable JSON: {e}; export the cohort again"))
    })?;
    let (root, expression) = match value.get("expression") {
        Some(inner) if inner.get("PrimaryCriteria").is_some() => ("$.expression", inner),
        _ => ("$", &value),
    };
    let no_expression = || {
        Problem::of(file, "no Circe cohort expression: it has no PrimaryCriteria; export the cohort as JSON")
    };
    let expression = expression.as_object().filter(|object| object.contains_key("PrimaryCriteria"));
    let mut importer = Importer::default();
    let toml = importer.run(expression.ok_or_else(no_expression)?, root, title(&value), file)?;
    verify(&toml, file)?;
    Ok(Imported { toml, unmapped: importer.unmapped })
}

fn title(value: &Value) -> Option<&str> {
    ["name", "Title", "title"]
        .iter()
        .find_map(|key| value.get(key)?.as_str())
        .filter(|title| !title.is_empty())
}

/// What is written must be a definition whose names are resolved.
fn verify(toml: &str, file: &str) -> Result<(), Problem> {
    let definition: Definition = toml::from_str(toml).map_err(|e| {
        Problem::of(file, format!("could not be written as a definition: {}; simplify it", e.message()))
    })?;
    match Plan::of(&definition, &Source { file, text: toml }) {
        Ok(_) => Ok(()),
        Err(problems) => {
            let first = problems.first().map(|problem| problem.message.clone()).unwrap_or_default();
            Err(Problem::of(file, format!("could not be written as a definition: {first}")))
        }
    }
}

/// A definition being written.
struct Importer {
    codes: Codes,
    /// Names of the concept sets of which something is left, by their number.
    sets: BTreeMap<i64, String>,
    /// Tables of the file, in order.
    set_tables: Vec<String>,
    rule_tables: Vec<String>,
    names: BTreeSet<String>,
    /// Sets of the entry events; what is asked at the index is asked of these.
    entry_sets: Vec<String>,
    /// Whether days can be counted from the index.
    windows: bool,
    unmapped: Vec<String>,
}

impl Default for Importer {
    fn default() -> Self {
        Self {
            codes: Codes::shipped(),
            sets: BTreeMap::new(),
            set_tables: Vec::new(),
            rule_tables: Vec::new(),
            names: BTreeSet::from(
                ["entry", "birth", "conception", "index", "sex_f", "sex_m"].map(String::from),
            ),
            entry_sets: Vec::new(),
            windows: false,
            unmapped: Vec::new(),
        }
    }
}

impl Importer {
    fn run(
        &mut self,
        expression: &Map<String, Value>,
        root: &str,
        title: Option<&str>,
        file: &str,
    ) -> Result<String, Problem> {
        self.concept_sets(expression.get("ConceptSets"), &format!("{root}.ConceptSets"));
        let mut parts = self.entry(expression, root, file)?;
        if let Some(group) = expression.get("AdditionalCriteria") {
            parts.extend(self.group(group, &format!("{root}.AdditionalCriteria")));
        }
        for (place, rule) in list(expression.get("InclusionRules")).iter().enumerate() {
            let path = format!("{root}.InclusionRules[{place}]");
            parts.extend(self.inclusion(rule, &path));
        }
        self.outcome(expression, root);
        let when = Expr::all(parts).text();
        let last = self.limit(
            expression.get("PrimaryCriteria").and_then(|primary| primary.get("PrimaryCriteriaLimit")),
            "PrimaryCriteria.PrimaryCriteriaLimit",
            root,
        );
        Ok(self.file(title, file, &when, last))
    }

    /// Whether the last event counts rather than the first.
    fn limit(&mut self, limit: Option<&Value>, key: &str, root: &str) -> bool {
        let kind = limit.and_then(|limit| limit.get("Type")).and_then(Value::as_str).unwrap_or("First");
        if kind.eq_ignore_ascii_case("all") {
            self.say(
                &format!("{root}.{key}"),
                "all events of a person enter; here a person is one case, dated by the first event",
            );
        }
        kind.eq_ignore_ascii_case("last")
    }

    /// Parts of an expression that say how cohorts end, which a case has not.
    fn outcome(&mut self, expression: &Map<String, Value>, root: &str) {
        for key in ["QualifiedLimit", "ExpressionLimit"] {
            if self.limit(expression.get(key), key, root) {
                self.say(
                    &format!("{root}.{key}"),
                    "the last qualifying event is kept; here it is the one of the index",
                );
            }
        }
        if let Some(strategy) = expression.get("EndStrategy").filter(|value| is_said(value)) {
            let kinds =
                strategy.as_object().map(|kinds| kinds.keys().cloned().collect::<Vec<_>>().join(", "));
            self.say(
                &format!("{root}.EndStrategy"),
                &format!("a case has no end of cohort; {} is left out", kinds.unwrap_or_default()),
            );
        }
        let pad = expression.get("CollapseSettings").and_then(|settings| settings.get("EraPad"));
        if pad.and_then(Value::as_i64).unwrap_or_default() != 0 {
            self.say(&format!("{root}.CollapseSettings"), "a case has no periods to join; left out");
        }
        for (key, why) in [
            ("CensoringCriteria", "a case is not censored; say an exclusion or a veto by hand"),
            ("CensorWindow", "a case is not censored; bound the events by `calendar` by hand"),
        ] {
            if expression.get(key).is_some_and(is_said) {
                self.say(&format!("{root}.{key}"), why);
            }
        }
        const KNOWN: [&str; 13] = [
            "ConceptSets",
            "PrimaryCriteria",
            "AdditionalCriteria",
            "InclusionRules",
            "QualifiedLimit",
            "ExpressionLimit",
            "EndStrategy",
            "CensoringCriteria",
            "CollapseSettings",
            "CensorWindow",
            "cdmVersionRange",
            "Title",
            "title",
        ];
        self.rest(expression, root, &KNOWN);
    }

    fn say(&mut self, path: &str, sentence: &str) {
        self.unmapped.push(format!("{path}: {sentence}"));
    }

    /// Says every key that is not known and asks something.
    fn rest(&mut self, object: &Map<String, Value>, path: &str, known: &[&str]) {
        for (key, value) in
            object.iter().filter(|(key, value)| !known.contains(&key.as_str()) && is_said(value))
        {
            let shown: String = value.to_string().chars().take(60).collect();
            self.say(&format!("{path}.{key}"), &format!("not taken over ({shown})"));
        }
    }

    /// A name nobody has yet.
    fn name(&mut self, wanted: &str) -> String {
        let wanted = slug(wanted);
        let free = (1_usize..).map(|n| if n == 1 { wanted.clone() } else { format!("{wanted}_{n}") });
        let name = free.into_iter().find(|name| !self.names.contains(name)).unwrap_or(wanted);
        self.names.insert(name.clone());
        name
    }

    fn file(&self, title: Option<&str>, file: &str, when: &str, last: bool) -> String {
        let stem = file.rsplit(['/', '\\']).next().unwrap_or(file);
        let stem = stem.strip_suffix(".json").unwrap_or(stem);
        let take = if last { "last" } else { "first" };
        let index = if self.windows {
            format!("{{ rule = \"entry\", take = \"{take}\" }}")
        } else {
            format!("\"{take}\"")
        };
        let head = format!(
            "id = {}\ntitle = {}\ndefinition = \"Imported from an OHDSI Circe cohort expression; to be read over.\"\nreference = {}\nstatus = \"draft\"\nsubject = \"patient\"\nlevels = [\"definite\"]\nindex = {index}\n",
            quoted(&slug(stem)),
            quoted(title.unwrap_or(stem)),
            quoted(file)
        );
        let step = format!("[[level]]\nname = \"definite\"\nwhen = {when}\n");
        let tables = self.set_tables.iter().chain(&self.rule_tables).map(String::as_str);
        [head.as_str()].into_iter().chain(tables).chain([step.as_str()]).collect::<Vec<_>>().join("\n")
    }
}

/// Whether a value asks anything.
fn is_said(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(list) => !list.is_empty(),
        Value::Object(object) => !object.is_empty(),
        _ => true,
    }
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
