//! Decides whose finding a mention is: the patient's, the fetus's, a relative's, somebody else's.

use super::record::Record;
use super::scope::Governing;
use super::{Decided, Nature, Owner, Reader};
use crate::event::Experiencer;
use crate::lexicon::{Category, Effect, Role, SectionKind, Subject};

/// Most words between a relative and the person whose relative it is ("la sœur du grand-père").
const OF_WITHIN: u32 = 3;

/// Decides the experiencer, and which fetus it is.
///
/// The nearest person named in the scope wins; else the section; else the nature of the finding and the type of report.
pub(super) fn decide(
    reader: &Reader,
    governing: &Governing,
    section: Option<&SectionKind>,
    nature: Nature,
) -> Decided<(Experiencer, Option<u8>)> {
    let by_report = default_of(reader, nature);
    let may_own = |cue: &usize| {
        nature.owner != Owner::Fetal
            || reader.record == Record::Child
            || who(reader, *cue) != Experiencer::Patient
    };
    let nearest = governing.nearest(|cue| person(reader.cue(cue).category).filter(|_| may_own(&cue)));
    let earlier = || governing.nearest(|cue| (reader.cue(cue).effect == Effect::Earlier).then_some(()));
    if let Some((cue, _)) = nearest {
        let named = named(reader, cue);
        // "une précédente grossesse s'est compliquée d'une triploïdie chez le fœtus"
        return match earlier().filter(|_| named.value.0 == Experiencer::Fetus) {
            Some((earlier, ())) => Decided { value: (Experiencer::Other, None), cues: vec![earlier, cue] },
            None => named,
        };
    }
    let by_section = section.and_then(|s| s.subject).map(|subject| match subject {
        Subject::Patient | Subject::Birth | Subject::Prenatal | Subject::Either => Experiencer::Patient,
        Subject::Fetus => in_this_record(reader, Experiencer::Fetus),
        Subject::Mother => in_this_record(reader, Experiencer::Mother),
        Subject::Family => Experiencer::Family,
    });
    let experiencer = by_section.unwrap_or(by_report);
    match earlier() {
        Some((cue, ())) if is_childs(experiencer, nature) => {
            Decided { value: (Experiencer::Other, None), cues: vec![cue] }
        }
        // What the history of a pregnant woman tells of a child was another child's.
        _ if experiencer == Experiencer::Fetus && section.is_some_and(|s| s.is_history) => {
            Decided { value: (Experiencer::Other, None), cues: Vec::new() }
        }
        _ => Decided { value: (experiencer, None), cues: Vec::new() },
    }
}

/// True for a finding of the fetus, and for one that is there from birth.
fn is_childs(experiencer: Experiencer, nature: Nature) -> bool {
    experiencer == Experiencer::Fetus || matches!(nature.owner, Owner::Congenital | Owner::Fetal)
}

/// Whom a cue names, alone or with the person whose relative it is.
fn named(reader: &Reader, cue: usize) -> Decided<(Experiencer, Option<u8>)> {
    if let Some(before) = cue.checked_sub(1).filter(|&before| is_of(reader, before, cue)) {
        return Decided { value: (kin(reader, before, cue), None), cues: vec![before, cue] };
    }
    if is_of(reader, cue, cue + 1) {
        return Decided { value: (kin(reader, cue, cue + 1), None), cues: vec![cue, cue + 1] };
    }
    let experiencer = who(reader, cue);
    let index = reader.cue(cue).effect.fetus().flatten().filter(|_| experiencer == Experiencer::Fetus);
    Decided { value: (experiencer, index), cues: vec![cue] }
}

/// True when cue `relative` is a relative of the person that cue `of` names: only "of" stands between them.
fn is_of(reader: &Reader, relative: usize, of: usize) -> bool {
    let (Some(first), Some(second)) = (reader.cues.get(relative), reader.cues.get(of)) else { return false };
    let (from, to) = (first.tokens.end, second.tokens.start);
    let has = |i: u32, role| reader.segmented.tokens.get(i as usize).is_some_and(|t| t.role.has(role));
    let link = Role::ARTICLE.and(Role::PARTITIVE).and(Role::DETERMINER);
    let is_relative = matches!(
        reader.cue(relative).category,
        Category::Mother | Category::Father | Category::Sibling | Category::Family
    ) || is_fetus_of_relative(reader, relative, of);
    is_relative
        && person(reader.cue(of).category).is_some()
        && from <= to
        && to - from <= OF_WITHIN
        && has(from, Role::PARTITIVE)
        && (from..to).all(|i| has(i, link))
}

/// "le fœtus de sa belle-sœur"
fn is_fetus_of_relative(reader: &Reader, fetus: usize, of: usize) -> bool {
    reader.cue(fetus).category == Category::Fetus
        && matches!(reader.cue(of).category, Category::Sibling | Category::Family | Category::Other)
}

/// A relative of the patient is that relative; a relative of anybody else is of the family.
fn kin(reader: &Reader, relative: usize, of: usize) -> Experiencer {
    match (who(reader, of), who(reader, relative)) {
        (Experiencer::Patient, relative) => relative,
        (Experiencer::Fetus, Experiencer::Patient) => Experiencer::Patient,
        _ => Experiencer::Family,
    }
}

/// The person a cue names, in this record.
fn who(reader: &Reader, cue: usize) -> Experiencer {
    let named = person(reader.cue(cue).category).unwrap_or(Experiencer::Patient);
    match (reader.cue(cue).effect, reader.record) {
        (Effect::MotherOf, _) => named,
        (Effect::Child, Record::Woman) => Experiencer::Fetus,
        (Effect::Cotwin, Record::Child | Record::Anyone) => Experiencer::Sibling,
        (Effect::Elder | Effect::Mister, Record::Woman) => Experiencer::Other,
        (Effect::Mister, Record::Child) => Experiencer::Father,
        (Effect::Madam, Record::Child) => Experiencer::Mother,
        (Effect::Obstetric, Record::Anyone) => Experiencer::Patient,
        _ => in_this_record(reader, named),
    }
}

pub(super) fn person(category: Category) -> Option<Experiencer> {
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

/// Whose a finding is when nothing is said: in a report on a fetus, the fetus's unless it is the woman's by nature; in a
/// child's record, what only the pregnant woman may have is the mother's.
fn default_of(reader: &Reader, nature: Nature) -> Experiencer {
    let is_about_fetus = reader.profile.subject == Subject::Fetus;
    match (nature.owner, reader.record) {
        (Owner::Obstetric, Record::Child) => Experiencer::Mother,
        (Owner::Fetal, Record::Woman | Record::Anyone) => Experiencer::Fetus,
        (Owner::Congenital, Record::Woman) => Experiencer::Fetus,
        (Owner::Unknown, Record::Woman) if is_about_fetus => Experiencer::Fetus,
        _ => Experiencer::Patient,
    }
}

/// In the woman's record the mother is the patient; in the child's record the fetus is the patient.
fn in_this_record(reader: &Reader, named: Experiencer) -> Experiencer {
    match (named, reader.record) {
        (Experiencer::Mother, Record::Woman) | (Experiencer::Fetus, Record::Child) => Experiencer::Patient,
        (named, _) => named,
    }
}
