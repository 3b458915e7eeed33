//! Public reports as somebody has them who wants to know what was suppressed.

use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;

use super::example::{self, Stream};
use super::labels::Labels;
use super::*;
use crate::surveillance::model::{Rate, Signal, Watched};

const LEAST: u64 = 11;

fn is_small(count: u64) -> bool {
    (1..LEAST).contains(&count)
}

fn report(seed: u64, share: u64) -> Report {
    let mut report = example::without_patients(example::scaled(seed, share as f64 / 40.0));
    more_signals(&mut report, seed);
    report
}

/// Windows of any size and place on related phenotypes.
fn more_signals(report: &mut Report, seed: u64) {
    let mut stream = Stream(seed ^ 77);
    let first = report.findings.signals[0].clone();
    for i in 0..12 {
        let watched = &report.findings.phenotypes[stream.below(4) as usize];
        let area = &watched.by_area[stream.below(20) as usize];
        let whole = if i % 3 == 0 { watched.total.unwrap().cases } else { area.value.cases };
        report.findings.signals.push(Signal {
            id: format!("more{i}"),
            phenotype: watched.id.clone(),
            areas: if i % 3 == 0 { Vec::new() } else { vec![area.name.clone()] },
            first_day: format!("{}-03-02", 2015 + stream.below(5)),
            last_day: format!("{}-05-09", 2020 + stream.below(4)),
            observed: whole.saturating_sub(stream.below(30)),
            ..first.clone()
        });
    }
}

/// Counts that a reader sees, by name; none for suppressed ones.
fn seen(table: &Value) -> BTreeMap<String, Option<u64>> {
    let cell = |row: &Value| Some((row["name"].as_str()?.to_string(), row["cases"].as_u64()));
    table.as_array().unwrap().iter().filter_map(cell).collect()
}

/// Parts against their total: whether a suppressed one can be told, or bounded so that it is surely small.
fn check_parts(total: u64, parts: &BTreeMap<String, Option<u64>>, what: &str) -> Result<(), TestCaseError> {
    let hidden = parts.values().filter(|part| part.is_none()).count() as u64;
    let rest = total - parts.values().flatten().sum::<u64>();
    prop_assert_ne!(hidden, 1, "{}: {} less what is shown is the hidden cell", what, total);
    if hidden == 0 {
        prop_assert!(!is_small(rest), "{}: {} cases are in no part", what, rest);
    } else if hidden < parts.len() as u64 {
        prop_assert!(rest >= LEAST, "{}: {} cells sum to {}", what, hidden, rest);
        // Each can be any small count while the others are at least one.
        prop_assert!(rest - (hidden - 1) >= LEAST - 1, "{}: {} cells sum to {}", what, hidden, rest);
    }
    Ok(())
}

fn check_phenotype(seen_one: &Value, one: &Watched) -> Result<(), TestCaseError> {
    let Some(total) = seen_one["total"]["cases"].as_u64() else {
        for table in ["by_year", "by_area"] {
            prop_assert!(seen(&seen_one[table]).values().flatten().all(|&count| count == 0));
        }
        return Ok(());
    };
    for table in ["by_year", "by_area"] {
        check_parts(total, &seen(&seen_one[table]), &format!("{} {table}", one.id))?;
    }
    for part in ["live", "undisputed"] {
        if let Some(count) = seen_one[part]["cases"].as_u64() {
            prop_assert!(!is_small(total - count), "{} {}: {} of {}", one.id, part, count, total);
        }
    }
    let levels = seen_one["levels"].as_array().unwrap().iter();
    let levels = levels.map(|level| (level[0].as_str().unwrap().to_string(), level[1].as_u64())).collect();
    check_parts(one.levels.iter().map(|level| level.1).sum(), &levels, "levels")
}

/// Counts of a whole and its parts in the same place.
fn check_family(shown: &Value, watched: &[Watched]) -> Result<(), TestCaseError> {
    let of = |id: &str| shown.as_array().unwrap().iter().find(|one| one["id"] == id).unwrap();
    let slots = |one: &Value| {
        let mut slots = seen(&one["by_area"]);
        slots.extend(seen(&one["by_year"]));
        slots.insert("total".into(), one["total"]["cases"].as_u64());
        slots.insert("live".into(), one["live"]["cases"].as_u64());
        slots
    };
    for whole in watched {
        let parts = || watched.iter().filter(|one| one.within.first() == Some(&whole.id));
        for (slot, sum) in slots(of(&whole.id)) {
            let Some(sum) = sum else { continue };
            let found: Vec<Option<u64>> = parts().map(|part| slots(of(&part.id))[&slot]).collect();
            for part in found.iter().flatten() {
                prop_assert!(!is_small(sum - part), "{} {}: {} of {}", whole.id, slot, part, sum);
            }
            let rest = sum.saturating_sub(found.iter().flatten().sum());
            let hidden = found.iter().filter(|part| part.is_none()).count() as u64;
            // When no part is shown, or only zeros, those hidden are only known to be at most the whole.
            if hidden > 0 && found.iter().flatten().any(|&part| part > 0) && rest > 0 {
                prop_assert!(hidden > 1 && rest + 2 >= hidden + LEAST, "{} {}: {:?}", whole.id, slot, found);
            }
        }
    }
    Ok(())
}

/// Windows of one phenotype, or of a whole and its part, that may lie in each other.
fn check_signals(shown: &Value, report: &Report) -> Result<(), TestCaseError> {
    let signals: Vec<(&Value, &Signal)> =
        shown.as_array().unwrap().iter().zip(&report.findings.signals).collect();
    let watched = |id: &str| report.findings.phenotypes.iter().find(|one| one.id == id).unwrap();
    for (i, (one, signal)) in signals.iter().enumerate() {
        let Some(observed) = one["observed"].as_u64().filter(|&count| count > 0) else { continue };
        prop_assert!(
            !is_small(observed) && !is_small(watched(&signal.phenotype).total.unwrap().cases - observed)
        );
        let in_areas =
            watched(&signal.phenotype).by_area.iter().filter(|area| signal.areas.contains(&area.name));
        let around: u64 = in_areas.map(|area| area.value.cases).sum();
        prop_assert!(signal.areas.is_empty() || !is_small(around - observed), "{} of {}", observed, around);
        for (other, with) in &signals[..i] {
            let Some(before) = other["observed"].as_u64() else { continue };
            let is_related = with.phenotype == signal.phenotype
                || watched(&with.phenotype).within.contains(&signal.phenotype)
                || watched(&signal.phenotype).within.contains(&with.phenotype);
            let overlap = with.areas.is_empty() || signal.areas.is_empty() || with.areas == signal.areas;
            prop_assert!(!(is_related && overlap && is_small(observed.abs_diff(before))));
        }
    }
    Ok(())
}

/// Nowhere is there a small count, nor a number beside a suppressed count that was computed from it.
fn check_tree(value: &Value) -> Result<(), TestCaseError> {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                let is_count =
                    ["cases", "observed", "new", "changed", "lost", "children"].contains(&key.as_str());
                prop_assert!(
                    !is_count || field.as_u64().is_none_or(|count| !is_small(count)),
                    "{}: {}",
                    key,
                    field
                );
                check_tree(field)?;
            }
            let is_hidden = |key| fields.get(key).is_some_and(|field| field == shown::SUPPRESSED);
            for derived in ["rate", "lo", "hi", "expected", "ratio", "p", "q"] {
                let is_none = fields.get(derived).is_none_or(Value::is_null);
                prop_assert!(
                    is_none || !(is_hidden("cases") || is_hidden("observed")),
                    "{} in {:?}",
                    derived,
                    fields
                );
            }
            Ok(())
        }
        Value::Array(values) => values.iter().try_for_each(check_tree),
        _ => Ok(()),
    }
}

/// Makes every derived number of rates unlike any other; gives those of each rate.
fn mark(report: &mut Report) -> Vec<(String, String, [f64; 3])> {
    let (mut marks, mut next) = (Vec::new(), 1_234_567.8);
    let mut mark = |id: &str, slot: String, rate: &mut Rate| {
        let numbers = [next, next + 1000.3, next + 2000.6];
        [rate.rate, rate.lo, rate.hi] = numbers;
        next += 3517.9;
        marks.push((id.to_string(), slot, numbers));
    };
    for one in &mut report.findings.phenotypes {
        for (slot, rate) in
            [("total", &mut one.total), ("live", &mut one.live), ("undisputed", &mut one.undisputed)]
        {
            mark(&one.id, slot.to_string(), rate.as_mut().unwrap());
        }
        for named in one.by_year.iter_mut().chain(&mut one.by_area) {
            mark(&one.id, named.name.clone(), &mut named.value);
        }
    }
    marks
}

fn is_shown(tree: &Value, id: &str, slot: &str) -> bool {
    let one = tree["findings"]["phenotypes"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap();
    let named = ["by_year", "by_area"].iter().flat_map(|table| one[*table].as_array().unwrap());
    let rate = named.clone().find(|row| row["name"] == slot).unwrap_or(&one[slot]);
    rate["cases"].is_u64()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_suppressed_count_can_be_told(seed in 0_u64..1_000_000, share in 1_u64..60) {
        let report = report(seed, share);
        let tree: Value = serde_json::from_str(&json(&report).unwrap()).unwrap();
        let findings = &tree["findings"];
        for (seen, one) in findings["phenotypes"].as_array().unwrap().iter().zip(&report.findings.phenotypes) {
            check_phenotype(seen, one)?;
        }
        check_family(&findings["phenotypes"], &report.findings.phenotypes)?;
        check_signals(&findings["signals"], &report)?;
        check_tree(&tree)?;
    }
}

#[test]
fn no_number_of_a_suppressed_rate_is_in_page_or_json() {
    let (labels, map) = (Labels::shipped().unwrap(), Map::read("map", &example::geojson(), None).unwrap());
    let (mut hidden, mut all) = (0, 0);
    for (seed, share) in [(1, 1), (2, 8), (3, 40)] {
        let mut report = report(seed, share);
        let marks = mark(&mut report);
        let (text, page) = (json(&report).unwrap(), html(&report, Some(&map)).unwrap());
        let tree: Value = serde_json::from_str(&text).unwrap();
        for (id, slot, numbers) in marks {
            let shows = is_shown(&tree, &id, &slot);
            (hidden, all) = (hidden + usize::from(!shows), all + 1);
            for number in numbers {
                assert_eq!(text.contains(&number.to_string()), shows, "{id} {slot} {number}");
                assert!(shows || !page.contains(&labels.measure(number)), "{id} {slot} {number}");
            }
        }
    }
    assert!(hidden * 4 > all && hidden < all, "{hidden} of {all}: the test must see both");
}

#[test]
fn a_ratio_of_some_cases_does_not_tell_the_others() {
    let ratio = |others: u64| {
        let mut report = example::public(3);
        let one = &mut report.findings.phenotypes[1];
        let total = one.total.unwrap();
        let reference = one.reference.as_mut().unwrap();
        reference.scope = "non_chromosomal".into();
        reference.ratio = (total.cases - others) as f64 / (reference.rate * total.births / 10_000.0);
        suppressed(&report).unwrap().findings.phenotypes[1].reference.clone().unwrap().ratio
    };
    assert!(ratio(0).is_some() && ratio(60).is_some());
    assert_eq!(ratio(4), None, "the 4 chromosomal cases");
}

#[test]
fn a_correction_does_not_tell_a_suppressed_test() {
    let report = example::public(3);
    let shown = suppressed(&report).unwrap();
    let trends: Vec<_> = shown.findings.phenotypes.iter().filter_map(|one| one.trend).collect();
    assert!(trends.iter().any(|trend| trend.p.is_some()) && trends.iter().any(|trend| trend.p.is_none()));
    assert!(trends.iter().all(|trend| trend.q.is_none()));
}

#[test]
fn small_births_are_suppressed_with_another() {
    let mut report = example::public(3);
    report.findings.areas[4].births = 6;
    for one in &mut report.findings.phenotypes {
        one.by_area[4].value.births = 6.0;
        one.by_area[4].value.cases = 0;
    }
    let shown = suppressed(&report).unwrap().findings;
    let hidden: Vec<usize> = (0..20).filter(|&i| shown.areas[i].births.is_none()).collect();
    assert!(hidden.contains(&4) && hidden.len() == 2, "{hidden:?}");
    for one in &shown.phenotypes {
        assert!(
            hidden
                .iter()
                .all(|&i| one.by_area[i].rate.births.is_none() && one.by_area[i].rate.rate.is_none())
        );
    }
}
