//! Units: simple ones, products and quotients of them, their dimensions, and how many of one make another.

use super::scan::Reader;
use crate::lexicon::UnitRole;
use crate::segment::TokenKind;

/// Most units that one unit may be made of ("µg/kg/min" has three).
const MOST_PARTS: usize = 5;
/// Counts that may stand before a dividing unit that is no time ("mg/100 ml", "ml/min/1,73 m²").
const ROUND: [f64; 3] = [100.0, 1000.0, 1.73];

/// Powers of the base dimensions, by their number, ascending; no power is zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Dimension(pub(super) Vec<(u8, i8)>);

impl Dimension {
    pub(super) fn times(&self, other: &Dimension, power: i8) -> Dimension {
        let mut parts = self.0.clone();
        for &(base, exponent) in &other.0 {
            let more = exponent.saturating_mul(power);
            match parts.iter_mut().find(|(known, _)| *known == base) {
                Some((_, known)) => *known = known.saturating_add(more),
                None => parts.push((base, more)),
            }
        }
        parts.retain(|(_, exponent)| *exponent != 0);
        parts.sort_unstable();
        Dimension(parts)
    }
}

/// A unit: its id, what it measures, and how many base units it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// Id in `lexicons/units`, or made of such ids: `kg_per_m2`.
    pub id: String,
    /// What it measures.
    pub dimension: Dimension,
    /// How many base units it is.
    pub factor: f64,
}

impl Unit {
    /// How many of `other` one of these is, or `None` when they do not measure the same.
    pub fn to(&self, other: &Unit) -> Option<f64> {
        (self.dimension == other.dimension).then(|| self.factor / other.factor)
    }

    pub(super) fn times(&self, other: &Unit) -> Unit {
        let id = if self.id.is_empty() { other.id.clone() } else { format!("{}_{}", self.id, other.id) };
        let dimension = self.dimension.times(&other.dimension, 1);
        Unit { id, dimension, factor: self.factor * other.factor }
    }

    fn over(&self, other: &Unit) -> Unit {
        let join = if self.id.is_empty() { "" } else { "_" };
        let dimension = self.dimension.times(&other.dimension, -1);
        Unit {
            id: format!("{}{join}per_{}", self.id, other.id),
            dimension,
            factor: self.factor / other.factor,
        }
    }

    fn raised(&self, power: i8) -> Unit {
        let dimension = Dimension::default().times(&self.dimension, power);
        Unit { id: format!("{}{power}", self.id), dimension, factor: self.factor.powi(power.into()) }
    }

    fn counted(&self, count: f64) -> Unit {
        Unit { id: format!("{count}_{}", self.id), factor: self.factor * count, ..self.clone() }
    }

    fn none() -> Unit {
        Unit { id: String::new(), dimension: Dimension::default(), factor: 1.0 }
    }
}

impl Reader<'_, '_> {
    /// The unit that follows a number, ending where a word could: "cm", "x10*9/L", "/mm3", "mg par jour".
    pub(super) fn unit_after(&self, i: usize) -> Option<(Unit, usize)> {
        self.unit(i).filter(|(_, end)| !self.is_glued_on(*end))
    }

    /// The unit at token `i`, whatever follows.
    pub(super) fn unit(&self, i: usize) -> Option<(Unit, usize)> {
        let (mut unit, mut at) = (Unit::none(), i);
        if let Some((power, end)) = self.term(i, UnitRole::Power) {
            unit = Unit { id: power.id.clone(), factor: power.factor, ..unit };
            at = end;
        }
        if let Some((part, _, end)) = self.part(at, false) {
            (unit, at) = (unit.times(&part), end);
        }
        let has_top = at > i;
        for _ in 0..MOST_PARTS {
            let Some((next, end)) = self.further(&unit, at, has_top) else { break };
            (unit, at) = (next, end);
        }
        (at > i).then_some((unit, at))
    }

    /// One more part: "/l", "par jour", "/24h", ".l-1".
    fn further(&self, unit: &Unit, at: usize, has_top: bool) -> Option<(Unit, usize)> {
        if let Some((_, end)) = self.term(at, UnitRole::Per) {
            if let Some((part, is_inverse, end)) = self.part(end, has_top || self.text.is_mark(at, b'/')) {
                return (!is_inverse).then(|| (unit.over(&part), end));
            }
            let count = self.number(end).filter(|_| has_top)?;
            let (part, is_inverse, end) = self.part(count.end, false)?;
            let is_count = self.words.is_time(&part.dimension) || ROUND.contains(&count.value);
            return (is_count && !is_inverse).then(|| (unit.over(&part.counted(count.value)), end));
        }
        let is_product = self.text.is_any_mark(at, b".*") && self.touches(at) && self.touches(at + 1);
        let (part, is_inverse, end) = self.part(at + 1, false).filter(|_| is_product && has_top)?;
        is_inverse.then(|| (unit.over(&part), end))
    }

    /// A simple unit with its power, and whether it divides ("min-1"). Texts taken from a page have "kg/m 2".
    fn part(&self, i: usize, may_be_apart: bool) -> Option<(Unit, bool, usize)> {
        let (term, end) = self.term(i, UnitRole::Unit)?;
        let unit = self.words.unit(&term.id)?;
        if let Some(power) = self.power(end, unit, may_be_apart) {
            return Some((unit.raised(power), false, end + 1));
        }
        match self.inverse_power(end) {
            Some(1) => Some((unit.clone(), true, end + 2)),
            Some(power) => Some((unit.raised(power), true, end + 2)),
            None => Some((unit.clone(), false, end)),
        }
    }

    /// The "2" of "m2".
    fn power(&self, i: usize, unit: &Unit, may_be_apart: bool) -> Option<i8> {
        let is_apart = !self.is_glued_on(i);
        // "par m 2 cm": the digit counts what follows.
        let goes_on = self.is_glued_on(i + 1) || is_apart && self.term(i + 1, UnitRole::Unit).is_some();
        let is_power = self.words.is_length(&unit.dimension) && !goes_on && (!is_apart || may_be_apart);
        self.digit(i).filter(|power| is_power && matches!(power, 2 | 3))
    }

    /// The "-1" of "min-1"; in "5 mm-3 mm" the digit counts what follows.
    fn inverse_power(&self, i: usize) -> Option<i8> {
        let is_minus = self.text.is_mark(i, b'-') && self.touches(i);
        let is_minus = is_minus && self.is_glued_on(i + 1);
        let power = self.digit(i + 1).filter(|power| is_minus && (1..=3).contains(power))?;
        let ends = !self.is_glued_on(i + 2) && self.term(i + 2, UnitRole::Unit).is_none();
        ends.then_some(power)
    }

    fn digit(&self, i: usize) -> Option<i8> {
        let token = self.text.tokens.get(i).filter(|t| t.kind == TokenKind::Number)?;
        (token.end - token.start == 1).then(|| self.text.word(i).parse().ok())?
    }
}
