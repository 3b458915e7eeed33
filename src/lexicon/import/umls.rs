//! `MRCONSO.RRF` of the UMLS: its French rows that are not suppressed.

use super::super::problem::Problem;
use super::filter::Dropped;
use super::{Raw, Request, Terminology, input};
use std::io::{BufRead, BufReader};

/// Columns of the table, from 0.
const CUI: usize = 0;
const LANGUAGE: usize = 1;
const IS_PREFERRED: usize = 6;
const SOURCE: usize = 11;
const CODE: usize = 13;
const TEXT: usize = 14;
const SUPPRESSED: usize = 16;

/// Names of the sources of the UMLS that are code systems of events.
const SYSTEMS: [(&str, &str); 3] = [("ICD10", "CIM-10"), ("HPO", "HPO"), ("ORPHANET", "ORPHA")];

/// Reads row by row: the whole table has 2 GB.
pub(super) fn read(request: &Request) -> Result<Terminology, Problem> {
    let mut terminology = Terminology {
        system: "UMLS".into(),
        title: "UMLS, French terms".into(),
        source: "UMLS Metathesaurus, MRCONSO.RRF, LAT=FRE".into(),
        licence: "UMLS Metathesaurus License: supplied by the site, never shipped".into(),
        version: "unknown".into(),
        ..Terminology::default()
    };
    for path in &request.files {
        let name = input::name(path);
        let fault = |e: std::io::Error| Problem::of(&name, format!("cannot be read: {e}"));
        let file = std::fs::File::open(path).map_err(fault)?;
        let mut reader: Box<dyn BufRead> = match path.extension().is_some_and(|e| e == "gz") {
            true => Box::new(BufReader::new(flate2::read::GzDecoder::new(file))),
            false => Box::new(BufReader::new(file)),
        };
        let (mut line, mut i) = (Vec::new(), 0);
        while reader.read_until(b'\n', &mut line).map_err(fault)? > 0 {
            i += 1;
            add(&String::from_utf8_lossy(&line), (terminology.files.len(), i), &mut terminology);
            line.clear();
        }
        terminology.files.push(name);
    }
    for references in terminology.references.values_mut() {
        references.sort();
        references.dedup();
    }
    Ok(terminology)
}

fn add(line: &str, place: (usize, usize), terminology: &mut Terminology) {
    let cells: Vec<&str> = line.trim_end().split('|').collect();
    if cells.len() <= SUPPRESSED {
        return terminology.faults.push(Dropped::fault(place, line));
    }
    if cells[LANGUAGE] != "FRE" || cells[SUPPRESSED] != "N" {
        return;
    }
    let system =
        SYSTEMS.iter().find(|(source, _)| cells[SOURCE].starts_with(source)).map(|(_, system)| system);
    if let Some(system) = system.filter(|_| !cells[CODE].contains(char::is_whitespace)) {
        let references = terminology.references.entry(cells[CUI].to_string()).or_default();
        references.push(format!("{system}:{}", cells[CODE]));
    }
    let is_label = cells[IS_PREFERRED] == "Y";
    terminology.terms.push(Raw::term(place, cells[CUI], cells[TEXT], is_label));
}
