//! Cases with the kind of their evidence, patients near them, and the verdicts of people.

use std::collections::{BTreeMap, BTreeSet};

use super::database::{Access, Database, Row, params};
use super::keys::find_patient;
use super::{Warehouse, WarehouseError};

type Result<T> = std::result::Result<T, WarehouseError>;

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
    pub fn latest_cohort(&self, phenotype: &str) -> Result<Option<CohortRecord>> {
        let latest = "SELECT phenotype_version, run_at FROM cohorts WHERE phenotype = ?1
            ORDER BY run_at DESC NULLS LAST, phenotype_version DESC LIMIT 1";
        let read = |row: &mut Row<'_>| Ok((row.next::<String>()?, row.next::<Option<String>>()?));
        let found = self.database.first(latest, params![phenotype], read)?;
        let Some((version, run_at)) = found else { return Ok(None) };
        let mut members = read_members(&self.database, phenotype, &version)?;
        add_families(&self.database, phenotype, &version, &mut members)?;
        let (meanings, concepts) = add_kinds(&self.database, phenotype, &version, &mut members)?;
        let weak = read_weak(&self.database, phenotype, &version, &meanings)?;
        let members = members.into_values().collect();
        Ok(Some(CohortRecord { version, run_at, members, concepts, weak }))
    }

    /// Phenotypes that have cases or reviews.
    pub fn reviewed_phenotypes(&self) -> Result<Vec<String>> {
        let sql = "SELECT phenotype FROM reviews UNION SELECT phenotype FROM cohorts ORDER BY 1";
        self.database.list(sql, &[], |row| row.next())
    }

    /// Every review of a phenotype, by patient, reviewer and date.
    pub fn reviews(&self, phenotype: &str) -> Result<Vec<Review>> {
        let sql = "SELECT phenotype, patient_id, verdict, reviewer, reviewed_at, reason, case_level, source, stratum
            FROM v_reviews WHERE phenotype = ?1 ORDER BY patient_id, reviewer, reviewed_at";
        self.database.list(sql, params![phenotype], read_review)
    }

    /// Stores reviews, all or none; those of unknown patients are left out. A review without a date is of `today`,
    /// unless the reviewer said the same of the patient before.
    pub fn store_reviews(&mut self, reviews: &[Review], today: &str) -> Result<Vec<ReviewFate>> {
        let transaction = self.database.begin(Access::Write)?;
        let fates = reviews.iter().map(|review| store(&transaction, review, today));
        let fates = fates.collect::<Result<_>>()?;
        transaction.commit()?;
        Ok(fates)
    }

    /// The text of a report in this version, if the warehouse keeps it.
    pub fn kept_text(&self, document_id: &str, version: i64) -> Result<Option<String>> {
        let sql = "SELECT text FROM documents WHERE document_id = ?1 AND version = ?2";
        let text = self.database.first(sql, params![document_id, version], |row| row.next())?;
        Ok(text.flatten())
    }
}

type Members = BTreeMap<String, Member>;

fn read_members(database: &Database, phenotype: &str, version: &str) -> Result<Members> {
    let sql = "SELECT patient_id, case_level, index_date, class, evidence FROM cohorts
        WHERE phenotype = ?1 AND phenotype_version = ?2";
    let mut members = Members::new();
    database.each(sql, params![phenotype, version], |row| {
        let patient_id: String = row.next()?;
        let member = Member {
            patient_id: patient_id.clone(),
            case_level: row.next()?,
            index_date: row.next()?,
            class: row.next()?,
            evidence: row.json("cohorts.evidence")?,
            family: BTreeSet::from([patient_id.clone()]),
            ..Member::default()
        };
        members.insert(patient_id, member);
        Ok::<_, WarehouseError>(())
    })?;
    Ok(members)
}

fn add_families(database: &Database, phenotype: &str, version: &str, members: &mut Members) -> Result<()> {
    let sql = format!("SELECT case_id, patient_id FROM ({FAMILY}) AS family");
    database.each(&sql, params![phenotype, version], |row| {
        if let Some(member) = members.get_mut(&row.next::<String>()?) {
            member.family.insert(row.next()?);
        }
        Ok(())
    })
}

/// Meanings and concepts of the evidence, found through the reports of each family: no index leads from the id of an
/// event to the event.
fn add_kinds(
    database: &Database,
    phenotype: &str,
    version: &str,
    members: &mut Members,
) -> Result<(BTreeSet<i64>, BTreeSet<String>)> {
    let sql = format!(
        "WITH family AS MATERIALIZED ({FAMILY}),
        near AS (SELECT f.case_id, e.event_id, e.meaning, e.context FROM family f
            CROSS JOIN documents d ON d.patient_id = f.patient_id CROSS JOIN events e ON e.doc = d.doc
            UNION ALL SELECT f.case_id, e.event_id, e.meaning, e.context FROM family f
            CROSS JOIN events e INDEXED BY events_patient ON e.patient = f.patient AND e.doc IS NULL)
        SELECT n.case_id, n.event_id, c.method = 'structured', n.meaning, m.concept
        FROM near n JOIN contexts c ON c.context = n.context JOIN meanings m ON m.meaning = n.meaning"
    );
    let (mut meanings, mut concepts) = (BTreeSet::new(), BTreeSet::new());
    database.each(&sql, params![phenotype, version], |row| {
        let (case, event): (String, String) = (row.next()?, row.next()?);
        let Some(member) = members.get_mut(&case).filter(|member| member.evidence.contains(&event)) else {
            return Ok(());
        };
        let is_coded: bool = row.next()?;
        member.by_codes |= is_coded;
        member.by_text |= !is_coded;
        meanings.insert(row.next()?);
        concepts.insert(row.next()?);
        Ok::<_, WarehouseError>(())
    })?;
    Ok((meanings, concepts))
}

fn read_weak(
    database: &Database,
    phenotype: &str,
    version: &str,
    meanings: &BTreeSet<i64>,
) -> Result<Vec<String>> {
    if meanings.is_empty() {
        return Ok(Vec::new());
    }
    let meanings = super::bulk::list(&meanings.iter().copied().collect::<Vec<_>>());
    let sql = format!(
        "SELECT patient_id FROM patients WHERE patient IN (
            SELECT e.patient FROM events e INDEXED BY events_population
            WHERE e.meaning IN {meanings})
        AND patient NOT IN (SELECT patient FROM ({FAMILY}) AS family) ORDER BY patient_id"
    );
    database.list(&sql, params![phenotype, version], |row| row.next())
}

fn read_review(row: &mut Row<'_>) -> Result<Review> {
    Ok(Review {
        phenotype: row.next()?,
        patient_id: row.next()?,
        verdict: row.next()?,
        reviewer: row.next()?,
        reviewed_at: row.next()?,
        reason: row.next()?,
        case_level: row.next()?,
        source: row.next()?,
        stratum: row.next()?,
    })
}

fn store(database: &Database, review: &Review, today: &str) -> Result<ReviewFate> {
    let Some(patient) = find_patient(database, &review.patient_id)? else {
        return Ok(ReviewFate::UnknownPatient);
    };
    if is_known(database, review, patient)? {
        return Ok(ReviewFate::Unchanged);
    }
    let day = review.reviewed_at.as_deref().unwrap_or(today);
    let sql =
        "DELETE FROM reviews WHERE phenotype = ?1 AND patient = ?2 AND reviewer = ?3 AND reviewed_at = ?4";
    let replaced = database.execute(sql, params![&review.phenotype, patient, &review.reviewer, day])?;
    let sql =
        "INSERT INTO reviews (phenotype, patient, verdict, reviewer, reviewed_at, reason, case_level, source,
        stratum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    database.execute(
        sql,
        params![
            &review.phenotype,
            patient,
            &review.verdict,
            &review.reviewer,
            day,
            &review.reason,
            &review.case_level,
            &review.source,
            &review.stratum,
        ],
    )?;
    Ok(if replaced == 0 { ReviewFate::Stored } else { ReviewFate::Replaced })
}

/// The same verdict for the same reason, on the same day if the review has one, else as the reviewer's last word.
fn is_known(database: &Database, review: &Review, patient: i64) -> Result<bool> {
    let sql = "SELECT reviewed_at, verdict, reason FROM reviews
        WHERE phenotype = ?1 AND patient = ?2 AND reviewer = ?3 ORDER BY reviewed_at DESC";
    let read = |row: &mut Row<'_>| Ok((row.next()?, row.next()?, row.next()?));
    let known: Vec<(String, String, Option<String>)> =
        database.list(sql, params![&review.phenotype, patient, &review.reviewer], read)?;
    let of_the_day = |day: &str| review.reviewed_at.as_deref().is_none_or(|reviewed| reviewed == day);
    let last = known.iter().find(|(day, ..)| of_the_day(day));
    Ok(last.is_some_and(|(_, verdict, reason)| *verdict == review.verdict && *reason == review.reason))
}
