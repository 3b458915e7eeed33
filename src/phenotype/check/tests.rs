//! Every problem a checker knows, each made by one change to a definition that has none.

#![allow(clippy::unwrap_used)]

use super::super::{Definition, Known, Plan, Source, Vocabulary};
use super::check;

const SOUND: &str = r#"
id = "heart/tof"
title = "T"
definition = "D"
subject = "child"
levels = ["definite", "suspected"]
index = "birth"

[sets.tof]
codes = ["CIM-10:Q21.3"]
subgroups = ["tof"]

[sets.other]
codes = ["CIM-10:Q20-Q26"]
not_codes = ["CIM-10:Q21.3"]

[rules.coded]
set = "tof"
method = "structured"
position = ["DP"]
age_days = { below = 365 }

[rules.read]
set = ["tof", "other"]
method = "text"
document_types = ["CRO", "CRH"]
not_document_types = ["autre"]
at_least = 2
count = "document_types"
within = { of = "birth", from = 0, until = 30 }

[rules.suspicion]
set = "tof"
phase = "prenatal"
assertion = ["possible"]
certainty = { from = 0.5, below = 1.0 }

[rules.ruled_out]
set = "tof"
assertion = ["absent"]

[rules.girl]
person = { sex = "F", outcome = ["live_birth"], birth = { from = "2020-01-01", until = "2024-12-31" } }

[rules.case]
any = ["coded", { all = ["read", "girl"] }]

[[level]]
name = "definite"
when = "case"

[[level]]
name = "suspected"
when = "suspicion"

[[exclude]]
name = "never"
when = { all = ["ruled_out", "girl"] }
levels = ["suspected"]

[[veto]]
name = "out"
when = "ruled_out"
after = "suspicion"
unless = "read"

[[case]]
name = "one"
expect = "definite"
index = "2024-01-01"
failed = "never"
person = { birth_date = "2024-01-01", mother_id = "M", outcome = "live_birth" }
events = [
  { codes = ["CIM-10:Q21.3"], date = "2024-01-02", position = "DP" },
  { patient = "M", document = "d", type = "CRH", section = "conclusion", subgroups = ["tof"], assertion = "possible" },
]
"#;

/// The messages, as `line: message`.
fn problems(text: &str) -> Vec<String> {
    let definition: Definition = toml::from_str(text).unwrap();
    let source = Source { file: "f.toml", text };
    let plan = Plan::of(&definition, &source).unwrap();
    let words = |list: &[&str]| list.iter().map(ToString::to_string).collect();
    let known = Known {
        subgroups: words(&["tof", "oesophageal_atresia"]),
        concepts: words(&["heart.tof", "heart.vsd"]),
        sections: words(&["conclusion", "history"]),
    };
    let found = check(&definition, &plan, &source, &known, &Vocabulary::shipped().unwrap());
    found.iter().map(|problem| problem.to_string().replacen("f.toml:", "", 1)).collect()
}

/// `SOUND` with one change has a problem that says this, and says it of that line when one is given.
#[track_caller]
fn one_change(from: &str, to: &str, expected: &str) {
    assert_eq!(SOUND.matches(from).count(), 1, "{from:?} must stand once");
    let text = SOUND.replacen(from, to, 1);
    let found = problems(&text);
    assert!(found.iter().any(|message| message.contains(expected)), "{from:?} → {to:?}: {found:#?}");
}

#[test]
fn a_sound_definition_has_no_problem() {
    assert_eq!(problems(SOUND), Vec::<String>::new());
}

#[test]
fn names() {
    one_change("heart/tof", "Heart tof", "id \"Heart tof\"");
    one_change("heart/tof", "heart//tof", "other characters");
    let rename = |from: &str, to: &str| problems(&SOUND.replace(from, to)).join("\n");
    assert!(rename("girl", "Girl").contains("rule \"Girl\""));
    assert!(rename("girl", "birth").contains("landmark"));
    let set = SOUND.replace("\"other\"", "\"Other\"").replace("sets.other", "sets.Other");
    assert!(problems(&set).join("\n").contains("set \"Other\""));
    assert!(rename("suspected", "sus pected").contains("level \"sus pected\""));
    one_change("name = \"never\"", "name = \"jamais vu\"", "exclude \"jamais vu\"");
    one_change("name = \"out\"", "name = \"Out\"", "veto \"Out\"");
}

#[test]
fn words_of_the_rules() {
    for (from, to, expected) in [
        ("assertion = [\"absent\"]", "assertion = [\"abscent\"]", "assertion has \"abscent\""),
        ("assertion = [\"absent\"]", "assertion = []", "assertion is an empty list"),
        ("assertion = [\"absent\"]", "assertion = [\"absent\", \"absent\"]", "\"absent\" twice"),
        ("phase = \"prenatal\"", "experiencer = [\"child\"]", "experiencer has \"child\""),
        ("phase = \"prenatal\"", "temporality = [\"now\"]", "temporality has \"now\""),
        ("phase = \"prenatal\"", "laterality = [\"up\"]", "laterality has \"up\""),
        ("phase = \"prenatal\"", "sections = [\"fin\"]", "sections has \"fin\""),
        ("phase = \"prenatal\"", "not_sections = [\"fin\"]", "not_sections has \"fin\""),
        ("phase = \"prenatal\"", "wards = { like = [\"\"] }", "wards.like has an empty word"),
        ("position = [\"DP\"]", "position = [\"DX\"]", "position has \"DX\""),
        ("[\"CRO\", \"CRH\"]", "[\"CRO\", \"CRX\"]", "document_types has \"CRX\""),
        ("sex = \"F\"", "sex = \"female\"", "person.sex is \"female\""),
        ("sex = \"F\", outcome = [\"live_birth\"]", "outcome = [\"born\"]", "person.outcome has \"born\""),
        ("set = [\"tof\", \"other\"]", "set = [\"tof\", \"other\", \"tof\"]", "set has \"tof\" twice"),
    ] {
        one_change(from, to, expected);
    }
}

#[test]
fn words_of_the_sets() {
    for (from, to, expected) in [
        ("Q20-Q26", "Q26-Q20", "ends before it begins"),
        ("Q20-Q26", "Q20-Q2", "\"Q2\" is malformed"),
        ("Q20-Q26", "Q20-Q29", "no category Q29"),
        ("CIM-10:Q20-Q26", "Q20-Q26", "names no system"),
        ("CIM-10:Q20-Q26", "ICD-10:Q20-Q26", "is written \"CIM-10\" here"),
        ("CIM-10:Q20-Q26", "CIM-10:Q21 .3", "take out what is not of the code"),
        ("CIM-10:Q20-Q26", "CIM-10:U00", "no category U00"),
        ("CIM-10:Q20-Q26", "CIM-10:Q21.7", "no code Q21.7; category Q21 has Q21.0"),
        ("CIM-10:Q20-Q26", "CIM-10:q21", "malformed"),
        ("CIM-10:Q20-Q26", "CIM-10:Q213", "malformed"),
        ("\"CIM-10:Q20-Q26\"", "\"CIM-10:Q20\", \"CIM-10:Q20\"", "codes has \"CIM-10:Q20\" twice"),
        ("CIM-10:Q20-Q26", "CIM-10:Q21.31", "taken out again"),
        (
            "subgroups = [\"tof\"]\n\n",
            "subgroups = [\"toff\"]\n\n",
            "no subgroup \"toff\" in the lexicons; did you mean \"tof\"?",
        ),
        ("subgroups = [\"tof\"]\n\n", "concepts = [\"vsd\"]\n\n", "did you mean \"heart.vsd\"?"),
        ("subgroups = [\"tof\"]\n\n", "concepts = [\"lung.*\"]\n\n", "no concept \"lung\""),
        (
            "subgroups = [\"tof\"]\n\n",
            "subgroups = [\"tof\"]\nnot_subgroups = [\"tof\"]\n\n",
            "taken out again",
        ),
        (
            "subgroups = [\"tof\"]\n\n",
            "concepts = [\"heart.vsd\"]\nnot_concepts = [\"heart.*\"]\n\n",
            "taken out again",
        ),
        ("codes = [\"CIM-10:Q20-Q26\"]\n", "", "set \"other\" holds nothing"),
        (
            "[rules.coded]",
            "[sets.spare]\ncodes = [\"CIM-10:Q01\"]\n[rules.coded]",
            "set \"spare\" is never used",
        ),
        ("[rules.coded]", "[rules.spare]\nset = \"tof\"\n[rules.coded]", "rule \"spare\" is never used"),
    ] {
        one_change(from, to, expected);
    }
    let fine = ["CIM-10:Q21.11", "CIM-10:F03.+0", "HPO:HP:0000476", "CIM-10:Q20.0-Q26.2", "ATC:N03AG01"];
    for code in fine {
        assert_eq!(problems(&SOUND.replace("CIM-10:Q20-Q26", code)), Vec::<String>::new(), "{code}");
    }
    let under = SOUND.replacen("subgroups = [\"tof\"]\n\n", "concepts = [\"heart.*\"]\n\n", 1);
    assert_eq!(problems(&under), Vec::<String>::new());
}

#[test]
fn rules_that_never_hold() {
    let suspicion = "phase = \"prenatal\"";
    for (from, to, expected) in [
        ("{ below = 365 }", "{ from = 365, below = 365 }", "age_days from 365 and below 365"),
        ("{ below = 365 }", "{ below = nan }", "age_days must be a number"),
        ("{ from = 0.5, below = 1.0 }", "{ from = 50 }", "certainty has 50, outside 0 to 1"),
        (suspicion, "gestational_age_days = { from = 331 }", "gestational_age_days has 331"),
        (suspicion, "value = { from = 3, below = 2, unit = \"mm\" }", "value from 3 and below 2"),
        (suspicion, "value = { from = 3 }", "value has no unit"),
        (suspicion, "phase = \"prenatal\"\nage_days = { from = 0 }", "phase prenatal with age_days from 0"),
        (
            suspicion,
            "phase = \"postnatal\"\nage_days = { below = 0 }",
            "phase postnatal with age_days before birth",
        ),
        (
            suspicion,
            "phase = \"prenatal\"\nwithin = { of = \"birth\", from = 0 }",
            "phase prenatal with within birth",
        ),
        (
            suspicion,
            "phase = \"postnatal\"\nwithin = { of = \"birth\", until = -1 }",
            "phase postnatal with within birth",
        ),
        (suspicion, "phase = \"prenatal\"\ndocument_types = [\"CR-anapath\"]", "only made after birth"),
        (suspicion, "calendar = { from = \"2024-02-30\" }", "no date; write it as 2024-01-31"),
        (suspicion, "calendar = { from = \"2024-02-02\", until = \"2024-02-01\" }", "exchange them"),
        (suspicion, "calendar = {}", "calendar asks nothing"),
        (suspicion, "at_least = 0", "at_least = 0"),
        (suspicion, "at_least = 2\nper = \"document\"", "inside one report"),
        (suspicion, "same_document = \"read\"\nnot_same_document = \"read\"", "name the same rule"),
        (suspicion, "as = \"mother\"\nexperiencer = [\"fetus\"]", "as = \"mother\" looks at"),
        ("from = 0, until = 30", "from = 31, until = 30", "within from 31 until 30"),
        (
            "within = { of = \"birth\", from = 0,",
            "age_days = { from = 40 }\nwithin = { of = \"birth\", from = 0,",
            "no day in common",
        ),
        (
            "at_least = 2\ncount = \"document_types\"",
            "at_least = 3\ncount = \"sets\"",
            "at_least = 3 of 2 sets",
        ),
        ("at_least = 2\ncount", "at_least = 3\ncount", "at_least = 3 of 2 types of report"),
        ("[\"autre\"]", "[\"CRO\"]", "in document_types and in not_document_types"),
        ("position = [\"DP\"]", "document_types = [\"CRO\"]", "method structured with document_types"),
        ("position = [\"DP\"]", "sections = [\"history\"]", "method structured with sections"),
        ("position = [\"DP\"]", "same_document = \"read\"", "method structured with same_document"),
        ("position = [\"DP\"]", "count = \"documents\"", "method structured with count = \"documents\""),
        ("position = [\"DP\"]", "per = \"document\"", "method structured with per"),
        (
            "method = \"text\"",
            "method = \"text\"\nposition = [\"DP\"]",
            "position is of structured diagnoses",
        ),
        ("sex = \"F\", ", "gestational_age_days = { from = 400 }, ", "person.gestational_age_days has 400"),
        ("\"2024-12-31\" } }", "\"2019-12-31\" } }", "person.birth from 2020-01-01 until 2019-12-31"),
        (
            "any = [\"coded\", {",
            "assertion = [\"present\"]\nany = [\"coded\", {",
            "assertion is only read beside a `set`",
        ),
        ("any = [\"coded\", {", "any = [\"coded\", \"coded\", {", "rule \"coded\" stands twice"),
        (
            "{ all = [\"ruled_out\", \"girl\"] }",
            "{ all = [\"ruled_out\", \"girl\"], none = [\"girl\"] }",
            "also denied",
        ),
    ] {
        one_change(from, to, expected);
    }
    let empty =
        SOUND.lines().map(|line| if line.starts_with("person = { sex") { "person = {}" } else { line });
    assert!(problems(&empty.collect::<Vec<_>>().join("\n")).join("\n").contains("person asks nothing"));
}

#[test]
fn levels_steps_and_removals() {
    let step = "[[level]]\nname = \"suspected\"\nwhen = \"suspicion\"";
    for (from, to, expected) in [
        (
            "[\"definite\", \"suspected\"]",
            "[\"definite\", \"probable\", \"suspected\"]",
            "level \"probable\" is never reached",
        ),
        ("[\"definite\", \"suspected\"]", "[\"definite\", \"definite\", \"suspected\"]", "declared twice"),
        ("[\"definite\", \"suspected\"]", "[\"definite\", \"suspected\", \"none\"]", "level \"none\""),
        (
            "[\"definite\", \"suspected\"]",
            "[\"definit\", \"suspected\"]",
            "(definit, suspected); did you mean \"definit\"?",
        ),
        ("[\"definite\", \"suspected\"]", "[\"suspected\", \"definite\"]", "stands after a weaker one"),
        ("levels = [\"suspected\"]", "levels = [\"possible\"]", "[[exclude]] names level \"possible\""),
        (
            "levels = [\"suspected\"]",
            "levels = [\"suspected\", \"suspected\"]",
            "levels has \"suspected\" twice",
        ),
        ("name = \"out\"", "name = \"never\"", "two exclusions or vetoes are named \"never\""),
        ("assertion = [\"absent\"]", "assertion = [\"present\"]", "a veto needs one ruled out"),
        ("unless = \"read\"", "unless = \"ruled_out\"", "undoes itself"),
        (
            step,
            "[[level]]\nname = \"suspected\"\nwhen = { all = [\"coded\", \"girl\"] }",
            "this step is never reached",
        ),
    ] {
        one_change(from, to, expected);
    }
    let twin = format!("[[level]]\nname = \"definite\"\nwhen = {{ any = [\"case\"] }}\n\n{step}");
    one_change(step, &twin, "this step is never reached");
    let spared = SOUND.replacen(step, &step.replace("suspicion", "case"), 1);
    let spared = spared.replacen("levels = [\"suspected\"]", "levels = [\"definite\"]", 1);
    assert!(!problems(&spared).join("\n").contains("this step"), "an exclusion may leave the weaker step");
    let classes = SOUND.replace("suspected", "isolated").replacen(
        "[\"definite\", \"isolated\"]",
        "[\"isolated\", \"definite\"]",
        1,
    );
    assert_eq!(problems(&classes), Vec::<String>::new(), "classes have no strength");
    let start = SOUND.find("[[level]]").unwrap();
    let end = SOUND.find("[[exclude]]").unwrap();
    let none = [&SOUND[..start], &SOUND[end..]].concat();
    assert!(problems(&none).join("\n").contains("no [[level]]"));
}

#[test]
fn vignettes() {
    let event = "{ codes = [\"CIM-10:Q21.3\"], date = \"2024-01-02\", position = \"DP\" }";
    for (from, to, expected) in [
        ("expect = \"definite\"", "expect = \"definit\"", "did you mean \"definite\"?"),
        ("expect = \"definite\"", "expect = \"none\"", "expect is none and index is given"),
        ("index = \"2024-01-01\"", "index = \"01/01/2024\"", "index is \"01/01/2024\""),
        ("failed = \"never\"", "failed = \"nevr\"", "did you mean \"never\"?"),
        ("birth_date = \"2024-01-01\"", "birth_date = \"2024\"", "birth_date is \"2024\""),
        ("mother_id = \"M\"", "mother_id = \"P\"", "their own mother"),
        (
            "mother_id = \"M\", outcome = \"live_birth\" }",
            "mother_id = \"M\", outcome = \"alive\" }",
            "outcome is \"alive\"",
        ),
        ("patient = \"M\"", "patient = \"N\"", "this case has M, P"),
        (event, "{ date = \"2024-01-02\" }", "an event says nothing"),
        (event, "{ codes = [\"CIM-10:Q29\"] }", "no category Q29"),
        (event, "{ codes = [\"CIM-10:Q20-Q21\"] }", "has the range"),
        (event, "{ subgroups = [\"toff\"] }", "no subgroup \"toff\""),
        (event, "{ concept = \"heart.tog\" }", "did you mean \"heart.tof\"?"),
        (event, "{ subgroups = [\"tof\"], date = \"2024-13-01\" }", "date is \"2024-13-01\""),
        (event, "{ subgroups = [\"tof\"], type = \"CRH\" }", "no document, so it is a code"),
        (event, "{ subgroups = [\"tof\"], document = \"e\", position = \"DP\" }", "which only codes have"),
        (
            event,
            "{ subgroups = [\"tof\"], document = \"d\", type = \"CRO\" }",
            "two events of document \"d\"",
        ),
        (event, "{ subgroups = [\"tof\"], certainty = 2.0 }", "certainty is outside"),
        (event, "{ subgroups = [\"tof\"], temporality = \"now\" }", "temporality is \"now\""),
        ("type = \"CRH\", section", "type = \"CR\", section", "type is \"CR\""),
        ("section = \"conclusion\"", "section = \"end\"", "section is \"end\""),
        ("section = \"conclusion\"", "experiencer = \"she\"", "experiencer is \"she\""),
        ("section = \"conclusion\"", "laterality = \"up\"", "laterality is \"up\""),
        ("assertion = \"possible\"", "assertion = \"maybe\"", "assertion is \"maybe\""),
        ("failed = \"never\"", "persons = [{ sex = \"X\" }]", "sex is \"X\""),
        ("failed = \"never\"", "persons = [{ sex = \"F\" }]", "two persons are \"P\""),
    ] {
        one_change(from, to, expected);
    }
    let start = SOUND.find("[[case]]").unwrap();
    assert_eq!(problems(&SOUND[..start]).len(), 1);
    assert!(problems(&SOUND[..start])[0].starts_with("2: no [[case]]"));
    let again = format!("{SOUND}{}", &SOUND[start..]);
    assert!(problems(&again).join("\n").contains("two cases are named \"one\""));
}

#[test]
fn a_problem_names_its_line() {
    let line = |text: &str, word: &str| 1 + text.lines().position(|line| line.contains(word)).unwrap();
    for (from, to) in
        [("Q20-Q26", "Q20-Q29"), ("[\"CRO\", \"CRH\"]", "[\"CRO\", \"CRX\"]"), ("2024-01-02", "2024-13-02")]
    {
        let text = SOUND.replacen(from, to, 1);
        let expected = format!("{}: ", line(&text, to));
        assert!(
            problems(&text).iter().any(|message| message.starts_with(&expected)),
            "{to}: {:?}",
            problems(&text)
        );
    }
}
