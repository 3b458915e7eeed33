//! Stands for `asking.rs` in a program built without the feature `neural`: nobody is asked.

use super::Failure;
use crate::context::Question;
use crate::document::Document;
use crate::event::Reading;
use crate::mention::Mention;
use crate::segment::Segmented;
use std::marker::PhantomData;

/// There is none.
#[derive(Default)]
pub(super) struct Advice;

impl Advice {
    pub fn has_no_findings(&self) -> bool {
        true
    }
}

/// Nothing is asked.
pub(super) struct Asked<'a>(PhantomData<&'a ()>);

/// Nobody.
#[derive(Default)]
pub(super) struct Adviser;

impl Asked<'_> {
    pub fn add(&mut self, _mention: usize, _question: Question) {}

    pub fn keep(&mut self, _mentions: usize) {}

    pub fn add_sentences(&mut self, _segmented: &Segmented, _mentions: &[Mention], _is_of_birth: bool) {}
}

impl Adviser {
    pub fn asked(&self, _tags: bool) -> Option<Asked<'_>> {
        None
    }

    pub fn tag(&self, reports: &[(&Document, Option<Asked>)]) -> Vec<Result<Option<Advice>, Failure>> {
        reports.iter().map(|_| Ok(None)).collect()
    }

    pub fn judge(
        &self,
        reports: Vec<(&Document, Option<Asked>, Advice)>,
    ) -> Vec<Result<Option<Advice>, Failure>> {
        reports.iter().map(|_| Ok(None)).collect()
    }

    pub fn complete(&self, _advice: &Advice, _segmented: &Segmented, mentions: Vec<Mention>) -> Vec<Mention> {
        mentions
    }

    pub fn advise(&self, _advice: &Advice, _mentions: &[Mention], _readings: &mut [Reading]) {}
}
