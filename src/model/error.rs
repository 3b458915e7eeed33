//! What can be wrong with a model or with what it is asked: where, what was expected, what was found, what to do.

use crate::problem::Problem;

/// A model that is refused, or a computation that is. Never holds text of a document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Neither a shipped name nor a folder.
    #[error(
        "no model {name:?}: expected {known} or a folder with config.json, tokenizer.json and model.safetensors"
    )]
    NoModel {
        /// As given.
        name: String,
        /// The shipped names, for the message.
        known: String,
    },
    /// No encoder of that name in this program.
    #[error("no encoder {name:?}: expected one of {known}")]
    NoEncoder {
        /// As given.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A model that loads and cannot do what is asked of it.
    #[error(
        "the model does not fit: expected {expected}, found {found}; use one trained with the code of models/train"
    )]
    Unfit {
        /// What is needed.
        expected: &'static str,
        /// What there is.
        found: String,
    },
    /// A file that a model must have.
    #[error("{file}: file is missing; copy the whole folder of the model again")]
    NoFile {
        /// Path of the file.
        file: String,
    },
    /// The operating system refused.
    #[error("{file}: cannot be read: {why}")]
    Unreadable {
        /// Path of the file.
        file: String,
        /// Its answer.
        why: String,
    },
    /// A file larger than any model of a supported kind has.
    #[error("{file}: larger than the {limit} bytes that are read; is it a file of a model?")]
    TooLarge {
        /// Path of the file.
        file: String,
        /// Most bytes read.
        limit: u64,
    },
    /// The manifest says something that cannot be.
    #[error("{0}")]
    Manifest(Problem),
    /// Not of the format that its name says.
    #[error("{file}: expected {expected}, found: {found}; download or save the file again")]
    Malformed {
        /// Path of the file.
        file: String,
        /// The format.
        expected: &'static str,
        /// The reader's complaint.
        found: String,
    },
    /// A file used by the model, without hash in the manifest.
    #[error("{file}: not listed under [files] of manifest.toml; add its sha256 and bytes")]
    Unlisted {
        /// Path of the file.
        file: String,
    },
    /// Another length than the manifest states.
    #[error(
        "{file}: expected {expected} bytes (manifest.toml), found {found}; copy the file again, it is not the one the manifest was written for"
    )]
    Size {
        /// Path of the file.
        file: String,
        /// Bytes stated.
        expected: u64,
        /// Bytes read.
        found: u64,
    },
    /// Another content than the manifest states.
    #[error(
        "{file}: expected sha256 {expected} (manifest.toml), found {found}; copy the file again, it is not the one the manifest was written for"
    )]
    Hash {
        /// Path of the file.
        file: String,
        /// Hexadecimal, stated.
        expected: String,
        /// Hexadecimal, computed.
        found: String,
    },
    /// A value that this program cannot work with.
    #[error("{file}: {field}: expected {expected}, found {found}; {remedy}")]
    Value {
        /// Path of the file.
        file: String,
        /// Key of the value.
        field: String,
        /// What would be accepted.
        expected: String,
        /// What is there.
        found: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A tensor that `config.json` calls for.
    #[error(
        "{file}: tensor {tensor} is missing, expected shape {expected:?}; config.json and the weights are not of one model"
    )]
    NoTensor {
        /// Path of the file.
        file: String,
        /// Name of the tensor.
        tensor: String,
        /// Rows, columns.
        expected: Vec<usize>,
    },
    /// A tensor that nothing calls for.
    #[error(
        "{file}: tensor {tensor} of shape {found:?} is of no use to this architecture and its heads; config.json and the weights are not of one model"
    )]
    SpareTensor {
        /// Path of the file.
        file: String,
        /// Name of the tensor.
        tensor: String,
        /// Rows, columns.
        found: Vec<usize>,
    },
    /// A tensor of another shape.
    #[error(
        "{file}: tensor {tensor}: expected shape {expected:?}, found {found:?}; config.json and the weights are not of one model"
    )]
    Shape {
        /// Path of the file.
        file: String,
        /// Name of the tensor.
        tensor: String,
        /// Rows, columns.
        expected: Vec<usize>,
        /// Rows, columns.
        found: Vec<usize>,
    },
    /// A head with another number of classes than there are labels.
    #[error(
        "{file}: head {head}: expected {expected} rows, one a label, found {found}; the labels and the weights are not of one model"
    )]
    Labels {
        /// Path of the file of weights.
        file: String,
        /// Name of the head.
        head: String,
        /// Number of labels.
        expected: usize,
        /// Rows of its matrix.
        found: usize,
    },
    /// A tensor that is not of 16 or 32-bit floating point numbers.
    #[error(
        "{file}: tensor {tensor}: expected f16, bf16 or f32, found {found}; save the weights unquantised"
    )]
    Type {
        /// Path of the file.
        file: String,
        /// Name of the tensor.
        tensor: String,
        /// Its type.
        found: String,
    },
    /// NaN or infinity among the weights.
    #[error(
        "{file}: tensor {tensor}: expected finite numbers, found {found} at {index}; the training diverged or the file is damaged"
    )]
    WeightNotFinite {
        /// Path of the file.
        file: String,
        /// Name of the tensor.
        tensor: String,
        /// Place in row-major order.
        index: usize,
        /// NaN or an infinity.
        found: f32,
    },
    /// More pieces than the table of embeddings has rows.
    #[error(
        "{file}: expected ids below {rows} (rows of the embeddings), found {found}; tokenizer.json and the weights are not of one model"
    )]
    Vocabulary {
        /// Path of the file.
        file: String,
        /// Rows of the table.
        rows: usize,
        /// The largest id.
        found: usize,
    },
    /// A special token that the model cannot do without.
    #[error("{file}: token {token:?} is missing; take the tokenizer.json saved with the model")]
    NoToken {
        /// Path of the file.
        file: String,
        /// As written in the vocabulary.
        token: String,
    },
    /// The tokenizer could not cut a text.
    #[error("the tokenizer refused a text: {why}")]
    Tokenizer {
        /// Its complaint, without the text.
        why: String,
    },
    /// More tokens than the model has positions for.
    #[error("sequence {sequence}: expected at most {limit} tokens, found {found}; cut it")]
    TooLong {
        /// Place in the batch.
        sequence: usize,
        /// Most tokens.
        limit: usize,
        /// Its tokens.
        found: usize,
    },
    /// A token id without a row of embeddings.
    #[error(
        "sequence {sequence}: expected ids below {rows}, found {found}; the pieces are of another tokenizer"
    )]
    NoRow {
        /// Place in the batch.
        sequence: usize,
        /// Rows of the table.
        rows: usize,
        /// The id.
        found: u32,
    },
    /// NaN or infinity in what was computed; nothing may be concluded from it.
    #[error("sequence {sequence}: a result is not finite; the weights do not fit this program")]
    NotFinite {
        /// Place in the batch, 0 for a single input.
        sequence: usize,
    },
    /// An input of a head of another length.
    #[error("head {head}: expected an input of {expected} numbers, found {found}")]
    Input {
        /// Name of the head.
        head: String,
        /// Length it was trained with.
        expected: usize,
        /// Length given.
        found: usize,
    },
    /// The tensor library failed, which is a fault of this program.
    #[error("tensor library: {0}")]
    Library(#[from] candle_core::Error),
}
