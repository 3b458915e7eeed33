//! The small networks on top of the encoder: hidden states → probabilities of labels, or the vector of a span.

use super::config::{Config, value};
use super::error::ModelError;
use super::files::{CONFIG, MANIFEST, ModelFiles};
use super::manifest::HeadLabels;
use super::weights::{Linear, Weights};

/// The matrix and labels of one decision.
#[derive(Clone, Debug)]
pub struct Head {
    /// Name, as in the manifest.
    pub name: &'static str,
    /// Names of the classes, one a row of the matrix.
    pub labels: Vec<String>,
    linear: Linear,
}

/// The layer between a [`marked`] span and its heads: a product, then erf-GELU.
#[derive(Clone, Debug)]
pub struct Dense {
    /// Names of the facts that follow the hidden states in the input, each 0 or 1.
    pub facts: Vec<String>,
    linear: Linear,
}

/// The heads of a model; each may be absent.
#[derive(Clone, Debug, Default)]
pub struct Heads {
    /// Before `assertion`, `experiencer` and `temporality`.
    pub dense: Option<Dense>,
    /// Of a span: present, absent, possible …
    pub assertion: Option<Head>,
    /// Of a span: whose it is.
    pub experiencer: Option<Head>,
    /// Of a span: current, past, planned.
    pub temporality: Option<Head>,
    /// Of the hidden state of one token: `O`, `B-…`, `I-…`.
    pub mention: Option<Head>,
    /// Of the hidden states of a span's tokens: its place among concepts.
    pub link: Option<Link>,
}

/// The projection of a span to a vector that can be compared with those of concepts.
#[derive(Clone, Debug)]
pub struct Link {
    linear: Linear,
}

impl Head {
    fn stated(
        file: &str,
        name: &'static str,
        labels: &[String],
        weights: &mut Weights,
        inputs: usize,
    ) -> Result<Self, ModelError> {
        check_labels(file, &format!("heads.{name}"), labels)?;
        let linear = weights.head(&format!("heads.{name}"), labels.len(), inputs)?;
        Ok(Self { name, labels: labels.to_vec(), linear })
    }

    /// Scores of the labels, before [`softmax`].
    ///
    /// # Errors
    /// An input of another length than the head was trained with; a score that is not finite.
    pub fn logits(&self, input: &[f32]) -> Result<Vec<f32>, ModelError> {
        self.linear.apply(self.name, input)
    }
}

impl Dense {
    /// What the heads of a span read, of its hidden states and facts; the facts follow once more, for the heads to read.
    ///
    /// # Errors
    /// An input of another length than the layer was trained with; a number that is not finite.
    pub fn apply(&self, input: &[f32]) -> Result<Vec<f32>, ModelError> {
        let sums = self.linear.apply("dense", input)?;
        let facts = &input[input.len() - self.facts.len()..];
        Ok(sums.into_iter().map(gelu).chain(facts.iter().copied()).collect())
    }
}

/// x · Φ(x), with the exact distribution of the normal law.
fn gelu(x: f32) -> f32 {
    let x = f64::from(x);
    (0.5 * x * (1.0 + statrs::function::erf::erf(x / std::f64::consts::SQRT_2))) as f32
}

impl Link {
    /// Numbers of a vector.
    pub fn dimension(&self) -> usize {
        self.linear.bias.len()
    }

    /// The vector, of length 1, of a span whose tokens have these hidden states (row-major).
    ///
    /// # Errors
    /// No token; a vector without direction.
    pub fn vector(&self, states: &[f32]) -> Result<Vec<f32>, ModelError> {
        let tokens = states.len() / self.linear.inputs;
        if tokens == 0 || !states.len().is_multiple_of(self.linear.inputs) {
            let found = states.len();
            return Err(ModelError::Input { head: "link".to_string(), expected: self.linear.inputs, found });
        }
        let mut mean = vec![0.0; self.linear.inputs];
        for state in states.chunks_exact(self.linear.inputs) {
            mean.iter_mut().zip(state).for_each(|(m, s)| *m += s / tokens as f32);
        }
        let vector = self.linear.apply("link", &mean)?;
        let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
        if !(length.is_finite() && length > 0.0) {
            return Err(ModelError::NotFinite { sequence: 0 });
        }
        Ok(vector.iter().map(|v| v / length).collect())
    }
}

impl Linear {
    fn apply(&self, head: &str, input: &[f32]) -> Result<Vec<f32>, ModelError> {
        if input.len() != self.inputs {
            return Err(ModelError::Input {
                head: head.to_string(),
                expected: self.inputs,
                found: input.len(),
            });
        }
        let rows = self.weight.chunks_exact(self.inputs).zip(&self.bias);
        let out: Vec<f32> = rows.map(|(row, bias)| dot(row, input) + bias).collect();
        if out.iter().all(|v| v.is_finite()) { Ok(out) } else { Err(ModelError::NotFinite { sequence: 0 }) }
    }
}

/// Eight running sums, which compile to vector instructions; the order of additions is always the same.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let (a_chunks, b_chunks) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a_chunks.zip(b_chunks) {
        sums.iter_mut().zip(x.iter().zip(y)).for_each(|(sum, (x, y))| *sum += x * y);
    }
    sums.iter().sum::<f32>() + rest
}

/// What the heads of a marked span read: the states of the first token and of the markers before and after the span.
///
/// `states` is row-major, `hidden` numbers a token; `opening` and `closing` are places of tokens in it.
///
/// # Errors
/// A marker outside the sequence.
pub fn marked(states: &[f32], hidden: usize, opening: usize, closing: usize) -> Result<Vec<f32>, ModelError> {
    let state = |token: usize| {
        states.get(token * hidden..(token + 1) * hidden).ok_or_else(|| ModelError::Input {
            head: "marker".to_string(),
            expected: (token + 1) * hidden,
            found: states.len(),
        })
    };
    Ok([state(0)?, state(opening)?, state(closing)?].concat())
}

/// Probabilities of scores; a higher temperature makes them less sure. They add up to 1.
pub fn softmax(logits: &[f32], temperature: f32) -> Vec<f32> {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = logits.iter().map(|l| ((l - highest) / temperature).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.iter().map(|p| p / sum).collect()
}

/// Place of the highest number, the first of equals.
///
/// # Errors
/// No number, or one that is NaN: a comparison with it is always false, so it would decide by its place.
pub fn argmax(numbers: &[f32]) -> Result<usize, ModelError> {
    let mut best = None;
    for (i, &number) in numbers.iter().enumerate() {
        if number.is_nan() {
            return Err(ModelError::NotFinite { sequence: 0 });
        }
        if best.is_none_or(|b: usize| number > numbers[b]) {
            best = Some(i);
        }
    }
    best.ok_or(ModelError::NotFinite { sequence: 0 })
}

impl Heads {
    /// The heads that the manifest names: `heads.<name>.weight`, `heads.<name>.bias`.
    pub(super) fn stated(
        files: &ModelFiles,
        stated: &HeadLabels,
        weights: &mut Weights,
        hidden: usize,
    ) -> Result<Self, ModelError> {
        let file = files.path(MANIFEST);
        let mut head = |name, labels: &Option<Vec<String>>, inputs| match labels {
            Some(labels) => Head::stated(&file, name, labels, weights, inputs).map(Some),
            None => Ok(None),
        };
        let span = stated.dense.as_ref().map_or(3 * hidden, |dense| dense.units + dense.facts.len());
        let assertion = head("assertion", &stated.assertion, span)?;
        let experiencer = head("experiencer", &stated.experiencer, span)?;
        let temporality = head("temporality", &stated.temporality, span)?;
        let mention = head("mention", &stated.mention, hidden)?;
        if let Some(labels) = &stated.mention {
            check_bio(&file, "heads.mention", labels)?;
        }
        let link = stated.link.map(|dimension| weights.head("heads.link", dimension, hidden)).transpose()?;
        let link = link.map(|linear| Link { linear });
        let dense = stated.dense.as_ref().map(|dense| {
            let linear = weights.head("heads.dense", dense.units, 3 * hidden + dense.facts.len())?;
            Ok::<_, ModelError>(Dense { facts: dense.facts.clone(), linear })
        });
        Ok(Self { dense: dense.transpose()?, assertion, experiencer, temporality, mention, link })
    }

    /// The head of a folder of Hugging Face: its token classifier, with the labels of `config.json`.
    pub(super) fn classifier(
        files: &ModelFiles,
        config: &Config,
        weights: &mut Weights,
    ) -> Result<Self, ModelError> {
        if !weights.has("classifier.weight") {
            return Ok(Self::default());
        }
        let (file, labels) = (files.path(CONFIG), config.labels.clone());
        check_labels(&file, "id2label", &labels)?;
        check_bio(&file, "id2label", &labels)?;
        let linear = weights.head("classifier", labels.len(), config.hidden)?;
        Ok(Self { mention: Some(Head { name: "mention", labels, linear }), ..Self::default() })
    }

    /// Name and number of outputs of every head there is.
    pub fn sizes(&self) -> Vec<(&'static str, usize)> {
        let heads = [&self.assertion, &self.experiencer, &self.temporality, &self.mention];
        let labelled = heads.into_iter().flatten().map(|head| (head.name, head.labels.len()));
        labelled.chain(self.link.iter().map(|link| ("link", link.dimension()))).collect()
    }
}

fn check_labels(file: &str, field: &str, labels: &[String]) -> Result<(), ModelError> {
    let mut seen = std::collections::BTreeSet::new();
    let repeated = labels.iter().find(|label| label.trim().is_empty() || !seen.insert(label.as_str()));
    let found =
        repeated.map(|label| format!("{label:?}")).or((labels.len() < 2).then(|| labels.len().to_string()));
    match found {
        None => Ok(()),
        Some(found) => Err(value(
            file,
            field,
            "two labels or more, each once",
            &found,
            "write the labels of the training",
        )),
    }
}

/// `O`, `B-kind`, `I-kind`; every kind can begin.
fn check_bio(file: &str, field: &str, labels: &[String]) -> Result<(), ModelError> {
    let has = |label: &str| labels.iter().any(|l| l == label);
    let fits = |label: &str| match label.split_once('-') {
        None => label == "O",
        Some(("B", kind)) => !kind.is_empty(),
        Some(("I", kind)) => has(&format!("B-{kind}")),
        Some(_) => false,
    };
    let remedy = "a model of mentions is trained with labels O, B-kind and I-kind";
    match labels.iter().find(|label| !fits(label)) {
        None if has("O") => Ok(()),
        None => Err(value(file, field, "a label O", &labels.join(", "), remedy)),
        Some(label) => Err(value(file, field, "labels O, B-kind, I-kind", label, remedy)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_adds_up_and_argmax_refuses_nan() {
        let sure = softmax(&[1.0, 3.0, -2.0], 1.0);
        let unsure = softmax(&[1.0, 3.0, -2.0], 10.0);
        assert!((sure.iter().sum::<f32>() - 1.0).abs() < 1e-6 && sure[1] > unsure[1]);
        assert!(softmax(&[1e30, -1e30], 1.0).iter().all(|p| p.is_finite()));
        assert_eq!(argmax(&[1.0, 3.0, 3.0]).unwrap(), 1);
        assert!(
            argmax(&[1.0, f32::NAN]).is_err() && argmax(&[f32::NAN, 1.0]).is_err() && argmax(&[]).is_err()
        );
    }

    #[test]
    fn a_dot_product_of_any_length_is_right() {
        for length in 0..40 {
            let a: Vec<f32> = (0..length).map(|i| i as f32).collect();
            assert_eq!(dot(&a, &a), a.iter().map(|v| v * v).sum::<f32>(), "{length}");
        }
    }

    #[test]
    fn labels_of_mentions_are_bio() {
        let check = |labels: &[&str]| {
            check_bio("f", "l", &labels.iter().map(|l| l.to_string()).collect::<Vec<_>>()).is_ok()
        };
        assert!(check(&["O", "B-finding", "I-finding"]) && check(&["O", "B-x"]));
        for wrong in [&["B-x", "I-x"][..], &["O", "I-x"], &["O", "LABEL_1"], &["O", "B-"], &["O", "S-x"]] {
            assert!(!check(wrong), "{wrong:?}");
        }
    }
}
