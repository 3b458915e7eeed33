//! Units, labels and the words around measures: the rows of `lexicons/units`.

use super::expand::braces;
use super::folder::Folder;
use super::problem::Problem;
use super::vocabulary::cut;
use super::words::each_row;

/// What a row of a lexicon of units is for. The names are those of the column `role`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitRole {
    /// A name for a dimension.
    Dimension,
    /// A unit.
    Unit,
    /// A power of ten that stands before a unit.
    Power,
    /// A unit after which the count of a smaller one may stand.
    Compound,
    /// A name of what is measured.
    Label,
    /// A number in words.
    Number,
    /// A word or sign of comparison.
    Comparator,
    /// Opens a range.
    Open,
    /// Stands between the ends of a range.
    To,
    /// Stands between the sides of a size.
    By,
    /// Stands before a unit that divides.
    Per,
    /// Stands between labels, or between their values.
    Joint,
    /// Ends a list of numbers that share one unit.
    And,
    /// May stand between a label and its value.
    Filler,
    /// Makes an hour a time of day.
    Clock,
    /// Stands between a label and its unit.
    In,
}

const ROLES: [(&str, UnitRole); 16] = [
    ("dimension", UnitRole::Dimension),
    ("unit", UnitRole::Unit),
    ("power", UnitRole::Power),
    ("compound", UnitRole::Compound),
    ("label", UnitRole::Label),
    ("number", UnitRole::Number),
    ("comparator", UnitRole::Comparator),
    ("open", UnitRole::Open),
    ("to", UnitRole::To),
    ("by", UnitRole::By),
    ("per", UnitRole::Per),
    ("joint", UnitRole::Joint),
    ("and", UnitRole::And),
    ("filler", UnitRole::Filler),
    ("clock", UnitRole::Clock),
    ("in", UnitRole::In),
];

/// A row of a lexicon of units, one for each form of its term.
#[derive(Clone, Debug)]
pub struct UnitTerm {
    /// What it is for.
    pub role: UnitRole,
    /// Id of the unit, label, dimension, number or sign.
    pub id: String,
    /// The tokens of its term, folded.
    pub tokens: Vec<String>,
    /// The term as it must be written, when case or accents decide.
    pub exact: Option<String>,
    /// Dimension of a unit, smaller unit of a compound, default units of a label.
    pub value: String,
    /// How many base units it is, or how many digits the count of a smaller unit has.
    pub factor: f64,
    /// Two values belong to the label.
    pub is_pair: bool,
}

/// Reads a folder of kind `units`.
pub(super) fn read(folder: &Folder, terms: &mut Vec<UnitTerm>, problems: &mut Vec<Problem>) {
    const COLUMNS: [&str; 7] = ["role", "id", "term", "value", "factor", "flags", "note"];
    each_row(folder, COLUMNS, problems, |cell, _| {
        let role = ROLES.iter().find(|(name, _)| *name == cell(0));
        let role = role.map(|(_, role)| *role).ok_or_else(|| format!("unknown role {:?}", cell(0)))?;
        if cell(1).is_empty() {
            return Err("empty id".into());
        }
        let factor = match cell(4) {
            "" => 1.0,
            text => text.parse().map_err(|_| format!("factor {text:?} is no number"))?,
        };
        let (is_exact, is_pair) = flags(cell(5))?;
        for form in braces(cell(2)).ok_or("a brace is not closed")? {
            let tokens: Vec<String> = cut(&form).into_iter().map(|t| t.folded).collect();
            if tokens.is_empty() && !matches!(role, UnitRole::Dimension | UnitRole::Compound) {
                return Err("empty term".into());
            }
            let (id, value) = (cell(1).to_string(), cell(3).to_string());
            let exact = is_exact.then(|| form.trim().to_string());
            terms.push(UnitTerm { role, id, tokens, exact, value, factor, is_pair });
        }
        Ok(())
    });
}

fn flags(cell: &str) -> Result<(bool, bool), String> {
    let mut flags = (false, false);
    for flag in cell.split_whitespace() {
        match flag {
            "exact" => flags.0 = true,
            "pair" => flags.1 = true,
            _ => return Err(format!("flag {flag:?} is not exact or pair")),
        }
    }
    Ok(flags)
}
