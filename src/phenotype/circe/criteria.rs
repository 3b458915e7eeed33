//! One criterion of an expression: an event of a concept set, with its dates, ages and sex.

use super::write::{Expr, quoted, quoted_list};
use super::{Importer, is_said, list};
use crate::problem::Problem;
use jiff::civil::Date;
use serde_json::{Map, Value};

/// Days of a year of age.
const YEAR: f64 = 365.25;

/// Criteria whose events a warehouse has.
const DOMAINS: [&str; 3] = ["ConditionOccurrence", "ConditionEra", "Observation"];

/// Standard concepts of sex.
const SEXES: [(i64, &str); 2] = [(8507, "M"), (8532, "F")];

/// One criterion, read: the set it names, what else its rule says, and the sex it asks for.
pub(super) struct Criterion {
    pub set: String,
    pub filters: Vec<String>,
    pub sexes: Vec<&'static str>,
}

impl Importer {
    /// The entry events: rule `entry`, and what is asked of the person.
    pub(super) fn entry(
        &mut self,
        expression: &Map<String, Value>,
        root: &str,
        file: &str,
    ) -> Result<Vec<Expr>, Problem> {
        let path = format!("{root}.PrimaryCriteria");
        let primary = expression.get("PrimaryCriteria").and_then(Value::as_object);
        let mut criteria = Vec::new();
        for (place, criterion) in
            list(primary.and_then(|primary| primary.get("CriteriaList"))).iter().enumerate()
        {
            criteria.extend(self.criterion(criterion, &format!("{path}.CriteriaList[{place}]"), true));
        }
        if criteria.is_empty() {
            let first = self.unmapped.first().cloned().unwrap_or_default();
            return Err(Problem::of(file, format!("no entry event could be taken over: {first}")));
        }
        if let Some(primary) = primary {
            self.observation(primary, &path);
            self.rest(primary, &path, &["CriteriaList", "ObservationWindow", "PrimaryCriteriaLimit"]);
        }
        Ok(self.entry_rules(criteria, &path))
    }

    fn observation(&mut self, primary: &Map<String, Value>, path: &str) {
        let window = primary.get("ObservationWindow").and_then(Value::as_object);
        for (key, days) in window.into_iter().flatten() {
            if days.as_i64().unwrap_or_default() != 0 {
                self.say(
                    &format!("{path}.ObservationWindow.{key}"),
                    "a warehouse of reports has no observation periods; use `followed` by hand",
                );
            }
        }
    }

    /// One rule when the criteria differ by their set alone; otherwise a rule each, and no day to count from.
    fn entry_rules(&mut self, criteria: Vec<Criterion>, path: &str) -> Vec<Expr> {
        let alike = criteria
            .windows(2)
            .all(|pair| pair[0].filters == pair[1].filters && pair[0].sexes == pair[1].sexes);
        let mut sets: Vec<String> = Vec::new();
        for criterion in &criteria {
            if !sets.contains(&criterion.set) {
                sets.push(criterion.set.clone());
            }
        }
        self.entry_sets = sets;
        self.windows = alike;
        if alike {
            let (filters, sexes) =
                criteria.into_iter().next().map(|first| (first.filters, first.sexes)).unwrap_or_default();
            let sets = self.entry_sets.clone();
            self.rule("entry", &sets, &filters);
            return [Some(Expr::Rule("entry".into())), self.sex(&sexes)].into_iter().flatten().collect();
        }
        self.say(path, "the entry events are asked for in different ways, so the index is the first evidence and no days can be counted from it");
        let parts: Vec<Expr> =
            criteria.into_iter().map(|criterion| self.criterion_rule(&criterion, &[])).collect();
        self.rule_tables.push(format!("[rules.entry]\n{}", Expr::Any(parts).table()));
        vec![Expr::Rule("entry".into())]
    }

    /// Writes a rule of evidence.
    pub(super) fn rule(&mut self, name: &str, sets: &[String], filters: &[String]) {
        let set = match sets {
            [one] => quoted(one),
            more => quoted_list(more),
        };
        let filters: String = filters.iter().map(|filter| format!("{filter}\n")).collect();
        self.rule_tables.push(format!("[rules.{name}]\nset = {set}\nmethod = \"any\"\n{filters}"));
    }

    /// The rule of a criterion with more filters, and the sex beside it.
    pub(super) fn criterion_rule(&mut self, criterion: &Criterion, more: &[String]) -> Expr {
        let name = self.name(&format!("{}_event", criterion.set));
        let filters = [criterion.filters.as_slice(), more].concat();
        self.rule(&name, std::slice::from_ref(&criterion.set), &filters);
        let parts = [Some(Expr::Rule(name)), self.sex(&criterion.sexes)];
        Expr::all(parts.into_iter().flatten().collect())
    }

    /// A rule on the sex of the person; both sexes ask nothing.
    pub(super) fn sex(&mut self, sexes: &[&'static str]) -> Option<Expr> {
        let [sex] = sexes else { return None };
        let name = format!("sex_{}", sex.to_ascii_lowercase());
        let table = format!("[rules.{name}]\nperson = {{ sex = {} }}\n", quoted(sex));
        if !self.rule_tables.contains(&table) {
            self.rule_tables.push(table);
        }
        Some(Expr::Rule(name))
    }

    /// Reads `{ "ConditionOccurrence": { … } }`; `None` when it cannot be taken over, which is said.
    pub(super) fn criterion(&mut self, value: &Value, path: &str, entry: bool) -> Option<Criterion> {
        let Some((domain, body)) = value.as_object().and_then(|object| object.iter().next()) else {
            self.say(path, "an empty criterion; left out");
            return None;
        };
        let path = format!("{path}.{domain}");
        let Some(body) = body.as_object().filter(|_| DOMAINS.contains(&domain.as_str())) else {
            self.say(&path, "events of this kind are not in a warehouse of reports and diagnoses; the criterion is left out");
            return None;
        };
        let Some(number) = body.get("CodesetId").and_then(Value::as_i64) else {
            self.say(&path, "the criterion names no concept set, so any event would do; it is left out");
            return None;
        };
        let Some(set) = self.sets.get(&number).cloned() else {
            self.say(
                &path,
                &format!("nothing of concept set {number} was taken over; the criterion is left out"),
            );
            return None;
        };
        let mut filters = Vec::new();
        for key in ["Age", "AgeAtStart"] {
            filters.extend(body.get(key).and_then(|age| self.age(age, &format!("{path}.{key}"))));
        }
        for key in ["OccurrenceStartDate", "EraStartDate"] {
            filters.extend(body.get(key).and_then(|date| self.calendar(date, &format!("{path}.{key}"))));
        }
        let sexes = self.sexes(body.get("Gender"), &format!("{path}.Gender"));
        if !entry && body.get("First") == Some(&Value::Bool(true)) {
            self.say(&format!("{path}.First"), "only the first event counts there; here each one does");
        }
        if entry && body.get("First") == Some(&Value::Bool(true)) && !filters.is_empty() {
            self.say(&format!("{path}.First"), "the first event ever is held against age and dates there; here the first that agrees with them counts");
        }
        self.rest(
            body,
            &path,
            &["CodesetId", "First", "Age", "AgeAtStart", "OccurrenceStartDate", "EraStartDate", "Gender"],
        );
        Some(Criterion { set, filters, sexes })
    }

    pub(super) fn sexes(&mut self, genders: Option<&Value>, path: &str) -> Vec<&'static str> {
        let mut found = Vec::new();
        for (place, concept) in list(genders).iter().enumerate() {
            let number = concept.get("CONCEPT_ID").and_then(Value::as_i64);
            match SEXES.iter().find(|(known, _)| Some(*known) == number) {
                Some((_, sex)) => found.push(*sex),
                None => self.say(&format!("{path}[{place}]"), "this sex has no counterpart; left out"),
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// `age_days` of a range of years.
    pub(super) fn age(&mut self, range: &Value, path: &str) -> Option<String> {
        if !is_said(range) {
            return None;
        }
        let number = |key: &str| range.get(key).and_then(Value::as_f64);
        let operator = range.get("Op").and_then(Value::as_str).unwrap_or_default();
        let days = |years: f64| years * YEAR;
        let text = match (operator, number("Value"), number("Extent")) {
            ("gte", Some(age), _) => format!("from = {}", days(age)),
            ("gt", Some(age), _) => format!("from = {}", days(age + 1.0)),
            ("lt", Some(age), _) if age > 0.0 => format!("below = {}", days(age)),
            ("lte", Some(age), _) => format!("below = {}", days(age + 1.0)),
            ("eq", Some(age), _) => format!("from = {}, below = {}", days(age), days(age + 1.0)),
            ("bt", Some(age), Some(last)) if age <= last => {
                format!("from = {}, below = {}", days(age), days(last + 1.0))
            }
            _ => {
                self.say(
                    path,
                    &format!("this comparison of ages ({operator:?}) has no counterpart; left out"),
                );
                return None;
            }
        };
        Some(format!("age_days = {{ {text} }}"))
    }

    /// `calendar` of a range of dates.
    pub(super) fn calendar(&mut self, range: &Value, path: &str) -> Option<String> {
        if !is_said(range) {
            return None;
        }
        let date = |key: &str| -> Option<Date> { range.get(key)?.as_str()?.get(..10)?.parse().ok() };
        let operator = range.get("Op").and_then(Value::as_str).unwrap_or_default();
        let bounds = match (operator, date("Value"), date("Extent")) {
            ("gte", Some(day), _) => Some((Some(day), None)),
            ("gt", Some(day), _) => day.tomorrow().ok().map(|day| (Some(day), None)),
            ("lte", Some(day), _) => Some((None, Some(day))),
            ("lt", Some(day), _) => day.yesterday().ok().map(|day| (None, Some(day))),
            ("eq", Some(day), _) => Some((Some(day), Some(day))),
            ("bt", Some(day), Some(last)) if day <= last => Some((Some(day), Some(last))),
            _ => None,
        };
        let Some((from, until)) = bounds else {
            self.say(path, &format!("this comparison of dates ({operator:?}) has no counterpart; left out"));
            return None;
        };
        let from = from.map(|day| format!("from = \"{day}\""));
        let until = until.map(|day| format!("until = \"{day}\""));
        let text: Vec<String> = from.into_iter().chain(until).collect();
        Some(format!("calendar = {{ {} }}", text.join(", ")))
    }
}
