//! `laennec stats METHOD`: one statistical method, JSON in, JSON out.

use super::{Failed, Outcome, Result, print};
use crate::stats::{self, Refused};
use clap::ValueEnum;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Shown under the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  echo '{\"cases\": 1222, \"denominator\": 5019804, \"per\": 10000}' | laennec stats poisson-ci
  laennec stats farrington request.json
  echo '{\"p\": [0.01, 0.02, 0.2], \"method\": \"bh\"}' | laennec stats fdr

One answer a line for each JSON object given. What each method computes, from which source and when not to use it is in
docs/surveillance.md.";

/// Largest input, in bytes.
const LARGEST: u64 = 256 << 20;

/// Compute one statistic.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The method.
    #[arg(value_enum)]
    method: Method,
    /// A file of JSON objects; `-` for standard input.
    #[arg(default_value = "-")]
    request: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Method {
    /// A rate with its exact Poisson interval: {cases, denominator, per, level}.
    PoissonCi,
    /// A proportion with Clopper-Pearson and Wilson intervals: {x, n, level}.
    BinomialCi,
    /// Two rates, exact conditional: {cases1, denominator1, cases2, denominator2, level}.
    RateRatio,
    /// Observed over expected, exact: {observed, expected}.
    ObservedExpected,
    /// Annual change by Poisson regression, and chi-square for trend: {cases, denominators}.
    Trend,
    /// C1, C2 and C3 of EARS: {counts}.
    Ears,
    /// Poisson CUSUM: {counts, lambda0, lambda1, h} or {counts, lambda0, rho, h}.
    Cusum,
    /// The flexible Farrington method: {counts, start, frequency, range, population, b, w, …}.
    Farrington,
    /// The chance of k of n points in a window: {k, n, w}.
    ScanProbability,
    /// The shortest runs of cases: {days, period_days, min_cases, max_span_days}.
    TemporalScan,
    /// Circles of areas (Kulldorff): {areas, max_fraction, replications, seed}.
    SpatialScan,
    /// Cylinders of areas and periods (Kulldorff): {areas, cases, …}.
    SpaceTimePermutation,
    /// p-values corrected for their number: {p, method}.
    Fdr,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let text = read(&arguments.request)?;
    match arguments.method {
        Method::PoissonCi => each(&text, stats::poisson_rate),
        Method::BinomialCi => each(&text, stats::binomial),
        Method::RateRatio => each(&text, stats::rate_ratio),
        Method::ObservedExpected => each(&text, stats::observed_expected),
        Method::Trend => each(&text, stats::trend),
        Method::Ears => each(&text, stats::ears),
        Method::Cusum => each(&text, stats::cusum),
        Method::Farrington => each(&text, stats::farrington::farrington),
        Method::ScanProbability => each(&text, stats::scan),
        Method::TemporalScan => each(&text, stats::temporal_scan),
        Method::SpatialScan => each(&text, stats::spatial::spatial_scan),
        Method::SpaceTimePermutation => each(&text, stats::spatial::space_time_permutation),
        Method::Fdr => each(&text, stats::adjust),
    }
}

fn read(path: &Path) -> Result<String> {
    let mut text = String::new();
    let mut input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        let file = std::fs::File::open(path);
        Box::new(file.map_err(|error| Failed(format!("{}: {error}", path.display())))?)
    };
    let read = input.by_ref().take(LARGEST + 1).read_to_string(&mut text);
    read.map_err(|error| Failed(format!("{}: {error}", path.display())))?;
    if text.len() as u64 > LARGEST {
        return Err(Failed(format!("{}: more than {} MiB", path.display(), LARGEST >> 20)));
    }
    Ok(text)
}

/// Answers each request of a text, in order; stops at the first that is refused.
fn each<Request: DeserializeOwned, Answer: Serialize>(
    text: &str,
    method: impl Fn(&Request) -> std::result::Result<Answer, Refused>,
) -> Result {
    let mut requests = serde_json::Deserializer::from_str(text).into_iter::<Request>().enumerate().peekable();
    if requests.peek().is_none() {
        return Err(Failed("no request: give a JSON object, for instance by standard input".into()));
    }
    for (number, request) in requests {
        let request = request.map_err(|error| Failed(format!("request {}: {error}", number + 1)))?;
        let answer =
            method(&request).map_err(|refused| Failed(format!("request {}: {refused}", number + 1)))?;
        print(serde_json::to_string(&answer).map_err(Failed::new)?)?;
    }
    Ok(Outcome::Done)
}
