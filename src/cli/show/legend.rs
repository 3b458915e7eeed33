//! The legend: what is said of each mention, in words, and the cues that say so.

use super::labels::Labels;
use super::paint::{CUE, Tone, underline};
use super::report::Heading;
use super::spots::pieces;
use super::text::flat;
use crate::event::{Assertion, CodedEvent, DatePrecision, DateSource, Experiencer, Temporality};

/// Longest cue or label shown, in characters.
const LONGEST: usize = 60;

/// A piece of a line, with its look.
pub(super) type Part = (Tone, String);

/// What legends are made from.
pub(super) struct Legend<'a> {
    pub labels: &'a Labels,
    /// The report, by code point.
    pub text: &'a [char],
    /// Its sections.
    pub headings: &'a [Heading],
    /// Start and end of its lines.
    pub lines: &'a [(usize, usize)],
}

impl Legend<'_> {
    /// All that is said of an event: its number, then parts to be set apart. A new field of the event is one line here.
    pub fn of(&self, number: usize, event: &CodedEvent) -> (Part, Vec<Vec<Part>>) {
        let tone = Tone::Mention(event.assertion);
        let plain = |text: String| vec![(Tone::Plain, text)];
        let mut parts = vec![vec![(tone, concept(event))]];
        parts.push(vec![(tone, self.assertion(event))]);
        parts.extend(self.conclusion(event));
        parts.push(plain(self.experiencer(event)));
        parts.push(plain(self.labels.temporality(event.temporality.as_str()).into()));
        parts.extend(event.laterality.map(|side| plain(self.labels.laterality(side.as_str()).into())));
        parts.extend(value(event).map(plain));
        parts.extend(date(event).map(plain));
        parts.extend(self.cues(event));
        parts.extend(self.section(event));
        ((tone, format!("[{number}]")), parts)
    }

    /// The degree is told where it is neither everything nor nothing.
    fn assertion(&self, event: &CodedEvent) -> String {
        let label = self.labels.assertion(event.assertion.as_str());
        let is_degree = event.certainty > 0.0 && event.certainty < 1.0;
        if is_degree { format!("{label} ({:.0} %)", event.certainty * 100.0) } else { label.into() }
    }

    /// What the whole report concludes, where that is not what is said of the mention.
    fn conclusion(&self, event: &CodedEvent) -> Option<Vec<Part>> {
        let label = self.labels.assertion(event.conclusion.as_str());
        let told = format!("{} {label}", self.labels.word("conclusion"));
        (event.conclusion != event.assertion).then(|| vec![(Tone::Mention(event.conclusion), told)])
    }

    fn experiencer(&self, event: &CodedEvent) -> String {
        let label = self.labels.experiencer(event.experiencer.as_str());
        event.fetus_index.map_or_else(|| label.into(), |index| format!("{label} {index}"))
    }

    /// The words of each cue, its id, and its line when the mention is on another.
    fn cues(&self, event: &CodedEvent) -> Vec<Vec<Part>> {
        let home: Vec<usize> = pieces(event).iter().map(|piece| self.line(piece.0)).collect();
        let cue = |cue: &crate::event::CueRef| {
            let end = (cue.end as usize).min(self.text.len());
            let words = flat(self.text[(cue.start as usize).min(end)..end].iter().copied(), LONGEST);
            let line = self.line(cue.start);
            let away = format!(" ({} {line})", self.labels.word("line"));
            let shown = if home.contains(&line) { String::new() } else { away };
            let id = format!(" {}{shown}", flat(cue.id.chars(), LONGEST));
            vec![(Tone::Cue, format!("\u{AB} {words} \u{BB}")), (Tone::Dim, id)]
        };
        event.cues.iter().map(cue).collect()
    }

    /// The section, when no cue tells why the reading is not the usual one.
    fn section(&self, event: &CodedEvent) -> Option<Vec<Part>> {
        let is_own = matches!(event.experiencer, Experiencer::Patient | Experiencer::Fetus);
        let is_usual = event.assertion == Assertion::Present && event.temporality == Temporality::Current;
        let before = self.headings.partition_point(|heading| heading.start <= event.start as usize);
        let heading = self.headings[..before].last().filter(|_| event.section.is_some())?;
        let is_told = !event.cues.is_empty() || (is_own && is_usual);
        let (word, name) = (self.labels.word("section"), flat(heading.name.chars(), LONGEST));
        let line = format!(" ({} {})", self.labels.word("line"), self.line(heading.start as u32));
        (!is_told).then(|| vec![(Tone::Cue, format!("{word} {name}")), (Tone::Dim, line)])
    }

    /// The line of a code point, from 1.
    fn line(&self, at: u32) -> usize {
        self.lines.partition_point(|line| line.0 <= at as usize)
    }

    /// How each assertion and a cue are underlined.
    pub fn key(&self) -> Vec<Vec<Part>> {
        let sample = |glyph: char| String::from_iter([glyph; 3]);
        let assertion = |a: &Assertion| {
            let label = format!(" {}", self.labels.assertion(a.as_str()));
            vec![(Tone::Mention(*a), sample(underline(*a))), (Tone::Plain, label)]
        };
        let cue = vec![(Tone::Cue, sample(CUE)), (Tone::Plain, format!(" {}", self.labels.word("cue")))];
        Assertion::ALL.iter().map(assertion).chain([cue]).collect()
    }
}

/// The label of the concept, and the first code a hospital knows it by.
fn concept(event: &CodedEvent) -> String {
    let label = flat(event.label.chars(), LONGEST);
    let code = event.codings.iter().find(|coding| coding.system == "CIM-10");
    code.map_or_else(|| label.clone(), |coding| format!("{label} ({})", flat(coding.code.chars(), LONGEST)))
}

fn value(event: &CodedEvent) -> Option<String> {
    let unit = event.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
    event.value.map(|value| format!("{value}{unit}"))
}

/// The date that the text gives the event; that of the report says nothing new.
fn date(event: &CodedEvent) -> Option<String> {
    let date = event.event_date.filter(|_| event.event_date_source != Some(DateSource::DocumentDate))?;
    Some(match event.event_date_precision {
        Some(DatePrecision::Year) => date.strftime("%Y").to_string(),
        Some(DatePrecision::Month) => date.strftime("%Y-%m").to_string(),
        Some(DatePrecision::Day) | None => date.to_string(),
        Some(_) => format!("≈ {date}"),
    })
}
