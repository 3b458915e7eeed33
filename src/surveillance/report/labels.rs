//! The words of reports, from `surveillance/labels.toml`, and numbers and days as French readers write them.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

use super::shown::SUPPRESSED;

const SHIPPED: &str = include_str!("../../../surveillance/labels.toml");

/// Words by table and key, and the signs of numbers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// Signs of numbers.
    pub number: Signs,
    /// Places of diagnostics that never hold a count.
    pub public_places: BTreeSet<String>,
    /// Words and sentences by table.
    words: BTreeMap<String, BTreeMap<String, String>>,
}

/// How numbers are written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signs {
    /// Before the decimals.
    pub decimal: String,
    /// Between thousands.
    pub group: String,
    /// Before negative numbers.
    pub minus: String,
    /// Before a bound: `< 0,001`.
    pub under: String,
    /// For what does not exist.
    pub none: String,
    /// For what is suppressed.
    pub suppressed: String,
}

impl Labels {
    /// The labels that come with the program. An error is a fault of that file.
    pub fn shipped() -> Result<Self, String> {
        toml::from_str(SHIPPED).map_err(|error| format!("surveillance/labels.toml: {error}"))
    }

    /// The word of a key that may be new, which then stands for itself.
    pub fn word<'a>(&'a self, table: &str, key: &'a str) -> &'a str {
        self.words.get(table).and_then(|words| words.get(key)).map_or(key, String::as_str)
    }

    /// The word of a key that the program knows. Without it, a sign that tests look for.
    pub fn known(&self, table: &str, key: &str) -> &str {
        self.words.get(table).and_then(|words| words.get(key)).map_or("⟦?⟧", String::as_str)
    }

    /// A sentence that the program knows, with `{places}` filled. A place without a value stays, so that it is seen.
    pub fn sentence(&self, table: &str, key: &str, values: &[(&str, String)]) -> String {
        values.iter().fold(self.known(table, key).to_string(), |text, (place, value)| {
            text.replace(&format!("{{{place}}}"), value)
        })
    }

    /// A sentence about a number of things: `key_none`, `key_one` or `key_many`, with `{n}`.
    pub fn counted(&self, table: &str, key: &str, n: usize, values: &[(&str, String)]) -> String {
        let form = match n {
            0 => "none",
            1 => "one",
            _ => "many",
        };
        let values: Vec<(&str, String)> =
            values.iter().cloned().chain([("n", self.count(n as u64))]).collect();
        self.sentence(table, &format!("{key}_{form}"), &values)
    }

    /// What a diagnostic says. A kind without a sentence stands for itself, with its values.
    pub fn diagnostic(&self, kind: &str, values: &BTreeMap<String, String>) -> String {
        let value = |value: &String| match value.as_str() {
            SUPPRESSED => self.number.suppressed.clone(),
            value => self.value(value),
        };
        let values: Vec<(&str, String)> =
            values.iter().map(|(place, text)| (place.as_str(), value(text))).collect();
        if self.words.get("diagnostics").is_some_and(|known| known.contains_key(kind)) {
            return self.sentence("diagnostics", kind, &values);
        }
        let told: Vec<String> = values.iter().map(|(place, value)| format!("{place} = {value}")).collect();
        if told.is_empty() { kind.to_string() } else { format!("{kind} ({})", told.join(", ")) }
    }

    /// What changed of a case, part by part (`level probable>definite; evidence +1 -0`), in words.
    pub fn changes(&self, why: &str) -> String {
        let part = |part: &str| {
            let (name, values) = part.split_once(' ').unwrap_or((part, ""));
            let values: Vec<String> = values.split('>').map(|value| self.anywhere(value.trim())).collect();
            format!("{} {}", self.word("changes", name), values.join(" → ")).trim().to_string()
        };
        match self.words.get("excluded").and_then(|known| known.get(why)) {
            Some(sentence) => sentence.clone(),
            None => why.split("; ").map(part).collect::<Vec<_>>().join(" ; "),
        }
    }

    /// A value of a case in words, whichever table has it.
    fn anywhere(&self, value: &str) -> String {
        let known = |table: &&&str| self.words.get(**table).is_some_and(|words| words.contains_key(value));
        match ["levels", "outcomes", "classes", "changes"].iter().find(known) {
            Some(table) => self.word(table, value).to_string(),
            None => self.value(value),
        }
    }

    /// A number or a day in a text, as it is written here; any other text as it is.
    fn value(&self, text: &str) -> String {
        match text.parse::<f64>() {
            // A year, a code: whatever has no point and is not long stays as it is.
            Ok(number) if text.contains('.') && number.is_finite() => {
                let decimals = text.split('.').nth(1).map_or(0, str::len).min(3);
                self.decimal(number, decimals)
            }
            Ok(number) if number.is_finite() && number >= 10_000.0 => self.decimal(number, 0),
            _ => self.day(text),
        }
    }

    /// A whole number: `12 345`.
    pub fn count(&self, count: u64) -> String {
        self.decimal(count as f64, 0)
    }

    /// A number with decimals.
    pub fn decimal(&self, value: f64, decimals: usize) -> String {
        let text = format!("{:.decimals$}", value.abs());
        let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
        let mut out = if value < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
            self.number.minus.clone()
        } else {
            String::new()
        };
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i) % 3 == 0 {
                out.push_str(&self.number.group);
            }
            out.push(digit);
        }
        if !rest.is_empty() {
            out.push_str(&self.number.decimal);
            out.push_str(rest);
        }
        out
    }

    /// A rate, a ratio, an expected count: two decimals under ten, else one.
    pub fn measure(&self, value: f64) -> String {
        self.decimal(value, if value.abs() < 9.995 { 2 } else { 1 })
    }

    /// A probability.
    pub fn probability(&self, p: f64) -> String {
        if p < 0.001 {
            format!("{}{}", self.number.under, self.decimal(0.001, 3))
        } else {
            self.decimal(p, if p < 0.0995 { 3 } else { 2 })
        }
    }

    /// `2024-03-05` as `05/03/2024`, `2024-03` as `03/2024`, with the time of day when there is one; other texts as
    /// they are.
    pub fn day(&self, iso: &str) -> String {
        let (day, time) = iso.split_once(['T', ' ']).unwrap_or((iso, ""));
        let parts: Vec<&str> = day.split('-').collect();
        let is_date = parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
        if !is_date || parts[0].len() != 4 || !(2..=3).contains(&parts.len()) {
            return iso.to_string();
        }
        let day = parts.iter().rev().copied().collect::<Vec<_>>().join("/");
        match time.get(..5) {
            Some(time) => format!("{day} {time}"),
            None => day,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_days() {
        let labels = Labels::shipped().unwrap();
        assert_eq!(labels.count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(
            [labels.measure(9.994), labels.measure(12.34), labels.decimal(-0.04, 1)],
            ["9,99", "12,3", "0,0"]
        );
        assert_eq!([labels.decimal(-1.25, 1), labels.probability(0.0004)], ["−1,2", "<\u{202f}0,001"]);
        for (iso, french) in [
            ("2024-03-05", "05/03/2024"),
            ("2024-03", "03/2024"),
            ("2024-03-05T10:20:30Z", "05/03/2024 10:20"),
            ("2024", "2024"),
            ("CR-echo", "CR-echo"),
            ("", ""),
            ("\u{e9}-\u{e9}", "\u{e9}-\u{e9}"),
        ] {
            assert_eq!(labels.day(iso), french);
        }
    }

    #[test]
    fn diagnostics() {
        let labels = Labels::shipped().unwrap();
        let values = BTreeMap::from([("place".to_string(), "1.5".to_string())]);
        assert_eq!(labels.diagnostic("never_heard_of", &values), "never_heard_of (place = 1,5)");
        assert_eq!(labels.diagnostic("never_heard_of", &BTreeMap::new()), "never_heard_of");
    }
}
