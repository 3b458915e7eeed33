//! Forgetting: rows, then the pages that held them, then the log.

use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};

use super::Warehouse;
use super::family::{derive_children, derive_person};
use super::keys::find_patient;
use super::store::{Kind, Refusals, delete_events};
use crate::warehouse::{Forget, ForgetSummary, WarehouseError};

impl Warehouse {
    /// Deletes every row of some documents and patients, refuses them from now on, and rewrites the file so
    /// that no trace is left in it. Takes time and disk space in proportion to the warehouse: give all
    /// targets at once. Unknown targets are refused from now on too; forgetting twice is harmless, and after
    /// a crash or [`WarehouseError::TracesRemain`] it finishes the work ([`Warehouse::verify`] tells).
    ///
    /// Rules, engines and contexts are words of lexicons and of wards, never of people, and stay. What the disk itself keeps
    /// of pages once written (snapshots, backups, flash wear) is out of reach of a program.
    pub fn forget(&mut self, targets: &[Forget<'_>]) -> Result<ForgetSummary, WarehouseError> {
        self.connection.pragma_update(None, "secure_delete", true)?;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
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
        erase(&self.connection)?;
        Ok(summary)
    }
}

fn forget_patient(
    connection: &Connection,
    refusals: &Refusals,
    patient: &str,
    summary: &mut ForgetSummary,
) -> rusqlite::Result<()> {
    refusals.add(connection, Kind::Patient, patient)?;
    // A document of the patient must not come back without its patient either.
    for id in ids_of_patient(connection, patient)? {
        forget_document(connection, refusals, &id, summary)?;
    }
    summary.rejections += delete(connection, "DELETE FROM rejections WHERE patient_id = ?1", patient)?;
    summary.cohorts += delete_cohorts(connection, patient)?;
    match find_patient(connection, patient)? {
        Some(key) => forget_person(connection, key, summary),
        None => Ok(()),
    }
}

/// Everything that refers to the key of a patient, then the key: as a child, as a mother, as a case.
fn forget_person(connection: &Connection, patient: i64, summary: &mut ForgetSummary) -> rusqlite::Result<()> {
    summary.events +=
        delete_key(connection, "DELETE FROM events WHERE patient = ?1 AND doc IS NULL", patient)?;
    summary.reviews += delete_key(connection, "DELETE FROM reviews WHERE patient = ?1", patient)?;
    let children = keys(connection, "SELECT patient FROM persons WHERE mother = ?1", patient)?;
    delete_key(connection, "UPDATE persons SET mother = NULL WHERE mother = ?1", patient)?;
    children.iter().try_for_each(|child| derive_person(connection, *child))?;
    let mothers = "SELECT mother FROM persons WHERE patient = ?1 AND mother IS NOT NULL";
    let mothers = keys(connection, mothers, patient)?;
    summary.persons += delete_key(connection, "DELETE FROM persons WHERE patient = ?1", patient)?;
    mothers.iter().try_for_each(|mother| derive_children(connection, *mother))?;
    delete_key(connection, "DELETE FROM patients WHERE patient = ?1", patient)?;
    mothers.iter().try_for_each(|mother| delete_if_alone(connection, *mother))
}

/// Deletes a patient whom nothing names any more: somebody known only as a mother, or by one report.
fn delete_if_alone(connection: &Connection, patient: i64) -> rusqlite::Result<()> {
    let sql = "DELETE FROM patients WHERE patient = ?1
        AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.patient_id = patients.patient_id)
        AND NOT EXISTS (SELECT 1 FROM events e WHERE e.patient = ?1 AND e.doc IS NULL)
        AND NOT EXISTS (SELECT 1 FROM persons p WHERE p.patient = ?1)
        AND NOT EXISTS (SELECT 1 FROM persons p WHERE p.mother = ?1)
        AND NOT EXISTS (SELECT 1 FROM reviews r WHERE r.patient = ?1)";
    delete_key(connection, sql, patient).map(|_| ())
}

/// A membership of a child may rest on a report of the mother, and the other way round: both go.
fn delete_cohorts(connection: &Connection, patient: &str) -> rusqlite::Result<u64> {
    let sql = "DELETE FROM cohorts WHERE patient_id = ?1 OR patient_id IN (
        SELECT child.patient_id FROM patients p JOIN persons s ON s.mother = p.patient
            JOIN patients child ON child.patient = s.patient WHERE p.patient_id = ?1
        UNION SELECT mother.patient_id FROM patients p JOIN persons s ON s.patient = p.patient
            JOIN patients mother ON mother.patient = s.mother WHERE p.patient_id = ?1)";
    delete(connection, sql, patient)
}

fn keys(connection: &Connection, sql: &str, patient: i64) -> rusqlite::Result<Vec<i64>> {
    connection.prepare_cached(sql)?.query_map([patient], |row| row.get(0))?.collect()
}

fn ids_of_patient(connection: &Connection, patient: &str) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT document_id FROM documents WHERE patient_id = ?1
        UNION SELECT document_id FROM rejections WHERE patient_id = ?1 AND document_id IS NOT NULL";
    connection.prepare_cached(sql)?.query_map([patient], |row| row.get(0))?.collect()
}

fn forget_document(
    connection: &Connection,
    refusals: &Refusals,
    id: &str,
    summary: &mut ForgetSummary,
) -> rusqlite::Result<()> {
    refusals.add(connection, Kind::Document, id)?;
    // Memberships may rest on this document: they go, and running the phenotypes gives them again without it.
    let patient = patient_of_document(connection, id)?;
    if let Some(patient) = &patient {
        summary.cohorts += delete_cohorts(connection, patient)?;
    }
    if let Some(found) = super::store::find_document(connection, id)? {
        summary.events += delete_events(connection, found.stored.key)?;
        summary.documents += delete(connection, "DELETE FROM documents WHERE document_id = ?1", id)?;
    }
    summary.rejections += delete(connection, "DELETE FROM rejections WHERE document_id = ?1", id)?;
    let key = patient.map(|patient| find_patient(connection, &patient)).transpose()?.flatten();
    key.map_or(Ok(()), |key| delete_if_alone(connection, key))
}

fn patient_of_document(connection: &Connection, id: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT patient_id FROM documents WHERE document_id = ?1";
    connection.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional().map(Option::flatten)
}

fn delete_key(connection: &Connection, sql: &str, key: i64) -> rusqlite::Result<u64> {
    connection.prepare_cached(sql)?.execute([key]).map(|rows| rows as u64)
}

fn delete(connection: &Connection, sql: &str, id: &str) -> rusqlite::Result<u64> {
    connection.prepare_cached(sql)?.execute([id]).map(|rows| rows as u64)
}

/// Runs keep their counters; what was forgotten is subtracted here, so that the sums still hold.
fn balance_ledger(connection: &Connection, summary: &ForgetSummary) -> rusqlite::Result<()> {
    let sql = "UPDATE warehouse SET forgotten_documents = forgotten_documents + ?1,
        forgotten_events = forgotten_events + ?2, erasing = 1";
    connection.execute(sql, params![summary.documents as i64, summary.events as i64]).map(|_| ())
}

/// A concept that only the forgotten had goes too. Statistics made by somebody's `ANALYZE` hold samples of
/// keys, patients among them.
fn delete_orphans(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TEMP TABLE orphans AS SELECT meaning FROM meanings m
            WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.meaning = m.meaning);
        DELETE FROM meaning_codes WHERE meaning IN (SELECT meaning FROM orphans);
        DELETE FROM meaning_subgroups WHERE meaning IN (SELECT meaning FROM orphans);
        DELETE FROM meanings WHERE meaning IN (SELECT meaning FROM orphans);
        DROP TABLE orphans;",
    )?;
    let statistics = "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat4'";
    if connection.prepare(statistics)?.exists([])? {
        connection.execute("DELETE FROM sqlite_stat4", [])?;
    }
    Ok(())
}

/// `secure_delete` zeroes freed cells, but pages that were split or merged earlier keep copies in their
/// slack: only a rewrite of the file removes those, and only a truncated log those in the log.
fn erase(connection: &Connection) -> Result<(), WarehouseError> {
    connection.execute_batch("VACUUM").map_err(traces_remain)?;
    truncate_log(connection)?;
    connection.execute("UPDATE warehouse SET erasing = 0", [])?;
    Ok(())
}

fn truncate_log(connection: &Connection) -> Result<(), WarehouseError> {
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

/// How many rows belong to forgotten documents or patients: none, if forgetting holds.
pub(in crate::warehouse) fn count_refused(connection: &Connection) -> rusqlite::Result<u64> {
    let refusals = Refusals::load(connection)?;
    let mut select = connection.prepare(
        "SELECT document_id, patient_id FROM documents
        UNION ALL SELECT coalesce(document_id, ''), patient_id FROM rejections
        UNION ALL SELECT '', patient_id FROM cohorts
        UNION ALL SELECT '', patient_id FROM patients",
    )?;
    let mut rows = select.query([])?;
    let mut refused = 0;
    while let Some(row) = rows.next()? {
        let (document, patient) = (row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str_or_null()?);
        refused += u64::from(refusals.hold(connection, document, patient)?);
    }
    Ok(refused)
}
