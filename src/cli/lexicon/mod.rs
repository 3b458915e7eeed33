//! `laennec lexicon list|check|test|show|import|code`: the words of the engine, for the people who own them.

mod code;
mod import;

use super::progress::table;
use super::{Failed, Outcome, Result, cases, folders, load_lexicons, print};
use crate::lexicon::{Folder, Kind, Lexicons, read_cases};
use crate::pipeline::Engine;
use clap::Subcommand;
use std::path::PathBuf;

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  laennec lexicon check my-lexicon
  laennec lexicon test my-lexicon --failures
  laennec lexicon show omphalocele";

/// List, check, test, show and import lexicons.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the lexicons in use, with version, licence and size.
    List {
        /// Folders to add to the shipped lexicons.
        dirs: Vec<PathBuf>,
    },
    /// Check the files of lexicons: file, line, what to do.
    Check {
        /// Folders to check with the shipped lexicons.
        dirs: Vec<PathBuf>,
    },
    /// Run the cases stored beside the lexicons.
    Test {
        /// Folders to test; default: those shipped.
        dirs: Vec<PathBuf>,
        /// Only the cases of this set (`dev` or `held`).
        #[arg(long)]
        set: Option<String>,
        /// Print every failing case.
        #[arg(long)]
        failures: bool,
    },
    /// Show how a text is read: the concepts found in it, or the concept with this id.
    Show {
        /// A term, a sentence or a concept id.
        text: String,
        /// Folders to add to the shipped lexicons.
        #[arg(long, value_name = "DIR")]
        lexicon: Vec<PathBuf>,
    },
    #[command(after_help = import::EXAMPLES)]
    Import(import::Arguments),
    Code(code::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> Result {
    match &arguments.command {
        Command::List { dirs } => list(&load_lexicons(dirs)?),
        Command::Check { dirs } => check(dirs),
        Command::Test { dirs, set, failures } => test(dirs, set.as_deref(), *failures),
        Command::Show { text, lexicon } => show(&load_lexicons(lexicon)?, text),
        Command::Import(arguments) => import::run(arguments),
        Command::Code(arguments) => code::run(arguments),
    }
}

fn list(lexicons: &Lexicons) -> Result {
    let mut out = table(&["lexicon", "kind", "version", "rows", "licence", "source"]);
    for (i, manifest) in lexicons.manifests.iter().enumerate() {
        let of_lexicon = |concept: u32| lexicons.concepts.concepts[concept as usize].lexicon == i;
        let rows = match manifest.kind {
            Kind::Concepts => lexicons.concepts.terms.iter().filter(|t| of_lexicon(t.concept)).count(),
            Kind::Cues => lexicons.cues.len(),
            Kind::Sections => lexicons.sections.len(),
            Kind::Abbreviations => lexicons.abbreviations.len(),
            Kind::Dates => lexicons.dates.len(),
            Kind::Units => lexicons.units.len(),
            Kind::Documents | Kind::Grammar | Kind::Overlay => 0,
        };
        let rows = if rows == 0 { "-".to_string() } else { rows.to_string() };
        let (id, version) = (manifest.id.clone(), format!("{}+{}", manifest.version, manifest.hash));
        out.add_row([
            id,
            manifest.kind.as_str().into(),
            version,
            rows,
            manifest.licence.clone(),
            manifest.source.clone(),
        ]);
    }
    print(out)?;
    Ok(Outcome::Done)
}

fn check(dirs: &[PathBuf]) -> Result {
    let folders = folders(dirs)?;
    let lexicons = Lexicons::from_folders(&folders).map_err(Failed::new)?;
    let mut faults = Vec::new();
    let mut count = 0;
    for folder in &folders {
        match read_cases(folder) {
            Ok(cases) => {
                count += cases.len();
                let is_cues = lexicons.manifests.iter().any(|m| m.id == folder.name && m.kind == Kind::Cues);
                faults.extend(if is_cues { cases::unreadable(&cases) } else { Vec::new() });
            }
            Err(problems) => faults.extend(problems.iter().map(ToString::to_string)),
        }
    }
    if !faults.is_empty() {
        return Err(Failed(faults.join("\n")));
    }
    let terms = lexicons.concepts.terms.len();
    let (cues, titles) = (lexicons.cues.len(), lexicons.sections.len());
    print(format!(
        "{} lexicons: {} concepts, {terms} terms, {} patterns, {cues} cues, {titles} kinds of sections, {count} cases: no problem",
        folders.len(),
        lexicons.concepts.concepts.len(),
        lexicons.patterns.patterns.len(),
    ))?;
    Ok(Outcome::Done)
}

fn test(dirs: &[PathBuf], set: Option<&str>, show_failures: bool) -> Result {
    let folders = folders(dirs)?;
    let engine = Engine::new(Lexicons::from_folders(&folders).map_err(Failed::new)?).map_err(Failed)?;
    let named: Vec<Folder> =
        dirs.iter().map(|d| Folder::read(d)).collect::<std::result::Result<_, _>>().map_err(Failed::new)?;
    let tested = if named.is_empty() { folders } else { named };
    let mut out = table(&["lexicon", "cases", "passed", "failed", "required"]);
    let mut failed = false;
    for folder in &tested {
        let report = cases::run(&engine, folder, set).map_err(Failed)?;
        if show_failures || report.is_failed() {
            report.failures.iter().for_each(|failure| eprintln!("{failure}"));
        }
        failed |= report.is_failed();
        let cells = [report.ran, report.passed(), report.failures.len()].map(|n| n.to_string());
        let [ran, passed, failures] = cells;
        out.add_row([
            folder.name.clone(),
            ran,
            passed,
            failures,
            format!("{:.0} %", report.required * 100.0),
        ]);
    }
    print(out)?;
    if failed {
        Err(Failed("cases failed; mend the data, or the case where it is wrong".into()))
    } else {
        Ok(Outcome::Done)
    }
}

fn show(lexicons: &Lexicons, text: &str) -> Result {
    let by_id: Vec<usize> =
        (0..lexicons.concepts.concepts.len()).filter(|&i| lexicons.concepts.concepts[i].id == text).collect();
    if !by_id.is_empty() {
        by_id.into_iter().try_for_each(|i| show_concept(lexicons, i))?;
        return Ok(Outcome::Done);
    }
    let segmented = crate::segment::Segmented::new(text, lexicons);
    let mentions = crate::mention::find(&segmented, lexicons);
    if mentions.is_empty() {
        print("no concept is found in this text (an ambiguous term counts only with support nearby)")?;
    }
    for mention in &mentions {
        print(format!("\"{}\"", mention.span.slice(text)))?;
        if let Some(concept) = mention.concept {
            show_concept(lexicons, concept as usize)?;
        }
    }
    for (id, span) in crate::context::cues(&segmented, lexicons) {
        print(format!("cue {id}: \"{}\"", span.slice(text)))?;
    }
    Ok(Outcome::Done)
}

fn show_concept(lexicons: &Lexicons, index: usize) -> Result<()> {
    let concept = &lexicons.concepts.concepts[index];
    let codes: Vec<String> =
        concept.codings.iter().map(|(system, code)| format!("{system} {code}")).collect();
    let terms = lexicons.concepts.terms.iter().filter(|t| t.concept as usize == index);
    let terms: Vec<String> =
        terms.map(|t| format!("{}{}", t.text, if t.ambiguous { " (ambiguous)" } else { "" })).collect();
    print(format!("  {} — {} ({})", concept.id, concept.label, lexicons.manifests[concept.lexicon].id))?;
    print(format!("    codes      {}", codes.join(", ")))?;
    print(format!(
        "    subgroups  {}{}",
        concept.subgroups.join(", "),
        if concept.minor { " (minor)" } else { "" }
    ))?;
    print(format!("    terms      {}", terms.join(" · ")))
}
