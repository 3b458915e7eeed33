//! Levels, steps, exclusions and vetoes: all reached, none in the way of another; rules and sets that nothing uses.

use super::Checker;
use super::same::{implies, same};
use super::words::{repeated, suggestion};
use crate::event::Assertion;
use crate::phenotype::definition::{Expression, Index, Logic, Rule};
use crate::phenotype::plan::{Evidence, NodeKind};
use std::collections::BTreeSet;
use std::ops::Range;

/// Levels that are degrees of one thing; others may be classes, tried in any order.
const STRENGTHS: [&str; 5] = ["definite", "probable", "possible", "suspected", "certain"];

impl<'c> Checker<'c> {
    /// Rules named twice in one list, and what is asked and denied at once.
    pub(super) fn logic(&mut self) {
        let definition = self.definition;
        for rule in definition.rules.values() {
            let Rule { any, all, none, of, .. } = rule.get_ref();
            self.parts([any, all, none, of], &rule.span());
        }
        for (when, span) in self.conditions() {
            self.expression(when, &span);
        }
        for node in &self.plan.nodes {
            let NodeKind::All(asked, denied) = &node.kind else { continue };
            if asked.iter().any(|asked| denied.iter().any(|denied| implies(self.plan, *asked, *denied))) {
                let span = self.span_of(node.name);
                self.say(
                    span,
                    "what is asked is also denied, so this can never hold; correct `all` or `none`",
                );
            }
        }
    }

    fn span_of(&self, rule: Option<&str>) -> Range<usize> {
        let rule = rule.and_then(|name| self.definition.rules.get(name));
        rule.map_or_else(|| self.definition.id.span(), |rule| rule.span())
    }

    fn conditions(&self) -> Vec<(&'c Expression, Range<usize>)> {
        let steps = self.definition.steps.iter().map(|step| (&step.get_ref().when, step.span()));
        let excludes =
            self.definition.excludes.iter().map(|exclude| (&exclude.get_ref().when, exclude.span()));
        steps.chain(excludes).collect()
    }

    fn expression(&mut self, expression: &'c Expression, span: &Range<usize>) {
        if let Expression::Inline(logic) = expression {
            let Logic { any, all, none, of, .. } = logic.as_ref();
            self.parts([any, all, none, of], span);
        }
    }

    fn parts(&mut self, lists: [&'c Option<Vec<Expression>>; 4], span: &Range<usize>) {
        for list in lists.into_iter().flatten() {
            let names = list.iter().filter_map(|part| match part {
                Expression::Name(name) => Some(name.clone()),
                Expression::Inline(_) => None,
            });
            let names: Vec<String> = names.collect();
            for name in repeated(&names) {
                self.say(span.clone(), format!("rule {name:?} stands twice in one list; take one out"));
            }
            for part in list {
                self.expression(part, span);
            }
        }
    }

    pub(super) fn levels(&mut self) {
        let definition = self.definition;
        let (levels, top) = (&definition.levels, definition.id.span());
        for level in repeated(levels) {
            self.say(top.clone(), format!("level {level:?} is declared twice; take one out of `levels`"));
        }
        if levels.iter().any(|level| level == "none") {
            self.say(
                top.clone(),
                "level \"none\": that word says that a patient is no case; rename the level",
            );
        }
        if definition.steps.is_empty() {
            self.say(top, "no [[level]], so nobody can be a case; add one, with `name` and `when`");
            return;
        }
        for level in
            levels.iter().filter(|level| definition.steps.iter().all(|step| step.get_ref().name != **level))
        {
            self.say(
                top.clone(),
                format!("level {level:?} is never reached; add a [[level]] of that name, or declare `levels` without it"),
            );
        }
        for step in &definition.steps {
            self.declared(&step.get_ref().name, "[[level]]", step.span());
        }
    }

    fn declared(&mut self, level: &str, what: &str, span: Range<usize>) {
        if !self.definition.levels.iter().any(|known| known == level) {
            let levels = self.definition.levels.join(", ");
            let meant = suggestion(level, self.definition.levels.iter().map(String::as_str));
            self.say(
                span,
                format!("{what} names level {level:?}, which `levels` does not declare ({levels}){meant}"),
            );
        }
    }

    pub(super) fn removals(&mut self) {
        let definition = self.definition;
        let mut seen = BTreeSet::new();
        for exclude in &definition.excludes {
            let (span, exclude) = (exclude.span(), exclude.get_ref());
            self.once(&mut seen, &exclude.name, span.clone());
            for level in &exclude.levels {
                self.declared(level, "[[exclude]]", span.clone());
            }
            for level in repeated(&exclude.levels) {
                self.say(span.clone(), format!("levels has {level:?} twice; take one out"));
            }
        }
        for (veto, nodes) in definition.vetoes.iter().zip(&self.plan.vetoes) {
            self.once(&mut seen, &veto.get_ref().name, veto.span());
            self.veto(*nodes, veto.span());
        }
    }

    fn once(&mut self, seen: &mut BTreeSet<&'c str>, name: &'c str, span: Range<usize>) {
        if !seen.insert(name) {
            self.say(span, format!("two exclusions or vetoes are named {name:?}; rename one"));
        }
    }

    fn veto(&mut self, [when, after, unless]: [usize; 3], span: Range<usize>) {
        let present = Assertion::Present.as_str();
        let affirms = |evidence: &Evidence<'_>| {
            evidence.rule.assertion.as_ref().is_none_or(|list| list.iter().any(|word| word == present))
        };
        if self.evidence(when).is_some_and(affirms) {
            self.say(
                span.clone(),
                "the `when` of a veto asks for a finding that is present; a veto needs one ruled out: assertion = [\"absent\"]",
            );
        }
        if same(self.plan, when, unless) || same(self.plan, when, after) {
            self.say(
                span,
                "a veto whose `when` is also its `after` or `unless` undoes itself; name another rule",
            );
        }
    }

    fn evidence(&self, node: usize) -> Option<&'c Evidence<'c>> {
        match self.plan.nodes.get(node).map(|node| &node.kind) {
            Some(NodeKind::Evidence(evidence)) => Some(evidence),
            _ => None,
        }
    }

    /// A patient gets the first step that holds: one that an earlier step always precedes is never reached.
    pub(super) fn steps(&mut self) {
        let steps = &self.definition.steps;
        for (later, node) in self.plan.steps.iter().enumerate() {
            let before = self.plan.steps.iter().take(later).enumerate();
            let hidden = before
                .filter(|(earlier, wide)| {
                    implies(self.plan, *node, **wide) && !self.may_fall(*earlier, later)
                })
                .map(|(earlier, _)| steps[earlier].get_ref().name.clone());
            if let Some(level) = hidden.into_iter().next() {
                let message = format!(
                    "this step is never reached: an earlier one, {level:?}, holds whenever it does; drop it or narrow the earlier"
                );
                self.say(steps[later].span(), message);
            }
        }
        self.order();
    }

    /// Whether an exclusion can remove the earlier step and leave the later.
    fn may_fall(&self, earlier: usize, later: usize) -> bool {
        let name = |step: usize| &self.definition.steps[step].get_ref().name;
        let levels = self.definition.excludes.iter().map(|exclude| &exclude.get_ref().levels);
        levels
            .filter(|levels| !levels.is_empty())
            .any(|levels| levels.contains(name(earlier)) && !levels.contains(name(later)))
    }

    /// The first step that holds gives the level, so steps run from strong to weak; classes run as they are written.
    fn order(&mut self) {
        if !self.definition.levels.iter().all(|level| STRENGTHS.contains(&level.as_str())) {
            return;
        }
        let rank = |name: &str| self.definition.levels.iter().position(|level| level == name);
        let mut lowest: Option<usize> = None;
        let mut late = Vec::new();
        for step in &self.definition.steps {
            let Some(rank) = rank(&step.get_ref().name) else { continue };
            if lowest.is_some_and(|lowest| rank < lowest) {
                late.push((step.span(), step.get_ref().name.clone()));
            }
            lowest = Some(lowest.map_or(rank, |lowest| lowest.max(rank)));
        }
        for (span, name) in late {
            self.say(span, format!("level {name:?} stands after a weaker one, which hides it; put strong steps first, as in `levels`"));
        }
    }

    pub(super) fn unused(&mut self) {
        let used = self.used();
        for (number, node) in self.plan.nodes.iter().enumerate() {
            if let Some(name) = node.name.filter(|_| !used.contains(&number)) {
                let span = self.span_of(Some(name));
                self.say(
                    span,
                    format!(
                        "rule {name:?} is never used; name it in a [[level]], [[exclude]] or rule, or drop it"
                    ),
                );
            }
        }
        let sets: BTreeSet<&str> = self
            .plan
            .nodes
            .iter()
            .flat_map(|node| match &node.kind {
                NodeKind::Evidence(evidence) => evidence.sets.clone(),
                _ => Vec::new(),
            })
            .collect();
        let definition = self.definition;
        for (name, set) in definition.sets.iter().filter(|(name, _)| !sets.contains(name.as_str())) {
            self.say(set.span(), format!("set {name:?} is never used; name it in a rule, or drop it"));
        }
    }

    /// The nodes that something leans on.
    fn used(&self) -> BTreeSet<usize> {
        let plan = self.plan;
        let index = plan.index.filter(|_| matches!(self.definition.index, Index::Rule(_)));
        let mut used: BTreeSet<usize> =
            plan.steps.iter().chain(&plan.excludes).copied().chain(index).collect();
        used.extend(plan.vetoes.iter().flatten());
        for node in &plan.nodes {
            match &node.kind {
                NodeKind::Evidence(evidence) => {
                    used.extend(
                        [evidence.within, evidence.same_document, evidence.not_same_document]
                            .into_iter()
                            .flatten(),
                    );
                }
                NodeKind::Any(parts) | NodeKind::None(parts) | NodeKind::AtLeast(_, parts) => {
                    used.extend(parts)
                }
                NodeKind::All(asked, denied) => used.extend(asked.iter().chain(denied)),
                NodeKind::Person(_) => {}
            }
        }
        used
    }
}
