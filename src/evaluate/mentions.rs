//! Scores which mentions are found: exact spans, overlapping spans, and the subgroup of those that are found.

use super::score::Counts;
use crate::document::Document;
use crate::span::{CodePoints, Span};
use serde_json::{Map, Value};
use std::ops::AddAssign;

/// A report with the mentions that people marked in it.
#[derive(Clone, Debug, Default)]
pub struct MentionsGold {
    /// Text, type, title, date.
    pub document: Document,
    /// Where they stand, in original bytes, and the subgroup where it is marked.
    pub mentions: Vec<(Span, Option<String>)>,
}

/// A mention that was found.
#[derive(Clone, Debug, Default)]
pub struct FoundSpan {
    /// Original bytes.
    pub span: Span,
    /// Its subgroups, parents included, its concept, and its codes as `SYSTEM:CODE`.
    pub names: Vec<String>,
}

/// Mentions found, missed and surplus.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MentionTally {
    /// The same first and last character.
    pub exact: Counts,
    /// At least one character in common; each mention is paired once.
    pub overlap: Counts,
    /// Of the pairs whose subgroup is marked: right (`tp`) or wrong (`fn_`).
    pub subgroup: Counts,
    /// Of the marked spans whose code some concept carries: given the right concept (`tp`) or not (`fn_`).
    pub link: Counts,
}

impl AddAssign<&MentionTally> for MentionTally {
    fn add_assign(&mut self, other: &MentionTally) {
        self.exact += other.exact;
        self.overlap += other.overlap;
        self.subgroup += other.subgroup;
        self.link += other.link;
    }
}

impl MentionTally {
    /// What was found in one report.
    pub fn of(gold: &MentionsGold, found: &[FoundSpan]) -> Self {
        let mut tally = Self::default();
        let exact = pairs(gold, found, |a, b| a == b);
        tally.exact.tp = exact.len() as u64;
        tally.exact.fp = (found.len() - exact.len()) as u64;
        tally.exact.fn_ = (gold.mentions.len() - exact.len()) as u64;
        let overlap = pairs(gold, found, Span::overlaps);
        tally.overlap.tp = overlap.len() as u64;
        tally.overlap.fp = (found.len() - overlap.len()) as u64;
        tally.overlap.fn_ = (gold.mentions.len() - overlap.len()) as u64;
        for (marked, found) in overlap.iter().map(|(i, j)| (&gold.mentions[*i].1, &found[*j])) {
            match marked {
                Some(marked) if found.names.contains(marked) => tally.subgroup.tp += 1,
                Some(_) => tally.subgroup.fn_ += 1,
                None => {}
            }
        }
        tally
    }
}

/// Of spans that overlap, the longest, and of these the first: gold without nested mentions has no others.
pub fn flat(mut found: Vec<FoundSpan>) -> Vec<FoundSpan> {
    found.sort_by_key(|f| (u32::MAX - (f.span.end - f.span.start), f.span.start));
    let mut kept: Vec<FoundSpan> = Vec::new();
    for one in found {
        if !kept.iter().any(|other| other.span.overlaps(one.span)) {
            kept.push(one);
        }
    }
    kept.sort_by_key(|f| f.span);
    kept
}

/// Marked and found mentions that fit, each in one pair: those whose subgroup is right first, then in text order.
fn pairs(gold: &MentionsGold, found: &[FoundSpan], fits: impl Fn(Span, Span) -> bool) -> Vec<(usize, usize)> {
    let mut candidates = Vec::new();
    for (i, (span, name)) in gold.mentions.iter().enumerate() {
        for (j, other) in found.iter().enumerate().filter(|(_, other)| fits(*span, other.span)) {
            let is_right = name.as_ref().is_some_and(|name| other.names.contains(name));
            candidates.push((!is_right, i, j));
        }
    }
    candidates.sort_unstable();
    let (mut is_paired, mut is_taken) = (vec![false; gold.mentions.len()], vec![false; found.len()]);
    let mut pairs = Vec::new();
    for (_, i, j) in candidates {
        if !is_paired[i] && !is_taken[j] {
            (is_paired[i], is_taken[j]) = (true, true);
            pairs.push((i, j));
        }
    }
    pairs
}

/// The marked mentions of a report: E3C entities of one type, or own `mentions` [{"text", "nth", "subgroup"}].
///
/// # Errors
/// What is wrong and what to write; never a word of the file.
pub fn read_mentions(
    object: &Map<String, Value>,
    document: Document,
    kind: &str,
) -> Result<MentionsGold, String> {
    let mentions = match (object.get("mentions"), object.get("entities")) {
        (Some(Value::Array(mentions)), _) => numbered(&document.text, mentions)?,
        (_, Some(Value::Array(entities))) => of_type(&document.text, entities, kind)?,
        _ => return Err("neither mentions nor entities; see --help".into()),
    };
    Ok(MentionsGold { document, mentions })
}

fn numbered(text: &str, mentions: &[Value]) -> Result<Vec<(Span, Option<String>)>, String> {
    let place = |mention: &Value| {
        let words = mention["text"].as_str().filter(|words| !words.is_empty())?;
        let nth = mention["nth"].as_u64().unwrap_or(1).max(1) as usize;
        let (start, _) = text.match_indices(words).nth(nth - 1)?;
        let subgroup = mention["subgroup"].as_str().filter(|name| !name.is_empty()).map(str::to_string);
        Some((Span::new(start as u32, (start + words.len()) as u32), subgroup))
    };
    let told =
        |(i, mention)| place(mention).ok_or(format!("mention {}: its text is not in the report", i + 1));
    mentions.iter().enumerate().map(told).collect()
}

fn of_type(text: &str, entities: &[Value], kind: &str) -> Result<Vec<(Span, Option<String>)>, String> {
    let points = CodePoints::new(text);
    let byte = |entity: &Value, name: &str| points.to_byte(u32::try_from(entity[name].as_u64()?).ok()?);
    let name = |entity: &Value| {
        entity["cui"].as_str().filter(|cui| !cui.is_empty()).map(|cui| format!("UMLS:{cui}"))
    };
    let place = |(i, entity): (usize, &Value)| match (byte(entity, "start"), byte(entity, "end")) {
        (Some(start), Some(end)) if start < end => Ok((Span::new(start, end), name(entity))),
        _ => Err(format!(
            "entity {}: start or end is missing, empty or outside the text; count in code points",
            i + 1
        )),
    };
    entities.iter().enumerate().filter(|(_, entity)| entity["type"] == kind).map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn gold(mentions: Value) -> MentionsGold {
        let document = Document { text: "aa bb cc aa".into(), ..Document::default() };
        let object = json!({ "mentions": mentions });
        read_mentions(object.as_object().unwrap(), document, "").unwrap()
    }

    fn found(start: u32, end: u32, name: &str) -> FoundSpan {
        FoundSpan { span: Span::new(start, end), names: vec![name.to_string()] }
    }

    #[test]
    fn exact_overlapping_missed_and_surplus_are_counted() {
        let gold = gold(
            json!([{"text": "aa", "nth": 2, "subgroup": "x"}, {"text": "bb cc", "subgroup": "y"}, {"text": "aa"}]),
        );
        assert_eq!(gold.mentions[0].0, Span::new(9, 11));
        let tally = MentionTally::of(&gold, &[found(9, 11, "x"), found(3, 5, "z"), found(6, 8, "y")]);
        assert_eq!((tally.exact.tp, tally.exact.fp, tally.exact.fn_), (1, 2, 2));
        assert_eq!((tally.overlap.tp, tally.overlap.fp, tally.overlap.fn_), (2, 1, 1));
        assert_eq!(
            (tally.subgroup.tp, tally.subgroup.fn_),
            (2, 0),
            "the pair with the right subgroup goes first"
        );
    }

    #[test]
    fn of_overlapping_spans_the_longest_is_kept() {
        let kept = flat(vec![found(0, 2, "a"), found(0, 5, "b"), found(6, 8, "c"), found(6, 8, "d")]);
        let spans: Vec<(u32, u32)> = kept.iter().map(|f| (f.span.start, f.span.end)).collect();
        assert_eq!(spans, [(0, 5), (6, 8)]);
    }

    #[test]
    fn what_is_not_in_the_report_is_refused() {
        let object = json!({"mentions": [{"text": "zz"}]});
        let read = read_mentions(object.as_object().unwrap(), Document::default(), "");
        assert!(read.unwrap_err().starts_with("mention 1"));
    }
}
