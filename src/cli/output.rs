//! Where a command writes: standard output, or a file that appears whole or not at all.

use super::sink::partial_beside;
use super::{Failed, Result};
use std::fs::File;
use std::io::{BufWriter, Error, ErrorKind, Write};
use std::path::Path;

/// Gives `work` an output and closes it. After an error a file does not appear, and one that was there stays as it was.
pub(super) fn write_to(
    path: Option<&Path>,
    work: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
) -> Result<()> {
    let Some(path) = path else {
        let mut out = BufWriter::new(std::io::stdout());
        work(&mut out)?;
        return out.flush().map_err(told);
    };
    let partial = partial_beside(path);
    let written = write_partial(path, &partial, work)
        .and_then(|()| std::fs::rename(&partial, path).map_err(|error| unwritable(path, &error)));
    written.inspect_err(|_| drop(std::fs::remove_file(&partial)))
}

fn write_partial(
    path: &Path,
    partial: &Path,
    work: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
) -> Result<()> {
    let failed = |error: Error| unwritable(path, &error);
    let mut out = BufWriter::new(File::create(partial).map_err(failed)?);
    work(&mut out)?;
    out.flush().map_err(failed)?;
    out.get_ref().sync_all().map_err(failed)
}

fn unwritable(path: &Path, error: &Error) -> Failed {
    Failed(format!("{}: cannot be written: {error}", path.display()))
}

/// What to say of an output that failed; a closed pipe ends the command quietly, as `head` expects.
pub(super) fn told(error: Error) -> Failed {
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    Failed(format!("output: {error}"))
}

/// The same, of a table.
pub(super) fn told_csv(error: csv::Error) -> Failed {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => told(error),
        _ => Failed("output: a row could not be written".into()),
    }
}
