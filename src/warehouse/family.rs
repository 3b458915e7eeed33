//! What is derived of a person and its siblings: the span of the pregnancy, and whether it bore several children.

use super::WarehouseError;
use super::database::{Database, params};

/// First day of the pregnancy, as the last menses: from conception, else from gestational age, else a long one.
macro_rules! pregnancy_from {
    () => {
        "coalesce(p.conception_day - 14, p.birth_day - coalesce(p.gestational_age_days, 294))"
    };
}

/// Born within three days of one another: the second twin may come after midnight, or much later.
macro_rules! multiple {
    () => {
        "CASE WHEN coalesce(p.multiple_birth_rank, 0) > 1 OR EXISTS (SELECT 1 FROM persons s WHERE s.mother = p.mother
            AND s.patient <> p.patient AND abs(s.birth_day - p.birth_day) <= 3) THEN 1 ELSE 0 END"
    };
}

/// Last day on which a report on the mother may speak of this child: a year after birth, or the eve of her next
/// pregnancy, yet never before birth. A twin whose dates say a little more is no next pregnancy.
macro_rules! pregnancy_until {
    () => {
        "max(min(coalesce(p.birth_day + 365, p.pregnancy_from + 294 + 365), coalesce((SELECT min(s.pregnancy_from) - 1
            FROM persons s WHERE s.mother = p.mother AND s.pregnancy_from > p.pregnancy_from
            AND coalesce(abs(s.birth_day - p.birth_day) > 3, TRUE)), 1099511627776)), coalesce(p.birth_day, p.pregnancy_from))"
    };
}

/// The two statements over the persons of a condition; the second reads what the first wrote.
macro_rules! derive {
    ($where:literal) => {
        [
            concat!(
                "UPDATE persons AS p SET pregnancy_from = ",
                pregnancy_from!(),
                ", multiple = ",
                multiple!(),
                $where
            ),
            concat!("UPDATE persons AS p SET pregnancy_until = ", pregnancy_until!(), $where),
        ]
    };
}

/// Persons whose derived columns are not what they should be: a question of `verify`.
pub(super) const WRONGLY_DERIVED: &str = concat!(
    "SELECT count(*) FROM persons p WHERE p.pregnancy_from IS DISTINCT FROM ",
    pregnancy_from!(),
    " OR p.pregnancy_until IS DISTINCT FROM ",
    pregnancy_until!(),
    " OR p.multiple IS DISTINCT FROM ",
    multiple!()
);

/// Derives again the columns of the children of a mother.
pub(super) fn derive_children(database: &Database, mother: i64) -> Result<(), WarehouseError> {
    derive(database, derive!(" WHERE p.mother = ?1"), mother)
}

/// Derives again the columns of one person, whose mother nobody names.
pub(super) fn derive_person(database: &Database, patient: i64) -> Result<(), WarehouseError> {
    derive(database, derive!(" WHERE p.patient = ?1"), patient)
}

fn derive(database: &Database, statements: [&str; 2], key: i64) -> Result<(), WarehouseError> {
    statements.iter().try_for_each(|sql| database.execute(sql, params![key]).map(|_| ()))
}
