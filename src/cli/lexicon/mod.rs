//! `laennec lexicon list|check|test|show|import|code|suggest`: the words of the engine, for the people who own them.

mod check;
mod code;
mod import;
mod show;
mod suggest;

pub(super) use show::why;

use super::progress::table;
use super::{Failed, Outcome, Result, cases, folders, load_lexicons, print};
use crate::lexicon::{Folder, Kind, Lexicons};
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
    /// Show how a text is read: every term in it with its place and what decides it; or the concept with this id.
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
    #[command(after_help = suggest::EXAMPLES)]
    Suggest(suggest::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> Result {
    match &arguments.command {
        Command::List { dirs } => list(&load_lexicons(dirs)?),
        Command::Check { dirs } => check::run(dirs),
        Command::Test { dirs, set, failures } => test(dirs, set.as_deref(), *failures),
        Command::Show { text, lexicon } => show::run(&load_lexicons(lexicon)?, text),
        Command::Suggest(arguments) => suggest::run(arguments),
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
