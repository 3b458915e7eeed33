//! Judges a reading by a truth, counts, and makes precision, recall, F1 and accuracy of the counts.

use super::gold::Truth;
use super::{Found, Judged};
use crate::event::{Assertion, Experiencer, Temporality};
use std::ops::AddAssign;

/// What is measured: six questions answered yes or no, five attributes by value, and all attributes together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Assertion `absent`.
    Negation,
    /// Assertion `possible`, `hypothetical` or `not_assessed`.
    Doubt,
    /// Temporality `past`.
    Past,
    /// Experiencer `fetus`.
    Fetus,
    /// Experiencer a relative by blood.
    Relative,
    /// Experiencer `other`.
    Other,
    /// The assertion, by value.
    Assertion,
    /// The experiencer, by value.
    Experiencer,
    /// The temporality, by value.
    Temporality,
    /// Which fetus.
    FetusIndex,
    /// What the whole report concludes, by value.
    Conclusion,
    /// Every attribute that has a truth.
    All,
}

impl Measure {
    /// Every measure, in the order of the tables.
    pub const EACH: [Measure; 12] = [
        Measure::Negation,
        Measure::Doubt,
        Measure::Past,
        Measure::Fetus,
        Measure::Relative,
        Measure::Other,
        Measure::Assertion,
        Measure::Experiencer,
        Measure::Temporality,
        Measure::FetusIndex,
        Measure::Conclusion,
        Measure::All,
    ];

    /// Its name on the command line and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Measure::Negation => "negation",
            Measure::Doubt => "doubt",
            Measure::Past => "past",
            Measure::Fetus => "fetus",
            Measure::Relative => "relative",
            Measure::Other => "other",
            Measure::Assertion => "assertion",
            Measure::Experiencer => "experiencer",
            Measure::Temporality => "temporality",
            Measure::FetusIndex => "fetus_index",
            Measure::Conclusion => "conclusion",
            Measure::All => "all",
        }
    }

    /// The measure of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::EACH.into_iter().find(|measure| measure.as_str() == name)
    }

    /// True for a question answered yes or no, which has precision, recall and F1; the others have an accuracy.
    pub fn is_binary(self) -> bool {
        self < Measure::Assertion
    }

    /// F1 of a question, accuracy of an attribute; `None` when it is not defined.
    pub fn value(self, counts: Counts) -> Option<f64> {
        if self.is_binary() { counts.f1() } else { counts.accuracy() }
    }
}

/// How one reading of one mention stands to its truth. Of an accuracy, right is `Tp` and wrong is `Fn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Rightly yes.
    Tp,
    /// Wrongly yes.
    Fp,
    /// Wrongly no.
    Fn,
    /// Rightly no.
    Tn,
}

impl Verdict {
    /// True for a reading that the truth does not accept.
    pub fn is_wrong(self) -> bool {
        matches!(self, Verdict::Fp | Verdict::Fn)
    }
}

/// How a truth answers a question: every accepted value says yes, every one says no, or they differ.
#[derive(Clone, Copy)]
enum Answer {
    Yes,
    No,
    Either,
}

impl Answer {
    /// The answer of a list of accepted values; none when the list is empty.
    fn of<T: Copy>(accepted: &[T], is_yes: fn(T) -> bool) -> Option<Self> {
        let yes = accepted.iter().filter(|value| is_yes(**value)).count();
        match (accepted.len(), yes) {
            (0, _) => None,
            (_, 0) => Some(Answer::No),
            (all, yes) if all == yes => Some(Answer::Yes),
            _ => Some(Answer::Either),
        }
    }

    fn or(accepted: Option<Self>, boolean: Option<bool>) -> Option<Self> {
        accepted.or(boolean.map(|yes| if yes { Answer::Yes } else { Answer::No }))
    }

    fn verdict(self, found: bool) -> Verdict {
        match (self, found) {
            (Answer::Yes | Answer::Either, true) => Verdict::Tp,
            (Answer::No, true) => Verdict::Fp,
            (Answer::Yes, false) => Verdict::Fn,
            (Answer::No | Answer::Either, false) => Verdict::Tn,
        }
    }
}

fn is_negated(assertion: Assertion) -> bool {
    assertion == Assertion::Absent
}

fn is_doubtful(assertion: Assertion) -> bool {
    matches!(assertion, Assertion::Possible | Assertion::Hypothetical | Assertion::NotAssessed)
}

fn is_past(temporality: Temporality) -> bool {
    temporality == Temporality::Past
}

fn is_fetus(experiencer: Experiencer) -> bool {
    experiencer == Experiencer::Fetus
}

fn is_relative(experiencer: Experiencer) -> bool {
    !matches!(experiencer, Experiencer::Patient | Experiencer::Fetus | Experiencer::Other)
}

fn is_other(experiencer: Experiencer) -> bool {
    experiencer == Experiencer::Other
}

/// What a measure says of one reading; `None` when the truth says nothing of it.
///
/// An accepted value is right. A question is `yes` when every accepted value says yes, `no` when every one says no;
/// where they differ the reading is taken as right. A boolean of the truth counts where the attribute itself has none.
pub fn judge(measure: Measure, truth: &Truth, found: &Found) -> Option<Verdict> {
    let reading = &found.reading;
    let (assertion, person, time) = (reading.assertion, reading.experiencer, reading.temporality);
    let ask = |answer: Option<Answer>, found: bool| answer.map(|answer| answer.verdict(found));
    let who = |is_yes: fn(Experiencer) -> bool| Answer::of(&truth.experiencer, is_yes);
    let what = |is_yes: fn(Assertion) -> bool| Answer::of(&truth.assertion, is_yes);
    match measure {
        Measure::Negation => ask(Answer::or(what(is_negated), truth.negated), is_negated(assertion)),
        Measure::Doubt => ask(Answer::or(what(is_doubtful), truth.hypothetical), is_doubtful(assertion)),
        Measure::Past => {
            ask(Answer::or(Answer::of(&truth.temporality, is_past), truth.historical), is_past(time))
        }
        Measure::Fetus => ask(who(is_fetus), is_fetus(person)),
        Measure::Relative => ask(Answer::or(who(is_relative), truth.family), is_relative(person)),
        Measure::Other => ask(who(is_other), is_other(person)),
        Measure::Assertion => among(&truth.assertion, assertion),
        Measure::Experiencer => among(&truth.experiencer, person),
        Measure::Temporality => among(&truth.temporality, time),
        Measure::FetusIndex => among(&truth.fetus_index, reading.fetus_index),
        Measure::Conclusion => among(&truth.conclusion, found.conclusion),
        Measure::All => all(truth, found),
    }
}

fn among<T: PartialEq>(accepted: &[T], found: T) -> Option<Verdict> {
    let verdict = if accepted.contains(&found) { Verdict::Tp } else { Verdict::Fn };
    (!accepted.is_empty()).then_some(verdict)
}

/// Right when no other measure is wrong: a right value gives right answers to its questions.
fn all(truth: &Truth, found: &Found) -> Option<Verdict> {
    let others = Measure::EACH.into_iter().filter(|m| *m != Measure::All);
    let verdicts: Vec<Verdict> = others.filter_map(|m| judge(m, truth, found)).collect();
    let verdict = if verdicts.iter().any(|v| v.is_wrong()) { Verdict::Fn } else { Verdict::Tp };
    (!verdicts.is_empty()).then_some(verdict)
}

/// Verdicts, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rightly yes, or right.
    pub tp: u64,
    /// Wrongly yes.
    pub fp: u64,
    /// Wrongly no, or wrong.
    pub fn_: u64,
    /// Rightly no.
    pub tn: u64,
}

impl Counts {
    /// Adds one verdict.
    pub fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Tp => self.tp += 1,
            Verdict::Fp => self.fp += 1,
            Verdict::Fn => self.fn_ += 1,
            Verdict::Tn => self.tn += 1,
        }
    }

    /// Mentions judged.
    pub fn n(self) -> u64 {
        self.tp + self.fp + self.fn_ + self.tn
    }

    /// Mentions that are truly yes.
    pub fn support(self) -> u64 {
        self.tp + self.fn_
    }

    /// Share of the found that are true; `None` when none is found.
    pub fn precision(self) -> Option<f64> {
        ratio(self.tp, self.tp + self.fp)
    }

    /// Share of the true that are found; `None` when none is true.
    pub fn recall(self) -> Option<f64> {
        ratio(self.tp, self.tp + self.fn_)
    }

    /// Harmonic mean of both; `None` when none is true and none is found.
    pub fn f1(self) -> Option<f64> {
        ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn_)
    }

    /// Share of the mentions that are right; `None` when there is none.
    pub fn accuracy(self) -> Option<f64> {
        ratio(self.tp + self.tn, self.n())
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.tp += other.tp;
        self.fp += other.fp;
        self.fn_ += other.fn_;
        self.tn += other.tn;
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The counts of every measure over some mentions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally([Counts; Measure::EACH.len()]);

impl Tally {
    /// Counts over these mentions.
    pub fn of<'g>(judged: impl IntoIterator<Item = &'g Judged<'g>>) -> Self {
        let mut tally = Self::default();
        judged.into_iter().for_each(|one| tally.add(one));
        tally
    }

    /// Counts each document apart, in the order of the documents.
    pub fn by_document(judged: &[Judged]) -> Vec<Self> {
        let of_document = |a: &Judged, b: &Judged| a.document == b.document;
        judged.chunk_by(of_document).map(Self::of).collect()
    }

    /// The counts of one measure.
    pub fn counts(&self, measure: Measure) -> Counts {
        self.0[measure as usize]
    }

    fn add(&mut self, one: &Judged) {
        for measure in Measure::EACH {
            if let Some(verdict) = judge(measure, &one.mention.truth, one.found) {
                self.0[measure as usize].add(verdict);
            }
        }
    }
}

impl AddAssign<&Tally> for Tally {
    fn add_assign(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine += theirs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Reading;

    fn found(assertion: Assertion, experiencer: Experiencer) -> Found {
        let (fetus_index, temporality) = (None, Temporality::Current);
        let reading =
            Reading { assertion, certainty: 1.0, experiencer, fetus_index, temporality, cues: Vec::new() };
        Found { reading, conclusion: assertion }
    }

    #[test]
    fn scores_are_those_computed_by_hand() {
        let counts = Counts { tp: 143, fp: 12, fn_: 11, tn: 1793 };
        let close = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() < 1e-4;
        assert!(close(counts.precision(), 0.9226) && close(counts.recall(), 0.9286));
        assert!(close(counts.f1(), 0.9256) && close(counts.accuracy(), 0.9883));
        assert_eq!((counts.n(), counts.support()), (1959, 154));
        let none = Counts { tn: 5, ..Counts::default() };
        assert_eq!((none.precision(), none.recall(), none.f1()), (None, None, None));
        let missed = Counts { fn_: 2, ..Counts::default() };
        assert_eq!((missed.precision(), missed.recall(), missed.f1()), (None, Some(0.0), Some(0.0)));
    }

    #[test]
    fn accepted_values_decide() {
        let truth = Truth {
            assertion: vec![Assertion::Present, Assertion::Hypothetical],
            experiencer: vec![Experiencer::Mother, Experiencer::Family],
            ..Truth::default()
        };
        let judge = |m, a, e| judge(m, &truth, &found(a, e));
        let (absent, present, doubt) = (Assertion::Absent, Assertion::Present, Assertion::Hypothetical);
        let (mother, patient) = (Experiencer::Mother, Experiencer::Patient);
        assert_eq!(judge(Measure::Negation, absent, mother), Some(Verdict::Fp));
        assert_eq!(judge(Measure::Doubt, doubt, mother), Some(Verdict::Tp));
        assert_eq!(judge(Measure::Doubt, present, mother), Some(Verdict::Tn));
        assert_eq!(judge(Measure::Relative, present, patient), Some(Verdict::Fn));
        assert_eq!(judge(Measure::Assertion, doubt, patient), Some(Verdict::Tp));
        assert_eq!(judge(Measure::All, doubt, mother), Some(Verdict::Tp));
        assert_eq!(judge(Measure::All, doubt, patient), Some(Verdict::Fn));
        assert_eq!(judge(Measure::Past, present, mother), None);
    }

    #[test]
    fn booleans_are_questions_without_a_value() {
        let truth = Truth { negated: Some(true), family: Some(false), ..Truth::default() };
        let found = found(Assertion::Absent, Experiencer::Father);
        assert_eq!(judge(Measure::Negation, &truth, &found), Some(Verdict::Tp));
        assert_eq!(judge(Measure::Relative, &truth, &found), Some(Verdict::Fp));
        assert_eq!(judge(Measure::Assertion, &truth, &found), None);
        assert_eq!(judge(Measure::All, &truth, &found), Some(Verdict::Fn));
        assert_eq!(judge(Measure::All, &Truth::default(), &found), None);
    }

    #[test]
    fn a_conclusion_is_judged_apart_from_the_words_around_the_mention() {
        let (possible, absent) = (Assertion::Possible, Assertion::Absent);
        let truth = Truth { assertion: vec![possible], conclusion: vec![absent], ..Truth::default() };
        let kept = found(possible, Experiencer::Patient);
        let settled = Found { conclusion: absent, ..kept.clone() };
        let verdicts =
            |found| [Measure::Assertion, Measure::Conclusion, Measure::All].map(|m| judge(m, &truth, found));
        assert_eq!(verdicts(&settled), [Some(Verdict::Tp); 3]);
        assert_eq!(verdicts(&kept), [Some(Verdict::Tp), Some(Verdict::Fn), Some(Verdict::Fn)]);
        assert_eq!(judge(Measure::Conclusion, &Truth::default(), &settled), None);
    }
}
