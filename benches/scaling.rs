//! Linear time on hostile texts: each family is one text made 128 times longer, its CPU time measured on the way.
//!
//! Each measure is made by a child process that has read nothing longer than 64 kB before. In one process the lengths
//! would not be alike: the allocator keeps short texts' memory from run to run but gives back blocks above 32 MB, so that
//! only long texts would pay for fresh pages, a step of 2 to 3 times between 0.5 and 1 MB that is not the engine's.
//!
//! `cargo bench --bench scaling` measures all families; `cargo bench --bench scaling -- "pas "` those whose name holds
//! the words given.

#![allow(clippy::expect_used)]

mod support;

use laennec::document::Document;
use laennec::event::CodedEvent;
use laennec::pipeline::Engine;
use std::process::{Command, ExitCode};
use support::{Targets, engine, timed};

/// Bytes of the shortest text.
const SHORTEST: usize = 64 << 10;
/// How often the length is doubled: 8 MB at the end.
const DOUBLINGS: u32 = 7;
/// Shorter texts do not count for the slope: constant costs bend it.
const LEAST_FITTED: usize = 256 << 10;
/// A measure is the least of this many: a neighbour on the machine makes a run longer, never shorter.
const RUNS: usize = 3;
/// Tells a child what to measure: number of the family, length of the text.
const ORDER: &str = "LAENNEC_BENCH_SCALING";

/// Greatest slope of log time over log length.
const MOST_SLOPE: f64 = 1.1;
/// Least MB per CPU-second at 8 MB.
const LEAST_RATE: f64 = 1.0;

/// The families of issue 2, but for the table and the longest term, which are made.
const ASKED: [&str; 10] = ["pas ", "non ", "a", "-", "|", "1,", "(", "\n", "fente ", "é"];

/// Texts of our own that aim at one stage each.
const OWN: [&str; 74] = [
    // Characters and lines.
    "- - -",
    "\u{200B}",
    "e\u{301}",
    "\u{301}",
    "\r",
    "-\n",
    "a-\n",
    "a-\nb",
    "page 1/2\n",
    "Page 1\nCHU de Valmont\n\n",
    "page ",
    "....",
    "a.",
    "...\n",
    "\"",
    "{{",
    "\t",
    "œ",
    "ﬁ",
    "😀",
    // Titles, bullets, sentences.
    "Conclusion : ",
    "Conclusion :\n",
    "Conclusoin ",
    "Antécédents de la ",
    ": non ",
    "- a\n",
    "1) ",
    "M. ",
    "Dr. A. ",
    "? ",
    "?)",
    // Cues and scopes.
    "pas de fente labiale, ",
    "pas de : fente labiale ",
    "pas de : fente labiale, fente labiale ",
    "Signes négatifs : fente labiale ",
    "pas de : ",
    "pas de fente labiale ",
    "n' a b c pas ",
    "n' ",
    "ni fente labiale ni ",
    "pas de pas de fente labiale ",
    "antécédent de ",
    "fente labiale, pas de ",
    "fente labiale éliminée ",
    "fente labiale ?\n",
    "suspicion de fente labiale et ",
    "mais fente labiale ",
    "le frère fente labiale qui ",
    "Signes négatifs : fente labiale\n",
    "pas de fente labiale\n\n",
    // Terms, coordination, ambiguity.
    "fente labiale et palatine ",
    "fente labiale, palatine, ",
    "fente de la de la ",
    "fente labiale\n\n\n\n",
    "sténose ou atrésie duodénale ",
    "atrésie de l'œsophage et du duodénum et du ",
    "(AO) ",
    "CIV ",
    "CIV AO TGV ",
    "atrésie de l'œsophage (AO) AO ",
    "gauche droite fente labiale ",
    // Dates, ages, numbers, patterns.
    "12/03/2020 ",
    "22 SA ",
    "22 SA + 3 j ",
    "22 SA fente labiale ",
    "le 12/03/2020 fente labiale ",
    "fente labiale il y a 3 ans ",
    "il y a ",
    "à l'âge de ",
    "depuis ",
    "12/",
    "en mars ",
    "46,XY,",
    "1 2 3 ",
];

fn main() -> ExitCode {
    let engine = engine(None);
    if let Ok(order) = std::env::var(ORDER) {
        obey(&engine, &order);
        return ExitCode::SUCCESS;
    }
    println!("machine: {}", support::machine());
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let mut targets = Targets::default();
    println!("family                           MB per CPU-s at 8 MB   slope   events");
    for (number, (name, _)) in families(&engine).iter().enumerate() {
        if wanted.is_empty() || wanted.iter().any(|w| name.contains(w.as_str())) {
            measure(number, name, &mut targets);
        }
    }
    targets.exit()
}

/// Names and repeated pieces.
fn families(engine: &Engine) -> Vec<(String, String)> {
    let plain = |text: &&str| (format!("{text:?}"), text.to_string());
    let terms = engine.lexicons().concepts.terms.iter().map(|t| &*t.text);
    let longest = terms.max_by_key(|text| text.len()).expect("a lexicon has terms");
    let mut cut = longest.to_string();
    cut.pop();
    let made = [
        ("table of 10,000 columns", "| fente ".repeat(10_000) + "|\n"),
        ("longest term cut by one", cut.clone() + " "),
    ];
    let more = [
        ("longest term", format!("{longest} ")),
        ("word of 1 MB", "a".repeat(1 << 20) + " "),
        ("capital word of 1 MB", "É".repeat(1 << 19) + " "),
        ("lines of 10,000 cues", "pas de ".repeat(10_000) + "fente\n"),
        ("table of empty cells", "|".repeat(10_000) + "\n"),
        ("cue then distant term", "pas de ".to_string() + &"rouge ".repeat(100) + "fente "),
    ];
    let owned = |(name, text): (&str, String)| (name.to_string(), text);
    ASKED
        .iter()
        .map(plain)
        .chain(made.map(owned))
        .chain(OWN.iter().map(plain))
        .chain(more.map(owned))
        .collect()
}

fn measure(number: usize, name: &str, targets: &mut Targets) {
    let mut points = Vec::new();
    let mut rate = 0.0;
    let mut events = 0;
    for doubling in 0..=DOUBLINGS {
        let length = SHORTEST << doubling;
        let runs = (0..RUNS).map(|_| child(number, length));
        let (seconds, found) = runs.min_by(|a, b| a.0.total_cmp(&b.0)).expect("there are runs");
        (rate, events) = (length as f64 / 1e6 / seconds, found);
        if length >= LEAST_FITTED {
            points.push(((length as f64).ln(), seconds.ln()));
        }
    }
    let slope = slope(&points);
    let met = slope <= MOST_SLOPE && rate >= LEAST_RATE;
    targets.check(met, &format!("{name:<44} {rate:>8.1} {slope:>7.2} {events:>8}"));
}

/// CPU seconds and events of one text, measured by a child.
fn child(number: usize, length: usize) -> (f64, usize) {
    let mut command = Command::new(std::env::current_exe().expect("the path of this program"));
    let output = command.env(ORDER, format!("{number} {length}")).output().expect("the child runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("two numbers");
    let (seconds, events) = text.trim().split_once(' ').expect("two numbers");
    (seconds.parse().expect("seconds"), events.parse().expect("events"))
}

/// What a child does: a short text to warm up, then the text to measure.
fn obey(engine: &Engine, order: &str) {
    let (number, length) = order.split_once(' ').expect("two numbers");
    let (_, unit) = &families(engine)[number.parse::<usize>().expect("a number")];
    let document =
        |length| Document { id: "hostile".into(), text: text(unit, length), ..Document::default() };
    engine.annotate(&document(SHORTEST));
    let document = document(length.parse().expect("a length"));
    let (seconds, events) = timed(|| engine.annotate(&document));
    check(&document, &events);
    println!("{seconds} {}", events.len());
}

/// `unit` repeated to about `length` bytes.
fn text(unit: &str, length: usize) -> String {
    let mut text = unit.repeat(length / unit.len() + 1);
    text.truncate(text.floor_char_boundary(length));
    text
}

/// Each event quotes the text, in order.
fn check(document: &Document, events: &[CodedEvent]) {
    let slice = |event: &CodedEvent| event.text.is_empty() || document.text.contains(&*event.text);
    assert!(events.iter().take(100).all(slice), "an event quotes another text");
    assert!(events.is_sorted_by_key(|event| event.start), "events are out of order");
}

/// Slope of the line of least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0 / n, y + p.1 / n));
    let over: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    over / points.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>()
}
