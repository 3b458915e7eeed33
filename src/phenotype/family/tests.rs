//! Families made from hostile tables: a cell is a cell, whatever stands in it.

use super::members;
use crate::phenotype::Loaded;

const TEMPLATE: &str = r#"id = "{{id}}"
title = "{{title}}"
definition = "x"
levels = ["definite"]
[sets.s]
codes = {{[CIM-10:codes]}}
{{#groups}}
subgroups = {{[groups]}}
{{/groups}}
[rules.r]
set = "s"
[[level]]
name = "definite"
when = "r"
"#;

fn made(row: &str) -> Vec<Result<Loaded, String>> {
    let table = format!("id\ttitle\tcodes\tgroups\n{row}");
    match members("t.toml", TEMPLATE, "t.tsv", &table) {
        Err(problem) => vec![Err(problem.to_string())],
        Ok(members) => members
            .into_iter()
            .map(|(file, text)| Loaded::read(&file, &text).map_err(|problem| problem.to_string()))
            .collect(),
    }
}

#[test]
fn quotes_and_braces_of_a_cell_stay_in_its_string() {
    let attacks = [
        r#"x"; DROP TABLE events; --"#,
        r#"x" ] } nonsense = "1"#,
        r"x\",
        r#"x\" "#,
        "{{codes}}",
        "{{#id}}",
        "x' OR '1'='1",
        "é\u{202e}",
    ];
    for attack in attacks {
        let made = made(&format!("a\t{attack}\t{attack}\t\n"));
        let loaded = made[0].as_ref().unwrap_or_else(|problem| panic!("{attack:?}: {problem}"));
        assert_eq!(loaded.definition.title, attack);
        let codes = &loaded.definition.sets["s"].get_ref().codes;
        assert_eq!(*codes, [format!("CIM-10:{}", attack.trim())]);
        assert_eq!((loaded.definition.sets.len(), loaded.definition.rules.len()), (1, 1));
    }
}

#[test]
fn rows_that_do_not_fit_are_refused_with_their_line() {
    for (row, line) in [("a\tb\n", "t.tsv:2"), ("a\tb\tc\td\ne\tf\tg\th\ti\n", "t.tsv:3")] {
        let problem = made(row).remove(0).expect_err(row);
        assert!(problem.starts_with(line), "{problem}");
    }
    let problem = made("a\tb\u{0}c\tE10\t\n").remove(0).expect_err("a control character is no text of TOML");
    assert!(problem.starts_with("t.toml[a]:2"), "{problem}");
    let no_column =
        members("t.toml", "id = \"{{nothing}}\"\n", "t.tsv", "id\na\n").expect_err("no such column");
    assert!(no_column.to_string().starts_with("t.toml:1: no column \"nothing\""), "{no_column}");
}

#[test]
fn a_column_that_is_empty_leaves_its_lines_out() {
    let made = made("a\tb\tE10, E11\t\nc\td\tE10\tchd\n");
    let groups =
        |at: usize| made[at].as_ref().expect("sound").definition.sets["s"].get_ref().subgroups.clone();
    assert_eq!((groups(0), groups(1)), (Vec::new(), vec!["chd".to_string()]));
    let codes = &made[0].as_ref().expect("sound").definition.sets["s"].get_ref().codes;
    assert_eq!(*codes, ["CIM-10:E10", "CIM-10:E11"]);
}
