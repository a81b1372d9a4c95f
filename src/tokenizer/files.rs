//! The tokenizer files of a model folder.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::bpe::END_OF_WORD;
use crate::{Error, Result};

/// Context length of the published CLIP text encoders.
const CLIP_LENGTH: usize = 77;
/// Longer "lengths" stand for "no limit" in tokenizer configs (1e30), which CLIP has not.
const LONGEST: f64 = 4096.0;

/// A token with an id of its own, found in the text as a whole.
#[derive(Debug, Clone, Deserialize)]
pub struct AddedToken {
    #[serde(default)]
    pub id: u32,
    pub content: String,
    /// Found after normalisation rather than in the text as typed.
    #[serde(default)]
    pub normalized: bool,
}

/// What `tokenizer.json` holds of interest.
pub struct TokenizerJson {
    pub vocab: HashMap<String, u32>,
    pub merges: Vec<(String, String)>,
    pub added_tokens: Vec<AddedToken>,
}

/// A special token named by the config.
pub struct NamedToken {
    pub content: String,
    /// `None` when the config does not say.
    pub normalized: Option<bool>,
}

/// What `tokenizer_config.json` or `special_tokens_map.json` says, or CLIP's defaults.
pub struct Config {
    pub bos: NamedToken,
    pub eos: NamedToken,
    pub unk: NamedToken,
    pub pad: NamedToken,
    pub added_tokens: Vec<AddedToken>,
    pub max_length: usize,
}

/// Reads `vocab.json`.
pub fn vocab(text: &str) -> Result<HashMap<String, u32>> {
    let vocab: HashMap<String, u32> = serde_json::from_str(text)
        .map_err(|e| Error::model(format!("vocab.json is not a map from tokens to ids: {e}")))?;
    if vocab.is_empty() {
        return Err(Error::model("vocab.json is empty"));
    }
    Ok(vocab)
}

/// Reads `merges.txt`: a `#version` line, then one pair a line.
pub fn merges_txt(text: &str) -> Result<Vec<(String, String)>> {
    text.lines()
        .enumerate()
        .skip_while(|(i, line)| *i == 0 && line.starts_with("#version"))
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(i, line)| {
            pair(line.trim_end()).ok_or_else(|| {
                Error::model(format!(
                    "merges.txt line {}: {line:?} is not two symbols with a space between",
                    i + 1
                ))
            })
        })
        .collect()
}

fn pair(line: &str) -> Option<(String, String)> {
    let (a, b) = line.split_once(' ')?;
    let good = !a.is_empty() && !b.is_empty() && !b.contains(' ');
    good.then(|| (a.to_owned(), b.to_owned()))
}

#[derive(Deserialize)]
struct RawFile {
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
    model: RawModel,
}

#[derive(Deserialize)]
struct RawModel {
    end_of_word_suffix: Option<String>,
    vocab: Option<HashMap<String, u32>>,
    #[serde(default)]
    merges: Vec<RawMerge>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawMerge {
    Pair(String, String),
    Line(String),
}

/// Reads `tokenizer.json` of CLIP's kind.
pub fn tokenizer_json(text: &str) -> Result<TokenizerJson> {
    let bad = |what: String| Error::model(format!("tokenizer.json: {what}"));
    // The model's kind first: other kinds have other vocabularies, and other errors.
    let value: Value = serde_json::from_str(text).map_err(|e| bad(e.to_string()))?;
    if let Some(kind) = value["model"]["type"].as_str()
        && kind != "BPE"
    {
        return Err(bad(format!(
            "model.type = {kind:?} is not supported, only \"BPE\""
        )));
    }
    let file = RawFile::deserialize(value).map_err(|e| bad(e.to_string()))?;
    let model = file.model;
    if model.end_of_word_suffix.as_deref() != Some(END_OF_WORD) {
        return Err(bad(format!(
            "model.end_of_word_suffix = {:?} is not CLIP's {END_OF_WORD:?}",
            model.end_of_word_suffix.unwrap_or_default()
        )));
    }
    let vocab = model
        .vocab
        .filter(|v| !v.is_empty())
        .ok_or_else(|| bad("model.vocab is missing or empty".into()))?;
    let merges = model
        .merges
        .into_iter()
        .enumerate()
        .map(|(i, merge)| match merge {
            RawMerge::Pair(a, b) => Ok((a, b)),
            RawMerge::Line(line) => pair(&line).ok_or_else(|| {
                bad(format!(
                    "merge {}: {line:?} is not two symbols with a space between",
                    i + 1
                ))
            }),
        })
        .collect::<Result<_>>()?;
    Ok(TokenizerJson {
        vocab,
        merges,
        added_tokens: file.added_tokens,
    })
}

/// Reads `tokenizer_config.json` or `special_tokens_map.json`; `None` gives CLIP's defaults.
pub fn config(text: Option<&str>) -> Result<Config> {
    let value: Value = serde_json::from_str(text.unwrap_or("{}"))
        .map_err(|e| Error::model(format!("tokenizer_config.json: {e}")))?;
    let value = value
        .as_object()
        .ok_or_else(|| Error::model("tokenizer_config.json is not an object"))?;
    let unsupported = |key: &str, v: &Value| {
        Error::model(format!(
            "tokenizer_config.json: {key} = {v} is not supported"
        ))
    };
    let token = |key: &str, default: &str| {
        let (content, normalized) = match value.get(key) {
            None | Some(Value::Null) => (default.to_owned(), None),
            Some(Value::String(content)) => (content.clone(), None),
            Some(v) => {
                let content = v.get("content").and_then(Value::as_str);
                let content = content.ok_or_else(|| unsupported(key, v))?;
                (
                    content.to_owned(),
                    v.get("normalized").and_then(Value::as_bool),
                )
            }
        };
        if content.is_empty() {
            return Err(unsupported(key, &Value::String(content)));
        }
        Ok(NamedToken {
            content,
            normalized,
        })
    };
    let bos = token("bos_token", "<|startoftext|>")?;
    let eos = token("eos_token", "<|endoftext|>")?;
    let unk = token("unk_token", &eos.content)?;
    let pad = token("pad_token", &eos.content)?;
    let max_length = match value.get("model_max_length") {
        None | Some(Value::Null) => CLIP_LENGTH,
        Some(v) => match v.as_f64() {
            Some(n) if n > LONGEST => CLIP_LENGTH,
            // Room for start, end and at least one token.
            Some(n) if n >= 3.0 && n.fract() == 0.0 => n as usize,
            _ => return Err(unsupported("model_max_length", v)),
        },
    };
    let mut added_tokens = Vec::new();
    if let Some(Value::Object(entries)) = value.get("added_tokens_decoder") {
        for (id, entry) in entries {
            let bad = || unsupported(&format!("added_tokens_decoder.{id}"), entry);
            let mut token = AddedToken::deserialize(entry).map_err(|_| bad())?;
            token.id = id.parse().map_err(|_| bad())?;
            added_tokens.push(token);
        }
    }
    Ok(Config {
        bos,
        eos,
        unk,
        pad,
        added_tokens,
        max_length,
    })
}
