//! Cohorts: what becomes of the cases that a phenotype found.

pub mod review;
