//! From values to places on paper, and where the ticks of an axis are.

/// An axis.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    values: (f64, f64),
    places: (f64, f64),
    is_log: bool,
}

impl Scale {
    /// Equal steps of value are equal lengths.
    pub fn linear(values: (f64, f64), places: (f64, f64)) -> Self {
        Self { values, places, is_log: false }
    }

    /// Equal ratios are equal lengths; values are above zero.
    pub fn log(values: (f64, f64), places: (f64, f64)) -> Self {
        Self { values: (values.0.ln(), values.1.ln()), places, is_log: true }
    }

    /// The place of a value; values beyond the ends are put on them.
    pub fn at(&self, value: f64) -> f64 {
        let value = if self.is_log { value.max(f64::MIN_POSITIVE).ln() } else { value };
        let width = self.values.1 - self.values.0;
        let share = if width > 0.0 { ((value - self.values.0) / width).clamp(0.0, 1.0) } else { 0.5 };
        self.places.0 + share * (self.places.1 - self.places.0)
    }
}

/// Round numbers from 0 to the first that is not under `max`, about `count` of them; whole ones when asked.
pub fn ticks(max: f64, count: usize, is_whole: bool) -> Vec<f64> {
    let max = if max.is_finite() && max > 0.0 { max } else { 1.0 };
    let raw = max / count.max(1) as f64;
    let power = 10_f64.powf(raw.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].iter().map(|m| m * power).find(|step| *step >= raw * 0.999).unwrap_or(raw);
    let step = if is_whole { step.max(1.0).round() } else { step };
    let last = (max / step - 1e-9).ceil().max(1.0) as usize;
    (0..=last).map(|i| i as f64 * step).collect()
}

/// Ticks of a logarithmic axis: 1, 2 and 5 times powers of ten within the ends.
pub fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    let decades = (-6..=6).flat_map(|power| [1.0, 2.0, 5.0].map(|m| m * 10_f64.powi(power)));
    decades.filter(|tick| *tick >= low * 0.999 && *tick <= high * 1.001).collect()
}

/// Decimals that tell ticks of such steps apart.
pub fn decimals(ticks: &[f64]) -> usize {
    let step = ticks.get(1).copied().unwrap_or(1.0);
    if step >= 1.0 { 0 } else { (-step.log10()).ceil().clamp(1.0, 6.0) as usize }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let scale = Scale::linear((0.0, 10.0), (100.0, 0.0));
        assert_eq!([scale.at(0.0), scale.at(5.0), scale.at(99.0)], [100.0, 50.0, 0.0]);
        let scale = Scale::log((0.1, 10.0), (0.0, 100.0));
        assert!((scale.at(1.0) - 50.0).abs() < 1e-9);
        assert_eq!([scale.at(0.0), scale.at(f64::INFINITY)], [0.0, 100.0]);
    }

    #[test]
    fn round_numbers() {
        assert_eq!(ticks(7.3, 4, true), [0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(ticks(2.0, 5, true), [0.0, 1.0, 2.0]);
        assert_eq!(ticks(0.0, 4, false), [0.0, 0.5, 1.0]);
        assert_eq!(decimals(&ticks(0.9, 4, false)), 1);
        assert_eq!(log_ticks(0.2, 3.0), [0.2, 0.5, 1.0, 2.0]);
    }
}
