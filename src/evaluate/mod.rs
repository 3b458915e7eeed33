//! Measures what is read against what people marked: gold, scores, intervals by document, calibration.
//!
//! Everything here is a pure function of gold and readings; who reads is given as a function, so that one gold can be
//! read by several engines.

mod bootstrap;
mod calibration;
mod gold;
mod mentions;
mod score;

pub use bootstrap::{Interval, Resampling};
pub use calibration::{Bucket, Calibration};
pub use gold::{GoldDocument, GoldMention, Truth, read_object};
pub use mentions::{FoundSpan, MentionTally, MentionsGold, flat, read_mentions};
pub use score::{Counts, Measure, Tally, Verdict, judge};

use crate::document::Document;
use crate::event::{Assertion, Reading};
use crate::span::Span;
use rayon::prelude::*;

/// What was read of a mention.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What the words around it say.
    pub reading: Reading,
    /// What the whole report concludes of it.
    pub conclusion: Assertion,
}

/// A marked mention beside what was read of it.
#[derive(Clone, Copy)]
pub struct Judged<'g> {
    /// Index of its document: the unit of resampling.
    pub document: usize,
    /// What people marked.
    pub mention: &'g GoldMention,
    /// What was read.
    pub found: &'g Found,
}

/// Reads every gold document with `read`, on all threads, in the order of the gold.
///
/// `read` is given a report and its marked spans, and answers one `Found` a span.
///
/// # Errors
/// What `read` answers of the first document it cannot read.
pub fn read_all<E: Send>(
    gold: &[GoldDocument],
    read: impl Fn(&Document, &[Span]) -> Result<Vec<Found>, E> + Sync,
) -> Result<Vec<Vec<Found>>, E> {
    let read_one = |document: &GoldDocument| {
        let spans: Vec<Span> = document.mentions.iter().map(|m| m.span).collect();
        read(&document.document, &spans)
    };
    gold.par_iter().map(read_one).collect()
}

/// Pairs each marked mention with what was read of it.
pub fn pair<'g>(gold: &'g [GoldDocument], found: &'g [Vec<Found>]) -> Vec<Judged<'g>> {
    let documents = gold.iter().zip(found).enumerate();
    let of_document = |(document, (gold, found)): (usize, (&'g GoldDocument, &'g Vec<Found>))| {
        let pairs = gold.mentions.iter().zip(found);
        pairs.map(move |(mention, found)| Judged { document, mention, found })
    };
    documents.flat_map(of_document).collect()
}
