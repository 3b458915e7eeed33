//! Whose record a report is: a child's, a pregnant woman's, or anybody's.

use super::Profile;
use super::cue::CueMatch;
use crate::lexicon::{Category, Effect, Lexicons, Subject};

/// Whose record a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// Nothing tells.
    Anyone,
    /// A woman's who carries a child.
    Woman,
    /// A child's: the text may call the patient a fetus.
    Child,
}

impl Record {
    /// Date of birth and type of report decide; else the words of the text, by majority, the first one at equality.
    pub fn of(profile: &Profile, cues: &[CueMatch], lexicons: &Lexicons) -> Self {
        match profile.subject {
            _ if profile.is_child => Self::Child,
            Subject::Fetus | Subject::Birth => Self::Woman,
            Subject::Prenatal => match Self::told(cues, lexicons) {
                Self::Anyone if !cues.iter().any(|c| effect(c, lexicons) == Effect::OfPatient) => Self::Woman,
                told => told,
            },
            _ => Self::told(cues, lexicons),
        }
    }

    fn told(cues: &[CueMatch], lexicons: &Lexicons) -> Self {
        let votes = cues.iter().map(|found| &lexicons.cues[found.cue as usize]).filter_map(|cue| {
            match (cue.effect, cue.category) {
                (Effect::OfWoman, _) | (Effect::None, Category::Fetus) => Some(Self::Woman),
                (Effect::OfChild, _) => Some(Self::Child),
                _ => None,
            }
        });
        let first = votes.clone().next().unwrap_or(Self::Anyone);
        let children = votes.clone().filter(|vote| *vote == Self::Child).count();
        match (2 * children).cmp(&votes.count()) {
            std::cmp::Ordering::Less => Self::Woman,
            std::cmp::Ordering::Equal => first,
            std::cmp::Ordering::Greater => Self::Child,
        }
    }
}

fn effect(found: &CueMatch, lexicons: &Lexicons) -> Effect {
    lexicons.cues[found.cue as usize].effect
}

/// Whose the findings are: of a report that may be about a fetus, the fetus's when the text speaks of one.
pub(super) fn subject(profile: &Profile, record: Record, cues: &[CueMatch], lexicons: &Lexicons) -> Subject {
    let names_fetus = |found: &CueMatch| lexicons.cues[found.cue as usize].category == Category::Fetus;
    match profile.subject {
        Subject::Prenatal if record == Record::Woman => Subject::Fetus,
        Subject::Prenatal => Subject::Patient,
        Subject::Either if cues.iter().any(names_fetus) => Subject::Fetus,
        Subject::Either | Subject::Patient if record == Record::Woman => Subject::Birth,
        Subject::Either => Subject::Patient,
        subject => subject,
    }
}
