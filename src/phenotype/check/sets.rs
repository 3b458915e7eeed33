//! Names of a definition, and its sets: codes, subgroups and concepts that exist, and something left of each.

use super::Checker;
use super::codes::covers;
use super::words::{is_level, is_name, repeated, suggestion};
use crate::phenotype::definition::Set;
use std::collections::BTreeSet;
use std::ops::Range;

/// Words that a window understands by itself.
const LANDMARKS: [&str; 3] = ["birth", "conception", "index"];

impl<'c> Checker<'c> {
    pub(super) fn names(&mut self) {
        let definition = self.definition;
        let at = definition.id.span();
        self.name("id", definition.id.get_ref(), at.clone());
        for (name, set) in &definition.sets {
            self.name("set", name, set.span());
        }
        for (name, rule) in &definition.rules {
            self.name("rule", name, rule.span());
            if LANDMARKS.contains(&name.as_str()) {
                self.say(rule.span(), format!("rule {name:?} has the name of a landmark; give it another"));
            }
        }
        for level in &definition.levels {
            if !is_level(level) {
                let allowed = "letters, digits, _ and /";
                self.say(
                    at.clone(),
                    format!("level {level:?} has other characters than {allowed}; rename it"),
                );
            }
        }
        for exclude in &definition.excludes {
            self.name("exclude", &exclude.get_ref().name, exclude.span());
        }
        for veto in &definition.vetoes {
            self.name("veto", &veto.get_ref().name, veto.span());
        }
    }

    fn name(&mut self, what: &str, name: &str, at: Range<usize>) {
        if !is_name(name) {
            let allowed = "small letters, digits, _ and /, as in eurocat/vsd";
            self.say(at, format!("{what} {name:?} has other characters than {allowed}; rename it"));
        }
    }

    pub(super) fn sets(&mut self) {
        let definition = self.definition;
        for (name, set) in &definition.sets {
            let (set, span) = (set.get_ref(), set.span());
            self.set_words(set, &span);
            self.emptied(name, set, span);
        }
    }

    fn set_words(&mut self, set: &'c Set, span: &Range<usize>) {
        let lists = [
            ("codes", &set.codes),
            ("not_codes", &set.not_codes),
            ("subgroups", &set.subgroups),
            ("not_subgroups", &set.not_subgroups),
            ("concepts", &set.concepts),
            ("not_concepts", &set.not_concepts),
        ];
        for (key, list) in lists {
            for word in repeated(list) {
                let at = self.place(span, word);
                self.say(at, format!("{key} has {word:?} twice; take one out"));
            }
        }
        for code in set.codes.iter().chain(&set.not_codes) {
            if let Some(fault) = self.codes.fault(code) {
                let at = self.place(span, code);
                self.say(at, fault);
            }
        }
        self.terms(
            set.subgroups.iter().chain(&set.not_subgroups),
            set.concepts.iter().chain(&set.not_concepts),
            span,
        );
    }

    /// Subgroups and concepts that no lexicon has.
    pub(super) fn terms<'w>(
        &mut self,
        subgroups: impl Iterator<Item = &'w String>,
        concepts: impl Iterator<Item = &'w String>,
        span: &Range<usize>,
    ) {
        let known = self.known;
        for name in subgroups {
            self.term("subgroup", name, &known.subgroups, span);
        }
        for name in concepts {
            let root = name.strip_suffix(".*");
            let under = root.map(|root| format!("{root}."));
            let first = under.as_ref().and_then(|under| known.concepts.range(under.clone()..).next());
            let holds = first.zip(under.as_ref()).is_some_and(|(first, under)| first.starts_with(under));
            if !holds {
                self.term("concept", root.unwrap_or(name), &known.concepts, span);
            }
        }
    }

    fn term(&mut self, what: &str, name: &str, known: &BTreeSet<String>, span: &Range<usize>) {
        if known.is_empty() || known.contains(name) {
            return;
        }
        let meant = suggestion(name, known.iter().map(String::as_str));
        let remedy = if meant.is_empty() { "; correct it, or add it to a lexicon" } else { meant.as_str() };
        let at = self.place(span, name);
        self.say(at, format!("no {what} {name:?} in the lexicons{remedy}"));
    }

    fn emptied(&mut self, name: &str, set: &Set, span: Range<usize>) {
        if set.codes.is_empty() && set.subgroups.is_empty() && set.concepts.is_empty() {
            self.say(span, format!("set {name:?} holds nothing; give it codes, subgroups or concepts"));
            return;
        }
        let by_code = |code: &String| set.not_codes.iter().any(|not| covers(not, code));
        let by_concept = |concept: &String| set.not_concepts.iter().any(|not| concept_covers(not, concept));
        let no_code = set.codes.iter().all(by_code);
        let no_subgroup = set.subgroups.iter().all(|subgroup| set.not_subgroups.contains(subgroup));
        let no_term = no_subgroup && set.concepts.iter().all(by_concept);
        // Codes taken out of a set of terms say that no code is enough: the text decides.
        let termed = !(set.subgroups.is_empty() && set.concepts.is_empty());
        if (termed && no_term) || (!termed && no_code) {
            self.say(
                span,
                format!("set {name:?}: all it holds is taken out again; narrow what is taken out"),
            );
        }
    }
}

fn concept_covers(wider: &str, concept: &str) -> bool {
    let bare = concept.strip_suffix(".*").unwrap_or(concept);
    match wider.strip_suffix(".*") {
        None => wider == concept,
        Some(root) => bare == root || bare.strip_prefix(root).is_some_and(|rest| rest.starts_with('.')),
    }
}
