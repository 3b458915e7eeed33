//! Detection of planted excesses on simulated maternities, and the cost of a run: `cargo bench --bench detection [-- N]`.
//!
//! 104 phenotypes with the frequencies of `simulation/prevalence.tsv`, twenty years of births in seven areas. The first ten
//! years are history; then each quarter is a run. Each maternity is made twice. Once without any excess: every signal is
//! false. Once with eight excesses in each of the last nine years: one phenotype, one area, three times its rate over six
//! months; one is detected when a run at most twelve months after its beginning has a signal of the phenotype whose window and
//! areas meet it.
//!
//! Checked: under one false signal a year for each size, and at least 80 % of all excesses where eight cases or more are expected: with
//! fewer no rule can, whose false signals over 832 series of months stay under one a year (`docs/surveillance.md`).

#![allow(clippy::expect_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use laennec::population::Births;
use laennec::surveillance::model::Signal;
use laennec::surveillance::{Config, Definition, Earlier, Inputs, Known, Volumes, analyse};
use laennec::warehouse::{WatchedCase, date_of, day_of};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use support::{Targets, process_seconds};

/// Phenotypes of a maternity.
const PHENOTYPES: usize = 104;
/// First year.
const FIRST: i32 = 2001;
const YEARS: i32 = 20;
/// Ten years of history, then one without excess so that every run has its watched months.
const PLANTED_FROM: i32 = FIRST + 11;
/// Excesses a year.
const A_YEAR: usize = 8;
const RATIO: f64 = 3.0;
const MONTHS: i32 = 6;
/// Share of the births by area, and coordinates in kilometres.
const AREAS: [(&str, f64, (f64, f64)); 7] = [
    ("a", 0.30, (0.0, 0.0)),
    ("b", 0.20, (60.0, 10.0)),
    ("c", 0.15, (20.0, 70.0)),
    ("d", 0.12, (90.0, 80.0)),
    ("e", 0.10, (150.0, 20.0)),
    ("f", 0.08, (110.0, 140.0)),
    ("g", 0.05, (10.0, 150.0)),
];

/// Draws.
struct Chance(ChaCha8Rng);

impl Chance {
    fn unit(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n - 1)
    }

    /// Poisson, by the times between arrivals.
    fn poisson(&mut self, mean: f64) -> usize {
        let (mut sum, mut count) = (0.0, 0);
        loop {
            sum -= self.unit().ln();
            if sum > mean {
                return count;
            }
            count += 1;
        }
    }
}

/// An excess that was planted.
#[derive(Clone, Debug)]
struct Planted {
    phenotype: usize,
    area: usize,
    /// First month, twelve times the year and the month from 0.
    from: i32,
    expected: f64,
    detected: bool,
}

/// Frequencies per 10,000 of the most frequent conditions that are counted, by group.
fn frequencies() -> Vec<f64> {
    let text =
        std::fs::read_to_string("simulation/prevalence.tsv").expect("run from the root of the repository");
    let mut rows =
        text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect::<Vec<_>>());
    let header = rows.next().expect("a header");
    let at = |name: &str| header.iter().position(|column| *column == name).expect("the column");
    let (group, rate, class) = (at("group"), at("per_10000"), at("class"));
    let mut groups: BTreeMap<String, f64> = BTreeMap::new();
    for row in rows.filter(|row| !["minor", "preterm"].contains(row.get(class).unwrap_or(&""))) {
        *groups.entry(row[group].to_string()).or_default() += row[rate].parse().unwrap_or(0.0);
    }
    let mut rates: Vec<f64> = groups.into_values().collect();
    rates.sort_by(|a, b| b.total_cmp(a));
    rates.truncate(PHENOTYPES);
    assert_eq!(rates.len(), PHENOTYPES);
    rates
}

/// A maternity: cases, births, and what was planted, `a_year` excesses with at least one expected case.
fn maternity(seed: u64, births_a_year: f64, a_year: usize) -> (Vec<WatchedCase>, Vec<Births>, Vec<Planted>) {
    let mut chance = Chance(ChaCha8Rng::seed_from_u64(seed));
    let rates = frequencies();
    let expected = |phenotype: usize, area: usize| {
        rates[phenotype] / 10_000.0 * births_a_year * AREAS[area].1 * f64::from(MONTHS) / 12.0
    };
    let places: Vec<(usize, usize)> = (0..PHENOTYPES)
        .flat_map(|phenotype| (0..AREAS.len()).map(move |area| (phenotype, area)))
        .filter(|(phenotype, area)| expected(*phenotype, *area) >= 1.0)
        .collect();
    let mut planted: Vec<Planted> = Vec::new();
    for year in PLANTED_FROM..FIRST + YEARS {
        for _ in 0..a_year {
            let (phenotype, area) = places[chance.below(places.len())];
            // One at a time in a phenotype, so that each is judged by itself.
            if planted.iter().any(|one| one.phenotype == phenotype) {
                continue;
            }
            let from = year * 12 + chance.below(6) as i32;
            planted.push(Planted {
                phenotype,
                area,
                from,
                expected: expected(phenotype, area),
                detected: false,
            });
        }
    }
    let (mut cases, mut births) = (Vec::new(), Vec::new());
    for month in FIRST * 12..(FIRST + YEARS) * 12 {
        let first = day_of(&format!("{}-{:02}-01", month / 12, month % 12 + 1)).expect("a date");
        for (area, (code, share, _)) in AREAS.iter().enumerate() {
            let monthly = births_a_year * share / 12.0;
            births.push(Births {
                area: (*code).into(),
                period: format!("{}-{:02}", month / 12, month % 12 + 1),
                live_births: monthly.round() as i64,
                stillbirths: None,
            });
            for (phenotype, rate) in rates.iter().enumerate() {
                let is_planted = |one: &Planted| {
                    (one.phenotype, one.area) == (phenotype, area)
                        && (one.from..one.from + MONTHS).contains(&month)
                };
                let ratio = if planted.iter().any(is_planted) { RATIO } else { 1.0 };
                for _ in 0..chance.poisson(monthly * rate / 10_000.0 * ratio) {
                    let day = first + chance.below(28) as i64;
                    cases.push(WatchedCase {
                        phenotype: format!("p{phenotype:03}"),
                        version: "1".into(),
                        patient_id: format!("P{:07}", cases.len()),
                        case_level: "definite".into(),
                        outcome: Some("live_birth".into()),
                        case_day: Some(day),
                        conception_day: Some(day - 266),
                        area: Some((*code).into()),
                        ..WatchedCase::default()
                    });
                }
            }
        }
    }
    (cases, births, planted)
}

/// What a maternity gave.
#[derive(Default)]
struct Score {
    false_signals: BTreeMap<String, usize>,
    planted: Vec<Planted>,
    years: f64,
    cpu_seconds: f64,
    runs: usize,
}

fn watch(seed: u64, births_a_year: f64, a_year: usize, config: &Config) -> Score {
    let (cases, births, mut planted) = maternity(seed, births_a_year, a_year);
    let definitions: Vec<Definition> = (0..PHENOTYPES)
        .map(|number| Definition { id: format!("p{number:03}"), ..Definition::default() })
        .collect();
    let centroids: BTreeMap<String, (f64, f64)> =
        AREAS.iter().map(|(code, _, place)| ((*code).to_string(), *place)).collect();
    let (known, mut earlier, mut seen) = (Known::default(), Vec::<Earlier>::new(), BTreeSet::new());
    let mut score = Score::default();
    let from = (FIRST + 11) * 12 + 3;
    for month in (from..=(FIRST + YEARS) * 12).step_by(3) {
        let cutoff = day_of(&format!("{}-{:02}-01", month / 12, month % 12 + 1)).expect("a date") - 1;
        let now: Vec<WatchedCase> =
            cases.iter().filter(|case| case.case_day.is_some_and(|day| day <= cutoff)).cloned().collect();
        let started = process_seconds().0;
        let findings = analyse(&Inputs {
            config,
            definitions: &definitions,
            cases: &now,
            births: &births,
            cutoff,
            centroids: &centroids,
            names: &BTreeMap::new(),
            volumes: &Volumes::default(),
            mothers: &BTreeMap::new(),
            reference: &[],
            known: &known,
            earlier: &earlier,
        })
        .expect("a study");
        score.cpu_seconds += process_seconds().0 - started;
        score.runs += 1;
        for signal in &findings.signals {
            let met = planted.iter_mut().filter(|one| meets(one, signal)).fold(false, |_, one| {
                one.detected |= month <= one.from + 12;
                true
            });
            if !met && seen.insert(signal.id.clone()) {
                *score.false_signals.entry(format!("{:?}", signal.method)).or_default() += 1;
            }
        }
        let stored = findings.signals.into_iter().map(|mut signal| {
            signal.last_run = i64::from(month);
            Earlier { state: signal.state.clone(), signal }
        });
        for one in stored {
            earlier.retain(|known| known.signal.id != one.signal.id);
            earlier.push(one);
        }
    }
    score.years = f64::from(FIRST + YEARS) - f64::from(from) / 12.0 + 0.25;
    score.planted = planted;
    score
}

/// A signal of the phenotype whose window and areas meet the excess; conceptions are nine months before births.
fn meets(one: &Planted, signal: &Signal) -> bool {
    let date = |month: i32| format!("{}-{:02}-01", month / 12, month % 12 + 1);
    let shift = if signal.dated_by == "conception" { 266 } else { 0 };
    let day =
        |text: &str| day_of(text).map_or_else(String::new, |day| date_of(day + shift).unwrap_or_default());
    let (first, last) = (day(&signal.first_day), day(&signal.last_day));
    signal.phenotype == format!("p{:03}", one.phenotype)
        && (signal.areas.is_empty() || signal.areas.iter().any(|area| area == AREAS[one.area].0))
        && first < date(one.from + MONTHS)
        && last >= date(one.from)
}

/// Detected, and planted, between two numbers of expected cases.
fn detected(planted: &[Planted], from: f64, to: f64) -> (usize, usize) {
    let of = planted.iter().filter(|one| (from..to).contains(&one.expected));
    of.fold((0, 0), |(found, all), one| (found + usize::from(one.detected), all + 1))
}

fn main() -> ExitCode {
    let maternities = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(2_u64);
    let config = Config::shipped().expect("the shipped configuration");
    let mut targets = Targets::default();
    println!("machine: {}", support::machine());
    let mut large = (0, 0);
    for births in [50_000.0, 400_000.0] {
        let quiet: Vec<Score> = (1..=maternities).map(|seed| watch(seed, births, 0, &config)).collect();
        let planted: Vec<Planted> =
            (1..=maternities).flat_map(|seed| watch(seed, births, A_YEAR, &config).planted).collect();
        let years: f64 = quiet.iter().map(|score| score.years).sum();
        let seconds: f64 = quiet.iter().map(|score| score.cpu_seconds).sum();
        let runs: usize = quiet.iter().map(|score| score.runs).sum();
        let mut wrong: BTreeMap<&str, usize> = BTreeMap::new();
        for (method, count) in quiet.iter().flat_map(|score| &score.false_signals) {
            *wrong.entry(method).or_default() += count;
        }
        println!(
            "{births} births a year, {maternities} maternities, {years:.1} years watched in {runs} runs"
        );
        for (from, to) in [(1.0, 2.0), (2.0, 4.0), (4.0, 8.0), (8.0, 16.0), (16.0, f64::INFINITY)] {
            let (found, all) = detected(&planted, from, to);
            println!("  {from} to {to} cases expected: {found} of {all} detected within 12 months");
        }
        let rate = wrong.values().sum::<usize>() as f64 / years;
        targets.check(rate < 1.0, &format!("{rate:.2} false signals a year, {wrong:?}"));
        let (found, all) = detected(&planted, 8.0, f64::INFINITY);
        large = (large.0 + found, large.1 + all);
        let cost = seconds / runs as f64;
        targets.check(cost < 60.0, &format!("{cost:.1} CPU-seconds a run"));
    }
    let (found, all) = large;
    targets.check(found * 10 >= all * 8, &format!("{found} of {all} where 8 cases or more are expected"));
    targets.exit()
}
