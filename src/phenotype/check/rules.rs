//! Rules of evidence and of the person that can never hold, or that ask what is not looked at.

use super::Checker;
use super::words::{day, repeated};
use crate::event::{Assertion, Experiencer, Laterality, Temporality};
use crate::phenotype::definition::{
    Calendar, Count, MethodFilter, OneOrMore, Per, PersonFilter, Phase, Range, Role, Rule, ValueRange,
};
use std::ops::Range as Span;

/// Longest gestation accepted, in days.
const LONGEST_GESTATION: f64 = 330.0;

pub(super) const POSITIONS: [&str; 3] = ["DP", "DR", "DAS"];
pub(super) const OUTCOMES: [&str; 3] = ["live_birth", "fetal_death", "topfa"];
pub(super) const SEXES: [&str; 3] = ["F", "M", "I"];

/// One rule under check.
pub(super) struct RuleCheck<'a, 'c> {
    pub checker: &'a mut Checker<'c>,
    pub rule: &'c Rule,
    pub span: Span<usize>,
}

impl<'c> RuleCheck<'_, 'c> {
    pub fn run(&mut self) {
        if let Some(sets) = &self.rule.set {
            self.lists(sets);
            self.numbers();
            self.times();
            self.methods();
            self.counts(sets);
            self.documents();
            self.roles();
        } else {
            self.unread();
            self.person();
        }
    }

    fn say(&mut self, message: impl Into<String>) {
        self.checker.say(self.span.clone(), message);
    }

    /// A list of words, each of which must be one of `known`; nothing known is not held against anything.
    fn list<'k>(
        &mut self,
        key: &str,
        list: Option<&'c Vec<String>>,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        if let Some(list) = list {
            let known: Vec<&str> = known.into_iter().collect();
            self.checker.list(self.span.clone(), key, list, &known);
        }
    }

    fn lists(&mut self, sets: &'c OneOrMore) {
        let rule = self.rule;
        if let OneOrMore::More(sets) = sets {
            self.list("set", Some(sets), []);
        }
        let vocabulary = self.checker.vocabulary;
        let types = || vocabulary.document_types.iter().map(String::as_str);
        let known = self.checker.known;
        let sections = || known.sections.iter().map(String::as_str);
        self.list("assertion", rule.assertion.as_ref(), Assertion::ALL.iter().map(|word| word.as_str()));
        self.list(
            "experiencer",
            rule.experiencer.as_ref(),
            Experiencer::ALL.iter().map(|word| word.as_str()),
        );
        self.list(
            "temporality",
            rule.temporality.as_ref(),
            Temporality::ALL.iter().map(|word| word.as_str()),
        );
        self.list("laterality", rule.laterality.as_ref(), Laterality::ALL.iter().map(|word| word.as_str()));
        self.list("position", rule.position.as_ref(), POSITIONS);
        self.list("document_types", rule.document_types.as_ref(), types());
        self.list("not_document_types", rule.not_document_types.as_ref(), types());
        self.list("sections", rule.sections.as_ref(), sections());
        self.list("not_sections", rule.not_sections.as_ref(), sections());
        self.list("wards.like", rule.wards.as_ref().map(|wards| &wards.like), []);
    }

    fn numbers(&mut self) {
        let rule = self.rule;
        self.range("certainty", rule.certainty.as_ref(), Some((0.0, 1.0)));
        self.range(
            "gestational_age_days",
            rule.gestational_age_days.as_ref(),
            Some((0.0, LONGEST_GESTATION)),
        );
        self.range("age_days", rule.age_days.as_ref(), None);
        if let Some(ValueRange { from, below, unit }) = &rule.value {
            let range = Range { from: *from, below: *below, ..Range::default() };
            self.range("value", Some(&range), None);
            if unit.is_none() && (from.is_some() || below.is_some()) {
                self.say("value has no unit, and 30 mm is not 30 cm; add unit = \"…\" as the events have it");
            }
        }
    }

    fn range(&mut self, key: &str, range: Option<&Range>, limits: Option<(f64, f64)>) {
        let Some(range) = range else { return };
        let ends: Vec<f64> = range.from.into_iter().chain(range.below).collect();
        if ends.iter().any(|end| !end.is_finite()) {
            self.say(format!("{key} must be a number; leave an end out where there is none"));
        }
        if let (Some(from), Some(below)) = (range.from, range.below)
            && from >= below
        {
            self.say(format!(
                "{key} from {from} and below {below} can never hold; `from` is in and `below` is out, so from < below"
            ));
        }
        if let Some((least, most)) = limits
            && let Some(end) = ends.iter().find(|end| **end < least || **end > most)
        {
            self.say(format!("{key} has {end}, outside {least} to {most}; correct the number"));
        }
    }

    fn times(&mut self) {
        let rule = self.rule;
        self.calendar("calendar", rule.calendar.as_ref());
        self.phase_and_days("age_days", rule.age_days.as_ref().map(|age| (age.from, age.below)));
        let Some(within) = &rule.within else { return };
        if let (Some(from), Some(until)) = (within.from, within.until)
            && from > until
        {
            self.say(format!("within from {from} until {until} can never hold; exchange them"));
        }
        let days = (within.from.map(f64::from), within.until.map(|until| f64::from(until) + 1.0));
        if within.of == "birth" {
            self.phase_and_days("within birth", Some(days));
            self.two_windows(days);
        }
    }

    fn two_windows(&mut self, (from, below): (Option<f64>, Option<f64>)) {
        let Some(age) = self.rule.age_days else { return };
        let apart =
            |from: Option<f64>, below: Option<f64>| matches!((from, below), (Some(a), Some(b)) if a >= b);
        if apart(age.from, below) || apart(from, age.below) {
            self.say("within birth and age_days have no day in common; both are days since birth, keep one");
        }
    }

    /// Days since birth against the phase: a report of before birth has no event after it.
    fn phase_and_days(&mut self, key: &str, days: Option<(Option<f64>, Option<f64>)>) {
        match (self.rule.phase, days) {
            (Some(Phase::Prenatal), Some((Some(from), _))) if from >= 0.0 => {
                self.say(format!("phase prenatal with {key} from {from}: before and after birth; drop one"));
            }
            (Some(Phase::Postnatal), Some((_, Some(below)))) if below <= 0.0 => {
                self.say(format!("phase postnatal with {key} before birth; drop one"));
            }
            _ => {}
        }
    }

    fn calendar(&mut self, key: &str, calendar: Option<&Calendar>) {
        let Some(calendar) = calendar else { return };
        let bounds = [&calendar.from, &calendar.until];
        for text in bounds.into_iter().flatten().filter(|text| day(text).is_none()) {
            self.say(format!("{key} has {text:?}, which is no date; write it as 2024-01-31"));
        }
        if let [Some(from), Some(until)] = bounds.map(|text| day(text.as_deref()?))
            && from > until
        {
            self.say(format!("{key} from {from} until {until} can never hold; exchange them"));
        }
        if bounds.iter().all(|bound| bound.is_none()) {
            self.say(format!("{key} asks nothing; give from or until, or drop it"));
        }
    }

    /// Codes come from no report, and reports have no rank of diagnosis.
    fn methods(&mut self) {
        let rule = self.rule;
        match rule.method.unwrap_or_default() {
            MethodFilter::Any => {}
            MethodFilter::Structured => {
                let of_reports = [
                    ("document_types", rule.document_types.is_some()),
                    ("not_document_types", rule.not_document_types.is_some()),
                    ("sections", rule.sections.is_some()),
                    ("not_sections", rule.not_sections.is_some()),
                    ("same_document", rule.same_document.is_some()),
                    ("not_same_document", rule.not_same_document.is_some()),
                    ("per", rule.per.is_some()),
                    ("count = \"documents\"", rule.count == Some(Count::Documents)),
                    ("count = \"document_types\"", rule.count == Some(Count::DocumentTypes)),
                ];
                for (key, _) in of_reports.iter().filter(|(_, asked)| *asked) {
                    self.say(format!(
                        "method structured with {key}: codes come from no report; drop {key} or read the text"
                    ));
                }
            }
            _ if rule.position.is_some() => {
                self.say("position is of structured diagnoses, and method keeps those of a text; drop one");
            }
            _ => {}
        }
    }

    fn counts(&mut self, sets: &OneOrMore) {
        let Some(least) = self.rule.at_least else { return };
        if least == 0 {
            self.say("at_least = 0 asks nothing; write 1 or more, or drop the rule");
        }
        let most = match self.count() {
            Count::Sets => Some((sets.as_slice().len(), "sets")),
            Count::DocumentTypes => Some((self.types(), "types of report")),
            _ => None,
        };
        if let Some((most, what)) = most.filter(|(most, _)| least as usize > *most) {
            self.say(format!("at_least = {least} of {most} {what} can never hold; ask for fewer"));
        }
        let once = matches!(self.count(), Count::Documents | Count::DocumentTypes | Count::Stays);
        if self.rule.per == Some(Per::Document) && once && least > 1 {
            self.say(format!(
                "at_least = {least} inside one report can never hold when reports are counted; add count = \"sets\" or \"events\""
            ));
        }
    }

    fn count(&self) -> Count {
        let usual = match self.rule.method {
            Some(MethodFilter::Structured) => Count::Events,
            _ => Count::Documents,
        };
        self.rule.count.unwrap_or(usual)
    }

    /// How many types of report may be found.
    fn types(&self) -> usize {
        let all = &self.checker.vocabulary.document_types;
        let not = self.rule.not_document_types.as_deref().unwrap_or_default();
        let asked = self.rule.document_types.as_ref().unwrap_or(all);
        asked.iter().filter(|name| !not.contains(name)).count()
    }

    fn documents(&mut self) {
        let rule = self.rule;
        let pairs = [
            ("document_types", &rule.document_types, &rule.not_document_types),
            ("sections", &rule.sections, &rule.not_sections),
        ];
        for (key, asked, not) in pairs {
            let (asked, not) = (asked.as_deref().unwrap_or_default(), not.as_deref().unwrap_or_default());
            for name in asked.iter().filter(|name| not.contains(name)) {
                self.say(format!("{name:?} is in {key} and in not_{key}; take it out of one"));
            }
        }
        if rule.same_document.is_some() && rule.same_document == rule.not_same_document {
            self.say("same_document and not_same_document name the same rule: never; drop one");
        }
        let after = &self.checker.vocabulary.after_birth;
        let only_after =
            |types: &Vec<String>| !types.is_empty() && types.iter().all(|name| after.contains(name));
        if rule.phase == Some(Phase::Prenatal) && rule.document_types.as_ref().is_some_and(only_after) {
            self.say("phase prenatal in reports that are only made after birth can never hold; drop one");
        }
    }

    fn roles(&mut self) {
        let of_mother =
            |list: &Vec<String>| list.iter().any(|word| matches!(word.as_str(), "patient" | "mother"));
        let rule = self.rule;
        if rule.role == Some(Role::Mother) && rule.experiencer.as_ref().is_some_and(|list| !of_mother(list)) {
            self.say("as = \"mother\" looks at what is said of the patient (in her record) or of the mother (in the child's); give experiencer one of these, or drop it");
        }
    }

    /// Keys that only a rule with a `set` reads.
    fn unread(&mut self) {
        let rule = self.rule;
        let keys = [
            ("method", rule.method.is_some()),
            ("assertion", rule.assertion.is_some()),
            ("certainty", rule.certainty.is_some()),
            ("experiencer", rule.experiencer.is_some()),
            ("temporality", rule.temporality.is_some()),
            ("document_types", rule.document_types.is_some()),
            ("not_document_types", rule.not_document_types.is_some()),
            ("sections", rule.sections.is_some()),
            ("not_sections", rule.not_sections.is_some()),
            ("wards", rule.wards.is_some()),
            ("laterality", rule.laterality.is_some()),
            ("position", rule.position.is_some()),
            ("value", rule.value.is_some()),
            ("gestational_age_days", rule.gestational_age_days.is_some()),
            ("age_days", rule.age_days.is_some()),
            ("calendar", rule.calendar.is_some()),
            ("phase", rule.phase.is_some()),
            ("within", rule.within.is_some()),
            ("same_document", rule.same_document.is_some()),
            ("not_same_document", rule.not_same_document.is_some()),
            ("count", rule.count.is_some()),
            ("per", rule.per.is_some()),
            ("twins", rule.twins.is_some()),
            ("as", rule.role.is_some()),
            ("at_least", rule.at_least.is_some() && rule.of.is_none()),
        ];
        for (key, _) in keys.iter().filter(|(_, asked)| *asked) {
            self.say(format!("{key} is only read beside a `set`; put it in the rule of evidence"));
        }
    }

    fn person(&mut self) {
        let Some(person) = &self.rule.person else { return };
        self.list("person.outcome", person.outcome.as_ref(), OUTCOMES);
        self.list("person.residence", person.residence.as_ref(), []);
        if let Some(sex) = person.sex.as_ref().filter(|sex| !SEXES.contains(&sex.as_str())) {
            self.say(format!("person.sex is {sex:?}; expected one of {}", SEXES.join(", ")));
        }
        let limits = Some((0.0, LONGEST_GESTATION));
        self.range("person.gestational_age_days", person.gestational_age_days.as_ref(), limits);
        self.calendar("person.birth", person.birth.as_ref());
        if asks_nothing(person) {
            self.say("person asks nothing; give one of its keys, or drop the rule");
        }
    }
}

fn asks_nothing(person: &PersonFilter) -> bool {
    let PersonFilter { outcome, sex, gestational_age_days, multiple, birth, residence, mother_known } =
        person;
    outcome.is_none()
        && sex.is_none()
        && gestational_age_days.is_none()
        && multiple.is_none()
        && birth.is_none()
        && residence.is_none()
        && mother_known.is_none()
}

impl Checker<'_> {
    /// A list of words, each of which must be one of `known`, once.
    pub(super) fn list(&mut self, span: Span<usize>, key: &str, list: &[String], known: &[&str]) {
        if list.is_empty() {
            self.say(
                span.clone(),
                format!("{key} is an empty list, which nothing satisfies; fill it or drop it"),
            );
        }
        for word in repeated(list) {
            let at = self.place(&span, word);
            self.say(at, format!("{key} has {word:?} twice; take one out"));
        }
        for word in list {
            let at = self.place(&span, word);
            if word.trim().is_empty() {
                self.say(
                    at,
                    format!("{key} has an empty word, which matches everything or nothing; take it out"),
                );
            } else if !known.is_empty() && !known.contains(&word.as_str()) {
                self.say(at, format!("{key} has {word:?}; expected one of {}", known.join(", ")));
            }
        }
    }
}
