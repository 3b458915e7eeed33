//! Fills the page `surveillance/report.html` with what is shown, the charts, and the words of the labels.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, ValueKind};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::charts;
use super::labels::Labels;
use super::shown::{SUPPRESSED, Shown};
use crate::surveillance::map::Map;
use crate::surveillance::svg::escape;

const PAGE: &str = include_str!("../../../surveillance/report.html");

/// The page as HTML.
pub fn render(shown: &Shown, map: Option<&Map>, labels: Labels) -> Result<String, String> {
    let figures = charts::draw(shown, map, &labels);
    let names = charts::names(shown, map);
    let labels = Arc::new(labels);
    let fault = |error: minijinja::Error| format!("surveillance/report.html: {error:#}");
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    env.set_syntax(syntax.map_err(fault)?);
    add_numbers(&mut env, &labels);
    add_rough_numbers(&mut env, &labels, !shown.has_patients());
    add_words(&mut env, &labels, names);
    env.add_template("report.html", PAGE).map_err(fault)?;
    let (has_map, public) = (map.is_some(), !shown.has_patients());
    let by_year = shown.findings.phenotypes.iter().flat_map(|one| &one.by_year);
    let years: BTreeSet<&str> = by_year.map(|year| year.name.as_str()).collect();
    let page = env.get_template("report.html").map_err(fault)?;
    page.render(context! { shown => Serde(shown), figures => Serde(&figures), years => Serde(years), has_map, public }).map_err(fault)
}

/// What stands for a number that is none: the sign of suppressed ones when that is why, else the sign of none.
fn none(labels: &Labels, why: Option<Value>) -> Value {
    match why {
        Some(why) if why.as_str() == Some(SUPPRESSED) => suppressed(labels),
        _ => Value::from(labels.number.none.as_str()),
    }
}

fn suppressed(labels: &Labels) -> Value {
    let (title, sign) = (escape(labels.word("page", "suppressed")), escape(&labels.number.suppressed));
    Value::from_safe_string(format!(r#"<abbr title="{title}">{sign}</abbr>"#))
}

/// A filter that writes a number, or what stands for it: `{{ value|name(why) }}`.
fn number_filter(
    env: &mut Environment,
    labels: &Arc<Labels>,
    name: &'static str,
    write: fn(&Labels, f64) -> String,
) {
    let labels = Arc::clone(labels);
    env.add_filter(name, move |value: Value, why: Option<Value>| {
        if value.as_str() == Some(SUPPRESSED) {
            return suppressed(&labels);
        }
        match f64::try_from(value) {
            Ok(number) if number.is_finite() => Value::from(write(&labels, number)),
            _ => none(&labels, why),
        }
    });
}

fn add_numbers(env: &mut Environment, labels: &Arc<Labels>) {
    number_filter(env, labels, "whole", |labels, number| labels.decimal(number, 0));
    number_filter(env, labels, "measure", Labels::measure);
    number_filter(env, labels, "statistic", |labels, number| {
        if number.fract() == 0.0 { labels.decimal(number, 0) } else { labels.decimal(number, 3) }
    });
    number_filter(env, labels, "probability", Labels::probability);
    number_filter(env, labels, "tenth", |labels, number| labels.decimal(number, 1));
    number_filter(env, labels, "signed", |labels, number| {
        format!("{}{}", if number > 0.0 { "+" } else { "" }, labels.decimal(number, 1))
    });
    number_filter(env, labels, "level", as_needed);
}

/// Numbers that are rounded without patients, where zeros at their end would claim more than is known.
fn add_rough_numbers(env: &mut Environment, labels: &Arc<Labels>, is_rounded: bool) {
    let measure = if is_rounded { as_needed } else { Labels::measure };
    let probability = if is_rounded {
        |l: &Labels, p| if p < 0.001 { l.probability(p) } else { as_needed(l, p) }
    } else {
        Labels::probability
    };
    number_filter(env, labels, "rough", measure);
    number_filter(env, labels, "rough_probability", probability);
}

/// As many decimals as the number has, four at most.
fn as_needed(labels: &Labels, number: f64) -> String {
    let is_enough = |decimals: &usize| {
        let scaled = number * 10_f64.powi(*decimals as i32);
        (scaled - scaled.round()).abs() < 1e-6
    };
    labels.decimal(number, (0..4).find(is_enough).unwrap_or(4))
}

fn add_words(env: &mut Environment, labels: &Arc<Labels>, names: BTreeMap<String, String>) {
    let shared = Arc::clone(labels);
    env.add_filter("day", move |day: Option<String>| {
        day.map_or_else(|| shared.number.none.clone(), |day| shared.day(&day))
    });
    let shared = Arc::clone(labels);
    env.add_filter("changes", move |why: String| shared.changes(&why));
    let shared = Arc::clone(labels);
    env.add_filter("word", move |key: Option<String>, table: String| {
        key.map_or_else(|| shared.number.none.clone(), |key| shared.word(&table, &key).to_string())
    });
    let shared = Arc::clone(labels);
    env.add_filter("diagnostic", move |kind: String, values: Value| {
        shared.diagnostic(&kind, &texts(&values))
    });
    let shared = Arc::clone(labels);
    env.add_filter("area", move |code: Option<String>| match code {
        Some(code) => names.get(&code).cloned().unwrap_or(code),
        None => shared.number.none.clone(),
    });
}

/// A map of texts.
fn texts(values: &Value) -> BTreeMap<String, String> {
    if values.kind() != ValueKind::Map {
        return BTreeMap::new();
    }
    let keys = values.try_iter().into_iter().flatten();
    keys.filter_map(|key| Some((key.to_string(), values.get_item(&key).ok()?.to_string()))).collect()
}
