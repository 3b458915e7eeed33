//! Publication into a folder: one CSV file for each table, for the loaders of a site.

use super::{Publication, PublishError, Summary};
use crate::exchange::{ExchangeError, Row, header, plain_cells};
use std::fmt::Display;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// Writes `note_nlp.csv`, `fact_relationship.csv`, `cohort.csv` and `cohort_definition.csv`. They take their names when all are
/// whole; those of before stay until then.
///
/// # Errors
/// The warehouse cannot be read, or the folder not be written.
pub fn to_folder(publication: &Publication<'_>, folder: &Path) -> Result<Summary, PublishError> {
    std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, error))?;
    let mut parts = Vec::new();
    let written = write_all(publication, folder, &mut parts).and_then(|summary| {
        for part in &parts {
            std::fs::rename(&part.partial, &part.path).map_err(|error| unwritable(&part.path, error))?;
        }
        Ok(summary)
    });
    if written.is_err() {
        parts.iter().for_each(|part| drop(std::fs::remove_file(&part.partial)));
    }
    written
}

/// A file that has not taken its name yet.
struct Part {
    partial: PathBuf,
    path: PathBuf,
}

fn write_all(
    publication: &Publication<'_>,
    folder: &Path,
    parts: &mut Vec<Part>,
) -> Result<Summary, PublishError> {
    let mut summary = Summary::default();
    let mut notes = Table::new(folder, parts)?;
    publication.notes(|row| notes.add(&row))?;
    summary.notes = notes.finish()?;
    let mut table = Table::new(folder, parts)?;
    publication.relationships()?.iter().try_for_each(|row| table.add(row))?;
    summary.relationships = table.finish()?;
    let cohorts = publication.cohorts()?;
    let mut table = Table::new(folder, parts)?;
    cohorts.members.iter().try_for_each(|row| table.add(row))?;
    (summary.members, summary.undated) = (table.finish()?, cohorts.undated);
    let mut table = Table::new(folder, parts)?;
    cohorts.definitions.iter().try_for_each(|row| table.add(row))?;
    summary.definitions = table.finish()?;
    Ok(summary)
}

/// A table that is being written.
struct Table<R> {
    out: csv::Writer<BufWriter<File>>,
    path: PathBuf,
    rows: u64,
    of: std::marker::PhantomData<R>,
}

impl<R: Row> Table<R> {
    fn new(folder: &Path, parts: &mut Vec<Part>) -> Result<Self, PublishError> {
        let path = folder.join(format!("{}.csv", R::TABLE));
        let partial = folder.join(format!(".{}.{}.partial", R::TABLE, std::process::id()));
        let file = File::create(&partial).map_err(|error| unwritable(&path, error))?;
        parts.push(Part { partial, path: path.clone() });
        let mut out = csv::Writer::from_writer(BufWriter::new(file));
        out.write_record(header::<R>()).map_err(|error| unwritable(&path, error))?;
        Ok(Self { out, path, rows: 0, of: std::marker::PhantomData })
    }

    fn add(&mut self, row: &R) -> Result<(), PublishError> {
        self.rows += 1;
        self.out.write_record(plain_cells(row)).map_err(|error| unwritable(&self.path, error))
    }

    /// Puts the rows on disk, and says how many.
    fn finish(self) -> Result<u64, PublishError> {
        let path = self.path;
        let buffer = self.out.into_inner().map_err(|error| unwritable(&path, error.error()))?;
        let file = buffer.into_inner().map_err(|error| unwritable(&path, error.error()))?;
        file.sync_all().map_err(|error| unwritable(&path, error))?;
        Ok(self.rows)
    }
}

fn unwritable(path: &Path, error: impl Display) -> PublishError {
    ExchangeError::Write { path: path.display().to_string(), message: error.to_string() }.into()
}
