//! A model that advises the rules: what it may change, what it may not, and that nothing else changes with it.

use crate::support::{document, engine, reports, root};
use laennec::document::Document;
use laennec::event::{CodedEvent, Method};
use laennec::lexicon::Lexicons;
use laennec::model::{Model, ModelError};
use laennec::pipeline::Engine;
use laennec::span::Span;
use proptest::prelude::*;
use std::sync::{Arc, OnceLock};

fn tiny(name: &str) -> Arc<Model> {
    let folder = root().join("tests/model").join(name);
    Arc::new(Model::load(folder.to_str().unwrap()).unwrap())
}

fn fresh() -> Engine {
    Engine::new(Lexicons::load(vec![]).unwrap()).unwrap()
}

/// A random tagger: it finds nonsense, but must find it in order.
fn tagging() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| fresh().advised_by(tiny("tiny-camembert"), true).unwrap())
}

fn annotate(engine: &Engine, documents: &[Document]) -> Vec<Vec<CodedEvent>> {
    engine.annotate_batch(documents).into_iter().map(Result::unwrap).collect()
}

/// The events without the hash of the model, which provenance and so the id of the event name.
fn unnamed(events: &[CodedEvent]) -> Vec<CodedEvent> {
    let unnamed = |event: &CodedEvent| {
        let mut event = event.clone();
        event.provenance.model = None;
        event.event_id = String::new();
        event
    };
    events.iter().map(unnamed).collect()
}

#[test]
fn a_tagger_adds_findings_and_touches_nothing_else() {
    let mut tagged = 0;
    for (report, advised) in reports().iter().zip(annotate(tagging(), reports())) {
        let (added, kept): (Vec<_>, Vec<_>) = advised.into_iter().partition(|e| e.method == Method::Neural);
        assert_eq!(unnamed(&kept), unnamed(&engine().annotate(report)), "{}", report.id);
        for event in &added {
            let text: String = report
                .text
                .chars()
                .skip(event.start as usize)
                .take((event.end - event.start) as usize)
                .collect();
            assert_eq!(event.text, text);
            assert!(event.concept == "finding" && event.codings.is_empty() && event.label == text);
            assert!(kept.iter().all(|other| other.end <= event.start || other.start >= event.end));
            assert!(event.provenance.model.as_deref().unwrap().starts_with("tiny-camembert@0+"));
        }
        tagged += added.len();
    }
    assert!(tagged > 0, "the random model found nothing: the test shows nothing");
}

#[test]
fn advice_does_not_depend_on_batch_order_or_threads() {
    let together = annotate(tagging(), reports());
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(together, one_thread.install(|| annotate(tagging(), reports())));
    let alone: Vec<_> = reports().iter().map(|report| tagging().annotate_guarded(report).unwrap()).collect();
    assert_eq!(together, alone);
    let backwards: Vec<Document> = reports().iter().rev().cloned().collect();
    let mut turned = annotate(tagging(), &backwards);
    turned.reverse();
    assert_eq!(together, turned);
}

#[test]
fn a_model_that_cannot_advise_is_refused() {
    // Its heads of context were trained without the facts of this engine.
    let refused = fresh().advised_by(tiny("tiny-bert"), true).err().unwrap();
    assert!(matches!(refused, ModelError::Unfit { .. }), "{refused}");
}

/// Reports whose mentions the encoders are compared on.
const COMPARED: usize = 3;

#[test]
fn every_encoder_gives_the_same_labels() {
    let advised = |encoder: &str| {
        let files = laennec::model::shipped().remove(0);
        let model = Model::from_files(&files, Some(encoder)).unwrap();
        fresh().advised_by(model.into(), true).unwrap()
    };
    let labels = |engine: &Engine| -> Vec<_> {
        let of_report = |report: &Document| {
            let spans: Vec<Span> =
                crate::support::engine().mentions(&report.text).iter().map(|m| m.0.span).collect();
            let read = engine.qualify_guarded(report, &spans).unwrap();
            read.iter()
                .map(|q| (q.reading.assertion, q.reading.experiencer, q.reading.temporality))
                .collect::<Vec<_>>()
        };
        reports()[..COMPARED].iter().flat_map(of_report).collect()
    };
    let reference = labels(&advised("candle"));
    let by_rules = labels(engine());
    assert!(
        reference.iter().zip(&by_rules).any(|(a, b)| a != b),
        "the model overruled nothing: the test shows nothing"
    );
    for instructions in laennec::model::Instructions::available() {
        let name = instructions.name();
        if name == "fused-portable" {
            continue; // Slow without optimisation; its states are compared in `fused`.
        }
        let found = labels(&advised(name));
        let differ = found.iter().zip(&reference).filter(|(a, b)| a != b).count();
        assert!(differ * 1000 <= reference.len(), "{name}: {differ} of {} labels differ", reference.len());
    }
}

#[test]
fn a_given_span_may_begin_in_white_space_or_hold_nothing_else() {
    let model = Model::from_files(&laennec::model::shipped().remove(0), None).unwrap();
    let engine = fresh().advised_by(model.into(), true).unwrap();
    let text = "  \n Pas de fente.  ";
    let all = Span::new(0, text.len() as u32);
    let spans = [all, Span::new(0, 2), Span::new(2, 17), Span::new(18, 20)];
    assert_eq!(engine.qualify_guarded(&document(text), &spans).unwrap().len(), spans.len());
    assert_eq!(engine.qualify_guarded(&document("  "), &[Span::new(0, 2)]).unwrap().len(), 1);
}

#[test]
fn the_rules_alone_stay_what_they_are() {
    let report = &reports()[0];
    assert_eq!(unnamed(&tagging().annotate(report)), unnamed(&engine().annotate(report)));
    let spans = [Span::new(0, 5)];
    assert_eq!(tagging().qualify(report, &spans), engine().qualify(report, &spans));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_events(text in "(\\PC|[ \n.éœ]|atrésie |absence de ){0,120}") {
        let events = tagging().annotate_guarded(&document(&text)).unwrap();
        let length = text.chars().count() as u32;
        for event in events {
            prop_assert!(event.start < event.end && event.end <= length);
        }
    }
}
