//! Surveillance in the warehouse: its runs, the cases they watch, signals, and what it reads of people and reports.

use std::collections::{BTreeMap, BTreeSet};

use super::database::{Access, Database, Row, params};
use super::keys::find_patient;
use super::store::json;
use super::{Warehouse, WarehouseError};
use crate::population::Births;

type Result<T> = std::result::Result<T, WarehouseError>;

/// A case as a run of surveillance counts it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchedCase {
    /// Id of the definition.
    pub phenotype: String,
    /// Its version.
    pub version: String,
    /// Patient; the mother's when the child has no record.
    pub patient_id: String,
    /// Level.
    pub case_level: String,
    /// Class of the child.
    pub class: Option<String>,
    /// How the pregnancy ended.
    pub outcome: Option<String>,
    /// The day that counts it, since 1970-01-01.
    pub case_day: Option<i64>,
    /// Estimated day of conception.
    pub conception_day: Option<i64>,
    /// Code of the area of residence.
    pub area: Option<String>,
    /// Reviewers disagree, or did not decide.
    pub disputed: bool,
    /// Ids of the events that speak for it.
    pub evidence: Vec<String>,
}

/// A case with the span of runs that counted it so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseSpan {
    /// The case.
    pub case: WatchedCase,
    /// Why it stands so since `from_run`.
    pub why: String,
    /// First run with it.
    pub from_run: i64,
    /// First run without it.
    pub until_run: Option<i64>,
    /// Why it ended.
    pub ended: Option<String>,
}

/// A stored run of surveillance. The texts are JSON and the configuration as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SurveilRun {
    /// Number, from 1.
    pub number: i64,
    /// Name of the configuration.
    pub name: String,
    /// What identifies the run.
    pub record: String,
    /// The configuration.
    pub config: String,
    /// Births, coordinates and volumes as they were.
    pub context: String,
    /// What was found.
    pub findings: String,
}

/// A stored signal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredSignal {
    /// Name of the configuration.
    pub name: String,
    /// Id of the signal.
    pub signal: String,
    /// JSON, as the last run that saw it found it.
    pub content: String,
    /// First run that saw it.
    pub first_run: i64,
    /// Last run that saw it.
    pub last_run: i64,
    /// When it was closed.
    pub closed_at: Option<String>,
    /// By whom.
    pub closed_by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// A signal that a run sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenSignal {
    /// Id.
    pub signal: String,
    /// JSON.
    pub content: String,
    /// It was closed, and is more than what was closed: open again.
    pub reopens: bool,
}

/// What a run changes.
pub struct SurveilChanges<'c> {
    /// The run, with the number that follows the last one.
    pub run: &'c SurveilRun,
    /// Cases that end: phenotype, patient, why.
    pub ended: &'c [(String, String, String)],
    /// Cases that begin, with the reason.
    pub begun: &'c [(WatchedCase, String)],
    /// Signals that the run sees.
    pub signals: &'c [SeenSignal],
    /// Texts of definitions by `phenotype:ID@VERSION`.
    pub definitions: &'c [(String, String)],
    /// [`Warehouse::generation`] before anything was read.
    pub generation: i64,
}

/// What is known of a person besides its reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownPerson {
    /// Day of birth.
    pub birth_day: Option<i64>,
    /// How the pregnancy ended.
    pub outcome: Option<String>,
    /// Code of the area of residence.
    pub residence: Option<String>,
    /// Day of conception.
    pub conception_day: Option<i64>,
    /// Pseudonym of the mother.
    pub mother_id: Option<String>,
}

const CASE_COLUMNS: &str =
    "c.phenotype, c.version, p.patient_id, c.case_level, c.class, c.outcome, c.case_day, c.conception_day, c.area,
    c.disputed, c.evidence, c.why, c.from_run, c.until_run, c.ended
    FROM surveil_cases c JOIN patients p ON p.patient = c.patient";

const SIGNAL_COLUMNS: &str =
    "name, signal, content, first_run, last_run, closed_at, closed_by, reason FROM signals";

impl Warehouse {
    /// The runs of surveillance, of one name or of all, in order.
    pub fn surveil_runs(&self, name: Option<&str>) -> Result<Vec<SurveilRun>> {
        let sql = "SELECT number, name, record, config, context, findings FROM surveil_runs
            WHERE name = ?1 OR ?1 IS NULL ORDER BY number";
        self.database.list(sql, params![name], read_run)
    }

    /// The last run of a name, or of all.
    pub fn last_surveil_run(&self, name: Option<&str>) -> Result<Option<SurveilRun>> {
        let sql = "SELECT number, name, record, config, context, findings FROM surveil_runs
            WHERE name = ?1 OR ?1 IS NULL ORDER BY number DESC LIMIT 1";
        self.database.first(sql, params![name], read_run)
    }

    /// A run by its number.
    pub fn surveil_run(&self, number: i64) -> Result<Option<SurveilRun>> {
        let sql =
            "SELECT number, name, record, config, context, findings FROM surveil_runs WHERE number = ?1";
        self.database.first(sql, params![number], read_run)
    }

    /// The cases that a run counted, by phenotype and patient.
    pub fn watched_cases(&self, name: &str, run: i64) -> Result<Vec<CaseSpan>> {
        let sql = format!(
            "SELECT {CASE_COLUMNS} WHERE c.name = ?1 AND c.from_run <= ?2 AND (c.until_run IS NULL OR c.until_run > ?2)
            ORDER BY c.phenotype, p.patient_id"
        );
        self.database.list(&sql, params![name, run], read_case)
    }

    /// The rows that began or ended with a run, by phenotype and patient.
    pub fn changed_cases(&self, name: &str, run: i64) -> Result<Vec<CaseSpan>> {
        let sql = format!(
            "SELECT {CASE_COLUMNS} WHERE c.name = ?1 AND (c.from_run = ?2 OR c.until_run = ?2)
            ORDER BY c.phenotype, p.patient_id, c.from_run"
        );
        self.database.list(&sql, params![name, run], read_case)
    }

    /// Grows when rows are forgotten.
    pub fn generation(&self) -> Result<i64> {
        self.database.scalar("SELECT generation FROM warehouse", &[])
    }

    /// Stores a run with all that it changes, or nothing. False when another run of any name was stored since the
    /// number of this one was chosen, or somebody was forgotten since: read again and start over.
    pub fn store_surveil_run(&mut self, changes: &SurveilChanges<'_>) -> Result<bool> {
        let transaction = self.database.begin(Access::Write)?;
        let last: i64 = transaction.scalar("SELECT coalesce(max(number), 0) FROM surveil_runs", &[])?;
        let generation: i64 = transaction.scalar("SELECT generation FROM warehouse", &[])?;
        if last + 1 != changes.run.number || generation != changes.generation {
            return Ok(false);
        }
        put_run(&transaction, changes.run)?;
        changes.ended.iter().try_for_each(|ended| end_case(&transaction, changes.run, ended))?;
        changes.begun.iter().try_for_each(|begun| begin_case(&transaction, changes.run, begun))?;
        changes.signals.iter().try_for_each(|signal| put_signal(&transaction, changes.run, signal))?;
        let keep = "INSERT INTO snapshots (name, content) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        for (name, text) in changes.definitions {
            transaction.execute(keep, params![name, text.as_bytes()])?;
        }
        transaction.commit()?;
        Ok(true)
    }

    /// Signals, of one name or of all, in the order they were first seen.
    pub fn stored_signals(&self, name: Option<&str>) -> Result<Vec<StoredSignal>> {
        let sql =
            format!("SELECT {SIGNAL_COLUMNS} WHERE name = ?1 OR ?1 IS NULL ORDER BY first_run, name, signal");
        self.database.list(&sql, params![name], read_signal)
    }

    /// Closes a signal, or opens it again.
    pub fn set_signal_state(
        &mut self,
        signal: &str,
        closed: Option<(&str, Option<&str>, &str)>,
    ) -> Result<()> {
        let (at, by, reason) = closed.map_or((None, None, None), |(at, by, why)| (Some(at), by, Some(why)));
        let sql = "UPDATE signals SET closed_at = ?2, closed_by = ?3, reason = ?4 WHERE signal = ?1";
        self.database.execute(sql, params![signal, at, by, reason]).map(|_| ())
    }

    /// Every row of births, by area and period.
    pub fn births(&self) -> Result<Vec<Births>> {
        let sql = "SELECT area, period, live_births, stillbirths FROM births ORDER BY area, period";
        self.database.list(sql, &[], |row| {
            Ok(Births {
                area: row.next()?,
                period: row.next()?,
                live_births: row.next()?,
                stillbirths: row.next()?,
            })
        })
    }

    /// What is known of some patients and of their mothers; those nobody loaded are left out.
    pub fn known_persons(&self, patients: &BTreeSet<String>) -> Result<BTreeMap<String, KnownPerson>> {
        let sql = "SELECT p.patient_id, s.birth_day, s.outcome, s.residence, s.conception_day, m.patient_id
            FROM persons s JOIN patients p ON p.patient = s.patient LEFT JOIN patients m ON m.patient = s.mother";
        let mut found = BTreeMap::new();
        self.database.each(sql, &[], |row| {
            let patient: String = row.next()?;
            if patients.contains(&patient) {
                let person = KnownPerson {
                    birth_day: row.next()?,
                    outcome: row.next()?,
                    residence: row.next()?,
                    conception_day: row.next()?,
                    mother_id: row.next()?,
                };
                found.insert(patient, person);
            }
            Ok::<_, WarehouseError>(())
        })?;
        Ok(found)
    }

    /// The mother of a patient.
    pub fn known_mother(&self, patient: &str) -> Result<Option<String>> {
        let sql = "SELECT m.patient_id FROM patients p JOIN persons s ON s.patient = p.patient
            JOIN patients m ON m.patient = s.mother WHERE p.patient_id = ?1";
        self.database.first(sql, params![patient], |row| row.next())
    }

    /// Documents with a date by month (`2024-03`) and type, in order.
    pub fn documents_by_month(&self) -> Result<Vec<(String, String, u64)>> {
        let sql = "SELECT substr(document_date, 1, 7), coalesce(document_type, ''), count(*) FROM documents
            WHERE document_date IS NOT NULL AND status = 'annotated' AND withdrawn IS NULL
            GROUP BY 1, 2 ORDER BY 1, 2";
        self.database.list(sql, &[], |row| Ok((row.next()?, row.next()?, row.count()?)))
    }

    /// Documents with a date by month and engine (its key), in order.
    pub fn engines_by_month(&self) -> Result<Vec<(String, i64, u64)>> {
        let sql = "SELECT substr(document_date, 1, 7), engine, count(*) FROM documents
            WHERE document_date IS NOT NULL AND status = 'annotated' AND withdrawn IS NULL
            GROUP BY 1, 2 ORDER BY 1, 2";
        self.database.list(sql, &[], |row| Ok((row.next()?, row.next()?, row.count()?)))
    }

    /// Coded events by month, in order.
    pub fn codes_by_month(&self) -> Result<Vec<(String, u64)>> {
        let sql = "SELECT substr(coalesce(event_date, document_date), 1, 7), count(*) FROM events
            WHERE doc IS NULL AND coalesce(event_date, document_date) IS NOT NULL GROUP BY 1 ORDER BY 1";
        self.database.list(sql, &[], |row| Ok((row.next()?, row.count()?)))
    }
}

fn put_run(database: &Database, run: &SurveilRun) -> Result<()> {
    let sql = "INSERT INTO surveil_runs (number, name, record, config, context, findings)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let row = params![run.number, &run.name, &run.record, &run.config, &run.context, &run.findings];
    database.execute(sql, row).map(|_| ())
}

fn end_case(
    database: &Database,
    run: &SurveilRun,
    (phenotype, patient, why): &(String, String, String),
) -> Result<()> {
    let sql = "UPDATE surveil_cases SET until_run = ?1, ended = ?2 WHERE name = ?3 AND phenotype = ?4
        AND until_run IS NULL AND patient = (SELECT patient FROM patients WHERE patient_id = ?5)";
    database.execute(sql, params![run.number, why, &run.name, phenotype, patient]).map(|_| ())
}

/// A patient who was forgotten meanwhile is left out.
fn begin_case(database: &Database, run: &SurveilRun, (case, why): &(WatchedCase, String)) -> Result<()> {
    let Some(patient) = find_patient(database, &case.patient_id)? else { return Ok(()) };
    let sql =
        "INSERT INTO surveil_cases (name, phenotype, version, patient, case_level, class, outcome, case_day,
        conception_day, area, disputed, evidence, why, from_run)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    let evidence = json(&case.evidence)?;
    let row = params![
        &run.name,
        &case.phenotype,
        &case.version,
        patient,
        &case.case_level,
        &case.class,
        &case.outcome,
        case.case_day,
        case.conception_day,
        &case.area,
        case.disputed,
        &evidence,
        why,
        run.number,
    ];
    database.execute(sql, row).map(|_| ())
}

/// A closed signal keeps what was closed, so that a later run can tell whether it has grown.
fn put_signal(database: &Database, run: &SurveilRun, seen: &SeenSignal) -> Result<()> {
    if seen.reopens {
        let sql = "UPDATE signals SET closed_at = NULL, closed_by = NULL, reason = NULL WHERE name = ?1 AND signal = ?2";
        database.execute(sql, params![&run.name, &seen.signal])?;
    }
    let sql = "INSERT INTO signals (name, signal, content, first_run, last_run) VALUES (?1, ?2, ?3, ?4, ?4)
        ON CONFLICT (name, signal) DO UPDATE SET last_run = excluded.last_run,
            content = CASE WHEN signals.closed_at IS NULL THEN excluded.content ELSE signals.content END";
    database.execute(sql, params![&run.name, &seen.signal, &seen.content, run.number]).map(|_| ())
}

/// Deletes the cases of a patient in every run; of its children or mother too, whose case may rest on its reports.
pub(super) fn delete_watched(database: &Database, patient: &str) -> Result<u64> {
    let sql = "DELETE FROM surveil_cases WHERE patient IN (
        SELECT p.patient FROM patients p WHERE p.patient_id = ?1
        UNION SELECT s.patient FROM patients p JOIN persons s ON s.mother = p.patient WHERE p.patient_id = ?1
        UNION SELECT s.mother FROM patients p JOIN persons s ON s.patient = p.patient
            WHERE p.patient_id = ?1 AND s.mother IS NOT NULL)";
    database.execute(sql, params![patient])
}

fn read_run(row: &mut Row<'_>) -> Result<SurveilRun> {
    Ok(SurveilRun {
        number: row.next()?,
        name: row.next()?,
        record: row.next()?,
        config: row.next()?,
        context: row.next()?,
        findings: row.next()?,
    })
}

fn read_case(row: &mut Row<'_>) -> Result<CaseSpan> {
    let case = WatchedCase {
        phenotype: row.next()?,
        version: row.next()?,
        patient_id: row.next()?,
        case_level: row.next()?,
        class: row.next()?,
        outcome: row.next()?,
        case_day: row.next()?,
        conception_day: row.next()?,
        area: row.next()?,
        disputed: row.next()?,
        evidence: row.json("surveil_cases.evidence")?,
    };
    Ok(CaseSpan { case, why: row.next()?, from_run: row.next()?, until_run: row.next()?, ended: row.next()? })
}

fn read_signal(row: &mut Row<'_>) -> Result<StoredSignal> {
    Ok(StoredSignal {
        name: row.next()?,
        signal: row.next()?,
        content: row.next()?,
        first_run: row.next()?,
        last_run: row.next()?,
        closed_at: row.next()?,
        closed_by: row.next()?,
        reason: row.next()?,
    })
}
