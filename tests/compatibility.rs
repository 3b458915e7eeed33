//! The compatibility suites made from the tests of EDS-NLP: what each asks, how it is asked of us, and the least score.
//!
//! `LAENNEC_SHARED=../shared cargo test compatibility -- --nocapture` prints a line a suite with the cases that differ;
//! without that variable nothing is run. docs/compatibility.md explains the differences that stay.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::support::{Bench, root};

/// Least share of right cases of each suite, in percent.
const LEAST: [(&str, f64); 14] = [
    ("negation", 95.0),
    ("hypothesis", 92.0),
    ("family", 95.0),
    ("history", 82.0),
    ("sentences", 95.0),
    ("sections", 100.0),
    ("section_titles_generated", 100.0),
    ("dates", 95.0),
    ("dates_resolved", 95.0),
    ("date_periods", 100.0),
    ("consultation_dates", 0.0),
    ("quantities", 90.0),
    ("quantity_conversions", 100.0),
    ("tables", 100.0),
];

/// What EDS-NLP calls a quantity of each of our dimensions when no other quantity is asked for.
const NAMES: [(&str, &str); 4] =
    [("length", "size"), ("mass", "weight"), ("body_mass_index", "bmi"), ("volume", "volume")];

#[test]
fn compatibility() {
    let Some(folder) = std::env::var_os("LAENNEC_SHARED") else { return };
    let folder = root().join(PathBuf::from(folder)).join("eval/edsnlp");
    let mut low = Vec::new();
    for (suite, least) in LEAST {
        let cases = read(&folder.join(suite).with_extension("jsonl"));
        let right = |case: &&Value| is_right(case, &predict(suite, case));
        let wrong: Vec<&str> = cases.iter().filter(|c| !right(c)).map(|c| text(c, "id")).collect();
        let percent = 100.0 * (cases.len() - wrong.len()) as f64 / cases.len() as f64;
        println!("{suite:26} {:3}/{:3} {percent:6.1} %  {wrong:?}", cases.len() - wrong.len(), cases.len());
        if percent < least {
            low.push((suite, percent, least));
        }
    }
    assert!(low.is_empty(), "suite, percent, least: {low:?}");
}

fn read(path: &Path) -> Vec<Value> {
    let content = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    content.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn span(value: &Value) -> (u64, u64) {
    (value["start"].as_u64().unwrap_or(0), value["end"].as_u64().unwrap_or(0))
}

fn slice(text: &str, (start, end): (u64, u64)) -> String {
    text.chars().skip(start as usize).take((end - start) as usize).collect()
}

// ---------------------------------------------------------------- asking the program

fn ask(command: &[&str], case: &Value, more: Value) -> Value {
    let mut line = Map::from_iter([("text".to_string(), case["text"].clone())]);
    if let Some(date) = case["options"].get("note_datetime") {
        line.insert("document_date".into(), date.clone());
    }
    line.extend(more.as_object().cloned().unwrap_or_default());
    let ran = Bench::new().run_with_input(command, Value::Object(line).to_string()).ends_with(0);
    ran.json().into_iter().next().unwrap_or_default()
}

fn predict(suite: &str, case: &Value) -> Value {
    match suite {
        "negation" => qualified(case, "negated"),
        "hypothesis" => qualified(case, "hypothetical"),
        "family" => qualified(case, "family"),
        "history" => qualified(case, "historical"),
        "sentences" => sentences(case),
        "sections" | "section_titles_generated" => section(case),
        "dates" => dates(case),
        "dates_resolved" => resolved(case),
        "date_periods" => ask(&["segment"], case, json!({}))["periods"].clone(),
        "consultation_dates" => Value::Null,
        "quantities" => quantities(case),
        "quantity_conversions" => converted(case),
        _ => ask(&["segment"], case, json!({}))["tables"].clone(),
    }
}

fn qualified(case: &Value, name: &str) -> Value {
    let (start, end) = span(&case["entity"]);
    let entities = json!({"entities": [{"start": start, "end": end}]});
    ask(&["qualify"], case, entities)["entities"][0][name].clone()
}

/// The options of EDS-NLP as those of `segment`; only where a case sets one that is not its default.
fn sentences(case: &Value) -> Value {
    let options = &case["options"];
    let mut flags = vec!["segment".to_string()];
    if let Some(starters) = options["bullet_starters"].as_array() {
        let marks: String = starters.iter().filter_map(Value::as_str).collect();
        flags.push(format!("--bullets={marks}"));
    }
    let numbers = [("min_newline_count", "newlines"), ("hard_newline_count", "hard-newlines")];
    for (theirs, ours) in numbers {
        flags.extend(options[theirs].as_u64().map(|n| format!("--{ours}={n}")));
    }
    if options["punct_chars"] == json!([]) {
        flags.push("--ignore-points".into());
    }
    if options["check_capitalized"] == false {
        flags.push("--capitals=ignore".into());
    } else if let Some(mode) = options["capitalized_mode"].as_str() {
        flags.push(format!("--capitals={}", if mode == "legacy" { "title" } else { "any" }));
    }
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    ask(&flags, case, json!({"soft_newlines": options["soft_newlines_at"]}))["sentences"].clone()
}

fn section(case: &Value) -> Value {
    let table = fs::read_to_string(root().join("lexicons/sections/edsnlp_labels.tsv")).unwrap();
    let labels: BTreeMap<&str, &str> = table.lines().filter_map(|l| l.split_once('\t')).collect();
    let at = span(&case["entity"]).0;
    let answer = ask(&["segment"], case, json!({}));
    let holds = |s: &&Value| s["title_start"].as_u64() <= Some(at) && Some(at) < s["end"].as_u64();
    let kind = list(&answer["sections"]).iter().rfind(holds).map(|s| text(s, "kind"));
    kind.map_or(Value::Null, |kind| json!(labels.get(kind).copied().unwrap_or(kind)))
}

fn dates(case: &Value) -> Value {
    let days = case["options"]["detect_time"] == false;
    let answer = ask(if days { &["segment", "--days-only"] } else { &["segment"] }, case, json!({}));
    answer["dates"].clone()
}

fn resolved(case: &Value) -> Value {
    let (start, end) = span(&case["entity"]);
    let answer = ask(&["segment"], case, json!({}));
    let found = list(&answer["dates"]).iter().find(|d| span(d).0 < end && start < span(d).1);
    found.cloned().unwrap_or_default()
}

/// The quantities that the case asks for, under the names it gives them.
fn quantities(case: &Value) -> Value {
    let asked = &case["options"]["quantities"];
    let all = asked.as_object().into_iter().flatten().map(|(name, q)| (name.as_str(), text(q, "unit")));
    // A result in words ("positif") has no unit, and is no quantity of ours.
    let names: Vec<(&str, &str)> = all.filter(|(_, unit)| *unit != "bool").collect();
    let flags: Vec<String> = names.iter().map(|(_, unit)| format!("--unit={unit}")).collect();
    let command: Vec<&str> = ["segment"].into_iter().chain(flags.iter().map(String::as_str)).collect();
    let answer = ask(&command, case, json!({}));
    let name = |q: &Value| -> Option<String> {
        if asked == "all" {
            return Some(text(q, "unit").into());
        }
        if asked.is_null() {
            return NAMES
                .iter()
                .find(|(ours, _)| *ours == text(q, "dimension"))
                .map(|(_, name)| (*name).into());
        }
        names.iter().find(|(_, unit)| q["converted"].get(unit).is_some()).map(|(name, _)| (*name).into())
    };
    let named = |q: &Value| {
        let mut q = q.clone();
        q["label"] = json!(name(&q)?);
        q["snippet"] = json!(slice(text(case, "text"), span(&q)));
        Some(q)
    };
    list(&answer["quantities"]).iter().filter_map(named).collect()
}

/// Each bound of a range is a quantity of its own where a case does not ask for ranges.
fn converted(case: &Value) -> Value {
    let unit = text(&case["options"], "to_unit");
    let answer = ask(&["segment", &format!("--unit={unit}")], case, json!({}));
    let ends = |q: &Value| {
        let value = &q["converted"][unit];
        if value.is_array() { list(value).to_vec() } else { vec![value.clone()] }
    };
    let values: Vec<Value> = list(&answer["quantities"]).iter().flat_map(ends).collect();
    let index = case["options"]["index"].as_u64().unwrap_or(0) as usize;
    values.get(index).cloned().unwrap_or_default()
}

// ---------------------------------------------------------------- what is right

/// As `score_suites.py` of the suites has it.
fn is_right(case: &Value, found: &Value) -> bool {
    let expected = &case["expected"];
    match text(case, "attribute") {
        "sentences" => same_sentences(case, found),
        "dates" => dated(expected, "norm") == dated(found, "value"),
        "date_resolved" => same_day(expected, found),
        "periods" => {
            list(expected).iter().map(span).collect::<Vec<_>>()
                == list(found).iter().map(span).collect::<Vec<_>>()
        }
        "quantities" => {
            let (expected, found) = (list(expected), list(found));
            expected.len() == found.len() && expected.iter().zip(found).all(|(e, f)| same_quantity(e, f))
        }
        "quantity_conversion" => {
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b.abs().max(1.0);
            found.as_f64().zip(expected.as_f64()).is_some_and(|(a, b)| close(a, b))
        }
        "tables" => same_tables(case, found),
        _ => expected == found,
    }
}

fn same_sentences(case: &Value, found: &Value) -> bool {
    let trimmed: Vec<String> =
        list(found).iter().map(|s| slice(text(case, "text"), span(s)).trim().to_string()).collect();
    match case["expected"].get("count") {
        Some(count) => count.as_u64() == Some(trimmed.len() as u64),
        None => {
            list(&case["expected"]).iter().map(|s| text(s, "text").to_string()).collect::<Vec<_>>() == trimmed
        }
    }
}

fn dated(dates: &Value, form: &str) -> Vec<(u64, u64, String)> {
    let mut dates: Vec<_> =
        list(dates).iter().map(|d| (span(d).0, span(d).1, text(d, form).to_string())).collect();
    dates.sort();
    dates
}

fn same_day(expected: &Value, found: &Value) -> bool {
    let datetime = text(found, "datetime");
    let part = |range: std::ops::Range<usize>| datetime.get(range).and_then(|p| p.parse::<u64>().ok());
    let is = |name: &str, value: &Value| match name {
        "norm" => value == &found["value"],
        "year" => value.as_u64() == part(0..4),
        "month" => value.as_u64() == part(5..7),
        _ => value == &found[name],
    };
    let asked = |(name, value): &(&String, &Value)| !value.is_null() || *name == "datetime";
    expected.as_object().is_some_and(|e| e.iter().filter(asked).all(|(name, value)| is(name, value)))
}

fn same_quantity(expected: &Value, found: &Value) -> bool {
    let matches = |name: &str| expected.get(name).is_none_or(|e| *e == found[name]);
    amount(text(expected, "value")) == amount_of(found)
        && ["unit", "label", "snippet"].into_iter().all(matches)
}

type Amount = (String, Vec<f64>);

fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

fn amount(written: &str) -> Amount {
    let sign: String = written.chars().take_while(|c| matches!(c, '<' | '>' | '=')).collect();
    let numbers = written[sign.len()..].split('-').filter_map(|n| n.parse().ok()).map(rounded).collect();
    (sign, numbers)
}

fn amount_of(found: &Value) -> Amount {
    let numbers = ["value", "high"].iter().filter_map(|name| found[*name].as_f64()).map(rounded).collect();
    (text(found, "comparator").to_string(), numbers)
}

/// The shape and some cells of the tables that have as many rows as asked for.
fn same_tables(case: &Value, found: &Value) -> bool {
    let content = text(case, "text");
    let row = |row: &Value| {
        list(row).iter().map(|c| slice(content, span(c)).trim().to_string()).collect::<Vec<_>>()
    };
    let least = case["options"]["min_rows"].as_u64().unwrap_or(2) as usize;
    let tables: Vec<Vec<Vec<String>>> = list(found)
        .iter()
        .map(|table| list(&table["rows"]).iter().map(row).collect::<Vec<_>>())
        .filter(|rows: &Vec<Vec<String>>| rows.len() >= least)
        .collect();
    let expected = &case["expected"];
    tables.len() as u64 == expected["n_tables"].as_u64().unwrap_or(0)
        && list(&expected["tables"]).iter().zip(&tables).all(|(e, rows)| same_table(e, rows))
}

fn same_table(expected: &Value, rows: &[Vec<String>]) -> bool {
    let Some(names) = expected["columns"].as_array() else {
        return expected["n_rows"].as_u64() == Some(rows.len() as u64)
            && expected["n_cols"].as_u64() == Some(rows[0].len() as u64)
            && rows.get(5).is_some_and(|row| expected["row_5_col_0"] == *row[0]);
    };
    let index: Vec<&str> = rows[1..].iter().map(|r| r[0].as_str()).collect();
    names.iter().map(Value::as_str).eq(rows[0][1..].iter().map(|c| Some(c.as_str())))
        && list(&expected["index"]).iter().map(Value::as_str).eq(index.into_iter().map(Some))
        && rows.get(6).is_some_and(|row| expected["TCMH/Valeur"] == *row[2])
}
