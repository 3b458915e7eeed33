//! What is wrong with a definition before it is run: names that mean nothing, rules that can never hold, parts not used.

mod cases;
mod codes;
mod rules;
mod same;
mod sets;
mod steps;
#[cfg(test)]
mod tests;
mod words;

use super::definition::Definition;
use super::plan::{Plan, Source};
use super::vocabulary::{Known, Vocabulary};
use crate::problem::Problem;
pub(super) use codes::Codes;
use std::ops::Range;

/// Every problem of a definition whose names are resolved, in the order of the file.
pub fn check(
    definition: &Definition,
    plan: &Plan<'_>,
    source: &Source<'_>,
    known: &Known,
    vocabulary: &Vocabulary,
) -> Vec<Problem> {
    let codes = Codes::shipped();
    let mut checker =
        Checker { definition, plan, source, known, vocabulary, codes: &codes, problems: Vec::new() };
    checker.names();
    checker.sets();
    for rule in definition.rules.values() {
        rules::RuleCheck { checker: &mut checker, rule: rule.get_ref(), span: rule.span() }.run();
    }
    checker.logic();
    checker.levels();
    checker.removals();
    checker.steps();
    checker.unused();
    checker.cases();
    let mut problems = checker.problems;
    problems.sort_by_key(|problem| problem.line);
    problems.dedup();
    problems
}

/// What the checks look at, and what they found.
struct Checker<'c> {
    definition: &'c Definition,
    plan: &'c Plan<'c>,
    source: &'c Source<'c>,
    known: &'c Known,
    vocabulary: &'c Vocabulary,
    codes: &'c Codes,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn say(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.problems.push(self.source.problem(span, message));
    }

    /// Where a quoted word stands, from the beginning of a table to the next one; the table itself if it does not.
    fn place(&self, span: &Range<usize>, word: &str) -> Range<usize> {
        let text = self.source.text.get(span.start..).unwrap_or_default();
        let table = text.get(1..).and_then(|rest| rest.find("\n[")).map_or(text.len(), |end| end + 1);
        let found = text.get(..table).and_then(|table| table.find(&format!("\"{word}\"")));
        found.map_or_else(|| span.clone(), |at| span.start + at..span.start + at + word.len())
    }
}
