//! Keys of the rows that many events share: engines, meanings and rules, each stored once.

use rustc_hash::{FxHashMap, FxHasher};
use sha2::{Digest, Sha256};
use std::hash::{Hash, Hasher};

use super::database::{Database, Row, params};
use super::store::json;
use super::{EngineFingerprint, WarehouseError};
use crate::event::{Assertion, CodedEvent, Coding, Experiencer, Laterality, Method, Provenance, Temporality};

type Result<T> = std::result::Result<T, WarehouseError>;

/// Concept, label, codes and subgroups of an event.
#[derive(Clone, Debug)]
pub(super) struct Meaning {
    pub concept: String,
    pub label: String,
    pub codings: Vec<Coding>,
    pub subgroups: Vec<String>,
}

impl Meaning {
    fn of(event: &CodedEvent) -> Self {
        Self {
            concept: event.concept.clone(),
            label: event.label.clone(),
            codings: event.codings.clone(),
            subgroups: event.subgroups.clone(),
        }
    }

    fn is_of(&self, event: &CodedEvent) -> bool {
        self.label == event.label && self.codings == event.codings && self.subgroups == event.subgroups
    }
}

/// What surrounds an event and repeats: the columns of `contexts`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Context {
    pub document_type: Option<String>,
    pub section: Option<String>,
    pub ward: Option<String>,
    pub assertion: Assertion,
    pub certainty: f64,
    pub conclusion: Assertion,
    pub experiencer: Experiencer,
    pub fetus_index: Option<u8>,
    pub temporality: Temporality,
    pub laterality: Option<Laterality>,
    pub method: Method,
    pub position: Option<String>,
}

impl Context {
    fn of(event: &CodedEvent) -> Self {
        Self {
            document_type: event.document_type.clone(),
            section: event.section.clone(),
            ward: event.ward.clone(),
            assertion: event.assertion,
            certainty: event.certainty,
            conclusion: event.conclusion,
            experiencer: event.experiencer,
            fetus_index: event.fetus_index,
            temporality: event.temporality,
            laterality: event.laterality,
            method: event.method,
            position: event.position.clone(),
        }
    }

    fn is_of(&self, event: &CodedEvent) -> bool {
        self.assertion == event.assertion
            && self.certainty == event.certainty
            && self.conclusion == event.conclusion
            && self.experiencer == event.experiencer
            && self.fetus_index == event.fetus_index
            && self.temporality == event.temporality
            && self.laterality == event.laterality
            && self.method == event.method
            && self.document_type == event.document_type
            && self.section == event.section
            && self.ward == event.ward
            && self.position == event.position
    }
}

/// A hash of what is in a [`Context`], made without one.
fn context_hash(event: &CodedEvent) -> u64 {
    let mut hash = FxHasher::default();
    (&event.document_type, &event.section, &event.ward, &event.position).hash(&mut hash);
    (event.assertion, event.certainty.to_bits(), event.conclusion, event.experiencer).hash(&mut hash);
    (event.fetus_index, event.temporality, event.laterality, event.method).hash(&mut hash);
    hash.finish()
}

/// Patients remembered at once.
const MOST_PATIENTS: usize = 100_000;

/// Keys already looked up. Bounded by the size of the lexicons, not by the number of events.
#[derive(Default)]
pub(super) struct Keys {
    generation: Option<i64>,
    engines: Vec<(EngineFingerprint, i64)>,
    meanings: FxHashMap<String, Vec<(Meaning, i64)>>,
    rules: FxHashMap<String, i64>,
    contexts: FxHashMap<u64, Vec<(Context, i64)>>,
    /// Patients of the batch.
    patients: FxHashMap<String, i64>,
}

impl Keys {
    /// Drops everything when shared rows were deleted since: by forgetting, or by purging. Only meaningful inside a write
    /// transaction.
    pub fn refresh(&mut self, database: &Database) -> Result<()> {
        let generation: i64 = database.scalar("SELECT generation FROM warehouse", &[])?;
        if self.generation != Some(generation) {
            *self = Self { generation: Some(generation), ..Self::default() };
        }
        Ok(())
    }

    /// The key of the engine of a run, stored if need be.
    pub fn engine(&mut self, database: &Database, engine: &EngineFingerprint) -> Result<i64> {
        if let Some((_, key)) = self.engines.iter().find(|(known, _)| known == engine) {
            return Ok(*key);
        }
        let key = match find_engine(database, engine)? {
            Some(key) => key,
            None => insert_engine(database, engine)?,
        };
        self.engines.push((engine.clone(), key));
        Ok(key)
    }

    /// The key of what made an event: any engine row that agrees, whatever its options.
    pub fn provenance(&mut self, database: &Database, made: &Provenance) -> Result<i64> {
        let agrees = |known: &EngineFingerprint| {
            *known.engine == *made.engine && *known.lexicons == *made.lexicons && known.model == made.model
        };
        if let Some((_, key)) = self.engines.iter().find(|(known, _)| agrees(known)) {
            return Ok(*key);
        }
        let engine = EngineFingerprint {
            engine: made.engine.to_string(),
            lexicons: made.lexicons.to_vec(),
            model: made.model.clone(),
            options: String::new(),
        };
        self.engine(database, &engine)
    }

    /// The key of the meaning of an event, stored if need be.
    pub fn meaning(&mut self, database: &Database, event: &CodedEvent) -> Result<i64> {
        let known = self.meanings.get(&event.concept).into_iter().flatten();
        if let Some((_, key)) = known.into_iter().find(|(meaning, _)| meaning.is_of(event)) {
            return Ok(*key);
        }
        let key = find_or_insert_meaning(database, event)?;
        self.meanings.entry(event.concept.clone()).or_default().push((Meaning::of(event), key));
        Ok(key)
    }

    /// The key of the context of an event, stored if need be.
    pub fn context(&mut self, database: &Database, event: &CodedEvent) -> Result<i64> {
        let alike = self.contexts.entry(context_hash(event)).or_default();
        if let Some((_, key)) = alike.iter().find(|(context, _)| context.is_of(event)) {
            return Ok(*key);
        }
        let key = find_or_insert_context(database, event)?;
        alike.push((Context::of(event), key));
        Ok(key)
    }

    /// The key of a patient, stored if need be.
    pub fn patient(&mut self, database: &Database, id: &str) -> Result<i64> {
        if let Some(key) = self.patients.get(id) {
            return Ok(*key);
        }
        let key = find_or_insert_patient(database, id)?;
        if self.patients.len() >= MOST_PATIENTS {
            self.patients.clear();
        }
        self.patients.insert(id.to_owned(), key);
        Ok(key)
    }

    /// Looks up the patients of a batch, or adds them, so that none is asked for alone. Those of the last batch are let go.
    pub fn meet_patients(&mut self, database: &Database, ids: &[&str]) -> Result<()> {
        self.patients = super::bulk::patients(database, ids)?;
        Ok(())
    }

    /// The key of a rule, stored if need be.
    pub fn rule(&mut self, database: &Database, name: &str) -> Result<i64> {
        if let Some(key) = self.rules.get(name) {
            return Ok(*key);
        }
        let key = find_or_insert_rule(database, name)?;
        self.rules.insert(name.to_owned(), key);
        Ok(key)
    }
}

/// The key of an engine that the warehouse already knows.
pub(super) fn find_engine(database: &Database, engine: &EngineFingerprint) -> Result<Option<i64>> {
    let find = "SELECT engine FROM engines WHERE fingerprint = ?1";
    database.first(find, params![&digest(engine)], key)
}

fn key(row: &mut Row<'_>) -> Result<i64> {
    row.next()
}

fn insert_engine(database: &Database, engine: &EngineFingerprint) -> Result<i64> {
    let (fingerprint, lexicons) = (digest(engine), json(&engine.lexicons)?);
    let insert =
        "INSERT INTO engines (fingerprint, name, lexicons, model, options) VALUES (?1, ?2, ?3, ?4, ?5)
        RETURNING engine";
    let row = params![&fingerprint, &engine.engine, &lexicons, &engine.model, &engine.options];
    database.scalar(insert, row)
}

fn digest(engine: &EngineFingerprint) -> [u8; 32] {
    let model = engine.model.iter().map(String::as_str);
    let fixed = [engine.engine.as_str(), engine.options.as_str()];
    let mut hash = Sha256::new();
    hash.update([engine.model.is_some() as u8]);
    for part in fixed.into_iter().chain(model).chain(engine.lexicons.iter().map(String::as_str)) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn find_or_insert_meaning(database: &Database, event: &CodedEvent) -> Result<i64> {
    let (codings, subgroups) = (json(&event.codings)?, json(&event.subgroups)?);
    let row = params![&event.concept, &event.label, &codings, &subgroups];
    let find =
        "SELECT meaning FROM meanings WHERE concept = ?1 AND label = ?2 AND codings = ?3 AND subgroups = ?4";
    if let Some(key) = database.first(find, row, key)? {
        return Ok(key);
    }
    let insert =
        "INSERT INTO meanings (concept, label, codings, subgroups) VALUES (?1, ?2, ?3, ?4) RETURNING meaning";
    let key = database.scalar(insert, row)?;
    insert_codes(database, key, event)?;
    Ok(key)
}

/// The lists may repeat an entry, since what is stored is exactly what came; the sets do not.
fn insert_codes(database: &Database, key: i64, event: &CodedEvent) -> Result<()> {
    let code = "INSERT INTO meaning_codes (meaning, system, code) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    for coding in &event.codings {
        database.execute(code, params![key, &coding.system, &coding.code])?;
    }
    let insert = "INSERT INTO meaning_subgroups (meaning, subgroup) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    for subgroup in &event.subgroups {
        database.execute(insert, params![key, subgroup])?;
    }
    Ok(())
}

fn find_or_insert_context(database: &Database, event: &CodedEvent) -> Result<i64> {
    let row = params![
        &event.document_type,
        &event.section,
        &event.ward,
        event.assertion.as_str(),
        event.certainty,
        event.conclusion.as_str(),
        event.experiencer.as_str(),
        event.fetus_index,
        event.temporality.as_str(),
        event.laterality.map(Laterality::as_str),
        event.method.as_str(),
        &event.position,
    ];
    let find = "SELECT context FROM contexts WHERE document_type IS NOT DISTINCT FROM ?1
        AND section IS NOT DISTINCT FROM ?2 AND ward IS NOT DISTINCT FROM ?3
        AND assertion = ?4 AND certainty = ?5 AND conclusion = ?6 AND experiencer = ?7
        AND fetus_index IS NOT DISTINCT FROM ?8 AND temporality = ?9 AND laterality IS NOT DISTINCT FROM ?10
        AND method = ?11 AND position IS NOT DISTINCT FROM ?12";
    if let Some(key) = database.first(find, row, key)? {
        return Ok(key);
    }
    let insert =
        "INSERT INTO contexts (document_type, section, ward, assertion, certainty, conclusion, experiencer,
        fetus_index, temporality, laterality, method, position)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) RETURNING context";
    database.scalar(insert, row)
}

/// The key of a patient, stored if need be.
pub(super) fn find_or_insert_patient(database: &Database, id: &str) -> Result<i64> {
    if let Some(key) = find_patient(database, id)? {
        return Ok(key);
    }
    database.scalar("INSERT INTO patients (patient_id) VALUES (?1) RETURNING patient", params![id])
}

/// The key of a patient that the warehouse already knows.
pub(super) fn find_patient(database: &Database, id: &str) -> Result<Option<i64>> {
    database.first("SELECT patient FROM patients WHERE patient_id = ?1", params![id], key)
}

fn find_or_insert_rule(database: &Database, name: &str) -> Result<i64> {
    if let Some(key) = database.first("SELECT rule FROM rules WHERE name = ?1", params![name], key)? {
        return Ok(key);
    }
    database.scalar("INSERT INTO rules (name) VALUES (?1) RETURNING rule", params![name])
}
