//! Dates: the cases beside the words of dates, resolution, attachment, and totality on any text.

#![allow(clippy::expect_used)]

use jiff::civil::Date;
use laennec::date::{self, Anchors, Found, Words};
use laennec::lexicon::{Folder, Lexicons, read_cases};
use laennec::segment::{Segmented, TokenRange};
use proptest::prelude::*;
use std::path::Path;
use std::sync::LazyLock;

static TABLES: LazyLock<(Lexicons, Words)> = LazyLock::new(|| {
    let folders = ["grammar", "dates"].map(folder);
    let lexicons = match Lexicons::from_folders(&folders) {
        Ok(lexicons) => lexicons,
        Err(problems) => panic!("{problems}"),
    };
    let rows = lexicons.dates.iter().map(|d| (d.role.as_str(), d.words.as_slice(), d.value.as_str()));
    let words = Words::new(rows, lexicons.vocabulary.len()).expect("the words of dates load");
    (lexicons, words)
});

fn folder(name: &str) -> Folder {
    Folder::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("lexicons").join(name)).expect("readable")
}

fn with<R>(text: &str, read: impl FnOnce(&Segmented, &[Found]) -> R) -> R {
    let (lexicons, words) = &*TABLES;
    let segmented = Segmented::new(text, lexicons);
    let found = date::find(&segmented, words);
    read(&segmented, &found)
}

fn day(text: &str) -> Option<Date> {
    (!text.is_empty()).then(|| text.parse().expect("a date"))
}

#[test]
fn cases_of_the_lexicon() {
    let cases = read_cases(&folder("dates")).expect("well formed");
    assert!(cases.len() >= 180, "{} cases", cases.len());
    let mut faults = Vec::new();
    for case in &cases {
        let expected: Vec<_> = case.marks.iter().map(|m| (m.start, m.end, m.expected.clone())).collect();
        let got = with(&case.text, |segmented, found| -> Vec<_> {
            let spans = found.iter().map(|f| (segmented.span(f.tokens), f.normal_form()));
            spans.map(|(span, norm)| (span.start, span.end, norm)).collect()
        });
        if got != expected {
            faults
                .push(format!("{} {:?}\n  expected {expected:?}\n  found    {got:?}", case.place, case.text));
        }
    }
    assert!(faults.is_empty(), "{} of {} fail\n{}", faults.len(), cases.len(), faults.join("\n"));
}

/// Text, report date, birth, and the days that its dates mean ("-" for none).
const RESOLVED: &[(&str, &str, &str, &str)] = &[
    ("le 12/03/2020", "", "", "2020-03-12 day explicit"),
    ("le 31/06/17", "2017-07-01", "", "-"),
    ("le 09/08", "1993-09-23", "", "1993-08-09 day inferred"),
    ("le 09/08", "", "", "-"),
    ("le 07/01.", "1993-09-23", "", "1993-01-07 day inferred"),
    ("le 19 novembre dernier", "2025-02-14", "", "2024-11-19 day inferred"),
    ("le 20 février dernier", "2025-02-14", "", "2024-02-20 day inferred"),
    ("en mars prochain", "2025-02-14", "", "2025-03-01 month inferred"),
    ("RDV le 02/01", "2024-12-19", "", "2025-01-02 day inferred"),
    ("le 29/02", "2023-06-01", "", "2020-02-29 day inferred"),
    ("en 2019", "", "", "2019-01-01 year explicit"),
    ("il y a 3 mois", "2021-09-04", "", "2021-06-06 month relative"),
    ("dans 2 ans", "2021-09-04", "", "2023-09-04 year relative"),
    ("depuis hier", "2024-05-14", "", "2024-05-13 day relative"),
    ("lundi dernier", "2026-11-23", "", "2026-11-16 day relative"),
    ("opéré à J3", "2024-07-19", "2024-06-22", "2024-06-25 day relative"),
    ("opéré à J3", "2024-07-19", "", "-"),
    ("opérée à 5 mois", "2024-07-19", "2023-12-31", "2024-05-31 age relative"),
    ("tante opérée à 6 ans", "2024-07-19", "2024-06-22", "-"),
    ("âgé de 4 mois", "2024-07-19", "2024-03-01", "-"),
    ("suppuration à J3 post-op", "2024-07-19", "2024-06-22", "-"),
    (
        "DDR : 06/10/2023. Écho à 22 SA",
        "2024-04-09",
        "",
        "2023-10-06 day explicit, 2024-03-08 gestational_week relative",
    ),
    (
        "Terme : 26 SA + 4 j. Écho à 22 SA + 4",
        "2024-04-09",
        "",
        "2024-04-09 gestational_week relative, 2024-03-12 gestational_week relative",
    ),
    ("Écho à 22 SA", "2024-04-09", "", "-"),
    (
        "AVB à 37 SA. Hydramnios à 30 SA",
        "2024-07-19",
        "2024-06-22",
        "2024-06-22 gestational_week relative, 2024-05-04 gestational_week relative",
    ),
    (
        "Prélevé le 15.03.2024 (23 SA), hydramnios à 22 SA",
        "2024-04-02",
        "",
        "2024-03-15 day explicit, 2024-03-15 gestational_week relative, 2024-03-08 gestational_week relative",
    ),
    ("IMG le 12/03/2015 à 23 SA", "2024-04-02", "", "2015-03-12 day explicit, -"),
    (
        "30 SA (DDG 02/04/2023)",
        "2023-10-17",
        "",
        "2023-10-15 gestational_week relative, 2023-04-02 day explicit",
    ),
];

#[test]
fn resolves_against_the_dates_of_the_record() {
    for (text, report, birth, expected) in RESOLVED {
        let got = with(text, |_, found| {
            let mut anchors = Anchors { report: day(report), birth: day(birth), last_period: None };
            anchors.last_period = date::last_period(found, &anchors);
            let days = found.iter().map(|f| match date::resolve(f, &anchors) {
                Some(r) => format!("{} {} {}", r.date, r.precision.as_str(), r.source.as_str()),
                None => "-".to_string(),
            });
            days.collect::<Vec<_>>().join(", ")
        });
        assert_eq!(got, *expected, "{text} on {report:?}, born {birth:?}");
    }
}

/// Text with the mention in brackets, and the normal form of its date ("-" for none).
const ATTACHED: &[(&str, &str)] = &[
    ("[CIV] opérée le 12/03/2020.", "2020-03-12"),
    ("Opéré le 12/03/2020 d'une [CIV], revu le 14/05/2021.", "2020-03-12"),
    ("Né le 12/03/2020, porteur d'une [CIV].", "-"),
    ("Né le 12/03/2020, [CIV] opérée à 5 mois.", "age 5 months"),
    ("Patient âgé de 5 mois avec une [CIV].", "-"),
    ("Terme du jour : 22 SA. [CIV] vue ce jour.", "~0 day"),
    ("Atrésie opérée à J1, [CIV] à J8.", "J8"),
    ("12/03/2020 : hernie. Pas de fièvre. [CIV] connue.", "2020-03-12"),
    ("12/03/2020 : hernie.\n[CIV] connue.", "-"),
    ("- J12 (30/03) - DVP, [CIV] petite", "????-03-30"),
    ("Le 12/03/2020, hernie. Une [CIV] est suspectée.", "2020-03-12"),
    ("Hernie le 12/03/2020. Une [CIV] est suspectée.", "-"),
    ("[CIV] traitée pendant 3 mois.", "-"),
    ("DDR : 06/10/2023, [CIV]", "-"),
];

#[test]
fn a_mention_takes_its_own_date() {
    for (marked, expected) in ATTACHED {
        let (text, mention) = unbracket(marked);
        let got = with(&text, |segmented, found| {
            let tokens = segmented.tokens_in_span(mention);
            date::nearest(found, segmented, tokens).map_or("-".to_string(), Found::normal_form)
        });
        assert_eq!(got, *expected, "{marked}");
    }
}

#[test]
fn a_mention_takes_its_own_gestational_age() {
    for (marked, expected) in [
        ("À 22 SA + 3, [hydramnios].", Some(157)),
        ("À 22 SA, RAS ; à 30 SA, [hydramnios].", Some(210)),
        ("Terme : 22 SA. [hydramnios]", None),
        ("2 SA : [hydramnios]", None),
    ] {
        let (text, mention) = unbracket(marked);
        let got = with(&text, |segmented, found| {
            date::gestational_age(found, segmented, segmented.tokens_in_span(mention))
        });
        assert_eq!(got, expected, "{marked}");
    }
    assert_eq!(with("Terme ce jour : 31 SA + 2", |_, found| date::report_gestational_age(found)), Some(219));
}

fn unbracket(marked: &str) -> (String, laennec::span::Span) {
    let start = marked.find('[').expect("a bracket");
    let end = marked.find(']').expect("a bracket") - 1;
    (marked.replace(['[', ']'], ""), laennec::span::Span::new(start as u32, end as u32))
}

#[test]
fn periods_are_pairs() {
    for (text, expected) in [
        ("à partir de juin 2017 pendant trois semaines", "juin 2017 pendant trois semaines"),
        ("du 5 juin au 6 juillet", "5 juin au 6 juillet"),
        ("séjour : 23/02 - 26/02/2024", "23/02 - 26/02/2024"),
        ("valproate de 2012 à 2019", "2012 à 2019"),
        ("le 5 juin, puis le 6 juillet", ""),
    ] {
        let got = with(text, |segmented, found| {
            let periods = date::periods(found);
            periods.first().map_or(String::new(), |p| segmented.span(p.tokens).slice(text).to_string())
        });
        assert_eq!(got, expected);
    }
}

/// Pieces that meet in reports; any order must be read without a panic.
fn soup() -> impl Strategy<Value = String> {
    const PIECES: [&str; 36] = [
        "12", "/", "03", "2020", ".", "-", " ", "\n", "\n\n", "SA", "+", "3", "j", "à", "le", "du", "au",
        "depuis", "il y a", "mars", "sept", "J", "H", "âgé de", "ans", "mois", "et demi", "(", ")", ":",
        "né le", "terme", "99999", "1,5", "dernier", "é",
    ];
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_read(text in prop_oneof![soup(), any::<String>()]) {
        with(&text, |segmented, found| {
            let anchors = Anchors { report: day("2024-02-29"), birth: day("2024-01-31"), last_period: day("2023-05-01") };
            let mut end = 0;
            for f in found {
                prop_assert!(f.tokens.start >= end && f.tokens.end > f.tokens.start);
                end = f.tokens.end;
                let _ = (f.normal_form(), date::resolve(f, &anchors));
            }
            prop_assert!(end as usize <= segmented.tokens.len());
            for token in 0..segmented.tokens.len() {
                let _ = date::nearest(found, segmented, TokenRange::new(token, token + 1));
            }
            let _ = (date::periods(found), date::last_period(found, &anchors));
            Ok(())
        })?;
    }
}
