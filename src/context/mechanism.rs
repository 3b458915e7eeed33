//! The mechanisms of the reading of context, each of which can be left out to measure what it brings.

/// One mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mechanism {
    /// The clause bounds a scope; without it the sentence does.
    Clauses,
    /// A list of findings ends where another statement begins.
    Lists,
    /// Cues that act on what precedes them.
    Backward,
    /// Phrases that look like cues and are none.
    Lookalikes,
    /// Words that end every scope, and exceptions.
    Stops,
    /// A verb between the two words of its negation.
    NegatedVerbs,
    /// Cues that head a list, a paragraph or a section.
    Headers,
    /// The subject, the time and the kind of a section.
    Sections,
    /// The subject and the kind of a report.
    Reports,
    /// A date well before the report makes a finding past.
    Dates,
    /// Findings that last, or are the woman's, by nature.
    Natures,
    /// A test's negative result does not deny the test.
    Tests,
    /// What the report concludes of a finding it speaks of several times.
    Conclusions,
}

impl Mechanism {
    /// All of them.
    pub const ALL: [Mechanism; 13] = [
        Self::Clauses,
        Self::Lists,
        Self::Backward,
        Self::Lookalikes,
        Self::Stops,
        Self::NegatedVerbs,
        Self::Headers,
        Self::Sections,
        Self::Reports,
        Self::Dates,
        Self::Natures,
        Self::Tests,
        Self::Conclusions,
    ];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clauses => "clauses",
            Self::Lists => "lists",
            Self::Backward => "backward",
            Self::Lookalikes => "lookalikes",
            Self::Stops => "stops",
            Self::NegatedVerbs => "negated-verbs",
            Self::Headers => "headers",
            Self::Sections => "sections",
            Self::Reports => "reports",
            Self::Dates => "dates",
            Self::Natures => "natures",
            Self::Tests => "tests",
            Self::Conclusions => "conclusions",
        }
    }
}

/// The mechanisms in use: all, but for those left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mechanisms {
    left_out: u16,
}

impl Mechanisms {
    /// These, less one.
    pub fn without(self, mechanism: Mechanism) -> Self {
        Self { left_out: self.left_out | 1 << mechanism as u8 }
    }

    /// True when the mechanism is in use.
    pub fn has(self, mechanism: Mechanism) -> bool {
        self.left_out & (1 << mechanism as u8) == 0
    }
}
