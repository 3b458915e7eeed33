//! Forgetting: rows, then the pages that held them, then the log.

use rusqlite::{Connection, ErrorCode};

use super::database::{Access, Database, Row, params};
use super::family::{derive_children, derive_person};
use super::keys::find_patient;
use super::store::{Kind, Refusals, delete_events};
use super::surveillance::delete_watched;
use super::{Forget, ForgetSummary, Warehouse, WarehouseError, fault};

type Result<T> = std::result::Result<T, WarehouseError>;

impl Warehouse {
    /// Deletes every row of some documents and patients, refuses them from now on, and rewrites the file so
    /// that no trace is left in it. Takes time and disk space in proportion to the warehouse: give all
    /// targets at once. Unknown targets are refused from now on too; forgetting twice is harmless, and after
    /// a crash or [`WarehouseError::TracesRemain`] it finishes the work ([`Warehouse::verify`] tells).
    ///
    /// Rules, engines and contexts are words of lexicons and of wards, never of people, and stay. What the disk itself keeps
    /// of pages once written (snapshots, backups, flash wear) is out of reach of a program.
    pub fn forget(&mut self, targets: &[Forget<'_>]) -> Result<ForgetSummary> {
        if let Some(file) = self.sqlite() {
            file.pragma_update(None, "secure_delete", true)?;
        }
        let transaction = self.database.begin(Access::Write)?;
        let refusals = Refusals::load(&transaction)?;
        let mut summary = ForgetSummary::default();
        for target in targets {
            match target {
                Forget::Document(id) => forget_document(&transaction, &refusals, id, &mut summary)?,
                Forget::Patient(id) => forget_patient(&transaction, &refusals, id, &mut summary)?,
            }
        }
        balance_ledger(&transaction, &summary)?;
        delete_orphans(&transaction)?;
        transaction.commit()?;
        fault::point("forget-before-erase");
        match &self.database {
            Database::Sqlite(file) => erase(&file.connection)?,
            #[cfg(feature = "postgres")]
            Database::Postgres(server) => erase_on_server(&self.database, server)?,
        }
        Ok(summary)
    }
}

fn forget_patient(
    database: &Database,
    refusals: &Refusals,
    patient: &str,
    summary: &mut ForgetSummary,
) -> Result<()> {
    refusals.add(database, Kind::Patient, patient)?;
    // A document of the patient must not come back without its patient either.
    for id in ids_of_patient(database, patient)? {
        forget_document(database, refusals, &id, summary)?;
    }
    summary.rejections += delete(database, "DELETE FROM rejections WHERE patient_id = ?1", patient)?;
    summary.cohorts += delete_cohorts(database, patient)?;
    match find_patient(database, patient)? {
        Some(key) => forget_person(database, key, summary),
        None => Ok(()),
    }
}

/// Everything that refers to the key of a patient, then the key: as a child, as a mother, as a case.
fn forget_person(database: &Database, patient: i64, summary: &mut ForgetSummary) -> Result<()> {
    summary.events += delete_key(database, "DELETE FROM events WHERE patient = ?1 AND doc IS NULL", patient)?;
    delete_key(database, "DELETE FROM retired WHERE patient = ?1", patient)?;
    summary.reviews += delete_key(database, "DELETE FROM reviews WHERE patient = ?1", patient)?;
    let children = keys(database, "SELECT patient FROM persons WHERE mother = ?1", patient)?;
    delete_key(database, "UPDATE persons SET mother = NULL WHERE mother = ?1", patient)?;
    children.iter().try_for_each(|child| derive_person(database, *child))?;
    let mothers = "SELECT mother FROM persons WHERE patient = ?1 AND mother IS NOT NULL";
    let mothers = keys(database, mothers, patient)?;
    summary.persons += delete_key(database, "DELETE FROM persons WHERE patient = ?1", patient)?;
    mothers.iter().try_for_each(|mother| derive_children(database, *mother))?;
    delete_key(database, "DELETE FROM patients WHERE patient = ?1", patient)?;
    mothers.iter().try_for_each(|mother| delete_if_alone(database, *mother))
}

/// Deletes a patient whom nothing names any more: somebody known only as a mother, or by one report.
fn delete_if_alone(database: &Database, patient: i64) -> Result<()> {
    let sql = "DELETE FROM patients WHERE patient = ?1
        AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.patient_id = patients.patient_id)
        AND NOT EXISTS (SELECT 1 FROM events e WHERE e.patient = ?1 AND e.doc IS NULL)
        AND NOT EXISTS (SELECT 1 FROM persons p WHERE p.patient = ?1)
        AND NOT EXISTS (SELECT 1 FROM persons p WHERE p.mother = ?1)
        AND NOT EXISTS (SELECT 1 FROM retired x WHERE x.patient = ?1)
        AND NOT EXISTS (SELECT 1 FROM reviews r WHERE r.patient = ?1)
        AND NOT EXISTS (SELECT 1 FROM surveil_cases c WHERE c.patient = ?1)";
    delete_key(database, sql, patient).map(|_| ())
}

/// A membership of a child may rest on a report of the mother, and the other way round: both go, from cohorts and from
/// surveillance.
fn delete_cohorts(database: &Database, patient: &str) -> Result<u64> {
    let sql = "DELETE FROM cohorts WHERE patient_id = ?1 OR patient_id IN (
        SELECT child.patient_id FROM patients p JOIN persons s ON s.mother = p.patient
            JOIN patients child ON child.patient = s.patient WHERE p.patient_id = ?1
        UNION SELECT mother.patient_id FROM patients p JOIN persons s ON s.patient = p.patient
            JOIN patients mother ON mother.patient = s.mother WHERE p.patient_id = ?1)";
    Ok(delete(database, sql, patient)? + delete_watched(database, patient)?)
}

fn keys(database: &Database, sql: &str, patient: i64) -> Result<Vec<i64>> {
    database.list(sql, params![patient], |row| row.next())
}

fn ids_of_patient(database: &Database, patient: &str) -> Result<Vec<String>> {
    let sql = "SELECT document_id FROM documents WHERE patient_id = ?1
        UNION SELECT document_id FROM rejections WHERE patient_id = ?1 AND document_id IS NOT NULL";
    database.list(sql, params![patient], |row| row.next())
}

fn forget_document(
    database: &Database,
    refusals: &Refusals,
    id: &str,
    summary: &mut ForgetSummary,
) -> Result<()> {
    refusals.add(database, Kind::Document, id)?;
    // Memberships may rest on this document: they go, and running the phenotypes gives them again without it.
    let patient = patient_of_document(database, id)?;
    if let Some(patient) = &patient {
        summary.cohorts += delete_cohorts(database, patient)?;
    }
    let mut former = Vec::new();
    if let Some(found) = super::store::find_document(database, id)? {
        // Earlier versions may have been of other patients.
        let sql =
            "SELECT DISTINCT patient FROM retired WHERE doc = ?1 AND patient IS NOT NULL ORDER BY patient";
        former = keys(database, sql, found.stored.key)?;
        summary.events += delete_events(database, found.stored.key)?;
        delete_key(database, "DELETE FROM retired WHERE doc = ?1", found.stored.key)?;
        summary.documents += delete(database, "DELETE FROM documents WHERE document_id = ?1", id)?;
    }
    summary.rejections += delete(database, "DELETE FROM rejections WHERE document_id = ?1", id)?;
    let key = patient.map(|patient| find_patient(database, &patient)).transpose()?.flatten();
    former.into_iter().chain(key).try_for_each(|key| delete_if_alone(database, key))
}

fn patient_of_document(database: &Database, id: &str) -> Result<Option<String>> {
    let sql = "SELECT patient_id FROM documents WHERE document_id = ?1";
    database.first(sql, params![id], |row| row.next()).map(Option::flatten)
}

fn delete_key(database: &Database, sql: &str, key: i64) -> Result<u64> {
    database.execute(sql, params![key])
}

fn delete(database: &Database, sql: &str, id: &str) -> Result<u64> {
    database.execute(sql, params![id])
}

/// Runs keep their counters; what was forgotten is subtracted here, so that the sums still hold.
fn balance_ledger(database: &Database, summary: &ForgetSummary) -> Result<()> {
    let sql = "UPDATE warehouse SET forgotten_documents = forgotten_documents + ?1,
        forgotten_events = forgotten_events + ?2, erasing = 1, generation = generation + 1";
    database.execute(sql, params![summary.documents as i64, summary.events as i64]).map(|_| ())
}

/// A concept that only the forgotten had goes too. Statistics made by somebody's `ANALYZE` hold samples of
/// keys, patients among them. A claim holds hashes of ids.
pub(super) fn delete_orphans(database: &Database) -> Result<()> {
    database.batch(
        "CREATE TEMP TABLE orphans AS SELECT meaning FROM meanings m
            WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.meaning = m.meaning)
            EXCEPT SELECT meaning FROM retired;
        DELETE FROM meaning_codes WHERE meaning IN (SELECT meaning FROM orphans);
        DELETE FROM meaning_subgroups WHERE meaning IN (SELECT meaning FROM orphans);
        DELETE FROM meanings WHERE meaning IN (SELECT meaning FROM orphans);
        DROP TABLE orphans;
        DELETE FROM claims;",
    )?;
    let Database::Sqlite(file) = database else { return Ok(()) };
    let statistics = "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat4'";
    if file.connection.prepare(statistics)?.exists([])? {
        file.connection.execute("DELETE FROM sqlite_stat4", [])?;
    }
    Ok(())
}

/// How long erasing waits for transactions that began before the rows were deleted: they may still see them.
#[cfg(feature = "postgres")]
const WAIT: std::time::Duration = std::time::Duration::from_secs(10);

/// Deleted rows stay in the pages until the tables are written anew, and samples of them in the statistics.
#[cfg(feature = "postgres")]
fn erase_on_server(database: &Database, server: &super::database::Server) -> Result<()> {
    let owned = "SELECT pg_has_role(c.relowner, 'USAGE') OR pg_has_role(d.datdba, 'USAGE') FROM pg_class c, pg_database d
        WHERE c.oid = 'documents'::regclass AND d.datname = current_database()";
    if !database.scalar::<bool>(owned, &[])? {
        return Err(WarehouseError::NotOwner);
    }
    outlast_others(database)?;
    const TABLES: [&str; 10] = [
        "documents",
        "events",
        "retired",
        "rejections",
        "patients",
        "persons",
        "reviews",
        "cohorts",
        "surveil_cases",
        "meanings",
    ];
    for table in TABLES {
        server.batch(&format!("VACUUM (FULL, ANALYZE) {table}"))?;
    }
    database.execute("UPDATE warehouse SET erasing = 0", &[]).map(|_| ())
}

/// `secure_delete` zeroes freed cells, but pages that were split or merged earlier keep copies in their
/// slack: only a rewrite of the file removes those, and only a truncated log those in the log.
fn erase(connection: &Connection) -> Result<()> {
    connection.execute_batch("VACUUM").map_err(traces_remain)?;
    truncate_log(connection)?;
    connection.execute("UPDATE warehouse SET erasing = 0", [])?;
    Ok(())
}

fn truncate_log(connection: &Connection) -> Result<()> {
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    let busy: bool = connection.query_row(checkpoint, [], |row| row.get(0)).map_err(traces_remain)?;
    if busy { Err(WarehouseError::TracesRemain) } else { Ok(()) }
}

fn traces_remain(error: rusqlite::Error) -> WarehouseError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => WarehouseError::TracesRemain,
        _ => error.into(),
    }
}

/// Waits until every other transaction of this database that is open now has ended.
#[cfg(feature = "postgres")]
fn outlast_others(database: &Database) -> Result<()> {
    let open = "SELECT l.virtualtransaction FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'virtualxid' AND l.granted AND l.pid <> pg_backend_pid() AND a.datname = current_database()";
    let read = |row: &mut Row<'_>| row.next::<String>();
    let before = database.list(open, &[], read)?;
    let started = std::time::Instant::now();
    loop {
        let now = database.list(open, &[], read)?;
        if !before.iter().any(|transaction| now.contains(transaction)) {
            return Ok(());
        }
        if started.elapsed() > WAIT {
            return Err(WarehouseError::TracesRemain);
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

/// How many rows belong to forgotten documents or patients: none, if forgetting holds.
pub(super) fn count_refused(database: &Database) -> Result<u64> {
    let refusals = Refusals::load(database)?;
    if !refusals.any() {
        return Ok(0);
    }
    let mut refused = 0;
    database.each(
        "SELECT document_id, patient_id FROM documents
        UNION ALL SELECT coalesce(document_id, ''), patient_id FROM rejections
        UNION ALL SELECT '', patient_id FROM cohorts
        UNION ALL SELECT '', patient_id FROM patients",
        &[],
        |row: &mut Row<'_>| {
            let (document, patient): (String, Option<String>) = (row.next()?, row.next()?);
            refused += u64::from(refusals.hold(database, &document, patient.as_deref())?);
            Ok::<_, WarehouseError>(())
        },
    )?;
    Ok(refused)
}
