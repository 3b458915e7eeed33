//! `laennec show`: a report with its mentions underlined, each cue joined to its mention.

mod canvas;
mod drawing;
mod fold;
mod labels;
mod legend;
mod paint;
mod report;
mod spots;
mod text;

use super::advice::{Advice, Ask};
use super::{Failed, Outcome, Result, load_engine, print, progress};
use crate::document::Document;
use crate::event::CodedEvent;
use crate::pipeline::Engine;
use crate::source::{self, Options, Records};
use crate::span::CodePoints;
use clap::ColorChoice;
use jiff::civil::Date;
use labels::Labels;
use report::{Heading, Look};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// Columns when standard output is no terminal.
const WIDTH: usize = 100;
/// Fewest and most columns: less holds no report, more nobody reads.
const WIDTHS: (usize, usize) = (40, 1000);

/// Most documents set aside that are named one by one.
const MOST_NAMED: u64 = 20;

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  laennec show report.txt --type CRH --date 2024-03-12
  laennec show examples/reports.jsonl --document R001 | less -R
  laennec show reports.csv --concept omphalocele --color always --width 120
  zcat notes.jsonl.gz | laennec show - --document N17";

/// Show reports with their mentions underlined, each cue joined to its mention.
///
/// Every line of the report has its number; the names of sections stand where the engine sees them begin. Under each
/// mention a number leads to its legend: the concept, what the report says of it, whose it is, when, and the cues that
/// decided, with their ids. The events are those of `annotate`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// A `.txt` file, or any source of `annotate`: JSON lines, CSV, a folder of `.txt`, `-`.
    file: String,
    /// Only the report with this id.
    #[arg(long, value_name = "ID")]
    document: Option<String>,
    /// Only mentions of this concept or of its kinds, and only reports that have one.
    #[arg(long, value_name = "ID")]
    concept: Option<String>,
    /// Add a lexicon folder; one with the id of a shipped lexicon takes its place.
    #[arg(long, value_name = "DIR")]
    lexicon: Vec<PathBuf>,
    /// Tell below each report which ambiguous terms stand for nothing in it, and why.
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    advice: Advice,
    /// What the plain text file has no field for.
    #[command(flatten)]
    given: Given,
    /// Colours; `auto` means on a terminal, unless NO_COLOR is set.
    #[arg(long, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    color: ColorChoice,
    /// Columns; default: those of the terminal, 100 when the output is no terminal.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(WIDTHS.0 as i64..=WIDTHS.1 as i64))]
    width: Option<u16>,
}

/// What a plain text file has no field for.
#[derive(clap::Args)]
struct Given {
    /// Type of the reports, for plain text (CR-echo-foetale, CR-imagerie, …).
    #[arg(long = "type", value_name = "TYPE")]
    document_type: Option<String>,
    /// Title of the reports, for plain text.
    #[arg(long)]
    title: Option<String>,
    /// Date of the reports, for plain text (YYYY-MM-DD).
    #[arg(long)]
    date: Option<Date>,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let options = Options::default();
    let records = open(arguments, &options)?;
    let labels = Labels::shipped()?;
    let engine = arguments.advice.of(load_engine(&arguments.lexicon)?, Ask::InDoubt)?;
    check_concept(&engine, arguments.concept.as_deref())?;
    let terminal = progress::terminal_width().unwrap_or(WIDTH).clamp(WIDTHS.0, WIDTHS.1);
    let width = arguments.width.map_or(terminal, usize::from);
    let look = Look { width, is_colored: is_colored(arguments.color), labels: &labels };
    let mut show = Show { arguments, engine, look, shown: 0, set_aside: 0 };
    for record in records {
        match record.map_err(Failed::new)?.read(&options) {
            Ok(received) => show.document(received.document)?,
            Err(rejection) => show.set_aside(rejection.reason.code(), &rejection),
        }
    }
    show.end()
}

/// The records of a source, or the one of a plain text file.
fn open(arguments: &Arguments, options: &Options) -> Result<Records> {
    let path = Path::new(&arguments.file);
    let is_text = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("txt")) && !path.is_dir();
    if arguments.given.is_any() && !is_text && !path.is_dir() {
        return Err(Failed(
            "--type, --title and --date are for plain text; records have fields for them".into(),
        ));
    }
    if is_text {
        let record = source::text_file(&arguments.file).map_err(Failed::new)?;
        return Ok(Box::new(std::iter::once(Ok(record))));
    }
    source::open(&arguments.file, options).map_err(Failed::new)
}

fn check_concept(engine: &Engine, wanted: Option<&str>) -> Result<()> {
    let Some(wanted) = wanted else { return Ok(()) };
    let is_known = engine.lexicons().concepts.concepts.iter().any(|c| is_kind_of(&c.id, wanted));
    let unknown =
        || Failed(format!("--concept {wanted}: no such concept; find its id with lexicon show TERM"));
    is_known.then_some(()).ok_or_else(unknown)
}

/// True for the concept itself and for its kinds (`avsd.complete` is an `avsd`).
fn is_kind_of(concept: &str, wanted: &str) -> bool {
    concept.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn is_colored(choice: ColorChoice) -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => std::io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb(),
    }
}

struct Show<'a> {
    arguments: &'a Arguments,
    engine: Engine,
    look: Look<'a>,
    shown: usize,
    set_aside: u64,
}

impl Show<'_> {
    fn document(&mut self, mut document: Document) -> Result<()> {
        if self.arguments.document.as_ref().is_some_and(|wanted| *wanted != document.id) {
            return Ok(());
        }
        self.arguments.given.complete(&mut document);
        match self.engine.annotate_guarded(&document) {
            Ok(events) => self.events(&document, events),
            Err(failure) => {
                self.set_aside("engine_failure", &failure);
                Ok(())
            }
        }
    }

    fn events(&mut self, document: &Document, mut events: Vec<CodedEvent>) -> Result<()> {
        if let Some(wanted) = &self.arguments.concept {
            events.retain(|event| is_kind_of(&event.concept, wanted));
            if events.is_empty() {
                return Ok(());
            }
        }
        let between = if self.shown > 0 { "\n" } else { "" };
        self.shown += 1;
        let text = report::render(document, &headings(&self.engine, document), &events, &self.look);
        print(format_args!("{between}{}", text.trim_end_matches('\n')))?;
        if self.arguments.explain { self.explain(document) } else { Ok(()) }
    }

    /// The ambiguous terms that stand for nothing in a report, with the reason.
    fn explain(&self, document: &Document) -> Result<()> {
        for one in self.engine.unresolved(document) {
            let line = 1 + document.text[..one.span.start as usize].matches('\n').count();
            let words = one.span.slice(&document.text);
            let why = super::lexicon::why(self.engine.lexicons(), &one);
            print(format_args!("line {line}: {words:?} is not read as {why}"))?;
        }
        Ok(())
    }

    fn set_aside(&mut self, code: &str, reason: &dyn std::fmt::Display) {
        self.set_aside += 1;
        match self.set_aside {
            n if n <= MOST_NAMED => eprintln!("set aside ({code}): {reason}"),
            n if n == MOST_NAMED + 1 => eprintln!("… more documents set aside"),
            _ => {}
        }
    }

    fn end(self) -> Result {
        match (&self.arguments.document, &self.arguments.concept) {
            (Some(id), None) if self.shown == 0 => {
                Err(Failed(format!("{}: no document {id}", self.arguments.file)))
            }
            (_, Some(concept)) if self.shown == 0 => {
                eprintln!("{}: no mention of {concept}", self.arguments.file);
                Ok(self.outcome())
            }
            _ => Ok(self.outcome()),
        }
    }

    fn outcome(&self) -> Outcome {
        if self.set_aside > 0 { Outcome::SetAside } else { Outcome::Done }
    }
}

/// The sections of a report by their names.
fn headings(engine: &Engine, document: &Document) -> Vec<Heading> {
    let points = CodePoints::new(&document.text);
    let kinds = &engine.lexicons().sections;
    let name = |id: &str| kinds.iter().find(|kind| kind.id == id).map(|kind| kind.label.clone());
    let heading = |section: crate::pipeline::SectionSpan| Heading {
        name: name(&section.kind).filter(|name| !name.is_empty()).unwrap_or(section.kind),
        start: points.of_byte(section.title.start) as usize,
    };
    engine.layout(document).sections.into_iter().map(heading).collect()
}

impl Given {
    fn is_any(&self) -> bool {
        self.document_type.is_some() || self.title.is_some() || self.date.is_some()
    }

    fn complete(&self, document: &mut Document) {
        if self.is_any() {
            document.document_type.clone_from(&self.document_type);
            document.title.clone_from(&self.title);
            document.date = self.date;
        }
    }
}
