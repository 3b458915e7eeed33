//! What the lexicons and the shipped definitions name: to check a definition, and to say it in French.

use super::super::Result;
use super::find;
use crate::lexicon::Lexicons;
use crate::phenotype::{Known, shipped_definitions};
use std::collections::HashMap;

/// What a definition may name.
pub(super) fn known(lexicons: &Lexicons) -> Known {
    Known {
        subgroups: lexicons.subgroups().map(str::to_string).collect(),
        concepts: lexicons.concepts.concepts.iter().map(|concept| concept.id.clone()).collect(),
        sections: lexicons.sections.iter().map(|section| section.id.clone()).collect(),
    }
}

/// French labels by id: of concepts and kinds of section, and of subgroups, which bear the title of their definition.
pub(super) fn labels(lexicons: &Lexicons) -> Result<HashMap<String, String>> {
    let concepts = lexicons.concepts.concepts.iter().map(|one| (one.id.clone(), one.label.clone()));
    let sections = lexicons.sections.iter().map(|one| (one.id.clone(), one.label.clone()));
    let shipped = shipped_definitions().map_err(find::told)?;
    let title = |id: &str, title: &str| Some((id.strip_prefix(find::FAMILY)?.to_string(), title.to_string()));
    let subgroups = shipped.iter().filter_map(|loaded| title(loaded.id(), &loaded.definition.title));
    Ok(concepts.chain(sections).chain(subgroups).collect())
}
