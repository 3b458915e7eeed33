//! Codes as hospitals write them, brought to one spelling.

use serde_json::Value;

use crate::event::Coding;

/// A coding of a row: `{"system","code"}`, `"CIM-10:Q39.1"`, or a bare CIM-10 code.
pub(super) fn coding(value: &Value) -> Option<Coding> {
    let (system, code) = match value {
        Value::String(text) => match text.trim().split_once(':') {
            Some((system, code)) => (system.to_owned(), code.to_owned()),
            None => (CIM_10.to_owned(), text.clone()),
        },
        Value::Object(object) => {
            let text = |name| object.get(name).and_then(Value::as_str).map(str::to_owned);
            (text("system")?, text("code")?)
        }
        _ => return None,
    };
    let system = system_of(&system);
    let code = if system == CIM_10 { cim_10(&code) } else { code.trim().to_owned() };
    let is_bare = matches!(value, Value::String(text) if !text.contains(':'));
    let is_code = !code.is_empty() && !system.is_empty() && (!is_bare || is_cim_10(&code));
    is_code.then_some(Coding { system, code })
}

const CIM_10: &str = "CIM-10";

/// The spelling of the contract of a code system, as far as it has one.
fn system_of(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    let plain: String = letters.map(|letter| letter.to_ascii_uppercase()).collect();
    match plain.as_str() {
        "CIM10" | "ICD10" | "CIM10FR" | "ICD10FR" | "CIM10PMSI" | "CIM10ATIH" => CIM_10.into(),
        "HPO" | "HP" => "HPO".into(),
        "ORPHA" | "ORPHANET" | "ORPHACODE" => "ORPHA".into(),
        "EUROCAT" => "EUROCAT".into(),
        _ => text.trim().to_owned(),
    }
}

/// `Q391`, `q39.1`, `Q39.1+` and `Q39.1†` are `Q39.1`. What has not the form of a code is left as it is.
fn cim_10(text: &str) -> String {
    let trimmed = text.trim().trim_end_matches(['+', '*', '\u{2020}', '.', '-']);
    let code = trimmed.to_ascii_uppercase();
    if !is_cim_10(&code) {
        return text.trim().to_owned();
    }
    match code.split_at(3) {
        (_, "") => code,
        (_, rest) if rest.starts_with('.') => code,
        (category, rest) => format!("{category}.{rest}"),
    }
}

/// A letter and two figures, then anything plain.
fn is_cim_10(code: &str) -> bool {
    let bytes = code.as_bytes();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-');
    bytes.len() >= 3
        && bytes.len() <= 10
        && bytes[0].is_ascii_alphabetic()
        && bytes[1..3].iter().all(u8::is_ascii_digit)
        && bytes[3..].iter().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_brought_to_one_spelling() {
        let spellings = [
            r#"{"system":"CIM-10","code":"Q391"}"#,
            r#"{"system":"ICD-10","code":"q39.1"}"#,
            r#"{"system":"cim10","code":" Q39.1+ "}"#,
            r#"{"system":"icd10","code":"Q39.1*"}"#,
            r#""ICD-10:Q391""#,
            r#""q391""#,
        ];
        for text in spellings {
            let found = coding(&serde_json::from_str(text).unwrap()).unwrap();
            assert_eq!((found.system.as_str(), found.code.as_str()), ("CIM-10", "Q39.1"), "{text}");
        }
        let one = |text: &str| coding(&Value::from(text)).map(|c| format!("{}:{}", c.system, c.code));
        assert_eq!(one("CIM10:q39").as_deref(), Some("CIM-10:Q39"));
        assert_eq!(one("CIM-10:B24+0").as_deref(), Some("CIM-10:B24.+0"), "an extension stays");
        assert_eq!(one("HPO:HP:0002032").as_deref(), Some("HPO:HP:0002032"));
        assert_eq!(one("ORPHANET:1199").as_deref(), Some("ORPHA:1199"));
        assert_eq!(one("whatever"), None);
        assert_eq!(one("CIM-10:"), None);
        assert_eq!(coding(&serde_json::json!({"code": "Q39.1"})), None);
    }
}
