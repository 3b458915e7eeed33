//! What each character folds to: ASCII where an equivalent exists, nothing when it is invisible.

use std::sync::LazyLock;
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Longest folded form of one character, in bytes; longer decompositions keep the character as it is.
const LONGEST: usize = 8;

/// The folded bytes of one character.
#[derive(Clone, Copy, Default)]
pub(super) struct Form {
    bytes: [u8; LONGEST],
    len: u8,
}

impl Form {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len as usize]
    }

    fn of(text: &str) -> Option<Self> {
        let mut form = Self { len: text.len() as u8, ..Self::default() };
        form.bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(form)
    }
}

/// Forms of the characters below U+0250, which hold all that French text commonly uses.
static LATIN: LazyLock<Vec<Form>> =
    LazyLock::new(|| (0..0x250).filter_map(char::from_u32).map(compute).collect());

/// The folded form of `c`.
pub(super) fn form(c: char) -> Form {
    match LATIN.get(c as usize) {
        Some(form) => *form,
        None => compute(c),
    }
}

/// True for a mark that modifies the character before it.
pub(super) fn is_combining(c: char) -> bool {
    c >= '\u{300}' && is_combining_mark(c)
}

fn compute(c: char) -> Form {
    let fixed = match c {
        '\n' | '\u{0B}' | '\u{0C}' | '\u{2028}' | '\u{2029}' => "\n",
        '\t' => "\t",
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => " ",
        // C1 controls are Windows-1252 punctuation read as Latin-1.
        '\u{91}' | '\u{92}' | '\u{2018}' | '\u{2019}' | '\u{201B}' | '\u{2BC}' | '\u{2B9}' | '\u{B4}'
        | '`' | '\u{2032}' => "'",
        '\u{93}' | '\u{94}' | '\u{AB}' | '\u{BB}' | '\u{201C}'..='\u{201F}' | '\u{2033}' => "\"",
        '\u{96}'
        | '\u{97}'
        | '\u{2010}'..='\u{2015}'
        | '\u{2043}'
        | '\u{2212}'
        | '\u{FE58}'
        | '\u{FE63}'
        | '\u{FF0D}' => "-",
        '\u{85}' | '\u{2026}' => "...",
        '\u{8C}' | '\u{9C}' | '\u{152}' | '\u{153}' => "oe",
        '\u{C6}' | '\u{E6}' => "ae",
        '\u{DF}' => "ss",
        // Bullets of word processors, among them the private-use ones of Symbol and Wingdings.
        '\u{95}' | '\u{B7}' | '\u{2022}' | '\u{2023}' | '\u{25AA}' | '\u{25AB}' | '\u{25CF}' | '\u{25CB}'
        | '\u{25E6}' | '\u{25A0}' | '\u{F0B7}' | '\u{F0A7}' | '\u{27A2}' | '\u{25BA}' => "*",
        '\u{2610}' | '\u{25A1}' | '\u{2751}' => "[ ]",
        '\u{2611}' | '\u{2612}' | '\u{2713}' | '\u{2714}' | '\u{2717}' | '\u{2718}' | '\u{25A3}' => "[x]",
        '\u{2264}' => "<=",
        '\u{2265}' => ">=",
        '\u{D7}' => "x",
        '\u{2192}' => "->",
        c if is_invisible(c) || is_combining(c) => "",
        _ => return decomposed(c),
    };
    Form::of(fixed).unwrap_or_default()
}

/// Controls, soft hyphen, zero-width and bidirectional characters, variation selectors: they mean nothing here.
fn is_invisible(c: char) -> bool {
    matches!(c, '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' | '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

fn decomposed(c: char) -> Form {
    let mut text = String::new();
    decompose_compatible(c, |part| {
        if !is_combining(part) {
            text.extend(part.to_lowercase().filter(|p| !is_combining(*p)));
        }
    });
    let mut plain = [0; 4];
    Form::of(&text).or_else(|| Form::of(c.encode_utf8(&mut plain))).unwrap_or_default()
}
