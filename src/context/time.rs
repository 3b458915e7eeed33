//! Decides when a finding holds: now, no longer, or in the future.

use super::scope::{Governing, Governor};
use super::{Decided, Nature, Reader};
use crate::event::{Assertion, Experiencer, Temporality};
use crate::lexicon::{Category, Effect, SectionKind};

/// Decides the temporality.
///
/// The nearest cue wins; then a date well before the report ("zona il y a 3 ans"). A history, said by a cue or by the section, makes past what does not last: a congenital
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
    let experiencer = person.value.0;
    let is_others = !matches!(experiencer, Experiencer::Patient | Experiencer::Fetus);
    let lasts = nature.lasting || assertion == Assertion::Absent;
    let history = if lasts { Temporality::Current } else { Temporality::Past };
    // "Vu pour un reflux, aujourd'hui disparu": what is said to be over after the finding has the last word.
    let ended = |g: &&Governor| g.follows && reader.cue(g.cue).category == Category::Past;
    if let Some(ended) = governing.cues.iter().filter(ended).min_by_key(|g| g.rank()) {
        return Decided { value: Temporality::Past, cues: vec![ended.cue] };
    }
    let said = governing.nearest(|cue| {
        Some(match reader.cue(cue).category {
            Category::History if reader.cue(cue).effect == Effect::Told && !is_others => return None,
            Category::Planned if assertion == Assertion::Hypothetical => return None,
            Category::Past => Temporality::Past,
            Category::History => history,
            Category::Planned => Temporality::Planned,
            Category::Current => Temporality::Current,
            _ => return None,
        })
    });
    if let Some((cue, value)) = said {
        return Decided { value, cues: vec![cue] };
    }
    let elder = person.cues.iter().find(|&&cue| reader.cue(cue).effect == Effect::Elder);
    let is_told_now = governing.cues.iter().any(|g| reader.cue(g.cue).category == Category::Present);
    if let Some(&cue) = elder.filter(|_| experiencer == Experiencer::Other && !is_told_now) {
        return Decided { value: history, cues: vec![cue] };
    }
    if (is_long_ago && !lasts) || (nature.bygone && assertion == Assertion::Present) {
        return Decided { value: Temporality::Past, cues: Vec::new() };
    }
    // The history of a relative is that relative's state, not a past one.
    let is_own = |s: &&SectionKind| {
        let is_hers = person.cues.is_empty() && experiencer == Experiencer::Other;
        (experiencer == Experiencer::Patient || is_hers) && s.subject.is_none()
    };
    let by_section = section.filter(|s| s.is_history).filter(is_own).map(|_| history);
    Decided { value: by_section.unwrap_or(Temporality::Current), cues: Vec::new() }
}
