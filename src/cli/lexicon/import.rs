//! `laennec lexicon import`: makes a lexicon of a terminology that the site supplies.

use super::super::progress::table;
use super::super::{Failed, Outcome, Result, print};
use crate::lexicon::import::{self, Format, Mapping, Request, Summary};
use clap::{Subcommand, ValueHint};
use std::path::PathBuf;

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  laennec lexicon import hpo hp-fr.babelon.tsv --synonyms hp-fr.synonyms.tsv --graph hp.obo --into lexicons/hpo-fr
  laennec lexicon import orphanet fr_product1.xml --into lexicons/orpha-fr
  laennec lexicon import claml cim10.xml --into lexicons/cim10
  laennec lexicon import atih LIBCIM10MULTI.TXT --version 2026 --into lexicons/cim10-fr
  laennec lexicon import umls MRCONSO.RRF --version 2026AA --into lexicons/umls-fr
  laennec lexicon import table local.csv --code CODE --term LABEL --system LOCAL --licence internal --into lexicons/local

Every row that is dropped is in dropped.tsv of the new folder, with its file, line and reason.";

/// Make a lexicon of a terminology: its terms cleaned, its hierarchy kept, every dropped row told.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    format: From,
}

#[derive(Subcommand)]
enum From {
    /// Human Phenotype Ontology: French labels in the babelon format.
    Hpo {
        #[command(flatten)]
        common: Common,
        /// The table of French synonyms.
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        synonyms: Option<PathBuf>,
        /// The graph, hp.obo: hierarchy, obsolete codes, UMLS cross references, version.
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        graph: Option<PathBuf>,
    },
    /// Orphanet nomenclature: XML of Orphadata, or JSON.
    Orphanet {
        #[command(flatten)]
        common: Common,
    },
    /// CIM-10 in ClaML (XML).
    Claml {
        #[command(flatten)]
        common: Common,
    },
    /// CIM-10 FR of the ATIH: LIBCIM10MULTI.TXT, in Latin-1.
    Atih {
        #[command(flatten)]
        common: Common,
    },
    /// UMLS: the French rows of MRCONSO.RRF.
    Umls {
        #[command(flatten)]
        common: Common,
    },
    /// A table, CSV or TSV, with a mapping of its columns.
    Table {
        #[command(flatten)]
        common: Common,
        /// Column of the code.
        #[arg(long, value_name = "COLUMN")]
        code: String,
        /// Column of the term; several terms of a row are separated by `|`.
        #[arg(long, value_name = "COLUMN")]
        term: String,
        /// Column of the concept's label, where it is another.
        #[arg(long, value_name = "COLUMN")]
        label: Option<String>,
        /// Code system of the codes.
        #[arg(long, value_name = "SYSTEM")]
        system: String,
        /// A column of other codes.
        #[arg(long = "coding", value_name = "SYSTEM=COLUMN", value_parser = coding)]
        codings: Vec<(String, String)>,
    },
}

#[derive(clap::Args)]
struct Common {
    /// Files of the terminology; gzip is unpacked.
    #[arg(required = true, value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// Folder of the new lexicon; its name is the id. It must be empty or new.
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    /// Version of the terminology, where the files do not say it.
    #[arg(long = "version")]
    version: Option<String>,
    /// Under which terms you use it, where the format does not imply it.
    #[arg(long)]
    licence: Option<String>,
    /// One JSON object instead of the table.
    #[arg(long)]
    json: bool,
}

fn coding(text: &str) -> std::result::Result<(String, String), String> {
    let (system, column) = text.split_once('=').ok_or("write SYSTEM=COLUMN, as in CIM-10=CODE_CIM")?;
    Ok((system.to_string(), column.to_string()))
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let mut mapping = Mapping::default();
    let (mut synonyms, mut graph) = (None, None);
    let (format, common) = match &arguments.format {
        From::Hpo { common, synonyms: of_synonyms, graph: of_graph } => {
            (synonyms, graph) = (of_synonyms.clone(), of_graph.clone());
            (Format::Hpo, common)
        }
        From::Orphanet { common } => (Format::Orphanet, common),
        From::Claml { common } => (Format::Claml, common),
        From::Atih { common } => (Format::Atih, common),
        From::Umls { common } => (Format::Umls, common),
        From::Table { common, code, term, label, system, codings } => {
            mapping = Mapping {
                code: code.clone(),
                term: term.clone(),
                label: label.clone(),
                system: system.clone(),
                codings: codings.clone(),
            };
            (Format::Table, common)
        }
    };
    let request = Request {
        format,
        files: common.files.clone(),
        synonyms,
        graph,
        mapping,
        version: common.version.clone(),
        licence: common.licence.clone(),
    };
    let summary = import::import(&request, &common.into).map_err(Failed::new)?;
    if common.json { as_json(&summary) } else { show(&summary, common) }?;
    Ok(Outcome::Done)
}

fn show(summary: &Summary, common: &Common) -> Result<()> {
    print(format!(
        "{}: {} concepts, {} terms ({} cleaned), {} codes with their hierarchy\nlicence: {}",
        summary.id, summary.concepts, summary.terms, summary.cleaned, summary.codes, summary.licence
    ))?;
    let mut out = table(&["dropped because", "rows"]);
    let mut reasons: Vec<_> = summary.dropped.iter().collect();
    reasons.sort_by_key(|(reason, rows)| (usize::MAX - **rows, **reason));
    for (reason, rows) in reasons {
        out.add_row([reason.name().to_string(), rows.to_string()]);
    }
    out.add_row(["in all".to_string(), summary.dropped.values().sum::<usize>().to_string()]);
    print(out)?;
    let into = common.into.display();
    print(format!("each row is in {into}/dropped.tsv; now run: laennec lexicon check {into}"))
}

fn as_json(summary: &Summary) -> Result<()> {
    let dropped: serde_json::Map<String, serde_json::Value> =
        summary.dropped.iter().map(|(reason, rows)| (reason.name().to_string(), (*rows).into())).collect();
    print(serde_json::json!({
        "id": summary.id, "licence": summary.licence, "concepts": summary.concepts, "terms": summary.terms,
        "cleaned": summary.cleaned, "codes": summary.codes, "dropped": dropped,
    }))
}
