//! The cases that a run watches, read from the warehouse: who, at which level, dated and placed how, and disputed or not.

use super::config::{Config, DatedBy};
use crate::cohort::{self, Case, Runnable, review::disputed};
use crate::phenotype::{Definition, Facts, Index, Landmark, Loaded, Vocabulary, staging};
use crate::problem::Problems;
use crate::warehouse::{EventFilter, KnownPerson, Warehouse, WarehouseError, WatchedCase, day_of};
use std::collections::{BTreeMap, BTreeSet};

/// The definition that gives the class of a child; it is not watched itself.
pub const CLASSES: &str = "eurocat/class";

/// Days from the last menses to conception.
const MENSES_TO_CONCEPTION: i64 = 14;

/// What went wrong while cases were read.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The warehouse cannot be read.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// A definition that cannot be run.
    #[error("{0}")]
    Definition(Problems),
}

/// The cases of all definitions.
#[derive(Clone, Debug, Default)]
pub struct Cases {
    /// Cases of a counted level, by phenotype and patient.
    pub counted: Vec<WatchedCase>,
    /// Cases of a weaker level.
    pub weaker: Vec<WatchedCase>,
    /// Mothers by patient.
    pub mothers: BTreeMap<String, String>,
}

/// The definitions of a configuration without the one that gives classes; with the index that the configuration dates by.
pub fn watched(loaded: &[Loaded], dated_by: DatedBy) -> Vec<Loaded> {
    let mut watched: Vec<Loaded> = loaded.iter().filter(|one| one.id() != CLASSES).cloned().collect();
    if dated_by == DatedBy::FirstEvidence {
        watched.iter_mut().for_each(|one| one.definition.index = Index::Of(Landmark::First));
    }
    watched
}

/// Reads the cases of every definition, those dated after `cutoff` (days since 1970-01-01) left out.
///
/// # Errors
/// The warehouse cannot be read, or a definition cannot be run.
pub fn read(
    warehouse: &Warehouse,
    watched: &[Loaded],
    classes: Option<&Loaded>,
    vocabulary: &Vocabulary,
    config: &Config,
    cutoff: i64,
) -> Result<Cases, Fault> {
    let runnables = watched.iter().map(runnable).collect::<Result<Vec<_>, _>>()?;
    let classes = classes.map(runnable).transpose()?;
    let definitions: Vec<&Definition> = watched.iter().map(|loaded| &loaded.definition).collect();
    let all: Vec<&Definition> =
        definitions.into_iter().chain(classes.iter().map(|one| &one.loaded.definition)).collect();
    warehouse.execute(&staging(&all, vocabulary, warehouse.dialect()))?;
    let classes = match &classes {
        Some(classes) => cohort::cases(warehouse, classes, vocabulary, Facts::Staged)?,
        None => Vec::new(),
    };
    let classes: BTreeMap<String, String> =
        classes.into_iter().map(|case| (case.patient_id, case.case_level)).collect();
    let mut found = Vec::new();
    for runnable in &runnables {
        found.extend(cohort::cases(warehouse, runnable, vocabulary, Facts::Staged)?);
    }
    let reader = Reader::new(warehouse, &found, config)?;
    let disputed = reader.disputed(watched)?;
    let mut cases = Cases::default();
    for case in found {
        let is_counted = config.levels.contains(&case.case_level);
        let key = (case.phenotype.clone(), case.patient_id.clone());
        let class = classes.get(&case.patient_id).filter(|_| case.phenotype.starts_with("eurocat/"));
        let watched = reader.watched(case, class.cloned(), disputed.contains(&key))?;
        if watched.case_day.is_some_and(|day| day > cutoff) {
            continue;
        }
        if is_counted { cases.counted.push(watched) } else { cases.weaker.push(watched) }
    }
    let by_name =
        |a: &WatchedCase, b: &WatchedCase| (&a.phenotype, &a.patient_id).cmp(&(&b.phenotype, &b.patient_id));
    cases.counted.sort_by(by_name);
    cases.weaker.sort_by(by_name);
    cases.mothers = reader.mothers();
    Ok(cases)
}

/// Resolves a definition.
///
/// # Errors
/// See [`Runnable::new`].
pub fn runnable(loaded: &Loaded) -> Result<Runnable<'_>, Fault> {
    Runnable::new(loaded).map_err(|problems| Fault::Definition(Problems(problems)))
}

/// Dates and places of people.
pub(super) struct Reader<'w> {
    warehouse: &'w Warehouse,
    persons: BTreeMap<String, KnownPerson>,
    dated_by: DatedBy,
    prefix: usize,
}

impl<'w> Reader<'w> {
    /// For the patients of some cases.
    pub fn new(warehouse: &'w Warehouse, cases: &[Case], config: &Config) -> Result<Self, WarehouseError> {
        let patients: BTreeSet<String> = cases.iter().map(|case| case.patient_id.clone()).collect();
        let mut persons = warehouse.known_persons(&patients)?;
        let mothers: BTreeSet<String> = persons
            .values()
            .filter(|person| person.residence.is_none())
            .filter_map(|p| p.mother_id.clone())
            .collect();
        if !mothers.is_empty() {
            warehouse.known_persons(&mothers)?.into_iter().for_each(|(id, person)| {
                persons.entry(id).or_insert(person);
            });
        }
        Ok(Self { warehouse, persons, dated_by: config.dated_by, prefix: config.residence_prefix.into() })
    }

    fn mothers(&self) -> BTreeMap<String, String> {
        let mother = |(id, person): (&String, &KnownPerson)| Some((id.clone(), person.mother_id.clone()?));
        self.persons.iter().filter_map(mother).collect()
    }

    /// Phenotype and patient of each case on which reviewers disagree or did not decide.
    fn disputed(&self, watched: &[Loaded]) -> Result<BTreeSet<(String, String)>, WarehouseError> {
        let mut found = BTreeSet::new();
        for loaded in watched {
            let reviews = self.warehouse.reviews(loaded.id())?;
            found.extend(disputed(&reviews).into_iter().map(|patient| (loaded.id().to_string(), patient)));
        }
        Ok(found)
    }

    /// The case, dated and placed.
    pub fn watched(
        &self,
        case: Case,
        class: Option<String>,
        disputed: bool,
    ) -> Result<WatchedCase, WarehouseError> {
        let person = self.persons.get(&case.patient_id);
        // A woman stands for a child without a record: her own birth is not the child's.
        let is_child = |person: &&KnownPerson| {
            person.outcome.is_some() || person.mother_id.is_some() || person.conception_day.is_some()
        };
        let child = person.filter(is_child);
        let index = case.index_date.as_deref().and_then(day_of);
        let conception = match child {
            Some(child) => child.conception_day,
            None => self.conception_from_evidence(&case)?,
        };
        let case_day = match self.dated_by {
            DatedBy::Birth => child.and_then(|child| child.birth_day).or(index),
            DatedBy::Conception => conception,
            DatedBy::FirstEvidence => index,
        };
        let of_mother = || self.persons.get(person?.mother_id.as_deref()?)?.residence.clone();
        Ok(WatchedCase {
            area: person
                .and_then(|person| person.residence.clone())
                .or_else(of_mother)
                .map(|code| self.area(&code)),
            outcome: child.and_then(|child| child.outcome.clone()),
            conception_day: conception,
            case_day,
            class,
            disputed,
            phenotype: case.phenotype,
            version: case.version,
            patient_id: case.patient_id,
            case_level: case.case_level,
            evidence: case.evidence,
        })
    }

    /// The area of a code of residence: its first characters, when the configuration says how many.
    fn area(&self, code: &str) -> String {
        match self.prefix {
            0 => code.to_string(),
            length => code.chars().take(length).collect(),
        }
    }

    /// The day of conception that the gestational age at an event of evidence gives: the earliest event speaks, as a scan
    /// early in pregnancy dates it best.
    fn conception_from_evidence(&self, case: &Case) -> Result<Option<i64>, WarehouseError> {
        let mut dated: Option<(i64, i64)> = None;
        self.warehouse.events(EventFilter::Patient(&case.patient_id), |event| {
            let day = event.event_date.or(event.document_date).and_then(|date| day_of(&date.to_string()));
            if let (Some(day), Some(age)) = (day, event.gestational_age_days)
                && case.evidence.contains(&event.event_id)
                && dated.is_none_or(|(first, _)| day < first)
            {
                dated = Some((day, day - i64::from(age) + MENSES_TO_CONCEPTION));
            }
            Ok::<_, WarehouseError>(())
        })?;
        Ok(dated.map(|(_, conception)| conception))
    }
}
