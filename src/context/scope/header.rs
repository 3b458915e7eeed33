//! Cues that head a list, a paragraph or a section, and govern what stands under them.

use super::place::{Place, acts_after};
use super::{FARTHEST, Governor};
use crate::context::Reader;
use crate::context::cue::CueMatch;
use crate::lexicon::{Cue, Reach};
use crate::segment::{Segmented, TokenKind};

/// Most headers looked at before a mention.
const MOST_HEADERS: usize = 4;

/// The cues before the mention that head its list or section ("Signes négatifs :").
pub(super) fn headers(reader: &Reader, place: &Place, next: usize) -> Vec<Governor> {
    let known = reader.headers.partition_point(|&index| index < next);
    let last = reader.headers[known.saturating_sub(MOST_HEADERS)..known].iter();
    let reaches = |index: usize| match reader.cue(index).reach {
        Reach::Section => reaches_section(place, &reader.cues[index]),
        _ => reaches_paragraph(place, &reader.cues[index]),
    };
    last.filter(|&&index| reaches(index) && acts_after(reader.cue(index)))
        .map(|&cue| {
            let distance = place.tokens.start - reader.cues[cue].tokens.end.min(place.tokens.start);
            Governor { cue, distance, follows: false, is_header: true }
        })
        .collect()
}

/// A header ("Signes négatifs :") governs to the next blank line or title.
fn reaches_section(place: &Place, found: &CueMatch) -> bool {
    let segmented = place.segmented;
    let (last, to) = (found.tokens.end.saturating_sub(1) as usize, place.tokens.start as usize);
    let same = |token| segmented.section_of(token).map(|s| s.title);
    // What stands beyond the frame of the header's section is under another label.
    let framed = segmented.section_of(last).is_none_or(|s| s.frame.contains(to));
    framed && same(last) == same(to) && reaches_paragraph(place, found)
}

/// True when no blank line stands between a header and the mention.
fn reaches_paragraph(place: &Place, found: &CueMatch) -> bool {
    let (from, to) = (found.tokens.end as usize, place.tokens.start as usize);
    let is_break = |i: usize| place.segmented.tokens[i].kind == TokenKind::Newline;
    from <= to
        && to - from <= 4 * FARTHEST
        && !(from..to).any(|i| is_break(i) && i + 1 < to && is_break(i + 1))
}

/// True when a cue heads what follows it: a section-wide cue, or a fetus named at the start of a paragraph.
pub(in crate::context) fn is_header(segmented: &Segmented, cue: &Cue, found: &CueMatch) -> bool {
    let start = found.tokens.start as usize;
    let is_break =
        |back: usize| start.checked_sub(back).is_none_or(|i| segmented.tokens[i].kind == TokenKind::Newline);
    cue.reach == Reach::Section || (cue.effect.fetus().is_some() && is_break(1) && is_break(2))
}
