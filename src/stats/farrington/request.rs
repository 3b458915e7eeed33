//! The request of `laennec stats farrington`, and what is refused of it.

use std::ops::RangeInclusive;

use serde::Deserialize;

use super::{PowerTransform, Rule, ThresholdMethod};
use crate::stats::refused::Refused;

/// Longest series taken.
const LONGEST: usize = 1_000_000;
/// Largest count taken.
const LARGEST: f64 = 1e9;
/// Most products of one request: positions, times reference values and squared columns of the design, and times the
/// terms of a tail.
const WORK: f64 = 5e8;

/// Request of `laennec stats farrington`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FarringtonRequest {
    /// Counts, oldest first.
    #[serde(deserialize_with = "crate::stats::request::numbers")]
    pub counts: Vec<f64>,
    /// Year and period of the first count.
    #[serde(deserialize_with = "crate::stats::request::integers")]
    pub start: [i64; 2],
    /// Counts a year.
    #[serde(deserialize_with = "crate::stats::request::integer")]
    pub frequency: i64,
    /// First and last position to judge, from 1.
    #[serde(deserialize_with = "crate::stats::request::integers")]
    pub range: [i64; 2],
    /// Population of each count, for an offset.
    #[serde(default)]
    pub population: Option<Vec<f64>>,
    /// Years of history.
    #[serde(default = "years", deserialize_with = "crate::stats::request::integer")]
    pub b: i64,
    /// Counts on each side of the same season.
    #[serde(default = "half_window", deserialize_with = "crate::stats::request::integer")]
    pub w: i64,
    /// Seasons of a year.
    #[serde(default = "periods", deserialize_with = "crate::stats::request::integer")]
    pub no_periods: i64,
    /// Standardised residual above which a reference value loses weight.
    #[serde(default = "weights_threshold")]
    pub weights_threshold: f64,
    /// Last counts before the position that do not serve as reference; `w` when absent.
    #[serde(default, deserialize_with = "crate::stats::request::maybe_integer")]
    pub past_weeks_not_included: Option<i64>,
    /// p below which a trend is kept.
    #[serde(default = "one_in_twenty")]
    pub p_threshold_trend: f64,
    /// Whether a trend is tried.
    #[serde(default = "yes")]
    pub trend: bool,
    /// `delta`, `nbPlugin` or `muan`.
    #[serde(default)]
    pub threshold_method: ThresholdMethod,
    /// One-sided level.
    #[serde(default = "one_in_twenty")]
    pub alpha: f64,
    /// Whether past outbreaks lose weight.
    #[serde(default = "yes")]
    pub reweight: bool,
    /// `2/3`, `1/2` or `none`.
    #[serde(default)]
    pub power_transform: PowerTransform,
    /// Cases, and last counts in which that many are needed.
    #[serde(default = "limit54", deserialize_with = "crate::stats::request::integers")]
    pub limit54: [i64; 2],
}

fn years() -> i64 {
    5
}

fn half_window() -> i64 {
    3
}

fn periods() -> i64 {
    1
}

fn weights_threshold() -> f64 {
    Rule::default().weights_threshold
}

fn one_in_twenty() -> f64 {
    0.05
}

fn yes() -> bool {
    true
}

fn limit54() -> [i64; 2] {
    [5, 4]
}

impl FarringtonRequest {
    /// The settings, checked.
    pub(super) fn rule(&self) -> Result<Rule, Refused> {
        let frequency = whole("frequency", self.frequency, 1, 366)?;
        self.check_start()?;
        let w = whole("w", self.w, 0, self.frequency - 1)?;
        Ok(Rule {
            frequency,
            years: whole("b", self.b, 1, LONGEST as i64)?,
            half_window: w,
            periods: whole("no_periods", self.no_periods, 1, self.frequency)?,
            past_excluded: whole(
                "past_weeks_not_included",
                self.past_weeks_not_included.unwrap_or(self.w),
                0,
                LONGEST as i64,
            )?,
            reweight: self.reweight,
            weights_threshold: share("weights_threshold", self.weights_threshold, |v| v > 0.0, "above 0")?,
            trend: self.trend,
            p_threshold_trend: share(
                "p_threshold_trend",
                self.p_threshold_trend,
                |v| (0.0..=1.0).contains(&v),
                "from 0 to 1",
            )?,
            threshold_method: self.threshold_method,
            alpha: share("alpha", self.alpha, |v| v > 0.0 && v < 1.0, "between 0 and 1, both excluded")?,
            power_transform: self.power_transform,
            enough_cases: whole("limit54", self.limit54[0], 0, i64::from(i32::MAX))? as f64,
            enough_within: whole("limit54", self.limit54[1], 1, LONGEST as i64)?,
        })
    }

    /// The positions to judge, once the series is known to be sound and to have the history that the rule asks for.
    pub(super) fn positions(&self, rule: &Rule) -> Result<RangeInclusive<usize>, Refused> {
        self.check_counts()?;
        self.check_population()?;
        let last = self.counts.len() as i64;
        let [from, to] = self.range;
        if from < 1 || to < from || to > last {
            let problem = format!("expected two positions in order, from 1 to {last}, found {from} and {to}");
            return Err(Refused::field("range", problem));
        }
        let first = rule.first_position();
        let positions = from as usize..=to as usize;
        if *positions.start() < first {
            return Err(Refused::field("range", self.too_early(first)));
        }
        self.check_work(rule, to - from + 1)?;
        Ok(positions)
    }

    /// Bounds the time of a request.
    fn check_work(&self, rule: &Rule, positions: i64) -> Result<(), Refused> {
        let columns = rule.periods as f64 + 1.0;
        let a_year = if rule.periods > 1 { rule.frequency } else { 2 * rule.half_window + 1 };
        let terms = 20.0 * self.counts.iter().copied().fold(0.0, f64::max).sqrt();
        let products = positions as f64 * (rule.years as f64 * a_year as f64 * columns * columns + terms);
        if products > WORK {
            let problem =
                "too much work for one request; judge fewer positions at once, or with fewer periods";
            return Err(Refused::field("range", problem));
        }
        Ok(())
    }

    /// Why the first position cannot be judged.
    fn too_early(&self, first: usize) -> String {
        let (from, b, w, size) = (self.range[0], self.b, self.w, self.counts.len());
        let needs = format!("position {from} lacks {b} years of history with {w} counts before");
        if first <= size {
            return format!("{needs}: the first possible position is {first}");
        }
        format!("{needs}: the first possible position is {first}, and there are {size} counts; decrease b")
    }

    /// A week 53 may start a series of weeks.
    fn check_start(&self) -> Result<(), Refused> {
        let last = if self.frequency == 52 { 53 } else { self.frequency };
        whole("start", self.start[1], 1, last).map(|_| ())
    }

    fn check_counts(&self) -> Result<(), Refused> {
        let size = self.counts.len();
        if size == 0 || size > LONGEST {
            return Err(Refused::field("counts", format!("expected 1 to {LONGEST} counts, found {size}")));
        }
        let sound = |count: f64| (0.0..=LARGEST).contains(&count) && count.fract() == 0.0;
        match self.counts.iter().position(|&count| !sound(count)) {
            Some(row) => {
                let problem =
                    format!("expected a whole number from 0 to {LARGEST}, found {}", self.counts[row]);
                Err(Refused::row("counts", row, problem))
            }
            None => Ok(()),
        }
    }

    fn check_population(&self) -> Result<(), Refused> {
        let Some(population) = &self.population else {
            return Ok(());
        };
        let (size, expected) = (population.len(), self.counts.len());
        if size != expected {
            let problem = format!("expected as many numbers as there are counts, {expected}, found {size}");
            return Err(Refused::field("population", problem));
        }
        match population.iter().position(|&people| !(people.is_finite() && people > 0.0)) {
            Some(row) => {
                let problem = format!("expected a number above 0, found {}", population[row]);
                Err(Refused::row("population", row, problem))
            }
            None => Ok(()),
        }
    }
}

/// A whole setting within its ends.
fn whole(field: &'static str, value: i64, least: i64, most: i64) -> Result<usize, Refused> {
    match usize::try_from(value) {
        Ok(whole) if (least..=most).contains(&value) => Ok(whole),
        _ => Err(Refused::field(
            field,
            format!("expected a whole number from {least} to {most}, found {value}"),
        )),
    }
}

/// A number that meets a condition.
fn share(
    field: &'static str,
    value: f64,
    sound: impl Fn(f64) -> bool,
    expected: &str,
) -> Result<f64, Refused> {
    if value.is_finite() && sound(value) {
        return Ok(value);
    }
    Err(Refused::field(field, format!("expected a number {expected}, found {value}")))
}
