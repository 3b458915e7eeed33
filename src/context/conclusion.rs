//! What a report concludes of a finding it speaks of several times: suspected here, confirmed or ruled out there.

use super::{Mechanism, Reader};
use crate::event::{Assertion, Experiencer, Reading, Temporality};
use crate::lexicon::{Category, Effect};
use crate::mention::Side;
use crate::segment::TokenRange;
use rustc_hash::FxHashMap;

/// Most tokens between a suspicion and the later words that settle it without naming it ("ce diagnostic est écarté").
const SETTLED_WITHIN: u32 = 80;

/// One mention and what was read of it.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// What names the finding: equal for two mentions of one finding.
    pub finding: &'a str,
    /// Where it stands.
    pub tokens: TokenRange,
    /// Side of the body, when it is said.
    pub side: Option<Side>,
    /// What was read of it.
    pub reading: &'a Reading,
}

/// Weight of a statement, place in the text, and what it says: the greatest decides.
type Claim = (u8, u32, Assertion);

/// Who has it: findings of different persons, or of different fetuses, say nothing of each other.
type Subject<'a> = (&'a str, Experiencer, Option<u8>);

/// What the report concludes of each statement, in the order given. A statement of the past stands as it was read.
pub fn conclude(reader: &Reader, statements: &[Statement]) -> Vec<Assertion> {
    let mut conclusions: Vec<Assertion> = statements.iter().map(|s| s.reading.assertion).collect();
    if !reader.uses(Mechanism::Conclusions) {
        return conclusions;
    }
    let mut claims: FxHashMap<Subject, Vec<(Option<Side>, Claim)>> = FxHashMap::default();
    for statement in statements.iter().filter(|s| s.reading.temporality != Temporality::Past) {
        let place = statement.tokens.start;
        let weight = weight(reader, place, statement.reading.assertion);
        let claim = (weight, place, statement.reading.assertion);
        claims.entry(subject(statement)).or_default().push((statement.side, claim));
    }
    for (statement, claim) in settled(reader, statements) {
        claims.entry(subject(statement)).or_default().push((statement.side, claim));
    }
    let strongest: FxHashMap<Subject, Strongest> =
        claims.into_iter().map(|(subject, claims)| (subject, Strongest::of(&claims))).collect();
    for (statement, conclusion) in statements.iter().zip(&mut conclusions) {
        let is_present = statement.reading.temporality != Temporality::Past;
        if let Some(claim) = strongest.get(&subject(statement)).filter(|_| is_present) {
            *conclusion = claim.on(statement.side);
        }
    }
    conclusions
}

fn subject<'a>(statement: &Statement<'a>) -> Subject<'a> {
    (statement.finding, statement.reading.experiencer, statement.reading.fetus_index)
}

/// What is settled outweighs what is suspected, that what is only asked for; the report's own conclusion outweighs the
/// rest of the report, when it settles or suspects.
fn weight(reader: &Reader, token: u32, assertion: Assertion) -> u8 {
    let concludes = reader.section_at(token as usize).is_some_and(|section| section.is_conclusion);
    match assertion {
        Assertion::Present | Assertion::Absent if concludes => 5,
        Assertion::Possible if concludes => 4,
        Assertion::Present | Assertion::Absent => 3,
        Assertion::Possible => 2,
        Assertion::Hypothetical => 1,
        Assertion::NotAssessed => 0,
    }
}

/// The strongest claim of all, and of each side: a mention without side speaks of all sides.
struct Strongest {
    any: Claim,
    sides: Vec<(Side, Claim)>,
}

impl Strongest {
    fn of(claims: &[(Option<Side>, Claim)]) -> Self {
        let strongest = |fits: &dyn Fn(Option<Side>) -> bool| {
            claims.iter().filter(|(side, _)| fits(*side)).map(|(_, claim)| *claim).max()
        };
        let mut sides: Vec<Side> = claims.iter().filter_map(|(side, _)| *side).collect();
        sides.sort_unstable();
        sides.dedup();
        let of_side =
            |side| strongest(&|s: Option<Side>| s.is_none_or(|s| s == side)).map(|claim| (side, claim));
        Self {
            any: strongest(&|_| true).unwrap_or((0, 0, Assertion::NotAssessed)),
            sides: sides.into_iter().filter_map(of_side).collect(),
        }
    }

    fn on(&self, side: Option<Side>) -> Assertion {
        let own = self.sides.iter().find(|(known, _)| Some(*known) == side).map(|(_, claim)| *claim);
        own.unwrap_or(self.any).2
    }
}

/// "L'hypothèse a été écartée": words that settle the last suspicion before them, in another sentence.
fn settled<'s, 'a>(reader: &Reader, given: &'s [Statement<'a>]) -> Vec<(&'s Statement<'a>, Claim)> {
    let mut statements: Vec<&Statement> = given.iter().collect();
    statements.sort_by_key(|s| (s.tokens.start, s.tokens.end, s.finding));
    let is_open =
        |s: &&Statement| matches!(s.reading.assertion, Assertion::Possible | Assertion::Hypothetical);
    let mut claims = Vec::new();
    for (index, found) in reader.cues.iter().enumerate() {
        let cue = reader.cue(index);
        let says = match cue.category {
            _ if cue.effect != Effect::Settles => continue,
            Category::Negation => Assertion::Absent,
            _ => Assertion::Present,
        };
        let place = found.tokens.start;
        let before = statements.partition_point(|s| s.tokens.start < place);
        let last =
            statements[..before].iter().rev().copied().take_while(|s| s.tokens.end + SETTLED_WITHIN >= place);
        let sentence = reader.segmented.sentence_of(place as usize);
        let named = statements[..before].last().is_some_and(|s| sentence.contains(s.tokens.start as usize));
        if let Some(open) = last.into_iter().find(is_open).filter(|_| !named) {
            claims.push((open, (weight(reader, place, says), place, says)));
        }
    }
    claims
}
