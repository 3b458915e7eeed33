//! The detection against the answers of R, and what is refused.

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

/// A request and the answer that R gave to it; `tests/data/stats/farrington.R` gives it again.
#[derive(Deserialize)]
struct Case {
    request: FarringtonRequest,
    answer: Value,
}

fn cases() -> Vec<Case> {
    let lines = include_str!("../../../tests/data/stats/farrington.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Equal to 1e-8. Where the count is the one expected, the score is the rounding error of a zero.
fn same(found: &Value, known: &Value) -> bool {
    match (found.as_f64(), known.as_f64()) {
        (Some(found), Some(known)) => {
            (found - known).abs() <= 1e-8 * known.abs() + 1e-10 * f64::from(known.abs() < 1e-6)
        }
        _ => found == known,
    }
}

// R 4.2.2, surveillance 1.20.3: farringtonFlexible, as called in tests/data/stats/farrington.R.
#[test]
fn as_r_answers() {
    let cases = cases();
    assert!(cases.len() >= 40);
    for (number, Case { request, answer }) in cases.iter().enumerate() {
        let found = serde_json::to_value(farrington(request).unwrap()).unwrap();
        for field in ["expected", "upperbound", "score", "pvalue", "alarm"] {
            let (found, known) = (found[field].as_array().unwrap(), answer[field].as_array().unwrap());
            assert_eq!(found.len(), known.len());
            for (place, (found, known)) in found.iter().zip(known).enumerate() {
                assert!(same(found, known), "line {number}, {field} {place}: {found} instead of {known}");
            }
        }
    }
}

/// Ten years of months, five cases each.
fn plain() -> Value {
    json!({"counts": vec![5; 120], "start": [2010, 1], "frequency": 12, "range": [64, 120]})
}

fn ask(changes: Value) -> Result<Farrington, Refused> {
    let mut request = plain();
    let fields = changes.as_object().unwrap().clone();
    request.as_object_mut().unwrap().extend(fields);
    farrington(&serde_json::from_value(request).unwrap())
}

#[test]
fn an_outbreak_is_an_alarm() {
    let mut counts = vec![5; 120];
    counts[119] = 30;
    let found = ask(json!({"counts": counts})).unwrap();
    assert_eq!(found.alarm.iter().filter(|alarm| **alarm == Some(true)).count(), 1);
    assert_eq!(found.alarm.last(), Some(&Some(true)));
    assert!((found.expected[56].unwrap() - 5.0).abs() < 1e-9);
}

#[test]
fn too_few_recent_cases_raise_no_alarm_and_leave_no_bound() {
    let mut counts = vec![0; 120];
    counts[119] = 4;
    let found = ask(json!({"counts": counts, "range": [120, 120]})).unwrap();
    assert_eq!((found.expected[0], found.upperbound[0], found.alarm[0]), (None, None, Some(false)));
    let found = ask(json!({"counts": counts, "range": [120, 120], "limit54": [4, 4]})).unwrap();
    assert_eq!(found.alarm[0], Some(true));
}

/// An alpha near 1 puts the bound of a count law below the logarithm of the expected count: no case scores above 1.
#[test]
fn a_count_of_zero_is_no_alarm() {
    let mut counts = vec![5; 120];
    counts[119] = 0;
    let found =
        ask(json!({"counts": counts, "range": [120, 120], "alpha": 0.99, "threshold_method": "nbPlugin"}))
            .unwrap();
    assert!(found.score[0].unwrap() > 1.0);
    assert_eq!(found.alarm[0], Some(false));
}

#[test]
fn a_doubled_population_doubles_what_is_expected() {
    let population: Vec<i32> = (0..120).map(|month| if month < 119 { 1000 } else { 2000 }).collect();
    let found = ask(json!({"population": population, "range": [119, 120]})).unwrap();
    assert!(
        (found.expected[0].unwrap() - 5.0).abs() < 1e-9 && (found.expected[1].unwrap() - 10.0).abs() < 1e-9
    );
}

#[test]
fn no_degree_of_freedom_gives_null_and_no_error() {
    let found = ask(json!({"b": 1, "w": 0, "range": [13, 14]})).unwrap();
    assert_eq!((found.expected, found.alarm), (vec![None; 2], vec![None; 2]));
    let found = ask(json!({"past_weeks_not_included": 1000})).unwrap();
    assert_eq!(found.pvalue, vec![None; 57]);
}

#[test]
fn what_is_refused() {
    let with = |row: usize, count: f64| {
        let mut counts = vec![5.0; 120];
        counts[row - 1] = count;
        json!({"counts": counts})
    };
    for (changes, field, row, word) in [
        (with(7, -1.0), "counts", Some(7), "whole number"),
        (with(9, 2.5), "counts", Some(9), "found 2.5"),
        (json!({"counts": []}), "counts", None, "found 0"),
        (json!({"range": [62, 120]}), "range", None, "the first possible position is 63"),
        (json!({"b": 12}), "range", None, "there are 120 counts"),
        (json!({"range": [64, 121]}), "range", None, "from 1 to 120"),
        (json!({"range": [80, 79]}), "range", None, "in order"),
        (json!({"range": [0, 79]}), "range", None, "in order"),
        (json!({"frequency": 0}), "frequency", None, "from 1"),
        (json!({"start": [2010, 13]}), "start", None, "from 1 to 12"),
        (json!({"alpha": 0.0}), "alpha", None, "between"),
        (json!({"alpha": 1.0}), "alpha", None, "between"),
        (json!({"b": 0}), "b", None, "from 1"),
        (json!({"w": 12}), "w", None, "from 0 to 11"),
        (json!({"no_periods": 13}), "no_periods", None, "from 1 to 12"),
        (json!({"past_weeks_not_included": -1}), "past_weeks_not_included", None, "from 0"),
        (json!({"weights_threshold": 0.0}), "weights_threshold", None, "above 0"),
        (json!({"p_threshold_trend": 1.1}), "p_threshold_trend", None, "from 0 to 1"),
        (json!({"limit54": [5, 0]}), "limit54", None, "from 1"),
        (json!({"population": [1, 2]}), "population", None, "120, found 2"),
        (json!({"population": vec![0; 120]}), "population", Some(1), "above 0"),
    ] {
        let refused = ask(changes.clone()).unwrap_err();
        assert_eq!((refused.field, refused.row), (field, row), "{changes}");
        assert!(refused.problem.contains(word), "{refused}");
    }
}

#[test]
fn unknown_keys_and_methods_are_refused() {
    for (key, value) in
        [("window", json!(3)), ("threshold_method", json!("gamma")), ("power_transform", json!("3/4"))]
    {
        let mut request = plain();
        request[key] = value;
        assert!(serde_json::from_value::<FarringtonRequest>(request).is_err(), "{key}");
    }
}

#[test]
fn the_longest_request_is_bounded() {
    let refused =
        ask(json!({"counts": vec![5; 1_000_000], "range": [64, 1_000_000], "no_periods": 12})).unwrap_err();
    assert!(refused.problem.contains("too much work"), "{refused}");
}
