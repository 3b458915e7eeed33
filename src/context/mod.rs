//! Reads the context of each mention: assertion, certainty, experiencer, temporality, and the cues that decided.

mod assertion;
mod conclusion;
mod cue;
#[cfg(feature = "neural")]
mod judge;
mod mechanism;
mod person;
mod question;
mod record;
mod scope;
mod time;

pub use conclusion::{Statement, conclude};
#[cfg(feature = "neural")]
pub use judge::{About, Judge, Opinion, Sequence};
pub use mechanism::{Mechanism, Mechanisms};
pub use question::{Facts, Question};

use crate::event::{Assertion, Experiencer, Reading, Temporality};
use crate::lexicon::{Category, Cue, Direction, Effect, Lexicons, SectionKind, Subject};
use crate::mention::Mention;
use crate::segment::{Segmented, Span};
use cue::CueMatch;
use record::Record;
use scope::Governing;

/// What is known of a report besides its text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Profile {
    /// Whose the findings of this type of report are.
    pub subject: Subject,
    /// The record is a child's: the text may call the patient a fetus.
    pub is_child: bool,
    /// The report gives general information, not findings.
    pub is_hypothetical: bool,
}

/// What is known of a concept besides the text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nature {
    /// A history of it does not make it past.
    pub lasting: bool,
    /// It happens once, and is over when an obstetric history counts it.
    pub bygone: bool,
    /// Whose it is when nothing in the text says so.
    pub owner: Owner,
}

/// Whose a finding is by nature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Owner {
    /// No lexicon knows.
    #[default]
    Unknown,
    /// Present from birth: in an obstetric report it is the child's.
    Congenital,
    /// In an obstetric report it is the woman's.
    Maternal,
    /// The woman's who carries or carried the child, in every report.
    Obstetric,
    /// The child's before birth: the name of the finding says so.
    Fetal,
}

/// The cues of one report, ready to be asked about its mentions.
pub struct Reader<'s, 't> {
    segmented: &'s Segmented<'t>,
    lexicons: &'s Lexicons,
    profile: Profile,
    record: Record,
    mechanisms: Mechanisms,
    cues: Vec<CueMatch>,
    /// Indices of the cues that head a list or a section.
    headers: Vec<usize>,
}

/// The cues of a report, as (id, original span), in text order.
pub fn cues(segmented: &Segmented, lexicons: &Lexicons) -> Vec<(String, Span)> {
    let profile = Profile::default();
    let reader = Reader::new(segmented, lexicons, profile, Mechanisms::default());
    (0..reader.cues.len()).map(|i| reader.evidence(i)).collect()
}

/// One attribute of a reading with the cues that decided it.
struct Decided<T> {
    value: T,
    cues: Vec<usize>,
}

/// What the rules decided of a mention, and what they looked at.
struct Decisions<'r> {
    governing: Governing,
    section: Option<&'r SectionKind>,
    nature: Nature,
    is_long_ago: bool,
    assertion: Decided<(Assertion, f64)>,
    person: Decided<(Experiencer, Option<u8>)>,
    time: Decided<Temporality>,
}

impl<'s, 't> Reader<'s, 't> {
    /// Finds the cues of a report. Linear in its length.
    pub fn new(
        segmented: &'s Segmented<'t>,
        lexicons: &'s Lexicons,
        profile: Profile,
        mechanisms: Mechanisms,
    ) -> Self {
        let mut cues = cue::find(segmented, lexicons, mechanisms.has(Mechanism::Lookalikes));
        if mechanisms != Mechanisms::default() {
            cues.retain(|found| is_in_use(&lexicons.cues[found.cue as usize], mechanisms));
        }
        let record = Record::of(&profile, &cues, lexicons);
        if record != Record::Woman {
            cues.retain(|found| !matches!(lexicons.cues[found.cue as usize].effect, Effect::Twin(_)));
        }
        let subject = record::subject(&profile, record, &cues, lexicons);
        let profile = Profile { subject, ..profile };
        let heads = |found: &CueMatch| scope::is_header(segmented, &lexicons.cues[found.cue as usize], found);
        let headers =
            cues.iter().enumerate().filter(|(_, found)| heads(found)).map(|(index, _)| index).collect();
        Self { segmented, lexicons, profile, record, mechanisms, cues, headers }
    }

    /// Marks the cues that are words of a finding's name: they govern that finding alone, and end no list of findings.
    pub fn knowing(mut self, mentions: &[Mention]) -> Self {
        for mention in mentions.iter().filter(|mention| mention.fragments.is_empty()) {
            let name = mention.tokens;
            let from = self.cues.partition_point(|cue| cue.tokens.start < name.start);
            let inside = self.cues[from..].iter_mut().take_while(|cue| cue.tokens.start < name.end);
            for cue in inside.filter(|cue| cue.tokens.end <= name.end && cue.tokens != name) {
                cue.is_part = true;
            }
        }
        self
    }

    /// Reads the context of a mention. Looks at a bounded window of cues around it.
    ///
    /// `is_long_ago` says that the text dates the mention well before the report.
    pub fn read(&self, mention: &Mention, nature: Nature, is_long_ago: bool) -> Reading {
        self.reading(self.decide(mention, nature, is_long_ago))
    }

    /// As `read`, with the question that a model may be asked about the mention.
    pub fn read_and_ask(&self, mention: &Mention, nature: Nature, is_long_ago: bool) -> (Reading, Question) {
        let decided = self.decide(mention, nature, is_long_ago);
        let question = self.question(mention, &decided);
        (self.reading(decided), question)
    }

    fn decide(&self, mention: &Mention, nature: Nature, is_long_ago: bool) -> Decisions<'_> {
        let governing = scope::govern(self, mention);
        let section = self.section_kind(mention);
        let nature = self.nature_in_text(mention, nature);
        let assertion = assertion::decide(self, &governing, section);
        let person = person::decide(self, &governing, section, nature);
        let time = time::decide(self, &governing, section, nature, (assertion.value.0, &person), is_long_ago);
        Decisions { governing, section, nature, is_long_ago, assertion, person, time }
    }

    fn reading(&self, decided: Decisions) -> Reading {
        let Decisions { assertion, person, time, .. } = decided;
        let mut cues = [assertion.cues, person.cues, time.cues].concat();
        cues.sort_unstable();
        cues.dedup();
        Reading {
            assertion: assertion.value.0,
            certainty: assertion.value.1,
            experiencer: person.value.0,
            fetus_index: person.value.1,
            temporality: time.value,
            cues: cues.into_iter().map(|i| self.evidence(i)).collect(),
        }
    }

    /// The nature of a concept, corrected by the words of the mention that tell it.
    fn nature_in_text(&self, mention: &Mention, known: Nature) -> Nature {
        if !self.uses(Mechanism::Natures) {
            return Nature::default();
        }
        let from = self.cues.partition_point(|c| c.tokens.start < mention.tokens.start);
        let inside = self.cues[from..].iter().take_while(|c| c.tokens.start < mention.tokens.end);
        inside.fold(known, |nature, found| match self.lexicons.cues[found.cue as usize].effect {
            Effect::Maternal if known.owner == Owner::Unknown => Nature { owner: Owner::Maternal, ..nature },
            Effect::Obstetric => Nature { owner: Owner::Obstetric, ..nature },
            Effect::Congenital => Nature { owner: Owner::Congenital, ..nature },
            Effect::Bygone => Nature { bygone: true, ..nature },
            Effect::Lasting => Nature { lasting: true, ..nature },
            _ if self.lexicons.cues[found.cue as usize].category == Category::Fetus => {
                Nature { owner: Owner::Fetal, ..nature }
            }
            _ => nature,
        })
    }

    fn section_kind(&self, mention: &Mention) -> Option<&SectionKind> {
        self.section_at(mention.tokens.start as usize)
    }

    /// The kind of the section whose frame holds a token.
    fn section_at(&self, token: usize) -> Option<&SectionKind> {
        if !self.uses(Mechanism::Sections) {
            return None;
        }
        let section = self.segmented.section_of(token).filter(|s| s.frame.contains(token))?;
        self.lexicons.sections.get(section.kind as usize)
    }

    /// The folded words of a mention.
    pub fn words(&self, mention: &Mention) -> String {
        let words: Vec<&str> = mention.tokens.indices().map(|i| self.segmented.word(i)).collect();
        words.join(" ")
    }

    fn uses(&self, mechanism: Mechanism) -> bool {
        self.mechanisms.has(mechanism)
    }

    fn cue(&self, index: usize) -> &Cue {
        &self.lexicons.cues[self.cues[index].cue as usize]
    }

    fn evidence(&self, index: usize) -> (String, Span) {
        (self.cue(index).id.clone(), self.segmented.span(self.cues[index].tokens))
    }
}

/// True unless the cue serves a mechanism that is left out.
fn is_in_use(cue: &Cue, mechanisms: Mechanisms) -> bool {
    match (cue.category, cue.effect) {
        (_, Effect::Test) => mechanisms.has(Mechanism::Tests),
        (_, Effect::Maternal | Effect::Obstetric | Effect::Congenital | Effect::Lasting | Effect::Bygone) => {
            mechanisms.has(Mechanism::Natures)
        }
        (Category::Stop | Category::Except, _) => mechanisms.has(Mechanism::Stops),
        _ => cue.direction != Direction::Before || mechanisms.has(Mechanism::Backward),
    }
}

impl Governing {
    /// The governing cue nearest to the mention for which `wanted` gives a value.
    fn nearest<T>(&self, mut wanted: impl FnMut(usize) -> Option<T>) -> Option<(usize, T)> {
        self.cues
            .iter()
            .filter_map(|g| wanted(g.cue).map(|value| (g, value)))
            .min_by_key(|(g, _)| g.rank())
            .map(|(g, v)| (g.cue, v))
    }
}
