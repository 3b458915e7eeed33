//! Tails of laws, and draws, that surveillance asks for besides the methods.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use statrs::function::gamma::gamma_ur;

use super::tail::{Share, binomial_at_least};

/// P(X >= `value`) of the chi-square law; 1 for a value of 0 or less.
pub fn chi_square_upper(value: f64, df: f64) -> f64 {
    if value <= 0.0 || df <= 0.0 { 1.0 } else { gamma_ur(df / 2.0, value / 2.0) }
}

/// P(X >= `x`) of the binomial law of `n` trials with chance `share`.
pub fn binomial_upper(x: u64, n: u64, share: f64) -> f64 {
    match x {
        0 => 1.0,
        x if x > n || share <= 0.0 => 0.0,
        _ if share >= 1.0 => 1.0,
        x => binomial_at_least(x as f64, n as f64, Share::of(share)),
    }
}

/// Cases shared out over cells with these shares: draw `number` of a seed, one case after the other.
pub fn multinomial_counts(cases: u64, shares: &[f64], seed: u64, number: u32) -> Vec<u64> {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    chance.set_stream(u64::from(number));
    let mut upto = Vec::with_capacity(shares.len());
    let mut sum = 0.0;
    for share in shares {
        sum += share;
        upto.push(sum);
    }
    let mut counts = vec![0; shares.len()];
    for _ in 0..cases {
        // 53 bits in [0, 1).
        let at = (chance.next_u64() >> 11) as f64 / (1_u64 << 53) as f64 * sum;
        let cell = upto.partition_point(|end| *end <= at).min(counts.len().saturating_sub(1));
        if let Some(count) = counts.get_mut(cell) {
            *count += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_tails() {
        // Ten tosses: 8 or more heads 56/1024.
        assert!((binomial_upper(8, 10, 0.5) - 56.0 / 1024.0).abs() < 1e-12);
        assert_eq!((binomial_upper(0, 10, 0.5), binomial_upper(11, 10, 0.5)), (1.0, 0.0));
        // Table of the chi-square law: 3.841 with 1 degree of freedom, 18.307 with 10.
        assert!((chi_square_upper(3.841_459, 1.0) - 0.05).abs() < 1e-6);
        assert!((chi_square_upper(18.307_038, 10.0) - 0.05).abs() < 1e-6);
    }

    #[test]
    fn draws_follow_the_shares_and_the_seed() {
        let drawn = multinomial_counts(100_000, &[0.5, 0.0, 0.3, 0.2], 7, 1);
        assert_eq!(drawn.iter().sum::<u64>(), 100_000);
        assert_eq!(drawn[1], 0);
        assert!((drawn[0] as f64 - 50_000.0).abs() < 800.0 && (drawn[3] as f64 - 20_000.0).abs() < 800.0);
        assert_eq!(drawn, multinomial_counts(100_000, &[0.5, 0.0, 0.3, 0.2], 7, 1));
        assert_ne!(drawn, multinomial_counts(100_000, &[0.5, 0.0, 0.3, 0.2], 7, 2));
    }
}
