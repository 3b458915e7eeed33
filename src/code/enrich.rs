//! Completes events that were coded elsewhere: label, codes and subgroups, from the lexicons.

use crate::event::{CodedEvent, Coding};
use crate::lexicon::{Concept, Lexicons};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// What the lexicons know of concepts and codes.
pub struct Enricher<'l> {
    lexicons: &'l Lexicons,
    concepts: FxHashMap<&'l str, &'l Concept>,
}

impl<'l> Enricher<'l> {
    /// An enricher with these lexicons.
    pub fn new(lexicons: &'l Lexicons) -> Self {
        let concepts = &lexicons.concepts.concepts;
        Self { lexicons, concepts: concepts.iter().map(|concept| (concept.id.as_str(), concept)).collect() }
    }

    /// Gives an event what it lacks. A known concept gives label, codes and subgroups where the event has none; codes
    /// give subgroups to the others, since a lexicon knows better than a code which anomaly is minor. Subgroups are
    /// closed over their parents. Doing it twice changes nothing.
    pub fn enrich(&self, event: &mut CodedEvent) {
        let concept = self.concepts.get(event.concept.as_str());
        if let Some(concept) = concept {
            complete(event, concept);
        }
        if event.label.is_empty() {
            event.label.clone_from(&event.concept);
        }
        let mut reached: BTreeSet<String> = event.subgroups.drain(..).collect();
        let codings = event.codings.iter().filter(|_| concept.is_none());
        let codings = codings.map(|coding| (coding.system.as_str(), coding.code.as_str()));
        self.lexicons.close_subgroups(codings, &mut reached);
        event.subgroups = reached.into_iter().collect();
    }
}

fn complete(event: &mut CodedEvent, concept: &Concept) {
    if event.label.is_empty() {
        event.label.clone_from(&concept.label);
    }
    if event.codings.is_empty() {
        let coding =
            |(system, code): &(String, String)| Coding { system: system.clone(), code: code.clone() };
        event.codings = concept.codings.iter().map(coding).collect();
    }
    if event.subgroups.is_empty() {
        event.subgroups.clone_from(&concept.subgroups);
    }
}
