//! The pass over the tokens: what begins a date, and what the words before it announce.

use super::words::{Role, Term, Value, Words};
use super::{Bound, Calendar, Direction, Found, Kind, Sense};
use crate::segment::{Segmented, Token, TokenKind, TokenRange};

/// How many tokens a word that forbids dates reaches ("TA à 12/08").
const VETO_REACH: usize = 4;

/// Finds every date of a report, in text order, none overlapping. Total; linear in the number of tokens.
pub fn find(segmented: &Segmented, words: &Words) -> Vec<Found> {
    scan(Scanner::new(segmented, words))
}

/// As [`find`], each calendar date without its time of day.
pub fn find_days(segmented: &Segmented, words: &Words) -> Vec<Found> {
    scan(Scanner { reads_times: false, ..Scanner::new(segmented, words) })
}

fn scan(mut scanner: Scanner) -> Vec<Found> {
    let (segmented, words) = (scanner.text, scanner.words);
    let mut i = 0;
    while i < segmented.tokens.len() {
        let token = &segmented.tokens[i];
        i = match token.kind {
            TokenKind::Word => match words.acted_on(token.word) {
                [] => i + 1,
                terms => scanner.word(i, terms),
            },
            TokenKind::Number => scanner.number(i).unwrap_or(i + 1),
            TokenKind::Mark => scanner.mark(i),
            TokenKind::Newline => scanner.newline(i),
        };
    }
    scanner.close_line(segmented.tokens.len());
    scanner.found
}

/// Prepositions that stand before the next token, as one chain ("depuis le").
#[derive(Clone, Copy, Default)]
pub(super) struct Chain {
    pub(super) start: usize,
    pub(super) end: usize,
    roles: u64,
}

/// A word that says what the next date is the date of.
#[derive(Clone, Copy, Default)]
pub(super) struct Announced {
    pub(super) sense: Sense,
    pub(super) end: usize,
}

/// The state of the pass. Indices are token numbers; an `end` that is not the present token is out of date.
pub(super) struct Scanner<'s, 't> {
    pub(super) text: &'s Segmented<'t>,
    words: &'s Words,
    tokens: &'s [Token],
    pub(super) found: Vec<Found>,
    pub(super) chain: Chain,
    pub(super) announced: Announced,
    pub(super) veto_end: usize,
    pub(super) person_end: usize,
    /// The report speaks of twins, whose names are "J1" and "J2".
    pub(super) has_twins: bool,
    /// The time of day belongs to a date.
    pub(super) reads_times: bool,
    line_start: usize,
    /// Index in `found` of the date that opens the present line.
    opener: Option<usize>,
}

impl<'s, 't> Scanner<'s, 't> {
    fn new(text: &'s Segmented<'t>, words: &'s Words) -> Self {
        // Ends start out of reach, because token 0 may be a date.
        const NEVER: usize = usize::MAX;
        Self {
            text,
            words,
            tokens: &text.tokens,
            found: Vec::new(),
            chain: Chain { end: NEVER, ..Chain::default() },
            announced: Announced { end: NEVER, ..Announced::default() },
            veto_end: NEVER,
            person_end: NEVER,
            has_twins: false,
            reads_times: true,
            line_start: 0,
            opener: None,
        }
    }

    // ---- looking at tokens

    /// The longest term of this role at token `i`: its value and its end.
    #[inline]
    pub(super) fn term(&self, i: usize, role: Role) -> Option<(Value, usize)> {
        let terms = self.words.terms(self.tokens.get(i)?.word, role);
        let term = terms.iter().find(|t| t.role == role && self.has_rest(i, t))?;
        Some((term.value, i + 1 + term.rest.len()))
    }

    pub(super) fn has_rest(&self, i: usize, term: &Term) -> bool {
        if term.second == 0 {
            return true;
        }
        if self.tokens.get(i + 1).is_none_or(|token| token.word != term.second) {
            return false;
        }
        let next = self.tokens.get(i + 1..i + 1 + term.rest.len());
        next.is_some_and(|next| next.iter().zip(&term.rest).all(|(token, word)| token.word == *word))
    }

    pub(super) fn is(&self, i: usize, role: Role) -> bool {
        self.term(i, role).is_some()
    }

    /// The whole number at token `i` and its count of digits; at most four digits.
    pub(super) fn number_at(&self, i: usize) -> Option<(u32, usize)> {
        let token = self.tokens.get(i).filter(|t| t.kind == TokenKind::Number)?;
        let width = (token.end - token.start) as usize;
        (width <= 4).then_some(())?;
        digits(&self.text.text().as_bytes()[token.start as usize..token.end as usize]).map(|n| (n, width))
    }

    /// The two parts of a decimal ("14.07"), with the mark between them.
    pub(super) fn decimal_at(&self, i: usize) -> Option<[&[u8]; 2]> {
        let token = self.tokens.get(i).filter(|t| t.kind == TokenKind::Number)?;
        let bytes = &self.text.text().as_bytes()[token.start as usize..token.end as usize];
        let mark = bytes.iter().position(|b| !b.is_ascii_digit())?;
        Some([&bytes[..mark], &bytes[mark..]])
    }

    /// The whole part of a decimal that ends with a half ("4,5").
    pub(super) fn half_number(&self, i: usize) -> Option<u16> {
        let [whole, fraction] = self.decimal_at(i)?;
        (whole.len() <= 2 && matches!(fraction, b",5" | b".5")).then(|| digits(whole))?.map(|n| n as u16)
    }

    pub(super) fn width(&self, i: usize) -> usize {
        self.tokens.get(i).map_or(0, |t| (t.end - t.start) as usize)
    }

    pub(super) fn is_mark(&self, i: usize, mark: u8) -> bool {
        self.text.is_mark(i, mark)
    }

    /// True when token `i` follows the one before it without white space.
    pub(super) fn is_glued(&self, i: usize) -> bool {
        self.tokens.get(i).is_some_and(|t| !t.space_before && t.kind != TokenKind::Newline)
    }

    pub(super) fn is_glued_number(&self, i: usize) -> bool {
        self.is_glued(i) && self.tokens[i].kind == TokenKind::Number
    }

    pub(super) fn kind(&self, i: usize) -> Option<TokenKind> {
        self.tokens.get(i).map(|t| t.kind)
    }

    /// The token after a single line break at `i`, or `i`.
    pub(super) fn over_break(&self, i: usize) -> usize {
        let is_break = |i| self.kind(i) == Some(TokenKind::Newline);
        if is_break(i) && !is_break(i + 1) { i + 1 } else { i }
    }

    pub(super) fn after_approx(&self, mut i: usize) -> usize {
        while let Some((_, end)) = self.term(i, Role::Approx) {
            i = end;
        }
        self.over_break(i)
    }

    // ---- what stands before

    /// True when a preposition of this role stands directly before token `i`.
    pub(super) fn has_before(&self, i: usize, role: Role) -> bool {
        self.chain.end == i && self.chain.roles & (1 << role as u64) != 0
    }

    pub(super) fn has_any_before(&self, i: usize, roles: &[Role]) -> bool {
        roles.iter().any(|&role| self.has_before(i, role))
    }

    /// What a word before token `i` says its date is, through prepositions only.
    pub(super) fn sense_at(&self, i: usize) -> Sense {
        let through = self.chain.end == i && self.chain.start == self.announced.end;
        if self.announced.end == i || through { self.announced.sense } else { Sense::Plain }
    }

    pub(super) fn is_labelled_term(&self, i: usize) -> bool {
        self.sense_at(i) == Sense::Today
    }

    pub(super) fn is_vetoed(&self, i: usize) -> bool {
        self.veto_end <= i && i - self.veto_end < VETO_REACH && !self.breaks_between(self.veto_end, i)
    }

    fn breaks_between(&self, from: usize, to: usize) -> bool {
        (from..to).any(|i| {
            self.kind(i) == Some(TokenKind::Newline) || self.is_mark(i, b',') || self.is_mark(i, b';')
        })
    }

    /// The calendar date that ends where token `i` begins, or one mark or short word before it.
    pub(super) fn calendar_just_before(&self, i: usize) -> Option<Calendar> {
        let last = self.found.last().filter(|f| f.tokens.end as usize + 1 >= i && i > 0)?;
        match last.kind {
            Kind::Absolute(calendar) => Some(calendar),
            _ => None,
        }
    }

    pub(super) fn last_end(&self) -> usize {
        self.found.last().map_or(usize::MAX, |f| f.tokens.end as usize)
    }

    /// True when a number at `i` begins something of its own: not the tail of a code, a decimal or a word.
    pub(super) fn starts_clean(&self, i: usize) -> bool {
        if !self.is_glued(i) || i == 0 || self.chain.end == i {
            return true;
        }
        let before = &self.tokens[i - 1];
        let mark = self.text.text().as_bytes()[before.start as usize];
        match before.kind {
            TokenKind::Mark if matches!(mark, b'-' | b'/') => self.last_end() == i - 1,
            TokenKind::Mark => b"([:;,=|\t\"'>*~".contains(&mark),
            TokenKind::Newline => true,
            _ => false,
        }
    }

    // ---- keeping state

    fn mark(&mut self, i: usize) -> usize {
        let byte = self.text.text().as_bytes()[self.tokens[i].start as usize];
        if matches!(byte, b':' | b'(' | b'=') {
            self.extend(i);
        }
        if byte == b'-' && self.last_end() == i {
            self.prepend(Role::Range, i, i + 1);
        }
        i + 1
    }

    fn newline(&mut self, i: usize) -> usize {
        self.close_line(i);
        self.line_start = i + 1;
        if i > 0 && self.kind(i - 1) != Some(TokenKind::Newline) {
            self.extend(i);
        }
        i + 1
    }

    /// What announced a date at `i` announces it after the mark that stands there.
    fn extend(&mut self, i: usize) {
        for end in [&mut self.chain.end, &mut self.announced.end, &mut self.person_end] {
            if *end == i {
                *end = i + 1;
            }
        }
    }

    fn close_line(&mut self, end: usize) {
        if let Some(found) = self.opener.take().and_then(|i| self.found.get_mut(i)) {
            found.opens_until = end as u32;
        }
    }

    pub(super) fn prepend(&mut self, role: Role, start: usize, end: usize) {
        let bit = 1 << role as u64;
        if self.chain.end == start {
            self.chain.roles |= bit;
            self.chain.end = end;
        } else if self.chain.end == end {
            self.chain.roles |= bit;
        } else {
            self.chain = Chain { start, end, roles: bit };
        }
    }

    pub(super) fn push(&mut self, start: usize, end: usize, kind: Kind) -> usize {
        let mut found = Found {
            tokens: TokenRange::new(start, end),
            kind,
            sense: self.sense_at(start),
            bound: self.bound_at(start, kind),
            tense: None,
            opens_until: 0,
        };
        if matches!(kind, Kind::Gestation { .. }) && self.follows_birth(start) {
            found.sense = Sense::Birth;
        }
        if self.opener.is_none() && self.opens_line(start) {
            self.opener = Some(self.found.len());
        }
        self.found.push(found);
        end
    }

    /// True right after a date of birth: "né le 03/12/2023 (37 SA)", "née le 2/3/2020 à 38 SA".
    pub(super) fn follows_birth(&self, i: usize) -> bool {
        let from = if self.chain.end == i { self.chain.start } else { i };
        let from = if from > 0 && self.is_mark(from - 1, b'(') { from - 1 } else { from };
        self.last_end() == from && self.found.last().is_some_and(|f| f.sense == Sense::Birth)
    }

    pub(super) fn bound_last(&mut self, bound: Bound) {
        if let Some(last) = self.found.last_mut() {
            last.bound = Some(bound);
        }
    }

    fn bound_at(&mut self, i: usize, kind: Kind) -> Option<Bound> {
        let joins = self.last_end().wrapping_add(1) == self.chain.end || self.last_end() == self.chain.start;
        let is_day = |kind| matches!(kind, Kind::Absolute(_));
        let is_pair = joins && is_day(kind) && self.found.last().is_some_and(|f| is_day(f.kind));
        if self.has_before(i, Role::Until) || (is_pair && self.has_before(i, Role::Range)) {
            if let Some(last) = self.found.last_mut().filter(|_| is_pair) {
                last.bound = last.bound.or(Some(Bound::From));
            }
            return Some(Bound::Until);
        }
        self.has_any_before(i, &[Role::From, Role::Since]).then_some(Bound::From)
    }

    /// True when only numbering, a preposition or marks stand before token `i` on its line.
    fn opens_line(&self, i: usize) -> bool {
        let from = if self.chain.end == i { self.chain.start.max(self.line_start) } else { i };
        from - self.line_start <= 3 && (self.line_start..from).all(|j| self.kind(j) == Some(TokenKind::Mark))
    }

    /// Sets how the last date is turned ("dernier") and fills what the date before it leaves out.
    pub(super) fn settle(&mut self, tense: Option<Direction>) {
        let [.., before, last] = self.found.as_mut_slice() else {
            if let [last] = self.found.as_mut_slice() {
                last.tense = tense;
            }
            return;
        };
        last.tense = tense;
        let pair = (before.bound, last.bound) == (Some(Bound::From), Some(Bound::Until));
        if let (Kind::Absolute(from), Kind::Absolute(to)) = (&mut before.kind, last.kind)
            && pair
            && before.tokens.end + 4 >= last.tokens.start
        {
            from.complete_before(to);
        }
    }
}

impl Calendar {
    /// Takes the year of the end of a period that begins here; the year before when the end would come first.
    fn complete_before(&mut self, end: Calendar) {
        if let (None, Some(year), Some(_)) = (self.year, end.year, self.month) {
            let goes_back = (self.month, self.day) > (end.month, end.day);
            self.year = Some(year - i16::from(goes_back));
        }
    }
}

pub(super) fn digits(bytes: &[u8]) -> Option<u32> {
    let value = |n: u32, &b: &u8| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0'));
    if bytes.len() > 8 { None } else { bytes.iter().try_fold(0, value) }
}
