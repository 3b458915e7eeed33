//! What a report shows, after suppression: the only thing that pages and charts may read.
//!
//! It is filled field by field from the report, so that a field added to the model is not shown until somebody decides
//! what of it may be.

use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

use crate::surveillance::model::{CaseLine, Curve, Diagnostic, Method, RunRecord, State};

/// How a suppressed count is written in JSON.
pub const SUPPRESSED: &str = "suppressed";

/// A count that may be suppressed. One that is small and one that would give a small one away look the same, since
/// telling them apart would be a hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// May be shown.
    Count(u64),
    /// From 1 to the least count less one, or hidden to protect such a cell. Zero only where a whole table is withheld.
    Suppressed,
}

impl Cell {
    /// The count, when it may be shown.
    pub fn count(self) -> Option<u64> {
        match self {
            Self::Count(count) => Some(count),
            Self::Suppressed => None,
        }
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => to.serialize_u64(*count),
            Self::Suppressed => to.serialize_str(SUPPRESSED),
        }
    }
}

/// A rate whose numbers may be suppressed: `rate`, `lo` and `hi` stand only beside shown cases and births.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ShownRate {
    /// Cases.
    pub cases: Cell,
    /// Births; none when they are suppressed.
    pub births: Option<f64>,
    /// Per 10,000 births.
    pub rate: Option<f64>,
    /// Lower limit, 95 %.
    pub lo: Option<f64>,
    /// Upper limit, 95 %.
    pub hi: Option<f64>,
}

/// A rate of a year or of an area.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownNamed {
    /// Year, or code of the area.
    pub name: String,
    /// The rate.
    #[serde(flatten)]
    pub rate: ShownRate,
}

/// An area.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownArea {
    /// Code.
    pub code: String,
    /// Name.
    pub name: Option<String>,
    /// Births of the study; none when suppressed.
    pub births: Option<u64>,
    /// Months without births.
    pub missing_months: Vec<String>,
}

/// Comparison with a published rate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownReference {
    /// Published, per 10,000 births.
    pub rate: f64,
    /// Where it was read.
    pub source: String,
    /// `total` or `non_chromosomal`.
    pub scope: String,
    /// Observed over expected; none when suppressed, like its limits.
    pub ratio: Option<f64>,
    /// Lower limit, 95 %.
    pub lo: Option<f64>,
    /// Upper limit, 95 %.
    pub hi: Option<f64>,
}

/// A phenotype.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownPhenotype {
    /// Id of the definition.
    pub id: String,
    /// French name.
    pub title: String,
    /// Version of the definition.
    pub version: String,
    /// Wider phenotypes that are watched.
    pub within: Vec<String>,
    /// Cases by level.
    pub levels: Vec<(String, Cell)>,
    /// Cases since the run before.
    pub new: Cell,
    /// Cases that changed.
    pub changed: Cell,
    /// Cases that are none any more.
    pub lost: Cell,
    /// Over all births.
    pub total: Option<ShownRate>,
    /// Live-born cases over live births.
    pub live: Option<ShownRate>,
    /// Without disputed cases.
    pub undisputed: Option<ShownRate>,
    /// By year.
    pub by_year: Vec<ShownNamed>,
    /// By area.
    pub by_area: Vec<ShownNamed>,
    /// Published rate.
    pub reference: Option<ShownReference>,
    /// Change by year.
    pub trend: Option<ShownTrend>,
    /// Differences between areas.
    pub heterogeneity: Option<ShownHeterogeneity>,
}

/// Change by year. Its numbers are none when a year is suppressed; `q` also when the trend of another phenotype is, since
/// the correction mixes them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ShownTrend {
    /// First and last year.
    pub years: (i32, i32),
    /// Percent a year.
    pub aapc: Option<f64>,
    /// Lower limit, 95 %.
    pub lo: Option<f64>,
    /// Upper limit, 95 %.
    pub hi: Option<f64>,
    /// By itself.
    pub p: Option<f64>,
    /// Corrected over all phenotypes.
    pub q: Option<f64>,
    /// Of departure from a straight line.
    pub non_linear_p: Option<f64>,
}

/// Differences between areas, with numbers as [`ShownTrend`] has them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ShownHeterogeneity {
    /// Chi-square statistic.
    pub chi_square: Option<f64>,
    /// Degrees of freedom.
    pub df: u32,
    /// By itself.
    pub p: Option<f64>,
    /// Corrected over all phenotypes.
    pub q: Option<f64>,
}

/// A signal. What is computed from a suppressed count is none.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownSignal {
    /// Stable name.
    pub id: String,
    /// Id of the phenotype.
    pub phenotype: String,
    /// French name of it.
    pub title: String,
    /// How it was found.
    pub method: Method,
    /// Codes of the areas; empty for all.
    pub areas: Vec<String>,
    /// Window: days with patients, months without, since a scan begins and ends on the days of cases.
    pub first_day: String,
    /// See above.
    pub last_day: String,
    /// The date that places a case.
    pub dated_by: String,
    /// Cases in the window.
    pub observed: Cell,
    /// Expected; two digits without patients.
    pub expected: Option<f64>,
    /// Observed over expected as shown.
    pub ratio: Option<f64>,
    /// Lower limit, 95 %.
    pub lo: Option<f64>,
    /// Upper limit, 95 %.
    pub hi: Option<f64>,
    /// By itself; one digit without patients, rounded up.
    pub p: Option<f64>,
    /// Corrected; one digit without patients, rounded up.
    pub q: Option<f64>,
    /// What the method computed; empty without patients.
    pub statistics: Vec<(String, f64)>,
    /// Without disputed cases.
    pub undisputed: Option<ShownUndisputed>,
    /// By month; none without patients, where a page shows the phenotype by year.
    pub curve: Option<Curve>,
    /// What may explain it.
    pub diagnostics: Vec<Diagnostic>,
    /// Cases not counted, by reason.
    pub excluded: BTreeMap<String, Cell>,
    /// Number of the run that first saw it.
    pub first_run: i64,
    /// And of the last.
    pub last_run: i64,
    /// Whether people have dealt with it; without patients neither who nor in what words.
    pub state: State,
    /// Cases with their evidence; empty without patients.
    pub cases: Vec<CaseLine>,
    /// Cases in the window that are not counted; empty without patients.
    pub excluded_cases: Vec<CaseLine>,
}

/// A signal without disputed cases.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ShownUndisputed {
    /// Cases.
    pub observed: Cell,
    /// By itself.
    pub p: Option<f64>,
    /// It is found without them too.
    pub stands: bool,
}

/// A pair of phenotypes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownCombination {
    /// Ids.
    pub pair: (String, String),
    /// French names.
    pub titles: (String, String),
    /// Children with both.
    pub observed: Cell,
    /// Expected by chance; none when suppressed, like what follows.
    pub expected: Option<f64>,
    /// Observed over expected.
    pub ratio: Option<f64>,
    /// Upper tail.
    pub p: Option<f64>,
    /// Corrected over all pairs.
    pub q: Option<f64>,
}

/// Pairs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownCombinations {
    /// Children with at least two phenotypes.
    pub children: Cell,
    /// Pairs tested.
    pub tested: u64,
    /// Pairs left out.
    pub left_out: u64,
    /// Found.
    pub found: Vec<ShownCombination>,
}

/// Tests of a method.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownTests {
    /// Method.
    pub method: String,
    /// Tests made.
    pub tests: u64,
    /// How they were corrected.
    pub correction: String,
    /// The rate of false discoveries, or false signals a year, that was allowed.
    pub level: f64,
    /// How many were left; none without patients, where it would tell of tests that are hidden.
    pub left: Option<u64>,
}

/// Findings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownFindings {
    /// First month of the study.
    pub first_month: String,
    /// And last.
    pub last_month: String,
    /// Areas.
    pub areas: Vec<ShownArea>,
    /// Phenotypes.
    pub phenotypes: Vec<ShownPhenotype>,
    /// Signals.
    pub signals: Vec<ShownSignal>,
    /// Pairs.
    pub combinations: ShownCombinations,
    /// What may make rates wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// Tests and corrections.
    pub multiplicity: Vec<ShownTests>,
}

/// A report after suppression. With `least_cell` 0 nothing is suppressed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// The run.
    pub run: RunRecord,
    /// What it found.
    pub findings: ShownFindings,
    /// Cells under this are suppressed.
    pub least_cell: u64,
    /// New cases; empty without patients.
    pub new_cases: Vec<CaseLine>,
    /// Cases that changed or went; empty without patients.
    pub changed_cases: Vec<CaseLine>,
}

impl Shown {
    /// Nothing is suppressed, patients may be named.
    pub fn has_patients(&self) -> bool {
        self.least_cell == 0
    }
}
