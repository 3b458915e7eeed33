//! `laennec questions`: what a model is asked of marked spans, with the truth: the input of the training code.

use super::evaluate::gold;
use super::{Outcome, Result, load_engine, print};
use crate::context::{Facts, Question};
use crate::evaluate::{GoldDocument, GoldMention};
use crate::event::Reading;
use crate::span::{CodePoints, Span};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Files of marked documents, as those of `evaluate assertion`.
    #[arg(required = true)]
    gold: Vec<String>,
    /// Only the mentions of this set.
    #[arg(long)]
    set: Option<String>,
    /// Add a lexicon folder; one with the id of a shipped lexicon takes its place.
    #[arg(long, value_name = "DIR")]
    lexicon: Vec<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let engine = load_engine(&arguments.lexicon)?;
    let gold = gold::read(&arguments.gold, arguments.set.as_deref())?;
    let asked = |document: &GoldDocument| {
        let spans: Vec<Span> = document.mentions.iter().map(|m| m.span).collect();
        let asked = engine.questions(&document.document, &spans);
        let lines =
            document.mentions.iter().zip(asked).map(|(mention, asked)| line(document, mention, asked));
        lines.collect::<Vec<_>>()
    };
    let lines: Vec<Vec<Value>> = gold.par_iter().map(asked).collect();
    lines.iter().flatten().try_for_each(print)?;
    Ok(Outcome::Done)
}

/// Offsets are code points of the window.
fn line(document: &GoldDocument, mention: &GoldMention, (reading, question): (Reading, Question)) -> Value {
    let text = &document.document.text;
    let window = question.window.slice(text);
    let points = CodePoints::new(window);
    let at = |byte: u32| points.of_byte(byte.saturating_sub(question.window.start));
    let names = Facts::NAMES.iter().zip(question.facts.values());
    let truth = &mention.truth;
    json!({
        "document": document.document.id,
        "document_type": document.document.document_type,
        "title": document.document.title,
        "section": question.title.map(|title| title.slice(text)),
        "text": window,
        "start": at(question.mention.start),
        "end": at(question.mention.end),
        "facts": names.filter(|(_, holds)| *holds).map(|(name, _)| *name).collect::<Vec<_>>(),
        "certainty": reading.certainty,
        "phenomenon": mention.phenomenon,
        "part": mention.part,
        "assertion": truth.assertion,
        "experiencer": truth.experiencer,
        "temporality": truth.temporality,
        "negated": truth.negated,
        "hypothetical": truth.hypothetical,
    })
}
