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
    /// The run that wrote it.
    pub run: i64,
    /// It has an event of one of the concepts asked for.
    pub says_otherwise: bool,
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

    /// A lexicon as it was.
    pub fn snapshot(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.database.first("SELECT content FROM snapshots WHERE name = ?1", params![name], |row| row.next())
    }

    /// Gives the reports that an engine has read last to `each`, in steps, in the order of their keys; with whether they have
    /// an event of one of these concepts.
    pub fn each_read_by<E: From<WarehouseError>>(
        &self,
        engine: i64,
        concepts: &[String],
        mut each: impl FnMut(Vec<Stamped>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let names: Vec<String> = concepts.iter().map(|id| format!("'{}'", id.replace('\'', "''"))).collect();
        let names = if names.is_empty() { "NULL".to_owned() } else { names.join(", ") };
        let sql = format!(
            "SELECT d.doc, d.document_id, d.run, d.words, EXISTS (SELECT 1 FROM events e
                JOIN meanings m ON m.meaning = e.meaning WHERE e.doc = d.doc AND m.concept IN ({names}))
            FROM documents d WHERE d.engine = ?1 AND d.doc > ?2 AND d.status = 'annotated' AND d.withdrawn IS NULL
            ORDER BY d.doc LIMIT ?3"
        );
        let mut after = 0;
        loop {
            let read = |row: &mut Row<'_>| {
                let (key, document_id, run) = (row.next()?, row.next()?, row.next()?);
                Ok(Stamped { key, document_id, run, words: row.next()?, says_otherwise: row.next()? })
            };
            let reports = self.database.list(&sql, params![engine, after, BATCH], read)?;
            let Some(last) = reports.last() else { return Ok(()) };
            after = last.key;
            each(reports)?;
        }
    }
}

impl Run<'_> {
    /// Says of reports that this engine reads them as they are stored: their events stay, under its name. Those that another
    /// run has written since are left alone.
    pub fn restamp(&mut self, before: i64, reports: &[&Stamped]) -> Result<()> {
        if reports.is_empty() {
            return Ok(());
        }
        let batch = self.in_batch(|writer| {
            let engine = writer.open_run()?.engine;
            let docs = list(&reports.iter().map(|report| report.key).collect::<Vec<_>>());
            let rows: Vec<String> = reports.iter().map(|one| format!("({}, {})", one.key, one.run)).collect();
            writer.transaction.execute_once(&format!(
                "UPDATE documents SET engine = {engine} WHERE engine = {before} AND doc IN {docs}
                AND (doc, run) IN (VALUES {})",
                rows.join(", ")
            ))?;
            writer.transaction.execute_once(&format!(
                "UPDATE events SET engine = {engine} WHERE doc IN (
                    SELECT doc FROM documents WHERE engine = {engine} AND doc IN {docs})"
            ))
        });
        batch.map(|_| ())
    }
}
