//! Rows of persons.

use super::rows::{self, Cells};
use super::{Reason, Record, Rejection};
use crate::population::{OUTCOMES, Person};

/// No pregnancy lasts longer.
pub(super) const LONGEST_PREGNANCY: i64 = 330;
pub(super) const GESTATION: &str = "a whole number of days from 0 to 330";

/// Reads a row of persons.
///
/// # Errors
/// A [`Rejection`] when the row cannot be accepted; it names fields, never what they hold.
pub fn read_person(record: Record) -> Result<Person, Rejection> {
    rows::read(record, person)
}

fn person(cells: &mut Cells) -> Result<Person, Reason> {
    let missing = Reason::MissingField { field: "patient_id", also: "person_id" };
    let age = ["gestational_age_days_at_birth", "gestational_age_days"];
    let person = Person {
        patient_id: cells.identifier(&["patient_id", "person_id"])?.ok_or(missing)?,
        birth_date: cells.date("birth_date")?,
        sex: cells.identifier(&["sex"])?.map(|sex| sex_of(sex.trim())),
        gestational_age_days: cells.integer(&age, 0..=LONGEST_PREGNANCY, GESTATION)?,
        outcome: cells.word("outcome", outcome, "live_birth, fetal_death or topfa")?,
        mother_id: cells.identifier(&["mother_id"])?,
        multiple_birth_rank: cells.integer(
            &["multiple_birth_rank"],
            1..=20,
            "a whole number from 1 to 20",
        )?,
        residence: cells.identifier(&["residence"])?,
        conception_date: cells.date("conception_date")?,
    };
    check(person)
}

fn outcome(text: &str) -> Option<String> {
    OUTCOMES.iter().find(|known| **known == text).map(|known| (*known).to_owned())
}

/// French administrations write 1 and 2.
fn sex_of(text: &str) -> String {
    match text.to_ascii_lowercase().as_str() {
        "m" | "male" | "1" => "M".into(),
        "f" | "female" | "2" => "F".into(),
        _ => text.to_owned(),
    }
}

fn check(person: Person) -> Result<Person, Reason> {
    if person.mother_id.as_ref() == Some(&person.patient_id) {
        return Err(Reason::OwnMother);
    }
    match (person.conception_date, person.birth_date) {
        (Some(conception), Some(birth)) if conception > birth => {
            Err(Reason::BadValue { field: "conception_date", expected: "no later than birth_date" })
        }
        _ => Ok(person),
    }
}
