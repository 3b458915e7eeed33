//! Concept sets: codes of the CIM-10 and its kin are taken over, other vocabularies are said.

use super::write::{quoted_list, slug};
use super::{Importer, list};
use serde_json::Value;

/// Spellings of the CIM-10 and of the international classification it translates.
const SAME: [&str; 5] = ["ICD10", "ICD-10", "CIM10", "CIM-10", "ICD10FR"];

/// The American modification: its first four characters are those of the international one.
const AMERICAN: &str = "ICD10CM";

/// Characters of a code that both share, the point left out.
const SHARED: usize = 4;

impl Importer {
    pub(super) fn concept_sets(&mut self, sets: Option<&Value>, path: &str) {
        for (place, set) in list(sets).iter().enumerate() {
            let path = format!("{path}[{place}]");
            let items = set.get("expression").and_then(|expression| expression.get("items"));
            let (mut codes, mut not_codes) = (Vec::new(), Vec::new());
            for (place, item) in list(items).iter().enumerate() {
                let path = format!("{path}.expression.items[{place}]");
                let Some(code) = self.code(item, &path) else { continue };
                let excluded = item.get("isExcluded").and_then(Value::as_bool).unwrap_or(false);
                let into = if excluded { &mut not_codes } else { &mut codes };
                if !into.contains(&code) {
                    into.push(code);
                }
            }
            self.concept_set(set, &path, &codes, &not_codes);
        }
    }

    fn concept_set(&mut self, set: &Value, path: &str, codes: &[String], not_codes: &[String]) {
        let Some(number) = set.get("id").and_then(Value::as_i64) else {
            self.say(path, "the concept set has no id; left out");
            return;
        };
        let title = set.get("name").and_then(Value::as_str).unwrap_or_default();
        if codes.is_empty() {
            self.say(path, &format!("nothing of concept set {number} {title:?} is a code of the CIM-10; give it codes, subgroups or concepts by hand"));
            return;
        }
        let wanted = if title.is_empty() { format!("set_{number}") } else { slug(title) };
        let name = self.name(&wanted);
        let mut table = format!("[sets.{name}]\ncodes = {}\n", quoted_list(codes));
        if !not_codes.is_empty() {
            table.push_str(&format!("not_codes = {}\n", quoted_list(not_codes)));
        }
        self.set_tables.push(table);
        self.sets.insert(number, name);
    }

    fn code(&mut self, item: &Value, path: &str) -> Option<String> {
        let concept = item.get("concept");
        let text = |key: &str| {
            concept.and_then(|concept| concept.get(key)).and_then(Value::as_str).unwrap_or_default()
        };
        let (vocabulary, code) = (text("VOCABULARY_ID").to_ascii_uppercase(), text("CONCEPT_CODE").trim());
        let shown = format!("{vocabulary} {code} {:?}", text("CONCEPT_NAME"));
        let pointed = pointed(code);
        let short = pointed.chars().filter(char::is_ascii_alphanumeric).count() <= SHARED;
        if !SAME.contains(&vocabulary.as_str()) && vocabulary != AMERICAN {
            self.say(path, &format!("{shown} is no code of the CIM-10; add the CIM-10 codes by hand"));
            return None;
        }
        if vocabulary == AMERICAN && !short {
            self.say(path, &format!("{shown} has more than {SHARED} characters, which the CIM-10 has not; add its code by hand"));
            return None;
        }
        let code = format!("CIM-10:{pointed}");
        if let Some(fault) = self.codes.fault(&code) {
            self.say(path, &format!("{shown} is left out: {fault}"));
            return None;
        }
        let flag = |key: &str| item.get(key).and_then(Value::as_bool).unwrap_or(false);
        if flag("includeMapped") {
            self.say(&format!("{path}.includeMapped"), "mapped concepts are not looked up");
        }
        if !flag("includeDescendants") && !pointed.contains('.') {
            self.say(
                &format!("{path}.includeDescendants"),
                &format!("{shown} is taken with its subdivisions, as all codes are here"),
            );
        }
        Some(code)
    }
}

/// `Q391` as `Q39.1`.
fn pointed(code: &str) -> String {
    let code = code.to_ascii_uppercase();
    match (code.get(..3), code.get(3..)) {
        (Some(category), Some(rest)) if !rest.is_empty() && !rest.starts_with(['.', '-']) => {
            format!("{category}.{rest}")
        }
        _ => code.trim_end_matches('.').to_string(),
    }
}
