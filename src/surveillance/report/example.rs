//! A made-up report for tests: numbers follow from a seed, and every derived number is unlike any other.

use serde::Deserialize;
use std::collections::BTreeMap;

use crate::surveillance::model::*;

/// A small stream of numbers (SplitMix64; Steele et al., OOPSLA 2014), so that tests draw the same each time.
pub struct Stream(pub u64);

impl Stream {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n.max(1)
    }
}

/// The words of the report.
#[derive(Deserialize)]
struct Words {
    areas: Vec<(String, String)>,
    phenotypes: Vec<(String, String, f64)>,
    title: String,
    source: String,
    label: String,
    text: String,
    why: String,
    reason: String,
}

fn words() -> Words {
    toml::from_str(include_str!("../../../tests/data/report_example.toml")).unwrap()
}

/// For each phenotype, those that it is part of: the nearest first.
const WITHIN: [&[usize]; 8] = [&[], &[0], &[1, 0], &[1, 0], &[0], &[0], &[0], &[0]];

fn rate(cases: u64, births: f64) -> Rate {
    let per = |n: f64| n * PER / births;
    let c = cases as f64;
    let (lo, hi) = ((c - 1.96 * c.sqrt()).max(0.0), c + 1.96 * c.sqrt() + 3.0 / (c + 1.0));
    Rate { cases, births, rate: per(c), lo: per(lo), hi: per(hi) }
}

fn draw(stream: &mut Stream, mean: f64) -> u64 {
    // A Poisson count by its gaps; means here are small.
    let (mut sum, mut count) = (0.0, 0);
    loop {
        sum -= (((stream.below(1 << 30) + 1) as f64) / (1_u64 << 30) as f64).ln();
        if sum > mean {
            return count;
        }
        count += 1;
    }
}

fn births_of(area: usize) -> f64 {
    2_000.0 + 1_400.0 * ((area * 7) % 20) as f64
}

fn months(first: i32, last: i32) -> Vec<String> {
    (first..=last).flat_map(|year| (1..=12).map(move |month| format!("{year}-{month:02}"))).collect()
}

/// A report with patients, of eight phenotypes in twenty areas over ten years.
pub fn with_patients(seed: u64) -> Report {
    scaled(seed, 1.0)
}

/// The same with that share of the cases.
pub fn scaled(seed: u64, share: f64) -> Report {
    let mut stream = Stream(seed);
    let words = words();
    let cell = |stream: &mut Stream, area, per| draw(stream, births_of(area) / 10.0 * per * share / PER);
    let mut counts: Vec<Vec<Vec<u64>>> = words
        .phenotypes
        .iter()
        .map(|(.., per)| {
            (0..20).map(|area| (0..10).map(|_| cell(&mut stream, area, per)).collect()).collect()
        })
        .collect();
    counts[5][5][8] += 9; // The cluster.
    for (i, within) in WITHIN.iter().enumerate().rev() {
        let part = counts[i].clone();
        for &whole in within.iter().take(1) {
            for (to, from) in counts[whole].iter_mut().flatten().zip(part.iter().flatten()) {
                *to += from;
            }
        }
    }
    let phenotypes: Vec<Watched> =
        (0..WITHIN.len()).map(|i| watched(&words, i, &counts[i], &mut stream)).collect();
    let signals = signals(&phenotypes, &mut stream);
    let lines = |n: usize, id: &str| (0..n).map(|i| case(i, id)).collect::<Vec<_>>();
    Report {
        run: run(),
        least_cell: 0,
        new_cases: lines(3, "chd_severe"),
        changed_cases: lines(2, "eurocat/al50"),
        signal_cases: signals
            .iter()
            .map(|s| (s.id.clone(), lines(s.observed.min(12) as usize, &s.phenotype)))
            .collect(),
        signal_excluded: BTreeMap::from([(signals[0].id.clone(), lines(2, &signals[0].phenotype))]),
        findings: Findings {
            first_month: "2015-01".into(),
            last_month: "2024-12".into(),
            areas: areas(),
            births: vec![BirthCell { area: "35".into(), month: "2015-01".into(), live: 777.7, still: 3.3 }],
            combinations: combinations(),
            diagnostics: vec![
                diagnostic("area_unknown", false, &[("cases", "7"), ("share", "1.4")]),
                diagnostic(
                    "births_missing",
                    true,
                    &[("months", "3"), ("area", "Mayenne"), ("first", "2019-02"), ("last", "2019-04")],
                ),
            ],
            multiplicity: multiplicity(),
            signals,
            phenotypes,
        },
    }
}

fn diagnostic(kind: &str, serious: bool, values: &[(&str, &str)]) -> Diagnostic {
    let values = values.iter().map(|(place, value)| (place.to_string(), value.to_string())).collect();
    Diagnostic { kind: kind.into(), serious, values }
}

fn areas() -> Vec<Area> {
    let area = |(i, (code, name)): (usize, &(String, String))| Area {
        code: code.clone(),
        name: Some(name.clone()),
        births: births_of(i) as u64,
        missing_months: if *code == "53" { months(2024, 2024)[9..].to_vec() } else { Vec::new() },
    };
    words().areas.iter().enumerate().map(area).collect()
}

fn watched(words: &Words, i: usize, counts: &[Vec<u64>], stream: &mut Stream) -> Watched {
    let (id, title, per) = &words.phenotypes[i];
    let all: f64 = (0..20).map(births_of).sum();
    let sum: u64 = counts.iter().flatten().sum();
    let year = |y: usize| rate(counts.iter().map(|area| area[y]).sum(), all / 10.0);
    let area = |a: usize| rate(counts[a].iter().sum(), births_of(a));
    let lost_alive = sum / 9;
    let total = rate(sum, all);
    let ratio = total.rate / per;
    Watched {
        without_disputed: None,
        id: id.clone(),
        title: title.clone(),
        version: "3".into(),
        within: WITHIN[i].iter().map(|&whole| words.phenotypes[whole].0.clone()).collect(),
        cells: vec![CaseCell {
            area: Some("35".into()),
            month: "2019-03".into(),
            live: 3,
            ..CaseCell::default()
        }],
        levels: vec![("definite".into(), sum - sum / 3), ("probable".into(), sum / 3)],
        new: stream.below(20),
        changed: stream.below(8),
        lost: stream.below(4),
        total: Some(total),
        live: Some(rate(sum - lost_alive, all * 0.995)),
        undisputed: Some(rate(sum - sum / 12, all)),
        by_year: (0..10).map(|y| Named { name: (2015 + y).to_string(), value: year(y) }).collect(),
        by_area: (0..20).map(|a| Named { name: words.areas[a].0.clone(), value: area(a) }).collect(),
        reference: (i != 3).then(|| Reference {
            rate: *per,
            source: words.source.clone(),
            ratio,
            lo: total.lo / per,
            hi: total.hi / per,
            scope: "total".into(),
        }),
        trend: Some(Trend {
            years: (2015, 2024),
            aapc: 1.7 - i as f64,
            lo: -0.4 - i as f64,
            hi: 3.9 - i as f64,
            p: 0.0312 * (i + 1) as f64,
            q: 0.2,
            non_linear_p: Some(0.41),
        }),
        heterogeneity: Some(Heterogeneity { chi_square: 24.31 + i as f64, df: 19, p: 0.184, q: 0.31 }),
    }
}

fn curve(first: i32, mean: f64, peak: usize, stream: &mut Stream) -> Curve {
    let months = months(first, 2024);
    let mut observed: Vec<u64> = months.iter().map(|_| draw(stream, mean)).collect();
    observed.iter_mut().skip(peak).take(5).for_each(|count| *count += 2);
    let n = months.len();
    let season = |i: usize| mean * (1.0 + 0.2 * (i as f64 * std::f64::consts::FRAC_PI_6).sin());
    Curve {
        months,
        observed,
        expected: (0..n).map(|i| (i >= 12).then(|| season(i))).collect(),
        threshold: (0..n).map(|i| (i >= 12).then(|| season(i) + 3.1 * season(i).sqrt() + 1.0)).collect(),
    }
}

fn signals(phenotypes: &[Watched], stream: &mut Stream) -> Vec<Signal> {
    let one = |index: usize,
               id: &str,
               method,
               areas: &[&str],
               window: (&str, &str),
               dated: &str,
               observed,
               expected: f64| {
        let ratio = observed as f64 / expected;
        Signal {
            id: id.into(),
            phenotype: phenotypes[index].id.clone(),
            title: phenotypes[index].title.clone(),
            method,
            areas: areas.iter().map(ToString::to_string).collect(),
            first_day: window.0.into(),
            last_day: window.1.into(),
            dated_by: dated.into(),
            observed,
            expected,
            ratio: Some(ratio),
            lo: Some(ratio * 0.6),
            hi: Some(ratio * 1.7),
            p: Some(0.00004),
            q: Some(0.0127),
            statistics: vec![("llr".into(), 8.4213), ("replications".into(), 999.0)],
            undisputed: Some(Undisputed { observed: observed - 1, p: Some(0.00021), stands: true }),
            curve: Curve::default(),
            diagnostics: vec![],
            excluded: BTreeMap::from([("level possible".into(), 2), ("unknown_outcome".into(), 1)]),
            first_run: 12,
            last_run: 12,
            state: State::default(),
        }
    };
    let mut signals = vec![
        one(
            5,
            "3fa1c09b7d",
            Method::SpaceTimePermutation,
            &["35", "53"],
            ("2023-03-04", "2023-08-19"),
            "birth",
            9,
            1.3,
        ),
        one(2, "a02e44c1f0", Method::Farrington, &["44"], ("2024-10-01", "2024-12-31"), "birth", 21, 9.62),
        one(6, "77b0d2e6aa", Method::TemporalScan, &[], ("2022-01-11", "2022-04-02"), "conception", 8, 1.9),
    ];
    for (i, signal) in signals.iter_mut().enumerate() {
        signal.curve = curve([2019, 2018, 2015][i], [0.4, 4.0, 1.2][i], [50, 79, 84][i], stream);
    }
    signals[0].diagnostics = vec![
        diagnostic("documents_jump", true, &[("before", "310"), ("now", "5120"), ("ratio", "16.52")]),
        diagnostic("never_heard_of", false, &[]),
    ];
    signals[2].first_run = 11;
    signals[2].undisputed = None;
    signals[2].state = State {
        closed: true,
        at: Some("2024-11-05".into()),
        by: Some("Dr Martin".into()),
        reason: Some(words().reason),
    };
    signals
}

fn combinations() -> Combinations {
    let words = words();
    let found = |a: usize, b: usize, observed, expected: f64| Combination {
        pair: (words.phenotypes[a].0.clone(), words.phenotypes[b].0.clone()),
        titles: (words.phenotypes[a].1.clone(), words.phenotypes[b].1.clone()),
        observed,
        expected,
        ratio: observed as f64 / expected,
        p: 0.0000123,
        q: 0.00345,
    };
    Combinations {
        children: 412,
        tested: 21,
        left_out: 7,
        found: vec![found(2, 7, 14, 4.217), found(4, 5, 3, 0.111)],
    }
}

fn multiplicity() -> Vec<Multiplicity> {
    let one = |method: &str, tests, correction: &str, level, signals| Multiplicity {
        method: method.into(),
        tests,
        correction: correction.into(),
        level,
        signals,
    };
    vec![
        one("farrington", 160, "bh", 0.05, 1),
        one("cusum", 160, "run_length", 1.0, 0),
        one("temporal-scan", 8, "bh", 0.05, 1),
        one("space-time-permutation", 8, "bh", 0.05, 1),
        one("trend", 8, "bh", 0.05, 0),
        one("heterogeneity", 8, "bh", 0.05, 0),
        one("combinations", 21, "bh", 0.05, 2),
    ]
}

fn run() -> RunRecord {
    RunRecord {
        number: 12,
        previous: Some(11),
        name: "ouest".into(),
        title: words().title,
        ran_at: "2025-01-14T08:32:10Z".into(),
        cutoff: "2024-12-31".into(),
        config_sha256: "4a".repeat(32),
        inputs_sha256: "c7".repeat(32),
        program: "laennec 0.1.0".into(),
        definitions: words().phenotypes.into_iter().map(|one| (one.0, "3".to_string())).collect(),
        engines: vec!["laennec 0.1.0, lexicons 9c1f, model none".into()],
        seed: 20_240_101,
    }
}

fn case(i: usize, phenotype: &str) -> CaseLine {
    let event = |j: usize| EvidenceLine {
        event_id: format!("{:08x}", i * 977 + j * 31),
        date: Some(format!("2023-0{}-1{}", 1 + i % 8, j)),
        document_type: (j > 0).then(|| "CRH".to_string()),
        label: words().label,
        text: words().text,
        assertion: "present".into(),
    };
    CaseLine {
        change: "new".into(),
        patient_id: format!("PATIENT-{:04}", 17 + i * 13),
        phenotype: phenotype.into(),
        case_level: "definite".into(),
        class: Some("isolated".into()),
        outcome: Some(["live_birth", "topfa"][i % 2].into()),
        date: Some("2023-05-06".into()),
        conception_date: Some("2022-08-14".into()),
        area: Some("35".into()),
        disputed: i % 5 == 4,
        evidence: (0..2).map(event).collect(),
        why: if i.is_multiple_of(2) { "level possible".into() } else { words().why },
    }
}

/// The same without patients.
pub fn public(seed: u64) -> Report {
    without_patients(with_patients(seed))
}

/// Takes the patients out.
pub fn without_patients(report: Report) -> Report {
    Report {
        least_cell: 11,
        new_cases: Vec::new(),
        changed_cases: Vec::new(),
        signal_cases: BTreeMap::new(),
        signal_excluded: BTreeMap::new(),
        ..report
    }
}

/// A map of the areas: a grid of crooked quadrangles whose corners are shared, as GeoJSON.
pub fn geojson() -> String {
    let corner = |i: usize, j: usize| {
        let mut stream = Stream((i * 31 + j) as u64);
        let mut shake = || (stream.below(1000) as f64 / 1000.0 - 0.5) * 0.42;
        (-4.0 + i as f64 + shake(), 46.2 + 0.75 * j as f64 + shake() * 0.75)
    };
    let edge = |a: (f64, f64), b: (f64, f64)| {
        let mut stream = Stream(((a.0 + b.0) * 1e4) as i64 as u64 ^ ((a.1 + b.1) * 1e4) as i64 as u64);
        let mut points: Vec<(f64, f64)> = (1..12)
            .map(|k| {
                let (share, wave) = (k as f64 / 12.0, (stream.below(1000) as f64 / 1000.0 - 0.5) * 0.07);
                (a.0 + (b.0 - a.0) * share + wave, a.1 + (b.1 - a.1) * share + wave * 0.7)
            })
            .collect();
        points.insert(0, a);
        points
    };
    // Both areas at an edge must walk the same points.
    let walk = |a: (f64, f64), b: (f64, f64)| {
        if a <= b {
            return edge(a, b);
        }
        let mut points = edge(b, a);
        points.remove(0);
        points.reverse();
        points.insert(0, a);
        points
    };
    let words = words();
    let feature = |k: usize| {
        let (i, j) = (k % 5, k / 5);
        let corners = [corner(i, j), corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1)];
        let mut ring: Vec<(f64, f64)> = (0..4).flat_map(|c| walk(corners[c], corners[(c + 1) % 4])).collect();
        ring.push(ring[0]);
        let ring: Vec<String> = ring.iter().map(|(x, y)| format!("[{x},{y}]")).collect();
        let (code, name) = words.areas.get(k).cloned().unwrap_or(("99".into(), "Elsewhere".into()));
        format!(
            r#"{{"type":"Feature","properties":{{"code":"{code}","nom":"{name}"}},"geometry":{{"type":"Polygon","coordinates":[[{}]]}}}}"#,
            ring.join(",")
        )
    };
    let features: Vec<String> = (0..21).map(feature).collect();
    format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))
}
