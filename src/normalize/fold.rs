//! The folding pass: one read of the text, one write of the folded text and of the anchors of its map.

use super::{Anchor, Folded, characters, furniture};

/// Runs of a filler character at least this long are layout ("Nom ........ :") and fold to one space.
const FILLER_RUN: usize = 4;

/// Bytes that need a decision; all others are copied in lower case.
const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte >= 0x7F
            || (byte < 0x20 && byte != b'\n' as usize && byte != b'\t' as usize)
            || matches!(byte as u8, b'-' | b'.' | b'_' | b'=' | b'*' | b'`');
        byte += 1;
    }
    table
};

/// Folds `text`. Total on every string; time and memory are linear in its length.
pub fn fold(text: &str) -> Folded<'_> {
    let out = Vec::with_capacity(text.len() + 8);
    let mut writer = Writer { out, anchors: Vec::new(), joins: Vec::new(), shift: 0 };
    let mut from = 0;
    for line in furniture::find(text) {
        writer.fold_range(text, from, line.start as usize);
        from = line.end as usize;
    }
    writer.fold_range(text, from, text.len());
    // Every byte written is ASCII or part of a whole character, so nothing is replaced here.
    let folded = String::from_utf8(writer.out).unwrap_or_default();
    Folded { original: text, text: folded, anchors: writer.anchors, joins: writer.joins }
}

struct Writer {
    out: Vec<u8>,
    anchors: Vec<Anchor>,
    joins: Vec<u32>,
    /// `original - folded` of the last byte written, wrapping.
    shift: u32,
}

impl Writer {
    fn fold_range(&mut self, text: &str, start: usize, end: usize) {
        let bytes = &text.as_bytes()[..end];
        let mut at = start;
        while at < end {
            let run = bytes[at..].iter().position(|&b| SPECIAL[b as usize]).unwrap_or(end - at);
            self.copy(&bytes[at..at + run], at);
            at += run;
            if at < end {
                at = self.fold_special(&text[..end], at);
            }
        }
    }

    /// Folds the special character at `at` and returns the offset after what it consumed.
    fn fold_special(&mut self, text: &str, at: usize) -> usize {
        let bytes = text.as_bytes();
        match bytes[at] {
            byte @ (b'-' | b'.' | b'_' | b'=' | b'*') => {
                if byte == b'-'
                    && let Some(after) = soft_hyphen(bytes, at, 1)
                {
                    self.joins.push(self.out.len() as u32);
                    return after;
                }
                let run = bytes[at..].iter().take_while(|&&b| b == byte).count();
                if run >= FILLER_RUN {
                    self.put(b' ', at);
                    return at + run;
                }
                self.copy(&bytes[at..at + run], at);
                at + run
            }
            b'\r' => {
                // "\r\n" is one line break; a lone "\r" is one too.
                if bytes.get(at + 1) != Some(&b'\n') {
                    self.put(b'\n', at);
                }
                at + 1
            }
            _ => self.fold_char(text, at),
        }
    }

    fn fold_char(&mut self, text: &str, at: usize) -> usize {
        let Some(c) = text[at..].chars().next() else { return text.len() };
        let width = c.len_utf8();
        if matches!(c, '\u{2010}' | '\u{AD}')
            && let Some(after) = soft_hyphen(text.as_bytes(), at, width)
        {
            self.joins.push(self.out.len() as u32);
            return after;
        }
        for (i, &byte) in characters::form(c).as_bytes().iter().enumerate() {
            self.put(byte, if i < width { at + i } else { at });
        }
        at + width
    }

    fn copy(&mut self, bytes: &[u8], original: usize) {
        if bytes.is_empty() {
            return;
        }
        self.anchor(original);
        let from = self.out.len();
        self.out.extend_from_slice(bytes);
        self.out[from..].make_ascii_lowercase();
    }

    fn put(&mut self, byte: u8, original: usize) {
        self.anchor(original);
        self.out.push(byte);
    }

    fn anchor(&mut self, original: usize) {
        let folded = self.out.len() as u32;
        let shift = (original as u32).wrapping_sub(folded);
        if shift != self.shift {
            self.shift = shift;
            self.anchors.push(Anchor { folded, original: original as u32 });
        }
    }
}

/// The offset after a hyphen of `width` bytes at `at` that only ends a line inside a word ("diaphrag-⏎matique"), or `None`.
///
/// The next line must go on in lower case: a capital would be a new item or a compound name.
fn soft_hyphen(bytes: &[u8], at: usize, width: usize) -> Option<usize> {
    let before = *bytes[..at].last()?;
    let rest = &bytes[at + width..];
    let spaces = rest.iter().take(8).take_while(|b| matches!(b, b' ' | b'\t' | b'\r')).count();
    if rest.get(spaces) != Some(&b'\n') || !(before.is_ascii_alphabetic() || before >= 0x80) {
        return None;
    }
    let indent = rest[spaces + 1..].iter().take(40).take_while(|b| matches!(b, b' ' | b'\t')).count();
    let next = spaces + 1 + indent;
    let goes_on = match rest.get(next)? {
        byte @ 0x00..=0x7F => byte.is_ascii_lowercase(),
        _ => first_char(&rest[next..]).is_some_and(char::is_lowercase),
    };
    goes_on.then_some(at + width + next)
}

fn first_char(bytes: &[u8]) -> Option<char> {
    let head = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).ok()?,
    };
    valid.chars().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        fold(text).text().to_string()
    }

    #[test]
    fn folds_each_kind_of_variant_to_the_same_text() {
        for (text, expected) in [
            ("L’Œsophage ", "l'oesophage "),
            ("NAE\u{301}VUS", "naevus"),
            ("nævus\u{A0}géant", "naevus geant"),
            ("atré\u{AD}sie", "atresie"),
            ("œso\u{AD}\nphage", "oesophage"),
            ("atr\u{200B}é\u{202E}s\0ie", "atresie"),
            ("diaphrag-\nmatique", "diaphragmatique"),
            ("diaphrag-  \r\n   matique", "diaphragmatique"),
            ("méningo\u{2011}encéphalocèle", "meningo-encephalocele"),
            ("Nom ........ : X", "nom   : x"),
            ("a\r\nb\rc", "a\nb\nc"),
            ("☒ oui ☐ non", "[x] oui [ ] non"),
            ("≥ 10 mm", ">= 10 mm"),
            ("l\u{92}enfant", "l'enfant"),
            ("cœur − PC", "coeur - pc"),
        ] {
            assert_eq!(folded(text), expected, "{text:?}");
        }
    }

    #[test]
    fn hyphen_before_a_capital_or_a_bullet_stays() {
        assert_eq!(folded("Jean-\nPierre"), "jean-\npierre");
        assert_eq!(folded("a :\n-\nb"), "a :\n-\nb");
    }

    #[test]
    fn every_folded_byte_maps_into_the_original() {
        let text = "É½œ\u{301}a\u{200B}b…ﬁn\r\n--- ----- x-\ny";
        let f = fold(text);
        for i in 0..f.text().len() as u32 {
            let span = f.to_original(i, i + 1);
            assert!(!span.slice(text).is_empty(), "{i} {span:?}");
        }
        let at = f.text().find("fin").expect("ligature folds") as u32;
        assert_eq!(f.original_slice(at, at + 3), "ﬁn");
    }

    #[test]
    fn combining_marks_belong_to_their_letter() {
        let f = fold("cafe\u{301} noir");
        assert_eq!(f.original_slice(0, 4), "cafe\u{301}");
        assert_eq!(f.of_original(6), 4);
    }
}
