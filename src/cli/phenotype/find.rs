//! Definitions by id, family, file or folder.

use super::super::{Failed, Result};
use crate::phenotype::{Loaded, definitions_at, shipped_definitions};
use crate::problem::{Problem, Problems};
use std::path::Path;

/// What the ids of the family of subgroups begin with.
pub(super) const FAMILY: &str = "eurocat/";

/// The definitions named, each once, in the order given; all those shipped when none is named.
pub(in crate::cli) fn definitions(names: &[String]) -> Result<Vec<Loaded>> {
    let shipped = shipped_definitions().map_err(told)?;
    if names.is_empty() {
        return Ok(shipped);
    }
    let mut found: Vec<Loaded> = Vec::new();
    for name in names {
        for loaded in named(name, &shipped)? {
            match found.iter().find(|known| known.id() == loaded.id()) {
                None => found.push(loaded),
                Some(known) if known.version == loaded.version => {}
                Some(known) => {
                    let at = loaded.definition.id.span();
                    let message =
                        format!("id {:?} is also that of {}; give one another id", loaded.id(), known.file);
                    return Err(told(vec![loaded.source().problem(at, message)]));
                }
            }
        }
    }
    Ok(found)
}

/// A definition by its id, or those of a family, a file or a folder.
fn named(name: &str, shipped: &[Loaded]) -> Result<Vec<Loaded>> {
    let family = format!("{}/", name.trim_end_matches('/'));
    let by_id = |loaded: &&Loaded| loaded.id() == name || loaded.id().starts_with(&family);
    let found: Vec<Loaded> = shipped.iter().filter(by_id).cloned().collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let path = Path::new(name);
    if path.exists() {
        return definitions_at(path).map_err(told);
    }
    Err(Failed(format!(
        "no phenotype {name:?}: give an id or family of `laennec phenotype list`, a .toml file or a folder"
    )))
}

pub(in crate::cli) fn told(problems: Vec<Problem>) -> Failed {
    Failed::new(Problems(problems))
}
