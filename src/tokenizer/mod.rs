//! CLIP's byte-level byte-pair encoding (Radford et al. 2021), as `transformers`' `CLIPTokenizer`
//! does it, from the files of a diffusers model folder.
//!
//! Text is cut at special tokens, brought to NFC, its white space collapsed, lower-cased, split into
//! words, each word written as bytes, and pairs are merged by rank.

mod bpe;
mod bytes;
mod files;
mod special;
mod split;
mod vocabulary;

use bpe::Bpe;
use special::SpecialTokens;

use crate::{Error, Result};

/// Turns prompts into token ids.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    bpe: Bpe,
    special: SpecialTokens,
    start: u32,
    end: u32,
    pad: u32,
    max_length: usize,
}

/// A prompt as the text encoder takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoding {
    /// Start, the prompt's tokens, end, padding: exactly [`Tokenizer::max_length`] ids.
    pub ids: Vec<u32>,
    /// Tokens of the whole prompt, start and end included.
    pub count_before_truncation: usize,
    /// Tokens that did not fit.
    pub dropped: usize,
}

impl Tokenizer {
    /// From the texts of `vocab.json` and `merges.txt`, and of `tokenizer_config.json` or
    /// `special_tokens_map.json`, which name the special tokens (default: CLIP's) and
    /// `model_max_length` (default: 77).
    ///
    /// Fails with [`Error::Model`], naming the file, when one is malformed or they do not fit together.
    pub fn from_vocab(vocab: &str, merges: &str, config: Option<&str>) -> Result<Self> {
        let vocab = files::vocab(vocab)?;
        let merges = files::merges_txt(merges)?;
        Self::build(Bpe::new(vocab, merges, "merges.txt")?, Vec::new(), config)
    }

    /// From the text of `tokenizer.json`, and of `tokenizer_config.json` as for [`Self::from_vocab`].
    /// Merges may be `"a b"` strings or `["a", "b"]` pairs.
    ///
    /// Fails with [`Error::Model`] when it is malformed or is not CLIP's kind of tokenizer.
    pub fn from_tokenizer_json(json: &str, config: Option<&str>) -> Result<Self> {
        let file = files::tokenizer_json(json)?;
        let bpe = Bpe::new(file.vocab, file.merges, "tokenizer.json")?;
        Self::build(bpe, file.added_tokens, config)
    }

    fn build(bpe: Bpe, mut added: Vec<files::AddedToken>, config: Option<&str>) -> Result<Self> {
        let config = files::config(config)?;
        // Later entries win: the config knows better than tokenizer.json.
        added.extend(config.added_tokens);
        let id_of = |token: &str| {
            let added = added.iter().rev().find(|t| t.content == token);
            added.map(|t| t.id).or_else(|| bpe.id(token))
        };
        let need = |key: &str, token: &str| {
            id_of(token).ok_or_else(|| {
                Error::model(format!(
                    "tokenizer: {key} {token:?} is not in the vocabulary"
                ))
            })
        };
        let start = need("bos_token", &config.bos.content)?;
        let end = need("eos_token", &config.eos.content)?;
        let unk = need("unk_token", &config.unk.content)?;
        let pad = need("pad_token", &config.pad.content)?;
        let named = [
            (&config.bos, start),
            (&config.eos, end),
            (&config.unk, unk),
            (&config.pad, pad),
        ];
        let mut special = SpecialTokens::default();
        for token in &added {
            special.insert(&token.content, token.id, token.normalized);
        }
        for (token, id) in named {
            // tokenizer.json's flag stands unless the config states one.
            let known = added.iter().rev().find(|t| t.content == token.content);
            let normalized = token
                .normalized
                .or(known.map(|t| t.normalized))
                .unwrap_or(false);
            special.insert(&token.content, id, normalized);
        }
        Ok(Self {
            bpe: bpe.with_unknown(unk),
            special,
            start,
            end,
            pad,
            max_length: config.max_length,
        })
    }

    /// Length of every encoding, start and end included.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// Encodes a prompt; what does not fit is dropped from its end, the end token stays.
    pub fn encode(&self, prompt: &str) -> Encoding {
        let tokens = self.tokens(prompt);
        let room = self.max_length - 2;
        let mut ids = vec![self.start];
        ids.extend(tokens.iter().take(room));
        ids.push(self.end);
        ids.resize(self.max_length, self.pad);
        Encoding {
            ids,
            count_before_truncation: tokens.len() + 2,
            dropped: tokens.len().saturating_sub(room),
        }
    }

    /// Tokens of the whole prompt, start and end included.
    pub fn count(&self, prompt: &str) -> usize {
        self.tokens(prompt).len() + 2
    }

    /// The prompt's words as the tokenizer cuts them, in lower case, each with its number of tokens: where
    /// in the encoding a word stands follows by adding up, after the start token.
    pub fn words(&self, prompt: &str) -> Vec<(String, u32)> {
        let mut words = Vec::new();
        self.special.cut(prompt, |part| match part {
            special::Part::Token(_) => words.push(("<special>".to_owned(), 1)),
            special::Part::Text(text) => {
                for word in split::words(text) {
                    let mut ids = Vec::new();
                    self.bpe.encode_word(word, &mut ids);
                    words.push((word.to_owned(), ids.len() as u32));
                }
            }
        });
        words
    }

    /// Tokens of the whole prompt, without start and end.
    fn tokens(&self, prompt: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        self.special.cut(prompt, |part| match part {
            special::Part::Token(id) => ids.push(id),
            special::Part::Text(text) => {
                for word in split::words(text) {
                    self.bpe.encode_word(word, &mut ids);
                }
            }
        });
        ids
    }
}

#[cfg(test)]
mod tests;
