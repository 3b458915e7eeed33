//! A warehouse of any size for the benches: ordinary adults by the million, births among them, and cases planted on purpose.
//!
//! The schema is the crate's own; rows are then written in bulk. The same size and seed give the same rows. Nothing in it is
//! clinical evidence: frequencies of anomalies are those of `simulation/prevalence.tsv`, everything else is of the right order.

use super::support::shipped_lexicons;
use laennec::warehouse::{Warehouse, date_of, day_of};
use rusqlite::{CachedStatement, Connection, params};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// Events a patient, reports and coded diagnoses together.
const EVENTS_OF_PATIENT: u64 = 42;
/// One patient in so many is a birth.
const PATIENTS_OF_BIRTH: u64 = 67;
/// Of adults, in thousandths: who has a mention of a malformation somewhere.
const ADULT_MENTIONS: u64 = 250;
/// Ordinary concepts of reports, and ordinary codes of stays.
const CONCEPTS: u64 = 6_000;
const CODES: u64 = 16_000;
/// Groups whose cases are counted while they are planted.
pub const CHECKED: [&str; 6] =
    ["oesophageal_atresia", "vsd", "spina_bifida", "gastroschisis", "diaphragmatic_hernia", "clubfoot"];
/// Who has one of these is no case of spina bifida.
const BEFORE_SPINA_BIFIDA: [&str; 2] = ["anencephaly", "encephalocele"];

const TYPES: [&str; 9] =
    ["CRH", "CRO", "CR-consultation", "CR-imagerie", "lettre", "urgences", "RCP", "CR-anapath", "autre"];
const SECTIONS: [Option<&str>; 4] = [None, Some("motif"), Some("antecedents"), Some("conclusion")];

/// What is asked of a warehouse.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Rows of `events`.
    pub rows: u64,
    /// It has the births and the malformations of a warehouse of so many rows.
    pub about: u64,
    pub seed: u64,
}

/// What was planted.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Truth {
    pub rows: u64,
    pub patients: u64,
    pub births: u64,
    pub documents: u64,
    /// Events of a malformation: said, denied, suspected, of others, coded.
    pub about_malformations: u64,
    /// Cases by the id of the subgroup, for those of [`CHECKED`].
    pub cases: BTreeMap<String, u64>,
    /// A case of oesophageal atresia.
    pub patient: String,
}

/// Writes the warehouse; the file must not exist.
pub fn make(path: &Path, size: Size) -> Truth {
    let warehouse = Warehouse::open(path).expect("a new warehouse");
    let connection = warehouse.sqlite().expect("a SQLite warehouse");
    connection
        .execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -400000;
            PRAGMA threads = 1;",
        )
        .expect("settings");
    let indexes = ["events_population", "events_structured", "events_patient", "documents_patient"];
    let again: Vec<String> = indexes.iter().map(|name| sql_of(connection, name)).collect();
    for name in indexes {
        connection.execute_batch(&format!("DROP INDEX {name}")).expect("an index less");
    }
    connection.execute_batch("BEGIN").expect("a transaction");
    let truth = Writer::new(connection, size).fill();
    connection.execute_batch("COMMIT").expect("the rows");
    for sql in again {
        connection.execute_batch(&sql).expect("an index again");
    }
    connection.execute_batch("PRAGMA journal_mode = WAL").expect("a log");
    truth
}

fn sql_of(connection: &Connection, name: &str) -> String {
    let find = "SELECT sql FROM sqlite_schema WHERE name = ?1";
    connection.query_row(find, [name], |row| row.get(0)).expect("an index of the schema")
}

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.0)
    }

    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    fn between(&mut self, first: i64, last: i64) -> i64 {
        first + self.below((last - first + 1) as u64) as i64
    }

    fn real(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn holds(&mut self, share: f64) -> bool {
        self.real() < share
    }

    /// A rank by Zipf's law: the first is met about `bound` times as often as the last.
    fn rank(&mut self, bound: u64) -> u64 {
        let rank = ((bound as f64 + 1.0).ln() * self.real()).exp() as u64;
        rank.clamp(1, bound) - 1
    }
}

fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The columns of `contexts` that differ here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Around {
    kind: Option<&'static str>,
    section: Option<&'static str>,
    said: &'static str,
    whose: &'static str,
    when: &'static str,
    fetus: Option<u8>,
    position: Option<&'static str>,
}

const CODED: Around = Around {
    kind: None,
    section: None,
    said: "present",
    whose: "patient",
    when: "current",
    fetus: None,
    position: Some("DAS"),
};

impl Around {
    fn report(kind: &'static str) -> Self {
        Self { kind: Some(kind), position: None, ..CODED }
    }

    fn scan(said: &'static str, fetus: Option<u8>) -> Self {
        Self { said, whose: "fetus", fetus, ..Self::report("CR-echo-foetale") }
    }

    fn certainty(self) -> f64 {
        match self.said {
            "possible" => 0.66,
            "hypothetical" => 0.1,
            _ => 1.0,
        }
    }
}

/// A concept of the lexicon that belongs to a subgroup.
struct Anomaly {
    meaning: i64,
    coded: Option<i64>,
    subgroups: BTreeSet<String>,
}

/// A row of `simulation/prevalence.tsv`.
struct Condition {
    concepts: Vec<usize>,
    share: f64,
    before_birth: f64,
    terminated: f64,
}

struct PersonRow {
    patient: i64,
    birth: i64,
    sex: &'static str,
    child: Option<(i64, &'static str, i64, Option<i64>)>,
}

struct Writer<'c> {
    size: Size,
    chance: Chance,
    connection: &'c Connection,
    event: CachedStatement<'c>,
    document: CachedStatement<'c>,
    contexts: HashMap<Around, i64>,
    dates: Vec<String>,
    labels: Vec<String>,
    anomalies: Vec<Anomaly>,
    conditions: Vec<Condition>,
    first_concept: i64,
    first_code: i64,
    persons: Vec<PersonRow>,
    families: u64,
    emitted: u64,
    first_day: i64,
    patients: u64,
    step: u64,
    truth: Truth,
}

const FIRST_DAY: &str = "1920-01-01";

impl<'c> Writer<'c> {
    fn new(connection: &'c Connection, size: Size) -> Self {
        connection
            .execute_batch(
                "INSERT INTO engines VALUES (1, zeroblob(32), 'bench', '[]', NULL, ''), (2, CAST('an engine of a bench is 32 bytes' AS BLOB), 'bench load', '[]', NULL, '');
                INSERT INTO rules VALUES (1, 'bench'), (2, 'structured');
                INSERT INTO runs (run, engine, started_at) VALUES (1, 1, '2026-01-01T00:00:00Z');",
            )
            .expect("shared rows");
        let event = "INSERT INTO events (event_id, doc, patient, visit_id, meaning, rule, engine, context, document_date, start,
            \"end\", text, event_date, event_date_precision, event_date_source, cues, confidence, day, report_day)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 'day', ?14, ?15, 0.95, ?16, ?16)";
        let document = "INSERT INTO documents (doc, document_id, version, patient_id, visit_id, document_type, document_date,
            status, content_hash, text_sha256, engine, run)
            VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, 'annotated', ?7, ?7, 1, 1)";
        let first = day_of(FIRST_DAY).expect("a date");
        let days = first..first + 40_000;
        let patients = (size.rows / EVENTS_OF_PATIENT).max(PATIENTS_OF_BIRTH * 2);
        let mut writer = Self {
            size,
            chance: Chance(size.seed),
            connection,
            event: connection.prepare_cached(event).expect("events"),
            document: connection.prepare_cached(document).expect("documents"),
            contexts: HashMap::new(),
            dates: days.map(|day| date_of(day).expect("a day")).collect(),
            labels: vec![String::new()],
            anomalies: Vec::new(),
            conditions: Vec::new(),
            first_concept: 0,
            first_code: 0,
            persons: Vec::new(),
            families: 0,
            emitted: 0,
            first_day: first,
            patients,
            step: coprime(patients),
            truth: Truth { rows: size.rows, patients, ..Truth::default() },
        };
        writer.meanings();
        writer
    }

    /// The lexicon's own concepts of malformations with their codes, then ordinary concepts and codes.
    fn meanings(&mut self) {
        let lexicons = shipped_lexicons();
        let mut places = HashMap::new();
        for concept in lexicons.concepts.concepts.iter().filter(|concept| !concept.subgroups.is_empty()) {
            let codings: Vec<(&str, &str)> =
                concept.codings.iter().map(|(system, code)| (&**system, &**code)).collect();
            let meaning = self.meaning(&concept.id, &concept.label, &codings, &concept.subgroups);
            let subgroups = concept.subgroups.iter().cloned().collect();
            places.insert(concept.id.clone(), self.anomalies.len());
            self.anomalies.push(Anomaly { meaning, coded: None, subgroups });
        }
        let mut coded = BTreeMap::new();
        for concept in lexicons.concepts.concepts.iter().filter(|concept| !concept.subgroups.is_empty()) {
            let Some((_, code)) = concept.codings.iter().find(|(system, _)| system == "CIM-10") else {
                continue;
            };
            let meaning = *coded.entry(code.clone()).or_insert_with(|| {
                let name = format!("CIM-10:{code}");
                self.meaning(&name, &name, &[("CIM-10", code)], &[])
            });
            self.anomalies[places[&concept.id]].coded = Some(meaning);
        }
        self.conditions = conditions(&places);
        self.first_concept = self.labels.len() as i64;
        for number in 0..CONCEPTS {
            let name = format!("ordinary.c{number}");
            self.meaning(&name, &name, &[("CIM-10", &code_of(number * 7919 % CODES))], &[]);
        }
        self.first_code = self.labels.len() as i64;
        for number in 0..CODES {
            let code = code_of(number * 7919 % CODES);
            // A code that the lexicon has too is left to it.
            let code = if coded.contains_key(&code) { format!("Y{code}") } else { code };
            let name = format!("CIM-10:{code}");
            self.meaning(&name, &name, &[("CIM-10", &code)], &[]);
        }
    }

    fn meaning(&mut self, concept: &str, label: &str, codings: &[(&str, &str)], subgroups: &[String]) -> i64 {
        let key = self.labels.len() as i64;
        let list: Vec<_> = codings
            .iter()
            .map(|(system, code)| serde_json::json!({ "system": system, "code": code }))
            .collect();
        let lists = [serde_json::json!(list).to_string(), serde_json::json!(subgroups).to_string()];
        let run = |sql: &str, row: &[&dyn rusqlite::ToSql]| {
            self.connection.prepare_cached(sql).expect("a statement").execute(row).expect("a row");
        };
        run(
            "INSERT INTO meanings VALUES (?1, ?2, ?3, ?4, ?5)",
            &[&key, &concept, &label, &lists[0], &lists[1]],
        );
        for (system, code) in codings {
            run("INSERT OR IGNORE INTO meaning_codes VALUES (?1, ?2, ?3)", &[&key, system, code]);
        }
        for subgroup in subgroups {
            run("INSERT OR IGNORE INTO meaning_subgroups VALUES (?1, ?2)", &[&key, subgroup]);
        }
        self.labels.push(label.to_string());
        key
    }

    fn fill(mut self) -> Truth {
        let births_apart = PATIENTS_OF_BIRTH * self.size.rows / self.size.about;
        let mentions = ADULT_MENTIONS as f64 / 1000.0 * self.size.about as f64 / self.size.rows as f64;
        for key in 1..=self.patients as i64 {
            let insert = "INSERT INTO patients (patient, patient_id, birth_day) VALUES (?1, ?2, ?3)";
            let mut insert = self.connection.prepare_cached(insert).expect("patients");
            insert.execute(params![key, name_of(key), self.birth_of(key)]).expect("a patient");
        }
        let mut number = 0;
        while number < self.patients {
            let family = number % births_apart < 3 && number / births_apart >= self.families;
            let patients = if family && number + 3 < self.patients { self.family(number) } else { 1 };
            if patients == 1 && self.chance.holds(mentions) {
                self.adult(self.key(number));
            }
            number += patients;
            self.ordinary(number, patients);
        }
        self.store_persons();
        let (documents, rows) = (self.truth.documents as i64, self.size.rows as i64);
        let end = "UPDATE runs SET finished_at = started_at, written = ?1, documents_added = ?1, events = ?2";
        self.connection.execute(end, params![documents, rows]).expect("the run");
        self.truth
    }

    /// Patients who come one after the other have keys far apart, as in a hospital.
    fn key(&self, number: u64) -> i64 {
        1 + (u128::from(number) * u128::from(self.step) % u128::from(self.patients)) as i64
    }

    /// The day of birth of an adult; that of children and mothers is with the persons.
    fn birth_of(&self, key: i64) -> i64 {
        let draw = mixed(self.size.seed ^ (key as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93));
        self.first_day + 5_000 + (draw % 25_000) as i64
    }

    /// Everything that is no malformation, until the patients before `number` have their share of the rows.
    fn ordinary(&mut self, number: u64, patients: u64) {
        let due = (u128::from(self.size.rows) * u128::from(number) / u128::from(self.patients)) as i64;
        let jitter = if number == self.patients { 0 } else { self.chance.between(-30, 30) };
        let mut left = (due + jitter).min(self.size.rows as i64) - self.emitted as i64;
        for place in 0..patients {
            let share = left.max(0) / (patients - place) as i64;
            left -= share;
            self.record(self.key(number - patients + place), share);
        }
    }

    /// An ordinary record of so many events.
    fn record(&mut self, patient: i64, mut left: i64) {
        let from = self.first_day + 33_603 + self.chance.between(0, 3_000);
        while left > 0 {
            let (day, visit) = (from + self.chance.between(0, 1_800), self.chance.next() >> 34);
            if self.chance.holds(0.12) {
                for _ in 0..self.chance.between(1, 4).min(left) {
                    let meaning = self.first_code + self.chance.rank(CODES) as i64;
                    self.event(None, patient, meaning, CODED, day, visit);
                    left -= 1;
                }
                continue;
            }
            let kind = TYPES[self.chance.below(TYPES.len() as u64) as usize];
            let doc = self.report(patient, kind, day, visit);
            for _ in 0..self.chance.between(0, 4).min(left) {
                let meaning = self.first_concept + self.chance.rank(CONCEPTS) as i64;
                let around = self.around(kind);
                self.event(Some(doc), patient, meaning, around, day, visit);
                left -= 1;
            }
        }
    }

    fn around(&mut self, kind: &'static str) -> Around {
        let section = SECTIONS[self.chance.below(4) as usize];
        let (said, whose) = match self.chance.below(100) {
            0..60 => ("present", "patient"),
            60..80 => ("absent", "patient"),
            80..88 => ("present", "family"),
            88..95 => ("possible", "patient"),
            _ => ("hypothetical", "patient"),
        };
        let when = if self.chance.holds(0.2) { "past" } else { "current" };
        Around { section, said, whose, when, ..Around::report(kind) }
    }

    /// A mention in the record of an adult: denied, of the family, hypothetical, doubtful, coded late, seldom said.
    fn adult(&mut self, patient: i64) {
        let anomaly = self.chance.rank(self.anomalies.len() as u64) as usize;
        let day = self.first_day + 36_603 + self.chance.between(0, 1_000);
        let (said, whose) = match self.chance.below(100) {
            0..15 => return self.coded(patient, anomaly, day),
            15..60 => ("absent", "patient"),
            60..80 => ("present", "family"),
            80..88 => ("hypothetical", "patient"),
            88..95 => ("possible", "patient"),
            _ => ("present", "patient"),
        };
        self.mention(patient, anomaly, Around { said, whose, ..Around::report("CRH") }, day);
        if said == "present" && whose == "patient" {
            self.count(patient, &[anomaly]);
        }
    }

    /// A mother and the child, or twins, of one pregnancy, with what reports say of malformations; gives how many they are.
    fn family(&mut self, number: u64) -> u64 {
        self.families += 1;
        let (mother, child) = (self.key(number), self.key(number + 1));
        let twins = self.chance.holds(0.016);
        let birth = self.first_day + 34_500 + self.chance.between(0, 3_500);
        let affected = self.draw_conditions();
        let ended = affected.first().is_some_and(|(condition, _)| {
            let terminated = self.conditions[*condition].terminated;
            self.chance.holds(terminated)
        });
        let age = if ended { self.chance.between(110, 190) } else { self.chance.between(230, 290) };
        let outcome = if ended { "topfa" } else { "live_birth" };
        let (born, sex) = (self.birth_of(mother), if self.chance.holds(0.5) { "F" } else { "M" });
        self.persons.push(PersonRow { patient: mother, birth: born, sex: "F", child: None });
        let rank = twins.then_some(1);
        self.persons.push(PersonRow {
            patient: child,
            birth,
            sex,
            child: Some((age, outcome, mother, rank)),
        });
        self.truth.births += 1;
        if twins {
            let (twin, rank) = (self.key(number + 2), Some(2));
            let born = Some((age, "live_birth", mother, rank));
            self.persons.push(PersonRow { patient: twin, birth, sex, child: born });
            self.truth.births += 1;
        }
        for weeks in [12, 22, 32] {
            let day = birth - age + weeks * 7;
            if day < birth {
                self.denied(mother, Around::scan("absent", None), day, 6);
            }
        }
        let fetus = twins.then_some(1);
        if affected.is_empty() {
            self.well(mother, child, birth, fetus);
        } else {
            let anomalies: Vec<usize> = affected.iter().map(|(_, anomaly)| *anomaly).collect();
            for (condition, anomaly) in affected {
                if self.chance.holds(self.conditions[condition].before_birth) {
                    let said = if self.chance.holds(0.5) { "possible" } else { "present" };
                    self.mention(mother, anomaly, Around::scan(said, fetus), birth - age + 160.min(age - 1));
                }
                self.ill(mother, child, anomaly, birth, ended, fetus);
            }
            self.count(child, &anomalies);
        }
        if twins { 3 } else { 2 }
    }

    /// The conditions of a child with the anomaly that each shows.
    fn draw_conditions(&mut self) -> Vec<(usize, usize)> {
        let mut drawn = Vec::new();
        for number in 0..self.conditions.len() {
            if self.chance.holds(self.conditions[number].share) {
                let concepts = &self.conditions[number].concepts;
                drawn.push((number, concepts[self.chance.below(concepts.len() as u64) as usize]));
            }
        }
        drawn
    }

    /// Nothing is wrong: some things are denied, some suspected before birth and then denied, some said of the family.
    fn well(&mut self, mother: i64, child: i64, birth: i64, fetus: Option<u8>) {
        self.denied(child, Around { said: "absent", ..Around::report("CRH") }, birth + 3, 4);
        if self.chance.holds(0.03) {
            let anomaly = self.chance.rank(self.anomalies.len() as u64) as usize;
            self.mention(mother, anomaly, Around::scan("possible", fetus), birth - 30);
            self.mention(child, anomaly, Around { said: "absent", ..Around::report("CRH") }, birth + 4);
        }
        if self.chance.holds(0.1) {
            let anomaly = self.chance.rank(self.anomalies.len() as u64) as usize;
            self.mention(child, anomaly, Around { whose: "family", ..Around::report("CRH") }, birth + 4);
        }
    }

    /// What is said and coded of a condition: always one report at least.
    fn ill(&mut self, mother: i64, child: i64, anomaly: usize, birth: i64, ended: bool, fetus: Option<u8>) {
        if ended {
            let around = Around { whose: "fetus", fetus, ..Around::report("CR-foetopathologie") };
            return self.mention(mother, anomaly, around, birth + 5);
        }
        for number in 0..self.chance.between(1, 4) {
            let kind = ["CRH", "CR-consultation", "CRO", "CR-imagerie"][number as usize];
            self.mention(child, anomaly, Around::report(kind), birth + 2 + number * 20);
        }
        if self.chance.holds(0.85) {
            self.coded(child, anomaly, birth + 2);
        }
    }

    /// A report that denies several things.
    fn denied(&mut self, patient: i64, around: Around, day: i64, things: u64) {
        let doc = self.report(patient, around.kind.unwrap_or_default(), day, 0);
        for _ in 0..things {
            let anomaly = self.chance.rank(self.anomalies.len() as u64) as usize;
            self.event(Some(doc), patient, self.anomalies[anomaly].meaning, around, day, 0);
            self.truth.about_malformations += 1;
        }
    }

    /// A report of its own that says one thing.
    fn mention(&mut self, patient: i64, anomaly: usize, around: Around, day: i64) {
        let doc = self.report(patient, around.kind.unwrap_or_default(), day, 0);
        self.event(Some(doc), patient, self.anomalies[anomaly].meaning, around, day, 0);
        self.truth.about_malformations += 1;
    }

    fn coded(&mut self, patient: i64, anomaly: usize, day: i64) {
        if let Some(meaning) = self.anomalies[anomaly].coded {
            self.event(None, patient, meaning, CODED, day, 1);
            self.truth.about_malformations += 1;
        }
    }

    fn report(&mut self, patient: i64, kind: &str, day: i64, visit: u64) -> i64 {
        self.truth.documents += 1;
        let doc = self.truth.documents as i64;
        let visit = (visit != 0).then(|| format!("V{visit:09}"));
        let hash = [doc.to_le_bytes(), patient.to_le_bytes(), day.to_le_bytes(), doc.to_be_bytes()].concat();
        let date = &self.dates[(day - self.first_day) as usize];
        let row = params![doc, format!("D{doc:09}"), name_of(patient), visit, kind, date, hash];
        self.document.execute(row).expect("a report");
        doc
    }

    fn event(&mut self, doc: Option<i64>, patient: i64, meaning: i64, around: Around, day: i64, visit: u64) {
        self.emitted += 1;
        let (high, low) = (mixed(self.emitted ^ self.size.seed), mixed(!self.emitted));
        let context = self.context(around);
        let date = &self.dates[(day - self.first_day) as usize];
        let text = if doc.is_some() { self.labels[meaning as usize].as_str() } else { "" };
        let visit = doc.is_none().then(|| format!("V{visit:09}"));
        let (maker, start) =
            (1 + i64::from(doc.is_none()), if doc.is_some() { (low % 5_000) as i64 } else { 0 });
        let end = start + text.chars().count() as i64;
        let cues = (around.said != "present").then_some(r#"[{"id":"neg.pas_de","start":1200,"end":1206}]"#);
        let (id, source) = (format!("{high:016x}{low:016x}"), doc.map(|_| "document_date"));
        let report_date = doc.map(|_| date);
        self.event
            .execute(params![
                id,
                doc,
                patient,
                visit,
                meaning,
                maker,
                maker,
                context,
                report_date,
                start,
                end,
                text,
                date,
                source,
                cues,
                day
            ])
            .expect("an event");
    }

    fn context(&mut self, around: Around) -> i64 {
        if let Some(key) = self.contexts.get(&around) {
            return *key;
        }
        let key = self.contexts.len() as i64 + 1;
        let method = if around.position.is_some() { "structured" } else { "dictionary" };
        let row = params![
            key,
            around.kind,
            around.section,
            around.said,
            around.certainty(),
            around.whose,
            around.fetus,
            around.when,
            method,
            around.position
        ];
        let insert = "INSERT INTO contexts (context, document_type, section, assertion, certainty, conclusion, experiencer,
            fetus_index, temporality, method, position) VALUES (?1, ?2, ?3, ?4, ?5, ?4, ?6, ?7, ?8, ?9, ?10)";
        self.connection.execute(insert, row).expect("a context");
        self.contexts.insert(around, key);
        key
    }

    /// One more case of each checked group that the anomalies of a patient belong to.
    fn count(&mut self, patient: i64, anomalies: &[usize]) {
        let groups: BTreeSet<&str> = anomalies
            .iter()
            .flat_map(|number| self.anomalies[*number].subgroups.iter().map(String::as_str))
            .collect();
        for group in CHECKED.iter().filter(|group| groups.contains(**group)) {
            if *group == "spina_bifida" && BEFORE_SPINA_BIFIDA.iter().any(|other| groups.contains(other)) {
                continue;
            }
            *self.truth.cases.entry(group.to_string()).or_default() += 1;
            if *group == CHECKED[0] && self.truth.patient.is_empty() {
                self.truth.patient = name_of(patient);
            }
        }
    }

    /// Persons in the order of their keys, with their pregnancies as the crate derives them: one a mother here.
    fn store_persons(&mut self) {
        self.persons.sort_unstable_by_key(|person| person.patient);
        let insert = "INSERT INTO persons (patient, birth_day, sex, gestational_age_days, outcome, mother,
            multiple_birth_rank, residence, conception_day, pregnancy_from, pregnancy_until, multiple)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, '35', ?8, ?9, ?2 + 365, ?10)";
        let mut insert = self.connection.prepare_cached(insert).expect("persons");
        for person in &self.persons {
            let (age, outcome, mother, rank) = match person.child {
                Some((age, outcome, mother, rank)) => (Some(age), Some(outcome), Some(mother), rank),
                None => (None, None, None, None),
            };
            let conceived = age.map(|age| person.birth - age + 14);
            let from = person.birth - age.unwrap_or(294);
            let row = params![
                person.patient,
                person.birth,
                person.sex,
                age,
                outcome,
                mother,
                rank,
                conceived,
                from,
                rank.is_some()
            ];
            insert.execute(row).expect("a person");
        }
    }
}

fn name_of(key: i64) -> String {
    format!("P{key:08}")
}

/// An ordinary code of CIM-10: no malformation among them.
fn code_of(number: u64) -> String {
    let chapters = b"ABCEFGHIJKLMNRST";
    format!("{}{:02}.{}", chapters[(number / 1000) as usize] as char, number / 10 % 100, number % 10)
}

/// A number without a divisor in common with another, far from it.
fn coprime(bound: u64) -> u64 {
    let divisor = |mut a: u64, mut b: u64| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let start = (bound as f64 * 0.618) as u64 | 1;
    (start..).step_by(2).find(|step| divisor(*step, bound) == 1).unwrap_or(1)
}

fn conditions(places: &HashMap<String, usize>) -> Vec<Condition> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("simulation/prevalence.tsv");
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .comment(Some(b'#'))
        .quoting(false)
        .from_path(path)
        .expect("the prevalences");
    let mut found = Vec::new();
    for row in reader.deserialize::<HashMap<String, String>>() {
        let row = row.expect("a row");
        let number = |column: &str| row[column].parse::<f64>().unwrap_or_default();
        let concepts: Vec<usize> =
            row["concepts"].split_whitespace().filter_map(|id| places.get(id).copied()).collect();
        if !concepts.is_empty() {
            let (before_birth, terminated) = (number("prenatal"), number("topfa"));
            found.push(Condition {
                concepts,
                share: number("per_10000") / 10_000.0,
                before_birth,
                terminated,
            });
        }
    }
    found
}
