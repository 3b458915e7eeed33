//! The errors, each with the marked sentence: printed only when asked for.

use super::Report;
use crate::evaluate::{Found, Judged, Measure, Truth, judge};
use crate::pipeline::Engine;
use crate::span::{CodePoints, Span};
use serde_json::{Value, json};

/// One wrong reading of one mention.
pub(super) struct Error {
    document: String,
    start: u32,
    end: u32,
    faults: Vec<Fault>,
    cues: Vec<String>,
    before: String,
    span: String,
    after: String,
}

/// An attribute that is not as accepted.
struct Fault {
    attribute: &'static str,
    expected: String,
    found: String,
}

/// The mentions that `measure` judges wrong, in the order of the gold.
pub(super) fn find(engine: &Engine, report: &Report, measure: Measure) -> Vec<Error> {
    let is_wrong =
        |one: &&Judged| judge(measure, &one.mention.truth, one.found).is_some_and(|v| v.is_wrong());
    let wrong = report.judged.iter().filter(is_wrong);
    wrong.map(|one| error(engine, report, one, measure)).collect()
}

fn error(engine: &Engine, report: &Report, one: &Judged, measure: Measure) -> Error {
    let document = &report.gold[one.document].document;
    let span = one.mention.span;
    let points = CodePoints::new(&document.text);
    let sentences = engine.layout(document).sentences;
    let sentence = sentences.into_iter().filter(|s| s.overlaps(span)).reduce(Span::join);
    let around = sentence.map_or(span, |s| s.join(span));
    let part = |start, end| Span::new(start, end).slice(&document.text).to_string();
    Error {
        document: document.id.clone(),
        start: points.of_byte(span.start),
        end: points.of_byte(span.end),
        faults: faults(measure, &one.mention.truth, one.found),
        cues: one.found.reading.cues.iter().map(|(id, _)| id.clone()).collect(),
        before: part(around.start, span.start),
        span: part(span.start, span.end),
        after: part(span.end, around.end),
    }
}

/// What is wrong: the measure itself, or, of all, each attribute that is wrong by value, else each wrong question.
fn faults(measure: Measure, truth: &Truth, found: &Found) -> Vec<Fault> {
    if measure != Measure::All {
        return vec![fault(measure, truth, found)];
    }
    let is_wrong = |m: &Measure| *m != Measure::All && judge(*m, truth, found).is_some_and(|v| v.is_wrong());
    let wrong: Vec<Measure> = Measure::EACH.into_iter().filter(is_wrong).collect();
    let told = |m: &&Measure| !m.is_binary() || !wrong.contains(&by_value(**m));
    wrong.iter().filter(told).map(|m| fault(*m, truth, found)).collect()
}

/// The attribute that a question is about.
fn by_value(measure: Measure) -> Measure {
    match measure {
        Measure::Negation | Measure::Doubt => Measure::Assertion,
        Measure::Fetus | Measure::Relative | Measure::Other => Measure::Experiencer,
        Measure::Past => Measure::Temporality,
        value => value,
    }
}

fn fault(measure: Measure, truth: &Truth, read: &Found) -> Fault {
    let reading = &read.reading;
    let (accepted, found) = match by_value(measure) {
        Measure::Assertion => {
            (joined(&truth.assertion, |a| a.as_str().into()), reading.assertion.as_str().into())
        }
        Measure::Experiencer => {
            (joined(&truth.experiencer, |e| e.as_str().into()), reading.experiencer.as_str().into())
        }
        Measure::Temporality => {
            (joined(&truth.temporality, |t| t.as_str().into()), reading.temporality.as_str().into())
        }
        Measure::Conclusion => {
            (joined(&truth.conclusion, |c| c.as_str().into()), read.conclusion.as_str().into())
        }
        _ => (joined(&truth.fetus_index, |i| index(*i)), index(reading.fetus_index)),
    };
    // A truth given as a boolean has no value to name.
    let is_missed = judge(measure, truth, read) == Some(crate::evaluate::Verdict::Fn);
    let boolean = || format!("{}{}", if is_missed { "" } else { "not " }, measure.as_str());
    let expected = if accepted.is_empty() { boolean() } else { accepted };
    Fault { attribute: measure.as_str(), expected, found }
}

fn joined<T>(values: &[T], name: impl Fn(&T) -> String) -> String {
    values.iter().map(name).collect::<Vec<_>>().join("|")
}

fn index(index: Option<u8>) -> String {
    index.map_or_else(|| "none".into(), |index| index.to_string())
}

impl Error {
    /// Two lines: what is wrong and why, and the sentence with its span marked.
    pub(super) fn text(&self) -> String {
        let fault = |f: &Fault| format!("{}: {} → {}", f.attribute, f.expected, f.found);
        let faults: Vec<String> = self.faults.iter().map(fault).collect();
        let cues = if self.cues.is_empty() { "no cue".into() } else { self.cues.join(", ") };
        let sentence = format!("{}[[{}]]{}", self.before, self.span, self.after).replace(['\n', '\r'], "⏎");
        let place = format!("{} {}-{}", self.document, self.start, self.end);
        format!("{place}  {}  ({cues})\n    {sentence}", faults.join("; "))
    }

    /// The same for machines.
    pub(super) fn json(&self) -> Value {
        let fault = |f: &Fault| json!({"attribute": f.attribute, "expected": f.expected, "found": f.found});
        json!({
            "id": self.document,
            "start": self.start,
            "end": self.end,
            "faults": self.faults.iter().map(fault).collect::<Vec<_>>(),
            "cues": self.cues,
            "before": self.before,
            "text": self.span,
            "after": self.after,
        })
    }
}
