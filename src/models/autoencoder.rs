//! The autoencoder of a latent diffusion model, whichever of the supported kinds it is.

use burn::tensor::{Device, Tensor};
use serde::Deserialize;

use super::autoencoder_kl::{AutoencoderKl, AutoencoderKlConfig};
use super::autoencoder_tiny::{AutoencoderTiny, AutoencoderTinyConfig};
use super::watch::Watch;
use super::weights::Weights;
use crate::{Error, Result};

/// An autoencoder between pictures `[B, C, H, W]` in [-1, 1] and unscaled latents
/// `[B, latent_channels, H / f, W / f]`. The UNet works on `scaling_factor * (latent -
/// shift_factor)`.
#[derive(Debug)]
pub enum Autoencoder {
    /// Stable Diffusion's own.
    Kl(Box<AutoencoderKl>),
    /// The small distilled one.
    Tiny(Box<AutoencoderTiny>),
}

/// The class that a config names.
enum Class {
    Kl,
    Tiny,
}

impl Class {
    /// Of `vae/config.json` (text `json`). Fails with [`Error::Model`] when it is not supported.
    fn of(json: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Named {
            #[serde(rename = "_class_name")]
            name: String,
        }
        let named: Named = serde_json::from_str(json).map_err(|e| {
            Error::model(format!(
                "vae/config.json does not name its \"_class_name\": {e}"
            ))
        })?;
        match named.name.as_str() {
            "AutoencoderKL" => Ok(Self::Kl),
            "AutoencoderTiny" => Ok(Self::Tiny),
            name => Err(Error::model(format!(
                "vae/config.json: \"_class_name\" = \"{name}\" is not supported (supported: \
                 \"AutoencoderKL\", \"AutoencoderTiny\")"
            ))),
        }
    }
}

impl Autoencoder {
    /// Loads the class that `vae/config.json` (text `json`) names. Fails with [`Error::Model`] when
    /// that is neither `AutoencoderKL` nor `AutoencoderTiny`, or the weights do not fit.
    pub fn load(json: &str, weights: &Weights, device: &Device) -> Result<Self> {
        Ok(match Class::of(json)? {
            Class::Kl => Self::Kl(AutoencoderKl::load(json, weights, device)?.into()),
            Class::Tiny => Self::Tiny(AutoencoderTiny::load(json, weights, device)?.into()),
        })
    }

    /// Fails with [`Error::Model`] when `vae/config.json` (text `json`) is not supported.
    pub fn check_config(json: &str) -> Result<()> {
        match Class::of(json)? {
            Class::Kl => AutoencoderKlConfig::parse(json).map(|_| ()),
            Class::Tiny => AutoencoderTinyConfig::parse(json).map(|_| ()),
        }
    }

    /// The unscaled latent of a picture: the posterior mean. Fails with [`Error::Shape`] when the
    /// channels are wrong or a side is not a multiple of [`Self::downsample_factor`].
    pub fn encode(&self, picture: Tensor<4>) -> Result<Tensor<4>> {
        match self {
            Self::Kl(vae) => vae.encode(picture),
            Self::Tiny(vae) => vae.encode(picture),
        }
    }

    /// The picture of an unscaled latent, not clamped. Fails with [`Error::Shape`] when the
    /// channels are wrong.
    pub fn decode(&self, latent: Tensor<4>) -> Result<Tensor<4>> {
        match self {
            Self::Kl(vae) => vae.decode(latent),
            Self::Tiny(vae) => vae.decode(latent),
        }
    }

    /// [`Self::encode`] that tells `watch` of every block.
    pub async fn encode_watched(
        &self,
        picture: Tensor<4>,
        watch: &mut impl Watch,
    ) -> Result<Tensor<4>> {
        match self {
            Self::Kl(vae) => vae.encode_watched(picture, watch).await,
            Self::Tiny(vae) => vae.encode_watched(picture, watch).await,
        }
    }

    /// [`Self::decode`] that tells `watch` of every block.
    pub async fn decode_watched(
        &self,
        latent: Tensor<4>,
        watch: &mut impl Watch,
    ) -> Result<Tensor<4>> {
        match self {
            Self::Kl(vae) => vae.decode_watched(latent, watch).await,
            Self::Tiny(vae) => vae.decode_watched(latent, watch).await,
        }
    }

    /// Scaled latent per unscaled latent.
    pub fn scaling_factor(&self) -> f64 {
        match self {
            Self::Kl(vae) => vae.config().scaling_factor,
            Self::Tiny(vae) => vae.config().scaling_factor,
        }
    }

    /// Subtracted from the unscaled latent before scaling; mostly 0.
    pub fn shift_factor(&self) -> f64 {
        match self {
            Self::Kl(vae) => vae.config().shift_factor,
            Self::Tiny(vae) => vae.config().shift_factor,
        }
    }

    /// Pixels per latent pixel along a side.
    pub fn downsample_factor(&self) -> usize {
        match self {
            Self::Kl(vae) => vae.config().downsample_factor(),
            Self::Tiny(vae) => vae.config().downsample_factor(),
        }
    }

    /// Channels of the latent.
    pub fn latent_channels(&self) -> usize {
        match self {
            Self::Kl(vae) => vae.config().latent_channels,
            Self::Tiny(vae) => vae.config().latent_channels,
        }
    }

    /// Number of parameters.
    pub fn parameters(&self) -> u64 {
        match self {
            Self::Kl(vae) => vae.parameters(),
            Self::Tiny(vae) => vae.parameters(),
        }
    }
}

/// Fails unless `x` is `[B, channels, H, W]` with H and W multiples of `factor`, none of them 0.
pub(super) fn check_input(what: &str, x: &Tensor<4>, channels: usize, factor: usize) -> Result<()> {
    let [b, c, h, w] = x.dims();
    if c == channels && b * h * w > 0 && h.is_multiple_of(factor) && w.is_multiple_of(factor) {
        return Ok(());
    }
    let sides = if factor > 1 {
        format!(" with sides that are multiples of {factor}")
    } else {
        String::new()
    };
    Err(Error::shape(format!(
        "{what} is {:?}, expected [B, {channels}, h, w]{sides}",
        x.dims()
    )))
}
