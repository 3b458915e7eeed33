//! A definition read aloud, in French: made from its rules, so that it cannot say anything else than what is run.

mod amounts;
mod evidence;
mod phrases;
#[cfg(test)]
mod tests;

use super::definition::{Definition, Index, Landmark, Subject, Take};
use super::plan::{NodeKind, Plan};
use evidence::Turn;
use phrases::Phrases;
use std::cell::Cell;

/// Rules put into words at most: rules that many others lean on would otherwise be said again and again.
const MOST_SAID: usize = 400;

/// Parts of a condition that are said in one sentence; more are numbered lines.
const IN_ONE_SENTENCE: usize = 2;

/// The paragraph of a definition. `labels` gives the French label of a subgroup, a concept or a kind of section.
pub fn paragraph(
    definition: &Definition,
    plan: &Plan<'_>,
    labels: &dyn Fn(&str) -> Option<String>,
) -> String {
    let writer = Writer { definition, plan, labels, phrases: Phrases::shipped(), left: Cell::new(MOST_SAID) };
    spaced(&writer.paragraph())
}

struct Writer<'w> {
    definition: &'w Definition,
    plan: &'w Plan<'w>,
    labels: &'w dyn Fn(&str) -> Option<String>,
    phrases: &'static Phrases,
    left: Cell<usize>,
}

/// A condition in words: a sentence, or a sentence with numbered lines under it.
struct Clause {
    lead: String,
    lines: Vec<Clause>,
}

impl Clause {
    fn of(lead: String) -> Self {
        Self { lead, lines: Vec::new() }
    }
}

impl Writer<'_> {
    fn paragraph(&self) -> String {
        let subject = match self.definition.subject {
            Subject::Child => "child",
            Subject::Patient => "patient",
        };
        let title = self.definition.title.trim_end_matches('.');
        let mut said = vec![format!("{title}. {}", self.phrases.get(&format!("subject.{subject}")))];
        said.extend(self.levels());
        said.extend(self.excludes());
        said.extend(self.vetoes());
        said.push(self.index());
        let defaults =
            [&format!("defaults.{subject}"), "defaults.codes", "defaults.missing", "defaults.review"];
        said.push(defaults.map(|key| self.phrases.get(key)).join(" "));
        said.join("\n")
    }

    fn levels(&self) -> Vec<String> {
        let steps = self.definition.steps.iter().zip(&self.plan.steps).enumerate();
        let said = steps.map(|(number, (step, node))| {
            let step = step.get_ref();
            let mut level = self.level(&step.name);
            if !step.label.is_empty() {
                level = self.phrases.fill("level.labelled", &[("level", &level), ("label", &step.label)]);
            }
            let key = if number == 0 { "level.first" } else { "level.next" };
            self.sentence(key, &[("level", &level)], *node)
        });
        said.collect()
    }

    fn level(&self, name: &str) -> String {
        let known = self.phrases.find(&format!("level.{name}"));
        let other = || self.phrases.fill("level.other", &[("name", &name.replace('_', " "))]);
        known.map_or_else(other, str::to_string)
    }

    fn excludes(&self) -> Vec<String> {
        let excludes = self.definition.excludes.iter().zip(&self.plan.excludes);
        let said = excludes.map(|(exclude, node)| {
            let levels: Vec<String> = exclude.get_ref().levels.iter().map(|name| self.level(name)).collect();
            let key = if levels.is_empty() { "exclude.all" } else { "exclude.some" };
            self.sentence(key, &[("levels", &self.phrases.join("list.or", &levels))], *node)
        });
        said.collect()
    }

    fn vetoes(&self) -> Vec<String> {
        let said = self.plan.vetoes.iter().map(|nodes| {
            let [when, after, unless] = nodes.map(|node| self.phrase(node));
            self.phrases.fill("veto.text", &[("when", &when), ("after", &after), ("unless", &unless)])
        });
        said.collect()
    }

    fn index(&self) -> String {
        let key = match (&self.definition.index, self.plan.index) {
            (Index::Of(Landmark::Birth), _) => "index.birth",
            (Index::Of(Landmark::Conception), _) => "index.conception",
            (Index::Of(Landmark::Last), _) => "index.last",
            (Index::Rule(index), Some(node)) => {
                let key = if index.take == Take::Last { "index.rule_last" } else { "index.rule_first" };
                return self.phrases.fill(key, &[("phrase", &self.phrase(node))]);
            }
            _ => "index.first",
        };
        self.phrases.get(key).to_string()
    }

    /// A sentence that ends with a condition, its lines under it.
    fn sentence(&self, key: &str, values: &[(&str, &str)], node: usize) -> String {
        let clause = self.node(node);
        if clause.lines.is_empty() {
            let values = [values, &[("clause", clause.lead.as_str())]].concat();
            return self.phrases.fill(key, &values);
        }
        let values = [values, &[("clause", clause.lead.as_str())]].concat();
        let lead = self.phrases.fill(key, &values);
        let mut lines = vec![format!("{} :", lead.trim_end_matches('.'))];
        numbered(&clause.lines, "", true, &mut lines);
        lines.join("\n")
    }

    fn node(&self, number: usize) -> Clause {
        let Some(node) = self.plan.nodes.get(number).filter(|_| self.spend()) else {
            return Clause::of(self.elsewhere(number));
        };
        match &node.kind {
            NodeKind::Evidence(evidence) => Clause::of(
                self.phrases.fill("logic.found", &[("phrase", &self.evidence(evidence, Turn::Asked))]),
            ),
            NodeKind::Person(rule) => Clause::of(self.person(rule)),
            NodeKind::Any(parts) => self.group("any", parts.iter().map(|part| self.node(*part)).collect()),
            NodeKind::All(asked, denied) => {
                let asked = asked.iter().map(|part| self.node(*part));
                let denied = denied.iter().map(|part| self.denied(*part));
                self.group("all", asked.chain(denied).collect())
            }
            NodeKind::None(parts) => self.group("all", parts.iter().map(|part| self.denied(*part)).collect()),
            NodeKind::AtLeast(least, parts) => {
                let key = if *least == 1 { "logic.at_least_one" } else { "logic.at_least" };
                self.block(key, *least, parts)
            }
        }
    }

    fn denied(&self, number: usize) -> Clause {
        let Some(node) = self.plan.nodes.get(number).filter(|_| self.spend()) else {
            return Clause::of(self.elsewhere(number));
        };
        match &node.kind {
            NodeKind::Evidence(evidence) => {
                let few = evidence.rule.at_least.unwrap_or(1) > 1;
                let key = if few { "logic.found" } else { "logic.not_found" };
                Clause::of(self.phrases.fill(key, &[("phrase", &self.evidence(evidence, Turn::Denied))]))
            }
            NodeKind::Person(rule) => {
                Clause::of(self.phrases.fill("logic.not_person", &[("clause", &self.person(rule))]))
            }
            NodeKind::Any(parts) => self.group("all", parts.iter().map(|part| self.denied(*part)).collect()),
            NodeKind::None(parts) => self.block("logic.at_least_one", 1, parts),
            NodeKind::All(asked, denied) => {
                let asked = asked.iter().map(|part| self.node(*part));
                let lines: Vec<Clause> = asked.chain(denied.iter().map(|part| self.denied(*part))).collect();
                let lead = self.phrases.fill("logic.not_all", &[("n", &self.count(lines.len()))]);
                Clause { lead, lines }
            }
            NodeKind::AtLeast(least, parts) => self.block("logic.fewer", *least, parts),
        }
    }

    fn block(&self, key: &str, least: u32, parts: &[usize]) -> Clause {
        let values = [("n", self.count(least as usize)), ("m", self.count(parts.len()))];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Clause {
            lead: self.phrases.fill(key, &values),
            lines: parts.iter().map(|part| self.node(*part)).collect(),
        }
    }

    /// Parts put together: in one sentence when they are two short ones, as numbered lines otherwise.
    fn group(&self, kind: &str, mut parts: Vec<Clause>) -> Clause {
        if parts.len() == 1 {
            return parts.remove(0);
        }
        let short = parts.len() <= IN_ONE_SENTENCE && parts.iter().all(|part| part.lines.is_empty());
        if let ([first, second], true) = (parts.as_slice(), short) {
            let key = format!("logic.{kind}_two");
            return Clause::of(self.phrases.fill(&key, &[("first", &first.lead), ("second", &second.lead)]));
        }
        let lead = self.phrases.fill(&format!("logic.{kind}"), &[("n", &self.count(parts.len()))]);
        Clause { lead, lines: parts }
    }

    /// Whether one more rule may be put into words.
    fn spend(&self) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left > 0
    }

    fn elsewhere(&self, number: usize) -> String {
        match self.plan.nodes.get(number).and_then(|node| node.name) {
            Some(name) => self.phrases.fill("logic.elsewhere", &[("name", name)]),
            None => self.phrases.get("logic.nameless").to_string(),
        }
    }
}

/// `1.`, `1.1.`, one line each; the very last closes the sentence.
fn numbered(clauses: &[Clause], prefix: &str, closes: bool, lines: &mut Vec<String>) {
    for (place, clause) in clauses.iter().enumerate() {
        let number = format!("{prefix}{}.", place + 1);
        let indent = " ".repeat(2 * number.matches('.').count());
        let last = closes && place + 1 == clauses.len();
        let end = match (clause.lines.is_empty(), last) {
            (false, _) => " :",
            (true, true) => ".",
            (true, false) => " ;",
        };
        lines.push(format!("{indent}{number} {}{end}", clause.lead));
        numbered(&clause.lines, &number, last, lines);
    }
}

/// The spaces of French before double punctuation and inside quotation marks do not break.
fn spaced(text: &str) -> String {
    let pairs =
        [(" :", "\u{a0}:"), (" ;", "\u{a0};"), ("\u{ab} ", "\u{ab}\u{a0}"), (" \u{bb}", "\u{a0}\u{bb}")];
    pairs.iter().fold(text.to_string(), |text, (from, to)| text.replace(from, to))
}
