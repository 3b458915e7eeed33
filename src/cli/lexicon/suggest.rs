//! `laennec lexicon suggest`: what the lexicons miss in a corpus, ranked by the reports that hold it.

use super::super::progress::{self, table};
use super::super::{Failed, Outcome, Result, load_lexicons, print};
use crate::mention::suggest::{Kind, Suggester, Suggestion};
use crate::mention::{self, About};
use crate::segment::Segmented;
use crate::source::{self, Options};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::path::PathBuf;

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  laennec lexicon suggest reports.jsonl
  laennec lexicon suggest notes/ --lexicon my-lexicon --least 5 --format tsv > to-review.tsv

A phrase is told only when it stands in several reports, and nothing but the phrase is told.";

/// Reports read together.
const TOGETHER: usize = 256;

/// Propose what the lexicons miss: phrases behind known heads, abbreviations with definitions, misspelt words of terms.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Any source of `annotate`.
    corpus: String,
    /// Folders to add to the shipped lexicons.
    #[arg(long, value_name = "DIR")]
    lexicon: Vec<PathBuf>,
    /// Fewest reports that must hold a phrase: what stands in one report only may tell whose it is.
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    least: u32,
    /// Most suggestions of each kind.
    #[arg(long, default_value_t = 50, value_name = "N")]
    most: usize,
    /// Table for people, or tab-separated values.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum Format {
    Table,
    Tsv,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let lexicons = load_lexicons(&arguments.lexicon)?;
    let suggester = Suggester::new(&lexicons);
    let options = Options::default();
    let mut records = source::open(&arguments.corpus, &options).map_err(Failed::new)?;
    let bar = progress::bar(None, arguments.format == Format::Tsv);
    let mut counts: FxHashMap<Suggestion, u32> = FxHashMap::default();
    let (mut read, mut set_aside) = (0_u64, 0_u64);
    loop {
        let together: Vec<_> = records.by_ref().take(TOGETHER).collect();
        if together.is_empty() {
            break;
        }
        let mut texts = Vec::new();
        for record in together {
            match record.map_err(Failed::new)?.read(&options) {
                Ok(received) => texts.push(received.document.text),
                Err(_) => set_aside += 1,
            }
        }
        let of_text = |text: &String| {
            let segmented = Segmented::new(text, &lexicons);
            suggester.read(&segmented, &mention::find(&segmented, &lexicons, About::default()))
        };
        let found: Vec<_> = texts.par_iter().map(of_text).collect();
        read += texts.len() as u64;
        bar.inc(texts.iter().map(|text| text.len() as u64).sum());
        found.into_iter().flatten().for_each(|suggestion| *counts.entry(suggestion).or_insert(0) += 1);
    }
    bar.finish_and_clear();
    show(&ranked(counts, arguments), arguments)?;
    let apart = if set_aside > 0 { format!(", {set_aside} set aside") } else { String::new() };
    eprintln!("{read} reports read{apart}");
    Ok(if set_aside > 0 { Outcome::SetAside } else { Outcome::Done })
}

/// The most frequent of each kind, then in alphabetical order.
fn ranked(counts: FxHashMap<Suggestion, u32>, arguments: &Arguments) -> Vec<(Suggestion, u32)> {
    let mut all: Vec<_> = counts.into_iter().filter(|(_, reports)| *reports >= arguments.least).collect();
    all.sort_by(|(a, n), (b, m)| (a.kind, m, a).cmp(&(b.kind, n, b)));
    let mut told = [0; 3];
    all.retain(|(suggestion, _)| {
        told[suggestion.kind as usize] += 1;
        told[suggestion.kind as usize] <= arguments.most
    });
    all
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Phrase => "phrase",
        Kind::Abbreviation => "abbreviation",
        Kind::Misspelling => "misspelling",
    }
}

fn show(suggestions: &[(Suggestion, u32)], arguments: &Arguments) -> Result<()> {
    if arguments.format == Format::Tsv {
        print("kind\tphrase\tmeaning\treports")?;
        return suggestions
            .iter()
            .try_for_each(|(s, n)| print(format!("{}\t{}\t{}\t{n}", name(s.kind), s.phrase, s.meaning)));
    }
    let mut out = table(&["kind", "phrase", "meaning", "reports"]);
    for (s, n) in suggestions {
        out.add_row([name(s.kind).to_string(), s.phrase.clone(), s.meaning.clone(), n.to_string()]);
    }
    print(out)
}
