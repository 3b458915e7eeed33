//! Decides what the report says of a mention, and how sure it is, from the cues that govern it.

use super::scope::{Governing, Governor};
use super::{Decided, Reader};
use crate::event::Assertion;
use crate::lexicon::{Category, Effect, SectionKind};

/// Certainty of a suspicion whose cue gives none.
const SUSPECTED: f64 = 0.5;
/// Certainty of what is only asked for, conditional or a risk.
const ASKED: f64 = 0.1;

/// How many tokens from its negation a finding may stand and be denied though it was suspected.
const DENIED_WITHIN: u32 = 4;

type Verdict = Decided<(Assertion, f64)>;

/// Decides assertion and certainty.
///
/// In order: what could not be examined; a result said after the mention ("éliminée", ": négatif", "confirmée"); what is
/// asked for, negated or suspected before it, the nearest first, except that a negated suspicion is a negation; the
/// section or the report, when they give general information; else present.
pub(super) fn decide(reader: &Reader, governing: &Governing, section: Option<&SectionKind>) -> Verdict {
    let all = || governing.cues.iter();
    let category = |g: &Governor| reader.cue(g.cue).category;
    let nearest = |follows: bool, wanted: &[Category]| {
        all().filter(|g| g.follows == follows && wanted.contains(&category(g))).min_by_key(|g| g.rank())
    };
    let one = |g: &Governor| verdict(reader, &[g]);
    if governing.is_negated_verb {
        return Decided { value: (Assertion::Absent, 1.0), cues: Vec::new() };
    }
    if let Some(blind) = nearest(true, &[Category::NotAssessed]).or(nearest(false, &[Category::NotAssessed]))
    {
        return one(blind);
    }
    let before =
        nearest(false, &[Category::Negation, Category::Hypothetical, Category::Possible, Category::Present]);
    let negation = nearest(false, &[Category::Negation]);
    let after = nearest(true, &[Category::Negation, Category::Present])
        .or(nearest(true, &[Category::Hypothetical, Category::Possible]));
    let has_doubt = before.is_some_and(|b| is_doubt(category(b)));
    if let Some(after) = after.filter(|a| decides(category(a), governing.is_test, negation, has_doubt)) {
        return one(after);
    }
    match (before, negation) {
        // "pas de suspicion de", "n'a pas montré": what is denied is the suspicion or the observation.
        (Some(before), Some(negation))
            if matches!(category(before), Category::Possible | Category::Present)
                && !negation.is_header
                && reader.cue(before.cue).effect != Effect::Box =>
        {
            verdict(reader, &[negation, before])
        }
        (Some(before), _) => one(before),
        _ => by_default(reader.profile.is_hypothetical || section.is_some_and(|s| s.is_hypothetical)),
    }
}

/// True when a result said after the mention decides, whatever was said before it.
fn decides(after: Category, is_test: bool, negation: Option<&Governor>, has_doubt: bool) -> bool {
    let denied_within = |tokens: u32| negation.is_some_and(|n| !n.is_header && n.distance <= tokens);
    match after {
        // "pas de fente retrouvée": what follows the negated mention repeats it and confirms nothing.
        Category::Present => !denied_within(u32::MAX),
        Category::Negation => !is_test,
        // "en cas d'image suspecte", "suspicion de …, à vérifier": of two doubts the first governs the second.
        _ if has_doubt => false,
        // "ne retrouve pas la tétralogie évoquée par le confrère": what is denied is what was suspected.
        Category::Possible => !denied_within(DENIED_WITHIN),
        _ => true,
    }
}

fn is_doubt(category: Category) -> bool {
    matches!(category, Category::Possible | Category::Hypothetical)
}

/// The verdict of the first governor; the others are named as evidence.
fn verdict(reader: &Reader, governors: &[&Governor]) -> Verdict {
    let cues = governors.iter().map(|g| g.cue).collect();
    let Some(first) = governors.first().map(|g| reader.cue(g.cue)) else {
        return Decided { value: (Assertion::Present, 1.0), cues };
    };
    let value = match first.category {
        Category::Negation if is_condition(reader, governors[0].cue) => (Assertion::Hypothetical, ASKED),
        Category::Negation => (Assertion::Absent, 1.0),
        Category::Possible => (Assertion::Possible, first.certainty.unwrap_or(SUSPECTED)),
        Category::Hypothetical => (Assertion::Hypothetical, first.certainty.unwrap_or(ASKED)),
        Category::NotAssessed => (Assertion::NotAssessed, 0.0),
        _ => (Assertion::Present, first.certainty.unwrap_or(1.0)),
    };
    Decided { value, cues }
}

/// How many cues on each side may tell what would follow.
const CONSEQUENCE_WITHIN: usize = 16;

/// "En l'absence de récidive, la patiente sera revue": an absence that the sentence makes a condition.
fn is_condition(reader: &Reader, cue: usize) -> bool {
    let sentence = reader.segmented.sentence_of(reader.cues[cue].tokens.start as usize);
    let near = cue.saturating_sub(CONSEQUENCE_WITHIN)..(cue + CONSEQUENCE_WITHIN).min(reader.cues.len());
    let follows = |i: usize| {
        reader.cue(i).effect == Effect::Consequence && sentence.contains(reader.cues[i].tokens.start as usize)
    };
    reader.cue(cue).effect == Effect::Condition && near.into_iter().any(follows)
}

fn by_default(is_information: bool) -> Verdict {
    let value = match is_information {
        true => (Assertion::Hypothetical, ASKED),
        false => (Assertion::Present, 1.0),
    };
    Decided { value, cues: Vec::new() }
}
