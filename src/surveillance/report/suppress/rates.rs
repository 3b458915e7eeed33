//! Areas, and the tables of each phenotype, after suppression.

use std::collections::{BTreeMap, BTreeSet};

use super::counts::{Counts, Slot};
use super::table::{Table, is_small};
use super::whole;
use crate::surveillance::model::{Findings, Named, PER, Rate, Reference, Watched};
use crate::surveillance::report::shown::{
    Cell, ShownArea, ShownHeterogeneity, ShownNamed, ShownPhenotype, ShownRate, ShownReference, ShownTrend,
};

/// Findings with what is hidden of them.
pub struct Rates<'a> {
    findings: &'a Findings,
    counts: &'a BTreeMap<String, Counts>,
    least: u64,
    /// Areas and years whose births are hidden.
    hidden_births: BTreeSet<String>,
    /// Some trend, or some heterogeneity, is hidden, and with it the corrections of all.
    hidden_tests: (bool, bool),
}

impl<'a> Rates<'a> {
    /// Works out which births and which tests are hidden.
    pub fn new(findings: &'a Findings, counts: &'a BTreeMap<String, Counts>, least: u64) -> Self {
        let mut rates =
            Self { findings, counts, least, hidden_births: BTreeSet::new(), hidden_tests: (false, false) };
        let areas =
            findings.areas.iter().map(|area| (area.code.clone(), area.births.min(super::MOST))).collect();
        rates.hide_births(areas);
        for watched in &findings.phenotypes {
            for table in [&watched.by_area, &watched.by_year] {
                let births = |one: &Named<Rate>| (one.name.clone(), whole(one.value.births));
                rates.hide_births(table.iter().map(births).collect());
            }
        }
        let hides =
            |is_hidden: fn(&Self, &Watched) -> bool| findings.phenotypes.iter().any(|w| is_hidden(&rates, w));
        rates.hidden_tests = (hides(Self::hides_trend), hides(Self::hides_heterogeneity));
        rates
    }

    fn hide_births(&mut self, births: Vec<(String, u64)>) {
        let counts: Vec<u64> = births.iter().map(|(_, count)| *count).collect();
        let mut hidden: Vec<bool> =
            births.iter().map(|(name, _)| self.hidden_births.contains(name)).collect();
        let is_safe =
            Table { counts: &counts, hidden: &mut hidden, total: counts.iter().sum() }.protect(self.least);
        let names = births.into_iter().zip(hidden).filter(|(_, hide)| *hide || !is_safe);
        self.hidden_births.extend(names.map(|((name, _), _)| name));
    }

    fn hides_trend(&self, watched: &Watched) -> bool {
        let shows =
            |slot: Slot, name| self.cell(watched, &slot).is_some() && !self.hidden_births.contains(name);
        watched.trend.is_some()
            && !watched.by_year.iter().all(|one| shows(Slot::Year(one.name.clone()), &one.name))
    }

    fn hides_heterogeneity(&self, watched: &Watched) -> bool {
        let shows =
            |slot: Slot, name| self.cell(watched, &slot).is_some() && !self.hidden_births.contains(name);
        watched.heterogeneity.is_some()
            && !watched.by_area.iter().all(|one| shows(Slot::Area(one.name.clone()), &one.name))
    }

    /// The count of a slot when it is shown.
    fn cell(&self, watched: &Watched, slot: &Slot) -> Option<u64> {
        self.counts.get(&watched.id)?.shown(slot)
    }

    /// Areas with their births.
    pub fn areas(&self) -> Vec<ShownArea> {
        let shown = |area: &crate::surveillance::model::Area| ShownArea {
            code: area.code.clone(),
            name: area.name.clone(),
            births: Some(area.births).filter(|_| !self.hidden_births.contains(&area.code)),
            missing_months: area.missing_months.clone(),
        };
        self.findings.areas.iter().map(shown).collect()
    }

    /// Phenotypes with their tables.
    pub fn phenotypes(&self) -> Vec<ShownPhenotype> {
        self.findings.phenotypes.iter().map(|watched| self.phenotype(watched)).collect()
    }

    fn phenotype(&self, watched: &Watched) -> ShownPhenotype {
        let count = |slot: &Slot| self.cell(watched, slot).map_or(Cell::Suppressed, Cell::Count);
        let level = |level: &String| (level.clone(), count(&Slot::Level(level.clone())));
        ShownPhenotype {
            id: watched.id.clone(),
            title: watched.title.clone(),
            version: watched.version.clone(),
            within: watched.within.clone(),
            levels: watched.levels.iter().map(|(name, _)| level(name)).collect(),
            new: count(&Slot::New),
            changed: count(&Slot::Changed),
            lost: count(&Slot::Lost),
            total: watched.total.map(|rate| self.rate(watched, &Slot::Total, rate, true)),
            live: watched
                .live
                .map(|rate| self.rate(watched, &Slot::Live, rate, self.tells_no_stillbirths(watched))),
            undisputed: watched.undisputed.map(|rate| self.rate(watched, &Slot::Undisputed, rate, true)),
            by_year: watched
                .by_year
                .iter()
                .map(|one| self.named(watched, Slot::Year(one.name.clone()), one))
                .collect(),
            by_area: watched
                .by_area
                .iter()
                .map(|one| self.named(watched, Slot::Area(one.name.clone()), one))
                .collect(),
            reference: watched.reference.as_ref().map(|reference| self.reference(watched, reference)),
            trend: self.trend(watched),
            heterogeneity: self.heterogeneity(watched),
        }
    }

    /// All births less live births are stillbirths, which are a count too.
    fn tells_no_stillbirths(&self, watched: &Watched) -> bool {
        let births = |rate: Option<Rate>| rate.map_or(0.0, |rate| rate.births);
        let still = births(watched.total) - births(watched.live);
        watched.total.is_none() || !is_small(whole(still), self.least)
    }

    fn rate(&self, watched: &Watched, slot: &Slot, rate: Rate, shows_births: bool) -> ShownRate {
        let shows_births = shows_births && !is_small(whole(rate.births), self.least);
        let cases = self.cell(watched, slot);
        let beside = |value| Some(value).filter(|_| cases.is_some() && shows_births);
        ShownRate {
            cases: cases.map_or(Cell::Suppressed, Cell::Count),
            births: Some(rate.births).filter(|_| shows_births),
            rate: beside(rate.rate),
            lo: beside(rate.lo),
            hi: beside(rate.hi),
        }
    }

    fn named(&self, watched: &Watched, slot: Slot, one: &Named<Rate>) -> ShownNamed {
        let shows_births = !self.hidden_births.contains(&one.name);
        ShownNamed { name: one.name.clone(), rate: self.rate(watched, &slot, one.value, shows_births) }
    }

    /// The ratio times the expected count is a count: of all cases, or of those without a chromosomal anomaly, which
    /// leave those with one.
    fn reference(&self, watched: &Watched, reference: &Reference) -> ShownReference {
        let total = watched.total.unwrap_or_default();
        let observed =
            (reference.ratio * reference.rate * total.births / PER).round().clamp(0.0, 1e12) as u64;
        let is_safe = self.cell(watched, &Slot::Total).is_some()
            && !is_small(observed, self.least)
            && !is_small(total.cases.abs_diff(observed), self.least);
        let beside = |value| Some(value).filter(|_| is_safe || self.least == 0);
        ShownReference {
            rate: reference.rate,
            source: reference.source.clone(),
            scope: reference.scope.clone(),
            ratio: beside(reference.ratio),
            lo: beside(reference.lo),
            hi: beside(reference.hi),
        }
    }

    fn trend(&self, watched: &Watched) -> Option<ShownTrend> {
        let trend = watched.trend?;
        let (is_shown, all) = (!self.hides_trend(watched), !self.hidden_tests.0);
        let beside = |value| Some(value).filter(|_| is_shown);
        Some(ShownTrend {
            years: trend.years,
            aapc: beside(trend.aapc),
            lo: beside(trend.lo),
            hi: beside(trend.hi),
            p: beside(trend.p),
            q: Some(trend.q).filter(|_| all),
            non_linear_p: trend.non_linear_p.filter(|_| is_shown),
        })
    }

    fn heterogeneity(&self, watched: &Watched) -> Option<ShownHeterogeneity> {
        let found = watched.heterogeneity?;
        let (is_shown, all) = (!self.hides_heterogeneity(watched), !self.hidden_tests.1);
        let beside = |value| Some(value).filter(|_| is_shown);
        Some(ShownHeterogeneity {
            chi_square: beside(found.chi_square),
            df: found.df,
            p: beside(found.p),
            q: Some(found.q).filter(|_| all),
        })
    }
}
