//! Decides whose finding a mention is: the patient's, the fetus's, a relative's, somebody else's.

use super::scope::Governing;
use super::{Decided, Nature, Reader};
use crate::event::Experiencer;
use crate::lexicon::{Category, Effect, SectionKind, Subject};

/// Decides the experiencer, and which fetus it is.
///
/// The nearest person named in the scope wins; else the section; else, for a congenital finding, the type of report.
pub(super) fn decide(
    reader: &Reader,
    governing: &Governing,
    section: Option<&SectionKind>,
    nature: Nature,
) -> Decided<(Experiencer, Option<u8>)> {
    let by_report = default_of(reader, nature);
    if let Some((cue, named)) = governing.nearest(|cue| person(reader.cue(cue).category)) {
        let value = match reader.cue(cue).effect {
            Effect::MotherOf => (named, None),
            Effect::Fetus(index) => {
                let experiencer = in_this_record(reader, named);
                (experiencer, index.filter(|_| experiencer == Experiencer::Fetus))
            }
            _ => (in_this_record(reader, named), None),
        };
        return Decided { value, cues: vec![cue] };
    }
    let by_section = section.and_then(|s| s.subject).map(|subject| match subject {
        Subject::Patient | Subject::Birth | Subject::Either => Experiencer::Patient,
        Subject::Fetus => in_this_record(reader, Experiencer::Fetus),
        Subject::Mother => in_this_record(reader, Experiencer::Mother),
        Subject::Family => Experiencer::Family,
    });
    Decided { value: (by_section.unwrap_or(by_report), None), cues: Vec::new() }
}

fn person(category: Category) -> Option<Experiencer> {
    Some(match category {
        Category::Patient => Experiencer::Patient,
        Category::Fetus => Experiencer::Fetus,
        Category::Mother => Experiencer::Mother,
        Category::Father => Experiencer::Father,
        Category::Sibling => Experiencer::Sibling,
        Category::Family => Experiencer::Family,
        Category::Other => Experiencer::Other,
        _ => return None,
    })
}

/// Whose a finding is when nothing is said: in a report on a fetus, the fetus's unless it is the woman's by nature.
fn default_of(reader: &Reader, nature: Nature) -> Experiencer {
    let is_fetal = match reader.profile.subject {
        Subject::Fetus => nature.congenital.unwrap_or(true),
        Subject::Birth => nature.congenital.unwrap_or(false),
        _ => false,
    };
    if is_fetal && !reader.profile.is_child { Experiencer::Fetus } else { Experiencer::Patient }
}

/// In the woman's record the mother is the patient; in the child's record the fetus is the patient.
fn in_this_record(reader: &Reader, named: Experiencer) -> Experiencer {
    let is_womans =
        matches!(reader.profile.subject, Subject::Fetus | Subject::Birth) && !reader.profile.is_child;
    match named {
        Experiencer::Mother if is_womans => Experiencer::Patient,
        Experiencer::Fetus if reader.profile.is_child => Experiencer::Patient,
        named => named,
    }
}
