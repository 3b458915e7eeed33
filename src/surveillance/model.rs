//! What a run of surveillance found: detectors fill these types, the warehouse keeps them as JSON, reports show them.
//!
//! Nothing here names a patient: patients are in [`CaseLine`], which is read from the warehouse for a report that may
//! show them. Rates are per 10,000 births. Months are `2024-03`, days ISO dates.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Rates are per this many births.
pub const PER: f64 = 10_000.0;

/// Everything that a run found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// First and last month of the study.
    pub first_month: String,
    /// See above.
    pub last_month: String,
    /// Areas in the order of their codes.
    pub areas: Vec<Area>,
    /// Births by area and month.
    pub births: Vec<BirthCell>,
    /// What is watched, in the order of the configuration.
    pub phenotypes: Vec<Watched>,
    /// Excesses, most urgent first.
    pub signals: Vec<Signal>,
    /// Pairs of phenotypes seen together more often than chance explains, and how many pairs were tested.
    pub combinations: Combinations,
    /// What may explain an excess, or make a rate wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// How many tests each detector made, and how they were corrected.
    pub multiplicity: Vec<Multiplicity>,
}

/// An area of residence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Area {
    /// Code, as births and persons have it.
    pub code: String,
    /// Name, from the configuration or the map.
    pub name: Option<String>,
    /// Births of the study, stillbirths included.
    pub births: u64,
    /// Months of the study without births, which are in no rate.
    pub missing_months: Vec<String>,
}

/// Births of an area in a month. Numbers may be fractional: a year spread over its months.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BirthCell {
    /// Code of the area.
    pub area: String,
    /// Month.
    pub month: String,
    /// Born alive.
    pub live: f64,
    /// Born dead.
    pub still: f64,
}

/// Cases of an area in a month, by outcome; cells without cases are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CaseCell {
    /// Code of the area; none when it is not known.
    pub area: Option<String>,
    /// Month of the case date.
    pub month: String,
    /// Live births.
    pub live: u64,
    /// Fetal deaths.
    pub fetal_deaths: u64,
    /// Terminations for fetal anomaly.
    pub terminations: u64,
    /// Outcome not known.
    pub unknown: u64,
    /// Of all these, cases on which reviewers disagree or did not decide.
    pub disputed: u64,
}

/// A phenotype that is watched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watched {
    /// Id of the definition.
    pub id: String,
    /// French name.
    pub title: String,
    /// Version of the definition.
    pub version: String,
    /// Ids of the watched phenotypes that this one is a part of, at any height: a count of a part gives away the rest
    /// of the whole, so that suppression must know it.
    #[serde(default)]
    pub within: Vec<String>,
    /// Cases by area and month.
    pub cells: Vec<CaseCell>,
    /// Cases of the study by level, strongest first.
    pub levels: Vec<(String, u64)>,
    /// Cases since the run before.
    pub new: u64,
    /// Cases that changed.
    pub changed: u64,
    /// Cases that are none any more.
    pub lost: u64,
    /// Cases of the study in areas and months with births: live births, fetal deaths and terminations over all births.
    pub total: Option<Rate>,
    /// Live-born cases over live births.
    pub live: Option<Rate>,
    /// `total` without disputed cases; none when there are none.
    pub undisputed: Option<Rate>,
    /// All of these figures without disputed cases; none when there are none.
    #[serde(default)]
    pub without_disputed: Option<Box<Watched>>,
    /// By year, in order.
    pub by_year: Vec<Named<Rate>>,
    /// By area, in the order of codes.
    pub by_area: Vec<Named<Rate>>,
    /// Published rate to compare with.
    pub reference: Option<Reference>,
    /// Change by year over the study, ten years at most.
    pub trend: Option<Trend>,
    /// Differences between areas.
    pub heterogeneity: Option<Heterogeneity>,
}

/// Something with a name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Named<T> {
    /// Year or code of the area.
    pub name: String,
    /// What is named.
    #[serde(flatten)]
    pub value: T,
}

/// A rate with its exact interval (Garwood).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// Cases.
    pub cases: u64,
    /// Births.
    pub births: f64,
    /// Per 10,000 births.
    pub rate: f64,
    /// Lower limit, 95 %.
    pub lo: f64,
    /// Upper limit, 95 %.
    pub hi: f64,
}

/// A published rate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Per 10,000 births.
    pub rate: f64,
    /// Where it was read.
    pub source: String,
    /// Observed over expected at the reference rate.
    pub ratio: f64,
    /// Exact limits of the ratio, 95 %.
    pub lo: f64,
    /// See above.
    pub hi: f64,
    /// Of all cases or of those without a chromosomal anomaly: `total` or `non_chromosomal`.
    pub scope: String,
}

/// Average annual percentage change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// First and last year.
    pub years: (i32, i32),
    /// Percent a year.
    pub aapc: f64,
    /// Limits, 95 %.
    pub lo: f64,
    /// See above.
    pub hi: f64,
    /// By itself.
    pub p: f64,
    /// Corrected over all phenotypes.
    pub q: f64,
    /// Of departure from a straight line.
    pub non_linear_p: Option<f64>,
}

/// Differences of rates between areas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Heterogeneity {
    /// Chi-square statistic.
    pub chi_square: f64,
    /// Degrees of freedom.
    pub df: u32,
    /// By itself.
    pub p: f64,
    /// Corrected over all phenotypes.
    pub q: f64,
}

/// A detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Likelihood-ratio CUSUM of monthly counts in an area.
    Cusum,
    /// Excess of a month over its history (Farrington, Noufaily).
    Farrington,
    /// Shortest run of conceptions (EUROCAT).
    TemporalScan,
    /// Circles of areas (Kulldorff).
    SpatialScan,
    /// Cylinders of areas and months that end now.
    SpaceTimePermutation,
    /// Trend over ten years (EUROCAT).
    Trend,
}

impl Method {
    /// The spelling of JSON.
    pub fn name(self) -> String {
        let text = serde_json::to_value(self).ok();
        text.and_then(|value| value.as_str().map(str::to_string)).unwrap_or_default()
    }
}

/// An excess that a registry should look at. It concludes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Stable name: ten hexadecimal digits.
    pub id: String,
    /// Id of the phenotype.
    pub phenotype: String,
    /// French name of it.
    pub title: String,
    /// How it was found.
    pub method: Method,
    /// Codes of the areas; empty for all.
    pub areas: Vec<String>,
    /// First and last day of the declared window.
    pub first_day: String,
    /// See above.
    pub last_day: String,
    /// The date that places a case in the window: `birth`, `conception`, `first_evidence`.
    pub dated_by: String,
    /// Cases in the window.
    pub observed: u64,
    /// Expected without an excess.
    pub expected: f64,
    /// Observed over expected, with exact limits, 95 %.
    pub ratio: Option<f64>,
    /// See above.
    pub lo: Option<f64>,
    /// See above.
    pub hi: Option<f64>,
    /// By itself.
    pub p: Option<f64>,
    /// Corrected over all tests of the method in this run.
    pub q: Option<f64>,
    /// What the method computed, and what it was compared with: name and value.
    pub statistics: Vec<(String, f64)>,
    /// What it would be without disputed cases; none when there are none in it.
    pub undisputed: Option<Undisputed>,
    /// Counts through time around the window.
    pub curve: Curve,
    /// What may explain it.
    pub diagnostics: Vec<Diagnostic>,
    /// Cases of the phenotype in the window that are not counted, by reason.
    pub excluded: BTreeMap<String, u64>,
    /// Number of the run that first saw it, and of the last.
    pub first_run: i64,
    /// See above.
    pub last_run: i64,
    /// Open, or closed with a reason.
    pub state: State,
}

/// A signal without the cases on which reviewers disagree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Undisputed {
    /// Cases in the window.
    pub observed: u64,
    /// Of the test that finds it without them; none when none does.
    pub p: Option<f64>,
    /// The detector finds it without them too.
    pub stands: bool,
}

/// Whether people have dealt with a signal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Closed by a person.
    pub closed: bool,
    /// When, as an ISO date.
    pub at: Option<String>,
    /// Who.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// Counts by month with what was expected and from where the detector speaks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Months, in order, without gaps.
    pub months: Vec<String>,
    /// Cases.
    pub observed: Vec<u64>,
    /// Expected cases; none where there are no births.
    pub expected: Vec<Option<f64>>,
    /// The least count that would be an alarm by itself; none where the method has no such line.
    pub threshold: Vec<Option<f64>>,
}

/// Pairs of phenotypes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Combinations {
    /// Children with at least two of them.
    pub children: u64,
    /// Pairs tested.
    pub tested: u64,
    /// Pairs left out because their association is known, or one is part of the other.
    pub left_out: u64,
    /// Pairs with more children than chance explains, most surprising first.
    pub found: Vec<Combination>,
}

/// A pair of phenotypes in the same children.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Combination {
    /// Ids of both.
    pub pair: (String, String),
    /// French names of both.
    pub titles: (String, String),
    /// Children with both.
    pub observed: u64,
    /// Expected from the numbers of children with each.
    pub expected: f64,
    /// Observed over expected.
    pub ratio: f64,
    /// Upper tail.
    pub p: f64,
    /// Corrected over all pairs.
    pub q: f64,
}

/// What may explain an excess or spoil a rate. The French sentence is in `surveillance/labels.toml` under `kind`; its
/// places in braces are filled by `values`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Stable name, such as `documents_jump`.
    pub kind: String,
    /// It alone could explain the signal, or makes a rate wrong.
    pub serious: bool,
    /// What fills the sentence.
    pub values: BTreeMap<String, String>,
}

/// How the tests of a method were corrected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Multiplicity {
    /// Method, or `heterogeneity`, `combinations`.
    pub method: String,
    /// Tests made in this run.
    pub tests: u64,
    /// `bh` (false discovery rate), `run_length` (false signals a year).
    pub correction: String,
    /// The rate of false discoveries, or false signals a year, that was allowed.
    pub level: f64,
    /// Signals.
    pub signals: u64,
}

/// What identifies a run, so that it can be made again years later.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Number, from 1.
    pub number: i64,
    /// The run before under the same configuration name.
    pub previous: Option<i64>,
    /// Name of the configuration.
    pub name: String,
    /// French title of the reports.
    pub title: String,
    /// When it was made.
    pub ran_at: String,
    /// Cases dated later are not in it.
    pub cutoff: String,
    /// SHA-256 of the configuration.
    pub config_sha256: String,
    /// SHA-256 of all that went in: configuration, definitions, cases, births, seed.
    pub inputs_sha256: String,
    /// Version of the program.
    pub program: String,
    /// Id and version of each definition.
    pub definitions: Vec<(String, String)>,
    /// What made the events of the warehouse, each once: engine, lexicons, model.
    pub engines: Vec<String>,
    /// Seed of everything drawn.
    pub seed: u64,
}

/// A case as a report with patients shows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CaseLine {
    /// Patient; the mother's when the child has no record.
    pub patient_id: String,
    /// Phenotype.
    pub phenotype: String,
    /// Level.
    pub case_level: String,
    /// Class of the child.
    pub class: Option<String>,
    /// How the pregnancy ended.
    pub outcome: Option<String>,
    /// The date that counts it.
    pub date: Option<String>,
    /// Estimated conception.
    pub conception_date: Option<String>,
    /// Code of the area.
    pub area: Option<String>,
    /// Reviewers disagree, or did not decide.
    pub disputed: bool,
    /// What speaks for it, in order of days.
    pub evidence: Vec<EvidenceLine>,
    /// Why it changed, or is no case any more; empty for a case as it stands.
    pub why: String,
    /// `new`, `changed` or `gone` since the run before; empty for a case as it stands.
    #[serde(default)]
    pub change: String,
}

/// An event that speaks for a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EvidenceLine {
    /// Id of the event.
    pub event_id: String,
    /// Day of the event, else of its report.
    pub date: Option<String>,
    /// Type of the report; none for a coded diagnosis.
    pub document_type: Option<String>,
    /// French label of the concept.
    pub label: String,
    /// The span as written.
    pub text: String,
    /// `present`, `possible` and so on.
    pub assertion: String,
}

/// What a report shows: one run, with patients or without.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The run.
    pub run: RunRecord,
    /// What it found.
    pub findings: Findings,
    /// Cells under this are suppressed; 0 when patients are shown and nothing is.
    pub least_cell: u64,
    /// Cases of the run since the one before; empty without patients.
    pub new_cases: Vec<CaseLine>,
    /// Cases that changed or went; empty without patients.
    pub changed_cases: Vec<CaseLine>,
    /// Cases of each signal, by its id; empty without patients.
    pub signal_cases: BTreeMap<String, Vec<CaseLine>>,
    /// Cases in the window of each signal that are not counted; empty without patients.
    pub signal_excluded: BTreeMap<String, Vec<CaseLine>>,
}
