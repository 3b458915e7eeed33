//! `laennec review sample`: a drawn sheet of patients with their evidence, and columns to fill.

use super::super::{Failed, Outcome, Result};
use super::no_cases;
use crate::cohort::review::{Line, NON_CASE, Pick, Source, case_line, draw, stratum};
use crate::event::CodedEvent;
use crate::source;
use crate::warehouse::{CohortRecord, EventFilter, Member, Place, Warehouse};
use clap::ValueEnum;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

/// Draw cases, and patients with weak evidence, as a sheet to fill.
///
/// Strata are level and source of the cases (reports, codes, both), and the patients that are no case but have an event
/// of the same meanings. Each gives its part of the draw, and five at least. The sheet shows patient text.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The warehouse.
    warehouse: Place,
    /// Phenotype, as the cohort names it.
    #[arg(long, value_name = "ID")]
    phenotype: String,
    /// Patients to draw.
    #[arg(long, short, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    n: u32,
    /// Seed of the draw; the same seed draws the same patients.
    #[arg(long, default_value_t = 20_261_123)]
    seed: u64,
    /// Form of the sheet.
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// Where to write; a file that is there is never replaced, since it may hold verdicts.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Reports that the events were read in, for the words around each mention; any source of `annotate`.
    #[arg(long, value_name = "SOURCE", num_args = 1..)]
    reports: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values; lists are in one cell.
    Csv,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let warehouse = Warehouse::open_existing_at(&arguments.warehouse)?;
    let phenotype = arguments.phenotype.as_str();
    let cohort = warehouse.latest_cohort(phenotype)?.ok_or_else(|| no_cases(phenotype))?;
    let picks = draw(&strata(&cohort), arguments.n as usize, arguments.seed);
    let evidence = picks.iter().map(|pick| evidence(&warehouse, &cohort, pick));
    let evidence = evidence.collect::<Result<Vec<_>>>()?;
    let texts = Texts::gather(&warehouse, &arguments.reports, evidence.iter().flatten())?;
    let lines = picks.iter().zip(&evidence).map(|(pick, evidence)| {
        let line = case_line((phenotype, &cohort.version), pick, evidence, |event| texts.of(event));
        with_case(line, member(&cohort, &pick.patient_id))
    });
    write(arguments, &lines.collect::<Vec<_>>())?;
    Ok(Outcome::Done)
}

fn strata(cohort: &CohortRecord) -> BTreeMap<String, Vec<String>> {
    let mut strata: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for member in &cohort.members {
        let name = stratum(&member.case_level, Source::of(member.by_text, member.by_codes));
        strata.entry(name).or_default().push(member.patient_id.clone());
    }
    strata.insert(NON_CASE.into(), cohort.weak.clone());
    strata
}

fn member<'c>(cohort: &'c CohortRecord, patient_id: &str) -> Option<&'c Member> {
    let place = cohort.members.binary_search_by(|member| member.patient_id.as_str().cmp(patient_id)).ok()?;
    cohort.members.get(place)
}

fn with_case(line: Line, member: Option<&Member>) -> Line {
    let Some(member) = member else { return line };
    Line {
        case_level: Some(member.case_level.clone()),
        index_date: member.index_date.clone(),
        class: member.class.clone(),
        ..line
    }
}

/// The events that made a case, or those of a patient that could have made one.
fn evidence(warehouse: &Warehouse, cohort: &CohortRecord, pick: &Pick) -> Result<Vec<CodedEvent>> {
    let mut events = Vec::new();
    let mut add = |patient: &str, keep: &dyn Fn(&CodedEvent) -> bool| {
        warehouse.events(EventFilter::Patient(patient), |event| {
            if keep(&event) {
                events.push(event);
            }
            Ok::<(), Failed>(())
        })
    };
    match member(cohort, &pick.patient_id) {
        None => add(&pick.patient_id, &|event| cohort.concepts.contains(&event.concept))?,
        Some(member) => {
            for relative in &member.family {
                add(relative, &|event| member.evidence.contains(&event.event_id))?;
            }
            let place = |event: &CodedEvent| member.evidence.iter().position(|id| *id == event.event_id);
            events.sort_by_key(place);
        }
    }
    Ok(events)
}

/// The texts of the reports that hold evidence, as far as they are at hand.
struct Texts(HashMap<(String, i64), String>);

impl Texts {
    fn gather<'e>(
        warehouse: &Warehouse,
        reports: &[String],
        events: impl Iterator<Item = &'e CodedEvent>,
    ) -> Result<Self> {
        let mut texts: HashMap<(String, i64), Option<String>> = HashMap::new();
        for event in events.filter(|event| !event.document_id.is_empty()) {
            let key = (event.document_id.clone(), event.document_version);
            if let Entry::Vacant(place) = texts.entry(key) {
                let text = warehouse.kept_text(&place.key().0, place.key().1)?;
                place.insert(text);
            }
        }
        for path in reports {
            read_reports(path, &mut texts)?;
        }
        Ok(Self(texts.into_iter().filter_map(|(key, text)| Some((key, text?))).collect()))
    }

    fn of(&self, event: &CodedEvent) -> Option<&str> {
        self.0.get(&(event.document_id.clone(), event.document_version)).map(String::as_str)
    }
}

/// Fills in the wanted texts; a report that cannot be read was set aside by `annotate` and made no event.
fn read_reports(path: &str, texts: &mut HashMap<(String, i64), Option<String>>) -> Result<()> {
    let options = source::Options::default();
    for record in source::open(path, &options).map_err(Failed::new)? {
        let Ok(received) = record.map_err(Failed::new)?.read(&options) else { continue };
        let document = received.document;
        if let Some(text) = texts.get_mut(&(document.id, document.version)) {
            *text = Some(document.text);
        }
    }
    Ok(())
}

fn write(arguments: &Arguments, lines: &[Line]) -> Result<()> {
    let sheet = match arguments.format {
        Format::Jsonl => jsonl(lines)?,
        Format::Csv => csv(lines)?,
    };
    match &arguments.out {
        None => super::super::print(sheet.trim_end()),
        Some(path) => super::super::write_new(path, &sheet),
    }
}

fn jsonl(lines: &[Line]) -> Result<String> {
    let lines = lines.iter().map(|line| serde_json::to_string(line).map(|line| line + "\n"));
    lines.collect::<serde_json::Result<_>>().map_err(Failed::new)
}

fn csv(lines: &[Line]) -> Result<String> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(COLUMNS).map_err(Failed::new)?;
    for line in lines {
        out.write_record(cells(line)).map_err(Failed::new)?;
    }
    let bytes = out.into_inner().map_err(Failed::new)?;
    String::from_utf8(bytes).map_err(Failed::new)
}

const COLUMNS: [&str; 17] = [
    "sheet_id",
    "phenotype",
    "phenotype_version",
    "patient_id",
    "stratum",
    "stratum_size",
    "sampled",
    "weight",
    "case_level",
    "index_date",
    "class",
    "snippets",
    "codes",
    "verdict",
    "reviewer",
    "reviewed_at",
    "reason",
];

fn cells(line: &Line) -> [String; 17] {
    let known = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        line.sheet_id.clone(),
        line.phenotype.clone(),
        line.phenotype_version.clone(),
        line.patient_id.clone(),
        line.stratum.clone(),
        line.stratum_size.to_string(),
        line.sampled.to_string(),
        line.weight.to_string(),
        known(&line.case_level),
        known(&line.index_date),
        known(&line.class),
        snippets(line),
        codes(line),
        line.verdict.clone(),
        line.reviewer.clone(),
        line.reviewed_at.clone(),
        line.reason.clone(),
    ]
}

fn snippets(line: &Line) -> String {
    let show = |s: &crate::cohort::review::Snippet| {
        let place =
            [Some(&s.document_id), s.document_type.as_ref(), s.document_date.as_ref(), s.section.as_ref()];
        let place: Vec<&str> = place.into_iter().flatten().map(String::as_str).collect();
        format!("[{}, {}] {}", place.join(" "), s.assertion, s.text)
    };
    line.snippets.iter().map(show).collect::<Vec<_>>().join(" | ")
}

fn codes(line: &Line) -> String {
    let show = |c: &crate::cohort::review::Code| {
        let parts = [Some(&c.codes), Some(&c.label), c.position.as_ref(), c.date.as_ref()];
        let parts = parts.into_iter().flatten().filter(|part| !part.is_empty()).map(String::as_str);
        parts.collect::<Vec<_>>().join(" ")
    };
    line.codes.iter().map(show).collect::<Vec<_>>().join(" | ")
}
