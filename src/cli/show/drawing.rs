//! From the spots of one row to the lanes under it.

use super::canvas::{Canvas, Label, Link, Mark};
use super::paint::{CUE, Tone, underline};
use super::spots::{Spot, Spots, What};
use crate::event::CodedEvent;
use std::collections::BTreeMap;

/// Most numbers of mentions elsewhere that are written beside a cue.
const MOST_AWAY: usize = 3;

/// A row that has spots.
pub(super) struct Marked<'a> {
    pub events: &'a [CodedEvent],
    pub spots: &'a Spots,
    /// Spots of the row, in order.
    pub here: &'a [Spot],
    /// First code point of the row.
    pub start: usize,
    /// Columns of its code points.
    pub columns: &'a [usize],
}

/// Draws what stands under a row of `width` columns.
pub(super) fn under(row: &Marked, width: usize) -> Canvas {
    let mut canvas = Canvas::new(width);
    let mentions = row.mark_mentions(&mut canvas);
    let cues = row.mark_cues(&mut canvas);
    let mut links = row.links(&mentions, &cues);
    links.sort_by_key(extent);
    links.iter().for_each(|link| draw(&mut canvas, link));
    canvas
}

/// Draws a link, or what of it finds a place: without the numbers of other rows, without its line.
fn draw(canvas: &mut Canvas, link: &Link) {
    let is_drawn = canvas.link(link.clone())
        || link.labels.is_empty()
        || canvas.link(Link { away: String::new(), ..link.clone() });
    if !is_drawn {
        for label in &link.labels {
            canvas.link(Link { labels: vec![label.clone()], ..Link::default() });
        }
    }
}

/// Short links first: they stay next to the text.
fn extent(link: &Link) -> (usize, usize) {
    let marks = || link.cues.iter().chain(link.labels.iter().map(|l| &l.mark));
    let from = marks().map(|m| m.from).min().unwrap_or_default();
    let to = marks().map(|m| m.from).max().unwrap_or_default();
    (to - from, from)
}

impl Marked<'_> {
    fn columns(&self, spot: &Spot) -> (usize, usize) {
        let column = |at: usize| self.columns[at - self.start];
        // What has no width of its own is marked all the same.
        (column(spot.start), column(spot.end).max(column(spot.start) + 1))
    }

    /// Underlines the mentions; of one in pieces, the last piece in the row is where its number goes.
    fn mark_mentions(&self, canvas: &mut Canvas) -> BTreeMap<usize, Mark> {
        let mut marks = BTreeMap::new();
        for spot in self.here {
            let What::Mention(index) = spot.what else { continue };
            let ((from, to), assertion) = (self.columns(spot), self.events[index].assertion);
            if let Some(mark) = canvas.mark(from, to, underline(assertion), Tone::Mention(assertion)) {
                marks.insert(index, mark);
            }
        }
        marks
    }

    fn mark_cues(&self, canvas: &mut Canvas) -> Vec<(usize, Mark)> {
        let mut marks = Vec::new();
        for spot in self.here {
            let What::Cue(index) = spot.what else { continue };
            let (from, to) = self.columns(spot);
            marks.extend(canvas.mark(from, to, CUE, Tone::Cue).map(|mark| (index, mark)));
        }
        marks
    }

    /// One link for the cues that decided the same mentions, and one for each mention that no cue of the row decided.
    fn links(&self, mentions: &BTreeMap<usize, Mark>, cues: &[(usize, Mark)]) -> Vec<Link> {
        let mut of_mentions: BTreeMap<&[usize], Link> = BTreeMap::new();
        let mut alone = mentions.clone();
        for (cue, mark) in cues {
            let decided = self.spots.cues[*cue].mentions.as_slice();
            let link = of_mentions.entry(decided).or_insert_with(|| self.link(decided, mentions));
            link.cues.push(*mark);
            alone.retain(|mention, _| decided.binary_search(mention).is_err());
        }
        let single = |(mention, mark): (usize, Mark)| Link {
            labels: vec![self.label(mention, mark)],
            ..Link::default()
        };
        of_mentions.into_values().chain(alone.into_iter().map(single)).collect()
    }

    /// The numbers of the mentions that a cue decided, in this row and elsewhere.
    fn link(&self, decided: &[usize], mentions: &BTreeMap<usize, Mark>) -> Link {
        let here = decided.iter().filter_map(|m| mentions.get(m).map(|mark| self.label(*m, *mark)));
        let elsewhere = || decided.iter().filter(|m| !mentions.contains_key(m));
        let numbers: Vec<String> = elsewhere().take(MOST_AWAY).map(|m| format!("[{}]", m + 1)).collect();
        let more = if elsewhere().nth(MOST_AWAY).is_some() { "…" } else { "" };
        let away =
            if numbers.is_empty() { String::new() } else { format!("─▸{}{more}", numbers.concat()) };
        Link { cues: Vec::new(), labels: here.collect(), away }
    }

    fn label(&self, mention: usize, mark: Mark) -> Label {
        let tone = Tone::Mention(self.events[mention].assertion);
        Label { text: format!("[{}]", mention + 1), tone, mark, at: mark.from }
    }
}
