//! Statistics of counts: pure functions from numbers to numbers, each with its source and tested on published values.
//!
//! A method of `laennec stats` takes a request and gives an answer or says what it refuses; what surveillance asks thousands
//! of times takes plain numbers.

mod adjust;
mod agreement;
mod capture;
mod cusum;
mod ears;
mod expected;
pub mod farrington;
mod glm;
mod interval;
mod laws;
mod poisson;
mod ratio;
mod refused;
mod request;
mod run_length;
mod scan;
mod scan_exact;
mod scan_simulated;
pub mod spatial;
mod stratified;
mod tail;
mod temporal;
mod trend;

pub use adjust::{AdjustRequest, Adjusted, Adjustment, adjust, adjusted};
pub use agreement::{Agreement, agreement};
pub use capture::{Capture, chapman};
pub use cusum::{Baseline, Cusum, CusumRequest, change_start, cusum, likelihood_sum};
pub use ears::{Ears, EarsAlarms, EarsRequest, ears, ears_of};
pub use expected::{ExpectedRequest, ObservedExpected, observed_expected, poisson_upper};
pub use interval::{Binomial, BinomialRequest, Ends, Interval, binomial, clopper_pearson, wilson, z_of};
pub use laws::{binomial_upper, chi_square_upper, multinomial_counts};
pub use poisson::{PoissonRate, PoissonRequest, poisson_interval, poisson_rate};
pub use ratio::{RateRatio, RatioRequest, rate_ratio};
pub use refused::Refused;
pub use run_length::{run_length, threshold_for};
pub use scan::{Scan, ScanRequest, scan, scan_probability};
pub use stratified::{Stratum, Weighted, weighted};
pub use temporal::{
    Scanned, Simulation, Temporal, TemporalRequest, TemporalWindow, best_probability, best_window, temporal,
    temporal_scan,
};
pub use trend::{Trend, TrendRequest, trend};
