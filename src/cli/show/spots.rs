//! Where the mentions of a report and the cues that decided them stand, row by row.

use super::text::{Glue, Row};
use crate::event::CodedEvent;
use std::collections::BTreeMap;

/// A cue, with the events it decided (their places in the list), in order.
pub(super) struct Cue {
    pub start: usize,
    pub end: usize,
    pub mentions: Vec<usize>,
}

/// What stands in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// A piece of the mention of an event.
    Mention(usize),
    /// A cue.
    Cue(usize),
}

/// A place in the report, in code points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub start: usize,
    pub end: usize,
    pub what: What,
}

/// The mentions and cues of a report.
pub(super) struct Spots {
    pub cues: Vec<Cue>,
    /// Sorted by place.
    spots: Vec<Spot>,
}

impl Spots {
    pub fn new(events: &[CodedEvent]) -> Self {
        let cues = cues(events);
        let mut spots: Vec<Spot> = Vec::new();
        for (index, event) in events.iter().enumerate() {
            let place =
                |(start, end)| Spot { start: start as usize, end: end as usize, what: What::Mention(index) };
            spots.extend(pieces(event).into_iter().map(place));
        }
        let place =
            |(index, cue): (usize, &Cue)| Spot { start: cue.start, end: cue.end, what: What::Cue(index) };
        spots.extend(cues.iter().enumerate().map(place));
        spots.retain(|spot| spot.start < spot.end);
        spots.sort_unstable();
        Self { cues, spots }
    }

    /// Mentions and cues should not be cut by the end of a row.
    pub fn tight(&self) -> Glue {
        Glue::new(self.spots.iter().map(|spot| (spot.start, spot.end)).collect())
    }

    /// Nor should a mention be parted from a cue at most `most` code points away.
    pub fn loose(&self, events: &[CodedEvent], most: usize) -> Glue {
        let hulls = self.cues.iter().flat_map(|cue| {
            cue.mentions.iter().map(|&mention| {
                let event = &events[mention];
                (cue.start.min(event.start as usize), cue.end.max(event.end as usize))
            })
        });
        let near = hulls.filter(|(start, end)| end - start <= most);
        let alone = self.spots.iter().map(|spot| (spot.start, spot.end));
        Glue::new(near.chain(alone).collect())
    }

    /// The spots of each row, cut to it. Rows are asked for in order.
    pub fn sweep(&self) -> Sweep<'_> {
        Sweep { next: &self.spots, open: Vec::new() }
    }
}

/// The pieces of a mention.
pub(super) fn pieces(event: &CodedEvent) -> Vec<(u32, u32)> {
    if event.fragments.is_empty() { vec![(event.start, event.end)] } else { event.fragments.clone() }
}

/// Cues by place: two readings of the same words are one cue on the screen.
fn cues(events: &[CodedEvent]) -> Vec<Cue> {
    let mut places: BTreeMap<(u32, u32), Vec<usize>> = BTreeMap::new();
    for (index, event) in events.iter().enumerate() {
        for cue in &event.cues {
            let mentions = places.entry((cue.start, cue.end)).or_default();
            if mentions.last() != Some(&index) {
                mentions.push(index);
            }
        }
    }
    let cue = |((start, end), mentions)| Cue { start: start as usize, end: end as usize, mentions };
    places.into_iter().map(cue).collect()
}

/// Goes through the spots with the rows.
pub(super) struct Sweep<'s> {
    next: &'s [Spot],
    /// Spots that go on after the last row.
    open: Vec<Spot>,
}

impl Sweep<'_> {
    pub fn row(&mut self, row: &Row) -> Vec<Spot> {
        let begun = self.next.partition_point(|spot| spot.start < row.end);
        let (new, rest) = self.next.split_at(begun);
        self.next = rest;
        self.open.extend_from_slice(new);
        self.open.retain(|spot| spot.end > row.start);
        let cut = |spot: &Spot| Spot {
            start: spot.start.max(row.start),
            end: spot.end.min(row.end),
            what: spot.what,
        };
        let found = self.open.iter().map(cut).filter(|spot| spot.start < spot.end).collect();
        self.open.retain(|spot| spot.end > row.end);
        found
    }
}
