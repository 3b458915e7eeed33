//! What verdicts say of a phenotype: predictive value, agreement of reviewers, and sensitivity by two sources.

use super::{Source, Verdict, stratum};
use crate::stats::{
    Agreement, Capture, Interval, Stratum, Weighted, agreement, chapman, clopper_pearson, weighted, wilson,
};
use crate::warehouse::Review;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A case of the present cohort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Patient.
    pub patient_id: String,
    /// Level.
    pub case_level: String,
    /// What its evidence comes from.
    pub source: Source,
}

/// Everything that the verdicts say of a phenotype. A patient that several reviewers judged counts once, by the
/// majority of validated and rejected; without one the patient is uncertain. Uncertain patients are in no share.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Level of the intervals.
    pub level: f64,
    /// All cases.
    pub overall: Figures,
    /// By level of the case.
    pub by_case_level: Vec<Figures>,
    /// By source of the evidence.
    pub by_source: Vec<Figures>,
    /// By stratum of the draw.
    pub by_stratum: Vec<Figures>,
    /// Patients with weak evidence.
    pub non_cases: Missed,
    /// Patients judged that are now neither.
    pub gone: u64,
    /// Reviewers who judged some of the same patients.
    pub agreement: Vec<Pair>,
    /// What the sensitivity counts: `validated`, `validated_weighted` (part of the cases were judged: validated cases
    /// of each stratum times its size over the number judged) or `all_cases` (none were).
    pub sensitivity_basis: &'static str,
    /// Sensitivity over all levels, then by level.
    pub sensitivity: Vec<Sensitivity>,
}

/// The predictive value in a group of cases.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// The group.
    pub name: String,
    /// Cases in it.
    pub cases: u64,
    /// Cases judged, uncertain ones too.
    pub reviewed: u64,
    /// Judged a case.
    pub validated: u64,
    /// Judged none.
    pub rejected: u64,
    /// Not decided.
    pub uncertain: u64,
    /// `validated / (validated + rejected)`, as if drawn evenly.
    pub ppv: Option<f64>,
    /// Clopper–Pearson interval of it.
    pub exact: Option<Interval>,
    /// Wilson interval of it.
    pub wilson: Option<Interval>,
    /// The same weighted by the sizes of the strata, over those of which something was decided.
    pub weighted: Option<Weighted>,
    /// Cases in strata of which nothing was decided: the weighted figures do not speak of them.
    pub not_covered: u64,
}

/// Cases that the phenotype does not find, among patients with weak evidence.
#[derive(Clone, Debug, Serialize)]
pub struct Missed {
    /// Patients with weak evidence.
    pub patients: u64,
    /// Judged.
    pub reviewed: u64,
    /// Judged a case.
    pub validated: u64,
    /// Judged none.
    pub rejected: u64,
    /// Share of cases among those decided.
    pub share: Option<f64>,
    /// Clopper–Pearson interval of it.
    pub exact: Option<Interval>,
    /// Wilson interval of it.
    pub wilson: Option<Interval>,
}

/// How two reviewers agree.
#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    /// One.
    pub first: String,
    /// The other.
    pub second: String,
    /// Over three verdicts.
    #[serde(flatten)]
    pub agreement: Agreement,
}

/// Sensitivity by capture–recapture of reports and codes, taken as independent.
#[derive(Clone, Debug, Serialize)]
pub struct Sensitivity {
    /// Level; none for all.
    pub case_level: Option<String>,
    /// Found in reports only.
    pub text_only: u64,
    /// Found in codes only.
    pub code_only: u64,
    /// Found in both.
    pub both: u64,
    /// Estimate of all cases; none when one of the sources finds none of them.
    pub estimate: Option<Capture>,
    /// Share of them that the phenotype finds, with its interval.
    pub phenotype: Option<(f64, Interval)>,
    /// That reports find.
    pub text: Option<(f64, Interval)>,
    /// That codes find.
    pub code: Option<(f64, Interval)>,
}

/// Makes the report of the cases, the patients with weak evidence and every review.
pub fn report(cases: &[Case], weak: &[String], reviews: &[Review], level: f64) -> Report {
    let last = last_words(reviews);
    let verdicts: BTreeMap<&str, Verdict> = last.iter().map(|(id, said)| (*id, settled(said))).collect();
    let group = |key: fn(&Case) -> String| groups(cases, &verdicts, level, key);
    let weak: BTreeSet<&str> = weak.iter().map(String::as_str).collect();
    let known: BTreeSet<&str> = cases.iter().map(|c| c.patient_id.as_str()).collect();
    let gone = verdicts.keys().filter(|id| !known.contains(*id) && !weak.contains(*id)).count() as u64;
    let counted = Counted::of(cases, &verdicts);
    Report {
        level,
        overall: figures("all".into(), &cases.iter().collect::<Vec<_>>(), &verdicts, level),
        by_case_level: group(|case| case.case_level.clone()),
        by_source: group(|case| case.source.as_str().into()),
        by_stratum: group(stratum_of),
        non_cases: missed(&weak, &verdicts, level),
        gone,
        agreement: pairs(&last),
        sensitivity_basis: counted.basis,
        sensitivity: counted.sensitivity(level),
    }
}

fn stratum_of(case: &Case) -> String {
    stratum(&case.case_level, case.source)
}

/// Patient, reviewer, last verdict.
type LastWords<'r> = BTreeMap<&'r str, BTreeMap<&'r str, Verdict>>;

fn last_words(reviews: &[Review]) -> LastWords<'_> {
    let mut ordered: Vec<&Review> = reviews.iter().collect();
    ordered.sort_by(|a, b| a.reviewed_at.cmp(&b.reviewed_at));
    let mut last = LastWords::new();
    for review in ordered {
        if let Some(verdict) = Verdict::parse(&review.verdict) {
            last.entry(&review.patient_id).or_default().insert(&review.reviewer, verdict);
        }
    }
    last
}

/// Patients on whom reviewers do not agree, or whom one of them left undecided: by the last word of each.
pub fn disputed(reviews: &[Review]) -> BTreeSet<String> {
    let is_disputed = |said: &BTreeMap<&str, Verdict>| {
        let first = said.values().next();
        said.values().any(|verdict| *verdict == Verdict::Uncertain || Some(verdict) != first)
    };
    let words = last_words(reviews);
    words.iter().filter(|(_, said)| is_disputed(said)).map(|(patient, _)| patient.to_string()).collect()
}

fn settled(said: &BTreeMap<&str, Verdict>) -> Verdict {
    let votes = |verdict| said.values().filter(|v| **v == verdict).count();
    match votes(Verdict::Validated).cmp(&votes(Verdict::Rejected)) {
        std::cmp::Ordering::Greater => Verdict::Validated,
        std::cmp::Ordering::Less => Verdict::Rejected,
        std::cmp::Ordering::Equal => Verdict::Uncertain,
    }
}

type Verdicts<'r> = BTreeMap<&'r str, Verdict>;

fn groups(cases: &[Case], verdicts: &Verdicts<'_>, level: f64, key: fn(&Case) -> String) -> Vec<Figures> {
    let mut groups: BTreeMap<String, Vec<&Case>> = BTreeMap::new();
    for case in cases {
        groups.entry(key(case)).or_default().push(case);
    }
    groups.into_iter().map(|(name, cases)| figures(name, &cases, verdicts, level)).collect()
}

fn figures(name: String, cases: &[&Case], verdicts: &Verdicts<'_>, level: f64) -> Figures {
    let count = |verdict| tally(cases, verdicts, verdict);
    let [validated, rejected, uncertain] =
        [Verdict::Validated, Verdict::Rejected, Verdict::Uncertain].map(count);
    let decided = validated + rejected;
    let strata: Vec<Stratum> = strata(cases, verdicts).into_values().collect();
    Figures {
        name,
        cases: cases.len() as u64,
        reviewed: decided + uncertain,
        validated,
        rejected,
        uncertain,
        ppv: share(validated, decided),
        exact: clopper_pearson(validated, decided, level),
        wilson: wilson(validated, decided, level),
        weighted: weighted(&strata, level),
        not_covered: strata.iter().filter(|s| s.judged == 0).map(|s| s.size).sum(),
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn tally(cases: &[&Case], verdicts: &Verdicts<'_>, verdict: Verdict) -> u64 {
    let is_so = |case: &&&Case| verdicts.get(case.patient_id.as_str()) == Some(&verdict);
    cases.iter().filter(is_so).count() as u64
}

fn strata(cases: &[&Case], verdicts: &Verdicts<'_>) -> BTreeMap<(String, Source), Stratum> {
    let mut strata = BTreeMap::new();
    for case in cases {
        let key = (case.case_level.clone(), case.source);
        let stratum = strata.entry(key).or_insert(Stratum { size: 0, judged: 0, successes: 0 });
        let verdict = verdicts.get(case.patient_id.as_str());
        stratum.size += 1;
        stratum.judged += u64::from(verdict.is_some_and(|v| *v != Verdict::Uncertain));
        stratum.successes += u64::from(verdict == Some(&Verdict::Validated));
    }
    strata
}

fn missed(weak: &BTreeSet<&str>, verdicts: &Verdicts<'_>, level: f64) -> Missed {
    let judged: Vec<Verdict> = weak.iter().filter_map(|id| verdicts.get(id).copied()).collect();
    let count = |verdict| judged.iter().filter(|v| **v == verdict).count() as u64;
    let (validated, rejected) = (count(Verdict::Validated), count(Verdict::Rejected));
    Missed {
        patients: weak.len() as u64,
        reviewed: judged.len() as u64,
        validated,
        rejected,
        share: share(validated, validated + rejected),
        exact: clopper_pearson(validated, validated + rejected, level),
        wilson: wilson(validated, validated + rejected, level),
    }
}

fn pairs(last: &LastWords<'_>) -> Vec<Pair> {
    let mut shared: BTreeMap<(&str, &str), Vec<(Verdict, Verdict)>> = BTreeMap::new();
    for said in last.values() {
        for (i, (first, a)) in said.iter().enumerate() {
            for (second, b) in said.iter().skip(i + 1) {
                shared.entry((first, second)).or_default().push((*a, *b));
            }
        }
    }
    let pair = |((first, second), verdicts): ((&str, &str), Vec<_>)| {
        let agreement = agreement(&verdicts)?;
        Some(Pair { first: first.into(), second: second.into(), agreement })
    };
    shared.into_iter().filter_map(pair).collect()
}

/// How many cases of each level and source are counted.
struct Counted {
    basis: &'static str,
    counts: BTreeMap<(String, Source), f64>,
}

impl Counted {
    fn of(cases: &[Case], verdicts: &Verdicts<'_>) -> Self {
        let strata = strata(&cases.iter().collect::<Vec<_>>(), verdicts);
        let judged: u64 = strata.values().map(|s| s.judged).sum();
        let basis = match judged {
            0 => "all_cases",
            _ if judged == cases.len() as u64 => "validated",
            _ => "validated_weighted",
        };
        let count = |s: &Stratum| match basis {
            "all_cases" => s.size as f64,
            _ => share(s.successes, s.judged).map_or(0.0, |ppv| ppv * s.size as f64),
        };
        Self { basis, counts: strata.iter().map(|(key, s)| (key.clone(), count(s))).collect() }
    }

    fn sensitivity(&self, level: f64) -> Vec<Sensitivity> {
        let levels: BTreeSet<&String> = self.counts.keys().map(|(level, _)| level).collect();
        let each = levels.into_iter().map(Some);
        std::iter::once(None).chain(each).map(|of| self.sensitivity_of(of, level)).collect()
    }

    fn sensitivity_of(&self, case_level: Option<&String>, level: f64) -> Sensitivity {
        let count = |source| {
            let of = |key: &(String, Source)| key.1 == source && case_level.is_none_or(|l| *l == key.0);
            let sum: f64 = self.counts.iter().filter(|(key, _)| of(key)).map(|(_, count)| count).sum();
            sum.round() as u64
        };
        let [text_only, code_only, both] = [Source::Text, Source::Code, Source::Both].map(count);
        // A source that finds nothing tells nothing of the other.
        let has_both = text_only + both > 0 && code_only + both > 0;
        let estimate = chapman(text_only + both, code_only + both, both, level).filter(|_| has_both);
        let of = |found: u64| estimate.and_then(|estimate| estimate.share(found));
        Sensitivity {
            case_level: case_level.cloned(),
            text_only,
            code_only,
            both,
            estimate,
            phenotype: of(text_only + code_only + both),
            text: of(text_only + both),
            code: of(code_only + both),
        }
    }
}
