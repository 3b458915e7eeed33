//! Measures what is read against what people marked: gold, scores, intervals by document, calibration.
//!
//! Everything here is a pure function of gold and readings; who reads is given as a function, so that one gold can be
//! read by several engines.

mod bootstrap;
mod calibration;
mod gold;
mod score;

pub use bootstrap::{Interval, Resampling};
pub use calibration::{Bucket, Calibration};
pub use gold::{GoldDocument, GoldMention, Truth, read_object};
pub use score::{Counts, Measure, Tally, Verdict, judge};

use crate::document::Document;
use crate::event::Reading;
use crate::span::Span;
use rayon::prelude::*;

/// A marked mention beside what was read of it.
#[derive(Clone, Copy)]
pub struct Judged<'g> {
    /// Index of its document: the unit of resampling.
    pub document: usize,
    /// What people marked.
    pub mention: &'g GoldMention,
    /// What was read.
    pub reading: &'g Reading,
}

/// Reads every gold document with `read`, on all threads, in the order of the gold.
///
/// `read` is given a report and its marked spans, and answers one reading a span.
pub fn read_all(
    gold: &[GoldDocument],
    read: impl Fn(&Document, &[Span]) -> Vec<Reading> + Sync,
) -> Vec<Vec<Reading>> {
    let read_one = |document: &GoldDocument| {
        let spans: Vec<Span> = document.mentions.iter().map(|m| m.span).collect();
        read(&document.document, &spans)
    };
    gold.par_iter().map(read_one).collect()
}

/// Pairs each marked mention with its reading.
pub fn pair<'g>(gold: &'g [GoldDocument], readings: &'g [Vec<Reading>]) -> Vec<Judged<'g>> {
    let documents = gold.iter().zip(readings).enumerate();
    let of_document = |(document, (gold, readings)): (usize, (&'g GoldDocument, &'g Vec<Reading>))| {
        let pairs = gold.mentions.iter().zip(readings);
        pairs.map(move |(mention, reading)| Judged { document, mention, reading })
    };
    documents.flat_map(of_document).collect()
}
