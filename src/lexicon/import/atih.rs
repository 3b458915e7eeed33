//! `LIBCIM10MULTI.TXT` of the ATIH: code, use, labels, separated by `|`, in Latin-1.

use super::super::problem::Problem;
use super::filter::Dropped;
use super::{CodeRow, Raw, Request, Terminology, input};

/// Terms of use of the CIM-10 in French.
pub(super) const LICENCE: &str =
    "CIM-10 FR © OMS/ATIH, CC BY-NC-ND 3.0 IGO: supplied by the site, never shipped";

/// Reads the codes with both labels.
pub(super) fn read(request: &Request) -> Result<Terminology, Problem> {
    let mut terminology = Terminology {
        system: "CIM-10".into(),
        title: "CIM-10 FR for the PMSI".into(),
        source: "ATIH, LIBCIM10MULTI.TXT".into(),
        licence: LICENCE.into(),
        version: "unknown".into(),
        ..Terminology::default()
    };
    for path in &request.files {
        let text = input::text(path)?;
        let number = terminology.files.len();
        for (i, line) in text.lines().enumerate() {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let code = cells.first().map(|code| dotted(code)).unwrap_or_default();
            let labels = cells.get(4..).filter(|labels| !labels.is_empty());
            let Some(labels) = labels.filter(|_| is_code(&code)) else {
                terminology.faults.push(Dropped::fault((number, i + 1), line));
                continue;
            };
            // The last label is the whole one; the one before is cut to fit a screen.
            for (n, label) in labels.iter().rev().filter(|label| !label.is_empty()).enumerate() {
                terminology.terms.push(Raw::term((number, i + 1), &code, label, n == 0));
            }
            // A type other than 0 to 2 may not be used to code a stay.
            let status = if cells[1].starts_with(['3', '4']) { "group" } else { "valid" };
            let label = labels.iter().rev().find(|label| !label.is_empty()).copied().unwrap_or_default();
            let parents = parent(&code).into_iter().collect();
            terminology.codes.push(CodeRow { code, parents, label: label.to_string(), status });
        }
        terminology.files.push(input::name(path));
    }
    let known: std::collections::HashSet<String> = terminology.codes.iter().map(|c| c.code.clone()).collect();
    terminology.codes.iter_mut().for_each(|code| code.parents.retain(|parent| known.contains(parent)));
    Ok(terminology)
}

/// "A000" as "A00.0"; "F03+01" keeps its mark.
fn dotted(code: &str) -> String {
    match code.char_indices().nth(3) {
        Some((at, c)) if c.is_ascii_alphanumeric() => format!("{}.{}", &code[..at], &code[at..]),
        _ => code.to_string(),
    }
}

fn is_code(code: &str) -> bool {
    let bytes = code.as_bytes();
    bytes.len() >= 3 && bytes[0].is_ascii_uppercase() && bytes[1..3].iter().all(u8::is_ascii_digit)
}

/// The code one character shorter.
fn parent(code: &str) -> Option<String> {
    let shorter = code.get(..code.len().checked_sub(1)?)?.trim_end_matches(['.', '+']);
    (shorter.len() >= 3).then(|| shorter.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_take_their_point_and_their_parent() {
        let dotted = ["A000", "A00", "Q3911", "F03+01"].map(dotted);
        assert_eq!(dotted, ["A00.0", "A00", "Q39.11", "F03+01"]);
        assert_eq!(parent("Q39.11").as_deref(), Some("Q39.1"));
        assert_eq!((parent("A00.0").as_deref(), parent("A00")), (Some("A00"), None));
    }
}
