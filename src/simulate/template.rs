//! Templates: text with `{slots}`, cut once at load, so that an unknown slot is a fault of the data and not of a report.

use rustc_hash::FxHashMap;

/// What a slot stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// A form of the term of a concept: which of the three terms, which form, with a capital.
    Term(usize, Form, bool),
    /// The ending of a participle that agrees with the first term.
    Ending,
    /// A value of the scene.
    Value(Value),
    /// One phrase of a list, by number.
    Phrase(usize),
    /// A block of sentences.
    Block(Block),
    /// What is said of an organ: number of the family.
    Organ(usize),
}

/// How a term is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Bare,
    A,
    The,
    Of,
    OfThe,
    OfA,
    No,
}

/// Declares an enum, its names in templates and its length.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum $name { $($variant),+ }
        impl $name {
            /// Every one, with its name in templates.
            pub const ALL: &'static [($name, &'static str)] = &[$(($name::$variant, $text)),+];
            /// The one of this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().find(|(_, text)| *text == name).map(|(it, _)| *it)
            }
        }
    };
}

names! {
    /// Blocks of sentences, made for each document.
    Block {
        Findings = "findings",
        Denials = "denials",
        Family = "family",
        Request = "request",
        Information = "information",
        Conclusion = "conclusion",
        History = "history",
        Twin = "twin",
        Decision = "decision",
        Lost = "lost",
    }
}

names! {
    /// Values of the scene.
    Value {
        Age = "age",
        Score = "score",
        Ac = "ac",
        BirthDate = "birth_date",
        Blood = "blood",
        BloodPressure = "blood_pressure",
        Bpd = "bpd",
        Carrefour = "carrefour",
        Cerebellum = "cerebellum",
        Cistern = "cistern",
        ConceptionDate = "conception_date",
        Crl = "crl",
        Date = "date",
        DueDate = "due_date",
        Exam = "exam",
        F = "f",
        Fl = "fl",
        Ga = "ga",
        GaBirth = "ga_birth",
        Hc = "hc",
        Head = "head",
        HeartRate = "heart_rate",
        Length = "length",
        MaternalAge = "maternal_age",
        MaternalWeight = "maternal_weight",
        Nt = "nt",
        Parity = "parity",
        Kidney = "kidney",
        Pronoun = "pronoun",
        RepairDate = "repair_date",
        OfSpecialty = "of_specialty",
        RiskNumber = "risk_number",
        ThisChild = "this_child",
        ThisChildCapital = "This_child",
        Sex = "sex",
        Side = "side",
        Specialty = "specialty",
        Weight = "weight",
        WeightFetal = "weight_fetal",
        WeightNow = "weight_now",
    }
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Text(Box<str>),
    Slot(Slot),
}

/// The names that slots may have beside the values: lists of phrases and organs.
#[derive(Default)]
pub(super) struct Names {
    pub phrases: FxHashMap<String, usize>,
    pub families: FxHashMap<String, usize>,
}

impl Names {
    fn slot(&self, name: &str) -> Option<Slot> {
        if let Some(family) = name.strip_prefix("organ.") {
            return self.families.get(family).map(|f| Slot::Organ(*f));
        }
        if name == "e" {
            return Some(Slot::Ending);
        }
        term(name)
            .or_else(|| Value::named(name).map(Slot::Value))
            .or_else(|| Block::named(name).map(Slot::Block))
            .or_else(|| self.phrases.get(name).map(|p| Slot::Phrase(*p)))
    }

    /// Cuts a text at its slots.
    pub fn cut(&self, text: &str) -> Result<Vec<Part>, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let close = rest[open..].find('}').ok_or("a { has no }")? + open;
            if open > 0 {
                parts.push(Part::Text(rest[..open].into()));
            }
            let name = &rest[open + 1..close];
            parts.push(Part::Slot(self.slot(name).ok_or_else(|| format!("unknown slot {{{name}}}"))?));
            rest = &rest[close + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.into()));
        }
        Ok(parts)
    }
}

/// `of_a_term2` and its like.
fn term(name: &str) -> Option<Slot> {
    let (name, which) = match name.strip_suffix(['2', '3']) {
        Some(stem) => (stem, usize::from(name.ends_with('2')) + 2 * usize::from(name.ends_with('3'))),
        None => (name, 0),
    };
    let capital = name.starts_with(|c: char| c.is_ascii_uppercase());
    let form = match name.to_ascii_lowercase().as_str() {
        "term" => Form::Bare,
        "a_term" => Form::A,
        "the_term" => Form::The,
        "of_term" => Form::Of,
        "of_the_term" => Form::OfThe,
        "of_a_term" => Form::OfA,
        "no_term" => Form::No,
        _ => return None,
    };
    Some(Slot::Term(which, form, capital))
}

/// A line of a document: when it is kept, and its parts.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Kept only when the block has something (true) or nothing (false) to say.
    pub condition: Option<(Block, bool)>,
    pub parts: Vec<Part>,
}

impl Line {
    /// Reads `?block text`, `!block text` or plain text.
    pub fn read(text: &str, names: &Names) -> Result<Self, String> {
        let Some(marked) = text.strip_prefix(['?', '!']) else {
            return Ok(Self { condition: None, parts: names.cut(text)? });
        };
        let (name, rest) = marked.split_once(' ').ok_or("a condition is followed by a space and text")?;
        let block = Block::named(name).ok_or_else(|| format!("unknown block {name:?} in a condition"))?;
        Ok(Self { condition: Some((block, text.starts_with('?'))), parts: names.cut(rest)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_read() {
        let names = Names::default();
        let cut = |text| names.cut(text).unwrap();
        assert_eq!(cut("{Of_term2}"), [Part::Slot(Slot::Term(1, Form::Of, true))]);
        assert_eq!(cut("a {ga}.").len(), 3);
        assert!(names.cut("{nothing}").is_err());
        assert!(names.cut("{open").is_err());
        assert_eq!(Line::read("!findings x", &names).unwrap().condition, Some((Block::Findings, false)));
    }
}
