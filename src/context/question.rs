//! What a model is asked about a mention: the words it reads, what the rules said of it, and why they may be wrong.

use super::record::Record;
use super::{Decisions, Owner, Reader};
use crate::event::{Assertion, Experiencer, Temporality};
use crate::lexicon::Category;
use crate::mention::Mention;
use crate::segment::{Span, TokenRange};

/// Longest sentence, in tokens, that is read whole; of a longer one the neighbourhood of the mention is.
const LONGEST_SENTENCE: u32 = 64;
/// Tokens read on each side of a mention in a longer sentence.
const NEIGHBOURS: (u32, u32) = (40, 24);
/// Tokens read before and after the sentence: who is spoken of is often said there.
const AROUND: (u32, u32) = (24, 6);
/// How many tokens before a sentence a person is looked for that it may still speak of.
const PERSON_WITHIN: u32 = 24;
/// How many tokens away a cue may stand to be a reason to doubt: bounds the work on a text without sentence ends.
const NEAR: u32 = 120;
/// From how many tokens on a cue is far from its mention.
const FAR: u32 = 6;

/// A question about one mention.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The words to read, in original bytes; mentions of one short sentence share them.
    pub window: Span,
    /// The title of the section, in original bytes.
    pub title: Option<Span>,
    /// The mention, in original bytes, inside the window.
    pub mention: Span,
    /// What is known of it besides its words.
    pub facts: Facts,
}

/// What the rules know of a mention, each fact yes or no, in the order of `NAMES`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts(u64);

macro_rules! facts {
    ($($name:ident = $text:literal),+ $(,)?) => {
        #[derive(Clone, Copy)]
        enum Fact { $($name),+ }

        impl Facts {
            /// The names of the facts: a model names those it was trained with.
            pub const NAMES: &'static [&'static str] = &[$($text),+];
        }
    };
}

facts! {
    Present = "present", Absent = "absent", Possible = "possible", Hypothetical = "hypothetical",
    NotAssessed = "not_assessed",
    Patient = "patient", Fetus = "fetus", Mother = "mother", Father = "father", Sibling = "sibling",
    Family = "family", Other = "other",
    Current = "current", Past = "past", Planned = "planned",
    AssertionSaid = "assertion_said", PersonSaid = "person_said", TimeSaid = "time_said",
    Congenital = "congenital", Maternal = "maternal", Obstetric = "obstetric", Fetal = "fetal",
    Lasting = "lasting",
    RecordOfWoman = "record_of_woman", RecordOfChild = "record_of_child",
    AssertionsConflict = "assertions_conflict", AssertionUnused = "assertion_unused",
    AssertionFar = "assertion_far", AssertionOfHeader = "assertion_of_header",
    GeneralInformation = "general_information",
    PersonsConflict = "persons_conflict", PersonUnused = "person_unused", PersonBefore = "person_before",
    TimesConflict = "times_conflict", TimeUnused = "time_unused", LongAgo = "long_ago",
    HistorySection = "history_section", SectionOfPerson = "section_of_person",
}

impl Facts {
    /// The facts that hold, as numbers in the order of `NAMES`.
    pub fn values(self) -> impl Iterator<Item = bool> {
        (0..Self::NAMES.len()).map(move |i| self.0 >> i & 1 == 1)
    }

    /// Whose record the report is: `woman`, `child` or `unknown`.
    pub fn record(self) -> &'static str {
        let holds = |fact: Fact| self.0 >> fact as u64 & 1 == 1;
        match (holds(Fact::RecordOfWoman), holds(Fact::RecordOfChild)) {
            (true, _) => "woman",
            (_, true) => "child",
            _ => "unknown",
        }
    }

    fn set(&mut self, fact: Fact, holds: bool) {
        self.0 |= u64::from(holds) << fact as u64;
    }
}

impl Reader<'_, '_> {
    /// The question to ask about a mention, with what the rules made of it.
    pub(super) fn question(&self, mention: &Mention, decided: &Decisions) -> Question {
        let section = self.segmented.section_of(mention.tokens.start as usize);
        Question {
            window: self.segmented.span(self.window(mention)),
            title: section.map(|s| self.segmented.span(s.title)),
            mention: mention.span,
            facts: self.facts(mention, decided),
        }
    }

    /// The tokens to read: the sentence or a part of it, with what stands around it.
    fn window(&self, mention: &Mention) -> TokenRange {
        let sentence = self.segmented.sentence_of(mention.tokens.start as usize);
        let (before, after) = NEIGHBOURS;
        let core = match sentence.end - sentence.start <= LONGEST_SENTENCE {
            true => sentence,
            false => TokenRange {
                start: sentence.start.max(mention.tokens.start.saturating_sub(before)),
                end: sentence.end.min(mention.tokens.end.saturating_add(after)),
            },
        };
        let last = self.segmented.tokens.len() as u32;
        let (before, after) = AROUND;
        TokenRange {
            start: core.start.min(mention.tokens.start).saturating_sub(before),
            end: core.end.max(mention.tokens.end).saturating_add(after).min(last),
        }
    }

    fn facts(&self, mention: &Mention, decided: &Decisions) -> Facts {
        let mut facts = Facts::default();
        self.verdict_facts(&mut facts, decided);
        self.record_facts(&mut facts, decided);
        self.doubts(&mut facts, mention, decided);
        facts
    }

    fn verdict_facts(&self, facts: &mut Facts, decided: &Decisions) {
        facts.set(
            match decided.assertion.value.0 {
                Assertion::Present => Fact::Present,
                Assertion::Absent => Fact::Absent,
                Assertion::Possible => Fact::Possible,
                Assertion::Hypothetical => Fact::Hypothetical,
                Assertion::NotAssessed => Fact::NotAssessed,
            },
            true,
        );
        facts.set(
            match decided.person.value.0 {
                Experiencer::Patient => Fact::Patient,
                Experiencer::Fetus => Fact::Fetus,
                Experiencer::Mother => Fact::Mother,
                Experiencer::Father => Fact::Father,
                Experiencer::Sibling => Fact::Sibling,
                Experiencer::Family => Fact::Family,
                Experiencer::Other => Fact::Other,
            },
            true,
        );
        facts.set(
            match decided.time.value {
                Temporality::Current => Fact::Current,
                Temporality::Past => Fact::Past,
                Temporality::Planned => Fact::Planned,
            },
            true,
        );
        facts.set(Fact::AssertionSaid, !decided.assertion.cues.is_empty());
        facts.set(Fact::PersonSaid, !decided.person.cues.is_empty());
        facts.set(Fact::TimeSaid, !decided.time.cues.is_empty());
    }

    fn record_facts(&self, facts: &mut Facts, decided: &Decisions) {
        facts.set(Fact::Congenital, decided.nature.owner == Owner::Congenital);
        facts.set(Fact::Maternal, decided.nature.owner == Owner::Maternal);
        facts.set(Fact::Obstetric, decided.nature.owner == Owner::Obstetric);
        facts.set(Fact::Fetal, decided.nature.owner == Owner::Fetal);
        facts.set(Fact::Lasting, decided.nature.lasting);
        facts.set(Fact::RecordOfWoman, self.record == Record::Woman);
        facts.set(Fact::RecordOfChild, self.record == Record::Child);
        facts.set(Fact::LongAgo, decided.is_long_ago);
        let section = decided.section;
        let informs = self.profile.is_hypothetical || section.is_some_and(|s| s.is_hypothetical);
        facts.set(Fact::GeneralInformation, informs);
        facts.set(Fact::HistorySection, section.is_some_and(|s| s.is_history));
        facts.set(Fact::SectionOfPerson, section.is_some_and(|s| s.subject.is_some()));
    }

    /// Reasons to doubt: cues that conflict, that stand near without governing, that govern from far.
    fn doubts(&self, facts: &mut Facts, mention: &Mention, decided: &Decisions) {
        let governing = &decided.governing.cues;
        let kinds = |of: fn(Category) -> Option<u8>| {
            let mut kinds: Vec<u8> = governing.iter().filter_map(|g| of(self.cue(g.cue).category)).collect();
            kinds.sort_unstable();
            kinds.dedup();
            kinds.len()
        };
        facts.set(Fact::AssertionsConflict, kinds(assertion) > 1);
        facts.set(Fact::PersonsConflict, kinds(person) > 1);
        facts.set(Fact::TimesConflict, kinds(time) > 1);
        let deciding = |g: &&super::scope::Governor| decided.assertion.cues.contains(&g.cue);
        facts.set(Fact::AssertionFar, governing.iter().filter(deciding).any(|g| g.distance >= FAR));
        facts.set(Fact::AssertionOfHeader, governing.iter().filter(deciding).any(|g| g.is_header));
        let sentence = self.segmented.sentence_of(mention.tokens.start as usize);
        let from =
            sentence.start.saturating_sub(PERSON_WITHIN).max(mention.tokens.start.saturating_sub(NEAR));
        let to = sentence.end.min(mention.tokens.end.saturating_add(NEAR));
        let first = self.cues.partition_point(|c| c.tokens.start < from);
        for (index, found) in self.cues.iter().enumerate().skip(first) {
            if found.tokens.start >= to {
                break;
            }
            if found.is_part || governing.iter().any(|g| g.cue == index) {
                continue;
            }
            let category = self.cue(index).category;
            if found.tokens.start < sentence.start {
                facts.set(Fact::PersonBefore, person(category).is_some());
                continue;
            }
            facts.set(Fact::AssertionUnused, assertion(category).is_some());
            facts.set(Fact::PersonUnused, person(category).is_some());
            facts.set(Fact::TimeUnused, time(category).is_some());
        }
    }
}

fn assertion(category: Category) -> Option<u8> {
    Some(match category {
        Category::Present => 0,
        Category::Negation => 1,
        Category::Possible => 2,
        Category::Hypothetical => 3,
        Category::NotAssessed => 4,
        _ => return None,
    })
}

fn person(category: Category) -> Option<u8> {
    super::person::person(category).map(|who| who as u8)
}

fn time(category: Category) -> Option<u8> {
    Some(match category {
        Category::Current => 0,
        Category::Past => 1,
        Category::Planned => 2,
        Category::History => 3,
        _ => return None,
    })
}
