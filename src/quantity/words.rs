//! The words of measures, indexed: the rows of `lexicons/units` as one trie, its units, labels and dimensions.

use super::unit::{Dimension, Unit};
use crate::lexicon::{TokenTrie, UnitRole, UnitTerm, WordId};
use crate::segment::Segmented;
use rustc_hash::FxHashMap;

/// A unit that a bare value may be in, and the values that it is taken for.
#[derive(Clone, Debug)]
pub(super) struct DefaultUnit {
    pub unit: Unit,
    pub least: f64,
    pub most: f64,
}

/// The words of measures. Their ids are their own: a report is looked up only when its quantities are asked for.
#[derive(Default)]
pub struct Words {
    ids: FxHashMap<Box<str>, WordId>,
    trie: TokenTrie,
    pub(super) terms: Vec<UnitTerm>,
    units: FxHashMap<String, Unit>,
    labels: FxHashMap<String, Vec<DefaultUnit>>,
    /// Smaller unit and digits of its count, by the unit they may follow.
    pub(super) compounds: FxHashMap<String, (Unit, usize)>,
    bases: Vec<String>,
    names: Vec<(Dimension, String)>,
}

impl Words {
    /// Indexes the rows of `lexicons/units`.
    ///
    /// # Errors
    /// A dimension, unit or range that cannot be read.
    pub fn new(terms: &[UnitTerm]) -> Result<Self, String> {
        let mut words = Self { terms: terms.to_vec(), ..Self::default() };
        let mut keys = Vec::new();
        for (i, term) in terms.iter().enumerate() {
            keys.push((term.tokens.iter().map(|t| words.intern(t)).collect(), i as u32));
            words.define(term)?;
        }
        for term in terms.iter().filter(|t| t.role == UnitRole::Label && !t.value.is_empty()) {
            let defaults = term.value.split_whitespace().map(|text| words.default_unit(text));
            let defaults = defaults.collect::<Result<_, _>>().map_err(|e| format!("{}: {e}", term.id))?;
            words.labels.insert(term.id.clone(), defaults);
        }
        for term in terms.iter().filter(|t| t.role == UnitRole::Compound) {
            let smaller = words.units.get(&term.value).filter(|_| words.units.contains_key(&term.id));
            let smaller = smaller.ok_or_else(|| format!("{} or {:?} is no unit", term.id, term.value))?;
            words.compounds.insert(term.id.clone(), (smaller.clone(), term.factor as usize));
        }
        words.trie = TokenTrie::build(keys, words.ids.len() + 1);
        Ok(words)
    }

    fn intern(&mut self, token: &str) -> WordId {
        let next = self.ids.len() as WordId + 1;
        *self.ids.entry(token.into()).or_insert(next)
    }

    fn define(&mut self, term: &UnitTerm) -> Result<(), String> {
        match term.role {
            UnitRole::Dimension => {
                let dimension = self.dimension(&term.value)?;
                self.names.push((dimension, term.id.clone()));
            }
            UnitRole::Unit if !self.units.contains_key(&term.id) => {
                let dimension = self.dimension(&term.value)?;
                let unit = Unit { id: term.id.clone(), dimension, factor: term.factor };
                self.units.insert(term.id.clone(), unit);
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads "length", "length^3" or "mass length^-2"; nothing is a plain number.
    fn dimension(&mut self, text: &str) -> Result<Dimension, String> {
        let mut dimension = Dimension::default();
        for part in text.split_whitespace() {
            let (name, power) = part.split_once('^').unwrap_or((part, "1"));
            let power = power.parse().map_err(|_| format!("dimension {text:?} cannot be read"))?;
            let base = self.bases.iter().position(|b| b == name).unwrap_or_else(|| {
                self.bases.push(name.to_string());
                self.bases.len() - 1
            });
            let base = u8::try_from(base).map_err(|_| "more than 255 dimensions")?;
            dimension = dimension.times(&Dimension(vec![(base, 1)]), power);
        }
        Ok(dimension)
    }

    /// Reads "kg:0.3-350".
    fn default_unit(&self, text: &str) -> Result<DefaultUnit, String> {
        let fault = || format!("default {text:?} is not like kg:0.3-350");
        let (unit, range) = text.rsplit_once(':').ok_or_else(fault)?;
        let (least, most) = range.split_once('-').ok_or_else(fault)?;
        let number = |text: &str| text.parse::<f64>().map_err(|_| fault());
        let unit = self.named(unit).ok_or_else(|| format!("unit {unit:?} is not known"))?;
        Ok(DefaultUnit { unit, least: number(least)?, most: number(most)? })
    }

    /// A unit by its id, simple or made of simple ones: "kg", "cm3", "kg_per_m2".
    pub fn named(&self, id: &str) -> Option<Unit> {
        if let Some(unit) = self.units.get(id) {
            return Some(unit.clone());
        }
        let (top, bottom) =
            id.split_once("_per_").unwrap_or((id.strip_prefix("per_").map_or(id, |_| ""), ""));
        let bottom = if bottom.is_empty() { id.strip_prefix("per_").unwrap_or("") } else { bottom };
        let mut unit = Unit { id: String::new(), dimension: Dimension::default(), factor: 1.0 };
        for part in top.split('_').filter(|p| !p.is_empty()) {
            unit = unit.times(&self.simple(part)?);
        }
        for part in bottom.split("_per_").filter(|p| !p.is_empty()) {
            let part = self.simple(part)?;
            unit.dimension = unit.dimension.times(&part.dimension, -1);
            unit.factor /= part.factor;
        }
        Some(Unit { id: id.to_string(), ..unit })
    }

    fn simple(&self, id: &str) -> Option<Unit> {
        if let Some(unit) = self.units.get(id) {
            return Some(unit.clone());
        }
        if let Some(power) = self.terms.iter().find(|t| t.role == UnitRole::Power && t.id == id) {
            return Some(Unit { id: id.into(), dimension: Dimension::default(), factor: power.factor });
        }
        let power = id.chars().last().and_then(|c| c.to_digit(10)).filter(|d| (2..=3).contains(d))? as i8;
        let unit = self.units.get(&id[..id.len() - 1])?;
        let dimension = Dimension::default().times(&unit.dimension, power);
        Some(Unit { id: id.into(), dimension, factor: unit.factor.powi(power.into()) })
    }

    pub(super) fn unit(&self, id: &str) -> Option<&Unit> {
        self.units.get(id)
    }

    /// The units that a bare value of this label may be in.
    pub(super) fn defaults(&self, label: &str) -> &[DefaultUnit] {
        self.labels.get(label).map_or(&[], Vec::as_slice)
    }

    /// The name of a dimension; one without a name is written with the powers of its bases.
    pub fn name(&self, dimension: &Dimension) -> String {
        if let Some((_, name)) = self.names.iter().find(|(known, _)| known == dimension) {
            return name.clone();
        }
        let part = |&(base, power): &(u8, i8)| {
            let name = self.bases.get(base as usize).map_or("", String::as_str);
            if power == 1 { name.to_string() } else { format!("{name}^{power}") }
        };
        dimension.0.iter().map(part).collect::<Vec<_>>().join(" ")
    }

    pub(super) fn is_time(&self, dimension: &Dimension) -> bool {
        self.is_base(dimension, "time")
    }

    pub(super) fn is_length(&self, dimension: &Dimension) -> bool {
        self.is_base(dimension, "length")
    }

    pub(super) fn is_base(&self, dimension: &Dimension, name: &str) -> bool {
        matches!(dimension.0.as_slice(), [(base, 1)] if self.bases.get(*base as usize).is_some_and(|b| b == name))
    }

    /// The id of every token of a report; 0 when no row has it.
    pub(super) fn ids_of(&self, text: &Segmented) -> Vec<WordId> {
        let id = |i| self.ids.get(text.word(i)).copied().unwrap_or(0);
        (0..text.tokens.len()).map(id).collect()
    }

    /// The longest term of this role at token `i` that `fits`, with the token after it.
    pub(super) fn longest(
        &self,
        ids: &[WordId],
        i: usize,
        fits: impl Fn(&UnitTerm, usize) -> bool,
    ) -> Option<(&UnitTerm, usize)> {
        let mut node = self.trie.root(*ids.get(i)?).filter(|_| ids[i] != 0);
        let mut best = None;
        let mut end = i;
        while let Some(here) = node {
            end += 1;
            let found = self.trie.values(here).iter().map(|&v| &self.terms[v as usize]);
            let mut fitting: Vec<&UnitTerm> = found.filter(|t| fits(t, end)).collect();
            fitting.sort_by_key(|t| t.exact.is_none());
            best = fitting.first().map(|t| (*t, end)).or(best);
            node = ids.get(end).filter(|id| **id != 0).and_then(|id| self.trie.child(here, *id));
        }
        best
    }
}
