//! The parts of a model, from its files to the device.

use burn::tensor::Device;

use super::files::ModelFiles;
use crate::models::packed::Assembly;
use crate::models::{
    Autoencoder, ClipTextModel, UNet2DConditionModel, Weights, weights::shard_files,
};
use crate::pack::Packed;
use crate::pack::diffusers::{no_weights, weight_files};
use crate::pack::table::shard_path;
use crate::tokenizer::Tokenizer;
use crate::{Error, Result};

/// The folder of the quick autoencoder.
const QUICK: &str = "vae_quick";

/// Reads `path`, which must be there.
async fn need(files: &impl ModelFiles, path: &str) -> Result<Vec<u8>> {
    files
        .read(path)
        .await?
        .ok_or_else(|| Error::model(format!("{path} is missing")))
}

/// Reads `path` as text.
pub(super) async fn need_text(files: &impl ModelFiles, path: &str) -> Result<String> {
    String::from_utf8(need(files, path).await?)
        .map_err(|_| Error::model(format!("{path} is not UTF-8 text")))
}

async fn optional_text(files: &impl ModelFiles, path: &str) -> Result<Option<String>> {
    match files.read(path).await? {
        None => Ok(None),
        Some(bytes) => String::from_utf8(bytes)
            .map(Some)
            .map_err(|_| Error::model(format!("{path} is not UTF-8 text"))),
    }
}

/// The weights of `part`: from the shards of a packed model, or from files called `stem`, which are
/// single, sharded, or of variant fp16.
async fn weights(
    files: &impl ModelFiles,
    part: &str,
    stem: &str,
    device: &Device,
) -> Result<Weights> {
    if let Some(packed) = files.packed()? {
        return packed_weights(files, &packed, part, device).await;
    }
    for variant in ["", ".fp16"] {
        let [single, index] = weight_files(stem, variant).map(|file| format!("{part}/{file}"));
        if let Some(bytes) = files.read(&single).await? {
            return Ok(Weights::new(part, vec![bytes])?.rounded(files.rounding()));
        }
        if let Some(json) = optional_text(files, &index).await? {
            let mut shards = Vec::new();
            for file in shard_files(&json)? {
                shards.push(need(files, &format!("{part}/{file}")).await?);
            }
            return Ok(Weights::new(part, shards)?.rounded(files.rounding()));
        }
    }
    Err(no_weights(&format!("{part}/{stem}.safetensors")))
}

/// Each shard is read, checked, put on the device and dropped before the next.
async fn packed_weights(
    files: &impl ModelFiles,
    packed: &Packed,
    part: &str,
    device: &Device,
) -> Result<Weights> {
    let part = packed.part(part)?;
    let mut assembly = Assembly::new(part, device);
    for index in part.shards() {
        let hash = packed.shards.get(index).map_or("", String::as_str);
        let path = shard_path(hash);
        let bytes = files.shard(&path, hash).await?.ok_or_else(|| {
            Error::model(format!(
                "{path} is missing: the packed model is not whole; pack or copy it again"
            ))
        })?;
        assembly.shard(index, &*bytes)?;
    }
    assembly.finish()
}

pub(super) async fn load_tokenizer(files: &impl ModelFiles) -> Result<Tokenizer> {
    let config = optional_text(files, "tokenizer/tokenizer_config.json").await?;
    let config = config.as_deref();
    if let Some(vocab) = optional_text(files, "tokenizer/vocab.json").await? {
        let merges = need_text(files, "tokenizer/merges.txt").await?;
        return Tokenizer::from_vocab(&vocab, &merges, config);
    }
    let json = need_text(files, "tokenizer/tokenizer.json").await?;
    Tokenizer::from_tokenizer_json(&json, config)
}

/// Loads only the text encoder of a folder.
pub async fn load_text(files: &impl ModelFiles, device: &Device) -> Result<ClipTextModel> {
    let config = need_text(files, "text_encoder/config.json").await?;
    text(files, &config, device).await
}

/// [`load_text`] for a config that is known.
pub(super) async fn text(
    files: &impl ModelFiles,
    config: &str,
    device: &Device,
) -> Result<ClipTextModel> {
    let weights = weights(files, "text_encoder", "model", device).await?;
    ClipTextModel::load(config, &weights, device)
}

/// Loads only the UNet of a folder.
pub async fn load_unet(files: &impl ModelFiles, device: &Device) -> Result<UNet2DConditionModel> {
    let config = need_text(files, "unet/config.json").await?;
    unet(files, &config, device).await
}

/// [`load_unet`] for a config that is known.
pub(super) async fn unet(
    files: &impl ModelFiles,
    config: &str,
    device: &Device,
) -> Result<UNet2DConditionModel> {
    let weights = weights(files, "unet", "diffusion_pytorch_model", device).await?;
    UNet2DConditionModel::load(config, &weights, device)
}

/// Loads only the autoencoder of a folder, of whichever class its config names.
pub async fn load_autoencoder(files: &impl ModelFiles, device: &Device) -> Result<Autoencoder> {
    let config = need_text(files, "vae/config.json").await?;
    autoencoder(files, &config, device).await
}

/// [`load_autoencoder`] for a config that is known.
pub(super) async fn autoencoder(
    files: &impl ModelFiles,
    config: &str,
    device: &Device,
) -> Result<Autoencoder> {
    let weights = weights(files, "vae", "diffusion_pytorch_model", device).await?;
    Autoencoder::load(config, &weights, device)
}

/// Loads the quick autoencoder that a model brings in `vae_quick/`, made for the same latents as its own, such
/// as a distilled `AutoencoderTiny`; `None` when it brings none.
pub async fn load_quick(files: &impl ModelFiles, device: &Device) -> Result<Option<Autoencoder>> {
    let Some(config) = optional_text(files, &format!("{QUICK}/config.json")).await? else {
        return Ok(None);
    };
    let weights = weights(files, QUICK, "diffusion_pytorch_model", device).await?;
    Autoencoder::load(&config, &weights, device).map(Some)
}
