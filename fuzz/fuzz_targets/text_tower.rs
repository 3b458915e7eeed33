//! Any text: annotated, cut and qualified without a panic, with spans that fit.
#![no_main]

use laennec::document::Document;
use laennec::lexicon::Lexicons;
use laennec::pipeline::Engine;
use laennec::span::{CodePoints, Span};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let lexicons = Lexicons::load(vec![]).expect("the shipped lexicons load");
    Engine::new(lexicons).expect("the shipped words of dates load")
});

const TYPES: [Option<&str>; 4] = [None, Some("CR-echo-foetale"), Some("CRH"), Some("RCP")];

// The first byte chooses the type of report, the next two a span to qualify; the rest is the text.
fuzz_target!(|data: &[u8]| {
    let Some((&[kind, from, length], rest)) = data.split_first_chunk::<3>() else { return };
    let document = Document {
        id: "D".into(),
        document_type: TYPES[kind as usize % TYPES.len()].map(String::from),
        text: String::from_utf8_lossy(rest).into_owned(),
        ..Document::default()
    };
    let text = document.text.as_str();
    let points = CodePoints::new(text);
    for event in ENGINE.annotate(&document) {
        let span = points.to_byte(event.start).zip(points.to_byte(event.end));
        let (start, end) = span.expect("the event lies inside the text");
        assert_eq!(&text[start as usize..end as usize], event.text);
        assert_eq!(event.event_id, event.identity());
    }
    let layout = ENGINE.layout(&document);
    let pieces = layout.sections.iter().flat_map(|s| [s.title, s.body]).collect::<Vec<_>>();
    for spans in [pieces, layout.sentences] {
        let mut last = 0;
        for span in spans {
            assert!(last <= span.start && text.get(span.start as usize..span.end as usize).is_some());
            last = span.end;
        }
    }
    let count = text.chars().count() as u32 + 1;
    let start = u32::from(from) % count;
    let end = (start + u32::from(length)).min(count - 1);
    let span = Span::new(points.to_byte(start).unwrap_or(0), points.to_byte(end).unwrap_or(0));
    assert_eq!(ENGINE.qualify(&document, &[span]).len(), 1);
});
