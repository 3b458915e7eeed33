//! Each mechanism of the reading of context does something: a text that is read differently when it is left out.

use laennec::context::Mechanism;
use laennec::document::Document;
use laennec::lexicon::{Lexicons, shipped};
use laennec::pipeline::Engine;
use laennec::span::Span;

use crate::support::engine;

/// A text with a marked span, in a report of this type, that a mechanism decides.
struct Probe {
    mechanism: Mechanism,
    kind: &'static str,
    text: &'static str,
    /// What the full engine reads: assertion, experiencer, temporality, conclusion.
    full: &'static str,
    without: &'static str,
}

const PROBES: &[Probe] = &[
    Probe {
        mechanism: Mechanism::Clauses,
        kind: "CRH",
        text: "Pas de fièvre ; [[fente palatine]].",
        full: "present patient current present",
        without: "absent patient current absent",
    },
    Probe {
        mechanism: Mechanism::Lists,
        kind: "CRH",
        text: "Pas de fièvre, toux grasse, présence d'une [[fente palatine]].",
        full: "present patient current present",
        without: "absent patient current absent",
    },
    Probe {
        mechanism: Mechanism::Backward,
        kind: "CRH",
        text: "[[Fente palatine]] éliminée.",
        full: "absent patient current absent",
        without: "present patient current present",
    },
    Probe {
        mechanism: Mechanism::Lookalikes,
        kind: "CRH",
        text: "Suivi pas à pas de la [[toux]].",
        full: "present patient current present",
        without: "absent patient current absent",
    },
    Probe {
        mechanism: Mechanism::Stops,
        kind: "CRH",
        text: "Pas de fièvre mais [[toux]].",
        full: "present patient current present",
        without: "absent patient current absent",
    },
    Probe {
        mechanism: Mechanism::NegatedVerbs,
        kind: "CRH",
        text: "Le patient ne [[fume]] pas.",
        full: "absent patient current absent",
        without: "present patient current present",
    },
    Probe {
        mechanism: Mechanism::Headers,
        kind: "CRH",
        text: "Absence de :\n- fièvre\n- [[toux]]",
        full: "absent patient current absent",
        without: "present patient current present",
    },
    Probe {
        mechanism: Mechanism::Sections,
        kind: "CRH",
        text: "ANTÉCÉDENTS FAMILIAUX\n[[Spina bifida]].",
        full: "present family current present",
        without: "present patient current present",
    },
    Probe {
        mechanism: Mechanism::Reports,
        kind: "CR-echo-foetale",
        text: "[[Omphalocèle]].",
        full: "present fetus current present",
        without: "present patient current present",
    },
    Probe {
        mechanism: Mechanism::Dates,
        kind: "CRH",
        text: "[[Appendicite]] en 2010.",
        full: "present patient past present",
        without: "present patient current present",
    },
    Probe {
        mechanism: Mechanism::Natures,
        kind: "CRH",
        text: "Antécédents : [[fente palatine]].",
        full: "present patient current present",
        without: "present patient past present",
    },
    Probe {
        mechanism: Mechanism::Tests,
        kind: "CRH",
        text: "[[Sérologie]] négative.",
        full: "present patient current present",
        without: "absent patient current absent",
    },
    Probe {
        mechanism: Mechanism::Conclusions,
        kind: "CRH",
        text: "Suspicion de [[toux]]. L'hypothèse a été écartée.",
        full: "possible patient current absent",
        without: "possible patient current possible",
    },
];

fn reading(engine: &Engine, probe: &Probe) -> String {
    let (start, end) = (probe.text.find("[[").unwrap(), probe.text.find("]]").unwrap() - 2);
    let document = Document {
        text: probe.text.replace("[[", "").replace("]]", ""),
        document_type: Some(probe.kind.into()),
        date: Some(jiff::civil::date(2024, 3, 12)),
        ..Document::default()
    };
    let read = engine.qualify(&document, &[Span::new(start as u32, end as u32)]).remove(0);
    let (said, person, time) = (read.reading.assertion, read.reading.experiencer, read.reading.temporality);
    format!("{} {} {} {}", said.as_str(), person.as_str(), time.as_str(), read.conclusion.as_str())
}

#[test]
fn each_mechanism_changes_what_is_read() {
    let mut wrong = Vec::new();
    for mechanism in Mechanism::ALL {
        let without = Engine::new(Lexicons::from_folders(&shipped()).unwrap()).unwrap().without(mechanism);
        let probe = PROBES.iter().find(|p| p.mechanism == mechanism).expect("a text for each");
        assert_ne!(probe.full, probe.without, "{mechanism:?}");
        let found = (reading(engine(), probe), reading(&without, probe));
        if (found.0.as_str(), found.1.as_str()) != (probe.full, probe.without) {
            wrong.push(format!("{mechanism:?}, {:?}: {found:?}", probe.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
