//! From codes to subgroups: the ranges of `groups.tsv`, for diagnoses that were coded and not read.

use super::Lexicons;
use std::collections::BTreeSet;

/// The only code system that `groups.tsv` lists.
const SYSTEM: &str = "CIM-10";

/// The codes of a group, and those that its note keeps out.
#[derive(Clone, Debug, Default)]
pub(super) struct CodeRanges {
    within: Vec<(String, String)>,
    without: Vec<(String, String)>,
}

impl CodeRanges {
    /// Reads the cells `cim10` ("Q38-Q45,Q79.0") and `note` ("excludes Q38.1;Q38.2; organ_group"). A condition that
    /// a code alone cannot tell ("Q25.0 if GA<37wk") excludes nothing here.
    pub fn read(codes: &str, note: &str) -> Self {
        let excluded = note.split_once("excludes ").map_or("", |(_, list)| list);
        let unconditional = |item: &str| {
            let (first, rest) = item.trim().split_once(' ').unwrap_or((item.trim(), ""));
            if rest.starts_with("if ") { None } else { range(first) }
        };
        Self {
            within: codes.split(',').filter_map(|item| range(item.trim())).collect(),
            without: excluded.split(';').filter_map(unconditional).collect(),
        }
    }

    fn reach(&self, code: &str) -> bool {
        holds(&self.within, code) && !self.exclude(code)
    }

    fn exclude(&self, code: &str) -> bool {
        holds(&self.without, code)
    }
}

/// A code or a range of codes of one length: "Q39.1", "Q38-Q45".
fn range(text: &str) -> Option<(String, String)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let is_code = |code: &str| {
        let bytes = code.as_bytes();
        bytes.len() >= 3 && bytes[0].is_ascii_uppercase() && bytes[1..3].iter().all(u8::is_ascii_digit)
    };
    (is_code(first) && is_code(last) && first.len() == last.len()).then(|| (first.into(), last.into()))
}

/// A longer code belongs to the range of its beginning.
fn holds(ranges: &[(String, String)], code: &str) -> bool {
    let within = |(first, last): &(String, String)| {
        code.get(..first.len()).is_some_and(|start| first.as_str() <= start && start <= last.as_str())
    };
    ranges.iter().any(within)
}

impl Lexicons {
    /// Every subgroup of the lexicons, in no order.
    pub fn subgroups(&self) -> impl Iterator<Item = &str> {
        self.concepts.groups.iter().flat_map(|groups| groups.all().map(|(id, _)| id))
    }

    /// The subgroups that codes `(system, code)` reach, parents included, added to `reached`, which is closed too.
    pub fn close_subgroups<'c>(
        &self,
        codings: impl Iterator<Item = (&'c str, &'c str)>,
        reached: &mut BTreeSet<String>,
    ) {
        for (_, code) in codings.filter(|(system, _)| *system == SYSTEM) {
            self.concepts.groups.iter().for_each(|groups| groups.of_code(code, reached));
        }
        let parents = reached.iter().flat_map(|id| self.concepts.groups.iter().filter_map(|g| g.get(id)));
        let parents: Vec<String> = parents.flat_map(|group| group.reached.iter().cloned()).collect();
        reached.extend(parents);
    }
}

impl super::groups::Groups {
    /// Adds the groups of a code. One that an organ keeps out and no other organ takes is minor: it does not reach the
    /// parents of that organ either, though their range is the whole chapter.
    fn of_code(&self, code: &str, reached: &mut BTreeSet<String>) {
        let found: Vec<_> = self.all().filter(|(_, group)| group.codes.reach(code)).collect();
        let is_minor = found.iter().all(|(_, group)| group.reached.len() == 1);
        let excluding = self.all().filter(|(_, group)| is_minor && group.codes.exclude(code));
        let closed: BTreeSet<&String> = excluding.flat_map(|(_, group)| &group.reached).collect();
        let open = found.into_iter().map(|(id, _)| id.to_string()).filter(|id| !closed.contains(id));
        reached.extend(open);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(codes: &[&str], given: &[&str]) -> Vec<String> {
        let lexicons = Lexicons::load(vec![]).unwrap();
        let mut reached = given.iter().map(|id| id.to_string()).collect();
        lexicons.close_subgroups(codes.iter().map(|code| ("CIM-10", *code)), &mut reached);
        reached.into_iter().collect()
    }

    #[test]
    fn codes_reach_their_subgroups_and_all_parents() {
        assert_eq!(reached(&["Q39.1"], &[]), ["all_anomalies", "digestive", "oesophageal_atresia"]);
        assert_eq!(reached(&["Q39.11"], &[]), reached(&["Q39.1"], &[]), "a longer code is of its category");
        assert_eq!(reached(&["Q39"], &[]), ["all_anomalies", "digestive"], "a category alone is no atresia");
        assert_eq!(reached(&[], &["oesophageal_atresia"]), reached(&["Q39.1"], &[]));
        assert_eq!(reached(&["I10"], &[]), Vec::<String>::new());
    }

    #[test]
    fn minor_codes_reach_no_counted_subgroup() {
        assert_eq!(reached(&["Q38.1"], &[]), ["digestive_minor"]);
        assert_eq!(reached(&["Q66.2"], &[]), ["clubfoot_minor"]);
    }
}
