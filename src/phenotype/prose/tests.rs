//! French readings of whole definitions, and every phrase that the code asks for.

#![allow(clippy::unwrap_used)]

use super::super::{Definition, Plan, Source};
use super::paragraph;
use super::phrases::Phrases;

fn read(text: &str) -> String {
    let definition: Definition = toml::from_str(text).unwrap();
    let plan = Plan::of(&definition, &Source { file: "f.toml", text }).unwrap();
    let labels = |id: &str| (id == "oesophageal_atresia").then(|| "Atrésie de l'œsophage".to_string());
    paragraph(&definition, &plan, &labels).replace('\u{a0}', " ")
}

/// The sentence of a rule `x` over the set `s`, of the only level.
fn sentence(sets: &str, rule: &str) -> String {
    let text = format!(
        "id = \"x\"\ntitle = \"T\"\ndefinition = \"D\"\n[sets.s]\n{sets}\n[rules.y]\nset = \"s\"\nmethod = \"structured\"\n[rules.x]\n{rule}\n[[level]]\nname = \"definite\"\nwhen = \"x\""
    );
    let lines = read(&text);
    let line = lines.lines().nth(1).unwrap();
    line.strip_prefix("Le cas est certain ").unwrap().to_string()
}

#[test]
fn a_whole_definition() {
    let said = read(ATRESIA);
    let expected = include_str!("../../../tests/golden/prose_atresia.txt");
    assert_eq!(said.trim_end(), expected.trim_end());
}

#[test]
fn filters_and_ranges() {
    let text = |filters: &str| {
        sentence(
            "subgroups = [\"oesophageal_atresia\"]",
            &format!("set = \"s\"\nmethod = \"text\"\n{filters}"),
        )
    };
    let head = "lorsqu'on trouve au moins un compte rendu affirmant « Atrésie de l'œsophage »";
    for (filters, expected) in [
        ("", "."),
        ("age_days = { below = 28 }", ", avant l'âge de 28 jours."),
        ("age_days = { from = 1, below = 365 }", ", à partir de l'âge d'un jour et avant l'âge d'un an."),
        (
            "age_days = { from = 730.5, below = 6574.5, missing = \"accept\" }",
            ", à partir de l'âge de deux ans et avant l'âge de 18 ans (ou si ce n'est pas connu).",
        ),
        ("age_days = { from = 0, below = 365 }", ", à partir de la naissance et avant l'âge d'un an."),
        (
            "age_days = { from = -280, below = 0 }",
            ", à partir de 280 jours avant la naissance et avant le jour de celle-ci.",
        ),
        ("gestational_age_days = { from = 154, below = 260 }", ", à partir de 22 SA et avant 37 SA + 1 j."),
        ("certainty = { from = 0.7 }", ", avec une certitude d'au moins 0,7."),
        ("value = { from = 10, unit = \"mm\" }", ", avec une mesure d'au moins 10 mm."),
        (
            "calendar = { from = \"2020-01-01\", until = \"2024-12-31\" }",
            ", du 1er janvier 2020 au 31 décembre 2024.",
        ),
        (
            "document_types = [\"CRO\", \"CR-imagerie\", \"RX\"]",
            " (compte rendu opératoire, d'imagerie ou de type « RX »).",
        ),
        (
            "sections = [\"conclusion\"]\nwards = { like = [\"cardio\"], missing = \"accept\" }",
            ", dans la section « conclusion », dans un service dont le nom contient « cardio » ou n'est pas connu.",
        ),
        (
            "laterality = [\"left\", \"bilateral\"]\nas = \"mother\"",
            ", chez la mère, à gauche ou des deux côtés.",
        ),
        (
            "experiencer = [\"sibling\"]\ntemporality = [\"planned\"]",
            ", concernant la fratrie, s'agissant d'une constatation prévue.",
        ),
        (
            "within = { of = \"birth\", from = -7, until = 1 }",
            ", entre sept jours avant la naissance et un jour après la naissance.",
        ),
        (
            "within = { of = \"y\", from = 0, take = \"last\" }",
            ", au plus tôt le même jour que le dernier des événements suivants (au moins un diagnostic codé correspondant à « Atrésie de l'œsophage »).",
        ),
        (
            "same_document = \"y\"",
            " (le même compte rendu contenant aussi au moins un diagnostic codé correspondant à « Atrésie de l'œsophage »).",
        ),
        (
            "not_same_document = \"y\"",
            " (le même compte rendu ne contenant aucun diagnostic codé correspondant à « Atrésie de l'œsophage »).",
        ),
    ] {
        assert_eq!(text(filters), format!("{head}{expected}"), "{filters}");
    }
}

#[test]
fn counts_and_sets() {
    let codes = "codes = [\"CIM-10:Q20-Q26\"]\nnot_codes = [\"CIM-10:Q21.1\", \"CIM-10:Q25.0\"]";
    let many = "codes = [\"CIM-10:A00\", \"CIM-10:A01\", \"CIM-10:A02\", \"CIM-10:A03\", \"CIM-10:A04\", \"CIM-10:A05\", \"CIM-10:A06\"]";
    for (sets, rule, expected) in [
        (
            codes,
            "method = \"structured\"\nposition = [\"DP\", \"DR\"]",
            "au moins un diagnostic codé parmi les codes CIM-10 Q20 à Q26, sauf Q21.1 et Q25.0, en diagnostic principal ou diagnostic relié.",
        ),
        (
            many,
            "method = \"structured\"\ncount = \"stays\"\nat_least = 2",
            "au moins deux séjours différents avec un diagnostic codé parmi les codes CIM-10 A00, A01, A02 et 4 autres.",
        ),
        (
            codes,
            "at_least = 12\nassertion = [\"present\", \"possible\"]",
            "au moins 12 comptes rendus ou diagnostics codés distincts affirmant ou suspectant une constatation codée CIM-10 Q20 à Q26, sauf Q21.1 et Q25.0.",
        ),
        (
            "concepts = [\"tof.*\"]\ncodes = [\"CIM-10:Q21.3\"]",
            "count = \"days\"",
            "au moins un jour avec une mention ou un diagnostic codé affirmant « tof » et ce qui en relève (code CIM-10 Q21.3).",
        ),
        (
            "concepts = [\"tof\"]",
            "method = \"text\"\ncount = \"sets\"\nat_least = 1\nper = \"document\"",
            "des comptes rendus affirmant au moins l'un des signes suivants (« tof »), dans un même compte rendu.",
        ),
    ] {
        assert_eq!(sentence(sets, &format!("set = \"s\"\n{rule}")), format!("lorsqu'on trouve {expected}"));
    }
}

#[test]
fn persons_and_logic() {
    let codes = "codes = [\"CIM-10:Q21.3\"]";
    for (rule, expected) in [
        (
            "person = { sex = \"F\", outcome = [\"live_birth\", \"topfa\"] }",
            "lorsque l'issue de la grossesse est une naissance vivante ou une interruption médicale de grossesse et le sexe est féminin.",
        ),
        (
            "person = { gestational_age_days = { below = 259 }, birth = { from = \"2020-02-01\" } }",
            "lorsque le terme à la naissance est inférieur à 37 SA et la naissance a lieu à partir du 1er février 2020.",
        ),
        (
            "followed = { days = 365 }",
            "lorsque le dossier est connu pendant au moins un an après la naissance.",
        ),
        (
            "all = [\"y\"]\nnone = [{ any = [\"y\"] }]",
            "lorsqu'on trouve au moins un diagnostic codé CIM-10 Q21.3, et on ne trouve aucun diagnostic codé CIM-10 Q21.3.",
        ),
        (
            "at_least = 2\nof = [\"y\", \"y\"]",
            "lorsqu'au moins deux des deux conditions suivantes sont remplies :",
        ),
    ] {
        assert_eq!(sentence(codes, rule), expected);
    }
}

#[test]
fn lines_within_lines_close_once() {
    let rules = "all = [\"y\", { any = [\"y\", \"y\", \"y\"] }, { any = [\"y\", \"y\", \"y\"] }]";
    let text = format!(
        "id = \"x\"\ntitle = \"T\"\ndefinition = \"D\"\n[sets.s]\ncodes = [\"CIM-10:Q21.3\"]\n[rules.y]\nset = \"s\"\n[rules.x]\n{rules}\n[[level]]\nname = \"odd_one\"\nwhen = \"x\""
    );
    let said = read(&text);
    let lines: Vec<&str> = said.lines().skip(1).take(10).collect();
    assert_eq!(
        lines[0],
        "Le cas est au niveau « odd one » lorsque les trois conditions suivantes sont toutes remplies :"
    );
    assert_eq!(lines[2], "  2. l'une au moins des trois conditions suivantes est remplie :");
    let ends: String = lines.iter().map(|line| line.chars().last().unwrap_or(' ')).collect();
    assert_eq!(ends, ":;:;;;:;;.");
    assert!(lines[3].starts_with("    2.1. on trouve"), "{}", lines[3]);
}

#[test]
fn a_rule_said_too_often_is_named() {
    let mut text = "id = \"x\"\ntitle = \"T\"\ndefinition = \"D\"\n[sets.s]\ncodes = [\"CIM-10:Q21.3\"]\n[rules.r0]\nset = \"s\"\n".to_string();
    for n in 1..20 {
        let before = n - 1;
        text.push_str(&format!("[rules.r{n}]\nany = [\"r{before}\", \"r{before}\", \"r{before}\"]\n"));
    }
    text.push_str("[[level]]\nname = \"definite\"\nwhen = \"r19\"");
    let said = read(&text);
    assert!(said.len() < 200_000 && said.contains("ce que demande la règle « r"), "{}", said.len());
}

#[test]
fn every_phrase_asked_for_is_there() {
    let phrases = Phrases::shipped();
    let sources = [include_str!("../prose.rs"), include_str!("evidence.rs"), include_str!("amounts.rs")];
    let mut asked = 0;
    for word in sources.iter().flat_map(|source| source.split('"').skip(1).step_by(2)) {
        let key = word.split_once('.').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty());
        if key && word.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '.' | '_')) {
            assert!(phrases.find(word).is_some(), "{word}");
            asked += 1;
        }
    }
    assert!(asked > 60, "{asked}");
    let counts = ["events", "documents", "document_types", "days", "stays", "sets"];
    for key in counts
        .iter()
        .flat_map(|count| ["structured", "text", "any"].map(|kind| format!("count.{count}.{kind}")))
    {
        for form in ["one", "many", "no", "fewer"] {
            assert!(phrases.find(&format!("{key}.{form}")).is_some(), "{key}.{form}");
        }
    }
    for (name, kinds) in [("certainty", 4), ("value", 4), ("age", 4), ("gestation", 4), ("term", 4)] {
        let there = ["from", "below", "both", "known"]
            .iter()
            .filter(|kind| phrases.find(&format!("range.{name}_{kind}")).is_some());
        assert_eq!(there.count(), kinds, "{name}");
    }
}

const ATRESIA: &str = r#"
id = "oesophageal_atresia"
title = "Atrésie de l'œsophage"
definition = "D"
subject = "child"
levels = ["definite", "probable", "suspected"]
index = "birth"
[sets.oa]
codes = ["CIM-10:Q39.0", "CIM-10:Q39.1"]
subgroups = ["oesophageal_atresia"]
[sets.h_type]
codes = ["CIM-10:Q39.2"]
[rules.coded]
set = "oa"
method = "structured"
age_days = { below = 365 }
[rules.read]
set = "oa"
method = "text"
[rules.read_twice]
set = "oa"
method = "text"
at_least = 2
[rules.proof]
set = "oa"
method = "text"
document_types = ["CRO", "CR-anapath", "CR-foetopathologie", "CR-genetique"]
[rules.suspicion]
set = "oa"
method = "text"
assertion = ["possible"]
phase = "prenatal"
[rules.ruled_out]
set = "oa"
method = "text"
assertion = ["absent"]
phase = "postnatal"
[rules.fistula]
set = "h_type"
[[level]]
name = "definite"
when = { any = [{ all = ["coded", "read"] }, "read_twice", "proof"] }
[[level]]
name = "probable"
when = { any = ["coded", "read"] }
[[level]]
name = "suspected"
when = "suspicion"
[[exclude]]
name = "h_type"
when = { all = ["fistula"], none = ["proof"] }
levels = ["probable", "suspected"]
[[veto]]
name = "out"
when = "ruled_out"
after = "suspicion"
unless = "read"
"#;
