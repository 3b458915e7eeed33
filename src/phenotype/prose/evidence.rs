//! One rule of evidence or of the person, in words.

use super::Writer;
use crate::event::Experiencer;
use crate::phenotype::definition::{
    Count, Followed, Index, MethodFilter, Missing, Per, PersonFilter, Phase, Role, Rule, Set, Take, Twins,
};
use crate::phenotype::plan::{Evidence, NodeKind};

/// A longer list is counted, with its first ones.
const MOST_LISTED: usize = 6;
const FIRST_ONES: usize = 3;

/// How a rule of evidence is turned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// So many at least.
    Asked,
    /// None, or fewer.
    Denied,
}

/// Where events are looked for.
fn kind(rule: &Rule) -> &'static str {
    match rule.method.unwrap_or_default() {
        MethodFilter::Structured => "structured",
        MethodFilter::Any => "any",
        _ => "text",
    }
}

fn count_key(rule: &Rule) -> &'static str {
    let usual = if kind(rule) == "structured" { Count::Events } else { Count::Documents };
    match rule.count.unwrap_or(usual) {
        Count::Events => "events",
        Count::Documents => "documents",
        Count::DocumentTypes => "document_types",
        Count::Days => "days",
        Count::Stays => "stays",
        Count::Sets => "sets",
    }
}

impl Writer<'_> {
    /// The noun phrase of a rule of evidence: how many of what, where and when.
    pub(super) fn evidence(&self, evidence: &Evidence<'_>, turn: Turn) -> String {
        self.counted(evidence, turn, count_key(evidence.rule), evidence.rule.at_least.unwrap_or(1))
    }

    fn counted(&self, evidence: &Evidence<'_>, turn: Turn, count: &str, least: u32) -> String {
        let rule = evidence.rule;
        let form = match (turn, least > 1) {
            (Turn::Asked, false) => "one",
            (Turn::Asked, true) => "many",
            (Turn::Denied, false) => "no",
            (Turn::Denied, true) => "fewer",
        };
        let objects: Vec<String> = evidence.sets.iter().map(|set| self.object(set, rule)).collect();
        let verb = self.verb(rule);
        let what = self.what(evidence, &objects, &verb);
        let key = format!("count.{count}.{}.{form}", kind(rule));
        let values = [
            ("n", self.count(least as usize)),
            ("m", self.count(objects.len())),
            ("verb", verb),
            ("what", what),
            ("list", objects.join("\u{a0}; ")),
        ];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        format!("{}{}", self.phrases.fill(&key, &values), self.filters(evidence))
    }

    /// A rule of evidence without its number: one mention of it, or none.
    fn mention(&self, node: usize, turn: Turn) -> String {
        match self.evidence_at(node) {
            Some(evidence) if self.spend() => self.counted(evidence, turn, "events", 1),
            _ => self.elsewhere(node),
        }
    }

    fn evidence_at(&self, node: usize) -> Option<&Evidence<'_>> {
        match self.plan.nodes.get(node).map(|node| &node.kind) {
            Some(NodeKind::Evidence(evidence)) => Some(evidence),
            _ => None,
        }
    }

    fn verb(&self, rule: &Rule) -> String {
        let present = ["present".to_string()];
        let asked = rule.assertion.as_deref().unwrap_or(&present);
        let verbs: Vec<String> = asked.iter().map(|word| self.named("verb", word)).collect();
        self.phrases.join("list.or", &verbs)
    }

    /// The French of a word of the contract, or the word.
    fn named(&self, table: &str, word: &str) -> String {
        self.phrases.find(&format!("{table}.{word}")).unwrap_or(word).to_string()
    }

    fn what(&self, evidence: &Evidence<'_>, objects: &[String], verb: &str) -> String {
        let structured = kind(evidence.rule) == "structured";
        let list = self.phrases.join(if structured { "list.and" } else { "list.or" }, objects);
        if !structured {
            return format!("{verb} {list}");
        }
        let coded = evidence.sets.iter().all(|set| self.set(set).is_some_and(|set| !set.codes.is_empty()));
        let one = evidence.sets.len() == 1
            && evidence.sets.iter().all(|set| self.set(set).is_some_and(|set| self.is_one_code(set)));
        let (key, name) = match (coded, one) {
            (true, true) => ("what.code", "codes"),
            (true, false) => ("what.codes", "codes"),
            (false, _) => ("what.terms", "terms"),
        };
        self.phrases.fill(key, &[(name, &list)])
    }

    fn is_one_code(&self, set: &Set) -> bool {
        match set.codes.as_slice() {
            [code] => set.not_codes.is_empty() && !self.code(code).1.contains(' '),
            _ => false,
        }
    }

    fn set(&self, name: &str) -> Option<&Set> {
        self.definition.sets.get(name).map(|set| set.get_ref())
    }

    /// What a set holds, for the method of a rule.
    fn object(&self, name: &str, rule: &Rule) -> String {
        let Some(set) = self.set(name) else { return name.to_string() };
        let termed = !(set.subgroups.is_empty() && set.concepts.is_empty());
        match (kind(rule), !set.codes.is_empty(), termed) {
            ("structured", true, _) => self.codes(set, "list.and"),
            (_, true, false) => self.phrases.fill("what.coded", &[("codes", &self.codes(set, "list.or"))]),
            ("any", true, true) => {
                let key = if self.is_one_code(set) { "what.both_one" } else { "what.both" };
                self.phrases
                    .fill(key, &[("terms", &self.terms(set)), ("codes", &self.codes(set, "list.and"))])
            }
            _ => self.terms(set),
        }
    }

    fn codes(&self, set: &Set, join: &str) -> String {
        let all = self.code_list(&set.codes, join);
        if set.not_codes.is_empty() {
            return all;
        }
        let bare: Vec<String> = set.not_codes.iter().map(|code| self.code(code).1).collect();
        self.phrases.fill("what.except", &[("what", &all), ("list", &self.listed(&bare, "list.and"))])
    }

    /// The codes with each system named once.
    fn code_list(&self, codes: &[String], join: &str) -> String {
        let mut systems: Vec<(String, Vec<String>)> = Vec::new();
        for (system, code) in codes.iter().map(|code| self.code(code)) {
            match systems.iter_mut().find(|(known, _)| *known == system) {
                Some((_, list)) => list.push(code),
                None => systems.push((system, vec![code])),
            }
        }
        let lists = systems.into_iter().map(|(system, list)| {
            let list = self.listed(&list, join);
            self.phrases.fill("what.system", &[("system", &system), ("codes", &list)])
        });
        self.phrases.join(join, &lists.collect::<Vec<_>>())
    }

    fn code(&self, text: &str) -> (String, String) {
        let (system, code) = text.split_once(':').unwrap_or(("CIM-10", text));
        let code = match code.split_once('-').filter(|_| system == "CIM-10") {
            Some((first, last)) => self.phrases.fill("what.range", &[("first", first), ("last", last)]),
            None => code.to_string(),
        };
        (system.to_string(), code)
    }

    /// All of a short list; of a long one, the first ones and how many more.
    fn listed(&self, words: &[String], join: &str) -> String {
        match words.get(..FIRST_ONES) {
            Some(first) if words.len() > MOST_LISTED => {
                let more = (words.len() - FIRST_ONES).to_string();
                self.phrases.fill("list.more", &[("list", &first.join(", ")), ("n", &more)])
            }
            _ => self.phrases.join(join, words),
        }
    }

    fn terms(&self, set: &Set) -> String {
        let wanted: Vec<String> =
            set.subgroups.iter().chain(&set.concepts).map(|id| self.label(id)).collect();
        let all = self.listed(&wanted, "list.or");
        let out: Vec<String> =
            set.not_subgroups.iter().chain(&set.not_concepts).map(|id| self.label(id)).collect();
        if out.is_empty() {
            return all;
        }
        self.phrases.fill("what.except", &[("what", &all), ("list", &self.listed(&out, "list.and"))])
    }

    fn label(&self, id: &str) -> String {
        let (root, key) = match id.strip_suffix(".*") {
            Some(root) => (root, "what.under"),
            None => (id, "what.term"),
        };
        let label = (self.labels)(root).unwrap_or_else(|| root.replace('_', " "));
        self.phrases.fill(key, &[("term", &label)])
    }

    /// Everything else a rule of evidence asks, in the order it is said.
    fn filters(&self, evidence: &Evidence<'_>) -> String {
        let rule = evidence.rule;
        let parts = [
            self.of_whom(rule),
            self.where_found(rule),
            self.numbers(rule),
            self.when_found(evidence),
            self.beside(evidence),
        ];
        parts.concat()
    }

    fn words(&self, table: &str, list: Option<&Vec<String>>) -> String {
        let Some(list) = list else { return String::new() };
        let words: Vec<String> = list.iter().map(|word| self.named(table, word)).collect();
        self.phrases.fill(&format!("{table}.text"), &[("list", &self.phrases.join("list.or", &words))])
    }

    fn of_whom(&self, rule: &Rule) -> String {
        let mut text = String::new();
        match rule.method {
            Some(MethodFilter::Dictionary) => text.push_str(self.phrases.get("method.dictionary")),
            Some(MethodFilter::Pattern) => text.push_str(self.phrases.get("method.pattern")),
            Some(MethodFilter::Neural) => text.push_str(self.phrases.get("method.neural")),
            _ => {}
        }
        if kind(rule) == "structured" {
            text.push_str(&self.words("recorded", rule.assertion.as_ref()));
        }
        match rule.role.unwrap_or_default() {
            Role::Subject => {}
            Role::Mother => text.push_str(self.phrases.get("role.mother")),
            Role::Twin => text.push_str(self.phrases.get("role.twin")),
        }
        match &rule.experiencer {
            Some(list) if Experiencer::ALL.iter().all(|one| list.iter().any(|word| word == one.as_str())) => {
                text.push_str(self.phrases.get("experiencer.anyone"));
            }
            list => text.push_str(&self.words("experiencer", list.as_ref())),
        }
        text.push_str(&self.words("temporality", rule.temporality.as_ref()));
        text
    }

    fn where_found(&self, rule: &Rule) -> String {
        let mut text = self.words("position", rule.position.as_ref());
        text.push_str(&self.words("laterality", rule.laterality.as_ref()));
        let sorts = |list: &Vec<String>| list.iter().map(|name| self.document(name)).collect::<Vec<_>>();
        let names = |list: &Vec<String>| list.iter().map(|name| self.label(name)).collect::<Vec<_>>();
        let lists = [
            ("document.text", rule.document_types.as_ref().map(sorts), "list.or"),
            ("document.not", rule.not_document_types.as_ref().map(sorts), "list.or"),
            ("section.text", rule.sections.as_ref().map(names), "list.or"),
            ("section.not", rule.not_sections.as_ref().map(names), "list.or"),
        ];
        for (key, list, join) in lists {
            if let Some(list) = list {
                text.push_str(&self.phrases.fill(key, &[("list", &self.phrases.join(join, &list))]));
            }
        }
        if let Some(wards) = &rule.wards {
            let like: Vec<String> =
                wards.like.iter().map(|word| self.phrases.fill("what.term", &[("term", word)])).collect();
            let key = if wards.missing == Missing::Accept { "ward.accept" } else { "ward.text" };
            text.push_str(&self.phrases.fill(key, &[("list", &self.phrases.join("list.or", &like))]));
        }
        text
    }

    fn document(&self, name: &str) -> String {
        let known = self.phrases.find(&format!("document.{name}"));
        known.map_or_else(|| self.phrases.fill("document.other", &[("name", name)]), str::to_string)
    }

    fn numbers(&self, rule: &Rule) -> String {
        let parts = [
            rule.certainty.as_ref().map(|range| self.certainty(range)),
            rule.value.as_ref().map(|value| self.value(value)),
            rule.gestational_age_days.as_ref().map(|range| self.gestational_age(range)),
            rule.age_days.as_ref().map(|range| self.age(range)),
        ];
        parts.into_iter().flatten().collect()
    }

    fn when_found(&self, evidence: &Evidence<'_>) -> String {
        let rule = evidence.rule;
        let mut text =
            rule.calendar.as_ref().map(|calendar| self.calendar("event", calendar)).unwrap_or_default();
        match rule.phase {
            Some(Phase::Prenatal) => text.push_str(self.phrases.get("phase.prenatal")),
            Some(Phase::Postnatal) => text.push_str(self.phrases.get("phase.postnatal")),
            None => {}
        }
        text.push_str(&self.within(evidence));
        text
    }

    fn within(&self, evidence: &Evidence<'_>) -> String {
        let Some(within) = &evidence.rule.within else { return String::new() };
        let take = match (&self.definition.index, within.of.as_str()) {
            (Index::Rule(index), "index") => index.take,
            _ => within.take,
        };
        let of = match (within.of.as_str(), evidence.within) {
            ("birth" | "conception", _) | ("index", None) => self.named("within", &within.of),
            (_, Some(node)) => self.event_of(node, take),
            _ => within.of.clone(),
        };
        let days = |days: Option<i32>| days.map(|days| self.place(days, &of));
        let (from, until) = (days(within.from), days(within.until));
        let key = match (&from, &until) {
            (Some(_), Some(_)) => "within.both",
            (Some(_), None) => "within.from",
            (None, Some(_)) => "within.until",
            (None, None) => "within.known",
        };
        let values = [("from", from.unwrap_or_default()), ("until", until.unwrap_or_default()), ("of", of)];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.phrases.fill(key, &values)
    }

    fn place(&self, days: i32, of: &str) -> String {
        let key = match days.signum() {
            -1 => "within.before",
            0 => "within.same",
            _ => "within.after",
        };
        self.phrases.fill(key, &[("days", &self.duration(f64::from(days.unsigned_abs()))), ("of", of)])
    }

    fn event_of(&self, node: usize, take: Take) -> String {
        let key = match take {
            Take::First => "within.first",
            Take::Last => "within.last",
            Take::Any => "within.any",
        };
        self.phrases.fill(key, &[("phrase", &self.phrase(node))])
    }

    /// The noun phrase of a rule that another leans on.
    pub(super) fn phrase(&self, node: usize) -> String {
        match self.evidence_at(node) {
            Some(evidence) if self.spend() => self.evidence(evidence, Turn::Asked),
            _ => self.elsewhere(node),
        }
    }

    fn beside(&self, evidence: &Evidence<'_>) -> String {
        let mut text = String::new();
        if evidence.rule.per == Some(Per::Document) {
            text.push_str(self.phrases.get("same.per"));
        }
        if let Some(other) = evidence.same_document {
            text.push_str(&self.phrases.fill("same.text", &[("phrase", &self.mention(other, Turn::Asked))]));
        }
        if let Some(other) = evidence.not_same_document {
            text.push_str(&self.phrases.fill("same.not", &[("phrase", &self.mention(other, Turn::Denied))]));
        }
        if evidence.rule.twins == Some(Twins::Any) {
            text.push_str(self.phrases.get("same.twins"));
        }
        text
    }

    /// What a rule asks of the person.
    pub(super) fn person(&self, rule: &Rule) -> String {
        let mut clauses = rule.person.as_ref().map(|person| self.person_clauses(person)).unwrap_or_default();
        if let Some(Followed { days }) = rule.followed {
            let days = self.duration(f64::from(days));
            clauses.push(self.phrases.fill("person.followed", &[("days", &days)]));
        }
        if clauses.is_empty() {
            return self.phrases.get("person.nothing").to_string();
        }
        self.phrases.join("list.and", &clauses)
    }

    fn person_clauses(&self, person: &PersonFilter) -> Vec<String> {
        let named = |word: &String| self.named("person", word);
        let listed = |key: &str, list: Vec<String>| {
            self.phrases.fill(key, &[("list", &self.phrases.join("list.or", &list))])
        };
        let parts = [
            person.outcome.as_ref().map(|list| listed("person.outcome", list.iter().map(named).collect())),
            person.sex.as_ref().map(|sex| self.phrases.fill("person.sex", &[("sex", &named(sex))])),
            person.gestational_age_days.as_ref().map(|range| self.term(range)),
            person.multiple.map(|multiple| {
                self.phrases.get(if multiple { "person.multiple" } else { "person.single" }).to_string()
            }),
            person.birth.as_ref().map(|birth| self.calendar("born", birth)),
            person.residence.as_ref().map(|areas| listed("person.residence", areas.clone())),
            person.mother_known.map(|known| {
                self.phrases
                    .get(if known { "person.mother_known" } else { "person.mother_unknown" })
                    .to_string()
            }),
        ];
        parts.into_iter().flatten().filter(|clause| !clause.is_empty()).collect()
    }
}
