//! Whole numbers for identifiers: OMOP has no other keys.

use sha2::{Digest, Sha256};

/// The key of an identifier in OMOP: itself when it is a whole number written as such (`42`, not `042` nor `+42`), else
/// the first 63 bits of the SHA-256 of its UTF-8, never 0.
///
/// The same identifier gives the same key for ever, on every machine. Two texts share a key with a chance of
/// n² / 2⁶⁴ among n: 1 in 180,000 for ten million.
pub fn key_of(id: &str) -> i64 {
    match id.parse::<i64>() {
        Ok(number) if number.to_string() == id => number,
        _ => hashed(id),
    }
}

/// The key of a definition of cohorts: 31 bits, because the official tables have 32-bit integers there; never 0.
pub fn short_key_of(id: &str) -> i64 {
    (hashed(id) >> 32).max(1)
}

/// The first 63 bits of the hash, never 0.
fn hashed(id: &str) -> i64 {
    let digest = Sha256::digest(id.as_bytes());
    let first = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    i64::try_from(first >> 1).unwrap_or(i64::MAX).max(1)
}
