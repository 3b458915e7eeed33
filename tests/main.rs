//! The one integration test binary: one link, one run.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[cfg(feature = "neural")]
mod advice;
mod cases;
mod cli;
mod compatibility;
mod conclusion;
mod context;
mod dates;
mod evaluate;
mod exchange;
mod faults;
#[cfg(feature = "neural")]
mod fused;
mod golden;
mod layers;
mod lexicons;
mod lifecycle;
mod load;
#[cfg(feature = "neural")]
mod model;
mod phenotype;
mod phenotype_malice;
mod properties;
mod review;
mod show;
mod simulate;
mod source;
mod support;
mod surveil;
mod warehouse;
