//! Pairs of phenotypes that the same children have more often than chance explains, known associations left out.

use super::super::config::Config;
use super::super::model::{Combination, Combinations};
use super::super::study::Group;
use super::super::tables::Row;
use crate::stats::{Adjustment, adjusted, poisson_upper};
use std::collections::{BTreeMap, BTreeSet};

/// Classes of children whose anomalies have one cause: their pairs are no news.
const ONE_CAUSE: [&str; 3] = ["chromosomal", "genetic_syndrome", "teratogenic"];

/// What is known of pairs.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Every group that a group is part of.
    ancestors: BTreeMap<String, BTreeSet<String>>,
    /// Pairs with a known association, in both orders.
    pairs: BTreeSet<(String, String)>,
}

impl Known {
    /// From the table of subgroups (`id`, `parent`) and that of associations (`first`, `second`); ids without the name of
    /// the family.
    pub fn of(subgroups: &[Row], associations: &[Row]) -> Self {
        let cell = |row: &Row, column: &str| row.get(column).cloned().unwrap_or_default();
        let parents: BTreeMap<String, String> =
            subgroups.iter().map(|row| (cell(row, "id"), cell(row, "parent"))).collect();
        let ancestors = parents.keys().map(|id| (id.clone(), above(&parents, id))).collect();
        let both = |row: &Row| {
            let (first, second) = (cell(row, "first"), cell(row, "second"));
            [(first.clone(), second.clone()), (second, first)]
        };
        Self { ancestors, pairs: associations.iter().flat_map(both).collect() }
    }

    /// What a phenotype is part of, without the name of the family, nearest or not.
    pub fn wider(&self, id: &str) -> Option<&BTreeSet<String>> {
        self.ancestors.get(id.rsplit('/').next().unwrap_or(id))
    }

    fn lineage<'k>(&'k self, id: &'k str) -> impl Iterator<Item = &'k str> {
        let short = id.rsplit('/').next().unwrap_or(id);
        let above = self.ancestors.get(short).into_iter().flatten().map(String::as_str);
        std::iter::once(short).chain(above)
    }

    /// True when one is part of the other.
    fn is_part(&self, id: &str, of: &str) -> bool {
        let whole = of.rsplit('/').next().unwrap_or(of);
        self.lineage(id).any(|name| name == whole)
    }

    /// True when the association of both, or of what they are part of, is known.
    fn is_known(&self, first: &str, second: &str) -> bool {
        self.lineage(first).any(|a| self.lineage(second).any(|b| self.pairs.contains(&(a.into(), b.into()))))
    }
}

fn above(parents: &BTreeMap<String, String>, id: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut at = id;
    while let Some(parent) = parents.get(at).filter(|parent| !parent.is_empty()) {
        if !found.insert(parent.clone()) {
            break;
        }
        at = parent;
    }
    found
}

/// Tests every pair that could occur among the phenotypes of children with several.
///
/// A pair is expected as often as the product of the numbers of such children with each, scaled so that all pairs together
/// are as many as observed (after Benjamin et al., Birth Defects Res 2019; 111: 1343-1355, from memory); pairs that are
/// known or part of one another take no part. Weights fitted so that each phenotype keeps its number of pairs
/// (quasi-independence) were tried: two rare phenotypes that meet each other only are then as expected. p is the upper tail
/// of the Poisson law; all pairs are corrected together.
pub fn combinations(groups: &[Group], known: &Known, config: &Config) -> Combinations {
    let children = children(groups, known);
    let present: Vec<usize> =
        children.iter().flatten().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let mut observed: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    for child in &children {
        for (place, first) in child.iter().enumerate() {
            child[place + 1..].iter().for_each(|second| *observed.entry((*first, *second)).or_default() += 1);
        }
    }
    let all = present
        .iter()
        .enumerate()
        .flat_map(|(place, first)| present[place + 1..].iter().map(move |second| (*first, *second)));
    let is_news = |(first, second): &(usize, usize)| {
        let (a, b) = (&groups[*first].id, &groups[*second].id);
        !(known.is_part(a, b) || known.is_part(b, a) || known.is_known(a, b))
    };
    let (pairs, left_out): (Vec<_>, Vec<_>) = all.partition(is_news);
    let count = |pair: &(usize, usize)| observed.get(pair).copied().unwrap_or(0);
    let expected = expected(&children, &pairs, &count);
    let p: Vec<f64> =
        pairs.iter().zip(&expected).map(|(pair, mean)| poisson_upper(count(pair), *mean)).collect();
    let q = adjusted(&p, Adjustment::Bh);
    let least = u64::from(config.combinations.least_children);
    let mut found = Vec::new();
    for (place, (first, second)) in pairs.iter().enumerate() {
        let observed = count(&(*first, *second));
        if observed < least || q[place] > config.limits.false_discovery_rate {
            continue;
        }
        let (a, b) = (&groups[*first], &groups[*second]);
        found.push(Combination {
            pair: (a.id.clone(), b.id.clone()),
            titles: (a.title.clone(), b.title.clone()),
            observed,
            expected: expected[place],
            ratio: observed as f64 / expected[place],
            p: p[place],
            q: q[place],
        });
    }
    found.sort_by(|a, b| a.p.total_cmp(&b.p).then_with(|| a.pair.cmp(&b.pair)));
    Combinations {
        children: children.len() as u64,
        tested: pairs.len() as u64,
        left_out: left_out.len() as u64,
        found,
    }
}

/// The number of children expected with each pair.
fn expected(
    children: &[Vec<usize>],
    pairs: &[(usize, usize)],
    count: &impl Fn(&(usize, usize)) -> u64,
) -> Vec<f64> {
    let mut with: BTreeMap<usize, f64> = BTreeMap::new();
    children.iter().flatten().for_each(|number| *with.entry(*number).or_default() += 1.0);
    let products: Vec<f64> = pairs.iter().map(|(first, second)| with[first] * with[second]).collect();
    let observed: u64 = pairs.iter().map(count).sum();
    let scale = observed as f64 / products.iter().sum::<f64>();
    products.into_iter().map(|product| product * scale).collect()
}

/// The phenotypes of each child of the study that has at least two, the widest left out where a narrower one is there.
fn children(groups: &[Group], known: &Known) -> Vec<Vec<usize>> {
    let mut by_child: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (number, group) in groups.iter().enumerate() {
        let one_cause = |class: &str| ONE_CAUSE.contains(&class);
        for line in group.lines.iter().filter(|line| line.month.is_some()) {
            if !line.class.as_deref().is_some_and(one_cause) {
                by_child.entry(&line.patient_id).or_default().insert(number);
            }
        }
    }
    let narrow = |all: &BTreeSet<usize>| -> Vec<usize> {
        let is_wider = |number: usize| {
            all.iter().any(|n| *n != number && known.is_part(&groups[*n].id, &groups[number].id))
        };
        all.iter().copied().filter(|number| !is_wider(*number)).collect()
    };
    by_child.values().map(narrow).filter(|child| child.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surveillance::study::{Ending, Line};

    fn group(id: &str, patients: &[u32]) -> Group {
        let line = |patient: &u32| Line {
            patient_id: patient.to_string(),
            area: None,
            residence: None,
            month: Some(0),
            day: Some(0),
            conception: None,
            ending: Ending::Live,
            level: "definite".into(),
            class: (*patient == 99).then(|| "chromosomal".into()),
            disputed: false,
        };
        Group { id: id.into(), lines: patients.iter().map(line).collect(), ..Group::default() }
    }

    // 10, 10 and 4 children with a, b and c: products 100, 40, 40 for 12 pairs.
    #[test]
    fn expected_numbers_add_up_and_children_with_one_cause_are_left_out() {
        let groups = [
            group("a", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 99]),
            group("b", &[1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 99]),
            group("c", &[9, 10, 11, 12]),
        ];
        let pairs = [(0, 1), (0, 2), (1, 2)];
        let count = |pair: &(usize, usize)| if *pair == (0, 1) { 8 } else { 2 };
        let found = expected(&children(&groups, &Known::default()), &pairs, &count);
        for (found, right) in found.iter().zip([100.0, 40.0, 40.0]) {
            assert!((found - right / 15.0).abs() < 1e-12, "{found}");
        }
        let all = combinations(&groups, &Known::default(), &Config::shipped().unwrap());
        assert_eq!((all.children, all.tested, all.found.len()), (12, 3, 0));
    }

    #[test]
    fn what_belongs_together_stands_out_and_what_is_known_is_left_out() {
        // Ten phenotypes meet each other once; the first two meet twenty times more.
        let mut patients = vec![Vec::new(); 10];
        let mut next = 0;
        let mut meet = |a: usize, b: usize, patients: &mut Vec<Vec<u32>>| {
            next += 1;
            patients[a].push(next);
            patients[b].push(next);
        };
        for a in 0..10 {
            (a + 1..10).for_each(|b| meet(a, b, &mut patients));
        }
        (0..20).for_each(|_| meet(0, 1, &mut patients));
        let groups: Vec<Group> =
            patients.iter().enumerate().map(|(n, p)| group(&format!("g{n}"), p)).collect();
        let config = Config::shipped().unwrap();
        let found = combinations(&groups, &Known::default(), &config);
        assert_eq!(found.found.len(), 1);
        assert_eq!((found.found[0].pair.0.as_str(), found.found[0].observed), ("g0", 21));
        let row = Row::from([("first".to_string(), "g1".to_string()), ("second".into(), "g0".into())]);
        let known = Known::of(&[], &[row]);
        let without = combinations(&groups, &known, &config);
        assert_eq!((without.found.len(), without.left_out, without.tested), (0, 1, 44));
    }
}
