//! What a folder in diffusers layout holds, wherever it is: on disk, on a server, among files that a visitor chose.

use std::collections::BTreeMap;

use super::header::{Header, RawTensor, value_bytes};
use super::manifest::Facts;
use crate::protocol::Recommended;
use crate::{Error, Result};

/// Files that every model has, and that a packed one has as they are.
pub const NEEDED: [&str; 4] = [
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "unet/config.json",
    "vae/config.json",
];

/// The config of the quick autoencoder: a model that has it has the part `vae_quick`.
pub const QUICK: &str = "vae_quick/config.json";

/// Files that are taken along where they are. One of `tokenizer.json` and `vocab.json` must be.
pub const OPTIONAL: [&str; 5] = [
    "tokenizer/merges.txt",
    "tokenizer/tokenizer.json",
    "tokenizer/tokenizer_config.json",
    "tokenizer/vocab.json",
    QUICK,
];

/// A part: its folder, and how its weight files are called.
pub const PARTS: [(&str, &str); 4] = [
    ("text_encoder", "model"),
    ("unet", "diffusion_pytorch_model"),
    ("vae", "diffusion_pytorch_model"),
    ("vae_quick", "diffusion_pytorch_model"),
];

/// What nothing reads: token positions, and the projection behind the pooled output.
pub const UNUSED: [&str; 2] = ["position_ids", "text_projection.weight"];

/// The names that the weights of files called `stem` may have in the variant `""` or `".fp16"`: one file, or the index of several.
pub fn weight_files(stem: &str, variant: &str) -> [String; 2] {
    [
        format!("{stem}{variant}.safetensors"),
        format!("{stem}.safetensors.index{variant}.json"),
    ]
}

/// The error of a part without weights; `address` is where they were looked for first.
pub fn no_weights(address: &str) -> Error {
    Error::model(format!(
        "{address} is missing (only safetensors files are read)"
    ))
}

/// Fails with [`Error::Model`] unless one of `paths` is a tokenizer; `folder` is where they are.
pub fn check_tokenizer<'a>(folder: &str, mut paths: impl Iterator<Item = &'a str>) -> Result<()> {
    if paths.any(|p| p.ends_with("vocab.json") || p.ends_with("tokenizer.json")) {
        return Ok(());
    }
    Err(Error::model(format!(
        "{folder} has neither vocab.json nor tokenizer.json"
    )))
}

/// What is known of a model of which nothing is written down but its name.
pub fn unknown(name: String) -> Facts {
    Facts {
        name,
        licence: NOT_STATED.into(),
        source: NOT_STATED.into(),
        recommended: Recommended::default(),
    }
}

/// The licence of a model that states none.
pub const NOT_STATED: &str = "not stated";

/// The licence that a model card (`README.md`) states in its front matter, the lines between two `---`; `license_name` says more than
/// `license: other`.
pub fn licence(card: &str) -> Option<String> {
    let mut lines = card.lines().map(str::trim_end);
    if lines.next()? != "---" {
        return None;
    }
    let of = |line: &str, key: &str| {
        let value = line.strip_prefix(key)?.strip_prefix(':')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (!value.is_empty()).then(|| value.to_owned())
    };
    let (mut licence, mut name) = (None, None);
    for line in lines.take_while(|line| *line != "---") {
        licence = licence.or_else(|| of(line, "license"));
        name = name.or_else(|| of(line, "license_name"));
    }
    name.or(licence)
}

/// A tensor of a part's weight files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceTensor {
    /// Name in the checkpoint.
    pub name: String,
    /// Where it lies.
    pub raw: RawTensor,
    /// In which of the part's files.
    pub file: usize,
}

/// What is packed of the weight files of `part` with these headers, in the order of the files' bytes. Fails with [`Error::Model`] when a
/// name occurs twice, or a tensor is empty or of a type that is not read.
pub fn tensors<'a>(
    part: &str,
    headers: impl Iterator<Item = &'a Header>,
) -> Result<Vec<SourceTensor>> {
    let mut all: BTreeMap<&str, SourceTensor> = BTreeMap::new();
    for (file, header) in headers.enumerate() {
        for (name, raw) in &header.tensors {
            let tensor = SourceTensor {
                name: name.clone(),
                raw: raw.clone(),
                file,
            };
            if all.insert(name, tensor).is_some() {
                return Err(Error::model(format!(
                    "{part}: tensor \"{name}\" is in two weight files"
                )));
            }
        }
    }
    let used = |t: &SourceTensor| !UNUSED.iter().any(|u| t.name.ends_with(u));
    let mut tensors: Vec<SourceTensor> = all.into_values().filter(used).collect();
    tensors.sort_by_key(|t| (t.file, t.raw.start));
    for t in &tensors {
        if t.raw.values == 0 || value_bytes(&t.raw.dtype).is_none() {
            return Err(Error::model(format!(
                "{part}: tensor \"{}\" has type {} and shape {:?}; supported: F32, F16, BF16, not empty",
                t.name, t.raw.dtype, t.raw.shape
            )));
        }
    }
    Ok(tensors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_of_model_cards() {
        let card = "---\ntags:\n- text-to-image\nlicense: mit\n---\nlicense: no\n";
        assert_eq!(licence(card).as_deref(), Some("mit"));
        let named = "---\nlicense: other\nlicense_name: \"sai-nc-community\"\n---\n";
        assert_eq!(licence(named).as_deref(), Some("sai-nc-community"));
        for none in [
            "",
            "# A model\nlicense: mit",
            "---\ntags: a\n---\n",
            "---\nlicense:\n---\n",
        ] {
            assert_eq!(licence(none), None, "{none}");
        }
    }
}
