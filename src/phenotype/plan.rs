//! A definition with every name resolved: rules in an order where each stands after those it needs.

use super::definition::{Definition, Expression, Index, Landmark, Logic, Rule, Step, Within};
use crate::problem::Problem;
use rustc_hash::FxHashMap;
use std::ops::Range;
use toml::Spanned;

/// More rules than any reader follows; also what keeps a statement within the limits of the databases.
const MOST_NODES: usize = 500;

/// Deeper nesting than anybody can read aloud.
const DEEPEST: usize = 32;

/// Rules of evidence that lean on one another in a row (`within`, `same_document`): the databases copy what is leaned on.
const LONGEST_CHAIN: usize = 5;

/// Words in the lists of one definition; each is a value bound to the statement.
const MOST_WORDS: usize = 8000;

/// A definition ready to be compiled. Numbers are places in `nodes`.
#[derive(Clone, Debug)]
pub struct Plan<'d> {
    /// Rules and what is put together of them; each stands after those it needs.
    pub nodes: Vec<Node<'d>>,
    /// The condition of each step, in order.
    pub steps: Vec<usize>,
    /// The condition of each exclusion.
    pub excludes: Vec<usize>,
    /// Exclusion, suspicion and what keeps the case, of each veto.
    pub vetoes: Vec<[usize; 3]>,
    /// The rule that gives the index date, if one does.
    pub index: Option<usize>,
}

/// One rule of a plan.
#[derive(Clone, Debug)]
pub struct Node<'d> {
    /// Its name; `None` for rules put together on the spot.
    pub name: Option<&'d str>,
    /// What it asks.
    pub kind: NodeKind<'d>,
}

/// What a rule asks.
#[derive(Clone, Debug)]
pub enum NodeKind<'d> {
    /// Events of sets.
    Evidence(Evidence<'d>),
    /// Facts of the person.
    Person(&'d Rule),
    /// One of these.
    Any(Vec<usize>),
    /// All of the first, none of the second.
    All(Vec<usize>, Vec<usize>),
    /// None of these: only inside an `all`.
    None(Vec<usize>),
    /// So many of these.
    AtLeast(u32, Vec<usize>),
}

/// A rule of evidence with the rules it leans on.
#[derive(Clone, Debug)]
pub struct Evidence<'d> {
    /// As written.
    pub rule: &'d Rule,
    /// Names of its sets.
    pub sets: Vec<&'d str>,
    /// The rule its window starts from.
    pub within: Option<usize>,
    /// The rule whose documents it keeps to.
    pub same_document: Option<usize>,
    /// The rule whose documents it avoids.
    pub not_same_document: Option<usize>,
}

impl Evidence<'_> {
    /// The rules whose events it looks at.
    pub(super) fn leans_on(&self) -> impl Iterator<Item = usize> {
        [self.within, self.same_document, self.not_same_document].into_iter().flatten()
    }
}

impl<'d> Plan<'d> {
    /// Resolves every name of a definition.
    ///
    /// # Errors
    /// Every name that means nothing, every cycle, every rule that affirms nothing, with file and line.
    pub fn of(definition: &'d Definition, source: &Source<'_>) -> Result<Self, Vec<Problem>> {
        let mut builder = Builder {
            definition,
            source,
            nodes: Vec::new(),
            heights: Vec::new(),
            named: FxHashMap::default(),
            problems: Vec::new(),
        };
        let plan = builder.build();
        match plan {
            Some(plan) if builder.problems.is_empty() => Ok(plan),
            _ => Err(builder.problems),
        }
    }

    /// The rules of evidence under a node that speak for it: those under a `none` do not.
    pub fn affirming(&self, node: usize) -> Vec<usize> {
        let mut found = Vec::new();
        self.collect(node, &mut found);
        found.sort_unstable();
        found.dedup();
        found
    }

    fn collect(&self, node: usize, found: &mut Vec<usize>) {
        match &self.nodes[node].kind {
            NodeKind::Evidence(_) => found.push(node),
            NodeKind::Any(children) | NodeKind::AtLeast(_, children) | NodeKind::All(children, _) => {
                children.iter().for_each(|child| self.collect(*child, found));
            }
            NodeKind::Person(_) | NodeKind::None(_) => {}
        }
    }
}

/// Where a definition was read: for lines in messages.
#[derive(Clone, Copy, Debug)]
pub struct Source<'s> {
    /// File, for messages.
    pub file: &'s str,
    /// Its text.
    pub text: &'s str,
}

impl Source<'_> {
    /// A problem at a place of the text.
    pub fn problem(&self, at: Range<usize>, message: impl Into<String>) -> Problem {
        let before = self.text.as_bytes().get(..at.start).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        Problem::at(self.file, line, message)
    }
}

/// A name being resolved, or resolved.
#[derive(Clone, Copy)]
enum Named {
    Open,
    Done(Option<usize>),
}

struct Builder<'d, 's> {
    definition: &'d Definition,
    source: &'s Source<'s>,
    nodes: Vec<Node<'d>>,
    heights: Vec<(usize, usize)>,
    named: FxHashMap<&'d str, Named>,
    problems: Vec<Problem>,
}

impl<'d> Builder<'d, '_> {
    fn build(&mut self) -> Option<Plan<'d>> {
        let definition = self.definition;
        if definition.rules.len() > MOST_NODES {
            self.complain(
                definition.id.span(),
                format!("more than {MOST_NODES} rules; split the definition"),
            );
            return None;
        }
        self.sizes()?;
        for (name, rule) in in_order(&definition.rules) {
            self.named(name, rule.span(), 0);
        }
        let steps = self.conditions(&definition.steps, |step: &'d Step| &step.when);
        let excludes = self.conditions(&definition.excludes, |exclude| &exclude.when);
        let vetoes = definition.vetoes.iter().map(|veto| {
            let span = veto.span();
            let veto = veto.get_ref();
            let parts = [&veto.when, &veto.after, &veto.unless];
            let [when, after, unless] = parts.map(|name| self.evidence(name, span.clone()));
            Some([when?, after?, unless?])
        });
        let vetoes: Vec<_> = vetoes.collect();
        let index = match &definition.index {
            Index::Rule(index) => Some(self.evidence(&index.rule, definition.id.span())?),
            _ => None,
        };
        Some(Plan {
            nodes: std::mem::take(&mut self.nodes),
            steps: steps.into_iter().collect::<Option<_>>()?,
            excludes: excludes.into_iter().collect::<Option<_>>()?,
            vetoes: vetoes.into_iter().collect::<Option<_>>()?,
            index,
        })
    }

    /// Lists that no statement holds.
    fn sizes(&mut self) -> Option<()> {
        let definition = self.definition;
        let sets = definition.sets.values().map(|set| (set.span(), set.get_ref().words()));
        let rules = definition.rules.values().map(|rule| (rule.span(), rule.get_ref().words()));
        let mut words = 0;
        for (span, own) in sets.chain(rules) {
            words += own;
            if words > MOST_WORDS {
                let remedy = "name a range, a subgroup, or what they share";
                self.complain(
                    span,
                    format!("more than {MOST_WORDS} words in the lists of a definition; {remedy}"),
                );
                return None;
            }
        }
        Some(())
    }

    fn conditions<T>(
        &mut self,
        list: &'d [Spanned<T>],
        when: fn(&'d T) -> &'d Expression,
    ) -> Vec<Option<usize>> {
        let resolve = |entry: &'d Spanned<T>| {
            let node = self.expression(when(entry.get_ref()), entry.span(), 0)?;
            self.affirms(node, entry.span()).then_some(node)
        };
        list.iter().map(resolve).collect()
    }

    /// A rule that only denies holds for everyone there is.
    fn affirms(&mut self, node: usize, span: Range<usize>) -> bool {
        let affirms = !matches!(self.nodes[node].kind, NodeKind::None(_));
        if !affirms {
            self.complain(span, "a rule that only denies holds for everyone; put `none` in an `all`, beside a rule that affirms");
        }
        affirms
    }

    fn complain(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.problems.push(self.source.problem(span, message));
    }

    fn named(&mut self, name: &'d str, span: Range<usize>, depth: usize) -> Option<usize> {
        match self.named.get(name) {
            Some(Named::Done(node)) => return *node,
            Some(Named::Open) => {
                self.complain(span, format!("rule {name:?} needs itself; break the circle"));
                return None;
            }
            None => {}
        }
        let Some((name, rule)) = self.definition.rules.get_key_value(name) else {
            self.complain(span, format!("no rule {name:?}; write [rules.{name}], or correct the name"));
            return None;
        };
        self.named.insert(name, Named::Open);
        let node = self.rule(name, rule, depth);
        self.named.insert(name, Named::Done(node));
        node
    }

    fn rule(&mut self, name: &'d str, rule: &'d Spanned<Rule>, depth: usize) -> Option<usize> {
        let (span, rule) = (rule.span(), rule.get_ref());
        let logic = rule.any.is_some() || rule.all.is_some() || rule.none.is_some() || rule.of.is_some();
        let person = rule.person.is_some() || rule.followed.is_some();
        let kind = match (rule.set.is_some(), person, logic) {
            (true, false, false) => self.evidence_rule(rule, span, depth)?,
            (false, true, false) => NodeKind::Person(rule),
            (false, false, true) => self.logic(parts_of_rule(rule), span, depth)?,
            _ => {
                self.complain(span, "a rule looks for a `set`, or at a `person` or how long one is `followed`, or puts rules together (any, all, none, at_least with of): one of these");
                return None;
            }
        };
        self.push(Some(name), kind)
    }

    fn push(&mut self, name: Option<&'d str>, kind: NodeKind<'d>) -> Option<usize> {
        if self.nodes.len() >= MOST_NODES {
            let span = self.definition.id.span();
            if self.problems.is_empty() {
                self.complain(
                    span,
                    format!("more than {MOST_NODES} rules and parts of rules; split the definition"),
                );
            }
            return None;
        }
        let (height, chain) = self.height(&kind);
        for (found, most, what) in [(height, DEEPEST, "nested"), (chain, LONGEST_CHAIN, "leaning on others")]
        {
            if found > most {
                let span = name.and_then(|name| self.definition.rules.get(name)).map(Spanned::span);
                let span = span.unwrap_or_else(|| self.definition.id.span());
                self.complain(span, format!("rules {what} more than {most} deep; put fewer together"));
                return None;
            }
        }
        self.nodes.push(Node { name, kind });
        self.heights.push((height, chain));
        Some(self.nodes.len() - 1)
    }

    /// How deep a rule nests, whatever the order of the file, and how many rules of evidence lean on one another under it.
    fn height(&self, kind: &NodeKind<'_>) -> (usize, usize) {
        let above = |parts: &mut dyn Iterator<Item = usize>| {
            parts
                .filter_map(|part| self.heights.get(part))
                .map(|(height, _)| height + 1)
                .max()
                .unwrap_or_default()
        };
        match kind {
            NodeKind::Evidence(evidence) => {
                let under = evidence.leans_on().filter_map(|part| self.heights.get(part));
                (0, under.map(|(_, chain)| chain + 1).max().unwrap_or_default())
            }
            NodeKind::Person(_) => (0, 0),
            NodeKind::Any(parts) | NodeKind::None(parts) | NodeKind::AtLeast(_, parts) => {
                (above(&mut parts.iter().copied()), 0)
            }
            NodeKind::All(asked, denied) => (above(&mut asked.iter().chain(denied).copied()), 0),
        }
    }

    fn evidence_rule(&mut self, rule: &'d Rule, span: Range<usize>, depth: usize) -> Option<NodeKind<'d>> {
        let sets: Vec<&str> = rule.set.as_ref()?.as_slice().iter().map(String::as_str).collect();
        for set in sets.iter().filter(|set| !self.definition.sets.contains_key(**set)) {
            self.problems.push(
                self.source.problem(
                    span.clone(),
                    format!("no set {set:?}; write [sets.{set}], or correct the name"),
                ),
            );
        }
        let mut other = |name: &'d Option<String>| {
            name.as_deref().map(|name| self.evidence_at(name, span.clone(), depth + 1))
        };
        let same_document = flip(other(&rule.same_document))?;
        let not_same_document = flip(other(&rule.not_same_document))?;
        let within = self.within(rule.within.as_ref(), span, depth)?;
        Some(NodeKind::Evidence(Evidence { rule, sets, within, same_document, not_same_document }))
    }

    fn within(
        &mut self,
        within: Option<&'d Within>,
        span: Range<usize>,
        depth: usize,
    ) -> Option<Option<usize>> {
        let Some(within) = within else { return Some(None) };
        match (within.of.as_str(), &self.definition.index) {
            ("birth" | "conception", _) => Some(None),
            ("index", Index::Of(Landmark::Birth | Landmark::Conception)) => Some(None),
            ("index", Index::Rule(index)) => self.evidence_at(&index.rule, span, depth + 1).map(Some),
            ("index", _) => {
                self.complain(span, "a window around the index needs an index that the window cannot move: `birth`, `conception` or { rule = … }");
                None
            }
            (name, _) => self.evidence_at(name, span, depth + 1).map(Some),
        }
    }

    fn evidence(&mut self, name: &'d str, span: Range<usize>) -> Option<usize> {
        self.evidence_at(name, span, 0)
    }

    fn evidence_at(&mut self, name: &'d str, span: Range<usize>, depth: usize) -> Option<usize> {
        let node = self.named_at(name, span.clone(), depth)?;
        if matches!(self.nodes[node].kind, NodeKind::Evidence(_)) {
            return Some(node);
        }
        self.complain(span, format!("rule {name:?} has no events of its own; name a rule with a `set`"));
        None
    }

    fn named_at(&mut self, name: &'d str, span: Range<usize>, depth: usize) -> Option<usize> {
        if depth > DEEPEST {
            self.complain(
                span,
                format!("rules nested more than {DEEPEST} deep; give parts a name and put fewer together"),
            );
            return None;
        }
        self.named(name, span, depth)
    }

    fn expression(&mut self, expression: &'d Expression, span: Range<usize>, depth: usize) -> Option<usize> {
        match expression {
            Expression::Name(name) => self.named_at(name, span, depth + 1),
            Expression::Inline(logic) => {
                let kind = self.logic(parts_of_logic(logic), span, depth + 1)?;
                self.push(None, kind)
            }
        }
    }

    fn logic(&mut self, parts: Parts<'d>, span: Range<usize>, depth: usize) -> Option<NodeKind<'d>> {
        if depth > DEEPEST {
            self.complain(
                span,
                format!("rules nested more than {DEEPEST} deep; give parts a name and put fewer together"),
            );
            return None;
        }
        match parts {
            (Some(any), None, None, None, None) => Some(NodeKind::Any(self.affirming(any, span, depth)?)),
            (None, Some(all), none, None, None) => self.all(all, none, span, depth),
            (None, None, Some(none), None, None) => Some(NodeKind::None(self.affirming(none, span, depth)?)),
            (None, None, None, Some(least), Some(of)) => {
                if least == 0 || least as usize > of.len() {
                    self.complain(
                        span,
                        format!("at_least = {least} of {} rules: between 1 and their number", of.len()),
                    );
                    return None;
                }
                Some(NodeKind::AtLeast(least, self.affirming(of, span, depth)?))
            }
            _ => {
                self.complain(span, "one of: any = [..]; all = [..], with none = [..] if need be; none = [..]; at_least = N with of = [..]");
                None
            }
        }
    }

    fn all(
        &mut self,
        all: &'d [Expression],
        none: Option<&'d [Expression]>,
        span: Range<usize>,
        depth: usize,
    ) -> Option<NodeKind<'d>> {
        let children = self.children(all, span.clone(), depth)?;
        let mut denied = match none {
            Some(none) => self.affirming(none, span.clone(), depth)?,
            None => Vec::new(),
        };
        let mut affirmed = Vec::new();
        for child in children {
            match &self.nodes[child].kind {
                NodeKind::None(parts) => denied.extend(parts),
                _ => affirmed.push(child),
            }
        }
        if affirmed.is_empty() {
            self.complain(span, "an `all` that only denies holds for everyone; add a rule that affirms");
            return None;
        }
        Some(NodeKind::All(affirmed, denied))
    }

    fn affirming(&mut self, list: &'d [Expression], span: Range<usize>, depth: usize) -> Option<Vec<usize>> {
        let children = self.children(list, span.clone(), depth)?;
        children.iter().all(|child| self.affirms(*child, span.clone())).then_some(children)
    }

    fn children(&mut self, list: &'d [Expression], span: Range<usize>, depth: usize) -> Option<Vec<usize>> {
        if list.is_empty() {
            self.complain(span, "an empty list of rules; name one at least");
            return None;
        }
        list.iter().map(|child| self.expression(child, span.clone(), depth)).collect()
    }
}

/// any, all, none, at_least, of.
type Parts<'d> = (
    Option<&'d [Expression]>,
    Option<&'d [Expression]>,
    Option<&'d [Expression]>,
    Option<u32>,
    Option<&'d [Expression]>,
);

fn parts_of_rule(rule: &Rule) -> Parts<'_> {
    (rule.any.as_deref(), rule.all.as_deref(), rule.none.as_deref(), rule.at_least, rule.of.as_deref())
}

fn parts_of_logic(logic: &Logic) -> Parts<'_> {
    (logic.any.as_deref(), logic.all.as_deref(), logic.none.as_deref(), logic.at_least, logic.of.as_deref())
}

/// Nothing asked is fine; something asked and not found is not.
fn flip<T>(found: Option<Option<T>>) -> Option<Option<T>> {
    match found {
        None => Some(None),
        Some(inner) => inner.map(Some),
    }
}

/// The rules as the file has them.
pub(super) fn in_order<T>(map: &std::collections::BTreeMap<String, Spanned<T>>) -> Vec<(&str, &Spanned<T>)> {
    let mut list: Vec<(&str, &Spanned<T>)> = map.iter().map(|(name, value)| (name.as_str(), value)).collect();
    list.sort_by_key(|(_, value)| value.span().start);
    list
}
