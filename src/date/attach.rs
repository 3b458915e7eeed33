//! Which date goes with a mention.
//!
//! **The rule.** Candidates are dates that can date a finding: not a birth, the last period, the beginning or the
//! expected end of the pregnancy, the state on the day of the report ("terme du jour", "âgée de 3 mois"), nor a
//! duration. Among those of the mention's clause, else of its sentence, the nearest wins. Distance counts tokens; a
//! comma, semicolon or line break between adds [`BREAK`], and a date that is not a calendar day adds [`VAGUENESS`],
//! so that of "J1 (19/03)" the calendar day is taken; at equal distance, the date before the mention wins. When the
//! sentence has none, the date that opens the mention's line does ("12/03/2020 : …").

use super::resolve::plausible_gestation;
use super::{Bound, Found, Kind, Sense};
use crate::segment::{Segmented, TokenKind, TokenRange};

/// Tokens that a comma, semicolon or line break counts for.
const BREAK: usize = 4;
/// Tokens that a date counts for when it is not a calendar day.
const VAGUENESS: usize = 3;
/// Farthest date of a clause or sentence, in tokens; it keeps the search short in texts without punctuation.
const REACH: usize = 80;
/// Most dates looked at on each side of a mention.
const CANDIDATES: usize = 8;

/// The date that goes with a mention; `found` in text order, as [`super::find`] gives it.
pub fn nearest<'f>(found: &'f [Found], segmented: &Segmented, mention: TokenRange) -> Option<&'f Found> {
    attach(found, segmented, mention, can_date)
}

/// The gestational age in days that goes with a mention, by the same rule.
pub fn gestational_age(found: &[Found], segmented: &Segmented, mention: TokenRange) -> Option<u16> {
    let age =
        attach(found, segmented, mention, |f| f.sense == Sense::Plain && plausible_gestation(f).is_some())?;
    plausible_gestation(age)
}

/// The gestational age in days that the report states for its own day ("terme du jour : 22 SA + 4 j").
pub fn report_gestational_age(found: &[Found]) -> Option<u16> {
    found.iter().filter(|f| f.sense == Sense::Today).find_map(plausible_gestation)
}

fn can_date(found: &Found) -> bool {
    found.sense == Sense::Plain && !matches!(found.kind, Kind::Duration(_))
}

fn attach<'f>(
    found: &'f [Found],
    segmented: &Segmented,
    mention: TokenRange,
    counts: impl Fn(&Found) -> bool,
) -> Option<&'f Found> {
    let token = mention.start as usize;
    let here = found.partition_point(|f| f.tokens.start < mention.start);
    let around = &found[here.saturating_sub(CANDIDATES)..found.len().min(here + CANDIDATES)];
    let nearest_in = |range: TokenRange| {
        let inside = around.iter().filter(|f| range.contains(f.tokens.start as usize) && counts(f));
        let costs = inside.filter_map(|f| Some((cost(f, segmented, mention)?, f)));
        costs.min_by_key(|(cost, _)| *cost).map(|(_, f)| f)
    };
    nearest_in(segmented.clause_of(token)).or_else(|| nearest_in(segmented.sentence_of(token))).or_else(
        || {
            let opener = found[..here].iter().rev().take(CANDIDATES).find(|f| f.opens_until > 0)?;
            (opener.opens_until > mention.start && counts(opener)).then_some(opener)
        },
    )
}

/// How far a date stands from a mention; `None` when it is too far.
fn cost(found: &Found, segmented: &Segmented, mention: TokenRange) -> Option<usize> {
    let date = found.tokens;
    let (from, to) =
        if date.start < mention.start { (date.end, mention.start) } else { (mention.end, date.start) };
    let between = segmented.tokens.get(from as usize..to.max(from) as usize)?;
    (between.len() <= REACH).then_some(())?;
    let is_break = |i: &usize| {
        segmented.tokens[*i].kind == TokenKind::Newline
            || segmented.is_mark(*i, b',')
            || segmented.is_mark(*i, b';')
    };
    let breaks = (from as usize..to.max(from) as usize).filter(is_break).count();
    let is_day = matches!(found.kind, Kind::Absolute(calendar) if calendar.day.is_some());
    Some(between.len() + breaks * BREAK + if is_day { 0 } else { VAGUENESS })
}

/// A period: two dates that bound it, or a date and how long it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Index of its beginning among the dates found.
    pub from: usize,
    /// Index of its end or duration.
    pub to: usize,
    /// Both dates and what stands between them.
    pub tokens: TokenRange,
}

/// The periods of a report: "du 5 au 8 juin", "juin 2017 pendant trois semaines".
pub fn periods(found: &[Found]) -> Vec<Period> {
    let pairs = found.iter().zip(found.iter().skip(1)).enumerate();
    let joined = pairs.filter(|(_, (a, b))| is_period(a, b));
    let period = |(i, (a, b)): (usize, (&Found, &Found))| Period {
        from: i,
        to: i + 1,
        tokens: TokenRange { start: a.tokens.start, end: b.tokens.end },
    };
    joined.map(period).collect()
}

fn is_period(a: &Found, b: &Found) -> bool {
    let gap = b.tokens.start.saturating_sub(a.tokens.end);
    match (a.kind, b.kind) {
        (Kind::Absolute(_), Kind::Absolute(_)) => {
            gap <= 3 && (a.bound, b.bound) == (Some(Bound::From), Some(Bound::Until))
        }
        (Kind::Absolute(_), Kind::Duration(_)) => gap == 0,
        _ => false,
    }
}
