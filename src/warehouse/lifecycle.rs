//! What happens to stored reports besides annotation: withdrawn by their source, and history that is purged.

use super::bulk::list;
use super::database::{Access, Database, Row, params};
use super::history::{Retiring, retire};
use super::store::{Kind, Refusals};
use super::write::Run;
use super::{Purged, Warehouse, WarehouseError};

type Result<T> = std::result::Result<T, WarehouseError>;

/// The history that runs before a day made.
const OLD_EVENTS: &str = "retired WHERE retired_by IN (SELECT run FROM runs WHERE started_at < ?1)";

/// Rejections of runs before a day whose report was read since.
const OLD_REJECTIONS: &str = "rejections WHERE code <> 'conflict'
    AND run IN (SELECT run FROM runs WHERE started_at < ?1) AND EXISTS (SELECT 1 FROM documents d
        WHERE d.document_id = rejections.document_id AND d.status = 'annotated')";

/// Reports looked at, and withdrawn at most, in one transaction.
const BATCH: i64 = 2000;

impl Run<'_> {
    /// Withdraws every report that this run has not met: its events go to the history, its row says so. Gives how many.
    ///
    /// Only right after a run over sources that hold every report there is.
    pub fn withdraw_unmet(&mut self) -> Result<u64> {
        let (mut withdrawn, mut after) = (0, 0);
        loop {
            let sql =
                "SELECT doc, run FROM documents WHERE doc > ?1 AND withdrawn IS NULL ORDER BY doc LIMIT ?2";
            let read = |row: &mut Row<'_>| Ok((row.next::<i64>()?, row.next::<i64>()?));
            let rows = self.database.list(sql, params![after, BATCH], read)?;
            let Some((last, _)) = rows.last() else { return Ok(withdrawn) };
            after = *last;
            let unmet = |(doc, run): &&(i64, i64)| self.id() != Some(*run) && !self.has_met(*doc);
            let docs: Vec<i64> = rows.iter().filter(unmet).map(|(doc, _)| *doc).collect();
            if !docs.is_empty() {
                self.withdraw(&docs)?;
                withdrawn += docs.len() as u64;
            }
        }
    }

    fn withdraw(&mut self, docs: &[i64]) -> Result<()> {
        let batch = self.in_batch(|writer| {
            let run = writer.open_run()?.run;
            let retiring: Vec<Retiring> = docs.iter().copied().map(Retiring::withdrawn).collect();
            writer.progress.events_removed += retire(writer.transaction, &retiring, run)?;
            let sql = format!("UPDATE documents SET withdrawn = {run} WHERE doc IN {}", list(docs));
            writer.transaction.execute_once(&sql)
        });
        batch.map(|_| ())
    }
}

impl Warehouse {
    /// True when rows were forgotten whose traces are not erased yet.
    pub fn is_erasing(&self) -> Result<bool> {
        self.database.scalar("SELECT erasing FROM warehouse", &[])
    }

    /// Those of some patients that are not yet refused.
    pub fn not_yet_forgotten<'p>(&self, patients: &'p [String]) -> Result<Vec<&'p str>> {
        let refusals = Refusals::load(&self.database)?;
        let mut left = Vec::new();
        for patient in patients {
            if !refusals.any() || !refusals.holds(&self.database, Kind::Patient, patient)? {
                left.push(patient.as_str());
            }
        }
        Ok(left)
    }

    /// Deletes the history that runs before `day` (an ISO date) made, and rejections of then whose report was read since.
    /// With `count_only`, tells what it would delete.
    pub fn purge(&mut self, day: &str, count_only: bool) -> Result<Purged> {
        if count_only {
            let snapshot = self.database.begin(Access::Read)?;
            let count =
                |rows: &str| snapshot.scalar::<i64>(&format!("SELECT count(*) FROM {rows}"), params![day]);
            let purged =
                Purged { events: count(OLD_EVENTS)? as u64, rejections: count(OLD_REJECTIONS)? as u64 };
            snapshot.commit()?;
            return Ok(purged);
        }
        let transaction = self.database.begin(Access::Write)?;
        let purged = Purged {
            events: purge_rows(&transaction, OLD_EVENTS, day)?,
            rejections: purge_rows(&transaction, OLD_REJECTIONS, day)?,
        };
        super::forget::delete_orphans(&transaction)?;
        transaction.execute("UPDATE warehouse SET generation = generation + 1", &[])?;
        transaction.commit()?;
        Ok(purged)
    }
}

fn purge_rows(database: &Database, rows: &str, day: &str) -> Result<u64> {
    database.execute(&format!("DELETE FROM {rows}"), params![day])
}
