//! Which documents a delivery leaves: kind, day, whose record, and the part of the body they are about.

use super::chance::Chance;
use super::data::{Data, Holder};
use super::population::{Child, Delivery, Finding, Outcome};
use crate::lexicon::Problem;

/// Days from the first sign to the result of a prenatal sample.
pub(super) const GENETICS_DELAY: i32 = 13;

/// A document to write.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub kind: usize,
    pub day: i32,
    /// Index of the child; `None` for the documents of the pregnancy.
    pub child: Option<usize>,
    /// Only what concerns this family is said.
    pub family: Option<usize>,
}

/// The kinds of documents that the plan names, by number.
pub(super) struct Kinds {
    booking: usize,
    scans: [usize; 3],
    expert: usize,
    board: usize,
    pub genetics_prenatal: usize,
    pub delivery: usize,
    pub topfa: usize,
    pub fetopathology: usize,
    pub newborn: usize,
    neonatal: usize,
    checkup: usize,
    pub surgery: usize,
    pub genetic_family: usize,
}

impl Kinds {
    /// Finds the documents that the plan names.
    pub fn new(data: &Data) -> Result<Self, Problem> {
        let kind = |id: &str| {
            let missing = || Problem::of("simulation/documents.toml", format!("document {id:?} is missing"));
            data.kind_ids.get(id).copied().ok_or_else(missing)
        };
        let genetic = data.families.iter().position(|f| f.id == "genetic");
        let missing = || Problem::of("simulation/families.tsv", "family \"genetic\" is missing");
        Ok(Self {
            booking: kind("booking")?,
            scans: [kind("t1")?, kind("t2")?, kind("t3")?],
            expert: kind("expert")?,
            board: kind("board")?,
            genetics_prenatal: kind("genetics_prenatal")?,
            delivery: kind("delivery")?,
            topfa: kind("topfa")?,
            fetopathology: kind("fetopathology")?,
            newborn: kind("newborn")?,
            neonatal: kind("neonatal")?,
            checkup: kind("checkup")?,
            surgery: kind("surgery")?,
            genetic_family: genetic.ok_or_else(missing)?,
        })
    }
}

/// The documents of a delivery, by day.
pub(super) fn plan(data: &Data, kinds: &Kinds, delivery: &Delivery, chance: &mut Chance) -> Vec<Plan> {
    let mut plans = Vec::new();
    pregnancy(data, kinds, delivery, chance, &mut plans);
    ending(kinds, delivery, chance, &mut plans);
    if delivery.outcome == Outcome::Live {
        for (number, child) in delivery.children.iter().enumerate() {
            childhood(data, kinds, delivery, number, child, chance, &mut plans);
        }
    }
    extra(data, delivery, chance, &mut plans);
    plans.sort_by_key(|plan| plan.day);
    plans
}

fn of_mother(kind: usize, day: i32) -> Plan {
    Plan { kind, day, child: None, family: None }
}

fn pregnancy(data: &Data, kinds: &Kinds, delivery: &Delivery, chance: &mut Chance, plans: &mut Vec<Plan>) {
    const SHARES: [f64; 3] = [0.3, 0.6, 0.25];
    if chance.happens(0.1) {
        plans.push(of_mother(kinds.booking, delivery.start + chance.between(50, 80)));
    }
    let findings = || delivery.children.iter().flat_map(|c| &c.findings);
    for (scan, share) in SHARES.iter().enumerate() {
        let day = delivery.scans[scan];
        let is_seen = findings().any(|f| f.seen == Some(day));
        let is_followed = findings().any(|f| f.seen.is_some_and(|seen| seen < day)) && chance.happens(0.6);
        if day < delivery.birth() && (is_seen || is_followed || chance.happens(*share)) {
            plans.push(of_mother(kinds.scans[scan], day));
        }
    }
    let Some(first) = findings().filter(|f| is_worrying(data, f)).min_by_key(|f| f.seen) else { return };
    let Some(seen) = first.seen else { return };
    let is_genetic =
        findings().any(|f| f.seen.is_some() && data.conditions[f.condition].family == kinds.genetic_family);
    let proven = if first.proven == i32::MAX || first.proven == seen { seen + 10 } else { first.proven };
    if proven < delivery.birth() {
        plans.push(of_mother(kinds.expert, proven));
    }
    if (is_genetic || chance.happens(0.3)) && seen + GENETICS_DELAY < delivery.birth() {
        plans.push(of_mother(kinds.genetics_prenatal, seen + GENETICS_DELAY));
    }
    if delivery.outcome == Outcome::Topfa || (seen + 16 < delivery.birth() && chance.happens(0.5)) {
        plans.push(of_mother(kinds.board, (seen + 15).min(delivery.birth() - 1)));
    }
}

/// Seen before birth, and more than a minor sign.
fn is_worrying(data: &Data, finding: &Finding) -> bool {
    finding.seen.is_some() && data.conditions[finding.condition].class.is_major()
}

fn ending(kinds: &Kinds, delivery: &Delivery, chance: &mut Chance, plans: &mut Vec<Plan>) {
    let birth = delivery.birth();
    match delivery.outcome {
        Outcome::Live if chance.happens(0.7) => plans.push(of_mother(kinds.delivery, birth)),
        Outcome::Live => {}
        _ => plans.push(of_mother(kinds.topfa, birth)),
    }
    let has_findings = delivery.children.iter().any(|c| !c.findings.is_empty());
    let share = if has_findings { 0.9 } else { 0.5 };
    if delivery.outcome != Outcome::Live && chance.happens(share) {
        let day = birth + chance.between(20, 70);
        plans.push(Plan { kind: kinds.fetopathology, day, child: Some(0), family: None });
    }
}

fn childhood(
    data: &Data,
    kinds: &Kinds,
    delivery: &Delivery,
    number: usize,
    child: &Child,
    chance: &mut Chance,
    plans: &mut Vec<Plan>,
) {
    let birth = delivery.birth();
    let mut add = |kind, day, family| plans.push(Plan { kind, day, child: Some(number), family });
    add(kinds.newborn, birth + 3, None);
    let is_ill = child.findings.iter().any(|f| !f.excluded && data.conditions[f.condition].class.is_major());
    if delivery.gestation < 245 || (is_ill && chance.happens(0.5)) {
        add(kinds.neonatal, birth + chance.between(8, 45), None);
    }
    if chance.happens(if is_ill { 0.7 } else { 0.1 }) {
        add(kinds.checkup, birth + chance.between(40, 330), None);
    }
    let mut done: u64 = 0;
    for finding in &child.findings {
        let condition = &data.conditions[finding.condition];
        let keen = if condition.class.is_major() || finding.excluded { 1.0 } else { 0.25 };
        if let Some(day) = finding.repaired {
            add(kinds.surgery, day, Some(condition.family));
        }
        if done & (1 << condition.family) != 0 {
            continue;
        }
        done |= 1 << condition.family;
        for (place, (kind, share)) in data.families[condition.family].documents.iter().enumerate() {
            let day = finding.from.max(birth + 4) + chance.between(0, 90);
            if chance.happens(share * keen) || (finding.excluded && place == 0) {
                add(*kind, day, Some(condition.family));
            }
        }
    }
}

/// The document that a trap brings when no other one carries it.
fn extra(data: &Data, delivery: &Delivery, chance: &mut Chance, plans: &mut Vec<Plan>) {
    let Some((trap, _)) = delivery.trap else { return };
    let trap = &data.traps[trap];
    let Some(kind) = trap.extra else { return };
    if plans.iter().any(|p| trap.documents.contains(&p.kind)) {
        return;
    }
    plans.push(match data.kinds[kind].holder {
        Holder::Mother => of_mother(kind, delivery.start + chance.between(50, 80)),
        _ => Plan { kind, day: delivery.birth() + chance.between(40, 330), child: Some(0), family: None },
    });
}
