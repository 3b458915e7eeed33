//! Signals after suppression.

use std::collections::BTreeSet;

use super::signals::Windows;
use super::table::is_small;
use super::{rough, rough_up};
use crate::surveillance::model::{Diagnostic, Method, Report, Signal, State};
use crate::surveillance::report::shown::{Cell, ShownSignal, ShownUndisputed};

/// Signals in their order; with patients, as they are.
pub fn signals(
    report: &Report,
    windows: &Windows,
    tell: &dyn Fn(&[Diagnostic]) -> Vec<Diagnostic>,
) -> Vec<ShownSignal> {
    let signals = &report.findings.signals;
    if report.least_cell == 0 {
        return signals.iter().map(|signal| with_patients(signal, report)).collect();
    }
    let shown = windows.shown(signals);
    let is_hidden = |signal: &&Signal| !shown.contains(signal.id.as_str());
    let uncorrected: BTreeSet<Method> =
        signals.iter().filter(is_hidden).map(|signal| signal.method).collect();
    let public = |signal: &Signal| {
        let public = without_patients(signal, shown.contains(signal.id.as_str()), windows.least);
        // The correction mixes the tests of a method, so that one q may be the p of another test.
        let q = public.q.filter(|_| !uncorrected.contains(&signal.method));
        ShownSignal { q, diagnostics: tell(&signal.diagnostics), ..public }
    };
    signals.iter().map(public).collect()
}

fn with_patients(signal: &Signal, report: &Report) -> ShownSignal {
    let undisputed = signal.undisputed.map(|one| ShownUndisputed {
        observed: Cell::Count(one.observed),
        p: one.p,
        stands: one.stands,
    });
    ShownSignal {
        first_day: signal.first_day.clone(),
        last_day: signal.last_day.clone(),
        observed: Cell::Count(signal.observed),
        expected: Some(signal.expected),
        ratio: signal.ratio,
        lo: signal.lo,
        hi: signal.hi,
        p: signal.p,
        q: signal.q,
        statistics: signal.statistics.clone(),
        undisputed,
        curve: Some(signal.curve.clone()),
        diagnostics: signal.diagnostics.clone(),
        excluded: signal
            .excluded
            .iter()
            .map(|(reason, &count)| (reason.clone(), Cell::Count(count)))
            .collect(),
        state: signal.state.clone(),
        cases: report.signal_cases.get(&signal.id).cloned().unwrap_or_default(),
        excluded_cases: report.signal_excluded.get(&signal.id).cloned().unwrap_or_default(),
        ..named(signal)
    }
}

fn without_patients(signal: &Signal, is_shown: bool, least: u64) -> ShownSignal {
    let expected = Some(rough(signal.expected)).filter(|_| is_shown);
    // As far from the shown expected count as the exact ratio is from the exact one.
    let scale = expected.map(|expected| signal.expected / expected).filter(|scale| scale.is_finite());
    let scaled = |value: Option<f64>| Some(rough(value? * scale?));
    let excluded = |(reason, &count): (&String, &u64)| (reason.clone(), cell(count, !is_small(count, least)));
    ShownSignal {
        observed: cell(signal.observed, is_shown),
        expected,
        ratio: scaled(signal.ratio),
        lo: scaled(signal.lo),
        hi: scaled(signal.hi),
        p: signal.p.map(rough_up).filter(|_| is_shown),
        q: signal.q.map(rough_up).filter(|_| is_shown),
        undisputed: signal.undisputed.map(|one| {
            let rest = signal.observed.saturating_sub(one.observed);
            let is_shown = is_shown && !is_small(one.observed, least) && !is_small(rest, least);
            ShownUndisputed {
                observed: cell(one.observed, is_shown),
                p: one.p.map(rough_up).filter(|_| is_shown),
                stands: one.stands,
            }
        }),
        excluded: signal.excluded.iter().map(excluded).collect(),
        state: State { closed: signal.state.closed, at: signal.state.at.clone(), ..State::default() },
        ..named(signal)
    }
}

/// What names a signal, without any number.
fn named(signal: &Signal) -> ShownSignal {
    let month = |day: &str| day.get(..7).unwrap_or_default().to_string();
    ShownSignal {
        id: signal.id.clone(),
        phenotype: signal.phenotype.clone(),
        title: signal.title.clone(),
        method: signal.method,
        areas: signal.areas.clone(),
        first_day: month(&signal.first_day),
        last_day: month(&signal.last_day),
        dated_by: signal.dated_by.clone(),
        observed: Cell::Suppressed,
        expected: None,
        ratio: None,
        lo: None,
        hi: None,
        p: None,
        q: None,
        statistics: Vec::new(),
        undisputed: None,
        curve: None,
        diagnostics: Vec::new(),
        excluded: Default::default(),
        first_run: signal.first_run,
        last_run: signal.last_run,
        state: State::default(),
        cases: Vec::new(),
        excluded_cases: Vec::new(),
    }
}

fn cell(count: u64, is_shown: bool) -> Cell {
    if is_shown { Cell::Count(count) } else { Cell::Suppressed }
}
