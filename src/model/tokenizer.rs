//! Text → pieces with their places in it, as the tokenizer trained with the model cuts it.

use super::error::ModelError;
use super::files::{ModelFiles, TOKENIZER};
use std::collections::BTreeSet;

/// A token of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Row of the embeddings.
    pub id: u32,
    /// First byte in the text, white space before the piece left out.
    pub start: u32,
    /// One past the last byte; equal to `start` for a piece that stands for white space or for nothing.
    pub end: u32,
}

/// Cuts texts into pieces. Never adds special tokens; their names in a text are unknown words.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    file: String,
    /// Token that begins a sequence.
    pub bos: u32,
    /// Token that ends a sequence.
    pub eos: u32,
    /// Token of what has no piece.
    pub unknown: u32,
    /// Tokens that stand for no text: a report that spells their names may not forge them.
    special: BTreeSet<u32>,
}

/// Begin and end of a sequence: of CamemBERT, XLM-RoBERTa and E5, and of BERT.
const ENDS: [(&str, &str); 2] = [("<s>", "</s>"), ("[CLS]", "[SEP]")];

/// What has no piece, in the same families.
const UNKNOWN: [&str; 2] = ["<unk>", "[UNK]"];

impl Tokenizer {
    /// Reads `tokenizer.json`; its ids must be below `rows`.
    pub(super) fn read(files: &ModelFiles, rows: usize) -> Result<Self, ModelError> {
        let file = files.path(TOKENIZER);
        let mut inner = tokenizers::Tokenizer::from_bytes(files.require(TOKENIZER)?).map_err(|e| {
            ModelError::Malformed { file: file.clone(), expected: "a tokenizer.json", found: e.to_string() }
        })?;
        inner.with_padding(None);
        let refused = |e: tokenizers::Error| ModelError::Tokenizer { why: e.to_string() };
        inner.with_truncation(None).map_err(refused)?;
        inner.set_encode_special_tokens(true);
        let found = inner.get_vocab(true).into_values().max().unwrap_or_default() as usize;
        if found >= rows {
            return Err(ModelError::Vocabulary { file, rows, found });
        }
        let ends =
            ENDS.iter().find_map(|(bos, eos)| Some((inner.token_to_id(bos)?, inner.token_to_id(eos)?)));
        let Some((bos, eos)) = ends else {
            return Err(ModelError::NoToken { file, token: ENDS[0].0.to_string() });
        };
        let Some(unknown) = UNKNOWN.iter().find_map(|token| inner.token_to_id(token)) else {
            return Err(ModelError::NoToken { file, token: UNKNOWN[0].to_string() });
        };
        let added = inner.get_added_tokens_decoder();
        let special = added.iter().filter(|(_, token)| token.special).map(|(&id, _)| id).collect();
        Ok(Self { inner, file, bos, eos, unknown, special })
    }

    /// The pieces of `text`, in order, without special tokens; offsets are bytes of `text`.
    ///
    /// # Errors
    /// A vocabulary without a token for unknown characters meets one.
    pub fn encode(&self, text: &str) -> Result<Vec<Piece>, ModelError> {
        let encoding = self.inner.encode(text, false).map_err(|_| ModelError::Tokenizer {
            why: format!("a character that {} has no piece for", self.file),
        })?;
        let places = encoding.get_ids().iter().zip(encoding.get_offsets());
        let plain = |id: u32| if self.special.contains(&id) { self.unknown } else { id };
        Ok(places.map(|(&id, &(start, end))| piece(text, plain(id), start, end)).collect())
    }

    /// The id of a token by its spelling in the vocabulary, such as a marker of spans.
    ///
    /// # Errors
    /// [`ModelError::NoToken`].
    pub fn token(&self, spelling: &str) -> Result<u32, ModelError> {
        let missing = || ModelError::NoToken { file: self.file.clone(), token: spelling.to_string() };
        self.inner.token_to_id(spelling).ok_or_else(missing)
    }

    /// Number of pieces, special tokens counted.
    pub fn len(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// True when there is no piece, which no model that loads has.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Leaves out the space that pieces of SentencePiece begin with; a piece of a part of a character covers all of it.
fn piece(text: &str, id: u32, start: usize, end: usize) -> Piece {
    let (start, end) = (text.floor_char_boundary(start), text.ceil_char_boundary(end));
    let inside = text.get(start..end).unwrap_or_default();
    Piece { id, start: (end - inside.trim_start().len()) as u32, end: end as u32 }
}
