//! Context cues: phrases that decide assertion, certainty, experiencer and temporality.

use super::expand::{GAP, braces, literal};
use super::folder::Folder;
use super::grammar::Grammar;
use super::problem::Problem;
use super::table::Table;
use super::vocabulary::{Vocabulary, WordId};
use unicode_normalization::UnicodeNormalization;

/// Declares an enum of the data files with its spelling.
macro_rules! spelled {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            const NAMES: &'static [(&'static str, $name)] = &[$(($text, $name::$variant)),+];

            fn parse(text: &str) -> Result<Self, String> {
                let found = Self::NAMES.iter().find(|(name, _)| *name == text);
                found.map(|(_, value)| *value).ok_or_else(|| {
                    let known: Vec<&str> = Self::NAMES.iter().map(|(name, _)| *name).collect();
                    format!("{text:?} is not one of {}", known.join(", "))
                })
            }
        }
    };
}

spelled! {
    /// What a cue says of the mentions in its scope.
    Category {
        /// They are absent.
        Negation = "negation",
        /// They are suspected.
        Possible = "possible",
        /// They are asked for, conditional or a risk.
        Hypothetical = "hypothetical",
        /// They could not be examined.
        NotAssessed = "not_assessed",
        /// They are confirmed.
        Present = "present",
        /// The examination is normal.
        Normal = "normal",
        /// They are over.
        Past = "past",
        /// They belong to the history.
        History = "history",
        /// They are foreseen.
        Planned = "planned",
        /// They hold now.
        Current = "current",
        /// They are the patient's.
        Patient = "patient",
        /// They are the fetus's.
        Fetus = "fetus",
        /// They are the mother's.
        Mother = "mother",
        /// They are the father's.
        Father = "father",
        /// They are a brother's or sister's.
        Sibling = "sibling",
        /// They are another relative's.
        Family = "family",
        /// They are somebody else's.
        Other = "other",
        /// Looks like a cue and is none.
        Pseudo = "pseudo",
        /// Ends every scope.
        Stop = "stop",
        /// Ends a negation and opens its exception.
        Except = "except",
    }
}

spelled! {
    /// Which way a cue acts.
    Direction {
        /// On what follows.
        After = "after",
        /// On what precedes.
        Before = "before",
        /// On both sides.
        Both = "both",
        /// On nothing by itself.
        Neither = "",
    }
}

spelled! {
    /// How far a cue acts.
    Reach {
        /// The next word.
        Word = "word",
        /// To the next comma, conjunction or verb.
        Phrase = "phrase",
        /// To the end of the clause.
        Clause = "clause",
        /// To the end of the sentence.
        Sentence = "sentence",
        /// To the end of the list item or line.
        Item = "item",
        /// To the end of the section.
        Section = "section",
    }
}

/// What a cue is besides its category.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effect {
    /// Nothing more.
    #[default]
    None,
    /// Answers an item (": non"): it counts only where the item, the cell or the sentence ends after it.
    Answer,
    /// A box, ticked or empty: it ends what the box before it said.
    Box,
    /// Names a test, which a negative result does not deny.
    Test,
    /// The finding is the woman's by nature in an obstetric report; elsewhere anybody may have it.
    Maternal,
    /// The finding is the woman's who carries or carried the child, in every report.
    Obstetric,
    /// The finding is the child's in an obstetric report.
    Congenital,
    /// A history of the finding does not end it.
    Lasting,
    /// Names a fetus, by its number when it has one: at the start of a line it owns the line.
    Fetus(Option<u8>),
    /// As `Fetus`, but written as a day of life is ("J1"): it counts in a pregnant woman's record only.
    Twin(u8),
    /// The mother of a named person, who is a mother in every record.
    MotherOf,
    /// The child: the patient, but the child of this pregnancy in a woman's record.
    Child,
    /// A child of the woman of an obstetric record, born before.
    Elder,
    /// The other twin: a fetus in a woman's record, else a sibling.
    Cotwin,
    /// A man named by his title: the patient, but the father in a child's record and another in a pregnant woman's.
    Mister,
    /// A woman named by her title: the patient, but the mother in a child's record.
    Madam,
    /// Tells of an earlier pregnancy: what is the child's in it is not the present child's.
    Earlier,
    /// Tells the past of others; of the patient it may tell the present illness ("a eu").
    Told,
    /// Happens once and is over when it is counted in an obstetric history.
    Bygone,
    /// Absent if the sentence tells what is; a condition when it tells what would follow.
    Condition,
    /// Tells what would follow.
    Consequence,
    /// Asks or tells in general: it does not concern what is named as known ("sa BPCO").
    General,
    /// Settles the last suspicion before it, even without naming it ("ce diagnostic est écarté").
    Settles,
    /// Speaks for the record of a woman who carries a child.
    OfWoman,
    /// Speaks for the record of a child.
    OfChild,
    /// Speaks for a record that no pregnancy concerns.
    OfPatient,
}

impl Effect {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(match text {
            "" => Self::None,
            "answer" => Self::Answer,
            "box" => Self::Box,
            "test" => Self::Test,
            "maternal" => Self::Maternal,
            "obstetric" => Self::Obstetric,
            "congenital" => Self::Congenital,
            "child" => Self::Child,
            "elder" => Self::Elder,
            "cotwin" => Self::Cotwin,
            "mister" => Self::Mister,
            "madam" => Self::Madam,
            "earlier" => Self::Earlier,
            "told" => Self::Told,
            "bygone" => Self::Bygone,
            "condition" => Self::Condition,
            "consequence" => Self::Consequence,
            "general" => Self::General,
            "settles" => Self::Settles,
            "of_woman" => Self::OfWoman,
            "of_patient" => Self::OfPatient,
            "of_child" => Self::OfChild,
            "lasting" => Self::Lasting,
            "fetus" => Self::Fetus(None),
            "mother_of" => Self::MotherOf,
            _ => {
                let number = |prefix| text.strip_prefix(prefix).and_then(|n| n.parse().ok());
                let twin = number("twin:").map(Self::Twin);
                let named = twin.or_else(|| number("fetus:").map(|n| Self::Fetus(Some(n))));
                return named.ok_or_else(|| format!("{text:?} is not one of {}", Self::NAMES));
            }
        })
    }

    /// The fetus it names: outer `None` when it names none, inner when it does not say which.
    pub fn fetus(self) -> Option<Option<u8>> {
        match self {
            Self::Fetus(number) => Some(number),
            Self::Twin(number) => Some(Some(number)),
            _ => None,
        }
    }

    const NAMES: &str = "answer, box, test, maternal, obstetric, congenital, lasting, bygone, fetus, fetus:NUMBER, \
                         twin:NUMBER, mother_of, child, elder, cotwin, mister, madam, earlier, told, condition, consequence, \
                         general, settles, of_woman, of_child, of_patient";
}

/// A context cue.
#[derive(Clone, Debug)]
pub struct Cue {
    /// Stable id, written into the events it decides.
    pub id: String,
    /// What it says.
    pub category: Category,
    /// Which way.
    pub direction: Direction,
    /// How far.
    pub reach: Reach,
    /// Degree of certainty of what is possible, 0 to 1.
    pub certainty: Option<f64>,
    /// What it is besides.
    pub effect: Effect,
    /// Its file and line.
    pub place: (Box<str>, usize),
}

/// One written form of a cue.
#[derive(Clone, Debug)]
pub struct CueForm {
    /// Index of the cue.
    pub cue: u32,
    /// The letters of the form, in lower case, with their accents.
    pub letters: Box<str>,
}

impl CueForm {
    /// True when no letter of `written` has another accent than this form: "élimine" is not "éliminé".
    ///
    /// Endings may differ, because plural and feminine are derived.
    pub fn accents_match(&self, written: &str) -> bool {
        self.letters.chars().zip(letters(written)).all(|(a, b)| a == b)
    }
}

/// The letters of a text in lower case, nothing else.
fn letters(text: &str) -> impl Iterator<Item = char> + '_ {
    text.nfc().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}

/// All cue lexicons, as read.
#[derive(Default)]
pub(super) struct Cues {
    pub cues: Vec<Cue>,
    pub forms: Vec<CueForm>,
    pub keys: Vec<(Vec<WordId>, u32)>,
}

const COLUMNS: [&str; 8] = ["cue", "term", "category", "direction", "scope", "certainty", "note", "effect"];

impl Cues {
    /// Adds a folder of kind `cues`.
    pub fn add(
        &mut self,
        folder: &Folder,
        vocabulary: &mut Vocabulary,
        grammar: &Grammar,
        problems: &mut Vec<Problem>,
    ) {
        let Some(table) = Table::of_terms(folder, COLUMNS, 3, problems) else { return };
        for row in table.rows.iter().filter(|row| !row.is_muted) {
            match read_cue(|column| table.cell(row, column)) {
                Ok(cue) => {
                    let place = (table.files[row.file as usize].as_str().into(), row.line);
                    let cue = Cue { place, ..cue };
                    let number = self.cues.len() as u32;
                    self.cues.push(cue);
                    if let Err(message) = self.add_forms(table.cell(row, 1), number, vocabulary, grammar) {
                        problems.push(table.problem(row, message));
                    }
                }
                Err(message) => problems.push(table.problem(row, message)),
            }
        }
    }

    fn add_forms(
        &mut self,
        term: &str,
        cue: u32,
        vocabulary: &mut Vocabulary,
        grammar: &Grammar,
    ) -> Result<(), String> {
        let term = grammar.conjugation.expand(term, &grammar.inflection)?;
        for form in braces(&term).ok_or("a brace is not closed")? {
            let key = literal(&form, vocabulary, &grammar.inflection);
            let ends_open = key.first() == Some(&GAP) || key.last() == Some(&GAP);
            if key.is_empty() || ends_open {
                return Err("empty term, or a gap with nothing beside it".into());
            }
            self.keys.push((key, self.forms.len() as u32));
            self.forms.push(CueForm { cue, letters: letters(&form).collect::<String>().into() });
        }
        Ok(())
    }
}

fn read_cue<'r>(cell: impl Fn(usize) -> &'r str) -> Result<Cue, String> {
    let id = cell(0);
    if id.is_empty() {
        return Err("empty cue id".into());
    }
    let category = Category::parse(cell(2)).map_err(|e| format!("category {e}"))?;
    let direction = Direction::parse(cell(3)).map_err(|e| format!("direction {e}"))?;
    let acts = !matches!(category, Category::Pseudo | Category::Stop | Category::Except | Category::Normal);
    if acts && direction == Direction::Neither {
        return Err("direction is empty; say after, before or both".into());
    }
    let reach = match cell(4) {
        "" => Reach::Clause,
        text => Reach::parse(text).map_err(|e| format!("scope {e}"))?,
    };
    let certainty = match cell(5) {
        "" => None,
        text => Some(
            text.parse::<f64>().ok().filter(|c| (0.0..=1.0).contains(c)).ok_or("certainty is not 0 to 1")?,
        ),
    };
    let effect = Effect::parse(cell(7)).map_err(|e| format!("effect {e}"))?;
    Ok(Cue { id: id.to_string(), category, direction, reach, certainty, effect, place: Default::default() })
}
