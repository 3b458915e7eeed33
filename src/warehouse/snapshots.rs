//! The lexicons that engines read with, as they were; and reports that another engine would read alike.

use super::bulk::list;
use super::database::{Database, Row, params};
use super::write::Run;
use super::{EngineFingerprint, Warehouse, WarehouseError};

type Result<T> = std::result::Result<T, WarehouseError>;

/// Gives the content of lexicons by name (`id@version+hash`); asked once for each engine that a warehouse meets.
pub type Snapshots<'s> = &'s (dyn Fn() -> Vec<(String, Vec<u8>)> + Sync);

/// Reports looked at in one step.
const BATCH: i64 = 2000;

/// An engine whose events are stored.
#[derive(Clone, Debug)]
pub struct Engine {
    /// Its key in this warehouse.
    pub key: i64,
    /// What it is.
    pub fingerprint: EngineFingerprint,
    /// Documents that it has read last.
    pub documents: u64,
}

/// A stored report as a plan sees it.
#[derive(Clone, Debug)]
pub struct Stamped {
    /// Its key in this warehouse.
    pub key: i64,
    /// Its id.
    pub document_id: String,
    /// The signature of its words, if it was kept.
    pub words: Option<Vec<u8>>,
}

/// Stores lexicons that are not there yet.
pub(super) fn keep(database: &Database, snapshots: Snapshots<'_>) -> Result<()> {
    let insert = "INSERT INTO snapshots (name, content) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    for (name, content) in snapshots() {
        database.execute(insert, params![&name, &content])?;
    }
    Ok(())
}

impl Warehouse {
    /// The engines whose events are stored, in the order they came.
    pub fn engines_in_use(&self) -> Result<Vec<Engine>> {
        let sql = "SELECT g.engine, g.name, g.lexicons, g.model, g.options, count(*) FROM engines g
            JOIN documents d ON d.engine = g.engine WHERE d.withdrawn IS NULL AND d.status = 'annotated'
            GROUP BY g.engine, g.name, g.lexicons, g.model, g.options ORDER BY g.engine";
        self.database.list(sql, &[], |row: &mut Row<'_>| {
            let key = row.next()?;
            let engine = row.next()?;
            let lexicons = row.json("engines.lexicons")?;
            let fingerprint =
                EngineFingerprint { engine, lexicons, model: row.next()?, options: row.next()? };
            Ok(Engine { key, fingerprint, documents: row.count()? })
        })
    }

    /// Keys of the reports that have an event of one of these concepts.
    pub fn reports_with(&self, concepts: &[String]) -> Result<Vec<i64>> {
        let sql = "SELECT DISTINCT e.doc FROM meanings m JOIN events e ON e.meaning = m.meaning
            WHERE m.concept = ?1 AND e.doc IS NOT NULL";
        let mut reports = Vec::new();
        for concept in concepts {
            reports.extend(self.database.list(sql, params![concept], |row| row.next::<i64>())?);
        }
        Ok(reports)
    }

    /// A lexicon as it was.
    pub fn snapshot(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.database.first("SELECT content FROM snapshots WHERE name = ?1", params![name], |row| row.next())
    }

    /// Gives the reports that an engine has read last to `each`, in steps, in the order of their keys.
    pub fn each_read_by<E: From<WarehouseError>>(
        &self,
        engine: i64,
        mut each: impl FnMut(Vec<Stamped>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let sql = "SELECT doc, document_id, words FROM documents
            WHERE engine = ?1 AND doc > ?2 AND status = 'annotated' AND withdrawn IS NULL ORDER BY doc LIMIT ?3";
        let mut after = 0;
        loop {
            let read = |row: &mut Row<'_>| {
                Ok(Stamped { key: row.next()?, document_id: row.next()?, words: row.next()? })
            };
            let reports = self.database.list(sql, params![engine, after, BATCH], read)?;
            let Some(last) = reports.last() else { return Ok(()) };
            after = last.key;
            each(reports)?;
        }
    }
}

impl Run<'_> {
    /// Says of reports that this engine reads them as they are stored: their events stay, under its name.
    pub fn restamp(&mut self, reports: &[i64]) -> Result<()> {
        if reports.is_empty() {
            return Ok(());
        }
        let batch = self.in_batch(|writer| {
            let engine = writer.open_run()?.engine;
            let docs = list(reports);
            writer
                .transaction
                .execute_once(&format!("UPDATE documents SET engine = {engine} WHERE doc IN {docs}"))?;
            writer
                .transaction
                .execute_once(&format!("UPDATE events SET engine = {engine} WHERE doc IN {docs}"))
        });
        batch.map(|_| ())
    }
}
