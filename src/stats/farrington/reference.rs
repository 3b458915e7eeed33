//! Which past values speak for a position: windows of the same season in earlier years, and the blocks between them.

use super::Rule;

/// Past values of a position, oldest first, and the season of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// Positions in the series, from 1.
    pub positions: Vec<usize>,
    /// Season of each position, 1 to the number of periods; the window of the position itself is the last.
    pub seasons: Vec<i64>,
}

/// Seasons written over a stretch of the series; later writings win.
struct Calendar {
    /// Position of the first label.
    first: i64,
    labels: Vec<Option<i64>>,
}

impl Calendar {
    /// Writes a season from one position to another, both included. Counts downwards when `to` is before `from`.
    fn mark(&mut self, from: i64, to: i64, season: i64) {
        for position in from.min(to)..=from.max(to) {
            let place = usize::try_from(position - self.first).ok();
            if let Some(label) = place.and_then(|place| self.labels.get_mut(place)) {
                *label = Some(season);
            }
        }
    }
}

/// The reference values of `position` (from 1), which has the whole history that the rule asks for.
///
/// Noufaily et al. 2013: `years` windows of 2 w + 1 values around the same season, and with several
/// periods the values between two windows cut in `periods - 1` blocks of nearly equal length, the longer ones first.
/// The last values before the position are left out, so that a beginning outbreak does not hide itself.
pub(super) fn reference(position: usize, rule: &Rule) -> Reference {
    let now = position as i64;
    let (frequency, half) = (rule.frequency as i64, rule.half_window as i64);
    let oldest = (now - rule.years as i64 * frequency - half).max(1);
    let size = usize::try_from(now - oldest + 1).unwrap_or(0);
    let mut calendar = Calendar { first: oldest, labels: vec![None; size] };
    calendar.mark(now - half, now, rule.periods as i64);
    for year in 1..=rule.years as i64 {
        let middle = now - year * frequency;
        calendar.mark(middle - half, middle + half, rule.periods as i64);
        mark_blocks(&mut calendar, middle + half + 1, frequency - 2 * half - 1, rule.periods as i64);
    }
    calendar.mark_out(now - rule.past_excluded as i64);
    calendar.collect()
}

/// Cuts the `length` positions from `start` in `periods - 1` blocks. With fewer positions than blocks the last blocks
/// are empty, and R's `start:(start - 1)` then writes on both sides of the place where an empty block would begin: the
/// blocks of monthly series with ten periods look so, and so do ours, for the answers to be the same.
fn mark_blocks(calendar: &mut Calendar, start: i64, length: i64, periods: i64) {
    let blocks = periods - 1;
    if blocks < 1 {
        return;
    }
    let (each, longer) = (length.div_euclid(blocks), length.rem_euclid(blocks));
    let mut begin = start;
    for block in 1..=blocks {
        let end = begin + each + i64::from(block <= longer);
        calendar.mark(begin, end - 1, block);
        begin = end;
    }
}

impl Calendar {
    /// Forgets everything from a position on.
    fn mark_out(&mut self, from: i64) {
        self.labels.truncate(usize::try_from(from - self.first).unwrap_or(0));
    }

    fn collect(self) -> Reference {
        let first = usize::try_from(self.first).unwrap_or(1);
        let marked = self.labels.into_iter().enumerate().filter_map(|(i, label)| Some((first + i, label?)));
        let (positions, seasons) = marked.unzip();
        Reference { positions, seasons }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(
        frequency: usize,
        years: usize,
        half_window: usize,
        periods: usize,
        past_excluded: usize,
    ) -> Rule {
        Rule { frequency, years, half_window, periods, past_excluded, ..Rule::default() }
    }

    #[test]
    fn one_period_keeps_the_windows_alone() {
        let found = reference(30, &rule(12, 2, 1, 1, 1));
        assert_eq!(found.positions, [5, 6, 7, 17, 18, 19]);
        assert_eq!(found.seasons, [1; 6]);
        // The window of the position itself counts where it is not left out.
        assert_eq!(reference(30, &rule(12, 1, 2, 1, 0)).positions, [16, 17, 18, 19, 20, 28, 29]);
    }

    // R 4.2.2, surveillance 1.20.3: surveillance:::blocks(c(30,18,6), 1:40, "none", 30, 2, 1, 4, FALSE)
    #[test]
    fn blocks_between_the_windows_are_nearly_equal() {
        let found = reference(30, &rule(12, 2, 1, 4, 1));
        assert_eq!(found.positions, (5..=28).collect::<Vec<_>>());
        let year = [4, 4, 4, 1, 1, 1, 2, 2, 2, 3, 3, 3];
        assert_eq!(found.seasons, [year, year].concat());
    }

    // R 4.2.2, surveillance 1.20.3: surveillance:::blocks(c(30,18,6), 1:40, "none", 30, 2, 3, 10, FALSE)
    #[test]
    fn more_blocks_than_months() {
        let found = reference(30, &rule(12, 2, 3, 10, 3));
        assert_eq!(found.positions, (3..=26).collect::<Vec<_>>());
        let first = [10, 10, 10, 10, 10, 10, 10, 1, 2, 3, 4, 9];
        let second = [9, 10, 10, 10, 10, 10, 10, 1, 2, 3, 4, 9];
        assert_eq!(found.seasons, [first, second].concat());
    }
}
