//! FHIR R4: the shape of every resource we write, and what each kind of event becomes.

use super::{changed, event, stamp, structured};
use laennec::event::*;
use laennec::exchange::fhir;
use serde_json::{Value, json};
use std::collections::BTreeSet;

use jiff::civil::date;

/// A field: name, least and most, type.
type Shape = (&'static str, usize, usize, &'static str);

/// Fields of the types of R4 that we write, as hl7.org/fhir/R4 has them. What may come more than once is a list.
const SHAPES: &[(&str, &[Shape])] = &[
    (
        "Bundle",
        &[
            ("identifier", 0, 1, "Identifier"),
            ("type", 1, 1, "code:collection"),
            ("timestamp", 0, 1, "instant"),
            ("entry", 0, 99, "Entry"),
        ],
    ),
    ("Entry", &[("fullUrl", 0, 1, "uuid"), ("resource", 0, 1, "Resource")]),
    (
        "DocumentReference",
        &[
            ("extension", 0, 99, "Extension"),
            ("identifier", 0, 99, "Identifier"),
            ("status", 1, 1, "code:current"),
            ("type", 0, 1, "CodeableConcept"),
            ("subject", 0, 1, "Reference"),
            ("date", 0, 1, "instant"),
            ("content", 1, 99, "Content"),
            ("context", 0, 1, "Context"),
        ],
    ),
    ("Content", &[("attachment", 1, 1, "Attachment")]),
    (
        "Attachment",
        &[("contentType", 0, 1, "string"), ("language", 0, 1, "string"), ("creation", 0, 1, "dateTime")],
    ),
    ("Context", &[("encounter", 0, 99, "Reference"), ("period", 0, 1, "Period")]),
    (
        "Condition",
        &[
            ("extension", 0, 99, "Extension"),
            ("identifier", 0, 99, "Identifier"),
            ("clinicalStatus", 0, 1, "CodeableConcept"),
            ("verificationStatus", 0, 1, "CodeableConcept"),
            ("category", 0, 99, "CodeableConcept"),
            ("code", 0, 1, "CodeableConcept"),
            ("bodySite", 0, 99, "CodeableConcept"),
            ("subject", 1, 1, "Reference"),
            ("encounter", 0, 1, "Reference"),
            ("onsetDateTime", 0, 1, "dateTime"),
            ("onsetPeriod", 0, 1, "Period"),
            ("recordedDate", 0, 1, "dateTime"),
            ("evidence", 0, 99, "Evidence"),
            ("note", 0, 99, "Annotation"),
        ],
    ),
    ("Evidence", &[("detail", 0, 99, "Reference")]),
    ("Annotation", &[("text", 1, 1, "string")]),
    (
        "Observation",
        &[
            ("contained", 0, 99, "Resource"),
            ("extension", 0, 99, "Extension"),
            ("identifier", 0, 99, "Identifier"),
            ("status", 1, 1, "code:final"),
            ("code", 1, 1, "CodeableConcept"),
            ("subject", 0, 1, "Reference"),
            ("focus", 0, 99, "Reference"),
            ("encounter", 0, 1, "Reference"),
            ("effectiveDateTime", 0, 1, "dateTime"),
            ("effectivePeriod", 0, 1, "Period"),
            ("valueQuantity", 0, 1, "Quantity"),
            ("valueCodeableConcept", 0, 1, "CodeableConcept"),
            ("dataAbsentReason", 0, 1, "CodeableConcept"),
            ("note", 0, 99, "Annotation"),
            ("bodySite", 0, 1, "CodeableConcept"),
            ("derivedFrom", 0, 99, "Reference"),
        ],
    ),
    (
        "RelatedPerson",
        &[
            ("identifier", 0, 99, "Identifier"),
            ("patient", 1, 1, "Reference"),
            ("relationship", 0, 99, "CodeableConcept"),
        ],
    ),
    (
        "FamilyMemberHistory",
        &[
            ("extension", 0, 99, "Extension"),
            ("identifier", 0, 99, "Identifier"),
            ("status", 1, 1, "code:partial"),
            ("patient", 1, 1, "Reference"),
            ("date", 0, 1, "dateTime"),
            ("relationship", 1, 1, "CodeableConcept"),
            ("condition", 0, 99, "FamilyCondition"),
        ],
    ),
    ("FamilyCondition", &[("code", 1, 1, "CodeableConcept"), ("note", 0, 99, "Annotation")]),
    (
        "Provenance",
        &[
            ("target", 1, 99, "Reference"),
            ("recorded", 1, 1, "instant"),
            ("agent", 1, 99, "Agent"),
            ("entity", 0, 99, "Entity"),
        ],
    ),
    ("Agent", &[("type", 0, 1, "CodeableConcept"), ("who", 1, 1, "Reference")]),
    ("Entity", &[("role", 1, 1, "code:source"), ("what", 1, 1, "Reference")]),
    ("Identifier", &[("system", 0, 1, "uri"), ("value", 0, 1, "string")]),
    ("CodeableConcept", &[("coding", 0, 99, "Coding"), ("text", 0, 1, "string")]),
    ("Coding", &[("system", 0, 1, "uri"), ("code", 0, 1, "code"), ("display", 0, 1, "string")]),
    (
        "Reference",
        &[
            ("reference", 0, 1, "string"),
            ("type", 0, 1, "uri"),
            ("identifier", 0, 1, "Identifier"),
            ("display", 0, 1, "string"),
        ],
    ),
    ("Period", &[("start", 0, 1, "dateTime"), ("end", 0, 1, "dateTime")]),
    (
        "Quantity",
        &[
            ("value", 0, 1, "decimal"),
            ("unit", 0, 1, "string"),
            ("system", 0, 1, "uri"),
            ("code", 0, 1, "code"),
        ],
    ),
    (
        "Extension",
        &[
            ("url", 1, 1, "uri"),
            ("valueCode", 0, 1, "code"),
            ("valueDecimal", 0, 1, "decimal"),
            ("valueString", 0, 1, "string"),
            ("valueQuantity", 0, 1, "Quantity"),
        ],
    ),
];

/// Checks a value of a type, complex or simple.
fn check(kind: &str, value: &Value, path: &str) {
    if kind == "Resource" {
        let kind = value["resourceType"].as_str().expect(path);
        check_resource(kind, value, path);
    } else if let Some((_, fields)) = SHAPES.iter().find(|(name, _)| *name == kind) {
        check_fields(fields, value, path, &[]);
    } else {
        check_simple(kind, value, path);
    }
}

fn check_resource(kind: &str, value: &Value, path: &str) {
    let (_, fields) = SHAPES.iter().find(|(name, _)| *name == kind).expect(kind);
    let id = value["id"].as_str().expect(path);
    assert!((1..=64).contains(&id.len()), "{path}: id {id}");
    assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c)), "{path}: id {id}");
    check_fields(fields, value, path, &["resourceType", "id"]);
}

fn check_fields(fields: &[Shape], value: &Value, path: &str, others: &[&str]) {
    let object = value.as_object().unwrap_or_else(|| panic!("{path}: {value}"));
    assert!(!object.is_empty(), "{path}: empty");
    for name in object.keys() {
        assert!(
            others.contains(&name.as_str()) || fields.iter().any(|f| f.0 == name),
            "{path}.{name}: unknown"
        );
    }
    for (name, least, most, kind) in fields {
        let path = format!("{path}.{name}");
        match object.get(*name) {
            None => assert!(*least == 0, "{path}: missing"),
            Some(Value::Array(items)) => {
                assert!(*most > 1 && !items.is_empty(), "{path}: a list");
                items.iter().for_each(|item| check(kind, item, &path));
            }
            Some(item) => {
                assert!(*most == 1, "{path}: no list");
                check(kind, item, &path);
            }
        }
    }
}

fn check_simple(kind: &str, value: &Value, path: &str) {
    if kind == "decimal" {
        assert!(value.is_number(), "{path}: {value}");
        return;
    }
    let text = value.as_str().unwrap_or_else(|| panic!("{path}: {value}"));
    assert!(!text.is_empty() && text.trim() == text, "{path}: {text:?}");
    assert!(!text.chars().any(|c| c.is_control() && !"\n\r\t".contains(c)), "{path}: {text:?}");
    let digits = |pattern: &str| {
        text.len() == pattern.len()
            && text
                .chars()
                .zip(pattern.chars())
                .all(|(c, p)| if p == '0' { c.is_ascii_digit() } else { c == p })
    };
    let is_right = match kind {
        "string" => true,
        "uri" => !text.contains(char::is_whitespace),
        "code" => !text.contains("  "),
        "instant" => digits("0000-00-00T00:00:00Z"),
        "dateTime" => ["0000", "0000-00", "0000-00-00"].into_iter().any(digits),
        "uuid" => text.len() == 45 && text.starts_with("urn:uuid:"),
        kind => kind.strip_prefix("code:") == Some(text),
    };
    assert!(is_right, "{path}: {text:?} is no {kind}");
}

/// Every `reference` of a value.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Object(fields) => {
            let own = fields.get("reference").and_then(Value::as_str).map(str::to_string);
            own.into_iter().chain(fields.values().flat_map(references)).collect()
        }
        _ => Vec::new(),
    }
}

/// Checks shape, addresses and references of a bundle, and the invariants of R4 on its resources; gives their types.
pub fn check_bundle(bundle: &Value) -> Vec<String> {
    check("Resource", bundle, "Bundle");
    let entries = bundle["entry"].as_array().unwrap();
    let addresses: Vec<&str> = entries.iter().map(|entry| entry["fullUrl"].as_str().unwrap()).collect();
    assert_eq!(addresses.iter().collect::<BTreeSet<_>>().len(), addresses.len(), "addresses differ (bdl-7)");
    for entry in entries {
        let resource = &entry["resource"];
        let contained: Vec<&Value> = resource["contained"].as_array().into_iter().flatten().collect();
        for reference in references(resource) {
            let is_inside = contained.iter().any(|c| reference == format!("#{}", c["id"].as_str().unwrap()));
            assert!(is_inside || addresses.contains(&reference.as_str()), "{reference}");
        }
        for inside in contained {
            let id = format!("#{}", inside["id"].as_str().unwrap());
            assert!(references(resource).contains(&id), "dom-3: {id}");
        }
        let has = |name: &str| resource.get(name).is_some();
        assert!(!(has("onsetDateTime") && has("onsetPeriod")));
        assert!(!(has("effectiveDateTime") && has("effectivePeriod")));
        let values = [has("valueQuantity"), has("valueCodeableConcept"), has("dataAbsentReason")];
        let expected = usize::from(resource["resourceType"] == "Observation");
        assert_eq!(values.iter().filter(|v| **v).count(), expected, "obs-6 and value[x]: {resource}");
    }
    entries.iter().map(|entry| entry["resource"]["resourceType"].as_str().unwrap().to_string()).collect()
}

/// The resource of an event, out of its checked bundle.
fn resource(event: CodedEvent) -> Value {
    let shipped = fhir::Shipped::read().unwrap();
    let place = usize::from(!event.is_structured());
    let bundle = fhir::bundle(&[event], &shipped, stamp()).unwrap();
    check_bundle(&bundle);
    bundle["entry"][place]["resource"].clone()
}

fn extension(resource: &Value, name: &str) -> Option<Value> {
    let url = format!("urn:laennec:extension:{name}");
    let found = resource["extension"].as_array()?.iter().find(|e| e["url"] == url)?.as_object()?.clone();
    found.into_iter().find(|(name, _)| name.starts_with("value")).map(|(_, value)| value)
}

#[test]
fn a_bundle_is_a_report_its_events_and_what_read_it() {
    let shipped = fhir::Shipped::read().unwrap();
    let other = changed(|e| (e.event_id, e.provenance.engine) = ("e2".into(), "laennec 0.2.0".into()));
    let bundle = fhir::bundle(&[event(), other], &shipped, stamp()).unwrap();
    let kinds = check_bundle(&bundle);
    assert_eq!(kinds, ["DocumentReference", "Condition", "Condition", "Provenance", "Provenance"]);
    let document = &bundle["entry"][0]["resource"];
    assert_eq!(document["identifier"], json!([{"system": "urn:laennec:document", "value": "42"}]));
    assert_eq!(document["type"], json!({"text": "CRH"}));
    assert_eq!(document["context"]["period"], json!({"start": "2024-03-15"}));
    let provenance = &bundle["entry"][3]["resource"];
    assert_eq!(provenance["target"], json!([{"reference": bundle["entry"][1]["fullUrl"]}]));
    assert_eq!(provenance["entity"][0]["what"]["reference"], bundle["entry"][0]["fullUrl"]);
    assert_eq!(provenance["agent"][0]["who"]["display"], "laennec 0.1.0; context@1+ab malformations@2+cd");
    assert_eq!(fhir::bundle(&[], &shipped, stamp()), None);
}

#[test]
fn a_finding_of_the_patient_is_a_condition() {
    let patient = json!({"type": "Patient", "identifier": {"system": "urn:laennec:patient", "value": "P1"}});
    let document = resource(event())["evidence"][0]["detail"][0]["reference"].clone();
    let expected = json!({
        "resourceType": "Condition",
        "id": "0123456789abcdef0123456789abcdef",
        "extension": [
            {"url": "urn:laennec:extension:section", "valueString": "conclusion"},
            {"url": "urn:laennec:extension:span", "valueString": "10..31"},
            {"url": "urn:laennec:extension:confidence", "valueDecimal": 0.95},
        ],
        "identifier": [{"system": "urn:laennec:event", "value": "0123456789abcdef0123456789abcdef"}],
        "clinicalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]},
        "verificationStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "confirmed"}]},
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-category", "code": "encounter-diagnosis"}]}],
        "code": {
            "coding": [
                {"system": "http://hl7.org/fhir/sid/icd-10", "code": "Q39.0"},
                {"system": "http://human-phenotype-ontology.org", "code": "HP:0002032"},
                {"system": "http://www.orpha.net", "code": "1199"},
                {"system": "urn:laennec:concept", "code": "oesophageal_atresia", "display": "atrésie de l'œsophage"},
            ],
            "text": "atrésie de l'œsophage",
        },
        "subject": patient,
        "encounter": {"type": "Encounter", "identifier": {"system": "urn:laennec:visit", "value": "V1"}},
        "recordedDate": "2024-03-15",
        "evidence": [{"detail": [{"reference": document}]}],
        "note": [{"text": "Atrésie de l'œsophage"}],
    });
    // As text: the order of the fields is part of the promise.
    assert_eq!(resource(event()).to_string(), expected.to_string());
}

#[test]
fn status_says_what_the_report_says() {
    use Assertion::{Absent, Hypothetical, NotAssessed, Possible, Present};
    use Temporality::{Current, Past, Planned};
    let table = [
        (Present, 1.0, Current, "active", "confirmed", None),
        (Present, 1.0, Past, "resolved", "confirmed", None),
        (Present, 1.0, Planned, "active", "unconfirmed", None),
        (Possible, 0.66, Current, "active", "provisional", None),
        (Possible, 0.28, Current, "active", "differential", None),
        (Absent, 1.0, Current, "inactive", "refuted", None),
        (Absent, 1.0, Past, "inactive", "refuted", None),
        (Hypothetical, 0.1, Current, "active", "unconfirmed", Some(json!("hypothetical"))),
        (NotAssessed, 0.0, Current, "active", "unconfirmed", Some(json!("not_assessed"))),
    ];
    for (assertion, certainty, temporality, clinical, verification, told) in table {
        let found = resource(changed(|e| {
            (e.assertion, e.conclusion) = (assertion, assertion);
            (e.certainty, e.temporality) = (certainty, temporality);
        }));
        assert_eq!(found["clinicalStatus"]["coding"][0]["code"], clinical, "{assertion:?} {temporality:?}");
        assert_eq!(
            found["verificationStatus"]["coding"][0]["code"], verification,
            "{assertion:?} {certainty}"
        );
        assert_eq!(extension(&found, "assertion"), told);
    }
    let settled = resource(changed(|e| e.conclusion = Absent));
    assert_eq!(extension(&settled, "conclusion"), Some(json!("absent")));
}

#[test]
fn dates_keep_their_precision() {
    use DatePrecision::{Age, Day, GestationalWeek, Month, Week, Year};
    let table = [
        (Year, "onsetDateTime", json!("2019")),
        (Month, "onsetDateTime", json!("2019-03")),
        (Day, "onsetDateTime", json!("2019-03-04")),
        (Week, "onsetPeriod", json!({"start": "2019-03-04", "end": "2019-03-10"})),
        (GestationalWeek, "onsetPeriod", json!({"start": "2019-03-04", "end": "2019-03-10"})),
        (Age, "onsetPeriod", json!({"start": "2019-03-04"})),
    ];
    for (precision, name, expected) in table {
        let found = resource(changed(|e| {
            e.event_date = Some(date(2019, 3, 4));
            (e.event_date_precision, e.event_date_source) = (Some(precision), Some(DateSource::Explicit));
        }));
        assert_eq!(found[name], expected, "{precision:?}");
    }
}

#[test]
fn sides_and_gestational_ages_are_kept() {
    for (side, code) in [
        (Laterality::Left, "7771000"),
        (Laterality::Right, "24028007"),
        (Laterality::Bilateral, "51440002"),
        (Laterality::Unilateral, "66459002"),
    ] {
        let found = resource(changed(|e| (e.laterality, e.gestational_age_days) = (Some(side), Some(157))));
        assert_eq!(found["bodySite"][0]["coding"][0]["code"], code);
        let age = json!({"value": 157, "unit": "d", "system": "http://unitsofmeasure.org", "code": "d"});
        assert_eq!(extension(&found, "gestational-age"), Some(age));
    }
}

#[test]
fn a_value_is_an_observation() {
    let found = resource(changed(|e| (e.value, e.unit) = (Some(14.0), Some("mm".into()))));
    assert_eq!(found["resourceType"], "Observation");
    assert_eq!(found["valueQuantity"].to_string(), r#"{"value":14,"unit":"mm"}"#);
    assert_eq!(found["effectiveDateTime"], "2024-03-15");
    assert_eq!((found.get("focus"), extension(&found, "assertion")), (None, None));
    let absent = resource(changed(|e| (e.value, e.assertion) = (Some(0.5), Assertion::Absent)));
    assert_eq!(absent["valueQuantity"], json!({"value": 0.5}));
    assert_eq!(extension(&absent, "assertion"), Some(json!("absent")));
    let nothing = resource(changed(|e| e.value = Some(f64::NAN)));
    assert_eq!(nothing["valueCodeableConcept"]["text"], "present");
}

#[test]
fn a_finding_of_the_fetus_is_an_observation_of_the_mother_about_the_fetus() {
    let found = resource(changed(|e| (e.experiencer, e.fetus_index) = (Experiencer::Fetus, Some(2))));
    assert_eq!(found["resourceType"], "Observation");
    assert_eq!(found["subject"]["identifier"]["value"], "P1");
    assert_eq!(found["focus"], json!([{"reference": "#focus"}]));
    let person = &found["contained"][0];
    assert_eq!(person["resourceType"], "RelatedPerson");
    assert_eq!(person["identifier"], json!([{"system": "urn:laennec:fetus-index", "value": "2"}]));
    assert_eq!(person["relationship"], json!([{"text": "fetus"}]));
    assert_eq!(found["valueCodeableConcept"]["text"], "present");
    let unseen =
        resource(changed(|e| (e.experiencer, e.assertion) = (Experiencer::Fetus, Assertion::NotAssessed)));
    assert_eq!(unseen["dataAbsentReason"]["coding"][0]["code"], "not-performed");
}

#[test]
fn what_a_relative_has_is_family_history_and_nothing_else_is() {
    use Experiencer::{Family, Father, Mother, Other, Sibling};
    for (person, code) in [(Mother, "MTH"), (Father, "FTH"), (Sibling, "SIB"), (Family, "FAMMEMB")] {
        let found = resource(changed(|e| e.experiencer = person));
        assert_eq!(found["resourceType"], "FamilyMemberHistory");
        assert_eq!(found["relationship"]["coding"][0]["code"], code);
        assert_eq!(found["condition"][0]["code"]["coding"][0]["code"], "Q39.0");
        for &assertion in Assertion::ALL.iter().filter(|a| **a != Assertion::Present) {
            let found = resource(changed(|e| (e.experiencer, e.assertion) = (person, assertion)));
            assert_eq!(found["resourceType"], "Observation", "{assertion:?}");
            assert_eq!(found["contained"][0]["relationship"][0]["coding"][0]["code"], code);
        }
    }
    let other = resource(changed(|e| e.experiencer = Other));
    assert_eq!(other["resourceType"], "Observation");
    assert_eq!(other["contained"][0]["relationship"], json!([{"text": "other"}]));
}

#[test]
fn a_coded_diagnosis_has_no_report() {
    let shipped = fhir::Shipped::read().unwrap();
    let bundle = fhir::bundle(&[structured()], &shipped, stamp()).unwrap();
    assert_eq!(check_bundle(&bundle), ["Condition", "Provenance"]);
    let found = &bundle["entry"][0]["resource"];
    assert_eq!((found.get("evidence"), found.get("note"), found.get("onsetDateTime")), (None, None, None));
    assert_eq!(found["recordedDate"], "2024-03-15");
    assert_eq!(extension(found, "position"), Some(json!("DP")));
    assert_eq!(bundle["identifier"]["value"], "P1");
}

#[test]
fn bundles_are_cut_between_reports_and_patients() {
    let shipped = fhir::Shipped::read().unwrap();
    let mut bundles = fhir::Bundles::new(&shipped, stamp());
    let of =
        |id: &str, document: &str| changed(|e| (e.event_id, e.document_id) = (id.into(), document.into()));
    let patient = |id: &str, patient: &str| CodedEvent {
        event_id: id.into(),
        patient_id: Some(patient.into()),
        ..structured()
    };
    // A patient and a report may have the same name.
    let events = [patient("a", "x"), patient("b", "y"), of("c", "y"), of("d", "y"), of("e", "z")];
    let mut found: Vec<Value> = events.into_iter().filter_map(|event| bundles.add(event)).collect();
    found.extend(bundles.finish());
    assert_eq!(bundles.finish(), None);
    let sizes: Vec<usize> = found.iter().map(|bundle| check_bundle(bundle).len()).collect();
    assert_eq!(sizes, [2, 2, 4, 3]);
    let ids: BTreeSet<String> = found.iter().map(|bundle| bundle["id"].to_string()).collect();
    assert_eq!(ids.len(), 4);
}

#[test]
fn any_text_makes_a_valid_resource() {
    for text in ["", " ", "\0", "a\0b\u{1}\u{7f}\n", "  é  é "] {
        let odd = changed(|e| {
            (e.event_id, e.document_id, e.text) = (format!("e{text}"), format!("d{text}"), text.into());
            (e.label, e.concept, e.unit) = (text.into(), format!("c{text}"), Some(text.into()));
            (e.section, e.document_type, e.visit_id) =
                (Some(text.into()), Some(text.into()), Some(text.into()));
            (e.patient_id, e.value) = (Some(text.into()), Some(1.5));
            e.codings = vec![Coding { system: format!("My {text}"), code: format!("1{text}2") }];
            e.provenance = Provenance::default();
        });
        resource(odd.clone());
        resource(CodedEvent { value: None, ..odd.clone() });
        resource(CodedEvent { patient_id: None, experiencer: Experiencer::Mother, value: None, ..odd });
    }
}
