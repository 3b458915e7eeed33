//! Runs the cases stored beside a lexicon, each kind by its own rule.

use crate::document::Document;
use crate::event::{Assertion, Experiencer, Temporality};
use crate::lexicon::{Case, Folder, Kind, read_cases};
use crate::mention::Mention;
use crate::pipeline::{Engine, Qualified, QuantitySpan};
use crate::span::Span;

/// What running the cases of one lexicon gave.
pub(super) struct Report {
    /// Cases that ran.
    pub ran: usize,
    /// One line per failing case: place, expected, found.
    pub failures: Vec<String>,
    /// Share of cases that must pass.
    pub required: f64,
}

impl Report {
    pub fn passed(&self) -> usize {
        self.ran - self.failures.len()
    }

    /// True when fewer cases pass than required. No case at all is a failure too: it would pass for ever.
    pub fn is_failed(&self) -> bool {
        self.ran == 0 || (self.passed() as f64) < self.required * self.ran as f64
    }
}

/// Runs the cases of `folder` that belong to `set`, or all.
pub(super) fn run(engine: &Engine, folder: &Folder, set: Option<&str>) -> Result<Report, String> {
    let lines = |problems: Vec<crate::lexicon::Problem>| {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let cases = read_cases(folder).map_err(lines)?;
    let manifest = engine.lexicons().manifests.iter().find(|m| m.id == folder.name);
    let kind = manifest.map(|m| m.kind).ok_or_else(|| format!("lexicon {:?} is not loaded", folder.name))?;
    let chosen: Vec<&Case> = cases.iter().filter(|c| set.is_none_or(|s| c.set == s)).collect();
    if kind == Kind::Cues {
        let unread = unreadable(&cases);
        unread.is_empty().then_some(()).ok_or_else(|| unread.join("\n"))?;
    }
    let failures = chosen
        .iter()
        .filter_map(|case| run_case(engine, &folder.name, kind, case).err().map(|e| failure(case, &e)));
    let mut failures: Vec<String> = failures.collect();
    let mut ran = chosen.len();
    if set.is_none() {
        ran += examples(engine, &folder.name, &mut failures);
    }
    Ok(Report { ran, failures, required: required(kind) })
}

/// Runs the examples of the descriptions of a lexicon, adds what fails, and says how many ran.
fn examples(engine: &Engine, lexicon: &str, failures: &mut Vec<String>) -> usize {
    let lexicons = engine.lexicons();
    let mut ran = 0;
    for description in &lexicons.descriptions.descriptions {
        let concept = &lexicons.concepts.concepts[description.concept as usize];
        if lexicons.manifests[concept.lexicon].id != lexicon {
            continue;
        }
        for example in &description.examples {
            ran += 1;
            let found: Vec<(u32, u32)> = engine
                .mentions(&example.text)
                .into_iter()
                .filter(|(_, id)| *id == concept.id)
                .map(|(mention, _)| (mention.span.start, mention.span.end))
                .collect();
            let is_right = match (example.is_found, example.span) {
                (true, Some(span)) => found.contains(&span),
                (is_found, _) => is_found != found.is_empty(),
            };
            if !is_right {
                let text =
                    |(start, end): &(u32, u32)| Span::new(*start, *end).slice(&example.text).to_string();
                let found: Vec<String> = found.iter().map(text).collect();
                let wanted = if example.is_found { "is not found as marked" } else { "is found" };
                let (place, id) = (&example.place, &description.id);
                failures.push(format!(
                    "{place} {id}: {} {wanted}; found {found:?}\n    {}",
                    concept.id, example.text
                ));
            }
        }
    }
    ran
}

/// Context is a matter of degree, and its cases hold what is not read yet; words are found or they are not.
fn required(kind: Kind) -> f64 {
    if kind == Kind::Cues { 0.85 } else { 1.0 }
}

fn failure(case: &Case, message: &str) -> String {
    format!("{} {}: {message}\n    {}", case.place, case.id, case.text.replace('\n', "⏎"))
}

fn run_case(engine: &Engine, lexicon: &str, kind: Kind, case: &Case) -> Result<(), String> {
    match kind {
        Kind::Concepts | Kind::Overlay => concepts(engine, lexicon, kind == Kind::Overlay, case),
        Kind::Cues => context(engine, case),
        Kind::Sections => sections(engine, case),
        Kind::Abbreviations => sentences(engine, case),
        Kind::Documents => documents(engine, case),
        Kind::Dates => dates(engine, case),
        Kind::Grammar => grammar(engine, case),
        Kind::Units => quantities(engine, case),
    }
}

/// The mentions found are exactly the marked ones. Of a discontinuous one the mark may hold the last piece only.
fn concepts(engine: &Engine, lexicon: &str, is_overlay: bool, case: &Case) -> Result<(), String> {
    let mut marks: Vec<&crate::lexicon::Mark> = case.marks.iter().collect();
    let mut surplus = Vec::new();
    let lexicons = engine.lexicons();
    // What another lexicon finds besides is not this one's affair.
    let is_own = |mention: &Mention| {
        mention.concept.is_some_and(|concept| {
            let of = lexicons.concepts.concepts[concept as usize].lexicon;
            is_overlay || lexicons.manifests[of].id == lexicon
        })
    };
    for (mention, id) in engine.mentions(&case.text) {
        let span = mention.span;
        let fits = |m: &&crate::lexicon::Mark| {
            let starts = m.start == span.start || (!mention.fragments.is_empty() && m.start > span.start);
            m.expected == id
                && starts
                && (m.end == span.end || (!mention.fragments.is_empty() && m.end < span.end))
        };
        match marks.iter().position(fits) {
            Some(found) => drop(marks.remove(found)),
            None if is_own(&mention) => surplus.push(format!("{:?} {id}", span.slice(&case.text))),
            None => {}
        }
    }
    let missing =
        marks.iter().map(|m| format!("{:?} {}", Span::new(m.start, m.end).slice(&case.text), m.expected));
    let missing: Vec<String> = missing.collect();
    match missing.is_empty() && surplus.is_empty() {
        true => Ok(()),
        false => Err(format!("missing {missing:?}; not expected {surplus:?}")),
    }
}

fn same<T: PartialEq + std::fmt::Debug>(expected: &[T], found: &[T]) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    let missing: Vec<_> = expected.iter().filter(|e| !found.contains(e)).collect();
    let surplus: Vec<_> = found.iter().filter(|f| !expected.contains(f)).collect();
    Err(format!("missing {missing:?}; not expected {surplus:?}"))
}

/// The report of a case.
pub(super) fn document(case: &Case) -> Document {
    Document {
        text: case.text.clone(),
        document_type: case.document_type.clone(),
        title: case.title.clone(),
        date: case.document_date.as_deref().and_then(|d| d.parse().ok()),
        ..Document::default()
    }
}

/// Every marked span is read as its mark says.
fn context(engine: &Engine, case: &Case) -> Result<(), String> {
    let spans: Vec<Span> = case.marks.iter().map(|m| Span::new(m.start, m.end)).collect();
    let read = engine.qualify(&document(case), &spans);
    let mut faults = Vec::new();
    for (mark, qualified) in case.marks.iter().zip(read) {
        let expected = expectation(&mark.expected)?;
        let found = summary(&qualified, expected.conclusion.is_some());
        if expected != found {
            let cues: Vec<&str> = qualified.reading.cues.iter().map(|(id, _)| id.as_str()).collect();
            let span = Span::new(mark.start, mark.end).slice(&case.text);
            faults.push(format!("{span:?}: expected {expected:?}, found {found:?} by {cues:?}"));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
}

/// What a mark of a lexicon of cues expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Expectation {
    pub assertion: Assertion,
    pub experiencer: Experiencer,
    pub fetus_index: Option<u8>,
    pub temporality: Temporality,
    /// What the whole report concludes; `None` where the mark leaves it unsaid.
    pub conclusion: Option<Assertion>,
}

fn summary(found: &Qualified, is_conclusion_said: bool) -> Expectation {
    Expectation {
        assertion: found.reading.assertion,
        experiencer: found.reading.experiencer,
        fetus_index: found.reading.fetus_index,
        temporality: found.reading.temporality,
        conclusion: is_conclusion_said.then_some(found.conclusion),
    }
}

/// The marks of cases of cues whose words say nothing that is known, each with its place.
pub(super) fn unreadable(cases: &[Case]) -> Vec<String> {
    let faults = |case: &Case| {
        let of_mark = |(i, mark): (usize, &crate::lexicon::Mark)| {
            let fault = expectation(&mark.expected).err()?;
            Some(format!("{}: mark {}: {fault}", case.place, i + 1))
        };
        case.marks.iter().enumerate().filter_map(of_mark).collect::<Vec<_>>()
    };
    cases.iter().flat_map(faults).collect()
}

/// Before the conclusion in a mark: `{{span|possible conclusion:absent}}`.
const CONCLUSION: &str = "conclusion:";

/// Reads the words of a mark; what they leave unsaid is present, the patient's, current, and no conclusion.
pub(super) fn expectation(words: &str) -> Result<Expectation, String> {
    let mut expected = Expectation {
        assertion: Assertion::Present,
        experiencer: Experiencer::Patient,
        fetus_index: None,
        temporality: Temporality::Current,
        conclusion: None,
    };
    for word in words.split_whitespace() {
        if let Some(assertion) = Assertion::parse(word) {
            expected.assertion = assertion;
        } else if let Some(experiencer) = Experiencer::parse(word) {
            expected.experiencer = experiencer;
        } else if let Some(temporality) = Temporality::parse(word) {
            expected.temporality = temporality;
        } else if let Some(index) = word.strip_prefix("fetus").and_then(|n| n.parse().ok()) {
            (expected.experiencer, expected.fetus_index) = (Experiencer::Fetus, Some(index));
        } else if let Some(conclusion) = word.strip_prefix(CONCLUSION).and_then(Assertion::parse) {
            expected.conclusion = Some(conclusion);
        } else {
            return Err(format!("unknown expectation {word:?}"));
        }
    }
    Ok(expected)
}

/// The titles found are exactly the marked ones; colon and numbering do not count.
fn sections(engine: &Engine, case: &Case) -> Result<(), String> {
    let titles = engine.layout(&document(case)).sections.into_iter();
    let trim =
        |s: Span| s.slice(&case.text).trim_end_matches(|c: char| c == ':' || c.is_whitespace()).to_string();
    let found: Vec<(u32, String, String)> = titles.map(|s| (s.title.start, trim(s.title), s.kind)).collect();
    let mark = |m: &crate::lexicon::Mark| (m.start, trim(Span::new(m.start, m.end)), m.expected.clone());
    same(&case.marks.iter().map(mark).collect::<Vec<_>>(), &found)
}

/// The sentences found are exactly the marked ones.
fn sentences(engine: &Engine, case: &Case) -> Result<(), String> {
    let slices =
        |spans: Vec<Span>| spans.into_iter().map(|s| s.slice(&case.text).to_string()).collect::<Vec<_>>();
    let expected = slices(case.marks.iter().map(|m| Span::new(m.start, m.end)).collect());
    same(&expected, &slices(engine.layout(&document(case)).sentences))
}

/// The dates found are exactly the marked ones, with their normal form.
fn dates(engine: &Engine, case: &Case) -> Result<(), String> {
    let found = engine.layout(&document(case)).dates.into_iter().map(|d| (d.span.start, d.span.end, d.value));
    let marks = case.marks.iter().map(|m| (m.start, m.end, m.expected.clone()));
    same(&marks.collect::<Vec<_>>(), &found.collect::<Vec<_>>())
}

/// The quantities found are exactly the marked ones: comparator, value or range, unit, label.
fn quantities(engine: &Engine, case: &Case) -> Result<(), String> {
    let form = |q: QuantitySpan| {
        let high = q.high.map(|high| format!("-{high}")).unwrap_or_default();
        let label = q.label.map(|label| format!(" {label}")).unwrap_or_default();
        let sign = q.comparator.unwrap_or_default();
        // The last digits of a binary fraction say nothing.
        let value = (q.value * 1e9).round() / 1e9;
        (q.span.start, q.span.end, format!("{sign}{value}{high} {}{label}", q.unit))
    };
    let found = engine.layout(&document(case)).quantities.into_iter().map(form);
    let marks = case.marks.iter().map(|m| (m.start, m.end, m.expected.clone()));
    same(&marks.collect::<Vec<_>>(), &found.collect::<Vec<_>>())
}

/// The whole text names the expected type of document; a text without mark names none.
fn documents(engine: &Engine, case: &Case) -> Result<(), String> {
    let found = engine.lexicons().document_kind(&case.text).map(|d| d.id.clone());
    let expected = case.marks.first().map(|m| m.expected.clone());
    if expected == found { Ok(()) } else { Err(format!("expected {expected:?}, found {found:?}")) }
}

/// The span and the expectation are forms of one word.
fn grammar(engine: &Engine, case: &Case) -> Result<(), String> {
    let vocabulary = &engine.lexicons().vocabulary;
    let word = |text: &str| vocabulary.get(crate::normalize::fold(text).text()).word;
    let mark = case.marks.first().ok_or("no mark")?;
    let (found, expected) = (word(&case.text), word(&mark.expected));
    if found != 0 && found == expected { Ok(()) } else { Err(format!("not a form of {:?}", mark.expected)) }
}
