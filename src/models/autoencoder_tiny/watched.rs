//! Encoding and decoding, with a look at the device after every level.

use burn::tensor::Tensor;

use super::{AutoencoderTiny, Layer, run};
use crate::Result;
use crate::models::autoencoder::check_input;
use crate::models::watch::Watch;
use crate::ops;

/// Cuts `layers` where a level begins: at an upsampling, and at a convolution that does not follow
/// one and is not the first.
fn levels(layers: &[Layer]) -> Vec<&[Layer]> {
    let begins = |i: &usize| match (&layers[*i], &layers[*i - 1]) {
        (Layer::Upsample, _) => true,
        (Layer::Conv(_), before) => !matches!(before, Layer::Upsample),
        _ => false,
    };
    let mut cuts: Vec<usize> = (1..layers.len()).filter(begins).collect();
    cuts.insert(0, 0);
    cuts.push(layers.len());
    cuts.windows(2).map(|w| &layers[w[0]..w[1]]).collect()
}

async fn run_watched(
    layers: &[Layer],
    mut x: Tensor<4>,
    watch: &mut impl Watch,
) -> Result<Tensor<4>> {
    let mut first = 0;
    for level in levels(layers) {
        x = run(level, x);
        let last = first + level.len() - 1;
        let name = if first == last {
            format!("layers.{first}")
        } else {
            format!("layers.{first} to {last}")
        };
        watch.done(&name).await?;
        first = last + 1;
    }
    Ok(x)
}

impl AutoencoderTiny {
    /// [`Self::encode`] that tells `watch` of every level.
    pub async fn encode_watched(
        &self,
        picture: Tensor<4>,
        watch: &mut impl Watch,
    ) -> Result<Tensor<4>> {
        let factor = self.config.downsample_factor();
        check_input("picture", &picture, self.config.in_channels, factor)?;
        run_watched(&self.encoder, ops::affine(picture, 0.5, 0.5), watch).await
    }

    /// [`Self::decode`] that tells `watch` of every level.
    pub async fn decode_watched(
        &self,
        latent: Tensor<4>,
        watch: &mut impl Watch,
    ) -> Result<Tensor<4>> {
        check_input("latent", &latent, self.config.latent_channels, 1)?;
        let picture = run_watched(&self.decoder, ops::soft_clamp3(latent), watch).await?;
        Ok(ops::affine(picture, 2.0, -1.0))
    }
}
