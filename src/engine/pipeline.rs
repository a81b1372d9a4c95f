//! A whole latent consistency model on a device, and the prior that it is under a prompt.

use burn::tensor::{Device, Tensor};

use super::files::ModelFiles;
use super::transfer::{download, upload};
use crate::models::packed::Assembly;
use crate::models::unet::Pullback;
use crate::models::{
    Autoencoder, ClipTextModel, UNet2DConditionModel, Weights, weights::shard_files,
};
use crate::pack::table::shard_path;
use crate::pack::{Packed, sha256};
use crate::protocol::ModelReport;
use crate::schedule::LcmScheduler;
use crate::solver::{Codec, Prior, PromptPrior};
use crate::tokenizer::{Encoding, Tokenizer};
use crate::{Error, HostTensor, Result};

/// A text encoder, a UNet, an autoencoder, a tokenizer and a scheduler that belong together.
#[derive(Debug)]
pub struct Pipeline {
    tokenizer: Tokenizer,
    text: ClipTextModel,
    unet: UNet2DConditionModel,
    autoencoder: Autoencoder,
    scheduler: LcmScheduler,
    device: Device,
    report: ModelReport,
}

/// Reads `path`, which must be there.
async fn need(files: &impl ModelFiles, path: &str) -> Result<Vec<u8>> {
    files
        .read(path)
        .await?
        .ok_or_else(|| Error::model(format!("{path} is missing")))
}

/// Reads `path` as text.
async fn need_text(files: &impl ModelFiles, path: &str) -> Result<String> {
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
        let single = format!("{part}/{stem}{variant}.safetensors");
        if let Some(bytes) = files.read(&single).await? {
            return Ok(Weights::new(part, vec![bytes])?.rounded(files.rounding()));
        }
        let index = format!("{part}/{stem}.safetensors.index{variant}.json");
        if let Some(json) = optional_text(files, &index).await? {
            let mut shards = Vec::new();
            for file in shard_files(&json)? {
                shards.push(need(files, &format!("{part}/{file}")).await?);
            }
            return Ok(Weights::new(part, shards)?.rounded(files.rounding()));
        }
    }
    Err(Error::model(format!(
        "{part}/{stem}.safetensors is missing (only safetensors files are read)"
    )))
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
        let bytes = files.read(&path).await?.ok_or_else(|| {
            Error::model(format!(
                "{path} is missing: the packed model is not whole; pack or copy it again"
            ))
        })?;
        if !files.checked() && sha256(&bytes) != hash {
            return Err(Error::model(format!(
                "{path} is damaged ({} bytes): its SHA-256 is not its name; pack or copy the model again",
                bytes.len()
            )));
        }
        assembly.shard(index, &bytes)?;
    }
    assembly.finish()
}

async fn load_tokenizer(files: &impl ModelFiles) -> Result<Tokenizer> {
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
    let weights = weights(files, "text_encoder", "model", device).await?;
    ClipTextModel::load(&config, &weights, device)
}

/// Loads only the UNet of a folder.
pub async fn load_unet(files: &impl ModelFiles, device: &Device) -> Result<UNet2DConditionModel> {
    let config = need_text(files, "unet/config.json").await?;
    let weights = weights(files, "unet", "diffusion_pytorch_model", device).await?;
    UNet2DConditionModel::load(&config, &weights, device)
}

/// Loads only the autoencoder of a folder, of whichever class its config names.
pub async fn load_autoencoder(files: &impl ModelFiles, device: &Device) -> Result<Autoencoder> {
    let config = need_text(files, "vae/config.json").await?;
    let weights = weights(files, "vae", "diffusion_pytorch_model", device).await?;
    Autoencoder::load(&config, &weights, device)
}

impl Pipeline {
    /// Loads a diffusers folder or a packed model. Fails with [`Error::Model`], naming the file or the key, when a
    /// part is missing, not supported, or does not fit the others.
    pub async fn load(files: &impl ModelFiles, device: &Device) -> Result<Self> {
        let scheduler = need_text(files, "scheduler/scheduler_config.json").await?;
        let scheduler = LcmScheduler::from_json(&scheduler)?;
        let tokenizer = load_tokenizer(files).await?;
        let text = load_text(files, device).await?;
        let unet = load_unet(files, device).await?;
        let autoencoder = load_autoencoder(files, device).await?;
        let channels = autoencoder.latent_channels();
        if unet.config().in_channels != channels || unet.config().out_channels != channels {
            return Err(Error::model(format!(
                "the UNet works on {} channels in and {} out, the autoencoder's latents have {channels}",
                unet.config().in_channels,
                unet.config().out_channels
            )));
        }
        let factor = autoencoder.downsample_factor();
        let sample = unet.config().sample_size.unwrap_or(64);
        let report = ModelReport {
            name: files.name(),
            recommended: files.recommended(),
            licence: files.licence().unwrap_or_else(|| "not stated".into()),
            picture_size: (sample * factor) as u32,
            picture_multiple: (factor * unet.config().downsample_factor()) as u32,
            max_tokens: tokenizer.max_length() as u32,
            parameters: text.parameters() + unet.parameters() + autoencoder.parameters(),
        };
        Ok(Self {
            tokenizer,
            text,
            unet,
            autoencoder,
            scheduler,
            device: device.clone(),
            report,
        })
    }

    /// What was loaded.
    pub fn report(&self) -> &ModelReport {
        &self.report
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The scheduler: alpha_bar, timesteps, prediction type.
    pub fn scheduler(&self) -> &LcmScheduler {
        &self.scheduler
    }

    /// The prompt's tokens and its embedding `[1, N, width]` (the text encoder's last hidden state).
    pub async fn embed(&self, prompt: &str) -> Result<(Encoding, HostTensor)> {
        let encoding = self.tokenizer.encode(prompt);
        let embedding = self.text.forward(&encoding.ids, 1)?;
        Ok((encoding, download(embedding).await?))
    }

    /// The prior under a prompt embedding `[1, N, width]`. `guidance` is the scale for models with
    /// a guidance embedding (`time_cond_proj_dim`) and is ignored by others.
    pub fn condition(&self, embedding: &HostTensor, guidance: f32) -> Result<Conditioned<'_>> {
        Ok(Conditioned {
            pipeline: self,
            context: upload(embedding, &self.device)?,
            embedding: embedding.clone(),
            guidance,
        })
    }
}

/// A [`Pipeline`] under one prompt: the prior p(x | c).
#[derive(Debug)]
pub struct Conditioned<'a> {
    pipeline: &'a Pipeline,
    context: Tensor<3>,
    embedding: HostTensor,
    guidance: f32,
}

impl Codec for Pipeline {
    fn latent_shape(&self, [b, c, h, w]: [usize; 4]) -> Result<[usize; 4]> {
        let ae = &self.autoencoder;
        let f = ae.downsample_factor();
        if c != 3 || h % f != 0 || w % f != 0 || h * w == 0 {
            return Err(Error::shape(format!(
                "the autoencoder takes pictures of 3 channels whose sides are multiples of {f}, not {c} channels of {h}x{w}"
            )));
        }
        Ok([b, ae.latent_channels(), h / f, w / f])
    }

    async fn encode(&self, picture: &HostTensor) -> Result<HostTensor> {
        self.latent_shape(picture.dims4()?)?;
        let ae = &self.autoencoder;
        let latent = download(ae.encode(upload(picture, &self.device)?)?).await?;
        let (scale, shift) = (ae.scaling_factor() as f32, ae.shift_factor() as f32);
        Ok(latent.map(|v| (v - shift) * scale))
    }

    async fn decode(&self, latent: &HostTensor) -> Result<HostTensor> {
        let ae = &self.autoencoder;
        let (scale, shift) = (ae.scaling_factor() as f32, ae.shift_factor() as f32);
        let latent = latent.clone().map(|v| v / scale + shift);
        download(ae.decode(upload(&latent, &self.device)?)?).await
    }
}

impl Codec for Conditioned<'_> {
    fn latent_shape(&self, picture: [usize; 4]) -> Result<[usize; 4]> {
        self.pipeline.latent_shape(picture)
    }
    async fn encode(&self, picture: &HostTensor) -> Result<HostTensor> {
        self.pipeline.encode(picture).await
    }
    async fn decode(&self, latent: &HostTensor) -> Result<HostTensor> {
        self.pipeline.decode(latent).await
    }
}

impl Prior for Conditioned<'_> {
    async fn predict(&self, z: &HostTensor, t: usize) -> Result<HostTensor> {
        let batch = z.dims4()?[0];
        let unet = &self.pipeline.unet;
        let context = if batch == 1 {
            self.context.clone()
        } else {
            let mut shape = self.embedding.shape().to_vec();
            shape[0] = batch;
            let rows = HostTensor::new(shape, self.embedding.data().repeat(batch))?;
            upload(&rows, &self.pipeline.device)?
        };
        let cond = unet.guidance(self.guidance, batch, &self.pipeline.device);
        let z = upload(z, &self.pipeline.device)?;
        download(unet.forward(z, &[t as f32], context, cond)?).await
    }
}

/// A [`Pipeline`] as a prior whose prompt embedding is an argument.
#[derive(Debug, Clone, Copy)]
pub struct Prompted<'a> {
    pipeline: &'a Pipeline,
    guidance: f32,
}

impl<'a> Prompted<'a> {
    /// `guidance` as in [`Pipeline::condition`].
    pub fn new(pipeline: &'a Pipeline, guidance: f32) -> Self {
        Self { pipeline, guidance }
    }
}

impl Codec for Prompted<'_> {
    fn latent_shape(&self, picture: [usize; 4]) -> Result<[usize; 4]> {
        self.pipeline.latent_shape(picture)
    }
    async fn encode(&self, picture: &HostTensor) -> Result<HostTensor> {
        self.pipeline.encode(picture).await
    }
    async fn decode(&self, latent: &HostTensor) -> Result<HostTensor> {
        self.pipeline.decode(latent).await
    }
}

impl PromptPrior for Prompted<'_> {
    type Pullback<'b>
        = Pullback<'b>
    where
        Self: 'b;

    async fn predict_at(&self, z: &HostTensor, t: usize, c: &HostTensor) -> Result<HostTensor> {
        let prior = self.pipeline.condition(c, self.guidance)?;
        prior.predict(z, t).await
    }

    async fn predict_with_pullback(
        &self,
        z: &HostTensor,
        t: usize,
        c: &HostTensor,
    ) -> Result<(HostTensor, Pullback<'_>)> {
        let (unet, device) = (&self.pipeline.unet, &self.pipeline.device);
        let batch = z.dims4()?[0];
        let cond = unet.guidance(self.guidance, batch, device);
        let z = upload(z, device)?;
        let (output, pullback) = unet.forward_vjp(z, &[t as f32], upload(c, device)?, cond)?;
        Ok((download(output).await?, pullback))
    }

    async fn pull_back<'b>(
        &'b self,
        pullback: Self::Pullback<'b>,
        seed: &HostTensor,
    ) -> Result<HostTensor> {
        download(pullback.context(upload(seed, &self.pipeline.device)?)?).await
    }
}
