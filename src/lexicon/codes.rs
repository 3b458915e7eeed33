//! Code systems with their hierarchy: ancestors, descendants, label, whether a code may be used.

use super::folder::Folder;
use super::problem::Problem;
use super::table::Table;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Whether a code may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// It may.
    Valid,
    /// It may no longer.
    Obsolete,
    /// A chapter, a block, a group: it has members and codes nothing by itself.
    Group,
}

/// A code of a system.
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    /// The code.
    pub code: String,
    /// Its label; may be empty.
    pub label: String,
    /// Whether it may be used.
    pub validity: Validity,
    parents: Vec<u32>,
    children: Vec<u32>,
}

/// One system: a graph without cycles.
#[derive(Clone, Debug, Default)]
pub struct CodeSystem {
    codes: Vec<Code>,
    by_code: FxHashMap<String, u32>,
}

/// All systems that the lexicons bring, by name.
#[derive(Clone, Debug, Default)]
pub struct CodeSystems(BTreeMap<String, CodeSystem>);

/// Rows of one system: place, code, parents.
type Links<'a> = Vec<(usize, u32, Vec<&'a str>)>;

impl CodeSystems {
    /// The system of this name.
    pub fn get(&self, system: &str) -> Option<&CodeSystem> {
        self.0.get(system)
    }

    /// Names of the systems, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Adds the `codes.tsv` of a folder: system, code, parents, label, status.
    pub(super) fn add(&mut self, folder: &Folder, problems: &mut Vec<Problem>) {
        let Some(text) = folder.get("codes.tsv") else { return };
        let file = folder.path("codes.tsv");
        let columns = ["system", "code", "parents", "label", "status"];
        let Some(table) = Table::read(&file, text, columns, 2, problems) else { return };
        let mut links: BTreeMap<&str, Links> = BTreeMap::new();
        for row in &table.rows {
            let cell = |column| table.cell(row, column);
            let validity = match cell(4) {
                "" | "valid" => Validity::Valid,
                "obsolete" => Validity::Obsolete,
                "group" => Validity::Group,
                other => {
                    let message = format!("status {other:?}; expected valid, obsolete or group");
                    problems.push(table.problem(row, message));
                    continue;
                }
            };
            let system = self.0.entry(cell(0).to_string()).or_default();
            match system.put(cell(1), cell(3), validity) {
                Some(number) => {
                    let parents = cell(2).split_whitespace().collect();
                    links.entry(cell(0)).or_default().push((row.line, number, parents));
                }
                None => {
                    problems.push(table.problem(row, format!("code {:?} is empty, or given twice", cell(1))))
                }
            }
        }
        for (name, links) in links {
            if let Some(system) = self.0.get_mut(name) {
                system.link(&file, links, problems);
            }
        }
    }

    /// Adds the subgroups of a lexicon as a system: groups that reach their parents.
    pub(super) fn add_groups<'g>(
        &mut self,
        system: &str,
        groups: impl Iterator<Item = (&'g str, &'g str, &'g [String])>,
    ) {
        let groups: Vec<_> = groups.collect();
        let of = self.0.entry(system.to_string()).or_default();
        let numbers: Vec<Option<u32>> =
            groups.iter().map(|(id, label, _)| of.put(id, label, Validity::Valid)).collect();
        for (number, (_, _, parents)) in numbers.into_iter().zip(&groups) {
            let parents = parents.iter().filter_map(|parent| of.by_code.get(parent).copied());
            let parents: Vec<u32> = parents.collect();
            if let Some(number) = number {
                of.join(number, parents);
            }
        }
    }
}

impl CodeSystem {
    fn put(&mut self, code: &str, label: &str, validity: Validity) -> Option<u32> {
        if code.is_empty() || self.by_code.contains_key(code) {
            return None;
        }
        let number = self.codes.len() as u32;
        let (code, label) = (code.to_string(), label.to_string());
        self.by_code.insert(code.clone(), number);
        self.codes.push(Code { code, label, validity, parents: Vec::new(), children: Vec::new() });
        Some(number)
    }

    fn join(&mut self, number: u32, parents: Vec<u32>) {
        for parent in parents {
            self.codes[parent as usize].children.push(number);
            self.codes[number as usize].parents.push(parent);
        }
    }

    /// Links the rows of a file to their parents; unknown parents and cycles are problems.
    fn link(&mut self, file: &str, links: Links, problems: &mut Vec<Problem>) {
        let mut lines: FxHashMap<u32, usize> = FxHashMap::default();
        for (line, number, parents) in links {
            lines.insert(number, line);
            let mut known = Vec::new();
            for parent in parents {
                match self.by_code.get(parent) {
                    Some(parent) => known.push(*parent),
                    None => problems.push(Problem::at(
                        file,
                        line,
                        format!("unknown parent {parent:?}; add its row, or leave it out"),
                    )),
                }
            }
            self.join(number, known);
        }
        if let Some(number) = self.in_a_cycle() {
            let code = &self.codes[number as usize].code;
            let line = lines.get(&number).copied().unwrap_or(1);
            problems.push(Problem::at(
                file,
                line,
                format!("code {code:?} is its own ancestor; mend its parents"),
            ));
        }
    }

    /// A code that is its own ancestor: what is left when codes without open parents are taken away, again and again.
    fn in_a_cycle(&self) -> Option<u32> {
        let mut open: Vec<usize> = self.codes.iter().map(|code| code.parents.len()).collect();
        let mut free: VecDeque<u32> =
            (0..self.codes.len() as u32).filter(|&i| open[i as usize] == 0).collect();
        while let Some(number) = free.pop_front() {
            for &child in &self.codes[number as usize].children {
                open[child as usize] -= 1;
                if open[child as usize] == 0 {
                    free.push_back(child);
                }
            }
        }
        // Of what is left, a code that has only such parents or is one leads round in the end: walk up until one comes back.
        let mut at = (0..self.codes.len() as u32).find(|&i| open[i as usize] > 0)?;
        let mut seen = BTreeSet::new();
        while seen.insert(at) {
            at = self.codes[at as usize].parents.iter().copied().find(|&p| open[p as usize] > 0)?;
        }
        Some(at)
    }

    /// The code, when the system has it.
    pub fn get(&self, code: &str) -> Option<&Code> {
        self.by_code.get(code).map(|&number| &self.codes[number as usize])
    }

    /// How many codes it has.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// True when it has none.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// Every ancestor, the nearest first; itself left out.
    pub fn ancestors(&self, code: &str) -> Vec<&Code> {
        self.reached(code, |code| &code.parents)
    }

    /// Every descendant, the nearest first; itself left out.
    pub fn descendants(&self, code: &str) -> Vec<&Code> {
        self.reached(code, |code| &code.children)
    }

    fn reached(&self, code: &str, next: impl Fn(&Code) -> &Vec<u32>) -> Vec<&Code> {
        let Some(&start) = self.by_code.get(code) else { return Vec::new() };
        let mut seen = BTreeSet::from([start]);
        let mut open = VecDeque::from([start]);
        let mut found = Vec::new();
        while let Some(number) = open.pop_front() {
            for &other in next(&self.codes[number as usize]) {
                if seen.insert(other) {
                    found.push(&self.codes[other as usize]);
                    open.push_back(other);
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rows: &str) -> Result<CodeSystems, Vec<String>> {
        let text = format!("system\tcode\tparents\tlabel\tstatus\n{rows}");
        let folder = Folder::from_files("x", "x", [("codes.tsv", text.as_str())]);
        let (mut systems, mut problems) = (CodeSystems::default(), Vec::new());
        systems.add(&folder, &mut problems);
        if problems.is_empty() {
            Ok(systems)
        } else {
            Err(problems.iter().map(ToString::to_string).collect())
        }
    }

    fn names(codes: &[&Code]) -> Vec<String> {
        codes.iter().map(|code| code.code.clone()).collect()
    }

    #[test]
    fn a_graph_answers_ancestors_and_descendants() {
        let rows = "S\ta\t\troot\tgroup\nS\tb\ta\t\t\nS\tc\ta\t\t\nS\td\tb c\tleaf\tobsolete\n";
        let systems = read(rows).unwrap();
        let system = systems.get("S").unwrap();
        assert_eq!(names(&system.ancestors("d")), ["b", "c", "a"]);
        assert_eq!(names(&system.descendants("a")), ["b", "c", "d"]);
        let d = system.get("d").unwrap();
        assert_eq!((d.label.as_str(), d.validity), ("leaf", Validity::Obsolete));
        assert!(system.get("e").is_none() && system.ancestors("e").is_empty() && systems.get("T").is_none());
    }

    #[test]
    fn cycles_unknown_parents_and_twins_are_refused_with_their_line() {
        for (rows, place, told) in [
            ("S\ta\tb\t\t\nS\tb\ta\t\t\nS\tc\ta\t\t\n", "x/codes.tsv:", "its own ancestor"),
            ("S\ta\ta\t\t\n", "x/codes.tsv:2:", "its own ancestor"),
            ("S\ta\tz\t\t\n", "x/codes.tsv:2:", "unknown parent"),
            ("S\ta\t\t\t\nS\ta\t\t\t\n", "x/codes.tsv:3:", "given twice"),
            ("S\ta\t\t\tmaybe\n", "x/codes.tsv:2:", "status"),
        ] {
            let problems = read(rows).unwrap_err();
            assert!(problems[0].starts_with(place) && problems[0].contains(told), "{problems:?}");
        }
    }
}
