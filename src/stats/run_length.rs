//! How long a Poisson CUSUM runs in control until a false alarm, and the threshold for a wanted length.
//!
//! The sum lives on a lattice whose width divides what it loses in a period without cases, so only the steps up are
//! rounded: each is shared between both neighbours, which keeps its mean. (Rounding to the nearest state, as in the
//! first form of the method, loses the whole of the drift when rates are small.) The equations of a threshold are the
//! first rows of those of a higher one, so a single elimination gives the run lengths of all of them.

use super::tail::poisson_mass;

/// Multiplications that one elimination may take.
const WORK: f64 = 6e6;
/// Run lengths from here on are told as this.
const NEVER: f64 = 1e12;
/// Counts times divisions that the choice of a lattice may look at.
const TRIED: usize = 40_000;
/// A rise of the run length between two thresholds beyond which it is a jump: nothing lies between.
const JUMP: f64 = 1.1;
/// States of a chain that goes down by one state at a time, which needs no elimination.
const STATES: f64 = 100_000.0;

/// The average number of periods to the first alarm (S >= h) of the likelihood-ratio CUSUM of [`super::cusum`] when
/// counts are Poisson of mean `lambda0`, started at 0 (Brook and Evans, Biometrika 1972; 59: 539-549). `None` unless
/// 1e-9 <= lambda0 <= 10^6, 1 < rho <= 10^6 and 0 < h <= 100. Run lengths of 1e12 and more are told as 1e12.
///
/// Exact where the loss of a period and the gain of a case are on one lattice; elsewhere within some 4 %, since the
/// length has steps as a function of `h` that a lattice blurs.
pub fn run_length(lambda0: f64, rho: f64, h: f64) -> Option<f64> {
    let chain = (h > 0.0 && h <= 100.0).then(|| Chain::new(lambda0, rho, h)).flatten()?;
    let mut before: Option<(f64, f64)> = None;
    for (threshold, length) in chain.lengths() {
        if threshold >= h {
            return Some(before.map_or(length, |(low, shorter)| {
                shorter * (length / shorter).powf((h - low) / (threshold - low))
            }));
        }
        before = Some((threshold, length));
    }
    None
}

/// The smallest threshold, to within the lattice, at which the run length in control is at least
/// `in_control_run_length` periods. `None` unless 1 < length <= 1e10, and as for [`run_length`].
pub fn threshold_for(lambda0: f64, rho: f64, in_control_run_length: f64) -> Option<f64> {
    let target =
        (in_control_run_length > 1.0 && in_control_run_length <= 1e10).then_some(in_control_run_length)?;
    // The run length is e^h at least (Lorden, Ann Math Stat 1971; 42: 1897-1908), so the logarithm is high enough. Most
    // thresholds are well below it, and a lattice made for them is finer.
    let highest = target.ln().max(0.1);
    let first = |part: f64| reached(&Chain::new(lambda0, rho, part * highest)?, target);
    let (mut bound, mut found) = match first(0.6) {
        Some(found) => (0.6 * highest, found),
        None => (highest, first(1.0)?),
    };
    for _ in 0..8 {
        if 3.0 * found > bound || found < 0.01 * rho.ln() {
            break;
        }
        bound = 1.5 * found;
        found = Chain::new(lambda0, rho, bound).and_then(|chain| reached(&chain, target)).unwrap_or(found);
    }
    Some(found)
}

/// The first threshold of a lattice with this run length.
fn reached(chain: &Chain, target: f64) -> Option<f64> {
    let mut before: Option<(f64, f64)> = None;
    for (h, length) in chain.lengths() {
        if length >= target {
            return Some(match before {
                None => h,
                // A lattice blurs the place of a jump by a state.
                Some((_, shorter)) if length > JUMP * shorter => h + chain.width,
                Some((low, shorter)) => low + (h - low) * (target / shorter).ln() / (length / shorter).ln(),
            });
        }
        before = Some((h, length));
    }
    None
}

/// The lattice of one CUSUM and the law of its steps.
struct Chain {
    /// Width of the lattice, in the unit of S.
    width: f64,
    /// Probability of a move by `index - down` states; longer moves down are counted in the first.
    moves: Vec<f64>,
    /// States of the longest move down.
    down: usize,
    /// Number of states below the highest threshold.
    states: usize,
    /// Periods in a step of the chain.
    periods: f64,
}

impl Chain {
    /// The finest lattice that the work allows, with thresholds up to `h`.
    fn new(lambda0: f64, rho: f64, h: f64) -> Option<Self> {
        if !(1e-9..=1e6).contains(&lambda0) || rho.is_nan() || rho <= 1.0 || rho > 1e6 {
            return None;
        }
        let gain = rho.ln();
        let loss = lambda0 * (rho - 1.0);
        let most = most_parts(lambda0, gain, loss, h);
        // The chain of rare cases would be long: several periods are then one step.
        let periods = if most > 1.0 { 1.0 } else { (h / loss / STATES).ceil().max(1.0) };
        let law = law(lambda0 * periods);
        let parts = least_rounded(&law, gain / (loss * periods), most);
        let width = loss * periods / parts;
        let states = ((h / width + 0.5).ceil() + 1.0) as usize;
        let down = parts.min(states as f64) as usize;
        let moves = moves(&law, gain / width, parts, down, states);
        Some(Self { width, moves, down, states, periods })
    }

    /// Thresholds and their run lengths, upwards. The last half state counts as the alarm, since steps are shared.
    fn lengths(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let lengths: Box<dyn Iterator<Item = f64>> =
            if self.down == 1 { Box::new(Ladder::new(self)) } else { Box::new(Elimination::new(self)) };
        let thresholds = (0..self.states).map(|state| (state as f64 + 0.5) * self.width);
        // Where no alarm is left the equations are singular.
        let told = |length: f64| if length > 0.0 && length < NEVER { length } else { NEVER };
        thresholds.zip(lengths.map(move |length| told(length * self.periods)))
    }
}

/// In how many states the loss of a period may be divided at most: a whole number.
fn most_parts(lambda0: f64, gain: f64, loss: f64, h: f64) -> f64 {
    let highest = lambda0 + 9.0 * lambda0.sqrt() + 9.0;
    let work = |parts: f64| {
        let states = h / loss * parts + 1.0;
        states * states.min(parts) * states.min(highest * gain / loss * parts)
    };
    let (mut low, mut high) = (1.0_f64, 1e12_f64);
    while high - low > 1.0 {
        let middle = if high > 4.0 * low { (low * high).sqrt() } else { f64::midpoint(low, high) }.floor();
        if middle <= low {
            break;
        }
        if work(middle) <= WORK {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// Whole counts and their probabilities, all but 1e-15 of them.
fn law(mean: f64) -> Vec<(f64, f64)> {
    let spread = 9.0 * mean.sqrt();
    let first = (mean - spread).floor().max(0.0);
    let number = (2.0 * spread + 10.0) as u32;
    (0..=number).map(|i| first + f64::from(i)).map(|count| (count, poisson_mass(count, mean))).collect()
}

/// Of the finer half of the divisions (as many as the work allows), the one whose lattice needs least sharing between neighbours.
fn least_rounded(law: &[(f64, f64)], up: f64, most: f64) -> f64 {
    let added = |parts: f64| {
        let shared = law.iter().map(|&(count, p)| {
            let share = (count * up * parts).rem_euclid(1.0);
            p * share * (1.0 - share)
        });
        shared.sum::<f64>() / (parts * parts)
    };
    let tried = (most / 2.0).floor().min((TRIED / law.len().max(1)) as f64) as u32;
    let candidates = (0..=tried).map(|back| most - f64::from(back));
    candidates
        .map(|parts| (added(parts), parts))
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(most, |best| best.1)
}

/// The law of the moves: a count `x` goes up by `x * up - parts` states, shared between both neighbours.
fn moves(law: &[(f64, f64)], up: f64, parts: f64, down: usize, states: usize) -> Vec<f64> {
    let mut moves = vec![0.0; down + states];
    let mut add = |at: f64, probability: f64| {
        if let Some(place) = moves.get_mut((at + down as f64).max(0.0) as usize) {
            *place += probability;
        }
    };
    for &(count, probability) in law {
        let at = count * up - parts;
        // A lattice that fits is not to be blurred by the last digit of its width.
        let at = if (at - at.round()).abs() < 1e-9 { at.round() } else { at };
        let share = at - at.floor();
        add(at.floor(), probability * (1.0 - share));
        add(at.floor() + 1.0, probability * share);
    }
    while moves.last() == Some(&0.0) {
        moves.pop();
    }
    moves
}

/// Run lengths by elimination: row by row, the solution at state 0 of each leading block of the equations.
struct Elimination<'a> {
    chain: &'a Chain,
    /// Probability of a move by -i states or further.
    to_zero: Vec<f64>,
    /// Rows done, each from its diagonal on.
    rows: Vec<Vec<f64>>,
    right: Vec<f64>,
    /// What the first row of the inverse owes to each column.
    owed: Vec<f64>,
    length: f64,
}

impl<'a> Elimination<'a> {
    fn new(chain: &'a Chain) -> Self {
        let mut to_zero = vec![0.0; chain.down + 1];
        let mut sum = 0.0;
        for back in (0..=chain.down).rev() {
            sum += chain.moves.get(chain.down - back).copied().unwrap_or(0.0);
            to_zero[back] = sum;
        }
        Self { chain, to_zero, rows: vec![], right: vec![], owed: vec![0.0; chain.states], length: 0.0 }
    }

    /// The equation of state `i` from column `from` on.
    fn equation(&self, i: usize, from: usize, width: usize) -> Vec<f64> {
        let moves = &self.chain.moves;
        let mut row: Vec<f64> =
            (0..width).map(|j| -moves.get(from + j + self.chain.down - i).copied().unwrap_or(0.0)).collect();
        if from == 0 {
            row[0] = -self.to_zero.get(i).copied().unwrap_or(0.0);
        }
        row[i - from] += 1.0;
        row
    }
}

impl Iterator for Elimination<'_> {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        let i = self.rows.len();
        if i >= self.chain.states {
            return None;
        }
        let from = i.saturating_sub(self.chain.down);
        let end =
            self.chain.states.min((i + self.chain.moves.len()).saturating_sub(self.chain.down).max(i + 1));
        let mut row = self.equation(i, from, end - from);
        let mut right = 1.0;
        for j in from..i {
            let factor = row[j - from] / self.rows[j][0];
            for (value, above) in row[j - from..].iter_mut().zip(&self.rows[j]) {
                *value -= factor * above;
            }
            right -= factor * self.right[j];
        }
        row.drain(..i - from);
        let weight = (f64::from(u8::from(i == 0)) - self.owed[i]) / row[0];
        for (owed, value) in self.owed[i..].iter_mut().zip(&row).skip(1) {
            *owed += weight * value;
        }
        self.length += weight * right;
        self.rows.push(row);
        self.right.push(right);
        Some(self.length)
    }
}

/// Run lengths of a chain that goes down by one state at a time. Seen from the threshold, the equations give each
/// value from the ones before it, up to one unknown that the state 0 settles.
struct Ladder {
    down: f64,
    /// Moves up by `jump - 1` states.
    jumps: Vec<(usize, f64)>,
    /// Solution without the 1 of each step.
    free: Vec<f64>,
    /// Solution with it.
    forced: Vec<f64>,
    /// Probability of the moves that no threshold of the lattice survives.
    beyond: f64,
}

impl Ladder {
    fn new(chain: &Chain) -> Self {
        let beyond = (1.0 - chain.moves.iter().sum::<f64>()).max(0.0);
        let jumps = chain.moves.iter().copied().enumerate().skip(2).filter(|&(_, p)| p > 0.0).collect();
        Self { down: chain.moves[0], jumps, free: vec![1.0], forced: vec![0.0], beyond }
    }

    fn rise(&self, values: &[f64]) -> f64 {
        let last = values.len() - 1;
        let before = |jump: usize| (last + 1).checked_sub(jump).map_or(0.0, |at| values[at]);
        self.jumps.iter().map(|&(jump, p)| p * (values[last] - before(jump))).sum()
    }
}

impl Iterator for Ladder {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        let (free, forced) = (*self.free.last()?, *self.forced.last()?);
        let free_rise = (self.rise(&self.free) + self.beyond * free) / self.down;
        let forced_rise = (1.0 + self.rise(&self.forced) + self.beyond * forced) / self.down;
        self.free.push(free + free_rise);
        self.forced.push(forced + forced_rise);
        Some(forced_rise / free_rise * free - forced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // R 4.2, surveillance 1.20.3: arlCusum(h, k, theta, distr = "poisson", W = NULL), in cases, where k is on a lattice;
    // rho solves k = theta (rho - 1) / ln rho. Half a state of the lattice below h, since all of it is the same.
    #[test]
    fn as_in_r() {
        for (theta, k, h, rho, expected) in [
            (2.4, 3.0, 10.0, 1.538_552_762_230_321, 548.362_265_529),
            (0.5, 1.0, 4.0, 3.512_862_417_252_339_5, 632.669_285_074),
            (4.0, 5.0, 8.0, 1.538_552_762_230_321, 171.779_187_151),
            (20.0, 22.0, 15.0, 1.206_454_299_163_002_7, 100.434_790_042),
        ] {
            let found = run_length(theta, rho, (h - 0.125) * f64::ln(rho)).unwrap();
            assert!((found / expected - 1.0).abs() < 1e-6, "{theta} {k}: {found}");
        }
    }

    #[test]
    fn a_low_threshold_is_passed_by_one_count() {
        let found = run_length(1.0, 2.0, 0.002).unwrap();
        assert!((found * (1.0 - 2.0 * (-1.0_f64).exp()) - 1.0).abs() < 1e-9, "{found}");
    }

    // A lattice of one state a period against one of several: rare cases take the first way.
    #[test]
    fn rare_cases_approach_continuous_time() {
        let lengths: Vec<f64> =
            [0.01, 0.001, 1e-4, 1e-6].iter().map(|&l| run_length(l, 2.0, 2.3).unwrap() * l).collect();
        assert!(lengths.windows(2).all(|pair| (pair[0] / pair[1] - 1.0).abs() < 0.02), "{lengths:?}");
        assert!((lengths[2] / lengths[3] - 1.0).abs() < 1e-3, "{lengths:?}");
    }

    #[test]
    fn thresholds_give_the_wanted_length() {
        for (lambda0, rho, length) in
            [(0.001, 2.0, 3e4), (0.05, 1.1, 1e3), (0.3, 1.5, 500.0), (5.0, 1.2, 365.0), (500.0, 1.1, 1e4)]
        {
            let h = threshold_for(lambda0, rho, length).unwrap();
            let found = run_length(lambda0, rho, h).unwrap();
            assert!((found / length - 1.0).abs() < 0.03, "{lambda0} {rho}: {h} {found}");
            assert!(threshold_for(lambda0, rho, 2.0 * length).unwrap() > h);
        }
    }

    #[test]
    fn out_of_range() {
        for (lambda0, rho, last) in [
            (0.0, 2.0, 3.0),
            (1.0, 1.0, 3.0),
            (1.0, f64::NAN, 3.0),
            (1.0, 2.0, 0.0),
            (1.0, 2.0, f64::NAN),
            (f64::INFINITY, 2.0, 3.0),
        ] {
            assert_eq!((run_length(lambda0, rho, last), threshold_for(lambda0, rho, last)), (None, None));
        }
    }
}
