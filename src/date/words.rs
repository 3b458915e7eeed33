//! The words of dates, indexed by word id: one table look-up says whether a token can matter.

/// What a word or phrase does in a date. The names are those of the `role` column of `lexicons/dates/terms.tsv`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Role {
    Month,
    ShortMonth,
    Weekday,
    Unit,
    Number,
    Ordinal,
    Half,
    And,
    Range,
    Approx,
    Relative,
    Narrative,
    Past,
    Since,
    Future,
    During,
    Later,
    Earlier,
    Last,
    Next,
    Age,
    AgeAt,
    At,
    On,
    In,
    Of,
    From,
    Until,
    Birth,
    LastPeriod,
    Conception,
    Due,
    Today,
    GestationMark,
    Life,
    Post,
    Letter,
    NotDateBefore,
    NotDateAfter,
    Person,
    Twins,
    Delay,
    GestationOf,
    Elided,
    Skip,
}

const ROLES: [(&str, Role); 45] = [
    ("month", Role::Month),
    ("short_month", Role::ShortMonth),
    ("weekday", Role::Weekday),
    ("unit", Role::Unit),
    ("number", Role::Number),
    ("ordinal", Role::Ordinal),
    ("half", Role::Half),
    ("and", Role::And),
    ("range", Role::Range),
    ("approx", Role::Approx),
    ("relative", Role::Relative),
    ("narrative", Role::Narrative),
    ("past", Role::Past),
    ("since", Role::Since),
    ("future", Role::Future),
    ("during", Role::During),
    ("later", Role::Later),
    ("earlier", Role::Earlier),
    ("last", Role::Last),
    ("next", Role::Next),
    ("age", Role::Age),
    ("age_at", Role::AgeAt),
    ("at", Role::At),
    ("on", Role::On),
    ("in", Role::In),
    ("of", Role::Of),
    ("from", Role::From),
    ("until", Role::Until),
    ("birth", Role::Birth),
    ("last_period", Role::LastPeriod),
    ("conception", Role::Conception),
    ("due", Role::Due),
    ("today", Role::Today),
    ("ga_mark", Role::GestationMark),
    ("life", Role::Life),
    ("post", Role::Post),
    ("letter", Role::Letter),
    ("not_date_before", Role::NotDateBefore),
    ("not_date_after", Role::NotDateAfter),
    ("person", Role::Person),
    ("twins", Role::Twins),
    ("delay", Role::Delay),
    ("ga_of", Role::GestationOf),
    ("elided", Role::Elided),
    ("skip", Role::Skip),
];

impl Role {
    /// True for what the pass acts on when it meets it; the others are only looked for at their place.
    fn is_acted_on(self) -> bool {
        use Role::*;
        !matches!(
            self,
            Unit | Ordinal
                | Half
                | And
                | Approx
                | Later
                | Earlier
                | Last
                | Next
                | GestationMark
                | Life
                | Post
                | NotDateAfter
                | Elided
        )
    }
}

/// A unit of time, shortest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours.
    #[default]
    Day,
    /// 7 days.
    Week,
    /// A calendar month; 30 days when counted from the date of a report.
    Month,
    /// A calendar year; 365 days when counted from the date of a report.
    Year,
}

impl Unit {
    /// English name, singular.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Minute => "minute",
            Unit::Hour => "hour",
            Unit::Day => "day",
            Unit::Week => "week",
            Unit::Month => "month",
            Unit::Year => "year",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        const ALL: [Unit; 6] = [Unit::Minute, Unit::Hour, Unit::Day, Unit::Week, Unit::Month, Unit::Year];
        ALL.into_iter().find(|unit| unit.name() == name)
    }
}

/// The value of a term: a number, a unit, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Value {
    pub count: i16,
    pub unit: Unit,
}

impl Value {
    /// Reads "", "7", "day" or "-7 day".
    fn parse(text: &str) -> Option<Self> {
        let mut value = Value::default();
        for part in text.split_whitespace() {
            match part.parse() {
                Ok(count) => value.count = count,
                Err(_) => value.unit = Unit::parse(part)?,
            }
        }
        Some(value)
    }
}

/// A term that begins with a known word: the words after it, and what the whole does.
#[derive(Clone, Debug)]
pub(super) struct Term {
    /// The second word, 0 when there is none: most terms are refused by it.
    pub second: u32,
    pub rest: Box<[u32]>,
    pub role: Role,
    pub value: Value,
}

/// The terms that begin with one word, the longest first.
#[derive(Clone, Debug, Default)]
struct Entry {
    acted_on: Vec<Term>,
    looked_for: Vec<Term>,
}

impl Entry {
    fn of(&mut self, role: Role) -> &mut Vec<Term> {
        if role.is_acted_on() { &mut self.acted_on } else { &mut self.looked_for }
    }
}

/// The words of dates.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// Per word id: 0 when no term begins with it, else one more than the index of its entry.
    index: Vec<u16>,
    entries: Vec<Entry>,
}

impl Words {
    /// Builds the tables from the rows of `lexicons/dates`: role, phrase as word ids, value.
    ///
    /// `vocabulary_len` is one past the highest word id; higher ids are known to no term. The word of role `elided` is
    /// taken off the end of phrases, where it keeps the tokeniser from cutting an elision in two.
    ///
    /// # Errors
    /// A row whose role is unknown, whose phrase is empty or whose value cannot be read.
    pub fn new<'a>(
        rows: impl IntoIterator<Item = (&'a str, &'a [u32], &'a str)>,
        vocabulary_len: usize,
    ) -> Result<Self, String> {
        let mut words = Self { index: vec![0; vocabulary_len], entries: Vec::new() };
        let rows: Vec<_> = rows.into_iter().collect();
        let elided = rows.iter().find(|(role, ..)| *role == "elided").map_or(&[][..], |(_, mark, _)| mark);
        for (role, phrase, value) in rows {
            let phrase = phrase.strip_suffix(elided).filter(|p| !p.is_empty()).unwrap_or(phrase);
            words.add(role, phrase, value)?;
        }
        for entry in &mut words.entries {
            entry.acted_on.sort_by_key(|t| std::cmp::Reverse(t.rest.len()));
            entry.looked_for.sort_by_key(|t| std::cmp::Reverse(t.rest.len()));
        }
        Ok(words)
    }

    fn add(&mut self, name: &str, phrase: &[u32], text: &str) -> Result<(), String> {
        let known = ROLES.iter().find(|(n, _)| *n == name);
        let role =
            known.map(|(_, role)| *role).ok_or_else(|| format!("role {name:?} of dates is not known"))?;
        let value =
            Value::parse(text).ok_or_else(|| format!("value {text:?} of role {name} cannot be read"))?;
        let [first, rest @ ..] = phrase else { return Err(format!("a term of role {name} is empty")) };
        let slot = self.index.get_mut(*first as usize).ok_or("a word of dates is not in the vocabulary")?;
        if *slot == 0 {
            self.entries.push(Entry::default());
            *slot = u16::try_from(self.entries.len()).map_err(|_| "more than 65,535 words begin dates")?;
        }
        let second = rest.first().copied().unwrap_or(0);
        let entry = &mut self.entries[*slot as usize - 1];
        entry.of(role).push(Term { second, rest: rest.into(), role, value });
        Ok(())
    }

    #[inline]
    fn entry(&self, word: u32) -> Option<&Entry> {
        let slot = *self.index.get(word as usize)?;
        self.entries.get(usize::from(slot).checked_sub(1)?)
    }

    /// The terms that begin with a word and that the pass acts on, the longest first.
    #[inline]
    pub(super) fn acted_on(&self, word: u32) -> &[Term] {
        self.entry(word).map_or(&[], |entry| &entry.acted_on)
    }

    /// The terms that begin with a word and may have a role, the longest first.
    #[inline]
    pub(super) fn terms(&self, word: u32, role: Role) -> &[Term] {
        self.entry(word).map_or(&[], |e| if role.is_acted_on() { &e.acted_on } else { &e.looked_for })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_rows_it_cannot_read() {
        for (role, phrase, value) in
            [("mont", &[1][..], "1"), ("month", &[], "1"), ("unit", &[1], "fortnight")]
        {
            assert!(Words::new([(role, phrase, value)], 5).is_err(), "{role} {value}");
        }
        let words = Words::new([("relative", &[1][..], "-1 day"), ("relative", &[1, 2], "-7 day")], 5);
        let words = words.expect("well formed");
        assert_eq!(words.acted_on(1).len(), 2);
        assert_eq!(words.acted_on(1)[0].value.count, -7);
        assert!(words.acted_on(2).is_empty() && words.terms(99, Role::Unit).is_empty());
    }

    #[test]
    fn every_role_is_at_its_number() {
        assert!(ROLES.iter().enumerate().all(|(i, (_, role))| *role as usize == i));
    }
}
