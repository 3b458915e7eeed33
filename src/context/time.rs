//! Decides when a finding holds: now, no longer, or in the future.

use super::scope::{Governing, Governor};
use super::{Decided, Nature, Reader};
use crate::event::{Assertion, Experiencer, Temporality};
use crate::lexicon::{Category, Effect, SectionKind};

/// Decides the temporality.
///
/// What is said to be over after the finding has the last word; then the nearest cue; an elder child's history; a date well
/// before the report ("zona il y a 3 ans"); the section. A history makes past only what does not last: a congenital
/// malformation of the history is still there unless it is said to be repaired or resolved.
pub(super) fn decide(
    reader: &Reader,
    governing: &Governing,
    section: Option<&SectionKind>,
    nature: Nature,
    (assertion, person): (Assertion, &Decided<(Experiencer, Option<u8>)>),
    is_long_ago: bool,
) -> Decided<Temporality> {
    // What was never there is not over: "pas d'antécédent de" is absent, not past.
    let lasts = nature.lasting || assertion == Assertion::Absent;
    let history = if lasts { Temporality::Current } else { Temporality::Past };
    let experiencer = person.value.0;
    if let Some((cue, value)) = ended(reader, governing)
        .or_else(|| said(reader, governing, history, (assertion, experiencer)))
        .or_else(|| elders(reader, governing, person).map(|cue| (cue, history)))
    {
        return Decided { value, cues: vec![cue] };
    }
    let is_bygone = nature.bygone && assertion == Assertion::Present;
    let value = match section.is_some_and(|s| s.is_history && is_own(s, person)) {
        _ if (is_long_ago && !lasts) || is_bygone => Temporality::Past,
        true => history,
        false => Temporality::Current,
    };
    Decided { value, cues: Vec::new() }
}

/// "Vu pour un reflux, aujourd'hui disparu": what is said to be over after the finding.
fn ended(reader: &Reader, governing: &Governing) -> Option<(usize, Temporality)> {
    let ended = |g: &&Governor| g.follows && reader.cue(g.cue).category == Category::Past;
    let nearest = governing.cues.iter().filter(ended).min_by_key(|g| g.rank());
    nearest.map(|g| (g.cue, Temporality::Past))
}

/// What the nearest cue of time says.
fn said(
    reader: &Reader,
    governing: &Governing,
    history: Temporality,
    (assertion, experiencer): (Assertion, Experiencer),
) -> Option<(usize, Temporality)> {
    let is_own = matches!(experiencer, Experiencer::Patient | Experiencer::Fetus);
    governing.nearest(|cue| match reader.cue(cue).category {
        Category::History if is_own && reader.cue(cue).effect == Effect::Told => None,
        Category::Planned if assertion == Assertion::Hypothetical => None,
        Category::Past => Some(Temporality::Past),
        Category::History => Some(history),
        Category::Planned => Some(Temporality::Planned),
        Category::Current => Some(Temporality::Current),
        _ => None,
    })
}

/// The cue of an elder child of the woman whose record it is, unless the text tells of the child's present.
fn elders(
    reader: &Reader,
    governing: &Governing,
    person: &Decided<(Experiencer, Option<u8>)>,
) -> Option<usize> {
    let is_told_now = governing.cues.iter().any(|g| reader.cue(g.cue).category == Category::Present);
    let elder = person.cues.iter().find(|&&cue| reader.cue(cue).effect == Effect::Elder);
    elder.copied().filter(|_| person.value.0 == Experiencer::Other && !is_told_now)
}

/// The history of a relative is that relative's state, not a past one; a child of an earlier pregnancy belongs to the
/// woman's own history.
fn is_own(section: &SectionKind, person: &Decided<(Experiencer, Option<u8>)>) -> bool {
    let is_hers = person.cues.is_empty() && person.value.0 == Experiencer::Other;
    (person.value.0 == Experiencer::Patient || is_hers) && section.subject.is_none()
}
