//! Statistics of counts: pure functions from numbers to numbers, each with its source and tested on published values.

mod agreement;
mod capture;
mod interval;
mod stratified;

pub use agreement::{Agreement, agreement};
pub use capture::{Capture, chapman};
pub use interval::{Interval, clopper_pearson, wilson, z_of};
pub use stratified::{Stratum, Weighted, weighted};
