//! A simulated maternity: reports, persons, coded stays and births, with the truth known for each child.
//!
//! The same seed gives the same bytes. Each delivery draws from a stream of its own, so more deliveries only add lines.
//! What is simulated, and what is not, is in `docs/simulation.md`.

mod calendar;
mod chance;
mod data;
mod plan;
mod population;
mod records;
mod render;
mod shipped;
mod tables;
mod template;
mod words;

use crate::lexicon::{self, Problem, Problems};
use chance::Chance;
use data::{Data, Holder};
use plan::{Kinds, Plan};
use population::{Delivery, Outcome, Population};
use render::Writer;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Corrected reports, which replace an earlier version.
const CORRECTED: f64 = 0.012;

/// What one or more deliveries leave.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Lines of `reports.jsonl`.
    pub reports: String,
    /// Lines of `persons.jsonl`.
    pub persons: String,
    /// Lines of `events.jsonl`.
    pub events: String,
    /// Lines of `truth.jsonl`.
    pub truth: String,
    /// Counts for the summary and for `births.csv`.
    pub tally: Tally,
}

/// Counts of a simulation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Live births and stillbirths by area and month.
    pub births: BTreeMap<(String, String), (u64, u64)>,
    /// Deliveries, terminations included.
    pub deliveries: u64,
    /// Documents, corrected versions included.
    pub documents: u64,
    /// Children with at least one counted subgroup.
    pub cases: u64,
    /// Terminations for an anomaly.
    pub terminations: u64,
}

impl Tally {
    /// Adds the counts of another part of the run.
    pub fn add(&mut self, other: &Tally) {
        for (key, (live, still)) in &other.births {
            let sum = self.births.entry(key.clone()).or_default();
            *sum = (sum.0 + live, sum.1 + still);
        }
        self.deliveries += other.deliveries;
        self.documents += other.documents;
        self.cases += other.cases;
        self.terminations += other.terminations;
    }

    /// Live births and stillbirths of all areas and months.
    pub fn total(&self) -> (u64, u64) {
        self.births.values().fold((0, 0), |sum, (live, still)| (sum.0 + live, sum.1 + still))
    }

    /// `births.csv`, with its header: a row for each area and month, those without births too, since a row that is missing
    /// says that births are not known.
    pub fn births_csv(&self) -> String {
        let areas: BTreeSet<&String> = self.births.keys().map(|(area, _)| area).collect();
        let months: BTreeSet<&String> = self.births.keys().map(|(_, month)| month).collect();
        let mut out = String::from("area,period,live_births,stillbirths\n");
        for (area, month) in areas.iter().flat_map(|area| months.iter().map(move |month| (area, month))) {
            let key = ((*area).clone(), (*month).clone());
            let (live, still) = self.births.get(&key).copied().unwrap_or_default();
            let _ = writeln!(out, "{area},{month},{live},{still}");
        }
        out
    }
}

/// The simulation, ready to run.
pub struct Simulator {
    data: Data,
    kinds: Kinds,
    population: Population,
    writer: Writer,
}

impl Simulator {
    /// The simulation of the data shipped inside the program.
    ///
    /// # Errors
    /// Every fault of the data, with file and line.
    pub fn shipped() -> Result<Self, Problems> {
        let malformations = lexicon::shipped().into_iter().find(|f| f.name == "malformations");
        let missing = || Problems(vec![Problem::of("lexicons/malformations", "this lexicon is missing")]);
        let data = Data::read(&shipped::folder(), &malformations.ok_or_else(missing)?)?;
        let kinds = Kinds::new(&data).map_err(|problem| Problems(vec![problem]))?;
        let writer = Writer::new(&data)
            .map_err(|message| Problems(vec![Problem::of("simulation/frames.tsv", message)]))?;
        Ok(Self { population: Population::new(&data), data, kinds, writer })
    }

    /// Simulates deliveries `from` to `until`, the last one excluded.
    pub fn run(&self, seed: u64, from: u64, until: u64) -> Output {
        let mut output = Output::default();
        for number in from..until {
            self.delivery(seed, number, &mut output);
        }
        output
    }

    /// Places of the templates that no document written so far has used.
    pub fn unused(&self) -> Vec<String> {
        self.writer.unused(&self.data)
    }

    fn delivery(&self, seed: u64, number: u64, output: &mut Output) {
        let mut chance = Chance::new(seed, number);
        let delivery = self.population.draw(&self.data, number, &mut chance);
        records::persons(&self.data, &delivery, &mut output.persons);
        records::events(&self.data, &delivery, &mut chance, &mut output.events);
        output.tally.cases += records::truth(&self.data, &delivery, &mut output.truth) as u64;
        let plans = plan::plan(&self.data, &self.kinds, &delivery, &mut chance);
        for (place, plan) in plans.iter().enumerate() {
            self.document(&delivery, place, plan, 1, &mut chance, output);
            if chance.happens(CORRECTED) {
                self.document(&delivery, place, plan, 2, &mut chance, output);
            }
        }
        self.count(&delivery, &mut output.tally);
    }

    fn count(&self, delivery: &Delivery, tally: &mut Tally) {
        tally.deliveries += 1;
        tally.terminations += u64::from(delivery.outcome == Outcome::Topfa);
        let area = self.data.areas.get(delivery.area).map_or("", |a| a.0.as_str());
        let (year, month, _) = calendar::civil(delivery.birth());
        let key = (area.to_string(), format!("{year}-{month:02}"));
        let children = delivery.children.len() as u64;
        let counts = tally.births.entry(key).or_default();
        match delivery.outcome {
            Outcome::Live => counts.0 += children,
            Outcome::Death if delivery.gestation >= population::NO_ROW_BEFORE => counts.1 += children,
            _ => {}
        }
    }

    fn document(
        &self,
        delivery: &Delivery,
        place: usize,
        plan: &Plan,
        version: u32,
        chance: &mut Chance,
        output: &mut Output,
    ) {
        let written = self.writer.write(&self.data, &self.kinds, delivery, plan, chance);
        let kind = &self.data.kinds[plan.kind];
        let child = plan.child.and_then(|c| delivery.children.get(c));
        let in_mother = kind.holder == Holder::Fetus && (delivery.in_mother || !delivery.has_row);
        let patient = match child.filter(|_| !in_mother) {
            Some(child) => records::child_id(delivery, child),
            None => records::mother_id(delivery),
        };
        let out = &mut output.reports;
        let _ = write!(
            out,
            "{{\"document_id\":\"D{:07}-{place:02}\",\"version\":{version},\"patient_id\":\"{patient}\",\"document_date\":\"{}\",\"document_type\":",
            delivery.number,
            calendar::iso(plan.day),
        );
        records::string(out, &kind.type_name);
        out.push_str(",\"title\":");
        records::string(out, &written.title);
        out.push_str(",\"text\":");
        records::string(out, &written.text);
        out.push_str("}\n");
        output.tally.documents += 1;
    }
}
