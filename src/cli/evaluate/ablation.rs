//! What each mechanism brings: the figures of the engine without it, beside those of the full engine.

use super::super::progress::{self, table};
use super::super::{Result, load_engine, print};
use super::{Options, Part, by_part, read, scored, tables::figure};
use crate::context::Mechanism;
use crate::evaluate::{GoldDocument, Measure, Tally, pair};
use serde_json::{Map, Value, json};

/// The figures shown, with their headings; JSON has every measure that is scored.
const SHOWN: [(Measure, &str); 6] = [
    (Measure::Negation, "negation F1"),
    (Measure::Doubt, "doubt F1"),
    (Measure::Past, "past F1"),
    (Measure::Fetus, "fetus F1"),
    (Measure::Relative, "relative F1"),
    (Measure::All, "all right"),
];

/// The engine without one mechanism: its tally of each part, in the order of the parts.
pub(super) struct Ablated {
    without: Mechanism,
    tallies: Vec<Tally>,
}

/// Reads the gold once without each mechanism.
pub(super) fn measure(gold: &[GoldDocument], options: &Options) -> Result<Vec<Ablated>> {
    let bar = progress::steps(Mechanism::ALL.len(), options.json);
    let mut ablated = Vec::with_capacity(Mechanism::ALL.len());
    for without in Mechanism::ALL {
        bar.set_message(without.name());
        let engine = load_engine(&options.lexicon)?.without(without);
        let found = read(&engine, gold)?;
        let parts = by_part(&pair(gold, &found));
        ablated.push(Ablated { without, tallies: parts.values().map(Tally::of).collect() });
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(ablated)
}

/// One table a part; each figure of an ablated engine has its difference to the full one.
pub(super) fn show(parts: &[Part], ablated: &[Ablated]) -> Result<()> {
    for (i, part) in parts.iter().enumerate() {
        let mut out = table(&[&["engine"][..], &SHOWN.map(|(_, heading)| heading)].concat());
        let full = SHOWN.map(|(measure, _)| figure(value(&part.tally, measure)));
        out.add_row(["full".to_string()].into_iter().chain(full));
        for one in ablated {
            let beside = SHOWN
                .map(|(measure, _)| compared(value(&one.tallies[i], measure), value(&part.tally, measure)));
            out.add_row([format!("without {}", one.without.name())].into_iter().chain(beside));
        }
        print(format!("\n{}, ablation\n{out}", part.name))?;
    }
    Ok(())
}

fn value(tally: &Tally, measure: Measure) -> Option<f64> {
    measure.value(tally.counts(measure))
}

fn difference(value: Option<f64>, full: Option<f64>) -> Option<f64> {
    value.zip(full).map(|(value, full)| value - full)
}

/// A figure and how it differs: `0.878 −0.034`, `0.912 =`.
pub(super) fn compared(value: Option<f64>, full: Option<f64>) -> String {
    let beside = match difference(value, full) {
        None => String::new(),
        Some(0.0) => " =".into(),
        Some(more) if more > 0.0 => format!(" +{more:.3}"),
        Some(less) => format!(" −{:.3}", -less),
    };
    format!("{}{beside}", figure(value))
}

/// The full engine of each part (`without` is null), then it without each mechanism.
pub(super) fn json(parts: &[Part], ablated: &[Ablated]) -> Value {
    let of_part = |(i, part): (usize, &Part)| {
        let full =
            json!({"part": part.name, "without": null, "measures": measures(&part.tally, &part.tally)});
        let less = ablated.iter().map(move |one| {
            let measures = measures(&one.tallies[i], &part.tally);
            json!({"part": part.name, "without": one.without.name(), "measures": measures})
        });
        [full].into_iter().chain(less).collect::<Vec<_>>()
    };
    parts.iter().enumerate().flat_map(of_part).collect()
}

fn measures(tally: &Tally, full: &Tally) -> Map<String, Value> {
    let of_measure = |measure: Measure| {
        let (value, full) = (value(tally, measure), value(full, measure));
        let name = if measure.is_binary() { "f1" } else { "accuracy" };
        (measure.as_str().to_string(), json!({name: value, "difference": difference(value, full)}))
    };
    scored(tally).map(of_measure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_with_its_sign() {
        assert_eq!(compared(Some(0.878), Some(0.912)), "0.878 −0.034");
        assert_eq!(compared(Some(0.95), Some(0.9)), "0.950 +0.050");
        assert_eq!(compared(Some(0.5), Some(0.5)), "0.500 =");
        assert_eq!(compared(Some(0.9), Some(0.9001)), "0.900 −0.000");
        assert_eq!((compared(None, Some(0.5)), compared(Some(0.5), None)), ("–".into(), "0.500".into()));
    }
}
