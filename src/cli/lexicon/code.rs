//! `laennec lexicon code`: what is above and below a code, its label, whether it may be used.

use super::super::{Failed, Outcome, Result, load_lexicons, print};
use crate::code::{Hierarchy, Relative};
use crate::lexicon::{Lexicons, Validity};
use std::path::PathBuf;

/// Most descendants shown.
const MOST_SHOWN: usize = 40;

/// Show a code: label, validity, ancestors, descendants, and the concepts that carry it.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// `SYSTEM:CODE`, as in CIM-10:Q39.1, HPO:HP:0002032, EUROCAT:cdh.
    code: String,
    /// Folders to add to the shipped lexicons.
    #[arg(long, value_name = "DIR")]
    lexicon: Vec<PathBuf>,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let lexicons = load_lexicons(&arguments.lexicon)?;
    let hierarchy = Hierarchy::new(&lexicons);
    let (system, code) = split(&arguments.code)?;
    let known = hierarchy.get(system, code).ok_or_else(|| {
        let systems = hierarchy.systems().join(", ");
        Failed(format!(
            "{system}:{code} is unknown; the systems that answer are {systems} (see `laennec lexicon import`)"
        ))
    })?;
    let (above, below) = (hierarchy.ancestors(system, code), hierarchy.descendants(system, code));
    let concepts = concepts(&lexicons, system, code);
    let validity = match known.validity {
        Validity::Valid => "valid",
        Validity::Obsolete => "obsolete",
        Validity::Group => "group",
    };
    if arguments.json {
        let list = |relatives: &[Relative]| {
            relatives
                .iter()
                .map(|r| serde_json::json!({"code": r.code, "label": r.label}))
                .collect::<Vec<_>>()
        };
        print(serde_json::json!({
            "system": system, "code": code, "label": known.label, "validity": validity,
            "ancestors": list(&above), "descendants": list(&below), "concepts": concepts,
        }))?;
        return Ok(Outcome::Done);
    }
    print(format!(
        "{system}:{code} — {} ({validity})",
        if known.label.is_empty() { "no label" } else { &known.label }
    ))?;
    lines("above", &above)?;
    lines("below", &below)?;
    print(format!("  concepts   {}", if concepts.is_empty() { "none".into() } else { concepts.join(", ") }))?;
    Ok(Outcome::Done)
}

fn split(text: &str) -> Result<(&str, &str)> {
    let malformed = || Failed(format!("{text:?} is not SYSTEM:CODE, as in CIM-10:Q39.1 or HPO:HP:0002032"));
    text.split_once(':').ok_or_else(malformed)
}

fn lines(name: &str, relatives: &[Relative]) -> Result<()> {
    let shown = relatives.iter().take(MOST_SHOWN).enumerate();
    for (i, relative) in shown {
        print(format!("  {:<10} {}  {}", if i == 0 { name } else { "" }, relative.code, relative.label))?;
    }
    match relatives.len() {
        0 => print(format!("  {name:<10} none")),
        n if n > MOST_SHOWN => print(format!("  {:<10} … and {} more", "", n - MOST_SHOWN)),
        _ => Ok(()),
    }
}

fn concepts(lexicons: &Lexicons, system: &str, code: &str) -> Vec<String> {
    let carries = |codings: &[(String, String)]| codings.iter().any(|(s, c)| s == system && c == code);
    let found = lexicons.concepts.concepts.iter().filter(|concept| carries(&concept.codings));
    found.map(|concept| concept.id.clone()).collect()
}
