//! What does not come from text: structured events, persons and births, each batch one transaction.

use std::collections::BTreeSet;

use super::database::{Database, Row, params};
use super::family::{derive_children, derive_person};
use super::keys::Keys;
use super::read::StructuredReader;
use super::store::{Kind, Refusals, day, put_events};
use super::write::{BatchWriter, Run};
use super::{Loaded, WarehouseError};
use crate::event::CodedEvent;
use crate::population::{Births, Person};
use jiff::civil::Date;

type Result<T> = std::result::Result<T, WarehouseError>;

const FIND_PERSON: &str =
    "SELECT birth_day, sex, gestational_age_days, outcome, mother, multiple_birth_rank, residence,
    conception_day FROM persons WHERE patient = ?1";

const PUT_PERSON: &str = "INSERT INTO persons (patient, birth_day, sex, gestational_age_days, outcome, mother,
    multiple_birth_rank, residence, conception_day) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
    ON CONFLICT (patient) DO UPDATE SET birth_day = excluded.birth_day, sex = excluded.sex,
    gestational_age_days = excluded.gestational_age_days, outcome = excluded.outcome, mother = excluded.mother,
    multiple_birth_rank = excluded.multiple_birth_rank, residence = excluded.residence,
    conception_day = excluded.conception_day";

const FIND_BIRTHS: &str = "SELECT live_births, stillbirths FROM births WHERE area = ?1 AND period = ?2";

const PUT_BIRTHS: &str = "INSERT INTO births (area, period, live_births, stillbirths) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (area, period) DO UPDATE SET live_births = excluded.live_births, stillbirths = excluded.stillbirths";

/// Days from the last menses to conception.
const MENSES_TO_CONCEPTION: i64 = 14;

impl Run<'_> {
    /// Stores structured events: those of `events` that come from no report. The same id again is the same row,
    /// replaced when it says something else. Refuses those of forgotten patients.
    pub fn write_structured(&mut self, events: &[CodedEvent]) -> Result<Loaded> {
        self.in_batch(|writer| writer.store_structured(events)).map(|(loaded, _)| loaded)
    }

    /// Stores persons, each in place of what was known of it, and derives the pregnancies of their mothers again.
    /// Refuses forgotten patients; a forgotten mother stays unnamed.
    pub fn write_persons(&mut self, persons: &[Person]) -> Result<Loaded> {
        self.in_batch(|writer| writer.store_persons(persons)).map(|(loaded, _)| loaded)
    }

    /// Stores births, each in place of what was known of its area and period.
    pub fn write_births(&mut self, births: &[Births]) -> Result<Loaded> {
        self.in_batch(|writer| writer.store_births(births)).map(|(loaded, _)| loaded)
    }
}

impl BatchWriter<'_> {
    fn store_structured(&mut self, events: &[CodedEvent]) -> Result<Loaded> {
        let mut loaded = Loaded::default();
        let mut reader = StructuredReader::new(self.transaction);
        for event in events.iter().filter(|event| event.is_structured()) {
            let patient = event.patient_id.as_deref();
            if refused(&self.refusals, self.transaction, patient)? {
                loaded.forgotten += 1;
                continue;
            }
            match reader.find(&event.event_id)? {
                Some(stored) if stored == *event => {
                    loaded.unchanged += 1;
                    continue;
                }
                Some(_) => {
                    delete_structured(self.transaction, &event.event_id)?;
                    self.progress.events_removed += 1;
                    loaded.replaced += 1;
                }
                None => loaded.written += 1,
            }
            self.open_run()?;
            put_events(self.transaction, self.keys, std::iter::once((None, event)))?;
            self.progress.tally.events += 1;
        }
        Ok(loaded)
    }

    fn store_persons(&mut self, persons: &[Person]) -> Result<Loaded> {
        let mut loaded = Loaded::default();
        let (mut mothers, mut alone) = (BTreeSet::new(), BTreeSet::new());
        for person in persons {
            if refused(&self.refusals, self.transaction, Some(&person.patient_id))? {
                loaded.forgotten += 1;
                continue;
            }
            let (patient, row) = PersonRow::of(self.transaction, self.keys, &self.refusals, person)?;
            let stored = PersonRow::find(self.transaction, patient)?;
            if stored.as_ref() == Some(&row) {
                loaded.unchanged += 1;
                continue;
            }
            match &stored {
                Some(_) => loaded.replaced += 1,
                None => loaded.written += 1,
            }
            self.changed = true;
            row.put(self.transaction, patient)?;
            mothers.extend(stored.and_then(|row| row.mother));
            match row.mother {
                Some(mother) => mothers.insert(mother),
                None => alone.insert(patient),
            };
        }
        mothers.into_iter().try_for_each(|mother| derive_children(self.transaction, mother))?;
        alone.into_iter().try_for_each(|patient| derive_person(self.transaction, patient))?;
        Ok(loaded)
    }

    fn store_births(&mut self, births: &[Births]) -> Result<Loaded> {
        let mut loaded = Loaded::default();
        for one in births {
            let counts = (one.live_births, one.stillbirths);
            let read = |row: &mut Row<'_>| Ok((row.next()?, row.next()?));
            let stored = self.transaction.first(FIND_BIRTHS, params![&one.area, &one.period], read)?;
            match stored {
                Some(stored) if stored == counts => {
                    loaded.unchanged += 1;
                    continue;
                }
                Some(_) => loaded.replaced += 1,
                None => loaded.written += 1,
            }
            self.changed = true;
            let row = params![&one.area, &one.period, one.live_births, one.stillbirths];
            self.transaction.execute(PUT_BIRTHS, row)?;
        }
        Ok(loaded)
    }
}

fn refused(refusals: &Refusals, database: &Database, patient: Option<&str>) -> Result<bool> {
    match patient {
        Some(id) if refusals.any() => refusals.holds(database, Kind::Patient, id),
        _ => Ok(false),
    }
}

fn delete_structured(database: &Database, event_id: &str) -> Result<()> {
    let delete = "DELETE FROM events WHERE event_id = ?1 AND doc IS NULL";
    database.execute(delete, params![event_id]).map(|_| ())
}

/// The columns of `persons` that are not derived from siblings.
#[derive(Debug, PartialEq)]
struct PersonRow {
    birth_day: Option<i64>,
    sex: Option<String>,
    gestational_age_days: Option<i64>,
    outcome: Option<String>,
    mother: Option<i64>,
    multiple_birth_rank: Option<i64>,
    residence: Option<String>,
    conception_day: Option<i64>,
}

impl PersonRow {
    fn of(database: &Database, keys: &mut Keys, refusals: &Refusals, person: &Person) -> Result<(i64, Self)> {
        let mother = person.mother_id.as_deref().filter(|id| *id != person.patient_id);
        let mother = match mother {
            Some(id) if !refused(refusals, database, Some(id))? => Some(keys.patient(database, id)?),
            _ => None,
        };
        let birth_day = person.birth_date.map(day);
        let row = Self {
            birth_day,
            sex: person.sex.clone(),
            gestational_age_days: person.gestational_age_days,
            outcome: person.outcome.clone(),
            mother,
            multiple_birth_rank: person.multiple_birth_rank,
            residence: person.residence.clone(),
            conception_day: conception(person.conception_date, birth_day, person.gestational_age_days),
        };
        Ok((keys.patient(database, &person.patient_id)?, row))
    }

    fn find(database: &Database, patient: i64) -> Result<Option<Self>> {
        database.first(FIND_PERSON, params![patient], |row| {
            Ok(Self {
                birth_day: row.next()?,
                sex: row.next()?,
                gestational_age_days: row.next()?,
                outcome: row.next()?,
                mother: row.next()?,
                multiple_birth_rank: row.next()?,
                residence: row.next()?,
                conception_day: row.next()?,
            })
        })
    }

    fn put(&self, database: &Database, patient: i64) -> Result<()> {
        let row = params![
            patient,
            self.birth_day,
            &self.sex,
            self.gestational_age_days,
            &self.outcome,
            self.mother,
            self.multiple_birth_rank,
            &self.residence,
            self.conception_day,
        ];
        database.execute(PUT_PERSON, row).map(|_| ())
    }
}

/// The day of conception: given, else counted back from birth when the gestational age is known.
fn conception(given: Option<Date>, birth: Option<i64>, age: Option<i64>) -> Option<i64> {
    let counted = || Some(birth? - age? + MENSES_TO_CONCEPTION);
    given.map(day).or_else(counted)
}
