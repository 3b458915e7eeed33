//! Cuts folded text into words, numbers, punctuation marks and line breaks.

/// What a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Letters; an elided word keeps its apostrophe ("l'").
    Word,
    /// Digits, with a decimal part when there is one ("3,5").
    Number,
    /// One punctuation mark or symbol.
    Mark,
    /// A line break.
    Newline,
}

/// A token, as a half-open byte range of the folded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawToken {
    /// First folded byte.
    pub start: u32,
    /// One past the last folded byte.
    pub end: u32,
    /// What it is made of.
    pub kind: TokenKind,
    /// True when white space or a line break stands before it, and for the first token.
    pub space_before: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Class {
    Space,
    Newline,
    Letter,
    Digit,
    Mark,
    Wide,
}

const CLASSES: [Class; 256] = {
    let mut table = [Class::Mark; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b' ' | b'\t' => Class::Space,
            b'\n' => Class::Newline,
            b'a'..=b'z' => Class::Letter,
            b'0'..=b'9' => Class::Digit,
            0x80..=0xFF => Class::Wide,
            _ => Class::Mark,
        };
        byte += 1;
    }
    // Tabs separate cells of a table, so they are marks.
    table[b'\t' as usize] = Class::Mark;
    table
};

/// Longest elided form ("presqu'", "quelqu'", "aujourd'", "puisqu'", "lorsqu'").
const LONGEST_ELISION: usize = 8;

/// Calls `each` with every token of `text`, in order. Linear in the length of the text.
pub fn tokenize(text: &str, mut each: impl FnMut(RawToken)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut space_before = true;
    while at < bytes.len() {
        let start = at;
        let kind = match CLASSES[bytes[at] as usize] {
            Class::Space => {
                at += 1;
                space_before = true;
                continue;
            }
            Class::Newline => {
                at += 1;
                TokenKind::Newline
            }
            Class::Letter => {
                at = word_end(text, at);
                TokenKind::Word
            }
            Class::Digit => {
                at = number_end(bytes, at);
                TokenKind::Number
            }
            Class::Mark => {
                at += 1;
                TokenKind::Mark
            }
            Class::Wide => {
                let width = char_at(text, at).len_utf8();
                if is_letter(text, at) {
                    at = word_end(text, at);
                    TokenKind::Word
                } else {
                    at += width;
                    TokenKind::Mark
                }
            }
        };
        each(RawToken { start: start as u32, end: at as u32, kind, space_before });
        space_before = kind == TokenKind::Newline;
    }
}

fn word_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = start;
    while at < bytes.len() {
        match CLASSES[bytes[at] as usize] {
            Class::Letter => at += 1,
            Class::Wide if is_letter(text, at) => at += char_at(text, at).len_utf8(),
            _ => break,
        }
    }
    let is_elision = bytes.get(at) == Some(&b'\'') && at - start <= LONGEST_ELISION;
    if is_elision { at + 1 } else { at }
}

/// End of the number at `start`: digits, then a comma or point with more digits when they form one decimal number.
///
/// Two separators ("02.04.2018") are a date and stay apart.
fn number_end(bytes: &[u8], start: usize) -> usize {
    let integer = digits_end(bytes, start);
    if !matches!(bytes.get(integer), Some(b'.' | b',')) {
        return integer;
    }
    let decimal = digits_end(bytes, integer + 1);
    if decimal == integer + 1 {
        return integer;
    }
    let goes_on = matches!(bytes.get(decimal), Some(b'.' | b','))
        && bytes.get(decimal + 1).is_some_and(u8::is_ascii_digit);
    let follows_date =
        start >= 2 && matches!(bytes[start - 1], b'.' | b',') && bytes[start - 2].is_ascii_digit();
    if goes_on || follows_date { integer } else { decimal }
}

fn digits_end(bytes: &[u8], start: usize) -> usize {
    start + bytes[start..].iter().take_while(|b| b.is_ascii_digit()).count()
}

fn char_at(text: &str, at: usize) -> char {
    text[at..].chars().next().unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn is_letter(text: &str, at: usize) -> bool {
    // The empty-set sign of clinical notes folds to a letter of the alphabet but is a mark of its own.
    let c = char_at(text, at);
    c.is_alphabetic() && c != '\u{F8}'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        let mut out = Vec::new();
        tokenize(text, |t| out.push(&text[t.start as usize..t.end as usize]));
        out
    }

    #[test]
    fn cuts_clinical_tokens() {
        for (text, expected) in [
            ("atresie de l'oesophage", vec!["atresie", "de", "l'", "oesophage"]),
            ("22 sa + 3j", vec!["22", "sa", "+", "3", "j"]),
            ("3,5 mm", vec!["3,5", "mm"]),
            ("02.04.2018", vec!["02", ".", "04", ".", "2018"]),
            ("47,xx,+21", vec!["47", ",", "xx", ",", "+", "21"]),
            ("fin. debut", vec!["fin", ".", "debut"]),
            ("a\tb\nc", vec!["a", "\t", "b", "\n", "c"]),
            ("ø αβ", vec!["ø", "αβ"]),
        ] {
            assert_eq!(words(text), expected);
        }
    }

    #[test]
    fn knows_where_white_space_stands() {
        let mut flags = Vec::new();
        tokenize("a b-c\nd", |t| flags.push(t.space_before));
        assert_eq!(flags, [true, true, false, false, false, true]);
    }
}
