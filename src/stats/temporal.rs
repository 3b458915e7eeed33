//! Clusters in time: the shortest runs of consecutive cases, and how likely such runs are by chance.

use super::refused::Refused;
use super::request::whole;
use super::scan::{Effort, SINGLE, probability, quick};
use super::scan_simulated::Stream;
use serde::{Deserialize, Serialize};

/// What `temporal-scan` reads.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemporalRequest {
    /// Day of each case: whole numbers from any origin, in any order; 2,000 at most.
    #[serde(deserialize_with = "super::request::numbers")]
    pub days: Vec<f64>,
    /// Days of the whole period, whole.
    pub period_days: f64,
    /// Fewest cases of a cluster, whole and at least 1.
    pub min_cases: f64,
    /// Longest cluster in days, both ends counted.
    pub max_span_days: f64,
    /// Seed of the simulations, where there are any.
    #[serde(default, deserialize_with = "super::request::maybe_integer")]
    pub seed: Option<u64>,
}

/// The shortest run of `n` consecutive cases.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TemporalWindow {
    /// Cases in it.
    pub n: usize,
    /// Day of the first.
    pub first_day: i64,
    /// Day of the last.
    pub last_day: i64,
    /// Scan probability of as many cases in so many days.
    pub p: f64,
}

/// The shortest run of each number of cases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Temporal {
    /// By number of cases, upwards; those of more than `max_span_days` are left out.
    pub windows: Vec<TemporalWindow>,
    /// The one of smallest `p`, with more cases when equal; `None` without windows.
    pub best: Option<TemporalWindow>,
}

/// The period that is scanned and the clusters that are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Scanned {
    /// Days of the whole period.
    pub period_days: u64,
    /// Fewest cases of a cluster.
    pub min_cases: usize,
    /// Longest cluster in days, both ends counted.
    pub max_span_days: u64,
}

/// Most cases of a scan.
const MOST: usize = 2_000;
/// Most days of a period: some 2,700 years.
const LONGEST: u64 = 1_000_000;
/// The effort of all windows of a scan together.
const TOGETHER: Effort = Effort { work: 2e9, draws: 100_000_000, seed: SINGLE.seed };

/// The scan of a request. Refused: no days or more than 2,000, days that are not whole or beyond 10^12, days that span
/// more than the period, numbers that are not whole, a period, a number of cases or a span of 0.
pub fn temporal_scan(request: &TemporalRequest) -> Result<Temporal, Refused> {
    let scanned = Scanned {
        period_days: at_least_one("period_days", request.period_days)?,
        min_cases: at_least_one("min_cases", request.min_cases)? as usize,
        max_span_days: at_least_one("max_span_days", request.max_span_days)?,
    };
    if scanned.period_days > LONGEST {
        let problem = format!("expected at most {LONGEST} days, found {}", scanned.period_days);
        return Err(Refused::field("period_days", problem));
    }
    let days = days_of(&request.days)?;
    let range = days.last().zip(days.first()).map_or(0, |(last, first)| span(*first, *last));
    if range > scanned.period_days {
        let problem = format!("expected days within {} days, found {range}", scanned.period_days);
        return Err(Refused::field("days", problem));
    }
    Ok(seeded(&days, scanned, request.seed.unwrap_or(SINGLE.seed)))
}

fn at_least_one(field: &'static str, value: f64) -> Result<u64, Refused> {
    match whole(field, value)? {
        0 => Err(Refused::field(field, "expected at least 1, found 0")),
        value => Ok(value),
    }
}

fn days_of(values: &[f64]) -> Result<Vec<i64>, Refused> {
    super::request::length("days", values.len())?;
    if values.len() > MOST {
        return Err(Refused::field("days", format!("expected at most {MOST} cases, found {}", values.len())));
    }
    if let Some(row) = values.iter().position(|day| day.fract() != 0.0 || !(-1e12..=1e12).contains(day)) {
        return Err(Refused::row(
            "days",
            row,
            format!("expected a whole number of days, found {}", values[row]),
        ));
    }
    let mut days: Vec<i64> = values.iter().map(|&day| day as i64).collect();
    days.sort_unstable();
    Ok(days)
}

fn span(first: i64, last: i64) -> u64 {
    last.abs_diff(first) + 1
}

/// The scan with a variable window of EUROCAT (EUROCAT Statistical Monitoring Protocol, Joint Research Centre; after
/// Nagarwalla, Stat Med 1996; 15: 845-850): for each number of cases the shortest run of so many
/// consecutive ones, its days counted with both ends, and the scan probability of so many cases within them. `days` are
/// sorted. Each `p` accounts for all places of its window, not for the choice among numbers of cases: that is
/// [`best_probability`].
pub fn temporal(days: &[i64], scanned: Scanned) -> Temporal {
    seeded(days, scanned, SINGLE.seed)
}

fn seeded(days: &[i64], scanned: Scanned, seed: u64) -> Temporal {
    let runs: Vec<(usize, usize)> = (scanned.min_cases.max(1)..=days.len())
        .filter_map(|n| shortest(days, n).map(|start| (n, start)))
        .filter(|&(n, start)| span(days[start], days[start + n - 1]) <= scanned.max_span_days)
        .collect();
    let effort = Effort {
        work: SINGLE.work.min(TOGETHER.work / runs.len().max(1) as f64),
        draws: SINGLE.draws.min(TOGETHER.draws / runs.len().max(1)),
        seed,
    };
    let window = |&(n, start): &(usize, usize)| {
        let (first_day, last_day) = (days[start], days[start + n - 1]);
        let share = span(first_day, last_day) as f64 / scanned.period_days as f64;
        let p = probability(n as u64, days.len() as u64, share, effort).p;
        TemporalWindow { n, first_day, last_day, p }
    };
    let windows: Vec<TemporalWindow> = runs.iter().map(window).collect();
    let best = windows.iter().copied().reduce(|best, next| if next.p <= best.p { next } else { best });
    Temporal { windows, best }
}

/// Where the shortest run of `n` consecutive cases starts: the first one of the shortest.
fn shortest(days: &[i64], n: usize) -> Option<usize> {
    let starts = 0..(days.len() + 1).checked_sub(n)?;
    starts.min_by_key(|&start| days[start + n - 1] - days[start])
}

/// The best window alone, by the statistic of [`best_probability`]: quick enough for hundreds of cases. `days` are sorted.
pub fn best_window(days: &[i64], scanned: Scanned) -> Option<TemporalWindow> {
    let window = |n: usize| {
        let start = shortest(days, n)?;
        let (first_day, last_day) = (days[start], days[start + n - 1]);
        let share = span(first_day, last_day) as f64 / scanned.period_days as f64;
        let p = quick(n as u64, days.len() as u64, share);
        (span(first_day, last_day) <= scanned.max_span_days).then_some(TemporalWindow {
            n,
            first_day,
            last_day,
            p,
        })
    };
    let windows = (scanned.min_cases.max(1)..=days.len()).filter_map(window);
    windows.reduce(|best, next| if next.p <= best.p { next } else { best })
}

/// How a probability is simulated.
#[derive(Clone, Copy, Debug)]
pub struct Simulation {
    /// Sets of points at most; those above 1,000,000 are not drawn.
    pub replications: usize,
    /// Sets as extreme as the observed one after which it stops; 0 for never.
    pub enough: usize,
    /// Seed of the draws.
    pub seed: u64,
}

/// The probability that uniform points have a cluster as extreme as the best one of `days`, whatever its number of
/// cases: the test that accounts for having looked at every one of them. `days` are sorted. `None` when they have no
/// cluster, span more than the period, or are more than 2,000; when their number times the longest span is above 10^7;
/// without replications.
///
/// The statistic is the smallest scan probability, by closed form or the approximation of Wallenstein and Neff, made
/// monotone in the width. Sets of as many days, uniform over the period, are as extreme when theirs is not larger. With
/// `r` such sets among `R` the answer is (1 + r) / (1 + R), which is valid: under chance it is below any a with
/// probability a at most; equal statistics of whole days make it conservative. When `enough` is reached at the set `l`,
/// it stops with enough / l (Besag and Clifford, Biometrika 1991; 78: 301-304), valid too.
pub fn best_probability(days: &[i64], scanned: Scanned, simulation: Simulation) -> Option<f64> {
    let (first, last) = (days.first()?, days.last()?);
    let replications = simulation.replications.min(1_000_000);
    if span(*first, *last) > scanned.period_days || days.len() > MOST || replications == 0 {
        return None;
    }
    let limits = limits(days, scanned)?;
    let mut stream = Stream::new(simulation.seed);
    let (mut points, mut drawn) = (vec![0.0; days.len()], vec![0_i64; days.len()]);
    let mut extreme = 0;
    for set in 1..=replications {
        stream.ordered(&mut points);
        for (day, point) in drawn.iter_mut().zip(&points) {
            *day = (point * scanned.period_days as f64) as i64;
        }
        extreme += usize::from(limits.iter().any(|&(n, longest)| holds(&drawn, n, longest)));
        if extreme == simulation.enough && extreme > 0 {
            return Some(extreme as f64 / set as f64);
        }
    }
    Some((1 + extreme) as f64 / (1 + replications) as f64)
}

fn holds(days: &[i64], n: usize, longest: u64) -> bool {
    days.windows(n).any(|run| span(run[0], run[n - 1]) <= longest)
}

/// For each number of cases the longest span that is as extreme as the best of the observed ones.
fn limits(days: &[i64], scanned: Scanned) -> Option<Vec<(usize, u64)>> {
    let most = scanned.max_span_days.min(scanned.period_days);
    if most.saturating_mul(days.len() as u64) > 10_000_000 {
        return None;
    }
    let numbers = scanned.min_cases.max(1)..=days.len();
    let at =
        |n: usize, span: u64| quick(n as u64, days.len() as u64, span as f64 / scanned.period_days as f64);
    let observed = |n: usize| {
        let start = shortest(days, n)?;
        let found = span(days[start], days[start + n - 1]);
        (found <= most).then(|| (1..=found).map(|span| at(n, span)).fold(0.0, f64::max))
    };
    let best = numbers.clone().filter_map(observed).min_by(f64::total_cmp)?;
    let longest = |n: usize| (1..=most).take_while(|&span| at(n, span) <= best).last().map(|span| (n, span));
    Some(numbers.filter_map(longest).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::scan_probability;

    const YEAR: Scanned = Scanned { period_days: 365, min_cases: 3, max_span_days: 60 };

    #[test]
    fn shortest_runs() {
        let days = [3, 100, 104, 109, 110, 200, 300];
        let found = temporal(&days, YEAR);
        let shape: Vec<_> = found.windows.iter().map(|w| (w.n, w.first_day, w.last_day)).collect();
        assert_eq!(shape, [(3, 104, 110), (4, 100, 110)]);
        assert_eq!(found.windows[1].p, scan_probability(4, 7, 11.0 / 365.0).p);
        assert_eq!(found.best, Some(found.windows[1]));
        assert_eq!(temporal(&[1, 100, 200], YEAR), Temporal { windows: vec![], best: None });
    }

    fn of(days: &[f64], period_days: f64, min_cases: f64) -> Result<Temporal, Refused> {
        temporal_scan(&TemporalRequest {
            days: days.to_vec(),
            period_days,
            min_cases,
            max_span_days: 60.0,
            seed: None,
        })
    }

    #[test]
    fn requests() {
        let found = of(&[110.0, -3.0, 104.0, 100.0], 365.0, 3.0).unwrap();
        assert_eq!(found.windows.len(), 1);
        assert_eq!((found.windows[0].first_day, found.windows[0].last_day), (100, 110));
        assert_eq!(of(&[5.0], 1.0, 1.0).unwrap().best.unwrap().p, 1.0);
        for (days, period, least, field, row) in [
            (&[][..], 9.0, 1.0, "days", None),
            (&[1.0, 1.5], 9.0, 1.0, "days", Some(2)),
            (&[1.0, f64::NAN], 9.0, 1.0, "days", Some(2)),
            (&[1.0, 10.0], 9.0, 1.0, "days", None),
            (&[1.0], 0.0, 1.0, "period_days", None),
            (&[1.0], 1e7, 1.0, "period_days", None),
            (&[1.0], 9.0, 0.0, "min_cases", None),
        ] {
            let found = of(days, period, least).unwrap_err();
            assert_eq!((found.field, found.row), (field, row));
        }
    }

    const SIMULATION: Simulation = Simulation { replications: 2_000, enough: 0, seed: 1 };

    #[test]
    fn a_cluster_is_rarer_than_even_cases() {
        let even: Vec<i64> = (0..20).map(|i| i * 18).collect();
        let mut days = even.clone();
        days.extend([100, 101, 102, 103, 104, 105]);
        days.sort_unstable();
        let cluster = best_probability(&days, YEAR, SIMULATION).unwrap();
        let none = best_probability(&even, YEAR, SIMULATION).unwrap();
        assert!(cluster < 0.01 && none > 0.5, "{cluster} {none}");
        assert_eq!(best_probability(&days, YEAR, SIMULATION), Some(cluster));
        assert_eq!(best_probability(&[1, 100, 200], YEAR, SIMULATION), None);
    }

    // One number of cases only: the answer is the scan probability itself.
    #[test]
    fn with_one_number_of_cases() {
        let days = [10, 12, 14, 300];
        let scanned = Scanned { period_days: 3_650, min_cases: 4, max_span_days: 3_650 };
        let found = best_probability(&days, scanned, SIMULATION).unwrap();
        let expected = scan_probability(4, 4, 291.0 / 3_650.0).p;
        assert!((found - expected).abs() < 0.005, "{found} {expected}");
    }

    // Under chance the answer is below 0.2 in a fifth of the sets at most; stopped early or not.
    #[test]
    fn valid_under_chance() {
        let mut stream = Stream::new(3);
        let mut points = vec![0.0; 15];
        let mut below = 0;
        for seed in 0..200 {
            stream.ordered(&mut points);
            let days: Vec<i64> = points.iter().map(|point| (point * 365.0) as i64).collect();
            let simulation = Simulation { replications: 199, enough: 20, seed };
            below += usize::from(best_probability(&days, YEAR, simulation).is_some_and(|p| p <= 0.2));
        }
        assert!((20..=58).contains(&below), "{below}");
    }
}
