//! The signature of the words of a report: small, without the words, and enough to tell that some word is not there.
//!
//! A Bloom filter over the distinct words, with a few more keys for each word that the lexicons do not know: what it may
//! have been before a typing or a scanning error. It never misses a word; of a hundred words that are not there it takes
//! about one for present.

use crate::lexicon::Lexicons;
use crate::normalize::{RawToken, TokenKind, fold, tokenize};
use rustc_hash::FxHashSet;

/// Bits a key; with [`PROBES`] about one wrong answer in a hundred.
const BITS: usize = 10;
const PROBES: u64 = 5;

/// Words of this many bytes and more are corrected (`lexicon::concepts`); an error may have made them one shorter.
const SHORTEST_CORRECTED: usize = 8;

/// The signature of a text, as these lexicons cut and know it.
pub fn signature(text: &str, lexicons: &Lexicons) -> Vec<u8> {
    let folded = fold(text);
    let mut tokens = Vec::new();
    tokenize(folded.text(), |token| tokens.push(token));
    let mut keys = FxHashSet::default();
    for (place, token) in tokens.iter().enumerate() {
        if !is_word(token) {
            continue;
        }
        let word = &folded.text()[token.start as usize..token.end as usize];
        keys.insert(key('=', word));
        if lexicons.vocabulary.get(word).word == 0 {
            add_neighbours(word, &mut keys);
            add_undone(folded.text(), &tokens[place..], lexicons, &mut keys);
        }
    }
    let mut bits = vec![0_u8; (keys.len() * BITS).div_ceil(8).max(1)];
    for key in keys {
        for bit in places(key, bits.len()) {
            bits[bit / 8] |= 1 << (bit % 8);
        }
    }
    bits
}

/// True when a text with this signature may hold the folded `form`, perhaps with an error in it.
pub fn may_hold(signature: &[u8], form: &str) -> bool {
    let has = |key: u64| {
        !signature.is_empty()
            && places(key, signature.len()).all(|bit| signature[bit / 8] >> (bit % 8) & 1 == 1)
    };
    has(key('=', form)) || neighbours_of_known(form).any(has)
}

fn is_word(token: &RawToken) -> bool {
    matches!(token.kind, TokenKind::Word | TokenKind::Number)
}

/// One error leaves the head or the tail of a long word as it was, and its length within one.
fn add_neighbours(word: &str, keys: &mut FxHashSet<u64>) {
    if word.len() + 1 < SHORTEST_CORRECTED {
        return;
    }
    for length in [3, 4] {
        keys.extend(word.get(..length).map(|head| key('<', &format!("{head}{}", word.len()))));
    }
    keys.extend(word.get(word.len() - 4..).map(|tail| key('>', &format!("{tail}{}", word.len()))));
}

fn neighbours_of_known(form: &str) -> impl Iterator<Item = u64> {
    let is_corrected = form.len() >= SHORTEST_CORRECTED && form.is_ascii();
    // Of eight letters, a swap in the middle touches the fourth and the fifth: there the head is one shorter.
    let head = if form.len() > SHORTEST_CORRECTED { 4 } else { 3 };
    let lengths = if is_corrected { form.len() - 1..form.len() + 2 } else { 0..0 };
    lengths.flat_map(move |length| {
        let (head, tail) = (form.get(..head), form.get(form.len() - 4..));
        let head = head.map(|head| key('<', &format!("{head}{length}")));
        head.into_iter().chain(tail.map(|tail| key('>', &format!("{tail}{length}"))))
    })
}

/// What a word may be once the confusions of scanning are undone, with the tokens glued to it.
fn add_undone(text: &str, tokens: &[RawToken], lexicons: &Lexicons, keys: &mut FxHashSet<u64>) {
    let Some(first) = tokens.first() else { return };
    let glued = tokens[1..].iter().take(4).take_while(|token| !token.space_before && is_word(token)).count();
    let read = &text[first.start as usize..tokens[glued].end as usize];
    for (confused, printed) in lexicons.grammar.confusions() {
        if read.contains(confused.as_str()) {
            keys.insert(key('=', &read.replace(confused.as_str(), printed)));
        }
    }
}

/// FNV-1a, mixed: the same on every machine and in every version, since warehouses keep it.
fn key(kind: char, word: &str) -> u64 {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    let hash = std::iter::once(kind as u8).chain(word.bytes()).fold(0xCBF2_9CE4_8422_2325, fold);
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    hash ^ (hash >> 32)
}

fn places(key: u64, bytes: usize) -> impl Iterator<Item = usize> {
    let (a, b) = (key >> 32, key | 1);
    let size = bytes as u64 * 8;
    (0..PROBES).map(move |probe| (a.wrapping_add(probe.wrapping_mul(b & 0xFFFF_FFFF)) % size) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<u8> {
        signature(text, &Lexicons::load(vec![]).expect("the shipped lexicons load"))
    }

    #[test]
    fn every_word_is_held_and_most_others_are_not() {
        let signature = of("Atrésie de l'œsophage de type III, hernie dia-\nphragmatique gauche.");
        for form in ["atresie", "oesophage", "iii", "hernie", "diaphragmatique", "gauche"] {
            assert!(may_hold(&signature, form), "{form}");
        }
        let absent =
            ["zorglub", "rate", "foie", "droite", "sternum", "coude", "orteil", "nuque", "iris", "foetus"];
        let taken = absent.iter().filter(|form| may_hold(&signature, form)).count();
        assert!(taken <= 2, "{taken} of ten absent words are taken for present");
    }

    #[test]
    fn a_word_with_an_error_may_be_the_right_one() {
        let signature = of("Ompahlocèle, laparoshisis, rnalformation, hydrocépha1ie.");
        for form in ["omphalocele", "laparoschisis", "malformation", "hydrocephalie"] {
            assert!(may_hold(&signature, form), "{form}");
        }
    }

    #[test]
    fn a_text_without_words_holds_none() {
        assert!(!may_hold(&of(""), "atresie") && !may_hold(&[], "atresie"));
    }
}
