//! Writes one document: chooses its text, fills the blocks with sentences that agree with the child, then the values.

use super::calendar::civil;
use super::chance::Chance;
use super::data::{Class, Data, Text};
use super::plan::{GENETICS_DELAY, Kinds, Plan};
use super::population::{Child, Delivery, Finding, Outcome, weight};
use super::template::{Block, Form, Line, Part, Slot, Value};
use super::words::Term;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a document says of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Suspected,
    Present,
    Excluded,
    Repaired,
}

/// Kinds of sentences that the program names; the others are named by the data.
struct Named {
    present: usize,
    suspected: usize,
    excluded: usize,
    repaired: usize,
    absent: usize,
    markers: usize,
    history: usize,
    co_twin: usize,
    conclude: [usize; 3],
}

/// The writer of documents, with the record of which templates were used.
pub(super) struct Writer {
    named: Named,
    board_continue: Option<usize>,
    board_stop: Option<usize>,
    topfa: Option<usize>,
    death: Option<usize>,
    used: Box<[AtomicBool]>,
    used_texts: Box<[AtomicBool]>,
}

/// Where a document stands while it is written.
struct Scene<'a> {
    writer: &'a Writer,
    data: &'a Data,
    kinds: &'a Kinds,
    delivery: &'a Delivery,
    plan: &'a Plan,
    text: &'a Text,
    repaired: Option<i32>,
    side: usize,
}

/// Blocks and organs, ready to be put in their places.
struct Blocks {
    blocks: Vec<String>,
    organs: Vec<String>,
    has_findings: bool,
}

/// A title and a text.
pub(super) struct Written {
    pub title: String,
    pub text: String,
}

/// Share of the telegraphic and dictated texts in capitals without accents.
const CAPITALS: f64 = 0.07;

impl Writer {
    /// Finds the sentences that the program names; the name of one that is missing is the error.
    pub fn new(data: &Data) -> Result<Self, String> {
        let frame = |name: &str| {
            let missing = || format!("no sentences of kind {name:?}");
            data.frames.by_name.get(name).copied().ok_or_else(missing)
        };
        let phrase = |name: &str| data.phrase_ids.get(name).copied();
        let unused = |count: usize| (0..count).map(|_| AtomicBool::new(false)).collect();
        Ok(Self {
            named: Named {
                present: frame("present")?,
                suspected: frame("suspected")?,
                excluded: frame("excluded")?,
                repaired: frame("repaired")?,
                absent: frame("absent")?,
                markers: frame("markers")?,
                history: frame("history")?,
                co_twin: frame("co_twin")?,
                conclude: [
                    frame("conclude_suspected")?,
                    frame("conclude_present")?,
                    frame("conclude_excluded")?,
                ],
            },
            board_continue: phrase("board_continue"),
            board_stop: phrase("board_stop"),
            topfa: phrase("topfa"),
            death: phrase("death"),
            used: unused(data.templates.len()),
            used_texts: unused(data.texts.len()),
        })
    }

    /// Places of the templates that no document has used so far.
    pub fn unused(&self, data: &Data) -> Vec<String> {
        let is_unused = |flag: &AtomicBool| !flag.load(Ordering::Relaxed);
        let mut places: Vec<String> = Vec::new();
        places.extend(
            data.templates.iter().zip(&self.used).filter(|(_, f)| is_unused(f)).map(|(t, _)| t.place.clone()),
        );
        for kind in &data.kinds {
            for (number, text) in kind.texts.iter().enumerate() {
                if is_unused(&self.used_texts[*text]) {
                    places.push(format!("simulation/documents.toml: {}, text {}", kind.id, number + 1));
                }
            }
        }
        places
    }

    /// Writes a document.
    pub fn write(
        &self,
        data: &Data,
        kinds: &Kinds,
        delivery: &Delivery,
        plan: &Plan,
        chance: &mut Chance,
    ) -> Written {
        let kind = &data.kinds[plan.kind];
        let fits = |text: &&usize| delivery.children.len() == 1 || data.texts[**text].organs == 0;
        let fitting: Vec<usize> = kind.texts.iter().filter(fits).copied().collect();
        let number = chance.pick(&fitting).or(kind.texts.first()).copied().unwrap_or(0);
        self.used_texts[number].store(true, Ordering::Relaxed);
        let text = &data.texts[number];
        let mut scene =
            Scene { writer: self, data, kinds, delivery, plan, text, repaired: None, side: usize::MAX };
        let blocks = scene.blocks(chance);
        let mut body = String::with_capacity(1024);
        if delivery.children.len() > 1 && plan.child.is_none() {
            body.push_str(chance.pick(&data.values.twin_pregnancy).map_or("", |s| s));
            body.push('\n');
        }
        for line in &text.lines {
            scene.line(line, &blocks, chance, &mut body);
        }
        let mut title = String::new();
        if let Some(number) = chance.pick(&kind.titles) {
            scene.template(*number, &[], chance, &mut title);
        }
        if text.register != 1 && chance.happens(CAPITALS) {
            body = capitals(&body);
        }
        Written { title, text: body.trim_end().to_string() }
    }
}

impl<'a> Scene<'a> {
    // ------------------------------------------------------------ blocks

    fn blocks(&mut self, chance: &mut Chance) -> Blocks {
        let mut blocks = Blocks {
            blocks: vec![String::new(); Block::ALL.len()],
            organs: vec![String::new(); self.data.families.len()],
            has_findings: false,
        };
        self.findings(&mut blocks, chance);
        self.denials(&mut blocks, chance);
        self.history(&mut blocks, chance);
        self.trap(&mut blocks, chance);
        self.twin(&mut blocks, chance);
        let (decision, lost) = match self.delivery.outcome {
            Outcome::Topfa => (self.writer.board_stop, self.writer.topfa),
            _ => (self.writer.board_continue, self.writer.death),
        };
        self.phrase_into(decision, &mut blocks.blocks[Block::Decision as usize], chance);
        self.phrase_into(lost, &mut blocks.blocks[Block::Lost as usize], chance);
        blocks
    }

    fn phrase_into(&mut self, phrase: Option<usize>, out: &mut String, chance: &mut Chance) {
        if let Some(phrase) = phrase {
            self.phrase(phrase, chance, out);
        }
    }

    /// The children that the document is about.
    fn children(&self) -> impl Iterator<Item = (usize, &'a Child)> + use<'a> {
        let only = self.plan.child;
        let children = self.delivery.children.iter().enumerate();
        children.filter(move |(number, _)| only.is_none_or(|o| o == *number))
    }

    fn findings(&mut self, blocks: &mut Blocks, chance: &mut Chance) {
        let mut conclusion = false;
        for (_, child) in self.children() {
            for finding in &child.findings {
                let Some(status) = self.status(finding, chance) else { continue };
                blocks.has_findings = true;
                let mut sentence = String::new();
                if child.rank > 0 && self.plan.child.is_none() {
                    self.twin_label(child, chance, &mut sentence);
                    sentence.push_str(" : ");
                }
                self.finding(finding, status, chance, &mut sentence);
                let family = self.data.conditions[finding.condition].family;
                let has_line = self.text.organs & (1 << family) != 0;
                join(
                    if has_line {
                        &mut blocks.organs[family]
                    } else {
                        &mut blocks.blocks[Block::Findings as usize]
                    },
                    &sentence,
                );
                if !conclusion {
                    conclusion = true;
                    self.conclusion(finding, status, chance, &mut blocks.blocks[Block::Conclusion as usize]);
                }
            }
        }
    }

    fn finding(&mut self, finding: &Finding, status: Status, chance: &mut Chance, out: &mut String) {
        let named = &self.writer.named;
        let frame = match status {
            Status::Suspected if self.is_marker(finding) => named.markers,
            Status::Suspected => named.suspected,
            Status::Present => named.present,
            Status::Excluded => named.excluded,
            Status::Repaired => named.repaired,
        };
        self.of_finding(frame, finding, chance, out);
        let with = self.data.conditions[finding.condition].with;
        if let Some(with) = with.filter(|_| status == Status::Present && chance.happens(0.7)) {
            let mut beside = String::new();
            self.of_finding(with, finding, chance, &mut beside);
            join(out, &beside);
        }
    }

    fn conclusion(&mut self, finding: &Finding, status: Status, chance: &mut Chance, out: &mut String) {
        let [suspected, present, excluded] = self.writer.named.conclude;
        let frame = match status {
            Status::Suspected => suspected,
            Status::Excluded => excluded,
            Status::Present | Status::Repaired => present,
        };
        self.of_finding(frame, finding, chance, out);
    }

    /// A sentence about a finding, with one of the terms of its concept.
    fn of_finding(&mut self, frame: usize, finding: &Finding, chance: &mut Chance, out: &mut String) {
        let data = self.data;
        self.repaired = finding.repaired;
        self.side = finding.side;
        if let Some(term) = data.concepts.term(finding.concept, finding.excluded, chance) {
            self.sentence(frame, &[term], chance, out);
        }
        self.side = usize::MAX;
    }

    /// What this document can say of a finding, if anything.
    fn status(&self, finding: &Finding, chance: &mut Chance) -> Option<Status> {
        let condition = &self.data.conditions[finding.condition];
        let (plan, kinds) = (self.plan, self.kinds);
        if plan.family.is_some_and(|family| family != condition.family) {
            return None;
        }
        if plan.kind == kinds.genetics_prenatal && condition.family != kinds.genetic_family {
            return None;
        }
        if plan.kind == kinds.fetopathology {
            return Some(Status::Present);
        }
        if plan.kind == kinds.delivery || plan.day < self.delivery.birth() {
            return self.status_before(finding);
        }
        if plan.kind == kinds.topfa {
            return self.status_before(finding).map(|_| Status::Present);
        }
        if finding.excluded {
            let is_left_out = plan.kind == kinds.newborn && chance.happens(0.4);
            return (!is_left_out).then_some(Status::Excluded);
        }
        if plan.day < finding.from {
            return None;
        }
        let is_repaired = finding.repaired.is_some_and(|day| day < plan.day);
        Some(if is_repaired && plan.kind != kinds.surgery { Status::Repaired } else { Status::Present })
    }

    fn status_before(&self, finding: &Finding) -> Option<Status> {
        let day = self.plan.day;
        finding.seen.filter(|seen| *seen <= day)?;
        let is_proven = match finding.seen {
            Some(seen) if self.is_genetic(finding) => day >= seen + GENETICS_DELAY,
            _ => finding.proven <= day,
        } && !finding.excluded;
        Some(if is_proven { Status::Present } else { Status::Suspected })
    }

    fn is_genetic(&self, finding: &Finding) -> bool {
        self.data.conditions[finding.condition].family == self.kinds.genetic_family
    }

    /// A chromosome is not seen by a scan: signs are, and a sample tells.
    fn is_marker(&self, finding: &Finding) -> bool {
        let class = self.data.conditions[finding.condition].class;
        class == Class::Chromosomal && self.plan.day < self.delivery.birth()
    }

    fn has_markers(&self) -> bool {
        let findings = self.children().flat_map(|(_, child)| &child.findings);
        findings.into_iter().any(|f| self.is_marker(f) && f.seen == Some(self.plan.day))
    }

    fn denials(&mut self, blocks: &mut Blocks, chance: &mut Chance) {
        let data = self.data;
        let allowed: Vec<usize> = data.kinds[self.plan.kind]
            .denials
            .iter()
            .filter(|denial| self.can_deny(denial))
            .map(|denial| denial.concept)
            .collect();
        if allowed.is_empty() {
            return;
        }
        let count = chance.between(2, 4).min(allowed.len() as i32);
        for _ in 0..count {
            let start = chance.below(allowed.len());
            let term = |at: usize, chance: &mut Chance| {
                data.concepts.term(allowed[(start + at) % allowed.len()], true, chance)
            };
            let terms: Vec<&Term> = (0..3).filter_map(|at| term(at, chance)).collect();
            let mut sentence = String::new();
            self.sentence(self.writer.named.absent, &terms, chance, &mut sentence);
            let block = &mut blocks.blocks[Block::Denials as usize];
            if !block.contains(&sentence) {
                join(block, &sentence);
            }
        }
    }

    /// True when no child of the document has, or was thought to have, something of that family.
    fn can_deny(&self, denial: &super::data::Denial) -> bool {
        let is_before = self.plan.day < self.delivery.birth();
        let forbids = |finding: &Finding| {
            let known = !is_before || finding.seen.is_some_and(|seen| seen <= self.plan.day);
            let family = self.data.conditions[finding.condition].family;
            known && denial.family.is_none_or(|f| f == family) && !denial.beside.contains(&finding.condition)
        };
        let fits = |child: &Child| denial.sex == ' ' || (denial.sex == 'F') == child.is_girl;
        let concerns = self.plan.family.is_none_or(|family| denial.family == Some(family));
        concerns && self.children().all(|(_, child)| fits(child) && !child.findings.iter().any(forbids))
    }

    /// What is copied forward from earlier documents.
    fn history(&mut self, blocks: &mut Blocks, chance: &mut Chance) {
        let Some(number) = self.plan.child else { return };
        if self.plan.day <= self.delivery.birth() + 3 {
            return;
        }
        let delivery = self.delivery;
        for finding in &delivery.children[number].findings {
            if finding.excluded || finding.seen.is_none() || !chance.happens(0.5) {
                continue;
            }
            let is_repaired = finding.repaired.is_some_and(|day| day < self.plan.day);
            let named = &self.writer.named;
            let frame = if is_repaired { named.repaired } else { named.history };
            let mut sentence = String::new();
            self.of_finding(frame, finding, chance, &mut sentence);
            join(&mut blocks.blocks[Block::History as usize], &sentence);
        }
    }

    /// The sentence of the trap, in the documents that carry it.
    fn trap(&mut self, blocks: &mut Blocks, chance: &mut Chance) {
        let data = self.data;
        let Some((trap, condition)) = self.delivery.trap else { return };
        let trap = &data.traps[trap];
        if !(trap.documents.contains(&self.plan.kind) || trap.extra == Some(self.plan.kind)) {
            return;
        }
        let mut terms: Vec<&Term> = Vec::new();
        for at in 0..2 {
            let number = if at == 0 { Some(&condition) } else { chance.pick(&trap.conditions) };
            let concept = number.and_then(|n| chance.pick(&data.conditions[*n].concepts));
            terms.extend(concept.and_then(|c| chance.pick(&data.concepts.all[*c].terms)));
        }
        let out = &mut blocks.blocks[trap.block as usize];
        self.sentence(trap.frame, &terms, chance, out);
    }

    fn twin(&mut self, blocks: &mut Blocks, chance: &mut Chance) {
        let Some((number, child)) = self.children().next().filter(|_| self.plan.child.is_some()) else {
            return;
        };
        if child.rank == 0 {
            return;
        }
        let mut out = String::new();
        self.twin_label(child, chance, &mut out);
        out.push('.');
        let delivery = self.delivery;
        let other = &delivery.children[1 - number.min(1)];
        let data = self.data;
        let major = |f: &&Finding| !f.excluded && data.conditions[f.condition].class.is_major();
        if let Some(finding) = other.findings.iter().find(major).filter(|f| f.from <= self.plan.day) {
            let mut sentence = String::new();
            self.of_finding(self.writer.named.co_twin, finding, chance, &mut sentence);
            join(&mut out, &sentence);
        }
        blocks.blocks[Block::Twin as usize] = out;
    }

    fn twin_label(&self, child: &Child, chance: &mut Chance, out: &mut String) {
        let label = chance.pick(&self.data.values.twin).map_or("", |s| s);
        out.push_str(&label.replace("{n}", &child.rank.to_string()));
    }

    // ------------------------------------------------------------ sentences

    /// 0 for a fetus, 1 for a child.
    fn phase(&self) -> usize {
        usize::from(self.delivery.outcome == Outcome::Live && self.plan.day >= self.delivery.birth())
    }

    /// A sentence of a kind that suits the register and the phase, with these terms.
    fn sentence(&mut self, frame: usize, terms: &[&Term], chance: &mut Chance, out: &mut String) {
        let phase = self.phase();
        let frames = &self.data.frames.of[frame][self.text.register * 2 + phase];
        if let Some(number) = chance.pick(frames) {
            self.template(*number, terms, chance, out);
        }
    }

    fn phrase(&mut self, phrase: usize, chance: &mut Chance, out: &mut String) {
        let data = self.data;
        if let Some(number) = chance.pick(&data.phrases[phrase]) {
            self.template(*number, &[], chance, out);
        }
    }

    fn template(&mut self, number: usize, terms: &[&Term], chance: &mut Chance, out: &mut String) {
        self.writer.used[number].store(true, Ordering::Relaxed);
        let data = self.data;
        for part in &data.templates[number].parts {
            self.part(part, terms, None, chance, out);
        }
    }

    fn part(
        &mut self,
        part: &Part,
        terms: &[&Term],
        blocks: Option<&Blocks>,
        chance: &mut Chance,
        out: &mut String,
    ) {
        let slot = match part {
            Part::Text(text) => return out.push_str(text),
            Part::Slot(slot) => slot,
        };
        match *slot {
            Slot::Term(which, form, capital) => self.term(terms, which, form, capital, out),
            Slot::Ending => {
                if let Some(term) = terms.first() {
                    out.push_str(self.data.concepts.ending(term));
                }
            }
            Slot::Value(value) => self.value(value, chance, out),
            Slot::Phrase(phrase) => self.phrase(phrase, chance, out),
            Slot::Block(block) => out.push_str(blocks.map_or("", |b| &b.blocks[block as usize])),
            Slot::Organ(family) => self.organ(family, blocks, chance, out),
        }
    }

    fn term(&self, terms: &[&Term], which: usize, form: Form, capital: bool, out: &mut String) {
        if let Some(term) = terms.get(which).or(terms.first()) {
            self.data.concepts.write(term, form, capital, out);
        }
    }

    fn organ(&mut self, family: usize, blocks: Option<&Blocks>, chance: &mut Chance, out: &mut String) {
        let said = blocks.map_or("", |b| &b.organs[family]);
        if !said.is_empty() {
            return out.push_str(said);
        }
        let phase = self.phase();
        let normal = self.data.families[family].normal;
        if let Some(phrase) = normal[phase].or(normal[1 - phase]) {
            self.phrase(phrase, chance, out);
        }
    }

    /// One line; a line that has nothing to say is left out.
    fn line(&mut self, line: &Line, blocks: &Blocks, chance: &mut Chance, out: &mut String) {
        if let Some((block, wanted)) = line.condition {
            let says = match block {
                Block::Findings => blocks.has_findings,
                _ => !blocks.blocks[block as usize].is_empty(),
            };
            if says != wanted {
                return;
            }
        }
        let start = out.len();
        for part in &line.parts {
            self.part(part, &[], Some(blocks), chance, out);
        }
        while out.len() > start && out.ends_with(' ') {
            out.pop();
        }
        if out.len() > start || line.parts.is_empty() {
            out.push('\n');
        }
    }

    // ------------------------------------------------------------ values

    fn value(&mut self, value: Value, chance: &mut Chance, out: &mut String) {
        let delivery = self.delivery;
        let day = self.plan.day;
        let gestation = day.min(delivery.birth()) - delivery.start;
        let weeks = f64::from(gestation) / 7.0;
        let mut number = |low: i32, high: i32| chance.between(low, high);
        let written: i32 = match value {
            Value::Ac => (weeks * 8.6 - 18.0) as i32 + number(-8, 8),
            Value::Bpd => (weeks * 2.45 - 4.0) as i32 + number(-2, 2),
            Value::Carrefour => number(5, 8),
            Value::Cerebellum => weeks as i32 + number(-1, 1),
            Value::Cistern => number(35, 70),
            Value::Crl => ((weeks - 12.0) * 14.0 + 55.0) as i32 + number(-4, 4),
            Value::Fl => (weeks * 1.9 - 5.0) as i32 + number(-2, 2),
            Value::Hc => (weeks * 9.0 - 8.0) as i32 + number(-8, 8),
            Value::HeartRate => number(125, 165),
            Value::Blood => 50 * number(3, 9),
            Value::MaternalAge => delivery.maternal_age,
            Value::MaternalWeight => number(50, 92),
            Value::Kidney => number(2, 4),
            Value::RiskNumber => number(900, 9800),
            Value::WeightFetal => weight(gestation) + number(-200, 200),
            Value::Weight => self.child().weight,
            Value::WeightNow => {
                let age = day - delivery.birth();
                self.child().weight + age * if age < 120 { 27 } else { 21 }
            }
            _ => return self.text_value(value, gestation, chance, out),
        };
        let _ = write!(out, "{written}");
    }

    fn text_value(&mut self, value: Value, gestation: i32, chance: &mut Chance, out: &mut String) {
        let (delivery, values) = (self.delivery, &self.data.values);
        let child = self.child();
        let by_sex = |list: &'a [String]| list.get(usize::from(child.is_girl)).map_or("", |s| s);
        match value {
            Value::Age => self.age(chance, out),
            Value::Score => {
                let _ = write!(out, "{}/10", chance.between(8, 10));
            }
            Value::BirthDate => self.date(delivery.birth(), chance, out),
            Value::BloodPressure => {
                let _ = write!(out, "{}/{}", chance.between(10, 13), chance.between(6, 8));
            }
            Value::ConceptionDate => self.date(delivery.conception(), chance, out),
            Value::Date => self.date(self.plan.day, chance, out),
            Value::DueDate => self.date(delivery.start + 287, chance, out),
            Value::Exam => out.push_str(self.family(|f| &f.exam)),
            Value::OfSpecialty => {
                let specialty = self.family(|f| &f.specialty);
                self.data.concepts.write_of(specialty, &values.vowels, out);
            }
            Value::ThisChild => out.push_str(by_sex(&values.this_child)),
            Value::ThisChildCapital => {
                let start = out.len();
                out.push_str(by_sex(&values.this_child));
                capitalize(out, start);
            }
            Value::Specialty => out.push_str(self.family(|f| &f.specialty)),
            Value::F => out.push_str(if child.is_girl { &values.girl_ending } else { "" }),
            Value::Ga => self.weeks(gestation, chance, out),
            Value::GaBirth => self.weeks(delivery.gestation, chance, out),
            Value::Head => decimal(out, 340 - (280 - delivery.gestation) + chance.between(-12, 12)),
            Value::Length => decimal(out, 500 - 2 * (280 - delivery.gestation) + chance.between(-15, 15)),
            Value::Nt if self.has_markers() => decimal(out, chance.between(36, 65)),
            Value::Nt => decimal(out, chance.between(8, 23)),
            Value::Parity => {
                let text = chance.pick(&values.parity).map_or("", |s| s);
                let children = delivery.pregnancies - 1;
                let text = text.replace("{g}", &delivery.pregnancies.to_string());
                out.push_str(&text.replace("{p}", &children.to_string()));
            }
            Value::Pronoun => {
                let start = out.len();
                out.push_str(by_sex(&values.pronoun));
                capitalize(out, start);
            }
            Value::RepairDate => self.date(self.repaired.unwrap_or(self.plan.day), chance, out),
            Value::Sex => {
                let words = if child.is_girl { &values.girl } else { &values.boy };
                out.push_str(words.last().map_or("", |s| s));
            }
            Value::Side => out.push_str(values.sides.get(self.side).map_or("", |s| s)),
            _ => {}
        }
    }

    /// The child of the document, or the first one.
    fn child(&self) -> &'a Child {
        let children = &self.delivery.children;
        children.get(self.plan.child.unwrap_or(0)).unwrap_or(&children[0])
    }

    fn family(&self, of: impl Fn(&'a super::data::Family) -> &'a String) -> &'a str {
        let family = self.plan.family.unwrap_or(self.data.families.len() - 1);
        of(&self.data.families[family])
    }

    fn date(&self, day: i32, chance: &mut Chance, out: &mut String) {
        let (year, month, day) = civil(day);
        let _ = match chance.below(10) {
            0..=5 => write!(out, "{day:02}/{month:02}/{year}"),
            6 => write!(out, "{day:02}.{month:02}.{year}"),
            _ => {
                let name = self.data.values.months.get(month as usize - 1).map_or("", |s| s);
                write!(out, "{day} {name} {year}")
            }
        };
    }

    fn weeks(&self, days: i32, chance: &mut Chance, out: &mut String) {
        let values = &self.data.values;
        let forms = match days % 7 {
            0 => &values.week_whole,
            1 => &values.week_one,
            _ => &values.week,
        };
        let text = chance.pick(forms).map_or("", |s| s);
        let text = text.replace("{w}", &(days / 7).to_string()).replace("{d}", &(days % 7).to_string());
        out.push_str(&text);
    }

    fn age(&self, chance: &mut Chance, out: &mut String) {
        let days = self.plan.day - self.delivery.birth();
        let values = &self.data.values;
        let (forms, count) = if days < 31 { (&values.age_day, days) } else { (&values.age_month, days / 30) };
        let text = chance.pick(forms).map_or("", |s| s);
        out.push_str(&text.replace("{n}", &count.max(1).to_string()));
    }
}

/// Tenths with a decimal comma.
fn decimal(out: &mut String, tenths: i32) {
    let _ = write!(out, "{},{}", tenths / 10, tenths % 10);
}

/// Adds a sentence after a space.
fn join(out: &mut String, sentence: &str) {
    if !out.is_empty() && !sentence.is_empty() {
        out.push(' ');
    }
    out.push_str(sentence);
}

/// Makes the letter at `start` a capital.
pub(super) fn capitalize(out: &mut String, start: usize) {
    let Some(first) = out[start..].chars().next() else { return };
    if !first.is_uppercase() {
        let upper: String = first.to_uppercase().collect();
        out.replace_range(start..start + first.len_utf8(), &upper);
    }
}

/// Capitals without accents.
fn capitals(text: &str) -> String {
    use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
    let plain = text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_uppercase);
    plain.flat_map(|c| if c == 'Œ' { ['O', 'E'] } else { [c, '\0'] }).filter(|c| *c != '\0').collect()
}
