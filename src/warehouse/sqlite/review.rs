//! Cases with the kind of their evidence, patients near them, and the verdicts of people.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::Warehouse;
use super::keys::find_patient;
use crate::warehouse::WarehouseError;

/// A case of a cohort.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Patient.
    pub patient_id: String,
    /// Level.
    pub case_level: String,
    /// Index date.
    pub index_date: Option<String>,
    /// Class.
    pub class: Option<String>,
    /// Ids of the events.
    pub evidence: Vec<String>,
    /// Patients whose records may hold them: the patient, the mother, the children.
    pub family: BTreeSet<String>,
    /// Some evidence was read in a report.
    pub by_text: bool,
    /// Some evidence is a coded event.
    pub by_codes: bool,
}

/// The cases of the latest run of a phenotype.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CohortRecord {
    /// Its version.
    pub version: String,
    /// When it was run.
    pub run_at: Option<String>,
    /// In order of patient ids.
    pub members: Vec<Member>,
    /// Concepts of the evidence.
    pub concepts: BTreeSet<String>,
    /// Patients that are neither cases, nor their mothers or children, and have an event of the same meanings.
    pub weak: Vec<String>,
}

/// What a reviewer said of a patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Phenotype.
    pub phenotype: String,
    /// Patient.
    pub patient_id: String,
    /// `validated`, `rejected` or `uncertain`.
    pub verdict: String,
    /// Who.
    pub reviewer: String,
    /// When; none in a sheet that does not say.
    pub reviewed_at: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Level, source and stratum at the time of the draw.
    pub case_level: Option<String>,
    /// See above.
    pub source: Option<String>,
    /// See above.
    pub stratum: Option<String>,
}

/// What became of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewFate {
    /// Stored.
    Stored,
    /// Stored in place of another of the same reviewer and day.
    Replaced,
    /// There already.
    Unchanged,
    /// The patient is not in the warehouse; nothing was stored.
    UnknownPatient,
}

/// Each case with those whose records may hold its evidence.
const FAMILY: &str = "SELECT c.patient_id AS case_id, p.patient, p.patient_id
    FROM cohorts c JOIN patients p ON p.patient_id = c.patient_id
    WHERE c.phenotype = ?1 AND c.phenotype_version = ?2
    UNION SELECT c.patient_id, m.patient, m.patient_id
    FROM cohorts c JOIN patients p ON p.patient_id = c.patient_id
    JOIN persons s ON s.patient = p.patient JOIN patients m ON m.patient = s.mother
    WHERE c.phenotype = ?1 AND c.phenotype_version = ?2
    UNION SELECT c.patient_id, k.patient, k.patient_id
    FROM cohorts c JOIN patients p ON p.patient_id = c.patient_id
    JOIN persons s ON s.mother = p.patient JOIN patients k ON k.patient = s.patient
    WHERE c.phenotype = ?1 AND c.phenotype_version = ?2";

impl Warehouse {
    /// The cases of the latest run of a phenotype; `None` when it has none.
    pub fn latest_cohort(&self, phenotype: &str) -> Result<Option<CohortRecord>, WarehouseError> {
        let latest = "SELECT phenotype_version, run_at FROM cohorts WHERE phenotype = ?1
            ORDER BY run_at DESC NULLS LAST, phenotype_version DESC LIMIT 1";
        let found: Option<(String, Option<String>)> = self
            .connection
            .query_row(latest, [phenotype], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((version, run_at)) = found else { return Ok(None) };
        let mut members = read_members(&self.connection, phenotype, &version)?;
        add_families(&self.connection, phenotype, &version, &mut members)?;
        let (meanings, concepts) = add_kinds(&self.connection, phenotype, &version, &mut members)?;
        let weak = read_weak(&self.connection, phenotype, &version, &meanings)?;
        let members = members.into_values().collect();
        Ok(Some(CohortRecord { version, run_at, members, concepts, weak }))
    }

    /// Phenotypes that have cases or reviews.
    pub fn reviewed_phenotypes(&self) -> Result<Vec<String>, WarehouseError> {
        let sql = "SELECT phenotype FROM reviews UNION SELECT phenotype FROM cohorts ORDER BY 1";
        let mut select = self.connection.prepare(sql)?;
        let names = select.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(names)
    }

    /// Every review of a phenotype, by patient, reviewer and date.
    pub fn reviews(&self, phenotype: &str) -> Result<Vec<Review>, WarehouseError> {
        let sql = "SELECT phenotype, patient_id, verdict, reviewer, reviewed_at, reason, case_level, source, stratum
            FROM v_reviews WHERE phenotype = ?1 ORDER BY patient_id, reviewer, reviewed_at";
        let mut select = self.connection.prepare(sql)?;
        let reviews = select.query_map([phenotype], read_review)?.collect::<rusqlite::Result<_>>()?;
        Ok(reviews)
    }

    /// Stores reviews, all or none; those of unknown patients are left out. A review without a date is of `today`,
    /// unless the reviewer said the same of the patient before.
    pub fn store_reviews(
        &mut self,
        reviews: &[Review],
        today: &str,
    ) -> Result<Vec<ReviewFate>, WarehouseError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let fates = reviews.iter().map(|review| store(&transaction, review, today));
        let fates = fates.collect::<rusqlite::Result<_>>()?;
        transaction.commit()?;
        Ok(fates)
    }

    /// The text of a report in this version, if the warehouse keeps it.
    pub fn kept_text(&self, document_id: &str, version: i64) -> Result<Option<String>, WarehouseError> {
        let sql = "SELECT text FROM documents WHERE document_id = ?1 AND version = ?2";
        let mut select = self.connection.prepare_cached(sql)?;
        let text = select.query_row(params![document_id, version], |row| row.get(0)).optional()?;
        Ok(text.flatten())
    }
}

type Members = BTreeMap<String, Member>;

fn read_members(connection: &Connection, phenotype: &str, version: &str) -> Result<Members, WarehouseError> {
    let sql = "SELECT patient_id, case_level, index_date, class, evidence FROM cohorts
        WHERE phenotype = ?1 AND phenotype_version = ?2";
    let mut select = connection.prepare(sql)?;
    let mut rows = select.query([phenotype, version])?;
    let mut members = Members::new();
    while let Some(row) = rows.next()? {
        let evidence = serde_json::from_str(row.get_ref(4)?.as_str().unwrap_or_default());
        let patient_id: String = row.get(0)?;
        let member = Member {
            patient_id: patient_id.clone(),
            case_level: row.get(1)?,
            index_date: row.get(2)?,
            class: row.get(3)?,
            evidence: evidence.map_err(|_| WarehouseError::Unreadable { column: "cohorts.evidence" })?,
            family: BTreeSet::from([patient_id.clone()]),
            ..Member::default()
        };
        members.insert(patient_id, member);
    }
    Ok(members)
}

fn add_families(
    connection: &Connection,
    phenotype: &str,
    version: &str,
    members: &mut Members,
) -> Result<(), WarehouseError> {
    let mut select = connection.prepare(&format!("SELECT case_id, patient_id FROM ({FAMILY})"))?;
    let mut rows = select.query([phenotype, version])?;
    while let Some(row) = rows.next()? {
        if let Some(member) = members.get_mut(row.get_ref(0)?.as_str().unwrap_or_default()) {
            member.family.insert(row.get(1)?);
        }
    }
    Ok(())
}

/// Meanings and concepts of the evidence, found through the reports of each family: no index leads from the id of an
/// event to the event.
fn add_kinds(
    connection: &Connection,
    phenotype: &str,
    version: &str,
    members: &mut Members,
) -> Result<(BTreeSet<i64>, BTreeSet<String>), WarehouseError> {
    let sql = format!(
        "WITH family AS MATERIALIZED ({FAMILY}),
        wanted AS MATERIALIZED (SELECT c.patient_id, j.value AS event_id FROM cohorts c, json_each(c.evidence) j
            WHERE c.phenotype = ?1 AND c.phenotype_version = ?2),
        near AS (SELECT f.case_id, e.event_id, e.meaning, e.context FROM family f
            CROSS JOIN documents d ON d.patient_id = f.patient_id CROSS JOIN events e ON e.doc = d.doc
            UNION ALL SELECT f.case_id, e.event_id, e.meaning, e.context FROM family f
            CROSS JOIN events e INDEXED BY events_patient ON e.patient = f.patient AND e.doc IS NULL)
        SELECT DISTINCT n.case_id, c.method = 'structured', n.meaning, m.concept
        FROM near n JOIN contexts c ON c.context = n.context JOIN meanings m ON m.meaning = n.meaning
        WHERE (n.case_id, n.event_id) IN (SELECT patient_id, event_id FROM wanted)"
    );
    let (mut meanings, mut concepts) = (BTreeSet::new(), BTreeSet::new());
    let mut select = connection.prepare(&sql)?;
    let mut rows = select.query([phenotype, version])?;
    while let Some(row) = rows.next()? {
        if let Some(member) = members.get_mut(row.get_ref(0)?.as_str().unwrap_or_default()) {
            let is_coded: bool = row.get(1)?;
            member.by_codes |= is_coded;
            member.by_text |= !is_coded;
        }
        meanings.insert(row.get(2)?);
        concepts.insert(row.get(3)?);
    }
    Ok((meanings, concepts))
}

fn read_weak(
    connection: &Connection,
    phenotype: &str,
    version: &str,
    meanings: &BTreeSet<i64>,
) -> Result<Vec<String>, WarehouseError> {
    let sql = format!(
        "SELECT patient_id FROM patients WHERE patient IN (
            SELECT e.patient FROM events e INDEXED BY events_population
            WHERE e.meaning IN (SELECT value FROM json_each(?3)))
        AND patient NOT IN (SELECT patient FROM ({FAMILY})) ORDER BY patient_id"
    );
    let mut select = connection.prepare(&sql)?;
    let rows =
        select.query_map(params![phenotype, version, super::keys::json(meanings)?], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn read_review(row: &Row<'_>) -> rusqlite::Result<Review> {
    Ok(Review {
        phenotype: row.get(0)?,
        patient_id: row.get(1)?,
        verdict: row.get(2)?,
        reviewer: row.get(3)?,
        reviewed_at: row.get(4)?,
        reason: row.get(5)?,
        case_level: row.get(6)?,
        source: row.get(7)?,
        stratum: row.get(8)?,
    })
}

fn store(transaction: &Transaction<'_>, review: &Review, today: &str) -> rusqlite::Result<ReviewFate> {
    let Some(patient) = find_patient(transaction, &review.patient_id)? else {
        return Ok(ReviewFate::UnknownPatient);
    };
    if is_known(transaction, review, patient)? {
        return Ok(ReviewFate::Unchanged);
    }
    let day = review.reviewed_at.as_deref().unwrap_or(today);
    let sql =
        "DELETE FROM reviews WHERE phenotype = ?1 AND patient = ?2 AND reviewer = ?3 AND reviewed_at = ?4";
    let replaced =
        transaction.prepare_cached(sql)?.execute(params![review.phenotype, patient, review.reviewer, day])?;
    let sql =
        "INSERT INTO reviews (phenotype, patient, verdict, reviewer, reviewed_at, reason, case_level, source,
        stratum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    transaction.prepare_cached(sql)?.execute(params![
        review.phenotype,
        patient,
        review.verdict,
        review.reviewer,
        day,
        review.reason,
        review.case_level,
        review.source,
        review.stratum,
    ])?;
    Ok(if replaced == 0 { ReviewFate::Stored } else { ReviewFate::Replaced })
}

/// The same verdict for the same reason, on the same day if the review has one, else as the reviewer's last word.
fn is_known(transaction: &Transaction<'_>, review: &Review, patient: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT verdict = ?4 AND reason IS ?5 FROM reviews
        WHERE phenotype = ?1 AND patient = ?2 AND reviewer = ?3 AND (?6 IS NULL OR reviewed_at = ?6)
        ORDER BY reviewed_at DESC LIMIT 1";
    let same = transaction
        .prepare_cached(sql)?
        .query_row(
            params![
                review.phenotype,
                patient,
                review.reviewer,
                review.verdict,
                review.reason,
                review.reviewed_at
            ],
            |row| row.get(0),
        )
        .optional()?;
    Ok(same.unwrap_or(false))
}
