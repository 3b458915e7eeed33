//! What changed in the stored events between two runs, and why.

use std::collections::BTreeMap;

use super::database::{Access, Database, Row, params};
use super::{Change, ChangeKind, Warehouse, WarehouseError};

type Result<T> = std::result::Result<T, WarehouseError>;

/// What is compared of an event at a place of a report; no words of the report among it.
#[derive(Clone, Debug, PartialEq)]
struct State {
    label: String,
    codings: String,
    assertion: String,
    conclusion: String,
    experiencer: String,
    temporality: String,
    certainty: f64,
    event_date: Option<String>,
    value: Option<f64>,
    rule: String,
}

/// Place and concept: what makes two events of two runs the same.
type Place = (i64, i64, String);

macro_rules! compared {
    () => {
        " x.start, x.\"end\", m.concept, m.label, m.codings, c.assertion, c.conclusion, c.experiencer, c.temporality,
            c.certainty, x.event_date, x.value, r.name "
    };
}

macro_rules! joined {
    () => {
        " JOIN meanings m ON m.meaning = x.meaning JOIN contexts c ON c.context = x.context
            JOIN rules r ON r.rule = x.rule "
    };
}

/// A report that some run between the two has written.
struct Touched {
    doc: i64,
    document_id: String,
    run: i64,
    is_withdrawn: bool,
}

impl Warehouse {
    /// Gives each event that run `after` leaves otherwise than run `before`, by report and place.
    ///
    /// # Errors
    /// There is no such run, or the later one comes first.
    pub fn diff(&self, before: i64, after: i64, mut each: impl FnMut(Change) -> Result<()>) -> Result<()> {
        if before > after {
            return Err(WarehouseError::RunOrder);
        }
        let snapshot = self.database.begin(Access::Read)?;
        for run in [before, after] {
            if run != 0 && !snapshot.exists("SELECT 1 FROM runs WHERE run = ?1", params![run])? {
                return Err(WarehouseError::NoRun { run });
            }
        }
        let sql = "SELECT doc, document_id, run, withdrawn IS NOT NULL FROM documents WHERE doc IN (
                SELECT doc FROM documents WHERE run > ?1
                UNION SELECT doc FROM retired WHERE retired_by > ?1)
            ORDER BY document_id";
        let database: &Database = &snapshot;
        database.each(sql, params![before], |row| {
            let touched = Touched {
                doc: row.next()?,
                document_id: row.next()?,
                run: row.next()?,
                is_withdrawn: row.next()?,
            };
            compare(database, &touched, before, after, &mut each)
        })?;
        snapshot.commit()
    }
}

fn compare(
    database: &Database,
    report: &Touched,
    before: i64,
    after: i64,
    each: &mut impl FnMut(Change) -> Result<()>,
) -> Result<()> {
    let (old, new) = (states(database, report, before)?, states(database, report, after)?);
    let reason = reason(database, report, before, after)?;
    let places = old.keys().chain(new.keys().filter(|place| !old.contains_key(*place)));
    let mut places: Vec<&Place> = places.collect();
    places.sort();
    for place in places {
        let (kind, fields) = match (old.get(place), new.get(place)) {
            (Some(old), Some(new)) if old == new => continue,
            (Some(old), Some(new)) => (ChangeKind::Changed, differences(old, new)),
            (Some(_), None) => (ChangeKind::Lost, Vec::new()),
            (None, _) => (ChangeKind::Gained, Vec::new()),
        };
        let state = new.get(place).or(old.get(place));
        each(Change {
            kind,
            document_id: report.document_id.clone(),
            start: place.0,
            end: place.1,
            concept: place.2.clone(),
            label: state.map(|state| state.label.clone()).unwrap_or_default(),
            reason: reason.clone(),
            fields,
        })?;
    }
    Ok(())
}

/// The events of a report as a run left them: those stored, if that run or an earlier one stored them; else those that
/// were taken out later.
fn states(database: &Database, report: &Touched, run: i64) -> Result<BTreeMap<Place, State>> {
    let read = |row: &mut Row<'_>| {
        let place = (row.next()?, row.next()?, row.next()?);
        let state = State {
            label: row.next()?,
            codings: row.next()?,
            assertion: row.next()?,
            conclusion: row.next()?,
            experiencer: row.next()?,
            temporality: row.next()?,
            certainty: row.next()?,
            event_date: row.next()?,
            value: row.next()?,
            rule: row.next()?,
        };
        Ok((place, state))
    };
    if report.run <= run && !report.is_withdrawn {
        let sql = concat!("SELECT", compared!(), "FROM events x", joined!(), "WHERE x.doc = ?1");
        return Ok(database.list(sql, params![report.doc], read)?.into_iter().collect());
    }
    let sql = concat!(
        "SELECT",
        compared!(),
        "FROM retired x",
        joined!(),
        "WHERE x.doc = ?1 AND x.made_by <= ?2 AND x.retired_by > ?2"
    );
    Ok(database.list(sql, params![report.doc, run], read)?.into_iter().collect())
}

/// Why the report was written again: the last reason between the two runs.
fn reason(database: &Database, report: &Touched, before: i64, after: i64) -> Result<String> {
    if before == 0 {
        return Ok("new".to_owned());
    }
    let sql = "SELECT reason FROM retired WHERE doc = ?1 AND retired_by > ?2 AND retired_by <= ?3
        ORDER BY retired_by DESC LIMIT 1";
    let found = database.first(sql, params![report.doc, before, after], |row| row.next())?;
    Ok(found.unwrap_or_else(|| "new".to_owned()))
}

fn differences(old: &State, new: &State) -> Vec<&'static str> {
    let pairs = [
        ("label", old.label != new.label),
        ("codings", old.codings != new.codings),
        ("assertion", old.assertion != new.assertion),
        ("conclusion", old.conclusion != new.conclusion),
        ("experiencer", old.experiencer != new.experiencer),
        ("temporality", old.temporality != new.temporality),
        ("certainty", old.certainty != new.certainty),
        ("event_date", old.event_date != new.event_date),
        ("value", old.value != new.value),
        ("rule", old.rule != new.rule),
    ];
    pairs.into_iter().filter_map(|(name, differs)| differs.then_some(name)).collect()
}
