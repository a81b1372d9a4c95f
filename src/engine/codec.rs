//! The way between pictures and scaled latents, by one autoencoder or two.

use burn::tensor::Device;

use super::transfer::{download, upload};
use crate::models::Autoencoder;
use crate::{Error, HostTensor, Result};

/// A model's own autoencoder, and perhaps a quick one for the same latents.
#[derive(Debug)]
pub struct Autoencoders {
    full: Autoencoder,
    quick: Option<Autoencoder>,
}

impl Autoencoders {
    /// Only the model's own.
    pub fn new(full: Autoencoder) -> Self {
        Self { full, quick: None }
    }

    /// Adds the quick one. Fails with [`Error::Model`] when their latents differ in shape.
    pub fn add_quick(&mut self, quick: Autoencoder) -> Result<()> {
        let facts = |ae: &Autoencoder| (ae.latent_channels(), ae.downsample_factor());
        if facts(&quick) != facts(&self.full) {
            let ((c, f), (own_c, own_f)) = (facts(&quick), facts(&self.full));
            return Err(Error::model(format!(
                "the quick autoencoder has {c} latent channels at 1/{f} of the size, the model's own {own_c} at 1/{own_f}"
            )));
        }
        self.quick = Some(quick);
        Ok(())
    }

    /// The model's own.
    pub fn full(&self) -> &Autoencoder {
        &self.full
    }

    /// Whether there is a quick one.
    pub fn has_quick(&self) -> bool {
        self.quick.is_some()
    }

    /// Parameters of both.
    pub fn parameters(&self) -> u64 {
        self.full.parameters() + self.quick.as_ref().map_or(0, Autoencoder::parameters)
    }

    /// The one that works inside a chain: with `hybrid` the quick one, where there is one.
    pub fn inside(&self, hybrid: bool) -> &Autoencoder {
        let quick = self.quick.as_ref().filter(|_| hybrid);
        quick.unwrap_or(&self.full)
    }

    /// Latent shape of a picture `[B, 3, H, W]`; fails with [`Error::Shape`] on sides that are not
    /// multiples of the downsampling factor.
    pub fn latent_shape(&self, [b, c, h, w]: [usize; 4]) -> Result<[usize; 4]> {
        let f = self.full.downsample_factor();
        if c != 3 || h % f != 0 || w % f != 0 || h * w == 0 {
            return Err(Error::shape(format!(
                "the autoencoder takes pictures of 3 channels whose sides are multiples of {f}, not {c} channels of {h}x{w}"
            )));
        }
        Ok([b, self.full.latent_channels(), h / f, w / f])
    }
}

/// The scaled latent of a picture.
pub async fn encode(ae: &Autoencoder, picture: &HostTensor, device: &Device) -> Result<HostTensor> {
    let latent = download(ae.encode(upload(picture, device)?)?).await?;
    let (scale, shift) = (ae.scaling_factor() as f32, ae.shift_factor() as f32);
    Ok(latent.map(|v| (v - shift) * scale))
}

/// The picture of a scaled latent.
pub async fn decode(ae: &Autoencoder, latent: &HostTensor, device: &Device) -> Result<HostTensor> {
    let (scale, shift) = (ae.scaling_factor() as f32, ae.shift_factor() as f32);
    let latent = latent.clone().map(|v| v / scale + shift);
    download(ae.decode(upload(&latent, device)?)?).await
}
