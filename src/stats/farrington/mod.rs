//! Outbreak detection after Farrington, as improved by Noufaily: the count of now against the same season of years past.

mod count_law;
mod fit;
mod normal;
mod reference;
mod request;
mod threshold;

use serde::{Deserialize, Serialize};

pub use request::FarringtonRequest;

use crate::stats::refused::Refused;

/// How the bound is taken from the expected count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum ThresholdMethod {
    /// Normal interval of the transformed count, error of the mean by the delta method.
    #[default]
    #[serde(rename = "delta")]
    Delta,
    /// Quantile of the negative binomial law at the estimated mean.
    #[serde(rename = "nbPlugin")]
    NbPlugin,
    /// The same at the upper end of the mean.
    #[serde(rename = "muan")]
    Muan,
}

/// Power that makes counts look normal, for [`ThresholdMethod::Delta`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum PowerTransform {
    /// Counts as they are.
    #[serde(rename = "none")]
    None,
    /// Square root.
    #[serde(rename = "1/2")]
    SquareRoot,
    /// Two thirds, which makes Poisson counts nearly symmetric.
    #[default]
    #[serde(rename = "2/3")]
    TwoThirds,
}

/// Settings of the detection. The default is that of R's `farringtonFlexible`, for weeks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Counts a year: 52 or 12.
    pub frequency: usize,
    /// Years of history, `b`.
    pub years: usize,
    /// Counts on each side of the same season, `w`; less than `frequency`.
    pub half_window: usize,
    /// Seasons of a year: 1 for the windows alone, 10 for the whole year in ten blocks.
    pub periods: usize,
    /// Last counts before the position that do not serve as reference.
    pub past_excluded: usize,
    /// Whether past outbreaks lose weight.
    pub reweight: bool,
    /// Standardised residual above which they do.
    pub weights_threshold: f64,
    /// Whether a linear trend is tried.
    pub trend: bool,
    /// p below which it is kept.
    pub p_threshold_trend: f64,
    /// How the bound is taken.
    pub threshold_method: ThresholdMethod,
    /// One-sided level.
    pub alpha: f64,
    /// Transform of [`ThresholdMethod::Delta`].
    pub power_transform: PowerTransform,
    /// No alarm below this many cases...
    pub enough_cases: f64,
    /// ... in this many last counts, the position among them.
    pub enough_within: usize,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            frequency: 52,
            years: 5,
            half_window: 3,
            periods: 1,
            past_excluded: 3,
            reweight: true,
            weights_threshold: 2.58,
            trend: true,
            p_threshold_trend: 0.05,
            threshold_method: ThresholdMethod::Delta,
            alpha: 0.05,
            power_transform: PowerTransform::TwoThirds,
            enough_cases: 5.0,
            enough_within: 4,
        }
    }
}

impl Rule {
    /// The first position, from 1, that has the whole history.
    pub fn first_position(&self) -> usize {
        self.years.saturating_mul(self.frequency).saturating_add(self.half_window.max(1))
    }
}

/// A series, oldest count first.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// Whole counts, zero or more.
    pub counts: &'a [f64],
    /// Population of each count, above zero; rates are then compared instead of counts.
    pub population: Option<&'a [f64]>,
}

/// What is said of one position.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Expected count.
    pub expected: Option<f64>,
    /// Count above which an alarm is raised.
    pub upper: Option<f64>,
    /// (observed - expected) / (upper - expected): an alarm above 1.
    pub score: Option<f64>,
    /// Probability of the observed count or more.
    pub p: Option<f64>,
    /// `None` where no model could be fitted.
    pub alarm: Option<bool>,
}

/// Answer of `laennec stats farrington`: one element for each position of the range.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Farrington {
    /// Expected counts.
    pub expected: Vec<Option<f64>>,
    /// Upper bounds.
    pub upperbound: Vec<Option<f64>>,
    /// Exceedance scores.
    pub score: Vec<Option<f64>>,
    /// One-sided p values.
    pub pvalue: Vec<Option<f64>>,
    /// Alarms; null where no model could be fitted.
    pub alarm: Vec<Option<bool>>,
}

/// Looks for outbreaks at each position of a range (Noufaily A et al., Stat Med 2013; 32: 1206-1222; after Farrington CP
/// et al., J R Stat Soc A 1996; 159: 547-563), with the answers of `farringtonFlexible` of R's package `surveillance`
/// (Salmon M et al., J Stat Softw 2016; 70(10)), `epochAsDate = FALSE`.
///
/// A quasi-Poisson regression with log link of the reference counts on a constant, the season and a linear trend where
/// it is significant, gives the expected count; outbreaks of the past are down-weighted by their Anscombe residuals. The
/// count is an alarm when it is above the bound, unless fewer than 5 cases were seen in the last 4 counts: bound and
/// expected count are then null and the alarm is false.
///
/// Assumes that years are alike but for a trend, and that cases come independently but for a constant dispersion. Not
/// for series with fewer than three years, for delays between case and report that are not corrected for, nor for
/// diseases whose peak moves from year to year by more than the window.
///
/// # Errors
///
/// For counts that are negative or fractional (with their row), lists of different lengths, settings out of their range,
/// and a range that begins before the history is complete: the message names the first position that has it.
pub fn farrington(request: &FarringtonRequest) -> Result<Farrington, Refused> {
    let rule = request.rule()?;
    let positions = request.positions(&rule)?;
    let series = Series { counts: &request.counts, population: request.population.as_deref() };
    let mut answer = Farrington::default();
    for position in positions {
        answer.push(verdict(&series, &rule, position));
    }
    Ok(answer)
}

/// What the rule says of one position, from 1. Every part is `None` without the history that it asks for, and where no
/// model can be fitted. The counts are taken as they are: see [`FarringtonRequest`] for what they must be.
pub fn verdict(series: &Series, rule: &Rule, position: usize) -> Verdict {
    judged(series, rule, position).unwrap_or_default()
}

fn judged(series: &Series, rule: &Rule, position: usize) -> Option<Verdict> {
    if rule.half_window >= rule.frequency || position < rule.first_position() {
        return None;
    }
    let past = series.counts.get(..position)?;
    let observed = *past.last()?;
    let prediction = fit::predict(series, rule, position, reference::reference(position, rule))?;
    let threshold = threshold::threshold(&prediction, rule, observed);
    let recent: f64 = past.iter().rev().take(rule.enough_within).sum();
    let enough = recent >= rule.enough_cases;
    let finite = |value: f64| Some(value).filter(|value| value.is_finite());
    let when_enough = |value: f64| finite(value).filter(|_| enough);
    Some(Verdict {
        expected: when_enough(threshold.expected).filter(|_| !threshold.upper.is_nan()),
        upper: when_enough(threshold.upper),
        score: finite(threshold.score),
        p: finite(threshold.p),
        alarm: Some(enough && threshold.score > 1.0 && observed != 0.0),
    })
}

impl Farrington {
    fn push(&mut self, verdict: Verdict) {
        self.expected.push(verdict.expected);
        self.upperbound.push(verdict.upper);
        self.score.push(verdict.score);
        self.pvalue.push(verdict.p);
        self.alarm.push(verdict.alarm);
    }
}

#[cfg(test)]
mod tests;
