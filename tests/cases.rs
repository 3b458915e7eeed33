//! The cases stored beside the data: they run, they are counted, and a case that asserts nothing is refused.

use std::collections::BTreeMap;

use crate::support::{Bench, Ran, document, engine};
use laennec::event::Assertion;
use laennec::lexicon::{Folder, read_cases, shipped};

/// Least number of cases of each lexicon: a file that is cut short or not read must not pass for a file that passes.
const FLOORS: [(&str, usize); 9] = [
    ("abbreviations", 100),
    ("context", 500),
    ("dates", 280),
    ("documents", 70),
    ("grammar", 12),
    ("malformations", 470),
    ("perinatal", 150),
    ("sections", 190),
    ("units", 80),
];

/// The table that `lexicon test` prints: cases and passed, by lexicon.
fn tally(ran: &Ran) -> BTreeMap<String, (usize, usize)> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let [lexicon, ran, passed, ..] = cells[..] else { return None };
        Some((lexicon.to_string(), (ran.parse().ok()?, passed.parse().ok()?)))
    };
    ran.out.lines().filter_map(row).collect()
}

#[test]
fn shipped_lexicons_load_with_their_licences() {
    let manifests = &engine().lexicons().manifests;
    let ids: Vec<&str> = manifests.iter().map(|m| m.id.as_str()).collect();
    assert_eq!(ids, FLOORS.map(|(id, _)| id));
    for manifest in manifests {
        assert!(manifest.licence.len() > 2 && manifest.source.len() > 2, "{}", manifest.id);
    }
}

#[test]
fn every_lexicon_runs_its_cases() {
    let tally = tally(&Bench::new().run(&["lexicon", "test"]));
    assert_eq!(tally.len(), FLOORS.len(), "{tally:?}");
    let short: Vec<_> = FLOORS.iter().filter(|(id, floor)| tally[*id].0 < *floor).collect();
    assert!(short.is_empty(), "fewer cases than the floor: {short:?}, ran {tally:?}");
    for folder in shipped() {
        let examples = |text: &str| text.matches("examples = [").count();
        let described = folder.get("descriptions-heart.toml").map_or(0, examples);
        let least = read_cases(&folder).unwrap().len() + described;
        assert!(tally[&folder.name].0 >= least, "{}: the examples of descriptions run too", folder.name);
    }
}

#[test]
fn every_lexicon_passes_its_cases() {
    Bench::new().run(&["lexicon", "test"]).ends_with(0);
}

#[test]
fn one_lexicon_and_one_set_can_be_tested_alone() {
    let bench = lexicon("neg-1", "Une {{fistule|fistula}} est vue.", "dev");
    let ran = bench.run(&["lexicon", "test", "mine"]).ends_with(0);
    assert_eq!(tally(&ran), BTreeMap::from([("mine".into(), (1, 1))]));
    assert_eq!(tally(&bench.run(&["lexicon", "test", "mine", "--set", "dev"]))["mine"], (1, 1));
    let none = bench.run(&["lexicon", "test", "mine", "--set", "held"]).ends_with(1);
    assert_eq!(tally(&none)["mine"], (0, 0), "no case at all is a failure");
}

#[test]
fn a_failing_case_is_shown_with_its_place() {
    let bench = lexicon("case-7", "Une {{lithiase|fistula}} est vue.", "dev");
    let ran = bench.run(&["lexicon", "test", "mine"]).ends_with(1);
    assert!(ran.err.contains("mine/cases.toml:1 case-7: missing"), "{}", ran.err);
    assert_eq!(tally(&ran)["mine"], (1, 0));
}

/// A lexicon of one term and one case, in the folder `mine`.
fn lexicon(id: &str, text: &str, set: &str) -> Bench {
    let bench = Bench::new();
    let manifest = "id = \"mine\"\nkind = \"concepts\"\ntitle = \"T\"\nversion = \"1\"\nlicence = \"MIT\"\nsource = \"us\"\n";
    bench.file("mine/manifest.toml", manifest);
    bench.file("mine/terms.tsv", "concept\tterm\tkind\nfistula\tfistule\tpreferred\n");
    bench.file("mine/cases.toml", format!("[[case]]\nid = \"{id}\"\ntext = \"{text}\"\nset = \"{set}\"\n"));
    bench
}

#[test]
fn malformed_marks_are_refused() {
    let table = [
        ("{{a|b", "not closed"),
        ("a}} b", "closes no mark"),
        ("{{a|b}} c}}", "closes no mark"),
        ("{{a}}", "no |"),
        ("{{ |x}}", "holds no span"),
        ("{{|x}}", "holds no span"),
        ("{{a {{b|c}}|d}}", "inside another"),
    ];
    for (text, expected) in table {
        let ran = lexicon("", text, "").run(&["lexicon", "check", "mine"]).ends_with(1);
        assert!(ran.err.contains("mine/cases.toml:1: ") && ran.err.contains(expected), "{text}: {}", ran.err);
        let cases = format!("[[case]]\ntext = \"{text}\"\n");
        let folder = Folder::from_files("mine", "mine", [("cases.toml", cases.as_str())]);
        assert_eq!(read_cases(&folder).unwrap_err().len(), 1, "{text}");
    }
}

#[test]
fn marks_of_shipped_cases_fit_their_text() {
    for folder in shipped() {
        for case in read_cases(&folder).unwrap() {
            for mark in &case.marks {
                let slice = case.text.get(mark.start as usize..mark.end as usize);
                assert!(slice.is_some_and(|s| !s.trim().is_empty()), "{}", case.place);
            }
            assert!(!case.text.contains("{{") && !case.text.contains("}}"), "{}", case.place);
        }
    }
}

/// Regression: "suspicion … de" took "Suspicion d'atrésie de" as its words, so that the cue lay on the mention, the
/// shorter "suspicion d'" was hidden, and the finding was read as present.
#[test]
fn a_cue_with_a_gap_does_not_swallow_the_mention() {
    use Assertion::{Absent, Hypothetical, Possible};
    let table = [
        ("Suspicion d'atrésie de l'œsophage.", Possible),
        ("Suspicion de syndrome de DiGeorge.", Possible),
        ("Suspicion de valves de l'urètre postérieur.", Possible),
        ("Suspicion échographique d'atrésie de l'œsophage.", Possible),
        ("Pas de signe d'atrésie de l'œsophage.", Absent),
        ("Sans signe d'agénésie du corps calleux.", Absent),
        ("Risque d'atrésie de l'œsophage.", Hypothetical),
        // What the gap is for.
        ("Suspicion assez forte d'omphalocèle.", Possible),
        ("Pas de signe échographique d'omphalocèle.", Absent),
    ];
    let read =
        |text: &str| engine().annotate(&document(text)).iter().map(|e| e.assertion).collect::<Vec<_>>();
    let wrong: Vec<_> = table
        .into_iter()
        .map(|(text, said)| (text, said, read(text)))
        .filter(|(_, said, r)| *r != [*said])
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A verb says another thing in another mood; the cues name moods, so that none slips into a neighbour's row.
#[test]
fn the_mood_of_a_verb_decides() {
    use Assertion::{Absent, Hypothetical, Possible, Present};
    let table = [
        ("L'échographie élimine une omphalocèle.", Absent),
        ("Les examens éliminèrent une omphalocèle.", Absent),
        ("Omphalocèle éliminée.", Absent),
        ("Omphalocèle à éliminer.", Hypothetical),
        ("L'IRM éliminera une omphalocèle.", Hypothetical),
        ("L'IRM éliminerait une omphalocèle.", Possible),
        ("L'aspect évoquerait une omphalocèle.", Possible),
        ("L'échographie confirmerait une omphalocèle.", Possible),
        ("L'échographie confirma une omphalocèle.", Present),
    ];
    for (text, said) in table {
        let read: Vec<_> = engine().annotate(&document(text)).iter().map(|e| e.assertion).collect();
        assert_eq!(read, [said], "{text}");
    }
}

/// A lexicon of cues is tested to a share of its cases, so a mark that says nothing known must not count as a failure.
#[test]
fn a_mark_of_unknown_words_is_refused() {
    let text =
        "Suspicion d'{{omphalocèle|possible conclusion:WORD}}. Au contrôle, pas d'{{omphalocèle|absent}}.";
    let bench = Bench::new();
    let manifest = "id = \"mine\"\nkind = \"cues\"\ntitle = \"T\"\nversion = \"1\"\nlicence = \"MIT\"\nsource = \"us\"\n";
    bench.file("mine/manifest.toml", manifest);
    bench.file(
        "mine/terms.tsv",
        "cue\tterm\tcategory\tdirection\nneg.mine\taucunement ni nullement\tnegation\tafter\n",
    );
    let test = |word: &str| {
        let padding = "[[case]]\ntext = \"Pas d'{{omphalocèle|absent}}.\"\n".repeat(20);
        let case = format!("{padding}[[case]]\ntext = \"{}\"\n", text.replace("WORD", word));
        bench.file("mine/cases.toml", case);
        ["test", "check"].map(|command| bench.run(&["lexicon", command, "mine"]))
    };
    for ran in test("absent") {
        ran.ends_with(0);
    }
    let wrong = test("present")[0].err.clone();
    assert!(wrong.is_empty(), "20 of 21 pass: {wrong}");
    for ran in test("missing") {
        let ran = ran.ends_with(1);
        assert!(ran.err.contains("mine/cases.toml:41: mark 1: unknown expectation"), "{}", ran.err);
    }
}
