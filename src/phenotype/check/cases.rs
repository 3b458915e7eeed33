//! Vignettes: verdicts that exist, dates that are dates, persons and reports that fit together.

use super::Checker;
use super::rules::{OUTCOMES, POSITIONS, SEXES};
use super::words::{day, suggestion};
use crate::event::{Assertion, Experiencer, Laterality, Temporality};
use crate::phenotype::definition::{Vignette, VignetteEvent, VignettePerson};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The patient of a vignette, unless it says another name.
const PATIENT: &str = "P";

impl<'c> Checker<'c> {
    pub(super) fn cases(&mut self) {
        let definition = self.definition;
        if definition.cases.is_empty() {
            let remedy = "add one that is a case and one that is not: name, expect, events";
            self.say(
                definition.id.span(),
                format!("no [[case]], so nothing shows that the definition works; {remedy}"),
            );
        }
        let mut seen = BTreeSet::new();
        for case in &definition.cases {
            let (span, case) = (case.span(), case.get_ref());
            if !seen.insert(case.name.as_str()) {
                self.say(span.clone(), format!("two cases are named {:?}; rename one", case.name));
            }
            self.verdict(case, &span);
            self.persons(case, &span);
            for event in &case.events {
                self.event(event, &span);
            }
            self.documents(case, &span);
        }
    }

    fn verdict(&mut self, case: &'c Vignette, span: &Range<usize>) {
        let levels = &self.definition.levels;
        if case.expect != "none" && !levels.contains(&case.expect) {
            let meant = suggestion(&case.expect, levels.iter().map(String::as_str));
            let levels = levels.join(", ");
            self.say(
                span.clone(),
                format!("expect is {:?}; expected none or one of {levels}{meant}", case.expect),
            );
        }
        self.date("index", case.index.as_ref(), span);
        if case.expect == "none" && case.index.is_some() {
            self.say(span.clone(), "expect is none and index is given: nobody, on no day; drop `index`");
        }
        let definition = self.definition;
        let removals = definition.excludes.iter().map(|exclude| &exclude.get_ref().name);
        let removals = removals.chain(definition.vetoes.iter().map(|veto| &veto.get_ref().name));
        let names: Vec<&str> = definition.rules.keys().chain(removals).map(String::as_str).collect();
        if let Some(failed) = case.failed.as_ref().filter(|failed| !names.contains(&failed.as_str())) {
            let meant = suggestion(failed, names);
            self.say(
                span.clone(),
                format!("failed is {failed:?}, which is no rule, exclusion or veto{meant}"),
            );
        }
    }

    fn date(&mut self, key: &str, text: Option<&String>, span: &Range<usize>) {
        if let Some(text) = text.filter(|text| day(text).is_none()) {
            let at = self.place(span, text);
            self.say(at, format!("{key} is {text:?}, which is no date; write it as 2024-01-31"));
        }
    }

    fn word(&mut self, key: &str, word: Option<&String>, known: &[&str], span: &Range<usize>) {
        if let Some(word) = word.filter(|word| !known.is_empty() && !known.contains(&word.as_str())) {
            let at = self.place(span, word);
            self.say(at, format!("{key} is {word:?}; expected one of {}", known.join(", ")));
        }
    }

    fn persons(&mut self, case: &'c Vignette, span: &Range<usize>) {
        let mut ids = BTreeSet::new();
        for person in case.person.iter().chain(&case.persons) {
            self.person_words(person, span);
            let id = person.patient_id.as_deref().unwrap_or(PATIENT);
            if !ids.insert(id) {
                self.say(span.clone(), format!("two persons are {id:?}; give each its patient_id"));
            }
            if person.mother_id.as_deref() == Some(id) {
                self.say(span.clone(), format!("person {id:?} is their own mother; correct mother_id"));
            }
        }
        let patient = case.person.as_ref().and_then(|person| person.patient_id.as_deref()).unwrap_or(PATIENT);
        let mothers =
            case.person.iter().chain(&case.persons).filter_map(|person| person.mother_id.as_deref());
        ids.extend(mothers.chain([patient]));
        for name in case.events.iter().filter_map(|event| event.patient.as_deref()) {
            if !ids.contains(name) {
                let known = ids.iter().copied().collect::<Vec<_>>().join(", ");
                self.say(span.clone(), format!("an event is of patient {name:?}, and this case has {known}; correct the name, or add the person"));
            }
        }
    }

    fn person_words(&mut self, person: &'c VignettePerson, span: &Range<usize>) {
        self.date("birth_date", person.birth_date.as_ref(), span);
        self.date("conception_date", person.conception_date.as_ref(), span);
        self.word("outcome", person.outcome.as_ref(), &OUTCOMES, span);
        self.word("sex", person.sex.as_ref(), &SEXES, span);
    }

    fn event(&mut self, event: &'c VignetteEvent, span: &Range<usize>) {
        if event.codes.is_empty() && event.subgroups.is_empty() && event.concept.is_none() {
            self.say(span.clone(), "an event says nothing; give it codes, subgroups or a concept");
        }
        for code in &event.codes {
            if let Some(fault) = self.codes.fault(code) {
                let at = self.place(span, code);
                self.say(at, fault);
            } else if code
                .split_once(':')
                .is_some_and(|(system, code)| system == "CIM-10" && code.contains('-'))
            {
                self.say(
                    span.clone(),
                    format!("an event has the range {code:?}; an event has one code, give it"),
                );
            }
        }
        self.terms(event.subgroups.iter(), event.concept.iter(), span);
        self.date("date", event.date.as_ref(), span);
        self.date("event_date", event.event_date.as_ref(), span);
        self.event_words(event, span);
        self.event_kind(event, span);
    }

    fn event_words(&mut self, event: &'c VignetteEvent, span: &Range<usize>) {
        let (vocabulary, known) = (self.vocabulary, self.known);
        let types: Vec<&str> = vocabulary.document_types.iter().map(String::as_str).collect();
        let sections: Vec<&str> = known.sections.iter().map(String::as_str).collect();
        let spelled =
            |word: &dyn Fn(usize) -> Option<&'static str>| (0..).map_while(word).collect::<Vec<_>>();
        let assertions = spelled(&|n| Assertion::ALL.get(n).map(|word| word.as_str()));
        let experiencers = spelled(&|n| Experiencer::ALL.get(n).map(|word| word.as_str()));
        let temporalities = spelled(&|n| Temporality::ALL.get(n).map(|word| word.as_str()));
        let sides = spelled(&|n| Laterality::ALL.get(n).map(|word| word.as_str()));
        let words = [
            ("type", &event.document_type, types),
            ("section", &event.section, sections),
            ("assertion", &event.assertion, assertions),
            ("experiencer", &event.experiencer, experiencers),
            ("temporality", &event.temporality, temporalities),
            ("laterality", &event.laterality, sides),
            ("position", &event.position, POSITIONS.to_vec()),
        ];
        for (key, word, known) in words {
            self.word(key, word.as_ref(), &known, span);
        }
        if event.certainty.is_some_and(|certainty| !(0.0..=1.0).contains(&certainty)) {
            self.say(span.clone(), "certainty is outside 0 to 1; correct the number");
        }
    }

    /// What only a report has, and what only a code has.
    fn event_kind(&mut self, event: &'c VignetteEvent, span: &Range<usize>) {
        let of_reports = [("type", event.document_type.is_some()), ("section", event.section.is_some())];
        for (key, _) in of_reports.iter().filter(|(_, given)| event.document.is_none() && *given) {
            self.say(
                span.clone(),
                format!("an event has a {key} and no document, so it is a code; add document = \"…\""),
            );
        }
        if event.document.is_some() && event.position.is_some() {
            self.say(
                span.clone(),
                "an event read in a document has a position, which only codes have; drop one",
            );
        }
    }

    /// Events of one document agree on what the document is.
    fn documents(&mut self, case: &'c Vignette, span: &Range<usize>) {
        let mut first: BTreeMap<&str, [Option<&String>; 3]> = BTreeMap::new();
        for event in &case.events {
            let Some(document) = event.document.as_deref() else { continue };
            let facts = [&event.document_type, &event.date, &event.patient].map(Option::as_ref);
            let known = first.entry(document).or_insert(facts);
            let apart = known.iter().zip(&facts).any(|(a, b)| matches!((a, b), (Some(a), Some(b)) if a != b));
            if apart {
                self.say(span.clone(), format!("two events of document {document:?} differ in type, date or patient; give the second another document"));
            }
        }
    }
}
