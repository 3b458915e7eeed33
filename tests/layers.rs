//! The house rules that a compiler does not check: who imports whom, header lines, no French word in Rust.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::support::root;

/// The import table of ARCHITECTURE.md. A module not named here has no place in the house.
const TABLE: &[(&str, &[&str])] = &[
    ("span", &[]),
    ("document", &["span"]),
    ("event", &["span", "document"]),
    ("problem", &[]),
    ("population", &[]),
    ("stats", &[]),
    ("normalize", &["span", "document"]),
    ("lexicon", &["normalize", "problem"]),
    ("segment", &["normalize", "lexicon", "span"]),
    ("model", &["span", "problem"]),
    ("mention", &["segment", "lexicon", "model", "span"]),
    ("date", &["segment", "span"]),
    ("quantity", &["segment", "lexicon"]),
    ("context", &["mention", "segment", "lexicon", "model", "date", "event"]),
    ("code", &["mention", "lexicon", "event", "document"]),
    (
        "pipeline",
        &[
            "span",
            "document",
            "event",
            "normalize",
            "lexicon",
            "segment",
            "model",
            "mention",
            "date",
            "quantity",
            "context",
            "code",
        ],
    ),
    ("server", &[]),
    ("source", &["document", "event", "population", "server"]),
    ("warehouse", &["event", "document", "population", "server"]),
    ("exchange", &["event", "document", "population", "server", "warehouse"]),
    ("phenotype", &["event", "warehouse", "problem"]),
    ("cohort", &["document", "event", "phenotype", "population", "problem", "stats", "warehouse"]),
    ("surveillance", &["cohort", "event", "phenotype", "population", "problem", "stats", "warehouse"]),
    ("evaluate", &["span", "document", "event"]),
    ("simulate", &["document", "lexicon"]),
];

/// May import everything.
const TOP: [&str; 2] = ["cli", "main"];

/// Arrows that the code has and the table has not, each with its reason. A line that is no longer true is refused,
/// so the list can only shrink by hand.
const DEVIATIONS: &[(&str, &str, &str)] = &[];

const TEXT_TOWER: &[&str] = &[
    "normalize",
    "lexicon",
    "segment",
    "model",
    "mention",
    "date",
    "quantity",
    "context",
    "code",
    "pipeline",
];
const POPULATION_TOWER: &[&str] = &["warehouse", "phenotype", "cohort", "surveillance"];

/// Libraries that only one module may know, so that its work stays there.
const CONFINED: &[(&str, &[&str])] = &[
    ("rusqlite", &["warehouse"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
    ("comfy_table", &["cli"]),
    ("signal_hook", &["cli"]),
    ("unicode_width", &["cli"]),
    ("encoding_rs", &["source"]),
    ("candle_core", &["model"]),
    ("gemm", &["model"]),
    ("safetensors", &["model"]),
    ("tokenizers", &["model"]),
    ("postgres", &["exchange", "server", "source"]),
    ("tokio", &["server"]),
    ("tokio_postgres", &["server", "warehouse"]),
    ("parquet", &["exchange"]),
    ("arrow_array", &["exchange"]),
    ("arrow_schema", &["exchange"]),
];

// ---------------------------------------------------------------- reading Rust

/// What the checks need of a source file: its words, strings and marks, comments left out.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Word(String),
    Text(String),
    Mark(char),
}

#[derive(Clone, Debug)]
struct Placed {
    line: usize,
    piece: Piece,
}

/// Cuts Rust source into pieces. Lifetimes and character literals are left out.
fn pieces(source: &str) -> Vec<Placed> {
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let (mut i, mut line) = (0, 1);
    let mut found = Vec::new();
    while i < chars.len() {
        let from = i;
        let c = chars[i];
        let mut piece = None;
        if c == '/' && at(i + 1) == '/' {
            while i < chars.len() && at(i) != '\n' {
                i += 1;
            }
        } else if c == '/' && at(i + 1) == '*' {
            let mut depth = 0;
            loop {
                match (at(i), at(i + 1)) {
                    ('/', '*') => (depth, i) = (depth + 1, i + 2),
                    ('*', '/') => (depth, i) = (depth - 1, i + 2),
                    _ => i += 1,
                }
                if depth == 0 || i >= chars.len() {
                    break;
                }
            }
        } else if let Some((end, text)) = raw_string(&chars, i).or_else(|| string(&chars, i)) {
            i = end;
            piece = Some(Piece::Text(text));
        } else if c == '\'' {
            i = after_quote(&chars, i);
        } else if c.is_alphanumeric() || c == '_' {
            while at(i).is_alphanumeric() || at(i) == '_' {
                i += 1;
            }
            piece = Some(Piece::Word(chars[from..i].iter().collect()));
        } else {
            i += 1;
            piece = (!c.is_whitespace()).then_some(Piece::Mark(c));
        }
        if let Some(piece) = piece {
            found.push(Placed { line, piece });
        }
        line += chars[from..i.min(chars.len())].iter().filter(|&&c| c == '\n').count();
    }
    found
}

/// `r"…"`, `r#"…"#`, `br"…"`.
fn raw_string(chars: &[char], from: usize) -> Option<(usize, String)> {
    let mut i = from + usize::from(chars.get(from) == Some(&'b'));
    if chars.get(i) != Some(&'r') {
        return None;
    }
    i += 1;
    let hashes = chars[i..].iter().take_while(|&&c| c == '#').count();
    i += hashes;
    if chars.get(i) != Some(&'"') {
        return None;
    }
    let body = i + 1;
    let closes = |end: usize| {
        chars[end] == '"' && chars[end + 1..].iter().take_while(|&&c| c == '#').count() >= hashes
    };
    let end = (body..chars.len()).find(|&end| closes(end))?;
    Some((end + 1 + hashes, chars[body..end].iter().collect()))
}

/// `"…"`, `b"…"`; escapes other than those of letters are left as they are.
fn string(chars: &[char], from: usize) -> Option<(usize, String)> {
    let open = from + usize::from(chars.get(from) == Some(&'b') && chars.get(from + 1) == Some(&'"'));
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let mut text = String::new();
    let mut i = open + 1;
    while i < chars.len() && chars[i] != '"' {
        if chars[i] == '\\' {
            text.push(' ');
            i += if chars.get(i + 1) == Some(&'u') { escape_length(&chars[i..]) } else { 2 };
        } else {
            text.push(chars[i]);
            i += 1;
        }
    }
    Some((i + 1, text))
}

fn escape_length(chars: &[char]) -> usize {
    chars.iter().position(|&c| c == '}').map_or(2, |end| end + 1)
}

/// Past a character literal, or past the quote of a lifetime.
fn after_quote(chars: &[char], from: usize) -> usize {
    match (chars.get(from + 1), chars.get(from + 2)) {
        (Some('\\'), _) => {
            let close = chars[from + 3..].iter().position(|&c| c == '\'');
            close.map_or(chars.len(), |i| from + 4 + i)
        }
        (Some(_), Some('\'')) => from + 3,
        _ => from + 1,
    }
}

/// Leaves out every item under `#[cfg(test)]`.
fn without_tests(pieces: Vec<Placed>) -> Vec<Placed> {
    let cfg_test = [
        Piece::Mark('#'),
        Piece::Mark('['),
        Piece::Word("cfg".into()),
        Piece::Mark('('),
        Piece::Word("test".into()),
        Piece::Mark(')'),
        Piece::Mark(']'),
    ];
    let starts = |i: usize| pieces[i..].iter().map(|p| &p.piece).take(cfg_test.len()).eq(cfg_test.iter());
    let mut kept = Vec::new();
    let mut i = 0;
    while i < pieces.len() {
        if !starts(i) {
            kept.push(pieces[i].clone());
            i += 1;
            continue;
        }
        let mut depth = 0;
        i += cfg_test.len();
        while i < pieces.len() {
            let piece = &pieces[i].piece;
            i += 1;
            match piece {
                Piece::Mark('{') => depth += 1,
                Piece::Mark('}') => depth -= 1,
                _ => {}
            }
            if depth == 0 && matches!(piece, Piece::Mark('}' | ';')) {
                break;
            }
        }
    }
    kept
}

/// One file of `src/`.
struct Source {
    /// Path below `src/`.
    path: String,
    header: String,
    pieces: Vec<Placed>,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.into(),
            header: text.lines().next().unwrap_or_default().into(),
            pieces: without_tests(pieces(text)),
        }
    }

    /// The top-level module that the file belongs to.
    fn module(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }

    /// Depth of the file's module below the root of the crate.
    fn depth(&self) -> usize {
        self.path
            .trim_end_matches(".rs")
            .split('/')
            .filter(|part| !matches!(*part, "mod" | "lib" | "main"))
            .count()
    }

    /// Top-level modules named after `crate::`, or reached by enough `super::`, with the line.
    fn imports(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        let mut i = 0;
        while i < self.pieces.len() {
            let (next, is_root) = self.path_root(i);
            if is_root {
                self.names_after(next, &mut found);
            }
            i = next.max(i + 1);
        }
        found.retain(|(_, name)| name != self.module());
        found
    }

    /// Past `crate::` or `super::super::…` at piece `i`, and whether that is the root of the crate.
    fn path_root(&self, i: usize) -> (usize, bool) {
        if self.is_word(i, "crate") && self.is_colons(i + 1) {
            return (i + 3, true);
        }
        let mut next = i;
        let mut supers = 0;
        while self.is_word(next, "super") && self.is_colons(next + 1) {
            (next, supers) = (next + 3, supers + 1);
        }
        (next, supers > 0 && supers >= self.depth())
    }

    /// The name at piece `i`, or the names of the group that opens there.
    fn names_after(&self, i: usize, found: &mut Vec<(usize, String)>) {
        let Some(first) = self.pieces.get(i) else { return };
        match &first.piece {
            Piece::Word(name) => found.push((first.line, name.clone())),
            Piece::Mark('{') => {
                let mut depth = 0;
                let mut is_first = false;
                for placed in &self.pieces[i..] {
                    match &placed.piece {
                        Piece::Mark('{') => (depth, is_first) = (depth + 1, depth == 0),
                        Piece::Mark('}') if depth == 1 => return,
                        Piece::Mark('}') => depth -= 1,
                        Piece::Mark(',') => is_first = depth == 1,
                        Piece::Word(name) if is_first && depth == 1 => {
                            found.push((placed.line, name.clone()));
                            is_first = false;
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn is_word(&self, i: usize, word: &str) -> bool {
        matches!(self.pieces.get(i), Some(Placed { piece: Piece::Word(w), .. }) if w == word)
    }

    fn is_colons(&self, i: usize) -> bool {
        (i..i + 2).all(|i| matches!(self.pieces.get(i), Some(Placed { piece: Piece::Mark(':'), .. })))
    }
}

fn sources() -> Vec<Source> {
    let src = root().join("src");
    let mut found = Vec::new();
    let mut open = vec![src.clone()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && path.file_name().unwrap() != "tests.rs" {
                let name = path.strip_prefix(&src).unwrap().to_str().unwrap().replace('\\', "/");
                found.push(Source::new(&name, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 50, "only {} files found under src/", found.len());
    found
}

// ---------------------------------------------------------------- imports

/// Arrows of the house that the table does not have, one line each.
fn forbidden_arrows(sources: &[Source], deviations: &[(&str, &str, &str)]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut used = BTreeSet::new();
    for source in sources.iter().filter(|s| !TOP.contains(&s.module()) && s.module() != "lib") {
        let from = source.module();
        let Some((_, allowed)) = TABLE.iter().find(|(module, _)| *module == from) else {
            faults.push(format!("src/{}: module {from} is not in the table of ARCHITECTURE.md", source.path));
            continue;
        };
        for (line, to) in source.imports() {
            let is_deviation = deviations.iter().any(|(a, b, _)| *a == from && *b == to);
            if is_deviation {
                used.insert((from.to_string(), to.clone()));
            }
            if !allowed.contains(&to.as_str()) && !is_deviation {
                faults.push(format!("src/{}:{line}: {from} may not import {to}", source.path));
            }
        }
    }
    for (from, to, _) in deviations {
        if !used.contains(&(from.to_string(), to.to_string())) {
            faults.push(format!(
                "deviation {from} -> {to} is no longer needed: take it out of tests/layers.rs"
            ));
        }
    }
    faults
}

fn arrows(sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources.iter().filter(|s| s.module() != "lib") {
        let to = source.imports().into_iter().map(|(_, to)| to);
        arrows.entry(source.module().into()).or_default().extend(to);
    }
    arrows
}

/// Everything that can be reached from `from`, not counting the empty path.
fn reached(arrows: &BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(module) = open.pop() {
        for to in arrows.get(module).into_iter().flatten() {
            if seen.insert(to.clone()) {
                open.push(to);
            }
        }
    }
    seen
}

fn cycles(sources: &[Source]) -> Vec<String> {
    let arrows = arrows(sources);
    arrows.keys().filter(|module| reached(&arrows, module).contains(*module)).cloned().collect()
}

/// Paths between the towers, direct or through other modules.
fn crossings(sources: &[Source]) -> Vec<String> {
    let arrows = arrows(sources);
    let towers = [(TEXT_TOWER, POPULATION_TOWER), (POPULATION_TOWER, TEXT_TOWER)];
    let crossing = |(from, to): (&[&str], &[&str])| {
        let pairs = from.iter().flat_map(|a| reached(&arrows, a).into_iter().map(move |b| (*a, b)));
        pairs
            .filter(|(_, b)| to.contains(&b.as_str()))
            .map(|(a, b)| format!("{a} reaches {b}"))
            .collect::<Vec<_>>()
    };
    towers.into_iter().flat_map(crossing).collect()
}

/// Uses of a library outside the module it is confined to.
fn strays(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for (library, homes) in CONFINED {
        for source in sources.iter().filter(|s| !homes.contains(&s.module())) {
            for (i, placed) in source.pieces.iter().enumerate() {
                if source.is_word(i, library) {
                    faults
                        .push(format!("src/{}:{}: {library} belongs to {homes:?}", source.path, placed.line));
                }
            }
        }
    }
    faults
}

/// Reads of the terminal, the environment or the arguments outside `cli`, and messages printed there.
/// `source` may read standard input, which is a source.
fn talkers(sources: &[Source]) -> Vec<String> {
    const WORDS: [&str; 8] = ["println", "eprintln", "print", "eprint", "dbg", "stdout", "stderr", "args"];
    let mut faults = Vec::new();
    for source in sources.iter().filter(|s| s.module() != "cli") {
        for (i, placed) in source.pieces.iter().enumerate() {
            let Piece::Word(word) = &placed.piece else { continue };
            let is_macro = matches!(source.pieces.get(i + 1), Some(Placed { piece: Piece::Mark('!'), .. }));
            let is_path = i >= 2 && source.is_colons(i - 2);
            let talks = WORDS[..5].contains(&word.as_str()) && is_macro
                || WORDS[5..].contains(&word.as_str()) && is_path
                || word == "env" && source.is_colons(i + 1);
            if talks {
                faults.push(format!("src/{}:{}: {word} belongs to cli", source.path, placed.line));
            }
        }
    }
    faults
}

#[track_caller]
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn imports_follow_the_table() {
    assert_none(&forbidden_arrows(&sources(), DEVIATIONS));
}

#[test]
fn imports_form_no_cycle() {
    assert_none(&cycles(&sources()));
}

#[test]
fn the_towers_do_not_meet() {
    assert_none(&crossings(&sources()));
}

#[test]
fn libraries_stay_in_their_module() {
    assert_none(&strays(&sources()));
}

#[test]
fn only_cli_talks() {
    assert_none(&talkers(&sources()));
}

#[test]
fn main_only_calls_cli_and_lib_only_names_modules() {
    let main = fs::read_to_string(root().join("src/main.rs")).unwrap();
    let named: Vec<&str> =
        main.split("laennec::").skip(1).map(|rest| rest.split("::").next().unwrap()).collect();
    assert_eq!(named, ["cli"]);
    let lib = Source::new("lib.rs", &fs::read_to_string(root().join("src/lib.rs")).unwrap());
    let words: Vec<(usize, &str)> = lib
        .pieces
        .iter()
        .filter_map(|p| match &p.piece {
            Piece::Word(word) => Some((p.line, word.as_str())),
            _ => None,
        })
        .collect();
    for pair in words.windows(2) {
        let [(line, keyword), (_, name)] = *pair else { continue };
        assert!(
            !matches!(keyword, "use" | "fn" | "struct" | "enum" | "impl"),
            "src/lib.rs:{line}: {keyword}"
        );
        let known = TABLE.iter().any(|(module, _)| *module == name) || TOP.contains(&name);
        assert!(
            keyword != "mod" || known,
            "src/lib.rs:{line}: module {name} is not in the table of ARCHITECTURE.md"
        );
    }
    assert!(words.iter().filter(|(_, word)| *word == "mod").count() > 10);
}

#[test]
fn the_table_itself_runs_one_way() {
    let all: Vec<&str> = TABLE.iter().map(|(module, _)| *module).collect();
    for (i, (module, allowed)) in TABLE.iter().enumerate() {
        for to in *allowed {
            let place = all.iter().position(|m| m == to).expect(to);
            assert!(place < i, "{module} -> {to} points forward in the table");
        }
    }
}

#[test]
fn a_bad_import_is_seen() {
    let table: &[(&str, &str, &[&str])] = &[
        ("span.rs", "use crate::event::CodedEvent;", &["event"]),
        ("mention/mod.rs", "use crate::{context, span::Span};", &["context", "span"]),
        (
            "mention/mod.rs",
            "use crate::{segment::{self, Token}, span::Span, cli};",
            &["segment", "span", "cli"],
        ),
        ("mention/pattern.rs", "fn f() { crate::warehouse::open(); }", &["warehouse"]),
        ("mention/pattern.rs", "use super::super::source::open;", &["source"]),
        ("mention/pattern.rs", "use super::Candidate; use self::x::Y;", &[]),
        ("mention/mod.rs", "use super::source;", &["source"]),
        (
            "warehouse/sqlite/read.rs",
            "use super::super::rules; use super::super::super::normalize::fold;",
            &["normalize"],
        ),
        ("span.rs", "pub(crate) fn f() {} // use crate::cli;\n/* /* use crate::cli; */ */", &[]),
        ("span.rs", "const A: &str = \"use crate::cli;\"; const B: &str = r#\"crate::cli\"#;", &[]),
        (
            "span.rs",
            "#[cfg(test)]\nmod tests { use crate::cli; fn f() { {} } }\nuse crate::source;",
            &["source"],
        ),
        (
            "span.rs",
            "#[cfg(test)]\nuse crate::cli;\nfn f<'a>(c: &'a u8) { let x = '\"'; crate::source::f(); }",
            &["source"],
        ),
        ("span.rs", "fn f() { let c = '\\''; let d = b'\\\\'; crate::cli::run(); }", &["cli"]),
    ];
    for (path, text, expected) in table {
        let found: Vec<String> =
            Source::new(path, text).imports().into_iter().map(|(_, name)| name).collect();
        assert_eq!(found, *expected, "{path}: {text}");
    }
}

#[test]
fn a_bad_house_is_seen() {
    let up = [Source::new("span.rs", "//! x\nuse crate::event::E;")];
    assert_eq!(forbidden_arrows(&up, &[]), ["src/span.rs:2: span may not import event"]);
    assert_eq!(forbidden_arrows(&up, &[("span", "event", "why")]), Vec::<String>::new());
    let stale = [Source::new("span.rs", "")];
    assert!(forbidden_arrows(&stale, &[("span", "event", "why")])[0].contains("no longer needed"));
    let unknown = [Source::new("helper/mod.rs", "")];
    assert!(forbidden_arrows(&unknown, &[])[0].contains("not in the table"));
    let ring = [
        Source::new("a.rs", "use crate::b;"),
        Source::new("b.rs", "use crate::c;"),
        Source::new("c/d.rs", "use crate::a;"),
        Source::new("e.rs", "use crate::a;"),
    ];
    assert_eq!(cycles(&ring), ["a", "b", "c"]);
    let through = [Source::new("lexicon.rs", "use crate::x;"), Source::new("x.rs", "use crate::warehouse;")];
    assert_eq!(crossings(&through), ["lexicon reaches warehouse"]);
    let back = [Source::new("cohort/mod.rs", "use crate::segment;")];
    assert_eq!(crossings(&back), ["cohort reaches segment"]);
    assert_eq!(strays(&[Source::new("cohort/mod.rs", "use rusqlite::Connection;")]).len(), 1);
    let talk =
        "fn f() { println!(\"x\"); std::env::var(\"X\"); std::io::stdout(); let print = env!(\"X\"); }";
    assert_eq!(talkers(&[Source::new("code/mod.rs", talk)]).len(), 3);
}

// ---------------------------------------------------------------- header lines

fn headless(sources: &[Source]) -> Vec<String> {
    let is_header = |line: &str| line.strip_prefix("//! ").is_some_and(|text| text.trim().len() > 10);
    let faulty = sources.iter().filter(|s| !is_header(&s.header));
    faulty
        .map(|s| format!("src/{}:1: the first line must be `//! ` and what the file is for", s.path))
        .collect()
}

#[test]
fn every_file_says_what_it_is_for() {
    assert_none(&headless(&sources()));
}

#[test]
fn a_missing_header_is_seen() {
    for bad in ["", "use x;\n//! Late, and too late.", "//!", "//! Span.", "// Spans of a text, half open."] {
        assert_eq!(headless(&[Source::new("span.rs", bad)]).len(), 1, "{bad:?}");
    }
    assert_none(&headless(&[Source::new("span.rs", "//! Spans of a text.\n")]));
}

// ---------------------------------------------------------------- French stays in the data

/// Words of the lexicons, folded, of four letters or more, that are not English words too.
fn french_words() -> BTreeSet<String> {
    let english = fs::read_to_string(root().join("tests/data/english.txt")).unwrap();
    let english: BTreeSet<&str> =
        english.lines().filter(|l| !l.starts_with('#')).flat_map(str::split_whitespace).collect();
    let mut words = BTreeSet::new();
    for lexicon in ["context", "sections", "dates", "grammar"] {
        let path = root().join("lexicons").join(lexicon).join("terms.tsv");
        words.extend(terms_of(&path).iter().flat_map(|term| words_of(&without_moods(term))));
    }
    words.retain(|word| word.len() >= 4 && !english.contains(word.as_str()));
    words
}

/// The column `term` of a table.
fn terms_of(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let mut rows = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let column = rows.next().unwrap().split('\t').position(|name| name == "term").expect("a column `term`");
    rows.filter_map(|row| row.split('\t').nth(column)).map(str::to_string).collect()
}

/// A term without the moods of its verbs, `<lemma:mood>`, whose names are English.
fn without_moods(term: &str) -> String {
    let pieces = term.split('>').map(|piece| match piece.split_once('<') {
        Some((before, verbs)) => format!("{before}{}", verbs.split(':').next().unwrap_or_default()),
        None => piece.to_string(),
    });
    pieces.collect::<Vec<_>>().join(" ")
}

/// The words of a text, folded; `camelCase` and `snake_case` are cut.
fn words_of(text: &str) -> Vec<String> {
    let mut cut = String::new();
    let mut before = ' ';
    for c in text.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            cut.push(' ');
        }
        cut.push(if c == '_' { ' ' } else { c });
        before = c;
    }
    let folded = laennec::normalize::fold(&cut);
    folded
        .text()
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|w| !w.is_empty())
        .map(str::to_string)
        .collect()
}

/// A letter that French writes and English does not.
fn is_accented(c: char) -> bool {
    c.is_alphabetic() && matches!(c, 'À'..='ÿ' | 'Œ' | 'œ' | 'Ÿ')
}

/// A long run of characters without one ASCII letter maps an encoding; it is no French.
fn is_code_page(text: &str) -> bool {
    text.chars().count() >= 16 && !text.chars().any(|c| c.is_ascii_alphabetic())
}

/// French words and accented letters in the code of the sources.
fn french_in(sources: &[Source], french: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources {
        for Placed { line, piece } in &source.pieces {
            let (text, is_literal) = match piece {
                Piece::Word(text) => (text, false),
                Piece::Text(text) => (text, true),
                Piece::Mark(_) => continue,
            };
            let place = format!("src/{}:{line}", source.path);
            if is_literal
                && !is_code_page(text)
                && let Some(letter) = text.chars().find(|c| is_accented(*c))
            {
                faults.push(format!("{place}: {letter:?} in a string; French belongs under lexicons/"));
            }
            let words = words_of(text).into_iter().filter(|word| french.contains(word));
            faults
                .extend(words.map(|word| format!("{place}: {word:?} is French; it belongs under lexicons/")));
        }
    }
    faults.sort();
    faults.dedup();
    faults
}

#[test]
fn no_french_in_rust() {
    assert_none(&french_in(&sources(), &french_words()));
}

#[test]
fn french_in_rust_is_seen() {
    let french = french_words();
    assert!(french.len() > 500, "only {} French words: are the lexicons read?", french.len());
    for word in ["antecedents", "grossesse", "frere", "janvier"] {
        assert!(french.contains(word), "{word}");
    }
    let bad = [
        "const CUE: &str = \"antécédents\";",
        "const CUE: &str = r#\"antecedents\"#;",
        "fn is_grossesse() {}",
        "struct DateGrossesse;",
        "const X: &str = \"é\";",
        "match w { \"Frère\" => 1 }",
    ];
    for text in bad {
        assert!(!french_in(&[Source::new("code/mod.rs", text)], &french).is_empty(), "{text}");
    }
    let good = [
        "/// The antécédents.\nfn f() {} // grossesse",
        "#[cfg(test)]\nmod tests { const X: &str = \"grossesse\"; }",
        "const X: &str = \"\\u{e9} present absent section date\"; const Y: char = 'é';",
    ];
    for text in good {
        assert_none(&french_in(&[Source::new("code/mod.rs", text)], &french));
    }
}

// ---------------------------------------------------------------- what is written beside the code

#[test]
fn every_dependency_is_explained() {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let page = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let direct = ["dependencies", "dev-dependencies"]
        .iter()
        .flat_map(|kind| manifest[*kind].as_table().unwrap().keys());
    let named: BTreeSet<&str> =
        page.lines().filter_map(|l| l.strip_prefix("| `")?.split('`').next()).collect();
    let direct: BTreeSet<&str> = direct.map(String::as_str).collect();
    assert_eq!(named, direct, "left: explained in docs/dependencies.md, right: in Cargo.toml");
}

#[test]
fn ci_runs_what_the_readme_says() {
    let read = |name: &str| fs::read_to_string(root().join(name)).unwrap();
    let (readme, ci) = (read("README.md"), read(".ci/run"));
    let job = "cargo run --release -- annotate examples/reports.jsonl --into ";
    assert!(readme.contains(job) && ci.contains(job), "the main job");
    assert!(
        readme.lines().any(|l| l.starts_with("cargo test ")) && ci.contains("step \"tests\" cargo test\n")
    );
}

#[test]
fn every_terminology_is_named_with_its_terms() {
    let notice = fs::read_to_string(root().join("NOTICE")).unwrap();
    for words in [
        "https://hpo.jax.org/app/license",
        "2026-06-22",
        "CC BY",
        "Attribution 4.0",
        "INSERM",
        "EUROCAT Guide 1.4",
        "MIT",
    ] {
        assert!(notice.contains(words), "{words}");
    }
    for (name, words) in [("LICENSE-MIT", "MIT License"), ("LICENSE-APACHE", "Version 2.0, January 2004")] {
        assert!(fs::read_to_string(root().join(name)).unwrap().contains(words), "{name}");
    }
}
