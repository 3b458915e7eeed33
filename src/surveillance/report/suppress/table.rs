//! Which cells of one table of counts are hidden, so that its total and the shown cells do not give a small one away.

/// A sum and its parts, with what is already hidden.
pub struct Table<'a> {
    /// Parts as counted.
    pub counts: &'a [u64],
    /// Which parts are hidden; more become so.
    pub hidden: &'a mut [bool],
    /// The shown sum. What is above the parts counts as one more part that has no cell.
    pub total: u64,
}

impl Table<'_> {
    /// Hides small cells, then the smallest others until whoever knows the total still cannot tell a hidden cell from
    /// any other small count. False when no choice of parts does that: then all parts must be hidden, zeros too.
    ///
    /// A hidden part is at least 1. With `k` of them that sum to `r`, each may be anything from 1 to `r - k + 1`, which
    /// has to reach `least - 1`. (Protection intervals: Hundepool et al., Statistical disclosure control,
    /// Wiley 2012.)
    pub fn protect(&mut self, least: u64) -> bool {
        for (hidden, &count) in self.hidden.iter_mut().zip(self.counts) {
            *hidden |= is_small(count, least);
        }
        let Some(rest) = self.total.checked_sub(self.counts.iter().sum()) else {
            return false; // Parts that overlap bound each other in ways that are not worked out here.
        };
        if !self.hidden.contains(&true) && !is_small(rest, least) {
            return true;
        }
        let hidden = (0..self.counts.len()).filter(|&i| self.hidden[i]).map(|i| self.counts[i]);
        let unknown = hidden.chain((rest > 0).then_some(rest));
        let (mut k, mut r) = unknown.fold((0, 0), |(k, r), count| (k + 1, r + count));
        let mut shown: Vec<usize> =
            (0..self.counts.len()).filter(|&i| !self.hidden[i] && self.counts[i] > 0).collect();
        shown.sort_by_key(|&i| self.counts[i]);
        for i in shown {
            if is_ambiguous(k, r, least) {
                break;
            }
            self.hidden[i] = true;
            (k, r) = (k + 1, r + self.counts[i]);
        }
        is_ambiguous(k, r, least)
    }

    /// Hides the smallest cell that is shown and not zero.
    pub fn hide_smallest(&mut self) -> bool {
        let shown = (0..self.counts.len()).filter(|&i| !self.hidden[i] && self.counts[i] > 0);
        match shown.min_by_key(|&i| self.counts[i]) {
            Some(smallest) => {
                self.hidden[smallest] = true;
                true
            }
            None => false,
        }
    }
}

/// From 1 to `least - 1`.
pub fn is_small(count: u64, least: u64) -> bool {
    count > 0 && count < least
}

/// Whether each of `k` hidden parts that sum to `r` may be any small count.
pub fn is_ambiguous(k: u64, r: u64, least: u64) -> bool {
    k >= 2 && r + 2 >= k + least
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn protected(counts: &[u64], total: u64, least: u64) -> (Vec<bool>, bool) {
        let mut hidden = vec![false; counts.len()];
        let safe = Table { counts, hidden: &mut hidden, total }.protect(least);
        (hidden, safe)
    }

    #[test]
    fn tables() {
        let (yes, no) = (true, false);
        for (counts, total, hidden, safe) in [
            (vec![20, 30, 40], 90, vec![no, no, no], true),
            (vec![20, 0, 40], 60, vec![no, no, no], true),
            // One small cell: the smallest other goes with it.
            (vec![20, 3, 40], 63, vec![yes, yes, no], true),
            // Two small cells that sum to 4 could only be 1 to 3: a third goes.
            (vec![20, 3, 1, 40], 64, vec![yes, yes, yes, no], true),
            // Two that sum to 18 may be 8 and 10, 7 and 11, and so on.
            (vec![20, 8, 10], 38, vec![no, yes, yes], true),
            // Of the total 3 are in no part: the smallest part goes, so that the 3 cannot be told.
            (vec![20, 40], 63, vec![yes, no], true),
            // Nothing is left to hide.
            (vec![6, 3, 2], 11, vec![yes, yes, yes], false),
            (vec![20, 40], 50, vec![no, no], false),
        ] {
            assert_eq!(protected(&counts, total, 11), (hidden, safe), "{counts:?} of {total}");
        }
    }

    /// All the tables that look like this one: whatever a hidden cell may be, by trying everything.
    fn possible(counts: &[u64], hidden: &[bool], total: u64) -> Vec<Vec<u64>> {
        let mut tables = vec![vec![]];
        for (&count, &hidden) in counts.iter().zip(hidden) {
            let values = if hidden { 1..=total } else { count..=count };
            let longer = |table: &Vec<u64>, value| [table.as_slice(), &[value]].concat();
            tables = tables.iter().flat_map(|table| values.clone().map(move |v| longer(table, v))).collect();
        }
        tables.retain(|table| table.iter().sum::<u64>() == total);
        tables
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nobody_can_tell_a_hidden_cell(counts in prop::collection::vec(0_u64..8, 1..5)) {
            let (total, least) = (counts.iter().sum(), 4);
            let (hidden, safe) = protected(&counts, total, least);
            prop_assume!(safe);
            let tables = possible(&counts, &hidden, total);
            for i in 0..counts.len() {
                prop_assert!(hidden[i] || !is_small(counts[i], least));
                prop_assert!(!hidden[i] || counts[i] > 0, "zero is shown");
                for value in (1..least).filter(|_| hidden[i]) {
                    prop_assert!(tables.iter().any(|table| table[i] == value), "{:?} {:?} {}", counts, hidden, value);
                }
            }
        }
    }
}
