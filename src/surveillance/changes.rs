//! What a run changes in the list of cases: who is new, who changed and how, who is none any more and why.

use crate::warehouse::WatchedCase;
use std::collections::{BTreeMap, BTreeSet};

/// A case that was not there before.
pub const NEW: &str = "new";

/// The changes from the cases that stand to those of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Rows that end: phenotype, patient, why. The reason of those that are no case any more is [`GONE`] until somebody
    /// looks for it.
    pub ended: Vec<(String, String, String)>,
    /// Rows that begin, with the reason.
    pub begun: Vec<(WatchedCase, String)>,
}

/// A case that is none any more, the reason not looked for.
pub const GONE: &str = "gone";

/// A number of new, changed and lost cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Not there before.
    pub new: u64,
    /// Another level, class, outcome, date, place or dispute.
    pub changed: u64,
    /// No case any more.
    pub lost: u64,
}

type Key<'c> = (&'c str, &'c str);

fn keyed(cases: &[WatchedCase]) -> BTreeMap<Key<'_>, &WatchedCase> {
    cases.iter().map(|case| ((case.phenotype.as_str(), case.patient_id.as_str()), case)).collect()
}

impl Changes {
    /// From one list to the other.
    pub fn between(before: &[WatchedCase], after: &[WatchedCase]) -> Self {
        let (old, new) = (keyed(before), keyed(after));
        let mut changes = Self::default();
        for (key, case) in &old {
            let why = match new.get(key) {
                Some(now) if now == case => continue,
                Some(now) => difference(case, now),
                None => GONE.to_string(),
            };
            changes.ended.push((key.0.to_string(), key.1.to_string(), why));
        }
        for (key, case) in &new {
            let why = match old.get(key) {
                Some(then) if then == case => continue,
                Some(then) => difference(then, case),
                None => NEW.to_string(),
            };
            changes.begun.push(((*case).clone(), why));
        }
        changes
    }

    /// How many by phenotype; those without changes are left out.
    pub fn tallies(&self) -> BTreeMap<&str, Tally> {
        let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
        let mut begun = BTreeSet::new();
        for (case, why) in &self.begun {
            begun.insert((case.phenotype.as_str(), case.patient_id.as_str()));
            let tally = tallies.entry(&case.phenotype).or_default();
            tally.new += u64::from(why == NEW);
            tally.changed += u64::from(why != NEW && is_status(why));
        }
        for (phenotype, patient, _) in &self.ended {
            if !begun.contains(&(phenotype.as_str(), patient.as_str())) {
                tallies.entry(phenotype).or_default().lost += 1;
            }
        }
        tallies
    }
}

/// True for a change of status: anything but more or less evidence, or another version of the definition.
pub fn is_status(why: &str) -> bool {
    why.split("; ").any(|part| !part.starts_with("evidence") && !part.starts_with("definition"))
}

/// What differs, part by part: `level probable>definite; evidence +2 -0`.
fn difference(before: &WatchedCase, after: &WatchedCase) -> String {
    let mut parts = Vec::new();
    let mut compare = |name: &str, old: Option<&str>, new: Option<&str>| {
        if old != new {
            parts.push(format!("{name} {}>{}", old.unwrap_or("-"), new.unwrap_or("-")));
        }
    };
    compare("level", Some(&before.case_level), Some(&after.case_level));
    compare("class", before.class.as_deref(), after.class.as_deref());
    compare("outcome", before.outcome.as_deref(), after.outcome.as_deref());
    compare("date", date(before.case_day).as_deref(), date(after.case_day).as_deref());
    compare("conception", date(before.conception_day).as_deref(), date(after.conception_day).as_deref());
    compare("area", before.area.as_deref(), after.area.as_deref());
    let said = |disputed: bool| Some(if disputed { "yes" } else { "no" });
    compare("disputed", said(before.disputed), said(after.disputed));
    compare("definition", Some(&before.version), Some(&after.version));
    let not_in = |of: &[String], other: &[String]| of.iter().filter(|event| !other.contains(event)).count();
    let (gained, lost) =
        (not_in(&after.evidence, &before.evidence), not_in(&before.evidence, &after.evidence));
    if gained + lost > 0 || parts.is_empty() {
        parts.push(format!("evidence +{gained} -{lost}"));
    }
    parts.join("; ")
}

fn date(day: Option<i64>) -> Option<String> {
    day.and_then(crate::warehouse::date_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(patient: &str, level: &str, evidence: &[&str]) -> WatchedCase {
        WatchedCase {
            phenotype: "p".into(),
            patient_id: patient.into(),
            case_level: level.into(),
            evidence: evidence.iter().map(|event| (*event).to_string()).collect(),
            ..WatchedCase::default()
        }
    }

    #[test]
    fn new_changed_lost_and_as_before() {
        let before =
            [case("A", "probable", &["1"]), case("B", "probable", &[]), case("C", "probable", &["3"])];
        let after =
            [case("A", "definite", &["1", "2"]), case("C", "probable", &["3"]), case("D", "possible", &[])];
        let changes = Changes::between(&before, &after);
        let begun: Vec<_> =
            changes.begun.iter().map(|(case, why)| (case.patient_id.as_str(), why.as_str())).collect();
        assert_eq!(begun, [("A", "level probable>definite; evidence +1 -0"), ("D", NEW)]);
        let ended: Vec<_> =
            changes.ended.iter().map(|(_, patient, why)| (patient.as_str(), why.as_str())).collect();
        assert_eq!(ended, [("A", "level probable>definite; evidence +1 -0"), ("B", GONE)]);
        assert_eq!(changes.tallies(), BTreeMap::from([("p", Tally { new: 1, changed: 1, lost: 1 })]));
        assert_eq!(Changes::between(&after, &after), Changes::default());
    }

    #[test]
    fn more_evidence_is_no_change_of_status() {
        let changes = Changes::between(&[case("A", "probable", &["1"])], &[case("A", "probable", &["2"])]);
        assert_eq!(changes.begun[0].1, "evidence +1 -1");
        assert_eq!(changes.tallies(), BTreeMap::from([("p", Tally::default())]));
    }
}
