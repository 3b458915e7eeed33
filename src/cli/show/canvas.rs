//! What stands under one row: underlines, and lines that join each cue to the mentions it decided.
//!
//! The canvas is a stack of lanes of cells. Underlines take the first lanes; then each link takes the first lane where
//! it fits. All numbers of lanes are bounded, so that a row costs the same however crowded it is; what finds no place
//! is told by the legend alone.

use super::paint::Tone;

/// Most lanes of underlines: mentions and cues inside each other.
const MOST_MARK_LANES: usize = 4;
/// Most lanes of links.
const MOST_LINK_LANES: usize = 12;

/// One column of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub glyph: char,
    pub tone: Tone,
}

const EMPTY: Cell = Cell { glyph: ' ', tone: Tone::Plain };
const ACROSS: char = '─';
const DOWN: char = '│';
const CROSSING: char = '┼';
const TEE: char = '┬';

/// Columns `from..to` of the row, and the lane of their underline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub from: usize,
    pub to: usize,
    pub lane: usize,
}

/// A text on the lane of a link, under its mention.
#[derive(Clone, Debug)]
pub(super) struct Label {
    pub text: String,
    pub tone: Tone,
    /// Columns of the mention.
    pub mark: Mark,
    /// Its first column, once it is placed.
    pub at: usize,
}

impl Label {
    fn end(&self) -> usize {
        self.at + self.text.chars().count()
    }

    fn holds(&self, column: usize) -> bool {
        self.at <= column && column < self.end()
    }
}

/// Cues joined to the numbers of their mentions.
#[derive(Clone, Debug, Default)]
pub(super) struct Link {
    pub cues: Vec<Mark>,
    /// Numbers of mentions in this row.
    pub labels: Vec<Label>,
    /// Numbers of mentions in other rows, written after the last column.
    pub away: String,
}

/// A link that fits: its lane, the column under each of its cues, and its last column.
struct Place {
    lane: usize,
    tees: Vec<usize>,
    from: usize,
    to: usize,
}

pub(super) struct Canvas {
    width: usize,
    lanes: Vec<Vec<Cell>>,
    /// The first lane of links.
    first_link: usize,
}

impl Canvas {
    pub fn new(width: usize) -> Self {
        Self { width, lanes: Vec::new(), first_link: 0 }
    }

    /// Underlines columns `from..to`, under the underlines that are in the way.
    pub fn mark(&mut self, from: usize, to: usize, glyph: char, tone: Tone) -> Option<Mark> {
        let (from, to) = (from.min(self.width), to.min(self.width));
        let cell = Cell { glyph, tone };
        let fits = |lane: &Vec<Cell>| {
            let all = |wanted: Cell| lane[from..to].iter().all(|c| *c == wanted);
            // A head shared by several mentions is underlined once.
            let is_same =
                || all(cell) && lane.get(to) != Some(&cell) && (from == 0 || lane[from - 1] != cell);
            all(EMPTY) || is_same()
        };
        let lane = self.lanes.iter().position(fits).or_else(|| self.grow(MOST_MARK_LANES))?;
        self.lanes[lane][from..to].fill(cell);
        self.first_link = self.lanes.len();
        (from < to).then_some(Mark { from, to, lane })
    }

    /// Draws a link on the first lane where it fits; false when there is none.
    pub fn link(&mut self, mut link: Link) -> bool {
        arrange(&mut link.labels, self.width);
        for lane in self.first_link..self.first_link + MOST_LINK_LANES {
            if lane == self.lanes.len() {
                self.grow(lane + 1);
            }
            if let Some(place) = self.place(&link, lane) {
                self.draw(&link, &place);
                return true;
            }
        }
        false
    }

    /// The lanes that hold something, from the top.
    pub fn lanes(&self) -> impl Iterator<Item = &[Cell]> {
        self.lanes.iter().map(Vec::as_slice).filter(|lane| lane.iter().any(|c| *c != EMPTY))
    }

    /// One lane more, unless there are `most`.
    fn grow(&mut self, most: usize) -> Option<usize> {
        let lane = self.lanes.len();
        (lane < most).then(|| {
            self.lanes.push(vec![EMPTY; self.width]);
            lane
        })
    }

    fn place(&self, link: &Link, lane: usize) -> Option<Place> {
        let tees = link.cues.iter().map(|cue| self.tee(cue, link, lane)).collect::<Option<Vec<_>>>()?;
        let starts = tees.iter().copied().chain(link.labels.iter().map(|l| l.at));
        let ends = tees.iter().map(|t| t + 1).chain(link.labels.iter().map(Label::end));
        let (from, to) = (starts.min()?, ends.max()? + link.away.chars().count());
        let is_free = |column: usize| match self.lanes[lane].get(column) {
            None => column == self.width,
            Some(cell) if *cell == EMPTY => true,
            Some(cell) => cell.glyph == DOWN && self.may_cross(link, &tees, from, to, column),
        };
        // A column of air on each side keeps neighbours apart.
        let fits = to <= self.width && (from.saturating_sub(1)..=to).all(is_free);
        fits.then_some(Place { lane, tees, from, to })
    }

    /// True where the link is a mere line, or the air beside it.
    fn may_cross(&self, link: &Link, tees: &[usize], from: usize, to: usize, column: usize) -> bool {
        let is_air = column < from || column >= to;
        let is_away = column >= to - link.away.chars().count() && column < to;
        is_air || !(is_away || tees.contains(&column) || link.labels.iter().any(|l| l.holds(column)))
    }

    /// The column where the line of a cue comes down to `lane`: as near to its middle as the way is free.
    fn tee(&self, cue: &Mark, link: &Link, lane: usize) -> Option<usize> {
        let middle = (cue.from + cue.to - 1) / 2;
        let left = (cue.from..=middle).rev();
        let right = middle + 1..cue.to;
        let is_free = |&column: &usize| {
            self.is_open(column, cue.lane + 1, lane)
                && self.lanes[lane][column] == EMPTY
                && !link.labels.iter().any(|l| l.holds(column))
        };
        left.chain(right).find(is_free)
    }

    /// True when a line may come down through the lanes `from..to`: past lines, never past underlines or numbers.
    fn is_open(&self, column: usize, from: usize, to: usize) -> bool {
        (from..to).all(|lane| {
            let cell = self.lanes[lane][column];
            cell == EMPTY || (lane >= self.first_link && cell.glyph == ACROSS)
        })
    }

    fn draw(&mut self, link: &Link, place: &Place) {
        let across = place.from..place.to - link.away.chars().count();
        for column in across {
            self.line(place.lane, column, ACROSS);
        }
        for (cue, &column) in link.cues.iter().zip(&place.tees) {
            self.lanes[cue.lane][column].glyph = TEE;
            (cue.lane + 1..place.lane).for_each(|lane| self.line(lane, column, DOWN));
            let corner = corner(column > place.from, column + 1 < place.to);
            self.lanes[place.lane][column] = Cell { glyph: corner, tone: Tone::Cue };
        }
        let end = place.to - link.away.chars().count();
        self.write(place.lane, end, &link.away, Tone::Cue);
        for label in &link.labels {
            self.write(place.lane, label.at, &label.text, label.tone);
            self.stem(label, place.lane);
        }
    }

    /// A line from a mention down to its number, where the number is not right under it.
    fn stem(&mut self, label: &Label, lane: usize) {
        let from = label.mark.lane + 1;
        let under = (label.at..label.end()).filter(|c| label.mark.from <= *c && *c < label.mark.to);
        let Some(column) = under.clone().nth(1).or_else(|| under.clone().next()) else { return };
        let is_near = (from..lane).all(|lane| lane < self.first_link && self.lanes[lane][column] == EMPTY);
        if !is_near && self.is_open(column, from, lane) {
            for lane in from..lane {
                self.line(lane, column, DOWN);
                self.lanes[lane][column].tone = label.tone;
            }
        }
    }

    /// One cell of a line; two lines that meet here cross.
    fn line(&mut self, lane: usize, column: usize, glyph: char) {
        let cell = &mut self.lanes[lane][column];
        let crosses = *cell != EMPTY && cell.glyph != glyph;
        *cell = Cell { glyph: if crosses { CROSSING } else { glyph }, tone: Tone::Cue };
    }

    fn write(&mut self, lane: usize, at: usize, text: &str, tone: Tone) {
        for (cell, glyph) in self.lanes[lane][at..].iter_mut().zip(text.chars()) {
            *cell = Cell { glyph, tone };
        }
    }
}

/// The corner of a line that comes down from a cue and goes on to the left, to the right, or to both.
fn corner(goes_left: bool, goes_right: bool) -> char {
    match (goes_left, goes_right) {
        (true, true) => '┴',
        (true, false) => '┘',
        (false, true) => '└',
        (false, false) => DOWN,
    }
}

/// Puts each number under the start of its mention, moved so that none covers another nor passes the edge. Numbers
/// that find no room are dropped.
fn arrange(labels: &mut Vec<Label>, width: usize) {
    labels.sort_by_key(|label| label.mark.from);
    let mut free = 0;
    for label in labels.iter_mut() {
        label.at = label.mark.from.max(free);
        free = label.end();
    }
    let mut edge = width;
    for label in labels.iter_mut().rev() {
        let length = label.end() - label.at;
        label.at = label.at.min(edge.saturating_sub(length));
        edge = label.at;
    }
    let mut free = 0;
    labels.retain(|label| {
        let fits = label.at >= free && label.end() <= width;
        free = if fits { label.end() } else { free };
        fits
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Assertion;

    const MENTION: Tone = Tone::Mention(Assertion::Present);

    fn label(text: &str, mark: Mark) -> Label {
        Label { text: text.into(), tone: MENTION, mark, at: mark.from }
    }

    fn drawn(canvas: &Canvas) -> Vec<String> {
        let text = |lane: &[Cell]| lane.iter().map(|c| c.glyph).collect::<String>().trim_end().to_string();
        canvas.lanes().map(text).collect()
    }

    #[test]
    fn links_that_meet_take_another_lane_and_cross() {
        let mut canvas = Canvas::new(30);
        let marks = [(0, 4, '─'), (6, 10, '─'), (12, 18, '━'), (20, 26, '━')];
        let marks = marks.map(|(from, to, glyph)| canvas.mark(from, to, glyph, MENTION).unwrap());
        let near = Link { cues: vec![marks[1]], labels: vec![label("[1]", marks[2])], away: String::new() };
        let far = Link { cues: vec![marks[0]], labels: vec![label("[2]", marks[3])], away: String::new() };
        assert!(canvas.link(near) && canvas.link(far));
        let expected = ["─┬──  ─┬──  ━━━━━━  ━━━━━━", " │     └────[1]      │", " └──────────────────[2]"];
        assert_eq!(drawn(&canvas), expected);
    }

    #[test]
    fn a_crowded_row_keeps_its_bounds() {
        let mut canvas = Canvas::new(20);
        let mark = canvas.mark(17, 20, '─', Tone::Cue).unwrap();
        for from in 0..30 {
            canvas.mark(from, from + 2, '━', MENTION);
        }
        for number in 0..100 {
            let labels = (0..9).map(|_| label(&format!("[{number}]"), mark)).collect();
            canvas.link(Link { cues: vec![mark], labels, away: "─▸[9]".into() });
        }
        assert!(canvas.lanes.len() <= MOST_MARK_LANES + MOST_LINK_LANES);
    }
}
