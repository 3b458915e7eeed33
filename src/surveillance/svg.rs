//! SVG as text: the few shapes that charts are made of, with every text escaped and every length rounded to 0.1.
//!
//! Colours, fonts and strokes are classes of the style sheet in `surveillance/report.html`.

use std::fmt::Write;

/// A drawing.
pub struct Svg {
    id: String,
    body: String,
    size: (f64, f64),
}

/// Which end of a text is at its place.
#[derive(Clone, Copy, Debug)]
pub enum Anchor {
    /// Its start.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

impl Svg {
    /// An empty drawing; `id` is unique in the page.
    pub fn new(id: &str, width: f64, height: f64) -> Self {
        Self { id: escape(id), body: String::new(), size: (width, height) }
    }

    /// A straight line.
    pub fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let (x, y, u, v) = (short(from.0), short(from.1), short(to.0), short(to.1));
        self.push(format_args!(r#"<line class="{class}" x1="{x}" y1="{y}" x2="{u}" y2="{v}"/>"#));
    }

    /// A rectangle from its upper left corner.
    pub fn rect(&mut self, class: &str, at: (f64, f64), size: (f64, f64)) {
        let (x, y, w, h) = (short(at.0), short(at.1), short(size.0.max(0.0)), short(size.1.max(0.0)));
        self.push(format_args!(r#"<rect class="{class}" x="{x}" y="{y}" width="{w}" height="{h}"/>"#));
    }

    /// A rectangle filled with the pattern of suppressed or missing numbers.
    pub fn hatched(&mut self, pattern: Hatch, at: (f64, f64), size: (f64, f64)) {
        let (x, y, w, h) = (short(at.0), short(at.1), short(size.0.max(0.0)), short(size.1.max(0.0)));
        let fill = self.fill(pattern);
        self.push(format_args!(r#"<rect class="hatched" {fill} x="{x}" y="{y}" width="{w}" height="{h}"/>"#));
    }

    /// A circle.
    pub fn circle(&mut self, class: &str, at: (f64, f64), radius: f64) {
        let (x, y, r) = (short(at.0), short(at.1), short(radius));
        self.push(format_args!(r#"<circle class="{class}" cx="{x}" cy="{y}" r="{r}"/>"#));
    }

    /// A diamond.
    pub fn diamond(&mut self, class: &str, (x, y): (f64, f64), radius: f64) {
        self.polyline(
            class,
            &[(x - radius, y), (x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)],
        );
    }

    /// Straight lines from point to point.
    pub fn polyline(&mut self, class: &str, points: &[(f64, f64)]) {
        let points: Vec<String> =
            points.iter().map(|(x, y)| format!("{},{}", short(*x), short(*y))).collect();
        let points = points.join(" ");
        self.push(format_args!(r#"<polyline class="{class}" points="{points}"/>"#));
    }

    /// A shape that the page defines once.
    pub fn shape(&mut self, class: &str, shape: &str, pattern: Option<Hatch>) {
        let fill = pattern.map(|pattern| self.fill(pattern)).unwrap_or_default();
        let shape = escape(shape);
        self.push(format_args!(r##"<use class="{class}" {fill} href="#{shape}"/>"##));
    }

    /// A text on one line.
    pub fn text(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        let (x, y, text) = (short(at.0), short(at.1), escape(text));
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.push(format_args!(
            r#"<text class="{class}" x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>"#
        ));
    }

    /// A text that reads upwards, centred on its place.
    pub fn upwards(&mut self, class: &str, at: (f64, f64), text: &str) {
        let (x, y, text) = (short(at.0), short(at.1), escape(text));
        self.push(format_args!(
            r#"<text class="{class}" transform="translate({x} {y}) rotate(-90)" text-anchor="middle">{text}</text>"#
        ));
    }

    /// What `draw` draws, with a text that appears on hovering.
    pub fn titled(&mut self, title: &str, draw: impl FnOnce(&mut Self)) {
        self.push(format_args!("<g><title>{}</title>", escape(title)));
        draw(self);
        self.body.push_str("</g>");
    }

    /// The element, named by a title and a description for those who do not see it.
    pub fn finish(self, title: &str, description: &str) -> String {
        let Self { id, body, size: (width, height) } = self;
        let (title, description, width, height) =
            (escape(title), escape(description), short(width), short(height));
        format!(
            r#"<svg class="chart" role="img" viewBox="0 0 {width} {height}" aria-labelledby="{id}-t {id}-d"><title id="{id}-t">{title}</title><desc id="{id}-d">{description}</desc><defs><pattern id="{id}-s" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch-paper" width="6" height="6"/><rect class="hatch-line" width="2" height="6"/></pattern><pattern id="{id}-n" width="5" height="5" patternUnits="userSpaceOnUse"><rect class="hatch-paper" width="5" height="5"/><circle class="hatch-line" cx="2" cy="2" r="0.9"/></pattern></defs>{body}</svg>"#
        )
    }

    fn fill(&self, pattern: Hatch) -> String {
        let name = match pattern {
            Hatch::Suppressed => "s",
            Hatch::NoData => "n",
        };
        format!(r##"fill="url(#{}-{name})""##, self.id)
    }

    fn push(&mut self, element: std::fmt::Arguments) {
        let _ = self.body.write_fmt(element); // Writing to a string does not fail.
    }
}

/// How what has no number is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hatch {
    /// Lines: the number is suppressed.
    Suppressed,
    /// Dots: there is none.
    NoData,
}

/// A length to 0.1, without a useless zero. What is no number is 0.
pub fn short(length: f64) -> String {
    let tenths = (length * 10.0).round();
    let tenths = if tenths.is_finite() { tenths as i64 } else { 0 };
    if tenths % 10 == 0 { (tenths / 10).to_string() } else { format!("{:.1}", tenths as f64 / 10.0) }
}

/// Text for XML, in elements and in attributes. Characters that XML does not know are left out.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && !matches!(c, '\n' | '\t') => {}
            c => out.push(c),
        }
    }
    out
}

/// Width that a text of 13 px takes at most, nearly: fonts differ, and none is asked.
pub fn width_of(text: &str) -> f64 {
    text.chars()
        .map(|c| if c.is_uppercase() || matches!(c, 'm' | 'w' | '\u{153}' | '\u{e6}') { 9.2 } else { 6.9 })
        .sum()
}

/// A text cut to a width, with an ellipsis.
pub fn cut(text: &str, width: f64) -> String {
    if width_of(text) <= width {
        return text.to_string();
    }
    let mut out = String::new();
    for c in text.chars() {
        if width_of(&out) + width_of("…") + 9.2 > width {
            break;
        }
        out.push(c);
    }
    format!("{}…", out.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_texts() {
        assert_eq!([short(12.04), short(12.06), short(-0.04), short(f64::NAN)], ["12", "12.1", "0", "0"]);
        assert_eq!(escape("<b a='x'>\u{1}&"), "&lt;b a=&#39;x&#39;&gt;&amp;");
        assert_eq!(cut("tetralogy", 40.0), "tetr…");
        assert_eq!(cut("ab", 40.0), "ab");
    }
}
