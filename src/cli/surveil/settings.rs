//! A configuration with the files it names: definitions, map, published rates, known associations.

use super::super::phenotype::find;
use super::super::{Failed, Result};
use crate::phenotype::Loaded;
use crate::surveillance::{Config, DEFAULT, Map, config_of, tables};
use crate::warehouse::SurveilRun;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Largest configuration and map, in bytes.
const LARGEST_CONFIG: u64 = 1 << 20;
const LARGEST_MAP: u64 = 64 << 20;

/// A configuration, read.
pub(super) struct Settings {
    /// As written.
    pub text: String,
    /// As read.
    pub config: Config,
    /// The folder that its paths are relative to.
    folder: PathBuf,
}

impl Settings {
    /// Of a file, or the shipped one.
    pub fn read(file: Option<&Path>) -> Result<Self> {
        let (name, text) = match file {
            Some(file) => {
                (file.display().to_string(), tables::text_of(file, LARGEST_CONFIG).map_err(Failed)?)
            }
            None => ("surveillance/default.toml".to_string(), DEFAULT.to_string()),
        };
        let config = Config::read(&name, &text).map_err(Failed)?;
        let folder = file.and_then(Path::parent).unwrap_or(Path::new("")).to_path_buf();
        Ok(Self { text, config, folder })
    }

    /// Of a stored run; `folder` is where the files that it names are.
    pub fn stored(run: &SurveilRun, folder: &Path) -> Result<Self> {
        Ok(Self { text: run.config.clone(), config: config_of(run)?, folder: folder.to_path_buf() })
    }

    /// The definitions it names, and the one that gives classes when the family is among them.
    pub fn definitions(&self) -> Result<Vec<Loaded>> {
        let in_folder = |name: &String| {
            let path = self.folder.join(name);
            if name.ends_with(".toml") || path.is_dir() { path.display().to_string() } else { name.clone() }
        };
        let mut names: Vec<String> = self.config.phenotypes.iter().map(in_folder).collect();
        if names.iter().any(|name| name.starts_with("eurocat/")) {
            names.push("eurocat/class".into());
        }
        find::definitions(&names)
    }

    /// The map it names, if it names one.
    pub fn map(&self) -> Result<Option<Map>> {
        let Some(map) = &self.config.map else { return Ok(None) };
        read_map(&self.folder.join(&map.file), map.property.as_deref()).map(Some)
    }

    /// Coordinates of areas: its own, and those of the map for the others.
    pub fn centroids(&self, map: Option<&Map>) -> BTreeMap<String, (f64, f64)> {
        let mut centroids = map.map(Map::centroids).unwrap_or_default();
        centroids.extend(self.config.centroids.clone());
        centroids
    }

    /// Names of areas: its own, and those of the map for the others.
    pub fn names(&self, map: Option<&Map>) -> BTreeMap<String, String> {
        let mut names = map.map(Map::names).unwrap_or_default();
        names.extend(self.config.areas.clone());
        names
    }

    /// Published rates.
    pub fn reference(&self) -> Result<Vec<tables::Row>> {
        let columns = ["phenotype", "per_10000", "scope", "source"];
        self.table(
            self.config.reference.as_deref(),
            "surveillance/reference.tsv",
            tables::REFERENCE,
            &columns,
        )
    }

    /// Known associations.
    pub fn associations(&self) -> Result<Vec<tables::Row>> {
        let file = self.config.associations.as_deref();
        self.table(file, "surveillance/associations.tsv", tables::ASSOCIATIONS, &["first", "second"])
    }

    fn table(
        &self,
        file: Option<&Path>,
        shipped_as: &str,
        shipped: &str,
        columns: &[&str],
    ) -> Result<Vec<tables::Row>> {
        let read = match file {
            Some(file) => tables::read_file(&self.folder.join(file), columns),
            None => tables::read(shipped_as, shipped, columns),
        };
        read.map_err(Failed)
    }
}

/// Reads a map.
pub(super) fn read_map(file: &Path, property: Option<&str>) -> Result<Map> {
    let text = tables::text_of(file, LARGEST_MAP).map_err(Failed)?;
    Map::read(&file.display().to_string(), &text, property).map_err(Failed)
}
