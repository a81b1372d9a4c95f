//! A whole latent consistency model on a device.

use burn::tensor::Device;

use super::codec::Autoencoders;
use super::files::ModelFiles;
use super::load::{
    autoencoder, load_autoencoder, load_quick, load_tokenizer, need_text, text, unet,
};
use super::prior::Conditioned;
use super::transfer::download;
use super::warm::Configs;
use crate::models::{Autoencoder, ClipTextModel, UNet2DConditionModel};
use crate::protocol::ModelReport;
use crate::schedule::LcmScheduler;
use crate::tokenizer::{Encoding, Tokenizer};
use crate::{Error, HostTensor, Result};

/// A text encoder, a UNet, an autoencoder, a tokenizer and a scheduler that belong together.
#[derive(Debug)]
pub struct Pipeline {
    tokenizer: Tokenizer,
    pub(super) text: ClipTextModel,
    pub(super) unet: UNet2DConditionModel,
    pub(super) autoencoders: Autoencoders,
    scheduler: LcmScheduler,
    pub(super) device: Device,
    report: ModelReport,
}

impl Pipeline {
    /// Loads a diffusers folder or a packed model. Fails with [`Error::Model`], naming the file or the key, when a
    /// part is missing, not supported, or does not fit the others.
    pub async fn load(files: &impl ModelFiles, device: &Device) -> Result<Self> {
        let scheduler = need_text(files, "scheduler/scheduler_config.json").await?;
        let scheduler = LcmScheduler::from_json(&scheduler)?;
        let configs = Configs {
            text: need_text(files, "text_encoder/config.json").await?,
            unet: need_text(files, "unet/config.json").await?,
            vae: need_text(files, "vae/config.json").await?,
        };
        configs.warm_up(files.packed()?.as_ref(), device).await?;
        let tokenizer = load_tokenizer(files).await?;
        let text = text(files, &configs.text, device).await?;
        let unet = unet(files, &configs.unet, device).await?;
        let autoencoder = autoencoder(files, &configs.vae, device).await?;
        let mut autoencoders = Autoencoders::new(autoencoder);
        if let Some(quick) = load_quick(files, device).await? {
            autoencoders.add_quick(quick)?;
        }
        let autoencoder = autoencoders.full();
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
            parameters: text.parameters() + unet.parameters() + autoencoders.parameters(),
            hybrid: autoencoders.has_quick(),
            guided: unet.config().time_cond_proj_dim.is_some(),
        };
        Ok(Self {
            tokenizer,
            text,
            unet,
            autoencoders,
            scheduler,
            device: device.clone(),
            report,
        })
    }

    /// Takes the autoencoder of `files` (its `vae/`) as the quick one of the hybrid codec. Fails with
    /// [`Error::Model`] when its latents differ in shape from the model's own.
    pub async fn with_quick_autoencoder(mut self, files: &impl ModelFiles) -> Result<Self> {
        let quick = load_autoencoder(files, &self.device).await?;
        self.autoencoders.add_quick(quick)?;
        self.report.hybrid = true;
        Ok(self)
    }

    /// What was loaded.
    pub fn report(&self) -> &ModelReport {
        &self.report
    }

    /// Whether it runs on a GPU.
    pub fn on_gpu(&self) -> bool {
        self.device != Device::flex()
    }

    /// The device.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The text encoder.
    pub fn text(&self) -> &ClipTextModel {
        &self.text
    }

    /// The UNet.
    pub fn unet(&self) -> &UNet2DConditionModel {
        &self.unet
    }

    /// The model's own autoencoder.
    pub fn autoencoder(&self) -> &Autoencoder {
        self.autoencoders.full()
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
        Conditioned::new(self, embedding, guidance)
    }
}
