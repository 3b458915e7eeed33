//! Cohort expressions of our own making, read into definitions that parse and whose names are resolved.

#![allow(clippy::unwrap_used)]

use super::super::{Definition, Plan, Source, Status};
use super::{Imported, MOST_BYTES, import};

const GASTROSCHISIS: &str = include_str!("../../../tests/data/circe/gastroschisis.json");
const DIABETES: &str = include_str!("../../../tests/data/circe/diabetes.json");
const CLEFTS: &str = include_str!("../../../tests/data/circe/clefts.json");

fn read(json: &str, file: &str) -> (Imported, Definition) {
    let imported = import(json, file).unwrap();
    let definition: Definition = toml::from_str(&imported.toml).unwrap();
    Plan::of(&definition, &Source { file, text: &imported.toml }).unwrap();
    assert_eq!(definition.status, Status::Draft);
    (imported, definition)
}

/// Lines of the file that are not of its head.
fn body(toml: &str) -> Vec<&str> {
    toml.lines().skip_while(|line| !line.starts_with("index")).filter(|line| !line.is_empty()).collect()
}

#[track_caller]
fn says(imported: &Imported, path: &str, words: &str) {
    let found = imported.unmapped.iter().any(|line| line.starts_with(path) && line.contains(words));
    assert!(found, "{path} … {words}: {:#?}", imported.unmapped);
}

#[test]
fn a_plain_cohort() {
    let (imported, definition) = read(GASTROSCHISIS, "a/gastroschisis.json");
    assert_eq!(definition.id.get_ref(), "gastroschisis");
    let expected = [
        "index = { rule = \"entry\", take = \"first\" }",
        "[sets.gastroschisis]",
        "codes = [\"CIM-10:Q79.3\"]",
        "not_codes = [\"CIM-10:Q79.2\"]",
        "[rules.entry]",
        "set = \"gastroschisis\"",
        "method = \"any\"",
        "[[level]]",
        "name = \"definite\"",
        "when = \"entry\"",
    ];
    assert_eq!(body(&imported.toml), expected);
    assert_eq!(imported.unmapped.len(), 1, "{:#?}", imported.unmapped);
    says(&imported, "$.ConceptSets[0].expression.items[3]: ", "SNOMED 72951007");
}

#[test]
fn groups_windows_counts_and_persons() {
    let (imported, definition) = read(DIABETES, "diabetes.json");
    assert_eq!(definition.title, "Type 2 diabetes, adult");
    let table = |name: &str| {
        let head = format!("[rules.{name}]");
        let lines = imported.toml.lines().skip_while(|line| *line != head).skip(1);
        lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    };
    let event = |set: &str, filters: &str| format!("set = \"{set}\"\nmethod = \"any\"{filters}");
    for (name, expected) in [
        ("entry", event("type_2_diabetes", "\nage_days = { from = 6574.5 }\ncalendar = { from = \"2015-01-01\" }")),
        ("type_1_diabetes_event", event("type_1_diabetes", "\nwithin = { of = \"index\", until = 0 }")),
        ("complications_event", event("complications", "\nwithin = { of = \"index\", from = -30, until = 365 }\ncount = \"days\"\nat_least = 2")),
        ("type_1_diabetes_event_2", event("type_1_diabetes", "\nat_least = 2")),
        ("complications_event_3", event("complications", "\nat_least = 3")),
        ("at_index", event("type_2_diabetes", "\nage_days = { from = 6574.5, below = 29585.25 }\nwithin = { of = \"index\", from = 0, until = 0 }")),
        ("sex_f", "person = { sex = \"F\" }".to_string()),
        ("confirmed", "any = [\"complications_event\", { at_least = 2, of = [\"complications_event_2\", { all = [\"entry\"], none = [\"type_1_diabetes_event_2\"] }, \"complications_event_3\"] }]".to_string()),
    ] {
        assert_eq!(table(name), expected, "{name}");
    }
    let when = "when = { all = [\"entry\", \"sex_f\", \"confirmed\", \"at_index\"], none = [\"type_1_diabetes_event\", \"complications_event_4\"] }";
    assert!(imported.toml.contains(when), "{}", imported.toml);
    for (path, words) in [
        ("$.expression.ConceptSets[0].expression.items[1]", "more than 4 characters"),
        ("$.expression.ConceptSets[2].expression.items[1].includeMapped", "not looked up"),
        ("$.expression.ConceptSets[3]: ", "nothing of concept set 3"),
        ("$.expression.PrimaryCriteria.ObservationWindow.PriorDays", "no observation periods"),
        ("$.expression.PrimaryCriteria.PrimaryCriteriaLimit", "dated by the first event"),
        ("$.expression.InclusionRules[0].expression.CriteriaList[1].Criteria.DrugExposure", "left out"),
        ("$.expression.InclusionRules[0].expression: ", "a part was left out"),
        (
            "$.expression.InclusionRules[0].expression.Groups[0].CriteriaList[2].Criteria.ConditionOccurrence.First",
            "each one does",
        ),
        ("$.expression.EndStrategy", "DateOffset"),
        ("$.expression.CensoringCriteria", "not censored"),
    ] {
        says(&imported, path, words);
    }
    assert_eq!(imported.unmapped.len(), 11, "{:#?}", imported.unmapped);
}

#[test]
fn entry_events_of_several_kinds() {
    let (imported, _) = read(CLEFTS, "clefts.json");
    for words in [
        "index = \"last\"",
        "any = [{ all = [\"cleft_lip_event\", \"sex_m\"] }, \"cleft_palate_event\"]",
        "all = [\"cleft_lip_event_2\", \"at_index\"]\nnone = [\"cleft_lip_event_3\"]",
        "set = [\"cleft_lip\", \"cleft_palate\"]\nmethod = \"any\"\nage_days = { below = 365.25 }",
    ] {
        assert!(imported.toml.contains(words), "{words}\n{}", imported.toml);
    }
    assert!(!imported.toml.contains("within"), "{}", imported.toml);
    for (path, words) in [
        ("$.ConceptSets[0].expression.items[0].includeDescendants", "with its subdivisions"),
        ("$.ConceptSets[1].expression.items[1]", "no code Q21.7"),
        ("$.PrimaryCriteria.CriteriaList[1].Observation.ValueAsNumber", "not taken over"),
        ("$.PrimaryCriteria.CriteriaList[2].Measurement", "left out"),
        ("$.PrimaryCriteria: ", "no days can be counted"),
        ("$.InclusionRules[0].expression.CriteriaList[0].StartWindow.UseIndexEnd", "one day"),
        ("$.InclusionRules[0].expression.CriteriaList[0].StartWindow: ", "the window is left out"),
        ("$.InclusionRules[0].expression.DemographicCriteriaList[0].Race", "not taken over"),
        ("$.InclusionRules[0].expression.DemographicCriteriaList[0]: ", "any entry event"),
    ] {
        says(&imported, path, words);
    }
}

/// The shortest expression: one set, one entry event, and more keys.
fn expression(entry: &str, more: &str) -> String {
    format!(
        r#"{{"ConceptSets":[{{"id":0,"name":"a \"b\" é","expression":{{"items":[{{"concept":{{"CONCEPT_CODE":"Q21.3","VOCABULARY_ID":"ICD10","CONCEPT_NAME":"n"}},"includeDescendants":true}}]}}}}],
"PrimaryCriteria":{{"CriteriaList":[{{"ConditionOccurrence":{{"CodesetId":0{entry}}}}}]}}{more}}}"#
    )
}

#[test]
fn ages_and_dates() {
    for (op, more, expected) in [
        ("gte", "", "from = 730.5"),
        ("gt", "", "from = 1095.75"),
        ("lt", "", "below = 730.5"),
        ("lte", "", "below = 1095.75"),
        ("eq", "", "from = 730.5, below = 1095.75"),
        ("bt", ",\"Extent\":3", "from = 730.5, below = 1461"),
    ] {
        let json = expression(&format!(",\"Age\":{{\"Value\":2,\"Op\":\"{op}\"{more}}}"), "");
        let (imported, _) = read(&json, "f.json");
        assert!(imported.toml.contains(&format!("age_days = {{ {expected} }}")), "{op}: {}", imported.toml);
    }
    for (op, more, expected) in [
        ("gt", "", "from = \"2020-03-01\""),
        ("lt", "", "until = \"2020-02-28\""),
        ("lte", "", "until = \"2020-02-29\""),
        ("eq", "", "from = \"2020-02-29\", until = \"2020-02-29\""),
        ("bt", ",\"Extent\":\"2020-03-31\"", "from = \"2020-02-29\", until = \"2020-03-31\""),
    ] {
        let json = expression(
            &format!(",\"OccurrenceStartDate\":{{\"Value\":\"2020-02-29\",\"Op\":\"{op}\"{more}}}"),
            "",
        );
        let (imported, _) = read(&json, "f.json");
        assert!(imported.toml.contains(&format!("calendar = {{ {expected} }}")), "{op}: {}", imported.toml);
    }
    for entry in [
        ",\"Age\":{\"Value\":2,\"Op\":\"!bt\",\"Extent\":3}",
        ",\"OccurrenceStartDate\":{\"Value\":\"2020\",\"Op\":\"gt\"}",
    ] {
        let (imported, _) = read(&expression(entry, ""), "f.json");
        says(&imported, "$.PrimaryCriteria.CriteriaList[0].ConditionOccurrence.", "no counterpart");
    }
}

#[test]
fn odd_numbers_and_unknown_keys() {
    let group = |occurrence: &str, window: &str| {
        let criterion = format!(
            "{{\"Criteria\":{{\"ConditionOccurrence\":{{\"CodesetId\":0}}}},\"Occurrence\":{occurrence}{window}}}"
        );
        expression(
            "",
            &format!(
                ",\"AdditionalCriteria\":{{\"Type\":\"ALL\",\"CriteriaList\":[{criterion}],\"Extra\":1}},\"Later\":\"x\""
            ),
        )
    };
    let (imported, _) = read(&group("{\"Type\":0,\"Count\":2}", ""), "f.json");
    assert!(imported.toml.contains("at_least = 2\n") && imported.toml.contains("at_least = 3\n"));
    says(&imported, "$.AdditionalCriteria.Extra", "not taken over (1)");
    says(&imported, "$.Later", "not taken over");
    let (imported, _) = read(&group("{\"Type\":2,\"Count\":0}", ""), "f.json");
    says(&imported, "$.AdditionalCriteria.CriteriaList[0].Occurrence", "asks nothing");
    let far = ",\"StartWindow\":{\"Start\":{\"Days\":-9223372036854775808,\"Coeff\":-1},\"End\":{\"Days\":null,\"Coeff\":-1}}";
    let (imported, _) = read(&group("{\"Type\":2,\"Count\":1}", far), "f.json");
    says(&imported, "$.AdditionalCriteria.CriteriaList[0].StartWindow.Start", "no number");
    says(&imported, "$.AdditionalCriteria.CriteriaList[0].StartWindow.End", "wrong side");
    assert!(import(&group("{\"Type\":0,\"Count\":18446744073709551615}", ""), "f.json").is_err());
}

#[test]
fn what_is_no_cohort_is_refused() {
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let mut nested = "{\"Type\":\"ANY\",\"Groups\":[]}".to_string();
    for _ in 0..50 {
        nested = format!("{{\"Type\":\"ANY\",\"Groups\":[{nested}]}}");
    }
    assert!(import(&expression("", &format!(",\"AdditionalCriteria\":{nested}")), "f.json").is_ok());
    let large = format!("{}{}", expression("", ""), " ".repeat(MOST_BYTES));
    let no_event = expression("", "").replace("\"CodesetId\":0", "\"CodesetId\":7");
    for (json, expected) in [
        ("{", "no readable JSON"),
        ("[]", "no PrimaryCriteria"),
        ("{\"PrimaryCriteria\":{}}", "no entry event"),
        (no_event.as_str(), "nothing of concept set 7"),
        (deep.as_str(), "recursion limit"),
        (large.as_str(), "more than 4 MiB"),
    ] {
        let problem = import(json, "f.json").unwrap_err();
        assert!(problem.message.contains(expected), "{expected}: {problem}");
    }
}
