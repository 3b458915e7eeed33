//! Who is born: one delivery is drawn with its children, their conditions, what is seen before birth, and the outcome.

use super::chance::Chance;
use super::data::{Class, Condition, Data};

/// First and last day of birth of the simulated years, 2018 to 2024, since 1970-01-01.
const YEARS: (i32, i32) = (17_532, 20_088);
/// Twin deliveries: 1.7 % of births are twins.
const TWIN_DELIVERIES: f64 = 0.0086;
/// Fetal deaths without an anomaly.
const UNEXPLAINED_DEATHS: f64 = 0.004;
/// Children with a condition who have a second one that is no known companion of the first; half of them minor.
const SECOND: f64 = 0.2;
const BOYS: f64 = 0.512;
/// A child lost earlier than this, in days, has no row of its own.
pub(super) const NO_ROW_BEFORE: i32 = 22 * 7;

/// How a pregnancy ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Live,
    Death,
    Topfa,
}

impl Outcome {
    /// The spelling of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Live => "live_birth",
            Outcome::Death => "fetal_death",
            Outcome::Topfa => "topfa",
        }
    }
}

/// A condition of a child, or one that was only suspected.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub condition: usize,
    pub concept: usize,
    /// Index into the words for sides.
    pub side: usize,
    /// Day of the scan that raised the suspicion.
    pub seen: Option<i32>,
    /// Day from which it is certain, before birth.
    pub proven: i32,
    /// It was suspected, and is not there.
    pub excluded: bool,
    /// First day after birth on which it can be seen.
    pub from: i32,
    pub repaired: Option<i32>,
    /// A consequence of another condition.
    pub sequence: bool,
}

/// A child, or a fetus that was lost.
#[derive(Clone, Debug)]
pub(super) struct Child {
    /// 0 for a single child, else 1 or 2.
    pub rank: usize,
    pub is_girl: bool,
    pub findings: Vec<Finding>,
    pub weight: i32,
}

/// A delivery.
pub(super) struct Delivery {
    pub number: u64,
    /// First day of the last period; age is counted from it.
    pub start: i32,
    /// Days from the first day of the last period.
    pub gestation: i32,
    pub outcome: Outcome,
    pub children: Vec<Child>,
    /// Number of the trap and of its condition.
    pub trap: Option<(usize, usize)>,
    pub area: usize,
    pub maternal_age: i32,
    pub pregnancies: i32,
    /// Days of the three scans.
    pub scans: [i32; 3],
    /// A lost child has its own row.
    pub has_row: bool,
    /// What the examination of a lost child found is in the record of the mother.
    pub in_mother: bool,
}

impl Delivery {
    /// The day of the delivery.
    pub fn birth(&self) -> i32 {
        self.start + self.gestation
    }

    /// The estimated day of conception.
    pub fn conception(&self) -> i32 {
        self.start + 14
    }
}

/// The data with what is computed from it once.
pub(super) struct Population {
    conditions: Vec<f64>,
    chance_of_condition: f64,
    traps: Vec<f64>,
    weeks: Vec<f64>,
    areas: Vec<f64>,
    preterm: Option<usize>,
}

impl Population {
    pub fn new(data: &Data) -> Self {
        let conditions = cumulated(data.conditions.iter().map(|c| index_prevalence(data, c)));
        let total = conditions.last().copied().unwrap_or(0.0);
        Self {
            // A child who has one condition may have a second: together they give the total.
            chance_of_condition: total / (1.0 + SECOND),
            conditions,
            traps: cumulated(data.traps.iter().map(|t| t.per_birth)),
            weeks: cumulated(data.weeks.iter().map(|w| w.1)),
            areas: cumulated(data.areas.iter().map(|a| a.1)),
            preterm: data.conditions.iter().position(|c| c.class == Class::Preterm),
        }
    }

    /// Draws delivery `number`.
    pub fn draw(&self, data: &Data, number: u64, chance: &mut Chance) -> Delivery {
        let birth = chance.between(YEARS.0, YEARS.1);
        let is_twin = chance.happens(TWIN_DELIVERIES);
        let ranks = if is_twin { 1..=2 } else { 0..=0 };
        let mut children: Vec<Child> = ranks.map(|rank| self.child(data, rank, chance)).collect();
        let outcome = if is_twin { Outcome::Live } else { outcome(data, &children[0], chance) };
        let scans = [chance.between(84, 97), chance.between(152, 166), chance.between(217, 231)];
        let detected = detections(data, &mut children, outcome, chance);
        let gestation = self.gestation(data, outcome, &scans, &detected, is_twin, chance);
        let start = birth - gestation;
        let mut delivery = Delivery {
            number,
            start,
            gestation,
            outcome,
            children,
            trap: None,
            area: chance.weighted(&self.areas),
            maternal_age: 18 + (chance.between(0, 14) + chance.between(0, 13)),
            pregnancies: 1 + chance.below(3) as i32,
            scans: scans.map(|day| start + day),
            has_row: outcome == Outcome::Live || gestation >= NO_ROW_BEFORE || chance.happens(0.3),
            in_mother: chance.happens(0.5),
        };
        self.preterm(data, &mut delivery, chance);
        schedule(data, &mut delivery, &detected, chance);
        self.trap(data, &mut delivery, chance);
        delivery
    }

    fn child(&self, data: &Data, rank: usize, chance: &mut Chance) -> Child {
        let mut drawn: Vec<(usize, bool)> = Vec::new();
        let mut sex = ' ';
        for probability in [self.chance_of_condition, SECOND] {
            if !chance.happens(probability) {
                break;
            }
            let number = chance.weighted(&self.conditions);
            let condition = &data.conditions[number];
            if !drawn.iter().any(|d| d.0 == number)
                && (sex == ' ' || condition.sex == ' ' || sex == condition.sex)
            {
                sex = if sex == ' ' { condition.sex } else { sex };
                drawn.push((number, false));
            }
        }
        let is_girl = match sex {
            'M' => false,
            'F' => true,
            _ => !chance.happens(BOYS),
        };
        for number in drawn.iter().map(|d| d.0).collect::<Vec<_>>() {
            associate(data, number, is_girl, &mut drawn, chance);
        }
        let findings = drawn.into_iter().map(|(c, sequence)| finding(data, c, sequence, chance)).collect();
        Child { rank, is_girl, findings, weight: 0 }
    }

    fn gestation(
        &self,
        data: &Data,
        outcome: Outcome,
        scans: &[i32; 3],
        detected: &[Vec<Option<usize>>],
        is_twin: bool,
        chance: &mut Chance,
    ) -> i32 {
        let latest = detected.iter().flatten().flatten().max().map_or(chance.between(84, 170), |s| scans[*s]);
        match outcome {
            Outcome::Topfa => latest + chance.between(14, 34),
            Outcome::Death => chance.between(110, 270),
            Outcome::Live => {
                let weeks = data.weeks.get(chance.weighted(&self.weeks)).map_or(39, |w| w.0);
                let early = if is_twin { chance.between(0, 4) } else { 0 };
                (weeks - early).max(24) * 7 + chance.between(0, 6)
            }
        }
    }

    /// The duct that stays open in preterm children, and what counts at term only.
    fn preterm(&self, data: &Data, delivery: &mut Delivery, chance: &mut Chance) {
        let is_preterm = delivery.gestation < 37 * 7;
        for child in &mut delivery.children {
            child.weight = weight(delivery.gestation) + chance.between(-450, 450) * delivery.gestation / 280;
            if !is_preterm {
                continue;
            }
            child.findings.retain(|f| data.conditions[f.condition].class != Class::Term);
            let Some(number) = self.preterm.filter(|_| delivery.outcome == Outcome::Live) else { continue };
            if chance.happens(data.conditions[number].prevalence) {
                child.findings.push(finding(data, number, false, chance));
            }
        }
    }

    fn trap(&self, data: &Data, delivery: &mut Delivery, chance: &mut Chance) {
        let draw = chance.unit();
        let number = self.traps.partition_point(|&c| c <= draw);
        let Some(trap) = data.traps.get(number) else { return };
        let Some(&condition) = chance.pick(&trap.conditions) else { return };
        let family = data.conditions[condition].family;
        let has_family = |f: &Finding| data.conditions[f.condition].family == family;
        if delivery.outcome != Outcome::Live
            || delivery.children.iter().any(|c| c.findings.iter().any(has_family))
        {
            return;
        }
        delivery.trap = Some((number, condition));
        if trap.block == super::template::Block::Findings {
            suspect(data, delivery, condition, chance);
        }
    }
}

/// A suspicion that the examination after birth does not confirm.
fn suspect(data: &Data, delivery: &mut Delivery, condition: usize, chance: &mut Chance) {
    let sex = data.conditions[condition].sex;
    let birth = delivery.birth();
    let scan = delivery.scans[1 + chance.below(2)];
    let child = &mut delivery.children[0];
    if scan >= birth || (sex != ' ' && (sex == 'F') != child.is_girl) {
        delivery.trap = None;
        return;
    }
    let mut finding = finding(data, condition, false, chance);
    finding.excluded = true;
    finding.seen = Some(scan);
    finding.from = birth;
    finding.repaired = None;
    child.findings.push(finding);
}

fn cumulated(weights: impl Iterator<Item = f64>) -> Vec<f64> {
    weights
        .scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        })
        .collect()
}

/// The share of a condition that is drawn by itself: the table's, less what comes beside other conditions.
fn index_prevalence(data: &Data, condition: &Condition) -> f64 {
    if condition.class == Class::Preterm {
        return 0.0;
    }
    let beside = |other: &Condition| {
        let counts = !(condition.non_chromosomal && other.class == Class::Chromosomal);
        let own = other.associations.iter().filter(|a| data.conditions[a.condition].id == condition.id);
        if counts { own.map(|a| a.probability * other.prevalence).sum() } else { 0.0 }
    };
    (condition.prevalence - data.conditions.iter().map(beside).sum::<f64>()).max(0.0)
}

fn associate(data: &Data, number: usize, is_girl: bool, drawn: &mut Vec<(usize, bool)>, chance: &mut Chance) {
    for association in &data.conditions[number].associations {
        let sex = data.conditions[association.condition].sex;
        let fits = sex == ' ' || (sex == 'F') == is_girl;
        let is_new = !drawn.iter().any(|d| d.0 == association.condition);
        if chance.happens(association.probability) && fits && is_new {
            drawn.push((association.condition, association.sequence));
        }
    }
}

fn finding(data: &Data, number: usize, sequence: bool, chance: &mut Chance) -> Finding {
    let condition = &data.conditions[number];
    let sides = data.values.sides.len();
    Finding {
        condition: number,
        concept: chance.pick(&condition.concepts).copied().unwrap_or(0),
        side: if condition.has_side { chance.below(sides) } else { sides - 1 },
        seen: None,
        proven: i32::MAX,
        excluded: false,
        from: 0,
        repaired: None,
        sequence,
    }
}

/// The outcome, decided by the gravest condition.
fn outcome(data: &Data, child: &Child, chance: &mut Chance) -> Outcome {
    let conditions = child.findings.iter().map(|f| &data.conditions[f.condition]);
    let gravest = conditions.max_by(|a, b| a.topfa.total_cmp(&b.topfa).then(a.death.total_cmp(&b.death)));
    let (topfa, death) = gravest.map_or((0.0, UNEXPLAINED_DEATHS), |c| (c.topfa, c.death));
    let draw = chance.unit();
    if draw < topfa {
        Outcome::Topfa
    } else if draw < topfa + death {
        Outcome::Death
    } else {
        Outcome::Live
    }
}

/// For each finding of each child, the scan that sees it, if one does. The gravest one of a termination is always seen.
fn detections(
    data: &Data,
    children: &mut [Child],
    outcome: Outcome,
    chance: &mut Chance,
) -> Vec<Vec<Option<usize>>> {
    let of_child = |child: &mut Child| {
        child
            .findings
            .iter()
            .enumerate()
            .map(|(i, f)| {
                let condition = &data.conditions[f.condition];
                let surely = outcome == Outcome::Topfa && i == 0;
                let rest =
                    ((condition.prenatal - condition.topfa) / (1.0 - condition.topfa).max(0.01)).max(0.0);
                let seen = surely
                    || chance.happens(if outcome == Outcome::Topfa { condition.prenatal } else { rest });
                let scan = match chance.unit() {
                    u if u < 0.3 && condition.topfa > 0.4 => 0,
                    u if u < 0.88 => 1,
                    _ if outcome == Outcome::Topfa => 1,
                    _ => 2,
                };
                seen.then_some(scan)
            })
            .collect()
    };
    children.iter_mut().map(of_child).collect()
}

/// Gives the findings their days.
fn schedule(data: &Data, delivery: &mut Delivery, detected: &[Vec<Option<usize>>], chance: &mut Chance) {
    let (birth, scans) = (delivery.birth(), delivery.scans);
    for (child, seen) in delivery.children.iter_mut().zip(detected) {
        for (i, finding) in child.findings.iter_mut().enumerate() {
            let condition = &data.conditions[finding.condition];
            let day = seen.get(i).copied().flatten().map(|s| scans[s]).filter(|day| *day < birth);
            finding.seen = day;
            finding.proven = match day {
                Some(day) if chance.happens(0.35) => day,
                Some(day) if chance.happens(0.85) => day + chance.between(6, 13),
                _ => i32::MAX,
            };
            let late = if day.is_none() && chance.happens(0.3) { chance.between(1, 40) } else { 0 };
            finding.from = birth + condition.from_age + late;
            let delay = if chance.happens(0.4) { chance.between(1, 6) } else { chance.between(40, 330) };
            finding.repaired = chance.happens(condition.operated).then_some(finding.from + delay);
        }
    }
}

/// Median weight in grams at an age in days, roughly.
pub(super) fn weight(gestation: i32) -> i32 {
    let weeks = f64::from(gestation) / 7.0;
    (3400.0 * ((weeks - 8.0).max(2.0) / 32.0).powf(2.3)) as i32
}
