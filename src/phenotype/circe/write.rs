//! Names, conditions and tables of a definition, as TOML.

/// A condition being put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expr {
    Rule(String),
    Any(Vec<Expr>),
    /// All of the first, none of the second.
    All(Vec<Expr>, Vec<Expr>),
    AtLeast(usize, Vec<Expr>),
    Not(Box<Expr>),
}

impl Expr {
    /// All of these; denials and inner `all` are drawn into one.
    pub fn all(parts: Vec<Expr>) -> Self {
        let (mut asked, mut denied) = (Vec::new(), Vec::new());
        for part in parts {
            match part {
                Expr::Not(inner) => denied.push(*inner),
                Expr::All(more, none) => {
                    asked.extend(more);
                    denied.extend(none);
                }
                other => asked.push(other),
            }
        }
        let mut kept: Vec<Expr> = Vec::new();
        for part in asked {
            if !kept.contains(&part) {
                kept.push(part);
            }
        }
        if kept.len() == 1 && denied.is_empty() { kept.remove(0) } else { Expr::All(kept, denied) }
    }

    /// So many of these; one of one is that one, one of several is any.
    pub fn at_least(least: usize, mut parts: Vec<Expr>) -> Self {
        match (least, parts.len()) {
            (1, 1) => parts.remove(0),
            (1, _) => Expr::Any(parts),
            _ => Expr::AtLeast(least, parts),
        }
    }

    /// A denial holds for everybody; among those who entered, it can stand beside what affirms.
    pub fn affirmed(self) -> Self {
        match self {
            Expr::Not(inner) => Expr::All(vec![Expr::Rule("entry".into())], vec![*inner]),
            Expr::All(asked, denied) if asked.is_empty() => {
                Expr::All(vec![Expr::Rule("entry".into())], denied)
            }
            other => other,
        }
    }

    /// As the body of a rule.
    pub fn table(&self) -> String {
        match self {
            Expr::Any(parts) => format!("any = {}\n", list(parts)),
            Expr::All(asked, denied) if denied.is_empty() => format!("all = {}\n", list(asked)),
            Expr::All(asked, denied) => format!("all = {}\nnone = {}\n", list(asked), list(denied)),
            Expr::AtLeast(least, parts) => format!("at_least = {least}\nof = {}\n", list(parts)),
            Expr::Rule(_) | Expr::Not(_) => format!("all = {}\n", list(std::slice::from_ref(self))),
        }
    }

    /// As the value of a key.
    pub fn text(&self) -> String {
        match self {
            Expr::Rule(name) => quoted(name),
            Expr::Any(parts) => format!("{{ any = {} }}", list(parts)),
            Expr::All(asked, denied) if denied.is_empty() => format!("{{ all = {} }}", list(asked)),
            Expr::All(asked, denied) => format!("{{ all = {}, none = {} }}", list(asked), list(denied)),
            Expr::AtLeast(least, parts) => format!("{{ at_least = {least}, of = {} }}", list(parts)),
            Expr::Not(inner) => format!("{{ all = [\"entry\"], none = [{}] }}", inner.text()),
        }
    }
}

fn list(parts: &[Expr]) -> String {
    format!("[{}]", parts.iter().map(Expr::text).collect::<Vec<_>>().join(", "))
}

/// A TOML string.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A list of TOML strings.
pub(super) fn quoted_list(words: &[String]) -> String {
    format!("[{}]", words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", "))
}

/// Longest name made of a title.
const LONGEST_NAME: usize = 40;

/// A name of the language made of any text.
pub(super) fn slug(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    let words: String = plain.take(LONGEST_NAME).collect();
    let words: Vec<&str> = words.split('_').filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "unnamed".into() } else { words.join("_") }
}
