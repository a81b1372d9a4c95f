//! CLIP's tokenizer: byte-level byte-pair encoding of lower-cased words.
//!
//! Source: Radford et al., "Learning Transferable Visual Models From Natural Language Supervision"
//! (2021); behaviour as transformers' `CLIPTokenizer`.

mod bytes;
mod split;

use std::collections::HashMap;

use serde_json::Value;

use crate::{Error, Result};

/// What a tokenizer makes of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoding {
    /// Exactly [`Tokenizer::max_length`] ids: start, tokens, end, padding.
    pub ids: Vec<u32>,
    /// Tokens of the whole prompt, start and end included, before truncation.
    pub count: usize,
    /// How many of them did not fit.
    pub dropped: usize,
}

/// A byte-pair encoder with its vocabulary.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    vocab: HashMap<String, u32>,
    ranks: HashMap<(String, String), usize>,
    start: u32,
    end: u32,
    pad: u32,
    /// What becomes of a piece that is not in the vocabulary.
    unknown: u32,
    /// Special tokens that may stand in the prompt, with their ids.
    specials: Vec<(String, u32)>,
    max_length: usize,
}

/// Names of the special tokens and the maximal length, from `tokenizer_config.json`.
struct Config {
    start: String,
    end: String,
    pad: String,
    unknown: String,
    max_length: usize,
}

impl Config {
    fn parse(json: Option<&str>) -> Result<Self> {
        let value: Value = match json {
            None => Value::Null,
            Some(text) => serde_json::from_str(text).map_err(|e| {
                Error::model(format!("tokenizer_config.json is malformed: {e}"))
            })?,
        };
        // A token is a string or {"content": string, ...}.
        let token = |key: &str, default: &str| {
            let v = &value[key];
            v.as_str()
                .or_else(|| v["content"].as_str())
                .unwrap_or(default)
                .to_owned()
        };
        // transformers writes 1e30 for "no limit"; CLIP's own limit is 77.
        let max_length = match value["model_max_length"].as_f64() {
            Some(n) if (3.0..=4096.0).contains(&n) => n as usize,
            _ => 77,
        };
        let end = token("eos_token", "<|endoftext|>");
        Ok(Self {
            start: token("bos_token", "<|startoftext|>"),
            pad: token("pad_token", &end),
            unknown: token("unk_token", &end),
            end,
            max_length,
        })
    }
}

impl Tokenizer {
    /// From `vocab.json`, `merges.txt` and, if there is one, `tokenizer_config.json`.
    /// Fails with [`Error::Model`] when a file is malformed or lacks a special token.
    pub fn from_vocab(vocab: &str, merges: &str, config: Option<&str>) -> Result<Self> {
        let vocab: HashMap<String, u32> = serde_json::from_str(vocab)
            .map_err(|e| Error::model(format!("tokenizer/vocab.json is malformed: {e}")))?;
        let mut pairs = Vec::new();
        for (n, line) in merges.lines().enumerate() {
            if line.starts_with("#version") || line.trim().is_empty() {
                continue;
            }
            let (a, b) = line.split_once(' ').ok_or_else(|| {
                Error::model(format!(
                    "tokenizer/merges.txt, line {}: \"{line}\" is not a pair",
                    n + 1
                ))
            })?;
            pairs.push((a.to_owned(), b.to_owned()));
        }
        Self::new(vocab, pairs, &Config::parse(config)?)
    }

    /// From `tokenizer.json` of the fast tokenizers, merges written as "a b" or ["a", "b"].
    /// Fails with [`Error::Model`] when it is malformed or not a byte-pair encoding.
    pub fn from_tokenizer_json(json: &str, config: Option<&str>) -> Result<Self> {
        let bad = |what: &str| Error::model(format!("tokenizer/tokenizer.json: {what}"));
        let value: Value = serde_json::from_str(json)
            .map_err(|e| bad(&format!("not JSON: {e}")))?;
        let model = &value["model"];
        let vocab: HashMap<String, u32> = serde_json::from_value(model["vocab"].clone())
            .map_err(|_| bad("model.vocab is missing or not a table of ids"))?;
        let merges = model["merges"]
            .as_array()
            .ok_or_else(|| bad("model.merges is missing: only byte-pair encodings are supported"))?;
        let pairs = merges
            .iter()
            .map(|m| {
                let pair = match m {
                    Value::String(s) => s.split_once(' ').map(|(a, b)| (a.into(), b.into())),
                    Value::Array(p) => match p.as_slice() {
                        [Value::String(a), Value::String(b)] => Some((a.clone(), b.clone())),
                        _ => None,
                    },
                    _ => None,
                };
                pair.ok_or_else(|| bad(&format!("the merge {m} is not a pair")))
            })
            .collect::<Result<_>>()?;
        Self::new(vocab, pairs, &Config::parse(config)?)
    }

    fn new(
        vocab: HashMap<String, u32>,
        pairs: Vec<(String, String)>,
        config: &Config,
    ) -> Result<Self> {
        let id = |token: &str| {
            vocab.get(token).copied().ok_or_else(|| {
                Error::model(format!("tokenizer: the vocabulary has no \"{token}\""))
            })
        };
        let mut specials = Vec::new();
        for token in [&config.start, &config.end, &config.unknown, &config.pad] {
            let entry = (token.clone(), id(token)?);
            if !specials.contains(&entry) {
                specials.push(entry);
            }
        }
        Ok(Self {
            start: id(&config.start)?,
            end: id(&config.end)?,
            pad: id(&config.pad)?,
            unknown: id(&config.unknown)?,
            specials,
            max_length: config.max_length,
            ranks: pairs.into_iter().enumerate().map(|(n, p)| (p, n)).collect(),
            vocab,
        })
    }

    /// Tokens that an encoding holds, start and end included.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// Tokens of `prompt`, start and end included, before truncation.
    pub fn count(&self, prompt: &str) -> usize {
        self.tokens(prompt).len() + 2
    }

    /// Encodes a prompt: truncated so that the end token stays, padded to the maximal length.
    pub fn encode(&self, prompt: &str) -> Encoding {
        let tokens = self.tokens(prompt);
        let count = tokens.len() + 2;
        let kept = tokens.len().min(self.max_length - 2);
        let mut ids = Vec::with_capacity(self.max_length);
        ids.push(self.start);
        ids.extend(&tokens[..kept]);
        ids.push(self.end);
        ids.resize(self.max_length, self.pad);
        Encoding {
            ids,
            count,
            dropped: tokens.len() - kept,
        }
    }

    /// The prompt's own tokens.
    fn tokens(&self, prompt: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        let mut rest = prompt;
        // Special tokens are found verbatim, before anything is normalised.
        while !rest.is_empty() {
            let next = self
                .specials
                .iter()
                .filter(|(s, _)| !s.is_empty() && s.starts_with("<|"))
                .filter_map(|(s, id)| rest.find(s.as_str()).map(|at| (at, s.len(), *id)))
                .min();
            let (text, special, after) = match next {
                Some((at, len, id)) => (&rest[..at], Some(id), &rest[at + len..]),
                None => (rest, None, ""),
            };
            for word in split::words(&split::normalise(text)) {
                self.encode_word(&word, &mut ids);
            }
            ids.extend(special);
            rest = after;
        }
        ids
    }

    fn encode_word(&self, word: &str, ids: &mut Vec<u32>) {
        let mut parts: Vec<String> = word.bytes().map(|b| bytes::symbol(b).to_string()).collect();
        if let Some(last) = parts.last_mut() {
            last.push_str("</w>");
        }
        // Merge the pair of lowest rank, everywhere, until no pair is left.
        while let Some(rank) = parts
            .windows(2)
            .filter_map(|w| self.ranks.get(&(w[0].clone(), w[1].clone())).copied())
            .min()
        {
            let mut merged: Vec<String> = Vec::with_capacity(parts.len());
            let mut i = 0;
            while i < parts.len() {
                let pair = parts.get(i + 1).map(|b| (parts[i].clone(), b.clone()));
                match pair {
                    Some(p) if self.ranks.get(&p) == Some(&rank) => {
                        merged.push(p.0 + &p.1);
                        i += 2;
                    }
                    _ => {
                        merged.push(std::mem::take(&mut parts[i]));
                        i += 1;
                    }
                }
            }
            parts = merged;
        }
        ids.extend(
            parts
                .iter()
                .map(|p| self.vocab.get(p).copied().unwrap_or(self.unknown)),
        );
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tiny() -> Tokenizer {
        let vocab = r#"{"a":0,"b":1,"a</w>":2,"b</w>":3,"ab</w>":4,"<s>":5,"</s>":6,"!":7}"#;
        let config = r#"{"bos_token":"<s>","eos_token":{"content":"</s>"},"unk_token":"</s>","pad_token":"!","model_max_length":5}"#;
        Tokenizer::from_vocab(vocab, "#version: 0.2\na b</w>\n", Some(config)).unwrap()
    }

    #[test]
    fn merges_pads_and_truncates() {
        let t = tiny();
        assert_eq!(t.encode("AB").ids, [5, 4, 6, 7, 7]);
        let long = t.encode("ab ab a b");
        assert_eq!(long.ids, [5, 4, 4, 2, 6]);
        assert_eq!((long.count, long.dropped), (6, 1));
        assert_eq!(t.encode("").ids, [5, 6, 7, 7, 7]);
        assert_eq!(t.count("ab"), 3);
    }

    #[test]
    fn names_what_is_wrong() {
        let e = Tokenizer::from_vocab("{}", "", None).unwrap_err().to_string();
        assert!(e.contains("<|startoftext|>"), "{e}");
        let e = Tokenizer::from_vocab("{}", "ab\n", None).unwrap_err().to_string();
        assert!(e.contains("line 1"), "{e}");
        let e = Tokenizer::from_tokenizer_json("{}", None).unwrap_err().to_string();
        assert!(e.contains("model.vocab"), "{e}");
    }
}
