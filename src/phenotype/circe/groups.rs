//! Groups of criteria around the index: how many of them, how often each, in which days.

use super::write::Expr;
use super::{Importer, is_said, list};
use serde_json::{Map, Value};

impl Importer {
    /// An inclusion rule: its group, under its name.
    pub(super) fn inclusion(&mut self, rule: &Value, path: &str) -> Option<Expr> {
        let title = rule.get("name").and_then(Value::as_str).unwrap_or("inclusion");
        if let Some(rule) = rule.as_object() {
            self.rest(rule, path, &["name", "description", "expression"]);
        }
        let expr = self.group(rule.get("expression")?, &format!("{path}.expression"))?;
        let affirms = match &expr {
            Expr::Any(_) | Expr::AtLeast(..) => true,
            Expr::All(asked, _) => !asked.is_empty(),
            Expr::Rule(_) | Expr::Not(_) => false,
        };
        if !affirms {
            return Some(expr);
        }
        let name = self.name(title);
        self.rule_tables.push(format!("[rules.{name}]\n{}", expr.table()));
        Some(Expr::Rule(name))
    }

    /// A group; `None` when nothing of it asks anything.
    pub(super) fn group(&mut self, group: &Value, path: &str) -> Option<Expr> {
        let group = group.as_object().filter(|group| !group.is_empty())?;
        let mut parts = Vec::new();
        let mut lost = false;
        for (place, criterion) in list(group.get("CriteriaList")).iter().enumerate() {
            let part = self.correlated(criterion, &format!("{path}.CriteriaList[{place}]"));
            lost |= part.is_none();
            parts.extend(part);
        }
        for (place, person) in list(group.get("DemographicCriteriaList")).iter().enumerate() {
            let part = self.demographic(person, &format!("{path}.DemographicCriteriaList[{place}]"));
            lost |= part.is_none();
            parts.extend(part);
        }
        for (place, inner) in list(group.get("Groups")).iter().enumerate() {
            let part = self.group(inner, &format!("{path}.Groups[{place}]"));
            lost |= part.is_none();
            parts.extend(part);
        }
        self.rest(group, path, &["Type", "Count", "CriteriaList", "DemographicCriteriaList", "Groups"]);
        if parts.is_empty() {
            return None;
        }
        self.together(group, path, parts, lost)
    }

    fn together(
        &mut self,
        group: &Map<String, Value>,
        path: &str,
        parts: Vec<Expr>,
        lost: bool,
    ) -> Option<Expr> {
        let kind = group.get("Type").and_then(Value::as_str).unwrap_or("ALL").to_ascii_uppercase();
        let count = group.get("Count").and_then(Value::as_u64).unwrap_or_default() as usize;
        if lost && kind != "ALL" {
            self.say(path, &format!("{kind} of a group of which a part was left out; read it over"));
        }
        let affirmed = |parts: Vec<Expr>| parts.into_iter().map(Expr::affirmed).collect::<Vec<_>>();
        match kind.as_str() {
            "ALL" => Some(Expr::all(parts)),
            "ANY" if parts.len() == 1 => parts.into_iter().next(),
            "ANY" => Some(Expr::Any(affirmed(parts))),
            "AT_LEAST" if count == 0 => {
                self.say(path, "AT_LEAST 0 asks nothing; left out");
                None
            }
            "AT_LEAST" => {
                let least = count.min(parts.len());
                if least < count {
                    self.say(
                        path,
                        &format!("AT_LEAST {count} of {least} parts taken over; all of them are asked for"),
                    );
                }
                Some(Expr::at_least(least, affirmed(parts)))
            }
            "AT_MOST" if count >= parts.len() => {
                self.say(path, &format!("AT_MOST {count} of {} parts asks nothing; left out", parts.len()));
                None
            }
            "AT_MOST" => Some(Expr::Not(Box::new(Expr::at_least(count + 1, affirmed(parts))))),
            other => {
                self.say(path, &format!("a group of type {other:?} is not known; left out"));
                None
            }
        }
    }

    /// A criterion of a group: how often, and in which days around the index.
    fn correlated(&mut self, value: &Value, path: &str) -> Option<Expr> {
        let object = value.as_object()?;
        let inner = object.get("Criteria");
        let criterion = match inner {
            Some(inner) => self.criterion(inner, &format!("{path}.Criteria"), false)?,
            None => {
                self.say(path, "no Criteria; left out");
                return None;
            }
        };
        let mut filters: Vec<String> =
            self.window(object.get("StartWindow"), &format!("{path}.StartWindow")).into_iter().collect();
        self.rest(object, path, &["Criteria", "StartWindow", "Occurrence", "IgnoreObservationPeriod"]);
        let occurrence = object.get("Occurrence");
        filters.extend(self.counted(occurrence, &format!("{path}.Occurrence")));
        let number =
            |key: &str| occurrence.and_then(|occurrence| occurrence.get(key)).and_then(Value::as_u64);
        let (kind, count) = (number("Type").unwrap_or(2), number("Count").unwrap_or(1));
        let mut at_least = |least: u64| {
            let least = (least > 1).then(|| format!("at_least = {least}"));
            let more: Vec<String> = filters.iter().cloned().chain(least).collect();
            self.criterion_rule(&criterion, &more)
        };
        match (kind, count) {
            (0, 0) | (1, 0) => Some(Expr::Not(Box::new(at_least(1)))),
            (0, count) => {
                Some(Expr::all(vec![at_least(count), Expr::Not(Box::new(at_least(count.saturating_add(1))))]))
            }
            (1, count) => Some(Expr::Not(Box::new(at_least(count.saturating_add(1))))),
            (2, 0) => {
                self.say(&format!("{path}.Occurrence"), "at least 0 asks nothing; the criterion is left out");
                None
            }
            (2, count) => Some(at_least(count)),
            _ => {
                self.say(
                    &format!("{path}.Occurrence.Type"),
                    "this way of counting is not known; the criterion is left out",
                );
                None
            }
        }
    }

    /// What is counted, when it is not the events.
    fn counted(&mut self, occurrence: Option<&Value>, path: &str) -> Option<String> {
        let occurrence = occurrence?;
        if occurrence.get("IsDistinct") != Some(&Value::Bool(true)) {
            return None;
        }
        match occurrence.get("CountColumn").and_then(Value::as_str) {
            Some("START_DATE") => Some("count = \"days\"".into()),
            Some("VISIT_ID") => Some("count = \"stays\"".into()),
            _ => {
                self.say(
                    &format!("{path}.IsDistinct"),
                    "distinct concepts are not counted; reports and codes are",
                );
                None
            }
        }
    }

    /// `within` of the days around the index.
    fn window(&mut self, window: Option<&Value>, path: &str) -> Option<String> {
        let window = window?.as_object()?;
        for key in ["UseIndexEnd", "UseEventEnd"] {
            if window.get(key) == Some(&Value::Bool(true)) {
                self.say(
                    &format!("{path}.{key}"),
                    "events have one day here; it is taken for the start and the end",
                );
            }
        }
        self.rest(window, path, &["Start", "End", "UseIndexEnd", "UseEventEnd"]);
        let mut bound = |key: &'static str, open: i64| match self.bound(window.get(key), open) {
            Ok(days) => days.map(|days| (key, days)),
            Err(why) => {
                self.say(&format!("{path}.{key}"), why);
                None
            }
        };
        let bounds = [bound("Start", -1), bound("End", 1)];
        let text = bounds
            .into_iter()
            .flatten()
            .map(|(key, days)| format!("{} = {days}", if key == "Start" { "from" } else { "until" }));
        let text: Vec<String> = text.collect();
        if text.is_empty() {
            return None;
        }
        if !self.windows {
            self.say(path, "days cannot be counted from this index; the window is left out");
            return None;
        }
        Some(format!("within = {{ of = \"index\", {} }}", text.join(", ")))
    }

    /// Days from the index; none when the side `open` has no limit.
    fn bound(&self, end: Option<&Value>, open: i64) -> Result<Option<i32>, &'static str> {
        let Some(end) = end.filter(|end| is_said(end)) else { return Ok(None) };
        let sign = end.get("Coeff").and_then(Value::as_i64).unwrap_or(1).signum();
        match end.get("Days").filter(|days| !days.is_null()) {
            None if sign == open => Ok(None),
            None => Err("this end has no limit on the wrong side; left out"),
            Some(days) => {
                let days = days.as_i64().and_then(|days| i32::try_from(days.checked_mul(sign)?).ok());
                days.map(Some).ok_or("these days are no number; left out")
            }
        }
    }

    /// Age, sex and calendar at the index: sex is of the person, the others are of an entry event on the index day.
    fn demographic(&mut self, value: &Value, path: &str) -> Option<Expr> {
        let object = value.as_object()?;
        let sexes = self.sexes(object.get("Gender"), &format!("{path}.Gender"));
        let age = object.get("Age").and_then(|age| self.age(age, &format!("{path}.Age")));
        let date = object.get("OccurrenceStartDate");
        let date = date.and_then(|date| self.calendar(date, &format!("{path}.OccurrenceStartDate")));
        self.rest(object, path, &["Gender", "Age", "OccurrenceStartDate"]);
        let mut filters: Vec<String> = age.into_iter().chain(date).collect();
        let mut parts: Vec<Expr> = self.sex(&sexes).into_iter().collect();
        if !filters.is_empty() {
            if self.windows {
                filters.push("within = { of = \"index\", from = 0, until = 0 }".into());
            } else {
                self.say(path, "asked of the index there; here of any entry event");
            }
            let name = self.name("at_index");
            let sets = self.entry_sets.clone();
            self.rule(&name, &sets, &filters);
            parts.push(Expr::Rule(name));
        }
        (!parts.is_empty()).then(|| Expr::all(parts))
    }
}
