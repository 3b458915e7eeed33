//! Adjusted p-values for many tests: Benjamini–Hochberg, Holm, Bonferroni.

use super::refused::Refused;
use super::request::length;
use serde::{Deserialize, Serialize};

/// How p-values are adjusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Adjustment {
    /// False discovery rate (Benjamini and Hochberg, J R Stat Soc B 1995; 57: 289-300).
    Bh,
    /// Family-wise error, step down (Holm, Scand J Stat 1979; 6: 65-70).
    Holm,
    /// Family-wise error, each times their number.
    Bonferroni,
}

/// What `fdr` reads.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdjustRequest {
    /// Probabilities, each from 0 to 1.
    #[serde(deserialize_with = "super::request::numbers")]
    pub p: Vec<f64>,
    /// How to adjust them.
    pub method: Adjustment,
}

/// Adjusted probabilities.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Adjusted {
    /// In the order of the request.
    pub adjusted: Vec<f64>,
}

/// The adjusted p-values of a request, as R's `p.adjust`. Refused: an empty list, one of more than a million, a value
/// outside [0, 1].
pub fn adjust(request: &AdjustRequest) -> Result<Adjusted, Refused> {
    length("p", request.p.len())?;
    if let Some(row) = request.p.iter().position(|p| !(0.0..=1.0).contains(p)) {
        return Err(Refused::row(
            "p",
            row,
            format!("expected a number from 0 to 1, found {}", request.p[row]),
        ));
    }
    Ok(Adjusted { adjusted: adjusted(&request.p, request.method) })
}

/// Adjusted p-values in the order given: monotone in `p` and never above 1. Benjamini–Hochberg assumes independent or
/// positively dependent tests; the other two assume nothing.
pub fn adjusted(p: &[f64], method: Adjustment) -> Vec<f64> {
    let n = p.len() as f64;
    if method == Adjustment::Bonferroni {
        return p.iter().map(|p| (p * n).min(1.0)).collect();
    }
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut out = vec![0.0; p.len()];
    let mut worst = if method == Adjustment::Holm { 0.0_f64 } else { 1.0 };
    if method == Adjustment::Holm {
        for (rank, &row) in order.iter().enumerate() {
            worst = worst.max((n - rank as f64) * p[row]);
            out[row] = worst.min(1.0);
        }
    } else {
        for (rank, &row) in order.iter().enumerate().rev() {
            worst = worst.min(n / (rank as f64 + 1.0) * p[row]);
            out[row] = worst;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(p: &[f64], method: Adjustment) -> Result<Adjusted, Refused> {
        adjust(&AdjustRequest { p: p.to_vec(), method })
    }

    // R 4.2: p.adjust(c(.01, .02, .03, .04, .05, .6, .001), method).
    #[test]
    fn as_in_r() {
        let p = [0.01, 0.02, 0.03, 0.04, 0.05, 0.6, 0.001];
        for (method, expected) in [
            (Adjustment::Bh, [0.035, 0.14 / 3.0, 0.052_5, 0.056, 0.35 / 6.0, 0.6, 0.007]),
            (Adjustment::Holm, [0.06, 0.1, 0.12, 0.12, 0.12, 0.6, 0.007]),
            (Adjustment::Bonferroni, [0.07, 0.14, 0.21, 0.28, 0.35, 1.0, 0.007]),
        ] {
            let found = of(&p, method).unwrap().adjusted;
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-14), "{method:?}: {found:?}");
        }
    }

    #[test]
    fn refused_and_named() {
        assert_eq!(of(&[0.5, 1.1], Adjustment::Bh).unwrap_err().row, Some(2));
        assert_eq!(of(&[f64::NAN], Adjustment::Bh).unwrap_err().row, Some(1));
        assert_eq!(of(&[], Adjustment::Holm).unwrap_err().field, "p");
        let request: AdjustRequest =
            serde_json::from_str(r#"{"p": [0, 1], "method": "bonferroni"}"#).unwrap();
        assert_eq!(adjust(&request).unwrap().adjusted, [0.0, 1.0]);
    }
}
