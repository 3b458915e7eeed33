//! `laennec lexicon show`: how a text is read, term by term, and what would be read alike.

use super::super::{Outcome, Result, print};
use crate::lexicon::{Lexicons, Term};
use crate::mention::{self, About, Unresolved, Why};
use crate::segment::Segmented;

/// Most forms of a word that are shown.
const MOST_FORMS: usize = 12;

pub(super) fn run(lexicons: &Lexicons, text: &str) -> Result {
    let by_id: Vec<usize> =
        (0..lexicons.concepts.concepts.len()).filter(|&i| lexicons.concepts.concepts[i].id == text).collect();
    if !by_id.is_empty() {
        by_id.into_iter().try_for_each(|i| concept(lexicons, i))?;
        return Ok(Outcome::Done);
    }
    let segmented = Segmented::new(text, lexicons);
    let (mentions, unresolved) = mention::find_and_tell(&segmented, lexicons, About::default());
    if mentions.is_empty() {
        print("no concept is found in this text")?;
    }
    for mention in &mentions {
        print(format!("\"{}\"", mention.span.slice(text)))?;
        if let Some(found) = mention.concept {
            concept(lexicons, found as usize)?;
        }
    }
    readings(lexicons, &segmented, text)?;
    for one in &unresolved {
        print(format!("\"{}\" is not read as {}", one.span.slice(text), why(lexicons, one)))?;
    }
    disabled(lexicons, text)?;
    words(lexicons, &segmented)?;
    for (id, span) in crate::context::cues(&segmented, lexicons) {
        print(format!("cue {id}: \"{}\"", span.slice(text)))?;
    }
    Ok(Outcome::Done)
}

/// Why an ambiguous term is not read as a concept.
pub(in crate::cli) fn why(lexicons: &Lexicons, one: &Unresolved) -> String {
    let concept = &lexicons.concepts.concepts[one.concept as usize];
    let names = |sets| lexicons.concepts.names_of(sets).collect::<Vec<_>>().join(", ");
    let reason = match one.why {
        Why::NoSupport(0) => "no unambiguous mention of the same organ is near".to_string(),
        Why::NoSupport(sets) => {
            format!("no word, section, type of report or ward of these sets is near: {}", names(sets))
        }
        Why::Against(sets) => format!("words near it speak against it: {}", names(sets)),
        Why::DefinedOtherwise => "the report defines it as something else".to_string(),
    };
    format!("{} ({}): {reason}", concept.id, concept.label)
}

/// Every term that stands in the text, the one that counts first where several do.
fn readings(lexicons: &Lexicons, segmented: &Segmented, text: &str) -> Result<()> {
    let standing = mention::standing(segmented, lexicons);
    if !standing.is_empty() {
        print("terms that stand in it:")?;
    }
    for one in standing {
        let term = &lexicons.concepts.terms[one.term as usize];
        let id = &lexicons.concepts.concepts[term.concept as usize].id;
        let by: Vec<&str> = one.by.names().collect();
        let by = if by.is_empty() { "as written".to_string() } else { format!("by {}", by.join(", ")) };
        let place = lexicons.concepts.place(term);
        let span = one.span.slice(text);
        print(format!("  {span:?} {id}: {:?}{}, {by}, {place}", term.text, flags(lexicons, term)))?;
    }
    Ok(())
}

fn flags(lexicons: &Lexicons, term: &Term) -> String {
    let names = |sets| lexicons.concepts.names_of(sets).collect::<Vec<_>>().join(" ");
    let mut out = String::new();
    if term.ambiguous {
        out.push_str(&format!(" (ambiguous; needs {})", names(term.support)));
    }
    if term.against != 0 {
        out.push_str(&format!(" (unless {})", names(term.against)));
    }
    out
}

/// The rows of these words that an overlay of the site took away.
fn disabled(lexicons: &Lexicons, text: &str) -> Result<()> {
    let folded = |text: &str| crate::segment::fold(text).text().to_string();
    let meant = lexicons.concepts.disabled.iter().filter(|(_, term, _)| folded(term) == folded(text));
    for (id, term, place) in meant {
        print(format!("disabled: {term:?} of {id}, by {place}"))?;
    }
    Ok(())
}

/// For each word of the text, the forms that are read alike.
fn words(lexicons: &Lexicons, segmented: &Segmented) -> Result<()> {
    for token in segmented.tokens.iter().filter(|token| token.word != 0) {
        let class = lexicons.classes.of(token.word).0;
        let forms = lexicons.vocabulary.forms(|word| word != 0 && lexicons.classes.of(word).0 == class);
        if forms.len() > 1 {
            let more = if forms.len() > MOST_FORMS { ", …" } else { "" };
            let shown: Vec<&str> = forms.into_iter().take(MOST_FORMS).collect();
            print(format!("read alike: {}{more}", shown.join(", ")))?;
        }
    }
    Ok(())
}

fn concept(lexicons: &Lexicons, index: usize) -> Result<()> {
    let concept = &lexicons.concepts.concepts[index];
    let codes: Vec<String> =
        concept.codings.iter().map(|(system, code)| format!("{system} {code}")).collect();
    let terms = lexicons.concepts.terms.iter().filter(|t| t.concept as usize == index);
    let terms: Vec<String> =
        terms.map(|t| format!("{}{}", t.text, if t.ambiguous { " (ambiguous)" } else { "" })).collect();
    let described = lexicons.descriptions.descriptions.iter().filter(|d| d.concept as usize == index);
    let described: Vec<&str> = described.map(|d| d.id.as_str()).collect();
    print(format!("  {} — {} ({})", concept.id, concept.label, lexicons.manifests[concept.lexicon].id))?;
    print(format!("    codes      {}", codes.join(", ")))?;
    print(format!(
        "    subgroups  {}{}",
        concept.subgroups.join(", "),
        if concept.minor { " (minor)" } else { "" }
    ))?;
    print(format!("    terms      {}", terms.join(" · ")))?;
    if !described.is_empty() {
        print(format!("    described  {}", described.join(" · ")))?;
    }
    Ok(())
}
